# SPDX-License-Identifier: GPL-3.0-or-later
"""The files that came beside a passport, matched to its ResourceList.

Names meet leniently, from exact to "the same without index and case"; files that cannot be told apart are taken in
order when as many came as are listed, and otherwise nobody guesses.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from gateway.dialects.names import LIKENESSES, exact, indexless, normalised
from gateway.dialects.wire import Resource
from gateway.model import Content, Sha256


@dataclass(frozen=True, slots=True)
class Listed:
    """One line of the ResourceList, the passport's own left out."""

    number: int
    name: str  # UniqueName
    place: str


@dataclass(frozen=True, slots=True)
class Match:
    resource: Resource
    likeness: Callable[[str], str]
    by_order: bool = False

    @property
    def loose(self) -> bool:
        """Say whether the names differ in more than the way their letters are composed."""
        return self.likeness not in (exact, normalised)


@dataclass(slots=True)
class _Sorting:
    listed: list[Listed]
    came: Sequence[Resource]
    free: set[int]  # positions in `came` nobody has taken
    matches: dict[int, Match] = field(default_factory=dict)

    def round(self, likeness: Callable[[str], str]) -> None:
        """Match what *likeness* makes the same."""
        wanted: dict[str, list[Listed]] = defaultdict(list)
        for entry in self.listed:
            wanted[likeness(entry.name)].append(entry)
        offered = self.offered(likeness)
        for key, entries in wanted.items():
            self._pair(entries, [position for position in offered.get(key, ()) if position in self.free], likeness)
        self.listed = [entry for entry in self.listed if entry.number not in self.matches]

    def offered(self, likeness: Callable[[str], str]) -> Mapping[str, list[int]]:
        offered: dict[str, list[int]] = defaultdict(list)
        for position in sorted(self.free):
            for key in dict.fromkeys(likeness(name) for name in self.came[position].names):
                offered[key].append(position)
        return offered

    def _pair(self, entries: list[Listed], candidates: list[int], likeness: Callable[[str], str]) -> None:
        if len({self.came[position].content.sha256 for position in candidates}) == 1 and len(entries) == 1:
            candidates = candidates[:1]  # the same bytes twice are no question
        if len(candidates) != len(entries):
            return
        for entry, position in zip(entries, candidates, strict=True):
            self.matches[entry.number] = Match(self.came[position], likeness, by_order=len(entries) > 1)
            self.free.discard(position)


class Shelf:
    """Which file is which resource; every taken file's bytes are kept for the message."""

    def __init__(self, listed: Sequence[Listed], came: Sequence[Resource]) -> None:
        """*listed* has every number once."""
        sorting = _Sorting(list(listed), came, set(range(len(came))))
        for likeness in LIKENESSES:
            if sorting.listed:
                sorting.round(likeness)
        self.listed: Mapping[int, Listed] = {entry.number: entry for entry in listed}
        self.matches: Mapping[int, Match] = sorting.matches
        loosest = sorting.offered(indexless) if sorting.listed else {}
        self.ambiguous = tuple(entry for entry in sorting.listed if loosest.get(indexless(entry.name)))
        self.missing = tuple(entry for entry in sorting.listed if not loosest.get(indexless(entry.name)))
        self.contents: dict[Sha256, Content] = {}
        self._unlisted = [came[position] for position in sorted(sorting.free)]

    @property
    def unlisted(self) -> tuple[Resource, ...]:
        """Files that came and that nothing names."""
        return tuple(self._unlisted)

    def take(self, number: int) -> Resource | None:
        """Return the file that is resource *number*, or None when it did not come."""
        match = self.matches.get(number)
        return self._kept(match.resource) if match else None

    def take_unlisted(self, description: str) -> Resource | None:
        """Return the only unlisted file that can be the one called *description*, or None."""
        key = indexless(description)
        found = [resource for resource in self._unlisted if key in map(indexless, resource.names)]
        if not key or len(found) != 1:
            return None
        self._unlisted.remove(found[0])
        return self._kept(found[0])

    def _kept(self, resource: Resource) -> Resource:
        self.contents[resource.content.sha256] = resource.content
        return resource
