# SPDX-License-Identifier: GPL-3.0-or-later
"""Real servers for the tests: each fixture starts its own on a free loopback port and stops what it started.

No test is judged by the time it takes: machines are busy, and speed is measured in `bench/`.
"""

from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("patient", deadline=None)
settings.load_profile("patient")

SERVERS = ("postgres", "mariadb", "dovecot", "postfix", "tryton", "mayan", "certificates")
pytest_plugins = [f"tests.servers.{name}" for name in SERVERS]

LONGEST = ("faults", "edge")  # folders whose tests wait for real servers: first, so that nothing long is left for last


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    items.sort(key=lambda item: item.path.relative_to(here).parts[0] not in LONGEST)
