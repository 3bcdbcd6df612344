"""Reads the knowledge files. A mistake is reported as file:line:column and never half loaded."""

import gc
import logging
import re
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import wraps
from pathlib import Path
from typing import Any, Optional, TypeVar

from pydantic import BaseModel, ValidationError
from rapidfuzz import fuzz, process
from yaml import CSafeLoader, MappingNode, MarkedYAMLError, Node, ScalarNode, SequenceNode
from yaml.constructor import ConstructorError
from yaml.reader import ReaderError

from bot import clock
from bot.knowledge import models
from bot.knowledge import phrases as said
from bot.knowledge.models import (
    NO_SCAN,
    TYPES,
    Entry,
    Evaluaties,
    Event,
    Gesprekken,
    Leerweg,
    Lobscan,
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
T = TypeVar("T")
PHRASES_FILE = "antwoorden.yml"
SPELLING_FILE = "spelling.yml"
VERKENNING_FILE = "verkenning.yml"
GESPREKKEN_FILE = "gesprekken.yml"
LOBSCAN_FILE = "lobscan.yml"
EVALUATIES_FILE = "evaluaties.yml"
HARD_WORDS_FILE = "moeilijke_woorden.yml"
REQUIRED = ("activiteit:open-dag", "activiteit:meeloopdag")
"""Entries that answers about other things lead to."""
Loc = tuple[Any, ...]
"""Where something stands: names of fields, and places in lists."""
LOOK_SECONDS = 0.5
"""How often a process looks whether a file has changed."""
SETTLE_SECONDS = 0.05
"""A file that changes again within this time is still being written."""
MOST_BYTES = 10_000_000
DEEPEST = 50
"""Fields and lists inside one another; the YAML library crashes on some ten thousand."""


@dataclass(frozen=True)
class Problem:
    """A mistake in a knowledge file; line and column count from 1."""

    file: str
    line: int
    column: int
    message: str
    code: str = "fout"
    """A word for this kind of mistake that does not change, for programs."""
    mend: str = ""
    """What to do about it."""

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
        lobscan: Lobscan = NO_SCAN,
        evaluaties: Optional[Evaluaties] = None,
    ) -> None:
        self.phrases = phrases
        self.spelling = spelling
        self.verkenning = verkenning
        self.gesprekken = gesprekken
        self.lobscan = lobscan
        self.evaluaties = evaluaties
        self.entries = {entry.key: entry for entry in entries}
        self._made: dict[Callable[..., Any], Any] = {}
        self._making = threading.RLock()
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

    def made(self, make: Callable[["Knowledge"], T]) -> T:
        """What `make` makes of this knowledge: made the first time, and kept as long as this knowledge is in use."""
        with self._making:
            if make not in self._made:
                self._made[make] = make(self)
            found: T = self._made[make]
            return found

    def make_what(self, other: "Knowledge") -> None:
        """Make everything that was made of another version, so that nobody has to wait for it later."""
        for make in list(other._made):
            self.made(make)


def per_knowledge(make: Callable[[Knowledge], T]) -> Callable[[Knowledge], T]:
    """A function that makes something of the knowledge once for each version of it, before that version is used."""

    @wraps(make)
    def made(knowledge: Knowledge) -> T:
        return knowledge.made(make)

    return made


class _Yaml(CSafeLoader):
    """YAML as staff expect it: `nee`, `on` and `18:30` are text, and the same key twice is a mistake."""

    def construct_document(self, node: Node) -> Any:
        """What a node holds. Raises ConstructorError, and ValueError for a tag that does not fit."""
        return _content(node)


