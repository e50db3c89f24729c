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


BOTH_WAYS = """
[[draft]]
as = "rc"
call = { postgresql = "add_draft", mariadb = "delo.add_draft" }
sql.sqlite = "insert into letter (about) values (:about) returning 0 as code"
values = { about = "document.subject" }
out = { code = "integer" }
failed = "rc.code < 0"
text = "'no'"
"""


@pytest.mark.parametrize(
    ("vendor", "call", "sql"),
    [
        ("sqlite", None, "insert into letter (about) values (:about) returning 0 as code"),
        ("postgresql", "add_draft", None),
        ("mysql", "delo.add_draft", None),
    ],
)
def test_a_step_may_be_a_call_on_one_database_and_a_statement_on_another(
    tmp_path: Path, vendor: str, call: str | None, sql: str | None
) -> None:
    path = tmp_path / "both.toml"
    path.write_text(Path(__file__).with_name("foreign.toml").read_text("utf-8") + BOTH_WAYS, "utf-8")
    *_, step = load(path, vendor).draft

    assert (step.call, step.sql, bool(step.out)) == (call, sql, call is not None)


@pytest.mark.parametrize(
    ("edited", "complaint"),
    [
        (('sql.sqlite = "insert', 'sql.oracle = "insert'), "draft[3].sql: Value error, is written for oracle"),
        (("postgresql =", "sqlite ="), "draft[3]: Value error, give either 'table', 'sql' or 'call', not two of them"),
    ],
)
def test_a_step_is_one_thing_on_each_database(tmp_path: Path, edited: tuple[str, str], complaint: str) -> None:
    path = tmp_path / "both.toml"
    source = Path(__file__).with_name("foreign.toml").read_text("utf-8")
    path.write_text(source + BOTH_WAYS.replace(*edited), "utf-8")
    with pytest.raises(MappingError) as told:
        load(path, "sqlite")

    assert complaint in str(told.value)
