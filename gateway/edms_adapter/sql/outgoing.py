# SPDX-License-Identifier: GPL-3.0-or-later
"""What the EDMS wants sent or taken back, and what became of it.

`outgoing`, `withdrawals`, `mark`, `record` and `link` of the port.
"""

from collections.abc import Collection, Sequence
from contextlib import ExitStack
from datetime import datetime
from typing import Any

from sqlalchemy import Select, TextClause, bindparam, column, literal_column, select

from gateway.edms_adapter.sql.complaint import MappingError
from gateway.edms_adapter.sql.database import Database, Work
from gateway.edms_adapter.sql.files import Store
from gateway.edms_adapter.sql.left_out import Passing
from gateway.edms_adapter.sql.plan import Plan
from gateway.edms_adapter.sql.reading import Shelf, constants, scope_of
from gateway.edms_adapter.sql.steps import run
from gateway.edms_adapter.sql.values import Record, text
from gateway.errors import Deferred
from gateway.model import Contents, Document, Event, EventKind, ExchangeId, File
from gateway.ports import Clock, Original, Outgoing, OutgoingState, Withdrawal


class Sender:
    """The sending side of one records system; keeps nothing between calls but how far it has read."""

    def __init__(self, plan: Plan, database: Database, store: Store, clock: Clock) -> None:
        self.plan, self.database, self.store, self.clock = plan, database, store, clock
        self._passing = Passing(plan.outgoing_fields["to"], database.engine.dialect.name)

    def outgoing(self, limit: int, exclude: Collection[str]) -> tuple[Outgoing, ...]:
        """See `gateway.ports.Edms.outgoing`.

        A document whose file is gone from the store is marked refused, so that it does not hold up the others.
        """
        found: list[Outgoing] = []
        broken: list[tuple[str, str]] = []
        with self.database.reading() as work:
            query, scope = _in_order(self.plan.outgoing), self._scope(work)
            for one in self._passing.rows(work, query, scope, limit, exclude):
                try:
                    found.append(self._one(work, one))
                except OSError as error:
                    broken.append((str(one.id), f"файл документа не читается: {error}"))
        for ref, detail in broken:
            self.mark(ref, OutgoingState.REFUSED, detail, self.clock.now())
        return tuple(found)

    def withdrawals(self, limit: int) -> tuple[Withdrawal, ...]:
        """See `gateway.ports.Edms.withdrawals`."""
        if self.plan.withdrawals is None:
            return ()
        sql, expressions = self.plan.withdrawals
        with self.database.reading() as work:
            scope = self._scope(work)
            rows = work.ask(_in_order(sql).limit(bindparam("limit")), {"limit": limit})
            wishes = [expressions({**scope, "row": row}) for row in rows]
        return tuple(Withdrawal(text(wish["ref"]), text(wish.get("why"))) for wish in wishes)

    def mark(self, outgoing_ref: str, state: OutgoingState, detail: str, at: datetime | None) -> None:
        """See `gateway.ports.Edms.mark`."""
        moment = at or self.clock.now()
        with self.database.writing() as work:
            scope = self._scope(work)
            scope.update(outgoing_ref=outgoing_ref, state=state.value, detail=detail, at=moment)
            run(self.plan.mark[state.value], work, scope)

    def record(self, outgoing_ref: str, events: Sequence[Event], contents: Contents) -> None:
        """See `gateway.ports.Edms.record`; LookupError when there is no such dispatch row."""
        now = self.clock.now()
        with ExitStack() as stack, self.database.writing() as work:
            dispatch = work.first(self.plan.dispatch, {"ref": outgoing_ref})
            if dispatch is None:
                raise LookupError(f"the EDMS has no dispatch row {outgoing_ref}")
            # all claims first and in one order: two recorders of the same news wait, but never for each other
            fresh = {
                key
                for key in sorted({event.key for event in events})
                if self.plan.association.claim_event(work, outgoing_ref, key, now)
            }
            scope = self._scope(work)
            scope.update(outgoing_ref=outgoing_ref, dispatch=dispatch, now=now)
            for event in events:
                if event.key in fresh:
                    fresh.discard(event.key)
                    wanted = tuple(("", file) for file in _files(event) if file.sha256 in contents)
                    staged = stack.enter_context(self.store.staged(wanted, contents, f"{outgoing_ref}/{event.key}"))
                    self._write(work, {**scope, "event": event, "files": staged.files})
                    staged.publish()

    def link(self, exchange: ExchangeId, original: Original) -> bool:
        """See `gateway.ports.Edms.link`; Deferred when *exchange* is not registered yet."""
        now = self.clock.now()
        with self.database.writing() as work:
            found = self.plan.association.find(work, exchange)
            if found is None:
                raise Deferred("the document is not registered yet")
            scope = self._scope(work)
            scope.update(exchange=exchange, card=found.card, original=original, now=now)
            rows = work.rows(self.plan.original.sql, self.plan.original.values(scope))
            keys = {next(iter(row.__dict__.values())) for row in rows}
            if len(keys) != 1:  # two are never a guess
                run(self.plan.unlinked, work, scope)
                return False
            scope["original_card"] = keys.pop()
            run(self.plan.link, work, scope)
            return True

    # --- parts --------------------------------------------------------------------------------------------------

    def _scope(self, work: Work) -> dict[str, Any]:  # Any: see scope_of
        return scope_of(self.plan, work, Shelf(self.store), constants(self.plan))

    def _one(self, work: Work, row: Record) -> Outgoing:
        shelf = Shelf(self.store)
        scope = scope_of(self.plan, work, shelf, constants(self.plan))
        scope["row"] = row
        fields = self.plan.outgoing_fields(scope)
        partner = text(fields["to"])
        if partner in self.plan.source.override:  # whose it is, is known only now
            scope["const"] = constants(self.plan, partner)
            fields = {**self.plan.outgoing_fields(scope), "to": partner}
        document = fields["document"]
        if not isinstance(document, Document):
            raise MappingError("outgoing.fields.document: is no document: build it with document(…)")
        answers = fields.get("answers")
        return Outgoing(
            text(fields["ref"]),
            text(fields["card"]),  # type: ignore[arg-type]  # a NewType of str
            text(fields["to"]),
            document,
            shelf.contents,
            ExchangeId(answers) if answers else None,
            fields.get("subscription"),
            text(fields.get("change")),
        )

    def _write(self, work: Work, scope: dict[str, Any]) -> None:  # Any: see scope_of
        for kinds, steps in self.plan.record:
            if not kinds or scope["event"].kind in kinds:
                run(steps, work, dict(scope))


def _files(event: Event) -> tuple[File, ...]:
    """Return the files that came with *event*: an executor's, with what he reported, or those of visas of a draft."""
    if event.kind is EventKind.SIGNED and event.document:
        return tuple(file for approval in event.document.approvals for file in approval.files)
    return event.executor.files if event.executor else ()


def _in_order(sql: TextClause) -> Select[Any]:  # Any: whatever columns the query has
    """Return the query of rows with id and cur, the oldest first."""
    row = sql.columns(column("id"), column("cur")).subquery("fact")
    return select(literal_column("fact.*")).select_from(row).order_by(row.c.cur, row.c.id)