def _content(node: Node) -> Any:
    if isinstance(node, ScalarNode):
        build = _SCALARS.get(node.tag)
        if build is None:
            raise ConstructorError(None, None, "zet aanhalingstekens om tekst die met ! begint", node.start_mark)
        return build(node.value)
    if isinstance(node, SequenceNode):
        return [_content(inner) for inner in node.value]
    found: dict[str, Any] = {}
    for key, value in node.value:
        if not isinstance(key, ScalarNode):
            raise ConstructorError(None, None, "voor de dubbele punt hoort 1 woord", key.start_mark)
        if key.value in found:
            raise ConstructorError(None, None, f"'{key.value}' staat hier twee keer", key.start_mark)
        found[key.value] = _content(value)
    return found


_SCALARS: dict[str, Callable[[str], Any]] = {
    "tag:yaml.org,2002:str": str,
    "tag:yaml.org,2002:int": int,
    "tag:yaml.org,2002:bool": lambda text: text == "true",
    "tag:yaml.org,2002:null": lambda text: None,
}


_Yaml.yaml_implicit_resolvers = {}
for _tag, _pattern, _starts in (
    ("bool", r"^(?:true|false)$", "tf"),
    ("int", r"^-?(?:0|[1-9]\d{0,17})$", "-0123456789"),
    ("null", r"^(?:null|~|)$", ["n", "~", ""]),
):
    _Yaml.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(_pattern), list(_starts))


@dataclass
class _File:
    """What a file without a mistake held: entries with their index under `items:`, or one model."""

    content: bytes
    read: Any
    items: list[Any]
    """What the entries were made of, to make again only those that changed."""


_kept: dict[Path, _File] = {}
"""What this process read before, by place in the folder: the live files, and copies in which a change is tried."""


