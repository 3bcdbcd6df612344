"""The mail that waits, in the database: written once, sent once, and tried again until the server takes it.

Who sends a mail claims it first, so that no two processes send the same one. When a process dies after the server took
a mail and before that was written down, the mail goes out once more, with the same Message-ID.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Optional
from uuid import uuid4

from sqlalchemy import func, select, update

from bot import clock
from bot.accounts import accounts
from bot.accounts.accounts import Account
from bot.accounts.audit import record
from bot.keys import derived_key
from bot.storage import tables
from bot.storage.database import Row, transaction, write_rows

NEW, WROTE, ASSIGNED, ESCALATION = "nieuw", "bericht", "toegewezen", "escalatie"  # about a handoff
DIGEST, INVITATION, RESET = "dagelijks", "uitnodiging", "wachtwoord"
REVIEW = "controle"  # entries of the knowledge to look at again
CLAIMED = timedelta(minutes=10)  # longer than a server takes for one mail
LONGEST_WAIT = timedelta(minutes=60)
RESET_EVERY = timedelta(minutes=20)  # how often an account gets a link for another password

_mails = tables.mails


@dataclass(frozen=True)
class Waiting:
    """How many mails wait, and since when the oldest does; None when none waits."""

    number: int
    since: Optional[datetime]


@dataclass(frozen=True)
class Entry:
    """One mail that is due. `subject`: id of a handoff, day of a digest or review, or "". `tries`: with this one."""

    id: str
    account_id: str
    kind: str
    subject: str
    created_at: datetime
    tries: int


def row(account_id: str, kind: str, subject: str, about: str) -> Row:
    """A mail that is due now. The same account, kind, subject and `about` are the same mail."""
    now = clock.now()
    id = hashlib.sha256(repr((account_id, kind, subject, about)).encode()).hexdigest()
    values = {"id": id, "account_id": account_id, "kind": kind, "subject": subject}
    return "mails", {**values, "created_at": now, "due_at": now, "tries": 0}


def invite_by_mail(account: Account, by: Optional[str] = None) -> None:
    """Mails an invitation to this account; an older link no longer works once it is sent. Raises DatabaseDown.

    `by`: id of who asked for it.
    """
    with transaction(write=True) as connection:
        write_rows(connection, [row(account.id, INVITATION, "", uuid4().hex)])
        record(connection, "account_mailed", by, account.id)


def ask_reset(email: str) -> None:
    """Mails a link for another password to the account of this address, at most one in RESET_EVERY.

    For an address without an account it does the same work, and nothing is sent. Raises DatabaseDown.
    """
    email = accounts.normal(email)
    slot = int(clock.now().timestamp() // RESET_EVERY.total_seconds())
    with transaction(write=True) as connection:
        query = select(tables.accounts.c.id).where(tables.accounts.c.email == email)
        id = connection.execute(query).scalar() or ""
        write_rows(connection, [row(id, RESET, "", derived_key(f"reset:{email}:{slot}"))])
        record(connection, "reset_asked", None, id)


def waiting() -> Waiting:
    """The mail that is not sent yet. Raises DatabaseDown."""
    query = select(func.count(), func.min(_mails.c.created_at)).where(_mails.c.sent_at.is_(None))
    with transaction() as connection:
        number, since = connection.execute(query).one()
    return Waiting(number, since)


def claim() -> Optional[Entry]:
    """The mail that is due longest; for a while it is nobody else's. None when none is due."""
    while True:
        now = clock.now()
        due = _mails.c.sent_at.is_(None), _mails.c.due_at <= now
        with transaction() as connection:
            found = connection.execute(select(_mails).where(*due).order_by(_mails.c.due_at, _mails.c.id)).first()
        if found is None:
            return None
        untouched = _mails.c.id == found.id, _mails.c.tries == found.tries, _mails.c.sent_at.is_(None)
        claimed = {"tries": found.tries + 1, "due_at": now + CLAIMED}
        with transaction(write=True) as connection:
            is_mine = connection.execute(update(_mails).where(*untouched).values(**claimed)).rowcount
        if is_mine:
            return Entry(found.id, found.account_id, found.kind, found.subject, found.created_at, found.tries + 1)


def done(entry: Entry) -> None:
    """It was sent, or there is no need for it any more."""
    _change(entry, sent_at=clock.now())


def put_off(entry: Entry) -> None:
    """It is tried again after 1, 2, 4 … minutes, and later on every hour."""
    wait = min(timedelta(minutes=2 ** min(entry.tries - 1, 10)), LONGEST_WAIT)
    _change(entry, due_at=clock.now() + wait)


def _change(entry: Entry, **values: datetime) -> None:
    with transaction(write=True) as connection:
        connection.execute(update(_mails).where(_mails.c.id == entry.id).values(**values))
