"""An archive over every kind of file, and over files that misbehave."""

from __future__ import annotations

import io
import mmap
import os
import threading
from array import array
from pathlib import Path
from typing import Any

import pytest

from pysock import CArchive, CFile, CInvalidArgException, CMemFile

LOAD, STORE = CArchive.load, CArchive.store


def fill(ar: CArchive) -> None:
    ar.WriteWORD(0x1234)
    ar.WriteCString("text")
    ar.Write(b"ab" * 5000)
    ar.WriteDWORD(7)


def check(ar: CArchive) -> None:
    assert ar.ReadWORD() == 0x1234
    assert ar.ReadCString() == "text"
    assert ar.Read(10000) == b"ab" * 5000
    assert ar.ReadDWORD() == 7
    assert ar.Read(1) == b""
    with pytest.raises(EOFError):
        ar.ReadBYTE()


def stored() -> bytes:
    file = CMemFile()
    with CArchive(file, STORE) as ar:
        fill(ar)
    data: bytes = file.getvalue()
    return data


DATA = stored()


@pytest.mark.parametrize(
    "make", [bytes, bytearray, memoryview, CMemFile, io.BytesIO, lambda d: array("B", d)]
)
@pytest.mark.parametrize("read_ahead", [True, False])
def test_loading_from_memory(make: Any, read_ahead: bool) -> None:
    with CArchive(make(DATA), LOAD, read_ahead=read_ahead) as ar:
        check(ar)


def test_files_of_python_and_of_mfc(tmp_path: Path) -> None:
    path = tmp_path / "data.bin"
    for buffering in (-1, 0):
        with open(path, "wb", buffering=buffering) as file, CArchive(file, STORE) as ar:
            fill(ar)
            assert ar.m_strFileName == str(path)
        assert path.read_bytes() == DATA
        with open(path, "rb", buffering=buffering) as file, CArchive(file, LOAD) as ar:
            check(ar)
        with open(path, "rb", buffering=buffering) as file:
            with CArchive(file, LOAD) as ar:
                ar.ReadWORD()
            assert file.tell() == 2  # AR-15
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        with CArchive(mapped, LOAD) as ar:
            check(ar)
    mine = CFile(path, CFile.modeRead)
    with CArchive(mine, LOAD) as ar:
        check(ar)
    mine.Close()
    mine = CFile(path, CFile.modeCreate | CFile.modeWrite)
    with CArchive(mine, STORE) as ar:
        fill(ar)
    mine.Close()
    assert path.read_bytes() == DATA


def test_a_pipe_is_never_read_ahead() -> None:
    r, w = os.pipe()
    writer = threading.Thread(target=lambda: os.write(w, DATA))
    writer.start()
    with open(r, "rb", buffering=0) as raw:
        ar = CArchive(raw, LOAD)
        assert ar.ReadWORD() == 0x1234
        ar.Close()  # nothing to give back
        ar = CArchive(raw, LOAD)
        assert ar.ReadCString() == "text"
        assert len(ar.Read(10000)) == 10000
        assert ar.ReadDWORD() == 7
        ar.Close()
    writer.join()
    os.close(w)


def test_a_file_that_takes_little_at_a_time() -> None:
    class Raw(io.RawIOBase):
        def __init__(self) -> None:
            self.data = bytearray()

        def writable(self) -> bool:
            return True

        def write(self, data: Any) -> int:
            self.data += bytes(data)[:100]
            return min(len(data), 100)

    raw = Raw()
    with CArchive(raw, STORE) as ar:
        fill(ar)
    assert raw.data == DATA


def test_what_is_not_a_file() -> None:
    for nothing in ("name", Path("name"), io.StringIO(), 5, object()):
        for mode in (LOAD, STORE):
            with pytest.raises(TypeError):
                CArchive(nothing, mode)
    for mode in (LOAD, STORE):
        with pytest.raises(CInvalidArgException):
            CArchive(None, mode)  # AR-2
    with pytest.raises(TypeError, match="CMemFile"):
        CArchive(bytearray(10), STORE)


@pytest.mark.parametrize(
    "options",
    [
        {"profile": "mfc5"},
        {"bits": 16},
        {"map_order": "x"},
        {"max_string": -1},
        {"max_count": "many"},
        {"allow": "all"},
        {"allow": [int]},
        {"errors": "nonsense"},
        {"encoding": "nonsense"},
        {"registry": {}},
    ],
)
def test_settings_that_do_not_exist(options: dict[str, Any]) -> None:
    with pytest.raises((ValueError, TypeError, LookupError)):
        CArchive(b"", LOAD, **options)
    with pytest.raises(ValueError):
        CArchive(b"", 8)