class Files:
    """Reads the files of one folder and collects the mistakes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.problems: list[Problem] = []
        self._nodes: dict[Path, Optional[Node]] = {}

    def node(self, path: Path) -> Optional[Node]:
        """The file as YAML with places; None when it cannot be read."""
        if path not in self._nodes:
            with suppress(Exception):  # read before without a mistake, so it is only gone when somebody saves it now
                self._nodes[path] = _Yaml(path.read_bytes().decode("utf-8-sig")).get_single_node()
        return self._nodes.get(path)

    def content(self, path: Path) -> bytes:
        """What stands in a file; nothing when it is gone by now."""
        with suppress(OSError):
            return path.read_bytes()
        return b""

    def place(self, path: Path, loc: Iterable[Any]) -> tuple[int, int]:
        """Line and column of the deepest part of `loc` (keys and indexes) that stands in the file."""
        return _locate(self.node(path), loc)

    def report(self, path: Path, loc: Iterable[Any], message: str, code: str, mend: str = "") -> None:
        """Add a problem at the deepest part of `loc` (keys and indexes) that stands in the file."""
        self.add(path, *self.place(path, loc), message, code, mend)

    def add(self, path: Path, line: int, column: int, message: str, code: str, mend: str = "") -> None:
        """Add a problem."""
        self.problems.append(Problem(path.relative_to(self.folder).as_posix(), line, column, message, code, mend))

    def _bytes(self, path: Path) -> bytes:
        """The content of a file; nothing, with a problem added, when it cannot be read."""
        self._nodes[path] = None
        try:
            if path.stat().st_size > MOST_BYTES:
                self.add(
                    path, 1, 1, f"dit bestand is te groot; hoogstens {MOST_BYTES // 1_000_000} MB", "bestand", _SPLIT
                )
                return b""
            content = path.read_bytes()
            if not content:
                self.add(path, 1, 1, "dit bestand is leeg", "leeg", _OLDER)
            return content
        except FileNotFoundError:
            self.add(path, 1, 1, "dit bestand ontbreekt", "bestand", _OLDER)
        except OSError as error:
            self.add(path, 1, 1, f"dit bestand is niet te lezen ({error.strerror})", "bestand")
        return b""

    def yaml(self, path: Path, content: Optional[bytes] = None) -> Any:
        """The file's content; None, with a problem added, when it is missing or no YAML."""
        content = self._bytes(path) if content is None else content
        if not content:
            return None
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            place = _after(content[: error.start].decode("latin-1"))
            self.add(path, *place, "dit bestand is niet in UTF-8 opgeslagen", "tekens", "Kies UTF-8 bij Opslaan als.")
            return None
        if deep := _TOO_DEEP.search(text) or _open_brackets(text):
            self.add(
                path,
                *_after(text[: deep.start()]),
                "hier staat te veel in elkaar",
                "yaml",
                "Haal hier haken of spaties weg.",
            )
            return None
        try:
            loader = _Yaml(text)
            node = loader.get_single_node()
            if node is None or isinstance(node, ScalarNode) and node.tag.endswith(":null"):
                self.add(path, 1, 1, "dit bestand is leeg", "leeg", _OLDER)
                return None
            if shared := _shared_node(node):
                mark = shared.start_mark
                message = "met & en * verwijst een regel naar een andere, en dat leest Lobke niet"
                mend = "Schrijf de tekst voluit, of zet er aanhalingstekens om."
                self.add(path, mark.line + 1, mark.column + 1, message, "yaml", mend)
                return None
            self._nodes[path] = node
            return loader.construct_document(node)
        except ReaderError as error:
            before = text.encode()[: error.position].decode(errors="ignore")
            self.add(path, *_after(before), "hier staat een teken dat niet in tekst hoort", "tekens", "Haal het weg.")
        except MarkedYAMLError as error:
            unclosed = (error.problem or "").strip() in _UNCLOSED
            mark = (unclosed and error.context_mark) or error.problem_mark or error.context_mark
            line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
            cause = (error.problem or "").strip()
            self.add(path, line, column, f"dit is geen geldige YAML: {_SYNTAX.get(cause, cause)}", "yaml", _LIKE_OTHERS)
        except Exception as error:  # PyYAML raises anything for a wrong tag, such as `!!int nee`
            self.add(path, 1, 1, f"dit is geen geldige YAML: {error}", "yaml", _LIKE_OTHERS)
        return None

    def model(self, path: Path, loc: tuple[Any, ...], model: type[M], data: Any) -> Optional[M]:
        """`data` as the model; None, with a problem for every wrong field, when it does not fit."""
        if not isinstance(data, dict):
            self.report(path, loc, _FIELDS, "vorm", _LIKE_OTHERS)
            return None
        try:
            return model.parse_obj(data)
        except ValidationError as error:
            for mistake in error.errors():
                field = ".".join(str(part) for part in mistake["loc"])
                mend = _mend(mistake, str(mistake["loc"][-1]), model)
                self.report(path, (*loc, *mistake["loc"]), f"veld '{field}': {_dutch(mistake)}", "veld", mend)
            return None

    def whole(self, path: Path, model: type[M]) -> Optional[M]:
        """A file that is one model; None, with the problems added, when it is not."""
        found: Optional[M] = self._read(path, lambda data: self.model(path, (), model, data))
        return found

    def entries(self, path: Path, model: type[Entry]) -> list[tuple[Entry, int]]:
        """Every sound entry of a file with its index under `items:`."""
        made: list[Any] = []
        found = self._read(path, lambda data: self._items(path, model, data, made), made)
        return found or []

    def _read(self, path: Path, build: Callable[[Any], T], items: Optional[list[Any]] = None) -> Optional[T]:
        """What a file holds; it is read again only when it changed since there was no mistake in it."""
        before = len(self.problems)
        content, place = self._bytes(path), path.relative_to(self.folder)
        kept = _kept.get(place)
        if kept and content == kept.content:
            del self._nodes[path]
            again: T = kept.read
            return again
        data = self.yaml(path, content)
        found = None if data is None else build(data)
        if len(self.problems) == before:
            _kept[place] = _File(content, found, items or [])
        return found

    def _items(self, path: Path, model: type[Entry], data: Any, made: list[Any]) -> list[tuple[Entry, int]]:
        items = data.get("items") if isinstance(data, dict) else None
        if not isinstance(items, list):
            self.add(path, 1, 1, "hier hoort 'items:' te staan met een lijst eronder", "vorm", _LIKE_OTHERS)
            return []
        defaults = data.get("standaard") or {}
        if not isinstance(defaults, dict):
            self.report(path, ("standaard",), _FIELDS, "vorm", _LIKE_OTHERS)
            return []
        kept = _kept.get(path.relative_to(self.folder))
        before = (
            {str(item.get("id")): (item, entry) for item, (entry, _) in zip(kept.items, kept.read, strict=True)}
            if kept
            else {}
        )
        found = []
        for index, item in enumerate(items):
            merged = {**defaults, **item} if isinstance(item, dict) else item
            known = before.get(str(merged.get("id"))) if isinstance(merged, dict) else None
            if known and known[0] == merged and type(known[1]) is model:
                entry: Optional[Entry] = known[1]
            else:
                entry = self.model(path, ("items", index), model, merged)
            if entry is not None:
                found.append((entry, index))
                made.append(merged)
        return found


