"""CTime, CTimeSpan, COleDateTime, COleDateTimeSpan: members, operators, conversions."""

import math
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pysock import CArchive, CInvalidArgException, CMemFile, COleDateTime, COleDateTimeSpan, CTime, CTimeSpan

INT64 = st.integers(-(2**63), 2**63 - 1)
AWARE = st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=-7))]))
OLE_DAYS = st.datetimes(datetime(100, 1, 1), datetime(9999, 12, 31, 23, 59, 59))


def wire_round_trip(value: object) -> object:
    file = CMemFile()
    with CArchive(file, CArchive.store) as ar:
        ar << value
    return CArchive(file.getvalue(), CArchive.load).read(type(value))


# --- CTime ----------------------------------------------------------------------------------------------


def test_time_forms() -> None:
    moment = datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)
    assert (
        CTime(1700000000)
        == CTime(moment)
        == CTime.from_datetime(moment)
        == CTime(CTime(1700000000))
        == moment
    )
    assert CTime(1700000000).to_datetime() == moment and CTime(CTime(5)) == CTime(5)
    assert CTime(1700000000).GetTime() == int(CTime(1700000000)) == CTime(1700000000).value == 1700000000
    assert CTime() == CTime(0)
    assert CTime(moment.replace(microsecond=999_999)) == CTime(1700000000)
    assert repr(CTime(5)) == "CTime(5)"
    assert str(CTime(1700000000)) == "2023-11-14T22:13:20+00:00"


def test_time_needs_a_zone() -> None:
    with pytest.raises(CInvalidArgException, match="time zone"):
        CTime(datetime(2020, 1, 1))
    assert CTime(0) != datetime(1970, 1, 1)
    with pytest.raises(TypeError, match="float"):
        CTime(1.5)  # type: ignore[call-overload]


@pytest.mark.parametrize("seconds", [2**63, -(2**63) - 1])
def test_seconds_have_64_bits(seconds: int) -> None:
    with pytest.raises(OverflowError, match="64 bits"):
        CTime(seconds)
    with pytest.raises(OverflowError, match="64 bits"):
        CTimeSpan(seconds)
    with pytest.raises(OverflowError):
        CTime(2**63 - 1) + CTimeSpan(1)


def test_time_beyond_the_calendar() -> None:
    far = CTime(2**62)
    with pytest.raises(CInvalidArgException, match="years 1 to 9999"):
        far.to_datetime()
    with pytest.raises(CInvalidArgException):
        far.GetYear()
    assert str(far) == f"{2**62} s"


def test_time_members_speak_local_time() -> None:
    time = CTime(2024, 2, 29, 23, 58, 59)
    assert (time.GetYear(), time.GetMonth(), time.GetDay()) == (2024, 2, 29)
    assert (time.GetHour(), time.GetMinute(), time.GetSecond()) == (23, 58, 59)
    assert time.GetDayOfWeek() == 5  # Thursday; 1 is Sunday
    assert time.Format("%Y-%m-%d %H:%M:%S") == "2024-02-29 23:58:59"
    assert time.GetLocalTm().tm_yday == 60
    assert time == datetime(2024, 2, 29, 23, 58, 59).astimezone()
    assert CTime(1700000000).FormatGmt("%H:%M") == "22:13"
    assert CTime(1700000000).GetGmtTm().tm_hour == 22
    with pytest.raises(ValueError):
        CTime(2024, 2, 30, 0, 0, 0)


def test_time_arithmetic() -> None:
    time, later = CTime(100), CTime(160)
    assert later - time == CTimeSpan(60) == timedelta(minutes=1)
    assert isinstance(later - time, CTimeSpan)
    assert time + CTimeSpan(60) == time + timedelta(minutes=1) == later
    assert later - CTimeSpan(60) == later - timedelta(seconds=60) == time
    assert time < later and time <= later and later > time and later >= time and time <= CTime(100)
    assert time != later
    with pytest.raises(TypeError):
        time + time  # type: ignore[operator]
    with pytest.raises(TypeError):
        time < 5  # type: ignore[operator] # noqa: B015
    with pytest.raises(TypeError, match="unhashable"):
        hash(time)


def test_current_time() -> None:
    before = datetime.now(UTC).replace(microsecond=0)
    assert CTime(before) <= CTime.GetCurrentTime() <= CTime(datetime.now(UTC))
    assert COleDateTime.GetCurrentTime().GetYear() in (before.year, before.year + 1, before.year - 1)


@given(AWARE)
def test_time_round_trip_datetime(moment: datetime) -> None:
    assert CTime(moment).to_datetime() == moment.replace(microsecond=0)


