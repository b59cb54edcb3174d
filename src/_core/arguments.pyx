# cython: language_level=3
# cython: binding=False, embedsignature=True, embedsignature.format=clinic
"""What programs pass to the members of a socket, as the C values they mean, or an exception that tells what was
wanted.

Addresses and ports are for `names`.
"""
import socket

from cpython.buffer cimport PyBUF_WRITABLE, PyObject_GetBuffer

from pysock._core.native cimport PS_AF_UNIX, PS_BAD_SOCK, PS_FD_ALL, ps_sock_t

UNSET = object()


cdef int int_of(object x, str argument) except? -1:
    """An argument that goes to the system as an int."""
    cdef long long n
    try:
        n = x
    except TypeError:
        raise TypeError(f"{argument} must be an int, not {type(x).__name__}") from None
    except OverflowError:
        n = 1 << 40
    if n != <int>n:
        raise ValueError(f"{argument} must be an int of 32 bits, not {x!r}")
    return <int>n


cdef int event_mask(object lEvent) except -1:
    cdef long m
    try:
        m = lEvent
    except TypeError:
        raise TypeError(f"lEvent must be an int, not {type(lEvent).__name__}") from None
    except OverflowError:
        m = -1
    if m < 0 or m & ~PS_FD_ALL:
        raise ValueError(f"lEvent must be a sum of FD_ values (0 to {PS_FD_ALL:#x}), not {lEvent!r}")
    return m


cdef ps_sock_t handle_of(object hSocket) except? PS_BAD_SOCK:
    """PS_BAD_SOCK for a number that no handle has."""
    cdef object number = hSocket.fileno() if isinstance(hSocket, socket.socket) else hSocket
    if not hasattr(number, "__index__"):
        raise TypeError(f"hSocket must be a handle or a socket.socket, not {type(hSocket).__name__}")
    cdef long long value = number                       # INVALID_SOCKET is -1, also where handles are unsigned
    return <ps_sock_t>value if value >= 0 and <long long><ps_sock_t>value == value else PS_BAD_SOCK


cdef Py_ssize_t length_of(object n, Py_ssize_t available) except -1:
    """How much of a buffer of `available` bytes is meant by the argument `n`.  The buffer must be locked: an
    __index__ may do anything."""
    cdef Py_ssize_t k
    if n is None:
        return available
    try:
        k = n
    except TypeError:
        raise TypeError(f"n must be an int or None, not {type(n).__name__}") from None
    except OverflowError:
        k = -1
    if not 0 <= k <= available:
        raise ValueError(f"n must be between 0 and the buffer's {available} bytes, not {n!r}")
    return k


cdef int open_buffer(object buf, Py_buffer *view, int flags) except -1:
    try:
        PyObject_GetBuffer(buf, view, flags)
    except (TypeError, BufferError) as e:
        wanted = "a writable" if flags & PyBUF_WRITABLE else "a"
        raise TypeError(f"buf must be {wanted} contiguous bytes-like object, not {type(buf).__name__}") from e
    return 0


cdef bint is_address(object x) noexcept:
    """Does x stand where a port may stand, but is a SOCKADDR?"""
    return not isinstance(x, int) and x is not None and x is not UNSET


cdef tuple addrinfo(object entry):
    if not isinstance(entry, tuple) or len(entry) != 5:
        raise TypeError(f"pAI must be an entry of socket.getaddrinfo (5 values), not {entry!r}")
    return entry


cdef tuple send_to_arguments(object n, object port, object host, object flags, int family):
    """(n, port or address, host, flags) of SendTo.  The length may be left out, so what follows it may stand one
    place further left."""
    if n is not UNSET and (port is UNSET or is_address(n) or (port is None or isinstance(port, str))
                           and family != PS_AF_UNIX):
        n, port, host, flags = UNSET, n, port, host
    if is_address(port) and (not isinstance(port, str) or family == PS_AF_UNIX):
        host, flags = None, host if flags is UNSET else flags
    if port is UNSET:
        raise TypeError("SendTo needs a port or an address")
    return (None if n is UNSET else n, port,
            None if host is UNSET else host, 0 if flags is UNSET else flags)
