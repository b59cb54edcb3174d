"""`COleDateTime` and `COleDateTimeSpan`: days as OLE counts them (AR-153, AR-154).

A `COleDateTime` lives in no time zone and converts to and from naive `datetime`. Both are mutable boxes
(`ar >> t` fills them), hence unhashable.
"""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar, Self, cast, overload

from ._core.errors import CInvalidArgException
from .checks import check_by_storing
from .times import Quantity, format_span, quotient

if TYPE_CHECKING:
    from ._core.carchive import CArchive

__all__ = ["COleDateTime", "COleDateTimeSpan"]

_DAY_US = 86_400_000_000
_OLE_EPOCH = datetime(1899, 12, 30)
_OLE_MIN = -657434.0  # 0100-01-01
_OLE_MAX = 2958466.0  # 10000-01-01, not reached


def _continuous(date: float) -> float:
    """The days as one line: below zero OLE counts the fraction away from zero (AR-153)."""
    whole = math.trunc(date)
    return date if date >= 0 else whole + (whole - date)


def _ole_date(days: float) -> float:
    """The inverse of `_continuous`."""
    whole = math.floor(days)
    return days if days >= 0 else whole - (days - whole)


def _nearest_us(part: float, days: float) -> int:
    """Microseconds of `part` of a day, taken from a value as large as `days`.

    A double near the year 9999 steps by 40 microseconds: whole seconds within a step are meant.
    """
    us = part * _DAY_US
    step = math.ulp(days) * _DAY_US
    for unit in (1_000_000, 1_000):
        near = round(us / unit) * unit
        if abs(us - near) <= step:
            return near
    return round(us)


class OleStatus:
    """The three states that OLE's times and currency share (AR-228: on the wire any number)."""

    __slots__ = ("m_status",)

    error: ClassVar[int] = -1
    valid: ClassVar[int] = 0
    invalid: ClassVar[int] = 1
    null: ClassVar[int] = 2

    m_status: int

    def GetStatus(self) -> int:
        """`valid` 0, `invalid` 1, `null` 2; a loaded one may be any LONG."""
        return self.m_status

    def SetStatus(self, status: int) -> None:
        self.m_status = status

    def _need_valid(self) -> None:
        if self.m_status != self.valid:
            raise CInvalidArgException(
                f"{type(self).__name__} has no value: its status is "
                + {-1: "error", 1: "invalid", 2: "null"}.get(self.m_status, str(self.m_status))
            )

    def _worse(self, other: OleStatus) -> int:
        """The status of a result: null if either is null, else invalid if either is not valid."""
        states = (self.m_status, other.m_status)
        if self.null in states:
            return self.null
        return self.valid if states == (0, 0) else self.invalid


class OleDays(OleStatus, Quantity):
    """A number of days and a status: a LONG and a double on the wire."""

    __slots__ = ("_days",)
    __mfc_min_size__: ClassVar[int] = 12

    _days: float

    __mfc_check__ = classmethod(check_by_storing)

    @classmethod
    def __mfc_store__(cls, ar: CArchive, value: Any) -> None:
        this = value if isinstance(value, cls) else cast(Any, cls)(value)
        ar.WriteLONG(this.m_status)
        ar.WriteDOUBLE(this._days)

    def __mfc_extract__(self, ar: CArchive) -> None:
        status = ar.ReadLONG()
        self._days = ar.ReadDOUBLE()
        self.m_status = status

    def __float__(self) -> float:
        return self._days

    def __repr__(self) -> str:
        status = f", status={self.m_status}" if self.m_status else ""
        return f"{type(self).__name__}({self._days!r}{status})"


