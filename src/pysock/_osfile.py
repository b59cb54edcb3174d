"""Where the systems differ about files: opening with MFC's flags, sharing, locking ranges.

POSIX has no share modes. Its nearest is `flock`, which is advisory: it binds those who ask for a lock too,
that is, other `CFile`s with share flags. Nothing more is pretended.
"""

from __future__ import annotations

import os
import sys

from ._core.errors import CFileException, CInvalidArgException, CNotSupportedException

# MFC's numbers (CFile names them for users)
WRITE, READ_WRITE, ACCESS = 0x1, 0x2, 0x3
SHARE_EXCLUSIVE, SHARE_DENY_WRITE, SHARE_DENY_READ, SHARE_DENY_NONE, SHARE = 0x10, 0x20, 0x30, 0x40, 0x70
NO_INHERIT, CREATE, NO_TRUNCATE, TEXT, BINARY = 0x80, 0x1000, 0x2000, 0x4000, 0x8000
NO_BUFFER, WRITE_THROUGH, RANDOM_ACCESS, SEQUENTIAL_SCAN = 0x10000, 0x20000, 0x40000, 0x80000
_KNOWN = ACCESS | SHARE | NO_INHERIT | CREATE | NO_TRUNCATE | BINARY
_KNOWN |= NO_BUFFER | WRITE_THROUGH | RANDOM_ACCESS | SEQUENTIAL_SCAN

MODES = {0: "rb", WRITE: "wb", READ_WRITE: "rb+"}  # for io.FileIO on an open descriptor: nothing is truncated


def check_flags(flags: int) -> None:
    """CInvalidArgException for what `CFile.Open` never takes."""
    if flags & TEXT:
        raise CInvalidArgException("CFile is always binary: typeText is for text files")
    if flags & ~_KNOWN:
        raise CInvalidArgException(f"unknown open flags {flags & ~_KNOWN:#x}")
    if flags & ACCESS == ACCESS:
        raise CInvalidArgException("open flags name both modeWrite and modeReadWrite")
    if flags & SHARE > SHARE_DENY_NONE:
        raise CInvalidArgException(f"unknown share flags {flags & SHARE:#x}")


if sys.platform == "win32":
    import _winapi
    import msvcrt

    _GENERIC_READ, _GENERIC_WRITE = 0x80000000, 0x40000000
    _SHARES = {
        SHARE_DENY_WRITE: 1,
        SHARE_DENY_READ: 2,
        SHARE_DENY_NONE: 3,
    }  # others may: read 1, write 2
    _CREATE_ALWAYS, _OPEN_EXISTING, _OPEN_ALWAYS = 2, 3, 4
    _HINTS = {
        NO_BUFFER: 0x20000000,
        WRITE_THROUGH: 0x80000000,
        RANDOM_ACCESS: 0x10000000,
        SEQUENTIAL_SCAN: 0x08000000,
    }

    def open_file(path: str, flags: int) -> int:
        """A new C run-time descriptor, not inherited; OSError if Windows refuses."""
        access = {0: _GENERIC_READ, WRITE: _GENERIC_WRITE, READ_WRITE: _GENERIC_READ | _GENERIC_WRITE}
        how = _OPEN_EXISTING
        if flags & CREATE:
            how = _OPEN_ALWAYS if flags & NO_TRUNCATE else _CREATE_ALWAYS
        hints = 0x80  # FILE_ATTRIBUTE_NORMAL
        for flag, hint in _HINTS.items():
            hints |= hint if flags & flag else 0
        share = _SHARES.get(flags & SHARE, 0)
        handle = _winapi.CreateFile(path, access[flags & ACCESS], share, 0, how, hints, 0)
        try:
            mode = os.O_RDONLY if flags & ACCESS == 0 else os.O_RDWR
            return msvcrt.open_osfhandle(handle, mode | os.O_BINARY | os.O_NOINHERIT)
        except BaseException:
            _winapi.CloseHandle(handle)
            raise

    def access_of(fd: int) -> int:
        """The access flags of an open descriptor: Windows does not tell, a refusal will."""
        return READ_WRITE

    def lock_range(fd: int, access: int, pos: int, count: int) -> None:
        """Lock without waiting; OSError if another holds part of the range."""
        _locking(fd, msvcrt.LK_NBLCK, pos, count)

    def unlock_range(fd: int, pos: int, count: int) -> None:
        _locking(fd, msvcrt.LK_UNLCK, pos, count)

    def _locking(fd: int, how: int, pos: int, count: int) -> None:
        if count > 0x7FFFFFFF:
            raise CInvalidArgException(f"the C run-time locks less than 2 GiB at once, not {count} bytes")
        before = os.lseek(fd, 0, os.SEEK_CUR)  # the range starts at the position
        os.lseek(fd, pos, os.SEEK_SET)
        try:
            msvcrt.locking(fd, how, count)
        finally:
            os.lseek(fd, before, os.SEEK_SET)

