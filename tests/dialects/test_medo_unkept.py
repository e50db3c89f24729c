# SPDX-License-Identifier: GPL-3.0-or-later
"""No word of a MEDO package vanishes: it is carried, or it is noted as it was written."""

from datetime import UTC, date, datetime

import pytest

from gateway.dialects.wire import Reading
from gateway.model import EventKind as K
from gateway.model import Remark, Report
from gateway.reports import news
from tests.dialects.hostile_medo import CONTAINER, FILES, Case, card, inside, passport, zipped
from tests.dialects.test_medo_doubtful import MEDO, SOURCE, message, notification, receipt
from tests.dialects.test_medo_hostile import read

CREATED = "<x:time>2026-03-11T13:00:00</x:time>"
EARLIER = "<x:time>2026-03-11T12:40:00</x:time>"
NUM = "<x:num><x:number>ВХ-5</x:number><x:date>2026-03-11</x:date></x:num>"
MOVED = '<x:clause x:id="К-1"><x:designation>пункт 1</x:designation><x:deadline>2026-03-16</x:deadline></x:clause>'
PEOPLE = "".join(f"<x:{one}><x:organization>Сосед</x:organization></x:{one}>" for one in ("secretary", "manager"))
EXECUTOR = "<x:executor><x:organization>Сосед</x:organization><x:person>Линева</x:person></x:executor>"
EVENTS = {
    "Зарегистрирован": ("documentAccepted", "", NUM),
    "Назначен исполнитель": ("executorAssigned", "", PEOPLE + EXECUTOR),
    "Доклад направлен": ("reportSent", "", f"<x:report>{NUM}</x:report>"),
    "Исполнение": (
        "courseChanged",
        MOVED,
        "<x:courseText>Поручение пункт 1. Срок исполнения: 16.03.2026.</x:courseText>",
    ),
    "Отказано в регистрации": ("documentRefused", "", "<x:reason>Нет подписи</x:reason>"),
}
FACTS = (K.REGISTERED, K.ASSIGNED, K.ANSWERED, K.DUE_CHANGED)


def told(kind: str, *, time: str = CREATED, who: str = "", more: str = "", swap: tuple[str, str] = ("", "")) -> Reading:
    """Return a notification of *kind* as it is read, its event with one part swapped, *more* behind the event."""
    name, clause, tail = EVENTS[kind]
    made = f"<x:{name}>{time}{clause}{who}{tail}</x:{name}>{more}"
    return notification(kind, made.replace(*swap) if swap[0] else made)


def report_of(reading: Reading) -> Report:
    assert reading.message is not None
    assert isinstance(reading.message.body, Report)
    return reading.message.body


def kept(reading: Reading) -> list[tuple[str, str]]:
    """Return the words that are noted, each with the name of its element."""
    problems = [problem for problem in reading.problems if problem.code == "kept-in-words"]
    return [(problem.place.rpartition("/")[2].partition("[")[0], problem.text) for problem in problems]


def deviations(reading: Reading) -> list[str]:
    return [problem.text for problem in reading.problems if problem.code == "schema"]


@pytest.mark.parametrize(("kind", "fact"), list(zip(EVENTS, FACTS, strict=False)))
def test_a_comment_beside_a_fact_is_told_as_words_of_its_moment(kind: str, fact: K) -> None:
    reading = told(kind, time=EARLIER, more="<x:comment>Подлинник просим выслать</x:comment>")
    report = report_of(reading)

    assert deviations(reading) == []
    assert report.fact is fact
    assert report.remarks == (Remark("Подлинник просим выслать", datetime(2026, 3, 11, 9, 40, tzinfo=UTC)),)
    assert reading.message is not None
    assert [event.kind for event in news((), reading.message)] == [fact, K.PROGRESS]


def test_why_a_deadline_moved_is_told_beside_it() -> None:
    reading = told("Исполнение", swap=("Поручение пункт 1. Срок исполнения: 16.03.2026.", "Отложено из-за ледохода"))
    report = report_of(reading)

    assert [remark.text for remark in report.remarks] == ["Отложено из-за ледохода"]
    (consideration,) = report.considerations
    assert consideration.task.control is not None
    assert consideration.task.control.deadline == date(2026, 3, 16)


