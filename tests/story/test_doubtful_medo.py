# SPDX-License-Identifier: GPL-3.0-or-later
"""What a neighbour of MEDO says only half is understood where it can be, and guessed nowhere."""

import re
import zipfile
from collections.abc import Iterator, Mapping
from email.message import EmailMessage
from email.policy import SMTP
from io import BytesIO
from pathlib import Path

import pytest

from gateway.journal.entries import State
from tests.dialects.hostile_medo import CARD, FILES
from tests.story.acts import cards, dispatch, news, send_letter
from tests.story.offices import Town, town
from tests.story.test_conversation_medo import MINSK, MOSCOW, both, kinds, mailed

NODE, ZEROS = "aaaaaaaa-0000-4000-8000-00000000000a", "00000000-0000-0000-0000-000000000000"
TIME = "<x:time>2026-03-11T13:00:00</x:time>"
ERROR = "<x:errorCode>248</x:errorCode><x:errorFileMessage>originalMessage.zip</x:errorFileMessage>"


@pytest.fixture
def offices(tmp_path: Path) -> Iterator[Town]:
    with town(tmp_path, **both("2.6")) as made:
        made.post.delivers = False
        yield made


def message(inner: str, kind: str, source: str = MOSCOW) -> bytes:
    return f"""<x:communication xmlns:x="http://www.infpres.com/IEDMS" x:version="2.6">
      <x:header x:type="{kind}" x:uid="11d1e0a2-0001-4a00-8b00-000000000001" x:created="2026-03-11T13:00:00">
      <x:source x:uid="{source}"><x:organization>Сосед</x:organization></x:source></x:header>{inner}
      </x:communication>""".encode()


def receipt(of: str, more: str, content: str = "") -> str:
    said = f' x:content="{content}"' if content else ""
    return f'<x:acknowledgment x:uid="{of}"{said}>{TIME}<x:accepted>false</x:accepted>{more}</x:acknowledgment>'


def arrive(offices: Town, *files: tuple[str, bytes]) -> State:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "edms@moscow.example", "edms@minsk.example", "МЭДО"
    mail["Message-ID"] = "<one@moscow.example>"
    mail.set_content("")
    for name, data in files:
        mail.add_attachment(data, maintype="application", subtype="octet-stream", filename=name)
    entry = offices.minsk.receive(mail.as_bytes(policy=SMTP), "edms@moscow.example")
    offices.settle()
    return offices.minsk.entry(entry).state


def begun(offices: Town) -> tuple[int, str]:
    """Send a letter from Minsk; return its card and what went."""
    card = send_letter(offices.minsk)
    offices.settle()
    return card, mailed(offices.minsk)[0]


def of_moscow(files: Mapping[str, str]) -> str:
    """Return the card of the samples as Moscow would send it, to whom gets which *files* of it."""
    index = "".join(
        f"""<xdms:destination><xdms:destination xdms:uid="{uid}"><xdms:organization>Кто-то</xdms:organization>
        </xdms:destination><xdms:files>{ids}</xdms:files></xdms:destination>"""
        for uid, ids in files.items()
    )
    text = CARD.replace("1f6e5d4c-3b2a-4918-8776-655443322110", MOSCOW)
    return re.sub(r"(<xdms:deliveryIndex>).*?(</xdms:deliveryIndex>)", rf"\g<1>{index}\2", text, flags=re.DOTALL)


def found(pattern: str, text: str) -> str:
    match = re.search(pattern, text)
    assert match is not None
    return match[1]


@pytest.mark.parametrize("source", [NODE, ZEROS])
@pytest.mark.parametrize("returned", [False, True])
def test_a_node_that_could_not_deliver_is_heard(offices: Town, source: str, returned: bool) -> None:
    card, sent = begun(offices)
    target = BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("document.xml", sent.encode("windows-1251" if "windows" in sent[:60] else "utf-8"))
    of = ZEROS if returned else found(r'header [^>]*uid="([^"]+)"', sent)
    error = message(receipt(of, ERROR, "MEDOErrorAcknowledgment"), "Квитанция", source)
    files = [("a.xml", error), *([("originalMessage.zip", target.getvalue())] if returned else [])]

    assert arrive(offices, *files) is State.DONE
    assert news(offices.minsk, card) == ["refused"]


