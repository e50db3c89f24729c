# SPDX-License-Identifier: GPL-3.0-or-later
"""What mail servers write about a letter that was sent: not delivered, delayed, passed on, delivered.

Pure reading: which layouts there are and what they say.  Whose letter it is about, and whether that is believed, is
decided elsewhere (`attributing`).  A layout is one function; what no layout fits is no notice, and is left alone.
"""

from collections.abc import Callable

from gateway.inbound.bounces.delivery_status import delivery_status
from gateway.inbound.bounces.notice import Bounce, Fate, Told
from gateway.inbound.bounces.prose import exim_warning, failed_recipients, qmail, sendmail_transcript
from gateway.model import Letter

__all__ = ["LAYOUTS", "Bounce", "Fate", "Told", "read_bounce"]

LAYOUTS: tuple[Callable[[Letter], Bounce | None], ...] = (
    delivery_status,
    failed_recipients,
    exim_warning,
    qmail,
    sendmail_transcript,
)


def read_bounce(letter: Letter) -> Bounce | None:
    """Return what *letter* tells as a mail server's notice, or None when it is none in a layout that is known."""
    return next((bounce for layout in LAYOUTS if (bounce := layout(letter)) is not None), None)
