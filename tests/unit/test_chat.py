"""The chat: its bytes, its server against raw sockets that know only bytes, its client."""

from __future__ import annotations

import logging
import random
import re
import socket
import struct
from collections.abc import Iterator
from typing import Any

import pytest
from chat_support import Raw, packet, serving, small, text, until
from sock_support import LOOPBACK

from pysock import ArchiveLimitError, CArchiveException, Pump
from pysock.chat import Client, CMsg, Discussion, Server, Wire
from pysock.chat.text import check_name, name_in, shown

pytestmark = pytest.mark.sockets

# What the real DLL stores for a message, Unicode and ANSI build (tests/interop/test_chat.py asks it again).
RECORDED = {
    "said": (CMsg("ann: hi"), "0000 fffeff0761006e006e003a00200068006900 0000", "0000 07616e6e3a206869 0000"),
    "leaving": (
        CMsg("ann: bye", close=True),
        "0100 fffeff0861006e006e003a00200062007900 6500 0000",
        "0100 08616e6e3a20627965 0000",
    ),
    "told": (
        CMsg(lines=["ann: hi", "bob: yo"]),
        "0000 fffeff00 0200 fffeff0761006e006e003a00200068006900 fffeff0762006f0062003a002000 79006f00",
        "0000 00 0200 07616e6e3a206869 07626f623a20796f",
    ),
    "farewell": (
        CMsg(lines=["over"], close=True),
        "0100 fffeff00 0100 fffeff046f00760065007200",
        "0100 00 0100 046f766572",
    ),
    "nothing": (CMsg(), "0000 fffeff00 0000", "0000 00 0000"),
    "long": (
        CMsg("x" * 300),
        "0000 fffeffff2c01" + "7800" * 300 + "0000",
        "0000 ff2c01" + "78" * 300 + "0000",
    ),
    "umlauts": (
        CMsg("grüße", lines=["ä€"]),
        "0000 fffeff056700720 0fc00df006500 0100 fffeff02e400ac20",
        "0000 056772fcdf65 0100 02e480",
    ),
}
both_builds = pytest.mark.parametrize(
    ("message", "data", "wire"),
    [
        pytest.param(message, bytes.fromhex(recorded.replace(" ", "")), wire, id=f"{name}-{build}")
        for name, (message, *recordings) in RECORDED.items()
        for build, recorded, wire in zip(
            ("unicode", "ansi"), recordings, (Wire(), Wire(ansi="cp1252")), strict=True
        )
    ],
)


def same(one: CMsg, other: CMsg) -> bool:
    return repr(one) == repr(other)


@both_builds
def test_a_message_has_the_bytes_that_mfc_stores(message: CMsg, data: bytes, wire: Wire) -> None:
    assert wire.dump(message).hex() == data.hex()


@both_builds
def test_every_end_reads_either_build(message: CMsg, data: bytes, wire: Wire) -> None:
    for reader in (Wire(), Wire(ansi="cp1252")):
        buffer = bytearray(data)
        (loaded,) = reader.load(buffer)
        assert same(loaded, message) and not buffer


def test_messages_come_whole_at_every_split() -> None:
    data = b"".join(bytes.fromhex(recorded.replace(" ", "")) for _, recorded, _ in RECORDED.values())
    messages = [message for message, *_ in RECORDED.values()]
    for split in range(len(data) + 1):
        buffer = bytearray(data[:split])
        loaded = Wire().load(buffer)
        buffer += data[split:]
        loaded += Wire().load(buffer)
        assert len(loaded) == len(messages) and all(map(same, loaded, messages)), split
        assert not buffer


def test_messages_come_whole_byte_by_byte() -> None:
    data, _ = packet("ann: hi") + packet(lines=("a", "b")), None
    buffer, loaded = bytearray(), []
    for n in range(len(data)):
        buffer += data[n : n + 1]
        loaded += Wire().load(buffer)
    assert [m.m_strText for m in loaded] == ["ann: hi", ""]
    assert list(loaded[1].m_msgList) == ["a", "b"]


@pytest.mark.parametrize(
    "data",
    [
        b"\0\0\xff\xfe\xff\xff\xff\xff\xf0\xff\xff\xff",
        b"\0\0\xff\xff\xff\xff\xff\xff\x7f",
        b"\0\0\0\xff\xff\xff\xff\xff\xff",
        b"\0\0\0\xff\x7f",
    ],
    ids=["4-GiB-text", "2-GiB-ansi-text", "4-Gi-lines", "many-lines"],
)
def test_a_number_alone_is_refused(data: bytes) -> None:
    with pytest.raises(ArchiveLimitError):
        Wire(max_lines=1000).load(bytearray(data))


