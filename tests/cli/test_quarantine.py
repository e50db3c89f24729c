# SPDX-License-Identifier: GPL-3.0-or-later
"""Quarantine as a workplace: find, count, look safely, compare, export, decide, process again; every act recorded."""

import contextlib
import fcntl
import json
import os
import re
import struct
import subprocess
import sys
import termios
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gateway.cli.quarantine.remedies import REMEDIES, can_accept
from gateway.errors import Reason
from gateway.journal.entries import State
from tests.cli.test_commands import call
from tests.cli.test_operating import Desk
from tests.story import partner

LINES = {"partner": 'channel = "partner-mail"', "proof": 'kind = "mailbox"', "door": 'name = "door" '}
NO_PASSPORT = b"From: who@nowhere.example\r\nSubject: about rent\r\n\r\nhello\r\n"


def letter(**changes: str) -> bytes:
    inside = partner.passport(sender="EXAMPLE-PARTNER", recipient="EXAMPLE-OFFICE", **changes)  # type: ignore[arg-type]
    return partner.letter(inside, sender="exchange@partner.example")


def stranger(sender: str = "EXAMPLE-NOBODY") -> bytes:
    inside = partner.passport(sender=sender, recipient="EXAMPLE-OFFICE")
    return partner.letter(inside, sender="exchange@partner.example")


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Callable[..., Desk]]:
    """Open an office with another rule, or other lines in its configuration."""
    made: list[Desk] = []

    def open_(rule: str = "", **instead: str) -> Desk:
        rule = rule and f'[[receive]]\nkind = ["Letters"]\n{rule}'
        desk = Desk(tmp_path / f"d{len(made)}", rule, {LINES[name]: line for name, line in instead.items()})
        made.append(desk)
        return desk

    yield open_
    for desk in made:
        desk.parts.close()


@pytest.fixture
def desk(opened: Callable[..., Desk]) -> Desk:
    return opened()


def told(desk: Desk, *arguments: str) -> tuple[int, str]:
    done = call("--config", desk.config, *arguments)
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, done.output


def ids(rows: list[dict[str, object]]) -> list[object]:
    return [row["id"] for row in rows]


# --- finding ------------------------------------------------------------------------------------------------------


def test_the_list_is_narrowed_by_what_letters_have_in_common(desk: Desk) -> None:
    people = desk.receive(NO_PASSPORT, 1)
    desk.receive(letter(), 2)
    conflict = desk.receive(letter(number="77-2"), 3)

    def listed(*filters: str) -> list[object]:
        return ids(desk.call("quarantine", "list", "--json", *filters))

    assert listed() == [conflict, people]
    assert listed("--reason", "conflict") == listed("--partner", "partner") == [conflict]
    assert listed("--office", "EXAMPLE-OFFICE") == [conflict]
    assert listed("--until", "2020-01-01") == listed("--since", "2100-01-01T10:00") == []
    assert listed("--since", "2020-01-01") == [conflict, people]


@pytest.mark.parametrize("text", ["77-1", "about it", "ABOUT IT", "0a0a0a", "message id came", "3"])
def test_a_letter_is_found_by_ids_addresses_details_numbers_and_subjects(desk: Desk, text: str) -> None:
    desk.receive(NO_PASSPORT, 1)
    desk.receive(letter(), 2)
    conflict = desk.receive(letter(number="77-2"), 3)

    assert ids(desk.call("quarantine", "list", "--json", "--search", text)) == [conflict]


def test_a_long_list_is_read_page_by_page(desk: Desk) -> None:
    first, second, third = (desk.receive(NO_PASSPORT, number) for number in (1, 2, 3))

    assert ids(desk.call("quarantine", "list", "--json", "--limit", "2")) == [third, second]
    assert f"there is more: --before {second}" in told(desk, "quarantine", "list", "--limit", "2")[1]
    assert ids(desk.call("quarantine", "list", "--json", "--limit", "2", "--before", str(second))) == [first]


def test_piles_are_counted_per_reason_and_partner_with_the_oldest(desk: Desk) -> None:
    desk.receive(NO_PASSPORT, 1)
    desk.receive(NO_PASSPORT, 2)
    desk.receive(letter(), 3)
    desk.receive(letter(number="77-2"), 4)
    oldest = desk.call("quarantine", "list", "--json")[-1]["created_at"]

    rows = desk.call("quarantine", "counts", "--json")

    piles = [(row["state"], row["reason"], row["partner"], row["letters"]) for row in rows]
    assert piles == [("parked", "no-passport", None, 2), ("parked", "conflict", "partner", 1)]
    assert rows[0]["oldest"] == oldest
    assert desk.call("quarantine", "list", "--counts", "--json") == rows


