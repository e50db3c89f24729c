# SPDX-License-Identifier: GPL-3.0-or-later
"""What `check-config` finds in the rules of an office: every mistake with its file and line."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway import policy
from gateway.model import PartnerId, Term
from gateway.settings import ConfigurationError, ReceiveSettings, parse
from gateway.settings.overlap import takers_of
from tests.core.test_settings import GATEWAY, PARTNERS


def complaints(rules: str) -> list[str]:
    """Return what is said about *rules*, written from line 2 of a partners file that has nothing wrong but them."""
    text = f"#\n{rules}\n{PARTNERS}"
    try:
        parse({"gateway.toml": GATEWAY, "partners.toml": text})
    except ConfigurationError as error:
        return [str(problem) for problem in error.problems]
    return []


def rules(*tables: str) -> str:
    return "\n".join(f"[[receive]]\n{table}" for table in tables)


@pytest.mark.parametrize(
    ("before", "after", "taker"),
    [
        ('name = "all"', 'kind = ["Letters"]', '"all" before it fits'),
        ("", 'partner = ["partner"]', "rule 1 before it fits"),
        ('kind = ["Letters", "Orders"]', 'kind = ["orders "]\naccess = ["ДСП"]', "rule 1 before it fits"),
        ('type = ["document", "draft"]', 'type = ["draft"]', "rule 1 before it fits"),
    ],
)
def test_a_rule_that_can_never_apply_is_found_with_its_line(before: str, after: str, taker: str) -> None:
    (complaint,) = complaints(rules(before, after))

    line = 3 + len(before.splitlines()) + (0 if before else 1)
    assert complaint.startswith(
        f"partners.toml:{line}: receive[2]: this rule never applies: {taker} whatever it would; "
    )


def test_a_rule_whose_cases_are_taken_one_by_one_is_found_too() -> None:
    (complaint,) = complaints(
        rules('kind = ["a"]', 'kind = ["b"]\nname = "of b"', 'kind = ["b", "a"]\naccess = ["ДСП"]')
    )

    assert 'receive[3]: this rule never applies: rule 1 and "of b" before it fit' in complaint


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('kind = ["Letters"]', ""),
        ('kind = ["Letters"]', 'kind = ["Letters", "Orders"]'),
        ('kind = ["Letters"]\naccess = ["ДСП"]', 'kind = ["Letters"]'),
        ('type = ["document"]', 'type = ["draft"]'),
        ("", 'type = ["document", "draft"]'),  # the first is for finished documents alone
    ],
)
def test_a_rule_with_a_case_of_its_own_is_no_mistake(before: str, after: str) -> None:
    assert complaints(rules(before, after)) == []


def test_report_rules_are_looked_at_likewise() -> None:
    (complaint,) = complaints('[[report]]\n[[report]]\npartner = ["partner"]\n')

    assert complaint.startswith("partners.toml:3: report[2]: this rule never applies: rule 1 before it fits")


def test_two_rules_of_one_name_are_found() -> None:
    (complaint,) = complaints(rules('name = "one"\nkind = ["a"]', 'name = "One"\nkind = ["b"]'))

    assert complaint == 'partners.toml:6: receive[2].name: "One" is used twice; give each its own'


@pytest.mark.parametrize("key", ["partner", "organisation", "kind", "access", "type"])
def test_an_empty_condition_is_found_because_it_means_nothing(key: str) -> None:
    (complaint,) = complaints(rules(f"{key} = []"))

    assert complaint.startswith(f"partners.toml:3: receive[1].{key}: is empty")


def test_a_rule_for_somebody_who_is_not_there_is_found() -> None:
    found = complaints(rules('partner = ["nobody"]\norganisation = ["NOWHERE"]'))

    assert [one.split(";")[0] for one in found] == [
        'partners.toml:3: receive[1].partner: there is no partner "nobody"',
        'partners.toml:4: receive[1].organisation: "NOWHERE" is no organisation of ours',
    ]


def test_a_report_rule_for_documents_without_a_level_is_found() -> None:
    (complaint,) = complaints('[[report]]\naccess = [""]\n')

    assert complaint.startswith("partners.toml:3: report[1].access: no document is without a level by then")


def test_a_holidays_file_is_complained_about_with_its_own_line() -> None:
    texts = {"gateway.toml": GATEWAY, "partners.toml": PARTNERS}

    with pytest.raises(ConfigurationError) as found:
        parse(texts, holidays={"holidays.txt": "2027-01-01\nEaster\n"})

    assert str(found.value.problems[0]).startswith("holidays.txt:2: 'Easter' is not a date; ")


WORDS = st.lists(st.sampled_from(["a", "b", "c"]), max_size=2, unique=True).map(tuple)
RULES = st.builds(
    ReceiveSettings,
    partner=WORDS,
    kind=WORDS,
    access=WORDS,
    type=st.sampled_from([("document",), ("draft",), ("document", "draft")]),
)
FACTS = st.builds(
    policy.Facts,
    partner=st.sampled_from([PartnerId("a"), PartnerId("b"), PartnerId("c"), PartnerId("other")]),
    office=st.just("EX-MINSK"),
    kind=st.sampled_from(["a", "b", "c", "other", ""]).map(Term),
    access=st.sampled_from(["a", "b", "c", "other", ""]).map(Term),
    draft=st.booleans(),
)


@given(st.lists(RULES, max_size=5), RULES, FACTS)
def test_a_rule_that_is_called_unreachable_is_never_chosen(
    before: list[ReceiveSettings], rule: ReceiveSettings, facts: policy.Facts
) -> None:
    if takers_of(rule, list(enumerate(before, 1))):
        assert policy.receiving([*before, rule], facts).place != len(before) + 1
