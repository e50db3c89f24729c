# SPDX-License-Identifier: GPL-3.0-or-later
"""Generated messages: any the model can hold and a sender could mean, with texts as nasty as people and programs write.

Every file's bytes are its own name's, so that a package can be put together from the message alone: see `content_of`.
"""

from dataclasses import replace
from datetime import UTC, date, datetime
from hashlib import sha256

from hypothesis import strategies as st

from gateway.content import Held
from gateway.model import (
    AdditionalField,
    Answer,
    Approval,
    ApprovalKind,
    Author,
    Citizen,
    Consideration,
    ContactKind,
    ContactPoint,
    ControlState,
    Department,
    Direction,
    DirectoryChange,
    DirectoryOutcome,
    DirectoryResult,
    DirectoryUpdate,
    Document,
    DocumentControl,
    DocumentRef,
    DocumentType,
    Drafter,
    DraftState,
    Executor,
    FieldType,
    File,
    FileRole,
    Forwarding,
    Link,
    Listing,
    Message,
    Number,
    Organisation,
    Party,
    Person,
    PostalAddress,
    Redirection,
    Refusal,
    Registered,
    Report,
    ReportKind,
    Signature,
    Subscription,
    System,
    Task,
    TaskControl,
    TaskDetails,
    TaskKind,
    Term,
    Visa,
)

CONTENTS = tuple(Held(b"%d" % number * number * 300) for number in range(5))

texts = st.sampled_from(
    (
        "",
        "о запросе",
        "«Ёж» & <сын>",
        "две\nстроки",
        " с краёв \t",
        "\r\n\x00\x1b]]>",
        "\ud800\uffff😀",
        "a  b\xa0",
    )
)
anything = st.text(max_size=8)
keys = st.sampled_from(("", "1", "2", "T1", "4678", "а б", "x\n"))
uids = st.sampled_from(("f00d", "c0ffee", "beef", "АБВ"))
names = st.sampled_from(
    (
        "письмо.pdf",
        "a[1].pdf",
        "a[2].b[1]",
        "x.2",
        ".profile",
        "без расширения",
        "a/b.c?d",
        "..",
        "",
        "a.\tb",
        "д" * 150 + ".txt",
    )
) | st.text(max_size=6)
days = st.dates(date(1, 1, 1), date(9999, 12, 31)) | st.just(date(2025, 3, 11))
moments = st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31), timezones=st.just(UTC))
flags = st.booleans()


def some(strategy: st.SearchStrategy, most: int = 2) -> st.SearchStrategy:
    return st.lists(strategy, max_size=most).map(tuple)


def maybe(strategy: st.SearchStrategy) -> st.SearchStrategy:
    return st.none() | strategy


terms = st.builds(Term, texts, texts)
numbers = st.builds(Number, texts, maybe(days))
contents = st.sampled_from(CONTENTS)

organisations = st.builds(Organisation, texts, texts, texts, texts, texts)
named_organisations = st.builds(
    Organisation, st.sampled_from(("ООО «Ромашка»", "Архив")), texts, st.sampled_from(("", "0801")), texts, texts
)
departments = st.builds(Department, texts, texts, texts)
persons = st.builds(Person, texts, texts, texts, texts)
postal = st.builds(PostalAddress, texts, maybe(terms), texts, texts)
points = st.builds(ContactPoint, st.sampled_from(ContactKind), texts)
systems = st.builds(System, texts, texts, texts)
citizens = st.builds(
    Citizen,
    texts,
    st.sampled_from(("", "female", "male", "undefined", "?")),
    texts,
    texts | st.just("1" * 15),
    texts,
    texts,
)
officials = st.builds(
    Party,
    organisation=maybe(organisations),
    department=maybe(departments),
    person=maybe(persons),
    postal=some(postal),
    contacts=some(points),
    system=maybe(systems),
)
people = st.builds(Party, citizen=maybe(citizens), postal=some(postal, 1), contacts=some(points, 1))
parties = officials | people
senders = st.builds(
    Party, organisation=named_organisations, person=maybe(persons), contacts=some(points), system=maybe(systems)
)


@st.composite
def files(draw: st.DrawFn) -> File:
    content = draw(maybe(contents))
    return File(
        name=draw(names),
        uid=draw(texts),
        size=content.size if content else 0,
        sha256=content.sha256 if content else None,
        media_type=draw(st.sampled_from(("application/pdf", "application/octet-stream"))),
        role=draw(st.sampled_from(FileRole)),
        tag=draw(texts),
        signatures=draw(some(signatures())),
    )


@st.composite
def signatures(draw: st.DrawFn) -> Signature:
    content = draw(maybe(contents))
    return Signature(
        name=draw(names),
        size=content.size if content else 0,
        sha256=content.sha256 if content else None,
        at=draw(maybe(moments)),
        kind=draw(st.none() | st.integers(0, 5) | st.integers()),
        certificate=draw(texts | st.just("CN=" + "Й " * 200)),
        description=draw(texts),
    )


