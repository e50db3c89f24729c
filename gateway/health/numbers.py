# SPDX-License-Identifier: GPL-3.0-or-later
"""The numbers for Prometheus: read from the journal, which is the truth, whenever somebody asks.

Every mailbox, listener and partner of the configuration has its series from the start: an alert on a series that does
not exist never fires.  No label is an address.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, MutableSequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.metadata import PackageNotFoundError, version
from threading import Lock

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import Connection

from gateway.build import Parts
from gateway.causes import Cause, EdmsLook, Look, causes
from gateway.causes.certificates import expiries
from gateway.edms_adapter import timing
from gateway.journal import entries, mailboxes
from gateway.journal.durations import BUCKETS, Durations, durations
from gateway.journal.entries import PartnerTraffic, State
from gateway.journal.totals import Totals, totals
from gateway.ports import Tokens

WALK_EVERY = timedelta(minutes=1)  # LIMIT: how old numbers may be that cost a walk through the journal
WALK_SHARE = 20  # LIMIT: such a walk takes at most one part in so many of our time
OPEN = (State.ACCEPTED, State.WAITING, State.PARKED, State.QUEUED, State.FAILED)
KINDS = ("document", "addition", "receipt", "report")


@dataclass(frozen=True, slots=True)
class _Walked:
    """What costs a walk through the whole journal."""

    totals: Totals
    durations: Mapping[str, Durations]
    partners: tuple[PartnerTraffic, ...]


class Numbers(Collector):
    """A collector of prometheus_client; raises what the journal raises when it is away."""

    def __init__(
        self,
        parts: Parts,
        edms: Callable[[], EdmsLook],
        deaths: Callable[[], int],
        times: Callable[[], Iterable[MutableSequence[float]]],
        tokens: Mapping[str, Tokens],
    ) -> None:
        """*deaths* says how many workers died since the start, *times* how long the EDMS took (see `timing`).

        *tokens* are what mailboxes log in with, by name.
        """
        self._parts = parts
        self._tokens = tokens
        self._edms = edms
        self._deaths = deaths
        self._times = times
        self._walked: _Walked | None = None
        self._walk_at: datetime | None = None
        self._lock = Lock()

    def describe(self) -> Iterable[Metric]:
        return ()  # nothing is read when it is registered

    def collect(self) -> Iterator[Metric]:
        now = self._parts.clock.now()
        with self._lock, self._parts.journal.read() as tx:
            walked = self._walk(tx, now)
            counts = entries.counts(tx, closed=False)
            boxes = {box.mailbox: box for box in mailboxes.states(tx)}
            look = Look(self._parts.office, self._parts.journal, tx, self._edms(), now, running=True)
            wrong = causes(look)
        yield _gauge("gw_build_info", "The version that runs.", "version", {_version(): 1})
        yield from self._letters(counts, walked.totals, now)
        yield from self._mailboxes(boxes)
        yield self._token_expiries(now)
        yield from self._partners(walked.partners)
        yield from self._standing(wrong, look.edms)
        yield _stages(walked.durations)
        yield self._answers()

    def _walk(self, tx: Connection, now: datetime) -> _Walked:
        if self._walked is None or self._walk_at is None or now >= self._walk_at:
            began = self._parts.clock.now()
            self._walked = _Walked(totals(tx), durations(tx), entries.partners(tx))
            ended = self._parts.clock.now()
            self._walk_at = ended + max(WALK_EVERY, WALK_SHARE * (ended - began))
        return self._walked

    def _letters(self, counts: entries.Counts, ever: Totals, now: datetime) -> Iterator[Metric]:
        settings = self._parts.settings
        depth = {state.value: counts.by_state.get((state.direction, state), 0) for state in OPEN}
        oldest = {state.value: counts.oldest.get((state.direction, state)) for state in OPEN}
        ages = {state: (now - since).total_seconds() if since else 0.0 for state, since in oldest.items()}
        doors = [*(one.name for one in settings.listeners), *(one.name for one in settings.mailboxes)]
        doors += [one.name for one in settings.folders]
        received = dict.fromkeys(doors, 0) | dict(ever.received)
        documents = dict.fromkeys(("registered", "refused"), 0) | dict(ever.documents)
        sent = dict.fromkeys(KINDS, 0) | {kind or "other": number for kind, number in ever.sent.items()}
        yield _gauge("gw_queue_depth", "Letters that are not done.", "state", depth)
        yield _gauge("gw_queue_oldest_age_seconds", "Age of the oldest letter that is not done.", "state", ages)
        yield _gauge("gw_quarantine_messages", "Parked letters.", "", {"": depth[State.PARKED.value]})
        yield _counter("gw_messages_received", "Letters that came.", "mailbox", received)
        yield _counter("gw_documents_registered", "Documents that came, by their end.", "result", documents)
        yield _counter("gw_reports_sent", "Letters of ours that mail took.", "kind", sent)

    def _mailboxes(self, boxes: Mapping[str, mailboxes.MailboxState]) -> Iterator[Metric]:
        names = [mailbox.name for mailbox in self._parts.settings.mailboxes]
        heard = {name: boxes[name].heard_at if name in boxes else None for name in names}
        seconds = {name: at.timestamp() if at else 0.0 for name, at in heard.items()}
        up = {name: float(at is not None and not boxes[name].words) for name, at in heard.items()}
        yield _gauge(
            "gw_mailbox_last_success_timestamp_seconds", "End of the last round that went well.", "mailbox", seconds
        )
        yield _gauge("gw_mailbox_connection_up", "1: the last round went well.", "mailbox", up)
        folders = [folder.name for folder in self._parts.settings.folders]
        read = {name: boxes[name].heard_at if name in boxes else None for name in folders}
        when = {name: at.timestamp() if at else 0.0 for name, at in read.items()}
        fine = {name: float(at is not None and not boxes[name].failures) for name, at in read.items()}
        stuck = {name: float(bool(fine[name]) and bool(boxes[name].words)) for name in folders}
        yield _gauge("gw_folder_last_success_timestamp_seconds", "End of the last look that went well.", "folder", when)
        yield _gauge("gw_folder_up", "1: the last look went well.", "folder", fine)
        yield _gauge("gw_folder_stuck", "1: packages lie there that cannot be taken or put away.", "folder", stuck)

    def _token_expiries(self, now: datetime) -> Metric:
        """0 while a mailbox has no token: a provider that never gave one shows, too."""
        ours = {box.name: self._tokens[box.oauth].good_for() for box in self._parts.settings.mailboxes if box.oauth}
        ends = {name: (now + good).timestamp() if good is not None else 0.0 for name, good in ours.items()}
        return _gauge("gw_oauth_token_expiry_timestamp_seconds", "When a mailbox's token ends.", "mailbox", ends)

    def _partners(self, found: tuple[PartnerTraffic, ...]) -> Iterator[Metric]:
        traffic: dict[str, PartnerTraffic] = {one.partner: one for one in found}
        names = [partner.id for partner in self._parts.settings.partners]
        heard = {name: traffic[name].heard_at if name in traffic else None for name in names}
        seconds = {name: at.timestamp() if at else 0.0 for name, at in heard.items()}
        queued = {name: traffic[name].queued if name in traffic else 0 for name in names}
        failed = {name: traffic[name].failed if name in traffic else 0 for name in names}
        yield _gauge("gw_partner_last_heard_timestamp_seconds", "When its last letter came.", "partner", seconds)
        yield _gauge("gw_partner_queue_depth", "Letters that wait to be sent to it.", "partner", queued)
        yield _gauge("gw_partner_failed_messages", "Letters that did not reach it.", "partner", failed)

    def _standing(self, wrong: tuple[Cause, ...], edms: EdmsLook) -> Iterator[Metric]:
        serious = sum(cause.serious for cause in wrong)
        number = {"serious": serious, "minor": len(wrong) - serious}
        ends = {name: ends.timestamp() for name, _, ends in expiries(self._parts.settings)}
        yield _gauge("gw_causes", "What is wrong, as status tells it.", "severity", number)
        yield _gauge("gw_edms_up", "1: the EDMS answered when it was asked last.", "", {"": float(not edms.words)})
        yield _gauge("gw_tls_cert_expiry_timestamp_seconds", "When a listener's certificate ends.", "host", ends)
        yield _counter("gw_panic", "Workers that died since the start.", "", {"": self._deaths()})

    def _answers(self) -> Metric:
        """How long the EDMS took for what it was asked, since the start."""
        metric = HistogramMetricFamily(
            "gw_adapter_duration_seconds", "How long the EDMS took to answer.", labels=["adapter", "op"]
        )
        cells = list(self._times())
        for operation in timing.OPERATIONS:
            found = timing.taken(operation, cells)
            buckets = _buckets(timing.BUCKETS, found.within, found.number)
            metric.add_metric([self._parts.settings.edms.adapter, operation], buckets, found.seconds)
        return metric


def _stages(found: Mapping[str, Durations]) -> Metric:
    metric = HistogramMetricFamily(
        "gw_exchange_duration_seconds", "From one stage of an exchange to the next.", labels=["stage"]
    )
    for stage, one in found.items():
        metric.add_metric([stage], _buckets(BUCKETS, one.within, one.number), one.seconds)
    return metric


def _buckets(most: Iterable[float], within: Iterable[int], number: int) -> list[tuple[str, float]]:
    return [*((str(float(seconds)), count) for seconds, count in zip(most, within, strict=True)), ("+Inf", number)]


def _version() -> str:
    try:
        return version("edms-gateway")
    except PackageNotFoundError:  # it runs from its sources
        return "sources"


def _gauge(name: str, said: str, label: str, values: Mapping[str, float]) -> Metric:
    return _filled(GaugeMetricFamily(name, said, labels=[label] if label else []), label, values)


def _counter(name: str, said: str, label: str, values: Mapping[str, float]) -> Metric:
    return _filled(CounterMetricFamily(name, said, labels=[label] if label else []), label, values)


def _filled(
    metric: GaugeMetricFamily | CounterMetricFamily, label: str, values: Mapping[str, float]
) -> GaugeMetricFamily | CounterMetricFamily:
    for value, number in values.items():
        metric.add_metric([value] if label else [], number)
    return metric
