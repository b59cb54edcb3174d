"""Spec section 8, TC-121 to TC-133: errors, names, embedding (TC-131, asyncio, is in the adapters' tests)."""

import errno
import select
import socket
import sys
import threading

import pytest
from sock_support import (
    LOOPBACK,
    PATIENCE,
    QUIET,
    Reader,
    Recorder,
    attached,
    datagram,
    drain,
    listener,
    port_of,
    until,
)

import pysock
from pysock import (
    FD_ALL,
    SO_BROADCAST,
    SOCK_STREAM,
    SOCKET_ERROR,
    WSAEACCES,
    WSAEADDRNOTAVAIL,
    WSAEINVAL,
    WSAENETUNREACH,
    WSAENOTCONN,
    WSAENOTSOCK,
    WSAEWOULDBLOCK,
    CAsyncSocket,
    Pump,
    SocketException,
)

HOST_NOT_FOUND = (11001, 11002)


def last_error():
    return CAsyncSocket.GetLastError()


def test_tc_121_host_that_does_not_exist():
    with CAsyncSocket() as sock, datagram() as udp:
        assert sock.Create()
        assert sock.Connect("no.such.host.invalid", 1) is False
        assert last_error() == WSAEINVAL
        assert udp.SendTo(b"x", 1, "no.such.host.invalid") == SOCKET_ERROR
        assert last_error() == WSAEINVAL
        assert udp.SendToEx(b"x", 1, "no.such.host.invalid") == SOCKET_ERROR
        assert last_error() in HOST_NOT_FOUND


@pytest.mark.parametrize("host", ["127.1", "127.0.1", "0x7f.1", "0177.0.0.1", "2130706433", "0x7f000001"])
def test_tc_122_classic_dotted_numbers(host):
    with listener() as ls, Recorder() as sock:
        sock.Create()
        sock.Connect(host, port_of(ls))
        until(lambda: sock.log)
        assert sock.log[0] == ("OnConnect", 0)
        assert sock.GetPeerName() == (LOOPBACK, port_of(ls))


@pytest.mark.parametrize(
    "host", ["256.0.0.1", "1.2.3.4.5", "1.2.3.", "", " 127.0.0.1", "08.1", "0x", "1.2.65536", "-1"]
)
def test_nm_1_what_is_no_dotted_number(host):
    sock = CAsyncSocket()
    assert sock.Create(0, SOCK_STREAM, FD_ALL, host) is False
    assert last_error() == WSAEINVAL


def test_tc_123_empty_host_and_all_zero_address():
    with CAsyncSocket() as sock:
        sock.Create()
        assert sock.Connect("", 80) is False
        assert last_error() == WSAEINVAL
        assert sock.Connect("0.0.0.0", 80) is False
        assert last_error() == WSAEADDRNOTAVAIL


def test_tc_124_broadcast_must_be_allowed():
    with datagram() as sock:
        assert sock.SendTo(b"x", 9) == SOCKET_ERROR
        assert last_error() == WSAEACCES
        assert sock.SetSockOpt(SO_BROADCAST, 1)
        result = sock.SendTo(b"x", 9)
        # a socket bound to loopback may not reach the broadcast address: the system's word for it differs
        assert result == 1 or last_error() in (WSAENETUNREACH, WSAEINVAL, WSAEACCES)


def test_tc_125_send_to_ex_has_no_broadcast_default():
    with datagram() as sock:
        assert sock.SendToEx(b"x", 9, None) == SOCKET_ERROR
        assert last_error() == WSAEINVAL


def test_as_47_send_to_ex_needs_a_name_of_its_own():
    with CAsyncSocket() as sock:
        sock.Socket(socket.SOCK_DGRAM)
        assert sock.SendToEx(b"x", 9, LOOPBACK) == SOCKET_ERROR
        assert last_error() == WSAEINVAL


