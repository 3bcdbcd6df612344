"""A verkenning asks every stelling once, goes back and on, and understands what a pupil types."""

import json
from collections import Counter
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from bot.knowledge.distress import distress_of
from bot.knowledge.loader import Knowledge, load
from bot.orientation.verkenning import (
    RIASEC,
    State,
    answer,
    answered,
    back,
    begin,
    current,
    is_finished,
    meaning_of,
    position,
    skip,
)
from bot.settings import PROJECT

VERKENNING = load(PROJECT / "knowledge").verkenning
STELLINGEN = VERKENNING.stellingen
IDS = [stelling.id for stelling in STELLINGEN]
TYPE = {stelling.id: stelling.type for stelling in STELLINGEN}
Step = tuple[Any, ...]


def on_with(state: State, value: int) -> State:
    return answer(state, current(state) or "", value)


def skip_this(state: State) -> State:
    return skip(state, current(state) or "")


STEPS = st.one_of(
    st.tuples(st.just(answer), st.sampled_from([*IDS, "gone"]), st.integers(-1, 3)),
    st.tuples(st.just(skip), st.sampled_from([*IDS, "gone"])),
    st.tuples(st.just(back)),
    st.integers(0, 2).map(lambda value: (on_with, value)),
    st.just((skip_this,)),
)
RUNS = st.builds(begin, st.just(STELLINGEN), st.booleans(), st.text(max_size=3))


def after(state: State, steps: list[Step]) -> State:
    for step, *arguments in steps:
        state = step(state, *arguments)
    return state


@given(st.text())
def test_the_long_version_has_every_stelling_and_the_short_one_the_first_three_of_each_type(seed: str) -> None:
    assert sorted(begin(STELLINGEN, True, seed)["order"]) == sorted(IDS)
    assert sorted(begin(STELLINGEN, False, seed)["order"]) == sorted(f"{t}{n}" for t in "riasec" for n in (1, 2, 3))


@given(st.booleans(), st.text())
def test_two_of_one_type_never_stand_together_and_all_types_take_turns(long: bool, seed: str) -> None:
    types = [TYPE[id] for id in begin(STELLINGEN, long, seed)["order"]]
    assert all(first != second for first, second in pairwise(types))
    assert all(set(types[turn : turn + 6]) == set(RIASEC) for turn in range(0, len(types), 6))


def test_the_order_is_mixed_anew_for_another_pupil_and_the_same_for_the_same() -> None:
    orders = [begin(STELLINGEN, False, seed)["order"] for seed in "abcdefghij"]
    assert len({tuple(order) for order in orders}) == 10
    assert len({tuple(TYPE[id] for id in order) for order in orders}) > 1
    assert begin(STELLINGEN, False, "a")["order"] == orders[0]


def test_a_verkenning_is_asked_one_by_one_to_its_end() -> None:
    state = begin(STELLINGEN, False, "x")
    asked = []
    while not is_finished(state):
        assert position(state) == (len(asked) + 1, 18)
        asked.append(current(state))
        state = on_with(state, 2)
    assert asked == state["order"]
    assert answered(state) == dict.fromkeys(asked, 2)
    assert (current(state), position(state)) == (None, (18, 18))


def test_a_skipped_stelling_has_no_answer() -> None:
    state = begin(STELLINGEN, False, "x")
    after_skip = skip_this(state)
    assert (position(after_skip), answered(after_skip)) == ((2, 18), {})


def test_an_earlier_button_changes_that_answer_and_does_not_move() -> None:
    state = begin(STELLINGEN, False, "x")
    first = state["order"][0]
    state = answer(on_with(on_with(state, 2), 1), first, 0)
    assert (answered(state)[first], position(state)) == (0, (3, 18))


def test_an_earlier_skip_button_does_nothing() -> None:
    state = on_with(begin(STELLINGEN, False, "x"), 2)
    assert skip(state, state["order"][0]) == state


def test_going_back_at_the_beginning_stays_there() -> None:
    state = begin(STELLINGEN, False, "x")
    assert back(state) == state


