# SPDX-License-Identifier: GPL-3.0-or-later
"""Working days: which date a document gets that comes in the evening, at night, or when nobody is there."""

from datetime import date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.working_days import BadHours, Calendar, Hours, calendar_of, hours_of, registration_date

DAYS = st.dates(date(2020, 1, 1), date(2040, 12, 31))
HOURS = Hours(time(8, 30), time(17, 30))
NEW_YEAR = calendar_of("2027-01-01  # New Year\n2027-01-04\n\n+2026-12-26\n")[0]


@st.composite
def calendars(draw: st.DrawFn) -> Calendar:
    days_off = draw(st.frozensets(DAYS, max_size=20))
    return Calendar(days_off, draw(st.frozensets(DAYS, max_size=20)) - days_off)


MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2040, 12, 31))


@given(MOMENTS, calendars())
def test_the_date_is_always_a_working_day_and_never_before_the_document_came(at: datetime, calendar: Calendar) -> None:
    on = registration_date(at, HOURS, calendar)

    assert calendar.works_on(on)
    assert on >= at.date()


@given(MOMENTS, calendars())
def test_no_working_day_is_passed_over(at: datetime, calendar: Calendar) -> None:
    on = registration_date(at, HOURS, calendar)
    between = [at.date() + timedelta(days=days) for days in range(1, (on - at.date()).days)]

    assert not any(calendar.works_on(day) for day in between)


@given(MOMENTS, MOMENTS, calendars())
def test_what_came_later_is_never_registered_earlier(one: datetime, other: datetime, calendar: Calendar) -> None:
    first, second = sorted((one, other))

    assert registration_date(first, HOURS, calendar) <= registration_date(second, HOURS, calendar)


@given(MOMENTS, calendars())
def test_without_hours_a_working_day_is_its_own_date(at: datetime, calendar: Calendar) -> None:
    if calendar.works_on(at.date()):
        assert registration_date(at, None, calendar) == at.date()


@pytest.mark.parametrize(
    ("at", "on"),
    [
        (datetime(2026, 11, 20, 17, 29, 59), date(2026, 11, 20)),  # a Friday
        (datetime(2026, 11, 20, 17, 30), date(2026, 11, 23)),  # the end is the evening already
        (datetime(2026, 11, 21, 12, 0), date(2026, 11, 23)),  # Saturday
        (datetime(2026, 11, 23, 0, 30), date(2026, 11, 23)),  # before work begins, on that day
        (datetime(2026, 12, 25, 20, 0), date(2026, 12, 26)),  # the Saturday is worked
        (datetime(2026, 12, 31, 20, 0), date(2027, 1, 5)),  # over the holidays and the week-end into the new year
    ],
)
def test_the_calendar_of_an_office(at: datetime, on: date) -> None:
    assert registration_date(at, HOURS, NEW_YEAR) == on


def test_a_holidays_file_says_line_by_line_what_is_wrong_with_it() -> None:
    written = "# ours\n2027-01-01\n1 May\n+2027-01-05\n2027-02-30\n2027-01-01\n20270108\n+2027-01-09\n"

    calendar, wrong = calendar_of(written)

    assert calendar == Calendar(frozenset({date(2027, 1, 1)}), frozenset({date(2027, 1, 9)}))
    assert [(bad.line, bad.what) for bad in wrong] == [
        (3, "'1 May' is not a date"),
        (4, "2027-01-05 is neither a Saturday nor a Sunday, so it is worked anyway"),
        (5, "'2027-02-30' is not a date"),
        (6, "2027-01-01 stands here twice"),
        (7, "'20270108' is not a date"),
    ]


@pytest.mark.parametrize("written", ["8:30-17:30", "17:30-08:30", "08:30–17:30", "08:30-25:00", "08:30", "09:00-09:00"])
def test_hours_that_are_no_hours_are_said_to_be_wrong(written: str) -> None:
    with pytest.raises(BadHours):
        hours_of(written)


def test_empty_hours_are_always() -> None:
    assert hours_of("") is None
    assert hours_of("08:30-17:30") == HOURS
