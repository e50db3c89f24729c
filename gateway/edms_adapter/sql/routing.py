# SPDX-License-Identifier: GPL-3.0-or-later
"""Whose inbox is meant: an addressee as the sender wrote it against the people of the office.  Pure.

Two candidates are never a guess: a step that finds two, narrows them by what else the sender said or gives up.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from gateway.model import Party, folded
from gateway.ports import Addressee

SUCCEEDED = ("index", "post")  # what a successor takes over; a name stays with who left
_WORD = re.compile(r"[^\W_]+(?:-[^\W_]+)*\.?")


@dataclass(frozen=True, slots=True)
class Inbox:
    """A row of the mapping's ``inboxes`` query; a department's own inbox has neither name nor post."""

    key: str
    name: str = ""
    post: str = ""
    department: str = ""
    index: str = ""
    number: str = ""  # of the department
    deputy_key: str = ""  # whose inbox takes over while this one's owner is away, and after leaving
    deputy_name: str = ""
    left_on: str = ""  # the day from which the owner works here no more; empty: works here
    head_key: str = ""  # of the department: whose inbox takes over from one who left without a deputy
    head_name: str = ""

    @property
    def title(self) -> str:
        return self.name or self.post or self.department

    @property
    def absent(self) -> bool:
        return bool(self.left_on or self.deputy_key)


@dataclass(frozen=True, slots=True)
class Route:
    """What a search gave: an inbox and how, or only why not."""

    inbox: Inbox | None
    name: str = ""  # of the step that found it
    why: str = ""
    vacant: bool = False  # True: who was meant has left, and nobody took over; it goes to the default inbox


@lru_cache(4096)
def plain(text: str) -> str:
    """Return *text* for comparison: case, ё, quotes, dots and spacing make no difference."""
    lowered = unicodedata.normalize("NFKC", text).casefold().replace("ё", "е")
    return " ".join(re.sub(r"\s*-\s*", "-", re.sub(r"[\"'«»“”„.,;:()]", " ", lowered)).split())


@lru_cache(4096)
def name_words(name: str) -> tuple[tuple[str, bool], ...]:
    """Return the words of a person's name, surname first, each with whether it is only an initial.

    «И. О. Фамилия» is turned round; any spacing is understood.
    """
    lowered = unicodedata.normalize("NFKC", name).casefold().replace("ё", "е")
    found = _WORD.findall(re.sub(r"\s*-\s*", "-", lowered))
    words = [(word.rstrip("."), word.endswith(".") or len(word) == 1) for word in found]
    initials = [word for word in words if word[1]]
    if words and words[0][1] and not words[-1][1]:
        whole = [word for word in words if not word[1]]
        return tuple(whole + initials)
    return tuple(words)


def same_name(written: str, known: str) -> bool:
    """Say whether two spellings can be one person: equal surnames, and given names equal or one the other's initial.

    A bare surname is not enough.
    """
    left, right = name_words(written), name_words(known)
    if len(left) < 2 or len(right) < 2 or left[0] != right[0]:
        return False
    return all(_same_given(one, other) for one, other in zip(left[1:], right[1:], strict=False))


def _same_given(one: tuple[str, bool], other: tuple[str, bool]) -> bool:
    if one[1] or other[1]:
        return one[0].startswith(other[0]) or other[0].startswith(one[0])
    return one[0] == other[0]


def find(hint: Party, inboxes: Sequence[Inbox], strategies: Iterable[str]) -> Route:
    """Return the inbox that *hint* means by the first of *strategies* that finds one, or why there is none."""
    for strategy in strategies:
        candidates: Sequence[Inbox] = _STRATEGIES[strategy](hint, inboxes)
        if len(candidates) > 1:
            candidates = _narrowed(hint, candidates)
        if len(candidates) > 1 and strategy in SUCCEEDED:
            candidates = [inbox for inbox in candidates if not inbox.left_on] or candidates
        if len(candidates) > 1:
            names = ", ".join(f"«{_shown(inbox)}»" for inbox in candidates[:5])
            return Route(None, why=f"«{hint.name}»: подходят несколько ({names}), выбор за человеком")
        if candidates:
            return _settled(Route(candidates[0], strategy, f"«{wanted(hint)}»: {_HOW[strategy]}"), inboxes)
    return Route(None, why=f"«{wanted(hint)}»: такого адресата нет")


def addressee(route: Route) -> Addressee | None:
    """Return *route* in the port's words; None when it found nothing."""
    if route.inbox is None:
        return None
    return Addressee(route.inbox.key, route.inbox.title, route.name, route.why)


