# cython: language_level=3, binding=False, embedsignature=True, embedsignature.format=clinic, always_allow_keywords=False
"""Bytes of an archive: the buffer and its file, scalars, strings, counts, bulk arrays and text lines.

Nothing here knows objects; `graph` does. Invariants:
- rcur <= rlim <= rend and wcur <= wlim, all in the buffer, or NULL; both windows are empty unless loading or storing is
  possible right now.
- Python code is called only with the windows put away (`busy`) or with no pointer kept over the call, so a file, codec
  or buffer that re-enters, closes or raises finds a consistent archive.
- A number from the stream never sizes an allocation before that many bytes are known to be there.
"""

cimport cython
from cpython.array cimport array, clone, resize
from cpython.buffer cimport (
    PyBUF_C_CONTIGUOUS, PyBUF_FORMAT, PyBUF_SIMPLE, PyBUF_WRITABLE, PyBuffer_Release, PyObject_CheckBuffer,
    PyObject_GetBuffer,
)
from cpython.bytearray cimport PyByteArray_AS_STRING
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_CheckExact, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.dict cimport PyDict_GetItem
from cpython.object cimport PyObject, PyTypeObject
from cpython.unicode cimport PyUnicode_1BYTE_DATA, PyUnicode_GET_LENGTH
from libc.stdint cimport INT64_MAX, int8_t, int16_t, int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.string cimport memchr, memcpy, memmove

import array as _array
import io as _io
import os as _os
from operator import index as _index

from pysock._core.errors cimport raise_archive, raise_file, raise_invalid_arg, raise_limit
from pysock._core.fast cimport (
    PS_BIG_ENDIAN, ps_as_double, ps_as_i64, ps_as_u64, ps_fits_float, ps_get16, ps_get32, ps_get64, ps_getf32, ps_getf64,
    ps_is_ascii, ps_put16, ps_put32, ps_put64, ps_putf32, ps_putf64, ps_same_method,
)
from pysock._core.memfile cimport MemFile
from pysock._core.stream cimport Stream
from pysock._core.text cimport codec, decode_utf16, store_utf16, utf16_units

cdef extern from "Python.h":
    bint PyUnicode_IS_ASCII(str s)
    int PyUnicode_IS_READY(str s)

cdef extern from *:
    """
    #ifdef PS_DEBUG
    static Py_ssize_t ps_live_archives = 0, ps_live_views = 0;
    #  define PS_ARCHIVE(n) (ps_live_archives += (n))
    #  define PS_VIEW(n) (ps_live_views += (n))
    #  define PS_ARCHIVES ps_live_archives
    #  define PS_VIEWS ps_live_views
    #else
    #  define PS_ARCHIVE(n) ((void)0)
    #  define PS_VIEW(n) ((void)0)
    #  define PS_ARCHIVES -1
    #  define PS_VIEWS -1
    #endif
    """
    void PS_ARCHIVE(int n)
    void PS_VIEW(int n)
    const Py_ssize_t PS_ARCHIVES
    const Py_ssize_t PS_VIEWS

cdef enum:
    MODE_LOAD = 1
    MIN_BUFFER = 128        # AR-4
    FIRST_PIECE = 65536     # bytes taken on trust when nobody knows how many will come (AR-188)
    NO_LIMIT = -1


def live_counts():
    """Archives and borrowed buffers alive, by name; empty in a release build."""
    return {"archives": PS_ARCHIVES, "views": PS_VIEWS} if PS_ARCHIVES >= 0 else {}


# --- errors -----------------------------------------------------------------------------------------------

cdef int fail(Cursor c, int cause, int64_t at, object wanted, object found) except -1:
    """Raise CArchiveException. MFC leaves the file name out of endOfFile and bufferFull (AR-31)."""
    name = c._name
    if c._faithful and (cause == C_END_OF_FILE or cause == C_BUFFER_FULL):
        name = ""
    return raise_archive(cause, name, at if at >= 0 else None, wanted, found)


cdef int over_limit(Cursor c, object limit, int64_t allowed, object found, int64_t at) except -1:
    if c.nesting and c.state == S_OPEN:
        c.state = S_FAILED
        c.rlim = c.rcur
    return raise_limit(limit, allowed, found, c._name, at if at >= 0 else None)


cdef int short_of(Cursor c, int64_t at, int64_t want, int64_t have) except -1:
    return fail(c, C_END_OF_FILE, at, _bytes_text(want), _bytes_text(have))


cdef object _bytes_text(int64_t n):
    return "1 byte" if n == 1 else f"{n} bytes"


cdef int unusable(Cursor c) except -1:
    """Raise what keeps the archive from being used, if anything does."""
    if c.busy:
        raise RuntimeError("the archive is in the middle of a call on its file: another thread, or the file itself, "
                           "must not use it now")
    if c.state == S_CLOSED:
        raise ValueError("the archive is closed")
    return 0


cdef int check_storing(Cursor c) except -1:
    unusable(c)
    if c.loading:
        fail(c, C_READ_ONLY, -1, "a storing archive", "a loading one")
    return 0


cdef int check_loading(Cursor c) except -1:
    unusable(c)
    if not c.loading:
        fail(c, C_WRITE_ONLY, -1, "a loading archive", "a storing one")
    if c.state == S_FAILED:
        fail(c, C_GENERIC, position(c), "a sound archive", "one in which a load has failed before")
    return 0


# --- calls on the file ------------------------------------------------------------------------------------

cdef int begin_call(Cursor c) except -1:
    """Put the windows away: whoever uses the archive during the call on its file meets `unusable`."""
    c.busy = True
    c.saved[0] = c.rcur
    c.saved[1] = c.rlim
    c.saved[2] = c.wcur
    c.saved[3] = c.wlim
    c.rcur = c.rlim = c.wcur = c.wlim = NULL
    return 0


cdef int end_call(Cursor c) noexcept:
    c.busy = False
    if c.state == S_CLOSED:  # Abort may come at any time
        return c.drop_buffer()
    c.rcur = c.saved[0]
    c.rlim = c.saved[1]
    c.wcur = c.saved[2]
    c.wlim = c.saved[3]
    return 0


cdef Py_ssize_t checked_count(object got, Py_ssize_t asked, object what) except -1:
    """What a file says it moved, if that can be."""
    cdef Py_ssize_t n = -1
    if got is None:
        raise BlockingIOError(f"the file has nothing to {what} now and will not wait")
    if not isinstance(got, int):
        raise TypeError(f"{what} of the file returned {type(got).__name__}, not a number of bytes")
    try:
        n = got
    except OverflowError:
        pass
    if not 0 <= n <= asked:
        raise ValueError(f"{what} of the file returned {got!r} for {_bytes_text(asked)}")
    return n


