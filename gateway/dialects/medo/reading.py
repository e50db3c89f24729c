# SPDX-License-Identifier: GPL-3.0-or-later
"""A package understood: the story from untrusted bytes to a message, with what was noted and what was refused.

Refused is only what cannot be acted upon: broken or hostile XML, a message without id, time or sender, a document
without uid, a named file that did not come, a container that cannot be opened.  All else is noted.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from lxml import etree

from gateway.content import whole
from gateway.dialects.declared import as_written
from gateway.dialects.findings import MAX_QUOTE, problem_of
from gateway.dialects.medo.cards import read_card, read_number
from gateway.dialects.medo.containers import PASSPORT, container_signature, read_passport
from gateway.dialects.medo.elements import attribute, child, child_text, children, strip
from gateway.dialects.medo.examination import Examination
from gateway.dialects.medo.files import read_files
from gateway.dialects.medo.notifications import read_acknowledgment, read_notification
from gateway.dialects.medo.parties import participants, read_partner, recipient
from gateway.dialects.medo.shelf import Found, Shelf, named_in
from gateway.dialects.medo.unkept import note_unkept
from gateway.dialects.medo.validation import deviation_notes
from gateway.dialects.medo.values import MOSCOW, as_guid, bare, heard_uid
from gateway.dialects.medo.vocabulary import (
    CONTAINER,
    CONTAINER_27,
    KINDS,
    KNOWN,
    MESSAGES,
    NAME,
    NAMED_ONLY,
    NODE_ERROR,
    PASSPORTS,
    UNKNOWN,
    VERSIONS,
    ZERO,
    spoken,
)
from gateway.dialects.tree import MAX_BYTES, Element, drop_unknown, parse, path, root_of, salvage
from gateway.dialects.values import read_moment
from gateway.dialects.wire import Heading, Reading, Resource, Root, Unpack
from gateway.errors import Reason, Refused
from gateway.model import (
    Content,
    Document,
    DocumentRef,
    DocumentUid,
    File,
    Message,
    MessageId,
    Number,
    Party,
    Problem,
    Report,
    ReportKind,
    ReturnId,
    Sha256,
)


def read(passport: bytes, resources: Sequence[Resource], unpack: Unpack) -> Reading:
    """Return what was understood of the message and of the files that came beside it; never raises."""
    try:
        root = parse(passport)
    except Refused as refusal:
        return _unread(passport, refusal)
    name = etree.QName(root)
    if name.namespace not in MESSAGES or name.localname != "communication":
        return _named(Root(name.namespace or "", name.localname))
    return _examined(root, resources, unpack)


def _named(root: Root) -> Reading:
    """Return a reading of what we only know by name."""
    title = NAMED_ONLY.get(root.name, f"unknown MEDO message {root.name[:MAX_QUOTE]}")
    version = (
        VERSIONS[0] if root.namespace in (MESSAGES[1], CONTAINER) else "2.7" if root.namespace == CONTAINER_27 else ""
    )
    return Reading(NAME, version, None, Heading(), title=title)


def _unread(passport: bytes, refusal: Refused) -> Reading:
    """Return the refusal of broken or hostile XML, with the heading that could be saved of it."""
    root = root_of(passport)
    if root is None or root.namespace not in MESSAGES or root.name != "communication":
        named = _named(root or Root("", ""))
        return replace(named, refusal=refusal, problems=(problem_of(refusal),))
    saved = salvage(passport)
    if saved is not None:
        strip(saved, KNOWN)
    kind = KINDS.get(attribute(child(saved, "header"), "type"), ("", None))[1]
    version = root.attributes.get("version", "").strip()
    return Reading(
        dialect=NAME,
        version=spoken(version, root.namespace),
        kind=kind or _body_kind(saved),
        heading=_heading(saved, Examination()) if saved is not None else Heading(),
        refusal=refusal,
        problems=(problem_of(refusal),),
    )


# --- the message --------------------------------------------------------------------------------------------------


def _examined(root: Element, resources: Sequence[Resource], unpack: Unpack) -> Reading:
    exam = Examination()
    namespace = etree.QName(root).namespace or ""
    exam.problems += drop_unknown(root, KNOWN)
    said = next(
        (str(value).strip() for key, value in root.attrib.items() if etree.QName(key).localname == "version"), ""
    )
    version = spoken(said, namespace)
    exam.problems += deviation_notes(root, version)
    strip(root, KNOWN)
    if said != version:
        exam.note("version", root, f"no version of the format: {said[:MAX_QUOTE]!r}, read as {version}", at="@version")
    heading = _heading(root, exam)
    exam.of_network = attribute(child(root, "acknowledgment"), "content") == NODE_ERROR
    _demand(root, heading, exam)
    kind, body_name = _kind(root, exam)
    shelf = Shelf(resources, named_in(root))
    message: Message | None = None
    body = child(root, body_name)
    contents: dict[Sha256, Content] = {}
    if body is not None:
        found, returned, contents = _body(root, body, heading, exam, shelf, unpack, version)
        if isinstance(found, Document) and not heading.recipients:
            heading = replace(heading, recipients=participants(found.addressees))
        if found is not None and heading.sent_at is not None:
            message = _message(found, returned, heading, version)
            kind = _kind_of(found)
            heading = replace(heading, return_id=message.return_id, about=_about_of(found))
    note_unkept(root, exam)
    for resource in shelf.unlisted:
        exam.note(
            "unlisted-file", root, f"a file nothing names is ignored: {next(iter(resource.names), '')[:MAX_QUOTE]}"
        )
    problems = exam.told()
    return Reading(
        dialect=NAME,
        version=version,
        kind=kind,
        heading=heading,
        message=message,
        contents=contents,
        refusal=exam.refusal,
        problems=problems,
        awaited=tuple(exam.awaited),
        of_network=exam.of_network,
    )


def _message(body: Document | Report, returned: ReturnId, heading: Heading, version: str) -> Message:
    assert heading.sent_at is not None  # the caller has looked
    return Message(
        id=MessageId(heading.message_id),
        return_id=returned or ReturnId(heading.message_id),
        sent_at=heading.sent_at,
        sender=heading.sender or Party(),
        recipients=heading.recipients,
        body=body,
        dialect=NAME,
        dialect_version=version,
    )


def _about_of(body: Document | Report) -> DocumentRef:
    return body.ref if isinstance(body, Document) else body.about


def _kind_of(body: Document | Report) -> str:
    if isinstance(body, Document):
        return "document"
    return "receipt" if body.kind is ReportKind.RECEIPT else "report"


def _kind(root: Element, exam: Examination) -> tuple[str, str]:
    """Return our kind and the name of the body; of a type that does not fit what stands there, the latter counts."""
    header = child(root, "header")
    said = attribute(header, "type")
    name, kind = KINDS.get(said, ("", ""))
    if name and child(root, name) is not None:
        return kind, name
    there = next(((body, ours) for body, ours in KINDS.values() if child(root, body) is not None), None)
    where = root if header is None else header
    if there is not None:
        exam.note("wrong-type", where, f"{said[:MAX_QUOTE]!r}, but it holds a {there[0]}", at="@type")
        return there[1], there[0]
    exam.refuse(Reason.BAD_PASSPORT, "the message holds nothing we know", root, found=said)
    return kind or "document", name or "document"


def _body_kind(root: Element | None) -> str | None:
    return next((kind for name, kind in KINDS.values() if child(root, name) is not None), None)


def _demand(root: Element, heading: Heading, exam: Examination) -> None:
    demanded = (
        (heading.message_id, "header/@uid"),
        (heading.sent_at, "header/@created"),
        (exam.of_network or (heading.sender and heading.sender.index), "header/source/@uid"),
    )
    for value, place in demanded:
        if not value:
            exam.refuse(Reason.MISSING_FIELD, "a mandatory field of the header is missing or unreadable", root, place)


def _heading(root: Element, exam: Examination) -> Heading:
    """Return who writes to whom, when and about what, as far as it can be read.

    QUIRK: receipts of the postal product have no ``@created`` and an empty name of the sender.
    """
    header = child(root, "header")
    source = child(header, "source")
    named = exam.guid(header)
    created = attribute(header, "created")
    sent_at = exam.moment(header, "@created")
    if sent_at is None and not created:
        sent_at = _event_time(root)
        if sent_at is not None and header is not None:
            exam.note("no-time", header, "the time of what it tells counts", at="@created")
    index = exam.guid(source)
    sender = read_partner(source, "" if index == ZERO else index)
    if source is not None and sender.organisation and not sender.organisation.short_name:
        exam.note("empty-name", source, "the name of the sender is empty", at="organization")
    named = "" if named == ZERO else named
    return Heading(
        message_id=named,
        return_id=named,
        sent_at=sent_at,
        sender=None if sender == Party() else sender,
        recipients=_recipients(root),
        about=_about(root),
    )


def _event_time(root: Element) -> datetime | None:
    found = root.find(".//time")
    return read_moment((found.text or "").strip(), MOSCOW) if found is not None else None


def _recipients(root: Element) -> tuple[Party, ...]:
    """Return the participants of deliveryIndex (§2.2); QUIRK: not nested, too."""
    found = map(recipient, children(child(root, "deliveryIndex"), "destination"))
    return tuple(party for party in found if party.index)


def _about(root: Element) -> DocumentRef:
    """Return which document a message speaks of, for the answer to one that must be refused."""
    exam = Examination()
    document, notification = child(root, "document"), child(root, "notification")
    named = notification if document is None else document
    uid, card = heard_uid(exam.guid(named), attribute(named, "id"))
    number = Number()
    if document is not None:
        number = read_number(child(document, "num"), exam)
    elif notification is not None and len(notification):
        number = read_number(child(notification[0], "foundation", "num"), exam)
    return DocumentRef(DocumentUid(uid), number, card=card)


# --- bodies -------------------------------------------------------------------------------------------------------

Body = tuple[Document | Report | None, ReturnId, dict[Sha256, Content]]


def _body(
    root: Element,
    body: Element,
    heading: Heading,
    exam: Examination,
    shelf: Shelf,
    unpack: Unpack,
    version: str,
) -> Body:
    """Return what the message holds, which message it answers (nothing for a document) and the bytes of its files."""
    if body.tag == "container":
        return _container(body, heading, exam, shelf, unpack)
    if body.tag == "document":
        document = read_card(body, exam, heading.recipients)
        files, addresses = read_files(root, exam, shelf)
        _examine(document, body, exam)
        document = replace(document, files=files, links=(*document.links, *addresses))
        return document, ReturnId(""), _kept(files, shelf)
    if heading.sent_at is None:
        return None, ReturnId(UNKNOWN), {}
    if body.tag == "acknowledgment":
        report, returned = read_acknowledgment(body, exam, heading.sent_at)
        if returned == UNKNOWN and (named := child_text(body, "errorFileMessage")):
            returned = _returned(shelf.find((named,)), unpack) or returned
    else:
        report, returned = read_notification(body, exam, heading, version)
    return None if exam.refusal else report, returned, {}


def _returned(found: Found, unpack: Unpack) -> ReturnId:
    """Return the id of the message of ours that a node gives back as a zip; nothing when none can be read there."""
    try:
        inside = unpack(found.resource) if found.resource else ()
        roots = [parse(whole(one.content, MAX_BYTES)) for one in inside if one.names[0].lower().endswith(".xml")]
    except (Refused, ValueError):
        return ReturnId("")
    for root in roots:
        strip(root, KNOWN)
    named = {as_guid(attribute(child(root, "header"), "uid")) for root in roots if root.tag == "communication"} - {""}
    return ReturnId(bare(named.pop()) if len(named) == 1 else "")


def _examine(document: Document, element: Element, exam: Examination) -> None:
    if not document.uid:
        exam.refuse(Reason.MISSING_FIELD, "the document has no uid", element, "@uid")
    if not document.authors:
        exam.note("missing-author", element, "nobody signed or sent this document", at="correspondents")
    if not document.subject:
        exam.note("empty-subject", element, "no annotation", at="annotation")


def _kept(files: Sequence[File], shelf: Shelf) -> dict[Sha256, Content]:
    """Return the bytes of every file and signature the document names."""
    named = {file.sha256 for file in files} | {one.sha256 for file in files for one in file.signatures}
    return {digest: content for digest, content in shelf.contents.items() if digest in named}


# --- containers ---------------------------------------------------------------------------------------------------


def _container(body: Element, heading: Heading, exam: Examination, outside: Shelf, unpack: Unpack) -> Body:
    """Open the zip that ``container/body`` names and read the passport inside (§4.4)."""
    nothing: Body = (None, ReturnId(""), {})
    name = child_text(body, "body")
    found = outside.find((name,)) if name else None
    archive = found.resource if found else None
    if archive is None and found is not None and not found.several:
        archives = [one for one in outside.unlisted if any(each.lower().endswith(".zip") for each in one.names)]
        archive = archives[0] if len(archives) == 1 else None
        if archive is not None:
            outside.take(archive)
            exam.note("name-differs", body, f"came as {archive.names[0][:MAX_QUOTE]}", at="body")
    if archive is None:
        reason = Reason.AMBIGUOUS if found is not None and found.several else Reason.MISSING_FILE
        exam.refuse(
            reason, "the container did not come, or several could be it", body, "body", expected=name[:MAX_QUOTE]
        )
        return nothing
    try:
        inside = unpack(archive)
        root, rest, odd = _passport(inside)
    except Refused as refusal:
        place = f"{path(body)}/body" + (f": {refusal.place}" if refusal.place else "")
        exam.take(Refused(refusal.reason, refusal.detail, place=place, expected=refusal.expected, found=refusal.found))
        return nothing
    exam.problems += odd
    return _opened(root, rest, body, heading, exam)


def _passport(inside: Sequence[Resource]) -> tuple[Element, list[Resource], tuple[Problem, ...]]:
    """Return the passport among the files of a container, the others, and what is odd about its encoding.

    Raises Refused when there is none.
    """
    for resource in inside:
        if any("/" in name for name in resource.names):  # LIMIT: a container is flat
            raise Refused(Reason.BAD_PASSPORT, "a folder in the container", found=resource.names[0][:MAX_QUOTE])
    called = [resource for resource in inside if PASSPORT in (name.lower() for name in resource.names)]
    # QUIRK: found by its root where it has another name
    found = called or [
        resource
        for resource in inside
        if (outer := root_of(next(iter(resource.content.blocks()), b""))) and outer.namespace in PASSPORTS
    ]
    if len(found) != 1:
        reason = Reason.AMBIGUOUS if found else Reason.MISSING_FILE
        raise Refused(reason, "a container has one passport", expected=PASSPORT, found=str(len(found)))
    if found[0].content.size > MAX_BYTES:
        raise Refused(Reason.TOO_LARGE, "the passport of the container is too large")
    passport, odd = as_written(found[0].content)
    root = parse(whole(passport, MAX_BYTES))
    name = etree.QName(root)
    if name.localname != "container" or name.namespace not in PASSPORTS:
        raise Refused(Reason.BAD_PASSPORT, "not the passport of a container", found=name.localname[:MAX_QUOTE])
    return root, [resource for resource in inside if resource is not found[0]], odd


def _opened(root: Element, rest: list[Resource], body: Element, heading: Heading, exam: Examination) -> Body:
    namespace = etree.QName(root).namespace or ""
    exam.problems += drop_unknown(root, KNOWN)
    exam.problems += deviation_notes(root, "2.7.1" if namespace == CONTAINER else "2.7")
    strip(root, KNOWN)
    shelf = Shelf(rest, named_in(root), envelopes=False)
    document = read_passport(root, exam, shelf, heading.recipients)
    names = (child_text(body, "signature"), attribute(child(root, "containerSignature"), "localName"))
    signature = container_signature(names, root, exam, shelf)
    if signature and document.files:
        first = document.files[0]
        first = replace(first, signatures=(*first.signatures, signature))
        document = replace(document, files=(first, *document.files[1:]))
    _examine(document, root, exam)
    note_unkept(root, exam)
    for resource in shelf.unlisted:
        exam.note("unlisted-file", root, f"a file nothing names is ignored: {resource.names[0][:MAX_QUOTE]}")
    return document, ReturnId(""), _kept(document.files, shelf)
