# SPDX-License-Identifier: GPL-3.0-or-later
"""TOML texts → settings.  Opens no file: secrets that lie in files are handed in."""

from collections.abc import Mapping, Sequence
from pathlib import Path as FilePath

from gateway.settings.alarms import AlarmSettings, HealthSettings
from gateway.settings.antivirus import AntivirusSettings
from gateway.settings.crossing import Sections, cautions, problems
from gateway.settings.folders import FolderSettings
from gateway.settings.oauth import OauthSettings
from gateway.settings.ourselves import (
    AccessSettings,
    EdmsSettings,
    JournalSettings,
    LimitSettings,
    ListenerSettings,
    LogSettings,
    MailboxSettings,
    OfficeSettings,
    RelaySettings,
    RetrySettings,
    SelfTestSettings,
    WorkerSettings,
)
from gateway.settings.partners import ChannelSettings, PartnerSettings
from gateway.settings.problems import ConfigProblem, ConfigurationError
from gateway.settings.problems import Path as KeyPath
from gateway.settings.rules import ReceiveSettings, ReportSettings
from gateway.settings.salvage import salvaged
from gateway.settings.source import Found, ShapeT, Source
from gateway.settings.values import ADDRESS
from gateway.settings.web import WebSettings
from gateway.settings.whole import Settings
from gateway.working_days import Calendar, calendar_of

SECRET_BYTES = 16  # LIMIT: the shortest office secret, in bytes of UTF-8
MAKE_SECRET = "put the output of  openssl rand -hex 32  into a file and name it in secret_file"
OF_PARTNERS = ("channel", "partner", "receive", "report")
KNOWN = (
    *("office", "journal", "edms", "listener", "mailbox", "folder", "relay", "other_relay", "workers", "limits"),
    *("retry", "log", "access", "self_test", "alarm", "health", "web", "antivirus", "oauth", "secret", "secret_file"),
    *("human_address", "partners", *OF_PARTNERS),
)


def parse(
    texts: Mapping[str, str],
    *,
    secrets: Mapping[KeyPath, str] | None = None,
    folder: FilePath | None = None,
    holidays: Mapping[str, str] | None = None,
) -> Settings:
    """Return the settings written in *texts*; raises ConfigurationError with every problem.

    *texts* are by file name: the gateway's own first, then the one its key ``partners`` names (without that key,
    channels, partners and rules stand in the first).  *secrets* are those that lie elsewhere, by the path of the key
    they stand for: ``("mailbox", 0, "password")``; None means that nobody looked: passwords stay empty and the
    office secret is not checked.  *holidays* are the contents of the files that ``holidays`` names, likewise; without
    them every week is like the other.  Relative paths are meant from *folder*; None leaves them as they are.
    """
    name, text = next(iter(texts.items()))
    own = Source(name, text, secrets=secrets or {}, folder=folder)
    if own.problems:  # not TOML: whatever else could be said of it would be wrong
        raise ConfigurationError((*own.problems, *_of_partners_alone(salvaged(text).get("partners"), texts)))
    own.known_only(KNOWN)
    others = _partners_source(own, texts, folder)
    calendars = {file: _calendar(own, file, written) for file, written in (holidays or {}).items()}
    settings = _settings(own, others, secrets_known=secrets is not None)
    found = [*own.problems, *(others.problems if others is not own else ())]
    if found or settings is None:
        raise ConfigurationError(tuple(sorted(found, key=lambda problem: (problem.file != name, problem.line))))
    return settings.model_copy(update={"calendars": calendars})


def _calendar(own: Source, file: str, written: str) -> Calendar:
    """Return what a holidays file says; every line that is wrong is a complaint with the file's own name."""
    calendar, wrong = calendar_of(written)
    for bad in wrong:
        remedy = "write one date a line, YYYY-MM-DD; + before a Saturday or Sunday that is worked"
        own.problems.append(ConfigProblem(file, bad.line, "", bad.what, remedy))
    return calendar


def _partners_source(own: Source, texts: Mapping[str, str], folder: FilePath | None) -> Source:
    """Return where channels, partners and the rules about them stand."""
    name = own.text("partners")
    if not name:
        return own
    if name not in texts:
        own.complain(("partners",), f"there is no file {name}", "write it, or mend the name")
        return own
    for key in OF_PARTNERS:
        if key in own.tables:
            own.complain((key,), f"stands here although partners = {name}", f"move it to {name}")
    others = Source(name, texts[name], secrets={}, folder=folder)
    others.known_only(OF_PARTNERS)
    return others


