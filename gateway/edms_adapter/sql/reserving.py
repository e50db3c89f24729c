# SPDX-License-Identifier: GPL-3.0-or-later
"""Numbers that are reserved before the card is made, used with it, or given back.

The number is reserved in a transaction of its own, and remembered there in a table of ours under the exchange it is
for.  The registering transaction takes it out of that table; so it is used with the card or not at all.  What is still
remembered after an attempt is given back at once; after a crash the next attempt for that exchange uses it or gives it
back, and `give_back_older` does when no attempt comes.  Whoever removes the row has the number: never two cards.
"""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy.exc import SQLAlchemyError

from gateway.edms_adapter.sql.complaint import MappingError
from gateway.edms_adapter.sql.database import Database, Work
from gateway.edms_adapter.sql.failing import Unwilling
from gateway.edms_adapter.sql.files import Store
from gateway.edms_adapter.sql.numbering import no_number, on_a_card
from gateway.edms_adapter.sql.plan import Plan, Reserve
from gateway.edms_adapter.sql.reading import Shelf, constants, scope_of
from gateway.edms_adapter.sql.steps import run
from gateway.edms_adapter.sql.values import Record
from gateway.errors import Deferred, Refused
from gateway.model import ExchangeId
from gateway.ports import Clock, Intake, Registration, Waiting

log = structlog.get_logger(__name__)

ATTEMPTS = 100  # LIMIT: how often a number is reserved for one attempt: cards may have the first ones already


class NumberNeeded(Exception):
    """The registering transaction came to where it needs a number, and none is reserved; it is rolled back."""

    def __init__(self, scope: dict[str, Any], *, used: bool = False) -> None:  # Any: what expressions see
        super().__init__("a number is needed")
        self.scope = scope
        self.used = used  # the one reserved is on a card already: it is forgotten, not given back


Attempt = Callable[[Intake], Registration | Waiting]


