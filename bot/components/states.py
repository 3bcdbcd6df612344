"""Lets Rasa work out what happened in a conversation once for a message, not some nine times.

Rasa plays all events of a conversation again for each copy of a tracker, and five times for the predictions of a
message, so a message took 0.5 ms more for each turn before it. Call `remember` before the first message.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from operator import is_
from typing import Any, Optional

from bot.components.speed import for_this_rasa

# Kinds of events: those by which earlier ones may not count, those after which a conversation begins anew, and those
# that do not change which action is due.
_TAKING_BACK = {"undo", "rewind", "active_loop", "form"}
_BEGINNING = {"restart", "session_started"}
_HARMLESS = {"slot", "bot", "active_loop", "loop_interrupted", "user_featurization", "action_execution_rejected"}

MOST_FOUND = 1000
"""So many different ends of a conversation are kept with the rules that may apply then."""


@dataclass
class Moment:
    """What Rasa asks of a tracker as it was right before an action."""

    latest_message: Any
    latest_action: Optional[dict[str, str]]
    latest_action_name: Optional[str]
    active_loop_name: Optional[str]
    followup_action: Optional[str]
    read: tuple[Any, ...]
    """What was read of the message. A later event may change it, and then this state does not count any more."""
    state: dict[str, Any]


@dataclass
class Played:
    """The events that were played already, the tracker after them, and the moments among them."""

    domain: Any
    tracker: Any
    events: list[Any] = field(default_factory=list)
    moments: list[tuple[Moment, bool]] = field(default_factory=list)
    read_as_text: dict[int, bool] = field(default_factory=dict)
    """By the id of a message: what was said of how it is read."""
    is_odd: bool = False
    """Of one message both was said. Rasa never does so; what it makes of it depends on how often that was played."""


@for_this_rasa
def remember() -> None:
    """Let copies of a tracker and its past states come of what is known, instead of playing all events again.

    Leaves a Rasa of another version as it is.
    """
    from rasa.core.policies.rule_policy import RulePolicy
    from rasa.shared.core.domain import Domain
    from rasa.shared.core.slots import Slot
    from rasa.shared.core.trackers import DialogueStateTracker

    active_state, states = Domain.get_active_state, Domain.states_for_tracker_history
    copy_of, applied = DialogueStateTracker.copy, DialogueStateTracker.applied_events

    def states_for_tracker_history(
        self: Domain, tracker: DialogueStateTracker, omit_unset_slots: bool = False, **options: Any
    ) -> list[Any]:
        moments = None if omit_unset_slots else _moments(self, tracker)
        found: list[Any] = states(self, _Seen(moments) if moments else tracker, omit_unset_slots, **options)
        return found

    def get_active_state(self: Domain, tracker: Any, omit_unset_slots: bool = False) -> Any:
        if isinstance(tracker, Moment):
            return {name: dict(part) for name, part in tracker.state.items()}
        return active_state(self, tracker, omit_unset_slots=omit_unset_slots)

    def quick_copy(self: DialogueStateTracker) -> DialogueStateTracker:
        return _copy(self) or copy_of(self)

    def slot_copy(self: Slot) -> Slot:
        made = object.__new__(type(self))
        made.__dict__.update(self.__dict__)
        return made

    def applied_events(self: DialogueStateTracker) -> list[Any]:
        events = list(self.events)
        kinds = [event.type_name for event in events]
        if not _TAKING_BACK.isdisjoint(kinds):
            return list(applied(self))
        begun = [place for place, kind in enumerate(kinds) if kind in _BEGINNING]
        return events[begun[-1] + 1 :] if begun else events

    def possible_keys(self: RulePolicy, lookup: dict[str, str], states: list[Any]) -> set[str]:
        known = self.__dict__.setdefault("rules", {})
        if id(lookup) not in known:
            known[id(lookup)] = _Rules(lookup, self._rule_key_to_state)
        return known[id(lookup)].applicable(states, self._is_rule_applicable)

    Domain.states_for_tracker_history, Domain.get_active_state = states_for_tracker_history, get_active_state
    DialogueStateTracker.copy, Slot.__copy__ = quick_copy, slot_copy
    DialogueStateTracker.applied_events, RulePolicy._get_possible_keys = applied_events, possible_keys


def hand_over(tracker: Any, copied: Any) -> None:
    """What was worked out for the tracker is the copy's from now on. Both may go on, but only the copy goes on fast."""
    if "played" in tracker.__dict__:
        copied.played = tracker.__dict__.pop("played")


