"""Who may use the portal, as what, and for which schools. All calls block, and raise DatabaseDown."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Optional
from uuid import uuid4

from sqlalchemy import delete, exc, insert, select, update
from sqlalchemy.engine import Connection

from bot import clock, knowledge
from bot.accounts import passwords
from bot.accounts.audit import record
from bot.storage import tables
from bot.storage.database import transaction

DECAAN, REDACTIE, BEHEER = ROLES = ("decaan", "redactie", "beheer")
EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
LONGEST_EMAIL = 254
LONGEST_NAME = 80

_accounts = tables.accounts


class Refused(Exception):
    """An account that cannot be made or found; the text is a sentence that says why."""


@dataclass(frozen=True)
class Account:
    """One member of staff. `schools`: ids of entries in scholen.yml; only a decaan has them."""

    id: str
    email: str
    name: str
    role: str
    schools: frozenset[str]
    has_password: bool
    has_second_factor: bool
    disabled_at: Optional[datetime]


def add(email: str, role: str, schools: Iterable[str] = (), name: str = "", password: Optional[str] = None) -> Account:
    """Makes an account, without a password when an invitation follows. Raises Refused."""
    email, schools = normal(email), frozenset(schools)
    _check(email, role, schools, name)
    problem = passwords.remark(password, email) if password is not None else ""
    if problem:
        raise Refused(problem)
    id = uuid4().hex
    row = {
        "id": id,
        "email": email,
        "name": name or email.partition("@")[0][:LONGEST_NAME],
        "role": role,
        "password": passwords.hashed(password) if password is not None else None,
        "created_at": clock.now(),
    }
    try:
        with transaction(write=True) as connection:
            connection.execute(insert(_accounts).values(**row))
            for school in schools:
                connection.execute(insert(tables.account_schools).values(account_id=id, school=school))
            record(connection, "account_added", None, id, role)
            made = by_id(connection, id)
    except exc.IntegrityError:
        raise Refused(f"Er is al een account voor {email}.") from None
    assert made is not None
    return made


def _check(email: str, role: str, schools: frozenset[str], name: str) -> None:
    if not EMAIL.fullmatch(email) or len(email) > LONGEST_EMAIL:
        raise Refused("Dit is geen e-mailadres.")
    if len(name) > LONGEST_NAME:
        raise Refused(f"Een naam heeft hoogstens {LONGEST_NAME} tekens.")
    if role not in ROLES:
        raise Refused(f"Kies als rol: {', '.join(ROLES)}.")
    if role == DECAAN and not schools:
        raise Refused("Een decaan hoort bij minstens 1 school.")
    if role != DECAAN and schools:
        raise Refused("Alleen een decaan hoort bij een school.")
    known = knowledge.current()
    for school in sorted(schools):
        if known.get(f"school:{school}") is None:
            raise Refused(f"De school {school} staat niet in scholen.yml.")


def normal(email: str) -> str:
    """An e-mail address as accounts are looked up by it."""
    return email.strip().lower()


def everyone() -> list[Account]:
    """All accounts, by e-mail address."""
    with transaction() as connection:
        return _read(connection)


def by_email(email: str) -> Account:
    """The account of this address. Raises Refused when there is none."""
    with transaction() as connection:
        found = _read(connection, _accounts.c.email == normal(email))
    if not found:
        raise Refused(f"Er is geen account voor {normal(email)}.")
    return found[0]


def by_id(connection: Connection, id: str) -> Optional[Account]:
    """The account with this id."""
    return next(iter(_read(connection, _accounts.c.id == id)), None)


def _read(connection: Connection, *conditions: Any) -> list[Account]:
    schools: dict[str, set[str]] = {}
    of_account = tables.account_schools
    chosen = select(_accounts.c.id).where(*conditions)
    for id, school in connection.execute(select(of_account).where(of_account.c.account_id.in_(chosen))):
        schools.setdefault(id, set()).add(school)
    rows = connection.execute(select(_accounts).where(*conditions).order_by(_accounts.c.email)).all()
    return [
        Account(
            row.id,
            row.email,
            row.name,
            row.role,
            frozenset(schools.get(row.id, ())),
            row.password is not None,
            row.totp is not None,
            row.disabled_at,
        )
        for row in rows
    ]


def schools_with_decaan() -> frozenset[str]:
    """The ids of schools where a decaan can log in, so where somebody can answer."""
    query = (
        select(tables.account_schools.c.school)
        .join(_accounts, _accounts.c.id == tables.account_schools.c.account_id)
        .where(_accounts.c.role == DECAAN, _accounts.c.disabled_at.is_(None), _accounts.c.password.is_not(None))
    )
    with transaction() as connection:
        return frozenset(connection.execute(query).scalars())


def with_password(email: str, password: str) -> Optional[Account]:
    """The account that may log in with these, None without saying what is wrong: the work is the same."""
    with transaction() as connection:
        found = next(iter(_read(connection, _accounts.c.email == normal(email))), None)
        stored = _stored_password(connection, found)
    if passwords.fits(stored, password):
        return found
    with transaction(write=True) as connection:
        record(connection, "login_failed", None, found.id if found else "")
    return None


def knows_password(account: Account, password: str) -> bool:
    """Whether somebody who is logged in as this account knows its password."""
    with transaction() as connection:
        stored = _stored_password(connection, account)
    if passwords.fits(stored, password):
        return True
    with transaction(write=True) as connection:
        record(connection, "password_failed", account.id, account.id)
    return False


def _stored_password(connection: Connection, account: Optional[Account]) -> Optional[str]:
    """Its hash, None for no account and for one that cannot log in."""
    id = account.id if account else ""
    query = select(_accounts.c.password).where(_accounts.c.id == id, _accounts.c.disabled_at.is_(None))
    found: Optional[str] = connection.execute(query).scalar()
    return found


def set_password(account: Account, password: str) -> None:
    """Changes the password of who is logged in, and ends all sessions."""
    stored = passwords.hashed(password)
    with transaction(write=True) as connection:
        connection.execute(update(_accounts).where(_accounts.c.id == account.id).values(password=stored))
        connection.execute(delete(tables.sessions).where(tables.sessions.c.account_id == account.id))
        record(connection, "password_changed", account.id, account.id)


def disable(email: str) -> None:
    """Nobody can log in with this account until it is invited again. Raises Refused when there is none."""
    account = by_email(email)
    with transaction(write=True) as connection:
        connection.execute(update(_accounts).where(_accounts.c.id == account.id).values(disabled_at=clock.now()))
        for table in (tables.sessions, tables.invitations):
            connection.execute(delete(table).where(table.c.account_id == account.id))
        record(connection, "account_disabled", None, account.id)
