"""The decaan's side of handoffs: an inbox that is made for one account and knows only her schools."""

from collections.abc import Callable, Collection
from dataclasses import asdict, dataclass, fields
from datetime import datetime, timedelta
from typing import Any, Literal, Optional, get_args

from sqlalchemy import and_, case, func, literal_column, or_, select, update
from sqlalchemy.engine import Connection

from bot import clock, knowledge
from bot.accounts.audit import record
from bot.handoff import rules
from bot.handoff.school_time import SCHOOL_DAY, SchoolTime
from bot.handoff.store import Message, add, save, state_of, thread
from bot.monitoring.log import counted
from bot.storage import tables
from bot.storage.conversations import storable
from bot.storage.database import transaction, write_rows

View = Literal["nieuw", "mijn", "wacht_op_leerling", "later", "afgerond", "alle"]
"""`mijn`: assigned to this account and not put away; `alle`: everything that is not closed."""
VIEWS: tuple[View, ...] = get_args(View)
Role = Literal["mentor", "zorgcoordinator", "vertrouwenspersoon"]
"""Whom a handoff may be forwarded to: people at the school who have no account."""
PAGE = 50
QUESTION_LETTERS = 160
SEARCH_WORDS = 5

_table = tables.handoffs
_messages = tables.handoff_messages
_notes = tables.handoff_notes


class NotFound(LookupError):
    """There is nothing like that at a school of this account."""


class Stale(Exception):
    """Somebody changed it since this version; look at it again first."""


@dataclass(frozen=True)
class Item:
    """A handoff in a list. `waiting` is how long in school time somebody has been waiting."""

    id: str
    school: str
    status: rules.Status
    urgent: bool
    unread: bool
    assignee: Optional[str]
    snoozed_until: Optional[datetime]
    close_reason: Optional[rules.Reason]
    created_at: datetime
    closed_at: Optional[datetime]
    leerjaar: Optional[int]
    first_name: Optional[str]
    waiting: timedelta
    question: str  # how it begins


@dataclass(frozen=True)
class Note:
    """What a decaan wrote down for colleagues of the same school."""

    id: str
    author: str
    at: datetime
    text: str
    forwarded_to: Optional[Role]


@dataclass(frozen=True)
class Detail(Item):
    """One handoff, whole. `version` goes along with the next change."""

    version: int
    attachments: list[dict[str, str]]
    messages: list[Message]
    notes: list[Note]


@dataclass(frozen=True)
class Page:
    """At most PAGE handoffs, and how many fit in all."""

    items: list[Item]
    total: int


@dataclass(frozen=True)
class Count:
    """How many handoffs a view has, and how many have something unread."""

    total: int
    unread: int


