"""A session lasts while it is used, twelve hours at most, and is gone at once when it is ended."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from sqlalchemy import select

from bot.accounts import sessions
from bot.accounts.accounts import Account
from bot.storage import tables
from bot.storage.database import transaction
from tests.bot.accounts.audit import actions

START = "2026-11-23T09:00:00+01:00"


@pytest.fixture
def clock() -> Iterator[Any]:
    with time_machine.travel(START, tick=False) as traveller:
        yield traveller


def test_a_token_opens_its_session_and_is_not_in_the_database(decaan: Account) -> None:
    token = sessions.start(decaan, "Firefox op Linux", complete=True)
    found = sessions.find(token)
    assert found and (found.account, found.device, found.complete) == (decaan, "Firefox op Linux", True)
    with transaction() as connection:
        assert token not in str(connection.execute(select(tables.sessions)).all())
    for wrong in ("", token[:-1], token + "x", found.hash, found.id):
        assert sessions.find(wrong) is None


def test_it_ends_after_half_an_hour_of_rest(decaan: Account, clock: Any) -> None:
    token = sessions.start(decaan, "Firefox", complete=True)
    for _ in range(3):
        clock.shift(timedelta(minutes=29))
        assert sessions.find(token)
    clock.shift(timedelta(minutes=31))
    assert sessions.find(token) is None


def test_what_happens_by_itself_does_not_keep_it(decaan: Account, clock: Any) -> None:
    token = sessions.start(decaan, "Firefox", complete=True)
    for _ in range(2):
        clock.shift(timedelta(minutes=14))
        assert sessions.find(token, used=False)
    clock.shift(timedelta(minutes=3))
    assert sessions.find(token, used=False) is None


def test_it_ends_after_twelve_hours_however_busy(decaan: Account, clock: Any) -> None:
    token = sessions.start(decaan, "Firefox", complete=True)
    for _ in range(35):
        clock.shift(timedelta(minutes=20))
        assert sessions.find(token)
    clock.shift(timedelta(minutes=20))
    assert sessions.find(token) is None


def test_for_the_second_factor_there_are_ten_minutes(decaan: Account, clock: Any) -> None:
    token = sessions.start(decaan, "Firefox", complete=False)
    clock.shift(timedelta(minutes=9))
    found = sessions.find(token)
    assert found and not found.complete
    clock.shift(timedelta(minutes=1))
    assert sessions.find(token) is None


def test_a_new_login_removes_what_has_ended(decaan: Account, clock: Any) -> None:
    sessions.start(decaan, "Firefox", complete=True)
    clock.shift(timedelta(hours=1))
    sessions.start(decaan, "Chrome", complete=True)
    with transaction() as connection:
        assert connection.execute(select(tables.sessions.c.device)).scalars().all() == ["Chrome"]


def test_logging_out_here_leaves_the_others_and_everywhere_leaves_none(decaan: Account) -> None:
    here, there = (sessions.start(decaan, device, complete=True) for device in ("Firefox", "Chrome"))
    sessions.start(decaan, "half", complete=False)
    assert {session.device for session in sessions.of_account(decaan)} == {"Firefox", "Chrome"}
    found = sessions.find(here)
    assert found
    sessions.end(found)
    assert sessions.find(here) is None and sessions.find(there)
    sessions.end_all(decaan)
    assert sessions.find(there) is None and sessions.of_account(decaan) == []
    assert actions(decaan.id) == ["account_added", "login", "login", "logout", "logout_everywhere"]
