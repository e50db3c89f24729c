# SPDX-License-Identifier: GPL-3.0-or-later
"""The configuration: TOML texts become frozen settings, or every complaint about them at once.

`parse` is pure; files and secrets are read by `gateway.settings_files`.  What each key means stands in config/*.toml.
"""

from gateway.settings.ourselves import (
    AccessSettings,
    EdmsSettings,
    JournalSettings,
    LimitSettings,
    ListenerSettings,
    MailboxSettings,
    OfficeSettings,
    RelaySettings,
    RetrySettings,
    WorkerSettings,
)
from gateway.settings.partners import (
    AuthResultsProof,
    ChannelSettings,
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
from gateway.settings.whole import Settings

__all__ = [
    "AccessSettings",
    "AuthResultsProof",
    "ChannelSettings",
    "ConfigProblem",
    "ConfigurationError",
    "EdmsSettings",
    "HeaderProof",
    "JournalSettings",
    "LimitSettings",
    "ListenerSettings",
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
    "Settings",
    "SubscriptionSettings",
    "TimeLimitSettings",
    "WorkerSettings",
    "parse",
]
