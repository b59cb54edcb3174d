"""MFC's arrays, lists and maps as Python containers and by MFC's members (on the wire: conformance/)."""

import copy
import gc
import itertools
import pickle
import weakref
from array import array
from collections.abc import Callable, MutableMapping, MutableSequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from pysock import (
    POSITION,
    CArchive,
    CByteArray,
    CDWordArray,
    CInvalidArgException,
    CMapPtrToPtr,
    CMapPtrToWord,
    CMapStringToOb,
    CMapStringToPtr,
    CMapStringToString,
    CMapWordToOb,
    CMapWordToPtr,
    CMemFile,
    CObArray,
    CObject,
    CObList,
    CPtrArray,
    CPtrList,
    CStringArray,
    CStringList,
    CUIntArray,
    CWordArray,
)


def invalid():  # a new one each time: it keeps the last traceback alive
    return pytest.raises(CInvalidArgException)


class CThing(CObject):
    """An object that is equal to itself alone."""


A, B, C, D = (CThing() for _ in range(4))

# kind, some elements, a default element, what is no element
ARRAYS: list[tuple[Any, list[Any], Any, list[Any]]] = [
    (CByteArray, [1, 2, 255, 0], 0, [256, -1, "x", 1.5, None]),
    (CWordArray, [1, 2, 65535, 0], 0, [65536, -1, "x"]),
    (CDWordArray, [1, 2, 2**32 - 1, 0], 0, [2**32, -1]),
    (CUIntArray, [1, 2, 2**32 - 1, 0], 0, [2**32, -1]),
    (CStringArray, ["a", "", "b", "😀"], "", [None, 5, b"x"]),
    (CObArray, [A, None, B, C], None, [5, "x", object()]),
    (CPtrArray, [A, None, "x", 5], None, []),
]
LISTS: list[tuple[Any, list[Any], Any, list[Any]]] = [
    (CStringList, ["a", "", "b", "😀"], "", [None, 5, b"x"]),
    (CObList, [A, None, B, C], None, [5, "x", object()]),
    (CPtrList, [A, None, "x", 5], None, []),
]
MAPS: list[tuple[Any, dict[Any, Any], list[tuple[Any, Any]]]] = [
    (CMapStringToString, {"a": "1", "": "", "b": "2"}, [(1, "x"), ("x", 1), ("x", None)]),
    (CMapStringToOb, {"a": A, "": None, "b": B}, [(1, A), ("x", 1)]),
    (CMapWordToOb, {1: A, 65535: None, 0: B}, [(-1, A), (65536, A), ("x", A), (5, "x")]),
    (CMapPtrToPtr, {A: 1, "k": None, 5: B}, []),
    (CMapPtrToWord, {A: 1, "k": 65535, 5: 0}, [(A, -1), (A, 65536), (A, "x")]),
    (CMapWordToPtr, {1: "x", 65535: None, 0: B}, [(-1, A), (65536, A)]),
    (CMapStringToPtr, {"a": 1, "": None, "b": B}, [(1, A)]),
]
arrays = pytest.mark.parametrize("kind, some, default, wrong", ARRAYS, ids=[c[0].__name__ for c in ARRAYS])
lists = pytest.mark.parametrize("kind, some, default, wrong", LISTS, ids=[c[0].__name__ for c in LISTS])
sequences = pytest.mark.parametrize(
    "kind, some, default, wrong", ARRAYS + LISTS, ids=[c[0].__name__ for c in ARRAYS + LISTS]
)
maps = pytest.mark.parametrize("kind, some, wrong", MAPS, ids=[c[0].__name__ for c in MAPS])


# --- all sequences --------------------------------------------------------------------------------------


@sequences
def test_sequence(kind: Any, some: list[Any], default: Any, wrong: list[Any]) -> None:
    whole = kind(some)
    assert isinstance(whole, MutableSequence) and isinstance(whole, CObject)
    assert list(whole) == some == list(iter(whole)) and list(reversed(whole)) == some[::-1]
    assert len(whole) == whole.GetCount() == whole.GetSize() == 4 and not whole.IsEmpty() and kind().IsEmpty()
    assert whole == some == whole and whole == kind(some) and whole != some[:2] and whole != "text"
    assert [whole[i] for i in range(-4, 4)] == some + some
    assert whole[1:3] == some[1:3] and type(whole[1:3]) is kind and whole[::-2] == some[::-2]
    assert some[2] in whole and object() not in whole
    assert whole.index(some[2]) == 2 and whole.count(some[2]) == 1
    with pytest.raises(ValueError):
        kind().index(some[0])
    for index in (4, -5):
        with pytest.raises(IndexError):
            whole[index]
        with pytest.raises(IndexError):
            whole[index] = some[0]
        with pytest.raises(IndexError):
            del whole[index]
    with pytest.raises(TypeError):
        whole["x"]
    with pytest.raises(TypeError, match="unhashable"):
        hash(whole)
    assert repr(kind()) == f"{kind.__name__}([])" and repr(whole) == f"{kind.__name__}({some!r})"


