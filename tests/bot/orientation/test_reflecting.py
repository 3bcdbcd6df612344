"""A gesprek with fixed questions: one at a time, in the pupil's own words, and at the end a page to keep."""

import json
from dataclasses import replace
from datetime import date
from typing import Any, Optional

import pytest

from bot.knowledge.loader import load
from bot.knowledge.models import Activiteit
from bot.knowledge.question import MOST_CHOICES, Answer, Choice, sources_of
from bot.knowledge.reading import remarks
from bot.orientation.document import read_document
from bot.orientation.flow import SMALL, Pupil, Step
from bot.orientation.reflecting import NAMES, again, press, read
from bot.settings import PROJECT

SOURCES = sources_of(load(PROJECT / "knowledge"))
GESPREKKEN = SOURCES.knowledge.gesprekken
PUPIL = Pupil(date(2026, 11, 22), seed="pupil-1")
OPEN_DAY = "2611-open-dag-mbo-alle-richtingen"
KINDS = {
    "terugkijken": "terugblik",
    "voorbereiden": "voorbereiding",
    "visitekaartje": "visitekaartje",
    "oefenen": "oefening",
}
WITHOUT_ACTIVITY = ["visitekaartje", "oefenen"]
WITH_ACTIVITY = ["terugkijken", "voorbereiden"]


def begun(name: str, activity: str = "") -> Step:
    return press(None, ["start", name, activity], PUPIL, SOURCES)


def asked(name: str, activity: str = "anders") -> Step:
    """At the first question of the gesprek."""
    step = begun(name)
    if name in WITH_ACTIVITY:
        step = after(step, "activiteit", activity)
    return after(step, "event", "anders") if "event" in commands(step) else step


def after(step: Step, *command: str) -> Step:
    return press(step.memory, list(command), PUPIL, SOURCES)


def typed(step: Step, text: str, intent: str = "nlu_fallback") -> Optional[Step]:
    named = {key for name in SOURCES.names.find(text) for key in name.subjects}
    return read(step.memory, text, intent, named, PUPIL, SOURCES)


def told(step: Step, text: str, intent: str = "nlu_fallback") -> Step:
    found = typed(step, text, intent)
    assert found is not None
    return found


def finished(name: str, activity: str = "anders") -> Step:
    """Every question answered with a typed text."""
    step = asked(name, activity)
    for number in range(len(getattr(GESPREKKEN, name).stappen)):
        step = told(step, f"mijn antwoord {number}")
    return step


def last(step: Step) -> Answer:
    return step.said[-1]


def big(step: Step) -> list[Choice]:
    return [choice for choice in last(step).choices if choice.role != SMALL]


def small(step: Step) -> list[str]:
    return [choice.meaning.split("|")[1] for choice in last(step).choices if choice.role == SMALL]


def commands(step: Step) -> set[str]:
    return {choice.meaning.split("|")[1] for choice in big(step)}


def card(step: Step) -> dict[str, Any]:
    found = last(step).card
    assert found is not None
    return found


def at(step: Step) -> int:
    return int(card(step)["progress"]["at"])


def question(name: str, number: int) -> str:
    return str(getattr(GESPREKKEN, name).stappen[number].vraag)


@pytest.mark.parametrize("name", NAMES)
def test_it_begins_with_what_it_is_and_that_no_name_is_kept(name: str) -> None:
    step = begun(name)
    hello, first = step.said
    assert "niets met je naam" in hello.text and "verdwijnt met dit gesprek" in hello.text
    assert (hello.outcome, first.outcome) == ("", f"{name}_started") and step.is_running


@pytest.mark.parametrize("name", WITH_ACTIVITY)
def test_the_activity_is_asked_first(name: str) -> None:
    step = begun(name)
    meanings = [choice.meaning for choice in big(step)]
    assert meanings[0] == "gesprek|activiteit|activiteit:open-dag" and meanings[-1] == "gesprek|activiteit|anders"
    assert len(meanings) <= MOST_CHOICES and small(step) == ["stop"]


