"""Return codes: what a pupil keeps to read the answer, such as `K7QF-3MZP`.

A code is 40 bits that follow from the handoff's id and the secret, so the same handoff always has the same code and no
code is stored. Stored is a keyed hash, by which a handoff is looked up: comparing hashes tells nothing about a code.
"""

import hashlib
import hmac
import re
from typing import Optional

from bot.keys import derived_key

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base32: no I, L, O and U, which are misread."""
LETTERS = 8
_ALIKE = str.maketrans("OIL", "011", " -\t\n\r\u00a0\u2010\u2011\u2012\u2013\u2014\u2212.")

_TYPED = re.compile(
    r"(?:(?:dit is )?(?:mijn |me |m'?n |mn |de )?code(?: is)?\W*)?"
    r"([a-z0-9]{4})(?P<between>[\s.\-\u2010-\u2014\u2212]*)([a-z0-9]{4})\W*",
    re.IGNORECASE,
)
_MIXED = re.compile(r"(?=.*[0-9])(?!mbo[1-4])(?=.*[a-z])", re.IGNORECASE)
_WORD = re.compile("[aeiou]", re.IGNORECASE)


def return_code(handoff_id: str, attempt: int = 0) -> str:
    """The code of this handoff; a next attempt gives another one, for when the first one is another handoff's."""
    bits = int.from_bytes(_hmac("return code maker", f"{handoff_id}:{attempt}")[:5], "big")
    code = "".join(ALPHABET[bits >> 5 * place & 31] for place in reversed(range(LETTERS)))
    return f"{code[:4]}-{code[4:]}"


def normalised(typed: str) -> Optional[str]:
    """A code as a pupil types it, such as `K7QF3MZP`; None when it cannot be a code.

    Case, spaces, dashes and dots do not matter, and O, I and L are read as 0 and 1.
    """
    code = typed.upper().translate(_ALIKE)
    return code if len(code) == LETTERS and set(code) <= set(ALPHABET) else None


def is_typed_code(text: str) -> bool:
    """Whether a message is a code and no question: two groups of four, of which one has letters and digits.

    Without digits it takes a dash and a group that is no word. Of a hundred codes about one is not recognised.
    """
    found = _TYPED.fullmatch(text.strip())
    if found is None or normalised(found[1] + found[3]) is None:
        return False
    groups = found[1], found[3]
    if any(_MIXED.match(group) for group in groups):
        return True
    has_dash = bool(found["between"].strip(" ."))
    return has_dash and all(group.isalpha() for group in groups) and not all(map(_WORD.search, groups))


def code_hash(typed: str) -> Optional[str]:
    """64 hex digits that stand for a code as a pupil types it; None when it cannot be a code."""
    code = normalised(typed)
    return _hmac("return code", code).hex() if code else None


def _hmac(purpose: str, text: str) -> bytes:
    return hmac.new(derived_key(purpose).encode(), text.encode(), hashlib.sha256).digest()
