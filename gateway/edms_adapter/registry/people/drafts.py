# SPDX-License-Identifier: GPL-3.0-or-later
"""Drafts: written, directed to visa and signature, signed, registered; ours and those that came.

A draft never takes a number.  Registered, it becomes a document of its own with its own uid, and stays what it was.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from uuid import uuid4

from gateway.edms_adapter.registry.people.cards import put_file, write_card
from gateway.edms_adapter.registry.people.looking import card
from gateway.edms_adapter.registry.people.papers import join_waiting
from gateway.edms_adapter.registry.people.rows import add, do, inbox_of, office_key, one, person_key, rows
from gateway.edms_adapter.sql.database import Work

DRAFT_OF, REGISTERED_AS = "Проект документа", "Зарегистрирован как"


@dataclass(frozen=True, slots=True)
class Ask:
    """A visa or signature we want of somebody in another organisation."""

    kind: str  # "visa" or "signature"
    index: str  # the organisation's exchange index
    name: str = ""  # empty: whoever they choose
    post: str = ""
    term: datetime | None = None


def write_draft(
    work: Work,
    subject: str,
    files: Mapping[str, bytes],
    *,
    signer: str,
    drafter: str,
    now: datetime,
    asked: Sequence[Ask] = (),
    uid: str = "",
    store: Path | None = None,
) -> int:
    """Write the first version of a draft of ours; returns the key of its card."""
    key = add(
        work,
        "card",
        office_id=office_key(work, signer),
        uid=uid or str(uuid4()),
        direction="out",
        state="draft",
        subject=subject,
        made_at=now,
        draft_status="created",
        draft_version=1,
        draft_version_uid=str(uuid4()),
        signer_id=person_key(work, signer),
        drafter_id=person_key(work, drafter),
    )
    for position, (name, content) in enumerate(files.items(), 1):
        put_file(work, key, position, name, content, store)
    for wanted in asked:
        ask(work, key, wanted)
    return key


def ask(work: Work, card_key: int, wanted: Ask) -> int:
    """Ask for one more visa or signature of a draft of ours; it goes out with the next version."""
    organisation = one(work, "select * from correspondent where exchange_index = :index", index=wanted.index)
    return add(
        work,
        "approval",
        card_id=card_key,
        uid=str(uuid4()),
        kind=wanted.kind,
        correspondent_id=organisation.id,
        name=wanted.name or None,
        post=wanted.post or None,
        term=wanted.term,
    )


def write_version(
    work: Work, card_key: int, files: Mapping[str, bytes], *, now: datetime, store: Path | None = None
) -> int:
    """Write the next version of a draft of ours and send it to whom the last one went; returns its number."""
    draft = card(work, card_key)
    version = int(draft.draft_version) + 1
    do(
        work,
        "update card set draft_version = :version, draft_version_uid = :uid where id = :key",
        version=version,
        uid=str(uuid4()),
        key=card_key,
    )
    do(
        work,
        "update card_file set superseded = :yes where card_id = :key and approval_id is null",
        yes=True,
        key=card_key,
    )
    for position, (name, content) in enumerate(files.items(), 1):
        put_file(work, card_key, position, name, content, store)
    do(
        work,
        "update dispatch set state = 'to send', asked_at = :now, withdraw_asked_at = null, withdraw_why = null,"
        " withdrawal = null where card_id = :key",
        now=now,
        key=card_key,
    )
    return version


def direct(
    work: Work, card_key: int, kind: str, to: str, *, by: str, now: datetime, term: datetime | None = None
) -> int:
    """Direct a draft to somebody of ours for a "visa" or "signature"; returns the key of what is asked.

    What the sender asked of that person, and nobody directed yet, is what is directed then.
    """
    target = inbox_of(work, to, card_key)
    waiting = rows(
        work,
        "select id from approval where card_id = :card and kind = :kind and directed_at is null and signed_at is null"
        " and correspondent_id is null and (name is null or lower(name) like lower(:surname) || '%') order by id",
        card=card_key,
        kind=kind,
        surname=str(target.name).partition(" ")[0],
    )
    asked = {"card_id": card_key, "uid": str(uuid4()), "kind": kind, "term": term}
    key = int(waiting[0].id) if waiting else add(work, "approval", **asked)
    do(
        work,
        "update approval set inbox_id = :inbox, directed_at = :now, directed_by = :person where id = :key",
        inbox=target.id,
        now=now,
        person=person_key(work, by),
        key=key,
    )
    add(
        work,
        "inbox_row",
        inbox_id=target.id,
        card_id=card_key,
        kind="approval",
        at=now,
        by_id=person_key(work, by),
        approval_id=key,
    )
    _status(work, card_key, "at_sight" if kind == "visa" else "at_signature")
    return key


def sign(
    work: Work,
    approval: int,
    result: str,
    remark: str = "",
    *,
    by: str,
    now: datetime,
    files: Mapping[str, bytes] | None = None,
    store: Path | None = None,
) -> None:
    """Write what somebody of ours decided, with a remark and files; deciding again takes the place of it."""
    asked = one(work, "select * from approval where id = :key", key=approval)
    do(
        work,
        "update approval set result = :result, remark = :remark, signed_at = :now, signed_by = :person where id = :key",
        result=result,
        remark=remark or None,
        now=now,
        person=person_key(work, by),
        key=approval,
    )
    for position, (name, content) in enumerate((files or {}).items(), 1):
        put_file(work, asked.card_id, position, name, content, store, approval=approval)
    _status(work, asked.card_id, "initialed" if asked.kind == "visa" else "signed")


def register_draft(
    work: Work, card_key: int, *, signer: str, drafter: str, now: datetime, on: date | None = None
) -> int:
    """Register a draft as an outgoing document of ours, with its files; returns the key of the document's card."""
    draft = card(work, card_key)
    key = write_card(work, draft.subject, {}, signer=signer, drafter=drafter, now=now, on=on)
    do(
        work,
        "insert into card_file (card_id, position, name, size, sha256, media_type, role, content, path)"
        " select cast(:key as integer), position, name, size, sha256, media_type, role, content, path from card_file"
        " where card_id = :draft and signs_id is null and instruction_id is null and approval_id is null"
        " and not superseded order by position, id",
        key=key,
        draft=card_key,
    )
    add(work, "card_link", card_id=key, other_id=card_key, kind=DRAFT_OF, at=now)
    add(work, "card_link", card_id=card_key, other_id=key, kind=REGISTERED_AS, at=now)
    _status(work, card_key, "registered")
    return key


