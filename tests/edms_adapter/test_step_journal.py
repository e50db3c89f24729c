# SPDX-License-Identifier: GPL-3.0-or-later
"""Notes of adapters without transactions: durable, and one errand is worked on by one at a time."""

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

import pytest

from gateway.edms_adapter.step_journal import Errand, StepJournal
from gateway.model import CardRef, EventKey, ExchangeId, Number
from gateway.ports import Addressee, Registration, Waiting
from tests.edms_adapter.desk import MORNING, Hands

ROOT = Path(__file__).parents[2]
EX = ExchangeId("ex-1")


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest) -> str:
    return "" if request.param == "sqlite" else request.getfixturevalue("postgres")()


@pytest.fixture
def notes(tmp_path: Path, url: str) -> Iterator[StepJournal]:
    made = StepJournal(tmp_path, Hands(), url)
    yield made
    made.close()


def again(tmp_path: Path, url: str) -> StepJournal:
    return StepJournal(tmp_path, Hands(), url)


def test_what_was_noted_is_known_to_whoever_takes_the_errand_up(notes: StepJournal, tmp_path: Path, url: str) -> None:
    with notes.errand("ex-1") as errand:
        errand.note("made", "card 7")
        errand.note("filed")
        errand.note("made", "card 8")

    other = again(tmp_path, url)
    with other.errand("ex-1") as errand:
        assert (errand.done("made"), errand.done("filed"), errand.done("routed")) == ("card 8", "", None)
        errand.clear()
    other.close()
    assert notes.noted("ex-1") == {}


def test_an_errand_is_worked_on_by_one_at_a_time(notes: StepJournal, tmp_path: Path, url: str) -> None:
    journals = [again(tmp_path, url) for _ in range(4)]

    def count(place: int) -> None:
        with journals[place % 4].errand("ex-1") as errand:
            errand.note("count", str(int(errand.done("count") or 0) + 1))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(count, range(40)))
    for journal in journals:
        journal.close()

    assert notes.noted("ex-1") == {"count": "40"}


def test_an_errand_of_a_killed_process_is_free_and_keeps_its_notes(tmp_path: Path, postgres: Callable[[], str]) -> None:
    for url in ("", postgres()):
        program = (
            "import sys, time, pathlib\n"
            "from gateway.edms_adapter.step_journal import StepJournal\n"
            "from tests.edms_adapter.desk import Hands\n"
            f"with StepJournal(pathlib.Path({str(tmp_path)!r}), Hands(), {url!r}).errand('ex-1') as errand:\n"
            "    errand.note('made', 'card 7')\n"
            "    print('inside', flush=True)\n"
            "    sys.stdin.read()\n"
        )
        command = [sys.executable, "-c", program]
        worker = subprocess.Popen(command, cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert worker.stdout is not None
        assert worker.stdout.readline() == "inside\n"
        worker.send_signal(signal.SIGKILL)
        worker.communicate()

        journal = again(tmp_path, url)
        with journal.errand("ex-1") as errand:
            assert errand.done("made") == "card 7"
        journal.close()


def test_what_an_exchange_became_is_kept_as_it_was_told(notes: StepJournal) -> None:
    routed = (Addressee("7", "Лугов С. И.", "initials", "the letter names him"),)
    made = Registration(CardRef("7"), Number("ВХ-1", date(2026, 11, 22)), True, MORNING, routed)
    assert notes.outcome(EX) is None

    notes.settle(EX, Waiting(CardRef("paper 1"), "nobody fits"))
    assert notes.outcome(EX) == Waiting(CardRef("paper 1"), "nobody fits")
    notes.settle(EX, made)

    assert notes.outcome(EX) == Registration(made.ref, made.number, False, MORNING, routed)
    assert notes.exchange_of(CardRef("7")) == EX
    assert notes.exchange_of(CardRef("paper 1")) is None
    notes.forget(EX)
    assert notes.outcome(EX) is None


def test_forgetting_an_exchange_forgets_its_steps(notes: StepJournal) -> None:
    with notes.errand(EX) as errand:
        errand.note("made", "card 7")
    notes.forget(EX)
    assert notes.noted(EX) == {}


def test_ties_come_in_the_order_of_their_ids_page_by_page(notes: StepJournal) -> None:
    for place in range(7):
        notes.settle(ExchangeId(f"ex-{place}"), Registration(CardRef(str(place)), Number(f"ВХ-{place}"), True, MORNING))

    found, after = [], None
    while page := notes.ties_after(after, 3):
        assert len(page) <= 3
        found += [tie.exchange for tie in page]
        after = page[-1].exchange

    assert found == [f"ex-{place}" for place in range(7)]
    some = notes.ties((ExchangeId("ex-5"), ExchangeId("nobody"), ExchangeId("ex-2")))
    assert [(tie.card, tie.number.text) for tie in some] == [("2", "ВХ-2"), ("5", "ВХ-5")]
    assert notes.ties(()) == ()


def test_an_event_is_told_once_per_dispatch(notes: StepJournal) -> None:
    key = EventKey("registered")
    assert not notes.told("d-1", key)
    notes.tell("d-1", key)
    notes.tell("d-1", key)
    assert (notes.told("d-1", key), notes.told("d-2", key)) == (True, False)


def test_an_errand_sees_its_own_notes_only(notes: StepJournal) -> None:
    with notes.errand("ex-1") as errand:
        errand.note("made", "card 7")
    with notes.errand("ex-2") as errand:
        assert isinstance(errand, Errand)
        assert errand.done("made") is None
