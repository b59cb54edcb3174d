"""Bad input and bad luck: one server on one thread with archives over CSockets, a thousand clients that
misbehave, and one that does not."""

import random
import socket
import struct
import threading
from types import SimpleNamespace

import pytest
from blocking_support import Blocker, blocking_listener
from memory import descriptors
from sock_support import LOOPBACK, PATIENCE, port_of
from stress_kit import resident

from pysock import (
    CArchive,
    CArchiveException,
    CFileException,
    CObject,
    CSocket,
    CSocketFile,
    Pump,
)

pytestmark = [pytest.mark.sockets, pytest.mark.stress]

TIMEOUT_MS = 150


class CHostileNote(CObject, schema=1):
    def __init__(self, text="", links=()):
        self.text = text
        self.links = list(links)

    def Serialize(self, ar):
        if ar.IsStoring():
            ar.WriteCString(self.text)
            ar.WriteCount(len(self.links))
            for link in self.links:
                ar.WriteObject(link)
        else:
            self.text = ar.ReadCString()
            self.links = [ar.ReadObject(CHostileNote) for _ in range(ar.ReadCount())]


class CHostileOther(CObject, schema=1):
    """Known, but the server does not expect it."""


class Session(CSocket):
    """One client: a message is a DWORD and an object; the answer is the same."""

    def open(self, server):
        self.server = server
        self.SetTimeOut(TIMEOUT_MS)
        self.file = CSocketFile(self)
        self.load = CArchive(self.file, CArchive.load, allow=[CHostileNote])
        self.store = CArchive(self.file, CArchive.store)

    def OnReceive(self, nErrorCode):
        try:
            while True:
                number = self.load.ReadDWORD()
                note = self.load.ReadObject()
                self.store.WriteDWORD(number)
                self.store.WriteObject(note)
                for _ in range(number >> 24):  # a client may ask for much
                    self.store.Write(bytes(1 << 20))
                self.store.Flush()
                if self.load.IsBufferEmpty():
                    break
        except (CArchiveException, CFileException) as e:
            self.end(e)

    def OnClose(self, nErrorCode):
        self.end(None)

    def end(self, reason):
        self.server.ends.append(reason)
        self.load.Abort()
        self.store.Abort()
        self.file.Close()
        self.Close()
        self.server.sessions.discard(self)


class Server(Blocker):
    def __init__(self):
        super().__init__()
        self.sessions = set()
        self.ends = []

    def OnAccept(self, nErrorCode):
        session = Session()
        if self.Accept(session):
            self.sessions.add(session)
            session.open(self)


def header(number=1):
    return struct.pack("<I", number)


def new_class(name, schema=1):
    return b"\xff\xff" + struct.pack("<HH", schema, len(name)) + name


def whole(text="hello"):
    encoded = text.encode("utf-16-le")
    note = b"\xff\xfe\xff" + bytes([len(text)]) + encoded + struct.pack("<H", 0)
    return header() + new_class(b"CHostileNote") + note


# what the client sends, and what the server must find
HOSTILE = {
    "half a number": (b"\x01\x02", "endOfFile"),
    "half an object": (whole()[:-3], "endOfFile"),
    "4 GiB string": (header() + new_class(b"CHostileNote") + b"\xff\xff\xff\xf0\xff\xff\xff", "limit"),
    "4 GiB name": (header() + b"\xff\xff\x01\x00\xff\xff" + b"A" * 100, "badClass"),
    "4 Gi links": (whole()[:-2] + b"\xff\xff\xff\xff\xff\xff", "limit"),
    "unknown class": (header() + new_class(b"CNobodyKnowsThis") + b"\0" * 50, "badClass"),
    "class that is not allowed": (header() + new_class(b"CHostileOther") + b"\0" * 50, "badClass"),
    "index of nothing": (header() + b"\x39\x30", "badIndex"),
    "other schema": (header() + new_class(b"CHostileNote", 7) + b"\0" * 50, "badSchema"),
}


def kind_of(reason):
    if reason is None:
        return "closed"
    if isinstance(reason, CFileException):
        return "cancelled" if reason.m_lOsError == 10004 else "lost"
    return "limit" if type(reason).__name__ == "ArchiveLimitError" else reason.cause_name


