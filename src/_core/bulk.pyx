# cython: language_level=3, binding=False, embedsignature=True, embedsignature.format=clinic
# cython: always_allow_keywords=False
"""Runs of values that an archive moves in one call: whole arrays as they lie in memory, and lines of text.

Memory is made for bytes that are there or known to come; for others it grows as they arrive (AR-188).
"""

from cpython.array cimport array, clone, resize
from cpython.buffer cimport (
    PyBUF_C_CONTIGUOUS, PyBUF_FORMAT, PyBUF_WRITABLE, PyBuffer_Release, PyObject_GetBuffer,
)
from cpython.bytearray cimport PyByteArray_AS_STRING
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.stdint cimport INT64_MAX, int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.string cimport memchr

import array as _array
from struct import Struct as _Struct

from pysock._core.archive cimport Cursor, check_count, read_count, sizable_count, store_units, write_count
from pysock._core.buffer cimport (
    F_FEED, check_loading, check_storing, enter_item, fill, leave_item, longer, over_limit, position, read_bulk,
    short_of, text_of_bytes, write_bulk,
)
from pysock._core.fast cimport PS_BIG_ENDIAN, ps_get16, ps_put16, ps_put32, ps_put64
from pysock._core.text cimport decode_utf16, utf16_units
from pysock._core.wire cimport BITS, CODES, NAMES, K_DOUBLE, K_FLOAT, K_NONE, StringBox, kind_of, set_box

# --- bulk arrays ------------------------------------------------------------------------------------------

cdef class Layout:
    """Item size and format of an array's elements."""
    cdef Py_ssize_t size
    cdef int kind           # K_NONE for structures


cdef Layout layout_of(object T):
    """From a scalar box class, or anything that states an explicit layout (AR-215): `struct.Struct`, a ctypes
    type, a numpy dtype."""
    cdef Layout lay = Layout.__new__(Layout)
    lay.kind = kind_of(T)
    if K_NONE < lay.kind <= K_DOUBLE:
        lay.size = BITS[lay.kind] >> 3
        return lay
    if lay.kind == K_NONE:
        size = getattr(T, "size", None) if isinstance(T, _Struct) else getattr(T, "itemsize", None)
        if size is None and isinstance(T, type) and (hasattr(T, "_fields_") or hasattr(T, "_type_")):
            import ctypes
            size = ctypes.sizeof(T)
        if isinstance(size, int) and size > 0:
            lay.size = size
            return lay
    raise TypeError(f"array elements must be a scalar wire type or have an explicit layout, not {T!r}")


cdef int check_format(Layout lay, Py_buffer *view) except -1:
    """Refuse a buffer whose elements are plainly something else (AR-214).  1 if they lie the other way round in
    memory than in the archive; bytes are the archive's own."""
    cdef bytes fmt = view.format if view.format != NULL else b"B"
    cdef bint swap = PS_BIG_ENDIAN and lay.kind != K_NONE and view.itemsize > 1
    if len(fmt) > 1 and (fmt[:1] in b"<=@|" or PS_BIG_ENDIAN and fmt[:1] in b">!"):
        swap = swap and fmt[:1] != b"<"
        fmt = fmt[1:]
    if lay.kind == K_NONE:
        if view.itemsize != lay.size and view.itemsize != 1:
            raise TypeError(f"items of {view.itemsize} bytes, the layout has {lay.size}")
    elif view.itemsize == 1 and lay.size > 1:
        if fmt not in (b"B", b"b", b"c"):
            raise TypeError(f"items of format {fmt.decode()!r} are not {NAMES[lay.kind]}")
    else:
        allowed = (b"f", b"d") if lay.kind == K_FLOAT or lay.kind == K_DOUBLE else _INTEGERS
        if view.itemsize != lay.size or fmt not in allowed:
            raise TypeError(f"items of format {fmt.decode()!r} and {text_of_bytes(view.itemsize)} are not "
                            f"{NAMES[lay.kind]}")
    if view.len % lay.size:
        raise ValueError(f"{text_of_bytes(view.len)} are no multiple of {text_of_bytes(lay.size)}")
    return swap


cdef tuple _INTEGERS = (b"B", b"b", b"c", b"?", b"H", b"h", b"I", b"i", b"L", b"l", b"Q", b"q", b"N", b"n")


