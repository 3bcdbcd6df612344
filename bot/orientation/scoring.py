"""From answers to types and werelden. The rules are those of domein.md §6.2; they are no validated test."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence

from bot.knowledge.models import Stelling, Wereld
from bot.orientation.verkenning import RIASEC

MOST_POINTS = 12
_SCALE = 6
"""A type of six stellingen with two points each has twelve points."""
_NEAR = 1
"""Points below the highest type within which a type is named too."""
_MOST_TYPES = 3
_LOW = 4
_ALIKE = 2
"""A profile is flat when its highest type is not above _LOW, or is at most _ALIKE above its lowest."""
_LETTERS = (2, 1, 1)
"""What the first, second and third letter of a wereld count."""
_LEAST_WERELDEN, _MOST_WERELDEN = 3, 5


def points(answers: Mapping[str, int], stellingen: Sequence[Stelling]) -> dict[str, float]:
    """Points of each type, in the order RIASEC, from 0 to 12: the mean of its answers (0 to 2) × 6.

    Stellingen without an answer do not count; a type without answers has 0.
    """
    values: dict[str, list[int]] = defaultdict(list)
    for stelling in stellingen:
        if stelling.id in answers:
            values[stelling.type].append(answers[stelling.id])
    return {letter: sum(values[letter]) * _SCALE / max(len(values[letter]), 1) for letter in RIASEC}


def types(points: Mapping[str, float]) -> tuple[str, ...]:
    """The types within 1 point of the highest, at most three, highest first; none when the profile is flat.

    Flat: the highest has at most 4 points, or at most 2 more than the lowest.
    """
    highest, lowest = max(points.values()), min(points.values())
    if highest <= _LOW or highest - lowest <= _ALIKE:
        return ()
    near = [letter for letter in RIASEC if points[letter] >= highest - _NEAR]
    return tuple(sorted(near, key=lambda letter: -points[letter])[:_MOST_TYPES])


def werelden(
    types: Collection[str],
    points: Mapping[str, float],
    liked: Collection[Stelling],
    not_sure: Collection[Stelling],
    all_werelden: Sequence[Wereld],
) -> list[Wereld]:
    """The werelden that go best with the types, best first. Entree is never one.

    A wereld has 2 points when its first letter is one of the types, and 1 for its second and third. After that count
    how many stellingen name it that the pupil likes, then those of which she is not sure, then the points of its
    letters, then the order of `all_werelden`. There are three, and up to two more that a liked stelling names and that
    have at most 1 point less than the third.
    """

    def sum_of_letters(wereld: Wereld, worth: Mapping[str, float]) -> float:
        return sum(count * worth.get(letter, 0) for count, letter in zip(_LETTERS, wereld.riasec, strict=True))

    score = {wereld.id: sum_of_letters(wereld, dict.fromkeys(types, 1)) for wereld in all_werelden}
    ranked = sorted(
        (wereld for wereld in all_werelden if wereld.id != "entree"),
        key=lambda wereld: (
            -score[wereld.id],
            -_naming(wereld, liked),
            -_naming(wereld, not_sure),
            -sum_of_letters(wereld, points),
        ),
    )
    first, others = ranked[:_LEAST_WERELDEN], ranked[_LEAST_WERELDEN:]
    least = max(score[first[-1].id] - 1, 1)
    return (first + [wereld for wereld in others if score[wereld.id] >= least and _naming(wereld, liked)])[
        :_MOST_WERELDEN
    ]


def _naming(wereld: Wereld, stellingen: Collection[Stelling]) -> int:
    return sum(wereld.id in stelling.werelden for stelling in stellingen)
