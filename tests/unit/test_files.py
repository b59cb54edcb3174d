"""CFile: the system's files with MFC's members and causes (AR-32 to AR-36)."""

import gc
import os
import subprocess
import sys
import warnings
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pysock import CFile, CFileException, CFileStatus, CInvalidArgException, CTime

POSIX = os.name != "nt"
CREATE = CFile.modeCreate | CFile.modeReadWrite


@pytest.fixture
def ten(tmp_path: Path) -> Path:
    path = tmp_path / "ten.bin"
    path.write_bytes(b"0123456789")
    return path


def cause_of(call: Callable[[], object]) -> str:
    with pytest.raises(CFileException) as caught:
        call()
    return str(caught.value.cause_name)


def test_write_read_seek(tmp_path: Path) -> None:
    path = tmp_path / "new.bin"
    with CFile(path, CREATE) as file:
        file.Write(b"hello")
        file.Write(memoryview(b" world"))
        assert file.GetPosition() == 11
        assert file.GetLength() == 11
        assert file.Seek(-5, CFile.end) == 6
        assert file.Read(100) == b"world"
        assert file.Read(1) == b""
        file.SeekToBegin()
        assert file.Seek(2, CFile.current) == 2
        room = bytearray(4)
        assert file.ReadInto(room) == 4
        assert room == b"llo "
        assert file.SeekToEnd() == 11
        assert file.ReadInto(room) == 0
    assert path.read_bytes() == b"hello world"


def test_ar_36_zero_lengths_make_no_call() -> None:
    closed = CFile()
    assert closed.Read(0) == b""  # no file is asked
    with pytest.raises(CInvalidArgException):
        closed.Read(-1)


@pytest.mark.parametrize(
    "flags, before, after",
    [
        (CFile.modeCreate | CFile.modeWrite, b"old", b"X"),
        (CFile.modeCreate | CFile.modeWrite, None, b"X"),
        (CFile.modeCreate | CFile.modeNoTruncate | CFile.modeReadWrite, b"old", b"Xld"),
        (CFile.modeCreate | CFile.modeNoTruncate | CFile.modeReadWrite, None, b"X"),
        (CFile.modeWrite, b"old", b"Xld"),
        (CFile.modeReadWrite | CFile.typeBinary | CFile.osSequentialScan, b"old", b"Xld"),
        (CFile.modeReadWrite | CFile.osWriteThrough | CFile.osRandomAccess, b"old", b"Xld"),
    ],
)
def test_open_modes(tmp_path: Path, flags: int, before: bytes | None, after: bytes) -> None:
    path = tmp_path / "f.bin"
    if before is not None:
        path.write_bytes(before)
    with CFile(str(path), flags) as file:
        file.Write(b"X")
    assert path.read_bytes() == after


def test_open_without_create_needs_the_file(tmp_path: Path) -> None:
    path = tmp_path / "none.bin"
    with pytest.raises(CFileException) as caught:
        CFile(path, CFile.modeReadWrite)
    error = caught.value
    assert error.m_cause == CFileException.fileNotFound
    assert error.m_strFileName == str(path)
    assert error.operation == "open"
    assert repr(str(path)) in str(error) and str(error).startswith("fileNotFound: open ")


@pytest.mark.parametrize(
    "flags",
    [
        pytest.param(CFile.typeText, id="typeText"),
        pytest.param(CFile.modeWrite | CFile.modeReadWrite, id="two accesses"),
        pytest.param(0x70, id="share 0x70"),
        pytest.param(0x100000, id="unknown bit"),
    ],
)
def test_flags_that_never_fit(ten: Path, flags: int) -> None:
    with pytest.raises(CInvalidArgException):
        CFile(ten, flags)


def test_python_modes_are_not_guessed(ten: Path) -> None:
    with pytest.raises(TypeError, match="nOpenFlags"):
        CFile(ten, "rb")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="bytes"):
        CFile(os.fsencode(ten), CFile.modeRead)  # type: ignore[arg-type]


def test_wrong_direction_is_access_denied(ten: Path) -> None:
    with CFile(ten, CFile.modeRead) as file:
        assert cause_of(lambda: file.Write(b"x")) == "accessDenied"
        assert cause_of(lambda: file.SetLength(1)) == "accessDenied"
    with CFile(ten, CFile.modeWrite) as file:
        assert cause_of(lambda: file.Read(1)) == "accessDenied"
        assert cause_of(lambda: file.ReadInto(bytearray(1))) == "accessDenied"


def test_bad_seek(ten: Path) -> None:
    with CFile(ten, CFile.modeRead) as file:
        assert cause_of(lambda: file.Seek(-1, CFile.begin)) == "badSeek"
        assert cause_of(lambda: file.Seek(-11, CFile.end)) == "badSeek"
        assert cause_of(lambda: file.Seek(1 << 80, CFile.begin)) == "badSeek"
        assert file.GetPosition() == 0
        with pytest.raises(CInvalidArgException):
            file.Seek(0, 3)


