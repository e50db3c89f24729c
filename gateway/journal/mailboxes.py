# SPDX-License-Identifier: GPL-3.0-or-later
"""What is remembered of mailboxes: their epochs, which copies are known, which are to be flagged, how they fare.

A UID means something only within its UIDVALIDITY (RFC 3501 §2.3.1.1); each such pair of mailbox and UIDVALIDITY is an
epoch of its own.  Knows entries by their transport identity, and nothing of the IMAP conversation.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Connection, Integer, bindparam, case, func, literal_column, select, update

from gateway.journal import schema
from gateway.journal.arrivals import imap_source
from gateway.journal.columns import Moment
from gateway.journal.entry import insert_or_ignore

E, B, P, V = schema.entries.c, schema.mailboxes.c, schema.epochs.c, schema.vanished.c
_CHUNK = 500  # LIMIT: UIDs in one question


@dataclass(frozen=True, slots=True)
class Epoch:
    """One UIDVALIDITY of one mailbox."""

    mailbox: str
    uidvalidity: int
    starts_at: int  # UIDs below are ignored
    anew_from: int  # UIDs from here on arrived while we watched
    not_before: datetime | None  # letters that reached the mailbox before are ignored; None: none are
    changed: bool  # the mailbox had another UIDVALIDITY when it was last entered


@dataclass(frozen=True, slots=True)
class MailboxState:
    """How a mailbox fares."""

    mailbox: str
    uidvalidity: int | None  # None: never entered
    heard_at: datetime | None  # the end of the last round that went well
    failed_at: datetime | None  # the first failure after a round that went well; which may be mended since
    failures: int  # in a row
    words: str  # what is wrong; empty: nothing; with no failures it is wrong with something in it
    login_refused: bool
    vanished: int  # letters that were seen and went away before they could be read, ever


_KNOW = insert_or_ignore(schema.mailboxes)
_BOX = select(B.uidvalidity, B.first_entered_at).where(B.mailbox == bindparam("box")).with_for_update()
_ENTERED = (
    update(schema.mailboxes)
    .where(B.mailbox == bindparam("box"))
    .values(
        uidvalidity=bindparam("validity"),
        first_entered_at=func.coalesce(B.first_entered_at, bindparam("now", type_=Moment())),
    )
)
_EPOCH = select(P.mailbox, P.uidvalidity, P.starts_at, P.anew_from, P.not_before).where(
    P.mailbox == bindparam("box"), P.uidvalidity == bindparam("validity")
)
_BEGIN = schema.epochs.insert()


def enter(
    tx: Connection, mailbox: str, uidvalidity: int, uidnext: int, start: Literal["now", "all"], now: datetime
) -> Epoch:
    """Return the epoch of *uidvalidity*, opened now if it is new.

    The first one begins at *uidnext* (start "now") or with everything.  A later one begins with everything, for its
    letters may be ours to take; with start "now" those older than our very first entering stay ignored.
    """
    tx.execute(_KNOW[tx.dialect.name], {"mailbox": mailbox})
    box = tx.execute(_BOX, {"box": mailbox}).one()
    standing = tx.execute(_EPOCH, {"box": mailbox, "validity": uidvalidity}).first()
    if standing is not None:
        epoch = Epoch(*standing, changed=box.uidvalidity != uidvalidity)
    elif box.uidvalidity is None:
        epoch = Epoch(mailbox, uidvalidity, uidnext if start == "now" else 1, uidnext, None, changed=False)
    else:
        not_before = box.first_entered_at if start == "now" else None
        epoch = Epoch(mailbox, uidvalidity, 1, uidnext, not_before, changed=True)
    if standing is None:
        values: dict[str, Any] = {"starts_at": epoch.starts_at, "anew_from": uidnext, "not_before": epoch.not_before}
        tx.execute(_BEGIN, {"mailbox": mailbox, "uidvalidity": uidvalidity, "entered_at": now, **values})
    if box.uidvalidity != uidvalidity:
        tx.execute(_ENTERED, {"box": mailbox, "validity": uidvalidity, "now": now})
    return epoch


# --- copies -------------------------------------------------------------------------------------------------------

_ACCEPTED = select(E.uid).where(E.source.in_(bindparam("sources", expanding=True)))
_VANISHED = select(V.uid).where(
    V.mailbox == bindparam("box"),
    V.uidvalidity == bindparam("validity"),
    V.uid.in_(bindparam("uids", expanding=True)),
)
_TO_FLAG = (
    select(E.uid)
    .where(E.channel == bindparam("box"), E.uidvalidity == bindparam("validity"), literal_column("flag_due"))
    .order_by(E.uid)
    .limit(bindparam("most", type_=Integer()))
)
_TO_REMOVE = (  # what came to a good end
    _TO_FLAG.where(E.kind == bindparam("of_kind"), E.state == literal_column("'done'"), E.reason.is_(None))
)
_FLAGGED = (
    update(schema.entries)
    .where(E.source.in_(bindparam("sources", expanding=True)))
    .values(flag_due=literal_column("false"), flagged_at=bindparam("now", type_=Moment()))
)
_VANISH = insert_or_ignore(schema.vanished)


def known(tx: Connection, mailbox: str, uidvalidity: int, uids: Sequence[int]) -> frozenset[int]:
    """Return those of *uids* that were accepted, or had vanished before."""
    found: set[int] = set()
    for chunk in _chunks(uids):
        found.update(tx.execute(_ACCEPTED, {"sources": _sources(mailbox, uidvalidity, chunk)}).scalars())
        found.update(tx.execute(_VANISHED, {"box": mailbox, "validity": uidvalidity, "uids": chunk}).scalars())
    return frozenset(found)


def to_flag(tx: Connection, mailbox: str, uidvalidity: int, limit: int) -> tuple[int, ...]:
    """Return letters of the exchange that came to an end and are not flagged yet, lowest UID first; never people's."""
    values = {"box": mailbox, "validity": uidvalidity, "most": limit}
    return tuple(tx.execute(_TO_FLAG, values).scalars())


