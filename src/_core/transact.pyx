# cython: language_level=3, binding=False, embedsignature=True, embedsignature.format=clinic
# cython: always_allow_keywords=False
"""Transactions of an archive: a message is loaded or stored whole, or not at all (AR-216 to AR-220).

Invariants:
- while a transaction is open, the buffer holds every byte since the outermost one began: nothing is flushed,
  and nothing that was loaded is overwritten; the buffer grows with the bytes that there are, never ahead;
- whatever a rollback restores was noted when its transaction began, or in the undo list since then;
- user code (destructors of what is dropped) runs last, when all is consistent.
"""

from libc.stdint cimport int64_t, uint8_t
from libc.string cimport memcpy, memmove

from pysock._core.buffer cimport (
    F_FEED, F_MEMORY, S_CLOSED, S_OPEN, Buffer, check_loading, enter_item, leave_item, open_window, over_limit,
    position, read_into, resize_buffer, unusable,
)
from pysock._core.errors cimport raise_need_more

cdef enum:
    SPARE = 262144          # bytes of grown buffer that are not worth giving back


cdef int make_space(Buffer c, Py_ssize_t n) except -1:
    """Space for n more loaded bytes. What lies before the cursor, or the transaction, makes way once that is
    at least half of all, and else the buffer doubles: so each byte is moved about once."""
    cdef uint8_t *first = c.start + (c.mark - c.base) if c.frames else c.rcur
    cdef Py_ssize_t dead = first - c.start, live = c.rend - first
    cdef bint grow = dead < live or live + n > c.cap
    if dead:
        memmove(c.start, first, live)
        c.base += dead
        c.rcur -= dead
        c.rlim -= dead
        c.rend -= dead
    if grow:
        resize_buffer(c, 2 * c.cap if live + n < 2 * c.cap else live + n)
    return 0


cdef int64_t lacking(Buffer c, Py_ssize_t k) noexcept:
    """How many more bytes must come at least, if k unread ones are needed now."""
    cdef int64_t end = c.base + (c.rend - c.start), needed = position(c) + k
    return (needed if needed > c.least else c.least) - end


cdef int feed(Transactional c, const uint8_t *p, Py_ssize_t n) except -1:
    """Put n bytes behind those that an archive without a file has."""
    if c.start + c.cap - c.rend < n:
        make_space(c, n)
    memcpy(c.rend, p, n)
    c.rend += n
    if c.state == S_OPEN and not c.busy:
        open_window(c)
    return 0


cdef class Waiter:
    """Somebody who can stop in the middle of a load."""

    cdef int wait(self, Transactional c, Py_ssize_t k) except -1:
        """Come back when k unread bytes are there or the stream has ended."""
        raise NotImplementedError


