# SPDX-License-Identifier: GPL-3.0-or-later
"""The degradation table: what GOST R 53898-2010 cannot say, and what stands there instead.

`degrade(message)` is exactly what the other side reads, and what is written is always a degraded message.

| of the model                                   | becomes                                                          |
|------------------------------------------------|------------------------------------------------------------------|
| any text                                       | without blanks around it; what XML 1.0 cannot carry is U+FFFD    |
| dialect, version, in_reply_to                  | "gost2010", "1.0", nothing                                       |
| our message id                                 | the same as a GUID, which is also the return id of a document    |
| return id of a report nobody knows             | "unknown"                                                        |
| sender                                         | organisation by name and id, department, system                  |
| recipients                                     | the first one, likewise                                          |
| a subscription                                 | all of it, refusals only, or nothing; for 999 days               |
| no subscription                                | all of it; a report has none                                     |
| index of an organisation, not sender or recipient | nothing: it is known by its name                              |
| ОКПО; a tax number not of digits               | nothing                                                          |
| numbers and indices of departments and people  | nothing                                                          |
| all addresses but the first                    | nothing                                                          |
| a contact that is no phone, fax or e-mail      | another contact                                                  |
| sex, СНИЛС of a citizen                        | nothing                                                          |
| a citizen where only an organisation may stand | an official of that name without an organisation                 |
| a number without a date, where demanded        | the day of the document, else of sending                         |
| index of a dictionary word                     | nothing                                                          |
| access level                                   | its name, flagged as restricted unless the name says it is open  |
| pages that are no plain number                 | nothing                                                          |
| a note without a subject                       | the subject                                                      |
| a draft                                        | it cannot be written                                             |
| no author                                      | the sender                                                       |
| a visa in other words than the four            | nothing; one without words means agreed                          |
| all drafters but the first; their notes        | nothing                                                          |
| control, rubrics, fields, approvals, original  | nothing                                                          |
| links that make an answer                      | «В ответ на»; with tasks it is no answer, but a main document    |
| other links                                    | a folder with kind, words, address; of a document id and number  |
| documents described beside the main one        | nothing                                                          |
| a supplement                                   | number, access, first author, tasks, files as annexes, links     |
| files                                          | the texts, then the annexes; without uid and tag                 |
| a file without a name                          | "file"                                                           |
| file or signature without content              | nothing                                                          |
| signature: moment, kind, owner, words, name    | nothing; called like its file with ".sig", ".2.sig" …            |
| draft tasks, tasks without uid                 | nothing; nor any task of an answer                               |
| task: author; day of signing                   | the sender; the day of the document, when missing                |
| task: kind, note, control but for the deadline | nothing; its parent only when in the message                     |
| executors                                      | one responsible at most; without what they reported              |
| signatures of a task's files                   | nothing                                                          |
| report: which document it is about             | nothing: the id of the message says it                           |
| moment of a receipt                            | when the notification was sent                                   |
| registration: card, moment, document           | number and date alone                                            |
| refusal                                        | a code of the standard, or ours with a minus; all else in words  |
| any other report                               | words, each with its moment                                      |
"""

from dataclasses import replace
from datetime import date

from gateway.dialects.gost2010 import acknowledgements, links, tasks
from gateway.dialects.gost2010.degrade_parties import anybody, anybody_or_none, end, official_or_none
from gateway.dialects.gost2010.examination import Ends
from gateway.dialects.gost2010.files import as_files
from gateway.dialects.gost2010.headers import acknow_of, ends_of, subscription_of
from gateway.dialects.gost2010.values import dashed, one_line, undashed
from gateway.dialects.gost2010.vocabulary import ATTESTATIONS, NAME, UNKNOWN, VERSION
from gateway.dialects.heard import heard
from gateway.model import (
    Author,
    DirectoryResult,
    DirectoryUpdate,
    Document,
    DocumentType,
    Drafter,
    Message,
    MessageId,
    Number,
    Party,
    Report,
    ReturnId,
    Term,
    Visa,
)


def degrade(message: Message) -> Message:
    """Return what the standard carries of *message*; degrading twice changes nothing more."""
    message = heard(message)
    if isinstance(message.body, DirectoryUpdate | DirectoryResult):
        return message  # `write` refuses it
    sender, recipients = end(message.sender), tuple(end(party) for party in message.recipients[:1])
    recipients = tuple(party for party in recipients if party != Party())
    id, body = dashed(message.id), message.body
    subscription = None
    told: Document | Report
    if isinstance(body, Document):
        subscription = subscription_of(acknow_of(message.subscription))
        return_id = id
        told = _document(body, body.number.date or message.sent_at.date(), ends_of(sender, recipients), sender)
    else:
        return_id = undashed(message.return_id) or UNKNOWN
        told = acknowledgements.degraded(body, message.sent_at)
    return replace(
        message,
        id=MessageId(id),
        return_id=ReturnId(return_id),
        sender=sender,
        recipients=recipients,
        body=told,
        dialect=NAME,
        dialect_version=VERSION,
        subscription=subscription,
        in_reply_to=None,
        thread=None,
    )


def _document(document: Document, day: date, ends: Ends, sender: Party) -> Document:
    author = official_or_none(Party(organisation=sender.organisation), ends)
    supplement = document.supplement
    kept_tasks = tasks.degraded(document.tasks, day, ends, author)
    answer = links.is_answer(document) and not kept_tasks
    access = Term(one_line(document.access.text)) if document.access and document.access.text else None
    bare = Document(
        uid=document.uid,
        type=document.type if document.type is not DocumentType.DRAFT else DocumentType.CREATED,
        number=Number(document.number.text, document.number.date or day),
        access=access,
        files=as_files(document.files, supplement=supplement),
        authors=_authors(document, day, ends)[: 1 if supplement else None]
        or (() if author is None else (Author(author),)),
        links=links.degraded(document.links, answer=answer),
        tasks=kept_tasks,
        supplement=supplement,
    )
    if supplement:
        return bare
    return replace(
        bare,
        kind=Term(document.kind.text) if document.kind and document.kind.text else None,
        subject=document.subject or document.note,
        note=document.note if document.subject else "",
        pages=document.pages if document.pages.isascii() and document.pages.isdigit() else "",
        collective=document.collective,
        visas=tuple(visa for each in document.visas for visa in _visa(each, ends)),
        addressees=tuple(party for each in document.addressees if (party := anybody_or_none(each, ends))),
        drafters=_drafters(document, ends)[:1],
    )


def _authors(document: Document, day: date, ends: Ends) -> tuple[Author, ...]:
    found = []
    for author in document.authors:
        party, number = anybody_or_none(author.party, ends), author.number
        told = Number(number.text, number.date or day) if number and number != Number() else None
        if party or told:
            found.append(Author(party, told))
    return tuple(found)


def _visa(visa: Visa, ends: Ends) -> tuple[Visa, ...]:
    """Return *visa* in the words of the standard; words it does not have are never replaced by others."""
    words = one_line(visa.text) or ATTESTATIONS[0]
    known = next((each for each in ATTESTATIONS if each.casefold() == words.casefold()), None)
    return (Visa(anybody(visa.party, ends), visa.signed_on, known),) if known else ()


def _drafters(document: Document, ends: Ends) -> tuple[Drafter, ...]:
    return tuple(Drafter(party) for each in document.drafters if (party := anybody_or_none(each.party, ends)))
