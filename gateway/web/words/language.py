# SPDX-License-Identifier: GPL-3.0-or-later
"""The shape of one language of the pages."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from gateway.registers.words import Words as RegisterWords

LARGEST = 2  # units of a span that are shown


@dataclass(frozen=True, slots=True)
class Words:
    code: str  # as the attribute lang has it
    name: str  # as its speakers call it
    register: RegisterWords
    texts: Mapping[str, str]
    states: Mapping[str, str]  # of a document or a letter, in plain words
    rungs: Mapping[str, str]
    events: Mapping[str, str]
    letters: Mapping[str, str]  # what became of a letter with the document
    acts: Mapping[str, str]
    kinds: Mapping[str, str]  # of letters
    reasons: Mapping[str, str]  # why a letter lies in quarantine
    units: tuple[str, str, str, str]  # days, hours, minutes, seconds, as short as can be

    def day(self, value: date | None) -> str:
        return self.register.date(value)

    def number(self, text: str | None, day: date | None) -> str:
        return self.register.number(text, day)

    def span(self, value: timedelta | None) -> str:
        """Return how long something took, in its two largest units; below zero as if above."""
        if value is None:
            return ""
        left = round(abs(value).total_seconds())
        parts: list[str] = []
        for size, unit in zip((86400, 3600, 60, 1), self.units, strict=True):
            count, left = divmod(left, size)
            if count or (size == 1 and not parts):
                parts.append(f"{count} {unit}")
        return " ".join(parts[:LARGEST])
