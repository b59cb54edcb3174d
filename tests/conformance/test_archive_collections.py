"""Cases CO-01 to CO-30 and MO-01 to MO-09: collections on the wire and the order of maps."""

import io
import struct
import tracemalloc
import zlib
from collections.abc import Callable
from typing import Any

import pytest

from pysock import (
    INT,
    POINT,
    WORD,
    ArchiveEndOfFile,
    ArchiveLimitError,
    CArchive,
    CArchiveException,
    CArray,
    CByteArray,
    CDWordArray,
    CInvalidArgException,
    ClassRegistry,
    CList,
    CMap,
    CMapPtrToPtr,
    CMapPtrToWord,
    CMapStringToOb,
    CMapStringToPtr,
    CMapStringToString,
    CMapWordToOb,
    CMapWordToPtr,
    CMemFile,
    CNotSupportedException,
    CObArray,
    CObject,
    CObList,
    CPtrArray,
    CPtrList,
    CString,
    CStringArray,
    CStringList,
    CTypedPtrArray,
    CTypedPtrList,
    CTypedPtrMap,
    CUIntArray,
    CWordArray,
    HashKey,
)

REGISTRY = ClassRegistry()


class CFoo(CObject, schema=1, registry=REGISTRY):
    """Schema 1, body: LONG v."""

    def __init__(self, v: int = 0) -> None:
        self.v = v

    def __eq__(self, other: object) -> bool:
        return isinstance(other, CFoo) and self.v == other.v

    __hash__ = None  # type: ignore[assignment]

    def Serialize(self, ar: CArchive) -> None:
        if ar.IsStoring():
            ar.WriteLONG(self.v)
        else:
            self.v = ar.ReadLONG()


def stored(store: Callable[[CArchive], object], **settings: Any) -> bytes:
    file = CMemFile()
    with CArchive(file, CArchive.store, registry=REGISTRY, **settings) as ar:
        store(ar)
    return file.getvalue()


def loading(data: bytes, **settings: Any) -> CArchive:
    return CArchive(data, CArchive.load, registry=REGISTRY, allow="registered", **settings)


def loaded(data: bytes, into: Any, **settings: Any) -> Any:
    """The container after its Serialize read all of the data."""
    with loading(data, **settings) as ar:
        into.Serialize(ar)
        assert ar.Read(1) == b"", "bytes are left"
    return into


def hexed(text: str) -> bytes:
    return bytes.fromhex(text)


FOO = "FFFF 0100 0400 43466F6F"
foo = CFoo(5)

# case, the container, its bytes, settings. Loading into a new one of the type must give an equal one.
SERIALIZED: list[tuple[str, Callable[[], Any], str, dict[str, Any]]] = [
    ("CO-01", lambda: CByteArray([1, 2, 3]), "0300 010203", {}),
    ("CO-02", lambda: CByteArray(), "0000", {}),
    ("CO-03", lambda: CWordArray([1, 0x1234]), "0200 0100 3412", {}),
    ("CO-04", lambda: CDWordArray([1, 0xDEADBEEF]), "0200 01000000 EFBEADDE", {}),
    ("CO-06", lambda: CStringArray(["a", ""]), "0200 FFFEFF01 6100 FFFEFF00", {}),
    ("CO-07", lambda: CStringArray(["a", ""]), "0200 0161 00", {"unicode": False}),
    ("CO-08", lambda: CStringList(["ab"]), "0100 026162", {"unicode": False}),
    ("CO-09", lambda: CObArray([foo, None, foo]), f"0300 {FOO} 05000000 0000 0200", {}),
    ("CO-10", lambda: CObList([CFoo(1), CFoo(2)]), f"0200 {FOO} 01000000 0180 02000000", {}),
    ("CO-11", lambda: CMapWordToOb({7: CFoo(5)}), f"0100 0700 {FOO} 05000000", {}),
    ("CO-12", lambda: CMapWordToOb({1: None}), "0100 0100 0000", {}),
    ("CO-13", lambda: CMapStringToOb({"k": CFoo(5)}), f"0100 016B {FOO} 05000000", {"unicode": False}),
    ("CO-14", lambda: CMapStringToString({"k": "v"}), "0100 016B 0176", {"unicode": False}),
    ("CO-15", lambda: CMapStringToString(), "0000", {}),
    ("CO-17", lambda: CArray[INT]([1, -1]), "0200 01000000 FFFFFFFF", {}),
    ("CO-17 by Python's int", lambda: CArray[int]([1, -1]), "0200 01000000 FFFFFFFF", {}),
    ("CO-18", lambda: CArray[float]([1.0]), "0100 000000000000F03F", {}),
    ("CO-19", lambda: CArray[POINT]([POINT(1, -1)]), "0100 01000000 FFFFFFFF", {}),
    ("CO-20", lambda: CArray[struct.Struct("<BxxxI")]([(1, 2)]), "0100 01000000 02000000", {}),
    ("CO-21", lambda: CArray[CString](["a"]), "0100 FFFEFF01 6100", {}),
    ("CO-22", lambda: CList[WORD]([5, 6]), "0200 0500 0600", {}),
    ("CO-23", lambda: CMap[INT, INT]({1: 2}), "0100 01000000 02000000", {}),
    ("CO-24", lambda: CTypedPtrArray[CObArray, CFoo]([CFoo(5)]), f"0100 {FOO} 05000000", {}),
    ("AR-131 list", lambda: CTypedPtrList[CObList, CFoo]([CFoo(5)]), f"0100 {FOO} 05000000", {}),
    (
        "AR-131 map",
        lambda: CTypedPtrMap[CMapWordToOb, WORD, CFoo]({7: CFoo(5)}),
        f"0100 0700 {FOO} 05000000",
        {},
    ),
]
by_case = pytest.mark.parametrize(
    "make, wire, settings", [case[1:] for case in SERIALIZED], ids=[case[0] for case in SERIALIZED]
)


