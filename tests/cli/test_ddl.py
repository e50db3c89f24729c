# SPDX-License-Identifier: GPL-3.0-or-later
"""``edms ddl``: the tables of a shipped mapping, as the database's own client takes them."""

import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gateway.cli import main
from gateway.edms_adapter import BUILT_IN, open_edms
from gateway.edms_adapter.ddl import dialects, statements, with_ddl

SHIPPED = [(name, dialect) for name in with_ddl() for dialect in dialects(name)]


def printed(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["edms", "ddl", *arguments])


def columns(script: str) -> dict[str, list[str]]:
    """Return the tables of a script with their columns, whatever their types are called."""
    tables = re.findall(r"^create table (\w+) \(\n(.*?)^\)", script, re.M | re.S)
    return {name: re.findall(r"^  (?!primary|unique|foreign|check)(\w+) ", body, re.M) for name, body in tables}


@pytest.mark.parametrize(("name", "dialect"), SHIPPED)
def test_the_tables_of_every_dialect_are_printed_and_are_the_same(name: str, dialect: str) -> None:
    made = printed(name, "--dialect", dialect)

    assert made.exit_code == 0
    assert (BUILT_IN / f"{name}.toml").is_file()
    found = columns(made.output)
    assert len(found) > 1
    assert found == columns(printed(name, "--dialect", dialects(name)[0]).output)


@pytest.mark.parametrize("name", [name for name, dialect in SHIPPED if dialect == "sqlite"])
def test_a_database_made_from_what_is_printed_has_all_that_the_mapping_speaks_of(name: str, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "edms.sqlite")) as connection:
        connection.executescript(printed(name, "--dialect", "sqlite").output)
    with open_edms(name, f"sqlite:///{tmp_path / 'edms.sqlite'}", tmp_path, "Europe/Minsk") as edms:
        edms.prepare()
        wrong = [one.what for one in edms.check().findings if not one.ok]

    assert wrong in ([], ["default inbox"])  # nobody works there yet


@pytest.mark.parametrize("arguments", [("registry", "--dialect", "oracle"), ("../../gateway", "--dialect", "sqlite")])
def test_what_is_not_shipped_is_named_with_what_is(arguments: tuple[str, ...]) -> None:
    made = printed(*arguments)

    assert made.exit_code == 2
    assert "delo-lookalike (mariadb, postgresql, sqlite)" in made.output


def test_a_script_of_mariadb_falls_into_the_statements_its_server_takes() -> None:
    written = "-- a;\ncreate table a (\n  n integer  -- of b\n);\ndelimiter //\ncreate procedure p()\nbegin\n"
    written += "  select 1;\nend //\ndelimiter ;\nselect 2;\n"

    assert statements(written) == [
        "create table a (\n  n integer  -- of b\n)",
        "create procedure p()\nbegin\n  select 1;\nend ",
        "select 2",
    ]
