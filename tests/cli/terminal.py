# SPDX-License-Identifier: GPL-3.0-or-later
"""A person at a terminal: a real pseudo-terminal that the program takes for its own."""

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from select import select

PATIENCE_SECONDS = 60.0  # LIMIT: for the next question
UNHEARD_SECONDS = 5.0  # LIMIT: a signal between two lines of Python is noticed at the next one only
INTERRUPT = "\x03"


class Terminal:
    """What was shown so far, and a keyboard."""

    def __init__(self, number: int, process: "subprocess.Popen[bytes]") -> None:
        self._number, self._process = number, process
        self._read_to = 0
        self.shown = ""

    def until(self, words: str) -> str:
        """Read until *words* are shown after what was read before; return what came before them."""
        while (place := self.shown.find(words, self._read_to)) < 0:
            assert self._more(), f"the program ended before it showed {words!r}:\n{self.shown}"
        before, self._read_to = self.shown[self._read_to : place], place + len(words)
        return before

    def type(self, line: str) -> None:
        os.write(self._number, f"{line}\n".encode())

    def interrupted(self) -> int:
        """Press Ctrl-C until the program ends, again only when nothing came of it; return the exit code."""
        for _ in range(int(PATIENCE_SECONDS / UNHEARD_SECONDS)):
            os.write(self._number, INTERRUPT.encode())
            while select([self._number], [], [], UNHEARD_SECONDS)[0]:
                if not self._more():
                    return self._process.wait(PATIENCE_SECONDS)
        raise AssertionError(f"Ctrl-C does not end it:\n{self.shown}")

    def ended(self) -> int:
        """Read to the end; return the exit code."""
        while self._more():
            pass
        return self._process.wait(PATIENCE_SECONDS)

    def _more(self) -> bool:
        ready, _, _ = select([self._number], [], [], PATIENCE_SECONDS)
        assert ready, f"nothing more is shown:\n{self.shown}"
        try:
            block = os.read(self._number, 65536)
        except OSError:  # EIO: nobody holds the other end any more
            return False
        self.shown += block.decode(errors="replace").replace("\r\n", "\n")
        return bool(block)


@contextmanager
def terminal(arguments: Sequence[str | Path], home: Path) -> Iterator[Terminal]:
    """Run the gateway's command line on a terminal of its own."""
    ours, theirs = os.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "gateway", *map(str, arguments)],
        cwd=home,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        close_fds=True,
        pass_fds=(theirs,),
        preexec_fn=lambda: os.login_tty(theirs),
    )
    os.close(theirs)
    try:
        yield Terminal(ours, process)
    finally:
        process.kill()
        process.wait(PATIENCE_SECONDS)
        os.close(ours)
