# SPDX-License-Identifier: GPL-3.0-or-later
"""Real servers for the tests: each fixture starts its own on a free loopback port and stops what it started."""

pytest_plugins = ["tests.servers.postgres", "tests.servers.dovecot", "tests.servers.postfix"]
