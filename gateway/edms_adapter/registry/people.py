# SPDX-License-Identifier: GPL-3.0-or-later
"""What people do in the built-in registry, in its database only: for the demo and the tests.

Nothing here knows that there is a gateway.  Every function takes the open transaction of `at_work` first, and the
moment of the act; people and organisations are named as people name them (a person by surname or full name,
an organisation by its exchange index).
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from hashlib import sha256
from pathlib import Path
from uuid import uuid4

from sqlalchemy import bindparam, insert, text

from gateway.edms_adapter.registry.schema import metadata
from gateway.edms_adapter.sql.association import untyped
from gateway.edms_adapter.sql.database import Database, Work
from gateway.edms_adapter.sql.values import Record

INLINE_BYTES = 131_072  # LIMIT: larger files go into the file store
ANSWERS, ANSWERED_BY = "В ответ на", "Ответ"


@contextmanager
def at_work(url: str) -> Iterator[Work]:
    """Open a transaction of the registry's users; what they did is there for others when the block ends."""
    database = Database(url, UTC)
    try:
        with database.writing() as work:
            yield work
    finally:
        database.close()


# --- looking ------------------------------------------------------------------------------------------------------


def card(work: Work, key: int) -> Record:
    """Return a card; LookupError when there is none."""
    return _one(work, "select * from card where id = :key", key=key)


def card_of(work: Work, partner_number: str) -> Record:
    """Return the newest incoming card with the sender's number."""
    return _one(
        work,
        "select * from card where direction = 'in' and partner_number = :n order by id desc limit 1",
        n=partner_number,
    )


def waiting(work: Work) -> list[Record]:
    """Return the folder of papers that wait for a person."""
    return rows(work, "select * from card where state = 'waiting' order by id")


def inbox(work: Work, name: str) -> list[Record]:
    """Return what lies in the inbox of a person or department, oldest first."""
    return rows(
        work,
        "select r.*, c.number, c.subject from inbox_row r join inbox i on i.id = r.inbox_id"
        " join card c on c.id = r.card_id where lower(i.name) like lower(:name) || '%' order by r.id",
        name=name,
    )


def ladder(work: Work, card_key: int) -> list[Record]:
    """Return the dispatch rows of a card with the partner's name, in the order they were asked for."""
    return rows(
        work,
        "select s.*, t.short_name as partner, t.exchange_index from dispatch s"
        " join correspondent t on t.id = s.correspondent_id where s.card_id = :card order by s.id",
        card=card_key,
    )


def news(work: Work, card_key: int) -> list[Record]:
    """Return the partner's news on a card, in the order they came."""
    return rows(work, "select * from card_news where card_id = :card order by id", card=card_key)


def linked(work: Work, card_key: int) -> list[Record]:
    """Return the cards linked to a card, in the order they were linked."""
    return rows(
        work,
        "select o.*, k.kind as link from card_link k join card o on o.id = k.other_id where k.card_id = :card"
        " order by k.id",
        card=card_key,
    )


# --- sending ------------------------------------------------------------------------------------------------------


def write_card(
    work: Work,
    subject: str,
    files: Mapping[str, bytes],
    *,
    signer: str,
    drafter: str,
    now: datetime,
    on: date | None = None,
    uid: str = "",
    store: Path | None = None,
    deadline: date | None = None,
) -> int:
    """Register an outgoing document with its files; returns the key of its card.

    *on* is the date of registration (UTC's date of *now* when not given); a file over 128 KiB needs the *store*.
    """
    day = on or now.date()
    group = _one(
        work,
        "select g.*, j.prefix from doc_group g join journal j on j.id = g.journal_id"
        " where direction = 'out' and is_default",
    )
    key = _add(
        work,
        "card",
        uid=uid or str(uuid4()),
        direction="out",
        state="registered",
        group_id=group.id,
        number=f"{group.prefix or ''}{_next_number(work, group.journal_id, day.year)}",
        reg_date=day,
        subject=subject,
        made_at=now,
        deadline=deadline,
        signer_id=_person(work, signer),
        drafter_id=_person(work, drafter),
    )
    for position, (name, content) in enumerate(files.items(), 1):
        _put_file(work, key, position, name, content, store)
    return key


def send(work: Work, card_key: int, index: str, *, clerk: str, now: datetime, to: str = "", post: str = "") -> int:
    """Mark a card "send to organisation *index*, to official *to*"; returns the key of the dispatch row.

    Asked again for the same organisation, only the official is added.
    """
    organisation = _one(work, "select * from correspondent where lower(exchange_index) = lower(:index)", index=index)
    _add(work, "addressee", card_id=card_key, correspondent_id=organisation.id, name=to or None, post=post or None)
    asked = rows(
        work,
        "select id from dispatch where card_id = :card and correspondent_id = :organisation",
        card=card_key,
        organisation=organisation.id,
    )
    if asked:
        return int(asked[0].id)
    return _add(
        work,
        "dispatch",
        card_id=card_key,
        correspondent_id=organisation.id,
        clerk_id=_person(work, clerk),
        asked_at=now,
    )


