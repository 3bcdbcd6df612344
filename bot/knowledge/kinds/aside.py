"""Answers about the last answer, and the question back when several things may be meant."""

from collections.abc import Sequence
from typing import Optional

from bot.knowledge.kinds.compare import subject_label
from bot.knowledge.kinds.wording import join
from bot.knowledge.models import Entry, Onderwerp, Opleiding
from bot.knowledge.names import Subject
from bot.knowledge.question import MOST_CHOICES, Answer, Choice, Question, Sources


def why(entry: Optional[Entry], question: Question, sources: Sources) -> Answer:
    """The reason for the last answer: the entry's own, that of the kind of question, or where it can be asked."""
    own = entry.antwoorden.get("waarom") if isinstance(entry, Onderwerp) else None
    text = own or _phrase("waarom", question.last_kind, sources)
    return Answer(text, tuple(_onward(entry, sources)))


def simpler(entry: Optional[Entry], question: Question, sources: Sources) -> Answer:
    """The last answer in easier words; a person when that was not enough."""
    if question.last_kind == "eenvoudig":
        return Answer(sources.say("eenvoudig.mens"), (sources.button("mens"), sources.button("start")))
    own: Optional[str] = getattr(entry, "eenvoudig", None)
    general = f"eenvoudig.{question.last_kind}" in sources.knowledge.phrases.zinnen
    text = _phrase("eenvoudig", question.last_kind, sources) if general or not own else own
    return Answer(text, tuple(_onward(entry, sources)))


def which_one(options: Sequence[Subject], question: Question, sources: Sources) -> Answer:
    """ "Bedoel je … of …?", with a choice that asks the same about each."""
    shown = list({subject_label(subject): subject for subject in reversed(options)}.values())[::-1][:MOST_CHOICES]
    text = sources.say("bedoel_je", lijst=join([f"**{subject_label(subject)}**" for subject in shown], "of"))
    kind = question.kind or "inhoud"
    return Answer(text, tuple(Choice(subject_label(s), f"{kind}|{s.key}") for s in shown), outcome="clarified")


def _phrase(name: str, kind: Optional[str], sources: Sources) -> str:
    specific = f"{name}.{kind}"
    return sources.say(specific if specific in sources.knowledge.phrases.zinnen else name)


def _onward(entry: Optional[Entry], sources: Sources) -> list[Choice]:
    if isinstance(entry, Onderwerp):
        return [*(sources.about(key) for key in entry.zie_ook[:2]), sources.button("mens")]
    if isinstance(entry, Opleiding):
        return [sources.button("duur", entry.key), sources.button("niveau", entry.key), sources.button("mens")]
    return [sources.button("mens"), sources.button("start")]
