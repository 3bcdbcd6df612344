"""What `lobke doctor` looks at: whether everything that Lobke needs is there and works. It changes nothing."""

import socket
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from bot import clock, model
from bot.accounts import oidc
from bot.knowledge.check import check as check_knowledge
from bot.knowledge.loader import Files, read
from bot.knowledge.models import Event, School, Vakantie
from bot.notices import mail
from bot.run import NEEDED_MEGABYTES, Stack, free_megabytes
from bot.settings import settings
from bot.storage import database, shared, spool
from bot.storage.database import DatabaseDown

Level = Literal["goed", "let op", "fout"]
GOOD: Level = "goed"
MIND: Level = "let op"
WRONG: Level = "fout"
ROOMY_MEGABYTES = 1000
WAITS_LONG = 60.0  # seconds; a spool is normally empty within one
WAITS_TOO_LONG = 600.0
CLOCK_SECONDS = 3600.0


@dataclass(frozen=True)
class Result:
    """What one look found. `mend`: what to do about it, "" when all is well. Neither holds a secret."""

    name: str
    level: Level
    text: str
    mend: str = ""

    def __str__(self) -> str:
        return f"{self.level:<7} {self.name}: {self.text} {self.mend}".rstrip()


Findings = Iterator[tuple[Level, str, str]]
"""Level, text and mend of each thing that a look found."""


def examine() -> Iterator[Result]:
    """Looks at everything, one after the other. A look that fails by itself is a mistake too."""
    for name, look in LOOKS.items():
        try:
            for level, text, mend in look():
                yield Result(name, level, text, mend)
        except Exception as error:  # its text could hold a password
            yield Result(name, WRONG, f"Dit onderzoek mislukte ({type(error).__name__}).", "Kijk naar de instellingen.")


def _settings() -> Findings:
    current = settings()
    for site in current.site_origins:
        parts = urlsplit(site)
        if parts.scheme not in ("https", "http") or not parts.netloc or parts.path:
            yield WRONG, f"In LOBKE_SITES staat '{site}'.", "Schrijf alleen https:// en de naam."
        elif current.production and parts.scheme == "http":
            yield MIND, f"De site {site} heeft geen HTTPS.", "Zet die site op HTTPS."
    if not current.production:
        yield MIND, "Lobke draait niet als productie.", "Zet LOBKE_PRODUCTION=true voor echte leerlingen."
        return
    if not current.public_url:
        yield MIND, "LOBKE_PUBLIC_URL is leeg.", "Zet daar het adres van Lobke, met https://."
    if not current.secret:
        text = "LOBKE_SECRET is leeg. De sleutel staat in de datamap."
        yield MIND, text, "Bewaar een kopie op een veilige plek, of zet de instelling."
    elif len(current.secret) < 32:
        yield WRONG, "LOBKE_SECRET is te kort.", "Kies minstens 32 willekeurige tekens."
    if not current.site_origins:
        yield MIND, "LOBKE_SITES is leeg.", "Zet daar de sites die de chat mogen tonen."
    if not current.trusted_proxy:
        mend = "Staat er een proxy voor Lobke? Zet dan LOBKE_TRUSTED_PROXY=true."
        yield MIND, "LOBKE_TRUSTED_PROXY staat uit.", mend
    yield GOOD, "Lobke draait als productie.", ""


def _data_folder() -> Findings:
    folder = settings().data_dir
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"lobke")
    except OSError as error:
        mend = "Maak de map, en laat de gebruiker van Lobke daarin schrijven."
        yield WRONG, f"Lobke kan niet schrijven in {folder} ({type(error).__name__}).", mend
        return
    free = free_megabytes(folder)
    level: Level = WRONG if free < NEEDED_MEGABYTES else MIND if free < ROOMY_MEGABYTES else GOOD
    yield level, f"Er is {free} MB vrij.", "" if level == GOOD else "Maak ruimte op deze schijf."


def _database() -> Findings:
    kind = "SQLite" if database.sqlite_file(settings().database) else "PostgreSQL"
    try:
        migrated = database.is_migrated()
    except DatabaseDown as error:
        mend = "Kijk of PostgreSQL draait en of LOBKE_DATABASE_URL klopt."
        if kind == "SQLite":
            mend = "Doe: lobke migrate. Kijk ook of de datamap klopt."
        yield WRONG, f"{kind} antwoordt niet ({error}).", mend
        return
    if migrated:
        yield GOOD, f"{kind} antwoordt en is bij.", ""
    else:
        yield WRONG, f"{kind} antwoordt, maar is niet bij.", "Doe: lobke migrate."


def _redis() -> Findings:
    if not settings().redis_url:
        yield GOOD, "Lobke draait op 1 computer, zonder Redis.", ""
        return
    if database.sqlite_file(settings().database) or not settings().secret:
        mend = "Zet op alle computers dezelfde LOBKE_DATABASE_URL en LOBKE_SECRET."
        yield WRONG, "Er is Redis voor meer computers, maar die delen niet alles.", mend
    try:
        shared.ping()
        yield GOOD, "Redis antwoordt.", ""
    except shared.RedisAway as error:
        yield WRONG, f"Redis antwoordt niet ({error}).", "Kijk of Redis draait en of LOBKE_REDIS_URL klopt."


