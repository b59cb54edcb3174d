"""`CSocketFile`: the file between a `CSocket` and its archives."""

from __future__ import annotations

from types import TracebackType
from typing import ClassVar

from ._core.errors import CNotSupportedException
from ._core.link import SocketStream
from .files import CFile, CFileStatus, StrPath

__all__ = ["CSocketFile"]


class CSocketFile(SocketStream, CFile):
    """A connected stream `CSocket` as a file, for a `CArchive` or to be used by itself (SF-1 to SF-11).

    The file does not own the socket: `Close`, or dropping the file, leaves the connection as it is.

    Archive-compatible, which is the default, `Read` returns what one Receive gave. Otherwise it waits until
    it has all bytes asked for or the peer has closed, and an archive over it reads no byte more than it
    needs. A failure of the socket is a `CFileException` with `m_cause` genericException and `m_lOsError` a
    Winsock number. A socket has no position and no length: the members for that raise
    `CNotSupportedException`, except `Seek`, which gives 0.
    """

    m_bBlocking: ClassVar[bool] = True

    def Open(self, lpszFileName: StrPath, nOpenFlags: int) -> bool:
        """CNotSupportedException: a socket cannot do this."""
        raise self._cannot("Open")

    def Duplicate(self) -> CFile:
        """CNotSupportedException: a socket cannot do this."""
        raise self._cannot("Duplicate")

    def GetPosition(self) -> int:
        """CNotSupportedException: a socket cannot do this."""
        raise self._cannot("GetPosition")

    def GetLength(self) -> int:
        """CNotSupportedException: a socket cannot do this."""
        raise self._cannot("GetLength")

    def SetLength(self, dwNewLen: int) -> None:
        """CNotSupportedException: a socket cannot do this."""
        raise self._cannot("SetLength")

    def LockRange(self, dwPos: int, dwCount: int) -> None:
        """CNotSupportedException: a socket cannot do this."""
        raise self._cannot("LockRange")

    def UnlockRange(self, dwPos: int, dwCount: int) -> None:
        """CNotSupportedException: a socket cannot do this."""
        raise self._cannot("UnlockRange")

    def Abort(self) -> None:
        """CNotSupportedException: a socket cannot do this."""
        raise self._cannot("Abort")

    def _get_status(self) -> CFileStatus:
        raise self._cannot("GetStatus")

    def _cannot(self, member: str) -> CNotSupportedException:
        return CNotSupportedException(f"{type(self).__name__}.{member}: a socket cannot do this")

    def fileno(self) -> int:
        """The socket's descriptor, -1 after Close."""
        return -1 if self.m_pSocket is None else self.m_pSocket.fileno()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.Close()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} over {self.m_pSocket!r}>"
