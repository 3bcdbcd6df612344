"""A return code that a pupil types into the chat: it goes to no other process and is not kept."""

from bot import knowledge
from bot.handoff.asking import typed_code
from bot.knowledge.question import sources_of
from bot.storage.conversations import Choice, Reply

HIDDEN_CODE = "(code)"
"""What is kept of such a message."""


def code_typed() -> list[Reply]:
    """Where the code opens the answer."""
    answer = typed_code(sources_of(knowledge.current()))
    return [Reply(answer.text, tuple(Choice(choice.label, choice.meaning) for choice in answer.choices), answer.card)]
