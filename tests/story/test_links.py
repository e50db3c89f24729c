# SPDX-License-Identifier: GPL-3.0-or-later
"""Documents that name each other: the link arrives where its target is known, and says nothing where it is not."""

import re
from pathlib import Path

import pytest
from sqlalchemy import text

from gateway.edms_adapter.registry import people
from tests.story import partner
from tests.story.acts import answer, cards, do, news, send_letter
from tests.story.offices import Town, TownOffice, town
from tests.story.test_sending import passports


def linked(office: TownOffice, card: int) -> list[tuple[int, str]]:
    with people.at_work(office.registry) as work:
        return [(row.id, row.link) for row in people.linked(work, card)]


def mentioned(office: TownOffice, card: int) -> list[tuple[str, str]]:
    with people.at_work(office.registry) as work:
        return [(row.kind, row.text) for row in people.mentioned(work, card)]


def write_linked(office: TownOffice, other: int, kind: str) -> int:
    """A clerk of Minsk writes a letter that refers to card *other*, and marks it for Moscow."""
    card = send_letter(office)
    do(office, people.link, card, other, kind)
    return card


def write_unsent(office: TownOffice) -> int:
    """A clerk of Minsk registers a letter that goes nowhere."""
    with people.at_work(office.registry) as work:
        return people.write_card(
            work, "Для служебного пользования", {}, signer="Озёрный", drafter="Тихая", now=office.clock.now()
        )


def passport_of_last(office: TownOffice) -> str:
    return passports(office.sent())[-1]


def test_a_supplement_is_linked_on_the_other_side_with_the_document_it_supplements(offices: Town) -> None:
    first = send_letter(offices.minsk)
    offices.settle()

    write_linked(offices.minsk, first, "В дополнение к")
    offices.settle()

    one, two = (card.id for card in cards(offices.moscow))
    assert linked(offices.moscow, two) == [(one, "В дополнение к")]
    assert linked(offices.moscow, one) == [(two, "Дополнен документом")]
    assert mentioned(offices.moscow, two) == []


def test_an_answer_may_also_carry_out_another_document_of_the_same_sender(offices: Town) -> None:
    asked = send_letter(offices.minsk)
    offices.settle()
    ordered = send_letter(offices.minsk)
    offices.settle()
    question, order = cards(offices.moscow)

    reply = answer(offices.moscow, question.id)
    do(offices.moscow, people.link, reply, order.id, "Во исполнение")
    offices.settle()

    (there,) = cards(offices.minsk)
    assert linked(offices.minsk, there.id) == [(asked, "В ответ на"), (ordered, "Во исполнение")]
    assert linked(offices.minsk, ordered) == [(there.id, "Исполнен документом")]
    assert ("answered" in news(offices.minsk, asked), "answered" in news(offices.minsk, ordered)) == (True, False)


def test_a_document_the_partner_does_not_know_is_not_even_mentioned(offices: Town) -> None:
    internal = write_unsent(offices.minsk)
    write_linked(offices.minsk, internal, "В связи с")

    offices.settle()

    (there,) = cards(offices.moscow)
    assert (linked(offices.moscow, there.id), mentioned(offices.moscow, there.id)) == ([], [])
    assert "<Link" not in passport_of_last(offices.minsk)


def test_as_agreed_a_document_of_ours_the_partner_does_not_know_is_named_in_words(tmp_path: Path) -> None:
    with town(tmp_path, minsk={"partner": 'links = "all-in-words"'}) as offices:
        internal = write_unsent(offices.minsk)
        first = send_letter(offices.minsk)
        offices.settle()
        card = write_linked(offices.minsk, internal, "В связи с")
        do(offices.minsk, people.link, card, first, "В дополнение к")

        offices.settle()

        one, two = (there.id for there in cards(offices.moscow))
        assert mentioned(offices.moscow, two) == [("В связи с", "№ ИСХ-1 от 11.03.2026")]
        assert linked(offices.moscow, two) == [(one, "В дополнение к")]
        assert "служебного" not in passport_of_last(offices.minsk)


def test_as_agreed_no_link_travels_at_all(tmp_path: Path) -> None:
    with town(tmp_path, minsk={"partner": 'links = "none"'}) as offices:
        first = send_letter(offices.minsk)
        offices.settle()
        write_linked(offices.minsk, first, "В дополнение к")
        offices.settle()

        passport = passport_of_last(offices.minsk)
        assert ("<Link" in passport, passport.count("<Document ")) == (False, 1)
        assert linked(offices.moscow, cards(offices.moscow)[1].id) == []


