# SPDX-License-Identifier: GPL-3.0-or-later
"""What an administrator runs after setting up Mayan: is everything there that the adapter uses?

Nothing is changed: a right is asked for by a call that Mayan would have to refuse for another reason.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta

from gateway.edms_adapter.mayan.catalogue import Catalogue, NotSetUp
from gateway.edms_adapter.mayan.people import Staff
from gateway.edms_adapter.mayan.wire import FORBIDDEN, Json, MayanRefuses, Missing, Server
from gateway.edms_adapter.remote.web import Unreachable
from gateway.ports import Clock, Expected, Finding, Wanted

# what the role of our account must be granted, by Mayan's own names
PERMISSIONS = (
    "documents_types.document_type_view",
    "documents.document_create",
    "documents.document_view",
    "documents.document_properties_edit",
    "documents.document_trash",
    "documents.document_file_new",
    "documents.document_file_view",
    "documents.document_file_delete",
    "metadata_setup.metadata_type_view",
    "metadata.metadata_document_add",
    "metadata.metadata_document_edit",
    "metadata.metadata_document_view",
    "cabinets.cabinet_view",
    "cabinets.cabinet_add_document",
    "sequences.sequence_view",
    "sequences.sequence_use",
    "document_states.workflow_view",
    "document_states.workflow_transition",
    "comments.comment_create",
    "comments.comment_view",
    "events.events_view",
)
SKEW = timedelta(seconds=60)  # LIMIT: more than this is a finding
BURST = 30  # calls at once: more than Mayan's own limit, 20 a second
DECEMBER = 12


def findings(
    server: Server, clock: Clock, today: date, expected: Sequence[Expected], wanted: Sequence[Wanted]
) -> Iterator[Finding]:
    """Yield every finding; a server that cannot be reached, or lets us not in, is the only one then."""
    where = f"Mayan at {server.options.url}"
    try:
        there = server.clock()
    except Unreachable as error:
        yield Finding(False, where, str(error), "check url, that the server runs, and its log")
        return
    except MayanRefuses as error:
        yield Finding(False, where, str(error), "check login and password_file, and that the account is active")
        return
    yield Finding(True, f"{where} as {server.options.login}")
    yield _clock(there, clock.now())
    yield _throttling(server)
    catalogue = Catalogue(server)
    yield from _document_type(catalogue)
    yield from _workflow(catalogue)
    yield from sequences(catalogue, today)
    yield from _rights(catalogue, today)
    staff = Staff(catalogue)
    yield from _people(staff, expected)
    yield from _named(catalogue, staff, wanted)


def sequences(catalogue: Catalogue, today: date) -> Iterator[Finding]:
    """Yield whether the sequences are there: this year's, and from 1 December the next one's."""
    name = catalogue.server.options.sequence
    if not name:
        return
    years = (today.year, today.year + 1) if today.month == DECEMBER and "{year}" in name else (today.year,)
    for year in years:
        yield _sequence(catalogue, name.replace("{year}", str(year)))


def _clock(there: datetime | None, here: datetime) -> Finding:
    skew = abs(there - here) if there else timedelta(0)
    ok = skew <= SKEW
    said = "" if ok else f"it differs from ours by {int(skew.total_seconds())} s"
    return Finding(ok, "clock of the server", said, "" if ok else "let both machines take the time from one source")


def _throttling(server: Server) -> Finding:
    """Look whether Mayan slows us down, by many calls at once."""
    with ThreadPoolExecutor(8) as pool:
        slowed = any(pool.map(server.too_many, ["/users/current/"] * BURST))
    if not slowed:
        return Finding(True, "calls a second")
    said = "Mayan answers 429 to many calls: a letter takes some 17, and they wait for their turn"
    remedy = "set MAYAN_REST_API_THROTTLING_RATE_USER higher, to 200/second for example"
    return Finding(True, "calls a second", said, remedy, advice=True)


def _document_type(catalogue: Catalogue) -> Iterator[Finding]:
    options = catalogue.server.options
    what = f"document type {options.document_type!r}"
    try:
        kind = catalogue.document_type()
    except NotSetUp as why:
        remedy = "System > Setup > Document types: make it, or correct document_type in [edms.options]"
        yield Finding(False, what, str(why), remedy)
        return
    yield Finding(True, what)
    there = {row["name"] for row in catalogue.server.every("/metadata_types/")}
    rows = catalogue.server.every(f"/document_types/{kind}/metadata_types/")
    attached = {row["metadata_type"]["name"]: row for row in rows}
    for name in options.metadata_of.values():
        yield _metadata_type(name, options.document_type, name in there, attached.get(name))
    ours = set(options.metadata_of.values())
    for name, row in attached.items():
        if row["required"] and name not in ours:
            said = f"is required of {options.document_type!r}, and we do not write it"
            yield Finding(False, f"metadata type {name!r}", said, "make it optional, or name it in metadata")


def _metadata_type(name: str, kind: str, exists: bool, attached: Json) -> Finding:
    what = f"metadata type {name!r}"
    if attached is not None:
        return Finding(True, what)
    if exists:
        remedy = f"System > Setup > Document types > {kind} > Metadata types: add it as optional"
        return Finding(False, what, f"is not attached to the document type {kind!r}", remedy)
    return Finding(False, what, "there is none", "System > Setup > Metadata types: make it, and add it to the type")


def _workflow(catalogue: Catalogue) -> Iterator[Finding]:
    options = catalogue.server.options
    what, place = f"workflow {options.workflow!r}", "System > Setup > Workflows"
    try:
        workflow = catalogue.workflow()
    except NotSetUp as why:
        yield Finding(False, what, str(why), f"{place}: make it, or correct workflow in [edms.options]")
        return
    row = catalogue.server.get(f"/workflow_templates/{workflow.id}/")
    if not row["auto_launch"]:
        yield Finding(False, what, "is not launched by itself", f"{place} > Edit: tick 'Auto launch'")
    kinds = {one["label"] for one in catalogue.server.every(f"/workflow_templates/{workflow.id}/document_types/")}
    if _is_there(catalogue.document_type) and options.document_type not in kinds:
        said = f"is not of the document type {options.document_type!r}"
        yield Finding(False, what, said, f"{place} > Document types: add it")
    states = {name: getattr(options, name) for name in ("registered", "executed", "refused", "cancelled")}
    for key, label in states.items():
        if label not in workflow.states:
            remedy = f"{place} > States: make it, or correct {key} in [edms.options]"
            yield Finding(False, f"state {label!r}", f"{what} has none called so", remedy)
    if not workflow.first:
        yield Finding(False, what, "has no initial state", f"{place} > States: mark the one of letters that wait")
        return
    first = workflow.states[workflow.first]
    for target in (options.registered, options.refused):
        if target in workflow.states and workflow.way(first, target) is None:
            said = f"no transition leads from {workflow.first!r} to {target!r}"
            yield Finding(False, what, said, f"{place} > Transitions: make one")
    yield Finding(True, what)


def _is_there(look: Callable[[], object]) -> bool:
    try:
        look()
    except NotSetUp:
        return False
    return True


def _sequence(catalogue: Catalogue, name: str) -> Finding:
    what = f"sequence {name!r}"
    try:
        catalogue.sequence(name)
    except NotSetUp as why:
        remedy = "System > Setup > Sequences: make one with that internal name, and let the role of our account use it"
        return Finding(False, what, str(why), remedy)
    return Finding(True, what)


def _rights(catalogue: Catalogue, today: date) -> Iterator[Finding]:
    """Yield what our account may not do, as far as Mayan can be asked without doing it."""
    server, options = catalogue.server, catalogue.server.options
    asked: list[tuple[str, str, Mapping[str, Json]]] = []
    if options.sequence:
        try:
            key = catalogue.sequence(options.sequence.replace("{year}", str(today.year)))
            asked.append(("sequences.sequence_use", f"/sequences/{key}/value/next/", {"count": 0}))
        except NotSetUp:
            pass
    for drawer in catalogue.drawers():
        if drawer.parent is not None:
            asked.append(("cabinets.cabinet_add_document", f"/cabinets/{drawer.id}/documents/add/", {}))
            break
    for permission, path, values in asked:
        yield _right(server, permission, path, values)
    try:
        server.get("/events/", page_size=1)
        yield Finding(True, "right events.events_view")
    except MayanRefuses as error:
        yield _no_right(server, "events.events_view", str(error))


def _right(server: Server, permission: str, path: str, values: Mapping[str, Json]) -> Finding:
    try:
        server.post(path, **values)
    except Missing as error:
        return _no_right(server, permission, str(error))
    except MayanRefuses as error:
        if error.status == FORBIDDEN:
            return _no_right(server, permission, str(error))
    return Finding(True, f"right {permission}")


def _no_right(server: Server, permission: str, said: str) -> Finding:
    remedy = f"System > Setup > Roles: grant {permission} to the role of {server.options.login}"
    return Finding(False, f"right {permission}", said, remedy)


def _people(staff: Staff, expected: Sequence[Expected]) -> Iterator[Finding]:
    for ours in expected or (Expected(""),):
        try:
            people = staff.inboxes(ours.office)
        except LookupError as why:
            remedy = 'make the cabinet, and name it: inboxes = ["SVETLY-01: …"] in [edms.options]'
            yield Finding(False, f"organisation {ours.office}" if ours.office else "inboxes", str(why), remedy)
            continue
        if ours.office:
            yield Finding(True, f"organisation {ours.office}", f"{len(people)} inboxes")
        wanted = ours.default_inbox or staff.options.default_inbox
        what = f"default inbox of {ours.office}" if ours.office else "default inbox"
        if not wanted:
            remedy = "name a person: default_inbox = … in [edms.options]"
            yield Finding(False, what, "there is none: what is addressed to nobody waits", remedy)
        elif staff.called(ours.office, wanted) is None:
            yield Finding(False, what, f"no one cabinet is called {wanted!r}", "correct the name, or make the cabinet")
        else:
            yield Finding(True, what)


def _named(catalogue: Catalogue, staff: Staff, wanted: Sequence[Wanted]) -> Iterator[Finding]:
    for one in wanted:
        if one.kind == "inbox" and _called(staff, one) is None:
            detail = f"{one.place} names it, and no one cabinet is called so"
            yield Finding(False, f"inbox {one.name!r}", detail, "correct the name, or make the cabinet")
        if one.kind == "journal" and not _sequence(catalogue, one.name).ok:
            detail = f"{one.place} names it, and there is no sequence called so"
            yield Finding(False, f"journal {one.name!r}", detail, "correct the name, or make the sequence")


def _called(staff: Staff, one: Wanted) -> object:
    try:
        return staff.called(one.office, one.name)
    except LookupError:
        return None
