# cython: language_level=3, binding=False
"""Strings between Python and the bytes of a stream: code pages (AR-60) and UTF-16 units (AR-61)."""

cimport cython
from cpython.bytes cimport PyBytes_FromStringAndSize
from cpython.unicode cimport (
    PyUnicode_1BYTE_DATA, PyUnicode_1BYTE_KIND, PyUnicode_2BYTE_DATA, PyUnicode_2BYTE_KIND,
    PyUnicode_4BYTE_DATA, PyUnicode_GET_LENGTH, PyUnicode_KIND,
)
from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t
from libc.string cimport memcpy

import codecs

from pysock._core.fast cimport (
    ps_copy16, ps_count_astral, ps_is_ascii, ps_join16, ps_narrow16, ps_or16, ps_pairs16, ps_put16s,
    ps_split32, ps_widen8,
)

cdef extern from "Python.h":
    str PyUnicode_New(Py_ssize_t size, Py_UCS4 maxchar)
    bint PyUnicode_IS_ASCII(str s)

cdef enum:
    CP1252      # Windows' own, with its five holes mapped to C1 controls
    LATIN1
    ASCII_SAFE  # bytes below 0x80 are ASCII, whatever stands beside them
    OTHER

# Windows-1252 from 0x80 to 0x9F
cdef uint16_t[32] _C1 = [
    0x20AC, 0x81, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021,
    0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0x8D, 0x017D, 0x8F,
    0x90, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014,
    0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0x9D, 0x017E, 0x0178,
]
cdef dict _CHARMAP = {c: c for c in range(256) if not 0x80 <= c < 0xA0}
_CHARMAP.update({_C1[i]: 0x80 + i for i in range(32)})

cdef object _ALL_ASCII = bytes(range(128))
cdef dict _codecs = {}


cdef Codec codec(object encoding, object errors):
    """The codec of that name and policy; LookupError or TypeError if there is none."""
    if not isinstance(encoding, str) or not isinstance(errors, str):
        raise TypeError("encoding and errors must be str")
    key = (encoding, errors)
    found = _codecs.get(key)
    if found is None:
        found = Codec(encoding, errors)
        if len(_codecs) < 64:  # names come from programs, not from streams, but a bound costs nothing
            _codecs[key] = found
    return found


@cython.final
cdef class Codec:
    """One code page with one error policy."""

    def __init__(self, str encoding not None, str errors not None):
        info = codecs.lookup(encoding)
        codecs.lookup_error(errors)
        self.encoding = encoding
        self.errors = errors
        self._decode = info.decode
        self._encode = info.encode
        if info.name == "cp1252":
            self._kind = CP1252
        elif info.name == "iso8859-1":
            self._kind = LATIN1
        else:
            self._kind = OTHER
            try:
                if info.decode(_ALL_ASCII, "strict")[0].encode("latin-1") == _ALL_ASCII:
                    self._kind = ASCII_SAFE
            except UnicodeError:
                pass
        self.plain = self._kind != OTHER

    cdef str quick(self, const uint8_t *p, Py_ssize_t n):
        """The text if no codec has to be asked, else None."""
        cdef str s
        cdef Py_ssize_t i
        cdef uint16_t *wide
        cdef uint8_t c
        if self._kind != OTHER and ps_is_ascii(p, n):
            if n == 1:
                return chr(p[0])  # Python keeps these; a stream may hold a million of them
            s = PyUnicode_New(n, 127)
            memcpy(PyUnicode_1BYTE_DATA(s), p, n)
            return s
        if self._kind == LATIN1:
            s = PyUnicode_New(n, 255)
            memcpy(PyUnicode_1BYTE_DATA(s), p, n)
            return s
        if self._kind == CP1252:
            for i in range(n):
                if p[i] & 0xE0 == 0x80 and _C1[p[i] - 0x80] > 0xFF:
                    break
            else:  # the holes and 0xA0 up are the same numbers in Unicode
                s = PyUnicode_New(n, 255)
                memcpy(PyUnicode_1BYTE_DATA(s), p, n)
                return s
            s = PyUnicode_New(n, 0xFFFF)
            wide = <uint16_t *>PyUnicode_2BYTE_DATA(s)
            for i in range(n):
                c = p[i]
                wide[i] = _C1[c - 0x80] if c & 0xE0 == 0x80 else c
            return s
        return None

    cdef str decode(self, bytes data, int64_t at):
        """The text of `data`, which stood at byte `at` of the stream. A codec or error handler may be Python code: it
        gets bytes of its own, no pointer into the buffer."""
        try:
            text = self._decode(data, self.errors)[0]
        except UnicodeDecodeError as e:
            e.reason += f", in the text at byte {at} of the stream"
            raise
        if not isinstance(text, str):
            raise TypeError(f"{self.encoding!r} does not decode to str")
        return text

    cdef bytes encode(self, str s):
        cdef Py_ssize_t n = PyUnicode_GET_LENGTH(s)
        if PyUnicode_IS_ASCII(s) and self._kind != OTHER:
            return PyBytes_FromStringAndSize(<char *>PyUnicode_1BYTE_DATA(s), n)
        if self._kind == CP1252:
            return self._encode_cp1252(s, n)
        if self._kind == LATIN1 and PyUnicode_KIND(s) == PyUnicode_1BYTE_KIND:
            return PyBytes_FromStringAndSize(<char *>PyUnicode_1BYTE_DATA(s), n)
        data = self._encode(s, self.errors)[0]
        if not isinstance(data, bytes):
            raise TypeError(f"{self.encoding!r} does not encode to bytes")
        return data

    cdef bytes _encode_cp1252(self, str s, Py_ssize_t n):
        cdef Py_ssize_t i
        cdef Py_UCS4 c
        if self.errors != "strict" and self.errors != "replace":
            return codecs.charmap_encode(s, self.errors, _CHARMAP)[0]
        out = bytearray()
        for i in range(n):
            c = s[i]
            code = _CHARMAP.get(<object><long>c)
            if code is not None:
                out.append(code)
            elif self.errors == "replace":
                out += b"?" if c <= 0xFFFF else b"??"  # as Windows does it: one a unit (AR-60)
            else:
                raise UnicodeEncodeError(self.encoding, s, i, i + 1, "not in code page 1252")
        return bytes(out)


