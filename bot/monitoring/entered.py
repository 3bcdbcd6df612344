"""What staff enter for the annual report: numbers of school years, and texts.

A school year is the number of the year in which it begins.
"""

import csv
import io
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Optional

from sqlalchemy import delete, exc, insert, select
from sqlalchemy.engine import Connection

from bot.accounts.audit import record
from bot.handoff.inbox import Stale
from bot.marks import is_change, mark_of
from bot.school_year import year_name
from bot.storage import tables
from bot.storage.conversations import storable
from bot.storage.database import transaction

FIRST_YEAR = 2000
MOST = 9_999_999
LARGEST_FILE = 100_000  # bytes
MOST_LINES = 100
YEAR_HEAD = "Schooljaar"
LABELS = {
    "activities_pupils": "Activiteiten voor leerlingen",
    "activities_professionals": "Activiteiten voor professionals",
    "pupils": "Leerlingen",
    "professionals": "Professionals",
    "visitors": "Bezoekers van de site",
    "views": "Paginaweergaven van de site",
}
BLOCKS = {
    "inleiding": "Inleiding",
    "goed": "Wat goed ging",
    "uitdagingen": "Uitdagingen",
    "vooruitblik": "Vooruitblik",
}
LONGEST_TEXT = 5000
"""Characters of a block."""
NO_NUMBER = f"Schrijf een heel getal van 0 tot en met {MOST}, zoals 1400. Of laat het leeg."
_YEAR = re.compile(r"(20\d\d)\s*[-–/]\s*(20\d\d)", re.ASCII)
_NUMBER = re.compile(r"\d{1,7}|\d{1,3}(?:[. ]\d{3}){1,2}", re.ASCII)

_numbers, _texts = tables.report_numbers, tables.report_texts


@dataclass(frozen=True)
class YearNumbers:
    """Numbers of one school year; None is not known. `visitors` and `views` are of the site around Lobke."""

    activities_pupils: Optional[int] = None
    activities_professionals: Optional[int] = None
    pupils: Optional[int] = None
    professionals: Optional[int] = None
    visitors: Optional[int] = None
    views: Optional[int] = None

    @property
    def mark(self) -> str:
        """Other for other numbers; it goes along with the next change."""
        return mark_of(str(asdict(self)))


NONE_KNOWN = YearNumbers()


class NotANumber(ValueError):
    """Something typed where a number belongs; the text is a sentence for staff."""


class Entered:
    """All calls block and raise DatabaseDown. A change leaves a row in the audit log, without the texts.

    A change names the mark of what was seen. Raises Stale, and changes nothing, when a colleague changed the same
    meanwhile into something else.
    """

    def __init__(self, account_id: str = "") -> None:
        self.account_id = account_id

    def numbers(self) -> dict[int, YearNumbers]:
        """What was entered, by school year."""
        with transaction() as connection:
            return _all_numbers(connection)

    def save_numbers(self, changes: Mapping[int, tuple[str, YearNumbers]]) -> None:
        """Keeps the numbers of these years, each with the mark that was seen; a year without any number is deleted."""
        try:
            with transaction(write=True) as connection:
                now = _all_numbers(connection, lock=True)
                for year, (seen, new) in changes.items():
                    old = now.get(year, NONE_KNOWN)
                    if not is_change(old.mark, seen, new.mark):
                        continue
                    connection.execute(delete(_numbers).where(_numbers.c.year == year))
                    if new != NONE_KNOWN:
                        connection.execute(insert(_numbers).values(year=year, **asdict(new)))
                    record(connection, "report_numbers_saved", self.account_id, "", year_name(year))
        except exc.IntegrityError:  # a colleague entered it first at the same moment
            raise Stale from None

    def texts(self, year: int) -> dict[str, str]:
        """The texts of a school year, by block of BLOCKS; "" for none."""
        with transaction() as connection:
            return _all_texts(connection, year)

    def text_years(self) -> set[int]:
        """The school years with a text."""
        with transaction() as connection:
            return set(connection.execute(select(_texts.c.year).distinct()).scalars())

    def save_texts(self, year: int, changes: Mapping[str, tuple[str, str]]) -> None:
        """Keeps the texts of these blocks, each with the mark (`mark_of`) of the text that was seen."""
        try:
            with transaction(write=True) as connection:
                now = _all_texts(connection, year, lock=True)
                wanted = {block: (seen, storable(text)) for block, (seen, text) in changes.items()}
                changed = {
                    block: text
                    for block, (seen, text) in wanted.items()
                    if is_change(mark_of(now[block]), seen, mark_of(text))
                }
                self._write(connection, year, changed)
        except exc.IntegrityError:
            raise Stale from None

    def take_over(self, year: int) -> bool:
        """Puts the texts of the year before into blocks that are empty; whether there was anything to take over."""
        try:
            with transaction(write=True) as connection:
                now, before = _all_texts(connection, year, lock=True), _all_texts(connection, year - 1)
                taken = {block: text for block, text in before.items() if text and not now[block]}
                self._write(connection, year, taken)
        except exc.IntegrityError:
            raise Stale from None
        return bool(taken)

    def _write(self, connection: Connection, year: int, changed: Mapping[str, str]) -> None:
        for block, text in changed.items():
            connection.execute(delete(_texts).where(_texts.c.year == year, _texts.c.block == block))
            if text:
                connection.execute(insert(_texts).values(year=year, block=block, text=text))
        if changed:
            detail = f"{year_name(year)} {' '.join(changed)}"
            record(connection, "report_texts_saved", self.account_id, "", detail)


