"""Declared fields store and load as a hand-written Serialize does (AR-210 to AR-213)."""

import gc
import struct
import sys
import threading
import types
from array import array

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import pysock
from pysock import (
    BOOL,
    BYTE,
    CHAR,
    DOUBLE,
    DWORD,
    FLOAT,
    GUID,
    INT,
    LONG,
    LONGLONG,
    POINT,
    RECT,
    SHORT,
    SIZE,
    UINT,
    ULONGLONG,
    WCHAR,
    WORD,
    ArchiveEndOfFile,
    ArchiveLimitError,
    CArchive,
    CArchiveException,
    ClassRegistry,
    CMemFile,
    CNotSupportedException,
    CObArray,
    CObject,
    COleDateTime,
    COleVariant,
    CPoint,
    CString,
    CStringA,
    CStringW,
    CTime,
    Record,
    array_of,
    bool_,
    by_value,
    count_of,
    field,
    fields,
    fixed,
    list_of,
    map_of,
    raw,
    ref,
)


def stored(write, **settings):
    file = CMemFile()
    with CArchive(file, CArchive.store, **settings) as ar:
        write(ar)
    return file.getvalue()


def loading(data, **settings):
    return CArchive(data, CArchive.load, **settings)


class Part(Record, eq=True):
    a: int = field(WORD)
    b: str = field(CString)


class Member(CObject, eq=True):
    m: int = field(LONG)


class Dot(CObject, schema=3, eq=True):
    x: int = field(SHORT)


# --- the same bytes as by hand ------------------------------------------------------------------------------

numbers = {
    BYTE: st.integers(0, 0xFF),
    CHAR: st.integers(-0x80, 0x7F),
    WORD: st.integers(0, 0xFFFF),
    SHORT: st.integers(-0x8000, 0x7FFF),
    DWORD: st.integers(0, 0xFFFFFFFF),
    UINT: st.integers(0, 0xFFFFFFFF),
    LONG: st.integers(-(1 << 31), (1 << 31) - 1),
    INT: st.integers(-(1 << 31), (1 << 31) - 1),
    BOOL: st.integers(-(1 << 31), (1 << 31) - 1),
    LONGLONG: st.integers(-(1 << 63), (1 << 63) - 1),
    ULONGLONG: st.integers(0, (1 << 64) - 1),
    FLOAT: st.floats(width=32, allow_nan=False),
    DOUBLE: st.floats(allow_nan=False),
    bool_: st.booleans(),
    WCHAR: st.characters(max_codepoint=0xFFFF, exclude_categories=("Cs",)),
    int: st.integers(-(1 << 31), (1 << 31) - 1),
    float: st.floats(allow_nan=False),
    bool: st.booleans(),
}
longs = st.integers(-(1 << 31), (1 << 31) - 1)
ascii_text = st.text(st.characters(max_codepoint=0x7F), max_size=300)
others = {
    CString: ascii_text,
    CStringA: ascii_text,
    CStringW: st.text(max_size=20),
    str: ascii_text,
    POINT: st.builds(POINT, longs, longs),
    SIZE: st.builds(SIZE, longs, longs),
    RECT: st.builds(RECT, longs, longs, longs, longs),
    CTime: st.builds(CTime, st.integers(0, 1 << 32)),
    Part: st.builds(Part, a=numbers[WORD], b=ascii_text),
}
elements = {T: values for T, values in (numbers | others).items() if T is not CTime}


def of_kind():
    """(wire type, value) pairs of every kind of field."""
    alone = [T for T in numbers | others if T not in (int, float, bool, str)]
    one = st.sampled_from(alone).flatmap(lambda T: st.tuples(st.just(T), (numbers | others)[T]))
    many = st.sampled_from(list(elements)).flatmap(
        lambda T: st.tuples(
            st.sampled_from([array_of(T), list_of(T), array_of(T, count=BYTE), array_of(T, count=DWORD)]),
            st.lists(elements[T], max_size=6),
        )
    )
    always = st.sampled_from(list(elements)).flatmap(
        lambda T: st.lists(elements[T], max_size=4).map(lambda values: (fixed(T, len(values)), values))
    )
    bytes_ = st.binary(max_size=300).flatmap(lambda b: st.sampled_from([(raw(len(b)), b), (raw(WORD), b)]))
    inline = st.tuples(st.just(by_value(Member)), st.builds(Member, m=longs))
    pointer = st.tuples(st.just(ref(Dot)), st.none() | st.builds(Dot, x=numbers[SHORT]))
    mapping = st.tuples(
        st.just(map_of(CString, WORD)), st.dictionaries(ascii_text, numbers[WORD], max_size=3)
    )
    return st.one_of(one, many, always, bytes_, inline, pointer, mapping)


def twins(wires):
    """The same class declared and written by hand."""
    names = [f"f{i}" for i in range(len(wires))]
    by_hand, declared = ClassRegistry(), ClassRegistry()

    def body(namespace):
        namespace.update({name: field(T) for name, T in zip(names, wires, strict=True)})

    def hand(namespace):
        def Serialize(self, ar):
            for name, T in zip(names, wires, strict=True):
                if ar.IsStoring():
                    ar.write(getattr(self, name), T)
                else:
                    setattr(self, name, ar.read(T))

        namespace["Serialize"] = Serialize

    by_hand.register(Dot)
    declared.register(Dot)
    return (
        (types.new_class("Thing", (CObject,), dict(schema=1, registry=declared), body), declared),
        (types.new_class("Thing", (CObject,), dict(schema=1, registry=by_hand), hand), by_hand),
    )


