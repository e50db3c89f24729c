# SPDX-License-Identifier: GPL-3.0-or-later
"""A package made into the letter that the rest of the house knows: the same bytes for the same package.

Files are read through the directory they lie in, never through a link, in blocks; one that changes while it is read
spoils the letter, which is made anew at another look.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from hashlib import sha256

from gateway.inbound.folder.plain import Plain, Seen, read_name
from gateway.mail.address import parse
from gateway.mail.compose import MAX_NAME_BYTES, Attachment, Head, compose
from gateway.mail.names import clean_name

NOBODY = "folder@exchange.local"  # in From and To: who is meant is said by the folder, and by the message inside
NANO = 1_000_000_000


def letter_of(files: Sequence[tuple[str, Seen]], subject: str, source: str, folder: str, root: int) -> Iterator[bytes]:
    """Return the blocks of the letter with *files*, each with the directory it lies in.

    *source* is the package's transport identity; Message-ID, boundary and date follow from it and from the files.
    """
    token = sha256(source.encode()).hexdigest()[:32]
    newest = max((seen.mtime_ns for _, seen in files), default=0)
    head = Head(
        sender=parse(NOBODY),
        to=(parse(NOBODY),),
        subject=_one_line(subject),
        date=_moment(newest),
        message_id=f"{token}@folder.exchange.local",
        extra=(("X-Edms-Folder", _one_line(folder)),),
    )
    parts = [Attachment(said_name(seen.name), Plain(inside, seen, root)) for inside, seen in files]
    return compose(head, "", parts, boundary_token=token)


def said_name(name: str) -> str:
    """Return the name of a file as it can be said in a letter."""
    said = read_name(name)
    plain = said.isprintable() and len(said.encode()) <= MAX_NAME_BYTES
    return said if plain else clean_name(said)


def _one_line(words: str) -> str:
    return " ".join("".join(letter if letter.isprintable() else " " for letter in words).split())[:500]


def _moment(nanoseconds: int) -> datetime:
    """Return when a file was written; a time that no letter can carry is the beginning of the era."""
    try:
        return datetime.fromtimestamp(nanoseconds // NANO, UTC)
    except (ValueError, OverflowError, OSError):
        return datetime.fromtimestamp(0, UTC)
