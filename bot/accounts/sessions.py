"""Sessions of staff. The browser holds a random token, the database its hash."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Optional

from sqlalchemy import delete, insert, or_, select, update

from bot import clock
from bot.accounts.accounts import Account, by_id
from bot.accounts.audit import record
from bot.storage import tables
from bot.storage.database import transaction

IDLE = timedelta(minutes=30)
LONGEST = timedelta(hours=12)
FOR_SECOND_FACTOR = timedelta(minutes=10)
SEEN_EVERY = timedelta(minutes=1)  # how exactly it is kept when a session was last used

_sessions = tables.sessions


@dataclass(frozen=True)
class Session:
    """A browser where somebody logged in. `complete`: false while the second factor is still to come;
    `second_factor_elsewhere`: whether the provider of the login asked for one.
    """

    hash: str
    account: Account
    complete: bool
    device: str
    created_at: datetime
    seen_at: datetime
    second_factor_elsewhere: bool = False

    @property
    def id(self) -> str:
        """What a page may show of it: nothing that opens the session."""
        return self.hash[:16]


def token_hash(token: str) -> str:
    """What is stored of a random token: 64 hex digits."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def start(account: Account, device: str, complete: bool, second_factor_elsewhere: bool = False) -> str:
    """The token of a new session. Sessions whose time is over are deleted."""
    token, now = secrets.token_urlsafe(32), clock.now()
    row = {
        "hash": token_hash(token),
        "account_id": account.id,
        "complete": complete,
        "second_factor_elsewhere": second_factor_elsewhere,
        "device": device,
    }
    with transaction(write=True) as connection:
        connection.execute(delete(_sessions).where(_ended()))
        connection.execute(insert(_sessions).values(**row, created_at=now, seen_at=now))
        if complete:
            record(connection, "login", account.id, account.id, device)
    return token


def find(token: str, used: bool = True) -> Optional[Session]:
    """The session of this token, None when it ended. `used`: whether this keeps it from ending by idleness."""
    known = _sessions.c.hash == token_hash(token)
    with transaction() as connection:
        row = connection.execute(select(_sessions).where(known, ~_ended())).first()
        account = by_id(connection, row.account_id) if row else None
    if row is None or account is None or account.disabled_at:
        return None
    if used and clock.now() - row.seen_at >= SEEN_EVERY:
        with transaction(write=True) as connection:
            connection.execute(update(_sessions).where(known).values(seen_at=clock.now()))
    return Session(
        row.hash, account, row.complete, row.device, row.created_at, row.seen_at, row.second_factor_elsewhere
    )


def of_account(account: Account) -> list[Session]:
    """Where the account is logged in now, the last used first."""
    mine = _sessions.c.account_id == account.id, _sessions.c.complete, ~_ended()
    with transaction() as connection:
        rows = connection.execute(select(_sessions).where(*mine).order_by(_sessions.c.seen_at.desc())).all()
    return [Session(row.hash, account, True, row.device, row.created_at, row.seen_at) for row in rows]


def end(session: Session) -> None:
    """Log out here."""
    with transaction(write=True) as connection:
        ended = connection.execute(delete(_sessions).where(_sessions.c.hash == session.hash)).rowcount
        if ended and session.complete:
            record(connection, "logout", session.account.id, session.account.id, session.device)


def end_all(account: Account) -> None:
    """Log out everywhere."""
    with transaction(write=True) as connection:
        connection.execute(delete(_sessions).where(_sessions.c.account_id == account.id))
        record(connection, "logout_everywhere", account.id, account.id)


def _ended() -> Any:
    now, at = clock.now(), _sessions.c
    half_too_long = ~at.complete & (at.created_at <= now - FOR_SECOND_FACTOR)
    return or_(at.seen_at <= now - IDLE, at.created_at <= now - LONGEST, half_too_long)