@sequences
def test_sequence_changes(kind: Any, some: list[Any], default: Any, wrong: list[Any]) -> None:
    x, y, z, w = some
    one, model = kind(), []
    for change in (
        lambda s: s.append(x),
        lambda s: s.extend([y, z]),
        lambda s: s.insert(1, w),
        lambda s: s.insert(-1, x),
        lambda s: s.insert(100, y),
        lambda s: s.insert(-100, z),
        lambda s: s.__setitem__(2, w),
        lambda s: s.__setitem__(-1, x),
        lambda s: s.reverse(),
        lambda s: s.__setitem__(slice(1, 3), [x, y, z]),
        lambda s: s.__setitem__(slice(0, 6, 2), [w, w, w]),
        lambda s: s.__delitem__(3),
        lambda s: s.__delitem__(slice(None, None, 2)),
        lambda s: s.__iadd__([x, y]),
        lambda s: s.pop(),
        lambda s: s.pop(0),
        lambda s: s.remove(w),
        lambda s: s.extend(s),
        lambda s: s.clear(),
    ):
        change(one)
        change(model)
        assert one == model and len(one) == len(model)


@sequences
def test_sequence_refuses_what_is_no_element(
    kind: Any, some: list[Any], default: Any, wrong: list[Any]
) -> None:
    for value in wrong:
        whole = kind(some)
        for change in (
            lambda: whole.append(value),  # noqa: B023 (called at once)
            lambda: whole.insert(0, value),  # noqa: B023
            lambda: whole.extend([some[0], value]),  # noqa: B023
            lambda: whole.__setitem__(0, value),  # noqa: B023
            lambda: whole.__setitem__(slice(0, 2), [value]),  # noqa: B023
            lambda: kind([value]),  # noqa: B023
        ):
            with pytest.raises((TypeError, OverflowError)):
                change()
        assert whole == some, "a refused change changes nothing"


@sequences
def test_sequence_copies(kind: Any, some: list[Any], default: Any, wrong: list[Any]) -> None:
    whole = kind(some)
    for twin in (copy.copy(whole), whole.copy(), whole[:]):
        assert twin == whole and twin is not whole and type(twin) is kind
        twin.clear()
        assert whole == some
    if kind not in (CObArray, CPtrArray, CObList, CPtrList):
        assert copy.deepcopy(whole) == whole
        assert pickle.loads(pickle.dumps(whole)) == whole


@pytest.mark.parametrize("kind", [CObArray, CPtrArray, CObList, CPtrList])
def test_sequence_that_contains_itself(kind: Any) -> None:
    ring = kind()
    ring.append(ring)
    twin = copy.deepcopy(ring)
    assert twin[0] is twin and twin is not ring
    assert repr(ring) == f"{kind.__name__}([...])"


# --- arrays ---------------------------------------------------------------------------------------------


@arrays
def test_array_members(kind: Any, some: list[Any], default: Any, wrong: list[Any]) -> None:
    x, y, z, w = some
    a = kind()
    assert (a.GetSize(), a.GetUpperBound(), a.IsEmpty()) == (0, -1, True)
    assert [a.Add(v) for v in some] == [0, 1, 2, 3]
    assert a.GetUpperBound() == 3
    assert a.GetAt(2) == a.ElementAt(2) == z
    a.SetAt(0, w)
    assert a == [w, y, z, w]
    assert a.Append(kind([x, y])) == 4 and a == [w, y, z, w, x, y]
    assert a.Append(a) == 6 and len(a) == 12
    a.SetSize(2)
    assert a == [w, y]
    a.SetSize(4, 16)
    assert a == [w, y, default, default]
    a.SetAtGrow(5, x)
    assert a == [w, y, default, default, default, x]
    a.SetAtGrow(0, z)
    a.RemoveAt(1, 4)
    assert a == [z, x]
    a.InsertAt(1, y)
    a.InsertAt(1, w, 2)
    assert a == [z, w, w, y, x]
    a.InsertAt(4, kind([y, y]))
    assert a == [z, w, w, y, y, y, x]
    a.RemoveAt(6)
    a.RemoveAt(0, 0)
    a.InsertAt(8, x)
    assert a == [z, w, w, y, y, y, default, default, x]
    a.FreeExtra()
    a.Copy(kind([x]))
    assert a == [x]
    a.Copy(a)
    assert a == [x]
    a.RemoveAll()
    assert a == []


