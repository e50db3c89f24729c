# SPDX-License-Identifier: GPL-3.0-or-later
"""Who: organisations, departments, officials and citizens, their addresses and systems, read and written.

A Contact can hold no citizen; only authors, addressees and redirections may (PrivatePerson).
"""

from gateway.dialects.heard import or_none
from gateway.dialects.sev.elements import (
    add,
    add_given,
    attribute,
    child,
    child_text,
    children,
    first,
    given,
    text,
    texts,
)
from gateway.dialects.sev.examination import Examination
from gateway.dialects.sev.vocabulary import CONTACT_KINDS, SEXES, word
from gateway.dialects.tree import Element
from gateway.model import (
    Citizen,
    ContactKind,
    ContactPoint,
    Department,
    Organisation,
    Party,
    Person,
    PostalAddress,
    System,
    Term,
)

# --- reading ------------------------------------------------------------------------------------------------------


def read_term(parent: Element | None, name: str) -> Term | None:
    """Return the dictionary word in child *name*, or None."""
    element = child(parent, name)
    return None if element is None else or_none(Term(text(element), attribute(element, "UID")))


def read_contact(element: Element | None, exam: Examination) -> Party:
    """Return who a Contact describes; an empty party when there is none."""
    made = first(element)
    return Party(
        organisation=_read_organisation(made.get("Organization"), exam),
        department=_read_department(made.get("Department")),
        person=_read_person(made.get("OfficialPerson")),
        postal=_read_postal(element) if "Address" in made else (),
        contacts=_read_points(element) if "Econtact" in made else (),
    )


def read_party(parent: Element, exam: Examination) -> Party | None:
    """Return the Contact or PrivatePerson below *parent*, or None; of both the one that says something."""
    contact = read_contact(child(parent, "Contact"), exam)
    private = child(parent, "PrivatePerson")
    if contact != Party():
        if private is not None:
            exam.note("two-parties", parent, "a Contact and a PrivatePerson: the Contact counts")
        return contact
    citizen = Party(citizen=_read_citizen(private), postal=_read_postal(private), contacts=_read_points(private))
    return None if citizen == Party() else citizen


def read_system(element: Element | None) -> System | None:
    return or_none(System(text(element), attribute(element, "Version"), attribute(element, "UID")))


def _read_organisation(element: Element | None, exam: Examination) -> Organisation | None:
    if element is None:
        return None
    said = texts(element)
    if said.get("FullName") == "":
        exam.note("empty-name", element, "the full name is empty", at="FullName")
    return or_none(
        Organisation(
            short_name=said.get("ShortName", ""),
            full_name=said.get("FullName", ""),
            index=attribute(element, "UID"),
            tax_id=said.get("INN", ""),
            registry_id=said.get("OKPO", ""),
        )
    )


def _read_department(element: Element | None) -> Department | None:
    if element is None:
        return None
    said = texts(element)
    return or_none(Department(said.get("Name", ""), said.get("Index", ""), attribute(element, "UID")))


def _read_person(element: Element | None) -> Person | None:
    if element is None:
        return None
    said = texts(element)
    return or_none(
        Person(
            name=said.get("FIO", ""),
            post=said.get("Post", ""),
            number=said.get("Index", ""),
            index=attribute(element, "UID"),
        )
    )


def _read_citizen(element: Element | None) -> Citizen | None:
    passport = child(element, "Passport")
    return or_none(
        Citizen(
            name=child_text(element, "FIO"),
            sex=SEXES.get(child_text(element, "Sex"), ""),
            tax_id=child_text(element, "INN"),
            insurance_id=child_text(element, "SNILS"),
            passport_series=child_text(passport, "Series"),
            passport_number=child_text(passport, "Number"),
            passport_issuer=child_text(passport, "GivenBy"),
            index=attribute(element, "UID"),
        )
    )


def _read_postal(parent: Element | None) -> tuple[PostalAddress, ...]:
    found = (_read_address(element) for element in children(parent, "Address"))
    return tuple(address for address in found if address)


def _read_address(element: Element) -> PostalAddress | None:
    said = texts(element)
    return or_none(
        PostalAddress(
            postcode=said.get("ZipCode", ""),
            region=read_term(element, "Region"),
            settlement=said.get("Settlement", ""),
            text=said.get("Text", ""),
        )
    )


def _read_points(parent: Element | None) -> tuple[ContactPoint, ...]:
    return tuple(
        ContactPoint(CONTACT_KINDS.get(attribute(element, "Type"), ContactKind.OTHER), said)
        for element in children(parent, "Econtact")
        if (said := text(element))
    )


# --- writing ------------------------------------------------------------------------------------------------------


def write_term(parent: Element, name: str, term: Term | None) -> None:
    if term is not None:
        add(parent, name, term.text, UID=given(term.index))


def write_contact(parent: Element, party: Party, name: str = "Contact") -> None:
    """Write *party* as a Contact; its citizen and its system have no place there."""
    contact = add(parent, name)
    organisation = party.organisation or Organisation()
    made = add(contact, "Organization", UID=given(organisation.index))
    add(made, "ShortName", organisation.short_name)
    add_given(made, "FullName", organisation.full_name)
    add_given(made, "INN", organisation.tax_id)
    add_given(made, "OKPO", organisation.registry_id)
    if party.department:
        made = add(contact, "Department", UID=given(party.department.index))
        add(made, "Name", party.department.name)
        add_given(made, "Index", party.department.number)
    if party.person:
        _write_person(contact, party.person)
    _write_postal(contact, party.postal)
    _write_points(contact, party.contacts)


def write_party(parent: Element, party: Party) -> None:
    """Write *party* as PrivatePerson when it is a citizen, else as Contact."""
    if party.citizen:
        _write_citizen(parent, party, party.citizen)
    else:
        write_contact(parent, party)


def write_system(parent: Element, system: System | None) -> None:
    system = system or System()
    add(parent, "EDMS", system.name, UID=system.uid, Version=given(system.version))


def _write_person(contact: Element, person: Person) -> None:
    made = add(contact, "OfficialPerson", UID=given(person.index))
    if person.name or not person.post:
        add(made, "FIO", person.name)
    add_given(made, "Post", person.post)
    add_given(made, "Index", person.number)


def _write_citizen(parent: Element, party: Party, citizen: Citizen) -> None:
    made = add(parent, "PrivatePerson", UID=given(citizen.index))
    add(made, "FIO", citizen.name)
    add_given(made, "Sex", word(SEXES, citizen.sex) or "")
    add_given(made, "INN", citizen.tax_id)
    if citizen.passport_series or citizen.passport_number or citizen.passport_issuer:
        passport = add(made, "Passport")
        add(passport, "Series", citizen.passport_series)
        add(passport, "Number", citizen.passport_number)
        add_given(passport, "GivenBy", citizen.passport_issuer)
    _write_postal(made, party.postal)
    _write_points(made, party.contacts)
    add_given(made, "SNILS", citizen.insurance_id)


def _write_postal(parent: Element, postal: tuple[PostalAddress, ...]) -> None:
    for address in postal:
        made = add(parent, "Address")
        add_given(made, "ZipCode", address.postcode)
        write_term(made, "Region", address.region)
        add_given(made, "Settlement", address.settlement)
        add_given(made, "Text", address.text)


def _write_points(parent: Element, points: tuple[ContactPoint, ...]) -> None:
    for point in points:
        add(parent, "Econtact", point.value, Type=word(CONTACT_KINDS, point.kind))
