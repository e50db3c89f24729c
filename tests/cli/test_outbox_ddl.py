# SPDX-License-Identifier: GPL-3.0-or-later
"""`edms outbox-ddl` prints what an owner of the tables runs, and changes nothing itself."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gateway.cli import main
from tests.edms_adapter.outboxes import rows, run, watched_registry


def call(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


@pytest.fixture
def office(tmp_path: Path) -> Path:
    """A configuration that `init` wrote, with a mapping that has an outbox."""
    home = tmp_path / "d"
    assert call("init", home).exit_code == 0
    config = home / "gateway.toml"
    config.write_text(config.read_text().replace('mapping = "registry"', f'mapping = "{watched_registry(home)}"'))
    return home


def test_what_it_prints_makes_what_check_misses(office: Path) -> None:
    config, url = office / "gateway.toml", f"sqlite:///{office / 'registry.db'}"
    before = call("--config", config, "edms", "check")
    printed = call("--config", config, "edms", "outbox-ddl")
    tables = rows(url, "select name from sqlite_master where name = 'edms_gw_outbox'")
    run(url, printed.output)
    after = call("--config", config, "edms", "check")

    assert (before.exit_code, printed.exit_code, after.exit_code) == (1, 0, 0), after.output
    assert "edms outbox-ddl" in before.output
    assert tables == []  # printing alone made nothing


def test_a_mapping_without_an_outbox_wants_no_triggers(tmp_path: Path) -> None:
    assert call("init", tmp_path / "d").exit_code == 0

    printed = call("--config", tmp_path / "d" / "gateway.toml", "edms", "outbox-ddl")

    assert printed.exit_code == 78
    assert "no such section" in printed.output
