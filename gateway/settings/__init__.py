# SPDX-License-Identifier: GPL-3.0-or-later
"""The configuration: TOML texts become frozen settings, or every complaint about them at once.

`parse` is pure; files and secrets are read by `gateway.settings_files`.  What each key means stands in config/*.toml.
"""

from gateway.settings.alarms import AlarmSettings, HealthSettings
from gateway.settings.antivirus import AntivirusSettings
from gateway.settings.folders import FolderOutSettings, FolderSettings
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
from gateway.settings.partners import (
    AuthResultsProof,
    ChannelSettings,
    FolderProof,
    HeaderProof,
    MailboxProof,
    NetworkProof,
    NoProof,
    PartnerSettings,
    Proof,
    SubscriptionSettings,
    TimeLimitSettings,
)
from gateway.settings.problems import ConfigProblem, ConfigurationError
from gateway.settings.reading import parse
from gateway.settings.rules import ReceiveSettings, ReportSettings, RuleSettings
from gateway.settings.web import WebSettings
from gateway.settings.whole import Settings

__all__ = [
    "AccessSettings",
    "AlarmSettings",
    "AntivirusSettings",
    "AuthResultsProof",
    "ChannelSettings",
    "ConfigProblem",
    "ConfigurationError",
    "EdmsSettings",
    "FolderOutSettings",
    "FolderProof",
    "FolderSettings",
    "HeaderProof",
    "HealthSettings",
    "JournalSettings",
    "LimitSettings",
    "ListenerSettings",
    "LogSettings",
    "MailboxProof",
    "MailboxSettings",
    "NetworkProof",
    "NoProof",
    "OfficeSettings",
    "PartnerSettings",
    "Proof",
    "ReceiveSettings",
    "RelaySettings",
    "ReportSettings",
    "RetrySettings",
    "RuleSettings",
    "SelfTestSettings",
    "Settings",
    "SubscriptionSettings",
    "TimeLimitSettings",
    "WebSettings",
    "WorkerSettings",
    "parse",
]
