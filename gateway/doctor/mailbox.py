# SPDX-License-Identifier: GPL-3.0-or-later
"""A mailbox: the way in, what it lets us do, how full it is, and what its letters say of who was checked.

No flag, no letter and no folder is changed: `Look` opens by EXAMINE.
"""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

from gateway.doctor import certificate
from gateway.doctor.finding import Finding, bad, good, skipped, warning
from gateway.doctor.reaching import reached, stopped
from gateway.doors import mailbox_of, tokens_of
from gateway.inbound.imap.answers import Garbled
from gateway.inbound.imap.guard import ConnectionBroken, Patience
from gateway.inbound.imap.login import Declined, LoginRefused, Throttled, enter
from gateway.inbound.imap.looking import Look, Quota
from gateway.mail.results import authserv_id
from gateway.settings import AuthResultsProof, ChannelSettings, MailboxSettings, Settings

NEARLY_FULL = 90  # percent
LATELY = 20  # letters whose header is looked at
WANTED = {"leave": "lr", "flag": "lrw", "move": "lrwte"}  # RFC 4314 §4
MEANING = {"l": "be seen", "r": "be read", "w": "have keywords set", "t": "have letters deleted", "e": "be expunged"}


async def examined(mailbox: MailboxSettings, settings: Settings, seconds: float, now: datetime) -> tuple[Finding, ...]:
    """Try the mailbox from its name to its letters; what depends on something that failed is not tried."""
    key = f'mailbox "{mailbox.name}"'
    found = list(await reached(mailbox.host, mailbox.port, seconds, key))
    if stopped(found):
        return (*found, skipped("login, folders and quota", "the server was not reached"))
    try:
        async with entered(mailbox, settings, seconds) as look:
            found += _inside(mailbox, look, now)
            found += [one async for one in _folders(mailbox, look, key)]
            found += [one async for one in _verdicts(settings, look)]
    except (ConnectionBroken, Declined, Garbled) as error:
        found.append(_failed(error, mailbox, key))
    return tuple(found)


@asynccontextmanager
async def entered(mailbox: MailboxSettings, settings: Settings, seconds: float) -> AsyncIterator[Look]:
    """Log in, only to look; raises ConnectionBroken and Declined."""
    wait = timedelta(seconds=seconds)
    account = mailbox_of(mailbox, settings, tokens_of(settings.oauth)).account()
    client = await enter(account, patience=Patience(connecting=wait, silence=wait, command=wait * 3))
    try:
        yield Look(client)
    finally:
        await client.hang_up()


def _failed(error: Exception, mailbox: MailboxSettings, key: str) -> Finding:
    """Return what ended the conversation, in the server's own words."""
    login = f"login as {mailbox.user}"
    if isinstance(error, LoginRefused):
        secret = mailbox.password_file or f"{key}.password_file"
        return bad(login, str(error), f"look at {key}.user, and write the account's password into {secret}")
    if isinstance(error, Throttled):
        return bad(login, str(error), "wait; the service waits by itself and tries again", away=True)
    if (untrusted := certificate.refused(error, mailbox.host, key)) is not None:
        return untrusted
    remedy = f"look at the log of {mailbox.host}, and at {key}.port and {key}.tls"
    return bad(f"IMAP at {mailbox.host}:{mailbox.port}", str(error), remedy, away=isinstance(error, ConnectionBroken))


def _inside(mailbox: MailboxSettings, look: Look, now: datetime) -> Iterable[Finding]:
    if look.certificate is not None:
        yield certificate.lasting(look.certificate, now)
    else:
        yield warning(certificate.TRIED, "no TLS: the password goes in the clear", 'set tls = "implicit" if offered')
    yield good(f"login as {mailbox.user}")
    known = [word for word in ("IDLE", "MOVE", "UIDPLUS", "ACL", "QUOTA") if word in look.capabilities]
    said = " ".join(known) or "none that we could use"
    if "IDLE" not in known:
        remedy = f"nothing need be done: letters are looked for every {mailbox.poll.total_seconds():g} s"
        yield warning("capabilities", f"{said}; new letters are not announced (no IDLE)", remedy)
    elif mailbox.after == "move" and not {"MOVE", "UIDPLUS"} & set(known):
        yield bad("capabilities", f"{said}; letters cannot be moved (no MOVE, no UIDPLUS)", 'set after = "flag"')
    else:
        yield good("capabilities", said)


