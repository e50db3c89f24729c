# SPDX-License-Identifier: GPL-3.0-or-later
"""Generated reports of one fact each, as they are owed where a standard's reports do not accumulate."""

from dataclasses import replace

from hypothesis import strategies as st

from gateway.model import (
    Answer,
    ApprovalKind,
    Consideration,
    Direction,
    EventKind,
    Forwarding,
    Redirection,
    Registered,
    Remark,
    Report,
    ReportKind,
)
from gateway.model import EventKind as K
from tests.dialects.strategies import (
    keys,
    maybe,
    moments,
    nested_documents,
    numbers,
    parties,
    refs,
    refusals,
    small_documents,
    some,
    tasks,
    terms,
    texts,
    uids,
)

OF_TASKS = (
    K.ASSIGNED,
    K.DUE_CHANGED,
    K.PROGRESS,
    K.EXECUTOR_REPORTED,
    K.EXECUTED,
    K.REOPENED,
    K.EXECUTOR_CHANGED,
    K.TASK_CANCELLED,
)
OF_DRAFTS = (K.DIRECTED, K.SIGNED, K.DRAFT_REGISTERED)
FACTS = (K.REGISTERED, K.RENUMBERED, K.FORWARDED, K.REDIRECTED, K.ANSWERED, *OF_TASKS)


def _progress(fact: EventKind) -> st.SearchStrategy:
    bare = st.builds(Report, st.just(ReportKind.PROGRESS), refs, st.just(fact))

    def showing(**fields: st.SearchStrategy) -> st.SearchStrategy:
        return st.builds(replace, bare, **fields)

    if fact in (K.REGISTERED, K.RENUMBERED):
        return showing(registered=st.builds(Registered, numbers, keys, maybe(moments), maybe(nested_documents)))
    if fact is K.FORWARDED:
        return showing(forwardings=st.tuples(st.builds(Forwarding, parties, moments)))
    if fact is K.REDIRECTED:
        return showing(redirections=st.tuples(st.builds(Redirection, parties, moments, terms)))
    if fact is K.ANSWERED:
        return showing(answers=st.tuples(st.builds(Answer, nested_documents, moments, terms)))
    if fact is K.DIRECTED:
        return showing(directions=st.tuples(st.builds(Direction, st.sampled_from(ApprovalKind), parties, moments)))
    if fact is K.SIGNED:
        return showing(approvals=nested_documents)
    if fact is K.DRAFT_REGISTERED:
        return showing(draft_registered=small_documents)
    ours = showing(considerations=st.tuples(st.builds(Consideration, tasks, maybe(uids))))
    remarks = st.builds(Remark, texts, moments, maybe(parties))
    told = [ours, showing(sent_tasks=st.tuples(tasks))]
    return st.one_of(*told, *([showing(remarks=some(remarks))] if fact is K.PROGRESS else []))


def single_reports(*facts: EventKind) -> st.SearchStrategy:
    """Return receipts, refusals, edits and reports that tell one of *facts* (without any: every fact of no draft)."""
    alone = (
        st.builds(Report, st.just(ReportKind.RECEIPT), refs, received_at=maybe(moments)),
        st.builds(Report, st.just(ReportKind.REFUSAL), refs, refusal=refusals),
        st.builds(Report, st.just(ReportKind.EDITED), refs, edited=maybe(small_documents), edited_text=texts),
    )
    return st.one_of(*alone, *(_progress(fact) for fact in facts or FACTS))
