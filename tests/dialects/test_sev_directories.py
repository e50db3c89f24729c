# SPDX-License-Identifier: GPL-3.0-or-later
"""Directories of people in SEV: read to the last field, leniently, and said by nobody who has no word for them."""

import pytest

from gateway.dialects import by_name
from gateway.errors import Reason
from gateway.model import (
    ContactKind,
    ContactPoint,
    Department,
    DirectoryChange,
    DirectoryOutcome,
    DirectoryResult,
    DirectoryUpdate,
    Listing,
    Organisation,
    Party,
    Person,
)
from tests.dialects.packages import codes, passport, read_altered, read_sample

SEV = by_name("sev")
HARBOUR = Organisation("Порт «Тихий»", index="HARBOUR-2")
CHIEF = Person("Причалов Егор Ильич", "начальник порта", index="H-01")
CAPTAIN = Party(HARBOUR, person=Person(post="капитан порта", index="H-02"))


def update_in(sample: str, *changes: tuple[str, str]) -> DirectoryUpdate:
    message = read_altered(sample, *changes).message
    assert message is not None
    assert isinstance(message.body, DirectoryUpdate)
    return message.body


def test_a_directory_is_understood_to_the_last_field() -> None:
    reading = read_sample("directory")
    assert (reading.kind, reading.refusal, codes(reading)) == ("directory", None, [])
    assert reading.heading.return_id == "42" * 16

    assert update_in("directory").listings == (
        Listing(
            Party(HARBOUR, Department("Дирекция"), CHIEF, contacts=(ContactPoint(ContactKind.PHONE, "+000 00 11"),)),
            code="101",
        ),
        Listing(CAPTAIN, code="102"),
        Listing(Party(HARBOUR, person=Person("Маякова Инна Львовна", index="H-03")), deleted=True, code="103"),
        Listing(Party(HARBOUR, Department("Дирекция", "01", "H-D1")), code="11"),
    )


def test_what_a_directory_changed_is_understood_to_the_last_field() -> None:
    reading = read_sample("directory-result")
    assert (reading.kind, reading.refusal, codes(reading)) == ("directory_result", None, [])
    assert reading.message is not None

    assert reading.message.return_id == "42" * 16
    assert reading.message.body == DirectoryResult(
        (
            DirectoryOutcome(
                Listing(Party(HARBOUR, person=Person(CHIEF.name, index="H-01")), code="101"),
                (DirectoryChange.ADDED, DirectoryChange.CODED),
            ),
            DirectoryOutcome(Listing(CAPTAIN, code="102"), (DirectoryChange.POST, DirectoryChange.DEPARTMENT)),
        )
    )


@pytest.mark.parametrize("sample", ["directory", "directory-result"])
def test_a_directory_is_written_as_it_was_read(sample: str) -> None:
    message = read_sample(sample).message
    assert message is not None
    package = SEV.write(message)

    assert SEV.read(package.passport, ()).message == message
    assert package.passport_name.encode() in passport(sample)


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        (' UID="H-02"', "", "no-exchange-index"),
        ('Deleted="false" IdentityCode="102"', 'IdentityCode="102"', "deleted-missing"),
        ('Deleted="false" IdentityCode="102"', 'Deleted="нет" IdentityCode="102"', "unreadable-value"),
        ('<ContactInfo Deleted="false" IdentityCode="102"/>', "", "deleted-missing"),
    ],
)
def test_what_a_line_lacks_is_noted_and_dismisses_nobody(old: str, new: str, code: str) -> None:
    assert code in codes(read_altered("directory", (old, new)))
    assert [listing.deleted for listing in update_in("directory", (old, new)).listings] == [False, False, True, False]


def test_a_line_that_describes_nobody_is_left_out() -> None:
    nobody = "<SyncContact><Contact/></SyncContact></SyncDepartments>"
    reading = read_altered("directory", ("</SyncDepartments>", nobody))

    assert "empty-listing" in codes(reading)
    assert len(update_in("directory", ("</SyncDepartments>", nobody)).listings) == 4


@pytest.mark.parametrize("name", ["OperationName", "MessageType"])
def test_what_nobody_knows_the_values_of_may_be_anything(name: str) -> None:
    known = {"OperationName": "SyncInfo", "MessageType": "MainDoc"}[name]
    reading = read_altered("directory", (f'{name}="{known}"', f'{name}="Всё"'))

    assert reading.refusal is None
    assert reading.message == read_sample("directory").message


def test_an_unknown_result_is_noted() -> None:
    reading = read_altered("directory-result", ("Добавлен", "Замечен"))

    assert "unreadable-value" in codes(reading)


def test_a_directory_without_an_id_is_refused_and_shown() -> None:
    reading = read_altered("directory", ('MessageID="41414141414141414141414141414141"', ""))

    assert reading.refusal is not None
    assert reading.refusal.reason is Reason.MISSING_FIELD


def test_more_people_than_a_passport_may_hold_are_refused_in_words() -> None:
    lines = "<SyncContact><Contact><Organization/></Contact><ContactInfo/></SyncContact>" * 50_000
    reading = read_altered("directory", ("</SyncDepartments>", f"{lines}</SyncDepartments>"))

    assert (reading.kind, reading.message) == ("directory", None)
    assert reading.refusal is not None
