"""Who forgot her password gets a link by mail, and nobody learns from the page who has an account."""

import re
import time
from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import select, update
from structlog.testing import capture_logs

from bot.accounts import accounts, invitations
from bot.accounts.accounts import Account
from bot.notices.courier import Courier
from bot.notices.outbox import ask_reset
from bot.storage import tables
from bot.storage.database import transaction
from tests.bot.accounts.audit import actions
from tests.mail_server import SITE, MailServer, mail_server
from tests.web.conftest import Site
from tests.web.staff import EMAIL, LOGIN, PASSWORD, Browser, code, error, with_app

PAGE = "/portal/wachtwoord-vergeten"
NEW = "een heel ander wachtwoord"


@pytest.fixture
def post(site: Site, monkeypatch: pytest.MonkeyPatch) -> Iterator[MailServer]:
    """A mail server. The site was started without one, so the tests say when mail goes out."""
    with mail_server(monkeypatch) as server:
        yield server


def link(post: MailServer) -> str:
    """The path of the link in the one mail that is due."""
    Courier().deliver()
    [(address, said)] = post.taken()
    found = re.search(rf"{SITE}({PAGE}/\S+)", said)
    assert address == EMAIL and found
    return found[1]


def outbox() -> list[str]:
    """Whose mail was ever in the outbox."""
    with transaction() as connection:
        return list(connection.execute(select(tables.mails.c.account_id)).scalars())


def test_who_forgot_it_chooses_another_with_the_link(browser: Browser, post: MailServer, decaan: Account) -> None:
    assert f'href="{PAGE}"' in browser.get(LOGIN).text
    answer = browser.send(PAGE, email=f" {EMAIL.upper()} ")
    assert answer.status_code == 200 and "Kijk in je mail" in answer.text
    path = link(post)
    assert EMAIL in browser.get(path).text
    done = browser.send(path, password=NEW, again=NEW)
    assert done.headers["location"] == f"{LOGIN}?melding=wachtwoord"
    assert accounts.with_password(EMAIL, PASSWORD) is None
    assert browser.login(password=NEW).status_code == 303 and browser.is_in
    assert actions(decaan.id)[-4:-2] == ["reset_asked", "password_reset"]


def test_it_keeps_the_second_step_and_ends_every_session(
    browser: Browser, browse: Callable[..., Browser], post: MailServer, decaan: Account
) -> None:
    seed, _ = with_app(decaan)
    other = browse()
    other.login()
    other.send("/portal/code", code=code(decaan, seed))
    assert other.is_in
    browser.send(PAGE, email=EMAIL)
    path = link(post)
    assert other.is_in
    browser.send(path, password=NEW, again=NEW)
    assert not other.is_in
    assert browser.login(password=NEW).headers["location"] == "/portal/code"
    assert not browser.is_in


def test_a_link_works_once_and_only_for_an_hour(
    browser: Browser, post: MailServer, decaan: Account, set_up: Callable[..., None]
) -> None:
    browser.send(PAGE, email=EMAIL)
    path = link(post)
    browser.send(path, password=NEW, again=NEW)
    again = browser.send(path, LOGIN, password=PASSWORD, again=PASSWORD)
    assert again.status_code == 404 and "nieuwe" in error(again)
    late = f"{PAGE}/{invitations.reset_link(decaan)}"
    assert browser.get(late).status_code == 200
    now = accounts.clock.now()
    set_up(now=now.replace(year=now.year + 1).isoformat())
    assert browser.get(late).status_code == 404
    assert accounts.with_password(EMAIL, NEW)


def test_a_link_of_one_kind_is_not_one_of_the_other(browser: Browser, post: MailServer, decaan: Account) -> None:
    reset, invitation = invitations.reset_link(decaan), invitations.invite(decaan)
    assert browser.get(f"/portal/uitnodiging/{reset}").status_code == 404
    assert browser.get(f"{PAGE}/{invitation}").status_code == 404
    assert not invitations.accept(reset, NEW) and not invitations.reset(invitation, NEW)
    assert accounts.with_password(EMAIL, PASSWORD)


def test_a_password_that_will_not_do_leaves_the_link(browser: Browser, post: MailServer, decaan: Account) -> None:
    path = f"{PAGE}/{invitations.reset_link(decaan)}"
    for password, again in (("kort", "kort"), (NEW, NEW + "x"), ("", "")):
        answer = browser.send(path, password=password, again=again)
        assert answer.status_code == 422 and error(answer)
    assert browser.request("POST", path, data={"password": NEW, "again": NEW}).status_code == 403
    assert browser.send(path, password=NEW, again=NEW).status_code == 303


