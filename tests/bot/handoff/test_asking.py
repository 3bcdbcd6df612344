"""A pupil makes a message for the decaan step by step, sees exactly what goes, and gets a code."""

import json
from dataclasses import replace
from datetime import date, datetime
from typing import Any, Optional

import pytest

from bot.clock import ZONE
from bot.handoff.asking import CODE, LONGEST_TEXT, SCHOOL, again, asks_for_code, offer, press, read, sent, typed_code
from bot.handoff.store import Handoff
from bot.knowledge.loader import load
from bot.knowledge.models import School
from bot.knowledge.question import MOST_CHOICES, Answer, Choice, sources_of
from bot.knowledge.reading import remarks
from bot.orientation import exploring, reflecting
from bot.orientation.flow import SMALL, Line, Memory, Pupil, Step
from bot.settings import PROJECT

SOURCES = sources_of(load(PROJECT / "knowledge"))
TALK = (
    Line(True, "hoe lang duurt kok", "vraag_duur"),
    Line(False, "Kok duurt **2 jaar**."),
    Line(True, "mag ik van kader naar tl", "vraag_overstap"),
    Line(False, "Vraag het je decaan."),
    Line(True, "kan ik iemand spreken", "wil_mens"),
)
DISTRESS = (Line(True, "iedereen pest mij in de kleedkamer", "nood_pesten"), Line(False, "Bel 0800-0432."))
PUPIL = Pupil(date(2026, 11, 24), conversation="pupil-1", schools=frozenset({"corlaer-college", "de-meerwaarde"}))
TALKED = replace(PUPIL, talk=TALK)
IN_DISTRESS = replace(PUPIL, talk=DISTRESS, distress="pesten")
TUESDAY, SATURDAY = datetime(2026, 11, 24, 10, 0, tzinfo=ZONE), datetime(2026, 11, 28, 10, 0, tzinfo=ZONE)


def begun(pupil: Pupil = PUPIL, urgent: bool = False) -> Step:
    return press(None, ["nood" if urgent else "start"], pupil, SOURCES)


def after(step: Step, *command: str, pupil: Pupil = PUPIL) -> Step:
    return press(step.memory, list(command), pupil, SOURCES)


def typed(step: Step, text: str, intent: str = "nlu_fallback", pupil: Pupil = PUPIL) -> Optional[Step]:
    return read(step.memory, text, intent, set(), pupil, SOURCES)


def told(step: Step, text: str, intent: str = "nlu_fallback", pupil: Pupil = PUPIL) -> Step:
    found = typed(step, text, intent, pupil)
    assert found is not None
    return found


def at(name: str, pupil: Pupil = PUPIL) -> Step:
    """At the step with this name."""
    step = begun(pupil)
    answers = {"school": "corlaer", "leerjaar": "3", "naam": "Sofie", "tekst": "mag ik naar tl", "mee": "niets"}
    for at, text in answers.items():
        if at == name or step.memory["step"] == name:
            return step
        if step.memory["step"] == at:
            step = told(step, text, pupil=pupil)
    return step


def last(step: Step) -> Answer:
    return step.said[-1]


def big(step: Step) -> list[Choice]:
    return [choice for choice in last(step).choices if choice.role != SMALL]


def labels(step: Step) -> list[str]:
    return [choice.label for choice in last(step).choices]


def pressed(step: Step, label: str, pupil: Pupil = PUPIL) -> Step:
    (meaning,) = (choice.meaning for choice in last(step).choices if choice.label == label)
    return press(step.memory, meaning.split("|")[1:], pupil, SOURCES)


def card(step: Step) -> dict[str, Any]:
    found = last(step).card
    assert found is not None
    return found


def shown(step: Step) -> dict[str, str]:
    """What the card says that will be sent: text by title."""
    return {section["title"]: section["text"] for section in card(step)["sections"]}


def ready(step: Step) -> Handoff:
    assert step.handoff is not None
    return step.handoff


def done(step: Step, pupil: Pupil = PUPIL, code: str = "K7QF-3MZP", now: datetime = TUESDAY) -> Step:
    """After it was sent."""
    return sent(step.memory, code, now, pupil, SOURCES)


