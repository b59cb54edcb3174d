"""Cases BF of the specification: the calls an archive makes on its file, and what it does at the ends."""

from collections.abc import Callable
from typing import Any

import pytest

from pysock import BYTE, DWORD, WORD, CArchive, CArchiveException, CMemFile, CObject, CString

LOAD, STORE = CArchive.load, CArchive.store


class LogFile:
    """Writes down what is asked of it; `pieces` are the sizes of its answers, then all there is."""

    def __init__(self, data: bytes = b"", pieces: tuple[int, ...] = (), blocking: bool = False) -> None:
        self.data, self.at, self.pieces, self.m_bBlocking = data, 0, list(pieces), blocking
        self.calls: list[str] = []

    def Read(self, n: int) -> bytes:
        got = self.data[self.at : self.at + min(n, self.pieces.pop(0) if self.pieces and n else n)]
        self.at += len(got)
        self.calls.append(f"Read({n})->{len(got)}")
        return got

    def Write(self, data: bytes) -> None:
        self.data += data
        self.calls.append(f"Write({len(data)})")

    def Seek(self, offset: int, origin: int) -> int:
        assert origin == 1
        self.at += offset
        self.calls.append(f"Seek({offset})")
        return self.at

    def GetFilePath(self) -> str:
        return "F.bin"


def storing(
    work: Callable[[CArchive], object], size: int = 128, *, faithful: bool = False, end: str = "Close"
) -> list[str]:
    file = LogFile()
    ar = CArchive(file, STORE, size, faithful=faithful)
    work(ar)
    getattr(ar, end)()
    assert ar.GetFile() is None
    return file.calls


@pytest.mark.parametrize("faithful", [False, True])
class TestStoring:
    def test_bf_01_scalars_fill_the_buffer(self, faithful: bool) -> None:
        def work(ar: CArchive) -> None:
            ar.Write(bytes(100))
            for i in range(8):
                ar.WriteDWORD(i)

        assert storing(work, faithful=faithful) == ["Write(128)", "Write(4)"]

    def test_bf_02_a_scalar_is_not_split(self, faithful: bool) -> None:
        assert storing(lambda ar: (ar.Write(bytes(126)), ar << DWORD(1)), faithful=faithful) == [
            "Write(126)",
            "Write(4)",
        ]

    def test_bf_03_whole_buffers_go_straight(self, faithful: bool) -> None:
        work: Any = lambda ar: (ar.Write(bytes(126)), ar.Write(bytes(300)))  # noqa: E731
        assert storing(work, faithful=faithful) == ["Write(128)", "Write(256)", "Write(42)"]

    def test_bf_04_never_less_than_128(self, faithful: bool) -> None:
        file = LogFile()
        ar = CArchive(file, STORE, 64, faithful=faithful)
        for _ in range(128):
            ar.WriteBYTE(1)
        assert file.calls == []
        ar.WriteBYTE(1)
        assert file.calls == ["Write(128)"]
        ar.Abort()

    def test_bf_05_nothing_stored(self, faithful: bool) -> None:
        assert storing(lambda ar: None, faithful=faithful) == []

    def test_bf_06_abort(self, faithful: bool) -> None:
        assert storing(lambda ar: ar << DWORD(1), faithful=faithful, end="Abort") == []

    def test_bf_17_the_rest_of_a_write(self, faithful: bool) -> None:
        calls = storing(lambda ar: (ar.Write(bytes(126)), ar.Write(bytes(4))), faithful=faithful)
        assert calls == (["Write(128)", "Write(0)", "Write(2)"] if faithful else ["Write(128)", "Write(2)"])