class COleDateTimeSpan(OleDays):
    """A difference of two `COleDateTime`: `m_span` days and a status (AR-154)."""

    __slots__ = ()

    @property
    def m_span(self) -> float:
        """Days."""
        return self._days

    @m_span.setter
    def m_span(self, days: float) -> None:
        self._days = days

    def __init__(
        self,
        value: float | timedelta | COleDateTimeSpan = 0.0,
        nHours: int | None = None,
        nMins: int | None = None,
        nSecs: int | None = None,
        *,
        status: int | None = None,
    ) -> None:
        """Of days, of a timedelta, or MFC's `COleDateTimeSpan(lDays, nHours, nMins, nSecs)`."""
        self.m_status = self.valid
        if nHours is not None or nMins is not None or nSecs is not None:
            if not isinstance(value, int):
                raise TypeError("COleDateTimeSpan(lDays, nHours, nMins, nSecs) takes four integers")
            self.SetDateTimeSpan(value, nHours or 0, nMins or 0, nSecs or 0)
        else:
            self.value = value
        if status is not None:
            self.m_status = status

    @property
    def value(self) -> float:
        """Days. May be set to days, a timedelta or another span (with its status)."""
        return self.m_span

    @value.setter
    def value(self, value: float | timedelta | COleDateTimeSpan) -> None:
        if isinstance(value, COleDateTimeSpan):
            self.m_span, self.m_status = value.m_span, value.m_status
        elif isinstance(value, timedelta):
            self.m_span = value / timedelta(days=1)
        else:
            self.m_span = float(value)

    @classmethod
    def from_timedelta(cls, value: timedelta) -> Self:
        return cls(value)

    def to_timedelta(self) -> timedelta:
        """The span as a timedelta; CInvalidArgException if it has no value or one of 1e9 days or more."""
        self._need_valid()
        if not abs(self.m_span) < 1e9:
            raise CInvalidArgException(
                f"COleDateTimeSpan of {self.m_span} days is outside what timedelta holds"
            )
        whole = math.trunc(self.m_span)
        return timedelta(days=whole, microseconds=_nearest_us(self.m_span - whole, self.m_span))

    def SetDateTimeSpan(self, lDays: int, nHours: int, nMins: int, nSecs: int) -> None:
        self.m_span = lDays + (nHours * 3600 + nMins * 60 + nSecs) / 86400
        self.m_status = self.valid

    def GetTotalDays(self) -> float:
        return self.m_span

    def GetTotalHours(self) -> float:
        return self.m_span * 24

    def GetTotalMinutes(self) -> float:
        return self.m_span * 1440

    def GetTotalSeconds(self) -> float:
        return self.m_span * 86400

    def _whole_seconds(self) -> int:
        if not math.isfinite(self.m_span):
            raise CInvalidArgException(f"COleDateTimeSpan of {self.m_span} days has no parts")
        return math.trunc(self.m_span * 86400 + math.copysign(0.5, self.m_span))

    def GetDays(self) -> int:
        return quotient(self._whole_seconds(), 86400)

    def GetHours(self) -> int:
        """Hours of the day, -23 to 23."""
        return quotient(self._whole_seconds(), 3600) - 24 * self.GetDays()

    def GetMinutes(self) -> int:
        """Minutes of the hour, -59 to 59."""
        seconds = self._whole_seconds()
        return quotient(seconds, 60) - 60 * quotient(seconds, 3600)

    def GetSeconds(self) -> int:
        """Seconds of the minute, -59 to 59."""
        seconds = self._whole_seconds()
        return seconds - 60 * quotient(seconds, 60)

    def Format(self, pFormat: str) -> str:
        """%D days, %H hours, %M minutes, %S seconds, %% a percent sign; "" for a null span."""
        if self.m_status == self.null:
            return ""
        self._need_valid()
        return format_span(pFormat, self.GetDays(), self.GetHours(), self.GetMinutes(), self.GetSeconds())

    # --- operators ------------------------------------------------------------------------------------

    def __eq__(self, other: object) -> bool:
        if isinstance(other, COleDateTimeSpan):
            return self.m_status == other.m_status and self.m_span == other.m_span
        if isinstance(other, timedelta):
            return self.m_status == self.valid and self.to_timedelta() == other
        return NotImplemented

    def _pair(self, other: Any) -> tuple[float, float] | None:
        if not isinstance(other, COleDateTimeSpan):
            return None
        self._need_valid()
        other._need_valid()
        return self.m_span, other.m_span

    def __add__(self, other: COleDateTimeSpan | timedelta) -> COleDateTimeSpan:
        if isinstance(other, COleDateTimeSpan | timedelta):
            other = COleDateTimeSpan(other)
            return COleDateTimeSpan(self.m_span + other.m_span, status=self._worse(other))
        return NotImplemented

    __radd__ = __add__

    def __sub__(self, other: COleDateTimeSpan | timedelta) -> COleDateTimeSpan:
        if isinstance(other, COleDateTimeSpan | timedelta):
            other = COleDateTimeSpan(other)
            return COleDateTimeSpan(self.m_span - other.m_span, status=self._worse(other))
        return NotImplemented

    def __neg__(self) -> COleDateTimeSpan:
        return COleDateTimeSpan(-self.m_span, status=self.m_status)

    def __str__(self) -> str:
        if self.m_status == self.valid and math.isfinite(self.m_span):
            return self.Format("%D days, %H:%M:%S")
        return repr(self)


