# SPDX-License-Identifier: GPL-3.0-or-later
"""Real servers for the tests: each fixture starts its own on a free loopback port and stops what it started.

No test is judged by the time it takes: machines are busy, and speed is measured in `bench/`.
"""

from hypothesis import settings

settings.register_profile("patient", deadline=None)
settings.load_profile("patient")

pytest_plugins = ["tests.servers.postgres", "tests.servers.dovecot", "tests.servers.postfix"]