@pytest.mark.parametrize("name", WITH_ACTIVITY)
def test_the_activity_is_not_asked_when_the_button_named_it(name: str) -> None:
    step = begun(name, "activiteit:bliksemstage")
    assert last(step).text == question(name, 0) and at(step) == 1
    assert step.memory["activity"] == "activiteit:bliksemstage"


@pytest.mark.parametrize(
    ("text", "activity"), [("naar een open dag", "activiteit:open-dag"), ("bij mijn oom op het werk", None)]
)
def test_the_activity_may_be_typed(text: str, activity: Optional[str]) -> None:
    step = told(begun("terugkijken"), text)
    assert step.memory["activity"] == activity and last(step).text == question("terugkijken", 0)


@pytest.mark.parametrize("name", WITHOUT_ACTIVITY)
def test_other_gesprekken_begin_with_their_first_question(name: str) -> None:
    assert last(begun(name)).text == question(name, 0)


def test_who_prepares_chooses_from_what_is_in_the_kalender() -> None:
    step = begun("voorbereiden", "activiteit:open-dag")
    *events, other = big(step)
    assert events[0].meaning == f"gesprek|event|{OPEN_DAY}" and events[0].label.endswith("28-11")
    assert 1 <= len(events) < MOST_CHOICES and other.meaning == "gesprek|event|anders"


def test_only_what_is_for_her_leerjaar_is_offered() -> None:
    second = replace(PUPIL, leerjaar="2")
    step = press(None, ["start", "voorbereiden", "activiteit:snuffelstage"], second, SOURCES)
    assert [choice.meaning for choice in big(step)][:-1] == ["gesprek|event|2706-snuffeldagen-in-de-zorg"]


def test_the_chosen_event_stands_on_the_page_with_a_link_for_her_agenda() -> None:
    step = after(begun("voorbereiden", "activiteit:open-dag"), "event", OPEN_DAY)
    step = told(step, "Is het leuk?")
    while step.is_running:
        step = after(step, "overslaan")
    done = card(step)
    assert done["links"][0]["url"] == f"/kalender/{OPEN_DAY}.ics"
    first = done["sections"][0]
    assert "voorbeeld" in first["title"]
    rows = {row["label"]: row["value"] for row in first["rows"]}
    assert "28 november 2026" in rows["Wanneer"] and rows["Waar"] == "Amersfoort"
    assert done["document"]["sections"][0] == first


def test_another_activity_asks_again_which_event() -> None:
    step = after(begun("voorbereiden", "activiteit:open-dag"), "event", OPEN_DAY)
    other = after(step, "activiteit", "activiteit:meeloopdag")
    assert other.memory["event"] is None and commands(other) == {"event"}


def test_who_looks_back_is_not_asked_for_an_event_to_come() -> None:
    assert last(begun("terugkijken", "activiteit:open-dag")).text == question("terugkijken", 0)


def test_a_question_has_examples_and_small_steps_and_says_how_far_she_is() -> None:
    step = asked("oefenen")
    assert [choice.label for choice in big(step)] == GESPREKKEN.oefenen.stappen[0].voorbeelden
    assert small(step) == ["overslaan", "pauze", "stop"]
    assert card(step)["progress"] == {"at": 1, "of": 5}
    assert small(told(step, "ik ben Lobkes vriend")) == ["terug", "overslaan", "pauze", "stop"]


@pytest.mark.parametrize("name", NAMES)
def test_an_example_is_an_answer(name: str) -> None:
    step = asked(name)
    first = big(step)[0]
    chosen = after(step, *first.meaning.split("|")[1:])
    assert list(chosen.memory["texts"].values()) == [first.label] and at(chosen) == 2


def test_the_examples_belong_to_the_activity() -> None:
    open_day = SOURCES.knowledge.one(Activiteit, "open-dag")
    goals = [choice.label for choice in big(asked("terugkijken", open_day.key))]
    assert goals == open_day.doel_voorbeelden
    step = asked("voorbereiden", open_day.key)
    assert {choice.label for choice in big(step)} < set(open_day.kies_vragen)


