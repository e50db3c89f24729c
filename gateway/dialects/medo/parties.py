# SPDX-License-Identifier: GPL-3.0-or-later
"""Who: the two shapes МЭДО has for it, each with what becomes of a party, how it is written and how it is read.

A card has *anyone* (§2.3): region, organisation, person, department, post and one line of contacts.  A container has
organisations with address, phone, e-mail and site, departments and persons (§2.10).  A citizen is a person by name.
"""

from collections.abc import Sequence
from dataclasses import replace

from gateway.dialects.heard import or_none
from gateway.dialects.medo.elements import MAX_READ, add, add_given, attribute, child, children, first, text, value
from gateway.dialects.medo.values import MAX_IDENTITY, as_guid, line, word
from gateway.dialects.medo.vocabulary import NOTHING
from gateway.dialects.tree import Element
from gateway.dialects.wire import Nameless
from gateway.model import ContactKind, ContactPoint, Department, Organisation, Party, Person, PostalAddress, Term

_CONTACTS = "; "


def or_nothing(party: Party | None) -> Party | None:
    """Return *party*, or None when it says nothing."""
    return None if party == Party() else party


def identity(index: str) -> str:
    return line(index, MAX_IDENTITY)


def _organisation(party: Party) -> Organisation | None:
    said = party.organisation or Organisation()
    return or_none(Organisation(word(said.short_name) or word(said.full_name), index=as_guid(said.index)))


def _department(party: Party) -> Department | None:
    said = party.department or Department()
    return or_none(Department(word(said.name), index=identity(said.index)))


def _person(party: Party) -> Person | None:
    said = Person(party.citizen.name) if party.citizen else party.person or Person()
    return or_none(Person(word(said.name), word(said.post), index=identity(said.index)))


# --- anyone, of cards and notifications (§2.3) --------------------------------------------------------------------


def as_anyone(party: Party) -> Party:
    """Return what *anyone* says of *party*."""
    regions = (address.region or Term() for address in party.postal[:1])
    region = next((Term(word(term.text), identity(term.index)) for term in regions), Term())
    points = word(_CONTACTS.join(word(point.value) for point in party.contacts if word(point.value)))
    return Party(
        organisation=_organisation(party),
        department=_department(party),
        person=_person(party),
        postal=(PostalAddress(region=region),) if region != Term() else (),
        contacts=(ContactPoint(ContactKind.OTHER, points),) if points else (),
    )


def write_anyone(element: Element, party: Party) -> Element:
    """Write the base sequence into *element*; one of whom nothing is known is an organisation called ``-``."""
    region = next((address.region for address in party.postal), None)
    if region:
        add(element, "region", region.text or NOTHING, id=region.index)
    organisation, person, department = party.organisation, party.person or Person(), party.department
    if organisation or party == Party():
        organisation = organisation or Organisation()
        add(element, "organization", organisation.short_name or NOTHING, id=organisation.index)
    if person.name or person.index:
        add(element, "person", person.name or NOTHING, id=person.index)
    if department:
        add(element, "department", department.name or NOTHING, id=department.index)
    add_given(element, "post", person.post)
    for point in party.contacts:
        add(element, "contactInfo", point.value)
    return element


def read_anyone(element: Element | None) -> Party:
    """Return whom *element* describes; an empty party when there is none."""
    if element is None:
        return Party()
    made = first(element)

    def term(name: str) -> tuple[str, str]:
        there = made.get(name)
        return ("", "") if there is None else (word(text(there), MAX_READ), attribute(there, "id"))

    region, (name, organisation_id), (person, person_id) = Term(*term("region")), term("organization"), term("person")
    # addressee/@uid since 2.6; organization/@id when it is a GUID, as 2.7.1 has it in containers
    index = as_guid(attribute(element, "uid")) or as_guid(organisation_id)
    department, department_id = term("department")
    contacts, _ = term("contactInfo")
    return Party(
        organisation=or_none(Organisation(name, index=index)),
        department=or_none(Department(department, index=department_id)),
        person=or_none(Person(person, term("post")[0], index=person_id)),
        postal=(PostalAddress(region=region),) if region != Term() else (),
        contacts=(ContactPoint(ContactKind.OTHER, contacts),) if contacts else (),
    )


# --- partners: source, destination (§2.1, §2.2) -------------------------------------------------------------------


def as_partner(party: Party) -> Party:
    """Return what a source or destination says of *party*: its organisation."""
    return Party(_organisation(party))