def test_what_waits_for_a_person_and_what_was_refused_can_be_seen_too(opened: Callable[..., Desk]) -> None:
    desk = opened('register = "wait"\n')
    waits = desk.receive(letter(), 1)
    refused = desk.receive(letter(uid="1c" * 16, message_id="1a" * 16, return_id="1b" * 16, number="9", author=""), 2)

    assert ids(desk.call("quarantine", "list", "--json")) == []
    assert ids(desk.call("quarantine", "list", "--waiting", "--json")) == [waits]
    assert ids(desk.call("quarantine", "list", "--refused", "--json")) == [refused]


def test_what_waits_is_listed_with_why_it_waits(opened: Callable[..., Desk]) -> None:
    desk = opened('register = "wait"\n')
    desk.receive(letter(), 1)
    (row,) = desk.call("quarantine", "list", "--waiting", "--json")

    shown = told(desk, "quarantine", "list", "--waiting")[1]

    assert row["reason"] is None
    assert str(row["detail"]) in shown
    assert shown.split()[:4] == ["id", "created_at", "partner", "why"]
    assert "see list --waiting" in told(desk, "quarantine", "counts")[1]


@pytest.mark.parametrize(
    "command", ["quarantine list", "queue list", "queue retry --why so", "quarantine drop --why so"]
)
def test_a_partner_nobody_knows_is_a_usage_error_that_names_the_known(desk: Desk, command: str) -> None:
    code, said = told(desk, *command.split(), "--partner", "typo")

    assert code == 2
    assert "there is no partner 'typo'; there are: partner" in said


def test_the_letters_of_a_partner_that_was_taken_out_of_the_configuration_can_still_be_listed(desk: Desk) -> None:
    desk.receive(letter(), 1)
    conflict = desk.receive(letter(number="77-2"), 2)
    partners = desk.config.with_name("partners.toml")
    partners.write_text(partners.read_text().replace('"partner"', '"successor"'))

    assert ids(desk.call("quarantine", "list", "--partner", "partner", "--json")) == [conflict]


def test_the_help_names_every_reason(desk: Desk) -> None:
    said = told(desk, "quarantine", "--help")[1].replace(",", " ").replace(".", " ").split()
    unknown = told(desk, "quarantine", "list", "--reason", "typo")

    assert [reason.value for reason in Reason if reason.value not in said] == []
    assert unknown[0] == 2
    assert all(f"'{reason.value}'" in unknown[1] for reason in Reason)


def test_every_reason_is_explained_with_what_one_can_do(desk: Desk) -> None:
    rows = desk.call("quarantine", "reasons", "--json")

    assert [row["reason"] for row in rows] == [reason.value for reason in Reason] == [one.value for one in REMEDIES]
    assert all(row["means"] and row["remedy"] for row in rows)
    for never in ("stranger", "no-proof", "unknown-partner", "forged", "bad-xml", "doctype", "bad-passport"):
        assert can_accept(Reason(never)) is False


# --- looking ------------------------------------------------------------------------------------------------------

HOSTILE = (
    b"From: =?utf-8?b?G1szMW3igK5nbnA=?= <who@nowhere.example>\r\n"
    b"Subject: =?utf-8?b?wpszMW3igKZub3QgaGFybWZ1bBtbMko=?=\r\n"
    b"Content-Type: text/html\r\n\r\n<script>alert(1)</script>\x1b[2J\r\n"
)


@pytest.mark.parametrize("how", [(), ("--json",)])
def test_nothing_of_a_letter_moves_the_cursor_turns_the_writing_round_or_is_rendered(
    desk: Desk, how: tuple[str, ...]
) -> None:
    entry = desk.receive(HOSTILE, 1)

    _, shown = told(desk, "quarantine", "show", str(entry), *how)

    assert all(character.isprintable() for line in shown.splitlines() for character in line)
    assert "<script>" not in shown
    assert "text/html" in shown


def test_a_long_value_is_cut_on_the_screen_and_whole_for_programs(desk: Desk) -> None:
    entry = desk.receive(b"From: a@b.example\r\nSubject: " + b"x" * 5000 + b"\r\n\r\nhello\r\n", 1)

    assert max(map(len, told(desk, "quarantine", "show", str(entry))[1].splitlines())) <= 120
    assert desk.call("quarantine", "show", str(entry), "--json")[0]["wrapping"]["subject"] == "x" * 5000  # type: ignore[index]


