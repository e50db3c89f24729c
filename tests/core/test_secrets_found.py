# SPDX-License-Identifier: GPL-3.0-or-later
"""Where passwords come from: each source, their order, and what is wrong with those that others may read."""

import os
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from gateway.settings import ConfigurationError, Settings
from gateway.settings_files import load
from tests.core.test_settings import GATEWAY, PARTNERS

OFFICE = "fedcba9876543210"
MAILBOX = '[[mailbox]]\nname = "box-1"\nhost = "imap.example"\nuser = "u"\nstart = "now"\n'
ROUTER = '[[other_relay]]\nname = "router"\nhost = "127.0.0.1"\nuser = "u"\n'
VARIABLE = "EDMS_GATEWAY_MAILBOX_BOX_1_PASSWORD"


def private(path: Path, words: str, mode: int = 0o600) -> Path:
    path.write_text(words)
    path.chmod(mode)
    return path


def written(folder: Path, more: str = MAILBOX, *, named: bool = False) -> Path:
    """Write a configuration whose secrets lie elsewhere; in its password file when *named*."""
    text = GATEWAY.replace('secret = "0123456789abcdef"\n', "").replace("[relay]", '[relay]\nuser = "u"')
    if named:
        more = more.replace('user = "u"', f'user = "u"\npassword_file = "{private(folder / "file", "of the file")}"')
    (folder / "partners.toml").write_text(PARTNERS)
    (folder / "gateway.toml").write_text(text + more)
    return folder / "gateway.toml"


def elsewhere(folder: Path, *sources: str) -> dict[str, str]:
    """Return an environment with everything that is needed, the mailbox's password in each of *sources*."""
    credentials = folder / "credentials"
    credentials.mkdir(exist_ok=True)
    private(credentials / "office", OFFICE + "\n")
    private(credentials / "relay", "of the relay")
    found = {"CREDENTIALS_DIRECTORY": str(credentials)}
    if "credential" in sources:
        private(credentials / "mailbox.box-1", "of the credential\n")
    if "variable's file" in sources:
        found[f"{VARIABLE}_FILE"] = str(private(folder / "variable", "of the variable's file\n"))
    if "variable" in sources:
        found[VARIABLE] = "of the variable"
    return found


def complaint(path: Path, environment: dict[str, str]) -> str:
    with pytest.raises(ConfigurationError) as caught:
        load(path, environment)
    return str(caught.value)


NOBODY, FOREIGN_GROUP = 65534, 4242
ORDER = ("file", "credential", "variable's file", "variable")


@pytest.mark.parametrize("first", range(len(ORDER)))
def test_of_several_sources_the_first_in_the_order_wins(tmp_path: Path, first: int) -> None:
    sources = ORDER[first:]

    result = load(written(tmp_path, named="file" in sources), elsewhere(tmp_path, *sources))

    assert result.mailboxes[0].password == f"of the {sources[0]}"


def test_every_account_and_the_office_have_a_name_of_their_own(tmp_path: Path) -> None:
    environment = elsewhere(tmp_path, "credential")
    private(tmp_path / "credentials" / "relay.router", "of the router")

    result: Settings = load(written(tmp_path, MAILBOX + ROUTER), environment)

    assert result.secret == OFFICE
    assert result.relay.password == "of the relay"
    assert result.other_relays[0].password == "of the router"
    assert result.mailboxes[0].password == "of the credential"


def test_variables_alone_are_enough(tmp_path: Path) -> None:
    variables = {VARIABLE: "p", "EDMS_GATEWAY_RELAY_PASSWORD": "q", "EDMS_GATEWAY_OFFICE_SECRET": OFFICE}

    result = load(written(tmp_path), variables)

    assert (result.mailboxes[0].password, result.relay.password, result.secret) == ("p", "q", OFFICE)


def test_a_password_that_is_nowhere_is_missed_with_its_line(tmp_path: Path) -> None:
    assert "gateway.toml:21: mailbox[1].password_file: is missing; name the file that holds the password" in complaint(
        written(tmp_path), elsewhere(tmp_path)
    )


