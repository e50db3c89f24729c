# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes the first configuration to the disk: nothing is overwritten, and no secret can be read by others."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex

from gateway.installation.configuration import GATEWAY, configuration
from gateway.installation.questions import Answers, has_registry
from gateway.installation.unit import UNIT, Places, unit
from gateway.settings import Settings
from gateway.settings_files import load
from gateway.starter import fill_registry

MAX_SECRET = 64 << 10  # LIMIT: bytes of a file that holds a password


@dataclass(frozen=True, slots=True)
class Founded:
    """What was written, and what it says."""

    paths: tuple[Path, ...]
    places: Places
    settings: Settings


def found(directory: Path, given: Answers, program: Sequence[str]) -> Founded:
    """Write configuration, secrets, folders and unit of an installation whose program is called by *program*.

    Raises FileExistsError, before anything is written, when one of the files is there already.
    """
    state = Path(given["system.state"])
    config = directory / GATEWAY
    written = configuration(given, token_hex(32) + "\n")
    files = given["edms.files"] if not has_registry(given) else state / "files"
    places = Places(tuple(program), config, state, Path(files), given["system.user"])
    private = {directory / name: text for name, text in (*written.texts.items(), *written.secrets.items())}
    taken = [*private, directory / UNIT, *([state / "registry.db"] if has_registry(given) else [])]
    for path in taken:
        if path.exists():
            raise FileExistsError(17, "exists", str(path))
    for folder in (directory, state):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not any(folder.iterdir()):  # it is ours alone
            folder.chmod(0o700)
    for path, text in private.items():
        _write(path, text, 0o600)
    _write(directory / UNIT, unit(places), 0o644)
    settings = load(config)
    if has_registry(given):
        fill_registry(settings)
        settings.edms.files.mkdir(mode=0o700, exist_ok=True)
    return Founded(tuple(taken), places, settings)


def _write(path: Path, text: str, mode: int) -> None:
    """Write a new file that never could be read by more people than *mode* says."""
    number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with open(number, "w", encoding="utf-8") as file:
        file.write(text)
        os.fchmod(number, mode)


def secret_in(path: Path) -> str:
    """Return the password that the file *path* holds, without the end of its line; raises OSError or ValueError."""
    with path.open("rb") as file:
        content = file.read(MAX_SECRET + 1)
    if len(content) > MAX_SECRET:
        raise ValueError("it is too large for a password")
    return content.decode().strip("\r\n")
