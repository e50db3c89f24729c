# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that executors report with come home by agreement, byte for byte, with the report that brings the news."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway.edms_adapter.registry import people
from tests.story.acts import cards, do, send_letter
from tests.story.offices import Town, TownOffice, town

SMALL, LARGE = "Справка № 1.txt", "Отчёт.pdf"
BYTES = {SMALL: "исполнено\n".encode(), LARGE: b"%PDF-" + b"x" * 200_000}
FILES_AND_WORDS = '[[report]]\nfields = ["files", "executor_text"]'


@pytest.fixture
def offices(tmp_path: Path) -> Iterator[Town]:
    """Give Minsk, and a Moscow that tells executors' words and files."""
    with town(tmp_path, moscow={"partner": FILES_AND_WORDS}) as both:
        yield both


def on_card(office: TownOffice, card: int) -> dict[str, bytes]:
    """Return the files that partners' reports brought onto a card."""
    with people.at_work(office.registry) as work:
        found = people.rows(work, "select * from card_file where card_id = :card and received", card=card)
    return {one.name: one.content or (office.home / "files" / one.path).read_bytes() for one in found}


def reported(offices: Town, files: dict[str, bytes], instruction: int | None = None) -> tuple[int, int]:
    """Let Moscow's executor report with *files*; return the card in Minsk and the instruction."""
    moscow = offices.moscow
    if instruction is None:
        send_letter(offices.minsk)
        offices.settle()
        incoming = cards(moscow)[-1].id
        instruction = do(moscow, people.instruct, incoming, "Дать справку", author="Берёзкина", executors=["Кленов"])
    do(moscow, people.report, instruction, "Готово", by="Кленов", files=files, store=moscow.home / "files")
    offices.settle()
    return cards(offices.minsk, "direction = 'out'")[-1].id, instruction


def attached(office: TownOffice) -> list[list[str | None]]:
    """Return the file names of every report that went, passport and words aside."""
    letters: list[Any] = office.sent()
    names = [[part.get_filename() for part in letter.walk() if part.get_filename()] for letter in letters]
    return [[name for name in found if name != "Report.xml"] for found in names]


def test_what_an_executor_reports_with_lies_on_the_senders_card_byte_for_byte(offices: Town) -> None:
    card, _ = reported(offices, BYTES)

    assert on_card(offices.minsk, card) == BYTES


def test_a_file_travels_once_though_the_report_that_named_it_is_told_again(offices: Town) -> None:
    card, _ = reported(offices, {SMALL: BYTES[SMALL]})
    other = do(
        offices.moscow,
        people.instruct,
        cards(offices.moscow)[-1].id,
        "Ещё одно",
        author="Берёзкина",
        executors=["Дубов"],
    )
    reported(offices, {LARGE: BYTES[LARGE]}, other)

    assert sum(len(names) for names in attached(offices.moscow)) == 2
    assert on_card(offices.minsk, card) == BYTES


def test_a_file_that_was_withheld_comes_with_the_report_that_decides(tmp_path: Path) -> None:
    with town(tmp_path, moscow={"partner": FILES_AND_WORDS + '\ndecides = "all"'}) as offices:
        moscow = offices.moscow
        send_letter(offices.minsk)
        offices.settle()
        executors, incoming = ["Кленов", "Дубов"], cards(moscow)[-1].id
        task = do(moscow, people.instruct, incoming, "Дать справку", author="Берёзкина", executors=executors)
        card, _ = reported(offices, {SMALL: BYTES[SMALL]}, task)
        before = on_card(offices.minsk, card)
        do(moscow, people.report, task, "Тоже готово", by="Дубов")
        offices.settle()

        assert before == {}
        assert on_card(offices.minsk, card) == {SMALL: BYTES[SMALL]}


def test_without_an_agreement_no_file_leaves(tmp_path: Path) -> None:
    with town(tmp_path, moscow={"partner": '[[report]]\nfields = ["executor_text"]'}) as offices:
        card, _ = reported(offices, BYTES)

        assert on_card(offices.minsk, card) == {}
        assert all(names == [] for names in attached(offices.moscow))


def test_a_file_that_came_with_a_report_is_never_sent_on(offices: Town) -> None:
    card, _ = reported(offices, BYTES)
    minsk = offices.minsk
    with people.at_work(minsk.registry) as work:
        dispatch = people.ladder(work, card)[0].id
        people.change_card_deadline(work, card, offices.clock.moment.date())
        people.send_changes(work, dispatch, now=offices.clock.now())
    offices.settle()

    names = [name for found in attached(minsk) for name in found]
    assert not [name for name in names if name and name.startswith(("Справка", "Отчёт"))]


def test_files_wait_in_the_journal_until_the_card_has_them_and_no_longer(offices: Town) -> None:
    minsk = offices.minsk
    card, _ = reported(offices, BYTES)

    with minsk.parts.journal.read() as tx:
        left = tx.exec_driver_sql("select count(*) from files").scalar_one()
    assert left == 0
    assert on_card(minsk, card) == BYTES