class Inbox:
    """All calls block and raise DatabaseDown. A handoff is only found by statements that are limited to `schools` (ids
    of scholen.yml); what hangs on it is read and changed in the same transaction.

    Changes name the version they saw and raise Stale when there is a newer one, rules.Impossible when the state does
    not allow them, and NotFound; they return the new version. A look and every change leave a row in the audit log.
    """

    def __init__(self, account_id: str, schools: Collection[str], name: str) -> None:
        self.account_id = account_id
        self.schools = frozenset(schools)
        self.name = name  # pupils see it with an answer

    def counts(self) -> dict[View, Count]:
        """What stands beside each view."""
        numbers = []
        for view in VIEWS:
            fits = _in_view(view, self.account_id)
            numbers += [func.sum(case((fits, 1), else_=0)), func.sum(case((and_(fits, _table.c.unread), 1), else_=0))]
        with transaction() as connection:
            row = connection.execute(select(*numbers).where(self._visible())).one()
        return {view: Count(row[2 * place] or 0, row[2 * place + 1] or 0) for place, view in enumerate(VIEWS)}

    def list(
        self,
        view: View = "nieuw",
        search: str = "",
        school: Optional[str] = None,
        leerjaar: Optional[int] = None,
        urgent: bool = False,
        page: int = 1,
    ) -> Page:
        """A page of a view, urgent ones first and then who waits longest; closed ones latest first.

        Every word of `search` must stand in the first name, a message or a note. Pages count from 1.
        """
        conditions = [self._visible(), _in_view(view, self.account_id)]
        conditions += [_has_word(word) for word in search.lower().split()[:SEARCH_WORDS]]
        if school is not None:
            conditions.append(_table.c.school == school)
        if leerjaar is not None:
            conditions.append(_table.c.leerjaar == leerjaar)
        if urgent:
            conditions.append(_table.c.urgent)
        # School time never runs back, so who waits longest in school time is who waits since the earliest moment.
        order = [_table.c.closed_at.desc()] if view == "afgerond" else [_table.c.urgent.desc(), _table.c.waiting_since]
        fitting = select(_table.c.id).where(*conditions).order_by(*order, _table.c.id)
        before = PAGE * (max(page, 1) - 1)
        with transaction() as connection:
            ids = connection.execute(fitting).scalars().all()
            shown = ids[before : before + PAGE]
            rows = {row.id: row for row in connection.execute(select(_table).where(_table.c.id.in_(shown)))}
            first = select(_messages.c.handoff_id, func.substr(_messages.c.text, 1, QUESTION_LETTERS))
            is_first = _messages.c.handoff_id.in_(shown), _messages.c.request_key == _messages.c.handoff_id
            questions = dict(connection.execute(first.where(*is_first)).all())
        school_time = SchoolTime.of(knowledge.current())
        return Page([Item(**_item(rows[id], questions.get(id, ""), school_time)) for id in shown], len(ids))

    def get(self, id: str) -> Detail:
        """The handoff; what was unread is read now. Raises NotFound."""
        with transaction(write=True) as connection:
            row = self._locked(connection, id)
            seen = rules.seen(state_of(row), self.account_id)
            connection.execute(update(_table).where(_table.c.id == id, self._visible()).values(unread=seen.unread))
            self._log(connection, "viewed", id)
            said = thread(connection, id)
            kept = _notes.c
            columns = kept.id, kept.author, kept.at, kept.text, kept.forwarded_to
            query = select(*columns).where(kept.handoff_id == id).order_by(kept.id)
            notes = [Note(*note) for note in connection.execute(query)]
        question = said[0].text[:QUESTION_LETTERS] if said else ""
        return Detail(
            **_item(row, question, SchoolTime.of(knowledge.current())),
            version=row.version,
            attachments=row.attachments,
            messages=said,
            notes=notes,
        )

    def reply(self, id: str, version: int, key: str, text: str) -> bool:
        """Answers the pupil; False when this key was used before, and then nothing changes."""
        with transaction(write=True) as connection:
            row = self._locked(connection, id)
            values = {"sender": "decaan", "author": storable(self.name)}
            if not add(connection, _messages, id, key, text, **values):
                return False
            _check(row, version)
            save(connection, row, rules.replied(state_of(row), self.account_id, clock.now()))
            waited = SchoolTime.of(knowledge.current()).between(row.created_at, clock.now()) // SCHOOL_DAY
            write_rows(connection, [counted("first_answer", row.school, str(waited), once=id)])
            self._log(connection, "replied", id)
            return True

    def chat(self, id: str) -> Optional[tuple[str, datetime]]:
        """The conversation the handoff was sent from, if it is still known, and a moment at which it was open."""
        query = select(_table.c.conversation_id, _table.c.created_at).where(_table.c.id == id, self._visible())
        with transaction() as connection:
            row = connection.execute(query).first()
        if row is None:
            raise NotFound
        return (row.conversation_id, row.created_at) if row.conversation_id else None

    def note(self, id: str, key: str, text: str) -> bool:
        """Keeps a note that no pupil sees; False when this key was used before. A note overwrites nothing."""
        with transaction(write=True) as connection:
            self._locked(connection, id)
            added = add(connection, _notes, id, key, text, author=storable(self.name))
            if added:
                self._log(connection, "noted", id)
            return added

    def forward(self, id: str, version: int, key: str, text: str, to: Role, close: bool = False) -> bool:
        """Keeps a note for somebody of this role, and closes the handoff as well when asked; False when this key was
        used before, and then nothing changes. Without `close` it overwrites nothing, so any version will do.
        """
        with transaction(write=True) as connection:
            row = self._locked(connection, id)
            if not add(connection, _notes, id, key, text, author=storable(self.name), forwarded_to=to):
                return False
            self._log(connection, "forwarded", id, to)
            if close:
                _check(row, version)
                save(connection, row, rules.closed(state_of(row), "doorverwezen", clock.now()))
                self._log(connection, "closed", id, "doorverwezen")
            return True

    def assign(self, id: str, version: int, to: Optional[str]) -> int:
        """Gives the handoff to a colleague of the same school, or to nobody."""
        return self._change(id, version, "assigned", lambda state: rules.assigned(state, to), to or "")

    def colleagues(self, school: str) -> dict[str, str]:
        """Names of the accounts, this one too, that may have handoffs of this school, by their id."""
        with transaction() as connection:
            return self._colleagues(connection, school)

    def snooze(self, id: str, version: int, until: datetime) -> int:
        """Puts the handoff away until a moment."""
        now = clock.now()
        return self._change(id, version, "snoozed", lambda state: rules.snoozed(state, until, now), until.isoformat())

    def close(self, id: str, version: int, reason: rules.Reason) -> int:
        """Finishes the handoff."""
        now = clock.now()
        return self._change(id, version, "closed", lambda state: rules.closed(state, reason, now), reason)

    def reopen(self, id: str, version: int) -> int:
        """Opens a closed handoff again."""
        now = clock.now()
        return self._change(id, version, "reopened", lambda state: rules.reopened(state, now))

    def _change(
        self, id: str, version: int, action: str, rule: Callable[[rules.State], rules.State], detail: str = ""
    ) -> int:
        with transaction(write=True) as connection:
            row = self._locked(connection, id)
            _check(row, version)
            state = rule(state_of(row))
            if state.assignee not in (None, row.assignee, *self._colleagues(connection, row.school)):
                raise rules.Impossible("no account of this school")
            save(connection, row, state)
            self._log(connection, action, id, detail)
            return version + 1

    def _colleagues(self, connection: Connection, school: str) -> dict[str, str]:
        account, link = tables.accounts.c, tables.account_schools.c
        query = select(account.id, account.name).join(tables.account_schools, link.account_id == account.id)
        at_school = link.school == school, link.school.in_(sorted(self.schools)), account.disabled_at.is_(None)
        return dict(connection.execute(query.where(*at_school).order_by(account.name)).all())

    def _visible(self) -> Any:
        return _table.c.school.in_(sorted(self.schools))

    def _locked(self, connection: Connection, id: str) -> Any:
        query = select(_table).where(_table.c.id == id, self._visible()).with_for_update()
        row = connection.execute(query).first()
        if row is None:
            raise NotFound
        return row

    def _log(self, connection: Connection, action: str, id: str, detail: str = "") -> None:
        record(connection, f"handoff_{action}", self.account_id, id, detail)


