# SPDX-License-Identifier: GPL-3.0-or-later
"""The laws of the configuration: every mistake at once, each with its line, its key and the remedy."""

import re
import tomllib
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from gateway.identity import MAX_TAGGED_LOCAL
from gateway.model import EventKind, Subscription
from gateway.settings import (
    AccessSettings,
    ChannelSettings,
    ConfigurationError,
    EdmsSettings,
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
    Settings,
    SubscriptionSettings,
    TimeLimitSettings,
    WorkerSettings,
    parse,
)
from gateway.settings.lines import lines
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
"""
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
        ("port = 2526", "port = 0", "gateway.toml:19: relay.port: expected a larger number, found 0"),
        ("port = 2526", "port = true", "gateway.toml:19: relay.port: expected a whole number, found true"),
    ],
)
def test_a_mistake_in_the_gateways_file_is_named_where_it_stands(before: str, after: str, complaint: str) -> None:
    assert before in GATEWAY

    assert any(line.startswith(complaint) for line in complaints(GATEWAY.replace(before, after, 1)))


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
            '["PARTNER"]',
            '["PARTNER"]\n[[receive]]\npartner = ["x"]',
            "partners.toml:11: receive[1].partner: there is no",
        ),
        (
            '["PARTNER"]',
            '["PARTNER"]\n[[report]]\norganisation = ["x"]',
            'partners.toml:11: report[1].organisation: "x" is no organisation of ours; write "OFFICE"',
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

    assert complaint.startswith("partners.toml:18: partner[2].indices[1]: expected a text, found 3")


@pytest.mark.parametrize("key", ["start", "user", "password"])
def test_a_mailbox_says_what_cannot_be_guessed(key: str) -> None:
    without = "".join(line for line in MAILBOX.splitlines(keepends=True) if not line.startswith(key))

    (complaint,) = complaints(GATEWAY + without)

    assert f"mailbox[1].{key}" in complaint
    assert "is missing" in complaint


def test_names_are_used_once() -> None:
    gateway = GATEWAY + MAILBOX.replace('"box"', '"door"')
    partners = PARTNERS + PARTNERS.replace("PARTNER", "OTHER")

    assert [line.split(";")[0] for line in complaints(gateway, partners)] == [
        'gateway.toml:22: mailbox[1].name: "door" is used twice',
        'partners.toml:11: channel[2].id: "mail" is used twice',
        'partners.toml:15: partner[2].id: "partner" is used twice',
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

    assert warning.line == 13


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
    "relay": RelaySettings,
    "retry": RetrySettings,
    "workers": WorkerSettings,
    "limits": LimitSettings,
    "access": AccessSettings,
    "channel": ChannelSettings,
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

    nested = {"proof", "time_limits", "subscription", "options"}
    hidden = {"relay": {"name", "password"}, "mailbox": {"password"}}.get(table, set())
    assert shown == set(SHAPES[table].model_fields) - nested - hidden


def test_the_defaults_the_examples_show_are_the_defaults() -> None:
    shown = r"(?m)^# (?=(events|  \"|\]|[a-z_]+ = |\[(workers|limits|retry|access|partner\.[a-z_]+)\]))"
    uncommented = {name: re.sub(shown, "", text) for name, text in examples().items()}
    uncommented["gateway.toml"] = without(uncommented["gateway.toml"], "mailbox", "other_relay")
    for line in ('certificate = "', 'key = "', "password_file", "ca_file", "holidays"):
        uncommented["gateway.toml"] = re.sub(rf"(?m)^{re.escape(line)}.*$", "", uncommented["gateway.toml"])
    uncommented["partners.toml"] = re.sub(
        r'(?m)^kind = "(?!mailbox).*$|^(peers|authserv_id|domain|value) = .*$|^name = "X-.*$|^\w+_all = .*$|'
        r"^(visa|sign|draft)_(direction|information|registration) = .*$|"
        r"^(organisation|access|max_file) = .*$|^kind = \[.*$",
        "",
        uncommented["partners.toml"],
    )

    assert parse(uncommented) == parse(examples())


def without(text: str, *tables: str) -> str:
    for table in tables:
        text = re.sub(rf"(?ms)^# \[\[{table}\]\].*?(?=^(# )?\[|^# ---)", "", text)
    return text
