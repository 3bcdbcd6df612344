"""Whether answers helped: what pupils said with a thumb, as counts that lead to nobody."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Optional

from sqlalchemy import delete, func, select

from bot import clock
from bot.keys import derived_key
from bot.monitoring import small
from bot.storage import tables
from bot.storage.database import count_again, transaction, write_rows

DAYS = 90
LEAST_VOTES = 5
LEAST_SHARE = 0.4
"""Of all votes the part that says that it did not help."""

_feedback = tables.feedback


def vote(
    conversation_id: str,
    message_id: str,
    about: Mapping[str, str],
    helpful: Optional[bool],
    school: Optional[str] = None,
) -> None:
    """Keeps whether this message helped, in the place of what was said of it before; None only takes that back.

    `about` is {"intent"?, "kind"?, "subject"?}; `school` is where the chat was opened. Raises DatabaseDown.
    """
    id = _id(conversation_id, message_id)
    row = {name: about.get(name, "")[: _feedback.c[name].type.length] or None for name in ("intent", "kind", "subject")}
    with transaction(write=True) as connection:
        before = connection.execute(select(_feedback.c.at).where(_feedback.c.id == id)).scalar()
        count_again(connection, {before.date()} if before else set())
        if helpful is None:
            connection.execute(delete(_feedback).where(_feedback.c.id == id))
        else:
            write_rows(
                connection, [("feedback", {**row, "id": id, "at": clock.now(), "helpful": helpful, "school": school})]
            )


def votes(conversation_id: str, message_ids: Sequence[str]) -> dict[str, bool]:
    """What the pupil said of these messages, by their ids. Raises DatabaseDown."""
    ids = {_id(conversation_id, message_id): message_id for message_id in message_ids}
    if not ids:
        return {}
    with transaction() as connection:
        query = select(_feedback.c.id, _feedback.c.helpful).where(_feedback.c.id.in_(ids))
        return {ids[row.id]: row.helpful for row in connection.execute(query)}


@dataclass(frozen=True)
class Rated:
    """How often an answer was rated, rounded as all figures are. `subject`: a subject key, or None; then `kind` is the
    kind of question.
    """

    subject: Optional[str]
    kind: Optional[str]
    down: int
    votes: int


def unhelpful() -> list[Rated]:
    """The subjects, and the kinds of question without one, that often did not help lately; the most thumbs down first.

    Raises DatabaseDown.
    """
    columns = _feedback.c.subject, _feedback.c.kind, _feedback.c.helpful
    lately = _feedback.c.at >= clock.now() - timedelta(days=DAYS)
    with transaction() as connection:
        rows = connection.execute(select(*columns, func.count()).where(lately).group_by(*columns)).all()
    down: dict[tuple[Optional[str], Optional[str]], int] = {}
    total: dict[tuple[Optional[str], Optional[str]], int] = {}
    for subject, kind, helpful, number in rows:
        about = (subject, None if subject else kind)
        total[about] = total.get(about, 0) + number
        down[about] = down.get(about, 0) + (0 if helpful else number)
    often = [about for about, votes in total.items() if votes >= LEAST_VOTES and down[about] >= LEAST_SHARE * votes]
    found = [_rated(about, down[about], total[about] - down[about]) for about in often]
    return sorted(found, key=lambda one: (-one.down, one.votes, one.subject or "", one.kind or ""))


def _rated(about: tuple[Optional[str], Optional[str]], down: int, up: int) -> Rated:
    cell = "feedback", about[0] or "", about[1] or ""
    shown = small.safe(down, *cell, "down")
    return Rated(*about, shown, shown + small.safe(up, *cell, "up"))


def _id(conversation_id: str, message_id: str) -> str:
    return derived_key(f"feedback:{conversation_id}:{message_id}")[:32]