class _Rules:
    """The rules of a policy, by the action that must be the last one; by None when any may be."""

    def __init__(self, lookup: Iterable[str], states_of: Callable[[str], list[Any]]) -> None:
        self._lengths: dict[Optional[str], dict[str, int]] = {}
        for key in lookup:
            rule = states_of(key)
            name = (rule[-1].get("prev_action") or {}).get("action_name")
            is_plain = isinstance(name, str) and name != "should_not_be_set"
            self._lengths.setdefault(name if is_plain else None, {})[key] = len(rule)
        self._longest = max((max(lengths.values()) for lengths in self._lengths.values()), default=1)
        self._found: dict[str, set[str]] = {}

    def applicable(self, states: list[Any], applies: Callable[[str, int, Any], bool]) -> set[str]:
        """The keys of the rules that may apply after these states. What pupils do is much alike, so it is kept."""
        seen = repr(states[-self._longest :])
        if seen not in self._found:
            if len(self._found) >= MOST_FOUND:
                self._found.clear()
            self._found[seen] = self._search(states, applies)
        return set(self._found[seen])

    def _search(self, states: list[Any], applies: Callable[[str, int, Any], bool]) -> set[str]:
        last = (states[-1].get("prev_action") or {}).get("action_name") if states else None
        names = self._lengths if last is None else (None, last)
        lengths = {key: length for name in names for key, length in self._lengths.get(name, {}).items()}
        return {
            key
            for key, length in lengths.items()
            if all(applies(key, turn, states[-1 - turn]) for turn in range(min(length, len(states))))
        }


class _Seen:
    """Stands in for a tracker of which only the moments before its actions are asked."""

    def __init__(self, moments: list[tuple[Moment, bool]]) -> None:
        self._moments = moments

    def generate_all_prior_trackers(self) -> Iterator[tuple[Moment, bool]]:
        return iter(self._moments)


def _moments(domain: Any, tracker: Any) -> Optional[list[tuple[Moment, bool]]]:
    """The moments before each action and the one now, each with whether its turn is hidden; None when it is odd."""
    from rasa.shared.core.events import ActionExecuted, DefinePrevUserUtteredFeaturization

    played, events = tracker.__dict__.get("played"), tracker.applied_events()
    if played is None or played.domain is not domain or not _begins_with(events, played.events):
        played = tracker.played = Played(domain, tracker.init_copy())
    for event in events[len(played.events) :]:
        if isinstance(event, ActionExecuted):
            played.moments.append((_moment(domain, played.tracker), event.hide_rule_turn))
        if isinstance(event, DefinePrevUserUtteredFeaturization):
            as_text, message = event.use_text_for_featurization, id(played.tracker.latest_message)
            played.is_odd |= played.read_as_text.setdefault(message, as_text) != as_text
        played.tracker.update(event)
        played.events.append(event)
    if played.is_odd:
        return None
    for moment, _ in played.moments:
        message = moment.latest_message
        if moment.read != _read(message) and any(message is event for event in events):
            user = domain._get_user_sub_state(moment)
            moment.read = _read(message)
            moment.state = domain._clean_state({**moment.state, "user": user})
    return [*played.moments, (_moment(domain, played.tracker), False)]


def _moment(domain: Any, tracker: Any) -> Moment:
    message = tracker.latest_message
    return Moment(
        message,
        tracker.latest_action,
        tracker.latest_action_name,
        tracker.active_loop_name,
        tracker.followup_action,
        _read(message),
        domain.get_active_state(tracker),
    )


def _read(message: Any) -> tuple[Any, ...]:
    return (message.use_text_for_featurization, len(message.entities)) if message is not None else ()


def _begins_with(events: list[Any], first: list[Any]) -> bool:
    return len(events) >= len(first) and all(map(is_, events, first))


def _copy(tracker: Any) -> Any:
    """The tracker as it would be with all its events played again; None when that cannot be told from what it is."""
    from rasa.shared.core.events import ActionExecuted, UserUttered

    for event in reversed(tracker.events):
        if isinstance(event, (ActionExecuted, UserUttered)):  # from here on no other action is due
            break
        if event.type_name not in _HARMLESS:
            return None
    else:
        return None
    made = object.__new__(type(tracker))
    made.__dict__.update(tracker.__dict__)
    made.__dict__.pop("played", None)
    made.events = copy.copy(tracker.events)
    made.slots = {name: copy.copy(slot) for name, slot in tracker.slots.items()}
    made.active_loop = replace(tracker.active_loop) if tracker.active_loop else None
    made.sender_source = made.model_id = made.assistant_id = None
    return made
