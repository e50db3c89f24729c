# SPDX-License-Identifier: GPL-3.0-or-later
"""What a letter costs when the journal already holds 1 000, 10 000 or 100 000 entries.

The history is that of one real letter, multiplied with ids of its own for every copy and written through the
journal's tables, letters included; then the same number of letters runs through the whole chain of each gateway.
"""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from statistics import median

from bench import world
from bench.chain import answered, fresh, warmed
from bench.figures import Line, middle, ratios, spread
from bench.gateways import Gateway, prepare, running
from gateway.demo.offices import DemoOffice
from gateway.journal import schema

DEVIATION = 0.2  # aim: a letter costs as much as with the smallest journal, give or take
TABLES = ("entries", "letters", "exchanges", "return_ids", "events", "messages", "contents", "attempts")
_KEYS = {"entries": "id", "events": "seq", "attempts": "id"}  # numbered by the database
_NAMES = ("source", "exchange", "message_id", "rfc_message_id", "return_id", "document_uid", "digest")  # never twice


@dataclass(frozen=True, slots=True)
class Size:
    rounds: int
    letters: int  # in one round, for each journal
    journals: tuple[int, ...]  # entries


async def measure(home: Path, size: Size) -> list[Line]:
    """Fill the journals, run the rounds in turn and compare each journal with the smallest."""
    wall: dict[int, list[float]] = {entries: [] for entries in size.journals}
    processor: dict[int, list[float]] = {entries: [] for entries in size.journals}
    outlet = world.Outlet()
    relay = await outlet.open()
    offices = [prepare(home / f"depth-{entries}", relay) for entries in size.journals]
    for office, entries in zip(offices, size.journals, strict=True):
        with running(office) as gateway:
            await warmed(gateway, outlet, 1)
        fill(office, entries)
    with ExitStack() as stack:
        pauses: list[ExitStack] = []
        gateways: list[Gateway] = []
        for office in offices:
            gateway = stack.enter_context(running(office))
            await warmed(gateway, outlet)
            gateways.append(gateway)
            pauses.append(stack.enter_context(ExitStack()))
            pauses[-1].enter_context(gateway.paused())
        for _ in range(size.rounds):
            for entries, gateway, pause in zip(size.journals, gateways, pauses, strict=True):
                pause.close()
                used = gateway.processor_seconds()
                _, whole = await answered(gateway, outlet, fresh(size.letters))
                wall[entries].append(1000 * whole / size.letters)
                processor[entries].append(1000 * (gateway.processor_seconds() - used) / size.letters)
                pause.enter_context(gateway.paused())
    outlet.close()
    return _lines(wall, processor)


def _lines(wall: Mapping[int, Sequence[float]], processor: Mapping[int, Sequence[float]]) -> list[Line]:
    smallest = min(wall)
    lines = []
    for entries, costs in wall.items():
        used = f"{middle(costs, 1)} ms, of the processors {middle(processor[entries], 1)} ms"
        lines.append(Line(f"a letter at {entries} entries", used, spread=spread(costs, 1)))
        if entries != smallest:
            found = ratios(costs, wall[smallest])
            met = abs(median(found) - 1) <= DEVIATION
            what = f"cost at {entries} / at {smallest} entries"
            lines.append(Line(what, middle(found, 2), f"1 ± {DEVIATION}", met, spread(found, 2)))
    return lines


# --- the history --------------------------------------------------------------------------------------------------


def fill(office: DemoOffice, entries: int) -> None:
    """Multiply the one letter in *office*'s journal until it holds about *entries* entries; its gateway is down."""
    with closing(sqlite3.connect(office.home / "journal.db", isolation_level=None)) as line:
        line.row_factory = sqlite3.Row
        line.execute("PRAGMA journal_mode=MEMORY")
        line.execute("PRAGMA synchronous=OFF")
        story = {name: [dict(row) for row in line.execute(f"SELECT * FROM {name}")] for name in TABLES}
        copies = range(1, entries // len(story["entries"]))
        line.execute("BEGIN")
        for name in TABLES:
            columns = [column.name for column in schema.metadata.tables[name].columns]
            marks = ", ".join(f":{column}" for column in columns)
            into = f"INSERT INTO {name} ({', '.join(columns)}) VALUES ({marks})"
            line.executemany(into, _multiplied(story, name, copies))
        line.execute("COMMIT")
        line.execute("PRAGMA journal_mode=WAL")


def _multiplied(story: Mapping[str, list[dict[str, object]]], name: str, copies: range) -> Iterator[dict[str, object]]:
    """Yield the rows of table *name* for every copy: numbers moved on, names replaced by others of the same length."""
    step = {table: max((int(str(row[key])) for row in story[table]), default=0) for table, key in _KEYS.items()}
    names = _names(story)
    holders = [(row, _holding(row, names)) for row in story[name]]
    for copy in copies:
        for row, found in holders:
            made = dict(row)
            if name in _KEYS:
                made[_KEYS[name]] = int(str(row[_KEYS[name]])) + copy * step[name]
            if isinstance(row.get("entry"), int):
                made["entry"] = int(str(row["entry"])) + copy * step["entries"]
            for column, olds in found.items():
                for old in olds:
                    made[column] = str(made[column]).replace(old, _other(old, copy))
            yield made


def _holding(row: Mapping[str, object], names: Sequence[str]) -> dict[str, list[str]]:
    """Return which of *names* occur in which column of *row*."""
    texts = {column: value for column, value in row.items() if isinstance(value, str)}
    return {column: held for column, value in texts.items() if (held := [name for name in names if name in value])}


def _names(story: Mapping[str, list[dict[str, object]]]) -> list[str]:
    """Return every name in *story* that must not occur twice, the longest first."""
    exchanges = {str(row["id"]) for row in story["exchanges"]}
    found = {str(row[column]) for rows in story.values() for row in rows for column in _NAMES if row.get(column)}
    return sorted(exchanges | found, key=len, reverse=True)


def _other(name: str, copy: int) -> str:
    return sha256(f"{copy} {name}".encode()).hexdigest()[: max(32, len(name))]