@pytest.mark.parametrize(("kind", "fact"), list(zip(EVENTS, FACTS, strict=False)))
def test_words_beside_a_fact_are_written_as_they_were_read(kind: str, fact: K) -> None:
    first = told(kind, time=EARLIER, more="<x:comment>Подлинник просим выслать</x:comment>").message
    assert first is not None

    again = MEDO.read(MEDO.write(first).passport, [])

    assert (report_of(again).fact, kept(again)) == (fact, [])
    (remark,) = report_of(again).remarks
    assert (remark.text, remark.at) == ("Подлинник просим выслать", datetime(2026, 3, 11, 9, 40, tzinfo=UTC))


def test_words_that_repeat_the_deadline_are_told_once() -> None:
    assert report_of(told("Исполнение")).remarks == ()


@pytest.mark.parametrize("kind", ["Назначен исполнитель", "Исполнение", "Отказано в регистрации"])
def test_when_it_happened_is_noted_where_the_time_of_the_message_counts(kind: str) -> None:
    assert kept(told(kind, time=EARLIER)) == [("time", "2026-03-11T12:40:00")]
    assert kept(told(kind)) == []


def test_when_a_message_was_not_accepted_is_noted() -> None:
    assert kept(receipt("<x:accepted>false</x:accepted>")) == []
    event = EARLIER + "<x:accepted>false</x:accepted>"
    made = message(f'<x:acknowledgment x:uid="{SOURCE}">{event}</x:acknowledgment>', type="Квитанция")

    assert kept(MEDO.read(made, [])) == [("time", "2026-03-11T12:40:00")]


@pytest.mark.parametrize("kind", ["Зарегистрирован", "Доклад направлен"])
def test_when_it_was_registered_or_answered_is_told(kind: str) -> None:
    reading = told(kind, time=EARLIER)

    assert kept(reading) == []
    assert reading.message is not None
    (event,) = news((), reading.message)
    assert event.at == datetime(2026, 3, 11, 9, 40, tzinfo=UTC)


@pytest.mark.parametrize("kind", EVENTS)
def test_who_reports_is_noted_when_it_is_another_than_the_sender(kind: str) -> None:
    nobody_else = "<x:correspondent><x:organization>Сосед</x:organization></x:correspondent>"
    somebody = "<x:correspondent><x:organization>Сосед</x:organization><x:person>Яковлев</x:person></x:correspondent>"

    assert kept(told(kind, who=nobody_else)) == []
    assert kept(told(kind, who=somebody)) == [("correspondent", "Сосед Яковлев")]


def test_who_reports_is_told_with_the_words() -> None:
    who = "<x:correspondent><x:person>Яковлев</x:person></x:correspondent>"

    reading = told("Зарегистрирован", who=who, more="<x:comment>Ждём</x:comment>")

    assert kept(reading) == []
    (remark,) = report_of(reading).remarks
    assert remark.who is not None
    assert remark.who.name == "Яковлев"


@pytest.mark.parametrize("kind", ["Зарегистрирован", "Доклад направлен", "Отказано в регистрации"])
def test_the_clause_of_a_fact_that_is_about_no_task_is_noted(kind: str) -> None:
    name, _, tail = EVENTS[kind]
    clause = MOVED.replace("<x:deadline>2026-03-16</x:deadline>", "")

    assert kept(notification(kind, f"<x:{name}>{CREATED}{clause}{tail}</x:{name}>")) == [("clause", "К-1 пункт 1")]


def test_the_clause_of_a_course_stands_in_its_words() -> None:
    reading = told("Исполнение", swap=("<x:deadline>2026-03-16</x:deadline>", ""))

    assert kept(reading) == []
    assert [remark.text.partition(".")[0] for remark in report_of(reading).remarks] == ["пункт 1"]


