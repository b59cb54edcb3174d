"""CArray, CList, CMap, CTypedPtr*, and the wire types array_of, list_of, map_of, fixed, by_value."""

import copy
import ctypes
import pickle
import struct
from array import array
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

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
    FILETIME,
    FLOAT,
    GUID,
    INT,
    LOGFONT,
    LONGLONG,
    POINT,
    SHORT,
    ULONGLONG,
    WCHAR,
    WORD,
    ArchiveEndOfFile,
    ArchiveLimitError,
    CArchive,
    CArchiveException,
    CArray,
    CComBSTR,
    ClassRegistry,
    CList,
    CMap,
    CMapStringToOb,
    CMapStringToPtr,
    CMapWordToOb,
    CMemFile,
    CNotSupportedException,
    CObArray,
    CObject,
    CObList,
    COleCurrency,
    COleDateTime,
    COleDateTimeSpan,
    COleVariant,
    CPtrArray,
    CPtrList,
    CString,
    CStringA,
    CStringArray,
    CStringW,
    CTime,
    CTimeSpan,
    CTypedPtrArray,
    CTypedPtrList,
    CTypedPtrMap,
    array_of,
    bool_,
    by_value,
    fixed,
    list_of,
    map_of,
)
from pysock.elements import element

REGISTRY = ClassRegistry()


class CFoo(CObject, schema=1, registry=REGISTRY):
    v = 0

    def __mfc_init__(self) -> None:
        self.v = -1

    def Serialize(self, ar: CArchive) -> None:
        if ar.IsStoring():
            ar.WriteLONG(self.v)
        else:
            self.v = ar.ReadLONG()


class CBar(CFoo, schema=2, registry=REGISTRY):
    pass


def foo(v: int) -> CFoo:
    made = CFoo()
    made.v = v
    return made


def stored(value: Any, wire: Any, **settings: Any) -> bytes:
    file = CMemFile()
    with CArchive(file, CArchive.store, registry=REGISTRY, **settings) as ar:
        ar.write(value, wire)
    return file.getvalue()


def loaded(data: bytes, wire: Any, **settings: Any) -> Any:
    with CArchive(data, CArchive.load, registry=REGISTRY, allow="registered", **settings) as ar:
        value = ar.read(wire)
        assert ar.Read(1) == b"", "bytes are left"
    return value


class Pair(ctypes.LittleEndianStructure):
    _fields_ = (("b", ctypes.c_uint8), ("d", ctypes.c_uint32), ("a", ctypes.c_int16 * 2))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Pair) and bytes(self) == bytes(other)

    __hash__ = None  # type: ignore[assignment]


UUID1 = UUID("00020400-0000-0000-c000-000000000046")

