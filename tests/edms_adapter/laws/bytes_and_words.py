# SPDX-License-Identifier: GPL-3.0-or-later
"""Rule 4: files can be read back with the same size and SHA-256; and what a sender writes is only ever text."""

from dataclasses import replace

from gateway.errors import Refused
from gateway.model import Author, Organisation, Party, Person, Signature, Term
from gateway.ports import OutgoingState
from tests.edms_adapter.desk import MORNING, PDF, file_of, letter, to
from tests.edms_adapter.laws import needs, registered
from tests.edms_adapter.systems import System
from tests.edms_adapter.systems.process import EMPTY, LARGE, PLAN, REFUSAL, SIGNATURE, register

NAMES = (
    "../../etc/passwd",
    "/etc/passwd",
    "..\\..\\autoexec.bat",
    "a\x00b.pdf",
    "line\nbreak\r.pdf",
    "\u202efdp.exe",
    "'); drop table card; --.pdf",
    "{{ 7*7 }}.pdf",
    "CON",
    "письмо" * 100 + ".pdf",
    "",
)
LITERALLY = (
    "'); drop table card; --",
    "1' or '1'='1",
    ":name :card %s %(name)s %d ? $1 {0} @p1",
    "{{ 7*7 }} {% raw %} {# nothing #} {{ ''.__class__ }} ${7*7}",
    '<script>alert(1)</script> &amp; "quoted" \\ `whoami` $(id)',
    "null",
    "𝔇ело 📨 👩\u200d⚖️ ґ ў",
)
LONG = "О передаче дел. " * 2_000
SHORTEST = 200  # characters: what is cut off for want of room leaves at least these


class Readable:
    def test_every_file_and_signature_is_read_back_as_it_came(self, system: System) -> None:
        signed = replace(file_of(), signatures=(Signature("Письмо.pdf.sig", SIGNATURE.size, SIGNATURE.sha256),))
        files = (
            signed,
            file_of(LARGE, "План.tif"),
            file_of(PLAN, "План.tif"),  # two of one name
            file_of(PDF, "Копия.pdf"),  # two of the same bytes
            file_of(EMPTY, "Пустой.txt"),
        )
        made = registered(system, letter(files=files))

        seen = system.card(made.ref).files
        came = (PDF, SIGNATURE, LARGE, PLAN, PDF, *(() if system.abilities.empty_files else (EMPTY,)))
        assert sorted((one.sha256, one.size) for one in seen) == sorted((one.sha256, one.size) for one in came)

    def test_a_file_that_is_named_but_did_not_come_does_not_hold_up_the_card(self, system: System) -> None:
        made = registered(system, letter(files=(replace(file_of(name="Нет.pdf"), sha256=None), file_of())))

        assert [one.sha256 for one in system.card(made.ref).files] == [PDF.sha256]

    def test_a_file_is_kept_whatever_its_sender_called_it_and_its_name_is_harmless(self, system: System) -> None:
        files = tuple(file_of(content, name) for name in NAMES for content in (PDF, LARGE))
        made = registered(system, letter(files=files))

        seen = system.card(made.ref).files
        assert len(seen) == len(files)
        assert {one.sha256 for one in seen} == {PDF.sha256, LARGE.sha256}
        for one in seen:
            assert one.name.isprintable()
            assert one.name
            assert not {"/", "\\"} & set(one.name)
            assert len(one.name.encode()) <= 255


class OnlyText:
    def test_what_looks_like_a_program_appears_literally(self, system: System) -> None:
        shown = []
        for place, words in enumerate(LITERALLY):
            author = Author(Party(Organisation(words), person=Person(words, words)))
            fields = {"note": words, "kind": Term(words), "authors": (author,), "addressees": (to(words),)}
            document = letter(words, words, subject=words, files=(file_of(name=words),), **fields)
            shown.append(system.card(registered(system, document, f"ex-{place}").ref).subject)

        assert tuple(shown) == LITERALLY
        assert system.cards() == len(LITERALLY)
        assert system.edms.check().ok

    def test_a_very_long_subject_is_a_card_with_at_least_its_beginning(self, system: System) -> None:
        shown = system.card(registered(system, letter(subject=LONG)).ref).subject

        assert shown == LONG or (len(shown) >= SHORTEST and LONG.startswith(shown.rstrip(" .…")))

    def test_a_null_byte_is_left_out_or_not_taken_but_never_half_a_card(self, system: System) -> None:
        before = system.snapshot()
        try:
            made = register(system.edms, letter(subject="до\x00после"))
        except Refused as refused:
            raise AssertionError("the partner would be told") from refused
        except Exception:
            assert system.abilities.transactions or system.snapshot() == before
        else:
            assert system.card(made.ref).subject.replace("\x00", "") == "допосле"
            assert system.cards() == 1

    def test_what_a_server_says_appears_literally(self, system: System) -> None:
        needs(system.abilities.outgoing)
        for words in LITERALLY:
            ref = system.send("О сверке", {"a.pdf": b"%PDF"})
            system.edms.mark(ref, OutgoingState.FAILED, words, MORNING)
            shown = system.shown(ref)

            assert words in " ".join((shown.state, *shown.notices))

    def test_what_a_partner_says_appears_literally(self, system: System) -> None:
        needs(system.abilities.outgoing, system.abilities.news, system.abilities.words)
        assert REFUSAL.refusal is not None
        for words in LITERALLY:
            ref = system.send("О сверке", {"a.pdf": b"%PDF"})
            system.edms.record(ref, [replace(REFUSAL, refusal=replace(REFUSAL.refusal, text=words))])
            shown = system.shown(ref)

            assert words in " ".join((*shown.news, *shown.notices))
