"""Kinds of question that make sense without a subject."""

from dataclasses import replace
from typing import cast

from bot.knowledge.kinds.topic import topic_text
from bot.knowledge.kinds.wording import join
from bot.knowledge.models import Interesse, Niveau, Onderwerp, Wereld
from bot.knowledge.question import GROUP, Answer, Choice, Question, Sources

_STEP_BY_STEP = {"voorbereiden", "terugkijken"}
"""Kinds of question that Lobke can also help with step by step."""


def general_topic(question: Question, sources: Sources) -> Answer:
    """The topic that knowledge/antwoorden.yml names for this kind of question."""
    kind = question.kind or ""
    topic = sources.knowledge.entries[sources.knowledge.phrases.algemeen[kind]]
    found = topic_text(cast(Onderwerp, topic), replace(question, kind="inhoud"), sources)
    return replace(found, choices=(sources.begin(kind), *found.choices)) if kind in _STEP_BY_STEP else found


def all_werelden(question: Question, sources: Sources) -> Answer:
    """All sectors in one sentence, and four groups of them to choose from."""
    names = [wereld.naam for wereld in sources.knowledge.all(Wereld)]
    return Answer(sources.say("werelden", aantal=len(names), lijst=join(names)), wereld_groups(sources))


def start(question: Question, sources: Sources) -> Answer:
    """The way in for a pupil who does not know yet: the werelden as choices, in four groups."""
    return Answer(sources.say("start"), wereld_groups(sources), outcome="started")


def wereld_groups(sources: Sources) -> tuple[Choice, ...]:
    return tuple(
        Choice(entry.naam, f"interesse|{entry.key}")
        for entry in sources.knowledge.all(Interesse)
        if entry.id.startswith(GROUP)
    )


def all_levels(question: Question, sources: Sources) -> Answer:
    text = sources.say("niveaus", duren=" ".join(niveau.duur for niveau in sources.knowledge.all(Niveau)))
    return Answer(text, tuple(sources.about(niveau.key) for niveau in sources.knowledge.all(Niveau)))


def no_interest_named(question: Question, sources: Sources) -> Answer:
    return Answer(sources.say("interesse_onbekend"), wereld_groups(sources), outcome="clarified")


def ask_subject(question: Question, sources: Sources) -> Answer:
    """The kind is clear, the subject is not: one question back."""
    return Answer(sources.say("waarover"), wereld_groups(sources), outcome="clarified")
