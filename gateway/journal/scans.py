# SPDX-License-Identifier: GPL-3.0-or-later
"""What a scanner said of the files of an entry, and whether it is left alone at the moment."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select

from gateway.journal import schema
from gateway.model import Sha256
from gateway.ports import Verdict

S, P = schema.scans.c, schema.scanner_pause.c


@dataclass(frozen=True, slots=True)
class Scan:
    """One file of one entry, looked into once."""

    entry: int
    at: datetime
    sha256: Sha256
    name: str  # of the file, as shown to people; empty: the letter does not name it
    size: int  # bytes
    verdict: Verdict
    signature: str  # what was found; empty: nothing
    engine: str  # the scanner and its versions, in its own words


@dataclass(frozen=True, slots=True)
class Pause:
    """The scanner does not work: nobody asks it before `retry_at`, and what it has to look into waits."""

    opened_at: datetime
    retry_at: datetime
    failures: int  # in a row
    words: str  # what it said last, or what became of the attempt


def note(tx: Connection, scan: Scan) -> None:
    """Keep *scan*."""
    row = {"entry": scan.entry, "at": scan.at, "sha256": scan.sha256, "name": scan.name, "size": scan.size}
    tx.execute(
        insert(schema.scans),
        row | {"verdict": scan.verdict.value, "signature": scan.signature, "engine": scan.engine},
    )


def of(tx: Connection, entry: int) -> tuple[Scan, ...]:
    """Return every look into the files of *entry*, the oldest first."""
    columns = (S.entry, S.at, S.sha256, S.name, S.size, S.verdict, S.signature, S.engine)
    rows = tx.execute(select(*columns).where(S.entry == entry).order_by(S.id))
    return tuple(
        Scan(row.entry, row.at, Sha256(row.sha256), row.name, row.size, Verdict(row.verdict), row.signature, row.engine)
        for row in rows
    )


def clean_since(tx: Connection, entry: int, moment: datetime) -> frozenset[Sha256]:
    """Return the files of *entry* that were found clean after *moment*."""
    found = select(S.sha256).where(S.entry == entry, S.verdict == Verdict.CLEAN.value, S.at > moment)
    return frozenset(Sha256(one) for one in tx.execute(found).scalars())


def pause(tx: Connection) -> Pause | None:
    """Return how long the scanner is left alone; None: it works, as far as is known."""
    row = tx.execute(select(P.opened_at, P.retry_at, P.failures, P.words)).one_or_none()
    return None if row is None else Pause(row.opened_at, row.retry_at, row.failures, row.words)


def set_pause(tx: Connection, stands: Pause | None) -> None:
    """Write down that the scanner is left alone, or that it works again (None)."""
    tx.execute(delete(schema.scanner_pause))
    if stands is not None:
        row = {"opened_at": stands.opened_at, "retry_at": stands.retry_at, "failures": stands.failures}
        tx.execute(insert(schema.scanner_pause), row | {"words": stands.words, "id": 1})
