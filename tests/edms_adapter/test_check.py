# SPDX-License-Identifier: GPL-3.0-or-later
"""What an administrator hears after editing a mapping: every defect with a remedy, and that all is well when it is."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import text

from gateway.edms_adapter import BUILT_IN, open_edms
from gateway.edms_adapter.registry import people
from gateway.ports import Finding, Wanted
from tests.edms_adapter.desk import OURS, Desk, Hands


def wrong(url: str, files: Path, mapping: Path | str = "registry") -> list[Finding]:
    with open_edms(mapping, url, files, "Europe/Moscow", clock=Hands()) as edms:
        return [finding for finding in edms.check().findings if not finding.ok]


def edited(tmp_path: Path, *changes: tuple[str, str]) -> Path:
    source = (BUILT_IN / "registry.toml").read_text("utf-8")
    for old, new in changes:
        assert old in source
        source = source.replace(old, new, 1)
    path = tmp_path / "edited.toml"
    path.write_text(source, "utf-8")
    return path


def test_a_good_registry_has_nothing_wrong_and_checking_changes_nothing(desk: Desk) -> None:
    health = desk.edms.check()

    assert [finding for finding in health.findings if not finding.ok] == []
    assert len(health.findings) > 50
    assert (desk.count("card"), desk.count("counter")) == (0, 0)


@pytest.mark.parametrize(
    ("old", "new", "what", "detail"),
    [
        ('table = "inbox_row"\n', 'table = "inbox_rows"\n', "table inbox_rows", "no such table"),
        ('subject = "document.subject"', 'topic = "document.subject"', "column topic", "no such column"),
        ("direction = \"'in'\"\n", "", "column direction", "is not mapped"),
        ("from card_file where path is not null", "from card_fils", "files.referenced: statement", "card_fils"),
        (
            "select o.* from card c join office o",
            "select o.* from card c join offices o",
            "read.office.sql: statement",
            "offices",
        ),
    ],
)
def test_what_the_database_does_not_have_is_found(
    url: str, tmp_path: Path, old: str, new: str, what: str, detail: str
) -> None:
    found = wrong(url, tmp_path, edited(tmp_path, (old, new)))

    assert found
    assert any(what in one.what and detail in one.detail and one.remedy for one in found)


def test_a_year_without_a_counter_is_found_when_nothing_starts_one(url: str, tmp_path: Path) -> None:
    found = wrong(url, tmp_path, edited(tmp_path, ('start = "insert into counter', '# "insert into counter')))

    assert [one.what for one in found] == ["counter of Входящие for 2026", "counter of Исходящие for 2026"]


def test_a_counter_that_is_missing_for_next_year_is_announced_from_december(desk: Desk) -> None:
    with desk.at_work() as work:
        people.open_by_hand(work, "Входящие")
        people.open_year(work, "Входящие", 2026)

    desk.clock.at = datetime(2026, 11, 30, 20, 59, tzinfo=UTC)  # 23:59 in the office
    assert desk.edms.lacking() == ()
    desk.clock.at = datetime(2026, 11, 30, 21, 1, tzinfo=UTC)  # 00:01 on 1 December
    (finding,) = desk.edms.lacking()
    assert (finding.what, finding.remedy) == (
        "counter of Входящие for 2027",
        "open the year 2027 in the journal Входящие",
    )
    assert finding in desk.edms.check().findings
    with desk.at_work() as work:
        people.open_year(work, "Входящие", 2027)

    assert desk.edms.lacking() == ()


def test_a_journal_that_starts_its_years_by_itself_is_never_announced(desk: Desk) -> None:
    desk.clock.at = datetime(2026, 12, 31, 12, 0, tzinfo=UTC)

    assert desk.edms.lacking() == ()
    assert desk.edms.check().ok


def test_what_a_rule_names_and_the_registry_does_not_have_is_found_with_the_rule(desk: Desk) -> None:
    rule = 'receive[2] "letters"'
    wanted = [
        Wanted("group", "обращения", rule),
        Wanted("group", "Приказы", rule),
        Wanted("journal", "Входящие", rule),
        Wanted("journal", "Приказы", rule),
        Wanted("inbox", "Отдел учёта", rule),
        Wanted("inbox", "Нет такой", rule, OURS),
    ]
    found = desk.edms.check((), wanted).findings[-len(wanted) :]

    assert [(one.ok, one.what) for one in found] == [
        (True, f"group 'обращения' of {rule}"),
        (False, f"group 'Приказы' of {rule}"),
        (True, f"journal 'Входящие' of {rule}"),
        (False, f"journal 'Приказы' of {rule}"),
        (True, f"inbox 'Отдел учёта' of {rule}"),
        (False, f"inbox 'Нет такой' of {rule} for {OURS}"),
    ]
    assert all(one.ok or one.remedy for one in found)


def test_an_office_without_a_default_inbox_is_found(desk: Desk) -> None:
    with desk.at_work() as work:
        work.run(text("update inbox set is_default = false"))

    assert [one.what for one in wrong(desk.url, desk.files)] == ["default inbox"]


def test_a_file_store_that_cannot_be_written_is_found(sqlite_url: str, tmp_path: Path) -> None:
    (one,) = wrong(sqlite_url, tmp_path / "absent")

    assert "file store" in one.what
    assert one.remedy


def test_our_own_tables_are_missed_and_can_be_made(desk: Desk) -> None:
    with desk.at_work() as work:
        work.run(text("drop table edms_gw_told"))
    assert "our table edms_gw_told" in [one.what for one in wrong(desk.url, desk.files)]
    desk.edms.prepare()

    assert wrong(desk.url, desk.files) == []


def test_a_database_that_cannot_be_reached_is_one_finding_without_secrets(tmp_path: Path) -> None:
    (one,) = wrong("postgresql://gateway:secret@127.0.0.1:1/registry", tmp_path)

    assert one.what == "database"
    assert "secret" not in str(one)
