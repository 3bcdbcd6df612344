"""`lobke check` says what is wrong, where, and how to mend it; broken/ has one file for each kind of mistake."""

import json
import shutil
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bot.cli import lobke
from bot.knowledge import phrases
from bot.knowledge.check import Finding, check
from bot.knowledge.loader import KnowledgeError, load
from bot.settings import PROJECT, settings
from tests.bot.knowledge.test_loader import change, write

TODAY = date(2026, 11, 22)
BROKEN = sorted((Path(__file__).parent / "broken").glob("*.yml"))
HARD_WORDS = "woorden: {middels: met}\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A small set of knowledge files about which there is nothing to say."""
    (tmp_path / "moeilijke_woorden.yml").write_text(HARD_WORDS, encoding="utf-8")
    change(write(tmp_path) / "kalender.yml", "    voorbeeld: true\n", "")
    return tmp_path


def head(path: Path) -> list[str]:
    lines = path.read_bytes().decode("latin-1").removeprefix("\u00ef\u00bb\u00bf").splitlines()
    return [line.removeprefix("# ") for line in lines if line.startswith("# ")]


def said(findings: list[Finding], file: str) -> list[str]:
    return [
        f"{f.line}:{f.column}: {f.level}: {f.message}" + (f" | {f.mend}" if f.mend else "")
        for f in findings
        if f.file == file
    ]


def test_there_is_nothing_to_say_about_good_files(folder: Path) -> None:
    assert check(folder, TODAY) == []


def test_there_are_at_least_twenty_broken_files() -> None:
    assert len(BROKEN) >= 20


@pytest.mark.parametrize("path", BROKEN, ids=lambda path: path.stem)
def test_a_broken_file_gets_what_stands_at_its_top(folder: Path, path: Path) -> None:
    """Its first line names the file it is put in place of, the next lines are all that must be said about it."""
    file, *expected = head(path)
    shutil.copy(path, folder / file)
    assert said(check(folder, TODAY), file) == expected


@pytest.mark.parametrize("path", BROKEN, ids=lambda path: path.stem)
def test_a_broken_file_is_loaded_only_when_it_has_no_errors(folder: Path, path: Path) -> None:
    file = head(path)[0]
    shutil.copy(path, folder / file)
    errors = [finding for finding in check(folder, TODAY) if finding.level == "fout"]
    not_of_the_loader = {"vraag-dubbel", "https", "datum"}
    if {finding.code for finding in errors} <= not_of_the_loader:
        load(folder)
    else:
        with pytest.raises(KnowledgeError):
            load(folder)


def test_all_mistakes_of_all_files_are_said_at_once_in_the_order_of_the_files(folder: Path) -> None:
    change(folder / "werelden.yml", "riasec: SAC", "riasec: X")
    change(folder / "werelden.yml", "naam: Zorg", "naam: ''")
    change(folder / "onderwerpen.yml", "Bol is vooral school.", "Bol doe je middels school.")
    assert [(finding.file, finding.line, finding.level) for finding in check(folder, TODAY)] == [
        ("onderwerpen.yml", 6, "waarschuwing"),
        ("werelden.yml", 4, "fout"),
        ("werelden.yml", 10, "fout"),
    ]


def test_a_file_that_is_missing_is_said(folder: Path) -> None:
    (folder / "moeilijke_woorden.yml").unlink()
    assert said(check(folder, TODAY), "moeilijke_woorden.yml") == [
        "1:1: fout: dit bestand ontbreekt | Zet de vorige versie van het bestand terug."
    ]


def test_a_file_that_lobke_does_not_read_is_said(folder: Path) -> None:
    (folder / "werelden.yaml").write_text("items: []\n")
    assert said(check(folder, TODAY), "werelden.yaml") == [
        "1:1: waarschuwing: Lobke leest dit bestand niet | Bedoel je werelden.yml?"
    ]


def test_the_same_name_at_several_opleidingen_is_no_problem(folder: Path) -> None:
    path = folder / "opleidingen.yml"
    item = path.read_text().partition("items:\n")[2].replace("25656", "25657")
    path.write_text(path.read_text() + item)
    assert check(folder, TODAY) == []


def test_the_real_files_have_no_errors() -> None:
    assert [str(f) for f in check(PROJECT / "knowledge", TODAY) if f.level == "fout"] == []


def test_the_list_of_what_the_code_says_is_that_of_the_real_file() -> None:
    """If not: put it in antwoorden.yml, and run python -m bot.knowledge.phrases."""
    assert phrases.said_by_code() == phrases.of(load(PROJECT / "knowledge").phrases)


@pytest.fixture
def run(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Result]]:
    monkeypatch.setenv("LOBKE_KNOWLEDGE_DIR", str(folder))
    monkeypatch.setenv("LOBKE_NOW", "2026-11-22T12:00")
    settings.cache_clear()
    yield lambda *words: CliRunner().invoke(lobke, ["check", *words])
    settings.cache_clear()


def test_the_command_ends_well_when_all_is_well(run: Callable[..., Result]) -> None:
    result = run()
    assert (result.exit_code, result.output) == (0, "geen fouten, geen waarschuwingen.\n")


def test_the_command_ends_well_with_a_warning(run: Callable[..., Result], folder: Path) -> None:
    change(folder / "onderwerpen.yml", "Bol is vooral school.", "Bol doe je middels school.")
    result = run()
    assert result.exit_code == 0
    assert result.output == (
        'onderwerpen.yml:6:15: waarschuwing: veld \'antwoord\': moeilijk woord "middels": schrijf "met"\n'
        "    Maak het makkelijker of korter.\n"
        "geen fouten, 1 waarschuwing.\n"
    )


def test_the_command_ends_with_1_at_an_error(run: Callable[..., Result], folder: Path) -> None:
    change(folder / "werelden.yml", "riasec: SAC", "riasec: X")
    result = run()
    assert result.exit_code == 1
    assert result.output.endswith("1 fout, geen waarschuwingen.\n")


def test_the_command_looks_at_the_files_that_are_named_only(run: Callable[..., Result], folder: Path) -> None:
    change(folder / "werelden.yml", "riasec: SAC", "riasec: X")
    assert run("kalender.yml").exit_code == 0
    assert run(str(folder / "werelden.yml")).exit_code == 1
    result = run("nergens.yml")
    assert result.exit_code == 1 and "nergens.yml is geen bestand in de map" in result.output


def test_programs_get_json(run: Callable[..., Result], folder: Path) -> None:
    change(folder / "werelden.yml", "    dag:", "    dagg:")
    result = run("--json")
    assert result.exit_code == 1
    assert json.loads(result.output) == [
        {
            "file": "werelden.yml",
            "line": 3,
            "column": 5,
            "level": "fout",
            "code": "veld",
            "message": "veld 'dag': dit veld ontbreekt",
            "mend": "Zet 'dag:' erbij, met tekst erachter.",
        },
        {
            "file": "werelden.yml",
            "line": 6,
            "column": 11,
            "level": "fout",
            "code": "veld",
            "message": "veld 'dagg': dit veld bestaat niet; is het een tikfout?",
            "mend": "Bedoel je 'dag'?",
        },
    ]
