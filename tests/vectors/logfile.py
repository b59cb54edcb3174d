"""A plain file in memory that writes down the calls made on it, as the driver's does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pysock import CFile


class LogFile(CFile):
    def __init__(
        self, log: Callable[[str], None], data: bytes = b"", chunk: int = 0, *, blocking: bool = False
    ) -> None:
        super().__init__()
        self.log, self.data, self.chunk = log, bytearray(data), chunk
        self.at = 0
        self.m_bBlocking = blocking

    def Read(self, nCount: int) -> bytes:
        n = min(nCount, max(0, len(self.data) - self.at), self.chunk or nCount)
        data = bytes(self.data[self.at : self.at + n])
        self.at += n
        self.log(f"log Read({nCount}) -> {n}")
        return data

    def ReadInto(self, buf: Any) -> int:
        data = self.Read(len(buf))
        buf[: len(data)] = data
        return len(data)

    def Write(self, data: Any) -> None:
        raw = bytes(data)
        self.data[self.at : self.at + len(raw)] = raw
        self.at += len(raw)
        self.log(f"log Write({len(raw)})")

    def Seek(self, lOff: int, nFrom: int) -> int:
        self.log(f"log Seek({lOff}, {nFrom})")
        self.at = (0, self.at, len(self.data))[nFrom] + lOff
        return self.at

    def Flush(self) -> None:
        self.log("log Flush()")

    def Close(self) -> None:
        self.log("log Close()")

    def Abort(self) -> None:
        self.log("log Abort()")

    def GetFilePath(self) -> str:
        return "F.bin"
