# SPDX-License-Identifier: GPL-3.0-or-later
"""A report names no file that it does not bring."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from gateway.model import (
    Answer,
    Approval,
    ApprovalKind,
    Consideration,
    Document,
    DocumentRef,
    Executor,
    File,
    Party,
    Report,
    ReportKind,
    Sha256,
    Signature,
    Task,
    TaskUid,
)
from gateway.reports import carrying

DIGESTS = [Sha256(letter * 64) for letter in "abc"]
digests = st.sampled_from([*DIGESTS, None])
signatures = st.builds(lambda digest: Signature("s", 1, digest), digests)
files = st.lists(
    st.builds(lambda digest, signed: File("f", sha256=digest, signatures=tuple(signed)), digests, st.lists(signatures)),
    max_size=3,
).map(tuple)
tasks = st.builds(
    lambda own, theirs: Task(TaskUid("t"), files=own, executors=(Executor(Party(), files=theirs),)), files, files
)
documents = st.builds(
    lambda own, theirs: Document(
        files=own, approvals=(Approval("1", ApprovalKind.VISA, Party(), files=theirs),), subject="kept"
    ),
    files,
    files,
)
reports = st.builds(
    lambda own, sent, answer, draft: Report(
        ReportKind.PROGRESS,
        DocumentRef(),
        considerations=(Consideration(own),),
        sent_tasks=(sent,),
        answers=(Answer(answer, datetime(2026, 3, 11, tzinfo=UTC)),),
        approvals=draft,
    ),
    tasks,
    tasks,
    documents,
    st.none() | documents,
)


def named(value: object) -> list[Sha256 | None]:
    """Return every digest anywhere in *value*."""
    if isinstance(value, tuple):
        return [digest for one in value for digest in named(one)]
    if not hasattr(value, "__dataclass_fields__"):
        return []
    inner = [digest for field in value.__dataclass_fields__ for digest in named(getattr(value, field))]
    return inner + ([value.sha256] if isinstance(value, File | Signature) else [])


@given(reports, st.sets(st.sampled_from(DIGESTS)))
def test_a_report_names_exactly_the_files_whose_bytes_are_there(report: Report, present: set[Sha256]) -> None:
    carried = carrying(report, present)

    assert set(named(carried)) <= present
    if all(digest in present for digest in named(report)):
        assert carried == report
    assert carrying(carried, present) == carried


@given(reports)
def test_without_any_bytes_the_words_stay(report: Report) -> None:
    carried = carrying(report, set())

    assert named(carried) == []
    assert carried.answers[0].document.subject == "kept"
    assert [task.uid for task in carried.sent_tasks] == ["t"]
