"""Connections on asyncio's and uvloop's transports."""

from __future__ import annotations

import asyncio
import ssl as _ssl
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from types import TracebackType
from typing import Any, Self, cast

from ._connection import Connection, Limits, Server, Settings, stalled

Handler = Callable[[Connection], Awaitable[None]]


limit = asyncio.timeout
TLS_SHUTDOWN = 30.0  # seconds that a loop waits for the end of TLS unless told otherwise


class TransportConnection(Connection, asyncio.Protocol):
    """Is its own protocol: bytes go from the loop straight into the archive."""

    _transport: asyncio.Transport

    def __init__(
        self, settings: Settings, on_made: Callable[[TransportConnection], None] | None = None
    ) -> None:
        super().__init__(settings)
        self._loop = asyncio.get_running_loop()
        self._on_made = on_made
        self._reader: asyncio.Future[None] | None = None  # waits for bytes
        self._drainers: list[asyncio.Future[None]] = []
        self._gone: asyncio.Future[None] = self._loop.create_future()  # connection_lost was called
        self._ended: asyncio.Future[None] = self._loop.create_future()  # the peer has closed its side
        self._error: Exception | None = None  # why it broke
        # What one message may take at most is also what the archive keeps unread.
        high, low = settings.read_limits
        most = self._in.archive.max_total
        self._marks = settings.read_limits if most is None else Limits(min(high, most), min(low, most))
        self._paused = False  # we asked the loop not to read
        self._full = False  # the loop asked us not to write
        self._closing = False

    # --- as the loop sees it

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        high, low = self._settings.write_limits
        if self._is_tls():
            high = max(high, 1)  # at 0 a TLS transport is full when it is empty
        self._transport.set_write_buffer_limits(high, low)
        if self._on_made is not None:
            self._on_made(self)

    def data_received(self, data: bytes) -> None:
        if self._closing:
            return
        self._in.feed(data)
        if self._in.needed == 0:
            self._wake()
        waiting = self._reader is not None and not self._reader.done()
        if not waiting and not self._paused and self._in.unread > self._marks.high:
            self._paused = True
            self._transport.pause_reading()

    def eof_received(self) -> bool:
        self._end()
        return not self._is_tls()  # which cannot be half closed

    def connection_lost(self, exc: Exception | None) -> None:
        if exc is None and not (self._closing and not self._ended.done()):
            self._end()
        self._error = exc or ConnectionAbortedError("the connection was closed here")
        for future in (self._ended, self._gone):
            if not future.done():
                future.set_result(None)
        self._wake()
        self.resume_writing()

    def pause_writing(self) -> None:
        self._full = True

    def resume_writing(self) -> None:
        self._full = False
        for future in self._drainers:
            if not future.done():
                future.set_result(None)
        self._drainers.clear()

    def _end(self) -> None:
        if not self._ended.done():
            self._ended.set_result(None)
            if not self._in.archive.closed:
                self._in.eof()
            self._wake()

    def _is_tls(self) -> bool:
        return self._transport.get_extra_info("sslcontext") is not None

    def _wake(self) -> None:
        if self._reader is not None and not self._reader.done():
            self._reader.set_result(None)

    # --- as the connection sees it

    async def _more(self) -> None:
        if self._error is not None:
            raise ConnectionResetError(f"the connection is broken: {self._error}") from self._error
        if self._paused:
            self._paused = False
            self._transport.resume_reading()
        self._reader = self._loop.create_future()
        try:
            await self._reader
        finally:
            self._reader = None

    def _taken(self) -> None:
        if self._paused and self._in.unread <= self._marks.low:
            self._paused = False
            self._transport.resume_reading()

    def _send(self, data: bytes) -> None:
        if self._closing or self._error is not None or self._transport.is_closing():
            raise BrokenPipeError("the connection is closed") from self._error
        self._transport.write(data)

    def _timeout(self, seconds: float | None) -> AbstractAsyncContextManager[Any]:
        return asyncio.timeout(seconds)

    async def drain(self) -> None:
        if self._error is not None:
            raise ConnectionResetError(f"the connection is broken: {self._error}") from self._error
        if self._full:
            future: asyncio.Future[None] = self._loop.create_future()
            self._drainers.append(future)
            try:
                await future
            finally:  # cancelled again and again while the peer takes nothing, these would pile up
                if future in self._drainers:
                    self._drainers.remove(future)
            if self._error is not None:
                raise ConnectionResetError(f"the connection is broken: {self._error}") from self._error

    async def close(self, *, linger: float = 5.0) -> None:
        if self._closing:
            await asyncio.shield(self._gone)
            return
        self._closing = True
        try:
            if self._error is None:
                await self._finish(linger)
        except BaseException:
            self._transport.abort()
            raise
        finally:
            self._forget()

    def _forget(self) -> None:
        if not self._busy:  # who reads is told by connection_lost
            self._in.close()

    async def _finish(self, linger: float) -> None:
        transport = self._transport
        if self._paused:
            self._paused = False
            transport.resume_reading()
        if self._is_tls():
            transport.set_write_buffer_limits(1, 0)  # `drain` now waits for the last byte
            await self._flush()
            # The loop may still hold the last bytes; the peer's answer says that it has all.
            linger = max(linger, self._settings.stall_timeout or TLS_SHUTDOWN)
        else:
            transport.set_write_buffer_limits(0)
            try:
                transport.write_eof()
            except OSError:
                pass  # the peer has broken it; connection_lost will tell
            else:
                await self._flush()
                await asyncio.wait([self._ended], timeout=linger)
        transport.close()
        await asyncio.wait([self._gone], timeout=linger)
        if not self._gone.done():
            transport.abort()
            await asyncio.shield(self._gone)

    async def _flush(self) -> None:
        """Wait until all is sent, as long as the peer takes some of it."""
        while True:
            before = self._transport.get_write_buffer_size()
            try:
                async with asyncio.timeout(self._settings.stall_timeout):
                    return await self.drain()
            except TimeoutError:
                if self._transport.get_write_buffer_size() >= before:
                    raise stalled(self._settings, before) from None

    def abort(self) -> None:
        self._closing = True
        self._transport.abort()
        self._forget()

    def get_extra_info(self, name: str) -> Any:
        return self._transport.get_extra_info(name)

    def __repr__(self) -> str:
        state = "closed" if self._closing or self._error is not None else "open"
        return f"<pysock.aio.Connection {state} to {self.get_extra_info('peername')}>"


