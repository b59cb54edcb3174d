"""Streams of objects cut at every length and with every byte flipped: an MFC exception or a value."""

from __future__ import annotations

import io
from typing import Any

import pytest

from pysock import (
    CArchive,
    CByteArray,
    CException,
    ClassRegistry,
    CMapStringToOb,
    CMemFile,
    CObArray,
    CObject,
    CObList,
    CStringList,
)

MINE = ClassRegistry()


class CNode(CObject, schema=1, versionable=True, registry=MINE):
    text, left, right, data = "", None, None, b""

    def Serialize(self, ar: CArchive) -> None:
        if ar.IsStoring():
            ar.WriteCString(self.text)
            ar << self.left << self.right
            ar.WriteCount(len(self.data))
            ar.Write(self.data)
            ar.WriteDOUBLE(1.5)
        else:
            self.schema = ar.GetObjectSchema()
            self.text = ar.ReadCString()
            self.left, self.right = ar.ReadObject(CNode), ar.ReadObject()
            self.data = ar.EnsureRead(ar.ReadCount())
            ar.ReadDOUBLE()


def node(text: str, *children: Any, data: bytes = b"") -> CNode:
    made = CNode()
    made.text, made.data = text, data
    made.left, made.right = (*children, None, None)[:2]
    return made


def collection(made: Any, *elements: Any) -> Any:
    for element in elements:
        if isinstance(made, CMapStringToOb):
            made.SetAt(*element)
        elif isinstance(made, CObArray):
            made.Add(element)
        else:
            made.AddTail(element)
    return made


loop = node("loop")
loop.right = loop
shared = node("shared", data=b"12345")
STREAMS: dict[str, list[Any]] = {
    "null": [None],
    "node": [node("a\u20ac\U0001f600", data=b"xyz")],
    "loop": [loop, loop],
    "tree": [node("root", node("left", shared), shared), shared, None],
    "arrays": [
        collection(CObArray(), shared, None, CByteArray(b"abc")),
        node("x", None, CByteArray(b"\xff" * 9)),
    ],
    "lists": [collection(CObList(), collection(CStringList(), "one", "two" * 100), shared), node("last")],
    "map": [collection(CMapStringToOb(), ("key", shared), ("k\u00e4y", None))],
}


def stored(objects: list[Any], unicode: bool) -> bytes:
    file = CMemFile()
    with CArchive(file, CArchive.store, unicode=unicode, errors="replace") as ar:
        for obj in objects:
            ar << obj
    data: bytes = file.getvalue()
    return data


class Trickle(io.RawIOBase):
    """A stream that gives three bytes at a time and cannot be moved in."""

    def __init__(self, data: bytes) -> None:
        self.file = io.BytesIO(data)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self.file.readinto(memoryview(buffer)[:3])


def load(data: bytes, n: int, make: Any, **options: Any) -> None:
    ar = CArchive(make(data), CArchive.load, 128, registry=MINE, allow="registered", **options)
    try:
        for _ in range(n):
            ar.ReadObject()
    except CException:
        pass
    ar.Abort()


@pytest.mark.parametrize("unicode", [True, False])
@pytest.mark.parametrize("make", [bytes, CMemFile, io.BytesIO, Trickle], ids=lambda m: m.__name__)
@pytest.mark.parametrize("name", STREAMS)
def test_cut_and_flipped(name: str, make: Any, unicode: bool) -> None:
    objects = STREAMS[name]
    data = stored(objects, unicode)
    for n in range(len(data)):
        load(data[:n], len(objects), make, faithful=n % 3 == 0)
    for i in range(len(data)):
        for flip in (0x01, 0x10, 0x80, 0xFF):
            spoiled = data[:i] + bytes([data[i] ^ flip]) + data[i + 1 :]
            load(spoiled, len(objects), make, faithful=i % 3 == 0, canonical=i % 5 == 0)
    load(data, len(objects), make)
