# SPDX-License-Identifier: GPL-3.0-or-later
"""Notices in prose: what servers wrote before the standard, and some still do.

Each is known by words that only this program writes; the letter that came back stands as text below a line of its own.
All of them come from a mailer: a person who forwards one, or quotes it, is none.
"""

import re

from gateway.inbound.bounces.notice import Bounce, Fate, Told
from gateway.inbound.bounces.texts import first_text, letter_ids, returned_below, words_in
from gateway.mail.parameters import structured
from gateway.model import Letter

_MAILERS = re.compile(r"(?:^|[<\s\"])(?:mailer-daemon|postmaster)(?:@|[>\s\"]|$)", re.I)
_ADDRESS = r"[^\s<>@,;:\"]{1,64}@[^\s<>@,;:\"]{1,255}"
_ADDRESSES = re.compile(_ADDRESS)
_MAX_RECIPIENTS = 1000  # LIMIT

_COPY = re.compile(
    r"^-{4,} (?:This is a copy of (?:the|your) message|Original message|The body of the message)[^\n]*\n", re.M
)


def failed_recipients(letter: Letter) -> Bounce | None:
    """Exim before 4.9x, and Gmail's older ones: the failed recipients stand in a header."""
    failed = [address for value in letter.all("X-Failed-Recipients") for address in _ADDRESSES.findall(value)]
    if not failed or not _from_a_mailer(letter):
        return None
    above, returned = returned_below(first_text(letter), _COPY)
    return _bounce(Fate.FAILED, failed, words_in(above, "not delivered"), returned)


_WARNING = "This message was created automatically by mail delivery software."
_NOT_YET = re.compile(r"has not yet been delivered to one or more of its\s+recipients")
_INDENTED = re.compile(rf"^  ({_ADDRESS})$", re.M)


def exim_warning(letter: Letter) -> Bounce | None:
    """Exim's warning that it goes on trying; it returns nothing, so only its address tells whose letter it is."""
    text = first_text(letter)
    if not text.startswith(_WARNING) or not _NOT_YET.search(text) or not _from_a_mailer(letter):
        return None
    return _bounce(Fate.DELAYED, _INDENTED.findall(text), "delayed", "")


_QMAIL = re.compile(r"\AHi\. This is the [^\n]{0,200}\n")
_QMAIL_RECIPIENT = re.compile(rf"^<({_ADDRESS})>:\n", re.M)
_QMAIL_COPY = re.compile(r"^--- (?:Below this line is|Enclosed (?:is|are)) [^\n]*\n", re.M)


def qmail(letter: Letter) -> Bounce | None:
    """qmail's notice (QSBMF): paragraphs that begin with the recipient, then the letter."""
    text = first_text(letter).lstrip("\n")
    if not _QMAIL.match(text) or not _from_a_mailer(letter):
        return None
    above, returned = returned_below(text, _QMAIL_COPY)
    failed = _QMAIL_RECIPIENT.findall(above)
    return _bounce(Fate.FAILED, failed, words_in(above, "not delivered"), returned) if failed else None


_LISTS = re.compile(r"^ *-{3,5} The following addresses had (permanent fatal|transient non-fatal) errors -{3,5}$", re.M)
_END_OF_LIST = re.compile(r"\n\s*\n| *-{3,5} ")
_UNSENT = re.compile(r"^ *-{3,5} ?(?:Original message|Unsent message|Message header) follows ?-{3,5}\n", re.M)


def sendmail_transcript(letter: Letter) -> Bounce | None:
    """Sendmail before the standard: lists of addresses, the conversation, the letter."""
    above, returned = returned_below(first_text(letter), _UNSENT)
    if not _from_a_mailer(letter):
        return None
    told: list[Told] = []
    for found in _LISTS.finditer(above):
        fate = Fate.FAILED if found[1].startswith("permanent") else Fate.DELAYED
        listed = _END_OF_LIST.split(above[found.end() + 1 :], maxsplit=1)[0]
        words = words_in(above[found.end() :], "not delivered" if fate is Fate.FAILED else "delayed")
        told += [Told(fate, (one.casefold(),), words) for one in _ADDRESSES.findall(listed)]
    return Bounce(letter_ids(returned), "", tuple(told[:_MAX_RECIPIENTS])) if told else None


def _bounce(fate: Fate, recipients: list[str], words: str, returned: str) -> Bounce:
    told = [Told(fate, (one.casefold(),), words) for one in recipients[:_MAX_RECIPIENTS]]
    return Bounce(letter_ids(returned), "", tuple(told) or (Told(fate, (), words),))


def _from_a_mailer(letter: Letter) -> bool:
    """Say whether a program that carries mail wrote *letter*, in prose.

    LIMIT: a multipart/report is judged by its status part alone.
    """
    report = any(structured(value).value == "multipart/report" for value in letter.all("Content-Type"))
    return not report and any(_MAILERS.search(value) for value in letter.all("From"))
