"""Peers that do everything wrong: notifications stay right, memory stays bounded."""

from __future__ import annotations

import random
import socket
import struct
import time
from collections.abc import Iterator

import pytest
from stress_kit import KIB, Server, nothing_left, raw

import pysock

pytestmark = [pytest.mark.stress, pytest.mark.sockets]


@pytest.fixture
def servers() -> Iterator[list[Server]]:
    """One; in a list, as pytest keeps a fixture's value longer than the live counters allow."""
    servers = [Server()]
    yield servers
    servers.pop().Close()


def pump_until(happened: object, seconds: float = 20) -> None:
    assert pysock.Pump.current().run_until(happened, seconds)  # type: ignore[arg-type]


def abort(client: socket.socket) -> None:
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()


def test_one_byte_at_a_time(servers: list[Server]) -> None:
    [server] = servers
    client = raw(server.address, blocking=False)
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    text = bytes(random.Random(1).randbytes(3000))
    echoed = b""
    for n in range(len(text)):
        client.send(text[n : n + 1])
        pysock.Pump.current().dispatch()
    deadline = time.monotonic() + 20
    while len(echoed) < len(text) and time.monotonic() < deadline:
        pysock.Pump.current().run_until(lambda: False, 0.001)
        try:
            echoed += client.recv(4096)
        except BlockingIOError:
            pass
    assert echoed == text
    client.close()
    pump_until(lambda: server.closes == {0: 1})


def test_a_peer_that_never_reads(servers: list[Server]) -> None:
    """It sends and sends; the server stops taking, and holds one message at most."""
    [server] = servers
    client = raw(server.address, blocking=False)
    sent = 0
    stuck = 0
    while stuck < 20:
        try:
            sent += client.send(b"x" * 64 * KIB)
            stuck = 0
        except BlockingIOError:
            stuck += 1
            pysock.Pump.current().run_until(lambda: False, 0.01)
        assert sent < 256 * KIB * KIB, "back-pressure never comes"
    assert 0 < server.most_unsent <= 64 * KIB
    receives = server.receives
    pysock.Pump.current().run_until(lambda: False, 0.1)
    assert server.receives == receives, "nothing happens while nobody reads"
    got = 0
    deadline = time.monotonic() + 30
    while got < sent and time.monotonic() < deadline:
        pysock.Pump.current().dispatch()
        try:
            got += len(client.recv(1 << 20))
        except BlockingIOError:
            pysock.Pump.current().run_until(lambda: False, 0.001)
    assert got == sent, "it all comes back once it is read"
    client.close()
    pump_until(lambda: not server.peers)


def test_half_closed_peers_get_everything(servers: list[Server]) -> None:
    [server] = servers
    with nothing_left():
        clients = [raw(server.address) for _ in range(200)]
        for n, client in enumerate(clients):
            client.sendall(b"%d" % n * 100)
            client.shutdown(socket.SHUT_WR)
        pump_until(lambda: server.closes == {0: 200} and not server.peers)
        for n, client in enumerate(clients):
            received = b""
            while data := client.recv(4096):
                received += data
            assert received == b"%d" % n * 100
            client.close()


def test_resets_at_every_moment(servers: list[Server]) -> None:
    """Before the accept, before the data is read, with data unread, in the middle of an answer."""
    [server] = servers
    with nothing_left():
        count = 0
        for moment in range(400):
            client = raw(server.address)
            if moment % 4 >= 1:
                client.sendall(b"x" * 1000)
            if moment % 4 >= 2:
                pysock.Pump.current().dispatch()
            if moment % 4 == 3:
                client.sendall(b"y" * 100_000)
            abort(client)
            count += 1
            if moment % 3 == 0:
                pysock.Pump.current().dispatch()
        pump_until(lambda: server.accepts == sum(server.closes.values()) and not server.peers)
    # A connection that is reset before it is accepted may be gone by then, or come and be closed at once.
    assert 0 < server.accepts <= count
    assert set(server.closes) <= {0, pysock.WSAECONNRESET}
    assert server.closes[pysock.WSAECONNRESET] > 0


def test_a_reset_after_an_orderly_end(servers: list[Server]) -> None:
    """The server is still answering when the peer, which has ended its side, tears the line down."""
    [server] = servers
    client = raw(server.address, blocking=False)
    stuck = 0
    while stuck < 20:
        try:
            client.send(b"x" * 64 * KIB)
            stuck = 0
        except BlockingIOError:
            stuck += 1
            pysock.Pump.current().run_until(lambda: False, 0.005)
    client.shutdown(socket.SHUT_WR)
    for peer in server.peers:
        peer.OnReceive = lambda nErrorCode, peer=peer: drain(peer)
        drain(peer)
    pump_until(lambda: any(peer.ended for peer in server.peers))
    abort(client)
    pump_until(lambda: not server.peers)
    assert server.closes == {pysock.WSAECONNRESET: 1}


def drain(peer: pysock.CAsyncSocket) -> None:
    """Takes everything that came, and answers none of it."""
    while peer.Receive(peer.server.buffer) > 0:
        pass


@pytest.mark.parametrize("seed", range(3))
def test_a_crowd(servers: list[Server], seed: int) -> None:
    """150 clients do random things in random order; whoever ends orderly has got back what it sent."""
    [server] = servers
    choose = random.Random(seed)
    with nothing_left():
        clients = {raw(server.address, blocking=False): [b"", b""] for _ in range(150)}
        orderly = 0
        while clients:
            client = choose.choice(list(clients))
            sent, got = clients[client]
            what = choose.random()
            try:
                if what < 0.5:
                    data = choose.randbytes(choose.choice([1, 10, 1000, 50_000]))
                    clients[client][0] += data[: client.send(data)]
                elif what < 0.9:
                    clients[client][1] += client.recv(choose.choice([1, 100, 100_000]))
                elif what < 0.95:
                    abort(client)
                    del clients[client]
                    continue
                elif what < 0.98:
                    client.shutdown(socket.SHUT_WR)
                    deadline = time.monotonic() + 20
                    while True:
                        pysock.Pump.current().dispatch()
                        assert time.monotonic() < deadline
                        try:
                            data = client.recv(100_000)
                        except BlockingIOError:
                            pysock.Pump.current().run_until(lambda: False, 0.0005)
                            continue
                        if not data:
                            break
                        clients[client][1] += data
                    sent, got = clients.pop(client)
                    client.close()
                    assert got == sent
                    orderly += 1
                    continue
            except BlockingIOError:
                pass
            if choose.random() < 0.5:
                pysock.Pump.current().dispatch()
            sent, got = clients[client]
            assert got == sent[: len(got)]
        pump_until(lambda: not server.peers)
    assert orderly > 0
    assert sum(server.closes.values()) == server.accepts == 150