# wire type, values, the elements' bytes (AR-134, AR-135), default element
ELEMENTS: list[tuple[Any, list[Any], str, Any]] = [
    (BYTE, [1, 255], "01 FF", 0),
    (CHAR, [-1], "FF", 0),
    (bool_, [True, False], "01 00", False),
    (bool, [True, False], "01 00", False),
    (BOOL, [1, 0], "01000000 00000000", 0),
    (WORD, [0x1234], "3412", 0),
    (SHORT, [-2], "FEFF", 0),
    (WCHAR, ["A", "€"], "4100 AC20", "\0"),
    (INT, [-1], "FFFFFFFF", 0),
    (int, [-1], "FFFFFFFF", 0),
    (DWORD, [0xDEADBEEF], "EFBEADDE", 0),
    (LONGLONG, [-2], "FEFFFFFFFFFFFFFF", 0),
    (ULONGLONG, [2**64 - 1], "FFFFFFFFFFFFFFFF", 0),
    (FLOAT, [1.0], "0000803F", 0.0),
    (DOUBLE, [-0.0, 1.5], "0000000000000080 000000000000F83F", 0.0),
    (float, [1.0], "000000000000F03F", 0.0),
    (CString, ["a", ""], "FFFEFF016100 FFFEFF00", ""),
    (str, ["a"], "FFFEFF016100", ""),
    (CStringA, ["a"], "0161", ""),
    (CStringW, ["a"], "FFFEFF016100", ""),
    (CComBSTR, ["Hi"], "0200000048006900", ""),
    (COleVariant, [COleVariant(5)], "030005000000", COleVariant()),
    (CTime, [CTime(2**33)], "0000000002000000", CTime()),
    (CTimeSpan, [CTimeSpan(-1)], "FFFFFFFFFFFFFFFF", CTimeSpan()),
    (COleDateTime, [COleDateTime(45000.5, status=2)], "0000000010F9E540 02000000 00000000", COleDateTime()),
    (COleDateTimeSpan, [COleDateTimeSpan(1.5)], "000000000000F83F 00000000 00000000", COleDateTimeSpan()),
    (COleCurrency, [COleCurrency(-1, status=1)], "F0D8FFFFFFFFFFFF 01000000 00000000", COleCurrency()),
    (POINT, [POINT(1, -1)], "01000000 FFFFFFFF", POINT()),
    (GUID, [UUID1], "0004020000000000C000000000000046", UUID(int=0)),
    (FILETIME, [FILETIME(1)], "0100000000000000", FILETIME()),
    (LOGFONT, [LOGFONT()], "00" * 92, LOGFONT()),
    (struct.Struct("<BxxxI"), [(1, 2)], "01000000 02000000", (0, 0)),
    (struct.Struct("<Hxx"), [7], "0700 0000", 0),
    (struct.Struct("<4s2d"), [(b"abcd", 1.0, 0.0)], "61626364 000000000000F03F" + "00" * 8, (bytes(4), 0, 0)),
    (Pair, [Pair(1, 2, (3, -1))], "01000000 02000000 0300 FFFF", Pair()),
    (array_of(WORD), [[1, 2], []], "0200 0100 0200 0000", []),
    (CArray[WORD], [CArray[WORD]([5])], "0100 0500", CArray[WORD]()),
    (map_of(WORD, str), [{1: "a"}], "0100 0100 FFFEFF016100", {}),
    (fixed(WORD, 2), [[1, 2], [3, 4]], "0100 0200 0300 0400", [0, 0]),
]  # fmt: skip
elements = pytest.mark.parametrize(
    "wire, values, body, default", ELEMENTS, ids=[repr(element(case[0])) for case in ELEMENTS]
)


@elements
def test_carray_of(wire: Any, values: list[Any], body: str, default: Any) -> None:
    data = struct.pack("<H", len(values)) + bytes.fromhex(body)
    kind = CArray[wire]
    assert kind is CArray[wire] and issubclass(kind, CArray)
    a = kind(values)
    assert stored(a, kind) == data
    assert loaded(data, kind) == a == values
    a.SetSize(len(values) + 2)
    assert a[-1] == default and a[-1] is not values[0]
    assert repr(kind()).startswith("CArray[")
    a.SetSize(1)
    assert a == copy.copy(a) == copy.deepcopy(a) == values[:1]


@elements
def test_clist_and_descriptors_of(wire: Any, values: list[Any], body: str, default: Any) -> None:
    data = struct.pack("<H", len(values)) + bytes.fromhex(body)
    assert stored(CList[wire](values), CList[wire]) == data
    assert loaded(data, CList[wire]) == values
    for of in (array_of, list_of):
        assert stored(values, of(wire)) == data == stored(iter(values), of(wire))
        assert loaded(data, of(wire)) == values
        assert repr(of(wire)).startswith(of.__name__ + "(")
    assert stored(values, fixed(wire, len(values))) == data[2:]
    assert loaded(data[2:], fixed(wire, len(values))) == values
    pairs = dict(enumerate(values))
    assert loaded(stored(pairs, map_of(BYTE, wire)), map_of(BYTE, wire)) == pairs
    m = CMap[BYTE, wire](pairs)
    assert loaded(stored(m, CMap[BYTE, wire]), CMap[BYTE, wire]) == m == pairs
    assert m.setdefault(200) == default


@elements
def test_cut_data(wire: Any, values: list[Any], body: str, default: Any) -> None:
    data = struct.pack("<H", len(values)) + bytes.fromhex(body)
    for length in range(len(data)):
        for kind in (CArray[wire], CList[wire], array_of(wire)):
            with pytest.raises(ArchiveEndOfFile):
                loaded(data[:length], kind)


@elements
def test_huge_counts_are_not_believed(wire: Any, values: list[Any], body: str, default: Any) -> None:
    for count in (b"\xff\xff\xff\xff\xff\x00", b"\xff\xff\xff\xff\xff\x7f"):
        for kind in (CArray[wire], CList[wire], array_of(wire), map_of(BYTE, wire), CMap[BYTE, wire]):
            with pytest.raises((ArchiveEndOfFile, ArchiveLimitError)):
                loaded(count + bytes(50), kind)


