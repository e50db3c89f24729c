# SPDX-License-Identifier: GPL-3.0-or-later
"""Both offices know each other's people: whoever is chosen gets it, whatever they are called by then."""

from dataclasses import replace
from datetime import date
from pathlib import Path

from gateway.cli.officials import exportable, read, written
from gateway.edms_adapter.registry import people
from gateway.ports import Edms, Imported
from tests.story.acts import cards, dispatch, inbox, news, send_letter
from tests.story.offices import Town, TownOffice, town

NEW_NAME = "Ольховская Анна Викторовна"


def exchange_directories(giver: TownOffice, taker: TownOffice, index: str) -> Imported:
    """The administrators: one exports, the file goes to the other one, who imports it."""
    ours: Edms = giver.parts.edms
    file = written(exportable(ours.people(index)))
    return taker.parts.edms.import_people(index, read(file))


def passport_names(office: TownOffice, card: int) -> list[tuple[str, str]]:
    """Return index and name of the addressees as they stand on the sender's card."""
    with people.at_work(office.registry) as work:
        found = people.rows(
            work,
            "select o.exchange_index, a.name from addressee a left join partner_official o on o.id = a.official_id"
            f" where a.card_id = {card}",
        )
    return [(row.exchange_index, row.name) for row in found]


def test_an_official_chosen_from_the_partners_directory_gets_it_by_index(offices: Town) -> None:
    exchange_directories(offices.moscow, offices.minsk, "EX-MOSCOW")
    card = send_letter(offices.minsk, to="W-02")

    offices.settle()

    (there,) = cards(offices.moscow)
    assert inbox(offices.moscow, "Кленов") == [there.id]
    assert "по индексу" in there.route
    assert passport_names(offices.minsk, card) == [("W-02", "Кленов Пётр Ильич")]
    assert dispatch(offices.minsk, card).state == "registered"


def test_a_rename_over_there_loses_nothing_when_the_old_name_has_its_index(offices: Town) -> None:
    exchange_directories(offices.moscow, offices.minsk, "EX-MOSCOW")
    with people.at_work(offices.moscow.registry) as work:
        people.rename(work, "Берёзкина", NEW_NAME)
    send_letter(offices.minsk, to="Берёзкина")

    offices.settle()

    (there,) = cards(offices.moscow)
    assert inbox(offices.moscow, "Ольховская") == [there.id]


def test_an_old_name_without_an_index_lies_in_the_default_inbox_with_the_reason(offices: Town) -> None:
    with people.at_work(offices.moscow.registry) as work:
        people.rename(work, "Берёзкина", NEW_NAME)
    card = send_letter(offices.minsk, to="Берёзкина А. В.")

    offices.settle()

    (there,) = cards(offices.moscow)
    assert inbox(offices.moscow, "Дубов") == [there.id]
    assert there.route == "«Берёзкина А. В.»: такого адресата нет"
    assert dispatch(offices.minsk, card).state == "registered"


def test_a_rename_that_is_imported_keeps_the_row_and_the_cards_that_name_it(offices: Town) -> None:
    exchange_directories(offices.moscow, offices.minsk, "EX-MOSCOW")
    card = send_letter(offices.minsk, to="W-01")
    offices.settle()
    with people.at_work(offices.moscow.registry) as work:
        people.rename(work, "Берёзкина", NEW_NAME)

    done = exchange_directories(offices.moscow, offices.minsk, "EX-MOSCOW")

    assert [(one.was.name, one.now.name) for one in done.renewed] == [("Берёзкина Анна Викторовна", NEW_NAME)]
    assert passport_names(offices.minsk, card) == [("W-01", "Берёзкина Анна Викторовна")]
    send_letter(offices.minsk, to="Ольховская")
    offices.settle()
    assert len(inbox(offices.moscow, "Ольховская")) == 2


def test_a_document_for_somebody_dismissed_is_the_deputys_and_the_sender_reads_whose(offices: Town) -> None:
    exchange_directories(offices.moscow, offices.minsk, "EX-MOSCOW")
    with people.at_work(offices.moscow.registry) as work:
        people.dismiss(work, "Берёзкина", date(2026, 3, 1), deputy="Кленов")
    card = send_letter(offices.minsk, to="W-01")

    offices.settle()

    (there,) = cards(offices.moscow)
    assert (inbox(offices.moscow, "Кленов"), inbox(offices.moscow, "Берёзкина")) == ([there.id], [])
    assert "Берёзкина Анна Викторовна не работает с 2026-03-01, замещает Кленов Пётр Ильич" in there.route
    assert "forwarded" in news(offices.minsk, card)


def test_without_a_deputy_it_is_the_heads_and_without_a_head_the_default_inboxs(tmp_path: Path) -> None:
    with town(tmp_path, moscow={"partner": '[[receive]]\nunknown_addressee = "refuse"'}) as offices:
        with people.at_work(offices.moscow.registry) as work:
            people.dismiss(work, "Кленов", date(2026, 3, 11))
        send_letter(offices.minsk, to="Кленов Пётр Ильич")
        offices.settle()
        with people.at_work(offices.moscow.registry) as work:
            people.appoint_head(work, "Берёзкина")
        send_letter(offices.minsk, to="Кленов Пётр Ильич")
        offices.settle()

        first, second = cards(offices.moscow)
        assert inbox(offices.moscow, "Дубов") == [first.id]
        assert "ни заместителя, ни руководителя нет" in first.route
        assert inbox(offices.moscow, "Берёзкина") == [second.id]


def test_whoever_left_the_directory_cannot_be_chosen_and_comes_back_with_it(offices: Town) -> None:
    full = offices.moscow.parts.edms.people("EX-MOSCOW")
    offices.minsk.parts.edms.import_people("EX-MOSCOW", full)
    offices.minsk.parts.edms.import_people("EX-MOSCOW", full[1:])
    with people.at_work(offices.minsk.registry) as work:
        before = {one.exchange_index: bool(one.dismissed) for one in people.partner_people(work, "EX-MOSCOW")}
    again = offices.minsk.parts.edms.import_people("EX-MOSCOW", (replace(full[0], post="Советник"), *full[1:]))

    assert [index for index, dismissed in before.items() if dismissed] == [full[0].index]
    assert [(one.returned, one.now.post) for one in again.renewed] == [(True, "Советник")]
