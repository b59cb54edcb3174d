# cython: language_level=3
"""Contract of the text room: code pages and UTF-16, without streams."""

from libc.stdint cimport int64_t, uint8_t

cdef class Codec:
    cdef readonly str encoding      # as the user gave it
    cdef readonly str errors        # Python's error policy
    cdef int _kind                  # how the fast paths may treat it
    cdef readonly bint plain         # ASCII bytes are ASCII text
    cdef object _decode             # codecs' own functions, for what no fast path covers
    cdef object _encode

    cdef str quick(self, const uint8_t *p, Py_ssize_t n)
    cdef str decode(self, bytes data, int64_t at)
    cdef bytes encode(self, str s)
    cdef bytes _encode_cp1252(self, str s, Py_ssize_t n)

cdef Codec codec(object encoding, object errors)

cdef str decode_utf16(const uint8_t *p, Py_ssize_t units)
cdef Py_ssize_t utf16_units(str s) noexcept
cdef void store_utf16(uint8_t *dst, str s) noexcept