cdef str decode_utf16(const uint8_t *p, Py_ssize_t units):
    """Text of UTF-16LE units; lone surrogates pass (AR-61)."""
    cdef int surrogates
    cdef unsigned seen = ps_or16(p, units, &surrogates)
    cdef size_t pairs
    cdef str s
    if seen < 0x100:
        if units == 1:
            return chr(seen)  # Python keeps these
        s = PyUnicode_New(units, 127 if seen < 0x80 else 255)
        ps_narrow16(<uint8_t *>PyUnicode_1BYTE_DATA(s), p, units)
        return s
    pairs = ps_pairs16(p, units) if surrogates else 0
    if pairs == 0:
        s = PyUnicode_New(units, 0xFFFF)
        ps_copy16(<uint16_t *>PyUnicode_2BYTE_DATA(s), p, units)
        return s
    s = PyUnicode_New(units - pairs, 0x10FFFF)
    ps_join16(<uint32_t *>PyUnicode_4BYTE_DATA(s), p, units)
    return s


cdef Py_ssize_t utf16_units(str s) noexcept:
    """How many UTF-16 units the text has (AR-53)."""
    cdef Py_ssize_t n = PyUnicode_GET_LENGTH(s)
    cdef int kind = PyUnicode_KIND(s)
    if kind == PyUnicode_1BYTE_KIND or kind == PyUnicode_2BYTE_KIND:
        return n
    return n + <Py_ssize_t>ps_count_astral(<const uint32_t *>PyUnicode_4BYTE_DATA(s), n)


cdef void store_utf16(uint8_t *dst, str s) noexcept:
    """Write the text's units, little-endian, to memory of 2 * utf16_units(s) bytes."""
    cdef Py_ssize_t n = PyUnicode_GET_LENGTH(s)
    cdef int kind = PyUnicode_KIND(s)
    if kind == PyUnicode_1BYTE_KIND:
        ps_widen8(dst, <const uint8_t *>PyUnicode_1BYTE_DATA(s), n)
    elif kind == PyUnicode_2BYTE_KIND:
        ps_put16s(dst, <const uint16_t *>PyUnicode_2BYTE_DATA(s), n)
    else:
        ps_split32(dst, <const uint32_t *>PyUnicode_4BYTE_DATA(s), n)
