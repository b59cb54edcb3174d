"""`connect` and `serve`: which event loop is it?"""

from __future__ import annotations

import asyncio
import ssl as _ssl
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from ._connection import Connection, Limits, Server, Settings

if TYPE_CHECKING:
    from .._core.push import _Options

READ_LIMITS = (262144, 65536)
WRITE_LIMITS = (65536, 16384)


def _driver() -> Any:
    """The module that has `connect` and `serve` for the loop that runs."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        from . import _anyio as driver  # Trio; it needs anyio, and imports it only now

        return driver
    from . import _asyncio

    return _asyncio


def _settings(read_limits: tuple[int, int], write_limits: tuple[int, int], options: _Options) -> Settings:
    return Settings(Limits.of(read_limits, "read_limits"), Limits.of(write_limits, "write_limits"), options)


async def connect(
    host: str,
    port: int,
    *,
    ssl: _ssl.SSLContext | None = None,
    server_hostname: str | None = None,
    read_limits: tuple[int, int] = READ_LIMITS,
    write_limits: tuple[int, int] = WRITE_LIMITS,
    **options: Any,
) -> Connection:
    """Connect to a peer that speaks archives.

    `ssl` is a context, and `server_hostname` the name to check instead of `host`. `read_limits` and `write_limits`
    are marks in bytes, (high, low): reading pauses when more than `high` bytes wait for somebody to read them and
    goes on at `low`; `drain` waits from `high` down to `low` bytes that are not sent. All other options are
    CArchive's, for both directions.

    OSError if there is no connection; asyncio's and Trio's own time-outs can be put around.
    """
    settings = _settings(read_limits, write_limits, options)  # type: ignore[arg-type]
    connection: Connection = await _driver().connect(host, port, settings, ssl, server_hostname)
    return connection


async def serve(
    handler: Callable[[Connection], Awaitable[None]],
    host: str | None = None,
    port: int = 0,
    *,
    ssl: _ssl.SSLContext | None = None,
    backlog: int = 100,
    read_limits: tuple[int, int] = READ_LIMITS,
    write_limits: tuple[int, int] = WRITE_LIMITS,
    **options: Any,
) -> Server:
    """Listen, and run `handler(connection)` for each peer, in a task of its own.

    Under Trio accepting begins with the `async with` of the server. When the handler returns, its connection is
    closed in good order; when it raises, the connection is aborted, and the exception goes to the loop's exception
    handler (under Trio to the logger "pysock.aio"). Port 0 takes a free one: see `Server.port`. The other
    parameters are those of `connect`.
    """
    settings = _settings(read_limits, write_limits, options)  # type: ignore[arg-type]
    server: Server = await _driver().serve(handler, host, port, settings, ssl, backlog)
    return server
