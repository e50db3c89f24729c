# SPDX-License-Identifier: GPL-3.0-or-later
"""A real Dovecot 2.3 of our own: private directories, free loopback ports, stopped by its process id."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from base64 import b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import count
from pathlib import Path

import pytest
import trustme

from gateway.demo.offices import free_ports

PASSWORD = 'sesam "öffne\\ dich'
MAIL_UID = 5000  # owns the mail when we are root; needs no entry in the password file of the machine
REMEDY = "apt-get install --no-install-recommends dovecot-imapd dovecot-lmtpd"
_PATIENCE_SECONDS = 60.0  # LIMIT: on a machine that has much else to do


@dataclass
class Dovecot:
    """One running server; every test takes users of its own."""

    home: Path
    imap_port: int
    imaps_port: int
    lmtp_port: int
    ca_file: Path
    password: str = PASSWORD
    pid: int = 0
    _process: "subprocess.Popen[bytes] | None" = None
    _names: "count[int]" = field(default_factory=count)

    host = "localhost"

    # --- the server

    def start(self) -> None:
        """Start and return when every port answers."""
        log = (self.home / "output.log").open("ab")
        with log:
            self._process = subprocess.Popen(
                [_dovecot() or "dovecot", "-F", "-c", str(self.home / "dovecot.conf")],
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.pid = self._process.pid
        for port in (self.imap_port, self.imaps_port, self.lmtp_port):
            self._await_port(port)

    def stop(self) -> None:
        """Stop the server we started, with its children, and wait for it."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(_PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(_PATIENCE_SECONDS)
        self._process = None

    def restart(self) -> None:
        """Stop, and start again on the same ports."""
        self.stop()
        self.start()

    def _await_port(self, port: int) -> None:
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while time.monotonic() < deadline:
            if self._process is not None and self._process.poll() is not None:
                break
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1) as connected:
                connected.settimeout(_PATIENCE_SECONDS)
                if port == self.imaps_port or connected.recv(1):
                    return
            time.sleep(0.02)
        raise RuntimeError(f"dovecot does not answer on {port}: {self.log()}")

    def log(self) -> str:
        """Return the last lines of what the server logged."""
        lines: list[str] = []
        for name in ("output.log", "dovecot.log"):
            with contextlib.suppress(FileNotFoundError):
                lines += (self.home / name).read_text(errors="replace").splitlines()[-20:]
        return "\n".join(lines)

    def doveadm(self, *arguments: str, letter: bytes | None = None) -> str:
        """Run doveadm against this server and return its output; raises RuntimeError with its words."""
        command = [shutil.which("doveadm") or "doveadm", "-c", str(self.home / "dovecot.conf"), *arguments]
        done = subprocess.run(command, input=letter, capture_output=True, check=False, timeout=_PATIENCE_SECONDS)
        if done.returncode:
            raise RuntimeError(f"{' '.join(arguments)}: {done.stderr.decode(errors='replace')}")
        return done.stdout.decode()

    # --- mailboxes

    def user(self) -> str:
        """Return a new user with an empty INBOX; the password is `password`."""
        name = f"registry{next(self._names)}"
        self.open_mailbox(name)
        return name

    def open_mailbox(self, user: str) -> None:
        """Make an empty INBOX, also in the place of one that was lost."""
        for part in ("cur", "new", "tmp"):
            self._make(self.home / "mail" / user / "Maildir" / part)

    def _make(self, directory: Path) -> None:
        """Make *directory* and what is above it, owned by the user of the mail."""
        for step in reversed([directory, *directory.parents]):
            if not step.exists():
                step.mkdir(mode=0o700)
                self._own(step)

    def _own(self, path: Path) -> None:
        if os.geteuid() == 0:
            os.chown(path, MAIL_UID, MAIL_UID)

    def folder(self, user: str, name: str) -> None:
        """Create a folder."""
        self.doveadm("mailbox", "create", "-u", user, name)

    def deliver(self, user: str, letter: bytes, folder: str = "INBOX") -> None:
        """Drop *letter* into a folder as a delivery agent does: whole or not at all."""
        maildir = self.home / "mail" / user / "Maildir" / ("" if folder == "INBOX" else f".{folder}")
        name = f"{time.time_ns()}.{next(self._names)}.example"
        with (maildir / "tmp" / name).open("xb") as file:
            file.write(letter)
        self._own(maildir / "tmp" / name)
        (maildir / "tmp" / name).rename(maildir / "new" / name)

    def flags(self, user: str, folder: str = "INBOX") -> dict[int, frozenset[str]]:
        r"""Return the flags of every letter by UID, without ``\Recent``."""
        lines = self.doveadm("-f", "tab", "fetch", "-u", user, "uid flags", "mailbox", folder, "ALL").splitlines()[1:]
        fields = [line.partition("\t") for line in lines]
        return {int(uid): frozenset(words.split()) - {"\\Recent"} for uid, _, words in fields}

    def uidvalidity(self, user: str, folder: str = "INBOX") -> int:
        """Return the UIDVALIDITY of a folder."""
        return int(self.doveadm("-f", "tab", "mailbox", "status", "-u", user, "uidvalidity", folder).split()[-1])

    def expunge(self, user: str, uid: int, folder: str = "INBOX") -> None:
        """Remove one letter for good, from another session as it were."""
        self.doveadm("expunge", "-u", user, "mailbox", folder, "uid", str(uid))

    def recreate(self, user: str, folder: str) -> None:
        """Delete a folder and make it anew with the same letters: same content, new UIDVALIDITY, new UIDs."""
        self.doveadm("mailbox", "rename", "-u", user, folder, "Aside")
        self.doveadm("mailbox", "create", "-u", user, folder)
        self.doveadm("copy", "-u", user, folder, "mailbox", "Aside", "ALL")
        self.doveadm("mailbox", "delete", "-u", user, "Aside")


