"""Lets Rasa read messages that wait at the same time in one run of the pipeline.

For a short text nearly all time goes to fetching the weights of the sentence encoder from memory: one takes 4.4 ms,
each of eight 1.0 ms. Nobody waits for others: what came while Rasa was busy is read together, and one alone is read
alone. Call `parse_together` before the first message.
"""

from __future__ import annotations

import asyncio
from typing import Any, Optional

from bot.components.speed import for_this_rasa

UNREAD = {"intent_ranking", "text_tokens"}
MOST = 16
"""Messages in one run, so that the first of many does not wait for all."""


@for_this_rasa
def parse_together() -> None:
    """Let messages that wait at the same time share a run of the pipeline. A pressed choice needs none.

    Leaves a Rasa of another version as it is.
    """
    from rasa.core.processor import MessageProcessor

    parse = MessageProcessor.parse_message

    async def parse_message(
        self: MessageProcessor, message: Any, tracker: Any = None, only_output_properties: bool = True
    ) -> dict[str, Any]:
        if self.http_interpreter or not only_output_properties:
            return dict(await parse(self, message, tracker, only_output_properties))
        pressed = _pressed(self, message)
        if pressed is not None:
            return pressed
        waiting = self.__dict__.setdefault("waiting", [])
        found: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        waiting.append((message, found))
        if len(waiting) == 1:
            asyncio.get_running_loop().call_soon(_read, self)
        return await found

    MessageProcessor.parse_message = parse_message


def _read(processor: Any) -> None:
    """Reads those that wait, and tells each what was found; when one cannot be read, the others still are."""
    now = [(message, found) for message, found in processor.waiting[:MOST] if not found.done()]
    del processor.waiting[:MOST]
    if processor.waiting:
        asyncio.get_running_loop().call_soon(_read, processor)
    try:
        together: list[Any] = _parsed(processor, [message for message, _ in now])
    except Exception:
        together = [None] * len(now)
    for (message, found), data in zip(now, together, strict=True):
        try:
            found.set_result(data or _parsed(processor, [message])[0])
        except Exception as error:
            found.set_exception(error)


def _parsed(processor: Any, messages: list[Any]) -> list[dict[str, Any]]:
    """What Rasa makes of each message."""
    from rasa.engine.constants import PLACEHOLDER_MESSAGE, PLACEHOLDER_TRACKER

    target = processor.model_metadata.nlu_target
    inputs = {PLACEHOLDER_MESSAGE: messages, PLACEHOLDER_TRACKER: None}
    found = processor.graph_runner.run(inputs=inputs, targets=[target])[target]
    return [_data(processor, message) for message in found[: len(messages)]]


def _pressed(processor: Any, message: Any) -> Optional[dict[str, Any]]:
    """What Rasa makes of an intent that is written out, as in /kies{"keuze": "..."}; None for any other message."""
    from rasa.shared.constants import INTENT_MESSAGE_PREFIX
    from rasa.shared.core.training_data.story_reader.yaml_story_reader import YAMLStoryReader
    from rasa.shared.nlu.constants import INTENT, TEXT
    from rasa.shared.nlu.training_data.message import Message

    if not (message.text or "").startswith(INTENT_MESSAGE_PREFIX):
        return None
    given = {TEXT: message.text, "message_id": message.message_id, "metadata": message.metadata}
    read = YAMLStoryReader.unpack_regex_message(Message(given), processor.domain, "RegexMessageHandler")
    return _data(processor, read) if read.get(INTENT) else None


def _data(processor: Any, message: Any) -> dict[str, Any]:
    """What Rasa's parse_message returns, but for lists that nobody reads and that would be kept with each turn."""
    empty = {"text": "", "intent": {"name": None, "confidence": 0.0}, "entities": []}
    data = empty | message.as_dict(only_output_properties=True)
    processor._update_full_retrieval_intent(data)
    processor._check_for_unseen_features(data)
    return {name: value for name, value in data.items() if name not in UNREAD}
