"""`pysock chat serve` and `chat join` as processes: a server, people who come, talk, die and come again."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import pytest
from chat_support import Process, packet
from sock_support import LOOPBACK

pytestmark = pytest.mark.sockets

posix = pytest.mark.windows_lacks("signals and terminals of POSIX")
Start = Callable[..., Process]


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts `pysock chat ...`; none of them survives the test."""
    processes: list[Process] = []

    def start(*arguments: str, **options: object) -> Process:
        processes.append(Process("-m", "pysock", "chat", *arguments, **options))
        return processes[-1]

    yield start
    for process in processes:
        process.close()


@pytest.fixture
def server(start: Start) -> Process:
    return start("serve", "--port", "0")


@pytest.fixture
def port(server: Process) -> str:
    return re.sub(r".*:(\d+);.*", r"\1", server.see("^serving a chat at 127.0.0.1:"))


def join(start: Start, port: str, name: str) -> Process:
    process = start("join", "--port", port, "--name", name)
    process.see(f"^{name}: has joined$")
    return process


@posix
def test_join_talk_kill_rejoin(start: Start, server: Process, port: str) -> None:
    ann, bob = join(start, port, "ann"), join(start, port, "bob")
    ann.see("^bob: has joined$")
    ann.type("hello bob, 你好")
    for person in (ann, bob):
        person.see("^ann: hello bob, 你好$")
    bob.process.kill()
    ann.see("^server: bob is gone: closed without a word$")
    server.see(r"bob \(127.0.0.1:\d+\) is gone: closed without a word")
    ann.type("where is he?")
    ann.see("^ann: where is he")
    bob = join(start, port, "bob")
    ann.see("^bob: has joined$")
    bob.type("here again")
    for person in (ann, bob):
        person.see("^bob: here again$")
    bob.type("/quit")
    assert bob.end() == 0
    ann.see("^bob: has left$")
    assert ann.process.stdin
    ann.process.stdin.close()  # the end of the input
    assert ann.end() == 0
    server.process.send_signal(signal.SIGTERM)
    assert server.end() == 0
    assert not any("Traceback" in line for line in server.lines)


def test_a_newcomer_is_told_what_was_said(start: Start, port: str) -> None:
    ann = join(start, port, "ann")
    ann.type("one")
    ann.see("^ann: one$")
    bob = start("join", "--port", port, "--name", "bob")
    for line in ("ann: has joined", "ann: one", "bob: has joined"):
        bob.see(f"^{line}$")


def test_ansi_ends(start: Start) -> None:
    """A server and clients of code page 936."""
    server = start("serve", "--port", "0", "--ansi", "cp936")
    port = re.sub(r".*:(\d+);.*", r"\1", server.see("^serving a chat"))
    ann, bob = (start("join", "--port", port, "--name", name, "--ansi", "cp936") for name in ("ann", "bob"))
    for person in (ann, bob):
        person.see("^bob: has joined$" if person is bob else "^ann: has joined$")
    ann.type("你好 ☕")  # the code page has no cup
    for person in (ann, bob):
        person.see("^ann: 你好 [?]$")
    bob.type("好")
    ann.see("^bob: 好$")
    with socket.create_connection((LOOPBACK, int(port))) as hostile:
        hostile.sendall(b"\0\0\0\x20\0")  # 32 lines: a client has none to send
        server.see("is gone: sent what is no message: .*max_count = 16")


@posix
@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_the_server_says_good_bye(start: Start, server: Process, port: str, sent: signal.Signals) -> None:
    ann = join(start, port, "ann")
    server.process.send_signal(sent)
    ann.see("^server: the discussion is over$")
    ann.see("^pysock chat: the chat is over: the server closed the discussion$")
    assert ann.end() == 1
    assert server.end() == 0
    assert not any("Traceback" in line for line in server.lines + ann.lines)


@posix
def test_ctrl_c_leaves(start: Start, port: str) -> None:
    ann, bob = join(start, port, "ann"), join(start, port, "bob")
    bob.process.send_signal(signal.SIGINT)
    assert bob.end() == 0
    ann.see("^bob: has left$")
    assert not any("Traceback" in line for line in bob.lines)


