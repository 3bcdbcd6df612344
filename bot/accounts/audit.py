"""The audit log: who did what. It holds no password, no code and no text of a pupil."""

import secrets
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Optional

from sqlalchemy import and_, insert, or_, select
from sqlalchemy.engine import Connection

from bot import clock
from bot.clock import ZONE
from bot.storage import tables
from bot.storage.database import transaction

PAGE = 100
LONGEST_DETAIL = 200
_table = tables.audit


@dataclass(frozen=True)
class Entry:
    """One row. `account_id`: who did it, None for a pupil or nobody who was logged in; `subject`: what it was about."""

    id: str
    at: datetime
    account_id: Optional[str]
    action: str
    subject: str
    detail: str


@dataclass(frozen=True)
class Filter:
    """Which rows to read; what is empty leaves out nothing. `account` did it or had it done to her; both days count."""

    account: str = ""
    action: str = ""
    subject: str = ""
    since: Optional[date] = None
    until: Optional[date] = None


def record(connection: Connection, action: str, account_id: Optional[str], subject: str, detail: str = "") -> None:
    """Adds a row in this transaction. `account_id`: who did it, None when nobody was logged in."""
    row = {"id": secrets.token_hex(16), "at": clock.now(), "account_id": account_id}
    connection.execute(insert(_table).values(**row, action=action, subject=subject, detail=detail))


def read(chosen: Filter, by: str, before: str = "") -> list[Entry]:
    """A page of rows and one more when there is one, the latest first; `before`: the id of a row that was shown.

    That `by` read it is recorded too. Raises DatabaseDown.
    """
    with transaction(write=True) as connection:
        found = _rows(connection, chosen, before, PAGE + 1)
        record(connection, "audit_viewed", by, "", _words(chosen))
    return found


def export(chosen: Filter, by: str) -> Iterator[Entry]:
    """All rows that were there when it was asked for, the latest first; it is recorded at once. Raises DatabaseDown."""
    with transaction(write=True) as connection:
        page = _rows(connection, chosen, "", PAGE * 10)
        record(connection, "audit_exported", by, "", _words(chosen))
    return _pages(chosen, page)


def of_handoff(id: str, schools: Collection[str]) -> list[Entry]:
    """Who looked at a handoff of these schools and what changed, at most PAGE rows, the latest first."""
    handoffs = tables.handoffs.c
    theirs = select(handoffs.id).where(handoffs.id == id, handoffs.school.in_(sorted(schools)))
    query = select(_table).where(_table.c.subject == id, _table.c.subject.in_(theirs))
    with transaction() as connection:
        rows = connection.execute(query.order_by(_table.c.at.desc(), _table.c.id).limit(PAGE)).all()
    return [Entry(*row) for row in rows]


def names(entries: Optional[Collection[Entry]] = None) -> dict[str, str]:
    """Names by id of the accounts in these rows, or of all; of a deleted one as long as the log knows it."""
    account = tables.accounts.c
    here = select(account.id, account.name)
    gone = select(_table.c.subject, _table.c.detail).where(_table.c.action == "account_deleted")
    if entries is not None:
        ids = {id for entry in entries for id in (entry.account_id, entry.subject, entry.detail) if id}
        here, gone = here.where(account.id.in_(ids)), gone.where(_table.c.subject.in_(ids))
    with transaction() as connection:
        deleted = {id: f"{name} (verwijderd)" for id, name in connection.execute(gone)}
        return {**deleted, **dict(connection.execute(here).all())}


def _pages(chosen: Filter, page: list[Entry]) -> Iterator[Entry]:
    while page:
        yield from page
        with transaction() as connection:
            page = _rows(connection, chosen, page[-1].id, PAGE * 10)


def _rows(connection: Connection, chosen: Filter, before: str, number: int) -> list[Entry]:
    conditions: list[Any] = []
    if chosen.account:
        conditions.append(or_(_table.c.account_id == chosen.account, _table.c.subject == chosen.account))
    if chosen.action:
        conditions.append(_table.c.action == chosen.action)
    if chosen.subject:
        conditions.append(_table.c.subject == chosen.subject)
    if chosen.since:
        conditions.append(_table.c.at >= datetime.combine(chosen.since, time(), ZONE))
    if chosen.until:
        conditions.append(_table.c.at < datetime.combine(chosen.until + timedelta(days=1), time(), ZONE))
    at = connection.execute(select(_table.c.at).where(_table.c.id == before)).scalar() if before else None
    if at:
        conditions.append(and_(_table.c.at <= at, or_(_table.c.at < at, _table.c.id < before)))
    query = select(_table).where(*conditions).order_by(_table.c.at.desc(), _table.c.id.desc()).limit(number)
    return [Entry(*row) for row in connection.execute(query)]


def _words(chosen: Filter) -> str:
    """The filter as it is kept in the log."""
    words = [f"{name}={value}" for name, value in vars(chosen).items() if value]
    return " ".join(words)[:LONGEST_DETAIL]
