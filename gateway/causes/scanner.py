# SPDX-License-Identifier: GPL-3.0-or-later
"""The scanner for viruses does not work, and documents wait for it."""

from collections.abc import Iterator

from gateway.causes.cause import Cause
from gateway.causes.look import Look
from gateway.journal import scans
from gateway.settings import AntivirusSettings


def scanner(look: Look) -> Iterator[Cause]:
    if not look.settings.antivirus.enabled:
        return
    stands = scans.pause(look.tx)
    if stands is not None:
        remedy = f"{_tried(look.settings.antivirus)}; documents go on by themselves"
        yield Cause("scanner", "the scanner does not work, documents wait", stands.opened_at, stands.words, remedy)


def _tried(rules: AntivirusSettings) -> str:
    if rules.command:
        return f"run it by hand on any file: {rules.command[0]}"
    if rules.socket:
        return "see whether it runs: systemctl status clamav-daemon"
    host, port = rules.address
    return f"see whether it answers: nc {host} {port}"
