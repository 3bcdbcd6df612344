"""From what may be shown nobody can work out a count of 1 to 4: not from totals, filters, comparisons or changes."""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.monitoring.small import LESS, STEP, rounded, shown

KEY = b"secret"
SMALL = range(1, 5)


def round_at(number: int, goes_up_from: int) -> int:
    """What `rounded` does in a cell that goes up from this rest, 1 to 5."""
    return STEP * (number // STEP + (number % STEP >= goes_up_from))


def leaks(worlds: Iterable[tuple[tuple[int, ...], Hashable]]) -> set[tuple[int, int]]:
    """(place, count) of every small count that somebody knows for sure who sees what is shown of a world.

    A world is its true counts and all that is shown of it; who looks knows how it was made, and all that may be.
    """
    possible: dict[Hashable, list[set[int]]] = defaultdict(list)
    for counts, seen in worlds:
        found = possible[seen] or [set() for _ in counts]
        possible[seen] = [known | {count} for known, count in zip(found, counts, strict=True)]
    return {
        (place, count)
        for each in possible.values()
        for place, known in enumerate(each)
        if len(known) == 1
        for count in known
        if count in SMALL
    }


def sums(cells: tuple[int, ...]) -> tuple[int, ...]:
    """Every total that filters and periods can make of school A in month 1 and 2 and school B in month 1 and 2."""
    a1, a2, b1, b2 = cells
    return (a1, a2, b1, b2, a1 + a2, b1 + b2, a1 + b1, a2 + b2, a1 + a2 + b1 + b2)


def test_no_small_count_follows_from_all_totals_together() -> None:
    ends = [1, 3, 5]
    worlds = (
        (counts, sums(tuple(map(round_at, counts, ends_of))))
        for counts in product((0, 1, 2, 4, 5, 7), repeat=4)
        for ends_of in product(ends, repeat=4)
    )
    assert leaks(worlds) == set()


def test_no_small_count_follows_from_watching_a_cell_grow() -> None:
    worlds = (
        (counts, tuple(round_at(count, end) for count in counts))
        for end in range(1, STEP + 1)
        for counts in product(range(12), repeat=3)
        if counts[0] <= counts[1] <= counts[2]
    )
    assert leaks(worlds) == set()


def hide(count: int) -> object:
    return count if count >= STEP or count == 0 else LESS


@pytest.mark.parametrize(
    "show",
    [
        lambda counts: tuple(map(hide, (*counts, sum(counts)))),  # only small cells are hidden
        lambda counts: tuple(STEP * (number // STEP) for number in (*counts, sum(counts))),  # each total cut by itself
    ],
)
def test_the_attack_finds_what_simpler_ways_would_give_away(show: Callable[[tuple[int, ...]], Hashable]) -> None:
    worlds = ((counts, show(counts)) for counts in product(range(7), repeat=5))
    assert leaks(worlds)


@given(st.integers(0, 10_000), st.tuples(st.text(max_size=9), st.text(max_size=9)))
def test_a_count_becomes_a_multiple_of_five_beside_it(number: int, cell: tuple[str, str]) -> None:
    found = rounded(number, cell, KEY)
    assert found % STEP == 0 and abs(found - number) < STEP
    assert found == number or number % STEP
    assert found == rounded(number, cell, KEY)


def test_sums_stay_right() -> None:
    for rest in range(STEP):
        total = sum(rounded(10 + rest, (str(cell),), KEY) for cell in range(5000))
        assert abs(total / 5000 - 10 - rest) < 0.2


def test_who_has_no_key_does_not_know_how_a_cell_is_rounded() -> None:
    ways = {
        key: tuple(rounded(3, (str(cell),), key) for cell in range(40)) for key in (KEY, b"another", b"and another")
    }
    assert len(set(ways.values())) == 3
    assert all(len(Counter(way)) == 2 for way in ways.values())


def test_cells_with_the_same_letters_are_rounded_apart() -> None:
    cells = [(f"a{n}", "b") for n in range(40)], [("a", f"{n}b") for n in range(40)]
    one, other = (tuple(rounded(3, cell, KEY) for cell in each) for each in cells)
    assert one != other


@pytest.mark.parametrize(("number", "text"), [(0, "<5"), (5, "5"), (1200, "1200")])
def test_a_number_is_written_as_it_is_and_none_as_less_than_five(number: int, text: str) -> None:
    assert shown(number) == text
    assert re.fullmatch(r"<5|\d*[05]", text)
