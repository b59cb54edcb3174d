# cython: language_level=3, binding=False, embedsignature=True, embedsignature.format=clinic
# cython: always_allow_keywords=False
"""An archive's buffer and the file behind it: what moves bytes, whatever they mean.

Invariants:
- rcur <= rlim <= rend and wcur <= wlim, all in the buffer, or NULL; both windows are empty unless loading or
  storing is possible right now.
- Python code is called only with the windows put away (`busy`) or with no pointer kept over the call, so a
  file or buffer that re-enters, closes or raises finds a consistent archive.
- A number from the stream never sizes an allocation before that many bytes are known to be there.
"""

from cpython.buffer cimport (
    PyBUF_SIMPLE, PyBUF_WRITABLE, PyBuffer_Release, PyObject_CheckBuffer, PyObject_GetBuffer,
)
from cpython.bytearray cimport PyByteArray_AS_STRING, PyByteArray_FromStringAndSize, PyByteArray_Resize
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_CheckExact, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.object cimport PyObject, PyTypeObject
from libc.stdint cimport INT64_MAX, int64_t, uint8_t
from libc.string cimport memcpy, memmove

import io as _io
import os as _os

from pysock._core.errors cimport raise_archive, raise_file, raise_invalid_arg, raise_limit
from pysock._core.fast cimport ps_same_method
from pysock._core.memfile cimport MemFile
from pysock._core.stream cimport Feed, Stream

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
    NO_LIMIT = -1
    FIRST_PIECE = 65536     # bytes taken on trust when nobody knows how many will come (AR-188)


def live_counts():
    """Archives and borrowed buffers alive, by name; empty in a release build."""
    return {"archives": PS_ARCHIVES, "views": PS_VIEWS} if PS_ARCHIVES >= 0 else {}


# --- errors -----------------------------------------------------------------------------------------------

cdef int fail(Buffer c, int cause, int64_t at, object wanted, object found) except -1:
    """Raise CArchiveException. MFC leaves the file name out of endOfFile and bufferFull (AR-31)."""
    name = c._name
    if c._faithful and (cause == C_END_OF_FILE or cause == C_BUFFER_FULL):
        name = ""
    return raise_archive(cause, name, at if at >= 0 else None, wanted, found)


cdef int over_limit(Buffer c, object limit, int64_t allowed, object found, int64_t at) except -1:
    if c.nesting and c.state == S_OPEN:
        c.state = S_FAILED
        c.rlim = c.rcur
    return raise_limit(limit, allowed, found, c._name, at if at >= 0 else None)


cdef int short_of(Buffer c, int64_t at, int64_t want, int64_t have) except -1:
    return fail(c, C_END_OF_FILE, at, text_of_bytes(want), text_of_bytes(have))


cdef object text_of_bytes(int64_t n):
    return "1 byte" if n == 1 else f"{n} bytes"


cdef int unusable(Buffer c) except -1:
    """Raise what keeps the archive from being used, if anything does."""
    if c.busy:
        raise RuntimeError("the archive is in the middle of a call on its file: neither another thread nor "
                           "the file itself may use it now")
    if c.state == S_CLOSED:
        raise ValueError("the archive is closed")
    return 0


cdef int check_storing(Buffer c) except -1:
    unusable(c)
    if c.loading:
        fail(c, C_READ_ONLY, -1, "a storing archive", "a loading one")
    return 0


cdef int check_loading(Buffer c) except -1:
    unusable(c)
    if not c.loading:
        fail(c, C_WRITE_ONLY, -1, "a loading archive", "a storing one")
    if c.state == S_FAILED:
        fail(c, C_GENERIC, position(c), "a sound archive", "one in which a load has failed before")
    return 0


# --- calls on the file ------------------------------------------------------------------------------------

cdef int begin_call(Buffer c) except -1:
    """Put the windows away: whoever uses the archive during the call on its file meets `unusable`."""
    c.busy = True
    c.saved[0] = c.rcur
    c.saved[1] = c.rlim
    c.saved[2] = c.wcur
    c.saved[3] = c.wlim
    c.rcur = c.rlim = c.wcur = c.wlim = NULL
    return 0


