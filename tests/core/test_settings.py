# SPDX-License-Identifier: GPL-3.0-or-later
"""The laws of the configuration: every mistake at once, each with its line, its key and the remedy."""

import re
import tomllib
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from gateway.dialects import DIALECTS
from gateway.dialects.wire import Dialect
from gateway.identity import MAX_TAGGED_LOCAL
from gateway.model import EventKind, Subscription
from gateway.settings import (
    AccessSettings,
    AlarmSettings,
    AntivirusSettings,
    ChannelSettings,
    ConfigurationError,
    EdmsSettings,
    FolderOutSettings,
    FolderSettings,
    HealthSettings,
    JournalSettings,
    LimitSettings,
    ListenerSettings,
    MailboxProof,
    MailboxSettings,
    OfficeSettings,
    PartnerSettings,
    ReceiveSettings,
    RelaySettings,
    ReportSettings,
    RetrySettings,
    SelfTestSettings,
    Settings,
    SubscriptionSettings,
    TimeLimitSettings,
    WebSettings,
    WorkerSettings,
    parse,
)
from gateway.settings.lines import lines
from gateway.settings.oauth import OauthSettings
from gateway.settings_files import load

CONFIG = Path(__file__).parents[2] / "config"
GATEWAY = """\
partners = "partners.toml"
secret = "0123456789abcdef"
[[office]]
index = "OFFICE"
name = "Office"
address = "exchange@office.example"
[journal]
url = "sqlite:///journal.db"
blobs = "blobs"
[edms]
mapping = "registry"
database = "sqlite:///edms.db"
files = "files"
[[listener]]
name = "door"
bind = "127.0.0.1:0"
[relay]
host = "127.0.0.1"
port = 2526
tls = "none"
"""
PARTNERS = """\
[[channel]]
id = "mail"
address = "exchange@partner.example"
proof = { kind = "mailbox", name = "door" }
[[partner]]
id = "partner"
name = "Partner"
channel = "mail"
indices = ["PARTNER"]
mode = "live"
"""
GOOGLE = '[[oauth]]\nname = "g"\nprovider = "google"\n'
OAUTH = '[[oauth]]\nname = "m"\nprovider = "microsoft"\nclient_id = "c"\ntenant = "t.example"\nsecret = "s"\n'
MAILBOX = '[[mailbox]]\nname = "box"\nhost = "imap.example"\nuser = "u"\npassword = "p"\nstart = "now"\n'


def parsed(gateway: str = GATEWAY, partners: str = PARTNERS) -> Settings:
    return parse({"gateway.toml": gateway, "partners.toml": partners})


def complaints(gateway: str = GATEWAY, partners: str = PARTNERS) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        parsed(gateway, partners)
    return [str(problem) for problem in caught.value.problems]


def test_what_is_written_is_what_is_read() -> None:
    result = parsed()

    assert result.offices[0].index == "OFFICE"
    assert result.secret == "0123456789abcdef"
    assert result.relay.port == 2526
    assert result.channels[0].proof == MailboxProof(kind="mailbox", name="door")
    assert result.partners[0].indices == ("PARTNER",)
    assert result.warnings == ()


def test_what_is_not_written_has_the_documented_default() -> None:
    result = parsed(GATEWAY + MAILBOX)

    assert result.offices[0].time_zone == "Europe/Minsk"
    assert result.listeners[0].max_letter == 200 * 1024 * 1024
    assert result.mailboxes[0].poll == timedelta(minutes=1)
    assert result.retry.give_up == timedelta(days=5)
    assert result.workers.memory == 1 << 30
    assert result.channels[0].max_letter == 25 * 1024 * 1024
    assert result.receive == ()
    assert result.partners[0].time_limits.registered == timedelta(hours=24)
    assert result.partners[0].subscription.subscription() == Subscription(days=30)
    assert EventKind.EXECUTED in ReportSettings().events


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("30 s", timedelta(seconds=30)),
        ("5 min", timedelta(minutes=5)),
        ("6 h", timedelta(hours=6)),
        ("1 day", timedelta(days=1)),
        ("5 days", timedelta(days=5)),
        ("90s", timedelta(seconds=90)),
    ],
)
def test_durations_are_written_with_their_unit(written: str, meant: timedelta) -> None:
    assert parsed(GATEWAY + f'[retry]\nfirst = "1 s"\nlongest = "{written}"').retry.longest == meant


