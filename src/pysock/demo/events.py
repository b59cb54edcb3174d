"""Sockets that call back: a server with several clients, a slow one, an orderly close, a reset."""

from __future__ import annotations

import socket
import zlib
from collections.abc import Callable, Iterator

import pysock
from pysock import CAsyncSocket

from .stage import NotAsShown, Stage, size

_CHUNK = 64 * 1024
_DOWNLOAD = 16 * 1024 * 1024


class Actor(CAsyncSocket):
    """A socket that says which notifications it gets."""

    def __init__(self, stage: Stage, name: str) -> None:
        super().__init__()
        self.stage, self.name = stage, name
        self.sends = 0  # how many OnSend
        self.closed: int | None = None  # what OnClose said
        self.received = 0
        self.checksum = 0  # of what was received
        stage.sockets.append(self)

    def say(self, what: str, meaning: str) -> None:
        self.stage.say(self.name, what, meaning)

    def take(self) -> bytes:
        """One Receive, counted; empty when there was nothing or the peer has closed."""
        data = self.ReceiveBytes(_CHUNK) or b""
        self.received += len(data)
        self.checksum = zlib.crc32(data, self.checksum)
        return data

    def OnClose(self, nErrorCode: int) -> None:
        self.closed = nErrorCode
        torn = nErrorCode == pysock.WSAECONNRESET
        self.say(
            f"OnClose({nErrorCode})",
            "WSAECONNRESET: the peer tore the connection down"
            if torn
            else "the peer has closed; all it sent was read",
        )
        self.Close()


class Server(Actor):
    """Accepts whoever comes."""

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage, "server")
        self.peers: list[Peer] = []

    def OnAccept(self, nErrorCode: int) -> None:
        peer = Peer(self.stage, f"server/{len(self.peers) + 1}")
        if self.Accept(peer):
            self.peers.append(peer)
            self.say(
                f"OnAccept({nErrorCode})", f"a client is waiting; Accept() makes {peer.name} its partner"
            )