def test_show_says_what_the_reason_means_and_what_can_be_done(desk: Desk) -> None:
    entry = desk.receive(NO_PASSPORT, 1)

    _, shown = told(desk, "quarantine", "show", str(entry))

    assert "no-passport" in shown
    assert "People's mail: nothing in it is an exchange message." in shown
    assert "about rent" in shown


def test_both_versions_of_a_conflict_stand_side_by_side(desk: Desk) -> None:
    first = desk.receive(letter(), 1)
    inside = partner.passport(sender="EXAMPLE-PARTNER", recipient="EXAMPLE-OFFICE", number="77-2")
    other = partner.letter(inside, {"letter[1].pdf": b"%PDF-1.4 another"}, sender="exchange@partner.example")
    second = desk.receive(other, 2)

    looked = desk.call("quarantine", "show", str(second), "--json")[0]
    _, shown = told(desk, "quarantine", "show", str(second))

    versions = {row["field"]: row for row in looked["versions"]}  # type: ignore[attr-defined]
    assert looked["standing"] == first
    assert (versions["number"]["standing"], versions["number"]["this"]) == (
        "text 77-1, date 2026-03-10",
        "text 77-2, date 2026-03-10",
    )
    assert {name for name, row in versions.items() if row["differs"]} >= {"number", "file letter.pdf"}
    assert versions["subject"]["differs"] is False
    assert versions["file letter.pdf"]["this"].startswith("16 bytes, sha256 ")
    assert f"compared with letter {first}, which stands" in shown
    assert "≠ number" in shown
    same = next(line for line in shown.splitlines() if "= the same:" in line)
    assert "subject" in same
    assert "number" not in same


def test_a_change_that_waits_is_compared_with_what_is_registered(desk: Desk) -> None:
    first = desk.receive(letter(), 1)
    changed = desk.receive(letter(message_id="1a" * 16, return_id="1b" * 16, number="77-2"), 2)
    assert desk.state(changed) is State.WAITING

    looked = desk.call("quarantine", "show", str(changed), "--json")[0]

    assert (looked["reason"], looked["standing"]) == ("changed", first)


def test_another_document_with_the_same_number_is_compared_with_the_one_that_has_it(desk: Desk) -> None:
    first = desk.receive(letter(), 1)
    other = desk.receive(letter(message_id="1a" * 16, return_id="1b" * 16, uid="1c" * 16), 2)
    assert desk.state(other) is State.WAITING

    looked = desk.call("quarantine", "show", str(other), "--json")[0]

    versions = {row["field"]: row["differs"] for row in looked["versions"]}  # type: ignore[attr-defined]
    assert looked["standing"] == first
    assert (versions["document uid"], versions["number"]) == (True, False)


# --- exporting ----------------------------------------------------------------------------------------------------


def test_many_letters_are_exported_into_a_new_folder_named_by_numbers_only(desk: Desk, tmp_path: Path) -> None:
    first, second = (desk.receive(NO_PASSPORT + bytes([48 + number]), number) for number in (1, 2))
    out = tmp_path / "out"

    done = told(desk, "quarantine", "export", "--reason", "no-passport", str(out))
    again = told(desk, "quarantine", "export", str(first), str(second), str(out))

    assert done == (0, f"written  {out}: 2 letter(s)\n")
    assert {path.name: path.read_bytes()[-1:] for path in out.iterdir()} == {
        f"{first}.eml": b"1",
        f"{second}.eml": b"2",
    }
    assert again[0] == 1


# --- many at once -------------------------------------------------------------------------------------------------


def test_many_are_processed_again_and_those_that_could_not_are_named(desk: Desk) -> None:
    first, second = desk.receive(stranger(), 1), desk.receive(stranger("EXAMPLE-NONE"), 2)
    done = desk.receive(letter(), 3)

    code, output = told(desk, "quarantine", "reprocess", str(first), str(done), "99", str(second), "--why", "again")

    assert code == 1
    assert output.splitlines() == [
        f"letter {first} is processed again",
        f"letter {done} is done, and its card 1 stands in the EDMS",
        "there is no incoming letter 99",
        f"letter {second} is processed again",
        "2 done, 2 not",
    ]
    assert desk.state(first) is desk.state(second) is State.ACCEPTED


