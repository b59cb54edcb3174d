"""The recorded conversation of a real client and a real server: ours in either place sends the same bytes."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable, Iterator

import pytest

from pysock import ArchiveEndOfFile, CSocket
from tests.interop.peers import ScriptPeer
from tests.interop.transcript import ROUNDS, STREAM, Archives, Message, messages, recorded_lines

pytestmark = pytest.mark.sockets

PIECES = [1, 7, 4096, 1 << 20]  # bytes that the other end sends at a time
READ_AHEAD = pytest.mark.parametrize("read_ahead", [True, False], ids=["read-ahead", "exact-need"])


@pytest.fixture
def pair() -> Iterator[tuple[CSocket, socket.socket]]:
    """Our socket and a plain one at the other end."""
    with socket.create_server(("127.0.0.1", 0)) as listener, CSocket() as ours:
        ours.SetTimeOut(60_000)
        assert ours.Create() and ours.Connect("127.0.0.1", listener.getsockname()[1])
        plain, _ = listener.accept()
        with plain:
            plain.settimeout(60)
            yield ours, plain


def meanwhile(act: Callable[[], None]) -> threading.Thread:
    thread = threading.Thread(target=act)
    thread.start()
    return thread


def received(plain: socket.socket, n: int) -> bytes:
    got = bytearray()
    while len(got) < n and (data := plain.recv(1 << 16)):
        got += data
    return bytes(got)


@READ_AHEAD
def test_our_client_sends_what_the_real_one_sent(
    pair: tuple[CSocket, socket.socket], read_ahead: bool
) -> None:
    ours, plain = pair
    sent = bytearray()

    def echo() -> None:
        while data := plain.recv(1 << 16):
            sent.extend(data)
            plain.sendall(data)

    thread = meanwhile(echo)
    archives = Archives(ours, read_ahead=read_ahead)
    echoes = []
    for message in messages():
        message.store(archives.out)
        echoes.append(Message.load(archives.into))
    archives.close()
    ours.Close()
    thread.join(60)
    assert sent == STREAM
    assert [m.show() for m in messages()] == recorded_lines("client_log", "storing")
    assert [m.show() for m in echoes] == recorded_lines("client_log", "echo")
    first, fifth = echoes[0].obj, echoes[4].obj
    assert first.GetAt(0) is first.GetAt(2) is fifth.GetAt(0) is echoes[2].obj  # by index, over the messages


@READ_AHEAD
@pytest.mark.parametrize("piece", PIECES)
def test_our_server_answers_what_the_real_one_answered(
    pair: tuple[CSocket, socket.socket], piece: int, read_ahead: bool
) -> None:
    ours, plain = pair
    stream = STREAM if piece > 7 else STREAM[:600]  # the first messages, one byte a segment
    answer = bytearray()

    def client() -> None:
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        reader = meanwhile(lambda: answer.extend(received(plain, len(STREAM) + 1)))
        for i in range(0, len(stream), piece):
            plain.sendall(stream[i : i + piece])
        plain.shutdown(socket.SHUT_WR)
        reader.join(60)

    thread = meanwhile(client)
    archives = Archives(ours, read_ahead=read_ahead)
    loaded = []
    with pytest.raises(ArchiveEndOfFile):  # as recorded: exception CArchiveException cause=3
        while True:
            message = Message.load(archives.into)
            message.store(archives.out)
            loaded.append(message)
    archives.close()
    ours.Close()
    thread.join(60)
    assert [m.show() for m in loaded] == recorded_lines("server_log", "loaded")[: len(loaded)]
    assert answer == STREAM[: len(answer)]
    assert len(loaded) == (ROUNDS if stream is STREAM else 2)


@pytest.mark.timeout(300)
def test_the_real_archive_still_sends_the_recorded_bytes(real_peers: None) -> None:
    """Our peer driver plays the recorded client's part."""
    script = [
        "case transcript",
        "class CLabDword 1 dword",
        "obj a CLabDword 100",
        "obj b CLabDword 101",
        "out",
    ]
    for n, message in enumerate(messages()):
        text = message.text.encode("utf-16-le").hex() or "-"
        script += [f"put 4 {message.number}", f"strW {text}", f"put 8 {_bits(message.real)}"]
        if n % 4 == 0:
            script += [f"new r{n} CObArray", *(f"add r{n} CObArray {e}" for e in ("a", "b", "a", "null"))]
        if n % 4 == 1:
            script += [f"new r{n} CStringArray", f"add r{n} CStringArray {'elem'.encode('utf-16-le').hex()}"]
        script += ["wobj " + [f"r{n}", f"r{n}", "a", "null"][n % 4], "flush"]
    with socket.create_server(("127.0.0.1", 0)) as listener, ScriptPeer() as peer:
        peer.start(f"connect {listener.getsockname()[1]}", "archives 4096", *script, "sockclose")
        plain, _ = listener.accept()
        with plain:
            plain.settimeout(60)
            assert received(plain, len(STREAM) + 1) == STREAM
        assert peer.finish() == ["val connect 1 error 0", "case transcript"]


def _bits(value: float) -> int:
    return int.from_bytes(struct.pack("<d", value), "little")
