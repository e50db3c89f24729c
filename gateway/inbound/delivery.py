# SPDX-License-Identifier: GPL-3.0-or-later
"""What every way in hands over, and what it may ask of those who take it.

Listeners and mailboxes know nothing of the journal: they put bytes into a sink and call `accept`.
"""

from dataclasses import dataclass
from typing import Protocol

from gateway.model import Content, Sink


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One letter that reached us, and how."""

    source: str  # unique for ever: "smtp:<uuid>", "imap:<account>:<folder>:<uidvalidity>:<uid>"
    channel: str  # the name of the listener or mailbox
    envelope_sender: str  # empty: the null sender (a bounce), or a way in that has no envelope
    recipients: tuple[str, ...]  # lower case, each once, in order; empty for a mailbox
    peer: str  # IP address, or "unix"; empty for a mailbox
    arrived_anew: bool = True  # False: found by a rescan or a restore, so nothing is repeated because of it
    letter: Content


class Accept(Protocol):
    """Takes letters for good."""

    def sink(self) -> Sink:
        """Return a fresh place for the bytes of one letter; raises OSError when there is none."""

    def open(self) -> bool | str:
        """Say whether letters can be taken now.

        True: yes.  False: there is not enough room.  A word: why else not now ("journal").
        """

    async def __call__(self, delivery: Delivery) -> object:
        """Return when *delivery* is durable; raises anything when it is not.

        OSError with ENOSPC or EDQUOT means that space ran out.  What is returned is nobody's business here.
        """
