# SPDX-License-Identifier: GPL-3.0-or-later
"""Which rule of the office applies to a document, and why the ones before it do not.  Pure.

Rules are read in the order they are written; the first that fits counts, and when none fits the defaults do.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from gateway.model import Document, DocumentType, PartnerId, Term
from gateway.settings import AccessSettings, ReceiveSettings, ReportSettings, RuleSettings

RuleT = TypeVar("RuleT", bound=RuleSettings)
RuleT_co = TypeVar("RuleT_co", bound=RuleSettings, covariant=True)


@dataclass(frozen=True, slots=True)
class Facts:
    """What a rule may look at."""

    partner: PartnerId  # who sent the document (receive), or who hears of it (report)
    office: str  # our organisation's exchange index
    kind: Term
    access: Term
    draft: bool

    @classmethod
    def of(cls, document: Document, partner: PartnerId, office: str) -> "Facts":
        """Return the facts of *document*, exchanged between *partner* and our organisation *office*."""
        draft = document.type is DocumentType.DRAFT
        return cls(partner, office, document.kind or Term(), document.access or Term(), draft)


@dataclass(frozen=True, slots=True)
class Chosen(Generic[RuleT_co]):
    """The rule that applies."""

    rule: RuleT_co
    place: int  # among the rules, from 1; 0: none fitted, these are the defaults
    passed_over: tuple[tuple[int, str], ...]  # the places of the rules before it, and why each does not apply

    @property
    def name(self) -> str:
        """How people call it."""
        return self.rule.name or (f"rule {self.place}" if self.place else "the defaults")


def receiving(rules: Sequence[ReceiveSettings], facts: Facts) -> Chosen[ReceiveSettings]:
    """Return the receive rule for a document that came; a draft for which there is no rule waits for a person."""
    defaults = ReceiveSettings(type=("draft",), register="wait") if facts.draft else ReceiveSettings()
    return _first(rules, facts, defaults)


def reporting(rules: Sequence[ReportSettings], facts: Facts) -> Chosen[ReportSettings]:
    """Return the report rule for what our people do with a document."""
    return _first(rules, facts, ReportSettings())


def level_of(access: Term | None, missing: str) -> Term:
    """Return the access level a document counts as: its own, or *missing* when it names none."""
    return access if access is not None and (access.text or access.index) else Term(missing)


def within(access: Term, levels: Sequence[str]) -> bool:
    """Say whether *levels* names this access level, by its word or its exchange index."""
    return not _outside("access", levels, _readings(access)) if levels else False


def is_open(access: Term | None, settings: AccessSettings) -> bool:
    """Say whether everybody may see a document of this access level; one that nobody knows is restricted."""
    return within(level_of(access, settings.missing), settings.open)


def misfit(rule: RuleSettings, facts: Facts) -> str:
    """Return the first condition of *rule* that does not hold, in words; empty when the rule fits."""
    return next((why for condition in CONDITIONS if (why := condition(rule, facts))), "")


def _first(rules: Sequence[RuleT], facts: Facts, defaults: RuleT) -> Chosen[RuleT]:
    passed: list[tuple[int, str]] = []
    for place, rule in enumerate(rules, 1):
        if not (why := misfit(rule, facts)):
            return Chosen(rule, place, tuple(passed))
        passed.append((place, why))
    return Chosen(defaults, 0, tuple(passed))


# --- conditions ---------------------------------------------------------------------------------------------------

Condition = Callable[[RuleSettings, Facts], str]


def _partner(rule: RuleSettings, facts: Facts) -> str:
    return _outside("partner", rule.partner, (facts.partner,))


def _organisation(rule: RuleSettings, facts: Facts) -> str:
    return _outside("organisation", rule.organisation, (facts.office,))


def _kind(rule: RuleSettings, facts: Facts) -> str:
    return _outside("kind", rule.kind, _readings(facts.kind))


def _access(rule: RuleSettings, facts: Facts) -> str:
    return _outside("access", rule.access, _readings(facts.access))


def _type(rule: RuleSettings, facts: Facts) -> str:
    if not isinstance(rule, ReceiveSettings):
        return ""
    return _outside("type", rule.type, ("draft" if facts.draft else "document",))


CONDITIONS: tuple[Condition, ...] = (_partner, _organisation, _type, _kind, _access)


def _readings(term: Term) -> tuple[str, ...]:
    """What a word from somebody's dictionary may be known by: the word, its index, or nothing at all."""
    return tuple(word for word in (term.text, term.index) if word) or ("",)


def _outside(key: str, asked: Sequence[str], found: Sequence[str]) -> str:
    if not asked or {_plain(word) for word in asked} & {_plain(word) for word in found}:
        return ""
    return f"{key} is {' / '.join(found) or 'not said'}, not {' or '.join(word or 'none' for word in asked)}"


def _plain(word: str) -> str:
    return " ".join(word.split()).casefold()
