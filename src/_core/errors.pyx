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


# ------------------------------------------------------------------------------------------------------
# (keep this line: the two halves are written by different hands)
# ------------------------------------------------------------------------------------------------------


# --- archives and files: MFC's exceptions with their causes -------------------------------------------
