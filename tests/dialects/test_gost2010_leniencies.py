# SPDX-License-Identifier: GPL-3.0-or-later
"""What partners write otherwise than the standard says, one by one: understood, and noted where it matters."""

from base64 import b64encode
from datetime import UTC, date, datetime

import pytest

from gateway.content import Held
from gateway.dialects.wire import Resource
from gateway.errors import Reason
from gateway.model import ContactKind, Document, EventKind, Message, Number, Report
from tests.dialects.gost2010_packages import altered, codes, read, sample

CYRILLIC_POSTCODE = "post\u0441ode"


def message(name: str, *changes: tuple[str, str]) -> Message:
    found = read(altered(name, *changes)).message
    assert found is not None
    return found


def document(*changes: tuple[str, str]) -> Document:
    body = message("document", *changes).body
    assert isinstance(body, Document)
    return body


def report(name: str, *changes: tuple[str, str]) -> Report:
    body = message(name, *changes).body
    assert isinstance(body, Report)
    return body


@pytest.mark.parametrize("spelt", ["ack_type", "ask_type"])
def test_the_kind_of_a_notification_has_two_spellings(spelt: str) -> None:
    registered = report("registered", ("ack_type", spelt)).registered

    assert registered is not None
    assert registered.number.text == "ВХ-208"


@pytest.mark.parametrize("spelt", ["postcode", CYRILLIC_POSTCODE])
def test_a_postcode_has_two_spellings(spelt: str) -> None:
    (author,) = document(("postcode", spelt)).authors

    assert author.party is not None
    assert [address.postcode for address in author.party.postal] == ["101000"]


@pytest.mark.parametrize("spelt", ["taskDate", "taskdate"])
def test_the_day_of_a_task_has_two_spellings(spelt: str) -> None:
    (task,) = document(("taskDate", spelt)).tasks

    assert task.signed_on == date(2026, 2, 3)


@pytest.mark.parametrize("written", ["2026-02-03", "03.02.2026", "3.2.2026", "2026-02-03T00:00:00", "2026-02-03+03:00"])
def test_a_date_is_written_in_two_ways(written: str) -> None:
    assert document(('regdate="2026-02-03"', f'regdate="{written}"')).number == Number("12-34/56", date(2026, 2, 3))


@pytest.mark.parametrize(
    "written", ["2026-02-03T06:15:00Z", "2026-02-03T06:15:00", "2026-02-03T09:15:00+03:00", "03.02.2026 06:15:00"]
)
def test_a_moment_without_a_zone_is_utc(written: str) -> None:
    found = message("document", ("2026-02-03T06:15:00Z", written))

    assert found.sent_at == datetime(2026, 2, 3, 6, 15, tzinfo=UTC)


@pytest.mark.parametrize("letter", ["с", "c"])
def test_an_attestation_may_have_a_latin_letter(letter: str) -> None:
    (visa,) = document(("Согласовано с замечаниями", f"Согласовано {letter} замечаниями")).visas

    assert visa.text == "Согласовано с замечаниями"


def test_another_standard_or_version_is_noted_and_read() -> None:
    reading = read(
        altered("document", ("Стандарт системы управления документами", "ГОСТ 53898"), ('"1.0" time', '"2" time'))
    )

    assert reading.message is not None
    assert codes(reading).count("other-standard") == 2


def test_a_namespace_of_its_own_is_noted_and_read() -> None:
    reading = read(altered("document", ("<Header ", '<Header xmlns="urn:partner" ')))

    assert reading.message is not None
    assert reading.refusal is None
    assert "other-standard" in codes(reading)


def test_elements_of_other_makers_are_kept_in_words() -> None:
    strange = '<Expansion organization="x" exp_ver="1"><Card><No>7</No></Card></Expansion></Header>'
    reading = read(altered("document", ("</Header>", strange), ("<TaskList>", "<Rating>5</Rating><TaskList>")))

    assert {"expansion", "unknown-element", "schema"} == set(codes(reading))
    assert any("<Rating>5</Rating>" in problem.text for problem in reading.problems)


def test_what_our_model_has_no_place_for_is_kept_in_words() -> None:
    reading = read(altered("document", ('inn="0012345678"', 'inn="0012345678" ogrn="1027700132195" kpp="770401001"')))

    said = [problem.text for problem in reading.problems if problem.code == "kept-in-words"]
    assert said[:2] == ["ogrn: 1027700132195", "kpp: 770401001"]


def test_what_is_flagged_as_restricted_never_counts_as_open() -> None:
    assert document(('flag="0">Общий', 'flag="1">Общий')).access != document().access
    assert "contradictory" in codes(read(altered("document", ('flag="0">Общий', 'flag="1">Общий'))))
    assert document(('flag="0">Общий', 'flag="1">ДСП')).access is not None