@by_case
def test_serialize_stores(make: Callable[[], Any], wire: str, settings: dict[str, Any]) -> None:
    assert stored(make().Serialize, **settings) == hexed(wire)


@by_case
def test_serialize_loads(make: Callable[[], Any], wire: str, settings: dict[str, Any]) -> None:
    container = make()
    assert loaded(hexed(wire), type(container)(), **settings) == container


@by_case
def test_serialize_refuses_cut_data(make: Callable[[], Any], wire: str, settings: dict[str, Any]) -> None:
    """At every length: endOfFile, or badClass where the cut goes through a class name (AR-99)."""
    data, kind = hexed(wire), type(make())
    for length in range(len(data)):
        with pytest.raises(CArchiveException) as caught:
            loaded(data[:length], kind(), **settings)
        assert caught.value.cause_name in ("endOfFile", "badClass"), length
        assert caught.value.cause_name == "endOfFile" or b"CFoo" in data


def test_co_05_count_of_65535() -> None:
    data = stored(CByteArray(bytes(65535)).Serialize)
    assert data == hexed("FFFF FFFF0000") + bytes(65535)
    assert len(data) == 65541 and zlib.crc32(data) == 0xFFFFFFFF
    assert loaded(data, CByteArray()) == bytes(65535)


@pytest.mark.parametrize(
    "container",
    [
        CUIntArray([1]),
        CPtrArray(["x"]),
        CPtrList([object()]),
        CMapPtrToPtr({1: 2}),
        CMapPtrToWord({1: 2}),
        CMapWordToPtr({1: 2}),
        CMapStringToPtr({"a": 2}),
        CTypedPtrArray[CPtrArray, str](["x"]),
        CTypedPtrList[CPtrList, str](["x"]),
        CTypedPtrMap[CMapStringToPtr, str, str]({"a": "x"}),
    ],
    ids=lambda c: f"CO-16 {type(c).__name__}",
)
def test_co_16_nothing_is_stored(container: Any) -> None:
    assert stored(container.Serialize) == b""
    before = container.copy()
    container.Serialize(loading(b"\x01\x02"))
    assert container == before
    with pytest.raises(CNotSupportedException):
        stored(lambda ar: ar << container)


@pytest.mark.parametrize("template", [CArray[WORD], CList[WORD], CMap[WORD, WORD]])
def test_ar_139_templates_are_not_stored_by_pointer(template: Any) -> None:
    with pytest.raises(CNotSupportedException):
        stored(lambda ar: ar << template())
    with pytest.raises(CNotSupportedException):
        loading(b"\0\0").ReadObject(template)
    assert stored(lambda ar: ar.write(template(), template)) == b"\0\0"  # but by body
    assert loading(b"\0\0").read(template) == template()


BY_POINTER: list[tuple[str, Callable[[], Any], str]] = [
    ("CO-25", lambda: CByteArray([1, 2, 3]), "FFFF 0000 0A00 434279746541727261790300010203"),
    ("CO-26", lambda: CObList(), "FFFF 0000 0700 434F624C697374 0000"),
    (
        "AR-139 typed",
        lambda: CTypedPtrArray[CObArray, CFoo]([CFoo(5)]),
        f"FFFF 0000 0800 434F624172726179 0100 {FOO} 05000000",
    ),
]


@pytest.mark.parametrize("make, wire", [c[1:] for c in BY_POINTER], ids=[c[0] for c in BY_POINTER])
def test_by_pointer(make: Callable[[], Any], wire: str) -> None:
    container = make()
    assert stored(lambda ar: ar << container) == hexed(wire)
    back = loading(hexed(wire)).ReadObject(None)
    assert back == container
    assert isinstance(container, type(back))  # a typed array comes back as its base