@pytest.mark.parametrize("written", ['"5"', "5", '"5 minutes"', '"0 s"', '"-1 s"', '"99999999 days"', "true", "[]"])
def test_a_duration_without_a_usable_unit_is_refused(written: str) -> None:
    (complaint,) = complaints(GATEWAY + f"[retry]\nfirst = {written}")

    assert complaint.startswith("gateway.toml:22: retry.first: ")


@pytest.mark.parametrize("written", ['"25"', '"25 MB"', '"0 KiB"', '"9999999 GiB"', "true", "0", '"5 days"'])
def test_a_size_without_a_usable_unit_is_refused(written: str) -> None:
    (complaint,) = complaints(GATEWAY + f"[limits]\nletter = {written}")

    assert complaint.startswith("gateway.toml:22: limits.letter: ")


@pytest.mark.parametrize(
    ("written", "what"),
    [
        ('package = "zip"', 'channel[1].package: SMDO takes files beside the message only; write "files"'),
        ('dialect_version = "2.1"', 'channel[1].dialect_version: is no version of smdo; write "SDIP-2.1.1" or'),
    ],
)
def test_what_smdo_does_not_have_is_refused_with_its_remedy(written: str, what: str) -> None:
    (complaint,) = complaints(partners=PARTNERS.replace('id = "mail"', f'id = "mail"\ndialect = "smdo"\n{written}'))

    assert complaint.startswith(f"partners.toml:4: {what}")


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
def test_a_channel_may_speak_every_dialect_in_every_version_of_it_and_no_other(dialect: Dialect) -> None:
    def complaining(written: str) -> list[str]:
        """What is said of the dialect, beside the language, which is always wrong."""
        partners = PARTNERS.replace('id = "mail"', f'id = "mail"\nlanguage = "none"\n{written}')
        return [complaint for complaint in complaints(partners=partners) if "dialect" in complaint]

    for version in ("", *dialect.versions):
        assert complaining(f'dialect = "{dialect.name}"\ndialect_version = "{version}"') == []
    (complaint,) = complaining(f'dialect = "{dialect.name}"\ndialect_version = "0"')
    assert f"is no version of {dialect.name}; write " in complaint
    (complaint,) = complaining(f'dialect = "{dialect.name.upper()}"')
    assert f'"{dialect.name}"' in complaint.partition(", found ")[0]
    assert complaint.endswith(f'found "{dialect.name.upper()}"; write one of these words')


def test_every_problem_is_told_at_once_with_file_line_and_key() -> None:
    gateway = GATEWAY.replace("port = 2526", 'port = "2526"').replace("index =", "indx =")
    partners = PARTNERS.replace('"mail"\nindices', '"post"\nindices').replace('"door"', '"dor"')

    assert complaints(gateway, partners) == [
        "gateway.toml:3: office[1].index: is missing; add it; the annotated example configuration says what it means",
        "gateway.toml:4: office[1].indx: is not known; did you mean index?",
        'gateway.toml:19: relay.port: expected a whole number, found "2526"; write it in digits, without quotes',
        'partners.toml:4: channel[1].proof.name: there is no listener or mailbox "dor"; did you mean door?',
        'partners.toml:8: partner[1].channel: there is no channel "post"; write "mail", or add it',
    ]