def take_draft(work: Work, card_key: int, *, by: str, now: datetime) -> None:
    """Take a draft that waited for a person as a draft: it lies on its card and may be directed."""
    one(work, "select id from card where id = :key and state = 'waiting' and draft_status is not null", key=card_key)
    do(
        work,
        "update card set state = 'draft', office_id = coalesce(office_id, :office), decided_at = :now,"
        " decided_by = :person where id = :key",
        office=office_key(work, by),
        now=now,
        person=person_key(work, by),
        key=card_key,
    )


def take_version(work: Work, card_key: int, draft: int, *, by: str, now: datetime) -> None:
    """Put a new version that waited for a person onto the *draft*'s card, beside the files of the one before.

    What the new version asks for beside what was asked before is asked there, and may be directed.
    """
    newer = card(work, card_key)
    join_waiting(work, card_key, draft, by=by, now=now)
    do(
        work,
        "update card set draft_version = :version, draft_version_uid = :uid where id = :key",
        version=newer.draft_version,
        uid=newer.draft_version_uid,
        key=draft,
    )
    do(
        work,
        "update approval set card_id = :draft where card_id = :newer"
        " and uid not in (select uid from approval where card_id = :draft)",
        draft=draft,
        newer=card_key,
    )


def _status(work: Work, card_key: int, status: str) -> None:
    do(work, "update card set draft_status = :status where id = :key", status=status, key=card_key)
