# SPDX-License-Identifier: GPL-3.0-or-later
"""Who: organisations, officials and private persons (tables 2.1 and 2.6), read and written.

Only Sender, Receiver and DocParent have codes.  Every other organisation has a name only; where that is the name of the
sender or of a receiver of the same message, it is that organisation.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date

from gateway.dialects.bare_elements import add, attribute, attributes, child, children, given, text
from gateway.dialects.smdo.examination import Examination
from gateway.dialects.smdo.vocabulary import CONTACTS
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
    Term,
    folded,
)

_STREET = ("country", "district", "street", "house", "building", "flat", "postbox", "nontypical")


@dataclass(frozen=True, slots=True)
class Known:
    """The organisations that have codes in this message; two of one name are not told apart by it."""

    codes: Mapping[str, str] = field(default_factory=dict)  # by name
    names: Mapping[str, str] = field(default_factory=dict)  # by folded code

    @staticmethod
    def of(parties: Iterable[Party]) -> "Known":
        pairs = {(each.organisation.short_name, each.organisation.index) for each in parties if each.organisation}
        names = [name for name, _ in pairs]
        clear = {name: code for name, code in sorted(pairs) if name and code and names.count(name) == 1}
        return Known(clear, {folded(code): name for name, code in clear.items()})


# --- reading ------------------------------------------------------------------------------------------------------


def read_organisation(element: Element | None, known: Known, exam: Examination) -> Organisation | None:
    string, short = attribute(element, "organization_string"), attribute(element, "shortname")
    full = attribute(element, "fullname") or (string if short and short != string else "")
    name = short or string or full
    if element is not None:
        exam.in_words(element, "ownership", attribute(element, "ownership"), at="@ownership")
    return Organisation(name, full, known.codes.get(name, "")) if name else None


def read_officials(element: Element | None, known: Known, exam: Examination) -> tuple[Party, ...]:
    """Return every official of an Organization…, or the organisation alone; nothing when nothing is said."""
    organisation = read_organisation(element, known, exam)
    postal, contacts = _postal(element), _contacts(element)
    found = [
        _official(made, organisation, postal, contacts, exam)
        for made in children(element, "OfficialPerson", "OfficialPersonWithSign")
    ] or [Party(organisation, postal=postal, contacts=contacts)]
    return tuple(dict.fromkeys(each for each in found if each != Party()))


def signed_on(element: Element | None) -> Element | None:
    """Return the SignDate of an OrganizationWithSign or PrivatePersonWithSign, or None."""
    return None if element is None else next(element.iter("SignDate"), None)


def read_private(element: Element, exam: Examination) -> Party:
    _rank(element, exam)
    kind = attribute(element, "doc_kind")
    if "паспорт" not in kind.casefold():
        exam.in_words(element, "doc_kind", kind, at="@doc_kind")
    exam.in_words(element, "doc_date", attribute(element, "doc_date"), at="@doc_date")
    citizen = Citizen(
        name=_name(element),
        tax_id=attribute(element, "inn"),
        passport_number=attribute(element, "doc_num"),
        passport_issuer=attribute(element, "doc_org"),
    )
    said = None if citizen == Citizen() else citizen
    return Party(citizen=said, postal=_postal(element), contacts=_contacts(element))


def read_parties(element: Element, known: Known, exam: Examination) -> tuple[Party, ...]:
    """Return whom the Organization… or PrivatePerson… below *element* describe.

    QUIRK: with or without «WithSign», whatever the table says for this place.
    """
    found: list[Party] = []
    for made in children(element, "Organization", "OrganizationOnly", "OrganizationWithSign"):
        found += read_officials(made, known, exam)
    private = (read_private(made, exam) for made in children(element, "PrivatePerson", "PrivatePersonWithSign"))
    return (*found, *(each for each in private if each != Party()))


def _official(
    element: Element,
    organisation: Organisation | None,
    postal: tuple[PostalAddress, ...],
    contacts: tuple[ContactPoint, ...],
    exam: Examination,
) -> Party:
    """Return an official, reached as the organisation is and at addresses of his own; several posts are one text."""
    officials = children(element, "Official")
    name, post = _name(element), _joined(text(each) or attribute(each, "post") for each in officials)
    department = _joined(attribute(each, "department") for each in officials)
    _rank(element, exam)
    return Party(
        organisation,
        Department(department) if department else None,
        Person(name, post) if name or post else None,
        postal=postal + _postal(element),
        contacts=contacts + _contacts(element),
    )


def _joined(parts: Iterable[str]) -> str:
    return "; ".join(part for part in parts if part)


def _rank(element: Element, exam: Examination) -> None:
    for rank in children(element, "Rank"):
        exam.in_words(element, "Rank", text(rank), at="Rank")


def _name(element: Element) -> str:
    made = child(element, "Name")
    if whole := text(made):
        return whole
    parts = (attribute(made, part) for part in ("secname", "firstname", "fathersname"))
    return " ".join(part for part in parts if part)


def _postal(element: Element | None) -> tuple[PostalAddress, ...]:
    found = []
    for made in children(element, "Address"):
        said = attributes(made)
        street = ", ".join(part for name in _STREET if (part := said.get(name, "")))
        region = said.get("region", "")
        found.append(
            PostalAddress(
                postcode=said.get("postcode", ""),
                region=Term(region) if region else None,
                settlement=said.get("settlement", ""),
                text=text(made) or street,
            )
        )
    return tuple(address for address in found if address != PostalAddress())


def _contacts(element: Element | None) -> tuple[ContactPoint, ...]:
    return tuple(
        ContactPoint(CONTACTS.get(attribute(made, "type"), ContactKind.OTHER), said)
        for made in children(element, "Econtact")
        if (said := text(made))
    )


# --- writing ------------------------------------------------------------------------------------------------------


def write_organisation(parent: Element, name: str, parties: Iterable[Party], *, official: bool = False) -> Element:
    """Write *parties*, officials of one organisation, below element *name*.

    *official*: an official is demanded, even one without a name.
    """
    there = list(parties)
    organisation = there[0].organisation or Organisation()
    made = add(parent, name, organization_string=organisation.short_name, fullname=given(organisation.full_name))
    kind = "OfficialPersonWithSign" if name == "OrganizationWithSign" else "OfficialPerson"
    for party in there:
        if official or is_official(party):
            _write_official(made, kind, party)
        else:
            _write_reach(made, party)
    return made


def is_official(party: Party) -> bool:
    return party.person is not None or party.department is not None


def _write_official(parent: Element, kind: str, party: Party) -> None:
    made = add(parent, kind)
    person = party.person or Person()
    add(made, "Name", person.name)
    department = party.department.name if party.department else ""
    if person.post or department:
        add(made, "Official", person.post, department=given(department))
    _write_reach(made, party)


def write_party(parent: Element, party: Party, *, sign: bool, on: date | None = None) -> None:
    """Write *party* as an organisation with one official, or as a private person; *on* is when it signed."""
    suffix = "WithSign" if sign else ""
    if party.citizen:
        made = _write_private(parent, "PrivatePerson" + suffix, party, party.citizen)
    else:
        organisation = write_organisation(parent, "Organization" + suffix, [party], official=sign)
        made = organisation[-1] if sign else organisation
    if on is not None:
        add(made, "SignDate", on.isoformat())


def _write_private(parent: Element, name: str, party: Party, citizen: Citizen) -> Element:
    made = add(
        parent,
        name,
        inn=given(citizen.tax_id),
        doc_num=given(citizen.passport_number),
        doc_org=given(citizen.passport_issuer),
    )
    add(made, "Name", citizen.name)
    _write_reach(made, party)
    return made


def _write_reach(parent: Element, party: Party) -> None:
    """Write how *party* is reached: one Address, any number of Econtact."""
    for address in party.postal[:1]:
        add(
            parent,
            "Address",
            address.text,
            settlement=given(address.settlement),
            region=given(address.region.text) if address.region else None,
            postcode=given(address.postcode),
        )
    kinds = {kind: code for code, kind in reversed(CONTACTS.items())}
    for point in party.contacts:
        add(parent, "Econtact", point.value, type=kinds.get(point.kind, "0"))


# --- degrading ----------------------------------------------------------------------------------------------------


def as_organisation(organisation: Organisation | None, known: Known) -> Organisation | None:
    """Return what a name says of *organisation*: the sender and the receivers by the names they have in the header."""
    if organisation is None:
        return None
    name = known.names.get(folded(organisation.index), "") if organisation.index else ""
    name = name or organisation.short_name or organisation.full_name
    return Organisation(name, organisation.full_name, known.codes.get(name, "")) if name else None


def as_party(party: Party, known: Known) -> Party:
    """Return what Organization… or PrivatePerson… says of *party*."""
    postal = tuple(each for address in party.postal if (each := _as_address(address)) != PostalAddress())[:1]
    contacts = tuple(
        ContactPoint(point.kind if point.kind in CONTACTS.values() else ContactKind.OTHER, point.value)
        for point in party.contacts
        if point.value
    )
    citizen = party.citizen
    if citizen:
        papers = " ".join(part for part in (citizen.passport_series, citizen.passport_number) if part)
        citizen = Citizen(
            citizen.name, tax_id=citizen.tax_id, passport_number=papers, passport_issuer=citizen.passport_issuer
        )
        citizen = None if citizen == Citizen() else citizen
    person = Person(party.person.name, party.person.post) if party.person else Person()
    department = party.department.name if party.department else ""
    return Party(
        organisation=as_organisation(party.organisation, known),
        department=Department(department) if department else None,
        person=None if person == Person() else person,
        citizen=citizen,
        postal=postal,
        contacts=contacts,
    )


def as_organised(party: Party, known: Known) -> Party:
    """Return what Organization says of *party*: a private person as an official without an organisation."""
    person = Person(party.citizen.name) if party.citizen else party.person
    return as_party(replace(party, citizen=None, person=person), known)


def _as_address(address: PostalAddress) -> PostalAddress:
    region = address.region.text if address.region else ""
    return PostalAddress(address.postcode, Term(region) if region else None, address.settlement, address.text)
