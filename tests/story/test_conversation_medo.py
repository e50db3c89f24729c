# SPDX-License-Identifier: GPL-3.0-or-later
"""Two offices that both speak MEDO: every rung its table says is carried comes home, with the mappings unchanged."""

import re
from base64 import b64encode
from collections.abc import Iterator
from datetime import date
from email import message_from_bytes
from email.policy import SMTP
from pathlib import Path

import pytest

from gateway.content import Held, MemorySink
from gateway.edms_adapter.registry import people
from gateway.edms_adapter.registry.people.cards import put_file
from gateway.edms_adapter.registry.people.rows import do as run
from gateway.edms_adapter.sql.database import Work
from gateway.errors import Reason
from gateway.journal.entries import State
from gateway.mail.archive import unzip
from tests.story.acts import LETTER, answer, cards, dispatch, do, inbox, instruct, news, send_letter
from tests.story.offices import Town, TownOffice, town

MINSK, MOSCOW = "7b1f0c9a-3d2e-4f58-8a61-2c9e5d4b7f10", "e2d41c77-90ab-4d15-8f3e-6b0c1a2d3e4f"
GUIDS = {"minsk": MINSK, "moscow": MOSCOW}
INDICES = {"minsk": "EX-MINSK", "moscow": "EX-MOSCOW"}


def speaking(us: str, other: str, *, version: str = "", envelope: str = "") -> dict[str, str]:
    """Return what makes office *us* speak MEDO with *other*."""
    return {
        "office": f'codes = {{ medo = "{GUIDS[us].upper()}" }}',
        "channel": f'dialect = "medo"\ndialect_version = "{version}"\nenvelope = "{envelope}"',
        "partner": f'codes = {{ {INDICES[other]} = "{GUIDS[other]}" }}',
    }


def both(version: str = "", envelope: str = "") -> dict[str, dict[str, str]]:
    return {
        "minsk": speaking("minsk", "moscow", version=version, envelope=envelope),
        "moscow": speaking("moscow", "minsk", version=version, envelope=envelope),
    }


@pytest.fixture
def offices(tmp_path: Path) -> Iterator[Town]:
    with town(tmp_path, **both()) as both_:
        yield both_


def words(office: TownOffice, card: int) -> str:
    """Return everything a card's news say to people."""
    with people.at_work(office.registry) as work:
        return "\n".join(
            str(row._mapping if hasattr(row, "_mapping") else row.__dict__) for row in people.news(work, card)
        )


def mailed(office: TownOffice) -> list[str]:
    """Return the message XMLs this office sent."""
    found = []
    for mail in office.sent():
        for part in mail.walk():
            if part.get_content_type() == "application/xml":
                data = part.get_payload(decode=True)
                assert isinstance(data, bytes)
                encoding = re.findall(rb"encoding='([^']+)'", data)[0].decode()
                found.append(data.decode(encoding))
    return found


def kinds(office: TownOffice) -> list[str]:
    """Return what each letter of *office* was: the type of its header, and of its notification."""
    said = []
    for one in mailed(office):
        types = re.findall(r"<\w+:(?:header|notification) [^>]*?\w+:type=\"([^\"]+)\"", one)
        said.append(types[-1])
    return said