@pytest.mark.parametrize(
    "wire, wrong",
    [
        (BYTE, 256),
        (BYTE, "x"),
        (BYTE, None),
        (INT, 2**31),
        (bool_, 2),
        (bool_, "x"),
        (WCHAR, "ab"),
        (CString, 5),
        (DOUBLE, "x"),
        (CTime, datetime(2020, 1, 1)),
        (COleCurrency, Decimal("0.00001")),
        (struct.Struct("<B"), 256),
        (struct.Struct("<BB"), (1,)),
        (Pair, 5),
        (CFoo, 5),
    ],
    ids=repr,
)
def test_wrong_elements(wire: Any, wrong: Any) -> None:
    for make in (
        lambda: CArray[wire]([wrong]),
        lambda: CList[wire]([wrong]),
        lambda: CMap[BYTE, wire]({1: wrong}),
    ):
        with pytest.raises((TypeError, OverflowError, ValueError)):
            make()
    file = CMemFile()
    with CArchive(file, CArchive.store) as ar:
        for descriptor, value in ((array_of(wire), [wrong]), (map_of(BYTE, wire), {1: wrong})):
            with pytest.raises((TypeError, OverflowError, ValueError)):
                ar.write(value, descriptor)
    assert file.getvalue() == b"", "nothing is stored of a refused value"


@pytest.mark.parametrize(
    "wire, why",
    [
        (struct.Struct("BI"), "alignment"),
        (struct.Struct("=BI"), "state the layout"),
        (ctypes.POINTER(ctypes.c_int), "no wire type"),
        (type("P", (ctypes.Structure,), {"_fields_": [("p", ctypes.c_void_p)]}), "pointer"),
        (type("Q", (ctypes.Structure,), {"_fields_": [("p", ctypes.POINTER(Pair) * 2)]}), "pointer"),
        (list, "no wire type"),
        ("WORD", "no wire type"),
        (5, "no wire type"),
        (dict, "no wire type"),
        ([1], "no wire type"),
    ],
    ids=repr,
)
def test_no_wire_type(wire: Any, why: str) -> None:
    with pytest.raises(TypeError, match=why):
        CArray[wire]
    with pytest.raises(TypeError, match=why):
        array_of(wire)


def test_parameters() -> None:
    for template in (CArray, CList, CMap, CTypedPtrArray):
        with pytest.raises(TypeError, match="needs its element types"):
            template()
    with pytest.raises(TypeError, match="takes 2 type parameters, not 1"):
        CMap[WORD]
    with pytest.raises(TypeError, match="takes 1 type parameters, not 2"):
        CArray[WORD, WORD]
    with pytest.raises(TypeError, match="no keys"):
        CMap[POINT, WORD]
    with pytest.raises(TypeError, match="no keys"):
        map_of(array_of(WORD), WORD)
    with pytest.raises(ValueError):
        fixed(WORD, -1)
    with pytest.raises(ValueError, match="takes 2 elements, not 1"):
        stored([1], fixed(WORD, 2))
    assert CArray[WORD].__name__ == "CArray[WORD]" and CMap[WORD, str].__name__ == "CMap[WORD, str]"


@pytest.mark.parametrize("kind", [CArray[WORD], CList[WORD]])
def test_pickle(kind: Any) -> None:
    assert pickle.loads(pickle.dumps(kind([1, 2]))) == kind([1, 2])
    assert type(pickle.loads(pickle.dumps(kind()))) is kind


def test_pickle_of_a_map() -> None:
    m = CMap[WORD, CString]()
    m.InitHashTable(5)
    m[1] = "a"
    twin = pickle.loads(pickle.dumps(m))
    assert twin == m and type(twin) is type(m) and twin.GetHashTableSize() == 5


def test_iterating_over_another_map_order() -> None:
    """map_of follows the archive's order as CMap does, hash table included."""
    keys = [1, 2, 3, 16, 17, 33]
    m = CMap[WORD, WORD](dict.fromkeys(keys, 0))
    for order in ("mfc6", "mfc9"):
        data = stored(m, CMap[WORD, WORD], map_order=order)
        assert (
            data
            == stored(dict(m), map_of(WORD, WORD), map_order=order)
            == stored(m, map_of(WORD, WORD), map_order=order)
        )
        assert list(loaded(data, map_of(WORD, WORD))) != keys