cdef Py_ssize_t read_into(Cursor c, uint8_t *dst, Py_ssize_t n, object owner, Py_ssize_t offset) except -1:
    """One read of the file: up to n bytes to `dst`, which is owner[offset:offset + n]. Returns 0 at the end."""
    cdef Py_ssize_t got
    cdef Py_buffer view
    if c.source == F_MEMFILE:
        return c._mem.read_raw(dst, n)
    if c.source == F_MEMORY:
        return 0
    begin_call(c)
    try:
        if c.source == F_STREAM:
            return c._stream.read_raw(dst, n)
        if c.source == F_MFC_INTO or c.source == F_PY_INTO:
            return checked_count(c._read(_flat(owner)[offset:offset + n]), n, "read")
        data = c._read(n)
        if data is None:
            return checked_count(None, n, "read")
        PyObject_GetBuffer(data, &view, PyBUF_SIMPLE)
        try:
            got = checked_count(view.len, n, "read")
            memcpy(dst, view.buf, got)
        finally:
            PyBuffer_Release(&view)
        return got
    finally:
        end_call(c)
        unusable(c)


cdef object _flat(object owner):
    """A memoryview of single bytes of any contiguous buffer."""
    view = memoryview(owner)
    return view if view.format == "B" and view.ndim == 1 else view.cast("B")


cdef int write_out(Cursor c, const uint8_t *p, Py_ssize_t n, object owner, Py_ssize_t offset) except -1:
    """One write to the file of n bytes at `p`; owner[offset:offset + n] are the same bytes, or owner is None."""
    if c.source == F_MEMFILE:
        c._mem.write_raw(p, n)
        return 0
    if c.source == F_STREAM:
        begin_call(c)
        try:
            c._stream.write_raw(p, n)
        finally:
            end_call(c)
            unusable(c)
        return 0
    # A file may keep what it is given: the archive's own buffer is about to be used again, so it gets a copy.
    if owner is None:
        data = PyBytes_FromStringAndSize(<const char *>p, n)
    else:
        data = _flat(owner)[offset:offset + n]
    begin_call(c)
    try:
        if c.source == F_MFC or c.source == F_MFC_INTO:
            c._write(data)
        else:
            write_py(c, data, n)
    finally:
        end_call(c)
        unusable(c)
    return 0


cdef int write_py(Cursor c, object data, Py_ssize_t n) except -1:
    """A Python file may take less than all (raw ones do); one that returns None has taken everything."""
    cdef Py_ssize_t done = 0, got
    while True:
        result = c._write(data if done == 0 else memoryview(data)[done:])
        if result is None:
            if isinstance(c._file, _io.RawIOBase):
                raise BlockingIOError(0, "the file takes nothing now and will not wait", done)
            return 0
        got = checked_count(result, n - done, "write")
        done += got
        if done == n:
            return 0
        if got == 0:
            raise_file(13, -1, c._name, f"write {n} bytes to, {done} of them taken, ")


cdef int64_t seek_file(Cursor c, int64_t offset, int origin) except? -1:
    if c.source == F_MEMFILE:
        return c._mem.Seek(offset, origin)
    begin_call(c)
    try:
        where = c._seek(offset, origin)
        return where if isinstance(where, int) else 0
    finally:
        end_call(c)
        unusable(c)


cdef int give_back(Cursor c, Py_ssize_t unread) except -1:
    """A stream cannot be moved back, so it takes back what is buffered and unread (DV-21)."""
    data = PyBytes_FromStringAndSize(<char *>c.rcur, unread)
    c.rcur = c.rlim = c.rend
    c.base -= unread
    begin_call(c)
    try:
        c._stream.give_back(<const uint8_t *>PyBytes_AS_STRING(data), unread)
    finally:
        end_call(c)
    return 0


cdef int64_t remaining(Cursor c) except -2:
    """Bytes up to the end of the stream if that can be known without reading, else -1 (AR-187, AR-188)."""
    cdef int64_t buffered = c.rend - c.rcur, here, end
    if c.source == F_MEMORY:
        return buffered
    if c.source == F_MEMFILE:
        return buffered + (c._mem._len - c._mem._pos if c._mem._len > c._mem._pos else 0)
    if c.blocking or c.source == F_STREAM:
        return -1
    if c.source == F_PY or c.source == F_PY_INTO:
        here = seek_file(c, 0, 1)
        end = seek_file(c, 0, 2)
        seek_file(c, here, 0)
    else:
        length = getattr(c._file, "GetLength", None)
        position_ = getattr(c._file, "GetPosition", None)
        if length is None or position_ is None:
            return -1
        begin_call(c)
        try:
            end = length()
            here = position_()
        finally:
            end_call(c)
            unusable(c)
    return buffered + (end - here if end > here else 0)


# --- storing: the buffer ----------------------------------------------------------------------------------

cdef int flush_store(Cursor c) except -1:
    """AR-14: one write of what is buffered, if anything."""
    cdef Py_ssize_t n = c.wcur - c.start
    if n:
        write_out(c, c.start, n, None, 0)
        c.base += n
        c.wcur = c.start
    return 0


cdef uint8_t *make_room(Cursor c, Py_ssize_t k) except NULL:
    """Slow path of `room`."""
    check_storing(c)
    flush_store(c)
    return c.wcur


cdef int write_bulk(Cursor c, const uint8_t *p, Py_ssize_t n, object owner) except -1:
    """AR-18: fill the buffer up, write whole multiples of it straight, keep the rest. `owner` holds the bytes."""
    cdef Py_ssize_t fits = c.wlim - c.wcur, rest, direct
    if 0 < n <= fits:
        memmove(c.wcur, p, n)
        c.wcur += n
        return 0
    check_storing(c)
    if n == 0:
        return 0
    memmove(c.wcur, p, fits)
    c.wcur += fits
    flush_store(c)
    rest = n - fits
    direct = rest - rest % c.cap
    if direct or c._faithful:
        write_out(c, p + fits, direct, owner, fits)
        c.base += direct
    rest -= direct
    memmove(c.wcur, p + fits + direct, rest)
    c.wcur += rest
    return 0


cdef int write_bytes(Cursor c, const uint8_t *p, Py_ssize_t n) except -1:
    """Bytes that no Python object holds."""
    if 0 < n <= c.wlim - c.wcur:
        memcpy(c.wcur, p, n)
        c.wcur += n
        return 0
    data = PyBytes_FromStringAndSize(<const char *>p, n)
    return write_bulk(c, <const uint8_t *>PyBytes_AS_STRING(data), n, data)


# --- loading: the buffer ----------------------------------------------------------------------------------