def test_a_filter_means_the_parked_ones_and_a_dry_run_touches_none(desk: Desk) -> None:
    first, second = desk.receive(NO_PASSPORT, 1), desk.receive(NO_PASSPORT, 2)
    other = desk.receive(stranger(), 3)

    dry = told(desk, "quarantine", "drop", "--reason", "no-passport", "--dry-run")
    assert (dry[0], dry[1].splitlines()[-1]) == (0, "2 letter(s) meant; nothing was done")
    assert desk.state(first) is State.PARKED
    told(desk, "quarantine", "drop", "--reason", "no-passport", "--why", "people's mail")

    assert [desk.state(one) for one in (first, second, other)] == [State.DROPPED, State.DROPPED, State.PARKED]


@pytest.mark.parametrize("which", [(), ("1", "--reason", "no-passport")])
def test_neither_numbers_nor_a_filter_or_both_is_a_usage_error(desk: Desk, which: tuple[str, ...]) -> None:
    entry = desk.receive(NO_PASSPORT, 1)

    assert told(desk, "quarantine", "drop", *which, "--why", "no")[0] == 2
    assert desk.state(entry) is State.PARKED


def test_many_failed_letters_of_ours_are_tried_again_by_a_filter(desk: Desk) -> None:
    desk.receive(letter(), 1)
    numbers = [int(str(row["id"])) for row in desk.call("queue", "list", "--json")]

    by_number = told(desk, "queue", "retry", *map(str, numbers), "--why", "their server is back")
    by_filter = told(desk, "queue", "retry", "--partner", "partner", "--why", "their server is back")

    assert (by_number[0], by_number[1].splitlines()[-1]) == (0, "2 done, 0 not")
    assert by_filter[1].splitlines()[-1] == "0 done, 0 not"  # none has failed


def test_the_moment_of_arrival_stays_when_a_letter_is_processed_again(desk: Desk) -> None:
    entry = desk.receive(stranger(), 1)
    (before,) = desk.call("quarantine", "list", "--json")

    told(desk, "quarantine", "reprocess", str(entry), "--why", "again")
    desk.worker.work()

    (after,) = desk.call("quarantine", "list", "--json")
    assert after["created_at"] == before["created_at"]


# --- deciding -----------------------------------------------------------------------------------------------------


SOMEBODY = letter().replace(b"exchange@partner.example", b"somebody@nowhere.example")


@pytest.mark.parametrize(
    ("data", "reason"),
    [(stranger(), "unknown-partner"), (letter(), "no-proof"), (SOMEBODY, "stranger"), (NO_PASSPORT, "no-passport")],
)
def test_a_proof_that_is_absent_is_never_accepted_by_hand(
    opened: Callable[..., Desk], data: bytes, reason: str
) -> None:
    network = {"proof": 'kind = "network"', "door": 'peers = ["192.0.2.0/24"] #'}
    desk = opened(**({} if reason == "unknown-partner" else network))
    entry = desk.receive(data, 1)

    code, output = told(desk, "quarantine", "fix", str(entry), "--accept", "--why", "trust me")

    assert desk.call("quarantine", "list", "--json")[0]["reason"] == reason
    assert code == 1
    assert f"{reason} cannot be accepted by hand" in output
    assert desk.state(entry) is State.PARKED


def test_a_damaged_passport_cannot_be_accepted(desk: Desk) -> None:
    inside = partner.passport(sender="EXAMPLE-PARTNER", recipient="EXAMPLE-OFFICE").replace("</Document>", "")
    entry = desk.receive(partner.letter(inside, sender="exchange@partner.example"), 1)

    code, output = told(desk, "quarantine", "fix", str(entry), "--accept", "--why", "please")

    assert (code, "cannot be accepted by hand" in output) == (1, True)


def kinds(desk: Desk) -> list[object]:
    (story,) = desk.call("trace", "0c" * 16, "--json")
    steps = story["steps"]
    assert isinstance(steps, list)
    return [step["kind"] for step in steps if step["what"] == "event"]


