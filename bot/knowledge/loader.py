"""Reads the knowledge files. A mistake is reported as file:line:column and never half loaded."""

import logging
import re
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Optional, TypeVar

from pydantic import BaseModel, ValidationError
from yaml import CSafeLoader, MappingNode, MarkedYAMLError, Node, ScalarNode, SequenceNode
from yaml.constructor import ConstructorError
from yaml.reader import ReaderError

from bot.knowledge import models
from bot.knowledge.models import (
    TYPES,
    Entry,
    Event,
    Gesprekken,
    Leerweg,
    Nood,
    Opleiding,
    Phrases,
    Praktijk,
    School,
    Spelling,
    Vakantie,
    Verkenning,
)
from bot.settings import settings

logger = logging.getLogger(__name__)
E = TypeVar("E", bound=Entry)
M = TypeVar("M", bound=BaseModel)
PHRASES_FILE = "antwoorden.yml"
SPELLING_FILE = "spelling.yml"
VERKENNING_FILE = "verkenning.yml"
GESPREKKEN_FILE = "gesprekken.yml"
REQUIRED = ("activiteit:open-dag", "activiteit:meeloopdag")
"""Entries that answers about other things lead to."""
RECHECK_SECONDS = 1.0


@dataclass(frozen=True)
class Problem:
    """A mistake in a knowledge file; line and column count from 1."""

    file: str
    line: int
    column: int
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.message}"


