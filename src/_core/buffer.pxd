# cython: language_level=3
"""The buffer of an archive, for the rooms above it: windows into memory, and what refills and empties them.

The two windows make the hot path one comparison: `rcur..rlim` are bytes that may be loaded now, `wcur..wlim`
is room that may be stored into now. Whatever forbids an operation (wrong direction, closed, failed, busy,
over budget) leaves the window empty, and the slow path finds out why.
"""

from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t

from pysock._core.fast cimport ps_get16, ps_get32, ps_put16, ps_put32
from pysock._core.memfile cimport Held, MemFile
from pysock._core.stream cimport Stream

cdef enum State:
    S_CLOSED    # never opened, closed or aborted
    S_OPEN
    S_FAILED    # a load went wrong inside an object: nothing more is loaded (AR-190)

cdef enum Source:
    F_MEMORY    # a bytes-like object: the window is all of it
    F_MEMFILE   # our own memory file: C calls
    F_MFC       # has Read/Write/Seek
    F_MFC_INTO  # has ReadInto as well
    F_PY        # has read/write/seek
    F_PY_INTO   # has readinto as well
    F_STREAM    # compiled, not ours to know: C calls through Stream
    F_FEED      # no file: bytes are pushed into the buffer; becomes F_MEMORY once it is known that no more come

cdef enum Cause:
    C_GENERIC = 1
    C_READ_ONLY = 2
    C_END_OF_FILE = 3
    C_WRITE_ONLY = 4
    C_BAD_INDEX = 5
    C_BAD_CLASS = 6
    C_BAD_SCHEMA = 7
    C_BUFFER_FULL = 8

cdef class Buffer:
    cdef uint8_t *rcur      # next byte to load
    cdef uint8_t *rlim      # end of what may be loaded without asking
    cdef uint8_t *wcur      # where the next byte is stored
    cdef uint8_t *wlim      # end of the room
    cdef uint8_t *rend      # end of the loaded data, >= rlim
    cdef uint8_t *start     # of the buffer
    cdef Py_ssize_t cap     # bytes of buffer
    cdef int64_t base       # stream offset of `start`, counted from where the archive began
    cdef int64_t budget     # stream offset at which the current item has used up max_total
    cdef int state
    cdef int source
    cdef int mode
    cdef int nesting        # of composite reads that share a budget
    cdef bint opened        # once and for all
    cdef bint user_buffer   # the buffer is the caller's
    cdef bint loading
    cdef bint busy          # inside a call on the file; the windows are put away
    cdef bint blocking      # AR-7: never ask for more than is needed
    cdef bint _faithful
    cdef int frames         # transactions that are open
    cdef bint kept          # loading passes through the buffer only, which grows: in a transaction, or fed
    cdef bint stoppable     # fed, and a load that lacks bytes waits for them instead of failing
    cdef int64_t least      # fed: stream offset before which what is being loaded cannot end
    cdef bint starved       # NeedMoreData was raised and not rolled back yet
    cdef int64_t mark       # stream offset at which the outermost transaction began
    cdef Py_ssize_t nominal     # bytes of buffer that were asked for
    cdef Py_ssize_t taken   # bytes of a write that the file took before it failed
    cdef uint8_t *saved[4]  # rcur, rlim, wcur, wlim while busy

    cdef int64_t max_total_

    cdef object _file       # as given; None after Close
    cdef MemFile _mem       # the file, if F_MEMFILE
    cdef Stream _stream     # the file, if F_STREAM
    cdef object _buffer     # bytearray or the user's: owner of `start`
    cdef Held _held         # of _buffer, or of the bytes-like source
    cdef bint _viewed       # _held is to be released
    cdef object _read       # bound methods of the file
    cdef object _write
    cdef object _seek
    cdef bint _read_ahead
    cdef str _name          # m_strFileName

    cdef int open_file(self, object file, int mode, object nbufsize, object lpbuf) except -1
    cdef int end(self) noexcept
    cdef int flush(self) except -1
    cdef int bind(self, object file) except -1
    cdef int bind_mfc(self, object file) except -1
    cdef int bind_python(self, object file) except -1
    cdef int drop_buffer(self) noexcept
    cdef void clear_map(self) noexcept
    cdef int fill_kept(self, Py_ssize_t k) except -1
    cdef int room_kept(self, Py_ssize_t k) except -1


