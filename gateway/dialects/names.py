# SPDX-License-Identifier: GPL-3.0-or-later
"""Names of files that every standard has to live with: what a file system takes, and when two of them are the same."""

import re
import unicodedata
from posixpath import splitext

from gateway.dialects.values import one_line

UNNAMED = "file"  # a file without a name
MAX_PLAIN = 200  # LIMIT: bytes of a name in UTF-8; leaves room for [N] and .sig within what file systems take

_NOT_IN_FILE_NAMES = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f]')
INDEX = re.compile(r"\[\d{1,9}\](?=\.|$)", re.ASCII)  # SEV's, before an extension


def plain(name: str) -> str:
    """Return *name* as a file system takes it: forbidden characters as ``_``, at most 200 bytes, extension kept."""
    safe = _NOT_IN_FILE_NAMES.sub("_", one_line(name)) or UNNAMED
    stem, extension = splitext(safe)
    room = MAX_PLAIN - len(extension.encode())
    if room < MAX_PLAIN // 2:  # an extension that long is none
        return safe.encode()[:MAX_PLAIN].decode(errors="ignore")
    return stem.encode()[:room].decode(errors="ignore") + extension


def signature_suffix(position: int) -> str:
    """Return what the signature at *position* (1 the first) adds to the name of its file."""
    return ".sig" if position == 1 else f".{position}.sig"


def exact(name: str) -> str:
    return name


def normalised(name: str) -> str:
    return unicodedata.normalize("NFC", name)


def caseless(name: str) -> str:
    return normalised(normalised(name).casefold())


def indexless(name: str) -> str:
    return INDEX.sub("", caseless(name))


# From strict to lenient: two names are the same when one of these gives the same for both.
LIKENESSES = (exact, normalised, caseless, indexless)
