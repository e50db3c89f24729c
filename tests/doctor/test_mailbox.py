# SPDX-License-Identifier: GPL-3.0-or-later
"""Each trouble a mailbox can have is named in the server's words, with what to do."""

import ssl
from datetime import UTC, datetime, timedelta

import pytest
import trustme

from tests.doctor.site import BRIEF, LETTER, Site
from tests.inbound.imap_script import CAPABILITIES, Act, Script, says, stays_silent
from tests.outbound.scripted_relay import relay
from tests.servers.dovecot import Dovecot


def test_a_wrong_password_is_told_in_the_servers_words(site: Site, dovecot: Dovecot) -> None:
    site.mailbox(dovecot.imap_port, user=dovecot.user(), password="yesterday's")

    login = site.examined().about("login as")

    assert login["level"] == "bad"
    assert "[AUTHENTICATIONFAILED]" in login["said"]
    assert "imap.secret" in login["remedy"]
    assert "yesterday's" not in str(login)


def test_a_folder_that_was_renamed_is_missed(site: Site, dovecot: Dovecot) -> None:
    site.mailbox(dovecot.imap_port, user=dovecot.user(), password=dovecot.password, folder="Документы")

    folder = site.examined().about("folder Документы")

    assert folder["level"] == "bad"
    assert "doesn't exist" in folder["said"]
    assert 'mailbox "box".folder' in folder["remedy"]


def test_a_done_folder_that_is_missing_is_told(site: Site, dovecot: Dovecot) -> None:
    site.mailbox(
        dovecot.imap_port, user=dovecot.user(), password=dovecot.password, after="move", done_folder="Exchanged"
    )

    done = site.examined().about("done_folder Exchanged")

    assert (done["level"], "done_folder" in done["remedy"]) == ("bad", True)


def test_an_authority_nobody_knows_wants_a_ca_file(site: Site, dovecot: Dovecot) -> None:
    site.mailbox(dovecot.imaps_port, tls="implicit", user=dovecot.user(), password=dovecot.password)

    tls = site.examined().about("TLS certificate")

    assert tls["level"] == "bad"
    assert "unable to get local issuer certificate" in tls["said"]
    assert 'into mailbox "box".ca_file' in tls["remedy"]


@pytest.mark.parametrize(
    ("names", "ends", "said", "remedy"),
    [
        (("localhost",), timedelta(days=-1), "certificate has expired", "renewed"),
        (("other.example",), timedelta(days=99), "Hostname mismatch", 'write in mailbox "box".host a name'),
    ],
    ids=["expired", "another name"],
)
async def test_a_certificate_that_does_not_fit_says_why(
    site: Site, authority: trustme.CA, ca_file: str, names: tuple[str, ...], ends: timedelta, said: str, remedy: str
) -> None:
    async with Script().serving(tls=proving(authority, names, ends)) as script:
        site.mailbox(script.port, tls="implicit", ca_file=ca_file)
        tls = (await site.examined_apart()).about("TLS certificate")

    assert tls["level"] == "bad"
    assert said in tls["said"]
    assert remedy in tls["remedy"]


async def test_a_certificate_that_ends_soon_is_a_warning(site: Site, authority: trustme.CA, ca_file: str) -> None:
    async with Script().serving(tls=proving(authority, ("localhost",), timedelta(days=5, hours=1))) as script:
        site.mailbox(script.port, tls="implicit", ca_file=ca_file)
        tls = (await site.examined_apart()).about("TLS certificate")

    assert tls["level"] == "warning"
    assert "(5 days)" in tls["said"]


