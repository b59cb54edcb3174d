"""Spec section 8, TC-39 to TC-80: events.  (TC-49 and TC-55 are (f) cases: tests/unit/test_eventstate.py.)"""

import contextlib
import socket
import sys

import pytest
from scarcity import no_descriptors
from sock_support import (
    LOOPBACK,
    Reader,
    Recorder,
    attached,
    datagram,
    drain,
    listener,
    port_of,
    raw_pair,
    reset,
    until,
    wait_for,
)
from windows_marks import WINE

from pysock import (
    AF_UNIX,
    FD_ACCEPT,
    FD_ALL,
    FD_CONNECT,
    FD_READ,
    FD_WRITE,
    FIONREAD,
    INVALID_SOCKET,
    MSG_OOB,
    MSG_PEEK,
    SOCK_STREAM,
    SOCKET_ERROR,
    WSAEALREADY,
    WSAECONNREFUSED,
    WSAECONNRESET,
    WSAEMFILE,
    WSAEMSGSIZE,
    WSAENOTCONN,
    WSAEWOULDBLOCK,
    CAsyncSocket,
    Pump,
)


def arrived(sock, n):
    """The kernel has at least n unread bytes; nothing is dispatched."""
    wait_for(lambda: (sock.IOCtl(FIONREAD) or 0) >= n)


def closed_port():
    with socket.create_server((LOOPBACK, 0)) as server:
        return server.getsockname()[1]


def connecting(port, cls=Recorder, mask=FD_ALL):
    sock = cls()
    assert sock.Create(0, SOCK_STREAM, mask)
    if not sock.Connect(LOOPBACK, port):
        assert sock.GetLastError() == WSAEWOULDBLOCK
    return sock


def test_tc_039_created_stream_socket_is_silent():
    with Recorder() as sock:
        assert sock.Create()
        drain()
        assert sock.log == []


def test_tc_039_unbound_and_reselected_too():
    with Recorder() as sock:
        assert sock.Socket()
        assert sock.AsyncSelect(FD_ALL)
        drain()
        assert sock.log == []


def test_tc_040_created_datagram_socket_may_send():
    with datagram() as sock:
        drain()
        assert sock.log == [("OnSend", 0)]


def test_tc_041_connect():
    with listener() as ls, connecting(port_of(ls)) as sock:
        drain()
        assert sock.log == [("OnConnect", 0), ("OnSend", 0)]


def test_tc_042_connect_to_a_closed_port():
    with connecting(closed_port()) as sock:
        drain()
        assert sock.log == [("OnConnect", WSAECONNREFUSED)]


@pytest.mark.skipif(
    "darwin" in sys.platform or "bsd" in sys.platform,
    reason="a failed connect is a socket's end there: docs/platforms.md",
)
def test_tc_042_and_then_to_an_open_one():
    with connecting(closed_port()) as sock, listener() as ls:
        drain()
        sock.log.clear()
        sock.Connect(LOOPBACK, port_of(ls))
        drain()
        assert sock.log == [("OnConnect", 0), ("OnSend", 0)]


def test_tc_043_connect_while_connecting():
    with listener() as ls, Recorder() as sock:
        sock.Create()
        assert sock.Connect(LOOPBACK, port_of(ls)) is False
        assert sock.Connect(LOOPBACK, port_of(ls)) is False
        assert sock.GetLastError() == WSAEALREADY


def test_tc_044_without_fd_connect():
    with listener() as ls, connecting(port_of(ls), mask=FD_ALL & ~FD_CONNECT) as sock:
        drain()
        assert sock.log == [("OnSend", 0)]


def test_ev_24_failure_without_fd_connect_is_not_reported():
    with connecting(closed_port(), mask=FD_ALL & ~FD_CONNECT) as sock:
        drain()
        assert sock.log == []


def test_tc_045_half_read():
    with attached(Reader, step=50) as (sock, peer):
        peer.sendall(b"x" * 100)
        drain()
        assert sock.names() == ["OnReceive"] * 2
        assert sock.got == b"x" * 100


