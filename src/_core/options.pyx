# cython: language_level=3
# cython: binding=False, embedsignature=True, embedsignature.format=clinic
"""The options of a socket and the commands of IOCtl (AS-21 to AS-26), with Winsock's meaning where the system's
is another; and what they tell of a handle that somebody else has made.

The handle is read from its owner when it is used, never kept: a value's own code may have closed it.
"""
import socket

from cpython.buffer cimport PyBUF_SIMPLE, PyBuffer_Release, PyObject_GetBuffer
from libc.string cimport memset

from pysock._core.arguments cimport int_of
from pysock._core.names cimport host_and_port
from pysock._core.native cimport (
    PS_AF_UNIX,
    PS_CONNECTED,
    PS_CONNECTING,
    PS_DGRAM,
    PS_EV_BOUND,
    PS_EV_INLINE,
    PS_IN,
    PS_LISTENING,
    PS_NEW,
    PS_OUT,
    PS_WSAEINVAL,
    PS_WSAENOPROTOOPT,
    PS_WSAEOPNOTSUPP,
    SO_ACCEPTCONN,
    SO_BROADCAST,
    SO_ERROR,
    SO_LINGER,
    SO_OOBINLINE,
    SO_REUSEADDR,
    SO_TYPE,
    SOCK_SEQPACKET,
    SOCK_STREAM,
    SOL_SOCKET,
    linger,
    ps_addr,
    ps_addr_family,
    ps_addr_port,
    ps_addr_room,
    ps_addr_sa,
    ps_at_mark,
    ps_ev_so_error,
    ps_getpeername,
    ps_getsockname,
    ps_getsockopt,
    ps_readable_bytes,
    ps_ready,
    ps_set_blocking,
    ps_setsockopt,
    ps_sock_t,
    ps_socket_probe,
    ps_socklen_t,
)
from pysock._core.pump cimport Watched, after


cdef enum:
    SO_DONTLINGER = -129                # Winsock's ~SO_LINGER; emulated (PY-31)


FIONBIO, FIONREAD, SIOCATMARK = 0x8004667E, 0x4004667F, 0x40047307     # more than a C enum holds

cdef bint POSIX_REUSE = not hasattr(socket, "SO_EXCLUSIVEADDRUSE")


cdef bint suitable(Watched w, int option) noexcept:
    """Windows refuses these, POSIX does not mind (DV-23)."""
    if w._ev.phase == PS_DGRAM:
        return option not in (SO_LINGER, SO_DONTLINGER, SO_OOBINLINE, SO_ACCEPTCONN)
    return option != SO_BROADCAST


cdef bint only_noted(int kind, int option) noexcept:
    """SO_REUSEADDR of POSIX streams: Bind has its own opinion (DV-22)."""
    return POSIX_REUSE and kind == SOCK_STREAM and option == SO_REUSEADDR


cdef int reuse_address(Watched w, int kind) noexcept:
    """What Bind thinks of it; for port 0 too: a server may restart on what it got."""
    return set_int(w, SOL_SOCKET, SO_REUSEADDR, 1) if only_noted(kind, SO_REUSEADDR) else 0


cdef int set_option(Watched w, int kind, bint *reuse, int level, int option, object value) except? -1:
    cdef Py_buffer view
    cdef int r
    if level == SOL_SOCKET:
        if not suitable(w, option):
            return -PS_WSAENOPROTOOPT
        if only_noted(kind, option):
            reuse[0] = truth(value)
            return 0
        if option == SO_REUSEADDR:
            return set_int(w, level, option, truth(value))
        if option == SO_OOBINLINE:
            return set_inline(w, truth(value))
        if option == SO_DONTLINGER:
            return set_linger(w, not truth(value), 0)
        if option == SO_LINGER and isinstance(value, tuple):
            if len(value) != 2:
                raise ValueError(f"lpOptionValue of SO_LINGER must be (onoff, seconds), not {value!r}")
            return set_linger(w, int_of(value[0], "lpOptionValue[0]"), int_of(value[1], "lpOptionValue[1]"))
    if isinstance(value, int):
        return set_int(w, level, option, int_of(value, "lpOptionValue"))
    try:
        PyObject_GetBuffer(value, &view, PyBUF_SIMPLE)
    except (TypeError, BufferError):
        raise no_option(value) from None
    r = ps_setsockopt(w._watch.fd, level, option, view.buf, <int>view.len)
    PyBuffer_Release(&view)
    return r


cdef int set_int(Watched w, int level, int option, int value) noexcept:
    return ps_setsockopt(w._watch.fd, level, option, &value, sizeof(value))


