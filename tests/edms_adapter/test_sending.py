# SPDX-License-Identifier: GPL-3.0-or-later
"""What a clerk marks to send comes out complete; what becomes of it stands on the sender's card."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from gateway.content import whole
from gateway.edms_adapter.registry import people
from gateway.edms_adapter.sql.values import day
from gateway.model import (
    ControlState,
    DocumentUid,
    Event,
    EventKey,
    EventKind,
    ExchangeId,
    Executor,
    Number,
    Party,
    Person,
    Refusal,
    Task,
    TaskControl,
    TaskUid,
    Term,
)
from gateway.ports import Original, OutgoingState, Withdrawal
from tests.edms_adapter.desk import BEREG, GOROD, MORNING, TODAY, Desk


def written(
    desk: Desk, files: dict[str, bytes] | None = None, index: str = BEREG, uid: str = "ours-1"
) -> tuple[int, str]:
    """Write a card and mark it to send; return the card and the dispatch row."""
    with desk.at_work() as work:
        card = people.write_card(
            work,
            "О сверке",
            {"Письмо.pdf": b"%PDF-1.7 letter"} if files is None else files,
            signer="Родникова",
            drafter="Лугов",
            now=desk.clock.at,
            uid=uid,
            store=desk.files,
        )
        row = people.send(work, card, index, clerk="Ключевой", now=desk.clock.at, to="Берегова Т. К.", post="директор")
    return card, str(row)


def event(kind: EventKind, key: str = "", **rest: object) -> Event:
    return Event(kind, EventKey(key or kind.value), MORNING + timedelta(hours=2), **rest)  # type: ignore[arg-type]


def row_of(desk: Desk, card: int) -> object:
    with desk.at_work() as work:
        (row,) = people.ladder(work, card)
    return row


def notices(desk: Desk) -> list[str]:
    with desk.at_work() as work:
        return [row.text for row in people.inbox(work, "Ключевой") if row.kind == "notice"]


# --- out ----------------------------------------------------------------------------------------------------------


def test_an_outgoing_document_is_complete(desk: Desk) -> None:
    card, row = written(desk)

    (outgoing,) = desk.edms.outgoing()
    document = outgoing.document
    assert (outgoing.ref, outgoing.card, outgoing.to, outgoing.answers) == (row, str(card), BEREG, None)
    assert (document.uid, document.number, document.subject) == ("ours-1", Number("ИСХ-1", TODAY), "О сверке")
    (author,) = document.authors
    assert author.party is not None
    assert (author.party.index, author.party.name, author.number) == (
        "SVETLY-01",
        "Родникова Алла Юрьевна",
        document.number,
    )
    (addressee,) = document.addressees
    assert (addressee.index, addressee.name) == (BEREG, "Берегова Т. К.")
    assert [one.party.name for one in document.drafters] == ["Лугов Семён Ильич"]
    (file,) = document.files
    assert file.sha256 is not None
    assert whole(outgoing.contents[file.sha256], 100) == b"%PDF-1.7 letter"


def test_a_large_file_is_read_from_the_store(desk: Desk) -> None:
    data = b"0123456789abcdef" * 20_000
    written(desk, {"План.tif": data})

    (outgoing,) = desk.edms.outgoing()
    (content,) = outgoing.contents.values()
    assert (content.size, b"".join(content.blocks())) == (len(data), data)


def test_a_document_whose_file_is_gone_is_told_to_the_clerk_and_holds_up_nobody(desk: Desk) -> None:
    card, _ = written(desk, {"План.tif": b"x" * 200_000})
    written(desk, uid="ours-2")
    for path in (desk.files / "out").iterdir():
        path.unlink()

    assert [one.document.uid for one in desk.edms.outgoing()] == ["ours-2"]
    assert row_of(desk, card).state == "failed"  # type: ignore[attr-defined]
    assert len(notices(desk)) == 1


def test_what_is_taken_is_not_handed_out_again_until_the_clerk_asks(desk: Desk) -> None:
    _, row = written(desk)
    desk.edms.mark(row, OutgoingState.TAKEN)
    assert desk.edms.outgoing() == ()
    desk.edms.mark(row, OutgoingState.FAILED, "5.1.1 no such mailbox")
    with desk.at_work() as work:
        people.send_again(work, int(row), now=desk.clock.later(hours=1))

    assert [one.ref for one in desk.edms.outgoing()] == [row]


def test_two_organisations_are_two_rows_each_with_its_own_ladder(desk: Desk) -> None:
    card, first = written(desk)
    with desk.at_work() as work:
        people.send(work, card, GOROD, clerk="Ключевой", now=desk.clock.at)
    desk.edms.mark(first, OutgoingState.TAKEN)

    assert [one.to for one in desk.edms.outgoing()] == [GOROD]


def test_an_answer_names_the_original_as_its_sender_knows_it(desk: Desk) -> None:
    incoming = desk.card()
    with desk.at_work() as work:
        people.answer(work, incoming, "Ответ", {"a.pdf": b"1"}, signer="Родникова", drafter="Лугов", now=desk.clock.at)

    (outgoing,) = desk.edms.outgoing()
    (link,) = outgoing.document.links
    assert outgoing.answers == "ex-1"
    assert link.kind.text == "В ответ на"
    assert link.document is not None
    assert (link.document.uid, link.document.number) == ("doc-1", Number("14/3", date(2026, 11, 20)))
    (linked,) = outgoing.document.linked
    assert (linked.uid, linked.number, linked.card) == ("doc-1", link.document.number, link.document.card)


def test_a_copy_of_an_answer_to_somebody_else_does_not_speak_of_the_question(desk: Desk) -> None:
    incoming = desk.card()
    with desk.at_work() as work:
        now = desk.clock.at
        card = people.answer(work, incoming, "Ответ", {"a": b"1"}, signer="Родникова", drafter="Лугов", now=now)
        people.send(work, card, GOROD, clerk="Ключевой", now=now)

    copy = next(one for one in desk.edms.outgoing() if one.to == GOROD)
    assert (copy.answers, copy.document.links, copy.document.linked) == (None, (), ())


# --- the ladder ---------------------------------------------------------------------------------------------------


def test_the_ladder_climbs_on_the_dispatch_row(desk: Desk) -> None:
    card, row = written(desk)
    states = []
    desk.edms.mark(row, OutgoingState.TAKEN)
    states.append(row_of(desk, card).state)  # type: ignore[attr-defined]
    desk.edms.mark(row, OutgoingState.SENT, "250 queued as 4F2", MORNING)
    states.append(row_of(desk, card).state)  # type: ignore[attr-defined]
    desk.edms.record(row, [event(EventKind.RECEIVED)])
    states.append(row_of(desk, card).state)  # type: ignore[attr-defined]
    desk.edms.record(row, [event(EventKind.REGISTERED, number=Number("77", TODAY))])
    states.append(row_of(desk, card).state)  # type: ignore[attr-defined]

    assert states == ["queued", "sent", "received", "registered"]
    last = row_of(desk, card)
    assert (last.partner_number, str(last.partner_date), last.relay_words) == (  # type: ignore[attr-defined]
        "77",
        "2026-11-22",
        "250 queued as 4F2",
    )


def test_an_older_rung_never_overwrites_a_newer_one(desk: Desk) -> None:
    card, row = written(desk)
    desk.edms.record(row, [event(EventKind.REGISTERED, number=Number("77", TODAY))])
    desk.edms.record(row, [event(EventKind.RECEIVED), event(EventKind.REFUSED, refusal=Refusal(39, "нет автора"))])
    desk.edms.mark(row, OutgoingState.SENT)
    desk.edms.mark(row, OutgoingState.OVERDUE, "не исполнено в срок")
    desk.edms.mark(row, OutgoingState.TAKEN)

    assert row_of(desk, card).state == "registered"  # type: ignore[attr-defined]


def test_a_late_positive_supersedes_overdue_and_shows_as_late(desk: Desk) -> None:
    card, row = written(desk)
    desk.edms.mark(row, OutgoingState.SENT)
    desk.edms.mark(row, OutgoingState.OVERDUE, "получение не подтверждено за 1 час")
    desk.edms.record(row, [event(EventKind.RECEIVED)])

    received = row_of(desk, card)
    desk.edms.mark(row, OutgoingState.OVERDUE, "нет регистрации")
    late = row_of(desk, card)
    desk.edms.record(row, [event(EventKind.REGISTERED, number=Number("77", TODAY))])
    registered = row_of(desk, card)

    assert (received.state, received.trouble) == ("received", None)  # type: ignore[attr-defined]
    assert (late.state, late.trouble) == ("overdue", "Просрочено: нет регистрации")  # type: ignore[attr-defined]
    assert (registered.state, registered.trouble) == ("registered", None)  # type: ignore[attr-defined]
    with desk.at_work() as work:
        assert [one.text for one in people.news(work, card)][:1] == ["После срока: Архив «Берег»: получено"]


def test_a_refusal_says_why_in_the_clerks_inbox(desk: Desk) -> None:
    card, row = written(desk)
    for _ in range(2):
        desk.edms.record(row, [event(EventKind.REFUSED, refusal=Refusal(1004, "нет подписи"))])

    assert row_of(desk, card).state == "refused"  # type: ignore[attr-defined]
    assert notices(desk) == ["Архив «Берег»: отказано в регистрации: нет подписи"]


@pytest.mark.parametrize(
    ("state", "shown", "words"),
    [
        (OutgoingState.FAILED, "failed", "Не доставлено: 550 нет такого ящика"),
        (OutgoingState.REFUSED, "failed", "Не отправлено: 550 нет такого ящика"),
        (OutgoingState.OVERDUE, "overdue", "Просрочено: 550 нет такого ящика"),
    ],
)
def test_trouble_is_told_to_the_clerk_once(desk: Desk, state: OutgoingState, shown: str, words: str) -> None:
    card, row = written(desk)
    desk.edms.mark(row, OutgoingState.TAKEN)
    for _ in range(2):
        desk.edms.mark(row, state, "550 нет такого ящика", MORNING)

    if state is not OutgoingState.REFUSED:
        assert row_of(desk, card).state == shown  # type: ignore[attr-defined]
    assert notices(desk) == [words]


def test_execution_of_a_sent_task_comes_back_to_that_instruction(desk: Desk) -> None:
    card, row = written(desk)
    with desk.at_work() as work:
        names = ["Берегова Т. К."]
        people.instruct(
            work,
            card,
            "Сверить",
            author="Родникова",
            executors=names,
            now=MORNING,
            uid="task-5",
            organisation="Архив «Берег»",
        )
    (outgoing,) = desk.edms.outgoing()
    (task,) = outgoing.document.tasks
    assert (task.uid, task.executors[0].party.name) == ("task-5", "Берегова Т. К.")
    executor = Executor(Party(person=Person("Берегова Т. К.")), text="Сверено")
    desk.edms.record(row, [event(EventKind.EXECUTOR_REPORTED, task=Task(TaskUid("task-5")), executor=executor)])

    (report,) = desk.rows("select x.*, i.uid from execution x join instruction i on i.id = x.instruction_id")
    assert (report.uid, report.reporter, report.text) == ("task-5", "Берегова Т. К.", "Сверено")


def test_a_task_on_a_restricted_card_of_ours_is_sent_as_it_is(sqlite_desk: Desk) -> None:
    card, _ = written(sqlite_desk)
    with sqlite_desk.at_work() as work:
        people.instruct(work, card, "Сверить", author="Родникова", executors=["Б."], now=MORNING, organisation="Архив")
        people.restrict(work, card, "ДСП")

    (outgoing,) = sqlite_desk.edms.outgoing()
    assert [task.private for task in outgoing.document.tasks] == [False]


def test_an_instruction_the_partner_tells_of_is_one_row_as_it_was_told_last(desk: Desk) -> None:
    card, row = written(desk)
    who = (Executor(Party(person=Person("Берегова Т. К."))),)
    open_ = Task(TaskUid("t"), text="Сверить", executors=who, control=TaskControl(ControlState.OPEN, deadline=TODAY))
    ended = replace(open_, control=TaskControl(ControlState.ENDED, fact_date=TODAY))
    steps = (
        (EventKind.ASSIGNED, open_, ("open", TODAY, None)),
        (EventKind.EXECUTED, ended, ("executed", None, TODAY)),
        (EventKind.NO_LONGER_REPORTED, ended, ("not reported", None, TODAY)),
    )
    for place, (kind, task, shown) in enumerate(steps):
        desk.edms.record(row, [Event(kind, EventKey(f"k{place}"), MORNING, task=task)])

        with desk.at_work() as work:
            (told,) = people.partner_tasks(work, card)
        assert (told.state, day(told.deadline), day(told.fact_date)) == shown
        assert (told.text, told.executors) == ("Сверить", "Берегова Т. К.")


def test_a_registration_that_is_told_no_more_leaves_the_dispatch_row_without_a_number(desk: Desk) -> None:
    card, row = written(desk)
    number = Number("77", TODAY)
    desk.edms.record(row, [Event(EventKind.REGISTERED, EventKey("r"), MORNING, number=number)])
    desk.edms.record(row, [Event(EventKind.NO_LONGER_REPORTED, EventKey("n"), MORNING, number=number)])

    shown = row_of(desk, card)
    assert (shown.state, shown.partner_number) == ("deregistered", None)  # type: ignore[attr-defined]


def test_what_contradicts_changes_no_row_and_is_a_notice_to_the_clerk(desk: Desk) -> None:
    card, row = written(desk)
    registered = Event(EventKind.REGISTERED, EventKey("r"), MORNING, number=Number("77", TODAY))
    other = replace(registered, key=EventKey("o"), number=Number("78", TODAY), contradicts=registered.key)
    refused = Event(EventKind.REFUSED, EventKey("f"), MORNING, refusal=Refusal(39, "нет"), contradicts=registered.key)
    desk.edms.record(row, [registered, other])
    desk.edms.record(row, [refused])

    shown = row_of(desk, card)
    assert (shown.state, shown.partner_number, shown.refusal) == ("registered", "77", None)  # type: ignore[attr-defined]
    assert [text.partition(":")[0] for text in notices(desk)] == ["Противоречие", "Противоречие"]


def test_news_of_a_row_that_is_not_there_is_an_error(desk: Desk) -> None:
    with pytest.raises(LookupError):
        desk.edms.record("4711", [event(EventKind.RECEIVED)])


@pytest.mark.parametrize("kind", list(EventKind))
def test_every_kind_of_event_can_be_written_bare(sqlite_desk: Desk, kind: EventKind) -> None:
    card, row = written(sqlite_desk)
    sqlite_desk.edms.record(row, [Event(kind, EventKey("k"), None)])

    with sqlite_desk.at_work() as work:
        (line,) = people.news(work, card)
    assert line.text.startswith("Архив «Берег»: ")


# --- second thoughts ----------------------------------------------------------------------------------------------


def test_a_document_that_shall_be_withdrawn_is_not_handed_out(desk: Desk) -> None:
    _, row = written(desk)
    with desk.at_work() as work:
        people.withdraw(work, int(row), "ошибочно", now=desk.clock.at)

    assert (desk.edms.withdrawals(), desk.edms.outgoing()) == ((Withdrawal(row, "ошибочно"),), ())


@pytest.mark.parametrize(
    ("state", "shown", "words"),
    [
        (OutgoingState.CANCELLED, "cancelled", "отменено, не отправлялось"),
        (OutgoingState.STANDS, "sent", "не отправлялось"),
    ],
)
def test_a_withdrawal_is_answered_once(desk: Desk, state: OutgoingState, shown: str, words: str) -> None:
    card, row = written(desk)
    desk.edms.mark(row, OutgoingState.SENT)
    with desk.at_work() as work:
        people.withdraw(work, int(row), "ошибочно", now=desk.clock.at)
    for _ in range(2):
        desk.edms.mark(row, state, "не отправлялось")

    last = row_of(desk, card)
    assert (last.state, last.withdrawal) == (shown, words)  # type: ignore[attr-defined]
    assert (desk.edms.withdrawals(), notices(desk)) == ((), [f"Отзыв: {words}"])


def test_an_answer_nobody_waits_for_changes_nothing(desk: Desk) -> None:
    card, row = written(desk)
    desk.edms.mark(row, OutgoingState.CANCELLED, "не отправлялось")
    desk.edms.mark(row, OutgoingState.CHANGES_TAKEN, "дополнение")

    last = row_of(desk, card)
    assert (last.state, last.withdrawal, last.changes_state) == ("to send", None, None)  # type: ignore[attr-defined]


def test_every_wish_to_send_what_changed_has_a_name_of_its_own(desk: Desk) -> None:
    _, row = written(desk)
    assert [one.change for one in desk.edms.outgoing()] == [""]
    desk.edms.mark(row, OutgoingState.TAKEN)
    names = []
    for _ in range(2):
        with desk.at_work() as work:
            people.send_changes(work, int(row), now=desk.clock.later(hours=1))
        (wish,) = desk.edms.outgoing()
        names.append((wish.ref, wish.change))
        desk.edms.mark(row, OutgoingState.CHANGES_TAKEN, "дополнение")
        assert desk.edms.outgoing() == ()

    assert names == [(row, "1"), (row, "2")]


@pytest.mark.parametrize(
    ("states", "shown"),
    [
        ([OutgoingState.CHANGES_NONE], "nothing"),
        ([OutgoingState.CHANGES_TAKEN], "queued"),
        ([OutgoingState.CHANGES_TAKEN, OutgoingState.CHANGES_SENT], "sent"),
        ([OutgoingState.CHANGES_TAKEN, OutgoingState.CHANGES_FAILED], "failed"),
        ([OutgoingState.CHANGES_FAILED], "failed"),
        ([OutgoingState.REFUSED], "failed"),
    ],
)
def test_what_becomes_of_a_change_never_touches_the_ladder(desk: Desk, states: list[OutgoingState], shown: str) -> None:
    card, row = written(desk)
    desk.edms.record(row, [event(EventKind.REGISTERED, number=Number("77", TODAY))])
    with desk.at_work() as work:
        people.send_changes(work, int(row), now=desk.clock.later(hours=1))
    for state in states:
        for _ in range(2):
            desk.edms.mark(row, state, "слова", MORNING)

    last = row_of(desk, card)
    assert (last.state, last.changes_state) == ("registered", shown)  # type: ignore[attr-defined]
    assert len(notices(desk)) == (1 if shown in ("nothing", "failed") else 0)
    assert desk.edms.outgoing() == ()


@pytest.mark.parametrize(("called", "index"), [(BEREG, BEREG), ("Архив «Берег»", BEREG), ("Кто-то", "")])
def test_an_executor_elsewhere_carries_the_index_of_an_organisation_that_is_known(
    desk: Desk, called: str, index: str
) -> None:
    card, _ = written(desk)
    with desk.at_work() as work:
        people.instruct(
            work, card, "Сверить", author="Родникова", executors=["Б. Т."], now=MORNING, organisation=called
        )

    (outgoing,) = desk.edms.outgoing()
    (task,) = outgoing.document.tasks
    assert task.executors[0].party.index == index


# --- an answer and its original -----------------------------------------------------------------------------------


@pytest.mark.parametrize("original", [Original(DocumentUid("ours-1")), Original(number=Number("ИСХ-1", TODAY))])
def test_an_answer_is_linked_with_the_original_both_ways_once(desk: Desk, original: Original) -> None:
    ours, row = written(desk)
    desk.edms.mark(row, OutgoingState.TAKEN)
    answer = desk.card()
    named = replace(original, kind=Term("в ответ на"))
    found = [desk.edms.link(ExchangeId("ex-1"), named) for _ in range(2)]

    assert found == [True, True]
    links = [(row.card_id, row.other_id, row.kind) for row in desk.rows("select * from card_link order by id")]
    assert links == [(answer, ours, "В ответ на"), (ours, answer, "Ответ")]