def test_seek_behind_the_end_and_write_leaves_zeros(ten: Path) -> None:
    with CFile(ten, CFile.modeReadWrite) as file:
        assert file.Seek(12, CFile.begin) == 12
        assert file.GetLength() == 10
        file.Write(b"!")
    assert ten.read_bytes() == b"0123456789\0\0!"


def test_set_length_moves_to_the_new_end(ten: Path) -> None:
    with CFile(ten, CFile.modeReadWrite) as file:
        file.SetLength(4)
        assert (file.GetLength(), file.GetPosition()) == (4, 4)
        file.SetLength(6)
        assert (file.GetLength(), file.GetPosition()) == (6, 6)
        file.Flush()
    assert ten.read_bytes() == b"0123\0\0"


def test_use_after_close(ten: Path) -> None:
    file = CFile(ten, CFile.modeRead)
    fd = file.m_hFile
    assert fd == file.fileno() >= 0
    file.Close()
    file.Close()
    file.Abort()
    assert file.m_hFile == CFile.hFileNull
    assert file.GetFilePath() == ""
    with pytest.raises(OSError):
        os.fstat(fd)
    for call in (
        lambda: file.Read(1),
        lambda: file.Write(b"x"),
        lambda: file.Seek(0, 0),
        file.GetLength,
        file.fileno,
        file.Flush,
        file.Duplicate,
        file.GetStatus,
    ):
        assert cause_of(call) == "invalidFile"
    assert file.Open(ten, CFile.modeRead)  # the object can be used again
    with pytest.raises(CInvalidArgException, match=r"ten\.bin"):
        file.Open(ten, CFile.modeRead)
    file.Close()


def test_with_block_aborts_on_errors(ten: Path) -> None:
    with pytest.raises(ZeroDivisionError), CFile(ten, CFile.modeRead) as file:
        raise ZeroDivisionError
    assert file.m_hFile == CFile.hFileNull


def test_dropped_while_open_warns_and_closes(ten: Path) -> None:
    file: CFile | None = CFile(ten, CFile.modeRead)
    assert file is not None
    fd = file.m_hFile
    with pytest.warns(ResourceWarning, match=r"unclosed CFile .*ten\.bin"):
        file = None
        gc.collect()
    with pytest.raises(OSError):
        os.fstat(fd)


def test_descriptor_is_only_borrowed(ten: Path) -> None:
    fd = os.open(ten, os.O_RDONLY)
    file: CFile | None = CFile(fd)
    assert file is not None
    assert file.Read(3) == b"012"
    if POSIX:
        assert cause_of(lambda: file.Write(b"x")) == "accessDenied"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        file = None
        gc.collect()
    assert os.read(fd, 1) == b"3"
    owner = CFile(fd)
    owner.Close()  # asked to, it does close
    with pytest.raises(OSError):
        os.fstat(fd)
    assert cause_of(lambda: CFile(fd)) == "invalidFile"


def test_duplicate_shares_the_position(ten: Path) -> None:
    with CFile(ten, CFile.modeRead) as file, file.Duplicate() as twin:
        assert twin.m_hFile != file.m_hFile
        assert twin.GetFilePath() == file.GetFilePath()
        file.Seek(5, CFile.begin)
        assert twin.Read(2) == b"56"
        assert file.GetPosition() == 7


def test_names(ten: Path) -> None:
    with CFile(ten, CFile.modeRead) as file:
        assert file.GetFilePath() == file.m_strFileName == str(ten)
        assert file.GetFileName() == "ten.bin"
        assert file.GetFileTitle() == "ten"
        file.SetFilePath("other/name.x.y")
        assert file.GetFilePath() == "other/name.x.y"
        assert (file.GetFileName(), file.GetFileTitle()) == ("name.x.y", "name.x")
        assert "name.x.y" in repr(file)


def test_relative_paths_become_full(ten: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ten.parent)
    with CFile("ten.bin", CFile.modeRead) as file:
        assert file.GetFilePath() == str(ten)


def test_status(ten: Path) -> None:
    os.utime(ten, (1_600_000_000, 1_700_000_000))
    status = CFile.GetStatus(ten)
    assert status.m_size == 10
    assert status.m_mtime == CTime(1_700_000_000)
    assert status.m_szFullName == str(ten)
    assert not status.m_attribute & (CFile.readOnly | CFile.directory)
    assert CFile.GetStatus(ten.parent).m_attribute & CFile.directory
    with CFile(ten, CFile.modeRead) as file:
        assert file.GetStatus() == status
    assert cause_of(lambda: CFile.GetStatus(ten.parent / "none")) == "fileNotFound"


@pytest.mark.wine_differs("looking at a file counts as an access, by Linux's rule relatime")
def test_status_access_time(ten: Path) -> None:
    os.utime(ten, (1_600_000_000, 1_700_000_000))
    assert CFile.GetStatus(ten).m_atime.to_datetime() == datetime(2020, 9, 13, 12, 26, 40, tzinfo=UTC)


