# SPDX-License-Identifier: GPL-3.0-or-later
"""Directories in the registry: ours, a partner's, and where papers go of people who have left."""

from datetime import date
from typing import Any

import pytest

from gateway.edms_adapter.registry import Office, Staff, add_office, people
from gateway.ports import Official, Registration
from tests.edms_adapter.desk import BEREG, GOROD, OURS, TODAY, Desk, letter, to
from tests.edms_adapter.test_sending import written

BEREGOVA = Official("B-01", "Берегова Тамара Кузьминична", "директор", "Дирекция", "B-02", True)
BUKHTIN = Official("B-02", "Бухтин Игорь Олегович", "заместитель директора", "Дирекция")


def theirs(desk: Desk, index: str = BEREG) -> list[Any]:  # Any: rows
    with desk.at_work() as work:
        return people.partner_people(work, index)


def dismissed(desk: Desk, name: str, on: date = TODAY, deputy: str = "") -> None:
    with desk.at_work() as work:
        people.dismiss(work, name, on, deputy=deputy)


# --- ours ---------------------------------------------------------------------------------------------------------


def test_our_people_are_those_who_work_here_on_that_day(desk: Desk) -> None:
    with desk.at_work() as work:
        people.appoint_head(work, "Лугов")
        people.dismiss(work, "Озёров Илья", TODAY)
        people.dismiss(work, "Полева", date(2026, 11, 23), deputy="Лугов")

    found = {one.name: one for one in desk.edms.people(OURS)}
    assert len(found) == 5
    assert "Озёров Илья Петрович" not in found
    assert found["Лугов Семён Ильич"] == Official(
        "R-02", "Лугов Семён Ильич", "Начальник отдела", "Отдел учёта", "", True
    )
    assert found["Полева Нина Олеговна"].deputy == "R-02"
    assert found["Озёров Иван Павлович"].index == ""


def test_a_deputy_who_has_left_is_nobodys_deputy(desk: Desk) -> None:
    dismissed(desk, "Полева", date(2026, 12, 31), deputy="Озёров Илья")
    dismissed(desk, "Лугов", date(2026, 12, 31), deputy="Полева")
    dismissed(desk, "Полева")

    (found,) = (one for one in desk.edms.people(OURS) if one.index == "R-02")
    assert found.deputy == ""


def test_each_organisation_of_ours_has_a_directory_of_its_own(desk: Desk) -> None:
    add_office(desk.url, Office("VOSTOK-09", "Восток"), (Staff("Заречный Ян Ильич", "Директор", "Дирекция", "E-01"),))

    assert [one.name for one in desk.edms.people("vostok-09")] == ["Заречный Ян Ильич"]
    assert len(desk.edms.people(OURS)) == 6
    assert len(desk.edms.people("")) == 7


# --- a partner's --------------------------------------------------------------------------------------------------


def test_a_renamed_official_is_the_same_row_and_the_old_name_is_kept(desk: Desk) -> None:
    desk.edms.import_people(BEREG, [BEREGOVA, BUKHTIN])
    with desk.at_work() as work:
        card = people.write_card(work, "О", {}, signer="Родникова", drafter="Лугов", now=desk.clock.at)
        people.send(work, card, BEREG, clerk="Ключевой", now=desk.clock.at, to="B-01")
    before = theirs(desk)[0].id
    desk.edms.import_people(BEREG, [Official("b-01", "Речная Тамара Кузьминична", "директор"), BUKHTIN])

    now = next(one for one in theirs(desk) if one.exchange_index == "B-01")
    assert (now.id, now.name, now.department) == (before, "Речная Тамара Кузьминична", None)
    (past,) = desk.rows("select * from partner_official_past")
    assert (past.official_id, past.name, past.department) == (before, "Берегова Тамара Кузьминична", "Дирекция")
    (outgoing,) = desk.edms.outgoing()
    (addressee,) = outgoing.document.addressees
    assert addressee.person is not None
    assert (addressee.person.index, addressee.person.name) == ("B-01", "Берегова Тамара Кузьминична")


def test_an_import_touches_nobody_of_another_correspondent(desk: Desk) -> None:
    desk.edms.import_people(GOROD, [BEREGOVA])
    done = desk.edms.import_people(BEREG, [BUKHTIN])

    assert (done.added, done.dismissed) == ((BUKHTIN,), ())
    assert [bool(one.dismissed) for one in theirs(desk, GOROD)] == [False]


def test_who_was_dismissed_before_is_not_dismissed_again(desk: Desk) -> None:
    desk.edms.import_people(BEREG, [BEREGOVA, BUKHTIN])
    done = [desk.edms.import_people(BEREG, [BUKHTIN]) for _ in range(2)]

    assert [(len(one.dismissed), one.unchanged) for one in done] == [(1, 1), (0, 1)]


def test_a_broken_import_and_a_dry_run_leave_no_trace(desk: Desk) -> None:
    desk.edms.import_people(BEREG, [BUKHTIN])
    dry = desk.edms.import_people(BEREG, [BEREGOVA], dry_run=True)
    with pytest.raises(ValueError, match="twice"):
        desk.edms.import_people(BEREG, [BEREGOVA, Official(" b-01", "Другая")])
    with pytest.raises(LookupError, match="NOBODY"):
        desk.edms.import_people("NOBODY", [BEREGOVA])

    assert (dry.added, dry.dismissed) == ((BEREGOVA,), (BUKHTIN,))
    assert [(one.name, bool(one.dismissed)) for one in theirs(desk)] == [(BUKHTIN.name, False)]


