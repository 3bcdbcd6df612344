"""The gesprekken with fixed questions: what every pupil is asked, in words and on buttons that fit."""

from collections.abc import Iterator

import pytest

from bot.knowledge.answers import answer
from bot.knowledge.loader import Knowledge
from bot.knowledge.models import Activiteit, Gesprek, Onderwerp, Stap
from bot.knowledge.question import Question, Sources
from bot.knowledge.reading import words

FLOWS = ("terugkijken", "voorbereiden", "visitekaartje", "oefenen")
MOST_WORDS_IN_A_QUESTION = 40
FOR_WHOM = (
    "wie-helpt-mij",
    "mentor",
    "decaan",
    "ouders",
    "zorgcoordinator",
    "doorstroompunt",
    "doorstroompunt-eemland",
)
ACTIVITIES = (
    *("open-dag", "meeloopdag", "snuffelstage", "bedrijfsbezoek", "gastles", "speeddate", "loopbaanevenement"),
    *("voorlichtingsdag", "mbo-videos", "bliksemstage", "sollicitatietraining", "carriere-coach", "on-stage"),
    *("tisfortech", "carrousel", "loeks", "kiesmbo-test"),
)


def flow(knowledge: Knowledge, name: str) -> Gesprek:
    found = getattr(knowledge.gesprekken, name)
    assert isinstance(found, Gesprek)
    return found


def steps(knowledge: Knowledge) -> Iterator[Stap]:
    for name in FLOWS:
        yield from flow(knowledge, name).stappen


def test_looking_back_has_the_four_fields_of_the_loopbaandossier_and_one_competence(knowledge: Knowledge) -> None:
    stappen = {stap.id: stap for stap in knowledge.gesprekken.terugkijken.stappen}
    assert list(stappen) == ["doel", "resultaat", "evaluatie", "competentie", "vervolgstap"]
    for id in ("doel", "resultaat", "evaluatie", "vervolgstap"):
        assert id in stappen[id].kop.lower()


def test_the_question_about_a_competence_is_filled_in(knowledge: Knowledge) -> None:
    stap = next(stap for stap in knowledge.gesprekken.terugkijken.stappen if stap.id == "competentie")
    for competentie in knowledge.gesprekken.competenties.values():
        assert len(competentie.vragen) == 3
        for vraag in competentie.vragen:
            asked = stap.vraag.format(vraag=vraag)
            assert asked.endswith(vraag) and len(words(asked)) <= MOST_WORDS_IN_A_QUESTION
        assert stap.kop.format(kop=competentie.kop) == competentie.kop


def test_the_other_gesprekken_ask_what_they_are_for(knowledge: Knowledge) -> None:
    asked = {name: [stap.id for stap in flow(knowledge, name).stappen] for name in FLOWS}
    assert asked["voorbereiden"] == ["vraag-1", "vraag-2", "vraag-3", "doel"]
    assert asked["visitekaartje"] == ["leuk", "goed", "weten"]
    assert len(asked["oefenen"]) == 5


def test_what_stands_on_a_visitekaartje_is_short(knowledge: Knowledge) -> None:
    assert {stap.letters for stap in knowledge.gesprekken.visitekaartje.stappen} == {60}


def test_only_practising_gives_tips_and_it_gives_one_after_every_answer(knowledge: Knowledge) -> None:
    for name in FLOWS:
        assert {bool(stap.tip) for stap in flow(knowledge, name).stappen} == {name == "oefenen"}, name


@pytest.mark.parametrize("name", FLOWS)
def test_a_gesprek_says_first_that_no_name_is_kept(knowledge: Knowledge, name: str) -> None:
    uitleg = flow(knowledge, name).uitleg
    assert "niets met je naam" in uitleg and "verdwijnt met dit gesprek" in uitleg


def test_every_question_is_one_short_bubble_with_more_words_for_who_asks(knowledge: Knowledge) -> None:
    for stap in steps(knowledge):
        assert len(words(stap.vraag)) <= MOST_WORDS_IN_A_QUESTION, stap.vraag
        assert stap.uitleg and stap.uitleg != stap.vraag


def test_an_example_is_no_longer_than_the_answer_may_be(knowledge: Knowledge) -> None:
    for stap in steps(knowledge):
        assert all(len(example) <= stap.letters for example in stap.voorbeelden)
        assert len(set(stap.voorbeelden)) == len(stap.voorbeelden)


@pytest.mark.parametrize("id", ACTIVITIES)
def test_every_activity_has_questions_to_choose_goals_and_what_to_bring(knowledge: Knowledge, id: str) -> None:
    activity = knowledge.one(Activiteit, id)
    assert 6 <= len(activity.kies_vragen) <= 9
    assert len({question.lower() for question in activity.kies_vragen}) == len(activity.kies_vragen)
    assert all(question.endswith("?") for question in activity.kies_vragen)
    assert 2 <= len(activity.doel_voorbeelden) <= 3
    assert activity.meenemen


def test_the_questions_of_an_activity_differ_in_kind(knowledge: Knowledge) -> None:
    for activity in knowledge.all(Activiteit):
        starts = [question.split()[0] for question in activity.kies_vragen]
        assert len(set(starts)) >= 3, activity.key


@pytest.mark.parametrize(
    ("id", "gesprek"),
    [("on-stage", "visitekaartje"), ("sollicitatietraining", "oefenen"), ("champs-on-stage", "oefenen")],
)
def test_an_activity_names_what_to_make_or_practise(knowledge: Knowledge, id: str, gesprek: str) -> None:
    assert knowledge.one(Activiteit, id).gesprek == gesprek


@pytest.mark.parametrize("id", FOR_WHOM)
def test_who_asks_for_help_reads_a_sentence_to_say(sources: Sources, id: str) -> None:
    found = answer(Question("voorbereiden", ((f"onderwerp:{id}",),), chosen=True), sources)
    assert '"' in found.text


def test_an_older_pupil_is_asked_with_a_sentence_too(knowledge: Knowledge) -> None:
    assert '"' in knowledge.one(Activiteit, "peer-support").voorbereiden


def test_who_can_help_is_four_lines_that_lead_to_each(knowledge: Knowledge) -> None:
    entry = knowledge.one(Onderwerp, "wie-helpt-mij")
    assert [line.split("**")[1] for line in entry.antwoord.splitlines() if line.startswith("- ")] == [
        *("Mentor", "Decaan", "Oudere leerling", "Doorstroompunt")
    ]
    assert entry.zie_ook == [
        "onderwerp:mentor",
        "onderwerp:decaan",
        "activiteit:peer-support",
        "onderwerp:doorstroompunt",
    ]
    assert len(entry.vragen) >= 12


def test_what_the_region_offers_is_to_be_asked(knowledge: Knowledge) -> None:
    assert "vraag het na" in knowledge.one(Onderwerp, "hulp-in-eemland").antwoord
