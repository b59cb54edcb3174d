"""Connections that come and go, and hours of events: nothing may pile up."""

from __future__ import annotations

import time

import pytest
from stress_kit import KIB, Server, nothing_left, resident, scaled

import pysock

pytestmark = [pytest.mark.stress, pytest.mark.sockets, pytest.mark.subprocess_memory]


class Client(pysock.CAsyncSocket):
    """Connects, says one thing, hears it, closes; then the next one starts."""

    left = 0
    done = 0
    abort = False

    @classmethod
    def start(cls, address: tuple[str, int]) -> None:
        if cls.left:
            cls.left -= 1
            client = cls()
            running.add(client)
            client.address = address
            assert client.Socket()  # Create() would bind first, and the search for a free port takes long
            client.Connect(*address)

    def OnSend(self, nErrorCode: int) -> None:
        self.Send(b"ping")

    def OnConnect(self, nErrorCode: int) -> None:
        assert nErrorCode == 0, nErrorCode

    def OnReceive(self, nErrorCode: int) -> None:
        assert self.ReceiveBytes(10) == b"ping"
        if Client.left % 2:  # every other one without a good-bye
            self.SetSockOpt(pysock.SO_LINGER, (1, 0))
        self.Close()
        running.discard(self)
        Client.done += 1
        Client.start(self.address)


running: set[Client] = set()


def cycles(server: Server, count: int) -> None:
    Client.left, Client.done = count, 0
    for _ in range(50):
        Client.start(server.address)
    pump = pysock.Pump.current()
    assert pump.run_until(lambda: Client.done == count and not server.peers, 60)


def test_20000_connections_leave_nothing() -> None:
    server = Server()
    few, many = scaled(2000), scaled(20_000)
    cycles(server, few)  # whatever is made once is made now
    with nothing_left(memory=512 * KIB):
        cycles(server, many)
    assert server.accepts == few + many
    assert sum(server.closes.values()) == few + many
    assert set(server.closes) == {0, pysock.WSAECONNRESET}
    server.Close()


def test_an_hour_of_events_leaves_nothing() -> None:
    """Two hundred busy connections, timers and posted calls, for ten seconds: a calm hour's worth."""

    class Pinger(pysock.CAsyncSocket):
        rounds = 0
        stopping = False

        def OnSend(self, nErrorCode: int) -> None:
            self.Send(b"x" * 64)

        def OnReceive(self, nErrorCode: int) -> None:
            n = self.Receive(buffer)
            if n > 0 and not Pinger.stopping:
                Pinger.rounds += 1
                self.Send(memoryview(buffer)[:n])

    buffer = bytearray(4096)
    server = Server()
    pump = pysock.Pump.current()
    pingers = [Pinger() for _ in range(200)]
    ticks = posted = 0

    def tick() -> None:
        nonlocal ticks
        ticks += 1
        pump.kill_timer(pump.set_timer(60_000, tick))  # a time-out that is called off, as most are
        pump.call_soon(post)

    def post() -> None:
        nonlocal posted
        posted += 1

    for pinger in pingers:
        assert pinger.Create()
        pinger.Connect(*server.address)
    timer = pump.set_timer(1, tick)
    far = pump.set_timer(3_600_000, tick)
    assert pump.run_until(lambda: Pinger.rounds > scaled(20_000), 60)
    start, rounds = time.monotonic(), Pinger.rounds
    before = resident()
    pump.run_until(lambda: False, 10)
    seconds = time.monotonic() - start
    grown = resident() - before
    assert grown <= 512 * KIB, (
        f"{grown // KIB} KiB more after {Pinger.rounds - rounds} rounds in {seconds:.0f} s"
    )
    assert Pinger.rounds - rounds > scaled(10_000)
    assert ticks > 100 and 0 <= ticks - posted <= 1
    pump.kill_timer(timer)
    pump.kill_timer(far)
    Pinger.stopping = True
    assert len(server.peers) == 200 and not server.closes
    for pinger in pingers:
        pinger.Close()
    assert pump.run_until(lambda: not server.peers, 10)
    server.Close()


def test_timers_called_off_leave_nothing() -> None:
    pump = pysock.Pump.current()
    far = pump.set_timer(3_600_000, lambda: None)
    for _ in range(1000):
        pump.kill_timer(pump.set_timer(60_000, lambda: None))
    deadline = pump.next_deadline()
    assert deadline is not None and deadline > time.monotonic() + 3000, "a killed timer is not waited for"
    with nothing_left(memory=512 * KIB):
        for _ in range(100_000):
            pump.kill_timer(pump.set_timer(60_000, lambda: None))
    pump.kill_timer(far)
    assert pump.next_deadline() is None
