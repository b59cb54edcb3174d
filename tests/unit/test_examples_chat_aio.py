"""examples/chat_aio.py: coroutines and CSockets in one discussion, each as server and as client."""

from __future__ import annotations

import asyncio
import importlib.util
import re
import socket
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from chat_support import Process

import pysock.aio
from pysock.chat import Client, Server

PATH = Path(__file__).resolve().parents[2] / "examples" / "chat_aio.py"
pytestmark = [pytest.mark.sockets, pytest.mark.adapters]


@pytest.fixture(scope="module")
def chat() -> ModuleType:
    spec = importlib.util.spec_from_file_location("example_chat_aio", PATH)
    assert spec and spec.loader
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


class Listener(Client):
    """A CSocket one."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.lines: list[str] = []
        self.over = ""

    def OnLine(self, line: str) -> None:
        self.lines.append(line)

    def OnGone(self, reason: str) -> None:
        self.over = reason


async def until(happened: Any) -> None:
    async with asyncio.timeout(30):
        while not happened():
            await asyncio.sleep(0.005)


async def next_line(client: Any) -> str | None:
    async with asyncio.timeout(30):
        return await client.heard.get()


def test_csocket_clients_of_the_coroutines_server(chat: ModuleType) -> None:
    async def main() -> None:
        room = chat.Room()
        with pysock.aio.attach():
            async with await pysock.aio.serve(room.member, "127.0.0.1", **chat.LIMITS) as server:
                ann, bob = Listener("ann"), chat.Client("bob")
                ann.join("127.0.0.1", server.port)
                await until(lambda: "ann: has joined" in ann.lines)
                await bob.join("127.0.0.1", server.port)
                await until(lambda: "bob: has joined" in ann.lines)
                assert [await next_line(bob) for _ in range(2)] == ["ann: has joined", "bob: has joined"]
                for i in range(200):
                    ann.say(f"line {i} \u20ac\U0001f600")
                assert [await next_line(bob) for _ in range(200)] == [
                    f"ann: line {i} \u20ac\U0001f600" for i in range(200)
                ]
                await bob.say("x" * 40_000)
                await until(lambda: "bob: " + "x" * 40_000 in ann.lines)
                assert room.names == {"ann", "bob"}
                ann.leave()
                await until(lambda: ann.over)
                assert (ann.over, await next_line(bob)) == ("left", "bob: " + "x" * 40_000)
                assert await next_line(bob) == "ann: has left"
                await bob.leave()

    asyncio.run(main())


def test_coroutine_clients_of_the_csocket_server(chat: ModuleType) -> None:
    async def main() -> None:
        with pysock.aio.attach():
            server = Server()
            host, port = server.listen(0, "127.0.0.1")
            ann, bob = Listener("ann"), chat.Client("bob")
            await bob.join(host, port)
            assert await next_line(bob) == "bob: has joined"
            ann.join(host, port)
            assert await next_line(bob) == "ann: has joined"
            for i in range(200):
                await bob.say(f"line {i}")
            await until(lambda: len(ann.lines) == 202)
            assert ann.lines[2:] == [f"bob: line {i}" for i in range(200)]
            carl = chat.Client("carl")
            await carl.join(host, port)
            await until(lambda: "carl: has joined" in ann.lines)
            await carl.leave()
            await until(lambda: "carl: has left" in ann.lines)
            server.stop()
            await until(lambda: ann.over)
            while (line := await next_line(bob)) is not None:
                last = line
            assert last == "server: the discussion is over"
            await bob.leave()
            await until(lambda: not server.members)
            server.close_all()

    asyncio.run(main())


def test_as_programs() -> None:
    programs = [room := Process(str(PATH), "serve", "0")]
    try:
        port = re.sub(r".*:", "", room.see("^the room is at 127.0.0.1:"))
        programs.append(ann := Process(str(PATH), "join", "ann", "127.0.0.1", port))
        ann.see("^ann: has joined$")
        programs.append(bob := Process(str(PATH), "join", "bob", "127.0.0.1", port))
        ann.see("^bob: has joined$")
        bob.type("hello")
        ann.see("^bob: hello$")
        ann.type("/quit")
        bob.see("^ann: has left$")
        assert ann.end() == 0
        bob.type("/quit")
        assert bob.end() == 0
    finally:
        for program in programs:
            program.close()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "the following arguments are required: serve|join"),
        (["join"], "the following arguments are required: name"),
        (["join", "a:b"], "a name has no colon"),
        (["serve", "x"], "a port is a number up to 65535, not 'x'"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_wrong_arguments_are_answered_by_the_usage(arguments: list[str], said: str) -> None:
    status, lines = ended(*arguments)
    text = "\n".join(lines)
    assert status == 2
    assert text.startswith("usage: chat_aio.py") and said in text and "Traceback" not in text


def test_what_cannot_be_is_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        status, lines = ended("serve", port)
        assert (status, len(lines)) == (1, 2) and lines[0].startswith("cannot serve: ")
    status, lines = ended("join", "ann", "127.0.0.1", port)
    assert (status, len(lines)) == (1, 2) and lines[0].startswith("cannot join: ")


def ended(*arguments: str) -> tuple[int, list[str]]:
    process = Process(str(PATH), *arguments)
    try:
        return process.end(), process.lines
    finally:
        process.close()
