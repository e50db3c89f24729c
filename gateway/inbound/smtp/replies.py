# SPDX-License-Identifier: GPL-3.0-or-later
"""Replies and their enhanced codes (RFC 2034, RFC 3463)."""

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reply:
    """An SMTP reply with its enhanced code; *closes*: the connection ends after it."""

    text: str
    closes: bool = False


_CODES = {
    "220": "2.0.0", "221": "2.0.0", "250": "2.0.0", "252": "2.5.0", "421": "4.3.0", "451": "4.3.0", "452": "4.3.1",
    "454": "4.7.0", "500": "5.5.2", "501": "5.5.4", "502": "5.5.1", "503": "5.5.1", "530": "5.7.0", "552": "5.3.4",
    "553": "5.1.3", "554": "5.7.0", "555": "5.5.4",
}  # fmt: skip

_HAS_CODE = re.compile(r"\d{3}[ -]\d\.\d{1,3}\.\d{1,3} ")


def enhanced(reply: str, greeting: str) -> str:
    """Return *reply* with an enhanced code when it has none; the greeting stays as it is (RFC 2034 §4)."""
    code = _CODES.get(reply[:3])
    if code is None or reply.startswith(greeting) or _HAS_CODE.match(reply):
        return reply
    return f"{reply[:4]}{code} {reply[4:]}"
