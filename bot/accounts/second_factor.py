"""The second factor: a code of an app (TOTP, RFC 6238), or one of eight recovery codes.

The secret in the app is computed from a random value in the database and Lobke's own key, so a copy of the database
alone makes no codes.
"""

import base64
import hmac
import re
import secrets
from typing import Optional

import pyotp
from sqlalchemy import delete, func, insert, or_, select, update
from sqlalchemy.engine import Connection

from bot import clock
from bot.accounts.accounts import Account
from bot.accounts.audit import record
from bot.keys import derived_key
from bot.storage import tables
from bot.storage.database import transaction

STEP_SECONDS = 30
RECOVERY_CODES = 8
LETTERS = "0123456789abcdefghjkmnpqrstvwxyz"  # without i, l, o and u, which are misread
SEED = re.compile(r"[0-9a-f]{32}")
NOT_IN_A_CODE = re.compile(r"[\s-]")

_accounts, _recovery = tables.accounts, tables.recovery_codes


def new_seed() -> str:
    """32 random hex digits for a new second factor."""
    return secrets.token_hex(16)


def secret(account: Account, seed: str) -> str:
    """What the app needs to make codes: 32 letters and digits."""
    return base64.b32encode(bytes.fromhex(derived_key(f"second factor:{account.id}:{seed}"))[:20]).decode()


def address(account: Account, seed: str) -> str:
    """The otpauth address for a QR code."""
    return pyotp.TOTP(secret(account, seed)).provisioning_uri(name=account.email, issuer_name="Lobke")


def begin(account: Account, seed: str, code: str, replace: bool) -> Optional[list[str]]:
    """Sets the second factor when the code shows that the app works: the new recovery codes, None for a wrong code.

    Ends all sessions. Unless `replace`, an account that has one already keeps it, and the value is None.
    """
    step = _step(account, seed, code) if SEED.fullmatch(seed) else None
    with transaction(write=True) as connection:
        other = or_(_accounts.c.totp.is_(None), _accounts.c.totp != seed) if replace else _accounts.c.totp.is_(None)
        change = update(_accounts).where(_accounts.c.id == account.id, other).values(totp=seed, totp_step=step)
        if step is None or not connection.execute(change).rowcount:
            record(connection, "code_failed", account.id, account.id)
            return None
        codes = ["".join(secrets.choice(LETTERS) for _ in range(10)) for _ in range(RECOVERY_CODES)]
        for table in (_recovery, tables.sessions):
            connection.execute(delete(table).where(table.c.account_id == account.id))
        for made in codes:
            connection.execute(insert(_recovery).values(hash=_hash(account, made), account_id=account.id))
        record(connection, "second_factor_set", account.id, account.id)
    return [f"{made[:5]}-{made[5:]}" for made in codes]


def passes(account: Account, code: str) -> bool:
    """Whether this is a code of the app, or a recovery code. Each works once."""
    with transaction(write=True) as connection:
        if _is_next(connection, account, code):
            return True
        condition = _recovery.c.hash == _hash(account, _plain(code)), _recovery.c.account_id == account.id
        if connection.execute(delete(_recovery).where(*condition)).rowcount:
            record(connection, "recovery_code_used", account.id, account.id)
            return True
        record(connection, "code_failed", account.id, account.id)
    return False


def recovery_codes_left(account: Account) -> int:
    """How many recovery codes were not used yet."""
    query = select(func.count()).select_from(_recovery).where(_recovery.c.account_id == account.id)
    with transaction() as connection:
        return int(connection.execute(query).scalar())


def _is_next(connection: Connection, account: Account, code: str) -> bool:
    seed = connection.execute(select(_accounts.c.totp).where(_accounts.c.id == account.id)).scalar()
    step = _step(account, seed, code) if seed else None
    if step is None:
        return False
    unused = _accounts.c.id == account.id, _accounts.c.totp_step < step
    return bool(connection.execute(update(_accounts).where(*unused).values(totp_step=step)).rowcount)


def _step(account: Account, seed: str, code: str) -> Optional[int]:
    """The half minute that this code is of: now, the one before or the one after, as clocks differ."""
    typed = _plain(code).encode()
    app = pyotp.TOTP(secret(account, seed), interval=STEP_SECONDS)
    now = int(clock.now().timestamp()) // STEP_SECONDS
    found = [step for step in (now - 1, now, now + 1) if hmac.compare_digest(app.generate_otp(step).encode(), typed)]
    return found[-1] if found else None


def _plain(code: str) -> str:
    """A typed code as it was made: small letters, no spaces and dashes."""
    plain = NOT_IN_A_CODE.sub("", code).lower()
    return plain.replace("o", "0").replace("i", "1").replace("l", "1")


def _hash(account: Account, code: str) -> str:
    return derived_key(f"recovery code:{account.id}:{code}")
