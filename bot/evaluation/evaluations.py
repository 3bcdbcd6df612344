"""Evaluations: what people thought of an activity. Staff make one; who has an address of it answers without a name."""

import hashlib
import hmac
import secrets
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from hashlib import sha256
from typing import Any, Literal, Optional

from sqlalchemy import func, insert, select, update
from sqlalchemy.engine import Connection

from bot import clock, knowledge
from bot.accounts.audit import record
from bot.handoff.codes import ALPHABET, LETTERS, normalised
from bot.handoff.inbox import NotFound
from bot.keys import derived_key
from bot.knowledge.models import Evaluatie
from bot.monitoring import small
from bot.privacy.redaction import redact
from bot.storage import tables
from bot.storage.conversations import storable
from bot.storage.database import transaction, write_rows

AUDIENCES = ("leerlingen", "docenten", "partners")
OPEN_DAYS = 28
"""So long after the activity people can answer."""
MOST_ANSWERS = 500
LEAST_ANSWERS = 5
"""With fewer nothing is shown, since then an answer may lead to somebody."""
LONGEST_NAME, LONGEST_TEXT = 120, 300
"""Characters."""
MOST_SHOWN = 200
State = Literal["open", "dicht", "voorbij", "vol"]

_evaluations = tables.evaluations
_links = tables.evaluation_links
_answers = tables.evaluation_answers


@dataclass(frozen=True)
class Form:
    """What somebody opens with a code. `state`: open, or why nobody can answer now."""

    code: str
    audience: str
    name: str
    day: date
    state: State


@dataclass(frozen=True)
class Link:
    """The address for one audience with what came in. `number`: None as long as there are fewer than LEAST_ANSWERS;
    `counts` ({question: {answer: number}}) and `texts` (in no order) are empty then. Numbers are rounded to fives.
    """

    code: str
    audience: str
    state: State
    number: Optional[int]
    counts: dict[str, dict[str, int]]
    texts: list[str]


@dataclass(frozen=True)
class Evaluation:
    """An activity. `school`: an id of scholen.yml, None for the whole region; `links` in the order of AUDIENCES."""

    id: str
    school: Optional[str]
    name: str
    day: date
    links: tuple[Link, ...] = ()

    @property
    def last_day(self) -> date:
        """The last day on which people can answer."""
        return self.day + timedelta(days=OPEN_DAYS)


class Evaluations:
    """What staff do. All calls block and raise DatabaseDown. Only evaluations of `schools` (ids of scholen.yml) are
    found, and any other raises NotFound; None is every school and the region.
    """

    def __init__(self, account_id: str, schools: Optional[Collection[str]]) -> None:
        self.account_id = account_id
        self.schools = None if schools is None else frozenset(schools)

    def all(self) -> list[Evaluation]:
        """Without links, the latest activity first, at most MOST_SHOWN."""
        query = select(_evaluations).where(self._visible()).order_by(_evaluations.c.day.desc(), _evaluations.c.name)
        with transaction() as connection:
            return [Evaluation(*row) for row in connection.execute(query.limit(MOST_SHOWN))]

    def get(self, id: str) -> Evaluation:
        """One with its links."""
        with transaction() as connection:
            found = Evaluation(*self._row(connection, id))
            rows = connection.execute(select(_links).where(_links.c.evaluation_id == id)).all()
            links = {row.audience: _link(connection, row, found.day) for row in rows}
        return Evaluation(id, found.school, found.name, found.day, tuple(links[name] for name in AUDIENCES))

    def add(self, school: Optional[str], name: str, day: date) -> str:
        """Makes one with its links, and gives its id: of the one that is there when it was made before."""
        if self.schools is not None and school not in self.schools:
            raise NotFound
        name = storable(name)
        id = sha256(f"{school}|{day}|{name}".encode()).hexdigest()[:32]
        rows: list[tuple[str, dict[str, Any]]] = [
            (_evaluations.name, {"id": id, "school": school, "name": name, "day": day})
        ]
        rows += [
            (_links.name, {"code": _new_code(), "evaluation_id": id, "audience": audience, "closed": False})
            for audience in AUDIENCES
        ]
        with transaction(write=True) as connection:
            if not connection.execute(select(_evaluations.c.id).where(_evaluations.c.id == id)).first():
                write_rows(connection, rows)
                record(connection, "evaluation_added", self.account_id, school or "", str(day))
        return id

    def set_closed(self, id: str, audience: str, closed: bool) -> None:
        """From now on nobody of this audience can answer, or everybody again until the last day."""
        with transaction(write=True) as connection:
            row = self._row(connection, id)
            chosen = (_links.c.evaluation_id == id, _links.c.audience == audience)
            if not connection.execute(update(_links).where(*chosen).values(closed=closed)).rowcount:
                raise NotFound
            action = "evaluation_closed" if closed else "evaluation_opened"
            record(connection, action, self.account_id, row.school or "", f"{row.day}, {audience}")

    def _row(self, connection: Connection, id: str) -> Any:
        row = connection.execute(select(_evaluations).where(_evaluations.c.id == id, self._visible())).first()
        if row is None:
            raise NotFound
        return row

    def _visible(self) -> Any:
        return True if self.schools is None else _evaluations.c.school.in_(sorted(self.schools))


