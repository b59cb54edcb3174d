# cython: language_level=3
"""The exception families of both stacks, and the Winsock numbers."""

# --- sockets: Winsock numbers -> exceptions -----------------------------------------------------------
import errno as _errno

from pysock._core cimport native

# number, Winsock name, errno name, text.  The numbers are Windows' everywhere (ER-1).
_TABLE = (
    (8, "WSA_NOT_ENOUGH_MEMORY", "ENOMEM", "not enough memory"),
    (10004, "WSAEINTR", "EINTR", "the blocking call was cancelled"),
    (10009, "WSAEBADF", "EBADF", "bad file handle"),
    (10013, "WSAEACCES", "EACCES", "permission denied"),
    (10014, "WSAEFAULT", "EFAULT", "bad address or buffer"),
    (10022, "WSAEINVAL", "EINVAL", "invalid argument, or not possible in this state"),
    (10024, "WSAEMFILE", "EMFILE", "too many open sockets"),
    (10035, "WSAEWOULDBLOCK", "EWOULDBLOCK", "the operation would block"),
    (10036, "WSAEINPROGRESS", "EINPROGRESS", "a blocking call is in progress"),
    (10037, "WSAEALREADY", "EALREADY", "a connection attempt is already in progress"),
    (10038, "WSAENOTSOCK", "ENOTSOCK", "not a socket, or already closed"),
    (10039, "WSAEDESTADDRREQ", "EDESTADDRREQ", "destination address required"),
    (10040, "WSAEMSGSIZE", "EMSGSIZE", "datagram larger than the buffer or the network allows"),
    (10041, "WSAEPROTOTYPE", "EPROTOTYPE", "wrong protocol type for the socket"),
    (10042, "WSAENOPROTOOPT", "ENOPROTOOPT", "option unknown or unsuitable for this socket"),
    (10043, "WSAEPROTONOSUPPORT", "EPROTONOSUPPORT", "protocol not supported"),
    (10044, "WSAESOCKTNOSUPPORT", "ESOCKTNOSUPPORT", "socket type not supported"),
    (10045, "WSAEOPNOTSUPP", "EOPNOTSUPP", "operation not supported by this kind of socket"),
    (10046, "WSAEPFNOSUPPORT", "EPFNOSUPPORT", "protocol family not supported"),
    (10047, "WSAEAFNOSUPPORT", "EAFNOSUPPORT", "address family not supported"),
    (10048, "WSAEADDRINUSE", "EADDRINUSE", "address already in use"),
    (10049, "WSAEADDRNOTAVAIL", "EADDRNOTAVAIL", "address not available on this machine"),
    (10050, "WSAENETDOWN", "ENETDOWN", "network is down"),
    (10051, "WSAENETUNREACH", "ENETUNREACH", "network is unreachable"),
    (10052, "WSAENETRESET", "ENETRESET", "keep-alive found the connection dead"),
    (10053, "WSAECONNABORTED", "ECONNABORTED", "connection aborted by this machine"),
    (10054, "WSAECONNRESET", "ECONNRESET", "connection reset by peer"),
    (10055, "WSAENOBUFS", "ENOBUFS", "no buffer space available"),
    (10056, "WSAEISCONN", "EISCONN", "already connected"),
    (10057, "WSAENOTCONN", "ENOTCONN", "not connected"),
    (10058, "WSAESHUTDOWN", "ESHUTDOWN", "this direction was shut down"),
    (10059, "WSAETOOMANYREFS", "ETOOMANYREFS", "too many references"),
    (10060, "WSAETIMEDOUT", "ETIMEDOUT", "connection timed out"),
    (10061, "WSAECONNREFUSED", "ECONNREFUSED", "connection refused"),
    (10062, "WSAELOOP", "ELOOP", "too many levels of symbolic links"),
    (10063, "WSAENAMETOOLONG", "ENAMETOOLONG", "name too long"),
    (10064, "WSAEHOSTDOWN", "EHOSTDOWN", "host is down"),
    (10065, "WSAEHOSTUNREACH", "EHOSTUNREACH", "host is unreachable"),
    (10067, "WSAEPROCLIM", "EPROCLIM", "too many processes"),
    (10068, "WSAEUSERS", "EUSERS", "too many users"),
    (10069, "WSAEDQUOT", "EDQUOT", "disk quota exceeded"),
    (10091, "WSASYSNOTREADY", "ENETDOWN", "the network subsystem is not ready"),
    (10092, "WSAVERNOTSUPPORTED", "EOPNOTSUPP", "this Winsock version is not supported"),
    (10093, "WSANOTINITIALISED", "ENETDOWN", "AfxSocketInit was not called"),
    (10101, "WSAEDISCON", "ESHUTDOWN", "the peer has begun an orderly close"),
    (10109, "WSATYPE_NOT_FOUND", "EINVAL", "service unknown for this socket type"),
    (11001, "WSAHOST_NOT_FOUND", "EHOSTUNREACH", "host not found"),
    (11002, "WSATRY_AGAIN", "EAGAIN", "host not found for now; a name server did not answer"),
    (11003, "WSANO_RECOVERY", "EHOSTUNREACH", "the name server failed"),
    (11004, "WSANO_DATA", "EHOSTUNREACH", "the host has no address of this kind"),
)
_BY_NUMBER = {row[0]: row for row in _TABLE}


