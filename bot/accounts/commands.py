"""`lobke account …`: accounts by whoever runs Lobke."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Optional

import click

from bot.settings import settings

ROLES = ["decaan", "redactie", "beheer"]


@contextmanager
def _explained() -> Iterator[None]:
    """Brings the tables up to date; what cannot be done ends as one sentence."""
    from bot.accounts.accounts import Refused
    from bot.knowledge import KnowledgeError
    from bot.storage.database import DatabaseDown, migrate

    try:
        migrate()
        yield
    except Refused as error:
        _fail(str(error))
    except DatabaseDown as error:
        _fail(f"De database antwoordt niet ({error}). Kijk naar LOBKE_DATABASE_URL of de map {settings().data_dir}.")
    except KnowledgeError as error:
        _fail(f"Een kennisbestand heeft een fout: {error.problems[0]}.")


def _fail(text: str) -> None:
    click.echo(text, err=True)
    sys.exit(1)


@click.group()
def account() -> None:
    """Accounts voor het portaal van decanen, redactie en beheer."""


@account.command()
@click.argument("email")
@click.option("--role", type=click.Choice(ROLES), required=True, help="Wat iemand mag.")
@click.option("--school", "schools", multiple=True, help="Id uit scholen.yml; mag vaker, alleen voor een decaan.")
@click.option("--name", default="", help="Naam die collega's zien; anders het begin van het e-mailadres.")
@click.option("--password-stdin", is_flag=True, help="Lees het wachtwoord van de invoer.")
def add(email: str, role: str, schools: tuple[str, ...], name: str, password_stdin: bool) -> None:
    """Maak een account met een wachtwoord."""
    from bot.accounts import accounts

    if password_stdin:
        password = sys.stdin.readline().rstrip("\r\n")
    else:
        password = click.prompt("Wachtwoord", hide_input=True, confirmation_prompt="Nog een keer")
    with _explained():
        made = accounts.add(email, role, schools, name, password)
    click.echo(f"Het account {made.email} is gemaakt.")


@account.command()
@click.argument("email")
@click.option("--role", type=click.Choice(ROLES), help="Nodig als het account er nog niet is.")
@click.option("--school", "schools", multiple=True, help="Id uit scholen.yml; mag vaker, alleen voor een decaan.")
@click.option("--name", default="", help="Naam die collega's zien; anders het begin van het e-mailadres.")
@click.option("--site", help="Begin van de link, bijvoorbeeld https://lobke.voorbeeld.nl.")
def invite(email: str, role: Optional[str], schools: tuple[str, ...], name: str, site: Optional[str]) -> None:
    """Maak een link waarmee iemand zelf een wachtwoord kiest.

    Is het account er al, dan begint het opnieuw: met de link komt er een ander wachtwoord, en de tweede stap vervalt.
    """
    from bot.accounts import accounts
    from bot.accounts.invitations import VALID_DAYS
    from bot.accounts.invitations import invite as make_link

    with _explained():
        made = accounts.add(email, role, schools, name) if role else accounts.by_email(email)
        token = make_link(made)
    begin = (site or f"http://{settings().host}:{settings().port}").rstrip("/")
    click.echo(f"Geef deze link aan {made.email}. Hij werkt 1 keer, en hoogstens {VALID_DAYS} dagen:")
    click.echo(f"{begin}/portal/uitnodiging/{token}")


@account.command("list")
def show() -> None:
    """Toon alle accounts."""
    from bot.accounts import accounts

    with _explained():
        everyone = accounts.everyone()
    for one in everyone:
        state = "uit" if one.disabled_at else "actief" if one.has_password else "uitgenodigd"
        second = "met tweede stap" if one.has_second_factor else "zonder tweede stap"
        click.echo("  ".join([one.email, one.role, ",".join(sorted(one.schools)) or "-", state, second]))


@account.command()
@click.argument("email")
@click.confirmation_option(prompt="Dit kan niet terug. Verwijderen?", help="Vraag niet of je het zeker weet.")
def delete(email: str) -> None:
    """Verwijder een account. Antwoorden aan leerlingen blijven, met de naam erbij."""
    from bot.accounts import accounts

    with _explained():
        accounts.remove(accounts.by_email(email))
    click.echo(f"Het account {accounts.normal(email)} is verwijderd.")


@account.command()
@click.argument("email")
def disable(email: str) -> None:
    """Zet een account uit. Met een uitnodiging gaat het weer aan."""
    from bot.accounts import accounts

    with _explained():
        accounts.disable(email)
    click.echo(f"Met het account {accounts.normal(email)} kan niemand meer inloggen.")