def send_again(work: Work, dispatch_key: int, *, now: datetime) -> None:
    """Put a failed dispatch back into the queue."""
    _do(work, "update dispatch set state = 'to send', asked_at = :now where id = :key", key=dispatch_key, now=now)


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
    _add(work, "card_link", card_id=key, other_id=incoming, kind=ANSWERS, at=now)
    _add(work, "card_link", card_id=incoming, other_id=key, kind=ANSWERED_BY, at=now)
    organisation = _one(work, "select * from correspondent where id = :key", key=question.correspondent_id)
    send(work, key, organisation.exchange_index, clerk=drafter, now=now, to=question.partner_signer or "")
    return key


# --- work with an incoming document -------------------------------------------------------------------------------


def forward(work: Work, card_key: int, to: str, *, by: str, now: datetime) -> int:
    """Put a card into one more inbox."""
    target = _one(work, "select * from inbox where lower(name) like lower(:name) || '%'", name=to)
    return _add(
        work, "inbox_row", inbox_id=target.id, card_id=card_key, kind="document", at=now, by_id=_person(work, by)
    )


def instruct(
    work: Work,
    card_key: int,
    words: str,
    *,
    author: str,
    executors: Sequence[str],
    now: datetime,
    deadline: date | None = None,
    under: int | None = None,
    uid: str = "",
    organisation: str = "",
) -> int:
    """Issue an instruction; the first of *executors* is responsible, with a *deadline* it is under control.

    *under* is the instruction it hangs on (one that came with the document makes it its own execution).
    With *organisation* (a name) the executors are somebody else's people: on a card that will be sent there.
    """
    above = _one(work, "select * from instruction where id = :key", key=under) if under else None
    key = _add(
        work,
        "instruction",
        card_id=card_key,
        uid=uid or str(uuid4()),
        parent_id=under,
        initial_uid=(above.uid if above.external else above.initial_uid) if above else None,
        author_id=_person(work, author),
        text=words,
        deadline=deadline,
        controlled=deadline is not None,
        issued_at=now,
    )
    for place, name in enumerate(executors):
        theirs = {"name": name, "organisation": organisation} if organisation else {"person_id": _person(work, name)}
        _add(work, "executor", instruction_id=key, responsible=place == 0, **theirs)
    return key


def change_deadline(work: Work, instruction: int, deadline: date, *, by: str, now: datetime) -> None:
    _do(
        work,
        "update instruction set deadline = :deadline, controlled = :yes where id = :key",
        deadline=deadline,
        yes=True,
        key=instruction,
    )
    _note(work, instruction, "due", by, now)


def note_progress(work: Work, instruction: int, words: str, *, by: str, now: datetime) -> None:
    _do(work, "update instruction set progress = :words where id = :key", words=words, key=instruction)
    _note(work, instruction, "progress", by, now, words)


def change_executors(work: Work, instruction: int, executors: Sequence[str], *, by: str, now: datetime) -> None:
    """Replace the executors; the first is responsible."""
    _do(work, "update executor set removed = :yes where instruction_id = :key", yes=True, key=instruction)
    for place, name in enumerate(executors):
        _add(work, "executor", instruction_id=instruction, responsible=place == 0, person_id=_person(work, name))
    _note(work, instruction, "executors", by, now)


def report(work: Work, instruction: int, words: str, *, by: str, now: datetime, status: str = "Исполнено") -> int:
    """Write an executor's report; who is none of the executors joins them."""
    person = _person(work, by)
    found = rows(
        work,
        "select e.id from executor e left join inbox i on i.id = e.inbox_id where e.instruction_id = :key"
        " and not e.removed and (e.person_id = :person or i.person_id = :person)",
        key=instruction,
        person=person,
    )
    executor = found[0].id if found else _add(work, "executor", instruction_id=instruction, person_id=person)
    return _add(work, "execution", instruction_id=instruction, executor_id=executor, text=words, status=status, at=now)


def close(work: Work, instruction: int, resume: str, *, by: str, now: datetime, on: date | None = None) -> None:
    """Take an instruction off control: executed."""
    _do(
        work,
        "update instruction set state = 'closed', fact_date = :day, resume = :resume where id = :key",
        day=on or now.date(),
        resume=resume,
        key=instruction,
    )
    _note(work, instruction, "closed", by, now, resume)


def reopen(work: Work, instruction: int, words: str, *, by: str, now: datetime) -> None:
    _do(work, "update instruction set state = 'open', fact_date = null, resume = null where id = :key", key=instruction)
    _note(work, instruction, "reopened", by, now, words)


