"""What a class with declared fields is to Python: construction, text, comparison, copies, memory, types."""

import copy
import inspect
import pickle
import re
import subprocess
import sys
import textwrap
import tracemalloc
from abc import ABC, abstractmethod
from collections.abc import Sized
from pathlib import Path

import pytest

import pysock
from pysock import (
    BYTE,
    DOUBLE,
    DWORD,
    INT,
    POINT,
    WORD,
    CArchive,
    CMemFile,
    CObject,
    CPoint,
    CString,
    CTime,
    Record,
    array_of,
    by_value,
    count_of,
    field,
    fields,
    fixed,
    map_of,
    raw,
    ref,
)


class Header(Record, eq=True):
    magic: int = field(DWORD, default=7)
    name: str = field(CString)


class Stroke(CObject, schema=1):
    pen_width: int = field(WORD)
    points: list = field(array_of(POINT))
    next: "Stroke | None" = field(ref())


class Plain:
    __slots__ = ("next", "pen_width", "points")


def test_left_out_values_are_empty_or_the_default():
    stroke, header = Stroke(pen_width=2), Header()
    assert (stroke.pen_width, stroke.points, stroke.next) == (2, [], None)
    assert (header.magic, header.name) == (7, "")
    assert Stroke().points is not Stroke().points


@pytest.mark.parametrize(
    ("wire", "value"),
    [
        (INT, 0),
        (DOUBLE, 0.0),
        (CString, ""),
        (POINT, CPoint(0, 0)),
        (Header, Header()),
        (by_value(Stroke), None),
        (fixed(WORD, 3), [0, 0, 0]),
        (map_of(WORD, CString), {}),
        (raw(3), b"\0\0\0"),
        (raw(BYTE), b""),
        (ref(Stroke), None),
        (Stroke, None),
        (CTime, CTime()),
    ],
    ids=repr,
)
def test_the_empty_value_of_every_type(wire, value):
    class One(Record):
        it: object = field(wire)

    made = One().it
    if value is None:
        assert made is None or (type(made) is Stroke and made.points == [])
    else:
        assert made == value and type(made) is type(value)


def test_a_name_that_is_no_field():
    with pytest.raises(TypeError, match="Stroke has no field 'width', 'x'"):
        Stroke(width=1, x=2)
    with pytest.raises(TypeError):
        Stroke(1)
    with pytest.raises(AttributeError):
        Stroke().width = 1


def test_post_init_is_called_by_the_constructor_only():
    class Counted(CObject, schema=0):
        n: int = field(BYTE)
        made = 0

        def __post_init__(self):
            type(self).made += 1

    one = Counted(n=5)
    assert Counted.made == 1
    file = CMemFile()
    with CArchive(file, CArchive.store) as ar:
        ar.WriteObject(one)
    with CArchive(file.getvalue(), CArchive.load) as ar:
        assert ar.read(Counted).n == 5
    assert Counted.made == 1


def test_an_init_of_ones_own():
    class Named(Header):
        size: int = field(WORD)

        def __init__(self, name, **values):
            super().__init__(name=name.upper(), **values)

    assert repr(Named("x", size=3)).endswith("Named(magic=7, name='X', size=3)")


def test_repr():
    stroke = Stroke(pen_width=1, points=[CPoint(1, 2)])
    stroke.next = stroke
    assert repr(stroke) == "Stroke(pen_width=1, points=[CPoint(1, 2)], next=...)"


def test_equality_is_on_request():
    assert Header(name="x") == Header(name="x") != Header(name="y")
    assert Header() != Stroke()
    assert Stroke() != Stroke() and hash(Stroke())
    with pytest.raises(TypeError):
        hash(Header())

    class Wider(Header):
        more: int = field(BYTE)

    assert Wider(more=1) == Wider(more=1) != Wider(more=2)
    assert Wider() != Header()


def test_copies():
    inner = Stroke(pen_width=2)
    stroke = Stroke(pen_width=1, points=[CPoint(1, 2)], next=inner)
    inner.next = stroke
    shallow, deep = copy.copy(stroke), copy.deepcopy(stroke)
    assert shallow.points is stroke.points and shallow.next is inner
    assert deep.points == stroke.points and deep.points is not stroke.points
    assert deep.next.next is deep and deep.next is not inner


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_pickling(protocol):
    stroke = Stroke(pen_width=1, points=[CPoint(1, 2)])
    stroke.next = stroke
    back = pickle.loads(pickle.dumps(stroke, protocol))
    assert back.next is back and back.points == stroke.points
    header = Header(name="x")
    assert pickle.loads(pickle.dumps(header, protocol)) == header


# --- declaration --------------------------------------------------------------------------------------------


