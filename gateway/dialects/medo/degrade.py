# SPDX-License-Identifier: GPL-3.0-or-later
"""The degradation table: what МЭДО cannot say, and what stands there instead.

`degrade(message)` is exactly what the other side reads, and what is written is always a degraded message.

| of the model                            | becomes                                               |
|-----------------------------------------|-------------------------------------------------------|
| any text                                | no blanks around it, cut to its limit; "-" is nothing |
| any text but subjects, notes and words  | one line                                              |
| dialect, version, in_reply_to           | "medo", the version written, nothing                  |
| subscription                            | nothing                                               |
| id of a message                         | a GUID, and the return id of a document the same      |
| return id of a report                   | 32 digits; before 2.6 it names the document           |
| a document no container can hold        | a card of 2.6 (decision 0010)                         |
| moments                                 | milliseconds                                          |
| sender and recipients                   | their organisations; recipients without a GUID go     |
| an organisation                         | short name (else full) and GUID                       |
| a citizen                               | a person of that name                                 |
| contacts                                | one line; in a container phone, e-mail and site       |
| postal addresses                        | the region of the first; in a container its text      |
| type of document                        | created; a draft is refused                           |
| number                                  | "б/н" without one, 31 characters                      |
| number in a container, author's too     | with the day of sending when it has no date           |
| uid that is no GUID                     | kept beside a GUID; in a container the GUID alone     |
| no authors, no addressees               | the sender; the recipients                            |
| drafters                                | the first; in a container without a note              |
| fields                                  | «Срочность», «Особые отметки», «Взамен разосланного»  |
| fields in a container                   | «Место издания»                                       |
| links                                   | six kinds, all others «Связан с»; an address goes     |
| links in a container                    | «Связан с», dated, without words                      |
| tasks                                   | number, text, deadline, executors and note            |
| drafts of tasks, private tasks          | nothing; in a container all tasks                     |
| files                                   | name and role; those without content go               |
| signatures before 2.6                   | bytes                                                 |
| signatures in a container               | bytes; owner and kind of the document's               |
| pages that are no numbers               | nothing                                               |
| control, draft state, rubrics, visas    | nothing                                               |
| approvals, linked documents, collective | nothing                                               |
| paper follows, tags, file uids          | nothing                                               |
| an addition                             | a special mark; nothing in 2.0                        |
| refusal: expected, found                | in the text; `retryable` is true, but for code 1020   |
| refusal of what could not be read       | a receipt with accepted = false                       |
| a receipt                               | names the message alone                               |
| registration                            | number, date and moment                               |
| own and sent tasks                      | told alike; the author when a person                  |
| an answer                               | number and date                                       |
| words beside these facts                | a comment; beside a moved deadline its course         |
| any other fact                          | words (`told`)                                        |
"""

import re
from dataclasses import replace
from datetime import date, datetime

from gateway.dialects.heard import heard
from gateway.dialects.medo import containers
from gateway.dialects.medo.clauses import as_clause, made_uid
from gateway.dialects.medo.files import as_filed
from gateway.dialects.medo.parties import as_anyone, as_partner, as_seated, identity, known_as, or_nothing, participants
from gateway.dialects.medo.refusals import as_told, unreadable
from gateway.dialects.medo.told import due_words, in_words, tasks_of
from gateway.dialects.medo.values import (
    MAX_COMMENT,
    MAX_TEXT,
    bare,
    block,
    day_of,
    echoed,
    guid,
    heard_uid,
    moment,
    number,
    pages,
    word,
)
from gateway.dialects.medo.vocabulary import (
    ACCESS_CODE,
    ACCESS_CODES,
    CARD,
    CONTAINERS,
    COURSE,
    KIND_CODE,
    LINK_TYPE,
    LINK_TYPES,
    NAME,
    NO_KIND_CODE,
    NO_NUMBER,
    PLACE,
    REPLACES,
    SPECIAL_MARK,
    SUPPLEMENT,
    UNKNOWN,
    URGENCY,
    VERSIONS,
    since,
)
from gateway.dialects.values import read_boolean
from gateway.model import (
    AdditionalField,
    Answer,
    Author,
    Consideration,
    DirectoryResult,
    DirectoryUpdate,
    Document,
    DocumentRef,
    DocumentUid,
    Drafter,
    EventKind,
    FieldType,
    Link,
    Message,
    MessageId,
    Number,
    Party,
    Refusal,
    Registered,
    Remark,
    Report,
    ReportKind,
    ReturnId,
    Task,
    TaskUid,
    Term,
)


