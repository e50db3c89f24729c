# SPDX-License-Identifier: GPL-3.0-or-later
"""Register numbers from a sequence of Mayan's.

Mayan gives the next value and counts on in one step.  Which exchange a value is for is noted before it is taken and
again after: none is given twice, and one that a crash interrupted belongs to the exchange that was taking it, when
Mayan's audit log says that the last to use the sequence were we.  If it does not say so, the value is left out.
"""

import json
import time
from dataclasses import dataclass
from datetime import UTC, date, datetime

import structlog

from gateway.edms_adapter.mayan.catalogue import Catalogue, NotSetUp
from gateway.edms_adapter.mayan.documents import Archive
from gateway.edms_adapter.mayan.wire import Missing, moment_of
from gateway.edms_adapter.remote.given_numbers import ERRAND, give, given
from gateway.edms_adapter.step_journal import StepJournal
from gateway.model import ExchangeId, Number
from gateway.ports import Failpoint

log = structlog.get_logger(__name__)

TAKING = "taking"
USED = "sequences.sequence_used"
MAX_PASSED = 1000  # LIMIT: values that are taken to come beyond a number that was told
LATE_SECONDS = 10.0  # LIMIT: Mayan's audit log lags behind when it is busy
PAUSE_SECONDS = 0.25


@dataclass(frozen=True, slots=True)
class Sequence:
    """A sequence as it stands."""

    id: int
    position: int  # how many values it has given
    next: str
    read_at: datetime  # by the clock of Mayan, whole seconds


class Numbers:
    """Takes numbers, alone among all processes of the gateway."""

    def __init__(self, archive: Archive, journal: StepJournal, failpoint: Failpoint) -> None:
        self.archive, self.journal, self.failpoint = archive, journal, failpoint
        self.catalogue: Catalogue = archive.catalogue
        self.server = archive.server

    def take(self, exchange: ExchangeId, name: str, on: date, told: Number | None = None) -> Number:
        """Return the number of *exchange*: the one it has, else the one it was *told*, else the next of *name*.

        One that was told is taken unless another document has it by now; the sequence never gives it again.
        Raises NotSetUp.
        """
        with self.journal.errand(ERRAND) as errand:
            begun = errand.done(TAKING)
            if begun is not None:
                self._finish(begun)
                errand.clear()
            if (known := given(self.journal, exchange)) is not None:
                return known
            sequence = self.sequence_called(name)
            if told is not None and not self._is_anothers(told, exchange):
                self._pass(sequence, told, on)
                return give(self.journal, exchange, told)
            number = self.next_of(sequence, on)
            noted = [exchange, name, sequence.position, number.text, on.isoformat(), sequence.read_at.isoformat()]
            errand.note(TAKING, json.dumps(noted))
            self.failpoint("mayan:number-noted")
            number = Number(self._written(self._take(sequence), on), on)
            self.failpoint("mayan:number-taken")
            give(self.journal, exchange, number)
            errand.clear()
            return number

    def next_of(self, sequence: Sequence, on: date) -> Number:
        """Return the number that would be given next."""
        return Number(self._written(sequence.next, on), on)

    def sequence_called(self, name: str) -> Sequence:
        """Return the sequence *name* as it stands; raises NotSetUp."""
        key = self.catalogue.sequence(name)
        try:
            row, at = self.server.timed(f"/sequences/{key}/")
        except Missing as gone:
            raise NotSetUp(f"there is no sequence {name!r} any more") from gone
        return Sequence(row["id"], row["position"], str(row["next_value"]), at or datetime.min.replace(tzinfo=UTC))

    def _take(self, sequence: Sequence) -> str:
        (value,) = self.server.post(f"/sequences/{sequence.id}/value/next/", count=1)["value_list"]
        return str(value)

    def _finish(self, begun: str) -> None:
        """Find out whether the value that was being taken when a process died, was taken."""
        exchange, name, position, text, on, read_at = json.loads(begun)
        sequence = self.sequence_called(name)
        if sequence.position == position:
            return
        if sequence.position == position + 1 and self._used_by_us(sequence, datetime.fromisoformat(read_at)):
            give(self.journal, ExchangeId(exchange), Number(text, date.fromisoformat(on)))
        else:
            log.warning("nobody knows who took a number when one of ours was being taken: it is left out", number=text)

    def _used_by_us(self, sequence: Sequence, since: datetime) -> bool:
        """Say whether the last use of a sequence was ours, and not before *since*; wait for a log that lags."""
        until = time.monotonic() + LATE_SECONDS
        while True:
            found = self.server.get(f"/objects/sequences/sequence/{sequence.id}/events/", page_size=1)
            uses = [one for one in found["results"] if one["verb"]["id"] == USED]
            if uses and moment_of(uses[0]["timestamp"]) >= since:
                actor = uses[0]["actor"]
                return isinstance(actor, dict) and actor.get("username") == self.server.options.login
            if time.monotonic() > until:
                return False
            time.sleep(PAUSE_SECONDS)

    def _is_anothers(self, told: Number, exchange: ExchangeId) -> bool:
        field = self.server.options.metadata_of.get("number", "")
        for key in self.archive.searched("number", told.text):
            card = self.archive.card(key)
            if card and not card.is_of(exchange) and self.archive.facts(key).get(field, (0, ""))[1] == told.text:
                return True
        return False

    def _pass(self, sequence: Sequence, told: Number, on: date) -> None:
        """Take values until the one that was told has been."""
        value = self._value(told, on)
        for _ in range(MAX_PASSED):
            if value is None or not sequence.next.isdigit() or int(sequence.next) > value:
                return
            self._take(sequence)
            row = self.server.get(f"/sequences/{sequence.id}/")
            sequence = Sequence(sequence.id, row["position"], str(row["next_value"]), sequence.read_at)

    def _written(self, value: str, on: date) -> str:
        return self.server.options.number.replace("{year}", str(on.year)).replace("{n}", value)

    def _value(self, number: Number, on: date) -> int | None:
        """Return what the sequence of the year of *on* gave for *number*; None when it cannot have."""
        options = self.server.options
        yearly = "{year}" in options.sequence + options.number
        if number.date is None or (yearly and number.date.year != on.year):
            return None
        before, _, after = options.number.replace("{year}", str(number.date.year)).partition("{n}")
        digits = number.text.removeprefix(before).removesuffix(after)
        return int(digits) if digits.isascii() and digits.isdigit() else None
