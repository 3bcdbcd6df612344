"""Accounts of the example school, for who tries Lobke on a computer of her own. In production there are none."""

import os
import secrets
from pathlib import Path
from typing import Optional

from bot.accounts import accounts
from bot.settings import LOOPBACK, Settings

FILE = "demo.txt"
DOMAIN = "demo.test"  # a name that nobody can have (RFC 2606)
SCHOOL = "voorbeeldschool"
_PEOPLE = (
    ("decaan", accounts.DECAAN, "Dian Decaan"),
    ("collega", accounts.DECAAN, "Cas Collega"),
    ("redactie", accounts.REDACTIE, "Robin Redactie"),
    ("beheer", accounts.BEHEER, "Bo Beheer"),
)


def prepare(settings: Settings) -> Optional[Path]:
    """The file with the password of the example accounts; None when there are none.

    They are made once, where nobody else can reach Lobke and nobody has an account; in production they are switched
    off. Raises DatabaseDown.
    """
    everyone = accounts.everyone()
    file = settings.data_dir / FILE
    if settings.production:
        for account in everyone:
            if account.email.endswith(f"@{DOMAIN}") and not account.disabled_at:
                accounts.disable(account.email)
        return None
    if not everyone and settings.host in LOOPBACK:
        _make(file)
    return file if file.exists() else None


def _make(file: Path) -> None:
    password = secrets.token_urlsafe(12)
    with open(os.open(file, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w", encoding="utf-8") as written:
        written.write(f"Het wachtwoord van elk voorbeeldaccount: {password}\n")
    for name, role, full_name in _PEOPLE:
        accounts.add(f"{name}@{DOMAIN}", role, [SCHOOL] if role == accounts.DECAAN else (), full_name, password)