def _after(text: str) -> tuple[int, int]:
    """Line and column of what comes after this text."""
    lines = text.split("\n")
    return len(lines), len(lines[-1]) + 1


_TOO_DEEP = re.compile(rf"^[ \t?:-]{{{4 * DEEPEST},}}", re.MULTILINE)
_BRACKET = re.compile(r"[\[\]{}]")
_FIELDS = "hier horen velden met een dubbele punt"
_LIKE_OTHERS = "Vergelijk het met de regels erboven en eronder."
_OLDER = "Zet de vorige versie van het bestand terug."
_SPLIT = "Haal weg wat er niet in hoort."
_NO_ALIAS = "zet aanhalingstekens om tekst die met * of & begint"


def _open_brackets(text: str) -> Optional[re.Match[str]]:
    """The bracket at which too many are open, or None."""
    level = 0
    for bracket in _BRACKET.finditer(text):
        level = level + 1 if bracket.group() in "[{" else max(0, level - 1)
        if level > DEEPEST:
            return bracket
    return None


def _shared_node(root: Node) -> Optional[Node]:
    """A node that stands in more places, by & and *. With those a small file can become endless."""
    seen: set[int] = set()
    left: list[Any] = [root]
    while left:
        node = left.pop()
        if id(node) in seen:
            return node
        seen.add(id(node))
        if isinstance(node, SequenceNode):
            left += node.value
        elif isinstance(node, MappingNode):
            left += [part for pair in node.value for part in pair]
    return None


@dataclass
class Found:
    """What the files of a folder hold, as far as it is sound."""

    entries: dict[str, Entry]
    places: dict[str, tuple[Path, int]]
    """The file of each entry, and its index under `items:`."""
    phrases: Optional[Phrases]
    spelling: Optional[Spelling]
    verkenning: Optional[Verkenning]
    gesprekken: Optional[Gesprekken]
    lobscan: Optional[Lobscan]
    evaluaties: Optional[Evaluaties]


def load(folder: Path, production: bool = False) -> Knowledge:
    """Load every file in `folder`; examples (`voorbeeld: true`) are left out in production.

    Raises KnowledgeError with every mistake found, each with its file, line and column.
    """
    files = Files(folder)
    found = read(files)
    phrases, spelling, verkenning, gesprekken = found.phrases, found.spelling, found.verkenning, found.gesprekken
    lobscan, evaluaties = found.lobscan, found.evaluaties
    if files.problems or not (phrases and spelling and verkenning and gesprekken and lobscan and evaluaties):
        raise KnowledgeError(sorted(files.problems, key=lambda problem: (problem.file, problem.line, problem.column)))
    entries = found.entries.values()
    shown = (e for e in entries if not (production and isinstance(e, (Event, School, Vakantie)) and e.voorbeeld))
    return Knowledge(shown, phrases, spelling, verkenning, gesprekken, lobscan, evaluaties)