def degrade(message: Message) -> Message:
    """Return what МЭДО carries of *message*; degrading twice changes nothing more."""
    message = heard(message)
    if isinstance(message.body, DirectoryUpdate | DirectoryResult):
        return message  # `write` refuses it
    body = message.body
    message = replace(
        message,
        id=MessageId(guid(message.id)) if message.id else message.id,
        sent_at=moment(message.sent_at),
        sender=as_partner(message.sender),
        recipients=tuple(party for each in message.recipients if (party := as_partner(each)).index),
        dialect=NAME,
        dialect_version=version_written(message),
        subscription=None,
        in_reply_to=None,
        thread=None,
    )
    if isinstance(body, Document):
        told = _document(body, message)
        recipients = message.recipients or participants(told.addressees)
        return replace(message, body=told, return_id=ReturnId(message.id), recipients=recipients)
    report = _report(body, message)
    return replace(message, body=report, return_id=_return_id(report, message))


def version_written(message: Message) -> str:
    """Return the version *message* is written in: the one asked for, but a card for what no container can hold."""
    version = message.dialect_version if message.dialect_version in VERSIONS else VERSIONS[0]
    if isinstance(message.body, Document) and version in CONTAINERS and not containers.fits(message.body):
        return CARD
    return version


# --- documents ----------------------------------------------------------------------------------------------------


def _document(document: Document, message: Message) -> Document:
    version, day = message.dialect_version, day_of(message.sent_at)
    in_container = version in CONTAINERS
    made = Document(
        number=number(document.number),
        kind=_kind(document.kind, version),
        access=_access(document.access, version),
        subject=block(document.subject),
        pages=pages(document.pages),
        addressees=_addressees(document, message),
    )
    cards = {linked.card: linked.ref for linked in document.linked if linked.card}
    links = [replace(link, document=_target(link, cards)) for link in document.links]
    if in_container:
        return _contained(document, made, links, message, day)
    uid, card = heard_uid(*echoed(document.uid, document.card))
    return replace(
        made,
        uid=DocumentUid(uid),
        card=card,
        note=block(document.note, MAX_COMMENT),
        authors=_authors(document, message.sender),
        drafters=_drafters(document),
        fields=tuple(_fields(document, version)),
        links=tuple(told for link in links if (told := _link(link))),
        files=as_filed(document.files, version, message.sent_at),
        tasks=_tasks(document, uid),
        supplement=document.supplement and since(version, "2.2"),
    )


def _contained(document: Document, made: Document, links: list[Link], message: Message, day: date) -> Document:
    version = message.dialect_version
    made = replace(made, number=Number(made.number.text, made.number.date or day))
    authors = [author for author in document.authors if as_seated(author.party or Party(), version) != Party()]
    told = containers.as_authors(
        authors or [Author(message.sender)], replace(document, number=made.number), version, day
    )
    drafters = (containers.as_drafter(drafter, version) for drafter in document.drafters)
    place = next((word(field.value) for field in document.fields if field.name == PLACE), "")
    return replace(
        made,
        uid=DocumentUid(heard_uid(guid(document.uid), "")[0]),
        authors=told,
        drafters=tuple(drafter for drafter in drafters if drafter)[:1],
        fields=(AdditionalField(PLACE, FieldType.TEXT, place),) if place else (),
        links=tuple(_dated_link(link.document, day) for link in links if link.document),
        files=containers.as_contained(document.files, told),
    )


def _kind(kind: Term | None, version: str) -> Term | None:
    given = kind or Term()
    index = identity(given.index)
    if version in CONTAINERS:
        known = version == "2.7.1" and re.fullmatch(KIND_CODE, index, re.ASCII) and index != NO_KIND_CODE
        index = index if known else ""
    return _term(word(given.text), index)