@given(st.lists(of_kind(), max_size=16), st.booleans(), st.sampled_from([128, 4096]))
@settings(max_examples=300, deadline=None)
def test_ar_211_a_plan_and_a_hand_written_serialize_give_the_same_bytes(pairs, wide, buffer):
    (declared, mine), (by_hand, theirs) = twins([T for T, _ in pairs])
    values = {f"f{i}": value for i, (_, value) in enumerate(pairs)}
    one, other = declared(**values), by_hand()
    vars(other).update(values)

    def store(obj):
        file = CMemFile()
        with CArchive(file, CArchive.store, buffer, unicode=wide) as ar:
            ar.write_list([obj, obj])
        return file.getvalue()

    data = store(one)
    assert data == store(other)
    with loading(data, unicode=wide, registry=mine) as ar:
        a, again = ar.read_list(declared, 2)
        assert a is again
    file = CMemFile()
    file.Write(data)
    file.SeekToBegin()
    with CArchive(file, CArchive.load, buffer, unicode=wide, registry=mine) as ar:  # in pieces
        c = ar.read(declared)
    with loading(data, unicode=wide, registry=theirs) as ar:
        b = ar.read(by_hand)
    for name in values:
        assert getattr(a, name) == getattr(b, name) == getattr(c, name), name
        assert type(getattr(a, name)) is type(getattr(b, name))


class Everything(CObject, schema=1, eq=True):
    number: int = field(WORD)
    text: str = field(CString)
    n: int = field(count_of("points", BYTE))
    tail: float = field(DOUBLE)
    points: list = field(array_of(POINT, count="n"))
    size: int = field(count_of("blob", WORD))
    blob: bytes = field(raw("size"))
    words: list = field(array_of(WORD))
    names: list = field(list_of(CString))
    parts: list = field(array_of(Part))
    part: Part = field(Part)
    member: Member = field(by_value(Member))
    when: CTime = field(CTime)
    quad: list = field(fixed(BYTE, 4))
    index: dict = field(map_of(WORD, CString))
    dots: list = field(array_of(ref("Dot")))
    next: "Everything | None" = field(ref())


def everything():
    return Everything(
        number=7,
        text="héllo",
        tail=1.5,
        points=[(1, 2), CPoint(3, 4)],
        blob=b"\0\xff\1",
        words=range(5),
        names=["a", "b" * 300],
        parts=[Part(a=1, b="x"), Part(a=2, b="y")],
        part=Part(a=3, b="z"),
        member=Member(m=-1),
        when=CTime(1_700_000_000),
        quad=[1, 2, 3, 4],
        index={1: "one"},
        dots=[Dot(x=1), None, Dot(x=2)],
        next=Everything(number=1),
    )


def test_ar_210_every_kind_of_field_comes_back():
    one = everything()
    one.next.next = one
    with loading(stored(lambda ar: ar.WriteObject(one))) as ar:
        back = ar.read(Everything)
        assert not ar.Read(1)
    assert back.next.next is back
    assert (back.n, back.size, len(back.points)) == (2, 3, 2)
    back.next = one.next = None
    one.points, one.words = back.points, list(one.words)
    assert back == one and repr(back) == repr(one)


def test_ar_192_every_cut_is_the_end_of_file_and_leaves_nothing():
    data = stored(lambda ar: ar.WriteObject(everything()))
    for n in range(len(data)):
        for source in (data[:n], memory_file(data[:n])):
            ar = loading(source)
            with pytest.raises(CArchiveException) as caught:
                ar.read(Everything)
            assert caught.value.m_cause in (
                CArchiveException.endOfFile,
                CArchiveException.badClass,
            )  # in a name
            if n >= 2:  # something of the object was taken
                with pytest.raises(CArchiveException):
                    ar.ReadBYTE()
            ar.Abort()


def memory_file(data):
    file = CMemFile()
    file.Write(data)
    file.SeekToBegin()
    return file


class Message(Record):
    kind: int = field(BYTE)
    text: str = field(CString)


def test_ar_212_an_object_changes_only_when_all_of_it_is_there():
    data = stored(lambda ar: ar.write(Message(kind=1, text="abc")))
    for n in range(len(data)):
        message = Message(kind=9, text="old")
        with pytest.raises(ArchiveEndOfFile):
            message.Serialize(loading(data[:n]))
        assert (message.kind, message.text) == (9, "old")
    message.Serialize(loading(data))
    assert (message.kind, message.text) == (1, "abc")


def test_ar_190_a_record_that_is_not_there_leaves_the_archive_sound():
    data = stored(lambda ar: ar.write(Message(kind=1, text="abc")))
    ar = loading(memory_file(data))
    assert ar.read(Message).text == "abc"
    with pytest.raises(ArchiveEndOfFile):
        ar.read(Message)
    ar.GetFile().Write(data)
    ar.GetFile().Seek(len(data), 0)
    assert ar.read(Message).text == "abc"
    ar.Abort()


