# SPDX-License-Identifier: GPL-3.0-or-later
"""Which tasks of a document go to whom: laws over any tree of tasks."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from gateway.model import (
    ControlState,
    Document,
    DocumentUid,
    Executor,
    File,
    Organisation,
    Party,
    Person,
    Sha256,
    Task,
    TaskControl,
    TaskUid,
    Term,
)
from gateway.outbound.differences import addition, difference
from gateway.outbound.own_tasks import is_own, meant_for

INDICES = ("A", "B", "OURS", "")
uids = st.sampled_from([TaskUid(f"t{number}") for number in range(8)])
executors = st.builds(
    lambda index, text: Executor(Party(Organisation(index=index), person=Person("Кто-то")), text=text),
    st.sampled_from(INDICES),
    st.sampled_from(["", "сделано"]),
)
trees = st.lists(
    st.builds(
        Task,
        uid=uids,
        text=st.sampled_from(["раз", "два"]),
        parent=uids | st.none(),
        private=st.booleans(),
        executors=st.lists(executors, max_size=3).map(tuple),
        control=st.none() | st.just(TaskControl(ControlState.OPEN, progress="A: сделано")),
    ),
    max_size=8,
    unique_by=lambda task: task.uid,
).map(lambda tasks: Document(uid=DocumentUid("doc"), tasks=tuple(tasks)))


@given(trees)
def test_own_tasks_are_those_of_the_organisation_and_no_others(document: Document) -> None:
    going = {task.uid for task in meant_for(document, " a ", "own").tasks}

    assert going == {task.uid for task in document.tasks if not task.private and is_own(task, "A")}


def test_a_task_whose_executors_organisation_is_not_known_is_nobodys() -> None:
    nobodys = Task(TaskUid("t"), executors=(Executor(Party(Organisation("Архив «Берег»"))),))

    assert not is_own(nobodys, "Архив «Берег»")
    assert not is_own(nobodys, "")


@given(trees)
def test_parents_come_with_own_tasks_and_nothing_else_does(document: Document) -> None:
    by_uid = {task.uid: task for task in document.tasks}
    going = meant_for(document, "A", "own-with-parents").tasks

    for task in going:
        below = [one for one in going if is_own(by_uid[one.uid], "A")]
        assert is_own(by_uid[task.uid], "A") or any(task.uid in above(one, by_uid) for one in below)
    for task in meant_for(document, "A", "own").tasks:
        parent = by_uid[task.uid].parent
        if parent in by_uid and not by_uid[parent].private:
            assert parent in {one.uid for one in going}


def above(task: Task, by_uid: dict[TaskUid, Task]) -> set[TaskUid]:
    found: set[TaskUid] = set()
    parent = by_uid[task.uid].parent
    while parent is not None and parent in by_uid and parent not in found:
        found.add(parent)
        parent = by_uid[parent].parent
    return found


@given(trees, st.sampled_from(["own", "own-with-parents", "all"]))
def test_whatever_was_agreed_nothing_private_leaves_nor_what_came_of_a_task(document: Document, agreed: str) -> None:
    going = meant_for(document, "B", agreed).tasks  # type: ignore[arg-type]  # one of the three words

    uids = {task.uid for task in going}
    assert not any(task.private for task in going)
    assert all(task.parent is None or task.parent in uids for task in going)
    assert not any(executor.text for task in going for executor in task.executors)
    assert not any(task.control.progress for task in going if task.control)


@given(trees)
def test_who_shall_do_it_by_when_is_told_unchanged(document: Document) -> None:
    known = {task.uid: task for task in document.tasks}

    for task in meant_for(document, "A", "all").tasks:
        before = known[task.uid]
        assert (task.text, task.kind) == (before.text, before.kind)
        assert [one.party for one in task.executors] == [one.party for one in before.executors]
        assert (task.control and task.control.state) == (before.control and before.control.state)


@given(trees, trees)
def test_what_was_sent_and_what_is_added_make_what_stands_now(sent: Document, now: Document) -> None:
    found = difference(sent, now, "A")

    both = {task.uid: task for task in (*sent.tasks, *addition(now, found).tasks)}
    assert [both[task.uid] for task in now.tasks] == list(now.tasks)
    assert not difference(now, now, "A").can_be_told


def test_a_file_is_new_by_name_and_bytes_and_when_it_was_signed_anew() -> None:
    one = File("a.pdf", sha256=Sha256("1" * 64))
    other = File("a.pdf", sha256=Sha256("2" * 64))
    tag = replace(one, uid="passport-local", tag="x")

    def new(*files: File) -> tuple[File, ...]:
        return difference(Document(files=(one,)), Document(files=files), "A").files

    assert new(one) == ()
    assert new(tag) == ()
    assert new(one, other) == (other,)


def test_a_file_of_a_task_goes_with_the_task_only() -> None:
    attached = File("task.pdf", sha256=Sha256("3" * 64))
    theirs = Task(TaskUid("b"), files=(attached,), executors=(Executor(Party(Organisation(index="B"))),))
    document = Document(tasks=(theirs,))

    assert [task.files for task in meant_for(document, "B", "own").tasks] == [(attached,)]
    assert meant_for(document, "A", "own").tasks == ()


def test_what_is_neither_file_nor_task_cannot_be_added() -> None:
    document = Document(uid=DocumentUid("doc"), subject="О деле")
    theirs = replace(document, addressees=(Party(Organisation(index="B")),))
    ours = replace(document, addressees=(Party(Organisation(index="A")),))

    assert difference(document, replace(document, access=Term("ДСП")), "A").otherwise
    assert difference(document, ours, "A").otherwise
    assert not difference(document, theirs, "A").otherwise
    assert not difference(document, replace(document, card="77"), "A").otherwise
