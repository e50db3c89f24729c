# SPDX-License-Identifier: GPL-3.0-or-later
"""A document becomes a card: once, whole, with a number and in somebody's inbox; or it waits; or it is refused."""

from dataclasses import replace
from datetime import date

import pytest

from gateway.content import Held
from gateway.edms_adapter.registry import people
from gateway.errors import Reason, Refused
from gateway.model import (
    ControlState,
    EventKind,
    ExchangeId,
    Executor,
    Number,
    Organisation,
    Party,
    Person,
    Signature,
    Task,
    TaskControl,
    TaskUid,
)
from gateway.ports import Waiting
from tests.edms_adapter.desk import BEREG, GOROD, OURS, PDF, TODAY, Desk, file_of, letter, to


def test_a_document_becomes_one_card_with_a_number_in_the_addressees_inbox(desk: Desk) -> None:
    made = desk.registered()

    assert (made.number, made.created, made.at) == (Number("ВХ-1", TODAY), True, desk.clock.at)
    assert [(one.name, one.route) for one in made.routed] == [("Лугов Семён Ильич", "initials")]
    with desk.at_work() as work:
        card = people.card(work, int(made.ref))
        assert (card.number, card.subject, card.partner_number) == ("ВХ-1", "О передаче дел", "14/3")
        assert card.route == "«Лугов С. И.»: по фамилии и инициалам"
        assert [row.subject for row in people.inbox(work, "Лугов")] == ["О передаче дел"]


def test_what_a_registration_tells_is_what_changes_tell_with_the_same_keys(desk: Desk) -> None:
    made = desk.registered()

    assert [event.kind for event in made.events] == [EventKind.FORWARDED]
    assert tuple(desk.events()) == made.events


def test_numbers_begin_anew_every_year_and_a_late_december_keeps_its_own(desk: Desk) -> None:
    numbers = [
        desk.registered(letter(f"doc-{day}", f"n-{day}"), f"ex-{day}", register_on=day).number
        for day in (date(2026, 12, 31), date(2027, 1, 1), date(2026, 12, 30))
    ]

    assert [number.text for number in numbers] == ["ВХ-1", "ВХ-1", "ВХ-2"]


def test_small_files_lie_in_their_row_and_large_ones_in_the_store(desk: Desk) -> None:
    large = Held(b"0123456789abcdef" * 20_000)
    desk.contents[large.sha256] = large
    desk.registered(letter(files=(file_of(), file_of(large, "План.tif"))))

    small_row, large_row = desk.rows("select * from card_file order by position")
    assert (bytes(small_row.content), small_row.path) == (PDF.data, None)
    assert (large_row.content, large_row.size) == (None, large.size)
    assert (desk.files / large_row.path).read_bytes() == large.data


def test_signatures_are_kept_beside_their_file_unchanged(desk: Desk) -> None:
    sign = Held(b"\x30\x82 detached signature")
    desk.contents[sign.sha256] = sign
    signed = replace(file_of(), signatures=(Signature("Письмо.pdf.sig", sign.size, sign.sha256),))
    desk.registered(letter(files=(signed,)))

    file, signature = desk.rows("select * from card_file order by id")
    assert (signature.signs_id, bytes(signature.content)) == (file.id, sign.data)


def test_a_sent_task_becomes_an_instruction_that_keeps_its_uid(desk: Desk) -> None:
    executor = Executor(to("Полева Нина Олеговна", "Главный специалист"), responsible=True)
    control = TaskControl(ControlState.OPEN, deadline=date(2026, 12, 15))
    task = Task(TaskUid("task-77"), author=to("Берегова Т. К."), text="Сверить", executors=(executor,), control=control)
    desk.registered(letter(tasks=(task,)))

    (row,) = desk.rows(
        "select i.*, e.responsible, e.inbox_id from instruction i join executor e on e.instruction_id = i.id"
    )
    assert (row.uid, row.text, str(row.deadline), row.author_name) == (
        "task-77",
        "Сверить",
        "2026-12-15",
        "Берегова Т. К.",
    )
    assert (bool(row.external), bool(row.responsible)) == (True, True)
    (box,) = desk.rows(f"select name from inbox where id = {row.inbox_id}")
    assert box.name == "Полева Нина Олеговна"


# --- addressees ---------------------------------------------------------------------------------------------------


def test_several_addressees_are_one_card_in_as_many_inboxes_each_once(desk: Desk) -> None:
    hints = (to("Лугов С. И."), to("Полева Н.О."), to(post="начальник отдела"), to("Чужой Ч. Ч.", index=GOROD))
    made = desk.registered(letter(addressees=hints))

    assert [one.name for one in made.routed] == ["Лугов Семён Ильич", "Полева Нина Олеговна"]
    assert desk.count("inbox_row") == 2
    assert desk.count("card") == 1


