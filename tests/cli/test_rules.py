# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules of an office as an administrator meets them: explained, checked, tried out without a trace."""

import json
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from gateway.edms_adapter.registry import people
from gateway.journal.store import Journal
from tests.cli.test_commands import call
from tests.cli.test_operating import Desk
from tests.story import partner

RULES = """
[[receive]]
name = "orders"
kind = ["Orders"]
[[receive]]
organisation = ["EXAMPLE-OFFICE"]
access = ["ДСП"]
[[receive]]
name = "everything"
group = "Обращения"
"""


@pytest.fixture
def office(tmp_path: Path) -> Path:
    """A configuration that `init` wrote, with rules of our own."""
    assert call("init", tmp_path / "d").exit_code == 0
    with_rules(tmp_path / "d", RULES)
    return tmp_path / "d"


def with_rules(home: Path, rules: str) -> None:
    path = home / "partners.toml"
    path.write_text(path.read_text("utf-8").split("[[receive]]")[0] + rules, "utf-8")


def run(home: Path, *arguments: str | Path) -> tuple[str, int]:
    told = call("--config", home / "gateway.toml", *arguments)
    assert told.exception is None or isinstance(told.exception, SystemExit), told.output
    return told.output, told.exit_code


def written(home: Path, name: str = "letter.eml", **changes: str) -> Path:
    inside = partner.passport(**{"sender": "EXAMPLE-PARTNER", "recipient": "EXAMPLE-OFFICE", **changes})  # type: ignore[arg-type]
    (home / name).write_bytes(partner.letter(inside, sender="exchange@partner.example"))
    return home / name


# --- explain ------------------------------------------------------------------------------------------------------


def test_explain_names_the_rule_that_applies_and_why_the_others_do_not(office: Path) -> None:
    told, code = run(office, "explain", written(office))

    assert code == 0
    assert told.splitlines()[-5:] == [
        "partner: partner (chosen by the index inside; nothing is proven)",
        "receive rule: everything",
        "  not orders: kind is Letters, not Orders",
        "  not rule 2: access is not said, not ДСП",
        "report rule: the defaults",
    ]


def test_explain_says_the_same_to_programs(office: Path) -> None:
    told, _ = run(office, "explain", "--json", written(office))

    assert json.loads(told)["rules"] == {
        "partner": "partner",
        "organisation": "EXAMPLE-OFFICE",
        "receive": {
            "name": "everything",
            "place": 3,
            "passed_over": [
                {"name": "orders", "place": 1, "why": "kind is Letters, not Orders"},
                {"name": None, "place": 2, "why": "access is not said, not ДСП"},
            ],
        },
        "report": {"name": "the defaults", "place": 0, "passed_over": []},
    }


def test_explain_judges_reports_by_the_level_the_document_counts_as(office: Path) -> None:
    with_rules(office, '[[receive]]\naccess_default = "ДСП"\n[[report]]\nname = "restricted"\naccess = ["ДСП"]\n')

    told, _ = run(office, "explain", "--json", written(office))

    assert json.loads(told)["rules"]["report"]["name"] == "restricted"


def test_without_a_partner_or_a_configuration_there_are_no_rules(office: Path) -> None:
    letter = written(office, sender="EX-NOBODY")

    assert json.loads(run(office, "explain", "--json", letter)[0])["rules"] is None
    assert json.loads(call("explain", "--json", letter).output)["rules"] is None


def test_a_configuration_that_is_named_and_does_not_hold_is_78(office: Path) -> None:
    with_rules(office, "[[receive]]\n[[receive]]\n")

    told, code = run(office, "explain", written(office))

    assert code == 78
    assert "partners.toml" in told


# --- dry-run ------------------------------------------------------------------------------------------------------


def registry(home: Path) -> dict[str, list[str]]:
    engine = create_engine(f"sqlite:///{home}/registry.db")
    try:
        with engine.connect() as connection:
            names = [
                row.name for row in connection.execute(text("select name from sqlite_master where type = 'table'"))
            ]
            return {name: [repr(row) for row in connection.execute(text(f"select * from {name}"))] for name in names}
    finally:
        engine.dispose()