def test_an_endless_message_is_refused() -> None:
    lines = b"\0\0\0" + struct.pack("<H", 1000) + text("x" * 200) * 500
    with pytest.raises(ArchiveLimitError, match="max_message"):
        Wire(max_message=100_000).load(bytearray(lines))


def test_any_bytes_are_messages_or_an_archive_exception() -> None:
    rnd = random.Random(8)
    seeds = [bytes.fromhex(recorded.replace(" ", "")) for _, *both in RECORDED.values() for recorded in both]
    refused = 0
    for _ in range(3000):
        data = bytearray(rnd.choice(seeds) + rnd.choice(seeds))
        for _ in range(rnd.randrange(1, 6)):
            data[rnd.randrange(len(data))] = rnd.choice((0, 1, 0xFE, 0xFF, rnd.randrange(256)))
        size = len(data)
        try:
            messages = Wire(max_lines=100).load(data)
        except CArchiveException:
            refused += 1
        else:
            assert len(data) <= size
            for message in messages:
                Wire().dump(message)
    assert 0 < refused < 3000


class TestDiscussion:
    def test_lines_are_numbered_from_0(self) -> None:
        discussion = Discussion()
        for n in range(5):
            discussion.add(f"line {n}")
        assert (discussion.start, discussion.end) == (0, 5)
        assert discussion.lines(3, 1000) == ["line 3", "line 4"]
        assert discussion.lines(5, 1000) == []

    @pytest.mark.parametrize("limits", [{"max_lines": 3}, {"max_characters": 18}])
    def test_the_oldest_are_forgotten(self, limits: dict[str, int]) -> None:
        discussion = Discussion(**limits)
        for n in range(10):
            discussion.add(f"line {n}")
        assert (discussion.start, discussion.end) == (7, 10)
        assert discussion.lines(7, 1000) == ["line 7", "line 8", "line 9"]
        with pytest.raises(IndexError, match="line 6 is forgotten; the oldest is 7"):
            discussion.lines(6, 1000)

    def test_a_batch_has_one_line_at_least(self) -> None:
        discussion = Discussion()
        for line in ("aaaa", "bbbb", "cccc"):
            discussion.add(line)
        assert discussion.lines(0, 1) == ["aaaa"]
        assert discussion.lines(0, 8) == ["aaaa", "bbbb"]
        assert discussion.lines(0, 11) == ["aaaa", "bbbb"]


class TestNames:
    @pytest.mark.parametrize("name", ["ann", " ann ", "李 雷", "O'Neil", "x" * 40])
    def test_good(self, name: str) -> None:
        assert check_name(name) == name.strip()

    @pytest.mark.parametrize(
        ("name", "why"),
        [
            ("", "empty"),
            ("  ", "empty"),
            ("x" * 41, "at most 40 characters, not 41"),
            ("a:b", "colon"),
            ("a\x1bb", "control"),
        ],
    )
    def test_bad(self, name: str, why: str) -> None:
        with pytest.raises(ValueError, match=why):
            Client(name)

    def test_the_name_in_a_text(self) -> None:
        assert name_in("ann: hi: there") == "ann"
        assert name_in("\x1b[2Jann") == "\ufffd[2Jann"
        assert len(name_in("x" * 1000)) == 40

    def test_what_is_shown_can_do_no_harm(self) -> None:
        assert shown("ann: \x1b[31mred\x07") == "ann: \ufffd[31mred\ufffd"
        assert shown("ann: one\r\nbob: two\u2028three") == "ann: one\n    bob: two\n    three"
        assert shown("日本\u3000語\tx") == "日本\u3000語 x"


@pytest.fixture
def room(caplog: pytest.LogCaptureFixture) -> Iterator[list[Any]]:
    caplog.set_level(logging.INFO, "pysock.chat")
    with serving(discussion=small(50), patience=0.2) as (server, client):
        given = [server, client]
        del server, client
        yield given
        given.clear()  # pytest keeps it until after the accounts are made up


Room = list[Any]  # a server, and a function that makes raw clients


def both(room: Room) -> tuple[Raw, Raw]:
    """Two clients that have joined."""
    _, client = room
    ann, bob = client(), client()
    ann.send(packet("ann: has joined"))
    for raw in (ann, bob):
        raw.expect(packet(lines=("ann: has joined",)))
    bob.send(packet("bob: has joined"))
    for raw in (ann, bob):
        raw.expect(packet(lines=("bob: has joined",)))
    return ann, bob