def test_it_begins_with_what_happens_and_the_school() -> None:
    step = begun()
    assert step.is_running and last(step).outcome == "handoff_started"
    assert "precies wat ik verstuur" in last(step).text and "welke school" in last(step).text
    assert labels(step) == ["Corlaer College", "De Meerwaarde", "Het Element", "Andere school", "Pauze", "Stoppen"]


def test_every_school_of_the_region_can_be_chosen_and_at_the_end_there_is_a_way_out() -> None:
    step, seen = begun(), []
    while "Andere school" in labels(step):
        seen += labels(step)[:3]
        step = pressed(step, "Andere school")
    seen += [label for label in labels(step) if label not in ("Vorige", "Pauze", "Stoppen")]
    assert len(seen) == len(set(seen)) > 12 and seen[-1] == "Mijn school staat er niet bij"
    assert not any(name.startswith(("MBO", "ROC")) for name in seen)
    out = pressed(step, "Mijn school staat er niet bij")
    assert "niets verstuurd" in last(out).text and not out.is_running


@pytest.mark.parametrize("text", ["corlaer college", "Ik zit op het Corlaer", "korlaar colege", "corlaercollege"])
def test_a_school_may_be_typed_as_pupils_spell_it(text: str) -> None:
    step = told(begun(), text)
    assert step.memory["school"] == "corlaer-college" and step.memory["step"] == "leerjaar"


@pytest.mark.parametrize("text", ["nijkerk", "in nijkerk"])
def test_a_doubtful_name_is_asked_back(text: str) -> None:
    step = told(begun(), text)
    assert "Bedoel je **Corlaer College** of **Meerscholen**?" in last(step).text
    assert pressed(step, "Corlaer College").memory["school"] == "corlaer-college"
    assert len(big(pressed(step, "Andere school"))) == 4


def test_of_many_schools_in_one_place_all_are_offered() -> None:
    step = told(begun(), "een school in amersfoort")
    seen = labels(step)[:3]
    while "scholen|0" not in big(step)[-1].meaning:
        step = pressed(step, "Andere school")
        seen += [choice.label for choice in big(step)[:-1]]
    in_place = [s.naam for s in SOURCES.knowledge.all(School) if s.soort == "vmbo" and "Amersfoort" in s.plaatsen]
    assert sorted(seen) == sorted(in_place) and len(seen) > 6


@pytest.mark.parametrize("text", ["blubberdeflub", "mbo utrecht", "mavo"])
def test_a_school_she_cannot_be_at_is_asked_again(text: str) -> None:
    step = told(begun(), text)
    assert "ken ik niet" in last(step).text and step.memory["step"] == "school" and len(big(step)) == 4


def test_a_school_without_a_decaan_here_is_said_honestly_and_nothing_is_sent() -> None:
    step = told(begun(), "griftland")
    assert "Griftland College" in last(step).text and "niets verstuurd" in last(step).text
    assert not step.is_running and step.handoff is None and last(step).outcome == "handoff_no_inbox"
    assert "decaan of mentor" in last(step).text and step.memory["school"] is None
    assert pressed(step, "Andere school").is_running


@pytest.mark.parametrize(("text", "year"), [("3", "3"), ("klas 3b", "3"), ("de vierde", "4"), ("brugklas", "1")])
def test_a_leerjaar_may_be_typed(text: str, year: str) -> None:
    assert told(at("leerjaar"), text).memory["leerjaar"] == year


@pytest.mark.parametrize("text", ["12", "5", "kader 3 of 4", "blub"])
def test_what_is_no_leerjaar_is_asked_again(text: str) -> None:
    assert told(at("leerjaar"), text).memory["step"] == "leerjaar"


def test_a_leerjaar_that_she_told_before_is_used() -> None:
    step = told(begun(replace(PUPIL, leerjaar="2")), "corlaer", pupil=replace(PUPIL, leerjaar="2"))
    assert (step.memory["leerjaar"], step.memory["step"]) == ("2", "naam")


def test_no_name_is_as_good_as_a_name() -> None:
    step = at("naam")
    assert [choice.label for choice in big(step)] == ["Liever niet", "Waarom vraag je dat?"]
    for without in (pressed(step, "Liever niet"), told(step, "nee"), told(step, "zeg ik niet", "ontkennen")):
        assert (without.memory["name"], without.memory["step"]) == (None, "tekst")


