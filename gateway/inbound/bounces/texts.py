# SPDX-License-Identifier: GPL-3.0-or-later
"""The text of a notice: parts as text, header blocks as fields, the letter that came back."""

import re
from collections.abc import Iterator

from gateway.inbound.bounces.notice import MAX_WORDS
from gateway.mail.headers import message_ids
from gateway.model import Letter, Part

MAX_TEXT = 256 << 10  # LIMIT: bytes looked at in one part
MAX_FIELDS = 10_000  # LIMIT: fields looked at in one header block or status part
_MESSAGE_ID = "message-id"
_REPLY = re.compile(r"\b[245]\d\d[ -](?:[245]\.\d{1,3}\.\d{1,3}\b)?")


def text_of(part: Part) -> str:
    """Return the first `MAX_TEXT` bytes of *part* as text, lines ending in LF."""
    taken, size = [], 0
    for block in part.content.blocks():
        taken.append(block[: MAX_TEXT - size])
        size += len(taken[-1])
        if size >= MAX_TEXT:
            break
    return b"".join(taken).decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n")


def fields(block: str) -> list[tuple[str, str]]:
    """Return the fields of a header block: names in lower case, values on one line; what is none is left out."""
    found: list[tuple[str, list[str]]] = []
    for line in block.split("\n"):
        if line[:1] in (" ", "\t"):
            if found:
                found[-1][1].append(line)
            continue
        name, colon, value = line.partition(":")
        if colon and len(found) < MAX_FIELDS:
            found.append((name.strip().lower(), [value]))
    return [(name, " ".join(" ".join(pieces).split())) for name, pieces in found]


def letter_ids(header_block: str) -> tuple[str, ...]:
    """Return the Message-IDs in the header of a letter that came back."""
    return tuple(one for name, value in fields(header_block) if name == _MESSAGE_ID for one in message_ids(value))


def head_of(text: str) -> str:
    """Return the header block at the start of *text*."""
    return text.lstrip("\n").split("\n\n", 1)[0]


def first_text(letter: Letter) -> str:
    """Return what *letter* says to people."""
    part = next((part for part in letter.parts if part.media_type == "text/plain"), None)
    return text_of(part) if part else ""


def returned_below(text: str, marker: re.Pattern[str]) -> tuple[str, str]:
    """Return what stands above the line that *marker* finds, and the header block of the letter below it."""
    found = marker.search(text)
    return (text[: found.start()], head_of(text[found.end() :])) if found else (text, "")


def replied_to(letter: Letter) -> Iterator[str]:
    """Yield the Message-IDs of what *letter* says it answers."""
    for header in ("In-Reply-To", "References"):
        yield from message_ids(letter.first(header))


def words_in(text: str, otherwise: str) -> str:
    """Return the first line of *text* with a server's reply in it, else *otherwise*."""
    for line in text.split("\n"):
        if _REPLY.search(line):
            return one_line(line)
    return otherwise


def one_line(words: str) -> str:
    """Return *words* on one line without control characters, at most `MAX_WORDS` characters."""
    return " ".join("".join(char if char.isprintable() else " " for char in words).split())[:MAX_WORDS]