def test_a_stranger_who_speaks_as_no_node_is_heard_nowhere(offices: Town) -> None:
    card, sent = begun(offices)
    said = message(receipt(found(r'header [^>]*uid="([^"]+)"', sent), ""), "Квитанция", NODE)

    assert arrive(offices, ("a.xml", said)) is State.PARKED
    assert news(offices.minsk, card) == []


def test_a_receipt_that_says_false_gets_no_receipt(offices: Town) -> None:
    card, sent = begun(offices)
    of = found(r'header [^>]*uid="([^"]+)"', sent)

    assert (
        arrive(offices, ("a.xml", message(receipt(of, "<x:comment>нет файла</x:comment>"), "Квитанция"))) is State.DONE
    )
    assert news(offices.minsk, card) == ["refused"]
    assert kinds(offices.minsk) == ["Документ"]


def test_a_notification_that_knows_number_and_date_alone_comes_home(offices: Town) -> None:
    card, sent = begun(offices)
    number, date = found(r"number>([^<]+)<", sent), found(r"date>([^<]+)<", sent)
    foundation = f"<x:foundation><x:num><x:number>{number}</x:number><x:date>{date}</x:date></x:num></x:foundation>"
    registered = "<x:num><x:number>ВХ-77</x:number><x:date>2026-03-11</x:date></x:num>"
    event = f"<x:documentAccepted>{TIME}{foundation}{registered}</x:documentAccepted>"
    told = f'<x:notification x:type="Зарегистрирован">{event}</x:notification>'

    assert arrive(offices, ("n.xml", message(told, "Уведомление"))) is State.DONE
    assert dispatch(offices.minsk, card).partner_number == "ВХ-77"


def test_words_beside_a_registration_come_home_with_it(offices: Town) -> None:
    card, sent = begun(offices)
    of = found(r'document [^>]*uid="([^"]+)"', sent)
    registered = "<x:num><x:number>ВХ-77</x:number><x:date>2026-03-11</x:date></x:num>"
    event = f"<x:documentAccepted>{TIME}{registered}</x:documentAccepted><x:comment>Ждём подлинник</x:comment>"
    told = f'<x:notification x:type="Зарегистрирован" x:uid="{of}">{event}</x:notification>'

    assert arrive(offices, ("n.xml", message(told, "Уведомление"))) is State.DONE
    assert news(offices.minsk, card) == ["registered", "progress"]


@pytest.mark.parametrize("same_day", [True, False])
def test_a_document_that_answers_by_number_and_date_alone_answers_the_one_sent_so(
    offices: Town, same_day: bool
) -> None:
    card, sent = begun(offices)
    number, date = found(r"number>([^<]+)<", sent), found(r"date>([^<]+)<", sent)
    text = of_moscow({MINSK: "0 1"}).replace("СП-51", number)
    text = text.replace("2026-02-03", date if same_day else "2025-02-03")

    arrive(offices, ("document.xml", text.encode("windows-1251")), *FILES.items())

    assert news(offices.minsk, card) == (["answered"] if same_day else [])


@pytest.mark.parametrize(("ours", "theirs", "taken"), [("0 1", "0", False), ("0", "0 1", True)])
def test_a_file_is_missing_for_whom_it_was_sent_to(offices: Town, ours: str, theirs: str, taken: bool) -> None:
    other = "99999999-90ab-4d15-8f3e-6b0c1a2d3e4f"
    text = of_moscow({MINSK: ours, other: theirs})
    came = [(name, data) for name, data in FILES.items() if name != "vedomost.pdf"]

    arrive(offices, ("document.xml", text.encode("windows-1251")), *came)

    assert (len(cards(offices.minsk)) == 1) is taken
    answers = [found(r"accepted>([^<]+)<", one) for one in mailed(offices.minsk) if "accepted>" in one]
    assert answers == ["true" if taken else "false"]
