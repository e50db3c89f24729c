# SPDX-License-Identifier: GPL-3.0-or-later
"""Work with a document: put before people, instructed, reported, taken off control."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from uuid import uuid4

from gateway.edms_adapter.registry.people.cards import put_file
from gateway.edms_adapter.registry.people.rows import add, do, inbox_key, one, person_key, rows
from gateway.edms_adapter.sql.database import Work


def forward(work: Work, card_key: int, to: str, *, by: str, now: datetime) -> int:
    """Put a card into one more inbox; of two of one name, into that of the organisation whose card it is."""
    target, person = inbox_key(work, to, card_key), person_key(work, by)
    return add(work, "inbox_row", inbox_id=target, card_id=card_key, kind="document", at=now, by_id=person)


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
    With *organisation* (an exchange index or a name) the executors are somebody else's people: on a card that will be
    sent there.  A name that no correspondent has stays a name, and the instruction is then nobody's there.
    """
    above = one(work, "select * from instruction where id = :key", key=under) if under else None
    key = add(
        work,
        "instruction",
        card_id=card_key,
        uid=uid or str(uuid4()),
        parent_id=under,
        initial_uid=(above.uid if above.external else above.initial_uid) if above else None,
        author_id=person_key(work, author),
        text=words,
        deadline=deadline,
        controlled=deadline is not None,
        issued_at=now,
    )
    elsewhere = _elsewhere(work, organisation) if organisation else {}
    for place, name in enumerate(executors):
        whose = {"name": name, **elsewhere} if organisation else {"person_id": person_key(work, name)}
        add(work, "executor", instruction_id=key, responsible=place == 0, **whose)
    return key


def _elsewhere(work: Work, organisation: str) -> dict[str, object]:
    """Return what an executor's row says of an *organisation* that people call by its index or its name."""
    known = rows(
        work,
        "select id, short_name from correspondent where lower(exchange_index) = lower(:name)"
        " or short_name = :name or full_name = :name",
        name=organisation,
    )
    if len(known) != 1:
        return {"organisation": organisation}
    return {"organisation": known[0].short_name, "correspondent_id": known[0].id}


def change_deadline(work: Work, instruction: int, deadline: date, *, by: str, now: datetime) -> None:
    do(
        work,
        "update instruction set deadline = :deadline, controlled = :yes where id = :key",
        deadline=deadline,
        yes=True,
        key=instruction,
    )
    _note(work, instruction, "due", by, now)


def note_progress(work: Work, instruction: int, words: str, *, by: str, now: datetime) -> None:
    do(work, "update instruction set progress = :words where id = :key", words=words, key=instruction)
    _note(work, instruction, "progress", by, now, words)


def change_executors(work: Work, instruction: int, executors: Sequence[str], *, by: str, now: datetime) -> None:
    """Replace the executors; the first is responsible."""
    do(work, "update executor set removed = :yes where instruction_id = :key", yes=True, key=instruction)
    for place, name in enumerate(executors):
        add(work, "executor", instruction_id=instruction, responsible=place == 0, person_id=person_key(work, name))
    _note(work, instruction, "executors", by, now)


def report(
    work: Work,
    instruction: int,
    words: str,
    *,
    by: str,
    now: datetime,
    status: str = "Исполнено",
    files: Mapping[str, bytes] | None = None,
    store: Path | None = None,
) -> int:
    """Write an executor's report, with *files* when there are any; who is none of the executors joins them."""
    person = person_key(work, by)
    found = rows(
        work,
        "select e.id from executor e left join inbox i on i.id = e.inbox_id where e.instruction_id = :key"
        " and not e.removed and (e.person_id = :person or i.person_id = :person)",
        key=instruction,
        person=person,
    )
    executor = found[0].id if found else add(work, "executor", instruction_id=instruction, person_id=person)
    key = add(work, "execution", instruction_id=instruction, executor_id=executor, text=words, status=status, at=now)
    card = one(work, "select card_id from instruction where id = :key", key=instruction).card_id
    for position, (name, content) in enumerate((files or {}).items(), 1):
        put_file(work, card, position, name, content, store, execution=key)
    return key


def edit_report(work: Work, execution: int, words: str, *, by: str, now: datetime) -> None:
    """Correct the words of an executor's report; only who wrote it may."""
    written = one(
        work,
        "select coalesce(e.person_id, i.person_id) as person from execution x"
        " join executor e on e.id = x.executor_id left join inbox i on i.id = e.inbox_id where x.id = :key",
        key=execution,
    )
    if written.person != person_key(work, by):
        raise ValueError(f"report {execution} is not {by}'s")
    do(
        work,
        "update execution set text = :words, edited_at = :now where id = :key",
        words=words,
        now=now,
        key=execution,
    )


def close(work: Work, instruction: int, resume: str, *, by: str, now: datetime, on: date | None = None) -> None:
    """Take an instruction off control: executed."""
    do(
        work,
        "update instruction set state = 'closed', fact_date = :day, resume = :resume where id = :key",
        day=on or now.date(),
        resume=resume,
        key=instruction,
    )
    _note(work, instruction, "closed", by, now, resume)


def reopen(work: Work, instruction: int, words: str, *, by: str, now: datetime) -> None:
    do(work, "update instruction set state = 'open', fact_date = null, resume = null where id = :key", key=instruction)
    _note(work, instruction, "reopened", by, now, words)


def cancel(work: Work, instruction: int, words: str, *, by: str, now: datetime) -> None:
    do(work, "update instruction set state = 'cancelled' where id = :key", key=instruction)
    _note(work, instruction, "cancelled", by, now, words)


def go_away(work: Work, name: str, first: date, last: date, *, deputy: str) -> None:
    """Note that somebody is away from *first* to *last*, and who takes the papers meanwhile."""
    do(
        work,
        "update person set away_from = :first, away_until = :last, deputy_id = :deputy where id = :key",
        first=first,
        last=last,
        deputy=person_key(work, deputy),
        key=person_key(work, name),
    )


def _note(work: Work, instruction: int, kind: str, by: str, now: datetime, words: str | None = None) -> None:
    add(
        work,
        "instruction_change",
        instruction_id=instruction,
        kind=kind,
        person_id=person_key(work, by),
        text=words,
        at=now,
    )
