"""Who is told what by mail, and when: read from the handoffs and the knowledge as they are, whoever wrote them."""

from datetime import datetime, timedelta
from typing import Any, Literal, get_args

from sqlalchemy import case, func, or_, select, update
from sqlalchemy.engine import Connection

from bot import clock, knowledge
from bot.accounts import accounts
from bot.accounts.accounts import BEHEER, DECAAN, REDACTIE, Account
from bot.accounts.audit import record
from bot.handoff.rules import State
from bot.handoff.school_time import SchoolTime
from bot.handoff.store import state_of
from bot.knowledge import review
from bot.knowledge.models import Entry
from bot.notices.outbox import ASSIGNED, DIGEST, ESCALATION, NEW, REVIEW, WROTE, row
from bot.storage import tables
from bot.storage.database import Row, transaction, write_rows

Choice = Literal["meteen", "dagelijks", "geen"]
CHOICES: tuple[Choice, ...] = get_args(Choice)
WAITING = ("nieuw", "bezig")
LOOK_BACK = timedelta(days=7)  # what is older is no news, also when mail is switched on today
AGAIN_AFTER = timedelta(minutes=15)  # a pupil who goes on writing is not a mail for every message
ESCALATE_AFTER = timedelta(hours=1)  # of school time
BATCH = 200  # mails a transaction, so that nobody else waits long

_handoffs = tables.handoffs
_mails = tables.mails
_reviews = tables.review_notices


def choose(account: Account, choice: Choice) -> None:
    """How this account hears of handoffs by mail; urgent ones are always told at once. Raises DatabaseDown."""
    with transaction(write=True) as connection:
        this = tables.accounts.c.id == account.id
        connection.execute(update(tables.accounts).where(this).values(notices=choice))
        record(connection, "notices_chosen", account.id, account.id, choice)


def derive() -> None:
    """Puts every mail that is due by now in the outbox, unless it is there. Raises DatabaseDown."""
    school_time = SchoolTime.of(knowledge.current())
    staff = [account for account in accounts.everyone() if account.can_log_in]
    with transaction() as connection:
        unread = _unread(connection)
        rows = _messages(connection, staff, unread) + _assignments(connection, staff)
        rows += _escalations(staff, unread, school_time) + _digests(staff, school_time)
    for start in range(0, len(rows), BATCH):
        _put(rows[start : start + BATCH])
    if school_time.is_open(clock.now()):
        _ask_for_reviews(staff)


def _put(rows: list[Row]) -> None:
    known = _mails.c.id.in_([values["id"] for _, values in rows])
    with transaction() as connection:
        there = set(connection.execute(select(_mails.c.id).where(known)).scalars())
    new = [(table, values) for table, values in rows if values["id"] not in there]
    if new:
        with transaction(write=True) as connection:
            write_rows(connection, new)


def state_columns() -> list[Any]:
    """What `state_of` reads of a handoff."""
    return [_handoffs.c[name] for name in State.__dataclass_fields__]


def _unread(connection: Connection) -> list[Any]:
    """Handoffs in which a pupil wrote something that nobody opened, and for which it is a decaan's turn."""
    columns = [_handoffs.c.id, _handoffs.c.school, _handoffs.c.urgent, _handoffs.c.changed_at, *state_columns()]
    query = select(*columns).where(_handoffs.c.unread, _handoffs.c.status != "afgerond")
    return [found for found in connection.execute(query) if state_of(found).status in WAITING]


def _messages(connection: Connection, staff: list[Account], unread: list[Any]) -> list[Row]:
    now = clock.now()
    handoffs = {found.id: found for found in unread if found.changed_at > now - LOOK_BACK}
    maybe = select(_handoffs.c.id).where(_handoffs.c.unread, _handoffs.c.changed_at > now - LOOK_BACK)
    said = tables.handoff_messages.c
    by_pupil, by_decaan = said.sender == "pupil", said.sender == "decaan"
    news = (
        select(
            said.handoff_id,
            func.count().label("number"),
            func.max(case((by_pupil, said.id))).label("newest"),
            func.max(case((by_decaan, said.at))).label("replied_at"),
        )
        .where(said.handoff_id.in_(maybe))
        .group_by(said.handoff_id)
    )
    told = _told(connection, now)
    rows = []
    for found in connection.execute(news):
        handoff = handoffs.get(found.handoff_id)
        if handoff is None:
            continue
        for account in _to_tell(handoff, staff):
            told_at = told.get((account.id, handoff.id))
            if told_at is None or (found.replied_at and found.replied_at >= told_at):
                kind = NEW if found.number == 1 else WROTE
                rows.append(row(account.id, kind, handoff.id, found.newest))
    return rows


