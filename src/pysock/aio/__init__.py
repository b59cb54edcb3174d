"""MFC's archives and sockets in an event loop.

`connect` and `serve` give connections that carry archive data, with `await`: under asyncio and uvloop, and under Trio
by way of AnyIO (the extra `anyio`)::

    async with await pysock.aio.connect("127.0.0.1", 8000) as conn:
        conn.write(CMsg("hello"), by_value(CMsg))
        async for msg in conn.messages(by_value(CMsg)):
            print(msg.text)

`attach` lets an asyncio loop drive the callbacks of `CAsyncSocket` and `CSocket`::

    async def main():
        with pysock.aio.attach():
            server = Server()
            server.Create(8000)
            server.Listen()
            await asyncio.Event().wait()
"""

from __future__ import annotations

from ._attach import LoopAttachment, attach, detach
from ._connection import Connection, Server
from ._open import connect, serve

__all__ = ["Connection", "LoopAttachment", "Server", "attach", "connect", "detach", "serve"]
