# SPDX-License-Identifier: GPL-3.0-or-later
"""A package understood: the story from untrusted bytes to a message, with what was noted and what was refused.

Refused is only what cannot be acted upon: broken or hostile XML, a header without id, time or sender, a file that is
referred to and did not come, a document that cannot be identified.  All else is noted.
"""

from collections.abc import Sequence
from dataclasses import replace

from gateway.dialects.bare_elements import attribute, child, children, text
from gateway.dialects.findings import MAX_QUOTE, problem_of
from gateway.dialects.smdo import degrade, vocabulary
from gateway.dialects.smdo.acknowledgements import acknowledged, read_acknowledgement, read_return_id
from gateway.dialects.smdo.documents import (
    Folders,
    addressees,
    find_document,
    read_document,
    read_folders,
    read_parent,
    read_reference,
)
from gateway.dialects.smdo.examination import Examination
from gateway.dialects.smdo.headers import Header, heading_of, read_header
from gateway.dialects.smdo.spelling import respell
from gateway.dialects.smdo.tasks import Told, read_tasks
from gateway.dialects.smdo.validation import deviation_notes
from gateway.dialects.smdo.vocabulary import (
    ALWAYS,
    ANSWER,
    ANSWERS,
    LINKED,
    NAME,
    NOTIFICATION,
    SUPPLEMENTS,
    V2,
    VERSIONS,
)
from gateway.dialects.tree import Element, local_name, parse, salvage
from gateway.dialects.wire import Body, Reading, Resource
from gateway.errors import Reason, Refused
from gateway.model import (
    Document,
    Link,
    Message,
    MessageId,
    Number,
    Report,
    ReportKind,
    ReturnId,
    Term,
)

DIRECTORY_NOTICE = "SMDO notice that a central directory changed"
_ZONES = ("Document", "TaskList", "AddDocuments", "Expansion", "Acknowledgement", "Datadir")
_WANTED = {vocabulary.NEVER: degrade.NEVER, vocabulary.ON_ERRORS: degrade.ON_ERRORS}  # msg_acknow (1.2)
MAX_ODD = 20  # LIMIT: odd spellings noted one by one


def read(passport: bytes, resources: Sequence[Resource], bodies: Sequence[Body] = ()) -> Reading:
    """Return what was understood of the *passport* and of the files that came beside it; never raises."""
    try:
        root = parse(passport)
    except Refused as refusal:
        return _unread(passport, refusal)
    exam = Examination(resources, bodies)
    _respelt(root, exam)
    return _examined(root, exam)


def _respelt(root: Element, exam: Examination) -> None:
    odd = respell(root)
    for element, name in odd[:MAX_ODD]:
        exam.note("odd-spelling", element, f"written {name[:MAX_QUOTE]}")
    if len(odd) > MAX_ODD:
        exam.note("odd-spelling", root, f"{len(odd) - MAX_ODD} more")


def _unread(passport: bytes, refusal: Refused) -> Reading:
    """Return the refusal of broken or hostile XML, with the heading that could be saved of it."""
    saved = salvage(passport)
    if saved is not None:
        respell(saved)
    return Reading(
        dialect=NAME,
        version=_version(saved),
        kind=_kind(child(saved, "Body"), None),
        heading=heading_of(saved),
        refusal=refusal,
        problems=(problem_of(refusal),),
    )


def _version(root: Element | None) -> str:
    said = attribute(root, "type")
    return said if said in VERSIONS else V2


def _kind(body: Element | None, message: Message | None) -> str | None:
    """Return what the body is, by what stands in it: the number of its kind is not trusted."""
    if message is not None and isinstance(message.body, Report):
        return "receipt" if message.body.kind is ReportKind.RECEIPT else "report"
    if child(body, "Acknowledgement") is not None and child(body, "Document") is None:
        return "report"
    return None if _is_directory_notice(body) else "document"


def _is_directory_notice(body: Element | None) -> bool:
    content = ("Document", "TaskList", "AddDocuments", "Acknowledgement")
    return child(body, "Datadir") is not None and not children(body, *content)


# --- examination --------------------------------------------------------------------------------------------------


def _examined(root: Element, exam: Examination) -> Reading:
    exam.problems += deviation_notes(root, _version(root))
    header, body = read_header(root, exam), child(root, "Body")
    message, title = None, ""
    if local_name(root) != "Envelop":
        exam.refuse(Reason.BAD_PASSPORT, "the root element is not Envelop", root, found=local_name(root))
    if body is None:
        exam.refuse(Reason.BAD_PASSPORT, "the message has no Body", root, "Body")
    elif _is_directory_notice(body):
        title = DIRECTORY_NOTICE
        notice = child(body, "Datadir")
        assert notice is not None
        exam.note("directory-notice", notice, f"a directory changed: {text(notice)[:MAX_QUOTE]}")
    else:
        _examine_zones(body, exam)
        message = _read_message(root, body, header, exam)
        for surplus in exam.surplus[:MAX_ODD]:
            name = next(iter(surplus.names), "")[:MAX_QUOTE]
            exam.note("unlisted-file", root, f"a file nothing names is ignored: {name}")
    return Reading(
        dialect=NAME,
        version=header.version,
        kind=_kind(body, message),
        heading=heading_of(root, header),
        message=message,
        contents=exam.contents,
        refusal=exam.refusal,
        problems=exam.told(),
        title=title,
    )


