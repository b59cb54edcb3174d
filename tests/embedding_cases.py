"""What must hold for a pump in anybody's event loop: the same cases for asyncio, uvloop, Qt and Tk."""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from ctrl_c import press

import pysock
from pysock._embedding import Attachment, detach


class Host:
    """An event loop under test."""

    def attach(self) -> Attachment:
        raise NotImplementedError

    def call_later(self, milliseconds: int, function: Callable[[], object]) -> None:
        """Have the loop call a function, by its own timer."""
        raise NotImplementedError

    def run(self) -> None:
        """Run the loop until `stop`."""
        raise NotImplementedError

    def stop(self) -> None:
        raise NotImplementedError

    def run_until(self, happened: Callable[[], object], seconds: float = 10) -> bool:
        """Run the loop until it has happened; False if it did not."""
        deadline = time.monotonic() + seconds
        stopping = False

        def look() -> None:
            nonlocal stopping
            if stopping:
                return
            if happened() or time.monotonic() > deadline:
                stopping = True
                self.stop()
            else:
                self.call_later(2, look)

        self.call_later(0, look)
        try:
            self.run()
        finally:
            stopping = True
        return bool(happened())


class Recorder(pysock.CAsyncSocket):
    """Receives, and notes who called it and where."""

    def __init__(self) -> None:
        super().__init__()
        self.log: list[str] = []
        self.threads: set[int] = set()
        self.data = b""
        self.on_receive: Callable[[], object] | None = None

    def OnReceive(self, nErrorCode: int) -> None:
        self.log.append(f"OnReceive({nErrorCode})")
        self.threads.add(threading.get_ident())
        self.data += self.ReceiveBytes(1000) or b""
        if self.on_receive is not None:
            self.on_receive()

    def OnClose(self, nErrorCode: int) -> None:
        self.log.append(f"OnClose({nErrorCode})")
        self.Close()


Line = list[Any]  # [Recorder, socket.socket]


