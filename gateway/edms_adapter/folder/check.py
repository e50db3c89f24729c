# SPDX-License-Identifier: GPL-3.0-or-later
"""What `edms check` says of the folders; it changes nothing."""

import os
from collections.abc import Iterator
from datetime import datetime, timedelta

from gateway.edms_adapter.folder.answers import REFUSED, REGISTERED
from gateway.edms_adapter.folder.ledger import Ledger
from gateway.edms_adapter.folder.shelf import BROKEN, DOCUMENT, Shelf
from gateway.ports import Finding

NAMED = 20  # LIMIT: packages named in one finding


def folder(what: str, shelf: Shelf) -> Finding:
    """Say whether a folder is there and may be written."""
    name = f"{what}: {shelf.folder}"
    try:
        shelf.reach()
    except OSError as error:
        remedy = "make the folder, or mount it, where [edms.options] names it"
        return Finding(False, name, f"cannot be reached: {error.strerror}", remedy)
    if not os.access(shelf.folder, os.R_OK | os.W_OK | os.X_OK):
        return Finding(False, name, "may not be written", "give the gateway's account the right to read and write")
    return Finding(True, name)


def set_aside(shelf: Shelf) -> Finding:
    """Name the answers of the system that could not be read."""
    found = [f"{package}/{name}" for package in shelf.packages() for name in _broken(shelf, package)]
    if not found:
        return Finding(True, "answers that cannot be read")
    remedy = f"read what stands in {BROKEN}.txt beside each, write the file anew, and remove the one set aside"
    return Finding(False, "answers that cannot be read", _named(found), remedy)


def unanswered(shelf: Shelf, ledger: Ledger, deadline: timedelta, now: datetime) -> Finding:
    """Name the packages that wait longer than *deadline* for ``registered.json`` or ``refused.json``."""
    found = list(_late(shelf, ledger, now - deadline))
    if not found:
        return Finding(True, "packages that wait for an answer")
    remedy = f"look whether the system's import runs; it answers with {REGISTERED} or {REFUSED}"
    return Finding(False, "packages that wait for an answer", _named(found), remedy)


def _late(shelf: Shelf, ledger: Ledger, since: datetime) -> Iterator[str]:
    for package in shelf.packages():
        names = shelf.names(package)
        if DOCUMENT not in names or {REGISTERED, REFUSED} & set(names):
            continue
        ours = ledger.package(package)
        if ours is not None and not ours.addition and shelf.written_at(package, DOCUMENT) < since.timestamp():
            yield package


def _broken(shelf: Shelf, package: str) -> list[str]:
    return [name for name in shelf.names(package) if name.endswith(BROKEN)]


def _named(found: list[str]) -> str:
    more = f" and {len(found) - NAMED} more" if len(found) > NAMED else ""
    return ", ".join(found[:NAMED]) + more
