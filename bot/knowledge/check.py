"""Checks the knowledge files: what is wrong (an error), what may be wrong (a warning), where, and how to mend it."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Literal, Optional

from rapidfuzz import fuzz, process
from yaml import MappingNode, Node, ScalarNode, SequenceNode

from bot.knowledge import phrases, reading
from bot.knowledge.calendar import MONTHS, occurrences
from bot.knowledge.loader import (
    EVALUATIES_FILE,
    GESPREKKEN_FILE,
    HARD_WORDS_FILE,
    LOBSCAN_FILE,
    PHRASES_FILE,
    SPELLING_FILE,
    VERKENNING_FILE,
    Files,
    Found,
    Loc,
    read,
    references,
)
from bot.knowledge.models import (
    NO_SUBJECTS,
    TYPES,
    Activiteit,
    Entry,
    Event,
    HardWords,
    Moment,
    Onderwerp,
    Opleiding,
    Praktijk,
    Profiel,
    School,
    Vakantie,
    Wereld,
)
from bot.knowledge.question import GROUP
from bot.knowledge.words import as_one

WHOLE_FILES = (
    PHRASES_FILE,
    SPELLING_FILE,
    VERKENNING_FILE,
    GESPREKKEN_FILE,
    LOBSCAN_FILE,
    EVALUATIES_FILE,
    HARD_WORDS_FILE,
)
_NOT_READ = {HARD_WORDS_FILE, SPELLING_FILE, "talen.yml"}
"""Files that hold no Dutch sentences of Lobke's."""
_NOT_SAID = {"id", "bron", "betrouwbaarheid", "namen", "vragen", "patronen", "niet", "zie_ook", "vergelijkt", "riasec"}
_NOT_SAID |= {"uid", "standaard", "herhaal", "controleer_voor", "eigenaar"}
_NAMES = {"naam", "afkorting", "telefoon", "chat", "hoofdgroepen"}
"""Official names may be long or hard; numbers and addresses are not read as sentences."""
_MONTHS = "|".join(MONTHS)
_DAY = re.compile(rf"\b(\d{{1,2}}) ({_MONTHS}) (20\d\d)\b", re.IGNORECASE)
_SCHOOL_YEAR = re.compile(r"\b(20\d\d)\s?[-/–]\s?(20\d\d)\b")
_AMOUNT = re.compile(r"€\s?\d|\b\d[\d.,]*\s?(?:euro|eurocent)\b", re.IGNORECASE)
_YEAR = re.compile(r"\b20\d\d\b")
_ASK = re.compile(r"\bvraag (?:het|dit|dat) (?:altijd |eerst )?(?:even )?na\b|\bdecaan\b|\bmentor\b", re.IGNORECASE)
_NOT_SAFE = re.compile(r"\bhttp://\S+|(?<![/\w.])www\.\w\S+", re.IGNORECASE)
_FOUND = (Onderwerp, Opleiding, Activiteit, School, Praktijk, Wereld, Profiel)
"""What a pupil finds by its names, by a question, or from something else."""


@dataclass(frozen=True)
class Finding:
    """Something wrong in a knowledge file; line and column count from 1."""

    file: str
    line: int
    column: int
    level: Literal["fout", "waarschuwing"]
    code: str
    message: str
    mend: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.level}: {self.message}"


def check(folder: Path, today: date, changed: str = "") -> list[Finding]:
    """Everything that is wrong or may be wrong in the files of a folder, in file order.

    With `changed`, the name of a file, sentences are read in that file only.
    """
    checker = _Checker(folder, today)
    checker.run([folder / changed] if changed else sorted(folder.rglob("*.yml")))
    order = sorted(checker.found, key=lambda f: (f.file, f.line, f.column, f.level, f.code, f.message))
    return list(dict.fromkeys(order))


_read_before: dict[Path, tuple[Any, list[Finding]]] = {}
"""By place in the folder: all that the findings about the sentences of a file come from, and those findings."""