def test_fields_tell_what_was_declared():
    class More(Stroke, schema=4):
        n: int = field(count_of("tail", WORD), since=2)
        tail: list = field(array_of(BYTE, count="n"), since=2, until=3)

    found = fields(More)
    assert [one.name for one in found] == ["pen_width", "points", "next", "n", "tail"]
    assert fields(More()) == found and found[:3] == fields(Stroke)
    assert found[0].type is WORD and (found[0].since, found[0].until) == (0, None)
    assert (found[4].since, found[4].until) == (2, 3)
    assert [one.computed for one in found] == [False, False, False, True, False]
    assert repr(found[4].bind({"n": 3})) == "fixed(BYTE, 3)"
    assert found[3].bind({}) is WORD
    assert repr(found[0]) == "<field Stroke.pen_width: WORD>"
    assert [one.owner for one in found] == [Stroke] * 3 + [More] * 2
    for what in (CObject, Record, Record(), int):
        with pytest.raises(TypeError, match="declares no fields"):
            fields(what)


def test_a_count_is_computed():
    class Counted(Record):
        n: int = field(count_of("values", BYTE))
        values: list = field(array_of(WORD, count="n"))

    one = Counted(values=[1, 2])
    one.values.append(3)
    assert one.n == 3
    with pytest.raises(AttributeError):
        one.n = 4
    with pytest.raises(TypeError, match="no field 'n'"):
        Counted(n=3)


@pytest.mark.parametrize(
    ("declare", "error", "words"),
    [
        (lambda: field(WORD, default=1, default_factory=int), TypeError, "not both"),
        (lambda: field(array_of(WORD), default=[]), ValueError, "default_factory=list"),
        (lambda: field(WORD, since=3, until=2), ValueError, "since=3 is after until=2"),
        (lambda: field(count_of("x", WORD), default=1), TypeError, "computed"),
        (lambda: array_of(WORD, count=DOUBLE), TypeError, "a count is of an integer type"),
        (lambda: raw(-1), ValueError, "-1 bytes"),
        (lambda: ref(int), TypeError, "ref takes a CObject class"),
    ],
    ids=["both", "mutable", "since", "count", "counted by", "raw", "ref"],
)
def test_what_cannot_be_declared(declare, error, words):
    with pytest.raises(error, match=words):
        declare()


def stored(value):
    with CArchive(CMemFile(), CArchive.store) as ar:
        ar.write(value)


def test_counts_are_looked_at_when_the_class_is_made():
    with pytest.raises(TypeError, match=r"NoCount\.values is counted by 'n', which no field before it"):

        class NoCount(Record):
            values: list = field(array_of(WORD, count="n"))

    with pytest.raises(TypeError, match=r"Uncounted\.n counts 'values', whose type does not say count='n'"):

        class Uncounted(Record):
            n: int = field(count_of("values", WORD))
            values: list = field(array_of(WORD))

    with pytest.raises(TypeError, match=r"Nope\.n counts 'nope', which is no field after it"):

        class Nope(Record):
            n: int = field(count_of("nope", WORD))

    with pytest.raises(TypeError, match=r"Turned\.values is counted by 'n', which no field before it"):

        class Turned(Record):
            values: list = field(array_of(WORD, count="n"))
            n: int = field(count_of("values", WORD))

    with pytest.raises(TypeError, match="init=False is for count_of"):
        field(WORD, init=False)


def test_fields_come_from_one_base():
    class One(Record):
        a: int = field(WORD)

    class Two(Record):
        b: int = field(WORD)

    with pytest.raises(TypeError, match="Both: fields come from one base only, but One and Two both declare"):

        class Both(One, Two):
            pass

    class More(One):
        c: int = field(WORD)

    class Diamond(More, One):
        d: int = field(WORD)

    assert [one.name for one in fields(Diamond)] == ["a", "c", "d"]


def test_values_are_given_by_name():
    class Pair(Record):
        a: int = field(WORD)
        b: int = field(WORD)

    with pytest.raises(TypeError, match=r"Pair takes values by name: Pair\(a=\.\.\., b=\.\.\.\)"):
        Pair(1)
    assert "by name" in Pair.__init__.__doc__


def test_what_the_first_use_finds_out():
    class Bare(Record):
        n: int = field(int)

    class Lost(CObject, schema=0):
        to: object = field(ref("Nowhere"))

    class Odd(CObject, schema=0):
        to: int = field(ref())

    class Gone(Record):
        n: int = field(WORD)

    Gone.n = property(lambda self: 5)
    for value, error, words in (
        (Lost(), NameError, "'Nowhere' is no CObject class"),
        (Odd(), TypeError, "its annotation is no CObject class"),
    ):
        with pytest.raises(error, match=words):
            value.Serialize(CArchive(CMemFile(), CArchive.store))
    with pytest.raises(TypeError, match=r"say which width it has, for example field\(INT\)"):
        stored(Bare())
    with pytest.raises(TypeError, match="was replaced"):
        stored(Gone.__new__(Gone))