@pytest.mark.parametrize(
    ("choice", "index"),
    [("b-02", "B-02"), ("Бухтин Игорь Олегович", "B-02"), ("бухтин", "B-02"), ("Бухтин И. О.", ""), ("", "")],
)
def test_a_clerk_chooses_an_official_by_index_or_name_or_writes_by_hand(desk: Desk, choice: str, index: str) -> None:
    desk.edms.import_people(BEREG, [BEREGOVA, BUKHTIN])
    with desk.at_work() as work:
        card = people.write_card(work, "О", {}, signer="Родникова", drafter="Лугов", now=desk.clock.at)
        people.send(work, card, BEREG, clerk="Ключевой", now=desk.clock.at, to=choice)
    (outgoing,) = desk.edms.outgoing()
    person = outgoing.document.addressees[0].person

    assert (person.index if person else "") == index
    assert (person.name if person else "") == (BUKHTIN.name if index else choice)
    assert (person.post if person else "") == (BUKHTIN.post if index else "")


def test_two_of_one_name_are_no_choice_and_who_was_dismissed_is_none(desk: Desk) -> None:
    desk.edms.import_people(BEREG, [BEREGOVA, BUKHTIN, Official("B-03", "Бухтин Илья")])
    desk.edms.import_people(BEREG, [BUKHTIN, Official("B-03", "Бухтин Илья")])
    with desk.at_work() as work:
        card = people.write_card(work, "О", {}, signer="Родникова", drafter="Лугов", now=desk.clock.at)
        people.send(work, card, BEREG, clerk="Ключевой", now=desk.clock.at, to="Бухтин")
        people.send(work, card, BEREG, clerk="Ключевой", now=desk.clock.at, to="Берегова")
        with pytest.raises(LookupError, match="dismissed"):
            people.send(work, card, BEREG, clerk="Ключевой", now=desk.clock.at, to="B-01")

    (outgoing,) = desk.edms.outgoing()
    assert [one.person.index for one in outgoing.document.addressees if one.person] == ["", ""]


def test_an_official_of_one_correspondent_is_not_chosen_for_another(desk: Desk) -> None:
    desk.edms.import_people(GOROD, [BEREGOVA])
    written(desk)
    (outgoing,) = desk.edms.outgoing()
    person = outgoing.document.addressees[0].person

    assert person is not None
    assert person.index == ""


# --- who has left -------------------------------------------------------------------------------------------------


def test_papers_of_who_has_left_go_to_the_deputy_from_that_day_on(desk: Desk) -> None:
    dismissed(desk, "Лугов", deputy="Полева")

    (routed,) = desk.registered().routed
    assert (routed.name, routed.found) == ("Полева Нина Олеговна", True)
    assert routed.why.endswith("Лугов Семён Ильич не работает с 2026-11-22, замещает Полева Нина Олеговна")
    (before,) = desk.registered(letter("doc-2", "2"), "ex-2", register_on=date(2026, 11, 21)).routed
    assert before.name == "Лугов Семён Ильич"


def test_without_a_deputy_they_go_to_the_head_of_the_department(desk: Desk) -> None:
    with desk.at_work() as work:
        people.appoint_head(work, "Лугов")
    dismissed(desk, "Полева")

    made = desk.registered(letter(addressees=(to("Полева Н. О."),)))
    assert [one.name for one in made.routed] == ["Лугов Семён Ильич"]
    with desk.at_work() as work:
        assert "не работает" in people.card(work, int(made.ref)).route


@pytest.mark.parametrize("setting", ["default", "wait", "refuse"])
def test_without_anybody_they_go_to_the_default_inbox_with_the_reason(desk: Desk, setting: str) -> None:
    dismissed(desk, "Лугов")

    made = desk.register(unknown_addressee=setting)
    assert isinstance(made, Registration)
    assert [(one.name, one.route) for one in made.routed] == [("Ключевой Пётр Савельевич", "default")]
    with desk.at_work() as work:
        assert people.card(work, int(made.ref)).route == (
            "«Лугов С. И.»: по фамилии и инициалам; Лугов Семён Ильич не работает с 2026-11-22,"
            " ни заместителя, ни руководителя нет"
        )
        assert [row.card_id for row in people.inbox(work, "Ключевой")] == [int(made.ref)]


def test_one_inbox_gets_one_document_once_with_every_reason(desk: Desk) -> None:
    dismissed(desk, "Лугов", deputy="Полева")

    (routed,) = desk.registered(letter(addressees=(to("Полева Н. О."), to("Лугов С. И.")))).routed
    assert routed.name == "Полева Нина Олеговна"
    assert "«Полева Н. О.»" in routed.why
    assert "не работает" in routed.why


def test_who_has_the_default_inbox_is_not_dismissed_before_another_has_it(desk: Desk) -> None:
    with pytest.raises(ValueError, match="default inbox"):
        dismissed(desk, "Ключевой")


def test_a_task_for_who_has_left_is_the_deputys(desk: Desk) -> None:
    dismissed(desk, "Лугов", deputy="Полева")

    found = desk.edms.resolve(to("Лугов С. И."))
    assert found is not None
    assert found.name == "Полева Нина Олеговна"
