"""A file that uses its archive in the middle of a call, every way there is: it is told, and nothing is spoilt."""

from __future__ import annotations

import io
import threading
import time
from collections.abc import Callable
from random import Random
from typing import Any

import pytest

from pysock import (
    WORD,
    CArchive,
    CObArray,
    CObject,
    COleVariant,
    CRect,
    CString,
    CTime,
    ObjRef,
    Record,
    array_of,
    field,
    list_of,
)

LOAD, STORE = CArchive.load, CArchive.store


class Part(Record):
    x: int = field(WORD)


class Whole(CObject, schema=1):
    x: int = field(WORD)


Use = Callable[[CArchive], Any]
LOADING: dict[str, Use] = {
    "ReadWORD": lambda ar: ar.ReadWORD(),
    "read WORD": lambda ar: ar.read(WORD),
    ">> WORD": lambda ar: ar >> WORD(),
    "ReadCString": lambda ar: ar.ReadCString(),
    "read CTime": lambda ar: ar.read(CTime),
    ">> CTime": lambda ar: ar >> CTime(),
    "read CRect": lambda ar: ar.read(CRect),
    "read COleVariant": lambda ar: ar.read(COleVariant),
    "read list_of": lambda ar: ar.read(list_of(CString)),
    "read array_of": lambda ar: ar.read(array_of(WORD)),
    "read Record": lambda ar: ar.read(Part),
    "read CObject": lambda ar: ar.read(Whole),
    ">> ObjRef": lambda ar: ar >> ObjRef(Whole),
    "read_list": lambda ar: ar.read_list(WORD, 3),
    "read_list of records": lambda ar: ar.read_list(Part, 3),
    "read_columns": lambda ar: ar.read_columns(Part, 3),
    "read_array": lambda ar: ar.read_array(WORD, count=3),
    "read_array counted": lambda ar: ar.read_array(WORD),
    "read_array out": lambda ar: ar.read_array(WORD, out=bytearray(4), count=None),
    "ReadObject": lambda ar: ar.ReadObject(),
    "ReadClass": lambda ar: ar.ReadClass(),
    "SerializeClass": lambda ar: ar.SerializeClass(CObArray),
    "Serialize": lambda ar: CObArray().Serialize(ar),
    "declared Serialize": lambda ar: Whole().Serialize(ar),
    "ReadCount": lambda ar: ar.ReadCount(),
    "check_count": lambda ar: ar.check_count(5, 4),
    "ReadStringLength": lambda ar: ar.ReadStringLength(),
    "ReadString": lambda ar: ar.ReadString(),
    "ReadString box": lambda ar: ar.ReadString(CString()),
    "ReadString n": lambda ar: ar.ReadString(3),
    "ReadLine": lambda ar: ar.ReadLine(),
    "Read": lambda ar: ar.Read(3),
    "Read into": lambda ar: ar.Read(bytearray(3)),
    "EnsureRead": lambda ar: ar.EnsureRead(3),
    "EnsureRead into": lambda ar: ar.EnsureRead(bytearray(3)),
    "FillBuffer": lambda ar: ar.FillBuffer(3),
}
STORING: dict[str, Use] = {
    "WriteWORD": lambda ar: ar.WriteWORD(1),
    "<< WORD": lambda ar: ar << WORD(1),
    "<< str": lambda ar: ar << "x",
    "<< CTime": lambda ar: ar << CTime(1),
    "write": lambda ar: ar.write([1], array_of(WORD)),
    "write Record": lambda ar: ar.write(Part(x=1)),
    "write CObject": lambda ar: ar.write(Whole(x=1)),
    "write_list": lambda ar: ar.write_list([Part(x=1)]),
    "write_list of WORD": lambda ar: ar.write_list([1], WORD),
    "write_array": lambda ar: ar.write_array(WORD, b"ab"),
    "WriteObject": lambda ar: ar.WriteObject(Whole(x=1)),
    "WriteObject null": lambda ar: ar.WriteObject(None),
    "WriteClass": lambda ar: ar.WriteClass(CObArray),
    "SerializeClass": lambda ar: ar.SerializeClass(CObArray),
    "Serialize": lambda ar: CObArray().Serialize(ar),
    "declared Serialize": lambda ar: Whole().Serialize(ar),
    "WriteCount": lambda ar: ar.WriteCount(3),
    "WriteStringLength": lambda ar: ar.WriteStringLength(3),
    "WriteString": lambda ar: ar.WriteString("x"),
    "WriteCStringA": lambda ar: ar.WriteCStringA("\xe9"),
    "Write": lambda ar: ar.Write(b"x"),
    "Write nothing": lambda ar: ar.Write(b""),
}
BOTH: dict[str, Use] = {
    "Flush": lambda ar: ar.Flush(),
    "Close": lambda ar: ar.Close(),
    "begin": lambda ar: ar.begin(),
    "commit": lambda ar: ar.commit(),
    "rollback": lambda ar: ar.rollback(),
    "transaction": lambda ar: ar.transaction().__enter__(),
    "with": lambda ar: ar.__enter__(),
    "offset": lambda ar: ar.offset,
    "MapObject": lambda ar: ar.MapObject(Whole()),
}