def test_further_numbers_and_orders_become_fields_in_words() -> None:
    extra = (
        '<DocNumber kind="Приказ"><OrganizationOnly organization_string="Совет"/>'
        '<RegNumber regdate="2025-05-06">8</RegNumber></DocNumber>'
    )
    before = (
        '<RegHistory><OrganizationOnly organization_string="Филиал"/>'
        '<RegNumber regdate="2026-02-01">Ф-1</RegNumber></RegHistory>'
    )
    found = document(("    <Addressee>", extra + "<Addressee>"), ("    <Author>\n", before + "<Author>"))

    assert [(field.name, field.value) for field in found.fields][:2] == [
        ("Прежний номер", "№ Ф-1 от 01.02.2026 (Филиал)"),
        ("Приказ", "№ 8 от 06.05.2025 (Совет)"),
    ]


def test_phones_of_all_kinds_are_phones() -> None:
    (drafter,) = document(('type="1">+7', 'type="3">+7')).drafters

    assert [point.kind for point in drafter.party.contacts] == [ContactKind.PHONE]


def test_a_private_person_writes() -> None:
    whole = sample("document").decode()
    author = whole[whole.index("      <OrganizationWithSign") : whole.index("      <OutNumber>")]
    person = (
        '<PrivatePersonWithSign inn="001" doc_kind="Паспорт" doc_num="45 08 123456" doc_org="ОВД">'
        "<Name>Васильков Лев</Name></PrivatePersonWithSign>"
    )
    (found,) = document((author, person)).authors

    assert found.party is not None
    citizen = found.party.citizen
    assert citizen is not None
    assert (citizen.name, citizen.tax_id, citizen.passport_series, citizen.passport_number) == (
        *("Васильков Лев", "001"),
        *("45 08", "123456"),
    )


def test_several_officials_of_an_organisation_are_several_addressees() -> None:
    more = "</OfficialPerson><OfficialPerson><Name>Полевой Ян</Name></OfficialPerson>"
    found = document(
        ("</OfficialPerson>\n      </Organization>\n    </Addressee>", f"{more}</Organization></Addressee>")
    )

    assert [party.name for party in found.addressees] == ["Луговая Вера Павловна", "Полевой Ян"]


def test_registered_in_spite_of_errors_is_registered() -> None:
    found = report("registered", ('errorcode="0">Зарегистрировано', 'errorcode="33">Дата странная'))

    assert found.registered is not None
    assert found.refusal is None
    assert [remark.text for remark in found.remarks] == ["(33) Дата странная"]


@pytest.mark.parametrize("code", ["1", "-1008"])
@pytest.mark.parametrize("number", ["ВХ-208", ""])
def test_a_notification_of_registration_that_says_no_is_a_refusal_whatever_number_it_bears(
    code: str, number: str
) -> None:
    changes = ('errorcode="0">Зарегистрировано', f'errorcode="{code}">Отказано'), ("ВХ-208", number)
    found = report("registered", *changes)

    assert found.refusal is not None
    assert found.refusal.text == "Отказано"
    assert found.registered is None
    assert "contradictory" in codes(read(altered("registered", *changes)))


@pytest.mark.parametrize("number", ['<RegNumber regdate="2026-02-03"/>', ""])
@pytest.mark.parametrize("code", ['errorcode="0"', ""])
def test_a_registration_without_a_number_is_told_in_words_only(number: str, code: str) -> None:
    found = report(
        "registered",
        ('<RegNumber regdate="2026-02-03">ВХ-208</RegNumber>', number),
        ('errorcode="0">Зарегистрировано', f"{code}>Отказ"),
    )

    assert (found.fact, found.registered, found.refusal) == (EventKind.PROGRESS, None, None)
    assert [remark.text for remark in found.remarks] == ["Уведомление о регистрации без номера. Отказ"]


def twice(name: str, change: tuple[str, str]) -> tuple[str, str]:
    """The change that repeats the only task of the sample *name*, the second time with *change*."""
    text = sample(name).decode()
    task = text[text.index("<Task ") : text.index("</Task>") + len("</Task>")]
    return task, task + task.replace(*change)


def test_thousands_of_references_are_read_each_once() -> None:
    """What this takes grows with their number alone."""
    many = "".join(f'<Referred idnumber="Q{each % 20_000}" retype="1"/>' for each in range(40_000))
    found = document(("<Addressee>", f"{many}<Addressee>{many}"))

    assert len([link for link in found.links if link.document and link.document.uid.startswith("Q")]) == 20_000


