# SPDX-License-Identifier: GPL-3.0-or-later
"""Names of files: whatever a sender calls them, the card shows something harmless and the disk never sees it."""

import os
import unicodedata
from pathlib import Path
from xml.sax.saxutils import escape

import pytest

from gateway.edms_adapter.registry import people
from tests.story import partner
from tests.story.acts import cards
from tests.story.offices import Town, TownOffice, town

EVIL = {
    "a way up": ("../../etc/passwd", "_.._etc_passwd"),
    "a way up for Windows": ("..\\..\\boot.ini", "_.._boot.ini"),
    "from the root": ("/etc/passwd", "_etc_passwd"),
    "a drive": ("C:\\temp\\a.txt", "C__temp_a.txt"),
    "a second stream": ("a.txt:evil.exe", "a.txt_evil.exe"),
    "a device": ("CON.txt", "_CON.txt"),
    "a device in small letters": ("aux", "_aux"),
    "dots and blanks at the end": ("a.exe. . .", "a.exe"),
    "written from right to left": ("invoice\u202egpj.exe", "invoicegpj.exe"),
    "an isolate": ("a\u2066fdp\u2069.exe", "afdp.exe"),
    "an Arabic mark": ("a\u061cb.txt", "ab.txt"),
    "no width at all": ("a\u200b\u200e\u200f\ufeff.txt", "a.txt"),
    "wildcards and pipes": ("a?b*c|d<e>f.txt", "a_b_c_d_e_f.txt"),
    "decomposed": ("и\u0306.txt", "й.txt"),
    "much too long": ("я" * 400 + ".docx", "я" * 97 + ".docx"),
    "nothing": ("\u202e", "unnamed"),
}


def shown(office: TownOffice) -> list[str]:
    with people.at_work(office.registry) as work:
        return [row.name for row in people.rows(work, "select name from card_file order by id")]


def named(name: str, content: bytes = partner.PDF, turn: int = 1) -> bytes:
    """The letter of that *turn*, whose one file has *name* for people; the package itself is in order."""
    ids = {"message_id": f"{turn:032x}", "uid": f"{turn + 100:032x}", "number": f"77-{turn}"}
    inside = partner.passport(**ids).replace("<Description>letter.pdf<", f"<Description>{escape(name)}<")
    return partner.letter(inside.replace("<Extension>.pdf<", "<Extension><"), {"letter[1].pdf": content})


def test_a_card_never_shows_a_name_that_deceives_or_leads_anywhere(offices: Town) -> None:
    """CWE-22, UTR #36, CVE-2021-42574, ATT&CK T1036.002: the name is a sender's text, the card is ours."""
    for turn, (name, _) in enumerate(EVIL.values()):
        offices.minsk.receive(named(name, turn=turn), "edms@moscow.example")
    offices.settle()

    assert {card.state for card in cards(offices.minsk)} == {"registered"}
    assert dict(zip(EVIL, shown(offices.minsk), strict=True)) == {
        what: harmless for what, (_, harmless) in EVIL.items()
    }
    assert not any(unicodedata.category(letter).startswith("C") for name in shown(offices.minsk) for letter in name)


@pytest.mark.parametrize("what", ["a way up", "from the root", "a device", "written from right to left"])
def test_no_name_of_a_sender_becomes_a_name_on_the_disk(tmp_path: Path, what: str) -> None:
    """CWE-22, "Zip Slip": files are named by what they hold, in our journal and in the EDMS's store alike."""
    with town(tmp_path / "town") as offices:
        offices.minsk.receive(named(EVIL[what][0], os.urandom(300_000)), "edms@moscow.example")
        offices.minsk.work()

        assert len(shown(offices.minsk)) == 1
    made = [path.name for path in tmp_path.rglob("*") if path.is_file() and path.stat().st_size == 300_000]
    assert made
    assert all(set(name) <= set("0123456789abcdef") for name in made)
