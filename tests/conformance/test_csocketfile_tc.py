"""Spec section 8, TC-106 to TC-120, TC-154 to TC-158: CSocketFile and archives over it."""

import gc
import socket
import struct
import time
import warnings

import pytest
from blocking_support import Blocker, blocking_listener, meanwhile, read_all, socket_file, soon
from sock_support import LOOPBACK, attached, drain, port_of, raw_pair, reset, until

from pysock import (
    DWORD,
    FIONREAD,
    SOCK_DGRAM,
    WSAECONNRESET,
    CArchive,
    CArchiveException,
    CAsyncSocket,
    CFile,
    CFileException,
    CInvalidArgException,
    CMemFile,
    CNotSupportedException,
    CSocket,
    CSocketFile,
    SocketException,
    SocketUsageError,
)

pytestmark = pytest.mark.sockets

READ_AHEAD = pytest.mark.parametrize("ahead", [True, False], ids=["ahead", "exact"])


def slowly(peer, *pieces, pause=0.01):
    """Sends pieces one after the other, each by itself."""
    peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def act():
        for piece in pieces:
            peer.sendall(piece)
            time.sleep(pause)

    return act


def each_byte(data):
    return [data[i : i + 1] for i in range(len(data))]


def arrived(sock, n):
    """Waits until n bytes are in the system's queue."""
    end = time.monotonic() + 5
    while sock.IOCtl(0x4004667F) < n:
        assert time.monotonic() < end


@pytest.mark.parametrize("into", [False, True])
def test_tc_106_archive_compatible_read(into):
    with socket_file() as (file, sock, peer):
        peer.sendall(b"four")
        arrived(sock, 4)
        if into:
            buf = bytearray(10)
            assert file.ReadInto(buf) == 4
            assert buf[:4] == b"four"
        else:
            assert file.Read(10) == b"four"
        with meanwhile(sock, lambda: peer.sendall(b"more")):
            assert file.Read(10) == b"more"
        peer.close()
        assert file.Read(10) == b""


def test_tc_107_not_archive_compatible_read():
    with socket_file(False) as (file, sock, peer):
        with meanwhile(sock, slowly(peer, b"four", b"sixsix")):
            assert file.Read(10) == b"foursixsix"

        def four_and_close():
            peer.sendall(b"4444")
            peer.close()

        with meanwhile(sock, four_and_close):
            assert file.Read(10) == b"4444"
        assert file.Read(10) == b""


def test_tc_107_large_reads_take_memory_as_data_comes():
    with socket_file(False) as (file, sock, peer):
        data = bytes(range(256)) * 1000
        with meanwhile(sock, lambda: (peer.sendall(data), peer.close())):
            assert file.Read(1 << 62) == data


def test_tc_108_reset_peer():
    with socket_file() as (file, sock, peer):
        reset(peer)
        until(lambda: "OnClose" in sock.names())
        for call in (lambda: file.Read(10), lambda: file.Write(b"x"), lambda: file.ReadInto(bytearray(1))):
            with pytest.raises(CFileException) as e:
                call()
            assert e.value.m_cause == CFileException.genericException
            assert e.value.m_lOsError == WSAECONNRESET
            assert "WSAECONNRESET" in str(e.value)


def test_tc_109_what_a_socket_cannot_do():
    with socket_file() as (file, _, _):
        for call in (
            lambda: file.Open("x", 0),
            file.Duplicate,
            file.GetPosition,
            lambda: file.SetLength(1),
            file.GetLength,
            lambda: file.LockRange(0, 1),
            lambda: file.UnlockRange(0, 1),
            file.Abort,
            file.GetStatus,
        ):
            with pytest.raises(CNotSupportedException):
                call()


def test_tc_110_seek_and_flush_do_nothing():
    with socket_file() as (file, sock, peer):
        assert file.Seek(0, CFile.current) == 0
        with pytest.warns(RuntimeWarning, match="Seek"):
            assert file.Seek(-5, CFile.current) == 0
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert file.Seek(7, CFile.begin) == 0  # it warns once
            assert file.SeekToEnd() == 0
        assert file.Flush() is None
        peer.sendall(b"x")
        assert file.Read(1) == b"x"
        assert sock.Send(b"y") == 1


def test_tc_111_the_file_does_not_own_the_socket():
    with socket_file() as (file, sock, peer):
        file.Close()
        assert sock.Send(b"a") == 1
        with CSocketFile(sock):
            pass
        assert sock.Send(b"b") == 1
        other = CSocketFile(sock)
        del other, file
        gc.collect()
        assert sock.Send(b"c") == 1
        read_all(peer, 3)


