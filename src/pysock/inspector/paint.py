"""Lines and tables on a terminal or anywhere else: plain, coloured, or by Rich where that is installed."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Any, Protocol, Self, TextIO

Span = tuple[str, str]  # style, text
STYLES = {  # of our own words for what a span is: SGR codes, and Rich's names for the same
    "plain": ("", ""),
    "dim": ("2", "dim"),
    "title": ("1", "bold"),
    "error": ("1;31", "bold red"),
    "object": ("1;35", "bold magenta"),
    "class": ("35", "magenta"),
    "tag": ("35", "magenta"),
    "null": ("35", "magenta"),
    "string": ("32", "green"),
    "count": ("33", "yellow"),
    "number": ("36", "cyan"),
    "bytes": ("36", "cyan"),
    "magic": ("34", "blue"),
    "unknown": ("2", "dim"),
}


class Painter(Protocol):
    """What the reports are written with."""

    def line(self, *spans: Span) -> None: ...

    def table(self, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Columns whose head begins with a blank are aligned to the right."""


class Plain:
    """Text, with or without colours."""

    def __init__(self, out: TextIO, colour: bool) -> None:
        self._out, self._colour = out, colour

    def line(self, *spans: Span) -> None:
        print("".join(self._styled(style, text) for style, text in spans).rstrip(), file=self._out)

    def _styled(self, style: str, text: str) -> str:
        code = STYLES.get(style, STYLES["plain"])[0]
        return f"\x1b[{code}m{text}\x1b[0m" if self._colour and code and text else text

    def table(self, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        names = [head.strip() for head in heads]
        widths = [max(map(len, column)) for column in zip(names, *rows, strict=True)]
        right = [head.startswith(" ") for head in heads]
        for style, row in [("title", names), *(("plain", row) for row in rows)]:
            cells = zip(row, widths, right, strict=True)
            self.line((style, "  " + "  ".join(c.rjust(w) if r else c.ljust(w) for c, w, r in cells)))


class Rich:
    """The same through Rich's console."""

    def __init__(self, out: TextIO) -> None:
        import rich.console

        self._console = rich.console.Console(file=out, force_terminal=True, highlight=False)

    def line(self, *spans: Span) -> None:
        from rich.text import Text

        text = Text.assemble(*((text, STYLES.get(style, STYLES["plain"])[1]) for style, text in spans))
        self._console.print(text, soft_wrap=True)

    def table(self, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        from rich import box
        from rich.table import Table
        from rich.text import Text

        table = Table(box=box.ROUNDED)
        for head in heads:
            table.add_column(head.strip(), justify="right" if head.startswith(" ") else "left")
        for row in rows:
            table.add_row(*map(Text, row))
        self._console.print(table)


def painter(out: TextIO, colour: str) -> Painter:
    """The painter for `--color=auto|always|never`: colour only on a terminal and without NO_COLOR, if auto."""
    wanted = colour == "always" or (colour == "auto" and is_terminal(out) and not os.environ.get("NO_COLOR"))
    if wanted:
        try:
            return Rich(out)
        except ImportError:
            pass
    return Plain(out, wanted)


def is_terminal(stream: Any) -> bool:
    try:
        return bool(stream.isatty()) and os.environ.get("TERM") != "dumb"
    except (AttributeError, ValueError):  # no stream at all, or a closed one
        return False


class Progress:
    """A bar on a terminal's standard error for files that take a while; nothing elsewhere."""

    LARGE = 1 << 24

    def __init__(self, name: str, size: int, out: TextIO | None = None) -> None:
        self._out = out or sys.stderr
        self._name, self._size, self._shown = name, max(size, 1), -1
        self._on = size >= self.LARGE and is_terminal(self._out)

    def __call__(self, done: int) -> None:
        percent = 100 * done // self._size
        if self._on and percent != self._shown:
            self._shown = percent
            bar = "#" * (percent // 4)
            print(f"\r{self._name[-40:]} [{bar:<25}] {percent:3}%", end="", file=self._out, flush=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Take the bar off the screen."""
        if self._on and self._shown >= 0:
            print("\r\x1b[K", end="", file=self._out, flush=True)