def test_one_unknown_addressee_among_several_goes_to_the_default_inbox_and_holds_up_nobody(desk: Desk) -> None:
    made = desk.registered(letter(addressees=(to("Лугов С. И."), to("Нездешний Х. Х."))), unknown_addressee="refuse")

    assert [(one.name, one.found) for one in made.routed] == [
        ("Лугов Семён Ильич", True),
        ("Ключевой Пётр Савельевич", False),
    ]


@pytest.mark.parametrize("name", ["Нездешний Х. Х.", "Озёров И. П."])
def test_an_addressee_nobody_or_two_fit_is_treated_as_the_office_wants(desk: Desk, name: str) -> None:
    lost = letter(addressees=(to(name),))
    with pytest.raises(Refused) as refused:
        desk.register(lost, unknown_addressee="refuse")
    assert (refused.value.reason, desk.count("card")) == (Reason.UNKNOWN_ADDRESSEE, 0)
    assert isinstance(desk.register(lost, "ex-2", unknown_addressee="wait"), Waiting)

    (routed,) = desk.registered(replace(lost, number=Number("n")), "ex-3", unknown_addressee="default").routed
    assert (routed.name, routed.route, routed.found) == ("Ключевой Пётр Савельевич", "default", False)


def test_a_document_for_the_organisation_alone_goes_to_the_default_inbox_as_it_should(desk: Desk) -> None:
    for exchange, hints in (("ex-1", (to(),)), ("ex-2", ())):
        (routed,) = desk.registered(
            letter(exchange, exchange, addressees=hints), exchange, unknown_addressee="refuse"
        ).routed
        assert (routed.name, routed.route, routed.found) == ("Ключевой Пётр Савельевич", "default", True)


def test_the_office_may_name_another_default_inbox(desk: Desk) -> None:
    (routed,) = desk.registered(letter(addressees=()), default_inbox="Отдел учёта").routed

    assert routed.name == "Отдел учёта"


def test_while_somebody_is_away_the_deputy_gets_it(desk: Desk) -> None:
    with desk.at_work() as work:
        people.go_away(work, "Лугов", date(2026, 11, 20), TODAY, deputy="Полева")

    (routed,) = desk.registered().routed
    assert (routed.name, "замещает" in routed.why) == ("Полева Нина Олеговна", True)
    (back,) = desk.registered(letter("doc-2", "2"), "ex-2", register_on=date(2026, 11, 23)).routed
    assert back.name == "Лугов Семён Ильич"


def test_resolve_answers_without_registering(desk: Desk) -> None:
    found = desk.edms.resolve(to("лугов с.и."))

    assert found is not None
    assert (found.name, found.route) == ("Лугов Семён Ильич", "initials")
    assert desk.edms.resolve(to("Озёров И. П.")) is None
    assert desk.edms.resolve(to()) is None


# --- waiting ------------------------------------------------------------------------------------------------------


def test_an_unknown_correspondent_waits_for_a_person_and_takes_no_number(desk: Desk) -> None:
    stranger = Party(Organisation(index="NOBODY-99"))
    waiting = desk.register(correspondent=stranger)

    assert isinstance(waiting, Waiting)
    assert "NOBODY-99" in waiting.reason
    assert desk.register(correspondent=stranger) == waiting
    assert (desk.count("card"), desk.count("inbox_row"), desk.count("counter")) == (1, 0, 0)


def test_a_correspondents_index_is_compared_without_case_and_blanks(desk: Desk) -> None:
    assert desk.registered(correspondent=Party(Organisation(index=" bereg-02  "))).number.text == "ВХ-1"


def test_what_a_person_registers_is_told_and_answers_the_exchange_from_then_on(desk: Desk) -> None:
    waiting = desk.register(wait_because="так решено")
    assert isinstance(waiting, Waiting)
    before = desk.edms.changes(None)
    with desk.at_work() as work:
        people.register_waiting(work, int(waiting.ref), by="Родникова", to=["Полева"], now=desk.clock.later(hours=1))

    told = desk.edms.changes(before.cursor).events
    assert [one.event.kind for one in told] == [EventKind.REGISTERED, EventKind.FORWARDED]
    assert (told[0].event.number, told[0].event.card) == (Number("ВХ-1", TODAY), waiting.ref)
    again = desk.registered()
    assert (again.number, again.created, again.ref) == (Number("ВХ-1", TODAY), False, waiting.ref)


# --- the same number under another uid ----------------------------------------------------------------------------


def test_the_same_number_and_date_under_another_uid_waits_by_default(desk: Desk) -> None:
    desk.registered()

    waiting = desk.register(letter("doc-2"), "ex-2")
    assert isinstance(waiting, Waiting)
    assert "ВХ-1" in waiting.reason
    assert desk.registered(letter("doc-3"), "ex-3", same_number="register").number.text == "ВХ-2"
    assert desk.registered(letter("doc-4"), "ex-4", correspondent=Party(Organisation(index=GOROD))).created


