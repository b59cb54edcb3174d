"""What builds up: many connections, many events, peers that misbehave."""

import random
import socket
import sys

import memory
import pytest
from sock_support import LOOPBACK, Reader, Recorder, attached, listener, port_of, raw_pair, reset, until
from stress_kit import scaled

from pysock import WSAECONNRESET, CAsyncSocket, Pump


def resident():
    """KiB, now."""
    return memory.resident() // 1024


@pytest.mark.timeout(300)
@pytest.mark.parametrize("count", [1000, 20_000])
def test_connects_and_closes_leave_nothing(count):
    count = scaled(count)

    class Server(CAsyncSocket):
        served = 0

        def OnAccept(self, nErrorCode):
            while self.Accept(child := Child()):
                children.add(child)
                Server.served += 1

    class Child(CAsyncSocket):
        def OnReceive(self, nErrorCode):
            self.Send(self.ReceiveBytes(100))

        def OnClose(self, nErrorCode):
            children.discard(self)
            self.Close()

    class Client(CAsyncSocket):
        def OnConnect(self, nErrorCode):
            assert nErrorCode == 0
            self.Send(b"ping")

        def OnReceive(self, nErrorCode):
            assert self.ReceiveBytes(100) == b"ping"
            self.Close()
            clients.discard(self)
            start()

    def start():
        if len(started) < count:
            c = Client()
            started.append(None)
            clients.add(c)
            c.Socket()  # unbound: the system finds a port faster when it connects
            c.Connect(LOOPBACK, port_of(server))

    children, clients, started = set(), set(), []
    with listener(Server, backlog=100) as server:
        for _ in range(20):
            start()
        until(lambda: len(started) == count and not clients and not children, 250)
        assert Server.served == count


@pytest.mark.subprocess_memory
def test_events_leave_memory_flat():
    """An hour's worth of a modest server's events."""
    buf = bytearray(4096)

    class Echo(CAsyncSocket):
        count = 0

        def OnReceive(self, nErrorCode):
            self.Send(buf, self.Receive(buf))
            Echo.count += 1

    pump = Pump.current()
    with attached(Echo) as (sock, peer):
        for size in (scaled(20_000), scaled(150_000)):
            target = Echo.count + size
            before = resident()
            while Echo.count < target:
                for _ in range(50):
                    peer.send(b"x" * 64)
                    pump.dispatch()
                    peer.recv(100)
            after = resident()
        assert after - before < 1024, f"{before} -> {after} KiB"
        assert sock.m_hSocket >= 0


@pytest.mark.subprocess_memory
def test_a_peer_that_never_reads():
    """Sending ends in WSAEWOULDBLOCK and nothing is kept on our side."""
    with attached() as (sock, _peer):
        chunk = bytes(1 << 16)
        while sock.Send(chunk) >= 0:
            pass
        before = resident()
        taken = sum(sock.Send(chunk) >= 0 for _ in range(scaled(20_000)))
        assert taken < 1000  # the kernel's buffers may still grow a little
        assert resident() - before < 1024
        Pump.current().dispatch()
        assert len(sock.log) <= 1


@pytest.mark.parametrize("seed", range(5))
def test_peers_that_do_anything(seed):
    """Random writes, half-closes, closes and resets: every byte arrives in order, every end is told once."""
    rng = random.Random(seed)
    ends = []
    for _ in range(30):
        ours, peer = raw_pair()
        sock = Reader(step=rng.choice([1, 7, 100, 65536]))
        sock.Attach(ours)
        ends.append((sock, peer, bytearray()))
    alive = list(ends)
    resets = set()
    while alive:
        sock, peer, sent = end = rng.choice(alive)
        what = rng.random()
        if what < 0.7:
            data = rng.randbytes(rng.choice([1, 10, 1000]))
            peer.sendall(data)
            sent += data
        elif what < 0.8:
            peer.shutdown(socket.SHUT_WR)
            alive.remove(end)
        elif what < 0.9:
            peer.close()
            alive.remove(end)
        else:
            reset(peer)
            resets.add(sock)
            alive.remove(end)
        if rng.random() < 0.5:
            Pump.current().dispatch()
    until(lambda: all("OnClose" in s.names() for s, _, _ in ends), 60)
    Pump.current().dispatch(100_000)
    for sock, peer, sent in ends:
        assert sock.names().count("OnClose") == 1
        error = dict(sock.log)["OnClose"]
        if sock in resets:
            assert error == WSAECONNRESET
            assert sent.startswith(sock.got)
        else:
            assert (error, bytes(sock.got)) == (0, bytes(sent))
        sock.Close()
        peer.close()


@pytest.fixture
def room_for():
    """Raises this process's limit of descriptors, where there is one; gives how many sockets it then may have."""
    if sys.platform == "win32":
        yield lambda wanted: wanted
        return
    import resource

    before = resource.getrlimit(resource.RLIMIT_NOFILE)

    def raise_it(wanted):
        wanted = min(wanted, before[1] - 200)
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(before[0], wanted + 200), before[1]))
        return wanted

    yield raise_it
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_ten_thousand_sockets_cost_one_event_the_same(room_for):
    """Nothing looks at the idle ones: an event among many sockets is found without asking the others."""
    wanted = room_for(scaled(8000)) // 2
    server, clients, children = None, [], []

    class Server(CAsyncSocket):
        def OnAccept(self, nErrorCode):
            while self.Accept(child := Recorder()):
                children.append(child)

    try:
        with listener(Server, backlog=1000) as server:
            for _ in range(wanted):
                clients.append(socket.create_connection((LOOPBACK, port_of(server))))
                Pump.current().dispatch()
            until(lambda: len(children) == wanted, 60)
            for client, child in zip(clients[::200], children[::200], strict=True):
                client.send(b"x")
                until(lambda child=child: "OnReceive" in child.names())
            assert sum("OnReceive" in c.names() for c in children) == len(clients[::200])
    finally:
        for s in clients:
            s.close()
        for c in children:
            c.Close()
