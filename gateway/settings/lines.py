# SPDX-License-Identifier: GPL-3.0-or-later
"""Where each key of a TOML text stands, so that a complaint can name its line.

The standard library keeps no positions, and tomlkit joins ``[[a]] [[b]] [[a]]`` into one array of tables before it can
be asked where they stood; in a list of channels and partners that is the usual order.  So statements are cut here and
their keys are read by tomllib.  The text must be valid TOML already.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping

from gateway.settings.problems import Path

TOKEN = re.compile(
    r'"""(?:\\.|[^\\])*?"{3,5}|'
    + r"'''.*?'{3,5}|"
    + r'"(?:\\.|[^"\\\n])*"|'
    + r"'[^'\n]*'|#[^\n]*|[\[\]{}=\n]|[^\[\]{}=\n\"'#]+",
    re.DOTALL,
)


def lines(text: str) -> Mapping[Path, int]:
    """Return the line, counted from 1, of every table and key of *text*, by path; lists count from 0.

    Keys inside inline tables and values inside lists are not told apart: they stand on the line of their key.
    """
    found: dict[Path, int] = {}
    count: dict[Path, int] = {}  # how many tables an array of tables has so far
    table: Path = ()
    for line, statement in _statements(text):
        if statement.startswith("["):
            array = statement.startswith("[[")
            table = _header(_keys(statement.strip("[] \t") + "=0"), count, array=array)
            for path in (table[:-1], table) if array else (table,):
                found.setdefault(path, line)
            continue
        path = table
        for key in _keys(statement + "=0"):
            path = (*path, key)
            found.setdefault(path, line)
    return found


def line_of(path: Path, found: Mapping[Path, int]) -> int:
    """Return the line of *path*, or of the nearest table around it; 0 when there is none."""
    while path and path not in found:
        path = path[:-1]
    return found.get(path, 0)


def _statements(text: str) -> Iterator[tuple[int, str]]:
    """Yield each heading, and of each ``key = value`` the key, with its line."""
    line, start, written, depth, in_value = 1, 1, "", 0, False
    for token in TOKEN.findall(text + "\n"):
        if token == "\n" and depth == 0:
            if written.strip():
                yield start, written.strip()
            written, in_value = "", False
        elif token in ("[", "{") and in_value:
            depth += 1
        elif token in ("]", "}") and in_value:
            depth -= 1
        elif token == "=" and not in_value:
            in_value = True
        elif not in_value and not token.startswith("#"):
            start = start if written.strip() else line
            written += token
        line += token.count("\n")


def _keys(statement: str) -> tuple[str, ...]:
    """Return the keys of ``a."b c".d = 0`` in order."""
    keys, value = [], tomllib.loads(statement)
    while isinstance(value, dict):
        ((key, value),) = value.items()
        keys.append(key)
    return tuple(keys)


def _header(keys: tuple[str, ...], count: dict[Path, int], *, array: bool) -> Path:
    path: Path = ()
    for key in keys[:-1]:
        path = (*path, key)
        if path in count:
            path = (*path, count[path] - 1)
    path = (*path, keys[-1])
    if not array:
        return path
    count[path] = count.get(path, 0) + 1
    return (*path, count[path] - 1)