def test_the_same_number_may_be_put_onto_the_card_that_is_there(desk: Desk) -> None:
    first = desk.registered()
    plan = Held(b"a plan")
    desk.contents[plan.sha256] = plan
    files = (file_of(), file_of(plan, "План.tif"))

    joined = desk.registered(letter("doc-2", files=files), "ex-2", same_number="attach")
    assert (joined.ref, joined.number) == (first.ref, first.number)
    assert desk.count("card_file") == 2
    assert desk.registered(letter("doc-2", files=files), "ex-2").ref == first.ref


def test_a_paper_put_onto_a_card_hears_what_was_done_with_it_before(desk: Desk) -> None:
    card = desk.card()
    waiting = desk.register(letter("doc-2"), "ex-2")
    assert isinstance(waiting, Waiting)
    with desk.at_work() as work:
        people.instruct(work, card, "Разобрать", author="Родникова", executors=["Лугов"], now=desk.clock.later(hours=1))
    desk.clock.later(days=5)
    other = desk.card(letter("doc-3", "3"), "ex-3")
    with desk.at_work() as work:
        people.instruct(work, other, "Разобрать", author="Родникова", executors=["Лугов"], now=desk.clock.at)
    cursor = desk.edms.changes(None).cursor
    with desk.at_work() as work:
        people.join_waiting(work, int(waiting.ref), card, by="Родникова", now=desk.clock.later(days=9))

    told = [one.event.kind for one in desk.edms.changes(cursor).events if one.exchange == "ex-2"]
    assert set(told) == {EventKind.REGISTERED, EventKind.FORWARDED, EventKind.ASSIGNED}
    again = desk.registered(letter("doc-2"), "ex-2")
    assert (int(again.ref), again.number.text) == (card, "ВХ-1")


# --- adding to a card ---------------------------------------------------------------------------------------------


def test_a_follow_up_adds_files_and_tasks_once_and_never_changes_the_number(desk: Desk) -> None:
    desk.registered()
    plan = Held(b"a plan")
    desk.contents[plan.sha256] = plan
    addition = letter(number="", files=(file_of(plan, "План.tif"),), tasks=(Task(TaskUid("task-1"), text="Сверить"),))
    results = [desk.edms.attach(ExchangeId("ex-1"), addition, desk.contents, ExchangeId("follow-1")) for _ in range(2)]

    assert [(one.number.text, one.created) for one in results] == [("ВХ-1", True), ("ВХ-1", False)]
    assert (desk.count("card_file"), desk.count("instruction"), desk.count("card")) == (2, 1, 1)


def test_a_follow_up_with_a_known_task_changes_it(desk: Desk) -> None:
    desk.registered(letter(tasks=(Task(TaskUid("task-1"), text="Сверить"),)))
    changed = letter(files=(), tasks=(Task(TaskUid("task-1"), text="Сверить до обеда"),))
    desk.edms.attach(ExchangeId("ex-1"), changed, {}, ExchangeId("follow-1"))

    assert [row.text for row in desk.rows("select text from instruction")] == ["Сверить до обеда"]


@pytest.mark.parametrize("how", ["with the document", "added"])
def test_a_task_is_routed_alike_whether_it_came_with_the_document_or_later(desk: Desk, how: str) -> None:
    ours = Executor(Party(Organisation(index=OURS), person=Person("Лугов С. И.")), responsible=True)
    namesake = Executor(Party(Organisation("Архив «Берег»", index=BEREG), person=Person("Полева Н. О.")))
    task = Task(TaskUid("task-1"), text="Сверить", executors=(ours, namesake))
    desk.registered(letter(tasks=(task,) if how == "with the document" else ()))
    if how == "added":
        addition = letter(files=(), tasks=(task,))
        desk.edms.attach(ExchangeId("ex-1"), addition, {}, ExchangeId("follow-1"))

    executors = desk.rows(
        "select e.organisation, i.name from executor e left join inbox i on i.id = e.inbox_id order by e.id"
    )
    assert [row.name for row in executors] == ["Лугов Семён Ильич", None]
    assert executors[1].organisation == "Архив «Берег»"
    lies = desk.rows("select i.name from inbox_row r join inbox i on i.id = r.inbox_id where r.kind = 'instruction'")
    assert [row.name for row in lies] == ["Лугов Семён Ильич"]


def test_the_instructions_of_a_paper_that_waits_lie_in_nobodys_inbox(desk: Desk) -> None:
    ours = Executor(Party(Organisation(index=OURS), person=Person("Лугов С. И.")))
    desk.register(letter(tasks=(Task(TaskUid("task-1"), executors=(ours,)),)), wait_because="так решено")

    assert desk.count("inbox_row") == 0
