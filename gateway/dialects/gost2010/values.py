# SPDX-License-Identifier: GPL-3.0-or-later
"""Dates, moments and ids as GOST R 53898-2010 writes them; reading answers None to what it cannot understand."""

import re
from datetime import UTC, date, datetime

from gateway.dialects.values import one_line, said
from gateway.dialects.values import read_date as read_iso_date
from gateway.dialects.values import read_moment as read_iso_moment

__all__ = ["dashed", "one_line", "read_date", "read_moment", "said", "undashed", "write_moment"]

_DAY_FIRST = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})(?:[T ]+(\d{1,2}:\d\d(?::\d\d)?))?", re.ASCII)
_HEX = re.compile(r"[0-9a-f]{32}")
_GUID = re.compile(r"\{?([0-9a-f]{8})-([0-9a-f]{4})-([0-9a-f]{4})-([0-9a-f]{4})-([0-9a-f]{12})\}?", re.IGNORECASE)


def read_date(text: str) -> date | None:
    """Return the calendar date; the text of the standard says dd.mm.yyyy, its schema xs:date: both are read."""
    found = _DAY_FIRST.fullmatch(text)
    if not found:
        return read_iso_date(text)
    try:
        return date(int(found[3]), int(found[2]), int(found[1]))
    except ValueError:
        return None


def read_moment(text: str) -> datetime | None:
    """Return the moment; the standard's times are UTC.  QUIRK: dd.mm.yyyy hh:mm:ss is read, too."""
    found = _DAY_FIRST.fullmatch(text)
    if not found:
        return read_iso_moment(text, UTC) or read_iso_moment(text.replace(" ", "T", 1), UTC)
    hours, minutes, *seconds = (int(part) for part in (found[4] or "0:00:00").split(":"))
    try:
        day = int(found[3]), int(found[2]), int(found[1])
        return datetime(*day, hours, minutes, seconds[0] if seconds else 0, tzinfo=UTC)
    except ValueError:
        return None


def write_moment(moment: datetime) -> str:
    """Return *moment* in UTC, as xs:dateTime."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def dashed(id: str) -> str:
    """Return an id of ours (32 hexadecimal digits) as the GUID that other systems expect; any other as it is."""
    if not _HEX.fullmatch(id):
        return id
    return "-".join((id[:8], id[8:12], id[12:16], id[16:20], id[20:]))


def undashed(id: str) -> str:
    """Return the id of ours that stands in *id* as a GUID; anything else as it is."""
    found = _GUID.fullmatch(id)
    return "".join(found.groups()).lower() if found else id
