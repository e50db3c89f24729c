# SPDX-License-Identifier: GPL-3.0-or-later
"""How the story of a letter ends when it is neither a document nor a report, and how every end is written down."""

from dataclasses import dataclass
from datetime import datetime

import structlog
from sqlalchemy import Connection

from gateway.errors import Reason, Refused
from gateway.inbound.desk import Desk
from gateway.journal import entries, messages
from gateway.journal.entries import Entry, State
from gateway.mail.headers import is_auto_reply
from gateway.model import ExchangeId, Letter, MessageId, PartnerId

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class About:
    """What is known of a letter at its end: what `trace` and `quarantine list` want to show."""

    partner: PartnerId | None = None  # None: nobody proved who they are
    exchange: ExchangeId | None = None
    message_id: MessageId = MessageId("")
    kind: str = ""
    rfc_message_id: str = ""  # the letter's own, without angle brackets
    office: str = ""  # the exchange index of our organisation it is for; empty: none, or not known
    rule: str = ""  # the receive rule that applied to the document in it


UNKNOWN = About()


def conclude(
    tx: Connection,
    entry: Entry,
    state: State,
    about: About,
    now: datetime,
    *,
    why: Refused | None = None,
    detail: str = "",
    keep_letter: bool = True,
) -> None:
    """Write *entry*'s end; with *why* its reason and place are kept too."""
    entries.conclude(
        tx,
        entry.id,
        state,
        now=now,
        reason=why.reason if why else None,
        detail=detail or _words(why),
        place=why.place if why else "",
        partner=about.partner,
        exchange=about.exchange,
        message_id=about.message_id,
        kind=about.kind or None,
        rfc_message_id=about.rfc_message_id,
        office=about.office,
        keep_letter=keep_letter,
        worker=entry.worker or None,
    )
    log.info(
        "letter done",
        entry=entry.id,
        state=state.value,
        kind=about.kind,
        partner=about.partner,
        office=about.office,
        exchange_id=about.exchange,
        reason=why.reason.value if why else None,
        **({"rule": about.rule} if about.rule else {}),
    )


def _words(why: Refused | None) -> str:
    """What an operator reads: the reason in words, and what was found."""
    if why is None:
        return ""
    return f"{why.detail}; {why.found}" if why.found else why.detail


def park(entry: Entry, why: Refused, about: About, desk: Desk, now: datetime) -> None:
    """Lay the letter aside with its reason; an operator sees it, nobody else hears anything."""
    with desk.journal.write() as tx:
        conclude(tx, entry, State.PARKED, about, now, why=why)


def seen_in_mailbox(entry: Entry, letter: Letter, desk: Desk) -> Entry | None:
    """Return the entry that brought the very same letter before, if a rescan has found it again under another UID.

    The letter is known by its content without trace fields; what arrives anew is never judged by that alone.
    """
    if not entry.source.startswith("imap:"):
        return None
    with desk.journal.write() as tx:
        first = messages.seen_content(tx, letter.digest)
        if first is None:
            messages.note_content(tx, letter.digest, entry.id)
        if first in (None, entry.id) or entry.arrived_anew:
            return None
        return entries.get(tx, first)


def leave_rescanned(entry: Entry, first: Entry, desk: Desk, now: datetime) -> None:
    """A rescan found a letter again: what became of it the first time stands, and nobody hears anything."""
    why = Refused(Reason.NO_PASSPORT, "people's mail") if first.reason is Reason.NO_PASSPORT else None
    kind = first.kind if first.wrote_a_server else "duplicate"
    about = About(first.partner, first.exchange, kind=kind, office=first.office)
    with desk.journal.write() as tx:
        conclude(
            tx, entry, State.DONE, about, now, why=why, detail=f"came before as letter {first.id}", keep_letter=False
        )


def leave_to_people(entry: Entry, letter: Letter, desk: Desk, now: datetime) -> None:
    """No passport: people's mail.  In a mailbox it is left alone, by SMTP forwarded or parked; never answered.

    What a machine wrote is not forwarded: whoever reads the people's mail may have an auto-reply too.  Nor is the
    very same letter forwarded twice: it has come back, and would go round for ever (RFC 5321 §6.3).
    """
    why = Refused(Reason.NO_PASSPORT, "no passport inside: people's mail")
    in_mailbox = entry.source.startswith("imap:")
    forward = None if in_mailbox or is_auto_reply(letter) else desk.outbox.sealer.forward(desk.letter(entry))
    with desk.journal.write() as tx:
        if in_mailbox:
            conclude(tx, entry, State.DONE, UNKNOWN, now, why=why, keep_letter=False)
        elif forward is None:
            conclude(tx, entry, State.PARKED, UNKNOWN, now, why=why)
        elif (first := messages.seen_content(tx, letter.digest)) not in (None, entry.id):
            detail = f"people's mail, the same as letter {first}: not forwarded again"
            conclude(tx, entry, State.PARKED, UNKNOWN, now, why=why, detail=detail)
        else:
            messages.note_content(tx, letter.digest, entry.id)
            entries.queue(tx, forward, now)
            conclude(tx, entry, State.DONE, UNKNOWN, now, why=why, detail="forwarded to people")
