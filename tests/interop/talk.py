"""Messages of a conversation: every kind of value, and objects that refer to those of earlier messages."""

from __future__ import annotations

from typing import Any

from tests.interop.generate import Generator
from tests.interop.oracle.script import SCALARS, Op

CLASSES: list[dict[str, Any]] = [
    {"name": "CPlain", "schema": 1, "kind": "dword"},
    {"name": "CLink", "schema": 2, "kind": "node"},
    {"name": "CBranch", "schema": 0x80000003, "kind": "tree"},
    {"name": "CTitled", "schema": 0, "kind": "named"},
    {"name": "CVersioned", "schema": 0x80000005, "kind": "ver"},
    {"name": "CRecord", "schema": 7, "kind": "fields=bwdqAWLco"},
    {"name": "CHolder", "schema": 1, "kind": "fields=0123456789o"},
    {"name": "CDerived", "schema": 4, "kind": "fields=BWk", "base": "CRecord"},
]
COLLECTIONS = ["CByteArray", "CWordArray", "CDWordArray", "CStringArray", "CObArray", "CStringList",
               "CObList", "CMapWordToOb", "CMapStringToOb", "CMapStringToString"]  # fmt: skip
LONGEST = 200_000  # characters


class Talk(Generator):
    """A seeded conversation; `objects` grows from message to message."""

    def __init__(self, seed: str, *, lines: bool = True) -> None:
        """`lines=False`: no fields of WriteString, which the driver loads without their newline."""
        super().__init__(seed, ansi=False)
        self.classes = CLASSES if lines else [{**c, "kind": c["kind"].replace("L", "")} for c in CLASSES]
        self.messages = 0

    def value(self) -> Op:
        op = super().value()
        return ["CTimeSpan", op[1] % 0x8000_0000] if op[0] == "CTimeSpan" else op  # more does not fit

    @property
    def program(self) -> dict[str, Any]:
        return {"classes": self.classes, "objects": self.objects}

    def message(self) -> tuple[list[dict[str, Any]], list[Op]]:
        """(new objects, operations that store the message)"""
        n, r = self.messages, self.rng
        self.messages += 1
        names = [r.choice(self.classes)["name"] for _ in range(6)] + [
            COLLECTIONS[(2 * n + i) % 10] for i in range(2)
        ]
        new: list[dict[str, Any]] = [{"id": f"m{n}_{i}", "class": name} for i, name in enumerate(names)]
        self.objects += new
        for o in new:
            if o["class"] in COLLECTIONS:
                o["elements"] = self.elements(o["class"])
            else:
                self.fill(o)
        for o in new:  # a cycle in every message
            if o["class"] in ("CLink", "CBranch"):
                o["links"] = [new[0]["id"], *o["links"][1:]]
        ops: list[Op] = [self.scalar() for _ in range(4)] + [self.value() for _ in range(4)]
        ops += [
            ["WriteCount", self.integer(32)],
            ["WriteString", self.line() + "\n"],
            ["Write", r.randbytes(50).hex()],
        ]
        ops += [["CStringW", {"text": self.wide()}], ["CStringA", {"hex": r.randbytes(9).hex()}]]
        ops += [["WriteObject", o["id"]] for o in new]
        ops += [["WriteObject", r.choice(self.objects)["id"]] for _ in range(3)] + [["WriteObject", None]]
        r.shuffle(ops)
        return new, ops


def every_scalar() -> list[Op]:
    """The edges of every scalar type."""
    ops: list[Op] = []
    for name, (width, code) in SCALARS.items():
        top = 1 << 8 * width
        if name in ("float", "double"):
            ops += [[name, v] for v in (0.0, -0.0, 1.5, -2.5, float("inf"), 2.0**-100)]
        elif name == "bool":
            ops += [[name, 0], [name, 1]]
        else:
            ops += [
                [name, v] for v in ((-top // 2, -1, 0, top // 2 - 1) if code.islower() else (0, 1, top - 1))
            ]
    return ops


def long_strings() -> list[Op]:
    """Lengths around every change of the count, up to LONGEST characters, of both widths."""
    lengths = [0, 1, 254, 255, 256, 2047, 2048, 4096, 65533, 65534, 65535, 65536, 100_000, LONGEST]
    wide: list[Op] = [["CStringW", {"unit": 0x20AC, "times": n}] for n in lengths]
    return wide + [["CStringA", {"byte": 0xE4, "times": n}] for n in lengths]
