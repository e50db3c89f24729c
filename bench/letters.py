# SPDX-License-Identifier: GPL-3.0-or-later
"""Distinct letters of a partner, each with one document of its own, made without the gateway's code."""

from base64 import encodebytes
from dataclasses import dataclass
from random import Random

from tests.story.partner import SUBSCRIPTIONS, passport

FILE_BYTES = 20 * 1024  # of the document's only file
SENDER, RECIPIENT = "edms@moscow.example", "edms@minsk.example"
_HEAD = """\
From: {sender}\r
To: {recipient}\r
Subject: {number}\r
Date: Wed, 11 Mar 2026 10:00:00 +0300\r
Message-ID: <{id}@moscow.example>\r
MIME-Version: 1.0\r
Content-Type: multipart/mixed; boundary="=_{id}"\r
\r
"""
_PART = """\
--=_{id}\r
Content-Type: {type}; name="{name}"\r
Content-Disposition: attachment; filename="{name}"\r
Content-Transfer-Encoding: base64\r
\r
"""


@dataclass(frozen=True, slots=True)
class Posting:
    """A letter to be sent, and the id that its receipt and its report quote in In-Reply-To."""

    id: str
    data: bytes  # CRLF lines, no dots to stuff, without the final dot


def posting(series: int, position: int) -> Posting:
    """Return letter *position* of *series*: its ids, its number and its file occur in no other."""
    id = f"{series:016x}{position:016x}"
    number = f"{series}-{position}"
    inside = passport(
        message_id=id,
        return_id=f"b{id[1:]}",
        uid=f"c{id[1:]}",
        number=number,
        size=str(FILE_BYTES),
        tail=SUBSCRIPTIONS.format(receipt="true"),
    )
    content = b"%PDF-1.4 " + Random(id).randbytes(FILE_BYTES - 9)
    data = b"".join(
        (
            _HEAD.format(sender=SENDER, recipient=RECIPIENT, number=number, id=id).encode(),
            part(id, "application/xml", "DocInfo.xml", inside.encode("utf-8-sig")),
            part(id, "application/octet-stream", "letter[1].pdf", content),
            f"--=_{id}--\r\n".encode(),
        )
    )
    return Posting(id, data)


def postings(series: int, number: int) -> list[Posting]:
    """Return *number* letters of *series*."""
    return [posting(series, position) for position in range(number)]


def part(id: str, media_type: str, name: str, content: bytes) -> bytes:
    """Return one part of a multipart letter whose boundary is made of *id*."""
    head = _PART.format(id=id, type=media_type, name=name).encode()
    return head + encodebytes(content).replace(b"\n", b"\r\n")
