"""The verkenning as a talk: small sentences, no test, and an outcome that stands on the pupil's own answers."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Optional

import pytest

from bot.knowledge.loader import load
from bot.knowledge.models import Opleiding, Wereld
from bot.knowledge.question import MOST_CHOICES, Answer, Choice, sources_of
from bot.knowledge.reading import remarks
from bot.orientation import verkenning
from bot.orientation.document import read_document
from bot.orientation.exploring import again, intro, is_resuming, not_an_answer, press, read
from bot.orientation.flow import SMALL, Memory, Pupil, Step
from bot.settings import PROJECT

SOURCES = sources_of(load(PROJECT / "knowledge"))
PUPIL = Pupil(date(2026, 11, 22), seed="pupil-1")
KB = replace(PUPIL, leerweg="kb", leerjaar="3")
TYPES = {stelling.id: stelling.type for stelling in SOURCES.knowledge.verkenning.stellingen}
TEXTS = {stelling.id: stelling.tekst for stelling in SOURCES.knowledge.verkenning.stellingen}


def helper(id: str) -> int:
    """The answers of a pupil who likes to help, and is not sure about what people make."""
    return {"S": 2, "A": 1}.get(TYPES[id], 0)


def all_alike(id: str) -> int:
    return 2


def begun(command: str = "kort", pupil: Pupil = PUPIL) -> Step:
    return press(None, [command], pupil, SOURCES)


def after(step: Step, *command: str, pupil: Pupil = PUPIL) -> Step:
    return press(step.memory, list(command), pupil, SOURCES)


def typed(step: Step, text: str, intent: str = "nlu_fallback", pupil: Pupil = PUPIL) -> Optional[Step]:
    named = {key for name in SOURCES.names.find(text) for key in name.subjects}
    return read(step.memory, text, intent, named, pupil, SOURCES)


def answered(answer: Callable[[str], int], pupil: Pupil = PUPIL, command: str = "kort") -> Step:
    """All statements, answered one by one."""
    step = begun(command, pupil)
    while (id := current(step)) is not None:
        step = after(step, "antwoord", id, str(answer(id)), pupil=pupil)
    return step


def only(step: Step) -> Answer:
    (said,) = step.said
    return said


def current(step: Step) -> Optional[str]:
    return verkenning.current(step.memory["state"])


def at(step: Step) -> tuple[int, int]:
    progress = (only(step).card or {})["progress"]
    return progress["at"], progress["of"]


def answers(step: Step) -> dict[str, int]:
    return verkenning.answered(step.memory["state"])


def big(answer: Answer) -> list[Choice]:
    return [choice for choice in answer.choices if choice.role != SMALL]


def steps(answer: Answer) -> list[str]:
    return [choice.meaning.split("|")[1] for choice in answer.choices if choice.role == SMALL]


def meanings(answer: Answer) -> list[str]:
    return [choice.meaning for choice in answer.choices]


def test_before_it_begins_she_hears_that_it_is_no_test_and_that_no_name_is_kept() -> None:
    said = intro(None, SOURCES)
    assert "geen toets" in said.text and "niets met je naam" in said.text and "altijd stoppen" in said.text
    assert meanings(said) == ["verkenning|kort", "verkenning|lang", "rondkijken"]


@pytest.mark.parametrize(("command", "of"), [("kort", 18), ("lang", 36)])
def test_it_is_as_long_as_its_button_says(command: str, of: int) -> None:
    label = next(choice.label for choice in intro(None, SOURCES).choices if choice.meaning == f"verkenning|{command}")
    assert f"{of} zinnen" in label
    assert at(begun(command)) == (1, of)
    assert only(begun(command)).outcome == "verkenning_started"


def test_a_statement_has_three_answers_in_words_with_a_symbol_and_says_how_far_she_is() -> None:
    step = begun()
    labels = [choice.label for choice in big(only(step))]
    assert [label[0] for label in labels] == ["✔", "○", "✘"]
    assert all(len(label.split()) > 1 for label in labels)
    assert [choice.meaning for choice in big(only(step))] == [
        f"verkenning|antwoord|{current(step)}|{v}" for v in (2, 1, 0)
    ]
    assert f"**{TEXTS[current(step)]}**" in only(step).text
    assert at(step) == (1, 18)


def test_small_buttons_go_through_it_and_back_is_there_from_the_second_statement() -> None:
    step = begun()
    assert steps(only(step)) == ["overslaan", "pauze", "stop"]
    assert steps(only(after(step, "overslaan"))) == ["terug", "overslaan", "pauze", "stop"]


def test_the_order_is_hers_alone_and_stays() -> None:
    assert begun().memory == begun().memory
    other = begun(pupil=replace(PUPIL, seed="pupil-2"))
    assert other.memory["state"]["order"] != begun().memory["state"]["order"]


def test_an_answer_brings_the_next_statement_and_back_asks_the_one_before() -> None:
    first = begun()
    second = after(first, "antwoord", current(first) or "", "2")
    assert at(second) == (2, 18) and answers(second) == {current(first): 2}
    back = after(second, "terug")
    assert current(back) == current(first) and answers(back) == answers(second)
    assert at(after(back, "terug")) == (1, 18)


def test_a_skipped_statement_has_no_answer() -> None:
    first = begun()
    second = after(first, "overslaan", current(first) or "")
    assert at(second) == (2, 18) and answers(second) == {}


def test_the_skip_of_an_older_statement_skips_nothing() -> None:
    first = begun()
    second = after(first, "overslaan", current(first) or "")
    assert at(after(second, "overslaan", current(first) or "")) == (2, 18)


def test_an_old_button_changes_the_old_answer_and_does_not_move() -> None:
    first = begun()
    id = current(first) or ""
    second = after(first, "antwoord", id, "2")
    changed = after(second, "antwoord", id, "0")
    assert answers(changed) == {id: 0} and current(changed) == current(second)
    assert f"veranderd bij “{TEXTS[id]}”" in only(changed).text
    assert TEXTS[current(second)] in only(changed).text


@pytest.mark.parametrize("value", ["2", "1"])
def test_an_old_button_that_changes_nothing_does_not_say_that_it_did(value: str) -> None:
    first = begun()
    id = current(first) or ""
    second = after(first, "antwoord", id, "2")
    unchanged = after(second, "antwoord", id if value == "2" else "r6", value)
    assert answers(unchanged) == answers(second)
    assert "veranderd" not in only(unchanged).text


@pytest.mark.parametrize("name", ["pauze", "stop"])
def test_she_may_leave_and_take_it_up_where_she_was(name: str) -> None:
    second = after(begun(), "overslaan")
    left = after(second, name)
    assert not left.is_running and "zin 2 van 18" in only(left).text
    assert (only(left).outcome, only(left).subject) == (f"verkenning_{name}", "stelling:2")
    assert meanings(only(left)) == ["verkenning|verder", "opleidingen"]
    resumed = after(left, "verder")
    assert resumed.is_running and current(resumed) == current(second)


def test_one_that_was_left_is_offered_again_with_its_place() -> None:
    said = intro(after(begun(), "pauze").memory, SOURCES)
    assert "zin 1 van 18" in said.text
    assert meanings(said) == ["verkenning|verder", "verkenning|opnieuw", "rondkijken"]


def test_beginning_again_forgets_the_answers_only_when_she_chose_how_long() -> None:
    first = begun()
    second = after(first, "antwoord", current(first) or "", "2")
    asked = after(second, "opnieuw")
    assert meanings(only(asked)) == ["verkenning|kort", "verkenning|lang"] and not asked.is_running
    assert asked.memory == second.memory
    fresh = after(asked, "lang")
    assert at(fresh) == (1, 36) and answers(fresh) == {}


@pytest.mark.parametrize("memory", [None, {}])
@pytest.mark.parametrize("command", [["antwoord", "r1", "2"], ["terug"], ["verder"], ["uitslag"]])
def test_a_button_without_a_verkenning_begins_with_what_it_is(memory: Optional[Memory], command: list[str]) -> None:
    step = press(memory, command, PUPIL, SOURCES)
    assert "geen toets" in only(step).text and not step.is_running
    assert intro(step.memory, SOURCES) == intro(None, SOURCES)


@pytest.mark.parametrize(
    ("text", "value"),
    [("ja", 2), ("Jaaa leuk!", 2), ("mwah", 1), ("weet ik niet", 1), ("saai", 0), ("nee bedankt", 0), ("neeee", 0)],
)
def test_an_answer_may_be_typed(text: str, value: int) -> None:
    first = begun()
    step = typed(first, text)
    assert step and answers(step) == {current(first): value} and at(step) == (2, 18)


@pytest.mark.parametrize(("intent", "value"), [("bevestigen", 2), ("ontkennen", 0)])
def test_a_short_text_that_means_yes_or_no_is_an_answer(intent: str, value: int) -> None:
    step = typed(begun(), "dat wel zeg", intent)
    assert step and list(answers(step).values()) == [value]
    assert typed(begun(), "dat hangt er helemaal van af", intent) is None


@pytest.mark.parametrize(
    ("text", "position", "is_running"),
    [("vorige", 1, True), ("skip", 3, True), ("even pauze", 2, False), ("stop", 2, False), ("verder", 2, True)],
)
def test_a_step_may_be_typed(text: str, position: int, is_running: bool) -> None:
    step = typed(after(begun(), "overslaan"), text)
    assert step and step.is_running == is_running
    assert verkenning.position(step.memory["state"]) == (position, 18)


def test_typing_that_she_wants_to_begin_again_asks_how_long() -> None:
    step = typed(begun(), "opnieuw")
    assert step and meanings(only(step)) == ["verkenning|kort", "verkenning|lang"]


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("hoe lang duurt kapper", "vraag_duur"),
        ("kapper", "bevestigen"),
        ("vertel eens wat je allemaal kunt", "wat_kun_je"),
        ("blubberdeflub", "nlu_fallback"),
    ],
)
def test_what_is_no_answer_is_left_to_the_rest_of_lobke(text: str, intent: str) -> None:
    assert typed(begun(), text, intent) is None


@pytest.mark.parametrize(("text", "resumes"), [("verder", True), ("Ga verder!", True), ("ja", False), ("hoi", False)])
def test_typing_that_she_goes_on_takes_up_what_was_left(text: str, resumes: bool) -> None:
    assert is_resuming(text, SOURCES) == resumes


def test_after_something_in_between_the_statement_comes_again() -> None:
    first = begun()
    step = again(first.memory, PUPIL, SOURCES)
    assert "verder waar we waren" in only(step).text and TEXTS[current(first)] in only(step).text
    assert step.memory == first.memory and big(only(step)) == big(only(first))


def test_what_is_not_understood_gets_how_to_answer_and_the_statement_again() -> None:
    first = begun()
    step = not_an_answer(first.memory, PUPIL, SOURCES)
    assert "ja, gaat wel of nee" in only(step).text and TEXTS[current(first)] in only(step).text
    assert only(step).outcome == "not_understood" and step.memory == first.memory and step.is_running


def test_her_leerweg_is_asked_at_the_end_when_it_is_not_known() -> None:
    step = answered(helper)
    assert "welke leerweg" in only(step).text and step.is_running and not step.types
    assert [choice.meaning for choice in big(only(step))] == [
        f"verkenning|leerweg|{id}" for id in ("bb", "kb", "gl", "tl")
    ]
    assert steps(only(step)) == ["overslaan"]
    assert only(answered(helper, KB)).outcome == "verkenning_finished"


def test_a_pressed_leerweg_is_remembered_and_gives_the_outcome() -> None:
    step = after(answered(helper), "leerweg", "kb")
    assert (only(step).outcome, only(step).leerweg) == ("verkenning_finished", "kb")
    assert only(step).card == only(answered(helper, replace(PUPIL, leerweg="kb"))).card


@pytest.mark.parametrize("text", ["kader", "ik doe kb"])
def test_her_leerweg_may_be_typed(text: str) -> None:
    step = typed(answered(helper), text, "vertel_leerweg")
    assert step and (only(step).outcome, only(step).leerweg) == ("verkenning_finished", "kb")


@pytest.mark.parametrize("text", ["weet ik niet", "sla over", "nee"])
def test_her_leerweg_may_be_left_out_and_is_not_asked_again(text: str) -> None:
    step = typed(answered(helper), text)
    assert step and only(step).outcome == "verkenning_finished" and only(step).leerweg is None
    assert only(after(step, "uitslag")).card == only(step).card


def test_a_leerweg_that_was_learned_in_between_is_not_asked_any_more() -> None:
    step = again(answered(helper).memory, KB, SOURCES)
    assert only(step).outcome == "verkenning_finished" and not step.is_running and step.types


@pytest.mark.parametrize("pupil", [PUPIL, KB, replace(PUPIL, leerweg="bb", leerjaar="2"), replace(PUPIL, leerweg="tl")])
@pytest.mark.parametrize("letters", ["S", "RI", "ASE", "C", "EC"])
def test_the_outcome_is_a_few_werelden_each_with_a_reason_from_her_own_answers(letters: str, pupil: Pupil) -> None:
    step = after(answered(lambda id: 2 if TYPES[id] in letters else 0, pupil), "overslaan", pupil=pupil)
    sections = (only(step).card or {})["sections"]
    assert 3 <= len(sections) <= 5 and f"{len(sections)} richtingen" in only(step).text
    liked = [TEXTS[id] for id, value in answers(step).items() if value == 2]
    names = {wereld.naam for wereld in SOURCES.knowledge.all(Wereld)}
    for section in sections:
        assert section["title"] in names
        quoted = [part.partition("”")[0] for part in section["text"].split("“")[1:]]
        assert quoted and set(quoted) <= set(liked)
        rows = {row["label"]: row["value"] for row in section["rows"]}
        assert all(rows.values()) and "Probeer uit" in rows and ("Opleidingen" in rows or "Later" in rows)


def test_a_reason_that_she_was_not_sure_of_is_said_so() -> None:
    mixed = {"r2": 2, "c1": 2, **dict.fromkeys(("i3", "a1", "a2", "a3", "s3", "e2", "e3", "c3"), 1)}
    sections = (only(answered(lambda id: mixed.get(id, 0), KB)).card or {})["sections"]
    assert {section["text"].split()[0] for section in sections} == {"Omdat", "Misschien,"}
    for section in sections:
        quoted = {part.partition("”")[0] for part in section["text"].split("“")[1:]}
        values = {value for id, value in mixed.items() if TEXTS[id] in quoted}
        assert section["text"].startswith("Omdat") == (2 in values)


def test_the_opleidingen_are_those_of_her_leerweg() -> None:
    levels = {f"{o.naam} (niveau {o.niveau})": o.niveau for o in SOURCES.knowledge.all(Opleiding)}
    bb = replace(PUPIL, leerweg="bb")
    for section in (only(answered(helper, bb)).card or {})["sections"]:
        rows = [(row["label"], row["value"]) for row in section["rows"]]
        now = "".join(value for label, value in rows if label == "Opleidingen")
        assert {level for name, level in levels.items() if name in now} <= {2}
        for value in (value for label, value in rows if label == "Later"):
            assert "na een mbo-diploma van niveau 2" in value


def test_the_outcome_is_no_advice_and_names_a_question_for_the_decaan() -> None:
    said = only(answered(helper, KB))
    assert "geen advies" in said.text and "jij kiest" in said.text
    card = said.card or {}
    assert "vraag voor je decaan" in card["note"] and card["sections"][0]["title"] in card["note"]


def test_the_chart_says_in_words_what_it_shows() -> None:
    card = only(answered(helper, KB)).card or {}
    bars = card["chart"]["bars"]
    assert len(bars) == 6 and [bar["label"] for bar in bars if bar["strong"]] == ["Helper"]
    assert all(f"{bar['label']} {bar['value']} van {bar['of']}" in card["chart"]["alt"] for bar in bars)


def test_the_page_to_print_has_no_name_and_what_she_liked_and_room_for_her_own_words() -> None:
    pupil = replace(KB, seed="geheim-gesprek")
    card = only(answered(helper, pupil)).card or {}
    document = read_document(card["document"])
    assert document and document.kind == "verkenning" and document.chart and "geen advies" in document.intro
    liked = next(section for section in document.sections if section.title == "Dit vond ik leuk")
    assert set(liked.items) == {TEXTS[id] for id in ("s1", "s2", "s3")}
    assert document.sections[-1].lines > 0
    assert "geheim" not in json.dumps(card)


def test_the_next_steps_are_steps_that_are_counted() -> None:
    said = only(answered(helper, KB))
    kinds = [choice.meaning.split("|")[:2] for choice in said.choices]
    assert kinds == [["stap", "inhoud"], ["stap", "inhoud"], ["stap", "vergelijk"], ["stap", "wanneer"]]
    assert len(said.choices) <= MOST_CHOICES


def test_answers_that_are_all_alike_give_no_type_but_something_to_try() -> None:
    step = answered(all_alike, KB)
    said = only(step)
    assert "lijken erg op elkaar" in said.text and said.card is None and step.types == ()
    assert said.outcome == "verkenning_finished" and not step.is_running
    assert [m.rpartition("|")[0] for m in meanings(said)[:2]] == ["stap|inhoud"] * 2
    assert all(":".join(m.split("|")[2:]).startswith("activiteit:") for m in meanings(said)[:2])
    assert meanings(said)[2:] == ["verkenning|lang", "rondkijken"]


def test_who_did_the_long_one_already_is_not_sent_to_it_again() -> None:
    assert "verkenning|lang" not in meanings(only(answered(all_alike, KB, "lang")))


def test_skipping_everything_gives_something_to_try_too() -> None:
    step = begun(pupil=KB)
    while current(step) is not None:
        step = after(step, "overslaan", pupil=KB)
    assert only(step).card is None and len(big(only(step))) >= 2


def test_a_finished_one_is_offered_with_its_outcome() -> None:
    said = intro(answered(helper, KB).memory, SOURCES)
    assert "al gedaan" in said.text
    assert meanings(said) == ["verkenning|uitslag", "verkenning|opnieuw", "rondkijken"]


def test_finishing_counts_its_types_once() -> None:
    finished = answered(helper, KB)
    assert finished.types == ("S",)
    shown = after(finished, "uitslag", pupil=KB)
    assert shown.types == () and only(shown).outcome == "answered" and only(shown).card == only(finished).card


def test_an_answer_that_is_changed_after_the_end_changes_the_outcome_and_is_not_counted() -> None:
    finished = answered(helper, KB)
    changed = after(finished, "antwoord", "s1", "0", pupil=KB)
    assert changed.types == () and only(changed).outcome == "answered"
    assert "veranderd" in only(changed).text and only(changed).card != only(finished).card


def test_going_back_after_the_end_is_not_counted_again_either() -> None:
    back = after(answered(helper, KB), "terug", pupil=KB)
    assert back.is_running and at(back) == (18, 18)
    assert "zin 18 van 18" in intro(back.memory, SOURCES).text
    again_done = after(back, "antwoord", current(back) or "", "2", pupil=KB)
    assert again_done.types == () and not again_done.is_running


def test_what_she_hears_is_easy_to_read() -> None:
    for said in (intro(None, SOURCES), only(begun()), only(answered(helper)), only(answered(helper, KB))):
        assert remarks(said.text) == [], said.text


def test_what_is_remembered_is_plain_json() -> None:
    for step in (begun(), answered(helper), answered(helper, KB)):
        assert json.loads(json.dumps(step.memory)) == step.memory
