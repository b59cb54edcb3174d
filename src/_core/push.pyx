# cython: language_level=3, binding=False, embedsignature=True, embedsignature.format=clinic
# cython: always_allow_keywords=False
"""An archive that is fed: bytes are pushed in as they come, values are pulled out once they are complete
(AR-221).

Each try is a transaction: what is incomplete is rolled back and loaded again when the bytes that were missing are
there. Loading again from the start is cheap as long as little was loaded. Once that has cost WORTHWHILE
bytes, the next try runs on a stack of its own, a thread that takes turns with the caller (never at the same
time) and simply stops in the middle of the read until more is fed: so the cost stays proportional to the
message, whatever its `Serialize` does (AR-219).
"""

cimport cython
from cpython.buffer cimport PyBUF_SIMPLE, PyBuffer_Release, PyObject_GetBuffer
from libc.stdint cimport int64_t, uint8_t

import contextvars as _contextvars
import enum as _enum
import os as _os
import sys as _sys
from _thread import allocate_lock, start_new_thread

from pysock._core.buffer cimport F_FEED, F_MEMORY, S_CLOSED, open_window, position, unusable
from pysock._core.carchive cimport CArchive, load_value
from pysock._core.errors cimport raise_limit
from pysock._core.errors import NeedMoreData
from pysock._core.public cimport ps_public
from pysock._core.stream cimport Feed
from pysock._core.transact cimport Transactional, Waiter, feed, lacking

cdef extern from *:
    """
    #ifdef PS_DEBUG
    static Py_ssize_t ps_live_stops = 0;
    #  define PS_STOP(n) (ps_live_stops += (n))
    #  define PS_STOPS ps_live_stops
    #else
    #  define PS_STOP(n) ((void)0)
    #  define PS_STOPS -1
    #endif
    """
    void PS_STOP(int n)
    const Py_ssize_t PS_STOPS

cdef enum:
    WORTHWHILE = 131072     # bytes loaded in vain, from which on a thread is the cheaper way


def live_counts():
    """Reads that stopped in the middle, by name; empty in a release build."""
    return {"stopped reads": PS_STOPS} if PS_STOPS >= 0 else {}


class Pending(_enum.Enum):
    """The type of PENDING."""

    __module__ = "pysock"

    PENDING = "PENDING"

    def __repr__(self):
        return "PENDING"

    __str__ = __repr__


PENDING = Pending.PENDING
cdef object _PENDING = PENDING


class Abandoned(BaseException):
    """Raised in a read that stopped in the middle and will not go on; nobody should catch it."""


cdef object load(CArchive a, object what, bint by_function):
    return what(a) if by_function else load_value(a, what)


@cython.final
cdef class StoppedRead(Waiter):
    """A load on a stack of its own. `switch` lets it go on and returns when it stops again or is done."""
    cdef CArchive ar
    cdef object what
    cdef bint by_function
    cdef object go          # locks: the one that is released next says who runs
    cdef object stopped
    cdef object value
    cdef object error
    cdef int64_t until      # stream offset that it waits for
    cdef bint done
    cdef bint cancelled
    cdef int process        # that it runs in

    def __cinit__(self):
        PS_STOP(1)

    def __dealloc__(self):
        PS_STOP(-1)

    cdef int start(self) except -1:
        self.process = _os.getpid()
        self.go = allocate_lock()
        self.stopped = allocate_lock()
        self.go.acquire()
        self.stopped.acquire()
        start_new_thread(_contextvars.copy_context().run, (self,))
        return 0

    def __call__(self):
        self.go.acquire()
        try:
            if not self.cancelled:
                self.value = load(self.ar, self.what, self.by_function)
        except BaseException as e:
            self.error = e
        self.done = True
        self.ar.waiter = None
        self.ar.stoppable = False
        self.stopped.release()

    cdef int switch(self) except -1:
        interrupted = None
        if self.done:
            return 0
        if self.process != <int>_os.getpid():
            raise RuntimeError("a read that was under way does not go on in a forked process")
        self.go.release()
        while True:
            try:
                self.stopped.acquire()
                break
            except BaseException as e:  # a signal handler's: the other stack is running and has to stop first
                interrupted = e
        if interrupted is not None:
            raise interrupted
        return 0

    cdef int cancel(self) except -1:
        """Unwind it; harmless if it is done."""
        self.cancelled = True
        while not self.done:
            self.switch()
        return 0

    cdef int wait(self, Transactional c, Py_ssize_t k) except -1:
        self.until = c.base + (c.rend - c.start) + lacking(c, k)
        c.rlim = c.rcur
        c.busy = True
        while not self.cancelled and c.state != S_CLOSED and c.source == F_FEED and c.rend - c.rcur < k:
            self.stopped.release()
            self.go.acquire()
        c.busy = False
        if c.state == S_CLOSED:
            c.drop_buffer()
        if self.cancelled:
            raise Abandoned
        unusable(c)
        open_window(c)
        return 0


