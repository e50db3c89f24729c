# SPDX-License-Identifier: GPL-3.0-or-later
"""Names of files: what people see, and the UniqueName by which a package is put together again.

UniqueName is the name with ``[N]`` before its last extension, N the number of the resource; a signature adds
``.sig``, the second and later ones ``.2.sig`` and so on, to the UniqueName of its file.
"""

import re
import unicodedata
from posixpath import splitext

from gateway.dialects.sev.values import one_line
from gateway.dialects.sev.vocabulary import UNNAMED

MAX_PLAIN = 200  # LIMIT: bytes of a name in UTF-8; leaves room for [N] and .sig within what file systems take

_NOT_IN_FILE_NAMES = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f]')
_INDEX = re.compile(r"\[\d{1,9}\](?=\.|$)", re.ASCII)


def plain(name: str) -> str:
    """Return *name* as a file system takes it: forbidden characters as ``_``, at most 200 bytes, extension kept."""
    safe = _NOT_IN_FILE_NAMES.sub("_", one_line(name)) or UNNAMED
    stem, extension = splitext(safe)
    room = MAX_PLAIN - len(extension.encode())
    if room < MAX_PLAIN // 2:  # an extension that long is none
        return safe.encode()[:MAX_PLAIN].decode(errors="ignore")
    return stem.encode()[:room].decode(errors="ignore") + extension


def unique_name(name: str, number: int) -> str:
    """Return the UniqueName of the file people call *name*, resource *number*."""
    stem, extension = splitext(plain(name))
    return f"{stem}[{number}]{extension}"


def signature_suffix(position: int) -> str:
    """Return what the signature at *position* (1 the first) adds to the name of its file."""
    return ".sig" if position == 1 else f".{position}.sig"


def has_index(unique: str) -> bool:
    return _INDEX.search(unique) is not None


def without_index(unique: str, number: int) -> str:
    """Return *unique* without ``[number]`` before its last extension."""
    stem, extension = splitext(unique)
    return stem.removesuffix(f"[{number}]") + extension


def shown_name(description: str, extension: str, unique: str, number: int) -> str:
    """Return the name for people: the description, else the UniqueName, and in any case with its extension.

    QUIRK: gateways write the UniqueName as description, leave the description out, or the extension off it.
    """
    name = one_line(description)
    if not name or name == one_line(unique):
        name = one_line(without_index(unique, number))
    dotted = extension if not extension or extension.startswith(".") else "." + extension
    if not name.casefold().endswith(dotted.casefold()):
        name += dotted
    return name or UNNAMED


def shown_signature_name(signature: str, file: str, number: int) -> str:
    """Return the name of a signature for people, from its UniqueName and that of its *file*, resource *number*."""
    if file and signature.startswith(file):
        return one_line(without_index(file, number) + signature[len(file) :])
    return one_line(signature)


def exact(name: str) -> str:
    return name


def normalised(name: str) -> str:
    return unicodedata.normalize("NFC", name)


def caseless(name: str) -> str:
    return normalised(normalised(name).casefold())


def indexless(name: str) -> str:
    return _INDEX.sub("", caseless(name))


# From strict to lenient: two names are the same when one of these gives the same for both.
LIKENESSES = (exact, normalised, caseless, indexless)