class Reserver:
    """Reserves for a mapping that says how; keeps nothing between calls."""

    def __init__(self, plan: Plan, reserve: Reserve, database: Database, store: Store, clock: Clock) -> None:
        self.plan, self.reserve, self.database, self.store, self.clock = plan, reserve, database, store, clock
        self.rows = reserve.rows

    def provided(self, exchange: ExchangeId, intake: Intake, attempt: Attempt) -> Registration | Waiting:
        """Return what *attempt* makes, reserving whenever it needs a number; what it did not use is given back.

        Each transaction is begun anew by itself when the database let another one pass: the number stays reserved.
        """

        def hold(need: NumberNeeded) -> str:
            with self.database.writing() as work:
                return self._held(work, exchange, need, intake)

        insisting = self.database.insisting
        try:
            return _until_numbered(
                intake, lambda given: insisting(lambda: attempt(given)), lambda need: insisting(lambda: hold(need))
            )
        finally:
            self._give_back(exchange)

    def rehearsed(
        self, work: Work, exchange: ExchangeId, intake: Intake, attempt: Attempt
    ) -> tuple[Registration | Waiting, Record | None]:
        """Return what *attempt* makes inside *work*, and what was reserved there: `returned` gives that back."""
        held: list[Record | None] = [None]

        def hold(need: NumberNeeded) -> str:
            why = self._held(work, exchange, need, intake)
            held.append(work.first(self.rows.find, {"exchange": exchange}))
            return why

        return _until_numbered(intake, attempt, hold), held[-1]

    def _held(self, work: Work, exchange: ExchangeId, need: NumberNeeded, intake: Intake) -> str:
        """Reserve a number for *exchange*; returns why a person must decide, if so.

        One reserved before for other values is given back.  Raises Refused or Deferred when `reserve` says so.
        """
        numbering = self.plan.numbering
        wanted = _json(numbering.values(need.scope))
        known = work.first(self.rows.find, {"exchange": exchange})
        if known is not None:
            if known.wanted == wanted and not need.used:
                return ""  # somebody else's attempt for the same exchange was faster
            self.take(work, exchange)
            if not need.used:
                self.returned(work, known)
        scope = {**need.scope, **scope_of(self.plan, work, Shelf(self.store), need.scope["const"])}
        row = {"exchange_id": exchange, "wanted": wanted, "got": "", "reserved_at": self.clock.now()}
        if not work.insert_or_catch(self.rows.hold, row):
            return ""
        words = self._asked(work, scope, intake)
        if words:
            self.take(work, exchange)
        else:
            work.run(self.rows.note, {"exchange": exchange, "got": _json(scope[self.reserve.step.as_].__dict__)})
        return words

    def _asked(self, work: Work, scope: dict[str, Any], intake: Intake) -> str:  # Any: what expressions see
        """Run `reserve`, its answer into *scope*; returns why there is none and a person must decide, if so."""
        try:
            with work.trying():
                run((self.reserve.step,), work, scope)
        except Unwilling as why:
            return str(why)
        except Refused as why:
            if why.reason not in intake.accepted:
                raise
            return why.detail
        return "" if scope[self.reserve.step.as_] is not None else no_number(self.plan.numbering, scope)

    def reserved(self, work: Work, scope: dict[str, Any], exchange: ExchangeId) -> Any:
        """Return the number reserved for *exchange* and take it; NumberNeeded when there is none that fits.

        Any: a number as `reserve` gave it.  The whole answer joins *scope* under its name.
        """
        numbering = self.plan.numbering
        row = work.first(self.rows.find, {"exchange": exchange})
        if row is None or row.wanted != _json(numbering.values(scope)) or not self.take(work, exchange):
            raise NumberNeeded(scope)
        got = scope[self.reserve.step.as_] = Record(json.loads(row.got))
        n = next(iter(got.__dict__.values()))
        if on_a_card(numbering, work, {**scope, "n": n}):
            raise NumberNeeded(scope, used=True)
        return n

    def take(self, work: Work, exchange: ExchangeId) -> bool:
        """Take what is reserved for *exchange* out of the table; False when somebody else did."""
        return work.run(self.rows.drop, {"exchange": exchange}).rowcount == 1

    def returned(self, work: Work, row: Record) -> None:
        """Give back the number of *row*, which is out of the table already."""
        scope = scope_of(self.plan, work, Shelf(self.store), constants(self.plan))
        scope[self.reserve.step.as_] = Record(json.loads(row.got))
        run(self.reserve.back, work, scope)

    def give_back_older(self, moment: datetime) -> None:
        """Give back what was reserved before *moment* and is still not used: its letter came to nothing."""
        with self.database.reading() as work:
            rows = work.rows(self.rows.older, {"moment": moment})
        for row in rows:
            self._give_back(ExchangeId(row.exchange_id))

    def _give_back(self, exchange: ExchangeId) -> None:
        """Give back what is still reserved for *exchange*; what cannot be given back now stays remembered."""
        try:
            with self.database.reading() as work:
                if work.first(self.rows.find, {"exchange": exchange}) is None:
                    return
            with self.database.writing() as work:
                row = work.first(self.rows.find, {"exchange": exchange})
                if row is not None and self.take(work, exchange):
                    self.returned(work, row)
        except (SQLAlchemyError, MappingError, Deferred, OSError):
            log.warning("a reserved number could not be given back now: it stays remembered", exc_info=True)


def _until_numbered(intake: Intake, attempt: Attempt, hold: Callable[[NumberNeeded], str]) -> Registration | Waiting:
    for _ in range(ATTEMPTS):
        try:
            return attempt(intake)
        except NumberNeeded as need:
            why = hold(need)
            intake = replace(intake, wait_because=why) if why else intake
    raise Deferred(f"no number could be reserved in {ATTEMPTS} attempts")


def _json(values: object) -> str:
    return json.dumps(values, ensure_ascii=False, sort_keys=False, default=str)
