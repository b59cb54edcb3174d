"""The walk through a stream without definitions: everything that can be told, segment by segment, in order.

A segment begins with the tag of a new object and goes up to the next one; what of it still belongs to the object,
and what to the one around it, only a definition could tell. Segments cover the stream without gaps and each is of
bounded size, so streams of any length are walked in constant memory.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass, field

from . import guess
from .bodies import COLLECTIONS, Reader
from .grammar import record_node
from .magic import magic_at
from .node import Node, covered
from .scan import Mark, Progress, Scanner
from .source import Source

WINDOW = 1 << 18  # of unexplained bytes, looked at in one piece
_REACH = 1 << 12  # beyond it, so that a string at its end is seen whole
MOST_CHILDREN = 4096  # of a segment; then it is continued in another
LONGEST = 1 << 21  # bytes of a segment, likewise; only a single item may be longer
MOST_NAMES = 4096  # classes in the inventory


@dataclass(slots=True)
class Count:
    """A line of the inventory: a class, how many objects, where the first is."""

    name: str
    schema: int
    objects: int
    first: int
    sure: float


@dataclass(slots=True)
class Found:
    """What a walk has found so far."""

    start: int | None = None  # where the first tag is
    classes: dict[tuple[str, int], Count] = field(default_factory=dict)
    archives: int = 0
    objects: int = 0
    untold: int = 0  # objects of classes beyond MOST_NAMES

    def add(self, name: str, schema: int, offset: int, sure: float) -> None:
        self.objects += 1
        self.start = offset if self.start is None else self.start
        key = (name, schema)
        if (count := self.classes.get(key)) is not None:
            count.objects += 1
        elif len(self.classes) < MOST_NAMES:
            self.classes[key] = Count(name, schema, 1, offset, sure)
        else:
            self.untold += 1


class Walk:
    """One walk: iterate over it for the segments; `found` fills meanwhile.

    Finds that are less sure than `least` are left out. `encoding` is that of one-byte text.
    """

    def __init__(
        self,
        source: Source,
        *,
        least: float = 0.7,
        encoding: str = "cp1252",
        progress: Progress | None = None,
    ) -> None:
        self.source, self.least, self.encoding = source, least, encoding
        self.found = Found()
        self._scanner = Scanner(source, progress)

    def __iter__(self) -> Iterator[Node]:
        mark = yield from self._segment(Node("archive", 0, 0, "before the first tag"), self._head())
        while mark is not None:
            node = Node("object", mark.offset, 0, object_label(mark), sure=mark.sure)
            mark = yield from self._segment(node, self._object(mark))

    def _object(self, mark: Mark) -> Generator[Node, None, Mark | None]:
        """The tag, the elements if it is a collection, and what else there is up to the next mark, which is the
        result."""
        at = mark.end
        yield self._tag(mark)
        if mark.entry.name in COLLECTIONS and mark.entry.schema == 0:
            reader = Reader(self.source, self._scanner.numbers, self.encoding)
            for element in reader.body(mark.entry.name, at):
                self._take(reader, mark)
                yield element
            self._take(reader, mark)
            at = reader.offset
        return (yield from self._gap(at))

    def _take(self, reader: Reader, mark: Mark) -> None:
        """Count the collections that were met inside of one."""
        while reader.classes:
            self.found.add(*reader.classes.pop(), mark.sure)

    def survey(self) -> Found:
        """The inventory alone: nothing but tags and collections is looked at."""
        mark = self._scanner.next(0, self.least)
        while mark is not None:
            self._tag(mark)
            at = mark.end
            if mark.entry.name in COLLECTIONS and mark.entry.schema == 0:
                reader = Reader(self.source, self._scanner.numbers, self.encoding)
                for _ in reader.body(mark.entry.name, at):
                    self._take(reader, mark)
                self._take(reader, mark)
                at = reader.offset
            mark = self._scanner.next(at, self.least)
        return self.found

    def _segment(
        self, node: Node, inside: Generator[Node, None, Mark | None]
    ) -> Generator[Node, None, Mark | None]:
        """The node filled with what is inside, in several pieces if that is much; gives on what `inside` gives."""
        while True:
            try:
                child = next(inside)
            except StopIteration as end:
                if node.children:
                    yield self._closed(node)
                mark: Mark | None = end.value
                return mark
            if len(node.children) >= MOST_CHILDREN or child.end - node.offset > LONGEST:
                if node.children:
                    yield self._closed(node)
                    label = f"{node.label.split(',')[0]}, continued"
                    node = Node(node.kind, child.offset, 0, label, sure=node.sure)
            node.children.append(child)

    @staticmethod
    def _closed(node: Node) -> Node:
        node.length = node.children[-1].end - node.offset
        return node

    def _tag(self, mark: Mark) -> Node:
        entry, tag = mark.entry, mark.tag
        if mark.restart or not self.found.archives:
            self.found.archives += 1
        self.found.add(entry.name, entry.schema, mark.offset, mark.sure)
        if tag.is_record:
            return record_node(tag, entry.number, mark.sure, mark.number_sure)
        return Node("tag", tag.offset, tag.length, f"new object of class #{tag.index}", tag.index, mark.sure)

    def _head(self) -> Generator[Node, None, Mark | None]:
        """What is before the first tag: perhaps a file format's mark, then fields of the document."""
        magic = magic_at(self.source)
        if magic is None:
            return (yield from self._gap(0))
        yield magic
        return (yield from self._gap(magic.end))

    def _gap(self, at: int) -> Generator[Node, None, Mark | None]:
        """Bytes that no tag explains, window by window, up to the next mark, which is the result."""
        while True:
            mark = self._scanner.next(at, self.least, at + WINDOW + _REACH)
            last = mark is not None or at + WINDOW + _REACH >= self.source.size
            end = mark.offset if mark is not None else min(self.source.size, at + WINDOW + _REACH)
            data = self.source.read(at, end - at)
            if not data:  # nothing there, or the file became shorter meanwhile
                return mark
            stop = at + (len(data) if last else WINDOW)
            nodes = self._guesses(data, at, stop, mark)
            stop = max(stop, nodes[-1].end if nodes else at)
            yield from covered(nodes, at, stop)
            if last:
                return mark
            at = stop

    def _guesses(self, data: bytes, at: int, stop: int, mark: Mark | None) -> list[Node]:
        """What is sure enough of what may be in the data; what begins behind `stop` comes with the next window."""
        nodes = [n for n in guess.find(data, at, self.encoding) if n.sure >= self.least and n.offset < stop]
        nodes = [n for n in guess.count_before_strings(nodes, data, at) if n.sure >= self.least]
        if mark is not None:
            free = nodes[-1].end if nodes else at
            count = guess.count_before_tag(data[free - at :], free)
            if count is not None and count.sure >= self.least:
                nodes.append(count)
        return nodes


def object_label(mark: Mark) -> str:
    return f"object #{mark.object} {mark.entry.name}"
