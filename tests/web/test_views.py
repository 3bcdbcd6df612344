"""POST /api/views: a page with the chat is counted, without a cookie and without keeping who looked."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from bot.monitoring.log import spool
from bot.storage import tables
from bot.storage.database import transaction
from tests.stack import SCHOOL
from tests.web.conftest import Site, assert_problem


def counted() -> list[tuple[str, Any, int]]:
    spool().drain()
    with transaction() as connection:
        rows = connection.execute(select(tables.counted)).all()
    return sorted((row.metric, row.school or "", row.number) for row in rows)


def test_every_load_is_a_view_and_every_browser_one_visitor(site: Site) -> None:
    for agent in ("Firefox", "Firefox", "Chrome"):
        answer = site.http.post("/api/views", json={}, headers={"User-Agent": agent})
        assert answer.status_code == 204 and "set-cookie" not in answer.headers
    assert counted() == [("view", "", 1)] * 3 + [("visitor", "", 1)] * 2


def test_a_view_is_counted_for_the_school_of_the_page(site: Site) -> None:
    for body in ({"school": SCHOOL}, {"school": "bestaat-niet"}):
        assert site.http.post("/api/views", json=body).status_code == 204
    assert counted() == [("view", "", 1), ("view", SCHOOL, 1), ("visitor", "", 1), ("visitor", SCHOOL, 1)]


def test_neither_address_nor_browser_is_kept(site: Site, sqlite_database: Path) -> None:
    site.http.post("/api/views", headers={"User-Agent": "zeldzame-browser"})
    assert counted()
    files = [path for path in sqlite_database.parent.rglob("*") if path.is_file()]
    assert not [path for path in files if b"zeldzame-browser" in path.read_bytes() or b"127.0.0.1" in path.read_bytes()]


def test_a_view_is_no_conversation(site: Site) -> None:
    site.http.post("/api/views")
    with transaction() as connection:
        assert connection.execute(select(tables.conversations)).all() == []


def test_while_the_database_is_locked_a_view_is_taken_and_counts_afterwards(site: Site, sqlite_database: Path) -> None:
    with closing(sqlite3.connect(sqlite_database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert site.http.post("/api/views").status_code == 204
        other.execute("ROLLBACK")
    assert counted() == [("view", "", 1)]


@pytest.mark.parametrize("body", [{"school": 3}, {"name": "x"}])
def test_a_body_of_another_shape_is_refused(site: Site, body: dict[str, Any]) -> None:
    assert_problem(site.http.post("/api/views", json=body), 422)