@pytest.mark.parametrize(
    "key, keys",
    [
        (CStringA, ["ä", "b"]),
        (CStringW, ["ä", "b"]),
        (WCHAR, ["ä", "b"]),
        (LONGLONG, [1, -(2**40)]),
        (SHORT, [-1, 1]),
    ],
)
@pytest.mark.parametrize("order", ["mfc6", "mfc9"])
def test_keys_with_a_hash(key: Any, keys: list[Any], order: str) -> None:
    kind = CMap[key, BYTE]
    assert loaded(stored(dict.fromkeys(keys, 1), kind, map_order=order), kind) == dict.fromkeys(keys, 1)


@pytest.mark.parametrize("key, keys", [(DOUBLE, [1.5]), (GUID, [UUID1]), (bool_, [True])])
def test_keys_without_a_known_hash(key: Any, keys: list[Any]) -> None:
    kind = CMap[key, BYTE]
    assert loaded(stored(dict.fromkeys(keys, 1), kind), kind) == dict.fromkeys(keys, 1)
    with pytest.raises(CNotSupportedException, match="map_order"):
        stored(dict.fromkeys(keys, 1), kind, map_order="mfc9")


def test_own_wire_type() -> None:
    class Twice:
        __mfc_min_size__ = 2

        @staticmethod
        def __mfc_load__(ar: CArchive) -> int:
            return ar.ReadBYTE() * 100 + ar.ReadBYTE()

        @staticmethod
        def __mfc_store__(ar: CArchive, value: int) -> None:
            ar.WriteBYTE(value // 100)
            ar.WriteBYTE(value % 100)

    assert stored([102, 304], array_of(Twice)) == bytes.fromhex("0200 0102 0304")
    assert loaded(bytes.fromhex("0200 0102 0304"), CList[Twice]) == [102, 304]
    with pytest.raises(ArchiveEndOfFile):
        loaded(b"\2\0\1\2\3", array_of(Twice))


# --- objects --------------------------------------------------------------------------------------------


def test_objects_by_pointer_and_by_value() -> None:
    one = foo(5)
    by_pointer = stored([one, None, one], array_of(CFoo))
    assert by_pointer == bytes.fromhex("0300 FFFF0100040043466F6F05000000 0000 0200")
    back = loaded(by_pointer, list_of(CFoo))
    assert back[0].v == 5 and back[1] is None and back[2] is back[0]
    assert loaded(by_pointer, CArray[CFoo])[0].v == 5
    bodies = stored([one, one], array_of(by_value(CFoo)))
    assert bodies == bytes.fromhex("0200 05000000 05000000")
    back = loaded(bodies, array_of(by_value(CFoo)))
    assert [b.v for b in back] == [5, 5] and back[0] is not back[1]
    assert loaded(b"\1\0\0\0", by_value(CFoo)).v == 1
    kind = CArray[by_value(CFoo)]
    grown = kind()
    grown.SetSize(1)
    assert type(grown[0]) is CFoo and grown[0].v == -1
    with pytest.raises(TypeError, match="CFoo"):
        stored(5, by_value(CFoo))
    with pytest.raises(TypeError, match="by_value"):
        by_value(int)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "kind, one",
    [
        (CTypedPtrArray[CObArray, CBar], lambda v: [v]),
        (CTypedPtrList[CObList, CBar], lambda v: [v]),
        (CTypedPtrMap[CMapStringToOb, CString, CBar], lambda v: {"k": v}),
        (CTypedPtrMap[CMapWordToOb, WORD, CBar], lambda v: {7: v}),
    ],
    ids=repr,
)
def test_typed_pointers(kind: Any, one: Any) -> None:
    assert kind(one(None)) == one(None)
    with pytest.raises(TypeError, match="CBar"):
        kind(one(foo(1)))
    file = CMemFile()
    with CArchive(file, CArchive.store, registry=REGISTRY) as ar:
        kind(one(CBar())).Serialize(ar)
    back = kind()
    # the class is asked for, so it needs no allow=
    back.Serialize(CArchive(file.getvalue(), CArchive.load, registry=REGISTRY))
    (value,) = back.values() if isinstance(back, dict | pysock.maps.MapBase) else back
    assert type(value) is CBar
    foreign = file.getvalue().replace(b"CBar", b"CFoo").replace(b"\2\0\4\0", b"\1\0\4\0")
    with pytest.raises(CArchiveException, match="badClass"):
        kind().Serialize(CArchive(foreign, CArchive.load, registry=REGISTRY))


