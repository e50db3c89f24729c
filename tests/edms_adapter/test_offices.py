# SPDX-License-Identifier: GPL-3.0-or-later
"""Several organisations of ours in one records system: each has its own people, groups, numbers and cards."""

from datetime import date

import pytest
from sqlalchemy import text

from gateway.edms_adapter.registry import Correspondent, Office, Staff, add_office, people
from gateway.errors import Reason, Refused
from gateway.model import (
    EventKind,
    ExchangeId,
    Number,
    Organisation,
    Party,
    Person,
    Task,
    TaskUid,
    Term,
)
from gateway.model import Executor as TaskExecutor
from gateway.ports import Expected, Finding, Original, Registration, Waiting
from tests.edms_adapter.desk import BEREG, MORNING, OURS, Desk, letter, to

EAST = "VOSTOK-09"
EAST_STAFF = (
    Staff("Лугов Сергей Иванович", "Директор", "Руководство"),  # the same surname and initials as in the first office
    Staff("Заречный Ян Ильич", "Делопроизводитель", "Канцелярия", "E-02"),
)


@pytest.fixture
def both(desk: Desk) -> Desk:
    """A registry of two organisations of ours."""
    add_office(desk.url, Office(EAST, "Комитет «Светлый»"), EAST_STAFF, prefixes=("В-", "ИВ-"))
    return desk


def east(desk: Desk, exchange: str = "ex-2", **rest: object) -> Registration | Waiting:
    """Register a letter for the second organisation."""
    document = letter(f"doc-{exchange}", exchange, addressees=(to("Лугов С. И.", index=EAST),))
    return desk.register(document, exchange, office=EAST, **rest)


def card_of(desk: Desk, exchange: str = "ex-2") -> int:
    made = east(desk, exchange)
    assert isinstance(made, Registration)
    return int(made.ref)


def wrong(desk: Desk, *expected: Expected) -> list[Finding]:
    return [finding for finding in desk.edms.check(expected).findings if not finding.ok]


# --- what comes -------------------------------------------------------------------------------------------------------


def test_each_organisation_counts_in_its_own_journal(both: Desk) -> None:
    first = both.registered(letter("doc-1", "1"), "ex-1")
    second, third = east(both), east(both, "ex-3")
    fourth = both.registered(letter("doc-4", "4"), "ex-4")

    assert isinstance(second, Registration)
    assert isinstance(third, Registration)
    assert [one.number.text for one in (first, second, third, fourth)] == ["ВХ-1", "В-1", "В-2", "ВХ-2"]


def test_an_addressee_is_sought_among_the_people_of_his_organisation_alone(both: Desk) -> None:
    first, second = both.registered(), east(both)

    assert isinstance(second, Registration)
    assert [one.name for one in first.routed] == ["Лугов Семён Ильич"]
    assert [one.name for one in second.routed] == ["Лугов Сергей Иванович"]


def test_what_is_addressed_to_nobody_goes_to_the_default_inbox_of_its_organisation(both: Desk) -> None:
    first = both.registered(letter(addressees=()))
    second = both.registered(letter("doc-2", "2", addressees=()), "ex-2", office=EAST)
    named = both.registered(letter("doc-3", "3", addressees=()), "ex-3", office=EAST, default_inbox="Канцелярия")

    assert [one.name for one in first.routed] == ["Ключевой Пётр Савельевич"]
    assert [one.name for one in second.routed] == ["Заречный Ян Ильич"]
    assert [one.name for one in named.routed] == ["Канцелярия"]
    assert named.routed[0].inbox not in {one.inbox for one in first.routed}


def test_an_inbox_of_another_organisation_is_no_default_and_the_document_waits(both: Desk) -> None:
    waits = east(both, "ex-2", default_inbox="Ключевой Пётр Савельевич", unknown_addressee="default")
    nobody = both.register(letter("d", "9", addressees=()), "ex-9", office=EAST, default_inbox="Полева Нина Олеговна")

    assert isinstance(waits, Registration)  # its addressee was found, so no default was needed
    assert isinstance(nobody, Waiting)
    assert "нет ящика «Полева Нина Олеговна»" in nobody.reason