def test_too_many_files_inside_are_refused_for_just_that() -> None:
    file = '<DocTransfer os="x" type="x" description="x" transfertype="0">QQ==</DocTransfer>'
    reading = read(altered("document", ("<AddDocuments>", file * 1001 + "<AddDocuments>")))

    assert reading.refusal is not None
    assert reading.refusal.reason is Reason.TOO_MANY_PARTS
    assert codes(reading) == [Reason.TOO_MANY_PARTS.value]
    assert reading.heading.message_id


def test_of_two_tasks_of_one_id_the_second_is_left_out_and_noted() -> None:
    change = twice("document", ("Согласовать сроки", "Второе"))

    assert [task.text for task in document(change).tasks] == ["Согласовать сроки"]
    assert "repeated-key" in codes(read(altered("document", change)))


def test_a_task_without_an_id_is_left_out_and_noted() -> None:
    change = twice("document", (' idnumber="R-T-1"', ""))

    assert [task.uid for task in document(change).tasks] == ["R-T-1"]
    assert "task-without-id" in codes(read(altered("document", change)))


def test_a_negative_code_is_the_makers_own() -> None:
    refusal = report("error", ('errorcode="35"', 'errorcode="-7"')).refusal

    assert refusal is not None
    assert refusal.code == -7


def test_a_code_without_words_has_those_of_the_standard() -> None:
    found = report("not-registered", ("Рекламные письма не регистрируются", "")).refusal
    wrong = report(
        "not-registered", ('ack_type="2"', 'ack_type="1"'), ("Рекламные письма не регистрируются", "")
    ).refusal

    assert found is not None
    assert wrong is not None
    assert found.text == "Документ относится к категории нерегистрируемых."
    assert (wrong.code, wrong.text) == (1, "Недопустимое значение атрибута standart.")


def test_a_task_without_end_has_no_deadline() -> None:
    (task,) = document(('deadline="2026-02-20"', 'deadline="9999-12-31"')).tasks

    assert task.control is None


def test_tasks_in_an_answer_are_noted_and_read() -> None:
    reading = read(altered("document", ('msg_type="1"', 'msg_type="3"')))

    assert "misplaced" in codes(reading)
    assert reading.message is not None
    assert isinstance(reading.message.body, Document)
    assert len(reading.message.body.tasks) == 1


# --- pointers -----------------------------------------------------------------------------------------------------

BODY = b64encode("Просим согласовать сроки поставки.".encode()).decode()


def pointing(to: str, *came: str, encoding: str = "utf-8", encoded: bool = True) -> object:
    """Read the sample with its letter beside it; return the bytes of that file, or the refusal."""
    said = b64encode(to.encode(encoding)).decode() if encoded else to
    xml = altered("document", (f'transfertype="0">{BODY}', f'transfertype="1">{said}'))
    reading = read(xml, [Resource((name,), Held(f"bytes of {name}".encode())) for name in came])
    assert reading.message is not None
    assert isinstance(reading.message.body, Document)
    digest = reading.message.body.files[0].sha256
    if digest is None:
        assert reading.refusal is not None
        return reading.refusal.reason
    return b"".join(reading.contents[digest].blocks()).decode()


@pytest.mark.parametrize("encoding", ["utf-8", "windows-1251"])
def test_a_pointer_is_the_name_of_a_file_beside_the_message(encoding: str) -> None:
    assert pointing("Письмо.pdf", "чужой.pdf", "Письмо.pdf", encoding=encoding) == "bytes of Письмо.pdf"


def test_a_pointer_may_stand_as_it_is_and_in_other_letters() -> None:
    assert pointing("письмо № 1.PDF", "Письмо № 1.pdf", encoded=False) == "bytes of Письмо № 1.pdf"


@pytest.mark.parametrize("path", ["C:\\temp\\a.pdf", "/etc/a.pdf", "../../a.pdf", "http://other.example/x/a.pdf"])
def test_a_pointer_is_never_followed_only_its_last_step_is_looked_for_beside(path: str) -> None:
    assert pointing(path, "a.pdf") == "bytes of a.pdf"
    assert pointing(path, "b.pdf") is Reason.MISSING_FILE


def test_a_pointer_to_two_files_is_no_pointer() -> None:
    assert pointing("a.pdf", "A.pdf", "a.PDF") is Reason.MISSING_FILE


def test_a_file_nothing_points_to_is_noted() -> None:
    reading = read(sample("document"), [Resource(("DistributionLetter.txt",), Held(b"x"))])

    assert codes(reading) == ["unlisted-file"]


def test_a_type_may_be_an_extension() -> None:
    found = document(
        ('type="text/csv" char_set="UTF-8" description="Перечень.csv"', 'type="csv" description="Перечень"')
    )

    assert found.files[1].name == "Перечень.csv"
