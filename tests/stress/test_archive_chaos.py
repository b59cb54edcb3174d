"""User code that uses the archive from within: wherever an archive calls Python (files, codecs, `Serialize`, numbers,
wire types, defaults, destructors) any operation may come, `Abort` and transactions included.

What comes of it means nothing; but the process lives, nothing leaks, and memory stays whole. Each number is a program;
a failure names its own. `PYSOCK_CHAOS_PROGRAMS` sets how many there are.
"""

from __future__ import annotations

import codecs
import contextlib
import gc
import io
import os
import random
from collections.abc import Callable
from typing import Any

import pytest

from pysock import (
    BYTE,
    LONG,
    POINT,
    WORD,
    CArchive,
    CArray,
    CMemFile,
    CObArray,
    CObject,
    CPoint,
    CString,
    CTime,
    Record,
    array_of,
    count_of,
    field,
    map_of,
    ref,
)

PROGRAMS = int(os.environ.get("PYSOCK_CHAOS_PROGRAMS", "3000"))
SLICES = 6
DEEPEST = 6


class Chaos:
    """What happens wherever user code is called: now and then something with the archive at hand."""

    def __init__(self) -> None:
        self.random, self.often, self.depth = random.Random(), 0.0, 0
        self.archive: CArchive | None = None

    def __call__(self) -> None:
        ar = self.archive
        if ar is None or self.depth == DEEPEST or self.random.random() > self.often:
            return
        self.depth += 1
        try:
            self.random.choice(LOADING if ar.IsLoading() else STORING)(ar)
        except Exception:
            if self.random.random() < 0.5:
                raise
        finally:
            self.depth -= 1

    def quietly(self) -> None:
        with contextlib.suppress(Exception):  # a destructor's would only be printed
            self()


chaos = Chaos()


class Number:
    def __init__(self, value: int) -> None:
        self.value = value

    def __index__(self) -> int:
        chaos()
        return self.value


class Wire:
    @classmethod
    def __mfc_load__(cls, ar: CArchive) -> Wire:
        chaos()
        ar.ReadBYTE()
        chaos()
        return cls()

    @classmethod
    def __mfc_store__(cls, ar: CArchive, value: Any) -> None:
        chaos()
        ar.WriteBYTE(1)
        chaos()

    @classmethod
    def __mfc_check__(cls, ar: CArchive, value: Any) -> None:
        chaos()


def empty() -> list[Any]:
    chaos()
    return []


class Inner(Record):
    a: Any = field(WORD)
    b: Any = field(Wire, default=None)
    c: str = field(CString)


class CDeclaredChaos(CObject, schema=1):
    a: Any = field(LONG)
    text: str = field(CString, default="\xe9\u0416")
    n: int = field(count_of("numbers", WORD), init=False)
    numbers: list[Any] = field(array_of(WORD, count="n"), default_factory=empty)
    one: CObject | None = field(ref(CObject), default=None)
    own: Any = field(Wire, default=None)
    inner: Inner = field(Inner, default_factory=Inner)
    many: list[Any] = field(array_of(CObject), default_factory=empty)
    wires: list[Any] = field(array_of(Wire), default_factory=empty)
    points: list[Any] = field(array_of(POINT), default_factory=empty)
    later: int = field(WORD, since=2)

    def __del__(self) -> None:
        chaos.quietly()


class CHandChaos(CObject, schema=1):
    one: CObject | None = None

    def __mfc_init__(self) -> None:
        chaos()

    def Serialize(self, ar: CArchive) -> None:
        chaos()
        if ar.IsStoring():
            ar.WriteObject(self.one)
            chaos()
            ar.WriteCStringA("\xe9\u0416")
        else:
            self.one = ar.ReadObject()
            chaos()
            ar.ReadCStringA()
        chaos()

    def __del__(self) -> None:
        chaos.quietly()


class CBothChaos(CDeclaredChaos, schema=3, serialize_class=True):
    more: Any = field(BYTE)

    def Serialize(self, ar: CArchive) -> None:
        chaos()
        super().Serialize(ar)
        chaos()


def some(depth: int = 0) -> CObject | None:
    """An object, with others in it."""
    r = chaos.random
    kind = r.randrange(9)
    if depth > 3 or kind < 2:
        return None
    if kind < 5:
        return CDeclaredChaos(
            a=r.choice([1, Number(2)]),
            numbers=[r.choice([1, Number(2)]) for _ in range(r.randrange(4))],
            one=some(depth + 1),
            own=Wire(),
            inner=Inner(a=Number(4), b=Wire()),
            many=[some(depth + 1) for _ in range(r.randrange(3))],
            wires=[Wire() for _ in range(r.randrange(3))],
            points=[r.choice([CPoint(1, 2), (Number(1), Number(2))])],
        )
    if kind < 7:
        by_hand = CHandChaos()
        by_hand.one = some(depth + 1)
        return by_hand
    if kind < 8:
        return CBothChaos(more=Number(3), a=Number(1), one=some(depth + 1))
    return CObArray([some(depth + 1) for _ in range(3)])