def _examine_zones(body: Element, exam: Examination) -> None:
    for zone in _ZONES:
        if len(found := children(body, zone)) > 1:
            exam.note("repeated-zone", found[1], "the zone stands there twice: all of it is read where it can be")
    for place, what in (("Body/Expansion", "content by private agreement"), ("Header/Integrity", "not described")):
        made = body.getroottree().getroot().find(place)
        if made is not None and (len(made) or text(made)):
            exam.note("expansion", made, f"{what}: ignored")


def _read_message(root: Element, body: Element, header: Header, exam: Examination) -> Message | None:
    """Return the message, None when there is none to show: without a time of sending."""
    acked = acknowledged(body, exam)
    if header.sent_at is None:
        return None
    bare = Message(
        id=MessageId(header.message_id),
        return_id=ReturnId(header.said_id),
        sent_at=header.sent_at,
        sender=header.sender,
        recipients=header.recipients,
        body=Document(),
        dialect=NAME,
        dialect_version=header.version,
    )
    if acked is not None:
        _expect(header.msg_type == NOTIFICATION, root, exam)
        report = read_acknowledgement(acked, exam, header.sent_at, by_network=header.by_network)
        return replace(bare, return_id=read_return_id(acked), body=report)
    if header.by_network:
        exam.refuse(Reason.UNSUPPORTED, "the network sends acknowledgements only", body)
    message = replace(bare, subscription=_WANTED.get(header.msg_acknow))
    if header.msg_acknow not in ("", ALWAYS, *_WANTED):
        exam.note(
            "unreadable-value", root, "an unknown wish for acknowledgements: taken as always", "Header/@msg_acknow"
        )
    folders = read_folders(body, exam)
    tasks = read_tasks(body, exam, header.known)
    made = child(body, "Document")
    if made is None or header.msg_type in SUPPLEMENTS:
        _expect(header.msg_type in SUPPLEMENTS, root, exam)
        return replace(message, body=_read_supplement(root, body, header, folders, tasks, exam))
    _expect(header.msg_type not in (NOTIFICATION, ""), root, exam)
    return _read_main(message, made, root, header, folders, tasks, exam)


def _expect(right: bool, root: Element, exam: Examination) -> None:
    if not right:
        exam.note("wrong-kind", root, "the kind of message does not fit what stands in it", "Header/@msg_type")


def _read_main(
    message: Message,
    element: Element,
    root: Element,
    header: Header,
    folders: Folders,
    tasks: Sequence[Told],
    exam: Examination,
) -> Message:
    document = read_document(element, exam, header.known)
    parent = read_parent(element, exam)
    links = [*([parent.link] if parent else []), *document.links]
    if parent is None and header.msg_type == ANSWER and links and links[0].kind.text == LINKED:
        links[0] = Link(Term(ANSWERS), links[0].document)  # before 2.1.1 the answered document is just referred to
    document = replace(
        document,
        note="\n".join(part for part in (document.note, *folders.notes) if part),
        files=(*document.files, *folders.files),
        links=(*links, *_named_by_receivers(root, links, exam), *folders.links),
        addressees=addressees(message.recipients),
        tasks=tuple(told.task for told in tasks),
    )
    _examine(document, element, exam)
    if parent is None:
        return replace(message, body=document)
    return replace(message, body=document, in_reply_to=parent.message, thread=parent.thread)


def _named_by_receivers(root: Element, links: Sequence[Link], exam: Examination) -> list[Link]:
    """Return what Receiver/Referred names beyond *links*: the task an answer fulfils, for example."""
    known = {link.document for link in links}
    found = [
        link
        for receiver in children(child(root, "Header"), "Receiver")
        for made in children(receiver, "Referred")
        if (link := read_reference(made, exam)) is not None and (link.document is None or link.document not in known)
    ]
    return list(dict.fromkeys(found))


def _examine(document: Document, element: Element, exam: Examination) -> None:
    """Refuse a document nobody could find again; note what a partner should do better."""
    if not document.uid and document.number == Number():
        exam.refuse(Reason.MISSING_FIELD, "the document has neither id nor number", element, "@idnumber")
    elif not document.uid:
        exam.note("no-uid", element, "the document has no id", "@idnumber")
    if not document.authors:
        exam.note("missing-author", element, "no data about the author of the document", "Author")
    if not document.files:
        exam.note("no-files", element, "a document without files", "DocTransfer")
    if not document.subject:
        exam.note("empty-subject", element, "the subject is not given", "@title")
    if not document.pages:
        exam.note("empty-pages", element, "the number of pages is not given", "@pages")


def _read_supplement(
    root: Element, body: Element, header: Header, folders: Folders, tasks: Sequence[Told], exam: Examination
) -> Document:
    """Return what is added to a document that came before, found by what is referred to.

    QUIRK: a Document zone, as GOST R 53898-2010 has it, names it as well.
    """
    made = child(body, "Document")
    if made is not None:
        exam.note("misplaced", made, "a supplement has no Document: it only says what is added to")
        document = read_document(made, exam, header.known)
        files, ref = document.files, document.ref
    else:
        about = [told.about for told in tasks if told.about]
        files, ref = (), find_document(child(root, "Header"), folders, about, exam, body)
    return Document(
        uid=ref.uid,
        number=ref.number,
        note="\n".join(folders.notes),
        files=(*files, *folders.files),
        addressees=addressees(header.recipients),
        tasks=tuple(told.task for told in tasks),
        supplement=True,
    )
