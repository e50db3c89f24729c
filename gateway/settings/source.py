# SPDX-License-Identifier: GPL-3.0-or-later
"""One configuration text while it is read: its tables, where they stand, and the complaints about them so far."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ValidationError

from gateway.settings.lines import line_of, lines
from gateway.settings.problems import ConfigProblem, Path, dotted, explained, unknown_key
from gateway.settings.values import Raw

ShapeT = TypeVar("ShapeT", bound=BaseModel)
ShapeT_co = TypeVar("ShapeT_co", bound=BaseModel, covariant=True)


class Source:
    """A text and what was found wrong in it; every table is checked by itself, so no mistake hides another."""

    def __init__(self, name: str, text: str, *, secrets: Mapping[Path, str], folder: FilePath | None) -> None:
        self.name = name
        self.problems: list[ConfigProblem] = []
        self.tables: Raw = {}
        self._context = {"folder": folder} if folder is not None else {}
        self._lines: Mapping[Path, int] = {}
        try:
            self.tables = tomllib.loads(text)
            self._lines = lines(text)
        except (tomllib.TOMLDecodeError, RecursionError) as error:
            self.problems.append(_not_toml(name, str(error)))
        self._only_one_source(self.tables, ())
        for path, secret in secrets.items():
            self._put(path, secret)

    def problem(self, path: Path, what: str, remedy: str) -> ConfigProblem:
        return ConfigProblem(self.name, line_of(path, self._lines), dotted(path), what, remedy)

    def complain(self, path: Path, what: str, remedy: str) -> None:
        self.problems.append(self.problem(path, what, remedy))

    def known_only(self, known: Sequence[str]) -> None:
        for key in self.tables:
            if key not in known:
                self.complain((key,), *unknown_key(key, tuple(known)))

    def text(self, key: str) -> str:
        """Return the text under *key*; an absent or wrong one is empty."""
        value = self.tables.get(key, "")
        if isinstance(value, str):
            return value
        self.complain((key,), "expected a text", 'put it in quotes: "…"')
        return ""

    def one(self, key: str, shape: type[ShapeT], *, required: bool = False) -> ShapeT | None:
        """Return the table *key*, or None when it is wrong; an absent one is all defaults unless *required*."""
        if key not in self.tables and required:
            self.complain((), f"there is no [{key}]", "add it; the annotated example configuration says what it means")
            return None
        return self._checked((key,), self.tables.get(key, {}), shape)

    def many(self, key: str, shape: type[ShapeT]) -> "tuple[Found[ShapeT], ...]":
        """Return every table ``[[key]]`` with its place."""
        tables = self.tables.get(key, [])
        if not isinstance(tables, list):
            self.complain((key,), "expected a list of tables", f"write the heading with two brackets: [[{key}]]")
            return ()
        return tuple(
            Found(
                self, (key, place), table if isinstance(table, dict) else {}, self._checked((key, place), table, shape)
            )
            for place, table in enumerate(tables)
        )

    def _checked(self, path: Path, table: object, shape: type[ShapeT]) -> ShapeT | None:
        try:
            return shape.model_validate(_frozen(table), context=self._context)
        except ValidationError as error:
            for inner, what, remedy in explained(error, shape):
                self.complain((*path, *inner), what, remedy)
        return None

    def _only_one_source(self, value: object, path: Path) -> None:
        """Complain, at any depth, of a secret that is written down although a file is named for it."""
        if isinstance(value, dict):
            for file, secret in SECRET_FILES.items():
                if file in value and secret in value:
                    self.complain((*path, secret), f"stands beside {file}", "keep one of the two, better the file")
        items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        for key, inner in items:
            self._only_one_source(inner, (*path, key))

    def _put(self, path: Path, secret: str) -> None:
        """Put a secret that was found elsewhere under its key; a table that is none gets nothing."""
        table: Any = self.tables  # Any: nothing has been checked yet
        for step in path[:-1]:
            table = table[step]
        table.setdefault(path[-1], secret)


SECRET_FILES = {"password_file": "password", "secret_file": "secret", "key_file": "service_account"}
STAND_IN = "x" * 32  # for a secret that could not be read: one complaint about it is enough


@dataclass(frozen=True, slots=True)
class Found(Generic[ShapeT_co]):
    """A table of a list, right or wrong, and where it stands."""

    source: Source
    path: Path
    raw: Raw
    value: ShapeT_co | None  # None: it was wrong, which has been said

    def said(self, key: str) -> str:
        """Return the text written under *key*, even when the table is wrong elsewhere."""
        value = self.raw.get(key, "")
        return value if isinstance(value, str) else ""

    @property
    def place(self) -> str:
        """The file and line at which the table stands."""
        here = self.source.problem(self.path, "", "")
        return f"{here.file}:{here.line}"

    def problem(self, key: str, what: str, remedy: str) -> ConfigProblem:
        return self.source.problem((*self.path, key), what, remedy)


def _frozen(value: object) -> object:
    """Return *value* with every list made a tuple: nothing is converted after this."""
    if isinstance(value, dict):
        return {key: _frozen(inner) for key, inner in value.items()}
    return tuple(_frozen(inner) for inner in value) if isinstance(value, list) else value


def _not_toml(name: str, said: str) -> ConfigProblem:
    what, _, place = said.rpartition(" (at ")
    words = place.removesuffix(")").replace(",", "").split()
    line = int(words[1]) if len(words) == 4 and words[1].isdecimal() else 0
    return ConfigProblem(name, line, "", f"is not TOML: {what or said}", "mend the line, or look at the one before it")
