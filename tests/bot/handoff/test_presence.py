"""A page of the inbox can see that something changed, and who has a handoff open."""

from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine

from bot import clock
from bot.handoff.inbox import NotFound
from bot.handoff.presence import Glance, glance, leave, look_in, mark_of
from tests.bot.handoff.test_inbox import START, account, decaan, pupil, send

GUIDO = ("guido",)


def list_mark(*schools: str) -> str:
    return glance(schools or GUIDO).of_list(schools or GUIDO)


def mark(id: str = "a") -> str:
    return glance(handoffs=[id]).handoffs.get(id, "")


def present(id: str = "a") -> dict[str, str]:
    return glance(handoffs=[id]).present.get(id, {})


def test_looking_twice_sees_no_change(database: str) -> None:
    assert list_mark() == list_mark()
    send("a")
    assert list_mark() == list_mark() and mark() == mark()


CHANGES: dict[str, Callable[[str], object]] = {
    "a new handoff": lambda code: send("b"),
    "a message of the pupil": lambda code: pupil().write_back(code, "k", "Nog iets"),
    "an answer": lambda code: decaan().reply("a", 1, "k", "Ja"),
    "given to a colleague": lambda code: decaan().assign("a", 1, "an"),
    "put away": lambda code: decaan().snooze("a", 1, clock.now() + timedelta(days=1)),
    "closed": lambda code: decaan().close("a", 1, "beantwoord"),
    "taken back": lambda code: pupil().withdraw(code),
    "deleted": lambda code: pupil().delete(code),
    "opened, so read": lambda code: decaan().get("a"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_a_list_shows_changes_its_mark(database: str, change: str) -> None:
    with time_machine.travel(START, tick=False):  # also within one tick of the clock
        account("an", "guido")
        code = send("a")
        before = list_mark()
        CHANGES[change](code)
        assert list_mark() != before


@pytest.mark.parametrize("change", sorted(CHANGES.keys() - {"a new handoff", "opened, so read"}))
def test_what_a_handoff_shows_changes_its_mark(database: str, change: str) -> None:
    account("an", "guido")
    code = send("a")
    before = mark()
    CHANGES[change](code)
    assert mark() != before


def test_a_note_changes_the_mark_of_its_handoff_only(database: str) -> None:
    send("a")
    send("b")
    before, other = mark(), mark("b")
    decaan().note("a", "k", "Mentor gebeld")
    assert mark() != before and mark("b") == other


def test_looking_at_a_handoff_does_not_change_its_mark(database: str) -> None:
    send("a")
    before = mark()
    decaan().get("a")
    assert mark() == before, "or two open pages would wake each other for ever"


def test_what_comes_back_by_itself_changes_both_marks(database: str) -> None:
    with time_machine.travel(START, tick=False) as travel:
        send("a")
        decaan().snooze("a", 1, clock.now() + timedelta(days=1))
        before = list_mark(), mark()
        travel.shift(24 * 3600)
        assert list_mark() != before[0] and mark() != before[1]


@pytest.mark.parametrize("change", ["a message of the pupil", "put away", "given to a colleague"])
def test_the_mark_of_a_page_is_the_mark_of_the_handoff_it_shows(database: str, change: str) -> None:
    account("an", "guido")
    code = send("a")
    decaan().note("a", "k", "Mentor gebeld")
    CHANGES[change](code)
    assert mark_of(decaan().get("a")) == mark()


def test_one_deleted_and_one_sent_at_once_is_a_change(database: str) -> None:
    code = send("a")
    before = list_mark()
    pupil().delete(code)
    send("b")
    assert list_mark() != before


def test_another_school_changes_nothing_here(database: str) -> None:
    send("a")
    before = list_mark()
    send("b", "hooghelandt")
    assert list_mark() == before
    assert set(glance(GUIDO).schools) == {"guido"}
    assert list_mark("guido", "hooghelandt") == list_mark("hooghelandt", "guido")


def test_without_something_to_look_at_no_database_is_needed(data_dir: object) -> None:
    assert glance() == Glance()


def test_who_has_a_handoff_open_is_seen_until_she_leaves(database: str) -> None:
    account("an", "guido")
    account("bo", "guido")
    send("a")
    send("b")
    for _ in range(2):
        look_in("a", "an", GUIDO)
    look_in("a", "bo", GUIDO)
    assert present() == {"an": "An", "bo": "Bo"} and present("b") == {}
    leave("a", "an")
    assert present() == {"bo": "Bo"}


def test_who_was_not_seen_for_half_a_minute_is_gone(database: str) -> None:
    with time_machine.travel(START, tick=False) as travel:
        account("an", "guido")
        account("bo", "guido")
        send("a")
        look_in("a", "an", GUIDO)
        travel.shift(20)
        look_in("a", "bo", GUIDO)
        assert set(present()) == {"an", "bo"}
        travel.shift(20)
        assert set(present()) == {"bo"}
        look_in("a", "an", GUIDO)
        assert set(present()) == {"an", "bo"}


@pytest.mark.parametrize("schools", [("hooghelandt",), ("guid", "%"), ()])
def test_nobody_looks_in_at_another_school(database: str, schools: tuple[str, ...]) -> None:
    account("far", "hooghelandt")
    send("a")
    with pytest.raises(NotFound):
        look_in("a", "far", schools)
    assert present() == {}


def test_what_the_pupil_deletes_is_open_nowhere(database: str) -> None:
    account("an", "guido")
    code = send("a")
    look_in("a", "an", GUIDO)
    pupil().delete(code)
    assert present() == {}
    with pytest.raises(NotFound):
        look_in("a", "an", GUIDO)
