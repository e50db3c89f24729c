# SPDX-License-Identifier: GPL-3.0-or-later
"""What live senders do wrong is noted and understood all the same; and what nobody may do wrong is refused."""

import pytest

from gateway.content import Held
from gateway.dialects.wire import Resource
from gateway.errors import Reason
from gateway.model import Severity
from tests.dialects.test_smdo_samples import SAMPLES, SMDO, codes, document_of, read, read_sample, report_of

LENIENCIES = {
    "no offset": ("2026-04-02T09:15:00+03:00", "2026-04-02T09:15:00", "naive-time"),
    "another version": ('type="SDIP-2.1.1"', 'type="SDIP-9"', "unknown-version"),
    "an id that is no GUID": ("3f7b1a52-0c4e-4d11-8a60-1d2e3f400001", "0815", "odd-id"),
    "another case": ("<RegNumber regdate", "<regnumber regdate", "odd-spelling"),
    "a look-alike letter": ("<Confident ", "<Соnfident ", "odd-spelling"),
    "the trap of the specification": ('postcode="', 'postсode="', "odd-spelling"),
    "the day of a task in another case": ("taskDate", "TaskDate", "odd-spelling"),
    "an address by another name": ("<Address ", "<Adres ", "odd-spelling"),
    "the wrong kind of message": ('msg_type="1"', 'msg_type="0"', "wrong-kind"),
    "an unknown wish": ('msg_acknow="2"', 'msg_acknow="7"', "unreadable-value"),
    "an unreadable day": ('regdate="2026-03-28"', 'regdate="28.03.2026"', "unreadable-value"),
    "an impossible day": (
        'deadline="2026-04-09">\n        <Task',
        'deadline="2026-04-31">\n        <Task',
        "unreadable-value",
    ),
    "a file without a name": ('name="Записка.txt"', 'name=""', "empty-file-name"),
    "no signature": ('<Signature signer="Канцелярия">', '<Signature signer="Канцелярия"></Signature><Signature>', ""),
    "a broken signature": ('<Signature signer="Канцелярия">', '<Signature signer="Канцелярия">*', "broken-signature"),
    "no id of the document": ('idnumber="Hydro07_5501" type', "type", "no-uid"),
    "no subject": (' title="Об уровне воды" annotation="Срочно"', "", "empty-subject"),
    "no pages": (' pages="3"', "", "empty-pages"),
    "a task without words": ('task_text="Проверить дамбу"', 'task_text=""', "task-without-text"),
    "a task without an id": ('Task idnumber="Hydro07_T9"', "Task", "task-without-id"),
    "an agreement of others": ("</Body>", "<Expansion><Varset/></Expansion></Body>", "expansion"),
    "a zone twice": ("</TaskList>", "</TaskList><TaskList/>", "repeated-zone"),
    "an unknown element": ("</Body>", "<Novelty/></Body>", "schema"),
    "copies": (
        'Confident flag="0">Общий</Confident>\n      <Ref',
        'Confident flag="0" numcopy="3">Общий</Confident>\n      <Ref',
        "left-out",
    ),
    "the number it had": (
        "<Author>",
        "<RegHistory><OrganizationOnly organization_string='x'/><RegNumber>1</RegNumber></RegHistory><Author>",
        "left-out",
    ),
    "a deadline of one executor": (
        'responsible="1" deadline="2026-04-09"',
        'responsible="1" deadline="2026-04-08"',
        "left-out",
    ),
    "a replacement": ('add_type="0"', 'add_type="2"', "replacement"),
}


@pytest.mark.parametrize("name", LENIENCIES)
def test_a_leniency_is_noted_and_never_refused(name: str) -> None:
    old, new, code = LENIENCIES[name]
    changes = [(old, new)]
    if name in ("the trap of the specification", "an address by another name"):
        changes += [("</Address>", "</Adres>")] if "Adres" in new else []
    pairs = {"<regnumber": ("</RegNumber>", "</regnumber>"), "<Соnfident": ("</Confident>", "</Соnfident>")}
    changes += [pair for start, pair in pairs.items() if new.startswith(start)]
    reading = read_sample("document", *changes)

    assert reading.refusal is None
    assert reading.message is not None
    assert not code or code in codes(reading)
    assert all(problem.severity is Severity.NOTE for problem in reading.problems)
    assert all(problem.place for problem in reading.problems)


