"""Words: as they are compared, as they sound, and whether they are Dutch."""

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

from wordfreq import get_frequency_dict

from bot.knowledge.loader import Knowledge, per_knowledge
from bot.knowledge.models import Entry, Taal

_WORD = re.compile(r"[^\W_]+")
_KNOWN = 3e-7
"""Share of all Dutch words above which something is a word: "lasser" has 8e-7, "egt" 2e-7."""
_OF_KNOWLEDGE = 1e-5
"""The least frequency of a word of the knowledge files."""
_SOUNDS = tuple(
    (re.compile(pattern), sound)
    for pattern, sound in (
        (r"eaux?", "o"),
        (r"eij|ij|y", "ei"),
        (r"auw?|ouw?", "ou"),
        (r"sch(?=[^aeiou]|$)", "s"),
        (r"ch", "g"),
        (r"c(?=[ei])", "s"),
        (r"qu", "kw"),
        (r"[cq]", "k"),
        (r"x", "ks"),
        (r"z", "s"),
        (r"v|ph", "f"),
        (r"th", "t"),
        (r"(?<=s)j", "i"),
        (r"ie", "i"),
        (r"d(?=[st]|$)", "t"),
        (r"b$", "p"),
        (r"en$", "e"),
        (r"(.)\1+", r"\1"),
    )
)


def normalise(word: str) -> str:
    """Lower case without accents (and the Turkish i with its dot)."""
    if word.isascii():
        return word.lower()
    decomposed = unicodedata.normalize("NFKD", word.lower())
    return "".join(char for char in decomposed if not unicodedata.combining(char)).replace("ı", "i")


def words(text: str) -> list[tuple[str, int, int]]:
    """Normalised words of a text with their character offsets."""
    return [(normalise(found.group()), found.start(), found.end()) for found in _WORD.finditer(text)]


@lru_cache(maxsize=100_000)
def as_one(text: str) -> tuple[str, int]:
    """The normalised words of a name or a question written as one, and how many there are."""
    parts = [word for word, _, _ in words(text)]
    return "".join(parts), len(parts)


@lru_cache(maxsize=100_000)
def sound(word: str) -> str:
    """How a normalised word sounds: the same for "kwalitijt" and "kwaliteit", and for "egt" and "echt"."""
    for pattern, letters in _SOUNDS:
        word = pattern.sub(letters, word)
    return word


class Dictionary:
    """Dutch words with their share of all words: of the language (wordfreq), and those of the knowledge files."""

    def __init__(self, knowledge: Knowledge) -> None:
        self.share = dict(_shares())
        for entry in (entry for entry in knowledge.entries.values() if not isinstance(entry, Taal)):
            for word in _words_of(entry):
                if self.share.get(word, 0.0) < _OF_KNOWLEDGE:
                    self.share[word] = _OF_KNOWLEDGE
        _forget_others(knowledge)
        self._rare = _rare_words()

    def __contains__(self, word: str) -> bool:
        """Whether a normalised word is one."""
        return word in self.share or word in self._rare


@lru_cache(maxsize=1)
def _shares() -> dict[str, float]:
    found: dict[str, float] = {}
    for word, share in get_frequency_dict("nl", "small").items():  # "één" is no rarer than "een"
        found[normalise(word)] = max(share, found.get(normalise(word), 0.0))
    return found


@lru_cache(maxsize=1)
def _rare_words() -> frozenset[str]:
    return frozenset(normalise(word) for word, share in get_frequency_dict("nl", "large").items() if share >= _KNOWN)


@per_knowledge
def dictionary_of(knowledge: Knowledge) -> Dictionary:
    """The dictionary for this version of the knowledge, made once."""
    return Dictionary(knowledge)


_words_of_entries: dict[int, tuple[Entry, list[str]]] = {}
"""By the id of the entry, which stays the same object until its file changes."""


def _words_of(entry: Entry) -> list[str]:
    known = _words_of_entries.get(id(entry))
    if known is None or known[0] is not entry:
        found = [word for text in _texts(entry) for word, _, _ in words(text)]
        known = _words_of_entries[id(entry)] = entry, list(dict.fromkeys(found))
    return known[1]


def _forget_others(knowledge: Knowledge) -> None:
    here = {id(entry) for entry in knowledge.entries.values()}
    for gone in [key for key in list(_words_of_entries) if key not in here]:
        _words_of_entries.pop(gone, None)


_NOT_WRITTEN_BY_STAFF = {"bron", "patronen", "niet", "vragen"}


def _texts(entry: Entry) -> Iterable[str]:
    """What staff wrote; not the questions, which are spelled as pupils do."""
    for field in entry.__fields__:
        value = None if field in _NOT_WRITTEN_BY_STAFF else getattr(entry, field)
        if isinstance(value, str):
            yield value
        elif isinstance(value, (list, dict)):
            inner = value.values() if isinstance(value, dict) else value
            yield from (text for text in inner if isinstance(text, str))
