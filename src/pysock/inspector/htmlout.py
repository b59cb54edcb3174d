"""The report as one page for a browser: the bytes on one side, the tree on the other; nothing is loaded from
elsewhere, so it works offline and can be sent to others."""

from __future__ import annotations

import base64
import html
import json
import os
from collections.abc import Iterable
from importlib import resources
from typing import Any, TextIO

from .node import KINDS, Node, show
from .source import Source
from .walk import Found

MOST_BYTES = 2 << 20  # of all streams together that go into the page
MOST_NODES = 60_000
_KIND = {kind: i for i, kind in enumerate(KINDS)}


class Page:
    """Collects what goes into the page, up to its limits."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._parts: list[dict[str, Any]] = []
        self._bytes, self._nodes = MOST_BYTES, MOST_NODES

    def add(self, source: Source, segments: Iterable[Node], found: Found) -> None:
        """A file, or a stream of one."""
        nodes: list[list[Any]] = []
        for segment in segments:
            for depth, node in segment.preorder():
                if self._nodes <= 0:
                    break
                self._nodes -= 1
                value = (
                    None
                    if node.value is None or node.kind in ("class", "tag", "null")
                    else show(node.value, 300)
                )
                sure = round(100 * node.sure)
                nodes.append([depth, node.offset, node.length, _KIND[node.kind], node.label, value, sure])
        data = source.read(0, min(source.size, self._bytes))[: self._bytes]
        self._bytes -= len(data)
        self._parts.append(
            {
                "name": source.name,
                "size": source.size,
                "bytes": base64.b64encode(data).decode("ascii"),
                "nodes": nodes,
                "summary": _summary(source, found, self._nodes <= 0),
            }
        )

    def write(self, out: TextIO) -> None:
        data = {
            "name": self._name,
            "title": os.path.basename(self._name) or self._name,
            "kinds": list(KINDS),
            "parts": self._parts,
        }
        page = resources.files(__package__) / "page"
        parts = {
            "title": html.escape(f"{os.path.basename(self._name)} - pysock inspect"),
            "style": (page / "page.css").read_text(encoding="utf-8"),
            "script": (page / "page.js").read_text(encoding="utf-8"),
            "data": json.dumps(data).replace("<", "\\u003c"),  # else a string could end the element
        }
        template = (page / "page.html").read_text(encoding="utf-8")
        for piece in template.split("{{"):
            name, closed, rest = piece.partition("}}")
            out.write(parts[name] + rest if closed else piece)


def _summary(source: Source, found: Found, cut: bool) -> str:
    text = f"{source.size:,} bytes, {len(found.classes):,} classes, {found.objects:,} objects"
    return text + (f"; only the first {MOST_NODES:,} nodes are shown" if cut else "")
