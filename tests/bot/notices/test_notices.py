"""Who hears of a handoff by mail, and when; and that the mail says nothing of the pupil."""

import time_machine
from sqlalchemy import select, update

from bot.accounts import accounts
from bot.accounts.accounts import Account
from bot.handoff.inbox import Inbox
from bot.notices import notices
from bot.storage import tables
from bot.storage.database import transaction
from tests.bot.accounts.audit import actions
from tests.bot.notices.conftest import (
    DAY,
    HOUR,
    MINUTE,
    OTHER_SCHOOL,
    SCHOOL,
    TEXT,
    pupil,
    round_of_mail,
    sent,
    staff,
)
from tests.mail_server import SITE, MailServer, text


def inbox(account: Account) -> Inbox:
    return Inbox(account.id, account.schools, account.name)


def of_handoffs(post: MailServer) -> list[str]:
    """Who was told of a handoff; redactie is asked to look at knowledge past its day."""
    return [address for address, said in post.taken() if "overdracht" in said]


def test_a_new_handoff_is_told_at_once_to_the_decanen_of_its_school_and_once(post: MailServer) -> None:
    staff("an", SCHOOL)
    staff("bo", SCHOOL, OTHER_SCHOOL)
    staff("cas", OTHER_SCHOOL)
    staff("dag", SCHOOL, notices_="geen")
    staff("beheer", role="beheer")
    staff("redactie", role="redactie")
    accounts.add("nieuw@school.test", "decaan", [SCHOOL])  # invited, and never was in
    staff("weg", SCHOOL)
    accounts.disable("weg@school.test")
    sent()
    round_of_mail()
    assert of_handoffs(post) == ["an@school.test", "bo@school.test"]
    round_of_mail()
    assert of_handoffs(post) == []


def test_a_mail_says_where_to_look_and_nothing_of_the_pupil(post: MailServer) -> None:
    staff("an", SCHOOL)
    sent()
    id, _ = sent(urgent=True, attachments=[{"title": "Verkenning", "text": "Doener"}])
    round_of_mail()
    urgent = next(mail for mail in post.mails if id in text(mail))
    assert urgent["Subject"] == "Er is een overdracht"
    assert urgent["From"] == "Lobke <lobke@voorbeeld.nl>"
    assert f"{SITE}/portal/overdrachten/{id}" in text(urgent)
    assert "Er wachten nu 2 overdrachten." in text(urgent)
    assert "dringend" in text(urgent)
    for mail in post.mails:
        for word in (TEXT, "Fatima", "niet meer", "leerjaar", "Doener", "Verkenning", SCHOOL, "Element"):
            assert word not in mail.as_string()


def test_nothing_of_a_handoff_is_kept_in_the_outbox(post: MailServer) -> None:
    staff("an", SCHOOL)
    sent()
    notices.derive()
    with transaction() as connection:
        rows = str(connection.execute(select(tables.mails)).all())
    assert "Fatima" not in rows and "an@school.test" not in rows


def test_an_answer_back_is_told_to_who_has_it_and_else_to_all(post: MailServer, clock: time_machine.Traveller) -> None:
    an, _ = staff("an", SCHOOL), staff("bo", SCHOOL)
    id, code = sent()
    round_of_mail()
    assert len(post.taken()) == 2
    inbox(an).get(id)
    inbox(an).reply(id, 1, "k", "Kom maar langs.")
    clock.shift(MINUTE)
    pupil().write_back(code, "k2", "Dat durf ik niet")
    round_of_mail()
    [(address, said)] = post.taken()
    assert address == "an@school.test" and "nieuw bericht" in said and "durf" not in said
    accounts.disable("an@school.test")
    clock.shift(MINUTE)
    inbox(accounts.by_email("bo@school.test")).reply(id, 3, "k3", "Ik ben Bo.")
    with transaction(write=True) as connection:  # nobody has it now
        connection.execute(update(tables.handoffs).values(assignee=None))
    clock.shift(MINUTE)
    pupil().write_back(code, "k4", "Hoi Bo")
    round_of_mail()
    assert post.receivers() == ["bo@school.test"]


def test_a_pupil_who_goes_on_writing_is_not_a_mail_for_every_message(
    post: MailServer, clock: time_machine.Traveller
) -> None:
    staff("an", SCHOOL)
    _, code = sent()
    round_of_mail()
    for number in range(5):
        clock.shift(MINUTE)
        pupil().write_back(code, str(number), "En nog iets")
        round_of_mail()
    assert len(post.taken()) == 1
    clock.shift(15 * MINUTE)
    round_of_mail()
    assert len(post.taken()) == 1
    clock.shift(15 * MINUTE)
    round_of_mail()
    assert post.taken() == []


def test_what_was_opened_before_the_mail_was_made_is_not_mailed(post: MailServer) -> None:
    an = staff("an", SCHOOL)
    id, _ = sent()
    inbox(an).get(id)
    round_of_mail()
    assert post.taken() == []


def test_an_urgent_one_is_told_at_once_to_all_whatever_they_chose(post: MailServer) -> None:
    staff("an", SCHOOL)
    staff("bo", SCHOOL, notices_="dagelijks")
    staff("cas", SCHOOL, notices_="geen")
    staff("dirk", OTHER_SCHOOL)
    sent()
    round_of_mail()
    assert "an@school.test" in post.receivers()
    sent(urgent=True)
    round_of_mail()
    assert post.receivers() == ["an@school.test", "bo@school.test", "cas@school.test"]


