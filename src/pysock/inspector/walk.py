"""The walk through a stream without definitions: everything that can be told, segment by segment, in order.

A segment begins with the tag of a new object and goes up to the next one; what of it still belongs to the object,
and what to the one around it, only a definition could tell. Segments cover the stream without gaps and each is of
bounded size, so streams of any length are walked in constant memory.
"""

from __future__ import annotations

from collections.abc import Iterator
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

    start: int | None = None  # where the first tag is, or the count before it
    classes: dict[tuple[str, int], Count] = field(default_factory=dict)
    archives: int = 0
    objects: int = 0
    untold: int = 0  # objects of classes beyond MOST_NAMES

    def add(self, name: str, schema: int, offset: int, sure: float) -> None:
        self.objects += 1
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
        head = Node("archive", 0, 0, "before the first tag")
        mark = self._scanner.next(0, self.least)
        yield from self._segment(head, self._head(mark), mark)
        while mark is not None:
            at, here = mark.end, mark
            node = Node("object", here.offset, 0, object_label(here), sure=here.sure)
            first = self._tag(here)
            collection = here.entry.name in COLLECTIONS and here.entry.schema == 0
            reader = Reader(self.source, self._scanner.numbers, self.encoding) if collection else None
            elements: Iterator[Node] = iter(()) if reader is None else reader.body(here.entry.name, at)
            node.children.append(first)
            for element in elements:
                if len(node.children) >= MOST_CHILDREN:
                    yield self._closed(node)
                    node = Node("object", element.offset, 0, f"{node.label.split(',')[0]}, continued")
                node.children.append(element)
            if reader is not None:
                at = max(at, reader.offset)
                for name, schema, offset in reader.classes:
                    self.found.add(name, schema, offset, here.sure)
            mark = self._scanner.next(at, self.least)
            yield from self._segment(node, self._gap(at, mark), mark)

    def survey(self) -> Found:
        """The inventory alone: nothing but tags and collections is looked at."""
        mark = self._scanner.next(0, self.least)
        while mark is not None:
            self._tag(mark)
            at = mark.end
            if mark.entry.name in COLLECTIONS and mark.entry.schema == 0:
                reader = Reader(self.source, self._scanner.numbers, self.encoding)
                for _ in reader.body(mark.entry.name, at):
                    while reader.classes:
                        self.found.add(*reader.classes.pop(), mark.sure)
                at = max(at, reader.offset)
            mark = self._scanner.next(at, self.least)
        return self.found

    def _segment(self, node: Node, inside: Iterator[Node], mark: Mark | None) -> Iterator[Node]:
        """The node filled with what is inside; in several pieces if that is much."""
        for child in inside:
            if len(node.children) >= MOST_CHILDREN:
                yield self._closed(node)
                node = Node(node.kind, child.offset, 0, f"{node.label.split(',')[0]}, continued")
            node.children.append(child)
        if node.children:
            yield self._closed(node)

    @staticmethod
    def _closed(node: Node) -> Node:
        node.length = node.children[-1].end - node.offset
        return node

    def _tag(self, mark: Mark) -> Node:
        entry, tag = mark.entry, mark.tag
        if self.found.start is None:
            self.found.start = mark.offset
        if mark.restart or not self.found.archives:
            self.found.archives += 1
        self.found.add(entry.name, entry.schema, mark.offset, mark.sure)
        if tag.is_record:
            return record_node(tag, entry.number, mark.sure)
        return Node("tag", tag.offset, tag.length, f"new object of class #{tag.index}", tag.index, mark.sure)

    def _head(self, mark: Mark | None) -> Iterator[Node]:
        """What is before the first tag: perhaps a file format's mark, then fields of the document."""
        magic = magic_at(self.source)
        if magic is not None and (mark is None or magic.end <= mark.offset):
            yield magic
            yield from self._gap(magic.end, mark)
        else:
            yield from self._gap(0, mark)

    def _gap(self, at: int, mark: Mark | None) -> Iterator[Node]:
        """Bytes that no tag explains, window by window."""
        end = self.source.size if mark is None else mark.offset
        while at < end:
            last = end - at <= WINDOW + _REACH
            data = self.source.read(at, min(end - at, WINDOW + _REACH))
            if not data:
                return  # the file became shorter meanwhile
            stop = at + (len(data) if last else WINDOW)
            nodes = [
                n for n in guess.find(data, at, self.encoding) if n.sure >= self.least and n.offset < stop
            ]
            nodes = [n for n in guess.count_before_strings(nodes, data, at) if n.sure >= self.least]
            if last and mark is not None:
                free = nodes[-1].end if nodes else at
                count = guess.count_before_tag(data[free - at :], free)
                if count is not None and count.sure >= self.least:
                    nodes.append(count)
            stop = max(stop, nodes[-1].end if nodes else at)
            yield from covered(nodes, at, stop)
            at = stop


def object_label(mark: Mark) -> str:
    return f"object #{mark.object} {mark.entry.name}"
