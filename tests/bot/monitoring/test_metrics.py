"""Every figure is right for a day that was counted by hand, and is called the same in docs/cijfers.md."""

import re
from typing import Any, Optional

import pytest
import time_machine

from bot.monitoring import metrics
from bot.monitoring.figures import roll_up
from bot.monitoring.log import counted
from bot.monitoring.metrics import METRICS, median_days, told
from bot.settings import PROJECT
from bot.storage import tables
from tests.bot.monitoring.logs import AFTER, DAY, all_rows, happened, said, true_figures, voted, write

KOK, ZORG = "beroep:kok", "wereld:zorg"

CHEF = [  # asks about kok, with two answers to the last question that she types
    said("a", 1, "answered", "vraag_duur", "duur", KOK, "guido", "09:00"),
    said("a", 2, "clarified", "vraag_kosten", None, None, "guido", "09:01"),
    said("a", 3, "answered", "kies", "kosten", KOK, "guido", "09:02"),
    said("a", 4, "answered", "vraag_niveau", "niveau", KOK, "guido", "09:03"),
    said("a", 4, "answered", "vraag_niveau", "werk", KOK, "guido", "09:03"),
    said("a", 5, "old_choice", "kies", "duur", None, "guido", "09:04"),
]
TRIES = [  # is not understood at first, and is asked back twice
    said("b", 1, "not_understood", "nlu_fallback", at="13:00"),
    said("b", 2, "out_of_scope", "buiten_bereik", at="13:01"),
    said("b", 3, "clarified", "vraag_duur", at="13:02"),
    said("b", 4, "clarified", "vraag_duur", at="13:03"),
    said("b", 5, "answered", "vraag_duur", "duur", ZORG, at="13:04"),
    said("b", 6, "small_talk", "groet", at="13:05"),
    said("b", 7, "nothing_planned", "vraag_wanneer", "wanneer", ZORG, at="13:06"),
]
EXPLORES = [  # does the verkenning, takes a next step, and writes to the decaan
    said("c", 1, "verkenning_started", "kies", "verkenning", None, "guido", "20:00"),
    said("c", 2, "asked", "kies", "verkenning", None, "guido", "20:01"),
    said("c", 3, "not_understood", "nlu_fallback", "verkenning", None, "guido", "20:02"),
    said("c", 4, "verkenning_finished", "kies", "verkenning", None, "guido", "20:03"),
    said("c", 5, "next_step", "kies", "inhoud", ZORG, "guido", "20:04"),
    said("c", 5, "answered", "kies", "inhoud", ZORG, "guido", "20:04"),
    said("c", 6, "handoff_started", "kies", "overdracht", None, "guido", "20:05"),
    said("c", 7, "asked", "kies", "overdracht", None, "guido", "20:06"),
    said("c", 8, "handoff_sent", "kies", "overdracht", None, "guido", "20:07"),
]
NEEDS_HELP = [  # one sign of distress; what follows is about the same one
    said("d", 1, "distress", "nood_pesten", "nood", at="21:00"),
    said("d", 2, "distress", "bevestigen", at="21:01"),
    said("d", 3, "distress", "kies", "nood", at="21:02"),
    said("d", 4, "clarified", "vraag_kosten", at="21:03"),
]
BESIDE = [
    happened("handoff_sent", school="guido"),
    happened("handoff_sent", school="rijnlands"),
    happened("first_answer", "0", school="guido"),
    happened("first_answer", "2", school="guido"),
    happened("first_answer", "2", school="rijnlands"),
    happened("event_shown", "open-dag", 3),
    happened("event_shown", "meeloopdag"),
    happened("event_clicked", "open-dag"),
    happened("view", school="guido"),
    happened("view", number=4),
    happened("visitor", school="guido"),
    happened("visitor", number=2),
    happened("found", "ja", school="guido"),
    happened("found", "beetje"),
    happened("found", "ja"),
    *(voted(helpful, "guido") for helpful in (True, True, True, False)),
]
BY_HAND: dict[str, Any] = {
    "conversations": 4,
    "messages": 24,
    "questions": 8,
    "at_once": 3,
    "after_one": 1,
    "unresolved": 2,
    "not_understood": 1,
    "out_of_scope": 1,
    "distress": 1,
    "handoffs_asked": 1,
    "handoffs_sent": 2,
    "handoffs_answered": 3,
    "first_answer": 2,
    "explorations_started": 1,
    "explorations_finished": 1,
    "next_steps": {"inhoud": 1},
    "kinds": {"duur": 2, "kosten": 1, "niveau": 1, "werk": 1, "wanneer": 1, "inhoud": 1},
    "subjects": {KOK: 4, ZORG: 3},
    "werelden": {"horeca": 4, "zorg": 3},
    "events_shown": {"open-dag": 3, "meeloopdag": 1},
    "events_clicked": {"open-dag": 1},
    "votes": 4,
    "helped": 0.75,
    "found": {"ja": 2, "beetje": 1},
    "hours": {"09": 5, "13": 7, "20": 8, "21": 4},
    "weekdays": {"5": 24},
    "visitors": 3,
    "views": 5,
}


