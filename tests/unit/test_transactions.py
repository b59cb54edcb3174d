"""Transactions of archives: whole messages or nothing, on the way in and out (AR-216 to AR-220)."""

import gc
import io
import weakref
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import pysock
from pysock import (
    BYTE,
    DWORD,
    UINT,
    WORD,
    ArchiveEndOfFile,
    ArchiveLimitError,
    CArchive,
    CArchiveException,
    CFile,
    ClassRegistry,
    CMemFile,
    CObject,
    CString,
    NeedMoreData,
    array_of,
    fixed,
)

REGISTRY = ClassRegistry()


class CPart(CObject, schema=1, registry=REGISTRY):
    next: Any = None
    fails = False

    def Serialize(self, ar: CArchive) -> None:
        if ar.IsStoring():
            ar.WriteObject(self.next)
            if self.fails:
                raise KeyError("cannot be stored")
        else:
            self.next = ar.ReadObject(CPart)
            if ar.ReadBYTE() == 99:
                raise KeyError("cannot be loaded")
        if ar.IsStoring():
            ar.WriteBYTE(7)


class COld(CObject, schema=5, versionable=True, registry=REGISTRY):
    def Serialize(self, ar: CArchive) -> None:
        if ar.IsLoading():
            self.schema = ar.GetObjectSchema()


def storing(file: Any = None, **options: Any) -> CArchive:
    return CArchive(CMemFile() if file is None else file, CArchive.store, 128, registry=REGISTRY, **options)


class Calls(CFile):
    def __init__(self, data: bytes = b"", pieces: tuple[int, ...] = ()) -> None:
        super().__init__()
        self.calls: list[bytes | int] = []
        self.data, self.pieces = data, list(pieces)

    def Write(self, data: Any) -> None:
        self.calls.append(bytes(data))


class NonBlocking(io.RawIOBase):
    """A raw file that has something only now and then; None in `pieces` is "nothing now"."""

    def __init__(self, *pieces: bytes | None) -> None:
        self.pieces = list(pieces)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        if not self.pieces:
            return 0
        piece = self.pieces.pop(0)
        if piece is None:
            return None
        n = min(len(buffer), len(piece))
        buffer[:n] = piece[:n]
        if n < len(piece):
            self.pieces.insert(0, piece[n:])
        return n


# --- storing --------------------------------------------------------------------------------------------


def test_ar_220_nothing_is_flushed_inside_and_commit_writes_nothing() -> None:
    file = Calls()
    ar = storing(file)
    ar.WriteWORD(1)
    with ar.transaction() as inside:
        assert inside is ar and ar.in_transaction == 1
        for i in range(100):
            ar.WriteDWORD(i)
        ar.Write(bytes(500))
        ar.WriteCString("x" * 300)
        assert file.calls == []
    assert file.calls == [] and ar.in_transaction == 0
    ar.Close()
    assert len(b"".join(file.calls)) == 2 + 400 + 500 + 600 + 3 + 3  # type: ignore[arg-type]
    assert len(file.calls) == 1


def test_ar_220_an_object_that_raises_leaves_stream_and_map_as_they_were() -> None:
    good, bad = CPart(), CPart()
    bad.next, bad.fails = CPart(), True
    file, want = CMemFile(), CMemFile()
    with storing(file) as ar:
        ar.WriteObject(good)
        for _ in range(3):
            with pytest.raises(KeyError), ar.transaction():
                ar.WriteObject(bad)
        bad.fails = False
        ar.WriteObject(bad)
        ar.WriteObject(good)
    with storing(want) as ar:
        for part in (good, bad, good):
            ar.WriteObject(part)
    assert file.getvalue() == want.getvalue()


def test_ar_220_the_first_object_of_all_rolled_back_leaves_no_map() -> None:
    file = CMemFile()
    with storing(file) as ar:
        ar.begin()
        ar.WriteObject(CPart())
        ar.rollback()
        ar.SetStoreParams()  # refused once there is a map (AR-29)
    assert file.getvalue() == b""


