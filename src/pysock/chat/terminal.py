"""The client in a terminal, or in a pipe: a line typed is a line said."""

from __future__ import annotations

import codecs
import contextlib
import threading
from collections import deque
from collections.abc import Iterator
from typing import TextIO

from pysock import Pump

from .client import Client
from .message import Wire
from .text import shown

_LONGEST = 4000  # characters; a longer line is said in parts


class Terminal(Client):
    """Prints what is said, and says what it reads; the end of its input, or `/quit`, leaves.

    A thread reads: Windows cannot wait for a terminal or a pipe as it does for a socket.  It hands over one
    line, and reads on when that is queued: a server that does not read stops it, too.
    """

    def __init__(self, name: str, stdin: TextIO, stdout: TextIO, *, wire: Wire | None = None) -> None:
        super().__init__(name, wire=wire)
        self.reason = ""  # why it is over
        self.failure: OSError | None = None  # of the output: nobody sees what is said any more
        self._stdin = stdin
        self._stdout = stdout
        self._pump = Pump.current()
        self._line: str | None = None  # typed, and not queued yet
        self._queued = threading.Semaphore(0)
        self._echo = stdin.isatty() and stdout.isatty()  # what is typed is on the screen already
        self._own: deque[str] = deque(maxlen=100)  # said, and not come back from the server

    def OnJoined(self) -> None:
        threading.Thread(target=self._read, daemon=True).start()

    def OnLine(self, line: str) -> None:
        if line in self._own:
            self._own.remove(line)
        elif self.failure is None:
            try:
                print(shown(line), file=self._stdout, flush=True)
            except OSError as error:
                self.failure = error
                self.leave()

    def OnDrained(self) -> None:
        self._say_it()
        super().OnDrained()

    def OnGone(self, reason: str) -> None:
        self.reason = reason

    def _typed(self, line: str) -> None:
        if line.strip() == "/quit":
            self.leave()
        else:
            self._line = line
            self._say_it()

    def _say_it(self) -> None:
        if self._line is None:
            return
        if not self._line.strip() or self.say(self._line):
            if self._echo and self._line.strip():
                self._own.append(f"{self.name}: {self._line}")
            self._line = None
            self._queued.release()

    def _read(self) -> None:
        """In the thread."""
        with contextlib.suppress(OSError):  # a terminal that was closed
            for line in read_lines(self._stdin):
                self._pump.call_soon_threadsafe(lambda line=line: self._typed(line))  # type: ignore[misc]
                self._queued.acquire()
        self._pump.call_soon_threadsafe(self.leave)


def read_lines(stdin: TextIO) -> Iterator[str]:
    """The lines of a stream, as they come; very long ones in parts.

    Past Python's buffers: a thread that waits in one of them holds its lock, which kills an interpreter that
    exits meanwhile.
    """
    decode = codecs.getincrementaldecoder(stdin.encoding)("replace").decode
    text = ""
    with open(stdin.fileno(), "rb", buffering=0, closefd=False) as raw:
        while data := raw.read(4096):
            *lines, text = (text + decode(data)).split("\n")
            if len(text) > _LONGEST:
                lines.append(text)
                text = ""
            for line in lines:
                for start in range(0, max(1, len(line)), _LONGEST):
                    yield line[start : start + _LONGEST].rstrip("\r")
    if text:
        yield text