class Client:
    """The well-behaved one, in a thread of its own, for as long as the others misbehave."""

    def __init__(self, port):
        self.port = port
        self.rounds = 0
        self.stop = False
        self.trouble = None
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        try:
            with CSocket() as sock:
                sock.Create()
                assert sock.Connect(LOOPBACK, self.port)
                file = CSocketFile(sock)
                store, load = CArchive(file, CArchive.store), CArchive(file, CArchive.load)
                while not self.stop:
                    note = CHostileNote(f"round {self.rounds}")
                    note.links = [note, None]
                    store.WriteDWORD(self.rounds & 0xFFFF)
                    store.WriteObject(note)
                    store.Flush()
                    assert load.ReadDWORD() == self.rounds & 0xFFFF
                    back = load.ReadObject(CHostileNote)
                    assert back.text == note.text
                    assert back.links == [back, None]
                    self.rounds += 1
                store.Abort()
                load.Abort()
        except BaseException as e:
            self.trouble = e

    def end(self):
        self.stop = True
        while self.thread.is_alive():
            Pump.current().dispatch(100)
        if self.trouble:
            raise self.trouble


def serve_until(predicate):
    assert Pump.current().run_until(predicate, PATIENCE)


@pytest.fixture
def server():
    ls = blocking_listener(Server)
    client = Client(port_of(ls))
    given = SimpleNamespace(ends=ls.ends, sessions=ls.sessions, GetSockName=ls.GetSockName)
    yield given
    try:
        rounds = client.rounds
        serve_until(lambda: client.rounds > rounds + 2 or client.trouble)  # unharmed
        client.end()
    finally:
        client.stop = True
        for session in list(ls.sessions):
            session.end(None)
        ls.ends.clear()  # exceptions, with the frames they passed through
        ls.Close()
        vars(given).clear()  # pytest keeps it until after the accounts are made up


@pytest.mark.parametrize("what", HOSTILE)
def test_one_hostile_client(server, what):
    sent, expected = HOSTILE[what]
    with socket.create_connection((LOOPBACK, port_of(server))) as peer:
        peer.sendall(sent)
        peer.shutdown(socket.SHUT_WR)
        serve_until(lambda: server.ends)
    assert [kind_of(e) for e in server.ends] == [expected]


def test_a_client_that_stops_in_the_middle(server):
    with socket.create_connection((LOOPBACK, port_of(server))) as peer:
        peer.sendall(whole()[:9])
        serve_until(lambda: server.ends)
        assert [kind_of(e) for e in server.ends] == ["cancelled"]
        assert peer.recv(10) == b""


def test_a_client_that_resets_in_the_middle(server):
    with socket.create_connection((LOOPBACK, port_of(server))) as peer:
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        peer.sendall(whole()[:9])
    serve_until(lambda: server.ends)
    assert kind_of(server.ends[0]) in ("lost", "endOfFile", "closed")


def test_a_client_that_never_reads(server):
    with socket.create_connection((LOOPBACK, port_of(server))) as peer:
        peer.sendall(header(255 << 24) + whole()[4:])
        serve_until(lambda: server.ends)
        assert [kind_of(e) for e in server.ends] == ["cancelled"]


def test_a_client_that_closes_during_our_store(server):
    peer = socket.create_connection((LOOPBACK, port_of(server)))
    peer.sendall(header(255 << 24) + whole()[4:])

    def read_and_leave():
        for _ in range(3):
            peer.recv(1000)
        peer.close()

    reader = threading.Thread(target=read_and_leave)
    reader.start()
    serve_until(lambda: server.ends)
    reader.join()
    assert [kind_of(e) for e in server.ends] == ["lost"]


def test_garbage(server):
    rnd = random.Random(4)
    for _ in range(100):
        with socket.create_connection((LOOPBACK, port_of(server))) as peer:
            peer.sendall(rnd.randbytes(rnd.randint(1, 300)))
            peer.shutdown(socket.SHUT_WR)
            before = len(server.ends)
            serve_until(lambda before=before: len(server.ends) > before)
    assert len(server.ends) == 100
    assert {kind_of(e) for e in server.ends} <= {"endOfFile", "badClass", "badIndex", "badSchema", "limit"}


@pytest.mark.subprocess_memory
def test_a_thousand_in_a_row_leave_nothing(server):
    kinds = list(HOSTILE.values())
    marks = []
    for i in range(1000):
        if i in (200, 999):
            marks.append((resident(), descriptors()))
        sent, expected = kinds[i % len(kinds)]
        with socket.create_connection((LOOPBACK, port_of(server))) as peer:
            if i % 2:
                peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            peer.sendall(sent)
            if not i % 2:
                peer.shutdown(socket.SHUT_WR)
                serve_until(lambda: server.ends)
        if i % 2:
            serve_until(lambda: server.ends)
        else:
            assert kind_of(server.ends[0]) == expected
        assert len(server.ends) == 1
        server.ends.clear()
    (early, fds_early), (late, fds_late) = marks
    assert late - early < 3 << 20
    assert abs(fds_late - fds_early) <= 1
    assert len(server.sessions) == 1  # the well-behaved one
