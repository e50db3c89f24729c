# SPDX-License-Identifier: GPL-3.0-or-later
"""Directories of people: ours for partners to choose from, a partner's for our own users."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from gateway.edms_adapter.sql.complaint import MappingError
from gateway.edms_adapter.sql.database import Database, Work
from gateway.edms_adapter.sql.files import Store
from gateway.edms_adapter.sql.plan import Plan, ReadyPartnerPeople
from gateway.edms_adapter.sql.reading import Shelf, constants, scope_of
from gateway.edms_adapter.sql.steps import binds, run
from gateway.edms_adapter.sql.values import Record, text
from gateway.model import folded
from gateway.ports import Clock, Imported, NotOffered, Official, Renewed


class _TakenBack(Exception):
    """Ends the transaction of a dry run."""


class Directory:
    """The people of both sides in one records system; keeps nothing between calls."""

    def __init__(self, plan: Plan, database: Database, store: Store, clock: Clock) -> None:
        self.plan, self.database, self.store, self.clock = plan, database, store, clock

    def people(self, office: str, today: date) -> tuple[Official, ...]:
        """See `gateway.ports.Edms.people`."""
        if self.plan.people is None:
            raise NotOffered("the mapping has no [people], which says who our people are")
        given = {"office": office, "today": today}
        asked = {name: given[name] for name in binds(self.plan.people.text)}
        with self.database.reading() as work:
            return tuple(_official(row, "people.sql") for row in work.rows(self.plan.people, asked))

    def import_people(
        self, correspondent: str, officials: Sequence[Official], *, gone: Sequence[str] | None, dry_run: bool
    ) -> Imported:
        """See `gateway.ports.Edms.import_people`."""
        section = self.plan.partner_people
        if section is None:
            raise NotOffered("the mapping has no [partner_people], which says where a partner's people lie")
        listed = _by_index(officials, gone or ())
        leaving = None if gone is None else frozenset(map(folded, gone))
        done = Imported()
        try:
            with self.database.writing() as work:
                done = self._write(work, section, correspondent, listed, leaving)
                if dry_run:
                    raise _TakenBack
        except _TakenBack:
            pass
        return done

    def _write(
        self,
        work: Work,
        section: ReadyPartnerPeople,
        correspondent: str,
        listed: dict[str, Official],
        leaving: frozenset[str] | None,
    ) -> Imported:
        """Write those *listed*, and dismiss those *leaving*; None: everybody who is not listed, which is whole then."""
        row = work.first(section.find, {"index": correspondent})
        if row is None:
            raise LookupError(f"the EDMS knows no correspondent with the exchange index {correspondent}")
        scope: dict[str, Any]  # Any: see scope_of
        scope = scope_of(self.plan, work, Shelf(self.store), constants(self.plan))
        scope.update(correspondent=next(iter(row.__dict__.values())), now=self.clock.now())
        known = work.rows(section.known, {"correspondent": scope["correspondent"]})
        rows = {folded(text(one.index)): one for one in known if text(one.index).strip()}
        added = tuple(official for index, official in listed.items() if index not in rows)
        changes = [(rows[index], official) for index, official in listed.items() if index in rows]
        renewed = [
            (one, change) for one, official in changes if (change := _renewed(one, official, whole=leaving is None))
        ]
        leave = rows.keys() - listed.keys() if leaving is None else leaving
        gone = [one for index, one in rows.items() if index in leave and not one.dismissed]
        for official in added:
            run(section.add, work, {**scope, "official": official})
        for one, change in renewed:
            run(section.change, work, {**scope, "official": change.now, "known": one})
        for one in gone:
            run(section.dismiss, work, {**scope, "known": one})
        return Imported(
            added,
            tuple(change for _, change in renewed),
            tuple(_official(one, "partner_people.known") for one in gone),
            len(changes) - len(renewed),
        )


def _renewed(row: Record, official: Official, *, whole: bool) -> Renewed | None:
    """Return what changes in a known official, or None; the index stays spelled as it was."""
    was, returned = _official(row, "partner_people.known"), bool(row.dismissed)
    now = replace(official, index=was.index)
    if not whole:
        now = replace(now, deputy=was.deputy, head=was.head)
    return Renewed(was, now, returned) if returned or was != now else None


def _official(row: Record, place: str) -> Official:
    try:
        words = (text(row.index), text(row.name), text(row.post), text(row.department), text(row.deputy))
        return Official(*words, head=bool(row.head))
    except AttributeError as error:
        raise MappingError(f"{place}: {error}") from error


def _by_index(officials: Sequence[Official], gone: Sequence[str]) -> dict[str, Official]:
    listed = {folded(official.index): official for official in officials}
    named = {*listed, *map(folded, gone)}
    if "" in named or len(named) < len(officials) + len(gone):
        raise ValueError("an exchange index is empty or stands there twice")
    return listed