def to_remove(tx: Connection, mailbox: str, uidvalidity: int, kind: str, limit: int) -> tuple[int, ...]:
    """Return those of `to_flag` that are of *kind* and are done without a complaint."""
    values = {"box": mailbox, "validity": uidvalidity, "of_kind": kind, "most": limit}
    return tuple(tx.execute(_TO_REMOVE, values).scalars())


def flagged(tx: Connection, mailbox: str, uidvalidity: int, uids: Sequence[int], now: datetime) -> None:
    """Note that *uids* were flagged or moved, or are gone: they are not asked for again."""
    for chunk in _chunks(uids):
        tx.execute(_FLAGGED, {"sources": _sources(mailbox, uidvalidity, chunk), "now": now})


def vanished(tx: Connection, mailbox: str, uidvalidity: int, uid: int, now: datetime) -> None:
    """Note that *uid* was seen and went away before it could be read."""
    row = {"mailbox": mailbox, "uidvalidity": uidvalidity, "uid": uid, "at": now}
    tx.execute(_VANISH[tx.dialect.name], row)
    flagged(tx, mailbox, uidvalidity, (uid,), now)


def _chunks(uids: Sequence[int]) -> list[list[int]]:
    return [list(uids[start : start + _CHUNK]) for start in range(0, len(uids), _CHUNK)]


def _sources(mailbox: str, uidvalidity: int, uids: Sequence[int]) -> list[str]:
    return [imap_source(mailbox, uidvalidity, uid) for uid in uids]


# --- how they fare ------------------------------------------------------------------------------------------------

_HEARD = (
    update(schema.mailboxes)
    .where(B.mailbox == bindparam("box"))
    .values(
        heard_at=bindparam("now", type_=Moment()),
        failures=0,
        words=bindparam("said"),
        login_refused=literal_column("false"),
    )
)
_FAILED = (
    update(schema.mailboxes)
    .where(B.mailbox == bindparam("box"))
    .values(
        failed_at=case((B.failures == 0, bindparam("now", type_=Moment())), else_=B.failed_at),
        failures=B.failures + 1,
        words=bindparam("said"),
        login_refused=bindparam("refused"),
    )
)
_GONE = select(func.count()).where(V.mailbox == B.mailbox).scalar_subquery()
_STATES = select(B.mailbox, B.uidvalidity, B.heard_at, B.failed_at, B.failures, B.words, B.login_refused, _GONE)
_STATES = _STATES.order_by(B.mailbox)


def heard(tx: Connection, mailbox: str, now: datetime, words: str = "") -> None:
    """Note that a whole round went well; *words* say what is wrong with something in it all the same."""
    tx.execute(_KNOW[tx.dialect.name], {"mailbox": mailbox})
    tx.execute(_HEARD, {"box": mailbox, "now": now, "said": words})


def failed(tx: Connection, mailbox: str, words: str, now: datetime, *, login_refused: bool) -> None:
    """Note what is wrong, in *words* for the operator."""
    tx.execute(_KNOW[tx.dialect.name], {"mailbox": mailbox})
    tx.execute(_FAILED, {"box": mailbox, "now": now, "said": words, "refused": login_refused})


def states(tx: Connection) -> tuple[MailboxState, ...]:
    """Return how every mailbox fares that was ever looked at, by name."""
    return tuple(MailboxState(*row) for row in tx.execute(_STATES))
