"""The annual report of the region, as data: what a school year was, in words and tables for people.

A school year is the number of the year in which it begins. Figures of Lobke come from `figures.figures` only, and
counts of evaluations from `Evaluations`; web/report.py makes files of it.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Optional

from sqlalchemy import select

from bot import clock
from bot.evaluation.evaluations import AUDIENCES, Evaluations, questions
from bot.knowledge.calendar import DEADLINE, PROFESSIONALS, dutch_date, occurrences
from bot.knowledge.loader import Knowledge, current
from bot.knowledge.models import Activiteit, Event
from bot.monitoring import metrics, overview, small
from bot.monitoring.entered import LABELS, NONE_KNOWN, Entered, YearNumbers
from bot.monitoring.figures import Figures, Period, figures
from bot.monitoring.metrics import AFTER_ONE, AT_ONCE, METRICS, NOT_UNDERSTOOD, OUT_OF_SCOPE, UNRESOLVED, Numbers
from bot.monitoring.overview import Bar, thousands, written
from bot.school_year import BEGINS, first_day, school_year, year_name
from bot.storage import tables
from bot.storage.database import transaction

TITLE = "Jaarverslag LOB"
YEARS_BESIDE = 4
"""Earlier years in the comparison."""
NOW = "Dit schooljaar"
NOT_FILLED_IN = "nog niet ingevuld"
UNKNOWN = "niet bekend"
NO_FIGURES = "Van dit schooljaar heeft Lobke geen cijfers."
NO_ACTIVITIES = "In de kalender staan voor dit schooljaar geen activiteiten die geweest zijn."
NOTHING_YET = "Hier zijn nog geen cijfers over."
REACH = ("activities_pupils", "activities_professionals", "pupils", "professionals")
PEOPLE = ("pupils", "professionals")
SITE = ("visitors", "views")
CHAT = ("conversations", "questions", "visitors", "views")
NOT_ANSWERED = {
    NOT_UNDERSTOOD: "Lobke begreep de vraag niet",
    UNRESOLVED: "Lobke vroeg iets terug, en daarna kwam er geen antwoord",
    OUT_OF_SCOPE: "de vraag hoort niet bij Lobke",
}


@dataclass(frozen=True)
class Activity:
    """What took place in a school year: an event, or all times of a series.

    `days`: the first day of each time. `pupils` and `professionals`: how many people were there in all these times,
    None when nobody filled it in. `counted_in`: the school year in which they count, the one in which the series began.
    """

    days: tuple[date, ...]
    last_day: date
    name: str
    kind: str
    for_professionals: bool
    pupils: Optional[int]
    professionals: Optional[int]
    counted_in: int


@dataclass(frozen=True)
class Table:
    """Rows of words; the first of a row says what it is about. `total`: a last row, or (). `chart`: "bars", "columns"
    over time, or "" for no chart of `bars`.
    """

    title: str
    intro: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    total: tuple[str, ...] = ()
    chart: str = ""
    bars: tuple[Bar, ...] = ()


@dataclass(frozen=True)
class Section:
    """A chapter. `said`: sentences that follow from the figures; `text`: paragraphs of who makes the report."""

    id: str
    title: str
    said: tuple[str, ...] = ()
    text: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()


@dataclass(frozen=True)
class Report:
    """The report of a school year, made on a day."""

    title: str
    year: int
    day: date
    sections: tuple[Section, ...]

    @property
    def name(self) -> str:
        """The school year as people write it."""
        return year_name(self.year)

    @property
    def made_on(self) -> str:
        """When it was made, in words; the only place where this day stands."""
        return f"Gemaakt op {dutch_date(self.day)}"


@dataclass(frozen=True)
class Compared:
    """The numbers of a school year. `computed`: what follows from the kalender; `entered`: what staff entered;
    `more`: the names of those computed numbers that leave out who was written as "<5".
    """

    year: int
    computed: Mapping[str, Optional[int]]
    entered: YearNumbers
    more: frozenset[str] = frozenset()

    def is_computed(self, name: str) -> bool:
        """Whether this number follows from the kalender; then it goes before what was entered."""
        return self.computed.get(name) is not None

    def value(self, name: str) -> Optional[int]:
        """The number that stands in the report; None when it is not known."""
        found: Optional[int] = self.computed[name] if self.is_computed(name) else getattr(self.entered, name)
        return found

    def number(self, name: str) -> str:
        """The number as it is written."""
        value = self.value(name)
        if value is None:
            return UNKNOWN
        if self.is_computed(name):
            return _summed(value, name in self.more)
        return head_count(value) if name in PEOPLE else thousands(value)

    def words(self, name: str) -> str:
        """The number with where it comes from, when that is not the kalender."""
        is_entered = self.value(name) is not None and not self.is_computed(name)
        return f"{self.number(name)} (ingevuld)" if is_entered else self.number(name)


def years() -> list[int]:
    """The school years there is something to tell about, and the last two; the latest first. Raises DatabaseDown."""
    today = clock.today()
    now = school_year(today)
    begun = [occurrences(event)[:1] for event in current().all(Event)]
    found = {now, now - 1, *(school_year(time.datum) for times in begun for time in times if time.datum)}
    entered = Entered()
    with transaction() as connection:
        months = connection.execute(select(tables.shown_figures.c.month).distinct()).scalars().all()
    found |= {school_year(month) for month in months} | set(entered.numbers()) | entered.text_years()
    return sorted((year for year in found if year <= now), reverse=True)


def report(year: int) -> Report:
    """The report of a school year that has begun. Raises DatabaseDown."""
    known, today, entered = current(), clock.today(), Entered()
    texts = {block: paragraphs(text) for block, text in entered.texts(year).items()}
    held = activities(known, year, today)
    told = {one: figures(_period(one, today), before=False) for one in range(year - YEARS_BESIDE, year + 1)}
    beside = compared(known, entered.numbers(), year, today)
    numbers = told[year].numbers
    shown = {table.name: _table(table) for table in overview.tables(told[year])} if numbers else {}
    missing = _missing(held)

    def pick(*names: str) -> tuple[Table, ...]:
        return tuple(shown[name] for name in names if name in shown and shown[name].rows)

    nothing = () if numbers else (NO_FIGURES,)
    sections = (
        Section("inleiding", "Inleiding", _introduced(beside[-1], numbers, today), texts["inleiding"]),
        Section("activiteiten", "Activiteiten", missing if held else (NO_ACTIVITIES,), (), _activities(held, year)),
        Section("bereik", "Bereik, naast eerdere jaren", (), (), (_reach(beside),)),
        Section("gebruik", "De site en Lobke", nothing, (), (*_use(beside, told), *pick("per-maand"))),
        Section(
            "vragen",
            "Wat leerlingen vragen",
            nothing,
            (),
            pick("hoe-het-ging", "soorten-vragen", "onderwerpen", "werelden"),
        ),
        Section("hulp", "Hulp en verkenningen", nothing, (), pick("hulp", "verkenning", "vervolgstappen")),
        Section("mening", "Wat mensen van de activiteiten vonden", *_opinions(year, today)),
        Section("goed", "Wat goed ging", _went_well(numbers), texts["goed"]),
        Section("uitdagingen", "Uitdagingen", (*_hard(numbers), *missing) or (NOTHING_YET,), texts["uitdagingen"]),
        Section("vooruitblik", "Vooruitblik", _ahead(known, year, today), texts["vooruitblik"]),
        Section("uitleg", "Hoe er geteld is", COUNTED),
    )
    return Report(TITLE, year, today, sections)


def paragraphs(text: str) -> tuple[str, ...]:
    """The parts of a text between blank lines."""
    lines = [line.strip() for line in text.splitlines()]
    return tuple(part.strip("\n") for part in "\n".join(lines).split("\n\n") if part.strip())


def activities(known: Knowledge, year: int, today: date) -> list[Activity]:
    """What took place in a school year, in order: no last days to do something, nothing cancelled, nothing to come."""
    found = []
    for event in known.all(Event):
        times = occurrences(event)
        held = [time for time in times if _is_held(time, today) and time.datum and school_year(time.datum) == year]
        if event.soort == DEADLINE or event.afgelast or not held:
            continue
        assert times[0].datum and held[-1].last_day
        there = event.aanwezig
        found.append(
            Activity(
                tuple(time.datum for time in held if time.datum),
                held[-1].last_day,
                f"{event.titel} (voorbeeld)" if event.voorbeeld else str(event.titel),
                str(known.one(Activiteit, event.soort).naam),
                event.doelgroep == PROFESSIONALS,
                there.leerlingen if there else None,
                there.professionals if there else None,
                school_year(times[0].datum),
            )
        )
    return sorted(found, key=lambda one: (one.days, one.name))


def _is_held(time: Event, today: date) -> bool:
    return time.last_day is not None and time.last_day < today


def head_count(number: int) -> str:
    """How many people were somewhere, as it is written: "<5" for 1 to 4."""
    return small.LESS if 0 < number < small.STEP else thousands(number)


def in_total(numbers: Iterable[int]) -> tuple[int, bool]:
    """How many people were at all these together, and whether there were more.

    Who was written as "<5" does not count: so a total tells nothing that the numbers in it do not tell.
    """
    kept = [(number, 0 < number < small.STEP) for number in numbers]
    return sum(number for number, is_small in kept if not is_small), any(is_small for _, is_small in kept)


def _summed(number: int, at_least: bool) -> str:
    return f"minstens {thousands(number or 1)}" if at_least else thousands(number)


def compared(known: Knowledge, entered: Mapping[int, YearNumbers], year: int, today: date) -> list[Compared]:
    """This school year and the earlier ones with numbers, at most YEARS_BESIDE of those, the earliest first."""
    found = []
    for one in range(year - YEARS_BESIDE, year + 1):
        beside = numbers_of(known, entered, one, today)
        if beside.computed or beside.entered != NONE_KNOWN or one == year:
            found.append(beside)
    return found


def numbers_of(known: Knowledge, all_entered: Mapping[int, YearNumbers], year: int, today: date) -> Compared:
    """The numbers of one school year, of what was entered by school year among others."""
    held, entered = activities(known, year, today), all_entered.get(year, NONE_KNOWN)
    if not held:
        return Compared(year, {}, entered)
    here = [one for one in held if one.counted_in == year]
    pupils = [one.pupils for one in here if one.pupils is not None]
    professionals = [one.professionals for one in here if one.professionals is not None]
    of_professionals = sum(len(one.days) for one in held if one.for_professionals)
    (all_pupils, more_pupils), (all_professionals, more_professionals) = map(in_total, (pupils, professionals))
    computed = {
        "activities_pupils": sum(len(one.days) for one in held) - of_professionals,
        "activities_professionals": of_professionals,
        "pupils": all_pupils if pupils else None,
        "professionals": all_professionals if professionals else None,
    }
    more = {"pupils": more_pupils, "professionals": more_professionals}
    return Compared(year, computed, entered, frozenset(name for name, is_more in more.items() if is_more))


def _introduced(this: Compared, numbers: Numbers, today: date) -> tuple[str, ...]:
    """The year in a few sentences."""
    found = []
    pupils, professionals = this.value("activities_pupils"), this.value("activities_professionals")
    if pupils is not None or professionals is not None:
        parts = [
            f"{thousands(number)} voor {who}"
            for number, who in ((pupils, "leerlingen"), (professionals, "professionals"))
            if number is not None
        ]
        found.append(f"Activiteiten in schooljaar {year_name(this.year)}: {' en '.join(parts)}.")
    came = [f"{this.number(name)} {LABELS[name].lower()}" for name in PEOPLE if this.value(name) is not None]
    if came:
        found.append(f"Daar waren {' en '.join(came)}.")
    conversations = metrics.total(numbers, "conversation")
    if conversations:
        asked = metrics.total(numbers, "question")
        talks, typed = written(conversations), written(asked)
        found.append(f"Leerlingen hadden {talks} gesprekken met Lobke, en typten daarin {typed} vragen.")
    if this.year == school_year(today):
        found.append("Dit schooljaar loopt nog, dus de cijfers gaan tot en met gisteren.")
    return tuple(found)


def _activities(held: Sequence[Activity], year: int) -> tuple[Table, ...]:
    if not held:
        return ()
    columns = ("Wanneer", "Wat", "Soort", "Voor", "Leerlingen", "Professionals")
    rows = [
        (
            _when(one),
            one.name,
            one.kind,
            "professionals" if one.for_professionals else "leerlingen",
            _came(one.pupils, one, year),
            _came(one.professionals, one, year),
        )
        for one in held
    ]
    here = [one for one in held if one.counted_in == year]
    totals = [
        _summed(*in_total(found)) if (found := [number for number in numbers if number is not None]) else NOT_FILLED_IN
        for numbers in ([one.pupils for one in here], [one.professionals for one in here])
    ]
    number = sum(len(one.days) for one in held)
    total = ("Samen", f"{thousands(number)} {'activiteit' if number == 1 else 'activiteiten'}", "", "", *totals)
    intro = (
        "Wat er was, en hoeveel mensen er waren volgens wie het organiseerde. "
        f"Bij {small.LESS} waren het er 1 tot en met 4. Die tellen niet mee in het totaal."
    )
    return (Table("Alle activiteiten", intro, columns, tuple(rows), total),)


def _when(one: Activity) -> str:
    first, last = _day(one.days[0]), _day(one.last_day)
    if len(one.days) > 1:
        return f"{len(one.days)} keer, van {first} tot en met {last}"
    return first if first == last else f"{first} tot en met {last}"


def _came(number: Optional[int], one: Activity, year: int) -> str:
    if number is None:
        return NOT_FILLED_IN
    return head_count(number) if one.counted_in == year else f"telt bij {year_name(one.counted_in)}"


def _missing(held: Sequence[Activity]) -> tuple[str, ...]:
    number = sum(one.pupils is None for one in held)
    if not number:
        return ()
    which = "1 activiteit" if number == 1 else f"{number} activiteiten"
    return (f"Bij {which} vulde nog niemand in hoeveel mensen er waren. Die tellen niet mee in het totaal.",)


def _reach(beside: Sequence[Compared]) -> Table:
    intro = "Waar (ingevuld) staat, vulde een medewerker het getal in. De andere getallen telde Lobke in de kalender."
    rows = tuple((year_name(one.year), *(one.words(name) for name in REACH)) for one in beside)
    pupils = [(one, one.value("pupils") or 0) for one in beside]
    most = max(number for _, number in pupils)
    bars = tuple(
        Bar(f"{year_name(one.year)}, leerlingen", one.words("pupils"), _shown_part(number, most))
        for one, number in pupils
    )
    columns = ("Schooljaar", *(LABELS[name] for name in REACH))
    many = sum(number >= small.STEP for _, number in pupils) > 1
    return Table("Activiteiten en mensen", intro, columns, rows, (), "bars" if many else "", bars if many else ())


def _shown_part(number: int, most: int) -> float:
    return number / most if number >= small.STEP else 0.0


def _use(beside: Sequence[Compared], told: Mapping[int, Figures]) -> tuple[Table, ...]:
    """The site by year, from what was entered, and the chat by year, from the figures."""
    made = []
    rows = [
        (
            year_name(one.year),
            *(UNKNOWN if one.value(name) is None else thousands(one.value(name) or 0) for name in SITE),
        )
        for one in beside
        if any(one.value(name) is not None for name in SITE)
    ]
    if rows:
        intro = "Deze getallen komen van de site zelf. Een medewerker vulde ze in."
        made.append(Table("De site", intro, ("Schooljaar", *(LABELS[name] for name in SITE)), tuple(rows)))
    chosen = [metric for name in CHAT for metric in METRICS if metric.name == name]
    chats = [
        (year_name(year), *(written(_count(metric.of(one.numbers))) for metric in chosen))
        for year, one in sorted(told.items())
        if one.numbers
    ]
    if chats:
        intro = "Deze getallen telde Lobke zelf. Bezoekers tellen per dag. Daarna telt Lobke de dagen op."
        labels = ("Schooljaar", *(metric.label for metric in chosen))
        made.append(Table("Gesprekken met Lobke", intro, labels, tuple(chats)))
    return tuple(made)


def _count(value: metrics.Told) -> int:
    assert isinstance(value, int)
    return value


def _table(table: overview.Table) -> Table:
    rows = tuple((row.label, *map(written, row.values)) for row in table.rows)
    columns = (table.head, *(NOW if column == overview.NOW else column for column in table.columns))
    bars = overview.bars(table)
    if table.chart == "columns":
        bars = tuple(replace(bar, label=row[0][:3]) for bar, row in zip(bars, rows, strict=False))
    return Table(table.title, table.intro, columns, rows, (), table.chart if bars else "", bars)


def _opinions(year: int, today: date) -> tuple[tuple[str, ...], tuple[str, ...], tuple[Table, ...]]:
    """What was answered to closed questions, of all activities of the year together: only what Evaluations tells."""
    evaluations = Evaluations("", None)
    counts: dict[str, dict[str, Counter[str]]] = {audience: {} for audience in AUDIENCES}
    asked: Counter[str] = Counter()
    for found in evaluations.all():
        if school_year(found.day) != year or found.day > today:
            continue
        for link in evaluations.get(found.id).links:
            asked[link.audience] += link.number is not None
            for question, answers in link.counts.items():
                counts[link.audience].setdefault(question, Counter()).update(answers)
    made = []
    for audience in AUDIENCES:
        form = questions(audience)
        rows = [
            (
                str(one.vraag),
                ", ".join(f"{answer.tekst}: {_few(counts[audience][one.id][answer.id])}" for answer in one.antwoorden),
            )
            for one in form.vragen
            if one.id in counts[audience]
        ]
        if rows:
            number = "1 activiteit" if asked[audience] == 1 else f"{asked[audience]} activiteiten"
            title = f"{form.naam[:1].upper()}{form.naam[1:]}"
            made.append(Table(title, f"De antwoorden bij {number} samen.", ("Vraag", "Antwoorden"), tuple(rows)))
    said = () if made else ("Er zijn nog te weinig antwoorden om te laten zien.",)
    return said, (), tuple(made)


def _few(number: int) -> str:
    return thousands(number) if number >= small.STEP else small.LESS


def _went_well(numbers: Numbers) -> tuple[str, ...]:
    found = []
    asked = metrics.total(numbers, "question")
    if asked >= overview.LEAST_FOR_PART:
        at_once, after_one = (numbers["question"].get(result, 0) / asked for result in (AT_ONCE, AFTER_ONE))
        found.append(f"Op {written(at_once)} van de vragen gaf Lobke meteen antwoord.")
        if after_one:
            found.append(f"Op nog eens {written(after_one)} gaf ze antwoord na 1 wedervraag.")
    helped = metrics.helped(numbers)
    if helped is not None and metrics.total(numbers, "thumb") >= overview.LEAST_FOR_PART:
        found.append(f"Van de duimen ging {written(helped)} omhoog: dat antwoord hielp.")
    if finished := metrics.total(numbers, "exploration_finished"):
        found.append(f"Leerlingen maakten {written(finished)} verkenningen af.")
    answered, days = metrics.total(numbers, "first_answer"), metrics.median_days(numbers)
    if answered and days is not None:
        within = "1 schooldag" if not days else f"{days + 1} schooldagen"
        found.append(f"Decanen gaven {written(answered)} leerlingen antwoord, de helft binnen {within}.")
    return tuple(found) or (NOTHING_YET,)


def _hard(numbers: Numbers) -> tuple[str, ...]:
    asked = metrics.total(numbers, "question")
    if asked < overview.LEAST_FOR_PART:
        return ()
    ended = {result: numbers["question"].get(result, 0) for result in NOT_ANSWERED}
    part = sum(ended.values()) / asked
    if not part:
        return ()
    most = max(ended, key=lambda result: ended[result])
    return (
        f"Op {written(part)} van de vragen kwam geen antwoord.",
        f"De reden die het vaakst voorkwam: {NOT_ANSWERED[most]} ({written(ended[most])} vragen).",
    )


def _ahead(known: Knowledge, year: int, today: date) -> tuple[str, ...]:
    """What stands in the kalender for the rest of this year, and for the next."""
    found = []
    for one in (year, year + 1):
        coming = [
            time
            for event in known.all(Event)
            if event.soort != DEADLINE and not event.afgelast
            for time in occurrences(event)
            if time.datum and school_year(time.datum) == one and (one > year or not _is_held(time, today))
        ]
        if coming:
            which = "1 activiteit" if len(coming) == 1 else f"{thousands(len(coming))} activiteiten"
            still = "nog " if one == year else ""
            found.append(f"Voor schooljaar {year_name(one)} {_stands(len(coming))} {still}{which} in de kalender.")
    return tuple(found) or ("In de kalender staat nog niets voor hierna.",)


def _stands(number: int) -> str:
    return "staat" if number == 1 else "staan"


COUNTED = (
    "Lobke rondt haar cijfers af op een veelvoud van 5, per maand en per school. "
    "Een totaal is een som van afgeronde getallen.",
    f"Staat er {small.LESS} bij een cijfer van Lobke, dan is het heel klein. Het kan ook 0 zijn.",
    "Hoeveel mensen er bij een activiteit waren, telde wie het organiseerde. Die getallen zijn niet afgerond. "
    f"Waren het er 1 tot en met 4, dan staat er {small.LESS}. Die tellen niet mee in een totaal.",
    "Bij een reeks telt elke keer als een activiteit. "
    "De mensen tellen 1 keer, in het schooljaar waarin de reeks begon.",
    "Wat niet doorging telt niet mee, en een uiterste dag om je aan te melden ook niet.",
    "Wat mensen vonden, staat er pas in als er genoeg antwoorden zijn. Wat iemand schreef, staat er niet in.",
    "Wat elk cijfer betekent, staat in docs/cijfers.md bij Lobke.",
)


def _period(year: int, today: date) -> Period:
    """The months of a school year until now."""
    months = (today.year - year) * 12 + today.month - BEGINS + 1
    return Period(first_day(year), min(months, 12))


def _day(day: date) -> str:
    return dutch_date(day).partition(" ")[2]