def test_co_27_list_containing_itself() -> None:
    wire = hexed("FFFF 0000 0700 434F624C697374 0100 0200")
    ring = CObList()
    ring.append(ring)
    assert stored(lambda ar: ar << ring) == wire
    back = loading(wire).read(CObList)
    assert back.GetCount() == 1 and back.GetHead() is back
    assert "..." in repr(back)


def test_co_28_array_is_replaced() -> None:
    array = loaded(hexed("0100 07"), CByteArray([1, 2]))
    assert stored(array.Serialize) == hexed("0100 07")


def test_co_29_list_is_appended_to() -> None:
    texts = loaded(hexed("0100 FFFEFF01 6200"), CStringList(["a"]))
    assert stored(texts.Serialize) == hexed("0200 FFFEFF01 6100 FFFEFF01 6200")


def test_co_30_map_is_merged_into() -> None:
    wire = hexed("0200 FFFEFF01 6200 FFFEFF01 3200 FFFEFF01 6100 FFFEFF01 3900")
    texts = CMapStringToString({"a": "1"})
    with loading(stored(CMapStringToString({"b": "2", "a": "9"}).Serialize)) as ar:
        texts.Serialize(ar)
    assert dict(texts) == {"a": "9", "b": "2"}
    assert stored(texts.Serialize, map_order="mfc9") == wire


def test_ar_137_templates_append_and_merge() -> None:
    assert loaded(hexed("0100 0700"), CList[WORD]([5])) == [5, 7]
    assert loaded(hexed("0100 0700 0800"), CMap[WORD, WORD]({7: 1, 2: 3})) == {7: 8, 2: 3}
    assert loaded(hexed("0100 0700"), CArray[WORD]([5, 6])) == [7]
    objects = CObList([None])
    assert loaded(stored(CObList([CFoo(1)]).Serialize), objects) == [None, CFoo(1)]


def test_ar_138_repeated_key() -> None:
    wire = hexed("0200 0161 0131 0161 0132")
    assert loaded(wire, CMapStringToString(), unicode=False) == {"a": "2"}


def test_ar_133_either_kind_of_string_loads() -> None:
    assert loaded(hexed("0200 0161 FFFEFF01 6200"), CStringArray()) == ["a", "b"]


HUGE = [
    b"\xff\xff\xff\xff\xff\x00",
    b"\xff\xff\xff\xff\xff\x7f",
    b"\xff\xff\xff\xff\xff\xff" + b"\xff" * 7 + b"\x7f",
]
LOADERS = [CByteArray, CWordArray, CDWordArray, CStringArray, CObArray, CStringList, CObList]
LOADERS += [CMapWordToOb, CMapStringToOb, CMapStringToString]


@pytest.mark.parametrize("kind", LOADERS)
@pytest.mark.parametrize("count", HUGE, ids=["24 bits", "31 bits", "63 bits"])
def test_ar_187_188_227_absurd_counts(kind: Any, count: bytes) -> None:
    """endOfFile or a limit at once, whether the length is known (bytes) or not; content is kept."""

    class Stream(io.BytesIO):
        def seekable(self) -> bool:
            return False

    for limits in ({}, {"max_count": None, "max_total": None}):
        for source in (count + bytes(64), Stream(count + bytes(64))):
            container = kind()
            before = kind()
            tracemalloc.start()
            ar = CArchive(source, CArchive.load, bits=64, **limits)
            with pytest.raises((ArchiveEndOfFile, ArchiveLimitError)):
                container.Serialize(ar)
            peak = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
            assert peak < 1 << 20
            if not isinstance(container, CMapStringToString | CMapStringToOb | CMapWordToOb):
                assert container == before


def test_ar_137_failed_load_of_an_array_keeps_the_old_content() -> None:
    array = CWordArray([1, 2])
    with pytest.raises(ArchiveEndOfFile):
        array.Serialize(loading(b"\2\0\1\0\2"))
    assert array == [1, 2]
    texts = CStringList(["a"])
    with pytest.raises(ArchiveEndOfFile):
        texts.Serialize(loading(b"\2\0\1b\1", unicode=False))
    assert texts == ["a"]


# --- the order of maps ----------------------------------------------------------------------------------

NAMES = ["one", "two", "three", "four", "five"]
NUMBERS = [1, 2, 3, 16, 17, 33]


def keys_in(data: bytes, kind: Any) -> list[Any]:
    return list(loaded(data, kind()))


