"""Views and visitors of the pages with the chat: counted without a cookie, and without keeping an address."""

import secrets
from datetime import date
from functools import lru_cache
from hashlib import blake2b
from typing import Optional

import structlog
from sqlalchemy import select

from bot import clock
from bot.monitoring.log import counted, spool
from bot.settings import settings
from bot.storage import tables
from bot.storage.database import DatabaseDown, transaction, write_rows

log = structlog.get_logger()


def seen(address: str, agent: str, school: Optional[str] = None) -> None:
    """Counts a view, and a visitor who was not at this school's page today. It waits for the database once a day; when
    that is down then, only the view counts.

    A visitor is a hash of address and browser with the salt of today. `figures.roll_up` throws both away when the day
    is over.
    """
    rows = [counted("view", school)]
    try:
        who = "\0".join((address, agent, school or "")).encode("utf-8", "replace")
        visitor = blake2b(who, key=_salt(clock.today(), settings().database), digest_size=32).hexdigest()
        rows.append(counted("visitor", school, once=visitor))
    except DatabaseDown as error:
        log.warning("visitor_not_counted", error=str(error))
    spool().put(rows)


@lru_cache(maxsize=1)
def _salt(today: date, database: str) -> bytes:
    """The salt of this day in this database, the same for all processes. Raises DatabaseDown."""
    with transaction(write=True) as connection:
        write_rows(connection, [("salts", {"day": today, "salt": secrets.token_hex(32)})])
        known = tables.salts.c
        return bytes.fromhex(connection.execute(select(known.salt).where(known.day == today)).scalar())
