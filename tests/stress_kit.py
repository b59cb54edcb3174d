"""What the stress tests share: their size, memory and descriptors in use, servers that count, peers that misbehave.

PYSOCK_STRESS: how many percent, 1 to 100, of their full counts the tests that ask `scaled` take (default 100; under
Wine, where each call of a socket asks a server process, 10).
"""

from __future__ import annotations

import gc
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import memory
from memory import descriptors
from pysock._core import pump as pump_room
from pysock._core import sockets as sockets_room
from windows_marks import WINE

import pysock

KIB = 1024
NOT_OURS = 16 if WINE else 0  # descriptors that Wine opens and keeps for itself
PERCENT = min(100, max(1, int(os.environ.get("PYSOCK_STRESS") or (10 if WINE else 100))))


def scaled(count: int) -> int:
    """So many of the full `count` as this machine is to take, at least one."""
    return max(1, count * PERCENT // 100)


def resident() -> int:
    """Resident bytes of this process, after a collection."""
    gc.collect()
    return memory.resident()


def alive() -> dict[str, int]:
    """The live counters of the event rooms; empty in a release build."""
    gc.collect()
    return {
        name: count
        for room in (pump_room, sockets_room)
        for name, count in room.live_counts().items()
        if count
    }


@contextmanager
def nothing_left(memory: int | None = None) -> Iterator[None]:
    """Descriptors and live counters end where they began; resident memory within `memory` bytes of it."""
    pysock.Pump.current()
    counters, open_before = alive(), descriptors()
    before = resident() if memory is not None else 0
    yield
    assert alive() == counters
    assert abs(descriptors() - open_before) <= NOT_OURS
    if memory is not None:
        grown = resident() - before
        assert grown <= memory, f"{grown // KIB} KiB more than before"


class Counting(pysock.CAsyncSocket):
    """A server's connection: an echo that counts its notifications and forgets itself when it is closed."""

    def __init__(self, server: Server) -> None:
        super().__init__()
        self.server = server
        self.unsent = b""
        self.ended = False  # the peer sends no more, but may still read
        self.closed = 0

    def OnReceive(self, nErrorCode: int) -> None:
        self.server.receives += 1
        if self.unsent:
            return
        n = self.Receive(self.server.buffer)
        if n > 0:
            self.server.bytes += n
            self.reply(memoryview(self.server.buffer)[:n])

    def OnSend(self, nErrorCode: int) -> None:
        if self.unsent:
            self.reply(memoryview(self.unsent))
            if self.m_hSocket == pysock.INVALID_SOCKET:
                return
            if self.ended and not self.unsent:
                self.finish(0)
            else:
                self.OnReceive(0)

    def reply(self, data: memoryview) -> None:
        while data:
            n = self.Send(data)
            if n < 0:
                if self.ended and self.GetLastError() != pysock.WSAEWOULDBLOCK:
                    return self.finish(self.GetLastError())
                break
            data = data[n:]
        self.unsent = bytes(data)
        self.server.most_unsent = max(self.server.most_unsent, len(self.unsent))

    def OnClose(self, nErrorCode: int) -> None:
        self.closed += 1
        assert self.closed == 1, "OnClose comes once"
        if nErrorCode == 0 and self.unsent:
            self.ended = True
        else:
            self.finish(nErrorCode)

    def finish(self, error: int) -> None:
        self.unsent = b""
        self.server.closes[error] = self.server.closes.get(error, 0) + 1
        self.server.peers.discard(self)
        self.Close()


class Server(pysock.CAsyncSocket):
    """An echo server on loopback."""

    def __init__(self, backlog: int = 512) -> None:
        super().__init__()
        self.peers: set[Counting] = set()
        self.buffer = bytearray(64 * KIB)
        self.accepts = self.receives = self.bytes = self.most_unsent = 0
        self.closes: dict[int, int] = {}
        assert self.Create(0, lpszSocketAddress="127.0.0.1"), self.GetLastError()
        assert self.Listen(backlog)
        self.address: tuple[str, int] = self.GetSockName()

    def OnAccept(self, nErrorCode: int) -> None:
        peer = Counting(self)
        if self.Accept(peer):
            self.accepts += 1
            self.peers.add(peer)

    def Close(self) -> None:
        for peer in list(self.peers):
            peer.Close()
        self.peers.clear()
        super().Close()


def in_a_process(program: str, *arguments: str, timeout: float = 60) -> str:
    """Run a program text in a fresh interpreter; returns what it printed."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program, *arguments],
        capture_output=True,
        text=True,
        timeout=timeout,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parent)},
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    assert done.stderr == ""
    return done.stdout


def raw(address: tuple[str, int], blocking: bool = True) -> socket.socket:
    """A plain client."""
    client = socket.create_connection(address)
    client.setblocking(blocking)
    return client
