"""What the inspector finds: a tree of nodes, each a stretch of bytes with what it is taken for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

CERTAIN = 1.0


@dataclass(slots=True)
class Node:
    """A stretch of bytes and its meaning.

    `kind` is one of `KINDS`. `sure` says how sure the inspector is, 0..1: 1.0 is read by a definition or follows
    from the format, anything less is a guess. Children lie inside their parent, in order, and do not overlap.
    """

    kind: str
    offset: int
    length: int
    label: str = ""
    value: Any = None
    sure: float = CERTAIN
    children: list[Node] = field(default_factory=list)

    @property
    def end(self) -> int:
        return self.offset + self.length

    def leaves(self) -> Iterator[Node]:
        """The nodes without children, in order; without recursion, as objects may be nested deeply."""
        stack = [self]
        while stack:
            node = stack.pop()
            if node.children:
                stack.extend(reversed(node.children))
            else:
                yield node

    def preorder(self) -> Iterator[tuple[int, Node]]:
        """Every node below and with this one, parents first, each with its depth."""
        stack = [(0, self)]
        while stack:
            depth, node = stack.pop()
            yield depth, node
            stack.extend((depth + 1, child) for child in reversed(node.children))


KINDS = {
    "archive": "a whole archive or stream",
    "object": "an object: its tag and what belongs to it",
    "class": "a class record: FFFF, schema, length, name",
    "tag": "a pointer: to a new object of a known class, or to an earlier object",
    "null": "a null pointer",
    "record": "declared fields without a tag: an embedded object, a record",
    "member": "something without a tag: a structure, a list, a field of several items",
    "string": "a counted string",
    "count": "a number of elements",
    "number": "a scalar",
    "bytes": "raw bytes",
    "magic": "the mark of a file format",
    "unknown": "bytes that nothing is known about",
    "error": "where reading stopped",
}


def covered(children: Iterable[Node], start: int, end: int) -> list[Node]:
    """The children with `unknown` nodes in the gaps, so that every byte of start..end is in one of them."""
    whole, at = [], start
    for child in children:
        if child.offset > at:
            whole.append(Node("unknown", at, child.offset - at))
        whole.append(child)
        at = max(at, child.end)
    if at < end:
        whole.append(Node("unknown", at, end - at))
    return whole


class Shown(str):
    """The text of a value that is no string itself."""


def show(value: Any, room: int = 60) -> str:
    """A value for people: strings quoted, long ones cut, nothing that would move a terminal's cursor."""
    if isinstance(value, Shown):
        return value
    if isinstance(value, bytes):
        text = value[:room].hex(" ") if len(value) <= room else f"{value[:16].hex(' ')} ..."
    elif isinstance(value, str):
        text = ascii_controls(value[: room + 1])
        text = f'"{text}"' if len(value) <= room else f'"{text[:room]}" ... {len(value)} characters'
        return text
    elif isinstance(value, float):
        text = repr(value)
    elif value is None or isinstance(value, bool | int):
        text = str(value)
    else:
        try:
            text = repr(value)
        except Exception as error:  # a stranger's __repr__ on an object that was half loaded
            text = f"<{type(value).__name__}: {type(error).__name__} in its repr>"
    text = ascii_controls(text)
    return text if len(text) <= room else text[: room - 3] + "..."


def ascii_controls(text: str) -> str:
    """Control characters and lone surrogates as escapes."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)
