"""Programs (the machine-readable `args` of the vectors) written as scripts for the driver.

A program is `{"settings", "data", "classes", "objects", "ops"}`; `README.md` beside this file has the whole
vocabulary.  `tests/vectors/program.py` runs the same programs on pysock.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Any

Program = dict[str, Any]
Op = list[Any]

SCALARS = {  # name in a program: (bytes, struct code)
    "BYTE": (1, "B"),
    "char": (1, "b"),
    "bool": (1, "B"),
    "WORD": (2, "H"),
    "short": (2, "h"),
    "wchar_t": (2, "H"),
    "int": (4, "i"),
    "LONG": (4, "i"),
    "DWORD": (4, "I"),
    "UINT": (4, "I"),
    "float": (4, "f"),
    "double": (8, "d"),
    "LONGLONG": (8, "q"),
    "ULONGLONG": (8, "Q"),
}
_STORING = {
    "WriteCount": "count",
    "WriteObject": "wobj",
    "WriteObjects": "wmany",
    "WriteClass": "wclass",
    "SerializeClass": "sclass",
    "MapObject": "map",
    "Serialize": "ser",
    "CTime": "ctime",
    "CTimeSpan": "ctimespan",
    "CTime.Serialize64": "ctime64",
    "CTimeSpan.Serialize64": "ctimespan64",
    "Flush": "flush",
    "Close": "close",
    "Abort": "abort",
    "~CArchive": "dtor",
    "state": "state",
}
_LOADING = {
    "get": "get",
    "Read": "read",
    "ReadCount": "rcount",
    "AfxReadStringLength": "rstrlen",
    "ReadString": "rstrobj",
    "ReadStringBuf": "rstrbuf",
    "ReadObject": "robj",
    "ReadClass": "rclass",
    "GetObjectSchema": "schema",
    "SerializeNew": "rser",
    "restore": "restore",
    ">>CStringA": "rcstrA",
    ">>CStringW": "rcstrW",
    ">>CTime": "rctime",
    ">>CTimeSpan": "rctimespan",
    ">>CTime.Serialize64": "rctime64",
    ">>CTimeSpan.Serialize64": "rctimespan64",
    ">>COleDateTime": "rodt",
    ">>COleDateTimeSpan": "rodts",
    ">>COleCurrency": "rocy",
    ">>CComBSTR": "rbstr",
    ">>COleVariant": "rvar",
}
LOADING_VERBS = {v: k for k, v in _LOADING.items()}
STORING_VERBS = {v: k for k, v in _STORING.items()}
FLAGS = ("blocking", "keepgoing", "nolog", "nofile", "withname", "logdtor")


def bits_of(scalar: str, value: Any) -> int:
    """The bit pattern of a scalar operand, which is a number or `{"bits": n}`."""
    if isinstance(value, dict):
        return int(value["bits"])
    return int.from_bytes(struct.pack("<" + SCALARS[scalar][1], value), "little")


def data_of(program: Program) -> bytes:
    """The bytes a program loads: hex, or a list of hex and `[hex, times]`."""
    data = program.get("data", "")
    parts = [data] if isinstance(data, str) else data
    return b"".join(bytes.fromhex(p) if isinstance(p, str) else bytes.fromhex(p[0]) * p[1] for p in parts)


def expand(ops: list[Op]) -> Iterator[Op]:
    """`["repeat", n, op]` is n times op."""
    for op in ops:
        if op[0] == "repeat":
            yield from [op[2]] * op[1]
        else:
            yield op


def _u16(text: str) -> str:
    return text.encode("utf-16-le", "surrogatepass").hex() or "-"


def _tstr(text: str, ansi: bool) -> str:
    return (text.encode("cp1252").hex() or "-") if ansi else _u16(text)


def _variant(vt: int, value: Any) -> str:
    if value is None:
        return f"var {vt}"
    if isinstance(value, dict):
        if "text" in value:
            return f"var {vt} str {_u16(value['text'])}"
        if "bytes" in value:
            return f"var {vt} bytes {value['bytes'] or '-'}"
        if "array" in value:
            return f"var {vt} array"
        if "raw16" in value:
            return f"var {vt} decimal {value['raw16']}"
        value = value["bits"]
    return f"var {vt} 0x{value:x}"


def script_line(op: Op, *, ansi: bool = False) -> str:
    """One operation as the driver reads it; its first word is what exceptions are reported under."""
    name, *a = op
    if name == "line":  # a line of the driver's own language
        return str(a[0])
    if name in SCALARS:
        return f"put {SCALARS[name][0]} 0x{bits_of(name, a[0]):x}"
    if name == ">>bool":
        return "getbool"
    if name.startswith(">>") and name[2:] in SCALARS:
        return f"get {SCALARS[name[2:]][0]}"
    if name == "CStringA":
        d = a[0]
        return f"strArep {d['byte']} {d['times']}" if "times" in d else f"strA {d['hex'] or '-'}"
    if name == "CStringW":
        d = a[0]
        return f"strWrep {d['unit']} {d['times']}" if "times" in d else f"strW {_u16(d['text'])}"
    if name == "WriteString":
        return "wstrnull" if a[0] is None else f"wstr {_tstr(a[0], ansi)}"
    if name == "AfxWriteStringLength":
        return f"strlen{'W' if a[1] else 'A'} {a[0]}"
    if name == "Write":
        return (
            f"writerep {a[0]['byte']} {a[0]['times']}" if isinstance(a[0], dict) else f"write {a[0] or '-'}"
        )
    if name in ("SIZE", "POINT", "RECT"):  # inline operators: Write of the structure
        return "write " + struct.pack(f"<{len(a)}i", *a).hex()
    if name in (">>SIZE", ">>POINT"):
        return "rstruct 8"
    if name == ">>RECT":
        return "rstruct 16"
    if name in ("COleDateTime", "COleDateTimeSpan"):
        return f"{'odt' if name == 'COleDateTime' else 'odts'} 0x{bits_of('double', a[0]):x} {a[1]}"
    if name == "COleCurrency":
        return f"ocy {a[0]} {a[1]}"
    if name == "CComBSTR":
        return "bstr null" if a[0] is None else "bstr " + _u16(a[0])
    if name == "COleVariant":
        return _variant(a[0], a[1])
    if name in _STORING:
        return " ".join(
            [_STORING[name], *("null" if x is None else x or "-" if x == "" else str(x) for x in a)]
        )
    return " ".join([_LOADING[name], *("-" if x is None else str(x) for x in a)])


def _element(cls: str, e: Any, ansi: bool) -> str:
    if cls in ("CStringArray", "CStringList"):
        return _tstr(e, ansi)
    if cls == "CMapStringToString":
        return f"{_tstr(e[0], ansi)} {_tstr(e[1], ansi)}"
    if cls == "CMapStringToOb":
        return f"{_tstr(e[0], ansi)} {e[1] or 'null'}"
    if cls == "CMapWordToOb":
        return f"{e[0]} {e[1] or 'null'}"
    if cls in ("CObArray", "CObList"):
        return e or "null"
    return str(e)


def _field(letter: str, value: Any, ansi: bool) -> str:
    if letter == "W":
        return _u16(value)
    if letter == "L":
        return _tstr(value, ansi)
    if letter in "Ar":
        return value or "-"
    return "null" if value is None else str(value)


def flat_fields(classes: list[dict[str, Any]], name: str) -> str:
    """The letters of a `fields=` class with `B` replaced by its base's."""
    cls = next(c for c in classes if c["name"] == name)
    letters: str = cls["kind"].removeprefix("fields=")
    return letters.replace("B", flat_fields(classes, cls["base"])) if "B" in letters else letters


