"""Changing and deleting accounts, and reading the audit log, in SQLite and in PostgreSQL."""

from datetime import date, timedelta

import pytest
import time_machine

from bot import clock
from bot.accounts import accounts, audit, sessions
from bot.accounts.accounts import Account, Refused
from bot.accounts.audit import Filter
from bot.handoff.inbox import Inbox
from bot.handoff.store import Handoff, Handoffs
from bot.settings import settings
from bot.storage.database import transaction
from bot.storage.spool import Spool
from tests.bot.accounts.conftest import EMAIL

MONDAY = "2026-11-23T10:00:00+01:00"
OTHER = "corlaer-college"


def handoff(id: str, school: str, to: Account) -> None:
    """Sends one and gives it to a decaan."""
    Handoffs(Spool(settings().spool_dir)).send(Handoff(id=id, school=school, text="Hoi"))
    Inbox(to.id, [school], to.name).assign(id, 1, to.id)


def test_a_change_keeps_the_handoffs_of_schools_that_stay(decaan: Account, school: str) -> None:
    accounts.change(decaan, "", "decaan", [school, OTHER])
    handoff("stays", school, decaan)
    handoff("leaves", OTHER, decaan)
    accounts.change(decaan, "Sam Jansen", "decaan", [school])
    inbox = Inbox("an", [school, OTHER], "An")
    assert [inbox.get(id).assignee for id in ("stays", "leaves")] == [decaan.id, None]
    assert accounts.by_email(EMAIL).name == "Sam Jansen"


def test_a_change_that_cannot_be_changes_nothing(decaan: Account, school: str) -> None:
    for role, schools in (("decaan", []), ("decaan", ["bestaat-niet"]), ("redactie", [school]), ("baas", [])):
        with pytest.raises(Refused):
            accounts.change(decaan, "Anders", role, schools)
    assert accounts.by_email(EMAIL) == decaan


def test_a_deleted_account_leaves_its_handoffs_to_others(decaan: Account, school: str) -> None:
    handoff("a", school, decaan)
    sessions.start(decaan, "x", complete=True)
    accounts.remove(decaan)
    assert accounts.everyone() == []
    detail = Inbox("an", [school], "An").get("a")
    assert (detail.assignee, detail.status) == (None, "nieuw")


def test_the_last_login_is_the_last_whole_one(decaan: Account) -> None:
    assert accounts.last_logins() == {}
    with time_machine.travel(MONDAY, tick=False):
        sessions.start(decaan, "x", complete=True)
        last = clock.now()
    with time_machine.travel("2026-11-24T10:00:00+01:00", tick=False):
        sessions.start(decaan, "x", complete=False)
    assert accounts.last_logins() == {decaan.id: last}


def test_the_log_is_read_in_pages_by_whom_it_says(decaan: Account) -> None:
    with time_machine.travel(MONDAY, tick=False) as travel, transaction(write=True) as connection:
        for number in range(250):
            audit.record(connection, "login_failed", None, "", str(number))
            if number % 3 == 0:
                travel.shift(1)
    chosen = Filter(action="login_failed", since=date(2026, 11, 23), until=date(2026, 11, 23))
    seen: list[str] = []
    while page := audit.read(chosen, decaan.id, seen[-1] if seen else ""):
        seen += [entry.id for entry in page[: audit.PAGE]]
    assert len(seen) == len(set(seen)) == 250
    assert sum(1 for _ in audit.export(chosen, decaan.id)) == 250
    day = timedelta(days=1)
    for other in (Filter(since=date(2026, 11, 23) + day, action="login_failed"), Filter(until=date(2026, 11, 22))):
        assert not [entry for entry in audit.read(other, decaan.id) if entry.action == "login_failed"]
    reads = audit.read(Filter(account=decaan.id, action="audit_viewed"), decaan.id)
    assert reads and "action=login_failed since=2026-11-23" in reads[-1].detail


def test_names_are_of_those_who_were_deleted_too(decaan: Account) -> None:
    accounts.remove(decaan)
    assert audit.names() == {decaan.id: "Sam Decaan (verwijderd)"}
    entries = audit.read(Filter(), "x")
    assert audit.names(entries) == {decaan.id: "Sam Decaan (verwijderd)"}
    assert audit.names([]) == {}