def test_the_whole_ladder_comes_home(offices: Town) -> None:
    card = send_letter(offices.minsk)
    offices.settle()
    (incoming,) = cards(offices.moscow)
    instruction = instruct(offices.moscow, incoming.id)
    offices.settle()
    do(offices.moscow, people.change_deadline, instruction, date(2026, 4, 1), by="Берёзкина")
    offices.settle()
    do(offices.moscow, people.report, instruction, "Ответ подготовлен", by="Кленов")
    offices.settle()
    do(offices.moscow, people.close, instruction, "Исполнено", by="Берёзкина")
    offices.settle()
    answer(offices.moscow, incoming.id)
    offices.settle()

    assert (incoming.number, incoming.partner_number) == ("ВХ-1", "ИСХ-1")
    assert inbox(offices.moscow, "Берёзкина") == [incoming.id]
    assert dispatch(offices.minsk, card).partner_number == "ВХ-1"
    assert news(offices.minsk, card) == [
        "received",
        "registered",
        "progress",  # forwarded, in words
        "assigned",
        "due_changed",
        "progress",  # executor_reported
        "progress",  # executed
        "answered",
    ]
    told = words(offices.minsk, card)
    for said in ("Передано на рассмотрение", "доложил", "исполнено"):
        assert said in told
    (reply,) = cards(offices.minsk)
    with people.at_work(offices.minsk.registry) as work:
        assert [row.id for row in people.linked(work, card)] == [reply.id]


def test_documents_and_notifications_are_confirmed_and_receipts_never_are(offices: Town) -> None:
    send_letter(offices.minsk)
    offices.settle()

    assert kinds(offices.moscow) == ["Квитанция", "Зарегистрирован", "Исполнение"]
    assert kinds(offices.minsk) == ["Документ", "Квитанция", "Квитанция"]


@pytest.mark.parametrize("version", ["2.0", "2.2", "2.5", "2.6", "2.7"])
def test_every_version_carries_the_registration_home(tmp_path: Path, version: str) -> None:
    with town(tmp_path, **both(version)) as offices:
        card = send_letter(offices.minsk)
        offices.settle()

        assert dispatch(offices.minsk, card).partner_number == "ВХ-1"
        assert news(offices.minsk, card)[:2] == ["received", "registered"]
        assert 'version="2.6"' in mailed(offices.minsk)[0] if version == "2.7" else f'version="{version}"'


def test_a_refusal_comes_home_with_its_words(tmp_path: Path) -> None:
    sides = both()
    sides["moscow"]["partner"] += '\n[[receive]]\nregister = "refuse"'
    with town(tmp_path, **sides) as offices:
        card = send_letter(offices.minsk)
        offices.settle()

        assert kinds(offices.moscow) == ["Квитанция", "Отказано в регистрации"]
        assert news(offices.minsk, card) == ["received", "refused"]
        assert "Приём документов от этого отправителя не предусмотрен" in words(offices.minsk, card)


def test_a_question_that_cannot_be_answered_for_want_of_a_guid_of_ours_lies_here_and_says_so(tmp_path: Path) -> None:
    knows_them = {"partner": f'codes = {{ EX-MINSK = {{ medo = "{MINSK}" }} }}'}
    with town(tmp_path, minsk=speaking("minsk", "moscow"), moscow=knows_them) as offices:
        card = send_letter(offices.minsk)
        offices.settle()

        (letter,) = offices.moscow.incoming()
        assert (letter.state, letter.reason) == (State.PARKED, Reason.UNSUPPORTED)
        assert "Исполком, отделение в Москве has no GUID, by which МЭДО names it: set `codes`" in letter.detail
        assert (cards(offices.moscow), news(offices.minsk, card)) == ([], [])


def test_a_document_that_comes_again_as_another_message_makes_no_second_card_and_is_told_again(offices: Town) -> None:
    card = send_letter(offices.minsk)
    offices.settle()
    sender, _, data = offices.post.carried[0]

    offices.moscow.receive(under_another_id(data), sender)
    offices.settle()

    assert len(cards(offices.moscow)) == 1
    assert kinds(offices.moscow).count("Зарегистрирован") == 2
    assert dispatch(offices.minsk, card).partner_number == "ВХ-1"


def test_a_refused_document_may_be_sent_again_and_is_registered_then(offices: Town) -> None:
    offices.post.delivers = False
    card = send_letter(offices.minsk)
    offices.minsk.work()
    ((sender, _, data),) = offices.post.carried
    offices.post.delivers = True
    offices.moscow.receive(without_file(data, "file1.txt"), sender)
    offices.settle()

    do(offices.minsk, people.send_again, dispatch(offices.minsk, card).id)
    offices.settle()

    assert len(cards(offices.moscow)) == 1
    assert dispatch(offices.minsk, card).partner_number == "ВХ-1"


