"""Who has an account, for which schools, and who may log in with it."""

import pytest
from sqlalchemy import select

from bot.accounts import accounts, passwords, sessions
from bot.accounts.accounts import Account, Refused
from bot.accounts.invitations import accept, invite
from bot.storage import tables
from bot.storage.database import transaction
from tests.bot.accounts.audit import actions
from tests.bot.accounts.conftest import EMAIL, PASSWORD


def test_an_account_reads_back_as_it_was_made(decaan: Account, school: str) -> None:
    assert (decaan.email, decaan.name, decaan.role, decaan.schools) == (EMAIL, "Sam Decaan", "decaan", {school})
    assert accounts.everyone() == [decaan]
    assert accounts.by_email(" Decaan@Voorbeeld.NL ") == decaan
    assert actions() == ["account_added"]


def test_the_password_is_nowhere_in_the_database(decaan: Account) -> None:
    accounts.with_password(EMAIL, "geheim dat fout is")
    with transaction() as connection:
        for table in (tables.accounts, tables.audit):
            rows = str(connection.execute(select(table)).all())
            assert PASSWORD not in rows and "geheim" not in rows


@pytest.mark.parametrize(
    ("email", "role", "schools", "password"),
    [
        ("geen adres", "beheer", [], PASSWORD),
        ("a@b.nl", "directeur", [], PASSWORD),
        ("a@b.nl", "decaan", [], PASSWORD),
        ("a@b.nl", "decaan", ["bestaat-niet"], PASSWORD),
        ("a@b.nl", "redactie", ["het-element"], PASSWORD),
        ("a@b.nl", "beheer", [], "kort"),
        ("DECAAN@voorbeeld.nl", "beheer", [], PASSWORD),
        ("a" * 250 + "@b.nl", "beheer", [], PASSWORD),
    ],
)
def test_what_cannot_be_an_account_is_refused_in_one_sentence(
    decaan: Account, email: str, role: str, schools: list[str], password: str
) -> None:
    with pytest.raises(Refused, match=r"^[A-Z].*\.$"):
        accounts.add(email, role, schools, password=password)
    assert len(accounts.everyone()) == 1


def test_only_the_right_password_of_an_account_that_is_on_lets_in(decaan: Account) -> None:
    assert accounts.with_password(EMAIL.upper(), PASSWORD) == decaan
    assert accounts.with_password(EMAIL, PASSWORD + "x") is None
    assert accounts.with_password("niemand@voorbeeld.nl", PASSWORD) is None
    assert accounts.with_password("' OR 1=1 --", PASSWORD) is None
    accounts.disable(EMAIL)
    assert accounts.with_password(EMAIL, PASSWORD) is None
    assert actions().count("login_failed") == 4


def test_every_wrong_login_costs_the_same_work(decaan: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    accounts.add("nieuw@voorbeeld.nl", "redactie")
    accounts.add("weg@voorbeeld.nl", "redactie", password=PASSWORD)
    accounts.disable("weg@voorbeeld.nl")
    work: list[bool] = []
    fits = passwords.fits

    def counted(stored: str, password: str) -> bool:
        work.append(stored is None)
        return fits(stored, password)

    monkeypatch.setattr(passwords, "fits", counted)
    for email in (EMAIL, "niemand@voorbeeld.nl", "nieuw@voorbeeld.nl", "weg@voorbeeld.nl"):
        before = len(actions())
        assert accounts.with_password(email, "fout wachtwoord") is None
        assert len(actions()) == before + 1
    assert work == [False, True, True, True]


def test_another_password_ends_every_session(decaan: Account) -> None:
    token = sessions.start(decaan, "Firefox", complete=True)
    accounts.set_password(decaan, "een heel ander wachtwoord")
    assert sessions.find(token) is None
    assert accounts.with_password(EMAIL, PASSWORD) is None
    assert accounts.with_password(EMAIL, "een heel ander wachtwoord")
    assert "password_changed" in actions(decaan.id)


def test_disabling_ends_sessions_and_invitations_at_once(decaan: Account) -> None:
    session, link = sessions.start(decaan, "Firefox", complete=True), invite(decaan)
    accounts.disable(EMAIL)
    assert sessions.find(session) is None
    assert not accept(link, "een heel ander wachtwoord")
    with pytest.raises(Refused):
        accounts.disable("niemand@voorbeeld.nl")


def test_a_school_has_a_decaan_when_somebody_can_log_in_for_it(database: str, school: str) -> None:
    accounts.add("redactie@voorbeeld.nl", "redactie", password=PASSWORD)
    invited = accounts.add("a@voorbeeld.nl", "decaan", [school])
    assert accounts.schools_with_decaan() == frozenset()
    assert accept(invite(invited), PASSWORD)
    assert accounts.schools_with_decaan() == {school}
    accounts.disable("a@voorbeeld.nl")
    assert accounts.schools_with_decaan() == frozenset()
