"""Spec section 8, TC-134 to TC-153: further cases (those without CSocket)."""

import os
import socket
import subprocess
import sys

import pytest
from sock_support import (
    LOOPBACK,
    Reader,
    Recorder,
    attached,
    datagram,
    drain,
    listener,
    port_of,
    reset,
    until,
    wait_for,
)

from pysock import (
    FD_ALL,
    FD_READ,
    FD_WRITE,
    FIONREAD,
    MSG_OOB,
    SO_BROADCAST,
    SO_ERROR,
    SO_RCVBUF,
    SOCK_DGRAM,
    SOCKET_ERROR,
    WSAEACCES,
    WSAECONNREFUSED,
    WSAECONNRESET,
    WSAEWOULDBLOCK,
    CAsyncSocket,
    SockAddr,
)


def test_tc_134_receive_from():
    with datagram() as sock, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
        peer.sendto(b"hello", (LOOPBACK, port_of(sock)))
        until(lambda: "OnReceive" in sock.names())
        buf = bytearray(10)
        assert sock.ReceiveFrom(buf) == (5, LOOPBACK, peer.getsockname()[1])
        assert buf[:5] == b"hello"


def test_tc_135_receive_from_nothing():
    with datagram() as sock:
        assert sock.ReceiveFrom(bytearray(10)) == (SOCKET_ERROR, None, 0)
        assert sock.GetLastError() == WSAEWOULDBLOCK


def test_as_41_receive_from_a_stream_ignores_the_address():
    with attached() as (sock, peer):
        peer.sendall(b"abc")
        until(lambda: sock.log)
        assert sock.ReceiveFrom(bytearray(10)) == (3, None, 0)


def test_tc_136_last_error_is_not_the_notifications():
    class Curious(Recorder):
        def OnConnect(self, nErrorCode):
            self.log.append((nErrorCode, self.GetLastError()))

    with socket.create_server((LOOPBACK, 0)) as server:
        port = server.getsockname()[1]
    with Curious() as sock:
        sock.Create()
        sock.Connect(LOOPBACK, port)
        assert sock.GetLastError() == WSAEWOULDBLOCK
        until(lambda: sock.log)
        ((error, last),) = sock.log
        assert error == WSAECONNREFUSED
        assert last != WSAECONNREFUSED


def test_tc_137_select_gives_no_second_on_connect():
    with attached() as (sock, _):
        sock.AsyncSelect(FD_ALL)
        drain()
        assert sock.log == [("OnSend", 0)]


def test_tc_138_closing_the_last_sockets_drops_what_is_queued():
    a, b = datagram(), datagram()  # FD_WRITE is queued for both
    a.Close()
    b.Close()
    drain()
    assert a.log == b.log == []
    with datagram() as c:
        drain()
        assert c.log == [("OnSend", 0)]


@pytest.mark.windows_lacks("fork")
def test_tc_142_fork():
    code = """
import os, socket
from pysock import *
class Sock(CAsyncSocket):
    got = b""
    def OnReceive(self, e):
        self.got += self.ReceiveBytes(100)
a, b = socket.socketpair()
sock = Sock()
sock.Attach(a)
parent = Pump.current()
parent.dispatch()
pid = os.fork()
if pid == 0:
    child = Pump.current()
    assert child is not parent
    assert CAsyncSocket.FromHandle(sock.m_hSocket) is None
    try:
        sock.Send(b"x")
    except WrongThreadError as e:
        assert "parent process" in str(e)
    else:
        os._exit(3)
    try:
        parent.dispatch()
    except WrongThreadError:
        pass
    else:
        os._exit(4)
    mine = Sock()
    mine.Create(0, SOCK_DGRAM, FD_ALL, "127.0.0.1")
    with socket.socket(type=SOCK_DGRAM) as peer:
        peer.sendto(b"mine", mine.GetSockName())
    ok = child.run_until(lambda: mine.got == b"mine", 10)
    sock.Close()
    mine.Close()
    del sock
    os._exit(0 if ok else 5)
assert os.waitpid(pid, 0)[1] == 0
b.sendall(b"hello")
assert parent.run_until(lambda: sock.got == b"hello", 10)
sock.Close()
b.close()
print("fine")
"""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "fine\n", "")


def test_tc_143_options_before_bind():
    with Recorder() as ls, Recorder() as child:
        assert ls.Socket()
        plain = ls.GetSockOpt(SO_RCVBUF)
        assert ls.SetSockOpt(SO_RCVBUF, 8192)
        size = ls.GetSockOpt(SO_RCVBUF)
        assert size != plain
        assert ls.Bind(0, LOOPBACK)
        assert ls.Listen()
        with socket.create_connection((LOOPBACK, port_of(ls))):
            until(lambda: ls.log)
            assert ls.Accept(child)
            assert child.GetSockOpt(SO_RCVBUF) == size


def test_tc_144_attach_a_socket_object():
    a, b = socket.socketpair()
    with Reader() as sock, b:
        assert sock.Attach(a)
        assert a.fileno() == -1
        b.sendall(b"hello")
        until(lambda: sock.got == b"hello")


