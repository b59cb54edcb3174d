"""Spec section 8, TC-81 to TC-105, TC-139, TC-140, TC-147, TC-153: CSocket."""

import asyncio
import hashlib
import os
import signal
import socket
import threading
import time

import pytest
from blocking_support import (
    WAITS,
    Blocker,
    blocked_port,
    blocking_listener,
    meanwhile,
    read_all,
    soon,
    waiting,
)
from ctrl_c import press
from sock_support import LOOPBACK, attached, datagram, drain, listener, port_of, raw_pair, reset, until

from pysock import (
    FD_READ,
    MSG_OOB,
    SOCK_DGRAM,
    SOCK_STREAM,
    SOCKET_ERROR,
    WSAEALREADY,
    WSAECONNREFUSED,
    WSAECONNRESET,
    WSAEINPROGRESS,
    WSAEINTR,
    CAsyncSocket,
    CSocket,
    Pump,
    SocketException,
)

pytestmark = pytest.mark.sockets

BIG = 16 << 20


def test_tc_081_receive_waits_and_returns_what_came():
    with attached(Blocker) as (sock, peer):
        buf = bytearray(10)
        with meanwhile(sock, lambda: peer.sendall(b"four")):
            assert sock.Receive(buf) == 4
        assert buf[:4] == b"four"
        assert not sock.IsBlocking()


def test_tc_082_connect():
    with listener() as ls, Blocker() as sock:
        assert sock.Create()
        assert sock.Connect(LOOPBACK, port_of(ls)) is True
        assert sock.m_nConnectError == 0
        drain()
        assert "OnConnect" not in sock.names()


def test_tc_083_connect_refused():
    with socket.create_server((LOOPBACK, 0)) as server:
        port = server.getsockname()[1]
    with Blocker() as sock:
        sock.Create()
        assert sock.Connect(LOOPBACK, port) is False
        assert sock.GetLastError() == WSAECONNREFUSED == sock.m_nConnectError
        drain()
        assert sock.log == []


@pytest.mark.parametrize("kind", [CSocket, CAsyncSocket])
def test_tc_084_accept(kind):
    with blocking_listener() as ls, kind() as child:
        port = port_of(ls)
        clients = []
        with meanwhile(ls, lambda: clients.append(socket.create_connection((LOOPBACK, port)))):
            assert ls.Accept(child) is True
        with clients[0] as peer:
            peer.sendall(b"hi")
            if kind is CAsyncSocket:
                until(lambda: child.IOCtl(0x4004667F) == 2)
            assert child.ReceiveBytes(10) == b"hi"
        drain()
        assert ls.log == []  # the notification was consumed


def test_tc_084_accept_ex_gives_the_peer():
    with blocking_listener() as ls, CSocket() as child:
        with socket.create_connection((LOOPBACK, port_of(ls))) as peer:
            assert ls.AcceptEx(child) == peer.getsockname()


def test_tc_085_send_all_of_it():
    data = os.urandom(1 << 20) * (BIG >> 20)
    digest = hashlib.sha256()

    def read(peer):
        left = BIG
        while left:
            piece = peer.recv(min(left, 300_000))
            assert piece
            digest.update(piece)
            left -= len(piece)
            if left % 7 == 0:
                time.sleep(0.001)

    with attached(Blocker) as (sock, peer):
        reader = threading.Thread(target=read, args=(peer,))
        reader.start()
        assert sock.Send(data) == BIG
        assert sock.m_nSent == BIG
        reader.join(30)
        assert digest.digest() == hashlib.sha256(data).digest()


def test_tc_085_send_without_write_in_the_mask():
    with attached(Blocker, FD_READ) as (sock, peer):
        sock.m_nTimeOut = 1_000_000
        with meanwhile(sock, lambda: read_all(peer, BIG)):
            assert sock.Send(bytes(BIG)) == BIG
        drain()
        assert sock.log == []  # still none of FD_WRITE


