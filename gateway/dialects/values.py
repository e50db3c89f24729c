# SPDX-License-Identifier: GPL-3.0-or-later
"""Texts, dates, moments and numbers as XML Schema has them, and as partners write them.

Reading is lenient and answers None to what it cannot understand; what is written is always valid.
"""

import re
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_DATE = re.compile(r"(\d{4}-\d\d-\d\d)(?:T.*|Z|[+-]\d\d:\d\d)?", re.ASCII)
_MOMENT = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:T(\d\d:\d\d:\d\d)(?:\.(\d{1,20}))?)?\s*(?:(Z)|([+-])(\d\d):(\d\d))?", re.ASCII
)
_INTEGER = re.compile(r"[+-]?\d{1,18}", re.ASCII)
_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}

INT_MIN, INT_MAX = -(2**31), 2**31 - 1  # xs:int


def said(text: str) -> str:
    """Return *text* as XML 1.0 can carry it and as it will be read: foreign characters as U+FFFD, no blanks around."""
    return (text if text.isprintable() else _NOT_XML.sub("\ufffd", text)).strip()


def one_line(text: str) -> str:
    """Return *text* with every run of blanks and line ends as one blank."""
    return " ".join(text.split())


def read_date(text: str) -> date | None:
    """Return the calendar date, whatever zone or time stands behind it; None when it is none.

    QUIRK: a moment where a date belongs gives its date as written.
    """
    found = _DATE.fullmatch(text)
    try:
        return date.fromisoformat(found[1]) if found else None
    except ValueError:
        return None


def read_moment(text: str, zone: tzinfo) -> datetime | None:
    """Return the moment in UTC, microseconds kept and finer digits cut; one without an offset is in *zone*.

    QUIRK: a bare date where a moment belongs is its midnight (the prose of the format says date, the schema dateTime).
    """
    found = _MOMENT.fullmatch(text)
    if not found:
        return None
    micros = (found[3] or "")[:6].ljust(6, "0")
    try:
        naive = datetime.fromisoformat(f"{found[1]}T{found[2] or '00:00:00'}.{micros}")
        return naive.replace(tzinfo=_offset(found) or zone).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def read_offset(text: str) -> tzinfo | None:
    """Return the offset a moment is written with, or None when there is none."""
    found = _MOMENT.fullmatch(text)
    try:
        return _offset(found) if found else None
    except ValueError:
        return None


def _offset(found: re.Match[str]) -> tzinfo | None:
    if found[4]:
        return UTC
    if not found[5]:
        return None
    offset = timedelta(hours=int(found[6]), minutes=int(found[7]))
    return timezone(-offset if found[5] == "-" else offset)


def read_integer(text: str) -> int | None:
    """Return the number, or None for what is none or has more than 18 digits."""
    return int(text) if _INTEGER.fullmatch(text) else None


def read_boolean(text: str) -> bool | None:
    """Return true or false, also for 1 and 0 and in any case; None for anything else."""
    return _BOOLEANS.get(text.lower())


def write_moment(moment: datetime) -> str:
    """Return *moment* in UTC with its offset, microseconds only when there are any."""
    return moment.astimezone(UTC).isoformat()


def write_boolean(value: bool) -> str:
    return "true" if value else "false"


def fits_int(value: int | None) -> int | None:
    """Return *value* when xs:int can hold it, else None."""
    return value if value is not None and INT_MIN <= value <= INT_MAX else None
