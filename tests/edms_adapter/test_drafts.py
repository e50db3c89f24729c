# SPDX-License-Identifier: GPL-3.0-or-later
"""A draft in the EDMS: taken without a number, directed, decided, registered; ours sent, and what is heard of it."""

import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from gateway.content import Held, whole
from gateway.edms_adapter.registry import people
from gateway.edms_adapter.registry.people import Ask
from gateway.edms_adapter.sql.edms import SqlEdms
from gateway.errors import Reason, Refused
from gateway.model import (
    Approval,
    ApprovalKind,
    Document,
    DocumentType,
    DraftState,
    Event,
    EventKey,
    EventKind,
    ExchangeId,
    Number,
    Organisation,
    Party,
    Person,
)
from gateway.ports import Registration, Waiting
from tests.edms_adapter.desk import BEREG, GOROD, MORNING, PDF, Desk, file_of, intake, letter, to
from tests.edms_adapter.test_foreign import edms as edms  # the fixture

BUILT_IN = Path("gateway/edms_adapter/mappings/registry.toml")
VISA, SIGNATURE = ApprovalKind.VISA, ApprovalKind.SIGNATURE
TERM = datetime(2026, 12, 1, 9, 0, tzinfo=UTC)
REMARKS = Held(b"remarks")


def visa(uid: str = "visa-1", party: Party | None = None, **rest: Any) -> Approval:  # Any: the fields of Approval
    return Approval(uid, rest.pop("kind", VISA), party or to("Лугов С. И."), **rest)


def draft(*approvals: Approval, version: int = 1, **rest: Any) -> Document:  # Any: the fields of Document
    state = DraftState("at_sight", version, f"version-{version}")
    return letter("draft-1", "б/н", type=DocumentType.DRAFT, draft=state, approvals=approvals, **rest)


def asked(desk: Desk, card: int) -> list[Any]:  # Any: rows of the registry
    with desk.at_work() as work:
        return people.approvals(work, card)


def inbox(desk: Desk, name: str) -> list[str]:
    with desk.at_work() as work:
        return [row.kind for row in people.inbox(work, name)]


# --- in -----------------------------------------------------------------------------------------------------------


def test_a_draft_becomes_a_card_without_a_number_and_the_counter_stands(desk: Desk) -> None:
    made = desk.registered(draft(visa()))

    assert made.is_draft
    assert made.number == Number()
    (card,) = desk.rows("select * from card")
    assert (card.state, card.number, card.reg_date) == ("draft", None, None)
    assert (card.draft_status, card.draft_version, card.draft_version_uid) == ("at_sight", 1, "version-1")
    assert desk.count("counter") == 0


def test_what_is_asked_is_in_the_inbox_of_whom_it_is_asked(desk: Desk) -> None:
    card = desk.card(draft(visa(term=TERM), visa("sign-1", to("Родникова А. Ю."), kind=SIGNATURE)))

    first, second = asked(desk, card)
    assert (first.uid, first.kind, first.name, first.why) == (
        "visa-1",
        "visa",
        "Лугов С. И.",
        "«Лугов С. И.»: по фамилии и инициалам",
    )
    assert (second.uid, second.kind) == ("sign-1", "signature")
    assert inbox(desk, "Лугов") == inbox(desk, "Родникова") == ["approval"]


def test_what_was_given_before_or_is_asked_of_others_is_kept_and_directed_to_nobody(desk: Desk) -> None:
    theirs = Party(Organisation("Архив «Берег»", index=BEREG), person=Person("Берегова Т. К."))
    given = visa("given", theirs, result="Согласна", signed_at=MORNING)
    card = desk.card(draft(given, visa("open", theirs), visa("again", result="Согласен"), visa()))

    rows = asked(desk, card)
    assert [row.uid for row in rows if row.directed_at] == ["visa-1"]
    assert [row.result for row in rows] == ["Согласна", None, "Согласен", None]
    assert inbox(desk, "Лугов") == ["approval"]


def test_the_same_draft_again_gets_the_very_same_answer(desk: Desk) -> None:
    first = desk.registered(draft(visa()))

    again = desk.registered(draft(visa()))

    assert again == replace(first, created=False)
    assert desk.count("approval") == 1


def test_a_direction_is_told_with_the_draft_and_again_by_changes_under_the_same_key(desk: Desk) -> None:
    (told,) = desk.registered(draft(visa())).events

    (event,) = desk.events(EventKind.DIRECTED)

    assert event == told
    assert (event.approval, event.to and event.to.name, event.at) == (VISA, "Лугов Семён Ильич", MORNING)
    assert desk.events(EventKind.FORWARDED) == []


