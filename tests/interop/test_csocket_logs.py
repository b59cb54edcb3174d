"""`csocket-quirks` and `csocket-waits` of sockets.json: ours says what the real one said, line by line.

The situations are those of quirks() and waits() of the driver that recorded them: a CSocket that logs its
callbacks, and a plain socket at the other end which acts while it blocks.
"""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from pysock import CArchive, CArchiveException, CFileException, CSocket, CSocketFile
from tests.interop.logged import rest
from tests.interop.scenarios import recorded

pytestmark = pytest.mark.sockets

QUIRKS, WAITS = recorded()["csocket-quirks"], recorded()["csocket-waits"]


def block(title: str) -> list[str]:
    """The recorded lines of one part of csocket-waits, without the remarks of the pump's hour-glass."""
    start = next(i for i, line in enumerate(WAITS) if line.startswith("-- ") and title in line) + 1
    end = next((i for i in range(start, len(WAITS)) if WAITS[i].startswith("-- ")), len(WAITS))
    return [line.split(" (")[0] for line in WAITS[start:end] if not line.startswith("pumping")]


class Logging(CSocket):
    def __init__(self, log: list[str]) -> None:
        super().__init__()
        self.log = log
        self.SetTimeOut(30_000)

    def OnReceive(self, nErrorCode: int) -> None:
        self.log.append(f"CSocket OnReceive({nErrorCode})")

    def OnSend(self, nErrorCode: int) -> None:
        self.log.append(f"CSocket OnSend({nErrorCode})")

    def OnConnect(self, nErrorCode: int) -> None:
        self.log.append(f"CSocket OnConnect({nErrorCode})")

    def OnClose(self, nErrorCode: int) -> None:
        self.log.append(f"CSocket OnClose({nErrorCode})")

    def receive(self, n: int, *, error: bool = True) -> None:
        got = self.Receive(bytearray(n))
        code = self.GetLastError() if got < 0 else 0
        self.log.append(f"Receive({n}) -> {got}" + (f" error {code}" if error else ""))


class Ends:
    """Our logging end and the plain one."""

    def __init__(self) -> None:
        self.log: list[str] = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.open: list[CSocket | socket.socket] = [self.listener]

    def pair(self) -> tuple[Logging, socket.socket]:
        ours = Logging(self.log)
        assert ours.Create() and ours.Connect("127.0.0.1", self.port)
        plain, _ = self.listener.accept()
        self.open += [ours, plain]
        return ours, plain

    def close(self) -> None:
        for s in self.open:
            s.Close() if isinstance(s, CSocket) else s.close()


@pytest.fixture
def ends() -> Iterator[Ends]:
    ends = Ends()
    yield ends
    ends.close()


@contextmanager
def while_blocked(sock: CSocket, act: Callable[[], object]) -> Iterator[None]:
    """`act` happens in another thread once `sock` is in a blocking call."""

    def later() -> None:
        end = time.monotonic() + 20
        while not sock.IsBlocking() and time.monotonic() < end:
            time.sleep(0.001)
        time.sleep(0.02)
        act()

    thread = threading.Thread(target=later)
    thread.start()
    yield
    thread.join(30)


def reset(s: socket.socket) -> None:
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    s.close()


def test_receive_gives_what_came(ends: Ends) -> None:
    """CS-12 CS-15 TC-81"""
    ours, plain = ends.pair()
    with while_blocked(ours, lambda: plain.send(b"012")):
        ours.receive(4, error=False)
    rest()
    assert ends.log == [line for line in block("3 bytes come after 300 ms") if line != "time is over"]


def test_a_silent_peer_outlasts_the_interval(ends: Ends) -> None:
    """CS-24 TC-97: here the interval is 20 ms."""
    ours, plain = ends.pair()
    ours.m_nTimeOut = 20
    with while_blocked(ours, lambda: (time.sleep(0.1), plain.send(b"0"))):
        ours.receive(4, error=False)
    assert ends.log == block("longer than m_nTimeOut")


def test_callbacks_of_others_wait(ends: Ends) -> None:
    """CS-23 TC-87"""
    ours, plain = ends.pair()
    rest()
    ends.log.clear()
    _other, its_peer = ends.pair()
    its_peer.send(b"xyz")
    with while_blocked(ours, lambda: plain.send(b"0123")):
        ours.receive(4, error=False)
    rest()
    assert ends.log == block("while data comes for another")


def test_a_close_that_ends_a_receive_is_not_told_again(ends: Ends) -> None:
    """CS-22 CS-32 TC-89"""
    ours, plain = ends.pair()
    rest()
    ends.log.clear()
    with while_blocked(ours, plain.close):
        ours.receive(4)
    rest()
    assert ends.log == block("peer closes while Receive blocks")


