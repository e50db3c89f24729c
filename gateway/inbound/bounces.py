# SPDX-License-Identifier: GPL-3.0-or-later
"""Delivery status notifications: which letter of ours came back, and in what words (RFC 3464).

A bounce is matched by the Message-ID of our letter in the returned headers; such an id cannot be guessed.
Bounces of delay are not failures and are let pass as people's mail would be.
"""

import re
from dataclasses import dataclass

from gateway.mail.headers import message_ids
from gateway.model import Letter, Part

MAX_STATUS = 256 << 10  # LIMIT: bytes looked at in a status part or in returned headers
_FIELD = re.compile(r"^(Action|Status|Diagnostic-Code|Final-Recipient):[ \t]*(.*(?:\n[ \t].*)*)", re.I | re.M)
_MESSAGE_ID = re.compile(r"^Message-ID:[ \t]*(.*(?:\n[ \t].*)*)", re.I | re.M)


@dataclass(frozen=True, slots=True)
class Bounce:
    """A letter of ours that was not delivered."""

    message_ids: tuple[str, ...]  # without angle brackets; those in the returned part first
    words: str  # the server's own, one line


def read_bounce(letter: Letter) -> Bounce | None:
    """Return the failure that *letter* reports, or None when it is no report of a failure."""
    status = next((part for part in letter.parts if part.media_type == "message/delivery-status"), None)
    if status is None:
        return None
    fields = {name.lower(): " ".join(value.split()) for name, value in _FIELD.findall(_text(status))}
    if fields.get("action", "failed").lower() != "failed":
        return None
    returned = [part for part in letter.parts if part.media_type in ("message/rfc822", "text/rfc822-headers")]
    ids: list[str] = []
    for part in returned:
        head = _text(part).replace("\r\n", "\n").split("\n\n", 1)[0]
        for value in _MESSAGE_ID.findall(head):
            ids.extend(message_ids(value))
    for header in ("In-Reply-To", "References"):
        ids.extend(message_ids(letter.first(header)))
    words = fields.get("diagnostic-code") or fields.get("status") or "not delivered"
    return Bounce(tuple(dict.fromkeys(ids)), words[:500])


def _text(part: Part) -> str:
    data = b"".join(part.content.blocks()) if part.content.size <= MAX_STATUS else _start(part)
    return data.decode("utf-8", "replace").replace("\r\n", "\n")


def _start(part: Part) -> bytes:
    return next(iter(part.content.blocks()), b"")[:MAX_STATUS]