def read(files: Files) -> Found:
    """Read every file, and add every mistake to `files.problems`."""
    folder = files.folder
    found: dict[str, Entry] = {}
    places: dict[str, tuple[Path, int]] = {}
    incomplete: set[str] = set()
    for name, model in TYPES.items():
        before = len(files.problems)
        paths = sorted(folder.glob(f"{name}/*.yml")) if (folder / name).is_dir() else [folder / f"{name}.yml"]
        for path in paths:
            for entry, index in files.entries(path, model):
                if entry.key in found:
                    first = places[entry.key][0].name
                    message = f"'{entry.key}' staat er al, in {first}"
                    mend = "Kies een ander id, of haal er 1 weg."
                    files.report(path, ("items", index, "id"), message, "dubbel", mend)
                else:
                    found[entry.key], places[entry.key] = entry, (path, index)
        if len(files.problems) > before:
            incomplete.add(model.type)

    def is_missing(reference: str) -> bool:
        return reference not in found and reference.partition(":")[0] not in incomplete

    def missing(path: Path, loc: Loc, start: str, reference: str) -> None:
        message = f"{start} '{reference}', maar dat bestaat niet"
        files.report(path, loc, message, "verwijzing", _did_you_mean(reference, found))

    for key, entry in found.items():
        path, index = places[key]
        for loc, reference in references(entry):
            if is_missing(reference):
                missing(path, ("items", index, *loc), f"'{key}' verwijst naar", reference)
    path = folder / PHRASES_FILE
    phrases = files.whole(path, Phrases)
    spelling = files.whole(folder / SPELLING_FILE, Spelling)
    for kind, reference in (*((None, key) for key in REQUIRED), *(phrases.algemeen.items() if phrases else ())):
        if is_missing(reference):
            message = f"Lobke heeft '{reference}' nodig, maar dat bestaat niet"
            mend = _did_you_mean(reference, found)
            files.report(path, ("algemeen", kind) if kind else (), message, "verwijzing", mend)
    if phrases:
        _report_phrases(files, path, phrases)
    path = folder / VERKENNING_FILE
    verkenning = files.whole(path, Verkenning)
    for loc, reference in _references_of_verkenning(verkenning) if verkenning else ():
        if is_missing(reference):
            missing(path, loc, "dit verwijst naar", reference)
    gesprekken = files.whole(folder / GESPREKKEN_FILE, Gesprekken)
    lobscan = files.whole(folder / LOBSCAN_FILE, Lobscan)
    evaluaties = files.whole(folder / EVALUATIES_FILE, Evaluaties)
    return Found(found, places, phrases, spelling, verkenning, gesprekken, lobscan, evaluaties)


def _report_phrases(files: Files, path: Path, phrases: Phrases) -> None:
    for section, name in said.missing(phrases):
        message = f"bij '{section}' ontbreekt '{name}'"
        files.report(path, (section,), message, "zin", f"Zet '{name}:' terug; Lobke heeft het nodig.")
    for name, field, known in said.unknown_fields(phrases):
        near = process.extractOne(field, known, scorer=fuzz.ratio, score_cutoff=_LIKE - 20)
        words = " of ".join(f"{{{word}}}" for word in known)
        mend = f"Bedoel je {{{near[0]}}}?" if near else f"Kies {words}." if known else "Hier kan geen {woord} staan."
        message = f"zin '{name}': Lobke weet niet wat {{{field}}} is"
        files.report(path, ("zinnen", name), message, "zin", mend)


