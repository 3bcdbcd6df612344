"""What a verkenning leads to: werelden with a reason, opleidingen, and something to try. Never one best choice."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import zip_longest
from typing import Optional

from bot.knowledge.calendar import Wish, upcoming
from bot.knowledge.kinds.wording import levels_of
from bot.knowledge.loader import Knowledge
from bot.knowledge.models import Activiteit, Doorstroom, Event, Leerweg, Opleiding, Profiel, Stelling, Wereld
from bot.orientation import scoring

MOST_REASONS = 2
MOST_FITTING = 4
MOST_LATER = 2
MOST_TRIES = 2
_LEVELS = (2, 3, 4)
"""Levels of the mbo for who gets a vmbo diploma."""


@dataclass(frozen=True)
class Suggestion:
    """A wereld to look at, and why."""

    wereld: Wereld
    reasons: tuple[Stelling, ...]
    """What the pupil answered that leads here: liked, or else "gaat wel"."""
    fits: tuple[Opleiding, ...]
    """Opleidingen that the leerweg gives access to, of any level when it is not known; lowest level first."""
    later: tuple[Opleiding, ...]
    """Opleidingen that need a diploma of the mbo first; `levels_before` says which."""
    event: Optional[Event]
    """The first coming event to try: one that names the wereld, else one for all werelden."""
    activity: Activiteit
    """The kind of activity to try: that of the event when there is one."""
    profielen: tuple[Profiel, ...]
    """For leerjaar 2, where pupils choose one; empty for tl, which has none of these."""


@dataclass(frozen=True)
class Outcome:
    """What the answers say. A flat profile has no types and no suggestions, but two activities to try first."""

    types: tuple[str, ...]
    points: dict[str, float]
    suggestions: tuple[Suggestion, ...]
    tries: tuple[Activiteit, ...]

    @property
    def flat(self) -> bool:
        """Whether the answers are too much alike to name a type."""
        return not self.types


def outcome(
    answers: Mapping[str, int], leerweg: Optional[str], leerjaar: Optional[str], today: date, knowledge: Knowledge
) -> Outcome:
    """The outcome of these answers: id of a stelling → 2, 1 or 0. Ids that are no stelling any more do not count.

    `leerweg` is an id ("kb") and `leerjaar` a digit ("3"), None when not known. Raises KeyError for another leerweg.
    """
    stellingen = knowledge.verkenning.stellingen
    points = scoring.points(answers, stellingen)
    types = scoring.types(points)
    year = int(leerjaar) if leerjaar else None
    if not types:
        return Outcome(types, points, (), _tries(year, today, knowledge))
    proberen = knowledge.verkenning.proberen
    liked = [stelling for stelling in stellingen if answers.get(stelling.id) == 2]
    not_sure = [stelling for stelling in stellingen if answers.get(stelling.id) == 1]
    suggestions = []
    for place, wereld in enumerate(scoring.werelden(types, points, liked, not_sure, knowledge.all(Wereld))):
        fits, later = _opleidingen(wereld, leerweg, knowledge)
        event = _event(wereld, year, today, knowledge)
        has_profiel = year == 2 and leerweg != "tl"
        suggestions.append(
            Suggestion(
                wereld,
                _reasons(wereld, types, liked) or _reasons(wereld, types, not_sure),
                fits,
                later,
                event,
                knowledge.one(Activiteit, event.soort if event else proberen[place % len(proberen)]),
                tuple(knowledge.one(Profiel, id) for id in wereld.profielen) if has_profiel else (),
            )
        )
    return Outcome(types, points, tuple(suggestions), ())


def levels_before(niveau: int, leerweg: str, knowledge: Knowledge) -> tuple[int, ...]:
    """The levels of which a pupil of this leerweg needs a diploma first: (2, 3) for bb and niveau 4, () for kb.

    Source: knowledge/doorstroom.yml. Raises KeyError for an unknown leerweg.
    """
    rows = [(0, knowledge.one(Doorstroom, leerweg))]
    rows += [(level, knowledge.one(Doorstroom, f"mbo-{level}")) for level in _LEVELS[:-1]]
    before = next((level for level, row in rows if level < niveau and row.mag(niveau) == "ja"), niveau - 1)
    return (*levels_before(before, leerweg, knowledge), before) if before else ()


def _reasons(wereld: Wereld, types: Iterable[str], answered: list[Stelling]) -> tuple[Stelling, ...]:
    """The answered stellingen that name the wereld; else those of a type that the pupil and the wereld share."""
    naming = [stelling for stelling in answered if wereld.id in stelling.werelden]
    shared = [stelling for stelling in answered if stelling.type in types and stelling.type in wereld.riasec]
    return tuple((naming or shared)[:MOST_REASONS])


def _opleidingen(
    wereld: Wereld, leerweg: Optional[str], knowledge: Knowledge
) -> tuple[tuple[Opleiding, ...], tuple[Opleiding, ...]]:
    """The opleidingen of a wereld that are open now, and those for later."""
    found = [
        opleiding
        for opleiding in knowledge.all(Opleiding)
        if wereld.id in opleiding.werelden and opleiding.niveau in _LEVELS and not opleiding.specialist
    ]
    found.sort(key=lambda opleiding: opleiding.werelden[0] != wereld.id)
    open_levels = knowledge.one(Leerweg, leerweg).niveaus if leerweg else _LEVELS
    now = [opleiding for opleiding in found if opleiding.niveau in open_levels]
    later = [opleiding for opleiding in found if opleiding.niveau not in open_levels]
    return _spread(now, MOST_FITTING), _spread(later, MOST_LATER)


def _spread(opleidingen: list[Opleiding], most: int) -> tuple[Opleiding, ...]:
    """At most so many, of as many levels as there are; lowest level first."""
    by_level = [[o for o in opleidingen if o.niveau == level] for level in levels_of(opleidingen)]
    turns = [opleiding for turn in zip_longest(*by_level) for opleiding in turn if opleiding]
    return tuple(sorted(turns[:most], key=lambda opleiding: opleiding.niveau))


def _event(wereld: Wereld, leerjaar: Optional[int], today: date, knowledge: Knowledge) -> Optional[Event]:
    """The first event to try that names the wereld; else the first for all werelden."""
    kinds = tuple(knowledge.verkenning.proberen)
    coming = upcoming(knowledge, Wish(werelden=(wereld.id,), soorten=kinds, leerjaar=leerjaar), today)
    return min(coming, key=lambda event: not event.werelden, default=None)


def _tries(leerjaar: Optional[int], today: date, knowledge: Knowledge) -> tuple[Activiteit, ...]:
    """Two kinds of activity: those that come first for all werelden, and then those of knowledge/verkenning.yml."""
    coming = upcoming(knowledge, Wish(soorten=tuple(knowledge.verkenning.proberen), leerjaar=leerjaar), today)
    planned = [knowledge.one(Activiteit, event.soort) for event in coming if not event.werelden]
    others = [knowledge.one(Activiteit, id) for id in knowledge.verkenning.proberen]
    return tuple({activity.id: activity for activity in (*planned, *others)}.values())[:MOST_TRIES]