class Helpers(Recorder):
    """Overrides the three hooks, notes them and goes on with the original."""

    def ConnectHelper(self, lpSockAddr):
        self.note("ConnectHelper", lpSockAddr.address)
        return super().ConnectHelper(lpSockAddr)

    def ReceiveFromHelper(self, buf, n, flags):
        self.note("ReceiveFromHelper", n)
        return super().ReceiveFromHelper(buf, n, flags)

    def SendToHelper(self, buf, n, lpSockAddr, flags):
        self.note("SendToHelper", lpSockAddr.address)
        return super().SendToHelper(buf, n, lpSockAddr, flags)


def test_tc_145_helpers():
    with datagram(Helpers) as sock, datagram() as peer:
        drain()
        sock.log.clear()
        there = (LOOPBACK, port_of(peer))
        assert sock.SendTo(b"abc", port_of(peer), LOOPBACK) == 3
        assert sock.SendTo(b"abc", 2, port_of(peer), LOOPBACK) == 2
        assert sock.SendTo(b"abc", there) == 3
        assert sock.SendTo(b"abc", 1, there) == 1
        assert sock.SendTo(b"abc", 1, SockAddr(socket.AF_INET, there)) == 1
        assert sock.SendToEx(b"abc", port_of(peer), "localhost") == 3
        assert sock.log == [("SendToHelper", there)] * 6
        until(lambda: peer.log and peer.IOCtl(FIONREAD))
        assert peer.SendTo(b"back", port_of(sock), LOOPBACK) == 4
        until(lambda: "OnReceive" in sock.names())
        sock.log.clear()
        assert sock.ReceiveFrom(bytearray(10)) == (4, LOOPBACK, port_of(peer))
        assert sock.log == [("ReceiveFromHelper", None)]
        sock.log.clear()
        assert sock.Connect("localhost", port_of(peer))
        assert sock.Connect(there)
        assert sock.log == [("ConnectHelper", there)] * 2


def test_tc_146_connect_is_pending_or_done():
    with listener() as ls, Recorder() as sock:
        sock.Create()
        done = sock.Connect(LOOPBACK, port_of(ls))
        assert done or sock.GetLastError() == WSAEWOULDBLOCK
        drain()
        assert sock.names().count("OnConnect") == 1
        assert sock.log[0] == ("OnConnect", 0)


def test_tc_148_masks_replace_each_other():
    with attached() as (sock, peer):
        assert sock.AsyncSelect(FD_READ)
        assert sock.AsyncSelect(FD_WRITE)
        peer.sendall(b"x")
        drain()
        assert sock.log == [("OnSend", 0)]


def test_tc_149_draining_in_on_close():
    class Closer(Recorder):
        got = b""

        def OnReceive(self, nErrorCode):
            self.got += self.ReceiveBytes(1000) or b""

        def OnClose(self, nErrorCode):
            super().OnClose(nErrorCode)
            while data := self.ReceiveBytes(1000):
                self.got += data
            self.Close()

    sent = os.urandom(65536)
    with attached(Closer) as (sock, peer):
        peer.sendall(sent)
        peer.close()
        until(lambda: sock.log)
        assert sock.got == sent


def test_tc_150_no_urgent_byte():
    with attached() as (sock, _):
        assert sock.Receive(bytearray(1), 1, MSG_OOB) == SOCKET_ERROR
        assert sock.GetLastError() == WSAEWOULDBLOCK


def test_tc_151_limited_broadcast_is_a_number():
    with datagram() as sock:
        assert not sock.GetSockOpt(SO_BROADCAST)
        assert sock.SendTo(b"x", port=9, host="255.255.255.255") == SOCKET_ERROR
        assert sock.GetLastError() == WSAEACCES


def test_tc_152_so_error():
    with attached() as (sock, peer):
        reset(peer)
        drain()
        assert sock.GetSockOpt(SO_ERROR) == WSAECONNRESET
        assert sock.GetSockOpt(SO_ERROR) == 0
        assert sock.Receive(bytearray(1)) == SOCKET_ERROR
        assert sock.GetLastError() == WSAECONNRESET


def queued_and_read(sock, peer):
    peer.sendall(b"abc")
    wait_for(lambda: sock.IOCtl(FIONREAD) == 3)
    sock.AsyncSelect(FD_ALL & ~FD_WRITE)  # FD_READ is queued
    assert sock.Receive(bytearray(3)) == 3


def test_tc_153_read_before_dispatch():
    with attached() as (sock, peer):
        queued_and_read(sock, peer)
        drain()
        assert sock.log == []


def test_tc_153_read_before_dispatch_and_the_peer_closes():
    with attached() as (sock, peer):
        queued_and_read(sock, peer)
        peer.close()
        drain()
        assert sock.log == [("OnReceive", 0), ("OnClose", 0)]


def test_dgram_attach_and_connect_ex():
    plain = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    plain.bind((LOOPBACK, 0))
    with Recorder() as sock, datagram() as peer:
        assert sock.Attach(plain)
        assert sock.GetSockName()[0] == LOOPBACK
        entry = socket.getaddrinfo(LOOPBACK, port_of(peer), socket.AF_INET, SOCK_DGRAM)[0]
        assert sock.ConnectEx(entry)
        assert sock.GetPeerNameEx() == (LOOPBACK, port_of(peer))
        assert sock.Send(b"") == 0
        until(lambda: "OnReceive" in peer.names())
        assert CAsyncSocket.FromHandle(sock.m_hSocket) is sock