def references(entry: Entry) -> Iterator[tuple[Loc, str]]:
    """Every subject key that an entry refers to, with the field where it does."""
    for field, type in (("werelden", "wereld"), ("profielen", "profiel"), ("hulplijnen", "hulplijn")):
        yield from (((field, place), f"{type}:{id}") for place, id in enumerate(getattr(entry, field, [])))
    for field in ("zie_ook", "voorbeelden", "vergelijkt"):
        yield from (((field, place), key) for place, key in enumerate(getattr(entry, field, [])))
    if isinstance(entry, Leerweg):
        yield ("id",), f"doorstroom:{entry.id}"
        yield from ((("niveaus", place), f"niveau:{level}") for place, level in enumerate(entry.niveaus))
    if isinstance(entry, Opleiding):
        yield ("niveau",), f"niveau:{entry.niveau}"
    if isinstance(entry, Praktijk):
        yield from ((("activiteiten", place), f"activiteit:{id}") for place, id in enumerate(entry.activiteiten))
    if isinstance(entry, Event) and entry.soort != "deadline":
        yield ("soort",), f"activiteit:{entry.soort}"


def _did_you_mean(reference: str, found: Iterable[str]) -> str:
    type = reference.partition(":")[0]
    options = [key for key in found if key.startswith(f"{type}:")] or list(found)
    near = process.extractOne(reference, options, scorer=fuzz.ratio, score_cutoff=_LIKE)
    if near:
        return f"Bedoel je '{near[0]}'?"
    some = ", ".join(f"'{key}'" for key in options[:3])
    return f"Kies iets dat bestaat, zoals {some}." if some else "Maak het eerst, of haal de verwijzing weg."


_LIKE = 75
"""How many of a hundred letters must be the same to ask whether something else is meant."""


def _references_of_verkenning(verkenning: Verkenning) -> Iterator[tuple[Loc, str]]:
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


_UNCLOSED = {
    "found unexpected end of stream",
    "did not find expected ',' or ']'",
    "did not find expected ',' or '}'",
}
"""Mistakes for which the place where it began says more than the place where it shows."""
_SYNTAX = {
    "mapping values are not allowed in this context": "een dubbele punt in tekst; zet er aanhalingstekens om",
    "found unexpected end of stream": "een aanhalingsteken wordt niet gesloten",
    "did not find expected ',' or ']'": "een lijst wordt niet gesloten met ]",
    "did not find expected ',' or '}'": "velden worden niet gesloten met }",
    "found a tab character that violates indentation": "een tab; spring in met spaties",
    "found character that cannot start any token": "hier staat een tab, of tekst die tussen aanhalingstekens hoort",
    "did not find expected alphabetic or numeric character": _NO_ALIAS,
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
    models.Email.regex: "hier hoort een e-mailadres",
    models.ScanId.regex: "schrijf 2 hoofdletters, met bij een punt een cijfer erachter, zoals DR of DR1",
}


_MENDS = {
    "value_error.missing": "",
    "value_error.date": "Kies een dag die bestaat.",
    "type_error.none.not_allowed": "Schrijf er iets achter.",
    "value_error.any_str.min_length": "Schrijf er iets achter.",
    "value_error.list.min_items": "Zet er iets bij.",
    "type_error.integer": "Schrijf een cijfer, zoals 3.",
    "type_error.list": "Zet elk ding op een eigen regel met een streepje ervoor.",
}


def _mend(mistake: dict[str, Any], name: str, model: type[BaseModel]) -> str:
    """What to do about a mistake in a field, when the message does not say it yet."""
    kind = mistake["type"]
    if kind == "value_error.extra":
        near = process.extractOne(name, list(model.__fields__), scorer=fuzz.ratio, score_cutoff=_LIKE - 10)
        return f"Bedoel je '{near[0]}'?" if near else "Haal het weg, of gebruik een veld van de andere items."
    if kind == "value_error.missing" and name in ("bron", "betrouwbaarheid"):
        return f"Zet '{name}:' erbij, hier of onder 'standaard:' boven in het bestand."
    if kind == "value_error.missing":
        return f"Zet '{name}:' erbij, met tekst erachter."
    if kind == "value_error.const" and name == "betrouwbaarheid":
        return "Wat minder zeker is, hoort er niet in. Zoek het na, of haal het weg."
    if "max_" in kind:
        return "Maak het korter."
    return _MENDS.get(kind, "Verander wat hier staat.")


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


