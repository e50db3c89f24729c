# SPDX-License-Identifier: GPL-3.0-or-later
"""The folder of papers that wait for a person: registered, refused, put onto a card that is there."""

from collections.abc import Sequence
from datetime import date, datetime

from gateway.edms_adapter.registry.people.cards import next_number
from gateway.edms_adapter.registry.people.instructions import forward
from gateway.edms_adapter.registry.people.looking import card
from gateway.edms_adapter.registry.people.rows import default_group, do, group_of, office_key, person_key
from gateway.edms_adapter.sql.database import Work


def register_waiting(
    work: Work, card_key: int, *, by: str, to: Sequence[str], now: datetime, on: date | None = None
) -> str:
    """Register a paper that waited and put it into inboxes; returns its number.

    One that waited because nobody knew which of our organisations it is for becomes the registrar's own's.
    """
    paper = card(work, card_key)
    day = on or now.date()
    office = paper.office_id or office_key(work, by)
    group = group_of(work, paper.group_id) if paper.group_id else default_group(work, "in", office)
    number = f"{group.prefix or ''}{next_number(work, group.journal_id, day.year)}"
    do(
        work,
        "update card set state = 'registered', number = :number, reg_date = :day, group_id = :grp, office_id = :office,"
        " decided_at = :now,"
        " decided_by = :person where id = :key",
        number=number,
        day=day,
        grp=group.id,
        office=office,
        now=now,
        person=person_key(work, by),
        key=card_key,
    )
    for name in to:
        forward(work, card_key, name, by=by, now=now)
    return number


def refuse_waiting(work: Work, card_key: int, words: str, *, by: str, now: datetime) -> None:
    """Refuse a paper that waited."""
    _decide(work, card_key, "refused", by, now, refusal=words)


def join_waiting(work: Work, card_key: int, existing: int, *, by: str, now: datetime) -> None:
    """Say that a paper that waited is registered already: its files move to the *existing* card."""
    _decide(work, card_key, "joined", by, now, joined_to=existing)
    do(work, "update card_file set card_id = :existing where card_id = :key", existing=existing, key=card_key)


def _decide(work: Work, card_key: int, state: str, by: str, now: datetime, **values: object) -> None:
    do(
        work,
        "update card set state = :state, decided_at = :now, decided_by = :person, refusal = :refusal,"
        " joined_to = :joined where id = :key and state = 'waiting'",
        state=state,
        now=now,
        person=person_key(work, by),
        refusal=values.get("refusal"),
        joined=values.get("joined_to"),
        key=card_key,
    )