@given(RUNS, st.lists(STEPS, max_size=60))
def test_whatever_a_pupil_presses_she_is_at_a_stelling_or_at_the_end(run: State, steps: list[Step]) -> None:
    state = after(run, steps)
    at, of = position(state)
    assert 1 <= at <= of == len(run["order"])
    assert is_finished(state) == (current(state) is None)
    assert current(state) in (state["order"][at - 1], None)
    assert set(answered(state)) <= set(state["order"]) and set(answered(state).values()) <= {0, 1, 2}
    assert json.loads(json.dumps(state)) == state


@given(RUNS, st.lists(STEPS, max_size=60))
def test_going_back_and_giving_the_same_answer_changes_nothing(run: State, steps: list[Step]) -> None:
    state = after(run, steps)
    for value in (0, 1, 2):
        if not is_finished(state):
            state = on_with(state, value)
            assert on_with(back(state), value) == state


@given(RUNS, st.lists(STEPS, max_size=20), STEPS)
def test_a_step_leaves_the_state_before_it_as_it_was(run: State, steps: list[Step], last: Step) -> None:
    state = after(run, steps)
    before = json.dumps(state)
    after(state, [last])
    assert json.dumps(state) == before


@pytest.mark.parametrize("id", ["gone", "r6", ""])
def test_a_stelling_that_is_not_in_this_verkenning_changes_nothing(id: str) -> None:
    state = begin(STELLINGEN, False, "x")
    assert answer(state, id, 2) == skip(state, id) == state


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("ja", 2),
        ("Jaaaa!!", 2),
        ("ja leuk", 2),
        ("lijkt me leuk :)", 2),
        ("ja, dat lijkt me leuk", 2),
        ("vet", 2),
        ("gaat wel", 1),
        ("weet niet", 1),
        ("kweenie", 1),
        ("mwahh", 1),
        ("oké", 1),
        ("nee", 0),
        ("NEEE", 0),
        ("niet leuk", 0),
        ("niet zo leuk", 0),
        ("nee saai", 0),
        ("nope.", 0),
        ("terug", "terug"),
        ("Vorige vraag", "terug"),
        ("sla over", "overslaan"),
        ("ik ga later verder", "pauze"),
        ("stoppen", "stop"),
        ("verder", "verder"),
        ("opnieuw beginnen", "opnieuw"),
    ],
)
def test_a_typed_text_is_an_answer_or_a_step(knowledge: Knowledge, text: str, meaning: object) -> None:
    assert meaning_of(text, knowledge.verkenning) == meaning


@pytest.mark.parametrize(
    "text",
    [
        "wat kost het mbo",
        "ja maar wat verdien je dan",
        "leuk of saai",
        "ja nee",
        "ja stop",
        "is een leuk beroep kok",
        "ik wil niet meer",
        "leuk " * 500,
        "?!",
        "",
    ],
)
def test_what_says_more_or_something_else_is_neither(knowledge: Knowledge, text: str) -> None:
    assert meaning_of(text, knowledge.verkenning) is None


@given(st.text())
@hypothesis_settings(max_examples=50)
def test_any_text_may_be_typed(text: str) -> None:
    meaning_of(text, VERKENNING)


def test_no_word_of_staff_has_two_meanings(knowledge: Knowledge) -> None:
    lists = {**knowledge.verkenning.antwoorden.dict(), **knowledge.verkenning.stappen.dict()}
    values = {"ja": 2, "gaat_wel": 1, "nee": 0}
    read = {(name, form): meaning_of(form, knowledge.verkenning) for name, forms in lists.items() for form in forms}
    assert {key: found for key, found in read.items() if found != values.get(key[0], key[0])} == {}
    assert [form for form, times in Counter(form for _, form in read).items() if times > 1] == []


def test_no_word_of_staff_is_a_sign_of_distress(knowledge: Knowledge) -> None:
    lists = {**knowledge.verkenning.antwoorden.dict(), **knowledge.verkenning.stappen.dict()}
    assert [form for forms in lists.values() for form in forms if distress_of(knowledge).find(form)] == []
