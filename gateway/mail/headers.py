# SPDX-License-Identifier: GPL-3.0-or-later
"""Header fields: raw lines to fields, fields to text, and the few questions that are asked of them."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from gateway.mail.parameters import structured
from gateway.mail.words import decode_address_words, decode_words, header_text, one_line
from gateway.model import Letter

_NAME = re.compile(rb"([!-9;-~]+)([ \t]*):")
_IDENTIFIER = re.compile(r"<([^<>\s]{1,998})>")
_BARE_IDENTIFIER = re.compile(r"[^<>\s@,]+@[^<>\s@,]+")
_ADDRESS_FIELDS: Final = frozenset(
    ["from", "sender", "reply-to", "to", "cc", "bcc", "errors-to", "disposition-notification-to"]
    + [f"resent-{name}" for name in ("from", "sender", "reply-to", "to", "cc", "bcc")]
)
# In these an encoded word has no meaning (RFC 2047 §5) and decoding one would only invent something.
_LITERAL_FIELDS: Final = frozenset(
    (
        *("message-id", "in-reply-to", "references", "resent-message-id", "received", "return-path", "date"),
        *("mime-version", "auto-submitted", "precedence", "authentication-results", "dkim-signature", "received-spf"),
    )
)
_AUTOMATIC_FIELDS: Final = (
    *("List-Id", "List-Post", "List-Unsubscribe", "X-Autoreply", "X-Autorespond", "X-Autoresponder"),
    *("X-Auto-Reply-From", "X-Mailing-List", "X-Loop"),
)


@dataclass(frozen=True, slots=True)
class Field:
    """One header field, unfolded."""

    name: str  # as written
    raw: bytes  # the value without its line breaks, blanks around it removed

    @property
    def key(self) -> str:
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Fields:
    """The fields of one header block, and what in it is not as it should be."""

    fields: tuple[Field, ...]
    odd: tuple[str, ...]  # names with a blank before the colon
    nameless: int  # lines with a colon behind what cannot be a name; left out
    colonless: bool  # a line that is no field at all: nobody knows where the header ends

    def all(self, key: str) -> tuple[Field, ...]:
        return tuple(field for field in self.fields if field.key == key)


def unfold(lines: Iterable[bytes]) -> list[bytes]:
    """Join continuation lines (RFC 5322 §2.2.3) of *lines*, which have no line ends; the first may not be one."""
    unfolded: list[list[bytes]] = []
    for line in lines:
        if line[:1] in (b" ", b"\t") and unfolded:
            unfolded[-1].append(line)
        else:
            unfolded.append([line])
    return [b"".join(pieces) for pieces in unfolded]


def fields_of(lines: Iterable[bytes]) -> Fields:
    """Return the fields that stand in the *lines* of a header block."""
    fields: list[Field] = []
    odd: list[str] = []
    nameless, colonless = 0, False
    for line in unfold(lines):
        found = _NAME.match(line)
        if found is None:
            nameless += b":" in line
            colonless |= b":" not in line or line[:1] in (b" ", b"\t")
            continue
        name = found[1].decode("ascii")
        if found[2]:
            odd.append(name)
        fields.append(Field(name, line[found.end() :].strip(b" \t\r")))
    return Fields(tuple(fields), tuple(odd), nameless, colonless)


def looks_like_field(line: bytes) -> bool:
    return _NAME.match(line) is not None


def field_text(field: Field) -> str:
    """Return the value of *field* as one line of text, encoded words decoded where they have a meaning.

    In address fields decoded names are quoted, so that no address appears that was not there.
    """
    text = header_text(field.raw)
    if field.key in _LITERAL_FIELDS or field.key.startswith(("content-", "arc-")):
        return text
    decoded = decode_address_words(text) if field.key in _ADDRESS_FIELDS else decode_words(text)
    return one_line(decoded)


def message_ids(value: str) -> tuple[str, ...]:
    """Return the identifiers in a Message-ID, In-Reply-To or References field, without angle brackets.

    QUIRK: a single identifier without brackets is taken as one.
    """
    found = tuple(_IDENTIFIER.findall(value))
    if not found and _BARE_IDENTIFIER.fullmatch(value.strip()):
        return (value.strip(),)
    return found


def is_auto_reply(letter: Letter) -> bool:
    """Say whether a machine or a list wrote *letter*, so that an answer could start a war (RFC 3834 §2).

    True for Auto-Submitted other than ``no``, mailing lists, bulk mail, who asks for no answers, delivery and
    disposition reports, and an empty return path.  The reports of our own profile are automatic too.
    """
    submitted = letter.all("Auto-Submitted")
    if any(value.partition(";")[0].partition("(")[0].strip().lower() not in ("", "no") for value in submitted):
        return True
    if any(value.strip().lower() in ("bulk", "list", "junk", "auto_reply") for value in letter.all("Precedence")):
        return True
    if any(value.strip().lower() not in ("", "none") for value in letter.all("X-Auto-Response-Suppress")):
        return True
    if any(letter.all(name) for name in _AUTOMATIC_FIELDS) or "<>" in letter.all("Return-Path"):
        return True
    return any(structured(value).value == "multipart/report" for value in letter.all("Content-Type"))
