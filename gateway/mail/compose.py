# SPDX-License-Identifier: GPL-3.0-or-later
"""A letter put together: headers, a text for people and files, streamed with CRLF lines.

We write every header ourselves and refuse CR, LF and NUL in any value, so that nothing depends on how carefully
a library folds.  No clock and no randomness: date, identifiers and the boundary's token are handed in.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from typing import Final, Literal
from urllib.parse import quote

from gateway.mail.address import Address
from gateway.mail.base64_lines import base64_lines
from gateway.mail.words import encode_words
from gateway.model import Content

NameEncoding = Literal["both", "rfc2047", "rfc2231"]
MAX_NAME_BYTES: Final = 510  # LIMIT: UTF-8 bytes of a file name, so that its headers stay below 2 KiB
_LINE: Final = 78  # RFC 5322 §2.1.1: characters of a header line, where folding can keep to it
_SECTION: Final = 800  # percent-encoded characters of one RFC 2231 section; the hard limit of a line is 998
_FORBIDDEN = re.compile("[\r\n\0]")
_FIELD_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,60}")
_LINE_BREAK = re.compile(r"\r\n|\r|\n")
_TOKEN = re.compile(r"[A-Za-z0-9]{1,60}")
_IDENTIFIER = re.compile(r"[!-;=?-~]+@[!-;=?-~]+")
_MEDIA_TYPE = re.compile(r"[a-z0-9.+-]+/[a-z0-9.+-]+")
_PLAIN = re.compile(r"[ -~]*")
_PLAIN_NAME = re.compile(r"[A-Za-z0-9_()\[\],+-](?:[A-Za-z0-9_()\[\],+. -]{0,58}[A-Za-z0-9_()\[\],+-])?")
_OURS: Final = frozenset(
    ["from", "to", "subject", "date", "message-id", "in-reply-to", "references", "auto-submitted", "mime-version"]
)


@dataclass(frozen=True, slots=True)
class Head:
    """The header of a letter we write; identifiers come without angle brackets."""

    sender: Address
    to: tuple[Address, ...]  # at least one
    subject: str
    date: datetime  # aware; written in its own zone
    message_id: str  # "left@right"
    sender_name: str = ""  # shown beside the address
    in_reply_to: str = ""
    references: tuple[str, ...] = ()
    auto_submitted: str = ""  # "auto-replied", "auto-generated"; empty: a person sent it
    extra: tuple[tuple[str, str], ...] = ()  # further fields, never one of the above or Content-*

    def __post_init__(self) -> None:
        if self.date.tzinfo is None:
            raise ValueError("the date of a letter has no time zone")
        if not self.to:
            raise ValueError("a letter goes to somebody")
        for name, _ in self.extra:
            if not _FIELD_NAME.fullmatch(name) or name.lower() in _OURS or name.lower().startswith("content-"):
                raise ValueError(f"{name[:60]!r} cannot be an extra header")


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file of a letter we write."""

    name: str  # at most 510 bytes UTF-8
    content: Content
    media_type: str = "application/octet-stream"


def compose(
    head: Head,
    text: str,
    members: Sequence[Attachment],
    *,
    boundary_token: str,
    name_encoding: NameEncoding = "both",
) -> Iterator[bytes]:
    """Return the blocks of a ``multipart/mixed`` letter: the human *text*, then *members* in order, all base64.

    *boundary_token* is 1–60 letters and digits; the boundary ``=_token`` cannot occur in base64, so any token does.
    *name_encoding* says how names beyond plain ASCII are written: ``rfc2231`` (``filename*=``), ``rfc2047``
    (encoded words in quotes, for old readers) or both.  Raises ValueError, before the first block, for CR, LF
    or NUL in any value and for values no header can carry.
    """
    if not _TOKEN.fullmatch(boundary_token):
        raise ValueError("the token of a boundary is 1–60 letters and digits")
    boundary = f"=_{boundary_token}"
    top = [*_head_lines(head), "MIME-Version: 1.0", f'Content-Type: multipart/mixed;\r\n boundary="{boundary}"']
    parts = [_part_lines(member, name_encoding) for member in members]
    return _blocks(top, boundary, text, [(lines, member.content) for lines, member in zip(parts, members, strict=True)])


