# SPDX-License-Identifier: GPL-3.0-or-later
"""Register numbers from a strict sequence of Tryton's.

Tryton gives out numbers only to its own modules, inside their transactions.  So one is taken by reading the sequence
and writing the next number back, on the condition that nobody touched it in between, which Tryton checks itself.  Which
exchange a number is for is noted before it is taken and again after: none is given twice, and one that a crash
interrupted belongs to the exchange that was taking it.  While people take numbers from the same sequence at the very
moment of such a crash, one may be left out.
"""

import json
import re
from dataclasses import dataclass
from datetime import date

import structlog

from gateway.edms_adapter.remote.given_numbers import ERRAND, give, given
from gateway.edms_adapter.remote.papers import clean
from gateway.edms_adapter.step_journal import StepJournal
from gateway.edms_adapter.tryton.cards import Cabinet
from gateway.edms_adapter.tryton.wire import Server, TrytonRefuses
from gateway.model import ExchangeId, Number
from gateway.ports import Failpoint

log = structlog.get_logger(__name__)

MODEL = "ir.sequence.strict"
FIELDS = ("number_next", "number_increment", "prefix", "suffix", "padding", "type", "write_uid", "_timestamp")
TAKING = "taking"
TRIES = 20  # of taking a number from a sequence that others take from, too
CHANGED = "ConcurrencyException"
OLD_WORDS = {"year": "date_Y", "month": "date_m", "day": "date_d"}  # as Tryton's own ir/sequence.py


class NoSequence(Exception):
    """There is no such sequence for us; says what to do."""


@dataclass(frozen=True, slots=True)
class Sequence:
    """A sequence as it stands."""

    id: int
    next: int
    step: int
    prefix: str
    suffix: str
    padding: int
    writer: int  # who changed it last
    stamp: str  # changes with every change

    def text(self, number: int, on: date) -> str:
        """Return *number* as the sequence writes it on that day."""
        return f"{_filled(self.prefix, on)}{number:0>{self.padding}d}{_filled(self.suffix, on)}"

    def number(self, text: str, on: date) -> int | None:
        """Return the number that is written *text* on that day; None when the sequence writes none so."""
        prefix, suffix = _filled(self.prefix, on), _filled(self.suffix, on)
        digits = text.removeprefix(prefix).removesuffix(suffix)
        return int(digits) if digits.isascii() and digits.isdigit() and self.text(int(digits), on) == text else None


def sequence_called(server: Server, name: str) -> Sequence:
    """Return the strict sequence *name*; raises NoSequence."""
    found = server.call(f"model.{MODEL}.search_read", [["name", "=", name]], 0, 2, None, [*FIELDS])
    if len(found) != 1:
        how = "is none" if not found else "are several"
        raise NoSequence(f"there {how} called {name!r} that {server.options.login!r} may use")
    row = found[0]
    if row["type"] != "incremental":
        raise NoSequence(f"{name!r} counts by time, not by one")
    affixes = row["prefix"] or "", row["suffix"] or ""
    return Sequence(
        row["id"],
        row["number_next"] or 0,
        row["number_increment"] or 1,
        *affixes,
        row["padding"] or 0,
        row["write_uid"] or 0,
        row["_timestamp"],
    )


class Numbers:
    """Takes numbers, alone among all processes of the gateway."""

    def __init__(self, server: Server, journal: StepJournal, failpoint: Failpoint) -> None:
        self.server, self.journal, self.failpoint = server, journal, failpoint

    def take(self, exchange: ExchangeId, name: str, on: date, told: Number | None = None) -> Number:
        """Return the number of *exchange*: the one it has, else the one it was *told*, else the next of *name*.

        One that was told is taken unless another card has it by now; the sequence never gives it again.
        Raises NoSequence.
        """
        with self.journal.errand(ERRAND) as errand:
            begun = errand.done(TAKING)
            if begun is not None:
                self._finish(begun)
                errand.clear()
            if (known := given(self.journal, exchange)) is not None:
                return known
            sequence = sequence_called(self.server, name)
            if told is not None and not Cabinet(self.server).named(clean(told.text) + " ", exchange):
                self._pass(sequence, told)
                return give(self.journal, exchange, told)
            for _ in range(TRIES):
                number = Number(sequence.text(sequence.next, on), on)
                errand.note(TAKING, json.dumps([exchange, name, sequence.next, number.text, on.isoformat()]))
                self.failpoint("tryton:number-noted")
                if self._advance(sequence, sequence.next + sequence.step):
                    self.failpoint("tryton:number-taken")
                    give(self.journal, exchange, number)
                    errand.clear()
                    return number
                sequence = sequence_called(self.server, name)
            errand.clear()
            raise NoSequence(f"{name!r} never stands still")

    def _finish(self, begun: str) -> None:
        """Find out whether the number that was being taken when a process died, was taken."""
        exchange, name, number, text, on = json.loads(begun)
        sequence = sequence_called(self.server, name)
        if sequence.next == number + sequence.step and sequence.writer == self.server.user:
            give(self.journal, ExchangeId(exchange), Number(text, date.fromisoformat(on)))
        elif sequence.next != number:
            log.warning("others took numbers while one of ours was being taken: one may be left out", number=text)

    def _pass(self, sequence: Sequence, told: Number) -> None:
        number = sequence.number(told.text, told.date) if told.date else None
        if number is not None and number >= sequence.next:
            self._advance(sequence, number + sequence.step)

    def _advance(self, sequence: Sequence, number: int) -> bool:
        """Set the next number; False when somebody changed the sequence since it was read."""
        unchanged = {"_timestamp": {f"{MODEL},{sequence.id}": sequence.stamp}}
        try:
            self.server.call(f"model.{MODEL}.write", [sequence.id], {"number_next": number}, context=unchanged)
        except TrytonRefuses as error:
            if error.kind != CHANGED:
                raise
            return False
        return True


def _filled(affix: str, on: date) -> str:
    """Return a prefix or suffix with its dates filled in, as Tryton does: ${year}, ${date_Y}, ${date_d_m} …"""

    def part(found: re.Match[str]) -> str:
        word = OLD_WORDS.get(found[1], found[1])
        return on.strftime(word.removeprefix("date").replace("_", "%")) if word.startswith("date_") else found[0]

    return re.sub(r"\$\{(\w+)\}", part, affix)
