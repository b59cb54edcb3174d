"""`connect` and `serve`: which event loop is it?"""

from __future__ import annotations

import asyncio
import ssl as _ssl
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from .._core.push import PushArchive
from ._connection import Connection, Limits, Server, Settings

if TYPE_CHECKING:
    from .._core.push import _Options

READ_LIMITS = (262144, 65536)
WRITE_LIMITS = (65536, 16384)
STALL_TIMEOUT = 60.0


def _driver() -> Any:
    """The module that has `connect` and `serve` for the loop that runs."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        from . import _anyio as driver  # Trio; it needs anyio, and imports it only now

        return driver
    from . import _asyncio

    return _asyncio


def _settings(
    read_limits: tuple[int, int],
    write_limits: tuple[int, int],
    stall_timeout: float | None,
    options: _Options,
) -> Settings:
    if stall_timeout is not None and not stall_timeout > 0:
        raise ValueError(f"stall_timeout must be more than 0 seconds or None, got {stall_timeout!r}")
    PushArchive(**options).close()  # wrong options are told here, not to the first peer
    return Settings(
        Limits.of(read_limits, "read_limits"), Limits.of(write_limits, "write_limits"), stall_timeout, options
    )


async def connect(
    host: str,
    port: int,
    *,
    ssl: _ssl.SSLContext | None = None,
    server_hostname: str | None = None,
    timeout: float | None = None,
    read_limits: tuple[int, int] = READ_LIMITS,
    write_limits: tuple[int, int] = WRITE_LIMITS,
    stall_timeout: float | None = STALL_TIMEOUT,
    **options: Any,
) -> Connection:
    """Connect to a peer that speaks archives.

    `ssl` is a context, and `server_hostname` the name to check instead of `host`. `read_limits` and `write_limits`
    are marks in bytes, (high, low): reading pauses when more than `high` bytes wait for somebody to read them and
    goes on at `low`; `drain` waits from `high` down to `low` bytes that are not sent. A connection that is being
    closed is aborted when the peer has taken nothing for `stall_timeout` seconds; None waits for ever. All other
    options are CArchive's, for both directions; a message may take `max_total` bytes.

    OSError if there is no connection; that is TimeoutError if there is none, with TLS, after `timeout` seconds.
    TypeError or ValueError for wrong options.
    """
    settings = _settings(read_limits, write_limits, stall_timeout, options)  # type: ignore[arg-type]
    driver = _driver()
    try:
        async with driver.limit(timeout):
            connection: Connection = await driver.connect(host, port, settings, ssl, server_hostname)
    except TimeoutError as error:
        if error.args:  # the system's own
            raise
        raise TimeoutError(f"no connection to {host} port {port} within {timeout} s") from None
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
    stall_timeout: float | None = STALL_TIMEOUT,
    **options: Any,
) -> Server:
    """Listen, and run `handler(connection)` for each peer, in a task of its own.

    Under Trio accepting begins with the `async with` of the server. When the handler returns, its connection is
    closed in good order; when it raises, the connection is aborted, and the exception goes to the loop's exception
    handler (under Trio to the logger "pysock.aio"). Port 0 takes a free one: see `Server.port`. The other
    parameters are those of `connect`.
    """
    settings = _settings(read_limits, write_limits, stall_timeout, options)  # type: ignore[arg-type]
    server: Server = await _driver().serve(handler, host, port, settings, ssl, backlog)
    return server