def test_a_run_longer_than_a_buffer():
    wires = [LONGLONG, BYTE, DOUBLE] * 40

    def body(namespace):
        namespace.update({f"f{i}": field(T) for i, T in enumerate(wires)})

    Wide = types.new_class("Wide", (Record,), {}, body)
    one = Wide(**{f"f{i}": i for i in range(len(wires))})
    file = CMemFile()
    with CArchive(file, CArchive.store, 128) as ar:
        ar.write_list([one] * 3)
    assert file.getvalue() == struct.pack("<" + "qBd" * 40, *range(len(wires))) * 3
    file.SeekToBegin()
    with CArchive(file, CArchive.load, 128) as ar:
        for back in ar.read_list(Wide, 3):
            assert repr(back) == repr(one).replace(f"f{2}=2,", "f2=2.0,") or back.f119 == 119.0
    file.SeekToBegin()
    with CArchive(file, CArchive.load, 128) as ar:
        assert all(list(column) == [int(name[1:])] * 3 for name, column in ar.read_columns(Wide, 3).items())


class Sized(CObject):
    n: int = field(WORD, default=3)


class Several(Record):
    members: list[Sized] = field(fixed(by_value(Sized), 2))


def test_ar_210_members_that_nobody_gave_have_their_defaults():
    """Also those in a C array, which C++ would construct."""
    assert [one.n for one in Several().members] == [3, 3]
    assert stored(lambda ar: ar.write(Several())) == b"\3\0\3\0"


# --- schemas ------------------------------------------------------------------------------------------------


class Versioned(CObject, schema=3, versionable=True):
    a: int = field(WORD)
    old: int = field(WORD, until=1, default=-5)
    new: int = field(DWORD, since=2, default=77)
    newest: str = field(CString, since=3, default="x")


@pytest.mark.parametrize(
    ("schema", "body"),
    [(0, "<HH"), (1, "<HH"), (2, "<HI"), (3, "<HIB")],
)
def test_ar_210_fields_of_some_schemas(schema, body):
    numbers = (1, 2, 0)[: len(body) - 1]
    record = struct.pack("<HHH", 0xFFFF, schema, 9) + b"Versioned" + struct.pack(body, *numbers)
    with loading(record, unicode=False) as ar:
        back = ar.read(Versioned)
    assert back.a == 1
    assert back.old == (2 if schema <= 1 else -5)
    assert back.new == (2 if schema >= 2 else 77)
    assert back.newest == ("" if schema == 3 else "x")
    rc = pysock.RUNTIME_CLASS(Versioned)
    before = rc.m_wSchema
    try:
        rc.m_wSchema = pysock.VERSIONABLE_SCHEMA | schema  # as programs store an older format (AR-89)
        assert stored(lambda ar: ar.WriteObject(back), unicode=False) == record
    finally:
        rc.m_wSchema = before


class Inner(Record):
    a: int = field(BYTE)
    b: int = field(BYTE, since=2)


class Outer(CObject, schema=2, versionable=True):
    inner: Inner = field(Inner)


def test_a_record_in_an_object_has_the_schema_of_the_object():
    assert stored(lambda ar: ar.WriteObject(Outer(inner=Inner(a=1, b=2))))[-2:] == b"\1\2"
    with loading(struct.pack("<HHH", 0xFFFF, 1, 5) + b"Outer\1") as ar:
        assert repr(ar.read(Outer)) == "Outer(inner=Inner(a=1, b=0))"


def test_a_record_alone_has_the_schema_that_was_set_else_all_new_fields():
    def old(ar):
        ar.SetObjectSchema(1)
        ar.write(Inner(a=1, b=2))

    assert stored(old) == b"\1"
    assert stored(lambda ar: ar.write(Inner(a=1, b=2))) == b"\1\2"
    ar = loading(b"\1")
    ar.SetObjectSchema(1)
    assert repr(ar.read(Inner)) == "Inner(a=1, b=0)"


class ByDocument(Record, schema_of=lambda ar: ar.m_pDocument):
    a: int = field(BYTE, until=2)
    b: int = field(WORD, since=3)


def test_schema_of_asks_the_program():
    for version, data in ((2, b"\5"), (3, b"\5\0")):
        ar = loading(data)
        ar.m_pDocument = version
        back = ar.read(ByDocument)
        assert (back.a, back.b) == ((5, 0) if version == 2 else (0, 5))
        assert not ar.Read(1)


# --- base classes and Serialize by hand ---------------------------------------------------------------------


class Base(CObject, schema=1):
    a: int = field(BYTE)


class Derived(Base, schema=1):
    b: int = field(BYTE)


class ByHand(Derived, schema=1):
    __slots__ = ("checksum",)

    def Serialize(self, ar):
        super().Serialize(ar)
        if ar.IsStoring():
            ar.WriteBYTE(self.a ^ self.b)
        else:
            self.checksum = ar.ReadBYTE()


class Again(ByHand, schema=1):
    c: int = field(BYTE)


def test_ar_210_fields_of_bases_come_first():
    assert [one.name for one in fields(Derived)] == ["a", "b"]
    assert stored(lambda ar: Derived(a=1, b=2).Serialize(ar)) == b"\1\2"


def test_a_hand_written_serialize_calls_the_declared_one():
    data = stored(lambda ar: ar.WriteObject(ByHand(a=1, b=2)))
    assert data[-3:] == b"\1\2\3"
    with loading(data) as ar:
        back = ar.read(ByHand)
    assert (back.a, back.b, back.checksum) == (1, 2, 3)


def test_fields_declared_on_top_of_a_hand_written_serialize():
    assert [one.name for one in fields(Again)] == ["c"]
    one = Again(c=4)
    one.a, one.b = 1, 2
    data = stored(lambda ar: ar.WriteObject(one))
    assert data[-4:] == b"\1\2\3\4"
    with loading(data) as ar:
        back = ar.read(Again)
    assert (back.a, back.b, back.checksum, back.c) == (1, 2, 3, 4)


