# SPDX-License-Identifier: GPL-3.0-or-later
"""What administrators write wrong: `check-config` names file, line, key, what is wrong, and the remedy."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner

from gateway.cli import main
from gateway.cli.context import BAD_CONFIGURATION

GATEWAY = """\
partners = "partners.toml"
secret_file = "office.secret"
human_address = "post@office.example"
[[office]]
index = "OFFICE"
name = "Office"
address = "exchange@office.example"
time_zone = "Europe/Minsk"
language = "ru"
hours = "08:30-17:30"
after_hours = "next-working-day"
holidays = "holidays.txt"
[journal]
url = "sqlite:///journal.db"
blobs = "blobs"
[edms]
mapping = "registry"
database = "sqlite:///edms.db"
files = "files"
poll = "5 s"
[[listener]]
name = "door"
bind = "127.0.0.1:2525"
protocol = "smtp"
peers = ["192.0.2.7"]
addresses = ["exchange@office.example"]
max_letter = "200 MiB"
[[mailbox]]
name = "box"
host = "imap.example"
port = 993
tls = "implicit"
user = "exchange"
password_file = "imap.secret"
start = "now"
poll = "1 min"
after = "flag"
[relay]
host = "127.0.0.1"
port = 2526
tls = "none"
bounce_sender = "plain"
[[other_relay]]
name = "router"
host = "127.0.0.1"
tls = "none"
[access]
open = ["open"]
[workers]
count = 2
memory = "1 GiB"
[limits]
depth = 20
[retry]
first = "1 min"
longest = "6 h"
give_up = "5 days"
[log]
level = "info"
"""
PARTNERS = """\
[[channel]]
id = "mail"
address = "exchange@partner.example"
proof = { kind = "mailbox", name = "box" }
dialect = "sev"
max_letter = "25 MiB"
relay = "router"
[[partner]]
id = "partner"
name = "Partner"
channel = "mail"
indices = ["PARTNER"]
may_send = ["document", "report"]
links = "known"
[partner.subscription]
days = 30
receipt = true
[partner.time_limits]
received = "1 h"
[[receive]]
name = "all"
partner = ["partner"]
type = ["document"]
register = "auto"
[[report]]
partner = ["partner"]
events = ["registered"]
"""


@dataclass(frozen=True)
class Mistake:
    """A few lines that were written another way, and what is told about them."""

    meant: str
    written: str
    told: str


def mistakes() -> Iterator[Mistake]:
    """Yield the table in planted_mistakes.txt."""
    for block in (Path(__file__).parent / "planted_mistakes.txt").read_text().split("\n\n")[1:]:
        lines = block.strip("\n").split("\n")
        meant, written = ("".join(f"{line[2:]}\n" for line in lines if line.startswith(sign)) for sign in ("- ", "+ "))
        yield Mistake(meant, written, f"{lines[-2]}; {lines[-1].strip()}")


MISTAKES = tuple(mistakes())


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A configuration that holds."""
    (tmp_path / "gateway.toml").write_text(GATEWAY)
    (tmp_path / "partners.toml").write_text(PARTNERS)
    (tmp_path / "holidays.txt").write_text("2027-01-01\n")
    for name, secret in (("office.secret", "0123456789abcdef"), ("imap.secret", "sesame")):
        (tmp_path / name).write_text(secret)
        (tmp_path / name).chmod(0o600)
    return tmp_path


@pytest.mark.parametrize("broken", ["[workers]\ncount = = 2\n", "[workers]\ncount = 0\n"])
def test_a_mistake_in_one_file_hides_none_in_the_others(home: Path, broken: str) -> None:
    (home / "own.toml").write_text("nonsense = 1\n")
    text = GATEWAY.replace('mapping = "registry"', 'mapping = "own.toml"').replace("[workers]\ncount = 2\n", broken)
    (home / "gateway.toml").write_text(text)
    (home / "partners.toml").write_text(PARTNERS.replace("days = 30", "days = -30"))

    code, lines = checked(home)

    assert code == BAD_CONFIGURATION
    files = [line.partition(":")[0].rpartition("/")[2] for line in lines]
    assert {"gateway.toml", "partners.toml", "own.toml"} <= set(files), lines


