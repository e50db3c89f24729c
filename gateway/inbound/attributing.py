# SPDX-License-Identifier: GPL-3.0-or-later
"""A mail server tells of a letter of ours: whose it is, whether that is believed, and what it changes.

Only what comes from the null sender is a mail server's word (RFC 5321 §4.5.5).  It names a letter by the address it
comes to, which only we can make, or by the Message-ID of ours, which nobody can guess; what names two, or none, or
speaks of another recipient, is laid aside.  Nobody is answered.
"""

import re
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from gateway.errors import Reason, Refused
from gateway.inbound.bounces import Bounce, Fate, Told, read_bounce
from gateway.inbound.desk import Desk
from gateway.inbound.endings import About, conclude
from gateway.journal import entries, exchanges, messages
from gateway.journal.entries import Entry, State
from gateway.journal.exchanges import Exchange
from gateway.mail.headers import message_ids
from gateway.model import Letter, ReturnId
from gateway.sealing import Bounced

NOTICE = "notice"  # the kind of a mail server's letter; with what became of ours where it says so: "notice-delayed"
MAX_IDS = 20  # LIMIT: Message-IDs of one notice that are looked up
_NOBODY = re.compile(r"<?(?:mailer-daemon)?>?", re.I)
_DELIVERED_TO = ("Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To", "To")
_ADDRESS = re.compile(r"[^\s<>@,;:\"]{1,64}@[^\s<>@,;:\"]{1,255}")


@dataclass(frozen=True, slots=True)
class Notice:
    """What a mail server wrote, and to which address of ours."""

    letter: Letter
    bounce: Bounce | None  # None: a layout nobody here knows
    tag: Bounced | None  # the letter whose own address it came to; None: it came to the common one


def heard_a_server(entry: Entry, letter: Letter, desk: Desk, now: datetime, *, is_message: bool = False) -> bool:
    """End the story of *entry* when a mail server wrote it about letters that were sent; else return False.

    An exchange message is a partner's, whatever its envelope says: gateways may answer from the null sender.
    """
    if not _from_nobody(entry, letter):
        return False
    tag = desk.outbox.sealer.bounce_for(_addresses(entry, letter), now)
    notice = Notice(letter, read_bounce(letter), tag)
    if notice.bounce is None and (tag is None or is_message):
        return False
    with desk.journal.write() as tx:
        try:
            ours = _ours(tx, notice, desk)
        except Refused as why:
            conclude(tx, entry, State.PARKED, About(kind=NOTICE), now, why=why)
            return True
        _settle(tx, entry, ours, notice, now)
    return True


def _from_nobody(entry: Entry, letter: Letter) -> bool:
    """Say whether *letter* has the null sender; in a mailbox the envelope is known only if a server wrote it down."""
    if not entry.source.startswith("imap:"):
        return not entry.envelope_sender
    return all(_NOBODY.fullmatch(value.strip()) for value in letter.all("Return-Path")[:1])


def _addresses(entry: Entry, letter: Letter) -> tuple[str, ...]:
    """Return the addresses *letter* came to; a tag among them proves itself, so headers may tell."""
    if not entry.source.startswith("imap:"):
        return entry.envelope_recipients
    return tuple(found for name in _DELIVERED_TO for value in letter.all(name) for found in _ADDRESS.findall(value))


def _ours(tx: Connection, notice: Notice, desk: Desk) -> Entry:
    """Return the one letter of ours that *notice* is about; raises Refused(BOUNCE) when there is no such one."""
    named = _named(tx, notice.bounce)
    if notice.tag is None:
        if len(named) != 1:
            raise _aside("a mail server's notice that names no letter of ours" if not named else "it names several")
        (letter,) = named.values()
        if desk.outbox.sealer.tagged(letter.envelope_sender):
            raise _aside("it did not come to the address that its letter was sent from")
        return letter
    tagged = entries.by_message_id(tx, notice.tag.message_id)
    if tagged is None or not desk.outbox.sealer.is_for(notice.tag, tagged.recipient):
        raise _aside("a mail server's notice that names no letter of ours")
    if named and tagged.id not in named:
        raise _aside("it came to the address of one letter and returns another")
    return tagged