def test_serialize_of_another_class_is_refused():
    with pytest.raises(TypeError, match="Serialize of Base needs one, not a Dot"):
        Base.Serialize(Dot(x=1), CArchive(CMemFile(), CArchive.store))
    CObject_like = types.new_class(
        "Alien", (CObject,), {}, lambda ns: ns.update(Serialize=Base.__dict__["Serialize"])
    )
    ar = loading(b"\1")
    with pytest.raises(TypeError, match="Serialize of Base needs one, not a Alien"):
        CObject_like().Serialize(ar)


# --- wrong values -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        (dict(number=0x10000), OverflowError, "Everything.number: WORD needs 0..65535, got 65536"),
        (dict(number=-1), OverflowError, "Everything.number: WORD needs 0..65535, got -1"),
        (dict(number=1 << 80), OverflowError, "Everything.number: WORD needs 0..65535"),
        (dict(number="1"), TypeError, "Everything.number: WORD needs an int, got str"),
        (dict(number=1.5), TypeError, "Everything.number: WORD needs an int, got float"),
        (dict(tail="1"), TypeError, "Everything.tail: DOUBLE needs a float, got str"),
        (dict(tail=10**400), OverflowError, "Everything.tail: DOUBLE cannot hold"),
        (dict(text=b"1"), TypeError, "Everything.text: CString needs a str, got bytes"),
        (dict(points=[(0, 1 << 31)]), OverflowError, "Everything.points: LONG needs -2147483648..2147483647"),
        (dict(points=[CPoint()] * 256), OverflowError, "Everything.n: BYTE needs 0..255, got 256"),
        (dict(points=7), TypeError, "Everything.points: need a list, got int"),
        (dict(blob="1"), TypeError, "Everything.blob: need bytes, got str"),
        (dict(words=[1, 2, 1 << 16]), OverflowError, "Everything.words: WORD needs 0..65535, got 65536"),
        (dict(names=["a", 1]), TypeError, "Everything.names: CString needs a str, got int"),
        (dict(parts=[Part(a=1), Part(a="x")]), TypeError, "Everything.parts: Part.a: WORD needs an int"),
        (dict(part=Part(a=-1)), OverflowError, "Everything.part: Part.a: WORD needs 0..65535, got -1"),
        (dict(part=Member()), TypeError, "Everything.part: need a Part, got Member"),
        (dict(member=None), TypeError, "Everything.member: need a Member, got NoneType"),
        (dict(quad=[1, 2, 3]), ValueError, "Everything.quad: need 4 elements, got 3"),
        (dict(dots=[Member()]), TypeError, "Everything.dots: need a Dot or None, got Member"),
        (dict(next=Dot()), TypeError, "Everything.next: need a Everything or None, got Dot"),
    ],
    ids=lambda v: next(iter(v)) if isinstance(v, dict) else None,
)
def test_ar_194_a_wrong_value_is_told_before_a_byte_is_written(change, error, words):
    one = everything()
    for name, value in change.items():
        setattr(one, name, value)
    ar = CArchive(CMemFile(), CArchive.store)
    with pytest.raises(error) as caught:
        ar.WriteObject(one)
    assert str(caught.value).startswith(words)
    assert ar.offset == 0
    ar.WriteObject(everything())  # and the archive is as it was: the class record is written now
    assert ar.offset > 20
    ar.Abort()


def test_text_that_the_code_page_does_not_have():
    ar = CArchive(CMemFile(), CArchive.store, unicode=False)
    with pytest.raises(UnicodeEncodeError) as caught:
        ar.write(Message(text="Ω"))
    assert caught.value.__notes__ == ["in Message.text"] and ar.offset == 0
    ar.Abort()


def test_a_value_that_is_not_set():
    message = Message()
    del message.text
    ar = CArchive(CMemFile(), CArchive.store)
    with pytest.raises(AttributeError, match=r"Message\.text is not set"):
        ar.write(message)
    assert repr(message) == "Message(kind=0, text=<not set>)"
    loaded = Message.__new__(Message)
    loaded.Serialize(loading(b"\1\0"))
    assert (loaded.kind, loaded.text) == (1, "")
    ar.Abort()


class NoSchema(CObject):
    pass


class ToAny(CObject, schema=0):
    to: CObject | None = field(ref())


def test_ar_90_a_pointer_to_what_cannot_be_archived():
    ar = CArchive(CMemFile(), CArchive.store)
    with pytest.raises(CNotSupportedException, match="NoSchema has no schema"):
        ar.WriteObject(ToAny(to=NoSchema()))
    assert ar.offset == 0
    ar.Abort()


def test_a_negative_count_is_no_count():
    class Counted(Record):
        n: int = field(count_of("values", SHORT))
        values: list = field(array_of(BYTE, count="n"))

    class Before(Record):
        values: list = field(array_of(BYTE, count=SHORT))

    for cls in (Counted, Before):
        with pytest.raises(CArchiveException, match="a number of elements"):
            loading(b"\xff\xff").read(cls)
    with pytest.raises(CArchiveException, match="a number of elements"):
        loading(b"\xff\xff").read(
            types.new_class("C", (Record,), {}, lambda ns: ns.update(v=field(array_of(BYTE, SHORT))))
        )


# --- graphs -------------------------------------------------------------------------------------------------


class Node(CObject, schema=0):
    value: int = field(DWORD)
    next: "Node | None" = field(ref())


