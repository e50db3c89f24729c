# SPDX-License-Identifier: GPL-3.0-or-later
"""What is told of a draft, to whom, and that it is heard as the same."""

from dataclasses import replace

import pytest

from gateway.model import (
    Approval,
    ApprovalKind,
    Document,
    DocumentType,
    DocumentUid,
    DraftState,
    Event,
    EventKey,
    EventKind,
    File,
    Number,
    Report,
    Sha256,
    Subscription,
    TaskField,
)
from gateway.policy import receiving
from gateway.reports import Audience, ReportRule, Rung, carrying, news, owed, registered, rung, snapshot, wanted
from gateway.settings import ReceiveSettings, SubscriptionSettings
from tests.core.test_policy import facts
from tests.core.test_reports import ABOUT, ALL, at, fact, person, told

K = EventKind
VISA, SIGNATURE = ApprovalKind.VISA, ApprovalKind.SIGNATURE
FULL = replace(
    ALL,
    visa_direction=True,
    sign_direction=True,
    visa_information=True,
    sign_information=True,
    draft_registration=True,
)
ASKED = frozenset({"v", "s"})
DRAFT = Document(type=DocumentType.DRAFT, card="7", draft=DraftState("initialed", 1, "version-1"))


def given(uid: str, kind: ApprovalKind, minutes: int, **rest: object) -> Event:
    approval = Approval(uid, kind, person("B"), at(minutes), **{"result": "Agreed", **rest})  # type: ignore[arg-type]
    return fact(K.SIGNED, minutes, document=replace(DRAFT, approvals=(approval,)), approval=kind)


TAKEN = fact(K.REGISTERED, 1, card="7", document=Document(type=DocumentType.DRAFT))
TO_VISA = fact(K.DIRECTED, 2, to=person("B"), approval=VISA)
VISAED = given("v", VISA, 3, remark="Mend the date")
TO_SIGN = fact(K.DIRECTED, 4, to=person("C"), approval=SIGNATURE)
SIGNED = given("s", SIGNATURE, 5)
NUMBER = Number("ИСХ-5", at(6).date())
BECAME = fact(K.DRAFT_REGISTERED, 6, number=NUMBER, document=Document(uid=DocumentUid("d"), card="8"))
STORY = (TAKEN, TO_VISA, VISAED, TO_SIGN, SIGNED, BECAME)


def audience(subscription: Subscription = FULL, *, texts: bool = False, asked: frozenset[str] = ASKED) -> Audience:
    fields = frozenset({TaskField.EXECUTOR_TEXT} if texts else ())
    return Audience(subscription, ReportRule(frozenset(EventKind), fields), asked=asked)


def shown(events: tuple[Event, ...], *, texts: bool = False, asked: frozenset[str] = ASKED) -> Report:
    return snapshot(ABOUT, events, audience(texts=texts, asked=asked))


def heard(history: tuple[Event, ...], events: tuple[Event, ...], number: int, newest: int = 0) -> tuple[Event, ...]:
    return news(history, told(shown(events), 60 + number, number), at(60 + newest) if newest else None)


