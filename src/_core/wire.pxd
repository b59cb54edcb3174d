# cython: language_level=3
"""Kinds of scalar wire types and their boxes, for the rooms above."""

cdef enum Kind:
    K_NONE = -1
    K_BYTE, K_CHAR, K_bool, K_BOOL, K_WORD, K_SHORT, K_WCHAR, K_LONG, K_INT, K_DWORD, K_UINT, K_LONGLONG
    K_ULONGLONG, K_FLOAT, K_DOUBLE, K_CString, K_CStringA, K_CStringW


cdef class Box:
    cdef object _v          # int, bool, float, str or bytes; checked
    cdef int _kind

cdef class StringBox(Box):
    pass

cdef tuple NAMES    # of the kinds
cdef int *BITS      # width of the kinds that are numbers
cdef str CODES      # their type codes in array.array

cdef int set_box(Box box, object v) except -1
cdef int unit_of(object v) except -1
cdef int refuse(object name, object low, object high, object v) except -1

# The box classes by address: 18 of 64 seats are taken, so a look-up is a comparison or two.
cdef struct Seat:
    void *cls
    int kind

cdef Seat *SEATS


cdef inline size_t first_seat(void *cls) noexcept:
    cdef size_t h = <size_t>cls >> 4
    return (h ^ h >> 6) & 63


cdef inline int kind_of(object T) noexcept:
    """The kind of a box class, K_NONE for anything else."""
    cdef size_t i = first_seat(<void *>T)
    while SEATS[i].cls != NULL:
        if SEATS[i].cls == <void *>T:
            return SEATS[i].kind
        i = (i + 1) & 63
    return K_NONE
