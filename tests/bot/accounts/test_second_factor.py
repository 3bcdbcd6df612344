"""The second factor: a code works once, and a copy of the database makes none."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Optional

import pyotp
import pytest
import time_machine
from sqlalchemy import select

from bot import clock
from bot.accounts import accounts, second_factor, sessions
from bot.accounts.accounts import Account
from bot.settings import settings
from bot.storage import tables
from bot.storage.database import transaction
from tests.bot.accounts.audit import actions

NOON = "2026-11-23T12:00:10+01:00"
SEED = "0123456789abcdef" * 2


def code(account: Account, seconds: int = 0, seed: str = SEED) -> str:
    """What the app shows now, or so many seconds later."""
    return pyotp.TOTP(second_factor.secret(account, seed)).at(int(clock.now().timestamp()) + seconds)


def begin(account: Account, typed: Optional[str] = None, replace: bool = False) -> Optional[list[str]]:
    return second_factor.begin(account, SEED, code(account, -30) if typed is None else typed, replace)


@pytest.fixture(autouse=True)
def at_noon() -> Iterator[None]:
    with time_machine.travel(NOON, tick=False):
        yield


def test_it_begins_with_a_code_that_shows_that_the_app_works(decaan: Account) -> None:
    token = sessions.start(decaan, "Firefox", complete=True)
    assert begin(decaan, "000000") is None
    assert not accounts.by_email(decaan.email).has_second_factor
    codes = begin(decaan)
    assert codes and len(set(codes)) == 8
    assert accounts.by_email(decaan.email).has_second_factor
    assert sessions.find(token) is None
    assert actions(decaan.id)[-2:] == ["code_failed", "second_factor_set"]


def test_the_app_gets_an_address_that_says_whose_it_is(decaan: Account) -> None:
    address = second_factor.address(decaan, SEED)
    assert address.startswith("otpauth://totp/Lobke:decaan%40voorbeeld.nl?secret=")


def test_a_code_works_once(decaan: Account) -> None:
    begin(decaan)
    now = code(decaan)
    assert second_factor.passes(decaan, f" {now[:3]} {now[3:]} ")
    assert not second_factor.passes(decaan, now)
    assert not second_factor.passes(decaan, code(decaan, -30))
    assert second_factor.passes(decaan, code(decaan, 30))


def test_a_code_that_comes_twice_at_the_same_time_works_once(decaan: Account) -> None:
    begin(decaan)
    now = code(decaan)
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda _: second_factor.passes(decaan, now), range(4))).count(True) == 1


def test_a_clock_may_be_half_a_minute_off_and_no_more(decaan: Account) -> None:
    begin(decaan)
    for seconds in (-60, 60, 3600):
        assert not second_factor.passes(decaan, code(decaan, seconds))


@pytest.mark.parametrize("typed", ["", "0", "abcdef", "١٢٣٤٥٦", "1234567", "' OR 1=1 --", "\U0001f600" * 6])
def test_anything_else_is_no_code(decaan: Account, typed: str) -> None:
    assert not second_factor.passes(decaan, typed)
    begin(decaan)
    assert not second_factor.passes(decaan, typed)


def test_a_recovery_code_works_once_however_it_is_typed(decaan: Account) -> None:
    codes = begin(decaan)
    assert codes
    assert second_factor.passes(decaan, codes[0].upper().replace("-", " ").replace("0", "O").replace("1", "I"))
    assert not second_factor.passes(decaan, codes[0])
    assert second_factor.recovery_codes_left(decaan) == 7
    assert "recovery_code_used" in actions(decaan.id)


def test_codes_of_one_account_do_not_work_for_another(decaan: Account) -> None:
    other = accounts.add("ander@voorbeeld.nl", "beheer")
    codes = begin(decaan)
    assert codes and begin(other)
    assert not second_factor.passes(other, codes[0])
    assert code(other) != code(decaan)


def test_new_ones_replace_the_old_only_when_that_is_meant(decaan: Account) -> None:
    old = begin(decaan)
    seed = second_factor.new_seed()
    typed = code(decaan, seed=seed)
    assert second_factor.begin(decaan, seed, typed, replace=False) is None
    new = second_factor.begin(decaan, seed, typed, replace=True)
    assert old and new
    assert second_factor.begin(decaan, seed, typed, replace=True) is None  # a page that was loaded again
    assert not second_factor.passes(decaan, old[0])
    assert second_factor.passes(decaan, new[0])


def test_a_copy_of_the_database_makes_no_codes(decaan: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    codes, secret = begin(decaan), second_factor.secret(decaan, SEED)
    assert codes
    with transaction() as connection:
        everything = str(
            [connection.execute(select(table)).all() for table in (tables.accounts, tables.recovery_codes)]
        )
    assert secret not in everything
    assert all(made.replace("-", "") not in everything for made in codes)
    monkeypatch.setattr(settings(), "secret", "another key")
    assert second_factor.secret(decaan, SEED) != secret