def proving(authority: trustme.CA, names: tuple[str, ...], ends: timedelta) -> ssl.SSLContext:
    """Return what a server proves itself with under *names*, until *ends* from now."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    until = datetime.now(UTC) + ends
    authority.issue_cert(*names, not_before=until - timedelta(days=90), not_after=until).configure_cert(context)
    return context


async def test_a_server_that_accepts_and_says_nothing_costs_no_more_than_the_patience(site: Site) -> None:
    script = Script()
    script.greeting = ""
    async with script.serving(), relay({"greeting": "<stall>"}) as post:
        site.mailbox(script.port)
        site.relay(post.port)
        examined = await site.examined_apart(*BRIEF)

    assert examined.about("IMAP at")["said"] == "no greeting in time"
    assert examined.about("SMTP at")["level"] == "bad"
    assert examined.exit_code == 69


async def test_a_server_that_falls_silent_after_the_login_is_named(site: Site) -> None:
    async with Script(examine=stays_silent).serving() as script:
        site.mailbox(script.port)
        examined = await site.examined_apart(*BRIEF)

    assert examined.about("login as u")["level"] == "good"
    assert examined.about("IMAP at")["said"] == "no answer to EXAMINE in time"


def test_a_host_name_that_nobody_knows_is_told(site: Site) -> None:
    site.mailbox(993, tls="implicit", host="imap.nowhere.invalid")

    examined = site.examined()

    name = examined.about("address of imap.nowhere.invalid")
    assert (name["level"], name["away"], examined.exit_code) == ("bad", True, 69)
    assert 'mailbox "box".host' in name["remedy"]


QUOTA = says('* QUOTAROOT INBOX "User quota"', '* QUOTA "User quota" (STORAGE 970 1024 MESSAGE 3 1000)', "{tag} OK")


async def test_a_mailbox_that_is_nearly_full_is_a_warning(site: Site) -> None:
    async with well_equipped(getquotaroot=QUOTA).serving() as script:
        site.mailbox(script.port)
        examined = await site.examined_apart()

    storage, letters = examined.about("quota of storage"), examined.about("quota of letters")
    assert (storage["level"], storage["said"]) == ("warning", "970 of 1024 KiB used (94 %)")
    assert (letters["level"], letters["said"]) == ("good", "3 of 1000 used (0 %)")


@pytest.mark.parametrize(
    ("rights", "after", "level"),
    [("lrs", "flag", "bad"), ("lrsw", "flag", "good"), ("lrw", "move", "bad"), ("lrwd", "move", "good")],
)
async def test_rights_that_are_lacking_are_named(site: Site, rights: str, after: str, level: str) -> None:
    script = well_equipped(myrights=says(f"* MYRIGHTS INBOX {rights}", "{tag} OK"))
    async with script.serving():
        site.mailbox(script.port, after=after, **({"done_folder": "Done"} if after == "move" else {}))
        examined = await site.examined_apart()

    found = examined.about("rights on INBOX")
    assert found["level"] == level
    assert ("have the owner of INBOX grant" in found["remedy"]) == (level == "bad")


def well_equipped(**acts: Act) -> Script:
    script = Script(
        {1: LETTER}, **{"examine": EXAMINED, "status": says("* STATUS Done (MESSAGES 0)", "{tag} OK")} | acts
    )
    script.capabilities = f"{CAPABILITIES} ACL QUOTA"
    script.acts = {"getquotaroot": says("* QUOTAROOT INBOX", "{tag} OK"), "myrights": says("{tag} OK")} | script.acts
    return script


EXAMINED = says("* 1 EXISTS", "* OK [UIDVALIDITY 1] valid", "* OK [UIDNEXT 2] next", "{tag} OK [READ-ONLY] examined")


def test_a_checking_server_that_no_letter_names_proves_nothing(site: Site, dovecot: Dovecot) -> None:
    user = dovecot.user()
    site.mailbox(dovecot.imap_port, user=user, password=dovecot.password)
    site.change(
        'kind = "mailbox"', 'kind = "auth-results"\nauthserv_id = "mx.office.example"\ndomain = "p.example"', PARTNERS
    )
    site.change('name = "door" ', '# name = "door" ', PARTNERS)
    empty = site.examined().about("Authentication-Results by mx.office.example")
    dovecot.deliver(
        user, b"Authentication-Results: mx.other.example;\r\n dmarc=pass header.from=p.example\r\n" + LETTER
    )
    other = site.examined().about("Authentication-Results by mx.office.example")
    dovecot.deliver(user, b"Authentication-Results: mx.office.example; none\r\n" + LETTER)
    ours = site.examined().about("Authentication-Results by mx.office.example")

    assert [empty["level"], other["level"], ours["level"]] == ["skipped", "warning", "good"]
    assert "there: mx.other.example" in other["said"]
    assert "authserv_id" in other["remedy"]
    assert list(dovecot.flags(user).values()) == [frozenset(), frozenset()]


PARTNERS = "partners.toml"