def test_ar_220_many_objects_are_forgotten_and_found_right_afterwards() -> None:
    """The map's slots are emptied one by one: whoever was pushed aside must still be found."""
    parts = [CPart() for _ in range(3000)]
    file, want = CMemFile(), CMemFile()
    with storing(file) as ar:
        for i, part in enumerate(parts):
            ar.begin()
            ar.WriteObject(part)
            if i % 3:
                ar.rollback()
            else:
                ar.commit()
        for part in parts:
            ar.WriteObject(part)
    with storing(want) as ar:
        for part in parts[::3] + parts:
            ar.WriteObject(part)
    assert file.getvalue() == want.getvalue()


def test_map_object_again_gets_its_old_number_back() -> None:
    part = CPart()
    file = CMemFile()
    with storing(file) as ar:
        ar.MapObject(part)
        ar.begin()
        ar.MapObject(part)
        ar.rollback()
        ar.WriteObject(part)
    assert file.getvalue() == b"\1\0"


def test_what_is_rolled_back_is_let_go() -> None:
    part = CPart()
    alive = weakref.ref(part)
    with storing() as ar:
        ar.begin()
        ar.WriteObject(part)
        del part
        gc.collect()
        assert alive() is not None
        ar.rollback()
        assert alive() is None


def test_the_buffer_grows_to_max_total_and_not_above() -> None:
    file = Calls()
    ar = storing(file, max_total=10_000)
    ar.WriteWORD(1)
    with pytest.raises(ArchiveLimitError) as caught, ar.transaction():
        for _ in range(20_000):
            ar.WriteBYTE(0)
    assert caught.value.limit == "max_total" and ar.offset == 2 and file.calls == []
    with ar.transaction():
        ar.Write(bytes(10_000))
    with pytest.raises(ArchiveLimitError), ar.transaction():
        ar.Write(bytes(10_001))
    ar.Close()
    assert b"".join(file.calls) == b"\1\0" + bytes(10_000)  # type: ignore[arg-type]


def test_a_large_message_gives_its_memory_back() -> None:
    ar = storing(Calls())
    with ar.transaction():
        ar.Write(bytes(1_000_000))
    assert ar._state()["nBufSize"] >= 1_000_000
    ar.Flush()
    assert ar._state()["nBufSize"] == 128
    with pytest.raises(KeyError), ar.transaction():
        ar.Write(bytes(1_000_000))
        raise KeyError
    assert ar._state()["nBufSize"] == 128 and ar.offset == 1_000_000
    ar.Close()


def test_flush_and_close_are_refused_inside_and_abort_is_not() -> None:
    for ar in (storing(), CArchive(io.BytesIO(b"12"), CArchive.load)):
        ar.begin()
        for refused in (ar.Flush, ar.Close):
            with pytest.raises(RuntimeError, match="transaction"):
                refused()
        ar.Abort()
        assert ar.in_transaction == 0
        for closed in (ar.begin, ar.commit, ar.rollback):
            with pytest.raises(ValueError, match="closed"):
                closed()


# --- both -----------------------------------------------------------------------------------------------


def test_ar_216_nested_to_eight() -> None:
    file = CMemFile()
    with storing(file) as ar:
        for i in range(8):
            ar.begin()
            ar.WriteBYTE(i)
        with pytest.raises(RuntimeError, match="8"):
            ar.begin()
        assert ar.in_transaction == 8
        ar.rollback()
        ar.commit()  # provisional: the next rollback takes it with it
        ar.rollback()
        for _ in range(5):
            ar.commit()
        for none in (ar.commit, ar.rollback):
            with pytest.raises(RuntimeError, match="no transaction"):
                none()
    assert file.getvalue() == bytes(range(5))


