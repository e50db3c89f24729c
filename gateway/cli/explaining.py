# SPDX-License-Identifier: GPL-3.0-or-later
"""``explain``: the pure half of the gateway on a file, without a configuration and without changing anything."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile

import click
from click.core import ParameterSource

from gateway.cli.context import PROBLEMS, Context, Ended, json_option
from gateway.cli.output import json_line, plain, printable
from gateway.cli.ruling import BY_INDEX, rules_row, ruling_of
from gateway.dialects.wire import Reading, Resource
from gateway.envelope import looks_like_xml, read_package, unseal
from gateway.errors import Refused
from gateway.journal.blobs import Blobs
from gateway.model import (
    ContactKind,
    Content,
    DirectoryResult,
    DirectoryUpdate,
    Document,
    DocumentRef,
    Event,
    File,
    Link,
    Listing,
    Message,
    NewSink,
    Party,
    Problem,
    Report,
    Task,
)
from gateway.office import Office
from gateway.reports import news
from gateway.sidecars import env

Object = dict[str, object]


@click.command()
@click.argument("path", type=click.Path(exists=True, path_type=Path))
@json_option
@click.pass_context
def explain(ctx: click.Context, path: Path, as_json: bool) -> None:
    """Show what a letter, a bare passport or a folder with both says, step by step.

    PATH is an .eml file, a passport in XML, or a folder holding a passport and its files.
    With a configuration also the rules that apply, and why the ones before them do not.
    """
    office = _office(ctx)
    with TemporaryDirectory() as folder:
        found = explained(path, Path(folder), office)
    click.echo(json_line(found) if as_json else for_people(found))
    if found["kind"] is None or any(_of(p)["severity"] == "error" for p in _list(found["problems"])):
        raise SystemExit(PROBLEMS)


def _office(ctx: click.Context) -> Office | None:
    """Return the office of the configuration; None when none was named and none holds at the usual place."""
    root = ctx.find_root()
    try:
        return Office(Context(root.obj).settings())
    except Ended:
        if root.get_parameter_source("config") is not ParameterSource.DEFAULT:
            raise
        return None


def explained(path: Path, scratch: Path, office: Office | None = None) -> Object:
    """Return what is understood of *path*, in the keys of docs/operating.md; never raises for what a file can hold."""
    new_sink = Blobs(scratch).sink
    if path.is_dir():
        files = sorted(file for file in path.iterdir() if file.is_file())
        found = _guarded(lambda: _of_folder([_resource(file, new_sink) for file in files], new_sink, office))
        return {**found, "problems": [*_list(found["problems"]), *_links(path)]}
    resource = _resource(path, new_sink)
    if looks_like_xml(resource):
        return _guarded(lambda: _of_package([resource], new_sink, office))
    return explained_letter(resource.content, new_sink, office)


def explained_letter(letter: Content, new_sink: NewSink, office: Office | None = None) -> Object:
    """Return what is understood of the bytes of a letter; never raises for what they can be."""
    return _guarded(lambda: _of_letter(letter, new_sink, office))


def _links(folder: Path) -> Iterator[Object]:
    for name in sorted(one.name for one in folder.iterdir() if one.is_symlink() and not one.name.startswith(".")):
        yield _problem("note", "link", name, "a link keeps a package from being taken through a directory")


def _guarded(look: Callable[[], Object]) -> Object:
    try:
        return look()
    except Refused as why:
        return _nothing(_problem("error", why.reason.value, why.place, _why(why)))
    except Exception as error:  # an edge: a defect of ours is shown as one, never as a traceback
        return _nothing(_problem("error", "defect", "", f"{type(error).__name__} in the gateway: please report it"))


def _of_package(resources: Sequence[Resource], new_sink: NewSink, office: Office | None) -> Object:
    return _of_reading(read_package(resources, new_sink, TemporaryFile), (), office)


def _of_folder(files: Sequence[Resource], new_sink: NewSink, office: Office | None) -> Object:
    """Leave a sidecar of SEV out, unless the passport names it: it belongs to the package, and is no file of it."""
    reading = read_package(files, new_sink, TemporaryFile)
    contents = reading.contents if reading else {}
    own = [file for file in files if file.content.sha256 in contents or not _is_sidecar(file)]
    if len(own) < len(files):
        reading = read_package(own, new_sink, TemporaryFile) or reading
    return _of_reading(reading, (), office)


def _is_sidecar(file: Resource) -> bool:
    return file.names[0].lower().endswith(env.SUFFIX) and env.is_envelope(next(iter(file.content.blocks()), b""))


def _of_letter(letter: Content, new_sink: NewSink, office: Office | None) -> Object:
    opened = unseal(letter.blocks(), new_sink, spool=TemporaryFile)
    return _of_reading(opened.reading, opened.letter.problems, office)


def _resource(path: Path, new_sink: NewSink) -> Resource:
    sink = new_sink()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            sink.write(block)
    return Resource((path.name,), sink.close())


def _of_reading(reading: Reading | None, of_letter: Sequence[Problem], office: Office | None) -> Object:
    problems = [_problem(p.severity.value, p.code, p.place, p.text) for p in of_letter]
    if reading is None:
        words = "no passport of a known dialect is inside: people's mail"
        return {**_nothing(), "problems": [*problems, _problem("error", "no-passport", "", words)]}
    problems += [_problem(p.severity.value, p.code, p.place, p.text) for p in reading.problems]
    why = reading.refusal
    if why is not None:
        problems = [one for one in problems if (one["code"], one["place"]) != (why.reason.value, why.place)]
        problems.append(_problem("error", why.reason.value, why.place, _why(why)))
    if reading.kind is None and reading.refusal is None:
        problems.append(_problem("error", "unsupported", "", reading.title))
    heading, message = reading.heading, reading.message
    body = message.body if message else None
    subject = body if isinstance(body, Document) else None
    named = heading.about
    return {
        "dialect": reading.dialect,
        "version": reading.version,
        "kind": reading.kind,
        "message_id": heading.message_id or None,
        "return_id": heading.return_id or None,
        "sent_at": heading.sent_at,
        "sender": _party(heading.sender),
        "recipients": [_party(party) for party in heading.recipients],
        "document": _document(subject, named) if subject or named.uid or named.number.text else None,
        "files": [_file(file) for file in all_files(body)] if isinstance(body, Document | Report) else [],
        "people": _people(body),
        "events": [event_row(event) for event in news((), message)] if message and isinstance(body, Report) else [],
        "problems": problems,
        "rules": _rules(message, office),
    }


def _why(refusal: Refused) -> str:
    """Return the words of *refusal* with what was expected and what was found, when it says so."""
    expected = f", expected {refusal.expected}" if refusal.expected else ""
    found = f", found {refusal.found}" if refusal.found and refusal.found != refusal.expected else ""
    return f"{refusal.detail}{expected}{found}"


def _people(body: object) -> list[Object]:
    """Return the lines of a directory, and what became of each where that is told."""
    match body:
        case DirectoryUpdate():
            return [_listing(listing) for listing in body.listings]
        case DirectoryResult():
            told = ((outcome.listing, outcome.changes) for outcome in body.outcomes)
            return [{**_listing(listing), "changes": [change.value for change in changes]} for listing, changes in told]
        case _:
            return []


def _listing(listing: Listing) -> Object:
    person, department = listing.party.person, listing.party.department
    return {
        "organisation": listing.party.index or None,
        "index": (person.index if person else department.index if department else "") or None,
        "name": (person.name if person else "") or None,
        "post": (person.post if person else "") or None,
        "department": department.name if department else None,
        "deleted": listing.deleted,
        "code": listing.code or None,
    }


def _rules(message: Message | None, office: Office | None) -> Object | None:
    ruling = ruling_of(message, office) if office is not None else None
    return rules_row(ruling, office) if ruling is not None and office is not None else None


def all_files(body: Document | Report) -> Iterator[File]:
    """Yield every file a body names: its own, its tasks', its executors', its approvals'."""
    if isinstance(body, Document):
        documents, tasks = [body], list(body.tasks)
    else:
        parts = (body.registered and body.registered.document, body.approvals, body.edited, body.draft_registered)
        documents = [part for part in parts if part] + [answer.document for answer in body.answers]
        tasks = [fact.task for fact in body.considerations] + list(body.sent_tasks)
    for document in documents:
        yield from document.files
        for approval in document.approvals:
            yield from approval.files
    for task in tasks:
        yield from task.files
        for executor in task.executors:
            yield from executor.files


