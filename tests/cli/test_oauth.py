# SPDX-License-Identifier: GPL-3.0-or-later
"""``oauth``: what an administrator sees of his provider, also when nothing else works."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gateway.cli import main
from tests.servers import tokens as providers
from tests.servers.tokens import CLIENT, SECRET, Provider, claims
from tests.tokens.keys import account, made


@pytest.fixture
def provider() -> Iterator[Provider]:
    with providers.running() as one:
        yield one


def written(folder: Path, provider: Provider, secret: str = SECRET, rest: str = "") -> Path:
    (folder / "client.secret").write_text(secret + "\n")
    (folder / "client.secret").chmod(0o600)
    file = folder / "gateway.toml"
    file.write_text(
        f'{rest}\n[[oauth]]\nname = "office"\nprovider = "other"\nclient_id = "{CLIENT}"\n'
        f'secret_file = "client.secret"\ntoken_endpoint = "{provider.endpoint}"\n'
    )
    return file


def status(file: Path, *options: str) -> Result:
    return CliRunner().invoke(main, ["--config", str(file), "oauth", "status", *options])


def test_a_provider_that_gives_tokens_is_well(tmp_path: Path, provider: Provider) -> None:
    ended = status(written(tmp_path, provider), "--json")

    assert ended.exit_code == 0
    assert json.loads(ended.output) == {
        "name": "office",
        "provider": "other",
        "endpoint": provider.endpoint,
        "state": "ok",
        "words": None,
    }
    assert provider.given[0] not in ended.output


def test_a_provider_that_refuses_is_quoted_without_the_secret(tmp_path: Path, provider: Provider) -> None:
    ended = status(written(tmp_path, provider, secret="an-old-secret-of-last-year"))

    assert ended.exit_code == 1
    assert "invalid_client: AADSTS7000215: Invalid client secret provided: ***" in ended.output
    assert "an-old-secret" not in ended.output


def test_it_works_when_the_rest_of_the_configuration_does_not(tmp_path: Path, provider: Provider) -> None:
    ended = status(written(tmp_path, provider, rest='nonsense = 1\n[journal]\nurl = "mysql://nowhere/x"'))

    assert ended.exit_code == 0
    assert "ok" in ended.output


def test_a_mistake_in_its_own_table_is_named_with_its_line(tmp_path: Path, provider: Provider) -> None:
    file = written(tmp_path, provider)
    file.write_text(file.read_text().replace("127.0.0.1", "login.example"))

    ended = status(file)

    assert ended.exit_code == 78
    assert "gateway.toml:7: oauth[1].token_endpoint: the secret would go to login.example in the clear" in ended.output


def test_a_person_logs_in_and_the_status_is_well(tmp_path: Path, provider: Provider) -> None:
    provider.consents_after, provider.interval = 0, 1
    file = written(tmp_path, provider)
    text = file.read_text().replace('secret_file = "client.secret"', 'flow = "device-code"\nstore = "office.secret"')
    file.write_text(f'{text}device_endpoint = "{provider.devices}"\n')
    before = status(file)

    ended = CliRunner().invoke(main, ["--config", str(file), "oauth", "login", "office"])

    assert "nobody has consented yet: type: edms-gateway oauth login office" in before.output
    assert ended.output.splitlines() == [
        "open  https://login.provider.example/common/oauth2/deviceauth  within 15 minutes, "
        "log in as the mailbox's user, and type the code",
        "ABCD-EFGH",
        f"kept in {tmp_path / 'office.secret'}; the service uses it at its next login",
    ]
    assert ended.exit_code == 0
    assert status(file).exit_code == 0


def test_a_client_that_logs_in_as_itself_needs_no_person(tmp_path: Path, provider: Provider) -> None:
    ended = CliRunner().invoke(main, ["--config", str(written(tmp_path, provider)), "oauth", "login", "office"])

    assert ended.exit_code == 1
    assert "nobody needs to consent" in ended.output


def of_google(folder: Path, token_uri: str, mode: int = 0o600) -> Path:
    (folder / "google.json").write_text(account(made("account"), token_uri))
    (folder / "google.json").chmod(mode)
    file = folder / "gateway.toml"
    file.write_text(
        '[[oauth]]\nname = "google"\nprovider = "google"\nkey_file = "google.json"\n'
        'subject = "exchange@office.example"\n'
    )
    return file


def test_a_service_account_of_google_is_well(tmp_path: Path, provider: Provider) -> None:
    provider.public_key = made("account").public

    ended = status(of_google(tmp_path, provider.endpoint), "--json")

    assert ended.exit_code == 0, ended.output
    assert json.loads(ended.output)["endpoint"] == provider.endpoint
    assert (claims(provider.asked[0]["assertion"])["sub"], len(provider.asked)) == ("exchange@office.example", 1)


def test_a_key_of_a_service_account_that_others_may_read_is_refused(tmp_path: Path, provider: Provider) -> None:
    ended = status(of_google(tmp_path, provider.endpoint, 0o644))

    assert ended.exit_code == 78
    assert "oauth[1].key_file: " in ended.output
    assert "google.json can be read by everybody on this machine; chmod 600" in ended.output


def test_a_key_of_a_service_account_is_looked_at_before_it_is_used(tmp_path: Path, provider: Provider) -> None:
    file = of_google(tmp_path, "http://oauth2.example/token")
    plain = status(file)
    of_a_person = account(made("account"), provider.endpoint).replace('"service_account"', '"authorized_user"')
    (tmp_path / "google.json").write_text(of_a_person)
    another = status(file)
    (tmp_path / "google.json").unlink()
    absent = status(file)

    assert "gateway.toml:4: oauth[1].key_file: the secret would go to oauth2.example in the clear" in plain.output
    assert "gateway.toml:4: oauth[1].key_file: is no key of a service account" in another.output
    assert absent.output.count("oauth[1]") == 1
    assert "google.json cannot be read: No such file or directory" in absent.output
    assert provider.asked == []


def test_a_client_with_a_certificate_is_well_as_long_as_its_key_is_private(tmp_path: Path, provider: Provider) -> None:
    provider.public_key = made("client").public
    made("client").laid(tmp_path)
    file = written(tmp_path, provider)
    files = 'client_certificate = "client.pem"\nclient_key = "client.key"'
    file.write_text(file.read_text().replace('secret_file = "client.secret"', files))

    ended = status(file)

    (tmp_path / "client.key").chmod(0o644)
    exposed = status(file)

    assert ended.exit_code == 0, ended.output
    assert "client_secret" not in provider.asked[0]
    assert "client.key can be read by everybody on this machine" in exposed.output
    assert exposed.exit_code == 78
