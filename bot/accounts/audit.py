"""The audit log: who did what. It holds no password, no code and no text of a pupil."""

import secrets
from typing import Optional

from sqlalchemy import insert
from sqlalchemy.engine import Connection

from bot import clock
from bot.storage import tables


def record(connection: Connection, action: str, account_id: Optional[str], subject: str, detail: str = "") -> None:
    """Adds a row in this transaction. `account_id`: who did it, None when nobody was logged in."""
    row = {"id": secrets.token_hex(16), "at": clock.now(), "account_id": account_id}
    connection.execute(insert(tables.audit).values(**row, action=action, subject=subject, detail=detail))