def winsock_name(int code, /):
    """The Winsock name of an error number: ``winsock_name(10054) == "WSAECONNRESET"``; a number for unknown
    ones."""
    row = _BY_NUMBER.get(code)
    return row[1] if row else str(code)


def winsock_text(int code, /):
    """A short English text for a Winsock error number."""
    row = _BY_NUMBER.get(code)
    return row[3] if row else "unknown Winsock error"


def winsock_error(int err, /):
    """The Winsock number for a system errno (ER-1); WSAEINVAL for one without a row (ER-2)."""
    return native.ps_error_from_errno(err)


def errno_of(int code, /):
    """The system's errno for a Winsock number: the one `ER-1` pairs it with, EINVAL where the system has
    none."""
    row = _BY_NUMBER.get(code)
    return getattr(_errno, row[2], _errno.EINVAL) if row else _errno.EINVAL


class SocketException(OSError):
    """A socket operation failed, in strict mode (DV-8).

    ``winerror`` is the Winsock number (what `GetLastError` reports), ``errno`` the system's, ``operation``
    the member that failed (``"Connect"``), ``sock`` a description of the socket.
    """

    __module__ = "pysock"

    def __init__(self, operation, winerror, sock=""):
        text = f"{operation}: {winsock_text(winerror)} ({winsock_name(winerror)} {winerror})"
        super().__init__(errno_of(winerror), f"{text} on {sock}" if sock else text)
        self.winerror = winerror
        self.operation = operation
        self.sock = sock

    def __str__(self):
        return self.strerror

    def __reduce__(self):
        return type(self), (self.operation, self.winerror, self.sock)


class SocketUsageError(RuntimeError):
    """A call the program must not make in this state, found before any side effect (PY-32)."""

    __module__ = "pysock"


class WrongThreadError(RuntimeError):
    """A socket or pump was used by a thread that does not own it (PY-4)."""

    __module__ = "pysock"


# --- archives and files: MFC's exceptions with their causes -------------------------------------------

# `__module__` is the name users import, so that tracebacks and pickles do not name the compiled room.

import errno as _errno
import io as _io
import os as _os

_ARCHIVE_CAUSES = (
    ("none", "no error"),
    ("genericException", "the call does not fit this archive"),
    ("readOnly", "this archive loads: nothing can be stored into it"),
    ("endOfFile", "the stream ends inside an item"),
    ("writeOnly", "this archive stores: nothing can be loaded from it"),
    ("badIndex", "the stream names an object or class that is not there"),
    ("badClass", "the stream names an unknown or unexpected class"),
    ("badSchema", "the stream has another schema of the class"),
    ("bufferFull", "the item is larger than the archive's buffer"),
)

_FILE_CAUSES = (
    ("none", "no error"),
    ("genericException", "the system refused"),
    ("fileNotFound", "file not found"),
    ("badPath", "the path is not valid"),
    ("tooManyOpenFiles", "too many open files"),
    ("accessDenied", "access denied"),
    ("invalidFile", "the file is not open"),
    ("removeCurrentDir", "the current directory cannot be removed"),
    ("directoryFull", "no more directory entries"),
    ("badSeek", "seek to a position that does not exist"),
    ("hardIO", "hardware error or invalid request"),
    ("sharingViolation", "the file is in use by another"),
    ("lockViolation", "the range is locked by another"),
    ("diskFull", "no room on the device"),
    ("endOfFile", "end of file"),
)

# AR-33: from C's errno; what is not here is genericException.
_CAUSE_OF_ERRNO = {
    _errno.EPERM: 5, _errno.EACCES: 5,
    _errno.EBADF: 6,
    _errno.EDEADLK: 11,
    _errno.EMFILE: 4,
    _errno.ENOENT: 2, _errno.ENFILE: 2,
    _errno.ENOSPC: 13,
    _errno.EINVAL: 10, _errno.EIO: 10,
}

# Win32 numbers say more than the errno that Python derives from them (32 becomes EACCES), so they go first.
_CAUSE_OF_WINERROR = {
    2: 2, 3: 3, 4: 4, 5: 5, 6: 6, 16: 7, 19: 5, 23: 10, 25: 9, 32: 11, 33: 12, 36: 11, 38: 14, 39: 13,
    80: 5, 87: 10, 112: 13, 123: 3, 131: 9, 206: 3,
}


