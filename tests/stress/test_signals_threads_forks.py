"""Signals by the thousand, sockets that wander between threads, processes that fork."""

from __future__ import annotations

import queue
import signal
import socket
import threading
import time

import pytest
from stress_kit import Server, in_a_process, nothing_left, raw

import pysock

pytestmark = [pytest.mark.stress, pytest.mark.sockets]


@pytest.mark.windows_lacks("interval timers")
def test_er_3_a_storm_of_signals() -> None:
    """A signal every half millisecond: handlers run, no call fails with EINTR, nothing is lost."""
    server = Server()
    pump = pysock.Pump.current()
    signals = 0

    class Client(pysock.CAsyncSocket):
        echoed = 0

        def OnSend(self, nErrorCode: int) -> None:
            self.Send(b"x" * 1000)

        def OnReceive(self, nErrorCode: int) -> None:
            n = self.Receive(buffer)
            if n > 0:
                Client.echoed += n
                assert self.Send(memoryview(buffer)[:n]) == n, self.GetLastError()

    def on_alarm(number: int, frame: object) -> None:
        nonlocal signals
        signals += 1

    buffer = bytearray(4096)
    before = signal.signal(signal.SIGALRM, on_alarm)
    signal.setitimer(signal.ITIMER_REAL, 0.0005, 0.0005)
    clients = []
    try:
        for _ in range(20):
            client = Client()
            assert client.Create()
            client.Connect(*server.address)
            clients.append(client)
        assert pump.run_until(lambda: signals >= 2000 and Client.echoed > 1_000_000, 30)
        idle = signals
        assert pump.run_until(lambda: signals > idle + 100, 10), "they also run while it waits"
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert all(client.m_hSocket != pysock.INVALID_SOCKET for client in clients)
    assert not server.closes
    for client in clients:
        client.Close()
    server.Close()


def test_lt_14_sockets_wander_between_two_threads() -> None:
    """Forty connections go to and fro by Detach and Attach while data comes; no byte is lost or doubled."""
    hops_wanted, connections = 50, 40
    errors: list[BaseException] = []
    finished: queue.Queue[int] = queue.Queue()

    class Traveller(pysock.CAsyncSocket):
        """Takes one message in this thread, then goes on to the other one."""

        def __init__(self, post: Post, seen: int) -> None:
            super().__init__()
            self.post, self.seen = post, seen

        def OnReceive(self, nErrorCode: int) -> None:
            assert threading.get_ident() == self.post.thread.ident
            data = self.ReceiveBytes(4)
            assert data is not None and int.from_bytes(data, "little") == self.seen, (data, self.seen)
            self.post.here.discard(self)
            if self.seen + 1 == hops_wanted:
                self.Close()
                finished.put(self.seen + 1)
            else:
                self.post.other.send(self.Detach(), self.seen + 1)

    class Post:
        """A thread with a pump of its own."""

        other: Post

        def __init__(self) -> None:
            self.here: set[Traveller] = set()
            self.ready = threading.Event()
            self.thread = threading.Thread(target=self.live)
            self.thread.start()
            assert self.ready.wait(10)

        def live(self) -> None:
            self.pump = pysock.Pump.current()
            self.pump.on_callback_error = lambda sock, event, error: errors.append(error)
            self.ready.set()
            self.pump.run()

        def send(self, handle: int, seen: int) -> None:
            self.pump.call_soon_threadsafe(lambda: self.take(handle, seen))

        def take(self, handle: int, seen: int) -> None:
            traveller = Traveller(self, seen)
            self.here.add(traveller)
            assert traveller.Attach(handle)

    with nothing_left():
        one, two = Post(), Post()
        one.other, two.other = two, one
        theirs = []
        for n in range(connections):
            ours, end = socket.socketpair()
            theirs.append(end)
            (one, two)[n % 2].send(ours.detach(), 0)
        for number in range(hops_wanted):  # faster than they travel: most of it comes between two Attach
            for end in theirs:
                end.sendall(number.to_bytes(4, "little"))
        for _ in range(connections):
            assert finished.get(timeout=30) == hops_wanted
        for end in theirs:
            assert end.recv(1) == b""
            end.close()
        for post in (one, two):
            post.pump.stop()
            post.pump.call_soon_threadsafe(lambda: None)
            post.thread.join(10)
            assert not post.thread.is_alive() and not post.here
        del post, one, two
    assert not errors


def test_calls_posted_from_many_threads() -> None:
    pump = pysock.Pump.current()
    got: dict[int, list[int]] = {n: [] for n in range(8)}

    def work(n: int) -> None:
        for k in range(2000):
            pump.call_soon_threadsafe(lambda k=k: got[n].append(k))

    threads = [threading.Thread(target=work, args=(n,)) for n in got]
    for thread in threads:
        thread.start()
    assert pump.run_until(lambda: all(len(calls) == 2000 for calls in got.values()), 30)
    for thread in threads:
        thread.join()
    assert all(calls == sorted(calls) for calls in got.values()), "those of one thread keep their order"


FORK = """
import os, signal, sys
import pysock
from stress_kit import Server, raw

server = Server()
pump = pysock.Pump.current()
clients = [raw(server.address) for _ in range(20)]
assert pump.run_until(lambda: server.accepts == 20, 10)
for round in range(30):
    for client in clients:
        client.sendall(b"before")            # queued in the parent's kernel state when the child is made
    child = os.fork()
    if child == 0:
        status = 1
        try:
            mine = pysock.Pump.current()
            assert mine is not pump and not mine.pending()
            assert mine.dispatch() == 0, "the child has no sockets"
            try:
                server.GetSockName()
            except pysock.WrongThreadError:
                pass
            else:
                raise AssertionError("the parent's socket works in the child")
            own = Server()
            client = raw(own.address)
            client.sendall(b"in the child")
            assert mine.run_until(lambda: own.bytes == 12, 10)
            assert client.recv(100) == b"in the child"
            client.close()
            assert mine.run_until(lambda: own.closes == {0: 1}, 10)
            own.Close()
            status = 0
        finally:
            os._exit(status)
    pid, status = os.waitpid(child, 0)
    assert status == 0, status
    assert pump.run_until(lambda: server.bytes == (round + 1) * 20 * 6, 10), "the parent's sockets go on"
    for client in clients:
        assert client.recv(100) == b"before"
assert not server.closes
for client in clients:
    client.close()
assert pump.run_until(lambda: server.closes == {0: 20}, 10)
server.Close()
print("done")
"""


@pytest.mark.windows_lacks("fork")
def test_tc_142_forks_in_full_flight() -> None:
    assert in_a_process(FORK) == "done\n"


def test_many_threads_come_and_go() -> None:
    """A pump for every thread that uses sockets, and none left when the threads are gone."""

    def live() -> None:
        server = Server()
        client = raw(server.address)
        client.sendall(b"hello")
        pump = pysock.Pump.current()
        assert pump.run_until(lambda: server.bytes == 5, 10)
        assert client.recv(10) == b"hello"
        client.close()
        assert pump.run_until(lambda: server.closes == {0: 1}, 10)
        server.Close()
        done.append(1)

    done: list[int] = []
    with nothing_left():
        for _ in range(50):
            threads = [threading.Thread(target=live) for _ in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(30)
        del thread, threads
        time.sleep(0)
    assert len(done) == 200