def test_a_name_that_looks_like_a_no_is_a_name() -> None:
    assert told(at("naam"), "Noor", "ontkennen").memory["name"] == "Noor"


def test_who_reads_the_name_is_told_when_she_asks() -> None:
    for step in (pressed(at("naam"), "Waarom vraag je dat?"), told(at("naam"), "snap ik niet", "uitleg_nodig")):
        assert "Alleen de decanen van jouw school" in last(step).text and step.memory["step"] == "naam"


@pytest.mark.parametrize("text", ["Sofie", "ik heet Sofie", "Mijn naam is Sofie.", "naam: Sofie"])
def test_a_first_name_is_kept_without_the_words_around_it(text: str) -> None:
    assert told(at("naam"), text).memory["name"] == "Sofie"


@pytest.mark.parametrize("text", ["Sofie van den Berg uit Nijkerk", "ja"])
def test_more_than_a_first_name_is_not_needed(text: str) -> None:
    assert told(at("naam"), text).memory["step"] == "naam"


def test_the_question_that_led_here_is_offered() -> None:
    step = at("tekst", TALKED)
    assert "“mag ik van kader naar tl”" in last(step).text
    assert pressed(step, "Ja, deze vraag", TALKED).memory["text"] == "mag ik van kader naar tl"
    assert told(step, "ja", "bevestigen", TALKED).memory["text"] == "mag ik van kader naar tl"
    other = pressed(step, "Nee, ik typ iets anders", TALKED)
    assert "kader" not in last(other).text and other.memory["step"] == "tekst"
    assert told(step, "mag ik een dag meelopen?", "vraag_x", TALKED).memory["text"] == "mag ik een dag meelopen?"


def test_small_talk_and_distress_are_not_offered_as_a_question() -> None:
    talk = (Line(True, "hoi", "groet"), Line(True, "ik wil dood", "nood_zelfdoding"))
    assert "“" not in last(at("tekst", replace(PUPIL, talk=talk))).text


def test_a_question_to_the_decaan_is_never_answered_instead() -> None:
    step = told(at("tekst"), "hoe lang duurt kapper?", "vraag_duur")
    assert step.memory["text"] == "hoe lang duurt kapper?"


def test_a_text_that_is_too_long_is_not_cut_but_asked_again() -> None:
    step = told(at("tekst"), "a" * (LONGEST_TEXT + 1))
    assert str(LONGEST_TEXT) in last(step).text and step.memory["text"] is None
    assert told(at("tekst"), "a" * LONGEST_TEXT).memory["text"] == "a" * LONGEST_TEXT


def flows() -> Memory:
    """A finished verkenning and a finished gesprek."""
    step = press_exploring = exploring.press(None, ["kort"], PUPIL, SOURCES)
    types = {stelling.id: stelling.type for stelling in SOURCES.knowledge.verkenning.stellingen}
    while step.is_running and "antwoord" in step.said[-1].choices[0].meaning:
        id = step.said[-1].choices[0].meaning.split("|")[2]
        command = ["antwoord", id, "2" if types[id] == "S" else "0"]
        step = exploring.press(step.memory, command, PUPIL, SOURCES)
    assert press_exploring is not step
    explored = exploring.press(step.memory, ["overslaan"], PUPIL, SOURCES).memory
    talk = reflecting.press(None, ["start", "terugkijken", "activiteit:open-dag"], PUPIL, SOURCES)
    while talk.is_running:
        talk = reflecting.read(talk.memory, "zien hoe het is", "", set(), PUPIL, SOURCES) or talk
    return {"verkenning": explored, "gesprek": talk.memory}


EVERYTHING = replace(TALKED, flows=flows())


def test_only_what_exists_may_go_along() -> None:
    assert at("mee").memory["step"] == "nakijken"
    assert [choice.label for choice in big(at("mee", TALKED))] == ["Niets", "Mijn laatste berichten"]
    everything = [choice.label for choice in big(at("mee", EVERYTHING))]
    assert everything == ["Niets", "Mijn verkenning", "Mijn terugblik", "Mijn laatste berichten"]


