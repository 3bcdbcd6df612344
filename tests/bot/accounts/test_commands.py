"""`lobke account`: what whoever runs Lobke types, and reads."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bot.accounts import accounts, invitations
from bot.cli import lobke
from bot.settings import settings
from tests.bot.accounts.conftest import EMAIL, PASSWORD

Lobke = Callable[..., Result]


@pytest.fixture
def run(data_dir: Path) -> Lobke:
    """Runs `lobke account …`; there is no database yet."""
    return lambda *words, typed="": CliRunner(mix_stderr=False).invoke(lobke, ["account", *words], input=typed)


def test_an_account_is_made_with_the_password_of_the_input(run: Lobke, school: str) -> None:
    result = run("add", EMAIL, "--role", "decaan", "--school", school, "--password-stdin", typed=f"{PASSWORD}\n")
    assert (result.exit_code, result.stderr) == (0, "")
    assert PASSWORD not in result.output
    found = accounts.with_password(EMAIL, PASSWORD)
    assert found and found.schools == {school}


def test_without_the_option_the_password_is_asked_twice(run: Lobke) -> None:
    result = run("add", EMAIL, "--role", "beheer", typed=f"{PASSWORD}\n{PASSWORD}\n")
    assert result.exit_code == 0
    assert PASSWORD not in result.output
    assert accounts.with_password(EMAIL, PASSWORD)


def test_what_is_wrong_is_said_in_one_sentence(run: Lobke) -> None:
    for words in (("--role", "decaan"), ("--role", "decaan", "--school", "bestaat-niet")):
        result = run("add", EMAIL, *words, "--password-stdin", typed=f"{PASSWORD}\n")
        assert result.exit_code == 1
        assert result.stderr.count("\n") == 1 and result.stderr.endswith(".\n")
    assert run("add", EMAIL, "--role", "beheer", "--password-stdin", typed="kort\n").exit_code == 1
    assert run("disable", EMAIL).stderr == f"Er is geen account voor {EMAIL}.\n"
    assert run("invite", EMAIL).exit_code == 1
    assert accounts.everyone() == []


def test_a_database_that_is_down_is_said_in_one_sentence(run: Lobke, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings(), "database_url", "postgresql://lobke@127.0.0.1:1/lobke")
    result = run("list")
    assert result.exit_code == 1
    assert result.stderr.startswith("De database antwoordt niet")


def test_an_invitation_is_a_link_that_works(run: Lobke, school: str) -> None:
    words = ("--role", "decaan", "--school", school, "--site", "https://lobke.voorbeeld.nl/")
    first = run("invite", EMAIL, *words)
    assert first.exit_code == 0
    link = re.search(r"https://lobke\.voorbeeld\.nl/portal/uitnodiging/(\S+)", first.output)
    assert link and invitations.accept(link[1], PASSWORD)
    again = run("invite", EMAIL)
    assert "http://127.0.0.1:8000/portal/uitnodiging/" in again.output


def test_the_list_shows_who_can_log_in(run: Lobke) -> None:
    run("add", "a@voorbeeld.nl", "--role", "beheer", "--password-stdin", typed=f"{PASSWORD}\n")
    run("invite", "b@voorbeeld.nl", "--role", "redactie")
    run("disable", "a@voorbeeld.nl")
    lines = run("list").output.splitlines()
    assert lines == [
        "a@voorbeeld.nl  beheer  -  uit  zonder tweede stap",
        "b@voorbeeld.nl  redactie  -  uitgenodigd  zonder tweede stap",
    ]


def test_an_account_is_deleted_after_a_question(run: Lobke) -> None:
    run("add", EMAIL, "--role", "beheer", "--password-stdin", typed=f"{PASSWORD}\n")
    assert run("delete", EMAIL, typed="n\n").exit_code == 1
    assert len(accounts.everyone()) == 1
    assert "is verwijderd." in run("delete", EMAIL, typed="y\n").output
    assert accounts.everyone() == []
    assert run("delete", EMAIL, "--yes").stderr == f"Er is geen account voor {EMAIL}.\n"
