# SPDX-License-Identifier: GPL-3.0-or-later
"""The verdicts as a table for people, as JSON, and as JUnit XML for a build server."""

from collections.abc import Iterator, Sequence
from xml.sax.saxutils import escape, quoteattr

from gateway.conformance.judging import Result

MAX_WORDS = 2000  # LIMIT: characters of the complaints of one case


def verdict(result: Result) -> str:
    if not result.played:
        return "not played"
    return "passed" if result.passed else "FAILED"


def rows(results: Sequence[Result]) -> Iterator[dict[str, object]]:
    """Yield one row for each case, as JSON has it."""
    for one in results:
        yield {
            "case": one.case.name,
            "verdict": verdict(one),
            "seconds": round(one.seconds, 2),
            "title": one.case.title,
            "heard": list(one.heard),
            "complaints": [_clean(words) for words in one.complaints],
            "notes": [_clean(words) for words in one.notes],
            "story": [_clean(words) for words in one.story],
            "source": one.case.source,
        }


def junit(results: Sequence[Result], seconds: float) -> str:
    """Return *results* as JUnit XML, one test case each."""
    skipped = sum(not one.played for one in results)
    failed = sum(not one.passed for one in results) - skipped
    counts = f'tests="{len(results)}" failures="{failed}" errors="0" skipped="{skipped}" time="{seconds:.3f}"'
    lines = ['<?xml version="1.0" encoding="utf-8"?>', f"<testsuites {counts}>"]
    lines.append(f'<testsuite name="edms-gateway conformance" {counts}>')
    lines += [_testcase(one) for one in results]
    return "\n".join([*lines, "</testsuite>", "</testsuites>", ""])


def _testcase(result: Result) -> str:
    family, _, name = result.case.name.rpartition("/")
    head = f"<testcase classname={quoteattr(family or 'conformance')} name={quoteattr(name)}"
    head += f' time="{result.seconds:.3f}"'
    if result.passed:
        return head + "/>"
    if not result.played:
        return head + "><skipped/></testcase>"
    words = "; ".join(map(_clean, result.complaints))[:MAX_WORDS]
    told = "\n".join([result.case.title, *map(_clean, result.story), *_source(result)])
    return f"{head}><failure message={quoteattr(words)}>{escape(told)}</failure></testcase>"


def words(result: Result) -> tuple[str, ...]:
    """Return why a case failed, for people: what was wrong, what was sent and what came, and where the rule stands."""
    return (*map(_clean, result.complaints), *map(_clean, result.story), *_source(result))


def _source(result: Result) -> tuple[str, ...]:
    return (f"see {result.case.source}",) if result.case.source else ()


def _clean(words: str) -> str:
    """Return *words* without control characters: what a peer writes goes into no terminal and no XML."""
    return "".join(letter if letter.isprintable() else "�" for letter in words)
