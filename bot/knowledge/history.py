"""The versions of the knowledge files: who changed what and when, and the text of then.

Every version of a file is kept whole. A change that was made outside the portal becomes a version as soon as it is
noticed: when somebody opens a page about the file, and before the next change is saved.
"""

import difflib
import re
import zlib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Optional

from sqlalchemy import func, insert, select
from sqlalchemy.engine import Connection
from yaml import YAMLError

from bot import clock
from bot.accounts.audit import LONGEST_DETAIL, record
from bot.knowledge import loader, writing
from bot.knowledge.loader import KnowledgeError, Problem
from bot.storage import tables
from bot.storage.database import transaction

FIRST = "Zo was het toen Lobke de versies begon te bewaren."
OUTSIDE = "Veranderd buiten het portaal."
NEW, CHANGED, GONE = "nieuw", "veranderd", "weg"
SAME, LESS, MORE = "zelfde", "weg", "erbij"
CONTEXT = 2  # lines shown around a difference
LEAST_SAME = 5  # words and spaces between two changes
MOST = 200
_LONGEST_SUBJECT = 64
_WORDS = re.compile(r"\s+|[^\s]+")
_table = tables.knowledge_versions
_columns = [_table.c[name] for name in ("id", "at", "account_id", "file", "entries", "summary", "hash")]
Part = tuple[str, str]
"""SAME, LESS or MORE, and the words."""


@dataclass(frozen=True)
class Version:
    """What a file was after a change. `account_id`: who made it, None outside the portal; `entries`: what it did."""

    id: int
    at: datetime
    account_id: Optional[str]
    file: str
    entries: dict[str, str]
    summary: str
    hash: str


@dataclass(frozen=True)
class Line:
    """A line of a difference: SAME, LESS or MORE, its number in the new text (0 for LESS), and its parts."""

    kind: str
    number: int
    parts: list[Part]


def notice(texts: Mapping[str, str]) -> None:
    """Keeps the texts of files (path in the folder → text) that are no version yet. Raises DatabaseDown."""
    with transaction() as connection:
        known = _latest(connection)
    if all(known.get(file) == writing.version(text) for file, text in texts.items()):
        return
    with transaction(write=True) as connection:
        known = _latest(connection)
        for file, text in texts.items():
            if known.get(file) != writing.version(text):
                before = _content(connection, _latest_id(connection, file)) if file in known else None
                _add(connection, None, file, OUTSIDE if file in known else FIRST, before, text)


def save(
    folder: Path, changes: Mapping[str, str], versions: Mapping[str, str], account_id: str, summary: str
) -> list[Problem]:
    """Saves files as `writing.save` does, keeps what they were and are now, records who did it, and takes them over.

    Returns the mistakes, and then nothing was written. Raises Outdated, OSError and DatabaseDown.
    """
    before = {file: writing.read(folder / file) for file in changes}
    notice(before)
    problems = writing.save(folder, changes, versions)
    if problems:
        return problems
    with transaction(write=True) as connection:
        for file, text in changes.items():
            _add(connection, account_id, file, summary, before[file], text)
            record(connection, "knowledge_changed", account_id, file[:_LONGEST_SUBJECT], summary[:LONGEST_DETAIL])
    with suppress(KnowledgeError):  # there never was a good version: the thread that looks keeps trying
        loader.live.look()
    return []


def versions(file: str = "", entry: str = "") -> list[Version]:
    """The versions of a file, or of all, the latest first; with `entry` those that changed it."""
    query = select(*_columns).order_by(_table.c.id.desc())
    if file:
        query = query.where(_table.c.file == file)
    if not entry:
        query = query.limit(MOST)
    with transaction() as connection:
        found = [Version(*row) for row in connection.execute(query)]
    return [version for version in found if not entry or entry in version.entries][:MOST]


def last_changes(file: str) -> dict[str, datetime]:
    """When each entry of a file was last changed, as far as it is known."""
    query = select(_table.c.entries, _table.c.at).where(_table.c.file == file).order_by(_table.c.id)
    with transaction() as connection:
        return {id: at for entries, at in connection.execute(query) for id in entries}


def version(id: int) -> Optional[Version]:
    """The version with this id, or None."""
    with transaction() as connection:
        row = connection.execute(select(*_columns).where(_table.c.id == id)).first()
    return Version(*row) if row else None