ONLY_IN_WORDS = {
    "a form of ownership": (
        'organization_string="Гидропост «Затон»"><OfficialPerson>',
        'organization_string="Гидропост «Затон»" ownership="ГУ"><OfficialPerson>',
        "/Envelop/Body/Document/Writer/Organization/@ownership",
        "ownership: ГУ",
    ),
    "a rank of an official": (
        "<Official>Заведующий</Official>",
        "<Official>Заведующий</Official><Rank>советник 1 класса</Rank>",
        "/Envelop/Body/Document/Author/OrganizationWithSign/OfficialPersonWithSign/Rank",
        "Rank: советник 1 класса",
    ),
    "a rank of an addressee": (
        "Начальник отдела</Official>",
        "Начальник отдела</Official><Rank>майор</Rank>",
        "/Envelop/Header/Receiver[1]/Organization/OfficialPerson/Rank",
        "Rank: майор",
    ),
    "a rank of a private person": (
        "<Writer>",
        "<Writer><PrivatePerson><Name>Осокин Т.</Name><Rank>сержант</Rank></PrivatePerson></Writer><Writer>",
        "/Envelop/Body/Document/Writer[1]/PrivatePerson/Rank",
        "Rank: сержант",
    ),
    "a paper that is no passport": (
        "<Writer>",
        '<Writer><PrivatePerson doc_kind="Военный билет"><Name>Осокин Т.</Name></PrivatePerson></Writer><Writer>',
        "/Envelop/Body/Document/Writer[1]/PrivatePerson/@doc_kind",
        "doc_kind: Военный билет",
    ),
    "the day of a passport": (
        "<Writer>",
        '<Writer><PrivatePerson doc_date="2020-02-03"><Name>Осокин Т.</Name></PrivatePerson></Writer><Writer>',
        "/Envelop/Body/Document/Writer[1]/PrivatePerson/@doc_date",
        "doc_date: 2020-02-03",
    ),
    "a second author of a task": (
        "</AuthorOrganization>",
        """</AuthorOrganization><AuthorOrganization><OrganizationWithSign organization_string="Архив">
           <OfficialPersonWithSign><Name>Ивняков П.А.</Name></OfficialPersonWithSign>
           </OrganizationWithSign></AuthorOrganization>""",
        "/Envelop/Body/TaskList/Task/AuthorOrganization",
        "a further author: Ивняков П.А.",
    ),
}


@pytest.mark.parametrize("name", ONLY_IN_WORDS)
def test_what_the_model_has_no_place_for_stands_in_a_note(name: str) -> None:
    old, new, place, words = ONLY_IN_WORDS[name]
    reading = read_sample("document", (old, new))

    assert reading.refusal is None
    assert [(each.place, each.text) for each in reading.problems if each.code == "kept-in-words"] == [(place, words)]


def test_a_passport_is_no_paper_to_be_noted() -> None:
    said = (
        '<Writer><PrivatePerson doc_kind="Паспорт" doc_num="1"><Name>Осокин Т.</Name></PrivatePerson></Writer><Writer>'
    )

    assert "kept-in-words" not in codes(read_sample("document", ("<Writer>", said)))


SECOND_POST = '<Official department="Архив" post="хранитель"/>'
POSTS = {
    "an author": (
        "<Official>Заведующий</Official>",
        lambda message: message.body.authors[0].party,
        ("Заведующий; хранитель", "Архив"),
    ),
    "an addressee": (
        '<Official department="Отдел воды">Начальник отдела</Official>',
        lambda message: message.recipients[0],
        ("Начальник отдела; хранитель", "Отдел воды; Архив"),
    ),
}


@pytest.mark.parametrize("name", POSTS)
def test_an_official_has_every_post_and_department_that_is_said(name: str) -> None:
    first, party_of, (post, department) = POSTS[name]
    reading = read_sample("document", (first, first + SECOND_POST))
    assert reading.message is not None
    party = party_of(reading.message)

    assert (party.person.post, party.department.name) == (post, department)
    written = SMDO.degrade(reading.message)
    assert party_of(written).person.post == post
    assert party_of(written).department.name == department


def test_names_in_any_case_and_with_look_alike_letters_say_the_same() -> None:
    text = (SAMPLES / "document.xml").read_text()
    odd = text.replace("<Document ", "<DOCUMENT ").replace("</Document>", "</DOCUMENT>")
    odd = odd.replace("<Data ", "<dаta ").replace("postcode", "postсode").replace("taskDate", "taskdate")

    assert document_of(read(odd.encode())) == document_of(read(text.encode()))