# --- the slow paths

cdef int unusable(Buffer c) except -1
cdef int check_storing(Buffer c) except -1
cdef int check_loading(Buffer c) except -1
cdef int fail(Buffer c, int cause, int64_t at, object wanted, object found) except -1
cdef int over_limit(Buffer c, object limit, int64_t allowed, object found, int64_t at) except -1
cdef int short_of(Buffer c, int64_t at, int64_t want, int64_t have) except -1
cdef object text_of_bytes(int64_t n)
cdef uint8_t *make_room(Buffer c, Py_ssize_t k) except NULL
cdef uint8_t *fetch(Buffer c, Py_ssize_t k) except NULL
cdef int fill(Buffer c, Py_ssize_t k) except -1
cdef int open_window(Buffer c) noexcept
cdef int resize_buffer(Buffer c, Py_ssize_t size) except -1
cdef Py_ssize_t read_into(Buffer c, uint8_t *dst, Py_ssize_t n, object owner, Py_ssize_t offset) except -1
cdef int check_budget(Buffer c, int64_t k) except -1
cdef int64_t remaining(Buffer c) except -2
cdef bytearray longer(bytearray grown, Py_ssize_t n)
cdef object read_some(Buffer c, int64_t n)
cdef Py_ssize_t read_bulk(Buffer c, uint8_t *dst, Py_ssize_t n, object owner, Py_ssize_t offset) except -1
cdef bytes read_exact(Buffer c, int64_t n, int64_t at)
cdef int write_bulk(Buffer c, const uint8_t *p, Py_ssize_t n, object owner) except -1
cdef int write_bytes(Buffer c, const uint8_t *p, Py_ssize_t n) except -1
cdef int enter_item(Buffer c) except -1
cdef int leave_item(Buffer c) noexcept
cdef object limit_out(int64_t v)
cdef int64_t limit_in(object name, object v) except? -2


# --- the fast paths

cdef inline int64_t position(Buffer c) noexcept:
    """Offset of the next byte of the stream."""
    if c.loading:
        return c.base + (c.rcur - c.start)
    return c.base + (c.wcur - c.start)


cdef inline uint8_t *room(Buffer c, Py_ssize_t k) except NULL:
    """k bytes to store into; a scalar is never split (AR-17)."""
    cdef uint8_t *p = c.wcur
    if c.wlim - p < k:
        p = make_room(c, k)
    c.wcur = p + k
    return p


cdef inline uint8_t *take(Buffer c, Py_ssize_t k) except NULL:
    """The next k bytes, or endOfFile with the cursor where it was (AR-19)."""
    cdef uint8_t *p = c.rcur
    if c.rlim - p < k:
        p = fetch(c, k)
    c.rcur = p + k
    return p


cdef inline int put8(Buffer c, uint8_t v) except -1:
    room(c, 1)[0] = v
    return 0


cdef inline int put16(Buffer c, uint16_t v) except -1:
    ps_put16(room(c, 2), v)
    return 0


cdef inline int put32(Buffer c, uint32_t v) except -1:
    ps_put32(room(c, 4), v)
    return 0


cdef inline uint8_t get8(Buffer c) except? 0xFF:
    return take(c, 1)[0]


cdef inline uint16_t get16(Buffer c) except? 0xFFFF:
    return ps_get16(take(c, 2))


cdef inline uint32_t get32(Buffer c) except? 0xFFFFFFFF:
    return ps_get32(take(c, 4))
