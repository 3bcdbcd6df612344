"""What is deleted when its time is over."""

from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import bindparam, delete, func, or_, select, update

from bot import clock
from bot.school_year import first_day, school_year
from bot.storage import tables
from bot.storage.conversations import delete_conversations
from bot.storage.database import blank_forgotten, shrink_wal, transaction
from bot.storage.turns import CONVERSATION_HOURS

log = structlog.get_logger()

ENDED = "gesprekken die afgelopen zijn"
CLOSED = "overdrachten die lang genoeg klaar zijn"
OPEN = "overdrachten van een vorig schooljaar die open bleven"
LOG_TEXTS = "zinnen in het logboek"
MAILS = "mails die lang genoeg geleden verstuurd zijn"
EVALUATION_TEXTS = "teksten bij evaluaties van een eerder schooljaar"
AUDIT = "regels over wie wat bekeek of veranderde"
MINUTES = "dagen waarvan het logboek alleen nog het uur houdt"

BATCH = 200  # conversations a transaction, so that the chat never waits long
MAIL_DAYS = 30  # longer than bot.notices looks back, so that nothing is mailed again
AUDIT_DAYS = 365  # who saw or changed what
LOG_MINUTES_DAYS = 30  # the time of a row of the log; from then on only the hour
LOG_TEXT_DAYS = 90  # what was not understood is read by staff within this time
CLOSED_DAYS = 30  # a handoff that is closed
OPEN_DAYS = 30  # a handoff that is not closed stays until the school year ends, and at least this long
ORPHAN_SECONDS = 3600  # what Rasa remembers of an unknown conversation is deleted after this time


def due() -> dict[str, int]:
    """How much `expire` would delete now, by a name for staff. Raises DatabaseDown."""
    with transaction() as connection:
        return {
            name: int(connection.execute(select(func.count()).select_from(table).where(condition)).scalar())
            for name, (table, condition) in _too_old().items()
        }


def expire() -> int:
    """Deletes conversations that have ended, everywhere, and other text that is too old; returns how many ended.

    Raises DatabaseDown; what was done until then stays done.
    """
    ended = 0
    while ids := _expire_some():
        ended += len(ids)
    if _clean_up() or ended:
        shrink_wal()
    _round_times()
    if ended:
        log.info("conversations_expired", number=ended)
    return ended


def _too_old() -> dict[str, tuple[Any, Any]]:
    """Tables with the condition of the rows whose time is over."""
    now = clock.now()
    closed, changed = tables.handoffs.c.closed_at, tables.handoffs.c.changed_at
    log, days = tables.interactions.c, tables.figure_days
    answers, began = tables.evaluation_answers.c, _school_year_began(now)
    return {
        ENDED: (tables.conversations, tables.conversations.c.expires_at <= now),
        CLOSED: (tables.handoffs, closed <= now - timedelta(days=CLOSED_DAYS)),
        OPEN: (
            tables.handoffs,
            closed.is_(None) & (changed < min(began, now - timedelta(days=OPEN_DAYS))),
        ),
        LOG_TEXTS: (
            tables.interactions,
            (log.at < now - timedelta(days=LOG_TEXT_DAYS)) & log.text.is_not(None),
        ),
        EVALUATION_TEXTS: (
            tables.evaluation_answers,
            (answers.day < began.replace(year=began.year - 1).date()) & answers.text.is_not(None),
        ),
        AUDIT: (tables.audit, tables.audit.c.at < now - timedelta(days=AUDIT_DAYS)),
        MINUTES: (days, days.c.coarse.is_(False) & (days.c.day < now.date() - timedelta(days=LOG_MINUTES_DAYS))),
        MAILS: (tables.mails, tables.mails.c.sent_at < now - timedelta(days=MAIL_DAYS)),
    }


def _school_year_began(now: datetime) -> datetime:
    return datetime.combine(first_day(school_year(now.date())), datetime.min.time(), clock.ZONE)


def _expire_some() -> list[str]:
    table, ended = _too_old()[ENDED]
    with transaction(write=True) as connection:
        query = select(table.c.id).where(ended).limit(BATCH)
        ids = list(connection.execute(query).scalars())
        if ids:
            delete_conversations(connection, ids)
    return ids


def _clean_up() -> int:
    """Removes old handoffs, old text from the log and from evaluations, old marks of deletion, and events that outlived
    theirs.

    Returns how many handoffs and texts of evaluations.
    """
    now = clock.now()
    known = select(tables.conversations.c.id)
    handoffs = tables.handoffs
    rules = _too_old()
    with transaction(write=True) as connection:
        blank_forgotten(connection)
        connection.execute(update(tables.interactions).where(rules[LOG_TEXTS][1]).values(text=None))
        old_texts = update(tables.evaluation_answers).where(rules[EVALUATION_TEXTS][1])
        blanked = connection.execute(old_texts.values(text=None)).rowcount
        removed = connection.execute(delete(handoffs).where(or_(rules[CLOSED][1], rules[OPEN][1]))).rowcount
        connection.execute(delete(tables.audit).where(rules[AUDIT][1]))
        connection.execute(delete(tables.mails).where(rules[MAILS][1]))
        parted = (
            handoffs.c.conversation_id.not_in(known),
            handoffs.c.created_at < now - timedelta(seconds=ORPHAN_SECONDS),
        )
        connection.execute(update(handoffs).where(*parted).values(conversation_id=None))
        tokens_ended = now - timedelta(hours=CONVERSATION_HOURS)
        connection.execute(delete(tables.forgotten).where(tables.forgotten.c.at < tokens_ended))
        turns = tables.turns.c
        orphans = turns.conversation_id.not_in(known), turns.at < now - timedelta(seconds=ORPHAN_SECONDS)
        connection.execute(delete(tables.turns).where(*orphans))
    return int(removed + blanked)


def _round_times() -> None:
    """Of the rows that are counted by now only the hour stays; a day with a late row is counted, and comes, again."""
    days, old = _too_old()[MINUTES]
    with transaction() as connection:
        waiting = list(connection.execute(select(days.c.day).where(old)).scalars())
    for day in waiting:
        begin, end = (datetime.combine(day + timedelta(number), datetime.min.time(), clock.ZONE) for number in (0, 1))
        with transaction(write=True) as connection:
            for table in (tables.interactions, tables.feedback):
                rows = connection.execute(select(table.c.id, table.c.at).where(table.c.at >= begin, table.c.at < end))
                hours = [{"row": id, "hour": at.replace(minute=0, second=0, microsecond=0)} for id, at in rows]
                if hours:
                    rounded = update(table).where(table.c.id == bindparam("row")).values(at=bindparam("hour"))
                    connection.execute(rounded, hours)
            connection.execute(update(days).where(days.c.day == day).values(coarse=True))
