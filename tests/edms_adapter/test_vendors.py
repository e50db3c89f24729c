# SPDX-License-Identifier: GPL-3.0-or-later
"""What differs from vendor to vendor stands in the mapping, and the database's address says which words count."""

from pathlib import Path

import pytest

from gateway.edms_adapter import MappingError, open_edms
from gateway.edms_adapter.sql.mapping import Mapping, load

PLAIN = 'advance = "update register set n = n + 1"'


def written(tmp_path: Path, advance: str) -> Path:
    source = Path(__file__).with_name("foreign.toml").read_text("utf-8")
    assert PLAIN in source
    path = tmp_path / "edited.toml"
    path.write_text(source.replace(PLAIN, f"advance = {advance}"), "utf-8")
    return path


def advance(mapping: Mapping) -> str:
    assert mapping.number.advance
    return mapping.number.advance


@pytest.mark.parametrize(
    ("vendor", "chosen"),
    [
        ("sqlite", "update everywhere"),
        ("postgresql", "update everywhere"),
        ("mssql", "update top (1)"),
        ("oracle", "update of oracle"),
        ("mysql", "update of mysql"),
        ("mariadb", "update of mysql"),
    ],
)
def test_a_statement_may_differ_by_vendor(tmp_path: Path, vendor: str, chosen: str) -> None:
    table = """{ default = "update everywhere", mssql = "update top (1)", oracle = "update of oracle",
                 mysql = "update of mysql" }""".replace("\n", " ")

    assert advance(load(written(tmp_path, table), vendor)) == chosen


def test_the_address_says_which_database_it_is(tmp_path: Path) -> None:
    path = written(tmp_path, '{ sqlite = "update register set n = n + 1", oracle = "update of oracle" }')

    with open_edms(path, "sqlite://", tmp_path, "Europe/Moscow") as edms:
        assert edms.plan.source.number.advance == "update register set n = n + 1"
    with pytest.raises(MappingError, match="this database is postgresql"):
        open_edms(path, "postgresql://127.0.0.1/nothing", tmp_path, "Europe/Moscow")


@pytest.mark.parametrize(
    ("table", "complaint"),
    [
        ('{ oracle = "update o" }', "number.advance: Value error, is written for oracle, and this database is sqlite"),
        ('{ default = "update d", sybase = "x" }', "number.advance: Value error, 'sybase' is no database we know"),
        ('{ default = "update d", oracle = " " }', "number.advance: Value error, 'oracle' has no text"),
        ("{ }", "number.advance: Value error, is written for nothing"),
    ],
)
def test_a_wrong_choice_is_told_with_its_key(tmp_path: Path, table: str, complaint: str) -> None:
    path = written(tmp_path, table)
    with pytest.raises(MappingError) as told:
        load(path, "sqlite")

    assert str(told.value).startswith(str(path))
    assert complaint in str(told.value)
