# SPDX-License-Identifier: GPL-3.0-or-later
"""Which errors are the machine's: a full disk, a sick one, a database that is away.  No letter is to blame for them.

Knows the numbers of the operating system, of SQLite and of PostgreSQL; what an EDMS's driver raises is read likewise.
"""

import errno
import sqlite3
from collections.abc import Iterator

from sqlalchemy.exc import InterfaceError, OperationalError

_DISK = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS})
_SQLITE = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR})
_SQLITE_SYNC = frozenset({sqlite3.SQLITE_IOERR_FSYNC, sqlite3.SQLITE_IOERR_DIR_FSYNC})
# SQLSTATEs: no such table, column, function, schema, or no right to it
_CHANGED = frozenset({"42P01", "42703", "42883", "3F000", "42501"})
_CHANGED_MARIADB = frozenset({1054, 1142, 1143, 1146, 1305, 1370})  # the same
_CHANGED_SQLITE = ("no such table", "no such column", "has no column named")
_TOO_MUCH = "54"  # SQLSTATE class: program limit exceeded, by what is written
_POSTGRES = ("53", "58")  # SQLSTATE classes: insufficient resources, system error


def no_room(error: BaseException) -> str:
    """Return what *error*, or what caused it, says of a disk that is full or sick; empty when it says nothing."""
    for one in _causes(error):
        if isinstance(one, OSError) and one.errno in _DISK:
            return f"{errno.errorcode[one.errno]}: {one.strerror}"
        if getattr(one, "sqlite_errorcode", 0) & 0xFF in _SQLITE or _state(one).startswith(_POSTGRES):
            return " ".join(str(one).split())[:200]
    return ""


def changed(error: BaseException) -> str:
    """Return what *error* says of a table, a column or a right that is there no longer; empty when it says nothing.

    A database that somebody upgraded or closed is no letter's fault, whatever others go through.
    """
    for one in _causes(error):
        number = one.args[0] if one.args else None
        lost = isinstance(one, sqlite3.OperationalError) and any(words in str(one) for words in _CHANGED_SQLITE)
        if lost or _state(one) in _CHANGED or (isinstance(number, int) and number in _CHANGED_MARIADB and one.args[1:]):
            return " ".join(str(one).split())[:200]
    return ""


def of_the_machine(error: BaseException) -> str:
    """Return what *error* says of the disk or of the journal's database; empty when it may be the letter's."""
    if found := no_room(error):
        return found
    away = next((one for one in _causes(error) if isinstance(one, OperationalError | InterfaceError)), None)
    if away is None or getattr(away.orig, "sqlite_errorcode", None) == sqlite3.SQLITE_ERROR:  # a statement of ours
        return ""
    if any(_state(one).startswith(_TOO_MUCH) for one in _causes(error)):
        return ""
    return " ".join(str(away.orig).split())[:200]


def sync_failed(error: BaseException) -> bool:
    """Say whether SQLite could not sync its log."""
    return any(getattr(one, "sqlite_errorcode", 0) in _SQLITE_SYNC for one in _causes(error))


def _state(error: BaseException) -> str:
    return getattr(error, "sqlstate", None) or ""


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """Yield *error*, the driver's own behind it, and what it was raised from."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = getattr(error, "orig", None) or error.__cause__
