"""asyncio protocols: --variant LOOP:KIND; KIND proto or buf, LOOP asyncio (the system's default), uvloop, selector
or, on Windows, proactor."""

import asyncio
import sys

from . import _common

LOOPS = ("asyncio", "uvloop", "selector", "proactor")
a = _common.args(tuple(f"{loop}:{kind}" for loop in LOOPS for kind in ("proto", "buf")))
LOOP, KIND = a.variant.split(":")
SINK = a.mode == "sink"
# One read buffer for all connections.  A transport that keeps what write() could not send at once without
# copying it (uvloop until the loop turn ends, asyncio from 3.12 on) must be given bytes of its own.
KEEPS = LOOP == "uvloop" or sys.version_info >= (3, 12)
view = _common.buffer()


class Base:
    __slots__ = ("t", "write")

    def connection_made(self, t):
        self.t = t
        self.write = t.write

    def eof_received(self):
        return False

    def pause_writing(self):
        self.t.pause_reading()

    def resume_writing(self):
        self.t.resume_reading()

    def connection_lost(self, exc):
        self.write = self.t = None


class Echo(Base, asyncio.Protocol):
    __slots__ = ()

    def data_received(self, data):
        self.write(data)


class Sink(Base, asyncio.Protocol):
    __slots__ = ()

    def data_received(self, data):
        pass


class Buffered(Base, asyncio.BufferedProtocol):
    __slots__ = ()

    def get_buffer(self, hint):
        return view


class EchoBuf(Buffered):
    __slots__ = ()

    def buffer_updated(self, n):
        self.write(view[:n])


class EchoBufCopy(Buffered):
    __slots__ = ()

    def buffer_updated(self, n):
        self.write(bytes(view[:n]))


class SinkBuf(Buffered):
    __slots__ = ()

    def buffer_updated(self, n):
        pass


async def main() -> None:
    if KIND == "proto":
        protocol = Sink if SINK else Echo
    else:
        protocol = SinkBuf if SINK else EchoBufCopy if KEEPS else EchoBuf
    s = _common.listener()
    server = await asyncio.get_running_loop().create_server(protocol, sock=s, backlog=4096)
    _common.ready(s.getsockname()[1])
    await server.serve_forever()


if LOOP == "uvloop":
    import uvloop

    new_loop = uvloop.new_event_loop
else:
    names = {"selector": "SelectorEventLoop", "proactor": "ProactorEventLoop"}
    new_loop = getattr(asyncio, names.get(LOOP, "new_event_loop"))
with asyncio.Runner(loop_factory=new_loop) as runner:
    runner.run(main())
