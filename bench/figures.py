"""Measures the figures of three years and ten schools; part of `make bench`."""

import os
import random
import tempfile
import time
from collections.abc import Callable
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Optional
from unittest.mock import patch

from sqlalchemy import func, insert, select
from starlette.testclient import TestClient

from bot import clock
from bot.accounts import accounts, sessions
from bot.clock import ZONE
from bot.knowledge.loader import current, schools_of_pupils
from bot.monitoring.figures import Period, figures, roll_up
from bot.monitoring.metrics import told
from bot.settings import settings
from bot.storage import tables
from bot.storage.database import engine, migrate, transaction
from tests.postgres import postgres_server
from web.app import create_app

INTERACTIONS = 2_000_000
YEARS = 3
SCHOOLS = [None, *sorted(str(school.id) for school in schools_of_pupils())[:10]]
TURNS = 6  # of a conversation
VISITS = 20
OUTCOMES = ("answered",) * 14 + ("clarified", "clarified", "not_understood", "out_of_scope", "small_talk", "asked")
KINDS = [f"soort-{number}" for number in range(40)]


def fill() -> date:
    """Writes the interactions, spread over the days until yesterday; returns the first day."""
    chance = random.Random(1)
    subjects = [key for key in current().entries if key.startswith(("opleiding:", "wereld:", "onderwerp:"))]
    first = clock.today() - timedelta(days=365 * YEARS)
    per_day = INTERACTIONS // (365 * YEARS)
    for number in range(365 * YEARS):
        begin = datetime.combine(first + timedelta(number), datetime.min.time(), ZONE)
        rows = [_row(number, row, begin, subjects, chance) for row in range(per_day)]
        with transaction(write=True) as connection:
            connection.execute(insert(tables.interactions), rows)
    return first


def _row(day: int, number: int, begin: datetime, subjects: list[str], chance: random.Random) -> dict[str, Any]:
    talk, turn = divmod(number, TURNS)
    return {
        "id": f"{day:08x}{number:028x}",
        "at": begin + timedelta(hours=8 + talk % 14, minutes=turn),
        "conversation": f"{day:016x}{talk:016x}",
        "turn": turn + 1,
        "intent": chance.choice(("kies", "vraag_duur")),
        "kind": chance.choice(KINDS),
        "subject": subjects[int(len(subjects) * chance.random() ** 2)],
        "outcome": chance.choice(OUTCOMES),
        "school": SCHOOLS[talk % len(SCHOOLS)],
    }


def measure(name: str) -> None:
    """Fills the database of the settings, counts it, and prints how long asking and showing take."""
    migrate()
    before = time.perf_counter()
    first = fill()
    filled = time.perf_counter() - before
    before = time.perf_counter()
    roll_up()
    counted = time.perf_counter() - before
    with transaction() as connection:
        rows = [
            connection.execute(select(func.count()).select_from(table)).scalar()
            for table in (tables.interactions, tables.figures, tables.shown_figures)
        ]
    print(f"\n{name}: {rows[0]:,} interactions written in {filled:.0f} s, counted in {counted:.0f} s", flush=True)
    print(f"{rows[1]:,} rows of figures, {rows[2]:,} of what is shown")
    period = Period.of(first.year, first.month, 12 * YEARS + 1)
    this_month = Period.of(clock.today().year, clock.today().month)
    for label, asked, school in (
        ("three years, all schools", period, None),
        ("three years, one school", period, SCHOOLS[3]),
        ("last month, all schools", this_month, None),
    ):
        _time(label, partial(_tell, asked, school))
    with patch("web.app.expire"), patch("web.app.roll_up"), TestClient(create_app(list), "http://127.0.0.1") as client:
        _time_pages(client, first)


def _tell(period: Period, school: Optional[str]) -> None:
    told(figures(period, school).numbers)


def _time_pages(client: TestClient, first: date) -> None:
    """The page of /portal/cijfers and the file with all of it, as staff who are logged in."""
    three_years = f"?van={first:%Y-%m}&tot={clock.today():%Y-%m}"
    for role, schools, whose in (("beheer", [], "all schools"), ("decaan", [str(SCHOOLS[3])], "one school")):
        token = sessions.start(accounts.add(f"{role}@bench.test", role, schools), "bench", complete=True)
        cookie = {"Cookie": f"lobke-portal={token}"}
        for label, path in (
            (f"page, this school year, {whose}", ""),
            (f"page, three years, {whose}", three_years),
            (f"Excel, three years, {whose}", f"/alles.xlsx{three_years}"),
        ):
            answer = client.get(f"/portal/cijfers{path}", headers=cookie)
            assert answer.status_code == 200 and len(answer.content) > 10_000, answer.text
            _time(label, partial(client.get, f"/portal/cijfers{path}", headers=cookie))


def _time(label: str, work: Callable[[], Any]) -> None:
    took = []
    for _ in range(VISITS):
        before = time.perf_counter()
        work()
        took.append(time.perf_counter() - before)
    took.sort()
    print(f"{label:<38}{took[VISITS // 2] * 1000:>9.0f} ms{took[-1] * 1000:>9.0f} ms at most", flush=True)


def main() -> None:
    """Both databases, each with a folder of its own."""
    with tempfile.TemporaryDirectory() as folder, patch.dict(os.environ, {"LOBKE_DATA_DIR": folder}):
        settings.cache_clear()
        measure("SQLite")
        size = (Path(folder) / "lobke.db").stat().st_size
        print(f"{size / 1024**2:.0f} MB")
        engine().dispose()
    with (
        tempfile.TemporaryDirectory() as folder,
        postgres_server() as server,
        patch.dict(os.environ, {"LOBKE_DATA_DIR": folder, "LOBKE_DATABASE_URL": server.url}),
    ):
        settings.cache_clear()
        measure("PostgreSQL")
        engine().dispose()
    settings.cache_clear()


if __name__ == "__main__":
    main()
