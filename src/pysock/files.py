"""`CFile` and `CMemFile`: files of the system and in memory, with MFC's members (AR-32 to AR-37)."""

from __future__ import annotations

import errno
import io
import os
import stat
import warnings
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import TYPE_CHECKING, ClassVar, Self, TypeAlias

from . import _osfile
from ._core.errors import CException, CFileException, CInvalidArgException, CNotSupportedException
from ._core.memfile import MemFile
from .times import CTime

if TYPE_CHECKING:
    from collections.abc import Callable

    from typing_extensions import Buffer

__all__ = ["CFile", "CFileStatus", "CMemFile"]

StrPath: TypeAlias = "str | os.PathLike[str]"

_MOST_AT_ONCE = 1 << 30  # systems cut a single read or write a little below 2 GiB


@dataclass
class CFileStatus:
    """What `GetStatus` tells of a file."""

    m_ctime: CTime = field(default_factory=CTime)
    """Created; on systems that do not know, the last change of its entry."""
    m_mtime: CTime = field(default_factory=CTime)
    """Last modified."""
    m_atime: CTime = field(default_factory=CTime)
    """Last read."""
    m_size: int = 0
    """Bytes."""
    m_attribute: int = 0
    """Bits of `CFile.normal`, `readOnly`, `hidden`, `system`, `volume`, `directory`, `archive`."""
    m_szFullName: str = ""
    """The absolute path."""


def _full_path(path: StrPath) -> str:
    if isinstance(path, bytes):
        raise TypeError("a path is str or os.PathLike, not bytes")
    return os.path.abspath(os.fsdecode(path))


class _told:
    """Turns the system's OSError inside its block into a CFileException that names path and operation."""

    __slots__ = ("cause", "operation", "path")

    def __init__(self, path: str, operation: str, cause: int | None = None) -> None:
        self.path = path
        self.operation = operation
        self.cause = cause

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, OSError) and not isinstance(error, CException):
            if isinstance(error, IsADirectoryError):
                self.cause = CFileException.accessDenied  # what Windows says of it
            raise CFileException.from_oserror(error, self.path, self.operation, self.cause) from error


def _status(path: str, found: os.stat_result) -> CFileStatus:
    attribute = getattr(found, "st_file_attributes", None)
    if attribute is None:
        attribute = CFile.normal if found.st_mode & stat.S_IWUSR else CFile.readOnly
        attribute |= CFile.directory if stat.S_ISDIR(found.st_mode) else 0
    return CFileStatus(
        m_ctime=CTime(int(getattr(found, "st_birthtime", found.st_ctime))),
        m_mtime=CTime(int(found.st_mtime)),
        m_atime=CTime(int(found.st_atime)),
        m_size=found.st_size,
        m_attribute=attribute & 0x3F,
        m_szFullName=path,
    )


class _GetStatus:
    """`file.GetStatus()` of an open file and the static `CFile.GetStatus(path)`: C++ overloads them."""

    def __get__(self, file: CFile | None, owner: type[CFile]) -> Callable[..., CFileStatus]:
        if file is not None:
            return file._get_status

        def GetStatus(lpszFileName: StrPath) -> CFileStatus:
            """The status of the file at a path; CFileException if there is none."""
            path = _full_path(lpszFileName)
            with _told(path, "get status of"):
                return _status(path, os.stat(path))

        return GetStatus


