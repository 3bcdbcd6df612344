"""Words in an address that only she who put them there can read: they may be the words of a pupil."""

from base64 import urlsafe_b64encode

from cryptography.fernet import Fernet, InvalidToken

from bot.keys import derived_key
from web.portal.door import Visit


def seal(visit: Visit, words: str) -> str:
    """The words as a part of an address."""
    return _key_of(visit).encrypt(words.encode("utf-8", "replace")).decode()


def unseal(visit: Visit, sealed: str) -> str:
    """The words, "" for what was not sealed for her."""
    try:
        return _key_of(visit).decrypt(sealed.encode("utf-8", "replace")).decode()
    except InvalidToken:
        return ""


def _key_of(visit: Visit) -> Fernet:
    return Fernet(urlsafe_b64encode(bytes.fromhex(derived_key(f"portal search:{visit.account.id}"))))
