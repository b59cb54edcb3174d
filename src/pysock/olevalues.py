"""OLE's currency and text: `COleCurrency`, `CComBSTR` (AR-155, AR-161). Mutable boxes, hence unhashable."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar, Self

from ._core.errors import ArchiveLimitError, CInvalidArgException
from .checks import check_by_storing
from .oletimes import OleStatus
from .times import Quantity

if TYPE_CHECKING:
    from ._core.carchive import CArchive

__all__ = ["CComBSTR", "COleCurrency"]


def _int64(value: int) -> int:
    if not -(1 << 63) <= value < 1 << 63:
        raise OverflowError(f"currency holds 64 bits of 1/10000: {value} of them do not fit")
    return value


class COleCurrency(OleStatus, Quantity):
    """An amount in steps of 1/10000 (`m_cur`, 64 bits) and a status (AR-155)."""

    __slots__ = ("_cur",)
    __mfc_min_size__: ClassVar[int] = 12

    def __init__(
        self,
        value: int | Decimal | str | COleCurrency = 0,
        nFractionalUnits: int = 0,
        *,
        status: int | None = None,
    ) -> None:
        """An amount (`Decimal`, `int` or text), or MFC's `COleCurrency(nUnits, nFractionalUnits)`.

        Raises CInvalidArgException for more than four decimal places, OverflowError beyond 64 bits.
        """
        self.m_status = self.valid
        self.value = value
        if nFractionalUnits:
            self.m_cur += nFractionalUnits
        if status is not None:
            self.m_status = status

    @classmethod
    def from_cy(cls, cy: int) -> Self:
        """Of OLE's CY: an integer count of 1/10000."""
        self = cls.__new__(cls)
        self.m_status = cls.valid
        self.m_cur = cy
        return self

    @property
    def m_cur(self) -> int:
        """The amount as OLE's CY: an integer count of 1/10000."""
        return self._cur

    @m_cur.setter
    def m_cur(self, cy: int) -> None:
        self._cur = _int64(cy)

    @property
    def value(self) -> Decimal:
        """The amount. May be set to a `Decimal`, an `int`, text, or another currency (with its status)."""
        return Decimal(self._cur).scaleb(-4)

    @value.setter
    def value(self, value: int | Decimal | str | COleCurrency) -> None:
        if isinstance(value, COleCurrency):
            self._cur, self.m_status = value._cur, value.m_status
            return
        if not isinstance(value, int | Decimal | str):
            raise TypeError(f"COleCurrency takes Decimal, int or text, not {type(value).__name__}")
        units = Decimal(value)
        if not units.is_finite():
            raise CInvalidArgException(f"currency has no {units}")
        # exact, whatever the decimal context says
        sign, digits, exponent = units.as_tuple()
        assert isinstance(exponent, int)
        number = int("".join(map(str, digits)))
        shift = exponent + 4
        if number and shift > 19:
            raise OverflowError(f"currency holds 64 bits of 1/10000: {units} does not fit")
        if shift >= 0:
            number, rest = number * 10 ** min(shift, 19), 0
        elif -shift > len(digits):
            number, rest = 0, number
        else:
            number, rest = divmod(number, 10**-shift)
        if rest:
            raise CInvalidArgException(f"currency has four decimal places: quantize {units} first")
        self._cur = _int64(-number if sign else number)

    def to_decimal(self) -> Decimal:
        """The amount."""
        return self.value

    def SetCurrency(self, nUnits: int, nFractionalUnits: int) -> None:
        self._cur = _int64(nUnits * 10_000 + nFractionalUnits)
        self.m_status = self.valid

    # --- wire -----------------------------------------------------------------------------------------

    __mfc_check__ = classmethod(check_by_storing)

    @classmethod
    def __mfc_store__(cls, ar: CArchive, value: int | Decimal | str | COleCurrency) -> None:
        """Status, then the *high* half before the low (AR-155)."""
        money = value if isinstance(value, COleCurrency) else cls(value)
        ar.WriteLONG(money.m_status)
        ar.WriteLONG(money._cur >> 32)
        ar.WriteDWORD(money._cur & 0xFFFFFFFF)

    def __mfc_extract__(self, ar: CArchive) -> None:
        status = ar.ReadLONG()
        high = ar.ReadLONG()
        self._cur = high << 32 | ar.ReadDWORD()
        self.m_status = status

    # --- operators ------------------------------------------------------------------------------------

    def __eq__(self, other: object) -> bool:
        if isinstance(other, COleCurrency):
            return self.m_status == other.m_status and self._cur == other._cur
        if isinstance(other, Decimal | int):
            return self.m_status == self.valid and self.value == other
        return NotImplemented

    def _pair(self, other: Any) -> tuple[int, int] | None:
        if not isinstance(other, COleCurrency):
            return None
        self._need_valid()
        other._need_valid()
        return self._cur, other._cur

    def _made(self, cur: int, status: int) -> COleCurrency:
        made = COleCurrency.from_cy(cur)
        made.m_status = status
        return made

    def __add__(self, other: COleCurrency | Decimal | int) -> COleCurrency:
        if isinstance(other, COleCurrency | Decimal | int):
            other = COleCurrency(other)
            return self._made(self._cur + other._cur, self._worse(other))
        return NotImplemented

    __radd__ = __add__

    def __sub__(self, other: COleCurrency | Decimal | int) -> COleCurrency:
        if isinstance(other, COleCurrency | Decimal | int):
            other = COleCurrency(other)
            return self._made(self._cur - other._cur, self._worse(other))
        return NotImplemented

    def __mul__(self, times: int) -> COleCurrency:
        return self._made(self._cur * times, self.m_status) if isinstance(times, int) else NotImplemented

    __rmul__ = __mul__

    def __truediv__(self, by: int) -> COleCurrency:
        """Divided by a whole number, rounded half to even."""
        if not isinstance(by, int):
            return NotImplemented
        quotient, rest = divmod(abs(self._cur), abs(by))
        quotient += 2 * rest > abs(by) or (2 * rest == abs(by) and quotient % 2 == 1)
        return self._made(quotient if (self._cur < 0) == (by < 0) else -quotient, self.m_status)

    def __neg__(self) -> COleCurrency:
        return self._made(-self._cur, self.m_status)

    def Format(self) -> str:
        """The amount with four decimal places; "" for a null currency."""
        if self.m_status == self.null:
            return ""
        self._need_valid()
        return f"{self.value:.4f}"

    def __str__(self) -> str:
        return self.Format() if self.m_status == self.valid else repr(self)

    def __repr__(self) -> str:
        status = f", status={self.m_status}" if self.m_status else ""
        return f"COleCurrency('{self.value:.4f}'{status})"


