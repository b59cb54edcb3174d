"""examples/chat: the room, the terminal client, the robot and the window, as a user starts them."""

from __future__ import annotations

import importlib.util
import re
import signal
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from chat_support import Process, serving
from needs import needs
from xserver import display, new_root

EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "chat"

pytestmark = pytest.mark.sockets


@pytest.fixture
def start() -> Iterator[Any]:
    processes: list[Process] = []

    def start(program: str, *arguments: str) -> Process:
        processes.append(Process(str(EXAMPLES / program), *arguments))
        return processes[-1]

    yield start
    for process in processes:
        process.close()


def test_room_robot_and_person(start: Any) -> None:
    room = start("server.py", "0")
    port = re.sub(r".*:", "", room.see("^the room is at 127.0.0.1:"))
    robot = start("robot.py", "robby", "127.0.0.1", port)
    room.see("^robby .* joins")
    ann = start("client.py", "ann", "127.0.0.1", port)
    ann.see("^robby: welcome, ann$")
    ann.type("/who")
    ann.see("^server: here are ann, robby$")
    ann.type("/time")
    ann.see(r"^server: it is \d\d:\d\d:\d\d$")
    ann.type("/quit")
    ann.see("^over: left$")
    assert ann.end() == 0
    if sys.platform != "win32":
        room.process.send_signal(signal.SIGINT)
        robot.see("^over: the server closed the discussion$")
        assert robot.end() == 0
        assert room.end() == 0


@pytest.mark.parametrize(
    ("program", "arguments", "said"),
    [
        ("client.py", [], "the following arguments are required: name"),
        ("client.py", ["a:b"], "a name has no colon"),
        ("client.py", ["ann", "127.0.0.1", "x"], "a port is a number up to 65535, not 'x'"),
        ("robot.py", [], "the following arguments are required: name"),
        ("robot.py", ["rob", "127.0.0.1", "70000"], "a port is a number up to 65535, not '70000'"),
        ("server.py", ["x"], "a port is a number up to 65535, not 'x'"),
        ("server.py", ["1", "2"], "unrecognized arguments: 2"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_wrong_arguments_are_answered_by_the_usage(
    start: Any, program: str, arguments: list[str], said: str
) -> None:
    process = start(program, *arguments)
    assert process.end() == 2
    text = "\n".join(process.lines)
    assert text.startswith(f"usage: {program}") and said in text and "Traceback" not in text


def test_a_port_that_is_taken(start: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        room = start("server.py", str(port))
        assert room.end() == 1
    assert len(room.lines) == 2 and room.lines[0].startswith(f"cannot serve port {port}: ")


def test_nobody_serves_there(start: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    client = start("client.py", "ann", "127.0.0.1", str(port))
    assert client.end() == 1
    assert len(client.lines) == 2 and client.lines[0].startswith("over: connection refused")


def module(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"example_{name}", EXAMPLES / f"{name}.py")
    assert spec and spec.loader
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


@pytest.mark.adapters
def test_the_window() -> None:
    """Two windows and a server, all in one Tk loop."""
    tkinter = needs("tkinter")
    with display():
        import pysock.tk

        tk_client = module("tk_client")
        root = new_root()
        with serving() as (server, _), pysock.tk.attach(root):
            host, port = server.GetSockName()
            ann = tk_client.Window(root, "ann", host, port)
            other = tkinter.Toplevel(root)
            bob = tk_client.Window(other, "bob", host, port)

            def until(happened: Any) -> None:
                deadline = time.monotonic() + 20
                while not happened():
                    assert time.monotonic() < deadline, (text(ann), text(bob))
                    root.update()
                    time.sleep(0.002)

            def text(window: Any) -> str:
                return str(window.text.get("1.0", "end"))

            until(lambda: "bob: has joined" in text(ann) and "bob: has joined" in text(bob))
            ann.entry.insert(0, "hello from a window")
            ann.say(None)  # as Return does; without a window manager no window has the focus
            until(lambda: "ann: hello from a window\n" in text(bob))
            assert ann.entry.get() == ""
            bob.close()
            until(lambda: "bob: has left" in text(ann) and bob.client.gone)
            server.stop()
            until(lambda: "[the server closed the discussion]" in text(ann))
            assert ann.entry["state"] == "disabled"
            ann.close()