class Reader:
    """Answers what it is told to."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)

    def readinto(self, buffer: Any) -> Any:
        answer = self.answers.pop(0)
        if isinstance(answer, BaseException):
            raise type(answer)(*answer.args)  # a raised exception keeps the frames it went through
        return answer(buffer) if callable(answer) else answer

    def seek(self, offset: int, origin: int = 0) -> int:
        return 0


class Shouting(int):
    def __le__(self, other: Any) -> bool:
        return True

    __ge__ = __lt__ = __gt__ = __le__


@pytest.mark.parametrize(
    "answer,raised",
    [
        (50000, ValueError),
        (-1, ValueError),
        (2**70, ValueError),
        (Shouting(50000), ValueError),
        ("4", TypeError),
        (4.0, TypeError),
        (None, BlockingIOError),
        (OSError(5, "broken"), OSError),
        (KeyboardInterrupt(), KeyboardInterrupt),
    ],
    ids=str,
)
def test_nonsense_from_readinto(answer: Any, raised: type[BaseException]) -> None:
    for call in (CArchive.ReadDWORD, lambda ar: ar.Read(10), lambda ar: ar.Read(20000), CArchive.ReadLine):
        ar = CArchive(Reader(answer, 0), LOAD)
        with pytest.raises(raised):
            call(ar)
        assert ar.Read(1) == b""  # the archive is still in order
        ar.Abort()


@pytest.mark.parametrize("answer", [b"x" * 5000, "text", 5, [1, 2]], ids=repr)
def test_nonsense_from_read(answer: Any) -> None:
    class File:
        def Read(self, n: int) -> Any:
            return answer

    ar = CArchive(File(), LOAD)
    with pytest.raises((TypeError, ValueError)):
        ar.ReadDWORD()
    ar.Abort()


@pytest.mark.parametrize("answer", [5000, -1, "x", 2.0], ids=repr)
def test_nonsense_from_write(answer: Any) -> None:
    class File:
        def write(self, data: bytes) -> Any:
            return answer

    ar = CArchive(File(), STORE)
    ar.WriteDWORD(1)
    with pytest.raises((TypeError, ValueError)):
        ar.Flush()
    ar.Abort()


def test_a_file_without_room() -> None:
    class File:
        def write(self, data: bytes) -> int:
            return 0

    ar = CArchive(File(), STORE)
    ar.WriteDWORD(1)
    with pytest.raises(OSError, match="diskFull"):
        ar.Flush()
    ar.Abort()


def test_a_failed_write_keeps_what_was_stored() -> None:
    class File:
        broken = True
        data = b""

        def write(self, data: bytes) -> int:
            if self.broken:
                raise OSError("no")
            self.data += data
            return len(data)

    file = File()
    ar = CArchive(file, STORE, 128)
    ar.Write(bytes(126))
    for _ in range(2):
        with pytest.raises(OSError):
            ar.WriteDWORD(5)
    file.broken = False
    ar.WriteDWORD(5)
    ar.Close()
    assert file.data == bytes(126) + b"\5\0\0\0"


def test_what_a_failed_write_took_is_not_written_again() -> None:
    class Raw(io.RawIOBase):
        data, full = b"", True

        def write(self, data: Any) -> int | None:
            if len(data) > 5:
                self.data += bytes(data[:5])
                return 5
            if self.full:
                return None  # as a non-blocking file does
            self.data += bytes(data)
            return len(data)

    raw = Raw()
    ar = CArchive(raw, STORE)
    ar.Write(b"abcdefgh")
    with pytest.raises(BlockingIOError) as caught:
        ar.Flush()
    assert caught.value.characters_written == 5
    raw.full = False
    ar.Write(b"ij")
    ar.Close()
    assert raw.data == b"abcdefghij"


def test_a_with_block_whose_close_fails_still_ends() -> None:
    class File:
        def write(self, data: bytes) -> int:
            raise OSError("no")

    with pytest.raises(OSError), CArchive(File(), STORE) as ar:
        ar.WriteBYTE(1)
    assert ar.closed


class TestTheFileUsesTheArchive:
    """A call on the file may come back to the archive: refused, never a wild pointer."""

    def test_loading(self) -> None:
        seen = []

        def inside(buffer: memoryview) -> int:
            for call in (
                ar.ReadBYTE,
                ar.Close,
                ar.Flush,
                lambda: ar.Read(1),
                lambda: ar.offset,
                ar.ReadObject,
            ):
                with pytest.raises(RuntimeError, match="in the middle"):
                    call()
                seen.append(call)
            buffer[:4] = b"\1\0\0\0"
            return 4

        ar = CArchive(Reader(inside), LOAD)
        assert ar.ReadDWORD() == 1
        assert len(seen) == 6

    def test_storing(self) -> None:
        class File:
            def write(self, data: bytes) -> int:
                for call in (
                    lambda: ar.WriteBYTE(1),
                    ar.Close,
                    lambda: ar << None,
                    lambda: ar.Write(b"x" * 9000),
                ):
                    with pytest.raises(RuntimeError, match="in the middle"):
                        call()
                return len(data)

        ar = CArchive(File(), STORE)
        ar.WriteBYTE(1)
        ar.Close()

    @pytest.mark.parametrize("n", [4, 100, 20000])
    def test_abort(self, n: int) -> None:
        def inside(buffer: memoryview) -> int:
            ar.Abort()
            buffer[:] = bytes(len(buffer))
            return len(buffer)

        ar = CArchive(Reader(inside), LOAD)
        with pytest.raises(ValueError, match="closed"):
            ar.Read(n)
        assert ar.closed

    def test_abort_in_read(self) -> None:
        class File:
            def Read(self, n: int) -> bytes:
                ar.Abort()
                return bytes(n)

        ar = CArchive(File(), LOAD)
        with pytest.raises(ValueError, match="closed"):
            ar.ReadDWORD()

    def test_keeping_the_buffer(self) -> None:
        kept = []

        def inside(buffer: memoryview) -> int:
            kept.append(buffer)
            buffer[:2] = b"\1\2"
            return 2

        ar = CArchive(Reader(inside, 0), LOAD)
        assert ar.ReadWORD() == 0x0201
        with pytest.raises(BufferError):
            kept[0].obj.clear()
        ar.Abort()
        del ar
        kept[0][:] = bytes(len(kept[0]))  # memory that is still there

    def test_another_thread(self) -> None:
        entered, leave = threading.Event(), threading.Event()

        def inside(buffer: memoryview) -> int:
            entered.set()
            assert leave.wait(10)
            buffer[:1] = b"\7"
            return 1

        ar = CArchive(Reader(inside), LOAD)
        got: list[int] = []
        thread = threading.Thread(target=lambda: got.append(ar.ReadBYTE()))
        thread.start()
        assert entered.wait(10)
        with pytest.raises(RuntimeError, match="thread"):
            ar.ReadBYTE()
        leave.set()
        thread.join()
        assert got == [7]


def test_a_buffer_under_an_archive_cannot_shrink() -> None:
    data = bytearray(b"\1\0\2\0")
    ar = CArchive(data, LOAD)
    assert ar.ReadWORD() == 1
    with pytest.raises(BufferError):
        data.clear()
    assert ar.ReadWORD() == 2
    ar.Close()
    data.clear()


def test_a_codec_that_closes_the_archive() -> None:
    import codecs

    archives = []

    def handler(error: UnicodeError) -> tuple[str, int]:
        archives.pop().Abort()  # the registry of codecs keeps this function for ever
        assert isinstance(error, UnicodeDecodeError)
        return "?", error.end

    codecs.register_error("pysock-test-abort", handler)
    ar = CArchive(CMemFile(b"\2\x81\xff\1\0"), LOAD, encoding="cp932", errors="pysock-test-abort")
    archives.append(ar)
    assert ar.ReadCStringA().startswith("?")
    with pytest.raises(ValueError, match="closed"):
        ar.ReadWORD()


def test_a_subclass_of_the_memory_file_is_asked() -> None:
    class Counting(CMemFile):
        reads = writes = 0

        def Read(self, n: int) -> bytes:
            self.reads += 1
            data: bytes = super().Read(n)
            return data

        def Write(self, data: Any) -> None:
            self.writes += 1
            super().Write(data)

    file = Counting()
    with CArchive(file, STORE) as ar:
        fill(ar)
    assert file.writes > 1 and file.getvalue() == DATA
    file.Seek(0, 0)
    with CArchive(file, LOAD) as ar:
        check(ar)
    assert file.reads > 1


def test_an_archive_that_was_never_opened() -> None:
    ar = CArchive.__new__(CArchive)
    for call in (ar.ReadBYTE, lambda: ar.WriteBYTE(1), ar.Flush, lambda: ar.ReadObject(), lambda: ar << None):
        with pytest.raises(ValueError, match="closed"):
            call()
    ar.Close()
    assert ar.closed and ar.GetFile() is None
    ar = CArchive(b"\1", LOAD)
    with pytest.raises(RuntimeError):
        ar.__init__(b"\2", LOAD)  # type: ignore[misc]
    assert ar.ReadBYTE() == 1


def test_ar_3_fields() -> None:
    ar = CArchive(CMemFile(), STORE | CArchive.bNoByteSwap)
    assert (ar.m_strFileName, ar.m_pDocument, ar.m_bForceFlat, ar.m_nMode) == ("", None, True, 4)
    assert ar.IsStoring() and not ar.IsLoading() and not ar.IsByteSwapping()
    ar.m_pDocument = document = object()
    assert ar.m_pDocument is document
    ar.Abort()


def test_ar_27_a_file_that_holds_bytes_itself() -> None:
    class File:
        unread = 3
        m_bBlocking = True

        def Read(self, n: int) -> bytes:
            return bytes(n)

        def GetUnread(self) -> int:
            return self.unread

    file = File()
    ar = CArchive(file, LOAD)
    assert not ar.IsBufferEmpty()
    file.unread = 0
    assert ar.IsBufferEmpty()
