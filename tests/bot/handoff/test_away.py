"""The away message of a school: when pupils read it, and who may set it."""

from datetime import date
from typing import Any

import pytest
import time_machine
from sqlalchemy import select

from bot.handoff.away import Away, AwayMessages, shown
from bot.handoff.inbox import NotFound, Stale
from bot.storage import tables
from bot.storage.database import DatabaseDown, transaction

MESSAGE = Away(date(2026, 11, 23), date(2026, 11, 27), "Ik ben er maandag weer.")
LATER = Away(date(2026, 11, 23), date(2026, 12, 4), "Ik ben ziek.")


def of(id: str = "an", *schools: str) -> AwayMessages:
    return AwayMessages(id, schools or ("guido",))


def audited() -> list[Any]:
    log = tables.audit.c
    with transaction() as connection:
        query = select(log.account_id, log.action, log.subject, log.detail).order_by(log.at)
        return [tuple(row) for row in connection.execute(query)]


def test_pupils_read_it_from_the_first_day_until_the_last_and_then_it_ends_by_itself(database: str) -> None:
    with time_machine.travel("2026-11-22T23:59:00+01:00", tick=False) as travel:
        of().save("guido", MESSAGE, "")
        assert shown("guido") is None and of().all() == {"guido": MESSAGE}
        for moment in ("2026-11-23T00:00:00+01:00", "2026-11-27T23:59:00+01:00"):
            travel.move_to(moment)
            assert shown("guido") == "Ik ben er maandag weer."
            assert shown("hooghelandt") is None
        travel.move_to("2026-11-28T00:00:00+01:00")
        assert shown("guido") is None and of().all() == {}
        of().save("guido", LATER, "")
        assert of().all() == {"guido": LATER}, "what is over is in nobody's way"


@time_machine.travel("2026-11-24T10:00:00+01:00", tick=False)
def test_every_decaan_of_the_school_may_change_it_but_nothing_unseen(database: str) -> None:
    of("an").save("guido", MESSAGE, "")
    for seen in ("", LATER.mark):
        with pytest.raises(Stale):
            of("bo").save("guido", LATER, seen)
        with pytest.raises(Stale):
            of("bo").delete("guido", seen)
    of("bo").save("guido", LATER, MESSAGE.mark)
    assert shown("guido") == "Ik ben ziek."
    of("an").delete("guido", LATER.mark)
    assert shown("guido") is None
    assert audited() == [
        ("an", "away_set", "guido", "2026-11-23 2026-11-27"),
        ("bo", "away_set", "guido", "2026-11-23 2026-12-04"),
        ("an", "away_deleted", "guido", ""),
    ]


@pytest.mark.parametrize("schools", [("hooghelandt",), ("GUIDO", "guid", "%")])
@time_machine.travel("2026-11-24T10:00:00+01:00", tick=False)
def test_the_message_of_another_school_does_not_exist(database: str, schools: tuple[str, ...]) -> None:
    of().save("guido", MESSAGE, "")
    stranger = of("bo", *schools)
    assert stranger.all() == {}
    with pytest.raises(NotFound):
        stranger.save("guido", LATER, MESSAGE.mark)
    with pytest.raises(NotFound):
        stranger.delete("guido", MESSAGE.mark)
    assert shown("guido") == MESSAGE.text and len(audited()) == 1


def test_of_two_who_set_the_first_one_at_once_one_is_told(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with time_machine.travel("2026-11-24T10:00:00+01:00", tick=False):
        of().save("guido", MESSAGE, "")
        monkeypatch.setattr(AwayMessages, "_remove", lambda *arguments: None)  # as if it was not there a moment ago
        with pytest.raises(Stale):
            of("bo").save("guido", LATER, "")
        assert shown("guido") == MESSAGE.text


def test_what_a_database_does_not_take_is_left_out(database: str) -> None:
    with time_machine.travel("2026-11-24T10:00:00+01:00", tick=False):
        of().save("guido", Away(MESSAGE.since, MESSAGE.until, "a\x00b\ud800"), "")
        assert shown("guido") == "a\ufffdb\ufffd"


def test_while_the_database_is_down_there_is_no_message(monkeypatch: pytest.MonkeyPatch) -> None:
    def down(*arguments: object) -> Any:
        raise DatabaseDown("for the test")

    monkeypatch.setattr("bot.handoff.away.transaction", down)
    assert shown("guido") is None
