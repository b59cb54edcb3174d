"""The chat of `pysock.chat` with coroutines in place of callbacks.

The messages are the same, so either side may be a CSocket one.

    python chat_aio.py serve [PORT]
    python chat_aio.py join NAME [HOST [PORT]]
"""

import argparse
import asyncio
import sys
import threading

import pysock.aio
from pysock import by_value
from pysock.chat import CMsg, Discussion
from pysock.chat.command import name, port
from pysock.chat.text import check_name, shown

MSG = by_value(CMsg)  # `Serialize` alone: no tag, no class name
LIMITS = {"max_string": 64 * 1024, "max_count": 16 * 1024, "max_total": 1 << 20, "errors": "replace"}
BATCH = 16 * 1024  # characters in one message to a member


class Room:
    """Everybody hears what anybody says. `member` is the handler of each connection."""

    def __init__(self) -> None:
        self.said = Discussion()
        self.names: set[str] = set()
        self._news = asyncio.Event()

    def say(self, line: str) -> None:
        self.said.add(line)
        self._news.set()  # all that wait now
        self._news = asyncio.Event()

    async def member(self, conn: pysock.aio.Connection) -> None:
        name = ""
        telling = asyncio.create_task(self._tell(conn))
        try:
            async for message in conn.messages(MSG):
                if text := message.m_strText:
                    name = name or text.partition(":")[0]
                    self.names.add(name)
                    self.say(text)
                if message.m_bClose:
                    break
        finally:
            telling.cancel()
            self.names.discard(name)

    async def _tell(self, conn: pysock.aio.Connection) -> None:
        """What was said, from a little before now on. A slow member gets more in one message; one that is too slow
        for the discussion's memory is cut off."""
        number = max(self.said.start, self.said.end - 100)
        try:
            while True:
                while number < self.said.end:
                    lines = self.said.lines(number, BATCH)
                    number += len(lines)
                    conn.write(CMsg(lines=lines), MSG)
                    await conn.drain()
                await self._news.wait()
        except (IndexError, ConnectionError):
            conn.abort()


class Client:
    """One who joins. `heard` gets the lines, one by one."""

    def __init__(self, name: str) -> None:
        self.name = check_name(name)
        self.heard: asyncio.Queue[str | None] = asyncio.Queue()  # None: the discussion is over
        self.conn: pysock.aio.Connection

    async def join(self, host: str, port: int) -> None:
        self.conn = await pysock.aio.connect(host, port, **LIMITS)
        self.conn.write(CMsg(f"{self.name}: has joined"), MSG)
        self._listening = asyncio.create_task(self._listen())

    async def say(self, text: str) -> None:
        self.conn.write(CMsg(f"{self.name}: {text}"), MSG)
        await self.conn.drain()

    async def leave(self) -> None:
        self._listening.cancel()
        try:
            self.conn.write(CMsg(f"{self.name}: has left", close=True), MSG)
            await self.conn.close()
        except ConnectionError:
            self.conn.abort()

    async def _listen(self) -> None:
        try:
            async for message in self.conn.messages(MSG):
                for line in message.m_msgList:
                    self.heard.put_nowait(line)
                if message.m_bClose:
                    break
        finally:
            self.heard.put_nowait(None)


async def serve(port: int) -> None:
    async with await pysock.aio.serve(Room().member, "127.0.0.1", port, **LIMITS) as server:
        print(f"the room is at 127.0.0.1:{server.port}", flush=True)
        await server.wait_closed()


async def join(name: str, host: str, port: int) -> None:
    client = Client(name)
    await client.join(host, port)
    typed = typed_lines()

    async def speak() -> None:
        while (line := await typed.get()) not in ("", "/quit\n"):
            await client.say(line.rstrip("\n"))

    async def show() -> None:
        while (line := await client.heard.get()) is not None:
            print(shown(line), flush=True)

    await asyncio.wait(
        [asyncio.ensure_future(speak()), asyncio.ensure_future(show())], return_when="FIRST_COMPLETED"
    )
    await client.leave()


def typed_lines() -> asyncio.Queue[str]:
    """What is typed, "" at the end. A thread reads, as no loop can wait for a terminal everywhere."""
    lines: asyncio.Queue[str] = asyncio.Queue()
    loop = asyncio.get_running_loop()

    def read() -> None:
        line = "-"
        while line and not loop.is_closed():
            line = sys.stdin.readline()
            loop.call_soon_threadsafe(lines.put_nowait, line)

    threading.Thread(target=read, daemon=True).start()
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    verbs = parser.add_subparsers(required=True, dest="verb", metavar="serve|join")
    serving, joining = verbs.add_parser("serve"), verbs.add_parser("join")
    joining.add_argument("name", type=name, help="who you are")
    joining.add_argument("host", nargs="?", default="127.0.0.1")
    for verb in (serving, joining):
        verb.add_argument("port", nargs="?", type=port, default=8707)
    given = parser.parse_args()
    try:
        asyncio.run(serve(given.port) if given.verb == "serve" else join(given.name, given.host, given.port))
    except OSError as error:  # nobody serves there, the port is taken, there is no such host
        sys.exit(f"cannot {given.verb}: {error}")
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
