# SPDX-License-Identifier: GPL-3.0-or-later
"""The degradation table: what SEV cannot say, and what stands there instead.

`degrade(message)` is exactly what the other side reads, and what is written is always a degraded message.

| of the model                                   | becomes                                                          |
|------------------------------------------------|------------------------------------------------------------------|
| any text                                       | without blanks around it; what XML 1.0 cannot carry is U+FFFD    |
| a value in which nothing is said               | nothing: empty and missing are the same                          |
| dialect, version, in_reply_to, thread          | "sev", "1.0", nothing, nothing                                   |
| return id of a report nobody knows             | "unknown", and so is the uid of the document it is about         |
| system of a recipient                          | one for all recipients: the first that is named                  |
| system of anybody but sender and recipients    | nothing                                                          |
| a citizen where only a Contact may stand       | an official of that name without an organisation                 |
| sex outside the three words; СНИЛС over 14     | nothing                                                          |
| a number without text or date, where demanded  | "б/н"; the day of the document, else of sending                  |
| `signed_on` of a task with an author, missing  | the day of the document, else of sending                         |
| `uid`s, indices, keys                          | as given; a document without `card` gets a free number           |
| two documents with one `card`                  | the first description counts                                     |
| a link to a document not described             | an incoming document of that uid, number and date is described   |
| documents linked by linked documents           | linked by the main one; in a report, those nothing leads to go   |
| tasks of a document in a report                | nothing: there tasks are entries of their own                    |
| parent of a task, when not in the message      | nothing                                                          |
| file without content                           | nothing, and so a signature without                              |
| file: media type, role                         | octet-stream; a document's first file is text, others annex      |
| file without a name                            | "file"                                                           |
| name of a signature                            | the file's, made safe, with ".sig", ".2.sig" …                   |
| certificate over 255 characters                | its first 255                                                    |
| `kind` of signature, `version` beyond 32 bits  | nothing                                                          |
| `days` of a subscription                       | 1 to 999; a report has no subscription                           |
| kind of the document a report is about         | its text, without the index; without the sender's card           |
| refusal: expected, found                       | in the text; `retryable` is true, but for code 1020              |
| taken note of without registration             | a refusal with code 1020                                         |
| one fact told alone; a remark in words         | everything that stands; nothing                                  |
| a receipt or refusal                           | that and nothing else; a receipt without moment: time of sending |
| registration without a document                | an incoming document of that number under the sender's uid       |
| a line of a directory: a citizen, a system     | as in any Contact; one that describes nobody is left out         |
| a line of a directory's result without change  | nothing                                                          |
| an edited document that is not described       | the registered one, else the one the report is about             |
"""

from dataclasses import replace
from datetime import date

from gateway.dialects.heard import heard, or_none
from gateway.dialects.sev.degrade_documents import Passport, filled
from gateway.dialects.sev.degrade_values import as_contact, as_party, as_task, first_system
from gateway.dialects.sev.directories import degraded_result, degraded_update
from gateway.dialects.sev.failures import NOTED, failure_words
from gateway.dialects.sev.subscriptions import bounded_days
from gateway.dialects.sev.tasks import keys_by_uid
from gateway.dialects.sev.vocabulary import NAME, UNKNOWN, VERSION
from gateway.dialects.values import one_line
from gateway.model import (
    Answer,
    Consideration,
    Direction,
    DirectoryResult,
    DirectoryUpdate,
    Document,
    DocumentRef,
    DocumentType,
    DocumentUid,
    Forwarding,
    Message,
    Number,
    Redirection,
    Refusal,
    Registered,
    Report,
    ReportKind,
    ReturnId,
    Subscription,
    Task,
    Term,
)


