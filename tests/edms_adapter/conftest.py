# SPDX-License-Identifier: GPL-3.0-or-later
"""A seeded registry on each database engine, and an adapter opened on it.

`make test` holds every law on SQLite, and on the servers those of `ON_SERVERS`; `make engines` holds all of them there.
"""

import os
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
from tests.edms_adapter.exchanges import (  # noqa: F401  # fixtures
    exchange_url,
    mariadb_exchange,
    postgres_exchange,
    sqlite_exchange,
)
from tests.edms_adapter.lookalikes import (  # noqa: F401  # fixtures
    lookalike_url,
    mariadb_lookalike,
    postgres_lookalike,
    sqlite_lookalike,
)
from tests.servers.mariadb import empty as empty_mariadb

pytest.register_assert_rewrite("tests.edms_adapter.laws")  # they assert, though their names are not those of tests
OWN = Association(ClaimSection(), DatabaseSection()).metadata
SERVERS = ("postgresql", "mariadb")
ENGINES = ("sqlite", *SERVERS)
EVERY_ENGINE = os.environ.get("GATEWAY_ENGINES") == "all"
# what differs between engines: the ten rules, races, troubles of a server, what only a server can do
ON_SERVERS = (
    *("test_contract_registry", "test_races", "test_not_now", "test_mariadb", "test_step_journal", "test_procedures"),
    *("test_numbers", "test_changes"),
)
TABLES = [table.name for table in (*metadata.sorted_tables, *OWN.sorted_tables)]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave to `make engines` what has shown itself the same on every engine."""
    if EVERY_ENGINE:
        return
    later = {item for item in items if _is_for_a_server(item) and item.path.stem not in ON_SERVERS}
    if later:
        config.hook.pytest_deselected(items=list(later))
        items[:] = [item for item in items if item not in later]


def _is_for_a_server(item: pytest.Item) -> bool:
    call = getattr(item, "callspec", None)
    params = call.params.values() if call is not None and item.path.parent == Path(__file__).parent else ()
    return any(isinstance(value, str) and value.rpartition("-")[2] in SERVERS for value in params)


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


@pytest.fixture(scope="session")
def mariadb_registry(mariadb: Callable[[], str]) -> str:
    """Likewise."""
    url = mariadb()
    create(url)
    return url


@pytest.fixture
def sqlite_url(tmp_path: Path, sqlite_template: Path) -> str:
    shutil.copy(sqlite_template, tmp_path / "registry.sqlite")
    return f"sqlite:///{tmp_path / 'registry.sqlite'}"


@pytest.fixture(params=ENGINES)
def url(request: pytest.FixtureRequest) -> str:
    return seeded(request.param, request)


@pytest.fixture(params=SERVERS)
def server_url(request: pytest.FixtureRequest) -> str:
    """For what a database without a server of its own cannot do."""
    return seeded(request.param, request)


def seeded(engine: str, request: pytest.FixtureRequest) -> str:
    """Return the URL of a registry on *engine*, as if it had just been made."""
    if engine == "sqlite":
        return str(request.getfixturevalue("sqlite_url"))
    if engine == "postgresql":
        url = str(request.getfixturevalue("postgres_registry"))
        with psycopg.connect(url, autocommit=True) as connection:
            names = ", ".join(TABLES)
            connection.execute(f"truncate {names} restart identity cascade")  # type: ignore[call-overload]  # our names
    else:
        url = str(request.getfixturevalue("mariadb_registry"))
        empty_mariadb(url, TABLES)
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
