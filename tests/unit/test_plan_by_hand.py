"""Classes that declare fields and have a `Serialize` of their own, which calls the declared one (AR-210)."""

import copy
import functools
import inspect
import pickle
from typing import Generic, TypeVar

import pytest

from pysock import (
    BYTE,
    RUNTIME_CLASS,
    CArchive,
    CMemFile,
    CObject,
    CString,
    Record,
    array_of,
    count_of,
    field,
    fields,
    ref,
)

T = TypeVar("T")


def stored(work):
    file = CMemFile()
    with CArchive(file, CArchive.store) as ar:
        work(ar)
    return file.getvalue()


def loading(data):
    return CArchive(data, CArchive.load)


class BaseOfBoth(CObject, schema=1):
    a: int = field(BYTE)


class Both(BaseOfBoth, schema=1, eq=True):
    """Declares, and writes by hand what hangs on that."""

    __slots__ = ("more",)

    n: int = field(count_of("names", BYTE), init=False)
    names: list[str] = field(array_of(CString, count="n"), default_factory=list)
    kind: int = field(BYTE)
    next: "Both | None" = field(ref(), default=None)

    def __init__(self, **values):
        super().__init__(**values)
        self.more = 0

    def Serialize(self, ar):
        super().Serialize(ar)
        if self.kind == 1:
            if ar.IsStoring():
                ar.WriteBYTE(self.more)
            else:
                self.more = ar.ReadBYTE()


class OnTop(Both, schema=1):
    last: int = field(BYTE)


class BothAgain(OnTop, schema=2, versionable=True):
    very_last: int = field(BYTE, since=2)

    def Serialize(self, ar):
        super().Serialize(ar)
        if ar.IsStoring():
            ar.WriteBYTE(99)
        else:
            assert ar.ReadBYTE() == 99


class Header(Record):
    kind: int = field(BYTE)

    def Serialize(self, ar):
        super().Serialize(ar)
        ar.Write(b"!") if ar.IsStoring() else ar.Read(1)


def test_ar_210_super_is_the_declared_part_also_in_the_class_that_declares():
    inner = Both(a=5, kind=0)
    one = Both(a=1, names=["x"], kind=1, next=inner)
    one.more = 7
    assert not hasattr(one, "__dict__") and one.n == 1
    assert repr(one).startswith("Both(a=1, names=['x'], kind=1, next=Both(")
    data = stored(lambda ar: ar.WriteObject(one))
    assert data.endswith(bytes.fromhex("01 01 ff fe ff 01 78 00 01  01 80 05 00 00 00 00  07"))
    with loading(data) as ar:
        back = ar.read(Both)
        assert ar.Read(1) == b""
    assert type(back) is type(back.next) is Both and (back.more, back.next.a) == (7, 5) and back == one
    assert [each.name for each in fields(Both)] == ["a", "n", "names", "kind", "next"]
    assert all(each.owner is Both for each in fields(Both)[1:])


def test_what_else_such_a_class_is():
    assert RUNTIME_CLASS(Both).m_lpszClassName == "Both" and RUNTIME_CLASS(Both).cls is Both
    assert RUNTIME_CLASS(Both).m_pBaseClass is RUNTIME_CLASS(BaseOfBoth)
    assert str(inspect.signature(Both)).startswith("(**values") and "kind=0" in str(inspect.signature(Header))
    assert copy.copy(Both(a=1)) == pickle.loads(pickle.dumps(Both(a=1))) == Both(a=1)
    with pytest.raises(TypeError, match="takes values by name"):
        Header(1)
    with pytest.raises(OverflowError, match=r"Both.kind: BYTE needs 0..255, got 256"):
        stored(lambda ar: ar.WriteObject(Both(kind=256)))


def test_classes_derived_from_such_a_one():
    assert [each.name for each in fields(OnTop)] == ["last"], "what Both stores is its own affair"
    one = OnTop(last=9)
    one.a, one.names, one.kind, one.next, one.more = 1, [], 1, None, 7
    assert stored(lambda ar: one.Serialize(ar)) == bytes([1, 0, 1, 0, 0, 7, 9])
    both = BothAgain(last=9, very_last=8)
    both.a, both.names, both.kind, both.next, both.more = 1, [], 1, None, 7
    data = stored(lambda ar: ar.WriteObject(both))
    assert data.endswith(bytes([1, 0, 1, 0, 0, 7, 9, 8, 99]))
    with loading(data) as ar:
        back = ar.read(BothAgain)
    assert (back.a, back.more, back.last, back.very_last) == (1, 7, 9, 8)


def test_a_record_with_both():
    assert stored(lambda ar: ar.write(Header(kind=3))) == b"\3!"
    assert repr(loading(b"\3!").read(Header)) == "Header(kind=3)"


def test_a_serialize_that_replaces_the_declared_one_makes_no_class_between():
    class Own(CObject, schema=1):
        a: int = field(BYTE)

        def Serialize(self, ar):
            ar.Write(b"own")

    assert Own.__bases__ == (CObject,) and Both.__bases__ != (BaseOfBoth,)
    assert stored(lambda ar: Own(a=1).Serialize(ar)) == b"own"


def test_a_decorated_serialize():
    def told(function):
        @functools.wraps(function)
        def wrapper(self, ar):
            calls.append(type(self))
            function(self, ar)

        return wrapper

    calls = []

    class Told(CObject, schema=1):
        a: int = field(BYTE)

        @told
        def Serialize(self, ar):
            super().Serialize(ar)

    assert stored(lambda ar: Told(a=4).Serialize(ar)) == b"\4" and calls == [Told]


def test_a_generic_class_with_both():
    class Box(CObject, Generic[T], schema=1):
        value: int = field(BYTE)

        def Serialize(self, ar):
            super().Serialize(ar)

    assert Box[int].__origin__ is Box and stored(lambda ar: Box(value=4).Serialize(ar)) == b"\4"
