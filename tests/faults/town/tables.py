# SPDX-License-Identifier: GPL-3.0-or-later
"""The databases of an office as plain SQL sees them, and a watch that writes down every change of a state."""

import sqlite3
from collections.abc import Sequence
from typing import Any

import psycopg

_SQLITE_JOURNAL = """
CREATE TABLE storm_moves (entry INTEGER, was TEXT, now TEXT);
CREATE TABLE storm_numbers (exchange TEXT, was TEXT, now TEXT);
CREATE TRIGGER storm_moved AFTER UPDATE OF state ON entries WHEN old.state <> new.state
BEGIN INSERT INTO storm_moves VALUES (old.id, old.state, new.state); END;
CREATE TRIGGER storm_numbered AFTER UPDATE OF registered_text ON exchanges
WHEN old.registered_text IS NOT NULL AND old.registered_text IS NOT new.registered_text
BEGIN INSERT INTO storm_numbers VALUES (old.id, old.registered_text, new.registered_text); END;
"""
_SQLITE_REGISTRY = """
CREATE TABLE storm_numbers (card INTEGER, was TEXT, now TEXT);
CREATE TRIGGER storm_numbered AFTER UPDATE OF number ON card
WHEN old.number IS NOT NULL AND old.number IS NOT new.number
BEGIN INSERT INTO storm_numbers VALUES (old.id, old.number, new.number); END;
"""
_POSTGRES_JOURNAL = """
CREATE TABLE storm_moves (entry BIGINT, was TEXT, now TEXT);
CREATE TABLE storm_numbers (exchange TEXT, was TEXT, now TEXT);
CREATE FUNCTION storm_moved() RETURNS trigger LANGUAGE plpgsql AS
'BEGIN INSERT INTO storm_moves VALUES (old.id, old.state, new.state); RETURN NULL; END';
CREATE TRIGGER storm_moved AFTER UPDATE ON entries FOR EACH ROW WHEN (old.state <> new.state)
EXECUTE FUNCTION storm_moved();
CREATE FUNCTION storm_numbered() RETURNS trigger LANGUAGE plpgsql AS
'BEGIN INSERT INTO storm_numbers VALUES (old.id, old.registered_text, new.registered_text); RETURN NULL; END';
CREATE TRIGGER storm_numbered AFTER UPDATE ON exchanges FOR EACH ROW
WHEN (old.registered_text IS NOT NULL AND old.registered_text IS DISTINCT FROM new.registered_text)
EXECUTE FUNCTION storm_numbered();
"""
_POSTGRES_REGISTRY = """
CREATE TABLE storm_numbers (card BIGINT, was TEXT, now TEXT);
CREATE FUNCTION storm_numbered() RETURNS trigger LANGUAGE plpgsql AS
'BEGIN INSERT INTO storm_numbers VALUES (old.id, old.number, new.number); RETURN NULL; END';
CREATE TRIGGER storm_numbered AFTER UPDATE ON card FOR EACH ROW
WHEN (old.number IS NOT NULL AND old.number IS DISTINCT FROM new.number)
EXECUTE FUNCTION storm_numbered();
"""


class Tables:
    """One database, read by SQL that both engines understand."""

    def __init__(self, url: str) -> None:
        self._sqlite = url.startswith("sqlite")
        self._connection: Any = (  # Any: two drivers
            sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None, timeout=30)
            if self._sqlite
            else psycopg.connect(url, autocommit=True)
        )

    def rows(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        """Return all rows of *sql*, whose ``?`` are *values*."""
        return self._connection.execute(sql if self._sqlite else sql.replace("?", "%s"), values).fetchall()

    def count(self, sql: str, *values: object) -> int:
        return int(self.rows(sql, *values)[0][0])

    def script(self, sqlite: str, postgres: str) -> None:
        if self._sqlite:
            self._connection.executescript(sqlite)
        else:
            self._connection.execute(postgres)

    def close(self) -> None:
        self._connection.close()


def watch_states(journal: str, registry: str) -> None:
    """Have both databases of an office write down what shall never happen, and every change of a letter's state."""
    scripts = ((journal, _SQLITE_JOURNAL, _POSTGRES_JOURNAL), (registry, _SQLITE_REGISTRY, _POSTGRES_REGISTRY))
    for url, sqlite, postgres in scripts:
        tables = Tables(url)
        tables.script(sqlite, postgres)
        tables.close()


def listed(rows: Sequence[tuple[Any, ...]], most: int = 3) -> str:
    """Return the first of *rows*, for a complaint."""
    return "; ".join(str(row) for row in rows[:most]) + (" …" if len(rows) > most else "")