class KnowledgeError(Exception):
    """The knowledge files cannot be used; `problems` says why, in file order."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems


class Knowledge:
    """All entries, by key and by type."""

    def __init__(
        self,
        entries: Iterable[Entry],
        phrases: Phrases,
        spelling: Spelling,
        verkenning: Verkenning,
        gesprekken: Gesprekken,
    ) -> None:
        self.phrases = phrases
        self.spelling = spelling
        self.verkenning = verkenning
        self.gesprekken = gesprekken
        self.entries = {entry.key: entry for entry in entries}
        self._by_type: dict[type[Entry], list[Entry]] = {model: [] for model in TYPES.values()}
        for entry in self.entries.values():
            self._by_type[type(entry)].append(entry)

    def all(self, model: type[E]) -> list[E]:
        """Every entry of one type, in file order."""
        return self._by_type[model]

    def get(self, key: str) -> Optional[Entry]:
        """The entry with this subject key (`type:id`), or None."""
        return self.entries.get(key)

    def greeting(self) -> dict[str, Any]:
        """What Lobke says first: `text`, and `choices` with `label` and `meaning`."""
        choices = [{"label": self.phrases.knoppen[name], "meaning": name} for name in self.phrases.begroeting_keuzes]
        return {"text": self.phrases.begroeting.strip(), "choices": choices}

    def one(self, model: type[E], id: str) -> E:
        """The entry of this type and id. Raises KeyError."""
        return self.entries[f"{model.type}:{id}"]


class _Yaml(CSafeLoader):
    """YAML as staff expect it: `nee`, `on` and `18:30` are text, and the same key twice is a mistake."""

    def construct_mapping(self, node: MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if not isinstance(key, ScalarNode):
                raise ConstructorError(None, None, "voor de dubbele punt hoort 1 woord", key.start_mark)
            if key.value in seen:
                raise ConstructorError(None, None, f"'{key.value}' staat hier twee keer", key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep=deep)


_Yaml.yaml_implicit_resolvers = {}
for _tag, _pattern, _starts in (
    ("bool", r"^(?:true|false)$", "tf"),
    ("int", r"^-?(?:0|[1-9]\d*)$", "-0123456789"),
    ("null", r"^(?:null|~|)$", ["n", "~", ""]),
    ("merge", r"^<<$", "<"),
):
    _Yaml.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(_pattern), list(_starts))


class _Files:
    """Reads the files of one folder and collects the mistakes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.problems: list[Problem] = []
        self._nodes: dict[Path, Node] = {}

    def report(self, path: Path, loc: Iterable[Any], message: str) -> None:
        """Add a problem at the deepest part of `loc` (keys and indexes) that stands in the file."""
        self.add(path, *_locate(self._nodes.get(path), loc), message)

    def add(self, path: Path, line: int, column: int, message: str) -> None:
        self.problems.append(Problem(str(path.relative_to(self.folder)), line, column, message))

    def yaml(self, path: Path) -> Any:
        """The file's content; None, with a problem added, when it is missing or no YAML."""
        text = ""
        try:
            text = path.read_text(encoding="utf-8")
            loader = _Yaml(text)
            node = loader.get_single_node()
            if node is not None:
                self._nodes[path] = node
                return loader.construct_document(node)
            self.add(path, 1, 1, "dit bestand is leeg")
        except FileNotFoundError:
            self.add(path, 1, 1, "dit bestand ontbreekt")
        except OSError as error:
            self.add(path, 1, 1, f"dit bestand is niet te lezen ({error.strerror})")
        except UnicodeDecodeError:
            self.add(path, 1, 1, "dit bestand is niet in UTF-8 opgeslagen")
        except ReaderError as error:
            before = text.encode()[: error.position].decode(errors="ignore").split("\n")
            self.add(path, len(before), len(before[-1]) + 1, "hier staat een teken dat niet in tekst hoort")
        except MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
            cause = (error.problem or "").strip()
            self.add(path, line, column, f"dit is geen geldige YAML: {_SYNTAX.get(cause, cause)}")
        except Exception as error:  # PyYAML raises anything for a wrong tag, such as `!!int nee`
            self.add(path, 1, 1, f"dit is geen geldige YAML: {error}")
        return None

    def model(self, path: Path, loc: tuple[Any, ...], model: type[M], data: Any) -> Optional[M]:
        """`data` as the model; None, with a problem for every wrong field, when it does not fit."""
        if not isinstance(data, dict):
            self.report(path, loc, "hier horen velden met een dubbele punt")
            return None
        try:
            return model.parse_obj({str(name): value for name, value in data.items()})
        except ValidationError as error:
            for mistake in error.errors():
                field = ".".join(str(part) for part in mistake["loc"])
                self.report(path, (*loc, *mistake["loc"]), f"veld '{field}': {_dutch(mistake)}")
            return None

    def whole(self, path: Path, model: type[M]) -> Optional[M]:
        """A file that is one model; None, with the problems added, when it is not."""
        data = self.yaml(path)
        return None if data is None else self.model(path, (), model, data)

    def entries(self, path: Path, model: type[Entry]) -> Iterator[tuple[Entry, int]]:
        """Every sound entry of a file with its index under `items:`."""
        data = self.yaml(path)
        if data is None:
            return
        items = data.get("items") if isinstance(data, dict) else None
        if not isinstance(items, list):
            self.add(path, 1, 1, "hier hoort 'items:' te staan met een lijst eronder")
            return
        defaults = data.get("standaard") or {}
        if not isinstance(defaults, dict):
            self.report(path, ("standaard",), "hier horen velden met een dubbele punt")
            return
        for index, item in enumerate(items):
            merged = {**defaults, **item} if isinstance(item, dict) else item
            entry = self.model(path, ("items", index), model, merged)
            if entry is not None:
                yield entry, index