def test_a_refused_document_that_is_accepted_once_is_registered_and_its_sender_hears_it(
    opened: Callable[..., Desk],
) -> None:
    desk = opened('file_types = ["docx"]\non_bad_file = "refuse"\n')
    entry = desk.receive(letter(), 1)
    (before,) = desk.call("quarantine", "list", "--refused", "--json")
    assert kinds(desk) == ["received", "refused"]

    told(desk, "quarantine", "fix", str(entry), "--accept", "--by", "olga", "--why", "a scan is fine this once")
    desk.worker.work()

    assert desk.state(entry) is State.DONE
    assert kinds(desk)[:3] == ["received", "refused", "registered"]
    (story,) = desk.call("trace", "77-1", "--json")
    assert story["registered"] == "ВХ-1"
    looked = desk.call("quarantine", "show", str(entry), "--json")[0]
    assert looked["created_at"] == before["created_at"]
    (act,) = looked["acts"]  # type: ignore[misc]
    assert (act["act"], act["who"], act["why"], act["accepts"]) == (
        "fix",
        "olga",
        "a scan is fine this once",
        "bad-file",
    )
    assert "fix by olga: a scan is fine this once" in told(desk, "trace", "77-1")[1]


def test_what_is_accepted_once_is_accepted_for_that_letter_alone(opened: Callable[..., Desk]) -> None:
    desk = opened('register = "refuse"\n')
    first = desk.receive(letter(), 1)
    told(desk, "quarantine", "fix", str(first), "--accept", "--why", "this one")
    desk.worker.work()

    second = desk.receive(letter(uid="1c" * 16, message_id="1a" * 16, return_id="1b" * 16, number="77-9"), 2)

    assert ids(desk.call("quarantine", "list", "--refused", "--json")) == [second]
    assert kinds(desk)[:3] == ["received", "refused", "registered"]


def test_a_document_without_an_author_can_be_accepted(desk: Desk) -> None:
    entry = desk.receive(letter(author=""), 1)
    assert kinds(desk) == ["received", "refused"]

    told(desk, "quarantine", "fix", str(entry), "--accept", "--why", "known to us")
    desk.worker.work()

    assert "registered" in kinds(desk)


def test_a_partner_that_may_not_send_documents_gets_one_through(opened: Callable[..., Desk]) -> None:
    desk = opened(partner='channel = "partner-mail"\nmay_send = ["report"]')
    entry = desk.receive(letter(), 1)
    assert kinds(desk) == ["received", "refused"]

    told(desk, "quarantine", "fix", str(entry), "--accept", "--why", "by telephone")
    desk.worker.work()

    assert "registered" in kinds(desk)


def test_a_conflict_that_is_accepted_is_laid_before_a_person_and_never_registered_by_itself(desk: Desk) -> None:
    desk.receive(letter(), 1)
    conflict = desk.receive(letter(number="77-2"), 2)

    told(desk, "quarantine", "fix", str(conflict), "--accept", "--why", "they said it is a correction")
    desk.worker.work()

    (waiting,) = desk.call("quarantine", "list", "--waiting", "--json")
    assert waiting["id"] == conflict
    assert "message id came before" in str(waiting["detail"]) or "уже встречался" in str(waiting["detail"])
    assert kinds(desk).count("registered") == 1


def test_an_addressee_nobody_knows_is_given_to_an_official_that_is_named(opened: Callable[..., Desk]) -> None:
    desk = opened('unknown_addressee = "refuse"\n')
    entry = desk.receive(letter(addressee="Незнакомцев Н. Н."), 1)
    assert kinds(desk) == ["received", "refused"]
    fix = ("quarantine", "fix", str(entry), "--why", "he means Лугов")

    nobody = told(desk, *fix, "--addressee", "Незнакомцев Н. Н.", "--to", "Никто Н. Н.")
    other = told(desk, *fix, "--addressee", "Другой", "--to", OFFICIAL)
    done = told(desk, *fix, "--addressee", "незнакомцев  Н. Н.", "--to", OFFICIAL)
    desk.worker.work()

    assert (nobody[0], "knows nobody" in nobody[1]) == (1, True)
    assert (other[0], "it names «Незнакомцев Н. Н.»" in other[1]) == (1, True)
    assert done[0] == 0
    (story,) = desk.call("trace", "77-1", "--json")
    steps = story["steps"]
    assert isinstance(steps, list)
    assert [step["to"] for step in steps if step.get("kind") == "forwarded"] == [OFFICIAL]
    (act,) = desk.call("quarantine", "show", str(entry), "--json")[0]["acts"]  # type: ignore[misc]
    assert (act["addressee"], act["instead"]) == ("Незнакомцев Н. Н.", OFFICIAL)


