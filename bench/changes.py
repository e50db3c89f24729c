# SPDX-License-Identifier: GPL-3.0-or-later
"""How soon a partner's report is queued after somebody worked in the EDMS, and what asking costs as the EDMS grows.

The EDMS is the built-in registry on PostgreSQL.  Two gateways run one after the other: the EDMS calls the first
(outbox and LISTEN, polled every 10 s), the second reads by overlap (polled every 2 s, called by nobody).
For the cost, registries of different sizes are filled by SQL alone; the same number of cards came through the gateway
in each.
Each is asked in turn, round by round, and the ratios are of the same round.
"""

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from statistics import median

import psycopg

from bench import world
from bench.chain import CONNECTIONS, fresh
from bench.figures import Line, middle, quantile, ratios, spread
from bench.gateways import Gateway, prepare, running
from gateway.demo.offices import MINSK, MOSCOW
from gateway.edms_adapter import open_edms, registry
from gateway.edms_adapter.registry import Correspondent, Office, people
from gateway.edms_adapter.sql.edms import SqlEdms
from tests.edms_adapter.outboxes import run, watched_registry
from tests.servers import postgres

DEVIATION = 0.2  # aim: asking costs as much as with the smallest EDMS, give or take
CALLED_SECONDS = 1.0  # aim, for 95 of 100, when the EDMS calls
CALLED_POLL, POLL = 10, 2  # seconds
LATE_SECONDS = 1.0  # aim, likewise, beyond the poll when it does not
PATIENCE = 60.0  # seconds for one report
OURS = 200  # cards that came through the gateway, spread over all years
ASKED = 10  # times in a round


@dataclass(frozen=True, slots=True)
class Size:
    actions: int  # of people, for each gateway
    rounds: int
    cards: tuple[int, ...]  # the smallest first


async def measure(home: Path, size: Size) -> list[Line]:
    """Measure how soon, then what it costs."""
    with postgres.running() as database:
        called = await _waits(home / "called", database(), size.actions, calls=True)
        polled = await _waits(home / "polled", database(), size.actions, calls=False)
        costs = await asyncio.to_thread(_costs, home, database, size)
    return [*_soon(called, polled), *_flat(costs)]


# --- how soon -----------------------------------------------------------------------------------------------------


async def _waits(home: Path, url: str, actions: int, *, calls: bool) -> list[float]:
    """Return for each action the seconds from its commit to the moment its report stands in the journal."""
    outlet = world.Outlet()
    office = prepare(home, await outlet.open())
    _fill_office(url)
    poll = CALLED_POLL if calls else POLL
    config = office.config.read_text("utf-8").replace('"sqlite:///registry.db"', f'"{url}"')
    config = config.replace('poll = "1 s"', f'poll = "{poll} s"')
    if calls:
        mapping = watched_registry(home)
        config = config.replace('mapping = "registry"', f'mapping = "{mapping}"')
        with open_edms(mapping, url, home / "files", MINSK.time_zone) as edms:
            run(url, edms.outbox_ddl())
    office.config.write_text(config, "utf-8")
    with running(office) as gateway:
        letters = fresh(actions)
        outlet.expect(letters)
        await world.bring(gateway.port, letters, CONNECTIONS)
        await outlet.all_answered()
        await asyncio.sleep(poll + 1)  # what came with the letters is told
        waits = [wait async for wait in _act(gateway, url, poll)]
    outlet.close()
    return waits


async def _act(gateway: Gateway, url: str, poll: int) -> AsyncIterator[float]:
    """Forward every card once, at any moment between two polls, and yield how long its report took."""
    chance = Random(1)
    names = [one.name for one in MINSK.people]
    with people.at_work(url) as work:
        cards = [row.id for row in people.rows(work, "select id from card where number is not null order by id")]
    for position, card in enumerate(cards):
        await asyncio.sleep(chance.uniform(0, min(poll, POLL)))
        before = _reports(gateway)
        with people.at_work(url) as work:
            to, by = names[position % len(names)], names[(position + 1) % len(names)]
            people.forward(work, card, to, by=by, now=datetime.now(UTC))
        began = time.monotonic()
        while _reports(gateway) == before:
            if time.monotonic() - began > PATIENCE:
                raise world.Broken(f"no report after {PATIENCE:g} s")
            await asyncio.sleep(0.005)
        yield time.monotonic() - began


def _reports(gateway: Gateway) -> int:
    """Return how many letters the journal holds that go out."""
    with closing(sqlite3.connect(f"file:{gateway.journal}?mode=ro", uri=True)) as line:
        (found,) = line.execute("select count(*) from entries where direction = 'out'").fetchone()
        return int(found)


