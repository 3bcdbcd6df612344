"""Canned answers: what a decaan, or all decanen of a school, often answer, with variables that a handoff fills in."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields
from hashlib import sha256
from typing import Any, Optional

from sqlalchemy import and_, delete, func, or_, select, update
from sqlalchemy.engine import Connection

from bot.accounts.audit import record
from bot.handoff.inbox import NotFound, Stale
from bot.storage import tables
from bot.storage.conversations import storable
from bot.storage.database import transaction, write_rows

VARIABLES = ("voornaam", "leerjaar", "school", "decaan")
MOST = 100
"""Answers of one account, and of one school."""
LONGEST_TITLE, LONGEST_TEXT = 80, 4000
"""Characters."""

_VARIABLE = re.compile(r"\{([^{}\n]*)\}")
_table = tables.canned_answers


class Full(Exception):
    """There are MOST answers already."""


@dataclass(frozen=True)
class Canned:
    """One answer. `version` goes along with the next change."""

    id: str
    school: Optional[str]  # None: of the account
    title: str
    text: str
    version: int


class CannedAnswers:
    """All calls block and raise DatabaseDown. Only answers of this account and of `schools` (ids of scholen.yml) are
    found; any other raises NotFound.

    A change names the version it saw and raises Stale when there is a newer one. Every change leaves a row in the
    audit log.
    """

    def __init__(self, account_id: str, schools: Collection[str]) -> None:
        self.account_id = account_id
        self.schools = frozenset(schools)

    def all(self) -> list[Canned]:
        """Her own and then those of each school, by title."""
        with transaction() as connection:
            found = [_read(row) for row in connection.execute(select(_table).where(self._visible()))]
        return sorted(found, key=lambda answer: (answer.school or "", answer.title.casefold()))

    def get(self, id: str) -> Canned:
        """One answer."""
        with transaction() as connection:
            row = connection.execute(select(_table).where(_table.c.id == id, self._visible())).first()
        if row is None:
            raise NotFound
        return _read(row)

    def add(self, key: str, title: str, text: str, school: Optional[str] = None) -> bool:
        """Keeps an answer, for this account when there is no school; False when this key was used before.

        Raises Full.
        """
        if school is not None and school not in self.schools:
            raise NotFound
        id = sha256(f"{self.account_id}:{key}".encode()).hexdigest()[:32]
        row = {
            "id": id,
            "account_id": None if school else self.account_id,
            "school": school,
            "title": storable(title),
            "text": storable(text),
            "version": 1,
        }
        of_owner = _table.c.school == school if school else self._own()
        with transaction(write=True) as connection:
            if connection.execute(select(_table.c.id).where(_table.c.id == id)).first():
                return False
            if connection.execute(select(func.count()).select_from(_table).where(of_owner)).scalar() >= MOST:
                raise Full
            write_rows(connection, [(_table.name, row)])
            self._log(connection, "added", id, school)
            return True

    def change(self, id: str, version: int, title: str, text: str) -> None:
        """Another title and text."""
        values = {"title": storable(title), "text": storable(text), "version": version + 1}
        with transaction(write=True) as connection:
            row = self._locked(connection, id, version)
            connection.execute(update(_table).where(_table.c.id == id, self._visible()).values(**values))
            self._log(connection, "changed", id, row.school)

    def delete(self, id: str, version: int) -> None:
        """Deletes it for everybody who sees it."""
        with transaction(write=True) as connection:
            row = self._locked(connection, id, version)
            connection.execute(delete(_table).where(_table.c.id == id, self._visible()))
            self._log(connection, "deleted", id, row.school)

    def _locked(self, connection: Connection, id: str, version: int) -> Any:
        query = select(_table).where(_table.c.id == id, self._visible()).with_for_update()
        row = connection.execute(query).first()
        if row is None:
            raise NotFound
        if row.version != version:
            raise Stale
        return row

    def _own(self) -> Any:
        return and_(_table.c.account_id == self.account_id, _table.c.school.is_(None))

    def _visible(self) -> Any:
        return or_(self._own(), _table.c.school.in_(sorted(self.schools)))

    def _log(self, connection: Connection, action: str, id: str, school: Optional[str]) -> None:
        record(connection, f"canned_{action}", self.account_id, id, school or "")


def unknown_variables(text: str) -> list[str]:
    """What stands between { } in the text and is no variable, each once."""
    return list(dict.fromkeys(name for name in _VARIABLE.findall(text) if name not in VARIABLES))


def variables(text: str) -> list[str]:
    """The variables in the text, each once."""
    return [name for name in VARIABLES if f"{{{name}}}" in text]


def filled(text: str, values: Mapping[str, str]) -> str:
    """The text with these values in the place of its variables.

    A variable without a value goes, with the space or comma before it: "Hoi {voornaam}," becomes "Hoi,". At the start
    of a line the comma behind it goes, and the next word gets a capital. A value is never read as a variable.
    """
    for name in variables(text):
        if not values.get(name):
            field = rf"\{{{name}\}}"
            text = re.sub(rf"^{field},?[ \t]*(\w?)", lambda found: found[1].upper(), text, flags=re.MULTILINE)
            text = re.sub(rf",?[ \t]*{field}", "", text)
    return _VARIABLE.sub(lambda found: values.get(found[1], found[0]), text)


def _read(row: Any) -> Canned:
    return Canned(**{field.name: row._mapping[field.name] for field in fields(Canned)})
