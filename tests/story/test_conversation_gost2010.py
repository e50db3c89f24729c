# SPDX-License-Identifier: GPL-3.0-or-later
"""Two offices that speak GOST R 53898-2010 to each other: the whole ladder, a refusal, a resend, a broken message."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from gateway.edms_adapter.registry import people
from tests.dialects.gost2010_packages import altered, sample
from tests.story import partner
from tests.story.acts import ANNEX, LETTER, answer, cards, dispatch, do, inbox, instruct, news, send_letter
from tests.story.offices import Town, town

SPEAKS = {"channel": 'dialect = "gost2010"'}


@pytest.fixture
def offices(tmp_path: Path) -> Iterator[Town]:
    with town(tmp_path, minsk=SPEAKS, moscow=SPEAKS) as both:
        yield both


def messages(offices: Town, office: str) -> list[str]:
    """Return the XML of every letter *office* put into the post."""
    found = []
    for mail in getattr(offices, office).sent():
        xml = [part for part in mail.walk() if part.get_content_type() == "application/xml"]
        found.append(xml[0].get_payload(decode=True).decode())
    return found


def words(offices: Town, card: int) -> list[str]:
    """Return what Minsk's card of a document was told in words, in order."""
    with people.at_work(offices.minsk.registry) as work:
        return [row.text.partition("; ")[2] for row in people.news(work, card) if row.event == "progress"]


def test_a_document_is_registered_by_itself_and_its_sender_sees_the_number(offices: Town) -> None:
    card = send_letter(offices.minsk)

    offices.settle()

    (there,) = cards(offices.moscow)
    assert (there.number, there.partner_number) == ("ВХ-1", "ИСХ-1")
    assert inbox(offices.moscow, "Берёзкина") == [there.id]
    row = dispatch(offices.minsk, card)
    assert (row.state, row.partner_number, row.partner_date) == ("registered", "ВХ-1", "2026-03-11")
    assert news(offices.minsk, card)[:2] == ["received", "registered"]


@pytest.mark.thorough
def test_the_files_travel_inside_the_message_byte_for_byte(offices: Town) -> None:
    send_letter(offices.minsk)

    offices.settle()

    with people.at_work(offices.moscow.registry) as work:
        files = people.rows(work, "select name, content from card_file order by position")
    assert [(file.name, file.content) for file in files] == [("Письмо.pdf", LETTER), ("Приложение № 1.txt", ANNEX)]
    (mail,) = offices.minsk.sent()
    assert [part.get_filename() for part in mail.walk() if part.get_filename()] == ["document.xml"]


def test_every_rung_that_the_standard_has_no_message_for_comes_home_in_words(offices: Town) -> None:
    card = send_letter(offices.minsk)
    offices.settle()
    (incoming,) = cards(offices.moscow)

    instruction = instruct(offices.moscow, incoming.id)
    offices.settle()
    do(offices.moscow, people.change_deadline, instruction, date(2026, 4, 1), by="Берёзкина")
    offices.settle()
    do(offices.moscow, people.report, instruction, "Ответ подготовлен", by="Кленов")
    offices.settle()
    do(offices.moscow, people.close, instruction, "Исполнено", by="Берёзкина")
    offices.settle()
    answer(offices.moscow, incoming.id)
    offices.settle()

    told = words(offices, card)
    beginnings = [
        "Документ направлен: Берёзкина",
        "Дано поручение: ",
        "Изменён срок поручения: ",
        "Отчёт исполнителя по поручению: ",
        "Исполнено поручение: ",
        "Дан ответ: № ИСХ-1 от 11.03.2026",
    ]
    assert [begun for begun, said in zip(beginnings, told, strict=True) if not said.startswith(begun)] == []
    assert "срок 25.03.2026" in told[1]
    assert "срок 01.04.2026" in told[2]
    assert "исполнено 11.03.2026" in told[4]
    assert sorted(news(offices.minsk, card)) == ["answered", *["progress"] * 6, "received", "registered"]


