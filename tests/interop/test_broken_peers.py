"""Connections that break in the middle of an item, live: what each end sees, as recorded of the real classes.

`sockets.json` has the real end in `csocket-waits`.  That it sees a reset as a close is Wine's doing.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator

import pytest

from pysock import (
    SO_LINGER,
    WSAECONNRESET,
    ArchiveEndOfFile,
    ArchiveLimitError,
    CArchiveException,
    CFileException,
)
from tests.interop.connection import Connection
from tests.interop.peers import ScriptPeer

pytestmark = [pytest.mark.sockets, pytest.mark.timeout(120)]

BOTH = pytest.mark.parametrize("role", ["client", "server"])
NOTHING: dict = {"classes": [{"name": "CPlain", "schema": 1, "kind": "dword"}], "objects": []}
END_OF_FILE = "CArchiveException cause=3 oserr=0"
RESET = "CFileException cause=1 oserr=10054"


@pytest.fixture
def peer(real_peers: None) -> Iterator[ScriptPeer]:
    peer = ScriptPeer()
    yield peer
    peer.close()
    print(peer.report())  # pytest shows it with a failure


@pytest.fixture
def link(peer: ScriptPeer, role: str) -> Iterator[Connection]:
    with Connection(peer, role, NOTHING) as link:
        yield link


def thrown(said: list[str]) -> str:
    """The exception of the real end."""
    assert len(said) == 1, said
    match = re.match(r"exc op=-?\d+ \S+ (\S+ cause=\S+ oserr=\S+)", said[0])
    assert match, said
    return match[1]


def store_one(link: Connection) -> None:
    link.out.WriteDWORD(1)
    link.out.Flush()


def until_raised(act: Callable[[], None], times: int = 50) -> CFileException:
    """What a broken connection tells of needs a moment to arrive."""
    for _ in range(times):
        try:
            act()
        except CFileException as error:
            return error
        time.sleep(0.02)
    raise AssertionError(f"{times} writes into a broken connection, and no error")


# ---- the real end breaks, we see -------------------------------------------------------------------


@BOTH
def test_it_closes_in_the_middle_of_an_item(link: Connection, peer: ScriptPeer) -> None:
    """SF-17 SF-27 TC-116: endOfFile, and again; a first write goes, a later one gives 10054."""
    peer.do("send 6162", "sockclose")
    for _ in range(2):
        with pytest.raises(ArchiveEndOfFile) as caught:
            link.into.ReadDWORD()
        assert caught.value.m_cause == CArchiveException.endOfFile
    store_one(link)  # goes, SF-27
    error = until_raised(lambda: store_one(link))
    assert (error.m_cause, error.m_lOsError) == (CFileException.genericException, WSAECONNRESET)


@BOTH
def test_it_resets_in_the_middle_of_an_item(link: Connection, peer: ScriptPeer) -> None:
    """SF-5 SF-6 SF-25 TC-108 TC-155: 10054 both ways; the bytes stay, Close tries again, Abort does not."""
    peer.do("send 6162", "sockreset")
    with pytest.raises(CFileException) as caught:
        link.into.ReadDWORD()
    assert (caught.value.m_cause, caught.value.m_lOsError) == (1, WSAECONNRESET)
    assert until_raised(lambda: store_one(link)).m_lOsError == WSAECONNRESET
    with pytest.raises(CFileException):
        link.out.Close()
    link.out.Abort()


@BOTH
def test_it_closes_between_messages(link: Connection, peer: ScriptPeer) -> None:
    peer.do("out", "put 4 7", "flush", "sockclose")
    assert link.into.ReadDWORD() == 7
    with pytest.raises(ArchiveEndOfFile):
        link.into.ReadDWORD()


@BOTH
@pytest.mark.parametrize("cut", [1, 3, 4, 5, 11, 16])
def test_half_a_message_from_it_is_waited_for(link: Connection, peer: ScriptPeer, cut: int) -> None:
    """SF-16 TC-114: DWORD and CString in two pieces, cut anywhere."""
    message = (b"\x2a\0\0\0" + b"\xff\xfe\xff\x05" + "Hello".encode("utf-16-le")).hex()
    peer.start(f"send {message[: 2 * cut]}")
    assert peer.finish() == [f"val send {cut} error 0"]
    peer.start(f"send {message[2 * cut :]}")
    assert link.into.ReadDWORD() == 42
    assert link.into.ReadCString() == "Hello"
    peer.finish()


@BOTH
def test_it_stops_sending_and_goes_on_reading(link: Connection, peer: ScriptPeer) -> None:
    """EV-18: a half-close ends what we load, not what we store."""
    peer.do("out", "put 4 9", "flush", "shutdown")
    assert link.into.ReadDWORD() == 9
    with pytest.raises(ArchiveEndOfFile):
        link.into.ReadDWORD()
    peer.start("in", "get 4")
    link.out.WriteDWORD(10)
    link.out.Flush()
    assert peer.finish() == ["val op=0 get4 0xa"]


GARBAGE = {
    "unknown class": ("ffff01000600436e6f6e6521", 6, CArchiveException.badClass),
    "index beyond the map": ("3412", 5, CArchiveException.badIndex),
    "class name too long": ("ffff0100ff0f" + "41" * 80, 6, CArchiveException.badClass),
    "wrong schema": ("ffff09000600" + b"CPlain".hex() + "01000000", 7, CArchiveException.badSchema),
}


@BOTH
@pytest.mark.parametrize("name", GARBAGE)
def test_garbage_is_the_same_exception_at_both_ends(link: Connection, peer: ScriptPeer, name: str) -> None:
    data, real, ours = GARBAGE[name]
    peer.do(f"send {data}")
    with pytest.raises(CArchiveException) as caught:
        link.into.ReadObject()
    assert caught.value.m_cause == ours
    peer.start("in", "robj -")
    link.file.Write(bytes.fromhex(data))
    assert thrown(peer.finish()) == f"CArchiveException cause={real} oserr=0"


@BOTH
def test_a_length_of_4_gib_takes_no_memory(peer: ScriptPeer, role: str) -> None:
    """AR-187 AR-188: we refuse by the limit, the real one because its memory is denied to it."""
    claim = "fffeffffffffffffff" + "00000000" + "41004200"
    with Connection(peer, role, NOTHING, max_string=1 << 20) as link:
        peer.do(f"send {claim}")
        with pytest.raises((ArchiveLimitError, CArchiveException)):
            link.into.ReadCString()


# ---- we break, the real end sees -------------------------------------------------------------------


@BOTH
def test_we_close_in_the_middle_of_an_item(link: Connection, peer: ScriptPeer) -> None:
    peer.start("in", "get 4")
    link.file.Write(b"ab")
    link.sock.Close()
    assert thrown(peer.finish()) == END_OF_FILE
    assert thrown(peer.do("get 4")) == END_OF_FILE
    peer.do("out", "put 4 1")
    said: list[str] = []
    for _ in range(50):
        said = peer.do("flush", "put 4 1")
        if said:
            break
        time.sleep(0.02)
    assert thrown(said) == RESET
    assert peer.do("in", "close") == []
    assert thrown(peer.do("out", "close")) == RESET


@BOTH
def test_we_reset_in_the_middle_of_an_item(link: Connection, peer: ScriptPeer) -> None:
    peer.start("in", "get 4")
    link.file.Write(b"ab")
    assert link.sock.SetSockOpt(SO_LINGER, (1, 0))
    link.sock.Close()
    assert thrown(peer.finish()) in (END_OF_FILE, RESET)
    assert thrown(peer.do("out", "put 4 1", "flush")) == RESET
    assert peer.do("buffered") == ["val buffered 4"]
    assert thrown(peer.do("close")) == RESET


@BOTH
@pytest.mark.parametrize("cut", [1, 3, 4, 5, 11, 16])
def test_half_a_message_from_us_is_waited_for(link: Connection, peer: ScriptPeer, cut: int) -> None:
    message = b"\x2a\0\0\0" + b"\xff\xfe\xff\x05" + "Hello".encode("utf-16-le")
    peer.start("in", "get 4", "rcstrW")
    link.file.Write(message[:cut])
    time.sleep(0.05)  # lets it block in the middle
    link.file.Write(message[cut:])
    assert peer.finish() == ["val op=0 get4 0x2a", "val op=1 cstringW len=5 480065006c006c006f00"]


@BOTH
def test_we_stop_sending_and_go_on_reading(link: Connection, peer: ScriptPeer) -> None:
    link.out.WriteDWORD(5)
    link.out.Flush()
    assert link.sock.ShutDown()
    assert peer.do("in", "get 4") == ["val op=0 get4 0x5"]
    assert thrown(peer.do("get 4")) == END_OF_FILE
    peer.do("out", "put 4 6", "flush")
    assert link.into.ReadDWORD() == 6


@BOTH
def test_it_closes_while_we_store(link: Connection, peer: ScriptPeer) -> None:
    """TC-140: a large store into a connection that ends half-way."""
    peer.start("receive 100000", "sockclose")
    with pytest.raises(CFileException) as caught:
        link.out.Write(bytes(64 << 20))
        link.out.Flush()
    assert caught.value.m_lOsError == WSAECONNRESET
    assert peer.finish()[0].startswith("val receive ")