@pytest.mark.parametrize("name", ["Неведомский Н. Н.", "Озёров И. П."])
def test_a_person_nobody_or_two_fit_is_treated_as_the_office_wants(desk: Desk, name: str) -> None:
    wanted = draft(visa(party=to(name)))

    with pytest.raises(Refused) as refused:
        desk.register(wanted, unknown_addressee="refuse")
    waits = desk.register(wanted, "ex-2", unknown_addressee="wait")
    card = desk.card(wanted, "ex-3")

    assert refused.value.reason is Reason.UNKNOWN_ADDRESSEE
    assert isinstance(waits, Waiting)
    assert name in waits.reason
    assert inbox(desk, "Ключевой") == ["approval"]
    assert name in asked(desk, card)[0].why


def test_a_visa_of_the_organisation_goes_to_the_inbox_the_office_names(desk: Desk) -> None:
    desk.card(draft(visa(party=to())), default_inbox="Полева Нина Олеговна")

    assert inbox(desk, "Полева") == ["approval"]


def test_the_files_of_visas_that_came_lie_with_the_draft(desk: Desk) -> None:
    desk.contents[REMARKS.sha256] = REMARKS
    given = visa("given", result="С замечаниями", files=(file_of(REMARKS, "Замечания.txt"),))

    desk.card(draft(given))

    rows = desk.rows("select name, content from card_file order by position")
    assert [(row.name, bytes(row.content)) for row in rows] == [
        ("Письмо.pdf", PDF.data),
        ("Замечания.txt", REMARKS.data),
    ]


def test_a_draft_waits_with_what_is_asked_and_a_person_directs_just_that(desk: Desk) -> None:
    waits = desk.register(draft(visa(), visa("sign-1", kind=SIGNATURE)), wait_because="так решено")
    assert isinstance(waits, Waiting)
    card = int(waits.ref)
    assert [row.directed_at for row in asked(desk, card)] == [None, None]

    with desk.at_work() as work:
        people.take_draft(work, card, by="Ключевой", now=desk.clock.later(minutes=5))
        key = people.direct(work, card, "visa", "Лугов", by="Ключевой", now=desk.clock.at)
    (directed,) = desk.events(EventKind.DIRECTED)
    again = desk.registered(draft(visa(), visa("sign-1", kind=SIGNATURE)))

    assert key == asked(desk, card)[0].id
    assert directed.who is not None
    assert directed.who.name == "Ключевой Пётр Савельевич"
    assert (again.is_draft, again.ref, again.created) == (True, waits.ref, False)


def test_only_a_draft_that_waits_can_be_taken_as_one(desk: Desk) -> None:
    waits = desk.register(wait_because="так решено")

    with desk.at_work() as work, pytest.raises(LookupError):
        people.take_draft(work, int(waits.ref), by="Ключевой", now=desk.clock.at)


def test_a_mapping_without_drafts_lays_them_before_a_person(url: str, tmp_path: Path) -> None:
    written = BUILT_IN.read_text(encoding="utf-8")
    blocks = re.split(r"(?m)^(?=\[\[?\w)", written)
    mapping = tmp_path / "without.toml"
    mapping.write_text("".join(block for block in blocks if not re.match(r"\[\[?draft\b", block)), encoding="utf-8")

    with Desk.at(url, tmp_path / "files", mapping) as desk:
        waits = desk.register(draft(visa()))

    assert isinstance(waits, Waiting)
    assert waits.reason == "проекты документов здесь не ведутся"


def test_a_draft_is_never_taken_for_a_letter_of_the_same_number(desk: Desk) -> None:
    desk.card(letter("doc-1", "14/3"))

    made = desk.registered(replace(draft(visa()), number=Number("14/3", date(2026, 11, 20))), "ex-2")

    assert made.is_draft


# --- what people do -----------------------------------------------------------------------------------------------


def test_a_decision_is_told_with_who_what_and_the_files(desk: Desk) -> None:
    card = desk.card(draft(visa()))
    (row,) = asked(desk, card)
    with desk.at_work() as work:
        now = desk.clock.later(hours=1)
        files = {"Замечания.txt": REMARKS.data}
        people.sign(work, row.id, "Не согласен", "Нет суммы", by="Лугов", now=now, files=files)

    page = desk.edms.changes(None)

    (event,) = (one.event for one in page.events if one.event.kind is EventKind.SIGNED)
    assert event.document is not None
    (given,) = event.document.approvals
    assert event.approval is VISA
    assert event.document.draft == DraftState("initialed", 1, "version-1")
    assert (given.uid, given.party.name, given.result, given.remark) == (
        "visa-1",
        "Лугов Семён Ильич",
        "Не согласен",
        "Нет суммы",
    )
    assert given.signed_at == MORNING + timedelta(hours=1)
    assert [(file.name, whole(page.contents[REMARKS.sha256], 100)) for file in given.files] == [
        ("Замечания.txt", REMARKS.data)
    ]


