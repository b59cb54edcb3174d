"""asyncio and uvloop with struct: --variant LOOP:KIND.

streams: StreamReader and StreamWriter, a readexactly and a write a record; batch: the same, but the one-way
stream is read and written in whole blocks; proto: a Protocol, without streams.
"""

import asyncio
import time

from ..servers._common import listener, ready
from . import _record
from ._record import COUNT, RECORD, SUM, answer, made

pack, unpack_from, iter_unpack, SIZE = RECORD.pack, RECORD.unpack_from, RECORD.iter_unpack, RECORD.size
BLOCK = 65536


# ---- streams -----------------------------------------------------------------------------


async def stream_server(reader, writer):
    try:
        (count,) = COUNT.unpack(await reader.readexactly(4))
        if count == 0:
            while True:
                writer.write(pack(*answer(*RECORD.unpack(await reader.readexactly(SIZE)))))
        total = await (batch_sum if KIND == "batch" else record_sum)(reader, count)
        writer.write(SUM.pack(total & _record.MASK))
        await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


async def record_sum(reader, count):
    total = 0
    for _ in range(count):
        number, _kind, _level, when, _value = RECORD.unpack(await reader.readexactly(SIZE))
        total += number + when
    return total


async def batch_sum(reader, count):
    total, rest = 0, b""
    while count:
        data = rest + await reader.read(BLOCK)
        whole = len(data) // SIZE * SIZE
        for number, _kind, _level, when, _value in iter_unpack(data[:whole]):
            total += number + when
        count -= whole // SIZE
        rest = data[whole:]
    return total


async def stream_echo(reader, writer):
    try:
        while True:
            writer.write(pack(*RECORD.unpack(await reader.readexactly(SIZE))))
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


async def stream_ask(port, seconds, warmup):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(COUNT.pack(0))
    watch, i = _record.Stopwatch(seconds, warmup), 0
    while watch.running():
        fields = made(i)
        writer.write(pack(*fields))
        if RECORD.unpack(await reader.readexactly(SIZE)) != answer(*fields):
            raise SystemExit("wrong answer")
        watch.took()
        i += 1
    writer.close()
    watch.report()


async def stream_stream(port, count):
    expected = _record.expected_sum(count)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(COUNT.pack(count))
    before = time.perf_counter()
    if KIND == "batch":
        per = BLOCK // SIZE
        for first in range(0, count, per):
            writer.write(b"".join([pack(*made(i)) for i in range(first, min(first + per, count))]))
            await writer.drain()
    else:
        for i in range(count):
            writer.write(pack(*made(i)))
            if not i & 255:
                await writer.drain()
    (back,) = SUM.unpack(await reader.readexactly(8))
    took = time.perf_counter() - before
    writer.close()
    _record.report_stream(count, took, back, expected)


# ---- protocols -----------------------------------------------------------------------------


class Base(asyncio.Protocol):
    __slots__ = ("rest", "transport", "write")

    def connection_made(self, transport):
        self.transport, self.write, self.rest = transport, transport.write, b""

    def records(self, data):
        """The whole records there are; a part of one is kept."""
        if self.rest:
            data = self.rest + data
        whole = len(data) // SIZE * SIZE
        self.rest = data[whole:]
        return iter_unpack(data if whole == len(data) else data[:whole])

    def pause_writing(self):
        self.transport.pause_reading()

    def resume_writing(self):
        self.transport.resume_reading()


class Echo(Base):
    __slots__ = ()

    def data_received(self, data):
        if len(data) == SIZE and not self.rest:
            self.write(pack(*unpack_from(data)))
        else:
            self.write(b"".join([pack(*fields) for fields in self.records(data)]))


class Server(Base):
    __slots__ = ("count", "total")

    def connection_made(self, transport):
        super().connection_made(transport)
        self.count = None

    def data_received(self, data):
        if self.count is None:
            data = self.rest + data
            if len(data) < 4:
                self.rest = data
                return
            (self.count,) = COUNT.unpack_from(data)
            self.total, self.rest, data = 0, b"", data[4:]
        if self.count == 0:
            if len(data) == SIZE and not self.rest:
                self.write(pack(*answer(*unpack_from(data))))
            else:
                self.write(b"".join([pack(*answer(*fields)) for fields in self.records(data)]))
            return
        for number, _kind, _level, when, _value in self.records(data):
            self.total += number + when
            self.count -= 1
        if self.count == 0:
            self.write(SUM.pack(self.total & _record.MASK))
            self.transport.close()


class Asker(Base):
    """Sends the next request from data_received, so that no task is woken."""

    __slots__ = ("done", "fields", "i", "watch")

    def __init__(self, seconds, warmup, done):
        self.watch, self.i, self.done = _record.Stopwatch(seconds, warmup), 0, done

    def connection_made(self, transport):
        super().connection_made(transport)
        self.write(COUNT.pack(0))
        self.ask()

    def ask(self):
        if self.watch.running():
            self.fields = made(self.i)
            self.write(pack(*self.fields))
        else:
            self.transport.close()
            self.done.set_result(None)

    def data_received(self, data):
        for back in self.records(data):
            if back != answer(*self.fields):
                raise SystemExit("wrong answer")
            self.watch.took()
            self.i += 1
            self.ask()


async def proto_ask(port, seconds, warmup):
    loop = asyncio.get_running_loop()
    done = loop.create_future()
    _, asker = await loop.create_connection(lambda: Asker(seconds, warmup, done), "127.0.0.1", port)
    await done
    asker.watch.report()


async def serve(handler, protocol):
    s = listener()
    if KIND == "proto":
        server = await asyncio.get_running_loop().create_server(protocol, sock=s, backlog=4096)
    else:
        server = await asyncio.start_server(handler, sock=s, backlog=4096)
    ready(s.getsockname()[1])
    await server.serve_forever()


def main():
    if a.task == "serve":
        return serve(stream_server, Server)
    if a.task == "many":
        return serve(stream_echo, Echo)
    if a.task == "ask":
        return (proto_ask if KIND == "proto" else stream_ask)(a.port, a.seconds, a.warmup)
    return stream_stream(a.port, a.count)


KINDS = ("streams", "batch", "proto")
a = _record.arguments(tuple(f"{loop}:{kind}" for loop in ("asyncio", "uvloop") for kind in KINDS))
LOOP, KIND = a.variant.split(":")
if LOOP == "uvloop":
    import uvloop

    new_loop = uvloop.new_event_loop
else:
    new_loop = asyncio.new_event_loop
with asyncio.Runner(loop_factory=new_loop) as runner:
    runner.run(main())
