"""`Connection`: a socket that gives and takes whole messages, and never waits for its peer."""

from __future__ import annotations

import time
from collections import deque

from pysock import (
    SO_KEEPALIVE,
    SO_LINGER,
    WSAECONNRESET,
    WSAEWOULDBLOCK,
    CArchiveException,
    CAsyncSocket,
    Pump,
    winsock_name,
    winsock_text,
)

from .message import CMsg, Wire

_CHUNK = 64 * 1024


def explain(error: int) -> str:
    """A Winsock number in words."""
    return f"{winsock_text(error)} ({winsock_name(error)})"


class Connection(CAsyncSocket):
    """One end of a chat.  Derived classes override `OnMessage`, `OnDrained` and `OnGone`.

    It ends with `OnGone`, once: after `finish`, or because the peer has closed, broke off or sent garbage.
    """

    max_unsent = 1 << 20  # bytes that may wait for a peer that does not read
    grace = 2.0  # seconds for what is unsent, and for the peer's own close, after `finish`

    def __init__(self, wire: Wire) -> None:
        super().__init__()
        self.wire = wire
        self.unsent = 0  # bytes
        self.connected = False
        self.ending: str | None = None  # why it is about to end
        self.gone = False
        self.half_since: float | None = None  # when the message began whose end is missing
        self._received = bytearray()
        self._queue: deque[memoryview] = deque()
        self._deaf = False  # what comes makes no sense any more
        self._peer_ended = False
        self._shut = False  # for sending
        self._timer: int | None = None

    # For derived classes.

    def OnMessage(self, message: CMsg) -> None:
        """A message has come."""

    def OnDrained(self) -> None:
        """There is room: what was queued is with the system.  Not called within `send`."""

    def OnGone(self, reason: str) -> None:
        """It is over, and the socket closed."""

    # For their users.

    def opened(self) -> None:
        """The socket is connected from now on."""
        self.connected = True
        self.SetSockOpt(SO_KEEPALIVE, 1)  # a peer whose machine died says nothing, ever
        self._push()

    def send(self, message: CMsg) -> bool:
        """Queue a message, and send what the system takes.  False, and nothing is queued, if the queue is full,
        or the connection not there yet or about to end."""
        return self.send_bytes(self.wire.dump(message))

    def send_bytes(self, data: bytes) -> bool:
        """Likewise for a message that is bytes already."""
        if not self.connected or self.gone or self.ending is not None:
            return False
        if self.unsent + len(data) > self.max_unsent:
            return False
        self._enqueue(data)
        return True

    def finish(self, reason: str, farewell: CMsg | None = None) -> None:
        """End politely: send what is queued and the farewell, shut down, wait for the peer to close.  What is
        not done within `grace` seconds is left undone."""
        if self.gone or self.ending is not None:
            return
        self.ending = reason
        self._timer = Pump.current().set_timer(self.grace * 1000, self._give_up, once=True)
        self._enqueue(self.wire.dump(farewell) if farewell is not None else b"")

    def end(self, reason: str) -> None:
        """End at once."""
        if self.gone:
            return
        self.gone = True
        if self._timer is not None:
            Pump.current().kill_timer(self._timer)
        self._queue.clear()
        self._received.clear()
        self.unsent = 0
        self.half_since = None
        self.Close()
        self.OnGone(self.ending or reason)

    # Callbacks of the socket.

    def OnReceive(self, nErrorCode: int) -> None:
        data = self.ReceiveBytes(_CHUNK)
        if data is None:
            if (error := self.GetLastError()) != WSAEWOULDBLOCK:
                self.end(explain(error))
            return
        if not data or self._deaf:
            return
        self._received += data
        try:
            messages = self.wire.load(self._received)
        except CArchiveException as error:
            self._deaf = True
            self._received.clear()
            self.half_since = None
            self.finish(f"sent what is no message: {error}", CMsg(close=True))
            return
        if not self._received:
            self.half_since = None
        elif messages or self.half_since is None:
            self.half_since = time.monotonic()
        for message in messages:
            if self.gone:
                return
            self.OnMessage(message)

    def OnSend(self, nErrorCode: int) -> None:
        self._push()
        if self.connected and not (self.gone or self.unsent or self.ending is not None):
            self.OnDrained()

    def OnClose(self, nErrorCode: int) -> None:
        if nErrorCode:
            self.end("the connection broke" if nErrorCode == WSAECONNRESET else explain(nErrorCode))
        elif self.ending is not None and self.unsent:
            self._peer_ended = True  # it sends no more, but may still read
        else:
            self.end("closed in the middle of a message" if self._received else "closed without a word")

    # The queue.

    def _enqueue(self, data: bytes) -> None:
        if data:
            self._queue.append(memoryview(data))
            self.unsent += len(data)
        self._push()

    def _push(self) -> None:
        if not self.connected or self.gone:
            return
        while self._queue:
            sent = self.Send(self._queue[0])
            if sent < 0:
                if (error := self.GetLastError()) != WSAEWOULDBLOCK:
                    self.end("the connection broke" if error == WSAECONNRESET else explain(error))
                return
            self.unsent -= sent
            if sent == len(self._queue[0]):
                self._queue.popleft()
            else:
                self._queue[0] = self._queue[0][sent:]
        if self.ending is not None:
            if self._peer_ended:
                self.end(self.ending)
            elif not self._shut:
                self._shut = self.ShutDown()

    def _give_up(self) -> None:
        self._timer = None
        self.SetSockOpt(SO_LINGER, (1, 0))  # the system, too, forgets what the peer did not take
        self.end("")
