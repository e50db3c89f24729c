# SPDX-License-Identifier: GPL-3.0-or-later
"""Real servers for the tests: each fixture starts its own on a free loopback port and stops what it started.

No test is judged by the time it takes: machines are busy, and speed is measured in `bench/`.
"""

import os
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("patient", deadline=None)
settings.load_profile("patient")

SERVERS = ("postgres", "mariadb", "dovecot", "postfix", "tryton", "mayan", "certificates")
pytest_plugins = [f"tests.servers.{name}" for name in SERVERS]

LONGEST = ("faults", "edge")  # folders whose tests wait for real servers: first, so that nothing long is left for last


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "thorough: takes minutes; `make thorough` runs it, and `make test` does not")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if os.environ.get("GATEWAY_TESTS") != "thorough":
        later = [item for item in items if item.get_closest_marker("thorough")]
        if later:
            config.hook.pytest_deselected(items=later)
            items[:] = [item for item in items if item not in later]
    here = Path(__file__).parent
    items.sort(key=lambda item: item.path.relative_to(here).parts[0] not in LONGEST)
