"""Currency, BSTR, variants, points, rectangles, GUID, FILETIME, LOGFONT: members, operators, conversions."""

import copy
import math
import struct
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pysock import (
    CLSID,
    FILETIME,
    GUID,
    LOGFONT,
    POINT,
    RECT,
    SIZE,
    VARENUM,
    CArchive,
    CComBSTR,
    CInvalidArgException,
    CMemFile,
    CNotSupportedException,
    COleCurrency,
    COleDateTime,
    COleVariant,
    CPoint,
    CRect,
    CSize,
)

VT = VARENUM
CY = st.integers(-(2**63), 2**63 - 1)
LONG = st.integers(-(2**31), 2**31 - 1)


def wire_round_trip(value: Any, kind: Any = None, **settings: Any) -> Any:
    file = CMemFile()
    with CArchive(file, CArchive.store, **settings) as ar:
        ar.write(value, kind or type(value))
    return CArchive(file.getvalue(), CArchive.load, **settings).read(kind or type(value))


# --- currency -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value, cy",
    [
        (12, 120000),
        ("-0.5", -5000),
        (Decimal("12.3456"), 123456),
        (Decimal("1e3"), 10_000_000),
        (Decimal("922337203685477.5807"), 2**63 - 1),
        (Decimal("-922337203685477.5808"), -(2**63)),
        (Decimal("1.2300000000"), 12300),
        (Decimal("0e30"), 0),
    ],
)
def test_currency_of(value: Any, cy: int) -> None:
    money = COleCurrency(value)
    assert money.m_cur == cy
    assert money == Decimal(value)
    assert money.to_decimal() == money.value == Decimal(value)


@given(CY)
def test_currency_is_exact(cy: int) -> None:
    money = COleCurrency.from_cy(cy)
    assert COleCurrency(money.to_decimal()).m_cur == cy
    assert COleCurrency(str(money)).m_cur == cy
    assert wire_round_trip(money) == money


@pytest.mark.parametrize("value", [Decimal("1.23456"), "1e-99", Decimal("NaN"), Decimal("Infinity")])
def test_currency_refuses_what_it_cannot_hold(value: Any) -> None:
    with pytest.raises(CInvalidArgException):
        COleCurrency(value)


@pytest.mark.parametrize("value", [2**60, Decimal("922337203685477.5808"), Decimal("1e999999")])
def test_currency_overflow(value: Any) -> None:
    with pytest.raises(OverflowError, match=r"does not fit|do not fit"):
        COleCurrency(value)
    with pytest.raises(TypeError):
        COleCurrency(1.5)  # type: ignore[arg-type]


def test_currency_arithmetic() -> None:
    two, half = COleCurrency(2), COleCurrency("0.5")
    assert two + half == Decimal("2.5") and two - half == COleCurrency(1, 5000) and half + 2 == 2 + half
    assert two * 3 == 3 * two == 6 and two / 3 == Decimal("0.6667") and -two / 3 == Decimal("-0.6667")
    assert COleCurrency.from_cy(5) / 2 == COleCurrency.from_cy(2)  # half to even
    assert COleCurrency.from_cy(7) / -2 == COleCurrency.from_cy(-4)
    assert half < two and two >= two and two > half and half <= two
    with pytest.raises(ZeroDivisionError):
        two / 0
    with pytest.raises(OverflowError):
        COleCurrency.from_cy(2**63 - 1) + half
    with pytest.raises(TypeError):
        two + 1.5  # type: ignore[operator]


def test_currency_status() -> None:
    null = COleCurrency(status=COleCurrency.null)
    assert null.Format() == "" and COleCurrency("1.5").Format() == str(COleCurrency("1.5")) == "1.5000"
    assert (null + COleCurrency(1)).GetStatus() == COleCurrency.null
    assert null != COleCurrency() and null == COleCurrency(null)
    with pytest.raises(CInvalidArgException, match="null"):
        null < COleCurrency(1)  # noqa: B015
    assert repr(null) == "COleCurrency('0.0000', status=2)"
    money = COleCurrency()
    money.SetCurrency(-1, -5000)
    assert money == Decimal("-1.5")


# --- BSTR -----------------------------------------------------------------------------------------------


