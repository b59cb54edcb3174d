"""Connections on AnyIO's byte streams, for Trio.

A task of the connection sends what `write` gave it, so that a `drain` that is cancelled does not leave half a message
behind; hence the `async with`. Reading is done by who reads: nobody reads, nothing is taken from the peer.
"""

from __future__ import annotations

import logging
import ssl as _ssl
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from types import TracebackType
from typing import Any, Self

import anyio
import anyio.abc
import anyio.streams.tls

from ._connection import Connection, Server, Settings, stalled

Handler = Callable[[Connection], Awaitable[None]]
_PIECE = 65536
_BROKEN = (anyio.BrokenResourceError, anyio.ClosedResourceError)
_EXTRA = {
    "peername": anyio.abc.SocketAttribute.remote_address,
    "sockname": anyio.abc.SocketAttribute.local_address,
    "socket": anyio.abc.SocketAttribute.raw_socket,
    "ssl_object": anyio.streams.tls.TLSAttribute.ssl_object,
}
_log = logging.getLogger("pysock.aio")


@asynccontextmanager
async def limit(seconds: float | None) -> AsyncIterator[None]:
    """A block that raises TimeoutError after that time."""
    with anyio.fail_after(seconds):
        yield


class StreamConnection(Connection):
    def __init__(self, settings: Settings, stream: Any) -> None:
        super().__init__(settings)
        self._stream = stream
        self._queue: deque[bytes] = deque()
        self._unsent = 0  # bytes in the queue and under way
        self._work = anyio.Event()  # for the task that sends
        self._room = anyio.Event()  # for those that drain
        self._ending = False  # nothing more will be written
        self._closed = False
        self._shut = anyio.Event()  # set with it
        self._error: Exception | None = None
        self._tasks: Any = None
        self._sending = (
            anyio.CancelScope()
        )  # the sender alone: that of _tasks is around the user's block, too

    # --- sending

    async def _sender(self) -> None:
        try:
            with self._sending:
                while not self._ending or self._queue:
                    if self._queue:
                        await self._send_queue()
                    else:
                        await self._work.wait()
                        self._work = anyio.Event()
        except _BROKEN as error:
            self._error = error
        finally:
            self._tell_room()

    async def _send_queue(self) -> None:
        data = memoryview(b"".join(self._queue))
        self._queue.clear()
        for at in range(0, len(data), _PIECE):  # in pieces, so that `close` sees whether the peer takes any
            piece = bytes(data[at : at + _PIECE])
            await self._stream.send(piece)
            self._unsent -= len(piece)
            if self._unsent <= self._settings.write_limits.low:
                self._tell_room()

    def _tell_room(self) -> None:
        self._room.set()
        self._room = anyio.Event()

    def _send(self, data: bytes) -> None:
        if self._tasks is None:
            raise RuntimeError("under Trio a connection is used as `async with await connect(...) as conn:`")
        if self._ending or self._closed or self._error is not None:
            raise BrokenPipeError("the connection is closed") from self._error
        self._queue.append(data)
        self._unsent += len(data)
        self._work.set()

    async def drain(self) -> None:
        high, low = self._settings.write_limits
        await self._wait_for_room(low if self._unsent > high else high)

    async def _wait_for_room(self, most: int) -> None:
        while self._error is None and not self._closed and self._unsent > most:
            await self._room.wait()
        if self._error is not None:
            raise ConnectionResetError(f"the connection is broken: {self._error!r}") from self._error
        if self._closed:
            raise ConnectionAbortedError("the connection was closed here")

    async def _flush(self) -> None:
        """Wait until all is sent, as long as the peer takes some of it."""
        while True:
            before = self._unsent
            with anyio.move_on_after(self._settings.stall_timeout):
                await self._wait_for_room(0)
                return
            if self._unsent >= before:
                raise stalled(self._settings, before)

    # --- receiving

    async def _more(self) -> None:
        try:
            data = await self._stream.receive(_PIECE)
        except anyio.EndOfStream:
            self._in.eof()
        except _BROKEN as error:
            raise ConnectionResetError(f"the connection is broken: {error!r}") from error
        else:
            self._in.feed(data)

    def _taken(self) -> None:
        """Nothing is paused: who reads fetches."""

    def _timeout(self, seconds: float | None) -> AbstractAsyncContextManager[Any]:
        return limit(seconds)

    # --- life

    async def __aenter__(self) -> Self:
        self._tasks = anyio.create_task_group()
        await self._tasks.__aenter__()
        self._tasks.start_soon(self._sender)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                await self.close()
            else:
                self.abort()
        finally:
            self.abort()
            self._tasks.cancel_scope.cancel()
            # Not told of the exception, which would come back wrapped in a group.
            await self._tasks.__aexit__(None, None, None)
            with anyio.CancelScope(shield=True):
                await anyio.aclose_forcefully(self._stream)

    async def close(self, *, linger: float = 5.0) -> None:
        if self._closed:
            return
        if self._ending:  # another task closes it
            await self._shut.wait()
            return
        self._ending = True
        try:
            await self._flush()
            try:
                await self._stream.send_eof()
            except (NotImplementedError, *_BROKEN):  # TLS cannot be half closed
                pass
            else:
                with anyio.move_on_after(linger):
                    await self._drop_the_rest()
            with anyio.move_on_after(linger):
                await self._stream.aclose()
        finally:
            self.abort()

    async def _drop_the_rest(self) -> None:
        try:
            while not self._busy:  # else who reads will meet the end
                await self._stream.receive(_PIECE)
        except (anyio.EndOfStream, *_BROKEN):
            pass

    def abort(self) -> None:
        if self._tasks is not None and not self._closed:
            self._sending.cancel()
            self._tasks.start_soon(anyio.aclose_forcefully, self._stream)  # this wakes who reads
        self._closed = self._ending = True
        self._shut.set()
        self._tell_room()
        if not self._busy:
            self._in.close()

    def get_extra_info(self, name: str) -> Any:
        attribute = _EXTRA.get(name)
        return None if attribute is None else self._stream.extra(attribute, None)

    def __repr__(self) -> str:
        state = "closed" if self._closed or self._error is not None else "open"
        return f"<pysock.aio.Connection {state} to {self.get_extra_info('peername')}>"


