"""Passwords: argon2id, and what a new one has to be."""

import secrets
import unicodedata
from functools import lru_cache
from typing import Optional

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

SHORTEST = 12
LONGEST = 200
FEWEST_DIFFERENT = 5

_hasher = PasswordHasher()  # the low-memory profile of RFC 9106: 64 MB, 3 passes


def hashed(password: str) -> str:
    """What is stored of a password."""
    return _hasher.hash(_as_bytes(password))


def fits(stored: Optional[str], password: str) -> bool:
    """Whether this is the password. Without a stored one it is not, and finding that out takes as long."""
    try:
        return _hasher.verify(stored or _nobodys(), _as_bytes(password)) and stored is not None
    except (VerificationError, InvalidHashError):
        return False


def remark(password: str, email: str) -> str:
    """A sentence on what is wrong with a new password, or ""."""
    if len(password) < SHORTEST:
        return f"Kies een wachtwoord van minstens {SHORTEST} tekens, bijvoorbeeld 4 woorden achter elkaar."
    if len(password) > LONGEST:
        return f"Kies een wachtwoord van hoogstens {LONGEST} tekens."
    if len(set(password)) < FEWEST_DIFFERENT or password.lower() == email:
        return "Dit wachtwoord is te makkelijk te raden. Kies een ander."
    return ""


@lru_cache(maxsize=1)
def _nobodys() -> str:
    return hashed(secrets.token_hex(16))


def _as_bytes(password: str) -> bytes:
    return unicodedata.normalize("NFKC", password).encode("utf-8", "replace")
