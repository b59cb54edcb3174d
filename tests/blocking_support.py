"""What the tests of blocking calls share: recorders that block, and helpers that act while they do."""

import contextlib
import socket
import threading
import time

from sock_support import LOOPBACK, PATIENCE, Recorder, attached

from pysock import SOCK_STREAM, CArchive, CSocket, CSocketFile, Pump


class Blocker(Recorder, CSocket):
    """A CSocket that writes down its callbacks; `pending` is called by OnMessagePending."""

    def __init__(self, journal=None, pending=None, **options):
        super().__init__(journal, **options)
        self.pending = pending
        self.asked = 0

    def OnMessagePending(self):
        self.asked += 1
        return bool(self.pending and self.pending())


@contextlib.contextmanager
def meanwhile(sock, act):
    """Runs `act()` in another thread once `sock` blocks; its failure is the test's."""
    trouble = []

    def wait_and_act():
        try:
            end = time.monotonic() + PATIENCE
            while not sock.IsBlocking():
                assert time.monotonic() < end, f"{sock!r} does not block"
                time.sleep(0.001)
            time.sleep(0.02)  # let it sleep
            act()
        except BaseException as e:
            trouble.append(e)
            sock.CancelBlockingCall()

    thread = threading.Thread(target=wait_and_act)
    thread.start()
    yield
    thread.join(PATIENCE)
    assert not thread.is_alive()
    if trouble:
        raise trouble[0]


def blocking_listener(cls=Blocker, backlog=50):
    ls = cls()
    assert ls.Create(0, SOCK_STREAM, LOOPBACK)
    assert ls.Listen(backlog)
    return ls


def blocked_port():
    """A port whose listener takes no connection any more: connecting to it stays pending."""
    server = socket.socket()
    server.bind((LOOPBACK, 0))
    server.listen(0)
    full = []
    for _ in range(3):
        s = socket.socket()
        s.setblocking(False)
        s.connect_ex(server.getsockname())
        full.append(s)
    time.sleep(0.05)
    return server, full


WAITS = ["Receive", "ReceiveFrom", "Send", "Accept", "Connect", "archive load", "archive store"]


@contextlib.contextmanager
def waiting(call):
    """(socket, function): the function makes the call, which waits as long as nobody interferes."""
    with contextlib.ExitStack() as stack:
        if call == "Accept":
            sock = stack.enter_context(blocking_listener())
            yield sock, lambda: sock.Accept(CSocket())
        elif call == "Connect":
            server, full = blocked_port()
            for s in (server, *full):
                stack.enter_context(s)
            sock = stack.enter_context(Blocker())
            sock.Create()
            yield sock, lambda: sock.Connect(*server.getsockname())
        elif call.startswith("archive"):
            file, sock, _ = stack.enter_context(socket_file())
            ar = CArchive(file, CArchive.load if call.endswith("load") else CArchive.store)
            stack.callback(ar.Abort)
            yield sock, ar.ReadDWORD if call.endswith("load") else lambda: ar.Write(bytes(64 << 20))
        else:
            sock, _ = stack.enter_context(attached(Blocker))
            yield (
                sock,
                {
                    "Receive": lambda: sock.Receive(bytearray(1)),
                    "ReceiveFrom": lambda: sock.ReceiveFrom(bytearray(1)),
                    "Send": lambda: sock.Send(bytes(64 << 20)),
                }[call],
            )


def read_all(peer, total):
    """Reads `total` bytes from a plain socket."""
    while total:
        piece = peer.recv(min(total, 1 << 20))
        assert piece, f"{total} bytes are missing"
        total -= len(piece)


def soon(act=lambda: None):
    """Makes a message pending, so that OnMessagePending is called."""
    Pump.current().call_soon(act)


@contextlib.contextmanager
def socket_file(compatible=True, cls=Blocker):
    """(file, sock, peer)"""
    with attached(cls) as (sock, peer):
        yield CSocketFile(sock, compatible), sock, peer
