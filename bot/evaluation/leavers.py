"""Where the leavers of the fourth year of a school went, and whether they are content with it: counts, and no names."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Optional

from sqlalchemy import exc, insert, select, update

from bot import clock
from bot.accounts.audit import record
from bot.handoff.inbox import NotFound, Stale
from bot.school_year import school_year, year_name
from bot.storage import tables
from bot.storage.database import transaction

TOTAL = "totaal"
PLACES = (
    *(f"mbo{level}-{way}" for level in (1, 2, 3, 4) for way in ("bol", "bbl")),
    *("havo", "vmbo", "werk", "anders", "onbekend"),
)
CONTENT = ("tevreden", "twijfelt", "niet-tevreden", "niet-gevraagd")
NAMES = (TOTAL, *PLACES, *CONTENT)
MOST = 9999
LEAST_SHOWN = 5
"""A smaller count is for the school itself only."""
YEARS = 6
"""So many school years can be filled in: the last ones."""

_table = tables.leavers


@dataclass(frozen=True)
class Leavers:
    """The counts of one school and school year, by NAMES; what is not filled in is missing. None: too small to show."""

    school: str
    year: int
    counts: Mapping[str, Optional[int]]
    draft: bool
    version: int


class AllLeavers:
    """All calls block and raise DatabaseDown.

    With `schools` (ids of scholen.yml) only those are found and changed. None is who looks from outside: she finds what
    every school has finished, without counts below LEAST_SHOWN, and changes nothing.
    """

    def __init__(self, account_id: str, schools: Optional[Collection[str]]) -> None:
        self.account_id = account_id
        self.schools = None if schools is None else frozenset(schools)

    def of_year(self, year: int) -> dict[str, Leavers]:
        """What there is of a school year, by school."""
        query = select(_table).where(_table.c.year == year)
        query = query.where(~_table.c.draft if self.schools is None else _table.c.school.in_(sorted(self.schools)))
        with transaction() as connection:
            found = [Leavers(*row) for row in connection.execute(query)]
        if self.schools is None:
            found = [Leavers(one.school, one.year, _shielded(one.counts), False, one.version) for one in found]
        return {one.school: one for one in found}

    def save(self, school: str, year: int, counts: Mapping[str, int], draft: bool, version: int) -> None:
        """Sets the counts of a school and year. `version`: what she saw, 0 for nothing. Raises NotFound and Stale."""
        if self.schools is None or school not in self.schools:
            raise NotFound
        values: dict[str, Any] = {"counts": dict(counts), "draft": draft, "version": version + 1}
        where = (_table.c.school == school, _table.c.year == year, _table.c.version == version)
        try:
            with transaction(write=True) as connection:
                if version == 0:
                    connection.execute(insert(_table).values(school=school, year=year, **values))
                elif not connection.execute(update(_table).where(*where).values(**values)).rowcount:
                    raise Stale
                record(connection, "leavers_saved", self.account_id, school, year_name(year))
        except exc.IntegrityError:  # a colleague was first
            raise Stale from None


def years() -> list[int]:
    """The school years that can be filled in, by the year in which each began, the last one that is over first."""
    last = school_year(clock.today()) - 1
    return [last - back for back in range(YEARS)]


def remarks(counts: Mapping[str, int]) -> list[str]:
    """What does not add up, in Dutch; empty when all does."""
    if TOTAL not in counts:
        return ["Vul in hoeveel leerlingen van school gingen."]
    total, found = counts[TOTAL], []
    for names, what in ((PLACES, "Waar ze naartoe gingen"), (CONTENT, "Of ze tevreden zijn")):
        number = sum(counts.get(name, 0) for name in names)
        if number != total:
            more = "te veel" if number > total else "te weinig"
            found.append(
                f"{what}: bij elkaar is dat {number}, maar {total} gingen van school. {_by(number, total)} {more}."
            )
    return found


def _by(number: int, total: int) -> str:
    return f"Dat is er {abs(number - total)}" if abs(number - total) == 1 else f"Dat zijn er {abs(number - total)}"


def _shielded(counts: Mapping[str, Optional[int]]) -> dict[str, Optional[int]]:
    """The counts without the small ones, and without as many others as it takes that nobody can compute those.

    The total stays, so the hidden counts of a group are known together: together they have to be large enough.
    """
    hidden: set[str] = set()
    for group in (PLACES, CONTENT):
        left = sorted(((counts.get(name) or 0, name) for name in group), key=lambda one: one[0])
        small = [(number, name) for number, name in left if number < LEAST_SHOWN]
        for one in left[len(small) :]:
            together = sum(number for number, _ in small)
            if together == 0 or together >= LEAST_SHOWN and len(small) > 1:
                break
            small.append(one)
        hidden |= {name for _, name in small}
    if (counts.get(TOTAL) or 0) < LEAST_SHOWN:
        hidden.add(TOTAL)
    return {name: None if name in hidden else counts.get(name) or 0 for name in NAMES}
