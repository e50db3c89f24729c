# SPDX-License-Identifier: GPL-3.0-or-later
"""What the gateway is measured against: a Postfix of our own that discards what it queued, and an aiosmtpd that never
keeps anything.  Neither understands a letter, so both are upper bounds, one with a durable queue and one without.
"""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session

from bench.gateways import STOP_SECONDS, answering, stop
from gateway.demo.offices import free_ports

POSTFIX = Path("/usr/sbin/postfix")
REMEDY = "apt-get install --no-install-recommends postfix, then run as root"
_MAIN = """\
compatibility_level = 3.6
queue_directory = {home}/queue
data_directory = {home}/data
mail_owner = postfix
setgid_group = postdrop
myhostname = bench.example
mydestination =
mynetworks = 127.0.0.0/8
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
smtpd_relay_restrictions = permit_mynetworks, reject
local_header_rewrite_clients =
alias_maps =
alias_database =
local_recipient_maps =
default_transport = discard
message_size_limit = 0
smtp_tls_security_level = none
maillog_file = {home}/mail.log
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
proxymap unix - - n - - proxymap
showq   unix n - n - - showq
error   unix - - n - - error
retry   unix - - n - - error
discard unix - - n - - discard
anvil   unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
"""


def postfix_is_missing() -> str:
    """Return why there can be no Postfix here, or empty."""
    if not os.access(POSTFIX, os.X_OK):
        return f"Postfix is not installed: {REMEDY}"
    return "" if os.geteuid() == 0 else f"Postfix starts only as root: {REMEDY}"


@contextmanager
def postfix(home: Path) -> Iterator[int]:
    """Run a private Postfix in *home* (new, to be entered by its own user) and yield its port."""
    for folder in (home, home / "etc", home / "queue", home / "data"):
        folder.mkdir()
        folder.chmod(0o755)
    shutil.chown(home / "data", "postfix")
    port = free_ports(1)[0]
    (home / "etc/main.cf").write_text(_MAIN.format(home=home))
    (home / "etc/master.cf").write_text(_MASTER.format(port=port))
    server = subprocess.Popen(
        [POSTFIX, "-c", home / "etc", "start-fg"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        answering(port, server)
        yield port
    finally:
        with suppress(FileNotFoundError, ProcessLookupError):  # the master is a child of what we started
            os.kill(int((home / "queue/pid/master.pid").read_text()), signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            server.wait(STOP_SECONDS)
        stop(server)


def emptied(home: Path, patience: float = 60) -> None:
    """Return when the Postfix in *home* has discarded all it had queued; raises RuntimeError when it does not."""
    deadline = time.monotonic() + patience
    queues = [home / "queue" / name for name in ("incoming", "active", "maildrop")]
    while any(file.is_file() for queue in queues for file in queue.rglob("*")):
        if time.monotonic() > deadline:
            raise RuntimeError("Postfix does not empty its queue")
        time.sleep(0.01)


class Forgetful:
    """An aiosmtpd handler that takes everything and keeps nothing."""

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        return "250 forgotten"


@contextmanager
def aiosmtpd() -> Iterator[int]:
    """Run a bare aiosmtpd as a process of its own and yield its port."""
    port = free_ports(1)[0]
    server = subprocess.Popen([sys.executable, "-m", "bench.rivals", str(port)])
    try:
        answering(port, server)
        yield port
    finally:
        stop(server)


async def _serve(port: int) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(Forgetful(), loop=loop), "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1])))
