"""Hostile inputs of at most 1 MiB, made by hand: each must load or fail within 64 MiB and 2 seconds
(section 9).

`python -m tests.vectors.bombs` loads each in a process of its own whose address space may grow by 64 MiB
only, and
prints a line of JSON for it: its name, what happened, the seconds of CPU time.
"""

from __future__ import annotations

import io
import json
import os
import random
import resource
import struct
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import pysock
from pysock import CArchive, CMemFile, CObject

MiB = 1 << 20
EXTRA = 64 * MiB
COLLECTIONS = [
    "CByteArray", "CWordArray", "CDWordArray", "CStringArray", "CObArray",
    "CStringList", "CObList", "CMapWordToOb", "CMapStringToOb", "CMapStringToString",
]  # fmt: skip


class CBombLeaf(CObject, schema=1):
    def Serialize(self, ar: CArchive) -> None:
        pass


class CBombNode(CObject, schema=1):
    next: Any = None

    def Serialize(self, ar: CArchive) -> None:
        if ar.IsLoading():
            self.next = ar.ReadObject()
        else:
            ar.WriteObject(self.next)


class Unseekable(io.RawIOBase):
    """A stream that does not say how long it is, as a pipe."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        n = min(len(buffer), len(self.data) - self.at, 65536)
        buffer[:n] = self.data[self.at : self.at + n]
        self.at += n
        return n


SOURCES: dict[str, Callable[[bytes], Any]] = {
    "bytes": lambda data: data,
    "file": io.BytesIO,
    "memfile": CMemFile,
    "stream": Unseekable,
}
Loader = Callable[[CArchive], object]
Bomb = tuple[str, bytes, Loader]


def padded(head: bytes) -> Iterator[tuple[str, bytes]]:
    yield "alone", head
    yield "little", head + b"A" * 16
    yield "full", (head + b"A" * MiB)[:MiB]


def lengths(mark: bytes) -> Iterator[tuple[str, bytes]]:
    """A string's length that is not there, in every form (AR-52, AR-56)."""
    for n in (0x7FFE, 0xFFFD):
        yield f"word-{n:x}", mark + b"\xff" + struct.pack("<H", n)
    for n in (0xFFFE, 0x100000, 0x1000001, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE):
        yield f"dword-{n:x}", mark + b"\xff\xff\xff" + struct.pack("<I", n)
    for n in (0xFFFFFFFF, 1 << 32, (1 << 32) + 3, 1 << 40, (1 << 63) - 1, 1 << 63, (1 << 64) - 1):
        yield f"qword-{n:x}", mark + b"\xff\xff\xff\xff\xff\xff\xff" + struct.pack("<Q", n)


def counts() -> Iterator[tuple[str, bytes]]:
    """A collection's count that is not there, in every form (AR-70)."""
    yield "word-fffe", b"\xfe\xff"
    for n in (0xFFFF, 0x100000, 0x1000000, 0x1000001, 0x7FFFFFFF, 0xFFFFFFFE):
        yield f"dword-{n:x}", b"\xff\xff" + struct.pack("<I", n)
    for n in (
        0xFFFFFFFF,
        1 << 32,
        1 << 40,
        (1 << 61) + 1,
        (1 << 62) + 1,
        (1 << 63) - 1,
        1 << 63,
        (1 << 64) - 1,
    ):
        yield f"qword-{n:x}", b"\xff\xff\xff\xff\xff\xff" + struct.pack("<Q", n)


def class_record(name: str, schema: int = 0) -> bytes:
    return b"\xff\xff" + struct.pack("<HH", schema, len(name)) + name.encode()


def reads(name: str) -> Loader:
    return lambda ar: ar.read(getattr(pysock, name))


def any_object(ar: CArchive) -> object:
    return ar.ReadObject(None)


def collection(name: str) -> Loader:
    def load(ar: CArchive) -> object:
        c = getattr(pysock, name)()
        c.Serialize(ar)
        return c

    return load


def arrays(name: str) -> Loader:
    return lambda ar: ar.read_array(getattr(pysock, name))


def announced() -> Iterator[Bomb]:
    """Sizes that the stream announces and does not hold."""
    for form, head in [*lengths(b""), *((f"wide-{f}", h) for f, h in lengths(b"\xff\xfe\xff"))]:
        for fill, data in padded(head):
            for name in ("CString", "CStringA", "CStringW"):
                yield f"{name}-{form}-{fill}", data, reads(name)
    for form, head in counts():
        for fill, data in padded(head):
            for name in COLLECTIONS:
                yield f"{name}-{form}-{fill}", data, collection(name)
                if fill == "full":
                    yield f"{name}-object-{form}", (class_record(name) + data)[:MiB], any_object
            for name in ("BYTE", "WORD", "DOUBLE"):
                yield f"read_array-{name}-{form}-{fill}", data, arrays(name)
    for n in (0x10000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF):
        for fill, data in padded(struct.pack("<I", n)):
            yield f"CComBSTR-{n:x}-{fill}", data, reads("CComBSTR")
            yield f"COleVariant-BSTR-{n:x}-{fill}", b"\x08\0" + data[: MiB - 2], reads("COleVariant")