def test_tc_046_nothing_read():
    with attached() as (sock, peer):
        peer.sendall(b"x" * 100)
        until(lambda: sock.log)
        peer.sendall(b"x" * 100)
        arrived(sock, 200)
        drain()
        assert sock.names() == ["OnReceive"]


def test_tc_047_read_from_outside():
    with attached() as (sock, peer):
        peer.sendall(b"x" * 100)
        until(lambda: sock.log)
        assert sock.ReceiveBytes(10) == b"x" * 10
        drain()
        assert sock.names() == ["OnReceive"] * 2


def test_tc_048_peek():
    class Peeker(Recorder):
        def OnReceive(self, nErrorCode):
            super().OnReceive(nErrorCode)
            flags = MSG_PEEK if len(self.log) < 3 else 0
            assert self.ReceiveBytes(100, flags) == b"abc"

    with attached(Peeker) as (sock, peer):
        peer.sendall(b"abc")
        drain()
        assert sock.names() == ["OnReceive"] * 3


def test_tc_050_data_read_before_dispatch():
    with attached() as (sock, peer):
        peer.sendall(b"abc")
        arrived(sock, 3)
        assert sock.AsyncSelect(FD_READ)  # FD_READ is in the queue now
        assert Pump.current().pending()
        assert sock.ReceiveBytes(100) == b"abc"
        drain()
        assert sock.log == []


def test_tc_051_select_with_unread_data():
    with attached() as (sock, peer):
        peer.sendall(b"abc")
        until(lambda: sock.log)
        sock.log.clear()
        assert sock.AsyncSelect(FD_ALL)
        drain()
        assert sock.log == [("OnReceive", 0), ("OnSend", 0)]


def test_tc_052_events_while_the_mask_is_empty():
    with attached() as (sock, peer):
        assert sock.AsyncSelect(0)
        peer.sendall(b"abc")
        arrived(sock, 3)
        drain()
        assert sock.log == []
        assert sock.AsyncSelect(FD_READ)
        drain()
        assert sock.log == [("OnReceive", 0)]


def test_tc_053_consumed_while_the_mask_is_empty():
    with attached() as (sock, peer):
        sock.AsyncSelect(0)
        peer.sendall(b"abc")
        arrived(sock, 3)
        assert sock.ReceiveBytes(100) == b"abc"
        sock.AsyncSelect(FD_READ)
        drain()
        assert sock.log == []


def test_tc_054_queued_and_then_not_wanted():
    with attached() as (sock, peer):
        peer.sendall(b"abc")
        arrived(sock, 3)
        sock.AsyncSelect(FD_READ)
        sock.AsyncSelect(0)
        drain()
        assert sock.log == []


def test_tc_055_two_selects_one_on_receive():
    with attached() as (sock, peer):
        peer.sendall(b"abc")
        arrived(sock, 3)
        sock.AsyncSelect(FD_ALL)
        sock.AsyncSelect(FD_ALL)
        drain()
        assert sock.names().count("OnReceive") == 1


def test_tc_056_successful_sends_are_silent():
    with attached(quiet=False) as (sock, _):
        drain()
        assert sock.log == [("OnSend", 0)]
        for _ in range(10):
            assert sock.Send(b"x") == 1
        drain()
        assert sock.log == [("OnSend", 0)]


def fill(sock):
    """Sends until it would block; how many bytes were taken."""
    chunk, sent = bytes(65536), 0
    while (k := sock.Send(chunk)) >= 0:
        sent += k
    assert sock.GetLastError() == WSAEWOULDBLOCK
    return sent


def test_tc_057_on_send_after_would_block():
    with attached() as (sock, peer):
        left = fill(sock)
        drain()
        assert sock.log == []
        peer.settimeout(10)
        while left:
            left -= len(peer.recv(1 << 20))
        drain()
        assert sock.log == [("OnSend", 0)]


def test_tc_058_send_does_not_cancel_on_send():
    with attached(quiet=False) as (sock, _):
        assert sock.Send(b"x") == 1
        drain()
        assert sock.log == [("OnSend", 0)]


def clients(ls, n):
    found = [socket.create_connection((LOOPBACK, port_of(ls))) for _ in range(n)]
    return found