def test_bstr() -> None:
    assert CComBSTR() == CComBSTR("") == CComBSTR(None) == ""
    assert CComBSTR().m_str is None and CComBSTR("").m_str == ""
    text = CComBSTR("a😀")
    assert len(text) == text.Length() == 3 and str(text) == "a😀" == text.value
    assert CComBSTR(text) == text and text == "a😀" and text != "a"
    assert repr(text) == "CComBSTR('a😀')"
    with pytest.raises(TypeError):
        CComBSTR(5)  # type: ignore[arg-type]


@given(st.text(st.characters(codec=None, exclude_categories=[])))
def test_bstr_round_trip(text: str) -> None:
    back = wire_round_trip(text, CComBSTR)
    assert isinstance(back, str)
    # surrogates that make a pair are one character in UTF-16
    assert back.encode("utf-16-le", "surrogatepass") == text.encode("utf-16-le", "surrogatepass")


# --- variants -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value, vt",
    [
        (None, VT.VT_EMPTY),
        (True, VT.VT_BOOL),
        (5, VT.VT_I4),
        (1.5, VT.VT_R8),
        ("x", VT.VT_BSTR),
        (CComBSTR("x"), VT.VT_BSTR),
        (Decimal("1.5"), VT.VT_CY),
        (COleCurrency("1.5"), VT.VT_CY),
        (datetime(2020, 1, 2), VT.VT_DATE),
        (COleDateTime(5.5), VT.VT_DATE),
    ],
)
def test_variant_takes_its_type_from_the_value(value: Any, vt: int) -> None:
    variant = COleVariant(value)
    assert variant.vt == vt
    assert variant.value == value
    assert wire_round_trip(variant) == variant == COleVariant(variant) == COleVariant(variant, vt)


@pytest.mark.parametrize(
    "vt, low, high",
    [
        (VT.VT_I1, -128, 127),
        (VT.VT_UI1, 0, 255),
        (VT.VT_I2, -32768, 32767),
        (VT.VT_UI2, 0, 65535),
        (VT.VT_I4, -(2**31), 2**31 - 1),
        (VT.VT_UI4, 0, 2**32 - 1),
        (VT.VT_I8, -(2**63), 2**63 - 1),
        (VT.VT_UI8, 0, 2**64 - 1),
    ],
)
def test_variant_ranges(vt: int, low: int, high: int) -> None:
    for value in (low, high):
        assert wire_round_trip(COleVariant(value, vt)).value == value
    for value in (low - 1, high + 1):
        with pytest.raises(OverflowError, match=str(value)):
            COleVariant(value, vt)


def test_variant_errors() -> None:
    with pytest.raises(TypeError, match="complex"):
        COleVariant(1j)
    with pytest.raises(TypeError, match="VT_I4"):
        COleVariant("x", VT.VT_I4)
    with pytest.raises(OverflowError):
        COleVariant(2**31)
    with pytest.raises(CNotSupportedException, match="VT_ARRAY"):
        COleVariant([1], VT.VT_ARRAY | VT.VT_UI1)


def test_variant_members() -> None:
    variant = COleVariant(65, VT.VT_UI1)
    assert repr(variant) == "COleVariant(65, vt=VT_UI1)" and bool(variant)
    variant.ChangeType(VT.VT_BSTR)
    assert variant == COleVariant("65")
    variant.value = 1.5
    assert (variant.vt, variant.value) == (VT.VT_R8, 1.5)
    with pytest.raises(TypeError):
        variant.ChangeType(VT.VT_I2)
    assert variant.vt == VT.VT_R8
    variant.Clear()
    assert variant == COleVariant() and not variant
    assert COleVariant(1) != COleVariant("1") and COleVariant(1) != COleVariant(1.0)
    assert COleVariant(-2147467259, VT.VT_ERROR).value == 0x80004005


@pytest.mark.parametrize("bits", [0x7FF8000000000001, 0x7FF0000000000001, 0x8000000000000000])
def test_variant_keeps_the_bits_of_floats(bits: int) -> None:
    wire = struct.pack("<HQ", VT.VT_R8, bits)
    variant = CArchive(wire, CArchive.load).read(COleVariant)
    assert math.isnan(variant.value) or variant.value == 0.0
    file = CMemFile()
    with CArchive(file, CArchive.store) as ar:
        ar << variant
    assert file.getvalue() == wire


