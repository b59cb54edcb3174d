"""Strings, counts and times in bytes that no definition explains: what they may be, and how sure that is.

Text is looked for by regular expressions over whole windows; Python code runs per find, not per byte.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import pairwise

from .grammar import Length, length_of, text_of
from .node import Node

_WIDE = re.compile(rb"\xff\xfe\xff")
_RUN = re.compile(rb"[\t\n\r\x20-\x7e\x80-\xff]{3,}")
_TIME = re.compile(rb"\n\x00\x00\x80(.{4}\x00\x00\x00\x00)", re.DOTALL)  # a CTime of 64 bits (AR-148)
_TAIL = 255  # where a string may end with its run without beginning with it
_PLAIN = bytes([9, 10, 13, *range(0x20, 0x7F)])


def find(data: bytes, base: int, encoding: str) -> list[Node]:
    """All plausible items of `data`, which begins at offset `base`: in order, without overlaps."""
    found = [*_wide_strings(data, base, encoding), *_times(data, base)]
    taken = [(node.offset - base, node.end - base) for node in found]
    found += _narrow_strings(data, base, encoding, taken)
    return _with_neighbours(_without_overlaps(found))


def _with_neighbours(nodes: list[Node]) -> list[Node]:
    """Strings side by side make each other likelier: neither's end is by chance the other's beginning."""
    for before, after in pairwise(nodes):
        if before.kind == after.kind == "string" and before.end == after.offset:
            for node in (before, after):
                node.sure = min(0.97, round(1 - (1 - node.sure) * 0.6, 2))
    for node in nodes:
        for child in node.children:
            child.sure = node.sure
    return nodes


def _without_overlaps(nodes: list[Node]) -> list[Node]:
    """Of two finds in the same bytes the surer one, then the longer one, stays."""
    kept: list[Node] = []
    for node in sorted(nodes, key=lambda node: (node.offset, -node.sure, -node.length)):
        while kept and kept[-1].end > node.offset and kept[-1].sure < node.sure:
            kept.pop()
        if not kept or kept[-1].end <= node.offset:
            kept.append(node)
    return kept


def string_node(data: bytes, at: int, front: Length, base: int, encoding: str, sure: float) -> Node:
    body = data[at + front.size : at + front.size + front.body]
    text = text_of(body, front.wide, encoding)
    node = Node("string", base + at, front.size + front.body, "string", text, sure)
    if front.body:
        node.children = [
            Node("count", base + at, front.size, "length", front.units, sure),
            Node(
                "string", base + at + front.size, front.body, "UTF-16" if front.wide else "text", text, sure
            ),
        ]
    return node


def _wide_strings(data: bytes, base: int, encoding: str) -> Iterator[Node]:
    """The mark FF FE FF makes these nearly certain, if what follows is text."""
    at = 0
    while match := _WIDE.search(data, at):
        at = match.start()
        front = length_of(data, at)
        if front is None or at + front.size + front.body > len(data):
            at += 1
            continue
        sample = text_of(data[at + front.size : at + front.size + min(front.body, 512)], True, encoding)
        sure = 0.85 if not sample else 0.97 if _is_text(sample) else 0.5
        yield string_node(data, at, front, base, encoding, sure)
        at += front.size + front.body


def _is_text(sample: str) -> bool:
    return all(c.isprintable() or c in "\t\r\n\0" for c in sample)


def _times(data: bytes, base: int) -> Iterator[Node]:
    for match in _TIME.finditer(data):
        seconds = int.from_bytes(match[1], "little")
        if 315532800 <= seconds < 2**32:  # since 1980
            when = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
            yield Node("number", base + match.start(), 12, "CTime", when, 0.85)


def _narrow_strings(data: bytes, base: int, encoding: str, taken: list[tuple[int, int]]) -> Iterator[Node]:
    """A length, then that many characters. Text of one byte has no mark, so the longer the surer."""
    free, western = 0, encoding == "cp1252"
    for start, end in [*sorted(taken), (len(data), len(data))]:
        for match in _RUN.finditer(data, free, max(free, start)):
            if western and 2 * _foreign(match[0]) > len(match[0]):
                continue  # noise: in random bytes every other run ends here
            yield from _in_run(data, match.start(), match.end(), free, base, encoding)
        free = max(free, end)


def _foreign(text: bytes) -> int:
    """How many of the characters are not ASCII."""
    return len(text.translate(None, _PLAIN))


def _in_run(data: bytes, start: int, end: int, free: int, base: int, encoding: str) -> Iterator[Node]:
    """The strings of one run of text: a chain from its start on, and one that ends with it."""
    at = start
    for first in (start - 1, start - 3):  # a length before the run: a BYTE that is no character, or FF + WORD
        if first < free:
            continue
        front = length_of(data[first:start])
        if front and not front.wide and first + front.size == start and 0 < front.body <= end - start:
            yield _scored(data, first, front, base, encoding, end)
            at = start + front.body
            break
    while start < at < end and 0 < data[at] <= end - at - 1:  # the next one's length is a character itself
        front = Length(1, data[at], False)
        yield _scored(data, at, front, base, encoding, end)
        at += 1 + front.units
    if at == end:
        return
    for length in range(min(_TAIL, end - start - 1), 2, -1):
        first = end - 1 - length
        if data[first] == length:
            sure = 1.0 if first in (start, at) else 0.6  # with text before it that nothing explains
            yield _scored(data, first, Length(1, length, False), base, encoding, end, sure)
            return


def _scored(
    data: bytes, at: int, front: Length, base: int, encoding: str, run_end: int, sure: float = 1.0
) -> Node:
    body = data[at + front.size : at + front.size + front.body]
    sure *= 0.95 if len(body) > 12 else 0.2 + 0.0625 * len(body)
    if at + front.size + front.body != run_end:
        sure *= 0.85  # the text goes on behind it
    sample = body[:256]
    try:
        text = sample.decode(encoding) if len(body) <= 256 else sample.decode(encoding, "ignore")
    except UnicodeDecodeError:
        text, sure = "", sure * 0.5
    if text and not _is_text(text):
        sure *= 0.5
    if sum(c.isalnum() or c == " " for c in text) < 0.5 * len(text):
        sure *= 0.6
    if encoding == "cp1252" and 10 * _foreign(sample) > 3 * len(sample):
        sure *= 0.6
    return string_node(data, at, front, base, encoding, round(sure, 2))


def count_before_tag(data: bytes, base: int) -> Node | None:
    """The last word before a tag, if it can be the number of objects that follow."""
    if len(data) < 2:
        return None
    count = int.from_bytes(data[-2:], "little")
    if not 0 < count < 0x7FFF:
        return None
    sure = 0.75 if count < 256 else 0.5 if count < 4096 else 0.3
    return Node("count", base + len(data) - 2, 2, "count of objects", count, sure)


def count_before_strings(nodes: list[Node], data: bytes, base: int) -> list[Node]:
    """With each word added that says how many strings follow one another behind it."""
    whole: list[Node] = []
    for i, node in enumerate(nodes):
        free = whole[-1].end if whole else base
        at = node.offset - base
        if node.kind == "string" and node.offset - 2 >= free and (not whole or whole[-1].end != node.offset):
            count = int.from_bytes(data[at - 2 : at], "little")
            if 2 <= count <= len(nodes) - i and _chain(nodes, i) >= count:
                whole.append(Node("count", node.offset - 2, 2, "count of strings", count, 0.7))
        whole.append(node)
    return whole


def _chain(nodes: list[Node], i: int) -> int:
    """How many strings follow one another without a gap from nodes[i] on."""
    length = 1
    while i + 1 < len(nodes) and nodes[i + 1].kind == "string" and nodes[i + 1].offset == nodes[i].end:
        i, length = i + 1, length + 1
    return length