def test_the_context_manager_takes_back_what_was_left_open_inside() -> None:
    ar = CArchive(b"\1\2\3\4", CArchive.load)
    with pytest.raises(RuntimeError, match="others open"), ar.transaction():
        ar.ReadBYTE()
        ar.begin()
        ar.ReadBYTE()
    assert (ar.offset, ar.in_transaction) == (0, 0)
    with pytest.raises(RuntimeError, match="was ended"), ar.transaction():
        ar.commit()
    with pytest.raises(KeyError), ar.transaction():
        ar.begin()
        ar.ReadBYTE()
        raise KeyError
    assert (ar.offset, ar.in_transaction) == (0, 0)
    transaction = ar.transaction()
    with transaction:
        pass
    with pytest.raises(RuntimeError, match="once"), transaction:
        pass
    with pytest.raises(ValueError, match="closed"), ar.transaction():
        ar.Abort()


def test_a_transaction_inside_serialize_ends_there() -> None:
    class CInner(CObject, schema=1, registry=REGISTRY):
        def Serialize(self, ar: CArchive) -> None:
            with pytest.raises(RuntimeError, match="outside"):
                ar.commit()
            with pytest.raises(RuntimeError, match="outside"):
                ar.rollback()
            with pytest.raises(ZeroDivisionError), ar.transaction():
                assert ar.ReadBYTE() == 9
                raise ZeroDivisionError
            self.value = ar.ReadBYTE()

    file = CMemFile()
    with CArchive(file, CArchive.store) as ar:
        for word in (0xFFFF, 1, 6):
            ar.WriteWORD(word)
        ar.Write(b"CInner\x09")
    with CArchive(file.getvalue(), CArchive.load, registry=REGISTRY) as ar, ar.transaction():
        got = ar.ReadObject(CInner)
        assert got is not None and got.value == 9
    REGISTRY.unregister(CInner)


# --- loading --------------------------------------------------------------------------------------------

SOURCES: dict[str, Any] = {
    "bytes": lambda data: data,
    "python": io.BytesIO,
    "memfile": CMemFile,
    "pipe": lambda data: NonBlocking(*[data[i : i + 7] for i in range(0, len(data), 7)]),
}
any_source = pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES)


def two_parts(**changes: Any) -> bytes:
    file = CMemFile()
    a, b = CPart(), CPart()
    a.next = b
    with storing(file) as ar:
        ar.WriteObject(a)
        ar.WriteObject(b)
        ar.WriteCString("text " * 200)
        ar.WriteDWORD(5)
    return file.getvalue()


@any_source
def test_ar_217_all_comes_back(source: Any) -> None:
    ar = CArchive(source(two_parts()), CArchive.load, 128, registry=REGISTRY)
    seen = []
    for _ in range(3):
        ar.begin()
        a, b = ar.ReadObject(CPart), ar.ReadObject(CPart)
        assert a is not None and a.next is b
        seen.append(a)
        assert ar.ReadCString() == "text " * 200
        ar.rollback()
        assert ar.offset == 0 and ar._state()["mapcount"] == 0
    with ar.transaction():
        a = ar.ReadObject(CPart)
    with ar.transaction():
        assert ar.ReadObject(CPart) is a.next
    assert ar.ReadCString() == "text " * 200 and ar.ReadDWORD() == 5
    assert len({id(x) for x in [*seen, a]}) == 4, "each attempt makes new objects (AR-218)"
    with pytest.raises(ArchiveEndOfFile):
        ar.ReadBYTE()
    ar.Close()


@any_source
def test_ar_217_an_error_inside_is_undone_and_the_archive_sound(source: Any) -> None:
    data = bytearray(two_parts())
    at = data.index(7)
    data[at] = 99
    ar = CArchive(source(bytes(data)), CArchive.load, 128, registry=REGISTRY)
    ar.begin()
    with pytest.raises(KeyError):
        ar.ReadObject(CPart)
    with pytest.raises(CArchiveException, match="sound"):  # nothing more is loaded in it (AR-190)
        ar.ReadBYTE()
    with pytest.raises(CArchiveException, match="sound"):
        ar.commit()
    ar.rollback()
    assert ar.EnsureRead(len(data)) == data
    ar.Close()


