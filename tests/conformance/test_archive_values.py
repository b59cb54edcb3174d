"""Cases VT-01 to VT-40, VT-43, VL-01 to VL-07: value types. (VT-41 and VT-42 need edit controls.)"""

import struct
from collections.abc import Callable
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from pysock import (
    GUID,
    LOGFONT,
    POINT,
    RECT,
    SIZE,
    VARENUM,
    CArchive,
    CArchiveException,
    CComBSTR,
    CInvalidArgException,
    CMemFile,
    CNotSupportedException,
    COleCurrency,
    COleDateTime,
    COleDateTimeSpan,
    COleVariant,
    CTime,
    CTimeSpan,
    OleObject,
)

VT = VARENUM


def cut():  # a new one each time: it keeps the last traceback alive
    return pytest.raises(CArchiveException, match="endOfFile")


def stored(store: Callable[[CArchive], object], **settings: Any) -> bytes:
    file = CMemFile()
    with CArchive(file, CArchive.store, **settings) as ar:
        store(ar)
    return file.getvalue()


def hexed(text: str) -> bytes:
    return bytes.fromhex(text)


CASES: list[tuple[str, Any, str, dict[str, Any]]] = [
    ("VT-01", CTime(0), "0A000080 0000000000000000", {}),
    ("VT-02", CTime(1700000000), "0A000080 00F1536500000000", {}),
    ("VT-03", CTime(4294967296), "0A000080 0000000001000000", {}),
    ("VT-04", CTime(1700000000), "00F15365", {"profile": "mfc6"}),
    ("VT-06", CTimeSpan(90061), "CD5F0100", {}),
    ("VT-07", CTimeSpan(-1), "FFFFFFFF", {}),
    ("VT-09", COleDateTime(45000.5), "00000000 0000000010F9E540", {}),
    ("VT-10", COleDateTime(0.0, status=COleDateTime.null), "02000000 0000000000000000", {}),
    ("VT-11", COleDateTimeSpan(1.5), "00000000 000000000000F83F", {}),
    ("VT-12", COleCurrency(Decimal("12.3456")), "00000000 00000000 40E20100", {}),
    ("VT-13", COleCurrency(-1), "00000000 FFFFFFFF F0D8FFFF", {}),
    ("VT-14", COleVariant(), "0000", {}),
    ("VT-15", COleVariant(None, VT.VT_NULL), "0100", {}),
    ("VT-16", COleVariant(-2, VT.VT_I2), "0200 FEFF", {}),
    ("VT-17", COleVariant(5), "0300 05000000", {}),
    ("VT-18", COleVariant(1.0, VT.VT_R4), "0400 0000803F", {}),
    ("VT-19", COleVariant(1.0), "0500 000000000000F03F", {}),
    ("VT-20", COleVariant(Decimal("12.3456")), "0600 40E2010000000000", {}),
    ("VT-21", COleVariant(COleDateTime(45000.5)), "0700 0000000010F9E540", {}),
    ("VT-22", COleVariant("Hi"), "0800 04000000 48006900", {}),
    ("VT-23", COleVariant(""), "0800 00000000", {}),
    ("VT-23 null", COleVariant(None, VT.VT_BSTR), "0800 00000000", {}),
    ("VT-24", COleVariant(0x80004005, VT.VT_ERROR), "0A00 05400080", {}),
    ("VT-25", COleVariant(True), "0B00 FFFF", {}),
    ("VT-26", COleVariant(False), "0B00 0000", {}),
    ("VT-27", COleVariant(-1, VT.VT_I1), "1000 FF", {}),
    ("VT-28", COleVariant(200, VT.VT_UI1), "1100 C8", {}),
    ("VT-29", COleVariant(65535, VT.VT_UI2), "1200 FFFF", {}),
    ("VT-30", COleVariant(1, VT.VT_UI4), "1300 01000000", {}),
    ("VT-31", COleVariant(-1, VT.VT_I8), "1400 FFFFFFFFFFFFFFFF", {}),
    ("VT-32", COleVariant(1, VT.VT_UI8), "1500 0100000000000000", {}),
    ("VT-35", CComBSTR("Hi"), "02000000 48006900", {}),
    ("VT-36", CComBSTR(), "00000000", {}),
    ("VT-37", POINT(1, -1), "01000000 FFFFFFFF", {}),
    ("VT-38", SIZE(640, 480), "80020000 E0010000", {}),
    ("VT-39", RECT(0, 0, 640, 480), "0000000000000000 80020000 E0010000", {}),
    ("VT-40", GUID("{00020400-0000-0000-C000-000000000046}"), "00040200 0000 0000 C000000000000046", {}),
    (
        "AR-164 ANSI",
        LOGFONT("Arial", lfHeight=-12),
        "F4FFFFFF" + "00" * 24 + "417269616C" + "00" * 27,
        {"unicode": False},
    ),
    (
        "AR-164",
        LOGFONT("Ari", lfWeight=700),
        "00" * 16 + "BC020000" + "00" * 8 + "410072006900" + "00" * 58,
        {},
    ),
]
by_case = pytest.mark.parametrize(
    "value, wire, settings", [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)


@by_case
def test_storing(value: Any, wire: str, settings: dict[str, Any]) -> None:
    assert stored(lambda ar: ar << value, **settings) == hexed(wire)
    assert stored(lambda ar: ar.write(value), **settings) == hexed(wire)
    assert stored(lambda ar: ar.write(value, type(value)), **settings) == hexed(wire)


@by_case
def test_loading(value: Any, wire: str, settings: dict[str, Any]) -> None:
    box = type(value)()
    with CArchive(hexed(wire), CArchive.load, **settings) as ar:
        assert ar >> box is ar
        assert ar.Read(1) == b"", "bytes are left"
    assert box == value
    with CArchive(hexed(wire), CArchive.load, **settings) as ar:
        assert value == ar.read(type(value))


@by_case
def test_loading_cut_data(value: Any, wire: str, settings: dict[str, Any]) -> None:
    data, kind = hexed(wire), type(value)
    for length in range(len(data)):
        if kind is CTime and length == 4 and settings:
            continue
        with cut():
            CArchive(data[:length], CArchive.load, **settings).read(kind)
        box, before = kind(), kind()
        with cut():
            CArchive(data[:length], CArchive.load, **settings) >> box
        assert box == before, "a failed load leaves the box alone"


@by_case
def test_wrong_direction(value: Any, wire: str, settings: dict[str, Any]) -> None:
    with pytest.raises(CArchiveException, match="readOnly"):
        CArchive(hexed(wire), CArchive.load, **settings) << value
    with pytest.raises(CArchiveException, match="writeOnly"):
        CArchive(CMemFile(), CArchive.store, **settings).read(type(value))


@pytest.mark.parametrize("profile", ["mfc6", "mfc9"])
def test_vt_05_serialize64(profile: str) -> None:
    data = stored(CTime(1700000000).Serialize64, profile=profile)
    assert data == hexed("00F1536500000000")
    time = CTime()
    time.Serialize64(CArchive(data, CArchive.load, profile=profile))
    assert time == CTime(1700000000)


def test_ar_151_serialize64_of_a_span() -> None:
    data = stored(CTimeSpan(2**40).Serialize64)
    assert data == hexed("0000000000010000")
    span = CTimeSpan()
    assert span.Serialize64(ar := CArchive(data, CArchive.load)) is ar
    assert span == CTimeSpan(2**40)


def test_vt_08_span_above_32_bits() -> None:
    file = CMemFile()
    with CArchive(file, CArchive.store) as ar, pytest.raises(CInvalidArgException, match="4294967296"):
        ar << CTimeSpan(2**32)
    assert file.getvalue() == b""


def test_vt_43_span_far_below_zero() -> None:
    assert stored(lambda ar: ar << CTimeSpan(-(2**33)), faithful=True) == bytes(4)
    with pytest.raises(CInvalidArgException):  # by default nothing is cut silently
        stored(lambda ar: ar << CTimeSpan(-(2**33)))
    assert stored(lambda ar: ar << CTimeSpan(-(2**31))) == hexed("00000080")


def test_ar_149_time_that_mfc6_cannot_hold() -> None:
    with pytest.raises(CInvalidArgException, match="mfc6"):
        stored(lambda ar: ar << CTime(2**31), profile="mfc6")


def test_ar_150_mfc6_takes_the_mark_for_a_time() -> None:
    ar = CArchive(hexed("0A000080 00F1536500000000"), CArchive.load, profile="mfc6")
    assert ar.read(CTime) == CTime(-2147483638)
    assert ar.Read(8) == hexed("00F1536500000000")


@pytest.mark.parametrize(
    "vt", [VT.VT_ARRAY | VT.VT_UI1, VT.VT_DECIMAL, VT.VT_INT, VT.VT_BYREF | VT.VT_I4, 99]
)
def test_vt_33_vt_34_types_that_lose_their_value(vt: int) -> None:
    variant = COleVariant(None, vt)
    assert stored(lambda ar: ar << variant, faithful=True) == struct.pack("<H", vt)
    with pytest.raises(CNotSupportedException, match="AR-159"):
        stored(lambda ar: ar << variant)


@pytest.mark.parametrize("vt", [VT.VT_I1, VT.VT_UI2, VT.VT_UI4, VT.VT_I8, VT.VT_UI8])
def test_ar_159_types_that_mfc6_loses(vt: int) -> None:
    with pytest.raises(CNotSupportedException):
        stored(lambda ar: ar << COleVariant(1, vt), profile="mfc6")
    assert stored(lambda ar: ar << COleVariant(1, vt), profile="mfc6", faithful=True) == struct.pack("<H", vt)
    ar = CArchive(struct.pack("<HI", vt, 7), CArchive.load, profile="mfc6")
    assert ar.read(COleVariant).value is None
    assert ar.Read(9) == struct.pack("<I", 7)


LOADS: list[tuple[str, str, Any, Any]] = [
    ("VL-01", "00F15365", CTime, CTime(1700000000)),
    ("VL-02", "0A000080 00F1536500000000", CTime, CTime(1700000000)),
    ("VL-03", "FFFFFFFF", CTime, CTime(-1)),
    ("VL-04", "00000080", CTimeSpan, CTimeSpan(-2147483648)),
    ("AR-228 time", "09000000 00000000 10F9E540", COleDateTime, COleDateTime(45000.5, status=9)),
    ("AR-228 span", "02000000 000000000000F83F", COleDateTimeSpan, COleDateTimeSpan(1.5, status=2)),
    ("AR-155", "00000000 44332211 88776655", COleCurrency, COleCurrency.from_cy(1234605616436508552)),
]


@pytest.mark.parametrize("wire, kind, value", [c[1:] for c in LOADS], ids=[c[0] for c in LOADS])
def test_loading_only(wire: str, kind: Any, value: Any) -> None:
    ar = CArchive(hexed(wire), CArchive.load)
    assert ar.read(kind) == value
    assert ar.Read(1) == b""


def variant(wire: str) -> tuple[COleVariant, bytes]:
    ar = CArchive(hexed(wire), CArchive.load)
    return ar.read(COleVariant), ar.Read(100)


def test_vl_05_bool_keeps_its_raw_value() -> None:
    value, left = variant("0B00 0100")
    assert (value.vt, value.raw, value.value, bool(value), left) == (VT.VT_BOOL, b"\1\0", True, True, b"")
    assert stored(lambda ar: ar << value) == hexed("0B00 0100")


def test_vl_06_bstr_of_odd_length() -> None:
    value, left = variant("0800 03000000 616263")
    assert (value.vt, value.value, left) == (VT.VT_BSTR, b"abc", b"")
    assert stored(lambda ar: ar << value) == hexed("0800 03000000 616263")


@pytest.mark.parametrize("vt", [0x2011, 14, 22, 23, 24, 36, 64, 72, 99, 0x4003])
def test_vl_07_type_without_value(vt: int) -> None:
    value, left = variant(struct.pack("<HI", vt, 0x04030201).hex())
    assert (value.vt, value.value, left) == (vt, None, hexed("01020304"))


CLSID = UUID("00020400-0000-0000-c000-000000000046")


class Persist:
    def store(self, ar: CArchive, value: Any) -> None:
        ar.WriteDWORD(value)

    def load(self, ar: CArchive) -> Any:
        return ar.ReadDWORD()


@pytest.mark.parametrize("vt", [VT.VT_DISPATCH, VT.VT_UNKNOWN])
def test_ar_160_object_variants_need_a_hook(vt: int, monkeypatch: pytest.MonkeyPatch) -> None:
    wire = struct.pack("<H", vt) + CLSID.bytes_le + struct.pack("<I", 7)
    value = COleVariant(OleObject(CLSID, 7), vt)
    with pytest.raises(CNotSupportedException, match="00020400"):
        stored(lambda ar: ar << value)
    with pytest.raises(CNotSupportedException, match="00020400"):
        variant(wire.hex())
    with pytest.raises(CNotSupportedException, match="without an object"):
        stored(lambda ar: ar << COleVariant(None, vt))
    monkeypatch.setitem(COleVariant.object_hooks, CLSID, Persist())
    assert stored(lambda ar: ar << value) == wire
    assert variant(wire.hex()) == (value, b"")


def test_bstr_limits() -> None:
    for data, kind in ((b"\xff\xff\xff\x7f", CComBSTR), (b"\x08\0\xff\xff\xff\x7f", COleVariant)):
        with cut():
            CArchive(data + bytes(9), CArchive.load, max_string=None, max_count=None, max_total=None).read(
                kind
            )
    with pytest.raises(CArchiveException, match="max_string = 3"):
        CArchive(b"\4\0\0\0" + bytes(8), CArchive.load, max_string=3).read(CComBSTR)
    with pytest.raises(CArchiveException, match="max_string = 3"):
        CArchive(b"\x08\0\x08\0\0\0" + bytes(8), CArchive.load, max_string=3).read(COleVariant)
    assert CArchive(b"\3\0\0\0" + bytes(6), CArchive.load, max_string=3).read(CComBSTR) == "\0\0\0"
