"""Random programs for the oracle and pysock, from a seed: what to store, how to load it, and how to spoil it.

A program is the JSON of tests/interop/oracle/README.md.  The same seed gives the same programs everywhere.
"""

from __future__ import annotations

import copy
import random
import struct
from collections.abc import Iterator
from typing import Any

from tests.interop.oracle.script import SCALARS, Op, Program, expand
from tests.vectors.readback import mirror

VERSIONABLE = 0x80000000
EMBEDDED = [
    "CByteArray", "CWordArray", "CDWordArray", "CStringArray", "CObArray",
    "CStringList", "CObList", "CMapWordToOb", "CMapStringToOb", "CMapStringToString",
]  # field letters 0..9  # fmt: skip
NAMED_KINDS = ["empty", "dword", "node", "tree", "named", "ver", "schema2", "late"]
LINKS = {"node": 1, "tree": 2, "late": 1}
BUFFERS = [0, 1, 127, 128, 129, 131, 200, 256, 1000, 4096]
EDGE_LENGTHS = [0, 1, 2, 3, 7, 63, 127, 128, 129, 253, 254, 255, 256, 257, 300]
BIG_LENGTHS = [65532, 65533, 65534, 65535, 65536, 70000]
NASTY_WORDS = [0, 1, 2, 3, 4, 0x7FFE, 0x7FFF, 0x8000, 0x8001, 0x8002, 0x8003, 0xFF00, 0xFFFD, 0xFFFE, 0xFFFF]
WORDS = "alpha beta gamma delta epsilon zeta eta theta iota kappa".split()
# Wine's and Windows's best-fit tables go beyond the code page: text that may be converted stays inside this
CP1252 = "".join(
    bytes([b]).decode("cp1252") for b in range(32, 256) if b not in (0x7F, 0x81, 0x8D, 0x8F, 0x90, 0x9D)
)


