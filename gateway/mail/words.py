# SPDX-License-Identifier: GPL-3.0-or-later
"""Encoded words (RFC 2047) and raw 8-bit text in headers, read and written.

Reading never raises and takes linear time; what does not decode stays as it stands.
"""

import re
from binascii import a2b_base64, a2b_qp, b2a_base64

from gateway.mail.charsets import decode, guess
from gateway.mail.syntax import Token, tokens, unquoted

# QUIRK: blanks inside an encoded word are common in the wild, though RFC 2047 §2 forbids them.
_WORD = re.compile(r"=\?([^?\s]{1,60})\?([bBqQ])\?([^?]*)\?=")
_NOT_BASE64 = re.compile(r"[^A-Za-z0-9+/]")
_BREAKS = re.compile("[\x00-\x1f\x7f\x85\u2028\u2029]+")
_RUN = re.compile(rf"{_WORD.pattern}(?:[ \t]+{_WORD.pattern})*")
_PLAIN_PHRASE = re.compile(r"[\w \-]+")
_SPECIAL = re.compile(r'[\\"()]')


def header_text(raw: bytes, charset: str = "") -> str:
    """Return the raw value of a header field as one line of text, encoded words untouched.

    Raw 8-bit: UTF-8 when it is, else *charset* when Cyrillic, else windows-1251 or koi8-r by letter frequency.
    """
    text = raw.decode("ascii") if raw.isascii() else guess(raw, charset)
    return one_line(text)


def one_line(text: str) -> str:
    """Return *text* with every run of control characters and line breaks as one blank, and no blanks around."""
    return _BREAKS.sub(" ", text).strip()


def decode_words(text: str) -> str:
    """Return *text* with its encoded words decoded.

    Neighbours of the same charset are joined as bytes first: senders split characters between words.
    """
    out: list[str] = []
    charset, octets, end = "", b"", 0
    for match in _WORD.finditer(text):
        between = text[end : match.start()]
        here = match[1].partition("*")[0].lower()  # RFC 2231 §5: charset*language
        if between.strip(" \t\r\n") or not end or here != charset:
            out.append(decode(octets, charset) if octets else "")
            out.append(between if between.strip(" \t\r\n") or not end else "")
            charset, octets = here, b""
        octets += _octets(match[2], match[3])
        end = match.end()
    out.append(decode(octets, charset) if octets else "")
    out.append(text[end:])
    return "".join(out)


def decode_address_words(text: str) -> str:
    """Return the value of an address header with encoded words decoded, without making or moving an address.

    Decoded text is quoted or escaped, so that no ``@``, ``,``, ``<`` or ``)`` in it can be taken for syntax;
    what stands in angle brackets, or touches an address, is left alone.
    """
    out: list[str] = []
    for kind, token in tokens(text):
        if kind is Token.QUOTED:
            plain = unquoted(token)
            out.append(token if _WORD.search(plain) is None else _in_quotes(one_line(decode_words(plain))))
        elif kind is Token.COMMENT:
            out.append(_RUN.sub(lambda run: _escaped(one_line(decode_words(run[0]))), token))
        elif kind is Token.TEXT:
            out.append(_RUN.sub(_phrase, token))
        else:
            out.append(token)
    return "".join(out)


def encode_words(text: str, first_room: int = 60) -> tuple[str, ...]:
    """Return *text* as encoded words (UTF-8, base64), each at most 75 characters and the first at most *first_room*.

    No character is split between two words (RFC 2047 §5).
    """
    words: list[str] = []
    chunk, room = b"", first_room
    for character in text:
        octets = character.encode()
        if len(_encoded(chunk + octets)) > room and chunk:
            words.append(_encoded(chunk))
            chunk, room = b"", 75
        chunk += octets
    return (*words, _encoded(chunk))


def _encoded(octets: bytes) -> str:
    return f"=?UTF-8?B?{b2a_base64(octets, newline=False).decode('ascii')}?="


def _octets(encoding: str, text: str) -> bytes:
    if encoding in "qQ":
        return a2b_qp(text.encode(), header=True)
    letters = _NOT_BASE64.sub("", text)
    letters = letters[:-1] if len(letters) % 4 == 1 else letters
    return a2b_base64(letters + "=" * (-len(letters) % 4))


def _phrase(run: re.Match[str]) -> str:
    """Return decoded what stands between words, or unchanged what could be part of an address."""
    before, after = run.string[: run.start()][-1:], run.string[run.end() :][:1]
    if before.strip(" \t,;:") or after.strip(" \t,;"):
        return run[0]
    return _in_quotes(one_line(decode_words(run[0])))


def _in_quotes(text: str) -> str:
    return text if _PLAIN_PHRASE.fullmatch(text) else f'"{_escaped(text)}"'


def _escaped(text: str) -> str:
    """Escape what means something in a quoted string or in a comment (RFC 5322 §3.2.1)."""
    return _SPECIAL.sub(r"\\\g<0>", text)