class Meddler(io.RawIOBase):
    """Uses its archive in each of its calls, and keeps what it is told."""

    def __init__(self, use: Use, data: bytes = b"") -> None:
        super().__init__()
        self.use, self.data, self.told = use, io.BytesIO(data), []
        self.ar: Any = None

    def meddle(self) -> None:
        if self.ar is not None:
            with pytest.raises(RuntimeError, match="in the middle of a call on its file"):
                self.use(self.ar)
            self.told.append(True)

    def readable(self) -> bool:
        return True

    writable = seekable = readable

    def readinto(self, view: Any) -> int:
        self.meddle()
        return self.data.readinto(view)

    def write(self, data: Any) -> int:
        self.meddle()
        return self.data.write(data)

    def seek(self, *where: int) -> int:
        self.meddle()
        return self.data.seek(*where)


@pytest.mark.parametrize("read_ahead", [True, False])
@pytest.mark.parametrize("name", [*LOADING, *BOTH])
def test_while_loading(name: str, read_ahead: bool) -> None:
    data = bytes(range(256)) * 4
    file = Meddler({**LOADING, **BOTH}[name], data)
    ar = file.ar = CArchive(file, LOAD, 128, read_ahead=read_ahead)
    try:
        assert ar.ReadDWORD() == 0x03020100
        assert ar.Read(300) == data[4:304]
        assert ar.read_list(WORD, 50) == [data[i] | data[i + 1] << 8 for i in range(304, 404, 2)]
        assert ar.read(CRect) is not None and ar.offset == 420
        ar.Flush()
        assert len(file.told) > 3 and file.data.tell() == 420
    finally:
        file.ar = None
        ar.Abort()


@pytest.mark.parametrize("name", [*STORING, *BOTH])
def test_while_storing(name: str) -> None:
    file = Meddler({**STORING, **BOTH}[name])
    ar = file.ar = CArchive(file, STORE, 128)
    try:
        data = bytes(range(256)) * 4
        ar.Write(data)
        ar.write_list([Part(x=n) for n in range(100)])
        ar << "x" * 200
        ar.Flush()
        assert len(file.told) > 3
        assert file.data.getvalue() == data + b"".join(n.to_bytes(2, "little") for n in range(100)) + (
            b"\xff\xfe\xff\xc8" + b"x\0" * 200
        )
    finally:
        file.ar = None
        ar.Abort()


class Slow:
    """A file that lets other threads run."""

    def __init__(self, data: bytes = b"") -> None:
        self.data = io.BytesIO(data)

    def read(self, n: int) -> bytes:
        time.sleep(0)
        return self.data.read(min(n, 50))

    def write(self, data: bytes) -> int:
        time.sleep(0)
        return self.data.write(data)


@pytest.mark.parametrize("mode", [LOAD, STORE])
def test_threads_that_share_an_archive_against_the_rules(mode: int) -> None:
    """What comes of it means nothing, but the process lives, and they are told."""
    ar = CArchive(Slow(Random(1).randbytes(100_000)), mode, 128, allow="registered")
    uses = [*(LOADING if mode == LOAD else STORING).values(), ar.__class__.begin, ar.__class__.rollback]
    told = []

    def work(seed: int) -> None:
        random = Random(seed)
        for _ in range(400):
            try:
                random.choice(uses)(ar)
            except Exception as error:
                told.append(type(error))

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ar.Abort()
    assert RuntimeError in told


def test_names_are_those_of_the_archive() -> None:
    """Whatever is added to CArchive belongs in the lists above, or here: these do not use the file."""
    harmless = set(
        "Abort GetFile GetObjectSchema SetObjectSchema IsBufferEmpty IsByteSwapping IsLoading IsStoring SetLoadParams "
        "SetStoreParams lines".split()
    )
    used = {word for name in [*LOADING, *STORING, *BOTH] for word in name.split()}
    methods = {
        name for name in dir(CArchive) if not name.startswith("_") and callable(getattr(CArchive, name))
    }
    one_a_type = {name for name in methods if name.startswith(("Read", "Write"))}
    assert methods - one_a_type - used - harmless == set()