def test_tc_112_what_a_file_can_be_made_of():
    with CSocket() as sock, CAsyncSocket() as plain:
        with pytest.raises(SocketUsageError, match="no handle"):
            CSocketFile(sock)
        assert sock.Create(0, SOCK_DGRAM, LOOPBACK)
        with pytest.raises(SocketUsageError, match="stream"):
            CSocketFile(sock)
        plain.Create()
        with pytest.raises(TypeError):
            CSocketFile(plain)


def test_tc_113_nothing_is_sent_until_flush():
    with socket_file() as (file, _, peer):
        peer.setblocking(False)
        with CArchive(file, CArchive.store) as ar:
            for i in (1, 2, 3):
                ar.WriteDWORD(i)
            time.sleep(0.02)
            with pytest.raises(BlockingIOError):
                peer.recv(100)
            ar.Flush()
            peer.setblocking(True)
            assert peer.recv(100) == struct.pack("<3I", 1, 2, 3)


@READ_AHEAD
def test_tc_114_an_item_in_pieces(ahead):
    with socket_file() as (file, sock, peer), CArchive(file, CArchive.load, read_ahead=ahead) as ar:
        with meanwhile(sock, slowly(peer, b"\x01", b"\x02", b"\x03\x04")):
            assert ar.ReadDWORD() == 0x04030201
        assert ar.IsBufferEmpty()


@READ_AHEAD
@pytest.mark.parametrize("compatible", [True, False], ids=["compatible", "not-compatible"])
def test_tc_115_left_over_and_single_bytes(ahead, compatible):
    with socket_file(compatible) as (file, sock, peer):
        with CArchive(file, CArchive.load, read_ahead=ahead) as ar:
            data = struct.pack("<IHIHd", 1, 2, 3, 4, 5.5)
            with meanwhile(sock, slowly(peer, data[:6], *each_byte(data[6:]), pause=0.002)):
                assert ar.ReadDWORD() == 1
                assert (ar.ReadWORD(), ar.ReadDWORD(), ar.ReadWORD(), ar.ReadDOUBLE()) == (2, 3, 4, 5.5)


@READ_AHEAD
@pytest.mark.parametrize("end", ["close", "reset"])
def test_tc_116_peer_ends_in_the_middle_of_an_item(ahead, end):
    with socket_file() as (file, sock, peer):
        ar = CArchive(file, CArchive.load, read_ahead=ahead)

        def act():
            peer.sendall(b"\x01\x02")
            time.sleep(0.03)
            peer.close() if end == "close" else reset(peer)

        def check(e):
            if end == "close":
                assert isinstance(e, EOFError)
                assert e.m_cause == CArchiveException.endOfFile
            else:  # SF-27: what Windows should give
                assert isinstance(e, CFileException)
                assert e.m_lOsError == WSAECONNRESET

        with meanwhile(sock, act), pytest.raises((CArchiveException, CFileException)) as e:
            ar.ReadDWORD()
        check(e.value)
        with pytest.raises((CArchiveException, CFileException)) as e:  # and again on a retry (SF-27)
            ar.ReadDWORD()
        check(e.value)
        ar.Abort()
        assert ar.closed
        with pytest.raises(ValueError):
            ar.ReadDWORD()


@READ_AHEAD
@pytest.mark.parametrize("n", [4096, 100, 4097, 8192, 10000])
def test_tc_117_read_of_what_is_there_does_not_wait(ahead, n):
    data = bytes(i % 251 for i in range(n))
    with socket_file() as (file, sock, peer), CArchive(file, CArchive.load, read_ahead=ahead) as ar:
        peer.sendall(data)
        arrived(sock, n)
        sock.SetTimeOut(5000)
        assert ar.Read(n) == data
        assert ar.IsBufferEmpty()


@READ_AHEAD
def test_tc_118_two_messages_in_one_segment(ahead):
    with socket_file() as (file, sock, peer), CArchive(file, CArchive.load, read_ahead=ahead) as ar:
        peer.sendall(b"aaaabbbb")
        arrived(sock, 8)
        assert ar.Read(4) == b"aaaa"
        assert ar.IsBufferEmpty() is (not ahead)
        assert sock.IOCtl(0x4004667F) == (0 if ahead else 4)
        assert ar.Read(4) == b"bbbb"
        assert ar.IsBufferEmpty()


