# SPDX-License-Identifier: GPL-3.0-or-later
"""Nights when an account breaks under a running gateway: what `status` prints, and that everything else goes on."""

import json
import re
import signal
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from gateway.outbound.circuits import RELAY_AFTER
from tests import prompt
from tests.edge.test_node import Node, document, eventually, running
from tests.edge.test_oauth import XOAUTH2, _oauth2
from tests.servers import dovecot as dovecots
from tests.servers import tokens as providers
from tests.servers.dovecot import Dovecot
from tests.servers.tokens import CLIENT, SECRET

NORTH = """
[[channel]]
id = "north-mail"
address = "exchange@north.example"
proof = { kind = "mailbox", name = "exchange" }
[[partner]]
id = "north"
name = "North"
channel = "north-mail"
indices = ["NORTH"]
mode = "live"
[[receive]]
partner = ["north"]
"""
PASSWORD_FILE = 'password_file = "imap.secret"'
WITH_QUOTA = """
mail_plugins = quota
protocol imap {
  mail_plugins = quota imap_quota
}
plugin {
  quota = count:User quota
  quota_vsizes = yes
  quota_rule = *:storage=16K
  quota_grace = 0
}
"""

pytestmark = pytest.mark.thorough


class Office(Node):
    """A gateway with two ways in: the partner's door, and a mailbox of North on a real server."""

    def __init__(self, home: Path, server: Dovecot, *, more: str = "", proves: str = PASSWORD_FILE) -> None:
        super().__init__(home)
        self.server, self.user = server, server.user()
        self.password = home / "imap.secret"
        self.password.write_text(server.password)
        self.password.chmod(0o600)
        mailbox = (
            f'[[mailbox]]\nname = "exchange"\nhost = "localhost"\nport = {server.imaps_port}\nca_file = "ca.pem"\n'
            f'user = "{self.user}"\n{proves}\nstart = "all"\npoll = "1 s"\n{more}'
        )
        (home / "ca.pem").write_bytes(server.ca_file.read_bytes())
        self.config.write_text(f"{self.config.read_text()}\n{mailbox}")
        partners = home / "partners.toml"
        partners.write_text(partners.read_text() + NORTH)
        with closing(sqlite3.connect(home / "registry.db")) as edms, edms:
            edms.execute("insert into correspondent (exchange_index, short_name) values ('NORTH', 'North')")
        self.number = 0

    def status(self, *options: str) -> str:
        done = prompt.typed(prompt.GATEWAY, "--config", self.config, "status", *options)
        assert done.returncode in (0, 1), done.stderr
        return done.stdout

    def causes(self) -> dict[str, dict[str, Any]]:  # Any: as JSON has it
        return {cause["key"]: cause for cause in json.loads(self.status("--json"))["causes"]}

    def reload(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGHUP)

    def from_north(self, folder: str = "INBOX") -> str:
        """Put a document into the mailbox; return its number."""
        self.number += 1
        inside = document(100 + self.number).replace(b"exchange@partner.example", b"exchange@north.example")
        letter = _as_north(inside)
        self.server.deliver(self.user, letter, folder)
        return f"77-{100 + self.number}"

    def goes_on_beside_it(self) -> bool:
        """Say whether a document that comes by the door is registered."""
        self.number += 1
        assert self.deliver(document(self.number)) == 250
        wanted = f"77-{self.number:03}"
        eventually(lambda: wanted in self.registered())
        return True


def _as_north(letter: bytes) -> bytes:
    """The same letter with North's exchange index, inside its base64 too."""
    from email import message_from_bytes
    from email.policy import SMTP as WIRE

    mail = message_from_bytes(letter, policy=WIRE)
    passport = next(part for part in mail.walk() if part.get_filename() == "DocInfo.xml")
    inside = passport.get_content().replace(b"EXAMPLE-PARTNER", b"NORTH")
    passport.set_content(inside, maintype="application", subtype="xml", filename="DocInfo.xml")
    return mail.as_bytes()


def mailbox_trouble(office: Office, words: str) -> dict[str, Any]:  # Any: as JSON has it
    """Wait until `status` says *words* of the mailbox; while its server starts again it is another trouble."""

    def look() -> dict[str, Any] | None:
        trouble = office.causes().get("mailbox:exchange")
        return trouble if trouble and (words in trouble["what"] or words in trouble["words"]) else None

    return eventually(look)