def chain(n):
    first = node = Node(value=0)
    for i in range(1, n):
        node.next = Node(value=i)
        node = node.next
    return first


def raw_chain(n):
    head = struct.pack("<HHH", 0xFFFF, 0, 4) + b"Node"
    return head + b"".join(struct.pack("<IH", i, 0x8001) for i in range(n - 1)) + struct.pack("<IH", n - 1, 0)


def test_ar_213_depth_is_counted_by_the_plan_and_not_by_python():
    limit = sys.getrecursionlimit()

    def below(frames):
        if frames:
            return below(frames - 1)
        with loading(raw_chain(200)) as ar:
            return ar.read(Node)

    depth, frame = 0, sys._getframe()
    while frame:
        depth, frame = depth + 1, frame.f_back
    node, n = below(limit - depth - 60), 0
    while node:
        assert node.value == n
        node, n = node.next, n + 1
    assert n == 200


def test_ar_184_deeper_than_allowed():
    with pytest.raises(ArchiveLimitError, match="max_depth") as caught:
        loading(raw_chain(201)).read(Node)
    assert caught.value.in_class[0] == "Node"


@pytest.mark.parametrize("thread", [False, True], ids=["main", "thread"])
def test_no_depth_overflows_the_stack(thread):
    results = []

    def run():
        with pytest.raises(ArchiveLimitError):
            loading(raw_chain(100_000), max_depth=None).read(Node)
        with pytest.raises(RecursionError):
            stored(lambda ar: ar.WriteObject(first))
        results.append(True)

    first = chain(100_000)
    if thread:
        worker = threading.Thread(target=run)
        worker.start()
        worker.join()
    else:
        run()
    assert results == [True]
    while first.next:  # freed one by one, not by recursion
        first.next = first.next.next


def test_a_deep_chain_comes_and_goes():
    data = stored(lambda ar: ar.WriteObject(chain(800)))
    with loading(data, max_depth=1000) as ar:
        node = ar.read(Node)
    assert sum(1 for _ in iterate(node)) == 800


def iterate(node):
    while node:
        yield node
        node = node.next


def test_ar_186_a_pointer_field_admits_its_class_only():
    data = struct.pack("<HHH", 0xFFFF, 0, 4) + b"Node" + struct.pack("<IHHH", 1, 0xFFFF, 3, 3) + b"Dot\0\0"
    with pytest.raises(CArchiveException, match="a Node") as caught:
        loading(data).read(Node)
    assert caught.value.m_cause == CArchiveException.badClass


def test_ar_186_a_pointer_to_anything_admits_what_the_archive_admits():
    data = stored(lambda ar: ar.WriteObject(ToAny(to=Dot(x=5))))
    with pytest.raises(CArchiveException, match="allow="):
        loading(data).read(ToAny)
    with loading(data, allow="registered") as ar:
        assert ar.read(ToAny).to == Dot(x=5)
    data = stored(lambda ar: ar.WriteObject(ToAny(to=CObArray([None]))))
    with loading(data) as ar:  # the library's collections are always admitted
        assert list(ar.read(ToAny).to) == [None]


def test_declared_and_hand_written_objects_point_to_each_other():
    registry = ClassRegistry()

    class Hand(CObject, schema=0, registry=registry):
        def Serialize(self, ar):
            if ar.IsStoring():
                ar.WriteObject(self.to)
            else:
                self.to = ar.ReadObject(ToAny)
                self.seen = hasattr(self.to, "to")

    registry.register(ToAny)
    hand = Hand()
    one = ToAny(to=hand)
    hand.to = one
    with loading(stored(lambda ar: ar.WriteObject(one)), registry=registry, allow="registered") as ar:
        back = ar.read(ToAny)
    assert back.to.to is back
    assert back.to.seen is False  # AR-212: it is in the map already, and has its values when all are there


# --- limits -------------------------------------------------------------------------------------------------


class Many(Record):
    values: list = field(array_of(DOUBLE))


class ManyParts(Record):
    values: list = field(array_of(Part))


@pytest.mark.parametrize("cls", [Many, ManyParts])
def test_ar_187_nothing_is_allocated_on_the_word_of_a_count(cls):
    data = b"\xff\xff\xff\xff\xff\0" + bytes(100)
    with pytest.raises(ArchiveEndOfFile):
        loading(data).read(cls)
    with pytest.raises(ArchiveLimitError, match="max_count"):
        loading(data, max_count=1000).read(cls)


def test_ar_188_a_stream_of_unknown_length():
    class Pipe:
        def __init__(self):
            self.asked = 0

        def Read(self, n):
            self.asked += n
            if self.asked > 300_000:
                return b""
            begin = b"\xff\xff\xff\xff\xff\0"[self.asked - n :]
            return begin[:n] + bytes(n - len(begin[:n]))

    pipe = Pipe()
    with pytest.raises(ArchiveEndOfFile):
        loading(pipe).read(Many)
    with pytest.raises(ArchiveLimitError, match="max_total"):
        loading(Pipe(), max_total=100_000).read(Many)


def test_ar_181_a_list_of_records_is_one_read():
    data = stored(lambda ar: ar.write_list([Message(kind=i) for i in range(50)]))
    with loading(data, max_total=len(data)) as ar:
        assert len(ar.read_list(Message, 50)) == 50
    with pytest.raises(ArchiveLimitError, match="max_total"):
        loading(data, max_total=len(data) - 1).read_list(Message, 50)
    with pytest.raises(ArchiveLimitError, match="max_total"):
        loading(data, max_total=len(data) - 1).read_columns(Message, 50)


