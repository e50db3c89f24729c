# SPDX-License-Identifier: GPL-3.0-or-later
"""What a package of MEDO does not say clearly is not guessed: a file is its own, an answer means what it says."""

from collections.abc import Mapping

import pytest

from gateway.dialects import by_name
from gateway.dialects.wire import Reading
from gateway.model import Document, FileRole, Report
from tests.dialects.hostile_medo import CONTAINER, FILES, INSIDE, Case, card, inside, passport, zipped
from tests.dialects.test_medo_hostile import read

MEDO = by_name("medo")
DOCUMENT = "3c9f8b1a-52d7-4e06-b1c4-9a7d6e5f4302"
SOURCE = "e2d41c77-90ab-4d15-8f3e-6b0c1a2d3e4f"


def envelope(*names: str) -> bytes:
    rows = "\r\n".join(f"{number}={name}" for number, name in enumerate(names))
    return f"[ПИСЬМО КП ПС СЗИ]\r\nТЕМА=письмо\r\n[ФАЙЛЫ]\r\n{rows}\r\n".encode("windows-1251")


def message(body: str, *, type: str, version: str = "2.6") -> bytes:
    return f"""<x:communication xmlns:x="http://www.infpres.com/IEDMS" x:version="{version}">
      <x:header x:type="{type}" x:uid="11d1e0a2-0001-4a00-8b00-000000000001" x:created="2026-03-11T13:00:00">
      <x:source x:uid="{SOURCE}"><x:organization>Сосед</x:organization></x:source></x:header>{body}
      </x:communication>""".encode()


def notification(kind: str, event: str, *, version: str = "2.6") -> Reading:
    body = f'<x:notification x:type="{kind}" x:uid="{DOCUMENT}">{event}</x:notification>'
    return MEDO.read(message(body, type="Уведомление", version=version), [])


def receipt(accepted: str) -> Reading:
    body = f'<x:acknowledgment x:uid="{DOCUMENT}"><x:time>2026-03-11T13:00:00</x:time>{accepted}</x:acknowledgment>'
    return MEDO.read(message(body, type="Квитанция"), [])


def names(reading: Reading) -> list[tuple[str, bytes]]:
    assert reading.message is not None
    assert isinstance(reading.message.body, Document)
    found = []
    for file in reading.message.body.files:
        data = b"".join(reading.contents[file.sha256].blocks()) if file.sha256 else b""
        found.append((file.role.value, data))
    return found


@pytest.mark.parametrize(
    ("came", "listed"),
    [
        ({"vedomost.pdf": b"ANNEX", "vedomost.p7s": b"SIG"}, ("document.xml", "vedomost.pdf", "vedomost.p7s")),
        ({"virus.exe": b"MZ", "vedomost.pdf": b"ANNEX"}, ("document.xml", "virus.exe", "vedomost.pdf")),
        ({"pismo.p7s": b"SIG", "vedomost.pdf": b"ANNEX"}, ("document.xml", "pismo.p7s", "vedomost.pdf")),
        ({"VEDOMOST[1].pdf": b"ANNEX"}, ("document.xml", "VEDOMOST[1].pdf")),
    ],
)
def test_no_other_file_stands_in_for_a_letter_that_did_not_come(
    came: Mapping[str, bytes], listed: tuple[str, ...]
) -> None:
    reading = read(Case(card(), "", {**came, "envelope.ltr": envelope(*listed)}))

    assert reading.refusal is not None
    assert reading.refusal.reason.value == "missing-file"
    assert reading.refusal.expected == "pismo.pdf"
    assert names(reading) == [(FileRole.TEXT.value, b""), (FileRole.ANNEX.value, b"ANNEX")]


def test_a_name_that_only_looks_alike_does_not_take_what_another_element_names() -> None:
    reading = read(Case(card(("pismo.pdf", "vedomost[1].pdf")), "", {"vedomost.pdf": b"ANNEX"}))

    assert reading.refusal is not None
    assert names(reading) == [(FileRole.TEXT.value, b""), (FileRole.ANNEX.value, b"ANNEX")]


@pytest.mark.parametrize("name", ["settings.ini", "archive.ltr"])
def test_an_annex_may_be_called_like_an_envelope(name: str) -> None:
    annex = envelope("other.xml", "other.pdf") if name.endswith("ltr") else b"[any]\r\na=b\r\n"
    files = {"envelope.ini": envelope("document.xml"), "pismo.pdf": b"1", "pismo.p7s": b"2", name: annex}

    reading = read(Case(card(('localName="vedomost.pdf"', f'localName="{name}"')), "", files))

    assert reading.refusal is None
    assert names(reading)[1] == (FileRole.ANNEX.value, annex)