@arrays
def test_array_members_take_no_other_index(
    kind: Any, some: list[Any], default: Any, wrong: list[Any]
) -> None:
    a = kind(some)
    x = some[0]
    calls: list[Callable[[], object]] = [
        lambda: a.GetAt(-1),
        lambda: a.GetAt(4),
        lambda: a.SetAt(-1, x),
        lambda: a.SetAt(4, x),
        lambda: a.SetAtGrow(-1, x),
        lambda: a.InsertAt(-1, x),
        lambda: a.InsertAt(0, x, -1),
        lambda: a.RemoveAt(-1),
        lambda: a.RemoveAt(4),
        lambda: a.RemoveAt(2, 3),
        lambda: a.RemoveAt(0, -1),
        lambda: a.SetSize(-1),
    ]
    for call in calls:
        with invalid():
            call()
        assert a == some
    with pytest.raises(CInvalidArgException, match=f"4 is not in a {kind.__name__} of 4"):
        a.GetAt(4)


@pytest.mark.parametrize(
    "kind, code", [(CByteArray, "B"), (CWordArray, "H"), (CDWordArray, "I"), (CUIntArray, "I")]
)
def test_numbers_lie_compactly(kind: Any, code: str) -> None:
    a = kind([1, 2, 3])
    with a.GetData() as view:
        assert (view.format, view.tolist(), view.readonly) == (code, [1, 2, 3], False)
        view[0] = 9
        with pytest.raises(BufferError):
            a.Add(4)
    a.Add(4)
    assert a == [9, 2, 3, 4]
    assert a.tobytes() == array(code, [9, 2, 3, 4]).tobytes()
    assert kind(array(code, [7])) == [7] == kind(array("b", [7])) == kind(kind([7]))
    assert kind(b"\1\2") == [1, 2] == kind(bytearray(b"\1\2")), "elements, not memory"
    assert kind(x for x in (1, 2)) == array("q", [1, 2])
    assert CByteArray([1]) == CWordArray([1]) == CDWordArray([1])


def test_byte_array_and_bytes() -> None:
    a = CByteArray(b"abc")
    assert bytes(a) == b"abc" and a == b"abc" and a[1:] == b"bc"
    a[1:2] = b"XYZ"
    assert bytes(a) == b"aXYZc"


@given(st.lists(st.integers(0, 255)), st.data())
def test_array_slices_as_of_list(values: list[int], data: st.DataObject) -> None:
    ends = st.none() | st.integers(-12, 12)
    cut = slice(data.draw(ends), data.draw(ends), data.draw(st.none() | st.integers(-3, 3).filter(bool)))
    new = data.draw(st.lists(st.integers(0, 255), max_size=5))
    for kind in (CByteArray, CPtrArray, CPtrList):
        one, model = kind(values), list(values)
        assert one[cut] == model[cut]
        try:
            model[cut] = new
        except ValueError:
            with pytest.raises(ValueError):
                one[cut] = new
        else:
            one[cut] = new
        assert one == model
        del one[cut], model[cut]
        assert one == model


# --- lists ----------------------------------------------------------------------------------------------


