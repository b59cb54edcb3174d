"""Objects as messages: archives over CSocketFile, a server and two clients, and one client that dies."""

from __future__ import annotations

import socket
from collections.abc import Callable

from pysock import CArchive, CArchiveException, CFileException, CObject, CSocket, CSocketFile
from pysock.constants import MSG_PEEK

from .stage import Stage


class CNote(CObject, schema=1):
    """A message that may refer to another one."""

    def __init__(self, text: str, about: CNote | None = None) -> None:
        self.text = text
        self.about = about

    def Serialize(self, ar: CArchive) -> None:
        if ar.IsStoring():
            ar << self.text << self.about
        else:
            self.text = ar.ReadCString()
            self.about = ar.ReadObject(CNote)


class End(CSocket):
    """One end of a connection: a socket, its file, an archive each way, for as long as it lasts."""

    def __init__(self, stage: Stage, name: str) -> None:
        super().__init__()
        self.stage, self.name = stage, name
        self.notes: list[CNote] = []  # that came
        self.arrived: list[bytes] = []  # what they were on the wire
        self.error: Exception | None = None
        stage.sockets.append(self)

    def open(self) -> None:
        self.file = CSocketFile(self)
        self.into = CArchive(self.file, CArchive.load, allow={CNote})
        self.out = CArchive(self.file, CArchive.store)

    def tell(self, note: CNote) -> None:
        self.stage.say(self.name, "out << note; out.Flush()", repr(note.text))
        self.out << note
        self.out.Flush()

    def OnReceive(self, nErrorCode: int) -> None:
        self.arrived.append(self.ReceiveBytes(4096, MSG_PEEK) or b"")
        try:
            while True:
                note = self.into.read(CNote)
                assert note is not None  # a null pointer, which nobody sends here
                self.notes.append(note)
                self.heard(note)
                if self.into.IsBufferEmpty():
                    break
        except (CArchiveException, CFileException) as error:
            self.error = error
            self.stage.say(self.name, type(error).__name__, str(error))
            self.into.Abort()
            self.out.Abort()
            self.Close()

    def heard(self, note: CNote) -> None:
        self.stage.say(self.name, "OnReceive(0)", f"{note.text!r} has come")


class Partner(End):
    """The server's end: answers each note with one that points to it."""

    def heard(self, note: CNote) -> None:
        super().heard(note)
        self.tell(CNote(f"thanks for {note.text!r}", note))


class Host(CSocket):
    """The server."""

    def __init__(self, stage: Stage) -> None:
        super().__init__()
        self.stage = stage
        self.partners: list[Partner] = []
        stage.sockets.append(self)

    def OnAccept(self, nErrorCode: int) -> None:
        partner = Partner(self.stage, f"server/{len(self.partners) + 1}")
        if self.Accept(partner):
            partner.open()
            self.partners.append(partner)


def exchange(stage: Stage) -> None:
    """Objects go over a connection: CSocket, CSocketFile and an archive each way."""
    stage.code(
        "file = CSocketFile(sock); into = CArchive(file, CArchive.load); out = CArchive(file, CArchive.store)"
    )
    host = Host(stage)
    stage.expect(host.Create(0, lpszSocketAddress="127.0.0.1") and host.Listen(), "a CSocket listens, too")
    stage.server = host
    name = host.GetSockName()
    assert name is not None
    stage.address = name
    stage.clients = []
    for number in (1, 2):
        client = End(stage, f"client {number}")
        stage.expect(client.Create() and client.Connect(*stage.address), "Connect() of a CSocket waits")
        client.open()
        stage.clients.append(client)
    stage.until(lambda: len(host.partners) == 2, "the server accepts both")

    client, partner = stage.clients[0], host.partners[0]
    question = CNote("a question")
    client.tell(question)
    stage.until(lambda: client.notes, "the answer comes")
    stage.expect(client.notes[0].about.text == "a question", "the answer points to the question")
    stage.say(client.name, "", "the answer's `about` is the question: objects came, not text")

    client.tell(CNote("one more", question))
    stage.until(lambda: len(client.notes) == 2, "the second answer comes")
    stage.expect(partner.notes[1].about is partner.notes[0], "it is the same object at the server's end")
    stage.say(partner.name, "", "its `about` is the object that came before, the very same")
    stage.say("wire", "the second message", "names no class, and the question is a number: the archives last")
    stage.bytes(
        partner.arrived[1],
        [
            (b"\x01\x80", "a new object of class 1, which the first message named"),
            (b"\xff\xfe\xff\x08" + "one more".encode("utf-16-le"), "'one more'"),
            (b"\x02\x00", "object 2: the question"),
        ],
    )


def dying_peer(stage: Stage) -> None:
    """A peer dies in the middle of a message, another lies: the server and the others go on."""
    other = stage.clients[1]
    whole = stage.server.partners[0].arrived[0]
    lie = whole[:11] + b"\xff\xfe\xff\xff\xff\xff\xf0\xff\xff\xff"
    meet(stage, whole[:20], f"20 of {len(whole)} bytes, then it is gone")
    meet(stage, lie, "a string of 4 GiB, it says")
    other.tell(CNote("still here"))
    stage.until(lambda: other.notes, "the others go on")
    stage.say(other.name, "", "was not disturbed")


def meet(stage: Stage, data: bytes, what: str) -> None:
    """A stranger connects, sends that and closes."""
    partners: list[Partner] = stage.server.partners
    before = len(partners)
    with socket.create_connection(stage.address) as stranger:
        stage.until(lambda: len(partners) > before, "a stranger is accepted, too")
        stage.say("stranger", "sends", what)
        stranger.sendall(data)
    partner = partners[-1]
    stage.until(lambda: partner.error, "the server learns of it by an exception")
    stage.expect(isinstance(partner.error, CArchiveException), "which is CArchiveException")
    stage.expect(partner.m_hSocket == -1 and partner.into.closed, "all of that connection is closed")


PARTS: list[Callable[[Stage], None]] = [exchange, dying_peer]