class ListenerServer(Server):
    def __init__(self, handler: Handler, settings: Settings, listener: Any, addresses: list[Any]) -> None:
        self._handler, self._settings, self._listener = handler, settings, listener
        self.addresses = addresses
        self.port = self.addresses[0][1]
        self._accepting = anyio.CancelScope()
        self._handlers = 0
        self._done = anyio.Event()
        self._tasks: Any = None

    async def _accept(self) -> None:
        with self._accepting:
            await self._listener.serve(self._handle, self._tasks)
        await self._listener.aclose()
        self._end_if_idle()

    async def _handle(self, stream: Any) -> None:
        connection = StreamConnection(self._settings, stream)
        self._handlers += 1
        try:
            async with connection:
                await self._handler(connection)
        except Exception:
            _log.exception("the handler of %r failed", connection)
        finally:
            self._handlers -= 1
            self._end_if_idle()

    def _end_if_idle(self) -> None:
        if self._accepting.cancel_called and self._handlers == 0:
            self._done.set()

    def close(self) -> None:
        self._accepting.cancel()

    async def wait_closed(self) -> None:
        await self._done.wait()

    async def __aenter__(self) -> Self:
        self._tasks = anyio.create_task_group()
        await self._tasks.__aenter__()
        self._tasks.start_soon(self._accept)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._tasks.cancel_scope.cancel()
        try:
            await self._tasks.__aexit__(None, None, None)
        finally:
            with anyio.CancelScope(shield=True):
                await self._listener.aclose()


async def connect(
    host: str, port: int, settings: Settings, ssl: _ssl.SSLContext | None, server_hostname: str | None
) -> Connection:
    stream: Any
    if ssl is None:
        stream = await anyio.connect_tcp(host, port)
    else:
        stream = await anyio.connect_tcp(host, port, ssl_context=ssl, tls_hostname=server_hostname or host)
    return StreamConnection(settings, stream)


async def serve(
    handler: Handler,
    host: str | None,
    port: int,
    settings: Settings,
    ssl: _ssl.SSLContext | None,
    backlog: int,
) -> Server:
    plain: Any = await anyio.create_tcp_listener(local_host=host, local_port=port, backlog=backlog)
    listener = plain if ssl is None else anyio.streams.tls.TLSListener(plain, ssl)
    return ListenerServer(
        handler,
        settings,
        listener,
        [one.extra(anyio.abc.SocketAttribute.local_address) for one in plain.listeners],
    )
