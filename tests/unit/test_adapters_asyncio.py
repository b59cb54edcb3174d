"""pysock.aio in the real loops: asyncio's own, uvloop, and one that cannot watch descriptors."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Callable, Iterator

import pytest
from embedding_cases import EmbeddingCases, Host, Line
from needs import needs

import pysock
import pysock.aio

pytestmark = [pytest.mark.adapters, pytest.mark.sockets]


class LoopHost(Host):
    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop

    def attach(self) -> pysock.aio.LoopAttachment:
        return pysock.aio.attach(self.loop)

    def call_later(self, milliseconds: int, function: Callable[[], object]) -> None:
        self.loop.call_later(milliseconds / 1000, function)

    def run(self) -> None:
        self.loop.run_forever()

    def stop(self) -> None:
        self.loop.stop()


class WithoutReaders(asyncio.SelectorEventLoop):
    """As Windows' proactor loop."""

    def add_reader(self, *args: object) -> None:
        raise NotImplementedError


def new_uvloop() -> asyncio.AbstractEventLoop:
    loop: asyncio.AbstractEventLoop = needs("uvloop").new_event_loop()
    return loop


LOOPS: dict[str, Callable[[], asyncio.AbstractEventLoop]] = {"asyncio": asyncio.SelectorEventLoop}
if sys.platform == "win32":
    LOOPS["proactor"] = asyncio.ProactorEventLoop
else:
    LOOPS |= {"uvloop": new_uvloop, "no-readers": WithoutReaders}


def has_readers(loop: asyncio.AbstractEventLoop) -> bool:
    return type(loop).__name__ not in ("WithoutReaders", "ProactorEventLoop")


@pytest.fixture(params=LOOPS)
def loop(request: pytest.FixtureRequest) -> Iterator[asyncio.AbstractEventLoop]:
    loop = LOOPS[request.param]()
    yield loop
    loop.close()


class TestAsyncio(EmbeddingCases):
    @pytest.fixture
    def host(self, loop: asyncio.AbstractEventLoop) -> LoopHost:
        return LoopHost(loop)

    def test_the_descriptor_is_taken_out_of_the_loop(self, host: LoopHost) -> None:
        if not has_readers(host.loop):
            pytest.skip("has none")
        fd = pysock.Pump.current().fileno()
        with host.attach():
            pass
        assert not host.loop.remove_reader(fd)

    def test_the_helper_thread_ends(self, host: LoopHost) -> None:
        before = threading.active_count()
        with host.attach():
            helpers = 0 if has_readers(host.loop) else 1
            assert threading.active_count() == before + helpers
        assert threading.active_count() == before

    def test_coroutines_go_on_beside_callbacks(self, host: LoopHost, line: Line) -> None:
        recorder, theirs = line
        queue: asyncio.Queue[bytes] = asyncio.Queue()
        recorder.on_receive = lambda: queue.put_nowait(recorder.data)

        async def main() -> bytes:
            with pysock.aio.attach():  # the running loop
                await asyncio.sleep(0.005)
                theirs.send(b"for a coroutine")
                return await asyncio.wait_for(queue.get(), 10)

        assert host.loop.run_until_complete(main()) == b"for a coroutine"

    def test_a_loop_that_was_closed_first(self, host: LoopHost) -> None:
        handle = host.attach()
        host.loop.close()
        handle.close()
        assert handle.closed


def test_without_a_loop() -> None:
    with pytest.raises(RuntimeError, match="no running event loop"):
        pysock.aio.attach()


def test_ctrl_c_in_asyncio_run(tmp_path: object) -> None:
    """asyncio.run() cancels its main task on Ctrl-C; a callback's KeyboardInterrupt leaves it at once."""

    def leave() -> None:
        raise KeyboardInterrupt

    async def main() -> None:
        with pysock.aio.attach():
            pysock.Pump.current().call_soon(leave)
            await asyncio.sleep(10)

    with pytest.raises(KeyboardInterrupt):
        asyncio.run(main())


def test_py_25_an_attachment_to_a_loop_that_is_closed_is_in_nobodys_way() -> None:
    async def attach() -> pysock.aio.LoopAttachment:
        return pysock.aio.attach()

    left = asyncio.run(attach())
    assert not left.closed

    async def again() -> None:
        with pysock.aio.attach():
            with pytest.raises(RuntimeError, match="already driven"):
                pysock.aio.attach()

    asyncio.run(again())
    assert left.closed