def test_a_dry_run_of_a_letter_that_is_registered_says_so(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "d")
    path = written(tmp_path)
    try:
        desk.receive(path.read_bytes(), 1)
        told = call("--config", desk.config, "edms", "dry-run", path)
    finally:
        desk.parts.close()

    assert (told.exit_code, told.stdout.splitlines()[-1]) == (0, "registered already as ВХ-1; nothing was written")


def test_a_dry_run_shows_the_rows_and_writes_none(office: Path) -> None:
    before, files = registry(office), sorted(office.rglob("*"))

    told, code = run(office, "edms", "dry-run", written(office))

    assert code == 0
    lines = [line.split() for line in told.splitlines()]
    assert told.splitlines()[:2] == [
        "partner: partner (chosen by the index inside; nothing is proven)",
        "rule: everything",
    ]
    assert ["insert", "card", "direction", "in"] in lines
    assert ["partner_number", "77-1"] in lines
    assert told.splitlines()[-1] == "registered as ВХ-1; nothing was written"
    assert registry(office) == before
    assert not (office / "journal.db").exists()
    assert {path.name for path in office.rglob("*")} - {path.name for path in files} <= {"letter.eml"}


def test_a_dry_run_says_why_a_document_would_wait_or_be_refused(office: Path) -> None:
    with_rules(office, '[[receive]]\ngroup = "Нет такой"\n')
    waits = run(office, "edms", "dry-run", "--json", written(office))
    with_rules(office, '[[receive]]\nregister = "refuse"\n')
    refused = run(office, "edms", "dry-run", "--json", written(office))

    assert [(json.loads(told)["outcome"], json.loads(told)["detail"], code) for told, code in (waits, refused)] == [
        ("waiting", "нет группы документов «Нет такой» для входящих", 1),
        ("refused", "refused by a receive rule: rule 1", 1),
    ]


@pytest.mark.parametrize("data", [b"From: a@b.example\r\n\r\nLunch?\r\n", b"\x00\x01"])
def test_a_dry_run_of_what_is_no_document_is_said_in_words(office: Path, data: bytes) -> None:
    (office / "odd.eml").write_bytes(data)

    told, code = run(office, "edms", "dry-run", office / "odd.eml")

    assert code == 1
    assert told.count("\n") == 1


# --- checks -------------------------------------------------------------------------------------------------------


def test_check_config_names_the_line_of_a_rule_that_never_applies(office: Path) -> None:
    with_rules(office, '[[receive]]\n[[receive]]\nname = "late"\n')
    line = (office / "partners.toml").read_text("utf-8").splitlines().index("[[receive]]") + 2

    told, code = run(office, "check-config")

    assert code == 78
    assert f"partners.toml:{line}: receive[2]: this rule never applies" in told


def test_check_config_names_the_line_of_a_holidays_file(office: Path) -> None:
    config = office / "gateway.toml"
    shown = '# holidays = "holidays.txt"'
    assert shown in config.read_text("utf-8")
    config.write_text(config.read_text("utf-8").replace(shown, shown[2:]), "utf-8")
    absent = run(office, "check-config")
    (office / "holidays.txt").write_text("2027-01-01\n1 May\n", "utf-8")
    wrong = run(office, "check-config")

    assert (absent[1], wrong[1]) == (78, 78)
    assert "holidays.txt cannot be read" in absent[0]
    assert "holidays.txt:2: '1 May' is not a date" in wrong[0]


def test_edms_check_names_the_rule_that_counts_on_what_is_not_there(office: Path) -> None:
    with_rules(office, '[[receive]]\nname = "letters"\njournal = "Нет такого"\ndefault_inbox = "Нет такой"\n')

    told, code = run(office, "edms", "check")
    words = " ".join(told.split())

    lines = (office / "partners.toml").read_text("utf-8").splitlines()
    place = f'receive[1] "letters" (partners.toml:{lines.index("[[receive]]") + 1})'
    assert code == 1
    assert f"journal 'Нет такого' of {place}" in words
    assert f"inbox 'Нет такой' of {place}" in words


def test_status_says_which_year_nobody_has_opened(office: Path) -> None:
    with people.at_work(f"sqlite:///{office}/registry.db") as work:
        people.open_by_hand(work, "Входящие")
    Journal.open(f"sqlite:///{office}/journal.db", office / "blobs").close()

    told, _ = run(office, "status", "--json")

    assert [one["what"].rsplit(" ", 1)[0] for one in json.loads(told)["lacking"]][:1] == ["counter of Входящие for"]
