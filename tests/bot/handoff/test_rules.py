"""What may happen to a handoff, and what may not."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from bot.clock import ZONE
from bot.handoff import rules
from bot.handoff.rules import REASONS, STATUSES, Impossible, State

START = datetime(2026, 11, 23, 9, 0, tzinfo=ZONE)
NOW = START + timedelta(hours=2)
LATER = NOW + timedelta(days=1)
STATES = {
    "nieuw": rules.sent(START),
    "bezig": rules.assigned(rules.sent(START), "an"),
    "wacht_op_leerling": rules.replied(rules.sent(START), "an", START),
    "later": rules.snoozed(rules.sent(START), LATER, START),
    "afgerond": rules.closed(rules.sent(START), "afspraak", START),
}
Rule = Callable[[State], State]
RULES: dict[str, Rule] = {
    "written_back": lambda state: rules.written_back(state, NOW),
    "withdrawn": lambda state: rules.withdrawn(state, NOW),
    "replied": lambda state: rules.replied(state, "bo", NOW),
    "assigned": lambda state: rules.assigned(state, "bo"),
    "unassigned": lambda state: rules.assigned(state, None),
    "snoozed": lambda state: rules.snoozed(state, LATER, NOW),
    "closed": lambda state: rules.closed(state, "beantwoord", NOW),
    "reopened": lambda state: rules.reopened(state, NOW),
}
NEXT = {  # rule: the status after nieuw, bezig, wacht_op_leerling, later, afgerond; "" when impossible
    "written_back": ("nieuw", "bezig", "bezig", "nieuw", "nieuw"),
    "withdrawn": ("afgerond", "afgerond", "afgerond", "afgerond", ""),
    "replied": ("wacht_op_leerling", "wacht_op_leerling", "wacht_op_leerling", "wacht_op_leerling", ""),
    "assigned": ("bezig", "bezig", "wacht_op_leerling", "later", ""),
    "unassigned": ("nieuw", "nieuw", "wacht_op_leerling", "later", ""),
    "snoozed": ("later", "later", "later", "later", ""),
    "closed": ("afgerond", "afgerond", "afgerond", "afgerond", ""),
    "reopened": ("", "", "", "", "nieuw"),
}


def test_there_is_a_state_of_every_status() -> None:
    assert {name: state.status for name, state in STATES.items()} == {name: name for name in STATUSES}


@pytest.mark.parametrize(
    ("rule", "before", "after"),
    [(rule, before, after) for rule, row in NEXT.items() for before, after in zip(STATUSES, row, strict=True)],
)
def test_every_rule_from_every_status(rule: str, before: str, after: str) -> None:
    if not after:
        with pytest.raises(Impossible):
            RULES[rule](STATES[before])
        return
    state = RULES[rule](STATES[before])
    assert state.status == after
    assert (state.snoozed_until is not None) == (after == "later")
    assert (state.close_reason is not None) == (state.closed_at is not None) == (after == "afgerond")


def test_who_answers_first_gets_it_and_a_colleague_does_not_take_it_over() -> None:
    assert rules.replied(STATES["nieuw"], "bo", NOW).assignee == "bo"
    assert rules.replied(STATES["bezig"], "bo", NOW).assignee == "an"


def test_the_decaan_keeps_a_pupil_waiting_since_the_first_message_that_nobody_answered() -> None:
    for status in ("nieuw", "bezig", "later"):
        assert rules.written_back(STATES[status], NOW).waiting_since == START
    for status in ("wacht_op_leerling", "afgerond"):
        assert rules.written_back(STATES[status], NOW).waiting_since == NOW


def test_put_away_while_the_pupil_is_to_answer_nobody_waits_before_it_is_back() -> None:
    away = rules.snoozed(STATES["wacht_op_leerling"], LATER, NOW)
    assert rules.awake(away, LATER).waiting_since == LATER
    assert rules.written_back(away, NOW).waiting_since == NOW


def test_what_was_put_away_comes_back_by_itself() -> None:
    assert rules.awake(STATES["later"], LATER - timedelta(seconds=1)).status == "later"
    assert rules.awake(STATES["later"], LATER).status == "nieuw"
    assert rules.awake(replace(STATES["later"], assignee="an"), LATER).status == "bezig"


def test_it_cannot_be_put_away_until_the_past() -> None:
    with pytest.raises(Impossible):
        rules.snoozed(STATES["nieuw"], NOW, NOW)


@pytest.mark.parametrize("reason", REASONS)
def test_a_closed_one_can_be_opened_again_unless_the_pupil_took_it_back(reason: rules.Reason) -> None:
    closed = rules.closed(STATES["bezig"], reason, NOW)
    if reason == "ingetrokken":
        with pytest.raises(Impossible):
            rules.reopened(closed, NOW)
    else:
        assert rules.reopened(closed, NOW) == replace(STATES["bezig"], waiting_since=NOW, unread=False)
    assert rules.written_back(closed, NOW).status == "bezig", "the pupil may always go on"


def test_an_unknown_reason_is_refused() -> None:
    with pytest.raises(Impossible):
        rules.closed(STATES["nieuw"], "zomaar", NOW)  # type: ignore[arg-type]


def test_taking_back_twice_is_taking_back_once() -> None:
    once = rules.withdrawn(STATES["nieuw"], START)
    assert rules.withdrawn(once, NOW) == once


def test_it_is_unread_until_whom_it_is_for_opened_it() -> None:
    assert STATES["nieuw"].unread and not rules.seen(STATES["nieuw"], "bo").unread
    assert STATES["bezig"].unread and rules.seen(STATES["bezig"], "bo").unread
    assert not rules.seen(STATES["bezig"], "an").unread
    assert rules.written_back(rules.seen(STATES["bezig"], "an"), NOW).unread
