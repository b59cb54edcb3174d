"""A chat server, a thousand bad clients in a row, and two good ones that talk all the while."""

from __future__ import annotations

import gc
import random
import socket
import struct
from collections.abc import Callable

import pytest
from chat_support import Raw, packet, serving, small, until
from memory import descriptors
from sock_support import LOOPBACK
from stress_kit import alive, resident

from pysock import Pump
from pysock.chat import Server

pytestmark = [pytest.mark.sockets, pytest.mark.stress]

BAD = [
    packet("eve: half")[:9],
    b"\0\0\xff\xfe\xff\xff\xff\xff\xf0\xff\xff\xff",  # 4 GiB of text
    b"\0\0\0\xff\x7f",  # 32,767 lines
    b"\xff" * 70_000,
    packet("eve: has joined") + packet("eve: half")[:9],
    packet("eve: has joined", close=1) + b"and more",
    packet() * 1000,
    b"",
]


def misbehave(address: tuple[str, int], n: int) -> None:
    """One bad client: it sends something, or garbage; then it closes, resets, or shuts down and listens."""
    rnd = random.Random(n)
    data = rnd.choice([*BAD, rnd.randbytes(rnd.randrange(1, 500))])
    with socket.create_connection(address) as sock:
        sock.setblocking(False)
        sock.send(data)
        how = n % 3
        if how == 0:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        elif how == 1:
            sock.shutdown(socket.SHUT_WR)
            Pump.current().dispatch(1000)
        else:
            Pump.current().dispatch(1000)


def good(client: Callable[..., Raw]) -> Callable[[int], None]:
    """Two that talk: a function for one word each way, which may come among lines about the bad ones."""
    ann, bob = client(), client()

    def talk(n: int) -> None:
        for sender, line in ((ann, f"ann: word {n} there"), (bob, f"bob: word {n} back")):
            sender.send(packet(line))
            wanted = line.encode("utf-16-le")
            for raw in (ann, bob):
                until(lambda raw=raw, wanted=wanted: wanted in raw.look(), line)  # type: ignore[misc]
                raw.got.clear()

    return talk


def rest(server: Server) -> None:
    """Until only the two good ones are left."""
    until(lambda: len(server.members) == 2, "the end of the bad ones")


@pytest.mark.subprocess_memory
def test_a_thousand_bad_clients_in_a_row() -> None:
    with serving(discussion=small(200), patience=0.3, grace=0.1) as (server, client):
        address = server.GetSockName()
        assert address and address[0] == LOOPBACK
        talk = good(client)
        marks = []
        for n in range(1000):
            misbehave(address, n)
            if n % 20 == 0:
                talk(n)
            if n in (199, 999):
                rest(server)
                talk(n)
                gc.collect()
                marks.append((resident(), descriptors(), alive()))
        (early, fds_early, counts_early), (late, fds_late, counts_late) = marks
        assert fds_late == fds_early
        assert counts_late == counts_early
        assert late - early < 2 << 20, f"{(late - early) >> 10} KiB more"


def test_many_slow_clients_at_once() -> None:
    """Fifty that never read: what the server holds for them is bounded, and they all go."""
    with serving(discussion=small(20), grace=0.1) as (server, client):
        slow = [client(receive_buffer=4096) for _ in range(50)]
        ann = client()
        said = 0
        while len(server.members) > 1:
            assert said < 3000
            ann.send(packet("ann: " + "x" * 240) * 50)
            said += 1
            until(ann.look)
            ann.got.clear()
            assert sum(member.unsent for member in server.members) < 51 * 64 * 1024
        assert len(slow) == 50
        ann.send(packet("ann: alone"))
        until(lambda: "ann: alone".encode("utf-16-le") in ann.look())