def wanted(hint: Party) -> str:
    """Return everything the sender said of the addressee inside the organisation; empty for the organisation alone."""
    person, department = hint.person, hint.department
    words = (
        person.name if person else "",
        person.post if person else "",
        (department.name or department.number) if department else "",
        (person.index if person else "") or (department.index if department else ""),
    )
    return ", ".join(word for word in words if word)


def _settled(route: Route, inboxes: Sequence[Inbox]) -> Route:
    """Return *route* as it ends when the inbox's owner is away or has left."""
    inbox = route.inbox
    if inbox is None or not inbox.absent:
        return route
    heir = _heir(inbox, {one.key: one for one in inboxes}, frozenset({inbox.key}))
    what = f"не работает с {inbox.left_on}" if inbox.left_on else "отсутствует"
    why = f"{route.why}; {inbox.title} {what}"
    if heir is not None:
        return Route(heir, route.name, f"{why}, замещает {heir.title}")
    if inbox.left_on:
        return Route(None, route.name, f"{why}, ни заместителя, ни руководителя нет", vacant=True)
    return Route(inbox, route.name, f"{why}, замещать некому")


def _heir(inbox: Inbox, known: Mapping[str, Inbox], seen: frozenset[str]) -> Inbox | None:
    """Return who takes over from an absent owner: the deputy, after leaving else the head, or whoever does for them."""
    head = (inbox.head_key, inbox.head_name) if inbox.left_on else ("", "")
    for key, name in ((inbox.deputy_key, inbox.deputy_name), head):
        if not key or key in seen:
            continue
        heir = known.get(key) or Inbox(key, name)
        found = _heir(heir, known, seen | {key}) if heir.absent else heir
        if found is not None:
            return found
    return None


def _shown(inbox: Inbox) -> str:
    return ", ".join(word for word in (inbox.name, inbox.post, inbox.department) if word)


def _narrowed(hint: Party, candidates: Sequence[Inbox]) -> Sequence[Inbox]:
    """Return those of *candidates* that fit everything else the sender said, or all of them when none does."""
    person, department = hint.person, hint.department
    tests: list[Callable[[Inbox], bool]] = []
    if person and person.name:
        tests.append(lambda inbox: plain(inbox.name) == plain(person.name))
    if person and person.post:
        tests.append(lambda inbox: plain(inbox.post) == plain(person.post))
    if department and department.name:
        tests.append(lambda inbox: plain(inbox.department) == plain(department.name))
    for test in tests:
        candidates = [inbox for inbox in candidates if test(inbox)] or candidates
    return candidates


def _by_index(hint: Party, inboxes: Sequence[Inbox]) -> list[Inbox]:
    said = (hint.person and hint.person.index) or (not hint.person and hint.department and hint.department.index) or ""
    return [inbox for inbox in inboxes if folded(said) and folded(inbox.index) == folded(said)]


def _by_name_and_post(hint: Party, inboxes: Sequence[Inbox]) -> list[Inbox]:
    if not (hint.person and hint.person.name and hint.person.post):
        return []
    name, post = plain(hint.person.name), plain(hint.person.post)
    return [inbox for inbox in inboxes if plain(inbox.name) == name and plain(inbox.post) == post]


def _by_initials(hint: Party, inboxes: Sequence[Inbox]) -> list[Inbox]:
    if not (hint.person and hint.person.name):
        return []
    return [inbox for inbox in inboxes if same_name(hint.person.name, inbox.name)]


def _by_post(hint: Party, inboxes: Sequence[Inbox]) -> list[Inbox]:
    if not (hint.person and hint.person.post):
        return []
    return [inbox for inbox in inboxes if plain(inbox.post) == plain(hint.person.post)]


def _by_department(hint: Party, inboxes: Sequence[Inbox]) -> list[Inbox]:
    said = hint.department
    own = [inbox for inbox in inboxes if not inbox.name and not inbox.post]
    if said is None:
        return []
    tests: tuple[Callable[[Inbox], bool], ...] = (
        lambda inbox: bool(folded(said.index)) and folded(inbox.index) == folded(said.index),
        lambda inbox: bool(said.name) and plain(inbox.department) == plain(said.name),
        lambda inbox: bool(said.number) and folded(inbox.number) == folded(said.number),
    )
    for test in tests:
        if found := [inbox for inbox in own if test(inbox)]:
            return found
    return []


_STRATEGIES: dict[str, Callable[[Party, Sequence[Inbox]], list[Inbox]]] = {
    "index": _by_index,
    "name and post": _by_name_and_post,
    "initials": _by_initials,
    "post": _by_post,
    "department": _by_department,
}
_HOW = {
    "index": "по индексу",
    "name and post": "по имени и должности",
    "initials": "по фамилии и инициалам",
    "post": "по должности",
    "department": "по подразделению",
}