@pytest.mark.parametrize(
    ("before", "after", "complaint"),
    [
        (
            'tls = "none"',
            'tls = "tls"',
            'gateway.toml:20: relay.tls: expected "starttls", "implicit" or "none", found "tls"',
        ),
        ('"127.0.0.1:0"', '"127.0.0.1"', "gateway.toml:16: listener[1].bind: is not an address to listen on"),
        (
            '"127.0.0.1:0"',
            '"0.0.0.0:25"',
            "gateway.toml:14: listener[1].tls: letters would come to 0.0.0.0 in the clear",
        ),
        (
            'host = "127.0.0.1"',
            'host = "mx.example"',
            "gateway.toml:20: relay.tls: letters would go to mx.example in the",
        ),
        ("[relay]", "[relay]\nuser = 'u'", "gateway.toml:17: relay.password_file: is missing"),
        ("[relay]", "[relay]\nrate = '30'", "gateway.toml:18: relay.rate: expected a rate, found"),
        ("[relay]", "[relay]\nrate = '0 per minute'", "gateway.toml:18: relay.rate: expected a rate, found"),
        ("[relay]", "[relay]\nsource_address = 'eth0'", 'gateway.toml:18: relay.source_address: "eth0" is no IP'),
        ("[relay]", "[relay]\ntls_min = '1.1'", 'gateway.toml:18: relay.tls_min: expected "1.2" or "1.3", found'),
        (
            "[relay]",
            "[relay]\nclient_certificate = 'us.pem'",
            "gateway.toml:17: relay.client_key: is missing; name the",
        ),
        (
            "[relay]",
            "[relay]\nclient_key = 'us.pem'",
            "gateway.toml:17: relay.client_certificate: is missing; name the",
        ),
        (
            "[relay]",
            "[relay]\nclient_key = 'us.pem'\nclient_certificate = 'us.pem'",
            "gateway.toml:19: relay.client_certificate: is shown to nobody without TLS",
        ),
        ("[relay]", "[relay]\noauth = 'x'", 'gateway.toml:18: relay.oauth: there is no [[oauth]] "x"'),
        (
            "[relay]",
            OAUTH.replace('tenant = "t.example"\n', "") + "[relay]",
            "gateway.toml:17: oauth[1].tenant: names no",
        ),
        ("[relay]", OAUTH + "[relay]\noauth = 'm'", "gateway.toml:24: relay.oauth: needs a user"),
        (
            "[relay]",
            OAUTH + "[relay]\noauth = 'm'\nuser = 'u'\npassword = 'p'",
            "gateway.toml:24: relay.oauth: stands beside a password",
        ),
        (
            "[relay]",
            OAUTH.replace("microsoft", "other") + "[relay]",
            "gateway.toml:17: oauth[1].token_endpoint: is missing",
        ),
        (
            "[relay]",
            OAUTH + 'token_endpoint = "https://us:word@login.example/"\n[relay]',
            "gateway.toml:23: oauth[1].token_endpoint: is no address of a token endpoint",
        ),
        ("[relay]", OAUTH + OAUTH + "[relay]", "gateway.toml:24: oauth[2].name: "),
        (
            "[relay]",
            OAUTH.replace('client_id = "c"\n', "") + "[relay]",
            "gateway.toml:17: oauth[1].client_id: is",
        ),
        ("[relay]", OAUTH + "subject = 'a@b.example'\n[relay]", "gateway.toml:23: oauth[1].subject: is of Google"),
        (
            "[relay]",
            OAUTH.replace('secret = "s"', 'client_certificate = "c.pem"') + "[relay]",
            "gateway.toml:17: oauth[1].client_key: is missing",
        ),
        (
            "[relay]",
            OAUTH + "client_certificate = 'c.pem'\nclient_key = 'c.pem'\n[relay]",
            "gateway.toml:23: oauth[1].client_certificate: stands beside a secret",
        ),
        (
            "[relay]",
            OAUTH + "flow = 'device-code'\nstore = 's'\nclient_key = 'c.pem'\n[relay]",
            "gateway.toml:25: oauth[1].client_key: is of a client that logs in as itself",
        ),
        ("[relay]", GOOGLE + "[relay]", "gateway.toml:17: oauth[1].key_file: is missing"),
        (
            "[relay]",
            GOOGLE + "client_id = 'c'\n[relay]",
            "gateway.toml:20: oauth[1].client_id: is not used",
        ),
        ("[relay]", GOOGLE + "flow = 'device-code'\n[relay]", "gateway.toml:20: oauth[1].flow: is not given for"),
        ("[relay]", "relay = 1\n[x]", "gateway.toml:17: listener[1].relay: is not known"),
        (
            'address = "exchange@office.example"',
            'address = "office"',
            'gateway.toml:6: office[1].address: "office" is not a',
        ),
        ('name = "Office"', 'time_zone = "Europe/Nowhere"', "gateway.toml:5: office[1].time_zone: the time zone"),
        ('"0123456789abcdef"', '"short"', "gateway.toml:2: secret: is shorter than 16 bytes"),
        ('secret = "0123456789abcdef"\n', "", "gateway.toml: there is no secret_file"),
        ("secret =", "sekret =", "gateway.toml:2: sekret: is not known; did you mean secret?"),
        ("[journal]", "[jornal]", "gateway.toml:7: jornal: is not known; did you mean journal?"),
        ("sqlite:///journal.db", "mysql://db/journal", "gateway.toml:8: journal.url: the journal lives in SQLite or"),
        ("[[office]]", "[office]", "gateway.toml:3: office: expected a list of tables"),
        ('"partners.toml"', '"others.toml"', "gateway.toml:1: partners: there is no file others.toml"),
        ('mapping = "registry"', "mapping = ", "gateway.toml:11: is not TOML: "),
        ('name = "Office"', 'name = ""', "gateway.toml:5: office[1].name: expected a text that is not empty"),
        ('name = "Office"', r'name = "a\nb"', "gateway.toml:5: office[1].name: has line breaks"),
        ("port = 2526", "port = 0", "gateway.toml:19: relay.port: expected a number from 1, found 0"),
        ("port = 2526", "port = true", "gateway.toml:19: relay.port: expected a whole number, found true"),
    ],
)
def test_a_mistake_in_the_gateways_file_is_named_where_it_stands(before: str, after: str, complaint: str) -> None:
    assert before in GATEWAY

    assert any(line.startswith(complaint) for line in complaints(GATEWAY.replace(before, after, 1)))


