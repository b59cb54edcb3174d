"""`Discussion`: what was said last, numbered, in bounded memory."""

from __future__ import annotations

from collections import deque
from itertools import islice


class Discussion:
    """The last lines of a discussion.

    All readers share it, and each keeps the number of the line it needs next: so no reader has a queue of its
    own, and what all of them hold up is bounded.
    """

    def __init__(self, max_lines: int = 5000, max_characters: int = 1 << 21) -> None:
        self.max_lines = max_lines
        self.max_characters = max_characters
        self.end = 0  # number of the next line
        self._lines: deque[str] = deque()
        self._characters = 0
        self._new_lines = self._new_characters = 0  # since mark()

    @property
    def start(self) -> int:
        """Number of the oldest line that is still there."""
        return self.end - len(self._lines)

    def add(self, line: str) -> None:
        """Say something; the oldest lines are forgotten where there are too many."""
        self._lines.append(line)
        self._characters += len(line)
        self._new_lines += 1
        self._new_characters += len(line)
        self.end += 1
        while len(self._lines) > self.max_lines or self._characters > self.max_characters:
            self._characters -= len(self._lines.popleft())

    def mark(self) -> None:
        """Its readers are told now."""
        self._new_lines = self._new_characters = 0

    @property
    def pressing(self) -> bool:
        """True if much was said since its readers were told: a third of what there is room for."""
        return 3 * self._new_lines >= self.max_lines or 3 * self._new_characters >= self.max_characters

    def lines(self, number: int, max_characters: int) -> list[str]:
        """The lines from `number` on, as many as fit, but at least one; empty if there are none.  IndexError
        if that line is forgotten."""
        if number < self.start:
            raise IndexError(f"line {number} is forgotten; the oldest is {self.start}")
        found: list[str] = []
        for line in islice(self._lines, number - self.start, None):
            max_characters -= len(line)
            if found and max_characters < 0:
                break
            found.append(line)
        return found