@READ_AHEAD
@pytest.mark.parametrize("same_file", [True, False])
def test_tc_119_a_new_archive_reads_the_second_message(ahead, same_file):
    with socket_file() as (file, sock, peer):
        peer.sendall(b"aaaabbbbcccc")
        arrived(sock, 12)
        with CArchive(file, CArchive.load, read_ahead=ahead) as ar:
            assert ar.Read(4) == b"aaaa"
        if not same_file:
            file = CSocketFile(sock)
        assert file.GetUnread() == (8 if ahead else 0)
        with CArchive(file, CArchive.load, read_ahead=ahead) as ar:
            assert ar.IsBufferEmpty() is (not ahead)
            assert ar.Read(4) == b"bbbb"
        # OnReceive tells of what was given back, and a plain Receive gets it
        until(lambda: "OnReceive" in sock.names())
        assert sock.IOCtl(0x4004667F) == 4
        assert sock.ReceiveBytes(2) == b"cc"
        sock.log.clear()
        until(lambda: "OnReceive" in sock.names())
        assert sock.ReceiveBytes(10) == b"cc"
        sock.log.clear()
        drain()
        assert sock.log == []
        peer.sendall(b"dd")
        until(lambda: sock.log)
        assert sock.ReceiveBytes(10) == b"dd"


def test_dv_21_given_back_to_a_closed_socket():
    with socket_file() as (file, sock, peer):
        peer.sendall(b"aaaabbbb")
        arrived(sock, 8)
        ar = CArchive(file, CArchive.load)
        ar.Read(4)
        sock.Close()
        with pytest.warns(ResourceWarning, match="4 bytes"):
            ar.Close()
        assert ar.closed


def test_dv_21_kept_bytes_come_before_the_end():
    with socket_file() as (file, sock, peer):
        peer.sendall(b"aaaabbbb")
        arrived(sock, 8)
        with CArchive(file, CArchive.load) as ar:
            ar.Read(4)
        peer.close()
        sock.log.clear()
        drain()
        assert "OnReceive" in sock.names()
        assert sock.ReceiveBytes(10) == b"bbbb"
        until(lambda: "OnClose" in sock.names())
        assert sock.ReceiveBytes(10) == b""


@READ_AHEAD
def test_tc_120_values_both_ways(ahead):
    with blocking_listener() as ls, CSocket() as client, Blocker() as server:
        client.Create()
        client.Connect(LOOPBACK, port_of(ls))
        assert ls.Accept(server)
        ends = []
        for sock in (client, server):
            file = CSocketFile(sock)
            store = CArchive(file, CArchive.store)
            ends.append((store, CArchive(file, CArchive.load, read_ahead=ahead)))
        for (store, _), (_, load) in (ends, ends[::-1]):
            store.WriteWORD(0x1234)
            store.WriteCString("grüße")
            store.WriteDOUBLE(-0.5)
            store.WriteLONGLONG(-(2**40))
            store.Flush()
            assert load.ReadWORD() == 0x1234
            assert load.ReadCString() == "grüße"
            assert load.ReadDOUBLE() == -0.5
            assert load.ReadLONGLONG() == -(2**40)
        with client, attached(Blocker) as (sock, peer):
            with CArchive(CSocketFile(sock), CArchive.store) as ar:
                ar.WriteDWORD(0x01020304)
            assert peer.recv(4) == b"\x04\x03\x02\x01"
        for store, load in ends:
            store.Abort()
            load.Abort()


def test_tc_154_closed_file():
    with socket_file() as (file, _, _):
        file.Close()
        assert file.m_pSocket is None
        for call in (lambda: file.Read(1), lambda: file.Write(b"x"), lambda: file.ReadInto(bytearray(1))):
            with pytest.raises(CInvalidArgException):
                call()
        assert file.Seek(0, CFile.current) == 0
        file.Close()
        assert file.fileno() == -1


def test_tc_155_failed_flush_then_close_then_abort():
    with socket_file() as (file, sock, peer):
        reset(peer)
        until(lambda: "OnClose" in sock.names())
        ar = CArchive(file, CArchive.store)
        ar.WriteDWORD(1)
        for call in (ar.Flush, ar.Close):
            with pytest.raises(CFileException) as e:
                call()
            assert e.value.m_lOsError == WSAECONNRESET
        ar.Abort()
        assert ar.closed


def test_tc_156_peer_has_closed_second_flush_fails():
    with socket_file() as (file, sock, peer):
        peer.close()
        until(lambda: "OnClose" in sock.names())
        ar = CArchive(file, CArchive.store)
        ar.WriteDWORD(1)
        ar.Flush()
        end = time.monotonic() + 5
        with pytest.raises(CFileException) as e:
            while time.monotonic() < end:  # until the peer's reset is here
                ar.WriteDWORD(2)
                ar.Flush()
                time.sleep(0.005)
        assert e.value.m_lOsError == WSAECONNRESET
        ar.Abort()


