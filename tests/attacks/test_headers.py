# SPDX-License-Identifier: GPL-3.0-or-later
"""Lines that a partner, or a clerk, would like to write into our letters; the rest is tests/mail/test_compose.py."""

from email import message_from_bytes
from xml.sax.saxutils import escape

import pytest

from gateway.edms_adapter.registry import people
from tests.story import partner
from tests.story.offices import Town

BREAKS = ("\r\n", "\n", "\r", "\x0b", "\x0c", "\x85", "\u2028", "\u2029", "\x1c")
OURS = {
    *("from", "to", "subject", "date", "message-id", "in-reply-to", "auto-submitted", "mime-version", "content-type"),
}


def headers(data: bytes) -> list[str]:
    return [name.lower() for name in message_from_bytes(data)]


@pytest.mark.parametrize("where", ["number", "person", "subject", "return id", "file"])
def test_no_line_of_a_passport_becomes_a_line_of_our_answer(offices: Town, where: str) -> None:
    """CWE-93, CVE-2024-6923, CVE-2026-1299, gh-143935: what we quote of them stays inside one value."""
    for turn, line_break in enumerate(BREAKS, 1):
        offices.minsk.receive(evil_letter(where, line_break, turn), SENDER)
    offices.settle()

    assert len(offices.post.carried) >= 2
    for _, _, answer in offices.post.carried:
        assert {*headers(answer)} <= OURS
        assert len(headers(answer)) == len({*headers(answer)})
        assert all(len(line) <= 998 for line in answer.split(b"\r\n"))


def evil_letter(where: str, line_break: str, turn: int) -> bytes:
    """A letter with lines of its own in one field; what XML cannot hold stands there as a reference."""
    evil = f"x{line_break}Bcc: victim@elsewhere.example{line_break}{line_break}body"
    evil = "".join(f"&#{ord(sign)};" if ord(sign) < 128 and not sign.isprintable() else sign for sign in evil)
    ids = {"message_id": f"{turn:032x}", "uid": f"{turn + 100:032x}"}
    inside = {
        "number": lambda: partner.passport(**ids, number=evil, author=False),
        "person": lambda: partner.passport(**ids, addressee=evil, author=False),
        "subject": lambda: partner.passport(**ids, author=False).replace("About it", evil),
        "return id": lambda: partner.passport(**ids, return_id=evil, author=False),
        "file": lambda: partner.passport(**ids, files={"letter[1].pdf": "a.pdf", evil: evil}),
    }[where]()
    data = partner.letter(inside, {"letter[1].pdf": partner.PDF})
    folded = f"Message-ID: <x@y>\r\nIn-Reply-To: <a@b>{line_break} <".encode()
    return data.replace(b"Message-ID: <", folded, 1) if line_break in "\x85\u2028" else data


SENDER = "edms@moscow.example"


@pytest.mark.parametrize("line_break", ["\r\n", "\n", "\x85"], ids=repr)
def test_no_line_of_a_clerks_text_becomes_a_header_of_a_letter_of_ours(offices: Town, line_break: str) -> None:
    """CWE-93: a subject typed into the EDMS, and the name of a file, are text of the letter and never its header."""
    evil = f"x{line_break}Bcc: victim@elsewhere.example{line_break}"
    with people.at_work(offices.minsk.registry) as work:
        card = people.write_card(
            work,
            evil,
            {escape(f"a{line_break}b.txt"): b"text"},
            signer="Озёрный",
            drafter="Тихая",
            now=offices.clock.now(),
            store=offices.minsk.home / "files",
        )
        people.send(work, card, "EX-MOSCOW", clerk="Тихая", now=offices.clock.now(), to="Берёзкина А. В.")
    offices.settle()

    assert offices.post.carried
    assert all({*headers(data)} <= OURS for _, _, data in offices.post.carried)
    assert not any(b"\nBcc:" in data for _, _, data in offices.post.carried)
