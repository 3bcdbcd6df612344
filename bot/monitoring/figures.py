"""The roll-ups: what the rows of each day come to, and what of it may be shown.

`roll_up` counts each finished day into `figures`, and each month of those into `shown_figures`, rounded by
`small.rounded`. Pages and reports read `shown_figures` only, through `figures`.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Optional
from uuid import uuid4

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.engine import Connection

from bot import clock
from bot.clock import ZONE
from bot.monitoring import metrics, small
from bot.monitoring.metrics import Counts, Numbers
from bot.storage import tables
from bot.storage.database import lock_figures, transaction

ALL = "*"
"""The school of all together."""
SETTLED = timedelta(minutes=10)
"""So long after midnight no transaction of the day before is under way any more."""
_VISITS = ("view", "visitor")

_days, _shown = tables.figure_days, tables.shown_figures


@dataclass(frozen=True)
class Period:
    """Whole months: shorter periods would have numbers too small to show. `first` is the first day of the first."""

    first: date
    months: int

    @classmethod
    def of(cls, year: int, month: int, months: int = 1) -> "Period":
        """So many months from this one."""
        return cls(date(year, month, 1), months)

    @property
    def end(self) -> date:
        """The first day after it."""
        return _later(self.first, self.months)

    @property
    def before(self) -> "Period":
        """As many months right before it."""
        return Period(_later(self.first, -self.months), self.months)


@dataclass(frozen=True)
class Figures:
    """Numbers that may be shown, all multiples of 5; `small.shown` writes them, `metrics.told` makes the metrics."""

    period: Period
    numbers: Numbers
    by_month: Mapping[date, Mapping[str, int]]
    """Of each month the total of each series; a month without rows is not there."""
    before: Optional[Numbers] = None
    """The numbers of as many months before."""


def figures(period: Period, school: Optional[str] = None, before: bool = True) -> Figures:
    """The numbers of a period, of all schools together or of one ("" for chats without a school). Raises DatabaseDown.

    The month that runs now is counted until yesterday.
    """
    of_school = _shown.c.school == (ALL if school is None else school)
    number = func.sum(_shown.c.number)
    by_month: dict[date, dict[str, int]] = defaultdict(dict)
    with transaction() as connection:
        numbers = _numbers(connection, of_school, period)
        earlier = _numbers(connection, of_school, period.before) if before else None
        columns = _shown.c.month, _shown.c.metric
        query = select(*columns, number).where(of_school, *_within(_shown.c.month, period)).group_by(*columns)
        for month, series, each in connection.execute(query):
            by_month[month][series] = int(each)
    return Figures(period, numbers, by_month, earlier)


def _numbers(connection: Connection, of_school: Any, period: Period) -> dict[str, dict[str, int]]:
    columns = _shown.c.metric, _shown.c.value
    query = select(*columns, func.sum(_shown.c.number)).where(of_school, *_within(_shown.c.month, period))
    found: dict[str, dict[str, int]] = defaultdict(dict)
    for series, value, number in connection.execute(query.group_by(*columns)):
        found[series][value] = int(number)
    return found


def _within(column: Any, period: Period) -> tuple[Any, Any]:
    return column >= period.first, column < period.end


def _later(month: date, months: int) -> date:
    year, index = divmod(month.year * 12 + month.month - 1 + months, 12)
    return date(year, index + 1, 1)


def roll_up() -> None:
    """Counts every finished day that is not counted yet, or whose rows changed since. Any number of processes may.

    Raises DatabaseDown; what was done until then stays done.
    """
    for day in _uncounted():
        _count(day)
    for month in _unshown():
        _show(month)
    with transaction(write=True) as connection:
        connection.execute(delete(tables.salts).where(tables.salts.c.day < clock.today()))


def rebuild(begin: Optional[date] = None) -> int:
    """Counts all finished days anew, or those from `begin`; returns how many. Raises DatabaseDown."""
    with transaction(write=True) as connection:
        lock_figures(connection)
        connection.execute(delete(_days).where(_days.c.day >= begin) if begin else delete(_days))
    number = len(_uncounted())
    roll_up()
    return number


def _uncounted() -> list[date]:
    """The finished days since the first row that are not in `figure_days`, in order."""
    firsts = tables.interactions.c.at, tables.feedback.c.at, tables.counted.c.day, tables.figures.c.day
    with transaction() as connection:
        found = [connection.execute(select(func.min(column))).scalar() for column in firsts]
        counted = set(connection.execute(select(_days.c.day)).scalars())
    days = [moment.date() if isinstance(moment, datetime) else moment for moment in found if moment]
    last = (clock.now() - SETTLED).date()
    if not days:
        return []
    every = (min(days) + timedelta(number) for number in range((last - min(days)).days))
    return [day for day in every if day not in counted]


def _count(day: date) -> None:
    with transaction(write=True) as connection:
        lock_figures(connection)
        if connection.execute(select(_days.c.day).where(_days.c.day == day)).first():
            return
        _forget_visitors(connection, day)
        rows = [
            {"day": day, "school": school, "metric": series, "value": value, "number": number}
            for (school, series, value), number in counts_on(connection, day).items()
        ]
        connection.execute(delete(tables.figures).where(tables.figures.c.day == day))
        if rows:
            connection.execute(insert(tables.figures), rows)
        connection.execute(insert(_days).values(day=day, shown=False, coarse=False))


def counts_on(connection: Connection, day: date) -> Counts:
    """The true counts of the rows of a day. Nobody is shown these."""
    log, votes, counted = tables.interactions.c, tables.feedback.c, tables.counted
    columns = log.id, log.at, log.conversation, log.turn, log.intent, log.kind, log.subject, log.outcome, log.school
    found = metrics.of_log(connection.execute(select(*columns).where(*_on(log.at, day))))
    found += metrics.of_votes(connection.execute(select(votes.school, votes.helpful).where(*_on(votes.at, day))))
    return found + metrics.of_counted(connection.execute(select(counted).where(counted.c.day == day)))


def _on(column: Any, day: date) -> tuple[Any, Any]:
    begin, end = (datetime.combine(day + timedelta(days), time.min, ZONE) for days in (0, 1))
    return column >= begin, column < end


def _forget_visitors(connection: Connection, day: date) -> None:
    """Of the visits of a day only numbers stay, so that no hash of a visitor outlives it."""
    counted = tables.counted
    of_visits = counted.c.day == day, counted.c.metric.in_(_VISITS)
    columns = counted.c.school, counted.c.metric, counted.c.value
    query = select(*columns, func.sum(counted.c.number).label("number")).where(*of_visits).group_by(*columns)
    rows = [{**row, "id": uuid4().hex, "day": day} for row in connection.execute(query).mappings()]
    if rows:
        connection.execute(delete(counted).where(*of_visits))
        connection.execute(insert(counted), rows)


def _unshown() -> list[date]:
    """The months with a day that is not counted in `shown_figures`."""
    with transaction() as connection:
        days = connection.execute(select(_days.c.day).where(_days.c.shown.is_(False))).scalars()
        return sorted({day.replace(day=1) for day in days})


def _show(month: date) -> None:
    period, key = Period(month, 1), small.key()
    kept = tables.figures.c
    columns = kept.school, kept.metric, kept.value
    cells: Counter[tuple[str, str, str]] = Counter()
    with transaction(write=True) as connection:
        lock_figures(connection)
        query = select(*columns, func.sum(kept.number)).where(*_within(kept.day, period)).group_by(*columns)
        for school, series, value, number in connection.execute(query):
            shown = small.rounded(int(number), (school, month.isoformat(), series, value), key)
            if shown:
                cells[school, series, value] = shown
                cells[ALL, series, value] += shown
        connection.execute(delete(_shown).where(_shown.c.month == month))
        rows = [
            {"school": school, "month": month, "metric": series, "value": value, "number": number}
            for (school, series, value), number in cells.items()
        ]
        if rows:
            connection.execute(insert(_shown), rows)
        connection.execute(update(_days).where(*_within(_days.c.day, period)).values(shown=True))
