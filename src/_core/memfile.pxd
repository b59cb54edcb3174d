# cython: language_level=3
"""Contract of the memory file for its sibling rooms."""

from cpython.buffer cimport Py_buffer
from libc.stdint cimport uint8_t

cdef struct Held:           # as a member of its own a Py_buffer would lose its owner to the garbage collector
    Py_buffer view          # before it is released: the owner would stay locked for ever

cdef class MemFile:
    cdef uint8_t *_data         # own (malloc) or the attached buffer's
    cdef Py_ssize_t _alloc      # bytes at _data
    cdef Py_ssize_t _len        # length of the file
    cdef Py_ssize_t _pos        # file position, may lie beyond _len
    cdef Py_ssize_t _growth     # step of growth in bytes; 0: cannot grow
    cdef Py_ssize_t _exports    # views of _data that are alive: no moving while there are any
    cdef Held _held             # of the attached object
    cdef bint _borrowed         # _data is _held's
    cdef object _attached       # the attached object or None

    cdef Py_ssize_t read_raw(self, uint8_t *dst, Py_ssize_t n) noexcept
    cdef int write_raw(self, const uint8_t *src, Py_ssize_t n) except -1
    cdef int _check_writable(self) except -1
    cdef int _grow(self, Py_ssize_t need) except -1
    cdef int _free(self) except -1