@lists
def test_list_members(kind: Any, some: list[Any], default: Any, wrong: list[Any]) -> None:
    x, y, z, w = some
    a = kind()
    assert a.GetHeadPosition() is None is a.GetTailPosition()
    px = a.AddTail(x)
    py = a.AddTail(y)
    pz = a.AddHead(z)
    assert a == [z, x, y]
    assert (a.GetHead(), a.GetTail(), a.GetHeadPosition(), a.GetTailPosition()) == (z, y, pz, py)
    assert a.GetNext(pz) == (z, px) and a.GetNext(py) == (y, None)
    assert a.GetPrev(py) == (y, px) and a.GetPrev(pz) == (z, None)
    assert a.GetAt(px) == x
    a.SetAt(px, w)
    assert a == [z, w, y]
    a.InsertBefore(px, x)
    pb = a.InsertAfter(px, z)
    assert a == [z, x, w, z, y]
    a.InsertBefore(None, w)
    a.InsertAfter(None, x)
    assert a == [w, z, x, w, z, y, x]
    a.RemoveAt(pb)
    a.RemoveAt(a.GetHeadPosition())
    a.RemoveAt(a.GetTailPosition())
    assert a == [z, x, w, y]
    assert (a.RemoveHead(), a.RemoveTail()) == (z, y) and a == [x, w]
    assert a.AddHead(kind([y, z])) is None and a.AddTail(kind([z])) is None
    assert a == [y, z, x, w, z]
    a.AddTail(a)
    a.AddHead(a)
    assert a == [y, z, x, w, z] * 4
    a.RemoveAll()
    assert a == [] and a.GetHeadPosition() is None


@lists
def test_list_finds(kind: Any, some: list[Any], default: Any, wrong: list[Any]) -> None:
    x, y, z, _ = some
    a = kind([x, y, x])
    first = a.Find(x)
    assert first is a.GetHeadPosition()
    assert a.Find(x, first) is a.GetTailPosition() and a.Find(x, a.GetTailPosition()) is None
    assert a.Find(z) is None
    assert [a.GetAt(a.FindIndex(i)) for i in range(3)] == [x, y, x]
    assert a.FindIndex(3) is None is a.FindIndex(-1)


def test_oblist_finds_the_very_object() -> None:
    one, two = CObList(), CObList()
    assert one == two
    both = CObList([one, two])
    assert both.Find(two) is both.GetTailPosition()
    assert CStringList(["ab"]).Find("".join("ab")) is not None


@lists
def test_invalid_positions(kind: Any, some: list[Any], default: Any, wrong: list[Any]) -> None:
    a, other = kind(some), kind(some)
    removed = a.GetHeadPosition()
    a.RemoveAt(removed)
    cleared = other.GetHeadPosition()
    other.RemoveAll()
    other.extend(some)
    for bad in (removed, cleared, other.GetHeadPosition(), None, 5):
        for call in (a.GetNext, a.GetPrev, a.GetAt, a.RemoveAt, lambda p: a.SetAt(p, some[0])):
            with invalid():
                call(bad)
        if bad is not None:
            with invalid():
                a.InsertBefore(bad, some[0])
            with invalid():
                a.InsertAfter(bad, some[0])
            with invalid():
                a.Find(some[0], bad)
    assert a == some[1:]
    for call in (kind().GetHead, kind().GetTail, kind().RemoveHead, kind().RemoveTail):
        with pytest.raises(CInvalidArgException, match="empty"):
            call()
    with pytest.raises(TypeError, match="GetHeadPosition"):
        POSITION()


def test_positions_survive_other_changes() -> None:
    a = CStringList(map(str, range(10)))
    five = a.Find("5")
    for name in "0123467":
        a.RemoveAt(a.Find(name))
    a.AddHead("x")
    a.InsertBefore(five, "y")
    assert a == ["x", "y", "5", "8", "9"] and a.GetPrev(five)[0] == "5" and a.GetAt(five) == "5"


def test_mfc_walk_and_removal_on_the_way() -> None:
    a = CPtrList(range(10))
    seen = []
    pos = a.GetHeadPosition()
    while pos is not None:
        here = pos
        value, pos = a.GetNext(pos)
        seen.append(value)
        if value % 2:
            a.RemoveAt(here)
    assert seen == list(range(10)) and a == [0, 2, 4, 6, 8]
    for value in a:
        a.remove(value)
    assert a == []
    growing = CPtrList([1])
    for value in growing:
        if value < 5:
            growing.append(value + 1)
    assert growing == [1, 2, 3, 4, 5]


def test_iterating_over_a_list_that_changes() -> None:
    a = CPtrList([1, 2, 3])
    steps = iter(a)
    assert next(steps) == 1
    a.RemoveHead()
    assert next(steps) == 2
    a.RemoveHead()
    a.AddTail(4)
    assert list(steps) == [3, 4] and next(steps, "end") == "end"
    a, back = CPtrList([1, 2, 3]), []
    for value in reversed(a):
        a.remove(value)
        back.append(value)
    assert back == [3, 2, 1] and a == []
    a = CPtrList([1, 2, 3])
    steps = iter(a)
    next(steps)
    a.RemoveHead()
    a.RemoveHead()
    assert next(steps) == 3  # the element met last and the one after it are gone: on with what is left
    a.RemoveAll()
    a.AddTail(1)
    assert list(steps) == []


