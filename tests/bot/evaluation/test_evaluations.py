"""Evaluations: who makes and reads one, and what is kept of what somebody answers."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
import time_machine
from sqlalchemy import select

from bot.evaluation import evaluations as module
from bot.evaluation.evaluations import AUDIENCES, LEAST_ANSWERS, Evaluations, answer, find, questions
from bot.handoff.inbox import NotFound
from bot.storage import tables
from bot.storage.database import transaction
from tests.bot.accounts.audit import actions

DAY = date(2026, 11, 20)
GOOD = {"oordeel": "goed", "willen": "ja"}


@pytest.fixture(autouse=True)
def after_the_activity() -> Iterator[Any]:
    with time_machine.travel("2026-11-22T12:00:00+01:00", tick=False) as travel:
        yield travel


def of(*schools: str) -> Evaluations:
    return Evaluations("an", schools)


@pytest.fixture
def made(database: str) -> str:
    """The id of an evaluation of one school."""
    return of("guido").add("guido", "Bliksemstage", DAY)


def code_of(id: str, audience: str = "leerlingen") -> str:
    return next(link.code for link in Evaluations("beheer", None).get(id).links if link.audience == audience)


def rows() -> list[dict[str, object]]:
    with transaction() as connection:
        return [dict(row._mapping) for row in connection.execute(select(tables.evaluation_answers))]


def test_it_has_an_address_for_each_audience_and_each_code_opens_its_own_form(made: str) -> None:
    links = of("guido").get(made).links
    assert tuple(link.audience for link in links) == AUDIENCES
    for link in links:
        found = find(link.code)
        assert found and (found.audience, found.name, found.day, found.state) == (
            link.audience,
            "Bliksemstage",
            DAY,
            "open",
        )
    assert len({link.code for link in links}) == 3


def test_a_code_may_be_typed_in_any_way_and_another_one_opens_nothing(made: str) -> None:
    code = code_of(made)
    assert find(f"{code[:4].lower()}-{code[4:].lower()}") == find(code) is not None
    for typed in ("", "K7QF", "00000000", f"{code}0", "K7QF-3MZ%"):
        assert find(typed) is None
    assert not answer("00000000", "k", GOOD, "")


def test_making_it_again_gives_the_same_one_and_is_logged_once(made: str) -> None:
    codes = [link.code for link in of("guido").get(made).links]
    assert of("guido").add("guido", "Bliksemstage", DAY) == made
    assert [link.code for link in of("guido").get(made).links] == codes
    assert actions().count("evaluation_added") == 1
    assert of("guido").add("guido", "Bliksemstage", date(2026, 11, 21)) != made


def test_another_school_finds_nothing_and_who_may_see_all_finds_all(made: str) -> None:
    region = Evaluations("beheer", None).add(None, "Loopbaanevenement", DAY)
    for others in (of("element"), of()):
        assert others.all() == []
        with pytest.raises(NotFound):
            others.get(made)
        with pytest.raises(NotFound):
            others.set_closed(made, "leerlingen", True)
        with pytest.raises(NotFound):
            others.add("guido", "Iets", DAY)
        with pytest.raises(NotFound):
            others.add(None, "Iets", DAY)
    assert [one.id for one in of("guido").all()] == [made]
    with pytest.raises(NotFound):
        of("guido").get(region)
    assert {one.id for one in Evaluations("beheer", None).all()} == {made, region}


def test_of_fewer_than_five_answers_nothing_is_told(made: str) -> None:
    code = code_of(made)
    for number in range(LEAST_ANSWERS - 1):
        assert answer(code, str(number), GOOD, "Meer tijd.")
        link = of("guido").get(made).links[0]
        assert (link.number, link.counts, link.texts) == (None, {}, [])
    assert answer(code, "last", GOOD, "")
    link = of("guido").get(made).links[0]
    assert link.number == 5 and link.counts == {"oordeel": {"goed": 5}, "willen": {"ja": 5}}
    assert link.texts == ["Meer tijd."] * 4
    assert [other.number for other in of("guido").get(made).links[1:]] == [None, None]


def test_of_an_answer_that_few_gave_nobody_learns_the_number(made: str) -> None:
    shown = set()
    for audience in AUDIENCES:
        for number in range(6):
            for chosen in ("slecht", "matig", "goed"):
                assert answer(code_of(made, audience), f"{number}{chosen}", {"oordeel": chosen, chosen: "ja"}, "")
    for link in of("guido").get(made).links:
        shown |= {number for counts in link.counts.values() for number in counts.values()} | {link.number}
    assert shown <= {5, 10, 15, 20, 25, 30} and {5, 10} < shown


def test_the_same_form_sent_twice_is_one_answer(made: str) -> None:
    for _ in range(2):
        assert answer(code_of(made), "key", GOOD, "")
    assert answer(code_of(made), "other", GOOD, "")
    assert answer(code_of(made, "partners"), "key", GOOD, "")
    assert len(rows()) == 3


def test_only_a_day_is_kept_and_no_name_or_number(made: str) -> None:
    answer(code_of(made), "k", GOOD, "Ik ben Fatima Yilmaz, bel 06-12345678. Het was leuk.")
    row = rows()[0]
    assert row["day"] == date(2026, 11, 22) and row.keys() == {"id", "code", "day", "answers", "text"}
    assert "Fatima" not in str(row) and "12345678" not in str(row) and "Het was leuk." in str(row["text"])


def test_an_empty_text_is_none(made: str) -> None:
    answer(code_of(made), "k", GOOD, "")
    assert rows()[0]["text"] is None


def test_it_is_open_until_four_weeks_after_the_activity(made: str, after_the_activity: Any) -> None:
    code = code_of(made)
    after_the_activity.move_to("2026-12-18T23:59:00+01:00")
    assert answer(code, "a", GOOD, "")
    after_the_activity.shift(60)
    found = find(code)
    assert found and found.state == "voorbij" and not answer(code, "b", GOOD, "")
    assert answer(code, "a", GOOD, ""), "a reload of what was sent in time is no mistake"
    assert len(rows()) == 1


def test_a_closed_link_can_be_opened_again(made: str) -> None:
    code = code_of(made)
    of("guido").set_closed(made, "leerlingen", True)
    found = find(code)
    assert found and found.state == "dicht" and not answer(code, "a", GOOD, "")
    other = find(code_of(made, "docenten"))
    assert other and other.state == "open"
    of("guido").set_closed(made, "leerlingen", False)
    assert answer(code, "a", GOOD, "")
    assert {"evaluation_closed", "evaluation_opened"} < set(actions())
    with pytest.raises(NotFound):
        of("guido").set_closed(made, "ouders", True)


def test_when_it_is_full_nothing_more_is_kept(made: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_ANSWERS", 2)
    code = code_of(made)
    assert [answer(code, key, GOOD, "") for key in "abc"] == [True, True, False]
    found = find(code)
    assert found and found.state == "vol" and len(rows()) == 2


def test_every_audience_is_asked_at_least_what_the_report_needs(data_dir: object) -> None:
    asked = {audience: {vraag.id: vraag for vraag in questions(audience).vragen} for audience in AUDIENCES}
    assert {audience: list(found) for audience, found in asked.items()} == {
        "leerlingen": ["oordeel", "willen", "kunnen"],
        "docenten": ["oordeel", "kiezen", "lessen"],
        "partners": ["oordeel", "voorbereid", "weer"],
    }
    for found in asked.values():
        assert [one.id for one in found["oordeel"].antwoorden] == ["slecht", "matig", "goed", "heel-goed"]
