# cython: language_level=3, binding=False, embedsignature=True, embedsignature.format=clinic
# cython: always_allow_keywords=False
"""The scalar wire types: kinds, and the boxes that ported code passes around (AR-43, AR-193)."""

cimport cython
from cpython.unicode cimport PyUnicode_GET_LENGTH
from libc.stdint cimport int64_t, uint64_t

from operator import index as _index

from pysock._core.fast cimport ps_as_i64, ps_fits_float
from pysock._core.public cimport ps_public

cdef int refuse(object name, object low, object high, object v) except -1:
    """Raise for a value that is not an int or does not fit (AR-194)."""
    if not hasattr(v, "__index__"):
        raise TypeError(f"{name} needs an int, got {type(v).__name__}")
    raise OverflowError(f"{name} needs {low}..{high}, got {v!r}")


cdef int unit_of(object v) except -1:
    """A str of one UTF-16 unit, or its number."""
    cdef int64_t x = 0
    if isinstance(v, str):
        if PyUnicode_GET_LENGTH(v) != 1:
            raise ValueError(f"WCHAR needs one character, got {v!r}")
        v = ord(v)
    if ps_as_i64(v, &x) != 0 or <uint64_t>x > 0xFFFF:
        refuse("WCHAR", 0, 0xFFFF, v)
    return <int>x


cdef tuple NAMES = (
    "BYTE", "CHAR", "bool_", "BOOL", "WORD", "SHORT", "WCHAR", "LONG", "INT", "DWORD", "UINT", "LONGLONG",
    "ULONGLONG", "FLOAT", "DOUBLE", "CString", "CStringA", "CStringW",
)
cdef int *BITS = [8, 8, 8, 32, 16, 16, 16, 32, 32, 32, 32, 64, 64, 32, 64]
# array.array's type codes of the kinds that have one
cdef str CODES = "BbBiHhHiiIIqQfd"


cdef bint signed_kind(int kind) noexcept:
    return (kind == K_CHAR or kind == K_BOOL or kind == K_SHORT or kind == K_LONG or kind == K_INT
            or kind == K_LONGLONG)


cdef tuple range_of(int kind):
    """The least and the greatest number of an integer kind."""
    cdef object span = 1 << <object>BITS[kind]
    return (-(span >> 1), (span >> 1) - 1) if signed_kind(kind) else (0, span - 1)


cdef object checked(int kind, object v):
    """`v` as the value of a box of that kind, or OverflowError / TypeError (AR-194)."""
    cdef double x
    if kind >= K_CString:
        if isinstance(v, StringBox):
            v = (<StringBox>v)._v
        if not isinstance(v, str) and not (kind == K_CStringA and isinstance(v, bytes)):
            raise TypeError(f"{NAMES[kind]} needs a str, got {type(v).__name__}")
        return v
    if kind == K_DOUBLE or kind == K_FLOAT:
        x = float(v)
        if kind == K_FLOAT:
            if not ps_fits_float(x):
                raise OverflowError(f"FLOAT cannot hold {v!r}")
            x = <float>x
        return x
    if kind == K_bool:
        return True if v else False
    if kind == K_WCHAR:
        return chr(unit_of(v))
    low, high = range_of(kind)
    if not hasattr(v, "__index__"):
        refuse(NAMES[kind], low, high, v)
    n = _index(v)
    if not low <= n <= high:
        refuse(NAMES[kind], low, high, v)
    return n


cdef object truncated(int kind, object v):
    """`v` cut to the width of the kind, as C++ does it."""
    cdef object span = 1 << <object>BITS[kind], n
    if kind == K_bool:
        return bool(v)
    n = int(v) % span
    if kind == K_WCHAR:
        return chr(n)
    return n - span if n > range_of(kind)[1] else n


cdef int set_box(Box box, object v) except -1:
    box._v = checked(box._kind, v)
    return 0


@cython.freelist(32)  # serves the subclasses too: they have the same fields
cdef class Box:
    """Base of the scalar wire types: a mutable value of a known width (AR-193)."""

    def __init__(self):
        raise TypeError("this is the base of the wire types; use one of them, for example WORD(5)")

    @property
    def value(self):
        """The value; assigning checks the range."""
        return self._v

    @value.setter
    def value(self, v):
        set_box(self, v)

    def __bool__(self):
        return bool(self._v)

    def __str__(self):
        return str(self._v)

    def __repr__(self):
        return f"{NAMES[self._kind]}({self._v!r})"

    def __reduce__(self):
        return type(self), (self._v,)

    def __eq__(self, other):
        return self._v == ((<Box>other)._v if isinstance(other, Box) else other)


cdef class IntBox(Box):
    """IntBox(value=0, /)
--

    Base of the boxes of an integer type."""

    def __init__(self, value=0, /):
        set_box(self, value)

    @classmethod
    def wrap(cls, value, /):
        """A box of `value` cut to the width, as C++ would do it (AR-194)."""
        cdef Box box = cls()
        box._v = truncated(box._kind, value)
        return box

    def __int__(self):
        return ord(self._v) if self._kind == K_WCHAR else int(self._v)

    def __index__(self):
        return ord(self._v) if self._kind == K_WCHAR else int(self._v)

    def __float__(self):
        return float(int(self))


