"""Finds the subjects a message names: typed names, joined or split words, plurals, "-opleiding" and typing errors."""

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Optional

from rapidfuzz import process
from rapidfuzz.distance import OSA

from bot.knowledge.loader import Knowledge, per_knowledge
from bot.knowledge.models import NO_SUBJECTS, Entry, Opleiding, Wereld
from bot.knowledge.words import as_one, dictionary_of, sound, words

_ENDINGS = re.compile(
    r"(?:s?(?:opleiding(?:en)?|sector|branche|richting|wereld|cursus|studie|diploma|school|profiel|vak|beroep(?:en)?))$"
)
_SAYINGS = re.compile(
    r"\b(?:(?:op|de) basis van|in (?:het |dat )?kader van|zorgen (?:om|over|maken)|(?:geen|je|me|mij) zorgen"
    r"|(?:mentor|decaan) (?:zei|zegt|vindt|vind|vond|denkt) dat)\b",
    re.IGNORECASE,
)
"""Everyday words that are no name, although they hold one."""
_LONGEST_NAME = 8
_LONGEST_MISSPELLED = 4
_SHORTEST_JOINED = 8
_SHORTEST_FUZZY = 7
_SHORTEST_TWO_ERRORS = 11
_SHORTEST_THREE_ERRORS = 15
_SHORTEST_BY_EAR = 5
_SHORTEST_GENERAL = 5
_MOST_GENERAL = 12
DOUBTFUL = 0.5
"""Confidence of a `subject` entity whose name may be any of several."""


@dataclass(frozen=True)
class Match:
    """A name in a message: character offsets, and the subject keys it may mean (one a type, or several types)."""

    start: int
    end: int
    subjects: tuple[str, ...]
    typed_exactly: bool = True
    doubtful: bool = False
    """True when the misspelled name is as near to other names: `subjects` then holds one key for each."""


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


class Names:
    """The names in the knowledge files."""

    def __init__(self, knowledge: Knowledge) -> None:
        self._knowledge = knowledge
        self._subjects: dict[str, list[str]] = defaultdict(list)
        self._word_counts: dict[str, set[int]] = defaultdict(set)
        self._beroepen: dict[str, Subject] = {}
        self._dictionary = dictionary_of(knowledge)
        named_opleidingen: dict[str, list[Opleiding]] = defaultdict(list)
        spelled: dict[str, str] = {}
        for entry in knowledge.entries.values():
            if isinstance(entry, NO_SUBJECTS):
                continue
            names: list[str] = [entry.naam, *entry.namen]
            names += [name.replace("medewerker", "medewerkster") for name in names if "medewerker" in name]
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
                for each in beroep.split("/"):
                    joined = "".join(word for word, _, _ in words(each))
                    if joined and joined not in self._subjects:
                        self._count(each)
                        self._subjects[joined].append(wereld.key)
        self._by_sound: dict[str, list[str]] = defaultdict(list)
        for name in self._subjects:
            self._by_sound[sound(name)].append(name)
        self._fuzzy = [heard for heard in self._by_sound if len(heard) >= _SHORTEST_FUZZY - 1]
        self._general = _general_words(knowledge)
        self._misspelled = lru_cache(maxsize=20_000)(self._nearest)
        self.find = lru_cache(maxsize=1_000)(self._find)
        """The names in a text, longest first at every place, without overlap, in order."""

    def _count(self, name: str) -> str:
        written_as_one, count = as_one(name)
        self._word_counts[written_as_one].add(count)
        return written_as_one

    def _find(self, text: str) -> list[Match]:
        found: list[Match] = []
        tokens = words(_SAYINGS.sub(lambda saying: " " * len(saying.group()), text))
        position = 0
        while position < len(tokens):
            for size in range(min(_LONGEST_NAME, len(tokens) - position), 0, -1):
                window = tokens[position : position + size]
                match = self._match([word for word, _, _ in window], window[0][1], window[-1][2])
                if match is not None:
                    found.append(match)
                    position += size
                    break
            else:
                position += 1
        return found

    def differ(self, other: "Names") -> set[str]:
        """The names, joined and normalised, that mean something else in another version of the knowledge."""
        names = self._subjects.keys() | other._subjects.keys()
        return {name for name in names if self._subjects.get(name) != other._subjects.get(name)}

    def general(self, text: str) -> tuple[Subject, ...]:
        """The opleidingen with a general word of `text` in their name, as "begeleider"; () when there is none."""
        for word, _, _ in words(text):
            for form in (word, *_variants(word)):
                if form in self._general:
                    return tuple(Subject.of(opleiding) for opleiding in self._general[form])
        return ()

    def resolve(self, key: str) -> Optional[Subject]:
        """The subject of a key; None when it is not (or no longer) in the knowledge, or no subject to ask about."""
        if key in self._beroepen:
            return self._beroepen[key]
        entry = self._knowledge.get(key)
        if entry is None or isinstance(entry, NO_SUBJECTS):
            return None
        return Subject.of(entry)

    def _match(self, window: list[str], start: int, end: int) -> Optional[Match]:
        joined = "".join(window)
        if joined in self._subjects and (
            len(window) in self._word_counts[joined] or len(window) == 1 or len(joined) >= _SHORTEST_JOINED
        ):
            return Match(start, end, tuple(self._subjects[joined]))
        if len(window) == 1:
            for variant in _variants(joined):
                if variant in self._subjects:
                    return Match(start, end, tuple(self._subjects[variant]))
        if len(window) > _LONGEST_MISSPELLED:
            return None
        if all(word in self._dictionary for word in window) and not (
            len(window) > 1 and len(joined) > _SHORTEST_JOINED and sound(joined) in self._by_sound
        ):
            return None
        names = self._misspelled(joined, len(window))
        if not names:
            return None
        first = {self._subjects[name][0]: name for name in names}
        meant = {key: {entry.key for entry in subject.entries} for key in first if (subject := self.resolve(key))}
        widest = max(meant, key=lambda key: len(meant[key]))
        if all(entries & meant[widest] for entries in meant.values()):
            return Match(start, end, tuple(self._subjects[first[widest]]), typed_exactly=False)
        return Match(start, end, tuple(first), typed_exactly=False, doubtful=True)

    def _nearest(self, joined: str, size: int) -> list[str]:
        """The names that sound like the joined words; else the nearest, when few letters differ in how they sound."""
        heard = sound(joined)
        if heard in self._by_sound and len(joined) >= (_SHORTEST_BY_EAR if size == 1 else _SHORTEST_JOINED):
            return self._by_sound[heard]
        if len(heard) < (_SHORTEST_FUZZY - 1 if size == 1 else _SHORTEST_JOINED):
            return []
        allowed = 1 + (len(heard) >= _SHORTEST_TWO_ERRORS - 1) + (len(heard) >= _SHORTEST_THREE_ERRORS)
        near = process.extract(heard, self._fuzzy, scorer=OSA.distance, score_cutoff=allowed, processor=None, limit=5)
        close = [(name, errors) for name, errors, _ in near if name[0] == heard[0]]
        return [name for like, errors in close if errors == close[0][1] for name in self._by_sound[like]]