@given(st.binary(max_size=40))
def test_variant_of_any_bytes(data: bytes) -> None:
    """Loads or fails as MFC would; what loads is stored again as it was."""
    ar = CArchive(data, CArchive.load)
    try:
        variant = ar.read(COleVariant)
    except (EOFError, CNotSupportedException):
        return
    used = data[: len(data) - len(ar.Read(100))]
    repr(variant)
    file = CMemFile()
    with CArchive(file, CArchive.store, faithful=True) as out:
        out << variant
    assert file.getvalue() == used


# --- points, sizes, rectangles --------------------------------------------------------------------------


def test_point_and_size() -> None:
    point, size = CPoint(1, 2), CSize(10, 20)
    assert (
        point == (1, 2) and tuple(size) == (10, 20) and len(point) == 2 and point[0] == 1 and point[-1] == 2
    )
    x, y = point
    assert (x, y) == (1, 2)
    assert point + size == CPoint(11, 22) == size + point and isinstance(size + point, CPoint)
    assert CPoint(5, 5) - point == CSize(4, 3) and isinstance(point - point, CSize)
    assert point - size == CPoint(-9, -18) and -point == CPoint(-1, -2) and point + point == CPoint(2, 4)
    assert size + size == CSize(20, 40) and size - CSize(1, 1) == (9, 19) and -size == (-10, -20)
    point.Offset(1, 1)
    point.Offset(CSize(1, 1))
    assert point == CPoint(3, 4)
    point.SetPoint(0, 0)
    assert not point and not CSize() and CSize(1)
    assert point != size and CPoint(1, 2) != CSize(1, 2)
    assert repr(CPoint(1, -2)) == "CPoint(1, -2)"
    assert (POINT, SIZE, RECT, CLSID) == (CPoint, CSize, CRect, GUID)
    assert copy.copy(size) == size and copy.copy(size) is not size and copy.deepcopy(size) == size
    point.value = (7, 8)
    assert point.value == (7, 8)


def test_longs_are_checked_when_stored() -> None:
    with pytest.raises(OverflowError, match=r"CPoint\(2147483648, 0\)"):
        wire_round_trip(CPoint(2**31, 0))
    with pytest.raises(TypeError, match=r"CPoint\.y"):
        wire_round_trip(CPoint(1, 1.5))  # type: ignore[arg-type]
    assert wire_round_trip((1, 2), POINT) == CPoint(1, 2)


def test_own_point_class() -> None:
    class Dot(CPoint):
        __slots__ = ()

    dot = wire_round_trip(Dot(1, 2))
    assert type(dot) is Dot and dot == CPoint(1, 2) == dot and copy.copy(dot) == dot
    dot.value = (3, 4)
    assert dot + CSize(1, 1) == CPoint(4, 5)


@given(st.tuples(LONG, LONG, LONG, LONG))
def test_rect_round_trip(edges: tuple[int, int, int, int]) -> None:
    assert wire_round_trip(CRect(*edges)) == CRect(*edges) == edges


def test_rect_members() -> None:
    rect = CRect(0, 10, 100, 50)
    assert (rect.Width(), rect.Height(), rect.Size()) == (100, 40, CSize(100, 40))
    assert rect.TopLeft() == CPoint(0, 10) and rect.BottomRight() == CPoint(100, 50)
    assert rect.CenterPoint() == CPoint(50, 30) and CRect(-3, -3, 0, 0).CenterPoint() == CPoint(-1, -1)
    assert rect == CRect(CPoint(0, 10), CPoint(100, 50)) == CRect(CPoint(0, 10), CSize(100, 40))
    assert rect.PtInRect(CPoint(0, 10)) and rect.PtInRect((99, 49)) and not rect.PtInRect(CPoint(100, 20))
    assert not rect.IsRectEmpty() and CRect(5, 5, 5, 9).IsRectEmpty() and CRect().IsRectNull()
    other = CRect()
    other.CopyRect(rect)
    assert other.EqualRect(rect) and other == rect
    other.InflateRect(1, 2)
    assert other == (-1, 8, 101, 52)
    other.DeflateRect(1, 2, 3, 4)
    assert other == (0, 10, 98, 48)
    other.SetRect(9, 8, 1, 2)
    other.NormalizeRect()
    assert other == (1, 2, 9, 8)
    other.OffsetRect(1, 1)
    other.OffsetRect(CPoint(1, 1))
    assert other == (3, 4, 11, 10)
    other.MoveToXY(0, 0)
    assert other == (0, 0, 8, 6)
    other.MoveToX(5)
    other.MoveToY(6)
    assert other == (5, 6, 13, 12)
    other.SetRectEmpty()
    assert other.IsRectNull()
    with pytest.raises(TypeError):
        CRect(CPoint(1, 2), 3)  # type: ignore[call-overload]
    with pytest.raises(TypeError):
        CRect(1, CPoint(1, 2))  # type: ignore[call-overload]


