"""`python -m pysock demo`: ends well, quickly, readably, and shows what it claims."""

from __future__ import annotations

import inspect
import os
import re
import subprocess
import sys
from collections.abc import Callable

import pytest

from pysock import demo
from pysock.demo import declared, document, events, messages, stage

pytestmark = pytest.mark.sockets


def play(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error", "-m", "pysock", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, **environment},
    )


@pytest.fixture(scope="module")
def shown() -> str:
    done = play("demo")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    return done.stdout


def part(shown: str, which: Callable[[stage.Stage], None]) -> str:
    """What one part printed."""
    number = demo.PARTS.index(which) + 1
    text = shown.split(f"\n{number}. ")[1]
    return re.split(r"\n(?:\d+\. |All of this)", text)[0]


def test_every_part_is_shown_in_order(shown: str) -> None:
    titles = re.findall(r"^(\d+)\. (.+)$", shown, re.M)
    assert [int(number) for number, _ in titles] == list(range(1, len(demo.PARTS) + 1))
    assert [title for _, title in titles] == [str(part.__doc__).rstrip(".") for part in demo.PARTS]
    assert re.search(r"^All of this happened, and was checked, in \d+\.\d s\.$", shown, re.M)


def test_connect(shown: str) -> None:
    text = part(shown, events.connect)
    assert text.count("OnAccept(0)") == 2
    assert text.count("OnConnect(0)") == text.count("OnSend(0)") == 2
    assert "OnConnect(10061)" in text and "WSAECONNREFUSED" in text


def test_both_ways(shown: str) -> None:
    text = part(shown, events.both_ways)
    for number in (1, 2):
        assert f"b'hello from client {number}' has come; Send() gives it back" in text
        assert re.search(rf"client {number} +OnReceive\(0\) +b'hello from client {number}' has come", text)


def test_slow_reader(shown: str) -> None:
    text = part(shown, events.slow_reader)
    assert "fails with WSAEWOULDBLOCK" in text
    assert re.search(r"OnSend\(0\) +room again; (\d+) times?, after \1 WSAEWOULDBLOCK", text)
    assert "has all 16.0 MiB, unchanged" in text
    held = re.search(r"never held more than (\d+) KiB", text)
    assert held and 0 < int(held[1]) <= 64


def test_orderly_close(shown: str) -> None:
    text = part(shown, events.orderly_close)
    assert text.count("OnClose(0)") == 2
    assert text.index("b'last words' has come; Send() gives it back") < text.index("OnClose(0)")


def test_reset(shown: str) -> None:
    text = part(shown, events.reset)
    assert "OnClose(10054)" in text and "WSAECONNRESET" in text
    assert text.index("OnClose(10054)") < text.index("b'still here' has come")


def test_a_document(shown: str) -> None:
    text = part(shown, document.a_document)
    assert "two objects, each pointing to the other: 51 bytes" in text
    shown_bytes = "".join(re.findall(r"^ +[0-9a-f]+  ((?:[0-9a-f]{2} )*[0-9a-f]{2}) ", text, re.M))
    assert len(bytes.fromhex(shown_bytes)) == 51
    assert "first.next is second, and second.next is first" in text


def test_broken_documents(shown: str) -> None:
    text = part(shown, document.a_broken_document)
    for cause in ("endOfFile: ", "badClass: ", "badIndex: limit max_string"):
        assert cause in text


def test_a_declared_document(shown: str) -> None:
    text = part(shown, declared.a_declared_document)
    assert "next: CStep | None = field(ref(), default=None)" in text
    assert "49 bytes, those of the Serialize in part 1" in text
    assert "CStep(minutes=5, text='knead', next=CStep(minutes=40, text='bake', next=...))" in text


def test_the_class_that_is_shown_is_the_one_that_runs() -> None:
    source = inspect.getsource(declared.CStep).splitlines()
    for line in declared._CODE.strip().splitlines()[1:]:
        assert line in source


def test_byte_by_byte(shown: str) -> None:
    text = part(shown, declared.byte_by_byte)
    assert "try_read(), 48 times" in text and "'knead' and 'bake', which point to each other" in text


def test_objects_over_a_connection(shown: str) -> None:
    text = part(shown, messages.exchange)
    assert "\"thanks for 'a question'\" has come" in text
    assert "the very same" in text
    assert re.search(r"^ +0  01 80 +a new object of class 1", text, re.M)


def test_a_dying_peer(shown: str) -> None:
    text = part(shown, messages.dying_peer)
    assert text.index("ArchiveEndOfFile") < text.index("ArchiveLimitError") < text.index("was not disturbed")


def test_bytes_that_are_not_as_shown(capsys: pytest.CaptureFixture[str]) -> None:
    """What is shown as the bytes of a document is compared with them."""
    there = stage.Stage(sys.stdout, colour=False)
    there.bytes(b"abc", [(b"ab", "two"), (b"c", "one")])
    for wrong in ([(b"ab", "two")], [(b"ab", "two"), (b"d", "one")], [(b"abc", "three"), (b"d", "one")]):
        with pytest.raises(stage.NotAsShown):
            there.bytes(b"abc", wrong)


def test_no_colours_unless_on_a_terminal(shown: str) -> None:
    assert "\x1b" not in shown


@pytest.mark.windows_lacks("pseudo-terminals in its standard library")
@pytest.mark.parametrize(("no_color", "coloured"), [(None, True), ("1", False)])
def test_colours_on_a_terminal(no_color: str | None, coloured: bool) -> None:
    import pty

    master, slave = pty.openpty()
    environment = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
    if no_color:
        environment["NO_COLOR"] = no_color
    process = subprocess.Popen([sys.executable, "-m", "pysock", "demo"], stdout=slave, env=environment)
    os.close(slave)
    written = b""
    try:
        while data := os.read(master, 65536):
            written += data
    except OSError:  # Linux's word for the end
        pass
    os.close(master)
    assert process.wait(30) == 0
    assert (b"\x1b[1m" in written) is coloured


def test_it_fails_when_something_does_not_happen(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The demo is a check: with a server that never echoes it must say so, and not end well."""
    monkeypatch.setattr(stage, "SECONDS", 0.2)
    monkeypatch.setattr(events.Peer, "OnReceive", lambda self, nErrorCode: self.take())
    assert demo.run() == 1
    assert "This did not happen: the echo comes back to its sender" in capsys.readouterr().out


def test_unknown_poller() -> None:
    done = play("demo", PYSOCK_POLLER="no-such-poller")
    assert done.returncode != 0 and "no-such-poller" in done.stderr