HIDDEN = st.text("abcXYZ019%:.-_~!$&*+,;=", min_size=8, max_size=30)


@given(HIDDEN, st.sampled_from(["https", "http", "HTTPS"]), st.sampled_from(["{}@", "robot:{}@", ":{}@", "{}:@"]))
@example("hunter2/hunter2", "https", "robot:{}@")
@example("12345678/hunter2", "https", "robot:{}@")
def test_a_webhook_with_a_user_is_refused_and_what_is_told_of_it_names_no_password(
    password: str, scheme: str, user: str
) -> None:
    webhook = f"{scheme}://{user.format(password)}alarm.example/edms"

    told = complaints(GATEWAY + f'\n[alarm]\nwebhook = "{webhook}"\n')

    assert any(line.startswith("gateway.toml:") and "alarm.webhook: " in line for line in told)
    assert all(password not in line for line in told)


@pytest.mark.parametrize(
    "address", ["https://alarm.example/to@ken", "http://10.0.0.1:8080/?to=a@b", "https://[::1]:1/x"]
)
def test_an_at_sign_behind_the_host_of_a_webhook_is_no_user(address: str) -> None:
    assert parsed(GATEWAY + f'\n[alarm]\nwebhook = "{address}"\n').alarm.webhook == address


def test_a_mailbox_over_starttls_is_looked_for_at_its_own_port() -> None:
    over_starttls = MAILBOX.replace("[[mailbox]]", '[[mailbox]]\ntls = "starttls"')

    ports = [
        parsed(GATEWAY + box).mailboxes[0].port for box in (MAILBOX, over_starttls, over_starttls + "port = 144\n")
    ]

    assert ports == [993, 143, 144]


