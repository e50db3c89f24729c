# SPDX-License-Identifier: GPL-3.0-or-later
"""How the values of one message are read, and by what names its two ends are known in it."""

from dataclasses import dataclass
from datetime import date, datetime

from gateway.dialects.bare_elements import attribute
from gateway.dialects.findings import MAX_QUOTE, Findings
from gateway.dialects.gost2010.shelf import Shelf
from gateway.dialects.gost2010.values import read_date, read_moment
from gateway.dialects.tree import Element
from gateway.model import Organisation, folded


@dataclass(frozen=True, slots=True)
class Ends:
    """The sender and the recipient, by the name and the id in the header (from_*, to_*).

    Organisations inside a message have no id; one called like an end of it is that end.
    """

    sender: Organisation = Organisation()
    recipient: Organisation = Organisation()

    def name_of(self, index: str) -> str:
        """Return the name the header has for the organisation with *index*; empty when it is neither end."""
        for end in (self.sender, self.recipient):
            if index and folded(end.index) == folded(index):
                return end.short_name
        return ""

    def index_of(self, *names: str) -> str:
        """Return the id of the end that has one of *names*, or empty."""
        for name in filter(None, names):
            wanted = folded(name)
            for end in (self.sender, self.recipient):
                if end.short_name and folded(end.short_name) == wanted:
                    return end.index
        return ""


class Examination(Findings):
    """One message under examination: its files, its problems, its refusal."""

    def __init__(self, shelf: Shelf | None = None) -> None:
        super().__init__()
        self.shelf = shelf or Shelf()
        self.ends = Ends()

    def date(self, element: Element | None, name: str = "") -> date | None:
        """Return the date in attribute *name*, or in the text of *element*; None when missing, or unreadable: noted."""
        said = self._said(element, name)
        value = read_date(said)
        if said and value is None and element is not None:
            self.note("unreadable-value", element, f"not a date: {said[:MAX_QUOTE]}", at=f"@{name}" if name else "")
        return value

    def moment(self, element: Element | None, name: str) -> datetime | None:
        said = self._said(element, name)
        value = read_moment(said)
        if said and value is None and element is not None:
            self.note("unreadable-value", element, f"not a date and time: {said[:MAX_QUOTE]}", at=f"@{name}")
        return value

    def option(self, element: Element, name: str, known: tuple[str, ...], default: str) -> str:
        """Return attribute *name*, one of *known*; what is not is noted and read as *default*."""
        said = attribute(element, name)
        if said and said not in known:
            self.note("unreadable-value", element, f"unknown word: {said[:MAX_QUOTE]}", at=f"@{name}")
        return said if said in known else default

    def _said(self, element: Element | None, name: str) -> str:
        if name:
            return attribute(element, name)
        return (element.text or "").strip() if element is not None else ""
