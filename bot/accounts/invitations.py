"""Invitations: a link with which somebody chooses a password. For an account that is there it is a new start."""

import secrets
from datetime import timedelta
from typing import Optional

from sqlalchemy import delete, insert, select, update
from sqlalchemy.engine import Connection

from bot import clock
from bot.accounts import passwords
from bot.accounts.accounts import Account, by_id
from bot.accounts.audit import record
from bot.accounts.sessions import token_hash
from bot.storage import tables
from bot.storage.database import transaction

VALID_DAYS = 7

_invitations = tables.invitations


def invite(account: Account) -> str:
    """The token of a new link, valid for a week; an older link of this account no longer works."""
    token = secrets.token_urlsafe(32)
    expires_at = clock.now() + timedelta(days=VALID_DAYS)
    with transaction(write=True) as connection:
        connection.execute(delete(_invitations).where(_invitations.c.account_id == account.id))
        row = {"hash": token_hash(token), "account_id": account.id, "expires_at": expires_at}
        connection.execute(insert(_invitations).values(**row))
        record(connection, "account_invited", None, account.id)
    return token


def invited(token: str) -> Optional[Account]:
    """Whom this token invites, None when it is unknown, used or too old."""
    with transaction() as connection:
        return _invited(connection, token)


def accept(token: str, password: str) -> bool:
    """Gives the account this password, and nothing else that was there before: no second factor and no sessions.

    False when the token is no longer valid.
    """
    stored = passwords.hashed(password)
    with transaction(write=True) as connection:
        account = _invited(connection, token)
        if account is None:
            return False
        for table in (_invitations, tables.sessions, tables.recovery_codes):
            connection.execute(delete(table).where(table.c.account_id == account.id))
        fresh = {"password": stored, "totp": None, "totp_step": None, "disabled_at": None}
        connection.execute(update(tables.accounts).where(tables.accounts.c.id == account.id).values(**fresh))
        record(connection, "invitation_used", None, account.id)
    return True


def _invited(connection: Connection, token: str) -> Optional[Account]:
    query = select(_invitations.c.account_id).where(
        _invitations.c.hash == token_hash(token), _invitations.c.expires_at > clock.now()
    )
    id = connection.execute(query).scalar()
    return by_id(connection, id) if id else None