def test_what_is_added_behind_the_element_met_last_is_met_also_when_that_goes() -> None:
    a = CPtrList([0])
    steps = iter(a)
    assert next(steps) == 0
    a.AddTail(1)
    a.RemoveHead()
    assert next(steps) == 1
    back = reversed(a)
    assert next(back) == 1
    a.AddHead(0)
    a.RemoveTail()
    assert next(back) == 0 and next(back, "end") == "end"


def test_iterators_that_outlive_their_list_and_lists_their_iterators() -> None:
    a = CPtrList(range(3))
    ways = [iter(a) for _ in range(4)]
    for n, way in enumerate(ways):
        assert list(itertools.islice(way, n)) == list(range(n))
    del ways[1], ways[0]
    a.GetHeadPosition()
    del ways[1]
    a.RemoveHead()
    a.RemoveHead()
    assert list(ways[0]) == [2]
    way = iter(a)
    del a
    gc.collect()
    assert list(way) == [2]


def test_user_code_that_changes_the_list_under_it() -> None:
    class Hostile:
        def __eq__(self, other: object) -> bool:
            a.RemoveAll()
            return False

        __hash__ = None  # type: ignore[assignment]

        def __del__(self) -> None:
            a.AddTail("from the grave")

    a = CPtrList([Hostile(), 1, 2])
    with pytest.raises(RuntimeError, match="searched"):
        a.Find(7)
    assert a == ["from the grave"]
    a = CPtrList([Hostile()])
    a.RemoveAll()
    assert a == ["from the grave"]


def test_positions_outlive_their_list() -> None:
    a = CPtrList(range(1000))
    middle = a.FindIndex(500)
    del a
    gc.collect()
    b = CPtrList(range(10))
    with invalid():
        b.GetAt(middle)


def test_a_cycle_through_a_list_is_collected() -> None:
    class Thing:
        pass

    thing = Thing()
    thing.things = CPtrList([thing])  # type: ignore[attr-defined]
    gone = weakref.ref(thing)
    del thing
    gc.collect()
    assert gone() is None


def test_a_long_list_is_freed_without_deep_recursion() -> None:
    a = CPtrList(range(200_000))
    a.RemoveAll()
    assert len(a) == 0
    del a


class ListMachine(RuleBasedStateMachine):
    """A CPtrList and a Python list of (value, position) go the same way."""

    @initialize()
    def begin(self) -> None:
        self.real = CPtrList()
        self.model: list[tuple[int, POSITION]] = []

    @rule(value=st.integers())
    def add_tail(self, value: int) -> None:
        self.model.append((value, self.real.AddTail(value)))

    @rule(value=st.integers())
    def add_head(self, value: int) -> None:
        self.model.insert(0, (value, self.real.AddHead(value)))

    @precondition(lambda self: self.model)
    @rule(value=st.integers(), where=st.integers(0), after=st.booleans())
    def insert(self, value: int, where: int, after: bool) -> None:
        where %= len(self.model)
        position = self.model[where][1]
        insert = self.real.InsertAfter if after else self.real.InsertBefore
        self.model.insert(where + after, (value, insert(position, value)))

    @precondition(lambda self: self.model)
    @rule(where=st.integers(0))
    def remove(self, where: int) -> None:
        _, position = self.model.pop(where % len(self.model))
        self.real.RemoveAt(position)
        with invalid():
            self.real.GetAt(position)

    @precondition(lambda self: self.model)
    @rule(where=st.integers(0))
    def find(self, where: int) -> None:
        where %= len(self.model)
        assert self.real.FindIndex(where) is self.model[where][1]
        assert self.real[where] == self.real[where - len(self.model)] == self.model[where][0]

    @invariant()
    def same(self) -> None:
        values = [value for value, _ in self.model]
        assert list(self.real) == values and list(reversed(self.real)) == values[::-1]
        assert len(self.real) == len(values)


ListMachine.TestCase.settings = settings(max_examples=30, stateful_step_count=30)
TestListMachine = ListMachine.TestCase


