# SPDX-License-Identifier: GPL-3.0-or-later
"""Texts, GUIDs, dates and moments as МЭДО writes them (§2.0).

Reading is lenient and answers None to what it cannot understand; what is written is always valid.
"""

import re
from datetime import UTC, date, datetime, timedelta, timezone
from hashlib import sha256

from gateway.dialects.medo.vocabulary import NO_NUMBER, NOTHING, ZERO
from gateway.dialects.values import one_line, said
from gateway.model import Number, utc

# Up to 2.7 times carry no offset and are the sender's local ones (§1).  A message does not say in which zone that is:
# both directions take Moscow's, where the nodes stand; 2.7.1 carries the offset.
MOSCOW = timezone(timedelta(hours=3))
FIRST, LAST = datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC)  # LIMIT: what fits in any zone

MAX_LINE = 511  # LIMIT: stringValue
MAX_IDENTITY = 127  # LIMIT: identityValue
MAX_TEXT = 4000  # LIMIT: shortText, courseText
MAX_COMMENT = 2047  # LIMIT: comment
MAX_NUMBER = 31  # LIMIT: number of a document
MAX_DESIGNATION = 255  # LIMIT: anyValue

_GUID = re.compile(r"\{?([0-9a-f]{8})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{12})\}?")
_LOOK_ALIKES = str.maketrans("авсеАВСЕ", "abceABCE")  # Cyrillic letters that look like hexadecimal digits
_PAGES = re.compile(r"(\d{1,9})(?:\s*\+\s*(\d{1,9}))?", re.ASCII)


# --- ids ----------------------------------------------------------------------------------------------------------


def as_guid(text: str) -> str:
    """Return *text* as a GUID, lower case with dashes; empty when it is none, or the one of zeros."""
    found = _GUID.fullmatch(text.strip().lower())
    guid = "-".join(found.groups()) if found else ""
    return "" if guid == ZERO else guid


def mended(text: str) -> str:
    """Return *text* as a GUID when only letters that look alike kept it from being one; else empty."""
    return as_guid(text.translate(_LOOK_ALIKES))


def guid(text: str) -> str:
    """Return the GUID that stands for the id *text*: itself, else one made of it; zeros for none."""
    if not text:
        return ZERO
    return as_guid(text) or as_guid(sha256(f"medo\0{text}".encode()).hexdigest()[:32])


def bare(text: str) -> str:
    """Return an id that names a message of ours as we know it: a GUID as 32 hexadecimal digits."""
    return as_guid(text).replace("-", "") or text


def echoed(uid: str, card: str) -> tuple[str, str]:
    """Return ``@uid`` and ``@id`` of a document: the sender's key, or the uid itself when it is no plain GUID."""
    wire = guid(uid)
    return wire, line(uid if uid and uid != wire else card, MAX_IDENTITY)


def heard_uid(uid: str, key: str) -> tuple[str, str]:
    """Return uid and card of what ``@uid`` and ``@id`` name; the reverse of `echoed`."""
    if key and key != uid and guid(key) == uid:
        return key, ""
    return ("" if uid == ZERO else uid), key


# --- texts --------------------------------------------------------------------------------------------------------


def line(text: str, limit: int = MAX_LINE) -> str:
    """Return *text* on one line, at most *limit* characters."""
    if not text:
        return ""
    short = one_line(said(text))
    return short if len(short) <= limit else short[:limit].strip()


def word(text: str, limit: int = MAX_LINE) -> str:
    """Return `line`, nothing for the mark of nothing."""
    short = line(text, limit)
    return "" if short == NOTHING else short


def block(text: str, limit: int = MAX_TEXT) -> str:
    """Return *text* with its line ends, at most *limit* characters, nothing for the mark of nothing."""
    short = said(text)[:limit].strip()
    return "" if short == NOTHING else short


def pages(text: str) -> str:
    """Return sheets as a card can say them: "6", "5+1", or nothing."""
    found = _PAGES.fullmatch(text.strip())
    if not found:
        return ""
    main, more = int(found[1]), int(found[2] or 0)
    return f"{main}+{more}" if more else str(main or "")


def sheets(text: str) -> tuple[int, int]:
    """Return the sheets of the document and of its enclosures; 0 when nobody said."""
    main, _, more = text.partition("+")
    return int(main or 0), int(more or 0)


def number(given: Number) -> Number:
    """Return *given* with a text, as it is demanded, of at most 31 characters."""
    return Number(line(given.text, MAX_NUMBER) or NO_NUMBER, given.date)


# --- times --------------------------------------------------------------------------------------------------------


def moment(given: datetime) -> datetime:
    """Return *given* as exact as it is written: to the millisecond, within what fits in any zone."""
    kept = min(max(utc(given), FIRST), LAST)
    return kept.replace(microsecond=kept.microsecond // 1000 * 1000)


def write_moment(given: datetime, version: str) -> str:
    """Return *given* in Moscow's time, with its offset in 2.7.1 only."""
    local = given.astimezone(MOSCOW)
    exact = "milliseconds" if local.microsecond else "seconds"
    return (local if version == "2.7.1" else local.replace(tzinfo=None)).isoformat(timespec=exact)


def day_of(given: datetime) -> date:
    """Return the calendar day of a moment, in Moscow."""
    return moment(given).astimezone(MOSCOW).date()


def shown(day: date) -> str:
    """Return *day* as people write it."""
    return f"{day:%d.%m.}{day.year:04d}"
