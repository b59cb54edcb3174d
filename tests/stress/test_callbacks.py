"""Callbacks that raise, close themselves or others, lose the last reference, collect garbage."""

from __future__ import annotations

import gc
import random
import socket
import warnings
import weakref
from collections.abc import Callable, Iterator

import pytest
from stress_kit import nothing_left, scaled

import pysock

pytestmark = [pytest.mark.stress, pytest.mark.sockets]


class Line(pysock.CAsyncSocket):
    """One end of a socket pair; the other is a plain socket."""

    def __init__(self, act: Callable[[Line], object]) -> None:
        super().__init__()
        ours, self.theirs = socket.socketpair()
        self.act = act
        self.notified = 0
        assert self.Attach(ours, pysock.FD_READ | pysock.FD_CLOSE)

    def OnReceive(self, nErrorCode: int) -> None:
        self.notified += 1
        assert self.m_hSocket != pysock.INVALID_SOCKET, "a closed socket is not called"
        self.ReceiveBytes(100)
        self.act(self)

    def end(self) -> None:
        self.Close()
        self.theirs.close()


@pytest.fixture
def pump() -> Iterator[pysock.Pump]:
    pump = pysock.Pump.current()
    pump.run_until(lambda: not pump.pending(), 1)
    yield pump
    pump.on_callback_error = None


def test_py_27_every_callback_raises(pump: pysock.Pump) -> None:
    errors: list[tuple[object, BaseException]] = []
    pump.on_callback_error = lambda sock, event, error: errors.append((sock, error))

    def fail(line: Line) -> None:
        raise ValueError(line.notified)

    with nothing_left():
        lines = [Line(fail) for _ in range(100)]
        for n in range(100):
            for line in lines:
                line.theirs.send(b"x")
            assert pump.run_until(lambda n=n: len(errors) == 100 * (n + 1), 10)
        assert {id(sock) for sock, _ in errors} == {id(line) for line in lines}
        assert [error.args[0] for sock, error in errors if sock is lines[7]] == list(range(1, 101))
        errors.clear()
        for line in lines:
            line.end()
        del line, lines


def test_lt_13_each_closes_all_the_others(pump: pysock.Pump) -> None:
    """Fifty have data; whoever is called first closes the other 49, and none of them is called any more."""
    with nothing_left():
        for _ in range(50):
            lines: list[Line] = []

            def close_others(me: Line, lines: list[Line] = lines) -> None:
                for line in lines:
                    if line is not me:
                        line.Close()

            lines.extend(Line(close_others) for _ in range(50))
            for line in lines:
                line.theirs.send(b"x")
            assert pump.run_until(lambda: any(line.notified for line in lines), 10)  # noqa: B023
            while pump.dispatch():
                pass
            assert sum(line.notified for line in lines) == 1
            for line in lines:
                line.end()
            lines.clear()
            del line


@pytest.fixture
def small_heap() -> Iterator[None]:
    """Hundreds of collections look at what the test made, not at all that pytest has."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.mark.usefixtures("small_heap")
@pytest.mark.parametrize("kind", ["close", "drop", "drop and collect"])
def test_py_21_the_last_reference_goes_in_the_callback(pump: pysock.Pump, kind: str) -> None:
    holder: dict[int, Line] = {}
    died: list[int] = []

    def let_go(line: Line) -> None:
        if kind == "close":
            line.Close()
        del holder[id(line)]
        if kind == "drop and collect":
            gc.collect()
        assert line.theirs.fileno() >= 0  # still whole while its callback runs

    with nothing_left(), warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        for _ in range(200):
            line = Line(let_go)
            holder[id(line)] = line
            weakref.finalize(line, died.append, 1)
            line.theirs.send(b"x")
            line.theirs.send(b"y")
        theirs = [line.theirs for line in holder.values()]
        del line
        assert pump.run_until(lambda: not holder, 10)
        gc.collect()
        assert pump.run_until(lambda: len(died) == 200, 10)
        for end in theirs:
            end.settimeout(10)
            while end.recv(10):  # the other side sees the end of the stream
                pass
            end.close()


@pytest.mark.usefixtures("small_heap")
def test_garbage_collection_in_every_callback(pump: pysock.Pump) -> None:
    """Cycles of dead sockets are collected while others are being called."""
    ends: list[socket.socket] = []

    def collect(line: Line) -> None:
        for _ in range(3):
            dead = Line(lambda line: None)
            dead.theirs.send(b"never read")
            ends.append(dead.theirs)
            dead.act = dead  # a cycle
            del dead
        gc.collect()
        called.append(line)

    called: list[Line] = []
    with nothing_left(), warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        lines = [Line(collect) for _ in range(10)]
        for n in range(20):
            for line in lines:
                line.theirs.send(b"x")
            called.clear()
            assert pump.run_until(lambda: len(called) == 10, 10), n
        assert all(line.notified == 20 for line in lines)
        called.clear()
        for line in lines:
            line.end()
        for end in ends:
            end.close()
        del line, lines
        gc.collect()
        pump.dispatch()


def test_lt_13_descriptors_that_are_reused_inherit_nothing(pump: pysock.Pump) -> None:
    """Close and make again, thousands of times, while notifications of the old owners are queued."""
    choose = random.Random(5)
    wrong: list[str] = []

    class Silent(Line):
        """Nobody ever writes to it, so it must never be called."""

        def OnReceive(self, nErrorCode: int) -> None:
            wrong.append(f"OnReceive for {self!r}")

        def OnClose(self, nErrorCode: int) -> None:
            wrong.append(f"OnClose for {self!r}")

    def replace(me: Line) -> None:
        for _ in range(5):
            victim = choose.choice(lines)
            if victim is me:
                continue
            number = victim.m_hSocket
            victim.theirs.send(b"to be dropped")  # queued or not, it must die with its owner
            victim.end()
            fresh = Silent(lambda line: None)
            reused.append(number in (fresh.m_hSocket, fresh.theirs.fileno()))
            lines[lines.index(victim)] = fresh

    reused: list[bool] = []
    with nothing_left():
        for _ in range(scaled(100)):
            lines = [Line(replace) for _ in range(30)]
            for line in lines:
                line.theirs.send(b"x")
            pump.run_until(lambda: not pump.pending(), 5)
            pump.run_until(lambda: False, 0.001)
            for line in lines:
                line.end()
        lines.clear()
        del line
        pump.dispatch()
        gc.collect()
    assert not wrong
    assert sum(reused) > scaled(1000)
