"""A verkenning leads to werelden with a reason of the pupil's own, opleidingen that fit, and something to try."""

from collections.abc import Iterable
from datetime import date
from typing import Optional

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from bot.knowledge.loader import Knowledge, load
from bot.knowledge.models import Entry, Event, Leerweg, Opleiding
from bot.orientation.advice import Outcome, Suggestion, levels_before, outcome
from bot.settings import PROJECT

KNOWLEDGE = load(PROJECT / "knowledge")
IDS = [str(stelling.id) for stelling in KNOWLEDGE.verkenning.stellingen]
SHORT = [id for id in IDS if id[1] in "123"]
TODAY = date(2026, 11, 22)
DOER = {**dict.fromkeys(SHORT, 0), "r1": 2, "r2": 2, "r3": 1, "i1": 2}
HELPER = {**dict.fromkeys(SHORT, 0), "s1": 2, "s2": 2, "s3": 2}
FLAT = dict.fromkeys(SHORT, 1)
PUPILS = st.builds(
    lambda answers, leerweg, leerjaar, today: (answers, leerweg, leerjaar, today),
    st.dictionaries(st.sampled_from([*IDS, "gone"]), st.integers(0, 2)),
    st.sampled_from([None, "bb", "kb", "gl", "tl"]),
    st.sampled_from([None, "1", "2", "3", "4"]),
    st.dates(date(2026, 8, 1), date(2029, 1, 1)),
)


def found(
    answers: dict[str, int],
    leerweg: Optional[str] = None,
    leerjaar: Optional[str] = None,
    knowledge: Knowledge = KNOWLEDGE,
) -> Outcome:
    return outcome(answers, leerweg, leerjaar, TODAY, knowledge)


def suggestion(wereld: str, answers: dict[str, int], *pupil: Optional[str]) -> Suggestion:
    return next(one for one in found(answers, *pupil).suggestions if one.wereld.id == wereld)


def ids(things: object) -> list[str]:
    return [thing.id for thing in things]  # type: ignore[attr-defined]


def with_entries(entries: Iterable[Entry]) -> Knowledge:
    return Knowledge(entries, KNOWLEDGE.phrases, KNOWLEDGE.spelling, KNOWLEDGE.verkenning, KNOWLEDGE.gesprekken)


def with_events(*events: Event) -> Knowledge:
    return with_entries((*(entry for entry in KNOWLEDGE.entries.values() if not isinstance(entry, Event)), *events))


def event(id: str, day: str, soort: str = "gastles", **fields: object) -> Event:
    return Event(
        id=id, titel=id, soort=soort, datum=day, organisator="o", uitleg="u", bron="b", betrouwbaarheid="hoog", **fields
    )


def test_the_reasons_are_what_the_pupil_likes_to_do_in_that_wereld() -> None:
    assert ids(suggestion("mobiliteit", DOER).reasons) == ["r1", "i1"]
    assert ids(suggestion("bouw", DOER).reasons) == ["r2"]


def test_without_those_they_are_what_she_likes_of_a_type_that_belongs_there() -> None:
    answers = {**dict.fromkeys(SHORT, 0), "a1": 2, "a2": 2, "a3": 2}
    assert ids(suggestion("bouw", answers).reasons) == ["a1", "a2"]


def test_who_likes_nothing_hears_what_went_gaat_wel() -> None:
    answers = {**dict.fromkeys(SHORT, 0), "c1": 1, "c2": 1, "c3": 1}
    assert ids(suggestion("economie", answers).reasons) == ["c1", "c2"]


def test_bb_opens_level_2_and_the_rest_is_for_later() -> None:
    one = suggestion("mobiliteit", DOER, "bb")
    assert [opleiding.niveau for opleiding in one.fits] == [2, 2, 2, 2]
    assert [opleiding.niveau for opleiding in one.later] == [3, 4]


@pytest.mark.parametrize("leerweg", ["kb", "gl", "tl", None])
def test_another_leerweg_or_none_opens_all_levels(leerweg: Optional[str]) -> None:
    one = suggestion("mobiliteit", DOER, leerweg)
    assert [opleiding.niveau for opleiding in one.fits] == [2, 2, 3, 4]
    assert one.later == ()


@pytest.mark.parametrize("leerweg", ["bb", "kb"])
def test_another_werelds_opleiding_comes_only_after_all_of_its_own_of_that_level(leerweg: str) -> None:
    for one in (*found(DOER, leerweg).suggestions, *found(HELPER, leerweg).suggestions):
        own = [o for o in KNOWLEDGE.all(Opleiding) if o.werelden[0] == one.wereld.id and not o.specialist]
        for borrowed in (opleiding for opleiding in one.fits if opleiding.werelden[0] != one.wereld.id):
            assert {o.id for o in own if o.niveau == borrowed.niveau} <= set(ids(one.fits))


def test_an_opleiding_for_who_has_a_diploma_of_level_3_is_not_shown() -> None:
    specialists = [o.copy(update={"specialist": True}) for o in KNOWLEDGE.all(Opleiding) if o.niveau == 4]
    knowledge = with_entries((*KNOWLEDGE.entries.values(), *specialists))
    levels = {o.niveau for one in found(DOER, knowledge=knowledge).suggestions for o in one.fits}
    assert levels == {2, 3}