def objects_script(program: Program, ansi: bool = False) -> Iterator[str]:
    links = []
    for o in program.get("objects", []):
        ident, cls = o["id"], o["class"]
        if "many" in o:
            yield f"many {ident} {cls} {o['many']}"
        elif "elements" in o:
            yield f"new {ident} {cls}"
            if isinstance(o["elements"], dict):
                yield f"addmany {ident} {cls} {o['elements']['range']}"
                continue
            links += [f"add {ident} {cls} {_element(cls, e, ansi)}" for e in o["elements"]]
        else:
            yield f"obj {ident} {cls} {o.get('value', 0)}" + (f" {_u16(o['text'])}" if "text" in o else "")
            links += [f"link {ident} {i} {x}" for i, x in enumerate(o.get("links", [])) if x]
            if "fields" in o:
                letters = flat_fields(program["classes"], cls)
                links += [
                    f"set {ident} {i} {_field(f, v, ansi)}"
                    for i, (f, v) in enumerate(zip(letters, o["fields"], strict=True))
                    if f not in "vS" and v is not None
                ]
    yield from links


def classes_script(program: Program) -> Iterator[str]:
    for c in program.get("classes", []):
        flags = (" " + c["flag"] if "flag" in c else "") + (" base=" + c["base"] if "base" in c else "")
        yield f"class {c['name']} {c['schema']} {c['kind']}{flags}"


def script_of(name: str, program: Program, *, ansi: bool = False) -> list[str]:
    """The driver's lines of one program."""
    if " " in name:
        raise ValueError(f"a case name has no spaces: {name!r}")
    out = ["case " + name]
    for key, value in program.get("settings", {}).items():
        out.append(key if key in FLAGS else f"{key} {value}")
    if "data" in program:
        out.append("data " + (data_of(program).hex() or "-"))
    out += classes_script(program)
    out += objects_script(program, ansi)
    out += [script_line(op, ansi=ansi) for op in expand(program["ops"])]
    out.append("end")
    return out