cdef int open_window(Cursor c) noexcept:
    """rlim = rend, or less if the budget of the current item ends earlier."""
    cdef int64_t left
    c.rlim = c.rend
    if c.budget != INT64_MAX:
        left = c.budget - (c.base + (c.rcur - c.start))
        if left < c.rend - c.rcur:
            c.rlim = c.rcur + (left if left > 0 else 0)
    return 0


cdef int check_budget(Cursor c, int64_t k) except -1:
    """Raise if k more bytes are beyond max_total (AR-181)."""
    cdef int64_t at = position(c)
    if k > c.budget - at:
        over_limit(c, "max_total", c.max_total_, at + k - (c.budget - c.max_total_), at)
    return 0


cdef int fill(Cursor c, Py_ssize_t k) except -1:
    """1 when k unread bytes are in the window, 0 if the stream ends first (AR-19, AR-20). Whatever came stays buffered."""
    cdef Py_ssize_t unread, want, got, total
    check_loading(c)
    check_budget(c, k)
    unread = c.rend - c.rcur
    if unread >= k:
        return 1
    if c.source == F_MEMORY or (c._faithful and c.rcur == c.start):  # AR-22: MFC does not ask again
        return 0
    if k > c.cap:
        k = c.cap
    c.base += c.rcur - c.start
    memmove(c.start, c.rcur, unread)
    c.rcur = c.start
    c.rend = c.start + unread
    open_window(c)
    total = (k if c.blocking else c.cap) - unread
    want = total
    while want > 0 and unread < k:
        got = read_into(c, c.rend, want, c._buffer, c.rend - c.start)
        if got == 0:
            break
        c.rend += got
        unread += got
        want -= got
        open_window(c)
    return unread >= k


cdef uint8_t *fetch(Cursor c, Py_ssize_t k) except NULL:
    """Slow path of `take`."""
    if not fill(c, k):
        short_of(c, position(c), k, c.rend - c.rcur)
    return c.rcur


cdef Py_ssize_t read_bulk(Cursor c, uint8_t *dst, Py_ssize_t n, object owner, Py_ssize_t offset) except -1:
    """AR-24: what is buffered, then whole multiples of the buffer straight to `dst`, then the rest through the buffer.

    Returns the bytes delivered, fewer only at the end of the stream. owner[offset:] is the memory at `dst`.
    """
    cdef Py_ssize_t fits = c.rlim - c.rcur, rest, direct, got, done
    if 0 < n <= fits:
        memmove(dst, c.rcur, n)
        c.rcur += n
        return n
    check_loading(c)
    if n == 0:
        return 0
    check_budget(c, n)
    memmove(dst, c.rcur, fits)
    c.rcur += fits
    done = fits
    rest = n - fits
    if c.source == F_MEMORY:
        return done
    direct = rest - rest % c.cap
    if direct or c._faithful:  # MFC asks even for 0 bytes (AR-223)
        while True:
            got = read_into(c, dst + done, direct, owner, offset + done)
            done += got
            c.base += got
            direct -= got
            rest -= got
            if got == 0 or direct == 0:
                break
        if direct:
            return done
    if rest:
        c.base += c.rcur - c.start
        c.rcur = c.rlim = c.rend = c.start
        direct = rest if c.blocking else c.cap
        while direct > 0 and c.rend - c.start < rest:
            got = read_into(c, c.rend, direct, c._buffer, c.rend - c.start)
            if got == 0:
                break
            c.rend += got
            direct -= got
        if c.rend - c.start < rest:
            rest = c.rend - c.start
        memmove(dst + done, c.start, rest)
        c.rcur = c.start + rest
        done += rest
        open_window(c)
    return done


cdef object read_some(Cursor c, int64_t n):
    """Up to n bytes as bytes, fewer only at the end of the stream; memory grows with what arrives (AR-188)."""
    cdef Py_ssize_t fits = c.rlim - c.rcur, have, piece
    cdef int64_t known
    if 0 < n <= fits:
        data = PyBytes_FromStringAndSize(<char *>c.rcur, n)
        c.rcur += n
        return data
    check_loading(c)
    if n == 0:
        return b""
    check_budget(c, n)
    if c.source == F_MEMORY or c.source == F_MEMFILE:
        known = remaining(c)
        have = n if n < known else known
        data = PyBytes_FromStringAndSize(NULL, have)
        if read_bulk(c, <uint8_t *>PyBytes_AS_STRING(data), have, None, 0) != have:
            raise SystemError("a file in memory became shorter while it was read")
        if have < n and c.source == F_MEMFILE:
            fill(c, 1)  # the read that meets the end
        return data
    grown = bytearray()
    piece = n if n < FIRST_PIECE else FIRST_PIECE
    if n > FIRST_PIECE:
        known = remaining(c)
        if known >= 0:
            piece = known if known < n else n
            if piece == 0:
                return b""
    while True:
        have = len(grown)
        grown += bytes(piece)
        piece = read_bulk(c, <uint8_t *>PyByteArray_AS_STRING(grown) + have, piece, grown, have)
        if have + piece < len(grown):
            return bytes(memoryview(grown)[:have + piece])
        if len(grown) >= n:
            return bytes(grown)
        piece = len(grown)
        if piece > n - len(grown):
            piece = n - len(grown)


cdef bytes read_exact(Cursor c, int64_t n, int64_t at):
    """n bytes, or endOfFile for the item that began at `at`; a length that cannot be true fails before any is read."""
    cdef int64_t known
    if n > c.rlim - c.rcur:
        check_loading(c)
        if n > FIRST_PIECE and not c._faithful:
            known = remaining(c)
            if 0 <= known < n:
                short_of(c, at, n, known)
    data = read_some(c, n)
    if PyBytes_GET_SIZE(data) < n:
        short_of(c, at, n, PyBytes_GET_SIZE(data))
    return data


cdef int enter_item(Cursor c) except -1:
    """Begin a composite read; the outermost one gets a budget of max_total bytes (AR-181)."""
    if c.nesting == 0 and c.max_total_ >= 0 and c.loading:
        c.budget = c.base + (c.rcur - c.start) + c.max_total_
        open_window(c)
    c.nesting += 1
    return 0


cdef int leave_item(Cursor c) noexcept:
    c.nesting -= 1
    if c.nesting == 0:
        c.budget = INT64_MAX
        if c.state == S_OPEN and not c.busy:
            c.rlim = c.rend
    if c.state == S_FAILED:
        c.rlim = c.rcur
    return 0


# --- scalars: one routine per wire type and direction, used by typed members, operators and typed reads ------------

