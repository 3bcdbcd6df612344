"""A message in another language is recognised, to answer it in that language; Dutch with loan words stays Dutch."""

from typing import Optional

import pytest

from bot.knowledge.languages import language_of
from bot.knowledge.loader import Knowledge
from bot.knowledge.models import Nood, Taal
from bot.knowledge.words import words


def language(text: str, knowledge: Knowledge) -> Optional[str]:
    found = language_of(text, knowledge)
    return found.id if found else None


@pytest.mark.parametrize(
    ("text", "id"),
    [
        ("hello can you help me choose a school", "engels"),
        ("I WANT TO BECOME A CHEF!!", "engels"),
        ("merhaba bana yardım eder misin", "turks"),
        ("hola quiero ser cocinero", "spaans"),
        ("bonjour je ne parle pas néerlandais", "frans"),
        ("hallo kannst du mir helfen", "duits"),
        ("chcę zostać kucharzem", "pools"),
        ("أريد أن أصبح طباخا", "arabisch"),
        ("ana la afham hollandi", "arabisch"),
        ("я хочу вчитися на кухаря", "oekraiens"),
        ("kapper? я не розумію", "oekraiens"),
    ],
)
def test_another_language_is_recognised_by_its_script_or_its_words(text: str, id: str, knowledge: Knowledge) -> None:
    assert language(text, knowledge) == id


@pytest.mark.parametrize(
    "text",
    [
        "ik vind gamen en chillen nice",
        "iets met fashion en business ofzo",
        "wat is game design",
        "je hebt die man toch",
        "wie is die school en was dat de mijne",
        "dat is no problem",
        "ik wil where en should in mijn verslag zetten maar weet niet hoe dat moet",
        "wat betekent hola",
        "mijn vriend typt alleen я",
        "mag ik ict support doen met basis",
    ],
)
def test_dutch_with_words_of_another_language_is_dutch(text: str, knowledge: Knowledge) -> None:
    assert language(text, knowledge) is None


@pytest.mark.parametrize("text", ["", "hi", "sorry", "ok", "hola", "chef", "123 456", "👍👍", "asdf qwer"])
def test_one_word_or_none_says_nothing_of_a_language(text: str, knowledge: Knowledge) -> None:
    assert language(text, knowledge) is None


def test_no_known_question_is_taken_for_another_language_but_those_that_are_in_one(knowledge: Knowledge) -> None:
    asked = [
        (entry.key, question)
        for entry in knowledge.entries.values()
        if not isinstance(entry, Nood)
        for question in entry.vragen
        if language(question, knowledge)
    ]
    assert [(key, question) for key, question in asked if key != "onderwerp:taal-van-lobke"] == []


def test_every_language_has_a_sign_and_a_line_that_leads_to_the_decaan(knowledge: Knowledge) -> None:
    languages = knowledge.all(Taal)
    assert {taal.id for taal in languages} >= {"engels", "turks", "arabisch", "pools", "oekraiens"}
    for taal in languages:
        assert taal.schrift or taal.woorden, taal.id
        assert "decaan" in taal.antwoord and "(Ik spreek alleen Nederlands.)" in taal.antwoord, taal.id


def test_the_words_of_a_language_are_written_as_they_are_compared(knowledge: Knowledge) -> None:
    wrong = [word for taal in knowledge.all(Taal) for word in taal.woorden if [w for w, _, _ in words(word)] != [word]]
    assert wrong == []
