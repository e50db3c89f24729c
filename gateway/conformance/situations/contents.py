# SPDX-License-Identifier: GPL-3.0-or-later
"""What a document has inside: people, tasks, links to other documents; all of it is taken."""

from dataclasses import replace
from datetime import date, timedelta

from gateway.conformance.making import Maker, Situation, situations
from gateway.conformance.situations.documents import SOMEBODY, taken
from gateway.model import (
    Author,
    Citizen,
    ContactKind,
    ContactPoint,
    ControlState,
    Department,
    Document,
    DocumentControl,
    DocumentRef,
    DocumentType,
    DocumentUid,
    Drafter,
    Executor,
    Link,
    Number,
    Party,
    Person,
    PostalAddress,
    Task,
    TaskControl,
    TaskKind,
    TaskUid,
    Term,
    Visa,
)

CITIZEN = Party(citizen=Citizen("Липова Ольга Егоровна", "female"), postal=(PostalAddress("220000", text="Минск"),))


def _them(make: Maker, person: Person | None = None, department: str = "") -> Party:
    made = Department(department) if department else None
    return replace(make.organisation(make.ground.theirs), person=person, department=made)


def _us(make: Maker, **given: object) -> Party:
    return replace(make.organisation(make.ground.ours), **given)  # type: ignore[arg-type]  # fields of a party


PEOPLE = {
    "known-addressee": ("The addressee is found by name.", taken(lambda m: {})),
    "short-addressee": (
        "Surname and initials are a name.",
        taken(lambda m: {"addressees": (_them(m, Person(_initials(m.ground.addressee))),)}),
    ),
    "two-addressees": (
        "One of two addressees is known.",
        taken(lambda m: {"addressees": (_them(m, Person(m.ground.addressee)), _them(m, Person("Неведомский Ю. Ю.")))}),
    ),
    "unknown-addressee": (
        "An unknown addressee is no obstacle: a clerk gets it.",
        taken(lambda m: {"addressees": (_them(m, Person("Неведомский Ю. Ю.")),)}),
    ),
    "department": (
        "A department may be the addressee.",
        taken(lambda m: {"addressees": (_them(m, department="Отдел, которого нет"),)}),
    ),
    "post-alone": (
        "A post may be the addressee.",
        taken(lambda m: {"addressees": (_them(m, Person("", "директор")),)}),
    ),
    "no-addressee": ("Nobody need be named.", taken(lambda m: {"addressees": ()})),
    "organisation-alone": (
        "The organisation alone may be the addressee.",
        taken(lambda m: {"addressees": (_them(m),)}),
    ),
    "also-others": (
        "Addressees elsewhere are left alone.",
        taken(lambda m: {"addressees": (SOMEBODY, _them(m, Person(m.ground.addressee)))}),
    ),
    "two-authors": (
        "Two organisations may write together.",
        taken(lambda m: {"authors": (Author(_us(m), m.number), Author(SOMEBODY, Number("К-1", date(2026, 3, 9))))}),
    ),
    "author-without-person": (
        "An author may be the organisation alone.",
        taken(lambda m: {"authors": (Author(_us(m), m.number),)}),
    ),
    "author-without-number": (
        "An author may give no number of its own.",
        taken(lambda m: {"authors": (Author(_us(m)),)}),
    ),
    "author-elsewhere": (
        "The author may be somebody else than the sender.",
        taken(lambda m: {"authors": (Author(SOMEBODY, m.number),)}),
    ),
    "citizen": ("A citizen may be the author.", taken(lambda m: {"authors": (Author(CITIZEN, m.number),)})),
    "drafter": (
        "Who prepared it travels along.",
        taken(lambda m: {"drafters": (Drafter(_us(m, person=Person("Тополев И. И.", "инженер")), "тел. 12-34"),)}),
    ),
    "visas": (
        "Visas travel along.",
        taken(lambda m: {"visas": (Visa(_us(m, person=Person("Сосновая А. А.")), date(2026, 3, 9), "Согласовано"),)}),
    ),
    "contacts": (
        "Addresses and telephones of every kind are no obstacle.",
        taken(
            lambda m: {
                "authors": (
                    Author(
                        _us(
                            m,
                            contacts=tuple(ContactPoint(kind, f"{kind.value}@kit.example") for kind in ContactKind),
                            postal=(PostalAddress("220000", Term("Минск", "7"), "Минск", "ул. Садовая, 1"),),
                        ),
                        m.number,
                    ),
                )
            }
        ),
    ),
}


