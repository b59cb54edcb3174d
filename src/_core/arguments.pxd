# cython: language_level=3
"""What sibling rooms may use of `arguments`."""
from cpython.buffer cimport Py_buffer

from pysock._core.native cimport PS_BAD_SOCK, ps_sock_t

cdef object UNSET                    # an argument that was left out, where None means something

cdef int int_of(object x, str argument) except? -1
cdef int event_mask(object lEvent) except -1
cdef ps_sock_t handle_of(object hSocket) except? PS_BAD_SOCK
cdef Py_ssize_t length_of(object n, Py_ssize_t available) except -1
cdef int open_buffer(object buf, Py_buffer *view, int flags) except -1
cdef bint is_address(object x) noexcept
cdef tuple addrinfo(object entry)
cdef tuple send_to_arguments(object n, object port, object host, object flags, int family)
