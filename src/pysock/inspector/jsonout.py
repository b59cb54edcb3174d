"""The report as JSON, written while the walk goes on."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, TextIO

from .node import Node, show
from .walk import Found


def plain(value: Any) -> Any:
    """A value as JSON has it: bytes as hex digits, what JSON does not know as text."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if value - value == 0 else repr(value)  # JSON has no NaN and no infinities
    if isinstance(value, bytes):
        return value[:4096].hex()
    return show(value, 200)


def as_dict(node: Node) -> dict[str, Any]:
    """A node and all below it; without recursion, as objects may be nested deeply."""
    top: dict[str, Any] = {}
    open_: list[dict[str, Any]] = []
    for depth, each in node.preorder():
        made: dict[str, Any] = {"kind": each.kind, "offset": each.offset, "length": each.length}
        if each.label:
            made["label"] = each.label
        if each.value is not None:
            made["value"] = plain(each.value)
        if each.sure < 1:
            made["sure"] = round(each.sure, 3)
        del open_[depth:]
        if open_:
            open_[-1].setdefault("children", []).append(made)
        else:
            top = made
        open_.append(made)
    return top


def dumps(node: Node) -> str:
    """As JSON text. The encoder of the standard library recurses, so very deep trees are cut there."""
    try:
        return json.dumps(as_dict(node), ensure_ascii=True)
    except RecursionError:
        cut = as_dict(Node(node.kind, node.offset, node.length, node.label, node.value, node.sure))
        return json.dumps(cut | {"cut": "too deep for JSON"}, ensure_ascii=True)


def classes(found: Found) -> list[dict[str, Any]]:
    return [
        {"name": c.name, "schema": c.schema, "objects": c.objects, "first": c.first, "sure": round(c.sure, 3)}
        for c in found.classes.values()
    ]


def write(out: TextIO, name: str, size: int, segments: Iterable[Node], found: Found) -> None:
    """One document: `{"name", "size", "nodes": [...], "start", "archives", "objects", "classes"}`."""
    out.write(f'{{"name": {json.dumps(name)}, "size": {size}, "nodes": [')
    between = "\n"
    for segment in segments:
        out.write(between + dumps(segment))
        between = ",\n"
    tail = {
        "start": found.start,
        "archives": found.archives,
        "objects": found.objects,
        "classes": classes(found),
    }
    out.write("\n], " + json.dumps(tail)[1:] + "\n")


def text(value: str) -> str:
    return json.dumps(value)