def number_of(typed: str) -> Optional[int]:
    """The number that somebody typed, None for nothing. Raises NotANumber."""
    text = typed.strip()
    if not text:
        return None
    if not _NUMBER.fullmatch(text):
        raise NotANumber(NO_NUMBER)
    return int(re.sub(r"\D", "", text))


def year_of(typed: str) -> Optional[int]:
    """The school year in a text such as "2026-2027"; None when it is none."""
    found = _YEAR.fullmatch(typed.strip())
    return int(found[1]) if found and int(found[2]) == int(found[1]) + 1 else None


def read_file(content: bytes, now: Mapping[int, YearNumbers], last: int) -> tuple[dict[int, YearNumbers], list[str]]:
    """What a table (CSV) makes of the numbers of now, by school year, and what is wrong, a sentence for each line.

    A column that is not there and a cell that is empty change nothing. `last`: the latest school year there may be.
    """
    if len(content) > LARGEST_FILE:
        return {}, [f"Dit bestand is groter dan {LARGEST_FILE // 1000} kB. Kies een kleiner bestand."]
    try:
        lines = _lines(content)
    except (UnicodeDecodeError, csv.Error):
        return {}, ["Dit is geen CSV-bestand. Bewaar het in je rekenprogramma als CSV en kies het opnieuw."]
    if not lines:
        return {}, ["Dit bestand is leeg."]
    if len(lines) > MOST_LINES:
        return {}, [f"Dit bestand heeft meer dan {MOST_LINES} regels. Verdeel het over meer bestanden."]
    (_, head), *rows = lines
    names = {label.lower(): name for name, label in LABELS.items()} | {YEAR_HEAD.lower(): "year"}
    columns = [names.get(" ".join(cell.split()).lower(), "") for cell in head]
    unknown = [cell.strip() for cell, name in zip(head, columns, strict=True) if cell.strip() and not name]
    wrong = [f"De kolom {cell[:60]} ken ik niet." for cell in unknown]
    if "year" not in columns:
        wrong.append(f"Ik mis de kolom {YEAR_HEAD}.")
    elif len(columns) - columns.count("") != len(set(columns) - {""}):
        wrong.append("Een kolom staat er twee keer in.")
    if wrong:
        return {}, wrong
    made: dict[int, YearNumbers] = {}
    for at, row in rows:
        try:
            year, filled = _row(columns, row, last)
            if year in made:
                raise ValueError(f"Schooljaar {year_name(year)} staat er twee keer in.")
            made[year] = YearNumbers(**{**asdict(now.get(year, NONE_KNOWN)), **filled})
        except ValueError as error:
            wrong.append(f"Regel {at}: {error}")
    return made, wrong


def _lines(content: bytes) -> list[tuple[int, list[str]]]:
    """The lines of a table with something in them, each with its number."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("cp1252")
    if "\x00" in text:
        raise csv.Error("a file with zeros")
    head = text.partition("\n")[0]
    delimiter = max(";,\t", key=head.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    return [(reader.line_num, row) for row in reader if any(cell.strip() for cell in row)]


def _row(columns: list[str], row: list[str], last: int) -> tuple[int, dict[str, int]]:
    """The school year of a row and the numbers that are filled in. Raises ValueError with a sentence."""
    if any(cell.strip() for cell in row[len(columns) :]):
        raise ValueError("Hier staan meer vakken dan er kolommen zijn.")
    cells = dict(zip(columns, row))  # noqa: B905  # a short row has empty cells at its end
    typed = cells.get("year", "")
    year = year_of(typed)
    if year is None or not FIRST_YEAR <= year <= last:
        raise ValueError(
            f"Bij {YEAR_HEAD} staat '{typed.strip()[:30]}'. Schrijf een jaar van {year_name(FIRST_YEAR)} "
            f"tot en met {year_name(last)}."
        )
    filled = {}
    for name, label in LABELS.items():
        try:
            number = number_of(cells.get(name, ""))
        except NotANumber as error:
            raise ValueError(f"Bij {label} staat '{cells[name].strip()[:30]}'. {error}") from None
        if number is not None:
            filled[name] = number
    return year, filled


def _all_numbers(connection: Connection, lock: bool = False) -> dict[int, YearNumbers]:
    query = select(_numbers).order_by(_numbers.c.year)
    names = [field.name for field in fields(YearNumbers)]
    rows: Any = connection.execute(query.with_for_update() if lock else query)
    return {row.year: YearNumbers(*(getattr(row, name) for name in names)) for row in rows}


def _all_texts(connection: Connection, year: int, lock: bool = False) -> dict[str, str]:
    query = select(_texts.c.block, _texts.c.text).where(_texts.c.year == year)
    found = {row.block: row.text for row in connection.execute(query.with_for_update() if lock else query)}
    return {block: found.get(block, "") for block in BLOCKS}
