"""What the fuzzer runs: bytes are loaded in every way there is, and what could be loaded is stored and
loaded again.

The first byte chooses what is loaded, the second how; the rest is the stream.  Nothing but an MFC
exception may come
out, and what was loaded must be the same after it was stored and loaded once more.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pysock
from pysock import VERSIONABLE_SCHEMA, CArchive, ClassRegistry, CMemFile, CObject

REGISTRY = ClassRegistry()


class CNode(CObject, schema=1, registry=REGISTRY):
    value = 0
    left: Any = None
    right: Any = None

    def Serialize(self, ar: CArchive) -> None:
        if ar.IsStoring():
            ar << pysock.DWORD(self.value) << self.left << self.right
        else:
            self.value = ar.ReadDWORD()
            self.left = ar.ReadObject()
            self.right = ar.ReadObject(CNode)


class CNamed(CNode, schema=VERSIONABLE_SCHEMA | 3, registry=REGISTRY):
    """A base class with a schema of its own, texts of both kinds, and an embedded collection."""

    name, text, seen = "", "", 0

    def __mfc_init__(self) -> None:
        self.words = pysock.CStringArray()

    def Serialize(self, ar: CArchive) -> None:
        if ar.IsLoading():
            self.seen = ar.GetObjectSchema()
        ar.SerializeClass(CNode)
        super().Serialize(ar)
        if ar.IsStoring():
            ar.WriteCString(self.name)
            ar.WriteCStringA(self.text)
        else:
            self.name = ar.ReadCString()
            self.text = ar.ReadCStringA()
        self.words.Serialize(ar)


COLLECTIONS = [
    "CByteArray", "CWordArray", "CDWordArray", "CStringArray", "CObArray",
    "CStringList", "CObList", "CMapWordToOb", "CMapStringToOb", "CMapStringToString",
]  # fmt: skip
SCALARS = [
    "BYTE",
    "CHAR",
    "bool_",
    "BOOL",
    "WORD",
    "SHORT",
    "WCHAR",
    "LONG",
    "DWORD",
    "LONGLONG",
    "ULONGLONG",
    "FLOAT",
    "DOUBLE",
]
VALUES = [
    "CTime",
    "CTimeSpan",
    "COleDateTime",
    "COleDateTimeSpan",
    "COleCurrency",
    "COleVariant",
    "CComBSTR",
    "CPoint",
    "CSize",
    "CRect",
]
TEXTS = ["CString", "CStringA", "CStringW"]

Loader = Callable[[CArchive], Any]
Storer = Callable[[CArchive, Any], None]


def typed(name: str) -> tuple[Loader, Storer]:
    cls = getattr(pysock, name)
    return (lambda ar: ar.read(cls)), (lambda ar, v: ar.write(v, cls))


def direct(name: str) -> tuple[Loader, Storer]:
    def load(ar: CArchive) -> Any:
        c = getattr(pysock, name)()
        c.Serialize(ar)
        return c

    return load, lambda ar, c: c.Serialize(ar)


def array(name: str) -> tuple[Loader, Storer]:
    cls = getattr(pysock, name)
    return (lambda ar: ar.read_array(cls)), (lambda ar, v: ar.write_array(cls, v))


def rest(ar: CArchive) -> list[Any]:
    """Objects up to the end of the stream."""
    out = []
    while len(out) < 1000 and not (ar.IsBufferEmpty() and out):
        out.append(ar.ReadObject())
    return out


def store_all(ar: CArchive, objects: list[Any]) -> None:
    for obj in objects:
        ar.WriteObject(obj)


def everything(ar: CArchive) -> list[Any]:
    """One value of every type in turn."""
    return [ar.read(getattr(pysock, name)) for name in SCALARS + TEXTS + VALUES]


def store_everything(ar: CArchive, values: list[Any]) -> None:
    for name, value in zip(SCALARS + TEXTS + VALUES, values, strict=True):
        ar.write(value, getattr(pysock, name))


def store_lines(ar: CArchive, lines: list[str]) -> None:
    for line in lines:
        ar.WriteString(line.split("\0")[0] + "\n")


WAYS: list[tuple[Loader, Storer | None]] = [
    (rest, store_all),
    (lambda ar: ar.ReadObject(CNode), lambda ar, v: ar.WriteObject(v)),
    (lambda ar: ar.ReadClass(), None),
    (everything, store_everything),
    (lambda ar: ar.ReadCount(), lambda ar, v: ar.WriteCount(v)),
    (lambda ar: ar.ReadStringLength(), None),
    (lambda ar: list(ar.lines()), store_lines),
    (lambda ar: [ar.ReadString() for _ in range(8)], None),
    (lambda ar: [ar.ReadString(n) for n in (3, -3, 200)], None),
    (lambda ar: ar.Read(70), lambda ar, v: ar.Write(v)),
    *map(typed, TEXTS + VALUES),
    *map(array, ["BYTE", "WORD", "DOUBLE"]),
    *map(direct, COLLECTIONS),
]  # seeds name a way by its place: add at the end


def archive_over(data: bytes, how: int) -> CArchive:
    sources: list[Callable[[bytes], Any]] = [bytes, io.BytesIO, CMemFile, bytearray]
    return CArchive(
        sources[how & 3](data),
        CArchive.load,
        128 if how & 4 else 4096,
        registry=REGISTRY,
        allow="registered",
        unicode=not how & 8,
        faithful=bool(how & 16),
        bits=64 if how & 32 else 32,
        canonical=bool(how & 64),
        errors="replace",
    )


def stored(store: Storer, value: Any, how: int) -> bytes:
    out = CMemFile()
    bits = 64 if how & 32 else 32
    ar = CArchive(
        out,
        CArchive.store,
        registry=REGISTRY,
        unicode=not how & 8,
        faithful=bool(how & 16),
        bits=bits,
        errors="replace",
    )
    store(ar, value)
    ar.Close()
    return out.getvalue()


def one(data: bytes) -> None:
    """One input; raises what should not have been."""
    if len(data) < 2:
        return
    load, store = WAYS[data[0] % len(WAYS)]
    how = data[1]
    try:
        value = load(archive_over(data[2:], how))
    except pysock.CException:
        return
    if store is None:
        return
    try:
        once = stored(store, value, how)
    except pysock.CNotSupportedException:
        return  # a variant that MFC stores without its value
    again = stored(store, load(archive_over(once, how & ~64)), how)
    assert once == again, f"stored {once.hex()}, then {again.hex()}"
