"""Live peers: Microsoft's own CSocket, CSocketFile, CArchive and CAsyncSocket in a process under Wine.

`ScriptPeer` obeys commands (README.md in this folder), `LogPeer` prints its callbacks.  Both choose their own
port, end with this process at the latest, and keep all they printed for the report of a failed test.
"""

from __future__ import annotations

import subprocess
import tempfile
import threading
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Self

from tests.interop.oracle import Oracle, build, oracle

HERE = Path(__file__).parent
EXE = "mfcpeer.exe"
PATIENCE = 60.0  # seconds without the answer that is waited for: the peer hangs


class PeerFailed(AssertionError):
    """The peer ended, or did not answer: what it printed."""


@cache
def driver() -> Oracle:
    """The DLL's folder and Wine, with mfcpeer.exe built; raises OracleMissing where that cannot be had."""
    real = oracle()
    build(real.run_dir, EXE, HERE / "mfcpeer.c", "-Wno-unused-function")
    return real


class Peer:
    """A process and the lines it prints."""

    def __init__(self, *arguments: str) -> None:
        real = driver()
        self.name = " ".join(("mfcpeer", *arguments))
        self.lines: list[str] = []
        self._ended = False
        self._news = threading.Condition()
        self._stderr = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            real.command(EXE, *arguments),
            cwd=real.run_dir,
            env=real.env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._stderr,
            text=True,
            encoding="ascii",
            errors="replace",
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            with self._news:
                self.lines.append(line.rstrip())
                self._news.notify_all()
        with self._news:
            self._ended = True
            self._news.notify_all()

    def wait_for(self, there: Callable[[], bool], what: str, patience: float = PATIENCE) -> None:
        """Until `there()`; PeerFailed when the process ends, or prints nothing for `patience` seconds."""
        with self._news:
            while not there():
                spoke = not self._ended and self._news.wait(patience)
                if not spoke and not there():
                    why = "ended" if self._ended else f"was silent for {patience:.0f} s"
                    raise PeerFailed(f"{self.name} {why}, waiting for {what}\n{self.report()}")

    def quiet_for(self, seconds: float) -> None:
        """Until it printed nothing for so long."""
        with self._news:
            while not self._ended and self._news.wait(seconds):
                pass

    def write(self, *lines: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write("".join(line + "\n" for line in lines))
        self.process.stdin.flush()

    def report(self) -> str:
        said = self._said()
        return "\n".join([f"--- {self.name}", *self.lines[-200:], *([f"stderr: {said}"] if said else [])])

    def _said(self) -> str:
        """The end of its stderr."""
        if not self._stderr.closed:
            self._stderr.seek(0)
            self._last_words = self._stderr.read().decode(errors="replace").strip()[-3000:]
        return self._last_words

    def close(self) -> None:
        """Ends the process, kindly at first; does nothing the second time."""
        if self.process.stdin is not None and not self.process.stdin.closed:
            try:
                self.process.stdin.close()
            except BrokenPipeError:
                pass
            try:
                self.process.wait(3)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
            self._reader.join()
            assert self.process.stdout is not None
            self.process.stdout.close()
            self._said()
            self._stderr.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class ScriptPeer(Peer):
    """A real CSocket with an archive each way.

    `start` gives commands and returns at once, because many block until we do our part; `finish` waits for
    them and returns what they printed.  `do` is both.
    """

    def __init__(self) -> None:
        super().__init__("script")
        self._given = self._seen = 0
        self._from = 0

    def start(self, *commands: str) -> None:
        self._given += 1
        self.write(*commands, f"done {self._given}")

    def finish(self, patience: float = PATIENCE) -> list[str]:
        self._seen += 1
        mark = f"done {self._seen}"
        self.wait_for(lambda: mark in self.lines[self._from :], mark, patience)
        end = self.lines.index(mark, self._from)
        said, self._from = self.lines[self._from : end], end + 1
        return said

    def do(self, *commands: str) -> list[str]:
        self.start(*commands)
        return self.finish()

    def listen(self) -> int:
        """The port it listens on."""
        said = self.do("listen")
        assert said[0] == "val listen 1 error 0", said
        return int(said[1].removeprefix("val port "))


class LogPeer(Peer):
    """A real CAsyncSocket listener, or a client of `port`, that prints its callbacks."""

    def __init__(self, mode: str, port: int | None = None) -> None:
        super().__init__("log", mode, *([] if port is None else [str(port)]))
        self.port = port or 0
        if port is None:
            self.wait_for(lambda: any(line.startswith("port ") for line in self.lines), "its port")
            self.port = int(next(line for line in self.lines if line.startswith("port ")).split()[1])

    def log(self) -> list[str]:
        return [line for line in self.lines if not line.startswith("port ")]

    def settle(self, lines: int, quiet: float = 0.25) -> None:
        """Until so many lines are there (or 10 s), and no more come for a while."""
        deadline = time.monotonic() + 10
        while len(self.log()) < lines and time.monotonic() < deadline:
            time.sleep(0.01)
        self.quiet_for(quiet)
