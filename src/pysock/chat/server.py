"""The server: many members on one thread, none of which can hold up the others."""

from __future__ import annotations

import logging
import time

from pysock import WSAEWOULDBLOCK, CAsyncSocket, Pump, SocketException

from .connection import Connection, explain
from .discussion import Discussion
from .message import CMsg, Wire
from .text import name_in, shown

_BATCH = 16 * 1024  # characters in one message to a member
_LOOK_MS = 1000

WIRE = Wire(max_text=16 * 1024, max_lines=16, max_message=64 * 1024)  # clients send no lists

log = logging.getLogger("pysock.chat")


class Member(Connection):
    """The server's end of one client's connection."""

    def __init__(self, server: Server) -> None:
        super().__init__(server.wire)
        self.server = server
        self.address = ""
        self.name = ""  # as it stands before the colon of its first text
        self.next = 0  # number of the line it gets next
        self.grace = server.grace

    def __str__(self) -> str:
        return f"{self.name} ({self.address})" if self.name else self.address

    def OnMessage(self, message: CMsg) -> None:
        if self.ending is None:
            self.server.heard(self, message)

    def OnDrained(self) -> None:
        self.catch_up()

    def OnGone(self, reason: str) -> None:
        self.server.lost(self, reason)

    def catch_up(self) -> None:
        """Send what was said since the last time, if the member has taken all of that; cut it off if it is so
        slow that the next line is forgotten."""
        discussion = self.server.discussion
        while not self.gone and self.ending is None and self.next < discussion.end:
            if self.next < discussion.start:
                self.finish(
                    f"did not read, and {discussion.end - self.next} lines wait for it",
                    CMsg(lines=["server: you read too slowly"], close=True),
                )
            elif self.unsent:
                break
            else:
                count, data = self.server.batch(self.next)
                self.next += count
                self.send_bytes(data)


class Server(CAsyncSocket):
    """A chat server: `listen`, then let the pump run.

    `patience` is how many seconds a message may take from its first byte to its last, `history` how many lines
    a new member is told.  Who falls behind by more than the `discussion` holds is cut off.
    """

    def __init__(
        self,
        *,
        wire: Wire | None = None,
        discussion: Discussion | None = None,
        history: int = 100,
        max_members: int = 1000,
        patience: float = 30.0,
        grace: float = Connection.grace,
    ) -> None:
        super().__init__()
        self.wire = wire or WIRE
        self.discussion = discussion or Discussion()
        self.history = history
        self.max_members = max_members
        self.patience = patience
        self.grace = grace
        self.members: set[Member] = set()
        self._timer: int | None = None
        self._update_posted = self._updating = False
        self._batch: tuple[int, int, int, bytes] = (0, 0, 0, b"")  # start, end, count, bytes

    def listen(self, port: int, host: str | None = None) -> tuple[str, int]:
        """Begin, and return the address.  `port` 0 lets the system choose one; without `host` all interfaces
        are served.  SocketException if it cannot be."""
        if not (self.Create(port, lpszSocketAddress=host) and self.Listen(128)):
            raise SocketException("listen", self.GetLastError())
        self._timer = Pump.current().set_timer(_LOOK_MS, self._look_around)
        name = self.GetSockName()
        assert name is not None
        return name

    def say(self, line: str) -> None:
        """Add a line to the discussion; the members get it when the callback that runs now has ended, at the
        latest.  ValueError if it is longer than the wire allows."""
        if len(line) > self.wire.max_text:
            raise ValueError(f"a line has at most {self.wire.max_text} characters, not {len(line)}")
        self.discussion.add(line)
        if self.discussion.pressing and not self._updating:
            self._update()  # one member's burst must not make the others miss lines
        elif not self._update_posted:
            self._update_posted = True
            Pump.current().call_soon(self._update_soon)

    def stop(self, line: str = "server: the discussion is over") -> None:
        """Listen no more, and bid all members farewell; `members` becomes empty within `grace` seconds."""
        self.Close()
        for member in list(self.members):
            member.catch_up()
            member.finish("the server stops", CMsg(lines=[line], close=True))

    def Close(self) -> None:
        if self._timer is not None:
            Pump.current().kill_timer(self._timer)
            self._timer = None
        super().Close()

    def close_all(self) -> None:
        """Listen no more, and end all connections at once."""
        self.Close()
        for member in list(self.members):
            member.end("the server stops")

    # What members tell.

    def heard(self, member: Member, message: CMsg) -> None:
        """A member has sent a message."""
        text = message.m_strText
        if text and not member.name:
            member.name = name_in(text)
            log.info("%s joins", str(member))
        if text:
            log.debug("%s", shown(text))
            self.say(text)
        if message.m_bClose:
            member.catch_up()
            member.finish("left")

    def lost(self, member: Member, reason: str) -> None:
        """A member's connection is over."""
        self.members.discard(member)
        log.info("%s is gone: %s", str(member), reason)
        if member.name and reason not in ("left", "the server stops"):
            self.say(f"server: {member.name} is gone: {reason}")

    def batch(self, number: int) -> tuple[int, bytes]:
        """The lines from `number` on as one message: how many they are, and its bytes.  Members mostly ask for
        the same, so the last answer is kept."""
        start, end, count, data = self._batch
        if (start, end) != (number, self.discussion.end):
            lines = self.discussion.lines(number, _BATCH)
            count, data = len(lines), self.wire.dump(CMsg(lines=lines))
            self._batch = (number, self.discussion.end, count, data)
        return count, data

    # Callbacks.

    def OnAccept(self, nErrorCode: int) -> None:
        member = Member(self)
        if not self.Accept(member):
            if (error := self.GetLastError()) != WSAEWOULDBLOCK:
                log.warning("cannot accept: %s", explain(error))
            return
        peer = member.GetPeerName()
        member.address = f"{peer[0]}:{peer[1]}" if peer else "unknown address"
        self.members.add(member)
        log.info("%s connects", str(member))
        member.next = max(self.discussion.start, self.discussion.end - self.history)
        if len(self.members) > self.max_members:
            member.next = self.discussion.end
            member.finish("the server is full", CMsg(lines=["server: no more room"], close=True))
        member.opened()

    def _update_soon(self) -> None:
        self._update_posted = False
        self._update()

    def _update(self) -> None:
        self._updating = True
        try:
            self.discussion.mark()
            for member in list(self.members):
                member.catch_up()
        finally:
            self._updating = False

    def _look_around(self) -> None:
        """Nobody may stop in the middle of a message and keep its connection."""
        now = time.monotonic()
        for member in list(self.members):
            if member.half_since is not None and now - member.half_since > self.patience:
                member.finish("stopped in the middle of a message", CMsg(close=True))