def test_set_status(ten: Path) -> None:
    CFile.SetStatus(ten, CFileStatus(m_mtime=CTime(1_500_000_000), m_attribute=CFile.readOnly))
    status = CFile.GetStatus(ten)
    assert status.m_mtime == CTime(1_500_000_000)
    assert status.m_attribute & CFile.readOnly
    CFile.SetStatus(ten, CFileStatus())
    status = CFile.GetStatus(ten)
    assert status.m_mtime == CTime(1_500_000_000)
    assert not status.m_attribute & CFile.readOnly


def test_rename_and_remove(ten: Path) -> None:
    new = ten.with_name("new.bin")
    CFile.Rename(ten, new)
    assert not ten.exists() and new.read_bytes() == b"0123456789"
    ten.write_bytes(b"precious")
    assert cause_of(lambda: CFile.Rename(new, ten)) == "genericException"
    assert ten.read_bytes() == b"precious"
    CFile.Remove(new)
    assert not new.exists()
    assert cause_of(lambda: CFile.Remove(new)) == "fileNotFound"
    assert cause_of(lambda: CFile.Rename(new, new)) == "fileNotFound"


def test_directory_is_access_denied(tmp_path: Path) -> None:
    assert cause_of(lambda: CFile(tmp_path, CFile.modeRead)) == "accessDenied"


def test_descriptors_are_not_inherited(ten: Path) -> None:
    with CFile(ten, CFile.modeRead) as file:
        assert not os.get_inheritable(file.m_hFile)


@pytest.mark.windows_lacks("/dev/full")
@pytest.mark.skipif(sys.platform != "win32" and not Path("/dev/full").exists(), reason="needs /dev/full")
def test_disk_full() -> None:
    with CFile("/dev/full", CFile.modeWrite) as file:
        assert cause_of(lambda: file.Write(b"x")) == "diskFull"


@pytest.mark.windows_lacks("/dev/zero")
def test_reads_above_what_the_system_gives_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pysock.files._MOST_AT_ONCE", 1000)
    with CFile("/dev/zero", CFile.modeRead) as file:
        assert file.Read(2500) == bytes(2500)
        room = bytearray(b"x" * 2500)
        assert file.ReadInto(room) == 2500
        assert room == bytes(2500)


def test_pieces_of_big_transfers(ten: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pysock.files._MOST_AT_ONCE", 4)
    with CFile(ten, CFile.modeReadWrite) as file:
        assert file.Read(100) == b"0123456789"
        file.SeekToBegin()
        file.Write(b"abcdefghijkl")
        file.SeekToBegin()
        room = bytearray(20)
        assert file.ReadInto(room) == 12
        assert room[:12] == b"abcdefghijkl"


# --- sharing and locking --------------------------------------------------------------------------------

READ, WRITE = CFile.modeRead, CFile.modeReadWrite
NONE, DENY_WRITE, EXCLUSIVE = CFile.shareDenyNone, CFile.shareDenyWrite, CFile.shareExclusive


@pytest.mark.parametrize(
    "first, second, refused",
    [
        (READ | EXCLUSIVE, READ | EXCLUSIVE, True),
        (READ | DENY_WRITE, READ | DENY_WRITE, False),
        (READ | DENY_WRITE, WRITE | DENY_WRITE, True),
        (WRITE | DENY_WRITE, WRITE | DENY_WRITE, True),
        (READ | NONE, WRITE | NONE, False),
        (READ | CFile.shareDenyRead, READ | DENY_WRITE, True),
    ],
)
def test_share_flags(ten: Path, first: int, second: int, refused: bool) -> None:
    with CFile(ten, first):
        if refused:
            assert cause_of(lambda: CFile(ten, second)) == "sharingViolation"
        else:
            CFile(ten, second).Close()
    CFile(ten, second).Close()  # the lock ends with the file


def test_refused_create_destroys_nothing(ten: Path) -> None:
    with CFile(ten, READ | EXCLUSIVE):
        assert cause_of(lambda: CFile(ten, CREATE | EXCLUSIVE)) == "sharingViolation"
    assert ten.read_bytes() == b"0123456789"


OTHER = """
import sys
from pysock import CFile, CFileException
file = CFile(sys.argv[1], CFile.modeReadWrite | CFile.shareDenyNone)
for pos, count in ((0, 2), (4, 2), (20, 5)):
    try:
        file.LockRange(pos, count)
        print("locked")
    except CFileException as error:
        print(error.cause_name)
file.Close()
"""


def test_lock_range_against_another_process(ten: Path) -> None:
    def others() -> list[str]:
        run = subprocess.run(
            [sys.executable, "-c", OTHER, str(ten)], capture_output=True, text=True, timeout=60, check=True
        )
        return run.stdout.split()

    with CFile(ten, CFile.modeReadWrite | CFile.shareDenyNone) as file:
        file.Seek(7, CFile.begin)
        file.LockRange(5, 3)
        file.LockRange(20, 1)
        assert file.GetPosition() == 7
        assert others() == ["locked", "lockViolation", "lockViolation"]
        file.UnlockRange(5, 3)
        assert others() == ["locked", "locked", "lockViolation"]
        with pytest.raises(CInvalidArgException):
            file.LockRange(-1, 1)
        with pytest.raises(CInvalidArgException):
            file.UnlockRange(0, 0)