cdef int refuse(object name, object low, object high, object v) except -1:
    """Raise for a value that is not an int or does not fit (AR-194)."""
    if not hasattr(v, "__index__"):
        raise TypeError(f"{name} needs an int, got {type(v).__name__}")
    raise OverflowError(f"{name} needs {low}..{high}, got {v!r}")


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
    cdef uint8_t *p
    if wide:
        p = room(c, 3)
        p[0] = 0xFF
        ps_put16(p + 1, 0xFFFE)
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
        raise TypeError(f"{_NAMES[kind]} needs a str, got {type(v).__name__}")
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


cdef int64_t load_length(Cursor c, bint *wide) except -1:
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
            fail(c, C_GENERIC, at, "a string of at most 2147483647 units (32-bit profile)", f"a length of {n}")
    if n > 0x7FFFFFFFFFFFFFFF:
        over_limit(c, "max_string", c.max_string_ if c.max_string_ >= 0 else INT64_MAX, n, at)
    return n


cdef str load_string(Cursor c):
    """A counted string of either kind, whatever was asked for (AR-56, AR-59)."""
    cdef bint wide = False
    cdef uint8_t *p = c.rcur
    cdef Py_ssize_t left = c.rlim - p
    cdef int64_t n, size, at
    cdef bytes data
    if left > 1 and p[0] <= c.short_string and p[0] < left:  # most strings: one length byte, all of it here
        n = p[0]
        c.rcur = p + 1 + n
        return c.codec.decode(p + 1, n)
    if left > 4 and p[0] == 0xFF and p[1] == 0xFE and p[2] == 0xFF and p[3] <= c.short_string and 2 * p[3] <= left - 4:
        n = p[3]
        c.rcur = p + 4 + 2 * n
        return decode_utf16(p + 4, n)
    at = position(c)
    n = load_length(c, &wide)
    if c._faithful:
        n &= 0xFFFFFFFF  # AR-58: the real one keeps the low half
    if c.max_string_ >= 0 and n > c.max_string_:
        over_limit(c, "max_string", c.max_string_, n, at)
    if n > INT64_MAX // 2:
        short_of(c, at, n, c.rend - c.rcur)
    size = 2 * n if wide else n
    if size <= c.rlim - c.rcur:
        p = c.rcur
        c.rcur = p + size
        return decode_utf16(p, n) if wide else c.codec.decode(p, n)
    data = read_exact(c, size, at)
    p = <uint8_t *>PyBytes_AS_STRING(data)
    return decode_utf16(p, n) if wide else c.codec.decode(p, n)


# --- counts -----------------------------------------------------------------------------------------------