def talk(one: Raw, other: Raw, what: str) -> None:
    """They can still talk."""
    for sender, line in ((one, f"{what} there"), (other, f"{what} back")):
        sender.send(packet(line))
        one.expect(packet(lines=(line,)))
        other.expect(packet(lines=(line,)))


def test_join_talk_leave(room: Room, caplog: pytest.LogCaptureFixture) -> None:
    """The whole conversation as bytes, as recorded of the layout."""
    server, _ = room
    ann, bob = both(room)
    talk(ann, bob, "ann: hello")
    bob.send(packet("bob: has left", close=1))
    ann.expect(packet(lines=("bob: has left",)))
    assert bob.expect_end() == packet(lines=("bob: has left",))
    bob.sock.close()
    until(lambda: len(server.members) == 1)
    assert "bob (127.0.0.1:" in caplog.text and "is gone: left" in caplog.text
    ann.send(packet("ann: alone"))
    ann.expect(packet(lines=("ann: alone",)))


def test_a_newcomer_is_told_the_history() -> None:
    with serving(history=3) as (_, client):
        ann = client()
        for n in range(5):
            ann.send(packet(f"ann: {n}"))
            ann.expect(packet(lines=(f"ann: {n}",)))
        client().expect(packet(lines=("ann: 2", "ann: 3", "ann: 4")))


def test_several_messages_in_one_piece_are_told_in_one(room: Room) -> None:
    ann, bob = both(room)
    ann.send(packet("ann: 1") + packet("ann: 2") + packet("ann: 3"))
    for raw in (ann, bob):
        raw.expect(packet(lines=("ann: 1", "ann: 2", "ann: 3")))


def test_a_burst_of_one_makes_nobody_miss_a_line(room: Room) -> None:
    """2000 lines in a piece, 50 are kept."""
    ann, bob = both(room)
    ann.send(b"".join(packet(f"ann: {n}") for n in range(2000)))
    for raw in (ann, bob):
        lines: list[str] = []
        while len(lines) < 2000:
            until(raw.look)
            lines += [line for message in Wire().load(raw.got) for line in message.m_msgList]
        assert lines == [f"ann: {n}" for n in range(2000)]


def test_a_message_in_pieces(room: Room) -> None:
    ann, bob = both(room)
    data = packet("ann: in pieces")
    for n in range(len(data)):
        ann.send(data[n : n + 1])
        Pump.current().dispatch()
    bob.expect(packet(lines=("ann: in pieces",)))


def test_ansi_peers_and_unicode_peers_understand_each_other(room: Room) -> None:
    ann, bob = both(room)
    ann.send(b"\0\0\x09ann: gr\xfc\xdf\0\0")
    for raw in (ann, bob):
        raw.expect(packet(lines=("ann: grüß",)))