def test_who_gets_a_handoff_from_a_colleague_is_told(post: MailServer, clock: time_machine.Traveller) -> None:
    an, bo, cas = staff("an", SCHOOL), staff("bo", SCHOOL), staff("cas", SCHOOL, notices_="geen")
    id, _ = sent()
    inbox(an).get(id)
    inbox(an).assign(id, 1, bo.id)
    round_of_mail()
    [(address, said)] = post.taken()
    assert address == "bo@school.test" and "collega" in said and id in said
    inbox(bo).assign(id, 2, cas.id)
    inbox(cas).assign(id, 3, None)
    inbox(bo).assign(id, 4, bo.id)
    round_of_mail()
    assert post.taken() == []
    clock.shift(HOUR)
    inbox(an).assign(id, 5, an.id)
    inbox(an).assign(id, 6, bo.id)
    round_of_mail()
    assert post.receivers() == ["bo@school.test"]


def test_a_digest_comes_once_on_a_school_day_when_something_waits(
    post: MailServer, clock: time_machine.Traveller
) -> None:
    an = staff("an", SCHOOL, notices_="dagelijks")
    staff("bo", OTHER_SCHOOL, notices_="dagelijks")
    round_of_mail()  # 10 o'clock, and nothing waits
    first, _ = sent()
    sent()
    inbox(an).get(first)
    round_of_mail()
    assert post.taken() == []
    clock.move_to("2026-11-24T08:29:50+01:00")
    round_of_mail()
    assert post.taken() == []
    clock.move_to("2026-11-24T08:30:00+01:00")
    round_of_mail()
    [(address, said)] = post.taken()
    assert address == "an@school.test"
    assert "Wachten op een decaan: 2\nDaarvan nieuw: 2\nNog niet gelezen: 1\n" in said
    assert f"{SITE}/portal/overdrachten\n" in said and "Fatima" not in said
    clock.shift(4 * HOUR)
    round_of_mail()
    assert post.taken() == []
    clock.move_to("2026-11-28T12:00:00+01:00")  # a Saturday
    round_of_mail()
    assert post.taken() == []
    clock.move_to("2026-12-25T12:00:00+01:00")  # Christmas, on a Friday
    round_of_mail()
    assert post.taken() == []


def test_a_digest_of_yesterday_is_not_sent_today(post: MailServer, clock: time_machine.Traveller) -> None:
    staff("an", SCHOOL, notices_="dagelijks")
    sent()
    post.stop()
    round_of_mail()
    clock.shift(DAY)
    post.start()
    round_of_mail()
    assert len(post.taken()) == 1


def test_an_urgent_one_that_nobody_opens_is_told_again_after_an_hour_of_school_time(
    post: MailServer, clock: time_machine.Traveller
) -> None:
    staff("an", SCHOOL, notices_="geen")
    staff("bo", SCHOOL)
    staff("cas", OTHER_SCHOOL)
    staff("beheer", role="beheer")
    clock.move_to("2026-11-27T16:00:00+01:00")  # Friday, half an hour before school ends
    id, _ = sent(urgent=True)
    sent()
    round_of_mail()
    post.taken()
    for moment in ("2026-11-27T17:01", "2026-11-28T12:00", "2026-11-30T08:59:50"):
        clock.move_to(f"{moment}+01:00")
        round_of_mail()
        assert post.taken() == [], moment
    clock.move_to("2026-11-30T09:00:00+01:00")
    round_of_mail()
    mails = dict(post.taken())
    assert list(mails) == ["an@school.test", "beheer@school.test", "bo@school.test"]
    assert id in mails["an@school.test"] and "een uur" in mails["an@school.test"]
    for_beheer = mails["beheer@school.test"]
    assert "Element" in for_beheer and "dringende overdracht" in for_beheer
    assert id not in for_beheer and "http" not in for_beheer
    clock.shift(3 * HOUR)
    round_of_mail()
    assert post.taken() == []


def test_a_holiday_does_not_count_towards_the_hour(post: MailServer, clock: time_machine.Traveller) -> None:
    staff("beheer", role="beheer")
    clock.move_to("2026-12-24T16:00:00+01:00")  # Thursday; Christmas is on Friday and Saturday
    sent(urgent=True)
    for moment in ("2026-12-25T12:00", "2026-12-28T08:59:50"):
        clock.move_to(f"{moment}+01:00")
        round_of_mail()
        assert post.taken() == [], moment
    clock.move_to("2026-12-28T09:00:00+01:00")
    round_of_mail()
    assert post.receivers() == ["beheer@school.test"]


def test_an_urgent_one_that_was_opened_in_time_is_not_escalated(
    post: MailServer, clock: time_machine.Traveller
) -> None:
    an, _ = staff("an", SCHOOL), staff("beheer", role="beheer")
    opened, _ = sent(urgent=True)
    answered, _ = sent(urgent=True)
    round_of_mail()
    inbox(an).get(opened)
    inbox(an).reply(answered, 1, "k", "Ik bel je moeder niet.")
    post.taken()
    clock.shift(5 * HOUR)
    round_of_mail()
    assert post.taken() == []


def test_old_news_is_not_mailed_when_mail_is_switched_on(post: MailServer, clock: time_machine.Traveller) -> None:
    sent()
    clock.shift(8 * DAY)
    sent()
    staff("an", SCHOOL)
    round_of_mail()
    assert len(post.taken()) == 1


def test_a_choice_is_kept_and_audited(post: MailServer) -> None:
    an = staff("an", SCHOOL)
    assert accounts.by_email("an@school.test").notices == "meteen"
    notices.choose(an, "geen")
    assert accounts.by_email("an@school.test").notices == "geen"
    assert actions(an.id)[-1] == "notices_chosen"