cdef int64_t read_count(Cursor c) except -1:
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
    if n > 0x7FFFFFFFFFFFFFFF or (c.max_count_ >= 0 and <int64_t>n > c.max_count_):
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
    """How many of n elements of at least `size` bytes may be given room before they are read (AR-187, AR-188)."""
    cdef int64_t known, buffered = c.rlim - c.rcur, most
    if c.max_count_ >= 0 and n > c.max_count_:
        over_limit(c, "max_count", c.max_count_, n, at)
    if size <= 0:
        return n if n < FIRST_PIECE else FIRST_PIECE
    if n <= buffered // size:
        return n
    check_loading(c)
    if n > INT64_MAX // size:
        short_of(c, at, INT64_MAX, buffered)
    check_budget(c, n * size)
    known = -1
    if c.source == F_MEMORY or c.source == F_MEMFILE or (n > FIRST_PIECE // size and not c._faithful):
        known = remaining(c)
    if known < 0:
        most = FIRST_PIECE // size + 1
        return n if n < most else most
    if n * size > known:
        short_of(c, at, n * size, known)
    return n


# --- boxes ------------------------------------------------------------------------------------------------

cdef tuple _NAMES = (
    "BYTE", "CHAR", "bool_", "BOOL", "WORD", "SHORT", "WCHAR", "LONG", "INT", "DWORD", "UINT", "LONGLONG", "ULONGLONG",
    "FLOAT", "DOUBLE", "CString", "CStringA", "CStringW",
)
cdef int *_BITS = [8, 8, 8, 32, 16, 16, 16, 32, 32, 32, 32, 64, 64, 32, 64]
# array.array's type codes of the kinds that have one
cdef str _CODES = "BbBiHhHiiIIqQfd"


cdef bint signed_kind(int kind) noexcept:
    return (kind == K_CHAR or kind == K_BOOL or kind == K_SHORT or kind == K_LONG or kind == K_INT
            or kind == K_LONGLONG)


cdef tuple range_of(int kind):
    """The least and the greatest number of an integer kind."""
    cdef object span = 1 << <object>_BITS[kind]
    return (-(span >> 1), (span >> 1) - 1) if signed_kind(kind) else (0, span - 1)


cdef object checked(int kind, object v):
    """`v` as the value of a box of that kind, or OverflowError / TypeError (AR-194)."""
    cdef double x
    if kind >= K_CString:
        if isinstance(v, StringBox):
            v = (<StringBox>v)._v
        if not isinstance(v, str) and not (kind == K_CStringA and isinstance(v, bytes)):
            raise TypeError(f"{_NAMES[kind]} needs a str, got {type(v).__name__}")
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
        refuse(_NAMES[kind], low, high, v)
    n = _index(v)
    if not low <= n <= high:
        refuse(_NAMES[kind], low, high, v)
    return n


cdef object truncated(int kind, object v):
    """`v` cut to the width of the kind, as C++ does it."""
    cdef object span = 1 << <object>_BITS[kind], n
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
        return f"{_NAMES[self._kind]}({self._v!r})"

    def __eq__(self, other):
        return self._v == ((<Box>other)._v if isinstance(other, Box) else other)


cdef class IntBox(Box):
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
    def __init__(self, value=0.0, /):
        set_box(self, value)

    def __int__(self):
        return int(self._v)

    def __float__(self):
        return self._v


cdef class StringBox(Box):
    def __init__(self, value="", /):
        set_box(self, value)

    def __len__(self):
        return len(self._v)


@cython.final
cdef class BYTE(IntBox):
    """A box of an unsigned 8-bit number (`unsigned char`). OverflowError if a value does not fit (AR-43, AR-194)."""

    def __cinit__(self):
        self._kind = K_BYTE

@cython.final
cdef class CHAR(IntBox):
    """A box of a signed 8-bit number (`char`). OverflowError if a value does not fit (AR-43, AR-194)."""

    def __cinit__(self):
        self._kind = K_CHAR

@cython.final
cdef class bool_(IntBox):
    """A box of a C++ `bool`, one byte; not to be mixed up with the 4-byte `BOOL`. OverflowError if a value does not fit (AR-43, AR-194)."""

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
    """A box of one UTF-16 unit (`wchar_t`); the value is a str of one character. OverflowError if a value does not fit (AR-43, AR-194)."""

    def __cinit__(self):
        self._kind = K_WCHAR

@cython.final
cdef class LONG(IntBox):
    """A box of a signed 32-bit number (`long`, on 64-bit Windows too). OverflowError if a value does not fit (AR-43, AR-194)."""

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
    """A box of an unsigned 32-bit number (`unsigned`). OverflowError if a value does not fit (AR-43, AR-194)."""

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
    """A box of a counted string of one-byte characters; the value may be bytes, which are stored as they are (AR-52)."""

    def __cinit__(self):
        self._kind = K_CStringA


@cython.final
cdef class CStringW(StringBox):
    """A box of a counted string of UTF-16 units (AR-52)."""

    def __cinit__(self):
        self._kind = K_CStringW


cdef dict _KINDS = {
    BYTE: K_BYTE, CHAR: K_CHAR, bool_: K_bool, BOOL: K_BOOL, WORD: K_WORD, SHORT: K_SHORT, WCHAR: K_WCHAR, LONG: K_LONG,
    INT: K_INT, DWORD: K_DWORD, UINT: K_UINT, LONGLONG: K_LONGLONG, ULONGLONG: K_ULONGLONG, FLOAT: K_FLOAT,
    DOUBLE: K_DOUBLE, CString: K_CString, CStringA: K_CStringA, CStringW: K_CStringW,
}


cdef int kind_of(object T) noexcept:
    """The kind of a box class, K_NONE for anything else."""
    cdef PyObject *found
    if not isinstance(T, type):
        return K_NONE
    found = PyDict_GetItem(_KINDS, T)
    return K_NONE if found == NULL else <int><object>found


# --- bulk arrays ------------------------------------------------------------------------------------------

cdef class Layout:
    """Item size and format of an array's elements."""
    cdef Py_ssize_t size
    cdef int kind           # K_NONE for structures


cdef Layout layout_of(object T):
    """From a scalar box class, or anything that states an explicit layout (AR-215): `struct.Struct`, a ctypes type, a
    numpy dtype."""
    cdef Layout lay = Layout.__new__(Layout)
    lay.kind = kind_of(T)
    if K_NONE < lay.kind <= K_DOUBLE:
        lay.size = _BITS[lay.kind] >> 3
        return lay
    if lay.kind == K_NONE:
        size = getattr(T, "size", None) if isinstance(T, _Struct) else getattr(T, "itemsize", None)
        if size is None and isinstance(T, type) and hasattr(T, "_type_" if not hasattr(T, "_fields_") else "_fields_"):
            import ctypes
            size = ctypes.sizeof(T)
        if isinstance(size, int) and size > 0:
            lay.size = size
            return lay
    raise TypeError(f"array elements must be a scalar wire type or have an explicit layout, not {T!r}")


cdef int check_format(Layout lay, Py_buffer *view) except -1:
    """Refuse a buffer whose elements are plainly something else (AR-214)."""
    cdef bytes fmt = view.format if view.format != NULL else b"B"
    if fmt[:1] in b"<=@|" and len(fmt) > 1:
        fmt = fmt[1:]
    if lay.kind == K_NONE:
        if view.itemsize != lay.size and view.itemsize != 1:
            raise TypeError(f"items of {view.itemsize} bytes, the layout has {lay.size}")
    elif view.itemsize == 1 and lay.size > 1:
        if fmt not in (b"B", b"b", b"c"):
            raise TypeError(f"items of format {view.format!r} are not {_NAMES[lay.kind]}")
    else:
        allowed = (b"f", b"d") if lay.kind == K_FLOAT or lay.kind == K_DOUBLE else _INTEGERS
        if view.itemsize != lay.size or fmt not in allowed:
            raise TypeError(f"items of format {(<bytes>view.format).decode() if view.format != NULL else 'B'!r} and "
                            f"{view.itemsize} bytes are not {_NAMES[lay.kind]}")
    if view.len % lay.size:
        raise ValueError(f"{_bytes_text(view.len)} are not a whole number of items of {_bytes_text(lay.size)}")
    return 0


from struct import Struct as _Struct

cdef tuple _INTEGERS = (b"B", b"b", b"c", b"?", b"H", b"h", b"I", b"i", b"L", b"l", b"Q", b"q", b"N", b"n", b"u", b"w")
cdef array _BYTES = _array.array("B")


cdef void swap_items(uint8_t *p, Py_ssize_t n, Py_ssize_t size) noexcept:
    """Little-endian to the host's order and back, in place; only big-endian hosts call it."""
    cdef Py_ssize_t i
    for i in range(n):
        if size == 2:
            ps_put16(p, (<uint16_t *>p)[0])
        elif size == 4:
            ps_put32(p, (<uint32_t *>p)[0])
        elif size == 8:
            ps_put64(p, (<uint64_t *>p)[0])
        p += size


cdef object new_array(Cursor c, Layout lay, object T, int64_t n, int64_t at):
    """n items in a new array.array (a bytearray for structures); it grows with what arrives."""
    cdef array result
    cdef int64_t sure, total = n * lay.size
    cdef Py_ssize_t have = 0, got
    cdef str code
    sure = check_count(c, n, lay.size, at) * lay.size
    if lay.kind == K_NONE:
        grown = bytearray(sure)
        result = None
    else:
        code = _CODES[lay.kind]
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
            grown += bytes(sure - have)
        else:
            resize(result, sure // lay.size)
    if PS_BIG_ENDIAN and result is not None:
        swap_items(result.data.as_uchars, n, lay.size)
    return owner


# --- text lines -------------------------------------------------------------------------------------------

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
        over_limit(c, "max_string", c.max_string_, f"a line of more than {c.max_string_} characters", position(c))
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
    """AR-66 to AR-68, in pieces of 128 characters if faithful, else in one piece without the quirks of the pieces."""
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


# --- which calls a file gets ------------------------------------------------------------------------------

cdef bint direct_memfile(object file) except -1:
    """Our memory file, unless a subclass has its own idea of reading, writing or moving."""
    cdef PyTypeObject *cls = (<PyObject *>file).ob_type
    cdef PyTypeObject *ours = <PyTypeObject *>MemFile
    for name in ("Read", "ReadInto", "Write", "Seek"):
        if not ps_same_method(cls, ours, name):
            return False
    return True


cdef bint into_is_current(object cls) except -1:
    """ReadInto is there, and no class below the one that has it overrides Read alone."""
    for base in cls.__mro__:
        if "ReadInto" in base.__dict__:
            return True
        if "Read" in base.__dict__:
            return False
    return False


# --- the cursor -------------------------------------------------------------------------------------------

cdef object limit_out(int64_t v):
    return None if v < 0 else v


cdef int64_t limit_in(object name, object v) except? -2:
    cdef int64_t n
    if v is None:
        return NO_LIMIT
    n = v
    if n < 0:
        raise ValueError(f"{name} must be a number from 0, or None for no limit; got {v!r}")
    return n


cdef class Cursor:
    """The archive without its objects: everything up to bulk arrays and text lines. `CArchive` is built on it."""

    def __cinit__(self, *args, **kwargs):
        PS_ARCHIVE(1)
        self.state = S_CLOSED
        self.budget = INT64_MAX
        self._name = ""

    def __dealloc__(self):
        PS_ARCHIVE(-1)
        if self._viewed:
            self._viewed = False
            PS_VIEW(-1)
            PyBuffer_Release(&self._view)

    cdef int open_file(self, object file, int mode, object nbufsize, object lpbuf) except -1:
        """Construction: AR-1 to AR-7."""
        cdef Py_ssize_t size = nbufsize
        self.mode = mode
        self.loading = (mode & MODE_LOAD) != 0
        self.bind(file)
        if self.source == F_MEMORY:
            self.start = <uint8_t *>self._view.buf
            self.cap = self._view.len
            self.rcur = self.start
            self.rend = self.start + self.cap
        else:
            if size < MIN_BUFFER:
                size = MIN_BUFFER
                lpbuf = None
            self.user_buffer = lpbuf is not None
            if lpbuf is None:
                lpbuf = bytearray(size)
            # The buffer is held by a view also where it is our own: a file that is lent a piece of it may keep that.
            PyObject_GetBuffer(lpbuf, &self._view, PyBUF_WRITABLE)
            self._viewed = True
            PS_VIEW(1)
            if self._view.len < size:
                if self._view.len < MIN_BUFFER:
                    raise ValueError(f"lpBuf has {_bytes_text(self._view.len)}, nBufSize is {size}")
                size = self._view.len
            self._buffer = lpbuf
            self.start = <uint8_t *>self._view.buf
            self.cap = size
            if self.loading:
                self.rcur = self.rend = self.start + size  # AR-6
                self.base = -size
            else:
                self.wcur = self.start
                self.wlim = self.start + size
        self.rlim = self.rend
        self._file = file
        self.opened = True
        self.state = S_OPEN
        return 0

    cdef int bind(self, object file) except -1:
        """Find out what kind of file this is and how to call it."""
        if file is None:
            raise_invalid_arg("an archive needs a file")
        if isinstance(file, (str, _os.PathLike)):
            raise TypeError("an archive needs an open file; use CFile(path) or open(path, 'rb')")
        if isinstance(file, _io.TextIOBase):
            raise TypeError("an archive needs a binary file, not a text file; open it with 'rb' or 'wb'")
        if isinstance(file, MemFile) and direct_memfile(file):
            self._mem = file
            self.source = F_MEMFILE
        elif isinstance(file, Stream) and (<Stream>file).is_direct():
            self._stream = file
            self.source = F_STREAM
            self.blocking = not (self._read_ahead and self._stream.can_read_ahead())  # AR-222
        elif hasattr(file, "Read") or hasattr(file, "Write"):
            self.bind_mfc(file)
        elif PyObject_CheckBuffer(file):
            if not self.loading:
                raise TypeError(f"cannot store into a {type(file).__name__}; use CMemFile and its getvalue()")
            PyObject_GetBuffer(file, &self._view, PyBUF_SIMPLE)
            self._viewed = True
            PS_VIEW(1)
            self.source = F_MEMORY
        else:
            self.bind_python(file)
        path = getattr(file, "GetFilePath", None)
        name = path() if path is not None else getattr(file, "name", "")
        self._name = name if isinstance(name, str) else _os.fsdecode(name) if isinstance(name, bytes) else ""
        return 0

    cdef int bind_mfc(self, object file) except -1:
        self.source = F_MFC
        self._seek = getattr(file, "Seek", None)
        self.blocking = bool(getattr(file, "m_bBlocking", False)) or not self._read_ahead
        if self.loading:
            self._read = getattr(file, "Read", None)
            if into_is_current(type(file)):
                self._read = file.ReadInto
                self.source = F_MFC_INTO
        else:
            self._write = getattr(file, "Write", None)
        if (self._read if self.loading else self._write) is None:
            raise TypeError(f"{type(file).__name__} has no {'Read' if self.loading else 'Write'}")
        if self.loading and self._seek is None:
            self.blocking = True  # what was read ahead could not be given back
        return 0

    cdef int bind_python(self, object file) except -1:
        self.source = F_PY
        self._seek = getattr(file, "seek", None)
        if not self.loading:
            self._write = getattr(file, "write", None)
            if self._write is None:
                raise TypeError(f"an archive needs a file to store into, {type(file).__name__} has no write()")
            return 0
        # A buffered reader's readinto() waits for all it is asked for; readinto1() for what there is.
        into = getattr(file, "readinto", None)
        if into is not None and isinstance(file, (_io.BufferedReader, _io.BufferedRandom, _io.BufferedRWPair)):
            into = file.readinto1
        if into is not None:
            self._read = into
            self.source = F_PY_INTO
        else:
            self._read = getattr(file, "read", None)
            if self._read is None:
                raise TypeError("an archive loads from a binary file or a bytes-like object, "
                                f"not from {type(file).__name__}")
        seekable = getattr(file, "seekable", None)
        if self._seek is None or not self._read_ahead or (seekable is not None and not seekable()):
            self.blocking = True  # what was read ahead could not be given back
            self._seek = None
        return 0

    cdef void clear_map(self) noexcept:
        """The objects of the archive are no longer needed (graph overrides this)."""

    cdef int end(self) noexcept:
        """Forget the file; the buffer stays until a call on the file that is under way has come back."""
        self.state = S_CLOSED
        self.rcur = self.rlim = self.rend = self.wcur = self.wlim = self.start = NULL
        self._file = None
        self._read = self._write = self._seek = None
        self.clear_map()
        if not self.busy:
            self.drop_buffer()
        return 0

    cdef int drop_buffer(self) noexcept:
        if self._viewed:
            self._viewed = False
            PS_VIEW(-1)
            PyBuffer_Release(&self._view)
        self._buffer = None
        self._mem = None
        self._stream = None
        return 0

    cdef int flush(self) except -1:
        cdef Py_ssize_t unread
        if not self.loading:
            return flush_store(self)
        unread = self.rend - self.rcur
        if self.source == F_MEMORY or unread == 0:
            return 0
        if self.source == F_STREAM:
            give_back(self, unread)
            return 0
        if self._seek is not None or self.source == F_MEMFILE:
            seek_file(self, -unread, 1)
        self.rcur = self.rlim = self.rend
        self.base -= unread
        return 0

    # --- life

    def Flush(self):
        """Storing: write what is buffered, in one call. Loading: move the file back over what is buffered and unread
        (AR-14, AR-15). The file itself is not flushed."""
        unusable(self)
        self.flush()

    def Close(self):
        """Flush, then forget the file, which stays open. A second Close does nothing (AR-11)."""
        if self.state == S_CLOSED:
            return
        unusable(self)
        self.flush()
        self.end()

    def Abort(self):
        """Forget the file without writing or moving anything; never raises (AR-12)."""
        self.end()

    def __enter__(self):
        unusable(self)
        return self

    def __exit__(self, exc_type, exc, traceback):
        if exc_type is None:
            self.Close()
        else:
            self.Abort()

    @property
    def closed(self):
        """True after Close or Abort."""
        return self.state == S_CLOSED

    def IsLoading(self):
        """True if this archive loads (AR-8)."""
        return self.loading

    def IsStoring(self):
        """True if this archive stores (AR-8)."""
        return not self.loading

    def IsBufferEmpty(self):
        """Loading: no unread byte is buffered here or, where the file says so, in the file. Storing: the buffer is full
        (AR-8, AR-27)."""
        if not self.loading:
            return self.wcur == self.wlim
        if self.rcur != self.rend:
            return False
        held = getattr(self._file, "GetUnread", None)
        return held is None or held() == 0

    def IsByteSwapping(self):
        """Always False: the stream is little-endian on every machine (AR-9)."""
        return False

    def GetFile(self):
        """The file as it was given, None after Close or Abort (AR-8)."""
        return self._file

    # --- settings

    @property
    def m_strFileName(self):
        """The file's path, "" if it has none (AR-3)."""
        return self._name

    @m_strFileName.setter
    def m_strFileName(self, str name not None):
        self._name = name

    @property
    def m_nMode(self):
        """The mode bits given at construction."""
        return self.mode

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
    def faithful(self):
        """True if MFC's quirks are reproduced."""
        return self._faithful

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

    @property
    def max_total(self):
        """Most bytes that one top-level read may take, None for no limit (AR-181)."""
        return limit_out(self.max_total_)

    @max_total.setter
    def max_total(self, value):
        self.max_total_ = limit_in("max_total", value)

    @property
    def offset(self):
        """Bytes of the stream loaded or stored so far, counted from where the archive began."""
        unusable(self)
        return position(self)

    # --- raw bytes

    def Read(self, buf, /):
        """Load raw bytes. `buf` is a number: up to that many, as bytes; or a writable buffer: fills it and returns the
        number of bytes. Fewer means the end of the stream; that is no error (AR-24, AR-51)."""
        cdef Py_ssize_t n
        cdef Py_buffer view
        if isinstance(buf, int):
            n = buf
            if n < 0:
                raise ValueError(f"the number of bytes must not be negative, got {n}")
            return read_some(self, n)
        PyObject_GetBuffer(buf, &view, PyBUF_WRITABLE)
        try:
            return read_bulk(self, <uint8_t *>view.buf, view.len, buf, 0)
        finally:
            PyBuffer_Release(&view)

    def EnsureRead(self, buf, /):
        """Like Read, but endOfFile if the stream has fewer bytes (AR-25). A number returns bytes."""
        cdef int64_t at = position(self), n
        cdef Py_ssize_t got
        cdef Py_buffer view
        if isinstance(buf, int):
            n = buf
            if n < 0:
                raise ValueError(f"the number of bytes must not be negative, got {n}")
            return read_exact(self, n, at)
        PyObject_GetBuffer(buf, &view, PyBUF_WRITABLE)
        try:
            got = read_bulk(self, <uint8_t *>view.buf, view.len, buf, 0)
            if got < view.len:
                short_of(self, at, view.len, got)
            return got
        finally:
            PyBuffer_Release(&view)

    def Write(self, data, /):
        """Store the bytes of any contiguous bytes-like object, without a length (AR-18, AR-51)."""
        cdef Py_buffer view
        if PyBytes_CheckExact(data):
            write_bulk(self, <const uint8_t *>PyBytes_AS_STRING(data), PyBytes_GET_SIZE(data), data)
            return
        PyObject_GetBuffer(data, &view, PyBUF_SIMPLE)
        try:
            write_bulk(self, <const uint8_t *>view.buf, view.len, data)
        finally:
            PyBuffer_Release(&view)

    def FillBuffer(self, nBytesNeeded, /):
        """Make that many unread bytes stand in the buffer; endOfFile if the stream has fewer, bufferFull if the buffer
        cannot hold them (AR-19, AR-23)."""
        cdef Py_ssize_t n = nBytesNeeded
        if n <= self.rlim - self.rcur or (fill(self, n) and n <= self.rlim - self.rcur):
            return
        if n > self.cap and self.rend - self.rcur == self.cap:
            fail(self, C_BUFFER_FULL, position(self), _bytes_text(n), f"a buffer of {self.cap}")
        short_of(self, position(self), n, self.rend - self.rcur)

    # --- counts and lengths

    def ReadCount(self):
        """The number of elements that stands before a collection: 16, 32 or 64 bits (AR-71). ArchiveLimitError above
        max_count."""
        return read_count(self)

    def WriteCount(self, n, /):
        """Store a number of elements in its shortest form (AR-70)."""
        cdef uint64_t x = 0
        high = 0xFFFFFFFF if self._bits == 32 else 0xFFFFFFFFFFFFFFFF
        if ps_as_u64(n, &x) != 0 or (self._bits == 32 and x > 0xFFFFFFFF):
            refuse("a count", 0, high, n)
        write_count(self, x)

    def ReadStringLength(self):
        """Marker and length of a counted string, any form: (units, bytes of a unit) (AR-56)."""
        cdef bint wide = False
        cdef int64_t n = load_length(self, &wide)
        return n, 2 if wide else 1

    def WriteStringLength(self, n, unicode=False):
        """Store marker and length of a counted string in the shortest form (AR-52)."""
        cdef uint64_t x = 0
        if ps_as_u64(n, &x) != 0:
            refuse("a string length", 0, 0xFFFFFFFFFFFFFFFF, n)
        store_length(self, x, bool(unicode))

    def check_count(self, n, min_size=1):
        """Check a count from the stream before anything is made for it, and return how many elements may be given room
        at once.

        ArchiveLimitError above max_count or max_total; endOfFile if the stream is known to be shorter than
        n * min_size bytes (AR-180, AR-187, AR-188).
        """
        return check_count(self, n, min_size, position(self))

    # --- bulk arrays

    def write_array(self, T, buf, count=True):
        """Store a whole array: its count (unless `count=False`), then its elements as they lie in memory (AR-214).

        `T` is a scalar wire type, or a structure with an explicit layout (`struct.Struct`, ctypes type, numpy dtype);
        `buf` any contiguous buffer of such items, or of bytes that are a whole number of them. TypeError if the items
        are something else, BufferError if they do not lie together.
        """
        cdef Layout lay = layout_of(T)
        cdef Py_buffer view
        PyObject_GetBuffer(buf, &view, PyBUF_C_CONTIGUOUS | PyBUF_FORMAT)
        try:
            check_format(lay, &view)
            if count:
                write_count(self, view.len // lay.size)
            if PS_BIG_ENDIAN and lay.kind != K_NONE and lay.size > 1:
                swapped = bytearray(PyBytes_FromStringAndSize(<char *>view.buf, view.len))
                swap_items(<uint8_t *>PyByteArray_AS_STRING(swapped), view.len // lay.size, lay.size)
                write_bulk(self, <const uint8_t *>PyByteArray_AS_STRING(swapped), view.len, swapped)
            else:
                write_bulk(self, <const uint8_t *>view.buf, view.len, buf)
        finally:
            PyBuffer_Release(&view)

    def read_array(self, T, out=None, count=True):
        """Load a whole array (AR-214).

        `count=True`: the count stands in the stream; a number: that many elements; False or None: as many as fit into
        `out`. Without `out` the result is a new `array.array` (a bytearray for structures). With `out`, a writable
        contiguous buffer, that is filled and returned; ValueError if its length is not that of the data. endOfFile if the
        stream is shorter.
        """
        cdef Layout lay = layout_of(T)
        cdef Py_buffer view
        cdef int64_t at = position(self), n
        cdef Py_ssize_t got
        if out is None and (count is False or count is None):
            raise TypeError("without a count in the stream, give the number of elements or an out buffer")
        enter_item(self)
        try:
            if out is None:
                n = read_count(self) if count is True else count
                if n < 0:
                    raise ValueError(f"the number of elements must not be negative, got {n}")
                return new_array(self, lay, T, n, at)
            PyObject_GetBuffer(out, &view, PyBUF_C_CONTIGUOUS | PyBUF_FORMAT | PyBUF_WRITABLE)
            try:
                check_format(lay, &view)
                n = view.len // lay.size
                if count is True:
                    n = read_count(self)
                elif count is not False and count is not None:
                    n = count
                if n != view.len // lay.size:
                    raise ValueError(f"out has {view.len // lay.size} elements, the data {n}")
                got = read_bulk(self, <uint8_t *>view.buf, view.len, out, 0)
                if got < view.len:
                    short_of(self, at, view.len, got)
                if PS_BIG_ENDIAN and lay.kind != K_NONE:
                    swap_items(<uint8_t *>view.buf, n, lay.size)
                return out
            finally:
                PyBuffer_Release(&view)
        finally:
            leave_item(self)

    # --- text lines

    def WriteString(self, s, unicode=None):
        """Store the characters of `s` up to its first NUL: no length, no NUL, no line end added; nothing for None (AR-63). `unicode`
        overrides the archive's setting (AR-69)."""
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
        - `ReadString(nMax)`: at most |nMax| characters; the rest of the line stays. The line end is taken, and returned
          only if nMax is negative. None at the end of the stream.

        As in MFC a line ends at LF or CR, and the character after a CR belongs to the line end whatever it is: the first
        two forms then keep it unless it is LF. `faithful=True` adds two more quirks of the first two forms: a NUL cuts the
        line (AR-68), and a last line without line end of 128, 256, ... characters is taken for the end of the stream
        (AR-67). See `ReadLine` for lines without surprises.
        """
        cdef bint wide = self.wide if unicode is None else bool(unicode)
        cdef int64_t most
        check_loading(self)
        if isinstance(into, int):
            most = into
            units = bytearray()
            return self.text_of(units, wide) if read_piece(self, units, most, wide) else None
        if into is not None and not isinstance(into, StringBox):
            raise TypeError(f"ReadString needs a CString box or a number of characters, not {type(into).__name__}")
        units = bytearray()
        there = read_line_mfc(self, units, wide)
        line = self.text_of(units, wide)
        if into is None:
            return line if there else None
        set_box(into, line)
        return there

    def ReadLine(self, unicode=None):
        """The next line of text without its LF or CR LF, None at the end of the stream. A lone CR is a character."""
        cdef bint wide = self.wide if unicode is None else bool(unicode)
        cdef Py_ssize_t step = 2 if wide else 1
        check_loading(self)
        units = bytearray()
        if not read_to_newline(self, units, wide):
            return None
        if units[-step:] == (b"\n\0" if wide else b"\n"):
            del units[-step:]
            if units[-step:] == (b"\r\0" if wide else b"\r"):
                del units[-step:]
        return self.text_of(units, wide)

    def lines(self, unicode=None):
        """Iterate over the lines up to the end of the stream, as `ReadLine` gives them (AR-202)."""
        return iter(lambda: self.ReadLine(unicode), None)

    cdef str text_of(self, bytearray units, bint wide):
        cdef bytes data = bytes(units)
        cdef const uint8_t *p = <const uint8_t *>PyBytes_AS_STRING(data)
        return decode_utf16(p, len(data) >> 1) if wide else self.codec.decode(p, len(data))

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
        """Store a str of one UTF-16 unit, or its number: 2 bytes (AR-43). OverflowError if it does not fit."""
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
        """Store a str as a counted string as the archive's `unicode` says (AR-52). UnicodeEncodeError by the policy `errors`."""
        store_string(self, value, K_CString)

    def ReadCString(self):
        """Load a counted string of either kind, whatever its length form: a str (AR-56). endOfFile if it is cut."""
        return load_string(self)

    def WriteCStringA(self, value, /):
        """Store a str as a counted string of one-byte characters (AR-52). bytes are stored as they are. UnicodeEncodeError by the policy `errors`."""
        store_string(self, value, K_CStringA)

    def ReadCStringA(self):
        """Load a counted string of either kind, whatever its length form: a str (AR-56). endOfFile if it is cut."""
        return load_string(self)

    def WriteCStringW(self, value, /):
        """Store a str as a counted string of UTF-16 units (AR-52). UnicodeEncodeError by the policy `errors`."""
        store_string(self, value, K_CStringW)

    def ReadCStringW(self):
        """Load a counted string of either kind, whatever its length form: a str (AR-56). endOfFile if it is cut."""
        return load_string(self)