class Taker(Recorder):
    """Accepts one connection in each OnAccept."""

    children = ()

    def OnAccept(self, nErrorCode):
        super().OnAccept(nErrorCode)
        child = Recorder()
        assert self.Accept(child)
        self.children += (child,)


def close_all(*groups):
    for group in groups:
        for sock in group:
            getattr(sock, "Close", None) and sock.Close()
            getattr(sock, "close", None) and sock.close()


def test_tc_059_one_accept_each():
    with listener(Taker) as ls:
        peers = clients(ls, 3)
        drain()
        assert ls.names() == ["OnAccept"] * 3
        close_all(peers, ls.children)


def test_tc_060_accept_not_called():
    with listener() as ls:
        peers = clients(ls, 2)
        drain()
        assert ls.names() == ["OnAccept"]
        peers += clients(ls, 1)
        drain()
        assert ls.names() == ["OnAccept"]
        close_all(peers)


def test_tc_061_client_before_select():
    with listener(mask=0) as ls:
        peers = clients(ls, 1)
        drain()
        assert ls.log == []
        assert ls.AsyncSelect(FD_ACCEPT)
        drain()
        assert ls.log == [("OnAccept", 0)]
        close_all(peers)


def test_tc_062_silent_children():
    with listener(Taker, mask=FD_ACCEPT) as ls:
        (peer,) = clients(ls, 1)
        until(lambda: ls.children)
        (child,) = ls.children
        peer.sendall(b"x")
        arrived(child, 1)
        drain()
        assert child.log == []
        assert child.AsyncSelect(FD_READ)
        drain()
        assert child.log == [("OnReceive", 0)]
        close_all([peer, child])


def test_tc_063_child_may_send_first():
    with listener(Taker) as ls:
        (peer,) = clients(ls, 1)
        peer.sendall(b"x")
        until(lambda: ls.children)
        (child,) = ls.children
        drain()
        assert child.log == [("OnSend", 0), ("OnReceive", 0)]
        close_all([peer, child])


def test_tc_064_close_after_the_data():
    with attached(Reader, step=2) as (sock, peer):
        peer.sendall(b"12345")
        peer.close()
        drain()
        assert sock.log == [("OnReceive", 0)] * 3 + [("OnClose", 0)]
        assert sock.got == b"12345"


