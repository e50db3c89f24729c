# SPDX-License-Identifier: GPL-3.0-or-later
"""How the values of one package are read, and the files that came with it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, tzinfo

from gateway.dialects.bare_elements import attribute, text
from gateway.dialects.findings import MAX_QUOTE, Findings
from gateway.dialects.names import caseless
from gateway.dialects.tree import Element
from gateway.dialects.values import read_date, read_moment
from gateway.dialects.wire import Body, Resource
from gateway.errors import Reason
from gateway.model import Content, Sha256


@dataclass
class Examination(Findings):
    """One package under examination: its zone, its files, its problems, its refusal."""

    came: Sequence[Resource] = ()
    bodies: Sequence[Body] = ()
    zone: tzinfo = UTC  # of the sender, for moments written without an offset
    contents: dict[Sha256, Content] = field(default_factory=dict)
    taken: set[int] = field(default_factory=set)  # positions in `came`
    _by_name: tuple[dict[str, list[int]], dict[str, list[int]]] | None = None  # names, and names without ``.txt``

    # --- values

    def date(self, element: Element | None, name: str = "") -> date | None:
        """Return the calendar date in attribute *name*, or in the text; None when missing, or unreadable and noted."""
        said = attribute(element, name) if name else text(element)
        value = read_date(said) if said else None
        if element is not None and said and value is None:
            self.note("unreadable-value", element, f"not a date: {said[:MAX_QUOTE]}", f"@{name}" if name else "")
        return value

    def moment(self, element: Element | None, name: str) -> datetime | None:
        said = attribute(element, name)
        value = read_moment(said, self.zone) if said else None
        if element is not None and said and value is None:
            self.note("unreadable-value", element, f"not a date and time: {said[:MAX_QUOTE]}", f"@{name}")
        return value

    # --- files

    def named(self, name: str, element: Element) -> Content | None:
        """Return the file that came as *name*; None when none did, or several different ones, which is refused.

        QUIRK: names are compared without case, and a mail server may have appended ``.txt``.
        """
        exact, cut = self._index()
        found = exact.get(caseless(name)) or cut.get(caseless(name)) or []
        if len({self.came[position].content.sha256 for position in found}) > 1:
            detail = "several files that came could be this one"
            self.refuse(Reason.AMBIGUOUS, detail, element, expected=name[:MAX_QUOTE], found=name)
            return None
        self.taken.update(found)
        return self.keep(self.came[found[0]].content) if found else None

    def body(self, element: Element) -> Content | None:
        """Return the file that stood in *element*; None when what stood there was no base64."""
        said = text(element)
        position = int(said) if said.isascii() and said.isdigit() and len(said) < 10 else -1
        content = self.bodies[position] if 0 <= position < len(self.bodies) else None
        return None if content is None else self.keep(content)

    def keep(self, content: Content) -> Content:
        self.contents[content.sha256] = content
        return content

    @property
    def surplus(self) -> list[Resource]:
        """Files that came and that nothing names."""
        return [resource for position, resource in enumerate(self.came) if position not in self.taken]

    def _index(self) -> tuple[dict[str, list[int]], dict[str, list[int]]]:
        if self._by_name is None:
            exact: dict[str, list[int]] = {}
            cut: dict[str, list[int]] = {}
            for position, resource in enumerate(self.came):
                for name in dict.fromkeys(map(caseless, resource.names)):
                    exact.setdefault(name, []).append(position)
                    if name.endswith(".txt"):
                        cut.setdefault(name.removesuffix(".txt"), []).append(position)
            self._by_name = exact, cut
        return self._by_name