def test_an_unfinished_verkenning_cannot_go_along() -> None:
    begun_only = {"verkenning": exploring.press(None, ["kort"], PUPIL, SOURCES).memory}
    assert at("mee", replace(PUPIL, flows=begun_only)).memory["step"] == "nakijken"


@pytest.mark.parametrize(
    ("label", "words"),
    [
        ("Mijn verkenning", ["Zorg en welzijn", "Opleidingen: "]),
        ("Mijn terugblik", ["zien hoe het is"]),
        ("Mijn laatste berichten", ["Ik: mag ik van kader naar tl\nLobke: Vraag het je decaan.", "Kok duurt 2 jaar."]),
    ],
)
def test_what_goes_along_is_shown_whole_and_sent_as_shown(label: str, words: list[str]) -> None:
    step = pressed(at("mee", EVERYTHING), label, EVERYTHING)
    (attachment,) = ready(pressed(step, "Ja, versturen", EVERYTHING)).attachments
    assert shown(step)[attachment["title"]] == attachment["text"]
    assert all(part in attachment["text"] for part in words)


def test_several_papers_may_go_along_and_be_taken_out_again() -> None:
    step = pressed(at("mee", EVERYTHING), "Mijn verkenning", EVERYTHING)
    more = pressed(pressed(step, "Iets veranderen", EVERYTHING), "Wat er meegaat", EVERYTHING)
    both = pressed(more, "Mijn terugblik", EVERYTHING)
    assert len(both.memory["along"]) == 2 and both.memory["step"] == "nakijken"
    again = pressed(pressed(both, "Iets veranderen", EVERYTHING), "Wat er meegaat", EVERYTHING)
    assert pressed(again, "Niets", EVERYTHING).memory["along"] == []


def test_the_exact_text_is_shown_before_anything_is_sent() -> None:
    step = at("nakijken")
    assert shown(step) == {
        "School": "Corlaer College",
        "Leerjaar": "3",
        "Voornaam": "Sofie",
        "Bericht": "mag ik naar tl",
    }
    assert [choice.label for choice in big(step)] == ["Ja, versturen", "Iets veranderen", "Niet versturen"]
    assert step.handoff is None
    handoff = ready(pressed(step, "Ja, versturen"))
    assert handoff == Handoff(
        step.memory["id"], "corlaer-college", "mag ik naar tl", 3, "Sofie", [], False, conversation_id="pupil-1"
    )


@pytest.mark.parametrize(
    "text", ["ja", "ja doe maar versturen", "verstuur het maar", "Ja, versturen", "ja graag", "stuur op"]
)
def test_yes_may_be_typed(text: str) -> None:
    assert told(at("nakijken"), text, "bevestigen").handoff


@pytest.mark.parametrize("text", ["oke", "leuk", "blub", "nee", "niet versturen", "stop", "ik wil iets veranderen"])
def test_nothing_else_sends_it(text: str) -> None:
    assert told(at("nakijken"), text).handoff is None


def test_the_same_id_is_used_however_often_it_is_pressed() -> None:
    step = at("nakijken")
    first, second = pressed(step, "Ja, versturen"), pressed(again(step.memory, PUPIL, SOURCES), "Ja, versturen")
    assert ready(first) == ready(second)


def test_an_old_button_gives_the_same_code_and_sends_nothing() -> None:
    preview = at("nakijken")
    yes = next(choice.meaning for choice in big(preview)).split("|")[1:]
    first = done(pressed(preview, "Ja, versturen"))
    for memory in (first.memory, press(first.memory, ["start"], PUPIL, SOURCES).memory):
        old = press(memory, yes, PUPIL, SOURCES)
        assert "K7QF-3MZP" in last(old).text and old.handoff is None


def test_an_old_button_never_sends_what_she_did_not_see() -> None:
    preview = at("nakijken")
    yes = next(choice.meaning for choice in big(preview)).split("|")[1:]
    changed = told(pressed(pressed(preview, "Iets veranderen"), "Mijn bericht"), "iets heel anders")
    step = press(changed.memory, yes, PUPIL, SOURCES)
    assert step.handoff is None and shown(step)["Bericht"] == "iets heel anders"
    assert ready(pressed(step, "Ja, versturen")).text == "iets heel anders"


