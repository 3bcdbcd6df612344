"""An account, in SQLite and in PostgreSQL."""

import pytest

from bot.accounts import accounts
from bot.accounts.accounts import Account

PASSWORD = "paard fiets lamp boom"
EMAIL = "decaan@voorbeeld.nl"


@pytest.fixture
def decaan(database: str, school: str) -> Account:
    """A decaan of one school."""
    return accounts.add(EMAIL, "decaan", [school], "Sam Decaan", PASSWORD)


@pytest.fixture
def school() -> str:
    """The id of a school in knowledge/scholen.yml."""
    return "het-element"
