"""The docs say what is there: every setting, every field, every command, and links that lead somewhere."""

import re
from pathlib import Path
from typing import Any

import pytest

from bot.cli import lobke
from bot.knowledge.models import TYPES, Entry
from bot.settings import PROJECT, Settings

DOCS = [PROJECT / "README.md", *sorted((PROJECT / "docs").rglob("*.md"))]
SETTING = re.compile(r"^\| `(LOBKE_\w+)` \| (?:`([^`]*)`|leeg) \| \S", re.MULTILINE)
KNOWLEDGE_FILE = re.compile(r"^\| `(\w+)(?:/\*)?\.yml` \|[^|]*\| (.*) \|$", re.MULTILINE)
LINK = re.compile(r"\]\(([^)\s]+)\)")
CODE = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)


def text(name: str) -> str:
    return (PROJECT / name).read_text(encoding="utf-8")


def as_written(default: Any) -> str:
    """A default as the docs write it: "" when there is none, a folder as seen from the project."""
    if isinstance(default, Path):
        return default.relative_to(PROJECT).as_posix()
    return str(default).lower() if isinstance(default, bool) else str(default or "")


def test_beheer_lists_exactly_the_settings_with_their_defaults() -> None:
    settings = [(f"LOBKE_{name.upper()}", as_written(field.default)) for name, field in Settings.__fields__.items()]
    assert SETTING.findall(text("docs/beheer.md")) == settings


@pytest.mark.parametrize("path", DOCS, ids=lambda path: str(path.relative_to(PROJECT)))
def test_no_other_setting_is_named(path: Path) -> None:
    named = set(re.findall(r"\bLOBKE_[A-Z_]*[A-Z]\b", path.read_text(encoding="utf-8")))
    assert named - {f"LOBKE_{name.upper()}" for name in Settings.__fields__} == set()


@pytest.mark.parametrize("path", DOCS, ids=lambda path: str(path.relative_to(PROJECT)))
def test_every_link_leads_to_a_file(path: Path) -> None:
    links = LINK.findall(CODE.sub("", path.read_text(encoding="utf-8")))
    places = [link.partition("#")[0] for link in links if "://" not in link and not link.startswith("#")]
    assert [place for place in places if not (path.parent / place).exists()] == []


def test_the_readme_shows_the_screenshot_and_is_short() -> None:
    assert "](docs/screenshot.png)" in text("README.md")
    assert len(text("README.md").splitlines()) <= 110


@pytest.mark.parametrize("path", DOCS, ids=lambda path: str(path.relative_to(PROJECT)))
def test_every_command_exists(path: Path) -> None:
    content = path.read_text(encoding="utf-8")
    targets = set(re.findall(r"^(\w+):", text("Makefile"), re.MULTILINE))
    assert set(re.findall(r"(?:`|^ +)make (\w+)", content, re.MULTILINE)) - targets == set()
    assert set(re.findall(r"`(?:\.venv/bin/)?lobke (\w+)", content)) - set(lobke.commands) == set()


def test_kennis_lists_every_file_with_its_fields() -> None:
    rows = {
        name: set(re.findall(r"`(\w+)`", fields)) for name, fields in KNOWLEDGE_FILE.findall(text("docs/kennis.md"))
    }
    shared = set(Entry.__fields__)
    assert rows == {name: set(model.__fields__) - shared for name, model in TYPES.items()}
