# SPDX-License-Identifier: GPL-3.0-or-later
"""A worker process for the tests: ``python -m tests.journal.claimer URL BLOBS NAME LIMIT``.

It says "ready", waits for a line, claims and prints the ids, waits for a line,
then concludes, claims and prints until nothing is left.
"""

import sys
from pathlib import Path

from gateway.journal import entries
from gateway.journal.entries import Entry, State
from gateway.journal.store import Journal
from tests.journal.givens import LEASE, NOW


def claim(journal: Journal, name: str, limit: int) -> list[Entry]:
    with journal.write() as tx:
        mine = entries.claim(tx, name, limit, NOW, LEASE)
    print(*(entry.id for entry in mine), flush=True)
    return mine


def main() -> None:
    url, blobs, name, limit = sys.argv[1:]
    journal = Journal.open(url, Path(blobs))
    print("ready", flush=True)
    sys.stdin.readline()
    mine = claim(journal, name, int(limit))
    sys.stdin.readline()
    while mine:
        for entry in mine:
            with journal.write() as tx:
                entries.conclude(tx, entry.id, State.DONE, now=NOW, worker=name)
        mine = claim(journal, name, int(limit))
    journal.close()


if __name__ == "__main__":
    main()
