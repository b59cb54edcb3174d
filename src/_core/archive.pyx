# cython: language_level=3, binding=False, embedsignature=True, embedsignature.format=clinic
# cython: always_allow_keywords=False
"""Values of an archive, one at a time: scalars, strings and counts.

There is one routine for each wire type and direction. Nothing here knows arrays and lines (`bulk` does), or
objects (`graph` does).
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.unicode cimport PyUnicode_1BYTE_DATA, PyUnicode_GET_LENGTH
from libc.stdint cimport INT64_MAX, int8_t, int16_t, int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.string cimport memcpy

from pysock._core.buffer cimport (
    C_GENERIC, F_FEED, F_MEMFILE, F_MEMORY, Buffer, check_budget, check_loading, check_storing, fail, fill, get8,
    get16, get32, limit_in, limit_out, over_limit, position, put8, put16, put32, read_exact, remaining, room,
    short_of, take, write_bulk,
)
from pysock._core.fast cimport (
    ps_as_double, ps_as_i64, ps_as_u64, ps_fits_float, ps_get16, ps_get32, ps_get64, ps_getf32, ps_getf64,
    ps_put16, ps_put32, ps_put64, ps_putf32, ps_putf64,
)
from pysock._core.text cimport codec, decode_utf16, store_utf16, utf16_units
from pysock._core.wire cimport (
    NAMES, K_BOOL, K_BYTE, K_CHAR, K_DOUBLE, K_DWORD, K_FLOAT, K_INT, K_LONG, K_LONGLONG, K_SHORT, K_UINT,
    K_ULONGLONG, K_WCHAR, K_WORD, K_bool, K_CString, K_CStringA, K_CStringW, refuse, unit_of,
)

cdef extern from "Python.h":
    bint PyUnicode_IS_ASCII(str s)

cdef enum:
    FIRST_PIECE = 65536     # bytes taken on trust when nobody knows how many will come (AR-188)
    PORTION = 64            # elements between looks at how much more must come (AR-219)


# --- scalars ----------------------------------------------------------------------------------------------

cdef inline int store_BYTE(Cursor c, object v) except -1:
    cdef int64_t x = 0
    if ps_as_i64(v, &x) != 0 or <uint64_t>x > 0xFF:
        refuse("BYTE", 0, 255, v)
    room(c, 1)[0] = <uint8_t>x
    return 0


cdef inline object load_BYTE(Cursor c):
    return take(c, 1)[0]


cdef inline int store_CHAR(Cursor c, object v) except -1:
    cdef int64_t x = 0
    if ps_as_i64(v, &x) != 0 or x != <int8_t>x:
        refuse("CHAR", -128, 127, v)
    room(c, 1)[0] = <uint8_t>x
    return 0


cdef inline object load_CHAR(Cursor c):
    return <int8_t>take(c, 1)[0]


cdef inline int store_WORD(Cursor c, object v) except -1:
    cdef int64_t x = 0
    if ps_as_i64(v, &x) != 0 or <uint64_t>x > 0xFFFF:
        refuse("WORD", 0, 65535, v)
    ps_put16(room(c, 2), <uint16_t>x)
    return 0


cdef inline object load_WORD(Cursor c):
    return ps_get16(take(c, 2))


cdef inline int store_SHORT(Cursor c, object v) except -1:
    cdef int64_t x = 0
    if ps_as_i64(v, &x) != 0 or x != <int16_t>x:
        refuse("SHORT", -32768, 32767, v)
    ps_put16(room(c, 2), <uint16_t>x)
    return 0


cdef inline object load_SHORT(Cursor c):
    return <int16_t>ps_get16(take(c, 2))


cdef inline int store_LONG(Cursor c, object v) except -1:
    cdef int64_t x = 0
    if ps_as_i64(v, &x) != 0 or x != <int32_t>x:
        refuse("LONG", -2147483648, 2147483647, v)
    ps_put32(room(c, 4), <uint32_t>x)
    return 0


cdef inline object load_LONG(Cursor c):
    return <int32_t>ps_get32(take(c, 4))


cdef inline int store_INT(Cursor c, object v) except -1:
    cdef int64_t x = 0
    if ps_as_i64(v, &x) != 0 or x != <int32_t>x:
        refuse("INT", -2147483648, 2147483647, v)
    ps_put32(room(c, 4), <uint32_t>x)
    return 0


cdef inline object load_INT(Cursor c):
    return <int32_t>ps_get32(take(c, 4))


cdef inline int store_BOOL(Cursor c, object v) except -1:
    cdef int64_t x = 0
    if ps_as_i64(v, &x) != 0 or x != <int32_t>x:
        refuse("BOOL", -2147483648, 2147483647, v)
    ps_put32(room(c, 4), <uint32_t>x)
    return 0


cdef inline object load_BOOL(Cursor c):
    return <int32_t>ps_get32(take(c, 4))


cdef inline int store_DWORD(Cursor c, object v) except -1:
    cdef int64_t x = 0
    if ps_as_i64(v, &x) != 0 or <uint64_t>x > 0xFFFFFFFF:
        refuse("DWORD", 0, 4294967295, v)
    ps_put32(room(c, 4), <uint32_t>x)
    return 0


cdef inline object load_DWORD(Cursor c):
    return ps_get32(take(c, 4))


cdef inline int store_UINT(Cursor c, object v) except -1:
    cdef int64_t x = 0
    if ps_as_i64(v, &x) != 0 or <uint64_t>x > 0xFFFFFFFF:
        refuse("UINT", 0, 4294967295, v)
    ps_put32(room(c, 4), <uint32_t>x)
    return 0


cdef inline object load_UINT(Cursor c):
    return ps_get32(take(c, 4))


cdef inline int store_LONGLONG(Cursor c, object v) except -1:
    cdef int64_t x = 0
    if ps_as_i64(v, &x) != 0:
        refuse("LONGLONG", -0x8000000000000000, 0x7FFFFFFFFFFFFFFF, v)
    ps_put64(room(c, 8), <uint64_t>x)
    return 0


cdef inline object load_LONGLONG(Cursor c):
    return <int64_t>ps_get64(take(c, 8))


cdef inline int store_ULONGLONG(Cursor c, object v) except -1:
    cdef uint64_t x = 0
    if ps_as_u64(v, &x) != 0:
        refuse("ULONGLONG", 0, 0xFFFFFFFFFFFFFFFF, v)
    ps_put64(room(c, 8), <uint64_t>x)
    return 0


cdef inline object load_ULONGLONG(Cursor c):
    return ps_get64(take(c, 8))


cdef inline int store_bool(Cursor c, object v) except -1:
    room(c, 1)[0] = 1 if v else 0
    return 0


cdef inline object load_bool(Cursor c):
    return take(c, 1)[0] != 0  # any non-zero byte is true (AR-46)


cdef int store_WCHAR(Cursor c, object v) except -1:
    ps_put16(room(c, 2), <uint16_t>unit_of(v))
    return 0


cdef object load_WCHAR(Cursor c):
    return chr(get16(c))


cdef inline int store_FLOAT(Cursor c, object v) except -1:
    cdef double x = 0
    ps_as_double(v, &x)
    if not ps_fits_float(x):
        raise OverflowError(f"FLOAT cannot hold {v!r}")
    ps_putf32(room(c, 4), <float>x)
    return 0


cdef inline object load_FLOAT(Cursor c):
    return <double>ps_getf32(take(c, 4))


cdef inline int store_DOUBLE(Cursor c, object v) except -1:
    cdef double x = 0
    ps_as_double(v, &x)
    ps_putf64(room(c, 8), x)
    return 0


cdef inline object load_DOUBLE(Cursor c):
    return ps_getf64(take(c, 8))


cdef int store_kind(Cursor c, int kind, object v) except -1:
    """Store `v` as the wire type `kind`."""
    if kind == K_LONG:
        return store_LONG(c, v)
    if kind == K_DWORD:
        return store_DWORD(c, v)
    if kind == K_WORD:
        return store_WORD(c, v)
    if kind == K_BYTE:
        return store_BYTE(c, v)
    if kind == K_INT:
        return store_INT(c, v)
    if kind == K_UINT:
        return store_UINT(c, v)
    if kind == K_DOUBLE:
        return store_DOUBLE(c, v)
    if kind == K_FLOAT:
        return store_FLOAT(c, v)
    if kind == K_LONGLONG:
        return store_LONGLONG(c, v)
    if kind == K_ULONGLONG:
        return store_ULONGLONG(c, v)
    if kind == K_SHORT:
        return store_SHORT(c, v)
    if kind == K_CHAR:
        return store_CHAR(c, v)
    if kind == K_bool:
        return store_bool(c, v)
    if kind == K_BOOL:
        return store_BOOL(c, v)
    if kind == K_WCHAR:
        return store_WCHAR(c, v)
    return store_string(c, v, kind)


cdef object load_kind(Cursor c, int kind):
    """Load a value of the wire type `kind`."""
    if kind == K_LONG:
        return load_LONG(c)
    if kind == K_DWORD:
        return load_DWORD(c)
    if kind == K_WORD:
        return load_WORD(c)
    if kind == K_BYTE:
        return load_BYTE(c)
    if kind == K_INT:
        return load_INT(c)
    if kind == K_UINT:
        return load_UINT(c)
    if kind == K_DOUBLE:
        return load_DOUBLE(c)
    if kind == K_FLOAT:
        return load_FLOAT(c)
    if kind == K_LONGLONG:
        return load_LONGLONG(c)
    if kind == K_ULONGLONG:
        return load_ULONGLONG(c)
    if kind == K_SHORT:
        return load_SHORT(c)
    if kind == K_CHAR:
        return load_CHAR(c)
    if kind == K_bool:
        return load_bool(c)
    if kind == K_BOOL:
        return load_BOOL(c)
    if kind == K_WCHAR:
        return load_WCHAR(c)
    return load_string(c)


# --- strings ----------------------------------------------------------------------------------------------

cdef int store_length(Cursor c, uint64_t n, bint wide) except -1:
    """Marker and length of a counted string (AR-52)."""
    if wide:  # a BYTE and a WORD to MFC, so they may be flushed apart
        put8(c, 0xFF)
        put16(c, 0xFFFE)
    if n < 0xFF:
        return put8(c, <uint8_t>n)
    put8(c, 0xFF)
    if n < 0xFFFE:
        return put16(c, <uint16_t>n)
    put16(c, 0xFFFF)
    if n < 0xFFFFFFFF:
        return put32(c, <uint32_t>n)
    put32(c, 0xFFFFFFFF)
    ps_put64(room(c, 8), n)
    return 0


cdef int store_string(Cursor c, object v, int kind) except -1:
    """A counted string of the kind CString, CStringA or CStringW (AR-52 to AR-55, AR-60, AR-61)."""
    cdef Py_ssize_t n
    cdef uint8_t *p
    cdef bytes data
    cdef str s
    cdef bint wide = c.wide if kind == K_CString else kind == K_CStringW
    if kind == K_CStringA and isinstance(v, bytes):
        data = v
    elif not isinstance(v, str):
        raise TypeError(f"{NAMES[kind]} needs a str, got {type(v).__name__}")
    else:
        s = v
        if wide:
            return store_wide(c, s)
        if PyUnicode_IS_ASCII(s) and PyUnicode_GET_LENGTH(s) < 0xFF and c.codec.plain:
            n = PyUnicode_GET_LENGTH(s)
            if n < c.wlim - c.wcur:
                p = c.wcur
                p[0] = <uint8_t>n
                memcpy(p + 1, PyUnicode_1BYTE_DATA(s), n)
                c.wcur = p + 1 + n
                return 0
        if c.wcur == c.wlim:
            check_storing(c)
        data = c.codec.encode(s)
    n = PyBytes_GET_SIZE(data)
    store_length(c, n, False)
    return write_bulk(c, <const uint8_t *>PyBytes_AS_STRING(data), n, data)


cdef int store_wide(Cursor c, str s) except -1:
    cdef Py_ssize_t n = utf16_units(s)
    cdef uint8_t *p
    if n < 0xFF and 4 + 2 * n <= c.wlim - c.wcur:
        p = c.wcur
        p[0] = 0xFF
        ps_put16(p + 1, 0xFFFE)
        p[3] = <uint8_t>n
        store_utf16(p + 4, s)
        c.wcur = p + 4 + 2 * n
        return 0
    store_length(c, n, True)
    return store_units(c, s, n)


cdef int store_units(Cursor c, str s, Py_ssize_t n) except -1:
    """The n UTF-16 units of `s`, without a length."""
    if 0 < 2 * n <= c.wlim - c.wcur:
        store_utf16(c.wcur, s)
        c.wcur += 2 * n
        return 0
    data = PyBytes_FromStringAndSize(NULL, 2 * n)
    store_utf16(<uint8_t *>PyBytes_AS_STRING(data), s)
    return write_bulk(c, <const uint8_t *>PyBytes_AS_STRING(data), 2 * n, data)


cdef int overlong(Cursor c, int64_t at) except -1:
    return fail(c, C_GENERIC, at, "the shortest form of a length", "a longer one (canonical=True)")


cdef uint64_t load_length(Cursor c, bint *wide) except? 0xFFFFFFFFFFFFFFFF:
    """Marker and length of a counted string, any form (AR-56 to AR-58)."""
    cdef int64_t at = position(c)
    cdef uint64_t n = get8(c)
    wide[0] = False
    if n < 0xFF:
        return n
    n = get16(c)
    if n == 0xFFFE:
        wide[0] = True
        n = get8(c)
        if n < 0xFF:
            return n
        n = get16(c)
    if n < 0xFFFF:
        if c.canonical and (n < 0xFF or n == 0xFFFE):
            overlong(c, at)
        return n
    n = get32(c)
    if n < 0xFFFFFFFF:
        if c.canonical and n < 0xFFFE:
            overlong(c, at)
        return n
    n = ps_get64(take(c, 8))
    if c.canonical and n < 0xFFFFFFFF:
        overlong(c, at)
    if c._bits == 32:
        if n > 0x7FFFFFFF:
            fail(c, C_GENERIC, at, "at most 2147483647 units (32-bit profile)", f"a length of {n}")
    return n


cdef int check_string(Cursor c, uint64_t n, int64_t at) except -1:
    """AR-179, AR-189."""
    if n > INT64_MAX or (c.max_string_ >= 0 and <int64_t>n > c.max_string_):
        over_limit(c, "max_string", c.max_string_ if c.max_string_ >= 0 else INT64_MAX, n, at)
    return 0


cdef str narrow_text(Cursor c, const uint8_t *p, Py_ssize_t n):
    """The text of n bytes at `p`, the last that were loaded."""
    cdef str s = c.codec.quick(p, n)
    if s is None:
        s = c.codec.decode(PyBytes_FromStringAndSize(<const char *>p, n), position(c) - n)
    return s


cdef str load_string(Cursor c):
    """A counted string of either kind, whatever was asked for (AR-56, AR-59)."""
    cdef bint wide = False
    cdef uint8_t *p = c.rcur
    cdef Py_ssize_t left = c.rlim - p
    cdef int64_t n, size, at
    cdef uint64_t length
    cdef bytes data
    if left > 1 and p[0] <= c.short_string and p[0] < left:  # most strings: one length byte, all of it here
        n = p[0]
        c.rcur = p + 1 + n
        return narrow_text(c, p + 1, n)
    if (left > 4 and p[0] == 0xFF and p[1] == 0xFE and p[2] == 0xFF
            and p[3] <= c.short_string and 2 * p[3] <= left - 4):
        n = p[3]
        c.rcur = p + 4 + 2 * n
        return decode_utf16(p + 4, n)
    at = position(c)
    length = load_length(c, &wide)
    if c._faithful:
        length &= 0xFFFFFFFF  # AR-58: the real one keeps the low half
    check_string(c, length, at)
    n = length
    if n > INT64_MAX // 2:
        short_of(c, at, n, c.rend - c.rcur)
    size = 2 * n if wide else n
    if size <= c.rlim - c.rcur:
        p = c.rcur
        c.rcur = p + size
        return decode_utf16(p, n) if wide else narrow_text(c, p, n)
    data = read_exact(c, size, at)
    p = <uint8_t *>PyBytes_AS_STRING(data)
    return decode_utf16(p, n) if wide else narrow_text(c, p, n)


# --- counts -----------------------------------------------------------------------------------------------

cdef uint64_t read_count(Cursor c) except? 0xFFFFFFFFFFFFFFFF:
    """A collection's count (AR-71), checked against max_count (AR-180)."""
    cdef int64_t at = position(c)
    cdef uint64_t n = get16(c)
    if n == 0xFFFF:
        n = get32(c)
        if c.canonical and n < 0xFFFF:
            overlong(c, at)
        if n == 0xFFFFFFFF and c._bits == 64:
            n = ps_get64(take(c, 8))
            if c.canonical and n < 0xFFFFFFFF:
                overlong(c, at)
    if c.max_count_ >= 0:
        sizable_count(c, n, at)
    return n


