"""CMemFile: growth, attached buffers, seeking, what it cannot do (AR-37)."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pysock import (
    CArchive,
    CFile,
    CFileException,
    CMemFile,
    CMemoryException,
    CNotSupportedException,
)


def cause_of(call: Callable[[], object]) -> str:
    with pytest.raises(CFileException) as caught:
        call()
    return str(caught.value.cause_name)


def test_is_a_cfile() -> None:
    file = CMemFile()
    assert isinstance(file, CFile)
    assert (file.GetFilePath(), file.GetFileName(), file.m_hFile) == ("", "", CFile.hFileNull)
    assert (file.GetLength(), file.GetPosition(), file.getvalue()) == (0, 0, b"")
    file.SetFilePath("name.bin")
    assert file.GetFileTitle() == "name"
    assert file.GetStatus().m_size == 0
    file.Write(b"12345")
    assert file.GetStatus().m_size == 5
    assert repr(file) == "<CMemFile of 5 bytes at 5>"


def test_write_read_seek() -> None:
    with CMemFile() as file:
        file.Write(b"hello")
        file.Write(memoryview(b" world"))
        assert (file.GetLength(), file.GetPosition()) == (11, 11)
        assert file.Seek(-5, CFile.end) == 6
        assert file.Read(100) == b"world" and file.Read(1) == b""
        file.SeekToBegin()
        room = bytearray(4)
        assert file.ReadInto(room) == 4 and room == b"hell"
        assert file.Seek(1, CFile.current) == 5
        file.Write(b"-")
        assert file.getvalue() == b"hello-world"
        assert file.SeekToEnd() == 11 and file.ReadInto(room) == 0
        file.Flush()
        assert file.getvalue() == b"hello-world"


def test_seeks_as_mfc9() -> None:
    file = CMemFile()
    file.Write(b"\1\2")
    assert file.Seek(5000, CFile.begin) == 5000
    assert (file.GetPosition(), file.GetLength()) == (5000, 2)
    assert file.Read(1) == b""
    assert cause_of(lambda: file.Seek(3, CFile.end)) == "badSeek"
    assert cause_of(lambda: file.Seek(-1, CFile.begin)) == "badSeek"
    assert cause_of(lambda: file.Seek(-5001, CFile.current)) == "badSeek"
    assert cause_of(lambda: file.Seek(-3, CFile.end)) == "badSeek"
    assert file.GetPosition() == 5000
    assert file.Seek(7, 3) == 5000, "an unknown origin is ignored"
    assert file.Seek(0, CFile.end) == 2


def test_gaps_are_zeros() -> None:
    file = CMemFile()
    file.Write(b"123456")
    file.SetLength(2)
    file.Seek(4, CFile.begin)
    file.Write(b"!")
    assert file.getvalue() == b"12\0\0!"
    file.SetLength(1)
    file.SetLength(4)
    assert file.getvalue() == b"1\0\0\0"


def test_set_length_and_position() -> None:
    file = CMemFile()
    file.Write(b"123456")
    file.SetLength(3)
    assert (file.GetLength(), file.GetPosition()) == (3, 3)
    file.SetLength(8)
    assert (file.GetLength(), file.GetPosition()) == (8, 3)


@pytest.mark.parametrize("source", [bytearray(b"123"), b"123", memoryview(bytearray(b"123"))], ids=repr)
def test_fixed_buffer(source: bytes | bytearray | memoryview) -> None:
    file = CMemFile(source, 3)
    assert (file.GetLength(), file.GetPosition()) == (3, 0)
    assert file.Read(5) == b"123" and file.Read(5) == b""
    with pytest.raises(CMemoryException, match="cannot grow"):
        file.Seek(5, CFile.begin)
    assert file.Seek(3, CFile.begin) == 3
    with pytest.raises(CMemoryException if not isinstance(source, bytes) else CFileException):
        file.Write(b"4")
    assert file.getvalue() == b"123"


def test_fixed_buffer_is_written_in_place() -> None:
    memory = bytearray(b"123456")
    file = CMemFile(memory, 4)
    file.Write(b"ab")
    assert memory == b"ab3456" and file.getvalue() == b"ab34"
    assert file.Detach() is memory
    assert file.GetLength() == 0
    memory.append(1)  # nothing holds it any more


def test_read_only_buffer_cannot_be_written() -> None:
    file = CMemFile(b"123")
    assert cause_of(lambda: file.Write(b"x")) == "accessDenied"
    assert file.getvalue() == b"123"


def test_attached_buffer_with_growth_starts_empty() -> None:
    memory = bytearray(4)
    file = CMemFile()
    file.Attach(memory, 4, 16)
    assert file.GetLength() == 0
    file.Write(b"abc")
    assert memory == b"abc\0"
    file.Write(b"defg")  # does not fit: the content moves out
    assert file.getvalue() == b"abcdefg" and memory == b"abc\0"


def test_detach_gives_the_content() -> None:
    file = CMemFile()
    file.Write(b"abc")
    assert file.Detach() == bytearray(b"abc")
    assert file.getvalue() == b""


def test_bad_arguments() -> None:
    with pytest.raises(ValueError):
        CMemFile(b"123", 4)
    with pytest.raises(ValueError):
        CMemFile(b"123", -1)
    with pytest.raises(ValueError):
        CMemFile(-1)
    with pytest.raises(ValueError):
        CMemFile().Read(-1)
    with pytest.raises(ValueError):
        CMemFile().SetLength(-1)
    with pytest.raises(TypeError):
        CMemFile("text")
    with pytest.raises(CMemoryException, match="cannot grow"):
        CMemFile(0).Write(b"1")


def test_views_hold_the_size() -> None:
    file = CMemFile(4)
    file.Write(b"1234")
    with file.GetBuffer() as view:
        assert bytes(view) == b"1234"
        view[0] = ord("x")
        with pytest.raises(BufferError):
            file.Write(bytes(100))
    file.Write(bytes(100))
    assert file.getvalue() == b"x234" + bytes(100)


@pytest.mark.parametrize("member", ["LockRange", "UnlockRange", "Duplicate", "Open", "fileno"])
def test_what_memory_cannot_do(member: str) -> None:
    arguments = {"LockRange": (0, 1), "UnlockRange": (0, 1), "Open": ("x", 0)}.get(member, ())
    with pytest.raises(CNotSupportedException, match=member):
        getattr(CMemFile(), member)(*arguments)


def test_huge_positions() -> None:
    file = CMemFile()
    with pytest.raises((OverflowError, CFileException, CMemoryException)):
        file.Seek(2**70, CFile.begin)
    file.Seek(2**62, CFile.begin)  # takes no memory
    with pytest.raises(CMemoryException):
        file.Write(b"x")
    assert file.getvalue() == b""


def test_subclass_sees_the_calls_of_an_archive() -> None:
    calls = []

    class Logged(CMemFile):
        def Write(self, data: bytes) -> None:
            calls.append(len(data))
            super().Write(data)

    file = Logged()
    with CArchive(file, CArchive.store, 128) as ar:
        for _ in range(40):
            ar.WriteDWORD(7)
    assert calls == [128, 32] and len(file.getvalue()) == 160


STEPS = st.lists(st.tuples(st.integers(0, 60), st.binary(max_size=40), st.booleans()))


@given(STEPS, st.sampled_from([1, 7, 1024]))
def test_as_a_bytearray(steps: list[tuple[int, bytes, bool]], growth: int) -> None:
    file, model = CMemFile(growth), bytearray()
    for position, data, cut in steps:
        if cut:
            file.SetLength(position)
            model = bytearray(model[:position].ljust(position, b"\0"))
        else:
            file.Seek(position, CFile.begin)
            file.Write(data)
            if data:
                model.extend(bytes(max(0, position - len(model))))
                model[position : position + len(data)] = data
        assert file.getvalue() == model and file.GetLength() == len(model)
        file.Seek(position // 2, CFile.begin)
        assert file.Read(20) == model[position // 2 : position // 2 + 20]