def cancel(work: Work, instruction: int, words: str, *, by: str, now: datetime) -> None:
    _do(work, "update instruction set state = 'cancelled' where id = :key", key=instruction)
    _note(work, instruction, "cancelled", by, now, words)


def go_away(work: Work, name: str, first: date, last: date, *, deputy: str) -> None:
    """Note that somebody is away from *first* to *last*, and who takes the papers meanwhile."""
    _do(
        work,
        "update person set away_from = :first, away_until = :last, deputy_id = :deputy where id = :key",
        first=first,
        last=last,
        deputy=_person(work, deputy),
        key=_person(work, name),
    )


# --- papers that wait ---------------------------------------------------------------------------------------------


def register_waiting(
    work: Work, card_key: int, *, by: str, to: Sequence[str], now: datetime, on: date | None = None
) -> str:
    """Register a paper that waited and put it into inboxes; returns its number."""
    paper = card(work, card_key)
    day = on or now.date()
    group = _one(
        work,
        "select g.*, j.prefix from doc_group g join journal j on j.id = g.journal_id"
        " where g.id = :asked or (:any = 1 and g.direction = 'in' and g.is_default)",
        asked=paper.group_id or 0,
        any=0 if paper.group_id else 1,
    )
    number = f"{group.prefix or ''}{_next_number(work, group.journal_id, day.year)}"
    _do(
        work,
        "update card set state = 'registered', number = :number, reg_date = :day, group_id = :grp, decided_at = :now,"
        " decided_by = :person where id = :key",
        number=number,
        day=day,
        grp=group.id,
        now=now,
        person=_person(work, by),
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
    _do(work, "update card_file set card_id = :existing where card_id = :key", existing=existing, key=card_key)


def _decide(work: Work, card_key: int, state: str, by: str, now: datetime, **values: object) -> None:
    _do(
        work,
        "update card set state = :state, decided_at = :now, decided_by = :person, refusal = :refusal,"
        " joined_to = :joined where id = :key and state = 'waiting'",
        state=state,
        now=now,
        person=_person(work, by),
        refusal=values.get("refusal"),
        joined=values.get("joined_to"),
        key=card_key,
    )


# --- rows ---------------------------------------------------------------------------------------------------------


def _next_number(work: Work, journal: int, year: int) -> int:
    advance = "update counter set last = last + 1 where journal_id = :journal and year = :year"
    if work.run(text(advance), {"journal": journal, "year": year}).rowcount == 0:
        start = "insert into counter (journal_id, year, last) values (:journal, :year, 1)"
        work.run(text(start), {"journal": journal, "year": year})
        return 1
    row = _one(
        work, "select last from counter where journal_id = :journal and year = :year", journal=journal, year=year
    )
    return int(row.last)


def _put_file(work: Work, card_key: int, position: int, name: str, content: bytes, store: Path | None) -> None:
    digest = sha256(content).hexdigest()
    where: dict[str, object] = {"content": content}
    if len(content) > INLINE_BYTES:
        if store is None:
            raise ValueError(f"{name!r} has {len(content)} bytes: say where the file store is")
        where = {"path": f"out/{card_key}-{position}-{digest}"}
        place = store / f"out/{card_key}-{position}-{digest}"
        place.parent.mkdir(parents=True, exist_ok=True)
        with place.open("wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
    _add(
        work,
        "card_file",
        card_id=card_key,
        position=position,
        name=name,
        size=len(content),
        sha256=digest,
        media_type="application/octet-stream",
        role="text" if position == 1 else "annex",
        **where,
    )


def _note(work: Work, instruction: int, kind: str, by: str, now: datetime, words: str | None = None) -> None:
    _add(
        work,
        "instruction_change",
        instruction_id=instruction,
        kind=kind,
        person_id=_person(work, by),
        text=words,
        at=now,
    )


def _person(work: Work, name: str) -> int:
    found = _one(work, "select id from person where lower(name) like lower(:name) || '%'", name=name)
    return int(found.id)


def _add(work: Work, table: str, /, **values: object) -> int:
    target = untyped(metadata.tables[table])
    statement = insert(target).values({name: bindparam(name) for name in values}).returning(target.c.id)
    return int(work.run(statement, values).scalar_one())


def _do(work: Work, sql: str, **values: object) -> None:
    work.run(text(sql), values)


def rows(work: Work, sql: str, **values: object) -> list[Record]:
    """Return the rows of a query of the user's own, with *values* bound by name."""
    return work.ask(text(sql), values)


def _one(work: Work, sql: str, **values: object) -> Record:
    row = next(iter(work.ask(text(sql), values)), None)
    if row is None:
        raise LookupError(f"nothing found: {values}")
    return row
