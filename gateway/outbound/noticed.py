# SPDX-License-Identifier: GPL-3.0-or-later
"""Asking the relay for notices about one letter (RFC 3461): under which id, and of what."""

import re
from dataclasses import dataclass

MAX_ENVELOPE_ID = 100  # characters before encoding (RFC 3461 §4.4)
MAX_ORCPT = 500  # characters (RFC 3461 §4.2)
_PLAIN = re.compile(r"[!-*,-<>-~]")  # xtext says these as they are (RFC 3461 §4)


@dataclass(frozen=True, slots=True)
class Asked:
    """Which notices are asked for."""

    envelope_id: str  # that every notice repeats
    success: bool  # also when the letter lies in the mailbox, or was passed on to where nobody will tell

    def mail_options(self) -> list[bytes]:
        """Return what MAIL says: only our header shall come back, under our id."""
        if not self.envelope_id.isascii() or len(self.envelope_id) > MAX_ENVELOPE_ID:
            return [b"RET=HDRS"]
        return [b"RET=HDRS", b"ENVID=" + xtext(self.envelope_id)]

    def rcpt_options(self, recipient: str) -> list[bytes]:
        """Return what RCPT says: of what to tell, and who the recipient was before anybody renamed him."""
        options = [b"NOTIFY=SUCCESS,FAILURE,DELAY" if self.success else b"NOTIFY=FAILURE,DELAY"]
        original = b"ORCPT=rfc822;" + xtext(recipient) if recipient.isascii() else b""
        return [*options, original] if original and len(original) <= MAX_ORCPT else options


def xtext(words: str) -> bytes:
    """Return ASCII *words* as xtext (RFC 3461 §4)."""
    return "".join(char if _PLAIN.fullmatch(char) else f"+{ord(char):02X}" for char in words).encode("ascii")
