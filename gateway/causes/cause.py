# SPDX-License-Identifier: GPL-3.0-or-later
"""One thing that is wrong, as it is told to whoever is called at night."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Cause:
    """What is wrong, since when, in whose words, and what to type."""

    key: str  # the same as long as the trouble is; of our own names only, never of a document or an address
    what: str
    since: datetime | None  # None: nothing tells
    words: str  # the other side's own; empty: it said nothing
    remedy: str
    serious: bool = True  # False: it mends itself, or a person works on it anyway; nobody is called