controls = st.builds(DocumentControl, st.sampled_from(ControlState), maybe(days), maybe(days))
drafts = st.builds(
    DraftState,
    st.sampled_from(("", "created", "signed", "at_registration_with_deletion", "?")),
    maybe(st.integers()),
    texts,
)
executors = st.builds(Executor, parties, flags, texts, texts, maybe(moments), maybe(terms), some(files(), 1))
task_controls = st.builds(
    TaskControl, maybe(st.sampled_from(ControlState)), maybe(parties), maybe(days), texts, maybe(days), texts
)
tasks = st.builds(
    Task,
    uid=uids,
    kind=st.sampled_from(TaskKind),
    number=texts,
    author=maybe(parties),
    signed_on=maybe(days),
    text=anything,
    files=some(files(), 1),
    executors=some(executors, 1),
    control=maybe(task_controls),
    note=texts,
    category=maybe(terms),
    parent=maybe(uids),
    private=flags,
    draft=flags,
)
refs = st.builds(DocumentRef, uids | st.just(""), numbers, maybe(terms), texts, keys)
approvals = st.builds(
    Approval,
    texts,
    st.sampled_from(ApprovalKind),
    parties,
    maybe(moments),
    maybe(moments),
    texts,
    texts,
    maybe(parties),
    some(files(), 1),
)


def _documents(linked: st.SearchStrategy) -> st.SearchStrategy:
    return st.builds(
        Document,
        uid=uids | st.just(""),
        type=st.sampled_from(DocumentType),
        number=numbers,
        card=keys,
        kind=maybe(terms),
        access=maybe(terms),
        subject=texts | anything,
        pages=texts,
        note=texts,
        collective=maybe(flags),
        original_follows=maybe(flags),
        control=maybe(controls),
        draft=maybe(drafts),
        rubrics=some(terms),
        files=some(files()),
        authors=some(st.builds(Author, maybe(parties), maybe(numbers))),
        visas=some(st.builds(Visa, parties, maybe(days), texts), 1),
        approvals=some(approvals, 1),
        addressees=some(parties),
        drafters=some(st.builds(Drafter, parties, texts), 1),
        fields=some(st.builds(AdditionalField, texts, st.sampled_from(FieldType), texts), 1),
        links=some(st.builds(Link, terms, maybe(refs), texts, texts)),
        linked=linked,
        accompanying=some(keys),
        tasks=some(tasks, 1),
        supplement=flags,
    )


small_documents = st.builds(
    Document,
    uid=uids | st.just(""),
    type=st.sampled_from(DocumentType),
    number=numbers,
    card=keys,
    kind=maybe(terms),
    files=some(files(), 1),
    links=some(st.builds(Link, terms, maybe(refs), texts, texts), 1),
    accompanying=some(keys, 1),
    tasks=some(st.builds(Task, uid=uids, text=texts, parent=maybe(uids)), 1),
    supplement=flags,
)
nested_documents = st.builds(replace, small_documents, linked=some(small_documents, 1))
documents = _documents(some(nested_documents, 1))
details = st.builds(TaskDetails, *[flags] * 12, maybe(flags))
subscriptions = st.builds(
    Subscription, st.integers(-5, 2000), *[flags] * 12, maybe(flags), maybe(flags), maybe(details)
)
refusals = st.builds(
    Refusal,
    st.integers(-(2**31), 2**31 - 1) | st.just(39),
    texts | st.just("Обнаружено: x\n(39) y\nРешено: Отказать в регистрации."),
    texts | st.just("/DocInfo/Header/@Time"),
    texts,
    texts,
    flags,
)


@st.composite
def main_documents(draw: st.DrawFn) -> Document:
    """A document that can be sent: with a uid, and a draft with its version."""
    document = draw(documents)
    draft = (
        DraftState("created", draw(st.integers(0, 9)), draw(uids))
        if document.type is DocumentType.DRAFT
        else document.draft
    )
    return replace(document, uid=draw(uids), draft=draft)


@st.composite
def reports(draw: st.DrawFn) -> Report:
    kind = draw(st.sampled_from(ReportKind))
    return Report(
        kind=kind,
        about=draw(refs),
        received_at=draw(maybe(moments)),
        refusal=draw(refusals if kind is ReportKind.REFUSAL else maybe(refusals)),
        registered=draw(maybe(st.builds(Registered, numbers, keys, maybe(moments), maybe(nested_documents)))),
        forwardings=draw(some(st.builds(Forwarding, parties, moments))),
        considerations=draw(some(st.builds(Consideration, tasks, maybe(uids)))),
        sent_tasks=draw(some(tasks)),
        redirections=draw(some(st.builds(Redirection, parties, moments, terms))),
        answers=draw(some(st.builds(Answer, nested_documents, moments, terms))),
        directions=draw(some(st.builds(Direction, st.sampled_from(ApprovalKind), parties, moments), 1)),
        approvals=draw(maybe(st.builds(replace, nested_documents, approvals=some(approvals, 1)))),
        edited=draw(maybe(small_documents)),
        edited_text=draw(texts),
        draft_registered=draw(maybe(small_documents)),
    )


def messages(body: st.SearchStrategy) -> st.SearchStrategy:
    return st.builds(
        Message,
        id=st.sampled_from(("0c3f", "m&m")),
        return_id=uids,
        sent_at=moments,
        sender=senders,
        recipients=st.lists(parties, min_size=1, max_size=2).map(tuple),
        body=body,
        dialect=texts,
        dialect_version=texts,
        subscription=maybe(subscriptions),
        in_reply_to=maybe(uids),
        thread=maybe(uids),
    )


listings = st.builds(Listing, parties, flags, texts)
outcomes = st.builds(DirectoryOutcome, listings, some(st.sampled_from(DirectoryChange)))
directories = st.builds(DirectoryUpdate, some(listings, 4)) | st.builds(DirectoryResult, some(outcomes, 4))

document_messages = messages(main_documents())
report_messages = messages(reports())
directory_messages = messages(directories)


def content_of(digest: str) -> Held:
    """Return the bytes of a generated file."""
    return next(content for content in CONTENTS if sha256(content.data).hexdigest() == digest)
