"""The Rasa process: `python -m bot.components.serve` answers on `rasa_host`."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from bot import logs
from bot.components import speed, states, together
from bot.model import model_path
from bot.run import silence_warnings
from bot.settings import PROJECT, settings


def main() -> None:
    """Serve the trained model until a signal ends the process."""
    endpoints = set_up()
    quicken()
    keep_connection(endpoints.action)

    from rasa.core.run import serve_application

    serve_application(
        model_path=str(model_path()),
        interface=settings().rasa_host,
        port=settings().rasa_port,
        credentials=str(PROJECT / "credentials.yml"),
        endpoints=endpoints,
        enable_api=False,
    )


def set_up() -> Any:
    """Make Rasa ready to be imported, and let it log as Lobke does; the endpoints, as Rasa knows them."""
    silence_warnings()
    speed.prepare((PROJECT / "config.yml").read_text(encoding="utf-8"))
    os.environ["LOBKE_ACTIONS_PORT"] = str(settings().actions_port)

    from rasa.core.utils import AvailableEndpoints
    from rasa.utils.common import configure_logging_and_warnings

    configure_logging_and_warnings()
    logs.configure("rasa")
    return AvailableEndpoints.read_endpoints(str(PROJECT / "endpoints.yml"))


def quicken() -> None:
    """Take out of Rasa what costs time for nothing. A Rasa of another version stays as it is."""
    speed.check_schema_once()
    speed.remember_event_types()
    speed.copy_nothing_for_silent_logs()
    speed.tell_actions_little()
    speed.count_sentences_only()
    speed.run_in_order()
    states.remember()
    together.parse_together()


def keep_connection(endpoint: Any) -> None:
    """Let calls to this endpoint share connections, and carry the id of the request that they are for."""
    make, send = endpoint.session, endpoint.request
    made: list[Any] = []

    @asynccontextmanager
    async def session() -> AsyncIterator[Any]:
        if not made:
            made.append(make())
        yield made[0]

    async def request(*arguments: Any, **options: Any) -> Any:
        return await send(*arguments, headers=logs.headers(), **options)

    endpoint.session, endpoint.request = session, request


if __name__ == "__main__":
    main()