class WayMachine(RuleBasedStateMachine):
    """A list that was asked for a position and one that never was behave the same, also under iterators."""

    @initialize()
    def begin(self) -> None:
        self.lists = (CPtrList(), CPtrList())
        self.ways: list[tuple[Any, Any]] = []
        self.link()

    @rule()
    def link(self) -> None:
        self.lists[1].GetHeadPosition()

    def both(self, do: Callable[[CPtrList], Any]) -> None:
        one, two = map(do, self.lists)
        assert one == two

    @rule(values=st.lists(st.integers(), max_size=3))
    def extend(self, values: list[int]) -> None:
        self.both(lambda a: a.extend(values))

    @rule(where=st.integers(-9, 9), value=st.integers())
    def insert(self, where: int, value: int) -> None:
        self.both(lambda a: a.insert(where, value))

    @precondition(lambda self: len(self.lists[0]))
    @rule(where=st.integers(0), value=st.integers(), by_position=st.booleans())
    def change(self, where: int, value: int, by_position: bool) -> None:
        where %= len(self.lists[0])
        if by_position:
            self.both(lambda a: a.SetAt(a.FindIndex(where), value))
        else:
            self.both(lambda a: a.__setitem__(where, value))

    @precondition(lambda self: len(self.lists[0]))
    @rule(where=st.integers(0), by_position=st.booleans())
    def remove(self, where: int, by_position: bool) -> None:
        where %= len(self.lists[0])
        if by_position:
            self.both(lambda a: a.RemoveAt(a.FindIndex(where)))
        else:
            self.both(lambda a: a.__delitem__(where))

    @rule(cut=st.slices(6))
    def remove_slice(self, cut: slice) -> None:
        self.both(lambda a: a.__delitem__(cut))

    @rule()
    def clear(self) -> None:
        self.both(lambda a: a.RemoveAll())

    @rule(back=st.booleans())
    def set_out(self, back: bool) -> None:
        go = reversed if back else iter
        self.ways.append((go(self.lists[0]), go(self.lists[1])))

    @precondition(lambda self: self.ways)
    @rule(which=st.integers(0))
    def step(self, which: int) -> None:
        one, two = self.ways[which % len(self.ways)]
        assert next(one, "end") == next(two, "end")

    @precondition(lambda self: self.ways)
    @rule(which=st.integers(0))
    def give_up(self, which: int) -> None:
        del self.ways[which % len(self.ways)]

    @invariant()
    def same(self) -> None:
        one, two = self.lists
        assert list(one) == list(two) and len(one) == len(two)
        assert all(one[i] == two[i] for i in range(-len(one), len(one)))


WayMachine.TestCase.settings = settings(max_examples=80, stateful_step_count=40, deadline=None)
TestWayMachine = WayMachine.TestCase


# --- maps -----------------------------------------------------------------------------------------------


@maps
def test_mapping(kind: Any, some: dict[Any, Any], wrong: list[tuple[Any, Any]]) -> None:
    m = kind(some)
    assert isinstance(m, MutableMapping) and isinstance(m, CObject)
    assert dict(m) == some == m and m == kind(some.items()) and kind() != m and m != 5
    assert list(m) == list(some) == list(m.keys()) and list(reversed(m)) == list(some)[::-1]
    assert list(m.values()) == list(some.values()) and list(m.items()) == list(some.items())
    assert len(m) == m.GetCount() == m.GetSize() == 3 and not m.IsEmpty() and kind().IsEmpty()
    for key, value in some.items():
        assert key in m and m[key] == m.get(key) == m.Lookup(key) == value
        assert m.LookupKey(key) == key and m.PLookup(key) == (key, value)
    missing = "missing" if isinstance(next(iter(some)), str) else 777
    assert missing not in m and m.Lookup(missing) is None is m.LookupKey(missing) is m.PLookup(missing)
    with pytest.raises(KeyError):
        m[missing]
    with pytest.raises(TypeError, match="unhashable"):
        hash(m)
    assert repr(m) == f"{kind.__name__}({some!r})"
    assert m.keys() & some.keys() == set(some)


