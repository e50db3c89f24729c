# SPDX-License-Identifier: GPL-3.0-or-later
"""What is noted and what is refused while one package is read, and the files that came with it.

A leniency is a note; the first refusal stands, and reading goes on all the same, so that people see what was there.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, tzinfo

from gateway.dialects.names import caseless
from gateway.dialects.smdo.elements import attribute, text
from gateway.dialects.tree import Element, path
from gateway.dialects.values import read_date, read_moment
from gateway.dialects.wire import Body, Resource
from gateway.errors import Reason, Refused
from gateway.model import Content, Problem, Severity, Sha256

MAX_PROBLEMS = 200  # LIMIT: problems kept of one passport
MAX_QUOTE = 80  # LIMIT: characters of a wrong value quoted back


@dataclass(slots=True)
class Examination:
    """One package under examination: its zone, its files, its problems, its refusal."""

    came: Sequence[Resource] = ()
    bodies: Sequence[Body] = ()
    zone: tzinfo = UTC  # of the sender, for moments written without an offset
    problems: list[Problem] = field(default_factory=list)
    refusal: Refused | None = None
    contents: dict[Sha256, Content] = field(default_factory=dict)
    taken: set[int] = field(default_factory=set)  # positions in `came`
    _by_name: tuple[dict[str, list[int]], dict[str, list[int]]] | None = None  # names, and names without ``.txt``

    def note(self, code: str, element: Element, detail: str, at: str = "") -> None:
        """Note a leniency at *element*, or at its attribute or missing child *at*."""
        if len(self.problems) < MAX_PROBLEMS:
            place = path(element) + (f"/{at}" if at else "")
            self.problems.append(Problem(Severity.NOTE, code, place, detail))

    def in_words(self, element: Element, what: str, words: str, at: str = "") -> None:
        """Note that *words* stand where our model has no place for them: they are shown, and go no further."""
        if words:
            self.note("kept-in-words", element, f"{what}: {words[:MAX_QUOTE]}", at)

    def refuse(self, reason: Reason, detail: str, element: Element, at: str = "", **said: str) -> None:
        """Remember why the message must be refused; the first reason stands."""
        if self.refusal is None:
            self.refusal = Refused(reason, detail, place=path(element) + (f"/{at}" if at else ""), **said)

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
            self.refuse(Reason.AMBIGUOUS, detail, element, expected=name[:MAX_QUOTE], found=name[:MAX_QUOTE])
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
