# cython: language_level=3
"""What sibling rooms may use of `pump`."""
from libc.stdint cimport int32_t, int64_t, uint32_t, uintptr_t

from pysock._core.native cimport ps_events, ps_poller, ps_poller_rearm, ps_ring, ps_slots, ps_sock_t, ps_watch


cdef class Pump:
    cdef object __weakref__
    cdef ps_poller *_poller          # NULL once void
    cdef ps_slots _live              # watched sockets, by descriptor and by slot; owners are borrowed
    cdef ps_ring _posted             # (slot, generation, event), oldest first
    cdef uintptr_t _thread           # ps_this_thread() of the owner; 0 once it, or this process, is another
    cdef bint _company               # other Python threads were there when it last waited
    cdef bint _ended                 # its thread is over: nobody runs it any more
    cdef bint _embedded              # somebody watches fileno(): it must tell of work that is left
    cdef bint _signalled             # a wake-up is under way that no wait has taken yet
    cdef bint _stop
    cdef int _runs                   # nesting of run/run_until: somebody heeds _stop
    cdef int _code                   # what run() returns
    cdef int _depth                  # nesting of dispatch/run
    cdef int64_t _deadline           # of the earliest timer, ns; INT64_MAX: none
    cdef int64_t _spin               # ns
    cdef object _soon                # deque of callables
    cdef bint _called                # there are some
    cdef list _heap                  # (deadline ns, sequence number, timer id), heapq order
    cdef dict _timers                # id -> (deadline ns, period ns or 0, callable)
    cdef int _next_timer             # the last id given out
    cdef int64_t _order              # counts what enters the heap, so that equal deadlines fire in order
    cdef list _orphans               # watched things that another thread has let go of, for this one to finish
    cdef list _starved               # (slot, generation) of listeners that met a full descriptor table
    cdef object _feeder              # id of the timer that gives them another try, or None
    cdef object _error_hook
    cdef object _idle_hook
    cdef object _signals             # _SignalWatch, made when run() first needs it

    cdef int check_thread(self) except -1
    cdef int watch(self, Watched w, ps_sock_t fd) except? -1
    cdef int register(self, Watched w) except? -1
    cdef void unwatch(self, Watched w) noexcept
    cdef int post(self, Watched w, unsigned int due) except -1
    cdef int starve(self, Watched w) except -1
    cdef int leave(self, Watched w) except -1
    cdef bint _heeds_stop(self) noexcept
    cdef Watched find(self, ps_sock_t fd)
    cdef int _collect(self, int64_t timeout) except -1
    cdef int _run_items(self, Py_ssize_t most) except -1
    cdef int _run_callables(self, Py_ssize_t most) except -1
    cdef int _run_timers(self) except -1
    cdef int _look_at_heap(self) except -1
    cdef int64_t _patience(self)
    cdef int _nudge(self) except -1
    cdef int _leave(self, bint unseen) except -1
    cdef int _tell(self, object sock, unsigned int event, object exc) except -1


cdef class Watched:
    """Something with a descriptor whose notifications a pump delivers."""
    cdef object __weakref__
    cdef Pump _pump                  # the owner's; None while there is no descriptor
    cdef ps_watch _watch             # registered with _pump's poller while _watch.slot >= 0
    cdef uint32_t _slot              # in _pump's live map, or PS_NO_SLOT
    cdef ps_events _ev

    cdef int deliver(self, unsigned int event, int error) except -1


cdef Pump current_pump()
cdef bint inside_asyncio() except -1


cdef extern from *:
    bint likely(bint x)              # Cython's own macros: hot code stays together
    bint unlikely(bint x)


cdef inline int after(Watched w, unsigned int due) except -1:
    """After a call told the state machine something."""
    if likely(w._ev.rearm):
        ps_poller_rearm(w._pump._poller, &w._watch, w._ev.rearm)
        w._ev.rearm = 0
    if unlikely(due):
        w._pump.post(w, due)
    return 0