@pytest.mark.parametrize("faithful", [False, True])
class TestLoading:
    def test_bf_07_close_moves_the_file_back(self, faithful: bool) -> None:
        file = LogFile(bytes(100))
        ar = CArchive(file, LOAD, 128, faithful=faithful)
        ar.ReadDWORD()
        ar.Close()
        assert file.calls == ["Read(128)->100", "Seek(-96)"]
        assert file.at == 4

    def test_bf_08_blocking_asks_for_what_it_needs(self, faithful: bool) -> None:
        file = LogFile(bytes(100), blocking=True)
        ar = CArchive(file, LOAD, faithful=faithful)
        ar.ReadDWORD()
        ar.ReadWORD()
        assert file.calls == ["Read(4)->4", "Read(2)->2"]
        assert ar.IsBufferEmpty()

    def test_bf_09_blocking_in_pieces(self, faithful: bool) -> None:
        file = LogFile(bytes(4), (1, 3), blocking=True)
        CArchive(file, LOAD, faithful=faithful).ReadDWORD()
        assert file.calls == ["Read(4)->1", "Read(3)->3"]

    def test_bf_10_a_bulk_read(self, faithful: bool) -> None:
        file = LogFile(bytes(2000))
        ar = CArchive(file, LOAD, 128, faithful=faithful)
        assert len(ar.Read(1000)) == 1000
        assert file.calls == ["Read(896)->896", "Read(128)->128"]
        ar.Close()
        assert file.at == 1000

    def test_bf_11_a_bulk_read_that_blocks(self, faithful: bool) -> None:
        file = LogFile(bytes(2000), (500,), blocking=True)
        assert CArchive(file, LOAD, 128, faithful=faithful).Read(bytearray(1000)) == 1000
        assert file.calls == ["Read(896)->500", "Read(396)->396", "Read(104)->104"]

    def test_bf_19_a_small_bulk_read_that_blocks(self, faithful: bool) -> None:
        file = LogFile(bytes(2000), blocking=True)
        ar = CArchive(file, LOAD, 128, faithful=faithful)
        assert len(ar.Read(20)) == 20
        assert file.calls == (["Read(0)->0"] if faithful else []) + ["Read(20)->20"]
        assert ar.IsBufferEmpty()


def test_bf_12_dead_after_the_end_if_faithful() -> None:
    file = LogFile(b"\1\2")
    ar = CArchive(file, LOAD, 128, faithful=True)
    with pytest.raises(EOFError):
        ar.ReadDWORD()
    assert file.calls == ["Read(128)->2", "Read(126)->0"]
    file.data += b"\3\4"
    with pytest.raises(EOFError):
        ar.ReadDWORD()
    assert len(file.calls) == 2


def test_bf_13_alive_after_the_end_otherwise() -> None:
    file = LogFile(b"\1\2")
    ar = CArchive(file, LOAD, 128)
    with pytest.raises(EOFError):
        ar.ReadDWORD()
    file.data += b"\3\4"
    assert ar.ReadDWORD() == 0x04030201


def test_bf_18_a_bulk_read_revives() -> None:
    file = LogFile(b"\1\2")
    ar = CArchive(file, LOAD, 128, faithful=True)
    with pytest.raises(EOFError):
        ar.ReadDWORD()
    file.data += b"\3\4\5"
    assert ar.Read(5) == b"\1\2\3\4\5"
    with pytest.raises(EOFError):
        ar.ReadBYTE()
    assert file.calls[-1] == "Read(128)->0"


class CFoo(CObject, schema=1, registry=False):
    pass


@pytest.mark.parametrize(
    "call,cause",
    [
        pytest.param(lambda ar: ar >> WORD(), 4, id="BF-14"),
        pytest.param(lambda ar: ar.Read(0), 4, id="AR-224-Read"),
        pytest.param(lambda ar: ar.ReadCount(), 4, id="AR-224-ReadCount"),
        pytest.param(lambda ar: ar.ReadString(), 4, id="AR-224-ReadString"),
        pytest.param(lambda ar: ar.ReadLine(), 4, id="AR-224-ReadLine"),
        pytest.param(lambda ar: ar.ReadObject(), 4, id="AR-224-ReadObject"),
        pytest.param(lambda ar: ar.ReadCString(), 4, id="AR-224-ReadCString"),
        pytest.param(lambda ar: ar.read_array(WORD), 4, id="AR-224-read_array"),
        pytest.param(lambda ar: ar.ReadClass(CFoo), 1, id="BF-16-load"),
    ],
)
def test_loading_from_a_storing_archive(call: Callable[[CArchive], object], cause: int) -> None:
    file = LogFile()
    with CArchive(file, STORE) as ar:
        with pytest.raises(CArchiveException) as caught:
            call(ar)
        assert caught.value.m_cause == cause
        assert ar.offset == 0
    assert file.calls == []


