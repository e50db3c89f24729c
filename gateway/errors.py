# SPDX-License-Identifier: GPL-3.0-or-later
"""The three ways to stop: they must change something, we try later, or it is our defect (any other exception)."""

from datetime import datetime
from enum import Enum


class Reason(Enum):
    """Why something cannot go on, for machines: stable words, listed in docs/states.md."""

    # the letter
    NOT_MIME = "not-mime"
    TRUNCATED = "truncated"
    TOO_LARGE = "too-large"
    TOO_MANY_PARTS = "too-many-parts"
    TOO_DEEP = "too-deep"
    AMBIGUOUS = "ambiguous"
    BAD_ENCODING = "bad-encoding"
    NO_PASSPORT = "no-passport"
    BOUNCE = "bounce"
    OUR_OWN = "our-own"
    # who sent it
    STRANGER = "stranger"
    NO_PROOF = "no-proof"
    UNKNOWN_PARTNER = "unknown-partner"
    NOT_FOR_US = "not-for-us"
    # the message inside
    BAD_XML = "bad-xml"
    DOCTYPE = "doctype"
    BAD_PASSPORT = "bad-passport"
    MISSING_FIELD = "missing-field"
    MISSING_FILE = "missing-file"
    MISSING_AUTHOR = "missing-author"
    UNSUPPORTED = "unsupported"
    # the rules
    CONFLICT = "conflict"
    NOT_ALLOWED = "not-allowed"
    UNKNOWN_ADDRESSEE = "unknown-addressee"
    UNKNOWN_CORRESPONDENT = "unknown-correspondent"
    CHANGED = "changed"
    SAME_NUMBER = "same-number"
    UNKNOWN_EXCHANGE = "unknown-exchange"
    BAD_FILE = "bad-file"
    VIRUS = "virus"
    NOT_SCANNED = "not-scanned"
    RESTRICTED = "restricted"
    FORGED = "forged"
    DIRECTORY = "directory"
    # ourselves
    OBSERVED = "observed"
    SELF_TEST = "self-test"
    DEFECT = "defect"


class Refused(Exception):
    """The sender (or an operator) must change something before this can succeed.

    *reason* is for machines, *detail* for people, *place* says where (XML path, part, column, key).
    *expected* and *found* say it in values when there are any; no secret and no document text goes into them.
    """

    def __init__(self, reason: Reason, detail: str, *, place: str = "", expected: str = "", found: str = "") -> None:
        super().__init__(f"{reason.value}: {detail}" + (f" ({place})" if place else ""))
        self.reason = reason
        self.detail = detail
        self.place = place
        self.expected = expected
        self.found = found


class Deferred(Exception):
    """Nothing is wrong with the letter; try again.

    *until* is the earliest moment, aware UTC, or None for the retry table's.
    """

    def __init__(self, detail: str, *, until: datetime | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.until = until
