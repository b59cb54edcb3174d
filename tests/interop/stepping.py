"""The peer of a logging side: does the steps of a scenario with a plain socket, or with our CAsyncSocket."""

from __future__ import annotations

import select
import socket
import struct
from collections.abc import Callable

import pysock
from pysock import MSG_OOB, SO_LINGER, SO_RCVBUF
from tests.interop.logged import BLOCK, FLOOD_BYTES, pump_until

PATIENCE = 20.0
TEXT = b"0123456789"


def pattern(n: int) -> bytes:
    return (TEXT * (n // 10 + 1))[:n]


class Steps:
    """Does `"send 10"` and the like; `all_sent` says whether a flood has ended on its side."""

    def __init__(self) -> None:
        self.all_sent: Callable[[], bool] = lambda: True
        self.port = 0

    def step(self, text: str) -> None:
        verb, *arguments = text.split()
        getattr(self, f"do_{verb}")(*map(int, arguments))

    def do_receive(self, n: int) -> None:
        got = bytearray()
        assert self.until(lambda: self.more(got, n - len(got)) or len(got) == n), (
            f"{len(got)} of {n} bytes came"
        )
        assert got == pattern(n)

    def do_drain(self) -> None:
        """Reads all that a flood sends."""
        got = bytearray()
        self.drained = 0

        def done() -> bool:
            if self.more(got, 1 << 20):
                self.drained += len(got)
                got.clear()
            return self.drained >= FLOOD_BYTES and self.all_sent()

        assert self.until(done), f"only {self.drained} bytes came"

    def until(self, happened: Callable[[], bool]) -> bool:
        """Polls: what we wait for may happen in another process."""
        return any(happened() or pump_until(lambda: False, 0.002) for _ in range(int(PATIENCE / 0.002)))

    def more(self, got: bytearray, n: int) -> bool:
        """Appends at most n bytes that are there; whether there were any."""
        raise NotImplementedError


class PlainSteps(Steps):
    def __init__(self) -> None:
        super().__init__()
        self.sockets: list[socket.socket] = []
        self.listener: socket.socket | None = None

    def listen(self) -> int:
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BLOCK)
        self.listener.bind(("127.0.0.1", 0))
        self.listener.listen(1)
        return int(self.listener.getsockname()[1])

    def do_connect(self) -> None:
        self.sockets.append(socket.create_connection(("127.0.0.1", self.port), PATIENCE))

    def do_accept(self) -> None:
        assert self.listener is not None
        self.listener.settimeout(PATIENCE)
        self.sockets.append(self.listener.accept()[0])
        self.sockets[-1].settimeout(PATIENCE)

    def do_send(self, n: int) -> None:
        self.sockets[-1].sendall(pattern(n))

    def do_try(self, n: int) -> None:
        try:
            self.do_send(n)
        except OSError:  # the other side is closed, and may have said so
            pass

    def more(self, got: bytearray, n: int) -> bool:
        if not select.select([self.sockets[-1]], [], [], 0)[0]:
            return False
        got += self.sockets[-1].recv(n)
        return True

    def do_urgent(self) -> None:
        self.sockets[-1].send(b"!", socket.MSG_OOB)

    def do_shutdown(self) -> None:
        self.sockets[-1].shutdown(socket.SHUT_WR)

    def do_close(self) -> None:
        self.sockets.pop(0).close()

    def do_reset(self) -> None:
        self.sockets[0].setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.do_close()

    def end(self) -> None:
        while self.sockets:
            self.do_close()
        if self.listener:
            self.listener.close()


class Link(pysock.CAsyncSocket):
    """Our end; it notes its notifications and keeps what comes."""

    def __init__(self, of: OurSteps) -> None:
        super().__init__()
        self.of = of
        self.events: list[str] = []
        self.inbox = bytearray()
        self.unsent = b""

    def push(self) -> None:
        while self.unsent and (n := self.Send(self.unsent)) > 0:
            self.unsent = self.unsent[n:]

    def OnConnect(self, nErrorCode: int) -> None:
        self.events.append(f"OnConnect({nErrorCode})")

    def OnSend(self, nErrorCode: int) -> None:
        self.events.append(f"OnSend({nErrorCode})")
        self.push()

    def OnReceive(self, nErrorCode: int) -> None:
        self.events.append(f"OnReceive({nErrorCode})")
        self.inbox += self.ReceiveBytes(1 << 20) or b""

    def OnAccept(self, nErrorCode: int) -> None:
        link = Link(self.of)
        assert self.Accept(link)
        self.of.links.append(link)

    def OnClose(self, nErrorCode: int) -> None:
        self.events.append(f"OnClose({nErrorCode})")


class OurSteps(Steps):
    def __init__(self) -> None:
        super().__init__()
        self.links: list[Link] = []
        self.gone: list[Link] = []
        self.listener: Link | None = None

    def listen(self) -> int:
        self.listener = Link(self)
        assert self.listener.Socket() and self.listener.SetSockOpt(SO_RCVBUF, BLOCK)
        assert self.listener.Bind(0, "127.0.0.1") and self.listener.Listen(1)
        return int(self.listener.GetSockName()[1])

    def do_connect(self) -> None:
        link = Link(self)
        assert link.Create()
        link.Connect("127.0.0.1", self.port)
        assert pump_until(lambda: len(link.events) >= 2, PATIENCE)
        self.links.append(link)

    def do_accept(self) -> None:
        assert pump_until(lambda: bool(self.links), PATIENCE)

    def do_send(self, n: int) -> None:
        link = self.links[-1]
        link.unsent += pattern(n)
        link.push()
        assert pump_until(lambda: not link.unsent, PATIENCE)

    def do_try(self, n: int) -> None:
        self.links[-1].Send(pattern(n))

    def more(self, got: bytearray, n: int) -> bool:
        inbox = self.links[-1].inbox
        got += inbox[:n]
        there = bool(inbox[:n])
        del inbox[:n]
        return there

    def do_urgent(self) -> None:
        assert self.links[-1].Send(b"!", None, MSG_OOB) == 1

    def do_shutdown(self) -> None:
        assert self.links[-1].ShutDown()

    def do_close(self) -> None:
        link = self.links.pop(0)
        link.Close()
        self.gone.append(link)

    def do_reset(self) -> None:
        assert self.links[0].SetSockOpt(SO_LINGER, (1, 0))
        self.do_close()

    def end(self) -> None:
        while self.links:
            self.do_close()
        if self.listener:
            self.listener.Close()
