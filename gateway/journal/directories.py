# SPDX-License-Identifier: GPL-3.0-or-later
"""What is known of directories of people beside their letters: who was told to a partner, what was applied of theirs.

A line each among the cursors: how far the other side is known here, and ours there.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from gateway.journal import cursors
from gateway.journal.values import from_json, to_json
from gateway.model import DirectoryResult, PartnerId, folded


@dataclass(frozen=True, slots=True)
class Answered:
    """What a partner told of a directory of ours."""

    letter: int  # that brought it
    sent_at: datetime
    words: str


def applied_at(tx: Connection, partner: PartnerId, organisation: str) -> datetime | None:
    """Return when the newest update was sent that was applied to *organisation* of *partner*; None: none was."""
    said = cursors.get(tx, f"directory applied {partner} {folded(organisation)}")
    return datetime.fromisoformat(said) if said else None


def note_applied(tx: Connection, partner: PartnerId, organisation: str, sent_at: datetime) -> None:
    """An update sent at *sent_at* was applied; an older one than is known changes nothing."""
    before = applied_at(tx, partner, organisation)
    if before is None or sent_at > before:
        cursors.put(tx, f"directory applied {partner} {folded(organisation)}", sent_at.isoformat())


def planned(tx: Connection, entry: int) -> DirectoryResult:
    """Return what the update in *entry* was about to change when it was tried before; empty: nothing yet."""
    said = cursors.get(tx, f"directory plan {entry}")
    return from_json(DirectoryResult, said) if said else DirectoryResult()


def plan(tx: Connection, entry: int, result: DirectoryResult) -> None:
    """Note what the update in *entry* is about to change, before it does: a crash then loses nothing of it."""
    cursors.put(tx, f"directory plan {entry}", to_json(result))


def told(tx: Connection, partner: PartnerId, office: str) -> Mapping[str, str]:
    """Return who of *office* was ever told to *partner*: names by index."""
    said = cursors.get(tx, f"directory told {partner} {folded(office)}")
    return json.loads(said) if said else {}


def note_told(tx: Connection, partner: PartnerId, office: str, names: Mapping[str, str]) -> None:
    """Add *names* (by index) to those who were told."""
    known = {**told(tx, partner, office), **names}
    cursors.put(tx, f"directory told {partner} {folded(office)}", json.dumps(known, ensure_ascii=False))


def answered(tx: Connection, entry: int) -> Answered | None:
    """Return what the partner told last of the directory that letter *entry* of ours carried; None: nothing."""
    said = cursors.get(tx, f"directory answer {entry}")
    return from_json(Answered, said) if said else None


def note_answered(tx: Connection, entry: int, answer: Answered) -> None:
    """Keep *answer* to letter *entry* of ours, unless a newer one is known."""
    before = answered(tx, entry)
    if before is None or answer.sent_at >= before.sent_at:
        cursors.put(tx, f"directory answer {entry}", to_json(answer))
