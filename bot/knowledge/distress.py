"""Recognises signs of distress by the patterns in knowledge/nood.yml: look-alikes (`niet`) are taken out first."""

import re
from functools import lru_cache
from typing import Optional

from bot.knowledge.loader import Knowledge, per_knowledge
from bot.knowledge.models import Nood
from bot.knowledge.words import normalise

_SPACE = re.compile(r"[^\w@&]+")


def plain(text: str) -> str:
    """The text as the patterns see it: lower case, no accents, no punctuation, single spaces."""
    return _SPACE.sub(" ", normalise(text).replace("'", "")).strip()


class Distress:
    """The compiled patterns, in the order of the file: the gravest first."""

    def __init__(self, knowledge: Knowledge) -> None:
        self._kinds = [
            (nood.id, [re.compile(p) for p in nood.patronen], [re.compile(p) for p in nood.niet])
            for nood in knowledge.all(Nood)
        ]
        self.find = lru_cache(maxsize=1_000)(self._find)
        """The id of the first kind of distress that a text shows, or None."""

    def _find(self, text: str) -> Optional[str]:
        seen = plain(text)
        for id, patterns, exceptions in self._kinds:
            left = seen
            for exception in exceptions:
                left = exception.sub(" ", left)
            if any(pattern.search(left) for pattern in patterns):
                return id
        return None

    def is_look_alike(self, text: str, id: str) -> bool:
        """Whether the text holds words that look like this kind of distress and are none, such as "werkstuk over"."""
        seen = plain(text)
        return any(
            exception.search(seen) for known, _, exceptions in self._kinds if known == id for exception in exceptions
        )


@per_knowledge
def distress_of(knowledge: Knowledge) -> Distress:
    """The patterns of this knowledge, compiled once."""
    return Distress(knowledge)