def test_tc_086_send_nothing():
    with socket.socket(socket.AF_INET, SOCK_DGRAM) as peer, CSocket() as sock:
        peer.bind((LOOPBACK, 0))
        peer.setblocking(False)
        assert sock.Create(0, SOCK_DGRAM, LOOPBACK)
        assert sock.Connect(*peer.getsockname())
        assert sock.Send(b"") == 0
        assert sock.Send(b"x") == 1
        time.sleep(0.01)
        assert peer.recv(10) == b"x"


def test_tc_087_others_wait():
    with attached(Blocker) as (a, pa), attached(Blocker) as (b, pb):

        def act():
            pb.sendall(b"b")
            time.sleep(0.05)
            pa.sendall(b"a")

        with meanwhile(a, act):
            assert a.ReceiveBytes(10) == b"a"
        assert b.log == []
        until(lambda: b.log)
        assert b.log == [("OnReceive", 0)]


def test_tc_088_others_in_order():
    journal = []
    with (
        attached(Blocker) as (a, pa),
        attached(Blocker, journal=journal) as (b, pb),
        attached(Blocker, journal=journal) as (c, pc),
    ):
        journal.clear()

        def act():
            for peer in (pb, pc, pb, pa):
                peer.sendall(b"x")
                time.sleep(0.02)

        with meanwhile(a, act):
            assert a.ReceiveBytes(10) == b"x"
        assert journal == []
        drain()
        assert journal == [(b, "OnReceive"), (c, "OnReceive")]
        assert b.ReceiveBytes(10) == b"xx"


def test_tc_089_peer_closes_during_receive():
    with attached(Blocker) as (sock, peer):
        with meanwhile(sock, peer.close):
            assert sock.ReceiveBytes(10) == b""
        drain()
        assert sock.log == []


def test_tc_090_close_while_nobody_blocks():
    with attached(Blocker) as (sock, peer):
        peer.sendall(b"abc")
        peer.close()
        assert sock.ReceiveBytes(10) == b"abc"
        drain()
        assert sock.names() in (["OnClose"], ["OnReceive", "OnClose"])
        assert sock.ReceiveBytes(10) == b""


def test_tc_091_cancel():
    blocking = []

    def pending():
        blocking.append(sock.IsBlocking())
        sock.CancelBlockingCall()

    with attached(Blocker, pending=pending) as (sock, peer):
        soon()
        assert sock.Receive(bytearray(10)) == SOCKET_ERROR
        assert sock.GetLastError() == WSAEINTR
        assert blocking == [True]
        assert not sock.IsBlocking()
        peer.sendall(b"ok")
        sock.pending = None
        assert sock.ReceiveBytes(10) == b"ok"  # as seen


def test_tc_091_cancel_from_another_thread():
    with attached(Blocker) as (sock, _):
        with meanwhile(sock, sock.CancelBlockingCall):
            assert sock.Receive(bytearray(10)) == SOCKET_ERROR
        assert sock.GetLastError() == WSAEINTR


def test_tc_092_cancel_accept_and_connect():
    with blocking_listener() as ls, Blocker() as sock, CSocket() as child:
        ls.pending = ls.CancelBlockingCall
        soon()
        assert ls.Accept(child) is False
        assert ls.GetLastError() == WSAEINTR
        assert child.m_hSocket == -1
        server, full = blocked_port()
        sock.Create()
        sock.pending = sock.CancelBlockingCall
        assert sock.Connect(*server.getsockname()) is False
        assert sock.GetLastError() == WSAEINTR
        assert sock.Connect(*server.getsockname()) is False
        assert sock.GetLastError() == WSAEALREADY
        for s in [server, *full]:
            s.close()


def test_tc_093_second_call_on_the_same_socket():
    answers = []

    def pending():
        for call in (
            lambda: sock.Receive(bytearray(3)),
            lambda: sock.ReceiveFrom(bytearray(3))[0],
            lambda: sock.Send(b"x"),
            lambda: sock.SendChunk(b"x"),
            lambda: sock.SendTo(b"x", 9, LOOPBACK),
            lambda: sock.Accept(other),
            lambda: sock.Connect(LOOPBACK, 9),
            lambda: sock.ReceiveBytes(3),
        ):
            answers.append((call(), sock.GetLastError()))
        sock.pending = None
        peer.sendall(b"end")

    with attached(Blocker, pending=pending) as (sock, peer), CSocket() as other:
        soon()
        assert sock.ReceiveBytes(10) == b"end"  # the outer call goes on
        assert answers == [(a, WSAEINPROGRESS) for a in [SOCKET_ERROR] * 5 + [False, False, None]]


