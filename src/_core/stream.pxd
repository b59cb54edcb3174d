# cython: language_level=3
"""What an archive asks of a compiled file that is no memory file, for instance one over a socket."""
from libc.stdint cimport uint8_t


cdef class Stream:
    cdef object __weakref__

    cdef bint is_direct(self) except -1
    cdef bint can_read_ahead(self) noexcept
    cdef Py_ssize_t read_raw(self, uint8_t *dst, Py_ssize_t n) except -1
    cdef int write_raw(self, const uint8_t *src, Py_ssize_t n) except -1
    cdef int give_back(self, const uint8_t *src, Py_ssize_t n) except -1
    cdef Py_ssize_t unread(self) noexcept


cdef class Feed:
    pass
