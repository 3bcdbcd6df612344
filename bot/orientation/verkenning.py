"""The course of a verkenning: which stelling comes, what was answered, and what a typed word means.

A state is plain JSON: {"order": [ids of stellingen], "at": index in order, "answers": {id: 0, 1 or 2}}. Every function
returns a new one, and a step that does not fit changes nothing.
"""

import random
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Optional, Union

from bot.knowledge.models import Stelling, Verkenning
from bot.knowledge.words import words

State = dict[str, Any]
Meaning = Union[int, str]
"""An answer (2, 1 or 0), or the name of a step such as "terug"."""
RIASEC = "RIASEC"
SHORT = 3
"""Stellingen of each type in the short version."""
ANSWERS = {"ja": 2, "gaat_wel": 1, "nee": 0}
"""Value of each answer of knowledge/verkenning.yml. Source: domein.md §6.2."""
_MOST_WORDS = 8
"""A longer text says more than an answer or a step."""
_REPEATED = re.compile(r"(.)\1+")


def begin(stellingen: Sequence[Stelling], long: bool, seed: str) -> State:
    """A new verkenning of all stellingen, or of the first three of each type. The same seed gives the same order.

    The types take turns in one shuffled round, so that two of one type never stand together.
    """
    shuffled = random.Random(seed)
    by_type: list[list[str]] = []
    for letter in RIASEC:
        ids = [str(stelling.id) for stelling in stellingen if stelling.type == letter]
        by_type.append(ids if long else ids[:SHORT])
        shuffled.shuffle(by_type[-1])
    shuffled.shuffle(by_type)
    return {"order": [id for turn in zip(*by_type, strict=True) for id in turn], "at": 0, "answers": {}}


def current(state: State) -> Optional[str]:
    """The id of the stelling that is asked now; None when all were."""
    return None if is_finished(state) else str(state["order"][state["at"]])


def position(state: State) -> tuple[int, int]:
    """Which stelling is asked, counted from 1, and how many there are; the last one when all were asked."""
    of = len(state["order"])
    return min(state["at"] + 1, of), of


def answered(state: State) -> dict[str, int]:
    """The answers so far: id of the stelling → 2 (yes), 1 (not sure) or 0 (no)."""
    return dict(state["answers"])


def is_finished(state: State) -> bool:
    """Whether every stelling was asked."""
    return bool(state["at"] >= len(state["order"]))


def answer(state: State, id: str, value: int) -> State:
    """Keeps the answer. The stelling that is asked now makes place for the next; another one only changes its value."""
    if id not in state["order"] or value not in ANSWERS.values():
        return state
    kept = {**state, "answers": {**state["answers"], id: value}}
    return skip(kept, id)


def skip(state: State, id: str) -> State:
    """Goes on to the next stelling without an answer; changes nothing when this is not the one that is asked now."""
    return {**state, "at": state["at"] + 1} if id == current(state) else state


def back(state: State) -> State:
    """Asks the stelling before this one again. Its answer stays until it is answered anew."""
    return {**state, "at": max(state["at"] - 1, 0)}


def meaning_of(text: str, verkenning: Verkenning) -> Optional[Meaning]:
    """What a whole typed text means while a verkenning runs: 2, 1, 0 or the name of a step; None for anything else.

    Capitals, accents, punctuation and repeated letters do not count. Saying the same twice is saying it: "ja leuk".
    """
    typed = _plain(text)
    if len(typed) > _MOST_WORDS:
        return None
    said: list[tuple[Meaning, list[str]]] = [
        *((ANSWERS[name], forms) for name, forms in verkenning.antwoorden),
        *verkenning.stappen,
    ]
    return _meaning(typed, {_form(form): meaning for meaning, forms in said for form in forms})


def _meaning(typed: Sequence[str], known: Mapping[str, Meaning]) -> Optional[Meaning]:
    whole = known.get(" ".join(typed))
    if whole is not None:
        return whole
    for cut in range(1, len(typed)):
        first = known.get(" ".join(typed[:cut]))
        if first is not None and first == _meaning(typed[cut:], known):
            return first
    return None


@lru_cache(maxsize=2_000)
def _form(form: str) -> str:
    """A form of knowledge/verkenning.yml as it is compared: staff's words are read once, not with every message."""
    return " ".join(_plain(form))


def _plain(text: str) -> list[str]:
    """Normalised words without repeated letters: "jaaaa" and "ja" are the same, and so are "nee" and "neeee"."""
    return [_REPEATED.sub(r"\1", word) for word, _, _ in words(text)]
