"""The JSON Schemas accept the knowledge files and mark the mistakes that the loader marks."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator

from bot.knowledge.check import WHOLE_FILES
from bot.knowledge.loader import _Yaml
from bot.knowledge.models import TYPES
from bot.knowledge.schema import schemas, write
from bot.settings import PROJECT

KNOWLEDGE = PROJECT / "knowledge"
FILES = sorted(KNOWLEDGE.rglob("*.yml"))
SCHEMAS = schemas()


def content(path: Path) -> Any:
    """The file as an editor sees it: only text, numbers, lists and fields, and `no` is text."""
    return yaml.load(path.read_bytes(), _Yaml)


def schema_of(path: Path) -> Draft7Validator:
    name = path.parent.name if path.parent != KNOWLEDGE else path.stem
    return Draft7Validator(SCHEMAS[f"{name}.json"])


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(KNOWLEDGE)))
def test_every_knowledge_file_fits_its_schema(path: Path) -> None:
    assert [error.message for error in schema_of(path).iter_errors(content(path))] == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(KNOWLEDGE)))
def test_every_knowledge_file_tells_an_editor_where_its_schema_is(path: Path) -> None:
    first = path.read_text(encoding="utf-8").splitlines()[0]
    start = "# yaml-language-server: $schema="
    assert first.startswith(start)
    assert (path.parent / first.removeprefix(start)).is_file()


@pytest.mark.parametrize("name", sorted(SCHEMAS))
def test_a_schema_is_valid_itself(name: str) -> None:
    Draft7Validator.check_schema(SCHEMAS[name])


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("niveau", 5),
        ("niveau", "drie"),
        ("werelden", []),
        ("werelden", "zorg"),
        ("betrouwbaarheid", "laag"),
        ("id", "2565"),
        ("naam", ""),
        ("naaam", "Kok"),
    ],
)
def test_an_editor_marks_a_mistake(field: str, value: object) -> None:
    path = KNOWLEDGE / "opleidingen.yml"
    data = content(path)
    data["items"][0][field] = value
    assert not schema_of(path).is_valid(data)


def test_an_editor_marks_a_field_that_is_missing() -> None:
    path = KNOWLEDGE / "opleidingen.yml"
    data = content(path)
    del data["items"][0]["niveau"]
    assert not schema_of(path).is_valid(data)


def test_the_source_may_stand_once_for_the_whole_file() -> None:
    path = KNOWLEDGE / "opleidingen.yml"
    data = content(path)
    assert "bron" in data["standaard"] and "bron" not in data["items"][0]
    assert schema_of(path).is_valid(data)


def test_the_schemas_in_the_repository_are_those_of_the_models(tmp_path: Path) -> None:
    """If not: python -c "from pathlib import Path; from bot.knowledge.schema import write; write(Path(FOLDER))"."""
    write(tmp_path)
    kept = {path.name: path.read_text(encoding="utf-8") for path in (KNOWLEDGE / "schema").iterdir()}
    assert kept == {path.name: path.read_text(encoding="utf-8") for path in tmp_path.iterdir()}
    whole = (Path(name).stem for name in WHOLE_FILES)
    assert set(kept) == {f"{name}.json" for name in (*TYPES, *whole)}
