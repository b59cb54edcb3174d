# cython: language_level=3
"""What sibling rooms may use of `sockets`."""
from pysock._core.native cimport ps_addr, ps_sock_t
from pysock._core.pump cimport Watched


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
    cdef Py_ssize_t _receive(self, void *p, Py_ssize_t n, int flags, bint share) except? -1
    cdef Py_ssize_t _receive_from(self, void *p, Py_ssize_t n, int flags, ps_addr *source) except? -1
    cdef Py_ssize_t _send(self, const void *p, Py_ssize_t n, int flags, bint share) except? -1
    cdef Py_ssize_t _send_to(self, const void *p, Py_ssize_t n, int flags, const ps_addr *target) except? -1


cdef void set_last_error(int code) noexcept
