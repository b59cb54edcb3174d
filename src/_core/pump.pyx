# cython: language_level=3
# cython: binding=False, embedsignature=True, embedsignature.format=clinic
"""The pump: one per thread, it collects what sockets report and runs the callbacks, in order (PY-1 to PY-6).

Invariants:
 - No Python code runs between the system's wait and the end of its batch: edges first become notifications in
 the
   posted queue, then callbacks run.  So a batch never names a socket that a callback has closed.
 - Everything queued is named by (slot, generation), never by reference: what is closed or dead is not found.
 - Only the owner's thread touches a pump, except for stop, call_soon_threadsafe and the end of its sockets'
 lives.
"""
import heapq
import os
import signal
import socket
import sys
import threading
import weakref
from collections import deque

cimport cython
from cpython.dict cimport PyDict_GetItem
from cpython.exc cimport PyErr_CheckSignals
from cpython.object cimport PyObject
from libc.stdint cimport INT64_MAX, int64_t, uint32_t
from libc.string cimport memset

from pysock._core.native cimport (
    PS_BAD_SOCK,
    PS_COUNTING,
    PS_DGRAM,
    PS_FD_ACCEPT,
    PS_FD_READ,
    PS_IN,
    PS_NO_SLOT,
    ps_close,
    ps_ev_edge,
    ps_ev_post,
    ps_ev_take,
    ps_event,
    ps_item,
    ps_lookout_open,
    ps_now_ns,
    ps_poller,
    ps_poller_open,
    ps_pollers,
    ps_recv,
    ps_ring_free,
    ps_ring_pop,
    ps_ring_post,
    ps_slots_add,
    ps_slots_find,
    ps_slots_free,
    ps_slots_init,
    ps_slots_owner,
    ps_slots_remove,
    ps_sock_t,
    ps_socket_probe,
    ps_startup,
    ps_this_thread,
)
from pysock._core.public cimport ps_public

from pysock._core.errors import SocketException, WrongThreadError


cdef extern from *:
    """
    #include "ps_build.h"
    static PS_THREAD_LOCAL PyObject *ps_my_pump; /* borrowed: the thread's _Holder owns it */

    /* Is there another Python thread that could run meanwhile? */
    static int ps_other_threads(void) {
        PyThreadState *head = PyInterpreterState_ThreadHead(PyInterpreterState_Get());
        return head != NULL && PyThreadState_Next(head) != NULL;
    }
    """
    PyObject *ps_my_pump
    bint ps_other_threads()
    void PyErr_SetObject(object kind, object value)
    void PyErr_WriteUnraisable(object where)

cdef enum:
    BATCH = 512                          # edges taken by one wait
    LONGEST = 1_000_000_000              # seconds: a limit beyond is none
    RETRY_MS = 100                       # how long a listener without descriptors waits for some to be freed


# --- what a pump watches ----------------------------------------------------------------------------------

cdef class Watched:
    def __cinit__(self):
        self._watch.fd = PS_BAD_SOCK
        self._watch.slot = -1
        self._slot = PS_NO_SLOT

    cdef int deliver(self, unsigned int event, int error) except -1:
        raise NotImplementedError


cdef Py_ssize_t watch_offset(Watched w):
    return <char *>&w._watch - <char *><PyObject *>w


cdef Py_ssize_t WATCH_AT = watch_offset(Watched())


@cython.final
cdef class _SignalWatch(Watched):
    """Takes what Python's signal handler writes, so that a signal never falls between check and wait."""
    cdef ps_sock_t writer                # for signal.set_wakeup_fd

    def __cinit__(self):
        self.writer = PS_BAD_SOCK        # socketpair may fail, and 0 is somebody's descriptor
        ends = socket.socketpair()       # a pair because Windows allows nothing else
        for end in ends:
            end.setblocking(False)
        self._watch.fd, self.writer = [end.detach() for end in ends]
        self._ev.phase = PS_DGRAM        # every byte counts, no end of stream
        self._ev.mask = PS_FD_READ

    def __dealloc__(self):
        if self.writer != PS_BAD_SOCK:
            ps_close(self.writer)
            ps_close(self._watch.fd)

    cdef int deliver(self, unsigned int event, int error) except -1:
        cdef char sink[64]
        while ps_recv(self._watch.fd, sink, sizeof(sink), 0) > 0:
            pass
        self._ev.posted = 0
        ps_poller_rearm(self._pump._poller, &self._watch, PS_IN)
        return 0