def test_a_namespace_is_none_of_the_formats_and_says_nothing() -> None:
    text = (SAMPLES / "document.xml").read_text()
    odd = text.replace("<Envelop ", '<Envelop xmlns="urn:x" ', 1)

    assert document_of(read(odd.encode())) == document_of(read(text.encode()))


def test_an_unsigned_file_is_noted_and_not_refused() -> None:
    text = (SAMPLES / "supplement.xml").read_text()
    bare = text[: text.index("<Signature>")] + text[text.index("</Signature>") + len("</Signature>") :]

    reading = read(bare.encode())

    assert reading.refusal is None
    assert "no-signature" in codes(reading)


def test_a_mail_server_may_have_named_the_file_otherwise() -> None:
    passport = (SAMPLES / "supplement.xml").read_bytes()
    renamed = Resource(("ATTACH2.txt",), Held(b"1"))

    reading = SMDO.read(passport, [renamed])

    assert reading.refusal is None
    assert reading.contents.keys() == {renamed.content.sha256}


def test_a_file_that_nothing_refers_to_is_found_by_its_own_name() -> None:
    passport = (SAMPLES / "supplement.xml").read_bytes().replace(b' referenceid="attach2"', b"")

    reading = SMDO.read(passport, [Resource(("Участки.csv",), Held(b"1"))])

    assert reading.refusal is None
    assert "no-reference" in codes(reading)


def test_a_file_that_nothing_names_is_noted() -> None:
    assert "unlisted-file" in codes(read_sample("supplement"))


def test_a_supplement_in_the_manner_of_the_older_standard_is_understood() -> None:
    reading = read_sample("document", ('msg_type="1"', 'msg_type="2"'))

    assert document_of(reading).supplement
    assert document_of(reading).uid == "Hydro07_5501"
    assert "misplaced" in codes(reading)


def test_a_code_that_is_none_counts_as_no_error() -> None:
    assert report_of("delivery", ('errorcode="0"', 'errorcode="ноль"')).received_at is not None


def test_of_several_results_the_first_error_decides() -> None:
    good = '<AckResult errorcode="0">да</AckResult>'
    refusal = report_of("error", ('<AckResult errorcode="35">', good + '<AckResult errorcode="35">')).refusal

    assert refusal is not None
    assert refusal.code == 35


# --- refused ------------------------------------------------------------------------------------------------------

REFUSED = {
    "no id": (' msg_id="3f7b1a52-0c4e-4d11-8a60-1d2e3f400001"', "", Reason.MISSING_FIELD, "/Envelop/@msg_id"),
    "no time": (' dtstamp="2026-04-02T09:15:00+03:00"', "", Reason.MISSING_FIELD, "/Envelop/@dtstamp"),
    "an impossible time": (
        "2026-04-02T09:15:00+03:00",
        "2026-02-30T09:15:00Z",
        Reason.MISSING_FIELD,
        "/Envelop/@dtstamp",
    ),
    "no sender": ('Sender id="Hydro07"', "Sender", Reason.MISSING_FIELD, "/Envelop/Header/Sender/@id"),
    "a file that did not come": (
        "attach2",
        "attach9",
        Reason.MISSING_FILE,
        "/Envelop/Body/AddDocuments/Folder[1]/DocTransfer/Data",
    ),
    "no file in Data": (
        '<Data referenceid="attach2"/>',
        "<Data>@@</Data>",
        Reason.MISSING_FILE,
        "/Envelop/Body/AddDocuments/Folder[1]/DocTransfer/Data",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_acted_upon_is_refused_at_its_place(name: str) -> None:
    old, new, reason, place = REFUSED[name]
    reading = read_sample("document", (old, new))

    assert reading.refusal is not None
    assert (reading.refusal.reason, reading.refusal.place) == (reason, place)
    assert reading.problems[-1].severity is Severity.ERROR
    assert reading.heading.about.number.text == "03-5/118"


def test_a_supplement_to_nothing_is_refused() -> None:
    text = (SAMPLES / "supplement.xml").read_text().replace("<Referred ", "<Note ").replace("</Referred>", "</Note>")

    refusal = read(text.encode()).refusal

    assert refusal is not None
    assert refusal.reason is Reason.MISSING_FIELD