def test_rect_operators() -> None:
    one, two, apart = CRect(0, 0, 10, 10), CRect(5, 5, 20, 20), CRect(50, 50, 60, 60)
    assert one & two == CRect(5, 5, 10, 10) and (one & apart).IsRectNull()
    assert one | two == CRect(0, 0, 20, 20) and one | CRect() == one and (CRect() | CRect()).IsRectNull()
    assert one + CPoint(1, 2) == CSize(1, 2) + one == (1, 2, 11, 12) and one - CSize(1, 2) == (-1, -2, 9, 8)
    assert CPoint(1, 2) + one == (1, 2, 11, 12)
    assert one == (0, 0, 10, 10)


# --- GUID, FILETIME, LOGFONT ----------------------------------------------------------------------------


def test_guid() -> None:
    uuid = uuid4()
    assert wire_round_trip(uuid, GUID) == uuid
    assert isinstance(wire_round_trip(str(uuid), GUID), UUID)
    assert bytes(GUID(uuid)) == uuid.bytes_le and GUID(uuid) == uuid == GUID(str(uuid)).value
    assert GUID(GUID(uuid)) == GUID(uuid) != GUID()
    assert str(GUID(uuid)) == "{" + str(uuid).upper() + "}"
    assert GUID(str(GUID(uuid))) == uuid


def test_filetime() -> None:
    moment = datetime(2020, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
    time = FILETIME(moment)
    assert time.to_datetime() == moment and int(time) == time.value == FILETIME(time).value
    assert time.dwHighDateTime << 32 | time.dwLowDateTime == time.value
    assert FILETIME(116444736000000000).to_datetime() == datetime(1970, 1, 1, tzinfo=UTC)
    assert wire_round_trip(time) == time
    with pytest.raises(CInvalidArgException, match="time zone"):
        FILETIME(datetime(2020, 1, 1))
    with pytest.raises(CInvalidArgException, match="9999"):
        FILETIME(2**64 - 1).to_datetime()
    for bad in (-1, 2**64):
        with pytest.raises(OverflowError):
            FILETIME(bad)


@pytest.mark.parametrize("unicode", [True, False])
def test_logfont(unicode: bool) -> None:
    font = LOGFONT("Arial", lfHeight=-12, lfWeight=700, lfCharSet=1)
    assert wire_round_trip(font, unicode=unicode) == font
    assert repr(font) == "LOGFONT(lfFaceName='Arial', lfHeight=-12, lfWeight=700, lfCharSet=1)"
    assert wire_round_trip(LOGFONT("x" * 31), unicode=unicode).lfFaceName == "x" * 31
    with pytest.raises(CInvalidArgException, match="31"):
        wire_round_trip(LOGFONT("x" * 32), unicode=unicode)
    with pytest.raises(CInvalidArgException, match="NUL"):
        LOGFONT("a\0b")
    with pytest.raises(TypeError, match="lfNone"):
        LOGFONT(lfNone=1)
    with pytest.raises(OverflowError):
        wire_round_trip(LOGFONT(lfItalic=256))


def test_logfont_keeps_what_lies_behind_the_name() -> None:
    wire = bytes(28) + b"Arial\0" + b"garbage".ljust(26, b"?")
    font = CArchive(wire, CArchive.load, unicode=False).read(LOGFONT)
    assert font.lfFaceName == "Arial"
    file = CMemFile()
    with CArchive(file, CArchive.store, unicode=False) as ar:
        ar << font
    assert file.getvalue() == wire
    font.lfFaceName = "Ariel"
    with CArchive(CMemFile(), CArchive.store, unicode=False) as ar:
        ar << font
        file = ar.GetFile()
        ar.Flush()
        assert file.getvalue() == bytes(28) + b"Ariel" + bytes(27)


def test_boxes_are_unhashable() -> None:
    for box in (CPoint(), CRect(), GUID(), FILETIME(), LOGFONT(), COleCurrency(), COleVariant(), CComBSTR()):
        with pytest.raises(TypeError, match="unhashable"):
            hash(box)
