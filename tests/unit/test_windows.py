"""What is Windows' own: exclusive ports, more sockets than select() holds, Ctrl-C in a console, a console
that is closed, share modes."""

from __future__ import annotations

import contextlib
import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from blocking_support import WAITS
from ctrl_c import PRESS, own_console
from sock_support import LOOPBACK, Reader, listener, port_of, reset, until

from pysock import FD_ALL, SOCK_STREAM, WSAEACCES, CAsyncSocket, CFile, CFileException, Pump

TESTS = Path(__file__).resolve().parents[1]

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
import os, signal, threading, time
import pysock
from blocking_support import WAITS, waiting
for call in WAITS:
    with waiting(call) as (sock, wait):
        def press():
            while not sock.IsBlocking():
                time.sleep(0.01)
            time.sleep(0.1)
            {press}
        threading.Thread(target=press, daemon=True).start()
        try:
            wait()
        except KeyboardInterrupt:
            print(call, sock.IsBlocking())
"""


def in_a_console(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", program, *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "PYTHONPATH": str(TESTS)},
        **own_console(),
    )


def test_ctrl_c_in_a_console_ends_every_waiting_call() -> None:
    done = in_a_console(BLOCKED.format(press=PRESS))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [f"{call} False" for call in WAITS]


# What Windows does with each process of a console that is closed: it calls the handlers, in a thread of their own.
# (Wine ends them without asking when the window goes.)
CLOSE = """
import ctypes, socket, threading, time
import pysock
pump = pysock.Pump.current()
def close():
    routine = ctypes.WinDLL("kernelbase").CtrlRoutine
    routine.argtypes, routine.restype = [ctypes.c_void_p], ctypes.c_uint32
    routine(2)
    print("held until it was saved:", saved.is_set(), flush=True)
threading.Timer(0.2, close).start()
"""

SAVES = """
handler = when_closed(pump)
print("run", pump.run(), flush=True)
time.sleep(0.2)
print("saved", flush=True)
saved.set()
"""

IN_FULL_FLIGHT = """
ours, theirs = socket.socketpair()
class Line(pysock.CSocket):
    pass
line = Line()
line.Attach(ours)
print("running", flush=True)
{wait}
"""


def test_a_console_that_is_closed_waits_for_what_must_be_saved() -> None:
    """By the recipe of docs/windows.md: run() ends, and Windows is held off until the program is ready."""
    page = (TESTS.parent / "docs" / "windows.md").read_text(encoding="utf-8")
    (recipe,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    done = in_a_console(recipe + CLOSE + SAVES)
    assert done.stderr == ""
    lines = done.stdout.splitlines()
    assert lines[:2] == ["run 0", "saved"]
    assert lines[2:] in (["held until it was saved: True"], [])  # Windows need not come back from there


@pytest.mark.parametrize(
    "wait", ["pysock.run()", "pump.fileno(); time.sleep(60)", "line.Receive(bytearray(1))"]
)
def test_a_console_that_is_closed_ends_the_process_wherever_it_waits(wait: str) -> None:
    program = CLOSE + IN_FULL_FLIGHT.format(wait=wait)
    done = in_a_console(program)
    assert (done.stdout, done.stderr) == ("running\n", "")


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
