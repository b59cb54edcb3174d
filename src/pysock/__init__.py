"""MFC's sockets and archives for Python: the same bytes, the same notifications."""

from importlib.metadata import version as _version

from ._core.archive import (
    BOOL,
    BYTE,
    CHAR,
    DOUBLE,
    DWORD,
    FLOAT,
    INT,
    LONG,
    LONGLONG,
    SHORT,
    UINT,
    ULONGLONG,
    WCHAR,
    WORD,
    CString,
    CStringA,
    CStringW,
    bool_,
)
from ._core.errors import (
    ArchiveEndOfFile,
    ArchiveLimitError,
    CArchiveException,
    CException,
    CFileException,
    CInvalidArgException,
    CMemoryException,
    CNotSupportedException,
)
from ._core.graph import CArchive, ClassRegistry, CObject, CRuntimeClass
from ._core.memfile import MemFile as CMemFile
from .files import CFile, CFileStatus
from .oletimes import COleDateTime, COleDateTimeSpan
from .olevalues import CComBSTR, COleCurrency
from .structs import CLSID, FILETIME, GUID, LOGFONT, POINT, RECT, SIZE, CPoint, CRect, CSize
from .times import CTime, CTimeSpan
from .variant import VARENUM, COleVariant, OleObject, OlePersistence

__version__ = _version("pysock-mfc")

__all__ = [
    "BOOL",
    "BYTE",
    "CHAR",
    "CLSID",
    "DOUBLE",
    "DWORD",
    "FILETIME",
    "FLOAT",
    "GUID",
    "INT",
    "LOGFONT",
    "LONG",
    "LONGLONG",
    "POINT",
    "RECT",
    "SHORT",
    "SIZE",
    "UINT",
    "ULONGLONG",
    "VARENUM",
    "WCHAR",
    "WORD",
    "ArchiveEndOfFile",
    "ArchiveLimitError",
    "CArchive",
    "CArchiveException",
    "CComBSTR",
    "CException",
    "CFile",
    "CFileException",
    "CFileStatus",
    "CInvalidArgException",
    "CMemFile",
    "CMemoryException",
    "CNotSupportedException",
    "CObject",
    "COleCurrency",
    "COleDateTime",
    "COleDateTimeSpan",
    "COleVariant",
    "CPoint",
    "CRect",
    "CRuntimeClass",
    "CSize",
    "CString",
    "CStringA",
    "CStringW",
    "CTime",
    "CTimeSpan",
    "ClassRegistry",
    "OleObject",
    "OlePersistence",
    "bool_",
]
