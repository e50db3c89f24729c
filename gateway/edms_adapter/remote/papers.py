# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of a letter, as an adapter lays them onto a card one by one."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from gateway.errors import Reason, Refused
from gateway.model import Content, Contents, Document, ExchangeId, File, FileRole

STAMP = "edms-gw:"  # what we mark with begins so
MAX_NAME = 250  # LIMIT: bytes of a name, for the file systems of people's machines
ENDING = 20  # characters


@dataclass(frozen=True, slots=True)
class Paper:
    """A file to lie on a card."""

    name: str
    content: Content
    mark: str  # which file of which exchange it is


def stamp(exchange: ExchangeId) -> str:
    """Return the mark of a card."""
    return STAMP + exchange


def papers(document: Document, contents: Contents, exchange: ExchangeId, max_file: int) -> Iterator[Paper]:
    """Yield every file and signature that came, of the document, its visas and its tasks.

    Raises Refused for one that is larger than *max_file*.
    """
    files = [*document.files, *(file for one in document.approvals for file in one.files)]
    files += [file for task in document.tasks for file in task.files]
    place = 0
    for file in files:
        named = [(file.name, file.sha256)]
        named += [(one.name or f"{file.name}.p7s", one.sha256) for one in file.signatures]
        for name, digest in named:
            if digest is None:
                continue
            place += 1
            content = contents[digest]
            if content.size > max_file:
                detail = f"file {name!r} has {content.size} bytes, {max_file} are allowed"
                raise Refused(Reason.TOO_LARGE, detail)
            yield Paper(name, content, f"{stamp(exchange)}/{place}")


def main_file(document: Document) -> File | None:
    """Return the file that shows what the letter is: the text, else any; not an empty one."""
    there = [file for file in document.files if file.sha256 is not None and file.size]
    texts = [file for file in there if file.role is FileRole.TEXT]
    return next(iter(texts or there), None)


def clean(text: str) -> str:
    """Return *text* on one line, and harmless as the name of a file.

    What cannot be printed is a blank, a slash is a dash; of a long one the end stays, with the kind of file in it.
    """
    plain = " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
    plain = re.sub(r"[/\\]", "-", plain)
    if len(plain.encode()) <= MAX_NAME:
        return plain or "-"
    end = plain[-ENDING:].encode()
    return plain.encode()[: MAX_NAME - len(end) - 3].decode(errors="ignore") + "…" + end.decode()
