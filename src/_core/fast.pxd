# cython: language_level=3
"""The C that the bytes stack stands on: little-endian access, text scans, CPython details."""

from cpython.object cimport PyObject, PyTypeObject
from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t

cdef extern from "ps_bytes.h" nogil:
    const int PS_BIG_ENDIAN
    void ps_put16(void *p, uint16_t v)
    void ps_put32(void *p, uint32_t v)
    void ps_put64(void *p, uint64_t v)
    uint16_t ps_get16(const void *p)
    uint32_t ps_get32(const void *p)
    uint64_t ps_get64(const void *p)
    void ps_putf32(void *p, float f)
    void ps_putf64(void *p, double f)
    float ps_getf32(const void *p)
    double ps_getf64(const void *p)

cdef extern from "ps_text.h" nogil:
    bint ps_is_ascii(const uint8_t *p, size_t n)
    unsigned ps_or16(const uint8_t *p, size_t units, int *surrogates)
    size_t ps_pairs16(const uint8_t *p, size_t units)
    void ps_narrow16(uint8_t *dst, const uint8_t *p, size_t units)
    void ps_copy16(uint16_t *dst, const uint8_t *p, size_t units)
    void ps_join16(uint32_t *dst, const uint8_t *p, size_t units)
    void ps_widen8(uint8_t *dst, const uint8_t *src, size_t n)
    void ps_put16s(uint8_t *dst, const uint16_t *src, size_t n)
    void ps_split32(uint8_t *dst, const uint32_t *src, size_t n)
    size_t ps_count_astral(const uint32_t *src, size_t n)

cdef extern from "pyfast.h":
    # 0: the value is set; 1: not an int, or one that does not fit; -1: raised
    int ps_as_i64(object o, int64_t *v) except -1
    int ps_as_u64(object o, uint64_t *v) except -1
    int ps_as_double(object o, double *v) except -1
    bint ps_fits_float(double x)
    bint ps_same_method(PyTypeObject *a, PyTypeObject *b, object name)
    int ps_adopt_methods(PyTypeObject *type) except -1
    cdef enum:
        PS_U32, PS_I32, PS_U16, PS_U8, PS_I16, PS_I8, PS_I64, PS_F64, PS_F32, PS_TRUTH, PS_U64, PS_UNIT
    # 0: it is where p points to; 1: it does not fit or is no number; -1: raised
    int ps_encode(int number, PyObject *o, uint8_t *p) except -1
    PyObject *ps_decode(int number, const uint8_t *p) except NULL
    Py_ssize_t ps_member_offset(object o)
    PyObject **ps_member(object o, Py_ssize_t offset)