def _state(path: Path) -> tuple[str, int, int, int]:
    try:
        found = path.stat()
    except OSError:  # gone since the folder was listed, as when an editor saves
        return str(path), 0, 0, 0
    return str(path), found.st_mtime_ns, found.st_size, found.st_ino


State = tuple[tuple[str, int, int, int], ...]


class Live:
    """The knowledge of this process. A thread looks for changes, and makes all that is needed before they count.

    A broken file keeps the last good version; `error` then says what is wrong, and is None when all is well.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._folder: Optional[Path] = None
        self._knowledge: Optional[Knowledge] = None
        self._seen: Optional[State] = None
        self._thread: Optional[threading.Thread] = None
        self.error: Optional[KnowledgeError] = None
        self.loaded_at: Optional[datetime] = None
        """When the version that counts now was read."""

    def get(self) -> Knowledge:
        """The knowledge that counts now. Raises KnowledgeError when there never was a good version."""
        if self._knowledge is None:
            self.look()
        if self._thread is None or not self._thread.is_alive():  # also in a process that was forked
            self._watch()
        assert self._knowledge is not None
        return self._knowledge

    def look(self) -> None:
        """Take over what has changed, now. Raises KnowledgeError when there never was a good version."""
        with self._lock:
            self._folder = self._folder or settings().knowledge_dir
            state = _states(self._folder)
            if state != self._seen:
                self._seen = state
                self._load(self._folder)
            if self._knowledge is None and self.error:
                raise self.error

    def _load(self, folder: Path) -> None:
        before = self._knowledge
        gc.disable()  # nearly all that is made here stays, and looking for garbage takes a third of the time
        try:
            knowledge = load(folder, settings().production)
            if before is not None:
                knowledge.make_what(before)
            self._knowledge, self.error, self.loaded_at = knowledge, None, clock.now()
        except KnowledgeError as error:
            self.error = error
            if before is not None:
                logger.error("De kennisbestanden hebben een fout; de vorige versie blijft gelden.\n%s", error)
        finally:
            gc.enable()

    def _watch(self) -> None:
        with self._lock:
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._keep_looking, name="knowledge", daemon=True)
                self._thread.start()

    def _keep_looking(self) -> None:
        assert self._folder is not None
        while live is self:
            time.sleep(LOOK_SECONDS)
            try:
                if _states(self._folder) != self._seen:
                    self._settle(self._folder)
                    self.look()
            except Exception:
                logger.exception("De kennisbestanden zijn niet opnieuw gelezen; de vorige versie blijft gelden.")

    def _settle(self, folder: Path) -> None:
        """Wait until nobody is writing a file."""
        before, now = None, _states(folder)
        for _ in range(10):
            if before == now:
                return
            time.sleep(SETTLE_SECONDS)
            before, now = now, _states(folder)


def _states(folder: Path) -> State:
    return tuple(_state(path) for path in sorted(folder.rglob("*.yml")))


live = Live()


def current() -> Knowledge:
    """The knowledge as the files are, at most two seconds ago; it never waits for a change to be read.

    After a change with a mistake the last good version stays, and `live.error` says why. Raises KnowledgeError when
    there never was a good version.
    """
    return live.get()


def school_name(id: str) -> str:
    """The name of a school, for its id in scholen.yml; the id when that has no such school."""
    entry = current().get(f"school:{id}")
    return entry.label if entry else id


def schools_of_pupils() -> list[School]:
    """The schools of scholen.yml but those of the mbo, in its order."""
    return [school for school in current().all(School) if school.soort != "mbo"]
