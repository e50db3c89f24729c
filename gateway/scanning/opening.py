# SPDX-License-Identifier: GPL-3.0-or-later
"""From [antivirus] to a scanner."""

from importlib.util import find_spec
from pathlib import Path

from gateway.ports import Scanner
from gateway.scanning.command import Command
from gateway.settings import AntivirusSettings


class NoScanner(Exception):
    """The scanner that is named cannot be used on this machine; says what would mend it."""


def scanner_of(settings: AntivirusSettings, spool: Path) -> Scanner | None:
    """Return the scanner that *settings* name, or None; a command finds its files in the folder *spool*.

    Nobody is asked yet.  Raises NoScanner when a part of the program is missing.
    """
    if settings.command:
        return Command(settings.command, spool)
    if settings.clamd is None:
        return None
    if find_spec("aioclamd") is None:
        raise NoScanner("aioclamd is not installed; type: pip install 'edms-gateway[av]'")
    from gateway.scanning.clamd import Clamd

    return Clamd(settings.socket) if settings.socket else Clamd(*settings.address)