def is_well(office: Office) -> bool:
    return "mailbox:exchange" not in office.causes()


@pytest.fixture
def server() -> Iterator[Dovecot]:
    """A Dovecot that may be spoilt."""
    with dovecots.running() as server:
        yield server


@pytest.fixture
def office(tmp_path: Path, server: Dovecot) -> Iterator[Office]:
    with running(Office(tmp_path / "d", server)) as office:
        first = office.from_north()
        eventually(lambda: office.registered() == [first])
        yield office


def told(office: Office, what: str) -> list[str]:
    """Return what `status` prints of the trouble that is called *what*: its line and those below it."""
    lines = office.status().splitlines()
    at = next(i for i, line in enumerate(lines) if what in line)
    below = next((i for i, line in enumerate(lines[at + 1 :], at + 1) if not line.startswith(" ")), len(lines))
    return [" ".join(line.split()) for line in lines[at:below]]


def test_a_password_that_expires_is_told_and_mended_by_writing_the_new_one(office: Office, server: Dovecot) -> None:
    conf = server.home / "dovecot.conf"
    conf.write_text(re.sub(r"password=.*", "password={PLAIN}the-next-one", conf.read_text()))
    server.restart()

    trouble = mailbox_trouble(office, "the login was refused")
    printed = told(office, "mailbox exchange: the login was refused")
    went_on = office.goes_on_beside_it()
    waiting = office.from_north()
    office.password.write_text("the-next-one")
    office.reload()
    eventually(lambda: waiting in office.registered())

    assert went_on
    assert printed[0].startswith("! mailbox exchange: the login was refused, since ")
    assert "[AUTHENTICATIONFAILED] Authentication failed." in printed[1]
    assert str(office.password) in trouble["remedy"]
    assert trouble["serious"] is True
    eventually(lambda: is_well(office))


def test_a_certificate_that_expired_is_told_in_words_and_a_new_one_is_taken_by_itself(
    office: Office, server: Dovecot
) -> None:
    authority, place = trustme.CA(), server.home / "tls.pem"
    (office.home / "ca.pem").write_bytes(authority.cert_pem.bytes())
    office.reload()
    ends = datetime.now(UTC) - timedelta(days=1)
    expired = authority.issue_cert("localhost", not_before=ends - timedelta(days=90), not_after=ends)
    expired.private_key_and_cert_chain_pem.write_to_path(str(place))
    server.restart()
    waiting = office.from_north()

    trouble = mailbox_trouble(office, "certificate has expired")
    printed = told(office, "mailbox exchange cannot be read")
    went_on = office.goes_on_beside_it()
    authority.issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(str(place))
    server.restart()
    eventually(lambda: waiting in office.registered(), 90)

    assert went_on
    assert any("certificate has expired" in line for line in printed)
    assert f"openssl s_client -connect localhost:{server.imaps_port}" in trouble["remedy"]
    eventually(lambda: is_well(office))


def test_a_folder_that_was_renamed_is_told_and_its_letters_come_when_it_has_its_name_again(
    tmp_path: Path, server: Dovecot
) -> None:
    office = Office(tmp_path / "d", server, more='folder = "Exchange"\n')
    server.folder(office.user, "Exchange")
    with running(office):
        first = office.from_north("Exchange")
        eventually(lambda: office.registered() == [first])
        server.doveadm("mailbox", "rename", "-u", office.user, "Exchange", "Exchange of last year")
        server.restart()
        trouble = mailbox_trouble(office, "the folder Exchange is gone")
        printed = told(office, "mailbox exchange: the folder Exchange is gone")
        went_on = office.goes_on_beside_it()
        server.doveadm("mailbox", "rename", "-u", office.user, "Exchange of last year", "Exchange")
        waiting = office.from_north("Exchange")
        eventually(lambda: waiting in office.registered(), 90)
        well = eventually(lambda: is_well(office))
        registered = office.registered()

    assert went_on
    assert well
    assert printed[0].startswith("! mailbox exchange: the folder Exchange is gone")
    assert "make the folder again, or mend folder of [[mailbox]] exchange" in trouble["remedy"]
    assert registered.count(first) == 1


