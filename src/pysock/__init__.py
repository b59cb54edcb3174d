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