@pytest.mark.parametrize(
    ("part", "text", "title", "now"),
    [
        ("Mijn bericht", "nieuw", "Bericht", "nieuw"),
        ("Mijn voornaam", "Noor", "Voornaam", "Noor"),
        ("Mijn school en leerjaar", "de meerwaarde", "School", "De Meerwaarde"),
    ],
)
def test_every_part_can_be_changed(part: str, text: str, title: str, now: str) -> None:
    step = told(pressed(pressed(at("nakijken"), "Iets veranderen"), part), text)
    if step.memory["step"] == "leerjaar":
        step = pressed(step, "Overslaan")
    assert step.memory["step"] == "nakijken" and shown(step)[title] == now
    assert len(shown(step)) == 4


def test_the_code_is_given_with_where_and_when_the_answer_comes() -> None:
    step = done(pressed(at("nakijken"), "Ja, versturen"))
    assert "**K7QF-3MZP**" in last(step).text and "Bewaar deze code" in last(step).text
    assert card(step)["code"] == "K7QF-3MZP" and card(step)["links"][0]["url"] == "/antwoord"
    assert "schooldag" in card(step)["note"] and not step.is_running and last(step).outcome == "handoff_sent"


@pytest.mark.parametrize("urgent", [False, True])
def test_wherever_the_code_is_shown_she_hears_how_to_keep_it(urgent: bool) -> None:
    memory = {**at("nakijken").memory, "urgent": urgent}
    step = sent(memory, "K7QF-3MZP", TUESDAY, PUPIL, SOURCES)
    for shown in (step, after(step, "code")):
        assert (card(shown)["code"], card(shown)["title"]) == ("K7QF-3MZP", "Bewaar deze code")
        assert "schrijf hem op of maak een foto" in last(shown).text


def test_who_types_her_code_in_the_chat_is_led_to_the_answer() -> None:
    answer = typed_code(SOURCES)
    assert answer.card and answer.card["links"][0]["url"] == "/antwoord"
    assert len(answer.choices) == 2 and remarks(answer.text) == []


def test_when_school_is_closed_she_hears_from_which_day_it_is_read() -> None:
    step = done(pressed(at("nakijken"), "Ja, versturen"), now=SATURDAY)
    assert "maandag 30 november 2026" in card(step)["note"]


@pytest.mark.parametrize("urgent", [False, True])
def test_what_the_school_writes_stands_beside_when_it_is_read_word_for_word(urgent: bool) -> None:
    text = "Ik ben **weg** [tot](https://example.nl) {dag}"
    memory = {**at("nakijken").memory, "urgent": urgent}
    step = sent(memory, "K7QF-3MZP", SATURDAY, PUPIL, SOURCES, text)
    assert card(step)["quote"] == {"by": "Je school schrijft", "text": text}
    assert "maandag 30 november 2026" in card(step)["note"] and text not in last(step).text
    assert "quote" not in card(sent(memory, "K7QF-3MZP", SATURDAY, PUPIL, SOURCES))


def test_after_sending_nothing_she_wrote_is_remembered_and_she_may_send_another() -> None:
    step = done(pressed(at("nakijken"), "Ja, versturen"))
    assert "mag ik naar tl" not in json.dumps(step.memory) and "Sofie" not in json.dumps(step.memory)
    assert "code" in offer(step.memory, SOURCES).text
    assert "K7QF-3MZP" in last(after(step, "verder")).text
    assert pressed(step, "Nog een bericht sturen").memory["step"] == "school"


def test_a_code_never_goes_along_with_a_next_message() -> None:
    step = done(pressed(at("nakijken"), "Ja, versturen"))
    talk = (*TALK, Line(False, "Je code is **K7QF-3MZP**."))
    next_one = press(step.memory, ["start"], replace(PUPIL, talk=talk), SOURCES)
    assert "K7QF" not in next_one.memory["talk"] and "kader" in next_one.memory["talk"]


def test_not_sending_forgets_the_text() -> None:
    step = pressed(at("nakijken"), "Niet versturen")
    assert "verstuur niets" in last(step).text and "mag ik naar tl" not in json.dumps(step.memory)
    assert (last(step).outcome, last(step).subject) == ("handoff_stopped", "stap:nakijken")
    assert pressed(step, "Toch een bericht sturen").is_running


