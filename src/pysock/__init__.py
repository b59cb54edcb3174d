"""MFC sockets and archives for Python."""

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
from .files import CFile, CFileStatus
from .oletimes import COleDateTime, COleDateTimeSpan
from .olevalues import CComBSTR, COleCurrency
from .structs import CLSID, FILETIME, GUID, LOGFONT, POINT, RECT, SIZE, CPoint, CRect, CSize
from .times import CTime, CTimeSpan
from .variant import VARENUM, COleVariant, OleObject, OlePersistence

__all__ = [
    "CLSID",
    "FILETIME",
    "GUID",
    "LOGFONT",
    "POINT",
    "RECT",
    "SIZE",
    "VARENUM",
    "ArchiveEndOfFile",
    "ArchiveLimitError",
    "CArchiveException",
    "CComBSTR",
    "CException",
    "CFile",
    "CFileException",
    "CFileStatus",
    "CInvalidArgException",
    "CMemoryException",
    "CNotSupportedException",
    "COleCurrency",
    "COleDateTime",
    "COleDateTimeSpan",
    "COleVariant",
    "CPoint",
    "CRect",
    "CSize",
    "CTime",
    "CTimeSpan",
    "OleObject",
    "OlePersistence",
]