def test_tc_157_read_of_nothing():
    with socket_file() as (file, _, _):
        assert file.Read(0) == b""
        assert file.ReadInto(bytearray()) == 0
        with CArchive(file, CArchive.load) as ar:
            assert ar.Read(0) == b""
        with pytest.raises(CInvalidArgException):
            file.Read(-1)


def test_tc_158_exact_requests():
    asked = []

    class Logging(CSocketFile):
        def Read(self, nCount):
            asked.append(nCount)
            return super().Read(nCount)

    with attached(Blocker) as (sock, peer):
        with CArchive(Logging(sock), CArchive.load, read_ahead=False) as ar:
            with meanwhile(sock, slowly(peer, *each_byte(b"\x01\x00\x00\x00\x02\x00"), pause=0.03)):
                assert ar.ReadDWORD() == 1
                assert ar.ReadWORD() == 2
        assert asked == [4, 3, 2, 1, 2, 1]


@pytest.mark.parametrize("compatible", [True, False])
def test_tc_158_exact_requests_of_the_socket(compatible):
    """The same without a subclass of the file: what Receive is asked for."""
    asked = []

    class Logging(Blocker):
        def Receive(self, buf, n=None, flags=0):
            asked.append(n)
            return super().Receive(buf, n, flags)

    with socket_file(compatible, Logging) as (file, sock, peer):
        with CArchive(file, CArchive.load, read_ahead=False) as ar:
            with meanwhile(sock, slowly(peer, *each_byte(b"\x01\x00\x00\x00\x02\x00"), pause=0.03)):
                assert ar.ReadDWORD() == 1
                assert ar.ReadWORD() == 2
        assert asked == [4, 3, 2, 1, 2, 1]


# --- what subclasses override is called --------------------------------------------------------------------


def test_overridden_receive_and_send_are_used():
    class Rot(Blocker):
        def Receive(self, buf, n=None, flags=0):
            got = super().Receive(buf, n, flags)
            for i in range(max(got, 0)):
                buf[i] ^= 0xFF
            return got

        def Send(self, buf, n=None, flags=0):
            return super().Send(bytes(b ^ 0xFF for b in buf), n, flags)

    with socket_file(cls=Rot) as (file, sock, peer):
        with CArchive(file, CArchive.store) as ar:
            ar.WriteDWORD(1)
        assert peer.recv(10) == b"\xfe\xff\xff\xff"
        peer.sendall(b"\xfe\xff\xff\xff")
        with CArchive(file, CArchive.load) as ar:
            assert ar.ReadDWORD() == 1
        reset(peer)
        until(lambda: "OnClose" in sock.names())
        for call in (lambda: file.Read(1), lambda: file.Write(b"x")):
            with pytest.raises(CFileException) as e:
                call()
            assert e.value.m_lOsError == WSAECONNRESET


def test_strict_sockets_still_give_file_exceptions():
    class Own(Blocker):
        def Receive(self, buf, n=None, flags=0):
            return super().Receive(buf, n, flags)

    for cls in (Blocker, Own):
        ours, peer = raw_pair()
        with cls(strict=True) as sock:
            sock.Attach(ours)
            file = CSocketFile(sock)
            reset(peer)
            until(lambda sock=sock: "OnClose" in sock.names())
            with pytest.raises(CFileException):
                file.Read(1)
            with pytest.raises(SocketException):
                sock.ReceiveBytes(1)


def test_overridden_write_of_the_file_is_used():
    written = []

    class Logging(CSocketFile):
        def Write(self, data):
            written.append(bytes(data))
            super().Write(data)

    with attached(Blocker) as (sock, peer):
        with CArchive(Logging(sock), CArchive.store) as ar:
            ar.WriteDWORD(7)
        assert written == [b"\x07\0\0\0"]
        assert peer.recv(10) == b"\x07\0\0\0"


# --- archives over sockets ---------------------------------------------------------------------------------


def test_one_flush_is_one_send():
    sizes = []

    class Counting(Blocker):
        def Send(self, buf, n=None, flags=0):
            sizes.append(len(buf))
            return super().Send(buf, n, flags)

    with socket_file(cls=Counting) as (file, _, peer):
        with CArchive(file, CArchive.store) as ar:
            for _ in range(5):
                ar.WriteDWORD(1)
                ar.WriteCString("a message")
                ar.WriteDOUBLE(1.0)
                ar.Flush()
        assert len(sizes) == 5
        read_all(peer, sum(sizes))