def test_a_chosen_question_is_not_offered_again_and_she_sees_new_ones() -> None:
    step = asked("voorbereiden", "activiteit:open-dag")
    seen: set[str] = set()
    for _ in range(3):
        offered = [choice.label for choice in big(step)]
        assert len(offered) == 3 and not seen & set(offered)
        first = big(step)[0]
        seen.add(first.label)
        step = after(step, *first.meaning.split("|")[1:])
    assert len(set(step.memory["texts"].values())) == 3


def test_an_old_example_changes_that_answer_and_does_not_move() -> None:
    first = asked("oefenen")
    second = told(first, "ik hou van koken")
    changed = after(second, *big(first)[1].meaning.split("|")[1:])
    assert changed.memory["texts"] == {"jezelf": big(first)[1].label} and at(changed) == 2


def test_an_old_example_of_another_gesprek_does_nothing() -> None:
    card_step = after(asked("visitekaartje"), "overslaan")
    old = big(card_step)[0].meaning.split("|")[1:]
    now = press(card_step.memory, ["start", "oefenen", ""], PUPIL, SOURCES)
    still = after(now, *old)
    assert still.memory["texts"] == {} and at(still) == 1


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("ik wilde zien of het leuk is", "nlu_fallback"),
        ("hoi", "groet"),
        ("ja", "bevestigen"),
        ("weet niet", "start_verkenning"),
        ("ik keek bij de opleiding kapper", "vraag_inhoud"),
        ("wat ik wilde was zien hoe het is", "vertel_interesse"),
    ],
)
def test_what_she_types_is_the_answer(text: str, intent: str) -> None:
    step = told(asked("terugkijken"), f"  {text}\n", intent)
    assert step.memory["texts"] == {"doel": text} and at(step) == 2


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("wat kost een open dag?", "vraag_kosten"),
        ("hoe lang duurt kapper", "vraag_duur"),
        ("wie ben je", "wie_ben_je"),
        ("doei", "afscheid"),
        ("ik wil een mens", "wil_mens"),
        ("kan ik met een echt mens praten", "wil_mens"),
    ],
)
@pytest.mark.parametrize("at_activity", [True, False])
def test_a_real_question_and_a_goodbye_are_left_to_the_rest_of_lobke(text: str, intent: str, at_activity: bool) -> None:
    assert typed(begun("terugkijken") if at_activity else asked("terugkijken"), text, intent) is None


def test_an_answer_about_talking_to_someone_is_an_answer() -> None:
    step = told(asked("terugkijken"), "erover praten met mijn mentor of decaan", "wil_mens")
    assert "doel" in step.memory["texts"]


@pytest.mark.parametrize("name", ["voorbereiden", "visitekaartje", "oefenen"])
def test_where_a_question_is_wanted_a_question_is_the_answer(name: str) -> None:
    step = asked(name)
    while name != "voorbereiden" and step.memory["at"] < len(getattr(GESPREKKEN, name).stappen) - 1:
        step = after(step, "overslaan")
    assert "Hoe laat begint de dag?" in told(step, "Hoe laat begint de dag?", "vraag_wanneer").memory["texts"].values()


@pytest.mark.parametrize("text", ["wat is een open dag?", "hoe lang duurt een open dag"])
def test_before_that_a_question_is_a_question(text: str) -> None:
    assert typed(begun("voorbereiden"), text, "vraag_inhoud") is None
    assert typed(begun("voorbereiden", "activiteit:open-dag"), text, "vraag_inhoud") is None


def test_after_something_in_between_the_question_comes_again() -> None:
    step = told(asked("oefenen"), "ik hou van koken")
    there = again(step.memory, PUPIL, SOURCES)
    assert "verder waar we waren" in last(there).text and question("oefenen", 1) in last(there).text
    assert there.memory == step.memory and there.is_running


