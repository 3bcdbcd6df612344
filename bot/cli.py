"""The command `lobke`."""

import json
import signal
import socket
import subprocess
import sys
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn, Optional

import click
from pydantic import ValidationError

from bot import knowledge, logs, model
from bot.accounts.commands import account
from bot.run import NEEDED_MEGABYTES, Stack, free_megabytes
from bot.settings import PROJECT, Settings, settings

PORT_SETTINGS = ("port", "rasa_port", "actions_port")


class Stopped(BaseException):
    """Ctrl-C, or a request to end."""


def _fail(text: str) -> NoReturn:
    click.echo(text, err=True)
    sys.exit(1)


def _on_signals(handler: Any) -> None:
    signal.signal(signal.SIGINT, handler)
    signal.signal(signal.SIGTERM, handler)


def _stop(number: int, frame: Optional[FrameType]) -> NoReturn:
    _on_signals(signal.SIG_IGN)
    raise Stopped


def busy_port(current: Settings) -> str:
    """A sentence about the first port that cannot be used, or ""."""
    taken: set[int] = set()
    ports = [(name, getattr(current, name)) for name in PORT_SETTINGS]
    ports += [("rasa_port", port) for port in current.rasa_ports[1:]]
    for name, port in ports:
        variable = f"LOBKE_{name.upper()}"
        if port in taken:
            return f"Poort {port} staat bij 2 onderdelen. Kies een andere met {variable}."
        taken.add(port)
        host = current.host if name == "port" else "127.0.0.1"
        try:
            with socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET):
                pass
        except PermissionError:
            return f"Poort {port} mag je niet gebruiken. Kies een andere, bijvoorbeeld: {variable}=8000 make start"
        except OSError:
            return f"Poort {port} is al in gebruik. Kies een andere, bijvoorbeeld: {variable}={port + 10} make start"
    return ""


def full_disk(folder: Path) -> str:
    """A sentence when the disk of this folder is nearly full, or ""."""
    folder.mkdir(parents=True, exist_ok=True)
    free = free_megabytes(folder)
    if free >= NEEDED_MEGABYTES:
        return ""
    return f"De schijf is bijna vol: er is {free} MB vrij en Lobke heeft minstens {NEEDED_MEGABYTES} MB nodig."


def broken_knowledge(current: Settings) -> str:
    """A sentence about the first mistake in the knowledge files, or ""."""
    try:
        knowledge.load(current.knowledge_dir, current.production)
    except knowledge.KnowledgeError as error:
        more = f" (en nog {len(error.problems) - 1})" if len(error.problems) > 1 else ""
        return f"Een kennisbestand heeft een fout: {error.problems[0]}{more}."
    return ""


def _migrate() -> None:
    from bot.storage.database import DatabaseDown, migrate

    try:
        migrate()
    except DatabaseDown as error:
        _fail(f"De database antwoordt niet ({error}). Kijk naar LOBKE_DATABASE_URL of de map {settings().data_dir}.")


def _examples() -> str:
    """A sentence about the accounts of the example school, or ""."""
    from bot.accounts import demo
    from bot.storage.database import DatabaseDown

    try:
        file = demo.prepare(settings())
    except DatabaseDown:
        return ""
    return f"Probeer ook /portal, als decaan@{demo.DOMAIN}. Het wachtwoord staat in {file}." if file else ""


def _train() -> None:
    terminal = sys.stdout.isatty()

    def progress(seconds: int) -> None:
        if terminal:
            click.echo(f"\rLobke leert de voorbeeldvragen … {seconds} s", nl=False)
        elif seconds % 10 == 0:
            click.echo(f"Lobke leert de voorbeeldvragen … {seconds} s")

    try:
        model.train(progress)
    except model.TrainingError as error:
        click.echo()
        _fail(f"Het leren is mislukt: {error}\nAlles staat in {model.model_path().parent / 'train.log'}.")
    if terminal:
        click.echo()


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def lobke() -> None:
    """Lobke, de studiekeuze-assistent van LOB."""


lobke.add_command(account)


@lobke.command()
def start() -> None:
    """Start Lobke. Stoppen kan met Ctrl-C."""
    current = settings()
    problem = busy_port(current) or full_disk(current.data_dir) or broken_knowledge(current)
    if problem:
        _fail(problem)
    _on_signals(_stop)
    stack = Stack(current)
    try:
        _migrate()
        examples = _examples()
        if not model.is_current():
            _train()
        stack.start()
        if not stack.wait_until_healthy() and not stack.ended():
            _fail(f"Lobke is na 2 minuten nog niet klaar. {stack.health()[1]}")
        if not stack.ended():
            click.echo(f"Lobke staat klaar: {stack.url} (stoppen: Ctrl-C)\n{examples}".rstrip())
        name, code = stack.wait()
        _fail(f"Het onderdeel {name} is gestopt (code {code}), dus Lobke stopt ook. Hierboven staat wat er misging.")
    except Stopped:
        click.echo("\nLobke stopt.")
    finally:
        _on_signals(signal.SIG_IGN)  # a second Ctrl-C must not break off the stopping
        stack.stop()


@lobke.command()
@click.option("--force", is_flag=True, help="Ook als er niets is veranderd.")
def train(force: bool) -> None:
    """Leer de voorbeeldvragen, als er iets is veranderd."""
    if force or not model.is_current():
        _train()
    click.echo("Lobke kent de voorbeeldvragen. Draait ze al, dan gebruikt ze binnen een halve minuut wat ze leerde.")


