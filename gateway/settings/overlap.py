# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules that can never apply, because earlier ones take everything they would fit."""

from collections.abc import Iterator, Sequence
from itertools import islice, product
from typing import TypeVar

from gateway.settings.problems import ConfigProblem
from gateway.settings.rules import RuleSettings
from gateway.settings.source import Found

CONDITIONS = ("partner", "organisation", "type", "kind", "access")
MAX_CASES = 10_000  # LIMIT: combinations of one rule's conditions that are looked at
RuleT = TypeVar("RuleT", bound=RuleSettings)
Case = tuple[str | None, ...]  # one value for each condition; None: whatever it is


def never_reached(rules: Sequence[Found[RuleT]]) -> Iterator[ConfigProblem]:
    """Yield a complaint for every rule all of whose cases are taken by rules before it, naming those."""
    before: list[tuple[int, RuleSettings]] = []
    for place, found in enumerate(rules, 1):
        rule = found.value
        if rule is None:
            continue
        if takers := takers_of(rule, before):
            names = " and ".join(_called(other, earlier) for other, earlier in takers)
            what = (
                f"this rule never applies: {names} before it {'fit' if len(takers) > 1 else 'fits'} whatever it would"
            )
            yield found.source.problem(found.path, what, "move it before, narrow what stands before it, or remove it")
        before.append((place, rule))


def takers_of(rule: RuleSettings, before: Sequence[tuple[int, RuleSettings]]) -> tuple[tuple[int, RuleSettings], ...]:
    """Return the earlier rules that together take every case of *rule*; none when one case is left for it."""
    takers: dict[int, RuleSettings] = {}
    wanted = [_values(rule, key) or (None,) for key in CONDITIONS]
    cases = list(islice(product(*wanted), MAX_CASES + 1))
    if len(cases) > MAX_CASES:
        return ()
    for case in cases:
        taker = next(((place, earlier) for place, earlier in before if _takes(earlier, case)), None)
        if taker is None:
            return ()
        takers[taker[0]] = taker[1]
    return tuple(sorted(takers.items(), key=lambda item: item[0]))


def _takes(rule: RuleSettings, case: Case) -> bool:
    """Say whether *rule* fits everything that *case* says."""
    pairs = ((_values(rule, key), value) for key, value in zip(CONDITIONS, case, strict=True))
    return all(not asked or (value is not None and value in asked) for asked, value in pairs)


def _values(rule: RuleSettings, key: str) -> tuple[str, ...]:
    """Return what *rule* asks for, as it is compared; of a condition it does not have, nothing."""
    return tuple(" ".join(word.split()).casefold() for word in getattr(rule, key, ()))


def _called(place: int, rule: RuleSettings) -> str:
    return f'"{rule.name}"' if rule.name else f"rule {place}"