def _access(access: Term | None, version: str) -> Term | None:
    given = access or Term()
    text, index = word(given.text), identity(given.index)
    if version in CONTAINERS:
        index = index if version == "2.7.1" and re.fullmatch(ACCESS_CODE, index, re.ASCII) else ""
    if version == "2.7.1":
        index = ACCESS_CODES.get(text.casefold(), index)
    return _term(text, index)


def _term(text: str, index: str) -> Term | None:
    return Term(text, index) if text or index else None


def _authors(document: Document, sender: Party) -> tuple[Author, ...]:
    found = []
    for author in document.authors:
        registered = author.number if author.number and author.number != Number() else None
        party = or_nothing(as_anyone(author.party or Party()))
        told = Author(party, number(registered) if registered else None)
        found += [told] if told != Author() else []
    return tuple(found) or (Author(sender),)


def _addressees(document: Document, message: Message) -> tuple[Party, ...]:
    version = message.dialect_version
    for parties in (document.addressees, message.recipients):
        told = [as_seated(one, version) if version in CONTAINERS else as_anyone(one) for one in parties]
        told = [party for party in told if party != Party()]
        if told:
            return known_as(told, message.recipients)
    return ()


def _drafters(document: Document) -> tuple[Drafter, ...]:
    told = (Drafter(as_anyone(drafter.party), block(drafter.note, MAX_COMMENT)) for drafter in document.drafters)
    return tuple(drafter for drafter in told if drafter != Drafter(Party()))[:1]


def _fields(document: Document, version: str) -> list[AdditionalField]:
    said: dict[str, str] = {}
    for field in document.fields:
        said.setdefault(field.name, word(field.value))
    found = []
    if urgency := said.get(URGENCY):
        found.append(AdditionalField(URGENCY, FieldType.TEXT, urgency))
    replaces = read_boolean(said.get(REPLACES, ""))
    if replaces is not None:
        found.append(AdditionalField(REPLACES, FieldType.FLAG, "true" if replaces else "false"))
    mark = said.get(SPECIAL_MARK, "")
    if mark and mark != SUPPLEMENT and not document.supplement and since(version, "2.2"):
        found.append(AdditionalField(SPECIAL_MARK, FieldType.TEXT, mark))
    return found


def _target(link: Link, cards: dict[str, DocumentRef]) -> DocumentRef | None:
    """Return the document a link leads to: uid and number; one described in the message gives its own."""
    given = link.document or DocumentRef()
    if not given.uid and given.number == Number() and given.card in cards:
        given = cards[given.card]
    target = DocumentRef(given.uid, given.number)
    return None if target == DocumentRef() else target


def _link(link: Link) -> Link | None:
    kind = word(link.kind.text)
    ref = link.document or DocumentRef()
    uid = heard_uid(*echoed(ref.uid, ""))[0] if ref.uid else ""
    registered = number(ref.number)
    registered = Number() if registered == Number(NO_NUMBER) else registered
    target = DocumentRef(DocumentUid(uid), registered)
    description = block(link.description, MAX_COMMENT)
    if target == DocumentRef() and not description:
        return None
    told = None if target == DocumentRef() else target
    return Link(Term(kind if kind in LINK_TYPES else LINK_TYPE), told, description)


def _dated_link(ref: DocumentRef, day: date) -> Link:
    registered = number(ref.number)
    uid = heard_uid(guid(ref.uid), "")[0]
    return Link(Term(LINK_TYPE), DocumentRef(DocumentUid(uid), Number(registered.text, registered.date or day)))


def _tasks(document: Document, uid: str) -> tuple[Task, ...]:
    found: dict[str, Task] = {}
    open_ones = (task for task in document.tasks if not (task.draft or task.private))
    for position, task in enumerate(open_ones):
        told = as_clause(task)
        told = told if told.uid else replace(told, uid=made_uid(uid, position))
        found.setdefault(told.uid, told)
    return tuple(found.values())


# --- reports ------------------------------------------------------------------------------------------------------


def about_told(about: DocumentRef) -> DocumentRef:
    """Return what a notification says of the document it is about: uid, key, number and date."""
    uid, card = heard_uid(*echoed("" if about.uid == UNKNOWN else about.uid, about.card))
    registered = number(about.number) if about.number != Number() else Number()
    return DocumentRef(DocumentUid(uid), registered, card=card)