@given(INT64)
@example(-2147483638)  # as 32 bits this is the mark of the 64-bit form
def test_time_round_trip_wire(seconds: int) -> None:
    assert wire_round_trip(CTime(seconds)) == CTime(seconds)


# --- CTimeSpan ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sign", [1, -1])
def test_span_members(sign: int) -> None:
    span = CTimeSpan(sign * (((3 * 24 + 4) * 60 + 5) * 60 + 6))
    assert (span.GetDays(), span.GetHours(), span.GetMinutes(), span.GetSeconds()) == (
        sign * 3,
        sign * 4,
        sign * 5,
        sign * 6,
    )
    assert span.GetTotalHours() == sign * 76
    assert span.GetTotalMinutes() == sign * (76 * 60 + 5)
    assert span.GetTotalSeconds() == span.GetTimeSpan() == span.value
    assert span.to_timedelta() == sign * timedelta(days=3, hours=4, minutes=5, seconds=6)
    assert CTimeSpan.from_timedelta(span.to_timedelta()) == span


def test_span_forms() -> None:
    assert CTimeSpan(1, 2, 3, 4) == CTimeSpan(timedelta(days=1, hours=2, minutes=3, seconds=4))
    assert CTimeSpan(1, 2, 3, 4).Format("%D days %H:%M:%S 100%%") == "1 days 02:03:04 100%"
    assert str(CTimeSpan(90061)) == "1 days, 01:01:01"
    assert repr(CTimeSpan(5)) == "CTimeSpan(5)"
    assert -CTimeSpan(5) == CTimeSpan(-5)
    assert CTimeSpan(5) + CTimeSpan(6) - timedelta(seconds=1) == CTimeSpan(10)
    assert timedelta(seconds=5) + CTimeSpan(5) == CTimeSpan(10)
    assert CTimeSpan(5) < CTimeSpan(6) and not CTimeSpan(0) and CTimeSpan(1)
    for bad in ("%Y", "%"):
        with pytest.raises(CInvalidArgException, match="%D"):
            CTimeSpan(5).Format(bad)
    with pytest.raises(OverflowError):
        CTimeSpan(2**62).to_timedelta()


@given(st.integers(-(2**31), 2**31 - 1))
def test_span_round_trip_wire(seconds: int) -> None:
    assert wire_round_trip(CTimeSpan(seconds)) == CTimeSpan(seconds)


def test_ar_152_span_loses_its_sign_bit() -> None:
    assert wire_round_trip(CTimeSpan(2**32 - 1)) == CTimeSpan(-1)


# --- COleDateTime ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "days, moment",
    [
        (0.0, datetime(1899, 12, 30)),
        (0.25, datetime(1899, 12, 30, 6)),
        (-1.25, datetime(1899, 12, 29, 6)),
        (-1.0, datetime(1899, 12, 29)),
        (45000.5, datetime(2023, 3, 15, 12)),
        (2.5, datetime(1900, 1, 1, 12)),
        (-657434.0, datetime(100, 1, 1)),
        (-657434.75, datetime(100, 1, 1, 18)),
        (2958465.0, datetime(9999, 12, 31)),
        (25569.0, datetime(1970, 1, 1)),
    ],
)
def test_ar_153_days(days: float, moment: datetime) -> None:
    assert COleDateTime(moment).m_dt == days
    assert COleDateTime(days).to_datetime() == moment
    assert COleDateTime(days) == moment


@given(OLE_DAYS)
def test_ole_round_trip_whole_seconds(moment: datetime) -> None:
    moment = moment.replace(microsecond=0)
    assert COleDateTime(moment).to_datetime() == moment


@given(st.datetimes(datetime(1850, 1, 1), datetime(2050, 1, 1)))
def test_ole_round_trip_near_today_is_good_to_a_microsecond(moment: datetime) -> None:
    assert abs(COleDateTime(moment).to_datetime() - moment) <= timedelta(microseconds=1)


@given(OLE_DAYS, OLE_DAYS)
def test_ole_order_is_that_of_time(one: datetime, two: datetime) -> None:
    one, two = one.replace(microsecond=0), two.replace(microsecond=0)
    assert (COleDateTime(one) < COleDateTime(two)) == (one < two)
    assert (COleDateTime(one) >= COleDateTime(two)) == (one >= two)
    assert abs((COleDateTime(two) - COleDateTime(one)).to_timedelta() - (two - one)) < timedelta(
        milliseconds=1
    )