@posix
def test_the_server_dies(start: Start, server: Process, port: str) -> None:
    ann = join(start, port, "ann")
    server.process.kill()
    ann.see("^pysock chat: the chat is over: (closed without|the connection broke)")
    assert ann.end() == 1


def test_a_slow_client_is_cut_off_while_others_go_on(start: Start) -> None:
    server = start("serve", "--port", "0", "--backlog", "20")
    port = re.sub(r".*:(\d+);.*", r"\1", server.see("^serving a chat"))
    with socket.socket() as slow:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        slow.connect((LOOPBACK, int(port)))
        slow.sendall(packet("sloth: has joined"))
        ann, bob = join(start, port, "ann"), join(start, port, "bob")
        assert ann.process.stdin
        text = b"x" * 3900 + b"\n"
        for _ in range(40):  # a network may hold a few MiB for him
            ann.process.stdin.write(text * 40)
            ann.process.stdin.flush()
            ann.type("mark")
            if "sloth" in ann.see("^ann: mark$|^server: sloth is gone: did not read"):
                break
            bob.see("^ann: mark$")  # on a busy machine he too may be slow, and is not to be cut off for that
        server.see(r"sloth \(127.0.0.1:\d+\) is gone: did not read, and \d+ lines wait for it")
        bob.see("^server: sloth is gone: did not read")
        bob.type("poor sloth")
        ann.see("^bob: poor sloth$")


@posix
def test_a_client_that_is_stopped_is_cut_off_while_others_go_on(start: Start) -> None:
    """Three real clients, one of them stopped by its terminal; later it learns what has happened."""
    server = start("serve", "--port", "0", "--backlog", "20")
    port = re.sub(r".*:(\d+);.*", r"\1", server.see("^serving a chat"))
    sloth, ann, bob = (join(start, port, name) for name in ("sloth", "ann", "bob"))
    sloth.process.send_signal(signal.SIGSTOP)
    assert ann.process.stdin
    text = b"x" * 3900 + b"\n"
    for _ in range(80):
        ann.process.stdin.write(text * 40)
        ann.process.stdin.flush()
        ann.type("mark")
        if "sloth" in ann.see("^ann: mark$|^server: sloth is gone"):
            break
        bob.see("^ann: mark$")
    server.see(r"sloth \(127.0.0.1:\d+\) is gone: did not read, and \d+ lines wait for it")
    bob.see("^server: sloth is gone: did not read")
    sloth.process.send_signal(signal.SIGCONT)
    sloth.see("^pysock chat: the chat is over: ")
    assert sloth.end() == 1
    bob.type("here is bob")
    ann.see("^bob: here is bob$")


def test_a_pipe_may_hold_more_than_the_queue(start: Start, server: Process, port: str) -> None:
    """20,000 lines by a pipe arrive in order, and the last before the leaving."""
    bob = join(start, port, "bob")
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "pysock", "chat", "join", "--name", "ann", "--port", port],
        input="".join(f"line {n}\n" for n in range(5000)),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, "")
    bob.see("^ann: has left$", 60)
    assert server.process.poll() is None


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["join", "--name", "x" * 41], 2, "at most 40 characters, not 41"),
        (["join", "--name", ""], 2, "must not be empty"),
        (["join", "--name", "a", "--host", "no.such.host.invalid"], 1, "no such host"),
        (["join", "--name", "a", "--port", "65536"], 2, "a port is a number up to 65535, not '65536'"),
        (["serve", "--port", "x"], 2, "not 'x'"),
        (["serve", "--history", "0"], 2, "a number from 1 on, not '0'"),
        (["serve", "--ansi", "klingon"], 2, "klingon"),
        (["serve", "--port", "0", "--host", "no.such.host.invalid"], 1, "there is no host"),
        (["serve", "--port", "0", "--host", "a..b"], 1, "there is no host 'a..b'"),
        (["serve", "--port", "0", "--host", ""], 1, "there is no host ''"),
        (["serve", "--port", "0", "--host", "203.0.113.1"], 1, "cannot serve 203.0.113.1:0"),
        ([], 2, "serve|join"),
    ],
    ids=lambda value: " ".join(value)[:40] if isinstance(value, list) else None,
)
def test_what_is_wrong_is_said(start: Start, arguments: list[str], status: int, said: str) -> None:
    process = start(*arguments)
    assert process.end() == status
    text = "\n".join(process.lines)
    assert said in text and "Traceback" not in text


