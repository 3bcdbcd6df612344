"""Comparing, and kinds of question that make sense without a subject."""

from collections.abc import Sequence
from dataclasses import replace
from typing import cast

from bot.knowledge.kinds.topic import topic_text
from bot.knowledge.kinds.wording import join, levels_of, opleidingen_of
from bot.knowledge.models import Interesse, Niveau, Onderwerp, Wereld
from bot.knowledge.names import Subject
from bot.knowledge.question import GROUP, Answer, Choice, Question, Sources

COMPARABLE = ("beroep", "opleiding", "wereld", "leerweg", "niveau", "profiel", "onderwerp", "school", "activiteit")


def compare(subjects: Sequence[Subject], sources: Sources) -> Answer:
    """Two or three subjects beside each other; never which one is best."""
    parts = [sources.say("vergelijk.begin")]
    parts += [
        f"- {sources.say('vergelijk.deel', naam=subject_label(subject), kort=in_short(subject))}"
        for subject in subjects
    ]
    parts.append("\n" + sources.say("vergelijk.eind"))
    choices = [Choice(subject_label(subject), f"inhoud|{subject.key}") for subject in subjects]
    return Answer("\n".join(parts), (*choices, sources.button("start")), kind="vergelijk", subject=subjects[0].key)


def subject_label(subject: Subject) -> str:
    return subject.name[:1].upper() + subject.name[1:] if subject.type == "beroep" else subject.entries[0].label


def in_short(subject: Subject) -> str:
    entry = subject.entries[0]
    text = str(getattr(entry, "uitleg", "") or getattr(entry, "antwoord", ""))
    first = text.split(". ")[0].strip().rstrip(".") + "."
    opleidingen = opleidingen_of(subject)
    if not opleidingen:
        return first
    return f"niveau {join([str(level) for level in levels_of(opleidingen)], 'of')}. {first}"


def general_topic(question: Question, sources: Sources) -> Answer:
    """The topic that knowledge/antwoorden.yml names for this kind of question."""
    topic = sources.knowledge.entries[sources.knowledge.phrases.algemeen[question.kind or ""]]
    return topic_text(cast(Onderwerp, topic), replace(question, kind="inhoud"), sources)


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
