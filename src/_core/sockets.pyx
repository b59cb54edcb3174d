# cython: language_level=3
# cython: binding=False, embedsignature=True, embedsignature.format=clinic
"""CAsyncSocket: the BSD calls with MFC's names, results and error codes, and the notifications that follow
them.

What is due after a call is decided by ps_events (native/ps_events.h), what runs when by the pump.  Members
here check what Winsock checks and POSIX does not (ER-6), make one system call, tell the state machine, and
turn a negative Winsock number into False or SOCKET_ERROR plus GetLastError, or into SocketException in strict
mode.
"""
import socket
import sys
import warnings

cimport cython
from cpython.buffer cimport PyBUF_SIMPLE, PyBUF_WRITABLE, PyBuffer_Release
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize
from cpython.object cimport PyObject
from libc.string cimport memset

from pysock._core.arguments cimport (
    UNSET,
    addrinfo,
    event_mask,
    handle_of,
    int_of,
    is_address,
    length_of,
    open_buffer,
    send_to_arguments,
)
from pysock._core.names cimport (
    SockAddr,
    any_address,
    host_and_port,
    inet_address,
    port_number,
    resolve,
    resolve_in_thread,
)
from pysock._core.native cimport (
    AF_INET,
    PS_AF_UNIX,
    PS_BAD_SOCK,
    PS_CONNECTED,
    PS_CONNECTING,
    PS_COUNTING,
    PS_DGRAM,
    PS_EV_BOUND,
    PS_EV_CUTS,
    PS_EV_INLINE,
    PS_EV_RECV_SHUT,
    PS_EV_SEND_SHUT,
    PS_FAILED,
    PS_FD_ALL,
    PS_FD_READ,
    PS_IN,
    PS_LISTENING,
    PS_MSG_OOB,
    PS_MSG_PEEK,
    PS_NEW,
    PS_RDHUP,
    PS_WSAEADDRNOTAVAIL,
    PS_WSAEALREADY,
    PS_WSAECONNABORTED,
    PS_WSAEDESTADDRREQ,
    PS_WSAEINVAL,
    PS_WSAEISCONN,
    PS_WSAEMFILE,
    PS_WSAENOBUFS,
    PS_WSAENOTCONN,
    PS_WSAENOTSOCK,
    PS_WSAEOPNOTSUPP,
    PS_WSAESHUTDOWN,
    PS_WSAEWOULDBLOCK,
    SOCK_SEQPACKET,
    SOCK_STREAM,
    SOL_SOCKET,
    ps_accept,
    ps_addr,
    ps_addr_is_any,
    ps_addr_room,
    ps_addr_sa,
    ps_addr_set4,
    ps_adopt,
    ps_bind,
    ps_close,
    ps_connect,
    ps_ev_accepted,
    ps_ev_answer,
    ps_ev_child,
    ps_ev_connect,
    ps_ev_connected,
    ps_ev_dgram_connected,
    ps_ev_drained,
    ps_ev_is_plain,
    ps_ev_listen,
    ps_ev_received,
    ps_ev_select,
    ps_ev_send_error,
    ps_ev_send_failed,
    ps_ev_take_oob,
    ps_ev_urgent,
    ps_ev_wants_urgent,
    ps_getpeername,
    ps_getsockname,
    ps_listen,
    ps_ready,
    ps_recv,
    ps_recvfrom,
    ps_send,
    ps_sendto,
    ps_set_blocking,
    ps_shutdown,
    ps_slots_is_dead,
    ps_slots_owner,
    ps_sock_t,
    ps_socket,
    ps_socket_probe,
    ps_socklen_t,
    ps_this_thread,
    sockaddr,
)
from pysock._core.options cimport Found, control, find_out, get_option, reuse_address, set_option
from pysock._core.pump cimport Pump, Watched, after, current_pump
from pysock._core.public cimport ps_public

from pysock._core.errors import SocketException, SocketUsageError, WrongThreadError


cdef extern from *:
    """
    #include "ps_build.h"
    static PS_THREAD_LOCAL int ps_last_error;
    """
    int ps_last_error
    int PyErr_ResourceWarning(object source, Py_ssize_t level, const char *text, ...) except -1

cdef extern from "pyhandler.h":
    void ps_drop_dict(object o)
    int ps_name_handler(int which, object name) except -1
    int ps_call_handler(object sock, unsigned int event, int error) except -1
    int ps_is_a(object o, object base) except -1
    char *ps_plain_buffer(object buf, object n, bint writable, Py_ssize_t *size)

cdef enum:
    INVALID_SOCKET = -1
    SOCKET_ERROR = -1
    SCRATCH = 65536                      # ReceiveBytes up to this size reads here first


cdef char scratch[SCRATCH]
cdef bint strict_program = False
cdef Py_ssize_t handles_open = 0         # live counters of a debug build
cdef Py_ssize_t objects_alive = 0


for _which, _name in enumerate(("OnReceive", "OnSend", "OnOutOfBandData", "OnAccept", "OnConnect", "OnClose")):
    ps_name_handler(_which, sys.intern(_name))


cdef void set_last_error(int code) noexcept:
    global ps_last_error
    ps_last_error = code


def strict(bint on=True):
    """Lets failures raise SocketException in the whole program, for objects that do not say otherwise
    (DV-8)."""
    global strict_program
    strict_program = on


def live_counts():
    """What of this room is alive, in a debug build; {} in others."""
    return {"handles": handles_open, "sockets": objects_alive} if PS_COUNTING else {}


