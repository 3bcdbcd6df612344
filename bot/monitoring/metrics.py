"""What is counted, and what is told of it. docs/cijfers.md says the same for staff.

`of_log`, `of_votes` and `of_counted` turn rows of a day into counts by cell: (school or "", series, value). A series is
what is kept; a metric is what is told, and follows from the series of a period.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Optional, Union

from bot.knowledge.kinds.wording import opleidingen_of
from bot.knowledge.loader import current
from bot.knowledge.names import names_of
from bot.orientation.flow import FLOWS

Cell = tuple[str, str, str]
Counts = Counter[Cell]
Numbers = Mapping[str, Mapping[str, int]]
"""Of each series its values, with a number each."""
Told = Union[int, float, Mapping[str, int], None]

PRESSED = "kies"
"""The intent of a pressed choice."""
SIGN_OF_DISTRESS = "nood_"
"""How the intent of a message with such a sign begins."""
AT_ONCE, AFTER_ONE, UNRESOLVED, NOT_UNDERSTOOD, OUT_OF_SCOPE = RESULTS = (
    "at_once",
    "after_one",
    "unresolved",
    "not_understood",
    "out_of_scope",
)
"""What became of a question."""
UP, DOWN = "up", "down"
ANSWERED = ("answered", "nothing_planned")
_CLARIFIED = "clarified"
_MEANS = {**dict.fromkeys(ANSWERED, AT_ONCE), _CLARIFIED: _CLARIFIED}
_MEANS |= {name: name for name in (OUT_OF_SCOPE, NOT_UNDERSTOOD)}
"""Outcomes of a question; of two answers to one message the first of these counts."""
_BY_OUTCOME = {
    "handoff_started": "handoff_asked",
    "verkenning_started": "exploration_started",
    "verkenning_finished": "exploration_finished",
}


def of_log(rows: Iterable[Any]) -> Counts:
    """The counts of the interactions of one day.

    A conversation is what has a message of a pupil; a message is what has one number (`turn`) in its conversation.
    """
    found: Counts = Counter()
    ordered = sorted(rows, key=lambda row: (row.conversation, row.turn or 0, row.at, row.id))
    for _, talk in groupby(ordered, key=lambda row: row.conversation):
        turns = [list(turn) for _, turn in groupby(talk, key=lambda row: row.turn or row.id)]
        school = turns[0][0].school or ""
        found[school, "conversation", ""] += 1
        for turn in turns:
            found[school, "hour", f"{turn[0].at.hour:02}"] += 1
            found[school, "weekday", str(turn[0].at.isoweekday())] += 1
            for series, value in _of_turn(turn):
                found[school, series, value] += 1
        for result in _results(turns):
            found[school, "question", result] += 1
    return found


def _of_turn(turn: list[Any]) -> Iterable[tuple[str, str]]:
    """The series and value of what happened after one message."""
    outcomes = {row.outcome for row in turn}
    if "distress" in outcomes and (turn[0].intent or "").startswith(SIGN_OF_DISTRESS):
        yield "distress", ""
    yield from ((series, "") for outcome, series in _BY_OUTCOME.items() if outcome in outcomes)
    for row in turn:
        if row.outcome == "next_step":
            yield "next_step", row.kind or ""
        if row.outcome in ANSWERED and row.kind not in FLOWS:
            if row.kind:
                yield "kind", row.kind
            if row.subject:
                yield "subject", row.subject


def _results(turns: list[list[Any]]) -> Iterable[str]:
    """What became of each question that was typed, in order.

    A question that Lobke answered with a question is open until the next message: when that gets an answer, typed or
    pressed, it is the answer to the open one. A pressed choice is never a question of its own.
    """
    open_since: Optional[bool] = None  # whether the open question was typed
    times = 0  # how often Lobke asked back
    for turn in turns:
        is_typed = turn[0].intent != PRESSED
        result = _result(turn)
        if result == _CLARIFIED:
            open_since = is_typed if open_since is None else open_since
            times += 1
            continue
        if open_since is not None:
            is_solved = result == AT_ONCE
            if open_since:
                yield AFTER_ONE if is_solved and times == 1 else UNRESOLVED
            open_since, times = None, 0
            if is_solved:
                continue
        if result and is_typed:
            yield result
    if open_since:
        yield UNRESOLVED


def _result(turn: list[Any]) -> Optional[str]:
    """What became of a question; None when the message was none, as a step in a flow or small talk."""
    outcomes = {row.outcome for row in turn if row.kind not in FLOWS}
    return next((meaning for outcome, meaning in _MEANS.items() if outcome in outcomes), None)


def of_votes(rows: Iterable[Any]) -> Counts:
    """The counts of the thumbs of one day."""
    return Counter((row.school or "", "thumb", UP if row.helpful else DOWN) for row in rows)


def of_counted(rows: Iterable[Any]) -> Counts:
    """The counts of what is counted beside the log."""
    found: Counts = Counter()
    for row in rows:
        found[row.school or "", row.metric, row.value] += row.number
    return found


@dataclass(frozen=True)
class Metric:
    """Something that is told about a period. `name`, `label` and `unit` stand in docs/cijfers.md."""

    name: str
    label: str
    unit: str
    of: Callable[[Numbers], Told]


def total(numbers: Numbers, series: str) -> int:
    """All values of a series together."""
    return sum(numbers.get(series, {}).values())


def _all(series: str) -> Callable[[Numbers], Told]:
    return lambda numbers: total(numbers, series)


def _each(series: str) -> Callable[[Numbers], Told]:
    return lambda numbers: dict(numbers.get(series, {}))


def _questions(result: str) -> Callable[[Numbers], Told]:
    return lambda numbers: numbers.get("question", {}).get(result, 0)


def median_days(numbers: Numbers) -> Optional[int]:
    """The whole school days within which half of the first answers came; None without answers."""
    days = sorted((int(value), number) for value, number in numbers.get("first_answer", {}).items())
    half, seen = sum(number for _, number in days) / 2, 0
    for value, number in days:
        seen += number
        if number and seen >= half:
            return value
    return None


def helped(numbers: Numbers) -> Optional[float]:
    """The part of the thumbs that says that it helped, from 0 to 1; None without thumbs."""
    votes = total(numbers, "thumb")
    return numbers["thumb"].get(UP, 0) / votes if votes else None


def werelden(numbers: Numbers) -> dict[str, int]:
    """Answers by wereld (its id): about the wereld itself, or about an opleiding or beroep in it."""
    names = names_of(current())
    found: Counter[str] = Counter()
    for key, number in numbers.get("subject", {}).items():
        subject = names.resolve(key)
        if subject and subject.type == "wereld":
            found[subject.entries[0].id] += number
        elif subject and subject.type in ("opleiding", "beroep"):
            found[opleidingen_of(subject)[0].werelden[0]] += number
    return dict(found)


METRICS = (
    Metric("conversations", "Gesprekken", "gesprekken", _all("conversation")),
    Metric("messages", "Berichten van leerlingen", "berichten", _all("hour")),
    Metric("questions", "Vragen", "vragen", _all("question")),
    Metric("at_once", "Meteen beantwoord", "vragen", _questions(AT_ONCE)),
    Metric("after_one", "Beantwoord na 1 wedervraag", "vragen", _questions(AFTER_ONE)),
    Metric("unresolved", "Wedervraag zonder antwoord", "vragen", _questions(UNRESOLVED)),
    Metric("not_understood", "Niet begrepen", "vragen", _questions(NOT_UNDERSTOOD)),
    Metric("out_of_scope", "Hoort niet bij Lobke", "vragen", _questions(OUT_OF_SCOPE)),
    Metric("distress", "Noodsignalen", "berichten", _all("distress")),
    Metric("handoffs_asked", "Overdrachten begonnen", "keren", _all("handoff_asked")),
    Metric("handoffs_sent", "Overdrachten verstuurd", "overdrachten", _all("handoff_sent")),
    Metric("handoffs_answered", "Overdrachten beantwoord", "overdrachten", _all("first_answer")),
    Metric("first_answer", "Tijd tot het eerste antwoord", "hele schooldagen", median_days),
    Metric("explorations_started", "Verkenningen begonnen", "verkenningen", _all("exploration_started")),
    Metric("explorations_finished", "Verkenningen afgemaakt", "verkenningen", _all("exploration_finished")),
    Metric("next_steps", "Vervolgstappen gekozen", "keren, per soort vraag", _each("next_step")),
    Metric("kinds", "Soorten vragen", "antwoorden, per soort vraag", _each("kind")),
    Metric("subjects", "Onderwerpen", "antwoorden, per onderwerp", _each("subject")),
    Metric("werelden", "Werelden", "antwoorden, per wereld", werelden),
    Metric("events_shown", "Activiteiten getoond", "keren, per soort activiteit", _each("event_shown")),
    Metric("events_clicked", "Activiteiten aangeklikt", "keren, per soort activiteit", _each("event_clicked")),
    Metric("votes", "Duimen", "duimen", _all("thumb")),
    Metric("helped", "Tevredenheid", "deel van de duimen", helped),
    Metric("found", "Gevonden wat je zocht", "antwoorden, per antwoord", _each("found")),
    Metric("hours", "Uur van de dag", "berichten, per uur", _each("hour")),
    Metric("weekdays", "Dag van de week", "berichten, per dag", _each("weekday")),
    Metric("visitors", "Bezoekers", "bezoekers per dag, opgeteld", _all("visitor")),
    Metric("views", "Keren geladen", "keren", _all("view")),
)


def told(numbers: Numbers) -> dict[str, Told]:
    """Every metric of these numbers, by name."""
    return {metric.name: metric.of(numbers) for metric in METRICS}