def test_a_file_of_partners_that_is_no_text_hides_no_mistake_of_the_other(home: Path) -> None:
    (home / "gateway.toml").write_text(GATEWAY.replace('level = "info"', 'level = "loud"'))
    (home / "partners.toml").write_bytes(b"\xff\xfe")

    code, lines = checked(home)

    assert code == BAD_CONFIGURATION
    assert any(line.startswith("partners.toml: is not UTF-8") for line in lines)
    assert any("log.level" in line for line in lines)


def checked(home: Path) -> tuple[int, list[str]]:
    """Return the exit code and the lines of check-config."""
    done = CliRunner().invoke(main, ["--config", str(home / "gateway.toml"), "check-config"])
    return done.exit_code, done.output.splitlines()


def test_the_configuration_into_which_mistakes_are_planted_holds(home: Path) -> None:
    assert checked(home) == (0, [f"{home}/gateway.toml: ok: 1 office(s), 1 partner(s), 1 listener(s), 1 mailbox(es)"])


@pytest.mark.parametrize(
    "mistake", MISTAKES, ids=lambda one: " ".join(one.written.split()) or f"no {one.meant.strip()}"
)
def test_a_mistake_is_named_with_file_line_key_and_remedy(home: Path, mistake: Mistake) -> None:
    name, text = ("gateway.toml", GATEWAY) if mistake.meant in GATEWAY else ("partners.toml", PARTNERS)
    assert mistake.meant in text
    (home / name).write_text(text.replace(mistake.meant, mistake.written, 1))

    code, lines = checked(home)

    assert code == BAD_CONFIGURATION
    assert mistake.told.replace("{home}", str(home)) in lines


@pytest.mark.parametrize(
    ("plant", "told"),
    [
        (
            lambda home: (home / "imap.secret").chmod(0o644),
            "gateway.toml:34: mailbox[1].password_file: {home}/imap.secret can be read by everybody on this machine; "
            "chmod 600 {home}/imap.secret",
        ),
        (
            lambda home: (home / "imap.secret").write_text("\n"),
            "gateway.toml:34: mailbox[1].password_file: {home}/imap.secret is empty or too large; "
            "write the secret into it, and nothing else",
        ),
        (
            lambda home: (home / "office.secret").write_text("short"),
            "gateway.toml:2: secret_file: is shorter than 16 bytes; "
            "put the output of  openssl rand -hex 32  into a file and name it in secret_file",
        ),
        (
            lambda home: (home / "holidays.txt").write_text("2027-01-01\n1 May\n"),
            "holidays.txt:2: '1 May' is not a date; "
            "write one date a line, YYYY-MM-DD; + before a Saturday or Sunday that is worked",
        ),
        (
            lambda home: (home / "gateway.toml").write_bytes("# ключ\n".encode("cp1251")),
            "gateway.toml: is not UTF-8 (byte 2); save it as UTF-8",
        ),
        (
            lambda home: (home / "gateway.toml").unlink(),
            "gateway.toml: cannot be read: No such file or directory; "
            "write {home}/gateway.toml, or name another with --config; edms-gateway init makes one to start from",
        ),
    ],
    ids=["readable secret", "empty secret", "short secret", "no date", "no UTF-8", "no file"],
)
def test_a_file_that_is_wrong_is_named_with_its_remedy(home: Path, plant: Callable[[Path], object], told: str) -> None:
    plant(home)

    assert checked(home) == (BAD_CONFIGURATION, [told.replace("{home}", str(home))])


def test_a_password_is_never_repeated(home: Path) -> None:
    for planted in ("mysql://gateway:geheim@db/journal", "postgresql://gateway:ge@heim@db/journal", "geheim"):
        (home / "gateway.toml").write_text(GATEWAY.replace("sqlite:///journal.db", planted))

        assert not any("heim" in line for line in checked(home)[1])
