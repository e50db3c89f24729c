# SPDX-License-Identifier: GPL-3.0-or-later
"""Documents as offices write them: all are taken, whatever fields they have; a few must lie before a person first."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from unicodedata import normalize

from gateway.conformance.case import Step, Told
from gateway.conformance.making import RECEIVED, Maker, Situation, situations
from gateway.model import (
    AdditionalField,
    Department,
    DocumentType,
    DraftState,
    FieldType,
    File,
    FileRole,
    Message,
    Number,
    Organisation,
    Party,
    Person,
    Signature,
    Subscription,
    TaskDetails,
    Term,
)

Given = Callable[[Maker], dict[str, object]]
SOMEBODY = Party(Organisation("Третья организация", index="EX-THIRD"), person=Person("Кедров Илья Саввич", "начальник"))


def taken(given: Given) -> Callable[[Maker], list[Step]]:
    """Return the steps of a document with the fields *given*: it is registered."""
    return lambda make: [make.step(make.telling(make.document(**given(make))))]


def sent(change: Callable[[Maker, Message], Message]) -> Callable[[Maker], list[Step]]:
    """Return the steps of a plain document whose message was changed: it is registered."""
    return lambda make: [make.step(change(make, make.message()))]


def waiting(given: Given) -> Callable[[Maker], list[Step]]:
    """Return the steps of a document that lies before a person: they hear that it came, and no more."""
    return lambda make: [make.step(make.telling(make.document(**given(make))), outcome="waiting", reports=(RECEIVED,))]


def _many_files(make: Maker) -> dict[str, object]:
    return {"files": tuple(make.file(f"Приложение {n}.txt", role=FileRole.ANNEX) for n in range(1, 31))}


def _signed(make: Maker, name: str, count: int) -> File:
    file = make.file(name)
    made = []
    for number in range(1, count + 1):
        content = make.file(f"{name}.{number}.sig", b"\x30\x82 no real signature, but carried on %d" % number)
        at = make.ground.at - timedelta(hours=number)
        made.append(Signature(content.name, content.size, content.sha256, at, 1, "Ветров О. И."))
    return replace(file, signatures=tuple(made))


FILES = {
    "one": ("A document with one file is registered.", taken(lambda make: {})),
    "none": ("A document may have no file at all.", taken(lambda make: {"files": ()})),
    "two": (
        "A document with its text and an annex is registered.",
        taken(lambda m: {"files": (m.file(), m.file("Приложение.txt", role=FileRole.ANNEX))}),
    ),
    "thirty": ("Thirty files travel with one document.", taken(_many_files)),
    "empty": ("A file of no bytes is a file.", taken(lambda m: {"files": (m.file(), m.empty_file("пусто.txt"))})),
    "every-byte": (
        "Every byte there is comes through.",
        taken(lambda m: {"files": (m.file("все.bin", bytes(range(256)) * 40),)}),
    ),
    "one-mib": (
        "A file of one MiB is no burden.",
        taken(lambda m: {"files": (m.file("большой.bin", m.name.encode() * (1 << 20 >> 4)),)}),
    ),
    "same-name": (
        "Two files may have the same name.",
        taken(lambda m: {"files": (m.file("Письмо.txt", b"one"), m.file("Письмо.txt", b"two"))}),
    ),
    "same-bytes": (
        "Two files may have the same bytes.",
        taken(lambda m: {"files": (m.file("а.txt", b"same"), m.file("б.txt", b"same"))}),
    ),
    "long-name": ("A name of 150 letters is taken.", taken(lambda m: {"files": (m.file("д" * 150 + ".txt"),)})),
    "odd-name": (
        "A name no file system takes is still a name.",
        taken(lambda m: {"files": (m.file('а/б:в*"г".txt'),)}),
    ),
    "climbing-name": (
        "A name that climbs out of its folder harms nobody.",
        taken(lambda m: {"files": (m.file("../../etc/passwd"),)}),
    ),
    "device-name": ("The name of a device harms nobody.", taken(lambda m: {"files": (m.file("CON.txt"),)})),
    "no-extension": ("A file needs no extension.", taken(lambda m: {"files": (m.file("Письмо"),)})),
    "dot-name": ("A name that begins with a dot is a name.", taken(lambda m: {"files": (m.file(".profile"),)})),
    "decomposed-name": (
        "A name in decomposed letters is found.",
        taken(lambda m: {"files": (m.file(normalize("NFD", "Йод и ёж.txt")),)}),
    ),
    "latin-name": ("A plain ASCII name is taken.", taken(lambda m: {"files": (m.file("letter.pdf"),)})),
    "quoted-name": ("Quotes and backslashes stand in names.", taken(lambda m: {"files": (m.file('a "b" \\ c.txt'),)})),
    "emoji-name": (
        "Letters beyond the first plane stand in names.",
        taken(lambda m: {"files": (m.file("😀 отчёт.txt"),)}),
    ),
    "signed": ("A signature travels with its file.", taken(lambda m: {"files": (_signed(m, "Письмо.txt", 1),)})),
    "signed-twice": ("Two people may sign one file.", taken(lambda m: {"files": (_signed(m, "Письмо.txt", 2),)})),
    "all-signed": (
        "Each file has signatures of its own.",
        taken(lambda m: {"files": (_signed(m, "Письмо.txt", 1), _signed(m, "Приложение.txt", 2))}),
    ),
}

WORDS = {
    "no-subject": ("A document without a subject is registered.", taken(lambda m: {"subject": ""})),
    "long-subject": ("A subject of 2000 letters is taken.", taken(lambda m: {"subject": "О проверке " * 180})),
    "xml-subject": ("What XML escapes may stand in a subject.", taken(lambda m: {"subject": "<a> & \"b\" ]]> 'c'"})),
    "emoji-subject": ("Letters beyond the first plane are letters.", taken(lambda m: {"subject": "О проверке 😀𝔘"})),
    "lines-subject": ("A subject may have several lines.", taken(lambda m: {"subject": "О первом\nи о втором"})),
    "turned-subject": ("Direction marks turn nothing round.", taken(lambda m: {"subject": "О \u202eпроверке\u202c"})),
    "formula-subject": (
        "A subject that looks like SQL or a template is a subject.",
        taken(lambda m: {"subject": "{{1}} '; drop table card; --"}),
    ),
    "no-pages": ("The number of pages need not be said.", taken(lambda m: {"pages": ""})),
    "pages-and-annexes": ("Pages are words: 1+3.", taken(lambda m: {"pages": "1+3"})),
    "note": ("A note travels with the document.", taken(lambda m: {"note": "Просим подтвердить получение"})),
    "no-kind": ("The kind of document need not be said.", taken(lambda m: {"kind": None})),
    "unknown-kind": (
        "A kind that nobody knows there is no obstacle.",
        taken(lambda m: {"kind": Term("Небывалая группа", "K-404")}),
    ),
    "collective": ("A collective letter is registered.", taken(lambda m: {"collective": True})),
    "paper-follows": ("That the paper original follows is no obstacle.", taken(lambda m: {"original_follows": True})),
    "incoming": (
        "A document that the sender itself received is registered.",
        taken(lambda m: {"type": DocumentType.INCOMING}),
    ),
    "rubrics": (
        "Rubrics of the sender travel along.",
        taken(lambda m: {"rubrics": (Term("Связь", "01"), Term("Архив", "02"))}),
    ),
    "open-access": ("A document that says it is open is registered.", taken(lambda m: {"access": Term("общий")})),
    "fields": (
        "Additional fields of every type are no obstacle.",
        taken(
            lambda m: {
                "fields": (
                    AdditionalField("Слово", FieldType.TEXT, "да"),
                    AdditionalField("День", FieldType.DATE, "2026-03-01"),
                    AdditionalField("Сумма", FieldType.DECIMAL, "12.50"),
                    AdditionalField("Признак", FieldType.FLAG, "true"),
                )
            }
        ),
    ),
}


def _dated(text: str, day: date) -> Callable[[Maker], list[Step]]:
    def steps(make: Maker) -> list[Step]:
        number = Number(text.format(n=make.number.text), day)
        author = replace(make.document().authors[0], number=number)
        return [make.step(make.message(make.document(number=number, authors=(author,))))]

    return steps


NUMBERS = {
    "leap-day": ("The 29th of February exists.", _dated("{n}", date(2024, 2, 29))),
    "first-of-january": ("A year begins at the right day.", _dated("{n}", date(2026, 1, 1))),
    "old": ("A document may be older than the EDMS.", _dated("{n}", date(1965, 5, 9))),
    "future": ("A document may be dated ahead.", _dated("{n}", date(2099, 12, 31))),
    "long": ("A number is a text, also a long one.", _dated("{n}/" + "12-34/" * 8, date(2026, 3, 10))),
    "cyrillic": ("A number has letters of any alphabet.", _dated("№ {n}-ДСП Ё", date(2026, 3, 10))),
    "blanks": ("Blanks inside a number stay.", _dated("{n} от  нас", date(2026, 3, 10))),
}


def _subscribed(**given: object) -> Callable[[Maker, Message], Message]:
    return lambda make, message: replace(message, subscription=Subscription(30, **given))  # type: ignore[arg-type]


NOTHING = dict.fromkeys(
    ("receipt", "registration", "forwarding", "consideration", "execution", "redirection", "answer"), False
)


def _asked(reports: tuple[str, ...], **given: object) -> Callable[[Maker], list[Step]]:
    """Return the steps of a document whose sender wants to hear just *reports*."""

    def steps(make: Maker) -> list[Step]:
        message = _subscribed(**{**NOTHING, **given})(make, make.message())
        return [make.step(message, reports=tuple(Told(name) for name in reports))]

    return steps


SUBSCRIPTIONS = {
    "everything": ("Who asks for everything hears everything.", sent(_subscribed())),
    "nothing": ("Who asks for nothing hears nothing.", _asked(())),
    "receipt": ("Who asks for the receipt alone hears just it.", _asked(("received",), receipt=True)),
    "registration": ("Who asks for the registration alone hears just it.", _asked(("registered",), registration=True)),
    "one-day": ("A subscription may be for one day.", sent(lambda m, one: replace(one, subscription=Subscription(1)))),
    "longest": (
        "A subscription may be for 999 days.",
        sent(lambda m, one: replace(one, subscription=Subscription(999))),
    ),
    "first-only": (
        "Who asks for the first forwarding alone is understood.",
        sent(_subscribed(forwarding_all=False, consideration_all=False)),
    ),
    "details": (
        "What is wanted of tasks may be said field by field.",
        sent(_subscribed(task_details=TaskDetails(text=False, executor_report=False))),
    ),
}


def _draft(make: Maker) -> dict[str, object]:
    return {"type": DocumentType.DRAFT, "draft": DraftState("at_sight", 1, make.id("version"))}


WAITING = {
    "draft": ("A draft is never registered by itself.", waiting(_draft)),
    "restricted": ("A restricted document lies before a person.", waiting(lambda m: {"access": Term("ДСП")})),
}

SENDERS = {
    "other-recipients": (
        "Recipients elsewhere are left alone.",
        sent(lambda m, one: replace(one, recipients=(*one.recipients, SOMEBODY))),
    ),
    "recipient-in-other-case": (
        "An index is compared without case and blanks around it.",
        sent(
            lambda m, one: replace(
                one, recipients=(_indexed(one.recipients[0], f" {one.recipients[0].index.lower()} "),)
            )
        ),
    ),
    "sender-in-other-case": (
        "The index of the sender is compared so, too.",
        sent(lambda m, one: replace(one, sender=_indexed(one.sender, one.sender.index.lower()))),
    ),
    "sender-with-people": (
        "The sender may be a person of a department.",
        sent(
            lambda m, one: replace(
                one, sender=replace(one.sender, department=Department("Канцелярия"), person=Person("Тополев И. И."))
            )
        ),
    ),
    "sent-long-ago": (
        "A letter may have been under way for a week.",
        sent(lambda m, one: replace(one, sent_at=one.sent_at - timedelta(days=7))),
    ),
    "sent-tomorrow": (
        "Clocks that go ahead are no obstacle.",
        sent(lambda m, one: replace(one, sent_at=one.sent_at + timedelta(days=1))),
    ),
    "midnight": (
        "A message of midnight is a message.",
        sent(lambda m, one: replace(one, sent_at=datetime.combine(one.sent_at.date(), datetime.min.time(), UTC))),
    ),
}


def _indexed(party: Party, index: str) -> Party:
    assert party.organisation is not None
    return replace(party, organisation=replace(party.organisation, index=index))


SITUATIONS: tuple[Situation, ...] = (
    *situations("files", FILES),
    *situations("words", WORDS),
    *situations("numbers", NUMBERS),
    *situations("subscription", SUBSCRIPTIONS, dialects=("sev",)),
    *situations("waiting", WAITING),
    *situations("senders", SENDERS),
)
