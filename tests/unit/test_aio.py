"""pysock.aio: connections that carry archives, under asyncio, uvloop, and Trio by AnyIO."""

import asyncio
import inspect
import socket
import ssl
import struct
import subprocess
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from needs import needs, needs_command

import pysock
import pysock.aio
from pysock import (
    DWORD,
    WORD,
    ArchiveEndOfFile,
    CArchive,
    CArchiveException,
    CByteArray,
    CObject,
    CString,
    CStringList,
    array_of,
    by_value,
    raw,
)

pytestmark = pytest.mark.adapters
HERE = "127.0.0.1"
Main = Callable[[], Awaitable[None]]


class CMsg(CObject):
    """As the chat's: no tag, its body alone."""

    def __init__(self, text: str = "", lines: tuple[str, ...] = ()) -> None:
        self.text, self.lines = text, list(lines)

    def Serialize(self, ar: CArchive) -> None:
        if ar.IsStoring():
            ar.WriteWORD(0)
            ar.WriteCString(self.text)
            CStringList(self.lines).Serialize(ar)
        else:
            assert ar.ReadWORD() == 0
            self.text = ar.ReadCString()
            got = CStringList()
            got.Serialize(ar)
            self.lines = list(got)


MSG = by_value(CMsg)


class CNode(CObject, schema=1, name="CAioNode"):
    next: Any = None

    def Serialize(self, ar: CArchive) -> None:
        if ar.IsStoring():
            ar.WriteObject(self.next)
        else:
            self.next = ar.ReadObject(CNode)


def run_asyncio(main: Main) -> None:
    asyncio.run(main())  # type: ignore[arg-type]


def run_uvloop(main: Main) -> None:
    needs("uvloop").run(main())


def run_trio(main: Main) -> None:
    needs("anyio")
    needs("trio").run(main)


@pytest.fixture(params=[run_asyncio, run_uvloop, run_trio], ids=["asyncio", "uvloop", "trio"])
def run(request: pytest.FixtureRequest) -> Callable[[Main], None]:
    if request.param is not run_asyncio:
        needs("anyio") if request.param is run_trio else needs("uvloop")

    def limited(main: Main) -> None:
        async def within() -> None:
            async with asyncio.timeout(60):
                await main()

        request.param(main if request.param is run_trio else within)

    return limited


async def sleep(seconds: float) -> None:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        import trio

        await trio.sleep(seconds)
    else:
        await asyncio.sleep(seconds)


async def echo(conn: pysock.aio.Connection) -> None:
    async for msg in conn.messages(MSG):
        conn.write(msg, MSG)
        await conn.drain()


def test_messages_there_and_back(run: Callable[[Main], None]) -> None:
    async def main() -> None:
        async with await pysock.aio.serve(echo, HERE) as server:
            async with await pysock.aio.connect(HERE, server.port) as conn:
                for i in range(50):
                    conn.write(CMsg("x" * i, ("a", "b") * i), MSG)
                await conn.drain()
                for i in range(50):
                    msg = await conn.read(MSG, timeout=30)
                    assert (msg.text, len(msg.lines)) == ("x" * i, 2 * i)
                assert conn.unread == 0 and conn.get_extra_info("peername")[1] == server.port

    run(main)


def test_objects_keep_their_identity_over_messages(run: Callable[[Main], None]) -> None:
    async def handler(conn: pysock.aio.Connection) -> None:
        async for node in conn.messages(CNode):
            assert node.next is None or node.next.next is node
            conn.write(node)

    async def main() -> None:
        async with await pysock.aio.serve(handler, HERE) as server:
            async with await pysock.aio.connect(HERE, server.port) as conn:
                a, b = CNode(), CNode()
                a.next, b.next = b, a
                conn.write(a)
                conn.write(b)  # a reference: the peer has it
                one, two = await conn.read(CNode), await conn.read(CNode)
                assert one.next is two and two.next is one

    run(main)