def _document(document: Document | None, named: DocumentRef) -> Object:
    number = document.number if document else named.number
    kind = document.kind if document else named.kind
    found: Object = {
        "uid": (document.uid if document else named.uid) or None,
        "number": number.text or None,
        "date": number.date,
        "kind": kind.text if kind else None,
        "subject": document.subject if document else None,
    }
    if document is not None:
        found["supplement"] = document.supplement
        found["note"] = document.note or None
        found["access"] = (document.access.text or document.access.index) if document.access else None
        found["type"] = document.type
        found["pages"] = document.pages or None
        found["authors"] = [_party(author.party) for author in document.authors]
        found["addressees"] = [_party(party) for party in document.addressees]
        found["deadline"] = document.control.deadline if document.control else None
        found["tasks"] = [_task(task) for task in document.tasks]
        found["links"] = [_link(link) for link in document.links]
        found["fields"] = [{"name": field.name, "value": field.value} for field in document.fields]
    return found


def _link(link: Link) -> Object:
    named = link.document
    return {
        "kind": link.kind.text,
        "uid": named.uid if named else None,
        "number": (named.number.text or None) if named else None,
        "date": named.number.date if named else None,
        "text": link.description,
        "address": link.url or None,
    }


def _task(task: Task) -> Object:
    return {
        "uid": task.uid,
        "author": task.author.name if task.author else None,
        "text": task.text or None,
        "deadline": task.control.deadline if task.control else None,
        "executors": [executor.party.name for executor in task.executors],
    }


