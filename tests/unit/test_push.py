"""PushArchive: bytes in as they come, values out once they are complete (AR-219, AR-221)."""

import gc
import os
import signal
import subprocess
import sys
import threading
import time
import weakref
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pysock import (
    BYTE,
    DOUBLE,
    DWORD,
    PENDING,
    WORD,
    ArchiveEndOfFile,
    ArchiveLimitError,
    CArchive,
    CArchiveException,
    CByteArray,
    CMapStringToString,
    CMemFile,
    CObArray,
    CObject,
    CString,
    CStringArray,
    CStringList,
    PushArchive,
    Record,
    array_of,
    by_value,
    field,
    list_of,
    raw,
    ref,
)

MiB = 1 << 20


def stored(value: Any, T: Any = None, **options: Any) -> bytes:
    file = CMemFile()
    with CArchive(file, CArchive.store, **options) as ar:
        ar.write(value, T)
    return file.getvalue()


def threads() -> int:
    timers = [
        t for t in threading.enumerate() if isinstance(t, threading.Timer)
    ]  # pytest-timeout's, on Windows
    return len(sys._current_frames()) - len(timers)


class CCounted(CObject, schema=1):
    """Says how often its kind was loaded."""

    loads = 0
    link: Any = None

    def Serialize(self, ar: CArchive) -> None:
        if ar.IsStoring():
            ar.WriteDWORD(7)
            ar.WriteObject(self.link)
        else:
            CCounted.loads += 1
            self.value = ar.ReadDWORD()
            self.link = ar.ReadObject(CCounted)


def chain(n: int) -> CObArray:
    array = CObArray()
    for _ in range(n):
        part = CCounted()
        part.link = array[-1] if len(array) else None
        array.Add(part)
    return array


# --- the interface --------------------------------------------------------------------------------------


def test_pending_until_complete_then_the_value() -> None:
    with PushArchive(unicode=False) as push:
        assert push.try_read(DWORD) is PENDING and push.needed == 4
        push.feed(b"\5\0")
        assert push.try_read(DWORD) is PENDING and (push.needed, push.unread) == (2, 2)
        push.feed(memoryview(b"\0\0\3ab"))
        assert push.needed == 0 and push.try_read(DWORD) == 5
        assert push.try_read(CString) is PENDING and push.needed == 1
        push.feed(bytearray(b"c\1"))
        assert push.try_read(CString) == "abc"
        push.feed(b"")
        assert push.try_read(WORD) is PENDING
        assert push.try_read(BYTE) == 1, "another type may be tried"
        assert not push.at_eof and repr(PENDING) == "PENDING"
        push.eof()
        assert push.at_eof
        with pytest.raises(ArchiveEndOfFile):
            push.try_read(BYTE)
        with pytest.raises(ValueError, match="end"):
            push.feed(b"x")
    for closed in (push.eof, lambda: push.feed(b""), lambda: push.try_read(BYTE), push.__enter__):
        with pytest.raises(ValueError, match="closed"):
            closed()
    push.close()


def test_an_exception_takes_nothing() -> None:
    push = PushArchive(max_string=10)
    push.feed(stored("x" * 50) + stored(5, DWORD))
    for _ in range(3):
        with pytest.raises(ArchiveLimitError):
            push.try_read(CString)
    assert push.try_load(lambda ar: ar.Read(3 + 1 + 100)) and push.try_read(DWORD) == 5
    with pytest.raises(TypeError):
        push.try_read(3)


def test_lines() -> None:
    push = PushArchive(unicode=False)
    push.feed(b"one\r\ntwo\nthr")
    assert [push.try_line() for _ in range(3)] == ["one", "two", PENDING]
    push.feed(b"ee\nlast")
    assert [push.try_line(), push.try_line()] == ["three", PENDING]
    push.eof()
    assert [push.try_line(), push.try_line()] == ["last", None]


def test_messages_are_those_that_are_complete() -> None:
    push, data = PushArchive(), stored("ab") * 5
    push.feed(data[:-1])
    assert list(push.messages(CString)) == ["ab"] * 4
    assert list(push.messages(CString)) == []
    push.feed(data[-1:])
    push.eof()
    assert list(push.messages(CString)) == ["ab"] and push.at_eof


def test_objects_of_earlier_messages_are_referred_to() -> None:
    array = chain(3)
    file = CMemFile()
    with CArchive(file, CArchive.store) as ar:
        for part in (array[2], array[0], array[2]):
            ar.write(part)
    push, got = PushArchive(), []
    for byte in file.getvalue():
        push.feed(bytes([byte]))
        got += push.messages(CCounted)
    assert got[0] is got[2] and got[0].link.link is got[1]


