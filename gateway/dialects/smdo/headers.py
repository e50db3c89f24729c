# SPDX-License-Identifier: GPL-3.0-or-later
"""Envelop and Header (table 2.1): which message it is, from whom, to whom; and a heading of what is broken."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from gateway.dialects.bare_elements import add, attribute, child, children, given, text
from gateway.dialects.smdo.examination import Examination
from gateway.dialects.smdo.ids import guid, is_guid, ours
from gateway.dialects.smdo.parties import (
    Known,
    as_organised,
    is_official,
    read_officials,
    read_private,
    write_organisation,
)
from gateway.dialects.smdo.vocabulary import NETWORK, V2, VERSIONS
from gateway.dialects.tree import Element
from gateway.dialects.values import read_moment, read_offset
from gateway.dialects.wire import Heading
from gateway.errors import Reason
from gateway.model import DocumentRef, DocumentUid, Number, Organisation, Party, Person, System, folded

MAX_RECEIVERS = 100  # LIMIT: of one message, as the format has it (2.1)


@dataclass(frozen=True, slots=True)
class Header:
    message_id: str
    said_id: str  # as the sender wrote it: an acknowledgement repeats it so
    sent_at: datetime | None
    version: str
    sender: Party
    recipients: tuple[Party, ...]
    msg_type: str
    msg_acknow: str

    @property
    def by_network(self) -> bool:
        """Say whether the network itself speaks, and no partner (1.3)."""
        return folded(self.sender.index) in NETWORK

    @property
    def known(self) -> Known:
        return Known.of((self.sender, *self.recipients))


# --- reading ------------------------------------------------------------------------------------------------------


def read_header(root: Element, exam: Examination) -> Header:
    """Return the header; refused when it lacks an id, the time or the sender's code (codes 12, 10 of §1.4)."""
    header = child(root, "Header")
    time = attribute(root, "dtstamp")
    exam.zone = read_offset(time) or exam.zone
    sent_at = read_moment(time, exam.zone)
    if sent_at is not None and read_offset(time) is None:
        exam.note("naive-time", root, "no offset: taken as UTC", "@dtstamp")
    version = attribute(root, "type")
    if version not in VERSIONS:
        exam.note("unknown-version", root, f"read as {V2}: {version[:40] or 'nothing'}", "@type")
    message_id = attribute(root, "msg_id")
    if message_id and not is_guid(message_id):
        exam.note("odd-id", root, "the id of the message is no GUID", "@msg_id")
    found = Header(
        message_id=guid(message_id),
        said_id=message_id,
        sent_at=sent_at,
        version=version if version in VERSIONS else V2,
        sender=_read_sender(child(header, "Sender")),
        recipients=tuple(_read_receivers(header, exam)),
        msg_type=attribute(header, "msg_type"),
        msg_acknow=attribute(header, "msg_acknow"),
    )
    demanded = (
        (found.message_id, "@msg_id"),
        (sent_at, "@dtstamp"),
        (found.sender.index, "Header/Sender/@id"),
    )
    for value, place in demanded:
        if not value:
            exam.refuse(Reason.MISSING_FIELD, "a mandatory field of the header is missing or unreadable", root, place)
    if not found.recipients:
        exam.note("no-recipient", root, "nobody is named as receiver", "Header/Receiver")
    if len(children(header, "Receiver")) > MAX_RECEIVERS:
        exam.note("many-recipients", root, f"more than {MAX_RECEIVERS} receivers", "Header/Receiver")
    return found


def _read_sender(element: Element | None) -> Party:
    name, code = attribute(element, "name"), attribute(element, "id")
    organisation = Organisation(name or code, index=code) if name or code else None
    return Party(organisation, system=_read_system(element))


def _read_receivers(header: Element | None, exam: Examination) -> Iterator[Party]:
    """Yield every official named by a Receiver, or else its organisation."""
    for made in children(header, "Receiver"):
        name, code = attribute(made, "name"), attribute(made, "id")
        inside = child(made, "Organization")
        known = Known({name: code}) if name else Known()
        found = list(read_officials(inside, known, exam))
        for private in children(made, "PrivatePerson"):
            party = read_private(private, exam)
            found.append(Party(person=Person(party.citizen.name) if party.citizen else None, contacts=party.contacts))
        full = next((each.organisation.full_name for each in found if each.organisation), "")
        short = name or next((each.organisation.short_name for each in found if each.organisation), "") or code
        organisation = Organisation(short, full, code) if short else None
        for each in found or [Party()]:
            yield replace(each, organisation=organisation, system=_read_system(made))


