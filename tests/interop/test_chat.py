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
        programs[f"message{n}"] = {"classes": [], "objects": objects, "ops": ops}
    seen = oracle(unicode=not ansi).run(programs.items())
    wire = Wire(ansi="cp1252" if ansi else None)
    for n, message in enumerate(MESSAGES):
        observed = seen[f"message{n}"]
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

    def load(self, lines: int | None = None) -> None:
        """Ask for a message; `finish` tells what was loaded, when it has come.  Its list by one call, or as a
        count and `lines` strings, which are told."""
        back: list[list[Any]] = [[">>WORD"], [">>CStringW"]]
        back += (
            [["SerializeNew", "CStringList"]] if lines is None else [["ReadCount"], *[[">>CStringW"]] * lines]
        )
        self.peer.start("in", *map(script_line, back))


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


def told(said: list[str]) -> list[str]:
    """What the real archive loaded: the close flag, the text, the number of lines or the whole list, the lines."""
    values = []
    for line in said:
        words = line.split()
        assert words[0] == "val", line
        is_text = words[2] == "cstringW"
        values.append(bytes.fromhex(words[4].strip("-")).decode("utf-16-le") if is_text else words[-1])
    return values


def see(bob: Bob, line: str) -> None:
    assert Pump.current().run_until(lambda: bob.lines[-1:] == [line], 30), (line, bob.lines)


def test_the_real_classes_in_our_chat(chatter: Chatter) -> None:
    """CHATTER's classes, real, are a member of our server: they join, talk, listen and leave."""
    server, bob = Server(), Bob()
    host, port = server.listen(0, "127.0.0.1")
    try:
        chatter.connect(port)
        assert finish(chatter) == ["val connect 1 error 0"]
        chatter.store(CMsg("real: has joined"))
        finish(chatter)
        chatter.load(lines=1)
        assert told(finish(chatter)) == ["0x0", "", "1", "real: has joined"]
        bob.join(host, port)
        chatter.load(lines=1)
        assert told(finish(chatter)) == ["0x0", "", "1", "bob: has joined"]
        see(bob, "bob: has joined")
        assert bob.lines == ["real: has joined", "bob: has joined"]
        for n in range(20):
            line = f"word {n} für alle €"
            bob.say(line)
            chatter.load(lines=1)
            assert told(finish(chatter))[2:] == ["1", f"bob: {line}"]
            chatter.store(CMsg(f"real: {line}"))
            finish(chatter)
            chatter.load()
            assert told(finish(chatter))[2:] == ["<CStringList>"]
            see(bob, f"real: {line}")
        chatter.store(CMsg("real: has left", close=True))
        finish(chatter)
        see(bob, "real: has left")
        assert Pump.current().run_until(lambda: len(server.members) == 1, 30)
    finally:
        bob.end("")
        server.close_all()


def test_our_client_in_a_real_chat(chatter: Chatter) -> None:
    """CHATSRVR's classes, real, serve our client."""
    port = chatter.peer.listen()
    bob = Bob()
    try:
        chatter.peer.start("accept", "archives 4096")
        bob.join("127.0.0.1", port)
        assert finish(chatter) == ["val accept 1 error 0"]
        chatter.load()
        assert told(finish(chatter)) == ["0x0", "bob: has joined", "<CStringList>"]
        chatter.store(CMsg(lines=["ann: has joined", "bob: has joined", "", "ann: grüße €"]))
        finish(chatter)
        see(bob, "ann: grüße €")
        assert bob.lines == ["ann: has joined", "bob: has joined", "", "ann: grüße €"]
        for n in range(20):
            bob.say(f"word {n}")
            chatter.load()
            assert told(finish(chatter))[1] == f"bob: word {n}"
            chatter.store(CMsg(lines=[f"bob: word {n}"]))
            finish(chatter)
            see(bob, f"bob: word {n}")
        chatter.store(CMsg(lines=["over"], close=True))
        chatter.peer.start("shutdown")
        finish(chatter)
        finish(chatter)
        assert Pump.current().run_until(lambda: bob.gone, 30)
        assert bob.lines[-1] == "over" and bob.reason == "the server closed the discussion"
    finally:
        bob.end("")
