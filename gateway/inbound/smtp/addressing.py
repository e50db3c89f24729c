# SPDX-License-Identifier: GPL-3.0-or-later
"""MAIL and RCPT: what an address may look like, whether it is ours, and whether we take letters at all now."""

import re
from collections.abc import Callable

from aiosmtpd.smtp import SMTP, Envelope, Session

from gateway.inbound.smtp.listening import Listening
from gateway.inbound.smtp.reception import Reception


class EnvelopeRules:
    """Answers MAIL and RCPT: can we take letters now, and is the recipient ours?"""

    def __init__(self, listening: Listening, reception: Reception, also_ours: Callable[[str], bool]) -> None:
        self._listening = listening
        self._reception = reception
        self._also_ours = also_ours

    async def handle_MAIL(  # the names are aiosmtpd's
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        refusal = self._reception.closed()
        if refusal:
            return refusal
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 sender ok"

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        ours = address.lower()
        if ours not in self._listening.addresses and not self._also_ours(address):
            return "550 5.1.1 no such address here"
        if len(envelope.rcpt_tos) >= self._listening.max_recipients:
            return "452 4.5.3 too many recipients, send the rest in another letter"
        envelope.rcpt_tos.append(ours if ours in self._listening.addresses else address)
        return "250 2.1.5 recipient ok"


_PATH = re.compile(
    r"""<(?:@[^\s<>:]+:)?                                       # a source route, ignored (RFC 5321 §4.1.1.3)
        (?P<mailbox>(?:"(?:[^"\\\x00-\x1f\x7f]|\\[\x20-\x7e])*" # a quoted local part
        |[^\s<>@"\x00-\x1f\x7f]+)(?:@[^\s<>@"\x00-\x1f\x7f]+)?)?>
        (?:\x20+(?P<rest>.*))?""",
    re.VERBOSE,
)


def read_path(text: str) -> tuple[str | None, str | None]:
    """Read a path (RFC 5321 §4.1.2) and what stands after it; the null path is ``<>``, a malformed one (None, None)."""
    match = _PATH.fullmatch(text)
    if not match:
        return None, None
    try:
        text.encode()
    except UnicodeEncodeError:  # bytes that are not UTF-8
        return None, None
    return match["mailbox"] or "<>", match["rest"] or ""