@pytest.mark.parametrize(
    ("before", "after", "complaint"),
    [
        ('kind = "mailbox", ', "", "partners.toml:4: channel[1].proof: does not say its kind"),
        ('"mailbox"', '"magic"', 'partners.toml:4: channel[1].proof: expected "mailbox", "network"'),
        ('name = "door"', 'nmae = "door"', "partners.toml:4: channel[1].proof.nmae: is not known; did you mean name?"),
        ('"mailbox", name = "door"', '"network", peers = ["x"]', 'partners.toml:4: channel[1].proof.peers[1]: "x" is'),
        ('"mailbox", name = "door"', '"network", peers = []', "partners.toml:4: channel[1].proof.peers: expected at"),
        ('id = "partner"', 'id = "Partner 1"', "partners.toml:6: partner[1].id: is not an id"),
        ('["PARTNER"]', '["office "]', 'partners.toml:9: partner[1].indices: "office " is the index of our own office'),
        ('["PARTNER"]', '["a", "A"]', 'partners.toml:9: partner[1].indices: "A" is the index of the partner "partner"'),
        ('["PARTNER"]', '"PARTNER"', 'partners.toml:9: partner[1].indices: expected a list, found "PARTNER"'),
        (
            '["PARTNER"]',
            '["PARTNER"]\n[[report]]\nevents = ["executd"]',
            "partners.toml:11: report[1].events[1]: there",
        ),
        ('name = "Partner"', "subscription = { days = 0 }", "partners.toml:7: partner[1].subscription.days: exp"),
        ("[[channel]]", 'receive = "auto"\n[[channel]]', "partners.toml:1: receive: expected a list of tables"),
        (
            'mode = "live"',
            'mode = "live"\n[[receive]]\npartner = ["x"]',
            "partners.toml:12: receive[1].partner: there is no",
        ),
        (
            'mode = "live"',
            'mode = "live"\n[[report]]\norganisation = ["x"]',
            'partners.toml:12: report[1].organisation: "x" is no organisation of ours; write "OFFICE"',
        ),
        ('id = "mail"', 'id = "mail"\nrelay = "r"', "partners.toml:3: channel[1].relay: there is no [["),
        ("[[channel]]", "[[chanel]]", "partners.toml:1: chanel: is not known; did you mean channel?"),
    ],
)
def test_a_mistake_in_the_partners_file_is_named_where_it_stands(before: str, after: str, complaint: str) -> None:
    assert before in PARTNERS

    assert any(line.startswith(complaint) for line in complaints(GATEWAY, PARTNERS.replace(before, after, 1)))


def test_the_line_is_right_when_tables_of_two_kinds_alternate() -> None:
    second = PARTNERS.replace('"mail"', '"post"').replace('"partner"', '"second"').replace('["PARTNER"]', "[3]")

    (complaint,) = complaints(GATEWAY, PARTNERS + second)

    assert complaint.startswith("partners.toml:19: partner[2].indices[1]: expected a text, found 3")


@pytest.mark.parametrize("key", ["start", "user", "password"])
def test_a_mailbox_says_what_cannot_be_guessed(key: str) -> None:
    without = "".join(line for line in MAILBOX.splitlines(keepends=True) if not line.startswith(key))

    (complaint,) = complaints(GATEWAY + without)

    assert f"mailbox[1].{key}" in complaint
    assert "is missing" in complaint


GUID = "7b1f0c9a-3d2e-4f58-8a61-2c9e5d4b7f10"


@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        ("", 'partner[1].codes: has no GUID for "PARTNER", which MEDO needs'),
        ('codes = { PARTNER = "no guid" }', 'partner[1].codes: has no GUID for "PARTNER", which MEDO needs'),
        ('codes = { PARTNER = { smdo = "OrgA001" } }', 'partner[1].codes: has no GUID for "PARTNER", which MEDO needs'),
        (
            f'codes = {{ PARTNER = {{ medo = "{GUID}" }} }}',
            "office[1].codes: has no GUID under medo, which",
        ),
        (f'codes = {{ PARTNER = "{GUID}" }}', "office[1].codes: has no GUID under medo, which its channels need"),
    ],
)
def test_a_channel_of_medo_wants_the_guids_of_both_ends(codes: str, expected: str) -> None:
    partners = PARTNERS.replace('id = "mail"', 'id = "mail"\ndialect = "medo"') + codes

    assert any(expected in line and "ask the operator of MEDO" in line for line in complaints(GATEWAY, partners))


def test_an_envelope_is_known_to_medo_only() -> None:
    partners = PARTNERS.replace('id = "mail"', 'id = "mail"\nenvelope = "BOX~NODE"')

    (complaint,) = complaints(GATEWAY, partners)

    assert "channel[1].envelope: is known to MEDO only" in complaint


def test_names_are_used_once() -> None:
    gateway = GATEWAY + MAILBOX.replace('"box"', '"door"')
    partners = PARTNERS + PARTNERS.replace("PARTNER", "OTHER")

    assert [line.split(";")[0] for line in complaints(gateway, partners)] == [
        'gateway.toml:22: mailbox[1].name: "door" is used twice',
        'partners.toml:12: channel[2].id: "mail" is used twice',
        'partners.toml:16: partner[2].id: "partner" is used twice',
    ]


def test_a_password_never_appears_in_a_complaint_nor_in_a_listing_of_the_settings() -> None:
    wrong = GATEWAY + MAILBOX.replace('"p"', "4711")
    right = GATEWAY + MAILBOX.replace('"p"', '"4711"')

    assert not any("4711" in line for line in complaints(wrong))
    assert "4711" not in repr(parsed(right))
    assert "0123456789abcdef" not in repr(parsed(right))