cdef class FloatBox(Box):
    """FloatBox(value=0.0, /)
--

    Base of the boxes of a floating-point type."""

    def __init__(self, value=0.0, /):
        set_box(self, value)

    def __int__(self):
        return int(self._v)

    def __float__(self):
        return self._v


cdef class StringBox(Box):
    """StringBox(value="", /)
--

    Base of the boxes of a string type."""

    def __init__(self, value="", /):
        set_box(self, value)

    def __len__(self):
        return len(self._v)


@cython.final
cdef class BYTE(IntBox):
    """A box of an unsigned 8-bit number (`unsigned char`). OverflowError if a value does not fit (AR-43,
    AR-194)."""

    def __cinit__(self):
        self._kind = K_BYTE


@cython.final
cdef class CHAR(IntBox):
    """A box of a signed 8-bit number (`char`). OverflowError if a value does not fit (AR-43, AR-194)."""

    def __cinit__(self):
        self._kind = K_CHAR


@cython.final
cdef class bool_(IntBox):
    """A box of a C++ `bool`, one byte; not to be mixed up with the 4-byte `BOOL`. OverflowError if a value
    does not fit (AR-43, AR-194)."""

    def __cinit__(self):
        self._kind = K_bool


@cython.final
cdef class BOOL(IntBox):
    """A box of Win32's `BOOL`, a 32-bit `int`. OverflowError if a value does not fit (AR-43, AR-194)."""

    def __cinit__(self):
        self._kind = K_BOOL


@cython.final
cdef class WORD(IntBox):
    """A box of an unsigned 16-bit number. OverflowError if a value does not fit (AR-43, AR-194)."""

    def __cinit__(self):
        self._kind = K_WORD


@cython.final
cdef class SHORT(IntBox):
    """A box of a signed 16-bit number. OverflowError if a value does not fit (AR-43, AR-194)."""

    def __cinit__(self):
        self._kind = K_SHORT


@cython.final
cdef class WCHAR(IntBox):
    """A box of one UTF-16 unit (`wchar_t`); the value is a str of one character. OverflowError if a value
    does not fit (AR-43, AR-194)."""

    def __cinit__(self):
        self._kind = K_WCHAR


@cython.final
cdef class LONG(IntBox):
    """A box of a signed 32-bit number (`long`, on 64-bit Windows too). OverflowError if a value does not fit
    (AR-43, AR-194)."""

    def __cinit__(self):
        self._kind = K_LONG


@cython.final
cdef class INT(IntBox):
    """A box of a signed 32-bit number (`int`). OverflowError if a value does not fit (AR-43, AR-194)."""

    def __cinit__(self):
        self._kind = K_INT


@cython.final
cdef class DWORD(IntBox):
    """A box of an unsigned 32-bit number. OverflowError if a value does not fit (AR-43, AR-194)."""

    def __cinit__(self):
        self._kind = K_DWORD


@cython.final
cdef class UINT(IntBox):
    """A box of an unsigned 32-bit number (`unsigned`). OverflowError if a value does not fit (AR-43,
    AR-194)."""

    def __cinit__(self):
        self._kind = K_UINT


@cython.final
cdef class LONGLONG(IntBox):
    """A box of a signed 64-bit number. OverflowError if a value does not fit (AR-43, AR-194)."""

    def __cinit__(self):
        self._kind = K_LONGLONG


@cython.final
cdef class ULONGLONG(IntBox):
    """A box of an unsigned 64-bit number. OverflowError if a value does not fit (AR-43, AR-194)."""

    def __cinit__(self):
        self._kind = K_ULONGLONG


@cython.final
cdef class FLOAT(FloatBox):
    """A box of a 32-bit IEEE number; the value is rounded to it (AR-45)."""

    def __cinit__(self):
        self._kind = K_FLOAT


@cython.final
cdef class DOUBLE(FloatBox):
    """A box of a 64-bit IEEE number (AR-45)."""

    def __cinit__(self):
        self._kind = K_DOUBLE


@cython.final
cdef class CString(StringBox):
    """A box of a counted string of the archive's own character type (AR-54) (AR-52)."""

    def __cinit__(self):
        self._kind = K_CString


@cython.final
cdef class CStringA(StringBox):
    """A box of a counted string of one-byte characters; the value may be bytes, which are stored as they are
    (AR-52)."""

    def __cinit__(self):
        self._kind = K_CStringA


@cython.final
cdef class CStringW(StringBox):
    """A box of a counted string of UTF-16 units (AR-52)."""

    def __cinit__(self):
        self._kind = K_CStringW


cdef Seat[64] _seats
cdef Seat *SEATS = _seats


cdef int seat(object T, int kind) noexcept:
    cdef size_t i = first_seat(<void *>T)
    while _seats[i].cls != NULL:
        i = (i + 1) & 63
    _seats[i].cls = <void *>T
    _seats[i].kind = kind
    return 0


for _kind, _cls in enumerate((BYTE, CHAR, bool_, BOOL, WORD, SHORT, WCHAR, LONG, INT, DWORD, UINT, LONGLONG,
                              ULONGLONG, FLOAT, DOUBLE, CString, CStringA, CStringW)):
    ps_public(_cls)
    seat(_cls, _kind)  # these classes live as long as the process, so an address never means another
del _kind, _cls