def test_typed_pointers_to_anything() -> None:
    names = CTypedPtrArray[CPtrArray, str](["a"])
    names.Add("b")
    with pytest.raises(TypeError, match="str"):
        names.Add(5)
    assert CTypedPtrList[CPtrList, int]([1]) == [1]
    assert CTypedPtrMap[CMapStringToPtr, str, int]({"a": 1}) == {"a": 1}
    with pytest.raises(TypeError, match="CObArray"):
        CTypedPtrArray[CObList, CFoo]
    with pytest.raises(TypeError, match="CObject"):
        CTypedPtrArray[CObArray, str]
    with pytest.raises(TypeError, match="3 type parameters"):
        CTypedPtrMap[CMapStringToOb, CFoo]
    assert isinstance(CTypedPtrArray[CObArray, CFoo](), CObArray)
    twin = pickle.loads(pickle.dumps(names))
    assert twin == names and type(twin) is type(names)


# --- numpy ----------------------------------------------------------------------------------------------


def test_numpy_dtypes() -> None:
    numpy = pytest.importorskip("numpy")
    dtype = numpy.dtype([("b", "<u1"), ("pad", "V3"), ("d", "<u4")])
    values = numpy.zeros(2, dtype)
    values["b"], values["d"] = [1, 2], [3, 4]
    data = bytes.fromhex("0200 01000000 03000000 02000000 04000000")
    assert stored(values, array_of(dtype)) == data
    back = loaded(data, array_of(dtype))
    assert isinstance(back, numpy.ndarray) and back["d"].tolist() == [3, 4]
    back["d"] = 0  # its own memory
    assert stored(loaded(data, CArray[dtype]), CArray[dtype]) == data
    assert CArray[dtype]().GetSize() == 0
    grown = CArray[dtype]()
    grown.SetSize(1)
    assert grown[0]["d"] == 0
    assert loaded(stored([1.5], array_of(numpy.dtype("<f8"))), array_of(float)) == [1.5]
    with pytest.raises(TypeError, match="little-endian"):
        array_of(numpy.dtype(">u2"))
    with pytest.raises(TypeError, match="objects"):
        array_of(numpy.dtype(object))
    with pytest.raises(ArchiveEndOfFile):
        loaded(data[:-1], array_of(dtype))


# --- round trips ----------------------------------------------------------------------------------------


@settings(max_examples=40)
@given(
    st.lists(st.integers(0, 65535)),
    st.lists(st.floats(allow_nan=False)),
    st.lists(st.text("ab€\0", max_size=3)),
)
def test_round_trips(numbers: list[int], floats: list[float], texts: list[str]) -> None:
    for wire, values in ((WORD, numbers), (DOUBLE, floats), (CString, texts)):
        for kind in (CArray[wire], CList[wire], array_of(wire)):
            assert list(loaded(stored(values, kind), kind)) == values
    assert stored(numbers, array_of(WORD)) == stored(numbers, list_of(WORD))
    for order in (None, "mfc6", "mfc9"):
        pairs = dict(zip(texts, floats, strict=False))
        for kind in (CMap[CString, DOUBLE], map_of(CString, DOUBLE)):
            assert loaded(stored(pairs, kind, map_order=order), kind) == pairs


def test_bulk_array_and_carray_agree() -> None:
    values = array("H", range(1000))
    file = CMemFile()
    with CArchive(file, CArchive.store) as ar:
        ar.write_array(WORD, values)
    assert file.getvalue() == stored(values, CArray[WORD]) == stored(values, array_of(WORD))
    assert loaded(stored(["x"], CArray[CString]), CArray[CString]) == CStringArray(["x"])


def test_run_time_class_behind_a_mixin() -> None:
    class Mixin:
        pass

    class CBaz(Mixin, CFoo, schema=1, registry=REGISTRY):
        pass

    assert pysock.RUNTIME_CLASS(CBaz).IsDerivedFrom(CFoo)
    assert CBaz().IsKindOf(CFoo) and not CFoo().IsKindOf(CBaz)
    assert pysock.RUNTIME_CLASS(CTypedPtrArray[CObArray, CFoo]) is pysock.RUNTIME_CLASS(CObArray)
    assert pysock.RUNTIME_CLASS(CArray[WORD]) is pysock.RUNTIME_CLASS(CObject)


def test_a_type_of_ones_own_says_what_growing_adds() -> None:
    class Nibbles:
        def __mfc_load__(self, ar: Any) -> int:
            return ar.ReadBYTE() & 15

        def __mfc_store__(self, ar: Any, value: int) -> None:
            ar.WriteBYTE(value)

        def __mfc_default__(self) -> int:
            return 7

    array = CArray[Nibbles()]()
    array.SetSize(2)
    assert list(array) == [7, 7]
    assert element(fixed(WORD, 2)).default() == [0, 0]
