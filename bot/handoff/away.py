"""The away message of a school: what its pupils read, beside when a decaan reads their message, from day to day."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Any, Optional

import structlog
from sqlalchemy import delete, exc, insert, select
from sqlalchemy.engine import Connection

from bot import clock
from bot.accounts.audit import record
from bot.handoff.inbox import NotFound, Stale
from bot.marks import mark_of
from bot.storage import tables
from bot.storage.conversations import storable
from bot.storage.database import DatabaseDown, transaction

LONGEST_TEXT = 300
"""Characters."""

_table = tables.away_messages
log = structlog.get_logger()


@dataclass(frozen=True)
class Away:
    """A message, shown from `since` until `until`, that day too."""

    since: date
    until: date
    text: str

    @property
    def mark(self) -> str:
        """Other for another message; it goes along with the next change."""
        return mark_of(f"{self.since}|{self.until}|{self.text}")


class AwayMessages:
    """All calls block and raise DatabaseDown. Only messages of `schools` (ids of scholen.yml) are found and changed;
    any other school raises NotFound. A message whose last day is over is none.

    A change names the mark of the message it saw, "" for none, and raises Stale when there is another one now. It
    leaves a row in the audit log.
    """

    def __init__(self, account_id: str, schools: Collection[str]) -> None:
        self.account_id = account_id
        self.schools = frozenset(schools)

    def all(self) -> dict[str, Away]:
        """The messages by school."""
        with transaction() as connection:
            return {row.school: _away(row) for row in connection.execute(_query(self.schools))}

    def save(self, school: str, message: Away, seen: str) -> None:
        """Sets the message of a school."""
        message = Away(message.since, message.until, storable(message.text))
        try:
            with transaction(write=True) as connection:
                self._remove(connection, school, seen)
                row = {"school": school, "since": message.since, "until": message.until, "text": message.text}
                connection.execute(insert(_table).values(**row))
                record(connection, "away_set", self.account_id, school, f"{message.since} {message.until}")
        except exc.IntegrityError:  # a colleague set the first one at the same moment
            raise Stale from None

    def delete(self, school: str, seen: str) -> None:
        """Takes the message of a school away."""
        with transaction(write=True) as connection:
            self._remove(connection, school, seen)
            record(connection, "away_deleted", self.account_id, school)

    def _remove(self, connection: Connection, school: str, seen: str) -> None:
        if school not in self.schools:
            raise NotFound
        row = connection.execute(_query([school]).with_for_update()).first()
        if (_away(row).mark if row else "") != seen:
            raise Stale
        connection.execute(delete(_table).where(_table.c.school == school))


def shown(school: str) -> Optional[str]:
    """What pupils of this school read today; None when there is nothing, and while the database is down."""
    today = clock.today()
    query = select(_table.c.text).where(_table.c.school == school, _table.c.since <= today, _table.c.until >= today)
    try:
        with transaction() as connection:
            text: Optional[str] = connection.execute(query).scalar()
            return text
    except DatabaseDown:
        log.warning("away_message_unknown")
        return None


def _query(schools: Collection[str]) -> Any:
    return select(_table).where(_table.c.school.in_(sorted(schools)), _table.c.until >= clock.today())


def _away(row: Any) -> Away:
    return Away(row.since, row.until, row.text)
