# SPDX-License-Identifier: GPL-3.0-or-later
"""Any scanner that is a program: started for each file, and answers by its exit code: 0 clean, 1 found, else trouble.

It runs in a session of its own, so that what it started ends with it when its time is over.
"""

import os
import signal
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from tempfile import NamedTemporaryFile, TemporaryFile
from typing import IO

from gateway.model import Content
from gateway.ports import Scanned, ScannerTrouble, Verdict
from gateway.settings.antivirus import FILE

MAX_WORDS = 200  # LIMIT: characters of its words that are kept
MAX_OUTPUT = 4096  # LIMIT: bytes of its words that are read


@dataclass(frozen=True, slots=True)
class Command:
    """The program *words*, which finds each file in the folder *spool*."""

    words: tuple[str, ...]
    spool: Path

    def scan(self, content: Content, patience: timedelta) -> Scanned:
        """See `ports.Scanner`."""
        program = self.words[0]
        with NamedTemporaryFile(dir=self.spool, prefix="scan-") as file, TemporaryFile() as said:
            for block in content.blocks():
                file.write(block)
            file.flush()
            code = self._run([word.replace(FILE, file.name) for word in self.words], said, patience)
            words = _first_line(said).replace(file.name, "the file")[:MAX_WORDS]
        if code == 0:
            return Scanned(Verdict.CLEAN, "", program)
        if code == 1:
            return Scanned(Verdict.VIRUS, words or "it did not say what", program)
        how = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with {code}"
        raise ScannerTrouble(f"{program} {how}: {words or 'without a word'}")

    def _run(self, command: list[str], said: IO[bytes], patience: timedelta) -> int:
        """Return the exit code, negative for a signal; raises ScannerTrouble when it cannot start or is too slow."""
        try:
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=said, stderr=subprocess.STDOUT, start_new_session=True
            )
        except OSError as error:
            raise ScannerTrouble(f"{command[0]} cannot be started: {error.strerror}") from error
        try:
            return process.wait(patience.total_seconds())
        except subprocess.TimeoutExpired as error:
            raise ScannerTrouble(f"{command[0]} did not end in time") from error
        finally:
            if process.poll() is None:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def _first_line(said: IO[bytes]) -> str:
    said.seek(0)
    text = said.read(MAX_OUTPUT).decode("utf-8", "replace")
    lines = ("".join(one if one.isprintable() else " " for one in line).strip() for line in text.splitlines())
    return next((line for line in lines if line), "")
