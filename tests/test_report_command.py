"""`lobke report` writes the annual report without a running Lobke, says what went wrong, and repeats itself exactly."""

import io
import os
import subprocess
import sys
import zipfile
from datetime import date
from pathlib import Path

import pytest

from bot.monitoring.entered import Entered, mark_of
from bot.settings import PROJECT
from tests.bot.databases import data_dir, sqlite_database
from tests.bot.monitoring.logs import said, write
from tests.web.test_documents import unpacked

__all__ = ["data_dir", "sqlite_database"]

DAY, NEXT = "2026-11-22T12:00:00+01:00", "2026-11-23T09:00:00+01:00"
SAID, SAID_NEXT = "Gemaakt op zondag 22 november 2026", "Gemaakt op maandag 23 november 2026"
NAMES = [f"jaarverslag-2026-2027.{kind}" for kind in ("html", "docx", "pdf")]


def run(out: Path, year: str = "2026-2027", now: str = DAY, **more: str) -> "subprocess.CompletedProcess[str]":
    """The command in a process of its own, as on another computer: another seed of hashes each time."""
    settings = {"LOBKE_DATA_DIR": os.environ["LOBKE_DATA_DIR"], "LOBKE_NOW": now, "LOBKE_SECRET": "s" * 40}
    environment = {**os.environ, "PYTHONPATH": str(PROJECT), "PYTHONHASHSEED": "random", **settings, **more}
    command = [sys.executable, "-m", "bot.cli", "report", "--schooljaar", year, "--out", str(out)]
    return subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True)


def files(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in NAMES}


def text_of(word: bytes) -> str:
    return zipfile.ZipFile(io.BytesIO(word)).read("word/document.xml").decode()


def test_the_same_report_is_the_same_bytes_but_for_its_day(sqlite_database: Path, tmp_path: Path) -> None:
    Entered().save_texts(2026, {"goed": (mark_of(""), "Een.\n\nTwee.")})
    write(
        *(said(f"c{one}", 1, "answered", kind="duur", subject="beroep:kok", day=date(2026, 10, 2)) for one in range(40))
    )
    done = run(tmp_path / "a" / "b")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [str(tmp_path / "a" / "b" / name) for name in NAMES]
    first = files(tmp_path / "a" / "b")
    assert "<p>Op 100% van de vragen gaf Lobke meteen antwoord.</p>" in first[NAMES[0]].decode(), "counted here"
    run(tmp_path / "again")
    assert files(tmp_path / "again") == first
    assert run(tmp_path / "later", now=NEXT).returncode == 0
    later = files(tmp_path / "later")
    page = first[NAMES[0]].decode()
    assert page.count(SAID) == 1 and later[NAMES[0]].decode() == page.replace(SAID, SAID_NEXT)
    assert text_of(later[NAMES[1]]) == text_of(first[NAMES[1]]).replace(SAID, SAID_NEXT)
    changed = [old != new for old, new in zip(unpacked(first[NAMES[2]]), unpacked(later[NAMES[2]]), strict=True)]
    assert changed[0], "the cover"


@pytest.mark.parametrize(
    ("year", "said"),
    [
        ("2026", "'2026' is geen schooljaar. Schrijf het zoals 2026-2027."),
        ("2026-2028", "'2026-2028' is geen schooljaar."),
        ("2027-2028", "Schooljaar 2027-2028 is nog niet begonnen."),
    ],
)
def test_a_school_year_that_cannot_be_told_is_said(sqlite_database: Path, tmp_path: Path, year: str, said: str) -> None:
    done = run(tmp_path / "out", year)
    assert done.returncode == 1 and done.stderr.startswith(said) and not (tmp_path / "out").exists()


def test_without_a_database_it_is_said(data_dir: Path, tmp_path: Path) -> None:
    done = run(tmp_path / "out")
    assert done.returncode == 1 and done.stderr.startswith("De database antwoordt niet (")


def test_a_folder_that_cannot_be_written_is_said(sqlite_database: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = run(tmp_path / "file" / "out")
    assert done.returncode == 1 and done.stderr.startswith(f"In {tmp_path / 'file' / 'out'} kan ik niets bewaren: ")


def test_without_the_library_for_pdf_the_others_are_there(sqlite_database: Path, tmp_path: Path) -> None:
    (tmp_path / "weasyprint.py").write_text("raise OSError('libpango')")
    done = run(tmp_path / "out", PYTHONPATH=f"{tmp_path}{os.pathsep}{PROJECT}")
    assert done.returncode == 1 and "PDF maken lukt op deze computer niet." in done.stderr
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted(NAMES[:2])
