# SPDX-License-Identifier: GPL-3.0-or-later
"""Journals: their years are opened, by themselves or by a person."""

from gateway.edms_adapter.registry.people.rows import do, one
from gateway.edms_adapter.sql.database import Work


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
