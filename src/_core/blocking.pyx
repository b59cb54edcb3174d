# cython: language_level=3
"""CSocket: calls that seem to block, because they pump until the system lets them go on (CS-1 to CS-38).

A call tries first, or waits first when the last one showed that nothing is there; what it waits for is a
condition of the socket's own state machine.  The notification that told of it is taken out of the pump's
queue (CS-22); everything else stays there, in order, and is called back by the next dispatch (CS-23,
PY-18): the pump's posted queue is what MFC has its auxiliary queue for.

Invariants:
 - `_call` names the call that waits, 0 none.  Whoever clears or changes it has cancelled that call, which
   then touches nothing of the object any more: it may have been closed, and opened again.
 - However a wait ends, by exception too, `_call`, the pump's depth and the event mask are as they were
   before.
"""
import sys
import warnings

cimport cython
from cpython.buffer cimport PyBUF_SIMPLE, PyBUF_WRITABLE, PyBuffer_Release
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize
from cpython.exc cimport PyErr_CheckSignals
from libc.stdint cimport INT64_MAX, uint32_t
from libc.string cimport memcpy

from pysock._core.arguments cimport length_of, open_buffer
from pysock._core.names cimport SockAddr, any_address, host_and_port
from pysock._core.native cimport (
    PS_CONNECTED,
    PS_CONNECTING,
    PS_DGRAM,
    PS_EV_CUTS,
    PS_EV_FIN,
    PS_EV_INLINE,
    PS_EV_MARK,
    PS_EV_NO_URGENT,
    PS_EV_RECV_SHUT,
    PS_EV_RESET,
    PS_FAILED,
    PS_FD_ACCEPT,
    PS_FD_ALL,
    PS_FD_CLOSE,
    PS_FD_CONNECT,
    PS_FD_OOB,
    PS_FD_READ,
    PS_FD_WRITE,
    PS_IN,
    PS_MAYBE,
    PS_MSG_OOB,
    PS_MSG_PEEK,
    PS_NO,
    PS_WSAEINPROGRESS,
    PS_WSAEINTR,
    PS_WSAEWOULDBLOCK,
    PS_YES,
    SOCK_STREAM,
    ps_addr_room,
    ps_ev_order,
    ps_ev_post,
    ps_ev_received,
    ps_item,
    ps_now_ns,
    ps_ready,
    ps_ring_take,
    ps_slots_owner,
    ps_socket_probe,
    ps_this_thread,
)
from pysock._core.pump cimport after, current_pump, inside_asyncio
from pysock._core.public cimport ps_public
from pysock._core.sockets cimport set_last_error, shares, usable

from pysock._core.errors import SocketException, SocketUsageError


cdef enum:
    SCRATCH = 65536                      # ReceiveBytes up to this size reads here first
    FIONREAD_ = 0x4004667F

cdef int64_t AT_ONCE = 4000              # ns: a wait shorter than this has not slept
cdef int64_t GLANCE = 50_000_000         # ns: a wait longer than this is told of signals
SOCKET_ERROR = -1

cdef char scratch[SCRATCH]


cdef bint may_wait(CSocket sock) except -1:
    """Not inside a running asyncio loop, unless the object allows it (PY-26)."""
    return sock.allow_nested_blocking or not inside_asyncio()


cdef int refuse_to_wait(CSocket sock) except -1:
    raise RuntimeError(f"{sock!r} would block this thread's running asyncio loop; use CAsyncSocket or "
                       "another thread, or set allow_nested_blocking")


cdef int64_t next_tick(Pump pump, int64_t now) except? -1:
    """When the earliest timer that is not due yet comes; those that are due wait for the end of the call."""
    cdef int64_t soonest = INT64_MAX, deadline
    if pump._deadline > now:
        return pump._deadline
    for entry in pump._timers.values():
        deadline = entry[0]
        if now < deadline < soonest:
            soonest = deadline
    return soonest


