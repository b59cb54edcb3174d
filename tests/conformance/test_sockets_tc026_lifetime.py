"""Spec section 8, TC-26 to TC-38: lifetime and threads (those without CSocket)."""

import gc
import os
import socket
import threading

import pytest
from sock_support import (
    LOOPBACK,
    Recorder,
    attached,
    drain,
    listener,
    port_of,
    raw_pair,
    until,
    wait_for,
)

from pysock import (
    FD_ALL,
    INVALID_SOCKET,
    WSAENOTSOCK,
    WSAEWOULDBLOCK,
    CAsyncSocket,
    Pump,
    SocketUsageError,
    WrongThreadError,
)


def test_tc_026_last_reference_goes():
    ours, peer = raw_pair()
    with peer:
        sock = Recorder()
        sock.Attach(ours)
        with pytest.warns(ResourceWarning, match="unclosed <Recorder m_hSocket="):
            del sock
        peer.settimeout(10)
        assert peer.recv(1) == b""


def test_tc_026_in_a_cycle():
    ours, peer = raw_pair()
    with peer:
        sock = Recorder()
        sock.me = sock
        sock.Attach(ours)
        del sock
        with pytest.warns(ResourceWarning, match="unclosed"):
            gc.collect()
        peer.settimeout(10)
        assert peer.recv(1) == b""


def test_tc_027_target_of_accept_goes_out_of_scope():
    class Careless(Recorder):
        def OnAccept(self, nErrorCode):
            super().OnAccept(nErrorCode)
            with pytest.warns(ResourceWarning):
                self.take()

        def take(self):
            child = CAsyncSocket()
            assert self.Accept(child)

    with listener(Careless) as ls, socket.create_connection((LOOPBACK, port_of(ls))) as client:
        until(lambda: ls.log)
        client.settimeout(10)
        assert client.recv(1) == b""


def test_tc_028_accept_into_an_object_with_a_handle():
    with listener() as ls, socket.create_connection((LOOPBACK, port_of(ls))), CAsyncSocket() as busy:
        busy.Create()
        until(lambda: ls.log)
        with pytest.raises(SocketUsageError):
            ls.Accept(busy)
        with CAsyncSocket() as child:
            assert ls.Accept(child)


def test_tc_029_nothing_to_accept():
    with listener() as ls:
        child = CAsyncSocket()
        assert ls.Accept(child) is False
        assert ls.GetLastError() == WSAEWOULDBLOCK
        assert child.m_hSocket == INVALID_SOCKET
        assert child.Create()
        child.Close()


def test_tc_030_close_before_dispatch():
    with attached() as (sock, peer):
        peer.sendall(b"x")
        wait_for(lambda: sock.IOCtl(0x4004667F))
        sock.AsyncSelect(FD_ALL)  # queued now
        sock.Close()
        drain()
        assert sock.log == []


@pytest.mark.windows_lacks("handles that are given out again in a known order")
def test_tc_031_the_number_is_reused():
    with attached() as (a, peer):
        peer.sendall(b"x")
        wait_for(lambda: a.IOCtl(0x4004667F))
        a.AsyncSelect(FD_ALL)
        number = a.m_hSocket
        holes = []
        while not holes or holes[-1] < number:  # POSIX gives the lowest free number out
            holes.append(os.dup(peer.fileno()))
        a.Close()
        b = Recorder()
        assert b.Create()
        for hole in holes:
            os.close(hole)
        assert b.m_hSocket == number
        drain()
        assert a.log == b.log == []
        assert CAsyncSocket.FromHandle(number) is b
        b.Close()


def test_tc_032_detach():
    with attached() as (sock, peer):
        peer.sendall(b"x")
        wait_for(lambda: sock.IOCtl(0x4004667F))
        sock.AsyncSelect(FD_ALL)
        handle = sock.Detach()
        assert sock.m_hSocket == INVALID_SOCKET
        drain()
        assert sock.log == []
        assert CAsyncSocket.FromHandle(handle) is None
        with socket.socket(fileno=handle) as detached:
            assert detached.recv(10) == b"x"
            with pytest.raises(BlockingIOError):
                detached.recv(10)  # still non-blocking