@pytest.mark.parametrize(
    "order, expected",
    [
        pytest.param("mfc9", ["four", "two", "five", "three", "one"], id="MO-01"),
        pytest.param("mfc6", ["one", "five", "four", "two", "three"], id="MO-02"),
        pytest.param(None, NAMES, id="AR-147"),
    ],
)
@pytest.mark.parametrize("kind", [CMapStringToString, CMap[CString, CString]])
def test_order_of_string_keys(kind: Any, order: str | None, expected: list[str]) -> None:
    data = stored(kind(dict.fromkeys(NAMES, "")).Serialize, map_order=order)
    assert keys_in(data, kind) == expected


@pytest.mark.parametrize(
    "order, expected",
    [
        pytest.param("mfc9", [17, 2, 33, 16, 1, 3], id="MO-03"),
        pytest.param("mfc6", [3, 2, 1, 17, 16, 33], id="MO-04"),
    ],
)
@pytest.mark.parametrize("kind, value", [(CMapWordToOb, None), (CMap[INT, INT], 0)])
def test_order_of_number_keys(kind: Any, value: Any, order: str, expected: list[int]) -> None:
    data = stored(kind(dict.fromkeys(NUMBERS, value)).Serialize, map_order=order)
    assert keys_in(data, kind) == expected


@pytest.mark.parametrize(
    "text, mfc9, mfc6",
    [
        pytest.param("three", 912956111, 141431864, id="MO-05"),
        pytest.param("abcdefghijklmnopqrstuvwxyz", 3360200318, 2580278463, id="MO-06"),
    ],
)
def test_string_hash(text: str, mfc9: int, mfc6: int) -> None:
    assert HashKey(text) == mfc9
    assert HashKey(text, "mfc6") == mfc6


@pytest.mark.parametrize(
    "key, value", [(1, 16807), (18, 302526), (0x7FFFFFFF, 0), (0xFFFFFFFF, 2147466840)], ids=str
)
def test_mo_07_number_hash(key: int, value: int) -> None:
    assert HashKey(key) == value
    assert HashKey(key, "mfc6") == key >> 4


def test_map_order_of_nobody() -> None:
    with pytest.raises(CInvalidArgException, match="mfc7"):
        HashKey("x", "mfc7")


def test_ar_146_number_hash_of_64_bits() -> None:
    assert HashKey(18 << 32 | 1, bits=64) == 302526 ^ 16807
    assert HashKey(-1, bits=64) == 0
    assert HashKey(-1) == HashKey(0xFFFFFFFF)


def test_mo_08_ansi_hash_takes_signed_bytes() -> None:
    assert HashKey(b"\xe4\xe4\0") == 4151733957
    assert HashKey(b"\xff\0") == 4210270944
    assert HashKey(b"ab") == 1886858552
    assert HashKey("ab\0cd") == HashKey("ab")


def test_mo_09_an_old_key_keeps_its_place() -> None:
    numbers = CMapWordToOb()
    for key in (1, 18, 35, 1):
        numbers.SetAt(key, None)
    assert keys_in(stored(numbers.Serialize, map_order="mfc9"), CMapWordToOb) == [35, 18, 1]


def test_ar_141_a_removed_key_starts_anew() -> None:
    numbers = CMapWordToOb(dict.fromkeys([1, 18, 35]))
    assert numbers.RemoveKey(1)
    numbers.SetAt(1, None)
    assert keys_in(stored(numbers.Serialize, map_order="mfc9"), CMapWordToOb) == [1, 35, 18]


def test_ar_141_save_and_load_reverses_each_bucket() -> None:
    numbers = CMapWordToOb(dict.fromkeys([1, 18, 35, 2]))
    once = stored(numbers.Serialize, map_order="mfc9")
    twice = stored(loaded(once, CMapWordToOb()).Serialize, map_order="mfc9")
    assert keys_in(once, CMapWordToOb) == [2, 35, 18, 1]
    assert keys_in(twice, CMapWordToOb) == [2, 1, 18, 35]


@pytest.mark.parametrize("table", [1, 17, 101, 65521])
def test_ar_141_hash_table_size(table: int) -> None:
    numbers = CMapWordToOb()
    numbers.InitHashTable(table)
    for key in range(300):
        numbers[key * 7] = None
    keys = keys_in(stored(numbers.Serialize, map_order="mfc9"), CMapWordToOb)
    buckets = [HashKey(key) % table for key in keys]
    assert buckets == sorted(buckets)
    for bucket in set(buckets):
        inside = [key for key in keys if HashKey(key) % table == bucket]
        assert inside == sorted(inside, reverse=True)  # the newest, here largest, first


def test_map_order_needs_a_known_hash() -> None:
    points = CMap[struct.Struct("<ii"), INT]({(1, 2): 3})
    assert stored(points.Serialize) == struct.pack("<Hiii", 1, 1, 2, 3)
    with pytest.raises(CNotSupportedException, match="map_order"):
        stored(points.Serialize, map_order="mfc9")