def test_a_link_that_overtakes_its_document_stays_text(offices: Town) -> None:
    offices.post.delivers = False
    first = send_letter(offices.minsk)
    offices.minsk.work()
    write_linked(offices.minsk, first, "В дополнение к")
    offices.minsk.work()
    (_, _, one), (_, _, two) = offices.post.carried
    offices.post.delivers = True

    for data in (two, one):
        offices.moscow.receive(data, offices.minsk.address)
        offices.settle()

    supplement, _ = cards(offices.moscow)
    assert mentioned(offices.moscow, supplement.id) == [("В дополнение к", "№ ИСХ-1 от 11.03.2026")]
    assert linked(offices.moscow, supplement.id) == []


LINKS = (
    '<Link Description="Решение совета от 1 марта"><LinkType>Во исполнение</LinkType></Link>'
    '<Link URLString="https://docs.example/77"><LinkType>См. также</LinkType></Link>'
    '<Link DocumentID="10"><LinkType>Взамен</LinkType></Link>'
)
LOST = (
    '<Document DocumentID="10" MainDocument="false" UID="{uid}" Type="Created">'
    "<RegistrationInfo><Number>{number}</Number><Date>{on}</Date></RegistrationInfo><Group>Letters</Group>"
    "<Consists>1</Consists><Annotation/></Document>"
)


def naming(uid: str, number: str, on: str) -> bytes:
    """A letter of another product whose document has three links, the last one to the document that is named."""
    inside = partner.passport()
    end = "</Document></DocumentList>"
    assert end in inside
    described = LOST.format(uid=uid, number=number, on=on)
    return partner.letter(inside.replace(end, f"{LINKS}</Document>{described}</DocumentList>"))


def test_everything_a_letter_names_and_we_do_not_have_is_kept_in_words(offices: Town) -> None:
    offices.minsk.receive(naming("0e" * 16, "55", "2026-02-01"), "edms@moscow.example")

    offices.settle()

    (card,) = cards(offices.minsk)
    assert card.state == "registered"
    assert mentioned(offices.minsk, card.id) == [
        ("Во исполнение", "Решение совета от 1 марта"),
        ("См. также", "https://docs.example/77"),
        ("Взамен", "№ 55 от 01.02.2026"),
    ]


@pytest.mark.parametrize("uid", ["third-uid", "0e" * 16])
def test_a_partner_finds_nothing_of_a_third_one_by_uid_or_number(offices: Town, uid: str) -> None:
    with people.at_work(offices.minsk.registry) as work:
        work.run(text("insert into correspondent (exchange_index, short_name) values ('EX-THIRD', 'Третьи')"))
        work.run(
            text(
                "insert into card (direction, state, number, partner_uid, partner_number, partner_date, made_at,"
                " correspondent_id) select 'in', 'registered', 'ВХ-0', 'third-uid', '55', '2026-02-01',"
                " '2026-02-02 09:00:00', id from correspondent where exchange_index = 'EX-THIRD'"
            )
        )
    offices.minsk.receive(naming(uid, "55", "2026-02-01"), "edms@moscow.example")

    offices.settle()

    _, card = cards(offices.minsk)
    assert linked(offices.minsk, card.id) == []
    assert ("Взамен", "№ 55 от 01.02.2026") in mentioned(offices.minsk, card.id)


def test_links_are_tied_when_a_person_registers_what_waited(tmp_path: Path) -> None:
    with town(tmp_path, moscow={"partner": '[[receive]]\nregister = "wait"'}) as offices:
        first = send_letter(offices.minsk)
        offices.settle()
        write_linked(offices.minsk, first, "В дополнение к")
        offices.settle()
        one, two = (card.id for card in cards(offices.moscow, "state = 'waiting'"))

        for card in (one, two):
            do(offices.moscow, people.register_waiting, card, by="Дубов", to=["Кленов"])
            offices.settle()

        assert linked(offices.moscow, two) == [(one, "В дополнение к")]


def test_the_wire_names_a_linked_document_by_uid_number_and_date_only(offices: Town) -> None:
    first = send_letter(offices.minsk)
    offices.settle()
    write_linked(offices.minsk, first, "В дополнение к")
    offices.settle()

    other = re.findall(r"<Document .*?</Document>", passport_of_last(offices.minsk), re.S)[1]
    assert "ИСХ-1" in other
    assert "Об обмене" not in other