class CFile:
    """A binary file of the system, unbuffered.

    `CFile(path, flags)` opens, `CFile(fd)` takes an open descriptor (and leaves it open in the end unless
    `m_bCloseOnDelete` is set), `CFile()` waits for `Open`. Usable as a context manager; one that is dropped
    while open closes with a ResourceWarning. Failures raise a `CFileException` that names path and operation.

    Share flags: on Windows the system enforces them; without one, others are shut out. On POSIX they are
    advisory locks (`flock`) among the `CFile` objects that use them: shareDenyWrite is shared among readers,
    everything else that denies is exclusive, and without a flag there is no lock. Descriptors are never
    inherited.
    """

    modeRead: ClassVar[int] = 0x0
    modeWrite: ClassVar[int] = 0x1
    modeReadWrite: ClassVar[int] = 0x2
    shareCompat: ClassVar[int] = 0x0
    shareExclusive: ClassVar[int] = 0x10
    shareDenyWrite: ClassVar[int] = 0x20
    shareDenyRead: ClassVar[int] = 0x30
    shareDenyNone: ClassVar[int] = 0x40
    modeNoInherit: ClassVar[int] = 0x80
    modeCreate: ClassVar[int] = 0x1000
    modeNoTruncate: ClassVar[int] = 0x2000
    typeText: ClassVar[int] = 0x4000
    typeBinary: ClassVar[int] = 0x8000
    osNoBuffer: ClassVar[int] = 0x10000
    osWriteThrough: ClassVar[int] = 0x20000
    osRandomAccess: ClassVar[int] = 0x40000
    osSequentialScan: ClassVar[int] = 0x80000

    normal: ClassVar[int] = 0x00
    readOnly: ClassVar[int] = 0x01
    hidden: ClassVar[int] = 0x02
    system: ClassVar[int] = 0x04
    volume: ClassVar[int] = 0x08
    directory: ClassVar[int] = 0x10
    archive: ClassVar[int] = 0x20

    begin: ClassVar[int] = 0
    current: ClassVar[int] = 1
    end: ClassVar[int] = 2

    hFileNull: ClassVar[int] = -1

    m_bBlocking: ClassVar[bool] = False
    """Whether reading may wait without limit: then an archive asks for no more than it needs (AR-7)."""

    m_bCloseOnDelete: bool = False
    _raw: io.FileIO | None = None
    _path: str = ""
    _access: int = 0

    def __init__(self, lpszFileName: StrPath | int | None = None, nOpenFlags: int = 0) -> None:
        if lpszFileName is None:
            return
        if isinstance(lpszFileName, int):
            self._attach(lpszFileName, "")
        else:
            self.Open(lpszFileName, nOpenFlags)
            self.m_bCloseOnDelete = True

    def _attach(self, fd: int, path: str) -> None:
        with _told(path or f"descriptor {fd}", "use"):
            self._access = _osfile.access_of(fd)
            self._raw = io.FileIO(fd, _osfile.MODES[self._access], closefd=False)
        self._path = path

    # --- life -----------------------------------------------------------------------------------------

    def Open(self, lpszFileName: StrPath, nOpenFlags: int) -> bool:
        """Open with MFC's flags; returns True.

        modeCreate makes the file, and empties one that is there unless modeNoTruncate is given too. Raises
        CFileException if the system refuses (where C++ returns FALSE), CInvalidArgException for flags that
        never fit.
        """
        if not isinstance(nOpenFlags, int):
            raise TypeError(f"nOpenFlags takes CFile.mode... and CFile.share... numbers, not {nOpenFlags!r}")
        if self._raw is not None:
            raise CInvalidArgException(f"this CFile has {self._path!r} open: close it first")
        _osfile.check_flags(nOpenFlags)
        path = _full_path(lpszFileName)
        with _told(path, "open"):
            fd = _osfile.open_file(path, nOpenFlags)
            try:
                self._raw = io.FileIO(fd, _osfile.MODES[nOpenFlags & _osfile.ACCESS])
            except BaseException:
                os.close(fd)
                raise
        self._path = path
        self._access = nOpenFlags & _osfile.ACCESS
        self.m_bCloseOnDelete = True
        return True

    def Close(self) -> None:
        """Close the file; a second time nothing happens. It is closed even if this raises CFileException."""
        raw, path = self._raw, self._path
        self._raw, self._path, self.m_bCloseOnDelete = None, "", False
        if raw is not None:
            with _told(path, "close"):
                _close(raw)

    def Abort(self) -> None:
        """Close whatever the system says to it; never raises (AR-12's sibling for files)."""
        with suppress(CFileException):
            self.Close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close; Abort if an exception leaves the block, so that it is not hidden."""
        if kind is None:
            self.Close()
        else:
            self.Abort()

    def __del__(self) -> None:
        if self._raw is not None and self.m_bCloseOnDelete:
            warnings.warn(f"unclosed CFile {self._path!r}", ResourceWarning, source=self, stacklevel=2)
            self.Abort()

    @property
    def m_hFile(self) -> int:
        """The descriptor (on Windows the C run-time's), `hFileNull` while nothing is open."""
        return self.hFileNull if self._raw is None else self._raw.fileno()

    def fileno(self) -> int:
        """The descriptor, for select and its like; CFileException while nothing is open."""
        return self._need("use").fileno()

    def Duplicate(self) -> CFile:
        """Another CFile on the same open file: both share one position. It closes its own descriptor."""
        raw = self._need("duplicate")
        with _told(self._path, "duplicate"):
            fd = os.dup(raw.fileno())
        twin = CFile()
        twin._raw = io.FileIO(fd, raw.mode)
        twin._path, twin._access, twin.m_bCloseOnDelete = self._path, self._access, True
        return twin

    # --- bytes ----------------------------------------------------------------------------------------

    def _need(self, operation: str, *, reading: bool = False, writing: bool = False) -> io.FileIO:
        raw = self._raw
        if raw is None:
            raise CFileException(CFileException.invalidFile, -1, self._path, operation=operation)
        if (reading and self._access == self.modeWrite) or (writing and self._access == self.modeRead):
            raise CFileException(
                CFileException.accessDenied,
                -1,
                self._path,
                operation=operation,
                reason="it was opened for " + ("writing" if reading else "reading") + " only",
            )
        return raw

    def Read(self, nCount: int) -> bytes:
        """Up to nCount bytes: fewer at the end of the file, none behind it (AR-36)."""
        if nCount < 0:
            raise CInvalidArgException(f"cannot read {nCount} bytes")
        if nCount == 0:
            return b""
        raw = self._need("read", reading=True)
        with _told(self._path, "read"):
            data = raw.read(min(nCount, _MOST_AT_ONCE)) or b""
            if nCount <= _MOST_AT_ONCE or len(data) < _MOST_AT_ONCE:
                return data
        pieces = [data]
        while len(pieces[-1]) == _MOST_AT_ONCE:
            nCount -= _MOST_AT_ONCE
            pieces.append(self.Read(min(nCount, _MOST_AT_ONCE)))
        return b"".join(pieces)

    def ReadInto(self, buffer: Buffer) -> int:
        """Fill a writable buffer as `Read` would; returns the bytes that were there."""
        raw = self._need("read", reading=True)
        got = 0
        with _told(self._path, "read"), _bytes_of(buffer) as room:
            while got < len(room):
                with room[got : got + _MOST_AT_ONCE] as piece:
                    asked, read = len(piece), raw.readinto(piece) or 0
                got += read
                if read < asked:
                    break
        return got

    def Write(self, data: Buffer) -> None:
        """Write all of it, or raise CFileException (`diskFull` if the system had no room)."""
        raw = self._need("write", writing=True)
        done = 0
        with _told(self._path, "write"), _bytes_of(data) as rest:
            while done < len(rest):
                with rest[done : done + _MOST_AT_ONCE] as piece:
                    written = raw.write(piece)
                if not written:
                    raise CFileException(CFileException.diskFull, -1, self._path, operation="write")
                done += written

    def Seek(self, lOff: int, nFrom: int) -> int:
        """Move to lOff bytes from `begin`, `current` or `end`; returns the position. Before 0: `badSeek`."""
        if nFrom not in (0, 1, 2):
            raise CInvalidArgException(f"Seek goes from begin 0, current 1 or end 2, not {nFrom}")
        raw = self._need("seek")
        try:
            with _told(self._path, "seek"):
                return raw.seek(lOff, nFrom)
        except CFileException as error:
            if error.m_cause == CFileException.hardIO:  # EINVAL: a position before 0
                error.m_cause = CFileException.badSeek
            raise
        except OverflowError:
            raise CFileException(CFileException.badSeek, -1, self._path, operation="seek") from None

    def SeekToBegin(self) -> None:
        self.Seek(0, self.begin)

    def SeekToEnd(self) -> int:
        """Move behind the last byte; returns that position, which is the length."""
        return self.Seek(0, self.end)

    def GetPosition(self) -> int:
        return self.Seek(0, self.current)

    def GetLength(self) -> int:
        raw = self._need("get length of")
        with _told(self._path, "get length of"):
            found = os.fstat(raw.fileno())
            if stat.S_ISREG(found.st_mode):
                return found.st_size
            before = raw.tell()  # a device, say
            length = raw.seek(0, os.SEEK_END)
            raw.seek(before)
            return length

    def SetLength(self, dwNewLen: int) -> None:
        """Cut or lengthen (by zeros); the position is the new end, as in MFC."""
        raw = self._need("set length of", writing=True)
        self.Seek(dwNewLen, self.begin)
        with _told(self._path, "set length of"):
            raw.truncate(dwNewLen)

    def Flush(self) -> None:
        """Have the system put everything on the device; slow, as MFC's is."""
        raw = self._need("flush")
        with _told(self._path, "flush"):
            os.fsync(raw.fileno())

    def LockRange(self, dwPos: int, dwCount: int) -> None:
        """Lock a range of bytes, also behind the end; `lockViolation` at once if another has it.

        On Windows the system enforces it. On POSIX it is an advisory lock between *processes*, shared for a
        file opened for reading only, and gone when this process closes any descriptor of the file.
        """
        self._range("lock", dwPos, dwCount)

    def UnlockRange(self, dwPos: int, dwCount: int) -> None:
        """Undo `LockRange`; on Windows the same range must be given."""
        self._range("unlock", dwPos, dwCount)

    def _range(self, operation: str, pos: int, count: int) -> None:
        if pos < 0 or count <= 0:
            raise CInvalidArgException(f"cannot {operation} {count} bytes at {pos}")
        raw = self._need(operation)
        with _told(self._path, operation, CFileException.lockViolation):
            if operation == "lock":
                _osfile.lock_range(raw.fileno(), self._access, pos, count)
            else:
                _osfile.unlock_range(raw.fileno(), pos, count)

    # --- names and status -----------------------------------------------------------------------------

    def GetFilePath(self) -> str:
        """The absolute path; "" while nothing is open."""
        return self._path

    def SetFilePath(self, lpszNewName: StrPath) -> None:
        """Set the name that `GetFilePath` and errors tell; opens nothing."""
        self._path = os.fsdecode(lpszNewName)

    @property
    def m_strFileName(self) -> str:
        return self.GetFilePath()

    def GetFileName(self) -> str:
        """The path's last part."""
        return os.path.basename(self.GetFilePath())

    def GetFileTitle(self) -> str:
        """The file name without its extension."""
        return os.path.splitext(self.GetFileName())[0]

    def _get_status(self) -> CFileStatus:
        """The status of the open file."""
        raw = self._need("get status of")
        with _told(self._path, "get status of"):
            return _status(self._path, os.fstat(raw.fileno()))

    GetStatus = _GetStatus()

    @staticmethod
    def SetStatus(lpszFileName: StrPath, status: CFileStatus) -> None:
        """Set a file's times (a time of 0 stays as it is) and, by `readOnly`, whether it may be written."""
        path = _full_path(lpszFileName)
        with _told(path, "set status of"):
            found = os.stat(path)
            writable = stat.S_IWUSR if not status.m_attribute & CFile.readOnly else 0
            os.chmod(path, stat.S_IMODE(found.st_mode) & ~stat.S_IWUSR | writable)
            if status.m_mtime.value or status.m_atime.value:
                atime = status.m_atime.value * 10**9 or found.st_atime_ns
                mtime = status.m_mtime.value * 10**9 or found.st_mtime_ns
                os.utime(path, ns=(atime, mtime))

    @staticmethod
    def Rename(lpszOldName: StrPath, lpszNewName: StrPath) -> None:
        """Rename or move; never replaces another file (POSIX has no single step for that: it looks first)."""
        old, new = _full_path(lpszOldName), _full_path(lpszNewName)
        with _told(old, "rename"):
            if os.path.lexists(new) and not os.path.samefile(old, new):
                raise FileExistsError(errno.EEXIST, f"there is already {new!r}", old)
            os.rename(old, new)

    @staticmethod
    def Remove(lpszFileName: StrPath) -> None:
        path = _full_path(lpszFileName)
        with _told(path, "remove"):
            os.remove(path)

    def __repr__(self) -> str:
        state = "closed" if self._raw is None else f"fd={self.m_hFile}"
        return f"<{type(self).__name__} {self._path!r} {state}>"


def _bytes_of(buffer: Buffer) -> memoryview:
    """A view of the single bytes of any contiguous buffer."""
    view = memoryview(buffer)
    return view.cast("B") if view.nbytes else memoryview(b"")  # Python casts nothing that has no elements


def _close(raw: io.FileIO) -> None:
    """Close also a descriptor that FileIO was told to leave alone: `Close` means it."""
    if raw.closefd:
        raw.close()
    else:
        os.close(raw.fileno())
        raw.close()


class CMemFile(MemFile, CFile):
    """A file in memory (AR-37).

    `CMemFile(growth=1024)` is empty and grows in steps of that many bytes. `CMemFile(buffer, size)` or
    `Attach` takes a buffer's bytes as the file's content, which then cannot grow (CMemoryException); with a
    growth the content starts empty and uses the buffer's memory first. `getvalue()` gives the content as
    bytes at any time before `Close`, which drops it.
    """

    def GetBuffer(self) -> memoryview:
        """A view of the content, without a copy; while it is alive the file cannot grow (BufferError)."""
        return self.getbuffer()

    def Open(self, lpszFileName: StrPath, nOpenFlags: int) -> bool:
        """CNotSupportedException: a file in memory cannot do this."""
        raise self._cannot("Open")

    def Duplicate(self) -> CFile:
        """CNotSupportedException: a file in memory cannot do this."""
        raise self._cannot("Duplicate")

    def LockRange(self, dwPos: int, dwCount: int) -> None:
        """CNotSupportedException: a file in memory cannot do this."""
        raise self._cannot("LockRange")

    def UnlockRange(self, dwPos: int, dwCount: int) -> None:
        """CNotSupportedException: a file in memory cannot do this."""
        raise self._cannot("UnlockRange")

    def fileno(self) -> int:
        """CNotSupportedException: a file in memory cannot do this."""
        raise self._cannot("fileno")

    def _cannot(self, member: str) -> CNotSupportedException:
        return CNotSupportedException(f"{type(self).__name__}.{member}: a file in memory cannot do this")

    def _get_status(self) -> CFileStatus:
        return CFileStatus(m_size=self.GetLength(), m_szFullName=self.GetFilePath())

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self.GetLength()} bytes at {self.GetPosition()}>"