@pytest.mark.parametrize("read", ["read_list", "read_columns"])
def test_lists_and_columns_refuse_what_cannot_be(read):
    with pytest.raises(ArchiveEndOfFile):
        getattr(loading(bytes(10)), read)(Part, 1 << 40 if read == "x" else 1 << 20)
    with pytest.raises(ArchiveLimitError, match="max_count"):
        getattr(loading(bytes(10)), read)(Part, 1 << 40)
    with pytest.raises(ValueError, match="negative"):
        getattr(loading(b""), read)(Part, -1)
    with pytest.raises(TypeError):
        getattr(loading(bytes(10)), read)(object, 1)


# --- lists and columns --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("T", "values"),
    [
        (WORD, [1, 2, 65535]),
        (bool_, [True, False]),
        (CString, ["a", "é"]),
        (POINT, [CPoint(1, 2)]),
        (Part, [Part(a=1, b="x"), Part(a=2, b="y")]),
        (Dot, [Dot(x=1), None]),
        (array_of(BYTE), [[1], []]),
    ],
    ids=repr,
)
def test_write_list_and_read_list(T, values):
    data = stored(lambda ar: ar.write_list(values, T))
    assert data == stored(lambda ar: [ar.write(value, T) for value in values] and None)
    with loading(data) as ar:
        assert ar.read_list(T, len(values)) == values
    with loading(data) as ar:
        assert ar.read_list(T, 0) == []


def test_write_list_checks_the_class_of_a_pointer():
    with pytest.raises(TypeError, match="need a Dot or None, not Node"):
        stored(lambda ar: ar.write_list([Dot(), Node()], Dot))


class Row(Record):
    id: int = field(DWORD)
    x: float = field(FLOAT)
    ok: bool = field(bool_)
    big: int = field(LONGLONG)
    unit: str = field(WCHAR)
    small: int = field(CHAR)


class Named(Row):
    name: str = field(CString)
    n: int = field(count_of("tail", BYTE))
    y: int = field(SHORT)
    tail: list = field(array_of(WORD, count="n"))


def rows(cls, n):
    more = (lambda i: dict(name=f"n{i}", y=-i, tail=[i] * (i % 3))) if cls is Named else lambda i: {}
    return [
        cls(id=i, x=i / 2, ok=i % 2, big=-i, unit=chr(65 + i % 9), small=-(i % 9), **more(i))
        for i in range(n)
    ]


@pytest.mark.parametrize("cls", [Row, Named])
@pytest.mark.parametrize("n", [0, 1, 7, 5000])
@pytest.mark.parametrize("numpy", [True, False], ids=["numpy", "array"])
def test_columns(cls, n, numpy, monkeypatch):
    if numpy:
        pytest.importorskip("numpy")
    else:
        monkeypatch.setitem(sys.modules, "numpy", None)
    made = rows(cls, n)
    data = stored(lambda ar: ar.write_list(made))
    for source in (data, memory_file(data)):
        with loading(source) as ar:
            columns = ar.read_columns(cls, n)
            assert not ar.Read(1)
        assert list(columns) == [one.name for one in fields(cls)]
        for name, column in columns.items():
            values = [getattr(row, name) for row in made]
            assert list(map(chr, column) if name == "unit" else column) == values
        assert isinstance(columns["id"], array) is not numpy
        assert columns["x"].itemsize == 4


def test_columns_cut_at_every_length():
    data = stored(lambda ar: ar.write_list(rows(Named, 4)))
    for n in range(len(data)):
        with pytest.raises(ArchiveEndOfFile):
            loading(data[:n]).read_columns(Named, 4)


def test_columns_are_of_declared_records():
    for cls in (Dot, Record, int, "x"):
        with pytest.raises(TypeError, match="read_columns needs a Record"):
            loading(b"").read_columns(cls, 1)


# --- foreign code in the middle -----------------------------------------------------------------------------


def test_a_value_whose_index_takes_the_next_field_away():
    class Evil:
        def __init__(self, of):
            self.of = of

        def __index__(self):
            del self.of.text
            gc.collect()
            return 1

    message = Message(text="a" * 50)
    message.kind = Evil(message)
    with pytest.raises(AttributeError, match=r"Message\.text is not set"):
        stored(lambda ar: ar.write(message))


def test_an_archive_that_is_closed_in_the_middle():
    class Closes:
        @classmethod
        def __mfc_load__(cls, ar):
            ar.Abort()

        @classmethod
        def __mfc_store__(cls, ar, value):
            ar.Abort()

    class Bad(Record):
        a: int = field(DWORD)
        b: object = field(Closes, default=None)
        c: int = field(DWORD)

    with pytest.raises(ValueError, match="closed"):
        loading(bytes(100)).read(Bad)
    with pytest.raises(ValueError, match="closed"):
        CArchive(CMemFile(), CArchive.store).write(Bad())


def test_a_pointer_that_is_replaced_while_it_is_stored():
    class Hand(CObject, schema=0, registry=False):
        def Serialize(self, ar):
            self.owner.to = None
            gc.collect()
            ar.WriteBYTE(1)

    one = ToAny(to=Hand())
    one.to.owner = one
    assert stored(lambda ar: ar.WriteObject(one))[-1:] == b"\1"


