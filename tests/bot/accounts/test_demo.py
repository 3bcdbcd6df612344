"""The example accounts: there for who tries Lobke, and nowhere else."""

import stat

import pytest

from bot.accounts import accounts, demo
from bot.settings import settings

pytestmark = pytest.mark.usefixtures("sqlite_database")


def password() -> str:
    return (settings().data_dir / demo.FILE).read_text().rsplit(" ", 1)[1].strip()


def test_the_first_start_makes_an_account_for_every_role() -> None:
    file = demo.prepare(settings())

    assert file is not None and stat.S_IMODE(file.stat().st_mode) == 0o600
    assert {account.role for account in accounts.everyone()} == {"decaan", "redactie", "beheer"}
    decaan = accounts.with_password(f"decaan@{demo.DOMAIN}", password())
    assert decaan is not None and decaan.schools == {demo.SCHOOL}


def test_a_second_start_changes_nothing() -> None:
    demo.prepare(settings())
    before = password()

    assert demo.prepare(settings()) == settings().data_dir / demo.FILE
    assert password() == before


def test_there_are_none_where_somebody_has_an_account() -> None:
    accounts.add("beheer@school.test", "beheer", password="paard fiets lamp boom")

    assert demo.prepare(settings()) is None
    assert [account.email for account in accounts.everyone()] == ["beheer@school.test"]


@pytest.mark.parametrize("changes", [{"production": True}, {"host": "0.0.0.0"}])
def test_there_are_none_where_others_can_come(changes: dict[str, object]) -> None:
    assert demo.prepare(settings().copy(update=changes)) is None
    assert accounts.everyone() == []


def test_production_switches_them_off() -> None:
    demo.prepare(settings())

    assert demo.prepare(settings().copy(update={"production": True})) is None
    assert all(account.disabled_at for account in accounts.everyone())
    assert accounts.with_password(f"beheer@{demo.DOMAIN}", password()) is None
