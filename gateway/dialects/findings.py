# SPDX-License-Identifier: GPL-3.0-or-later
"""What is noted and what is refused while one message is read.

A leniency is a note; reading goes on with the best that can be understood.  The first refusal stands, and reading
goes on all the same, so that people can be shown what was there.
"""

from dataclasses import dataclass, field

from gateway.dialects.tree import Element, path
from gateway.errors import Reason, Refused
from gateway.model import Problem, Severity

MAX_PROBLEMS = 200  # LIMIT: problems kept of one message
MAX_QUOTE = 80  # LIMIT: characters of a wrong value quoted back


@dataclass(kw_only=True)
class Findings:
    """The problems of one message, and its refusal; a dialect adds how it reads values."""

    problems: list[Problem] = field(default_factory=list)
    refusal: Refused | None = None

    def note(self, code: str, element: Element, detail: str, at: str = "") -> None:
        """Note a leniency at *element*, or at its attribute or missing child *at*."""
        if len(self.problems) < MAX_PROBLEMS:
            self.problems.append(Problem(Severity.NOTE, code, _place(element, at), detail))

    def in_words(self, element: Element, what: str, words: str, at: str = "") -> None:
        """Note that *words* stand where our model has no place for them: they are shown, and go no further."""
        if words:
            self.note("kept-in-words", element, f"{what}: {words[:MAX_QUOTE]}", at)

    def refuse(
        self, reason: Reason, detail: str, element: Element, at: str = "", *, expected: str = "", found: str = ""
    ) -> None:
        """Remember why the message must be refused, because of *element* or of what it has or lacks *at*."""
        if self.refusal is None:
            place = _place(element, at)
            self.refusal = Refused(reason, detail, place=place, expected=expected, found=found[:MAX_QUOTE])

    def take(self, refusal: Refused) -> None:
        """Remember a *refusal*; the first one stands."""
        self.refusal = self.refusal or refusal

    def told(self) -> tuple[Problem, ...]:
        """Return what people are told of the message: every note, and the refusal."""
        return (*self.problems, *((problem_of(self.refusal),) if self.refusal else ()))


def problem_of(refusal: Refused) -> Problem:
    """Return *refusal* as it stands among the problems of a message."""
    return Problem(Severity.ERROR, refusal.reason.value, refusal.place, refusal.detail)


def _place(element: Element, at: str) -> str:
    return path(element) + (f"/{at}" if at else "")