def test_a_field_twice():
    with pytest.raises(TypeError, match=r"Again\.pen_width is a field of Stroke already"):

        class Again(Stroke, schema=1):
            pen_width: int = field(DWORD)


def test_other_slots_and_bases():
    class Cached(Header, Sized):
        __slots__ = ("__dict__", "__weakref__", "cache")
        size: int = field(WORD)

        def __len__(self):
            return self.size

    one = Cached(size=3)
    one.cache = one.anything = 1
    assert len(one) == 3 and fields(Cached)[2].name == "size"
    with pytest.raises(AttributeError):
        Header().anything = 1


def test_abstract_classes_stay_abstract():
    class Shape(CObject, ABC, schema=0):
        id: int = field(WORD)

        @abstractmethod
        def area(self): ...

    with pytest.raises(TypeError):
        Shape()

    class Square(Shape, schema=0):
        side: int = field(WORD)

        def area(self):
            return self.side**2

    assert Square(id=1, side=3).area() == 9


def test_the_signature_tells_the_fields():
    assert str(inspect.signature(Header)) == "(*, magic=7, name='')"


# --- memory -------------------------------------------------------------------------------------------------


def test_an_object_takes_no_more_than_one_with_the_same_slots():
    declared, plain = Stroke(), Plain()
    assert sys.getsizeof(declared) <= sys.getsizeof(plain)
    assert not hasattr(declared, "__dict__")

    def memory(cls):
        tracemalloc.start()
        many = [cls.__new__(cls) for _ in range(1000)]
        for one in many:
            one.pen_width = one.points = one.next = None
        size = tracemalloc.get_traced_memory()[0]
        tracemalloc.stop()
        return size

    memory(Stroke), memory(Plain)
    assert memory(Stroke) <= memory(Plain) + 200


def test_loaded_objects_take_no_more():
    file = CMemFile()
    with CArchive(file, CArchive.store) as ar:
        ar.write_list([Header(name="abc") for _ in range(1000)])
    tracemalloc.start()
    with CArchive(file.getvalue(), CArchive.load) as ar:
        before = tracemalloc.get_traced_memory()[0]
        many = ar.read_list(Header, 1000)
        took = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    # the object and its collector's head, one str, the list's place
    assert took <= 1000 * (sys.getsizeof(many[0]) + sys.getsizeof("abc") + 12) + 2000


# --- types --------------------------------------------------------------------------------------------------

CHECKED = """
from typing import reveal_type

import pysock
import pysock.aio
from pysock import CArchive, CObject, CPoint, POINT, WORD, CString, Record, array_of, count_of, field, ref
from pysock import CMapStringToString, CObArray, CStringList, CTime, CWordArray

class Stroke(CObject, schema=1):
    pen_width: int = field(WORD)
    points: list[CPoint] = field(array_of(POINT), default_factory=list)
    next: "Stroke | None" = field(ref(), default=None)

class Header(Record, eq=True):
    name: str = field(CString, default="")

class Counted(Record):
    n: int = field(count_of("names", WORD), init=False)
    names: list[str] = field(array_of(CString, count="n"), default_factory=list)

Counted(names=["x"])
Counted(n=1)  # error: [call-arg]
Stroke(pen_width=2)
Header(name="x")
stroke = Stroke(pen_width=2, points=[CPoint(1, 2)], next=Stroke(pen_width=1))
reveal_type(stroke.next)  # Stroke | None
with CArchive(b"", CArchive.load) as ar:
    reveal_type(ar.read(Header))  # Header
    reveal_type(ar.read_list(Header, 3))  # list[Header]
    reveal_type(ar.read_list(Stroke, 3))  # list[Stroke | None]
    reveal_type(ar.read_list(WORD, 3))  # list[int]
    reveal_type(ar.read(CTime))  # CTime
    reveal_type(ar.read(pysock.CRect))  # CRect
    reveal_type(ar.read(pysock.GUID))  # UUID
    reveal_type(ar.read_list(CTime, 3))  # list[CTime]
    reveal_type(pysock.PushArchive().try_read(CTime))  # CTime | Literal[Pending.PENDING]

async def over_the_wire(conn: pysock.aio.Connection, push: pysock.PushArchive) -> None:
    reveal_type(await conn.read(Header))  # Header
    reveal_type(await conn.read(CString))  # str
    reveal_type(await conn.read(Stroke))  # Stroke | None
    reveal_type([n async for n in conn.messages(WORD)])  # list[int]
    reveal_type(list(push.messages(Header)))  # list[Header]

class ByHand(CObject, schema=1):
    def __init__(self, size: int) -> None:
        self.size = size

class Derived(ByHand, schema=1):
    pass

class Names(CStringList, schema=1):
    pass

Derived(3), Names(["a"]), CStringList(["a"]), CWordArray([1]), CObArray([Derived(1)]), CMapStringToString({"a": "b"})
Stroke(pen_width="x")  # error: [arg-type]
Stroke(points=[])  # error: [call-arg]
Stroke(pen_width=1, width=3)  # error: [call-arg]
stroke.pen_width = "x"  # error: [assignment]
Header(name=1)  # error: [arg-type]
"""


