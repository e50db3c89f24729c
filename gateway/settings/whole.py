# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole configuration, as everything above reads it."""

from datetime import date, datetime
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import Field

from gateway.settings.alarms import AlarmSettings, HealthSettings
from gateway.settings.antivirus import AntivirusSettings
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
from gateway.settings.problems import ConfigProblem
from gateway.settings.rules import ReceiveSettings, ReportSettings
from gateway.settings.values import Shape
from gateway.settings.web import WebSettings
from gateway.working_days import Calendar, hours_of, registration_date


class Settings(Shape):
    offices: tuple[OfficeSettings, ...] = Field(min_length=1)
    journal: JournalSettings
    edms: EdmsSettings
    relay: RelaySettings
    secret: Annotated[str, Field(repr=False, min_length=1)]  # ids are made with it
    other_relays: tuple[RelaySettings, ...] = ()
    listeners: tuple[ListenerSettings, ...] = ()
    mailboxes: tuple[MailboxSettings, ...] = ()
    folders: tuple[FolderSettings, ...] = ()
    oauth: tuple[OauthSettings, ...] = ()
    workers: WorkerSettings = WorkerSettings()
    limits: LimitSettings = LimitSettings()
    log: LogSettings = LogSettings()
    retry: RetrySettings = RetrySettings()
    access: AccessSettings = AccessSettings()
    self_test: SelfTestSettings = SelfTestSettings()
    web: WebSettings = WebSettings()
    alarm: AlarmSettings = AlarmSettings()
    health: HealthSettings = HealthSettings()
    antivirus: AntivirusSettings = AntivirusSettings()
    human_address: str = ""  # where letters without a passport go that came by SMTP; empty: they are parked
    channels: tuple[ChannelSettings, ...] = ()
    partners: tuple[PartnerSettings, ...] = ()
    receive: tuple[ReceiveSettings, ...] = ()  # in the order they are tried
    receive_at: tuple[str, ...] = ()  # where each of them stands: "partners.toml:14"
    report: tuple[ReportSettings, ...] = ()  # likewise
    # by the name of the holidays file, as an office writes it
    calendars: dict[str, Calendar] = Field(default_factory=dict)
    warnings: tuple[ConfigProblem, ...] = ()  # allowed, but an administrator should know

    def registration_date(self, office: OfficeSettings, received_at: datetime) -> date:
        """Return the date of registration of what reached *office* at that moment, in its zone and by its hours."""
        here = received_at.astimezone(ZoneInfo(office.time_zone))
        if office.after_hours == "same-day":
            return here.date()
        calendar = self.calendars.get(office.holidays, Calendar())
        return registration_date(here, hours_of(office.hours), calendar)

    def relay_named(self, name: str) -> RelaySettings:
        """Return the relay of a channel; an empty *name* is the relay everybody uses.  Raises KeyError."""
        found = {"": self.relay} | {relay.name: relay for relay in self.other_relays}
        return found[name]
