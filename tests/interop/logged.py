"""Our CAsyncSocket as the side that logs its callbacks: the twin of peers/asynclog.h."""

from __future__ import annotations

import time
from collections.abc import Callable

import pysock
from pysock import FD_CLOSE, MSG_OOB, MSG_PEEK

CALLS_MAX = 40  # after so many calls OnReceive does nothing any more
FLOOD_BYTES = 8 << 20
BLOCK = 65536


class Logged(pysock.CAsyncSocket):
    """What peers/asynclog.h is for the real CAsyncSocket."""

    def __init__(self, mode: str, log: list[str], family: list[Logged]) -> None:
        super().__init__()
        self.mode, self.log, self.family = mode, log, family
        self.tag = f"s{len(family)}"
        self.calls = self.total = 0
        family.append(self)

    def receive(self, n: int, flags: int = 0) -> int:
        got = self.Receive(bytearray(n), None, flags)
        error = self.GetLastError()
        self.log.append(f"  {self.tag} Receive({n}, flags={flags}) -> {got}")
        if got < 0:
            self.log.append(f"  {self.tag}   error {error}")
        if got > 0 and not flags:
            self.total += got
        return got

    def OnReceive(self, nErrorCode: int) -> None:
        self.calls += 1
        self.log.append(f"{self.tag} OnReceive({nErrorCode}) call {self.calls}")
        if self.calls > CALLS_MAX:
            return
        if self.mode == "full":
            while self.receive(4096) > 0:
                pass
        elif self.mode in ("part", "close", "select0"):
            self.receive(4)
        elif self.mode == "onebyte":
            self.receive(1)
        elif self.mode == "peek":
            self.receive(4, MSG_PEEK)
        elif self.mode == "echo":
            data = self.ReceiveBytes(4096)
            if data:
                self.log.append(f"  {self.tag} echo {len(data)} -> {self.Send(data)}")
        if self.mode == "close":
            self.Close()
            self.log.append(f"  {self.tag} Close, m_hSocket={self.m_hSocket}")
        if self.mode == "select0" and self.calls == 1:
            self.log.append(f"  {self.tag} AsyncSelect(FD_CLOSE) -> {int(self.AsyncSelect(FD_CLOSE))}")

    def OnSend(self, nErrorCode: int) -> None:
        self.log.append(f"{self.tag} OnSend({nErrorCode})")
        if self.mode == "flood":
            taken = 1
            while self.total < FLOOD_BYTES and taken > 0:
                taken = self.Send(bytes(BLOCK))
                self.total += max(taken, 0)
            error = self.GetLastError() if self.total < FLOOD_BYTES else 0
            self.log.append(f"  {self.tag} sent so far {self.total}, last error {error}")

    def OnConnect(self, nErrorCode: int) -> None:
        self.log.append(f"{self.tag} OnConnect({nErrorCode})")

    def OnOutOfBandData(self, nErrorCode: int) -> None:
        self.log.append(f"{self.tag} OnOutOfBandData({nErrorCode})")
        self.receive(16, MSG_OOB)

    def OnClose(self, nErrorCode: int) -> None:
        self.log.append(f"{self.tag} OnClose({nErrorCode}), received in all {self.total}")
        if self.mode in ("full", "part"):
            self.receive(4096)

    def OnAccept(self, nErrorCode: int) -> None:
        self.calls += 1
        self.log.append(f"{self.tag} OnAccept({nErrorCode}) call {self.calls}")
        if self.mode != "noaccept":
            new = Logged(self.mode, self.log, self.family)
            self.log.append(f"  {self.tag} Accept({new.tag}) -> {int(self.Accept(new))}")


class OurLog:
    """`LogPeer` with our CAsyncSocket, in this thread."""

    def __init__(self, mode: str, port: int | None = None) -> None:
        self.lines: list[str] = []
        self.family: list[Logged] = []
        s0 = Logged(mode, self.lines, self.family)
        address = "127.0.0.1" if port is None else None
        self.lines.append(f"s0 Create -> {int(s0.Create(0, lpszSocketAddress=address))}")
        if port is None:
            self.lines.append(f"s0 Listen -> {int(s0.Listen())}")
        else:
            ok = s0.Connect("127.0.0.1", port)
            self.lines.append(f"s0 Connect -> {int(ok)} error {0 if ok else s0.GetLastError()}")
        self.port = port or s0.GetSockName()[1]

    def log(self) -> list[str]:
        return self.lines

    def settle(self, lines: int) -> None:
        """Both ends are in this process: what has happened is there to be dispatched."""
        rest()

    def close(self) -> None:
        for s in self.family:
            s.Close()


def pump_until(happened: Callable[[], bool], seconds: float) -> bool:
    return pysock.Pump.current().run_until(happened, seconds)


def rest(seconds: float = 0.04) -> None:
    """Until nothing was dispatched for so long."""
    pump = pysock.Pump.current()
    quiet_since = time.monotonic()
    while time.monotonic() - quiet_since < seconds:
        if pump.dispatch():
            quiet_since = time.monotonic()
        else:
            time.sleep(0.002)