class COleDateTime(OleDays):
    """Days since 1899-12-30 00:00 in `m_dt`, without a time zone, and a status (AR-153).

    Before that day the whole part counts down and the fraction is still the time of day: -1.25 is
    1899-12-29 06:00. Calendar members need a valid status and the years 100 to 9999.
    """

    __slots__ = ()

    @property
    def m_dt(self) -> float:
        """Days since 1899-12-30."""
        return self._days

    @m_dt.setter
    def m_dt(self, days: float) -> None:
        self._days = days

    def __init__(
        self,
        value: float | datetime | COleDateTime = 0.0,
        nMonth: int | None = None,
        nDay: int = 1,
        nHour: int = 0,
        nMin: int = 0,
        nSec: int = 0,
        *,
        status: int | None = None,
    ) -> None:
        """Of days, of a naive datetime, or MFC's `COleDateTime(nYear, nMonth, nDay, nHour, nMin, nSec)`.

        `status` sets another status than the value implies.
        """
        self.m_status = self.valid
        if nMonth is not None:
            if not isinstance(value, int):
                raise TypeError("COleDateTime(nYear, nMonth, nDay, nHour, nMin, nSec) takes integers")
            self.SetDateTime(value, nMonth, nDay, nHour, nMin, nSec)
        else:
            self.value = value
        if status is not None:
            self.m_status = status

    @property
    def value(self) -> float:
        """OLE's DATE. May be set to days, a naive datetime or another COleDateTime (with its status)."""
        return self.m_dt

    @value.setter
    def value(self, value: float | datetime | COleDateTime) -> None:
        if isinstance(value, COleDateTime):
            self.m_dt, self.m_status = value.m_dt, value.m_status
        elif isinstance(value, datetime):
            if value.tzinfo is not None:
                raise CInvalidArgException(f"COleDateTime knows no time zone: make {value!r} naive first")
            passed = value - _OLE_EPOCH
            part = (passed - timedelta(days=passed.days)) / timedelta(days=1)
            self.m_dt = passed.days + part if passed.days >= 0 else passed.days - part
        else:
            self.m_dt = float(value)

    @classmethod
    def GetCurrentTime(cls) -> Self:
        """Now, in local time."""
        return cls(datetime.now().replace(microsecond=0))

    @classmethod
    def from_datetime(cls, value: datetime) -> Self:
        """The OLE time of a naive datetime."""
        return cls(value)

    def to_datetime(self) -> datetime:
        """The time as a naive datetime; CInvalidArgException without value or outside years 100 to 9999."""
        self._need_valid()
        if not _OLE_MIN - 1 < self.m_dt < _OLE_MAX:
            raise CInvalidArgException(f"COleDateTime of {self.m_dt} days is outside the years 100 to 9999")
        whole = math.trunc(self.m_dt)
        part = abs(self.m_dt - whole)
        return _OLE_EPOCH + timedelta(days=whole, microseconds=_nearest_us(part, self.m_dt))

    def SetDateTime(self, nYear: int, nMonth: int, nDay: int, nHour: int, nMin: int, nSec: int) -> int:
        """Set all; returns 0, or 1 after making this invalid because there is no such time."""
        try:
            if not 100 <= nYear <= 9999:
                raise ValueError
            self.value = datetime(nYear, nMonth, nDay, nHour, nMin, nSec)
            self.m_status = self.valid
        except ValueError:
            self.m_status = self.invalid
        return self.m_status

    def SetDate(self, nYear: int, nMonth: int, nDay: int) -> int:
        """Set the day, at midnight; result as in `SetDateTime`."""
        return self.SetDateTime(nYear, nMonth, nDay, 0, 0, 0)

    def SetTime(self, nHour: int, nMin: int, nSec: int) -> int:
        """Set the time of day, on day 0; result as in `SetDateTime`."""
        return self.SetDateTime(1899, 12, 30, nHour, nMin, nSec)

    def GetYear(self) -> int:
        return self.to_datetime().year

    def GetMonth(self) -> int:
        return self.to_datetime().month

    def GetDay(self) -> int:
        return self.to_datetime().day

    def GetHour(self) -> int:
        return self.to_datetime().hour

    def GetMinute(self) -> int:
        return self.to_datetime().minute

    def GetSecond(self) -> int:
        return self.to_datetime().second

    def GetDayOfWeek(self) -> int:
        """1 Sunday to 7 Saturday."""
        return self.to_datetime().isoweekday() % 7 + 1

    def GetDayOfYear(self) -> int:
        """1 to 366."""
        return self.to_datetime().timetuple().tm_yday

    def Format(self, pFormat: str) -> str:
        """As strftime; "" for a null time."""
        return "" if self.m_status == self.null else self.to_datetime().strftime(pFormat)

    # --- operators ------------------------------------------------------------------------------------

    def __eq__(self, other: object) -> bool:
        if isinstance(other, COleDateTime):
            return self.m_status == other.m_status and self.m_dt == other.m_dt
        if isinstance(other, datetime) and other.tzinfo is None:
            in_range = self.m_status == self.valid and _OLE_MIN - 1 < self.m_dt < _OLE_MAX
            return in_range and self.to_datetime() == other
        return NotImplemented

    def _pair(self, other: Any) -> tuple[float, float] | None:
        if not isinstance(other, COleDateTime):
            return None
        self._need_valid()
        other._need_valid()
        return _continuous(self.m_dt), _continuous(other.m_dt)

    def _moved(self, span: COleDateTimeSpan, sign: int) -> COleDateTime:
        moved = _ole_date(_continuous(self.m_dt) + sign * span.m_span)
        status = self._worse(span)
        if status == self.valid and not _OLE_MIN - 1 < moved < _OLE_MAX:
            status = self.invalid
        return COleDateTime(moved, status=status)

    def __add__(self, span: COleDateTimeSpan | timedelta) -> COleDateTime:
        if isinstance(span, COleDateTimeSpan | timedelta):
            return self._moved(COleDateTimeSpan(span), 1)
        return NotImplemented

    __radd__ = __add__

    @overload
    def __sub__(self, other: COleDateTime) -> COleDateTimeSpan: ...
    @overload
    def __sub__(self, other: COleDateTimeSpan | timedelta) -> COleDateTime: ...
    def __sub__(self, other: COleDateTime | COleDateTimeSpan | timedelta) -> COleDateTime | COleDateTimeSpan:
        if isinstance(other, COleDateTime):
            days = _continuous(self.m_dt) - _continuous(other.m_dt)
            return COleDateTimeSpan(days, status=self._worse(other))
        if isinstance(other, COleDateTimeSpan | timedelta):
            return self._moved(COleDateTimeSpan(other), -1)
        return NotImplemented

    def __str__(self) -> str:
        if self.m_status == self.valid and _OLE_MIN - 1 < self.m_dt < _OLE_MAX:
            return self.to_datetime().isoformat(sep=" ")
        return repr(self)