cdef int end_call(Buffer c) noexcept:
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
        raise ValueError(f"{what} of the file returned {got!r} for {text_of_bytes(asked)}")
    return n


cdef Py_ssize_t read_into(Buffer c, uint8_t *dst, Py_ssize_t n, object owner, Py_ssize_t offset) except -1:
    """One read of the file: up to n bytes to `dst`, which is owner[offset:offset + n]. Returns 0 at the
    end."""
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


cdef int write_out(Buffer c, const uint8_t *p, Py_ssize_t n, object owner, Py_ssize_t offset) except -1:
    """One write to the file of n bytes at `p`; owner[offset:offset + n] are the same bytes, or owner is
    None."""
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


cdef int write_py(Buffer c, object data, Py_ssize_t n) except -1:
    """A Python file may take less than all (raw ones do); one that returns None has taken everything."""
    cdef Py_ssize_t done = 0, got
    c.taken = 0
    while True:
        result = c._write(data if done == 0 else memoryview(data)[done:])
        if result is None:
            if isinstance(c._file, _io.RawIOBase):
                raise BlockingIOError(0, "the file takes nothing now and will not wait", done)
            return 0
        got = checked_count(result, n - done, "write")
        done += got
        c.taken = done
        if done == n:
            return 0
        if got == 0:
            raise_file(13, -1, c._name, f"write ({done} of {text_of_bytes(n)} taken)")


cdef int64_t seek_file(Buffer c, int64_t offset, int origin) except? -1:
    if c.source == F_MEMFILE:
        return c._mem.Seek(offset, origin)
    begin_call(c)
    try:
        where = c._seek(offset, origin)
        return where if isinstance(where, int) else 0
    finally:
        end_call(c)
        unusable(c)


cdef int give_back(Buffer c, Py_ssize_t unread) except -1:
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


cdef int64_t remaining(Buffer c) except -2:
    """Bytes up to the end of the stream if that can be known without reading, else -1 (AR-187, AR-188)."""
    cdef int64_t buffered = c.rend - c.rcur, here, end
    if c.source == F_MEMORY:
        return buffered
    if c.source == F_MEMFILE:
        return buffered + (c._mem._len - c._mem._pos if c._mem._len > c._mem._pos else 0)
    if c.blocking or c.source == F_STREAM:
        return -1
    python = c.source == F_PY or c.source == F_PY_INTO
    length = None if python else getattr(c._file, "GetLength", None)
    position_ = None if python else getattr(c._file, "GetPosition", None)
    if not python and (length is None or position_ is None):
        return -1
    try:
        if python:
            here = seek_file(c, 0, 1)
            try:
                end = seek_file(c, 0, 2)
            finally:  # also if that is interrupted
                seek_file(c, here, 0)
        else:
            begin_call(c)
            try:
                end = length()
                here = position_()
            finally:
                end_call(c)
                unusable(c)
    except OSError:  # CFileException too: a pipe, or a file of the user's that has no length to tell
        return -1
    return buffered + (end - here if end > here else 0)


cdef int resize_buffer(Buffer c, Py_ssize_t size) except -1:
    """Another size for the buffer, with what is in it and both windows; only outside of calls on the file.

    The one place where a buffer grows. Whoever was lent a piece of the old one keeps that.
    """
    cdef Py_ssize_t used = (c.rend if c.loading else c.wcur) - c.start
    cdef Py_ssize_t cursor = c.rcur - c.start, limit = c.rlim - c.start
    cdef bint shared = c.user_buffer
    if not shared:
        PyBuffer_Release(&c._held.view)
        try:
            PyByteArray_Resize(c._buffer, size)
        except BufferError:
            shared = True
        finally:
            PyObject_GetBuffer(c._buffer, &c._held.view, PyBUF_WRITABLE)
    if shared:
        fresh = PyByteArray_FromStringAndSize(NULL, size)
        memcpy(PyByteArray_AS_STRING(fresh), c.start, used)
        PyBuffer_Release(&c._held.view)
        c._buffer = fresh
        c.user_buffer = False
        PyObject_GetBuffer(fresh, &c._held.view, PyBUF_WRITABLE)
    c.start = <uint8_t *>c._held.view.buf
    c.cap = size
    if c.loading:
        c.rcur = c.start + cursor
        c.rlim = c.start + limit
        c.rend = c.start + used
    else:
        c.wcur = c.start + used
        c.wlim = c.start + size
    return 0


