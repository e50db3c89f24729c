# SPDX-License-Identifier: GPL-3.0-or-later
"""When the records system itself says that it would not do something: its result says so, and the mapping what follows.

Whatever was written until then is taken back; nothing of a failed step stays.
"""

from dataclasses import dataclass

from gateway.edms_adapter.sql.expression import Expression, Scope
from gateway.errors import Deferred, Reason, Refused


class Unwilling(Exception):
    """The EDMS would not do it, and a person shall decide; its words are for him."""


@dataclass(frozen=True, slots=True)
class Failure:
    """How a result says that the EDMS would not do it, and what follows."""

    failed: Expression
    text: Expression
    then: str  # see Step.then
    reason: Reason | None

    def judge(self, scope: Scope) -> None:
        """Raise Deferred, Unwilling or Refused when the result in *scope* says so."""
        if not self.failed(scope):
            return
        words = str(self.text(scope))
        if self.then == "wait":
            raise Unwilling(words)
        if self.reason is not None:
            raise Refused(self.reason, words, place=self.failed.place)
        raise Deferred(words)
