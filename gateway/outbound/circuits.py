# SPDX-License-Identifier: GPL-3.0-or-later
"""Which relays, and which partners behind them, are left alone for a while; no input or output, the clock is handed in.

A relay that cannot be talked to is asked again by one letter at a time, ever less often; everything else that goes by
it stays queued, and no attempt is counted.  A partner whose recipient is put off again and again is slowed alone.
Other relays and other partners notice nothing.  A letter that a person wants tried is the question at once.
"""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import RLock

from gateway.journal.circuits import OpenCircuit
from gateway.journal.entries import Entry
from gateway.outbound.relay import WANTS_TLS_OR_LOGIN
from gateway.ports import Outcome, Phase, Posted
from gateway.retry import Backoff, next_attempt

RELAY_AFTER = 3  # failures in a row before a relay is left alone
PARTNER_AFTER = 5  # recipients put off in a row before a partner is slowed
LONGEST = timedelta(minutes=5)  # LIMIT: between two questions, so that nobody waits long after the trouble is over
PROBE = timedelta(minutes=30)  # LIMIT: how long one letter may be under way as the question
FOLDER = "folder of channel "
_BEFORE_MAIL = (Phase.CONNECT, Phase.TLS, Phase.AUTH)
_ABOUT_THE_RELAY = (421, *WANTS_TLS_OR_LOGIN)  # 421: it ends the talk (RFC 5321 §3.8)


@dataclass(slots=True)
class Circuit:
    """One relay or one partner: closed as long as `retry_at` is None."""

    failures: int = 0  # in a row, of letters and then of questions
    asked: int = 0  # questions since it opened
    opened_at: datetime | None = None
    retry_at: datetime | None = None
    probing_until: datetime | None = None  # a letter is under way as the question
    words: str = ""

    def leaves_alone(self, now: datetime) -> bool:
        return self.retry_at is not None and (now < self.retry_at or self.is_asked(now))

    def is_asked(self, now: datetime) -> bool:
        return self.probing_until is not None and now < self.probing_until

    def failed(self, after: int, pauses: Backoff, words: str, now: datetime) -> None:
        """Count a failure; those of letters that were under way when it opened are no further ones."""
        self.words = words
        if self.retry_at is not None and self.probing_until is None:
            return
        self.failures += 1
        self.probing_until = None
        if self.failures >= after:
            self.asked += 1
            self.opened_at = self.opened_at or now
            self.retry_at = next_attempt(pauses, self.asked, now, now)


