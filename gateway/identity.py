# SPDX-License-Identifier: GPL-3.0-or-later
"""What makes two things the same: digests of documents and the ids that survive a restore.

An id made here depends only on the office's secret and on what it names, so yesterday's backup makes the same ids
again; nobody without the secret can guess one.  Rules: docs/protocol.md, "Identity".
"""

import hmac
from dataclasses import asdict, replace
from enum import Enum
from hashlib import sha256
from json import dumps

from gateway.model import (
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
    return _digest("document", bare)


def report_digest(report: Report) -> Sha256:
    """Return the digest by which a report is told from one that says the same."""
    return _digest("report", report)


def incoming_exchange(office: str, partner: PartnerId, uid: DocumentUid) -> ExchangeId:
    """Return the id of the exchange about a document that *partner* sent to *office* (its exchange index)."""
    return ExchangeId(_joined("in", folded(office), partner, uid))


def outgoing_exchange(office: str, partner: PartnerId, to: str, uid: DocumentUid) -> ExchangeId:
    """Return the id of the exchange about a document that *office* sends to *partner*'s organisation *to*."""
    return ExchangeId(_joined("out", folded(office), partner, folded(to), uid))


def outgoing_ids(secret: bytes, exchange: ExchangeId, attempt: int) -> tuple[ReturnId, MessageId]:
    """Return the return id and message id of the *attempt*-th sending (from 1) of *exchange*'s document."""
    return (
        ReturnId(_keyed(secret, "return", exchange, str(attempt))),
        MessageId(_keyed(secret, "message", exchange, str(attempt))),
    )


def report_id(secret: bytes, exchange: ExchangeId, return_id: ReturnId, after: EventKey, report: Report) -> MessageId:
    """Return the message id of *report*, told after the event *after* of its exchange.

    What stands may come to stand again (a deadline there and back), so the words alone do not name a report.
    The moment of reception does not count: after a restore the same letter comes a second time, later.
    """
    said = report_digest(replace(report, received_at=None))
    return MessageId(_keyed(secret, "report", exchange, return_id, after, said))


def bounce_address(secret: bytes, address: str, message_id: MessageId) -> str:
    """Return an envelope sender of its own for one letter: a bounce to it names the letter by itself."""
    local, _, domain = address.rpartition("@")
    return f"{local}+{message_id}-{_keyed(secret, 'bounce', message_id)[:12]}@{domain}"


def bounced_message(secret: bytes, address: str) -> MessageId | None:
    """Return which message of ours a bounce address stands for; None for any other address, or a forged one."""
    tag = address.rpartition("@")[0].rpartition("+")[2]
    message_id, _, proof = tag.rpartition("-")
    if message_id and hmac.compare_digest(proof, _keyed(secret, "bounce", message_id)[:12]):
        return MessageId(message_id)
    return None


def _keyed(secret: bytes, *words: str) -> str:
    return hmac.new(secret, "\0".join(words).encode(), sha256).hexdigest()[:32]


def _joined(*words: str) -> str:
    return sha256("\0".join(words).encode()).hexdigest()


def _name(document: Document) -> str:
    return document.uid or f"{document.number.text} {document.number.date}"


def _digest(what: str, value: Document | Report) -> Sha256:
    canonical = dumps(asdict(value), default=_plain, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return Sha256(sha256(f"{what}\0{canonical}".encode()).hexdigest())


def _plain(value: object) -> str:
    return str(value.value) if isinstance(value, Enum) else str(value)
