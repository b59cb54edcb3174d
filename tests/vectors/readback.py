"""Loading programs made from storing ones."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from tests.interop.oracle.script import SCALARS, Op, Program, expand


def mirror(stored: Program, op: Op) -> Iterator[Op]:
    """The operations that load what one operation stored."""
    name, *a = op
    if name in SCALARS:
        yield [">>" + name]
    elif name == "WriteObjects":
        yield ["repeat", a[2] - a[1], ["ReadObject", None]]
    elif name == "WriteObject":
        yield ["ReadObject", None]
    elif name == "WriteClass":
        yield ["ReadClass", a[0]]
    elif name == "WriteCount":
        yield ["ReadCount"]
    elif name == "AfxWriteStringLength":
        yield ["AfxReadStringLength"]
    elif name == "Write":
        yield ["Read", a[0]["times"] if isinstance(a[0], dict) else len(a[0]) // 2]
    elif name == "WriteString":
        if a[0] is not None and a[0].endswith("\n"):
            yield ["ReadString"]
        elif a[0]:
            yield ["ReadStringBuf", len(a[0].split("\0")[0])]
    elif name == "Serialize":
        obj = next(o for o in stored["objects"] if o["id"] == a[0])
        yield ["SerializeNew", obj["class"]]
    elif name in ("MapObject", "SerializeClass"):
        yield op
    elif name in ("get", "Read", "ReadObject", "ReadCount", "Flush"):
        pass
    else:
        yield [">>" + name]


def readback(stored: Program, data: bytes) -> Program:
    """Loads all that `stored` wrote, stores it again, and asks for one byte more than there is."""
    objects = [
        {"id": o["id"], "class": o["class"], **({"elements": []} if "elements" in o else {})}
        for o in stored.get("objects", [])
        if ["MapObject", o["id"]] in stored["ops"]
    ]
    direct = all(op[0] == "Serialize" for op in stored["ops"]) and stored["ops"]
    ops = [back for op in expand(stored["ops"]) for back in mirror(stored, op)]
    ops += [["restore", "ser"] if direct else ["restore"], ["Read", 1]]
    return {
        "settings": {"mode": 1},
        "data": data.hex(),
        "classes": stored.get("classes", []),
        "objects": objects,
        "ops": ops,
    }


def condensed(lines: list[str]) -> list[str]:
    """A recorded observation: the middle of many lines left out, very long ones as a digest."""
    if len(lines) > 40:
        lines = [*lines[:4], f"... ({len(lines) - 14} lines left out)", *lines[-10:]]
    return [
        line if len(line) <= 2000 else f"{line[:60]}... sha256 {hashlib.sha256(line.encode()).hexdigest()}"
        for line in lines
    ]