def _initials(name: str) -> str:
    surname, *others = name.split()
    return " ".join([surname, *(f"{one[0]}." for one in others)])


def _task(make: Maker, name: str = "1", **given: object) -> Task:
    plain = Task(
        uid=TaskUid(make.id("task", name)),
        author=_us(make, person=Person("Ветров Олег Ильич", "директор")),
        signed_on=make.ground.at.date(),
        text=f"Прошу рассмотреть, пункт {name}",
        executors=(Executor(_them(make, Person(make.ground.addressee)), responsible=True),),
        control=TaskControl(deadline=make.ground.at.date() + timedelta(days=14)),
    )
    return replace(plain, **given)  # type: ignore[arg-type]  # fields of a task


def _controlled(make: Maker) -> dict[str, object]:
    on = TaskControl(ControlState.OPEN, _us(make, person=Person("Сосновая А. А.")), make.ground.at.date())
    return {"tasks": (_task(make, control=on),)}


TASKS = {
    "one": ("A task travels with its document.", taken(lambda m: {"tasks": (_task(m),)})),
    "two": ("Two tasks travel with one document.", taken(lambda m: {"tasks": (_task(m, "1"), _task(m, "2"))})),
    "tree": (
        "A task may hang on another.",
        taken(lambda m: {"tasks": (_task(m, "1"), _task(m, "2", parent=TaskUid(m.id("task", "1"))))}),
    ),
    "point": (
        "A point of a document is a task.",
        taken(lambda m: {"tasks": (_task(m, kind=TaskKind.POINT, number="1.2"),)}),
    ),
    "two-executors": (
        "A task may have several executors.",
        taken(
            lambda m: {
                "tasks": (
                    _task(
                        m,
                        executors=(
                            Executor(_them(m, Person(m.ground.addressee)), responsible=True),
                            Executor(SOMEBODY),
                        ),
                    ),
                )
            }
        ),
    ),
    "elsewhere": (
        "A task for somebody else is no obstacle.",
        taken(lambda m: {"tasks": (_task(m, executors=(Executor(SOMEBODY, responsible=True),)),)}),
    ),
    "no-deadline": ("A task needs no deadline.", taken(lambda m: {"tasks": (_task(m, control=None),)})),
    "controlled": ("A task may be under control.", taken(_controlled)),
    "without-text": (
        "A task without a text is noted, and no obstacle.",
        taken(lambda m: {"tasks": (_task(m, text=""),)}),
    ),
    "with-file": ("A task may have a file.", taken(lambda m: {"tasks": (_task(m, files=(m.file("Поручение.txt"),)),)})),
    "deadline": (
        "A document may have a deadline of its own.",
        taken(lambda m: {"control": DocumentControl(ControlState.OPEN, m.ground.at.date() + timedelta(days=3))}),
    ),
    "deadline-past": (
        "A deadline that is over is no obstacle.",
        taken(lambda m: {"control": DocumentControl(ControlState.OPEN, date(2020, 1, 1))}),
    ),
    "control-ended": (
        "A control that ended is no obstacle.",
        taken(lambda m: {"control": DocumentControl(ControlState.ENDED, date(2026, 3, 1), date(2026, 3, 2))}),
    ),
}


def _linked(make: Maker) -> dict[str, object]:
    uid = DocumentUid(make.id("linked"))
    other = Document(uid=uid, number=Number("К-7", date(2026, 2, 1)), card="2", type=DocumentType.INCOMING)
    return {"linked": (other,), "links": (Link(Term("В ответ на"), DocumentRef(uid, other.number, card="2")),)}


LINKS = {
    "unknown": ("A link to a document nobody knows is kept as words.", taken(_linked)),
    "in-words": (
        "A link may be words alone.",
        taken(lambda m: {"links": (Link(Term("На №"), description="12 от 01.02.2026"),)}),
    ),
    "address": (
        "A link may be an address.",
        taken(lambda m: {"links": (Link(Term("См."), url="https://kit.example/1"),)}),
    ),
}

SITUATIONS: tuple[Situation, ...] = (
    *situations("people", PEOPLE),
    *situations("tasks", TASKS),
    *situations("links", LINKS),
)