@pytest.mark.parametrize(
    ("leerweg", "niveau", "before"),
    [("bb", 2, ()), ("bb", 3, (2,)), ("bb", 4, (2, 3)), ("kb", 4, ()), ("gl", 3, ()), ("tl", 2, ())],
)
def test_the_way_to_a_level_goes_by_the_diplomas_before_it(leerweg: str, niveau: int, before: tuple[int, ...]) -> None:
    assert levels_before(niveau, leerweg, KNOWLEDGE) == before


def test_the_event_is_the_first_that_names_the_wereld() -> None:
    knowledge = with_events(
        event("all", "2026-12-01"),
        event("past", "2026-11-21", werelden=["mobiliteit"]),
        event("later", "2027-02-01", werelden=["mobiliteit"]),
        event("first", "2027-01-01", werelden=["techniek", "mobiliteit"]),
    )
    first = found(DOER, knowledge=knowledge).suggestions[0]
    assert (first.wereld.id, first.event and first.event.id, first.activity.id) == ("mobiliteit", "first", "gastles")


def test_an_event_for_all_werelden_comes_when_none_names_it() -> None:
    knowledge = with_events(event("all", "2026-12-01"), event("zorg", "2026-11-30", werelden=["zorg"]))
    assert {one.event and one.event.id for one in found(DOER, knowledge=knowledge).suggestions} == {"all"}


def test_an_event_is_for_the_leerjaar_of_the_pupil() -> None:
    knowledge = with_events(event("four", "2026-12-01", leerjaren=[4]), event("two", "2026-12-02", leerjaren=[2]))
    assert {one.event and one.event.id for one in found(DOER, None, "2", knowledge).suggestions} == {"two"}


def test_a_parents_evening_or_a_deadline_is_nothing_to_try() -> None:
    knowledge = with_events(event("ouders", "2026-12-01", "ouderavond"), event("deadline", "2026-12-01", "deadline"))
    assert {one.event for one in found(DOER, knowledge=knowledge).suggestions} == {None}


def test_with_nothing_planned_each_wereld_has_another_activity() -> None:
    activities = ids(one.activity for one in found(DOER, knowledge=with_events()).suggestions)
    assert activities[:2] == ["meeloopdag", "snuffelstage"]
    assert len(set(activities)) == len(activities)


def test_profielen_are_for_leerjaar_2() -> None:
    assert ids(suggestion("bouw", DOER, "kb", "2").profielen) == ["bwi", "dp"]
    assert suggestion("bouw", DOER, "kb", "3").profielen == ()
    assert suggestion("bouw", DOER, "tl", "2").profielen == ()


def test_a_flat_profile_has_no_types_and_no_werelden_but_two_activities() -> None:
    flat = found(FLAT, "kb", "3")
    assert flat.flat
    assert (flat.types, flat.suggestions) == ((), ())
    assert ids(flat.tries) == ["open-dag", "speeddate"]
    assert ids(found(FLAT, knowledge=with_events()).tries) == ["meeloopdag", "snuffelstage"]


def test_who_skips_everything_has_a_flat_profile() -> None:
    assert found({}).flat


@given(PUPILS)
def test_every_outcome_is_fit_to_show(pupil: tuple[dict[str, int], Optional[str], Optional[str], date]) -> None:
    answers, leerweg, leerjaar, today = pupil
    one = outcome(answers, leerweg, leerjaar, today, KNOWLEDGE)
    assert one.flat == (one.types == ()) == (one.suggestions == ())
    assert len(one.tries) == (2 if one.flat else 0)
    assert one.flat or 3 <= len(one.suggestions) <= 5
    for suggested in one.suggestions:
        assert 1 <= len(suggested.reasons) <= 2
        assert all(answers.get(reason.id, 0) >= 1 for reason in suggested.reasons)
        shown = (*suggested.fits, *suggested.later)
        assert len(set(ids(shown))) == len(shown)
        assert 1 <= len(suggested.fits) <= 4 and len(suggested.later) <= 2
        assert all(suggested.wereld.id in opleiding.werelden for opleiding in shown)
        open_levels = KNOWLEDGE.one(Leerweg, leerweg).niveaus if leerweg else [2, 3, 4]
        assert all(opleiding.niveau in open_levels for opleiding in suggested.fits)
        assert all(levels_before(opleiding.niveau, leerweg or "", KNOWLEDGE) for opleiding in suggested.later)
        assert suggested.event is None or (suggested.event.last_day or today) >= today


@given(PUPILS, st.randoms())
@hypothesis_settings(max_examples=30)
def test_the_order_of_the_answers_does_not_change_the_outcome(
    pupil: tuple[dict[str, int], Optional[str], Optional[str], date], random: object
) -> None:
    answers, *rest = pupil
    items = list(answers.items())
    random.shuffle(items)  # type: ignore[attr-defined]
    assert outcome(dict(items), *rest, KNOWLEDGE) == outcome(answers, *rest, KNOWLEDGE)
