# SPDX-License-Identifier: GPL-3.0-or-later
"""E-mail addresses: one strict reading, or none.

Two programs that read an address differently are how a stranger passes for a partner, so display names, comments
and odd syntax never decide: what is not plainly an address list yields nothing.
"""

from dataclasses import dataclass
from string import ascii_uppercase
from unicodedata import normalize

import email_validator
from email_validator import EmailNotValidError, validate_email

from gateway.mail.syntax import Token, tokens

# Partners inside one network and tests live under these; the library's way to allow them is this list.
for _name in ("local", "localhost", "test"):
    if _name in email_validator.SPECIAL_USE_DOMAIN_NAMES:
        email_validator.SPECIAL_USE_DOMAIN_NAMES.remove(_name)


_LOWER = {ord(letter): ord(letter.lower()) for letter in ascii_uppercase}


@dataclass(frozen=True, slots=True)
class Address:
    """An addr-spec (RFC 5322 §3.4.1); made by `parse`."""

    local: str  # as written, NFC: case matters to its owner
    domain: str  # lower case, internationalised labels as ``xn--``

    def __str__(self) -> str:
        return f"{self.local}@{self.domain}"


def parse(text: str) -> Address:
    """Return the address *text* is; raises ValueError saying what is wrong with it.

    No display name, no comment, no quoted local part, no address literal, no blanks; whether the domain exists
    is not asked.  Intranet names (``host``, ``host.local``) are allowed.  A domain in wide letters, or
    with dots of other scripts, is none: IDNA would turn it into somebody's; nor is a local part with a Kelvin sign.
    """
    try:
        found = validate_email(text, check_deliverability=False, globally_deliverable=False, strict=True)
    except EmailNotValidError as error:
        raise ValueError(f"{text[:80]!r} is not an e-mail address: {error}") from error
    local, _, domain = text.rpartition("@")
    if _disguised(domain) or (found.local_part.isascii() and not local.isascii()):
        raise ValueError(f"{text[:80]!r} is not an e-mail address: it holds letters that only look right")
    if found.ascii_domain is None:
        raise ValueError(f"{text[:80]!r} is not an e-mail address: its domain has no ASCII form")
    return Address(found.local_part, found.ascii_domain.lower())


def _disguised(domain: str) -> bool:
    return "\u3002" in domain or normalize("NFKC", domain) != normalize("NFC", domain)


def same(one: str | Address, other: str | Address) -> bool:
    """Say whether both are the same address: domains without case and IDNA form, local parts exactly.

    What is not an address is the same as nothing.
    """
    try:
        left, right = (value if isinstance(value, Address) else parse(value) for value in (one, other))
    except ValueError:
        return False
    return left == right


def caseless(text: str) -> str:
    """Return address *text* for comparing as people mean it: A to Z of its local part without case, too.

    Of other scripts no letter is folded: ``ſ`` and the Kelvin sign are not ``s`` and ``k``, however they look.
    What is not an address is compared as it stands.
    """
    try:
        address = parse(text)
    except ValueError:
        return text
    return f"{address.local.translate(_LOWER)}@{address.domain}"


def addresses(header_value: str) -> tuple[str, ...]:
    """Return the addresses of a From, To or similar field, in order, or none when any part of it is not plain.

    Accepts ``a@x``, ``Name <a@x>``, ``"Any, name" <a@x>``, comments around them, groups and empty list members;
    refuses the whole value for anything else, ``alice@example.org)bob@evil.example`` for one.
    """
    try:
        return tuple(str(parse(member)) for member in _members(header_value))
    except ValueError:
        return ()


def _members(header_value: str) -> list[str]:
    """Return the addr-specs of an address list as written; raises ValueError for broken syntax."""
    found: list[str] = []
    mailbox: list[tuple[Token, str]] = []
    in_group = False
    for kind, token in _signs(header_value):
        if token == ":" and kind is Token.TEXT:
            if in_group or any(each is Token.ANGLE for each, _ in mailbox) or not mailbox:
                raise ValueError("a group in a group, or one without a name")
            in_group, mailbox = True, []
        elif token in (",", ";") and kind is Token.TEXT:
            if token == ";" and not in_group:
                raise ValueError("a group ends that did not begin")
            found += _mailbox(mailbox)
            in_group, mailbox = in_group and token != ";", []
        elif kind is not Token.COMMENT:
            mailbox.append((kind, token))
    if in_group:
        raise ValueError("a group does not end")
    return found + _mailbox(mailbox)


def _signs(header_value: str) -> list[tuple[Token, str]]:
    """Return the pieces of *header_value* with ``, : ;`` as pieces of their own, without blank ones."""
    if "\0" in header_value:
        raise ValueError("a NUL in an address")
    signs: list[tuple[Token, str]] = []
    for kind, token in tokens(header_value):
        if kind is Token.BROKEN:
            raise ValueError("something opens and does not close")
        if kind is not Token.TEXT:
            signs.append((kind, token))
            continue
        for mark in ",:;":
            token = token.replace(mark, f"\0{mark}\0")
        signs += ((kind, piece.strip(" \t\r\n")) for piece in token.split("\0") if piece.strip(" \t\r\n"))
    return signs


def _mailbox(pieces: list[tuple[Token, str]]) -> list[str]:
    """Return the one address of a list member; none for an empty member."""
    if not pieces:
        return []
    *phrase, (kind, token) = pieces
    if kind is Token.ANGLE:
        if any(each is Token.ANGLE or (each is Token.TEXT and set(word) & set("@<>)[]\\")) for each, word in phrase):
            raise ValueError("an address stands where a name should")
        return [token[1:-1]]
    if phrase or kind is not Token.TEXT:
        raise ValueError("words around an address")
    return [token]