def _of_partners_alone(name: object, texts: Mapping[str, str]) -> Sequence[ConfigProblem]:
    """Return what is wrong with the partners' file by itself, when the gateway's own cannot be read."""
    if not isinstance(name, str) or name not in texts:
        return ()
    others = Source(name, texts[name], secrets={}, folder=None)
    others.known_only(OF_PARTNERS)
    others.many("channel", ChannelSettings)
    others.many("partner", PartnerSettings)
    others.many("receive", ReceiveSettings)
    others.many("report", ReportSettings)
    return others.problems


def _settings(own: Source, others: Source, *, secrets_known: bool) -> Settings | None:
    """Return the settings, or None when something was wrong, which has then been said to the sources."""
    sections = Sections(
        own=own,
        offices=own.many("office", OfficeSettings),
        listeners=own.many("listener", ListenerSettings),
        mailboxes=own.many("mailbox", MailboxSettings),
        folders=own.many("folder", FolderSettings),
        other_relays=own.many("other_relay", RelaySettings),
        oauth=own.many("oauth", OauthSettings),
        channels=others.many("channel", ChannelSettings),
        partners=others.many("partner", PartnerSettings),
        receive=others.many("receive", ReceiveSettings),
        report=others.many("report", ReportSettings),
    )
    journal = own.one("journal", JournalSettings, required=True)
    edms = own.one("edms", EdmsSettings, required=True)
    relay = own.one("relay", RelaySettings, required=True)
    workers, limits = own.one("workers", WorkerSettings), own.one("limits", LimitSettings)
    retry, access = own.one("retry", RetrySettings), own.one("access", AccessSettings)
    self_test = own.one("self_test", SelfTestSettings) or SelfTestSettings()
    log = own.one("log", LogSettings) or LogSettings()
    web = own.one("web", WebSettings) or WebSettings()
    alarm, health = own.one("alarm", AlarmSettings), own.one("health", HealthSettings)
    antivirus = own.one("antivirus", AntivirusSettings)
    secret, human_address = _secret(own, known=secrets_known), _human_address(own)
    own.problems.extend(problems(sections))
    if antivirus and workers and antivirus.enabled and 2 * antivirus.time_limit > workers.patience:
        remedy = "give workers.patience twice this time: the letter waits for the EDMS, too"
        own.complain(("antivirus", "time_limit"), "a worker's patience would end before the scanner's time", remedy)
    if own.problems or others.problems or not (journal and edms and relay and workers and limits and retry):
        return None
    if not (access and alarm and health and antivirus):
        return None
    return Settings(
        offices=_values(sections.offices),
        journal=journal,
        edms=edms,
        relay=relay,
        secret=secret,
        other_relays=_values(sections.other_relays),
        listeners=_values(sections.listeners),
        mailboxes=_values(sections.mailboxes),
        folders=_values(sections.folders),
        oauth=_values(sections.oauth),
        workers=workers,
        limits=limits,
        log=log,
        retry=retry,
        access=access,
        self_test=self_test,
        web=web,
        alarm=alarm,
        health=health,
        antivirus=antivirus,
        human_address=human_address,
        channels=_values(sections.channels),
        partners=_values(sections.partners),
        receive=_values(sections.receive),
        receive_at=tuple(rule.place for rule in sections.receive),
        report=_values(sections.report),
        warnings=tuple(cautions(sections)),
    )


def _values(found: Sequence[Found[ShapeT]]) -> tuple[ShapeT, ...]:
    return tuple(one.value for one in found if one.value is not None)


def _secret(own: Source, *, known: bool) -> str:
    """Return the office secret; one that lies in a file nobody looked into is a stand-in of zeros."""
    file, secret = own.text("secret_file"), own.text("secret")
    if not file and not secret:
        own.complain((), "there is no secret_file", MAKE_SECRET)
    elif file and not secret and not known:
        return "0" * SECRET_BYTES
    elif len(secret.encode()) < SECRET_BYTES:
        key = "secret_file" if file else "secret"
        own.complain((key,), f"is shorter than {SECRET_BYTES} bytes", MAKE_SECRET)
    return secret


def _human_address(own: Source) -> str:
    address = own.text("human_address")
    if address and not ADDRESS.fullmatch(address):
        own.complain(("human_address",), "is not a mail address", 'write it bare: "post@office.example"')
    return address
