"""How easy a text is to read for pupils of 12 to 16: sentences, reading score, hard words, passive sentences."""

import re
from functools import lru_cache
from typing import Optional

import pyphen
import yaml

from bot.knowledge.loader import HARD_WORDS_FILE
from bot.settings import settings

MOST_WORDS_A_SENTENCE = 20
"""A pupil keeps no longer sentence in mind; advice for B1 is 10 to 15 on average."""
LEAST_SCORE = 60.0
"""From 60 a text is "standard" in Flesch's table, which is what pupils of 13 to 15 read; below it is "fairly hard"."""
LEAST_WORDS_TO_SCORE = 25
"""In a shorter text one long name, such as that of an opleiding, decides the score."""
MOST_WORDS = 60
"""Words in one bubble: more does not fit on the screen of a phone."""

_SENTENCE_END = re.compile(r"(?:(?<=[.!?])|(?<=[.!?][\"”)*]))\s+|\n+")
_WORD = re.compile(r"\{[^{}]*\}|\w+(?:[-'’./]\w+)*")
_LETTERS = re.compile(r"[^\W\d_]+")
_ENDINGS = r"(?:e|n|en|s|t)?"
_SPLIT = "aan|af|bij|door|goed|in|los|mee|na|om|op|over|samen|terug|toe|uit|vast|voor|vrij|weg"
_NO_PARTICIPLE = "gebeuren|gebied|gebouwen|gebruiken|geduld|geld|gelden|geluid|gesprekken|geven|geweld|gezond|bekend"
_PARTICIPLE = rf"(?!(?:{_NO_PARTICIPLE})\b)(?:(?:{_SPLIT})?ge\w{{2,}}(?:d|t|en)|(?:be|ver|ont|her|er)\w{{2,}}[dt])\b"
_WORDEN = r"\b(?:word|wordt|worden|werd|werden)\b"
_SAME_CLAUSE = r"(?:\s+(?!(?:als|dat|die|dus|en|maar|of|omdat|want|zodat)\b)[^\s.,;:!?()]+){0,8}?"
_PASSIVE = re.compile(
    rf"{_WORDEN}{_SAME_CLAUSE}\s+\**{_PARTICIPLE}|\b{_PARTICIPLE}\s+(?:kan|kun|kunnen|mag|mogen|moet|moeten)?\s*{_WORDEN}",
    re.IGNORECASE,
)


def sentences(text: str) -> list[str]:
    """The sentences of a text; a line of a list is one too."""
    return [part.strip() for part in _SENTENCE_END.split(text) if _WORD.search(part)]


def words(text: str) -> list[str]:
    """The words of a text. "mbo-school", "18.30" and a field of a template, as in "{naam}", are one word each."""
    return _WORD.findall(text)


def syllables(word: str) -> int:
    """Where Dutch may be hyphenated there is a new syllable. At least 1: a number or an abbreviation counts as 1."""
    return sum(len(_hyphens().positions(part)) + 1 for part in _LETTERS.findall(word.lower())) or 1


@lru_cache(maxsize=1)
def _hyphens() -> pyphen.Pyphen:
    return pyphen.Pyphen(lang="nl_NL")


def reading_score(text: str) -> float:
    """Flesch-Douma: 206.84 - 0.93 × words a sentence - 77 × syllables a word; 100 is very easy, 0 very hard.

    Source: W.H. Douma, De leesbaarheid van landbouwbladen, 1960. A field of a template makes its sentence longer, but
    counts for no syllables, as nobody knows them. Raises ZeroDivisionError for a text without words.
    """
    found = words(text)
    known = [word for word in found if not word.startswith("{")]
    return 206.84 - 0.93 * len(found) / len(sentences(text)) - 77 * sum(map(syllables, known)) / len(known)


@lru_cache(maxsize=1)
def hard_words() -> dict[str, str]:
    """The words that pupils do not know, each with an easier one: knowledge/moeilijke_woorden.yml."""
    path = settings().knowledge_dir / HARD_WORDS_FILE
    return dict(yaml.safe_load(path.read_text(encoding="utf-8"))["woorden"])


@lru_cache(maxsize=4)
def _any_of(hard: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile(rf"\b({'|'.join(map(re.escape, hard))}){_ENDINGS}\b", re.IGNORECASE)


def hard_words_in(text: str, hard: Optional[dict[str, str]] = None) -> list[str]:
    """The hard words that a text uses, also with -e, -n, -en, -s or -t behind them, and does not explain."""
    hard = hard_words() if hard is None else hard
    found = dict.fromkeys(match[1].lower() for match in _any_of(tuple(hard)).finditer(text)) if hard else {}
    return [word for word in found if not explains(text, word)]


def explains(text: str, word: str) -> bool:
    """Whether the text says what the word means.

    The word stands between brackets or right before them, after "heet" or "noemen", before "betekent", or before
    "dat is", "dat zijn" or "dat betekent" at the start of a clause.
    """
    here = rf"\b{re.escape(word)}{_ENDINGS}\b"
    meaning = r"\bbetekent\b|[.!?,:]\s+(?:en )?dat (?:is|zijn|betekent)\b"
    named = r"\b(?:heet|heten|noem|noemt|noemen)\b"
    explained = rf"\([^)]*{here}|{here}\W{{0,3}}\(|{here}[^.!?]*?(?:{meaning})|{named}[^.!?]*{here}"
    return re.search(explained, text, re.IGNORECASE) is not None


def passives(text: str) -> list[str]:
    """The sentences in which something is done and nobody does it: a form of worden with a participle in one clause."""
    return [sentence for sentence in sentences(text) if _PASSIVE.search(sentence)]


def remarks(text: str, hard: Optional[dict[str, str]] = None) -> list[str]:
    """What makes a text hard for pupils, in Dutch; empty when it is fine. `hard`: other hard words."""
    hard = hard_words() if hard is None else hard
    found = [
        f'zin van {len(words(sentence))} woorden: "{sentence}"'
        for sentence in sentences(text)
        if len(words(sentence)) > MOST_WORDS_A_SENTENCE
    ]
    found += [f'moeilijk woord "{word}": schrijf "{hard[word]}"' for word in hard_words_in(text, hard) if word in hard]
    found += [f'lijdende vorm: "{sentence}"' for sentence in passives(text)]
    if len(words(text)) >= LEAST_WORDS_TO_SCORE and (score := reading_score(text)) < LEAST_SCORE:
        found.append(f"leesscore {score:.0f} (minstens {LEAST_SCORE:.0f})")
    if len(words(text)) > MOST_WORDS:
        found.append(f"{len(words(text))} woorden (hoogstens {MOST_WORDS})")
    return found
