"""Cases OB and OL of the specification: objects and classes, stored and loaded."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from pysock import (
    DWORD,
    LONG,
    RUNTIME_CLASS,
    UINT,
    VERSIONABLE_SCHEMA,
    CArchive,
    CArchiveException,
    ClassRegistry,
    CMemFile,
    CMemoryException,
    CNotSupportedException,
    CObject,
    ObjRef,
)

REGISTRY = ClassRegistry()
GENERIC, END_OF_FILE, BAD_INDEX, BAD_CLASS, BAD_SCHEMA = 1, 3, 5, 6, 7


class CFoo(CObject, schema=1, registry=REGISTRY):
    def __init__(self, v: int = 0) -> None:
        self.v = v

    def Serialize(self, ar: CArchive) -> None:
        if ar.IsStoring():
            ar << LONG(self.v)
        else:
            self.property = ar.object_schema
            self.seen = ar.GetObjectSchema(), ar.GetObjectSchema()
            self.v = ar.ReadLONG()


class CBar(CFoo, schema=VERSIONABLE_SCHEMA | 3, registry=REGISTRY):
    pass


class CNode(CObject, schema=1, registry=REGISTRY):
    def __init__(self, v: int = 0, next: CNode | None = None) -> None:
        self.v, self.next = v, next

    def Serialize(self, ar: CArchive) -> None:
        if ar.IsStoring():
            ar << LONG(self.v) << self.next
        else:
            self.v, self.next = ar.ReadLONG(), ar.ReadObject(CNode)


class CLong(CObject, schema=1, name="A" * 63, registry=REGISTRY):
    pass


ASKS = ClassRegistry()


class CAsks(CObject, schema=3, name="CFoo", registry=ASKS):
    def Serialize(self, ar: CArchive) -> None:
        self.seen = ar.GetObjectSchema(), ar.GetObjectSchema()


TAGGED = "02 00 00 00 01 80 03 00 00 00 03 80 04 00 00 00"
FOO = "FF FF 01 00 04 00 43 46 6F 6F"
BAR = "04 00 43 42 61 72"
f, g, d = CFoo(5), CFoo(6), CFoo(0)
loop = CNode(7)
loop.next = loop
one = CNode(1, two := CNode(2))
two.next = one
Work = Callable[[CArchive], object]

STORED: list[tuple[str, Work, str]] = [
    ("OB-01", lambda ar: ar << None, "00 00"),
    ("OB-02", lambda ar: ar << f, f"{FOO} 05 00 00 00"),
    ("OB-03", lambda ar: ar << f << g, f"{FOO} 05 00 00 00 01 80 06 00 00 00"),
    ("OB-04", lambda ar: ar << f << f, f"{FOO} 05 00 00 00 02 00"),
    ("OB-05", lambda ar: ar << f << g << g << None << f,
     f"{FOO} 05 00 00 00 01 80 06 00 00 00 03 00 00 00 02 00"),
    ("OB-06", lambda ar: ar << CFoo(1) << CBar(2) << CFoo(3) << CBar(4),
     f"{FOO} 01 00 00 00 FF FF 03 00 {BAR} 02 00 00 00 01 80 03 00 00 00 03 80 04 00 00 00"),
    ("OB-07", lambda ar: ar << loop, "FF FF 01 00 05 00 43 4E 6F 64 65 07 00 00 00 02 00"),
    ("OB-08", lambda ar: ar << one, "FF FF 01 00 05 00 43 4E 6F 64 65 01 00 00 00 01 80 02 00 00 00 02 00"),
    ("OB-09", lambda ar: ar << CNode(1, CNode(2, CNode(3))),
     "FF FF 01 00 05 00 43 4E 6F 64 65 01 00 00 00 01 80 02 00 00 00 01 80 03 00 00 00 00 00"),
    ("OB-10", lambda ar: (ar.MapObject(d), ar << d), "01 00"),
    ("OB-11", lambda ar: (ar.MapObject(d), ar << f), f"{FOO} 05 00 00 00"),
    ("OB-12", lambda ar: (ar.MapObject(d), ar << f << g), f"{FOO} 05 00 00 00 02 80 06 00 00 00"),
    ("OB-13", lambda ar: ar.WriteClass(CFoo), FOO),
    ("OB-14", lambda ar: (ar.WriteClass(CFoo), ar.WriteClass(RUNTIME_CLASS(CFoo))), f"{FOO} 01 80"),
    ("OB-15", lambda ar: (ar.WriteClass(CFoo), ar << f), f"{FOO} 01 80 05 00 00 00"),
    ("OB-16", lambda ar: ar << CBar(2), f"FF FF 03 00 {BAR} 02 00 00 00"),
]  # fmt: skip


def stored(work: Work, **options: Any) -> bytes:
    file = CMemFile()
    with CArchive(file, CArchive.store, **options) as ar:
        work(ar)
    data: bytes = file.getvalue()
    return data


def loading(data: str, **options: Any) -> CArchive:
    options = {"registry": REGISTRY, "allow": "registered", **options}
    return CArchive(bytes.fromhex(data), CArchive.load, **options)


def cause_of(call: Callable[[], object]) -> int:
    with pytest.raises(CArchiveException) as caught:
        call()
    cause: int = caught.value.m_cause
    return cause


@pytest.mark.parametrize("work,data", [c[1:] for c in STORED], ids=[c[0] for c in STORED])
def test_stored(work: Work, data: str) -> None:
    assert stored(work).hex(" ").upper() == data


def test_ob_17_to_19_big_object_tags() -> None:
    file = CMemFile()
    objects = [CFoo(i) for i in range(32767)]
    with CArchive(file, CArchive.store) as ar:
        for obj, index in zip(objects, range(2, 32769), strict=True):
            ar << obj
            if index >= 0x7FFE:
                at = ar.offset
                ar << obj
                ar.Flush()
                extra = file.getvalue()[at:].hex(" ").upper()
                assert (
                    extra
                    == {0x7FFE: "FE 7F", 0x7FFF: "FF 7F FF 7F 00 00", 0x8000: "FF 7F 00 80 00 00"}[index]
                )
    back = CArchive(file.getvalue(), CArchive.load, registry=REGISTRY)
    got = [back.ReadObject(CFoo) for _ in range(32770)]
    assert got[32764] is got[32765] and got[32766] is got[32767] and got[32768] is got[32769]
    assert [o.v for o in got if o is not None][-1] == 32766


@pytest.mark.parametrize(
    "mapped,data",
    [
        pytest.param(0x7FFD, "FE FF", id="OB-20"),
        pytest.param(0x7FFE, "FF 7F FF 7F 00 80", id="OB-21"),
        pytest.param(0x7FFF, "FF 7F 00 80 00 80", id="OB-22"),
    ],
)
def test_big_class_tags(mapped: int, data: str) -> None:
    def work(ar: CArchive) -> None:
        for _ in range(mapped):
            ar.MapObject(d)
        ar.WriteClass(CFoo)
        ar << f

    assert stored(work) == bytes.fromhex(f"{FOO} {data} 05 00 00 00")
    ar = CArchive(stored(work), CArchive.load, registry=REGISTRY)
    for _ in range(mapped):
        ar.MapObject(d)
    assert ar.ReadClass(CFoo) is RUNTIME_CLASS(CFoo)
    obj = ar.ReadObject(CFoo)
    assert obj is not None and obj.v == 5


def test_ob_23_a_class_without_a_schema() -> None:
    class CPlain(CObject):
        pass

    file = CMemFile()
    with CArchive(file, CArchive.store) as ar:
        for call in (lambda: ar << CPlain(), lambda: ar.WriteClass(CPlain), lambda: ar.WriteClass(CObject)):
            with pytest.raises(CNotSupportedException):
                call()
        plain = CPlain()
        ar.MapObject(plain)
        ar << plain  # AR-81: what is mapped needs no schema
    assert file.getvalue() == b"\1\0"
    ar = loading("00 00")
    for cls in (CPlain, CObject):
        with pytest.raises(CNotSupportedException):
            ar.ReadObject(cls)
        with pytest.raises(CNotSupportedException):
            ar.ReadClass(cls)
    assert ar.offset == 0


@pytest.mark.parametrize("data", ["00 00", "FF 7F 00 00 00 00"], ids=["OL-01", "OL-02"])
def test_null(data: str) -> None:
    for get in (lambda ar: ar.ReadObject(CFoo), lambda ar: ar.read(CFoo), lambda ar: ar.ReadObject()):
        assert get(loading(data)) is None


@pytest.mark.parametrize("tag", ["02 00", "FF 7F 02 00 00 00"], ids=["OL-03", "OL-04"])
def test_the_same_object_twice(tag: str) -> None:
    ar = loading(f"{FOO} 05 00 00 00 {tag}")
    ref = ObjRef(CFoo)
    first = ar.read(CFoo)
    assert ar >> ref is ar
    assert first is ref.value and first is not None and first.v == 5


def test_ol_05_a_cycle() -> None:
    n = loading("FF FF 01 00 05 00 43 4E 6F 64 65 07 00 00 00 02 00").read(CNode)
    assert n is not None and n.next is n


REFUSED: list[tuple[str, str, Any, int]] = [
    ("OL-06", "00 80", CFoo, BAD_INDEX),
    ("OL-07", "05 00", CFoo, BAD_INDEX),
    ("OL-08", "01 80", CFoo, BAD_INDEX),
    ("OL-09", "FF 7F FF FF FF FF", CFoo, BAD_INDEX),
    ("OL-12", "FF FF 02 00 04 00 43 46 6F 6F 05 00 00 00", CFoo, BAD_SCHEMA),
    ("OL-16", f"{FOO} 05 00 00 00", CBar, BAD_CLASS),
    ("OL-18", "FF FF 01 00 04 00 43 5A 7A 7A", None, BAD_CLASS),
    ("OL-19", "FF FF 01 00 40 00" + " 41" * 64, None, BAD_CLASS),
    ("OL-21", "FF FF 01 00 04 00 43 46", None, BAD_CLASS),
    ("OL-22", "FF FF 01", None, END_OF_FILE),
]


@pytest.mark.parametrize("data,cls,cause", [c[1:] for c in REFUSED], ids=[c[0] for c in REFUSED])
def test_refused(data: str, cls: Any, cause: int) -> None:
    ar = loading(data)
    assert cause_of(lambda: ar.ReadObject(cls)) == cause
    assert cause_of(lambda: ar.ReadObject(cls)) == GENERIC  # AR-190: nothing more is loaded
    assert cause_of(lambda: ar.ReadBYTE()) == GENERIC


@pytest.mark.parametrize(
    "tag,cls,cause",
    [
        pytest.param("01 00", CFoo, BAD_INDEX, id="OL-10"),
        pytest.param("02 80 05 00 00 00", CFoo, BAD_INDEX, id="OL-11"),
        pytest.param("02 00", CNode, BAD_CLASS, id="OL-17"),
    ],
)
def test_the_second_is_refused(tag: str, cls: Any, cause: int) -> None:
    ar = loading(f"{FOO} 05 00 00 00 {tag}")
    assert ar.ReadObject(CFoo) is not None
    with pytest.raises(CArchiveException) as caught:
        ar.ReadObject(cls)
    assert (caught.value.m_cause, caught.value.offset) == (cause, 14)


@pytest.mark.parametrize(
    "data,schemas",
    [
        pytest.param(f"FF FF 02 00 {BAR} 05 00 00 00", [2], id="OL-13"),
        pytest.param(f"FF FF 02 00 {BAR} 05 00 00 00 01 80 06 00 00 00", [2, 2], id="OL-14"),
        pytest.param(f"FF FF 02 00 {BAR} 01 00 00 00 FF FF 03 00 {BAR} {TAGGED}",
                     [2, 3, 2, 2], id="OL-25"),
        pytest.param(f"FF FF 01 00 {BAR} 01 00 00 00 FF FF 02 00 {BAR} {TAGGED}",
                     [1, 2, 2, 2], id="OL-26"),
    ],
)  # fmt: skip
def test_schemas(data: str, schemas: list[int]) -> None:
    ar = loading(data)
    for schema in schemas:
        bar = ar.ReadObject(CBar)
        assert bar is not None
        assert bar.seen == (schema, 0xFFFFFFFF)
        assert bar.property == schema
    assert ar.object_schema is None


def test_ol_15_a_derived_class() -> None:
    assert type(loading(f"FF FF 03 00 {BAR} 05 00 00 00").ReadObject(CFoo)) is CBar


def test_ol_20_the_longest_name() -> None:
    assert type(loading("FF FF 01 00 3F 00" + " 41" * 63).ReadObject()) is CLong


def test_ol_23_an_object_where_a_class_should_be() -> None:
    assert cause_of(lambda: loading("00 00").ReadClass(CFoo)) == BAD_INDEX
    tag = DWORD(7)
    assert loading("00 00").ReadClass(CFoo, pObTag=tag) is None
    assert tag.value == 0


def test_ol_24_a_class_and_its_schema() -> None:
    ar = loading(FOO)
    assert ar.ReadClass(CFoo) is RUNTIME_CLASS(CFoo)
    assert ar.GetObjectSchema() == 1
    assert ar.GetObjectSchema() == 0xFFFFFFFF


def test_ar_226_what_goes_into_the_boxes() -> None:
    schema, tag = UINT(99), DWORD(99)
    ar = loading(f"{FOO} 01 80 05 00 00 00 02 00 01 80")
    assert ar.ReadClass(CFoo, schema, tag) is RUNTIME_CLASS(CFoo)
    assert (schema.value, tag.value, ar.GetObjectSchema()) == (1, 0x80007FFF, 0xFFFFFFFF)
    assert ar.ReadObject(CFoo) is not None
    schema.value = 99
    assert ar.ReadClass(CFoo, schema, tag) is None
    assert (schema.value, tag.value) == (99, 2)
    assert ar.ReadClass(CFoo, schema, tag) is RUNTIME_CLASS(CFoo)
    assert (schema.value, tag.value) == (1, 0x80000001)


def test_ol_27_a_class_that_was_refused_is_mapped() -> None:
    data = f"{FOO} 01 80 07 00 00 00"
    ar = loading(data, faithful=True)
    assert cause_of(lambda: ar.ReadObject(CNode)) == BAD_CLASS
    foo = ar.ReadObject(CFoo)
    assert foo is not None and foo.v == 7
    ar = loading(data)
    assert cause_of(lambda: ar.ReadObject(CNode)) == BAD_CLASS
    assert cause_of(lambda: ar.ReadObject(CFoo)) == GENERIC


def test_ol_28_a_schema_that_was_refused_is_not() -> None:
    ar = loading("FF FF 02 00 04 00 43 46 6F 6F 01 80 07 00 00 00", faithful=True)
    assert cause_of(lambda: ar.ReadObject(CFoo)) == BAD_SCHEMA
    assert cause_of(lambda: ar.ReadObject(CFoo)) == BAD_INDEX


def test_ol_29_also_classes_that_are_not_versionable_may_ask() -> None:
    obj = loading("FF FF 03 00 04 00 43 46 6F 6F", registry=ASKS).ReadObject(CAsks)
    assert obj is not None and obj.seen == (3, 0xFFFFFFFF)


def test_ar_78_the_end_of_the_map() -> None:
    file = CMemFile()
    with CArchive(file, CArchive.store) as ar:
        ar.MapObject(None)
        ar._set_map_count(0x3FFFFFFD)
        ar.MapObject(f)
        ar << f
        assert cause_of(lambda: ar.MapObject(g)) == BAD_INDEX
        assert cause_of(lambda: ar << g) == BAD_INDEX
    assert file.getvalue() == bytes.fromhex("FF 7F FD FF FF 3F" + FOO)  # the record is in the buffer already


def test_ar_92_two_classes_of_one_name() -> None:
    class Other(CFoo, schema=1, name="CFoo", registry=False):
        pass

    assert stored(lambda ar: ar << f << Other(6)) == bytes.fromhex(f"{FOO} 05 00 00 00 {FOO} 06 00 00 00")


def test_ar_104_set_object_schema() -> None:
    seen = []

    mine = ClassRegistry()

    class CBase(CObject, schema=1, name="CB", registry=mine):
        def Serialize(self, ar: CArchive) -> None:
            if ar.IsLoading():
                ar.SetObjectSchema(9)
                ar.ReadObject(CFoo)  # neither sees nor changes it
                seen.append((ar.GetObjectSchema(), ar.GetObjectSchema()))
            else:
                ar.WriteObject(f)

    mine.register(CFoo)
    ar = CArchive(stored(lambda ar: ar << CBase()), CArchive.load, registry=mine)
    assert ar.read(CBase) is not None
    assert seen == [(9, 0xFFFFFFFF)]


def test_ar_105_an_outer_object_may_ask_late() -> None:
    mine = ClassRegistry()

    class CLate(CObject, schema=7, registry=mine):
        def Serialize(self, ar: CArchive) -> None:
            if ar.IsLoading():
                ar.ReadObject(CFoo)
                self.seen = ar.GetObjectSchema()
            else:
                ar.WriteObject(f)

    mine.register(CFoo)
    late = CArchive(stored(lambda ar: ar << CLate()), CArchive.load, registry=mine).read(CLate)
    assert late is not None and late.seen == 7


def test_ar_106_known_but_not_creatable() -> None:
    mine = ClassRegistry()

    class CAbstract(CObject, schema=1, abstract=True, registry=mine):
        pass

    with pytest.raises(CMemoryException):
        loading("FF FF 01 00 09 00 43 41 62 73 74 72 61 63 74", registry=mine).ReadObject(CAbstract)


def test_ar_110_a_base_class_with_its_own_schema() -> None:
    mine = ClassRegistry()

    class CBase(CObject, schema=4, versionable=True, name="CBase", registry=mine):
        def Serialize(self, ar: CArchive) -> None:
            if ar.IsLoading():
                self.base_schema = ar.GetObjectSchema()

    class CDerived(CBase, schema=2, registry=mine):
        def Serialize(self, ar: CArchive) -> None:
            if ar.IsLoading():
                self.own_schema = ar.GetObjectSchema()
            ar.SerializeClass(CBase)
            super().Serialize(ar)

    data = stored(lambda ar: ar << CDerived())
    assert data == b"\xff\xff\2\0\10\0CDerived\xff\xff\4\0\5\0CBase"
    obj = CArchive(data, CArchive.load, registry=mine).read(CDerived)
    assert obj is not None and (obj.own_schema, obj.base_schema) == (2, 4)


def test_ar_111_mapping_again_gives_a_new_index() -> None:
    def work(ar: CArchive) -> None:
        ar.MapObject(d)
        ar.MapObject(d)
        ar.MapObject(None)
        ar << d

    assert stored(work) == b"\2\0"


def test_ar_113_serialize_alone_has_no_tag() -> None:
    assert stored(lambda ar: f.Serialize(ar)) == b"\5\0\0\0"
    assert stored(lambda ar: CObject().Serialize(ar)) == b""
