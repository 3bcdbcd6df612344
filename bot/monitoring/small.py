"""Small numbers: what may be shown, so that no count of 1 to 4 can be worked out.

Each cell (school, month, series, value) is rounded to a multiple of 5, and whatever is shown is a cell or a sum of
cells. So totals, filters and differences lead to rounded cells at most, and a rounded cell stands for at least five
true counts. docs/decisions/0022-small-numbers.md says why.
"""

from collections.abc import Sequence
from hashlib import blake2b

from bot.keys import derived_key

STEP = 5
LESS = f"<{STEP}"


def rounded(number: int, cell: Sequence[str], key: bytes) -> int:
    """The count of a cell as a multiple of 5, up or down: a rest of 3 goes up in 3 of 5 cells, so sums stay right.

    The same cell is rounded at the same rest each time, and only who has `key` (at most 64 bytes) knows at which.
    """
    whole, rest = divmod(number, STEP)
    digest = blake2b("\0".join(cell).encode(), key=key, digest_size=8).digest()
    goes_up_from = int.from_bytes(digest, "big") % STEP + 1
    return STEP * (whole + (rest >= goes_up_from))


def key() -> bytes:
    """The key of this Lobke for `rounded`."""
    return bytes.fromhex(derived_key("small numbers"))


def safe(number: int, *cell: str) -> int:
    """`rounded` with the key of this Lobke, for a count that is in no month of the figures."""
    return rounded(number, cell, key())


def shown(number: int) -> str:
    """A sum of rounded cells as it is written: "<5" for none."""
    return str(number) if number else LESS