class _Checker:
    """One run of all rules."""

    def __init__(self, folder: Path, today: date) -> None:
        self.files = Files(folder)
        self.today = today
        self.found: list[Finding] = []
        self.knows: Found = read(self.files)
        hard = self.files.whole(folder / HARD_WORDS_FILE, HardWords)
        self.hard_words = None if hard is None else {str(word): str(easier) for word, easier in hard.woorden.items()}

    def run(self, texts: Iterable[Path]) -> None:
        """Apply every rule; those about sentences to these files."""
        for problem in self.files.problems:
            place = (problem.file, problem.line, problem.column)
            self.found.append(Finding(*place, "fout", problem.code, problem.message, problem.mend))
        self._unknown_files()
        self._phrases()
        self._names()
        self._questions()
        self._unreachable()
        self._dates()
        self._examples()
        for path in texts:
            self._texts(path)

    def _add(self, path: Path, place: tuple[int, int], level: Any, code: str, message: str, mend: str) -> None:
        file = path.relative_to(self.files.folder).as_posix()
        self.found.append(Finding(file, *place, level, code, message, mend))

    def _warn(self, key: str, loc: Loc, code: str, message: str, mend: str, level: str = "waarschuwing") -> None:
        """A finding about an entry, at a field of it."""
        path, index = self.knows.places[key]
        self._add(path, self.files.place(path, ("items", index, *loc)), level, code, message, mend)

    def _unknown_files(self) -> None:
        known = {*WHOLE_FILES, *(f"{name}.yml" for name in TYPES)}
        for path in sorted(self.files.folder.rglob("*")):
            place = path.relative_to(self.files.folder)
            if path.suffix not in (".yml", ".yaml") or place.parts[0] in TYPES and path.suffix == ".yml":
                continue
            if place.as_posix() not in known:
                near = process.extractOne(path.name, sorted(known), scorer=fuzz.ratio, score_cutoff=75)
                mend = f"Bedoel je {near[0]}?" if near else "Zet het ergens anders, of geef het de naam die Lobke kent."
                self._add(path, (1, 1), "waarschuwing", "bestand", "Lobke leest dit bestand niet", mend)

    def _phrases(self) -> None:
        if self.knows.phrases:
            path = self.files.folder / PHRASES_FILE
            for section, name in phrases.unused(self.knows.phrases):
                message = f"bij '{section}' staat '{name}', maar Lobke gebruikt dat niet"
                near = process.extractOne(
                    name, list(phrases.said_by_code()[section]), scorer=fuzz.ratio, score_cutoff=80
                )
                mend = f"Bedoel je '{near[0]}'?" if near else "Haal het weg."
                self._add(path, self.files.place(path, (section, name)), "waarschuwing", "zin", message, mend)

    def _names(self) -> None:
        """Names that two entries answer to. The same name at several opleidingen is a beroep, and no problem."""
        owners: dict[tuple[str, str], dict[str, tuple[str, Loc]]] = defaultdict(dict)
        for key, entry in self.knows.entries.items():
            if isinstance(entry, NO_SUBJECTS) or entry.id.startswith(GROUP):
                continue
            seen: set[str] = set()
            for place, name in enumerate([entry.naam, *entry.namen]):
                joined, _ = as_one(name)
                loc: Loc = ("naam",) if place == 0 else ("namen", place - 1)
                if name in seen:
                    message = f"de naam '{name}' staat hier twee keer"
                    self._warn(key, loc, "naam-dubbel", message, "Haal er 1 weg.")
                if not joined:
                    message = f"de naam '{name}' heeft geen letters of cijfers"
                    self._warn(key, loc, "naam-leeg", message, "Schrijf een woord dat leerlingen typen.")
                seen |= {name} if place else set()
                owners[entry.type, joined].setdefault(key, (name, loc))
        for (type, _), found in owners.items():
            if type == Opleiding.type:
                continue
            first = next(iter(found))
            for key, (shared, place_of) in list(found.items())[1:]:
                message = f"'{key}' en '{first}' heten allebei '{shared}'"
                mend = "Laat de naam staan bij het item waar leerlingen hem voor gebruiken."
                self._warn(key, place_of, "naam-botst", message, mend)

    def _questions(self) -> None:
        owner: dict[str, str] = {}
        for key, entry in self.knows.entries.items():
            for place, question in enumerate(entry.vragen):
                sentence, _ = as_one(question)
                first = owner.setdefault(sentence, key)
                if first != key:
                    message = f"de vraag '{question}' staat ook bij '{first}'"
                    mend = "Laat hem staan bij het item met het beste antwoord."
                    self._warn(key, ("vragen", place), "vraag-dubbel", message, mend, "fout")

    def _unreachable(self) -> None:
        linked = {reference for entry in self.knows.entries.values() for _, reference in references(entry)}
        if self.knows.phrases:
            linked |= set(self.knows.phrases.algemeen.values())
        for key, entry in self.knows.entries.items():
            if isinstance(entry, _FOUND) and not (entry.namen or entry.vragen or key in linked):
                message = f"een leerling vindt '{key}' alleen met de hele naam, '{entry.naam}'"
                mend = "Zet bij 'namen' wat leerlingen typen, of bij 'vragen' een paar vragen."
                self._warn(key, (), "onvindbaar", message, mend)

    def _dates(self) -> None:
        for key, entry in self.knows.entries.items():
            if entry.controleer_voor and entry.controleer_voor < self.today:
                message = f"'{key}' is niet nagekeken voor {_dutch(entry.controleer_voor)}"
                mend = "Kijk of het nog klopt. Zet er daarna een nieuwe dag bij."
                self._warn(key, ("controleer_voor",), "nakijken", message, mend)
            if isinstance(entry, Event) and entry.datum:
                last = max((one.last_day for one in occurrences(entry) if one.last_day), default=entry.datum)
                if last < self.today:
                    message = f"'{entry.titel}' is voorbij sinds {_dutch(last)}"
                    self._warn(key, ("datum",), "voorbij", message, "Zet de nieuwe datum erin, of haal het weg.")
            if isinstance(entry, Vakantie) and (self.today - entry.tot).days > 365:
                message = f"'{entry.naam}' is al meer dan een jaar voorbij"
                self._warn(key, ("tot",), "voorbij", message, "Haal het weg.")
            if isinstance(entry, Moment):
                for field in ("van", "tot"):
                    month, day = map(int, getattr(entry, field).split("-"))
                    if day > _days(month):
                        message = f"veld '{field}': deze maand heeft geen dag {day}"
                        mend = f"Schrijf {month:02}-{_days(month)} of minder."
                        self._warn(key, (field,), "datum", message, mend, "fout")

    def _examples(self) -> None:
        examples: dict[Path, list[str]] = defaultdict(list)
        for key, entry in self.knows.entries.items():
            if getattr(entry, "voorbeeld", False):
                examples[self.knows.places[key][0]].append(key)
        total = Counter(path for path, _ in self.knows.places.values())
        for path, keys in examples.items():
            message = f"{len(keys)} van de {total[path]} items zijn een voorbeeld"
            self._warn(keys[0], ("voorbeeld",), "voorbeeld", message, "Vervang ze door wat echt is.")

    def _texts(self, path: Path) -> None:
        """What a file says; found before when nothing changed since."""
        less_sure = self._less_sure(path)
        state = (self.files.content(path), self.today, self.hard_words, list(less_sure))
        file = path.relative_to(self.files.folder)
        if file in _read_before and _read_before[file][0] == state:
            self.found += _read_before[file][1]
            return
        before = len(self.found)
        node = self.files.node(path)
        if node is not None:
            self._sentences(path, node, less_sure)
        _read_before[file] = state, self.found[before:]

    def _sentences(self, path: Path, node: Node, less_sure: dict[Any, Entry]) -> None:
        """What is said: safe addresses, easy words, amounts with their school year, and no day that is over."""
        for loc, text, place in _scalars(node):
            field = next((part for part in reversed(loc) if isinstance(part, str)), "")
            if _NOT_SAID & set(loc) or path.name in _NOT_READ:
                continue
            for address in _NOT_SAFE.findall(text):
                message = f"het adres {address} begint niet met https://"
                self._add(path, place, "fout", "https", message, "Schrijf het met https:// ervoor.")
            if field in _NAMES:
                continue
            if self.hard_words is not None:
                for remark in reading.remarks(text, self.hard_words):
                    mend = "Maak het makkelijker of korter."
                    self._add(path, place, "waarschuwing", "leesbaar", f"veld '{field}': {remark}", mend)
            self._facts(path, place, text, less_sure.get(loc[1]) if len(loc) > 1 and loc[0] == "items" else None)

    def _facts(self, path: Path, place: tuple[int, int], text: str, less_sure: Optional[Entry]) -> None:
        if _AMOUNT.search(text):
            if not _YEAR.search(text):
                message = "hier staat een bedrag zonder jaar"
                self._add(path, place, "waarschuwing", "bedrag", message, "Zet het schooljaar erbij.")
            if less_sure and not _ASK.search(text) and not isinstance(less_sure, (Onderwerp, School)):
                message = f"'{less_sure.key}' is niet helemaal zeker (middel) en noemt een bedrag"
                self._add(path, place, "waarschuwing", "onzeker", message, "Zet erbij: Vraag het na bij je decaan.")
        for first, last in _SCHOOL_YEAR.findall(text):
            if int(last) == int(first) + 1 and date(int(last), 8, 1) <= self.today:
                message = f"het schooljaar {first}-{last} is voorbij"
                self._add(
                    path, place, "waarschuwing", "voorbij", message, "Kijk of dit nog klopt, en verander het jaar."
                )
        for day, month, year in _DAY.findall(text):
            number = MONTHS.index(month.lower()) + 1
            if not 1 <= int(day) <= _days(number):
                message = f"{day} {month} {year} bestaat niet"
                self._add(path, place, "fout", "datum", message, "Schrijf een dag die bestaat.")
            elif (int(year), number, int(day)) < (self.today.year, self.today.month, self.today.day):
                message = f"{day} {month} {year} is voorbij"
                self._add(path, place, "waarschuwing", "voorbij", message, "Zet de nieuwe datum erin, of haal het weg.")

    def _less_sure(self, path: Path) -> dict[Any, Entry]:
        """The entries of a file that are less sure, by their index."""
        places = ((key, index) for key, (file, index) in self.knows.places.items() if file == path)
        entries = ((index, self.knows.entries[key]) for key, index in places)
        return {index: entry for index, entry in entries if entry.betrouwbaarheid == "middel"}


def _days(month: int) -> int:
    return 29 if month == 2 else 30 if month in (4, 6, 9, 11) else 31


def _dutch(day: date) -> str:
    return f"{day.day} {MONTHS[day.month - 1]} {day.year}"


def _scalars(node: Node, loc: Loc = ()) -> Iterator[tuple[Loc, str, tuple[int, int]]]:
    """Every text of a file, with where it stands: the fields and indexes, and the line and column."""
    if isinstance(node, ScalarNode):
        yield loc, node.value, (node.start_mark.line + 1, node.start_mark.column + 1)
    elif isinstance(node, SequenceNode):
        for index, inner in enumerate(node.value):
            yield from _scalars(inner, (*loc, index))
    elif isinstance(node, MappingNode):
        for key, inner in node.value:
            yield from _scalars(inner, (*loc, key.value))
