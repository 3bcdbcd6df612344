"""Links with which somebody chooses a password.

An invitation is a new start for an account; who forgot her password gets a link that changes the password only.
"""

import secrets
from datetime import timedelta
from typing import Literal, Optional

from sqlalchemy import delete, insert, select, update
from sqlalchemy.engine import Connection

from bot import clock
from bot.accounts import passwords
from bot.accounts.accounts import Account, by_id
from bot.accounts.audit import record
from bot.accounts.sessions import token_hash
from bot.storage import tables
from bot.storage.database import transaction

Kind = Literal["uitnodiging", "wachtwoord"]
VALID_DAYS = 7
RESET_MINUTES = 60

_invitations = tables.invitations


def invite(account: Account, by: Optional[Account] = None) -> str:
    """The token of a new invitation, valid for a week; an older one of this account no longer works.

    `by`: who of beheer invites, None for whoever runs Lobke.
    """
    with transaction(write=True) as connection:
        older = _invitations.c.account_id == account.id, _invitations.c.kind == "uitnodiging"
        connection.execute(delete(_invitations).where(*older))
        token = _add(connection, account, "uitnodiging", timedelta(days=VALID_DAYS))
        record(connection, "account_invited", by.id if by else None, account.id)
    return token


def reset_link(account: Account) -> str:
    """The token of a link for another password, valid for an hour.

    Older ones go on working for their hour, so nobody makes hers useless by asking for another.
    """
    with transaction(write=True) as connection:
        return _add(connection, account, "wachtwoord", timedelta(minutes=RESET_MINUTES))


def invited(token: str, kind: Kind = "uitnodiging") -> Optional[Account]:
    """Whose link of this kind has this token, None when it is unknown, used or too old."""
    with transaction() as connection:
        return _invited(connection, token, kind)


def accept(token: str, password: str) -> bool:
    """Gives the invited account this password, and nothing else that was there before: no second factor, no sessions
    and no tie to a provider of logins.

    False when the token is no longer valid.
    """
    stored = passwords.hashed(password)
    with transaction(write=True) as connection:
        account = _invited(connection, token, "uitnodiging")
        if account is None:
            return False
        for table in (_invitations, tables.sessions, tables.recovery_codes):
            connection.execute(delete(table).where(table.c.account_id == account.id))
        fresh = {"password": stored, "totp": None, "totp_step": None, "oidc_subject": None, "disabled_at": None}
        connection.execute(update(tables.accounts).where(tables.accounts.c.id == account.id).values(**fresh))
        record(connection, "invitation_used", None, account.id)
    return True


def reset(token: str, password: str) -> bool:
    """Gives the account of a reset link this password and ends its sessions; the second factor stays.

    False when the token is no longer valid.
    """
    stored = passwords.hashed(password)
    with transaction(write=True) as connection:
        account = _invited(connection, token, "wachtwoord")
        if account is None or account.disabled_at:
            return False
        links = _invitations.c.account_id == account.id, _invitations.c.kind == "wachtwoord"
        if not connection.execute(delete(_invitations).where(*links)).rowcount:
            return False
        connection.execute(delete(tables.sessions).where(tables.sessions.c.account_id == account.id))
        connection.execute(update(tables.accounts).where(tables.accounts.c.id == account.id).values(password=stored))
        record(connection, "password_reset", None, account.id)
    return True


def _add(connection: Connection, account: Account, kind: Kind, valid: timedelta) -> str:
    token, now = secrets.token_urlsafe(32), clock.now()
    old = _invitations.c.account_id == account.id, _invitations.c.expires_at <= now
    connection.execute(delete(_invitations).where(*old))
    row = {"hash": token_hash(token), "account_id": account.id, "kind": kind, "expires_at": now + valid}
    connection.execute(insert(_invitations).values(**row))
    return token


def _invited(connection: Connection, token: str, kind: Kind) -> Optional[Account]:
    query = select(_invitations.c.account_id).where(
        _invitations.c.hash == token_hash(token), _invitations.c.kind == kind, _invitations.c.expires_at > clock.now()
    )
    id = connection.execute(query).scalar()
    return by_id(connection, id) if id else None
