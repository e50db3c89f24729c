# SPDX-License-Identifier: GPL-3.0-or-later
"""How the values of one message are read: what cannot be understood is noted, and reading goes on."""

from collections.abc import Callable
from datetime import date, datetime
from typing import TypeVar

from gateway.dialects.findings import MAX_PROBLEMS, MAX_QUOTE, Findings
from gateway.dialects.medo.elements import attribute, child, child_text, written_in
from gateway.dialects.medo.values import MOSCOW, as_guid, mended
from gateway.dialects.medo.vocabulary import ZERO
from gateway.dialects.tree import Element
from gateway.dialects.values import read_date, read_integer, read_moment
from gateway.model import Party

T = TypeVar("T")


class Examination(Findings):
    """One message under examination: its problems, its refusal."""

    def __init__(self) -> None:
        super().__init__()
        self.awaited: list[Party] = []  # whom files were for that did not come
        self.of_network = False  # a node speaks

    def keep(self, parent: Element | None, *steps: str) -> None:
        """Note, as it was written, what a child says and the model has no place for."""
        element = child(parent, *steps)
        if element is not None and len(self.problems) < MAX_PROBLEMS and (said := written_in(element)):
            self.note("kept-in-words", element, said)

    # --- values ---------------------------------------------------------------------------------------------------

    def guid(self, element: Element | None, name: str = "uid") -> str:
        """Return the GUID in attribute *name*; what is none comes as it is written, and is noted."""
        said = attribute(element, name)
        found = as_guid(said)
        if element is None or not said or found or said == ZERO:
            return found or (said and ZERO)
        # QUIRK: an id spoilt by a Cyrillic letter that looks like a Latin one, in a package of 2016
        self.note("bad-guid", element, f"no GUID: {said[:MAX_QUOTE]}", at=f"@{name}")
        return mended(said) or said

    def date(self, parent: Element | None, *steps: str) -> date | None:
        """Return the calendar date in a child; None when it is missing, or unreadable and then noted."""
        return self._value(read_date, parent, steps, "a date")

    def moment(self, parent: Element | None, *steps: str) -> datetime | None:
        """Return the moment in a child (or attribute ``@name``) in UTC; None as in `date`."""
        return self._value(lambda text: read_moment(text, MOSCOW), parent, steps, "a date and time")

    def integer(self, parent: Element | None, *steps: str) -> int | None:
        return self._value(read_integer, parent, steps, "a number")

    def _value(
        self, read: Callable[[str], T | None], parent: Element | None, steps: tuple[str, ...], what: str
    ) -> T | None:
        if parent is None:
            return None
        name = steps[-1] if steps else ""
        said = attribute(parent, name[1:]) if name.startswith("@") else child_text(parent, *steps)
        value = read(said) if said else None
        if said and value is None:
            self.note("unreadable-value", parent, f"not {what}: {said[:MAX_QUOTE]}", at="/".join(steps))
        return value