def test_type_checkers_see_the_constructor(tmp_path):
    pytest.importorskip("mypy")
    path = tmp_path / "checked.py"
    path.write_text(textwrap.dedent(CHECKED))
    found = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(tmp_path / "cache"), str(path)],
        capture_output=True,
        text=True,
        cwd=tmp_path,
    ).stdout
    told = {}
    for line in found.splitlines():
        _, number, rest = (*line.split(":", 2), "")[:3] if line.startswith(str(path.name)) else ("", "", "")
        if number.isdigit():
            told.setdefault(int(number), []).append(rest)
    for number, line in enumerate(CHECKED.splitlines(), 1):
        notes = "\n".join(told.pop(number, []))
        if "# error: " in line:
            assert line.split("# error: ")[1] in notes, (line, found)
        elif "reveal_type(" in line and "#" in line:
            for part in line.split("# ")[1].replace("[", " ").replace("]", " ").replace("|", " ").split():
                assert part in notes, (line, notes)
        else:
            assert not notes, (line, notes)
    assert not told


def test_all_is_exported():
    for name in ("Field", "Record", "count_of", "field", "fields", "raw", "ref"):
        assert name in pysock.__all__


def test_the_page_satisfies_type_checkers(tmp_path):
    pytest.importorskip("mypy")
    page = Path(__file__).parents[2] / "docs" / "declared-fields.md"
    blocks = re.findall(r"^```python\n(.*?)^```", page.read_text("utf-8"), re.M | re.S)
    (tmp_path / "page.py").write_text("\n".join(blocks), "utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(tmp_path / "cache"), "page.py"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stdout


class _Link(CObject, schema=0, eq=True):
    value: int = field(WORD, default=0)
    next: "_Link | None" = field(ref(), default=None)


def test_text_of_a_long_chain_ends():
    first = None
    for _ in range(5_000):
        first = _Link(next=first)
    assert repr(first).count("_Link(") == 30 and "next=..." in repr(first)
    while first is not None:
        first.next, first = None, first.next


def test_cycles_can_be_compared():
    def ring(*values):
        links = [_Link(value=value) for value in values]
        for one, following in zip(links, links[1:] + links[:1], strict=True):
            one.next = following
        return links[0]

    one, same, other = ring(1, 2, 3), ring(1, 2, 3), ring(1, 2, 4)
    assert one == same and one != other and same != other
    assert one == ring(1, 2, 3, 1, 2, 3)


class _Node(CObject, schema=1, eq=True):
    value: int = field(INT)
    children: list["_Node | None"] = field(array_of(CObject), default_factory=list)


@pytest.mark.parametrize("through_lists", [False, True])
def test_a_long_chain_can_be_compared(through_lists):
    def chain(end):
        head = _Node(value=end) if through_lists else _Link(value=end)
        for value in range(20_000):
            if through_lists:
                head = _Node(value=value, children=[None, head])
            else:
                head = _Link(value=value, next=head)
        return head

    one, same, other = chain(1), chain(1), chain(2)
    try:
        assert one == same and not one == other and one != other
    finally:
        for head in (one, same, other):  # bit by bit: objects of a chain are freed by recursion
            while head is not None:
                head = (head.children.pop() if head.children else None) if through_lists else head.next


def test_lists_of_objects_are_compared_as_lists_are():
    nan = float("nan")

    class Part(CObject, schema=1, eq=True):
        x: float = field(DOUBLE)

    class Bundle(CObject, schema=1, eq=True):
        parts: list[Part | None] = field(array_of(Part), default_factory=list)

    part = Part(x=nan)
    assert part != part and Bundle(parts=[part]) == Bundle(parts=[part]), "as [nan] == [nan] of the same nan"
    assert Bundle(parts=[Part(x=1.0)]) == Bundle(parts=[Part(x=1.0)])
    for parts in ([], [None], [Part(x=2.0)], [Part(x=1.0), None]):
        assert Bundle(parts=[Part(x=1.0)]) != Bundle(parts=parts)


def test_what_is_not_equal_is_found_whatever_points_back_to_it():
    """The first difference decides, also below a list's or a tuple's own comparison."""
    one, two = _Node(value=1), _Node(value=1)
    one.children, two.children = [one, _Node(value=2)], [two, _Node(value=3)]
    assert one != two
    two.children[1].value = 2
    assert one == two
