"""Known questions belong to entries, and an entry about something else is no hit."""

import pytest

from bot.knowledge.loader import Knowledge
from bot.knowledge.names import Names
from bot.knowledge.search import KnownQuestion, known_questions, named_subjects, rank, subjects_of_entries

KOK, BAKKER, BOL, KOSTEN = "beroep:kok", "beroep:bakker", "onderwerp:bol", "onderwerp:kosten-mbo"
SUBJECTS = {
    KOK: frozenset({KOK}),
    BAKKER: frozenset({BAKKER}),
    BOL: frozenset({BOL, "onderwerp:bbl"}),
    KOSTEN: frozenset({KOSTEN}),
}
SCORES = {KOK: 0.4, BAKKER: 0.9, BOL: 0.6, KOSTEN: 0.5}


def ranked(*named: str, least: float = 0.1, most: int = 5) -> list[str]:
    return [hit.key for hit in rank(SCORES, SUBJECTS, frozenset(named), least, most)]


def test_the_likeliest_entry_goes_first() -> None:
    assert ranked() == [BAKKER, BOL, KOSTEN, KOK]


def test_an_unlikely_entry_is_left_out() -> None:
    assert ranked(least=0.5) == [BAKKER, BOL, KOSTEN]


def test_there_are_at_most_so_many() -> None:
    assert ranked(most=2) == [BAKKER, BOL]


def test_an_entry_that_shares_no_subject_is_no_hit() -> None:
    assert ranked(KOK) == [KOK]
    assert ranked("onderwerp:bbl") == [BOL]


def test_when_something_specific_is_named_that_must_be_shared() -> None:
    assert ranked(KOK, BOL) == [KOK]


def test_an_interest_in_passing_excludes_nothing() -> None:
    assert ranked("interesse:koken") == [BAKKER, BOL, KOSTEN, KOK]


def test_a_school_is_a_hit_only_by_its_name() -> None:
    scores, subjects = {"school:roc": 0.9}, {"school:roc": frozenset({"school:roc"})}
    assert rank(scores, subjects, frozenset(), 0.1) == []
    assert [hit.key for hit in rank(scores, subjects, frozenset({"school:roc"}), 0.1)] == ["school:roc"]


def test_a_hit_keeps_its_likeness() -> None:
    assert [hit.score for hit in rank(SCORES, SUBJECTS, frozenset(), 0.1)] == [0.9, 0.6, 0.5, 0.4]


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("verschil tussen kok en bakker", {"beroep:kok", "beroep:bakker"}),
        ("zorg en welzijn", {"wereld:zorg", "profiel:zw"}),
        ("hoi hoe gaat het", set()),
    ],
)
def test_the_subjects_of_a_text_are_all_that_its_names_may_mean(names: Names, text: str, keys: set[str]) -> None:
    assert named_subjects(names, text) == keys


def test_an_entry_is_about_itself_and_what_its_questions_name(names: Names) -> None:
    questions = [KnownQuestion("wat doet een kok", "onderwerp:x"), KnownQuestion("en wat is het", "onderwerp:x")]
    named = {question.text: named_subjects(names, question.text) for question in questions}
    assert subjects_of_entries(questions, named) == {"onderwerp:x": frozenset({"onderwerp:x", "beroep:kok"})}


def test_every_question_in_the_files_is_known(knowledge: Knowledge) -> None:
    questions = known_questions(knowledge)
    assert len(questions) == sum(len(entry.vragen) for entry in knowledge.entries.values())
    assert KnownQuestion("wat is het mbo", "onderwerp:mbo") in questions
