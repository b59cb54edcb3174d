# cython: language_level=3
"""What sibling rooms may use of `blocking`."""
from libc.stdint cimport int64_t

from pysock._core.native cimport ps_addr
from pysock._core.pump cimport Pump
from pysock._core.sockets cimport CAsyncSocket


cdef struct Call:
    # One blocking call; lives on the stack of the member that blocks, so that closing the socket cannot
    # hurt it.
    unsigned int ident               # its name in the socket; 0: it has not had to wait yet
    int64_t until                    # when SetTimeOut ends it, ns


cdef class CSocket(CAsyncSocket):
    cdef public int m_nTimeOut       # ms between retries (CS-7)
    cdef public int m_nConnectError  # of the last Connect: -1 while it is under way (CS-16)
    cdef public Py_ssize_t m_nSent   # bytes the last Send handed over (DV-18)
    cdef public bint allow_nested_blocking
    cdef unsigned int _call          # ident of the call that waits; 0: none (CS-5)
    cdef unsigned int _calls         # idents given out
    cdef int64_t _limit              # of a call, ns; 0: none
    cdef bint _urgent                # OnOutOfBandData is overridden, or MSG_OOB was asked for
    cdef bint _patient               # the last Receive found nothing: wait before asking
    cdef bytes _kept                 # received but given back unread (DV-21), or None
    cdef Py_ssize_t _kept_from       # how much of it has been read again

    cdef Py_ssize_t receive(self, void *p, Py_ssize_t n, int flags, ps_addr *source) except? -1
    cdef int send_all(self, const void *p, Py_ssize_t n, int flags) except? -1
    cdef int keep(self, const char *p, Py_ssize_t n) except -1
    cdef Py_ssize_t kept(self) noexcept
    cdef Py_ssize_t _send_chunk(self, Call *call, const void *p, Py_ssize_t n, int flags) except? -1
    cdef Py_ssize_t _try_receive(self, void *p, Py_ssize_t n, int flags, ps_addr *source) except? -1
    cdef Py_ssize_t _reread(self, void *p, Py_ssize_t n, int flags) except? -1
    cdef int _connect_through(self, const ps_addr *a) except? -1
    cdef int _accept_through(self, CAsyncSocket new, ps_addr *peer) except? -1
    cdef int _wait(self, Call *call, unsigned int stop) except -1
    cdef int _wait_by_override(self, unsigned int stop) except -1
    cdef int _pump_messages(self, Call *call, unsigned int stop) except -1
    cdef bint _arrived(self, Pump pump, unsigned int stop) noexcept
    cdef void _end(self, Call *call) noexcept
