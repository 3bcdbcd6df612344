"""What beheer does with accounts: inviting, changing, switching off, deleting."""

import html
import re
from collections.abc import Callable

import pytest
import time_machine
from sqlalchemy import func, select

from bot.accounts import accounts, invitations
from bot.accounts.accounts import Account, Refused
from bot.handoff.inbox import Inbox
from bot.storage import tables
from bot.storage.database import transaction
from tests.bot.accounts.audit import actions
from tests.web.handoffs import OTHER_SCHOOL, pupil, sent
from tests.web.staff import EMAIL, PASSWORD, SCHOOL, Browser, error

PAGE = "/portal/accounts"
BOSS = "beheer@voorbeeld.nl"
NEW = {"email": "Nieuw@voorbeeld.nl", "name": " Noor  Nieuw ", "role": "decaan", f"school-{SCHOOL}": "ja"}


@pytest.fixture
def boss(browser: Browser, decaan: Account) -> Account:
    """Somebody of beheer, logged in in `browser`; there is a decaan too."""
    made = accounts.add(BOSS, "beheer", name="Bo Beheer", password=PASSWORD)
    browser.login(BOSS)
    return made


def link_on(text: str) -> str:
    """The path of the invitation on a page."""
    found = re.search(r'value="http://[^/"]+(/portal/uitnodiging/[^"]+)"', html.unescape(text))
    assert found, text
    return found[1]


