"""Who is asked by mail to look at an entry again: a month before its day, once, and at most once a week."""

from datetime import date
from pathlib import Path

import pytest
import time_machine
from sqlalchemy import select

from bot.accounts import accounts
from bot.knowledge import loader, writing
from bot.storage import tables
from bot.storage.database import transaction
from tests.bot.notices.conftest import DAY, HOUR, round_of_mail, staff
from tests.mail_server import SITE, MailServer, text

FILE = "onderwerpen/geld.yml"


@pytest.fixture
def folder(post: MailServer, own_knowledge: Path) -> Path:
    """Knowledge in which nothing has a day yet."""
    change(own_knowledge, kosten_mbo=None, lesgeld=None, cursusgeld=None)
    return own_knowledge


def change(folder: Path, **days: object) -> None:
    """Sets the day of entries, None for no day."""
    new = writing.read(folder / FILE)
    for id, day in days.items():
        fields = day if isinstance(day, dict) else {"controleer_voor": day}
        new = writing.with_fields(new, id.replace("_", "-"), fields)
    (folder / FILE).write_text(new, encoding="utf-8")
    loader.live.look()


def test_redactie_is_asked_a_month_before_and_once(
    folder: Path, post: MailServer, clock: time_machine.Traveller
) -> None:
    staff("an", role="redactie")
    staff("bo", role="redactie", notices_="geen")  # that is about handoffs
    staff("dek", "het-element")
    staff("beheer", role="beheer")
    change(folder, lesgeld="2026-12-25")
    round_of_mail()
    assert post.receivers() == []
    clock.shift(DAY)  # a month before
    round_of_mail()
    assert [address for address, _ in post.taken()] == ["an@school.test", "bo@school.test"]
    for _ in range(6):
        clock.shift(7 * DAY)
        round_of_mail()
    assert post.receivers() == []


def test_the_mail_says_what_and_where(folder: Path, post: MailServer) -> None:
    staff("an", role="redactie")
    change(folder, lesgeld="2026-11-30", cursusgeld="2025-07-31")
    round_of_mail()
    (mail,) = post.mails
    said = text(mail)
    assert mail["Subject"] == "Kijk of dit nog klopt"
    assert said.index("- Wat is cursusgeld?: 31 juli 2025") < said.index("- Wat is lesgeld?: 30 november 2026")
    assert f"{SITE}/portal/kennis/nakijken" in said


def test_the_owner_is_asked_and_without_an_account_everybody(
    folder: Path, post: MailServer, clock: time_machine.Traveller
) -> None:
    staff("an", role="redactie")
    staff("bo", role="redactie")
    change(folder, lesgeld={"controleer_voor": "2026-11-30", "eigenaar": "Bo@School.test"})
    round_of_mail()
    assert post.receivers() == ["bo@school.test"]
    accounts.disable("bo@school.test")
    clock.shift(7 * DAY)
    round_of_mail()
    assert post.receivers() == ["an@school.test"]


def test_at_most_one_mail_a_week_and_the_rest_the_week_after(
    folder: Path, post: MailServer, clock: time_machine.Traveller
) -> None:
    staff("an", role="redactie")
    change(folder, lesgeld="2026-11-30")
    round_of_mail()
    assert len(post.taken()) == 1
    change(folder, cursusgeld="2026-11-30")
    clock.shift(DAY)
    round_of_mail()
    assert post.taken() == []
    clock.shift(6 * DAY)
    round_of_mail()
    [(_, said)] = post.taken()
    assert "cursusgeld" in said and "lesgeld" not in said.replace("cursusgeld", "")


def test_a_new_day_is_asked_again(folder: Path, post: MailServer, clock: time_machine.Traveller) -> None:
    staff("an", role="redactie")
    change(folder, lesgeld="2026-11-30")
    round_of_mail()
    post.taken()
    change(folder, lesgeld="2027-01-15")
    clock.shift(21 * DAY)
    round_of_mail()
    assert post.receivers() == []
    clock.shift(7 * DAY)
    round_of_mail()
    assert post.receivers() == ["an@school.test"]


def test_what_somebody_looked_at_before_the_mail_went_is_not_in_it(
    folder: Path, post: MailServer, clock: time_machine.Traveller
) -> None:
    staff("an", role="redactie")
    change(folder, lesgeld="2026-11-30")
    post.stop()
    round_of_mail()
    change(folder, lesgeld="2027-11-30")
    post.start()
    clock.shift(HOUR)
    round_of_mail()
    assert post.taken() == []


def test_nothing_is_sent_outside_school_time(folder: Path, post: MailServer, clock: time_machine.Traveller) -> None:
    staff("an", role="redactie")
    change(folder, lesgeld="2026-11-30")
    clock.shift(-4 * HOUR)  # six o'clock
    round_of_mail()
    assert post.receivers() == []


def test_what_is_kept_of_it_is_which_entry_and_which_day(folder: Path, post: MailServer) -> None:
    an = staff("an", role="redactie")
    change(folder, lesgeld="2026-11-30")
    round_of_mail()
    with transaction() as connection:
        (row,) = connection.execute(select(tables.review_notices)).all()
    assert (row.account_id, row.entry, row.day) == (an.id, "onderwerp:lesgeld", date(2026, 11, 30))
