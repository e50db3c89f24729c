# SPDX-License-Identifier: GPL-3.0-or-later
"""What the shipped examples say about each key, to be said again beside the same key elsewhere."""

import json
import re
from collections.abc import Iterator, Mapping

COLUMN = 45  # where comments begin, as in the examples
HEADING = re.compile(r"(?:# )?\[+([a-z_.]+)\]+ *(?:# *(.*))?")
KEY = re.compile(r"(?:# )?([a-z_]+) = (.*?)(?: {2,}# (.*))?")
MORE = re.compile(r" {8,}# (.*)")
ABOVE = re.compile(r"# (.*)")
OF_EXAMPLES = re.compile(r"^example(?:; |$)|; all values are examples$| \(default\)")

Words = tuple[str, ...]  # lines
Comments = Mapping[tuple[str, str], Words]  # by table and key; key "" is the heading, 'kind = "none"' one of several


def comments(example: str) -> Comments:
    """Return the comment of every key of *example*: the one beside it, else the lines right above it."""
    found: dict[tuple[str, str], list[str]] = {}
    table, above, last = "", list[str](), list[str]()
    for line in example.splitlines():
        if heading := HEADING.fullmatch(line):
            table, last, above = heading[1], _beside(heading[2]), []
            found[table, ""] = last
        elif key := KEY.fullmatch(line):
            last, above = _beside(key[3]) or above, []
            found.setdefault((table, key[1]), last)
            found[table, f"{key[1]} = {key[2]}"] = last
        elif more := MORE.fullmatch(line):
            last.append(more[1])
        else:
            words = ABOVE.fullmatch(line)
            above = [*above, words[1]] if words else []
    return {place: tuple(words) for place, words in found.items()}


def _beside(comment: str | None) -> list[str]:
    words = OF_EXAMPLES.sub("", comment or "")
    return [words] if words else []


def heading(table: str, known: Comments, *, listed: bool) -> str:
    """Return the line that begins *table*."""
    name = f"[[{table}]]" if listed else f"[{table}]"
    return next(_commented(name, known.get((table, ""), ())))


def key_lines(table: str, key: str, value: object, known: Comments) -> Iterator[str]:
    """Yield the line ``key = value`` with its comment."""
    line = f"{key} = {json.dumps(value, ensure_ascii=False)}"  # what JSON writes of text, numbers and lists is TOML
    words = known.get((table, line)) or known.get((table, key), ())
    yield from _commented(line, words)


def _commented(line: str, words: Words) -> Iterator[str]:
    """Yield *line* with its comment, beside it where there is room."""
    if len(line) >= COLUMN:
        yield from (f"# {word}" for word in words)
        yield line
        return
    first, *more = words or ("",)
    yield f"{line:<{COLUMN - 1}} # {first}" if first else line
    yield from (f"{'':<{COLUMN}}# {word}" for word in more)
