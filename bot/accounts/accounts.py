"""Who may use the portal, as what, and for which schools. All calls block, and raise DatabaseDown."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Optional
from uuid import uuid4

from sqlalchemy import and_, delete, exc, func, insert, or_, select, update
from sqlalchemy.engine import Connection

from bot import clock, knowledge
from bot.accounts import passwords
from bot.accounts.audit import record
from bot.handoff.store import release
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
    has_other_login: bool  # she is known at the provider of logins
    notices: str  # meteen, dagelijks or geen: how she hears of a handoff by mail
    disabled_at: Optional[datetime]

    @property
    def can_log_in(self) -> bool:
        """Whether there is a way to log in; `_can_log_in` says the same of a row."""
        return self.disabled_at is None and (self.has_password or self.has_other_login)


def add(
    email: str,
    role: str,
    schools: Iterable[str] = (),
    name: str = "",
    password: Optional[str] = None,
    by: Optional[Account] = None,
) -> Account:
    """Makes an account, without a password when an invitation follows. Raises Refused.

    `by`, here and below: who of beheer does it, None for whoever runs Lobke.
    """
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
            record(connection, "account_added", _id(by), id, role)
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
        found = find(connection, _accounts.c.email == normal(email))
    if found is None:
        raise Refused(f"Er is geen account voor {normal(email)}.")
    return found


def by_id(connection: Connection, id: str) -> Optional[Account]:
    """The account with this id."""
    return find(connection, _accounts.c.id == id)


def find(connection: Connection, *conditions: Any) -> Optional[Account]:
    """The account whose row meets these conditions; at most one does."""
    return next(iter(_read(connection, *conditions)), None)


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
            row.oidc_subject is not None,
            row.notices,
            row.disabled_at,
        )
        for row in rows
    ]


def schools_with_decaan() -> frozenset[str]:
    """The ids of schools where a decaan can log in, so where somebody can answer."""
    query = (
        select(tables.account_schools.c.school)
        .join(_accounts, _accounts.c.id == tables.account_schools.c.account_id)
        .where(_accounts.c.role == DECAAN, _can_log_in())
    )
    with transaction() as connection:
        return frozenset(connection.execute(query).scalars())


def _can_log_in() -> Any:
    knows_a_way = or_(_accounts.c.password.is_not(None), _accounts.c.oidc_subject.is_not(None))
    return and_(_accounts.c.disabled_at.is_(None), knows_a_way)


def with_password(email: str, password: str) -> Optional[Account]:
    """The account that may log in with these, None without saying what is wrong: the work is the same."""
    with transaction() as connection:
        found = find(connection, _accounts.c.email == normal(email))
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
        links = tables.invitations.c.account_id == account.id, tables.invitations.c.kind == "wachtwoord"
        connection.execute(delete(tables.invitations).where(*links))
        connection.execute(delete(tables.sessions).where(tables.sessions.c.account_id == account.id))
        record(connection, "password_changed", account.id, account.id)


def change(account: Account, name: str, role: str, schools: Iterable[str], by: Optional[Account] = None) -> None:
    """Gives the account another name, role or schools; handoffs of schools that are hers no more become nobody's.

    Raises Refused.
    """
    schools, name = frozenset(schools), name or account.name
    _check(account.email, role, schools, name)
    _not_herself(account, by, role != account.role, "Je eigen rol verander je niet. Vraag een ander van beheer.")
    of_account = tables.account_schools
    with transaction(write=True) as connection:
        _lock_beheer(connection)
        values = {"name": name, "role": role}
        connection.execute(update(_accounts).where(_accounts.c.id == account.id).values(**values))
        connection.execute(delete(of_account).where(of_account.c.account_id == account.id))
        for school in sorted(schools):
            connection.execute(insert(of_account).values(account_id=account.id, school=school))
        release(connection, account.id, _id(by), keep=schools)
        _check_beheer(connection, by)
        record(connection, "account_changed", _id(by), account.id, role)


def remove(account: Account, by: Optional[Account] = None) -> None:
    """Deletes the account with all that is only hers. Answers and notes keep her name; her handoffs become nobody's.

    Raises Refused.
    """
    _not_herself(account, by, True, "Je eigen account verwijder je niet. Vraag een ander van beheer.")
    with transaction(write=True) as connection:
        _lock_beheer(connection)
        release(connection, account.id, _id(by))
        for table in (tables.canned_answers, tables.presence, tables.mails):
            connection.execute(delete(table).where(table.c.account_id == account.id))
        connection.execute(delete(_accounts).where(_accounts.c.id == account.id))
        _check_beheer(connection, by)
        record(connection, "account_deleted", _id(by), account.id, account.name)


def last_logins() -> dict[str, datetime]:
    """When each account last logged in, by id; without those for which the audit log no longer says so."""
    log = tables.audit.c
    ids = select(_accounts.c.id)
    query = select(log.subject, func.max(log.at)).where(log.subject.in_(ids), log.action == "login")
    with transaction() as connection:
        return dict(connection.execute(query.group_by(log.subject)).all())


def _id(account: Optional[Account]) -> Optional[str]:
    return account.id if account else None


def _not_herself(account: Account, by: Optional[Account], matters: bool, text: str) -> None:
    if matters and by and by.id == account.id:
        raise Refused(text)


def _lock_beheer(connection: Connection) -> None:
    """Makes two of beheer who remove each other wait for one another."""
    connection.execute(select(_accounts.c.id).where(_accounts.c.role == BEHEER).with_for_update()).all()


def _check_beheer(connection: Connection, by: Optional[Account]) -> None:
    query = select(_accounts.c.id).where(_accounts.c.role == BEHEER, _can_log_in())
    if by and connection.execute(query).first() is None:
        raise Refused("Er moet iemand van beheer blijven die kan inloggen.")


def disable(email: str, by: Optional[Account] = None) -> None:
    """Nobody can log in with this account until it is invited again. Raises Refused when there is none."""
    account = by_email(email)
    _not_herself(account, by, True, "Je eigen account zet je niet uit. Vraag een ander van beheer.")
    with transaction(write=True) as connection:
        _lock_beheer(connection)
        connection.execute(update(_accounts).where(_accounts.c.id == account.id).values(disabled_at=clock.now()))
        for table in (tables.sessions, tables.invitations):
            connection.execute(delete(table).where(table.c.account_id == account.id))
        _check_beheer(connection, by)
        record(connection, "account_disabled", _id(by), account.id)
