"""The report as text: an annotated hex view, the inventory of classes, the ranked guesses."""

from __future__ import annotations

import heapq
import re
from collections.abc import Iterable, Iterator

from .node import Node, show
from .paint import Painter, Span
from .source import Source
from .walk import Found

PER_ROW = 16
ROWS = 8  # of one item, unless all is asked for
_TEXT = re.compile(rb"[^\x20-\x7e]")
_WHOLE = ("class", "string")  # shown as one, though they have parts


def hex_view(source: Source, segments: Iterable[Node], painter: Painter, everything: bool = False) -> None:
    """Each item with its offset, bytes and meaning; indented by how deep it is in objects."""
    for segment in segments:
        for depth, node in items(segment):
            if node.children and node.kind not in _WHOLE:
                if node.label or node.value is not None:
                    painter.line(("dim", f"{node.offset:08x}  "), *meaning(node, depth))
            else:
                _rows(source, node, depth, painter, everything)


def items(segment: Node) -> Iterator[tuple[int, Node]]:
    """What has a line of its own, in order, with its depth."""
    hidden = -1
    for depth, node in segment.preorder():
        if 0 <= hidden < depth:
            continue
        hidden = depth if node.kind in _WHOLE else -1
        yield depth, node


def meaning(node: Node, depth: int) -> list[Span]:
    style = "object" if node.kind in ("object", "member", "record", "archive") else node.kind
    spans = [("plain", "  " * depth), (style, node.label)]
    if node.value is not None and node.kind not in ("class", "tag", "null"):
        spans.append((node.kind, f" {show(node.value)}"))
    if node.sure < 0.995:
        spans.append(("dim", f"  {round(100 * node.sure)} %"))
    return spans


def _rows(source: Source, node: Node, depth: int, painter: Painter, everything: bool) -> None:
    rows = max(1, -(-node.length // PER_ROW))
    shown = rows if everything or rows <= ROWS + 1 else ROWS
    for row in range(shown):
        at = node.offset + row * PER_ROW
        data = source.read(at, min(PER_ROW, node.end - at))
        if node.kind == "unknown":
            spans = [("plain", "  " * depth), ("dim", _TEXT.sub(b".", data).decode("ascii"))]
        else:
            spans = meaning(node, depth) if row == 0 else []
        painter.line(("dim", f"{at:08x}  "), (node.kind, f"{data.hex(' '):<47}  "), *spans)
    if shown < rows:
        left = node.length - shown * PER_ROW
        painter.line(("dim", f"{'':8}  ... {left:,} more bytes".ljust(59) + "  " * depth))


def inventory(found: Found, painter: Painter) -> None:
    """The classes, in order of their first record."""
    rows = [
        (
            count.name,
            str(count.schema),
            f"{count.objects:,}",
            f"{count.first:#x}",
            f"{round(100 * count.sure)} %",
        )
        for count in found.classes.values()
    ]
    if rows:
        painter.table(("class", " schema", " objects", " first at", " sure"), rows)
    if found.untold:
        painter.line(("dim", f"  and {found.untold:,} objects of further classes"))


class Ranking:
    """The surest guesses among all that pass by, in constant memory."""

    def __init__(self, most: int = 40) -> None:
        self._most = most
        self._best: list[tuple[float, int, int, Node]] = []

    def watch(self, segments: Iterable[Node]) -> Iterator[Node]:
        for segment in segments:
            for _, node in items(segment):
                if node.sure < 1 and node.kind in ("string", "count", "tag", "class", "number", "magic"):
                    heapq.heappush(self._best, (node.sure, node.length, -node.offset, node))
                    if len(self._best) > self._most:
                        heapq.heappop(self._best)
            yield segment

    def report(self, painter: Painter) -> None:
        if not self._best:
            painter.line(("plain", "nothing to guess at"))
            return
        rows = [
            (f"{round(100 * node.sure)} %", f"{node.offset:#x}", node.kind, _short(node))
            for _, _, _, node in sorted(self._best, key=lambda best: best[:3], reverse=True)
        ]
        painter.table((" sure", " at", "kind", "guess"), rows)


def _short(node: Node) -> str:
    return node.label if node.kind == "class" else f"{node.label} {show(node.value)}"