def load(folder: Path, production: bool = False) -> Knowledge:
    """Load every file in `folder`; examples (`voorbeeld: true`) are left out in production.

    Raises KnowledgeError with every mistake found, each with its file, line and column.
    """
    files = _Files(folder)
    found: dict[str, Entry] = {}
    places: dict[str, tuple[Path, int]] = {}
    incomplete: set[str] = set()
    for name, model in TYPES.items():
        before = len(files.problems)
        paths = sorted(folder.glob(f"{name}/*.yml")) if (folder / name).is_dir() else [folder / f"{name}.yml"]
        for path in paths:
            for entry, index in files.entries(path, model):
                if entry.key in found:
                    files.report(path, ("items", index), f"'{entry.key}' staat er al, in {places[entry.key][0].name}")
                else:
                    found[entry.key], places[entry.key] = entry, (path, index)
        if len(files.problems) > before:
            incomplete.add(model.type)

    def is_missing(reference: str) -> bool:
        return reference not in found and reference.partition(":")[0] not in incomplete

    for key, entry in found.items():
        path, index = places[key]
        for reference in _references(entry):
            if is_missing(reference):
                files.report(path, ("items", index), f"'{key}' verwijst naar '{reference}', maar dat bestaat niet")
    path = folder / PHRASES_FILE
    phrases = files.whole(path, Phrases)
    spelling = files.whole(folder / SPELLING_FILE, Spelling)
    for kind, reference in (*((None, key) for key in REQUIRED), *(phrases.algemeen.items() if phrases else ())):
        if is_missing(reference):
            loc = ("algemeen", kind) if kind else ()
            files.report(path, loc, f"Lobke heeft '{reference}' nodig, maar dat bestaat niet")
    path = folder / VERKENNING_FILE
    verkenning = files.whole(path, Verkenning)
    for loc, reference in _references_of_verkenning(verkenning) if verkenning else ():
        if is_missing(reference):
            files.report(path, loc, f"dit verwijst naar '{reference}', maar dat bestaat niet")
    gesprekken = files.whole(folder / GESPREKKEN_FILE, Gesprekken)
    if files.problems or not (phrases and spelling and verkenning and gesprekken):
        raise KnowledgeError(sorted(files.problems, key=lambda problem: (problem.file, problem.line, problem.column)))
    shown = (e for e in found.values() if not (production and isinstance(e, (Event, School, Vakantie)) and e.voorbeeld))
    return Knowledge(shown, phrases, spelling, verkenning, gesprekken)


def _references(entry: Entry) -> Iterator[str]:
    for wereld in getattr(entry, "werelden", []):
        yield f"wereld:{wereld}"
    for profiel in getattr(entry, "profielen", []):
        yield f"profiel:{profiel}"
    yield from getattr(entry, "zie_ook", [])
    yield from getattr(entry, "voorbeelden", [])
    yield from getattr(entry, "vergelijkt", [])
    if isinstance(entry, Nood):
        yield from (f"hulplijn:{id}" for id in entry.hulplijnen)
    if isinstance(entry, Leerweg):
        yield f"doorstroom:{entry.id}"
        yield from (f"niveau:{level}" for level in entry.niveaus)
    if isinstance(entry, Opleiding):
        yield f"niveau:{entry.niveau}"
    if isinstance(entry, Praktijk):
        yield from (f"activiteit:{id}" for id in entry.activiteiten)
    if isinstance(entry, Event) and entry.soort != "deadline":
        yield f"activiteit:{entry.soort}"


def _references_of_verkenning(verkenning: Verkenning) -> Iterator[tuple[tuple[Any, ...], str]]:
    for index, stelling in enumerate(verkenning.stellingen):
        for place, wereld in enumerate(stelling.werelden):
            yield ("stellingen", index, "werelden", place), f"wereld:{wereld}"
    for place, activity in enumerate(verkenning.proberen):
        yield ("proberen", place), f"activiteit:{activity}"


def _locate(node: Optional[Node], loc: Iterable[Any]) -> tuple[int, int]:
    """Line and column of the deepest node on the path that exists."""
    for part in loc:
        inner: Optional[Node] = None
        if isinstance(node, MappingNode):
            inner = next((value for key, value in node.value if key.value == str(part)), None)
        elif isinstance(node, SequenceNode) and isinstance(part, int) and part < len(node.value):
            inner = node.value[part]
        if inner is None:
            break
        node = inner
    mark = node.start_mark if node is not None else None
    return (mark.line + 1, mark.column + 1) if mark is not None else (1, 1)


_DUTCH = {
    "value_error.missing": "dit veld ontbreekt",
    "value_error.extra": "dit veld bestaat niet; is het een tikfout?",
    "value_error.date": "dit is geen datum; schrijf jaar-maand-dag, zoals 2027-04-01",
    "type_error.none.not_allowed": "hier moet iets staan",
    "type_error.integer": "hier hoort een getal",
    "type_error.bool": "kies true of false",
    "type_error.list": "hier hoort een lijst (regels die met - beginnen)",
    "type_error.dict": "hier horen velden met een dubbele punt",
    "type_error.str": "hier hoort tekst",
    "value_error.any_str.min_length": "hier moet iets staan",
    "value_error.list.min_items": "hier moet minstens één ding staan",
}


