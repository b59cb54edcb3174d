"""What the socket tests share: recorders, connected pairs, and the two ways of waiting."""

import contextlib
import socket
import struct
import time

from pysock import FD_ALL, SOCK_DGRAM, SOCK_STREAM, CAsyncSocket, Pump

LOOPBACK = "127.0.0.1"
PATIENCE = 10  # seconds until something that must happen counts as not happening
QUIET = 0.06  # seconds of silence after which nothing more is taken to come (the spec's 0.2 is for networks)


class Recorder(CAsyncSocket):
    """Writes down each callback as (name, error), in its own `log` and in the `journal` shared with
    others."""

    def __init__(self, journal=None, **options):
        super().__init__(**options)
        self.log = []
        self.journal = journal

    def note(self, name, error):
        self.log.append((name, error))
        if self.journal is not None:
            self.journal.append((self, name))

    def names(self):
        return [name for name, _ in self.log]

    def OnReceive(self, nErrorCode):
        self.note("OnReceive", nErrorCode)

    def OnSend(self, nErrorCode):
        self.note("OnSend", nErrorCode)

    def OnOutOfBandData(self, nErrorCode):
        self.note("OnOutOfBandData", nErrorCode)

    def OnAccept(self, nErrorCode):
        self.note("OnAccept", nErrorCode)

    def OnConnect(self, nErrorCode):
        self.note("OnConnect", nErrorCode)

    def OnClose(self, nErrorCode):
        self.note("OnClose", nErrorCode)


class Reader(Recorder):
    """A Recorder that reads at most `step` bytes in each OnReceive."""

    def __init__(self, step=65536, **options):
        super().__init__(**options)
        self.step = step
        self.got = bytearray()

    def OnReceive(self, nErrorCode):
        super().OnReceive(nErrorCode)
        self.got += self.ReceiveBytes(self.step) or b""


def drain(quiet=QUIET):
    """Dispatches until nothing has come for `quiet` seconds."""
    pump = Pump.current()
    end = time.monotonic() + quiet
    while time.monotonic() < end:
        if pump.dispatch(1000):
            end = time.monotonic() + quiet
        else:
            time.sleep(0.002)


def until(predicate, patience=PATIENCE):
    """Dispatches until the predicate holds; fails if it never does."""
    assert Pump.current().run_until(predicate, patience), "it did not happen"


def wait_for(predicate):
    """Waits without dispatching."""
    end = time.monotonic() + PATIENCE
    while not predicate():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.001)


def listener(cls=Recorder, mask=FD_ALL, backlog=50, **options):
    ls = cls(**options)
    assert ls.Create(0, SOCK_STREAM, mask, LOOPBACK)
    assert ls.Listen(backlog)
    return ls


def port_of(sock):
    return sock.GetSockName()[1]


def raw_pair():
    """Two connected TCP sockets of the socket module."""
    with socket.create_server((LOOPBACK, 0)) as server:
        a = socket.create_connection(server.getsockname())
        b, _ = server.accept()
    return a, b


@contextlib.contextmanager
def attached(cls=Recorder, mask=FD_ALL, quiet=True, **options):
    """(sock, peer): an object of ours on one end of a connection, a plain socket on the other; nothing
    pending."""
    ours, peer = raw_pair()
    sock = cls(**options)
    with peer:
        assert sock.Attach(ours, mask)
        if quiet:
            drain(0.01)
            if hasattr(sock, "log"):
                sock.log.clear()
        yield sock, peer
        sock.Close()


def reset(peer):
    """Closes a plain socket so that the other end sees a reset."""
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    peer.close()


def datagram(cls=Recorder, **options):
    sock = cls(**options)
    assert sock.Create(0, SOCK_DGRAM, FD_ALL, LOOPBACK)
    return sock


__all__ = [name for name in dir() if not name.startswith("_") and name not in ("AF_UNIX",)]
