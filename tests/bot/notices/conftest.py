"""Staff of two schools, a mail server, and handoffs."""

from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest
import time_machine

from bot.accounts import accounts
from bot.accounts.accounts import Account
from bot.handoff.store import Handoff, Handoffs
from bot.notices import notices
from bot.notices.courier import Courier
from bot.settings import settings
from bot.storage.spool import Spool
from tests.mail_server import MailServer, mail_server

START = "2026-11-23T10:00:00+01:00"  # a Monday
MINUTE, HOUR, DAY = 60, 3600, 86_400
SCHOOL, OTHER_SCHOOL = "het-element", "corlaer-college"
TEXT = "Ik ben Fatima en ik wil niet meer naar school"

Staff = Callable[..., Account]


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    """Stands still until the test moves it."""
    with time_machine.travel(START, tick=False) as travel:
        yield travel


@pytest.fixture
def post(database: str, clock: time_machine.Traveller, monkeypatch: pytest.MonkeyPatch) -> Iterator[MailServer]:
    """A mail server that Lobke uses."""
    with mail_server(monkeypatch) as server:
        yield server


def staff(name: str, *schools: str, role: str = "decaan", notices_: notices.Choice = "meteen") -> Account:
    """An account that can log in, with the address NAME@school.test."""
    made = accounts.add(f"{name}@school.test", role, schools, name.title(), "paard fiets lamp boom")
    notices.choose(made, notices_)
    return made


def pupil() -> Handoffs:
    """The pupil's side."""
    return Handoffs(Spool(settings().spool_dir))


def sent(school: str = SCHOOL, **fields: Any) -> tuple[str, str]:
    """A handoff that a pupil sent: its id and its code."""
    id = uuid4().hex
    given = {"text": TEXT, "first_name": "Fatima", "leerjaar": 3, **fields}
    return id, pupil().send(Handoff(id=id, school=school, **given))


def round_of_mail() -> None:
    """What the courier does every ten seconds."""
    notices.derive()
    Courier().deliver()
