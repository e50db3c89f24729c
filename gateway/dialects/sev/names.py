# SPDX-License-Identifier: GPL-3.0-or-later
"""Names of files: what people see, and the UniqueName by which a package is put together again.

UniqueName is the name with ``[N]`` before its last extension, N the number of the resource; a signature adds
``.sig``, the second and later ones ``.2.sig`` and so on, to the UniqueName of its file.
"""

from posixpath import splitext

from gateway.dialects.names import INDEX, UNNAMED, plain
from gateway.dialects.values import one_line


def unique_name(name: str, number: int) -> str:
    """Return the UniqueName of the file people call *name*, resource *number*."""
    stem, extension = splitext(plain(name))
    return f"{stem}[{number}]{extension}"


def has_index(unique: str) -> bool:
    return INDEX.search(unique) is not None


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