def test_a_reset_ends_a_receive(ends: Ends) -> None:
    """DV-2 EV-19: Wine's receive gives 0 after a reset, Windows and we 10054."""
    ours, plain = ends.pair()
    rest()
    ends.log.clear()
    plain.send(b"xyz")
    ours.receive(3, error=False)
    with while_blocked(ours, lambda: reset(plain)):
        ours.receive(4)
    rest()
    real = block("peer resets while Receive blocks")
    assert real == ["Receive(3) of what was waiting -> 3", "Receive(4) -> 0 error 0"]
    assert ends.log == ["Receive(3) -> 3", "Receive(4) -> -1 error 10054"]


def test_send_takes_all(ends: Ends) -> None:
    """CS-17 TC-85"""
    ours, plain = ends.pair()
    got = 0

    def read() -> None:
        nonlocal got
        while got < 8 << 20:
            got += len(plain.recv(1 << 16))

    with while_blocked(ours, read):
        ends.log.append(f"Send({8 << 20}) -> {ours.Send(bytes(8 << 20))}")
    ends.log.append(f"peer has {got}")
    assert ends.log == block("Send of 8 MiB")


def say(log: list[str], what: str, act: Callable[[], object]) -> None:
    """What the driver prints of a guarded call."""
    try:
        result = act()
    except (CArchiveException, CFileException) as e:
        name = "CArchiveException" if isinstance(e, CArchiveException) else "CFileException"
        log.append(f"{what}: exception {name} cause={e.m_cause} oserr={getattr(e, 'm_lOsError', 0)}")
    else:
        log.append(f"{what}: done" if result is None and "Flush" in what else f"{what} done")


def store(ar: CArchive) -> None:
    ar.WriteDWORD(1)
    ar.Flush()


def without_code(lines: list[str]) -> list[str]:
    return [line.replace(" code=e06d7363", "") for line in lines]


def test_half_an_item_and_a_close(ends: Ends) -> None:
    """SF-17 SF-25 SF-27 TC-116 TC-155 TC-156"""
    ours, plain = ends.pair()
    file, log = CSocketFile(ours), ends.log
    into, out = CArchive(file, CArchive.load), CArchive(file, CArchive.store)
    plain.send(b"ab")
    with while_blocked(ours, plain.close):
        say(log, "ar >> DWORD", into.ReadDWORD)
    say(log, "ar >> DWORD again", into.ReadDWORD)
    say(log, "ar << DWORD, Flush", lambda: store(out))
    time.sleep(0.05)  # the answer to what was sent to nobody
    say(log, "ar << DWORD, Flush again", lambda: store(out))
    say(log, "CArchive::Close", into.Close)
    say(log, "close of the storing archive", out.Close)
    out.Abort()
    assert log == without_code(block("half a DWORD"))


def test_half_an_item_and_a_reset(ends: Ends) -> None:
    """DV-2 SF-5: where Wine's receive gives 0 and so endOfFile, Windows and we have CFileException 10054."""
    ours, plain = ends.pair()
    file, log = CSocketFile(ours), ends.log
    into, out = CArchive(file, CArchive.load), CArchive(file, CArchive.store)
    plain.send(b"ab")
    with while_blocked(ours, lambda: reset(plain)):
        say(log, "ar >> DWORD", into.ReadDWORD)
    say(log, "ar << DWORD, Flush", lambda: store(out))
    say(log, "close of the storing archive", out.Close)
    out.Abort()
    into.Abort()
    real = without_code(block("resets in the middle of a DWORD"))
    assert real[0] == "ar >> DWORD: exception CArchiveException cause=3 oserr=0"
    assert real.pop(2) == "bytes the storing archive still holds: 4"  # so Close writes, and fails, again
    assert log == ["ar >> DWORD: exception CFileException cause=1 oserr=10054", *real[1:]]


def test_notifications_that_a_partial_receive_leaves(ends: Ends) -> None:
    """CS-22 CS-34 DV-4: the original posts FD_READ twice, once for each of its own queues; we once."""
    ours, plain = ends.pair()
    plain.send(b"0123456789")
    ours.receive(4, error=False)
    rest()
    ours.receive(20, error=False)
    start = QUIRKS.index("CSocket OnSend(0)")
    assert QUIRKS[start : start + 3] == ["CSocket OnSend(0)", "CSocket OnReceive(0)", "CSocket OnReceive(0)"]
    assert ends.log == ["Receive(4) -> 4", "CSocket OnSend(0)", "CSocket OnReceive(0)", "Receive(20) -> 6"]
