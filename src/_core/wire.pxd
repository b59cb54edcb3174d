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

cdef int kind_of(object T) noexcept
cdef int set_box(Box box, object v) except -1
cdef int unit_of(object v) except -1
cdef int refuse(object name, object low, object high, object v) except -1
