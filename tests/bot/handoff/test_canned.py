"""Canned answers: who sees and changes which, and how a handoff fills them in."""

import inspect
import threading
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from bot.handoff.canned import MOST, CannedAnswers, Full, filled, unknown_variables, variables
from bot.handoff.inbox import NotFound, Stale
from bot.storage import tables
from bot.storage.database import transaction

VALUES = {"voornaam": "Sam", "leerjaar": "3", "school": "Guido", "decaan": "An Jansen"}


def of(id: str = "an", *schools: str) -> CannedAnswers:
    return CannedAnswers(id, schools or ("guido",))


def added(title: str = "Afspraak", school: Any = None, by: str = "an", text: str = "Kom langs.") -> str:
    """The id of a new answer at the school, or of the account alone."""
    assert of(by).add(f"key {title}", title, text, school)
    return next(answer.id for answer in of(by).all() if answer.title == title)


def everything() -> list[Any]:
    with transaction() as connection:
        return [connection.execute(select(table)).all() for table in (tables.canned_answers, tables.audit)]


def audited() -> list[tuple[str, str, str, str]]:
    log = tables.audit.c
    with transaction() as connection:
        rows = connection.execute(select(log.account_id, log.action, log.subject, log.detail).order_by(log.at))
        return [tuple(row) for row in rows]


# Every call with an answer, for the test that another school gets nowhere.
WITH_AN_ANSWER: dict[str, Callable[[CannedAnswers, str], object]] = {
    "get": lambda answers, id: answers.get(id),
    "change": lambda answers, id: answers.change(id, 1, "Anders", "Iets anders."),
    "delete": lambda answers, id: answers.delete(id, 1),
}


def test_every_call_is_tried_against_another_school() -> None:
    public = {name for name, _ in inspect.getmembers(CannedAnswers, inspect.isfunction) if not name.startswith("_")}
    assert public == {*WITH_AN_ANSWER, "all", "add"}


@pytest.mark.parametrize("who", [("bo", "hooghelandt"), ("bo", "GUIDO", "guid", "%"), ("an", "hooghelandt")])
def test_an_answer_of_another_school_does_not_exist(database: str, who: tuple[str, ...]) -> None:
    id = added(school="guido")
    before = everything()
    stranger = of(*who)
    for call in WITH_AN_ANSWER.values():
        with pytest.raises(NotFound):
            call(stranger, id)
    with pytest.raises(NotFound):
        stranger.add("k", "Titel", "Tekst", "guido")
    assert stranger.all() == [] and everything() == before


def test_her_own_answer_is_nobody_elses(database: str) -> None:
    id = added()
    before = everything()
    for call in WITH_AN_ANSWER.values():
        with pytest.raises(NotFound):
            call(of("bo"), id)
    assert of("bo").all() == [] and everything() == before
    assert of("an", "elders").get(id).title == "Afspraak", "it stays hers at another school"


def test_every_decaan_of_the_school_may_change_and_delete_its_answers(database: str) -> None:
    id = added(school="guido")
    of("bo").change(id, 1, "Afspraak maken", "Kom morgen.")
    found = of().get(id)
    assert (found.title, found.text, found.school, found.version) == ("Afspraak maken", "Kom morgen.", "guido", 2)
    of("bo").delete(id, 2)
    assert of().all() == []


def test_nothing_is_overwritten_or_deleted_unseen(database: str) -> None:
    id = added(school="guido")
    of("bo").change(id, 1, "Afspraak", "Van Bo.")
    for call in (WITH_AN_ANSWER["change"], WITH_AN_ANSWER["delete"]):
        with pytest.raises(Stale):
            call(of(), id)
    assert of().get(id).text == "Van Bo."


