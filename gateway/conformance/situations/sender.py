# SPDX-License-Identifier: GPL-3.0-or-later
"""The gateway under test as a sender: what it writes, and what it makes of the reports about it.

Reports are owed nothing (in MEDO a receipt), so these cases hear no more; a gateway of ours is also asked what stands
on its card.
The passports name their document by marks, which are filled when the document has come (`fill`).
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from html import escape

from gateway.conformance.case import Case, Step
from gateway.conformance.ground import Ground
from gateway.conformance.making import RECEIVED, Maker, in_words
from gateway.model import (
    Answer,
    Consideration,
    ControlState,
    Document,
    DocumentRef,
    DocumentUid,
    EventKind,
    Executor,
    Forwarding,
    Message,
    MessageId,
    Number,
    Party,
    Person,
    Redirection,
    Refusal,
    Registered,
    Report,
    ReportKind,
    ReturnId,
    Task,
    TaskControl,
    TaskUid,
    Term,
)

RETURN_ID, UID, NUMBER = "4b17" * 8, "4b18" * 8, "ИСХ-4b19"
MARKS = (
    (RETURN_ID, "@RETURN-ID@"),
    (UID, "@UID@"),
    (NUMBER, "@NUMBER@"),
)
DOCUMENTS = 4  # how many documents of theirs the cases need

CHECKS = {
    "readable": "A document they send is understood, and nothing of it is wrong.",
    "schema": "It obeys the schema of its standard.",
    "ids": "Its message id, return id and uid are there, and no other message has the first two.",
    "sender": "Its sender is their index.",
    "recipient": "Our index is among its recipients.",
    "number": "It has a number and a date.",
    "author": "It has an author.",
    "files": "Every file it names came.",
    "letter": "Its letter has a date, a Message-ID, and one From, which is their address.",
}


def marked(passport: bytes) -> bytes:
    """Return *passport* with marks in the place of what only a document of theirs can say."""
    text = passport
    for said, mark in MARKS:
        text = text.replace(said.encode(), mark.encode()).replace(_dashed(said).encode(), mark.lower().encode())
    return text


def fill(passport: bytes, document: Message) -> bytes:
    """Return *passport* about *document*, one of theirs."""
    assert isinstance(document.body, Document)
    said = (document.return_id, document.body.uid, document.body.number.text)
    for value, (_, mark) in zip(said, MARKS, strict=True):
        dashed = _dashed(value) if len(value) == 32 else value
        passport = passport.replace(mark.encode(), escape(value).encode())
        passport = passport.replace(mark.lower().encode(), escape(dashed).encode())
    return passport


def _dashed(text: str) -> str:
    """Return 32 digits as a GUID is written."""
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


# --- what stands --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Stands:
    """Makes the reports of one ground; each repeats what stands and adds one fact."""

    make: Maker

    @property
    def about(self) -> DocumentRef:
        return DocumentRef(DocumentUid(UID), Number(NUMBER, self.make.ground.at.date()), Term("Письма"))

    @property
    def person(self) -> Party:
        return replace(self.make.organisation(self.make.ground.ours), person=Person("Ветров Олег Ильич", "директор"))

    def task(self, **control: object) -> Task:
        day = self.make.ground.at.date()
        control.setdefault("deadline", day + timedelta(days=14))
        return Task(
            TaskUid(self.make.ground.id("task there")),
            author=self.person,
            signed_on=day,
            text="Подготовить ответ",
            executors=(Executor(self.person, responsible=True),),
            control=TaskControl(**control),  # type: ignore[arg-type]  # the caller names fields of a control
        )

    def registered(self, **more: object) -> Report:
        at = self.make.ground.at
        made = Registered(Number(f"ВХ-{self.make.ground.run[:6]}", at.date()), at=at)
        report = Report(ReportKind.PROGRESS, self.about, registered=made)
        return replace(report, **more)  # type: ignore[arg-type]  # the caller names fields of a report

    def considered(self, task: Task, **more: object) -> Report:
        return self.registered(
            forwardings=(Forwarding(self.person, self.make.ground.at),), considerations=(Consideration(task),), **more
        )

    def reported(self) -> Task:
        task = self.task(state=ControlState.OPEN)
        done = replace(task.executors[0], text="Ответ подготовлен", reported_at=self.make.ground.at)
        return replace(task, executors=(done,))

    def closed(self) -> Task:
        day = self.make.ground.at.date()
        return replace(
            self.reported(),
            control=TaskControl(
                ControlState.ENDED, deadline=day + timedelta(days=21), fact_date=day, resume="Исполнено"
            ),
        )

    def answer(self) -> Answer:
        uid = DocumentUid(self.make.ground.id("answer"))
        return Answer(
            Document(uid=uid, number=Number("К-1", self.make.ground.at.date()), card="7"), self.make.ground.at
        )

    def edited(self) -> Report:
        document = Document(uid=DocumentUid(UID), number=self.registered().registered.number)  # type: ignore[union-attr]
        return Report(ReportKind.EDITED, self.about, edited=document, edited_text="Файлы добавлены")

    def receipt(self) -> Report:
        return Report(ReportKind.RECEIPT, self.about, received_at=self.make.ground.at)

    def refusal(self) -> Report:
        return Report(ReportKind.REFUSAL, self.about, refusal=Refusal(1031, "Документ адресован другой организации."))


Make = Callable[[Stands], Report]

KIND = EventKind
# name → (title, document, fact, report)
LADDER: dict[str, tuple[str, int, EventKind, Make]] = {
    "received": ("A receipt is heard.", 1, KIND.RECEIVED, Stands.receipt),
    "registered": ("A registration is heard.", 1, KIND.REGISTERED, Stands.registered),
    "forwarded": (
        "A forwarding is heard.",
        1,
        KIND.FORWARDED,
        lambda s: s.registered(forwardings=(Forwarding(s.person, s.make.ground.at),)),
    ),
    "assigned": ("A task of their people is heard.", 1, KIND.ASSIGNED, lambda s: s.considered(s.task())),
    "due-changed": (
        "A deadline that moves is heard.",
        1,
        KIND.DUE_CHANGED,
        lambda s: s.considered(s.task(state=ControlState.OPEN, deadline=s.make.ground.at.date() + timedelta(days=21))),
    ),
    "executor-reported": (
        "The report of an executor is heard.",
        1,
        KIND.EXECUTOR_REPORTED,
        lambda s: s.considered(
            replace(
                s.reported(),
                control=s.task(state=ControlState.OPEN, deadline=s.make.ground.at.date() + timedelta(days=21)).control,
            )
        ),
    ),
    "executed": ("An execution is heard.", 1, KIND.EXECUTED, lambda s: s.considered(s.closed())),
    "redirected": (
        "A redirection is heard.",
        1,
        KIND.REDIRECTED,
        lambda s: s.considered(s.closed(), redirections=(Redirection(s.person, s.make.ground.at, Term("Почта")),)),
    ),
    "answered": (
        "An answer is heard.",
        1,
        KIND.ANSWERED,
        lambda s: s.considered(
            s.closed(),
            redirections=(Redirection(s.person, s.make.ground.at, Term("Почта")),),
            answers=(s.answer(),),
        ),
    ),
    "edited": ("An applied change is heard.", 1, KIND.EDITED, Stands.edited),
    "refused": ("A refusal is heard.", 2, KIND.REFUSED, Stands.refusal),
    "second-thoughts": ("A registration after a refusal is heard.", 2, KIND.REGISTERED, Stands.registered),
    "without-receipt": ("A registration needs no receipt before it.", 3, KIND.REGISTERED, Stands.registered),
    "late-receipt": ("A receipt may come late.", 3, KIND.RECEIVED, Stands.receipt),
}


def cases(ground: Ground, place: int) -> tuple[Case, ...]:
    """Return the cases in which the gateway under test is the sender; *place* is the first of them in the book."""
    make = Maker(ground, "sender", place)
    stands = Stands(make)
    checks = tuple(
        Case(f"{ground.dialect}/sender/{name}", title, (), ground.dialect, "sender", checks=(name,))
        for name, title in CHECKS.items()
    )
    said = [name for name, (_, _, fact, _) in LADDER.items() if make.dialect.carries[fact].how != "no"]
    ladder = tuple(_rung(make, stands, name, minute) for minute, name in enumerate(said, 1))
    return (*checks, *ladder)


def _rung(make: Maker, stands: Stands, name: str, minute: int) -> Case:
    title, document, fact, report = LADDER[name]
    confirmed = make.dialect.confirms_reports and fact is not EventKind.RECEIVED
    step = Step(
        letter=passport(make, report(stands), fact, name, minute),
        outcome="noted",
        reports=(RECEIVED,) if confirmed else (),
        return_id=make.id(name) if confirmed else "",
        envelope_sender=make.ground.ours.address,
        letter_id=f"{make.id(name)}@{make.ground.ours.address.rpartition('@')[2]}",
        events=(_heard_as(make, report(stands), fact).value,),
        sent_at=make.ground.at + timedelta(minutes=minute),
    )
    return Case(
        f"{make.ground.dialect}/sender/{name}", title, (step,), make.ground.dialect, "sender", document=document
    )


def _heard_as(make: Maker, report: Report, fact: EventKind) -> EventKind:
    """Return what stands on the card when *report* told *fact*."""
    if report.kind is not ReportKind.PROGRESS or make.dialect.accumulates:
        return shown(make, fact)
    said = make.dialect.degrade(message(make, alone(report, fact), "as")).body
    return (said.fact if isinstance(said, Report) else None) or fact


def shown(make: Maker, fact: EventKind) -> EventKind:
    """Return what stands on the card when *fact* was told: some standards have words only."""
    return EventKind.PROGRESS if in_words(make.dialect, fact) else fact


def passport(make: Maker, report: Report, fact: EventKind, name: str, minute: int, **given: object) -> bytes:
    """Return *report*, sent *minute* minutes into the conversation; where reports do not accumulate, *fact* alone."""
    if report.kind is ReportKind.PROGRESS and not make.dialect.accumulates:
        report = alone(report, fact)
    return marked(make.dialect.write(message(make, report, name, minute, **given)).passport)


SHOWS = {  # what of a report tells a fact; of every other one a task does
    KIND.REGISTERED: "registered",
    KIND.FORWARDED: "forwardings",
    KIND.REDIRECTED: "redirections",
    KIND.ANSWERED: "answers",
}


def alone(report: Report, fact: EventKind) -> Report:
    """Return *report* with nothing in it but *fact*."""
    shows = SHOWS.get(fact, "considerations")
    return replace(Report(report.kind, report.about, fact), **{shows: getattr(report, shows)})


def message(make: Maker, report: Report, name: str, minute: int = 0, **given: object) -> Message:
    plain = replace(
        make.message(),
        id=MessageId(make.id(name)),
        return_id=ReturnId(RETURN_ID),
        sent_at=make.ground.at + timedelta(minutes=minute),
        body=report,
    )
    return replace(plain, **given)  # type: ignore[arg-type]  # the caller names fields of a message