def _read_system(element: Element | None) -> System | None:
    found = System(
        attribute(element, "system"), attribute(element, "system_details"), guid(attribute(element, "sys_id"))
    )
    return None if found == System() else found


def heading_of(root: Element | None, header: Header | None = None) -> Heading:
    """Return what can be read even of a message that must be refused; *header* if that was read already."""
    if root is None:
        return Heading()
    exam = Examination()
    header = header or read_header(root, exam)
    document = child(child(root, "Body"), "Document")
    acked = child(child(root, "Body"), "Acknowledgement") if document is None else None
    about = acked if acked is not None else document
    number = child(about, "RegNumber")
    quoted = ours(attribute(acked, "msg_id"))
    return Heading(
        message_id=header.message_id,
        return_id=quoted if acked is not None else header.said_id,
        sent_at=header.sent_at,
        sender=None if header.sender == Party() else header.sender,
        recipients=header.recipients,
        about=DocumentRef(
            DocumentUid(attribute(about, "idnumber")), Number(text(number), exam.date(number, "regdate"))
        ),
    )


# --- writing ------------------------------------------------------------------------------------------------------


def write_header(root: Element, sender: Party, recipients: Sequence[Party], msg_type: str, msg_acknow: str) -> Element:
    """Write Header; raises ValueError without a code of the sender or of a receiver, for then nothing can arrive."""
    header = add(root, "Header", msg_type=msg_type, msg_acknow=msg_acknow)
    if not sender.index or sender.organisation is None:
        raise ValueError("the sender has no code in SMDO")
    add(
        header,
        "Sender",
        id=sender.index,
        name=sender.organisation.short_name,
        **_system(sender.system or System(), always=True),
    )
    groups = grouped(recipients)
    if not groups or len(groups) > MAX_RECEIVERS:
        raise ValueError(f"a message has 1 to {MAX_RECEIVERS} receivers, this one {len(groups)}")
    for group in groups:
        _write_receiver(header, group)
    return header


def _write_receiver(header: Element, group: Sequence[Party]) -> None:
    organisation = group[0].organisation
    if organisation is None or not organisation.index:
        raise ValueError("a receiver has no code in SMDO")
    system = _system(group[0].system or System(), always=False)
    made = add(header, "Receiver", id=organisation.index, name=organisation.short_name, **system)
    if any(is_official(each) or each.postal or each.contacts for each in group) or organisation.full_name:
        write_organisation(made, "Organization", group)


def _system(system: System, *, always: bool) -> dict[str, str | None]:
    found = {"sys_id": guid(system.uid), "system": system.name, "system_details": system.version}
    return {key: value if always else given(value) for key, value in found.items()}


# --- degrading ----------------------------------------------------------------------------------------------------


def as_sender(party: Party) -> Party:
    """Return what Sender says: code, name and system."""
    return Party(_coded(party.organisation, full=False), system=as_system(party.system))


def as_system(system: System | None) -> System | None:
    found = replace(system, uid=guid(system.uid)) if system else System()
    return None if found == System() else found


def as_recipients(parties: Sequence[Party]) -> tuple[Party, ...]:
    """Return the receivers as they are read: by organisation, and in each the officials alone when there are any."""
    found = []
    for party in parties:
        organised = replace(as_organised(party, Known()), organisation=_coded(party.organisation, full=True))
        found.append(replace(organised, system=as_system(party.system)))
    return tuple(each for group in grouped(found) for each in group)


def _coded(organisation: Organisation | None, *, full: bool) -> Organisation | None:
    if organisation is None:
        return None
    name = organisation.short_name or organisation.full_name or organisation.index
    said = Organisation(name, organisation.full_name if full else "", organisation.index)
    return None if said == Organisation() else said


def grouped(parties: Sequence[Party]) -> list[list[Party]]:
    """Return *parties* by organisation, in order, as one Receiver holds them: all of one name and one system."""
    groups: dict[str, list[Party]] = {}
    for party in parties:
        groups.setdefault(party.index, []).append(party)
    found = []
    for group in groups.values():
        officials = [each for each in group if is_official(each)]
        organisation = group[0].organisation
        system = next((each.system for each in group if each.system), None)
        alike = [replace(each, organisation=organisation, system=system) for each in officials or group[:1]]
        found.append(list(dict.fromkeys(alike)))
    return found