def test_a_kind_of_document_is_one_of_its_organisations_groups(both: Desk) -> None:
    with both.at_work() as work:
        work.run(text("delete from doc_group where name = 'Обращения' and journal_id in (1, 2)"))
    kind = {"kind": Term("Обращения")}

    first = both.card(letter(**kind))
    second = both.card(letter("doc-2", "2", **kind), "ex-2", office=EAST)

    groups = {
        row.id: row.name for row in both.rows("select c.id, g.name from card c join doc_group g on g.id = group_id")
    }
    assert groups == {first: "Входящие письма", second: "Обращения"}


def test_a_number_the_other_organisation_has_is_no_repetition(both: Desk) -> None:
    both.registered(letter("doc-1", "14/3"))

    second = both.register(letter("doc-2", "14/3", addressees=()), "ex-2", office=EAST)
    third = both.register(letter("doc-3", "14/3", addressees=()), "ex-3", office=EAST)

    assert isinstance(second, Registration)
    assert isinstance(third, Waiting)


def test_an_executor_of_another_organisation_is_nobody_here_whatever_his_namesakes(both: Desk) -> None:
    executors = tuple(
        TaskExecutor(Party(Organisation(index=index), person=Person("Лугов С. И."))) for index in (OURS, EAST)
    )
    card = both.card(letter(tasks=(Task(TaskUid("t-1"), text="Исполнить", executors=executors),)))

    rows = both.rows(
        f"select i.name from executor e join instruction n on n.id = e.instruction_id and n.card_id = {card}"
        " left join inbox i on i.id = e.inbox_id order by e.id"
    )
    assert [row.name for row in rows] == ["Лугов Семён Ильич", None]


def test_whoever_works_for_every_organisation_is_found_in_each(both: Desk) -> None:
    with both.at_work() as work:
        work.run(text("update person set office_id = null where name like 'Полева%'"))

    for exchange, office in (("ex-1", OURS), ("ex-2", EAST)):
        document = letter(exchange, exchange, addressees=(to("Полева Н. О.", index=office),))
        (routed,) = both.registered(document, exchange, office=office).routed
        assert routed.name == "Полева Нина Олеговна"


# --- an organisation the system does not know -------------------------------------------------------------------------


def test_a_document_for_an_organisation_the_system_does_not_know_waits_for_a_person(both: Desk) -> None:
    waits = both.register(office="NOBODY-00")

    assert isinstance(waits, Waiting)
    assert waits.reason.startswith("нашей организации с индексом NOBODY-00 нет в картотеке")


def test_a_person_takes_what_waited_for_an_unknown_organisation_into_his_own(both: Desk) -> None:
    waits = both.register(office="NOBODY-00")
    with both.at_work() as work:
        number = people.register_waiting(work, int(waits.ref), by="Заречный", to=["Заречный"], now=MORNING)

    assert number == "В-1"
    (event,) = both.events(EventKind.REGISTERED)
    assert event.who is not None
    assert (event.number.text if event.number else "", event.who.index) == ("В-1", EAST)


def test_checking_finds_the_organisations_the_system_does_not_know(both: Desk) -> None:
    assert wrong(both, Expected(OURS), Expected(EAST.lower())) == []

    (one,) = wrong(both, Expected(OURS), Expected("NOBODY-00"))

    assert (one.what, "does not know" in one.detail, bool(one.remedy)) == ("organisation NOBODY-00", True, True)


def test_checking_finds_the_organisation_without_a_default_inbox(both: Desk) -> None:
    (named,) = wrong(both, Expected(OURS), Expected(EAST, "Полева Нина Олеговна"))
    with both.at_work() as work:
        work.run(text("update inbox set is_default = false where name like 'Заречный%'"))
    (without,) = wrong(both, Expected(OURS), Expected(EAST))

    assert (named.what, "Полева" in named.detail) == (f"default inbox of {EAST}", True)
    assert (without.what, "there is none" in without.detail) == (f"default inbox of {EAST}", True)


# --- what people do, and what goes out --------------------------------------------------------------------------------


