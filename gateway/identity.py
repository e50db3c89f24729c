# SPDX-License-Identifier: GPL-3.0-or-later
"""What makes two things the same: digests of documents and the ids that survive a restore.

An id made here depends only on the office's secret and on what it names, so yesterday's backup makes the same ids
again; nobody without the secret can guess one.  Rules: docs/protocol.md, "Identity".
"""

import hmac
import re
from base64 import b32decode, b32encode
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, timedelta
from enum import Enum
from hashlib import sha256
from json import dumps

from gateway.model import (
    DirectoryResult,
    DirectoryUpdate,
    Document,
    DocumentUid,
    EventKey,
    ExchangeId,
    MessageId,
    PartnerId,
    Report,
    ReturnId,
    Sha256,
    folded,
)


def document_digest(document: Document) -> Sha256:
    """Return the digest by which a repeated document is told from a changed one.

    Covers the document, its tasks and the SHA-256 of its files; leaves out keys that are local to one passport,
    so the same document written twice has one digest whatever message carries it.
    """
    cards = {linked.card: _name(linked) for linked in document.linked}
    bare = replace(
        document,
        card="",
        links=tuple(
            replace(link, document=replace(link.document, card="")) if link.document else link
            for link in document.links
        ),
        linked=tuple(replace(linked, card="") for linked in document.linked),
        accompanying=tuple(cards.get(card, "") for card in document.accompanying),
    )
    return _digest("document", asdict(bare))


def report_digest(report: Report) -> Sha256:
    """Return the digest by which a report is told from one that says the same.

    What a report did not have in earlier releases counts only where it says something, so their digests stay.
    """
    said = asdict(report)
    for later in ("fact", "remarks"):
        if not said[later]:
            del said[later]
    return _digest("report", said)


def directory_digest(directory: DirectoryUpdate | DirectoryResult) -> Sha256:
    """Return the digest by which a repeated directory, or its answer, is told from another one."""
    return _digest("directory", asdict(directory))


def incoming_exchange(office: str, partner: PartnerId, uid: DocumentUid) -> ExchangeId:
    """Return the id of the exchange about a document that *partner* sent to *office* (its exchange index)."""
    return ExchangeId(_joined("in", folded(office), partner, uid))


def outgoing_exchange(office: str, partner: PartnerId, to: str, uid: DocumentUid) -> ExchangeId:
    """Return the id of the exchange about a document that *office* sends to *partner*'s organisation *to*."""
    return ExchangeId(_joined("out", folded(office), partner, folded(to), uid))


def outgoing_ids(
    secret: bytes, exchange: ExchangeId, attempt: int, *, one_id: bool = False
) -> tuple[ReturnId, MessageId]:
    """Return the return id and message id of the *attempt*-th sending (from 1) of *exchange*'s document.

    With *one_id* they are the same: the answer names the message.
    """
    message = MessageId(_keyed(secret, "message", exchange, str(attempt)))
    return ReturnId(message if one_id else _keyed(secret, "return", exchange, str(attempt))), message


def report_id(secret: bytes, exchange: ExchangeId, return_id: ReturnId, after: EventKey, report: Report) -> MessageId:
    """Return the message id of *report*, told after the event *after* of its exchange.

    What stands may come to stand again (a deadline there and back), so the words alone do not name a report.
    The moment of reception does not count: after a restore the same letter comes a second time, later.
    """
    said = report_digest(replace(report, received_at=None))
    return MessageId(_keyed(secret, "report", exchange, return_id, after, said))


def confirmation_id(secret: bytes, exchange: ExchangeId, report: MessageId) -> MessageId:
    """Return the message id of the receipt for a partner's *report*."""
    return MessageId(_keyed(secret, "confirmation", exchange, report))


def directory_id(secret: bytes, office: str, partner: PartnerId, update: DirectoryUpdate, at: datetime) -> MessageId:
    """Return the message id of the directory that *office* sends to *partner* at the moment *at*."""
    said = directory_digest(update)
    return MessageId(_keyed(secret, "directory", folded(office), partner, said, at.isoformat()))


def directory_result_id(secret: bytes, partner: PartnerId, update: MessageId) -> MessageId:
    """Return the message id of the answer to *partner*'s directory in the message *update*."""
    return MessageId(_keyed(secret, "directory result", partner, update))