class EmbeddingCases:
    """Subclasses say which `host`."""

    @pytest.fixture
    def host(self) -> Iterator[Host]:
        raise NotImplementedError
        yield

    @pytest.fixture
    def pump(self) -> Iterator[pysock.Pump]:
        pump = pysock.Pump.current()
        pump.run_until(lambda: not pump.pending(), 1)
        yield pump
        detach()

    @pytest.fixture
    def line(self, pump: pysock.Pump) -> Iterator[Line]:
        """A recorder, and the plain socket at the other end."""
        ours, theirs = socket.socketpair()
        recorder = Recorder()
        recorder.Attach(ours)
        line: Line = [recorder, theirs]
        yield line
        theirs.close()
        recorder.on_receive = None
        recorder.Close()
        line.clear()  # pytest keeps the fixture's value, and the live counters are looked at soon

    def test_tc_131_callbacks_run_in_the_loop(self, host: Host, line: Line) -> None:
        recorder, theirs = line
        with host.attach():
            host.call_later(5, lambda: theirs.send(b"one"))
            assert host.run_until(lambda: recorder.data == b"one")
            theirs.send(b" two")  # while the loop does not run
            assert host.run_until(lambda: recorder.data == b"one two")
            theirs.close()
            assert host.run_until(lambda: "OnClose(0)" in recorder.log)
        assert recorder.threads == {threading.get_ident()}
        assert recorder.log[-1] == "OnClose(0)"

    def test_connect_and_accept(self, host: Host, pump: pysock.Pump) -> None:
        accepted: list[Recorder] = []

        class Server(pysock.CAsyncSocket):
            def OnAccept(self, nErrorCode: int) -> None:
                peer = Recorder()
                assert self.Accept(peer)
                accepted.append(peer)

        class Client(pysock.CAsyncSocket):
            def OnConnect(self, nErrorCode: int) -> None:
                assert nErrorCode == 0

            def OnSend(self, nErrorCode: int) -> None:
                self.Send(b"hello")

        server, client = Server(), Client()
        assert server.Create(0, lpszSocketAddress="127.0.0.1")
        assert server.Listen()
        with host.attach():
            client.Create()
            client.Connect(*server.GetSockName())
            assert host.run_until(lambda: accepted and accepted[0].data == b"hello")
        for sock in (server, client, *accepted):
            sock.Close()

    def test_timers_whenever_they_are_set(self, host: Host, pump: pysock.Pump) -> None:
        fired: list[str] = []
        timers: dict[str, int] = {}

        def set_timer(name: str, milliseconds: int) -> None:
            def fire() -> None:
                fired.append(name)
                pump.kill_timer(timers[name])
                if name == "before":
                    set_timer("inside", 5)

            timers[name] = pump.set_timer(milliseconds, fire)

        set_timer("far", 3_600_000)
        set_timer("before", 5)
        with host.attach():
            assert host.run_until(lambda: fired == ["before", "inside"])
            host.run_until(lambda: False, 0.03)
            assert fired == ["before", "inside"]
            host.call_later(1, lambda: set_timer("outside", 5))  # earlier than what the loop waits for
            assert host.run_until(lambda: fired[-1] == "outside")
            set_timer("killed", 5)
            pump.kill_timer(timers["killed"])
            assert not host.run_until(lambda: "killed" in fired, 0.03)
        pump.kill_timer(timers["far"])
        assert pump.next_deadline() is None

    def test_posted_calls(self, host: Host, pump: pysock.Pump) -> None:
        ran: list[object] = []
        with host.attach():
            for n in range(200):  # more than one dispatch() takes
                pump.call_soon(lambda n=n: ran.append(n))
            assert host.run_until(lambda: len(ran) == 200)
            assert ran == list(range(200))
            thread = threading.Thread(
                target=lambda: pump.call_soon_threadsafe(lambda: ran.append(threading.get_ident()))
            )
            host.call_later(5, thread.start)
            assert host.run_until(lambda: len(ran) == 201)
            thread.join()
        assert ran[-1] == threading.get_ident()

    def test_py_27_a_callback_that_raises_is_reported_and_the_loop_goes_on(
        self, host: Host, pump: pysock.Pump, line: Line
    ) -> None:
        recorder, theirs = line
        errors: list[BaseException] = []
        recorder.on_receive = lambda: 1 / 0
        pump.on_callback_error = lambda sock, event, error: errors.append(error)
        try:
            with host.attach():
                theirs.send(b"x")
                assert host.run_until(lambda: errors)
                recorder.on_receive = None
                theirs.send(b"y")
                assert host.run_until(lambda: recorder.data == b"xy")
        finally:
            pump.on_callback_error = None
        assert [type(error) for error in errors] == [ZeroDivisionError]

    @pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
    @pytest.mark.parametrize("source", ["socket", "timer", "posted"])
    def test_py_27_leaving_the_loop(
        self,
        host: Host,
        pump: pysock.Pump,
        line: Line,
        error: type[BaseException],
        source: str,
    ) -> None:
        recorder, theirs = line
        timer = None

        def leave() -> None:
            raise error("leaving")

        with pytest.raises(error, match="leaving"), host.attach():
            if source == "socket":
                recorder.on_receive = leave
                theirs.send(b"x")
            elif source == "timer":
                timer = pump.set_timer(5, leave)
            else:
                pump.call_soon(leave)
            host.run_until(lambda: False, 10)
        if timer is not None:
            pump.kill_timer(timer)
        recorder.on_receive = None
        pump.call_soon(lambda: theirs.send(b"y"))  # nothing is broken by that
        with host.attach():
            assert host.run_until(lambda: recorder.data.endswith(b"y"))

    def test_ctrl_c_ends_an_idle_loop(self, host: Host, pump: pysock.Pump, line: Line) -> None:
        before, wakeup = signal.getsignal(signal.SIGINT), _wakeup_fd()
        thread = threading.Timer(0.1, press)
        with pytest.raises(KeyboardInterrupt), host.attach():
            thread.start()
            host.run()
        thread.join()
        assert signal.getsignal(signal.SIGINT) is before
        assert _wakeup_fd() == wakeup  # the proactor loop's own, else -1

    def test_close_leaves_nothing_behind(self, host: Host, pump: pysock.Pump, line: Line) -> None:
        recorder, theirs = line
        fired: list[bool] = []
        timer = pump.set_timer(10, lambda: fired.append(True))
        try:
            descriptors = _descriptors()
            handle = host.attach()
            assert not handle.closed
            handle.close()
            handle.close()  # the second time it does nothing
            assert handle.closed
            assert _descriptors() == descriptors
            theirs.send(b"x")
            pump.call_soon(lambda: fired.append(True))
            assert not host.run_until(lambda: recorder.data or fired, 0.05)
            assert pump.run_until(lambda: recorder.data and len(fired) >= 2, 5), (
                "the sockets wait for the next driver"
            )
        finally:
            pump.kill_timer(timer)

    def test_one_loop_at_a_time(self, host: Host, pump: pysock.Pump) -> None:
        with host.attach():
            with pytest.raises(RuntimeError, match="already driven by"):
                host.attach()
            assert detach()
            assert not detach()
        with host.attach():
            pass

    def test_close_inside_a_callback(self, host: Host, pump: pysock.Pump, line: Line) -> None:
        recorder, theirs = line
        handle = host.attach()
        recorder.on_receive = handle.close
        theirs.send(b"x")
        assert host.run_until(lambda: handle.closed)
        theirs.send(b"y")
        assert not host.run_until(lambda: recorder.data == b"xy", 0.03)

    def test_an_idle_pump_costs_nothing(self, host: Host, pump: pysock.Pump, line: Line) -> None:
        recorder, theirs = line
        with host.attach():
            theirs.send(b"x")
            assert host.run_until(lambda: recorder.data == b"x")
            start = time.process_time()
            host.call_later(300, host.stop)
            host.run()
            assert time.process_time() - start < 0.2, "the loop was spinning"


def _wakeup_fd() -> int:
    now = signal.set_wakeup_fd(-1)
    if now != -1:
        signal.set_wakeup_fd(now)
    return now


def _descriptors() -> int:
    """How many are open; 0 where that cannot be told.  (Under Wine that folder is there too, and another process's.)"""
    return len(os.listdir("/proc/self/fd")) if sys.platform == "linux" else 0
