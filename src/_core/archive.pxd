# cython: language_level=3
"""The values of an archive, for the rooms above."""

from libc.stdint cimport int64_t, uint64_t

from pysock._core.buffer cimport Buffer
from pysock._core.text cimport Codec

cdef class Cursor(Buffer):
    cdef bint canonical     # over-long forms are refused
    cdef bint wide          # CString is UTF-16 (the `unicode` setting)
    cdef int _bits
    cdef int short_string   # longest string that needs no look at max_string
    cdef int64_t max_string_
    cdef int64_t max_count_
    cdef Codec codec
    cdef str _profile
    cdef str _map_order

cdef int store_string(Cursor c, object v, int kind) except -1
cdef int store_units(Cursor c, str s, Py_ssize_t n) except -1
cdef str load_string(Cursor c)
cdef uint64_t read_count(Cursor c) except? 0xFFFFFFFFFFFFFFFF
cdef int64_t sizable_count(Cursor c, uint64_t n, int64_t at) except -1
cdef int64_t check_count(Cursor c, int64_t n, int64_t size, int64_t at) except -1
cdef int write_count(Cursor c, uint64_t n) except -1
cdef int store_kind(Cursor c, int kind, object v) except -1
cdef object load_kind(Cursor c, int kind)
