# SPDX-License-Identifier: GPL-3.0-or-later
"""What `purge` gives up of any journal: nothing that is unfinished, untold, disputed, held, awaited or recent.

The oracle is written here once more in plain words, and knows nothing of the program's.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, insert, select, update

from gateway.content import Held
from gateway.journal import purging, schema
from gateway.journal.store import Journal
from tests.journal.givens import NOW

BEFORE = NOW - timedelta(days=100)
OLD, YOUNG = NOW - timedelta(days=300), NOW - timedelta(days=50)
IN = ("accepted", "done", "waiting", "parked", "dropped")
OUT = ("queued", "sent", "failed", "cancelled")
ENDED = {"done", "dropped", "sent", "cancelled"}


@dataclass(frozen=True)
class Paper:
    """One exchange of a random journal."""

    direction: str
    until: datetime | None
    awaited: bool
    untold: bool
    contradicted: bool
    recreating: bool
    follows: int | None


@dataclass(frozen=True)
class Line:
    """One entry of a random journal."""

    direction: str
    state: str
    concluded: datetime | None
    held: bool
    told: bool
    dispatched: bool
    flag_due: bool
    exchange: int | None
    letter_of: int | None


@st.composite
def journals(draw: st.DrawFn) -> tuple[list[Paper], list[Line]]:
    often = st.sampled_from([False, False, False, True])
    papers = []
    for place in range(draw(st.integers(0, 3))):
        roots = [one for one, paper in enumerate(papers) if paper.follows is None]
        papers.append(
            Paper(
                draw(st.sampled_from(["in", "out"])),
                draw(st.sampled_from([OLD, OLD, OLD, NOW + timedelta(days=1), None])),
                *(draw(often) for _ in range(4)),
                draw(st.sampled_from([None, *roots])) if place else None,
            )
        )
    lines: list[Line] = []
    for _ in range(draw(st.integers(1, 6))):
        direction = draw(st.sampled_from(["in", "out"]))
        state = draw(
            st.sampled_from([*(IN if direction == "in" else OUT), *["done" if direction == "in" else "sent"] * 4])
        )
        owners = [one for one, line in enumerate(lines) if line.direction == "in" and line.letter_of is None]
        lines.append(
            Line(
                direction,
                state,
                None if state in ("accepted", "queued") else draw(st.sampled_from([OLD, OLD, OLD, YOUNG])),
                draw(often) and direction == "out",
                not draw(often),
                draw(often) and direction == "out",
                draw(often) and direction == "in",
                draw(st.sampled_from([None, *range(len(papers))])),
                draw(st.sampled_from([None, *owners])) if direction == "in" and draw(often) else None,
            )
        )
    return papers, lines


def written(journal: Journal, papers: list[Paper], lines: list[Line]) -> None:
    with journal.write() as tx:
        for place, paper in enumerate(papers):
            row: dict[str, Any] = {"id": f"x{place}", "direction": paper.direction, "partner": "north"}
            row |= {"opened_at": OLD, "until": paper.until, "due_at": OLD if paper.awaited else None}
            row |= {"registered_text": "1", "subject_card": "" if paper.recreating else "7"}
            row |= {"follows": None if paper.follows is None else f"x{paper.follows}"}
            tx.execute(insert(schema.exchanges).values(row))
            fact = {"exchange": f"x{place}", "ours": False, "key": "k", "kind": "registered", "at": OLD, "event": "{}"}
            said = {"tell": True, "told_at": None if paper.untold else OLD, "contradicts": paper.contradicted}
            tx.execute(insert(schema.events).values(fact | said))
        for place, line in enumerate(lines):
            kept = journal.blobs.keep(Held(b"letter %d" % place))
            row = {"id": place + 1, "direction": line.direction, "state": line.state, "lane": "north"}
            row |= {"created_at": OLD, "ready_at": OLD, "concluded_at": line.concluded, "held": line.held}
            row |= {"outgoing_ref": f"r{place}" if line.dispatched else None, "told_at": OLD if line.told else None}
            row |= {"flag_due": line.flag_due, "exchange": None if line.exchange is None else f"x{line.exchange}"}
            row |= {"letter_of": None if line.letter_of is None else line.letter_of + 1}
            tx.execute(insert(schema.entries).values(row | {"size": kept.size, "sha256": kept.sha256}))
            if line.letter_of is None:
                tx.execute(insert(schema.letters).values(entry=place + 1, bytes=kept.inline))


def protected(papers: list[Paper], lines: list[Line], place: int) -> bool:
    """Say whether the line at *place* must keep its bytes, as the page says it."""
    line = lines[place]
    if line.state not in ENDED or line.held or line.flag_due or line.concluded is None or line.concluded >= BEFORE:
        return True
    if line.dispatched and not line.told and line.state == "sent":
        return True
    if line.exchange is None:
        return False
    mine = papers[line.exchange]
    root = line.exchange if mine.follows is None else mine.follows
    family = [one for one, paper in enumerate(papers) if one == root or paper.follows == root]
    for paper in (papers[one] for one in family):
        if paper.awaited or paper.untold or paper.contradicted or paper.until is None or paper.until >= NOW:
            return True
        if paper.direction == "in" and paper.recreating:
            return True
    return any(
        other.exchange in family and (other.state not in ENDED or other.held)
        for at, other in enumerate(lines)
        if at != place
    )


def given_up(journal: Journal) -> set[int]:
    while True:
        with journal.write() as tx:
            page = purging.spent(tx, BEFORE, NOW, limit=2)
            purging.give_up(tx, page, BEFORE, NOW)
        if not page:
            break
    with journal.read() as tx:
        return {id - 1 for id in tx.execute(select(schema.entries.c.id).where(~schema.entries.c.stored)).scalars()}


def judged(journal: Journal, papers: list[Paper], lines: list[Line]) -> None:
    written(journal, papers, lines)
    with journal.read() as tx:
        heaps = purging.heaps(tx, BEFORE, NOW)
        rows = tx.execute(select(schema.entries.c.id, schema.entries.c.sha256).order_by(schema.entries.c.id)).all()
    must_stay = {place for place in range(len(lines)) if protected(papers, lines, place)}
    for place in list(must_stay):  # whose bytes they are
        owner = lines[place].letter_of
        must_stay |= set() if owner is None else {owner}

    gone = given_up(journal)

    assert gone == set(range(len(lines))) - must_stay
    assert sum(heap.letters for heap in heaps) == len(lines)
    assert sum(heap.letters for heap in heaps if not heap.why) <= len(gone)
    with journal.read() as tx:
        assert (
            tx.execute(select(schema.entries.c.id, schema.entries.c.sha256).order_by(schema.entries.c.id)).all() == rows
        )
        left = set(tx.execute(select(schema.letters.c.entry)).scalars())
    assert left == {place + 1 for place in must_stay if lines[place].letter_of is None}


@pytest.fixture(scope="module")
def sqlite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Journal]:
    home = tmp_path_factory.mktemp("purging")
    journal = Journal.open(f"sqlite:///{home}/journal.db", home / "blobs")
    yield journal
    journal.close()


def emptied(journal: Journal) -> Journal:
    with journal.write() as tx:
        for table in (schema.letters, schema.events):
            tx.execute(delete(table))
        tx.execute(delete(schema.entries).where(schema.entries.c.letter_of.is_not(None)))
        for table in (schema.entries, schema.exchanges):
            tx.execute(delete(table))
    return journal


@settings(
    max_examples=40, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture], deadline=None
)
@given(made=journals())
def test_nothing_protected_goes_and_everything_else_does_in_any_journal(
    sqlite: Journal, made: tuple[list[Paper], list[Line]]
) -> None:
    judged(emptied(sqlite), *made)


@pytest.mark.parametrize("seed", range(3))
def test_postgresql_judges_as_sqlite_does(postgres: Callable[[], str], tmp_path: Path, seed: int) -> None:
    plain = Paper("in", OLD, False, False, False, False, None)
    kinds = [
        [Line("in", "done", OLD, False, True, False, False, 0, None)],
        [
            Line("in", "done", OLD, False, True, False, False, None, None),
            Line("in", "done", OLD, False, True, False, False, 0, 0),
            Line("out", "sent", YOUNG, False, True, True, False, 0, None),
        ],
        [
            Line("in", "done", OLD, False, True, False, False, 0, None),
            Line("out", "failed", OLD, False, True, False, False, 0, None),
        ],
    ]
    journal = Journal.open(postgres(), tmp_path / "blobs")
    try:
        judged(journal, [plain], kinds[seed])
    finally:
        journal.close()


def test_a_letter_that_was_asked_for_again_meanwhile_keeps_its_bytes(sqlite: Journal) -> None:
    journal = emptied(sqlite)
    written(journal, [], [Line("in", "done", OLD, False, True, False, False, None, None)])
    with journal.read() as tx:
        page = purging.spent(tx, BEFORE, NOW)

    with journal.write() as tx:
        tx.execute(update(schema.entries).values(state="accepted", concluded_at=None))
        given = purging.give_up(tx, page, BEFORE, NOW)

    assert (len(page), given) == (1, [])
    with journal.read() as tx:
        assert tx.execute(select(schema.letters.c.entry)).scalars().all() == [1]