class LoopServer(Server):
    def __init__(self, handler: Handler, settings: Settings) -> None:
        self._handler, self._settings = handler, settings
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.AbstractServer
        self._stopped = asyncio.Event()

    async def open(self, host: str | None, port: int, ssl: _ssl.SSLContext | None, backlog: int) -> None:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: TransportConnection(self._settings, self._made),
            host,
            port,
            ssl=ssl,
            backlog=backlog,
            **_shutdown(self._settings, ssl),
        )
        self.addresses = [s.getsockname() for s in cast(Any, self._server).sockets]
        self.port = self.addresses[0][1]

    def _made(self, connection: TransportConnection) -> None:
        task = asyncio.get_running_loop().create_task(self._handle(connection))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _handle(self, connection: TransportConnection) -> None:
        try:
            async with connection:
                await self._handler(connection)
        except Exception as error:
            asyncio.get_running_loop().call_exception_handler(
                {"message": f"the handler of {connection!r} failed", "exception": error}
            )

    def close(self) -> None:
        self._server.close()
        self._stopped.set()

    async def wait_closed(self) -> None:
        await self._stopped.wait()
        while self._tasks:
            await asyncio.wait(set(self._tasks))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
        for task in self._tasks:
            task.cancel()
        await self.wait_closed()


def _shutdown(settings: Settings, ssl: _ssl.SSLContext | None) -> dict[str, Any]:
    """How long the loop waits for the end of TLS, in which it sends what it still holds."""
    return (
        {}
        if ssl is None or settings.stall_timeout is None
        else {"ssl_shutdown_timeout": settings.stall_timeout}
    )


async def connect(
    host: str, port: int, settings: Settings, ssl: _ssl.SSLContext | None, server_hostname: str | None
) -> Connection:
    loop = asyncio.get_running_loop()
    _, connection = await loop.create_connection(
        lambda: TransportConnection(settings),
        host,
        port,
        ssl=ssl,
        server_hostname=server_hostname,
        **_shutdown(settings, ssl),
    )
    return connection


async def serve(
    handler: Handler,
    host: str | None,
    port: int,
    settings: Settings,
    ssl: _ssl.SSLContext | None,
    backlog: int,
) -> Server:
    server = LoopServer(handler, settings)
    await server.open(host, port, ssl, backlog)
    return server
