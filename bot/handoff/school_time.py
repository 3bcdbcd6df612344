"""School time: Monday to Friday, 8:30 to 16:30, without the days in knowledge/schoolvakanties.yml."""

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta

from bot.clock import ZONE
from bot.knowledge.loader import Knowledge
from bot.knowledge.models import Vakantie

OPENS, CLOSES = time(8, 30), time(16, 30)
SCHOOL_DAY = timedelta(hours=8)
NONE = timedelta(0)


class SchoolTime:
    """Counts school time. `free` are days without school; those in a weekend make no difference."""

    def __init__(self, free: Iterable[date] = ()) -> None:
        self.free = frozenset(day for day in free if day.weekday() < 5)

    @classmethod
    def of(cls, knowledge: Knowledge) -> "SchoolTime":
        """School time with the holidays that staff put in the knowledge files."""
        return cls(
            holiday.van + timedelta(days)
            for holiday in knowledge.all(Vakantie)
            for days in range((holiday.tot - holiday.van).days + 1)
        )

    def between(self, start: datetime, end: datetime) -> timedelta:
        """The school time from `start` to `end`, both aware; zero when `end` is not later."""
        return max(self._until(end) - self._until(start), NONE)

    def is_open(self, moment: datetime) -> bool:
        """Whether this moment is in school time."""
        local = moment.astimezone(ZONE)
        return self._is_school_day(local.date()) and OPENS <= local.time() < CLOSES

    def next_open(self, moment: datetime) -> datetime:
        """The moment itself when it is in school time, else when school opens next."""
        local = moment.astimezone(ZONE)
        if self.is_open(local):
            return local
        day = local.date()
        if local.time() >= CLOSES:
            day += timedelta(1)
        while not self._is_school_day(day):
            day += timedelta(1)
        return datetime.combine(day, OPENS, ZONE)

    def _is_school_day(self, day: date) -> bool:
        return day.weekday() < 5 and day not in self.free

    def _until(self, moment: datetime) -> timedelta:
        """The school time since the first day of the calendar."""
        local = moment.astimezone(ZONE)
        day = local.date()
        weeks, days = divmod(day.toordinal() - 1, 7)  # day 1 of the calendar is a Monday
        whole = (weeks * 5 + min(days, 5) - sum(free < day for free in self.free)) * SCHOOL_DAY
        if not self._is_school_day(day):
            return whole
        today = datetime.combine(day, local.time()) - datetime.combine(day, OPENS)
        return whole + min(max(today, NONE), SCHOOL_DAY)