def test_what_does_not_fit_on_a_card_is_not_kept_and_she_hears_how_long_it_may_be() -> None:
    step = asked("visitekaartje")
    long = told(step, "ik vind heel veel dingen leuk en dat past helemaal niet op een kaartje")
    assert "60 letters" in last(long).text and long.memory == step.memory
    assert big(long) == big(step)
    assert at(told(long, "koken en gamen")) == 2


def test_elsewhere_a_longer_answer_fits_but_not_a_whole_page() -> None:
    assert at(told(asked("terugkijken"), "leuk " * 99)) == 2
    assert "500 letters" in last(told(asked("terugkijken"), "leuk " * 101)).text


def test_practising_gives_a_tip_after_every_answer_and_never_a_mark() -> None:
    step = asked("oefenen")
    for stap in GESPREKKEN.oefenen.stappen:
        step = told(step, "ik hou van koken")
        tip, _ = step.said
        assert tip.text == stap.tip
    assert len(asked("terugkijken").said) == len(told(asked("terugkijken"), "zien hoe het is").said) == 1


def test_no_tip_for_a_skipped_question() -> None:
    assert len(after(asked("oefenen"), "overslaan").said) == 1


@pytest.mark.parametrize("name", NAMES)
def test_she_may_skip_everything_and_hears_that_the_page_is_empty(name: str) -> None:
    step = begun(name)
    while step.is_running:
        step = told(step, "sla over")
    assert "alle vragen overgeslagen" in last(step).text and last(step).card is None
    assert last(step).outcome == f"{name}_empty" and small(step) == ["terug"]
    assert at(after(step, "terug")) == len(getattr(GESPREKKEN, name).stappen)


@pytest.mark.parametrize("text", ["vorige", "terug"])
def test_going_back_shows_what_she_said_and_a_new_text_replaces_it(text: str) -> None:
    back = told(told(asked("terugkijken"), "zien hoe het is"), text)
    assert at(back) == 1 and "“zien hoe het is”" in last(back).text
    assert told(back, "iets proberen").memory["texts"] == {"doel": "iets proberen"}
    assert after(back, "overslaan").memory["texts"] == {"doel": "zien hoe het is"}


def test_after_the_end_she_may_still_go_back_and_change_her_answer() -> None:
    done = finished("terugkijken")
    assert not done.is_running and "terug" in small(done)
    back = after(done, "terug")
    assert back.is_running and "“mijn antwoord 4”" in last(back).text
    changed = told(back, "morgen iemand bellen")
    assert card(changed)["sections"][-1]["text"] == "morgen iemand bellen" and not changed.is_running


@pytest.mark.parametrize("name", ["pauze", "stop"])
def test_she_may_leave_and_take_it_up_where_she_was(name: str) -> None:
    second = told(asked("terugkijken", "activiteit:open-dag"), "zien hoe het is")
    left = told(second, name)
    assert not left.is_running and last(left).outcome == f"terugkijken_{name}"
    assert [choice.meaning for choice in last(left).choices] == ["gesprek|verder", "opleidingen"]
    resumed = after(left, "verder")
    assert resumed.is_running and last(resumed) == last(second)


def test_what_she_does_not_understand_is_explained_with_the_same_choices() -> None:
    step = asked("terugkijken")
    explained = told(step, "snap ik niet", "uitleg_nodig")
    assert last(explained).text == GESPREKKEN.terugkijken.stappen[0].uitleg
    assert last(explained).choices == last(step).choices and explained.memory == step.memory


@pytest.mark.parametrize("step", [begun("voorbereiden"), begun("voorbereiden", "activiteit:open-dag")])
def test_before_the_first_question_that_is_asked_again(step: Step) -> None:
    assert last(told(step, "snap ik niet", "uitleg_nodig")).text == last(step).text