@lobke.command()
def migrate() -> None:
    """Breng de database bij."""
    _migrate()
    click.echo("De database is bij.")


@lobke.command()
@click.option("--preview", is_flag=True, help="Tel alleen wat er weg mag.")
def retention(preview: bool) -> None:
    """Wis wat lang genoeg bewaard is."""
    from bot.privacy.retention import due, expire
    from bot.storage.database import DatabaseDown

    try:
        found = due()
        if not preview:
            expire()
    except DatabaseDown as error:
        _fail(f"De database antwoordt niet ({error}).")
    for name, number in found.items():
        click.echo(f"{number:>7} {name}")
    click.echo("Er is niets gewist." if preview else "Dit is gewist.")


@lobke.group()
def figures() -> None:
    """De cijfers, zoals ze in docs/cijfers.md staan."""


@figures.command()
@click.option("--from", "begin", type=click.DateTime(["%Y-%m-%d"]), metavar="DAG", help="Alleen vanaf deze dag.")
def rebuild(begin: Optional[datetime]) -> None:
    """Tel alle dagen die voorbij zijn opnieuw."""
    from bot.monitoring.figures import rebuild
    from bot.storage.database import DatabaseDown

    try:
        days = rebuild(begin.date() if begin else None)
    except DatabaseDown as error:
        _fail(f"De database antwoordt niet ({error}).")
    click.echo(f"{_count(days, 'dag', 'dagen')} opnieuw geteld.")


@lobke.command()
@click.option("--schooljaar", required=True, metavar="JAAR", help="Zoals 2026-2027.")
@click.option("--out", required=True, metavar="MAP", type=click.Path(path_type=Path), help="Waar de bestanden komen.")
def report(schooljaar: str, out: Path) -> None:
    """Maak het jaarverslag van een schooljaar: HTML, Word en PDF. Lobke hoeft niet te draaien."""
    command = [sys.executable, "-m", "web.report", schooljaar, str(out.absolute())]
    sys.exit(subprocess.run(command, cwd=PROJECT).returncode)


@lobke.command()
@click.option("--json", "as_json", is_flag=True, help="Voor een ander programma.")
@click.option("--links", "with_links", is_flag=True, help="Kijk ook of de links nog werken, hoogstens 1 minuut.")
@click.argument("files", nargs=-1, metavar="[BESTAND]…", type=click.Path(path_type=Path))
def check(as_json: bool, with_links: bool, files: tuple[Path, ...]) -> None:
    """Kijk de kennisbestanden na, of alleen deze. Eindigt met 1 bij een fout, met 0 bij alleen waarschuwingen."""
    from bot.clock import today
    from bot.knowledge import links
    from bot.knowledge.check import check as checked

    folder = settings().knowledge_dir
    found = checked(folder, today())
    if with_links:
        found += links.findings(links.check(links.in_knowledge(folder)))
    if files:
        wanted = {_inside(file, folder) for file in files}
        found = [finding for finding in found if finding.file in wanted]
    if as_json:
        click.echo(json.dumps([asdict(finding) for finding in found], ensure_ascii=False, indent=1))
    else:
        for finding in found:
            click.echo(f"{finding}\n    {finding.mend}".rstrip())
        errors = sum(finding.level == "fout" for finding in found)
        click.echo(
            f"{_count(errors, 'fout', 'fouten')}, {_count(len(found) - errors, 'waarschuwing', 'waarschuwingen')}."
        )
    sys.exit(any(finding.level == "fout" for finding in found))


def _inside(file: Path, folder: Path) -> str:
    """The name of a file as it stands in findings. Ends with a sentence when it is no knowledge file."""
    for path in (file, folder / file):
        if path.is_file() and path.resolve().is_relative_to(folder.resolve()):
            return path.resolve().relative_to(folder.resolve()).as_posix()
    _fail(f"{file} is geen bestand in de map {folder.name}.")


def _count(number: int, one: str, more: str) -> str:
    return f"{number or 'geen'} {one if number == 1 else more}"


@lobke.command()
def health() -> None:
    """Zeg of Lobke draait. Eindigt met 1 als dat niet zo is."""
    healthy, detail = Stack(settings()).health()
    if not healthy:
        _fail(f"Lobke werkt niet goed. {detail}".strip())
    click.echo("Lobke werkt.")


@lobke.command()
@click.option("--json", "as_json", is_flag=True, help="Voor een ander programma.")
def doctor(as_json: bool) -> None:
    """Kijk na of alles er is en werkt. Eindigt met 1 bij een fout."""
    from bot.doctor import examine

    found = []
    for result in examine():
        found.append(result)
        if not as_json:
            click.echo(str(result))
    if as_json:
        click.echo(json.dumps([asdict(result) for result in found], ensure_ascii=False, indent=1))
    sys.exit(any(result.level == "fout" for result in found))


def main() -> None:
    """Run the command of the arguments; a wrong setting becomes one sentence."""
    try:
        settings()
    except ValidationError as error:
        wrong = ", ".join(f"LOBKE_{str(problem['loc'][0]).upper()}" for problem in error.errors())
        _fail(f"Een instelling klopt niet: {wrong}.")
    logs.configure("lobke")
    try:
        lobke()
    except OSError as error:
        _fail(f"Dat lukt niet: {error}")


if __name__ == "__main__":
    main()
