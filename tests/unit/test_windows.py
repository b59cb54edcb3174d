"""What is Windows' own: exclusive ports, more sockets than select() holds, Ctrl-C in a console, share modes."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from ctrl_c import PRESS, own_console
from sock_support import LOOPBACK, Reader, listener, port_of, reset, until

from pysock import FD_ALL, SOCK_STREAM, WSAEACCES, CAsyncSocket, CFile, CFileException, Pump

pytestmark = [
    pytest.mark.sockets,
    pytest.mark.skipif(sys.platform != "win32", reason="what is Windows' own"),
]


def test_an_exclusive_port_is_not_stolen() -> None:
    with CAsyncSocket() as ours, CAsyncSocket() as thief:
        assert ours.Socket(SOCK_STREAM, FD_ALL)
        assert ours.SetSockOpt(socket.SO_EXCLUSIVEADDRUSE, 1)  # type: ignore[attr-defined,unused-ignore]
        assert ours.Bind(0, LOOPBACK) and ours.Listen()
        assert thief.Socket(SOCK_STREAM, FD_ALL)
        assert thief.SetSockOpt(socket.SO_REUSEADDR, 1)
        assert not thief.Bind(port_of(ours), LOOPBACK)
        assert thief.GetLastError() == WSAEACCES


def test_more_sockets_than_select_holds() -> None:
    """Each of 600 connections is heard, and so is a reset among them."""
    served: list[Reader] = []

    class Server(CAsyncSocket):
        def OnAccept(self, nErrorCode: int) -> None:
            while self.Accept(child := Reader()):
                served.append(child)

    with contextlib.ExitStack() as stack, listener(Server, backlog=200) as ls:
        peers = []
        for n in range(600):
            peers.append(stack.enter_context(socket.create_connection((LOOPBACK, port_of(ls)))))
            peers[-1].sendall(n.to_bytes(2, "big"))
            if n % 50 == 49:  # the backlog is shorter
                until(lambda: len(served) == len(peers))
        until(lambda: all(len(child.got) == 2 for child in served), 60)
        assert sorted(int.from_bytes(child.got, "big") for child in served) == list(range(600))
        reset(peers[300])
        until(lambda: any("OnClose" in child.names() for child in served))
        assert [dict(child.log)["OnClose"] for child in served if "OnClose" in child.names()] == [10054]
        for child in served:
            child.Close()


def test_a_handle_closed_behind_our_back_is_told_once_and_nothing_else_suffers() -> None:
    a, b = socket.socketpair()
    c, d = socket.socketpair()
    gone, other = Reader(), Reader()
    assert gone.Attach(a) and other.Attach(c)
    Pump.current().run_until(lambda: False, 0.05)
    socket.close(gone.m_hSocket)
    d.send(b"x")
    until(lambda: other.got == b"x")
    rounds = 0
    for _ in range(50):  # it does not spin
        rounds += Pump.current().dispatch()
    assert rounds < 10
    gone.Close()
    other.Close()
    b.close()
    d.close()


BLOCKED = """
import os, signal, socket, threading, time
import pysock
class Waiting(pysock.CSocket):
    pass
ours, theirs = socket.socketpair()
sock = Waiting()
sock.Attach(ours)
def press():
    while not sock.IsBlocking():
        time.sleep(0.01)
    time.sleep(0.1)
    {press}
threading.Thread(target=press, daemon=True).start()
try:
    sock.Receive(bytearray(1))
except KeyboardInterrupt:
    print("interrupted", sock.IsBlocking())
sock.Close()
"""


def test_ctrl_c_in_a_console_ends_a_waiting_call() -> None:
    done = subprocess.run(
        [sys.executable, "-c", BLOCKED.format(press=PRESS)],
        capture_output=True,
        text=True,
        timeout=60,
        **own_console(),
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "interrupted False\n", "")


def test_share_modes_bind_everybody(tmp_path: Path) -> None:
    """Not only other CFiles, as `flock` does elsewhere."""
    path = tmp_path / "shared.bin"
    path.write_bytes(b"0123456789")
    with CFile(path, CFile.modeReadWrite | CFile.shareExclusive), pytest.raises(PermissionError):
        path.read_bytes()
    with CFile(path, CFile.modeReadWrite | CFile.shareDenyWrite):
        assert path.read_bytes() == b"0123456789"
        with pytest.raises(PermissionError):
            path.write_bytes(b"x")
        with pytest.raises(CFileException) as caught:
            CFile(str(path), CFile.modeWrite | CFile.shareDenyNone)
        assert caught.value.m_cause == CFileException.sharingViolation


@pytest.mark.wine_differs("a locked range binds only those who lock, too")
def test_locked_ranges_bind_everybody(tmp_path: Path) -> None:
    path = tmp_path / "locked.bin"
    path.write_bytes(b"0123456789")
    with CFile(path, CFile.modeReadWrite | CFile.shareDenyNone) as file:
        file.LockRange(2, 3)
        with open(path, "rb", buffering=0) as other:
            assert other.read(2) == b"01"
            with pytest.raises(PermissionError):
                other.read(3)
        file.UnlockRange(2, 3)
        assert path.read_bytes() == b"0123456789"
