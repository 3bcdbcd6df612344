"""The first message of a conversation, from the knowledge files."""

from bot import knowledge
from bot.storage.conversations import Choice, Reply


def greeting() -> list[Reply]:
    """The greeting with its first choices; it says that Lobke is a computer program."""
    found = knowledge.current().greeting()
    choices = tuple(Choice(choice["label"], choice["meaning"]) for choice in found["choices"])
    return [Reply(found["text"], choices)]