def test_nobody_serves_there(start: Start) -> None:
    with socket.create_server((LOOPBACK, 0)) as gone:
        port = gone.getsockname()[1]
    process = start("join", "--name", "ann", "--port", str(port))
    process.see(f"^pysock chat: cannot join 127.0.0.1:{port}: connection refused")
    assert process.end() == 1


def test_the_port_is_taken(start: Start, port: str) -> None:
    process = start("serve", "--port", port)
    process.see(rf"^pysock chat: cannot serve 127.0.0.1:{port}: .*\(WSAEADDRINUSE\)$")
    assert process.end() == 1


@posix
def test_in_a_terminal(start: Start, port: str) -> None:
    """A pseudo-terminal: what is typed is said, Ctrl-D leaves, and the terminal is as it was."""
    import pty
    import termios

    bob = join(start, port, "bob")
    master, slave = pty.openpty()
    before = termios.tcgetattr(slave)
    process = subprocess.Popen(
        [sys.executable, "-W", "error", "-m", "pysock", "chat", "join", "--name", "ann", "--port", port],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        start_new_session=True,
    )
    screen = b""

    def see(text: bytes) -> None:
        nonlocal screen
        deadline = time.monotonic() + 30
        while text not in screen:
            assert time.monotonic() < deadline, screen
            screen += os.read(master, 4096)

    try:
        see(b"ann: has joined")
        os.write(master, b"typed\n")
        bob.see("^ann: typed$")
        bob.type("answer \x1b[2J")
        see("bob: answer \ufffd[2J".encode())
        assert b"ann: typed" not in screen, "what was typed is on the screen already"
        os.write(master, b"\x04")
        assert process.wait(30) == 0
        bob.see("^ann: has left$")
        assert termios.tcgetattr(slave) == before
    finally:
        process.kill()
        process.wait()
        for fd in (master, slave):
            with contextlib.suppress(OSError):
                os.close(fd)


needs_full = pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no full device here")


def by_shell(command: str, port: str = "0") -> subprocess.CompletedProcess[str]:
    """A command line of a shell, in which `$PYSOCK` is this library's command."""
    environment = {**os.environ, "PYSOCK": f"{sys.executable} -m pysock", "PORT": port}
    return subprocess.run(["sh", "-c", command], capture_output=True, text=True, timeout=60, env=environment)


@posix
@pytest.mark.parametrize("closed", ["<&-", ">&- </dev/null", "2>&- </dev/null", "<&- >&- 2>&-"])
def test_closed_streams_are_no_traceback(port: str, closed: str) -> None:
    done = by_shell(f"$PYSOCK chat join --name ann --port $PORT {closed}", port)
    assert (done.returncode, done.stderr) == (0, "")


@posix
@needs_full
def test_a_full_disk_ends_the_conversation_in_one_line(server: Process, port: str) -> None:
    with (
        open("/dev/full", "w") as full,
        subprocess.Popen(
            [sys.executable, "-m", "pysock", "chat", "join", "--name", "ann", "--port", port],
            stdin=subprocess.PIPE,  # which does not end
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
        ) as ann,
    ):
        assert ann.stderr
        assert (ann.wait(60), ann.stderr.read()) == (2, "pysock chat: No space left on device\n")
    server.see("^.*ann .* is gone: left$")


@posix
def test_a_reader_of_the_log_that_has_enough_ends_the_server(start: Start) -> None:
    server = subprocess.Popen(
        [sys.executable, "-m", "pysock", "chat", "serve", "--port", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with server:
        assert server.stdout and server.stderr
        port = re.sub(r".*:(\d+);.*", r"\1", server.stdout.readline()).strip()
        server.stdout.close()
        ann = start("join", "--port", port, "--name", "ann")
        ann.see("^server: the discussion is over$")
        assert (ann.end(), server.wait(60), server.stderr.read()) == (1, 1, "")
