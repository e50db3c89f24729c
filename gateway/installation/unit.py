# SPDX-License-Identifier: GPL-3.0-or-later
"""The shipped systemd unit, fitted to an installation: other paths and another account, the same restrictions."""

import re
from dataclasses import dataclass
from pathlib import Path

from gateway.templates_home import shipped

UNIT = "edms-gateway.service"
STATES = Path("/var/lib")  # where systemd keeps the folders it makes itself
HOMES = tuple(Path(home) for home in ("/home", "/root", "/run/user"))  # hidden by ProtectHome=yes


@dataclass(frozen=True, slots=True)
class Places:
    """Where things of one installation are; every path is absolute."""

    program: tuple[str, ...]  # how the gateway is called: one path, or an interpreter and its arguments
    configuration: Path
    state: Path
    edms_files: Path
    user: str


def unit(places: Places) -> str:
    """Return the text of the unit."""
    text = (shipped("config") / UNIT).read_text(encoding="utf-8")
    command = " ".join(_escaped(word) for word in (*places.program, "--config", str(places.configuration), "run"))
    text = _put(text, "ExecStart", command)
    text = _put(text, "User", places.user)
    text = _put(text, "Group", places.user)
    text = text.replace("/etc/edms-gateway/", f"{places.configuration.parent}/")
    written = [] if places.edms_files.is_relative_to(places.state) else [places.edms_files]
    if places.state.parent == STATES:
        text = _put(text, "StateDirectory", _escaped(places.state.name))
        text = text.replace("# /var/lib/edms-gateway:", f"# {places.state}:")
    else:
        text = re.sub(r"(?m)^StateDirectory.*\n", "", text).replace(
            "# /var/lib/edms-gateway: the journal and large letters; ", "# "
        )
        written.insert(0, places.state)
    if written:
        text = _after(text, "ProtectSystem=strict", "ReadWritePaths=" + " ".join(_quoted(path) for path in written))
    everywhere = (Path(places.program[0]), places.configuration, places.state, places.edms_files)
    if any(path.is_relative_to(home) for path in everywhere for home in HOMES):
        text = _put(text, "ProtectHome", "read-only")
    return text


def _put(text: str, key: str, value: str) -> str:
    return re.sub(rf"(?m)^{key}=.*$", lambda found: f"{key}={value}", text)


def _after(text: str, line: str, more: str) -> str:
    return text.replace(f"\n{line}\n", f"\n{line}\n{more}\n")


def _escaped(word: str) -> str:
    """Return *word* as a unit has it (systemd.service(5), systemd.syntax(7))."""
    return _quoted(word.replace("$", "$$"))


def _quoted(word: str | Path) -> str:
    plain = str(word).replace("%", "%%")
    return '"' + plain.replace("\\", "\\\\").replace('"', '\\"') + '"' if re.search(r'[\s"\'\\;]', plain) else plain
