# SPDX-License-Identifier: GPL-3.0-or-later
"""How the values of one passport are read: what cannot be understood is noted or refused, and reading goes on."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, tzinfo
from typing import TypeVar

from gateway.dialects.findings import MAX_QUOTE, Findings
from gateway.dialects.sev.elements import attribute, child, text
from gateway.dialects.sev.shelf import Shelf
from gateway.dialects.sev.vocabulary import SEV
from gateway.dialects.tree import Element
from gateway.dialects.values import read_boolean, read_date, read_integer, read_moment
from gateway.errors import Reason

T = TypeVar("T")


class Examination(Findings):
    """One passport under examination: its zone, its files, its problems, its refusal."""

    def __init__(self, zone: tzinfo = UTC) -> None:
        super().__init__()
        self.zone = zone  # the sender's own, for moments written without an offset
        self.shelf = Shelf((), ())

    # --- values ---------------------------------------------------------------------------------------------------

    def date(self, parent: Element | None, name: str) -> date | None:
        """Return the calendar date in child *name*; None when it is missing, or unreadable and then noted."""
        return self._value(read_date, parent, name, "a date")

    def moment(self, parent: Element | None, name: str, namespace: str = SEV) -> datetime | None:
        """Return the moment in child *name* (or attribute ``@name``) in UTC; None as in `date`."""
        return self._value(lambda value: read_moment(value, self.zone), parent, name, "a date and time", namespace)

    def integer(self, parent: Element | None, name: str) -> int | None:
        return self._value(read_integer, parent, name, "a number")

    def boolean(self, parent: Element | None, name: str) -> bool | None:
        return self._value(read_boolean, parent, name, "true or false")

    def _value(
        self,
        read: Callable[[str], T | None],
        parent: Element | None,
        name: str,
        what: str,
        namespace: str = SEV,
    ) -> T | None:
        """Return child *name* of *parent*, or its attribute when *name* begins with ``@``, as *read* understands it."""
        if parent is None:
            return None
        said = attribute(parent, name[1:]) if name.startswith("@") else text(child(parent, name, namespace))
        value = read(said) if said else None
        if said and value is None:
            self.note("unreadable-value", parent, f"not {what}: {said[:MAX_QUOTE]}", at=name)
        return value

    def choice(self, element: Element | None, name: str, table: Mapping[str, T], default: T) -> T:
        """Return the meaning of mandatory attribute *name*; a word outside *table* is refused, none is *default*."""
        said = attribute(element, name)
        if element is None or not said:
            return default
        if said not in table:
            unknown = f"{name} has a value the format does not know"
            self.refuse(Reason.BAD_PASSPORT, unknown, element, f"@{name}", expected=", ".join(table), found=said)
        return table.get(said, default)

    def option(self, element: Element | None, name: str, table: Mapping[str, T]) -> T | None:
        """Return the meaning of optional attribute *name*, None for none; a word outside *table* is noted."""
        said = attribute(element, name)
        if element is not None and said and said not in table:
            self.note("unreadable-value", element, f"unknown word: {said[:MAX_QUOTE]}", at=f"@{name}")
        return table.get(said)