def test_tracing_archives_are_asked_field_by_field():
    class Tracing(CArchive):
        seen = []

        def _trace_fields(self, obj, fields):
            values = {}
            for one in fields:
                values[one.name] = self.read(one.bind(values))
                self.seen.append((type(obj).__name__, one.name))
                if not one.computed:
                    setattr(obj, one.name, values[one.name])

    one = everything()
    data = stored(lambda ar: ar.WriteObject(one))
    with Tracing(data, CArchive.load) as ar:
        back = ar.read(Everything)
    with loading(data) as ar:
        plain = ar.read(Everything)
    assert back == plain
    assert (
        ("Everything", "n") in Tracing.seen and ("Part", "b") in Tracing.seen and ("Dot", "x") in Tracing.seen
    )


def test_no_reference_is_lost_or_kept():
    """Errors in the middle of objects, many times."""
    data = stored(lambda ar: ar.WriteObject(everything()))
    marker = "marker" * 10

    def attempt():
        for n in (20, 40, len(data) - 1):
            with pytest.raises(ArchiveEndOfFile):
                loading(data[:n]).read(Everything)
        one = Message(kind=300, text=marker)
        with pytest.raises(OverflowError):
            stored(lambda ar: ar.write(one))
        stored(lambda ar: ar.write(Message(kind=3, text=marker)))
        with loading(data) as ar:
            ar.read(Everything)

    attempt()
    gc.collect()
    before, objects = sys.getrefcount(marker), len(gc.get_objects())
    for _ in range(20):
        attempt()
    gc.collect()
    assert sys.getrefcount(marker) == before
    assert len(gc.get_objects()) <= objects + 20


def test_when_fields_lie_outside_of_what_a_type_may_say():
    with pytest.raises(TypeError, match="no wire type"):
        types.new_class("Odd", (Record,), {}, lambda ns: ns.update(a=field(object))).__new__  # noqa: B018
        stored(
            lambda ar: ar.write(
                types.new_class("Odd", (Record,), {}, lambda ns: ns.update(a=field(object)))(a=1)
            )
        )


def test_ole_times_are_their_own_wire_form():
    class Timed(Record):
        when: COleDateTime = field(COleDateTime)

    when = COleDateTime(45000.25)
    data = stored(lambda ar: ar.write(Timed(when=when)))
    assert data == stored(lambda ar: ar.write(when, COleDateTime))
    assert loading(data).read(Timed).when == when


# --- reads that resume --------------------------------------------------------------------------------------


def test_ar_217_declared_objects_arrive_byte_by_byte():
    one = everything()
    one.next.next = one
    parts = [lambda ar: ar.WriteObject(one), lambda ar: ar.write(Message(kind=1, text="abc"))]
    data = stored(lambda ar: [write(ar) for write in parts] and None)
    archive = pysock.PushArchive()
    found = []
    for i in range(len(data)):
        archive.feed(data[i : i + 1])
        value = archive.try_read(Everything if not found else Message)
        if value is not pysock.PENDING:
            found.append(value)
    assert len(found) == 2
    back, message = found
    assert back.next.next is back and back.names == one.names and back.dots == one.dots
    assert (message.kind, message.text) == (1, "abc")


def test_ar_217_an_object_that_is_filled_stays_as_it_was_until_all_is_there():
    data = stored(lambda ar: ar.write(Message(kind=1, text="abc")))
    archive = pysock.PushArchive()
    message = Message(kind=9, text="old")

    class Filled:
        @staticmethod
        def __mfc_load__(ar):
            message.Serialize(ar)
            return message

    for i in range(len(data)):
        assert (message.kind, message.text) == (9, "old")
        archive.feed(data[i : i + 1])
        archive.try_read(Filled)
    assert (message.kind, message.text) == (1, "abc")


def test_ar_220_a_store_that_fails_leaves_nothing_in_a_transaction():
    bad = ToAny(to=Node(value=1, next=Node(value=-1)))
    file = CMemFile()
    with CArchive(file, CArchive.store) as ar:
        ar.WriteObject(Dot(x=1))
        before = ar.offset
        with pytest.raises(OverflowError, match=r"Node\.value: DWORD needs"), ar.transaction():
            ar.WriteObject(bad)
        assert ar.offset == before
        bad.to.next.value = 2
        ar.WriteObject(bad)
    with loading(file.getvalue(), allow="registered") as ar:
        assert ar.read(Dot).x == 1
        assert ar.read(ToAny).to.next.value == 2


# --- values whose code changes things meanwhile -------------------------------------------------------------


class _Numbers(Record):
    x: int = field(DWORD)
    y: int = field(DWORD, default=0)


class _Many(Record):
    v: list = field(array_of(DWORD), default_factory=list)


class _CountedMany(Record):
    n: int = field(count_of("v", WORD))
    m: object = field(ref(CObject), default=None)
    v: list = field(array_of(WORD, count="n"), default_factory=list)


class _Does:
    """A number that does something when it is asked for the `when`-th time."""

    def __init__(self, what, value, when=1):
        self.what, self.value, self.left = what, value, when

    def __index__(self):
        self.left -= 1
        if self.left == 0:
            self.what()
        return self.value


def test_a_number_that_takes_itself_out_of_the_object():
    record = _Numbers()
    record.x = _Does(lambda: setattr(record, "x", 1), 1 << 70)
    with CArchive(CMemFile(), CArchive.store) as ar:
        with pytest.raises(OverflowError, match=r"_Numbers\.x: DWORD needs"):
            ar.write(record)