@READ_AHEAD
def test_ar_27_is_buffer_empty_loop_in_on_receive(ahead):
    class Server(Blocker):
        def open(self):
            self.file = CSocketFile(self)
            self.ar = CArchive(self.file, CArchive.load, read_ahead=ahead)
            self.got = []

        def OnReceive(self, nErrorCode):
            while True:
                self.got.append((self.ar.ReadDWORD(), self.ar.ReadCString()))
                if self.ar.IsBufferEmpty():
                    break

    expected = [(i, "x" * i) for i in range(100)]
    with attached(Server) as (sock, peer):
        sock.open()
        for first in (0, 30, 95):
            mem = CMemFile()
            with CArchive(mem, CArchive.store) as ar:
                for number, text in expected[first : {0: 30, 30: 95, 95: 100}[first]]:
                    ar.WriteDWORD(number)
                    ar.WriteCString(text)
            peer.sendall(mem.getvalue())
            drain(0.02)
        until(lambda: len(sock.got) == 100)
        assert sock.got == expected
        sock.ar.Close()


def test_archive_used_from_within_its_own_wait_is_refused():
    trouble = []

    def pending():
        sock.pending = None
        try:
            ar.ReadDWORD()
        except RuntimeError as e:
            trouble.append(str(e))
        peer.sendall(b"\x01\0\0\0")

    with socket_file() as (file, sock, peer):
        sock.pending = pending
        ar = CArchive(file, CArchive.load)
        soon()
        assert ar.ReadDWORD() == 1
        assert "in the middle" in trouble[0]
        ar.Close()


def test_abort_of_the_archive_within_its_wait():
    with socket_file() as (file, sock, peer):
        ar = CArchive(file, CArchive.load)

        def pending():
            sock.pending = None
            ar.Abort()
            peer.sendall(b"\x01\0\0\0")

        sock.pending = pending
        soon()
        with pytest.raises(ValueError, match="closed"):
            ar.ReadDWORD()
        assert ar.closed


def test_cancelled_read_can_be_repeated():
    with socket_file() as (file, sock, peer):
        with CArchive(file, CArchive.load) as ar:
            peer.sendall(b"\x01\x00")
            with meanwhile(sock, sock.CancelBlockingCall), pytest.raises(CFileException) as e:
                ar.ReadDWORD()
            assert e.value.m_lOsError == 10004
            peer.sendall(b"\x00\x00")
            assert ar.ReadDWORD() == 1


def test_dv_1_on_close_waits_for_what_an_archive_has_given_back():
    with socket_file() as (file, sock, peer):
        peer.sendall(struct.pack("<IIII", 1, 2, 3, 4))
        peer.close()
        arrived(sock, 16)
        with CArchive(file, CArchive.load) as ar:
            assert ar.read(DWORD) == 1
        sock.log.clear()
        for left in (8, 4):
            assert sock.Receive(bytearray(4)) == 4
            drain(0.02)
            assert (sock.IOCtl(FIONREAD), "OnClose" in sock.names()) == (left, False)
        assert sock.Receive(bytearray(4)) == 4
        until(lambda: "OnClose" in sock.names())
        assert sock.names()[-1] == "OnClose"


def test_as_13_detach_tells_of_what_stays_behind():
    with socket_file() as (file, sock, peer):
        peer.sendall(struct.pack("<II", 1, 2))
        arrived(sock, 8)
        with CArchive(file, CArchive.load) as ar:
            assert ar.read(DWORD) == 1
        with pytest.warns(ResourceWarning, match="4 bytes received and not read are lost"):
            handle = sock.Detach()
        socket.socket(fileno=handle).close()


@pytest.mark.parametrize("answer", [None, 2, 9])
def test_sf_6_a_send_that_answers_nonsense_is_told(answer):
    class Odd(CSocket):
        def Send(self, buf, n=None, flags=0):
            return answer

    with (
        socket_file(cls=Odd) as (file, _sock, _peer),
        pytest.raises(ValueError, match=f"returned {answer} for 4"),
    ):
        file.Write(b"1234")


@pytest.mark.parametrize("verb", ["Send", "Receive"])
def test_sf_6_a_failure_without_a_reason_is_a_failure(verb):
    class Odd(CSocket):
        GetLastError = staticmethod(lambda: 0)

        def Send(self, buf, n=None, flags=0):
            return -1

        def Receive(self, buf, n=None, flags=0):
            return -1

    with socket_file(cls=Odd) as (file, _sock, _peer), pytest.raises(CFileException):
        file.Write(b"1234") if verb == "Send" else file.Read(4)