def _report(report: Report, message: Message) -> Report:
    about = about_told(report.about)
    if report.kind is ReportKind.RECEIPT:
        return Report(report.kind, DocumentRef(), received_at=moment(report.received_at or message.sent_at))
    if report.kind is ReportKind.REFUSAL:
        refusal = as_told(report.refusal or Refusal(0, ""))
        known = about.uid and not unreadable(refusal)
        return Report(report.kind, about if known else DocumentRef(), refusal=refusal)
    if report.kind is ReportKind.PROGRESS and report.fact is None:
        return Report(report.kind, about)  # nothing here tells everything that stands: not written
    return (
        _registration(report, about, message)
        or _answer(report, about, message)
        or _task(report, about, message)
        or _words(report, about, message)
    )


def _registration(report: Report, about: DocumentRef, message: Message) -> Report | None:
    told = report.registered
    if told is None or report.fact not in (EventKind.REGISTERED, EventKind.RENUMBERED):
        return None
    registered = Registered(number(told.number), at=moment(told.at or message.sent_at))
    made = Report(ReportKind.PROGRESS, about, EventKind.REGISTERED, registered=registered)
    return _with_words(made, report, message, registered.at)


def _answer(report: Report, about: DocumentRef, message: Message) -> Report | None:
    if report.fact is not EventKind.ANSWERED or not report.answers:
        return None
    told = report.answers[0]
    answer = Answer(Document(number=number(told.document.number)), moment(told.at))
    made = Report(ReportKind.PROGRESS, about, EventKind.ANSWERED, answers=(answer,))
    return _with_words(made, report, message, answer.at)


def _task(report: Report, about: DocumentRef, message: Message) -> Report | None:
    """Return a task that was given, or whose deadline moved; a deadline that was taken away is told in words."""
    for task in tasks_of(report)[:1]:
        told = as_clause(task)
        told = replace(told, uid=told.uid or TaskUid(made_uid(about.uid, None)))
        if report.fact is EventKind.ASSIGNED:
            author = as_anyone(task.author or Party())
            named = author.person is not None or author.department is not None
            told = replace(told, author=author if named else None)
        elif report.fact is not EventKind.DUE_CHANGED or told.control is None:
            return None
        made = Report(ReportKind.PROGRESS, about, report.fact, considerations=(Consideration(told),))
        return _with_words(made, report, message)
    return None


def _with_words(made: Report, report: Report, message: Message, at: datetime | None = None) -> Report:
    """Return *made* with the words of *report*, told *at* the moment of the fact, or else when they were said."""
    moved = made.fact is EventKind.DUE_CHANGED  # their place is longer there, and says the deadline without them
    words = block("\n".join(remark.text for remark in report.remarks), MAX_TEXT if moved else MAX_COMMENT)
    if not words or (moved and words == due_words(made.considerations[0].task)):
        return made
    first = report.remarks[0]
    who = or_nothing(as_anyone(first.who or Party())) or or_nothing(message.sender)
    return replace(made, remarks=(Remark(words, at or moment(first.at), who),))


def _words(report: Report, about: DocumentRef, message: Message) -> Report:
    remark = in_words(report, message.sent_at)
    who = or_nothing(as_anyone(remark.who or Party())) or message.sender
    told = Remark(block(remark.text) or COURSE, moment(remark.at), or_nothing(who))
    return Report(ReportKind.PROGRESS, about, EventKind.PROGRESS, remarks=(told,))


def _return_id(report: Report, message: Message) -> ReturnId:
    """Return which message a report answers, as the other side reads it."""
    given = message.return_id
    named = "" if given in ("", UNKNOWN) else bare(guid(given))
    by_receipt = report.kind is ReportKind.RECEIPT or (report.refusal is not None and is_receipt(report))
    if not by_receipt and (given == bare(report.about.uid) or not named or not since(message.dialect_version, "2.6")):
        named = bare(report.about.uid)
    return ReturnId(named or UNKNOWN)


def is_receipt(report: Report) -> bool:
    """Say whether *report*, as degraded, is written as an acknowledgment."""
    refused = report.refusal is not None and (unreadable(report.refusal) or not report.about.uid)
    return report.kind is ReportKind.RECEIPT or refused