def test_tc_094_nested_receive_on_another_socket():
    with attached(Blocker) as (a, pa), attached(Blocker) as (b, pb):
        a.m_nTimeOut = 1_000_000

        def pending():
            a.pending = None
            pa.sendall(b"for a")
            with meanwhile(b, lambda: pb.sendall(b"for b")):
                assert b.ReceiveBytes(10) == b"for b"

        a.pending = pending
        soon()
        assert a.ReceiveBytes(10) == b"for a"


def test_tc_095_connect_ends_during_nested_call():
    server, full = blocked_port()
    with Blocker() as a, attached(Blocker) as (b, pb):
        a.Create()
        a.m_nTimeOut = 1_000_000

        def make_room():
            accepted = [server.accept()[0] for _ in range(1)]
            full.extend(accepted)
            time.sleep(1.2)  # the system tries the connection again
            pb.sendall(b"done")

        def pending():
            a.pending = None
            with meanwhile(b, make_room):
                assert b.ReceiveBytes(10) == b"done"

        a.pending = pending
        soon()
        for s in full[1:]:
            s.close()
        assert a.Connect(*server.getsockname()) is True
    for s in [server, *full]:
        s.close()


def test_tc_096_close_in_on_message_pending():
    with attached(Blocker) as (sock, peer):
        sock.pending = sock.Close
        soon()
        assert sock.Receive(bytearray(10)) == SOCKET_ERROR
        assert sock.GetLastError() == WSAEINTR
        assert sock.m_hSocket == -1
        assert not sock.IsBlocking()
        assert peer.recv(1) == b""


def test_tc_096_close_and_open_again_in_on_message_pending():
    with attached(Blocker) as (sock, _):

        def pending():
            sock.Close()
            assert sock.Create()

        sock.pending = pending
        soon()
        assert sock.Receive(bytearray(10)) == SOCKET_ERROR
        assert sock.GetLastError() == WSAEINTR
        assert not sock.IsBlocking()
        assert sock.m_hSocket != -1


def test_tc_097_m_n_timeout_is_no_limit():
    with attached(Blocker) as (sock, peer):
        sock.m_nTimeOut = 20

        def act():
            time.sleep(0.2)
            peer.sendall(b"late")

        with meanwhile(sock, act):
            assert sock.ReceiveBytes(10) == b"late"


@pytest.mark.parametrize("call", ["Receive", "Accept", "Send"])
def test_tc_098_set_time_out(call):
    with attached(Blocker) as (sock, _), blocking_listener() as ls, CSocket() as child:
        for s in (sock, ls):
            s.SetTimeOut(50)
        before = time.monotonic()
        if call == "Receive":
            assert sock.Receive(bytearray(1)) == SOCKET_ERROR
        elif call == "Accept":
            assert ls.Accept(child) is False
        else:
            assert sock.Send(bytes(BIG)) == SOCKET_ERROR
            assert 0 < sock.m_nSent < BIG
        assert time.monotonic() - before >= 0.049
        assert CSocket.GetLastError() == WSAEINTR
        sock.SetTimeOut(None)
    with pytest.raises(ValueError):
        child.SetTimeOut(0)


def test_tc_099_timers_wait_unless_run():
    pump = Pump.current()
    ran = []
    with attached(Blocker) as (sock, peer):
        timer = pump.set_timer(1, lambda: ran.append(1))

        def act():
            time.sleep(0.05)
            peer.sendall(b"x")

        with meanwhile(sock, act):
            assert sock.ReceiveBytes(1) == b"x"
        assert ran == []
        assert sock.asked > 0
        sock.pending = sock.pump_messages_once
        with meanwhile(sock, act):
            assert sock.ReceiveBytes(1) == b"x"
        assert ran
        ran.clear()
        soon(lambda: ran.append("callable"))
        with meanwhile(sock, act):
            assert sock.ReceiveBytes(1) == b"x"
        assert "callable" in ran
        pump.kill_timer(timer)


