# SPDX-License-Identifier: GPL-3.0-or-later
"""Who (table 2A.5): organisations with their officials, and private persons, read and written.

An Organization may name several officials; each is a party of its own here.  Identity documents of private persons
travel as kind, number and issuer.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from gateway.dialects.bare_elements import add, attribute, attributes, child, children, given, text
from gateway.dialects.gost2010.examination import Ends, Examination
from gateway.dialects.gost2010.values import one_line
from gateway.dialects.gost2010.vocabulary import CONTACT_KINDS, CONTACT_WORDS
from gateway.dialects.heard import or_none
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
)

ORGANISATIONS = ("Organization", "OrganizationOnly", "OrganizationWithSign")
CITIZENS = ("PrivatePerson", "PrivatePersonWithSign")
OFFICIALS = ("OfficialPerson", "OfficialPersonWithSign")
# QUIRK: the draft of the standard, and what was generated from it, spells postcode with a Cyrillic «с» after «post»
POSTCODES = ("postcode", "post\u0441ode")
PASSPORT = "Паспорт"
_STREETS = ("street", "house", "building", "flat", "district", "country", "postbox", "nontypical")


@dataclass(frozen=True, slots=True)
class Signing:
    """A party and the day it signed on, where one is given."""

    party: Party
    signed_on: date | None = None


# --- reading ------------------------------------------------------------------------------------------------------


def read_signings(parent: Element | None, exam: Examination) -> tuple[Signing, ...]:
    """Return everybody named below *parent*, in order."""
    found: list[Signing] = []
    for made in children(parent, *ORGANISATIONS, *CITIZENS):
        found.extend(_organisation(made, exam) if made.tag in ORGANISATIONS else (_citizen(made, exam),))
    return tuple(found)


def read_parties(parent: Element | None, exam: Examination) -> tuple[Party, ...]:
    return tuple(signing.party for signing in read_signings(parent, exam))


def _organisation(element: Element, exam: Examination) -> Iterator[Signing]:
    organisation, postal, contacts = _names(element, exam), _postal(element), _contacts(element)
    officials = children(element, *OFFICIALS)
    if not officials:
        yield Signing(Party(organisation, postal=postal, contacts=contacts))
    for official in officials:
        department, person = _official(official, exam)
        own = _postal(official)
        party = Party(organisation, department, person, None, own or postal, (*contacts, *_contacts(official)))
        yield Signing(party, exam.date(child(official, "SignDate")))


def _names(element: Element, exam: Examination) -> Organisation | None:
    said = attributes(element)
    line, full, short = said.get("organization_string", ""), said.get("fullname", ""), said.get("shortname", "")
    for name in ("ownership", "ogrn", "kpp"):
        exam.in_words(element, name, said.get(name, ""), at=f"@{name}")
    return or_none(
        Organisation(
            short_name=short or ("" if full else line),
            full_name=full,
            index=exam.ends.index_of(line, short, full),
            tax_id=said.get("inn", ""),  # a number in the schema; kept as text, its zeros count
        )
    )


def _official(element: Element, exam: Examination) -> tuple[Department | None, Person | None]:
    departments, posts = [], []
    for official in children(element, "Official"):
        department, post = attribute(official, "department"), attribute(official, "post")
        departments.append(department)
        posts.append(post if department or post else text(official))
    _rank(element, exam)
    person = Person(name=_name(element), post="; ".join(filter(None, posts)))
    return or_none(Department("; ".join(filter(None, departments)))), or_none(person)


def _citizen(element: Element, exam: Examination) -> Signing:
    kind = attribute(element, "doc_kind")
    series, number = split_passport(attribute(element, "doc_num"))
    _rank(element, exam)
    exam.in_words(element, "doc_date", attribute(element, "doc_date"), at="@doc_date")
    if kind and "паспорт" not in kind.casefold():
        exam.in_words(element, "doc_kind", kind, at="@doc_kind")
    citizen = or_none(
        Citizen(
            name=_name(element),
            tax_id=attribute(element, "inn"),
            passport_series=series,
            passport_number=number,
            passport_issuer=attribute(element, "doc_org"),
        )
    )
    party = Party(citizen=citizen, postal=_postal(element), contacts=_contacts(element))
    return Signing(party, exam.date(child(element, "SignDate")))


def _name(element: Element) -> str:
    """Return the whole name; it stands in parts where the text is empty."""
    name = child(element, "Name")
    if whole := text(name):
        return whole
    parts = (attribute(name, part) for part in ("secname", "firstname", "fathersname"))
    return " ".join(part for part in parts if part)


def _rank(element: Element, exam: Examination) -> None:
    for rank in children(element, "Rank"):
        exam.in_words(element, "Rank", text(rank), at="Rank")


def _postal(element: Element) -> tuple[PostalAddress, ...]:
    address = child(element, "Address")
    if address is None:
        return ()
    said = attributes(address)
    rest = (said.get(part, "") for part in _STREETS)
    region = said.get("region", "")
    postal = or_none(
        PostalAddress(
            postcode=next(filter(None, map(said.get, POSTCODES)), ""),
            region=Term(region) if region else None,
            settlement=said.get("settlement", ""),
            text=", ".join(part for part in (text(address), *rest) if part),
        )
    )
    return (postal,) if postal else ()


def _contacts(element: Element) -> tuple[ContactPoint, ...]:
    return tuple(
        ContactPoint(CONTACT_KINDS.get(attribute(point, "type"), ContactKind.OTHER), said)
        for point in children(element, "Econtact")
        if (said := text(point))
    )


def split_passport(number: str) -> tuple[str, str]:
    """Return series and number of an identity document; the series is everything before the last blank."""
    series, _, last = one_line(number).rpartition(" ")
    return series, last


def join_passport(citizen: Citizen) -> str:
    return one_line(f"{citizen.passport_series} {citizen.passport_number}")


# --- writing ------------------------------------------------------------------------------------------------------


def write_party(parent: Element, party: Party, ends: Ends, *, sign: str = "", signed_on: date | None = None) -> None:
    """Write *party* as `degrade_parties` leaves it; *sign* is "WithSign" where the standard wants that type."""
    if party.citizen:
        _write_citizen(parent, party, party.citizen, sign, signed_on)
    else:
        write_organisation(parent, party, ends, sign=sign, signed_on=signed_on)


def write_organisation(
    parent: Element, party: Party, ends: Ends, *, sign: str = "", signed_on: date | None = None
) -> None:
    organisation = party.organisation or Organisation()
    made = add(
        parent,
        f"Organization{sign}",
        organization_string=ends.name_of(organisation.index) or organisation.short_name or organisation.full_name,
        fullname=given(organisation.full_name),
        shortname=given(organisation.short_name),
        inn=given(organisation.tax_id),
    )
    _write_postal(made, party.postal)
    has_official = party.person is not None or party.department is not None
    if not has_official:
        _write_contacts(made, party.contacts)
    if has_official or (sign and signed_on):
        official = add(made, f"OfficialPerson{sign}")
        person, department = party.person or Person(), party.department or Department()
        add(official, "Name", person.name)
        if person.post or department.name:
            add(official, "Official", department=given(department.name), post=given(person.post))
        if has_official:
            _write_contacts(official, party.contacts)
        _write_sign_date(official, sign, signed_on)


def _write_citizen(parent: Element, party: Party, citizen: Citizen, sign: str, signed_on: date | None) -> None:
    number = join_passport(citizen)
    made = add(
        parent,
        f"PrivatePerson{sign}",
        inn=given(citizen.tax_id),
        doc_kind=PASSPORT if number or citizen.passport_issuer else None,
        doc_num=given(number),
        doc_org=given(citizen.passport_issuer),
    )
    add(made, "Name", citizen.name)
    _write_postal(made, party.postal)
    _write_contacts(made, party.contacts)
    _write_sign_date(made, sign, signed_on)


def _write_sign_date(made: Element, sign: str, signed_on: date | None) -> None:
    if sign and signed_on:
        add(made, "SignDate", signed_on.isoformat())


def _write_postal(made: Element, postal: Iterable[PostalAddress]) -> None:
    for address in postal:
        region = address.region.text if address.region else ""
        add(
            made,
            "Address",
            address.text,
            settlement=given(address.settlement),
            region=given(region),
            postcode=given(address.postcode),
        )


def _write_contacts(made: Element, contacts: Iterable[ContactPoint]) -> None:
    for point in contacts:
        add(made, "Econtact", point.value, type=CONTACT_WORDS[point.kind])
