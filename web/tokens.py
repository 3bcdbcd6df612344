"""Tokens: a random conversation id, signed by the server. A token is the only way to a conversation."""

import hashlib
import secrets
from datetime import datetime, timezone

from itsdangerous import BadSignature, TimestampSigner

from bot import clock

LONGEST = 200


class BadToken(Exception):
    """Missing, forged or damaged."""


class _Signer(TimestampSigner):
    def get_timestamp(self) -> int:
        return int(clock.now().timestamp())


class Tokens:
    """Makes and reads tokens with one key."""

    def __init__(self, key: str) -> None:
        self._signer = _Signer(key, salt="lobke-chat", key_derivation="hmac", digest_method=hashlib.sha256)

    def new(self) -> tuple[str, str]:
        """A new conversation id of 128 random bits, and its token."""
        conversation_id = secrets.token_hex(16)
        return conversation_id, self._signer.sign(conversation_id).decode()

    def read(self, token: str) -> tuple[str, datetime]:
        """The conversation id in a token and when it was made. Raises BadToken."""
        if not token.isascii() or len(token) > LONGEST:
            raise BadToken
        try:
            conversation_id, made = self._signer.unsign(token, return_timestamp=True)
        except BadSignature:
            raise BadToken from None
        return conversation_id.decode(), made.astimezone(timezone.utc)
