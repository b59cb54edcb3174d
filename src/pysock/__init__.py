"""MFC's sockets and archives for Python: the same bytes, the same notifications."""

from importlib.metadata import version as _version

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

__all__ = [
    "ArchiveEndOfFile",
    "ArchiveLimitError",
    "CArchiveException",
    "CException",
    "CFileException",
    "CInvalidArgException",
    "CMemoryException",
    "CNotSupportedException",
]

__version__ = _version("pysock-mfc")
