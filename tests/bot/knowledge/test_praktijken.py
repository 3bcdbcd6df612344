"""Good practices of other schools: a teacher reads the idea, a pupil's question goes to the activity of that name."""

import pytest

from bot.knowledge.answers import answer
from bot.knowledge.loader import Knowledge
from bot.knowledge.models import NO_SUBJECTS, Activiteit, Praktijk
from bot.knowledge.question import Answer, Question, Sources

IDS = ("loeks", "mentorprogramma", "peer-support", "on-stage", "carrousel", "champs-on-stage")
HONEST = ("weet ik niet", "gaat door als")


def asked(text: str, sources: Sources) -> Answer:
    subjects = tuple(match.subjects for match in sources.names.find(text))
    return answer(Question("inhoud", subjects, text=text), sources)


def test_the_six_practices_are_there(knowledge: Knowledge) -> None:
    assert [practice.id for practice in knowledge.all(Praktijk)] == list(IDS)


@pytest.mark.parametrize("id", IDS)
def test_the_answer_says_what_the_idea_was_where_and_whether_it_is_still_there(sources: Sources, id: str) -> None:
    practice = sources.knowledge.one(Praktijk, id)
    found = answer(Question("inhoud", ((practice.key,),), chosen=True), sources)
    assert practice.kern in found.text and practice.regio in found.text and practice.status in found.text
    assert any(words in practice.status for words in HONEST)
    assert found.card and practice.hoofdactiviteit in {row["value"] for row in found.card["rows"]}
    assert ("docenten" in found.text) == (practice.voor == "school")


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("wat is loeks", "activiteit:loeks"),
        ("wat is carrousel", "activiteit:carrousel"),
        ("wat is on stage", "activiteit:on-stage"),
        ("wat was delft on stage", "activiteit:delft-on-stage"),
        ("wat is peer support", "activiteit:peer-support"),
        ("wat was het idee van loeks", "praktijk:loeks"),
        ("goede praktijk carrousel", "praktijk:carrousel"),
        ("wat was het idee van on stage", "praktijk:on-stage"),
        ("Wat was het idee van Champs On Stage?", "praktijk:champs-on-stage"),
        ("goede praktijk mentorprogramma friesland", "praktijk:mentorprogramma"),
        ("peer support voor docenten", "praktijk:peer-support"),
        ("welke goede praktijken ken je", "onderwerp:goede-praktijken"),
    ],
)
def test_a_pupils_question_goes_to_the_activity_and_a_teachers_to_the_idea(
    sources: Sources, text: str, key: str
) -> None:
    assert asked(text, sources).subject == key


def test_no_name_of_a_practice_is_the_name_of_anything_else(knowledge: Knowledge, sources: Sources) -> None:
    others = {key for key, entry in knowledge.entries.items() if not isinstance(entry, (Praktijk, *NO_SUBJECTS))}
    for practice in knowledge.all(Praktijk):
        for name in (practice.naam, *practice.namen):
            meant = {key for match in sources.names.find(name) for key in match.subjects}
            assert meant == {practice.key} and not meant & others, name


@pytest.mark.parametrize("id", IDS)
def test_the_activity_leads_to_the_idea_and_back(sources: Sources, id: str) -> None:
    practice = sources.knowledge.one(Praktijk, id)
    for activity in practice.activiteiten:
        to_idea = answer(Question("inhoud", ((f"activiteit:{activity}",),), chosen=True), sources).choices
        assert ("Voor docenten: het idee", f"inhoud|{practice.key}") in {(c.label, c.meaning) for c in to_idea}
        back = answer(Question("inhoud", ((practice.key,),), chosen=True), sources).choices
        assert f"inhoud|activiteit:{activity}" in {choice.meaning for choice in back}


def test_an_activity_without_a_practice_offers_no_idea(sources: Sources) -> None:
    with_idea = {id for practice in sources.knowledge.all(Praktijk) for id in practice.activiteiten}
    for activity in sources.knowledge.all(Activiteit):
        found = answer(Question("inhoud", ((activity.key,),), chosen=True), sources)
        offers = any(choice.meaning.startswith("inhoud|praktijk:") for choice in found.choices)
        assert offers == (activity.id in with_idea), activity.key


def test_care_for_pupils_in_trouble_is_never_suggested(knowledge: Knowledge, sources: Sources) -> None:
    assert not [key for key, entry in knowledge.entries.items() if "almeerkans" in entry.json().lower()]
    assert "almeerkans" not in asked("wat is almeerkans", sources).text.lower()