def test_an_unproven_channel_is_a_warning() -> None:
    (warning,) = parsed(GATEWAY, PARTNERS.replace('"mailbox", name = "door"', '"none"')).warnings

    assert str(warning).startswith(
        "partners.toml:4: channel[1].proof: anybody who writes the address exchange@partner."
    )


def test_a_mailbox_that_proves_two_channels_is_a_warning() -> None:
    second = PARTNERS.replace("mail", "post", 1).replace('"post"box', '"mailbox"').split("[[partner]]")[0]

    (warning,) = parsed(GATEWAY, PARTNERS + second).warnings

    assert warning.line == 14


@pytest.mark.parametrize(("octets", "warned"), [(MAX_TAGGED_LOCAL, False), (MAX_TAGGED_LOCAL + 1, True)])
def test_an_address_without_room_for_a_tag_is_a_warning(octets: int, warned: bool) -> None:
    longer = GATEWAY.replace("exchange@office", "e" * octets + "@office")

    plain, tagged = parsed(longer), parsed(longer + 'bounce_sender = "tagged"\n')

    assert plain.warnings == ()
    assert [str(one).startswith("gateway.toml:6: office[1].address: is too long") for one in tagged.warnings] == (
        [True] if warned else []
    )


def test_one_file_may_hold_everything() -> None:
    result = parse({"gateway.toml": GATEWAY.replace('partners = "partners.toml"\n', "") + PARTNERS})

    assert result.partners[0].id == "partner"


def test_settings_can_be_made_without_files_and_are_checked_all_the_same() -> None:
    with pytest.raises(ValueError, match="in the clear"):
        RelaySettings(host="mx.example", tls="none")
    assert EdmsSettings(mapping="registry", database="sqlite://", files=Path("/x")).poll == timedelta(seconds=5)


@given(st.text(max_size=300) | st.lists(st.sampled_from(GATEWAY.splitlines() + PARTNERS.splitlines())).map("\n".join))
@settings(max_examples=150, deadline=None)
def test_any_text_is_settings_or_a_configuration_error(text: str) -> None:
    found: object
    try:
        found = parse({"gateway.toml": text})
    except ConfigurationError as error:
        found = error.problems

    assert found


KEYS = st.sampled_from(["a", "b", '"c d"', "'e'", "f.g", "h-1"])
VALUES = st.sampled_from(
    [
        "1",
        '"x"',
        '"a # b"',
        "'''x\ny = 1\n[z]\n'''",
        '"""\n[[q]]\nk = "v"\\\n"""',
        "[\n  1, # [\n  2,\n]",
        "{ k = [1] }",
        "{}",
    ]
)
TABLES = st.sampled_from(["[[t]]", "[[u]]", "[[ t.v ]]", "# comment = [", ""])


@given(st.lists(st.tuples(TABLES, st.dictionaries(KEYS, VALUES, max_size=4)), max_size=8))
@settings(max_examples=100, deadline=None)
def test_every_key_is_found_on_the_line_it_stands_on(sections: list[tuple[str, dict[str, str]]]) -> None:
    written = [
        heading + "\n" + "".join(f"{key} = {value}\n" for key, value in pairs.items()) for heading, pairs in sections
    ]
    text = "\n".join(written)
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return

    rows = text.split("\n")
    for path, line in lines(text).items():
        last = next(step for step in reversed(path) if isinstance(step, str))
        assert re.search(rf"""(^|[\[\s.'"]){re.escape(last)}["'\s.\]=]""", rows[line - 1]), (path, rows[line - 1])


# --- files --------------------------------------------------------------------------------------------------------


def written(folder: Path, gateway: str, **secrets: str) -> Path:
    (folder / "gateway.toml").write_text(gateway)
    (folder / "partners.toml").write_text(PARTNERS)
    for name, secret in secrets.items():
        (folder / name).write_text(secret)
        (folder / name).chmod(0o600)
    return folder / "gateway.toml"