def test_the_page_says_the_same_whoever_is_asked_for_and_mails_accounts_only(
    browser: Browser, post: MailServer, decaan: Account
) -> None:
    accounts.add("nieuw@voorbeeld.nl", "redactie")  # never chose a password
    accounts.add("weg@voorbeeld.nl", "redactie", password=PASSWORD)
    accounts.disable("weg@voorbeeld.nl")
    elsewhere = accounts.add("elders@voorbeeld.nl", "redactie")  # has no password here
    with transaction(write=True) as connection:
        hers = tables.accounts.c.id == elsewhere.id
        connection.execute(update(tables.accounts).where(hers).values(oidc_subject="elders"))
    pages = set()
    asked = (EMAIL, "niemand@voorbeeld.nl", "nieuw@voorbeeld.nl", "weg@voorbeeld.nl", "elders@voorbeeld.nl")
    for number, email in enumerate(asked, 1):
        answer = browser.send(PAGE, email=email)
        pages.add((answer.status_code, re.sub(r'value="\w+"', "", answer.text).replace(email, "")))
        assert len(outbox()) == number  # the same work
        assert actions().count("reset_asked") == number
    assert len(pages) == 1
    link(post)  # one mail, to the one account that can log in


def test_nobodys_mailbox_is_flooded(
    browser: Browser, post: MailServer, decaan: Account, set_up: Callable[..., None]
) -> None:
    set_up(now="2026-11-23T10:05")
    statuses = [browser.send(PAGE, email=EMAIL).status_code for _ in range(4)]
    assert statuses == [200, 200, 200, 429]
    Courier().deliver()
    assert len(post.taken()) == 1
    assert outbox() == [decaan.id]


def test_who_asks_for_somebody_else_does_not_make_her_link_useless(
    browser: Browser, post: MailServer, decaan: Account
) -> None:
    hers = invitations.reset_link(decaan)
    invitations.reset_link(decaan)
    assert browser.send(f"{PAGE}/{hers}", password=NEW, again=NEW).status_code == 303


def test_another_password_makes_links_that_are_under_way_useless(
    browser: Browser, post: MailServer, decaan: Account
) -> None:
    links = [invitations.reset_link(decaan) for _ in range(2)]
    accounts.set_password(decaan, NEW)
    assert [invitations.reset(token, PASSWORD) for token in links] == [False, False]


def test_what_is_no_address_is_said_and_kept(browser: Browser, post: MailServer, decaan: Account) -> None:
    answer = browser.send(PAGE, email='"><b>decaan')
    assert answer.status_code == 422 and "e-mailadres" in error(answer)
    assert 'value="&#34;&gt;&lt;b&gt;decaan"' in answer.text
    assert browser.request("POST", PAGE, data={"email": EMAIL}).status_code == 403
    assert outbox() == []


def test_without_mail_the_page_says_whom_to_ask(browser: Browser, site: Site, decaan: Account) -> None:
    assert PAGE not in browser.get(LOGIN).text and "beheerder" in browser.get(LOGIN).text
    answer = browser.get(PAGE)
    assert answer.status_code == 404 and "beheerder" in error(answer)
    assert browser.send(PAGE, LOGIN, email=EMAIL).status_code == 404
    assert outbox() == []


def test_the_token_is_in_no_table_and_in_no_log(
    browser: Browser, post: MailServer, decaan: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser.send(PAGE, email=EMAIL)
    path = link(post)
    token = path.rpartition("/")[2]
    with transaction() as connection:
        for table in (tables.mails, tables.invitations, tables.audit):
            assert token not in str(connection.execute(select(table)).all())

    def broken(token: str, kind: str) -> None:
        raise RuntimeError(token)

    monkeypatch.setattr(invitations, "invited", broken)
    with capture_logs() as logs:
        assert browser.get(path).status_code == 500
    assert logs and token not in str(logs)


def test_the_running_site_sends_mail_by_itself(
    run: Callable[..., Site], sqlite_database: object, decaan: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    with mail_server(monkeypatch) as server:
        site = run()
        browser = Browser(site.url)
        browser.send(PAGE, email=EMAIL)
        until = time.monotonic() + 30
        while not server.mails and time.monotonic() < until:
            time.sleep(0.1)
        browser.close()
        assert server.receivers() == [EMAIL]


def test_many_who_ask_in_other_places_cause_one_mail_in_20_minutes(
    post: MailServer, decaan: Account, set_up: Callable[..., None]
) -> None:
    for minutes, mails in ((0, 1), (19, 1), (20, 2), (59, 3)):
        set_up(now=f"2026-11-23T10:{minutes:02}")
        for _ in range(20):
            ask_reset(EMAIL)
        assert len(outbox()) == mails