cdef int set_inline(Watched w, bint on) noexcept:
    cdef int r = set_int(w, SOL_SOCKET, SO_OOBINLINE, on)
    if r >= 0 and on:
        w._ev.flags |= PS_EV_INLINE
    elif r >= 0:
        w._ev.flags &= ~<unsigned int>PS_EV_INLINE
    return r


cdef int set_linger(Watched w, int on, int seconds) noexcept:
    cdef linger lg
    lg.l_onoff = on
    lg.l_linger = seconds
    return ps_setsockopt(w._watch.fd, SOL_SOCKET, SO_LINGER, &lg, sizeof(lg))


cdef int truth(object value) except -1:
    """Of a BOOL: an int, or the bytes of one."""
    if isinstance(value, int):
        return bool(value)
    try:
        return any(memoryview(value).tobytes())
    except TypeError:
        raise no_option(value) from None


cdef object no_option(object value):
    return TypeError("lpOptionValue must be an int, (onoff, seconds) for SO_LINGER, or bytes, "
                     f"not {type(value).__name__}")


cdef object get_option(Watched w, int kind, bint reuse, int level, int option, int *error):
    cdef char value[256]
    cdef ps_socklen_t n = sizeof(value)
    cdef linger *lg = <linger *>value
    cdef unsigned int due
    cdef int asked = SO_LINGER if level == SOL_SOCKET and option == SO_DONTLINGER else option
    if level == SOL_SOCKET:
        if not suitable(w, option):
            error[0] = -PS_WSAENOPROTOOPT
            return None
        if only_noted(kind, option):
            return int(reuse)
        if option == SO_ERROR:
            pending = ps_ev_so_error(&w._ev, &ps_socket_probe, &w._watch.fd, &due)
            after(w, due)
            return pending
    memset(value, 0, sizeof(value))
    error[0] = ps_getsockopt(w._watch.fd, level, asked, value, &n)
    if error[0] < 0:
        return None
    if level == SOL_SOCKET and asked == SO_LINGER:
        return (lg.l_onoff, lg.l_linger) if option == SO_LINGER else int(lg.l_onoff == 0)
    if n == sizeof(int):
        return (<int *>value)[0]
    return <unsigned char>value[0] if n == 1 else value[:n]


cdef int int_option(ps_sock_t s, int option) noexcept:
    cdef int value = 0, r
    cdef ps_socklen_t n = sizeof(value)
    r = ps_getsockopt(s, SOL_SOCKET, option, &value, &n)
    return value if r >= 0 else r


cdef int find_out(ps_sock_t s, Found *found) except? -1:
    cdef ps_addr name
    cdef int now, r
    found.flags = 0
    found.phase = PS_NEW
    found.kind = int_option(s, SO_TYPE)
    if found.kind < 0:
        return found.kind
    ps_addr_room(&name)
    r = ps_getsockname(s, ps_addr_sa(&name), &name.len)
    if r < 0:                                   # Windows: not bound, so nothing has happened to it yet
        ps_addr_room(&name)
    found.family = ps_addr_family(&name)
    if ps_addr_port(&name) or (found.family == PS_AF_UNIX and host_and_port(&name)[0]):
        found.flags |= PS_EV_BOUND
    if found.kind != SOCK_STREAM and found.kind != SOCK_SEQPACKET:
        return 0
    if int_option(s, SO_OOBINLINE) > 0:
        found.flags |= PS_EV_INLINE
    now = ps_ready(s, PS_IN | PS_OUT)
    if int_option(s, SO_ACCEPTCONN) > 0:
        found.phase = PS_LISTENING
        return 0
    ps_addr_room(&name)
    if ps_getpeername(s, ps_addr_sa(&name), &name.len) >= 0 or now & PS_IN:
        found.phase = PS_CONNECTED              # readable without a peer: the connection was lost
        found.flags |= PS_EV_BOUND
    elif now == 0 and found.flags & PS_EV_BOUND:
        found.phase = PS_CONNECTING
    return 0


cdef long long control(Watched w, bint *blocking, object command, object argument) except? -1:
    cdef bint block
    cdef int r
    if command == FIONBIO:
        block = not argument
        r = -PS_WSAEINVAL if block and w._ev.mask else ps_set_blocking(w._watch.fd, block)
        if r < 0:
            return r
        blocking[0] = block
        return argument
    if command == FIONREAD:
        return ps_readable_bytes(w._watch.fd)
    if command == SIOCATMARK:
        return ps_at_mark(w._watch.fd) if not w._ev.oobs else 0
    return -PS_WSAEOPNOTSUPP