def test_text_that_is_no_text_harms_nobody(room: Room) -> None:
    """Half a surrogate pair, NUL, escapes: everybody gets something, and the server goes on."""
    ann, bob = both(room)
    odd = "a\0\x1b[2J\ufeff".encode("utf-16-le") + b"\x00\xd8" + "!".encode("utf-16-le")
    ann.send(b"\0\0\xff\xfe\xff" + bytes([len(odd) // 2]) + odd + b"\0\0")
    until(lambda: "!".encode("utf-16-le") in bob.look())
    until(lambda: "!".encode("utf-16-le") in ann.look())
    (message,) = Wire().load(bob.got)
    ann.got.clear()
    assert shown(message.m_msgList[0]).encode().startswith("a\ufffd\ufffd[2J".encode())
    talk(ann, bob, "ann: odd")


def test_a_line_of_the_servers_own_may_be_too_long(room: Room) -> None:
    server, _ = room
    ann, bob = both(room)
    with pytest.raises(ValueError, match="at most 16384 characters, not 16385"):
        server.say("x" * 16385)
    server.say("x" * 16384)
    for raw in (ann, bob):
        until(lambda raw=raw: raw.look().count(b"x\0") == 16384)
        raw.got.clear()
    talk(ann, bob, "ann: long")


def test_a_server_for_ansi_peers() -> None:
    with serving(wire=Wire(ansi="cp936")) as (_, client):
        ann = client()
        ann.send(b"\0\0\x09ann: \xc4\xe3\xba\xc3\0\0")
        ann.expect(b"\0\0\0\x01\0\x09ann: \xc4\xe3\xba\xc3")


def test_one_that_says_nothing_is_no_bother(room: Room) -> None:
    server, client = room
    silent = client()
    ann, bob = both(room)
    talk(ann, bob, "ann: anybody")
    assert len(server.members) == 3
    silent.expect(packet(lines=("ann: has joined",)))


DYING: dict[str, tuple[bytes, str]] = {  # what it sends, and what the log says
    "garbage": (b"\xde\xad\xff\xff\x77\xbe\xef", "sent what is no message: .*max_string"),
    "4 GiB of text": (b"\0\0\xff\xfe\xff\xff\xff\xff\xf0\xff\xff\xff", "max_string = 16384 exceeded"),
    "many lines": (b"\0\0\0\xff\x7f", "max_count = 16 exceeded"),
    "http": (b"GET / HTTP/1.1\r\nHost: example.com\r\n\r\n" + b"x" * 70_000, "sent what is no message"),
    "half a message, then silence": (packet("eve: half")[:9], "stopped in the middle of a message"),
}


@pytest.mark.parametrize("what", DYING)
def test_bad_clients_are_disconnected(room: Room, what: str, caplog: pytest.LogCaptureFixture) -> None:
    server, client = room
    ann, bob = both(room)
    eve = client()
    server._look_around()  # as its timer does once a second
    sent, why = DYING[what]
    eve.send(sent)
    while len(server.members) == 3 and not eve.ended:
        Pump.current().run_until(
            lambda: len(server.members) == 2 or (eve.look() and False) or eve.ended, 0.05
        )
        server._look_around()
    assert eve.expect_end().endswith(packet(close=1)), "a farewell"
    eve.sock.close()
    until(lambda: len(server.members) == 2)
    assert re.search(why, caplog.text), caplog.text
    talk(ann, bob, "ann: what was that?")


@pytest.mark.parametrize("how", ["reset", "close", "close after half a message"])
def test_clients_that_die(room: Room, how: str, caplog: pytest.LogCaptureFixture) -> None:
    server, client = room
    ann, bob = both(room)
    eve = client()
    eve.send(packet("eve: has joined"))
    ann.expect(packet(lines=("eve: has joined",)))
    bob.expect(packet(lines=("eve: has joined",)))
    if how == "reset":
        eve.reset()
    else:
        if "half" in how:
            eve.send(packet("eve: half")[:9])
        eve.sock.close()
    until(lambda: len(server.members) == 2)
    why = {"reset": "the connection broke", "close": "closed without a word"}.get(
        how, "closed in the middle of a message"
    )
    for raw in (ann, bob):
        until(lambda raw=raw: raw.look())
    lines = [line for m in Wire().load(bytearray(ann.look())) for line in m.m_msgList]
    assert lines in ([f"server: eve is gone: {why}"], ["server: eve is gone: the connection broke"])
    assert f"is gone: {why}" in caplog.text or "the connection broke" in caplog.text
    ann.got.clear()
    bob.got.clear()
    talk(ann, bob, "ann: poor eve")


def test_a_slow_client_is_cut_off_and_the_others_go_on(room: Room, caplog: pytest.LogCaptureFixture) -> None:
    """It never reads; the discussion holds 50 lines; the server holds one message for it."""
    server, client = room
    slow = client(receive_buffer=4096)
    ann, bob = both(room)
    (member,) = (m for m in server.members if m.address.endswith(f":{slow.sock.getsockname()[1]}"))
    most = said = 0
    while not member.gone and member.ending is None:
        line = f"ann: {said} " + "x" * 12_000
        data = struct.pack("<H", 0) + b"\xff\xfe\xff\xff" + struct.pack("<H", len(line))
        ann.send(data + line.encode("utf-16-le") + b"\0\0")
        said += 1
        until(lambda said=said: ann.look().count(b"x\0" * 12_000) == 1)
        until(lambda said=said: bob.look().count(b"x\0" * 12_000) == 1)
        ann.got.clear()
        bob.got.clear()
        most = max(most, member.unsent)
        assert said < 5000, "it is never cut off"
    assert most < 2 * 16 * 1024 * 2, "bytes held for one client"
    assert member.ending is not None and member.ending.startswith("did not read")
    talk(ann, bob, "ann: still here")
    until(lambda: member.gone)
    assert "lines wait for it" in caplog.text


def test_a_slow_client_that_reads_at_last_gets_its_farewell() -> None:
    with serving(discussion=small(5), grace=30) as (server, client):
        slow = client(receive_buffer=4096)
        (member,) = server.members
        while member.ending is None:
            server.say("server: " + "x" * 16_000)
            Pump.current().dispatch()
        end = slow.expect_end()
        buffer = bytearray(end)
        messages = Wire().load(buffer)
        assert not buffer, "nothing is cut"
        assert same(messages[-1], CMsg(lines=["server: you read too slowly"], close=True))
        assert not any(m.m_bClose for m in messages[:-1])
        slow.sock.close()
        until(lambda: not server.members)


def test_a_full_server_says_so() -> None:
    with serving(max_members=1) as (server, client):
        ann = client()
        late = client()
        assert late.expect_end() == packet(lines=("server: no more room",), close=1)
        late.sock.close()
        until(lambda: len(server.members) == 1)
        ann.send(packet("ann: alone"))
        ann.expect(packet(lines=("ann: alone",)))


def test_stop_says_good_bye_to_all(room: Room) -> None:
    server, _ = room
    ann, bob = both(room)
    address = server.GetSockName()
    server.stop()
    for raw in (ann, bob):
        assert raw.expect_end() == packet(lines=("server: the discussion is over",), close=1)
        raw.sock.close()
    until(lambda: not server.members)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(address)


def test_stop_does_not_wait_for_ever() -> None:
    with serving() as (server, client):
        client()  # reads nothing, and does not close
        server.stop()
        until(lambda: not server.members)


class Talker(Client):
    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.lines: list[str] = []
        self.reason: str | None = None

    def OnLine(self, line: str) -> None:
        self.lines.append(line)

    def OnGone(self, reason: str) -> None:
        assert self.reason is None, "once"
        self.reason = reason


def test_the_client_sends_what_chatter_sends() -> None:
    """Against a raw server: join, text, leave."""
    with socket.create_server((LOOPBACK, 0)) as listener:
        client = Talker("ann")
        client.join(*listener.getsockname())
        peer, _ = listener.accept()
        until(lambda: client.joined)
        assert client.say("hello")
        client.leave()
        expected = packet("ann: has joined") + packet("ann: hello") + packet("ann: has left", close=1)
        got = b""
        while len(got) < len(expected):
            got += peer.recv(1000)
        assert got == expected
        peer.sendall(packet(lines=("ann: has joined", "ann: hello")))
        peer.close()
        until(lambda: client.gone)
        assert client.lines == ["ann: has joined", "ann: hello"]
        assert client.reason == "left"
        assert not client.say("too late")


def test_clients_and_server() -> None:
    with serving() as (server, _):
        address = server.GetSockName()
        ann, bob = Talker("ann"), Talker("bob")
        ann.join(*address)
        until(lambda: ann.lines)
        bob.join(*address)
        until(lambda: len(ann.lines) == 2)
        ann.say("日本語 😀")
        until(lambda: len(ann.lines) == len(bob.lines) == 3)
        assert ann.lines == bob.lines == ["ann: has joined", "bob: has joined", "ann: 日本語 😀"]
        bob.leave()
        until(lambda: bob.gone and len(ann.lines) == 4)
        assert bob.reason == "left" and ann.lines[-1] == "bob: has left"
        server.stop()
        until(lambda: ann.gone)
        assert ann.reason == "the server closed the discussion"
        assert ann.lines[-1] == "server: the discussion is over"


def test_nobody_there() -> None:
    with socket.create_server((LOOPBACK, 0)) as listener:
        port = listener.getsockname()[1]
    client = Talker("ann")
    assert not client.say("too early")
    client.join(LOOPBACK, port)
    until(lambda: client.gone)
    assert not client.joined and "WSAECONNREFUSED" in str(client.reason)


def test_a_server_that_does_not_read_stops_the_client() -> None:
    with socket.create_server((LOOPBACK, 0)) as listener:
        client = Talker("ann")
        client.join(*listener.getsockname())
        until(lambda: client.joined)
        peer, _ = listener.accept()
        count = 0
        while client.say("x" * 10_000):
            count += 1
            assert count < 10_000
        assert client.unsent <= client.max_unsent
        peer.close()
        until(lambda: client.gone)


def test_the_port_is_taken() -> None:
    from pysock import WSAEADDRINUSE, SocketException

    with socket.create_server((LOOPBACK, 0)) as listener, Server() as server:
        with pytest.raises(SocketException) as caught:
            server.listen(listener.getsockname()[1], LOOPBACK)
        assert caught.value.winerror == WSAEADDRINUSE