else:
    import fcntl

    def open_file(path: str, flags: int) -> int:
        """A new descriptor, not inherited; OSError if the system refuses, sharingViolation if a lock does."""
        if flags & NO_BUFFER:
            raise CNotSupportedException("osNoBuffer: unbuffered files are Windows' own")
        mode = {0: os.O_RDONLY, WRITE: os.O_WRONLY, READ_WRITE: os.O_RDWR}[flags & ACCESS]
        mode |= os.O_CREAT if flags & CREATE else 0
        mode |= os.O_DSYNC if flags & WRITE_THROUGH else 0
        fd = os.open(path, mode | os.O_CLOEXEC, 0o666)
        try:
            _share(fd, path, flags)
            if flags & (CREATE | NO_TRUNCATE) == CREATE:
                os.ftruncate(fd, 0)  # after the lock: who is refused must not destroy the content
            _advise(fd, flags)
        except BaseException:
            os.close(fd)
            raise
        return fd

    def _share(fd: int, path: str, flags: int) -> None:
        """`flock` for the share flags: shared for readers who deny writing only, else exclusive."""
        share = flags & SHARE
        if share not in (SHARE_EXCLUSIVE, SHARE_DENY_WRITE, SHARE_DENY_READ):
            return
        shared = share == SHARE_DENY_WRITE and flags & ACCESS == 0
        try:
            fcntl.flock(fd, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise CFileException.from_oserror(error, path, "share", CFileException.sharingViolation) from None

    def _advise(fd: int, flags: int) -> None:
        """Hints for the system's cache, where it takes any (macOS does not)."""
        if hasattr(os, "posix_fadvise"):
            for flag, advice in (
                (RANDOM_ACCESS, "POSIX_FADV_RANDOM"),
                (SEQUENTIAL_SCAN, "POSIX_FADV_SEQUENTIAL"),
            ):
                if flags & flag:
                    os.posix_fadvise(fd, 0, 0, getattr(os, advice))

    def access_of(fd: int) -> int:
        """The access flags (modeRead, modeWrite, modeReadWrite) of an open descriptor."""
        return {os.O_RDONLY: 0, os.O_WRONLY: WRITE}.get(
            fcntl.fcntl(fd, fcntl.F_GETFL) & os.O_ACCMODE, READ_WRITE
        )

    def lock_range(fd: int, access: int, pos: int, count: int) -> None:
        """Lock without waiting; OSError if another process holds part of the range."""
        kind = fcntl.LOCK_SH if access == 0 else fcntl.LOCK_EX  # POSIX gives readers no exclusive lock
        fcntl.lockf(fd, kind | fcntl.LOCK_NB, count, pos, os.SEEK_SET)

    def unlock_range(fd: int, pos: int, count: int) -> None:
        fcntl.lockf(fd, fcntl.LOCK_UN, count, pos, os.SEEK_SET)