def test_ar_218_remembered_schemas_come_back() -> None:
    file = CMemFile()
    rc = pysock.RUNTIME_CLASS(COld)
    for schema in (3, 4):
        rc.m_wSchema = schema | pysock.VERSIONABLE_SCHEMA
        with storing(file) as ar:
            ar.WriteObject(COld())
            ar.WriteObject(COld())
    rc.m_wSchema = 5 | pysock.VERSIONABLE_SCHEMA
    ar = CArchive(file.getvalue(), CArchive.load, registry=REGISTRY)
    assert ar.ReadObject(COld).schema == 3  # type: ignore[union-attr]
    ar.begin()
    assert ar.ReadObject(COld).schema == 3  # type: ignore[union-attr]
    assert ar.ReadObject(COld).schema == 4  # type: ignore[union-attr]
    ar.rollback()
    assert ar.ReadObject(COld).schema == 3, "class record 2 said 4, and is undone"  # type: ignore[union-attr]


def test_ar_217_need_more_data_says_how_much_and_is_no_archive_exception() -> None:
    raw = NonBlocking(b"\5\0", None, b"\0", None, b"\0\1", None)
    ar = CArchive(raw, CArchive.load)
    for missing in (2, 1):
        with pytest.raises(NeedMoreData) as caught, ar.transaction():
            ar.ReadDWORD()
        assert caught.value.missing == missing and caught.value.offset == 4 - missing
        assert isinstance(caught.value, BlockingIOError) and not isinstance(caught.value, CArchiveException)
    with ar.transaction():
        assert ar.ReadDWORD() == 5
    with pytest.raises(NeedMoreData), ar.transaction():
        ar.ReadWORD()
    with pytest.raises(ArchiveEndOfFile), ar.transaction():
        ar.ReadWORD()  # now it has ended


def test_who_swallows_need_more_data_cannot_commit() -> None:
    ar = CArchive(NonBlocking(b"\5", None, b"\0"), CArchive.load)
    with pytest.raises(NeedMoreData), ar.transaction():
        try:
            ar.ReadWORD()
        except OSError:
            pass
    assert ar.offset == 0
    with ar.transaction():
        assert ar.ReadWORD() == 5


@pytest.mark.parametrize("n", [101, 4000, 5000, 100_000])
def test_storing_above_max_total_is_refused_also_if_it_fits_the_buffer(n: int) -> None:
    file = Calls()
    ar = CArchive(file, CArchive.store, max_total=100)
    with pytest.raises(ArchiveLimitError) as caught, ar.transaction():
        ar.write([1] * n, fixed(BYTE, n))
    assert caught.value.limit == "max_total" and ar.offset == 0
    with ar.transaction(), ar.transaction():
        ar.write([1] * 100, fixed(BYTE, 100))
    ar.Close()
    assert b"".join(file.calls) == b"\1" * 100  # type: ignore[arg-type]


def test_ar_181_the_budget_is_that_of_the_transaction() -> None:
    ar = CArchive(io.BytesIO(bytes(1000)), CArchive.load, 128, max_total=100)
    ar.begin()
    ar.Read(60)
    with pytest.raises(ArchiveLimitError), ar.transaction():
        ar.Read(60)
    assert ar.offset == 60
    ar.Read(40)
    with pytest.raises(ArchiveLimitError):
        ar.ReadBYTE()
    ar.rollback()
    for _ in range(10):
        with ar.transaction():
            ar.Read(100)


def test_ar_182_limits_count_what_is_kept_only() -> None:
    data = two_parts()
    ar = CArchive(data, CArchive.load, registry=REGISTRY, max_objects=3, max_classes=1, max_dense=5)
    for _ in range(20):
        ar.begin()
        ar.ReadObject(CPart)
        ar.rollback()
    assert ar.ReadObject(CPart) is not None


