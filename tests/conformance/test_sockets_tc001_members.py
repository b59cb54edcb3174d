"""Spec section 8, TC-1 to TC-24: members and construction."""

import copy
import pickle
import socket
import struct

import pytest
from sock_support import LOOPBACK, Recorder, attached, datagram, listener, port_of, until, wait_for

from pysock import (
    AF_INET6,
    FD_ALL,
    FD_READ,
    FIONBIO,
    FIONREAD,
    INVALID_SOCKET,
    IPPROTO_TCP,
    MSG_OOB,
    SO_BROADCAST,
    SO_DONTLINGER,
    SO_LINGER,
    SOCK_DGRAM,
    SOCK_STREAM,
    SOCKET_ERROR,
    TCP_NODELAY,
    WSAEADDRINUSE,
    WSAEADDRNOTAVAIL,
    WSAEINVAL,
    WSAENOPROTOOPT,
    WSAENOTCONN,
    WSAENOTSOCK,
    WSAEOPNOTSUPP,
    WSAESHUTDOWN,
    CAsyncSocket,
    SocketUsageError,
)


def last_error():
    return CAsyncSocket.GetLastError()


def test_tc_001_new_object_is_empty():
    sock = CAsyncSocket()
    assert sock.m_hSocket == INVALID_SOCKET == int(sock) == sock.fileno()
    assert CAsyncSocket.FromHandle(INVALID_SOCKET) is None


def test_tc_002_created_object_has_a_name():
    with CAsyncSocket() as sock:
        assert sock.Create() is True
        address, port = sock.GetSockName()
        assert address == "0.0.0.0"
        assert port > 0
        assert CAsyncSocket.FromHandle(sock.m_hSocket) is sock


def test_tc_003_port_in_use():
    with listener() as ls, CAsyncSocket() as sock:
        assert sock.Create(port_of(ls), SOCK_STREAM, FD_ALL, LOOPBACK) is False
        assert last_error() == WSAEADDRINUSE
        assert sock.m_hSocket == INVALID_SOCKET
        assert sock.Create(0)


def test_tc_004_host_names_are_not_resolved_by_create():
    sock = CAsyncSocket()
    assert sock.Create(0, SOCK_STREAM, FD_ALL, "localhost") is False
    assert last_error() == WSAEINVAL
    assert sock.m_hSocket == INVALID_SOCKET


def test_tc_005_foreign_address():
    sock = CAsyncSocket()
    assert not sock.Create(0, SOCK_STREAM, FD_ALL, "192.0.2.1")
    assert last_error() == WSAEADDRNOTAVAIL


def test_tc_006_create_twice():
    with CAsyncSocket() as sock:
        assert sock.Create()
        name = sock.GetSockName()
        with pytest.raises(SocketUsageError, match="has a handle"):
            sock.Create()
        assert sock.GetSockName() == name
        assert sock.Listen()


def test_tc_007_socket_does_not_bind():
    with CAsyncSocket() as sock:
        assert sock.Socket()
        assert sock.GetSockName() is None
        assert last_error() == WSAEINVAL


def test_tc_008_listen_needs_a_name():
    with CAsyncSocket() as sock:
        assert sock.Socket()
        assert sock.Listen() is False
        assert last_error() == WSAEINVAL


def test_tc_009_bind_twice():
    with CAsyncSocket() as sock:
        assert sock.Create()
        assert sock.Bind(0) is False
        assert last_error() == WSAEINVAL


@pytest.mark.parametrize("member", ["CreateEx", "BindEx", "ConnectEx"])
def test_tc_010_null_addrinfo(member):
    with CAsyncSocket() as sock:
        assert getattr(sock, member)(None) is False
        assert last_error() == WSAEINVAL


def entry_of_ipv6(port=0):
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError as e:
        pytest.skip(f"no IPv6 loopback here: {e}")
    return socket.getaddrinfo("::1", port, socket.AF_INET6, socket.SOCK_STREAM)[0]


def test_tc_011_ipv6_through_the_ex_members():
    entry = entry_of_ipv6()
    with Recorder() as ls, Recorder() as client, Recorder() as child:
        assert ls.CreateEx(entry)
        assert ls.BindEx(entry)
        assert ls.Listen()
        port = ls.GetSockNameEx()[1]
        assert client.CreateEx(entry)
        client.ConnectEx(entry_of_ipv6(port))
        until(lambda: ls.log and client.log)
        assert ls.Accept(child)
        assert child.GetPeerNameEx()[0] == "::1"
        assert client.GetPeerNameEx() == ("::1", port)
        assert client.log[0] == ("OnConnect", 0)


def test_tc_012_create_ex_does_not_bind():
    entry = (AF_INET6 if socket.has_ipv6 else socket.AF_INET, SOCK_STREAM, 0, "", ("::1", 0, 0, 0))
    with CAsyncSocket() as sock:
        if not sock.CreateEx(entry):
            pytest.skip("no IPv6 here")
        assert sock.GetSockName() is None
        assert last_error() == WSAEINVAL


def test_tc_013_tcp_nodelay():
    with CAsyncSocket() as sock:
        assert sock.Create()
        assert sock.GetSockOpt(TCP_NODELAY, IPPROTO_TCP) == 0
        assert sock.SetSockOpt(TCP_NODELAY, 1, IPPROTO_TCP)
        assert sock.GetSockOpt(TCP_NODELAY, IPPROTO_TCP) != 0


