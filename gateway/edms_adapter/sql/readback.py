# SPDX-License-Identifier: GPL-3.0-or-later
"""Every file read back from its card, inside the transaction that writes it: what a registration promises."""

from collections.abc import Iterator

from gateway.edms_adapter.sql.chunks import InRows
from gateway.edms_adapter.sql.database import Work
from gateway.edms_adapter.sql.files import Staged, Store, Stored
from gateway.edms_adapter.sql.plan import Plan
from gateway.edms_adapter.sql.reading import Shelf
from gateway.edms_adapter.sql.values import Record


def read_back(plan: Plan, work: Work, store: Store, card: object, staged: Staged, *, every: bool = True) -> None:
    """Read the files of *staged* from *card*; raises OSError when one differs.

    With *every* false only what the card shows is verified: a file it had already is not added twice.
    """
    shown = {row.sha256: row for row in work.rows(plan.files_of_card, {"card": card})}
    staged_paths = {stored.path for stored in _all(staged) if stored.path is not None}
    for stored in _all(staged):
        row = shown.get(stored.sha256)
        if row is None and every:
            raise OSError(f"file {stored.name!r} is not on the card after writing")
        if row is None or row.path in staged_paths:
            continue  # what is in the store was read back before the transaction; its name becomes final with it
        if stored.chunks:
            _rows_read(plan, work, stored, row)
        else:
            Shelf(store).open(stored.name, row.sha256, row.size, row.path, row.content)


def _rows_read(plan: Plan, work: Work, stored: Stored, row: Record) -> None:
    """Read the rows of a file to their end, one at a time."""
    if row.size != stored.size:
        raise OSError(f"file {stored.name!r} has {row.size} bytes on the card instead of {stored.size}")
    written = InRows(row.chunks, stored.size, stored.sha256, lambda file, number: chunk(plan, work, file, number))
    for _ in written.blocks():
        pass


def chunk(plan: Plan, work: Work, file: object, number: int) -> bytes | None:
    """Return the bytes of one row of a file; None after the last."""
    if plan.chunk is None or file is None:
        return None
    row = work.first(plan.chunk, {"file": file, "number": number})
    return None if row is None else bytes(next(iter(row.__dict__.values())))


def _all(staged: Staged) -> Iterator[Stored]:
    for stored in staged.files:
        yield stored
        yield from stored.signatures
