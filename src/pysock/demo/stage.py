"""Where the demo plays: prints it line by line, and runs the sockets in between."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TextIO

import pysock
from pysock import CAsyncSocket

SECONDS = 10.0  # for one thing to happen, on however slow a machine; the whole demo takes about one
_BYTES = 12  # in a line


class NotAsShown(Exception):
    """Something the demo claims did not happen."""


class Stage:
    """What a part of the demo is given."""

    # What one part leaves for the next.
    server: Any
    address: tuple[str, int]  # the server's
    clients: list[Any]

    def __init__(self, out: TextIO, colour: bool) -> None:
        self._out = out
        self._colour = colour
        self._part = 0
        self.pump = pysock.Pump.current()
        self.sockets: list[CAsyncSocket] = []  # all of them; closed at the end
        self.clients = []

    def title(self, text: str) -> None:
        self._part += 1
        print(f"\n{self._paint('1', f'{self._part}. {text}')}", file=self._out)

    def say(self, who: str, what: str, meaning: str) -> None:
        print(f"   {self._paint('36', f'{who:<9}')} {what:<25} {meaning}".rstrip(), file=self._out)

    def code(self, text: str) -> None:
        """Show a piece of the program that runs."""
        for line in text.strip("\n").splitlines():
            print(f"   {self._paint('2', line)}".rstrip(), file=self._out)

    def bytes(self, data: bytes, pieces: Iterable[tuple[bytes, str]]) -> None:
        """Show bytes, piece by piece with what each means; `data`, which is real, must consist of just these."""
        offset = 0
        for piece, meaning in pieces:
            self.expect(
                data.startswith(piece, offset), f"the bytes at {offset} are {piece.hex(' ')}: {meaning}"
            )
            for start in range(0, len(piece), _BYTES):
                part = piece[start : start + _BYTES].hex(" ")
                where = self._paint("2", f"{offset + start:6x}")
                print(f"   {where}  {part:<{3 * _BYTES}} {meaning}".rstrip(), file=self._out)
                meaning = ""
            offset += len(piece)
        self.expect(offset == len(data), "these are all the bytes")

    def _paint(self, code: str, text: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self._colour else text

    def expect(self, happened: object, claim: str) -> None:
        if not happened:
            raise NotAsShown(claim)

    def until(self, happened: Callable[[], object], claim: str) -> None:
        """Run the sockets until it has happened."""
        self.expect(self.pump.run_until(lambda: bool(happened()), SECONDS), claim)

    def settle(self) -> None:
        """Run the sockets for a moment, in which things might happen that should not."""
        self.pump.run_until(lambda: False, 0.05)

    def close(self) -> None:
        for sock in self.sockets:
            sock.Close()
        self.sockets.clear()


def size(count: int) -> str:
    return f"{count / 2**20:.1f} MiB" if count >= 2**20 else f"{count / 2**10:.0f} KiB"
