# cython: language_level=3
# cython: binding=False, embedsignature=True, embedsignature.format=clinic
"""A window on the notification state machine (native/ps_events.h) for tests: no socket, no system call.

EventState asks its questions of any object with the methods ``peek()``, ``ready(bits)``, ``take_error()`` and
``take_urgent()``, which answer as ps_probe's do.
"""
cimport cython

from pysock._core.native cimport (
    PS_WSAEINVAL,
    ps_ev_accepted,
    ps_ev_answer,
    ps_ev_child,
    ps_ev_connect,
    ps_ev_connected,
    ps_ev_dgram_connected,
    ps_ev_edge,
    ps_ev_listen,
    ps_ev_order,
    ps_ev_received,
    ps_ev_select,
    ps_ev_send_error,
    ps_ev_send_failed,
    ps_ev_so_error,
    ps_ev_take,
    ps_ev_take_oob,
    ps_ev_urgent,
    ps_ev_wants_urgent,
    ps_events,
    ps_probe,
)

PHASES = ("new", "listening", "connecting", "connected", "failed", "datagram")
READABLE = ("no", "maybe", "yes")


cdef int ask(void *s, str question, object arg) noexcept with gil:
    cdef EventState state = <EventState>s
    try:
        method = getattr(state.socket, question)
        return method() if arg is None else method(arg)
    except BaseException as e:          # C cannot be left by an exception: it is kept until C returns
        state.trouble = e
        return -PS_WSAEINVAL


cdef int fake_peek(void *s) noexcept with gil:
    return ask(s, "peek", None)


cdef int fake_ready(void *s, int bits) noexcept with gil:
    return ask(s, "ready", bits)


cdef int fake_take_error(void *s) noexcept with gil:
    return ask(s, "take_error", None)


cdef int fake_take_urgent(void *s) noexcept with gil:
    return ask(s, "take_urgent", None)


cdef ps_probe fake
fake.peek = fake_peek
fake.ready = fake_ready
fake.take_error = fake_take_error
fake.take_urgent = fake_take_urgent


@cython.final
cdef class EventState:
    """One socket's state.  Operations return the events that became due, a tuple in the order they are queued
    in."""
    cdef ps_events e
    cdef object socket
    cdef object trouble

    def __init__(self, socket, phase="connected", mask=0x3F):
        self.socket = socket
        self.e.phase = PHASES.index(phase)
        self.e.mask = mask

    cdef tuple due(self, unsigned int bits):
        if self.trouble is not None:
            trouble, self.trouble = self.trouble, None
            raise trouble
        return tuple([ps_ev_order[i] for i in range(6) if bits & ps_ev_order[i]])

    def edge(self, unsigned int bits):
        return self.due(ps_ev_edge(&self.e, bits, &fake, <void *>self))

    def received(self, size_t asked, Py_ssize_t got, int flags=0):
        return self.due(ps_ev_received(&self.e, asked, got, flags, &fake, <void *>self))

    def answer(self, size_t asked, Py_ssize_t got):
        return ps_ev_answer(&self.e, asked, got)

    def wants_urgent(self):
        return bool(ps_ev_wants_urgent(&self.e))

    def urgent(self):
        return self.due(ps_ev_urgent(&self.e, &fake, <void *>self))

    def take_oob(self, bint peek=False):
        return ps_ev_take_oob(&self.e, peek)

    def send_failed(self, int error):
        return self.due(ps_ev_send_failed(&self.e, error))

    def send_error(self, int error):
        return ps_ev_send_error(&self.e, error)

    def accepted(self, int result):
        return self.due(ps_ev_accepted(&self.e, result))

    def child(self, EventState of not None):
        return self.due(ps_ev_child(&self.e, &of.e))

    def listen(self):
        ps_ev_listen(&self.e)

    def connect(self):
        ps_ev_connect(&self.e)

    def connected(self, int result):
        return self.due(ps_ev_connected(&self.e, result))

    def dgram_connected(self):
        return self.due(ps_ev_dgram_connected(&self.e))

    def select(self, unsigned int mask):
        return self.due(ps_ev_select(&self.e, mask, &fake, <void *>self))

    def so_error(self):
        """(error, events that became due)."""
        cdef unsigned int due
        cdef int error = ps_ev_so_error(&self.e, &fake, <void *>self, &due)
        return error, self.due(due)

    def take(self, unsigned int event):
        """(error for the callback, or None if there is none, events that became due)."""
        cdef unsigned int due
        cdef int error = ps_ev_take(&self.e, event, &fake, <void *>self, &due)
        return (None if error < 0 else error), self.due(due)

    def take_rearm(self):
        """The conditions found gone since the last call, as the pump hands them to the poller."""
        cdef int bits = self.e.rearm
        self.e.rearm = 0
        return bits

    @property
    def phase(self):
        return PHASES[self.e.phase]

    @property
    def readable(self):
        return READABLE[self.e.readable]

    @property
    def mask(self):
        return self.e.mask

    @property
    def posted(self):
        return self.e.posted

    @property
    def queued(self):
        return self.e.queued

    @property
    def flags(self):
        return self.e.flags

    @flags.setter
    def flags(self, unsigned int value):
        self.e.flags = value
