"""The figures of a period as tables for people: on the dashboard, in files and in the annual report.

Everything in them is a sum of rounded cells, or follows from such sums, as `figures` gives nothing else.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from typing import Optional, Union

from bot.knowledge.calendar import DAYS, DEADLINE, MONTHS
from bot.knowledge.kinds.wording import KINDS
from bot.knowledge.loader import current
from bot.knowledge.models import Activiteit, Opleiding, Wereld
from bot.knowledge.names import names_of
from bot.monitoring import metrics, small
from bot.monitoring.figures import Figures, Period
from bot.monitoring.metrics import METRICS, RESULTS, Metric, Numbers
from bot.settings import PROJECT

LEAST_FOR_PART = 20
"""Of fewer than this no part is told: with numbers in fives it would say little."""
MOST_SUBJECTS = 25
OTHERS = "Overige"
LAST_DAY = "Uiterste dag"
NO_VALUE = "geen"
NOW, BEFORE, CHANGE = "Deze periode", "Periode ervoor", "Verschil"
NOW_PART, BEFORE_PART = "Deel (%)", "Deel ervoor (%)"
_LINE = re.compile(r"\| [^|]+ \| `(\w+)` \| ")


class Change(int):
    """A count less the one of the period before."""


class Days(int):
    """Whole school days."""


Value = Union[int, float, None]
"""A cell: a count (a plain int), a Change, Days, a part from 0 to 1 (a float), or None: nothing to tell."""


@dataclass(frozen=True)
class Row:
    """One line of a table. `short`: its label where there is little room, as under a chart; else the label."""

    label: str
    values: tuple[Value, ...]
    short: str = ""


@dataclass(frozen=True)
class Table:
    """A table in Dutch. `name`: for addresses and file names; `columns`: the heads after `head`, that of the labels.

    `chart`: how to draw the first column: "bars" by row, "columns" over time, or "" for not at all. `explained`: the
    metrics (their names) that are in it.
    """

    name: str
    title: str
    intro: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    chart: str
    head: str
    explained: tuple[str, ...] = ()


@dataclass(frozen=True)
class Bar:
    """One bar of a chart. `part`: of the longest one, from 0 to 1; `text`: its number as it is written."""

    label: str
    text: str
    part: float


@dataclass(frozen=True)
class Definition:
    """What a metric means, in the words of docs/cijfers.md."""

    label: str
    says: str
    counted: str
    leaves_out: str


def tables(figures: Figures, school: Optional[str] = None) -> tuple[Table, ...]:
    """All tables of a period, always the same ones. `school`: the one that was asked for, as in `figures.figures`."""
    asked = _Asked(figures, school)
    return (
        _usage(asked),
        _by_month(asked),
        _results(asked),
        _help(asked),
        _explorations(asked),
        _next_steps(asked),
        _kinds(asked),
        _subjects(asked),
        _werelden(asked),
        _events(asked),
        _thumbs(asked),
        _found(asked),
        _hours(asked),
        _weekdays(asked),
    )


def written(value: Value) -> str:
    """A cell for people: "<5" for a count of 0, "1.250", "+40", "35%", "2 schooldagen", "geen"."""
    if value is None:
        return NO_VALUE
    if isinstance(value, float):
        return f"{_percentage(value)}%"
    if isinstance(value, Days):
        if not value:
            return "binnen 1 schooldag"
        return "1 schooldag" if value == 1 else f"{int(value)} schooldagen"
    if isinstance(value, Change):
        return thousands(value, "+") if value else "0"
    return thousands(value) if value else small.shown(0)


def thousands(number: int, sign: str = "") -> str:
    """ "1.250"; with the sign "+" also of what is above 0."""
    return f"{int(number):{sign},}".replace(",", ".")


def in_file(value: Value) -> Union[int, str]:
    """A cell for a spreadsheet: a number, with a part as a whole percentage; "<5" for a count of 0 and "" for None."""
    if value is None:
        return ""
    if isinstance(value, float):
        return _percentage(value)
    return int(value) if value or isinstance(value, (Change, Days)) else small.shown(0)


def bars(table: Table) -> tuple[Bar, ...]:
    """The chart of the first column, without what is taken together; () when there is nothing to draw."""
    numbers = {row: row.values[0] or 0 for row in table.rows if row.label != OTHERS}
    most = max(numbers.values(), default=0)
    if not table.chart or not most:
        return ()
    return tuple(Bar(row.short or row.label, written(row.values[0]), number / most) for row, number in numbers.items())


def month_name(month: date) -> str:
    """ "november 2026"."""
    return f"{MONTHS[month.month - 1]} {month.year}"


def period_name(period: Period) -> str:
    """ "november 2026", or "augustus 2026 tot en met november 2026"."""
    last = Period(period.first, period.months - 1).end
    first = month_name(period.first)
    return first if period.months == 1 else f"{first} tot en met {month_name(last)}"


@lru_cache(maxsize=1)
def definitions() -> Mapping[str, Definition]:
    """What every metric means, by its name."""
    lines = (PROJECT / "docs/cijfers.md").read_text(encoding="utf-8").splitlines()
    found = {}
    for line in lines:
        if _LINE.match(line):
            label, name, says, counted, _, leaves_out = (part.strip() for part in line.strip("| ").split(" | "))
            found[name.strip("`")] = Definition(label, says, counted.replace("`", ""), leaves_out.replace("`", ""))
    return found


def subject_label(key: str) -> str:
    """A subject as "Kok (beroep)"; the key itself when the knowledge files do not have it any more."""
    subject = names_of(current()).resolve(key)
    if subject is None:
        return key
    first = subject.entries[0]
    level = f", niveau {first.niveau}" if subject.type == "opleiding" and isinstance(first, Opleiding) else ""
    return f"{subject.name[:1].upper()}{subject.name[1:]} ({subject.type}{level})"


@dataclass(frozen=True)
class _Line:
    """A row to be: what is told of it now and of the period before."""

    label: str
    now: Value
    before: Value
    short: str = ""


_BY_NAME = {metric.name: metric for metric in METRICS}


class _Asked:
    """The figures that were asked for, and what the tables below share."""

    def __init__(self, figures: Figures, school: Optional[str]) -> None:
        self.figures, self.school = figures, school

    def lines(self, *names: str) -> list[_Line]:
        """A line for each of these metrics."""
        now, before = self.figures.numbers, self.figures.before or {}
        return [_Line(one.label, _value(one, now), _value(one, before)) for one in map(_BY_NAME.__getitem__, names)]

    def each(self, series: str) -> tuple[Mapping[str, int], Mapping[str, int]]:
        """The values of a series, and those of the period before."""
        return self.figures.numbers.get(series, {}), (self.figures.before or {}).get(series, {})

    def table(
        self,
        name: str,
        title: str,
        intro: str,
        head: str,
        lines: Iterable[_Line],
        explained: tuple[str, ...],
        chart: str = "bars",
        whole: Optional[tuple[int, int]] = None,
    ) -> Table:
        """A table with the period before beside it. `whole`: what the lines are parts of, now and before."""
        compared = self.figures.before is not None
        heads = [NOW, *([NOW_PART] if whole else [])]
        if compared:
            heads += [BEFORE, *([BEFORE_PART] if whole else []), CHANGE]
        rows = []
        for line in lines:
            values: list[Value] = [line.now]
            if whole:
                values.append(_part(line.now, whole[0]))
            if compared:
                values.append(line.before)
                if whole:
                    values.append(_part(line.before, whole[1]))
                values.append(_change(line.now, line.before))
            rows.append(Row(line.label, tuple(values), line.short))
        return Table(name, title, intro, tuple(heads), tuple(rows), chart, head, explained)


def _usage(asked: _Asked) -> Table:
    names = ("conversations", "messages", "visitors", "views")
    intro = "Hoe vaak leerlingen Lobke gebruikten. Bezoekers tellen per dag. Daarna telt Lobke de dagen op."
    return asked.table("gebruik", "Gebruik", intro, "Wat", asked.lines(*names), names, chart="")


def _by_month(asked: _Asked) -> Table:
    series = {"conversations": "conversation", "messages": "hour", "visitors": "visitor", "views": "view"}
    period, by_month = asked.figures.period, asked.figures.by_month
    rows = []
    for number in range(period.months):
        month = Period(period.first, number).end
        values = tuple(by_month.get(month, {}).get(one, 0) for one in series.values())
        rows.append(Row(month_name(month), values, f"{month.month}-{month:%y}"))
    heads = tuple(_BY_NAME[name].label for name in series)
    intro = "Het gebruik in elke maand. De grafiek laat de gesprekken zien."
    return Table("per-maand", "Per maand", intro, heads, tuple(rows), "columns", "Maand", tuple(series))


def _results(asked: _Asked) -> Table:
    names = ("questions", *RESULTS)
    lines = asked.lines(*names)
    whole = _whole(lines[:1])
    intro = "Wat er gebeurde met de vragen die leerlingen typten. Het deel is van alle vragen."
    return asked.table("hoe-het-ging", "Hoe het ging", intro, "Wat", lines, names, whole=whole)


def _help(asked: _Asked) -> Table:
    names = ("distress", "handoffs_asked", "handoffs_sent", "handoffs_answered", "first_answer")
    intro = (
        "Hoe vaak leerlingen hulp van een mens zochten of nodig hadden. De tijd tot het antwoord telt in schooldagen."
    )
    return asked.table("hulp", "Hulp van een mens", intro, "Wat", asked.lines(*names), names, chart="")


def _explorations(asked: _Asked) -> Table:
    names = ("explorations_started", "explorations_finished")
    intro = "Hoe vaak leerlingen aan de verkenning begonnen, en hoe vaak ze hem afmaakten."
    return asked.table("verkenning", "Verkenning", intro, "Wat", asked.lines(*names), names, chart="")


def _next_steps(asked: _Asked) -> Table:
    lines = _ranked(*asked.each("next_step"), KINDS)
    intro = "Wat leerlingen kozen na de uitslag van een verkenning, of na een terugblik."
    return asked.table("vervolgstappen", "Vervolgstappen", intro, "Vraag", lines, ("next_steps",))


def _kinds(asked: _Asked) -> Table:
    lines = _ranked(*asked.each("kind"), KINDS)
    intro = "Wat leerlingen wilden weten. Elk antwoord telt mee, ook na een knop."
    return asked.table("soorten-vragen", "Soorten vragen", intro, "Vraag", lines, ("kinds",))


def _subjects(asked: _Asked) -> Table:
    now, before = asked.each("subject")
    lines = _ranked(now, before, {key: subject_label(key) for key in {*now, *before}})
    top, rest = lines[:MOST_SUBJECTS], lines[MOST_SUBJECTS:]
    if rest:
        top.append(_Line(OTHERS, *_whole(rest)))
    intro = f"Waar de antwoorden over gingen. De {MOST_SUBJECTS} onderwerpen met de meeste antwoorden staan er los in."
    return asked.table("onderwerpen", "Onderwerpen", intro, "Onderwerp", top, ("subjects",))


def _werelden(asked: _Asked) -> Table:
    now, before = (metrics.werelden(numbers) for numbers in (asked.figures.numbers, asked.figures.before or {}))
    labels = {str(wereld.id): wereld.label for wereld in current().all(Wereld)}
    intro = "Bij welke wereld van het mbo de onderwerpen horen."
    return asked.table("werelden", "Werelden", intro, "Wereld", _ranked(now, before, labels), ("werelden",))


def _events(asked: _Asked) -> Table:
    shown, clicked = (asked.figures.numbers.get(series, {}) for series in ("event_shown", "event_clicked"))
    labels = {str(one.id): str(one.naam) for one in current().all(Activiteit)} | {DEADLINE: LAST_DAY}
    heads: tuple[str, ...] = ("Getoond", "Aangeklikt")
    intro = "Activiteiten uit de kalender: hoe vaak Lobke ze noemde, en hoe vaak iemand klikte om zich aan te melden."
    if asked.school:
        clicked, heads = {}, heads[:1]
        intro = "Activiteiten uit de kalender die Lobke noemde. Bij klikken weet Lobke de school niet."
    lines = _ranked(shown, clicked, labels)  # clicks in the place of the period before
    rows = tuple(Row(line.label, (line.now, line.before)[: len(heads)]) for line in lines)
    explained = ("events_shown", "events_clicked")[: len(heads)]
    return Table("activiteiten", "Activiteiten", intro, heads, rows, "bars", "Activiteit", explained)


def _thumbs(asked: _Asked) -> Table:
    lines = _of_values(*asked.each("thumb"), {metrics.UP: "Duim omhoog", metrics.DOWN: "Duim omlaag"})
    intro = f"Of antwoorden hielpen. Bij minder dan {LEAST_FOR_PART} duimen staat er geen deel."
    explained = ("votes", "helped")
    return asked.table("tevredenheid", "Tevredenheid", intro, "Duimen", lines, explained, whole=_whole(lines))


def _found(asked: _Asked) -> Table:
    phrases = current().phrases
    labels = {value: str(phrases.knoppen[f"einde_{value}"]) for value in ("ja", "beetje", "nee")}
    lines = _of_values(*asked.each("found"), labels)
    intro = f"Wat leerlingen aan het eind van een gesprek zeiden. Lobke vroeg: {phrases.zinnen['einde.vraag']}"
    return asked.table("gevonden", "Gevonden", intro, "Antwoord", lines, ("found",), whole=_whole(lines))


def _hours(asked: _Asked) -> Table:
    labels = {f"{hour:02}": f"{hour}.00 tot {hour + 1}.00 uur" for hour in range(24)}
    lines = [replace(line, short=str(hour)) for hour, line in enumerate(_of_values(*asked.each("hour"), labels))]
    intro = "Hoe laat leerlingen schrijven, in Nederland."
    return asked.table("uur-van-de-dag", "Uur van de dag", intro, "Uur", lines, ("hours",), "columns")


def _weekdays(asked: _Asked) -> Table:
    labels = {str(number): day for number, day in enumerate(DAYS, 1)}
    lines = [replace(line, short=line.label[:2]) for line in _of_values(*asked.each("weekday"), labels)]
    intro = "Op welke dag leerlingen schrijven."
    return asked.table("dag-van-de-week", "Dag van de week", intro, "Dag", lines, ("weekdays",), "columns")


def _of_values(now: Mapping[str, int], before: Mapping[str, int], labels: Mapping[str, str]) -> list[_Line]:
    """A line for each value with a label, in that order."""
    return [_Line(label, now.get(value, 0), before.get(value, 0)) for value, label in labels.items()]


def _ranked(now: Mapping[str, int], before: Mapping[str, int], labels: Mapping[str, str]) -> list[_Line]:
    """A line for each value that there is, the highest number first; a value without a label is its own."""
    lines = _of_values(now, before, {value: labels.get(value, value) for value in {*now, *before}})
    return sorted(lines, key=lambda line: (-(line.now or 0), -(line.before or 0), line.label.lower()))


def _whole(lines: Iterable[_Line]) -> tuple[int, int]:
    counts = [(int(line.now or 0), int(line.before or 0)) for line in lines]
    return sum(now for now, _ in counts), sum(before for _, before in counts)


def _value(metric: Metric, numbers: Numbers) -> Value:
    told = metric.of(numbers)
    assert not isinstance(told, Mapping)
    return Days(told) if metric.name == "first_answer" and told is not None else told


def _part(value: Value, whole: int) -> Optional[float]:
    return None if value is None or whole < LEAST_FOR_PART else value / whole


def _change(now: Value, before: Value) -> Optional[Change]:
    return None if now is None or before is None else Change(now - before)


def _percentage(part: float) -> int:
    return int(100 * part + 0.5)
