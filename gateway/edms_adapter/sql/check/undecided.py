# SPDX-License-Identifier: GPL-3.0-or-later
"""What a starter mapping leaves to its administrator: statements that hold the words ``-- decide:``."""

import re
from collections.abc import Iterator

from gateway.edms_adapter.sql.check.look import Look
from gateway.ports import Finding

_DECIDE = re.compile(r"--\s*decide:\s*([^\n]*)")


def undecided(look: Look) -> Iterator[Finding]:
    """Yield every statement that nobody has decided about."""
    for place, statement in look.plan.compiler.statements:
        if found := _DECIDE.search(statement.text):
            remedy = "write what your EDMS does, and take the words after -- away"
            yield look.wrong(place, f"{place}: to be decided", found[1].strip(), remedy)
