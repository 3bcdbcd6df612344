"""Views and visitors of the pages with the chat: counted without a cookie, and without keeping an address."""

import secrets
from hashlib import blake2b
from typing import Optional

import structlog
from sqlalchemy import select
from sqlalchemy.engine import Connection

from bot import clock
from bot.monitoring.log import counted
from bot.storage import tables
from bot.storage.database import DatabaseDown, transaction, write_rows

log = structlog.get_logger()


def seen(address: str, agent: str, school: Optional[str] = None) -> None:
    """Counts a view, and a visitor who was not at this school's page today. When the database is down it counts none.

    A visitor is a hash of address and browser with the salt of today. `figures.roll_up` throws both away when the day
    is over.
    """
    try:
        with transaction(write=True) as connection:
            who = "\0".join((address, agent, school or ""))
            visitor = blake2b(who.encode("utf-8", "replace"), key=_salt(connection), digest_size=32).hexdigest()
            write_rows(connection, [counted("view", school), counted("visitor", school, once=visitor)])
    except DatabaseDown as error:
        log.warning("view_not_counted", error=str(error))


def _salt(connection: Connection) -> bytes:
    today = clock.today()
    write_rows(connection, [("salts", {"day": today, "salt": secrets.token_hex(32)})])
    known = tables.salts.c
    return bytes.fromhex(connection.execute(select(known.salt).where(known.day == today)).scalar())