# --- told ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("event", "flag"),
    [
        (TO_VISA, "visa_direction"),
        (TO_SIGN, "sign_direction"),
        (VISAED, "visa_information"),
        (SIGNED, "sign_information"),
        (BECAME, "draft_registration"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_visas_and_signatures_are_told_each_as_it_was_asked_for(event: Event, flag: str) -> None:
    only = replace(ALL, **{flag: True})

    assert [one for one in STORY[1:] if wanted(one, audience(only))] == [event]
    assert not wanted(event, audience(replace(FULL, **{flag: False})))


def test_the_snapshot_has_every_direction_every_decision_and_what_became_of_it() -> None:
    report = shown(STORY)

    assert [(one.kind, one.to.name, one.at) for one in report.directions] == [
        (VISA, "B", at(2)),
        (SIGNATURE, "C", at(4)),
    ]
    assert report.approvals is not None
    assert [(one.uid, one.result, one.remark) for one in report.approvals.approvals] == [
        ("v", "Agreed", "Mend the date"),
        ("s", "Agreed", ""),
    ]
    assert report.draft_registered == Document(uid=DocumentUid("d"), card="8", number=NUMBER)


def test_a_draft_and_its_visas_are_one_document_of_the_report() -> None:
    report = shown(STORY)

    assert report.registered is not None
    assert report.registered.document == report.approvals
    assert report.approvals is not None
    assert (report.approvals.uid, report.approvals.card, report.approvals.type) == ("u", "7", DocumentType.DRAFT)
    assert report.approvals.draft == DRAFT.draft


def test_without_the_registration_the_visas_still_have_their_document() -> None:
    report = shown((VISAED,))

    assert report.registered is None
    assert report.approvals is not None
    assert (report.approvals.uid, report.approvals.card) == ("u", "7")


def test_what_is_not_decided_yet_is_no_result() -> None:
    open_one = replace(VISAED, document=replace(DRAFT, approvals=(Approval("v", VISA, person("B")),)))

    report = shown((TAKEN, open_one))

    assert report.approvals is not None
    assert report.approvals.approvals == ()


def test_a_decision_told_for_a_visa_tells_nothing_of_a_signature_beside_it() -> None:
    both = (*VISAED.document.approvals, *SIGNED.document.approvals) if VISAED.document and SIGNED.document else ()

    report = shown((replace(VISAED, document=replace(DRAFT, approvals=both)),))

    assert report.approvals is not None
    assert [one.uid for one in report.approvals.approvals] == ["v"]


def test_the_newest_decision_is_the_one_that_stands() -> None:
    report = shown((VISAED, given("v", VISA, 4, result="Refused")))

    assert report.approvals is not None
    assert [one.result for one in report.approvals.approvals] == ["Refused"]


@pytest.mark.parametrize(("texts", "remark"), [(False, ""), (True, "Mend the date")])
def test_the_words_of_a_visa_the_sender_did_not_ask_for_leave_only_by_agreement(texts: bool, remark: str) -> None:
    file = File("remarks.txt", sha256=Sha256("0" * 64))
    report = shown((given("ours", VISA, 3, remark="Mend the date", files=(file,)),), texts=texts)

    assert report.approvals is not None
    (approval,) = report.approvals.approvals
    assert (approval.result, approval.remark, approval.files) == ("Agreed", remark, (file,) if texts else ())


def test_a_report_names_no_file_of_a_visa_that_it_does_not_bring() -> None:
    file = File("remarks.txt", sha256=Sha256("0" * 64))

    report = carrying(shown((TAKEN, given("v", VISA, 3, files=(file,)))), {})

    assert report.registered
    assert report.registered.document
    assert report.approvals
    assert [one.files for one in report.registered.document.approvals] == [()]
    assert [one.files for one in report.approvals.approvals] == [()]


@pytest.mark.parametrize("event", STORY[1:], ids=lambda event: event.key)
def test_each_fact_of_a_draft_owes_a_report(event: Event) -> None:
    assert len(owed(ABOUT, STORY, (event,), audience())) == 1


# --- heard --------------------------------------------------------------------------------------------------------


def test_each_step_of_a_draft_told_as_it_happens_is_heard_as_that_step() -> None:
    history: tuple[Event, ...] = ()
    for number in range(1, len(STORY) + 1):
        history += heard(history, STORY[:number], number)

    assert [event.kind for event in history] == [event.kind for event in STORY]
    assert [event.approval for event in history] == [event.approval for event in STORY]


def test_a_draft_is_never_heard_to_have_a_number_until_it_is_registered() -> None:
    report = shown((TAKEN,))
    assert report.registered is not None
    numbered = replace(report.registered.document or Document(), number=Number("б/н", at(0).date()))
    written = replace(report, registered=replace(report.registered, number=numbered.number, document=numbered))

    (event,) = news((), told(written))

    assert (event.kind, event.number) == (K.REGISTERED, None)
    assert news((event,), told(written, 61, 2)) == ()


def test_the_number_of_what_became_of_a_draft_is_no_renumbering_of_it() -> None:
    history = heard((), STORY, 1)

    assert heard(history, STORY, 2) == ()
    assert [event.number for event in history if event.kind is K.DRAFT_REGISTERED] == [NUMBER]
    standing = registered(history)
    assert standing is not None
    assert standing.number is None


def test_a_result_that_changes_is_news_and_an_older_one_that_comes_late_is_not() -> None:
    changed = (*STORY[:3], given("v", VISA, 9, result="Refused"))
    newest = heard((), changed, 5)

    assert [event.kind for event in newest].count(K.SIGNED) == 1
    assert heard(newest, STORY[:3], 2, newest=5) == ()
    assert [event.kind for event in heard(heard((), STORY[:3], 1), changed, 2)] == [K.SIGNED]


def test_a_late_report_still_adds_a_decision_the_newer_one_did_not_know() -> None:
    newest = heard((), (TAKEN, SIGNED), 5)

    late = heard(newest, STORY[:3], 2, newest=5)

    assert [(event.kind, event.approval) for event in late] == [(K.DIRECTED, VISA), (K.SIGNED, VISA)]


@pytest.mark.parametrize(
    ("event", "expected"),
    [(TO_VISA, Rung.FORWARDED), (VISAED, Rung.REPORTED), (BECAME, Rung.EXECUTED)],
    ids=lambda value: value.name if isinstance(value, Rung) else "",
)
def test_a_draft_climbs_too(event: Event, expected: Rung) -> None:
    assert rung([event]) is expected


# --- agreed -------------------------------------------------------------------------------------------------------


def test_a_draft_waits_unless_a_rule_for_drafts_fits_it() -> None:
    for_documents = ReceiveSettings()
    for_drafts = ReceiveSettings(type=("draft",))
    for_both = ReceiveSettings(type=("document", "draft"))

    assert receiving((), facts(draft=True)).rule.register == "wait"
    assert receiving((for_documents,), facts(draft=True)).rule.register == "wait"
    assert receiving((for_documents, for_drafts), facts(draft=True)).rule is for_drafts
    assert receiving((for_both,), facts(draft=True)).rule is for_both


def test_news_of_drafts_are_wanted_of_drafts_and_of_nothing_else_unless_it_was_agreed() -> None:
    silent = SubscriptionSettings()
    never = SubscriptionSettings(
        visa_direction=False,
        sign_direction=False,
        visa_information=False,
        sign_information=False,
        draft_registration=False,
    )

    assert silent.subscription(draft=True) == replace(FULL, days=30)
    assert silent.subscription() == never.subscription(draft=True) == Subscription(30)


def test_the_key_of_an_event_of_a_draft_does_not_depend_on_the_message() -> None:
    first = {event.key for event in heard((), STORY, 1)}
    second = {event.key for event in heard((), STORY, 2)}

    assert first == second
    assert EventKey("") not in first