def _text_of(int cause, tuple causes):
    if 0 <= cause < len(causes):
        return causes[cause]
    return (f"cause {cause}", "unknown cause")


class CException(Exception):
    """Base of MFC's exceptions (AR-30 to AR-34)."""

    __module__ = "pysock"

    def GetErrorMessage(self):
        """The text of the error, the same as `str(e)`."""
        return str(self)


class CArchiveException(CException):
    """An archive could not store or load; `m_cause` says why (AR-30).

    `m_strFileName` is the archive's file ("" when it has no name); `offset` the byte of the stream at which
    the failing item starts, None where that means nothing; `wanted` and `found` texts; `in_class` the names
    of the classes whose objects were being stored or loaded, outermost first.

    One with cause `endOfFile` is always an `ArchiveEndOfFile`, hence an `EOFError` (AR-202).
    """

    __module__ = "pysock"

    none = 0
    genericException = 1
    generic = 1  # the old name
    readOnly = 2
    endOfFile = 3
    writeOnly = 4
    badIndex = 5
    badClass = 6
    badSchema = 7
    bufferFull = 8

    def __new__(cls, cause=0, *args, **kwargs):
        if cls is CArchiveException and cause == 3:
            cls = ArchiveEndOfFile
        return CException.__new__(cls)

    def __init__(self, int cause=0, lpszArchiveName="", *, offset=None, wanted=None, found=None, in_class=()):
        CException.__init__(self, cause, lpszArchiveName)
        self.m_cause = cause
        self.m_strFileName = lpszArchiveName
        self.offset = offset
        self.wanted = wanted
        self.found = found
        self.in_class = tuple(in_class)

    @property
    def cause_name(self):
        """MFC's name of `m_cause`, for example "endOfFile"."""
        return _text_of(self.m_cause, _ARCHIVE_CAUSES)[0]

    def _reason(self):
        parts = []
        if self.wanted is not None:
            parts.append(f"wanted {self.wanted}")
        if self.found is not None:
            parts.append(f"found {self.found}")
        return ", ".join(parts) or _text_of(self.m_cause, _ARCHIVE_CAUSES)[1]

    def __str__(self):
        text = f"{self.cause_name}: {self._reason()}"
        if self.offset is not None:
            text += f", at byte {self.offset}"
        if self.m_strFileName:
            text += f" of {self.m_strFileName!r}"
        if self.in_class:
            names = list(self.in_class)
            if len(names) > 8:  # nested to a limit: the ends tell enough
                names[4:-4] = [f"... {len(names) - 8} more ..."]
            text += f", inside {' > '.join(names)}"
        return text


class ArchiveEndOfFile(CArchiveException, EOFError):
    """The stream has fewer bytes than the item needs: cause `endOfFile`, and an `EOFError` (AR-202)."""

    __module__ = "pysock"

    def __init__(self, int cause=3, lpszArchiveName="", *, offset=None, wanted=None, found=None, in_class=()):
        CArchiveException.__init__(self, cause, lpszArchiveName, offset=offset, wanted=wanted, found=found,
                                   in_class=in_class)


class NeedMoreData(BlockingIOError):
    """The stream has not ended, but has no more bytes now: roll back, and try again when more have come
    (AR-217).

    `missing` is how many bytes the failed item needs at least; `offset` the byte of the stream from which on
    they are missing. Not a `CArchiveException`: nothing is wrong with the stream.
    """

    __module__ = "pysock"

    def __init__(self, missing=1, offset=None):
        text = f"the stream has no more bytes now, at least {missing} more are needed"
        BlockingIOError.__init__(self, _errno.EAGAIN, text if offset is None else f"{text} at byte {offset}")
        self.missing = missing
        self.offset = offset

    def __reduce__(self):
        return type(self), (self.missing, self.offset)


class ArchiveLimitError(CArchiveException):
    """The stream asks for more than a limit of the archive allows (AR-179 to AR-184); cause `badIndex`.

    `limit` is the limit's name ("max_count"), `allowed` its value, `found` what the stream asked for.
    """

    __module__ = "pysock"

    def __init__(self, limit="", allowed=None, found=None, lpszArchiveName="", *, offset=None, wanted=None,
                 in_class=()):
        CArchiveException.__init__(self, 5, lpszArchiveName, offset=offset, wanted=wanted, found=found,
                                   in_class=in_class)
        self.args = (limit, allowed, found, lpszArchiveName)
        self.limit = limit
        self.allowed = allowed

    def _reason(self):
        text = f"limit {self.limit} = {self.allowed} exceeded"
        if self.found is not None:
            text += f", found {self.found}"
        if self.wanted is not None:
            text += f" for {self.wanted}"
        return text


