"""An invitation works once, for a week, and gives an account a new start."""

from datetime import timedelta

import time_machine
from sqlalchemy import select

from bot.accounts import accounts, invitations, second_factor, sessions
from bot.accounts.accounts import Account
from bot.storage import tables
from bot.storage.database import transaction
from tests.bot.accounts.audit import actions
from tests.bot.accounts.conftest import EMAIL, PASSWORD
from tests.bot.accounts.test_second_factor import begin

OTHER = "een heel ander wachtwoord"


def test_who_is_invited_chooses_a_password_once(database: str) -> None:
    account = accounts.add(EMAIL, "redactie")
    assert accounts.with_password(EMAIL, "") is None
    token = invitations.invite(account)
    assert invitations.invited(token) == account
    assert invitations.accept(token, PASSWORD)
    assert accounts.with_password(EMAIL, PASSWORD)
    assert invitations.invited(token) is None
    assert not invitations.accept(token, OTHER)
    assert accounts.with_password(EMAIL, OTHER) is None


def test_it_is_a_new_start(decaan: Account) -> None:
    codes = begin(decaan)
    session = sessions.start(decaan, "Firefox", complete=True)
    accounts.disable(EMAIL)
    assert invitations.accept(invitations.invite(decaan), OTHER)
    found = accounts.with_password(EMAIL, OTHER)
    assert found and not found.has_second_factor and found.disabled_at is None
    assert sessions.find(session) is None
    assert codes and not second_factor.passes(decaan, codes[0])
    assert "invitation_used" in actions(decaan.id)


def test_until_it_is_used_nothing_changes(decaan: Account) -> None:
    session = sessions.start(decaan, "Firefox", complete=True)
    invitations.invite(decaan)
    assert sessions.find(session)
    assert accounts.with_password(EMAIL, PASSWORD)


def test_a_new_link_ends_the_old_and_the_token_is_not_in_the_database(decaan: Account) -> None:
    old, new = invitations.invite(decaan), invitations.invite(decaan)
    assert invitations.invited(old) is None and invitations.invited(new)
    with transaction() as connection:
        assert new not in str(connection.execute(select(tables.invitations)).all())


def test_after_a_week_it_no_longer_works(decaan: Account) -> None:
    with time_machine.travel("2026-11-23T12:00:00+01:00", tick=False) as clock:
        token = invitations.invite(decaan)
        clock.shift(timedelta(days=7) - timedelta(seconds=1))
        assert invitations.invited(token)
        clock.shift(timedelta(seconds=1))
        assert invitations.invited(token) is None
        assert not invitations.accept(token, OTHER)