cdef class Transactional(Bulk):
    """The archive with transactions, still without its objects."""

    cdef void mark_map(self, Frame *f) noexcept:
        """Note the state of the map (graph overrides this)."""

    cdef int unwind_map(self, Frame *f) except -1:
        """Bring that state back (graph overrides this)."""
        return 0

    # --- buffers

    cdef int starve(self, Py_ssize_t k) except -1:
        """k unread bytes are needed and not there."""
        if self.waiter is not None:
            return self.waiter.wait(self, k)
        self.starved = True
        return raise_need_more(lacking(self, k), self.base + (self.rend - self.start))

    cdef int fill_kept(self, Py_ssize_t k) except -1:
        cdef Py_ssize_t got, want
        if self.source == F_FEED:
            self.starve(k)
            return self.rend - self.rcur >= k
        while self.rend - self.rcur < k:
            if self.rend == self.start + self.cap:
                make_space(self, 1)
            want = self.start + self.cap - self.rend
            if self.blocking and k - (self.rend - self.rcur) < want:
                want = k - (self.rend - self.rcur)
            try:
                got = read_into(self, self.rend, want, self._buffer, self.rend - self.start)
            except BlockingIOError:
                self.starve(k)
            if got == 0:
                return 0
            self.rend += got
            open_window(self)
        return 1

    cdef int room_kept(self, Py_ssize_t k) except -1:
        cdef Py_ssize_t used = self.wcur - self.start
        cdef int64_t total = position(self) - self.mark + k
        if 0 <= self.max_total_ < total:
            over_limit(self, "max_total", self.max_total_, total, position(self))
        if self.wlim - self.wcur < k:
            resize_buffer(self, 2 * self.cap if used + k < 2 * self.cap else used + k)
        return 0

    cdef int let_go(self) except -1:
        """After the outermost transaction: the bytes need not be kept any longer."""
        self.kept = self.source == F_FEED
        if self.loading:
            if self.rcur == self.rend and self.source == F_FEED:
                self.base += self.rcur - self.start
                self.rcur = self.rlim = self.rend = self.start
            if self.cap > SPARE and self.source != F_MEMORY and self.cap > self.nominal:
                give_back_space(self)
        elif self.cap > self.nominal and self.wcur - self.start <= self.nominal:
            resize_buffer(self, self.nominal)
        return 0

    # --- frames

    cdef int open_frame(self) except -1:
        cdef Frame *f
        if self.loading:
            check_loading(self)
        else:
            unusable(self)
        if self.frames == DEEPEST:
            raise RuntimeError(f"transactions may be nested to a depth of {DEEPEST}")
        f = &self.stack[self.frames]
        f.at = position(self)
        f.depth = self._depth
        self.mark_map(f)
        if self.frames == 0:
            self.mark = f.at
            self.starved = False
            self.least = 0
            self.kept = self.loading and self.source != F_MEMORY
        if self.loading:
            enter_item(self)
        self.frames += 1
        return 0

    cdef Frame *frame(self) except NULL:
        """The innermost one, if it may end now."""
        unusable(self)
        if self.frames == 0:
            raise RuntimeError("no transaction is open")
        if self._depth > self.stack[self.frames - 1].depth:
            raise RuntimeError("the transaction began outside of the object that is being loaded")
        return &self.stack[self.frames - 1]

    cdef int commit_frame(self) except -1:
        self.frame()
        if self.loading:
            check_loading(self)
            if self.starved:  # somebody swallowed the exception; what came after it is wrong
                raise_need_more(1, self.base + (self.rend - self.start))
            leave_item(self)
        elif 0 <= self.max_total_ < position(self) - self.mark:  # it may have fitted the buffer
            over_limit(self, "max_total", self.max_total_, position(self) - self.mark, self.mark)
        self.frames -= 1
        if self.frames == 0:
            self.let_go()
        return 0

    cdef int roll_back(self) except -1:
        cdef Frame *f = self.frame()
        self.frames -= 1
        if self.loading:
            self.state = S_OPEN
            self.starved = False
            self.rcur = self.start + (f.at - self.base)
            open_window(self)
            leave_item(self)
        else:
            self.wcur = self.start + (f.at - self.base)
        if self.frames == 0:
            self.let_go()
        return self.unwind_map(f)

    # --- members

    def begin(self):
        """Begin a transaction: what is loaded or stored from here on can be taken back, until `commit`
        (AR-216).

        Storing: nothing is written to the file meanwhile; the buffer grows, up to `max_total`. Loading: the bytes
        stay in the buffer, and if the stream has none now but has not ended, the exception is NeedMoreData.
        RuntimeError at the ninth one inside another.
        """
        self.open_frame()

    def commit(self):
        """End the innermost transaction and keep what was done in it; what an outer one encloses can still be
        taken back.

        Writes nothing by itself. RuntimeError if none is open; CArchiveException (genericException) if a load
        failed in it, NeedMoreData if that was raised in it, and ArchiveLimitError if more than `max_total` bytes were
        stored: such a one can only be rolled back.
        """
        self.commit_frame()

    def rollback(self):
        """End the innermost transaction and take back what was done in it: position, objects and classes of
        the map, remembered schemas, failure (AR-217, AR-220). RuntimeError if none is open.

        Not taken back: what `Serialize` did outside of new objects, and settings of the archive (AR-218).
        """
        self.roll_back()

    def transaction(self):
        """A context manager: `begin`, then `commit` on success and `rollback` on an exception."""
        return new_transaction(self)

    @property
    def in_transaction(self):
        """How many transactions are open, in each other."""
        return self.frames


cdef int give_back_space(Transactional c) except -1:
    """A large buffer that holds little."""
    cdef Py_ssize_t unread = c.rend - c.rcur
    if unread > c.nominal:
        return 0
    memmove(c.start, c.rcur, unread)
    c.base += c.rcur - c.start
    c.rlim = c.start + (c.rlim - c.rcur)
    c.rend = c.start + unread
    c.rcur = c.start
    return resize_buffer(c, c.nominal)


cdef class Transaction:
    """What `transaction()` gives."""
    cdef Transactional ar
    cdef int level          # of transactions around this one

    def __init__(self):
        raise TypeError("transactions come from an archive: with ar.transaction():")

    def __enter__(self):
        if self.level >= 0:
            raise RuntimeError("a transaction is entered once; ar.transaction() gives the next")
        self.ar.open_frame()
        self.level = self.ar.frames - 1
        return self.ar

    def __exit__(self, exc_type, exc, traceback):
        cdef Transactional ar = self.ar
        if exc_type is None:
            if ar.state != S_CLOSED and ar.frames == self.level + 1:
                try:
                    ar.commit_frame()
                    return
                except BaseException:
                    self.take_back()
                    raise
            unusable(ar)
            how = "was ended" if ar.frames <= self.level else "has others open"
            self.take_back()
            raise RuntimeError(f"the transaction of this with block {how} inside of it")
        self.take_back()

    cdef int take_back(self) except -1:
        """Also those inside this one that were left open."""
        while self.ar.frames > self.level:
            self.ar.roll_back()
        return 0


cdef Transaction new_transaction(Transactional ar):
    cdef Transaction t = Transaction.__new__(Transaction)
    t.ar = ar
    t.level = -1
    return t
