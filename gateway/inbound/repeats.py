# SPDX-License-Identifier: GPL-3.0-or-later
"""A document that is not new: what it is, and what is owed for it (docs/protocol.md, "Resends and changes")."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum

from sqlalchemy import Connection

from gateway.inbound.recreating import has_vanished
from gateway.journal import entries, exchanges, messages
from gateway.journal.entries import Entry, State
from gateway.journal.exchanges import Exchange
from gateway.model import Document, Message, MessageId, PartnerId

REPEAT_PAUSE = timedelta(minutes=15)  # LIMIT: stored answers go out again at most once in this time …
MAX_REPEATS = 5  # … and at most so often for one message


class Repeat(Enum):
    NEW = "new"  # never seen, or judged afresh after a refusal
    AGAIN = "again"  # our own second look at the same entry, after a crash or a deferral
    DUPLICATE = "duplicate"  # same message, same content: the stored answers again
    CONFLICT = "conflict"  # same message id, other content: a person decides
    RESEND = "resend"  # new message, same document: the known facts under the new return id
    CHANGED = "changed"  # new message, same document uid, other content
    BEHIND = "behind"  # new message about a document whose earlier letter is not done yet: that one first


@dataclass(frozen=True, slots=True)
class Judgement:
    repeat: Repeat
    standing: Exchange | None  # what the journal knows of this document; None: nothing
    message_id: MessageId  # under which it is noted
    again: bool = False  # this entry was looked at before, and noted


def judge(
    tx: Connection, entry: Entry, message: Message, opening: Exchange, *, conflict_accepted: bool = False
) -> Judgement:
    """Return what *message* is, given all that was seen of it for one organisation of ours; locks the exchange's row.

    Only registration (or lying before a person) closes a document: after a refusal it is judged afresh.
    With *conflict_accepted* an operator took it for a message of its own, though its id came before; it is then noted
    under a name of its own too.  What is told of an exchange is told of the message in it, so of two letters about one
    document the earlier is brought to its end first, and one whose place another took is judged afresh.
    """
    digest = opening.digest
    standing = exchanges.get(tx, opening.id, lock=True)
    known_as, noted = message.id, messages.find(tx, opening.partner, opening.office, message.id)
    if noted is not None and noted.entry != entry.id:
        if noted.digest == digest:
            return Judgement(Repeat.DUPLICATE, standing, known_as)
        if not conflict_accepted:
            return Judgement(Repeat.CONFLICT, standing, known_as)
        known_as = MessageId(f"{message.id} (letter {entry.id})")
        noted = messages.find(tx, opening.partner, opening.office, known_as)
    again = noted is not None
    return Judgement(_repeat(tx, entry, message, opening, standing, again=again), standing, known_as, again)


def _repeat(
    tx: Connection, entry: Entry, message: Message, opening: Exchange, standing: Exchange | None, *, again: bool
) -> Repeat:
    if standing is None:
        return Repeat.NEW
    if again and entry.exchange not in (None, opening.id):  # it was laid before a person as a version of the document
        return Repeat.CHANGED
    same = standing.digest == opening.digest
    if not same and (standing.registered is not None or standing.subject_card):
        return Repeat.CHANGED
    if again and has_vanished(standing):
        return Repeat.AGAIN
    if standing.registered is not None:
        return Repeat.RESEND
    if standing.subject_card:
        return Repeat.AGAIN if again else Repeat.RESEND
    if again and same and standing.message is not None and standing.message.id == message.id:
        return Repeat.AGAIN
    return Repeat.BEHIND if _under_way(tx, standing, entry) else Repeat.NEW


def _under_way(tx: Connection, standing: Exchange, entry: Entry) -> bool:
    """Say whether another letter than *entry* brought what is in *standing* and is not done yet.

    An addition counts for nothing here: it waits itself for the document it adds to.
    """
    known = standing.message
    if known is None or (isinstance(known.body, Document) and known.body.supplement):
        return False
    noted = messages.find(tx, standing.partner, standing.office, known.id)
    if noted is None or noted.entry is None or noted.entry == entry.id:
        return False
    earlier = entries.get(tx, noted.entry)
    return earlier is not None and earlier.state is State.ACCEPTED


def answer_again(
    tx: Connection, entry: Entry, message: Message, exchange: Exchange | None, now: datetime, *, hold: bool
) -> None:
    """Send the stored answers once more, the same bytes, if the letter arrived anew and this is not too often.

    *hold*: its partner is not live, so they wait until somebody releases them.
    """
    if (
        exchange is None
        or not entry.arrived_anew
        or not may_repeat(tx, exchange.partner, exchange.office, message.id, now)
    ):
        return
    entries.note_repeat(tx, exchange.partner, exchange.office, message.id, now)
    for answer in entries.answers_to(tx, exchange.id):
        if answer.state is State.SENT:
            entries.resend(tx, answer.id, now, hold=hold)
        elif answer.state is State.FAILED:
            entries.retry(tx, answer.id, who=exchange.partner, why="asked again", now=now, hold=hold)


def renewed(standing: Exchange, opening: Exchange, *, is_open: bool) -> Exchange:
    """Return *standing* under the new message's return id and subscription; what is registered stays.

    A message that is older than the one known changes nothing: its letter was only looked at late.
    No later message takes anything away: tasks that were sent before stay sent, and one whose level *is_open* to
    everybody opens no document that was restricted.
    """
    known, new = standing.message, opening.message
    if known is not None and new is not None and new.sent_at < known.sent_at:
        return standing
    return replace(
        standing,
        return_id=opening.return_id,
        message=_added(known, new, is_open=is_open),
        subscription=opening.subscription,
        until=opening.until,
        letter_id=opening.letter_id,
        rule=opening.rule,
    )


def _added(known: Message | None, new: Message | None, *, is_open: bool) -> Message | None:
    """Return *new* with the tasks of *known*, and with the stricter access level of the two."""
    if known is None or new is None or not isinstance(known.body, Document) or not isinstance(new.body, Document):
        return new
    tasks = {task.uid: task for task in (*known.body.tasks, *new.body.tasks)}
    access = known.body.access if is_open else new.body.access
    return replace(new, body=replace(new.body, tasks=tuple(tasks.values()), access=access))


def judged_afresh(standing: Exchange, opening: Exchange) -> Exchange:
    """Return *standing*, never registered, with the new message in the place of the old one."""
    return replace(opening, opened_at=standing.opened_at, rung=standing.rung)


def may_repeat(tx: Connection, partner: PartnerId, office: str, message_id: MessageId, now: datetime) -> bool:
    """Say whether the answers to a message may go out once more."""
    beginning = datetime.min.replace(tzinfo=now.tzinfo)
    asked = (partner, office, message_id)
    lately = entries.repeats(tx, *asked, now - REPEAT_PAUSE)
    return lately == 0 and entries.repeats(tx, *asked, beginning) < MAX_REPEATS
