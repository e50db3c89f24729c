# SPDX-License-Identifier: GPL-3.0-or-later
"""The degradation table for parties: what the common elements of the standard (2A.5) can say of them."""

import re
from dataclasses import replace

from gateway.dialects.gost2010.examination import Ends
from gateway.dialects.gost2010.parties import join_passport, split_passport
from gateway.dialects.gost2010.vocabulary import CONTACT_WORDS
from gateway.dialects.heard import or_none
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

_NUMBER = re.compile(r"[0-9]+")


def end(party: Party) -> Party:
    """Return what the attributes from_* or to_* say of *party*."""
    organisation = party.organisation or Organisation()
    name = organisation.short_name or organisation.full_name
    return Party(
        organisation=or_none(Organisation(short_name=name, index=organisation.index)),
        department=_department(party),
        system=or_none(party.system) if party.system else None,
    )


def official(party: Party, ends: Ends) -> Party:
    """Return *party* where no private person may stand: a citizen becomes an official without an organisation."""
    person = party.person or Person()
    if party.citizen:
        person = Person(name=party.citizen.name)
    return Party(
        organisation=_organisation(party.organisation, ends),
        department=_department(party),
        person=or_none(Person(name=person.name, post=person.post)),
        postal=_postal(party),
        contacts=_contacts(party),
    )


def anybody(party: Party, ends: Ends) -> Party:
    """Return *party* where an organisation or a private person may stand."""
    citizen = or_none(_citizen(party.citizen)) if party.citizen else None
    if citizen is None:
        return official(replace(party, citizen=None), ends)
    return Party(citizen=citizen, postal=_postal(party), contacts=_contacts(party))


def anybody_or_none(party: Party | None, ends: Ends) -> Party | None:
    found = anybody(party, ends) if party else None
    return None if found == Party() else found


def official_or_none(party: Party | None, ends: Ends) -> Party | None:
    found = official(party, ends) if party else None
    return None if found == Party() else found


def _organisation(organisation: Organisation | None, ends: Ends) -> Organisation | None:
    if organisation is None:
        return None
    line = ends.name_of(organisation.index) or organisation.short_name or organisation.full_name
    short, full = organisation.short_name, organisation.full_name
    return or_none(
        Organisation(
            short_name=short or ("" if full else line),
            full_name=full,
            index=ends.index_of(line, short, full),
            tax_id=_digits(organisation.tax_id),
        )
    )


def _department(party: Party) -> Department | None:
    return or_none(Department(party.department.name)) if party.department else None


def _citizen(citizen: Citizen) -> Citizen:
    series, number = split_passport(join_passport(citizen))
    return Citizen(
        name=citizen.name,
        tax_id=_digits(citizen.tax_id),
        passport_series=series,
        passport_number=number,
        passport_issuer=citizen.passport_issuer,
    )


def _digits(number: str) -> str:
    return number if _NUMBER.fullmatch(number) else ""


def _postal(party: Party) -> tuple[PostalAddress, ...]:
    """Return the first address that says something."""
    for address in party.postal:
        region = Term(address.region.text) if address.region and address.region.text else None
        if (said := replace(address, region=region)) != PostalAddress():
            return (said,)
    return ()


def _contacts(party: Party) -> tuple[ContactPoint, ...]:
    return tuple(
        ContactPoint(point.kind if point.kind in CONTACT_WORDS else ContactKind.OTHER, point.value)
        for point in party.contacts
        if point.value
    )
