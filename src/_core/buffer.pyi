from typing import Any, Self, overload

import typing_extensions
from typing_extensions import disjoint_base

def live_counts() -> dict[str, int]: ...

@disjoint_base
class Buffer:
    """The bytes of an archive: life, file and raw data. The base of `CArchive`."""

    def Flush(self) -> None:
        """Storing: write what is buffered, in one call. Loading: move the file back over what is buffered and
        unread (AR-14, AR-15). The file itself is not flushed."""

    def Close(self) -> None:
        """Flush, then forget the file, which stays open. A second Close does nothing (AR-11)."""

    def Abort(self) -> None:
        """Forget the file without writing or moving anything; never raises (AR-12)."""

    def __enter__(self) -> Self: ...
    def __exit__(self, exc_type: object, exc: object, traceback: object) -> None: ...
    @property
    def closed(self) -> bool:
        """True after Close or Abort."""

    def IsLoading(self) -> bool:
        """True if this archive loads (AR-8)."""

    def IsStoring(self) -> bool:
        """True if this archive stores (AR-8)."""

    def IsBufferEmpty(self) -> bool:
        """Loading: no unread byte is buffered here or, where the file says so, in the file. Storing: the
        buffer is full (AR-8, AR-27)."""

    def IsByteSwapping(self) -> bool:
        """Always False: the stream is little-endian on every machine (AR-9)."""

    def GetFile(self) -> Any:
        """The file as it was given, None after Close or Abort (AR-8)."""

    @property
    def m_strFileName(self) -> str:
        """The file's path, "" if it has none (AR-3)."""

    @m_strFileName.setter
    def m_strFileName(self, value: str) -> None: ...
    @property
    def m_nMode(self) -> int:
        """The mode bits given at construction."""

    @property
    def faithful(self) -> bool:
        """True if MFC's quirks are reproduced."""

    @property
    def max_total(self) -> int | None:
        """Most bytes that one top-level read may take, None for no limit (AR-181)."""

    @max_total.setter
    def max_total(self, value: int | None) -> None: ...
    @property
    def offset(self) -> int:
        """Bytes of the stream loaded or stored so far, counted from where the archive began."""

    @overload
    def Read(self, buf: int, /) -> bytes:
        """Load raw bytes. `buf` is a number: up to that many, as bytes; or a writable buffer: fills it and
        returns the number of bytes. Fewer means the end of the stream; that is no error (AR-24, AR-51)."""

    @overload
    def Read(self, buf: typing_extensions.Buffer, /) -> int: ...
    @overload
    def EnsureRead(self, buf: int, /) -> bytes:
        """Like Read, but endOfFile if the stream has fewer bytes (AR-25). A number returns bytes."""

    @overload
    def EnsureRead(self, buf: typing_extensions.Buffer, /) -> int: ...
    def Write(self, data: typing_extensions.Buffer, /) -> None:
        """Store the bytes of any contiguous bytes-like object, without a length (AR-18, AR-51)."""

    def FillBuffer(self, nBytesNeeded: int, /) -> None:
        """Make that many unread bytes stand in the buffer; endOfFile if the stream has fewer, bufferFull if
        the buffer cannot hold them (AR-19, AR-23)."""
