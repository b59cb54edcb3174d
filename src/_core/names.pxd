# cython: language_level=3
"""What sibling rooms may use of `names`."""
from pysock._core.native cimport ps_addr


cdef class SockAddr:
    cdef ps_addr _a

    @staticmethod
    cdef SockAddr of(const ps_addr *a)


cdef int port_number(object port, str argument=*) except -1
cdef int inet_address(object host, int port, ps_addr *out) except -1
cdef int any_address(object address, int family, ps_addr *out, str argument) except -1
cdef int resolve(object host, int port, int family, int kind, ps_addr *out) except -1
cdef int resolve_in_thread(object host, int port, object answered) except -1
cdef tuple host_and_port(const ps_addr *a)
