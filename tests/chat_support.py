"""What the chat's tests share: a server of our own, raw clients that know only bytes, and processes."""

from __future__ import annotations

import contextlib
import os
import re
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

from sock_support import LOOPBACK, PATIENCE

from pysock import Pump
from pysock.chat import Discussion, Server


def text(s: str) -> bytes:
    """A CString of a Unicode build, short enough for one byte of length."""
    assert len(s) < 255
    return b"\xff\xfe\xff" + bytes([len(s)]) + s.encode("utf-16-le")


def packet(s: str = "", lines: tuple[str, ...] = (), close: int = 0) -> bytes:
    """A message, built here by hand from the layout."""
    return struct.pack("<H", close) + text(s) + struct.pack("<H", len(lines)) + b"".join(map(text, lines))


def until(happened: Callable[[], object], what: str = "what was waited for") -> None:
    """Run our sockets until it has happened; raw sockets do not wake the pump, so it is asked often."""
    deadline = time.monotonic() + PATIENCE
    while not Pump.current().run_until(lambda: bool(happened()), 0.005):
        assert time.monotonic() < deadline, f"{what} did not happen"


class Raw:
    """A client that is a plain socket, beside our pump in the same thread."""

    def __init__(self, address: tuple[str, int], receive_buffer: int = 0) -> None:
        self.sock = socket.socket()
        if receive_buffer:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.sock.connect(address)
        self.sock.setblocking(False)
        self.got = bytearray()
        self.ended = False

    def send(self, data: bytes) -> None:
        view = memoryview(data)

        def sent() -> bool:
            nonlocal view
            with contextlib.suppress(BlockingIOError):
                view = view[self.sock.send(view) :]
            return not view

        until(sent, "sending")

    def look(self) -> bytes:
        """What has come so far."""
        with contextlib.suppress(BlockingIOError):
            while not self.ended:
                try:
                    data = self.sock.recv(65536)
                except ConnectionResetError:
                    data = b""
                self.got += data
                self.ended = not data
        return bytes(self.got)

    def expect(self, data: bytes) -> None:
        """That exactly this comes next."""
        until(lambda: len(self.look()) >= len(data) or self.ended, f"{data!r}, of which {self.got!r} came")
        assert bytes(self.got[: len(data)]) == data
        del self.got[: len(data)]

    def expect_end(self) -> bytes:
        """The rest, up to the end."""
        until(lambda: (self.look(), self.ended)[1], "the end")
        return bytes(self.got)

    def reset(self) -> None:
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()


@contextlib.contextmanager
def serving(**options: Any) -> Iterator[tuple[Server, Callable[..., Raw]]]:
    """A server, and a maker of raw clients; all of it gone afterwards."""
    server = Server(**{"grace": 0.2, **options})
    raws: list[Raw] = []

    def client(**options: Any) -> Raw:
        raws.append(Raw(address, **options))
        before = len(server.members)
        until(lambda: len(server.members) > before, "the server's Accept")
        return raws[-1]

    address = server.listen(0, LOOPBACK)
    try:
        yield server, client
    finally:
        for raw in raws:
            raw.sock.close()
        server.close_all()
        while Pump.current().pending() and Pump.current().dispatch(1000):
            pass


def small(lines: int) -> Discussion:
    return Discussion(max_lines=lines)


class Process:
    """`python -m pysock chat ...`, whose output comes line by line."""

    def __init__(self, *arguments: str, **options: Any) -> None:
        environment = {
            **os.environ,
            "PYTHONIOENCODING": "utf-8",
            "PYTHONUNBUFFERED": "1",
        }
        self.process = subprocess.Popen(
            [sys.executable, "-W", "error", *arguments],
            **{
                "stdin": subprocess.PIPE,
                "stdout": subprocess.PIPE,
                "stderr": subprocess.STDOUT,
                "env": environment,
                **options,
            },
        )
        self.lines: list[str] = []
        self.news = threading.Condition()
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    def _read(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            with self.news:
                self.lines.append(line.decode("utf-8").rstrip("\r\n"))
                self.news.notify_all()
        with self.news:
            self.lines.append("<end>")
            self.news.notify_all()

    def type(self, line: str) -> None:
        assert self.process.stdin
        self.process.stdin.write((line + "\n").encode())
        self.process.stdin.flush()

    def see(self, pattern: str, patience: float = 30) -> str:
        """Wait for a line that matches, after those that were seen before; returns it."""
        deadline = time.monotonic() + patience
        with self.news:
            while True:
                for n, line in enumerate(self.lines):
                    if re.search(pattern, line):
                        del self.lines[: n + 1]
                        return line
                left = deadline - time.monotonic()
                assert left > 0 and "<end>" not in self.lines, f"{pattern!r} is not in {self.lines}"
                self.news.wait(left)

    def end(self, patience: float = 30) -> int:
        """Wait for its end; the exit status."""
        status = self.process.wait(patience)
        self.thread.join()
        return status

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.thread.join()
        for stream in (self.process.stdin, self.process.stdout):
            if stream:
                with contextlib.suppress(OSError):
                    stream.close()