cdef int64_t sizable_count(Cursor c, uint64_t n, int64_t at) except -1:
    """The count as a number that memory can be sized by (AR-180, AR-189)."""
    if n > INT64_MAX or (c.max_count_ >= 0 and <int64_t>n > c.max_count_):
        over_limit(c, "max_count", c.max_count_ if c.max_count_ >= 0 else INT64_MAX, n, at)
    return n


cdef int write_count(Cursor c, uint64_t n) except -1:
    if n < 0xFFFF:
        return put16(c, <uint16_t>n)
    put16(c, 0xFFFF)
    if n < 0xFFFFFFFF or c._bits == 32:
        return put32(c, <uint32_t>n)
    put32(c, 0xFFFFFFFF)
    ps_put64(room(c, 8), n)
    return 0


cdef int64_t check_count(Cursor c, int64_t n, int64_t size, int64_t at) except -1:
    """How many of n elements of at least `size` bytes may be given room before they are read (AR-187,
    AR-188)."""
    cdef int64_t known, buffered = c.rlim - c.rcur, most
    sizable_count(c, n, at)
    if size <= 0:
        return n if n < FIRST_PIECE else FIRST_PIECE
    if n <= buffered // size:
        return n
    check_loading(c)
    if n > INT64_MAX // size:
        short_of(c, at, INT64_MAX, buffered)
    check_budget(c, n * size)
    if c.source == F_FEED:
        if c.least < position(c) + n * size:
            c.least = position(c) + n * size  # not before that is another try worth while (AR-219)
        if not c.stoppable:
            fill(c, n * size)
        most = FIRST_PIECE // size + 1
        return n if n < most else most
    known = -1
    if c.source == F_MEMORY or c.source == F_MEMFILE or (n > FIRST_PIECE // size and not c._faithful):
        known = remaining(c)
    if known < 0:
        most = FIRST_PIECE // size + 1
        return n if n < most else most
    if n * size > known:
        short_of(c, at, n * size, known)
    return n


# --- the class ---------------------------------------------------------------------------------------------

cdef object _default_codec = codec("cp1252", "strict")


cdef class Cursor(Buffer):
    """The archive of single values, with its settings."""

    def __cinit__(self, *args, **kwargs):
        self.codec = _default_codec  # a subclass may forget to call __init__

    # --- settings

    @property
    def unicode(self):
        """True if the archive's own character is a UTF-16 unit, as in a Unicode build (AR-54)."""
        return self.wide

    @unicode.setter
    def unicode(self, value):
        self.wide = bool(value)

    @property
    def encoding(self):
        """The code page of one-byte text (AR-60)."""
        return self.codec.encoding

    @encoding.setter
    def encoding(self, value):
        self.codec = codec(value, self.codec.errors)

    @property
    def errors(self):
        """What happens to text that the code page does not have: Python's "strict", "replace", ..."""
        return self.codec.errors

    @errors.setter
    def errors(self, value):
        self.codec = codec(self.codec.encoding, value)

    @property
    def profile(self):
        """The MFC generation that is written: "mfc6", "mfc8" or "mfc9"."""
        return self._profile

    @property
    def map_order(self):
        """None, "mfc6" or "mfc9": the order in which maps are written (AR-147)."""
        return self._map_order

    @property
    def bits(self):
        """32 or 64: the width of counts and lengths in the build that is imitated."""
        return self._bits

    @property
    def max_string(self):
        """Most units of a string, None for no limit (AR-179)."""
        return limit_out(self.max_string_)

    @max_string.setter
    def max_string(self, value):
        self.max_string_ = limit_in("max_string", value)
        self.short_string = 0xFE if self.max_string_ < 0 or self.max_string_ > 0xFE else <int>self.max_string_

    @property
    def max_count(self):
        """Most elements of a collection, None for no limit (AR-180)."""
        return limit_out(self.max_count_)

    @max_count.setter
    def max_count(self, value):
        self.max_count_ = limit_in("max_count", value)

    # --- counts and lengths

    def ReadCount(self):
        """The number of elements that stands before a collection: 16, 32 or 64 bits (AR-71).
        ArchiveLimitError above max_count."""
        return read_count(self)

    def WriteCount(self, n, /):
        """Store a number of elements in its shortest form (AR-70)."""
        cdef uint64_t x = 0
        high = 0xFFFFFFFF if self._bits == 32 else 0xFFFFFFFFFFFFFFFF
        if ps_as_u64(n, &x) != 0 or (self._bits == 32 and x > 0xFFFFFFFF):
            refuse("a count", 0, high, n)
        write_count(self, x)

    def ReadStringLength(self):
        """Marker and length of a counted string, any form: (units, bytes of a unit) (AR-56). No limit is
        applied to the number."""
        cdef bint wide = False
        cdef uint64_t n = load_length(self, &wide)
        return n, 2 if wide else 1

    def WriteStringLength(self, n, unicode=False):
        """Store marker and length of a counted string in the shortest form (AR-52)."""
        cdef uint64_t x = 0
        if ps_as_u64(n, &x) != 0:
            refuse("a string length", 0, 0xFFFFFFFFFFFFFFFF, n)
        store_length(self, x, bool(unicode))

    def check_count(self, n, min_size=1):
        """Check a count from the stream before anything is made for it, and return how many elements may be
        given room at once.

        ArchiveLimitError above max_count or max_total; endOfFile if the stream is known to be shorter than
        n * min_size bytes (AR-180, AR-187, AR-188). An archive that is fed is best asked
        again after the few elements that it names: with fewer left it knows better what must come (AR-219).
        """
        cdef uint64_t count = 0
        cdef int64_t most
        if ps_as_u64(n, &count) != 0:
            refuse("a count", 0, 0xFFFFFFFFFFFFFFFF, n)
        most = check_count(self, sizable_count(self, count, position(self)), min_size, position(self))
        return PORTION if most > PORTION and self.source == F_FEED else most

    # --- typed members

    def WriteBYTE(self, value, /):
        """Store an int 0..255: 1 byte (AR-43). OverflowError if it does not fit."""
        store_BYTE(self, value)

    def ReadBYTE(self):
        """Load 1 byte: an int (AR-43). endOfFile if there are fewer."""
        return load_BYTE(self)

    def WriteCHAR(self, value, /):
        """Store an int -128..127: 1 byte (AR-43). OverflowError if it does not fit."""
        store_CHAR(self, value)

    def ReadCHAR(self):
        """Load 1 byte: an int (AR-43). endOfFile if there are fewer."""
        return load_CHAR(self)

    def Writebool(self, value, /):
        """Store 1 if the value is true, else 0: 1 byte (AR-43)."""
        store_bool(self, value)

    def Readbool(self):
        """Load 1 byte: True or False (AR-43). endOfFile if there are fewer."""
        return load_bool(self)

    def WriteBOOL(self, value, /):
        """Store a 32-bit int; True is 1: 4 bytes (AR-43). OverflowError if it does not fit."""
        store_BOOL(self, value)

    def ReadBOOL(self):
        """Load 4 bytes: an int (AR-43). endOfFile if there are fewer."""
        return load_BOOL(self)

    def WriteWORD(self, value, /):
        """Store an int 0..65535: 2 bytes (AR-43). OverflowError if it does not fit."""
        store_WORD(self, value)

    def ReadWORD(self):
        """Load 2 bytes: an int (AR-43). endOfFile if there are fewer."""
        return load_WORD(self)

    def WriteSHORT(self, value, /):
        """Store an int -32768..32767: 2 bytes (AR-43). OverflowError if it does not fit."""
        store_SHORT(self, value)

    def ReadSHORT(self):
        """Load 2 bytes: an int (AR-43). endOfFile if there are fewer."""
        return load_SHORT(self)

    def WriteWCHAR(self, value, /):
        """Store a str of one UTF-16 unit, or its number: 2 bytes (AR-43). OverflowError if it does not
        fit."""
        store_WCHAR(self, value)

    def ReadWCHAR(self):
        """Load 2 bytes: a str of one unit (AR-43). endOfFile if there are fewer."""
        return load_WCHAR(self)

    def WriteLONG(self, value, /):
        """Store a signed 32-bit int: 4 bytes (AR-43). OverflowError if it does not fit."""
        store_LONG(self, value)

    def ReadLONG(self):
        """Load 4 bytes: an int (AR-43). endOfFile if there are fewer."""
        return load_LONG(self)

    def WriteINT(self, value, /):
        """Store a signed 32-bit int: 4 bytes (AR-43). OverflowError if it does not fit."""
        store_INT(self, value)

    def ReadINT(self):
        """Load 4 bytes: an int (AR-43). endOfFile if there are fewer."""
        return load_INT(self)

    def WriteDWORD(self, value, /):
        """Store an unsigned 32-bit int: 4 bytes (AR-43). OverflowError if it does not fit."""
        store_DWORD(self, value)

    def ReadDWORD(self):
        """Load 4 bytes: an int (AR-43). endOfFile if there are fewer."""
        return load_DWORD(self)

    def WriteUINT(self, value, /):
        """Store an unsigned 32-bit int: 4 bytes (AR-43). OverflowError if it does not fit."""
        store_UINT(self, value)

    def ReadUINT(self):
        """Load 4 bytes: an int (AR-43). endOfFile if there are fewer."""
        return load_UINT(self)

    def WriteLONGLONG(self, value, /):
        """Store a signed 64-bit int: 8 bytes (AR-43). OverflowError if it does not fit."""
        store_LONGLONG(self, value)

    def ReadLONGLONG(self):
        """Load 8 bytes: an int (AR-43). endOfFile if there are fewer."""
        return load_LONGLONG(self)

    def WriteULONGLONG(self, value, /):
        """Store an unsigned 64-bit int: 8 bytes (AR-43). OverflowError if it does not fit."""
        store_ULONGLONG(self, value)

    def ReadULONGLONG(self):
        """Load 8 bytes: an int (AR-43). endOfFile if there are fewer."""
        return load_ULONGLONG(self)

    def WriteFLOAT(self, value, /):
        """Store a float, rounded to 32 bits: 4 bytes (AR-43). OverflowError if it does not fit."""
        store_FLOAT(self, value)

    def ReadFLOAT(self):
        """Load 4 bytes: a float (AR-43). endOfFile if there are fewer."""
        return load_FLOAT(self)

    def WriteDOUBLE(self, value, /):
        """Store a float of 64 bits: 8 bytes (AR-43)."""
        store_DOUBLE(self, value)

    def ReadDOUBLE(self):
        """Load 8 bytes: a float (AR-43). endOfFile if there are fewer."""
        return load_DOUBLE(self)

    def WriteCString(self, value, /):
        """Store a str as a counted string as the archive's `unicode` says (AR-52). UnicodeEncodeError by the
        policy `errors`."""
        store_string(self, value, K_CString)

    def ReadCString(self):
        """Load a counted string of either kind, whatever its length form: a str (AR-56). endOfFile if it is
        cut."""
        return load_string(self)

    def WriteCStringA(self, value, /):
        """Store a str as a counted string of one-byte characters (AR-52). bytes are stored as they are.
        UnicodeEncodeError by the policy `errors`."""
        store_string(self, value, K_CStringA)

    def ReadCStringA(self):
        """Load a counted string of either kind, whatever its length form: a str (AR-56). endOfFile if it is
        cut."""
        return load_string(self)

    def WriteCStringW(self, value, /):
        """Store a str as a counted string of UTF-16 units (AR-52). UnicodeEncodeError by the policy
        `errors`."""
        store_string(self, value, K_CStringW)

    def ReadCStringW(self):
        """Load a counted string of either kind, whatever its length form: a str (AR-56). endOfFile if it is
        cut."""
        return load_string(self)
