# SPDX-License-Identifier: GPL-3.0-or-later
"""Cards and what hangs on them: numbers, files, links."""

import os
from collections.abc import Mapping
from datetime import date, datetime
from hashlib import sha256
from pathlib import Path
from uuid import uuid4

from sqlalchemy import text

from gateway.edms_adapter.registry.people.rows import add, default_group, do, office_key, one, person_key, rows
from gateway.edms_adapter.sql.database import Work
from gateway.edms_adapter.sql.values import Record

INLINE_BYTES = 131_072  # LIMIT: larger files go into the file store


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
    original_follows: bool | None = None,
) -> int:
    """Register an outgoing document with its files; returns the key of its card.

    It is of the signer's organisation, with a number from that one's journal.
    *on* is the date of registration (UTC's date of *now* when not given); a file over 128 KiB needs the *store*.
    *original_follows* says whether paper goes too; None: nothing is said about it.
    """
    day = on or now.date()
    office = office_key(work, signer)
    group = default_group(work, "out", office)
    key = add(
        work,
        "card",
        office_id=office,
        uid=uid or str(uuid4()),
        direction="out",
        state="registered",
        group_id=group.id,
        number=f"{group.prefix or ''}{next_number(work, group.journal_id, day.year)}",
        reg_date=day,
        subject=subject,
        made_at=now,
        deadline=deadline,
        original_follows=original_follows,
        signer_id=person_key(work, signer),
        drafter_id=person_key(work, drafter),
    )
    for position, (name, content) in enumerate(files.items(), 1):
        put_file(work, key, position, name, content, store)
    return key


def link(work: Work, card_key: int, other: int, kind: str, *, now: datetime) -> None:
    """Link a card with another one, both ways: «В ответ на», «Во исполнение» … and what the other card shows.

    LookupError when *kind* is no word of the dictionary of links.
    """
    known = one(work, "select word, reverse from link_kind where lower(word) = lower(:kind)", kind=kind)
    add(work, "card_link", card_id=card_key, other_id=other, kind=known.word, at=now)
    add(work, "card_link", card_id=other, other_id=card_key, kind=known.reverse, at=now)


def add_file(work: Work, card_key: int, name: str, content: bytes, *, store: Path | None = None) -> None:
    """Put one more file onto a card; a file over 128 KiB needs the *store*."""
    last = one(work, "select coalesce(max(position), 0) as position from card_file where card_id = :key", key=card_key)
    put_file(work, card_key, int(last.position) + 1, name, content, store)


def remove_file(work: Work, card_key: int, name: str) -> None:
    """Take a file off a card."""
    do(work, "delete from card_file where card_id = :key and name = :name", key=card_key, name=name)


def change_card_deadline(work: Work, card_key: int, deadline: date) -> None:
    """Move the date by which the whole document shall be done."""
    do(work, "update card set deadline = :deadline where id = :key", key=card_key, deadline=deadline)


def next_number(work: Work, journal: int, year: int) -> int:
    """Take the next number of a journal; LookupError when its year must be opened by hand and is not."""
    advance = "update counter set last = last + 1 where journal_id = :journal and year = :year"
    if work.run(text(advance), {"journal": journal, "year": year}).rowcount == 0:
        start = (
            "insert into counter (journal_id, year, last) select id, :year, 1 from journal"
            " where id = :journal and not opened_by_hand"
        )
        if work.run(text(start), {"journal": journal, "year": year}).rowcount == 0:
            raise LookupError(f"the year {year} of this journal is not opened")
        return 1
    row = one(work, "select last from counter where journal_id = :journal and year = :year", journal=journal, year=year)
    return int(row.last)


def put_file(
    work: Work,
    card_key: int,
    position: int,
    name: str,
    content: bytes,
    store: Path | None,
    *,
    approval: int | None = None,
    execution: int | None = None,
) -> None:
    """Put a file onto a card; with *approval* or *execution* it belongs to that visa or executor's report."""
    digest = sha256(content).hexdigest()
    owner = f"{card_key}-{approval or 0}-{execution or 0}"
    where: dict[str, object] = {"content": content}
    if len(content) > INLINE_BYTES:
        if store is None:
            raise ValueError(f"{name!r} has {len(content)} bytes: say where the file store is")
        where = {"path": f"out/{owner}-{position}-{digest}"}
        place = store / f"out/{owner}-{position}-{digest}"
        place.parent.mkdir(parents=True, exist_ok=True)
        with place.open("wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
    add(
        work,
        "card_file",
        card_id=card_key,
        position=position,
        name=name,
        size=len(content),
        sha256=digest,
        media_type="application/octet-stream",
        role="text" if position == 1 else "annex",
        approval_id=approval,
        execution_id=execution,
        **where,
    )


def move_contents(work: Work, card_key: int, target: int) -> None:
    """Move files and instructions to the *target* card: files it does not have, instructions new or changed."""
    for instruction in rows(work, "select * from instruction where card_id = :key order by id", key=card_key):
        _move_instruction(work, instruction.id, target, instruction)
    do(
        work,
        "update card_file set card_id = :target where card_id = :key and signs_id is null and not exists (select 1 from"
        " card_file f where f.card_id = :target and f.sha256 = card_file.sha256 and f.name = card_file.name)",
        target=target,
        key=card_key,
    )
    do(
        work,
        "update card_file set card_id = :target where card_id = :key"
        " and signs_id in (select id from card_file where card_id = :target)",
        target=target,
        key=card_key,
    )


def _move_instruction(work: Work, key: int, target: int, instruction: Record) -> None:
    """Move one instruction, or change the one that the *target* card has under its uid."""
    found = "select id from instruction where card_id = :card and uid = :uid"
    same = rows(work, found, card=target, uid=instruction.uid)
    if not same:
        return do(work, "update instruction set card_id = :target where id = :key", target=target, key=key)
    do(work, "update card_file set instruction_id = :same where instruction_id = :key", same=same[0].id, key=key)
    return do(
        work,
        "update instruction set text = :text, deadline = :deadline where id = :same",
        text=instruction.text,
        deadline=instruction.deadline,
        same=same[0].id,
    )