@pytest.mark.parametrize("source", ["file", "credential", "variable's file"])
def test_a_password_that_everybody_may_read_is_refused_wherever_it_lies(tmp_path: Path, source: str) -> None:
    path, environment = written(tmp_path, named=source == "file"), elsewhere(tmp_path, source)
    lies = {"file": "file", "credential": "credentials/mailbox.box-1", "variable's file": "variable"}[source]
    (tmp_path / lies).chmod(0o604)

    said = complaint(path, environment)

    assert said.startswith("gateway.toml:")
    assert "mailbox[1]" in said
    assert f"{tmp_path / lies} can be read by everybody on this machine; chmod 600 {tmp_path / lies}" in said
    assert "of the" not in said


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file to a group it is no member of, then step down")
def test_a_password_that_a_foreign_group_may_read_is_refused() -> None:
    with TemporaryDirectory() as name:
        folder = Path(name)
        path, environment = written(folder), elsewhere(folder, "credential")
        for file in (folder, *folder.rglob("*")):
            os.chown(file, NOBODY, NOBODY)
            file.chmod(0o755 if file.is_dir() else 0o640)
        of_ours = load_as(NOBODY, path, environment)
        os.chown(folder / "credentials" / "mailbox.box-1", NOBODY, FOREIGN_GROUP)
        of_others = load_as(NOBODY, path, environment)

    assert of_ours == ""
    assert "mailbox.box-1 can be read by another group on this machine; chmod 600" in of_others


def load_as(user: int, path: Path, environment: dict[str, str]) -> str:
    """Load as another user, in the group of that number, and return the complaint, empty when there is none."""
    groups = os.getgroups()
    os.setgroups([])
    os.setegid(user)
    os.seteuid(user)
    try:
        load(path, environment)
    except ConfigurationError as error:
        return str(error)
    finally:
        os.seteuid(0)
        os.setegid(0)
        os.setgroups(groups)
    return ""


@pytest.mark.parametrize(
    "more",
    [
        'secret = "0123456789abcdef"',
        'secret_file = "key"\njournal.url = "postgresql://us:word@db.example/x"',
        'secret_file = "key"\njournal.url = "postgresql://us@db.example/x?password=word"',
        'secret_file = "key"\nalarm.webhook = "https://call.example/for-whoever-knows-this"',
    ],
)
def test_a_configuration_that_holds_a_secret_itself_is_as_private_as_a_secret(tmp_path: Path, more: str) -> None:
    private(tmp_path / "key", OFFICE)
    text = GATEWAY.replace('secret = "0123456789abcdef"', more)
    if "journal.url" in more:
        text = text.replace('[journal]\nurl = "sqlite:///journal.db"\nblobs = "blobs"\n', "")
        text = text.replace("\njournal.url", '\njournal.blobs = "blobs"\njournal.url')
    (tmp_path / "partners.toml").write_text(PARTNERS)
    path = private(tmp_path / "gateway.toml", text)
    load(path, {})
    path.chmod(0o644)

    said = complaint(path, {})

    assert said == (
        f"gateway.toml: holds a secret and can be read by everybody on this machine; chmod 600 {path}, "
        "or keep the secrets in files of their own"
    )


def test_a_source_that_is_there_and_empty_is_not_passed_over(tmp_path: Path) -> None:
    environment = elsewhere(tmp_path, "credential", "variable")
    (tmp_path / "credentials" / "mailbox.box-1").write_text("\n")

    assert "is empty or too large" in complaint(written(tmp_path), environment)


def test_two_mailboxes_do_not_share_a_variable(tmp_path: Path) -> None:
    two = MAILBOX + MAILBOX.replace("box-1", "box_1")

    assert f"{VARIABLE} would be the password of two" in complaint(
        written(tmp_path, two), elsewhere(tmp_path, "variable")
    )
