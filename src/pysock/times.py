"""`CTime` and `CTimeSpan`: whole seconds, in UTC (AR-148 to AR-152).

A `CTime` converts to and from aware `datetime`, a `CTimeSpan` to and from `timedelta`. Both are mutable boxes
(`ar >> t` fills them), hence unhashable.
"""

from __future__ import annotations

import time as _time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar, Self, overload

from ._core.errors import CInvalidArgException
from .checks import check_by_storing

if TYPE_CHECKING:
    from ._core.carchive import CArchive

__all__ = ["CTime", "CTimeSpan"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_WIDE_MARK = 0x8000000A  # no 32-bit time can be this: 64 bits follow (AR-148)


def _int64(value: int, what: str) -> int:
    if not isinstance(value, int):
        raise TypeError(f"{what} takes whole seconds, not {type(value).__name__}")
    if not -(1 << 63) <= value < 1 << 63:
        raise OverflowError(f"{what} holds 64 bits of seconds: {value} does not fit")
    return value


def _signed32(value: int) -> int:
    value &= 0xFFFFFFFF
    return value - (1 << 32) if value & 0x80000000 else value


def format_span(pFormat: str, days: int, hours: int, minutes: int, seconds: int) -> str:
    """What MFC's spans format: %D days, %H hours, %M minutes, %S seconds, %% a percent sign."""
    out = []
    codes = iter(pFormat)
    for unit in codes:
        if unit != "%":
            out.append(unit)
            continue
        match next(codes, ""):
            case "D":
                out.append(str(days))
            case "H":
                out.append(f"{hours:02}")
            case "M":
                out.append(f"{minutes:02}")
            case "S":
                out.append(f"{seconds:02}")
            case "%":
                out.append("%")
            case other:
                raise CInvalidArgException(f"%{other}: a span formats %D %H %M %S and %% only")
    return "".join(out)


def quotient(value: int, by: int) -> int:
    """C's division: towards zero."""
    return value // by if value >= 0 else -(-value // by)


class Quantity:
    """What times, spans and currency share: they are boxes that an archive fills, without a hash, and have the four
    orderings by the two numbers that `_pair` gives (None: `other` is no such value)."""

    __slots__ = ()
    __hash__ = None  # type: ignore[assignment]

    @classmethod
    def __mfc_load__(cls, ar: CArchive) -> Self:
        self = cls.__new__(cls)
        self.__mfc_extract__(ar)
        return self

    def __mfc_extract__(self, ar: CArchive) -> None:
        raise NotImplementedError

    def _pair(self, other: Any) -> tuple[float, float] | None:
        raise NotImplementedError

    def __lt__(self, other: Self) -> bool:
        pair = self._pair(other)
        return NotImplemented if pair is None else pair[0] < pair[1]

    def __le__(self, other: Self) -> bool:
        pair = self._pair(other)
        return NotImplemented if pair is None else pair[0] <= pair[1]

    def __gt__(self, other: Self) -> bool:
        pair = self._pair(other)
        return NotImplemented if pair is None else pair[0] > pair[1]

    def __ge__(self, other: Self) -> bool:
        pair = self._pair(other)
        return NotImplemented if pair is None else pair[0] >= pair[1]


class CTimeSpan(Quantity):
    """A difference of two `CTime`, in whole seconds (AR-152). Stored in 32 bits: see `__mfc_store__`."""

    __slots__ = ("_seconds",)
    _seconds: int
    __mfc_min_size__: ClassVar[int] = 4

    def __init__(
        self,
        value: int | timedelta | CTimeSpan = 0,
        nHours: int | None = None,
        nMins: int | None = None,
        nSecs: int | None = None,
    ) -> None:
        """`CTimeSpan(seconds)`, `CTimeSpan(timedelta)`, or MFC's `CTimeSpan(lDays, nHours, nMins, nSecs)`."""
        if nHours is not None or nMins is not None or nSecs is not None:
            if not isinstance(value, int):
                raise TypeError("CTimeSpan(lDays, nHours, nMins, nSecs) takes four integers")
            value = ((value * 24 + (nHours or 0)) * 60 + (nMins or 0)) * 60 + (nSecs or 0)
        self.value = value

    @property
    def value(self) -> int:
        """The span in seconds. May be set to seconds, a timedelta (rounded down) or another span."""
        return self._seconds

    @value.setter
    def value(self, value: int | timedelta | CTimeSpan) -> None:
        if isinstance(value, CTimeSpan):
            self._seconds = value._seconds
        elif isinstance(value, timedelta):
            self._seconds = value // timedelta(seconds=1)
        else:
            self._seconds = _int64(value, "CTimeSpan")

    @classmethod
    def from_timedelta(cls, value: timedelta) -> Self:
        """The span of a timedelta; parts of a second are rounded down."""
        return cls(value)

    def to_timedelta(self) -> timedelta:
        """The span as a timedelta; OverflowError beyond 999999999 days."""
        return timedelta(seconds=self._seconds)

    def GetTotalSeconds(self) -> int:
        return self._seconds

    GetTimeSpan = GetTotalSeconds

    def GetTotalMinutes(self) -> int:
        return quotient(self._seconds, 60)

    def GetTotalHours(self) -> int:
        return quotient(self._seconds, 3600)

    def GetDays(self) -> int:
        return quotient(self._seconds, 86400)

    def GetHours(self) -> int:
        """Hours of the day, -23 to 23."""
        return self.GetTotalHours() - self.GetDays() * 24

    def GetMinutes(self) -> int:
        """Minutes of the hour, -59 to 59."""
        return self.GetTotalMinutes() - self.GetTotalHours() * 60

    def GetSeconds(self) -> int:
        """Seconds of the minute, -59 to 59."""
        return self._seconds - self.GetTotalMinutes() * 60

    def Format(self, pFormat: str) -> str:
        """%D days, %H hours, %M minutes, %S seconds, %% a percent sign."""
        return format_span(pFormat, self.GetDays(), self.GetHours(), self.GetMinutes(), self.GetSeconds())

    def Serialize64(self, ar: CArchive) -> CArchive:
        """Store or load all 64 bits, without a mark (AR-151)."""
        if ar.IsStoring():
            ar.WriteLONGLONG(self._seconds)
        else:
            self._seconds = ar.ReadLONGLONG()
        return ar

    # --- wire -----------------------------------------------------------------------------------------

    __mfc_check__ = classmethod(check_by_storing)

    @classmethod
    def __mfc_store__(cls, ar: CArchive, value: int | timedelta | CTimeSpan) -> None:
        """The low 32 bits of the seconds (AR-152).

        As in MFC a span above 0xFFFFFFFF is refused; below -2**31, where MFC cuts, only `faithful` passes.
        """
        seconds = value._seconds if isinstance(value, CTimeSpan) else cls(value)._seconds
        if seconds > 0xFFFFFFFF or (seconds < -(1 << 31) and not ar.faithful):
            raise CInvalidArgException(f"CTimeSpan is stored in 32 bits: {seconds} seconds do not fit")
        ar.WriteDWORD(seconds & 0xFFFFFFFF)

    def __mfc_extract__(self, ar: CArchive) -> None:
        self._seconds = ar.ReadLONG()

    # --- operators ------------------------------------------------------------------------------------

    def __int__(self) -> int:
        return self._seconds

    def __bool__(self) -> bool:
        return self._seconds != 0

    def __eq__(self, other: object) -> bool:
        if isinstance(other, CTimeSpan):
            return self._seconds == other._seconds
        if isinstance(other, timedelta):
            return timedelta(seconds=self._seconds) == other
        return NotImplemented

    def _pair(self, other: Any) -> tuple[int, int] | None:
        return (self._seconds, other._seconds) if isinstance(other, CTimeSpan) else None

    def __add__(self, other: CTimeSpan | timedelta) -> CTimeSpan:
        if isinstance(other, CTimeSpan | timedelta):
            return CTimeSpan(self._seconds + CTimeSpan(other)._seconds)
        return NotImplemented

    __radd__ = __add__

    def __sub__(self, other: CTimeSpan | timedelta) -> CTimeSpan:
        if isinstance(other, CTimeSpan | timedelta):
            return CTimeSpan(self._seconds - CTimeSpan(other)._seconds)
        return NotImplemented

    def __neg__(self) -> CTimeSpan:
        return CTimeSpan(-self._seconds)

    def __str__(self) -> str:
        return self.Format("%D days, %H:%M:%S")

    def __repr__(self) -> str:
        return f"CTimeSpan({self._seconds})"


class CTime(Quantity):
    """Seconds since 1970-01-01 UTC, 64 bits signed (AR-148).

    Its calendar members (`GetYear` and so on, `Format`) speak of local time, as MFC's do.
    """

    __slots__ = ("_seconds",)
    _seconds: int
    __mfc_min_size__: ClassVar[int] = 4

    @overload
    def __init__(self, time: int | datetime | CTime = 0, /) -> None: ...
    @overload
    def __init__(
        self, nYear: int, nMonth: int, nDay: int, nHour: int, nMin: int, nSec: int, nDST: int = -1, /
    ) -> None: ...
    def __init__(
        self,
        time: int | datetime | CTime = 0,
        nMonth: int | None = None,
        nDay: int = 1,
        nHour: int = 0,
        nMin: int = 0,
        nSec: int = 0,
        nDST: int = -1,
        /,
    ) -> None:
        """Of seconds, of an aware datetime, or MFC's `CTime(nYear, nMonth, nDay, ...)` in local time."""
        if nMonth is None:
            self.value = time
            return
        if not isinstance(time, int):
            raise TypeError("CTime(nYear, nMonth, nDay, nHour, nMin, nSec) takes integers")
        datetime(time, nMonth, nDay, nHour, nMin, nSec)  # mktime would accept the 35th of May
        self._seconds = int(_time.mktime((time, nMonth, nDay, nHour, nMin, nSec, 0, 0, nDST)))

    @property
    def value(self) -> int:
        """Seconds since 1970-01-01 UTC. May be set to seconds, an aware datetime or another CTime."""
        return self._seconds

    @value.setter
    def value(self, value: int | datetime | CTime) -> None:
        if isinstance(value, CTime):
            self._seconds = value._seconds
        elif isinstance(value, datetime):
            if value.tzinfo is None:
                raise CInvalidArgException(f"CTime counts in UTC: give {value!r} a time zone")
            self._seconds = (value - _EPOCH) // timedelta(seconds=1)
        else:
            self._seconds = _int64(value, "CTime")

    @classmethod
    def GetCurrentTime(cls) -> Self:
        """Now."""
        return cls(int(_time.time()))

    @classmethod
    def from_datetime(cls, value: datetime) -> Self:
        """The CTime of an aware datetime; parts of a second are rounded down."""
        return cls(value)

    def to_datetime(self) -> datetime:
        """The time as an aware datetime in UTC; CInvalidArgException outside the years 1 to 9999."""
        try:
            return _EPOCH + timedelta(seconds=self._seconds)
        except OverflowError:
            raise CInvalidArgException(
                f"CTime of {self._seconds} seconds is outside the years 1 to 9999"
            ) from None

    def _local(self) -> datetime:
        return self.to_datetime().astimezone()

    def GetTime(self) -> int:
        """Seconds since 1970-01-01 UTC."""
        return self._seconds

    def GetYear(self) -> int:
        return self._local().year

    def GetMonth(self) -> int:
        return self._local().month

    def GetDay(self) -> int:
        return self._local().day

    def GetHour(self) -> int:
        return self._local().hour

    def GetMinute(self) -> int:
        return self._local().minute

    def GetSecond(self) -> int:
        return self._local().second

    def GetDayOfWeek(self) -> int:
        """1 Sunday to 7 Saturday, in local time."""
        return self._local().isoweekday() % 7 + 1

    def GetGmtTm(self) -> _time.struct_time:
        return self.to_datetime().timetuple()

    def GetLocalTm(self) -> _time.struct_time:
        return self._local().timetuple()

    def Format(self, pFormat: str) -> str:
        """As strftime, in local time."""
        return self._local().strftime(pFormat)

    def FormatGmt(self, pFormat: str) -> str:
        """As strftime, in UTC."""
        return self.to_datetime().strftime(pFormat)

    def Serialize64(self, ar: CArchive) -> CArchive:
        """Store or load the 64-bit value alone, without a mark (AR-151)."""
        if ar.IsStoring():
            ar.WriteLONGLONG(self._seconds)
        else:
            self._seconds = ar.ReadLONGLONG()
        return ar

    # --- wire -----------------------------------------------------------------------------------------

    __mfc_check__ = classmethod(check_by_storing)

    @classmethod
    def __mfc_store__(cls, ar: CArchive, value: int | datetime | CTime) -> None:
        """A mark and 64 bits (AR-148); in profile "mfc6" 32 bits, which must do (AR-149)."""
        seconds = value._seconds if isinstance(value, CTime) else cls(value)._seconds
        if ar.profile != "mfc6":
            ar.WriteDWORD(_WIDE_MARK)
            ar.WriteLONGLONG(seconds)
        elif -(1 << 31) <= seconds < 1 << 31:
            ar.WriteLONG(seconds)
        else:
            raise CInvalidArgException(f"CTime has 32 bits in profile mfc6: {seconds} seconds do not fit")

    def __mfc_extract__(self, ar: CArchive) -> None:
        first = ar.ReadDWORD()
        if first == _WIDE_MARK and ar.profile != "mfc6":
            self._seconds = ar.ReadLONGLONG()
        else:
            self._seconds = _signed32(first)

    # --- operators ------------------------------------------------------------------------------------

    def __int__(self) -> int:
        return self._seconds

    def __eq__(self, other: object) -> bool:
        if isinstance(other, CTime):
            return self._seconds == other._seconds
        if isinstance(other, datetime) and other.tzinfo is not None:
            return other - _EPOCH == timedelta(seconds=self._seconds)
        return NotImplemented

    def _pair(self, other: Any) -> tuple[int, int] | None:
        return (self._seconds, other._seconds) if isinstance(other, CTime) else None

    def __add__(self, span: CTimeSpan | timedelta) -> CTime:
        if isinstance(span, CTimeSpan | timedelta):
            return CTime(self._seconds + CTimeSpan(span)._seconds)
        return NotImplemented

    __radd__ = __add__

    @overload
    def __sub__(self, other: CTime) -> CTimeSpan: ...
    @overload
    def __sub__(self, other: CTimeSpan | timedelta) -> CTime: ...
    def __sub__(self, other: CTime | CTimeSpan | timedelta) -> CTime | CTimeSpan:
        if isinstance(other, CTime):
            return CTimeSpan(self._seconds - other._seconds)
        if isinstance(other, CTimeSpan | timedelta):
            return CTime(self._seconds - CTimeSpan(other)._seconds)
        return NotImplemented

    def __str__(self) -> str:
        try:
            return self.to_datetime().isoformat()
        except CInvalidArgException:
            return f"{self._seconds} s"

    def __repr__(self) -> str:
        return f"CTime({self._seconds})"