def test_tc_033_move_to_another_thread():
    ours, peer = raw_pair()
    first = Recorder()
    first.Attach(ours)
    peer.sendall(b"12345")
    drain()
    handle = first.Detach()
    seen = []

    def elsewhere():
        class Worker(Recorder):
            def note(self, name, error):
                super().note(name, error)
                seen.append((name, threading.get_ident()))
                if name == "OnReceive":
                    seen.append(self.ReceiveBytes(10))

        with Worker() as sock:
            sock.Attach(handle)
            Pump.current().run_until(lambda: len(seen) >= 3, 10)

    worker = threading.Thread(target=elsewhere)
    worker.start()
    worker.join()
    peer.close()
    assert seen == [("OnReceive", worker.ident), b"12345", ("OnSend", worker.ident)]


def test_tc_034_another_thread_may_not():
    with attached() as (sock, peer):
        caught = []

        def elsewhere():
            for call in (
                lambda: sock.Send(b"x"),
                lambda: sock.Receive(bytearray(1)),
                lambda: sock.AsyncSelect(0),
                lambda: sock.GetSockName(),
                sock.Detach,
                sock.Close,
                lambda: sock.SetSockOpt(1, 1),
                lambda: sock.ShutDown(),
            ):
                try:
                    call()
                except WrongThreadError as e:
                    caught.append(e)
            repr(sock), sock.m_hSocket  # these may

        worker = threading.Thread(target=elsewhere)
        worker.start()
        worker.join()
        assert len(caught) == 8
        peer.setblocking(False)
        with pytest.raises(BlockingIOError):
            peer.recv(1)


def test_tc_035_no_pump_no_callbacks():
    with attached() as (sock, peer):
        peer.sendall(b"x")
        wait_for(lambda: sock.IOCtl(0x4004667F))
        assert sock.ReceiveBytes(10) == b"x"  # the calls themselves need none
        assert sock.Send(b"y") == 1
        assert sock.log == []


def test_tc_036_from_handle_knows_its_own_thread_only():
    with attached() as (sock, _):
        found = [sock]

        def elsewhere():
            found[0] = CAsyncSocket.FromHandle(sock.m_hSocket)

        worker = threading.Thread(target=elsewhere)
        worker.start()
        worker.join()
        assert found == [None]
        assert CAsyncSocket.FromHandle(sock.m_hSocket) is sock


def test_tc_037_close_twice():
    with attached() as (sock, _):
        sock.Close()
        sock.Close()
        assert sock.m_hSocket == INVALID_SOCKET
        assert sock.Send(b"x") == -1
        assert sock.GetLastError() == WSAENOTSOCK


def test_tc_038_close_inside_a_callback():
    class Quitter(Recorder):
        def OnReceive(self, nErrorCode):
            super().OnReceive(nErrorCode)
            self.Close()

    with attached(Quitter) as (sock, peer):
        peer.sendall(b"12345")
        peer.close()
        drain()
        assert sock.names() == ["OnReceive"]


def test_tc_141_item_for_a_handle_nobody_owns():
    CAsyncSocket.DoCallBack(987654, 1)
    CAsyncSocket.DoCallBack(0, 0)


def test_dv_17_collected_in_another_thread_is_closed_by_its_own():
    ours, peer = raw_pair()
    box = [Recorder()]
    box[0].Attach(ours)
    peer.setblocking(False)
    worker = threading.Thread(target=box.clear)
    worker.start()
    worker.join()
    with pytest.raises(BlockingIOError):
        peer.recv(1)  # not yet: the owner has not dispatched
    with pytest.warns(ResourceWarning):
        drain()
    assert peer.recv(1) == b""
    peer.close()


def test_dv_17_owner_thread_is_over():
    ours, peer = raw_pair()
    box = []

    def elsewhere():
        box.append(Recorder())
        box[0].Attach(ours)

    worker = threading.Thread(target=elsewhere)
    worker.start()
    worker.join()
    box.pop().Close()
    peer.settimeout(10)
    assert peer.recv(1) == b""
    peer.close()


def test_lt_4_a_new_handle_after_close_and_detach():
    sock = Recorder()
    for _ in range(2):
        assert sock.Create()
        sock.Close()
    assert sock.Create()
    socket.close(sock.Detach())
    assert sock.Create()
    sock.Close()


def test_as_51_dead_until_the_next_dispatch():
    sock = Recorder()
    sock.Create()
    handle = sock.m_hSocket
    assert CAsyncSocket.LookupHandle(handle) is sock
    assert CAsyncSocket.LookupHandle(handle, True) is None
    sock.Close()
    assert CAsyncSocket.LookupHandle(handle) is None
    assert CAsyncSocket.LookupHandle(handle, True) is not None
    Pump.current().dispatch()
    assert CAsyncSocket.LookupHandle(handle, True) is None
