# SPDX-License-Identifier: GPL-3.0-or-later
"""Where each key of a mapping stands, so that a complaint names the line to go to.

Keys are written as complaints write them, ``register[2].values.subject``: lists count from 1.  What stands inside an
inline table is on the line of the key before it.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from gateway.settings.lines import line_of, lines
from gateway.settings.problems import Path as KeyPath

_STEP = re.compile(r"([^.\[\]]+)|\[(\d+)\]")
_SAID = re.compile(r"((?:[A-Za-z_]\w*)(?:\[\d+\]|\.\w+)*)(, for a draft)?: ")


@dataclass(frozen=True, slots=True)
class Places:
    """A mapping file and the lines of its keys."""

    file: Path
    lines: Mapping[KeyPath, int]

    @classmethod
    def read(cls, file: Path) -> "Places":
        """Return the places of *file*, which must be TOML already; raises OSError."""
        return cls(file, lines(file.read_text("utf-8")))

    def where(self, key: str) -> str:
        """Return ``file:line`` of *key*, or of the nearest table around it; the file alone when there is none."""
        line = line_of(path_of(key), self.lines)
        return f"{self.file}:{line}" if line else str(self.file)

    def said(self, complaint: str) -> str:
        """Return *complaint*, which begins with a key, with the place before it."""
        found = _SAID.match(complaint)
        return f"{self.where(found[1]) if found else self.file}: {complaint}"


def path_of(key: str) -> KeyPath:
    """Return ``register[2].values.subject`` as a path whose lists count from 0."""
    return tuple(name or int(number) - 1 for name, number in _STEP.findall(key))


def meant(name: str, known: Iterable[str]) -> str:
    """Return the remedy for a *name* that is none of *known*: the one it is like, or all there are."""
    there = sorted({one for one in known if one})
    lower = {one.lower(): one for one in reversed(there)}
    close = get_close_matches(name.lower(), lower, 1, 0.6)
    return f"did you mean {lower[close[0]]}?" if close else f"there are: {', '.join(there) or 'none'}"