def test_tc_100_exception_in_on_message_pending():
    def pending():
        raise ZeroDivisionError

    with attached(Blocker, pending=pending) as (sock, peer):
        soon()
        with pytest.raises(ZeroDivisionError):
            sock.Receive(bytearray(10))
        assert not sock.IsBlocking()
        drain()
        peer.sendall(b"ok")
        assert sock.ReceiveBytes(10) == b"ok"


def test_tc_101_after_cancel_the_others_are_called():
    with attached(Blocker) as (a, _), attached(Blocker) as (b, pb):

        def act():
            pb.sendall(b"b")
            time.sleep(0.05)
            a.CancelBlockingCall()

        with meanwhile(a, act):
            assert a.Receive(bytearray(1)) == SOCKET_ERROR
        assert b.log == []
        Pump.current().dispatch()
        assert b.log == [("OnReceive", 0)]


def test_tc_101_and_process_aux_queue():
    with attached(Blocker) as (a, _), attached(Blocker) as (b, pb):

        def act():
            pb.sendall(b"b")
            time.sleep(0.05)
            a.CancelBlockingCall()

        with meanwhile(a, act):
            assert a.Receive(bytearray(1)) == SOCKET_ERROR
        assert CSocket.ProcessAuxQueue() == 1
        assert b.log == [("OnReceive", 0)]
        assert CSocket.ProcessAuxQueue() == 0


def test_tc_102_cancel_when_idle():
    with attached(Blocker) as (sock, peer):
        sock.CancelBlockingCall()
        peer.sendall(b"x")
        assert sock.ReceiveBytes(1) == b"x"
    CSocket().CancelBlockingCall()


def test_tc_103_blocking_receive_in_on_receive():
    inside = []

    class Greedy(Blocker):
        def OnReceive(self, nErrorCode):
            super().OnReceive(nErrorCode)
            inside.append("in")
            self.ReceiveBytes(2)
            self.ReceiveBytes(2)
            inside.append("out")

    with attached(Greedy) as (sock, peer):
        peer.sendall(b"ab")
        with meanwhile(sock, lambda: peer.sendall(b"cd")):
            until(lambda: sock.log)
        drain()
        assert inside == ["in", "out"]


def test_tc_104_inside_a_running_asyncio_loop():
    async def main():
        with attached(Blocker, quiet=False) as (sock, peer):
            with pytest.raises(RuntimeError, match="asyncio"):
                sock.Receive(bytearray(10))
            assert not sock.IsBlocking()
            peer.sendall(b"there")
            while sock.IOCtl(0x4004667F) != 5:
                await asyncio.sleep(0.001)
            assert sock.ReceiveBytes(10) == b"there"  # what need not wait may be called
            sock.allow_nested_blocking = True
            with meanwhile(sock, lambda: peer.sendall(b"more")):
                assert sock.ReceiveBytes(10) == b"more"
        with CSocket() as sock:
            sock.Create()
            with pytest.raises(RuntimeError, match="asyncio"):
                sock.Connect(LOOPBACK, 9)

    asyncio.run(main())


@pytest.mark.parametrize("delay", [0, 0.15])
def test_tc_105_sigint(delay):
    """At once, and after the wait has arranged to be told of signals."""
    with attached(Blocker) as (sock, peer):

        def act():
            time.sleep(delay)
            press()

        with pytest.raises(KeyboardInterrupt), meanwhile(sock, act):
            sock.Receive(bytearray(10))
        assert not sock.IsBlocking()
        peer.sendall(b"ok")
        assert sock.ReceiveBytes(10) == b"ok"
        assert signal.set_wakeup_fd(-1) == -1


@pytest.mark.parametrize("call", WAITS)
def test_tc_105_sigint_in_every_call(call):
    """It ends at once, with nothing held; that the socket goes on is told by its end."""
    with waiting(call) as (sock, wait):
        with pytest.raises(KeyboardInterrupt), meanwhile(sock, press):
            wait()
        assert not sock.IsBlocking()
        assert signal.set_wakeup_fd(-1) == -1