def _named(tx: Connection, bounce: Bounce | None) -> dict[int, Entry]:
    """Return the letters of ours whose Message-ID *bounce* has."""
    ids = (*bounce.message_ids, *message_ids(bounce.envelope_id)) if bounce else ()
    found = (entries.by_rfc_message_id(tx, one) for one in ids[:MAX_IDS])
    return {letter.id: letter for letter in found if letter is not None}


def _settle(tx: Connection, entry: Entry, ours: Entry, notice: Notice, now: datetime) -> None:
    told = notice.bounce.about(ours.recipient) if notice.bounce else None
    kind = f"{NOTICE}-{told.fate.value}" if told else NOTICE
    about = About(ours.partner, ours.exchange, kind=kind, office=ours.office)
    first = messages.seen_content(tx, notice.letter.digest)
    if first is not None and first != entry.id:
        words = f"came before as letter {first}"
        return conclude(tx, entry, State.DONE, about, now, detail=words, keep_letter=False)
    if told is None or (ours.state is State.QUEUED and not ours.attempts and not ours.worker):
        what = "was never sent" if told else "went to other people" if notice.bounce else "in a layout nobody knows"
        return conclude(tx, entry, State.PARKED, about, now, why=_aside(f"about letter {ours.id}: {what}"))
    messages.note_content(tx, notice.letter.digest, entry.id)
    return conclude(tx, entry, State.DONE, about, now, detail=_believed(tx, ours, told, now))


def _believed(tx: Connection, ours: Entry, told: Told, now: datetime) -> str:
    """Write down what a server told of the letter, as far as nothing better is known; return it in words."""
    received = _proven_received(tx, ours)
    if told.fate is Fate.FAILED:
        against = "the partner's own receipt" if received else "a notice of delivery" if ours.delivered_at else ""
        if against:
            entries.noted(tx, ours.id, "contradiction", f"contradicts {against}: {told.words}", now)
            return f"contradicts {against}: {told.words}"
        entries.bounced(tx, ours.id, told.words, now)
        return told.words
    entries.proven(tx, ours.id, f"proven by a mail server's notice: {told.fate.value}", now)
    if told.fate is Fate.DELIVERED:
        entries.delivered(tx, ours.id, told.words, now)
    elif told.fate is Fate.DELAYED and not received:
        entries.delayed(tx, ours.id, told.words, now)
    else:
        entries.noted(tx, ours.id, told.fate.value, told.words, now)
    return f"{told.fate.value}: {told.words}"


def _proven_received(tx: Connection, letter: Entry) -> bool:
    """Say whether the partner itself has told that it has the document: then no bounce is believed."""
    told_of = letter.exchange if letter.kind == "document" and not letter.change else None
    exchange = exchanges.get(tx, told_of) if told_of else None
    return exchange is not None and exchange.rung not in ("", "sent")


def _aside(words: str) -> Refused:
    return Refused(Reason.BOUNCE, words)


def prove_arrival(tx: Connection, exchange: Exchange, return_id: ReturnId, desk: Desk, now: datetime) -> None:
    """The partner reports under *return_id*: the letter that carried it has arrived, whatever was unclear about it.

    A report that names no return id of ours proves nothing of any letter: the document may have gone several times.
    """
    dialect = exchange.message.dialect if exchange.message else "sev"
    for attempt in range(exchange.attempt, max(exchange.attempt - MAX_IDS, 0), -1):
        told_id, message_id = desk.outbox.sealer.ids(exchange.id, attempt, dialect)
        letter = entries.by_message_id(tx, message_id) if told_id == return_id else None
        if letter is not None:
            return entries.received(tx, letter.id, now)
    return None
