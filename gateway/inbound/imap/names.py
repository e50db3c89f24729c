# SPDX-License-Identifier: GPL-3.0-or-later
"""Writing IMAP arguments: quoted strings, mailbox names, sets of UIDs; pure."""

import base64
import re
from collections.abc import Iterable

_CONTROLS = re.compile(r"[\x00\r\n]")
_KEYWORD = re.compile(r"\\?[A-Za-z0-9$_.+-]{1,64}")


def quoted(text: str) -> str:
    """Return *text* as a quoted string (RFC 3501 §4.3); raises ValueError on NUL, CR and LF: they end a command."""
    if _CONTROLS.search(text):
        raise ValueError("NUL, CR and LF are not allowed in an IMAP argument")
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def mailbox(name: str) -> str:
    """Return the folder called *name* as an argument: modified UTF-7 (RFC 3501 §5.1.3), quoted."""
    return quoted(modified_utf7(name))


def modified_utf7(name: str) -> str:
    """Return *name* in modified UTF-7: printable ASCII as it is, the rest as ``&`` base64 of UTF-16 ``-``."""
    return re.sub(r"&|[^\x20-\x7e]+", _shifted, name)


def _shifted(run: re.Match[str]) -> str:
    if run.group() == "&":
        return "&-"
    coded = base64.b64encode(run.group().encode("utf-16-be")).decode("ascii")
    return "&" + coded.rstrip("=").replace("/", ",") + "-"


def keyword(flag: str) -> str:
    """Return *flag* if it can stand in a STORE command as it is; raises ValueError otherwise."""
    if not _KEYWORD.fullmatch(flag):
        raise ValueError(f"{flag!r} is no IMAP keyword")
    return flag


def uid_set(uids: Iterable[int]) -> str:
    """Return *uids* as a sequence set, runs shortened: ``3:5,9``."""
    runs: list[list[int]] = []
    for uid in sorted(set(uids)):
        if runs and uid == runs[-1][1] + 1:
            runs[-1][1] = uid
        else:
            runs.append([uid, uid])
    return ",".join(str(low) if low == high else f"{low}:{high}" for low, high in runs)