def test_a_message_in_many_pieces_and_many_in_one(run: Callable[[Main], None]) -> None:
    """From a plain socket, so that the pieces are ours to choose."""
    got: list[str] = []

    async def handler(conn: pysock.aio.Connection) -> None:
        async for msg in conn.messages(MSG):
            got.append(msg.text)
        conn.write(len(got), DWORD)

    async def main() -> None:
        async with await pysock.aio.serve(handler, HERE) as server:
            with socket.create_connection((HERE, server.port)) as peer:
                peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                for i in range(0, len(DATA), 7):
                    peer.sendall(DATA[i : i + 7])
                    await sleep(0)
                peer.sendall(DATA * 20)
                peer.shutdown(socket.SHUT_WR)
                peer.setblocking(False)
                answer = b""
                while len(answer) < 4:
                    try:
                        answer += peer.recv(4)
                    except BlockingIOError:
                        await sleep(0.01)
                assert struct.unpack("<I", answer) == (63,)

    run(main)
    assert got == ["one", "two", "three"] * 21


def packed(*messages: CMsg) -> bytes:
    file = pysock.CMemFile()
    with CArchive(file, CArchive.store) as ar:
        for msg in messages:
            ar.write(msg, MSG)
    return file.getvalue()


DATA = packed(CMsg("one", ("1",)), CMsg("two"), CMsg("three", ("3", "33")))


def test_a_read_that_times_out_loses_nothing(run: Callable[[Main], None]) -> None:
    async def main() -> None:
        go_on = []

        async def handler(conn: pysock.aio.Connection) -> None:
            conn._send(DATA[:5])
            await conn.drain()
            while not go_on:
                await sleep(0.01)
            conn._send(DATA[5:])

        async with await pysock.aio.serve(handler, HERE) as server:
            async with await pysock.aio.connect(HERE, server.port) as conn:
                for timeout in (0, 0.05, 0.05):
                    with pytest.raises(TimeoutError):
                        await conn.read(MSG, timeout=timeout)
                go_on.append(True)
                assert [(await conn.read(MSG)).text for _ in range(3)] == ["one", "two", "three"]
                with pytest.raises(ArchiveEndOfFile):
                    await conn.read(MSG)

    run(main)


def test_the_end_between_messages_ends_the_loop_and_inside_one_is_an_error(
    run: Callable[[Main], None],
) -> None:
    async def main() -> None:
        for cut, whole in ((0, True), (len(DATA), True), (len(DATA) - 1, False), (1, False)):

            async def handler(conn: pysock.aio.Connection, cut: int = cut) -> None:
                if cut:
                    conn._send(DATA[:cut])

            async with await pysock.aio.serve(handler, HERE) as server:
                async with await pysock.aio.connect(HERE, server.port) as conn:
                    if whole:
                        assert len([m async for m in conn.messages(MSG)]) == (3 if cut else 0)
                    else:
                        with pytest.raises(ArchiveEndOfFile):
                            async for _ in conn.messages(MSG):
                                pass

    run(main)


def test_a_message_that_cannot_be_stored_sends_nothing(run: Callable[[Main], None]) -> None:
    async def main() -> None:
        async with await pysock.aio.serve(echo, HERE) as server:
            async with await pysock.aio.connect(HERE, server.port) as conn:
                with pytest.raises(TypeError):
                    conn.write(CMsg("begins well", ("and", 5)), MSG)  # type: ignore[arg-type]
                conn.write(CMsg("whole"), MSG)
                assert (await conn.read(MSG)).text == "whole"
                conn.store(lambda ar: CMsg("by hand").Serialize(ar))
                assert await conn.load(lambda ar: (ar.ReadWORD(), ar.ReadCString(), ar.ReadCount())) == (
                    0,
                    "by hand",
                    0,
                )

    run(main)


