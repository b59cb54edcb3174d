"""Files that keep, release or refuse what an archive lends them, and calls that are interrupted (AR-188, AR-214)."""

from __future__ import annotations

import io
import mmap
from pathlib import Path
from struct import Struct
from typing import Any

import pytest

from pysock import BYTE, WORD, CArchive, CFile, CFileException, CMemFile

LOAD, STORE = CArchive.load, CArchive.store
LONG = bytes(range(256)) * 4000  # 1 MB, more than is taken on trust at once


class Keeper(io.RawIOBase):
    """Keeps every view that it is lent, and is in no hurry."""

    def __init__(self, data: bytes) -> None:
        super().__init__()
        self.data, self.views = io.BytesIO(data), []

    def readable(self) -> bool:
        return True

    def readinto(self, view: Any) -> int:
        self.views.append(view)
        return self.data.readinto(view[:100_000])


@pytest.mark.parametrize(
    "load",
    [
        lambda ar: ar.Read(len(LONG)),
        lambda ar: ar.EnsureRead(len(LONG)),
        lambda ar: ar.read_array(BYTE, count=len(LONG)).tobytes(),
        lambda ar: ar.read_array(WORD, count=len(LONG) // 2).tobytes(),
        lambda ar: bytes(ar.read_array(Struct("<4s"), count=len(LONG) // 4)),
    ],
    ids=["Read", "EnsureRead", "bytes", "words", "structures"],
)
def test_ar_214_a_file_may_keep_what_it_was_lent(load: Any) -> None:
    """It must not hold memory that is no longer there, nor keep the archive from growing."""
    file = Keeper(LONG)
    ar = CArchive(file, LOAD)
    result = load(ar)
    assert result == LONG
    for view in file.views:
        view[:] = b"\xaa" * len(view)  # of memory that is its own by now, or the archive's, but nobody else's
    ar.Abort()
    assert result == LONG or not isinstance(result, bytes)


def test_ar_188_a_counted_string_from_a_file_that_keeps() -> None:
    file = Keeper(b"\xff\xff\xff" + len(LONG).to_bytes(4, "little") + LONG)
    assert len(CArchive(file, LOAD).ReadCStringA()) == len(LONG)


class Interrupted(io.RawIOBase):
    """Gives a little at a time; one of its reads raises."""

    def __init__(self, data: bytes, piece: int, bad: int) -> None:
        super().__init__()
        self.data, self.piece, self.bad = io.BytesIO(data), piece, bad

    def readable(self) -> bool:
        return True

    def readinto(self, view: Any) -> int:
        self.bad -= 1
        if self.bad == 0:
            raise InterruptedError
        return self.data.readinto(view[: self.piece])


@pytest.mark.parametrize("read_ahead", [True, False])
@pytest.mark.parametrize("bad", range(1, 40))
@pytest.mark.parametrize(
    "load",
    [
        lambda ar: ar.Read(300),
        lambda ar: ar.Read(bytearray(100)),
        lambda ar: ar.read_array(BYTE, count=300),
        lambda ar: ar.ReadCString(),
        lambda ar: ar.ReadString(),
        lambda ar: ar.FillBuffer(90),
    ],
    ids="Read into array text line fill".split(),
)
def test_ar_24_after_a_read_that_raised(load: Any, bad: int, read_ahead: bool) -> None:
    """The archive goes on where it says. Its window is what came: a shorter one made the next read run over memory."""
    data = b"\xc8" + bytes(range(65, 91)) * 40
    ar = CArchive(Interrupted(data, 7, bad), LOAD, 128, unicode=False, read_ahead=read_ahead)
    for _ in range(3):
        try:
            load(ar)
        except InterruptedError:
            break
    ar.GetFile().bad, at = 0, ar.offset
    for n in (4, 1, 150, 2, 300):
        assert ar.Read(n) == data[at : at + n] and ar.offset == min(at + n, len(data))
        at = ar.offset


class Seeker(io.BytesIO):
    """Says how long it is only when it is asked a second time."""

    interrupted = False

    def readinto(self, view: Any) -> int:  # no matter of BufferedReader
        return super().readinto(view)

    def seek(self, offset: int, whence: int = 0) -> int:
        where = super().seek(offset, whence)
        if whence == 2 and not self.interrupted:
            self.interrupted = True
            raise KeyboardInterrupt
        return where


def test_ar_187_who_asks_for_the_length_puts_the_position_back_when_interrupted() -> None:
    ar = CArchive(Seeker(LONG), LOAD)
    with pytest.raises(KeyboardInterrupt):
        ar.read_array(BYTE, count=500_000)
    assert ar.read_array(BYTE, count=500_000).tobytes() == LONG[:500_000]


def test_storing_into_mapped_memory() -> None:
    with mmap.mmap(-1, 4096) as mapped:
        with CArchive(mapped, STORE) as ar:
            ar.WriteDWORD(7)
            ar.Write(b"x" * 1000)
        assert mapped[:1005] == b"\7\0\0\0" + b"x" * 1000 + b"\0" and mapped.tell() == 1004


def test_a_file_that_takes_nothing_says_so() -> None:
    class Full(io.BytesIO):
        name = "full.bin"

        def write(self, data: Any) -> int:
            return 0

    ar = CArchive(Full(), STORE)
    ar.WriteDWORD(7)
    with pytest.raises(CFileException, match=r"diskFull: write \(0 of 4 bytes taken\) 'full.bin': no room"):
        ar.Close()
    ar.Abort()


@pytest.mark.parametrize("shape", [(0,), (0, 4), (3, 0)])
def test_arrays_without_elements(tmp_path: Path, shape: tuple[int, ...]) -> None:
    numpy = pytest.importorskip("numpy")
    empty = numpy.zeros(shape, "<i4")
    with CFile(tmp_path / "f", CFile.modeCreate | CFile.modeReadWrite) as file:
        file.Write(empty)
        assert file.ReadInto(empty) == 0 and file.GetLength() == 0
        with CArchive(file, STORE) as ar:
            ar.Write(empty)
    with CArchive(CMemFile(b"x"), LOAD) as ar:
        assert ar.Read(empty) == 0


def test_a_number_of_characters_below_all() -> None:
    assert CArchive(b"ab\ncd", LOAD, unicode=False).ReadString(-(2**70)) == "ab\n"


@pytest.mark.parametrize(
    "kind, say",
    [(int, "LONG"), (bool, "bool_"), (float, "DOUBLE"), (str, "CString"), (bytes, "raw"), (list, "array_of")],
)
def test_ar_197_types_of_python_are_no_wire_types(kind: type, say: str) -> None:
    for work in (
        lambda: CArchive(b"", LOAD).read(kind),
        lambda: CArchive(b"", LOAD).read_list(kind, 0),
        lambda: CArchive(CMemFile(), STORE).write(1, kind),
    ):
        with pytest.raises(TypeError, match=f"not a wire type; say .*{say}"):
            work()


def test_a_subclass_that_forgets_to_call_init() -> None:
    class Mine(CArchive):
        def __init__(self) -> None:
            pass

    ar = Mine()
    assert ar.closed and (ar.encoding, ar.errors) == ("cp1252", "strict")
    ar.errors = "replace"
    for work in (ar.ReadBYTE, ar.ReadString, ar.begin, ar.Flush):
        with pytest.raises(ValueError, match="closed"):
            work()
    ar.Close()
