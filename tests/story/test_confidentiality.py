# SPDX-License-Identifier: GPL-3.0-or-later
"""Confidentiality: what is restricted, or of a level nobody knows, neither enters nor leaves by itself."""

from datetime import date
from pathlib import Path

import pytest

from gateway.edms_adapter.registry import people
from gateway.edms_adapter.registry.people.rows import do as write
from gateway.journal import entries
from gateway.journal.entries import Direction, State
from tests.story.acts import cards, dispatch, inbox, news, send_letter
from tests.story.offices import Town, TownOffice, town
from tests.story.test_receive_rules import TASKS, arrive, minsk_with, open_group, passport

MARK = "Гриф «для узкого круга»".encode()


def restrict(office: TownOffice, card: int, level: str | None) -> None:
    with people.at_work(office.registry) as work:
        write(work, "update card set access = :level where id = :card", level=level, card=card)


def queued_bytes(office: TownOffice) -> bytes:
    """Return every letter this office ever queued, as it lies in the journal."""
    found = []
    with office.parts.journal.read() as tx:
        for entry in entries.select(tx, direction=Direction.OUT):
            found.append(b"".join(entries.letter(tx, office.parts.journal.blobs, entry.id).blocks()))
    return b"\n".join(found)


# --- what comes ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("level", ["ДСП", "совершенно незнакомый"])
def test_a_document_of_a_restricted_or_unknown_level_waits_and_the_reason_names_it(offices: Town, level: str) -> None:
    number = arrive(offices.minsk, passport(level, tasks=TASKS))

    (card,) = cards(offices.minsk)
    assert (card.state, card.number, card.access) == ("waiting", None, level)
    assert card.waits_because == f"документы с уровнем доступа «{level}» регистрирует человек"
    assert offices.minsk.entry(number).state is State.WAITING
    assert inbox(offices.minsk, "Тихая") == []


def test_a_restricted_document_goes_by_itself_only_where_a_rule_says_so(tmp_path: Path) -> None:
    rules = """
[[receive]]
name = "restricted"
access = ["ДСП"]
access_levels = ["ДСП"]
group = "Служебные"
"""
    with town(tmp_path, minsk=minsk_with(rules)) as offices:
        open_group(offices.minsk, "Служебные", "С-")
        arrive(offices.minsk, passport("дсп"))

        (card,) = cards(offices.minsk)
        assert (card.number, card.access) == ("С-1", "дсп")


@pytest.mark.parametrize(
    ("top", "rule", "state", "written"),
    [
        ("", "", "registered", "общий"),
        ("", 'access_default = "ДСП"', "waiting", "ДСП"),
        ("", 'access_default = "ДСП"\naccess_levels = ["ДСП"]', "registered", "ДСП"),
        ('[access]\nmissing = "ДСП"', "", "waiting", "ДСП"),
        ('[access]\nopen = ["белый"]\nmissing = "белый"', "", "registered", "белый"),
    ],
)
def test_a_missing_level_takes_the_default_and_it_is_written_down(
    tmp_path: Path, top: str, rule: str, state: str, written: str
) -> None:
    with town(tmp_path, minsk=minsk_with(f"[[receive]]\n{rule}", top=top)) as offices:
        arrive(offices.minsk, passport())

        (card,) = cards(offices.minsk)
        assert (card.state, card.access) == (state, written)


def test_a_restricted_change_is_never_laid_onto_a_card_everybody_sees(tmp_path: Path) -> None:
    rules = '[[receive]]\non_change = "add-files"\nsame_number = "attach"\naccess_levels = ["общий", "ДСП"]'
    files = {"letter[1].pdf": "letter.pdf", "secret[2].pdf": "secret.pdf"}
    with town(tmp_path, minsk=minsk_with(rules)) as offices:
        arrive(offices.minsk, passport("общий"))
        arrive(
            offices.minsk,
            passport("ДСП", message_id="1a" * 16, return_id="1b" * 16, files=files),
            {"letter[1].pdf": b"%PDF", "secret[2].pdf": MARK},
        )
        other = {"message_id": "2a" * 16, "return_id": "2b" * 16, "uid": "2c" * 16}  # the same number and date
        arrive(offices.minsk, passport("ДСП", **other))

        assert [card.state for card in cards(offices.minsk)] == ["registered", "waiting", "waiting"]
        with people.at_work(offices.minsk.registry) as work:
            (files_of_open,) = people.rows(work, "select count(*) as n from card_file where card_id = 1")
        assert files_of_open.n == 1


