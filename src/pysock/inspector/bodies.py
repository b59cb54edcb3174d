"""What MFC's own collections hold (AR-118 to AR-132): they can be read wherever a tag names one.

The elements that are pointers lead to objects of the program's classes; behind the first of those the place in
the stream is lost again, as nobody but the program knows where its body ends.
"""

from __future__ import annotations

from collections.abc import Callable, Generator

from .grammar import count_at, record_node, string_at, tag_at
from .node import Node
from .numbering import Numbering
from .source import Source

MAX_DEPTH = 100


class Lost(Exception):
    """From here on nothing is certain; the tag of an unknown object, or bytes that do not fit, are next."""


class Reader:
    """Reads collections at an offset that moves on."""

    def __init__(self, source: Source, numbers: Numbering, encoding: str) -> None:
        self.source, self.numbers, self.encoding = source, numbers, encoding
        self.offset = 0
        self.depth = 0
        self.classes: list[tuple[str, int, int]] = []  # met on the way: name, schema, offset of each object

    def body(self, name: str, offset: int) -> Generator[Node]:
        """The elements of a collection, as far as they can be told; `offset` is behind them afterwards."""
        self.offset = offset
        try:
            yield from _BODIES[name](self)
        except Lost:
            return

    def count(self, least: int) -> tuple[Node, int]:
        node = count_at(self.source, self.offset)
        if node is None or node.end + node.value * least > self.source.size:
            raise Lost
        self.offset = node.end
        return node, node.value

    def string(self) -> Node:
        node = string_at(self.source, self.offset, self.encoding)
        if node is None:
            raise Lost
        self.offset = node.end
        return node

    def word(self, label: str) -> Node:
        data = self.source.read(self.offset, 2)
        if len(data) < 2:
            raise Lost
        self.offset += 2
        return Node("number", self.offset - 2, 2, label, int.from_bytes(data, "little"))

    def pointer(self) -> Generator[Node]:
        """A pointer, and the object too if its class is a collection."""
        tag = tag_at(self.source, self.offset)
        if tag is None:
            raise Lost
        if not tag.is_class:
            if tag.index > self.numbers.count or tag.index in self.numbers.classes:
                raise Lost
            self.offset += tag.length
            label = "null" if tag.index == 0 else f"back to object #{tag.index}"
            yield Node("null" if tag.index == 0 else "tag", tag.offset, tag.length, label, tag.index)
            return
        name = self._class_of(tag.index) if not tag.is_record else tag.name
        if name not in _BODIES:
            raise Lost  # the scanner finds the same tag next, and says what it says about unknown objects
        if self.depth >= MAX_DEPTH:
            raise Lost
        if tag.is_record:
            if name in self.numbers.by_name:
                raise Lost
            entry, _ = self.numbers.new_class(tag.name, tag.schema, tag.offset)
            yield record_node(tag, entry.number)
            schema = tag.schema
        else:
            schema = self.numbers.classes[tag.index].schema
            yield Node(
                "tag", tag.offset, 2 if tag.length == 2 else 6, f"new object of class #{tag.index} {name}"
            )
        self.classes.append((name, schema, tag.offset))
        self.numbers.new_object()
        self.offset += tag.length
        self.depth += 1
        yield from _BODIES[name](self)
        self.depth -= 1

    def _class_of(self, index: int) -> str:
        entry = self.numbers.classes.get(index)
        if entry is None:
            raise Lost
        return entry.name


def _numbers(width: int, label: str) -> Callable[[Reader], Generator[Node]]:
    def body(reader: Reader) -> Generator[Node]:
        node, count = reader.count(width)
        yield node
        if count:
            size = count * width
            shown = reader.source.read(reader.offset, min(size, 64))
            numbers = [int.from_bytes(shown[i : i + width], "little") for i in range(0, len(shown), width)]
            value = shown if width == 1 else ", ".join(map(str, numbers)) + (", ..." if size > 64 else "")
            yield Node("bytes", reader.offset, size, f"{count} {label}", value)
            reader.offset += size

    return body


def _strings(per_item: int) -> Callable[[Reader], Generator[Node]]:
    def body(reader: Reader) -> Generator[Node]:
        node, count = reader.count(per_item)
        yield node
        for _ in range(count * per_item):
            yield reader.string()

    return body


def _objects(key: Callable[[Reader], Node] | None, least: int) -> Callable[[Reader], Generator[Node]]:
    def body(reader: Reader) -> Generator[Node]:
        node, count = reader.count(least)
        yield node
        for _ in range(count):
            if key is not None:
                yield key(reader)
            yield from reader.pointer()

    return body


def _nothing(reader: Reader) -> Generator[Node]:
    yield from ()


_BODIES: dict[str, Callable[[Reader], Generator[Node]]] = {
    "CByteArray": _numbers(1, "bytes"),
    "CWordArray": _numbers(2, "WORDs"),
    "CDWordArray": _numbers(4, "DWORDs"),
    "CStringArray": _strings(1),
    "CStringList": _strings(1),
    "CMapStringToString": _strings(2),
    "CObArray": _objects(None, 2),
    "CObList": _objects(None, 2),
    "CMapWordToOb": _objects(lambda reader: reader.word("key"), 4),
    "CMapStringToOb": _objects(Reader.string, 3),
}
COLLECTIONS = frozenset(_BODIES)