def test_of_two_who_change_it_at_once_one_is_told(database: str) -> None:
    id = added(school="guido")
    outcomes: list[str] = []

    def change(by: str) -> None:
        try:
            of(by).change(id, 1, "Afspraak", f"van {by}")
            outcomes.append("changed")
        except Stale:
            outcomes.append("stale")

    threads = [threading.Thread(target=change, args=(by,)) for by in ("an", "bo", "cas")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["changed", "stale", "stale"] and of().get(id).version == 2


def test_her_own_come_first_and_then_those_of_each_school_by_title(database: str) -> None:
    both = of("an", "guido", "anna")
    for title, school in (("b", "guido"), ("Zelf", None), ("A", "guido"), ("c", "anna")):
        both.add(f"key {title}", title, "tekst", school)
    assert [(answer.title, answer.school) for answer in both.all()] == [
        ("Zelf", None),
        ("c", "anna"),
        ("A", "guido"),
        ("b", "guido"),
    ]


def test_the_same_form_adds_one(database: str) -> None:
    assert of().add("k", "Titel", "Tekst") is True
    assert of().add("k", "Titel", "Tekst") is False
    assert of("bo").add("k", "Titel", "Tekst") is True, "the key of a form is of one account"
    assert len(of().all()) == 1


def test_an_account_and_a_school_have_so_many_and_no_more(database: str) -> None:
    for number in range(MOST):
        of().add(f"own {number}", "Titel", "Tekst")
        of().add(f"school {number}", "Titel", "Tekst", "guido")
    for school in (None, "guido"):
        with pytest.raises(Full):
            of().add("one more", "Titel", "Tekst", school)
    assert of("bo").add("k", "Titel", "Tekst") and of("an", "anna").add("k", "Titel", "Tekst", "anna")
    assert len(of().all()) == 2 * MOST


def test_every_change_is_in_the_audit_log_without_text(database: str) -> None:
    id = added("zeldzaam", school="guido", text="zeldzaam")
    of("bo").change(id, 1, "zeldzaam", "zeldzaam woord")
    of().delete(id, 2)
    assert audited() == [
        ("an", "canned_added", id, "guido"),
        ("bo", "canned_changed", id, "guido"),
        ("an", "canned_deleted", id, "guido"),
    ]


def test_what_a_database_does_not_take_is_left_out(database: str) -> None:
    assert of().add("k", "a\x00b", "c\ud800d")
    assert [(answer.title, answer.text) for answer in of().all()] == [("a\ufffdb", "c\ufffdd")]


def test_the_variables_are_filled_in() -> None:
    text = "Hoi {voornaam}, in leerjaar {leerjaar} van {school} kies je.\n\nGroet, {decaan}"
    assert filled(text, VALUES) == "Hoi Sam, in leerjaar 3 van Guido kies je.\n\nGroet, An Jansen"
    assert variables(text) == ["voornaam", "leerjaar", "school", "decaan"] and variables("Hoi") == []


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("Hoi {voornaam},\nWat fijn!", "Hoi,\nWat fijn!"),
        ("Dag {voornaam}!", "Dag!"),
        ("{voornaam}, wat fijn.", "Wat fijn."),
        ("Hoi,\n{voornaam} wat fijn", "Hoi,\nWat fijn"),
        ("Dank je {voornaam} en tot dan, {voornaam}.", "Dank je en tot dan."),
        ("{voornaam} {leerjaar}", "3"),
        ("Hoi, {voornaam}!", "Hoi!"),
        ("{voornaam}", ""),
    ],
)
def test_without_a_first_name_the_sentence_still_reads_well(text: str, says: str) -> None:
    assert filled(text, {**VALUES, "voornaam": ""}) == says


def test_what_a_pupil_typed_as_her_name_is_never_a_variable() -> None:
    values = {**VALUES, "voornaam": "{decaan} \\1 {school}"}
    assert filled("Hoi {voornaam}, {decaan}", values) == "Hoi {decaan} \\1 {school}, An Jansen"


@pytest.mark.parametrize(
    ("text", "unknown"),
    [
        ("Hoi {voornaam}", []),
        ("{klas} en {Voornaam} en {klas}", ["klas", "Voornaam"]),
        ("{}", [""]),
        ("{ voornaam }", [" voornaam "]),
        ("een { los haakje", []),
        ("{decaan.__class__}", ["decaan.__class__"]),
    ],
)
def test_what_is_no_variable_is_named(text: str, unknown: list[str]) -> None:
    assert unknown_variables(text) == unknown