cdef class CAsyncSocket(Watched):
    """CAsyncSocket(*, strict=None)
--

    A non-blocking socket that calls back (MFC's CAsyncSocket).

    Subclass it and override `OnReceive`, `OnSend`, `OnAccept`, `OnConnect`, `OnClose` or `OnOutOfBandData`;
    the callbacks run in the thread that gave the object its handle, while that thread runs its pump.

    Members answer as MFC's do: True or a count, else False or SOCKET_ERROR with the reason in `GetLastError`.
    With ``strict=True``, or after ``pysock.strict()``, failures raise SocketException instead; only a Connect
    that is under way goes on returning False.

    An object owns its handle: `Close` it, or use it as a context manager.  One that is collected while open
    is closed with a ResourceWarning.
    """

    def __cinit__(self):
        global objects_alive
        ps_drop_dict(self)
        self._strict = -1
        if PS_COUNTING:
            objects_alive += 1

    def __init__(self, *, strict=None):
        if strict is not None:
            self._strict = bool(strict)

    def __dealloc__(self):
        global objects_alive
        if PS_COUNTING:
            objects_alive -= 1

    def __del__(self):
        if self._pump is None:
            return
        if self._pump._poller == NULL:                  # a forked child's copy: the parent has the connection
            self._drop()
        elif self._pump._ended or ps_this_thread() == self._pump._thread:
            try:
                PyErr_ResourceWarning(self, 1, "unclosed %R", <PyObject *>self)
            finally:
                self._drop()
        else:                                   # its own thread closes it, at its end at the latest
            self._pump.leave(self)

    # --- inside --------------------------------------------------------------------------------------------

    cdef int _unusable(self, str operation) except -1:
        if self._pump is None:
            return self._fail(operation, PS_WSAENOTSOCK)
        owner = "the parent process" if self._pump._poller == NULL else "another thread"
        raise WrongThreadError(f"{operation}: {self!r} belongs to {owner}")

    cdef int _fail(self, str operation, int code) except -1:
        """Notes a failure; raises in strict mode."""
        global ps_last_error
        ps_last_error = code
        if self._strict == 1 or (self._strict < 0 and strict_program):
            raise SocketException(operation, code, repr(self))
        return 0

    cdef int _must_be_empty(self, str operation) except -1:
        if self._pump is not None:
            raise SocketUsageError(f"{operation}: {self!r} has a handle already; Close or Detach it first")
        return 0

    cdef int _hold(self, ps_sock_t s, int family, int kind, int protocol) except? -1:
        """Takes the handle s; on failure (a negative Winsock number) s is still the caller's."""
        global handles_open
        cdef int r = current_pump().watch(self, s)
        if r < 0:
            return r
        if PS_COUNTING:
            handles_open += 1
        self._family = family
        self._type = kind
        self._protocol = protocol
        self._ev.phase = PS_NEW
        if kind == SOCK_STREAM or kind == SOCK_SEQPACKET:
            if family == PS_AF_UNIX or kind != SOCK_STREAM:
                self._ev.flags |= PS_EV_CUTS
            return 0
        self._ev.phase = PS_DGRAM
        r = self._pump.register(self)
        if r < 0:
            self._let_go()
        return r

    def _let_go(self):
        """Leaves the pump; the handle is the caller's from here."""
        global handles_open
        cdef Pump pump = self._pump
        pump.unwatch(self)
        if PS_COUNTING:
            handles_open -= 1
        memset(&self._ev, 0, sizeof(self._ev))
        self._blocking = self._reuse = self._resolving = False
        if pump._starved and pump._poller != NULL and ps_this_thread() == pump._thread:
            pump._feed()

    cdef int _drop(self) except -1:
        cdef ps_sock_t s = self._watch.fd
        if self._pump._poller != NULL:
            self._pump._poller.ops.del_(self._pump._poller, &self._watch)
        ps_close(s)
        self._let_go()
        return 0

    cdef int _select(self, int mask) except? -1:
        cdef int r
        if self._blocking:
            r = ps_set_blocking(self._watch.fd, False)
            if r < 0:
                return r
            self._blocking = False
        after(self, ps_ev_select(&self._ev, mask, &ps_socket_probe, &self._watch.fd))
        return 0

    cdef int deliver(self, unsigned int event, int error) except -1:
        return ps_call_handler(self, event, error)

    # --- construction and handle (AS-4 to AS-14) -----------------------------------------------------------

    @cython.embedsignature(False)   # C's names of the defaults are no signature to help()
    def Create(self, nSocketPort=0, nSocketType=SOCK_STREAM, lEvent=PS_FD_ALL, lpszSocketAddress=None):
        """Create($self, nSocketPort=0, nSocketType=1, lEvent=0x3F, lpszSocketAddress=None)\n--\n
        Socket, then Bind (AS-7).  Port 0: the system's choice, which takes long (0.4 ms) while tens of
        thousands of ports wait out TIME_WAIT: a client that connects that often calls Socket instead.

        Returns True, else False with the object empty again; sets what `Socket` and `Bind` set.
        """
        port = port_number(nSocketPort)
        if not self.Socket(nSocketType, lEvent):
            return False
        try:
            if self.Bind(port, lpszSocketAddress):
                return True
            self._drop()
            return False
        except BaseException:
            self._drop()
            raise

    @cython.embedsignature(False)   # C's names of the defaults are no signature to help()
    def CreateEx(self, pAI, lEvent=PS_FD_ALL):
        """CreateEx($self, pAI, lEvent=0x3F)\n--\n
        Socket for an entry of ``socket.getaddrinfo``; does not bind (AS-11).  None: False, WSAEINVAL."""
        if pAI is None:
            return bool(self._fail("CreateEx", PS_WSAEINVAL))
        family, kind, protocol, _, _ = addrinfo(pAI)
        return self.Socket(kind, lEvent, protocol, family)

    @cython.embedsignature(False)   # C's names of the defaults are no signature to help()
    def Socket(self, nSocketType=SOCK_STREAM, lEvent=PS_FD_ALL, nProtocolType=0, nAddressFormat=AF_INET):
        """Socket($self, nSocketType=1, lEvent=0x3F, nProtocolType=0, nAddressFormat=2)\n--\n
        Opens a handle of the given type, protocol and family, without binding it (AS-10).

        Returns True, else False; sets WSAEAFNOSUPPORT, WSAEMFILE, WSAENOBUFS, WSAEPROTONOSUPPORT,
        WSAEPROTOTYPE, WSAESOCKTNOSUPPORT.  Raises SocketUsageError if the object has a handle.
        """
        cdef ps_sock_t s
        cdef int mask = event_mask(lEvent)
        cdef int kind = int_of(nSocketType, "nSocketType")
        cdef int protocol = int_of(nProtocolType, "nProtocolType")
        cdef int family = int_of(nAddressFormat, "nAddressFormat")
        cdef int r
        self._must_be_empty("Socket")
        current_pump()
        r = ps_socket(family, kind, protocol, &s)
        if r >= 0:
            r = self._hold(s, family, kind, protocol)
            if r < 0:
                ps_close(s)
        if r < 0:
            return bool(self._fail("Socket", -r))
        self._select(mask)
        return True

    @cython.embedsignature(False)   # C's names of the defaults are no signature to help()
    def Attach(self, hSocket, lEvent=PS_FD_ALL):
        """Attach($self, hSocket, lEvent=0x3F)\n--\n
        Takes over an open handle: an int, or a ``socket.socket``, which gives its own up (AS-12).

        What is true of it already (unread data, writability, a close) is notified at once.  Returns True,
        else False with the object empty; sets WSAENOTSOCK.  Raises SocketUsageError if the object has a
        handle, or the handle an object in this thread.
        """
        cdef int mask = event_mask(lEvent)
        cdef ps_sock_t s = handle_of(hSocket)
        cdef int r
        self._must_be_empty("Attach")
        if s == PS_BAD_SOCK:
            raise SocketUsageError("Attach: INVALID_SOCKET")
        if current_pump().find(s) is not None:
            raise SocketUsageError(f"Attach: handle {s} belongs to an object already")
        r = ps_adopt(s)
        if r >= 0:
            r = self._adopt(s)
        if r < 0:
            return bool(self._fail("Attach", -r))
        if isinstance(hSocket, socket.socket):
            hSocket.detach()
        self._select(mask)
        return True

    def _adopt(self, ps_sock_t s):
        """Takes a handle as somebody else has made it."""
        cdef Found found
        cdef int r = find_out(s, &found)
        if r >= 0:
            r = self._hold(s, found.family, found.kind, 0)
        if r < 0:
            return r
        self._ev.flags |= found.flags
        if found.phase != PS_NEW:
            self._ev.phase = found.phase
            r = self._pump.register(self)
            if r < 0:
                self._let_go()
        return r

    def Detach(self):
        """Gives the handle away, open and without notifications (AS-13).  Raises SocketUsageError without
        one.

        An urgent byte that was notified and not Received stays behind, with a ResourceWarning: the system
        has handed it out.
        """
        cdef ps_sock_t s
        cdef int urgent = self._ev.oobs
        if self._pump is None:
            raise SocketUsageError("Detach: the object has no handle")
        usable(self, "Detach")
        s = self._watch.fd
        self._let_go()
        if urgent:
            warnings.warn(f"{urgent} urgent bytes not read are lost: handle {s} was detached", ResourceWarning, 1)
        return s

    @staticmethod
    def FromHandle(hSocket):
        """The calling thread's object for a handle, or None (AS-14)."""
        return CAsyncSocket.LookupHandle(hSocket)

    @property
    def m_hSocket(self):
        """The handle; INVALID_SOCKET (-1) without one."""
        return self._watch.fd if self._watch.fd != PS_BAD_SOCK else INVALID_SOCKET

    def __int__(self):
        return self.m_hSocket

    def __index__(self):
        return self.m_hSocket

    def fileno(self):
        """The handle, for modules that take objects with a fileno."""
        return self.m_hSocket

    def __repr__(self):
        cdef str state = "empty"
        if self._pump is not None:
            if self._resolving:
                state = "resolving"
            else:
                state = ("bound" if self._ev.flags & PS_EV_BOUND else "new", "listening", "connecting",
                         "connected", "failed", "datagram")[self._ev.phase]
        return f"<{type(self).__name__} m_hSocket={self.m_hSocket} {state}>"

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.Close()

    def __reduce_ex__(self, protocol):
        raise TypeError(f"{type(self).__name__} objects cannot be copied or pickled")

    # --- addresses (AS-15 to AS-20) ------------------------------------------------------------------------

    def Bind(self, nSocketPort, lpszSocketAddress=None):
        """Names the socket: a port (0: any) and a dotted number (None: all interfaces), or one SOCKADDR
        (AS-15).

        The address is not resolved (NM-2).  Returns True, else False; sets WSAEADDRINUSE, WSAEADDRNOTAVAIL,
        WSAEAFNOSUPPORT, WSAEINVAL (already bound, or not a dotted number), WSAENOBUFS.
        """
        cdef ps_addr a
        cdef int r
        if is_address(nSocketPort):
            if not usable(self, "Bind"):
                return False
            any_address(nSocketPort, self._family, &a, "nSocketPort")
        else:
            port = port_number(nSocketPort)
            if not usable(self, "Bind"):
                return False
            if lpszSocketAddress is None:
                ps_addr_set4(&a, 0, port)
            elif not inet_address(lpszSocketAddress, port, &a):
                return bool(self._fail("Bind", PS_WSAEINVAL))
        r = self._bind(&a)
        return True if r >= 0 else bool(self._fail("Bind", -r))

    def BindEx(self, pAI):
        """Bind to the address of an entry of ``socket.getaddrinfo`` (AS-16).  None: False, WSAEINVAL."""
        cdef ps_addr a
        cdef int r
        if pAI is None:
            return bool(self._fail("BindEx", PS_WSAEINVAL))
        family, _, _, _, address = addrinfo(pAI)
        any_address(address, family, &a, "pAI")
        if not usable(self, "BindEx"):
            return False
        r = self._bind(&a)
        return True if r >= 0 else bool(self._fail("BindEx", -r))

    cdef int _bind(self, const ps_addr *a) except? -1:
        cdef int r
        if self._ev.flags & PS_EV_BOUND:
            return -PS_WSAEINVAL
        reuse_address(self, self._type)
        r = ps_bind(self._watch.fd, ps_addr_sa(<ps_addr *>a), a.len)
        if r >= 0:
            self._ev.flags |= PS_EV_BOUND
        return r

    def GetSockName(self):
        """(address, port) of this end, or None (AS-17); sets WSAEINVAL when not bound."""
        return self._name("GetSockName", False)

    def GetSockNameEx(self):
        """As GetSockName; the address is numeric text of any family (DV-9)."""
        return self._name("GetSockNameEx", False)

    def GetPeerName(self):
        """(address, port) of the other end, or None (AS-18); sets WSAENOTCONN."""
        return self._name("GetPeerName", True)

    def GetPeerNameEx(self):
        """As GetPeerName; the address is numeric text of any family (DV-9)."""
        return self._name("GetPeerNameEx", True)

    def _name(self, str operation, bint peer):
        cdef ps_addr a
        cdef int r
        if not usable(self, operation):
            return None
        ps_addr_room(&a)
        if peer:
            r = ps_getpeername(self._watch.fd, ps_addr_sa(&a), &a.len)
        elif self._ev.flags & PS_EV_BOUND or self._ev.phase == PS_CONNECTING:
            r = ps_getsockname(self._watch.fd, ps_addr_sa(&a), &a.len)
        else:
            r = -PS_WSAEINVAL                           # ER-6
        if r < 0:
            self._fail(operation, -r)
            return None
        return host_and_port(&a)

    # --- options and control (AS-21 to AS-28) --------------------------------------------------------------

    @cython.embedsignature(False)   # C's names of the defaults are no signature to help()
    def SetSockOpt(self, nOptionName, lpOptionValue, nLevel=SOL_SOCKET):
        """SetSockOpt($self, nOptionName, lpOptionValue, nLevel=...)\n--\n
        Sets an option: an int or bool, (onoff, seconds) for SO_LINGER, or the bytes of a C structure
        (AS-21).

        Returns True, else False; sets WSAENOPROTOOPT (unknown or unsuitable), WSAEINVAL, WSAEFAULT.
        """
        cdef int option = int_of(nOptionName, "nOptionName"), level = int_of(nLevel, "nLevel")
        cdef int r
        if not usable(self, "SetSockOpt"):
            return False
        r = set_option(self, self._type, &self._reuse, level, option, lpOptionValue)
        return True if r >= 0 else bool(self._fail("SetSockOpt", -r))

    @cython.embedsignature(False)   # C's names of the defaults are no signature to help()
    def GetSockOpt(self, nOptionName, nLevel=SOL_SOCKET):
        """GetSockOpt($self, nOptionName, nLevel=...)\n--\n
        An option's value: an int, (onoff, seconds) for SO_LINGER, else the bytes of a C structure; None if
        it fails (AS-21).  SO_ERROR: a Winsock number; reading clears it."""
        cdef int option = int_of(nOptionName, "nOptionName"), level = int_of(nLevel, "nLevel")
        cdef int r = 0
        if not usable(self, "GetSockOpt"):
            return None
        value = get_option(self, self._type, self._reuse, level, option, &r)
        if r < 0:
            self._fail("GetSockOpt", -r)
        return value

    def IOCtl(self, lCommand, lpArgument=0):
        """FIONBIO, FIONREAD or SIOCATMARK (AS-25).  Returns the argument as the command leaves it; None if it
        fails.

        FIONREAD: bytes one Receive could return, of a datagram socket the size of the first datagram.
        SIOCATMARK: non-zero if no urgent data is still to be read.  FIONBIO 0 with a mask in force: WSAEINVAL
        (AS-26).
        """
        cdef long long r
        if not usable(self, "IOCtl"):
            return None
        r = control(self, &self._blocking, lCommand, lpArgument)
        if r < 0:
            self._fail("IOCtl", <int>-r)
            return None
        return r

    @cython.embedsignature(False)   # C's names of the defaults are no signature to help()
    def AsyncSelect(self, lEvent=PS_FD_ALL):
        """AsyncSelect($self, lEvent=0x3F)\n--\n
        Replaces the event mask; what is in it and true now is notified again (AS-27, EV-20).  0: no more
        events.

        Returns True, else False.  Raises SocketUsageError without a handle.
        """
        cdef int mask = event_mask(lEvent)
        cdef int r
        if self._pump is None:
            raise SocketUsageError("AsyncSelect: the object has no handle")
        usable(self, "AsyncSelect")
        r = self._select(mask)
        return True if r >= 0 else bool(self._fail("AsyncSelect", -r))

    @staticmethod
    def GetLastError():
        """The calling thread's last socket error, a Winsock number; valid right after a failure (AS-28)."""
        return ps_last_error

    # --- connection (AS-29 to AS-37) -----------------------------------------------------------------------

    def Listen(self, nConnectionBacklog=5):
        """Lets clients connect (AS-29).  Returns True, else False; sets WSAEINVAL (not bound), WSAEISCONN,
        WSAEOPNOTSUPP (not a stream), WSAEADDRINUSE."""
        cdef int backlog = int_of(nConnectionBacklog, "nConnectionBacklog")
        cdef int r = 0
        if not usable(self, "Listen"):
            return False
        if self._ev.phase == PS_DGRAM:
            r = -PS_WSAEOPNOTSUPP
        elif self._ev.phase == PS_CONNECTED:
            r = -PS_WSAEISCONN
        elif self._ev.phase == PS_CONNECTING or not self._ev.flags & PS_EV_BOUND:
            r = -PS_WSAEINVAL
        else:
            r = self._pump.register(self)
            if r >= 0:
                r = ps_listen(self._watch.fd, backlog)
        if r < 0:
            return bool(self._fail("Listen", -r))
        ps_ev_listen(&self._ev)
        after(self, 0)
        return True

    def Accept(self, CAsyncSocket rConnectedSocket not None):
        """Takes the first pending connection into an empty object, which gets this one's event mask (AS-30,
        AS-31).

        Returns True, else False; sets WSAEWOULDBLOCK (none pending), WSAEINVAL (no Listen), WSAEMFILE,
        WSAENOBUFS, WSAEOPNOTSUPP.  Without descriptors the connection stays pending and OnAccept comes again
        when some are free. Raises SocketUsageError if the object has a handle.
        """
        cdef int r = self._accept(rConnectedSocket, NULL)
        return True if r >= 0 else bool(self._fail("Accept", -r))

    def AcceptEx(self, CAsyncSocket rConnectedSocket not None):
        """As Accept, but returns the peer's (address, port), or None."""
        cdef ps_addr peer
        cdef int r
        ps_addr_room(&peer)
        r = self._accept(rConnectedSocket, &peer)
        if r >= 0:
            return host_and_port(&peer)
        self._fail("AcceptEx", -r)
        return None

    cdef int _accept(self, CAsyncSocket new, ps_addr *peer) except? -1:
        global handles_open
        cdef Pump pump = self._pump
        cdef sockaddr *address = NULL
        cdef ps_socklen_t *length = NULL
        cdef ps_sock_t s
        cdef int r
        new._must_be_empty("Accept")
        if pump is None:
            return -PS_WSAENOTSOCK
        usable(self, "Accept")
        if self._ev.phase != PS_LISTENING:
            return -PS_WSAEOPNOTSUPP if self._ev.phase == PS_DGRAM else -PS_WSAEINVAL
        if peer != NULL:
            address = ps_addr_sa(peer)
            length = &peer.len
        if self._blocking:
            with nogil:
                r = ps_accept(self._watch.fd, address, length, &s)
        else:
            r = ps_accept(self._watch.fd, address, length, &s)
        after(self, ps_ev_accepted(&self._ev, r))
        if r < 0:
            if r == -PS_WSAEMFILE or r == -PS_WSAENOBUFS:
                pump.starve(self)
            return r
        r = pump.watch(new, s)
        if r >= 0:
            r = pump.register(new)
            if r < 0:
                pump.unwatch(new)
        if r < 0:
            ps_close(s)
            return r
        if PS_COUNTING:
            handles_open += 1
        new._family = self._family
        new._type = self._type
        new._protocol = self._protocol
        after(new, ps_ev_child(&new._ev, &self._ev))
        return 0

    def Connect(self, lpszHostAddress, nHostPort=None):
        """Connects to a host and port, or to one SOCKADDR (AS-32).  A datagram socket only notes its peer.

        A stream's usual answer is False with WSAEWOULDBLOCK; `OnConnect` carries the result.  A host that is
        not a dotted number is resolved first, in this call, or in another thread if `AsyncResolve` is true:
        then the failure too comes with OnConnect (WSAEINVAL).  Sets WSAEINVAL (no such host), WSAEALREADY,
        WSAEISCONN, WSAEADDRNOTAVAIL, WSAENETUNREACH, WSAENOBUFS (no thread to resolve in) and other reasons of
        the system.
        """
        cdef ps_addr a
        cdef int r
        cdef int port = -1
        if nHostPort is not None:
            port = port_number(nHostPort, "nHostPort")
            if not isinstance(lpszHostAddress, str):
                raise TypeError(f"lpszHostAddress must be a str, not {type(lpszHostAddress).__name__}")
        if not usable(self, "Connect"):
            return False
        r = self._may_connect()
        if r < 0:
            return bool(self._fail("Connect", -r))
        if port < 0:
            any_address(lpszHostAddress, self._family, &a, "lpszHostAddress")
        elif not inet_address(lpszHostAddress, port, &a):
            if (<object>self).AsyncResolve and lpszHostAddress:     # a subclass may set it for its class
                return self._resolve(lpszHostAddress, port)
            if resolve(lpszHostAddress, port, AF_INET, 0, &a):
                return bool(self._fail("Connect", PS_WSAEINVAL))        # ER-7
        return self._connect_by_helper("Connect", SockAddr.of(&a))

    def ConnectEx(self, pAI):
        """Connect to the address of an entry of ``socket.getaddrinfo`` (AS-34).  None: False, WSAEINVAL."""
        cdef ps_addr a
        cdef int r
        if pAI is None:
            return bool(self._fail("ConnectEx", PS_WSAEINVAL))
        family, _, _, _, address = addrinfo(pAI)
        any_address(address, family, &a, "pAI")
        if not usable(self, "ConnectEx"):
            return False
        r = self._may_connect()
        if r < 0:
            return bool(self._fail("ConnectEx", -r))
        return self._connect_by_helper("ConnectEx", SockAddr.of(&a))

    def ConnectHelper(self, lpSockAddr):
        """What every form of Connect ends in; `lpSockAddr` is a SockAddr (AS-52).  Override to change them
        all."""
        cdef ps_addr a
        if not usable(self, "Connect"):
            return False
        any_address(lpSockAddr, self._family, &a, "lpSockAddr")
        return self._connected("Connect", self._connect(&a))

    def _connect_by_helper(self, str operation, SockAddr a):
        if type(self).ConnectHelper is CAsyncSocket.ConnectHelper:
            return self._connected(operation, self._connect(&a._a))
        return bool(self.ConnectHelper(a))

    def _connected(self, str operation, int r):
        if r >= 0:
            return True
        if r == -PS_WSAEWOULDBLOCK:             # under way: no failure, so not even strict mode raises
            set_last_error(PS_WSAEWOULDBLOCK)
            return False
        return bool(self._fail(operation, -r))

    def _may_connect(self):
        if self._ev.phase == PS_CONNECTING:
            return -PS_WSAEALREADY
        if self._ev.phase == PS_CONNECTED:
            return -PS_WSAEISCONN
        return -PS_WSAEINVAL if self._ev.phase == PS_LISTENING else 0

    cdef int _connect(self, const ps_addr *a) except? -1:
        cdef int r = self._may_connect()
        cdef bint again = self._ev.phase == PS_FAILED
        if r >= 0 and ps_addr_is_any(a):
            r = -PS_WSAEADDRNOTAVAIL                    # ER-6
        if r >= 0:
            r = self._pump.register(self)
        if r < 0:
            return r
        if self._ev.phase == PS_DGRAM:
            r = ps_connect(self._watch.fd, ps_addr_sa(<ps_addr *>a), a.len)
            if r >= 0:
                after(self, ps_ev_dgram_connected(&self._ev))
            return r
        ps_ev_connect(&self._ev)
        if self._blocking:
            with nogil:
                r = ps_connect(self._watch.fd, ps_addr_sa(<ps_addr *>a), a.len)
        else:
            r = ps_connect(self._watch.fd, ps_addr_sa(<ps_addr *>a), a.len)
            if again and r == -PS_WSAECONNABORTED:      # Linux reports the end of the attempt before, once
                r = ps_connect(self._watch.fd, ps_addr_sa(<ps_addr *>a), a.len)
        if r >= 0:
            after(self, ps_ev_connected(&self._ev, 0))
        elif r == -PS_WSAEWOULDBLOCK:
            after(self, 0)
        else:
            self._ev.phase = PS_NEW                     # nothing was begun
        return r

    def _resolve(self, host, int port):
        """Looks the name up in a thread of its own; Connect goes on when the answer is there."""
        cdef Pump pump = self._pump
        cdef unsigned int slot = self._slot
        cdef unsigned int generation = pump._live.slots[slot].generation

        def answered(answer):
            pump.call_soon_threadsafe(lambda: _resolved(pump, slot, generation, answer))

        try:
            resolve_in_thread(host, port, answered)
        except RuntimeError:                            # the system has no room for one more
            return bool(self._fail("Connect", PS_WSAENOBUFS))
        self._ev.phase = PS_CONNECTING                  # not registered yet, so no edge is taken for its end
        self._resolving = True
        set_last_error(PS_WSAEWOULDBLOCK)
        return False

    def _go_on(self, answer):
        cdef int r
        self._resolving = False
        self._ev.phase = PS_NEW if self._type == SOCK_STREAM or self._type == SOCK_SEQPACKET else PS_DGRAM
        if isinstance(answer, SockAddr):
            before = ps_last_error
            set_last_error(0)
            try:
                if self._connect_by_helper("Connect", answer) or ps_last_error in (0, PS_WSAEWOULDBLOCK):
                    return
                r = -ps_last_error
            except SocketException as e:
                r = -<int>e.winerror
            finally:
                set_last_error(before)
        else:
            r = -PS_WSAEINVAL                           # ER-7
        if self._pump is not None and self._ev.phase != PS_DGRAM:
            after(self, ps_ev_connected(&self._ev, r))

    def ShutDown(self, nHow=1):
        """Ends one direction or both: 0 receives, 1 sends, 2 both (AS-35).  Returns True, else False; sets
        WSAEINVAL (other value), WSAENOTCONN."""
        cdef int r, how
        if not usable(self, "ShutDown"):
            return False
        if nHow not in (0, 1, 2):
            return bool(self._fail("ShutDown", PS_WSAEINVAL))
        how = nHow
        # Systems end a listener or an attempt to connect by it.
        if self._ev.phase != PS_CONNECTED and self._ev.phase != PS_DGRAM:
            return bool(self._fail("ShutDown", PS_WSAENOTCONN))
        r = ps_shutdown(self._watch.fd, how)
        if r < 0 and self._ev.phase != PS_DGRAM:    # Linux shuts an unconnected datagram socket all the same
            return bool(self._fail("ShutDown", -r))
        if how != 1:
            self._ev.flags |= PS_EV_RECV_SHUT
        if how != 0:
            self._ev.flags |= PS_EV_SEND_SHUT
        return True

    def Close(self):
        """Closes the handle; without one it does nothing (AS-36).  No callback of this object follows."""
        if self._pump is None:
            return
        if self._pump._poller != NULL and not self._pump._ended:
            usable(self, "Close")
        self._drop()

    # --- data (AS-38 to AS-47) -----------------------------------------------------------------------------

    @cython.binding(True)
    def Receive(self, buf, n=None, int flags=0):
        """Reads into a writable buffer, at most `n` bytes (default: its size); one system call (AS-38).

        Returns the count, 0 at the end of the stream, or SOCKET_ERROR; sets WSAEWOULDBLOCK, WSAENOTCONN,
        WSAESHUTDOWN, WSAECONNRESET, WSAECONNABORTED, WSAEINVAL (datagram socket not bound), WSAEMSGSIZE (the
        datagram was larger: the buffer is filled, the rest lost), WSAEOPNOTSUPP.  Flags: MSG_PEEK, MSG_OOB.
        """
        cdef Py_ssize_t asked, got
        cdef char *p
        ps_is_a(self, CAsyncSocket)
        if unlikely(not usable(self, "Receive")):
            return SOCKET_ERROR
        p = ps_plain_buffer(buf, n, True, &asked)
        if likely(p != NULL and not shares(self, asked)):
            got = self._receive(p, asked, flags, False)
        else:
            got = self._receive_into(buf, n, flags)
        if likely(got >= 0):
            return got
        self._fail("Receive", <int>-got)
        return SOCKET_ERROR

    def ReceiveBytes(self, Py_ssize_t n, int flags=0):
        """As Receive, into a new bytes object of at most `n` bytes: b"" at the end of the stream, None on
        failure."""
        cdef Py_ssize_t got
        if n < 0:
            raise ValueError(f"n must be 0 or more, not {n}")
        if not usable(self, "ReceiveBytes"):
            return None
        if n <= SCRATCH and not self._blocking:
            got = self._receive(scratch, n, flags, False)
            if got >= 0:
                return PyBytes_FromStringAndSize(scratch, got)
        else:
            whole = PyBytes_FromStringAndSize(NULL, n)
            got = self._receive(PyBytes_AS_STRING(whole), n, flags, shares(self, n))
            if got >= 0:
                return whole if got == n else whole[:got]
        self._fail("ReceiveBytes", <int>-got)
        return None

    cdef Py_ssize_t _receive_into(self, object buf, object n, int flags) except? -1:
        cdef Py_buffer view
        cdef Py_ssize_t asked
        open_buffer(buf, &view, PyBUF_WRITABLE)
        try:
            asked = length_of(n, view.len)
            return self._receive(view.buf, asked, flags, shares(self, asked))
        finally:
            PyBuffer_Release(&view)

    cdef Py_ssize_t _receive(self, void *p, Py_ssize_t n, int flags, bint share) except? -1:
        cdef Py_ssize_t got
        if unlikely(flags or share or not ps_ev_is_plain(&self._ev)):
            return self._receive_any(p, n, flags, share)
        got = ps_recv(self._watch.fd, p, n, 0)
        if likely(0 < got < n):
            ps_ev_drained(&self._ev)
            after(self, 0)
            return got
        after(self, ps_ev_received(&self._ev, n, got, 0, &ps_socket_probe, &self._watch.fd))
        return ps_ev_answer(&self._ev, n, got)

    cdef Py_ssize_t _receive_any(self, void *p, Py_ssize_t n, int flags, bint share) except? -1:
        cdef Py_ssize_t got
        cdef int byte
        if self._ev.phase != PS_CONNECTED:
            return self._receive_from(p, n, flags, NULL) if self._ev.phase == PS_DGRAM else -PS_WSAENOTCONN
        if self._ev.flags & PS_EV_RECV_SHUT:
            return -PS_WSAESHUTDOWN
        if flags & PS_MSG_OOB and not self._ev.flags & PS_EV_INLINE:
            if not self._ev.oobs:
                after(self, ps_ev_urgent(&self._ev, &ps_socket_probe, &self._watch.fd))
            byte = ps_ev_take_oob(&self._ev, flags & PS_MSG_PEEK) if n else 0
            if n and byte >= 0:
                (<char *>p)[0] = <char>byte
            got = byte if byte < 0 else (1 if n else 0)
            after(self, ps_ev_received(&self._ev, n, got, flags, &ps_socket_probe, &self._watch.fd))
            return got
        if ps_ev_wants_urgent(&self._ev):
            after(self, ps_ev_urgent(&self._ev, &ps_socket_probe, &self._watch.fd))
        if share:
            with nogil:
                got = ps_recv(self._watch.fd, p, n, flags)
        else:
            got = ps_recv(self._watch.fd, p, n, flags)
        after(self, ps_ev_received(&self._ev, n, got, flags, &ps_socket_probe, &self._watch.fd))
        return ps_ev_answer(&self._ev, n, got)

    cdef Py_ssize_t _receive_from(self, void *p, Py_ssize_t n, int flags, ps_addr *source) except? -1:
        """Of a datagram socket."""
        cdef Py_ssize_t got
        if flags & PS_MSG_OOB:
            return -PS_WSAEOPNOTSUPP
        if self._ev.flags & PS_EV_RECV_SHUT:
            return -PS_WSAESHUTDOWN
        if not self._ev.flags & PS_EV_BOUND:
            return -PS_WSAEINVAL                        # ER-6
        if self._blocking:
            with nogil:
                got = ps_recvfrom(self._watch.fd, p, n, flags, ps_addr_sa(source) if source else NULL,
                                  &source.len if source else NULL)
        else:
            got = ps_recvfrom(self._watch.fd, p, n, flags, ps_addr_sa(source) if source else NULL,
                              &source.len if source else NULL)
        after(self, ps_ev_received(&self._ev, n, got, flags, &ps_socket_probe, &self._watch.fd))
        return got

    def ReceiveFrom(self, buf, n=None, int flags=0):
        """As Receive, with the sender of a datagram: (count, address, port) (AS-41).

        The address is None for streams and on failure, when the count is SOCKET_ERROR.
        """
        if type(self).ReceiveFromHelper is not CAsyncSocket.ReceiveFromHelper:
            count, source = self.ReceiveFromHelper(buf, n, flags)
        else:
            count, source = self._receive_by("ReceiveFrom", buf, n, flags)
        if source is None:
            return count, None, 0
        return count, source.host, source.port

    def ReceiveFromEx(self, buf, n=None, int flags=0):
        """As ReceiveFrom, for any family; the address is numeric text (AS-42, DV-9)."""
        return self.ReceiveFrom(buf, n, flags)

    def ReceiveFromHelper(self, buf, n, int flags):
        """What every form of ReceiveFrom ends in (AS-52): (count, SockAddr or None).  Override to change them
        all."""
        return self._receive_by("ReceiveFrom", buf, n, flags)

    def _receive_by(self, str operation, buf, n, int flags):
        cdef Py_buffer view
        cdef ps_addr source
        cdef Py_ssize_t asked, got
        if not usable(self, operation):
            return SOCKET_ERROR, None
        open_buffer(buf, &view, PyBUF_WRITABLE)
        source.len = 0
        try:
            asked = length_of(n, view.len)
            if self._ev.phase == PS_DGRAM:
                ps_addr_room(&source)
                got = self._receive_from(view.buf, asked, flags, &source)
            else:
                got = self._receive(view.buf, asked, flags, shares(self, asked))
        finally:
            PyBuffer_Release(&view)
        if got < 0:
            self._fail(operation, <int>-got)
            return SOCKET_ERROR, None
        return got, SockAddr.of(&source) if source.len else None

    @cython.binding(True)
    def Send(self, buf, n=None, int flags=0):
        """Sends the first `n` bytes of a buffer (default: all); one system call (AS-43).

        Returns how many were taken, which may be fewer on a stream, or SOCKET_ERROR; sets WSAEWOULDBLOCK
        (`OnSend` comes when there is room), WSAENOTCONN, WSAESHUTDOWN, WSAECONNRESET, WSAECONNABORTED,
        WSAEMSGSIZE. Flags: MSG_OOB, MSG_DONTROUTE.
        """
        cdef Py_ssize_t size, sent
        cdef const char *p
        ps_is_a(self, CAsyncSocket)
        if unlikely(not usable(self, "Send")):
            return SOCKET_ERROR
        p = ps_plain_buffer(buf, n, False, &size)
        if likely(p != NULL and not shares(self, size)):
            sent = self._send(p, size, flags, False)
        else:
            sent = self._send_from(buf, n, flags)
        if likely(sent >= 0):
            return sent
        self._fail("Send", <int>-sent)
        return SOCKET_ERROR

    cdef Py_ssize_t _send_from(self, object buf, object n, int flags) except? -1:
        cdef Py_buffer view
        cdef Py_ssize_t size
        open_buffer(buf, &view, PyBUF_SIMPLE)
        try:
            size = length_of(n, view.len)
            return self._send(view.buf, size, flags, shares(self, size))
        finally:
            PyBuffer_Release(&view)

    cdef Py_ssize_t _send(self, const void *p, Py_ssize_t n, int flags, bint share) except? -1:
        cdef Py_ssize_t sent
        cdef int error
        if unlikely(self._ev.phase != PS_CONNECTED and self._ev.phase != PS_DGRAM):
            return -PS_WSAENOTCONN
        if unlikely(share):
            with nogil:
                sent = ps_send(self._watch.fd, p, n, flags)
        else:
            sent = ps_send(self._watch.fd, p, n, flags)
        if likely(sent >= 0):
            return sent
        error = ps_ev_send_error(&self._ev, <int>-sent)
        if error == PS_WSAEDESTADDRREQ:                 # a datagram socket without a default peer
            error = PS_WSAENOTCONN
        after(self, ps_ev_send_failed(&self._ev, error))
        return -error

    def SendTo(self, buf, n=UNSET, port=UNSET, host=UNSET, flags=UNSET):
        """Sends a datagram (AS-46): ``SendTo(buf[, n], port, host=None, flags=0)`` or
        ``SendTo(buf[, n], address, flags=0)``.

        `host` is a dotted number or a name, which is resolved in this call; None is 255.255.255.255, for
        which SO_BROADCAST must be set.  Returns the count or SOCKET_ERROR; sets the codes of Send, WSAEINVAL
        (no such host), WSAEACCES, WSAEADDRNOTAVAIL, WSAEAFNOSUPPORT, WSAEDESTADDRREQ, WSAENETUNREACH.
        """
        cdef ps_addr a
        n, port, host, flags = send_to_arguments(n, port, host, flags, self._family)
        if not usable(self, "SendTo"):
            return SOCKET_ERROR
        if is_address(port):
            any_address(port, self._family, &a, "address")
        else:
            number = port_number(port, "port")
            if host is None:
                ps_addr_set4(&a, 0xFFFFFFFF, number)
            elif not inet_address(host, number, &a) and resolve(host, number, AF_INET, 0, &a):
                self._fail("SendTo", PS_WSAEINVAL)
                return SOCKET_ERROR
        return self._send_by_helper("SendTo", buf, n, SockAddr.of(&a), flags)

    def SendToEx(self, buf, n=UNSET, port=UNSET, host=UNSET, flags=UNSET):
        """As SendTo, resolving in the socket's own family and type (AS-47).

        Without a host: WSAEINVAL.  The socket must be bound (WSAEINVAL).  A name that cannot be resolved sets
        the resolver's own code, for example WSAHOST_NOT_FOUND.
        """
        cdef ps_addr a
        cdef int error
        n, port, host, flags = send_to_arguments(n, port, host, flags, self._family)
        number = port_number(port, "port")
        if not usable(self, "SendToEx"):
            return SOCKET_ERROR
        if host is None or not self._ev.flags & PS_EV_BOUND:
            error = PS_WSAEINVAL
        else:
            error = resolve(host, number, self._family, self._type, &a)
        if error:
            self._fail("SendToEx", error)
            return SOCKET_ERROR
        return self._send_by_helper("SendToEx", buf, n, SockAddr.of(&a), flags)

    def _send_by_helper(self, str operation, buf, n, SockAddr target, int flags):
        if type(self).SendToHelper is not CAsyncSocket.SendToHelper:
            return self.SendToHelper(buf, n, target, flags)
        return self._send_by(operation, buf, n, target, flags)

    def SendToHelper(self, buf, n, lpSockAddr, int flags):
        """What every form of SendTo ends in; `lpSockAddr` is a SockAddr (AS-52).  Override to change them
        all."""
        cdef ps_addr a
        if not usable(self, "SendTo"):
            return SOCKET_ERROR
        any_address(lpSockAddr, self._family, &a, "lpSockAddr")
        return self._send_by("SendTo", buf, n, SockAddr.of(&a), flags)

    def _send_by(self, str operation, buf, n, SockAddr target, int flags):
        cdef Py_buffer view
        cdef Py_ssize_t size, sent
        open_buffer(buf, &view, PyBUF_SIMPLE)
        try:
            size = length_of(n, view.len)
            sent = self._send_to(view.buf, size, flags, &target._a)
        finally:
            PyBuffer_Release(&view)
        if sent < 0:
            self._fail(operation, <int>-sent)
            return SOCKET_ERROR
        return sent

    cdef Py_ssize_t _send_to(self, const void *p, Py_ssize_t n, int flags, const ps_addr *target) except? -1:
        cdef Py_ssize_t sent
        cdef int error
        if self._ev.phase != PS_CONNECTED and self._ev.phase != PS_DGRAM:
            return -PS_WSAENOTCONN
        if self._blocking:
            with nogil:
                sent = ps_sendto(self._watch.fd, p, n, flags, ps_addr_sa(<ps_addr *>target), target.len)
        else:
            sent = ps_sendto(self._watch.fd, p, n, flags, ps_addr_sa(<ps_addr *>target), target.len)
        if sent >= 0:
            self._ev.flags |= PS_EV_BOUND               # the system has given it a port
            return sent
        error = ps_ev_send_error(&self._ev, <int>-sent)
        after(self, ps_ev_send_failed(&self._ev, error))
        return -error

    # --- overridables (AS-48) ------------------------------------------------------------------------------

    def OnReceive(self, int nErrorCode):
        """Data, or a datagram, is there to be Received; at most one Receive per call is needed."""

    def OnSend(self, int nErrorCode):
        """The socket takes data: once when connected, and again after a Send that failed with
        WSAEWOULDBLOCK."""

    def OnOutOfBandData(self, int nErrorCode):
        """An urgent byte is there for ``Receive(buf, 1, MSG_OOB)``."""

    def OnAccept(self, int nErrorCode):
        """A connection waits for Accept."""

    def OnConnect(self, int nErrorCode):
        """The connection attempt has ended: 0 if connected, else a Winsock number."""

    def OnClose(self, int nErrorCode):
        """The peer has closed and all data is read (0), or the connection was lost (WSAECONNRESET ...)."""

    # --- what the framework used (AS-51) -------------------------------------------------------------------

    @staticmethod
    def LookupHandle(hSocket, bint bDead=False):
        """This thread's object for a handle, or None.  With `bDead`: True if the handle was closed or
        detached since the last dispatch, else None."""
        cdef Pump pump = current_pump()
        cdef ps_sock_t s = handle_of(hSocket)
        if bDead:
            return True if ps_slots_is_dead(&pump._live, s) else None
        found = pump.find(s)
        return found if isinstance(found, CAsyncSocket) else None

    @staticmethod
    def AttachHandle(hSocket, CAsyncSocket pSocket not None, bint bDead=False):
        """Enters an object in this thread's map, without events: `AsyncSelect` starts them.  The dead map
        keeps itself, so with `bDead` nothing is done."""
        if not bDead:
            if not pSocket.Attach(hSocket, 0):
                raise SocketException("AttachHandle", ps_last_error, repr(pSocket))

    @staticmethod
    def DetachHandle(hSocket, bint bDead=False):
        """Takes a handle out of this thread's map; what is queued for it is dropped."""
        found = CAsyncSocket.LookupHandle(hSocket)
        if found is not None and not bDead:
            (<CAsyncSocket>found).Detach()

    @staticmethod
    def KillSocket(hSocket, CAsyncSocket pSocket=None):
        """As DetachHandle: the handle stays open, its object forgets it."""
        CAsyncSocket.DetachHandle(hSocket)

    @staticmethod
    def DoCallBack(wParam, lParam):
        """Dispatches one notification as if it had been queued: `wParam` the handle, `lParam` event | error
        << 16.

        (0, 0) is a wake-up; what nobody in this thread owns is dropped (DC-1, DC-3).
        """
        cdef CAsyncSocket sock
        cdef unsigned int event = lParam & 0xFFFF
        cdef int error = (lParam >> 16) & 0xFFFF
        if not wParam and not lParam:
            return
        if event not in (1, 2, 4, 8, 16, 32):
            raise ValueError(f"lParam: {event:#x} is not an FD_ value")
        found = CAsyncSocket.LookupHandle(wParam)
        if found is None:
            return
        sock = found
        if event == PS_FD_READ and not error:           # DC-4
            if not ps_ready(sock._watch.fd, PS_IN) & (PS_IN | PS_RDHUP):
                return
        sock.deliver(event, error)


def _resolved(Pump pump not None, unsigned int slot, unsigned int generation, answer):
    cdef void *owner = ps_slots_owner(&pump._live, slot, generation)
    if owner != NULL and (<CAsyncSocket>owner)._resolving:
        (<CAsyncSocket>owner)._go_on(answer)


ps_public(CAsyncSocket)
