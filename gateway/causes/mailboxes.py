# SPDX-License-Identifier: GPL-3.0-or-later
"""Mailboxes that cannot be read: a login refused, a folder that is gone, a server that does not answer."""

import re
from collections.abc import Iterator

from gateway.causes.cause import Cause
from gateway.causes.look import Look
from gateway.journal.mailboxes import MailboxState, states
from gateway.settings import MailboxSettings

_GONE = re.compile(r"\[NONEXISTENT\]|(mailbox|folder)\b.*\b(does(n't| not) exist|not found)|unknown mailbox", re.I)


def mailboxes(look: Look) -> Iterator[Cause]:
    ours = {mailbox.name: mailbox for mailbox in look.settings.mailboxes}
    for state in states(look.tx):
        if state.words and state.mailbox in ours:
            yield _cause(state, ours[state.mailbox], look.reload)


def _cause(state: MailboxState, mailbox: MailboxSettings, reload: str) -> Cause:
    """Return what is wrong; since the first failure after the last round that went well."""
    name = state.mailbox
    what, remedy = f"mailbox {name} cannot be read", _reachable(mailbox)
    if state.login_refused:
        what = f"mailbox {name}: the login was refused"
        place = mailbox.password_file or "password"
        remedy = f"put the right password into {place}, then: {reload}"
    elif _GONE.search(state.words):
        what = f"mailbox {name}: the folder {mailbox.folder} is gone"
        remedy = f"make the folder again, or mend folder of [[mailbox]] {name}, then: {reload}"
    return Cause(f"mailbox:{name}", what, state.failed_at, state.words, remedy)


def _reachable(mailbox: MailboxSettings) -> str:
    if mailbox.tls == "none":
        return f"see whether it answers: nc {mailbox.host} {mailbox.port}"
    return f"see whether it answers: openssl s_client -connect {mailbox.host}:{mailbox.port}"