_SYNTAX = {
    "mapping values are not allowed in this context": "een dubbele punt in tekst; zet er aanhalingstekens om",
    "found unexpected end of stream": "een aanhalingsteken wordt niet gesloten",
    "did not find expected ',' or ']'": "een lijst wordt niet gesloten met ]",
    "did not find expected ',' or '}'": "velden worden niet gesloten met }",
    "found a tab character that violates indentation": "een tab; spring in met spaties",
    "found character that cannot start any token": "hier staat een tab, of tekst die tussen aanhalingstekens hoort",
    "did not find expected alphabetic or numeric character": "zet aanhalingstekens om tekst die met * of & begint",
    "did not find expected key": "let op het inspringen",
    "did not find expected '-' indicator": "let op het inspringen",
    "could not find expected ':'": "hier ontbreekt een dubbele punt",
}
_FORMS = {
    models.Crebo.regex: "hier horen 5 cijfers (de crebo)",
    models.Key.regex: "schrijf soort:naam, zoals wereld:zorg",
    models.TopicKey.regex: "hier hoort een onderwerp, zoals onderwerp:bol",
    models.Riasec.regex: "hier horen 3 letters uit RIASEC",
    models.MonthDay.regex: "schrijf maand-dag, zoals 04-01 voor 1 april",
    models.HttpsUrl.regex: "hier hoort een adres dat met https:// begint",
}


def _dutch(mistake: dict[str, Any]) -> str:
    kind, context = mistake["type"], mistake.get("ctx", {})
    if kind in ("value_error.any_str.max_length", "value_error.list.max_items"):
        return f"dit is te lang; hoogstens {context['limit_value']}"
    if kind in ("value_error.number.not_ge", "value_error.number.not_le"):
        return f"{'minstens' if kind.endswith('ge') else 'hoogstens'} {context['limit_value']}"
    if kind == "value_error.str.regex":
        form = next((text for regex, text in _FORMS.items() if regex.pattern == context["pattern"]), None)
        return form or "gebruik alleen kleine letters, cijfers en streepjes"
    if kind == "value_error.const":
        return f"kies uit: {', '.join(map(str, context.get('permitted', [])))}"
    return _DUTCH.get(kind, mistake["msg"])


def _state(path: Path) -> tuple[str, int, int]:
    try:
        found = path.stat()
    except OSError:  # gone since the folder was listed, as when an editor saves
        return str(path), 0, 0
    return str(path), found.st_mtime_ns, found.st_size


class _Current:
    """The knowledge of this process: reloaded when a file changes; a broken file keeps the last good version."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._knowledge: Optional[Knowledge] = None
        self._seen: Optional[tuple[tuple[str, int, int], ...]] = None
        self._checked = 0.0
        self.error: Optional[KnowledgeError] = None

    def get(self) -> Knowledge:
        with self._lock:
            if self._knowledge is None or time.monotonic() - self._checked > RECHECK_SECONDS:
                self._refresh()
            assert self._knowledge is not None
            return self._knowledge

    def _refresh(self) -> None:
        folder = settings().knowledge_dir
        state = tuple(_state(path) for path in sorted(folder.rglob("*.yml")))
        self._checked = time.monotonic()
        if state == self._seen:
            if self._knowledge is None and self.error:
                raise self.error
            return
        self._seen = state
        try:
            self._knowledge = load(folder, settings().production)
            self.error = None
        except KnowledgeError as error:
            self.error = error
            if self._knowledge is None:
                raise
            logger.error("De kennisbestanden hebben een fout; de vorige versie blijft gelden.\n%s", error)


_current = _Current()


def current() -> Knowledge:
    """The knowledge as the files are now, checked for change at most once a second.

    After a change with a mistake the last good version stays. Raises KnowledgeError when there never was one.
    """
    return _current.get()
