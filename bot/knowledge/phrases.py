"""Which sentences, buttons and general topics the code says, and with which {words} it fills in a sentence.

They are in phrases.json. When code says something new: put it in knowledge/antwoorden.yml, and run
`python -m bot.knowledge.phrases`. A test tells when that has been forgotten.
"""

import json
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from bot.knowledge.models import Phrases, fields_of

FILE = Path(__file__).with_name("phrases.json")
SECTIONS = ("zinnen", "knoppen", "algemeen")


@lru_cache(maxsize=1)
def said_by_code() -> dict[str, dict[str, list[str]]]:
    """For each section of antwoorden.yml what must be in it, with the {words} that it may hold."""
    found: dict[str, dict[str, list[str]]] = json.loads(FILE.read_text(encoding="utf-8"))
    return found


def of(phrases: Phrases) -> dict[str, dict[str, list[str]]]:
    """What phrases.json says when it is made from these phrases."""
    return {
        section: {
            name: sorted(fields_of(text)) if section == "zinnen" else []
            for name, text in sorted(getattr(phrases, section).items())
        }
        for section in SECTIONS
    }


def missing(phrases: Phrases) -> Iterator[tuple[str, str]]:
    """Section and name of what the code says and antwoorden.yml does not have."""
    for section, names in said_by_code().items():
        yield from ((section, name) for name in names if name not in getattr(phrases, section))


def unused(phrases: Phrases) -> Iterator[tuple[str, str]]:
    """Section and name of what antwoorden.yml has and the code does not say."""
    for section, names in said_by_code().items():
        yield from ((section, name) for name in getattr(phrases, section) if name not in names)


def unknown_fields(phrases: Phrases) -> Iterator[tuple[str, str, list[str]]]:
    """Name, unknown word and known words, for each {word} that the code does not fill in."""
    for name, known in said_by_code()["zinnen"].items():
        for field in sorted(fields_of(phrases.zinnen.get(name, ""))):
            if field not in known:
                yield name, field, known


def main() -> None:
    """Write phrases.json from the real antwoorden.yml."""
    import yaml

    from bot.settings import settings

    content: Any = yaml.safe_load((settings().knowledge_dir / "antwoorden.yml").read_text(encoding="utf-8"))
    FILE.write_text(json.dumps(of(Phrases.parse_obj(content)), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