def test_the_archive_itself_in_transactions() -> None:
    push = PushArchive()
    push.feed(b"\1")
    with pytest.raises(BlockingIOError), push.archive.transaction() as ar:
        ar.ReadBYTE()
        ar.ReadBYTE()
    push.feed(b"\2")
    with push.archive.transaction() as ar:
        assert (ar.ReadBYTE(), ar.ReadBYTE()) == (1, 2)


def test_it_cannot_be_used_from_inside_a_read() -> None:
    push = PushArchive()
    push.feed(b"\1\2")

    def load(ar: CArchive) -> int:
        for refused in (push.close, push.eof, lambda: push.feed(b""), lambda: push.try_read(BYTE)):
            with pytest.raises(RuntimeError, match="middle of a read"):
                refused()
        return ar.ReadBYTE()

    assert push.try_load(load) == 1


def test_closing_the_archive_inside_a_read_is_survived() -> None:
    push = PushArchive()
    push.feed(b"\1\2")
    with pytest.raises(ValueError, match="closed"):
        push.try_load(lambda ar: (ar.Abort(), ar.ReadBYTE()))
    assert push.archive.closed


# --- cost -----------------------------------------------------------------------------------------------


def in_pieces(push: PushArchive, data: bytes, T: Any, size: int = 1024) -> tuple[Any, int]:
    """The value, and how often it was worth while to try."""
    tries = 0
    for i in range(0, len(data), size):
        push.feed(data[i : i + size])
        tries += push.needed == 0
        value = push.try_read(T)
    return value, tries


def test_ar_219_bulk_arrays_and_strings_are_waited_for() -> None:
    payload = bytes(range(256)) * (10 * MiB // 256)
    value, tries = in_pieces(PushArchive(), stored(CByteArray(payload)), CByteArray)
    assert bytes(value) == payload and tries <= 4
    value, tries = in_pieces(PushArchive(), stored(payload, array_of(BYTE)), array_of(BYTE))
    assert bytes(value) == payload and tries <= 3
    text = "\u20ac" * (5 * MiB)
    value, tries = in_pieces(PushArchive(), stored(text), CString)
    assert value == text and tries <= 3


@pytest.mark.parametrize(
    "cls", [CStringList, CStringArray, list_of(CString)], ids=["list", "array", "list_of"]
)
def test_ar_219_lists_of_strings_are_looked_at_seldom(cls: Any) -> None:
    texts = [f"text number {i}" for i in range(100_000)]
    data = stored(cls(texts)) if isinstance(cls, type) else stored(texts, cls)
    value, tries = in_pieces(PushArchive(), data, cls)
    assert list(value) == texts
    assert tries < len(data) // 1024 // 5


def test_ar_219_objects_are_not_loaded_again_and_again() -> None:
    """Little more than WORTHWHILE bytes (128 KiB) are loaded in vain, however long the message."""
    data = stored(chain(60_000))
    CCounted.loads = 0
    value, _ = in_pieces(PushArchive(allow="registered"), data, CObArray)
    assert len(value) == 60_000 and value[-1].link is value[-2]
    assert 60_000 <= CCounted.loads < 60_000 + 35_000
    assert threads() == 1 or wait_for(lambda: threads() == 1)


def wait_for(happened: Any) -> bool:
    deadline = time.monotonic() + 30
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.001)
    return True


def test_what_was_read_is_not_kept() -> None:
    push = PushArchive()
    message = stored("x" * 1000)
    for _ in range(3000):  # never all of it: the beginning of the next is always there
        push.feed(message[:700])
        push.try_read(CString)
        push.feed(message[700:])
        push.feed(message[:10])
        assert push.try_read(CString) == "x" * 1000
        push.feed(message[10:])
        assert push.try_read(CString) == "x" * 1000
    assert push.archive._state()["nBufSize"] <= 65536
    value, _ = in_pieces(push, stored(bytes(3 * MiB), array_of(BYTE)), array_of(BYTE))
    assert len(value) == 3 * MiB and push.archive._state()["nBufSize"] <= 65536