def text_of(id: int) -> str:
    """The text of the version with this id. Raises KeyError."""
    with transaction() as connection:
        return _content(connection, id)


def before(version: Version) -> str:
    """The text of the version before this one; "" for the first."""
    with transaction() as connection:
        earlier = select(func.max(_table.c.id)).where(_table.c.file == version.file, _table.c.id < version.id)
        id = connection.execute(earlier).scalar()
        return _content(connection, id) if id else ""


def changed_entries(before: str, after: str) -> dict[str, str]:
    """NEW, CHANGED or GONE by id of the entries that differ; nothing when one of the texts is broken."""
    try:
        old, new = _entries(before), _entries(after)
    except YAMLError:
        return {}
    found = {id: GONE for id in old if id not in new}
    return found | {id: CHANGED if id in old else NEW for id, text in new.items() if old.get(id) != text}


def words_between(before: str, after: str) -> list[Part]:
    """What is the same, gone and new, in words. A few words that are the same go along with the changes around them."""
    old, new = _WORDS.findall(before), _WORDS.findall(after)
    steps = difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    found: list[Part] = []
    less = more = ""
    for at, (kind, a, b, c, d) in enumerate(steps):
        if kind == "equal" and (b - a >= LEAST_SAME or at in (0, len(steps) - 1)):
            found += [part for part in ((LESS, less), (MORE, more), (SAME, "".join(old[a:b]))) if part[1]]
            less = more = ""
        else:
            less, more = less + "".join(old[a:b]), more + "".join(new[c:d])
    return found + [part for part in ((LESS, less), (MORE, more)) if part[1]]


def lines_between(before: str, after: str) -> list[list[Line]]:
    """The places where the texts differ, each with a few lines around it."""
    old, new = before.splitlines(), after.splitlines()
    groups = difflib.SequenceMatcher(None, old, new).get_grouped_opcodes(CONTEXT)
    return [_lines(old, new, group) for group in groups]


def _lines(old: list[str], new: list[str], group: list[tuple[str, int, int, int, int]]) -> list[Line]:
    found: list[Line] = []
    for kind, a, b, c, d in group:
        if kind == "equal":
            found += [Line(SAME, c + at + 1, [(SAME, line)]) for at, line in enumerate(new[c:d])]
            continue
        pairs = [words_between(one, other) for one, other in zip(old[a:b], new[c:d], strict=False)]
        for at, line in enumerate(old[a:b]):
            parts = [part for part in pairs[at] if part[0] != MORE] if at < len(pairs) else [(LESS, line)]
            found.append(Line(LESS, 0, parts))
        for at, line in enumerate(new[c:d]):
            parts = [part for part in pairs[at] if part[0] != LESS] if at < len(pairs) else [(MORE, line)]
            found.append(Line(MORE, c + at + 1, parts))
    return found


def _entries(text: str) -> dict[str, str]:
    lines = text.splitlines()
    return {id: "\n".join(lines[place.first - 1 : place.last]) for id, place in writing.places(text).items()}


def _latest(connection: Connection) -> dict[str, str]:
    """The hash of the latest version of each file."""
    ids = select(func.max(_table.c.id)).group_by(_table.c.file)
    rows = connection.execute(select(_table.c.file, _table.c.hash).where(_table.c.id.in_(ids)))
    return {file: hash for file, hash in rows}


def _latest_id(connection: Connection, file: str) -> int:
    id: int = connection.execute(select(func.max(_table.c.id)).where(_table.c.file == file)).scalar_one()
    return id


def _content(connection: Connection, id: int) -> str:
    found = connection.execute(select(_table.c.content).where(_table.c.id == id)).scalar()
    if found is None:
        raise KeyError(id)
    return zlib.decompress(found).decode()


def _add(
    connection: Connection, account_id: Optional[str], file: str, summary: str, before: Optional[str], text: str
) -> None:
    row = {
        "at": clock.now(),
        "account_id": account_id,
        "file": file,
        "entries": {} if before is None else changed_entries(before, text),
        "summary": summary[:LONGEST_DETAIL],
        "hash": writing.version(text),
        "content": zlib.compress(text.encode()),
    }
    connection.execute(insert(_table).values(**row))
