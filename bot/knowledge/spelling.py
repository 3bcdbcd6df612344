"""Reads what pupils type as the Dutch they mean: chat spelling, typing errors, missing spaces.

Only what is no word is changed, so that "kok" never becomes "kook".
"""

import re
from collections import defaultdict
from functools import lru_cache
from itertools import product
from math import log10
from typing import Optional

from rapidfuzz import process
from rapidfuzz.distance import OSA

from bot.knowledge.loader import Knowledge, per_knowledge
from bot.knowledge.names import names_of
from bot.knowledge.words import dictionary_of, normalise, sound

_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_REPEATED = re.compile(r"(.)\1{2,}")
_LAST_TWICE = re.compile(r"(.)\1$")
_GLUE = 1e-3
"""Words so frequent ("ik", "wat", "is") are written together with another by mistake."""
_LEAST_PART = 1e-5
_AFTER_K = 1e-4
""""kword" is "ik word"."""
_PREFIXES = set("aan af bij door in mee na om onder op over toe uit voor weg".split())  # noqa: SIM905
"""Verbs and nouns begin with these: "inschrijf" misses no space."""
_SHORTEST = 4
_SHORTEST_TWO_ERRORS = 8
_PER_ERROR = 1.5
"""How many times ten more frequent a word must be to be worth one more error."""
_MOST_REPEATS = 4


class Spelling:
    """Corrects words by the table of pupils' spellings, by sound, by the missing space, and by letters."""

    def __init__(self, knowledge: Knowledge) -> None:
        self._names = names_of(knowledge)
        self._dictionary = dictionary_of(knowledge)
        self._share = self._dictionary.share
        self._table = {
            normalise(written): meant for meant, forms in knowledge.spelling.woorden.items() for written in forms
        }
        self._words = [word for word in self._share if len(word) >= _SHORTEST - 1 and word.isalpha()]
        self._by_sound: dict[str, list[str]] = defaultdict(list)
        for word in self._words:
            self._by_sound[sound(word)].append(word)
        self._correct = lru_cache(maxsize=20_000)(self._meant)

    def read(self, text: str) -> str:
        """The text with what is no word as what it probably means. Names of subjects stay as they are."""
        names = [(match.start, match.end) for match in self._names.find(text)]

        def corrected(found: re.Match[str]) -> str:
            inside_name = any(start <= found.start() < end for start, end in names)
            return found.group() if inside_name else self._correct(found.group())

        return _WORD.sub(corrected, text)

    def _meant(self, typed: str) -> str:
        word = normalise(typed).replace("’", "'")
        meant = self._table.get(word)
        if meant is not None:
            return meant
        if not word.isalpha() or (word in self._dictionary and not _REPEATED.search(typed.lower())):
            return typed
        once = self._without_repeats(word)
        if once is not None:
            return once
        if len(word) < _SHORTEST:
            return typed
        return self._by_ear(word) or self._split(word) or self._nearest(word) or typed

    def _without_repeats(self, word: str) -> Optional[str]:
        """ "heeeel" is "heel", "kappperrr" is "kapper", "heyy" is "hey"."""
        if not _REPEATED.search(word):
            once = word[:-1]
            return once if _LAST_TWICE.search(word) and self._share.get(once, 0.0) >= _LEAST_PART else None
        parts = re.split(r"((.)\2{2,})", word)
        letters = parts[2::3][:_MOST_REPEATS]
        choices = [[part] for part in parts[::3]]
        forms = [
            "".join(form)
            for form in product(*(option for n, c in enumerate(choices) for option in (c, _once_or_twice(letters, n))))
        ]
        best = max(forms, key=lambda form: self._share.get(form, 0.0))
        return self._table.get(best, best if best in self._share else self._correct(forms[-1]))

    def _by_ear(self, word: str) -> Optional[str]:
        same = [option for option in self._by_sound.get(sound(word), ()) if abs(len(option) - len(word)) <= 1]
        return max(same, key=self._share.__getitem__, default=None)

    def _split(self, word: str) -> Optional[str]:
        if word[0] == "k" and self._share.get(word[1:], 0.0) >= _AFTER_K:
            return f"ik {word[1:]}"
        best, most = None, 0.0
        for cut in range(2, len(word) - 1):
            parts = [self._table.get(part, part) for part in (word[:cut], word[cut:])]
            shares = [self._share.get(part, 0.0) for part in parts]
            fits = word[:cut] not in _PREFIXES and min(shares) >= _LEAST_PART and max(shares) >= _GLUE
            if fits and shares[0] * shares[1] > most:
                best, most = " ".join(parts), shares[0] * shares[1]
        return best

    def _nearest(self, word: str) -> Optional[str]:
        if self._is_compound(word):
            return None
        errors = 2 if len(word) >= _SHORTEST_TWO_ERRORS else 1
        found = process.extract(word, self._words, scorer=OSA.distance, score_cutoff=errors, processor=None, limit=20)
        near = [(log10(self._share[w]) - _PER_ERROR * distance, w) for w, distance, _ in found if w[0] == word[0]]
        return max(near)[1] if near else None

    def _is_compound(self, word: str) -> bool:
        """Dutch makes words of words, as in "hoofdmenu" and "zorgsector"."""
        return any(
            {word[:cut], word[:cut].removesuffix("s")} & self._share.keys() and word[cut:] in self._dictionary
            for cut in range(_SHORTEST, len(word) - _SHORTEST + 1)
        )


def _once_or_twice(letters: list[str], place: int) -> list[str]:
    return [2 * letters[place], letters[place]] if place < len(letters) else [""]


@per_knowledge
def spelling_of(knowledge: Knowledge) -> Spelling:
    """The spelling for this version of the knowledge, made once."""
    return Spelling(knowledge)