@pytest.mark.thorough
def test_an_answer_is_a_message_of_its_own_kind_and_both_cards_are_linked(offices: Town) -> None:
    card = send_letter(offices.minsk)
    offices.settle()
    (incoming,) = cards(offices.moscow)

    answer(offices.moscow, incoming.id)
    offices.settle()

    (reply,) = cards(offices.minsk)
    with people.at_work(offices.minsk.registry) as work:
        links = people.rows(work, "select card_id, other_id from card_link order by card_id")
    assert [(link.card_id, link.other_id) for link in links] == [(card, reply.id), (reply.id, card)]
    assert [xml for xml in messages(offices, "moscow") if 'msg_type="3"' in xml]
    assert dispatch(offices.moscow, incoming.id + 1).partner_number == reply.number


@pytest.mark.thorough
def test_notifications_name_the_message_they_answer_and_are_answered_by_nothing(offices: Town) -> None:
    send_letter(offices.minsk)

    offices.settle()

    (asked,) = messages(offices, "minsk")
    told = messages(offices, "moscow")
    id_ = asked.partition('msg_id="')[2].partition('"')[0]
    assert len(id_.split("-")) == 5
    assert all(f'<Acknowledgement msg_id="{id_}"' in xml for xml in told)
    assert all('msg_type="0"' in xml and 'msg_acknow="0"' in xml for xml in told)
    assert len(offices.minsk.outgoing()) == 1


@pytest.mark.thorough
def test_a_refusal_of_people_comes_home_as_a_refusal(tmp_path: Path) -> None:
    waits = {"partner": '[[receive]]\nregister = "wait"'}
    with town(tmp_path, minsk=SPEAKS, moscow={**SPEAKS, **waits}) as offices:
        card = send_letter(offices.minsk)
        offices.settle()
        with people.at_work(offices.moscow.registry) as work:
            (paper,) = people.rows(work, "select * from waiting_paper")
        do(offices.moscow, people.refuse_waiting, paper.card, "нет приложения № 2", reason=1034, by="Дубов")
        offices.settle()

        row = dispatch(offices.minsk, card)
        assert row.state == "refused"
        assert "Приложения представлены не полностью: нет приложения № 2" in row.refusal
        (refused,) = [xml for xml in messages(offices, "moscow") if "errorcode" in xml and 'errorcode="0"' not in xml]
        assert 'ack_type="2"' in refused
        assert 'errorcode="-1034"' in refused


@pytest.mark.thorough
def test_a_paper_taken_note_of_is_of_a_category_that_is_not_registered(tmp_path: Path) -> None:
    waits = {"partner": '[[receive]]\nregister = "wait"'}
    with town(tmp_path, minsk=SPEAKS, moscow={**SPEAKS, **waits}) as offices:
        send_letter(offices.minsk)
        offices.settle()
        with people.at_work(offices.moscow.registry) as work:
            (paper,) = people.rows(work, "select * from waiting_paper")
        do(offices.moscow, people.note_waiting, paper.card, by="Дубов")
        offices.settle()

        (refused,) = [xml for xml in messages(offices, "moscow") if 'errorcode="1"' in xml]
        assert 'ack_type="2"' in refused


# --- a partner with another product -------------------------------------------------------------------------------


def from_moscow(*changes: tuple[str, str]) -> bytes:
    """Return a letter of another product, which speaks for Moscow and writes to Minsk."""
    xml = altered(
        "document", ("ROMASHKA", "EX-MOSCOW"), ("VASILEK", "EX-MINSK"), *(change for change in changes if change[0])
    )
    return partner.letter(xml, {}, name="document.xml")


def heard(offices: Town, *changes: tuple[str, str]) -> list[str]:
    """Return what Minsk answers to a letter of that partner."""
    offices.post.delivers = False
    offices.minsk.receive(from_moscow(*changes), "edms@moscow.example")
    offices.settle()
    return messages(offices, "minsk")