class Generator:
    """One program and its relatives."""

    def __init__(self, seed: str, *, ansi: bool) -> None:
        self.rng = random.Random(seed)
        self.ansi = ansi
        self.classes: list[dict[str, Any]] = []
        self.objects: list[dict[str, Any]] = []

    # ---- values ------------------------------------------------------------------------------------------
    def chance(self, p: float) -> bool:
        return self.rng.random() < p

    def integer(self, bits: int, *, signed: bool = False) -> int:
        r = self.rng
        edges = [0, 1, 2, (1 << (bits - 1)) - 1, 1 << (bits - 1), (1 << bits) - 1, (1 << bits) - 2]
        v = r.choice(edges) if self.chance(0.5) else r.getrandbits(bits)
        return v - (1 << bits) if signed and v >> (bits - 1) else v

    def length(self) -> int:
        if self.chance(0.005):
            return self.rng.choice(BIG_LENGTHS)
        return self.rng.choice(EDGE_LENGTHS) if self.chance(0.3) else self.rng.randrange(12)

    def text(self) -> str:
        """Text that every string class of the build can hold."""
        return "".join(self.rng.choice(CP1252) for _ in range(min(self.length(), 300)))

    def wide(self) -> str:
        """UTF-16 of any kind, also what is not valid."""
        r = self.rng
        kinds = ["a", "\0", "\u20ac", "\u65e5", "\ufeff", "\uffff", "\U0001f600", "\ud83d", "\ude00", "\n"]
        return "".join(
            r.choice(kinds) if self.chance(0.4) else r.choice(CP1252) for _ in range(r.randrange(12))
        )

    def line(self) -> str:
        return "".join(
            self.rng.choice(CP1252) for _ in range(self.rng.choice([0, 1, 5, 30, 127, 128, 129, 200]))
        )

    def floating(self, width: int) -> dict[str, int]:
        bits = 8 * width
        quiet = (
            0x7FC00000 if width == 4 else 0x7FF8000000000000
        )  # signalling NaNs: only the bulk interface keeps them
        infinity = 0x7F800000 if width == 4 else 0x7FF0000000000000
        v = self.rng.choice(
            [0, 1, 1 << (bits - 1), infinity, quiet, quiet | 0x1234, self.rng.getrandbits(bits)]
        )
        if v & infinity == infinity and v & ~(infinity | 1 << (bits - 1)):
            v |= quiet
        return {"bits": v}

    def scalar(self) -> Op:
        name = self.rng.choice(list(SCALARS))
        width, code = SCALARS[name]
        if name == "bool":
            return [name, self.rng.randrange(2)]
        if name in ("float", "double"):
            return [name, self.floating(width)]
        return [name, self.integer(8 * width, signed=code.islower())]

    def variant(self) -> Op:
        r = self.rng
        vt, width = r.choice(
            [
                (0, 0),
                (1, 0),
                (2, 2),
                (3, 4),
                (4, 4),
                (5, 8),
                (6, 8),
                (7, 8),
                (10, 4),
                (11, 2),
                (16, 1),
                (17, 1),
                (18, 2),
                (19, 4),
                (20, 8),
                (21, 8),
                (8, -1),
                (8, -2),
            ]
        )
        if vt in (4, 5, 7):
            return ["COleVariant", vt, self.floating(width)]
        if width == -1:
            return ["COleVariant", 8, {"text": self.wide()}]
        if width == -2:
            return ["COleVariant", 8, {"bytes": r.randbytes(r.randrange(9)).hex()}]
        return ["COleVariant", vt, {"bits": self.integer(8 * width)} if width else None]

    def value(self) -> Op:
        r = self.rng
        name = r.choice(
            [
                "CTime",
                "CTimeSpan",
                "CTime.Serialize64",
                "CTimeSpan.Serialize64",
                "COleDateTime",
                "COleDateTimeSpan",
                "COleCurrency",
                "CComBSTR",
                "COleVariant",
                "SIZE",
                "POINT",
                "RECT",
            ]
        )
        if name in ("COleDateTime", "COleDateTimeSpan"):
            days = r.choice([0.0, 45000.5, -1.25, r.uniform(-600000, 2900000)])
            return [name, days, r.choice([0, 1, 2, 9])]
        if name == "COleCurrency":
            return [name, self.integer(64, signed=True), r.choice([0, 1, 2, -1])]
        if name == "CComBSTR":
            return [name, r.choice([None, self.wide()])]
        if name == "COleVariant":
            return self.variant()
        if name in ("SIZE", "POINT", "RECT"):
            return [name, *(self.integer(32, signed=True) for _ in range(4 if name == "RECT" else 2))]
        if name == "CTimeSpan":
            return [name, self.integer(33, signed=True)]
        return [name, self.integer(64, signed=True)]

    # ---- classes and objects -----------------------------------------------------------------------------
    def make_classes(self) -> None:
        r = self.rng
        for i in range(r.choice([0, 1, 1, 2, 2, 3, 4])):
            name = f"C{r.choice(WORDS)}{i}"
            if self.chance(0.05):
                name = f"ns::{name}"
            if self.chance(0.05):
                name = (name + "x" * 63)[:63]
            schema = r.choice([0, 1, 2, 3, 255, 0x7FFF, 0x8000, 0xFFFE])
            if self.chance(0.35):
                schema = VERSIONABLE | r.choice([0, 1, 3, 5, 0xFFFE, 0xFFFF])
            elif self.chance(0.03):
                schema = 0xFFFF
            cls: dict[str, Any] = {"name": name, "schema": schema}
            if self.classes and self.chance(0.4):
                cls["base"] = r.choice(self.classes)["name"]
            if self.chance(0.45):
                cls["kind"] = r.choice(NAMED_KINDS)
            else:
                letters = "".join(r.choice("bwdqAWoookcvSLr" + "0123456789") for _ in range(r.randrange(8)))
                base = next((c for c in self.classes if c["name"] == cls.get("base")), None)
                if base and base["kind"].startswith("fields=") and self.chance(0.8):
                    at = r.randrange(len(letters) + 1)
                    letters = letters[:at] + "B" + letters[at:]
                cls["kind"] = "fields=" + letters
            self.classes.append(cls)

    def make_objects(self) -> None:
        r = self.rng
        for i in range(r.randrange(10) if self.classes else 0):
            self.objects.append({"id": f"o{i}", "class": r.choice(self.classes)["name"]})
        for i in range(r.choice([0, 0, 1, 2, 4])):
            self.objects.append({"id": f"c{i}", "class": r.choice(EMBEDDED), "elements": None})
        for o in self.objects:
            if "elements" in o:
                o["elements"] = self.elements(o["class"])
            else:
                self.fill(o)
        if self.classes and self.chance(0.05):
            empty = [
                c["name"] for c in self.classes if c["kind"] in ("empty", "dword") and c["schema"] != 0xFFFF
            ]
            if empty:
                self.objects.append({"id": "m", "class": r.choice(empty), "many": r.choice([3, 50, 300])})

    def is_a(self, cls: str, base: str) -> bool:
        by_name = {c["name"]: c for c in self.classes}
        while cls in by_name:
            if cls == base:
                return True
            cls = by_name[cls].get("base", "")
        return False

    def pointer(self, base: str | None = None) -> str | None:
        ids = [
            o["id"] for o in self.objects if "many" not in o and (base is None or self.is_a(o["class"], base))
        ]
        return self.rng.choice(ids) if ids and self.chance(0.8) else None

    def elements(self, cls: str) -> list[Any]:
        r, n = self.rng, self.rng.choice([0, 1, 2, 3, 5, 20])
        if cls in ("CByteArray", "CWordArray", "CDWordArray"):
            bits = {"CByteArray": 8, "CWordArray": 16, "CDWordArray": 32}[cls]
            return [self.integer(bits) for _ in range(r.choice([n, self.length() % 400]))]
        if cls in ("CStringArray", "CStringList"):
            return [self.text() for _ in range(n)]
        if cls in ("CObArray", "CObList"):
            return [self.pointer() for _ in range(n)]
        if cls == "CMapWordToOb":
            return [[self.integer(16), self.pointer()] for _ in range(n)]
        if cls == "CMapStringToOb":
            return [[self.text(), self.pointer()] for _ in range(n)]
        return [[self.text(), self.text()] for _ in range(n)]

    def fill(self, o: dict[str, Any]) -> None:
        cls = next(c for c in self.classes if c["name"] == o["class"])
        kind = cls["kind"]
        if kind.startswith("fields="):
            o["fields"] = [self.field(f, owner) for f, owner in owned_fields(self.classes, o["class"])]
            return
        o["value"] = self.integer(32)
        if kind == "named":
            o["text"] = self.wide()
        if kind in LINKS:
            o["links"] = [self.pointer() for _ in range(LINKS[kind])]

    def field(self, letter: str, owner: str) -> Any:
        r = self.rng
        if letter in "bwdq":
            return self.integer({"b": 8, "w": 16, "d": 32, "q": 64}[letter])
        if letter == "c":
            return r.choice([0, 1, 0xFFFE, 0xFFFF, 0x10000, 0xFFFFFFFE, 0xFFFFFFFF, 1 << 40])
        if letter == "A":
            return r.randbytes(self.length() % 400).hex()
        if letter == "W":
            return self.wide()
        if letter == "r":
            return r.randbytes(r.choice([0, 1, 5, 126, 127, 128, 129, 300])).hex()
        if letter == "L":
            return self.line() + "\n"
        if letter in "ok":
            return self.pointer(owner if letter == "k" else None)
        if letter.isdigit():
            ids = [o["id"] for o in self.objects if o["class"] == EMBEDDED[int(letter)]]
            return r.choice(ids) if ids else None
        return None

    # ---- storing -----------------------------------------------------------------------------------------
    def store_op(self) -> Op:
        r = self.rng
        kind = r.choices(["scalar", "string", "count", "raw", "object", "class", "map", "direct", "value",
        "flush", "line", "odd"],
                         [14, 10, 3, 6, 30, 4, 4, 6, 10, 3, 4, 1])[0]  # fmt: skip
        if kind == "scalar":
            return self.scalar()
        if kind == "string":
            if self.chance(0.4):
                return ["CStringA", {"byte": r.choice([65, 0, 0xFF, 0xE4]), "times": self.length()}]
            if self.chance(0.4):
                return [
                    "CStringW",
                    {"unit": r.choice([65, 0, 0x20AC, 0xD800, 0xFFFF]), "times": self.length()},
                ]
            if self.chance(0.5):
                return ["CStringA", {"hex": r.randbytes(r.randrange(12)).hex()}]
            return ["CStringW", {"text": self.wide()}]
        if kind == "count":
            return [
                "WriteCount",
                r.choice([0, 1, 0xFFFE, 0xFFFF, 0x10000, 0xFFFFFFFE, 0xFFFFFFFF, 1 << 32, self.integer(64)]),
            ]
        if kind == "raw":
            n = self.length()
            return (
                ["Write", {"byte": r.randrange(256), "times": n}]
                if self.chance(0.5)
                else ["Write", r.randbytes(min(n, 400)).hex()]
            )
        if kind == "class":
            name = r.choice([c["name"] for c in self.classes] + EMBEDDED) if self.chance(0.98) else "CObject"
            return [r.choice(["WriteClass", "SerializeClass"]), name]
        if kind == "map":
            return ["MapObject", self.pointer()]
        if kind == "direct":
            ident = self.pointer()
            return ["Serialize", ident] if ident else ["Flush"]
        if kind == "value":
            return self.value()
        if kind == "flush":
            return ["Flush"]
        if kind == "line":
            return ["WriteString", self.line() + r.choice(["\n", "\r\n", ""])]
        if kind == "odd":  # the wrong direction, and a length without its text
            return r.choice(
                [
                    ["get", 4],
                    ["Read", 3],
                    ["ReadObject", None],
                    ["ReadCount"],
                    ["AfxWriteStringLength", self.length(), r.randrange(2)],
                ]
            )
        many = [o for o in self.objects if "many" in o]
        if many and self.chance(0.5):
            a = r.randrange(many[0]["many"])
            return ["WriteObjects", "m", a, r.randrange(a, many[0]["many"]) + 1]
        return ["WriteObject", self.pointer()]

    def file_settings(self) -> dict[str, Any]:
        s: dict[str, Any] = {}
        if self.chance(0.7):
            s["file"] = "plain"
            if self.chance(0.3):
                s["blocking"] = 1
        if self.chance(0.8):
            s["buf"] = self.rng.choice(BUFFERS)
        return s

    def storing(self) -> Program:
        self.make_classes()
        self.make_objects()
        settings = self.file_settings()
        if self.chance(0.2):
            settings["keepgoing"] = 1
        ops = [self.store_op() for _ in range(self.rng.choice([1, 2, 4, 8, 12, 30]))]
        return {"settings": settings, "classes": self.classes, "objects": self.objects, "ops": ops}

    # ---- loading -----------------------------------------------------------------------------------------
    def loading(self, stored: Program, data: bytes) -> Program:
        """Reads back what `stored` wrote."""
        settings = {"mode": 1, **self.file_settings()}
        if settings.get("file") == "plain" and self.chance(0.3):
            settings["chunk"] = self.rng.choice([1, 2, 3, 7, 50, 127, 129])
        mapped = {op[1] for op in stored["ops"] if op[0] == "MapObject" and op[1]}
        objects = [
            {"id": o["id"], "class": o["class"], **({"elements": []} if "elements" in o else {})}
            for o in stored["objects"]
            if o["id"] in mapped
        ]
        ops = [back for op in expand(stored["ops"]) for back in mirror(stored, op)]
        ops += [["restore"], ["Flush"]]
        if settings.get("file") == "plain":
            ops.append(["line", "pos"])
        return {
            "settings": settings,
            "data": data.hex(),
            "classes": stored["classes"],
            "objects": objects,
            "ops": ops,
        }

    def grammar(self, data: bytes) -> bytes:
        """What was stored, in pieces between others that look like parts of a stream: tags, lengths, lines."""
        r = self.rng

        def word(n: int) -> bytes:
            return struct.pack("<H", n & 0xFFFF)

        def piece() -> bytes:
            kind = r.randrange(9)
            if kind == 0:
                return word(r.choice(NASTY_WORDS))
            if kind == 1:  # a class record, then perhaps its tag again
                name = r.choice([c["name"] for c in self.classes] + EMBEDDED).encode()
                schema = r.choice([c["schema"] for c in self.classes] + [0, 1])
                return b"\xff\xff" + word(schema) + word(len(name)) + name[: r.choice([len(name), 3])]
            if kind == 2:  # a big tag
                return word(0x7FFF) + struct.pack(
                    "<I", r.choice([0, 1, 2, 3, 0x80000001, 0x80000002, 0x7FFF])
                )
            if kind == 3:  # lengths of strings in all forms
                marks = [b"", b"\xff", b"\xff\xfe\xff", b"\xff\xff\xff", b"\xff\xfe\xff\xff\xff\xff"]
                return (
                    r.choice(marks) + bytes([r.choice([0, 1, 2, 5, 254, 255])]) + r.randbytes(r.randrange(9))
                )
            if kind == 4:
                ends = ["\n", "\r\n", "\r", "\rx", "\0", ""]
                text = self.line() + r.choice(ends) + self.text()[:5] + r.choice(ends)
                return text.encode("cp1252" if self.ansi or self.chance(0.3) else "utf-16-le", "replace")
            if kind == 5 and data:
                at = r.randrange(len(data))
                return data[at : at + r.choice([1, 2, 3, 8, 30])]
            if kind == 6:  # counts
                return word(0xFFFF) + struct.pack("<I", r.choice([0, 1, 3, 0xFFFF, 0xFFFFFFFF]))
            if kind == 7:
                return struct.pack(
                    "<HI", r.choice([0, 1, 2, 3, 4, 5, 7, 8, 11, 17, 20]), r.choice([0, 1, 2, 5, 6])
                )
            return r.randbytes(r.randrange(20))

        if data and self.chance(0.4):
            return data
        return b"".join(piece() for _ in range(r.choice([1, 3, 8, 20, 60])))

    def stray_op(self) -> Op:
        """Something to load, whatever there is."""
        r = self.rng
        kind = r.choices(["scalar", "string", "line", "piece", "count", "raw", "object", "class", "map", "new", "value",
                          "odd", "flush"], [6, 8, 8, 8, 4, 6, 14, 6, 2, 8, 8, 4, 2])[0]  # fmt: skip
        names = [c["name"] for c in self.classes] + EMBEDDED
        if kind == "scalar":
            return [">>" + r.choice(list(SCALARS))]
        if kind == "string":
            return r.choice([[">>CStringA"], [">>CStringW"], ["AfxReadStringLength"]])
        if kind == "line":
            return ["ReadString"]
        if kind == "piece":
            n = r.choice([0, 1, 2, 3, 5, 10, 64, 127, 128, 129, 500])
            return ["line", f"rstrneg {n}"] if n and self.chance(0.4) else ["ReadStringBuf", n]
        if kind == "count":
            return ["ReadCount"]
        if kind == "raw":
            return ["Read", r.choice([0, 1, 2, 7, 100, 127, 128, 129, 255, 256, 300, 1000])]
        if kind == "object":
            return ["ReadObject", r.choice([None, None, "CObject", *names])]
        if kind == "class":
            return r.choice([["ReadClass", r.choice([None, *names])], ["SerializeClass", r.choice(names)],
                             ["GetObjectSchema"]])  # fmt: skip
        if kind == "map":
            return ["MapObject", self.pointer()]
        if kind == "new":
            return ["SerializeNew", r.choice(names)]
        if kind == "value":
            return [">>" + self.value()[0]]
        if kind == "flush":
            return r.choice([["Flush"], ["state"]])
        return r.choice([["get", 4], ["DWORD", 5], ["Write", "0102"], ["WriteObject", None], ["WriteCount", 3],
                         ["WriteString", "x"], ["WriteClass", r.choice(names)],
                         ["line", "setschema 7"]])  # fmt: skip

    def stray(self, stored: Program, data: bytes) -> Program:
        """Loads what nobody stored like this: any operations on any bytes."""
        settings = {"mode": 1, **self.file_settings()}
        if settings.get("file") == "plain" and self.chance(0.3):
            settings["chunk"] = self.rng.choice([1, 2, 3, 7, 50, 127, 129])
        if self.chance(0.7):
            settings["keepgoing"] = 1
        ops = [self.stray_op() for _ in range(self.rng.choice([2, 5, 12, 30]))]
        if settings.get("file") == "plain":
            ops += [["Flush"], ["line", "pos"]]
        return {
            "settings": settings,
            "data": self.grammar(data).hex(),
            "classes": stored["classes"],
            "objects": stored["objects"],
            "ops": ops,
        }

    def spoiled(self, load: Program) -> Program:
        """The same with something wrong: the bytes, the classes of the reader, or what it asks for."""
        r = self.rng
        bad = copy.deepcopy(load)
        bad["ops"] = [op for op in bad["ops"] if op[0] != "restore"]
        if self.chance(0.3):
            bad["settings"]["keepgoing"] = 1
        data = bytearray.fromhex(bad["data"])
        how = r.choices(
            ["cut", "flip", "word", "delete", "insert", "class", "ask", "grow"], [4, 4, 6, 2, 2, 4, 5, 1]
        )[0]
        at = r.randrange(len(data)) if data else 0
        if how == "class" and not bad["classes"]:
            how = "cut"
        if how == "ask" and not any(op[0] == "ReadObject" for op in bad["ops"]):
            how = "flip"
        if how == "cut":
            del data[at:]
        elif how == "flip" and data:
            data[at] ^= 1 << r.randrange(8)
        elif how == "word":
            data[at : at + 2] = struct.pack("<H", r.choice(NASTY_WORDS))
        elif how == "delete":
            del data[at : at + r.choice([1, 2, 4])]
        elif how == "insert":
            data[at:at] = r.randbytes(r.choice([1, 2, 4]))
        elif how == "class":
            cls = r.choice(bad["classes"])
            if self.chance(0.6):
                cls["schema"] = cls["schema"] & VERSIONABLE | r.choice([0, 1, 7, 9])
            else:
                cls["flag"] = r.choice(["unregistered", "abstract"])
        elif how == "ask":
            op = r.choice([op for op in bad["ops"] if op[0] == "ReadObject"])
            op[1] = r.choice([c["name"] for c in bad["classes"]] + EMBEDDED + ["CObject"])
        elif how == "grow":
            data += r.randbytes(9)
        bad["data"] = data.hex()
        return bad


def owned_fields(classes: list[dict[str, Any]], name: str) -> Iterator[tuple[str, str]]:
    """The fields of a class with `B` replaced by its base's, each with the class that declares it."""
    cls = next(c for c in classes if c["name"] == name)
    for letter in cls["kind"].removeprefix("fields="):
        if letter == "B":
            yield from owned_fields(classes, cls["base"])
        else:
            yield letter, name
