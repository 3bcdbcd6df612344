"""Every version of a knowledge file is kept: who made it, when, and what it did to which entry."""

import shutil
from pathlib import Path

import pytest
from sqlalchemy import select

from bot.knowledge import history, writing
from bot.knowledge.history import CHANGED, FIRST, GONE, LESS, MORE, NEW, OUTSIDE, SAME
from bot.settings import PROJECT
from bot.storage import tables
from bot.storage.database import transaction
from tests.bot.databases import data_dir, database, empty_postgres_url

__all__ = ["data_dir", "database", "empty_postgres_url"]
FILE = "hulplijnen.yml"
BEFORE = "items:\n  # eerst\n  - id: a\n    naam: Aap\n  - id: b\n    naam: Noot\n"
AFTER = "items:\n  # eerst\n  - id: a\n    naam: Kip\n  - id: c\n    naam: Mies\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The knowledge files of this test."""
    folder = tmp_path / "knowledge"
    shutil.copytree(PROJECT / "knowledge", folder)
    return folder


def save(folder: Path, old: str, new: str, by: str = "robin") -> list[object]:
    """Publishes the file with other words in it."""
    text = writing.read(folder / FILE)
    assert old in text
    return list(history.save(folder, {FILE: text.replace(old, new, 1)}, {FILE: writing.version(text)}, by, "anders"))


def test_a_saved_change_is_a_version_with_who_made_it(folder: Path, database: str) -> None:
    text = writing.read(folder / FILE)
    assert save(folder, "gratis", "helemaal gratis") == []
    changed, first = history.versions(FILE)
    assert (first.summary, first.account_id, first.entries) == (FIRST, None, {})
    assert (changed.summary, changed.account_id) == ("anders", "robin")
    assert len(changed.entries) == 1 and set(changed.entries.values()) == {CHANGED}
    assert history.text_of(first.id) == history.before(changed) == text
    assert history.text_of(changed.id) == writing.read(folder / FILE) != text
    assert history.before(first) == ""
    with transaction() as connection:
        row = connection.execute(select(tables.audit)).one()
    assert (row.action, row.account_id, row.subject, row.detail) == ("knowledge_changed", "robin", FILE, "anders")


def test_what_was_not_saved_is_no_version(folder: Path, database: str) -> None:
    before = writing.read(folder / FILE)
    problems = save(folder, "items:", "items: [")
    assert problems and writing.read(folder / FILE) == before
    assert [version.summary for version in history.versions(FILE)] == [FIRST]
    with pytest.raises(writing.Outdated):
        history.save(folder, {FILE: before + "# x\n"}, {FILE: "old"}, "robin", "anders")
    assert len(history.versions(FILE)) == 1


def test_a_change_by_hand_is_noticed_once(folder: Path, database: str) -> None:
    history.notice({"x.yml": BEFORE})
    for _ in range(2):
        history.notice({"x.yml": AFTER})
    noticed, first = history.versions("x.yml")
    assert (first.summary, noticed.summary, noticed.account_id) == (FIRST, OUTSIDE, None)
    assert noticed.entries == {"a": CHANGED, "b": GONE, "c": NEW}
    assert history.last_changes("x.yml").keys() == {"a", "b", "c"}
    assert [version.id for version in history.versions("x.yml", "b")] == [noticed.id]
    assert history.versions("x.yml", "d") == [] and history.version(999) is None
    history.notice({"x.yml": BEFORE})  # what it was before is a new version as well
    assert len(history.versions("x.yml")) == 3


def test_a_broken_text_is_kept_too(database: str) -> None:
    history.notice({"x.yml": BEFORE})
    history.notice({"x.yml": "items: ["})
    assert history.versions("x.yml")[0].entries == {}
    assert history.text_of(history.versions("x.yml")[0].id) == "items: ["


def test_the_difference_is_in_words() -> None:
    parts = history.words_between("Je maakt kozijnen van hout.", "Je maakt deuren van hout.")
    assert parts == [(SAME, "Je maakt "), (LESS, "kozijnen"), (MORE, "deuren"), (SAME, " van hout.")]


def test_the_difference_of_files_has_line_numbers_and_a_little_around_it() -> None:
    before = "".join(f"regel {n}\n" for n in range(1, 40))
    after = before.replace("regel 10\n", "regel tien\n").replace("regel 30\n", "")
    first, second = history.lines_between(before, after)
    assert [(line.kind, line.number) for line in first] == [
        (SAME, 8),
        (SAME, 9),
        (LESS, 0),
        (MORE, 10),
        (SAME, 11),
        (SAME, 12),
    ]
    assert first[3].parts == [(SAME, "regel "), (MORE, "tien")]
    assert [line.kind for line in second] == [SAME, SAME, LESS, SAME, SAME]
    assert history.lines_between(before, before) == []
