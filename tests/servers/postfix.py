# SPDX-License-Identifier: GPL-3.0-or-later
"""A real Postfix of our own: private configuration, queue and log, one free loopback port; the system's is not touched.

It relays what this machine brings it, by the routes a test sets, and nothing else: a domain without a route bounces.
"""

import json
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.servers.postgres import free_port

REMEDY = "sudo apt-get install --no-install-recommends postfix"
PATIENCE_SECONDS = 60  # LIMIT: on a machine that has much else to do

_MAIN = """\
compatibility_level = 3.6
queue_directory = {home}/queue
data_directory = {home}/data
mail_owner = postfix
setgid_group = postdrop
myhostname = mail.test
mydestination =
mynetworks = 127.0.0.0/8
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
smtpd_relay_restrictions = permit_mynetworks, reject
local_header_rewrite_clients =
alias_maps =
alias_database =
local_recipient_maps =
transport_maps = texthash:{home}/etc/transport
default_transport = error:no route in this test
message_size_limit = 0
smtp_tls_security_level = none
maillog_file = {home}/mail.log
virtual_mailbox_base = {home}/mail
virtual_mailbox_maps = static:box
virtual_mailbox_limit = 0
virtual_uid_maps = static:{nobody}
virtual_gid_maps = static:{nobody}
maillog_file_prefixes = {home}
"""

_MASTER = """\
127.0.0.1:{port} inet n - n - - smtpd
pickup  unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr    unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce  unix - - n - 0 bounce
defer   unix - - n - 0 bounce
trace   unix - - n - 0 bounce
flush   unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp    unix - - n - - smtp
lmtp    unix - - n - - lmtp
virtual unix - n n - - virtual
showq   unix n - n - - showq
error   unix - - n - - error
retry   unix - - n - - error
anvil   unix - - n - 1 anvil
scache  unix - - n - 1 scache
tlsmgr  unix - - n 1000? 1 tlsmgr
postlog unix-dgram n - n - 1 postlogd
"""


@dataclass(frozen=True)
class Postfix:
    """A running Postfix."""

    home: Path  # may be entered by Postfix's own user, so sockets can stand here
    port: int
    host: str = "127.0.0.1"

    def route(self, routes: Mapping[str, str]) -> None:
        """Send the mail of each domain by its transport: ``lmtp:inet:127.0.0.1:24``, ``smtp:[127.0.0.1]:25`` …

        ``virtual:`` puts it into a mailbox here.
        """
        lines = "".join(f"{domain} {transport}\n" for domain, transport in routes.items())
        (self.home / "etc/transport").write_text(lines)
        self._reload()

    def set(self, settings: Mapping[str, str]) -> None:
        """Change settings of main.cf; whoever does so sets them back."""
        self._run("postconf", "-e", *(f"{key}={value}" for key, value in settings.items()))
        self._reload()

    def _reload(self) -> None:
        """Let it read its files anew; returns when nobody goes by the old ones any more.

        The command only sends a signal: until it is heard, an idle server takes the next letter as it always did.
        """
        before = self._processes()
        self._run("postfix", "reload")
        deadline = time.monotonic() + PATIENCE_SECONDS
        while left := before & self._processes():
            if time.monotonic() > deadline:
                raise RuntimeError(f"Postfix goes on as it was: {left}: {self.log}")
            time.sleep(0.01)

    def _processes(self) -> frozenset[str]:
        """Return the ids of what serves."""
        master = (self.home / "queue/pid/master.pid").read_text().strip()
        return frozenset(Path(f"/proc/{master}/task/{master}/children").read_text().split())

    def flush(self) -> None:
        """Try again at once whatever waits."""
        self._run("postqueue", "-f")

    def queue(self) -> list[tuple[str, str]]:
        """Return what is still here: the queue's name ("active", "deferred" …) and the reason of the last delay."""
        letters = [json.loads(line) for line in self._run("postqueue", "-j").splitlines()]
        return [(one["queue_name"], one["recipients"][0].get("delay_reason", "")) for one in letters]

    @property
    def log(self) -> str:
        return (self.home / "mail.log").read_text(errors="replace")

    def start(self) -> None:
        self._run("postfix", "start")

    def stop(self) -> None:
        self._run("postfix", "stop")

    def _run(self, program: str, *arguments: str) -> str:
        done = subprocess.run(
            [f"/usr/sbin/{program}", "-c", str(self.home / "etc"), *arguments],
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"{program} {' '.join(arguments)}: {done.stderr or self.log}")
        return done.stdout


@pytest.fixture(scope="session")
def _postfix() -> Iterator[Postfix]:
    if not os.access("/usr/sbin/postfix", os.X_OK):
        pytest.skip(f"Postfix is not installed; type: {REMEDY}")
    if os.geteuid() != 0:
        pytest.skip("Postfix starts only as root; type: sudo make test")
    home = Path(tempfile.mkdtemp(prefix="gateway-postfix-"))
    server = _prepared(home)
    try:
        server.start()
        _answering(server)
        yield server
    finally:
        if (home / "queue/pid/master.pid").exists():
            server.stop()
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture
def postfix(_postfix: Postfix) -> Iterator[Postfix]:
    """A running Postfix with an empty queue and no routes."""
    yield _postfix
    _postfix._run("postsuper", "-d", "ALL")


def _prepared(home: Path) -> Postfix:
    home.chmod(0o755)
    for name in ("etc", "queue", "data", "mail"):
        (home / name).mkdir()
    nobody = pwd.getpwnam("nobody").pw_uid
    os.chown(home / "mail", nobody, nobody)
    shutil.chown(home / "data", "postfix")
    port = free_port()
    (home / "etc/main.cf").write_text(_MAIN.format(home=home, nobody=nobody))
    (home / "etc/master.cf").write_text(_MASTER.format(port=port))
    (home / "etc/transport").write_text("")
    return Postfix(home, port)


def _answering(server: Postfix) -> None:
    """Wait until it greets."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            with socket.create_connection((server.host, server.port), timeout=5) as line:
                if line.recv(4) == b"220 ":
                    return
        except OSError:
            pass
        if time.monotonic() > deadline:
            raise RuntimeError(f"Postfix does not answer: {server.log}")
        time.sleep(0.05)