class Peer(Actor):
    """The server's end of one connection: an echo, or a download for the client that asks for it."""

    def __init__(self, stage: Stage, name: str) -> None:
        super().__init__(stage, name)
        self.download: Iterator[bytes] = iter(())
        self.held = memoryview(b"")  # what waits for room: a part of one chunk
        self.most_held = 0
        self.would_block = 0
        self.sent = 0
        self.sent_checksum = 0

    def OnReceive(self, nErrorCode: int) -> None:
        data = self.take()
        if data == b"download":
            self.download = (bytes([n % 251]) * _CHUNK for n in range(_DOWNLOAD // _CHUNK))
            self.fill()
        elif data:
            self.say(f"OnReceive({nErrorCode})", f"{data!r} has come; Send() gives it back")
            self.Send(data)

    def OnSend(self, nErrorCode: int) -> None:
        self.sends += 1
        self.fill()

    def fill(self) -> None:
        """Send until the system takes no more; OnSend tells when to go on.  One chunk is held meanwhile."""
        while True:
            if not self.held:
                chunk = next(self.download, b"")
                if not chunk:
                    return
                self.held = memoryview(chunk)
                self.sent_checksum = zlib.crc32(chunk, self.sent_checksum)
            taken = self.Send(self.held)
            if taken == pysock.SOCKET_ERROR:
                full = self.GetLastError() == pysock.WSAEWOULDBLOCK
                self.stage.expect(full, "Send() to a slow reader fails for lack of room only")
                self.would_block += 1
                self.most_held = max(self.most_held, len(self.held))
                return
            self.sent += taken
            self.held = self.held[taken:]


class Client(Actor):
    """A client that collects what comes."""

    def __init__(self, stage: Stage, name: str) -> None:
        super().__init__(stage, name)
        self.connected: int | None = None  # what OnConnect said
        self.text = b""

    def OnConnect(self, nErrorCode: int) -> None:
        self.connected = nErrorCode
        refused = nErrorCode == pysock.WSAECONNREFUSED
        self.say(
            f"OnConnect({nErrorCode})", "WSAECONNREFUSED: nobody listens there" if refused else "connected"
        )

    def OnSend(self, nErrorCode: int) -> None:
        self.sends += 1
        self.say(f"OnSend({nErrorCode})", "may send; told once, and again only after WSAEWOULDBLOCK")

    def OnReceive(self, nErrorCode: int) -> None:
        data = self.take()
        if data:
            self.text += data
            self.say(f"OnReceive({nErrorCode})", f"{data!r} has come")


class SlowClient(Client):
    """A client that leaves its download where it is, until told to read it."""

    def __init__(self, stage: Stage, name: str) -> None:
        super().__init__(stage, name)
        self.reading = False
        self.notified = 0

    def OnReceive(self, nErrorCode: int) -> None:
        self.notified += 1
        if self.received >= _DOWNLOAD:
            super().OnReceive(nErrorCode)
        elif self.reading:
            self.take()
        else:
            self.say(f"OnReceive({nErrorCode})", "data has come; this client does not read it yet")


def connect(stage: Stage) -> None:
    """A server listens, clients connect."""
    server = stage.server = Server(stage)
    stage.expect(server.Create(0, lpszSocketAddress="127.0.0.1"), "Create() makes a socket and binds it")
    stage.expect(server.Listen(), "Listen() lets clients connect")
    name = server.GetSockName()
    if name is None:
        raise NotAsShown("GetSockName() tells the port that the system chose")
    stage.address = name
    server.say("Create(), Listen()", f"waiting at {name[0]}:{name[1]}")

    for number in (1, 2):
        client = Client(stage, f"client {number}")
        stage.clients.append(client)
        client.Create()
        client.Connect(*stage.address)
        client.say("Create(), Connect()", "under way, and nothing stands still: OnConnect will tell")
    stage.until(
        lambda: len(server.peers) == 2 and all(client.sends for client in stage.clients),
        "every client gets OnConnect and OnSend, and the server an OnAccept for each",
    )
    stage.expect(all(client.connected == 0 for client in stage.clients), "OnConnect(0) means connected")

    stray = Client(stage, "stray")
    with socket.create_server(("127.0.0.1", 0)) as gone:
        nowhere = gone.getsockname()[1]
    stray.Create()
    stray.Connect("127.0.0.1", nowhere)
    stage.until(lambda: stray.connected is not None, "OnConnect tells of a failure, too")
    stage.expect(stray.connected == pysock.WSAECONNREFUSED, "where nobody listens it is WSAECONNREFUSED")


def both_ways(stage: Stage) -> None:
    """Data goes both ways."""
    for client in stage.clients:
        echo(stage, client, f"hello from {client.name}".encode())


def echo(stage: Stage, client: Client, text: bytes) -> None:
    client.text = b""
    client.say("Send()", repr(text))
    stage.expect(client.Send(text) == len(text), "Send() takes a few bytes at once")
    stage.until(lambda: client.text == text, "the echo comes back to its sender")


def slow_reader(stage: Stage) -> None:
    """A slow reader: the server neither waits for it nor piles up what it cannot send."""
    client = SlowClient(stage, "client 3")
    stage.clients.append(client)
    client.Socket()
    client.SetSockOpt(pysock.SO_RCVBUF, _CHUNK)  # so that the system does not buffer everything for it
    client.Connect(*stage.address)
    stage.until(lambda: client.sends and len(stage.server.peers) == 3, "a third client connects")
    peer = stage.server.peers[2]
    stage.settle()
    peer.sends = 0

    client.say("Send()", f"b'download', which is {size(_DOWNLOAD)}")
    client.Send(b"download")
    stage.until(lambda: peer.would_block and client.notified, "Send() fails when nobody reads")
    stuck = peer.sent
    peer.say("Send()", f"takes {size(stuck)}, then fails with WSAEWOULDBLOCK: no room")
    stage.settle()
    stage.expect(peer.sent == stuck and peer.sends == 0, "no OnSend comes while there is no room")
    stage.expect(client.notified == 1, "OnReceive is not repeated before Receive() is called")
    peer.say("", f"holds a chunk of {size(len(peer.held))}, and waits for OnSend")

    client.say("Receive()", "now it reads: each Receive() makes the next OnReceive come")
    client.reading = True
    client.take()
    stage.until(lambda: client.received == _DOWNLOAD, "the whole download arrives once it is read")
    peer.say("OnSend(0)", f"room again; {peer.sends} times, after {peer.would_block} WSAEWOULDBLOCK")
    client.say(f"OnReceive(0) x {client.notified}", f"has all {size(client.received)}, unchanged")
    peer.say("", f"never held more than {size(peer.most_held)}, however slow the reader")
    stage.expect(peer.sends == peer.would_block, "one OnSend comes for each WSAEWOULDBLOCK")
    stage.expect(peer.sent == client.received, "nothing is lost or doubled")
    stage.expect(peer.sent_checksum == client.checksum, "nothing is changed on the way")
    stage.expect(0 < peer.most_held <= _CHUNK, "the server holds one chunk at most")


def orderly_close(stage: Stage) -> None:
    """An orderly close: everything sent before it arrives."""
    client, peer = stage.clients[0], stage.server.peers[0]
    client.text = b""
    client.say("Send(), ShutDown(sends)", "b'last words', and nothing more; it still listens")
    client.Send(b"last words")
    client.ShutDown()
    stage.until(lambda: peer.closed is not None, "ShutDown(sends) gives the peer an OnClose")
    stage.expect(peer.closed == 0, "the error of an orderly close is 0")
    stage.until(lambda: client.closed is not None, "the server's Close() gives the client an OnClose")
    stage.expect(client.text == b"last words", "what was sent before the close arrives before it")


def reset(stage: Stage) -> None:
    """A reset: a client tears the connection down, and the others do not notice."""
    client, peer = stage.clients[1], stage.server.peers[1]
    client.say("SO_LINGER 0, Close()", "without a good-bye")
    client.SetSockOpt(pysock.SO_LINGER, (1, 0))
    client.Close()
    stage.until(lambda: peer.closed is not None, "a reset gives the peer an OnClose")
    stage.expect(peer.closed == pysock.WSAECONNRESET, "the error of a reset is WSAECONNRESET")

    echo(stage, stage.clients[2], b"still here")


PARTS: list[Callable[[Stage], None]] = [connect, both_ways, slow_reader, orderly_close, reset]