@given(OLE_DAYS, st.timedeltas(timedelta(days=-300_000), timedelta(days=300_000)))
def test_ole_moving_by_a_span(start: datetime, by: timedelta) -> None:
    start, by = start.replace(microsecond=0), timedelta(days=by.days, seconds=by.seconds)
    moved = COleDateTime(start) + by
    try:
        end = start + by
    except OverflowError:
        end = None
    if end is None or end.year < 100:
        assert moved.GetStatus() == COleDateTime.invalid
    else:
        assert abs(moved.to_datetime() - end) < timedelta(milliseconds=1)
        back = moved - COleDateTimeSpan(by)
        assert back.GetStatus() == COleDateTime.valid
        assert abs(back.to_datetime() - start) < timedelta(milliseconds=1)


def test_ole_members() -> None:
    date = COleDateTime(2024, 12, 31, 23, 58, 59)
    assert (date.GetYear(), date.GetMonth(), date.GetDay()) == (2024, 12, 31)
    assert (date.GetHour(), date.GetMinute(), date.GetSecond()) == (23, 58, 59)
    assert (date.GetDayOfWeek(), date.GetDayOfYear()) == (3, 366)
    assert date.Format("%d.%m.%Y") == "31.12.2024"
    assert str(date) == "2024-12-31 23:58:59"
    assert date.SetDate(1999, 1, 2) == 0 and date == datetime(1999, 1, 2)
    assert date.SetTime(12, 0, 0) == 0 and date.m_dt == 0.5
    assert float(COleDateTime(1.5)) == 1.5
    assert date.SetDateTime(2023, 2, 29, 0, 0, 0) == 1
    assert date.GetStatus() == COleDateTime.invalid
    assert COleDateTime(99, 1, 1).GetStatus() == COleDateTime.invalid
    with pytest.raises(CInvalidArgException, match="invalid"):
        date.GetYear()


def test_ole_status() -> None:
    date, null = COleDateTime(45000.5), COleDateTime(status=COleDateTime.null)
    assert null.Format("%Y") == ""
    assert (date - null).GetStatus() == COleDateTimeSpan.null
    assert (null + COleDateTimeSpan(1)).GetStatus() == COleDateTime.null
    assert (date + COleDateTimeSpan(1, status=1)).GetStatus() == COleDateTime.invalid
    with pytest.raises(CInvalidArgException, match="null"):
        null < date  # noqa: B015
    with pytest.raises(CInvalidArgException, match="null"):
        null.to_datetime()
    assert date != null and null == COleDateTime(null)
    date.SetStatus(9)
    assert repr(date) == "COleDateTime(45000.5, status=9)"
    with pytest.raises(CInvalidArgException, match="status is 9"):
        date.GetHour()
    with pytest.raises(CInvalidArgException, match="naive"):
        COleDateTime(datetime.now(UTC))


@pytest.mark.parametrize("days", [math.nan, math.inf, -math.inf, 1e10, -1e10])
def test_ole_days_without_a_date(days: float) -> None:
    with pytest.raises(CInvalidArgException, match="years 100 to 9999"):
        COleDateTime(days).to_datetime()
    with pytest.raises(CInvalidArgException):
        COleDateTimeSpan(days).to_timedelta()
    assert COleDateTime(days) != datetime(2000, 1, 1)
    assert str(COleDateTime(days)) == repr(COleDateTime(days))
    assert str(COleDateTimeSpan(days))


def test_ole_span_members() -> None:
    span = COleDateTimeSpan(3, 4, 5, 6)
    assert (span.GetDays(), span.GetHours(), span.GetMinutes(), span.GetSeconds()) == (3, 4, 5, 6)
    minus = -span
    assert (minus.GetDays(), minus.GetHours(), minus.GetMinutes(), minus.GetSeconds()) == (-3, -4, -5, -6)
    assert span.Format("%D %H %M %S") == "3 04 05 06"
    assert span.GetTotalHours() == pytest.approx(76 + 5 / 60 + 6 / 3600)
    assert span.GetTotalMinutes() == pytest.approx(76 * 60 + 5.1)
    assert span.GetTotalSeconds() == pytest.approx(76 * 3600 + 306)
    assert span.to_timedelta() == timedelta(days=3, hours=4, minutes=5, seconds=6)
    assert span == COleDateTimeSpan(span.to_timedelta()) == span.to_timedelta()
    assert span - span == COleDateTimeSpan() and span + span > span >= span
    assert COleDateTimeSpan(status=2).Format("%D") == ""
    assert repr(COleDateTimeSpan(1.5, status=1)) == "COleDateTimeSpan(1.5, status=1)"


@given(st.floats(allow_nan=False), st.integers(-(2**31), 2**31 - 1))
def test_ole_round_trip_wire(days: float, status: int) -> None:
    assert wire_round_trip(COleDateTime(days, status=status)) == COleDateTime(days, status=status)
    assert wire_round_trip(COleDateTimeSpan(days, status=status)) == COleDateTimeSpan(days, status=status)
