"""MFC's exceptions for archives and files: causes, texts, families (AR-30 to AR-34)."""

import errno
import io
import pickle

import pytest

import pysock
from pysock import (
    ArchiveEndOfFile,
    ArchiveLimitError,
    CArchiveException,
    CException,
    CFileException,
    CInvalidArgException,
    CMemoryException,
    CNotSupportedException,
)

ARCHIVE_CAUSES = [
    "none",
    "genericException",
    "readOnly",
    "endOfFile",
    "writeOnly",
    "badIndex",
    "badClass",
    "badSchema",
    "bufferFull",
]
FILE_CAUSES = [
    "none",
    "genericException",
    "fileNotFound",
    "badPath",
    "tooManyOpenFiles",
    "accessDenied",
    "invalidFile",
    "removeCurrentDir",
    "directoryFull",
    "badSeek",
    "hardIO",
    "sharingViolation",
    "lockViolation",
    "diskFull",
    "endOfFile",
]


@pytest.mark.parametrize("number, name", list(enumerate(ARCHIVE_CAUSES)), ids=lambda v: f"AR-30-{v}")
def test_archive_causes(number: int, name: str) -> None:
    assert getattr(CArchiveException, name) == number
    error = CArchiveException(number)
    assert error.m_cause == number
    assert error.cause_name == name
    assert str(error).startswith(name + ": ")


@pytest.mark.parametrize("number, name", list(enumerate(FILE_CAUSES)), ids=lambda v: f"AR-32-{v}")
def test_file_causes(number: int, name: str) -> None:
    assert getattr(CFileException, name) == number
    error = CFileException(number)
    assert error.cause_name == name
    assert error.m_lOsError == -1
    assert str(error).startswith(name + ": ")


def test_archive_message_tells_all() -> None:
    error = CArchiveException(
        CArchiveException.badClass,
        "song.ptb",
        offset=12,
        wanted="CFoo",
        found="CBar",
        in_class=["CDoc", "CNode"],
    )
    assert str(error) == "badClass: wanted CFoo, found CBar, at byte 12 of 'song.ptb', inside CDoc > CNode"
    assert error.GetErrorMessage() == str(error)


def test_ar_202_end_of_file_is_an_eoferror() -> None:
    error = CArchiveException(CArchiveException.endOfFile, "f", offset=3)
    assert type(error) is ArchiveEndOfFile
    assert isinstance(error, EOFError)
    assert not isinstance(CArchiveException(CArchiveException.badIndex), EOFError)
    assert ArchiveEndOfFile().m_cause == 3


def test_limit_error_is_a_bad_index() -> None:
    error = ArchiveLimitError("max_count", 5, 7, "f", offset=3, wanted="CByteArray")
    assert isinstance(error, CArchiveException)
    assert error.m_cause == CArchiveException.badIndex
    assert (error.limit, error.allowed, error.found) == ("max_count", 5, 7)
    assert str(error) == "badIndex: limit max_count = 5 exceeded, found 7 for CByteArray, at byte 3 of 'f'"


@pytest.mark.parametrize(
    "number, cause",
    [
        (errno.EPERM, "accessDenied"),
        (errno.EACCES, "accessDenied"),
        (errno.EBADF, "invalidFile"),
        (errno.EDEADLK, "sharingViolation"),
        (errno.EMFILE, "tooManyOpenFiles"),
        (errno.ENOENT, "fileNotFound"),
        (errno.ENFILE, "fileNotFound"),
        (errno.ENOSPC, "diskFull"),
        (errno.EINVAL, "hardIO"),
        (errno.EIO, "hardIO"),
        (errno.EEXIST, "genericException"),
        (None, "genericException"),
    ],
)
def test_ar_33_causes_of_errno(number: int | None, cause: str) -> None:
    assert CFileException.ErrnoToException(number) == getattr(CFileException, cause)


@pytest.mark.windows_lacks("C's numbers and texts in OSError: its own are there, see test_files.py")
def test_from_oserror_keeps_what_the_system_said() -> None:
    with pytest.raises(FileNotFoundError) as caught:
        open("/no/such/file")
    error = CFileException.from_oserror(caught.value, operation="open")
    assert error.m_cause == CFileException.fileNotFound
    assert error.m_lOsError == error.errno == errno.ENOENT
    assert error.m_strFileName == error.filename == "/no/such/file"
    assert str(error) == "fileNotFound: open '/no/such/file': No such file or directory (system error 2)"
    other = CFileException.from_oserror(caught.value, "x.bin", "lock", cause=CFileException.lockViolation)
    assert (other.m_cause, other.m_strFileName) == (CFileException.lockViolation, "x.bin")


def test_families() -> None:
    assert issubclass(CFileException, OSError)
    assert issubclass(CNotSupportedException, io.UnsupportedOperation)
    assert issubclass(CMemoryException, MemoryError)
    assert issubclass(CInvalidArgException, ValueError)
    assert all(
        issubclass(getattr(pysock, name), CException)
        for name in pysock.__all__
        if "Exception" in name and name != "SocketException"
    )


@pytest.mark.parametrize(
    "error",
    [
        CArchiveException(7, "f", offset=1, wanted="schema 1", found="schema 2", in_class=["CFoo"]),
        ArchiveEndOfFile(offset=9),
        ArchiveLimitError("max_depth", 200, 201),
        CFileException(5, 13, "p", operation="open", reason="no"),
        CFileException.from_oserror(OSError(errno.ENOSPC, "full", "q"), operation="write"),
        CNotSupportedException("cannot"),
        CMemoryException("no memory"),
        CInvalidArgException("never"),
    ],
    ids=lambda e: type(e).__name__,
)
def test_exceptions_survive_pickle(error: CException) -> None:
    twin = pickle.loads(pickle.dumps(error))
    assert type(twin) is type(error)
    assert str(twin) == str(error)
    assert twin.args == error.args
    assert vars(twin) == vars(error)
    assert getattr(twin, "errno", None) == getattr(error, "errno", None)