@pytest.mark.parametrize("step", ["school", "naam", "tekst", "nakijken"])
def test_who_says_never_mind_stops(step: str) -> None:
    assert last(told(at(step), "nee laat maar", "ontkennen")).outcome == "handoff_stopped"


@pytest.mark.parametrize("text", ["wat is mijn code ook alweer", "ik ben mn code kwijt", "welke code had ik"])
def test_her_code_can_be_asked_for_again(text: str) -> None:
    sent = done(at("nakijken"))
    assert asks_for_code(sent.memory, text)
    assert card(after(sent, CODE))["code"] == "K7QF-3MZP"
    assert not asks_for_code(at("naam").memory, text)


@pytest.mark.parametrize("text", ["wat is een crebo code", "wat is een qr-code", "ik wil leren coderen"])
def test_another_code_is_no_question_for_hers(text: str) -> None:
    assert not asks_for_code(done(at("nakijken")).memory, text)


@pytest.mark.parametrize(("word", "outcome"), [("pauze", "handoff_paused"), ("stop", "handoff_stopped")])
def test_she_may_leave_at_every_step_and_take_it_up_again(word: str, outcome: str) -> None:
    for name in ("school", "leerjaar", "naam", "tekst", "mee", "nakijken"):
        step = at(name, TALKED)
        left = told(step, word, pupil=TALKED)
        assert not left.is_running and left.handoff is None
        assert (last(left).outcome, last(left).subject) == (outcome, f"stap:{name}")
        assert press(left.memory, ["verder"], TALKED, SOURCES).memory["step"] == name


def test_back_goes_to_the_step_before_and_skip_keeps_what_was_said() -> None:
    step = at("tekst")
    for name in ("naam", "leerjaar", "school"):
        step = told(step, "vorige")
        assert step.memory["step"] == name
    assert "Vorige" not in labels(step)
    assert pressed(step, "Overslaan").memory["step"] == "tekst"


@pytest.mark.parametrize("name", ["school", "leerjaar", "naam", "mee", "nakijken"])
def test_a_question_in_between_is_answered_and_then_it_goes_on(name: str) -> None:
    step = at(name, TALKED)
    assert typed(step, "wie kan dit lezen?", "privacy", TALKED) is None
    assert typed(step, "hoe lang duurt kapper", "vraag_duur", TALKED) is None
    assert "We gaan verder" in last(again(step.memory, TALKED, SOURCES)).text


def test_in_distress_the_helplines_come_first_and_the_steps_are_few() -> None:
    step = begun(IN_DISTRESS, urgent=True)
    numbers, first = step.said
    assert "0800-0432" in numbers.text and any(link["url"].startswith("tel:") for link in numbers.card["links"])
    assert "welke school" in first.text and "Laat de nummers nog eens zien" in labels(step)
    step = told(step, "corlaer", pupil=IN_DISTRESS)
    assert "Mag ik dat doorgeven" in last(step).text and "pest mij" in last(step).text
    step = pressed(step, "Ja, geef dat door", IN_DISTRESS)
    assert shown(step) == {
        "School": "Corlaer College",
        "Bericht": "iedereen pest mij in de kleedkamer",
        "Haast": "Ja, graag snel lezen.",
    }
    assert ready(pressed(step, "Ja, versturen", IN_DISTRESS)).urgent


def test_in_distress_she_need_not_tell_what_it_is() -> None:
    step = told(begun(PUPIL, urgent=True), "corlaer")
    assert "hoeft niets uit te leggen" in last(step).text and "Mag ik dat" not in last(step).text
    assert shown(pressed(step, "Ik wil graag met iemand praten"))["Bericht"] == "Ik wil graag met iemand praten"


def test_in_distress_the_numbers_are_one_press_away_all_along_and_stay_with_the_code() -> None:
    step = begun(IN_DISTRESS, urgent=True)
    for text in ("corlaer", "ik wil praten", "ja"):
        assert "Laat de nummers nog eens zien" in labels(step)
        step = told(step, text, pupil=IN_DISTRESS)
    step = done(step, IN_DISTRESS)
    assert card(step)["links"][0]["url"].startswith("tel:") and last(step).asked == "nood"
    assert "Laat de nummers nog eens zien" in labels(step)