def test_what_people_do_is_told_as_done_in_the_organisation_whose_card_it_is(both: Desk) -> None:
    card = card_of(both)
    with both.at_work() as work:
        people.forward(work, card, "Канцелярия", by="Заречный", now=MORNING)
        instruction = people.instruct(work, card, "Ответить", author="Заречный", executors=["Заречный"], now=MORNING)
        people.report(work, instruction, "Готово", by="Заречный", now=MORNING)

    events = both.events()

    parties = [party for event in events for party in (event.who, event.to, event.executor and event.executor.party)]
    parties += [one.party for event in events if event.task for one in event.task.executors]
    assert len([party for party in parties if party]) >= 8
    assert {party.index for party in parties if party} == {EAST}


def sent(desk: Desk, signer: str, drafter: str, number: str = "") -> int:
    with desk.at_work() as work:
        card = people.write_card(work, "О деле", {"a.txt": b"a"}, signer=signer, drafter=drafter, now=MORNING)
        people.send(work, card, BEREG, clerk=drafter, now=MORNING)
        return card


def test_a_document_goes_out_in_the_name_and_with_the_number_of_its_organisation(both: Desk) -> None:
    sent(both, "Родникова", "Ключевой")
    sent(both, "Заречный", "Заречный")

    found = [(one.document.authors[0].party, one.document.number.text) for one in both.edms.outgoing()]

    assert [(party and (party.index, party.name), number) for party, number in found] == [
        ((OURS, "Родникова Алла Юрьевна"), "ИСХ-1"),
        ((EAST, "Заречный Ян Ильич"), "ИВ-1"),
    ]


def test_whoever_signs_for_every_organisation_signs_for_the_one_whose_card_it_is(both: Desk) -> None:
    card = sent(both, "Заречный", "Заречный")
    with both.at_work() as work:
        work.run(text("update person set office_id = null where name like 'Заречный%'"))
        work.run(text(f"update card set signer_id = null where id = {card + 1}"))

    (outgoing,) = both.edms.outgoing()

    (author,) = outgoing.document.authors
    assert author.party is not None
    assert (author.party.index, author.party.name) == (EAST, "Заречный Ян Ильич")


def test_an_answer_is_tied_to_the_document_of_the_organisation_that_it_came_to(both: Desk) -> None:
    for signer in ("Родникова", "Заречный"):
        sent(both, signer, signer)
    with both.at_work() as work:
        work.run(text("update card set number = 'ОБ-1' where direction = 'out'"))  # both have the same number and date
        work.run(text("update dispatch set queued_at = asked_at"))
    card_of(both)

    assert both.edms.link(
        ExchangeId("ex-2"), Original(number=Number("ОБ-1", date(2026, 11, 22)), kind=Term("В ответ на"))
    )

    (link,) = both.rows(
        "select o.office_id from card_link k join card o on o.id = k.other_id where k.kind = 'В ответ на'"
    )
    assert link.office_id == 2


def test_correspondents_that_share_name_and_tax_number_are_told_apart_by_index(both: Desk) -> None:
    with both.at_work() as work:
        for index in ("TWIN-1", "TWIN-2"):
            one = Correspondent(index, "Двойник", tax_id="7700000001")
            work.run(
                text("insert into correspondent (exchange_index, short_name, tax_id) values (:i, :n, :t)"),
                {"i": one.index, "n": one.short_name, "t": one.tax_id},
            )
    for exchange, index in (("ex-1", "TWIN-1"), ("ex-2", "TWIN-2")):
        named = Party(Organisation("Двойник", index=index, tax_id="7700000001"))
        both.registered(letter(exchange), exchange, correspondent=named)

    rows = both.rows(
        "select t.exchange_index from card c join correspondent t on t.id = correspondent_id order by c.id"
    )
    assert [row.exchange_index for row in rows] == ["TWIN-1", "TWIN-2"]


def test_refusing_an_unknown_addressee_is_each_organisations_own(both: Desk) -> None:
    nobody = (to("Полева Н. О.", index=EAST),)  # works for the first one

    with pytest.raises(Refused) as why:
        both.register(letter(addressees=nobody), office=EAST, unknown_addressee="refuse")

    assert why.value.reason is Reason.UNKNOWN_ADDRESSEE