# --- hostile --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "head, T, limit",
    [
        (b"\xff\xff\xff\xff\xff\xff\x7f", CString, "max_string"),
        (b"\xff\xff\xff\xff\xff\x7f", CStringList, "max_count"),
        (b"\xff\xff\xff\xff\xff\x00", array_of(DWORD), "max_total"),
        (b"\xff\xff\xff\x00\x00\x10\x00", CString, "max_total"),
    ],
)
def test_ar_179_a_length_that_cannot_be_is_refused_at_once(head: bytes, T: Any, limit: str) -> None:
    push = PushArchive(max_total=100_000)
    for i, byte in enumerate(head):
        push.feed(bytes([byte]))
        if i < len(head) - 1:
            assert push.try_read(by_value(T) if T is CStringList else T) is PENDING
    with pytest.raises(ArchiveLimitError) as caught:
        push.try_read(by_value(T) if T is CStringList else T)
    assert caught.value.limit == limit


def test_ar_181_nothing_is_kept_beyond_max_total() -> None:
    push = PushArchive(max_total=100_000)
    piece, fed = b"\x01x" * 512, 0
    with pytest.raises(ArchiveLimitError) as caught:
        while fed < MiB:
            push.feed(piece)
            fed += len(piece)
    assert caught.value.limit == "max_total" and 100_000 < fed < 103_000
    assert len(list(push.messages(CString))) == fed // 2
    push.feed(piece)


def test_ar_188_memory_grows_with_what_comes() -> None:
    push = PushArchive()
    push.feed(b"\xff\xff\xff\x00\x00\x00\x01")  # 16 Mi characters, it says
    assert push.try_read(CString) is PENDING and push.needed == 16 * MiB
    assert push.archive._state()["nBufSize"] <= 8192


def test_ar_184_depth_and_ar_182_objects_hold_over_tries() -> None:
    for patience in (-1, 1 << 60):
        data = stored(chain(50))
        push = PushArchive(allow="registered", max_objects=20)
        push._set_patience(patience)
        with pytest.raises(ArchiveLimitError, match="max_objects"):
            in_pieces(push, data, CObArray, 3)
        push = PushArchive(allow="registered", max_objects=53)
        push._set_patience(patience)
        assert len(in_pieces(push, data, CObArray, 3)[0]) == 50


# --- reads that stop in the middle ----------------------------------------------------------------------


def stopped(**options: Any) -> PushArchive:
    """One whose read of a CObArray has stopped."""
    push = PushArchive(allow="registered", **options)
    push._set_patience(-1)
    data = stored(chain(50))
    push.feed(data[:-60])
    assert push.try_read(CObArray) is PENDING
    push.feed(data[-60:-30])
    assert push.try_read(CObArray) is PENDING and threads() > 1
    return push


def test_a_stopped_read_is_given_up_for_another_type() -> None:
    push = stopped()
    assert push.try_read(WORD) == 0xFFFF
    assert push.unread > 100 and wait_for(lambda: threads() == 1)


def test_a_stopped_read_keeps_the_archive_from_others() -> None:
    push = stopped()
    with pytest.raises(RuntimeError, match="middle of a call"):
        push.archive.ReadBYTE()
    push.close()
    assert wait_for(lambda: threads() == 1)


def test_a_stopped_read_is_dropped_with_the_archive() -> None:
    push: Any = stopped()
    gone = weakref.ref(push)
    del push
    gc.collect()
    assert gone() is None and wait_for(lambda: threads() == 1)


def test_a_stopped_read_whose_archive_is_aborted_fails() -> None:
    push = stopped()
    push.archive.Abort()
    with pytest.raises(ValueError, match="closed"):
        push.feed(b"x")
    push.close()
    assert wait_for(lambda: threads() == 1)


def test_a_stopped_read_fails_as_another_and_can_be_tried_again() -> None:
    push = PushArchive(max_string=100)
    push._set_patience(-1)
    data = stored(CStringList(["a" * 50] * 30 + ["b" * 200]))
    with pytest.raises(ArchiveLimitError) as caught:
        in_pieces(push, data, CStringList, 7)
    with pytest.raises(ArchiveLimitError) as want:
        CArchive(data, CArchive.load, max_string=100).read(CStringList)
    assert str(caught.value) == str(want.value)
    assert push.unread > 1000 and push.try_read(WORD) == 0xFFFF