def test_a_message_of_another_kind_becomes_urgent_without_asking_the_school_again() -> None:
    step = press(at("tekst").memory, ["nood"], IN_DISTRESS, SOURCES)
    assert (step.memory["urgent"], step.memory["school"], step.memory["step"]) == (True, "corlaer-college", "tekst")


def test_a_school_without_a_decaan_in_distress_leads_to_people_and_numbers() -> None:
    step = told(begun(IN_DISTRESS, urgent=True), "griftland", pupil=IN_DISTRESS)
    assert "vertrouwenspersoon" in last(step).text and card(step)["links"] and last(step).asked == "nood"


@pytest.mark.parametrize("memory", [None, {}, {"codes": {}, "urgent": False}])
def test_a_button_without_a_message_is_an_old_button(memory: Optional[Memory]) -> None:
    step = press(memory, ["versturen", "0" * 32, "12345678"], PUPIL, SOURCES)
    assert last(step).outcome == "old_choice" and not step.is_running and step.handoff is None


def test_yes_to_help_after_an_urgent_message_shows_its_code_and_the_numbers() -> None:
    step = told(told(begun(IN_DISTRESS, urgent=True), "corlaer"), "ik wil praten")
    step = press(done(pressed(step, "Ja, versturen"), IN_DISTRESS).memory, ["nood"], IN_DISTRESS, SOURCES)
    assert "K7QF-3MZP" in last(step).text and card(step)["links"][0]["url"].startswith("tel:")
    another = pressed(step, "Nog een bericht sturen", IN_DISTRESS)
    assert another.memory["urgent"] and len(another.said) == 2


def test_a_school_that_is_not_offered_cannot_be_chosen() -> None:
    assert after(begun(), SCHOOL, "mbo-amersfoort").memory["step"] == "school"


def every_step() -> list[Step]:
    steps = [at(name, EVERYTHING) for name in ("school", "leerjaar", "naam", "tekst", "mee", "nakijken")]
    steps += [pressed(steps[-1], "Iets veranderen", EVERYTHING), pressed(steps[-1], "Niet versturen", EVERYTHING)]
    steps += [pressed(steps[6], label, EVERYTHING) for label in ("Mijn bericht", "Wat er meegaat")]
    steps += [pressed(steps[2], "Waarom vraag je dat?"), told(begun(), "nijkerk"), told(begun(), "griftland")]
    steps += [told(at("naam"), "pauze"), told(at("naam"), "stop"), done(at("nakijken")), begun(IN_DISTRESS, True)]
    steps += [told(steps[-1], "corlaer"), told(begun(PUPIL, True), "griftland"), told(begun(PUPIL, True), "corlaer")]
    steps += [told(told(told(begun(PUPIL, True), "corlaer"), "ik wil praten"), "veranderen"), told(begun(), "blub")]
    return steps


def test_every_step_is_easy_to_read_and_has_few_choices() -> None:
    for step in every_step():
        for said in step.said:
            assert remarks(said.text) == [], said.text
        offered = last(step).choices
        assert 2 <= (len(big(step)) or len(offered)) <= MOST_CHOICES, labels(step)


def test_her_words_are_never_what_is_logged_and_what_is_remembered_is_plain_json() -> None:
    for step in every_step():
        assert json.loads(json.dumps(step.memory)) == step.memory
        for said in step.said:
            logged = f"{said.outcome} {said.kind} {said.subject}"
            assert not any(word in logged for word in ("Sofie", "corlaer", "tl", "pest mij"))
            assert said.outcome != "not_understood"


def test_what_a_pupil_hears_who_asks_for_a_person() -> None:
    assert [choice.label for choice in offer(None, SOURCES).choices][0] == "Stuur mijn vraag naar de decaan"
    assert [choice.label for choice in offer(at("tekst").memory, SOURCES).choices][0] == "Verder met mijn bericht"
    for memory in (None, at("tekst").memory, done(at("nakijken")).memory):
        found = offer(memory, SOURCES)
        assert remarks(found.text) == [] and 2 <= len(found.choices) <= MOST_CHOICES
