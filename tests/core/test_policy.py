# SPDX-License-Identifier: GPL-3.0-or-later
"""Which rule applies: the first that fits, and why the ones before it do not."""

from hypothesis import given
from hypothesis import strategies as st

from gateway import policy
from gateway.model import Document, DocumentType, PartnerId, Term
from gateway.settings import AccessSettings, ReceiveSettings, ReportSettings

MOSCOW = PartnerId("moscow")


def facts(
    *,
    partner: str = "moscow",
    office: str = "EX-MINSK",
    kind: Term | None = None,
    access: Term | None = None,
    draft: bool = False,
) -> policy.Facts:
    type_ = DocumentType.DRAFT if draft else DocumentType.CREATED
    return policy.Facts.of(Document(type=type_, kind=kind, access=access), PartnerId(partner), office)


def test_the_first_rule_that_fits_counts_and_says_why_the_ones_before_it_do_not() -> None:
    rules = (
        ReceiveSettings(name="orders", kind=("Приказы",)),
        ReceiveSettings(name="of others", partner=("brest", "gomel")),
        ReceiveSettings(name="letters", kind=("Письма",)),
        ReceiveSettings(name="everything"),
    )

    chosen = policy.receiving(rules, facts(kind=Term("письма ")))

    assert (chosen.name, chosen.place) == ("letters", 3)
    assert chosen.passed_over == (
        (1, "kind is письма , not Приказы"),
        (2, "partner is moscow, not brest or gomel"),
    )


def test_without_a_rule_that_fits_the_defaults_count() -> None:
    chosen = policy.receiving((ReceiveSettings(organisation=("EX-OTHER",), register="wait"),), facts())

    assert (chosen.name, chosen.place, chosen.rule.register) == ("the defaults", 0, "auto")
    assert chosen.passed_over == ((1, "organisation is EX-MINSK, not EX-OTHER"),)


def test_every_condition_that_is_given_must_hold() -> None:
    rule = ReceiveSettings(partner=("moscow",), kind=("Письма",), access=("ДСП",))

    assert policy.misfit(rule, facts(kind=Term("Письма"), access=Term("ДСП"))) == ""
    assert policy.misfit(rule, facts(kind=Term("Письма"), access=Term("общий"))) == "access is общий, not ДСП"
    assert policy.misfit(rule, facts(access=Term("ДСП"))) == "kind is not said, not Письма"


def test_a_word_of_the_senders_dictionary_is_known_by_its_text_or_its_index() -> None:
    by_index = ReceiveSettings(kind=("k-01",))

    assert policy.misfit(by_index, facts(kind=Term("Что угодно", "K-01"))) == ""
    assert policy.misfit(by_index, facts(kind=Term("Что угодно", "K-02"))) == ("kind is Что угодно / K-02, not k-01")


def test_an_access_level_that_is_not_said_can_be_a_condition() -> None:
    rule = ReportSettings(access=("",))

    assert policy.misfit(rule, facts()) == ""
    assert policy.misfit(rule, facts(access=Term("общий"))) == "access is общий, not none"


def test_a_rule_is_for_drafts_only_when_it_says_so() -> None:
    rules = (ReceiveSettings(name="documents"), ReceiveSettings(name="drafts", type=("draft",)))

    assert policy.receiving(rules, facts(draft=True)).name == "drafts"
    assert policy.receiving(rules, facts()).name == "documents"
    assert policy.receiving(rules[:1], facts(draft=True)).place == 0


def test_a_rule_without_a_name_is_called_by_its_place() -> None:
    assert policy.reporting((ReportSettings(partner=("brest",)), ReportSettings()), facts()).name == "rule 2"


words = st.lists(st.sampled_from(["moscow", "brest", "Письма"]), max_size=2).map(tuple)
rules = st.builds(ReceiveSettings, partner=words, kind=words, access=words)


@given(st.lists(rules, max_size=5), st.sampled_from([None, Term("Письма"), Term("", "moscow")]))
def test_exactly_the_rules_before_the_chosen_one_are_passed_over(given: list[ReceiveSettings], kind: Term) -> None:
    chosen = policy.receiving(given, facts(kind=kind))

    before = len(given) if chosen.place == 0 else chosen.place - 1
    assert [place for place, _ in chosen.passed_over] == list(range(1, before + 1))
    assert all(why for _, why in chosen.passed_over)
    assert chosen.place == 0 or policy.misfit(chosen.rule, facts(kind=kind)) == ""


# --- access levels ------------------------------------------------------------------------------------------------


def test_only_a_level_that_is_called_open_is_open_and_an_unknown_one_is_not() -> None:
    access = AccessSettings(open=("общий", "A-1"))

    assert policy.is_open(Term(" Общий"), access)
    assert policy.is_open(Term("whatever they call it", "a-1"), access)
    assert not policy.is_open(Term("ДСП"), access)
    assert not policy.is_open(Term("", "A-2"), access)


def test_a_document_without_a_level_counts_as_the_office_says() -> None:
    assert policy.is_open(None, AccessSettings())
    assert policy.is_open(Term(), AccessSettings())
    assert not policy.is_open(None, AccessSettings(missing="ДСП"))