def test_a_token_that_was_revoked_with_its_application_is_told_in_the_providers_words(tmp_path: Path) -> None:
    with providers.running() as provider, dovecots.running(XOAUTH2, _oauth2(provider)) as server:
        office = Office(tmp_path / "d", server, proves='oauth = "provider"')
        provider.user = office.user
        (office.home / "oauth.secret").write_text(SECRET)
        (office.home / "oauth.secret").chmod(0o600)
        office.config.write_text(
            f'{office.config.read_text()}\n[[oauth]]\nname = "provider"\nprovider = "other"\n'
            f'token_endpoint = "{provider.endpoint}"\nclient_id = "{CLIENT}"\nsecret_file = "oauth.secret"\n'
        )
        with running(office):
            first = office.from_north()
            eventually(lambda: office.registered() == [first])
            provider.revoked.update(provider.given)
            refusal = b'{"error": "invalid_client", "error_description": "AADSTS7000222: the secret has expired"}'
            provider.answer = (401, {}, refusal)
            server.restart()  # which may be seen as a trouble of its own
            waiting = office.from_north()
            trouble = mailbox_trouble(office, "no token")
            went_on = office.goes_on_beside_it()
            provider.answer = None
            office.reload()
            eventually(lambda: waiting in office.registered())
            well = eventually(lambda: is_well(office))

    assert went_on
    assert well
    assert trouble["what"] == "mailbox exchange: the login was refused"
    assert trouble["words"] == "no token: invalid_client: AADSTS7000222: the secret has expired"


def test_a_full_mailbox_is_read_all_the_same(tmp_path: Path) -> None:
    """Nothing new can be stored there; a letter moved within needs no room: it is registered once, and moved."""
    with dovecots.running(WITH_QUOTA) as server:
        office = Office(tmp_path / "d", server, more='after = "move"\ndone_folder = "Done"\n')
        server.folder(office.user, "Done")
        server.deliver(office.user, b"Subject: large\r\n\r\n" + b"x" * 70 + b"\r\n" * 20_000)
        with pytest.raises(RuntimeError, match="Quota exceeded"):
            server.doveadm("save", "-u", office.user, "-m", "INBOX", letter=b"Subject: one more\r\n\r\ntext\r\n")
        with running(office):
            wanted = office.from_north()
            eventually(lambda: office.registered() == [wanted])
            eventually(lambda: server.doveadm("search", "-u", office.user, "mailbox", "Done", "ALL"))
            went_on = office.goes_on_beside_it()
            well = eventually(lambda: is_well(office))
            registered = office.registered()

    assert went_on
    assert well
    assert registered.count(wanted) == 1


class Full:
    """A relay that has no room for one recipient."""

    def __init__(self) -> None:
        self.turned_away = 0
        self.came: list[str] = []

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address == "exchange@north.example":
            self.turned_away += 1
            return "452 4.2.2 The mailbox of the recipient is full"
        envelope.rcpt_tos.append(address)
        return "250 well"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        self.came += envelope.rcpt_tos
        return "250 kept"


@pytest.fixture
def full_relay() -> Iterator[Callable[[int], Full]]:
    open_: list[Controller] = []

    def serve(port: int) -> Full:
        full = Full()
        open_.append(Controller(full, hostname="127.0.0.1", port=port))
        open_[-1].start()
        return full

    yield serve
    for one in open_:
        one.stop()


def test_a_partner_whose_mailbox_is_full_is_told_in_its_servers_words_and_no_other_waits(
    tmp_path: Path, server: Dovecot, full_relay: Callable[[int], Full]
) -> None:
    office = Office(tmp_path / "d", server)
    full = full_relay(office.relay_port)
    with running(office):
        for _ in range(RELAY_AFTER + 1):
            office.from_north()
        eventually(lambda: full.turned_away > RELAY_AFTER)  # so many troubles of the relay, and it would be left alone
        words = "4.2.2 The mailbox of the recipient is full"
        eventually(lambda: words in office.status("--json"))
        printed = office.status()
        went_on = office.goes_on_beside_it()
        eventually(lambda: "exchange@partner.example" in full.came)

    assert went_on
    assert "exchange@north.example" not in full.came
    assert "The mailbox of the recipient is full" in " ".join(printed.split())