def test_whom_a_letter_names_is_said_without_what_turns_the_writing_round(opened: Callable[..., Desk]) -> None:
    desk = opened('unknown_addressee = "refuse"\n')
    entry = desk.receive(letter(addressee="Незнакомцев\u202e Н. Н."), 1)

    _, said = told(desk, "quarantine", "fix", str(entry), "--addressee", "x", "--to", OFFICIAL, "--why", "he left")

    assert "Незнакомцев" in said
    assert "\u202e" not in said


def test_a_letter_that_lies_before_a_person_is_decided_there(opened: Callable[..., Desk]) -> None:
    desk = opened('register = "wait"\n')
    entry = desk.receive(letter(), 1)

    code, output = told(desk, "quarantine", "fix", str(entry), "--accept", "--why", "quick")

    assert (code, "lies before a person in the EDMS" in output) == (1, True)
    assert desk.state(entry) is State.WAITING


def test_a_fix_without_a_decision_is_a_usage_error(desk: Desk) -> None:
    entry = desk.receive(NO_PASSPORT, 1)

    for wrong in ((), ("--accept", "--to", "x"), ("--addressee", "x"), ("--to", "x")):
        assert told(desk, "quarantine", "fix", str(entry), *wrong, "--why", "because")[0] == 2


OFFICIAL = "Лугов Семён Ильич"


def test_the_keys_of_acts_and_versions_are_the_documented_ones(desk: Desk) -> None:
    desk.receive(letter(), 1)
    conflict = desk.receive(letter(number="77-2"), 2)
    told(desk, "quarantine", "fix", str(conflict), "--accept", "--why", "a correction")
    page = (Path(__file__).parents[2] / "docs/operating.md").read_text().splitlines()

    looked = desk.call("quarantine", "show", str(conflict), "--json")[0]

    for name, rows in (("an act", looked["acts"]), ("a field of `versions`", looked["versions"])):
        (line,) = (line for line in page if line.startswith(f"| {name} |"))
        assert f"| {name} | {' '.join(f'`{key}`' for key in rows[0])} |" == line  # type: ignore[index]


@pytest.mark.parametrize("columns", [80, pytest.param(120, marks=pytest.mark.thorough)])
def test_on_a_terminal_no_line_is_wider_than_it_and_no_cell_is_wrapped(desk: Desk, columns: int) -> None:
    desk.receive(letter(), 1)
    entry = desk.receive(letter(number="77-2"), 2)
    desk.receive(stranger(), 3)

    for arguments in (("list",), ("show", str(entry)), ("reasons",), ("counts",)):
        lines = on_a_terminal(columns, "--config", str(desk.config), "quarantine", *arguments)
        assert lines
        assert max(map(len, lines)) <= columns
        if arguments == ("list",) and lines[0].startswith(" id"):
            assert all(line.split()[0].isdecimal() for line in lines[2:])


@pytest.mark.parametrize(("answer", "state"), [("n", State.PARKED), ("y", State.DROPPED)])
def test_on_a_terminal_a_filter_lists_what_is_meant_and_asks_before_it_acts(
    desk: Desk, answer: str, state: State
) -> None:
    entry = desk.receive(NO_PASSPORT, 1)
    drop = ("--config", str(desk.config), "quarantine", "drop", "--reason", "no-passport", "--why", "read")

    lines = on_a_terminal(120, *drop, typed=answer)

    assert "no passport inside" in "".join(lines)
    assert any("1 letter(s): go on?" in line for line in lines)
    assert desk.state(entry) is state


def on_a_terminal(columns: int, *arguments: str, typed: str = "") -> list[str]:
    """Type a command on a terminal of so many columns, and *typed* after it; return the lines that it shows."""
    master, slave = os.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    environment = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")}
    command = [sys.executable, "-m", "gateway", *arguments]
    with subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave, env=environment | {"TERM": "xterm"}):
        os.close(slave)
        os.write(master, typed.encode() + b"\n")
        shown = b""
        with contextlib.suppress(OSError):  # the other side is closed
            while block := os.read(master, 65536):
                shown += block
    os.close(master)
    return re.sub("\x1b\\[[0-9;]*m", "", shown.decode()).splitlines()


def test_json_of_hostile_values_is_still_the_value(desk: Desk) -> None:
    entry = desk.receive(HOSTILE, 1)

    (looked, _) = desk.call("quarantine", "show", str(entry), "--json")

    assert "\u202e" in json.dumps(looked["wrapping"], ensure_ascii=False)
