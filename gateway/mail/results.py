# SPDX-License-Identifier: GPL-3.0-or-later
"""Authentication-Results (RFC 8601): what a mail server found out about a letter, read so that nobody else can say it.

Such a field quotes the sender: its addresses, its words.  So only the grammar decides: a verdict is the first word
between two semicolons, what stands in comments is nothing, what stands in quotes is never more than one value.
"""

import re
from typing import Final

from gateway.mail.syntax import Token, tokens, unquoted

_PLAIN_VALUE = re.compile(r"[A-Za-z0-9.@_+-]+")
_NOTHING: Final = '"'  # stands for a quoted string; equal to no word we look for


def authserv_id(value: str) -> str:
    """Return the name of the server that wrote the field, as written; only the very first word can be it."""
    return value.split(";", 1)[0].strip().split(" ")[0]


def vouches(value: str, domain: str) -> bool:
    """Say whether the field with this *value* vouches for ``From:`` *domain*: DMARC passed, or an aligned DKIM.

    A DMARC that failed outweighs everything; so does a property that is given twice with two values, and a quote or
    a comment that never closes.
    """
    verdicts = _verdicts(value)
    if any(words[0] == "dmarc=fail" for words in verdicts):
        return False
    return any(_aligned(words, domain.casefold()) for words in verdicts)


def _verdicts(value: str) -> list[list[str]]:
    """Return the words of every verdict, lower case; none when the field is broken."""
    pieces = []
    for kind, token in tokens(value, angles=False):
        if kind is Token.BROKEN:
            return []
        if kind is Token.COMMENT:
            token = " "
        elif kind is Token.QUOTED:
            plain = unquoted(token)
            token = plain if _PLAIN_VALUE.fullmatch(plain) else _NOTHING
        pieces.append(token)
    return [words for verdict in "".join(pieces).casefold().split(";")[1:] if (words := verdict.split())]


def _aligned(words: list[str], domain: str) -> bool:
    """Say whether this verdict is a pass and names *domain*, and no other."""
    if words[0] == "dmarc=pass":
        return _values(words, "header.from=") == {domain}
    signers, users = _values(words, "header.d="), _values(words, "header.i=")
    return words[0] == "dkim=pass" and (signers == {domain} or (not signers and users == {f"@{domain}"}))


def _values(words: list[str], name: str) -> set[str]:
    return {word.removeprefix(name) for word in words if word.startswith(name)}