def floods() -> Iterator[Bomb]:
    """A megabyte that really holds as many things as it can."""
    head = class_record("CBombLeaf", 1)
    many = (MiB - 64) // 2

    def all_objects(ar: CArchive) -> object:
        return [ar.ReadObject(None) for _ in range(many)]

    yield "objects-of-two-bytes", head + b"\x01\x80" * many, all_objects
    count = b"\xff\xff" + struct.pack("<I", many)
    for name in ("CObArray", "CObList"):
        yield f"{name}-of-two-byte-objects", count + head + b"\x01\x80" * (many - 8), collection(name)
        yield f"{name}-of-nulls", count + b"\0\0" * many, collection(name)
    for name in COLLECTIONS:  # an array of empty collections: four bytes each
        n = (MiB - 64) // 4
        data = b"\xff\xff" + struct.pack("<I", n) + class_record(name) + b"\0\0" + b"\x01\x80\0\0" * (n - 1)
        yield f"CObArray-of-empty-{name}", data, collection("CObArray")
        yield f"{name}-nested", class_record(name) + b"\x01\0\x01\x80" * (MiB // 4 - 8), any_object
    for name in ("CStringArray", "CStringList"):
        n = MiB - 16
        yield f"{name}-of-empty-strings", b"\xff\xff" + struct.pack("<I", n) + bytes(n), collection(name)
        n = (MiB - 16) // 2
        letters = bytes(x for i in range(n) for x in (1, 1 + i % 255))
        yield f"{name}-of-one-letter-strings", b"\xff\xff" + struct.pack("<I", n) + letters, collection(name)
        n = (MiB - 16) // 6
        wide = b"".join(b"\xff\xfe\xff\x01" + struct.pack("<H", 0x3000 + i % 0x8000) for i in range(n))
        yield f"{name}-of-wide-strings", b"\xff\xff" + struct.pack("<I", n) + wide, collection(name)
    words = b"".join(struct.pack("<HH", i, 0) for i in range(0xFFFF))
    yield (
        "CMapWordToOb-of-all-words",
        b"\xff\xff" + struct.pack("<I", 0xFFFF) + words,
        collection("CMapWordToOb"),
    )
    keys = [b"\x03" + i.to_bytes(3, "little") for i in range(MiB // 5 - 4)]
    body = b"".join(k + b"\0" for k in keys)
    yield (
        "CMapStringToString-of-many-keys",
        b"\xff\xff" + struct.pack("<I", len(keys)) + body,
        collection("CMapStringToString"),
    )
    keys = keys[: MiB // 6 - 4]
    body = b"".join(k + b"\0\0" for k in keys)
    yield (
        "CMapStringToOb-of-many-keys",
        b"\xff\xff" + struct.pack("<I", len(keys)) + body,
        collection("CMapStringToOb"),
    )
    yield (
        "CByteArray-of-a-megabyte",
        b"\xff\xff" + struct.pack("<I", MiB - 6) + bytes(MiB - 6),
        collection("CByteArray"),
    )
    yield (
        "text-of-a-megabyte",
        b"\xff\xff\xff" + struct.pack("<I", MiB - 7) + b"A" * (MiB - 7),
        reads("CString"),
    )
    yield "records-of-one-class", b"".join([class_record("CByteArray") + b"\0\0"] * (MiB // 18)), all_objects
    yield "nodes-in-a-chain", class_record("CBombNode", 1) + b"\x01\x80" * many, any_object
    for what in ("ReadString", "ReadLine"):
        yield f"{what}-without-newline", b"A" * MiB, lambda ar, what=what: getattr(ar, what)()
        yield f"{what}-of-nothing-but-newlines", b"\n\0" * (MiB // 2), lambda ar: list(ar.lines())


def noise() -> Iterator[Bomb]:
    rng = random.Random(1)
    loaders = {"object": any_object, **{c: collection(c) for c in COLLECTIONS}, "text": reads("CString")}
    for i in range(8):
        data = rng.randbytes(MiB)
        if i % 2:
            data = bytes(rng.choice(b"\0\1\2\xff\xfe\x7f\x80") for _ in range(1 << 16)) * 16
        for what, loader in loaders.items():
            yield f"noise-{what}-{i}", data, loader


def bombs() -> Iterator[Bomb]:
    yield from announced()
    yield from floods()
    yield from noise()


def attempt(loader: Loader, source: Any) -> str:
    ar = CArchive(source, CArchive.load, allow="registered", unicode=True)
    try:
        loader(ar)
    except pysock.CException as e:
        return type(e).__name__
    except BaseException as e:
        return f"FOREIGN {type(e).__name__}: {e}"
    return "loaded"


def address_space() -> int:
    with open("/proc/self/statm") as f:
        return int(f.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")


def in_a_small_process(data: bytes, loader: Loader, kind: str) -> tuple[str, float]:
    """Result and CPU seconds, in a child that may not take more than EXTRA."""
    out, into = os.pipe()
    child = os.fork()
    if child == 0:
        result, started = "FOREIGN nothing reported", time.process_time()
        try:
            source = SOURCES[kind](data)
            limit = address_space() + EXTRA
            resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
            started = time.process_time()
            result = attempt(loader, source)
        finally:
            os.write(into, f"{time.process_time() - started:.3f} {result[:300]}".encode())
            os._exit(0)
    os.close(into)
    with os.fdopen(out, "rb") as f:
        told = f.read().decode()
    _, status = os.waitpid(child, 0)
    if status or not told:
        return f"FOREIGN died with status {status}", 0.0
    seconds, _, result = told.partition(" ")
    return result, float(seconds)


def main() -> None:
    attempt(any_object, class_record("CByteArray") + b"\0\0")  # what is imported late is not the bomb's
    for i, (name, data, loader) in enumerate(bombs()):
        assert len(data) <= MiB, (name, len(data))
        for kind in SOURCES if i % 16 == 0 or len(data) < MiB else ("bytes", "stream"):
            result, seconds = in_a_small_process(data, loader, kind)
            print(json.dumps([f"{name}-{kind}", result, seconds]))
    sys.stdout.flush()


if __name__ == "__main__":
    main()
