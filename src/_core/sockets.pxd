# cython: language_level=3
"""What sibling rooms may use of `sockets`."""
from pysock._core.native cimport ps_addr, ps_sock_t, ps_this_thread
from pysock._core.pump cimport Watched, likely, unlikely


cdef class CAsyncSocket(Watched):
    cdef dict __dict__               # made only when a subclass sets attributes: idle sockets stay small
    cdef int _protocol
    cdef short _family
    cdef short _type
    cdef signed char _strict         # -1: as the program
    cdef bint _blocking              # IOCtl(FIONBIO, 0)
    cdef bint _reuse                 # SO_REUSEADDR as the program set it (DV-22)
    cdef bint _resolving             # a name is being looked up for Connect
    cdef public bint AsyncResolve    # Connect by name looks the name up in another thread

    cdef int _unusable(self, str operation) except -1
    cdef int _fail(self, str operation, int code) except -1
    cdef int _must_be_empty(self, str operation) except -1
    cdef int _hold(self, ps_sock_t s, int family, int kind, int protocol) except? -1
    cdef int _drop(self) except -1
    cdef int _select(self, int mask) except? -1
    cdef int _bind(self, const ps_addr *a) except? -1
    cdef int _connect(self, const ps_addr *a) except? -1
    cdef int _accept(self, CAsyncSocket new, ps_addr *peer) except? -1
    cdef Py_ssize_t _receive_into(self, object buf, object n, int flags) except? -1
    cdef Py_ssize_t _receive(self, void *p, Py_ssize_t n, int flags, bint share) except? -1
    cdef Py_ssize_t _receive_any(self, void *p, Py_ssize_t n, int flags, bint share) except? -1
    cdef Py_ssize_t _receive_from(self, void *p, Py_ssize_t n, int flags, ps_addr *source) except? -1
    cdef Py_ssize_t _send_from(self, object buf, object n, int flags) except? -1
    cdef Py_ssize_t _send(self, const void *p, Py_ssize_t n, int flags, bint share) except? -1
    cdef Py_ssize_t _send_to(self, const void *p, Py_ssize_t n, int flags, const ps_addr *target) except? -1


cdef void set_last_error(int code) noexcept


cdef inline int usable(CAsyncSocket s, str operation) except -1:
    """1 if there is a handle and this is its thread; 0 and WSAENOTSOCK without one (LT-16)."""
    if likely(s._pump is not None and ps_this_thread() == s._pump._thread):
        return 1
    return s._unusable(operation)


cdef enum:
    LARGE = 65536                    # calls that move this much let other threads run


cdef inline bint shares(CAsyncSocket s, Py_ssize_t n) noexcept:
    """Does a call that moves n bytes give the GIL away?  Always where it may block; else only if it copies
    much and there was somebody to run: giving it away and taking it back costs more than copying a little."""
    return unlikely(s._blocking or (n >= LARGE and s._pump._company))