@pytest.mark.thorough
def test_another_product_is_told_under_its_own_id_as_it_wrote_it(offices: Town) -> None:
    odd = "{6A5D2F10-0C11-4E0A-9D3B-00000000ABCD}"

    told = heard(offices, ("6a5d2f10-0c11-4e0a-9d3b-000000000001", odd))

    assert [f'<Acknowledgement msg_id="{odd}"' in xml for xml in told] == [True] * len(told)
    assert ['ack_type="1"' in told[0], 'ack_type="2"' in told[1]] == [True, True]
    (card,) = cards(offices.minsk)
    assert card.partner_number == "12-34/56"


@pytest.mark.thorough
def test_a_document_sent_again_is_told_the_same_number_under_the_new_id(offices: Town) -> None:
    heard(offices)
    new = "6a5d2f10-0c11-4e0a-9d3b-00000000abcd"

    told = heard(offices, ("6a5d2f10-0c11-4e0a-9d3b-000000000001", new))

    assert len(cards(offices.minsk)) == 1
    again = [xml for xml in told if new in xml and 'ack_type="2"' in xml]
    assert [xml.count("ВХ-1") for xml in again] == [1]


ASKED = {"0": (0, 0), "1": (0, 1), "2": (2, 2)}  # what is told when all is well, and when a document is refused


@pytest.mark.thorough
@pytest.mark.parametrize("acknow", ASKED)
def test_what_is_told_is_what_msg_acknow_asks_for(acknow: str, offices: Town) -> None:
    wants = ('msg_acknow="2"', f'msg_acknow="{acknow}"')
    told = [xml for xml in heard(offices, wants) if "Fact" not in xml]
    assert len(told) == ASKED[acknow][0]


@pytest.mark.thorough
@pytest.mark.parametrize("acknow", ASKED)
def test_an_error_is_told_to_whoever_asks_for_errors(acknow: str, offices: Town) -> None:
    wants = ('msg_acknow="2"', f'msg_acknow="{acknow}"')
    told = heard(offices, wants, ('to_org_id="EX-MINSK"', 'to_org_id="EX-NOWHERE"'))
    wrong = [xml for xml in told if 'errorcode="11"' in xml]
    assert (len(wrong), cards(offices.minsk)) == (0 if acknow == "0" else 1, [])


def test_a_broken_message_is_refused_with_the_code_of_the_standard(offices: Town) -> None:
    told = heard(offices, ('time="2026-02-03T06:15:00Z"', 'time="yesterday"'))

    (refused,) = [xml for xml in told if 'errorcode="0"' not in xml]
    assert 'ack_type="1"' in refused
    assert 'errorcode="12"' in refused
    assert "/Header/@time" in refused


@pytest.mark.thorough
def test_a_file_that_is_no_base64_is_refused(offices: Town) -> None:
    told = heard(offices, ('transfertype="0">', 'transfertype="0">*'))

    (refused,) = [xml for xml in told if 'errorcode="0"' not in xml]
    assert 'errorcode="-1005"' in refused
    assert cards(offices.minsk) == []


@pytest.mark.thorough
def test_a_supplement_adds_its_files_to_the_card_of_its_document(tmp_path: Path) -> None:
    takes = {"partner": '[[receive]]\non_change = "add-files"'}
    with town(tmp_path, minsk={**SPEAKS, **takes}, moscow=SPEAKS) as offices:
        heard(offices)
        whole = sample("supplement").decode()
        tasks = whole[whole.index("  <TaskList>") : whole.index("</Header>")]
        folder = sample("answer-supplement").decode()
        added = folder[folder.index("  <AddDocuments>") : folder.index("</Header>")]
        xml = altered("supplement", (tasks, added), ("ROMASHKA", "EX-MOSCOW"), ("VASILEK", "EX-MINSK"))

        offices.minsk.receive(partner.letter(xml, {}, name="document.xml"), "edms@moscow.example")
        offices.settle()

        (card,) = cards(offices.minsk)
        with people.at_work(offices.minsk.registry) as work:
            files = people.rows(work, "select name from card_file where signs_id is null order by position")
        assert {file.name for file in files} == {"Письмо о поставке.txt", "Перечень.csv", "График поставки.csv"}
        assert card.partner_number == "12-34/56"
