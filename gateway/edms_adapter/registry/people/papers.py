# SPDX-License-Identifier: GPL-3.0-or-later
"""Papers in a clerk's hands: the folder of those that wait, and originals that come by post.

A paper that waits is registered, put onto a card that is there, refused, or taken note of; each of them once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from gateway.edms_adapter.registry.people.cards import move_contents, next_number
from gateway.edms_adapter.registry.people.instructions import forward
from gateway.edms_adapter.registry.people.looking import card
from gateway.edms_adapter.registry.people.rows import (
    add,
    changed,
    correspondent_key,
    default_group,
    do,
    group_of,
    office_key,
    person_key,
    rows,
)
from gateway.edms_adapter.sql.database import Work
from gateway.edms_adapter.sql.values import Record

REFUSED, NOTED_CODE = 1016, 1020  # the reason of a refusal that names no other; that of a paper taken note of
NOTED = "Принят к сведению без регистрации"
ARRIVED = "подлинник получен {:%d.%m.%Y}"


@dataclass(frozen=True, slots=True)
class Entered:
    """Where a paper that came by post is now."""

    card: int
    known: bool  # True: on a card that was there; False: a new one was made


# --- the folder of papers that wait -------------------------------------------------------------------------------


def register_waiting(
    work: Work, card_key: int, *, by: str, to: Sequence[str], now: datetime, on: date | None = None, number: str = ""
) -> str:
    """Register a paper that waited and put it into inboxes; returns its number.

    One that waited because nobody knew which of our organisations it is for becomes the registrar's own's.
    *number* is one given by hand; empty: the next of the counter.  *on* is the date of registration (UTC's date of
    *now* when not given).  Executors of instructions that came with it find a notice in their inboxes.
    Raises ValueError when it does not wait, or another card of its journal has that number in that year.
    """
    paper, day = _waiting(work, card_key), on or now.date()
    office = paper.office_id or office_key(work, by)
    group = group_of(work, paper.group_id) if paper.group_id else default_group(work, "in", office)
    number = number.strip() or f"{group.prefix or ''}{next_number(work, group.journal_id, day.year)}"
    if taken := _number_taken(work, number, group.journal_id, day.year):
        raise ValueError(f"the number {number} is that of card {taken}: choose another one, or attach the paper to it")
    correspondent = paper.correspondent_id or _correspondent(work, paper.sender_index)
    _decide(work, card_key, "registered", by, now)
    do(
        work,
        "update card set number = :number, reg_date = :day, group_id = :grp, office_id = :office,"
        " correspondent_id = :sender where id = :key",
        number=number,
        day=day,
        grp=group.id,
        office=office,
        sender=correspondent,
        key=card_key,
    )
    for name in to:
        forward(work, card_key, name, by=by, now=now)
    _notify_executors(work, card_key, by, now)
    return number


def join_waiting(work: Work, card_key: int, existing: int, *, by: str, now: datetime) -> None:
    """Say that a paper that waited belongs to the *existing* card: what is new in it moves there.

    Whoever has that card in his inbox finds a notice.  Raises ValueError unless the paper waits and the card is a
    registered incoming one, or for a draft the draft's; and of the same sender, who will hear what is done with it.
    """
    paper, target = _waiting(work, card_key), card(work, existing)
    if target.direction != "in" or target.state != ("draft" if paper.draft_status else "registered"):
        raise ValueError(f"card {existing} is no registered incoming document")
    if None not in (paper.office_id, target.office_id) and paper.office_id != target.office_id:
        raise ValueError(f"card {existing} is of another organisation of ours")
    if paper.correspondent_id != target.correspondent_id:
        raise ValueError(f"card {existing} is of another sender")
    _decide(work, card_key, "joined", by, now, joined_to=existing)
    known = "update card set partner_uid = coalesce(partner_uid, :uid) where id = :key"
    do(work, known, uid=paper.partner_uid, key=existing)
    move_contents(work, card_key, existing)
    words = f"добавлено поступившее: {paper.subject or paper.waits_because}"
    _notify_holders(work, existing, words, by, now)


def refuse_waiting(
    work: Work, card_key: int, words: str = "", *, by: str, now: datetime, reason: int = REFUSED
) -> None:
    """Refuse a paper that waited, for a *reason* of the list (its code), in its words and *words* of one's own.

    With words of one's own the plain reason 1016 needs none of the list.  LookupError for a code that is not there.
    """
    _waiting(work, card_key)
    chosen = next((row for row in refusal_reasons(work) if row.code == reason), None)
    if chosen is None:
        raise LookupError(f"the list has no reason {reason}")
    listed = "" if words and chosen.code == REFUSED else chosen.text
    text = ": ".join(part for part in (listed, words.strip()) if part)
    _decide(work, card_key, "refused", by, now, refusal=text, refusal_code=chosen.code)


def note_waiting(work: Work, card_key: int, words: str = "", *, by: str, now: datetime) -> None:
    """Take note of a paper that waited, without registering it."""
    _waiting(work, card_key)
    text = ": ".join(part for part in (NOTED, words.strip()) if part)
    _decide(work, card_key, "noted", by, now, refusal=text, refusal_code=NOTED_CODE)


def refusal_reasons(work: Work) -> list[Record]:
    """Return the list a clerk chooses from, by code."""
    return rows(work, "select * from refusal_reason order by code")


# --- paper that comes by post -------------------------------------------------------------------------------------


def enter_paper(
    work: Work,
    index: str,
    number: str,
    date: date,
    *,
    by: str,
    now: datetime,
    on: date | None = None,
    subject: str = "",
    to: Sequence[str] = (),
) -> Entered:
    """Enter a paper that came by post from organisation *index*, under its outgoing number and date.

    When its document is here already, registered or waiting, the original is noted on that card, its holders find a
    notice, and nothing is registered; else the paper gets a card of its own, in the inboxes *to*.
    *on* is the calendar date of its coming (UTC's date of *now* when not given).
    """
    sender, day = correspondent_key(work, index), on or now.date()
    known = _electronic(work, sender, number, date, office_key(work, by))
    if known is None:
        key = _paper_card(work, sender, number, date, subject, by=by, now=now, on=day)
        for name in to:
            forward(work, key, name, by=by, now=now)
        return Entered(key, known=False)
    if known.original_at is None:
        do(
            work,
            "update card set original_at = :now, original_by = :person where id = :key",
            now=now,
            person=person_key(work, by),
            key=known.id,
        )
        _notify_holders(work, known.id, ARRIVED.format(day), by, now)
    return Entered(int(known.id), known=True)


def _electronic(work: Work, sender: int, number: str, day: date, office: int | None) -> Record | None:
    """Return the card of a document that came by mail to *office*, or to nobody's in particular."""
    found = rows(
        work,
        "select id, original_at from card where direction = 'in' and state in ('registered', 'waiting')"
        " and correspondent_id = :sender and partner_date = :day and lower(trim(partner_number)) = lower(trim(:number))"
        " and (office_id is null or office_id = coalesce(:office, office_id))"
        " order by case state when 'registered' then 0 else 1 end, id limit 1",
        sender=sender,
        day=day,
        number=number,
        office=office,
    )
    return found[0] if found else None


def _paper_card(
    work: Work, sender: int, number: str, day: date, subject: str, *, by: str, now: datetime, on: date
) -> int:
    office = office_key(work, by)
    group = default_group(work, "in", office)
    return add(
        work,
        "card",
        office_id=office,
        direction="in",
        state="registered",
        group_id=group.id,
        number=f"{group.prefix or ''}{next_number(work, group.journal_id, on.year)}",
        reg_date=on,
        subject=subject,
        made_at=now,
        correspondent_id=sender,
        partner_number=number.strip(),
        partner_date=day,
        original_at=now,
        original_by=person_key(work, by),
    )


# --- parts --------------------------------------------------------------------------------------------------------


def _waiting(work: Work, card_key: int) -> Record:
    paper = card(work, card_key)
    if paper.state != "waiting":
        raise ValueError(f"card {card_key} does not wait: it is {paper.state}")
    return paper


def _decide(work: Work, card_key: int, state: str, by: str, now: datetime, **values: object) -> None:
    """Write the decision; raises ValueError when somebody else has decided meanwhile."""
    decided = changed(
        work,
        "update card set state = :state, decided_at = :now, decided_by = :person, refusal = :refusal,"
        " refusal_code = :code, joined_to = :joined where id = :key and state = 'waiting'",
        state=state,
        now=now,
        person=person_key(work, by),
        refusal=values.get("refusal"),
        code=values.get("refusal_code"),
        joined=values.get("joined_to"),
        key=card_key,
    )
    if not decided:
        raise ValueError(f"card {card_key} does not wait any more")


def _number_taken(work: Work, number: str, journal: int, year: int) -> int | None:
    same = rows(
        work,
        "select c.id, c.reg_date from card c join doc_group g on g.id = c.group_id"
        " where c.state = 'registered' and c.number = :number and g.journal_id = :journal order by c.id",
        number=number,
        journal=journal,
    )
    return next((int(row.id) for row in same if str(row.reg_date)[:4] == str(year)), None)


def _correspondent(work: Work, index: str | None) -> int | None:
    """Return the organisation with that index, which somebody may have added while the paper waited."""
    found = rows(
        work,
        "select id from correspondent where lower(trim(exchange_index)) = lower(trim(:index))",
        index=index or "",
    )
    return int(found[0].id) if found else None


def _notify_executors(work: Work, card_key: int, by: str, now: datetime) -> None:
    asked = rows(
        work,
        "select e.inbox_id, i.text from executor e join instruction i on i.id = e.instruction_id"
        " where i.card_id = :card and i.external and e.inbox_id is not null and not e.removed order by e.id",
        card=card_key,
    )
    for executor in asked:
        _notice(work, executor.inbox_id, card_key, f"Поручение: {executor.text}", by, now)


def _notify_holders(work: Work, card_key: int, words: str, by: str, now: datetime) -> None:
    holders = rows(
        work,
        "select distinct inbox_id from inbox_row where card_id = :card and kind = 'document' order by inbox_id",
        card=card_key,
    )
    for holder in holders:
        _notice(work, holder.inbox_id, card_key, words, by, now)


def _notice(work: Work, inbox: int, card_key: int, words: str, by: str, now: datetime) -> None:
    person = person_key(work, by)
    add(work, "inbox_row", inbox_id=inbox, card_id=card_key, kind="notice", at=now, by_id=person, text=words)
