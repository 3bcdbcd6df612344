"""Points, types and werelden follow from the answers alone, and a flat profile names no type."""

from collections.abc import Collection

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.knowledge.loader import load
from bot.knowledge.models import Stelling, Wereld
from bot.orientation.scoring import points, types, werelden
from bot.orientation.verkenning import RIASEC
from bot.settings import PROJECT

KNOWLEDGE = load(PROJECT / "knowledge")
STELLINGEN = KNOWLEDGE.verkenning.stellingen
WERELDEN = KNOWLEDGE.all(Wereld)
IDS = [str(stelling.id) for stelling in STELLINGEN]
ANSWERS = st.dictionaries(st.sampled_from(IDS), st.integers(0, 2))


def of(**totals: float) -> dict[str, float]:
    return {letter: totals.get(letter, 0) for letter in RIASEC}


def wereld(id: str, riasec: str) -> Wereld:
    fields = dict.fromkeys(("bron", "naam", "uitleg", "dag", "werk", "handig"), "x")
    return Wereld(id=id, riasec=riasec, betrouwbaarheid="hoog", beroepen=[], **fields)


def likes(*werelden: str) -> list[Stelling]:
    """A stelling that names each wereld."""
    return [Stelling(id=f"s{n}", type="R", tekst="x", werelden=[id]) for n, id in enumerate(werelden)]


def ranked(
    types: str,
    letters: dict[str, str],
    liked: Collection[Stelling] = (),
    not_sure: Collection[Stelling] = (),
    **totals: int,
) -> list[str]:
    all_werelden = [wereld(id, riasec) for id, riasec in letters.items()]
    return [found.id for found in werelden(tuple(types), of(**totals), liked, not_sure, all_werelden)]


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ({}, 0),
        ({"r1": 2, "r2": 2, "r3": 2}, 12),
        ({"r1": 2, "r2": 1, "r3": 0}, 6),
        ({"r1": 2, "r2": 2, "r3": 2, "r4": 2, "r5": 2, "r6": 2}, 12),
        ({"r1": 2, "r2": 0}, 6),
        ({"r1": 1}, 6),
    ],
)
def test_the_points_of_a_type_are_the_mean_of_its_answers_times_six(answers: dict[str, int], expected: float) -> None:
    assert points(answers, STELLINGEN) == of(R=expected)


def test_an_answer_to_a_stelling_that_is_gone_does_not_count() -> None:
    assert points({"gone": 2}, STELLINGEN) == of()


@given(ANSWERS)
def test_points_are_from_0_to_12(answers: dict[str, int]) -> None:
    found = points(answers, STELLINGEN)
    assert list(found) == list(RIASEC)
    assert all(0 <= value <= 12 for value in found.values())


@given(ANSWERS, st.randoms())
def test_the_order_of_the_answers_does_not_matter(answers: dict[str, int], random: object) -> None:
    items = list(answers.items())
    random.shuffle(items)  # type: ignore[attr-defined]
    assert points(dict(items), STELLINGEN) == points(answers, STELLINGEN)


@given(ANSWERS, st.sampled_from(IDS))
def test_liking_something_more_raises_its_type_and_no_other(answers: dict[str, int], id: str) -> None:
    letter = id[0].upper()
    less, more = (points({**answers, id: value}, STELLINGEN) for value in (0, 2))
    assert more[letter] > less[letter]
    assert {**more, letter: 0} == {**less, letter: 0}


@pytest.mark.parametrize(
    ("totals", "expected"),
    [
        (of(), ""),
        (of(R=4), ""),
        (of(R=5), "R"),
        (of(R=12, I=12, A=12, S=12, E=12, C=12), ""),
        (of(R=8, I=6, A=6, S=6, E=6, C=6), ""),
        (of(R=9, I=6, A=6, S=6, E=6, C=6), "R"),
        (of(R=8, I=9), "IR"),
        (of(R=8, I=9.2), "I"),
        (of(R=9, S=9), "RS"),
        (of(R=8, I=8, A=8, S=8), "RIA"),
        (of(R=8, I=8, A=8, S=9), "SRI"),
    ],
)
def test_types_are_within_one_point_of_the_highest_and_at_most_three(totals: dict[str, float], expected: str) -> None:
    assert types(totals) == tuple(expected)


@given(ANSWERS)
def test_there_are_types_unless_the_profile_is_flat(answers: dict[str, int]) -> None:
    found = points(answers, STELLINGEN)
    highest, lowest = max(found.values()), min(found.values())
    named = types(found)
    assert (named == ()) == (highest <= 4 or highest - lowest <= 2)
    assert len(named) <= 3
    assert all(found[letter] >= highest - 1 for letter in named)


@given(st.sampled_from([0, 1, 2]))
def test_the_same_answer_to_everything_is_flat(value: int) -> None:
    assert types(points(dict.fromkeys(IDS, value), STELLINGEN)) == ()


def test_the_first_letter_of_a_wereld_counts_double_and_the_others_once() -> None:
    assert ranked("R", {"none": "SEC", "third": "IAR", "first": "RIA"}) == ["first", "third", "none"]
    assert ranked("RI", {"first": "RSE", "both": "RSI", "last": "SIR"}) == ["both", "first", "last"]


def test_of_equals_the_one_with_a_stelling_that_the_pupil_likes_goes_first() -> None:
    equals = {"x": "RIA", "y": "RIA", "z": "RIA"}
    assert ranked("R", equals, likes("y", "z", "z")) == ["z", "y", "x"]


def test_what_she_is_not_sure_about_counts_after_what_she_likes() -> None:
    equals = {"x": "RIA", "y": "RIA", "z": "RIA"}
    assert ranked("R", equals, likes("z"), likes("y", "y")) == ["z", "y", "x"]


def test_after_that_the_points_of_the_letters_decide_and_then_the_order_of_the_file() -> None:
    equals = {"x": "RIA", "y": "RSA", "z": "RIA"}
    assert ranked("R", equals, R=9, S=3) == ["y", "x", "z"]


def test_there_are_three_and_up_to_two_more_that_the_pupil_likes() -> None:
    equals = dict.fromkeys("uvwxyz", "RIA")
    assert ranked("R", equals) == ["u", "v", "w"]
    assert ranked("R", equals, likes(*"uvwx")) == ["u", "v", "w", "x"]
    assert ranked("R", equals, likes(*"uvwxyz")) == ["u", "v", "w", "x", "y"]


def test_one_more_has_at_most_one_point_less_than_the_third() -> None:
    best = {"u": "RIA", "v": "RIA", "w": "RIA"}
    assert ranked("R", {**best, "near": "IRA", "far": "IAS"}, likes("near", "far"))[3:] == ["near"]


def test_entree_is_for_who_has_no_diploma_and_never_comes_out() -> None:
    assert "entree" not in ranked("R", {"entree": "RSC", "x": "IAS", "y": "IAS", "z": "IAS"}, likes("entree"))


@given(ANSWERS, st.permutations(WERELDEN))
def test_there_are_three_to_five_lettersnever_one_twice_and_never_entree(
    answers: dict[str, int], all_werelden: list[Wereld]
) -> None:
    found = points(answers, STELLINGEN)
    liked, not_sure = ([s for s in STELLINGEN if answers.get(s.id) == value] for value in (2, 1))
    named = types(found)
    ids = [wereld.id for wereld in werelden(named, found, liked, not_sure, all_werelden)]
    assert 3 <= len(ids) <= 5
    assert len(set(ids)) == len(ids)
    assert "entree" not in ids