class Circuits:
    """The circuits of every relay and partner that there was trouble with."""

    def __init__(self, relay_of: Callable[[Entry], str], relay_of_lane: Callable[[str], str], first: timedelta) -> None:
        self._relay_of = relay_of
        self._relay_of_lane = relay_of_lane
        self._pauses = Backoff(min(first, LONGEST), LONGEST)
        self._circuits: dict[str, Circuit] = {}
        self._lock = RLock()  # letters are taken in a thread, and end in the loop

    def remember(self, found: Iterable[OpenCircuit]) -> None:
        """Take over what stood when we stopped."""
        with self._lock:
            for one in found:
                known = Circuit(one.failures, 1, one.opened_at, one.retry_at, None, one.words)
                self._circuits[one.name] = known

    def closed_lane(self, lane: str, now: datetime) -> bool:
        """Say whether nothing of *lane* may go now."""
        with self._lock:
            names = names_of(self._relay_of_lane(lane), lane)
            return any(name in self._circuits and self._circuits[name].leaves_alone(now) for name in names)

    def being_asked(self, lane: str, now: datetime) -> bool:
        """Say whether a letter is under way as the question that *lane* waits for."""
        with self._lock:
            names = names_of(self._relay_of_lane(lane), lane)
            return any(name in self._circuits and self._circuits[name].is_asked(now) for name in names)

    def why(self, lane: str, now: datetime) -> str:
        """Return in words why nothing of *lane* goes."""
        with self._lock:
            for name in names_of(self._relay_of_lane(lane), lane):
                one = self._circuits.get(name)
                if one is not None and one.opened_at is not None and one.leaves_alone(now):
                    return f"{name} does not work since {one.opened_at:%Y-%m-%d %H:%M} UTC: {one.words}"[:500]
            return "too old"

    def admit(self, entry: Entry, now: datetime) -> bool:
        """Say whether *entry* may go now; where there was trouble, it goes as the one question."""
        with self._lock:
            if any(circuit.leaves_alone(now) for circuit in self._with_trouble(entry)):
                return False
            self.ask(entry, now)
            return True

    def ask(self, entry: Entry, now: datetime) -> None:
        """*entry* goes, whoever is left alone: it is the question."""
        with self._lock:
            for circuit in self._with_trouble(entry):
                if circuit.retry_at is not None:
                    circuit.probing_until = now + PROBE

    def put_back(self, entry: Entry) -> None:
        """*entry* was admitted and did not go, or told nothing."""
        with self._lock:
            for name in self._names(entry):
                if name in self._circuits:
                    self._circuits[name].probing_until = None

    def heard(self, entry: Entry, posted: Posted, now: datetime) -> None:
        """Judge by what became of *entry* whether its relay works, and whether its partner's server does."""
        with self._lock:
            relay, partner = self._names(entry)
            if posted.outcome is Outcome.TRY_LATER and _about_the_relay(posted):
                self._no_answer(partner)
                self._of(relay).failed(RELAY_AFTER, self._pauses, posted.words, now)
                return
            self._circuits.pop(relay, None)
            if posted.outcome is Outcome.TRY_LATER and posted.phase is Phase.RCPT:
                self._of(partner).failed(PARTNER_AFTER, self._pauses, posted.words, now)
            elif posted.phase is not Phase.MAIL:
                self._circuits.pop(partner, None)
            else:
                self._no_answer(partner)

    def _no_answer(self, name: str) -> None:
        """The question said nothing of the partner called *name*."""
        if name in self._circuits:
            self._circuits[name].probing_until = None

    def forget_idle(self, lanes: Collection[str], now: datetime) -> None:
        """Forget who is left alone and has no letter waiting; *lanes* are all that have some.

        Else they would be shown for ever, for nobody asks them again; the next letter finds out anew.
        """
        with self._lock:
            needed = {name for lane in lanes for name in names_of(self._relay_of_lane(lane), lane)}
            for name, one in list(self._circuits.items()):
                if one.retry_at is not None and name not in needed and not one.is_asked(now):
                    del self._circuits[name]

    def open_ones(self) -> tuple[OpenCircuit, ...]:
        """Return what is left alone at the moment, by name."""
        with self._lock:
            return tuple(
                OpenCircuit(name, one.opened_at, one.retry_at, one.failures, one.words)
                for name, one in sorted(self._circuits.items())
                if one.opened_at is not None and one.retry_at is not None
            )

    def _of(self, name: str) -> Circuit:
        return self._circuits.setdefault(name, Circuit())

    def _with_trouble(self, entry: Entry) -> list[Circuit]:
        return [self._circuits[name] for name in self._names(entry) if name in self._circuits]

    def _names(self, entry: Entry) -> tuple[str, str]:
        return names_of(self._relay_of(entry), entry.lane)


def _about_the_relay(posted: Posted) -> bool:
    """Say whether a failure would have met any letter at this relay."""
    gone = posted.phase is Phase.MAIL and posted.code is None  # it hung up, or said nothing
    return posted.phase in _BEFORE_MAIL or posted.code in _ABOUT_THE_RELAY or gone


def names_of(relay: str, lane: str) -> tuple[str, str]:
    """Return the names of the circuits of a *relay* (empty: the common one) and of the partner of *lane* behind it.

    A folder that letters go into counts as a relay of its own, and is called what it is.
    """
    return relay if relay.startswith(FOLDER) else f"relay {relay}".strip(), f"partner {lane}"


def folder_named(channel: str) -> str:
    """Return what stands for a relay's name where the letters of *channel* go into a folder."""
    return FOLDER + channel