# --- the pump -----------------------------------------------------------------------------------------------

_all_pumps = weakref.WeakSet()            # for the child of a fork


@cython.final
cdef class Pump:
    """The notification queue of one thread and the loop that empties it.

    There is one for each thread, made when first needed: ``Pump.current()``.  `run` it, or let another loop
    call `dispatch` whenever `fileno` is readable or `next_deadline` has come.
    """

    def __cinit__(self):
        self._deadline = INT64_MAX
        ps_slots_init(&self._live)
        memset(&self._posted, 0, sizeof(self._posted))

    def __init__(self):
        raise TypeError("a thread has one pump: use Pump.current()")

    def __dealloc__(self):
        if self._poller != NULL:
            self._poller.ops.close(self._poller)
        ps_slots_free(&self._live)
        ps_ring_free(&self._posted)

    @staticmethod
    def current():
        """The calling thread's pump (PY-1)."""
        return current_pump()

    def __repr__(self):
        if self._poller == NULL:
            return "<Pump void>"
        sockets = self._live.live - (self._signals is not None)
        return f"<Pump {self.mechanism} sockets={sockets} posted={self._posted.count}>"

    # --- for the rooms above ------------------------------------------------------------------------------

    cdef int check_thread(self) except -1:
        if self._poller == NULL:
            raise WrongThreadError("this pump belongs to the parent process")
        if ps_this_thread() != self._thread:
            raise WrongThreadError("this pump belongs to another thread")
        return 0

    cdef int watch(self, Watched w, ps_sock_t fd) except? -1:
        """Enters w in the live map; 0 or a negative Winsock number.  No edges yet: see register."""
        cdef int r = ps_slots_add(&self._live, fd, <void *>w, &w._slot)
        if r < 0:
            return r
        w._watch.fd = fd
        w._pump = self
        return 0

    cdef int register(self, Watched w) except? -1:
        """Lets the poller report w from now on; 0 or a negative Winsock number."""
        if w._watch.slot >= 0:
            return 0
        return self._poller.ops.add(self._poller, &w._watch)

    cdef void unwatch(self, Watched w) noexcept:
        """The descriptor is about to be closed or given away: nothing may name w any more (LT-12)."""
        if self._poller != NULL:                # else this is a forked child, and nothing is left of it
            self._poller.ops.del_(self._poller, &w._watch)
            ps_slots_remove(&self._live, w._slot)
        w._slot = PS_NO_SLOT
        w._watch.fd = PS_BAD_SOCK
        w._pump = None

    cdef int post(self, Watched w, unsigned int due) except -1:
        """Queues the events of `due` for w."""
        if ps_ring_post(&self._posted, &self._live, w._slot, due) < 0:
            raise MemoryError("posted queue")
        if self._depth == 0:
            self._nudge()
        return 0

    cdef Watched find(self, ps_sock_t fd):
        cdef void *owner = ps_slots_find(&self._live, fd)
        return <Watched>owner if owner != NULL else None

    # --- one round ----------------------------------------------------------------------------------------

    cdef int _collect(self, int64_t timeout) except -1:
        """Waits at most `timeout` ns (< 0: for ever) for edges and turns them into notifications."""
        cdef ps_event batch[BATCH]
        cdef int n, i
        cdef int64_t until, now
        cdef unsigned int due
        cdef PyObject *w                                # borrowed: nobody's code runs in here
        with nogil:
            if self._spin == 0 or timeout == 0:
                n = self._poller.ops.wait(self._poller, batch, BATCH, timeout)
            else:
                n = self._poller.ops.wait(self._poller, batch, BATCH, 0)
                if n == 0:
                    now = ps_now_ns()
                    until = now + self._spin
                    if timeout > 0 and now + timeout < until:
                        until = now + timeout
                    while n == 0 and now < until and not self._signalled:
                        n = self._poller.ops.wait(self._poller, batch, BATCH, 0)
                        now = ps_now_ns()
                    if n == 0:                          # a wake-up may have ended one of the waits above
                        if self._signalled:
                            timeout = 0
                        n = self._poller.ops.wait(self._poller, batch, BATCH, timeout)
        self._signalled = False
        self._live.round += 1
        self._company = ps_other_threads()
        if n < 0:
            raise SocketException("Pump", -n)
        for i in range(n):
            w = <PyObject *>(<char *>batch[i].watch - WATCH_AT)
            due = ps_ev_edge(&(<Watched>w)._ev, batch[i].bits, &ps_socket_probe, &(<Watched>w)._watch.fd)
            if unlikely((<Watched>w)._ev.rearm):
                ps_poller_rearm(self._poller, &(<Watched>w)._watch, (<Watched>w)._ev.rearm)
                (<Watched>w)._ev.rearm = 0
            if due and ps_ring_post(&self._posted, &self._live, (<Watched>w)._slot, due) < 0:
                raise MemoryError("posted queue")
        PyErr_CheckSignals()
        return 0

    cdef int _run_items(self, Py_ssize_t most) except -1:
        """Runs callbacks of queued items, oldest first; returns how many items were taken."""
        cdef ps_item item
        cdef PyObject *owner
        cdef Watched w
        cdef unsigned int due
        cdef int error
        cdef int taken = 0
        while True:
            try:                                        # once for many callbacks: entering it is not free
                while taken < most and self._posted.count:
                    item = ps_ring_pop(&self._posted)
                    taken += 1
                    owner = <PyObject *>ps_slots_owner(&self._live, item.slot, item.generation)
                    if unlikely(owner == NULL):         # closed or dead: LT-13, DC-3
                        continue
                    w = <Watched>owner                  # kept alive while its callback runs (PY-21)
                    error = ps_ev_take(&w._ev, item.event, &ps_socket_probe, &w._watch.fd, &due)
                    if unlikely(w._ev.rearm):
                        ps_poller_rearm(self._poller, &w._watch, w._ev.rearm)
                        w._ev.rearm = 0
                    if unlikely(due and ps_ring_post(&self._posted, &self._live, w._slot, due) < 0):
                        raise MemoryError("posted queue")
                    if unlikely(error < 0):
                        continue
                    w.deliver(item.event, error)
                    if unlikely(self._stop):
                        break
                return taken
            except Exception as exc:
                self._tell(w, item.event, exc)
            if self._stop:
                return taken

    cdef int _tell(self, object sock, unsigned int event, object exc) except -1:
        """A callback raised: to the hook, once; the queue goes on (PY-27)."""
        try:
            self.on_callback_error(sock, event, exc)
        except Exception as worse:
            _unraisable(exc, sock)
            _unraisable(worse, "on_callback_error")
        return 0

    cdef int64_t _patience(self):
        """How long a wait may last now: ns, 0: there is work, -1: for ever."""
        cdef int64_t left
        if self._posted.count or self._stop or self._called:
            return 0
        if self._deadline == INT64_MAX:
            return -1
        left = self._deadline - ps_now_ns()
        return left if left > 0 else 0

    cdef int _run_callables(self, Py_ssize_t most) except -1:
        """Those posted until now; what they post comes next time."""
        cdef Py_ssize_t n = min(<Py_ssize_t>len(self._soon), most)
        cdef Py_ssize_t done = 0
        while done < n and self._soon and not self._heeds_stop():   # a nested dispatch may take some
            fn = self._soon.popleft()
            done += 1
            try:
                fn()
            except Exception as exc:
                self._tell(None, 0, exc)
        self._called = bool(self._soon)  # a KeyboardInterrupt leaves it up, for one more look
        return done

    cdef int _run_timers(self) except -1:
        """Those due now, earliest first; returns how many."""
        cdef int64_t now = ps_now_ns()
        cdef int64_t deadline, period
        cdef int count = 0
        while self._heap and <int64_t>self._heap[0][0] <= now and not self._heeds_stop():
            deadline, _, ident = heapq.heappop(self._heap)
            entry = self._timers.get(ident)
            if entry is None or entry[0] != deadline:   # killed meanwhile
                continue
            period, fn = entry[1], entry[2]
            if period:                                  # ticks that were missed are not made up for
                self._schedule(ident, deadline + (1 + (now - deadline) // period) * period, period, fn)
            else:
                del self._timers[ident]
            count += 1
            try:
                fn()
            except Exception as exc:
                self._tell(None, 0, exc)
        self._look_at_heap()
        return count

    cdef bint _heeds_stop(self) noexcept:
        """Has a run to end here?  A stop that nobody runs for waits for the next run, and dispatch goes on."""
        return self._stop and self._runs

    cdef int _nudge(self) except -1:
        """Work was left outside of dispatch: whoever watches fileno() must see it (PY-23)."""
        if self._embedded and not self._signalled:
            self._signalled = True
            self._poller.ops.wake(self._poller)
        return 0

    cdef int _leave(self, bint unseen) except -1:
        """The thread goes elsewhere: from now on fileno() must tell.  `unseen`: whoever watches it does not know our
        timers."""
        if self._embedded and self._depth == 0 and self._poller != NULL:
            if self._posted.count or self._called or (unseen and self._deadline != INT64_MAX):
                self._nudge()
            self._poller.ops.fd(self._poller)
        return 0

    # --- the loop -----------------------------------------------------------------------------------------

    def dispatch(self, Py_ssize_t max_items=64):
        """Collects what is there without waiting and runs at most `max_items` callbacks, oldest first.

        Returns how many queue items, timers and posted callables it took.  May be called from inside a
        callback; no item is handled twice.
        """
        cdef Py_ssize_t taken = 0
        self.check_thread()
        if max_items < 1:
            raise ValueError(f"max_items must be at least 1, not {max_items}")
        self._depth += 1
        try:
            self._collect(0)
            if self._deadline != INT64_MAX and self._deadline <= ps_now_ns():
                taken += self._run_timers()
            if self._called:
                taken += self._run_callables(max_items)
            while taken < max_items and self._posted.count and not self._heeds_stop():
                taken += self._run_items(max_items - taken)
        finally:
            self._depth -= 1
            self._leave(False)
        return taken

    def run(self):
        """Dispatches until `stop` (or `pysock.quit`); returns the code given there.

        Ctrl-C ends it at once with KeyboardInterrupt.  Without sockets, timers or callables it waits for
        ever, as a message loop does.  RuntimeError inside a running asyncio loop, which it would block.
        """
        cdef uint32_t most
        self.check_thread()
        if inside_asyncio():
            raise RuntimeError("run() would block this thread's running asyncio loop; use pysock.aio.attach() there")
        signals = self._take_signals()
        self._depth += 1
        self._runs += 1
        try:
            while not self._stop:
                self._collect(self._patience())
                if self._deadline != INT64_MAX and self._deadline <= ps_now_ns():
                    self._run_timers()
                if self._called:
                    self._run_callables(sys.maxsize)
                most = self._posted.count               # what comes up meanwhile waits for the next round
                if most and not self._stop:
                    self._run_items(most)
        finally:
            self._depth -= 1
            self._runs -= 1
            self._stop = False
            self._leave(True)
            self._give_signals(signals)
        return self._code

    def run_until(self, predicate, timeout=None):
        """Dispatches until ``predicate()`` is true, `timeout` seconds have passed (None: no limit), or `stop`.

        Returns the predicate's last answer as a bool.
        """
        cdef int64_t until = INT64_MAX
        cdef double seconds
        cdef int64_t patience, left
        cdef uint32_t most
        self.check_thread()
        if timeout is not None:
            seconds = timeout
            if seconds != seconds:
                raise ValueError("timeout must be a number of seconds or None, not nan")
            if seconds < LONGEST:                       # more, infinity too, is no limit
                until = ps_now_ns() + <int64_t>(max(seconds, 0.0) * 1e9)
        signals = self._take_signals()
        self._depth += 1
        self._runs += 1
        try:
            while True:
                if predicate():
                    return True
                if self._stop:
                    return False
                patience = self._patience()
                if until != INT64_MAX:
                    left = until - ps_now_ns()
                    if left <= 0 and patience != 0:
                        return bool(predicate())
                    if patience < 0 or patience > left:
                        patience = max(left, 0)
                self._collect(patience)
                if self._deadline != INT64_MAX and self._deadline <= ps_now_ns():
                    self._run_timers()
                if self._called:
                    self._run_callables(sys.maxsize)
                most = self._posted.count               # as in run
                while most and self._posted.count and not self._stop and not predicate():
                    self._run_items(1)
                    most -= 1
                if until != INT64_MAX and ps_now_ns() >= until:
                    return bool(predicate())
        finally:
            self._depth -= 1
            self._runs -= 1
            self._stop = False
            self._leave(True)
            self._give_signals(signals)

    def stop(self, int code=0):
        """Ends the innermost `run` or `run_until` after the current callback.  From any thread."""
        self._code = code
        self._stop = True
        if ps_this_thread() != self._thread or self._depth == 0:
            self._wake()

    # --- callables and timers
    # ---------------------------------------------------------------------------------

    def call_soon(self, fn):
        """Runs ``fn()`` in this thread at the next dispatch.  For the owner's thread."""
        self.check_thread()
        _callable(fn)
        self._soon.append(fn)
        self._called = True
        if self._depth == 0:
            self._nudge()

    def call_soon_threadsafe(self, fn):
        """Runs ``fn()`` in the pump's thread at its next dispatch, and wakes it.  From any thread."""
        _callable(fn)
        self._soon.append(fn)
        self._called = True
        self._wake()

    def set_timer(self, double ms, fn, *, bint once=False):
        """Calls ``fn()`` every `ms` milliseconds from now on (only once with `once`), as SetTimer does.

        Returns an id for `kill_timer`.  Ticks missed while the thread was busy are not made up for.
        """
        cdef int64_t period, before
        self.check_thread()
        _callable(fn)
        if not ms >= 0 or ms > 1e12:
            raise ValueError(f"ms must be 0 or more milliseconds, not {ms}")
        period = max(<int64_t>(ms * 1e6), 1)
        self._next_timer += 1
        ident = self._next_timer
        before = self._deadline
        self._schedule(ident, ps_now_ns() + period, 0 if once else period, fn)
        if self._depth == 0 and self._deadline < before:
            self._nudge()                               # whoever watches fileno() waits for another deadline
        return ident

    def _schedule(self, ident, int64_t deadline, int64_t period, fn):
        self._timers[ident] = (deadline, period, fn)
        if len(self._heap) > 64 + 2 * len(self._timers):        # most of them were killed
            self._heap = [entry for entry in self._heap if entry[2] in self._timers]
            heapq.heapify(self._heap)
        self._order += 1
        heapq.heappush(self._heap, (deadline, self._order, ident))
        self._deadline = self._heap[0][0]

    def kill_timer(self, ident):
        """Stops a timer; False if there is none of this id (any more)."""
        self.check_thread()
        if self._timers.pop(ident, None) is None:
            return False
        self._look_at_heap()
        return True

    cdef int _look_at_heap(self) except -1:
        """Forgets killed timers at the top of the heap: nobody shall wake up for them."""
        while self._heap and self._heap[0][2] not in self._timers:
            heapq.heappop(self._heap)
        self._deadline = self._heap[0][0] if self._heap else INT64_MAX
        return 0

    # --- embedding
    # ----------------------------------------------------------------------------------------------

    def fileno(self):
        """A descriptor for select, poll and their kin: readable whenever `dispatch` has work (PY-23)."""
        cdef ps_poller *lookout
        cdef int r
        self.check_thread()
        if self._poller.ops.fd(self._poller) == PS_BAD_SOCK:
            r = ps_lookout_open(self._poller, &lookout)
            if r < 0:
                raise SocketException("Pump.fileno", -r)
            self._poller = lookout
        self._embedded = True
        self._leave(False)
        return self._poller.ops.fd(self._poller)

    def pending(self):
        """Is there anything `dispatch` would do now, as far as is known without asking the system?"""
        return bool(self._posted.count or self._called
                    or (self._deadline != INT64_MAX and self._deadline <= ps_now_ns()))

    def next_deadline(self):
        """When the earliest timer is due, in seconds of ``time.monotonic()``; None without timers."""
        return None if self._deadline == INT64_MAX else self._deadline / 1e9

    @property
    def mechanism(self):
        """The poller's name: "epoll", "kqueue" or "poll"; on Windows "windows" or "wsapoll"."""
        return self._poller.ops.name.decode() if self._poller != NULL else "void"

    @property
    def spin_us(self):
        """Microseconds `run` goes on asking before it sleeps (default 0): quicker answers for a busy CPU."""
        return self._spin / 1000

    @spin_us.setter
    def spin_us(self, value):
        if not 0 <= value <= 10_000_000:
            raise ValueError(f"spin_us must be between 0 and 10000000, not {value!r}")
        self._spin = <int64_t>(value * 1000)

    # --- hooks
    # --------------------------------------------------------------------------------------------------

    @property
    def on_callback_error(self):
        """``on_callback_error(sock, event, exc)``: called when a callback raised an Exception (PY-27).

        `sock` is None and `event` 0 for a timer or a posted callable.  By default the exception is reported
        as unraisable (``sys.unraisablehook``).  Assign a callable to change that, None to go back.
        """
        return self._error_hook or _report

    @on_callback_error.setter
    def on_callback_error(self, fn):
        if fn is not None:
            _callable(fn)
        self._error_hook = fn

    @property
    def OnIdle(self):
        """``OnIdle(count)``: a hook of blocking calls (CS-26, PY-19); by default it does nothing."""
        return self._idle_hook or _idle

    @OnIdle.setter
    def OnIdle(self, fn):
        if fn is not None:
            _callable(fn)
        self._idle_hook = fn

    # --- descriptors run out
    # --------------------------------------------------------------------------------------

    cdef int starve(self, Watched w) except -1:
        """A listener met a full descriptor table: its pending connection is kept, and FD_ACCEPT comes again
        when a socket of this thread is closed, or after a while."""
        key = (w._slot, self._live.slots[w._slot].generation)
        if key not in self._starved:
            self._starved.append(key)
        if self._feeder is None:
            self._feeder = self.set_timer(RETRY_MS, self._feed, once=True)
        return 0

    def _feed(self):
        cdef PyObject *owner
        cdef Watched w
        cdef unsigned int due
        hungry, self._starved = self._starved, []
        if self._feeder is not None:
            self.kill_timer(self._feeder)
            self._feeder = None
        for slot, generation in hungry:
            owner = <PyObject *>ps_slots_owner(&self._live, slot, generation)
            if owner != NULL:
                w = <Watched>owner
                due = ps_ev_post(&w._ev, PS_FD_ACCEPT)
                if due:
                    self.post(w, due)

    # --- ends of lives
    # ----------------------------------------------------------------------------------------------

    cdef int leave(self, Watched w) except -1:
        """Keeps w until its own thread can finish it: at the next dispatch, or when the thread ends."""
        self._orphans.append(w)
        self.call_soon_threadsafe(self._bury)
        return 0

    def _bury(self):
        while self._orphans:
            self._orphans.pop().__del__()

    # --- signals, threads, forks
    # ------------------------------------------------------------------------------------

    def _wake(self):
        if not self._signalled and self._poller != NULL:
            self._signalled = True
            self._poller.ops.wake(self._poller)

    def _take_signals(self):
        """Python's handler only sets a flag.  A signal that comes between the last look at it and the wait,
        or that another thread's C code receives, must end the wait all the same: so signals also write to a
        socket here."""
        cdef _SignalWatch w
        cdef ps_sock_t reader
        cdef int r
        if self._depth or threading.current_thread() is not threading.main_thread():
            return False
        if self._signals is None:
            try:
                w = _SignalWatch()
            except OSError:                     # no descriptors left: signals interrupt the wait, mostly
                return False
            reader = w._watch.fd
            r = self.watch(w, reader)
            if r >= 0:
                r = self.register(w)
                if r < 0:                       # the mechanism needs one, too
                    self.unwatch(w)
                    w._watch.fd = reader        # w's to close
            if r < 0:
                return False
            self._signals = w
        w = self._signals
        before = signal.set_wakeup_fd(w.writer, warn_on_full_buffer=False)
        if before != -1:                                # somebody else's loop is told already
            signal.set_wakeup_fd(before)
        return before == -1

    def _give_signals(self, taken):
        cdef _SignalWatch w = self._signals
        if taken:
            now = signal.set_wakeup_fd(-1)
            if now != <long long>w.writer and now != -1:    # somebody took over meanwhile
                signal.set_wakeup_fd(now, warn_on_full_buffer=False)

    def _give_signals_of_parent(self):
        """In the child of a fork: its signals are not to wake the parent."""
        if self._signals is not None and threading.current_thread() is threading.main_thread():
            self._give_signals(True)

    def _forget(self):
        """In the child of a fork: leave the parent's kernel state alone (PY-5)."""
        if self._poller != NULL:
            self._poller.ops.forget(self._poller)
            self._poller = NULL
        self._ended = True
        self._thread = 0
        ps_slots_free(&self._live)
        ps_ring_free(&self._posted)


cdef class _Holder:
    """Owns the thread's pump for the thread: goes with threading.local when the thread ends."""
    cdef Pump pump

    def __dealloc__(self):
        global ps_my_pump
        if self.pump is not None:
            self.pump._ended = True
            self.pump._thread = 0               # a later thread may get the number
            self.pump._bury()
            if ps_my_pump == <PyObject *>self.pump:
                ps_my_pump = NULL


_mine = threading.local()


cdef dict modules = sys.modules


cdef bint inside_asyncio() except -1:
    """Is an asyncio loop running in this thread?  In a process without asyncio that is known at once."""
    cdef PyObject *events = PyDict_GetItem(modules, "asyncio.events")
    return events != NULL and (<object>events)._get_running_loop() is not None


cdef Pump current_pump():
    if ps_my_pump != NULL:
        return <Pump>ps_my_pump
    return new_pump()


cdef Pump new_pump():
    global ps_my_pump
    cdef Pump p = Pump.__new__(Pump)
    cdef _Holder holder
    cdef int r = ps_startup()
    if r >= 0:
        r = ps_poller_open(NULL, &p._poller)
    if r < 0:
        wanted = os.environ.get("PYSOCK_POLLER")
        known = []
        i = 0
        while ps_pollers[i] != NULL:
            known.append(ps_pollers[i].name.decode())
            i += 1
        if wanted and wanted not in known:
            raise ValueError(f"PYSOCK_POLLER={wanted!r}: this build has {', '.join(known)}")
        raise SocketException("Pump", -r)
    p._thread = ps_this_thread()
    p._company = ps_other_threads()
    p._soon = deque()
    p._heap = []
    p._timers = {}
    p._starved = []
    p._orphans = []
    holder = _Holder()
    holder.pump = p
    _mine.holder = holder
    _all_pumps.add(p)
    ps_my_pump = <PyObject *>p
    return p


def _after_fork_in_child():
    global ps_my_pump
    for p in list(_all_pumps):
        (<Pump>p)._give_signals_of_parent()
        (<Pump>p)._forget()
    _all_pumps.clear()
    ps_my_pump = NULL
    _mine.__dict__.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)


def _callable(fn):
    if not callable(fn):
        raise TypeError(f"fn must be callable, not {type(fn).__name__}")


def _report(sock, event, exc):
    _unraisable(exc, sock)


def _idle(count):
    pass


def _unraisable(exc, where):
    PyErr_SetObject(type(exc), exc)
    PyErr_WriteUnraisable(where)


def run():
    """Runs the calling thread's pump until `quit`; returns the code given there."""
    return current_pump().run()


def quit(int code=0):
    """Ends the calling thread's innermost `run` after the current callback; `code` is what it returns."""
    current_pump().stop(code)


def live_counts():
    """What of this room is alive in the process, in a debug build; {} in others."""
    if not PS_COUNTING:
        return {}
    counts = {"watched": 0, "timers": 0, "callables": 0}
    for p in list(_all_pumps):
        counts["watched"] += (<Pump>p)._live.live - ((<Pump>p)._signals is not None)
        counts["timers"] += len((<Pump>p)._timers)
        counts["callables"] += len((<Pump>p)._soon)
    return counts


ps_public(Pump)
