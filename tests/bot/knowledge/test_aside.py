""" "Waarom?", "leg anders uit" and "Bedoel je … of …?": what Lobke says about her own last answer."""

from collections.abc import Callable
from typing import Optional

import pytest

from bot.knowledge.kinds.aside import simpler, which_one, why
from bot.knowledge.models import Onderwerp, Opleiding, Wereld
from bot.knowledge.names import Subject
from bot.knowledge.question import Answer, Question, Sources

BOL = Onderwerp(
    id="bol", naam="Bol", knop="Wat is bol?", antwoord="Je zit op school.", bron="b", betrouwbaarheid="hoog",
    zie_ook=["onderwerp:bbl", "onderwerp:stage", "niveau:2"],
)  # fmt: skip


def after(kind: Optional[str]) -> Question:
    """A question that comes after an answer of this kind."""
    return Question("waarom", last_kind=kind, last_subject="onderwerp:bol")


def meanings(found: Answer) -> list[str]:
    return [choice.meaning for choice in found.choices]


def test_an_entry_with_its_own_reason_gives_it(sources: Sources) -> None:
    own = BOL.copy(update={"antwoorden": {"waarom": "Omdat je zo leert."}})
    assert why(own, after("inhoud"), sources).text == "Omdat je zo leert."


def test_without_one_the_kind_of_question_gives_the_reason(sources: Sources) -> None:
    assert why(BOL, after("duur"), sources).text == sources.say("waarom.duur")
    assert sources.say("waarom.duur") != sources.say("waarom")


@pytest.mark.parametrize("kind", ["inhoud", "onzin", "", None])
def test_a_reason_that_is_not_known_is_said_to_be_unknown(sources: Sources, kind: Optional[str]) -> None:
    found = why(BOL, after(kind), sources)
    assert found.text == sources.say("waarom")
    assert "decaan" in found.text and "mens|" in meanings(found)


def test_an_entry_with_easier_words_gives_them(sources: Sources) -> None:
    easy = BOL.copy(update={"eenvoudig": "Bol is school."})
    assert simpler(easy, after("inhoud"), sources).text == "Bol is school."


def test_what_the_kind_of_question_asked_is_put_in_easier_words_first(sources: Sources) -> None:
    easy = BOL.copy(update={"eenvoudig": "Bol is school."})
    assert simpler(easy, after("duur"), sources).text == sources.say("eenvoudig.duur")


def test_without_easier_words_lobke_asks_which_word_is_hard(sources: Sources) -> None:
    assert simpler(BOL, after("inhoud"), sources).text == sources.say("eenvoudig")


def test_when_easier_words_did_not_help_a_person_may(sources: Sources) -> None:
    easy = BOL.copy(update={"eenvoudig": "Bol is school."})
    found = simpler(easy, after("eenvoudig"), sources)
    assert found.text == sources.say("eenvoudig.mens") != "Bol is school."
    assert meanings(found)[0] == "mens|"


@pytest.mark.parametrize("say", [why, simpler])
def test_without_an_entry_there_is_an_answer_too(sources: Sources, say: Callable[..., Answer]) -> None:
    found = say(None, after("inhoud"), sources)
    assert found.text
    assert "mens|" in meanings(found)


def test_after_a_topic_it_goes_on_to_what_the_topic_leads_to(sources: Sources) -> None:
    assert meanings(why(BOL, after("inhoud"), sources)) == ["inhoud|onderwerp:bbl", "inhoud|onderwerp:stage", "mens|"]


def test_after_an_opleiding_it_goes_on_with_that_opleiding(sources: Sources) -> None:
    kapper = sources.knowledge.one(Opleiding, "25641")
    assert meanings(simpler(kapper, after("inhoud"), sources))[:2] == ["duur|opleiding:25641", "niveau|opleiding:25641"]


def named(sources: Sources, *keys: str) -> list[Subject]:
    return [subject for key in keys if (subject := sources.names.resolve(key))]


def test_the_question_back_names_what_may_be_meant_and_asks_the_same_of_each(sources: Sources) -> None:
    options = named(sources, "beroep:kok", "wereld:zorg")
    found = which_one(options, Question("duur"), sources)
    zorg = sources.knowledge.one(Wereld, "zorg").naam
    assert found.text == f"Bedoel je **Kok** of **{zorg}**?"
    assert [(choice.label, choice.meaning) for choice in found.choices] == [
        ("Kok", "duur|beroep:kok"),
        (zorg, "duur|wereld:zorg"),
    ]
    assert (found.outcome, found.subject) == ("clarified", None)


def test_without_a_kind_of_question_it_asks_what_each_is(sources: Sources) -> None:
    assert meanings(which_one(named(sources, "beroep:kok"), Question(None), sources)) == ["inhoud|beroep:kok"]


def test_at_most_four_are_named(sources: Sources) -> None:
    werelden = [Subject.of(wereld) for wereld in sources.knowledge.all(Wereld)]
    found = which_one(werelden, Question("inhoud"), sources)
    assert len(found.choices) == 4
    assert found.text.count("**") == 8