def test_deciding_again_is_another_fact(desk: Desk) -> None:
    card = desk.card(draft(visa()))
    (row,) = asked(desk, card)
    keys = []
    for result in ("Не согласен", "Согласен"):
        with desk.at_work() as work:
            people.sign(work, row.id, result, by="Лугов", now=desk.clock.later(hours=1))
        (event,) = desk.events(EventKind.SIGNED)
        keys.append(event.key)

    assert len(set(keys)) == 2


def test_a_registered_draft_is_told_by_the_number_of_the_document_it_became(desk: Desk) -> None:
    card = desk.card(draft(visa()))
    with desk.at_work() as work:
        made = people.register_draft(work, card, signer="Родникова", drafter="Лугов", now=desk.clock.at)

    (event,) = desk.events(EventKind.DRAFT_REGISTERED)

    assert event.number == Number("ИСХ-1", date(2026, 11, 22))
    assert event.document is not None
    assert (event.document.card, event.document.number, event.document.type) == (
        str(made),
        event.number,
        DocumentType.CREATED,
    )
    assert event.document.uid not in ("", "draft-1")
    files = desk.rows(f"select name, sha256 from card_file where card_id = {made}")
    assert [(row.name, row.sha256) for row in files] == [("Письмо.pdf", PDF.sha256)]


def test_another_version_is_added_to_the_draft_and_told_to_whom_it_was_directed(desk: Desk) -> None:
    card = desk.card(draft(visa()))
    follow_up = draft(visa(), version=2)

    for _ in range(2):
        desk.edms.attach(ExchangeId("ex-1"), follow_up, desk.contents, ExchangeId("follow-1"))

    (row,) = desk.rows(f"select draft_version, draft_version_uid, number from card where id = {card}")
    assert (row.draft_version, row.draft_version_uid, row.number) == (2, "version-2", None)
    with desk.at_work() as work:
        notices = [row.text for row in people.inbox(work, "Лугов") if row.kind == "notice"]
    assert notices == ["Поступила новая версия проекта: 2"]


def test_what_a_new_version_asks_for_beside_is_directed_too(desk: Desk) -> None:
    card = desk.card(draft(visa()))
    theirs = visa("theirs", Party(Organisation(index=BEREG), person=Person("Лугов С. И.")))
    follow_up = draft(
        visa(), visa("sign-1", to("Родникова А. Ю."), kind=SIGNATURE), visa("any", to()), theirs, version=2
    )

    for _ in range(2):
        desk.edms.attach(ExchangeId("ex-1"), follow_up, desk.contents, ExchangeId("follow-1"))

    assert [row.uid for row in asked(desk, card)] == ["visa-1", "sign-1", "any"]
    assert inbox(desk, "Родникова") == inbox(desk, "Ключевой") == ["approval"]
    assert len(desk.events(EventKind.DIRECTED)) == 3


# --- out ----------------------------------------------------------------------------------------------------------


def written(desk: Desk, *wanted: Ask) -> tuple[int, str]:
    """Write a draft of ours and mark it to send; return the card and the dispatch row."""
    with desk.at_work() as work:
        files = {"Проект.pdf": b"%PDF-1.7 draft"}
        now = desk.clock.at
        card = people.write_draft(
            work, "О сверке", files, signer="Родникова", drafter="Лугов", now=now, asked=wanted, uid="ours-1"
        )
        row = people.send(work, card, BEREG, clerk="Ключевой", now=now)
    return card, str(row)


def test_a_draft_of_ours_goes_out_with_its_version_and_what_is_asked_of_that_partner(desk: Desk) -> None:
    mine = Ask("visa", BEREG, "Берегова Т. К.", "директор", TERM)
    written(desk, mine, Ask("signature", GOROD, "Городова Е. Е."))

    (outgoing,) = desk.edms.outgoing()

    document = outgoing.document
    assert (document.type, document.number, document.subject) == (DocumentType.DRAFT, Number(), "О сверке")
    assert document.draft is not None
    assert (document.draft.status, document.draft.version) == ("created", 1)
    assert document.draft.version_uid not in ("", "ours-1")
    (approval,) = document.approvals
    assert (approval.kind, approval.party.index, approval.party.person, approval.term) == (
        VISA,
        BEREG,
        Person("Берегова Т. К.", "директор"),
        TERM,
    )


