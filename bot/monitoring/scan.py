"""The LOB-scan: what a school says each school year about the points of lobscan.yml, and what follows from it.

A school year is the number of the year in which it begins. There is no total: only a percentage for each heading.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date
from typing import Any, Literal, Optional, get_args

from sqlalchemy import exc, func, insert, select, true, update

from bot.accounts.audit import record
from bot.handoff.inbox import NotFound, Stale
from bot.knowledge.models import Lobscan, Punt
from bot.marks import is_change, mark_of
from bot.school_year import year_name
from bot.storage import tables
from bot.storage.conversations import storable
from bot.storage.database import transaction, write_rows

Value = Literal["", "nee", "deels", "ja", "nvt"]
""" "" while it is not answered; `nvt` counts as answered, but not in the percentage."""
VALUES: tuple[Value, ...] = get_args(Value)
WORTH = {"nee": 0, "deels": 1, "ja": 2}
LONGEST_EVIDENCE, LONGEST_ACTION, LONGEST_OWNER = 500, 300, 80
"""Characters."""
LEAST_SCHOOLS = 5
"""With fewer other schools there is no average, as somebody might tell which school it is."""
STEP = 5
"""An average is a multiple of this, so that one more school cannot be worked out from how it changed."""
LOWEST, HIGHEST = 10, 90
"""An average beyond these is said as one of them: at 0 or 100 you would know what every school said."""

_table = tables.scan_answers


@dataclass(frozen=True)
class Answer:
    """What a school says about one point. `owner`: who does the action, a name or function; `due`: before which day."""

    value: Value = ""
    evidence: str = ""
    action: str = ""
    owner: str = ""
    due: Optional[date] = None

    @property
    def mark(self) -> str:
        """Other for another answer; it goes along with the next change."""
        parts = (self.value, self.evidence, self.action, self.owner, self.due)
        return mark_of(repr([str(part) for part in parts]))


NOTHING = Answer()
Answers = Mapping[str, Answer]
"""By point; a point without one has NOTHING."""


class Scans:
    """All calls block and raise DatabaseDown. Only scans of `schools` (ids of scholen.yml; None means every school) are
    found and changed; any other school raises NotFound. A change leaves a row in the audit log, without the answers.
    """

    def __init__(self, account_id: str, schools: Optional[Collection[str]]) -> None:
        self.account_id = account_id
        self.schools = None if schools is None else frozenset(schools)

    def years(self, scan: Lobscan) -> dict[str, dict[int, int]]:
        """How many points each school answered, by school year."""
        query = select(_table.c.school, _table.c.year, func.count()).where(
            self._visible(), _table.c.value != "", _table.c.point.in_([punt.id for punt in scan.punten])
        )
        found: dict[str, dict[int, int]] = defaultdict(dict)
        with transaction() as connection:
            for school, year, number in connection.execute(query.group_by(_table.c.school, _table.c.year)):
                found[school][year] = number
        return found

    def all(self, school: str) -> dict[int, dict[str, Answer]]:
        """What a school said, by school year and point."""
        self._check(school)
        found: dict[int, dict[str, Answer]] = defaultdict(dict)
        with transaction() as connection:
            for row in connection.execute(select(_table).where(_table.c.school == school, self._visible())):
                found[row.year][row.point] = _answer(row)
        return found

    def save(self, school: str, year: int, changes: Mapping[str, tuple[str, Answer]]) -> None:
        """Keeps answers, each with the mark of what she saw at that point. What she left as it was stays as it is now.

        Raises Stale, and changes nothing, when a colleague changed a point meanwhile that she changed as well.
        """
        self._check(school)
        wanted = {point: (seen, _storable(answer)) for point, (seen, answer) in changes.items()}
        query = select(_table).where(_table.c.school == school, _table.c.year == year, self._visible())
        try:
            with transaction(write=True) as connection:
                now = {row.point: _answer(row) for row in connection.execute(query.with_for_update())}
                changed = {}
                for point, (seen, answer) in wanted.items():
                    before = now.get(point, NOTHING)
                    if is_change(before.mark, seen, answer.mark):
                        changed[point] = answer
                for point, answer in changed.items():
                    key = {"school": school, "year": year, "point": point}
                    same = (_table.c.school == school, _table.c.year == year, _table.c.point == point)
                    if point in now:
                        connection.execute(update(_table).where(*same).values(**asdict(answer)))
                    else:
                        connection.execute(insert(_table).values(**key, **asdict(answer)))
                if changed:
                    points = f"{year_name(year)} {' '.join(sorted(changed))}"
                    record(connection, "scan_changed", self.account_id, school, points)
        except exc.IntegrityError:  # a colleague answered it first at the same moment
            raise Stale from None

    def copy(self, school: str, year: int, earlier: int) -> None:
        """Takes over what the school said in an earlier year; what stands in this year already stays."""
        self._check(school)
        query = select(_table).where(_table.c.school == school, _table.c.year == earlier, self._visible())
        with transaction(write=True) as connection:
            rows = [(_table.name, {**row._mapping, "year": year}) for row in connection.execute(query)]
            if not rows:
                raise NotFound
            write_rows(connection, rows)
            record(connection, "scan_copied", self.account_id, school, f"{year_name(earlier)} {year_name(year)}")

    def region(self, school: str, year: int, scan: Lobscan) -> dict[str, Optional[int]]:
        """By heading the average of other schools in this year, of those that answered every point of it.

        Schools of this account are left out. It is None with fewer than LEAST_SCHOOLS; see STEP, LOWEST and HIGHEST.
        """
        self._check(school)
        own = {school} if self.schools is None else self.schools
        query = select(_table).where(_table.c.year == year, _table.c.school.not_in(sorted(own)), _table.c.value != "")
        others: dict[str, dict[str, Answer]] = defaultdict(dict)
        with transaction() as connection:
            for row in connection.execute(query):
                others[row.school][row.point] = _answer(row)
        averages = {}
        for heading in scan.onderdelen:
            full = [answers for answers in others.values() if not still_open(heading.punten, answers)]
            found = [part for answers in full if (part := percentage(heading.punten, answers)) is not None]
            averages[str(heading.id)] = _average(found) if len(found) >= LEAST_SCHOOLS else None
        return averages

    def _check(self, school: str) -> None:
        if self.schools is not None and school not in self.schools:
            raise NotFound

    def _visible(self) -> Any:
        return true() if self.schools is None else _table.c.school.in_(sorted(self.schools))


def percentage(points: Iterable[Punt], answers: Answers) -> Optional[int]:
    """How much of these points is there, 0 to 100; None when no answer counts."""
    worth = [WORTH[value] for punt in points if (value := answers.get(punt.id, NOTHING).value) in WORTH]
    return (100 * sum(worth) + len(worth)) // (2 * len(worth)) if worth else None


def still_open(points: Iterable[Punt], answers: Answers) -> list[Punt]:
    """The points that are not answered yet."""
    return [punt for punt in points if not answers.get(punt.id, NOTHING).value]


def actions(points: Iterable[Punt], answers: Answers) -> list[tuple[Punt, Answer]]:
    """What the school is going to do: by day, and what has no day last."""
    found = [(punt, answers[punt.id]) for punt in points if answers.get(punt.id, NOTHING).action]
    return sorted(found, key=lambda pair: pair[1].due or date.max)


def _average(found: list[int]) -> int:
    steps = (2 * sum(found) + STEP * len(found)) // (2 * STEP * len(found))
    return min(max(STEP * steps, LOWEST), HIGHEST)


def _storable(answer: Answer) -> Answer:
    evidence, action, owner = map(storable, (answer.evidence, answer.action, answer.owner))
    return replace(answer, evidence=evidence, action=action, owner=owner)


def _answer(row: Any) -> Answer:
    return Answer(row.value, row.evidence, row.action, row.owner, row.due)
