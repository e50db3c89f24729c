# SPDX-License-Identifier: GPL-3.0-or-later
"""What people correct about a card's registration: its number, or that it has one at all."""

from datetime import date, datetime

from gateway.edms_adapter.registry.people.looking import card
from gateway.edms_adapter.registry.people.rows import add, do, person_key
from gateway.edms_adapter.sql.database import Work


def renumber(work: Work, card_key: int, number: str, on: date, *, by: str, now: datetime) -> None:
    """Give a registered card another number and date; one that was taken off registration stands registered again."""
    do(
        work,
        "update card set state = 'registered', number = :number, reg_date = :day where id = :key",
        number=number,
        day=on,
        key=card_key,
    )
    _note(work, card_key, "renumbered", number, on, by, now)


def deregister(work: Work, card_key: int, why: str, *, by: str, now: datetime) -> None:
    """Take a card off registration; what was registered under its number stays readable on it."""
    row = card(work, card_key)
    do(work, "update card set state = 'deregistered' where id = :key", key=card_key)
    _note(work, card_key, "deregistered", row.number, row.reg_date, by, now, why)


def restrict(work: Work, card_key: int, access: str) -> None:
    """Put an access level onto a card."""
    do(work, "update card set access = :access where id = :key", access=access, key=card_key)


def _note(
    work: Work,
    card_key: int,
    kind: str,
    number: object,
    day: object,
    by: str,
    now: datetime,
    words: str | None = None,
) -> None:
    person = person_key(work, by)
    add(
        work,
        "card_change",
        card_id=card_key,
        kind=kind,
        number=number,
        reg_date=day,
        person_id=person,
        text=words,
        at=now,
    )