ERRNO_TABLE = [
    ("EINTR", 10004), ("EBADF", 10038), ("EACCES", 10013), ("EPERM", 10013), ("EFAULT", 10014),
    ("EINVAL", 10022), ("EMFILE", 10024), ("ENFILE", 10024), ("EWOULDBLOCK", 10035), ("EAGAIN", 10035),
    ("EINPROGRESS", 10036 if sys.platform == "win32" else 10035), ("EALREADY", 10037),
    ("ENOTSOCK", 10038), ("EDESTADDRREQ", 10039),
    ("EMSGSIZE", 10040), ("EPROTOTYPE", 10041), ("ENOPROTOOPT", 10042), ("EPROTONOSUPPORT", 10043),
    ("ESOCKTNOSUPPORT", 10044), ("EOPNOTSUPP", 10045), ("ENOTSUP", 10045), ("EPFNOSUPPORT", 10046),
    ("EAFNOSUPPORT", 10047), ("EADDRINUSE", 10048), ("EADDRNOTAVAIL", 10049), ("ENETDOWN", 10050),
    ("ENETUNREACH", 10051), ("ENETRESET", 10052), ("ECONNABORTED", 10053), ("ECONNRESET", 10054),
    ("EPIPE", 10054), ("ENOBUFS", 10055), ("ENOMEM", 10055), ("EISCONN", 10056), ("ENOTCONN", 10057),
    ("ESHUTDOWN", 10058), ("ETOOMANYREFS", 10059), ("ETIMEDOUT", 10060), ("ECONNREFUSED", 10061),
    ("ELOOP", 10062), ("ENAMETOOLONG", 10063), ("EHOSTDOWN", 10064), ("EHOSTUNREACH", 10065),
    ("EUSERS", 10068), ("EDQUOT", 10069), ("EXDEV", 10022),
]  # fmt: skip


@pytest.mark.parametrize("name, code", [row for row in ERRNO_TABLE if hasattr(errno, row[0])])
def test_tc_126_errno_to_winsock(name, code):
    assert pysock.winsock_error(getattr(errno, name)) == code


def test_tc_127_last_error_is_each_threads_own():
    found = []
    sock = CAsyncSocket()
    sock.Send(b"x")

    def elsewhere():
        found.append(CAsyncSocket.GetLastError())
        with CAsyncSocket() as other:
            other.Create()
            other.Send(b"x")
            found.append(CAsyncSocket.GetLastError())

    worker = threading.Thread(target=elsewhere)
    worker.start()
    worker.join()
    assert found == [0, WSAENOTCONN]
    assert last_error() == WSAENOTSOCK


def test_tc_128_strict_object():
    with Recorder(strict=True) as sock:
        sock.Create()
        with pytest.raises(
            SocketException, match=r"Send: not connected \(WSAENOTCONN 10057\) on <Recorder"
        ) as caught:
            sock.Send(b"x")
        assert caught.value.winerror == WSAENOTCONN == last_error()
        assert caught.value.errno == errno.ENOTCONN
        assert caught.value.operation == "Send"
        assert isinstance(caught.value, OSError)
        with pytest.raises(SocketException, match="GetPeerName"):
            sock.GetPeerName()
        with pytest.raises(SocketException, match="ShutDown"):
            sock.ShutDown(7)


def test_tc_128_strict_program():
    pysock.strict()
    try:
        with pytest.raises(SocketException):
            CAsyncSocket().Send(b"x")
        assert CAsyncSocket(strict=False).Send(b"x") == SOCKET_ERROR
    finally:
        pysock.strict(False)
    assert CAsyncSocket().Send(b"x") == SOCKET_ERROR


def test_tc_128_strict_create_leaves_nothing_behind():
    sock = CAsyncSocket(strict=True)
    with pytest.raises(SocketException, match="Bind"):
        sock.Create(0, SOCK_STREAM, FD_ALL, "not a number")
    assert sock.m_hSocket == -1


def test_dv_8_a_connect_under_way_is_no_failure():
    with listener() as ls, Recorder(strict=True) as sock:
        sock.Create()
        assert sock.Connect(LOOPBACK, port_of(ls)) in (False, True)
        until(lambda: sock.log)