def test_who_catches_everything_is_still_got_rid_of() -> None:
    class CStubborn(CObject):
        def Serialize(self, ar: CArchive) -> None:
            while True:
                try:
                    if ar.ReadBYTE() == 9:
                        return
                except Exception:
                    return

    T = by_value(CStubborn)
    for patience in (-1, 1 << 60):
        push = PushArchive()
        push._set_patience(patience)
        for _ in range(20):
            push.feed(b"\1")
            assert push.try_read(T) is PENDING
        push.feed(b"\x09\x05")
        assert isinstance(push.try_read(T), CStubborn) and push.try_read(BYTE) == 5
    push = PushArchive()
    push._set_patience(-1)
    for _ in range(3):
        push.feed(b"\1")
        push.try_read(T)
    push.close()
    assert wait_for(lambda: threads() == 1)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_stopped_read_in_a_forked_child_is_an_error_and_no_hang() -> None:
    push = stopped()
    child = os.fork()
    if child == 0:
        try:
            push.feed(bytes(100))
            push.try_read(CObArray)
        except RuntimeError as error:
            os._exit(0 if "fork" in str(error) else 1)
        os._exit(2)
    assert os.waitpid(child, 0)[1] == 0
    push.close()


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="there is no setitimer")
def test_ctrl_c_in_a_read_that_goes_on_loses_nothing() -> None:
    class CSlow(CObject):
        def Serialize(self, ar: CArchive) -> None:
            self.values = []
            for _ in range(4):
                self.values.append(ar.ReadWORD())
                time.sleep(0.02)

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    T = by_value(CSlow)
    push = PushArchive()
    push._set_patience(-1)
    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        push.feed(b"\1\0\2")
        assert push.try_read(T) is PENDING
        push.feed(b"\0\3\0")
        signal.setitimer(signal.ITIMER_REAL, 0.01)
        with pytest.raises(KeyboardInterrupt):
            push.try_read(T)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    push.feed(b"\4\0")
    value = push.try_read(T)
    assert value is not PENDING and value.values == [1, 2, 3, 4]
    assert threading.active_count() == 1 or wait_for(lambda: threads() == 1)


# --- random ---------------------------------------------------------------------------------------------

texts = st.text(st.characters(max_codepoint=0xD7FF), max_size=40)
values = st.one_of(
    st.tuples(st.just(DWORD), st.integers(0, 0xFFFFFFFF)),
    st.tuples(st.just(CString), st.text(st.characters(max_codepoint=0xD7FF), max_size=400)),
    st.tuples(st.just(CStringList), st.lists(texts, max_size=20).map(CStringList)),
    st.tuples(st.just(CMapStringToString), st.dictionaries(texts, texts, max_size=9).map(CMapStringToString)),
    st.tuples(st.just(CObArray), st.integers(0, 12).map(chain)),
    st.tuples(st.just(array_of(WORD)), st.lists(st.integers(0, 0xFFFF), max_size=300)),
)


def plain(value: Any) -> Any:
    if isinstance(value, CObArray):
        return len(value), [part.link is value[i - 1] for i, part in enumerate(value) if i]
    if isinstance(value, CMapStringToString):
        return dict(value.items())
    return value if isinstance(value, int | str) else list(value)


@settings(deadline=None, max_examples=80)
@given(st.lists(values, max_size=8), st.sampled_from([-1, 40, 1 << 60]), st.data())
def test_random_messages_cut_randomly(items: list[Any], patience: int, data: st.DataObject) -> None:
    file = CMemFile()
    with CArchive(file, CArchive.store) as ar:
        for T, value in items:
            ar.write(value, T)
    stream = file.getvalue()
    push, at = PushArchive(allow="registered"), 0
    push._set_patience(patience)
    for T, value in items:
        while (got := push.try_read(T)) is PENDING:
            assert 1 <= push.needed <= len(stream) - at
            n = data.draw(st.integers(1, 200))
            push.feed(stream[at : at + n])
            at += n
        assert plain(got) == plain(value)
    push.close()


@settings(deadline=None, max_examples=80)
@given(st.binary(max_size=60), st.sampled_from([CString, CStringList, CObArray, array_of(WORD)]), st.data())
def test_random_bytes_fail_as_whole(noise: bytes, T: Any, data: st.DataObject) -> None:
    try:
        want: Any = plain(CArchive(noise, CArchive.load).read(T))
    except (CArchiveException, TypeError) as e:
        want = e
    push = PushArchive()
    push._set_patience(data.draw(st.sampled_from([-1, 1 << 60])))
    at, got = 0, PENDING
    try:
        while got is PENDING:
            n = data.draw(st.integers(1, 20))
            if at >= len(noise):
                push.eof()
            else:
                push.feed(noise[at : at + n])
                at += n
            got = push.try_read(T)
        got = plain(got)
    except (CArchiveException, TypeError) as e:
        got = e
    if isinstance(want, Exception):
        assert type(got) is type(want) and str(got) == str(want)
    else:
        assert got == want
    push.close()


