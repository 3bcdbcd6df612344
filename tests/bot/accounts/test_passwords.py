"""Passwords are kept as argon2id, and a new one is long enough."""

import pytest

from bot.accounts import passwords


def test_a_password_fits_itself_and_nothing_else() -> None:
    stored = passwords.hashed("paard fiets lamp é")
    assert stored.startswith("$argon2id$")
    assert "paard" not in stored and passwords.hashed("paard fiets lamp é") != stored
    assert passwords.fits(stored, "paard fiets lamp é")
    assert passwords.fits(stored, "paard fiets lamp e\u0301")
    assert not passwords.fits(stored, "paard fiets lamp e")
    assert not passwords.fits(stored, "")


def test_without_a_password_nothing_fits_and_the_work_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    stored = passwords.hashed("paard fiets lamp boom")
    worked: list[str] = []
    verify = passwords.PasswordHasher.verify

    def counted(self: object, hash: str, password: bytes) -> bool:
        worked.append(hash.rpartition("$")[0].rpartition("$")[0])
        return bool(verify(passwords._hasher, hash, password))

    monkeypatch.setattr(passwords.PasswordHasher, "verify", counted)
    assert not passwords.fits(stored, "fout")
    assert not passwords.fits(None, "fout")
    assert len(worked) == 2 and worked[0] == worked[1]  # once, with the same memory and passes


@pytest.mark.parametrize("password", ["", "kort", "elf tekens!", "aaaaaaaaaaaaaaaa", "abababababababab", "x1y2z" * 41])
def test_a_password_that_is_easy_to_guess_or_endless_is_refused(password: str) -> None:
    assert passwords.remark(password, "d@voorbeeld.nl").endswith(".")


def test_the_own_address_is_no_password() -> None:
    assert passwords.remark("Decaan@voorbeeld.nl", "decaan@voorbeeld.nl")
    assert passwords.remark("paard fiets lamp boom", "decaan@voorbeeld.nl") == ""