@pytest.mark.parametrize(
    ("section", "listed", "name", "noted"),
    [
        ("[ТЕКСТ]\r\nФАЙЛ=annotation.txt\r\n", (), "annotation.txt", False),
        ("[ТЕКСТ]\r\nФАЙЛ = C:\\x\\Слова.RTF\r\n", (), "слова.rtf", False),
        ("", ("annotation.txt",), "annotation.txt", False),
        ("", (), "annotation.txt", True),
        ("[ТЕКСТ]\r\nФАЙЛ=virus.exe\r\n", (), "virus.exe", True),
        ("[ТЕКСТ]\r\nФАЙЛ=annotation.txt\r\n", (), "other.txt", True),
    ],
)
def test_the_text_of_the_letter_is_no_surplus_file(
    section: str, listed: tuple[str, ...], name: str, noted: bool
) -> None:
    ini = envelope("document.xml", *FILES, *listed) + section.encode("windows-1251")

    reading = read(Case(card(), "", {**FILES, name: b"words", "envelope.ltr": ini}))

    assert ("unlisted-file" in {problem.code for problem in reading.problems}) is noted


def test_a_file_that_an_element_names_is_its_own_whatever_the_envelope_calls_it() -> None:
    renamed = card(('localName="vedomost.pdf"', 'localName="annotation.txt"'))
    files = {"annotation.txt" if name == "vedomost.pdf" else name: data for name, data in FILES.items()}
    ini = envelope("document.xml") + "[ТЕКСТ]\r\nФАЙЛ=annotation.txt\r\n".encode("windows-1251")

    reading = read(Case(renamed, "", {**files, "envelope.ltr": ini}))

    assert reading.refusal is None
    assert "unlisted-file" not in {problem.code for problem in reading.problems}


def test_a_container_holds_no_envelope() -> None:
    (name,) = [name for name in INSIDE if name.startswith("prilozhenie")] or [
        name for name in INSIDE if name.endswith(".pdf")
    ][-1:]
    made = inside()
    made["passport.xml"] = passport((f'localName="{name}"', 'localName="settings.ini"'))
    made["settings.ini"] = made.pop(name)

    reading = read(Case(CONTAINER, "", {"document.edc.zip": zipped(made)}))

    assert "missing-file" not in {problem.code for problem in reading.problems}


@pytest.mark.parametrize(
    "accepted", ["", "<x:accepted/>", "<x:accepted>нет</x:accepted>", "<x:accepted>no</x:accepted>"]
)
def test_a_receipt_that_says_neither_true_nor_false_is_no_receipt(accepted: str) -> None:
    reading = receipt(accepted)

    assert reading.refusal is not None
    assert reading.message is None


def test_a_refusal_that_holds_a_registration_is_neither() -> None:
    event = "<x:documentAccepted><x:num><x:number>1</x:number></x:num></x:documentAccepted>"
    for kind, inner in (
        ("Отказано в регистрации", event),
        ("Зарегистрирован", "<x:documentRefused><x:reason>Нет подписи</x:reason></x:documentRefused>"),
    ):
        reading = notification(kind, inner)

        assert reading.refusal is not None
        assert reading.message is None


@pytest.mark.parametrize("number", ["", "<x:num/>", "<x:num><x:number>-</x:number><x:date>2026-03-11</x:date></x:num>"])
def test_a_registration_has_a_number(number: str) -> None:
    reading = notification("Зарегистрирован", f"<x:documentAccepted>{number}</x:documentAccepted>")

    assert reading.refusal is not None
    assert reading.message is None


def test_a_publication_is_told_with_the_day_it_was_written_with() -> None:
    event = """<x:documentPublished><x:time>2026-03-11T13:00:00</x:time><x:num><x:number>0001202602200001</x:number>
      <x:date>2026-02-20T01:30:00</x:date></x:num><x:publicationPoint>портал</x:publicationPoint>
      </x:documentPublished>"""

    reading = notification("Опубликование", event)

    assert reading.message is not None
    assert isinstance(reading.message.body, Report)
    assert "от 20.02.2026" in reading.message.body.remarks[0].text


def test_2_7_1_in_the_namespace_of_2_7_is_answered_in_that() -> None:
    event = "<x:documentAccepted><x:num><x:number>9</x:number></x:num></x:documentAccepted>"

    reading = notification("Зарегистрирован", event, version="2.7.1")

    assert reading.version == "2.7"
