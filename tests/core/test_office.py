# SPDX-License-Identifier: GPL-3.0-or-later
"""Who is believed: every proof, and every way it must fail."""

from datetime import UTC, datetime

import pytest

from gateway.errors import Reason, Refused
from gateway.model import (
    Document,
    DocumentUid,
    Letter,
    Message,
    MessageId,
    Organisation,
    Party,
    ReturnId,
    Sha256,
)
from gateway.office import Office, Origin
from gateway.settings import Settings, parse

GATEWAY = """
secret = "0123456789abcdef0123456789abcdef"
partners = "p.toml"
[[office]]
index = "OURS"
name = "Ours"
address = "us@ours.example"
[journal]
url = "sqlite:////tmp/never-opened.db"
blobs = "/tmp/never-opened"
[edms]
mapping = "registry"
database = "sqlite:////tmp/never-opened.db"
files = "/tmp/never-opened"
[[listener]]
name = "door"
bind = "127.0.0.1:0"
[[listener]]
name = "lane"
bind = "127.0.0.1:0"
[relay]
host = "127.0.0.1"
port = 1
tls = "none"
"""


ANOTHER = """
[[office]]
index = "TOO"
name = "Ours"
address = "too@ours.example"
"""
PARTNERS = """
[[channel]]
id = "c"
address = "them@partner.example"
[channel.proof]
{proof}
[[partner]]
id = "p"
name = "Partner"
channel = "c"
indices = ["THEIRS", "THEIRS-TOO"]
mode = "live"
"""


def settings(proof: str) -> Settings:
    return parse({"gateway.toml": GATEWAY, "p.toml": PARTNERS.format(proof=proof)})


def letter(*headers: tuple[str, str]) -> Letter:
    named = {name.lower() for name, _ in headers}
    sender = () if "from" in named else (("From", "them@partner.example"),)
    return Letter((*sender, *headers), (), 0, Sha256("0" * 64))


def proven(proof: str, origin: Origin, *headers: tuple[str, str]) -> bool:
    try:
        return Office(settings(proof)).proven(letter(*headers), origin).id == "c"
    except Refused:
        return False


HERE = Origin("door", "192.0.2.7", "them@partner.example")
NETWORK = 'kind = "network"\npeers = ["192.0.2.0/24"]'
HEADER = 'kind = "header"\nname = "X-Verified"\nvalue = "yes"'
RESULTS = 'kind = "auth-results"\nauthserv_id = "mx.ours.example"\ndomain = "partner.example"'
MAILBOX = 'kind = "mailbox"\nname = "lane"'


@pytest.mark.parametrize(
    ("proof", "origin", "headers", "believed"),
    [
        (NETWORK, HERE, (), True),
        (NETWORK, Origin("door", "198.51.100.7", ""), (), False),
        (NETWORK, Origin("door", "unix", ""), (), False),
        (NETWORK, HERE, (("From", "who@nowhere.example"),), False),
        (NETWORK, HERE, (("From", "them@partner.example"), ("From", "who@nowhere.example")), False),
        (NETWORK, HERE, (("From", "them@partner.example, who@nowhere.example"),), False),
        (NETWORK, HERE, (("From", '"them@partner.example" <who@nowhere.example>'),), False),
        (HEADER, HERE, (("X-Verified", "yes"),), True),
        (HEADER, HERE, (("X-Verified", "no"),), False),
        (HEADER, HERE, (), False),
        (HEADER, HERE, (("X-Verified", "yes"), ("X-Verified", "no")), False),
        (MAILBOX, Origin("lane", "", ""), (("From", "anybody@nowhere.example"),), True),
        (MAILBOX, HERE, (), False),
        ('kind = "none"', HERE, (), True),
    ],
)
def test_a_proof_holds_exactly_when_it_should(
    proof: str, origin: Origin, headers: tuple[tuple[str, str], ...], believed: bool
) -> None:
    """USENIX Security 2020, “Composition Kills”: From alone is never enough."""
    assert proven(proof, origin, *headers) is believed


@pytest.mark.parametrize(
    ("results", "believed"),
    [
        (("mx.ours.example; dmarc=pass header.from=partner.example",), True),
        (("mx.ours.example; dkim=pass header.d=partner.example",), True),
        (("mx.ours.example; dkim=pass (2048-bit key) header.d=partner.example; spf=pass",), True),
        (("mx.ours.example; dmarc=fail header.from=partner.example",), False),
        (("mx.ours.example; dkim=pass header.d=evil.example",), False),
        (("mx.ours.example; dmarc=pass header.from=evil.example",), False),
        (("mx.evil.example; dmarc=pass header.from=partner.example",), False),
        (("mx.ours.example.evil.example; dmarc=pass header.from=partner.example",), False),
        (("mx.ours.example; dmarc=fail (dmarc=pass header.from=partner.example)",), False),
        (("mx.ours.example; dmarc=none", "mx.ours.example; dmarc=pass header.from=partner.example"), False),
        ((), False),
    ],
)
def test_only_the_topmost_verdict_of_our_own_server_counts(results: tuple[str, ...], believed: bool) -> None:
    """RFC 8601 §5, §7.1."""
    headers = [("Authentication-Results", value) for value in results]

    assert proven(RESULTS, HERE, *headers) is believed