def test_looking_back_has_a_question_about_a_competence_of_the_activity_and_it_stays_the_same() -> None:
    step = asked("terugkijken", "activiteit:gastles")
    for _ in range(3):
        step = after(step, "overslaan")
    questions = [vraag for vraag in GESPREKKEN.competenties["motieven"].vragen if vraag in last(step).text]
    assert len(questions) == 1 and "{" not in last(step).text
    done = after(told(step, "bij het maken"), "overslaan")
    assert card(done)["sections"] == [{"title": GESPREKKEN.competenties["motieven"].kop, "text": "bij het maken"}]


@pytest.mark.parametrize("name", NAMES)
def test_at_the_end_her_words_are_on_a_page_to_keep(name: str) -> None:
    done = finished(name)
    assert not done.is_running and last(done).outcome == f"{name}_finished"
    texts = [section["text"] for section in card(done)["sections"]]
    assert texts == [f"mijn antwoord {number}" for number in range(len(texts))] and card(done)["copy"]
    document = read_document(card(done)["document"])
    assert document and document.kind == KINDS[name]
    assert [section.text for section in document.sections] == texts
    assert "pupil-1" not in json.dumps(card(done))


def test_a_skipped_question_is_left_out_of_the_card_and_has_lines_on_the_page() -> None:
    step = told(asked("terugkijken"), "zien hoe het is")
    while step.is_running:
        step = after(step, "overslaan")
    assert len(card(step)["sections"]) == 1
    lines = [section.get("lines", 0) for section in card(step)["document"]["sections"]]
    assert lines[0] == 0 and len(lines) == 5 and all(lines[1:])


def test_a_visitekaartje_has_no_lines_for_what_was_skipped() -> None:
    step = told(asked("visitekaartje"), "koken")
    while step.is_running:
        step = after(step, "overslaan")
    assert card(step)["document"]["sections"] == [{"title": "Dit vind ik leuk", "text": "koken"}]


def test_the_page_is_called_after_the_activity_and_says_what_to_bring() -> None:
    done = card(finished("voorbereiden", "activiteit:on-stage"))
    on_stage = SOURCES.knowledge.one(Activiteit, "on-stage")
    assert done["title"].endswith(on_stage.naam)
    assert done["sections"][0]["text"] == on_stage.meenemen


@pytest.mark.parametrize(
    ("name", "activity", "meaning"),
    [
        ("terugkijken", "activiteit:open-dag", "stap|wanneer|"),
        ("voorbereiden", "activiteit:open-dag", "gesprek|start|terugkijken|activiteit:open-dag"),
        ("voorbereiden", "activiteit:on-stage", "gesprek|start|visitekaartje|activiteit:on-stage"),
    ],
)
def test_the_end_offers_what_comes_next(name: str, activity: str, meaning: str) -> None:
    done = finished(name, activity)
    assert meaning in {choice.meaning for choice in big(done)} and len(big(done)) <= MOST_CHOICES


def test_her_words_are_never_what_is_logged() -> None:
    step = told(asked("terugkijken"), "geheim")
    while step.is_running:
        for said in step.said:
            assert "geheim" not in f"{said.outcome} {said.kind} {said.subject}" and said.outcome != "not_understood"
        step = told(step, "geheim")


@pytest.mark.parametrize("memory", [None, {}])
def test_a_button_without_a_gesprek_is_an_old_button(memory: Optional[dict[str, Any]]) -> None:
    step = press(memory, ["overslaan"], PUPIL, SOURCES)
    assert last(step).outcome == "old_choice" and not step.is_running
    assert press(step.memory, ["verder"], PUPIL, SOURCES) == step


@pytest.mark.parametrize("name", NAMES)
def test_what_she_hears_is_easy_to_read(name: str) -> None:
    step = begun(name)
    while step.is_running:
        for said in step.said:
            assert remarks(said.text) == [], said.text
        step = after(step, "overslaan")


def test_what_is_remembered_is_plain_json() -> None:
    step = finished("voorbereiden", "activiteit:open-dag")
    assert json.loads(json.dumps(step.memory)) == step.memory
