# SPDX-License-Identifier: GPL-3.0-or-later
"""Looks into the files a configuration names; what others on the machine may read is no secret."""

import os
from pathlib import Path
from stat import S_IRGRP, S_IROTH, S_IWGRP, S_IWOTH

MAX_PRIVATE = 64 << 10  # LIMIT: bytes of a secret or a key

Fault = tuple[str, str]  # what is wrong, and the remedy


def looked_into(path: Path, *, private: bool, whole: bool) -> tuple[str, Fault | None]:
    """Return the text of a file that is wanted *whole*, and what is wrong with the file, or None."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_PRIVATE + 1 if whole else 1)
            exposed = too_open(os.fstat(file.fileno()))
        text = content.decode() if whole else ""
    except (OSError, ValueError) as error:  # ValueError: not UTF-8, or a NUL in the name
        why = error.strerror if isinstance(error, OSError) else "it is not text"
        absent = isinstance(error, FileNotFoundError)
        remedy = "write it, or mend the name" if absent else "make it a file that the user of the gateway can read"
        return "", (f"{path} cannot be read: {why}", remedy)
    if private and exposed:
        return text, (f"{path} can be read by {exposed} on this machine", f"chmod 600 {path}")
    if private and not (content.strip() and len(content) <= MAX_PRIVATE):
        return text, (f"{path} is empty or too large", "write the secret into it, and nothing else")
    return text, None


def too_open(found: os.stat_result) -> str:
    """Say who else may read or write a file: "everybody", "another group", or empty.

    A group we are a member of is our own; root is a member of none in particular, so it cannot tell.
    """
    if found.st_mode & (S_IROTH | S_IWOTH):
        return "everybody"
    ours = {os.getegid(), *os.getgroups()}
    if found.st_mode & (S_IRGRP | S_IWGRP) and os.geteuid() != 0 and found.st_gid not in ours:
        return "another group"
    return ""