def test_secrets_come_from_files_and_paths_are_meant_from_the_folder(tmp_path: Path) -> None:
    gateway = GATEWAY.replace('secret = "0123456789abcdef"', 'secret_file = "key"')
    gateway += MAILBOX.replace('password = "p"', 'password_file = "imap"')

    result = load(written(tmp_path, gateway, key="fedcba9876543210\n", imap="s3cret\n"))

    assert result.secret == "fedcba9876543210"
    assert result.mailboxes[0].password == "s3cret"
    assert result.journal.url == f"sqlite:///{tmp_path}/journal.db"
    assert result.journal.blobs == tmp_path / "blobs"
    assert result.edms.mapping == "registry"


def test_a_secret_that_everybody_may_read_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, GATEWAY.replace('secret = "0123456789abcdef"', 'secret_file = "key"'), key="0" * 32)
    (tmp_path / "key").chmod(0o644)

    with pytest.raises(ConfigurationError) as caught:
        load(path)

    key = tmp_path / "key"
    assert str(caught.value) == (
        f"gateway.toml:2: secret_file: {key} can be read by everybody on this machine; chmod 600 {key}"
    )


@pytest.mark.parametrize("content", [None, "", "\n", "short"])
def test_a_secret_that_is_absent_empty_or_short_is_refused_once(tmp_path: Path, content: str | None) -> None:
    secrets = {} if content is None else {"key": content}
    path = written(tmp_path, GATEWAY.replace('secret = "0123456789abcdef"', 'secret_file = "key"'), **secrets)

    with pytest.raises(ConfigurationError) as caught:
        load(path)

    assert [(problem.line, problem.key) for problem in caught.value.problems] == [(2, "secret_file")]


def test_a_configuration_that_cannot_be_read_says_so(tmp_path: Path) -> None:
    (tmp_path / "latin.toml").write_bytes(b"name = '\xff'")

    with pytest.raises(ConfigurationError, match=r"absent\.toml: cannot be read: No such file"):
        load(tmp_path / "absent.toml")
    with pytest.raises(ConfigurationError, match=r"latin\.toml: is not UTF-8"):
        load(tmp_path / "latin.toml")


# --- antivirus ----------------------------------------------------------------------------------------------------


def test_what_the_example_shows_of_antivirus_are_the_defaults() -> None:
    (section,) = re.findall(r"(?ms)^(# \[antivirus\].*?)^# ---", examples()["gateway.toml"])
    shown = re.sub(r"(?m)^# (?=\[|[a-z_]+ = )", "", section)
    shown = re.sub(r"(?m)^command.*$", "", shown)

    settings = parse({"gateway.toml": GATEWAY + shown, "partners.toml": PARTNERS}).antivirus

    assert settings == AntivirusSettings(clamd="unix:/run/clamav/clamd.ctl")


