"""The link of an invitation: once, for a password, and nothing else."""

import pytest
from structlog.testing import capture_logs

from bot.accounts import accounts, invitations
from bot.accounts.accounts import Account
from tests.web.staff import EMAIL, PASSWORD, Browser, error

NEW = "een heel ander wachtwoord"


@pytest.fixture
def link(decaan: Account) -> str:
    """The path of a link for the decaan."""
    return f"/portal/uitnodiging/{invitations.invite(decaan)}"


def test_who_has_the_link_chooses_a_password_and_logs_in(browser: Browser, link: str) -> None:
    page = browser.get(link)
    assert page.status_code == 200 and EMAIL in page.text
    answer = browser.send(link, password=NEW, again=NEW)
    assert answer.headers["location"] == "/portal/inloggen?melding=wachtwoord"
    assert "Je wachtwoord is bewaard." in browser.get(answer.headers["location"]).text
    assert not browser.is_in
    assert browser.login(password=NEW).status_code == 303 and browser.is_in


def test_a_link_works_once(browser: Browser, link: str) -> None:
    browser.send(link, password=NEW, again=NEW)
    answer = browser.get(link)
    assert answer.status_code == 404 and "nieuwe" in error(answer)
    assert browser.send(link, "/portal/inloggen", password=PASSWORD, again=PASSWORD).status_code == 404
    assert accounts.with_password(EMAIL, NEW)


@pytest.mark.parametrize("token", ["x", "%00", "..%2f..", "%F0%9F%98%80", "' OR 1=1 --"])
def test_an_unknown_link_opens_nothing(browser: Browser, decaan: Account, token: str) -> None:
    assert browser.get(f"/portal/uitnodiging/{token}").status_code == 404


def test_a_password_that_will_not_do_leaves_the_link(browser: Browser, link: str) -> None:
    for password, again in (("kort", "kort"), (NEW, NEW + "x"), ("", "")):
        answer = browser.send(link, password=password, again=again)
        assert answer.status_code == 422 and error(answer)
    assert browser.request("POST", link, data={"password": NEW, "again": NEW}).status_code == 403
    assert browser.send(link, password=NEW, again=NEW).status_code == 303


def test_the_link_is_not_logged(browser: Browser, link: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(token: str) -> None:
        raise RuntimeError(token)

    monkeypatch.setattr(invitations, "invited", broken)
    with capture_logs() as logs:
        assert browser.get(link).status_code == 500
    assert logs and link.rpartition("/")[2] not in str(logs)
