"""The chat with Microsoft's own classes at the other end: CMsg stored and loaded by the real CArchive over the real
CSocketFile, as CHATTER and CHATSRVR do it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from pysock import Pump
from pysock.chat import Client, CMsg, Server, Wire
from tests.interop.oracle import Oracle, oracle
from tests.interop.oracle.script import expand, objects_script, script_line
from tests.interop.peers import ScriptPeer

pytestmark = [pytest.mark.sockets, pytest.mark.timeout(120)]

MESSAGES = [
    CMsg("ann: hi"),
    CMsg("ann: bye", close=True),
    CMsg(lines=["ann: hi", "bob: yo"]),
    CMsg(lines=["over"], close=True),
    CMsg(),
    CMsg("x" * 300, lines=["y" * 70_000, ""]),
    CMsg("grüße", lines=["ä€"]),
]


def stored(message: CMsg, ident: str, ansi: bool = False) -> tuple[list[dict[str, Any]], list[list[Any]]]:
    """Objects and operations of a program that stores the message as CMsg::Serialize does."""
    text = message.m_strText
    return (
        [{"id": ident, "class": "CStringList", "elements": list(message.m_msgList)}],
        [
            ["WORD", int(message.m_bClose)],
            ["CStringA", {"hex": text.encode("cp1252").hex()}] if ansi else ["CStringW", {"text": text}],
            ["Serialize", ident],
        ],
    )


@pytest.mark.parametrize("ansi", [False, True], ids=["unicode", "ansi"])
def test_the_bytes_of_the_real_archive(real_dll: Oracle, ansi: bool) -> None:
    programs = {}
    for n, message in enumerate(MESSAGES):
        objects, ops = stored(message, "list", ansi)
        programs[f"message {n}"] = {"classes": [], "objects": objects, "ops": ops}
    seen = oracle(unicode=not ansi).run(programs.items())
    wire = Wire(ansi="cp1252" if ansi else None)
    for n, message in enumerate(MESSAGES):
        observed = seen[f"message {n}"]
        assert observed.done and not observed.lines
        assert wire.dump(message) == observed.data


class Chatter:
    """CHATTER's part, played by the real classes; or CHATSRVR's."""

    def __init__(self, peer: ScriptPeer) -> None:
        self.peer = peer
        self.count = 0
        peer.do("case chat")

    def connect(self, port: int) -> None:
        self.peer.start(f"connect {port}", "archives 4096")

    def store(self, message: CMsg) -> None:
        self.count += 1
        objects, ops = stored(message, f"list{self.count}")
        self.peer.write(*objects_script({"classes": [], "objects": objects}))
        self.peer.start("out", *map(script_line, expand(ops)), "flush")

    def load(self) -> None:
        """Ask for a message; `finish` gives what was loaded, when it has come."""
        self.peer.start("in", *map(script_line, ([">>WORD"], [">>CStringW"], ["SerializeNew", "CStringList"])))


@pytest.fixture
def chatter(real_peers: None) -> Iterator[Chatter]:
    peer = ScriptPeer()
    yield Chatter(peer)
    peer.close()
    print(peer.report())  # pytest shows it with a failure


def finish(chatter: Chatter) -> list[str]:
    """What the real end said; our sockets run meanwhile."""
    said: list[Any] = []

    def wait() -> None:
        try:
            said.append(chatter.peer.finish())
        except BaseException as e:
            said.append(e)

    thread = threading.Thread(target=wait)
    thread.start()
    while not Pump.current().run_until(lambda: bool(said), 0.01):
        pass
    thread.join()
    if isinstance(said[0], BaseException):
        raise said[0]
    return said[0]


class Bob(Client):
    def __init__(self) -> None:
        super().__init__("bob")
        self.lines: list[str] = []
        self.reason = ""

    def OnLine(self, line: str) -> None:
        self.lines.append(line)

    def OnGone(self, reason: str) -> None:
        self.reason = reason


def loaded(lines: list[str]) -> tuple[int, str, str]:
    """close flag, text, list as the driver prints them"""
    word, text, objects = (line.split(" ", 2)[2] for line in lines)
    return int(word.split()[-1]), text, objects


def test_the_real_classes_in_our_chat(chatter: Chatter) -> None:
    """A member of our server that is made of the real CSocket, CSocketFile and CArchive: joins, talks, leaves."""
    server, bob = Server(), Bob()
    host, port = server.listen(0, "127.0.0.1")
    try:
        chatter.connect(port)
        assert finish(chatter) == ["val connect 1 error 0"]
        chatter.store(CMsg("real: has joined"))
        finish(chatter)
        chatter.load()
        print(finish(chatter))
        bob.join(host, port)
        chatter.load()
        print(finish(chatter))
        assert bob.lines == ["real: has joined", "bob: has joined"]
        for n in range(20):
            line = f"word {n} für alle €"
            bob.say(line)
            chatter.load()
            print(finish(chatter))
            chatter.store(CMsg(f"real: {line}"))
            finish(chatter)
            chatter.load()
            print(finish(chatter))
            assert bob.lines[-2:] == [f"bob: {line}", f"real: {line}"]
        chatter.store(CMsg("real: has left", close=True))
        finish(chatter)
        assert Pump.current().run_until(lambda: bob.lines[-1] == "real: has left", 10)
        assert Pump.current().run_until(lambda: bob.lines[-1] == "real: has left", 10)
    finally:
        bob.end("")
        server.close_all()