def test_wrong_bytes_are_an_exception_and_the_server_goes_on(
    run: Callable[[Main], None], caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        async with await pysock.aio.serve(echo, HERE, max_count=100) as server:
            async with await pysock.aio.connect(HERE, server.port) as conn:
                conn._send(b"\0\0" + b"\x01x" + b"\xff\xff\xff\xff\xff\x00")
                with pytest.raises((ArchiveEndOfFile, ConnectionError)):
                    await conn.read(MSG)
            async with await pysock.aio.connect(HERE, server.port) as conn:
                conn.write(CMsg("fine"), MSG)
                assert (await conn.read(MSG)).text == "fine"

    run(main)
    assert "the handler of" in caplog.text and "max_count" in caplog.text
    caplog.clear()  # its tracebacks would keep the archives


def test_who_does_not_read_is_not_fed_and_nothing_is_lost(run: Callable[[Main], None]) -> None:
    """Both directions: reading pauses above the mark, drain waits for a peer that does not read."""
    count, size = 300, 100_000

    async def main() -> None:
        reading: list[int] = []
        sent: list[int] = []

        async def handler(conn: pysock.aio.Connection) -> None:
            while not reading:
                assert conn.unread < 2_000_000
                await sleep(0.01)
            n = 0
            async for data in conn.messages(array_of(pysock.BYTE)):
                assert len(data) == size and data[0] == n % 256
                assert conn.unread < 2_000_000
                n += 1
            conn.write(n, DWORD)

        async with await pysock.aio.serve(handler, HERE, read_limits=(50_000, 10_000)) as server:
            async with await pysock.aio.connect(HERE, server.port) as conn:

                async def send() -> None:
                    for i in range(count):
                        conn.store(lambda ar, i=i: ar.write_array(pysock.BYTE, bytes([i % 256]) * size))
                        await conn.drain()
                        sent.append(i)

                async def watch() -> None:
                    before = -1
                    while len(sent) != before or not sent:
                        before = len(sent)
                        await sleep(0.3)
                    assert len(sent) < count, "the peer does not read, so drain should wait"
                    reading.append(1)

                await both(send, watch)
                if hasattr(conn, "_transport"):
                    conn._transport.write_eof()
                else:
                    await conn._stream.send_eof()
                assert await conn.read(DWORD) == count

    run(main)


async def both(one: Main, two: Main) -> None:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        import trio

        async with trio.open_nursery() as nursery:
            nursery.start_soon(one)
            nursery.start_soon(two)
    else:
        async with asyncio.TaskGroup() as group:
            group.create_task(one())  # type: ignore[arg-type]
            group.create_task(two())  # type: ignore[arg-type]


def test_close_loses_nothing(run: Callable[[Main], None]) -> None:
    """Megabytes written and closed at once, to a peer that is slow to read and has sent what nobody took."""
    size, got = 3_000_000, []

    async def main() -> None:
        async def handler(conn: pysock.aio.Connection) -> None:
            conn.write("nobody reads this")
            await sleep(0.3)
            got.append(len(await conn.read(array_of(pysock.BYTE))))
            got.append([m async for m in conn.messages(CString)])

        async with await pysock.aio.serve(handler, HERE) as server:
            conn = await pysock.aio.connect(HERE, server.port)
            async with conn:
                conn.store(lambda ar: ar.write_array(pysock.BYTE, bytes(size)))
                conn.write("last")
            await conn.close()
            with pytest.raises(ConnectionError):
                conn.write("too late")
            with pytest.raises(ConnectionError):
                await conn.read(WORD)
            while len(got) < 2:
                await sleep(0.01)

    run(main)
    assert got == [size, ["last"]]


def test_one_reader_at_a_time(run: Callable[[Main], None]) -> None:
    async def main() -> None:
        async with await pysock.aio.serve(echo, HERE) as server:
            async with await pysock.aio.connect(HERE, server.port) as conn:

                async def second() -> None:
                    await sleep(0.05)
                    with pytest.raises(RuntimeError, match="another task"):
                        await conn.read(MSG)
                    conn.write(CMsg("go"), MSG)

                async def first() -> None:
                    assert (await conn.read(MSG)).text == "go"

                await both(first, second)

    run(main)


def test_a_broken_connection_gives_what_came_and_then_the_error(run: Callable[[Main], None]) -> None:
    async def main() -> None:
        with socket.create_server((HERE, 0)) as listener:
            async with await pysock.aio.connect(HERE, listener.getsockname()[1]) as conn:
                peer, _ = listener.accept()
                peer.sendall(DATA)
                assert (await conn.read(MSG)).text == "one"
                peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                await sleep(0.1)
                peer.close()
                await sleep(0.1)
                assert [(await conn.read(MSG)).text for _ in range(2)] == ["two", "three"]
                with pytest.raises(ConnectionError):
                    await conn.read(MSG)
                conn.abort()

    run(main)


def test_lines_and_ansi(run: Callable[[Main], None]) -> None:
    async def handler(conn: pysock.aio.Connection) -> None:
        while (line := await conn.read_line()) is not None:
            conn.store(lambda ar, line=line: ar.WriteString(line.upper() + "\r\n"))

    async def main() -> None:
        async with await pysock.aio.serve(handler, HERE, unicode=False) as server:
            async with await pysock.aio.connect(HERE, server.port, unicode=False) as conn:
                conn.store(lambda ar: ar.WriteString("h\xe9llo\r\nworld\n"))
                assert [await conn.read_line(), await conn.read_line()] == ["H\xc9LLO", "WORLD"]

    run(main)


def test_a_server_that_closes_lets_its_connections_end(run: Callable[[Main], None]) -> None:
    async def main() -> None:
        async with await pysock.aio.serve(echo, HERE) as server:
            async with await pysock.aio.connect(HERE, server.port) as conn:
                conn.write(CMsg("1"), MSG)
                await conn.read(MSG)
                server.close()
                await sleep(0.05)
                conn.write(CMsg("2"), MSG)
                assert (await conn.read(MSG)).text == "2"
                with pytest.raises(OSError):
                    async with await pysock.aio.connect(HERE, server.port):
                        pass
            await server.wait_closed()

    run(main)


@pytest.fixture(scope="module")
def contexts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[ssl.SSLContext, ssl.SSLContext]]:
    openssl, folder = needs_command("openssl"), tmp_path_factory.mktemp("tls")
    key, cert = folder / "key.pem", folder / "cert.pem"
    make = [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    make += ["-addext", "subjectAltName=DNS:localhost", "-keyout", str(key), "-out", str(cert)]
    subprocess.run(make, check=True, capture_output=True)
    theirs = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    theirs.load_cert_chain(cert, key)
    yield theirs, ssl.create_default_context(cafile=str(Path(cert)))


def test_tls(run: Callable[[Main], None], contexts: tuple[ssl.SSLContext, ssl.SSLContext]) -> None:
    async def main() -> None:
        async with await pysock.aio.serve(echo, HERE, ssl=contexts[0]) as server:
            async with await pysock.aio.connect(
                HERE, server.port, ssl=contexts[1], server_hostname="localhost"
            ) as conn:
                conn.write(CMsg("secret" * 50_000), MSG)
                await conn.drain()
                assert len((await conn.read(MSG)).text) == 300_000
                assert conn.get_extra_info("ssl_object") is not None

    run(main)


def test_marks_must_be_in_order(run: Callable[[Main], None]) -> None:
    async def main() -> None:
        with pytest.raises(ValueError, match="read_limits"):
            await pysock.aio.connect(HERE, 1, read_limits=(1, 2))

    run(main)


def test_a_long_array_arrives(run: Callable[[Main], None]) -> None:
    """More than any mark and any single receive."""

    async def handler(conn: pysock.aio.Connection) -> None:
        conn.write(CByteArray(bytes(range(256)) * 8192))
        conn.write(CStringList([f"{i}" for i in range(50_000)]))
        await conn.drain()

    async def main() -> None:
        async with await pysock.aio.serve(handler, HERE) as server:
            async with await pysock.aio.connect(HERE, server.port) as conn:
                assert bytes(await conn.read(CByteArray)) == bytes(range(256)) * 8192
                assert list(await conn.read(CStringList)) == [f"{i}" for i in range(50_000)]
                with pytest.raises(CArchiveException):
                    await conn.read(CStringList)

    run(main)


# --- closing and aborting -------------------------------------------------------------------------------


def test_closing_inside_the_block_leaves_the_block_alone(run: Callable[[Main], None]) -> None:
    """The rest of the block goes on, and so does what comes after it."""
    went_on: list[str] = []

    async def main() -> None:
        async with await pysock.aio.serve(echo, HERE) as server:
            for how in ("close", "abort"):
                async with await pysock.aio.connect(HERE, server.port) as conn:
                    conn.write(CMsg("x"), MSG)
                    assert (await conn.read(MSG)).text == "x"
                    if how == "close":
                        await conn.close()
                    else:
                        conn.abort()
                    await sleep(0.01)
                    went_on.append(how)
                await sleep(0)
                went_on.append("after")

    run(main)
    assert went_on == ["close", "after", "abort", "after"]


def test_closing_twice_at_once_loses_nothing(run: Callable[[Main], None]) -> None:
    size, got = 15_000_000, []

    async def main() -> None:
        async def handler(conn: pysock.aio.Connection) -> None:
            await sleep(0.3)
            got.append(len(await conn.read(array_of(pysock.BYTE))))

        async with await pysock.aio.serve(handler, HERE) as server:
            async with await pysock.aio.connect(HERE, server.port) as conn:
                conn.store(lambda ar: ar.write_array(pysock.BYTE, bytes(size)))
                await both(conn.close, conn.close)
            assert got == [size]

    run(main)


def test_abort_wakes_who_drains_and_who_reads(run: Callable[[Main], None]) -> None:
    done: list[str] = []

    async def handler(conn: pysock.aio.Connection) -> None:
        await sleep(30)

    async def main() -> None:
        async with await pysock.aio.serve(handler, HERE) as server:
            async with await pysock.aio.connect(HERE, server.port) as conn:
                conn.store(lambda ar: ar.write_array(pysock.BYTE, bytes(20_000_000)))

                async def drains() -> None:
                    with pytest.raises(ConnectionError):
                        await conn.drain()
                    done.append("drain")

                async def reads() -> None:
                    with pytest.raises(ConnectionError):
                        await conn.read(WORD)
                    done.append("read")

                async def waits() -> None:
                    await both(drains, reads)

                async def aborts() -> None:
                    await sleep(0.2)
                    conn.abort()

                await both(waits, aborts)

    run(main)
    assert sorted(done) == ["drain", "read"]


def test_closing_a_tls_connection_loses_nothing(
    run: Callable[[Main], None], contexts: tuple[ssl.SSLContext, ssl.SSLContext]
) -> None:
    """The peer takes longer than `linger` for what was written."""
    count, size, got = 60, 262_144, []

    async def main() -> None:
        async def handler(conn: pysock.aio.Connection) -> None:
            for _ in range(count):
                got.append(len(await conn.read(raw(size))))
                await sleep(0.01)

        async with await pysock.aio.serve(handler, HERE, ssl=contexts[0]) as server:
            async with await pysock.aio.connect(
                HERE, server.port, ssl=contexts[1], server_hostname="localhost"
            ) as conn:
                for _ in range(count):
                    conn.write(bytes(size), raw(size))
                await conn.close(linger=0.05)
            for _ in range(500):
                if len(got) == count:
                    break
                await sleep(0.01)

    run(main)
    assert got == [size] * count


def test_a_peer_that_takes_nothing_keeps_nobody_for_ever(
    run: Callable[[Main], None], caplog: pytest.LogCaptureFixture
) -> None:
    async def handler(conn: pysock.aio.Connection) -> None:
        conn.store(lambda ar: ar.write_array(pysock.BYTE, bytes(30_000_000)))

    async def main() -> None:
        async with await pysock.aio.serve(handler, HERE, stall_timeout=0.2) as server:
            with socket.create_connection((HERE, server.port)):
                await sleep(0.1)
                server.close()
                await server.wait_closed()  # the handler has ended
        with pytest.raises(ValueError, match="stall_timeout"):
            await pysock.aio.connect(HERE, 1, stall_timeout=0)

    run(main)
    assert "took nothing for 0.2 s" in caplog.text
    caplog.clear()


# --- limits and options ---------------------------------------------------------------------------------


def test_max_total_is_of_a_message_not_of_what_waits(run: Callable[[Main], None]) -> None:
    count, got = 2000, []

    async def main() -> None:
        async def handler(conn: pysock.aio.Connection) -> None:
            await sleep(0.2)  # nobody reads
            async for text in conn.messages(CString):
                got.append(text)
            conn.write(len(got), DWORD)

        async with await pysock.aio.serve(handler, HERE, max_total=1000) as server:
            async with await pysock.aio.connect(HERE, server.port) as conn:
                for i in range(count):
                    conn.write(f"{i:06}" * 10, CString)
                    await conn.drain()
            for _ in range(500):
                if len(got) == count:
                    break
                await sleep(0.01)

    run(main)
    assert got == [f"{i:06}" * 10 for i in range(count)]


def test_messages_that_take_no_bytes_are_refused(run: Callable[[Main], None]) -> None:
    async def main() -> None:
        async with await pysock.aio.serve(echo, HERE) as server:
            async with await pysock.aio.connect(HERE, server.port) as conn:
                with pytest.raises(ValueError, match="took no bytes"):
                    async for _ in conn.messages(raw(0)):
                        pass

    run(main)


def test_unknown_options_are_refused_at_the_call(run: Callable[[Main], None]) -> None:
    async def main() -> None:
        with pytest.raises(TypeError, match="bogus"):
            await pysock.aio.serve(echo, HERE, bogus=1)
        with pytest.raises(TypeError, match="bogus"):
            await pysock.aio.connect(HERE, 1, bogus=1)
        with pytest.raises(ValueError):
            await pysock.aio.serve(echo, HERE, max_total=-1)

    run(main)


def test_connecting_has_a_time_out(
    run: Callable[[Main], None], contexts: tuple[ssl.SSLContext, ssl.SSLContext]
) -> None:
    """A listener that never answers the TLS handshake."""

    async def main() -> None:
        with socket.create_server((HERE, 0)) as listener:
            with pytest.raises(TimeoutError, match=r"within 0\.1 s"):
                await pysock.aio.connect(HERE, listener.getsockname()[1], ssl=contexts[1], timeout=0.1)

    run(main)


def test_a_loop_over_messages_may_be_left_early(run: Callable[[Main], None]) -> None:
    """No async generator is left behind, of which Trio would warn."""

    async def main() -> None:
        async with (
            await pysock.aio.serve(echo, HERE) as server,
            await pysock.aio.connect(HERE, server.port) as conn,
        ):
            for text in ("one", "two"):
                conn.write(CMsg(text), MSG)
            async for msg in conn.messages(MSG):
                assert msg.text == "one"
                break
            messages = conn.messages(MSG)
            assert not inspect.isasyncgen(messages)
            assert aiter(messages) is messages
            assert (await anext(messages)).text == "two"

    run(main)


@pytest.mark.parametrize("runner", [run_asyncio, run_uvloop], ids=["asyncio", "uvloop"])
def test_drains_that_are_cancelled_do_not_pile_up(runner: Callable[[Main], None]) -> None:
    async def main() -> None:
        async def deaf(conn: pysock.aio.Connection) -> None:
            await done.wait()
            conn.abort()

        done = asyncio.Event()
        async with await pysock.aio.serve(deaf, HERE, read_limits=(0, 0)) as server:
            conn: Any = await pysock.aio.connect(HERE, server.port, write_limits=(1, 0))
            conn.write(bytes(16 << 20), raw(16 << 20))
            for _ in range(20):
                with pytest.raises(TimeoutError):
                    async with asyncio.timeout(0):
                        await conn.drain()
            assert not conn._drainers
            conn.abort()
            done.set()

    runner(main)