def test_tc_139_on_send_after_connect():
    with listener() as ls, Blocker() as sock:
        sock.Create()
        assert sock.Connect(LOOPBACK, port_of(ls))
        drain()
        assert sock.log == [("OnSend", 0)]


@pytest.mark.parametrize("strict", [False, True])
def test_tc_140_reset_half_way(strict):
    with attached(Blocker, strict=strict) as (sock, peer):

        def act():
            for _ in range(20):
                peer.recv(100_000)
            reset(peer)

        with meanwhile(sock, act):
            if strict:
                with pytest.raises(SocketException) as e:
                    sock.Send(bytes(BIG))
                assert e.value.winerror == WSAECONNRESET
                assert e.value.m_nSent == sock.m_nSent
            else:
                assert sock.Send(bytes(BIG)) == SOCKET_ERROR
                assert sock.GetLastError() == WSAECONNRESET
        assert 0 < sock.m_nSent < BIG


def test_tc_147_cancelled_connect_completes_later():
    server, full = blocked_port()
    with Blocker() as sock:
        sock.Create()
        sock.pending = sock.CancelBlockingCall
        soon()
        assert sock.Connect(*server.getsockname()) is False
        assert sock.GetLastError() == WSAEINTR
        for s in full:
            s.close()
        server.settimeout(5)
        for _ in range(4):
            try:
                full.append(server.accept()[0])
            except TimeoutError:
                break
            if full[-1].getpeername()[1] == port_of(sock):
                break
        until(lambda: sock.GetPeerName() is not None)
        drain()
        assert "OnConnect" not in sock.names()
    for s in [server, *full]:
        s.close()


def test_tc_153_read_before_dispatch():
    with attached(Blocker) as (sock, peer):
        peer.sendall(b"abc")
        while sock.IOCtl(0x4004667F) != 3:
            pass
        Pump.current().run_until(Pump.current().pending, 1)  # FD_READ is queued, not called back
        assert sock.log == []
        assert sock.ReceiveBytes(3) == b"abc"
        drain()
        assert sock.log == []


# --- rules without a case of their own ---------------------------------------------------------------------


def test_cs_01_new_object():
    sock = CSocket()
    assert (sock.m_hSocket, sock.IsBlocking(), sock.m_nConnectError, sock.m_nTimeOut) == (-1, False, -1, 2000)


def test_cs_02_create_takes_port_type_address():
    with CSocket() as sock:
        assert sock.Create(0, SOCK_STREAM, LOOPBACK)
        assert sock.GetSockName()[0] == LOOPBACK


def test_cs_04_dv_13_from_handle():
    with CSocket() as ours, CAsyncSocket() as other:
        ours.Create()
        other.Create()
        assert CSocket.FromHandle(ours.m_hSocket) is ours
        assert CSocket.FromHandle(other.m_hSocket) is None


def test_cs_10_pump_messages_is_the_way_every_call_waits():
    stops = []

    class Watcher(Blocker):
        def PumpMessages(self, uStopFlag):
            stops.append(uStopFlag)
            return super().PumpMessages(uStopFlag)

    with attached(Watcher) as (sock, peer):
        with meanwhile(sock, lambda: peer.sendall(b"x")):
            assert sock.ReceiveBytes(1) == b"x"
        assert stops == [FD_READ]
        with meanwhile(sock, sock.CancelBlockingCall):
            assert sock.PumpMessages(FD_READ) is False
        assert sock.GetLastError() == WSAEINTR
        with pytest.raises(ValueError):
            sock.PumpMessages(3)


def test_cs_18_send_chunk_takes_what_fits():
    with attached(Blocker) as (sock, peer):
        first = sock.SendChunk(bytes(BIG))
        assert 0 < first < BIG
        with meanwhile(sock, lambda: read_all(peer, first)):
            second = 0
            while second == 0:
                second = sock.SendChunk(bytes(BIG))
        assert 0 < second < BIG