# --- declared fields ------------------------------------------------------------------------------------


class Head(Record):
    magic: int = field(DWORD)
    name: str = field(CString)
    numbers: list[int] = field(array_of(WORD))


class CTold(CObject, schema=2):
    head: Head = field(Head)
    size: float = field(DOUBLE)
    next: "CTold | None" = field(ref())


def told(n: int) -> "CTold | None":
    first = None
    for i in range(n):
        head = Head(magic=i, name=f"n\u20ac{i}" * (i % 7), numbers=list(range(i % 5)))
        first = CTold(head=head, size=i / 4, next=first)
    if first is not None and n > 1:
        first.next.next = first  # type: ignore[union-attr]
    return first


def seen(part: "CTold | None") -> list[Any]:
    found: list[Any] = []
    while part is not None and (not found or part.head.magic != found[0][0]):
        found.append((part.head.magic, part.head.name, list(part.head.numbers), part.size))
        part = part.next
    return found


def columns(ar: CArchive) -> Any:
    return {name: list(values) for name, values in ar.read_columns(Flat, 40).items()}


class Flat(Record):
    a: int = field(WORD)
    b: float = field(DOUBLE)


@pytest.mark.parametrize("patience", [-1, 1 << 60])
def test_declared_classes_byte_by_byte(patience: int) -> None:
    file = CMemFile()
    with CArchive(file, CArchive.store) as ar:
        ar.write(told(9))
        ar.write(Head(magic=1, name="one", numbers=[1, 2]))
        ar.write_list([Flat(a=i, b=i / 8) for i in range(40)])
        ar.write_list([Flat(a=i, b=i / 8) for i in range(40)])
    data = file.getvalue()

    def flats(ar: CArchive) -> Any:
        return ar.read_list(Flat, 40)

    tasks: list[Any] = [(CTold, False), (Head, False), (flats, True), (columns, True)]
    want = CArchive(data, CArchive.load)
    values = [what(want) if by_function else want.read(what) for what, by_function in tasks]
    push, got = PushArchive(), []
    push._set_patience(patience)
    for byte in data:
        push.feed(bytes([byte]))
        what, by_function = tasks[len(got)]
        value = push.try_load(what) if by_function else push.try_read(what)
        if value is not PENDING:
            got.append(value)
    assert len(got) == 4 and push.unread == 0
    assert seen(got[0]) == seen(values[0]) and got[0].next.next is got[0]
    assert (got[1].name, list(got[1].numbers)) == ("one", [1, 2])
    assert [(f.a, f.b) for f in got[2]] == [(i, i / 8) for i in range(40)]
    assert got[3] == values[3] == {"a": list(range(40)), "b": [i / 8 for i in range(40)]}


def test_a_declared_object_that_cannot_be_stored_leaves_nothing() -> None:
    file, want = CMemFile(), CMemFile()
    with CArchive(file, CArchive.store) as ar:
        bad = told(4)
        assert bad is not None
        bad.next.head.name = 5  # type: ignore[union-attr, assignment]
        for _ in range(2):
            with pytest.raises(TypeError), ar.transaction():
                ar.write(bad)
        bad.next.head.name = "five"  # type: ignore[union-attr]
        with ar.transaction():
            ar.write(bad)
    with CArchive(want, CArchive.store) as ar:
        ar.write(bad)
    assert file.getvalue() == want.getvalue()


def test_leaving_python_with_a_stopped_read_is_silent() -> None:
    code = """if True:
        from pysock import PushArchive, PENDING
        load = lambda ar: [ar.ReadBYTE() for _ in range(99)]
        push = PushArchive()
        push._set_patience(-1)
        for _ in range(3):
            push.feed(b"x")
            assert push.try_load(load) is PENDING
        print("stopped")
    """
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "stopped\n", "")


def test_messages_that_take_no_bytes_are_refused() -> None:
    with PushArchive() as push:
        push.feed(b"\1")
        with pytest.raises(ValueError, match="took no bytes"):
            list(push.messages(raw(0)))
        assert list(push.messages(BYTE)) == [1]


def test_a_subclass_that_forgets_to_call_init():
    class Mine(PushArchive):
        def __init__(self):
            pass

    push = Mine()
    assert repr(push) == "<PushArchive closed>" and push.unread == push.needed == 0 and push.archive.closed
    for work in (lambda: push.feed(b"x"), push.eof, lambda: push.try_read(WORD), push.__enter__):
        with pytest.raises(ValueError, match="closed"):
            work()
    push.close()
