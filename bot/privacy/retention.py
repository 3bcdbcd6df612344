"""What is deleted when its time is over."""

import time
from datetime import timedelta

import structlog
from sqlalchemy import delete, select, update

from bot import clock
from bot.storage import tables
from bot.storage.conversations import CONVERSATION_HOURS, delete_conversations, rasa_tables
from bot.storage.database import blank_forgotten, shrink_wal, transaction

log = structlog.get_logger()

BATCH = 200  # conversations a transaction, so that the chat never waits long
LOG_TEXT_DAYS = 90  # what was not understood is read by staff within this time
ORPHAN_SECONDS = 3600  # Rasa's events of an unknown conversation are deleted after this time


def expire() -> int:
    """Deletes conversations that have ended, everywhere, and other text that is too old; returns how many ended.

    Raises DatabaseDown; what was done until then stays done.
    """
    ended = 0
    while ids := _expire_some():
        ended += len(ids)
    _clean_up()
    if ended:
        shrink_wal()
        log.info("conversations_expired", number=ended)
    return ended


def _expire_some() -> list[str]:
    table = tables.conversations
    with transaction(write=True) as connection:
        query = select(table.c.id).where(table.c.expires_at <= clock.now()).limit(BATCH)
        ids = list(connection.execute(query).scalars())
        if ids:
            delete_conversations(connection, ids)
    return ids


def _clean_up() -> None:
    """Removes old text from the log, old hashes of deleted conversations, and events that outlived theirs."""
    now = clock.now()
    known = select(tables.conversations.c.id)
    text = tables.interactions.c
    with transaction(write=True) as connection:
        blank_forgotten(connection)
        too_old = text.at < now - timedelta(days=LOG_TEXT_DAYS)
        connection.execute(update(tables.interactions).where(too_old, text.text.is_not(None)).values(text=None))
        tokens_ended = now - timedelta(hours=CONVERSATION_HOURS)
        connection.execute(delete(tables.forgotten).where(tables.forgotten.c.at < tokens_ended))
        for events in rasa_tables(connection):
            if "timestamp" in events.c:
                orphans = events.c.sender_id.not_in(known), events.c.timestamp < time.time() - ORPHAN_SECONDS
                connection.execute(delete(events).where(*orphans))
