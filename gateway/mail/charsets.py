# SPDX-License-Identifier: GPL-3.0-or-later
"""Bytes to text when the charset is declared, misspelt, or not said at all.  Never raises for what a sender can send.

Only charsets of this list are ever handed to Python's codecs: an unknown name costs an import attempt and stays
in a cache for ever, and some codecs (zlib, idna, punycode) are no charsets at all.
UTF-7 is left out, because it can spell half characters.
"""

from typing import Final

_ALIASES: Final = {"ansi_x3.4-1968": "ascii", "x-mac-cyrillic": "mac-cyrillic", "windows-874": "cp874"}
_KNOWN: Final = frozenset(
    [
        *("ascii", "us-ascii", "utf-8", "utf8", "utf-16", "utf-16le", "utf-16be"),
        *(f"iso-8859-{part}" for part in (*range(1, 12), *range(13, 17))),
        *("latin1", "latin-1", "latin2"),
        *(f"{prefix}{page}" for prefix in ("windows-", "cp") for page in range(1250, 1259)),
        *(f"{prefix}{page}" for prefix in ("ibm", "cp") for page in (437, 850, 852, 855, 857, 858, 862, 864, 866)),
        *("koi8-r", "koi8-u", "mac-cyrillic", "macintosh", "tis-620", "cp874"),
        *("iso-2022-jp", "shift_jis", "euc-jp", "iso-2022-kr", "euc-kr", "ks_c_5601-1987"),
        *("gb2312", "gbk", "gb18030", "big5"),
    ]
)
_CYRILLIC: Final = frozenset(["windows-1251", "cp1251", "koi8-r", "koi8-u", "iso-8859-5", "cp866", "ibm866"])
# How often letters stand in Russian text, in classes; a letter that is not there is rare or not Russian.
_FREQUENCY: Final = {
    letter: weight
    for weight, letters in ((100, "о"), (80, "еаи"), (60, "нтс"), (45, "рвл"), (30, "кмдпу"), (16, "яыьгзбчй"))
    for letter in letters
}


def codec_of(charset: str) -> str | None:
    """Return the codec's name for a MIME *charset*, or None for one we do not know."""
    name = charset.strip().lower()
    name = _ALIASES.get(name, name)
    return name if name in _KNOWN else None


def decode(octets: bytes, charset: str) -> str:
    """Return *octets* as text in *charset*; an unknown or wrong charset is guessed, unreadable bytes become U+FFFD."""
    codec = codec_of(charset)
    if codec is None or (codec in ("ascii", "us-ascii") and not octets.isascii()):
        return guess(octets)
    try:
        return octets.decode(codec)
    except ValueError:
        return octets.decode(codec, "replace")


def guess(octets: bytes, declared: str = "", candidates: tuple[str, ...] = ("windows-1251", "koi8-r")) -> str:
    """Return raw 8-bit *octets* as text: UTF-8 when it is, else *declared* when that is Cyrillic, else the likeliest.

    The likeliest is the candidate whose letters are most frequent in Russian text; the first wins a tie.
    """
    try:
        return octets.decode()
    except UnicodeDecodeError:
        pass
    codec = codec_of(declared)
    if codec in _CYRILLIC:
        return octets.decode(codec, "replace")
    return max((octets.decode(name, "replace") for name in candidates), key=_russian)


def _russian(text: str) -> float:
    """Return how much *text* looks like Russian: letter frequency, less for a capital inside a word."""
    score, before = 0.0, ""
    for character in text:
        if not character.isascii():
            score += _FREQUENCY.get(character.lower(), -20)
            score -= 30 * (character.isupper() and before.islower())
        before = character
    return score