def _check(row: Any, version: int) -> None:
    if row.version != version:
        raise Stale


def _status_now() -> Any:
    """The status as it is now: `later` ends by itself, as in rules.awake."""
    over = and_(_table.c.status == "later", _table.c.snoozed_until <= clock.now())
    unassigned = _table.c.assignee.is_(None)
    awake = case((unassigned, literal_column("'nieuw'")), else_=literal_column("'bezig'"))
    return case((over, awake), else_=_table.c.status)


def _in_view(view: View, account_id: str) -> Any:
    status = _status_now()
    if view == "alle":
        return status != "afgerond"
    if view == "mijn":
        return and_(_table.c.assignee == account_id, status.in_(["bezig", "wacht_op_leerling"]))
    return status == view


def _has_word(word: str) -> Any:
    def has(column: Any) -> Any:
        return func.lower(column).contains(word, autoescape=True)

    return or_(
        has(_table.c.first_name),
        _table.c.id.in_(select(_messages.c.handoff_id).where(has(_messages.c.text))),
        _table.c.id.in_(select(_notes.c.handoff_id).where(has(_notes.c.text))),
    )


def _item(row: Any, question: str, school_time: SchoolTime) -> dict[str, Any]:
    state = state_of(row)
    until = state.closed_at or clock.now()
    values = {**row._mapping, **asdict(state)}
    values.update(waiting=school_time.between(state.waiting_since, until), question=question)
    return {field.name: values[field.name] for field in fields(Item)}
