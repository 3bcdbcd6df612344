"""JSON Schemas of the knowledge files, so that an editor completes the fields and marks a mistake."""

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

from bot.knowledge.loader import (
    EVALUATIES_FILE,
    GESPREKKEN_FILE,
    HARD_WORDS_FILE,
    LOBSCAN_FILE,
    PHRASES_FILE,
    SPELLING_FILE,
    VERKENNING_FILE,
)
from bot.knowledge.models import (
    TYPES,
    Entry,
    Evaluaties,
    Gesprekken,
    HardWords,
    Lobscan,
    Phrases,
    Spelling,
    Verkenning,
)

_SHARED = ("bron", "betrouwbaarheid")


def file_schema(model: type[Entry]) -> dict[str, Any]:
    """The schema of a file of this type: `standaard` with the shared fields, and `items`."""
    item = deepcopy(model.schema())  # pydantic keeps it
    shared = {name: item["properties"][name] for name in _SHARED}
    item["required"] = [name for name in item.get("required", []) if name not in _SHARED]
    definitions = item.pop("definitions", {})
    for name, field in model.__fields__.items():
        if field.allow_none:  # pydantic leaves that out
            item["properties"][name] = {"anyOf": [item["properties"][name], {"type": "null"}]}
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": model.__name__,
        "type": "object",
        "additionalProperties": False,
        "required": ["items"],
        "properties": {
            "standaard": {"type": "object", "properties": shared, "additionalProperties": False},
            "items": {"type": "array", "items": item},
        },
        **({"definitions": definitions} if definitions else {}),
    }


def schemas() -> dict[str, dict[str, Any]]:
    """Every schema by the name of its file."""
    made = {f"{name}.json": file_schema(model) for name, model in TYPES.items()}
    for file, whole in (
        (PHRASES_FILE, Phrases),
        (SPELLING_FILE, Spelling),
        (VERKENNING_FILE, Verkenning),
        (GESPREKKEN_FILE, Gesprekken),
        (LOBSCAN_FILE, Lobscan),
        (EVALUATIES_FILE, Evaluaties),
        (HARD_WORDS_FILE, HardWords),
    ):
        schema = {"$schema": "http://json-schema.org/draft-07/schema#", **whole.schema()}
        made[file.replace(".yml", ".json")] = schema
    return made


def write(folder: Path) -> None:
    """Write every schema to `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, schema in schemas().items():
        (folder / name).write_text(json.dumps(schema, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
