"""Finds class records and tags in bytes of which nothing else is known, chunk by chunk, in constant memory."""

from __future__ import annotations

from collections.abc import Callable

from .grammar import Tag, tag_at
from .numbering import ClassEntry, Numbering
from .source import CHUNK, Source

_LONGEST = 6 + 63
_AHEAD = 1 << 14  # bytes behind a class record in which its tags are looked for
Progress = Callable[[int], object]


class Mark:
    """A new object in the stream: of a class recorded there, or of one met before."""

    __slots__ = ("entry", "number_sure", "object", "restart", "sure", "tag")

    def __init__(
        self, tag: Tag, entry: ClassEntry, number: int, sure: float, number_sure: float, restart: bool
    ) -> None:
        self.tag, self.entry, self.object, self.sure = tag, entry, number, sure
        self.number_sure = number_sure  # of the class's number
        self.restart = restart  # the numbering began again here

    @property
    def offset(self) -> int:
        return self.tag.offset

    @property
    def end(self) -> int:
        return self.tag.offset + self.tag.length


class Scanner:
    """Looks for the next object from any offset on; offsets only go up."""

    def __init__(self, source: Source, progress: Progress | None = None) -> None:
        self.source = source
        self.numbers = Numbering()
        self._progress = progress
        self._start, self._chunk = 0, b""

    def next(self, offset: int, least: float = 0.0, limit: int | None = None) -> Mark | None:
        """The next mark at or after an offset that is at least so sure; None if none begins before the limit."""
        while offset < (self.source.size if limit is None else min(limit, self.source.size)):
            chunk = self._at(offset)
            found = self.numbers.pattern.search(chunk, offset - self._start)
            last = self._start + len(chunk) >= self.source.size
            safe = self._start + len(chunk) - (0 if last else _LONGEST)
            if found is None or self._start + found.start() >= safe:
                offset = max(safe, offset + 1)
                if last and found is None:
                    return None
                continue
            at = self._start + found.start()
            if limit is not None and at >= limit:
                return None
            mark = self._mark(at, chunk, least)
            if mark is not None:
                return mark
            offset = at + 1
        return None

    def _at(self, offset: int) -> bytes:
        """A chunk with at least the longest mark after `offset`, or all there is."""
        end = self._start + len(self._chunk)
        if not self._start <= offset or (offset + _LONGEST > end and end < self.source.size):
            self._start, self._chunk = offset, self.source.read(offset, CHUNK)
            if not self._chunk:  # the file was cut while it was read
                self.source.size = offset
            if self._progress is not None:
                self._progress(offset)
        return self._chunk

    def _mark(self, at: int, chunk: bytes, least: float) -> Mark | None:
        tag = tag_at(self.source, at)
        if tag is None or not tag.is_class:
            return None
        if tag.is_record:
            sure = record_sureness(tag.name)
            return self.record(tag, chunk, sure) if sure >= least else None
        entry = self.numbers.classes.get(tag.index)
        if entry is None:
            return None
        return Mark(tag, entry, self.numbers.new_object(), 0.9, 1.0, False)

    def record(self, tag: Tag, chunk: bytes, sure: float) -> Mark:
        """A class record: numbers the class and its object. An archive records a class only once (AR-86), so a
        name that comes again begins another archive."""
        restart = tag.name in self.numbers.by_name
        if restart:
            self.numbers = Numbering()
        start = tag.offset + tag.length - self._start
        ahead = chunk[start : start + _AHEAD] if self.numbers.classes else b""
        entry, number_sure = self.numbers.new_class(tag.name, tag.schema, tag.offset, ahead)
        return Mark(tag, entry, self.numbers.new_object(), sure, number_sure, restart)


def record_sureness(name: str) -> float:
    """How little chance has to do with it: six bytes must fit, and every character of the name."""
    return {1: 0.3, 2: 0.6, 3: 0.9}.get(len(name), 0.99)