class CFileException(CException, OSError):
    """A file could not be opened, read, written or moved in; `m_cause` says why (AR-32).

    `m_lOsError` is the system's number, -1 if none (on Windows Win32's, over sockets Winsock's, else errno);
    `m_strFileName` the path; `operation` what was tried. `errno`, `strerror` and `filename` are filled in as
    in any OSError when the system gave a reason.
    """

    __module__ = "pysock"

    none = 0
    genericException = 1
    generic = 1  # the old name
    fileNotFound = 2
    badPath = 3
    tooManyOpenFiles = 4
    accessDenied = 5
    invalidFile = 6
    removeCurrentDir = 7
    directoryFull = 8
    badSeek = 9
    hardIO = 10
    sharingViolation = 11
    lockViolation = 12
    diskFull = 13
    endOfFile = 14

    def __init__(self, int cause=0, long long lOsError=-1, lpszArchiveName="", *, operation="", reason=None):
        OSError.__init__(self, cause, lOsError, lpszArchiveName)
        self.errno = None  # the three arguments above are ours, not the system's
        self.strerror = reason
        self.filename = lpszArchiveName or None
        self.m_cause = cause
        self.m_lOsError = lOsError
        self.m_strFileName = lpszArchiveName
        self.operation = operation

    @classmethod
    def from_oserror(cls, exc, path=None, operation="", cause=None):
        """The CFileException for an OSError of the system (AR-33).

        `path` replaces the path in `exc`; `cause` the one of the table, where the caller knows better.
        """
        number = getattr(exc, "winerror", None)
        if cause is None:
            known = number is not None
            cause = cls.OsErrorToException(number) if known else cls.ErrnoToException(exc.errno)
        if number is None:
            number = -1 if exc.errno is None else exc.errno
        if path is None:
            path = exc.filename
        path = "" if path is None or isinstance(path, int) else _os.fsdecode(path)
        self = cls(cause, number, path, operation=operation, reason=exc.strerror or str(exc) or None)
        self.errno = exc.errno
        return self

    @staticmethod
    def ErrnoToException(nErrno):
        """The cause for a C `errno` (AR-33)."""
        return _CAUSE_OF_ERRNO.get(nErrno, 1)

    @staticmethod
    def OsErrorToException(lOsError):
        """The cause for a system error: a Win32 number on Windows, an errno elsewhere."""
        if _os.name == "nt":
            return _CAUSE_OF_WINERROR.get(lOsError, 1)
        return _CAUSE_OF_ERRNO.get(lOsError, 1)

    @property
    def cause_name(self):
        """MFC's name of `m_cause`, for example "fileNotFound"."""
        return _text_of(self.m_cause, _FILE_CAUSES)[0]

    def __str__(self):
        text = self.cause_name + ": "
        if self.operation:
            text += self.operation
            text += f" {self.m_strFileName!r}: " if self.m_strFileName else ": "
        elif self.m_strFileName:
            text += f"{self.m_strFileName!r}: "
        text += self.strerror or _text_of(self.m_cause, _FILE_CAUSES)[1]
        if self.m_lOsError != -1:
            text += f" (system error {self.m_lOsError})"
        return text

    def __reduce__(self):
        # errno, strerror and filename live in the C part of OSError, not in __dict__
        state = dict(self.__dict__, errno=self.errno, strerror=self.strerror, filename=self.filename)
        return type(self), (self.m_cause, self.m_lOsError, self.m_strFileName), state


class CNotSupportedException(CException, _io.UnsupportedOperation):
    """The class or file cannot do this at all (AR-34): no schema, no seeking on a socket, no COM."""

    __module__ = "pysock"


class CMemoryException(CException, MemoryError):
    """No memory, a buffer that cannot grow, or a class that cannot create its objects (AR-34, AR-106)."""

    __module__ = "pysock"


class CInvalidArgException(CException, ValueError):
    """An argument that the call can never accept (AR-34)."""

    __module__ = "pysock"


# One raiser per family, so that hot code stays small. They never return normally.

cdef int raise_archive(int cause, object file_name, object offset, object wanted, object found) except -1:
    raise CArchiveException(cause, file_name, offset=offset, wanted=wanted, found=found)


cdef int raise_limit(object limit, object allowed, object found, object file_name, object offset) except -1:
    raise ArchiveLimitError(limit, allowed, found, file_name, offset=offset)


cdef int raise_need_more(object missing, object offset) except -1:
    raise NeedMoreData(missing, offset)


cdef int raise_file(int cause, long long os_error, object file_name, object operation) except -1:
    raise CFileException(cause, os_error, file_name, operation=operation)


cdef int raise_not_supported(object text) except -1:
    raise CNotSupportedException(text)


cdef int raise_memory(object text) except -1:
    raise CMemoryException(text)


cdef int raise_invalid_arg(object text) except -1:
    raise CInvalidArgException(text)