def self_test_id(secret: bytes, run: str, step: int) -> MessageId:
    """Return the message id of the *step*-th letter (from 0) of the self-test *run*."""
    return MessageId(_keyed(secret, "self-test", run, str(step)))


@dataclass(frozen=True, slots=True)
class BounceTag:
    """What an envelope sender of ours says of the one letter it was made for; its proof held."""

    message_id: MessageId
    day: date  # on which the letter was handed to mail
    mark: str  # of the recipient, see `bounce_mark`


def bounce_address(secret: bytes, address: str, message_id: MessageId, recipient: str, day: date) -> str:
    """Return an envelope sender of its own for one letter to *recipient*, handed to mail on *day*.

    A bounce to it names the letter by itself.  Returns *address* as it is when no room is left in the local part
    (64 octets, RFC 5321 §4.5.3.1.1), or when *message_id* is none of ours.
    """
    local, _, domain = address.rpartition("@")
    if len(local.encode()) > MAX_TAGGED_LOCAL or not _OUR_ID.fullmatch(message_id):
        return address
    said = _letters(bytes.fromhex(message_id)) + _day_letters(day) + bounce_mark(secret, recipient)
    return f"{local}+{said}{_proof(secret, said)}@{domain}"


def bounce_tag(secret: bytes, address: str) -> BounceTag | None:
    """Return what the bounce address *address* says; None for any other address, or a forged one.

    Whether its day is too long ago is the caller's question.
    """
    tag = address.rpartition("@")[0].rpartition("+")[2].casefold()
    if not _TAG.fullmatch(tag) or not hmac.compare_digest(tag[_SAID:], _proof(secret, tag[:_SAID])):
        return None
    days = 0
    for letter in tag[_ID_LETTERS : _ID_LETTERS + _DAY_LETTERS]:
        days = days * 32 + _ALPHABET.index(letter)
    id = b32decode(tag[:_ID_LETTERS].upper() + "======").hex()
    return BounceTag(MessageId(id), _FIRST_DAY + timedelta(days), tag[_SAID - _MARK_LETTERS : _SAID])


def bounce_mark(secret: bytes, recipient: str) -> str:
    """Return the few letters by which a bounce address names the *recipient* of its letter."""
    return _letters(hmac.digest(secret, f"recipient\0{recipient.casefold()}".encode(), sha256))[:_MARK_LETTERS]


# Letters and digits of one case, because servers change it; 64 octets hold a local part of `MAX_TAGGED_LOCAL` and this.
_ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"
_ID_LETTERS, _DAY_LETTERS, _MARK_LETTERS, _PROOF_LETTERS = 26, 3, 4, 10
_SAID = _ID_LETTERS + _DAY_LETTERS + _MARK_LETTERS
_FIRST_DAY = date(2020, 1, 1)  # three letters of 32 reach into the year 2109
_TAG = re.compile(rf"[a-z2-7]{{{_SAID + _PROOF_LETTERS}}}")
_OUR_ID = re.compile(r"[0-9a-f]{32}")
MAX_TAGGED_LOCAL = 64 - 1 - _SAID - _PROOF_LETTERS  # octets


def _proof(secret: bytes, said: str) -> str:
    return _letters(hmac.digest(secret, f"bounce\0{said}".encode(), sha256))[:_PROOF_LETTERS]


def _day_letters(day: date) -> str:
    days = (day - _FIRST_DAY).days % 32**_DAY_LETTERS
    return "".join(_ALPHABET[days >> shift & 31] for shift in (10, 5, 0))


def _letters(octets: bytes) -> str:
    return b32encode(octets).decode("ascii").rstrip("=").lower()


def _keyed(secret: bytes, *words: str) -> str:
    return hmac.new(secret, "\0".join(words).encode(), sha256).hexdigest()[:32]


def _joined(*words: str) -> str:
    return sha256("\0".join(words).encode()).hexdigest()


def _name(document: Document) -> str:
    return document.uid or f"{document.number.text} {document.number.date}"


def _digest(what: str, said: dict[str, object]) -> Sha256:
    canonical = dumps(said, default=_plain, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return Sha256(sha256(f"{what}\0{canonical}".encode()).hexdigest())


def _plain(value: object) -> str:
    return str(value.value) if isinstance(value, Enum) else str(value)