@pytest.mark.parametrize(
    "call,cause",
    [
        pytest.param(lambda ar: ar << WORD(1), 2, id="BF-15"),
        pytest.param(lambda ar: ar.Write(b""), 2, id="AR-224-Write"),
        pytest.param(lambda ar: ar.WriteCount(1), 2, id="AR-224-WriteCount"),
        pytest.param(lambda ar: ar.WriteString("x"), 2, id="AR-224-WriteString"),
        pytest.param(lambda ar: ar.WriteString(""), 2, id="AR-224-WriteString-empty"),
        pytest.param(lambda ar: ar << None, 2, id="AR-224-null"),
        pytest.param(lambda ar: ar << CFoo(), 2, id="AR-224-WriteObject"),
        pytest.param(lambda ar: ar << CString("x"), 2, id="AR-224-WriteCString"),
        pytest.param(lambda ar: ar.write_array(WORD, b"\1\2"), 2, id="AR-224-write_array"),
        pytest.param(lambda ar: ar.WriteClass(CFoo), 1, id="BF-16-store"),
    ],
)
def test_storing_into_a_loading_archive(call: Callable[[CArchive], object], cause: int) -> None:
    file = LogFile(bytes(10))
    with CArchive(file, LOAD) as ar, pytest.raises(CArchiveException) as caught:
        call(ar)
    assert caught.value.m_cause == cause
    assert file.calls == []


@pytest.mark.parametrize("faithful", [False, True])
def test_bf_20_file_names_in_errors(faithful: bool) -> None:
    def name_of(data: bytes, call: Callable[[CArchive], object]) -> str:
        with pytest.raises(CArchiveException) as caught:
            call(CArchive(LogFile(data), LOAD, 128, faithful=faithful))
        name: str = caught.value.m_strFileName
        return name

    left_out = "" if faithful else "F.bin"  # AR-31: MFC leaves it out of some, pysock need not
    assert name_of(b"\1", lambda ar: ar.ReadDWORD()) == left_out
    assert name_of(b"\5ab", lambda ar: ar.ReadCString()) == left_out
    assert name_of(b"\5\0ab", lambda ar: ar.read_array(BYTE)) == left_out
    assert name_of(bytes(200), lambda ar: ar.FillBuffer(200)) == left_out
    assert name_of(b"\5\0", lambda ar: ar.ReadObject()) == "F.bin"
    assert name_of(b"\0", lambda ar: ar.Write(b"\1")) == "F.bin"


def test_ar_23_a_fill_that_cannot_be() -> None:
    ar = CArchive(CMemFile(bytes(200)), LOAD, 128)
    with pytest.raises(CArchiveException) as caught:
        ar.FillBuffer(200)
    assert caught.value.m_cause == CArchiveException.bufferFull
    assert ar.Read(200) == bytes(200)


def test_ar_5_a_buffer_of_the_caller() -> None:
    own = bytearray(256)
    file = LogFile()
    with CArchive(file, STORE, 256, own) as ar:
        ar.WriteDWORD(0x11223344)
        assert own[:4] == b"\x44\x33\x22\x11"
        with pytest.raises(BufferError):
            own.clear()
    own.clear()  # the archive has let go of it
    small = bytearray(64)
    with CArchive(LogFile(), STORE, 64, small) as ar:
        ar.WriteDWORD(0x11223344)
    assert small == bytes(64)


def test_ar_11_ar_12_ends() -> None:
    file = LogFile()
    ar = CArchive(file, STORE)
    ar.WriteBYTE(1)
    ar.Close()
    ar.Close()
    ar.Abort()
    assert file.calls == ["Write(1)"]
    calls = [ar.Flush, ar.__enter__, lambda: ar.WriteBYTE(1), lambda: ar << None, lambda: ar.Write(b"x")]
    for call in [*calls, lambda: ar.offset]:
        with pytest.raises(ValueError, match="closed"):
            call()


def test_ar_209_with_blocks() -> None:
    file = LogFile()
    with pytest.raises(KeyError), CArchive(file, STORE) as ar:
        ar.WriteBYTE(1)
        raise KeyError
    assert file.calls == []
    with CArchive(file, STORE) as ar:
        ar.WriteBYTE(1)
    assert file.calls == ["Write(1)"]


def test_ar_209_lost_bytes_are_told() -> None:
    ar = CArchive(LogFile(), STORE)
    ar.WriteDWORD(1)
    with pytest.warns(ResourceWarning, match="4 unflushed bytes"):
        del ar


def test_ar_15_flush_of_a_loading_archive() -> None:
    file = LogFile(bytes(range(100)))
    ar = CArchive(file, LOAD, 128)
    assert ar.ReadWORD() == 0x0100
    assert not ar.IsBufferEmpty()
    ar.Flush()
    assert file.at == 2 and ar.IsBufferEmpty()
    assert ar.ReadWORD() == 0x0302
    assert ar.offset == 4


def test_ar_17_the_marker_of_a_string_is_two_items() -> None:
    calls = storing(lambda ar: (ar.Write(bytes(127)), ar.WriteCStringW("ab")))
    assert calls == ["Write(128)", "Write(7)"]