async def _folders(mailbox: MailboxSettings, look: Look, key: str) -> AsyncIterator[Finding]:
    tried = f"folder {mailbox.folder}"
    try:
        there = await look.folder(mailbox.folder)
    except Declined as error:
        yield bad(tried, str(error), f"make the folder again, or write its new name into {key}.folder")
        return
    yield good(tried, f"{there.exists} letters, UIDVALIDITY {there.uidvalidity}")
    yield await _rights(mailbox.folder, WANTED[mailbox.after], look)
    if mailbox.done_folder:
        try:
            await look.status(mailbox.done_folder)
        except Declined as error:
            remedy = f"make the folder, or write its name into {key}.done_folder"
            yield bad(f"done_folder {mailbox.done_folder}", str(error), remedy)
        else:
            yield good(f"done_folder {mailbox.done_folder}")
            yield await _rights(mailbox.done_folder, "li", look)
    async for one in _quota(mailbox.folder, look):
        yield one


async def _rights(folder: str, wanted: str, look: Look) -> Finding:
    tried = f"rights on {folder}"
    if "ACL" not in look.capabilities:
        return skipped(tried, "the server does not tell (no ACL)")
    try:
        rights = await look.rights(folder)
    except Declined as error:
        return skipped(tried, str(error))
    # RFC 4314 §2.1.1: old servers say d for t, e and x
    lacking = [right for right in wanted if right not in rights and not (right in "te" and "d" in rights)]
    if not lacking:
        return good(tried, rights)
    meaning = ", ".join(f"{right} ({MEANING.get(right, 'have letters put in')})" for right in lacking)
    return bad(tried, f"{rights or 'none'}; lacking: {meaning}", f"have the owner of {folder} grant {''.join(lacking)}")


async def _quota(folder: str, look: Look) -> AsyncIterator[Finding]:
    if "QUOTA" not in look.capabilities:
        yield skipped("quota", "the server does not tell (no QUOTA)")
        return
    try:
        quotas = await look.quotas(folder)
    except Declined as error:
        yield skipped("quota", str(error))
        return
    if not quotas:
        yield good("quota", "the mailbox is not bounded")
    for quota in quotas:
        yield _used(quota)


def _used(quota: Quota) -> Finding:
    unit = " KiB" if quota.resource == "STORAGE" else ""
    percent = 100 * quota.used // quota.limit if quota.limit else 100
    tried = f"quota of {'letters' if quota.resource == 'MESSAGE' else quota.resource.lower()}"
    said = f"{quota.used} of {quota.limit}{unit} used ({percent} %)"
    if percent < NEARLY_FULL:
        return good(tried, said)
    return warning(
        tried, said, "delete letters that are done with, or have the quota raised: a full mailbox refuses mail"
    )


async def _verdicts(settings: Settings, look: Look) -> AsyncIterator[Finding]:
    """Look whether our mail server writes down what channels believe; the folder is open."""
    channels = [(one, one.proof) for one in settings.channels if isinstance(one.proof, AuthResultsProof)]
    if not channels:
        return
    try:
        headers = await look.last_headers("Authentication-Results", LATELY)
    except Declined as error:
        yield skipped("Authentication-Results", str(error))
        return
    servers = {name for header in headers for name in _servers(header)}
    for channel, proof in channels:
        yield _vouched(channel, proof, servers, len(headers))


def _vouched(channel: ChannelSettings, proof: AuthResultsProof, servers: set[str], letters: int) -> Finding:
    tried = f'Authentication-Results by {proof.authserv_id} (channel "{channel.id}")'
    if not letters:
        return skipped(tried, "there is no letter to look at")
    if proof.authserv_id in servers:
        return good(tried, f"stands in the last {letters} letters")
    said = f"in none of the last {letters} letters; there: {', '.join(sorted(servers)) or 'no such field at all'}"
    remedy = "write the name your own mail server uses into authserv_id, or have it check DMARC and DKIM"
    return warning(tried, said, remedy)


def _servers(header: bytes) -> Iterable[str]:
    """Yield who wrote each Authentication-Results field of *header*, which holds no others."""
    unfolded = header.decode("utf-8", "replace").replace("\r\n ", " ").replace("\r\n\t", " ")
    for line in unfolded.splitlines():
        _, colon, value = line.partition(":")
        if colon and (name := authserv_id(value)):
            yield name