def count() -> int:
    return chaos.random.randrange(300)


Use = Callable[[CArchive], Any]
BOTH: list[Use] = [
    lambda ar: ar.Flush(),
    lambda ar: ar.Abort(),
    lambda ar: ar.Close(),
    lambda ar: ar.begin(),
    lambda ar: ar.commit(),
    lambda ar: ar.rollback(),
    lambda ar: ar.MapObject(CHandChaos()),
    lambda ar: CDeclaredChaos().Serialize(ar),
    lambda ar: gc.collect(0),
]
STORING: list[Use] = [
    *BOTH,
    lambda ar: ar.WriteObject(some()),
    lambda ar: ar.write_list([Inner(a=Number(1), b=Wire()) for _ in range(3)]),
    lambda ar: ar.WriteDWORD(Number(5)),
    lambda ar: ar.write_array(WORD, b"ab" * 100),
    lambda ar: ar.Write(b"x" * 200),
    lambda ar: ar.WriteClass(CDeclaredChaos),
    lambda ar: ar.WriteString("\xe9\u0416" * 50),
    lambda ar: ar.write([Wire()], array_of(Wire)),
    lambda ar: ar.write({1: Wire()}, map_of(WORD, Wire)),
    lambda ar: ar.write(CArray[Wire]([Wire()])),
]
LOADING: list[Use] = [
    *BOTH,
    lambda ar: ar.ReadObject(),
    lambda ar: ar.read(CDeclaredChaos),
    lambda ar: ar.read_list(Inner, count() % 5),
    lambda ar: ar.read_columns(Inner, count() % 4),
    lambda ar: ar.ReadDWORD(),
    lambda ar: ar.read_array(WORD, count=count()),
    lambda ar: ar.Read(count()),
    lambda ar: ar.ReadClass(),
    lambda ar: ar.ReadString(),
    lambda ar: ar.ReadLine(),
    lambda ar: ar.ReadCStringA(),
    lambda ar: ar.read(CTime),
    lambda ar: ar.read(array_of(Wire)),
    lambda ar: ar.read(map_of(WORD, Wire)),
    lambda ar: ar.read(CArray[Wire]),
]


class Raw(io.RawIOBase):
    """A Python file that gives and takes in pieces."""

    def __init__(self, data: bytes = b"") -> None:
        super().__init__()
        self.data = io.BytesIO(data)

    def readable(self) -> bool:
        return True

    writable = seekable = readable

    def readinto(self, view: Any) -> int:
        chaos()
        return self.data.readinto(view[: chaos.random.choice([1, 7, 1000])])

    def write(self, data: Any) -> int:
        chaos()
        return self.data.write(data[: chaos.random.choice([1, 7, 1000])])

    def seek(self, *where: int) -> int:
        chaos()
        return self.data.seek(*where)


class Mfc(CMemFile):
    """A file of MFC's kind that is asked by Python calls."""

    def Read(self, nCount: int) -> bytes:
        chaos()
        return super().Read(nCount)

    def Write(self, data: Any) -> None:
        chaos()
        super().Write(data)


def replaced(error: UnicodeError) -> tuple[str, int]:
    chaos()
    return "?", error.end  # type: ignore[attr-defined]


codecs.register_error("pysock.chaos", replaced)


def run(ar: CArchive, objects: list[CObject | None]) -> None:
    r = chaos.random
    chaos.archive = ar
    try:
        for _ in range(12):
            with contextlib.suppress(Exception):
                if r.random() < 0.4:
                    ar.ReadObject() if ar.IsLoading() else ar.WriteObject(r.choice(objects))
                else:
                    r.choice(LOADING if ar.IsLoading() else STORING)(ar)
    finally:
        chaos.archive, chaos.often = None, 0.0
        ar.Abort()


def program(number: int) -> None:
    r = chaos.random = random.Random(number)
    objects = [some() for _ in range(r.randrange(1, 5))]
    whole = CMemFile()
    with CArchive(whole, CArchive.store, errors="replace") as ar:
        for one in objects:
            ar.WriteObject(one)
    data = bytearray(whole.getvalue())
    for mode in (CArchive.store, CArchive.load):
        options: Any = {
            "errors": r.choice(["pysock.chaos", "replace"]),
            "encoding": r.choice(["cp1252", "cp1251", "latin-1"]),
            "unicode": r.random() < 0.5,
            "faithful": r.random() < 0.1,
            "read_ahead": r.random() < 0.8,
        }
        if mode == CArchive.load and r.random() < 0.3:
            data[r.randrange(len(data))] ^= 1 << r.randrange(8)
        file = r.choice([CMemFile, Raw, Mfc])(*([bytes(data)] if mode == CArchive.load else []))
        ar = CArchive(file, mode, 128, allow="registered", **options)
        chaos.often = r.choice([0.02, 0.1, 0.3])
        run(ar, objects)


@pytest.mark.parametrize("part", range(SLICES))
def test_anything_anywhere(part: int) -> None:
    for number in range(part, PROGRAMS, SLICES):
        try:
            program(number)
        except Exception as error:
            error.add_note(f"program {number}")
            raise