def test_reports_are_judged_by_the_level_the_document_counts_as(tmp_path: Path) -> None:
    rules = """
[[receive]]
access_default = "ДСП"
access_levels = ["ДСП"]
[[report]]
access = ["ДСП"]
events = ["received"]
"""
    with town(tmp_path, moscow={"partner": rules}) as offices:
        card = send_letter(offices.minsk)
        offices.settle()

        assert [one.state for one in cards(offices.moscow)] == ["registered"]
        assert news(offices.minsk, card) == ["received"]


# --- what leaves --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("level", ["ДСП", "незнакомый"])
def test_a_restricted_document_is_stopped_with_the_reason_in_its_card_and_nothing_of_it_is_queued(
    offices: Town, level: str
) -> None:
    card = send_letter(offices.minsk, files={"Письмо.pdf": MARK})
    restrict(offices.minsk, card, level)
    with people.at_work(offices.minsk.registry) as work:
        people.instruct(
            work,
            card,
            "Секретное поручение",
            author="Озёрный",
            executors=["Берёзкина А. В."],
            now=offices.clock.now(),
            deadline=date(2026, 3, 25),
            organisation="Исполком, отделение в Москве",
        )
    offices.settle()

    row = dispatch(offices.minsk, card)
    assert (row.state, row.sent_at) == ("failed", None)
    because = f"Документ ограниченного доступа, а канал связи с этой организацией не защищён: {level}"
    assert row.trouble == f"Не отправлено: {because}"
    assert offices.minsk.outgoing() == []
    assert offices.post.carried == []
    assert cards(offices.moscow) == []


def test_a_restricted_document_goes_by_an_encrypted_channel(tmp_path: Path) -> None:
    rules = '[[receive]]\naccess_levels = ["ДСП"]'
    with town(tmp_path, minsk={"channel": "encrypted = true"}, moscow={"partner": rules}) as offices:
        card = send_letter(offices.minsk)
        restrict(offices.minsk, card, "ДСП")
        offices.settle()

        assert [one.access for one in cards(offices.moscow)] == ["ДСП"]
        assert news(offices.minsk, card) == ["received", "registered", "forwarded"]


def test_an_open_document_goes_by_any_channel(offices: Town) -> None:
    card = send_letter(offices.minsk)
    restrict(offices.minsk, card, "Общий")
    offices.settle()

    assert [one.access for one in cards(offices.moscow)] == ["Общий"]


def test_what_the_office_takes_for_restricted_when_nothing_is_said_does_not_leave(tmp_path: Path) -> None:
    with town(tmp_path, minsk={"top": '[access]\nmissing = "ДСП"'}) as offices:
        card = send_letter(offices.minsk)
        restrict(offices.minsk, card, None)
        offices.settle()

        assert dispatch(offices.minsk, card).state == "failed"
        assert offices.minsk.outgoing() == []


def test_a_stopped_answer_is_not_described_in_the_reports_either(offices: Town) -> None:
    send_letter(offices.minsk)
    offices.settle()
    incoming = cards(offices.moscow)[0].id
    with people.at_work(offices.moscow.registry) as work:
        key = people.answer(
            work,
            incoming,
            "Сведения для узкого круга",
            {"Ответ.pdf": MARK},
            signer="Берёзкина",
            drafter="Дубов",
            now=offices.clock.now(),
        )
        write(work, "update card set access = 'ДСП' where id = :card", card=key)
    offices.settle()

    assert dispatch(offices.moscow, key).state == "failed"
    assert "Сведения для узкого круга".encode() not in queued_bytes(offices.moscow)
    with offices.moscow.parts.journal.read() as tx:
        kinds = [entry.kind for entry in entries.select(tx, direction=Direction.OUT)]
    assert "document" not in kinds
    assert news(offices.minsk, 1) == ["received", "registered", "forwarded"]
