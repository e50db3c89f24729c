# SPDX-License-Identifier: GPL-3.0-or-later
"""What can still be read of a configuration that does not hold: a table at a time, and nothing is judged by it.

For who must go on all the same: the mistakes of the other files, and the journal of a service that still runs.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from gateway.settings.source import ShapeT, Source
from gateway.settings.values import Raw

HEADING = re.compile(r"(?m)^(?=[ \t]*\[)")


def salvaged(text: str) -> Raw:
    """Return the tables of *text*; where it is no TOML, those of its pieces that are."""
    whole = _read(text)
    if whole is not None:
        return whole
    found: dict[str, Any] = {}  # Any: nothing has been checked
    for piece in _pieces(text):
        for key, value in piece.items():
            before = found.get(key)
            if isinstance(before, list) and isinstance(value, list):
                found[key] = before + value
            else:
                found[key] = {**before, **value} if isinstance(before, dict) and isinstance(value, dict) else value
    return found


def alone(text: str, key: str, shape: type[ShapeT], folder: Path) -> ShapeT | None:
    """Return the table *key*, whatever is wrong with the rest; None when there is none, or it is wrong itself."""
    source = Source("", "", secrets={}, folder=folder)
    source.tables = salvaged(text)
    return source.one(key, shape, required=True)


def _pieces(text: str) -> Iterator[Mapping[str, Any]]:
    """Yield what stands under each heading; under one with a mistake, what its single lines say."""
    for piece in HEADING.split(text):
        whole = _read(piece)
        if whole is not None:
            yield whole
            continue
        heading, *lines = piece.splitlines()
        if not heading.lstrip().startswith("["):
            heading, lines = "", [heading, *lines]
        said = [line for line in lines if line.strip() and _read(line) is not None]
        while said:
            if (found := _read("\n".join((heading, *said)))) is not None:
                yield found
                break
            said.pop()  # the same key twice, or a heading that is none


def _read(text: str) -> Raw | None:
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError):
        return None
