"""Tokens: a random conversation id, signed by the server. A token is the only way to a conversation.

A document has a token of its own, which opens that document and nothing else. So has a return code, for half an hour.
"""

import hashlib
import hmac
import secrets
from datetime import datetime, timezone

from itsdangerous import BadSignature, TimestampSigner

from bot import clock
from bot.keys import derived_key

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


def document_token(message_id: str) -> str:
    """The token of the document in this message: the id, and 32 hex digits that only this server can make."""
    signature = hmac.new(derived_key("document").encode(), message_id.encode(), hashlib.sha256)
    return f"{message_id}-{signature.hexdigest()[:32]}"


def read_document_token(token: str) -> str:
    """The id of the message in a token of a document. Raises BadToken."""
    message_id = token.partition("-")[0]
    if not token.isascii() or not hmac.compare_digest(token, document_token(message_id)):
        raise BadToken
    return message_id


class TimedTokens:
    """Makes and reads tokens with a value that a browser keeps for so many seconds."""

    def __init__(self, name: str, seconds: int, longest: int = LONGEST) -> None:
        self.seconds = seconds
        self._name, self._longest = name, longest

    def new(self, value: str) -> str:
        """The token of this value."""
        return self._signer().sign(value).decode()

    def read(self, token: str) -> str:
        """The value in a token that is not too old. Raises BadToken."""
        if not token.isascii() or len(token) > self._longest:
            raise BadToken
        try:
            return self._signer().unsign(token, max_age=self.seconds).decode()
        except BadSignature:
            raise BadToken from None

    def _signer(self) -> _Signer:
        key = derived_key(f"{self._name} token")
        return _Signer(key, salt=f"lobke-{self._name}", key_derivation="hmac", digest_method=hashlib.sha256)


answer_tokens = TimedTokens("answer", seconds=1800)
"""A return code, until half an hour without a visit."""
login_tokens = TimedTokens("login", seconds=600, longest=2000)
"""Where a login at another site began; it may take ten minutes."""