def _blocks(top: list[str], boundary: str, text: str, parts: list[tuple[list[str], Content]]) -> Iterator[bytes]:
    yield _octets([*top, "", f"--{boundary}"])
    yield _octets(["Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: base64", ""])
    human = _LINE_BREAK.sub("\r\n", text)
    yield from base64_lines([human.encode()])
    for lines, content in parts:
        yield _octets([f"--{boundary}", *lines, "Content-Transfer-Encoding: base64", ""])
        yield from base64_lines(content.blocks())
    yield _octets([f"--{boundary}--"])


def _octets(lines: list[str]) -> bytes:
    return "".join(f"{line}\r\n" for line in lines).encode()


def _head_lines(head: Head) -> list[str]:
    lines = [_from(head), "To: " + ",\r\n ".join(_address(each) for each in head.to)]
    lines += [_unstructured("Subject", head.subject), f"Date: {format_datetime(head.date)}"]
    lines.append(f"Message-ID: {_identifier(head.message_id)}")
    if head.in_reply_to:
        lines.append(f"In-Reply-To: {_identifier(head.in_reply_to)}")
    if head.references:
        lines.append("References: " + "\r\n ".join(map(_identifier, head.references)))
    if head.auto_submitted:
        lines.append(f"Auto-Submitted: {_plain(head.auto_submitted)}")
    return lines + [_unstructured(name, value) for name, value in head.extra]


def _from(head: Head) -> str:
    if not head.sender_name:
        return f"From: {_address(head.sender)}"
    if re.fullmatch(r"[A-Za-z0-9 ]{1,40}", head.sender_name):
        return f"From: {head.sender_name} <{_address(head.sender)}>"
    words = "\r\n ".join(encode_words(_safe(head.sender_name)))
    return f"From: {words}\r\n <{_address(head.sender)}>"


def _address(address: Address) -> str:
    return _safe(str(address))


def _identifier(identifier: str) -> str:
    if not _IDENTIFIER.fullmatch(identifier) or len(identifier) > 900:
        raise ValueError(f"{identifier[:80]!r} is not a message identifier")
    return f"<{identifier}>"


def _safe(value: str) -> str:
    if _FORBIDDEN.search(value):
        raise ValueError("a header value holds CR, LF or NUL")
    return value


def _plain(value: str) -> str:
    if not _PLAIN.fullmatch(value) or len(value) > _LINE:
        raise ValueError(f"{value[:80]!r} is not plain ASCII")
    return value


def _unstructured(name: str, value: str) -> str:
    """Return a field with free text; as it stands when it fits on one plain line, else as encoded words."""
    plain = f"{name}: {_safe(value)}"
    if _PLAIN.fullmatch(value) and len(plain) <= _LINE and value == value.strip() and "=?" not in value:
        return plain
    words = encode_words(value, first_room=max(20, min(75, _LINE - len(name) - 2)))
    return f"{name}: " + "\r\n ".join(words)


def _part_lines(member: Attachment, encoding: NameEncoding) -> list[str]:
    if not _MEDIA_TYPE.fullmatch(member.media_type):
        raise ValueError(f"{member.media_type[:80]!r} is not a media type")
    name = _safe(member.name)
    if not name or len(name.encode()) > MAX_NAME_BYTES:
        raise ValueError(f"a file name has 1 to {MAX_NAME_BYTES} bytes")
    if _PLAIN_NAME.fullmatch(name):
        by_type, by_disposition = [f'name="{name}"'], [f'filename="{name}"']
    else:
        words = '"' + "\r\n ".join(encode_words(name)) + '"'
        by_type = [f"name={words}"] if encoding != "rfc2231" else _extended("name", name)
        by_disposition = [f"filename={words}"] if encoding == "rfc2047" else _extended("filename", name)
    return [
        ";\r\n ".join([f"Content-Type: {member.media_type}", *by_type]),
        ";\r\n ".join(["Content-Disposition: attachment", *by_disposition]),
    ]


def _extended(parameter: str, value: str) -> list[str]:
    """Return *value* as RFC 2231 parameters: one, or sections when a line would come near the hard limit."""
    units = [quote(character, safe="") for character in value]
    sections = [""]
    for unit in units:
        if len(sections[-1]) + len(unit) > _SECTION:
            sections.append("")
        sections[-1] += unit
    if len(sections) == 1:
        return [f"{parameter}*=UTF-8''{sections[0]}"]
    charset = ("UTF-8''", *[""] * (len(sections) - 1))
    return [f"{parameter}*{number}*={charset[number]}{section}" for number, section in enumerate(sections)]