def test_a_package_with_a_file_missing_is_answered_with_a_receipt_that_says_not_accepted(offices: Town) -> None:
    offices.post.delivers = False
    card = send_letter(offices.minsk)
    offices.minsk.work()
    ((sender, _, data),) = offices.post.carried
    offices.post.delivers = True
    offices.moscow.receive(without_file(data, "file1.txt"), sender)
    offices.settle()

    assert cards(offices.moscow) == []
    assert kinds(offices.moscow) == ["Квитанция"]
    assert ">false</" in mailed(offices.moscow)[0]
    assert news(offices.minsk, card) == ["refused"]
    assert "Отсутствует файл, указанный в паспорте" in words(offices.minsk, card)


def test_an_envelope_goes_along_when_the_channel_names_its_address(tmp_path: Path) -> None:
    with town(tmp_path, **both(envelope="DEPT_S~TESTNODE")) as offices:
        card = send_letter(offices.minsk)
        offices.settle()

        (envelope,) = [part for part in offices.minsk.sent()[0].walk() if part.get_filename() == "envelope.ini"]
        text = envelope.get_payload(decode=True)
        assert isinstance(text, bytes)
        assert "\r\n0=DEPT_S~TESTNODE\r\n" in text.decode("windows-1251")
        assert "\r\n0=document.xml\r\n1=file0.pdf\r\n2=file1.txt\r\n" in text.decode("windows-1251")
        assert dispatch(offices.minsk, card).partner_number == "ВХ-1"


def test_a_signed_document_travels_in_a_container_with_its_signature(offices: Town) -> None:
    card = send_letter(offices.minsk, files={"Письмо.pdf": LETTER})
    with people.at_work(offices.minsk.registry) as work:
        sign(work, card)
    offices.settle()

    (incoming,) = cards(offices.moscow)
    assert incoming.number == "ВХ-1"
    (archive,) = [part for part in offices.minsk.sent()[0].walk() if part.get_filename() == "document.edc.zip"]
    data = archive.get_payload(decode=True)
    assert isinstance(data, bytes)
    assert [name for name, _ in unzip(Held(data), MemorySink)] == ["passport.xml", "file0.pdf", "file0.p7s"]
    with people.at_work(offices.moscow.registry) as work:
        stored = people.rows(work, "select content from card_file order by position, id")
    assert sorted(row.content for row in stored) == sorted([LETTER, SIGNATURE])
    assert all(entry.state is State.DONE for entry in offices.moscow.incoming())


SIGNATURE = b"0\x82\x01 a detached signature"


def sign(work: Work, card: int) -> None:
    """Lay a detached signature beside the first file of *card*."""
    put_file(work, card, 2, "Письмо.pdf.sig", SIGNATURE, None)
    run(
        work,
        "update card_file set signs_id = (select id from card_file f where f.card_id = :card and f.position = 1)"
        " where card_id = :card and position = 2",
        card=card,
    )


def without_file(data: bytes, name: str) -> bytes:
    mail = message_from_bytes(data, policy=SMTP)
    parts = [part for part in mail.get_payload() if part.get_filename() != name]
    mail.set_payload(parts)
    return mail.as_bytes(policy=SMTP)


def under_another_id(data: bytes) -> bytes:
    """Return the letter *data* with the message inside under another id."""
    mail = message_from_bytes(data, policy=SMTP)
    (part,) = [one for one in mail.walk() if one.get_content_type() == "application/xml"]
    inside = part.get_payload(decode=True)
    assert isinstance(inside, bytes)
    inside = re.sub(rb'(header [^>]*uid=")[0-9a-f]{8}', rb"\g<1>01234567", inside)
    part.set_payload(b64encode(inside).decode())
    return mail.as_bytes(policy=SMTP)
