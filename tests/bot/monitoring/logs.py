"""Rows for tests of the figures: what pupils did on a day, and what is counted of it."""

from datetime import date, datetime
from typing import Any, Optional
from uuid import uuid4

from sqlalchemy import func, select

from bot.clock import ZONE
from bot.storage import tables
from bot.storage.database import Row, transaction, write_rows

DAY = date(2026, 11, 20)
"""A Friday."""
AFTER = "2026-11-21T00:10:00+01:00"
"""When that day is counted."""


def said(
    conversation: str,
    turn: Optional[int],
    outcome: str,
    intent: str = "vraag_duur",
    kind: Optional[str] = None,
    subject: Optional[str] = None,
    school: Optional[str] = None,
    at: str = "09:00",
    day: date = DAY,
) -> Row:
    """One row of the log."""
    moment = datetime.combine(day, datetime.strptime(at, "%H:%M").time(), ZONE)
    values = {"conversation": conversation, "turn": turn, "outcome": outcome, "intent": intent, "kind": kind}
    return "interactions", {"id": uuid4().hex, "at": moment, "subject": subject, "school": school, **values}


def voted(helpful: bool, school: Optional[str] = None, at: str = "09:00", day: date = DAY) -> Row:
    """One thumb."""
    moment = datetime.combine(day, datetime.strptime(at, "%H:%M").time(), ZONE)
    return "feedback", {"id": uuid4().hex, "at": moment, "helpful": helpful, "school": school}


def happened(metric: str, value: str = "", number: int = 1, school: Optional[str] = None, day: date = DAY) -> Row:
    """Something that is counted beside the log."""
    values = {"metric": metric, "value": value, "number": number, "school": school}
    return "counted", {"id": uuid4().hex, "day": day, **values}


def write(*rows: Row) -> None:
    """Puts them into the database as the spool does."""
    with transaction(write=True) as connection:
        write_rows(connection, rows)


def true_figures() -> dict[str, dict[str, int]]:
    """What was rolled up, of all days and schools: number by series and value."""
    table = tables.figures.c
    found: dict[str, dict[str, int]] = {}
    with transaction() as connection:
        query = select(table.metric, table.value, func.sum(table.number)).group_by(table.metric, table.value)
        for series, value, number in connection.execute(query):
            found.setdefault(series, {})[value] = int(number)
    return found


def all_rows(table: Any) -> list[Any]:
    """Every row of a table."""
    with transaction() as connection:
        return list(connection.execute(select(table)))
