# SPDX-License-Identifier: GPL-3.0-or-later
"""An outbox in a database, made by the statements that we print, and the built-in registry with one."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg

from gateway.edms_adapter import BUILT_IN
from gateway.edms_adapter.sql.edms import SqlEdms

SECTION = Path(__file__).with_name("registry_outbox.toml")
PREFIX = "edms_gw_outbox"


def watched_registry(folder: Path) -> Path:
    """Write the mapping of the built-in registry with an outbox into *folder*."""
    path = folder / "watched-registry.toml"
    path.write_text((BUILT_IN / "registry.toml").read_text("utf-8") + SECTION.read_text("utf-8"), "utf-8")
    return path


def run(url: str, script: str) -> None:
    """Run statements as an owner of the tables would, without the gateway."""
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as line:
            line.executescript(script)
    else:
        with psycopg.connect(url, autocommit=True) as line:
            line.execute(script)  # type: ignore[call-overload]  # our own words


def rows(url: str, query: str) -> list[tuple[object, ...]]:
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as line:
            return line.execute(query).fetchall()
    with psycopg.connect(url) as line:
        return line.execute(query).fetchall()  # type: ignore[call-overload,no-any-return]


@contextmanager
def triggers(edms: SqlEdms, url: str) -> Iterator[None]:
    """Make the outbox that *edms* wants, and take it away where other tests share the database."""
    run(url, edms.outbox_ddl())
    try:
        yield
    finally:
        if not url.startswith("sqlite"):
            functions = rows(url, f"select oid::regprocedure from pg_proc where starts_with(proname, '{PREFIX}')")
            gone = "".join(f"drop function {name} cascade;" for (name,) in functions)
            run(url, f"{gone} drop table {PREFIX}")
