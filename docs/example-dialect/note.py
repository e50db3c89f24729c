# SPDX-License-Identifier: GPL-3.0-or-later
"""«note», a made-up standard: one element says who writes to whom, and a document, a registration or a refusal.

    <note xmlns="https://note.example/1" id="…" sent="2026-03-11T07:00:00+00:00">
      <from index="EX-1">Архив</from>
      <to index="EX-2">Музей</to>
      <document uid="…" number="01-17/42" date="2026-03-11" access="…">
        <subject>О запросе</subject>
        <for index="EX-2">Берёзкина Анна Викторовна</for>
        <file name="Письмо.txt" part="file1"/>
      </document>
    </note>

A report has `about`, the id of the message it answers, and instead of a document
`<registered uid="…" number="…" date="…"/>` or `<refused uid="…" code="39">why</refused>`.
What the standard cannot say:

| of the model                                     | becomes                                            |
|--------------------------------------------------|----------------------------------------------------|
| any text                                         | without blanks around it, U+FFFD for what is no XML |
| return id of a document                          | the id of the message                              |
| dialect, version, subscription, reply, thread    | "note", "1", nothing                               |
| sender, recipients                               | name and index of the organisation                 |
| addressees                                       | index of the organisation and name of the person   |
| authors                                          | the sender                                         |
| number, subject, access                          | kept; of access the words                          |
| files                                            | texts, by name; without content nothing            |
| everything else of a document                    | nothing                                            |
| a registration                                   | uid and number                                     |
| a refusal                                        | uid, code and words                                |
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC

from lxml import etree

from gateway.dialects.heard import heard
from gateway.dialects.tree import Element, drop_unknown, parse, path, salvage
from gateway.dialects.values import one_line, read_date, read_integer, read_moment, write_moment
from gateway.dialects.wire import (
    Body,
    Carried,
    Heading,
    Member,
    Package,
    Places,
    Reading,
    Resource,
    Root,
    Unpack,
    no_archives,
    no_directory,
)
from gateway.errors import Reason, Refused
from gateway.model import (
    Author,
    Content,
    DirectoryResult,
    DirectoryUpdate,
    Document,
    DocumentRef,
    DocumentType,
    DocumentUid,
    EventKind,
    File,
    FileRole,
    Message,
    MessageId,
    Number,
    Organisation,
    Party,
    Person,
    Problem,
    Refusal,
    Registered,
    Report,
    ReportKind,
    ReturnId,
    Severity,
    Sha256,
    Term,
)

NAME, VERSION, SPACE = "note", "1", "https://note.example/1"
BODIES = ("document", "registered", "refused")
_SPACES = {None: SPACE}
TOLD = (EventKind.REGISTERED, EventKind.REFUSED)


class Note:
    """The `Dialect` called "note"."""

    name = NAME
    versions = (VERSION,)
    carries: Mapping[EventKind, Carried] = {
        kind: Carried("whole") if kind in TOLD else Carried("no", "a note tells registrations and refusals alone")
        for kind in EventKind
    }
    can_tell = frozenset[EventKind]()
    accumulates = False
    one_id = True
    confirms_reports = False
    is_body = None
    network = frozenset[str]()

    def places(self, version: str) -> Places:
        return Places("/note/document/@uid", "/note/from", "/note/document/file")

    def recognises(self, root: Root) -> bool:
        return root.namespace == SPACE

    def read(
        self,
        passport: bytes,
        resources: Sequence[Resource],
        *,
        bodies: Sequence[Body] = (),
        unpack: Unpack = no_archives,
    ) -> Reading:
        return read(passport, resources)

    def write(self, message: Message) -> Package:
        return write(message)

    def degrade(self, message: Message) -> Message:
        return degrade(message)


# --- reading ------------------------------------------------------------------------------------------------------


def read(passport: bytes, resources: Sequence[Resource]) -> Reading:
    try:
        root = parse(passport)
    except Refused as refusal:
        return _refused(salvage(passport), refusal)
    notes = drop_unknown(root, {SPACE})
    contents: dict[Sha256, Content] = {}
    try:
        message = _message(root, resources, contents)
    except Refused as refusal:
        return _refused(root, refusal, notes)
    return Reading(NAME, VERSION, _kind(root), _heading(root), message, contents, problems=notes)


def _refused(root: Element | None, refusal: Refused, notes: tuple[Problem, ...] = ()) -> Reading:
    problem = Problem(Severity.ERROR, refusal.reason.value, refusal.place, refusal.detail)
    return Reading(NAME, VERSION, _kind(root), _heading(root), refusal=refusal, problems=(*notes, problem))


def _kind(root: Element | None) -> str | None:
    body = _body(root)
    return None if body is None else "document" if _is(body, "document") else "report"


def _heading(root: Element | None) -> Heading:
    """Return what can be said of whom to answer, of a whole note or of what was saved of one."""
    if root is None:
        return Heading()
    body = _body(root)
    return Heading(
        message_id=_value(root, "id"),
        return_id=_value(root, "about") or _value(root, "id"),
        sent_at=read_moment(_value(root, "sent"), UTC),
        sender=next(map(_party, _children(root, "from")), None),
        recipients=tuple(map(_party, _children(root, "to"))),
        about=DocumentRef() if body is None else DocumentRef(_uid(body), _number(body)),
    )


def _message(root: Element, resources: Sequence[Resource], contents: dict[Sha256, Content]) -> Message:
    """Return the message of *root*, the bytes of its files in *contents*; raises Refused where nobody could act."""
    heading, body = _heading(root), _body(root)
    if body is None:
        raise Refused(Reason.BAD_PASSPORT, "there is neither a document nor a report in it", place=path(root))
    if not heading.message_id or heading.sent_at is None:
        raise Refused(Reason.MISSING_FIELD, "the note has no id, or no moment", place=path(root))
    if heading.sender is None or not (heading.sender.index or heading.sender.name):
        raise Refused(Reason.MISSING_FIELD, "the note has no sender", place=path(root))
    return Message(
        MessageId(heading.message_id),
        ReturnId(heading.return_id),
        heading.sent_at,
        heading.sender,
        heading.recipients,
        _document(body, heading.sender, resources, contents) if _is(body, "document") else _report(body),
        NAME,
        VERSION,
    )


def _document(body: Element, sender: Party, resources: Sequence[Resource], contents: dict[Sha256, Content]) -> Document:
    if not _value(body, "uid"):
        raise Refused(Reason.MISSING_FIELD, "the document has no uid", place=path(body))
    access = _value(body, "access")
    return Document(
        uid=_uid(body),
        number=_number(body),
        access=Term(access) if access else None,
        subject=next(map(_text, _children(body, "subject")), ""),
        files=tuple(_file(made, resources, contents) for made in _children(body, "file")),
        authors=(Author(sender),),
        addressees=tuple(map(_addressee, _children(body, "for"))),
    )


def _file(made: Element, resources: Sequence[Resource], contents: dict[Sha256, Content]) -> File:
    part = _value(made, "part")
    content = next((one.content for one in resources if part in one.names), None)
    if content is None:
        raise Refused(Reason.MISSING_FILE, "a file that the note names did not come", place=path(made), expected=part)
    contents[content.sha256] = content
    return File(_value(made, "name"), size=content.size, sha256=content.sha256, role=FileRole.TEXT)


def _report(body: Element) -> Report:
    about = DocumentRef(_uid(body))
    if _is(body, "registered"):
        return Report(ReportKind.PROGRESS, about, EventKind.REGISTERED, registered=Registered(_number(body)))
    return Report(ReportKind.REFUSAL, about, refusal=Refusal(read_integer(_value(body, "code")) or 0, _text(body)))


def _body(root: Element | None) -> Element | None:
    return None if root is None else next(_children(root, *BODIES), None)


def _children(parent: Element, *names: str) -> Iterator[Element]:
    yield from parent.iterchildren(*(f"{{{SPACE}}}{name}" for name in names))


def _is(element: Element, name: str) -> bool:
    return element.tag == f"{{{SPACE}}}{name}"


def _value(element: Element, name: str) -> str:
    return element.get(name, "").strip()


def _text(element: Element) -> str:
    return (element.text or "").strip()


def _uid(body: Element) -> DocumentUid:
    return DocumentUid(_value(body, "uid"))


def _number(body: Element) -> Number:
    return Number(_value(body, "number"), read_date(_value(body, "date")))


def _party(made: Element) -> Party:
    return Party(Organisation(_text(made), index=_value(made, "index")))


def _addressee(made: Element) -> Party:
    return Party(Organisation(index=_value(made, "index")), person=Person(_text(made)))


# --- writing ------------------------------------------------------------------------------------------------------


def write(message: Message) -> Package:
    asked, message = no_directory(message, "a note"), degrade(message)
    told = no_directory(message, "a note")
    if not message.id or not (message.sender.index or message.sender.name):
        raise ValueError("a note needs an id and a sender")
    root = etree.Element(f"{{{SPACE}}}note", nsmap=_SPACES)  # type: ignore[arg-type]  # None is the default namespace
    root.set("id", message.id)
    root.set("sent", write_moment(message.sent_at))
    for name, parties in (("from", (message.sender,)), ("to", message.recipients)):
        for party in parties:
            _add(root, name, party.name, index=party.index)
    if isinstance(told, Document):
        if isinstance(asked, Document) and (asked.type is DocumentType.DRAFT or asked.supplement):
            raise Refused(Reason.UNSUPPORTED, "a note has no place for drafts and supplements")
        members = _write_document(root, told)
    else:
        root.set("about", message.return_id)
        members = ()
        _write_report(root, told)
    data = etree.tostring(root, xml_declaration=True, encoding="UTF-8")
    return Package("note.xml", data, members, f"Note {message.id}")


def _write_document(root: Element, document: Document) -> tuple[Member, ...]:
    if not document.uid:
        raise ValueError("a document without a uid cannot be written")
    body = _add(root, "document", uid=document.uid, **_written(document.number))
    if document.access:
        body.set("access", document.access.text)
    _add(body, "subject", document.subject)
    for party in document.addressees:
        _add(body, "for", party.person.name if party.person else "", index=party.index)
    members = tuple(Member(f"file{place}", file.sha256) for place, file in enumerate(document.files, 1) if file.sha256)
    for file, member in zip(document.files, members, strict=True):
        _add(body, "file", name=file.name, part=member.name)
    return members


def _write_report(root: Element, report: Report) -> None:
    if report.registered:
        _add(root, "registered", uid=report.about.uid, **_written(report.registered.number))
    elif report.refusal:
        _add(root, "refused", report.refusal.text, uid=report.about.uid, code=str(report.refusal.code))
    else:
        raise ValueError(f"{NAME} does not carry this report: see `carries`")


def _add(parent: Element, name: str, text: str = "", /, **attributes: str) -> Element:
    made = etree.SubElement(parent, f"{{{SPACE}}}{name}", {key: said for key, said in attributes.items() if said})
    made.text = text or None
    return made


def _written(number: Number) -> dict[str, str]:
    return {"number": number.text, "date": number.date.isoformat() if number.date else ""}


# --- degrading ----------------------------------------------------------------------------------------------------


def degrade(message: Message) -> Message:
    message = heard(message)
    if isinstance(message.body, DirectoryUpdate | DirectoryResult):  # `write` refuses it
        return message
    bare = Message(
        message.id,
        ReturnId(message.id),
        message.sent_at,
        _as_party(message.sender),
        tuple(map(_as_party, message.recipients)),
        message.body,
        NAME,
        VERSION,
    )
    if isinstance(message.body, Report):
        return replace(bare, return_id=message.return_id or ReturnId("unknown"), body=_as_report(message.body))
    document = message.body
    return replace(
        bare,
        body=Document(
            uid=document.uid,
            number=document.number,
            access=Term(document.access.text) if document.access and document.access.text else None,
            subject=document.subject,
            files=tuple(
                File(one_line(file.name), size=file.size, sha256=file.sha256, role=FileRole.TEXT)
                for file in document.files
                if file.sha256
            ),
            authors=(Author(bare.sender),),
            addressees=tuple(
                Party(Organisation(index=party.index), person=Person(party.person.name if party.person else ""))
                for party in document.addressees
            ),
        ),
    )


def _as_party(party: Party) -> Party:
    organisation = party.organisation or Organisation()
    return Party(Organisation(organisation.short_name or organisation.full_name, index=organisation.index))


def _as_report(report: Report) -> Report:
    about, number = DocumentRef(report.about.uid), report.registered and Registered(report.registered.number)
    if report.kind is ReportKind.PROGRESS and number:
        return Report(ReportKind.PROGRESS, about, EventKind.REGISTERED, registered=number)
    if report.kind is ReportKind.REFUSAL and report.refusal:
        return Report(ReportKind.REFUSAL, about, refusal=Refusal(report.refusal.code, report.refusal.text))
    return Report(report.kind, about)
