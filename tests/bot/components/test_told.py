"""An action reads the same from the little that it is sent as from everything; another Rasa is left as it is."""

from typing import Any

import pytest
from rasa.core.actions.action import RemoteAction
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import ActionExecuted, BotUttered, SessionStarted, SlotSet, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.utils.endpoints import EndpointConfig
from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.turn import Turn
from bot.components import speed
from bot.storage.turns import EARLIER

BY_RASA = RemoteAction._action_call_format
DOMAIN = Domain.from_dict(
    {
        "intents": ["vraag_duur", "kies"],
        "entities": ["keuze", "subject"],
        "actions": ["action_answer"],
        "slots": {"trail": {"type": "any", "influence_conversation": False, "mappings": [{"type": "custom"}]}},
    }
)


def conversation() -> DialogueStateTracker:
    """One that was made compact, with typed and pressed messages."""
    choice = [{"entity": "keuze", "value": "duur|beroep:kok"}]
    subject = [{"entity": "subject", "value": "beroep:kok", "confidence_entity": 1.0}]
    typed = {"typed": "hoe lang duurd kok", "zorg": True, "intent_ranking": [{"name": "groet", "confidence": 0.1}]}
    duur, kies = {"name": "vraag_duur", "confidence": 0.9}, {"name": "kies", "confidence": 1.0}
    button = {"title": "Hoe lang duurt het?", "payload": "duur|beroep:kok"}
    events = [
        ActionExecuted("action_session_start"),
        SessionStarted(metadata={EARLIER: 3}),
        SlotSet("trail", ["inhoud|beroep:kok"]),
        ActionExecuted("action_listen"),
        UserUttered("wat is een kok", duur, subject, metadata={"school": "school:a"}),
        BotUttered("Een kok kookt.", {"buttons": [button]}),
        ActionExecuted("action_listen"),
        UserUttered("/kies", kies, choice, metadata={"school": "school:a"}),
        BotUttered("Twee jaar."),
        ActionExecuted("action_listen"),
        UserUttered("hoe lang duurt kok", duur, subject, {**typed, "intent": duur, "entities": subject}),
    ]
    return DialogueStateTracker.from_events("a", events, DOMAIN.slots)


def call() -> Any:
    endpoint = EndpointConfig("http://127.0.0.1", enable_selective_domain=True)
    return RemoteAction("action_answer", endpoint)._action_call_format(conversation(), DOMAIN)


def read(called: Any) -> Any:
    """What the actions read."""
    turn = Turn(CollectingDispatcher(), Tracker.from_dict(called["tracker"]))
    about = (turn.text, turn.typed, turn.intent, turn.confidence, turn.number, turn.school, turn.may_be_distress)
    return about, turn.talk(), turn.read(), turn.named(), turn.remembered("trail")


def test_the_same_is_read_from_less(monkeypatch: pytest.MonkeyPatch) -> None:
    everything = call()
    monkeypatch.setattr(RemoteAction, "_action_call_format", BY_RASA)
    speed.tell_actions_little()
    little = call()
    assert read(little) == read(everything)
    assert read(little)[0][4] == 6
    assert little["next_action"] == everything["next_action"] and "domain" not in little
    assert {event["event"] for event in little["tracker"]["events"]} == {"session_started", "user", "bot"}


def test_another_rasa_is_left_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speed, "version", lambda name: "3.7.0")
    speed.knows_this_rasa.cache_clear()
    speed.tell_actions_little()
    assert RemoteAction._action_call_format is BY_RASA
    speed.knows_this_rasa.cache_clear()
