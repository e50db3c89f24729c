# SPDX-License-Identifier: GPL-3.0-or-later
"""A shell's prompt: our commands, each a process of its own, forked from one where the program is loaded already.

What a command reads, prints and answers is that of a command that was started by itself; only the second of loading
Python's modules is saved.  Laws about starting, signals and terminals start a real one.
``python -m tests.prompt`` is the process that forks: a command to type on each line of its input, how it ended on each
line of its output; it ends with its input.
"""

import atexit
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from select import select
from tempfile import TemporaryDirectory
from typing import Any

ROOT = Path(__file__).parents[1]
GATEWAY, REGISTRY = "edms-gateway", "edms-registry"
PROGRAMS = {GATEWAY: "gateway.cli", REGISTRY: "gateway.edms_adapter.registry.desk"}
LOADED = ("gateway.build", "gateway.edms_adapter.sql.edms", "rich.console", "rich.table", *PROGRAMS.values())


@dataclass(frozen=True, slots=True)
class Typed:
    """How a command ended, and what it printed."""

    returncode: int
    stdout: str
    stderr: str

    @property
    def output(self) -> str:
        return self.stdout + self.stderr


def typed(
    program: str,
    *arguments: str | Path,
    home: Path | None = None,
    env: Mapping[str, str] | None = None,
    patience_seconds: float = 60,
) -> Typed:
    """Type *program* with *arguments* in the folder *home*; return how it ended, or raise TimeoutError."""
    with TemporaryDirectory() as folder:
        told = {
            "program": program,
            "arguments": [str(one) for one in arguments],
            "home": str(home or Path.cwd()),
            "env": dict(os.environ if env is None else env),
            "printed": [f"{folder}/stdout", f"{folder}/stderr"],
        }
        code = _prompt().type(json.dumps(told), patience_seconds)
        return Typed(code, *(Path(one).read_text("utf-8") for one in told["printed"]))


class Prompt:
    """The process that forks."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "tests.prompt"]
        self._process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True, text=True
        )

    def type(self, line: str, patience_seconds: float) -> int:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()
        if not select([self._process.stdout], [], [], patience_seconds)[0]:
            _prompt.cache_clear()
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.communicate()
            raise TimeoutError(line)
        return int(self._process.stdout.readline())

    def close(self) -> None:
        """End it; it is asked by the end of its input."""
        if self._process.returncode is None:
            self._process.communicate()


@cache
def _prompt() -> Prompt:
    prompt = Prompt()
    atexit.register(prompt.close)
    return prompt


def forked() -> dict[str, Any] | None:  # Any: as JSON has it
    """Fork for each line of the input; return what to be in the forked process, None in this one at the end."""
    for line in sys.stdin:
        if not (child := os.fork()):
            told: dict[str, Any] = json.loads(line)
            return told
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
    return None


def become(program: str, arguments: list[str], home: str, env: dict[str, str], printed: list[str]) -> None:
    """Look like a process that was just started, then be *program*."""
    os.chdir(home)
    os.environ.clear()
    os.environ.update(env)
    time.tzset()
    for number, path in enumerate((os.devnull, *printed)):
        os.dup2(os.open(path, os.O_RDONLY if number == 0 else os.O_WRONLY | os.O_CREAT, 0o600), number)
    sys.stdin, sys.stdout, sys.stderr = open(0), open(1, "w"), open(2, "w", buffering=1)  # noqa: SIM115
    sys.argv = [program, *arguments]
    import_module(PROGRAMS[program]).main(prog_name=program)


if __name__ == "__main__":
    from gateway.cli import COMMANDS

    for module in (*LOADED, *(f"gateway.cli.{home}" for home, _ in COMMANDS.values())):
        import_module(module)
    if (wanted := forked()) is not None:
        become(**wanted)
