# SPDX-License-Identifier: GPL-3.0-or-later
"""Directories of people as spreadsheets keep them: CSV, UTF-8, one person a line.

Written with a byte order mark, semicolons and every cell in quotes; read with or without the mark, with semicolons or
commas.  A cell that a spreadsheet would run (it begins with = + - @) is written with an apostrophe before it, and read
without.
"""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from gateway.directories import MAX_CELL, MAX_PEOPLE
from gateway.model import folded
from gateway.ports import Official

COLUMNS = ("index", "name", "post", "department", "deputy", "head")
REQUIRED = ("index", "name")
MAX_BYTES = 8 << 20  # LIMIT: of a file
RUNS = tuple("=+-@＝＋－＠")  # what begins a formula, in the wide script too
FLAGS = {"": False, "0": False, "no": False, "нет": False, "1": True, "yes": True, "да": True}


class BadDirectory(Exception):
    """A directory that cannot be used: every problem with its line (0: of the whole)."""

    def __init__(self, problems: Sequence[tuple[int, str]]) -> None:
        super().__init__(f"{len(problems)} problems")
        self.problems = tuple(sorted(problems))


# --- writing ------------------------------------------------------------------------------------------------------


def written(officials: Sequence[Official]) -> bytes:
    """Return *officials* as a file."""
    out = io.StringIO(newline="")
    lines = csv.writer(out, delimiter=";", quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    lines.writerow(COLUMNS)
    for one in officials:
        cells = (one.index, one.name, one.post, one.department, one.deputy, "1" if one.head else "")
        lines.writerow([_harmless(_one_line(cell)) for cell in cells])
    return out.getvalue().encode("utf-8-sig")


def exportable(officials: Sequence[Official]) -> tuple[Official, ...]:
    """Return those of *officials* a partner can choose; raises BadDirectory when two have one index."""
    found = tuple(one for one in officials if one.index.strip())
    problems = [
        (0, f"{one.name} and {first.name} have the same index {one.index}: give one of them another")
        for one, first in _repeated(found)
    ]
    if problems:
        raise BadDirectory(problems)
    return found


def _harmless(cell: str) -> str:
    return f"'{cell}" if cell.startswith((*RUNS, "'")) else cell


# --- reading ------------------------------------------------------------------------------------------------------


@dataclass
class _Sheet:
    """A file while it is read: its people with their lines, and what is wrong."""

    people: list[tuple[int, Official]] = field(default_factory=list)
    problems: list[tuple[int, str]] = field(default_factory=list)


def read(data: bytes) -> tuple[Official, ...]:
    """Return the people of a file; raises BadDirectory with every problem at once."""
    if len(data) > MAX_BYTES:
        raise BadDirectory([(0, f"the file has more than {MAX_BYTES >> 20} MiB")])
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise BadDirectory([(line, "is not UTF-8: save the sheet as CSV UTF-8")]) from error
    sheet = _Sheet()
    rows = _rows(text, sheet)
    _, head = next(rows, (1, []))
    columns = _columns(head)
    for line, cells in rows:
        _read_row(sheet, line, columns, cells)
    _check(sheet)
    if sheet.problems:
        raise BadDirectory(sheet.problems)
    return tuple(official for _, official in sheet.people)


def _rows(text: str, sheet: _Sheet) -> Iterator[tuple[int, list[str]]]:
    """Yield every line that is not blank with its number; what is no CSV ends it with a problem."""
    first = text.partition("\n")[0]
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=";" if ";" in first else ",", strict=True)
    while True:
        number = lines.line_num + 1
        try:
            cells = next(lines)
        except StopIteration:
            return
        except csv.Error as error:
            sheet.problems.append((number, f"is no CSV: {error}"))
            return
        if any(cell.strip() for cell in cells):
            yield number, [_one_line(cell) for cell in cells]


def _columns(head: list[str]) -> list[str]:
    """Return the names of the columns; raises BadDirectory when they are not ours."""
    names = [name.casefold() for name in head]
    spare = [name for name in names if name not in COLUMNS]
    problems = [(1, f"there is no column {name[:40]!r}; there are: {', '.join(COLUMNS)}") for name in spare]
    problems += [(1, f"the column {name!r} is missing") for name in REQUIRED if name not in names]
    problems += [(1, f"the column {name!r} stands there twice") for name in COLUMNS if names.count(name) > 1]
    if problems:
        raise BadDirectory(problems)
    return names


def _read_row(sheet: _Sheet, line: int, columns: list[str], cells: list[str]) -> None:
    problems: list[str] = []
    if len(cells) != len(columns):
        problems.append(f"has {len(cells)} cells instead of {len(columns)}")
    found = {name: _as_meant(cell) for name, cell in zip(columns, cells, strict=False)}
    for name, cell in found.items():
        if len(cell) > MAX_CELL:
            problems.append(f"{name} has {len(cell)} characters, more than {MAX_CELL}")
        if not cell.isprintable():
            problems.append(f"{name} has characters that cannot be shown")
    problems += [f"the {name} is missing" for name in REQUIRED if not found.get(name)]
    flag = found.pop("head", "").casefold()
    if flag not in FLAGS:
        problems.append(f"head is {flag[:20]!r}: write 1, or nothing")
    if problems:
        sheet.problems += [(line, problem) for problem in problems]
    official = Official(**{"index": "", "name": "", **found}, head=FLAGS.get(flag, False))
    sheet.people.append((line, official))


def _check(sheet: _Sheet) -> None:
    """Add what is wrong with the whole: nobody, too many, an index twice, a deputy who is not there."""
    people = [official for _, official in sheet.people]
    lines = {id(official): line for line, official in sheet.people}
    if not people and not sheet.problems:
        sheet.problems.append((0, "there is nobody in it: that would dismiss everybody"))
    if len(people) > MAX_PEOPLE:
        sheet.problems.append((0, f"there are more than {MAX_PEOPLE} people in it"))
    for one, first in _repeated(people):
        sheet.problems.append((lines[id(one)], f"the index {one.index} stands in line {lines[id(first)]} already"))
    known = {folded(official.index) for official in people}
    for one in people:
        if one.deputy and folded(one.deputy) == folded(one.index):
            sheet.problems.append((lines[id(one)], "is their own deputy"))
        elif one.deputy and folded(one.deputy) not in known:
            sheet.problems.append((lines[id(one)], f"there is nobody with the index {one.deputy}, the deputy's"))


def _repeated(officials: Sequence[Official]) -> Iterator[tuple[Official, Official]]:
    """Yield everybody whose index somebody before has, with that one."""
    first: dict[str, Official] = {}
    for official in officials:
        before = first.setdefault(folded(official.index), official)
        if official.index and before is not official:
            yield official, before


def _one_line(cell: str) -> str:
    return " ".join(cell.split())


def _as_meant(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and cell[1:].startswith((*RUNS, "'")) else cell