def check_length(ar: CArchive, units: int) -> None:
    """ArchiveLimitError if a BSTR is longer than the archive's strings may be (AR-173, AR-179)."""
    if ar.max_string is not None and units > ar.max_string:
        raise ArchiveLimitError(
            "max_string", ar.max_string, units, ar.m_strFileName, offset=ar.offset, wanted="a BSTR"
        )


class CComBSTR:
    """A BSTR: a count of UTF-16 units and the units (AR-161). Null and empty are the same on the wire.

    `ar.read(CComBSTR)` gives a `str` ("" for null); lone surrogates pass (AR-61).
    """

    __slots__ = ("m_str",)
    __hash__ = None  # type: ignore[assignment]
    __mfc_min_size__: ClassVar[int] = 4

    m_str: str | None

    def __init__(self, value: str | CComBSTR | None = None) -> None:
        self.value = value

    @property
    def value(self) -> str:
        """The text; "" for null."""
        return self.m_str or ""

    @value.setter
    def value(self, value: str | CComBSTR | None) -> None:
        if isinstance(value, CComBSTR):
            value = value.m_str
        if value is not None and not isinstance(value, str):
            raise TypeError(f"CComBSTR takes text or None, not {type(value).__name__}")
        self.m_str = value

    def Length(self) -> int:
        """Its UTF-16 units."""
        return len(self.value.encode("utf-16-le", "surrogatepass")) // 2

    __mfc_check__ = classmethod(check_by_storing)

    @classmethod
    def __mfc_store__(cls, ar: CArchive, value: str | CComBSTR | None) -> None:
        units = cls(value).value.encode("utf-16-le", "surrogatepass")
        ar.WriteDWORD(len(units) // 2)
        ar.Write(units)

    @classmethod
    def __mfc_load__(cls, ar: CArchive) -> str:
        count = ar.ReadDWORD()
        check_length(ar, count)
        return ar.EnsureRead(2 * count).decode("utf-16-le", "surrogatepass")

    def __mfc_extract__(self, ar: CArchive) -> None:
        self.m_str = self.__mfc_load__(ar) or None

    def __len__(self) -> int:
        return self.Length()

    def __eq__(self, other: object) -> bool:
        if isinstance(other, CComBSTR):
            return self.value == other.value
        return self.value == other if isinstance(other, str) else NotImplemented

    def __str__(self) -> str:
        return self.value

    def __repr__(self) -> str:
        return f"CComBSTR({self.m_str!r})"