@per_knowledge
def names_of(knowledge: Knowledge) -> Names:
    """The names of this knowledge, made once for all that use them."""
    return Names(knowledge)


_NO_NOUNS = {"zelfstandig", "gespecialiseerd", "vakbekwaam", "leidinggevende", "werkend", "aankomend", "gebouwde"}
_EVERYDAY = 5e-5
"""Share of all words from which a word in a name, such as "eerste" and "water", is not asked back."""


def _general_words(knowledge: Knowledge) -> dict[str, list[Opleiding]]:
    """Words that stand in the official names of several opleidingen, such as "technicus" and "begeleider"."""
    found: dict[str, list[Opleiding]] = defaultdict(list)
    for opleiding in knowledge.all(Opleiding):
        for word in dict.fromkeys(word for word, _, _ in words(opleiding.naam)):
            if len(word) >= _SHORTEST_GENERAL:
                found[word].append(opleiding)
    ends: dict[str, list[str]] = defaultdict(list)
    for word in found:
        for start in range(1, len(word) - _SHORTEST_GENERAL + 1):
            if word[start:] in found:
                ends[word[start:]].append(word)
    for word, some in found.items():
        known = {opleiding.key for opleiding in some}
        some += [opleiding for end in ends[word] for opleiding in found[end] if opleiding.key not in known]
        some.sort(key=lambda opleiding: -opleiding.niveau)
    share = dictionary_of(knowledge).share
    return {
        word: some
        for word, some in found.items()
        if 2 <= len(some) <= _MOST_GENERAL and share.get(word, 0.0) < _EVERYDAY and word not in _NO_NOUNS
    }


def _variants(word: str) -> Iterable[str]:
    """The word without plural, then without "-opleiding" and the like. At least four letters remain."""
    bare = _ENDINGS.sub("", word)
    for form in dict.fromkeys([word, bare]):
        for variant in (form, form.removesuffix("s"), form.removesuffix("en"), form.removesuffix("e")):
            if variant != word and len(variant) >= 4:
                yield variant