# --- storing: the buffer ----------------------------------------------------------------------------------

cdef int flush_store(Buffer c) except -1:
    """AR-14: one write of what is buffered, if anything."""
    cdef Py_ssize_t n = c.wcur - c.start
    if n == 0:
        return 0
    try:
        write_out(c, c.start, n, None, 0)
    except BaseException:
        if c.state == S_OPEN and c.taken:  # part of it is written: it must not be written again
            memmove(c.start, c.start + c.taken, n - c.taken)
            c.wcur -= c.taken
            c.base += c.taken
        raise
    c.base += n
    c.wcur = c.start
    if c.cap > c.nominal:  # a transaction needed more
        resize_buffer(c, c.nominal)
    return 0


cdef uint8_t *make_room(Buffer c, Py_ssize_t k) except NULL:
    """Slow path of `room`."""
    check_storing(c)
    if c.frames:
        c.room_kept(k)
    else:
        flush_store(c)
    return c.wcur


cdef int write_bulk(Buffer c, const uint8_t *p, Py_ssize_t n, object owner) except -1:
    """AR-18: fill the buffer up, write whole multiples of it straight, keep the rest. `owner` holds the
    bytes."""
    cdef Py_ssize_t fits = c.wlim - c.wcur, rest, direct
    if 0 < n <= fits:
        memmove(c.wcur, p, n)
        c.wcur += n
        return 0
    check_storing(c)
    if n == 0:
        return 0
    if c.frames:
        c.room_kept(n)
        memmove(c.wcur, p, n)
        c.wcur += n
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


cdef int write_bytes(Buffer c, const uint8_t *p, Py_ssize_t n) except -1:
    """Bytes that no Python object holds."""
    if 0 < n <= c.wlim - c.wcur:
        memcpy(c.wcur, p, n)
        c.wcur += n
        return 0
    data = PyBytes_FromStringAndSize(<const char *>p, n)
    return write_bulk(c, <const uint8_t *>PyBytes_AS_STRING(data), n, data)


# --- loading: the buffer ----------------------------------------------------------------------------------

cdef int open_window(Buffer c) noexcept:
    """rlim = rend, or less if the budget of the current item ends earlier."""
    cdef int64_t left
    c.rlim = c.rend
    if c.budget != INT64_MAX:
        left = c.budget - (c.base + (c.rcur - c.start))
        if left < c.rend - c.rcur:
            c.rlim = c.rcur + (left if left > 0 else 0)
    return 0


cdef int check_budget(Buffer c, int64_t k) except -1:
    """Raise if k more bytes are beyond max_total (AR-181)."""
    cdef int64_t at = position(c)
    if k > c.budget - at:
        over_limit(c, "max_total", c.max_total_, <object>at + k - (<object>c.budget - c.max_total_), at)
    return 0


cdef int fill(Buffer c, Py_ssize_t k) except -1:
    """1 when k unread bytes are in the window, 0 if the stream ends first (AR-19, AR-20). Whatever came stays
    buffered."""
    cdef Py_ssize_t unread, want, got, total
    check_loading(c)
    check_budget(c, k)
    unread = c.rend - c.rcur
    if unread >= k:
        open_window(c)
        return 1
    if c.kept:
        return c.fill_kept(k)
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


cdef uint8_t *fetch(Buffer c, Py_ssize_t k) except NULL:
    """Slow path of `take`."""
    if not fill(c, k):
        short_of(c, position(c), k, c.rend - c.rcur)
    return c.rcur


