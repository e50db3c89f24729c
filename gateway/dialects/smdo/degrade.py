# SPDX-License-Identifier: GPL-3.0-or-later
"""The degradation table: what SMDO cannot say, and what stands there instead.

`degrade(message)` is exactly what the other side reads, and what is written is always a degraded message.

| of the model                                     | becomes                                                        |
|--------------------------------------------------|----------------------------------------------------------------|
| any text                                         | without blanks around it; what XML 1.0 cannot carry is U+FFFD  |
| a value in which nothing is said                 | nothing: empty and missing are the same                        |
| id of the message                                | a GUID with dashes; the return id of a document is that        |
| return id of a report                            | 32 digits, it names a message of ours; "unknown" for none      |
| subscription                                     | nothing; when neither receipt nor registration is wanted, only |
|                                                  | errors or not even those                                       |
| sender                                           | code, name and system                                          |
| recipients of one organisation                   | one Receiver of one name and system, with its officials        |
| addressees                                       | the recipients                                                 |
| index of any other organisation                  | nothing; sender and recipients are known by their names        |
| tax ids, numbers and indices of people           | nothing                                                        |
| number and index of a department                 | nothing; its name goes with the official                       |
| a citizen where only an official may stand       | an official of that name                                       |
| sex, СНИЛС; series of a passport                 | nothing; the series goes with the number                       |
| postal addresses                                 | the first, without the index of its region                     |
| extension, exchange address                      | a contact of another kind                                      |
| a number without text or date, where demanded    | "б/н"; the day of sending                                      |
| kind, access, category                           | their words, without the index                                 |
| no kind of document (2.1.1)                      | «Письмо»                                                       |
| access «Общий»                                   | nothing: it is what a document has that says nothing           |
| pages other than digits                          | the sum of the numbers in it                                   |
| a subject that is missing                        | the note                                                       |
| files: uid, tag, media type                      | nothing; texts first, then annexes; the first is a text        |
| file or signature without content                | nothing                                                        |
| name, kind, description of a signature           | ".sig" behind the file's name; nothing; nothing                |
| no author                                        | the sender                                                     |
| number of an author without text or date         | nothing                                                        |
| visa with words the format does not have         | nothing; without words «Согласовано»                           |
| drafters                                         | the first, without a note                                      |
| links                                            | the answered document first («В ответ на»), then other         |
|                                                  | documents, then those in words; their kinds are «Связан с»     |
| message that is answered, first of the chain     | kept in DocParent (2.1.1), which needs number and date         |
| card, control, draft, rubrics, approvals, fields | nothing                                                        |
| linked documents, accompanying, paper original   | nothing                                                        |
| a task: kind, state and results, note            | nothing: who shall do what by when                             |
| two tasks of one id; a task without one          | the first; nothing                                             |
| task without author or day                       | the sender; the day of sending                                 |
| a supplement                                     | uid and number of its document, files, tasks and note          |
| document a report is about                       | its number                                                     |
| receipt                                          | the time of sending is the time of reception                   |
| refusal                                          | a code of the format, the rest in words                        |
| registration, new number                         | a registration: the number, nothing else                       |
| any other fact                                   | words in a user notification                                   |
"""

import re
from dataclasses import replace

from gateway.dialects.heard import heard
from gateway.dialects.smdo.acknowledgements import filled
from gateway.dialects.smdo.documents import addressees
from gateway.dialects.smdo.files import as_files
from gateway.dialects.smdo.headers import as_recipients, as_sender
from gateway.dialects.smdo.ids import guid, ours
from gateway.dialects.smdo.parties import Known, as_organised, as_party
from gateway.dialects.smdo.refusals import REFUSED, as_refusal
from gateway.dialects.smdo.tasks import as_tasks
from gateway.dialects.smdo.telling import told
from gateway.dialects.smdo.vocabulary import (
    ANSWERS,
    APPROVED,
    ATTESTATIONS,
    LETTER,
    LINKED,
    NAME,
    OPEN,
    UNKNOWN,
    V1,
    V2,
    VERSIONS,
)
from gateway.model import (
    Author,
    DirectoryResult,
    DirectoryUpdate,
    Document,
    DocumentRef,
    DocumentType,
    Drafter,
    EventKind,
    FileRole,
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
    Subscription,
    Term,
    Visa,
)

DAYS = 30  # of a subscription that only says what is not wanted
ON_ERRORS = Subscription(
    DAYS,
    receipt=False,
    registration=False,
    forwarding=False,
    consideration=False,
    execution=False,
    redirection=False,
    answer=False,
)
NEVER = replace(ON_ERRORS, refusal=False)
_DIGITS = re.compile(r"\d+", re.ASCII)
MAX_PAGES = 9  # LIMIT: digits of a number of pages


def degrade(message: Message) -> Message:
    """Return what SMDO carries of *message*; degrading twice changes nothing more."""
    message = heard(message)
    if isinstance(message.body, DirectoryUpdate | DirectoryResult):
        return message  # `write` refuses it
    version = message.dialect_version if message.dialect_version in VERSIONS else V2
    id = MessageId(guid(message.id))
    bare = replace(
        message,
        id=id,
        sender=as_sender(message.sender),
        recipients=as_recipients(message.recipients),
        dialect=NAME,
        dialect_version=version,
        subscription=None,
        in_reply_to=None,
        thread=None,
    )
    if isinstance(message.body, Report):
        return replace(
            bare, return_id=ReturnId(ours(message.return_id) or UNKNOWN), body=_report(message.body, message)
        )
    known = Known.of((bare.sender, *bare.recipients))
    bare = replace(bare, return_id=ReturnId(id), subscription=_subscription(message.subscription))
    if message.body.supplement:
        return replace(bare, body=_supplement(message.body, bare, known))
    body = _document(message.body, bare, known)
    if message.in_reply_to and version == V2 and has_parent(body):
        asked = MessageId(ours(message.in_reply_to))
        return replace(bare, body=body, in_reply_to=asked, thread=MessageId(guid(message.thread or asked)))
    return replace(bare, body=body)