def test_cs_26_on_message_pending_true_runs_on_idle():
    counts = []
    with attached(Blocker) as (sock, peer):
        Pump.current().OnIdle = counts.append

        def pending():
            if len(counts) == 2:
                peer.sendall(b"x")
                sock.pending = None
            return True

        sock.pending = pending
        soon()
        assert sock.ReceiveBytes(1) == b"x"
        assert counts[:2] == [-1, -1]


def test_cs_28_dispatch_in_on_message_pending_calls_back_this_socket_too():
    with attached(Blocker) as (sock, peer):

        def pending():
            sock.pending = None
            peer.sendall(b"x")
            until(lambda: sock.log)

        sock.pending = pending
        soon()
        assert sock.ReceiveBytes(1) == b"x"
        assert sock.log == [("OnReceive", 0)]


def test_cs_31_collected_while_blocking_is_impossible():
    """The call itself keeps its object (PY-21)."""
    ours, peer = raw_pair()
    got = []

    def block(sock):
        got.append(sock.ReceiveBytes(10))
        sock.Close()

    sock = CSocket()
    sock.Attach(ours)
    with peer, meanwhile(sock, lambda: peer.sendall(b"x")):
        holder = [sock]
        block(holder.pop())
    assert got == [b"x"]


def test_cs_32_peer_shuts_down_its_sends_during_send():
    with attached(Blocker) as (sock, peer):

        def act():
            peer.shutdown(socket.SHUT_WR)
            read_all(peer, BIG)

        with meanwhile(sock, act):
            assert sock.Send(bytes(BIG)) == BIG


def test_urgent_byte():
    with attached(Blocker) as (sock, peer):
        with meanwhile(sock, lambda: peer.send(b"!", MSG_OOB)):
            assert sock.ReceiveBytes(1, MSG_OOB) == b"!"
        with meanwhile(sock, peer.close):
            assert sock.ReceiveBytes(1, MSG_OOB) == b""


def test_tc_035_blocking_calls_in_a_thread_without_a_running_pump():
    ours, peer = raw_pair()
    got = []

    def thread():
        with CSocket() as sock:
            sock.Attach(ours)
            got.append(sock.ReceiveBytes(10))

    t = threading.Thread(target=thread)
    t.start()
    with peer:
        time.sleep(0.02)
        peer.sendall(b"thread")
        t.join(10)
    assert got == [b"thread"]


def test_other_threads_run_while_a_call_waits():
    with attached(Blocker) as (sock, peer):
        steps = []

        def act():
            for i in range(1000):
                steps.append(i)
            peer.sendall(b"x")

        with meanwhile(sock, act):
            assert sock.ReceiveBytes(1) == b"x"
        assert len(steps) == 1000


def test_reset_during_receive():
    with attached(Blocker) as (sock, peer):
        with meanwhile(sock, lambda: reset(peer)):
            assert sock.Receive(bytearray(10)) == SOCKET_ERROR
        assert sock.GetLastError() == WSAECONNRESET
        drain()
        assert sock.log == []


def test_a_datagram_socket_blocks_too():
    with CSocket() as a, datagram() as b:
        assert a.Create(0, SOCK_DGRAM, LOOPBACK)
        to = a.GetSockName()
        buf = bytearray(20)
        with (
            socket.socket(socket.AF_INET, SOCK_DGRAM) as peer,
            meanwhile(a, lambda: peer.sendto(b"late", to)),
        ):
            count, host, _ = a.ReceiveFrom(buf)
        assert (count, host, buf[:4]) == (4, LOOPBACK, b"late")
        assert a.SendTo(b"yes", port_of(b), LOOPBACK) == 3
        until(lambda: "OnReceive" in b.names())


@pytest.mark.parametrize("size", [4, 200_000])
def test_cs_31_close_in_an_override_of_pump_messages_cancels(size):
    class Host(Blocker):
        def PumpMessages(self, uStopFlag):
            self.Close()
            return True

    with attached(Host) as (sock, _peer):
        assert sock.Receive(bytearray(size)) == SOCKET_ERROR
        assert sock.GetLastError() == WSAEINTR
        assert sock.m_hSocket == -1
