# SPDX-License-Identifier: GPL-3.0-or-later
"""When an office works, and which calendar date a document that comes at some moment gets.  Pure.

Monday to Friday are working days, but for the days off of a holidays file; a Saturday or Sunday that is worked stands
there with a plus.  Nothing here knows a time zone: dates and times are the office's own.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

SATURDAY = 5  # as date.weekday counts
_HOURS = re.compile(r"(\d{2}:\d{2})-(\d{2}:\d{2})")


@dataclass(frozen=True, slots=True)
class Calendar:
    """The days that differ from the week."""

    days_off: frozenset[date] = frozenset()
    worked: frozenset[date] = frozenset()  # although the week says otherwise

    def works_on(self, day: date) -> bool:
        """Say whether *day* is a working day."""
        if day in self.worked:
            return True
        return day.weekday() < SATURDAY and day not in self.days_off

    def next_working_day(self, day: date) -> date:
        """Return the first working day after *day*; after the last day off every week has one."""
        day += timedelta(days=1)
        while not self.works_on(day):
            day += timedelta(days=1)
        return day


@dataclass(frozen=True, slots=True)
class Hours:
    """From when to when the office works on a working day; the end belongs to the evening already."""

    start: time
    end: time


class BadHours(ValueError):
    """Not the hours of a day."""


class BadLine(ValueError):
    """A line of a holidays file that says nothing; *line* counts from 1."""

    def __init__(self, line: int, what: str) -> None:
        super().__init__(what)
        self.line, self.what = line, what


def hours_of(written: str) -> Hours | None:
    """Return the hours written as "08:30-17:30"; None for an empty text: always.  Raises BadHours."""
    if not written:
        return None
    found = _HOURS.fullmatch(written)
    try:
        hours = Hours(time.fromisoformat(found[1]), time.fromisoformat(found[2])) if found else None
    except ValueError:
        hours = None
    if hours is None or not hours.start < hours.end:
        raise BadHours(f"{written!r} are not the hours of a day")
    return hours


def calendar_of(written: str) -> tuple[Calendar, tuple[BadLine, ...]]:
    """Return the calendar of a holidays file, and every line of it that is wrong.

    One date a line, YYYY-MM-DD; ``+`` before it: a Saturday or Sunday that is worked; ``#`` begins a comment.
    """
    days: dict[date, bool] = {}  # worked, or off
    wrong: list[BadLine] = []
    for line, said in _said(written):
        worked, words = said.startswith("+"), said.removeprefix("+").strip()
        try:
            day = date.fromisoformat(words) if len(words) == len("2026-01-01") else None
        except ValueError:
            day = None
        if day is None:
            wrong.append(BadLine(line, f"{said!r} is not a date"))
        elif worked and day.weekday() < SATURDAY:
            wrong.append(BadLine(line, f"{day} is neither a Saturday nor a Sunday, so it is worked anyway"))
        elif day in days:
            wrong.append(BadLine(line, f"{day} stands here twice"))
        else:
            days[day] = worked
    off = frozenset(day for day, worked in days.items() if not worked)
    return Calendar(off, frozenset(days) - off), tuple(wrong)


def registration_date(at: datetime, hours: Hours | None, calendar: Calendar) -> date:
    """Return the date of registration of what came *at* that moment on the office's clock, when only work counts.

    After the hours, or on a day off: the next working day.  Before the hours of a working day: that day.
    """
    day = at.date()
    if not calendar.works_on(day) or (hours is not None and at.time() >= hours.end):
        return calendar.next_working_day(day)
    return day


def _said(written: str) -> Iterator[tuple[int, str]]:
    for line, words in enumerate(written.splitlines(), 1):
        if said := words.partition("#")[0].strip():
            yield line, said
