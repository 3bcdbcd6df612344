"""Mail is sent once, waits for a mail server that is down, and is never lost."""

import threading
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from typing import Optional

import pytest
import time_machine
from sqlalchemy import select, update
from sqlalchemy.engine import Connection
from structlog.testing import capture_logs

from bot import clock as lobke_clock
from bot.accounts import accounts, invitations
from bot.handoff.inbox import Inbox
from bot.notices import courier, notices, outbox
from bot.notices.courier import Courier
from bot.privacy.retention import MAILS, due, expire
from bot.settings import settings
from bot.storage import tables
from bot.storage.database import transaction
from tests.bot.notices.conftest import DAY, HOUR, MINUTE, SCHOOL, pupil, round_of_mail, sent, staff
from tests.mail_server import MailServer


def due_at() -> list[datetime]:
    with transaction() as connection:
        return list(connection.execute(select(tables.mails.c.due_at).order_by(tables.mails.c.due_at)).scalars())


def test_a_mail_server_that_is_down_delays_and_loses_nothing(post: MailServer, clock: time_machine.Traveller) -> None:
    staff("an", SCHOOL)
    post.stop()
    sent()
    began = lobke_clock.now()
    for minutes in (1, 2, 4, 8, 16, 32, 60, 60):
        round_of_mail()
        assert due_at() == [lobke_clock.now() + timedelta(minutes=minutes)]
        clock.shift(minutes * MINUTE)
    assert outbox.waiting() == outbox.Waiting(1, began)
    post.start()
    clock.shift(-1)
    round_of_mail()
    assert post.taken() == []
    clock.shift(1)
    round_of_mail()
    assert post.receivers() == ["an@school.test"]
    assert outbox.waiting() == outbox.Waiting(0, None)


def test_a_mail_about_what_is_finished_meanwhile_is_not_sent(post: MailServer, clock: time_machine.Traveller) -> None:
    an = staff("an", SCHOOL)
    inbox = Inbox(an.id, an.schools, an.name)
    post.stop()
    closed, _ = sent()
    answered, _ = sent()
    _, deleted = sent()
    _, withdrawn = sent()
    _, stays = sent()
    notices.derive()
    inbox.close(closed, 1, "beantwoord")
    inbox.reply(answered, 1, "k", "Kom maar")
    pupil().delete(deleted)
    pupil().withdraw(withdrawn)
    assert outbox.waiting().number == 5
    post.start()
    Courier().deliver()
    assert len(post.taken()) == 1
    assert outbox.waiting().number == 0


def test_an_account_that_is_off_or_left_the_school_gets_nothing_more(post: MailServer) -> None:
    staff("an", SCHOOL)
    moved = staff("bo", SCHOOL)
    sent()
    notices.derive()
    accounts.disable("an@school.test")
    with transaction(write=True) as connection:
        link = tables.account_schools
        connection.execute(update(link).where(link.c.account_id == moved.id).values(school="corlaer-college"))
    Courier().deliver()
    assert post.taken() == []