def test_to_whom_a_draft_of_an_answer_was_handed_is_noted() -> None:
    signatory = "<x:person>Сводов</x:person><x:post>директор</x:post><x:signed>2026-03-10</x:signed>"

    reading = notification(
        "Доклад подготовлен", f"<x:reportPrepared>{CREATED}<x:signatory>{signatory}</x:signatory></x:reportPrepared>"
    )

    assert kept(reading) == [("post", "директор"), ("signed", "2026-03-10")]
    assert "Сводов" in report_of(reading).remarks[0].text


def test_who_else_was_assigned_is_noted() -> None:
    manager = "<x:manager><x:person>Кабелев</x:person><x:post>начальник отдела</x:post></x:manager>"
    principal = '<x:clause x:id="К-1"><x:principal><x:person>Мостовая</x:person></x:principal></x:clause>'

    named = told(
        "Назначен исполнитель", swap=("<x:manager><x:organization>Сосед</x:organization></x:manager>", manager)
    )
    other = told("Назначен исполнитель", swap=(CREATED, CREATED + principal))

    assert kept(named) == [("manager", "Кабелев начальник отдела")]
    assert kept(other) == [("executor", "Сосед Линева")]


def test_what_a_course_refers_to_is_noted() -> None:
    reference = f"<x:reference><x:organization>Архив</x:organization>{NUM}</x:reference>"

    reading = told("Исполнение", swap=("</x:courseText>", f"</x:courseText>{reference}"))

    assert deviations(reading) == []
    assert kept(reading) == [("reference", "Архив ВХ-5 2026-03-11")]


def test_a_receipt_that_says_yes_in_words_too_is_nothing_odd() -> None:
    reading = receipt("<x:accepted>true</x:accepted><x:comment>Сообщение доставлено</x:comment>")

    assert kept(reading) == []


@pytest.mark.parametrize(
    ("before", "said", "noted"),
    [
        ("</xdms:header>", "<xdms:operator>Весёлкин</xdms:operator>", ("operator", "Весёлкин")),
        ("</xdms:header>", "<xdms:comment>Дважды</xdms:comment>", ("comment", "Дважды")),
        ("</xdms:source>", "<xdms:comment>АРМ 5</xdms:comment>", ("comment", "АРМ 5")),
        ("</xdms:destination>\n  </xdms:deliveryIndex>", "<xdms:comment>Копия</xdms:comment>", ("comment", "Копия")),
        ("</xdms:destination>", "<xdms:comment>Лично</xdms:comment>", ("comment", "Лично")),
        ("</xdms:addressee>", "<xdms:comment>Для сведения</xdms:comment>", ("comment", "Для сведения")),
        ("</xdms:signatory>", "<xdms:comment>И. о.</xdms:comment>", ("comment", "И. о.")),
        ("</xdms:reference>", "<xdms:post>мэр</xdms:post>", ("post", "мэр")),
        ("</xdms:enclosure>", "<xdms:comment>На диске</xdms:comment>", ("comment", "На диске")),
        ("</xdms:principal>", "<xdms:comment>Срочно</xdms:comment>", ("comment", "Срочно")),
    ],
)
def test_what_a_card_says_and_the_model_has_no_place_for_is_noted(
    before: str, said: str, noted: tuple[str, str]
) -> None:
    changed = card((before, said + before))

    assert noted in kept(read(Case(changed, "", FILES)))
    assert noted not in kept(read(Case(card(), "", FILES)))


def test_what_a_container_says_of_a_linked_document_is_noted() -> None:
    link = """<c:links><c:link><c:organization><c:title>Архив</c:title></c:organization><c:registration>
      <c:number>5</c:number><c:date>2026-01-12</c:date></c:registration></c:link></c:links></c:requisites>"""
    made = inside(passport__xml=passport(("</c:requisites>", link)))

    reading = read(Case(CONTAINER, "", {"document.edc.zip": zipped(made)}))

    assert ("organization", "Архив") in kept(reading)


def test_of_endless_words_as_much_is_noted_as_a_comment_holds() -> None:
    endless = "<xdms:comment>" + "я" * 100_000 + "</xdms:comment>"

    noted = kept(read(Case(card(("</xdms:header>", endless + "</xdms:header>")), "", FILES)))

    assert ("comment", "я" * 2047) in noted