cdef class PushArchive:
    """PushArchive(**options)
--

    A loading archive without a file: `feed` gives it bytes as they come, `try_read` takes out what is
    complete (AR-221).

    The options are those of CArchive, and so are the limits: a message may take `max_total` bytes, and no more
    than that is kept for one that is incomplete.
    """
    cdef CArchive ar
    cdef object pending     # what the last try was for, if it is to be tried again
    cdef bint by_function
    cdef bint reading
    cdef bint ended
    cdef int64_t until      # stream offset before which another try makes no sense
    cdef int64_t wasted     # bytes loaded and rolled back for it
    cdef int64_t patience   # how many may be
    cdef StoppedRead stop
    cdef object __weakref__

    def __cinit__(self, *args, **kwargs):
        self.ar = CArchive.__new__(CArchive)  # a closed one: a subclass may forget to call __init__

    def __init__(self, **options):
        if self.ar.opened:
            raise RuntimeError("an archive cannot be opened a second time; make a new one")
        self.patience = WORTHWHILE
        self.ar = CArchive(Feed(), CArchive.load, **options)

    def __del__(self):
        if self.stop is not None and not _sys.is_finalizing():
            self.abandon()

    def __repr__(self):
        if self.ar.state == S_CLOSED:
            return "<PushArchive closed>"
        return f"<PushArchive at byte {self.start()}, {self.unread} unread{', ended' if self.ended else ''}>"

    def __enter__(self):
        unusable(self.ar)
        return self

    def __exit__(self, exc_type, exc, traceback):
        self.close()

    def close(self):
        """Forget all bytes and objects. A second time nothing happens."""
        if self.reading:
            self.not_reading()
        self.abandon()
        self.ar.Abort()

    # --- bytes in

    def feed(self, data, /):
        """Put the bytes of any contiguous bytes-like object behind those that are there.

        ValueError after `eof` or `close`. ArchiveLimitError, and nothing taken, if more than `max_total` bytes
        are there already: nobody reads.
        """
        cdef CArchive a = self.ar
        cdef Py_buffer view
        self.not_reading()
        if self.ended:
            raise ValueError("bytes after the end: eof() was called")
        if 0 <= a.max_total_ < self.end() - self.start():
            raise_limit("max_total", a.max_total_, f"{self.end() - self.start()} bytes unread", "", self.start())
        PyObject_GetBuffer(data, &view, PyBUF_SIMPLE)
        try:
            if view.len:
                feed(a, <const uint8_t *>view.buf, view.len)
        finally:
            PyBuffer_Release(&view)

    def eof(self):
        """Say that no more bytes will come: what is incomplete now is cut, which `try_read` tells by
        endOfFile."""
        self.not_reading()
        self.abandon()  # with the length known, the next try does exactly what an archive over all bytes does
        self.ended = True
        self.ar.source = F_MEMORY
        self.ar.kept = False

    # --- values out

    def try_read(self, T, /):
        """The next value of the wire type `T`, as `CArchive.read` gives it, or PENDING if more bytes are
        needed for it.

        PENDING leaves all as it was; try the same `T` again after the next `feed`. So does an exception, which is
        the same that an archive over all the bytes would raise. At the end of the stream that is
        ArchiveEndOfFile.
        """
        return self.attempt(T, False)

    def try_load(self, function, /):
        """`function(archive)`, or PENDING if it needs more bytes than there are: for messages that no one
        type describes.

        The function is called again, from the start of the message, when more bytes are there, or, if the message
        is long, it is stopped in the middle and goes on, in a thread of its own: it should do nothing but load.
        Try the same function again, not a new one for each try.
        """
        return self.attempt(function, True)

    def try_line(self, unicode=None):
        """The next line of text as `CArchive.ReadLine` gives it, None at the end of the stream; or PENDING."""
        return self.attempt(_LINES[unicode if unicode is None else bool(unicode)], True)

    def messages(self, T, /):
        """Iterate over the values of the wire type `T` that are complete by now.

        ValueError if a value takes no bytes, as there would be no end of them.
        """
        cdef int64_t before
        while self.unread or self.stop is not None:
            before = self.start()
            value = self.attempt(T, False)
            if value is _PENDING:
                return
            if self.start() == before:
                raise ValueError(f"a value of {T!r} took no bytes: there would be no end of such messages")
            yield value

    # --- state

    @property
    def archive(self):
        """The CArchive that loads, for its settings, and for reads within `archive.transaction()`."""
        return self.ar

    @property
    def unread(self):
        """Bytes that were fed and belong to no value that was read."""
        return self.end() - self.start()

    @property
    def needed(self):
        """How many more bytes must come at least before what is PENDING can be complete; 0 if nothing is."""
        if self.pending is None or self.ended or self.until <= self.end():
            return 0
        return self.until - self.end()

    @property
    def at_eof(self):
        """True if `eof` was called and every byte is read."""
        return self.ended and self.end() == self.start()

    def _set_patience(self, n, /):
        """For tests: how many bytes may be loaded in vain before a read is stopped instead of begun again."""
        self.patience = n

    # --- inside

    cdef int64_t end(self) noexcept:
        """Stream offset behind the last byte fed."""
        return self.ar.base + (self.ar.rend - self.ar.start)

    cdef int64_t start(self) noexcept:
        """Stream offset of the first byte that no complete value has taken."""
        return self.ar.mark if self.ar.frames else position(self.ar)

    cdef int not_reading(self) except -1:
        if self.reading:
            raise RuntimeError("the archive is in the middle of a read")
        if self.ar.state == S_CLOSED:
            raise ValueError("the archive is closed")
        return 0

    cdef object attempt(self, object what, bint by_function):
        cdef CArchive a = self.ar
        if self.reading:
            self.not_reading()
        if self.pending is not None:
            if by_function != self.by_function or not same(what, self.pending):
                self.abandon()
            elif self.until > self.end() and not self.ended:
                return _PENDING
            elif self.stop is not None or self.wasted > self.patience:
                return self.go_on()
        a.open_frame()
        self.reading = True
        try:
            value = load(a, what, by_function)
            if a.starved:  # whatever was made of NeedMoreData
                return self.incomplete(what, by_function, None)
        except Exception as e:
            if a.starved:
                return self.incomplete(what, by_function, e)
            self.failed()
            raise
        except BaseException:
            self.failed()
            raise
        self.reading = False
        a.commit_frame()
        self.pending = None
        return value

    cdef object incomplete(self, object what, bint by_function, object e):
        self.wasted = (0 if self.pending is None else self.wasted) + position(self.ar) - self.ar.mark
        self.until = self.end() + (e.missing if isinstance(e, NeedMoreData) else 1)
        self.pending = what
        self.by_function = by_function
        self.reading = False
        self.ar.roll_back()
        return _PENDING

    cdef int failed(self) except -1:
        self.reading = False
        self.pending = None
        if self.ar.frames:  # it may have been closed
            self.ar.roll_back()
        return 0

    cdef object go_on(self):
        """Let the other stack load, from the start if there is none yet."""
        cdef StoppedRead stop = self.stop
        cdef CArchive a = self.ar
        if stop is None:
            a.open_frame()
            stop = StoppedRead.__new__(StoppedRead)
            stop.ar = a
            stop.what = self.pending
            stop.by_function = self.by_function
            stop.start()
            a.waiter = self.stop = stop
            a.stoppable = True
        self.reading = True
        try:
            stop.switch()
        finally:
            self.reading = False
        if not stop.done:
            self.until = stop.until
            return _PENDING
        self.stop = None
        if stop.error is not None:
            self.failed()
            raise stop.error
        a.commit_frame()
        self.pending = None
        return stop.value

    cdef int abandon(self) except -1:
        """Nothing is to be tried again."""
        cdef StoppedRead stop = self.stop
        self.pending = None
        if stop is not None:
            stop.cancel()
            self.stop = None
            self.failed()
        return 0


ps_public(PushArchive)


cdef bint same(object a, object b) except -1:
    return a is b or (type(a) is type(b) and bool(a == b))


cdef dict _LINES = {  # always the same three, so that one is known again
    None: lambda ar: ar.ReadLine(), False: lambda ar: ar.ReadLine(False), True: lambda ar: ar.ReadLine(True),
}
