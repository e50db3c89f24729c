# SPDX-License-Identifier: GPL-3.0-or-later
"""Documents that go out: marked for an organisation, sent again, taken back, completed afterwards, answered."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from gateway.edms_adapter.registry.people.cards import link, write_card
from gateway.edms_adapter.registry.people.looking import card
from gateway.edms_adapter.registry.people.rows import add, correspondent_key, do, one, person_key, rows
from gateway.edms_adapter.registry.people.staff import chosen
from gateway.edms_adapter.sql.database import Work

ANSWERS = "В ответ на"


def send(work: Work, card_key: int, index: str, *, clerk: str, now: datetime, to: str = "", post: str = "") -> int:
    """Mark a card "send to organisation *index*, to official *to*"; returns the key of the dispatch row.

    An official of that organisation's directory is chosen by exchange index or name; others are written by hand.
    Asked again for the same organisation, only the official is added.
    """
    organisation = correspondent_key(work, index)
    official = chosen(work, index, to)
    add(
        work,
        "addressee",
        card_id=card_key,
        correspondent_id=organisation,
        department=official.department if official else None,
        name=official.name if official else to or None,
        post=official.post if official else post or None,
        official_id=official.id if official else None,
    )
    asked = rows(
        work,
        "select id from dispatch where card_id = :card and correspondent_id = :organisation",
        card=card_key,
        organisation=organisation,
    )
    if asked:
        return int(asked[0].id)
    return add(
        work,
        "dispatch",
        card_id=card_key,
        correspondent_id=organisation,
        clerk_id=person_key(work, clerk),
        asked_at=now,
    )


def send_again(work: Work, dispatch_key: int, *, now: datetime) -> None:
    """Put a dispatch that failed, was refused or was taken back into the queue again."""
    do(
        work,
        "update dispatch set state = 'to send', asked_at = :now, withdraw_asked_at = null, withdraw_why = null,"
        " withdrawal = null where id = :key",
        key=dispatch_key,
        now=now,
    )


def withdraw(work: Work, dispatch_key: int, why: str, *, now: datetime) -> None:
    """Want a document back; what became of that is written on the dispatch row."""
    do(
        work,
        "update dispatch set withdraw_asked_at = :now, withdraw_why = :why, withdrawal = null where id = :key",
        key=dispatch_key,
        now=now,
        why=why,
    )


def send_changes(work: Work, dispatch_key: int, *, now: datetime) -> None:
    """Send what changed on the card since it was last sent there."""
    do(
        work,
        "update dispatch set changes_asked = changes_asked + 1, changes_state = 'to send', changes_words = null,"
        " asked_at = :now where id = :key",
        key=dispatch_key,
        now=now,
    )


def answer(
    work: Work,
    incoming: int,
    subject: str,
    files: Mapping[str, bytes],
    *,
    signer: str,
    drafter: str,
    now: datetime,
    uid: str = "",
    store: Path | None = None,
) -> int:
    """Register an outgoing document that answers an incoming one, and send it to its sender; returns its key."""
    question = card(work, incoming)
    key = write_card(work, subject, files, signer=signer, drafter=drafter, now=now, uid=uid, store=store)
    link(work, key, incoming, ANSWERS, now=now)
    organisation = one(work, "select * from correspondent where id = :key", key=question.correspondent_id)
    send(work, key, organisation.exchange_index, clerk=drafter, now=now, to=question.partner_signer or "")
    return key
