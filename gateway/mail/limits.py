# SPDX-License-Identifier: GPL-3.0-or-later
"""How much of everything a letter may have, and the list of what was odd in it."""

from dataclasses import dataclass
from typing import Final

from gateway.model import Problem, Severity

_MAX_PROBLEMS: Final = 200  # LIMIT: noted per letter; more say nothing new


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one letter; what is beyond them is refused, except where a line says otherwise."""

    max_header_block_bytes: int = 64 * 1024  # of the letter and of each part
    max_header_bytes: int = 8 * 1024  # a longer field is left out and noted
    max_content_header_bytes: int = 2 * 1024  # the same for Content-*, where it is refused
    max_headers: int = 200  # of the letter and of each part
    max_parts: int = 1000  # leaves and multiparts together
    max_depth: int = 20  # multiparts inside one another
    max_boundary_chars: int = 70  # RFC 2046 §5.1.1; longer is noted
    max_lenient_boundary_chars: int = 200
    max_decoded_bytes: int = 1 << 30  # of all leaves together
    window_bytes: int = 1 << 18  # looked at in one go: what a letter costs in memory, a few times over


DEFAULT: Final = Limits()


class Notes:
    """Collects the problems of one letter, in the order they were seen."""

    def __init__(self) -> None:
        self._problems: list[Problem] = []

    def add(self, code: str, place: str, text: str) -> None:
        """Note a leniency; *text* never quotes the letter."""
        if len(self._problems) < _MAX_PROBLEMS:
            self._problems.append(Problem(Severity.NOTE, code, place, text))

    def all(self) -> tuple[Problem, ...]:
        return tuple(self._problems)