def words(text: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", text)).split())


def test_beheer_begins_at_the_list_of_everybody(browser: Browser, boss: Account) -> None:
    assert browser.get("/portal").headers["location"] == PAGE
    page = words(browser.get(PAGE).text)
    assert f"Sam Decaan Actief {EMAIL} Decaan van Het Element, zonder tweede stap" in page
    assert "Het afgelopen jaar niet ingelogd" in page
    assert "Bo Beheer Actief" in page and "Laatst ingelogd:" in page


@time_machine.travel("2026-11-23T10:00:00+01:00", tick=False)
def test_the_list_says_when_somebody_last_logged_in(
    browser: Browser, browse: Callable[..., Browser], boss: Account
) -> None:
    browse().login()
    browser.login(BOSS)
    row = re.search(r"<li>(?:(?!</li>).)*Sam Decaan.*?</li>", browser.get(PAGE).text, re.DOTALL)
    assert row and "Laatst ingelogd: maandag 23 november 2026, 10.00 uur" in words(row[0])


def test_with_the_link_the_other_chooses_a_password(
    browser: Browser, browse: Callable[..., Browser], boss: Account
) -> None:
    answer = browser.send(f"{PAGE}/nieuw", **NEW)
    assert answer.status_code == 200
    made = accounts.by_email("nieuw@voorbeeld.nl")
    assert (made.name, made.role, made.schools) == ("Noor Nieuw", "decaan", {SCHOOL})
    assert "Noor Nieuw Uitgenodigd" in words(browser.get(PAGE).text)
    other = browse()
    assert other.send(link_on(answer.text), password=PASSWORD, again=PASSWORD).status_code == 303
    assert other.login("nieuw@voorbeeld.nl").status_code == 303 and other.is_in
    assert actions(made.id)[:3] == ["account_added", "account_invited", "invitation_used"]
    assert actor("account_added", made.id) == boss.id


def test_the_link_is_shown_once_and_is_nowhere_else(browser: Browser, boss: Account) -> None:
    token = link_on(browser.send(f"{PAGE}/nieuw", **NEW).text).rpartition("/")[2]
    made = accounts.by_email("nieuw@voorbeeld.nl")
    for path in (PAGE, f"{PAGE}/{made.id}", "/portal/logboek"):
        assert token not in browser.get(path).text


def test_with_mail_the_link_is_mailed_and_can_still_be_made_by_hand(
    browser: Browser, boss: Account, set_up: Callable[..., None]
) -> None:
    set_up(smtp_host="127.0.0.1", smtp_port=1, mail_from="lobke@voorbeeld.nl", public_url="http://lobke.test")
    answer = browser.send(f"{PAGE}/nieuw", **NEW)
    assert "Lobke mailt een link naar nieuw@voorbeeld.nl" in words(answer.text)
    assert "/portal/uitnodiging/" not in answer.text
    made = accounts.by_email("nieuw@voorbeeld.nl")
    with transaction() as connection:
        assert connection.execute(select(tables.mails.c.account_id)).scalars().all() == [made.id]
    answer = browser.send(f"{PAGE}/{made.id}/uitnodigen", f"{PAGE}/{made.id}", how="link")
    assert 'value="http://lobke.test/portal/uitnodiging/' in answer.text


def test_a_new_link_makes_the_old_one_useless(browser: Browser, boss: Account, decaan: Account) -> None:
    path = f"{PAGE}/{decaan.id}"
    first, second = (link_on(browser.send(f"{path}/uitnodigen", path).text) for _ in range(2))
    assert browser.get(first).status_code == 404 and browser.get(second).status_code == 200


@pytest.mark.parametrize(
    "change, says",
    [
        ({"email": "geen adres"}, "geen e-mailadres"),
        ({"email": EMAIL}, "al een account"),
        ({"role": ""}, "rol"),
        ({"role": "directeur"}, "rol"),
        ({"name": "x" * 81}, "80 tekens"),
        ({"school": ""}, "minstens 1 school"),
    ],
)
def test_what_is_wrong_is_said_and_what_was_typed_stays(
    browser: Browser, boss: Account, change: dict[str, str], says: str
) -> None:
    fields = {**NEW, **change}
    if "school" in change:
        del fields[f"school-{SCHOOL}"]
    answer = browser.send(f"{PAGE}/nieuw", **fields)
    assert answer.status_code == 422 and says in error(answer)
    assert html.escape(fields["email"]) in answer.text
    assert f'value="{fields["name"]}"' in answer.text
    assert len(accounts.everyone()) == 2


def test_what_was_typed_is_never_markup(browser: Browser, boss: Account) -> None:
    browser.send(f"{PAGE}/nieuw", **{**NEW, "name": "<script>alert(1)</script>"})
    made = accounts.by_email("nieuw@voorbeeld.nl")
    for path in (PAGE, f"{PAGE}/{made.id}", f"{PAGE}/{made.id}/verwijderen", "/portal/logboek"):
        assert "<script>alert" not in browser.get(path).text


# Changing


def test_name_role_and_schools_can_change(browser: Browser, boss: Account, decaan: Account) -> None:
    path = f"{PAGE}/{decaan.id}"
    page = browser.get(path).text
    assert f'name="school-{SCHOOL}" value="ja" checked' in page and 'value="decaan" required checked' in page
    answer = browser.send(path, name="Sam Jansen", role="decaan", **{f"school-{OTHER_SCHOOL}": "ja"})
    assert answer.headers["location"] == f"{PAGE}?melding=bewaard"
    changed = accounts.by_email(EMAIL)
    assert (changed.name, changed.schools) == ("Sam Jansen", {OTHER_SCHOOL})
    browser.send(path, name="Sam Jansen", role="redactie", **{f"school-{OTHER_SCHOOL}": "ja"})
    assert accounts.by_email(EMAIL).role == "redactie" and accounts.by_email(EMAIL).schools == frozenset()
    assert actions(decaan.id)[-2:] == ["account_changed"] * 2 and actor("account_changed", decaan.id) == boss.id


def test_a_change_works_at_once_for_who_is_logged_in(
    browser: Browser, browse: Callable[..., Browser], boss: Account, decaan: Account
) -> None:
    id, _ = sent()
    other = browse()
    other.login()
    assert other.get(f"/portal/overdrachten/{id}").status_code == 200
    browser.send(f"{PAGE}/{decaan.id}", name="Sam", role="decaan", **{f"school-{OTHER_SCHOOL}": "ja"})
    assert other.get(f"/portal/overdrachten/{id}").status_code == 404


def test_handoffs_of_a_school_she_leaves_are_for_her_colleagues(
    browser: Browser, boss: Account, decaan: Account
) -> None:
    accounts.change(decaan, "Sam", "decaan", [SCHOOL, OTHER_SCHOOL])
    stays, leaves = sent()[0], sent(school=OTHER_SCHOOL)[0]
    inbox = Inbox(decaan.id, [SCHOOL, OTHER_SCHOOL], "Sam")
    for id in (stays, leaves):
        inbox.assign(id, 1, decaan.id)
    browser.send(f"{PAGE}/{decaan.id}", name="Sam", role="decaan", **{f"school-{SCHOOL}": "ja"})
    assert inbox.get(stays).assignee == decaan.id
    assert (inbox.get(leaves).assignee, inbox.get(leaves).status) == (None, "nieuw")


# Off, and away


def test_who_is_switched_off_is_out_and_comes_back_with_a_link(
    browser: Browser, browse: Callable[..., Browser], boss: Account, decaan: Account
) -> None:
    other = browse()
    other.login()
    path = f"{PAGE}/{decaan.id}"
    assert browser.send(f"{path}/uitzetten", path).headers["location"] == f"{PAGE}?melding=uitgezet"
    assert not other.is_in and other.login().status_code == 422
    assert "Sam Decaan Uit" in words(browser.get(PAGE).text)
    assert "/uitzetten" not in browser.get(path).text
    link = link_on(browser.send(f"{path}/uitnodigen", path).text)
    other.send(link, password=PASSWORD, again=PASSWORD)
    assert other.login().status_code == 303


def test_deleting_asks_first(browser: Browser, boss: Account, decaan: Account) -> None:
    path = f"{PAGE}/{decaan.id}/verwijderen"
    assert path in browser.get(f"{PAGE}/{decaan.id}").text
    assert "Dit kan niet terug." in browser.get(path).text
    assert accounts.by_email(EMAIL)


def test_a_deleted_decaan_leaves_her_answers_and_nothing_else(
    browser: Browser, browse: Callable[..., Browser], boss: Account, decaan: Account
) -> None:
    (answered, code), (closed, again) = sent(), sent()
    inbox = Inbox(decaan.id, [SCHOOL], decaan.name)
    for id in (answered, closed):
        inbox.reply(id, 1, "k", "Kom maar langs.")
    inbox.close(closed, 2, "beantwoord")
    with transaction(write=True) as connection:
        row = {"id": "c", "account_id": decaan.id, "title": "t", "text": "x", "version": 1}
        connection.execute(tables.canned_answers.insert().values(**row))
    other = browse()
    other.login()
    path = f"{PAGE}/{decaan.id}/verwijderen"
    assert browser.send(path).headers["location"] == f"{PAGE}?melding=verwijderd"
    assert not other.is_in and other.login().status_code == 422
    colleague = Inbox("colleague", [SCHOOL], "Bo")
    for id in (answered, closed):
        left = colleague.get(id)
        assert left.assignee is None and left.messages[-1].author == "Sam Decaan"
    assert colleague.get(closed).status == "afgerond"
    pupil().write_back(again, "k2", "Nog iets")
    assert colleague.get(closed).status == "nieuw"
    with transaction() as connection:
        for table in (tables.canned_answers, tables.account_schools, tables.sessions, tables.invitations):
            rows = select(func.count()).select_from(table).where(table.c.account_id == decaan.id)
            assert connection.execute(rows).scalar() == 0
    thread = pupil().by_code(code)
    assert thread and thread.messages[-1].author == "Sam Decaan"
    assert actor("account_deleted", decaan.id) == boss.id
    assert browser.get(f"{PAGE}/{decaan.id}").status_code == 404


def test_nobody_puts_herself_out(browser: Browser, boss: Account) -> None:
    path = f"{PAGE}/{boss.id}"
    page = browser.get(path).text
    assert "/uitzetten" not in page and "/verwijderen" not in page
    second = accounts.add("tweede@voorbeeld.nl", "beheer", password=PASSWORD)
    for action in ("uitzetten", "verwijderen"):
        answer = browser.send(f"{path}/{action}", path)
        assert answer.status_code == 422 and "Vraag een ander van beheer" in error(answer)
    answer = browser.send(path, name="Bo", role="redactie")
    assert answer.status_code == 422
    assert browser.is_in and accounts.by_email(BOSS).role == "beheer" and second
    assert browser.send(path, name="Bo Nieuw").status_code == 303
    assert accounts.by_email(BOSS).name == "Bo Nieuw"


def test_somebody_of_beheer_stays_who_can_log_in(boss: Account) -> None:
    invited = accounts.add("uitgenodigd@voorbeeld.nl", "beheer")
    for remove in (
        lambda: accounts.disable(BOSS, by=invited),
        lambda: accounts.remove(boss, by=invited),
        lambda: accounts.change(boss, "Bo", "redactie", [], by=invited),
    ):
        with pytest.raises(Refused, match="Er moet iemand van beheer blijven"):
            remove()
    assert accounts.by_email(BOSS).role == "beheer" and not accounts.by_email(BOSS).disabled_at
    invitations.accept(invitations.invite(invited), PASSWORD)
    accounts.remove(boss, by=invited)
    assert [one.email for one in accounts.everyone()] == [EMAIL, "uitgenodigd@voorbeeld.nl"]


@pytest.mark.parametrize("action", ["", "/uitnodigen", "/uitzetten", "/verwijderen"])
def test_an_account_that_is_not_there_is_not_found(browser: Browser, boss: Account, action: str) -> None:
    answer = browser.send(f"{PAGE}/{'0' * 32}{action}", PAGE)
    assert answer.status_code == 404 and "niet meer" in error(answer)


def test_only_beheer_comes_here(browser: Browser, decaan: Account) -> None:
    browser.login()
    for path in (PAGE, f"{PAGE}/nieuw", f"{PAGE}/{decaan.id}"):
        assert browser.get(path).status_code == 403
    assert browser.send(f"{PAGE}/nieuw", "/portal/account", **NEW).status_code == 403
    assert "Accounts" not in words(browser.get("/portal/account").text)


def actor(action: str, subject: str) -> object:
    log = tables.audit.c
    query = select(log.account_id).where(log.action == action, log.subject == subject)
    with transaction() as connection:
        return connection.execute(query).scalar()