def _model() -> Findings:
    if not model.model_path().is_file():
        yield WRONG, "Lobke heeft de voorbeeldvragen nog niet geleerd.", "Doe: lobke train."
    elif not model.is_current():
        yield MIND, "De voorbeeldvragen zijn veranderd sinds het leren.", "Doe: lobke train."
    else:
        yield GOOD, "Lobke kent de voorbeeldvragen.", ""


def _language() -> Findings:
    found = model.dutch_model()
    if found:
        yield GOOD, f"{found} is er.", ""
    else:
        text = "Het Nederlandse taalmodel is er niet. Lobke gebruikt woordenlijsten."
        yield MIND, text, "Doe: ./setup.sh model"


def _processes() -> Findings:
    current = settings()
    healthy, detail = Stack(current).health()
    if healthy:
        yield GOOD, "De website, Rasa en de antwoorden doen het.", ""
        return
    ports = {"de website": current.port, "Rasa": current.rasa_port, "de antwoorden": current.actions_port}
    running = [name for name, port in ports.items() if _listens(port)]
    if running:
        yield WRONG, detail, "Kijk in de meldingen, en start Lobke opnieuw."
    else:
        yield MIND, "Lobke draait nu niet.", "Doe: lobke start, of start de dienst."


def _listens(port: int) -> bool:
    with socket.socket() as tried:
        tried.settimeout(1)
        return tried.connect_ex(("127.0.0.1", port)) == 0


def _mail() -> Findings:
    if not settings().has_mail:
        text = "Lobke stuurt geen mail. Een decaan ziet een vraag pas als ze inlogt."
        if settings().production:
            yield MIND, text, "Zet LOBKE_SMTP_HOST als je wel mail wilt."
        else:
            yield GOOD, text, ""
        return
    try:
        mail.try_out()
    except mail.NotSent as error:
        mend = "Kijk naar adres, poort, naam en wachtwoord in LOBKE_SMTP_…"
        yield WRONG, f"De mailserver doet het niet ({error}).", mend
    else:
        yield GOOD, "De mailserver neemt mail van Lobke aan. Er is niets verstuurd.", ""


def _login() -> Findings:
    current = settings()
    if not current.has_oidc:
        if current.oidc_issuer or current.oidc_client_id or current.oidc_client_secret:
            mend = "Zet LOBKE_OIDC_ISSUER, LOBKE_OIDC_CLIENT_ID en LOBKE_OIDC_CLIENT_SECRET alle 3."
            yield WRONG, "De instellingen zijn niet compleet.", mend
        else:
            yield GOOD, "Medewerkers loggen in met een wachtwoord van Lobke.", ""
        return
    try:
        oidc.try_out()
    except (oidc.ProviderDown, oidc.Untrusted) as error:
        mend = "Kijk of LOBKE_OIDC_ISSUER precies klopt en of die site het doet."
        yield WRONG, f"De site om in te loggen doet het niet ({error}).", mend
    else:
        yield GOOD, "De site om in te loggen antwoordt.", ""


def _knowledge() -> Findings:
    folder = settings().knowledge_dir
    found = check_knowledge(folder, clock.today())
    errors = sum(finding.level == "fout" for finding in found)
    text = f"Fouten: {errors}. Waarschuwingen: {len(found) - errors}."
    level: Level = WRONG if errors else MIND if found else GOOD
    yield level, text, "Lees wat er is met: lobke check" if found else ""
    entries = read(Files(folder)).entries.values()
    examples = sum(isinstance(entry, (Event, School, Vakantie)) and entry.voorbeeld for entry in entries)
    if examples and settings().production:
        text = f"Lobke laat {examples} voorbeelden weg."
        yield MIND, text, "Zet er echte scholen en activiteiten voor in de plaats."


def _clock() -> Findings:
    if settings().now:
        yield WRONG if settings().production else MIND, "De klok staat stil.", "Haal LOBKE_NOW weg."
        return
    made = model.model_path()
    if made.is_file() and made.stat().st_mtime > time.time() + CLOCK_SECONDS:
        yield WRONG, "De klok loopt achter.", "Zet de klok van deze computer goed."
        return
    yield GOOD, f"In Nederland is het {clock.now():%d-%m-%Y %H:%M}.", ""


def _spool() -> Findings:
    waiting = spool.waiting(settings().spool_dir)
    if waiting.seconds < WAITS_LONG:
        yield GOOD, "Er wacht niets lang op de database.", ""
        return
    text = f"Op de database wacht {waiting.number} keer iets, het langst al {round(waiting.seconds / 60)} min."
    level: Level = WRONG if waiting.seconds > WAITS_TOO_LONG else MIND
    yield level, text, "Draait Lobke en doet de database het? Dan gaat dit vanzelf weg."


LOOKS: dict[str, Callable[[], Findings]] = {
    "instellingen": _settings,
    "datamap": _data_folder,
    "database": _database,
    "redis": _redis,
    "model": _model,
    "taalmodel": _language,
    "onderdelen": _processes,
    "mail": _mail,
    "schoolaccount": _login,
    "kennis": _knowledge,
    "klok": _clock,
    "wachtrij": _spool,
}
