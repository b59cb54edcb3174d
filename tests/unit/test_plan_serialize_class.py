"""`serialize_class=True`: a class tag of the base before its fields, which go by the schema in it (AR-110, AR-210)."""

import pytest

from pysock import (
    BYTE,
    RUNTIME_CLASS,
    VERSIONABLE_SCHEMA,
    CArchive,
    CArchiveException,
    ClassRegistry,
    CMemFile,
    CObject,
    Record,
    field,
    fields,
)

BY_HAND = ClassRegistry()


class CRoot(CObject, schema=VERSIONABLE_SCHEMA | 2, eq=True):
    a: int = field(BYTE)
    later: int = field(BYTE, since=2)


class CMiddle(CRoot, schema=VERSIONABLE_SCHEMA | 5, eq=True, serialize_class=True):
    b: int = field(BYTE)
    newest: int = field(BYTE, since=5)


class CTwig(CMiddle, schema=1, eq=True):  # without a tag of its own for its base
    c: int = field(BYTE)


class CTop(CTwig, schema=9, eq=True, serialize_class=True):
    d: int = field(BYTE)


class HandRoot(CObject, schema=VERSIONABLE_SCHEMA | 2, name="CRoot", registry=BY_HAND):
    def Serialize(self, ar):
        if ar.IsStoring():
            ar.Write(bytes([self.a, self.later]))
        else:
            self.a, self.later = ar.Read(2)


class HandMiddle(HandRoot, schema=VERSIONABLE_SCHEMA | 5, name="CMiddle", registry=BY_HAND):
    def Serialize(self, ar):
        ar.SerializeClass(RUNTIME_CLASS(HandRoot))
        super().Serialize(ar)
        if ar.IsStoring():
            ar.Write(bytes([self.b, self.newest]))
        else:
            self.b, self.newest = ar.Read(2)


def stored(*objects, **options):
    file = CMemFile()
    with CArchive(file, CArchive.store, **options) as ar:
        for one in objects:
            ar.WriteObject(one)
    return file.getvalue()


def record(name, schema):
    return b"\xff\xff" + bytes([schema, 0, len(name), 0]) + name


def test_ar_110_the_bytes_are_those_of_serialize_class():
    by_hand = []
    for k in (0, 4):
        one = HandMiddle()
        one.a, one.later, one.b, one.newest = range(1 + k, 5 + k)
        by_hand.append(one)
    declared = [CMiddle(a=1, later=2, b=3, newest=4), CMiddle(a=5, later=6, b=7, newest=8)]
    data = stored(*declared)
    assert data == stored(*by_hand)
    assert data == (record(b"CMiddle", 5) + record(b"CRoot", 2) + b"\1\2\3\4") + b"\1\x80\3\x80\5\6\7\x08"
    with CArchive(data, CArchive.load) as ar:
        assert [ar.read(CMiddle), ar.read(CMiddle)] == declared and ar.Read(1) == b""


def test_ar_103_each_part_goes_by_the_schema_in_its_own_tag():
    old = record(b"CMiddle", 5) + record(b"CRoot", 1) + b"\1\3\4"
    assert CArchive(old, CArchive.load).read(CMiddle) == CMiddle(a=1, b=3, newest=4)
    old = record(b"CMiddle", 4) + record(b"CRoot", 2) + b"\1\2\3"
    assert CArchive(old, CArchive.load).read(CMiddle) == CMiddle(a=1, later=2, b=3)


def test_bases_of_bases():
    assert [one.name for one in fields(CTop)] == ["a", "later", "b", "newest", "c", "d"]
    leaf, top = CTwig(a=1, later=2, b=3, c=5), CTop(a=1, later=2, b=3, c=5, d=6)
    assert stored(leaf) == record(b"CTwig", 1) + record(b"CRoot", 2) + b"\1\2\3\5", (
        "CTwig's schema is 1: no newest"
    )
    data = stored(top)
    assert data == record(b"CTop", 9) + record(b"CTwig", 1) + record(b"CRoot", 2) + b"\1\2\3\5\6"
    assert CArchive(data, CArchive.load).read(CTop) == top


def test_another_class_in_the_tag_is_bad_class():
    bad = record(b"CMiddle", 5) + record(b"CTwig", 1) + b"\1\2\3\4"
    assert CArchive(bad, CArchive.load).read(CMiddle).a == 1, "one derived from it passes, as in MFC"
    bad = record(b"CTop", 9) + record(b"CRoot", 2) + b"\1\2\3\4\5\6"
    with pytest.raises(
        CArchiveException, match=r"wanted a CTwig, found CRoot, schema 2, at byte 10, inside CTop"
    ):
        CArchive(bad, CArchive.load).read(CTop)


def test_ar_211_values_of_the_base_are_looked_at_before_the_tag():
    with CArchive(CMemFile(), CArchive.store) as ar:
        with pytest.raises(OverflowError, match=r"CRoot.later: BYTE needs 0..255, got 256"):
            ar.WriteObject(CMiddle(later=256))
        with pytest.raises(OverflowError, match=r"CRoot.later"):
            CMiddle(later=256).Serialize(ar)
        assert ar.offset == 0


def test_every_cut_is_the_end_of_file():
    data = stored(CTop(a=1))
    for n in range(2, len(data)):
        with pytest.raises(CArchiveException) as told:
            CArchive(data[:n], CArchive.load).read(CTop)
        assert told.value.m_cause in (CArchiveException.endOfFile, CArchiveException.badClass)


def test_schemas_come_back_after_the_base():
    seen = []

    class CSeen(CMiddle, schema=VERSIONABLE_SCHEMA | 7, name="CSeen", serialize_class=True):
        e: int = field(BYTE, since=7)

        def Serialize(self, ar):
            super().Serialize(ar)
            seen.append((ar.object_schema, ar.GetObjectSchema()))

    data = stored(CSeen(e=9))
    with CArchive(data, CArchive.load) as ar:
        assert ar.read(CSeen).e == 9 and ar.object_schema is None
    assert seen[1] == (7, 7)


def test_where_it_makes_no_sense():
    with pytest.raises(TypeError, match="serialize_class is for classes with declared fields"):

        class _A(CRoot, schema=1, serialize_class=True):
            pass

    with pytest.raises(TypeError, match="_B: serialize_class is for a base with a schema, not for CObject"):

        class _B(CObject, schema=1, serialize_class=True):
            x: int = field(BYTE)

    with pytest.raises(TypeError, match="_C: serialize_class is for a base with a schema, not for Record"):

        class _C(Record, serialize_class=True):
            x: int = field(BYTE)