@pytest.mark.parametrize(
    ("written", "key", "remedy"),
    [
        ('clamd = "/run/clamav/clamd.ctl"', "antivirus.clamd", "unix:/run/clamav/clamd.ctl"),
        ('clamd = "unix:clamd.ctl"', "antivirus.clamd", "unix:/run/clamav/clamd.ctl"),
        ('clamd = "127.0.0.1"', "antivirus.clamd", "127.0.0.1:3310"),
        ('clamd = "127.0.0.1:0"', "antivirus.clamd", "127.0.0.1:3310"),
        ('clamd = "127.0.0.1:3310"\ncommand = ["/bin/a", "{file}"]', "antivirus.command", "keep one of the two"),
        ('on_virus = "refuse"', "antivirus.clamd", "write clamd"),
        ('command = ["/usr/bin/scanner"]', "antivirus.command", "{file}"),
        ('command = ["scanner", "{file}"]', "antivirus.command", "from the root"),
        ('clamd = "127.0.0.1:3310"\ntime_limit = "3 min"', "antivirus.time_limit", "workers.patience"),
        ('clamd = "127.0.0.1:3310"\ntoo_large = "drop"', "antivirus.too_large", "one of these"),
        ('clamd = "127.0.0.1:3310"\non_viruses = "wait"', "antivirus.on_viruses", "on_virus"),
    ],
)
def test_every_mistake_about_the_scanner_is_named_with_its_remedy(written: str, key: str, remedy: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        parse({"gateway.toml": f"{GATEWAY}[antivirus]\n{written}\n", "partners.toml": PARTNERS})

    (problem,) = refused.value.problems
    assert problem.key == key
    assert remedy in problem.remedy


# --- the examples -------------------------------------------------------------------------------------------------


def examples() -> dict[str, str]:
    return {name: (CONFIG / name).read_text(encoding="utf-8") for name in ("gateway.toml", "partners.toml")}


def test_the_shipped_examples_are_good_as_they_are() -> None:
    result = parse(examples())

    assert result.listeners[0].bind == "127.0.0.1:2525"
    assert result.journal.url == "sqlite:///journal.db"
    assert result.edms.mapping == "registry"
    assert result.warnings == ()


SHAPES: dict[str, type[BaseModel]] = {
    "office": OfficeSettings,
    "journal": JournalSettings,
    "edms": EdmsSettings,
    "listener": ListenerSettings,
    "mailbox": MailboxSettings,
    "folder": FolderSettings,
    "relay": RelaySettings,
    "retry": RetrySettings,
    "oauth": OauthSettings,
    "workers": WorkerSettings,
    "limits": LimitSettings,
    "self_test": SelfTestSettings,
    "alarm": AlarmSettings,
    "health": HealthSettings,
    "access": AccessSettings,
    "web": WebSettings,
    "antivirus": AntivirusSettings,
    "channel": ChannelSettings,
    "channel.folder_out": FolderOutSettings,
    "partner": PartnerSettings,
    "partner.subscription": SubscriptionSettings,
    "partner.time_limits": TimeLimitSettings,
    "receive": ReceiveSettings,
    "report": ReportSettings,
}


@pytest.mark.parametrize("table", SHAPES)
def test_the_examples_show_every_key_and_no_other(table: str) -> None:
    sections = re.split(r"(?m)^(?:# )?\[+([a-z_.]+)\]+", "\n".join(examples().values()))
    section = next(text for name, text in zip(sections[1::2], sections[2::2], strict=True) if name == table)

    shown = set(re.findall(r"(?m)^(?:# )?([a-z_]+) = ", section))

    nested = {"proof", "folder_out", "time_limits", "subscription", "options"}
    hidden = {
        "relay": {"name", "password"},
        "mailbox": {"password"},
        "web": {"password"},
        "oauth": {"secret", "service_account"},
    }.get(table, set())
    assert shown == set(SHAPES[table].model_fields) - nested - hidden


def test_the_defaults_the_examples_show_are_the_defaults() -> None:
    tables = r"log|workers|limits|retry|alarm|health|access|self_test|web|partner\.[a-z_]+"
    shown = rf"(?m)^# (?=(events|  \"|\]|[a-z_]+ = |\[({tables})\]))"
    aside = r"(?ms)^# \[(antivirus|channel\.folder_out)\].*?(?=^# ---)"
    shipped = {name: re.sub(aside, _blank, text) for name, text in examples().items()}
    uncommented = {name: re.sub(shown, "", text) for name, text in shipped.items()}
    uncommented["gateway.toml"] = without(uncommented["gateway.toml"], "mailbox", "folder", "other_relay", "oauth")
    files = ('certificate = "', 'key = "', "password_file", "ca_file", "client_certificate", "client_key", "holidays")
    alone = ("trusted_", 'user = "clerk')  # one way to ask who looks shuts out the other
    for line in (*files, *alone, "rate", "every", "command", "webhook", "mail = ", "oauth"):
        uncommented["gateway.toml"] = re.sub(rf"(?m)^{re.escape(line)}.*$", "", uncommented["gateway.toml"])
    uncommented["partners.toml"] = re.sub(
        r'(?m)^kind = "(?!mailbox).*$|^(peers|authserv_id|domain|value) = .*$|^name = "(X|from)-.*$|^\w+_all = .*$|'
        r"^(visa|sign|draft)_(direction|information|registration) = .*$|"
        r"^(organisation|access|max_file) = .*$|^kind = \[.*$",
        "",
        uncommented["partners.toml"],
    )

    assert parse(uncommented) == parse(examples())


def _blank(found: re.Match[str]) -> str:
    """Return as many empty lines."""
    return "\n" * found[0].count("\n")


def without(text: str, *tables: str) -> str:
    for table in tables:
        text = re.sub(rf"(?ms)^# \[\[{table}\]\].*?(?=^(# )?\[|^# ---)", "", text)
    return text
