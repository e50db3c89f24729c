# SPDX-License-Identifier: GPL-3.0-or-later
"""A journal on each engine; made once and copied for every test."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gateway.journal import store
from gateway.journal.schema import metadata
from gateway.journal.store import Journal


@pytest.fixture(scope="session")
def sqlite_journal(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give an empty journal's file, to copy."""
    path = tmp_path_factory.mktemp("empty") / "journal.sqlite"
    store.upgrade(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def postgres_journal(postgres: Callable[[], str]) -> str:
    """Give the URL of a journal that every test empties for itself: a new database takes half a second."""
    url = postgres()
    store.upgrade(url)
    return url


@pytest.fixture(params=["sqlite", "postgres"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Give the URL of a database with nothing in it, one engine after the other."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/journal.sqlite"
    return str(request.getfixturevalue("postgres")())


@pytest.fixture(params=["sqlite", "postgres"])
def journal_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Give the URL of an empty journal, one engine after the other."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("sqlite_journal"), tmp_path / "journal.sqlite")
        return f"sqlite:///{tmp_path}/journal.sqlite"
    url = str(request.getfixturevalue("postgres_journal"))
    _empty(url)
    return url


def _empty(url: str) -> None:
    engine = store.engine_of(url)
    with engine.begin() as tx:
        for table in reversed(metadata.sorted_tables):
            tx.execute(table.delete())  # much faster than TRUNCATE for a few rows
    engine.dispose()


@pytest.fixture
def journal(journal_url: str, tmp_path: Path) -> Iterator[Journal]:
    """Give an empty journal, one engine after the other."""
    journal = Journal.open(journal_url, tmp_path / "blobs")
    yield journal
    journal.close()
