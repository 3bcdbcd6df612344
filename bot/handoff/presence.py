"""What goes on in the inbox now: whether something changed, and who has which handoff open."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sqlalchemy import and_, case, delete, func, select, update
from sqlalchemy.engine import Connection

from bot import clock
from bot.handoff.inbox import Detail, NotFound
from bot.storage import tables
from bot.storage.database import transaction, write_rows

STALE = timedelta(seconds=30)  # who was not seen for so long is gone

_handoffs = tables.handoffs.c
_presence = tables.presence.c


@dataclass(frozen=True)
class Glance:
    """The inbox at one moment. A mark is text for comparing only: another one says that something changed."""

    schools: dict[str, str] = field(default_factory=dict)
    """A mark of the list of each school; none when nothing was ever sent to it."""
    handoffs: dict[str, str] = field(default_factory=dict)
    """A mark of each handoff with its thread and notes; none when it is gone."""
    present: dict[str, dict[str, str]] = field(default_factory=dict)
    """For each handoff the names of who has it open, by the id of the account."""

    def of_list(self, schools: Collection[str]) -> str:
        """The mark of the list of these schools together."""
        return "_".join(self.schools.get(school, "") for school in sorted(schools))


def mark_of(detail: Detail) -> str:
    """The mark of a handoff as it was read."""
    return f"{detail.version}-{len(detail.notes)}-{int(detail.status == 'later')}"


def glance(schools: Collection[str] = (), handoffs: Collection[str] = ()) -> Glance:
    """Looks at the lists of these schools and at these handoffs. The caller knows that they may be seen."""
    if not schools and not handoffs:
        return Glance()
    with transaction() as connection:
        return Glance(
            _marks_of_schools(connection, schools) if schools else {},
            _marks_of_handoffs(connection, handoffs) if handoffs else {},
            _present(connection, handoffs) if handoffs else {},
        )


def look_in(handoff_id: str, account_id: str, schools: Collection[str]) -> None:
    """Says that this account has the handoff open now. Raises NotFound when it is of no school of these."""
    now = clock.now()
    visible = _handoffs.id == handoff_id, _handoffs.school.in_(sorted(schools))
    mine = _presence.handoff_id == handoff_id, _presence.account_id == account_id
    with transaction(write=True) as connection:
        if connection.execute(select(_handoffs.id).where(*visible).with_for_update(read=True)).first() is None:
            raise NotFound
        connection.execute(delete(tables.presence).where(_presence.seen_at < now - STALE))
        if not connection.execute(update(tables.presence).where(*mine).values(seen_at=now)).rowcount:
            row = {"handoff_id": handoff_id, "account_id": account_id, "seen_at": now}
            write_rows(connection, [("presence", row)])


def leave(handoff_id: str, account_id: str) -> None:
    """Says that this account closed the handoff."""
    mine = _presence.handoff_id == handoff_id, _presence.account_id == account_id
    with transaction(write=True) as connection:
        connection.execute(delete(tables.presence).where(*mine))


def _marks_of_schools(connection: Connection, schools: Collection[str]) -> dict[str, str]:
    at = tables.handoffs.c
    # Not the latest change alone: clocks of processes differ, and reading or waking up changes no moment.
    numbers = (
        func.count(),
        func.sum(at.version),
        func.sum(case((at.unread, 1), else_=0)),
        func.sum(_put_away()),
        func.max(at.changed_at),
    )
    query = select(at.school, *numbers).where(at.school.in_(sorted(schools))).group_by(at.school)
    return {
        school: f"{'-'.join(map(str, counts))}-{latest.timestamp():.6f}"
        for school, *counts, latest in connection.execute(query)
    }


def _marks_of_handoffs(connection: Connection, handoffs: Collection[str]) -> dict[str, str]:
    notes = tables.handoff_notes.c
    kept = select(func.count()).where(notes.handoff_id == _handoffs.id).scalar_subquery()
    query = select(_handoffs.id, _handoffs.version, kept, _put_away())
    rows = connection.execute(query.where(_handoffs.id.in_(handoffs)))
    return {id: "-".join(map(str, numbers)) for id, *numbers in rows}


def _present(connection: Connection, handoffs: Collection[str]) -> dict[str, dict[str, str]]:
    account = tables.accounts.c
    query = select(_presence.handoff_id, account.id, account.name).join(
        tables.accounts, account.id == _presence.account_id
    )
    here = _presence.handoff_id.in_(handoffs), _presence.seen_at >= clock.now() - STALE
    found: dict[str, dict[str, str]] = {}
    for handoff_id, id, name in connection.execute(query.where(*here).order_by(account.name)):
        found.setdefault(handoff_id, {})[id] = name
    return found


def _put_away() -> Any:
    return case((and_(_handoffs.status == "later", _handoffs.snoozed_until > clock.now()), 1), else_=0)
