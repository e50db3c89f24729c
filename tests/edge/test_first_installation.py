# SPDX-License-Identifier: GPL-3.0-or-later
"""The page of the first installation is true: it is typed, from top to bottom, beside a real Postfix and Dovecot."""

import os
import re
import shlex
import signal
import smtplib
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from gateway.starter import write_starter
from tests import prompt
from tests.edge.pages import ROOT, Lines, Step, steps
from tests.servers.dovecot import Dovecot
from tests.servers.dovecot import running as dovecot_server
from tests.servers.postfix import Postfix

PAGES = [ROOT / "docs" / language / "first-installation.md" for language in ("en", "ru")]
ETC = "/etc/edms-gateway"
LOOKS = frozenset({"status", "observe", "list", "trace"})
PATIENCE_SECONDS = 60.0  # LIMIT: for a letter to go round, or a mailbox to be tried again
ENDED = re.compile(r"ready:|is not used")


@dataclass
class Machine:
    """The gateway's machine, and the mail server that its page speaks of."""

    home: Path
    mail: Dovecot
    postfix: Postfix
    service: "subprocess.Popen[bytes] | None" = None
    passwords: list[str] = field(default_factory=lambda: ["first", "second"])

    @property
    def etc(self) -> Path:
        return self.home / "etc"

    @property
    def log(self) -> Path:
        return self.home / "service.log"

    # --- what the page does not type: the mail server's side

    def set_password(self, password: str) -> None:
        users = self.mail.home / "users"
        users.write_text(f"exchange:{{PLAIN}}{password}\n")
        users.chmod(0o644)

    def change_password(self) -> None:
        self.set_password(self.passwords[1])
        self.mail.doveadm("kick", "exchange")

    def bring_a_letter(self) -> None:
        """A document of the partner comes by the mail server."""
        starter = write_starter(self.home / "sample")
        letter = re.sub(rb"\r?\n", b"\r\n", (self.home / "sample" / "sample.eml").read_bytes())
        with smtplib.SMTP("127.0.0.1", self.postfix.port) as server:
            server.sendmail(starter.sender, [starter.recipient], letter)

    # --- what the page types

    def write(self, lines: Lines) -> None:
        text = lines.text.replace("imap.office.example", "localhost").replace("mail.office.example", "127.0.0.1")
        text = text.replace("port = 25\n", f"port = {self.postfix.port}\n")
        text = text.replace("/srv/imap-password", str(self.home / "imap-password"))
        text = text.replace('user = "exchange"\n', f'user = "exchange"\nport = {self.mail.imaps_port}\n')
        (self.home / lines.path).write_text(text, "utf-8")
        (self.home / "imap-password").write_text(self.passwords[0])
        (self.home / "imap-password").chmod(0o600)

    def typed(self, step: Step) -> None:
        if "report observe" in step.typed:
            self.bring_a_letter()
        if "AUTHENTICATIONFAILED" in step.printed:
            self.change_password()
        if step.typed.startswith("systemctl"):
            return self._systemctl(step.typed.split()[1])
        code, output = self._until_shown(step)
        assert step.shown_in(output), f"line {step.line}: {step.typed}\n{output}"
        assert code == 0 or step.printed, f"line {step.line}: {step.typed}\n{output}"
        if "BEGIN CERTIFICATE" not in output and "get local issuer" in output:
            (self.etc / "ca.pem").write_bytes(self.mail.ca_file.read_bytes())
        if "AUTHENTICATIONFAILED" in step.printed:
            (self.etc / "imap.secret").write_text(self.passwords[1])
        return None

    def _until_shown(self, step: Step) -> tuple[int, str]:
        until = time.monotonic() + PATIENCE_SECONDS
        while True:
            done = self._done(step.typed.replace(ETC, str(self.etc)))
            if step.shown_in(done.output) or not LOOKS & set(shlex.split(step.typed)) or time.monotonic() > until:
                return done.returncode, done.output
            time.sleep(0.3)

    def _done(self, typed: str) -> prompt.Typed:
        if not typed.startswith("sed "):
            return prompt.typed(*shlex.split(typed), home=self.home, env=self._environment, patience_seconds=150)
        ended = subprocess.run(["sh", "-c", typed], cwd=self.home, capture_output=True, text=True)
        return prompt.Typed(ended.returncode, ended.stdout, ended.stderr)

    @property
    def _environment(self) -> dict[str, str]:
        return {**os.environ, "EDMS_GATEWAY_CONFIG": str(self.etc / "gateway.toml")}

    def _systemctl(self, what: str) -> None:
        before = len(ENDED.findall(self.log.read_text("utf-8"))) if self.log.exists() else 0
        if what == "start":
            with self.log.open("wb") as out:
                self.service = subprocess.Popen(
                    [sys.executable, "-m", "gateway", "run"],
                    cwd=self.home,
                    env=self._environment,
                    stdout=out,
                    stderr=subprocess.STDOUT,
                )
        else:
            assert self.service is not None
            self.service.send_signal(signal.SIGHUP)
        until = time.monotonic() + PATIENCE_SECONDS
        while len(ENDED.findall(self.log.read_text("utf-8"))) == before:
            assert time.monotonic() < until, self.log.read_text("utf-8")[-2000:]
            time.sleep(0.1)


PASSDB = """
passdb {
  driver = passwd-file
  args = scheme=PLAIN username_format=%Ln {home}/users
}
"""


@pytest.fixture
def machine(tmp_path: Path, postfix: Postfix) -> Iterator[Machine]:
    with dovecot_server(PASSDB, {"users": ""}) as mail:
        made = Machine(tmp_path, mail, postfix)
        made.set_password(made.passwords[0])
        for user in ("exchange", "partner"):
            mail.open_mailbox(user)
        mailboxes = f"lmtp:inet:127.0.0.1:{mail.lmtp_port}"
        postfix.route({"office.example": mailboxes, "partner.example": mailboxes})
        try:
            yield made
        finally:
            if made.service is not None:
                made.service.terminate()
                made.service.wait(60)


@pytest.mark.thorough
@pytest.mark.parametrize("page", PAGES, ids=("en", "ru"))
def test_an_administrator_comes_from_nothing_to_live(machine: Machine, page: Path) -> None:
    for one in steps(page.read_text("utf-8")):
        if isinstance(one, Lines):
            machine.write(one)
        else:
            machine.typed(one)