def questions(audience: str) -> Evaluatie:
    """What this audience is asked, as knowledge/evaluaties.yml says now."""
    asked = knowledge.current().evaluaties
    assert asked is not None, "only knowledge that a test made by hand has none"
    found: Evaluatie = getattr(asked, audience)
    return found


def find(typed: str) -> Optional[Form]:
    """The form of a code as somebody types it; None for an unknown one. Raises DatabaseDown."""
    code = normalised(typed)
    if code is None:
        return None
    with transaction() as connection:
        row = _of_code(connection, code)
        return row and Form(code, row.audience, row.name, row.day, _state(connection, row, row.day))


def answer(code: str, key: str, answers: Mapping[str, str], text: str) -> bool:
    """Keeps what somebody answered, {question: answer}, with the text redacted; the same key again keeps nothing more.

    False when the form is unknown or not open. Raises DatabaseDown.
    """
    id = hmac.new(derived_key("evaluation").encode(), f"{code}:{key}".encode(), hashlib.sha256).hexdigest()[:32]
    row = {"id": id, "code": code, "day": clock.today(), "answers": dict(answers)}
    row["text"] = redact(storable(text))[: 2 * LONGEST_TEXT] or None
    with transaction(write=True) as connection:
        found = _of_code(connection, code, lock=True)
        if found is None:
            return False
        if connection.execute(select(_answers.c.id).where(_answers.c.id == id)).first():
            return True
        if _state(connection, found, found.day) != "open":
            return False
        connection.execute(insert(_answers).values(**row))
        return True


def _of_code(connection: Connection, code: str, lock: bool = False) -> Any:
    """The row of a link with the name and the day of its activity; with `lock` nobody else answers meanwhile."""
    query = select(_links, _evaluations.c.name, _evaluations.c.day).join(_evaluations).where(_links.c.code == code)
    return connection.execute(query.with_for_update(of=_links) if lock else query).first()


def _link(connection: Connection, row: Any, day: date) -> Link:
    query = select(_answers.c.answers, _answers.c.text).where(_answers.c.code == row.code)
    found = connection.execute(query).all()
    state = _state(connection, row, day)
    if len(found) < LEAST_ANSWERS:
        return Link(row.code, row.audience, state, None, {}, [])
    counted = Counter(chosen for answers, _ in found for chosen in answers.items())
    counts: dict[str, dict[str, int]] = {}
    for (question, answer), number in counted.items():
        counts.setdefault(question, {})[answer] = small.safe(number, "evaluation", row.code, question, answer)
    most = max((sum(numbers.values()) for numbers in counts.values()), default=0)
    texts = [text for _, text in found if text]
    secrets.SystemRandom().shuffle(texts)
    return Link(row.code, row.audience, state, max(most, LEAST_ANSWERS), counts, texts)


def _state(connection: Connection, row: Any, day: date) -> State:
    if clock.today() > day + timedelta(days=OPEN_DAYS):
        return "voorbij"
    if row.closed:
        return "dicht"
    number = connection.execute(select(func.count()).where(_answers.c.code == row.code)).scalar()
    return "vol" if number >= MOST_ANSWERS else "open"


def _new_code() -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(LETTERS))