def _subscription(wanted: Subscription | None) -> Subscription | None:
    """Return what msg_acknow (1.2) says of what is wanted: all, only what went wrong, nothing."""
    if wanted is None or wanted.receipt or wanted.registration:
        return None
    return ON_ERRORS if wanted.refusal else NEVER


def has_parent(document: Document) -> bool:
    """Say whether the first link of *document*, as `degrade` left it, can be told as DocParent."""
    first = document.links[0] if document.links else None
    if first is None or first.document is None or first.kind.text != ANSWERS:
        return False
    return bool(first.document.number.text and first.document.number.date)


# --- documents ----------------------------------------------------------------------------------------------------


def _document(document: Document, message: Message, known: Known) -> Document:
    day = message.sent_at.date()
    files = as_files(document.files, FileRole.ANNEX)
    roles = [file.role for file in document.files if file.sha256]
    texts = [file for file, role in zip(files, roles, strict=True) if role is FileRole.TEXT] or list(files[:1])
    annexes = list(files)
    for text in texts:
        annexes.remove(text)
    kind = document.kind.text or document.kind.index if document.kind else ""
    return Document(
        uid=document.uid,
        type=DocumentType.INCOMING if document.type is DocumentType.INCOMING else DocumentType.CREATED,
        number=filled(document.number, message.sent_at),
        kind=Term(kind) if kind else Term(LETTER) if message.dialect_version != V1 else None,
        access=_access(document.access),
        subject=document.subject or document.note,
        pages=_pages(document.pages),
        note=document.note if document.subject else "",
        collective=document.collective,
        files=(*(replace(text, role=FileRole.TEXT) for text in texts), *annexes),
        authors=_authors(document, message, known),
        visas=tuple(_visas(document, known)),
        drafters=tuple(_drafters(document, known))[:1],
        addressees=addressees(message.recipients),
        links=_links(document.links),
        tasks=as_tasks(document.tasks, known, day, message.sender.organisation),
    )


def _access(access: Term | None) -> Term | None:
    word = access.text or access.index if access else ""
    return Term(word) if word not in ("", OPEN) else None


def _pages(pages: str) -> str:
    total = str(sum(int(number) for number in _DIGITS.findall(pages)[:20] if len(number) <= MAX_PAGES))
    return "" if total == "0" else total


def _authors(document: Document, message: Message, known: Known) -> tuple[Author, ...]:
    us = Party(as_organised(Party(message.sender.organisation), known).organisation)
    found = []
    for author in document.authors:
        party = as_party(author.party, known) if author.party else Party()
        number = author.number if author.number and author.number.text and author.number.date else None
        if party != Party() or number:
            found.append(Author(party if party != Party() else us, number))
    return tuple(found) or (Author(us),)


def _visas(document: Document, known: Known) -> list[Visa]:
    words = {word.casefold(): word for word in ATTESTATIONS}
    found = []
    for visa in document.visas:
        party, word = as_party(visa.party, known), words.get(visa.text.casefold() or APPROVED.casefold())
        if word and party != Party():
            found.append(Visa(party, visa.signed_on, word))
    return found


def _drafters(document: Document, known: Known) -> list[Drafter]:
    parties = (as_party(each.party, known) for each in document.drafters)
    return [Drafter(party) for party in parties if party != Party()]


def _links(links: tuple[Link, ...]) -> tuple[Link, ...]:
    """Return the link to the answered document first, then those to other documents, then those in words."""
    to_documents = [link for link in links if link.document and _ref(link.document) != DocumentRef()]
    answers = next((link for link in to_documents if link.answers), None)
    others = [link for link in to_documents if link is not answers]
    words = [
        " ".join(part for part in (link.description, link.url) if part) for link in links if link not in to_documents
    ]
    return (
        *((Link(Term(ANSWERS), _ref(answers.document)),) if answers and answers.document else ()),
        *(Link(Term(LINKED), _ref(link.document)) for link in others if link.document),
        *(Link(Term(LINKED), description=said) for said in words if said),
    )


def _ref(ref: DocumentRef) -> DocumentRef:
    return DocumentRef(ref.uid, ref.number)


def _supplement(document: Document, message: Message, known: Known) -> Document:
    files = as_files(document.files, FileRole.ANNEX)
    return Document(
        uid=document.uid,
        number=document.number,
        note=document.note,
        files=files,
        addressees=addressees(message.recipients),
        tasks=as_tasks(document.tasks, known, message.sent_at.date(), message.sender.organisation),
        supplement=True,
    )


# --- reports ------------------------------------------------------------------------------------------------------


def _report(report: Report, message: Message) -> Report:
    about = DocumentRef(number=Number(report.about.number.text, report.about.number.date))
    if report.kind is ReportKind.RECEIPT:
        return Report(report.kind, about, received_at=message.sent_at)
    if report.kind is ReportKind.REFUSAL:
        return Report(report.kind, about, refusal=as_refusal(report.refusal or Refusal(REFUSED, "")))
    of_number = (EventKind.REGISTERED, EventKind.RENUMBERED, None)
    if report.registered and report.fact in of_number and report.kind is ReportKind.PROGRESS:
        number = filled(report.registered.number, message.sent_at)
        return Report(report.kind, about, EventKind.REGISTERED, registered=Registered(number))
    remarks = tuple(Remark(words, message.sent_at) for words in dict.fromkeys(told(report)))
    return Report(ReportKind.PROGRESS, about, EventKind.PROGRESS, remarks=remarks)