def write_partner(parent: Element, name: str, party: Party) -> None:
    """Write the participant *party*; raises Nameless without its GUID, which is mandatory."""
    organisation = party.organisation or Organisation()
    if not organisation.index:
        whose = organisation.short_name or "a participant"
        raise Nameless(f"{whose} has no GUID, by which МЭДО names it: set `codes` of the office and of the partner")
    add(add(parent, name, uid=organisation.index), "organization", organisation.short_name or NOTHING)


def recipient(entry: Element) -> Party:
    """Return the participant of an entry of deliveryIndex (§2.2); QUIRK: not nested, too."""
    inner = child(entry, "destination")
    made = entry if inner is None else inner
    return read_partner(made, as_guid(attribute(made, "uid")))


def read_partner(element: Element | None, index: str) -> Party:
    return Party(or_none(Organisation(value(element, "organization"), index=index)))


def participants(addressees: Sequence[Party]) -> tuple[Party, ...]:
    """Return the organisations a document is for when nothing else says so: its addressees with a GUID."""
    return tuple(dict.fromkeys(as_partner(party) for party in addressees if party.index))


# --- those of a container (§2.10) ---------------------------------------------------------------------------------

_KINDS = ((ContactKind.PHONE, "phone"), (ContactKind.EMAIL, "email"), (ContactKind.OTHER, "website"))


def as_seated(party: Party, version: str) -> Party:
    """Return what a container of *version* says of *party*; only 2.7.1 has the GUID of an organisation."""
    organisation = _organisation(party)
    if organisation and version != "2.7.1":
        organisation = or_none(replace(organisation, index=""))
    address = next((said for each in party.postal if (said := word(each.text))), "")
    return Party(
        organisation=organisation,
        department=_department(party),
        person=_person(party),
        postal=(PostalAddress(text=address),) if address else (),
        contacts=_points(party.contacts),
    )


def _points(contacts: Sequence[ContactPoint]) -> tuple[ContactPoint, ...]:
    """Return the first of each kind that has an element."""
    found = (
        (kind, [said for each in contacts if each.kind is kind and (said := word(each.value))]) for kind, _ in _KINDS
    )
    return tuple(ContactPoint(kind, said[0]) for kind, said in found if said)


def write_organisation(parent: Element, party: Party) -> None:
    organisation = party.organisation or Organisation()
    made = add(parent, "organization", id=organisation.index)
    add(made, "title", organisation.short_name or NOTHING)
    for address in party.postal:
        add_given(made, "address", address.text)
    said = {point.kind: point.value for point in party.contacts}
    for kind, name in _KINDS:
        add_given(made, name, said.get(kind, ""))


def write_department(parent: Element, party: Party) -> None:
    if party.department:
        add(parent, "department", party.department.name or NOTHING, id=party.department.index)


def read_seated(element: Element | None) -> Party:
    """Return the organisation and department below *element*."""
    organisation, department = child(element, "organization"), child(element, "department")
    said = {name: word(text(each), MAX_READ) for name, each in first(organisation).items()}
    address = said.get("address", "")
    points = ((kind, said.get(name, "")) for kind, name in _KINDS)
    index = as_guid(attribute(organisation, "id"))
    # QUIRK: an organisation as plain text instead of title and the rest
    title = said.get("title", "") or word(text(organisation), MAX_READ)
    return Party(
        organisation=or_none(Organisation(title, index=index)),
        department=or_none(Department(word(text(department), MAX_READ), index=attribute(department, "id"))),
        postal=(PostalAddress(text=address),) if address else (),
        contacts=tuple(ContactPoint(kind, said) for kind, said in points if said),
    )


def read_person(element: Element | None) -> Person | None:
    if element is None:
        return None
    made = first(element)
    name, post = word(text(made.get("name")), MAX_READ), word(text(made.get("post")), MAX_READ)
    return or_none(Person(name, post, index=attribute(element, "id")))


# --- names that stand for an index --------------------------------------------------------------------------------


def known_as(parties: Sequence[Party], recipients: Sequence[Party]) -> tuple[Party, ...]:
    """Return *parties* with the index of the recipient of the same name, where a version has none of its own.

    Before 2.6, and in containers of 2.7, an addressee has no GUID; who the message is for stands in deliveryIndex.
    """
    indices = {party.name.casefold(): party.index for party in reversed(recipients) if party.index and party.name}
    return tuple(_known(party, indices) for party in parties)


def _known(party: Party, indices: dict[str, str]) -> Party:
    organisation = party.organisation
    if organisation is None or organisation.index:
        return party
    return replace(party, organisation=replace(organisation, index=indices.get(organisation.short_name.casefold(), "")))


def all_of(element: Element | None, list_name: str, name: str) -> list[Element]:
    """Return the elements called *name* in every list called *list_name* below *element*."""
    return [made for listing in children(element, list_name) for made in children(listing, name)]
