import io
import os
from collections.abc import Iterable
from typing import Any, ClassVar, Self

# --- sockets: Winsock numbers -> exceptions -----------------------------------------------------------

def winsock_name(code: int, /) -> str: ...
def winsock_text(code: int, /) -> str: ...
def winsock_error(err: int, /) -> int: ...
def errno_of(code: int, /) -> int: ...

class SocketException(OSError):
    winerror: int
    operation: str
    sock: str
    def __init__(self, operation: str, winerror: int, sock: str = "") -> None: ...

class SocketUsageError(RuntimeError): ...
class WrongThreadError(RuntimeError): ...

# --- archives and files: MFC's exceptions with their causes -------------------------------------------

class CException(Exception):
    def GetErrorMessage(self) -> str: ...

class CArchiveException(CException):
    none: ClassVar[int]
    genericException: ClassVar[int]
    generic: ClassVar[int]
    readOnly: ClassVar[int]
    endOfFile: ClassVar[int]
    writeOnly: ClassVar[int]
    badIndex: ClassVar[int]
    badClass: ClassVar[int]
    badSchema: ClassVar[int]
    bufferFull: ClassVar[int]
    m_cause: int
    m_strFileName: str
    offset: int | None
    wanted: str | None
    found: str | int | None
    in_class: tuple[str, ...]
    def __new__(cls, cause: Any = 0, *args: Any, **kwargs: Any) -> Self: ...
    def __init__(
        self,
        cause: int = 0,
        lpszArchiveName: str = "",
        *,
        offset: int | None = None,
        wanted: str | None = None,
        found: str | int | None = None,
        in_class: Iterable[str] = (),
    ) -> None: ...
    @property
    def cause_name(self) -> str: ...

class ArchiveEndOfFile(CArchiveException, EOFError):
    def __init__(
        self,
        cause: int = 3,
        lpszArchiveName: str = "",
        *,
        offset: int | None = None,
        wanted: str | None = None,
        found: str | int | None = None,
        in_class: Iterable[str] = (),
    ) -> None: ...

class NeedMoreData(BlockingIOError):
    missing: int
    offset: int | None
    def __init__(self, missing: int = 1, offset: int | None = None) -> None: ...

class ArchiveLimitError(CArchiveException):
    limit: str
    allowed: int | None
    def __init__(
        self,
        limit: str = "",
        allowed: int | None = None,
        found: str | int | None = None,
        lpszArchiveName: str = "",
        *,
        offset: int | None = None,
        wanted: str | None = None,
        in_class: Iterable[str] = (),
    ) -> None: ...

class CFileException(CException, OSError):
    none: ClassVar[int]
    genericException: ClassVar[int]
    generic: ClassVar[int]
    fileNotFound: ClassVar[int]
    badPath: ClassVar[int]
    tooManyOpenFiles: ClassVar[int]
    accessDenied: ClassVar[int]
    invalidFile: ClassVar[int]
    removeCurrentDir: ClassVar[int]
    directoryFull: ClassVar[int]
    badSeek: ClassVar[int]
    hardIO: ClassVar[int]
    sharingViolation: ClassVar[int]
    lockViolation: ClassVar[int]
    diskFull: ClassVar[int]
    endOfFile: ClassVar[int]
    m_cause: int
    m_lOsError: int
    m_strFileName: str
    operation: str
    def __init__(
        self,
        cause: int = 0,
        lOsError: int = -1,
        lpszArchiveName: str = "",
        *,
        operation: str = "",
        reason: str | None = None,
    ) -> None: ...
    @classmethod
    def from_oserror(
        cls,
        exc: OSError,
        path: str | os.PathLike[str] | None = None,
        operation: str = "",
        cause: int | None = None,
    ) -> Self: ...
    @staticmethod
    def ErrnoToException(nErrno: int | None) -> int: ...
    @staticmethod
    def OsErrorToException(lOsError: int) -> int: ...
    @property
    def cause_name(self) -> str: ...

class CNotSupportedException(CException, io.UnsupportedOperation): ...
class CMemoryException(CException, MemoryError): ...
class CInvalidArgException(CException, ValueError): ...