cdef void swap_items(uint8_t *p, Py_ssize_t n, Py_ssize_t size) noexcept:
    """Little-endian to the host's order and back, in place; only big-endian hosts call it."""
    cdef Py_ssize_t i
    for i in range(0, n * size, size):
        if size == 2:
            ps_put16(p + i, (<uint16_t *>(p + i))[0])
        elif size == 4:
            ps_put32(p + i, (<uint32_t *>(p + i))[0])
        elif size == 8:
            ps_put64(p + i, (<uint64_t *>(p + i))[0])


cdef array doubled(array a):
    """With twice as many items; another one if the file keeps what it was lent of this one."""
    try:
        a *= 2
        return a
    except BufferError:
        return a * 2


cdef object new_array(Cursor c, Layout lay, object T, int64_t n, int64_t at):
    """n items in a new array.array (a bytearray for structures); it grows with what arrives."""
    cdef array result
    cdef int64_t sure, total
    cdef Py_ssize_t have = 0, got
    cdef str code
    sure = check_count(c, n, lay.size, at) * lay.size
    total = n * lay.size  # which check_count knows to fit
    if c.source == F_FEED:
        fill(c, total)
    if lay.kind == K_NONE:
        grown = bytearray(sure)
        result = None
    else:
        code = CODES[lay.kind]
        result = clone(_array.array(code), sure // lay.size, False)
    while True:
        owner = grown if result is None else result
        if result is None:
            got = read_bulk(c, <uint8_t *>PyByteArray_AS_STRING(grown) + have, sure - have, grown, have)
        else:
            got = read_bulk(c, result.data.as_uchars + have, sure - have, result, have)
        have += got
        if have < sure:
            short_of(c, at, total, have)
        if have == total:
            break
        sure = total if total < 2 * sure else 2 * sure
        if result is None:
            grown = longer(grown, sure - have)
        else:
            result = doubled(result)
            resize(result, sure // lay.size)  # nobody has it yet
    if PS_BIG_ENDIAN and result is not None:
        swap_items(result.data.as_uchars, n, lay.size)
    return owner


# --- lines ------------------------------------------------------------------------------------------------

cdef int next_unit(Cursor c, bint wide) except -2:
    """The next character of the archive's own type, -1 at the end of the stream."""
    cdef Py_ssize_t size = 2 if wide else 1
    cdef uint8_t *p
    if c.rlim - c.rcur < size and not fill(c, size):
        return -1
    p = c.rcur
    c.rcur = p + size
    return ps_get16(p) if wide else p[0]


cdef int keep_unit(Cursor c, bytearray units, int unit, bint wide) except -1:
    if c.max_string_ >= 0 and len(units) >> wide >= c.max_string_:
        over_limit(c, "max_string", c.max_string_, "a longer line", position(c))
    units.append(unit & 0xFF)
    if wide:
        units.append(unit >> 8)
    return 0


cdef bint read_piece(Cursor c, bytearray units, int64_t most, bint wide) except -1:
    """AR-64, AR-65: up to |most| characters of a line; False if the stream ends before any of them."""
    cdef bint keep_end = most < 0
    cdef int64_t left = -most if keep_end else most, stored = 0
    cdef int unit
    while stored < left:
        unit = next_unit(c, wide)
        if unit < 0:
            return stored > 0
        if unit == 10 or unit == 13:
            if unit == 13:
                unit = next_unit(c, wide)
                if unit < 0:
                    return stored > 0
            if keep_end:
                keep_unit(c, units, unit, wide)
            return True
        keep_unit(c, units, unit, wide)
        stored += 1
    return True


cdef bint read_line_mfc(Cursor c, bytearray units, bint wide) except -1:
    """AR-66 to AR-68, in pieces of 128 characters if faithful, else in one piece without the quirks of the
    pieces."""
    cdef Py_ssize_t size = 2 if wide else 1, cut
    cdef bint there
    newline = b"\n\0" if wide else b"\n"
    if not c._faithful:
        there = read_piece(c, units, -INT64_MAX, wide)
        if units[-size:] == newline:
            del units[-size:]
        return there
    while True:
        piece = bytearray()
        there = read_piece(c, piece, -128, wide)
        for cut in range(0, len(piece), size):
            if piece[cut] == 0 and (not wide or piece[cut + 1] == 0):
                del piece[cut:]
                break
        units += piece
        if c.max_string_ >= 0 and len(units) >> wide > c.max_string_:
            over_limit(c, "max_string", c.max_string_, "a longer line", position(c))
        if not there or len(piece) < 128 * size or piece[-size:] == newline:
            break
    if piece[-size:] == newline:
        del units[-size:]
    return there


cdef bint read_to_newline(Cursor c, bytearray units, bint wide) except -1:
    """Everything up to and including the next LF; False if there is nothing at all."""
    cdef Py_ssize_t size = 2 if wide else 1, n, i
    cdef uint8_t *found
    cdef bint ended = False
    while not ended:
        n = c.rlim - c.rcur
        if wide:
            n &= ~1
            for i in range(0, n, 2):
                if c.rcur[i] == 10 and c.rcur[i + 1] == 0:
                    n = i + 2
                    ended = True
                    break
        elif n:
            found = <uint8_t *>memchr(c.rcur, 10, n)
            if found != NULL:
                n = found - c.rcur + 1
                ended = True
        if c.max_string_ >= 0 and (len(units) + n - ended * size) >> wide > c.max_string_:
            over_limit(c, "max_string", c.max_string_, "a longer line", position(c))
        units += PyBytes_FromStringAndSize(<char *>c.rcur, n)
        c.rcur += n
        if not ended and not fill(c, size):
            break
    return len(units) > 0


cdef str text_of(Cursor c, bytearray units, bint wide, int64_t at):
    """The text of units that stood at byte `at` of the stream."""
    cdef bytes data = bytes(units)
    cdef const uint8_t *p = <const uint8_t *>PyBytes_AS_STRING(data)
    if wide:
        return decode_utf16(p, len(data) >> 1)
    text = c.codec.quick(p, len(data))
    return text if text is not None else c.codec.decode(data, at)


# --- the class --------------------------------------------------------------------------------------------

cdef class Bulk(Cursor):
    """The archive up to bulk arrays and lines of text."""

    # --- bulk arrays

    def write_array(self, T, buf, count=True):
        """Store a whole array: its count (unless `count=False`), then its elements as they lie in memory
        (AR-214); on a big-endian machine numbers are turned round, bytes and structures are not.

        `T` is a scalar wire type, or a structure with an explicit layout (`struct.Struct`, ctypes type, numpy
        dtype); `buf` any contiguous buffer of such items, or of bytes that are a whole number of them.
        TypeError if the items are something else, BufferError if they do not lie together.
        """
        cdef Layout lay = layout_of(T)
        cdef Py_buffer view
        cdef bint swap
        PyObject_GetBuffer(buf, &view, PyBUF_C_CONTIGUOUS | PyBUF_FORMAT)
        try:
            swap = check_format(lay, &view)
            if count:
                write_count(self, view.len // lay.size)
            if swap:
                swapped = bytearray(PyBytes_FromStringAndSize(<char *>view.buf, view.len))
                swap_items(<uint8_t *>PyByteArray_AS_STRING(swapped), view.len // lay.size, lay.size)
                write_bulk(self, <const uint8_t *>PyByteArray_AS_STRING(swapped), view.len, swapped)
            else:
                write_bulk(self, <const uint8_t *>view.buf, view.len, buf)
        finally:
            PyBuffer_Release(&view)

    def read_array(self, T, out=None, count=True):
        """Load a whole array (AR-214).

        `count=True`: the count stands in the stream; a number: that many elements; False or None: as many as
        fit into `out`. Without `out` the result is a new `array.array` (a bytearray for structures). With
        `out`, a writable contiguous buffer, that is filled and returned; ValueError if its length is not that
        of the data. endOfFile if the stream is shorter.
        """
        cdef Layout lay = layout_of(T)
        cdef Py_buffer view
        cdef int64_t at = position(self), n
        cdef Py_ssize_t got
        cdef bint swap
        if out is None and (count is False or count is None):
            raise TypeError("without a count in the stream, give the number of elements or an out buffer")
        enter_item(self)
        try:
            if out is None:
                n = sizable_count(self, read_count(self), at) if count is True else count
                if n < 0:
                    raise ValueError(f"the number of elements must not be negative, got {n}")
                return new_array(self, lay, T, n, at)
            PyObject_GetBuffer(out, &view, PyBUF_C_CONTIGUOUS | PyBUF_FORMAT | PyBUF_WRITABLE)
            try:
                swap = check_format(lay, &view)
                n = view.len // lay.size
                if count is True:
                    n = sizable_count(self, read_count(self), at)
                elif count is not False and count is not None:
                    n = count
                if n != view.len // lay.size:
                    raise ValueError(f"out has {view.len // lay.size} elements, the data {n}")
                got = read_bulk(self, <uint8_t *>view.buf, view.len, out, 0)
                if got < view.len:
                    short_of(self, at, view.len, got)
                if swap:
                    swap_items(<uint8_t *>view.buf, n, lay.size)
                return out
            finally:
                PyBuffer_Release(&view)
        finally:
            leave_item(self)

    # --- text lines

    def WriteString(self, s, unicode=None):
        """Store the characters of `s` up to its first NUL: no length, no NUL, no line end added; nothing for
        None (AR-63). `unicode` overrides the archive's setting (AR-69)."""
        cdef bint wide = self.wide if unicode is None else bool(unicode)
        cdef Py_ssize_t cut
        if s is None:  # as MFC takes a null pointer
            s = ""
        if not isinstance(s, str):
            raise TypeError(f"WriteString needs a str, got {type(s).__name__}")
        cut = s.find("\0")
        if cut >= 0:
            s = s[:cut]
        check_storing(self)
        if wide:
            store_units(self, s, utf16_units(s))
        else:
            data = self.codec.encode(s)
            write_bulk(self, <const uint8_t *>PyBytes_AS_STRING(data), PyBytes_GET_SIZE(data), data)

    def ReadString(self, into=None, unicode=None):
        """Load a line of text (AR-64 to AR-69).

        - `ReadString()`: the line without its line end, None at the end of the stream.
        - `ReadString(box)`, a `CString` box as in MFC: fills the box and returns True, or False at the end.
        - `ReadString(nMax)`: at most `nMax` characters; the rest of the line stays. The line end is taken,
          and returned only if nMax is negative. None at the end of the stream.

        As in MFC a line ends at LF or CR, and the character after a CR belongs to the line end whatever it
        is: the first two forms then keep it unless it is LF. `faithful=True` adds two more quirks of the
        first two forms: a NUL cuts the line (AR-68), and a last line without line end of 128, 256, ...
        characters is taken for the end of the stream (AR-67). See `ReadLine` for lines without surprises.
        """
        cdef bint wide = self.wide if unicode is None else bool(unicode)
        cdef int64_t most, at
        check_loading(self)
        at = position(self)
        if isinstance(into, int):
            most = max(into, -INT64_MAX)
            units = bytearray()
            return text_of(self, units, wide, at) if read_piece(self, units, most, wide) else None
        if into is not None and not isinstance(into, StringBox):
            raise TypeError(f"ReadString needs a CString box or a number, not {type(into).__name__}")
        units = bytearray()
        there = read_line_mfc(self, units, wide)
        line = text_of(self, units, wide, at)
        if into is None:
            return line if there else None
        set_box(into, line)
        return there

    def ReadLine(self, unicode=None):
        """The next line of text without its LF or CR LF, None at the end of the stream. A lone CR is a
        character."""
        cdef bint wide = self.wide if unicode is None else bool(unicode)
        cdef Py_ssize_t step = 2 if wide else 1
        cdef int64_t at
        check_loading(self)
        at = position(self)
        units = bytearray()
        if not read_to_newline(self, units, wide):
            return None
        if units[-step:] == (b"\n\0" if wide else b"\n"):
            del units[-step:]
            if units[-step:] == (b"\r\0" if wide else b"\r"):
                del units[-step:]
        return text_of(self, units, wide, at)

    def lines(self, unicode=None):
        """Iterate over the lines up to the end of the stream, as `ReadLine` gives them (AR-202)."""
        return iter(lambda: self.ReadLine(unicode), None)
