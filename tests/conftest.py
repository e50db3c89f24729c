# SPDX-License-Identifier: GPL-3.0-or-later
"""Real servers for the tests: each fixture starts its own on a free loopback port and stops what it started.

No test is judged by the time it takes: machines are busy, and speed is measured in `bench/`.
"""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from hypothesis import settings

settings.register_profile("patient", deadline=None)
settings.load_profile("patient")

SERVERS = ("postgres", "mariadb", "dovecot", "postfix", "tryton", "mayan", "certificates")
pytest_plugins = [*(f"tests.servers.{name}" for name in SERVERS), "tests.canaries"]

LONGEST = ("faults", "edge")  # folders whose tests wait for real servers: first, so that nothing long is left for last


@pytest.fixture(autouse=True)
def _errors_are_shown_as_ours_are() -> None:
    """No values of variables stand beside an error, as in a running gateway, whatever another test configured."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.dev.set_exc_info,
            structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback),
        ]
    )


def pytest_configure(config: pytest.Config) -> None:
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # begun in the background: what we start would be deaf too
        signal.signal(signal.SIGINT, signal.default_int_handler)
    config.addinivalue_line("markers", "thorough: takes minutes; `make thorough` runs it, and `make test` does not")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if os.environ.get("GATEWAY_TESTS") != "thorough":
        later = [item for item in items if item.get_closest_marker("thorough")]
        if later:
            config.hook.pytest_deselected(items=later)
            items[:] = [item for item in items if item not in later]
    here = Path(__file__).parent
    items.sort(key=lambda item: item.path.relative_to(here).parts[0] not in LONGEST)


@pytest.fixture(autouse=True)
def _logs_as_they_were() -> Iterator[None]:
    """A test that quiets the log, as the fuzzer does, quiets none of those after it."""
    yield
    structlog.reset_defaults()
