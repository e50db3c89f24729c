# SPDX-License-Identifier: GPL-3.0-or-later
"""The degradation table for what documents and reports are made of: texts, parties, files, tasks."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import date

from gateway.dialects.heard import or_none
from gateway.dialects.names import UNNAMED, plain, signature_suffix
from gateway.dialects.sev.vocabulary import SEXES
from gateway.dialects.values import fits_int, one_line, said
from gateway.model import (
    Citizen,
    Executor,
    File,
    FileRole,
    Party,
    Person,
    PostalAddress,
    Signature,
    System,
    Task,
    TaskControl,
)

MAX_CERTIFICATE = 255  # LIMIT: characters of the certificate's owner, as native senders cut it
MAX_INSURANCE_ID = 14  # LIMIT: characters of a СНИЛС

# --- parties ------------------------------------------------------------------------------------------------------


def as_contact(party: Party) -> Party:
    """Return what a Contact says of *party*: no system, and a citizen as an official of that name."""
    person = Person(name=party.citizen.name) if party.citizen else party.person
    return Party(
        organisation=or_none(party.organisation) if party.organisation else None,
        department=or_none(party.department) if party.department else None,
        person=or_none(person) if person else None,
        postal=tuple(address for address in party.postal if address != PostalAddress()),
        contacts=tuple(point for point in party.contacts if point.value),
    )


def as_party(party: Party) -> Party:
    """Return what Contact or PrivatePerson says of *party*."""
    citizen = or_none(_citizen(party.citizen)) if party.citizen else None
    if citizen is None:
        return as_contact(replace(party, citizen=None))
    return replace(as_contact(replace(party, citizen=None)), citizen=citizen)


def contact_or_none(party: Party | None) -> Party | None:
    contact = as_contact(party) if party else None
    return None if contact == Party() else contact


def party_or_none(party: Party | None) -> Party | None:
    found = as_party(party) if party else None
    return None if found == Party() else found


def _citizen(citizen: Citizen) -> Citizen:
    return replace(
        citizen,
        sex=citizen.sex if citizen.sex in SEXES.values() else "",
        insurance_id=citizen.insurance_id if len(citizen.insurance_id) <= MAX_INSURANCE_ID else "",
    )


def first_system(parties: Sequence[Party]) -> System | None:
    """Return the system all recipients of one message live in: the first that is named."""
    named = (or_none(party.system) for party in parties if party.system)
    return next((system for system in named if system), None)


# --- files --------------------------------------------------------------------------------------------------------


def as_files(files: Sequence[File], first: FileRole = FileRole.ANNEX) -> tuple[File, ...]:
    """Return the files that have content, with the roles reading gives them: *first*, then annexes."""
    kept = [file for file in files if file.sha256]
    return tuple(_file(file, FileRole.ANNEX if position else first) for position, file in enumerate(kept))


def _file(file: File, role: FileRole) -> File:
    name = one_line(file.name) or UNNAMED
    kept = [signature for signature in file.signatures if signature.sha256]
    return File(
        name=name,
        uid=file.uid,
        size=file.size,
        sha256=file.sha256,
        role=role,
        tag=file.tag,
        signatures=tuple(_signature(signature, name, position) for position, signature in enumerate(kept, 1)),
    )


def _signature(signature: Signature, file: str, position: int) -> Signature:
    return replace(
        signature,
        name=one_line(plain(file) + signature_suffix(position)),
        kind=fits_int(signature.kind),
        certificate=said(signature.certificate[:MAX_CERTIFICATE]),
    )


# --- tasks --------------------------------------------------------------------------------------------------------


def as_task(task: Task, uids: Collection[str], day: date) -> Task:
    """Return *task* as one of a message with tasks *uids*; *day* stands in when its author signed on no day."""
    author = contact_or_none(task.author)
    return replace(
        task,
        author=author,
        signed_on=task.signed_on or (day if author else None),
        files=as_files(task.files),
        executors=tuple(_executor(executor) for executor in task.executors),
        control=_control(task.control) if task.control else None,
        parent=task.parent if task.parent in uids else None,
    )


def _executor(executor: Executor) -> Executor:
    return replace(executor, party=as_contact(executor.party), files=as_files(executor.files))


def _control(control: TaskControl) -> TaskControl | None:
    control = replace(control, controller=contact_or_none(control.controller))
    return None if control == TaskControl() else control
