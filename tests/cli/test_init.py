# SPDX-License-Identifier: GPL-3.0-or-later
"""`init`: what is asked and what is written, on a real terminal and without one."""

import os
import re
import subprocess
import sys
import tomllib
from itertools import pairwise, product
from pathlib import Path

import pytest
import trustme
from click.testing import CliRunner, Result

from gateway.cli import main
from gateway.installation.questions import questions, this_machine
from tests.cli.terminal import Terminal, terminal
from tests.servers.dovecot import running as dovecot_server
from tests.servers.postgres import free_port

USAGE = 2
PASSWORD = "corréct hörse\"$'"
LISTENING = ("--letters-from", "lmtp", "--listener-bind", "127.0.0.1:2525", "--relay-host", "127.0.0.1")


def call(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def held(home: Path) -> None:
    checked = call("--config", home / "gateway.toml", "check-config")
    assert checked.exit_code == 0, checked.output


@pytest.fixture
def password(tmp_path: Path) -> Path:
    file = tmp_path / "password"
    file.write_text(f"{PASSWORD}\n", encoding="utf-8")
    return file


def take_defaults(screen: Terminal, *keys: str) -> None:
    """Answer with Enter until the question after the last of *keys* would be asked."""
    for key in keys:
        screen.until(f"  {key}")
        screen.type("")


def up_to(key: str) -> list[str]:
    """Return the keys of the questions that a person with a mailbox is asked before *key*."""
    settled: dict[str, str] = {}
    asked = []
    for question in questions(this_machine(Path("gw"))):
        if question.key == key:
            break
        if question.applies(settled):
            if not question.trusting:  # asked only when a server is there that is not believed
                asked.append(question.key)
            settled[question.key] = question.default(settled) or ("x" if question.secret else "")
    return asked


def test_a_person_who_takes_every_default_gets_a_configuration_that_holds(tmp_path: Path) -> None:
    with terminal(("init", "gw"), tmp_path) as screen:
        take_defaults(screen, *up_to("mailbox.password"))
        screen.until("  mailbox.password")
        screen.type(PASSWORD)
        rest = up_to("")
        take_defaults(screen, *rest[rest.index("mailbox.password") + 1 :])
        code = screen.ended()

    assert code == 0, screen.shown
    held(tmp_path / "gw")
    partners = tomllib.loads((tmp_path / "gw" / "partners.toml").read_text("utf-8"))
    assert partners["partner"][0]["mode"] == "observe"


def test_every_question_is_explained_before_it_is_asked_and_offers_its_default(tmp_path: Path) -> None:
    first = questions(this_machine(tmp_path))[0]

    with terminal(("init", "gw"), tmp_path) as screen:
        before = screen.until(f"  {first.key}")
        offered = screen.until(": ")

    assert first.explained in before
    assert offered.strip() == f"[{first.default({})}]"


WRONG = (  # in the order of the questions: key, a wrong answer, what is said of it
    ("office.name", "\t", "expected a text that is not empty"),
    ("office.address", "nonsense", 'is not a mail address; write it bare: "exchange@office.example"'),
    ("office.time_zone", "Minsk", 'the time zone "Minsk" is not known; write a name like "Europe/Minsk"'),
    ("letters.from", "pop3", 'expected "imap", "lmtp" or "smtp", found "pop3"'),
    ("mailbox.tls", "none", 'the password would go to imap.office.test in the clear; set tls = "implicit"'),
    ("mailbox.port", "many", 'expected a whole number, found "many"; write it in digits'),
    ("mailbox.password", "", "is empty; write the password of the account"),
    ("relay.tls", "ssl", "write one of these words"),
    ("edms.mapping", "registri", "there is no mapping registri; did you mean registry?"),
    ("partner.index", "EXAMPLE-OFFICE", "is the index of our own office; an index means one organisation"),
    ("partner.id", "Partner 1", "is not an id; use small Latin letters, digits and dashes"),
    ("partner.proof", "trust", "write one of these words"),
    ("system.state", "state", "is not a whole path; begin it with /"),
)
RIGHT = {"office.address": "exchange@office.test", "mailbox.password": "secret"}  # the others have defaults


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What is said to a person who answers each question of `WRONG` wrongly at first, by key."""
    wrong, said = {key: answer for key, answer, _ in WRONG}, {}
    with terminal(("init", "gw"), tmp_path_factory.mktemp("wrong")) as screen:
        for key in up_to(""):
            screen.until(f"  {key}")
            if key in wrong:
                screen.type(wrong[key])
                said[key] = screen.until(f"  {key}")
            screen.type(RIGHT.get(key, ""))
        assert screen.ended() == 0, screen.shown
    return said


@pytest.mark.parametrize(("key", "said"), [(key, said) for key, _, said in WRONG])
def test_a_wrong_answer_is_asked_again_with_the_remedy(answers: dict[str, str], key: str, said: str) -> None:
    assert said in answers[key]


def option(key: str) -> str:
    return next(question.option for question in questions(this_machine(Path("gw"))) if question.key == key)


def test_a_password_is_not_echoed_and_lies_in_a_file_that_nobody_else_reads(tmp_path: Path) -> None:
    options = ("--relay-host", "127.0.0.1")
    with terminal(("init", "gw", *options), tmp_path) as screen:
        take_defaults(screen, *up_to("mailbox.password"))
        screen.until("  mailbox.password")
        screen.type(PASSWORD)
        screen.until("  mailbox.folder")
        screen.interrupted()

    assert PASSWORD not in screen.shown
    assert not (tmp_path / "gw").exists()


def test_what_is_given_as_a_file_lies_in_a_private_file_and_nowhere_else(tmp_path: Path, password: Path) -> None:
    done = call("init", tmp_path / "gw", "--mailbox-password-file", password)

    home = tmp_path / "gw"
    assert done.exit_code == 0, done.output
    assert (home / "imap.secret").read_text("utf-8") == PASSWORD
    modes = {path.name: path.stat().st_mode & 0o777 for path in home.iterdir()}
    assert modes == {
        "gateway.toml": 0o600,
        "partners.toml": 0o600,
        "office.secret": 0o600,
        "imap.secret": 0o600,
        "relay.secret": 0o600,
        "edms-gateway.service": 0o644,
        "state": 0o700,
    }
    assert home.stat().st_mode & 0o777 == 0o700
    assert PASSWORD not in done.output
    assert all(
        PASSWORD not in file.read_text("utf-8") for file in home.iterdir() if file.suffix in (".toml", ".service")
    )


def test_ctrl_c_writes_nothing(tmp_path: Path) -> None:
    with terminal(("init", "gw"), tmp_path) as screen:
        take_defaults(screen, "office.name")
        screen.until("  office.index")
        code = screen.interrupted()

    assert code == 1
    assert "Aborted" in screen.shown
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("way", "proof"), list(product(("imap", "lmtp", "smtp"), ("mailbox", "network", "auth-results", "header", "none")))
)
def test_every_way_and_every_proof_make_a_configuration_that_holds(
    tmp_path: Path, password: Path, way: str, proof: str
) -> None:
    options = ("--letters-from", way, "--partner-proof", proof, "--mailbox-password-file", str(password))

    done = call("init", tmp_path / "gw", *options)

    assert done.exit_code == 0, done.output
    held(tmp_path / "gw")


def test_answers_in_a_file_are_enough(tmp_path: Path, password: Path) -> None:
    answers = tmp_path / "answers.toml"
    answers.write_text(
        f"""
        letters.from = "imap"
        [office]
        name = "Управление «Пример»"
        index = "ПРИМЕР-01"
        address = "sev@primer.example"
        [mailbox]
        host = "127.0.0.1"
        tls = "none"
        port = 1143
        password_file = "{password}"
        [edms]
        mapping = "delo-lookalike"
        database = "sqlite:////srv/edms/delo.db"
        files = "/srv/edms/files"
        [partner]
        proof = "network"
        peers = ["192.0.2.1", "198.51.100.0/24"]
        """,
        encoding="utf-8",
    )

    done = call("init", tmp_path / "gw", "--answers", answers)

    assert done.exit_code == 0, done.output
    held(tmp_path / "gw")
    written = tomllib.loads((tmp_path / "gw" / "gateway.toml").read_text("utf-8"))
    assert written["office"][0]["index"] == "ПРИМЕР-01"
    assert written["mailbox"][0]["port"] == 1143
    assert tomllib.loads((tmp_path / "gw" / "partners.toml").read_text("utf-8"))["channel"][0]["proof"]["peers"] == [
        "192.0.2.1",
        "198.51.100.0/24",
    ]
    assert "ReadWritePaths=" + f"{tmp_path}/gw/state /srv/edms/files" in (
        tmp_path / "gw" / "edms-gateway.service"
    ).read_text("utf-8")


def test_every_wrong_answer_is_named_at_once_and_nothing_is_written(tmp_path: Path) -> None:
    done = call("init", tmp_path / "gw", "--office-address", "nonsense", "--mailbox-port", "0", "--partner-id", "A B")

    assert done.exit_code == USAGE
    named = re.findall(r"(?m)^([a-z_.]+): ", done.output)
    assert named == ["office.address", "mailbox.port", "mailbox.password_file", "partner.id"]
    assert not (tmp_path / "gw").exists()


def test_a_misspelt_answer_is_recognised(tmp_path: Path) -> None:
    (tmp_path / "answers.toml").write_text('[ofice]\nname = "We"\n', encoding="utf-8")

    done = call("init", tmp_path / "gw", "--answers", tmp_path / "answers.toml")

    assert done.exit_code == USAGE
    assert "ofice.name: is not known; did you mean office.name?" in done.output


def test_a_password_in_the_answers_themselves_is_not_taken(tmp_path: Path) -> None:
    (tmp_path / "answers.toml").write_text(f"[mailbox]\npassword = '''{PASSWORD}'''\n", encoding="utf-8")

    done = call("init", tmp_path / "gw", "--answers", tmp_path / "answers.toml")

    assert done.exit_code == USAGE
    assert "mailbox.password: is not known; did you mean mailbox.password_file?" in done.output
    assert PASSWORD not in done.output


def test_an_installation_is_not_overwritten(tmp_path: Path) -> None:
    assert call("init", tmp_path / "gw", *LISTENING).exit_code == 0
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}

    again = call("init", tmp_path / "gw", *LISTENING, "--system-state", tmp_path / "other")

    assert again.exit_code == 1
    assert "exists already; nothing was changed" in again.output
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_a_folder_with_things_of_others_keeps_its_rights(tmp_path: Path) -> None:
    home = tmp_path / "gw"
    home.mkdir(mode=0o755)
    (home / "notes.txt").write_text("ours", encoding="utf-8")

    done = call("init", home, *LISTENING)

    assert done.exit_code == 0, done.output
    assert home.stat().st_mode & 0o777 == 0o755


def test_a_sample_takes_no_answers(tmp_path: Path) -> None:
    assert call("init", tmp_path / "gw", "--sample", "--office-name", "We").exit_code == USAGE


def test_a_database_password_is_written_as_addresses_want_it(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("a@b:c/d%\n", encoding="utf-8")
    url = "postgresql+psycopg://gateway@127.0.0.1:1/edms"
    mapping = ("--edms-mapping", "delo-lookalike", "--edms-database", url)

    done = call("init", tmp_path / "gw", *LISTENING, *mapping, "--edms-password-file", tmp_path / "secret")

    assert done.exit_code == 0, done.output
    held(tmp_path / "gw")
    assert "gateway:a%40b%3Ac%2Fd%25@127.0.0.1:1/edms" in (tmp_path / "gw" / "gateway.toml").read_text("utf-8")
    assert "edms grants --writer gateway --reader gateway_reader" in done.output
    assert "a%40b" not in done.output


def test_what_others_must_type_is_printed(tmp_path: Path) -> None:
    done = call("init", tmp_path / "gw", *LISTENING, "--system-user", "sev")

    home = tmp_path / "gw"
    assert f"useradd --system --user-group --home-dir {home}/state --no-create-home" in done.output
    assert f"chown -R sev:sev {home} {home}/state" in done.output
    assert "exchange@office.example lmtp:inet:127.0.0.1:2525" in done.output
    assert 'office.example. TXT "v=spf1 mx a:' in done.output
    assert f"edms-gateway --config {home}/gateway.toml check-config" in done.output


def test_nothing_starts_with_the_machine_before_everything_was_tried(tmp_path: Path) -> None:
    done = call("init", tmp_path / "gw", *LISTENING)

    order = (" check-config", " doctor", "systemctl start", " self-test", "systemctl enable", " report observe")
    places = [done.output.index(words) for words in order]
    assert places == sorted(places)
    assert done.output.count("systemctl enable") == 1
    gateway = f"edms-gateway --config {tmp_path}/gw/gateway.toml"
    assert f"# without systemd: runuser -u edms-gateway -- {gateway} run" in done.output


def test_files_are_looked_for_from_the_folder_of_the_configuration_and_a_complaint_says_so(tmp_path: Path) -> None:
    (tmp_path / "gw").mkdir()
    (tmp_path / "gw" / "password").write_text(PASSWORD)
    (tmp_path / "answers.toml").write_text('[mailbox]\npassword_file = "pasword"\n')

    wrong = call("init", tmp_path / "gw", "--answers", tmp_path / "answers.toml")
    right = call("init", tmp_path / "gw", "--mailbox-password-file", "password")

    assert wrong.exit_code == USAGE
    said = f"mailbox.password_file: {tmp_path}/gw/pasword cannot be read: No such file or directory; "
    assert f"{said}relative paths are meant from {tmp_path}/gw" in wrong.output
    assert right.exit_code == 0, right.output
    assert (tmp_path / "gw" / "imap.secret").read_text("utf-8") == PASSWORD
    assert "Relative paths are meant from DIRECTORY" in call("init", "--help").output


def test_authorities_of_mailbox_and_relay_are_options_and_answers_meant_from_the_folder_of_the_configuration(
    tmp_path: Path, password: Path
) -> None:
    (tmp_path / "gw").mkdir()
    trustme.CA().cert_pem.write_to_path(tmp_path / "gw" / "ca.pem")
    (tmp_path / "gw" / "nonsense.pem").write_text("nonsense")
    (tmp_path / "answers.toml").write_text(
        f'[mailbox]\npassword_file = "{password}"\nca_file = "ca.pem"\n[relay]\nca_file = "ca.pem"\n'
    )

    wrong = call("init", tmp_path / "gw", "--mailbox-ca-file", "nonsense.pem", "--relay-ca-file", "no.pem")
    right = call("init", tmp_path / "gw", "--answers", tmp_path / "answers.toml")

    assert f"mailbox.ca_file: {tmp_path}/gw/nonsense.pem is no PEM file of an authority; relative" in wrong.output
    assert f"relay.ca_file: {tmp_path}/gw/no.pem cannot be read: No such file or directory; relative" in wrong.output
    assert right.exit_code == 0, right.output
    held(tmp_path / "gw")
    written = tomllib.loads((tmp_path / "gw" / "gateway.toml").read_text("utf-8"))
    assert (written["mailbox"][0]["ca_file"], written["relay"]["ca_file"]) == ("ca.pem", "ca.pem")


@pytest.mark.parametrize("tls", ["implicit", "starttls"])
def test_a_person_is_asked_for_the_authority_of_a_server_that_is_not_believed_and_of_no_other(
    tmp_path: Path, tls: str
) -> None:
    with dovecot_server() as mail:
        port = mail.imaps_port if tls == "implicit" else mail.imap_port
        box = ("--mailbox-host", "localhost", "--mailbox-tls", tls, "--mailbox-port", str(port))
        with terminal(("init", "gw", *box, "--relay-host", "127.0.0.1"), tmp_path) as screen:
            take_defaults(screen, *up_to("mailbox.host"))
            explained = screen.until("  mailbox.ca_file")
            screen.type("no.pem")
            again = screen.until("  mailbox.ca_file")
            screen.type(str(mail.ca_file))
            after = screen.until("  mailbox.user")
            screen.interrupted()

    assert f"The certificate of localhost:{port} is not believed: unable to get local issuer certificate" in explained
    assert "no.pem cannot be read" in again
    assert "is no PEM" not in after


def test_every_key_that_is_written_is_explained(tmp_path: Path, password: Path) -> None:
    unexplained = {"name", "host", "port", "user", "kind", "id", "channel", "folder"}

    assert call("init", tmp_path / "gw", "--mailbox-password-file", password).exit_code == 0

    for file in ("gateway.toml", "partners.toml"):
        lines = (tmp_path / "gw" / file).read_text("utf-8").splitlines()
        for before, line in pairwise(lines):
            key = line.partition(" = ")[0]
            if " = " in line and not line.startswith("#") and key not in unexplained:
                assert " # " in line or before.startswith(("# ", "[")), line


def test_what_was_written_runs(tmp_path: Path) -> None:
    bind = f"127.0.0.1:{free_port()}"
    assert call("init", tmp_path / "gw", *LISTENING, "--listener-bind", bind).exit_code == 0

    command = [sys.executable, "-m", "gateway", "--config", str(tmp_path / "gw" / "gateway.toml"), "run"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=os.environ) as run:
        assert run.stderr is not None
        try:
            said = next((line for line in run.stderr if line.startswith("ready:")), "")
        finally:
            run.terminate()
            run.communicate(timeout=60)

    assert said == f"ready: exchange on {bind}\n"
    assert (tmp_path / "gw" / "state" / "journal.db").exists()
