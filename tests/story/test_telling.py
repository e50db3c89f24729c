# SPDX-License-Identifier: GPL-3.0-or-later
"""What the sender of a document hears of what people do with it: what subscription and rule both allow."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from email.message import Message as Mail
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.edms_adapter.registry import people
from gateway.model import TaskField
from tests.story.acts import answer, cards, dispatch, do, instruct, news, send_letter
from tests.story.offices import Town, TownOffice, settings_of, town

EVERY_FIELD = "fields = [{}]".format(", ".join(f'"{field.value}"' for field in TaskField))


def with_rule(rule: str) -> dict[str, str]:
    """The configuration of an office that tells its partner by *rule*."""
    return {"partner": f"[[report]]\n{rule}"}


@contextmanager
def telling(home: Path, rule: str, **minsk: str) -> Iterator[Town]:
    """Both offices, Moscow telling by *rule*."""
    with town(home, moscow=with_rule(rule), minsk=minsk) as offices:
        yield offices


def arrived(offices: Town) -> Any:  # Any: a row of the registry
    """A letter is sent and registered; returns its card in Moscow."""
    send_letter(offices.minsk)
    offices.settle()
    (card,) = cards(offices.moscow)
    return card


def readable(mail: Mail) -> str:
    """Everything in a letter that anybody could read: headers, the part for people, the passport."""
    parts = [part.get_payload(decode=True).decode("utf-8-sig") for part in mail.walk() if not part.is_multipart()]  # type: ignore[union-attr]
    return "\n".join([*map(str, mail.values()), *parts])


def reports(office: TownOffice) -> str:
    """Everything in the reports an office has sent."""
    return "\n".join(readable(mail) for mail in office.sent() if mail["Auto-Submitted"])


# --- words --------------------------------------------------------------------------------------------------------

TYPED = ("instruction", "progress", "report", "status", "corrected", "ground", "again", "subject", "category")
UNSAYABLE = ("reopening", "cancelling", "why off")  # typed too, but with no place in a report of tasks
words = st.text("абвгдежзиклмнопрстуфхцчшщэюя", min_size=12, max_size=20)
typed = st.lists(words, min_size=12, max_size=12, unique=True).map(
    lambda found: dict(zip(TYPED + UNSAYABLE, found, strict=True))
)


def work_with(offices: Town, said: dict[str, str]) -> None:
    """People of Moscow do everything that can be done with a document, typing *said*; everything is told."""
    moscow, card = offices.moscow, arrived(offices)
    with people.at_work(moscow.registry) as work:
        one, other = (
            people.instruct(
                work,
                card.id,
                said["instruction"],
                author="Берёзкина",
                executors=["Кленов"],
                now=moscow.clock.now(),
                deadline=date(2026, 3, 25),
            )
            for _ in range(2)
        )
        people.rows(work, "update instruction set category = :words returning id", words=said["category"])
    offices.settle()
    do(moscow, people.note_progress, one, said["progress"], by="Кленов")
    offices.settle()
    report = do(moscow, people.report, one, said["report"], by="Кленов", status=said["status"])
    offices.settle()
    do(moscow, people.edit_report, report, said["corrected"], by="Кленов")
    offices.settle()
    do(moscow, people.close, one, said["ground"], by="Берёзкина")
    offices.settle()
    do(moscow, people.reopen, one, said["reopening"], by="Берёзкина")
    offices.settle()
    do(moscow, people.close, one, said["again"], by="Берёзкина")
    do(moscow, people.cancel, other, said["cancelling"], by="Берёзкина")
    offices.settle()
    with people.at_work(moscow.registry) as work:
        people.answer(
            work, card.id, said["subject"], {"a.txt": b"a"}, signer="Берёзкина", drafter="Дубов", now=moscow.clock.now()
        )
    offices.settle()
    do(moscow, people.deregister, card.id, said["why off"], by="Дубов")
    offices.settle()


@settings(max_examples=2, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(said=typed)
def test_not_one_word_typed_by_people_leaves_without_an_agreement(said: dict[str, str]) -> None:
    with TemporaryDirectory() as home, town(Path(home)) as offices:
        work_with(offices, said)

        told = reports(offices.moscow)
        assert [what for what, word in said.items() if word in told] == []
        assert news(offices.minsk, cards(offices.minsk, "direction = 'out'")[0].id) == [
            *(
                "received",
                "registered",
                "forwarded",
                "assigned",
                "assigned",
                "executor_reported",
                "executed",
                "reopened",
            ),
            *("executed", "no_longer_reported", "answered", "edited", "no_longer_reported"),
        ]


@settings(max_examples=1, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(said=typed)
def test_with_every_field_agreed_every_word_leaves_that_a_report_can_say(said: dict[str, str]) -> None:
    with TemporaryDirectory() as home, telling(Path(home), EVERY_FIELD) as offices:
        work_with(offices, said)

        told = reports(offices.moscow)
        assert [what for what in (*TYPED, "why off") if said[what] not in told] == []


def test_the_default_tells_number_date_forwarding_deadline_and_the_fact_of_execution(offices: Town) -> None:
    card = arrived(offices)
    instruction = instruct(offices.moscow, card.id)
    do(offices.moscow, people.report, instruction, "Готово", by="Кленов")
    do(offices.moscow, people.close, instruction, "Исполнено", by="Берёзкина", on=date(2026, 3, 12))
    offices.settle()

    (sent,) = cards(offices.minsk, "direction = 'out'")
    with people.at_work(offices.minsk.registry) as work:
        (task,) = people.partner_tasks(work, sent.id)
        (forwarded,) = [row.text for row in people.news(work, sent.id) if row.event == "forwarded"]
    row = dispatch(offices.minsk, sent.id)
    assert (row.partner_number, row.partner_date) == ("ВХ-1", "2026-03-11")
    assert "Берёзкина" in forwarded
    assert (task.state, task.deadline, task.fact_date, task.text) == ("executed", "2026-03-25", "2026-03-12", None)
    assert task.executors == "Кленов Пётр Ильич"


# --- which --------------------------------------------------------------------------------------------------------


def do_two_of_each(offices: Town) -> list[str]:
    """Two inboxes and two instructions; returns what the sender hears."""
    card = arrived(offices)
    do(offices.moscow, people.forward, card.id, "Дубов", by="Берёзкина")
    instruct(offices.moscow, card.id)
    instruct(offices.moscow, card.id)
    offices.settle()
    return news(offices.minsk, cards(offices.minsk, "direction = 'out'")[0].id)[2:]


ALL_OF_EACH = ["forwarded", "forwarded", "assigned", "assigned"]


def test_every_inbox_and_instruction_is_told(offices: Town) -> None:
    assert do_two_of_each(offices) == ALL_OF_EACH


def test_the_rule_may_tell_the_first_inbox_and_instruction_alone(tmp_path: Path) -> None:
    with telling(tmp_path, 'forwarded = "first"\nassigned = "first"') as offices:
        assert do_two_of_each(offices) == ["forwarded", "assigned"]


def test_the_sender_may_ask_for_the_first_inbox_and_instruction_alone(tmp_path: Path) -> None:
    asked = "[partner.subscription]\nforwarding_all = false\nconsideration_all = false"
    with town(tmp_path, minsk={"partner": asked}) as offices:
        assert do_two_of_each(offices) == ["forwarded", "assigned"]


def test_the_rule_may_tell_the_responsible_executor_alone(tmp_path: Path) -> None:
    with telling(tmp_path, 'executors = "responsible"') as offices:
        card = arrived(offices)
        with people.at_work(offices.moscow.registry) as work:
            people.instruct(
                work, card.id, "x", author="Берёзкина", executors=["Кленов", "Дубов"], now=offices.clock.now()
            )
        offices.settle()

        told = reports(offices.moscow)
        assert ("Кленов" in told, "Дубов" in told) == (True, False)


# --- what never leaves --------------------------------------------------------------------------------------------


def test_instructions_on_a_card_our_people_restricted_never_leave(tmp_path: Path) -> None:
    with telling(tmp_path, EVERY_FIELD) as offices:
        card = arrived(offices)
        with people.at_work(offices.moscow.registry) as work:
            people.restrict(work, card.id, "Для служебного пользования")
        instruction = instruct(offices.moscow, card.id)
        do(offices.moscow, people.report, instruction, "Готово", by="Кленов")
        before = len(offices.moscow.outgoing())
        offices.settle()

        assert len(offices.moscow.outgoing()) == before
        assert "Кленов" not in reports(offices.moscow)


def test_instructions_on_a_document_the_sender_restricted_never_leave(tmp_path: Path) -> None:
    secret = {"top": '[access]\nopen = ["общедоступно"]', **with_rule(EVERY_FIELD)}
    with town(tmp_path, moscow=secret) as offices:
        send_letter(offices.minsk)
        offices.settle()
        (card,) = cards(offices.moscow)
        if card.state == "waiting":
            do(offices.moscow, people.register_waiting, card.id, by="Дубов", to=["Берёзкина"])
            offices.settle()
        instruct(offices.moscow, card.id)
        do(offices.moscow, people.forward, card.id, "Дубов", by="Берёзкина")
        offices.settle()

        told = news(offices.minsk, cards(offices.minsk, "direction = 'out'")[0].id)
        assert "forwarded" in told
        assert "assigned" not in told
        assert "подготовить ответ" not in reports(offices.moscow)


def test_a_private_instruction_never_leaves(tmp_path: Path) -> None:
    with telling(tmp_path, EVERY_FIELD) as offices:
        card = arrived(offices)
        with people.at_work(offices.moscow.registry) as work:
            made = people.instruct(
                work, card.id, "Лично", author="Берёзкина", executors=["Кленов"], now=offices.clock.now()
            )
            people.rows(work, "update instruction set private = :yes where id = :key returning id", yes=True, key=made)
        offices.settle()

        assert "Лично" not in reports(offices.moscow)


# --- how long, and since when -------------------------------------------------------------------------------------


def test_the_rule_ends_the_reports_before_the_subscription_does(tmp_path: Path) -> None:
    with telling(tmp_path, "days = 5") as offices:
        card = arrived(offices)
        offices.clock.advance(days=4)
        instruct(offices.moscow, card.id)
        offices.settle()
        offices.clock.advance(days=2)
        instruct(offices.moscow, card.id)
        offices.settle()

        assert news(offices.minsk, cards(offices.minsk, "direction = 'out'")[0].id).count("assigned") == 1


def test_the_subscription_ends_the_reports_before_the_rule_does(tmp_path: Path) -> None:
    with telling(tmp_path, "days = 500") as offices:
        card = arrived(offices)
        offices.clock.advance(days=31)
        instruct(offices.moscow, card.id)
        offices.settle()

        assert "assigned" not in news(offices.minsk, cards(offices.minsk, "direction = 'out'")[0].id)


def another_rule(offices: Town, rule: str) -> None:
    """Moscow is started again with another report rule."""
    old = offices.moscow
    old.close()
    settings_now = settings_of(old.home, "moscow", "minsk", **with_rule(rule))
    offices.moscow = TownOffice(old.home, "moscow", settings_now, offices.clock, offices.post)
    offices.post.doors[offices.moscow.address] = offices.moscow


def passport(office: TownOffice) -> str:
    """The passport of the newest letter."""
    text = readable(office.sent()[-1])
    return text[text.index("<?xml") :]


def test_a_change_of_the_rule_counts_from_the_next_report_on(tmp_path: Path) -> None:
    with telling(tmp_path, EVERY_FIELD) as offices:
        card = arrived(offices)
        instruction = instruct(offices.moscow, card.id)
        offices.settle()
        assert "подготовить ответ" in passport(offices.moscow)

        another_rule(offices, "fields = []")
        offices.settle()
        do(offices.moscow, people.change_deadline, instruction, date(2026, 4, 1), by="Берёзкина")
        offices.settle()
        assert "2026-04-01" in passport(offices.moscow)
        assert "подготовить ответ" not in passport(offices.moscow)

        another_rule(offices, EVERY_FIELD)
        do(offices.moscow, people.change_deadline, instruction, date(2026, 4, 2), by="Берёзкина")
        offices.settle()
        assert "подготовить ответ" in passport(offices.moscow)


@pytest.mark.parametrize("event", ["forwarded", "assigned", "registered"])
def test_an_event_the_rule_does_not_name_is_not_told(tmp_path: Path, event: str) -> None:
    named = [kind for kind in ("registered", "forwarded", "assigned", "executed") if kind != event]
    with telling(tmp_path, f"events = {named}".replace("'", '"')) as offices:
        do_two_of_each(offices)

        told = news(offices.minsk, cards(offices.minsk, "direction = 'out'")[0].id)
        assert event not in told
        assert set(named) - {"executed"} <= set(told)


def test_an_answer_is_told_by_its_number(offices: Town) -> None:
    card = arrived(offices)
    answer(offices.moscow, card.id)
    offices.settle()

    assert re.search(r"<Answer .*ИСХ-1", reports(offices.moscow))


def test_an_executor_whose_words_do_not_leave_is_named_and_nothing_follows(tmp_path: Path) -> None:
    with telling(tmp_path, "") as offices:
        task = instruct(offices.moscow, arrived(offices).id)
        offices.settle()
        do(offices.moscow, people.report, task, "Готово", by="Кленов")

        offices.settle()

        (card,) = cards(offices.minsk, "direction = 'out'")
        with people.at_work(offices.minsk.registry) as work:
            assert people.news(work, card.id)[-1].text.endswith("; Кленов Пётр Ильич")