def test_two_senders_at_once_send_each_mail_once(post: MailServer) -> None:
    for name in ("an", "bo", "cas", "dirk"):
        staff(name, SCHOOL)
    for _ in range(3):
        sent()
    both = threading.Barrier(2)

    def work() -> None:
        both.wait()
        notices.derive()
        both.wait()
        Courier().deliver()

    senders = [threading.Thread(target=work) for _ in range(2)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join(60)
    assert len(post.taken()) == 12
    assert outbox.waiting().number == 0


def test_only_one_of_two_that_saw_the_same_mail_gets_it(post: MailServer, monkeypatch: pytest.MonkeyPatch) -> None:
    staff("an", SCHOOL)
    sent()
    notices.derive()
    both = threading.Barrier(2)
    claims: list[Optional[outbox.Entry]] = []

    def together(write: bool = False) -> AbstractContextManager[Connection]:
        if write:
            both.wait(10)
        return transaction(write)

    monkeypatch.setattr(outbox, "transaction", together)
    threads = [threading.Thread(target=lambda: claims.append(outbox.claim())) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(claim is None for claim in claims) == [False, True]


def test_a_process_that_dies_after_sending_sends_the_same_mail_once_more(
    post: MailServer, clock: time_machine.Traveller, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Dies(BaseException):
        pass

    def dead(entry: object) -> None:
        raise Dies

    staff("an", SCHOOL)
    sent()
    notices.derive()
    with monkeypatch.context() as broken, pytest.raises(Dies):
        broken.setattr(courier, "done", dead)
        Courier().deliver()
    round_of_mail()
    assert len(post.mails) == 1
    clock.shift(10 * MINUTE)
    round_of_mail()
    first, second = post.mails
    assert first["Message-ID"] == second["Message-ID"]
    clock.shift(HOUR)
    round_of_mail()
    assert len(post.mails) == 2


def test_an_address_that_is_refused_holds_up_nobody_else(post: MailServer) -> None:
    for name in ("an", "bo", "cas"):
        staff(name, SCHOOL)
    post.refused.update({"an@school.test", "bo@school.test"})
    sent()
    with capture_logs() as logs:
        round_of_mail()
    assert post.receivers() == ["cas@school.test"]
    assert outbox.waiting().number == 2
    assert len(logs) == 2 and "school.test" not in str(logs)


def test_when_the_database_is_down_it_is_tried_again(post: MailServer, monkeypatch: pytest.MonkeyPatch) -> None:
    staff("an", SCHOOL)
    sent()
    right = settings().database_url
    started = threading.Event()

    def derive() -> None:
        try:
            notices.derive()
        finally:
            started.set()

    monkeypatch.setattr(courier, "derive", derive)
    monkeypatch.setattr(settings(), "database_url", "postgresql://lobke@127.0.0.1:1/lobke")
    working = Courier(every=0.05)
    with capture_logs() as logs:
        working.start()
        assert started.wait(10)
        monkeypatch.setattr(settings(), "database_url", right)
        for _ in range(200):
            if post.mails:
                break
            threading.Event().wait(0.05)
        working.stop()
    assert post.receivers() == ["an@school.test"]
    assert {line["event"] for line in logs} == {"mail_waits_for_database"}


def test_what_was_sent_is_forgotten_after_30_days(post: MailServer, clock: time_machine.Traveller) -> None:
    staff("an", SCHOOL)
    sent()
    round_of_mail()
    clock.shift(29 * DAY)
    assert due()[MAILS] == 0
    expire()
    assert len(due_at()) == 1
    post.stop()
    sent()
    round_of_mail()
    clock.shift(2 * DAY)
    assert due()[MAILS] == 1
    expire()
    assert len(due_at()) == 1 and outbox.waiting().number == 1


def test_an_invitation_by_mail_works_and_its_token_is_in_no_table(post: MailServer) -> None:
    made = accounts.add("nieuw@school.test", "decaan", [SCHOOL])
    outbox.invite_by_mail(made)
    post.stop()
    round_of_mail()
    post.start()
    with transaction(write=True) as connection:
        connection.execute(update(tables.mails).values(due_at=lobke_clock.now()))
    round_of_mail()
    [(address, said)] = post.taken()
    assert address == "nieuw@school.test"
    token = said.partition("/portal/uitnodiging/")[2].partition("\n")[0]
    with transaction() as connection:
        for table in (tables.mails, tables.invitations, tables.audit):
            assert token not in str(connection.execute(select(table)).all())
    assert invitations.accept(token, "een heel ander wachtwoord")


def test_who_was_shut_out_after_the_invitation_does_not_get_it(post: MailServer, clock: time_machine.Traveller) -> None:
    made = accounts.add("nieuw@school.test", "decaan", [SCHOOL])
    outbox.invite_by_mail(made)
    clock.shift(MINUTE)
    accounts.disable("nieuw@school.test")
    round_of_mail()
    assert post.taken() == []
    clock.shift(MINUTE)
    outbox.invite_by_mail(made)
    round_of_mail()
    assert len(post.taken()) == 1