def readable(pump, seconds=0.0):
    return bool(select.select([pump.fileno()], [], [], seconds)[0])


def test_tc_129_fileno():
    pump = Pump.current()
    with attached(Reader) as (sock, peer):
        while pump.dispatch():
            pass
        assert not readable(pump)
        peer.sendall(b"x")
        assert readable(pump, PATIENCE)
        while pump.dispatch():
            pass
        assert sock.got == b"x"
        assert not readable(pump)


def test_py_23_fileno_tells_of_items_posted_outside():
    pump = Pump.current()
    with attached(Reader) as (sock, _):
        assert not readable(pump)
        sock.AsyncSelect(FD_ALL)  # posts FD_WRITE
        assert readable(pump, PATIENCE)
        drain(QUIET)
        assert not readable(pump)
        pump.call_soon(lambda: None)
        assert readable(pump, PATIENCE)
        drain(QUIET)
        assert not readable(pump)


def test_tc_130_leftovers_keep_fileno_readable():
    pump = Pump.current()
    assert not readable(pump)
    socks = []
    journal = []
    for _ in range(100):
        sock = datagram(journal=journal)  # FD_WRITE is queued by it
        socks.append(sock)
    total = 0
    while journal != [(s, "OnSend") for s in socks]:
        assert readable(pump, PATIENCE)
        took = pump.dispatch(7)
        assert took <= 7
        total += took
    assert total >= 100
    while pump.dispatch():
        pass
    assert not readable(pump)
    for sock in socks:
        sock.Close()


@pytest.mark.parametrize("port", [70000, -1, 1 << 70])
def test_tc_132_ports_out_of_range(port):
    sock = CAsyncSocket()
    with pytest.raises(ValueError, match="nSocketPort must be between 0 and 65535"):
        sock.Create(port)
    with datagram() as udp:
        with pytest.raises(ValueError, match="nHostPort"):
            udp.Connect(LOOPBACK, port)
        with pytest.raises(ValueError, match="port must be"):
            udp.SendTo(b"x", port, LOOPBACK)


def test_tc_133_server_restarts_on_its_port():
    class Greeter(Recorder):
        def OnAccept(self, nErrorCode):
            with CAsyncSocket() as child:
                assert self.Accept(child)
                child.Send(b"bye")  # closing first leaves the connection in TIME_WAIT here

    with listener(Greeter) as ls:
        port = port_of(ls)
        with socket.create_connection((LOOPBACK, port)) as client:
            client.settimeout(PATIENCE)
            Pump.current().run_until(lambda: False, QUIET)
            assert client.recv(10) == b"bye"
            assert client.recv(10) == b""
    with CAsyncSocket() as again:
        assert again.Create(port, SOCK_STREAM, FD_ALL, LOOPBACK)
        assert again.Listen()


class Connector(Recorder):
    AsyncResolve = True


@pytest.mark.parametrize("cls", [Recorder, Connector])
def test_async_resolve_connects_off_the_thread(cls):
    with listener() as ls, cls() as sock:
        sock.AsyncResolve = True
        sock.Create()
        assert sock.Connect("localhost", port_of(ls)) is False
        assert last_error() == WSAEWOULDBLOCK
        assert "resolving" in repr(sock)
        assert sock.Connect(LOOPBACK, port_of(ls)) is False
        assert last_error() == 10037
        until(lambda: sock.log)
        drain()
        assert sock.log == [("OnConnect", 0), ("OnSend", 0)]


def test_async_resolve_reports_the_failure_to_on_connect():
    with Connector() as sock:
        sock.Create()
        assert sock.Connect("no.such.host.invalid", 1) is False
        until(lambda: sock.log)
        assert sock.log == [("OnConnect", WSAEINVAL)]


def test_async_resolve_after_close_calls_nobody():
    with Recorder() as sock:
        sock.AsyncResolve = True
        sock.Create()
        sock.Connect("localhost", 9)
        sock.Close()
        drain(0.2)
        assert sock.log == []