def test_an_element_that_stores_into_the_archive():
    file = CMemFile()
    ar = CArchive(file, CArchive.store)

    def much():
        for _ in range(100_000):
            ar.WriteDWORD(0xAAAAAAAA)

    with ar.transaction():
        ar.write(_Many(v=[1, _Does(much, 5, when=2), 3]))
    ar.Close()
    data = file.getvalue()
    assert len(data) == 2 + 12 + 400_000
    assert data.startswith(b"\3\0") and data.endswith(struct.pack("<3I", 1, 5, 3))


def test_an_element_that_aborts_the_archive():
    ar = CArchive(CMemFile(), CArchive.store)
    with pytest.raises(ValueError, match="closed"):
        ar.write(_Many(v=[1, _Does(ar.Abort, 5, when=2), 3]))


@pytest.mark.parametrize("change", [lambda v: v.append(1), lambda v: v.pop()])
def test_a_list_that_changes_its_length_meanwhile(change):
    record = _Many(v=[1, 2, 3])
    record.v[1] = _Does(lambda: change(record.v), 5, when=2)
    ar = CArchive(CMemFile(), CArchive.store)
    with pytest.raises(RuntimeError, match="changed while it was stored: 3 elements"):
        ar.write(record)
    ar.Abort()


def test_a_count_never_disagrees_with_its_list():
    class Adds(CObject, schema=1):
        def Serialize(self, ar):
            record.v.append(9)

    record = _CountedMany(v=[1, 2], m=Adds())
    ar = CArchive(CMemFile(), CArchive.store)
    with pytest.raises(RuntimeError, match="2 elements were counted, there are 3") as caught:
        ar.write(record)
    assert caught.value.__notes__ == ["in _CountedMany.v"]
    ar.Abort()


# --- values that are nearly right ---------------------------------------------------------------------------


@pytest.mark.parametrize("given", [(1,), (1, 2, 3), ()])
def test_a_point_is_of_two_numbers(given):
    class At(Record):
        p: CPoint = field(POINT)

    with CArchive(CMemFile(), CArchive.store) as ar:
        with pytest.raises(ValueError, match=rf"At\.p: need a CPoint or 2 numbers, got {len(given)}"):
            ar.write(At(p=given))


@pytest.mark.parametrize("given", ["no", 2, None, 0.0, []])
def test_a_bool_is_a_bool(given):
    class Flag(Record):
        on: bool = field(bool_)

    with CArchive(CMemFile(), CArchive.store) as ar:
        with pytest.raises(TypeError, match=r"Flag\.on: bool_ needs a bool, got "):
            ar.write(Flag(on=given))


# --- values that their own type stores ----------------------------------------------------------------------


class _Timed(CObject, schema=1):
    w: int = field(WORD, default=1)
    t: object = field(CTime, default_factory=CTime)
    m: dict = field(map_of(DWORD, CString), default_factory=dict)
    g: object = field(GUID, default_factory=GUID)
    v: object = field(COleVariant, default=None)
    many: list = field(array_of(CTime), default_factory=list)
    four: list = field(fixed(COleDateTime, 2), default_factory=lambda: [COleDateTime(0), COleDateTime(0)])
    parts: dict = field(map_of(WORD, _Numbers), default_factory=dict)


@pytest.mark.parametrize(
    ("name", "bad", "good"),
    [
        ("t", "now", CTime(5)),
        ("m", [1], {1: "a"}),
        ("m", {1: "a", 2: 5}, {}),
        ("m", {"x": "a"}, {}),
        ("g", "no", GUID()),
        ("v", object(), 5),
        ("many", [CTime(1), "x"], [CTime(1)]),
        ("many", 5, []),
        ("four", [COleDateTime(0)], [COleDateTime(0)] * 2),
        ("parts", {1: _Numbers(x=-1)}, {1: _Numbers(x=1)}),
        ("parts", {1: 2}, {}),
    ],
)
def test_ar_211_values_of_other_types_are_looked_at_too(name, bad, good):
    one = _Timed()
    setattr(one, name, bad)
    ar = CArchive(file := CMemFile(), CArchive.store)
    with pytest.raises(Exception) as caught:
        ar.WriteObject(one)
    told = [str(caught.value), *getattr(caught.value, "__notes__", ())]
    assert any(f"_Timed.{name}" in text for text in told), told
    assert ar.offset == 0 and not ar.in_transaction
    setattr(one, name, good)
    ar.WriteObject(one)
    ar.Close()
    with CArchive(file.getvalue(), CArchive.load) as ar:
        assert ar.ReadObject(_Timed).w == 1
        with pytest.raises(ArchiveEndOfFile):
            ar.ReadBYTE()


def test_an_object_that_fails_in_its_middle_is_taken_back():
    class Late:
        fails = True

        @classmethod
        def __mfc_load__(cls, ar):
            return ar.ReadBYTE()

        @classmethod
        def __mfc_store__(cls, ar, value):
            if cls.fails:
                raise KeyError("late")
            ar.WriteBYTE(value)

    class Halves(CObject, schema=1, registry=ClassRegistry()):
        w: int = field(WORD, default=7)
        b: object = field(Late, default=3)

    one, file = Halves(), CMemFile()
    ar = CArchive(file, CArchive.store)
    ar.WriteBYTE(9)
    with pytest.raises(KeyError):
        ar.WriteObject(one)
    assert ar.offset == 1
    Late.fails = False
    ar.WriteObject(one)
    ar.WriteObject(one)
    ar.Close()
    assert file.getvalue() == b"\x09\xff\xff\1\0\6\0Halves\7\0\3\2\0"
