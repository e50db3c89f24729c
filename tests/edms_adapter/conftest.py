# SPDX-License-Identifier: GPL-3.0-or-later
"""A seeded registry on each database engine, and an adapter opened on it."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from gateway.edms_adapter.registry import create
from gateway.edms_adapter.registry.schema import metadata
from gateway.edms_adapter.sql.association import Association
from gateway.edms_adapter.sql.mapping import ClaimSection, DatabaseSection
from tests.edms_adapter.desk import Desk, fill

pytest.register_assert_rewrite("tests.edms_adapter.laws")  # they assert, though their names are not those of tests
OWN = Association(ClaimSection(), DatabaseSection()).metadata


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("registry") / "template.sqlite"
    create(f"sqlite:///{place}")
    fill(f"sqlite:///{place}")
    return place


@pytest.fixture(scope="session")
def postgres_registry(postgres: Callable[[], str]) -> str:
    """Give the URL of a database that every test empties for itself: a new one takes half a second."""
    url = postgres()
    create(url)
    return url


@pytest.fixture
def sqlite_url(tmp_path: Path, sqlite_template: Path) -> str:
    shutil.copy(sqlite_template, tmp_path / "registry.sqlite")
    return f"sqlite:///{tmp_path / 'registry.sqlite'}"


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest) -> str:
    if request.param == "sqlite":
        return str(request.getfixturevalue("sqlite_url"))
    url = str(request.getfixturevalue("postgres_registry"))
    tables = ", ".join(table.name for table in (*metadata.sorted_tables, *OWN.sorted_tables))
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"truncate {tables} restart identity cascade")  # type: ignore[call-overload]  # our names
    fill(url)
    return url


@pytest.fixture
def desk(url: str, tmp_path: Path) -> Iterator[Desk]:
    with Desk.at(url, tmp_path / "files") as made:
        yield made


@pytest.fixture
def sqlite_desk(sqlite_url: str, tmp_path: Path) -> Iterator[Desk]:
    """For what cannot differ between engines."""
    with Desk.at(sqlite_url, tmp_path / "files") as made:
        yield made