def _told(connection: Connection, now: datetime) -> dict[tuple[str, str], datetime]:
    """When an account was last told of a handoff, by both their ids: not long ago, or in a mail that waits."""
    lately = or_(_mails.c.created_at > now - AGAIN_AFTER, _mails.c.sent_at.is_(None))
    both = _mails.c.account_id, _mails.c.subject
    query = select(*both, func.max(_mails.c.created_at)).where(lately, _mails.c.subject != "").group_by(*both)
    return {(account, handoff): at for account, handoff, at in connection.execute(query)}


def _to_tell(handoff: Any, staff: list[Account]) -> list[Account]:
    decanen = _decanen(staff, handoff.school)
    if handoff.urgent:
        return decanen
    mine = [account for account in decanen if account.id == handoff.assignee]
    return [account for account in mine or decanen if account.notices == "meteen"]


def _decanen(staff: list[Account], school: str) -> list[Account]:
    return [account for account in staff if account.role == DECAAN and school in account.schools]


def _assignments(connection: Connection, staff: list[Account]) -> list[Row]:
    """Handoffs that a colleague gave to somebody who still has them. The audit log knows who did."""
    audit = tables.audit.c
    query = (
        select(audit.id, audit.detail, _handoffs.c.id, _handoffs.c.school, _handoffs.c.urgent)
        .join(_handoffs, _handoffs.c.id == audit.subject)
        .where(
            audit.action == "handoff_assigned",
            audit.at > clock.now() - LOOK_BACK,
            audit.detail == _handoffs.c.assignee,
            audit.detail != audit.account_id,
            _handoffs.c.status != "afgerond",
        )
    )
    rows = []
    for event, assignee, handoff, school, urgent in connection.execute(query):
        for account in _decanen(staff, school):
            if account.id == assignee and (urgent or account.notices == "meteen"):
                rows.append(row(account.id, ASSIGNED, handoff, event))
    return rows


def _escalations(staff: list[Account], unread: list[Any], school_time: SchoolTime) -> list[Row]:
    """Urgent handoffs that nobody opened for too long: once for each time that somebody had to begin to wait."""
    now = clock.now()
    return [
        row(account.id, ESCALATION, handoff.id, handoff.waiting_since.isoformat())
        for handoff in unread
        if handoff.urgent and school_time.between(handoff.waiting_since, now) >= ESCALATE_AFTER
        for account in _decanen(staff, handoff.school) + [one for one in staff if one.role == BEHEER]
    ]


def _digests(staff: list[Account], school_time: SchoolTime) -> list[Row]:
    """From the beginning of a school day, one for each who chose it. When nothing waits then, it is not sent."""
    if not school_time.is_open(clock.now()):
        return []
    day = clock.today().isoformat()
    return [row(account.id, DIGEST, day, "") for account in staff if account.notices == "dagelijks"]


def owners(entry: Entry, staff: list[Account]) -> list[Account]:
    """Who looks at an entry again: its owner when she has an account that is in use, or else everybody of redactie."""
    own = [account for account in staff if entry.eigenaar and account.email == accounts.normal(entry.eigenaar)]
    return own or [account for account in staff if account.role == REDACTIE]


def _ask_for_reviews(staff: list[Account]) -> None:
    """At most one mail a week for each account, with what it was not asked before. Raises DatabaseDown."""
    today = clock.today()
    week = (today - timedelta(days=today.weekday())).isoformat()
    asked: dict[str, list[Entry]] = {}
    for entry in review.due(knowledge.current(), today):
        for account in owners(entry, staff):
            asked.setdefault(account.id, []).append(entry)
    for id, entries in asked.items():
        mail = row(id, REVIEW, week, "")
        with transaction() as connection:
            is_mailed = connection.execute(select(_mails.c.id).where(_mails.c.id == mail[1]["id"])).first()
            query = select(_reviews.c.entry, _reviews.c.day).where(_reviews.c.account_id == id)
            known = {tuple(each) for each in connection.execute(query)}
        new = [entry for entry in entries if (entry.key, entry.controleer_voor) not in known]
        if new and not is_mailed:
            about = [{"entry": entry.key, "day": entry.controleer_voor} for entry in new]
            rows: list[Row] = [
                ("review_notices", {"account_id": id, **each, "mail_id": mail[1]["id"]}) for each in about
            ]
            with transaction(write=True) as connection:
                write_rows(connection, [mail, *rows])