@cython.binding(False)
@cython.embedsignature(True)
@cython.embedsignature.format("clinic")
cdef class CSocket(CAsyncSocket):
    """A socket whose calls wait until they are done (MFC's CSocket).

    `Accept`, `Connect`, `Receive`, `ReceiveFrom`, `Send` and `SendTo` never answer WSAEWOULDBLOCK: they
    pump until they can go on.  Meanwhile notifications of all sockets of this thread are collected, and
    called back later, in order; other Python threads run.  `CancelBlockingCall`, `Close` and the limit of
    `SetTimeOut` end a call with WSAEINTR; an exception of `OnMessagePending` or of a signal's handler leaves
    it.  A second blocking call on the same object meanwhile fails with WSAEINPROGRESS; one on another object
    may be made.

    `OnReceive`, `OnAccept`, `OnSend`, `OnClose` and `OnOutOfBandData` are called as CAsyncSocket's are, for
    what no blocking call has consumed; `OnConnect` never (DV-14).  Urgent bytes are looked after only in a
    class that overrides OnOutOfBandData, or once Receive has been asked for one: others may lose them.

    Attributes: `m_nTimeOut`, milliseconds after which a waiting call looks again by itself (2000; no limit:
    see `SetTimeOut`).  `m_nSent`, bytes the last Send handed to the system, also when it failed.
    `m_nConnectError`, the result of the last Connect, -1 while it is under way.  `allow_nested_blocking`:
    block even inside a running asyncio loop, where a call that has to wait raises RuntimeError otherwise
    (PY-26).
    """

    def __cinit__(self):
        self.m_nTimeOut = 2000
        self.m_nConnectError = -1
        self._urgent = type(self).OnOutOfBandData is not CAsyncSocket.OnOutOfBandData

    # --- inside: waiting ----------------------------------------------------------------------------------

    cdef int deliver(self, unsigned int event, int error) except -1:
        if event == PS_FD_CONNECT:
            return 0                                    # DV-14
        return CAsyncSocket.deliver(self, event, error)

    def _let_go(self):
        self._call = 0                                  # CS-31
        self._patient = False
        self._kept = None
        CAsyncSocket._let_go(self)

    cdef int _wait(self, Call *call, unsigned int stop) except -1:
        """1: try again; 0: cancelled, hands off the object."""
        if type(self) is not CSocket and type(self).PumpMessages is not CSocket.PumpMessages:
            return self._wait_by_override(stop)
        return self._pump_messages(call, stop)

    cdef int _wait_by_override(self, unsigned int stop) except -1:
        cdef Pump pump = self._pump
        cdef uint32_t slot = self._slot, generation = pump._live.slots[self._slot].generation
        if not self.PumpMessages(stop):
            return 0
        return ps_slots_owner(&pump._live, slot, generation) != NULL        # else it was closed meanwhile

    cdef int _pump_messages(self, Call *call, unsigned int stop) except -1:
        """Collects notifications until the condition of `stop` holds, the call is cancelled, or m_nTimeOut
        is over."""
        cdef Pump pump = self._pump
        cdef int64_t now = ps_now_ns()
        cdef int64_t tick = now + max(self.m_nTimeOut, 1) * <int64_t>1_000_000
        cdef int64_t end
        cdef bint outermost = pump._depth == 0
        cdef bint asked = False, told = False, signals = False
        cdef unsigned int lent = 0, mask
        cdef uint32_t slot = self._slot, generation = pump._live.slots[self._slot].generation
        if call.ident == 0:
            if not may_wait(self):
                refuse_to_wait(self)
            self._calls = self._calls + 1 if self._calls < <unsigned int>-1 else 1
            self._call = call.ident = self._calls
            call.until = now + self._limit if self._limit else INT64_MAX
        if stop == PS_FD_WRITE and not self._ev.mask & PS_FD_WRITE:
            lent = PS_FD_WRITE                          # the program does not listen, but this call must hear
            self._ev.mask |= PS_FD_WRITE
        mask = self._ev.mask
        pump._depth += 1                                # whoever posts need not wake us
        try:
            while True:
                if self._call != call.ident:
                    return 0
                if self._arrived(pump, stop):
                    return 1
                if now >= call.until:
                    self._call = 0
                    return 0
                if now >= tick:
                    return 1                            # CS-24
                if not asked and (pump._called or pump._deadline <= now):
                    asked = not self.OnMessagePending()
                    if not asked:                       # CS-26
                        pump.OnIdle(-1)
                        pump._collect(0)
                    now = ps_now_ns()
                    continue
                end = min(tick, call.until)
                if pump._deadline != INT64_MAX:
                    end = min(end, next_tick(pump, now))
                if outermost and not told:
                    end = min(end, now + GLANCE)
                pump._collect(end - now)
                asked = False
                now = ps_now_ns()
                if outermost and not told and not self._arrived(pump, stop):
                    # A signal between the look at the handlers' flag and the wait would not be noticed; to
                    # be told of it costs more than most waits last, so that is arranged only now.
                    pump._depth -= 1
                    signals = pump._take_signals()
                    pump._depth += 1
                    told = True
                    PyErr_CheckSignals()
        finally:
            pump._depth -= 1
            if signals:
                pump._give_signals(True)
            if lent and ps_slots_owner(&pump._live, slot, generation) != NULL and self._ev.mask == mask:
                self._ev.mask &= ~lent
            pump._leave(True)                           # also after a cancelled call (DV-10)

    cdef bint _arrived(self, Pump pump, unsigned int stop) noexcept:
        """Is it worth another try?  Consumes the notifications that say so (CS-22)."""
        cdef unsigned int mine = self._ev.queued & (stop | PS_FD_CLOSE)
        cdef unsigned int over = self._ev.flags & (PS_EV_FIN | PS_EV_RESET)
        cdef ps_item item
        cdef int i
        if mine:
            item.slot = self._slot
            item.generation = pump._live.slots[self._slot].generation
            for i in range(6):
                item.event = mine & ps_ev_order[i]
                if item.event:
                    ps_ring_take(&pump._posted, item)
            self._ev.queued &= ~mine
        if stop == PS_FD_READ or stop == PS_FD_ACCEPT:
            if self._ev.readable != PS_NO or over:
                return True
            self._ev.posted &= ~(mine & stop)           # it told of what has been read since
            return False
        if stop == PS_FD_CONNECT:
            return self._ev.phase != PS_CONNECTING
        if stop == PS_FD_OOB:
            return self._ev.oobs or over
        if stop == PS_FD_WRITE and self._ev.flags & PS_EV_RESET:
            return True
        return self._ev.posted & stop

    cdef void _end(self, Call *call) noexcept:
        if call.ident and self._call == call.ident:
            self._call = 0

    # --- inside: the calls --------------------------------------------------------------------------------

    cdef Py_ssize_t receive(self, void *p, Py_ssize_t n, int flags, ps_addr *source) except? -1:
        """A blocking Receive or ReceiveFrom: a count, or a negative Winsock number.  The handle has been
        checked."""
        cdef Call call
        cdef Py_ssize_t got
        cdef int64_t before = 0
        cdef unsigned int stop = PS_FD_READ
        if self._call:
            return -PS_WSAEINPROGRESS                   # DV-7
        if self._kept is not None and not flags & PS_MSG_OOB:
            return self._reread(p, n, flags)
        if flags & PS_MSG_OOB and not self._ev.flags & PS_EV_INLINE:
            stop = PS_FD_OOB
            self._urgent = True
            self._ev.flags &= ~<unsigned int>PS_EV_NO_URGENT
        elif not self._urgent:                          # spares a system call
            self._ev.flags |= PS_EV_NO_URGENT
        if (not self._patient or self._ev.readable != PS_NO or flags or self._ev.phase != PS_CONNECTED
                or self._ev.flags & (PS_EV_FIN | PS_EV_RESET | PS_EV_RECV_SHUT | PS_EV_MARK | PS_EV_CUTS)
                or self._blocking or not may_wait(self)):
            got = self._try_receive(p, n, flags, source)
            if got != -PS_WSAEWOULDBLOCK:
                return got
            self._patient = True
        else:
            before = ps_now_ns()
        call.ident = 0
        try:
            while True:
                if stop == PS_FD_OOB and not self._ev.oobs and self._ev.flags & (PS_EV_FIN | PS_EV_RESET):
                    return 0                            # no urgent byte will come any more
                if not self._wait(&call, stop):
                    return -PS_WSAEINTR
                if before and ps_now_ns() - before < AT_ONCE:
                    self._patient = False               # it was there already: next time ask at once
                before = 0
                got = self._try_receive(p, n, flags, source)
                if got != -PS_WSAEWOULDBLOCK:
                    return got
        finally:
            self._end(&call)

    cdef Py_ssize_t _try_receive(self, void *p, Py_ssize_t n, int flags, ps_addr *source) except? -1:
        if source == NULL or self._ev.phase != PS_DGRAM:
            return self._receive(p, n, flags, shares(self, n))
        ps_addr_room(source)
        return self._receive_from(p, n, flags, source)

    cdef int keep(self, const char *p, Py_ssize_t n) except -1:
        """Takes back n bytes that were received and not used; the next Receive gives them again, and
        OnReceive tells of them."""
        cdef unsigned int due
        rest = b"" if self._kept is None else self._kept[self._kept_from:]
        self._kept = PyBytes_FromStringAndSize(p, n) + rest
        self._kept_from = 0
        self._ev.readable = PS_YES
        self._ev.posted &= ~<unsigned int>PS_FD_READ
        due = ps_ev_post(&self._ev, PS_FD_READ)
        return after(self, due)

    cdef Py_ssize_t kept(self) noexcept:
        return len(self._kept) - self._kept_from if self._kept is not None else 0

    cdef Py_ssize_t _reread(self, void *p, Py_ssize_t n, int flags) except? -1:
        """A Receive of bytes given back by `keep`."""
        cdef Py_ssize_t left = len(self._kept) - self._kept_from
        n = min(n, left)
        memcpy(p, PyBytes_AS_STRING(self._kept) + self._kept_from, n)
        if not flags & PS_MSG_PEEK:
            self._kept_from += n
            left -= n
        if left:                                        # the socket is not asked: its end lies behind them
            self._ev.readable = PS_YES
            self._ev.posted &= ~<unsigned int>PS_FD_READ
            after(self, ps_ev_post(&self._ev, PS_FD_READ))
        else:
            self._kept = None
            after(self, ps_ev_received(&self._ev, n, n, 0, &ps_socket_probe, &self._watch.fd))
        return n

    cdef int send_all(self, const void *p, Py_ssize_t n, int flags) except? -1:
        """A blocking Send: 0, or a negative Winsock number; m_nSent bytes were taken."""
        cdef Call call
        cdef Py_ssize_t sent, done = 0
        if self._call:
            return -PS_WSAEINPROGRESS
        call.ident = 0
        try:
            while done < n:                             # CS-17: nothing to send is no system call
                sent = self._send_chunk(&call, <const char *>p + done, n - done, flags)
                if sent < 0:
                    return <int>sent
                done += sent
            return 0
        finally:
            self.m_nSent = done
            self._end(&call)

    cdef Py_ssize_t _send_chunk(self, Call *call, const void *p, Py_ssize_t n, int flags) except? -1:
        cdef Py_ssize_t sent
        while True:
            sent = self._send(p, n, flags, shares(self, n))
            if sent != -PS_WSAEWOULDBLOCK:
                return sent
            if not self._wait(call, PS_FD_WRITE):
                return -PS_WSAEINTR

    cdef int _connect_through(self, const ps_addr *a) except? -1:
        cdef Call call
        cdef int r
        if self._call:
            return -PS_WSAEINPROGRESS
        if not may_wait(self):
            refuse_to_wait(self)                        # before anything is begun
        self.m_nConnectError = -1
        r = self._connect(a)
        if r != -PS_WSAEWOULDBLOCK:
            self.m_nConnectError = -r
            return r
        call.ident = 0
        try:
            while self._ev.phase == PS_CONNECTING:      # CS-16
                if not self._wait(&call, PS_FD_CONNECT):
                    return -PS_WSAEINTR
            self.m_nConnectError = self._ev.connect_error if self._ev.phase == PS_FAILED else 0
            return -self.m_nConnectError
        finally:
            self._end(&call)

    cdef int _accept_through(self, CAsyncSocket new, ps_addr *peer) except? -1:
        cdef Call call
        cdef int r
        if self._call:
            return -PS_WSAEINPROGRESS
        call.ident = 0
        try:
            while True:
                if peer != NULL:
                    ps_addr_room(peer)
                r = self._accept(new, peer)
                if r != -PS_WSAEWOULDBLOCK:
                    return r
                if not self._wait(&call, PS_FD_ACCEPT):
                    return -PS_WSAEINTR
        finally:
            self._end(&call)

    # --- construction (CS-1 to CS-4) ----------------------------------------------------------------------

    @cython.embedsignature(False)   # C's names of the defaults are no signature to help()
    def Create(self, nSocketPort=0, nSocketType=SOCK_STREAM, lpszSocketAddress=None):
        """Create($self, nSocketPort=0, nSocketType=1, lpszSocketAddress=None)\n--\n
        Opens a handle and binds it, with notifications of every kind (CS-2).  Port 0: the system's choice.

        Returns True, else False with the object empty again; sets what `Socket` and `Bind` set.
        """
        return CAsyncSocket.Create(self, nSocketPort, nSocketType, PS_FD_ALL, lpszSocketAddress)

    def Detach(self):
        """Gives the handle away, open and without notifications (AS-13).  Raises SocketUsageError without
        one.

        What an archive has received and given back stays behind, with a ResourceWarning: read it first
        (``IOCtl(FIONREAD)``).
        """
        cdef Py_ssize_t left = self.kept()
        s = CAsyncSocket.Detach(self)
        if left:
            warnings.warn(f"{left} bytes received and not read are lost: handle {s} was detached",
                          ResourceWarning, 1)
        return s

    @staticmethod
    def FromHandle(hSocket):
        """The calling thread's CSocket for a handle, or None (CS-4, DV-13)."""
        found = CAsyncSocket.LookupHandle(hSocket)
        return found if isinstance(found, CSocket) else None

    @property
    def AsyncResolve(self):
        """Always False: Connect waits for the resolver as it waits for the peer."""
        return False

    # --- blocking (CS-5 to CS-10) -------------------------------------------------------------------------

    def IsBlocking(self):
        """Is a call of this object waiting (CS-5)?  From any thread."""
        return self._call != 0

    def CancelBlockingCall(self):
        """Ends the call that waits with WSAEINTR; without one it does nothing (CS-30).  From any thread.

        After cancelling anything but Accept only `Close` is certain to work.
        """
        cdef Pump pump = self._pump
        if self._call:
            self._call = 0
            if pump is not None and ps_this_thread() != pump._thread:
                pump._wake()

    def SetTimeOut(self, ms):
        """Limits every blocking call from now on to `ms` milliseconds; None: no limit (PY-22).

        A call that runs out of time fails with WSAEINTR, as if cancelled.
        """
        if ms is not None and not 0 < ms <= 1e12:
            raise ValueError(f"ms must be a positive number of milliseconds or None, not {ms!r}")
        self._limit = 0 if ms is None else max(<int64_t>(ms * 1e6), 1)

    def OnMessagePending(self):
        """Called during a blocking call of this object when a timer or a posted callable of the pump is due
        (CS-26).

        They wait for the end of the call; an override may run them (`pump_messages_once`), let a user
        interface handle its events, or call `CancelBlockingCall`.  If it returns True the pump's OnIdle(-1)
        is called and the queue is looked at again at once.  An exception leaves the blocking call (DV-11).
        """
        return False

    def PumpMessages(self, unsigned int uStopFlag):
        """Collects notifications until FD_CLOSE or the event `uStopFlag` comes for this object, which is
        consumed, or m_nTimeOut is over (CS-20 to CS-25).  Returns False, WSAEINTR if the call was
        cancelled, else True.

        Every blocking call waits through it: override it to change them all.
        """
        cdef Call call
        if uStopFlag & (uStopFlag - 1) or not 0 < uStopFlag <= PS_FD_CLOSE:
            raise ValueError(f"uStopFlag must be one FD_ value, not {uStopFlag:#x}")
        if not usable(self, "PumpMessages"):
            return False
        if self._call:
            raise SocketUsageError(f"PumpMessages: {self!r} is in a blocking call")
        if self._ev.readable == PS_MAYBE and not ps_ready(self._watch.fd, PS_IN):
            self._ev.readable = PS_NO                   # the last Receive took it all
            self._ev.rearm |= PS_IN
            after(self, 0)
        call.ident = 0
        try:
            if self._pump_messages(&call, uStopFlag):
                return True
        finally:
            self._end(&call)
        set_last_error(PS_WSAEINTR)
        return False

    def pump_messages_once(self):
        """Runs the pump's due timers and posted callables, no socket's callbacks: for `OnMessagePending`
        (PY-18).

        Returns how many it ran.
        """
        cdef Pump pump = current_pump()
        cdef int count = 0
        pump.check_thread()
        if pump._deadline != INT64_MAX and pump._deadline <= ps_now_ns():
            count = pump._run_timers()
        if pump._called:
            count += pump._run_callables(sys.maxsize)
        return count

    @staticmethod
    def ProcessAuxQueue():
        """Calls back what this thread's blocking calls have left waiting; returns how many notifications
        (DC-8)."""
        cdef Pump pump = current_pump()
        cdef int taken = 0
        pump.check_thread()
        pump._depth += 1
        try:
            while pump._posted.count and not pump._stop:
                taken += pump._run_items(pump._posted.count)
        finally:
            pump._depth -= 1
            pump._leave(True)
        return taken

    # --- connection ---------------------------------------------------------------------------------------

    def Accept(self, CAsyncSocket rConnectedSocket not None):
        """Waits for a connection and takes it into an empty object (CS-8); there is no time limit but
        `SetTimeOut`'s.

        Returns True, else False; sets WSAEINTR (cancelled), WSAEINPROGRESS, WSAEINVAL (no Listen), WSAEMFILE,
        WSAENOBUFS, WSAEOPNOTSUPP.
        """
        cdef int r = self._accept_through(rConnectedSocket, NULL)
        return True if r >= 0 else bool(self._fail("Accept", -r))

    def AcceptEx(self, CAsyncSocket rConnectedSocket not None):
        """As Accept, but returns the peer's (address, port), or None."""
        cdef ps_addr peer
        cdef int r = self._accept_through(rConnectedSocket, &peer)
        if r >= 0:
            return host_and_port(&peer)
        self._fail("AcceptEx", -r)
        return None

    def Connect(self, lpszHostAddress, nHostPort=None):
        """Connects to a host and port, or to one SOCKADDR, and waits for the result (CS-16).

        Returns True, else False; sets WSAEINTR (cancelled), WSAEINPROGRESS, WSAECONNREFUSED, WSAETIMEDOUT,
        WSAEINVAL (no such host) and other reasons of the system.
        """
        if self._call:
            return bool(self._fail("Connect", PS_WSAEINPROGRESS))
        return CAsyncSocket.Connect(self, lpszHostAddress, nHostPort)

    def ConnectEx(self, pAI):
        """Connect to the address of an entry of ``socket.getaddrinfo`` (AS-34).  None: False, WSAEINVAL."""
        if self._call:
            return bool(self._fail("ConnectEx", PS_WSAEINPROGRESS))
        return CAsyncSocket.ConnectEx(self, pAI)

    def ConnectHelper(self, lpSockAddr):
        """What every form of Connect ends in; `lpSockAddr` is a SockAddr (AS-52).  Override to change them
        all."""
        cdef ps_addr a
        cdef int r
        if not usable(self, "Connect"):
            return False
        any_address(lpSockAddr, self._family, &a, "lpSockAddr")
        r = self._connect_through(&a)
        return True if r >= 0 else bool(self._fail("Connect", -r))

    # --- data ---------------------------------------------------------------------------------------------

    def Receive(self, buf, n=None, int flags=0):
        """Waits until something is there and reads it, at most `n` bytes (default: the buffer's size)
        (CS-15).

        Returns the count, 0 at the end of the stream, or SOCKET_ERROR; sets WSAEINTR (cancelled),
        WSAEINPROGRESS and what CAsyncSocket's Receive sets, but not WSAEWOULDBLOCK.  Flags: MSG_PEEK,
        MSG_OOB.
        """
        cdef Py_buffer view
        cdef Py_ssize_t asked, got
        if not usable(self, "Receive"):
            return SOCKET_ERROR
        open_buffer(buf, &view, PyBUF_WRITABLE)
        try:
            asked = length_of(n, view.len)
            got = self.receive(view.buf, asked, flags, NULL)
        finally:
            PyBuffer_Release(&view)
        if got < 0:
            self._fail("Receive", <int>-got)
            return SOCKET_ERROR
        return got

    def ReceiveBytes(self, Py_ssize_t n, int flags=0):
        """As Receive, into a new bytes object of at most `n` bytes: b"" at the end of the stream, None on
        failure."""
        cdef Py_ssize_t got
        if n < 0:
            raise ValueError(f"n must be 0 or more, not {n}")
        if not usable(self, "ReceiveBytes"):
            return None
        # While this call waits others may use the scratch memory, but from the last recv to here the GIL is
        # held.
        if n < SCRATCH and not self._blocking:
            got = self.receive(scratch, n, flags, NULL)
            if got >= 0:
                return PyBytes_FromStringAndSize(scratch, got)
        else:
            whole = PyBytes_FromStringAndSize(NULL, n)
            got = self.receive(PyBytes_AS_STRING(whole), n, flags, NULL)
            if got >= 0:
                return whole if got == n else whole[:got]
        self._fail("ReceiveBytes", <int>-got)
        return None

    def ReceiveFromHelper(self, buf, n, int flags):
        """What every form of ReceiveFrom ends in (AS-52): (count, SockAddr or None).  Override to change
        them all."""
        cdef Py_buffer view
        cdef ps_addr source
        cdef Py_ssize_t asked, got
        if not usable(self, "ReceiveFrom"):
            return SOCKET_ERROR, None
        source.len = 0
        open_buffer(buf, &view, PyBUF_WRITABLE)
        try:
            asked = length_of(n, view.len)
            got = self.receive(view.buf, asked, flags, &source)
        finally:
            PyBuffer_Release(&view)
        if got < 0:
            self._fail("ReceiveFrom", <int>-got)
            return SOCKET_ERROR, None
        return got, SockAddr.of(&source) if source.len else None

    def Send(self, buf, n=None, int flags=0):
        """Sends the first `n` bytes of a buffer (default: all), waiting for room as long as it takes (CS-17).

        Returns `n`, or SOCKET_ERROR, when `m_nSent` tells how much was sent; sets WSAEINTR (cancelled),
        WSAEINPROGRESS and what CAsyncSocket's Send sets, but not WSAEWOULDBLOCK.  In strict mode the
        exception has `m_nSent` too.
        """
        cdef Py_buffer view
        cdef Py_ssize_t size
        cdef int r
        if not usable(self, "Send"):
            return SOCKET_ERROR
        open_buffer(buf, &view, PyBUF_SIMPLE)
        try:
            size = length_of(n, view.len)
            r = self.send_all(view.buf, size, flags)
        finally:
            PyBuffer_Release(&view)
        if r < 0:
            try:
                self._fail("Send", -r)
            except SocketException as e:
                e.m_nSent = self.m_nSent
                raise
            return SOCKET_ERROR
        return size

    def SendChunk(self, buf, n=None, int flags=0):
        """As Send, but returns as soon as the system has taken anything (CS-18): the count, or
        SOCKET_ERROR."""
        cdef Py_buffer view
        cdef Py_ssize_t size, sent
        cdef Call call
        if not usable(self, "SendChunk"):
            return SOCKET_ERROR
        open_buffer(buf, &view, PyBUF_SIMPLE)
        call.ident = 0
        try:
            size = length_of(n, view.len)
            sent = -PS_WSAEINPROGRESS if self._call else self._send_chunk(&call, view.buf, size, flags)
        finally:
            self._end(&call)
            PyBuffer_Release(&view)
        if sent < 0:
            self._fail("SendChunk", <int>-sent)
            return SOCKET_ERROR
        return sent

    def SendToHelper(self, buf, n, lpSockAddr, int flags):
        """What every form of SendTo ends in; `lpSockAddr` is a SockAddr (AS-52).  Override to change them
        all."""
        cdef Py_buffer view
        cdef Py_ssize_t size, sent
        cdef ps_addr a
        cdef Call call
        if not usable(self, "SendTo"):
            return SOCKET_ERROR
        any_address(lpSockAddr, self._family, &a, "lpSockAddr")
        open_buffer(buf, &view, PyBUF_SIMPLE)
        call.ident = 0
        try:
            size = length_of(n, view.len)
            sent = -PS_WSAEINPROGRESS if self._call else self._send_to(view.buf, size, flags, &a)
            while sent == -PS_WSAEWOULDBLOCK:
                if self._wait(&call, PS_FD_WRITE):
                    sent = self._send_to(view.buf, size, flags, &a)
                else:
                    sent = -PS_WSAEINTR
        finally:
            self._end(&call)
            PyBuffer_Release(&view)
        if sent < 0:
            self._fail("SendTo", <int>-sent)
            return SOCKET_ERROR
        return sent

    def IOCtl(self, lCommand, lpArgument=0):
        """As CAsyncSocket's (AS-25); FIONREAD counts what an archive has given back, too."""
        r = CAsyncSocket.IOCtl(self, lCommand, lpArgument)
        if lCommand == FIONREAD_ and r is not None:
            r += self.kept()
        return r


ps_public(CSocket)
