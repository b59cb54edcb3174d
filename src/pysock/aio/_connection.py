"""What a connection is, whatever moves its bytes: an archive that is fed, one that stores into memory."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from types import TracebackType
from typing import TYPE_CHECKING, Any, NamedTuple, Self, TypeVar, overload

from .._core.carchive import CArchive
from .._core.push import PENDING, Pending, PushArchive

if TYPE_CHECKING:
    from .._core.carchive import _Loads, _Made
    from .._core.classes import CObject
    from .._core.push import _Options
    from .._core.wire import WCHAR, CString, CStringA, CStringW, FloatBox, IntBox, bool_

V = TypeVar("V")
Obj = TypeVar("Obj", bound="CObject")


class Limits(NamedTuple):
    """Marks, in bytes: above `high` a direction pauses, at or below `low` it goes on."""

    high: int
    low: int

    @classmethod
    def of(cls, marks: tuple[int, int], what: str) -> Limits:
        """Checked: ValueError unless high >= low >= 0."""
        if not marks[0] >= marks[1] >= 0:
            raise ValueError(f"{what} must be (high, low) with high >= low >= 0, got {marks!r}")
        return cls(*marks)


class Settings(NamedTuple):
    """What connections of one client or server have in common."""

    read_limits: Limits
    write_limits: Limits
    stall_timeout: float | None
    options: _Options


def stalled(settings: Settings, unsent: int) -> TimeoutError:
    """What `close` raises when the peer takes nothing."""
    return TimeoutError(
        f"the peer took nothing for {settings.stall_timeout} s; {unsent} bytes or more are not sent"
    )


class Outbox:
    """Turns values into bytes: a storing archive over a list."""

    def __init__(self, options: _Options) -> None:
        self._parts: list[bytes] = []
        self.archive = CArchive(self, CArchive.store, **options)

    def write(self, data: bytes) -> None:
        """What the archive calls as its file."""
        self._parts.append(data)

    def pack(self, store: Callable[[CArchive], object]) -> bytes:
        """The bytes of what `store` stores; if it raises, the archive is as before."""
        with self.archive.transaction():
            store(self.archive)
        self.archive.Flush()
        data = b"".join(self._parts)
        self._parts.clear()
        return data


class _End:
    """The stream ended between two messages."""


class Connection(ABC):
    """A stream of archive data to and from one peer; made by `connect` and `serve`.

    There is one archive for each direction as long as the connection lives, so an object that was sent before is sent
    as a reference, as between two MFC archives that stay open. One task may read at a time; a read that is
    cancelled or timed out has lost nothing, and the next one begins where it began.

    As an async context manager it closes in good order, or aborts if an exception leaves the block.
    """

    __module__ = "pysock.aio"

    def __init__(self, settings: Settings) -> None:
        self._in = PushArchive(**settings.options)
        self._out = Outbox(settings.options)
        self._settings = settings
        self._busy = False  # a task reads

    # --- what moves bytes

    @abstractmethod
    async def _more(self) -> None:
        """Wait until more bytes were fed, or the end. Raises ConnectionError if the connection is broken."""

    @abstractmethod
    def _taken(self) -> None:
        """A value was read: perhaps reading can go on."""

    @abstractmethod
    def _send(self, data: bytes) -> None:
        """Begin to send. Raises ConnectionError if the connection is closed."""

    @abstractmethod
    def _timeout(self, seconds: float | None) -> AbstractAsyncContextManager[Any]:
        """A block that raises TimeoutError after that time."""

    @abstractmethod
    async def drain(self) -> None:
        """Wait while more than the high mark of `write_limits` waits to be sent, until it is down to the low one.

        Call it after `write`, or memory fills up with what a slow peer does not take. Raises ConnectionError
        if the connection is broken.
        """

    @abstractmethod
    async def close(self, *, linger: float = 5.0) -> None:
        """Send what was written, tell the peer that this was all, and close.

        Nothing is lost: it waits until everything is sent, and then, for at most `linger` seconds, until the peer has
        closed its side, as closing earlier could take back from it what it has not received yet. What the
        peer sends meanwhile is dropped. A second time nothing happens.

        TimeoutError, and the connection is aborted, if the peer takes nothing for `stall_timeout` seconds (see
        `connect`) while there is something to send; ConnectionError if it breaks or is aborted meanwhile. TLS has no
        half-closed state: under asyncio it waits up to `stall_timeout` seconds (30 if None) for the peer to end TLS,
        and the loop may hold some of the last bytes until then; what a peer has not taken by then is lost, untold.
        """

    @abstractmethod
    def abort(self) -> None:
        """Close at once; what was not sent is lost. A second time nothing happens."""

    @abstractmethod
    def get_extra_info(self, name: str) -> Any:
        """As of an asyncio transport: "peername", "sockname", "socket", "ssl_object"; None if there is none."""

    # --- reading

    @overload
    async def read(  # type: ignore[overload-overlap]
        self,
        T: type[WCHAR] | type[CString] | type[CStringA] | type[CStringW],
        *,
        timeout: float | None = None,
    ) -> str: ...
    @overload
    async def read(self, T: type[bool_], *, timeout: float | None = None) -> bool: ...
    @overload
    async def read(self, T: type[IntBox], *, timeout: float | None = None) -> int: ...
    @overload
    async def read(self, T: type[FloatBox], *, timeout: float | None = None) -> float: ...
    @overload
    async def read(self, T: type[_Made], *, timeout: float | None = None) -> _Made: ...
    @overload
    async def read(self, T: _Loads[V], *, timeout: float | None = None) -> V: ...
    @overload
    async def read(self, T: type[Obj], *, timeout: float | None = None) -> Obj | None: ...
    @overload
    async def read(self, T: Any, *, timeout: float | None = None) -> Any: ...
    async def read(self, T: Any, *, timeout: float | None = None) -> Any:
        """Wait for a value of the wire type `T`, as `CArchive.read` gives it.

        ArchiveEndOfFile if the stream ends first, another CArchiveException if it is wrong, ConnectionError if the
        connection breaks, TimeoutError after `timeout` seconds.
        """
        return await self._take(lambda: self._in.try_read(T), timeout)

    async def load(self, function: Callable[[CArchive], V], *, timeout: float | None = None) -> V:
        """Wait for `function(archive)`: for messages that no one type describes.

        As PushArchive.try_load: it may be called again from the start, and should do nothing but load.
        """
        return await self._take(lambda: self._in.try_load(function), timeout)

    async def read_line(self, *, unicode: bool | None = None, timeout: float | None = None) -> str | None:
        """Wait for a line of text, without its end; None at the end of the stream."""
        return await self._take(lambda: self._in.try_line(unicode), timeout)

    @overload
    def messages(  # type: ignore[overload-overlap]
        self,
        T: type[WCHAR] | type[CString] | type[CStringA] | type[CStringW],
        *,
        timeout: float | None = None,
    ) -> AsyncIterator[str]: ...
    @overload
    def messages(self, T: type[bool_], *, timeout: float | None = None) -> AsyncIterator[bool]: ...
    @overload
    def messages(self, T: type[IntBox], *, timeout: float | None = None) -> AsyncIterator[int]: ...
    @overload
    def messages(self, T: type[FloatBox], *, timeout: float | None = None) -> AsyncIterator[float]: ...
    @overload
    def messages(self, T: type[_Made], *, timeout: float | None = None) -> AsyncIterator[_Made]: ...
    @overload
    def messages(self, T: _Loads[V], *, timeout: float | None = None) -> AsyncIterator[V]: ...
    @overload
    def messages(self, T: type[Obj], *, timeout: float | None = None) -> AsyncIterator[Obj | None]: ...
    @overload
    def messages(self, T: Any, *, timeout: float | None = None) -> AsyncIterator[Any]: ...
    def messages(self, T: Any, *, timeout: float | None = None) -> AsyncIterator[Any]:
        """Iterate over values of the wire type `T` until the peer has closed its side.

        As `read`; but the end of the stream, where no message has begun, ends the loop. `timeout` is for each.
        ValueError if a value takes no bytes, as there would be no end of them.
        """

        return _Messages(self, T, timeout)

    def _next_message(self, T: Any) -> Any:
        if self._in.at_eof:
            return _End
        before = self._in.unread
        value = self._in.try_read(T)
        if value is not PENDING and self._in.unread == before:
            raise ValueError(f"a value of {T!r} took no bytes: there would be no end of such messages")
        return value

    async def _take(self, attempt: Callable[[], V | Pending], timeout: float | None) -> V:
        if self._busy:
            raise RuntimeError("another task is reading from this connection")
        if self._in.archive.closed:
            raise ConnectionAbortedError("the connection is closed")
        self._busy = True
        try:
            if (value := attempt()) is PENDING:
                async with self._timeout(timeout):
                    while value is PENDING:
                        await self._more()
                        value = attempt()
        finally:
            self._busy = False
        self._taken()
        return value

    # --- writing

    def write(self, value: Any, T: Any = None) -> None:
        """Send a value as the wire type `T`, or as `ar << value` would without one.

        All of it or, if it raises, nothing. It never waits: see `drain`. ConnectionError if the connection is
        closed or broken.
        """
        self._send(self._out.pack(lambda ar: ar.write(value, T)))

    def store(self, function: Callable[[CArchive], object]) -> None:
        """Send what `function(archive)` stores, all of it or, if it raises, nothing."""
        self._send(self._out.pack(function))

    # --- life

    @property
    def unread(self) -> int:
        """Bytes that have come and belong to no value that was read."""
        return self._in.unread

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            await self.close()
        else:
            self.abort()


class _Messages:
    """What `messages` gives.  No generator: nothing has to be closed when a loop is left early, of which Trio warns."""

    def __init__(self, connection: Connection, T: Any, timeout: float | None) -> None:
        self._connection, self._timeout = connection, timeout
        self._attempt = lambda: connection._next_message(T)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Any:
        value = await self._connection._take(self._attempt, self._timeout)
        if value is _End:
            raise StopAsyncIteration
        return value


class Server(ABC):
    """Accepts connections and gives each to the handler, in a task of its own; made by `serve`.

    As an async context manager it stops at the end of the block: handlers are cancelled.
    """

    __module__ = "pysock.aio"

    port: int  # the first listening socket's
    addresses: list[Any]  # of all of them

    @abstractmethod
    def close(self) -> None:
        """Accept no more connections. Those that are open go on."""

    @abstractmethod
    async def wait_closed(self) -> None:
        """Wait until `close` was called and every handler has ended."""

    @abstractmethod
    async def __aenter__(self) -> Self: ...

    @abstractmethod
    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
