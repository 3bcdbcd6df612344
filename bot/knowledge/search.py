"""Finds the entries whose known questions are like a message."""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.knowledge.loader import Knowledge
from bot.knowledge.names import Names
from bot.knowledge.question import SPECIFIC, Hit


@dataclass(frozen=True)
class KnownQuestion:
    """A question that an entry answers, and the subjects it names."""

    text: str
    key: str
    subjects: frozenset[str]


def known_questions(knowledge: Knowledge, names: Names) -> list[KnownQuestion]:
    """Every question in the knowledge files."""
    return [
        KnownQuestion(question, entry.key, named_subjects(names, question) | {entry.key})
        for entry in knowledge.entries.values()
        for question in entry.vragen
    ]


def named_subjects(names: Names, text: str) -> frozenset[str]:
    """Every subject key that a name in the text may mean."""
    return frozenset(key for match in names.find(text) for key in match.subjects)


def must_share(named: frozenset[str]) -> frozenset[str]:
    """The subjects of which a fitting known question names at least one: the specific ones if there are any."""
    of_type = {key: key.partition(":")[0] for key in named}
    return frozenset(key for key in named if of_type[key] in SPECIFIC) or frozenset(
        key for key in named if of_type[key] != "interesse"
    )


def rank(
    questions: Sequence[KnownQuestion], scores: Sequence[float], named: frozenset[str], most: int = 5
) -> list[Hit]:
    """The best entries for a message, one hit an entry, best first.

    `scores` has a likeness from 0 to 1 for every question; `named` the subjects the message names. A question
    that shares none of them is no hit: "hoe duur is kok" is not answered by what was written for another subject.
    """
    shared = must_share(named)
    best: dict[str, float] = {}
    for index in sorted(range(len(scores)), key=lambda i: -scores[i]):
        question = questions[index]
        if shared and not shared & question.subjects:
            continue
        best.setdefault(question.key, float(scores[index]))
        if len(best) == most:
            break
    return [Hit(key, score) for key, score in best.items()]