@pytest.mark.parametrize("step", [1, 5])
def test_tc_064_reads_that_fit_exactly(step):
    with attached(Reader, step=step) as (sock, peer):
        peer.sendall(b"12345")
        peer.close()
        drain()
        assert sock.log == [("OnReceive", 0)] * (5 // step) + [("OnClose", 0)]


def test_tc_065_no_close_before_the_data_is_read():
    with attached() as (sock, peer):
        peer.sendall(b"12345")
        peer.close()
        drain()
        assert sock.names() == ["OnReceive"]
        assert sock.ReceiveBytes(100) == b"12345"
        drain()
        assert sock.log == [("OnReceive", 0), ("OnClose", 0)]


def test_tc_066_close_without_data():
    with attached() as (sock, peer):
        peer.close()
        drain()
        assert sock.log == [("OnClose", 0)]
        assert sock.Receive(bytearray(1)) == 0
        drain()
        assert sock.log == [("OnClose", 0)]


def test_tc_067_half_close_and_close():
    with attached() as (sock, peer):
        peer.shutdown(socket.SHUT_WR)
        drain()
        peer.close()
        drain()
        assert sock.log == [("OnClose", 0)]


def test_tc_068_peer_will_not_receive():
    with attached() as (sock, peer):
        peer.shutdown(socket.SHUT_RD)
        drain()
        assert sock.log == []


def test_tc_069_own_shutdown():
    with attached() as (sock, peer):
        assert sock.ShutDown(1)
        drain()
        assert sock.log == []
        peer.close()
        drain()
        assert sock.log == [("OnClose", 0)]


def test_tc_070_reset():
    with attached() as (sock, peer):
        reset(peer)
        drain()
        assert sock.log == [("OnClose", WSAECONNRESET)]
        for _ in range(2):
            assert sock.Receive(bytearray(1)) == SOCKET_ERROR
            assert sock.GetLastError() == WSAECONNRESET


def test_tc_071_reset_with_unread_bytes():
    with attached() as (sock, peer):
        peer.sendall(b"abc")
        until(lambda: sock.log)
        reset(peer)
        drain()
        assert sock.log[-1] == ("OnClose", WSAECONNRESET)
        results = [sock.Receive(bytearray(100)) for _ in range(3)]
        assert results in ([3, SOCKET_ERROR, SOCKET_ERROR], [SOCKET_ERROR] * 3)  # kept on Linux
        assert sock.GetLastError() == WSAECONNRESET


def test_tc_071_send_after_a_reset():
    with attached() as (sock, peer):
        reset(peer)
        drain()
        assert sock.Send(b"x") == SOCKET_ERROR
        assert sock.GetLastError() == WSAECONNRESET


@pytest.mark.parametrize("phase", ["idle", "sending", "receiving", "we have ended"])
def test_a_reset_is_told_in_every_phase(phase):
    with attached() as (sock, peer):
        if phase == "sending":
            fill(sock)
        elif phase == "receiving":
            peer.sendall(b"abc")
            until(lambda: sock.log)
            assert sock.ReceiveBytes(1) == b"a"
        elif phase == "we have ended":
            assert sock.ShutDown(1)
        reset(peer)
        until(lambda: "OnClose" in sock.names())
        drain()
        assert [error for name, error in sock.log if name == "OnClose"] == [WSAECONNRESET]
        assert sock.Send(b"x") == SOCKET_ERROR


def test_a_reset_after_the_peers_end_reaches_who_waits_to_send():
    with attached() as (sock, peer):
        peer.shutdown(socket.SHUT_WR)
        until(lambda: sock.log == [("OnClose", 0)])
        fill(sock)
        reset(peer)
        until(lambda: "OnSend" in sock.names())
        assert sock.Send(b"x") == SOCKET_ERROR
        assert sock.GetLastError() == WSAECONNRESET
        assert sock.names().count("OnClose") == 1


def test_a_reset_while_connecting_is_told():
    """To a client that has not yet been called: as a failed connect, or as a connection that was lost."""
    with socket.create_server((LOOPBACK, 0)) as server:
        sock = connecting(server.getsockname()[1])
        reset(server.accept()[0])
        drain()
        assert sock.names()[0] == "OnConnect"
        ends = [(name, error) for name, error in sock.log if error or name == "OnClose"]
        # AFD leaves it to recv to tell how it ended, and Wine's recv does not know
        assert ends in (
            [("OnConnect", WSAECONNRESET)],
            [("OnClose", WSAECONNRESET)],
            [("OnClose", 0)] if WINE else None,
        )
        assert sock.Send(b"x") == SOCKET_ERROR
        assert sock.GetLastError() in (WSAECONNRESET, WSAENOTCONN)
        sock.Close()


def test_tc_072_local_close():
    with attached() as (sock, _):
        sock.Close()
        drain()
        assert sock.log == []


def test_tc_073_urgent_byte():
    with attached() as (sock, peer):
        peer.send(b"X", socket.MSG_OOB)
        drain()
        assert sock.log == [("OnOutOfBandData", 0)]
        assert sock.ReceiveBytes(1, MSG_OOB) == b"X"


def test_tc_074_normal_data_read_first():
    class Urgent(Reader):
        def OnOutOfBandData(self, nErrorCode):
            self.note("OnOutOfBandData", nErrorCode)

    with attached(Urgent) as (sock, peer):
        peer.sendall(b"ab")
        peer.send(b"X", socket.MSG_OOB)
        drain()
        assert sock.got == b"ab"
        assert sock.ReceiveBytes(1, MSG_OOB) == b"X"


def test_tc_074_read_directly_before_any_dispatch():
    with attached() as (sock, peer):
        peer.sendall(b"ab")
        peer.send(b"X", socket.MSG_OOB)
        peer.sendall(b"cd")
        arrived(sock, 2)
        got = b""
        while len(got) < 4:
            got += sock.ReceiveBytes(100) or b""
        assert got == b"abcd"
        assert sock.ReceiveBytes(1, MSG_OOB) == b"X"


def test_py_13_data_behind_the_mark_is_announced():
    with attached(Reader) as (sock, peer):
        peer.sendall(b"ab")
        peer.send(b"X", socket.MSG_OOB)
        peer.sendall(b"cd")
        until(lambda: sock.got == b"abcd")
        peer.sendall(b"ef")
        until(lambda: sock.got == b"abcdef")
        assert sock.ReceiveBytes(1, MSG_OOB) == b"X"


def test_tc_075_urgent_in_line():
    with attached() as (sock, peer):
        assert sock.SetSockOpt(socket.SO_OOBINLINE, 1)
        peer.send(b"X", socket.MSG_OOB)
        drain()
        assert sock.log == [("OnReceive", 0)]
        assert sock.ReceiveBytes(10) == b"X"


def test_tc_076_order_over_sockets():
    journal = []
    with attached(journal=journal) as (a, to_a), attached(journal=journal) as (b, to_b):
        journal.clear()
        to_a.sendall(b"1")
        arrived(a, 1)
        a.AsyncSelect(FD_READ)
        to_b.sendall(b"2")
        arrived(b, 1)
        b.AsyncSelect(FD_READ)
        to_a.sendall(b"3")
        arrived(a, 2)
        drain()
        assert journal == [(a, "OnReceive"), (b, "OnReceive")]


def test_tc_077_datagram_connect():
    with datagram() as sock, datagram() as peer:
        drain()
        sock.log.clear()
        assert sock.Connect(LOOPBACK, port_of(peer)) is True
        drain()
        assert sock.log == [("OnSend", 0)]
        assert sock.Send(b"hello") == 5
        until(lambda: "OnReceive" in peer.names())
        assert peer.ReceiveFrom(bytearray(10)) == (5, LOOPBACK, port_of(sock))


def test_tc_078_empty_datagram():
    class Counter(Recorder):
        def OnReceive(self, nErrorCode):
            self.log.append(self.Receive(bytearray(10)))

    with datagram(Counter) as sock, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
        drain()
        sock.log.clear()
        peer.sendto(b"", (LOOPBACK, port_of(sock)))
        drain()
        assert sock.log == [0]
        for data in (b"", b"abc"):
            peer.sendto(data, (LOOPBACK, port_of(sock)))
        drain()
        assert sock.log == [0, 0, 3]


def test_tc_079_datagram_larger_than_the_buffer():
    with datagram() as sock, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
        peer.sendto(b"0123456789", (LOOPBACK, port_of(sock)))
        arrived(sock, 10)
        buf = bytearray(4)
        assert sock.Receive(buf) == SOCKET_ERROR
        assert sock.GetLastError() == WSAEMSGSIZE
        assert buf == b"0123"
        assert sock.Receive(buf) == SOCKET_ERROR
        assert sock.GetLastError() == WSAEWOULDBLOCK


def test_tc_080_exception_in_a_callback():
    class Clumsy(Recorder):
        def OnReceive(self, nErrorCode):
            super().OnReceive(nErrorCode)
            raise ZeroDivisionError("on purpose")

    caught = []
    Pump.current().on_callback_error = lambda *what: caught.append(what)
    with attached(Clumsy) as (a, to_a), attached(Clumsy) as (b, to_b):
        to_a.sendall(b"1")
        to_b.sendall(b"2")
        drain()
        assert a.names() == b.names() == ["OnReceive"]
        assert sorted(map(str, caught)) == sorted(map(str, [(s, FD_READ, e) for s, _, e in caught]))
        assert {sock for sock, _, _ in caught} == {a, b}
        assert all(isinstance(e, ZeroDivisionError) for _, _, e in caught)


@pytest.mark.windows_lacks("AF_UNIX in CPython's socket module")
def test_unix_domain_echo(tmp_path):
    path = str(tmp_path / "sock")
    with Taker() as ls, Reader() as client:
        assert ls.Socket(SOCK_STREAM, FD_ALL, 0, AF_UNIX)
        assert ls.Bind(path)
        assert ls.GetSockName() == (path, 0)
        assert ls.Listen()
        assert client.Socket(SOCK_STREAM, FD_ALL, 0, AF_UNIX)
        assert client.Connect(path)
        until(lambda: ls.children)
        (child,) = ls.children
        assert child.Send(b"hello") == 5
        until(lambda: client.got == b"hello")
        assert client.names()[:2] == ["OnConnect", "OnSend"]
        child.Close()
        until(lambda: "OnClose" in client.names())


def test_ev_10_mask_without_fd_write():
    with attached(mask=FD_READ) as (sock, peer):
        left = fill(sock)
        peer.settimeout(10)
        while left:
            left -= len(peer.recv(1 << 20))
        drain()
        assert sock.log == []
        assert sock.AsyncSelect(FD_WRITE)
        drain()
        assert sock.log == [("OnSend", 0)]


def test_descriptors_run_out_on_accept():
    """The pending connection is kept, nothing spins, and service resumes when descriptors are free."""

    class Patient(Recorder):
        children = ()

        def OnAccept(self, nErrorCode):
            child = Recorder()
            self.log.append(self.Accept(child) or self.GetLastError())
            if child.m_hSocket != INVALID_SOCKET:
                self.children += (child,)

    with listener(Patient) as ls, contextlib.ExitStack() as stack:
        for peer in clients(ls, 2):
            stack.enter_context(peer)
        with no_descriptors() as hoard:
            Pump.current().run_until(lambda: False, 0.3)
            assert 1 <= len(ls.log) <= 10, "it spins"
            # A Wine may find one in between, as its server closes what it kept a little longer.
            assert WSAEMFILE in ls.log and {*ls.log} <= {WSAEMFILE, *([True] if WINE else [])}
            for _ in range(4):  # a connection may cost two
                hoard.pop().close()
            until(lambda: len(ls.children) == 2)
        close_all(ls.children)


def test_descriptors_run_out_on_create():
    with Recorder() as sock, no_descriptors() as hoard:
        for make in (sock.Create, sock.Socket):
            assert make() is False
            assert (sock.GetLastError(), sock.m_hSocket) == (WSAEMFILE, INVALID_SOCKET)
        for _ in range(4):
            hoard.pop().close()
        assert sock.Create()


@pytest.mark.wine_differs("a refused datagram is not told")
def test_as_41_icmp_on_a_connected_datagram_socket():
    with datagram() as sock:
        drain()
        sock.log.clear()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as gone:
            gone.bind((LOOPBACK, 0))
            port = gone.getsockname()[1]
        assert sock.Connect(LOOPBACK, port)
        assert sock.Send(b"anybody?") == 8
        until(lambda: "OnReceive" in sock.names())
        assert sock.Receive(bytearray(1)) == SOCKET_ERROR
        assert sock.GetLastError() == WSAECONNRESET


def test_attach_to_every_kind_of_socket():
    """Attach finds out what was done with a handle before."""
    with socket.create_server((LOOPBACK, 0)) as server:
        ls = Taker()
        assert ls.Attach(server)
        assert "listening" in repr(ls)
        with socket.create_connection(ls.GetSockName()) as peer:
            until(lambda: ls.children)
            close_all(ls.children, [peer, ls])
    fresh = Recorder()
    assert fresh.Attach(socket.socket())
    assert "new" in repr(fresh)
    drain()
    assert fresh.log == []
    fresh.Close()
    ours, peer = raw_pair()
    peer.sendall(b"bye")
    peer.close()
    dead = Reader()
    assert dead.Attach(ours)
    drain()
    assert dead.log == [("OnReceive", 0), ("OnSend", 0), ("OnClose", 0)]
    dead.Close()


def test_attach_to_what_is_no_socket(tmp_path):
    with open(tmp_path / "file", "w") as f:
        sock = CAsyncSocket()
        assert sock.Attach(f.fileno()) is False
        assert sock.GetLastError() == 10038
        assert sock.m_hSocket == -1
