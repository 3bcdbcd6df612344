"""What may happen to a handoff: pure functions from one state to the next. What is impossible raises Impossible."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal, Optional, get_args

Status = Literal["nieuw", "bezig", "wacht_op_leerling", "later", "afgerond"]
Reason = Literal["beantwoord", "afspraak", "doorverwezen", "ingetrokken", "geen_reactie"]
STATUSES: tuple[Status, ...] = get_args(Status)
REASONS: tuple[Reason, ...] = get_args(Reason)


class Impossible(Exception):
    """This cannot be done with a handoff in this state; the message says why, for staff who read logs."""


@dataclass(frozen=True)
class State:
    """What changes in a handoff. `waiting_since` is since when the decaan, or the pupil, is to do something."""

    status: Status
    waiting_since: datetime
    unread: bool = False
    assignee: Optional[str] = None  # id of an account
    snoozed_until: Optional[datetime] = None  # with `later` only
    close_reason: Optional[Reason] = None  # with `afgerond` only
    closed_at: Optional[datetime] = None


def sent(now: datetime) -> State:
    """A handoff that a pupil just sent."""
    return State("nieuw", now, unread=True)


def awake(state: State, now: datetime) -> State:
    """The state as it is now: `later` ends by itself."""
    if state.status == "later" and state.snoozed_until and state.snoozed_until <= now:
        return _open(state)
    return state


def written_back(state: State, now: datetime) -> State:
    """The pupil wrote; this also opens what was closed or snoozed."""
    waits = state.status in ("nieuw", "bezig", "later")  # then what was written before is not answered either
    return replace(_open(state), unread=True, waiting_since=min(state.waiting_since, now) if waits else now)


def withdrawn(state: State, now: datetime) -> State:
    """The pupil takes it back."""
    return state if state.close_reason == "ingetrokken" else closed(state, "ingetrokken", now)


def replied(state: State, by: str, now: datetime) -> State:
    """A decaan answered. Who answers first gets it."""
    _not_closed(state)
    assignee = state.assignee or by
    return State("wacht_op_leerling", waiting_since=now, assignee=assignee)


def assigned(state: State, to: Optional[str]) -> State:
    """Given to an account, or to nobody."""
    _not_closed(state)
    state = replace(state, assignee=to)
    return _open(state) if state.status in ("nieuw", "bezig") else state


def released(state: State) -> State:
    """Its decaan is no longer there, so it is for whoever takes it."""
    return replace(state, assignee=None) if state.status == "afgerond" else assigned(state, None)


def snoozed(state: State, until: datetime, now: datetime) -> State:
    """Put away until a moment."""
    _not_closed(state)
    if until <= now:
        raise Impossible("that moment is over")
    since = until if state.status == "wacht_op_leerling" else state.waiting_since
    return replace(state, status="later", snoozed_until=until, waiting_since=since)


def closed(state: State, reason: Reason, now: datetime) -> State:
    """Finished."""
    _not_closed(state)
    if reason not in REASONS:
        raise Impossible(f"no such reason: {reason}")
    return replace(state, status="afgerond", close_reason=reason, closed_at=now, snoozed_until=None, unread=False)


def reopened(state: State, now: datetime) -> State:
    """Opened again by a decaan; what a pupil took back stays closed."""
    if state.status != "afgerond":
        raise Impossible("it is not closed")
    if state.close_reason == "ingetrokken":
        raise Impossible("the pupil took it back")
    return replace(_open(state), waiting_since=now)


def seen(state: State, by: str) -> State:
    """Opened by a decaan. A colleague's look leaves it unread for whom it is assigned to."""
    return state if state.assignee not in (None, by) else replace(state, unread=False)


def _open(state: State) -> State:
    status: Status = "bezig" if state.assignee else "nieuw"
    return replace(state, status=status, snoozed_until=None, close_reason=None, closed_at=None)


def _not_closed(state: State) -> None:
    if state.status == "afgerond":
        raise Impossible("it is closed")