def test_every_metric_is_what_was_counted_by_hand(database: str) -> None:
    write(*CHEF, *TRIES, *EXPLORES, *NEEDS_HELP, *BESIDE)
    with time_machine.travel(AFTER, tick=False):
        roll_up()
    assert told(true_figures()) == BY_HAND


def test_of_a_day_without_anything_nothing_is_told() -> None:
    empty = told({})
    assert [empty[name] for name in ("conversations", "helped", "first_answer", "kinds")] == [0, None, None, {}]


def rows(*made: tuple[str, dict[str, Any]]) -> list[Any]:
    class Logged:
        def __init__(self, values: dict[str, Any]) -> None:
            self.__dict__.update(values)

    return [Logged(values) for _, values in made]


def questions(*turns: tuple[str, str]) -> dict[str, int]:
    """What became of the questions in a conversation of (intent, outcome)."""
    talk = rows(*(said("a", turn, outcome, intent) for turn, (intent, outcome) in enumerate(turns, 1)))
    counts = metrics.of_log(talk)
    return {value: number for (_, series, value), number in counts.items() if series == "question"}


TYPED, PRESSED = "vraag_duur", "kies"


@pytest.mark.parametrize(
    ("turns", "found"),
    [
        ([(TYPED, "answered")], {"at_once": 1}),
        ([(PRESSED, "answered")], {}),
        ([(TYPED, "clarified"), (PRESSED, "answered")], {"after_one": 1}),
        ([(TYPED, "clarified"), (TYPED, "answered")], {"after_one": 1}),
        ([(TYPED, "clarified"), (TYPED, "nothing_planned"), (TYPED, "answered")], {"after_one": 1, "at_once": 1}),
        ([(TYPED, "clarified"), (TYPED, "not_understood")], {"unresolved": 1, "not_understood": 1}),
        ([(TYPED, "clarified"), (PRESSED, "clarified"), (PRESSED, "answered")], {"unresolved": 1}),
        ([(TYPED, "clarified"), ("groet", "small_talk"), (PRESSED, "answered")], {"unresolved": 1}),
        ([(TYPED, "clarified")], {"unresolved": 1}),
        ([(PRESSED, "clarified"), (TYPED, "answered")], {}),
        ([(PRESSED, "clarified"), (TYPED, "not_understood")], {"not_understood": 1}),
        ([(PRESSED, "old_choice"), (TYPED, "answered")], {"at_once": 1}),
        ([("nood_pesten", "distress"), ("groet", "small_talk"), ("start_verkenning", "started")], {}),
    ],
)
def test_a_question_counts_once_by_what_became_of_it(turns: list[tuple[str, str]], found: dict[str, int]) -> None:
    assert questions(*turns) == found


def test_the_order_of_messages_is_known_when_only_the_hour_is_kept() -> None:
    talk = rows(said("a", 2, "answered", PRESSED), said("a", 1, "clarified"), said("a", 3, "answered"))
    counts = metrics.of_log(talk)
    assert (counts["", "question", "after_one"], counts["", "question", "at_once"]) == (1, 1)


def test_rows_from_before_messages_had_a_number_count_one_each() -> None:
    counts = metrics.of_log(rows(said("a", None, "clarified", at="09:00"), said("a", None, "answered", at="09:01")))
    assert (counts["", "hour", "09"], counts["", "question", "after_one"]) == (2, 1)


def test_conversations_of_two_schools_are_counted_apart() -> None:
    counts = metrics.of_log(rows(said("a", 1, "answered", school="guido"), said("b", 1, "answered")))
    assert (counts["guido", "conversation", ""], counts["", "conversation", ""]) == (1, 1)


@pytest.mark.parametrize(
    ("days", "median"),
    [({"0": 1}, 0), ({"0": 1, "3": 1}, 0), ({"0": 1, "3": 2}, 3), ({"2": 5, "10": 4}, 2), ({"1": 0}, None), ({}, None)],
)
def test_half_of_the_first_answers_came_within_the_median(days: dict[str, int], median: Optional[int]) -> None:
    assert median_days({"first_answer": days}) == median


def test_the_same_handoff_is_counted_once(database: str) -> None:
    with time_machine.travel(f"{DAY}T12:00:00+01:00", tick=False):
        write(counted("handoff_sent", "guido", once="h1"))
        write(counted("handoff_sent", "guido", once="h1"), counted("first_answer", "guido", "0", once="h1"))
        write(counted("handoff_sent", "guido", once="h2"))
    assert sorted(row.metric for row in all_rows(tables.counted)) == ["first_answer", "handoff_sent", "handoff_sent"]


def test_the_guide_has_every_metric_by_the_same_name_and_unit_and_no_other() -> None:
    guide = (PROJECT / "docs/cijfers.md").read_text(encoding="utf-8")
    lines = [line.split(" | ") for line in guide.splitlines() if re.match(r"\| [^|]+ \| `\w+` \| ", line)]
    assert all(len(line) == 6 and all(part.strip(" |") for part in line) for line in lines)
    found = [(line[0].strip("| "), line[1].strip("`"), line[4]) for line in lines]
    assert found == [(metric.label, metric.name, metric.unit) for metric in METRICS]
