"""The items of an archive that describe themselves (AR-52, AR-70 and the grammar of AR-74), read at an offset.

Each function returns a Node, or None where such an item cannot stand. Nothing is allocated on the word of a
length: only what the source really has is read.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from struct import unpack_from

from .node import Node
from .source import Source

NAME = rb"[A-Za-z_][A-Za-z0-9_:<>, ~]{0,62}"
MAX_NAME = 63  # AR-99
SHOWN = 1 << 16  # units of a string that are decoded; more is for nobody to look at
_NAME = re.compile(NAME)


@dataclass(slots=True, frozen=True)
class Tag:
    """A pointer's first bytes. `index` is the number in it: of a class if `is_class`, else of an object; a
    class record has none (-1) but a name and a schema."""

    offset: int
    length: int
    is_class: bool
    index: int
    name: str = ""
    schema: int = -1

    @property
    def is_record(self) -> bool:
        return self.index < 0


def tag_at(source: Source, offset: int) -> Tag | None:
    """The tag there; None if there are too few bytes or no tag can look like this."""
    data = source.read(offset, 6 + MAX_NAME)
    if len(data) < 2:
        return None
    (word,) = unpack_from("<H", data)
    if word == 0xFFFF:
        if len(data) < 6:
            return None
        schema, length = unpack_from("<HH", data, 2)
        name = data[6 : 6 + length]
        if schema == 0xFFFF or not 0 < length <= MAX_NAME or not _NAME.fullmatch(name) or len(name) < length:
            return None
        return Tag(offset, 6 + length, True, -1, name.decode("ascii"), schema)
    if word == 0x7FFF:
        if len(data) < 6:
            return None
        (big,) = unpack_from("<I", data, 2)
        return Tag(offset, 6, bool(big >> 31), big & 0x7FFFFFFF)
    if word == 0x8000:
        return None
    return Tag(offset, 2, bool(word >> 15), word & 0x7FFF)


def record_node(tag: Tag, number: int, sure: float = 1.0, number_sure: float = 1.0) -> Node:
    """A class record with its parts; a number that no later tag bears out is marked."""
    at = tag.offset
    label = f"class #{number}{'?' * (number_sure < 0.9)} {tag.name}, schema {tag.schema}"
    node = Node("class", at, tag.length, label, tag.name, sure)
    node.children = [
        Node("class", at, 2, "new class", 0xFFFF, sure),
        Node("number", at + 2, 2, "schema", tag.schema, sure),
        Node("count", at + 4, 2, "length of the name", tag.length - 6, sure),
        Node("string", at + 6, tag.length - 6, "class name", tag.name, sure),
    ]
    return node


def count_at(source: Source, offset: int) -> Node | None:
    """A count, any form (AR-71)."""
    data = source.read(offset, 6)
    if len(data) < 2:
        return None
    (count,) = unpack_from("<H", data)
    if count < 0xFFFF:
        return Node("count", offset, 2, "count", count)
    if len(data) < 6:
        return None
    return Node("count", offset, 6, "count", unpack_from("<I", data, 2)[0])


@dataclass(slots=True, frozen=True)
class Length:
    """The front of a string: how long it is itself, and what follows."""

    size: int
    units: int
    wide: bool

    @property
    def body(self) -> int:
        return self.units * (1 + self.wide)


def length_of(data: bytes, at: int = 0) -> Length | None:
    """The front of a string in `data` (AR-56); None if it is cut."""
    start, wide = at, False
    while at < len(data):
        if data[at] < 0xFF:
            return Length(at + 1 - start, data[at], wide)
        word = data[at + 1 : at + 3]
        if word == b"\xfe\xff" and not wide:
            at, wide = at + 3, True
            continue
        if len(word) < 2:
            return None
        if word != b"\xff\xff":
            return Length(at + 3 - start, int.from_bytes(word, "little"), wide)
        big = data[at + 3 : at + 7]
        if len(big) < 4:
            return None
        if big != b"\xff\xff\xff\xff":
            return Length(at + 7 - start, int.from_bytes(big, "little"), wide)
        huge = data[at + 7 : at + 15]
        return Length(at + 15 - start, int.from_bytes(huge, "little"), wide) if len(huge) == 8 else None
    return None


def string_at(source: Source, offset: int, encoding: str = "cp1252", limit: int | None = None) -> Node | None:
    """A whole counted string that ends before `limit` (or the source's end)."""
    front = length_of(source.read(offset, 18))
    end = source.size if limit is None else limit
    if front is None or offset + front.size + front.body > end:
        return None
    shown = source.read(offset + front.size, min(front.units, SHOWN) * (1 + front.wide))
    label = "string" if front.units <= SHOWN else f"string of {front.units:,} characters, which begins"
    node = Node("string", offset, front.size + front.body, label, text_of(shown, front.wide, encoding))
    if front.body:
        name = "mark and length" if front.wide else "length"
        node.children = [
            Node("count", offset, front.size, name, front.units),
            Node("string", offset + front.size, front.body, "UTF-16" if front.wide else "text", node.value),
        ]
    return node


def text_of(data: bytes, wide: bool, encoding: str) -> str:
    """The characters, whatever the bytes are."""
    if wide:
        return data.decode("utf-16-le", "replace")
    return data.decode(encoding, "replace")