def test_tc_014_linger_and_dontlinger():
    with CAsyncSocket() as sock:
        assert sock.Create()
        assert sock.SetSockOpt(SO_LINGER, (1, 5))
        assert sock.GetSockOpt(SO_LINGER) == (1, 5)
        assert sock.GetSockOpt(SO_DONTLINGER) == 0
        assert sock.SetSockOpt(SO_DONTLINGER, 1)
        assert sock.GetSockOpt(SO_LINGER)[0] == 0
        assert sock.GetSockOpt(SO_DONTLINGER) == 1


@pytest.mark.parametrize("option, value", [(SO_LINGER, (1, 5)), (SO_DONTLINGER, 1), (socket.SO_OOBINLINE, 1)])
def test_tc_015_stream_options_on_a_datagram_socket(option, value):
    with datagram() as sock:
        assert sock.SetSockOpt(option, value) is False
        assert last_error() == WSAENOPROTOOPT
        assert sock.GetSockOpt(option) is None


def test_dv_23_broadcast_on_a_stream_socket():
    with CAsyncSocket() as sock:
        assert sock.Create()
        assert sock.SetSockOpt(SO_BROADCAST, 1) is False
        assert last_error() == WSAENOPROTOOPT


def test_tc_016_fionbio_while_a_mask_is_in_force():
    with CAsyncSocket() as sock:
        assert sock.Create()
        assert sock.IOCtl(FIONBIO, 0) is None
        assert last_error() == WSAEINVAL
        assert sock.IOCtl(FIONBIO, 1) == 1
        assert sock.AsyncSelect(0)
        assert sock.IOCtl(FIONBIO, 0) == 0
        assert sock.AsyncSelect(FD_READ)  # non-blocking again: AS-27
        assert sock.IOCtl(FIONBIO, 0) is None


def test_tc_016_blocking_calls_let_other_threads_run():
    """After FIONBIO 0 calls block in the system; the interpreter must go on meanwhile."""
    import threading

    with attached(CAsyncSocket, mask=0) as (sock, peer):
        assert sock.IOCtl(FIONBIO, 0) == 0
        timer = threading.Timer(0.05, peer.sendall, [b"late"])
        timer.start()
        buf = bytearray(10)
        assert sock.Receive(buf) == 4
        timer.join()


def test_tc_017_fionread_tells_the_first_datagram():
    with datagram() as sock, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
        peer.sendto(b"12345", (LOOPBACK, port_of(sock)))
        peer.sendto(b"123456789", (LOOPBACK, port_of(sock)))
        wait_for(lambda: sock.IOCtl(FIONREAD))
        assert sock.IOCtl(FIONREAD) == 5


def test_tc_018_unknown_ioctl():
    with CAsyncSocket() as sock:
        assert sock.Create()
        assert sock.IOCtl(0xDEADBEEF) is None
        assert last_error() in (WSAEINVAL, WSAEOPNOTSUPP)


def test_tc_019_shutdown_ends_sending_only():
    with attached() as (sock, peer):
        assert sock.ShutDown()
        peer.settimeout(10)
        assert peer.recv(10) == b""
        peer.sendall(b"still")
        until(lambda: sock.log)
        assert sock.ReceiveBytes(10) == b"still"


def test_tc_020_calls_in_the_shut_direction():
    with attached() as (sock, _):
        assert sock.ShutDown(1)
        assert sock.Send(b"x") == SOCKET_ERROR
        assert last_error() == WSAESHUTDOWN
        assert sock.ShutDown(0)
        assert sock.Receive(bytearray(1)) == SOCKET_ERROR
        assert last_error() == WSAESHUTDOWN


def test_tc_021_shutdown_values():
    with attached() as (sock, _):
        assert sock.ShutDown(7) is False
        assert last_error() == WSAEINVAL


def test_tc_022_unconnected_stream():
    with CAsyncSocket() as sock:
        assert sock.Create()
        for call in (lambda: sock.Send(b"x"), lambda: sock.Receive(bytearray(1))):
            assert call() == SOCKET_ERROR
            assert last_error() == WSAENOTCONN
        assert sock.GetPeerName() is None
        assert last_error() == WSAENOTCONN


def test_tc_023_accept_after_close():
    ls = listener()
    ls.Close()
    assert ls.Accept(CAsyncSocket()) is False
    assert last_error() == WSAENOTSOCK


@pytest.mark.parametrize("how", [copy.copy, copy.deepcopy, pickle.dumps])
def test_tc_024_no_copies(how):
    with pytest.raises(TypeError, match="cannot be copied or pickled"):
        how(Recorder())


def test_as_33_multicast_options_take_structures():
    with datagram() as sock:
        request = struct.pack("=4s4s", socket.inet_aton("239.1.2.3"), socket.inet_aton(LOOPBACK))
        assert sock.SetSockOpt(socket.IP_MULTICAST_LOOP, 1, socket.IPPROTO_IP)
        assert sock.GetSockOpt(socket.IP_MULTICAST_LOOP, socket.IPPROTO_IP) == 1
        assert sock.SetSockOpt(socket.IP_ADD_MEMBERSHIP, request, socket.IPPROTO_IP)


def test_tc_150_oob_on_a_datagram_socket():
    with datagram() as sock:
        assert sock.Receive(bytearray(1), 1, MSG_OOB) == SOCKET_ERROR
        assert last_error() == WSAEOPNOTSUPP


@pytest.mark.wine_differs("getsockopt(SO_TYPE) does not tell the value's length")
def test_as_21_the_socket_type():
    with datagram() as sock:
        assert sock.GetSockOpt(socket.SO_TYPE) == SOCK_DGRAM


def test_as_29_listen_on_a_datagram_socket():
    with datagram() as sock:
        assert sock.Listen() is False
        assert last_error() == WSAEOPNOTSUPP