@maps
def test_mapping_changes(kind: Any, some: dict[Any, Any], wrong: list[tuple[Any, Any]]) -> None:
    (a, x), (b, y), (c, z) = some.items()
    m = kind()
    m.SetAt(a, x)
    m[b] = y
    m.update({c: z})
    m.SetAt(a, z)
    assert list(m.items()) == [(a, z), (b, y), (c, z)]
    assert m.RemoveKey(b) and not m.RemoveKey(b)
    assert m.pop(a) == z and m.popitem() == (c, z) and m == {}
    default = m.setdefault(a)
    assert m == {a: default} and default in ("", 0, None)
    m.RemoveAll()
    assert m.IsEmpty()
    for key, value in wrong:
        full = kind(some)
        with pytest.raises((TypeError, OverflowError)):
            full[key] = value
        with pytest.raises((TypeError, OverflowError)):
            full.SetAt(key, value)
        assert full == some


@maps
def test_map_walk(kind: Any, some: dict[Any, Any], wrong: list[tuple[Any, Any]]) -> None:
    m = kind(some)
    assert kind().GetStartPosition() is None is kind().PGetFirstAssoc()
    assert m.PGetFirstAssoc() == next(iter(some.items()))
    met = []
    pos = m.GetStartPosition()
    while pos is not None:
        pos, key, value = m.GetNextAssoc(pos)
        met.append((key, value))
        m.RemoveKey(key)  # MFC programs do that on the way
    assert met == list(some.items()) and m.IsEmpty()
    m.update(some)
    first, second, third = some
    pos = m.GetStartPosition()
    assert pos is not None
    m.RemoveKey(second)
    pos, key, _ = m.GetNextAssoc(pos)
    assert key == first
    m.RemoveKey(third)
    with pytest.raises(CInvalidArgException, match="removed"):
        m.GetNextAssoc(pos)
    for bad in (None, 5, kind(some).GetStartPosition()):
        with invalid():
            m.GetNextAssoc(bad)


@maps
def test_map_copies(kind: Any, some: dict[Any, Any], wrong: list[tuple[Any, Any]]) -> None:
    m = kind()
    m.InitHashTable(101)
    m.update(some)
    twins = [copy.copy(m), m.copy()]
    if kind is CMapStringToString:
        twins += [copy.deepcopy(m), pickle.loads(pickle.dumps(m))]
    for twin in twins:
        assert twin == m and type(twin) is kind and twin.GetHashTableSize() == 101
        twin.clear()
        assert m == some


def test_hash_table_size() -> None:
    m = CMapStringToString()
    assert m.GetHashTableSize() == 17
    m.InitHashTable(101, False)
    assert m.GetHashTableSize() == 101
    with invalid():
        m.InitHashTable(0)
    m["a"] = "b"
    with pytest.raises(CInvalidArgException, match="empty"):
        m.InitHashTable(17)


def test_map_that_contains_itself() -> None:
    m = CMapStringToOb()
    m["me"] = m
    twin = copy.deepcopy(m)
    assert twin["me"] is twin and "..." in repr(m)


# --- round trips ----------------------------------------------------------------------------------------

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
ROUND_TRIPS: list[tuple[Any, st.SearchStrategy[Any]]] = [
    (CByteArray, st.lists(st.integers(0, 255))),
    (CWordArray, st.lists(st.integers(0, 65535))),
    (CDWordArray, st.lists(st.integers(0, 2**32 - 1))),
    (CStringArray, st.lists(TEXT)),
    (CStringList, st.lists(TEXT)),
    (CMapStringToString, st.dictionaries(TEXT, TEXT)),
    (
        CMapWordToOb,
        st.dictionaries(st.integers(0, 65535), st.none() | st.builds(CStringArray, st.lists(TEXT))),
    ),
    (CMapStringToOb, st.dictionaries(TEXT, st.none() | st.builds(CByteArray, st.binary()))),
    (CObArray, st.lists(st.none() | st.builds(CWordArray, st.lists(st.integers(0, 65535))))),
    (CObList, st.lists(st.none() | st.builds(CStringList, st.lists(TEXT)))),
]


@pytest.mark.parametrize("kind, values", ROUND_TRIPS, ids=[c[0].__name__ for c in ROUND_TRIPS])
@pytest.mark.parametrize("order", [None, "mfc6", "mfc9"])
@settings(max_examples=25)
@given(data=st.data())
def test_round_trip(kind: Any, values: Any, order: str | None, data: st.DataObject) -> None:
    container = kind(data.draw(values))
    file = CMemFile()
    with CArchive(file, CArchive.store, map_order=order) as ar:
        ar << container
        container.Serialize(ar)
    with CArchive(file.getvalue(), CArchive.load) as ar:
        assert ar.read(kind) == container
        again = kind()
        again.Serialize(ar)
        assert again == container
        assert ar.Read(1) == b""
