# SPDX-License-Identifier: GPL-3.0-or-later
"""Journals: their years are opened, by themselves or by a person."""

from gateway.edms_adapter.registry.people.rows import do, one, rows
from gateway.edms_adapter.sql.database import Work
from gateway.edms_adapter.sql.values import Record


def open_by_hand(work: Work, journal: str) -> None:
    """Say that from now on a person opens each year of *journal*."""
    found = one(work, "select id from journal where lower(name) = lower(:name)", name=journal)
    do(work, "update journal set opened_by_hand = :yes where id = :key", yes=True, key=found.id)


def open_year(work: Work, journal: str, year: int, *, first: int = 1) -> None:
    """Open a year of *journal*: its numbers begin with *first*; one that is open stays as it is."""
    found = one(work, "select id from journal where lower(name) = lower(:name)", name=journal)
    do(
        work,
        "insert into counter (journal_id, year, last) select :key, :year, :last"
        " where not exists (select 1 from counter where journal_id = :key and year = :year)",
        key=found.id,
        year=year,
        last=first - 1,
    )


def journals(work: Work) -> list[Record]:
    """Return every journal with each of its open years and the last number given there, oldest first."""
    return rows(
        work,
        "select j.*, c.year, c.last from journal j left join counter c on c.journal_id = j.id order by j.id, c.year",
    )
