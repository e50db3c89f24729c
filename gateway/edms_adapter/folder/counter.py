# SPDX-License-Identifier: GPL-3.0-or-later
"""Numbers given by us, when the system waits for them: a file for each year, ``counter-2026.json``.

It says the last number and who has it, so that a number whose taker was killed before he could note it is still his,
and the year has no gap.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any

from gateway.edms_adapter.folder.ledger import Ledger
from gateway.edms_adapter.folder.shelf import Shelf
from gateway.edms_adapter.step_journal import Errand, StepJournal
from gateway.model import Number

NUMBER = "number"  # the step
HERE = ""  # the counters lie in the adapter's folder itself


class Counter:
    def __init__(self, shelf: Shelf, form: str, ledger: Ledger, journal: StepJournal) -> None:
        self.shelf, self.form, self.ledger, self.journal = shelf, form, ledger, journal

    def next(self, on: date) -> Number:
        """Return the number that would be given for *on*."""
        return self._number(int(self._read(on).get("last", 0)) + 1, on)

    def take(self, errand: Errand, on: date) -> Number:
        """Return the number of *errand*, the next one of the year of *on* when it has none yet."""
        if (noted := errand.done(NUMBER)) is not None:
            return self._number(int(noted), on)
        with self.ledger.alone("counter"):
            state = self._read(on)
            last, holder = int(state.get("last", 0)), str(state.get("holder", ""))
            if holder == errand.name:
                given = last
            else:
                if holder and NUMBER not in self.journal.noted(holder):
                    self.journal.note(holder, NUMBER, str(last))
                given = last + 1
                self.shelf.publish(HERE, _file(on), {**state, "last": given, "holder": errand.name})
        errand.note(NUMBER, str(given))
        return self._number(given, on)

    def _read(self, on: date) -> Mapping[str, Any]:  # Any: JSON, people may edit it
        try:
            return self.shelf.raw(HERE, _file(on))
        except FileNotFoundError:
            return {}

    def _number(self, given: int, on: date) -> Number:
        return Number(self.form.format(n=given, year=on.year), on)


def _file(on: date) -> str:
    return f"counter-{on.year}.json"