def test_the_next_version_has_its_own_uid_and_only_its_own_files(desk: Desk) -> None:
    card, _ = written(desk, Ask("visa", BEREG))
    (first,) = desk.edms.outgoing()
    with desk.at_work() as work:
        number = people.write_version(work, card, {"Проект 2.pdf": b"%PDF-1.7 second"}, now=desk.clock.at)

    (second,) = desk.edms.outgoing()

    assert first.document.draft
    assert second.document.draft
    assert (number, second.document.draft.version, second.document.uid) == (2, 2, first.document.uid)
    assert second.document.draft.version_uid != first.document.draft.version_uid
    assert [file.name for file in second.document.files] == ["Проект 2.pdf"]
    assert desk.count("card_file") == 2  # the earlier version is kept


def signed(uid: str, kind: ApprovalKind = VISA, *, name: str = "Берегова Т. К.", **rest: Any) -> Event:
    given = Approval(uid, kind, Party(person=Person(name)), MORNING, result="Согласна", **rest)  # Any: of Approval
    document = Document(type=DocumentType.DRAFT, approvals=(given,))
    return Event(EventKind.SIGNED, EventKey(f"signed-{uid}"), MORNING, given.party, document=document, approval=kind)


def test_what_a_partner_decided_stands_on_what_was_asked_once(desk: Desk) -> None:
    card, row = written(desk, Ask("visa", BEREG, "Берегова Т. К."))
    (ask,) = asked(desk, card)
    news = [signed(ask.uid, remark="Исправить", files=(file_of(REMARKS, "Замечания.txt"),))]

    for _ in range(2):
        desk.edms.record(row, news, {REMARKS.sha256: REMARKS})

    (ours,) = asked(desk, card)
    assert (ours.result, ours.remark, ours.signer) == ("Согласна", "Исправить", "Берегова Т. К.")
    (file,) = desk.rows(f"select name, content from card_file where approval_id = {ours.id}")
    assert (file.name, bytes(file.content)) == ("Замечания.txt", REMARKS.data)
    with desk.at_work() as work:
        (line,) = people.news(work, card)
    assert line.text == ("Архив «Берег»: виза: Берегова Т. К.: Согласна; замечание: Исправить; файлы: Замечания.txt")


def test_a_decision_nobody_asked_for_has_a_line_of_its_own_and_is_never_asked_for_later(desk: Desk) -> None:
    card, row = written(desk, Ask("visa", BEREG, "Берегова Т. К."))

    desk.edms.record(row, [signed("theirs", SIGNATURE)])

    rows = asked(desk, card)
    assert [(one.kind, one.result) for one in rows] == [("visa", None), ("signature", "Согласна")]
    (outgoing,) = desk.edms.outgoing()
    assert [one.uid for one in outgoing.document.approvals] == [rows[0].uid]


def test_a_direction_is_shown_on_the_visa_of_that_person(desk: Desk) -> None:
    card, row = written(desk, Ask("visa", BEREG, "Берегова Т. К."), Ask("visa", BEREG, "Донская М. М."))
    whom = Party(person=Person("Берегова Тамара Кузьминична"))

    desk.edms.record(row, [Event(EventKind.DIRECTED, EventKey("d"), MORNING, to=whom, approval=VISA)])

    assert [one.directed_to for one in asked(desk, card)] == ["Берегова Тамара Кузьминична", None]


def test_the_registration_of_a_draft_of_ours_shows_its_number_there(desk: Desk) -> None:
    card, row = written(desk)
    number = Number("01-9", date(2026, 11, 23))
    taken = Document(type=DocumentType.DRAFT, number=Number("б/н", date(2026, 11, 22)))

    desk.edms.record(row, [Event(EventKind.REGISTERED, EventKey("r"), MORNING, card="7", document=taken)])
    with desk.at_work() as work:
        (before,) = people.ladder(work, card)
    desk.edms.record(row, [Event(EventKind.DRAFT_REGISTERED, EventKey("n"), MORNING, number=number)])

    with desk.at_work() as work:
        (after,) = people.ladder(work, card)
        lines = [line.text for line in people.news(work, card)]
    assert (before.state, before.partner_number) == ("registered", None)
    assert after.partner_number == "01-9"
    assert lines == [
        "Архив «Берег»: зарегистрировано как проект",
        "Архив «Берег»: проект зарегистрирован № 01-9 от 23.11.2026",
    ]


# --- another system -----------------------------------------------------------------------------------------------


def test_another_mapping_keeps_drafts_in_rows_of_its_own(edms: SqlEdms) -> None:
    made = edms.register(draft(visa()), {PDF.sha256: PDF}, ExchangeId("ex-1"), intake())

    assert isinstance(made, Registration)
    assert (made.is_draft, made.ref) == (True, "draft-1/1")
    with edms.database.reading() as work:
        (row,) = work.rows(text("select code, holder, about from letter"))
        (counter,) = work.rows(text("select n from register"))
    assert (row.code, row.holder, row.about) == ("draft-1/1", "lugov", "О передаче дел")
    assert counter.n == 0
