# SPDX-License-Identifier: GPL-3.0-or-later
"""File names: every reading a sender may have meant, and a form that is safe to show.

A name is display data only; nothing is ever stored under it.
"""

import re
import unicodedata
from collections.abc import Sequence
from typing import Final

from gateway.mail.parameters import Structured
from gateway.mail.words import decode_words

MAX_NAME_BYTES: Final = 200  # LIMIT: UTF-8 bytes of a name as shown
_MAX_EXTENSION_BYTES: Final = 40  # a longer "extension" is just text with a dot in it
_SEPARATORS = re.compile(r'[/\\:*?"<>|]')
_RESERVED = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³])(\..*)?", re.IGNORECASE | re.DOTALL)


def file_names(dispositions: Sequence[Structured], content_type: Structured) -> tuple[str, ...]:
    """Return every different reading of a part's file name, the best first; empty when it has none.

    Best is ``filename*`` (RFC 2231), then ``filename``, then ``name*`` and ``name``.  More than one reading means
    that two programs may show two names (mail with ``filename=safe.txt; filename*=UTF-8''evil.exe``).
    """
    found: list[str] = []
    for header, parameter in (*((each, "filename") for each in dispositions), (content_type, "name")):
        found += header.extended(parameter)
        found += (decode_words(reading) for reading in header.plain(parameter))
    return tuple(dict.fromkeys(name for name in found if name))


def clean_name(name: str) -> str:
    """Return *name* fit for showing and for most file systems; "unnamed" when nothing is left of it.

    NFC; control, format (bidi, zero width), private and unassigned characters removed; ``/ \\ : * ? " < > |`` and
    reserved device names made harmless; no dots or blanks around; at most 200 bytes UTF-8 with the extension kept.
    Cleaning a clean name changes nothing.
    """
    kept = "".join(map(_shown, unicodedata.normalize("NFC", name)))
    kept = unicodedata.normalize("NFC", _SEPARATORS.sub("_", kept))
    kept = _trimmed(kept)
    if _RESERVED.fullmatch(kept):
        kept = f"_{kept}"
    return _trimmed(_shortened(kept)) or "unnamed"


def _shown(character: str) -> str:
    category = unicodedata.category(character)
    if category in ("Zs", "Zl", "Zp"):
        return " "
    return "" if category.startswith("C") else character


def _trimmed(name: str) -> str:
    return name.lstrip(". ").rstrip(". ")


def _shortened(name: str) -> str:
    if len(name.encode()) <= MAX_NAME_BYTES:
        return name
    stem, dot, extension = name.rpartition(".")
    if not stem or len(extension.encode()) > _MAX_EXTENSION_BYTES:
        stem, dot, extension = name, "", ""
    room = MAX_NAME_BYTES - len((dot + extension).encode())
    return stem.encode()[:room].decode(errors="ignore").rstrip(". ") + dot + extension