def _party(party: Party | None) -> Object | None:
    if party is None:
        return None
    organisation = party.organisation
    return {
        "organisation": organisation.short_name or organisation.full_name if organisation else None,
        "uid": party.index or None,
        "address": next((point.value for point in party.contacts if point.kind is ContactKind.EMAIL), None),
        "department": party.department.name if party.department else None,
        "person": (party.person.name or party.person.post) if party.person else None,
        "citizen": party.citizen.name if party.citizen else None,
    }


def _file(file: File) -> Object:
    return {
        "name": file.name,
        "size": file.size,
        "sha256": file.sha256,
        "signatures": [{"name": s.name, "size": s.size, "checked": False} for s in file.signatures],
    }


def event_row(event: Event) -> Object:
    """Return *event* under its stable keys."""
    refusal, task, executor = event.refusal, event.task, event.executor
    return {
        "kind": event.kind,
        "at": event.at,
        "number": event.number.text if event.number else None,
        "date": event.number.date if event.number else None,
        "code": refusal.code if refusal else None,
        "text": refusal.text if refusal else event.text or None,
        "to": event.to.name if event.to else None,
        "task": task.uid if task else None,
        "task_text": (task.text or None) if task else None,
        "deadline": task.control.deadline if task and task.control else None,
        "executors": [one.party.name for one in task.executors] if task else [],
        "executor": executor.party.name if executor else None,
        "reported": (executor.text or None) if executor else None,
        "status": executor.status.text if executor and executor.status else None,
        "document": event.document.number.text if event.document else None,
    }


def _problem(severity: str, code: str, place: str, text: str) -> Object:
    return {"severity": severity, "code": code, "place": place, "text": text}


def _nothing(*problems: Object) -> Object:
    keys = ("dialect", "version", "kind", "message_id", "return_id", "sent_at", "sender")
    return {
        **dict.fromkeys(keys),
        "recipients": [],
        "document": None,
        "files": [],
        "people": [],
        "events": [],
        "problems": [*problems],
        "rules": None,
    }


def for_people(found: Object) -> str:
    """The same for people: a step a line, empty things left out."""
    lines = [f"understood as: {found['kind'] or 'nothing we exchange'}"]
    if found["dialect"]:
        lines[0] += f" ({' '.join(str(found[key]) for key in ('dialect', 'version') if found[key])})"
    for key in ("message_id", "return_id", "sent_at", "sender", "recipients", "document", "files", "people", "events"):
        value = plain(found[key], here=True)
        if isinstance(value, list):
            lines += [f"{key}: {_words(item)}" for item in value]
        elif value:
            lines.append(f"{key}: {_words(value)}")
    lines += _ruled(_of(found["rules"]))
    for problem in _list(found["problems"]):
        one = _of(problem)
        place = f" at {one['place']}" if one["place"] else ""
        lines.append(f"{one['severity']}: {one['code']}{place}: {one['text']}")
    return "\n".join(printable(" ".join(line.splitlines())) for line in lines)


def _ruled(rules: Mapping[str, object]) -> Iterator[str]:
    """Yield which rules apply, and why the ones before them do not."""
    if rules:
        yield f"partner: {rules['partner']} ({BY_INDEX})"
    for kind in ("receive", "report") if rules else ():
        rule = _of(rules[kind])
        yield f"{kind} rule: {rule['name']}"
        for over in map(_of, _list(rule["passed_over"])):
            yield f"  not {over['name'] or 'rule ' + str(over['place'])}: {over['why']}"


def _words(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {_words(item)}" for key, item in value.items() if item not in (None, "", [], False))
    if isinstance(value, list):
        return "; ".join(_words(item) for item in value)
    return str(value)


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _of(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}