cdef Py_ssize_t read_bulk(Buffer c, uint8_t *dst, Py_ssize_t n, object owner, Py_ssize_t offset) except -1:
    """AR-24: what is buffered, then whole multiples of the buffer straight to `dst`, then the rest through
    the buffer.

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
    if c.kept:
        fill(c, n)
        fits = c.rlim - c.rcur
        if fits > n:
            fits = n
        memmove(dst, c.rcur, fits)
        c.rcur += fits
        return fits
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
            open_window(c)  # the next read may raise
        if c.rend - c.start < rest:
            rest = c.rend - c.start
        memmove(dst + done, c.start, rest)
        c.rcur = c.start + rest
        done += rest
        open_window(c)
    return done


cdef bytearray longer(bytearray grown, Py_ssize_t n):
    """With n more bytes; another one if the file keeps what it was lent of this one."""
    try:
        grown += bytes(n)
        return grown
    except BufferError:
        return grown + bytes(n)


cdef object read_some(Buffer c, int64_t n):
    """Up to n bytes as bytes, fewer only at the end of the stream; memory grows with what arrives
    (AR-188)."""
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
    if c.kept:
        fill(c, n)
        fits = c.rlim - c.rcur
        return read_some(c, n if n < fits else fits)
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
        grown = longer(grown, piece)
        piece = read_bulk(c, <uint8_t *>PyByteArray_AS_STRING(grown) + have, piece, grown, have)
        if have + piece < len(grown):
            return bytes(memoryview(grown)[:have + piece])
        if len(grown) >= n:
            return bytes(grown)
        piece = len(grown)
        if piece > n - len(grown):
            piece = n - len(grown)


cdef bytes read_exact(Buffer c, int64_t n, int64_t at):
    """n bytes, or endOfFile for the item that began at `at`; a length that cannot be true fails before any is
    read."""
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


cdef int enter_item(Buffer c) except -1:
    """Begin a composite read; the outermost one gets a budget of max_total bytes (AR-181)."""
    if c.busy:
        unusable(c)  # before the window opens: it has been put away
    if c.nesting == 0 and c.max_total_ >= 0 and c.loading:
        c.budget = c.base + (c.rcur - c.start) + c.max_total_
        open_window(c)
    c.nesting += 1
    return 0


cdef int leave_item(Buffer c) noexcept:
    c.nesting -= 1
    if c.nesting == 0:
        c.budget = INT64_MAX
        if c.state == S_OPEN and not c.busy:
            c.rlim = c.rend
    if c.state == S_FAILED:
        c.rlim = c.rcur
    return 0


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


# --- the class ---------------------------------------------------------------------------------------------

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


cdef class Buffer:
    """The archive without its objects: everything up to bulk arrays and text lines. `CArchive` is built on
    it."""

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
            PyBuffer_Release(&self._held.view)

    cdef int open_file(self, object file, int mode, object nbufsize, object lpbuf) except -1:
        """Construction: AR-1 to AR-7."""
        cdef Py_ssize_t size = nbufsize
        self.mode = mode
        self.loading = (mode & MODE_LOAD) != 0
        self.bind(file)
        if self.source == F_MEMORY:
            self.start = <uint8_t *>self._held.view.buf
            self.nominal = self.cap = self._held.view.len
            self.rcur = self.start
            self.rend = self.start + self.cap
        else:
            if size < MIN_BUFFER:
                size = MIN_BUFFER
                lpbuf = None
            self.user_buffer = lpbuf is not None
            if lpbuf is None:
                lpbuf = bytearray(size)
            # A view holds the buffer also where it is our own: a file that is lent a piece may keep that.
            PyObject_GetBuffer(lpbuf, &self._held.view, PyBUF_WRITABLE)
            self._viewed = True
            PS_VIEW(1)
            if self._held.view.len < size:
                if self._held.view.len < MIN_BUFFER:
                    raise ValueError(f"lpBuf has {text_of_bytes(self._held.view.len)}, nBufSize is {size}")
                size = self._held.view.len
            self._buffer = lpbuf
            self.start = <uint8_t *>self._held.view.buf
            self.nominal = self.cap = size
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
        elif isinstance(file, Feed):
            self.source = F_FEED
            self.kept = self.blocking = True
        elif hasattr(file, "Read") or hasattr(file, "Write"):
            self.bind_mfc(file)
        elif PyObject_CheckBuffer(file) and (self.loading or not hasattr(file, "write")):  # an mmap has that
            if not self.loading:
                raise TypeError(f"cannot store into a {type(file).__name__}; use CMemFile and its getvalue()")
            PyObject_GetBuffer(file, &self._held.view, PyBUF_SIMPLE)
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
                raise TypeError(f"an archive needs a file to store into; {type(file).__name__} has no write")
            return 0
        # A buffered reader's readinto() waits for all it is asked for; readinto1() for what there is.
        into = getattr(file, "readinto", None)
        if isinstance(file, (_io.BufferedReader, _io.BufferedRandom, _io.BufferedRWPair)):
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

    cdef int fill_kept(self, Py_ssize_t k) except -1:
        """`fill` where bytes that were read are kept (transact overrides this)."""
        raise NotImplementedError

    cdef int room_kept(self, Py_ssize_t k) except -1:
        """Room for k more bytes without a flush (transact overrides this)."""
        raise NotImplementedError

    cdef int end(self) noexcept:
        """Forget the file; the buffer stays until a call on the file that is under way has come back."""
        self.state = S_CLOSED
        self.rcur = self.rlim = self.rend = self.wcur = self.wlim = self.start = NULL
        self._file = None
        self._read = self._write = self._seek = None
        self.frames = 0
        self.kept = self.starved = False
        self.clear_map()
        if not self.busy:
            self.drop_buffer()
        return 0

    cdef int drop_buffer(self) noexcept:
        if self._viewed:
            self._viewed = False
            PS_VIEW(-1)
            PyBuffer_Release(&self._held.view)
        self._buffer = None
        self._mem = None
        self._stream = None
        return 0

    cdef int flush(self) except -1:
        cdef Py_ssize_t unread
        if self.frames:
            raise RuntimeError("a transaction is open: commit() or rollback() first")
        if not self.loading:
            return flush_store(self)
        unread = self.rend - self.rcur
        if self.source == F_MEMORY or self.source == F_FEED or unread == 0:
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
        """Storing: write what is buffered, in one call. Loading: move the file back over what is buffered and
        unread (AR-14, AR-15). The file itself is not flushed."""
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
        try:
            if exc_type is None:
                self.Close()
        finally:
            self.Abort()  # nothing is left to do after Close

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
        """Loading: no unread byte is buffered here or, where the file says so, in the file. Storing: the
        buffer is full (AR-8, AR-27)."""
        if not self.loading:
            return self.wcur == self.wlim
        if self.rcur != self.rend:
            return False
        if self._stream is not None:
            return self._stream.unread() == 0
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
    def faithful(self):
        """True if MFC's quirks are reproduced."""
        return self._faithful

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
        """Load raw bytes. `buf` is a number: up to that many, as bytes; or a writable buffer: fills it and
        returns the number of bytes. Fewer means the end of the stream; that is no error (AR-24, AR-51)."""
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
        """Make that many unread bytes stand in the buffer; endOfFile if the stream has fewer, bufferFull if
        the buffer cannot hold them (AR-19, AR-23)."""
        cdef Py_ssize_t n = nBytesNeeded
        if n <= self.rlim - self.rcur or (fill(self, n) and n <= self.rlim - self.rcur):
            return
        if n > self.cap and self.rend - self.rcur == self.cap:
            fail(self, C_BUFFER_FULL, position(self), text_of_bytes(n), f"a buffer of {self.cap}")
        short_of(self, position(self), n, self.rend - self.rcur)
