"""Helplines when Rasa is down: a sign of distress is answered all the same."""

from bot import knowledge
from bot.knowledge.distress import distress_of
from bot.knowledge.kinds.help import distress
from bot.knowledge.question import sources_of
from bot.storage.conversations import Choice, Reply


def helplines(text: str) -> list[Reply]:
    """The helplines for a text that shows distress by the patterns of knowledge/nood.yml; else nothing."""
    current = knowledge.current()
    kind = distress_of(current).find(text)
    if kind is None:
        return []
    answer = distress(kind, sources_of(current))
    return [Reply(answer.text, tuple(Choice(choice.label, choice.meaning) for choice in answer.choices), answer.card)]