def degrade(message: Message) -> Message:
    """Return what SEV carries of *message*; degrading twice changes nothing more."""
    message = heard(message)
    system = first_system(message.recipients)
    day = message.sent_at.date()
    body: Document | Report | DirectoryUpdate | DirectoryResult
    return_id, subscription = message.return_id or ReturnId(UNKNOWN), None
    match message.body:
        case Document():
            body = Passport(message.body.number.date or day, (message.body,)).main()
            return_id, subscription = message.return_id, message.subscription
        case DirectoryUpdate():
            body = degraded_update(message.body)
        case DirectoryResult():
            body = degraded_result(message.body)
        case Report():
            body = _report(message.body, message)
    sender_system = or_none(message.sender.system) if message.sender.system else None
    return replace(
        message,
        return_id=return_id,
        sender=replace(as_contact(message.sender), system=sender_system),
        recipients=tuple(replace(as_contact(party), system=system) for party in message.recipients),
        body=body,
        dialect=NAME,
        dialect_version=VERSION,
        subscription=_subscription(subscription),
        in_reply_to=None,
        thread=None,
    )


def _subscription(subscription: Subscription | None) -> Subscription | None:
    return replace(subscription, days=bounded_days(subscription.days), refusal=True) if subscription else None


# --- reports ------------------------------------------------------------------------------------------------------


def _report(report: Report, message: Message) -> Report:
    day = report.about.number.date or message.sent_at.date()
    about = DocumentRef(
        uid=report.about.uid or DocumentUid(UNKNOWN),
        number=filled(report.about.number, day),
        kind=or_none(Term(report.about.kind.text)) if report.about.kind else None,
        version_uid=report.about.version_uid,
    )
    if report.kind is ReportKind.RECEIPT:
        return Report(report.kind, about, received_at=report.received_at or message.sent_at)
    if report.kind is ReportKind.REFUSAL:
        return Report(report.kind, about, refusal=_refusal(report.refusal) if report.refusal else None)
    report = replace(report, about=about, fact=None, remarks=(), received_at=None, refusal=None)
    report = _described(report)
    return _with_documents(_with_tasks(report, day), day)


def _refusal(refusal: Refusal) -> Refusal:
    place = one_line(refusal.place)
    return Refusal(refusal.code, failure_words(refusal), place, retryable=refusal.code != NOTED)


def _described(report: Report) -> Report:
    """Describe the documents that entries need and that nobody described."""
    about = Document(uid=report.about.uid, type=DocumentType.INCOMING, number=report.about.number)
    registered, edited = report.registered, report.edited
    if registered:
        document = registered.document or replace(about, number=Number())
        number = document.number if registered.number == Number() else registered.number
        document = replace(document, number=number, card=registered.card or document.card)
        registered = replace(registered, document=document)
    if edited is None and (report.kind is ReportKind.EDITED or report.edited_text):
        edited = registered.document if registered else about
    return replace(report, registered=registered, edited=edited)


def _with_tasks(report: Report, day: date) -> Report:
    tasks = [*(consideration.task for consideration in report.considerations), *report.sent_tasks]
    uids = keys_by_uid(tasks)

    def known(task: Task) -> Task:
        return as_task(task, uids, day)

    considerations = (
        Consideration(known(consideration.task), consideration.initial_task or None)
        for consideration in report.considerations
    )
    return replace(
        report, considerations=tuple(considerations), sent_tasks=tuple(known(task) for task in report.sent_tasks)
    )


def _with_documents(report: Report, day: date) -> Report:
    answers = tuple(answer.document for answer in report.answers)
    singles = (report.approvals, report.edited, report.draft_registered)
    registered = report.registered.document if report.registered else None
    tops = [document for document in (registered, *answers, *singles) if document]
    passport = Passport(day, tuple(tops))
    settled = iter(passport.tops())
    return replace(
        report,
        registered=_registered(report.registered, next(settled)) if report.registered else None,
        answers=tuple(Answer(next(settled), answer.at, answer.way) for answer in report.answers),
        approvals=next(settled) if report.approvals else None,
        edited=next(settled) if report.edited else None,
        draft_registered=next(settled) if report.draft_registered else None,
        forwardings=tuple(Forwarding(as_contact(each.to), each.at) for each in report.forwardings),
        redirections=tuple(Redirection(as_party(each.to), each.at, each.way) for each in report.redirections),
        directions=tuple(Direction(each.kind, as_contact(each.to), each.at) for each in report.directions),
    )


def _registered(registered: Registered, document: Document) -> Registered:
    return Registered(document.number, document.card, registered.at, document)
