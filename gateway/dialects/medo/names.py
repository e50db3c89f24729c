# SPDX-License-Identifier: GPL-3.0-or-later
"""Names of files: Latin on the wire, with the people's name in the description (§4.2, §2.10)."""

import re

from gateway.dialects.medo.values import word
from gateway.dialects.names import UNNAMED

STAND_IN = "bin"  # the ending of a file in a container whose own cannot stand there
_ENDING = re.compile(r"[A-Za-z0-9]{1,8}")
_CONTAINER_ENDING = re.compile(r"[A-Za-z0-9]{3,4}")
_SIGNATURE = re.compile(r"(?:_\d{1,3})?\.(?:p7s|sig|sign)")


def shown_name(name: str) -> str:
    """Return *name* as a description can carry it."""
    return word(name) or UNNAMED


def ending_of(name: str) -> str:
    """Return the ending of *name* in small letters when it is a plain one, else nothing."""
    stem, _, ending = name.rpartition(".")
    return ending.lower() if stem and _ENDING.fullmatch(ending) else ""


def local_name(name: str, position: int) -> str:
    """Return the name on the wire of the file people call *name*, at *position* of its card."""
    ending = ending_of(name)
    return f"file{position}.{ending}" if ending else f"file{position}"


def contained_name(name: str, position: int) -> str:
    """Return the name inside a container: letters, digits and ``_``, an ending of three or four of them."""
    ending = ending_of(name)
    return f"file{position}.{ending if _CONTAINER_ENDING.fullmatch(ending) else STAND_IN}"


def signature_name(position: int, which: int) -> str:
    """Return the name of the *which*-th signature (from 0) of the file at *position*."""
    return f"file{position}.p7s" if which == 0 else f"file{position}_{which + 1}.p7s"


def is_signature(name: str) -> bool:
    """Say whether a file called *name* is the signature of another."""
    return ending_of(name) in ("p7s", "sig", "sign", "sgn")


def is_signature_of(local: str, name: str) -> bool:
    """Say whether a file called *name* is a signature of the one called *local*, which nothing but its name says."""
    whole, stem, name = local.casefold(), local.casefold().rpartition(".")[0], name.casefold()
    return any(base and name.startswith(base) and _SIGNATURE.fullmatch(name[len(base) :]) for base in (whole, stem))


def called(description: str, local: str, kind: str = "") -> str:
    """Return the name for people of a file that came: the description, else its name, in any case with its ending.

    QUIRK: descriptions are left out, empty, or without the ending; a name may lack it, too, and ``@type`` has it.
    """
    name = word(description) or word(local) or UNNAMED
    ending = ending_of(local) or kind
    if ending in ("", STAND_IN, "reference") or name.casefold().endswith(f".{ending}"):
        return name
    return f"{name}.{ending}"
