# SPDX-License-Identifier: GPL-3.0-or-later
"""Values become JSON and come back the same."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.journal.values import from_json, to_json
from gateway.model import (
    Answer,
    Citizen,
    Document,
    DocumentRef,
    Event,
    EventKey,
    EventKind,
    Executor,
    File,
    Forwarding,
    Message,
    Number,
    Organisation,
    Party,
    Person,
    Refusal,
    Registered,
    Report,
    ReportKind,
    Signature,
    Subscription,
    Task,
    TaskControl,
    Term,
)

texts = st.text(st.characters(codec="utf-8"), max_size=6)
moments = st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))


def maybe(of: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | of


def some(of: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(of, max_size=2).map(tuple)


terms = st.builds(Term, text=texts, index=texts)
numbers = st.builds(Number, text=texts, date=maybe(st.dates()))
people = st.builds(Person, name=texts, post=texts)
offices = st.builds(Party, organisation=st.builds(Organisation, short_name=texts, index=texts), person=maybe(people))
parties = offices | st.builds(Party, citizen=st.builds(Citizen, name=texts))
signatures = st.builds(Signature, name=texts, size=st.integers(0, 99), sha256=maybe(st.just("a" * 64)), at=moments)
files = st.builds(File, name=texts, size=st.integers(0, 1 << 40), sha256=st.none(), signatures=some(signatures))
executors = st.builds(Executor, party=parties, responsible=st.booleans(), reported_at=maybe(moments), files=some(files))
controls = st.builds(TaskControl, deadline=maybe(st.dates()), controller=maybe(parties), progress=texts)
tasks = st.builds(Task, uid=texts, executors=some(executors), control=maybe(controls), parent=maybe(texts))
leaves = st.builds(Document, uid=texts, number=numbers, collective=maybe(st.booleans()), files=some(files))
documents = st.builds(
    Document,
    uid=texts,
    subject=texts,
    kind=maybe(terms),
    tasks=some(tasks),
    linked=some(leaves),
    addressees=some(parties),
)
refusals = st.builds(Refusal, code=st.integers(), text=texts, retryable=st.booleans())
reports = st.builds(
    Report,
    about=st.builds(DocumentRef, uid=texts, number=numbers, kind=maybe(terms)),
    refusal=maybe(refusals),
    registered=maybe(st.builds(Registered, number=numbers, at=maybe(moments))),
    forwardings=some(st.builds(Forwarding, to=parties, at=moments)),
    answers=some(st.builds(Answer, document=leaves, at=moments)),
)
events = st.builds(
    Event,
    key=texts,
    at=maybe(moments),
    number=maybe(numbers),
    task=maybe(tasks),
    document=maybe(leaves),
    refusal=maybe(refusals),
    text=texts,
)
subscriptions = st.builds(Subscription, days=st.integers(1, 999), forwarding_all=maybe(st.booleans()))
messages = st.builds(
    Message,
    id=texts,
    return_id=texts,
    sent_at=moments,
    sender=parties,
    recipients=some(parties),
    body=documents | reports,
    dialect=texts,
    subscription=maybe(subscriptions),
    in_reply_to=maybe(texts),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(messages | events)
def test_a_value_comes_back_the_same(value: Any) -> None:
    text = to_json(value)

    assert from_json(type(value), text) == value
    assert to_json(from_json(type(value), text)) == text


@pytest.mark.parametrize(
    "value", [Document(), Report(ReportKind.RECEIPT, DocumentRef()), Subscription(days=1), Number()]
)
def test_the_barest_values_come_back_the_same(value: Any) -> None:
    assert from_json(type(value), to_json(value)) == value


def test_what_is_default_takes_no_room_and_keys_stand_in_their_order() -> None:
    event = Event(EventKind.REGISTERED, EventKey("k"), datetime(2031, 3, 4, 9, 30, tzinfo=UTC), number=Number("15"))

    assert to_json(event) == (
        '{"kind":"registered","key":"k","at":"2031-03-04T09:30:00Z","number":{"text":"15"}}'
    )  # what stands in the journals of a released version


def test_moments_come_back_in_utc() -> None:
    text = to_json(Event(EventKind.RECEIVED, EventKey("k"), datetime(2031, 3, 4, 9, 30, tzinfo=UTC)))

    at = from_json(Event, text).at

    assert at is not None
    assert at.utcoffset() == timedelta(0)


@pytest.mark.parametrize(
    "text", ["", "{", "{}", '{"kind":"dismissed","key":"k","at":null}', '{"kind":"received","key":7}']
)
def test_what_is_no_value_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match="validation error"):
        from_json(Event, text)
