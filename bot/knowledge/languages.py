"""Recognises a message in another language than Dutch, to answer with one line in that language."""

import re
from typing import Optional

from bot.knowledge.loader import Knowledge
from bot.knowledge.models import Taal
from bot.knowledge.words import dictionary_of, words

_LETTER = re.compile(r"[^\W\d_]")
_MOST_LETTERS = 0.5
_LEAST_WORDS = 2
_LEAST_SHARE = 0.5
_COMMON = 3e-4
"""Share of all Dutch words; more frequent ones, such as "is" and "je", say nothing about another language."""


def language_of(text: str, knowledge: Knowledge) -> Optional[Taal]:
    """The language of a text that is not Dutch; None when it is Dutch, or too short to know."""
    letters = _LETTER.findall(text)
    said = [word for word, _, _ in words(text)]
    share = dictionary_of(knowledge).share
    best, most = None, 0.0
    for taal in knowledge.all(Taal):
        if taal.schrift and letters and len(re.findall(taal.schrift, text)) > _MOST_LETTERS * len(letters):
            return taal
        known = set(taal.woorden)
        telling = {word for word in said if word in known and share.get(word, 0.0) < _COMMON}
        part = sum(word in known for word in said) / max(1, len(said))
        if len(telling) >= _LEAST_WORDS and part >= _LEAST_SHARE and part > most:
            best, most = taal, part
    return best
