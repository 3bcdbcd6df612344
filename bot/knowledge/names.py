"""Finds the subjects a message names: typed names, joined or split words, plurals, "-opleiding" and typing errors."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Optional

from rapidfuzz import process
from rapidfuzz.distance import OSA

from bot.knowledge.loader import Knowledge
from bot.knowledge.models import Entry, Event, Nood, Opleiding, Wereld

_WORD = re.compile(r"[^\W_]+")
_ENDINGS = re.compile(
    r"(?:s?(?:opleiding(?:en)?|sector|branche|richting|wereld|cursus|studie|diploma|school|profiel|vak|beroep(?:en)?))$"
)
_SAYINGS = re.compile(
    r"\b(?:(?:op|de) basis van|in (?:het |dat )?kader van|zorgen (?:om|over|maken)|(?:geen|je|me|mij) zorgen)\b",
    re.IGNORECASE,
)
"""Everyday words that are no name, although they hold one."""
_LONGEST_NAME = 8
_SHORTEST_JOINED = 8
_SHORTEST_FUZZY = 7
_SHORTEST_TWO_ERRORS = 11


@dataclass(frozen=True)
class Match:
    """A name in a message: character offsets, and the subject keys it may mean (one a type, or several types)."""

    start: int
    end: int
    subjects: tuple[str, ...]
    typed_exactly: bool


@dataclass(frozen=True)
class Subject:
    """What a subject key stands for: one entry, or for `beroep:…` every opleiding that leads to the beroep."""

    key: str
    type: str
    name: str
    entries: tuple[Entry, ...]

    @classmethod
    def of(cls, entry: Entry) -> "Subject":
        """The subject of one entry."""
        return cls(entry.key, entry.type, entry.naam, (entry,))


def normalise(word: str) -> str:
    """Lower case without accents."""
    decomposed = unicodedata.normalize("NFKD", word.lower())
    return "".join(char for char in decomposed if not unicodedata.combining(char))


def words(text: str) -> list[tuple[str, int, int]]:
    """Normalised words of a text with their character offsets."""
    return [(normalise(found.group()), found.start(), found.end()) for found in _WORD.finditer(text)]


class Names:
    """The names in the knowledge files."""

    def __init__(self, knowledge: Knowledge) -> None:
        self._knowledge = knowledge
        self._subjects: dict[str, list[str]] = defaultdict(list)
        self._word_counts: dict[str, set[int]] = defaultdict(set)
        self._beroepen: dict[str, Subject] = {}
        self._known_words: set[str] = set()
        named_opleidingen: dict[str, list[Opleiding]] = defaultdict(list)
        spelled: dict[str, str] = {}
        for entry in knowledge.entries.values():
            self._known_words.update(word for text in _texts(entry) for word, _, _ in words(text))
            if isinstance(entry, (Event, Nood)):
                continue
            names: list[str] = [entry.naam, *entry.namen]
            if isinstance(entry, Opleiding):
                names.append(entry.id)
            for name in dict.fromkeys(names):
                joined = self._count(name)
                if isinstance(entry, Opleiding):
                    named_opleidingen[joined].append(entry)
                    spelled.setdefault(joined, name)
                elif entry.key not in self._subjects[joined]:
                    self._subjects[joined].append(entry.key)
        for joined, opleidingen in named_opleidingen.items():
            unique = {opleiding.key: opleiding for opleiding in opleidingen}
            distinct = tuple(sorted(unique.values(), key=lambda opleiding: (opleiding.niveau, opleiding.id)))
            key = distinct[0].key if len(distinct) == 1 else f"beroep:{joined}"
            if len(distinct) > 1:
                self._beroepen[key] = Subject(key, "beroep", spelled[joined], distinct)
            self._subjects[joined].insert(0, key)
        for joined in named_opleidingen:  # "kappers" may stand at one opleiding, "kapper" at three
            for variant in _variants(joined):
                beroep = self._beroepen.get(f"beroep:{variant}")
                if beroep and self._knowledge.get(self._subjects[joined][0]) in beroep.entries:
                    self._subjects[joined][0] = beroep.key
        for wereld in knowledge.all(Wereld):
            for beroep in wereld.beroepen:
                for name in beroep.split("/"):
                    joined = "".join(word for word, _, _ in words(name))
                    if joined and joined not in self._subjects:
                        self._count(name)
                        self._subjects[joined].append(wereld.key)
        self._fuzzy = [name for name in self._subjects if len(name) >= _SHORTEST_FUZZY]

    def _count(self, name: str) -> str:
        parts = [word for word, _, _ in words(name)]
        joined = "".join(parts)
        self._word_counts[joined].add(len(parts))
        return joined

    def find(self, text: str) -> list[Match]:
        """The names in `text`, longest first at every place, without overlap, in order."""
        found: list[Match] = []
        tokens = words(_SAYINGS.sub(lambda saying: " " * len(saying.group()), text))
        position = 0
        while position < len(tokens):
            for size in range(min(_LONGEST_NAME, len(tokens) - position), 0, -1):
                window = tokens[position : position + size]
                name, exact = self._name([word for word, _, _ in window])
                if name is not None:
                    found.append(Match(window[0][1], window[-1][2], tuple(self._subjects[name]), exact))
                    position += size
                    break
            else:
                position += 1
        return found

    def resolve(self, key: str) -> Optional[Subject]:
        """The subject of a key; None when it is not (or no longer) in the knowledge, or no subject to ask about."""
        if key in self._beroepen:
            return self._beroepen[key]
        entry = self._knowledge.get(key)
        if entry is None or isinstance(entry, (Event, Nood)):
            return None
        return Subject.of(entry)

    def _name(self, window: list[str]) -> tuple[Optional[str], bool]:
        joined = "".join(window)
        if joined in self._subjects and (
            len(window) in self._word_counts[joined] or len(window) == 1 or len(joined) >= _SHORTEST_JOINED
        ):
            return joined, True
        if len(window) == 1:
            for variant in _variants(joined):
                if variant in self._subjects:
                    return variant, True
        shortest = _SHORTEST_FUZZY if len(window) == 1 else _SHORTEST_JOINED
        if len(window) <= 2 and len(joined) >= shortest and not all(w in self._known_words for w in window):
            allowed = 2 if len(window) == 1 and len(joined) >= _SHORTEST_TWO_ERRORS else 1
            close = process.extractOne(joined, self._fuzzy, scorer=OSA.distance, score_cutoff=allowed, processor=None)
            if close and close[0][0] == joined[0]:
                return close[0], False
        return None, False


@lru_cache(maxsize=1)
def names_of(knowledge: Knowledge) -> Names:
    """The names of this knowledge, made once for all that use them in a process."""
    return Names(knowledge)


def _variants(word: str) -> Iterable[str]:
    """The word without plural, then without "-opleiding" and the like. At least four letters remain."""
    bare = _ENDINGS.sub("", word)
    for form in dict.fromkeys([word, bare]):
        for variant in (form, form.removesuffix("s"), form.removesuffix("en"), form.removesuffix("e")):
            if variant != word and len(variant) >= 4:
                yield variant


def _texts(entry: Entry) -> Iterable[str]:
    for value in entry.dict(exclude={"bron", "patronen", "niet"}).values():
        if isinstance(value, str):
            yield value
        elif isinstance(value, list):
            yield from (text for text in value if isinstance(text, str))
        elif isinstance(value, dict):
            yield from value.values()
