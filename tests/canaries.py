# SPDX-License-Identifier: GPL-3.0-or-later
"""The canary law: no secret of an office of these tests is ever found in an output, a log or a journal of theirs.

Nor is the text of a document in any log.

Every test is held to it when it ends: what it printed and logged, and every file below its `tmp_path`.
"""

from base64 import b64encode
from collections.abc import Generator
from pathlib import Path

import pytest

from tests.servers.dovecot import PASSWORD

CANARIES = ("secret-for-tests-only", PASSWORD, b64encode(PASSWORD.encode()).decode())
TEXT = "Канарейкина"  # stands in documents, never in a log
WHERE_SECRETS_BELONG = frozenset({".toml", ".secret"})
MAX_BYTES = 32 << 20  # LIMIT: of a file that is looked into


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.when == "teardown" and report.passed:
        folder = getattr(item, "funcargs", {}).get("tmp_path")
        leaks = [*in_words(report.sections), *(in_files(folder) if isinstance(folder, Path) else ())]
        if leaks:
            report.outcome = "failed"
            report.longrepr = f"a secret got out: {', '.join(leaks)}"
    return report


def in_words(sections: list[tuple[str, str]]) -> list[str]:
    """Return the titles of captured outputs and logs that hold a canary."""
    return [title for title, words in sections if any(canary in words for canary in _wanted(title.split()[-2:]))]


def _wanted(title: list[str]) -> tuple[str, ...]:
    """What nobody may find under a title such as "Captured log call"."""
    return (*CANARIES, TEXT) if title[:1] == ["log"] else CANARIES


def in_files(folder: Path) -> list[str]:
    """Return the files below *folder* that hold a canary and are not the place for it."""
    secrets = [canary.encode() for canary in CANARIES]
    wanted = {".log": [*secrets, TEXT.encode()]}
    return [
        str(file.relative_to(folder))
        for file in _files(folder)
        if any(one in file.read_bytes() for one in wanted.get(file.suffix, secrets))
    ]


def _files(folder: Path) -> list[Path]:
    return [
        file
        for file in folder.rglob("*")
        if file.suffix not in WHERE_SECRETS_BELONG
        and file.is_file()
        and not file.is_symlink()
        and file.stat().st_size <= MAX_BYTES
    ]
