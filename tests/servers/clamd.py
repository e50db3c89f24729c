# SPDX-License-Identifier: GPL-3.0-or-later
"""A real clamd with signatures of our own: the EICAR test file, and nothing from the network."""

import shutil
import socket
import subprocess
from hashlib import md5
from pathlib import Path
from time import monotonic, sleep

import pytest

# Written in two halves, so that no scanner takes the sources for the test file.
EICAR = (r"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-" + "ANTIVIRUS-TEST-FILE!$H+H*").encode()
SIGNATURE = "Test.EICAR"


class Clamd:
    """clamd on a Unix socket below *home*, until `stop`."""

    def __init__(self, home: Path, *, stream_max: str = "400M") -> None:
        program = shutil.which("clamd")
        if program is None:
            pytest.skip("there is no clamd here: apt-get install clamav-daemon")
        self.socket = home / "clamd.ctl"
        self._home = home
        self._program = program
        database = home / "signatures"
        database.mkdir(parents=True)
        digest = md5(EICAR, usedforsecurity=False).hexdigest()
        (database / "test.hdb").write_text(f"{digest}:{len(EICAR)}:{SIGNATURE}\n")
        (home / "clamd.conf").write_text(
            f"LocalSocket {self.socket}\nForeground yes\nDatabaseDirectory {database}\nLogFile {home}/clamd.log\n"
            f"StreamMaxLength {stream_max}\nMaxScanSize {stream_max}\nMaxFileSize {stream_max}\n"
            f"TemporaryDirectory {home}\n"
            "MaxThreads 2\nAlertEncrypted yes\nAlertExceedsMax yes\nFixStaleSocket yes\n"
        )
        self.process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        with (self._home / "output").open("ab") as output:
            command = [self._program, "-c", str(self._home / "clamd.conf")]
            self.process = subprocess.Popen(command, stdout=output, stderr=output)
        deadline = monotonic() + 60
        while not self._answers():
            assert self.process.poll() is None, (self._home / "output").read_text()
            assert monotonic() < deadline, "clamd does not answer"
            sleep(0.05)

    def _answers(self) -> bool:
        with socket.socket(socket.AF_UNIX) as line:
            try:
                line.connect(str(self.socket))
                line.sendall(b"nPING\n")
                return line.recv(100) == b"PONG\n"
            except OSError:
                return False

    def stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None
        self.socket.unlink(missing_ok=True)
