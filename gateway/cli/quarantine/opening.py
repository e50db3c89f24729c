# SPDX-License-Identifier: GPL-3.0-or-later
"""What a letter says, as far as it can be understood: nothing is believed, nothing raised for what it can hold."""

from dataclasses import dataclass
from tempfile import TemporaryFile

from gateway.envelope import unseal
from gateway.errors import Refused
from gateway.inbound.fixing import called
from gateway.model import Content, Document, Letter, Message, NewSink

HEADERS = ("From", "To", "Cc", "Subject", "Date", "Message-ID")
PARTS = 50  # LIMIT: parts of a letter that are listed


@dataclass(frozen=True, slots=True)
class Inside:
    """A letter that was opened; None: it could not be."""

    letter: Letter | None = None
    message: Message | None = None

    @property
    def document(self) -> Document | None:
        body = self.message.body if self.message else None
        return body if isinstance(body, Document) else None


def opened(letter: Content, new_sink: NewSink) -> Inside:
    """Return what is in *letter*; parts land in *new_sink*."""
    try:
        found = unseal(letter.blocks(), new_sink, spool=TemporaryFile)
    except Refused:
        return Inside()
    except Exception:  # an edge: a defect of ours is shown by `explain`'s part of the screen
        return Inside()
    return Inside(found.letter, found.reading.message if found.reading else None)


def addressees(letter: Content, new_sink: NewSink) -> tuple[str, ...]:
    """Return how the document in *letter* calls the people it is for, each once."""
    document = opened(letter, new_sink).document
    names = (called(party) for party in document.addressees) if document else ()
    return tuple(dict.fromkeys(name for name in names if name))


def wrapping(letter: Letter) -> dict[str, object]:
    """Return the outside of a letter: who says they wrote it, and which parts it has; never what stands in them."""
    parts = [{"type": part.media_type, "name": part.name or None, "size": part.content.size} for part in letter.parts]
    named = {name.lower().replace("-", "_"): letter.first(name) or None for name in HEADERS}
    return {**named, "parts": parts[:PARTS], "more_parts": max(0, len(parts) - PARTS)}