def test_loading_gives_its_memory_back() -> None:
    ar = CArchive(io.BytesIO(bytes(3_000_000)), CArchive.load)
    with ar.transaction():
        ar.EnsureRead(2_000_000)
        assert ar._state()["nBufSize"] >= 2_000_000
    assert ar._state()["nBufSize"] < 300_000 or ar._state()["max"] > 4096
    ar.EnsureRead(1_000_000)
    assert ar.Read(1) == b""


def test_a_file_that_keeps_what_it_was_lent_keeps_it() -> None:
    """A view of the buffer forbids to grow it in place: then there is a new one."""

    class Keeper(io.RawIOBase):
        kept: Any = ()

        def readable(self) -> bool:
            return True

        def readinto(self, buffer: Any) -> int:
            self.kept = (*self.kept, buffer)
            buffer[:] = b"x" * len(buffer)
            return len(buffer)

    ar = CArchive(Keeper(), CArchive.load, 128)
    with ar.transaction():
        assert ar.Read(5000) == b"x" * 5000
    user = bytearray(200)
    with CArchive(io.BytesIO(bytes(range(200)) * 9), CArchive.load, 200, user) as ar, ar.transaction():
        assert ar.Read(1800) == bytes(range(200)) * 9


def test_an_archive_in_garbage_gives_back_what_it_was_lent() -> None:
    """The collector takes an archive apart before it dies; its buffer must not stay locked."""
    buffer, source, attached = bytearray(200), bytearray(b"12"), bytearray(5)
    ar = CArchive(io.BytesIO(b"12"), CArchive.load, 200, buffer)
    ar.m_pDocument = [ar, CArchive(source, CArchive.load)]
    file = CMemFile()
    file.Attach(attached)
    file.cycle = file  # type: ignore[attr-defined]
    del ar, file
    gc.collect()
    for lent in (buffer, source, attached):
        lent.append(1)


messages = st.lists(
    st.one_of(
        st.tuples(st.just(WORD), st.integers(0, 0xFFFF)),
        st.tuples(st.just(UINT), st.integers(0, 0xFFFFFFFF)),
        st.tuples(st.just(CString), st.text(st.characters(max_codepoint=0xD7FF), max_size=300)),
        st.tuples(st.just(array_of(DWORD)), st.lists(st.integers(0, 9), max_size=200)),
    ),
    max_size=12,
)


@settings(deadline=None, max_examples=60)
@given(messages, st.data())
def test_random_messages_some_taken_back(items: list[tuple[Any, Any]], data: st.DataObject) -> None:
    """What is rolled back on storing is not there; what is rolled back on loading is there again."""
    file = CMemFile()
    kept = []
    with storing(file) as ar:
        for T, value in items:
            keep = data.draw(st.booleans())
            ar.begin()
            ar.write(value, T)
            if keep:
                ar.commit()
                kept.append((T, value))
            else:
                ar.rollback()
    raw = NonBlocking(*cuts(file.getvalue(), data))
    ar = CArchive(raw, CArchive.load, 128)
    for T, value in kept:
        while True:
            try:
                with ar.transaction():
                    got = ar.read(T)
                    if not data.draw(st.booleans()):
                        raise InterruptedError
                break
            except (NeedMoreData, InterruptedError):
                continue
        assert (list(got) if isinstance(value, list) else got) == value
    while True:
        try:
            assert ar.Read(1) == b""
            break
        except BlockingIOError:
            pass


def cuts(stream: bytes, data: st.DataObject) -> list[bytes | None]:
    pieces: list[bytes | None] = []
    at = 0
    while at < len(stream):
        n = data.draw(st.integers(1, 400))
        pieces += [stream[at : at + n], *([None] if data.draw(st.booleans()) else [])]
        at += n
    return pieces