def test_the_partner_is_chosen_by_the_index_inside_whatever_its_case() -> None:
    office = Office(settings(NETWORK))
    channel = office.proven(letter(), HERE)

    assert office.partner(channel, "theirs-too ").id == "p"
    with pytest.raises(Refused) as why:
        office.partner(channel, "SOMEBODY")
    assert why.value.reason is Reason.UNKNOWN_PARTNER


def test_who_writes_without_an_index_is_answered_under_the_first_one_agreed() -> None:
    office = Office(settings(NETWORK))
    partner = office.partner(office.proven(letter(), HERE), "THEIRS-TOO")

    assert partner.named(Party()).index == "THEIRS"
    assert partner.named(Party(Organisation("Nameless"))).organisation == Organisation("Nameless", index="THEIRS")
    assert partner.named(Party(Organisation("Own", index="THEIRS-TOO"))).index == "THEIRS-TOO"


def test_a_message_for_none_of_our_organisations_is_not_for_us() -> None:
    office = Office(settings(NETWORK))

    assert addressed(office, "ours") == ["OURS"]
    assert addressed(office, "") == ["OURS"]
    assert addressed(office, "ELSEWHERE") == []
    assert addressed(office, "ELSEWHERE", "") == []


def test_every_organisation_of_ours_that_a_message_names_is_addressed_once() -> None:
    office = Office(parse({"gateway.toml": GATEWAY + ANOTHER, "p.toml": PARTNERS.format(proof=NETWORK)}))

    assert addressed(office, "TOO", "ELSEWHERE", "ours ", "too") == ["TOO", "OURS"]
    assert addressed(office, "") == []  # which of the two is anybody's guess


def addressed(office: Office, *indices: str) -> list[str]:
    parties = tuple(Party(Organisation("A name", index=index)) for index in indices)
    return [ours.index for ours in office.addressed(parties)]


def test_a_lane_is_a_guess_and_a_stranger_has_the_common_one() -> None:
    office = Office(settings(NETWORK))

    assert office.lane(HERE) == "c"
    assert office.lane(Origin("door", "192.0.2.7", "who@nowhere.example")) == "stranger"


# --- how standards name us ----------------------------------------------------------------------------------------

OUR_CODE, THEIR_CODE = "0a9f0001-0000-4000-8000-00000000A001", "7b1f0002-0000-4000-8000-00000000b002"
TOO = "7b1f0003-0000-4000-8000-00000000c003"


def coded(dialect: str = "medo", form: str = '"{}"') -> Office:
    """We and the partner's first organisation have codes in its standard; we have another one in SMDO.

    *form* is how the partner's codes are written.
    """
    gateway = GATEWAY.replace('name = "Ours"', f'name = "Ours"\ncodes = {{ medo = "{OUR_CODE}", smdo = "OrgA001" }}', 1)
    partners = PARTNERS.format(proof='kind = "none"')
    partners = partners.replace('id = "c"', f'id = "c"\ndialect = "{dialect}"')
    theirs, too = form.format(THEIR_CODE), form.format(TOO)
    return Office(
        parse(
            {
                "gateway.toml": gateway,
                "p.toml": f"{partners}codes = {{ THEIRS = {theirs}, THEIRS-TOO = {too} }}\n",
            }
        )
    )


def named(*indices: str) -> tuple[Party, ...]:
    return tuple(Party(Organisation(index=index)) for index in indices)


def saying(sender: str, recipient: str, addressee: str, dialect: str = "medo") -> Message:
    document = Document(DocumentUid("u"), addressees=named(addressee))
    to = named(recipient)
    return Message(
        MessageId("m"), ReturnId("r"), datetime(2026, 3, 11, tzinfo=UTC), *named(sender), to, document, dialect
    )


def test_inside_the_house_an_organisation_has_one_name_whatever_its_standard_calls_it() -> None:
    office = coded()

    came = saying(THEIR_CODE.upper(), OUR_CODE, "theirs-too")
    assert office.inward(came) == saying("THEIRS", "OURS", "theirs-too")
    goes = saying("OURS", "THEIRS", "ours")
    assert office.outward(goes) == saying(OUR_CODE, THEIR_CODE, OUR_CODE)


def test_a_message_names_everybody_as_its_own_standard_does_whatever_the_channel_speaks() -> None:
    office = coded("sev", form='{{ medo = "{}", smdo = "OrgB002" }}')

    question = saying(THEIR_CODE, OUR_CODE, "OURS")
    assert office.inward(question) == saying("THEIRS", "OURS", "OURS")
    assert office.outward(saying("OURS", "THEIRS", "OURS")) == saying(OUR_CODE, THEIR_CODE, OUR_CODE)
    own = saying("OURS", "THEIRS", "OURS", "sev")
    assert office.outward(own) == own
    assert office.partner_by_index("orgb002") == office.partner_by_index(THEIR_CODE) is not None


def test_a_code_is_as_good_as_the_index_to_find_who_is_meant() -> None:
    office = coded()
    (channel,) = office.settings.channels

    assert office.partner(channel, THEIR_CODE.upper()).id == "p"
    assert [ours.index for ours in office.addressed(named(OUR_CODE.lower(), "OURS"))] == ["OURS"]


def test_where_the_standard_has_no_other_names_nothing_is_changed() -> None:
    office = coded()

    goes = saying("OURS", "ELSEWHERE", "OURS", "gost2010")
    assert office.outward(goes) == goes
