# SPDX-License-Identifier: GPL-3.0-or-later
"""A mail server's notice as a value."""

from dataclasses import dataclass
from enum import Enum

MAX_WORDS = 500


class Fate(Enum):
    """What became of a letter for one recipient (RFC 3464 §2.3.3)."""

    FAILED = "failed"
    DELAYED = "delayed"  # the server goes on trying
    RELAYED = "relayed"  # passed on, or to a list, where nobody will tell any more
    DELIVERED = "delivered"  # lies in the mailbox


@dataclass(frozen=True, slots=True)
class Told:
    """What became of the letter for one recipient."""

    fate: Fate
    recipients: tuple[str, ...]  # every name the notice has for the one recipient, lower case; empty: none
    words: str  # the server's own, one line, at most `MAX_WORDS` characters


@dataclass(frozen=True, slots=True)
class Bounce:
    """A mail server's notice about one letter and perhaps several of its recipients."""

    message_ids: tuple[str, ...]  # without angle brackets; of the returned letter, else of what is replied to
    envelope_id: str  # that the sender gave with the letter (RFC 3461 §4.4); empty: none
    told: tuple[Told, ...]

    def about(self, recipient: str) -> Told | None:
        """Return what became of the letter for *recipient*; None when the notice does not say so plainly.

        A letter of ours has one recipient; a server may know it under another name, but of several other names it
        may be none: then an alias stands for them, and what became of one says nothing of the rest.
        """
        named = tuple(told for told in self.told if recipient.casefold() in told.recipients)
        about = named or self.told
        plain = len({told.fate for told in about}) == 1 and (named or len(about) == 1)
        return about[0] if plain else None