def _fill_office(url: str) -> None:
    registry.create(url)
    office = Office(MINSK.index, MINSK.title)
    registry.seed(url, office, [Correspondent(MOSCOW.index, MOSCOW.title)], MINSK.people, prefixes=MINSK.prefixes)


def _soon(called: Sequence[float], polled: Sequence[float]) -> list[Line]:
    lines = []
    for what, waits, aim in (
        (f"called, polled every {CALLED_POLL} s", called, CALLED_SECONDS),
        (f"polled every {POLL} s", polled, POLL + LATE_SECONDS),
    ):
        p95 = quantile(waits, 0.95)
        lines.append(Line(f"user action to report queued, p50, {what}", f"{quantile(waits, 0.5):.2f} s"))
        lines.append(
            Line(
                f"user action to report queued, p95, {what}",
                f"{p95:.2f} s",
                f"≤ {aim:g} s",
                p95 <= aim,
                f"{min(waits):.2f} … {max(waits):.2f}",
            )
        )
    return lines


# --- what it costs ------------------------------------------------------------------------------------------------

# every card has a row in an inbox, an instruction with its executor and his report, and was closed: over ten years
FILL = """
set session_replication_role = replica;  -- the rows fit together: nobody need look each reference up
insert into card (direction, state, number, reg_date, subject, made_at, correspondent_id)
select 'in', 'registered', 'B-' || i, current_date, 'card ' || i, m, 1 from {when};
insert into inbox_row (inbox_id, card_id, kind, at) select 1, c.id, 'document', c.made_at from card c;
insert into instruction (card_id, uid, text, issued_at, author_id)
select c.id, 'task-' || c.id, 'to be done', c.made_at, 1 from card c;
insert into executor (instruction_id, person_id, inbox_id, responsible) select i.id, 2, 1, true from instruction i;
insert into execution (instruction_id, executor_id, text, at)
select i.id, e.id, 'done', i.issued_at from instruction i join executor e on e.instruction_id = i.id;
insert into instruction_change (instruction_id, kind, person_id, at)
select i.id, 'closed', 1, i.issued_at from instruction i;
insert into edms_gw_exchange (exchange_id, card, number, made_at, known_at)
select 'exchange-' || c.id, c.id, c.number, c.made_at, c.made_at from card c where c.id % ({cards} / {ours}) = 0;
"""
WHEN = "(select i, now() - (interval '10 years' / {cards}) * ({cards} - i) as m from generate_series(1, {cards}) i) n"

Costs = Mapping[str, Mapping[int, list[float]]]  # milliseconds of one question, by the way of reading and by cards


def _costs(home: Path, database: Callable[[], str], size: Size) -> Costs:
    """Fill a registry of each size and ask them in turn, by overlap and through the outbox."""
    costs: dict[str, dict[int, list[float]]] = {"by overlap": {}, "by the outbox": {}}
    with ExitStack() as stack:
        askers: list[tuple[list[float], _Asker]] = []
        for cards in size.cards:
            url = database()
            _fill_office(url)
            run(url, FILL.format(when=WHEN.format(cards=cards), cards=cards, ours=OURS))
            for way, mapping in (("by overlap", Path("registry")), ("by the outbox", watched_registry(home))):
                edms = stack.enter_context(open_edms(mapping, url, home, MINSK.time_zone))
                if way == "by the outbox":
                    run(url, edms.outbox_ddl())
                askers.append((costs[way].setdefault(cards, []), _Asker(edms)))
            with psycopg.connect(url, autocommit=True) as line:
                line.execute("vacuum analyze")
        for _ in range(size.rounds):
            for taken, asker in askers:
                taken.append(asker.ask())
    return costs


class _Asker:
    """Stands where everything was told, and asks what is new."""

    def __init__(self, edms: SqlEdms) -> None:
        self._edms = edms
        self._cursor: str | None = None
        more = True
        while more:
            page = edms.changes(self._cursor)
            self._cursor, more = page.cursor, page.more
        self.ask()

    def ask(self) -> float:
        """Return the milliseconds of one question."""
        began = time.perf_counter()
        for _ in range(ASKED):
            self._cursor = self._edms.changes(self._cursor).cursor
        return 1000 * (time.perf_counter() - began) / ASKED


def _flat(costs: Costs) -> list[Line]:
    lines = []
    for way, by_cards in costs.items():
        smallest = min(by_cards)
        for cards, taken in by_cards.items():
            lines.append(Line(f"asking {way}, {cards} cards", f"{middle(taken, 1)} ms", spread=spread(taken, 1)))
            if cards != smallest:
                found = ratios(taken, by_cards[smallest])
                met = median(found) <= 1 + DEVIATION
                what = f"asking {way}, {cards} / {smallest} cards"
                lines.append(Line(what, middle(found, 2), f"≤ {1 + DEVIATION}", met, spread(found, 2)))
    return lines
