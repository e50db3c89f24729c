# SPDX-License-Identifier: GPL-3.0-or-later
"""Files onto a document: handed to Mayan, and waited for until it has stored each of them as it came.

Mayan says 202 to a file before it stores it, also when it then cannot.
"""

import time
from collections.abc import Sequence
from datetime import timedelta

from gateway.edms_adapter.mayan.documents import WITH, Archive, Stored
from gateway.edms_adapter.remote.papers import STAMP, Paper
from gateway.errors import Deferred
from gateway.ports import Failpoint

FIRST_PAUSE, LONGEST_PAUSE = 0.02, 1.0  # seconds between two looks for what Mayan is still working on


class Storage:
    """Lays files onto documents; keeps nothing."""

    def __init__(self, archive: Archive, patience: timedelta, failpoint: Failpoint) -> None:
        self.archive, self.patience, self.failpoint = archive, patience.total_seconds(), failpoint

    def lay(self, card: int, came: Sequence[Paper], first: str, stop: str, *, fresh: bool) -> None:
        """Put files onto a document, those that are not there yet; *first* says what the first does to the pages.

        Raises Deferred for files that do not come in time, OSError for one that was stored differently.
        """
        wanted = [paper for paper in came if paper.content.size]  # Mayan takes no empty ones
        there = {} if fresh else self._stored(card)
        for place, paper in enumerate(wanted):
            if paper.mark not in there:
                self.archive.bring(card, paper, WITH if place else first)
                self.failpoint(stop)
        until, pause = time.monotonic() + self.patience, FIRST_PAUSE
        while wanted:
            there = self._stored(card)
            lacking = [paper for paper in wanted if paper.mark not in there or there[paper.mark].checksum is None]
            if not lacking:
                break
            if time.monotonic() > until:
                for paper in lacking:  # begun and never ended, it would stand in the way of the next attempt
                    if paper.mark in there:
                        self.archive.remove(card, there[paper.mark].id)
                said = f"Mayan accepted {len(lacking)} files of document {card} and has not stored them"
                raise Deferred(f"{said}: see its log for CRITICAL lines, and that its workers run")
            time.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)
        for paper in wanted:
            stored = there[paper.mark]
            if stored.checksum != paper.content.sha256:
                self.archive.remove(card, stored.id)
                raise OSError(f"Mayan stored file {paper.name!r} differently from what was sent")

    def _stored(self, card: int) -> dict[str, Stored]:
        """Return the files of a document by their marks; a second one of an upload that came through late goes."""
        found: dict[str, Stored] = {}
        files = [one for one in self.archive.files(card) if one.mark.startswith(STAMP)]
        for one in sorted(files, key=lambda one: one.checksum is None):
            if one.mark in found:
                self.archive.remove(card, one.id)
            else:
                found[one.mark] = one
        return found