@pytest.fixture(scope="session")
def dovecot() -> Iterator[Dovecot]:
    """A running Dovecot, one for the whole run."""
    with running() as server:
        yield server


@contextlib.contextmanager
def running(more: str = "", files: Mapping[str, str] | None = None) -> Iterator[Dovecot]:
    """Run one Dovecot with *more* in its configuration, where ``{home}`` is its folder, and *files* in that."""
    if _dovecot() is None or shutil.which("doveadm") is None:
        pytest.skip(f"no Dovecot here; type: {REMEDY}")
    home = Path(tempfile.mkdtemp(prefix="dovecot-"))
    server = _prepared(home, more)
    for name, words in (files or {}).items():
        (home / name).write_text(words)
    try:
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(home, ignore_errors=True)


def _dovecot() -> str | None:
    return shutil.which("dovecot") or shutil.which("dovecot", path="/usr/sbin:/usr/local/sbin")


def _prepared(home: Path, more: str) -> Dovecot:
    home.chmod(0o755)  # the mail processes run as somebody else
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(home / "ca.pem"))
    authority.issue_cert("localhost", "127.0.0.1").private_key_and_cert_chain_pem.write_to_path(str(home / "tls.pem"))
    authority.issue_cert("gateway.example").private_key_and_cert_chain_pem.write_to_path(str(home / "client.pem"))
    imap, imaps, lmtp = free_ports(3)
    server = Dovecot(home, imap, imaps, lmtp, home / "ca.pem")
    (home / "dovecot.conf").write_text(_configuration(server) + more.replace("{home}", str(home)))
    server._make(home / "mail")
    return server


def _configuration(server: Dovecot) -> str:
    home = server.home
    root = os.geteuid() == 0
    secret = "{SHA256}" + b64encode(sha256(server.password.encode()).digest()).decode()
    me = "" if root else _unprivileged()
    owner = MAIL_UID if root else os.geteuid()
    group = MAIL_UID if root else os.getegid()
    return f"""
base_dir = {home}/run
state_dir = {home}/state
log_path = {home}/dovecot.log
protocols = imap lmtp
listen = 127.0.0.1
{me}
ssl = yes
ssl_cert = <{home}/tls.pem
ssl_key = <{home}/tls.pem
disable_plaintext_auth = no
auth_mechanisms = plain login
auth_username_format = %Ln
auth_failure_delay = 0
auth_verbose = no
mail_location = maildir:~/Maildir
mail_max_userip_connections = 100
first_valid_uid = 1
maildir_very_dirty_syncs = no
namespace inbox {{
  inbox = yes
  separator = /
}}
passdb {{
  driver = static
  args = password={secret}
}}
userdb {{
  driver = static
  args = uid={owner} gid={group} home={home}/mail/%u
}}
service imap-login {{
  inet_listener imap {{
    port = {server.imap_port}
  }}
  inet_listener imaps {{
    port = {server.imaps_port}
    ssl = yes
  }}
  service_count = 0
}}
service anvil {{
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service lmtp {{
  inet_listener lmtp {{
    address = 127.0.0.1
    port = {server.lmtp_port}
  }}
}}
"""


def _unprivileged() -> str:
    import grp
    import pwd

    user = pwd.getpwuid(os.geteuid()).pw_name
    group = grp.getgrgid(os.getegid()).gr_name
    rooms = "\n".join(f"service {name} {{\n  chroot =\n}}" for name in ("anvil", "imap-login", "stats"))
    return f"default_internal_user = {user}\ndefault_login_user = {user}\ndefault_internal_group = {group}\n{rooms}"
