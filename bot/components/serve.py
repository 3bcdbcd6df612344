"""The Rasa process: `python -m bot.components.serve` answers on 127.0.0.1 only."""

import os
from typing import Any

from bot import logs
from bot.components import speed
from bot.model import model_path
from bot.run import silence_warnings
from bot.settings import PROJECT, settings


def main() -> None:
    """Serve the trained model until a signal ends the process."""
    silence_warnings()
    speed.prepare((PROJECT / "config.yml").read_text(encoding="utf-8"))
    # endpoints.yml reads these two.
    os.environ["LOBKE_DATABASE"] = settings().database
    os.environ["LOBKE_ACTIONS_PORT"] = str(settings().actions_port)

    from rasa.core.run import serve_application
    from rasa.core.utils import AvailableEndpoints
    from rasa.utils.common import configure_logging_and_warnings

    configure_logging_and_warnings()
    logs.configure("rasa")
    speed.check_schema_once()
    endpoints = AvailableEndpoints.read_endpoints(str(PROJECT / "endpoints.yml"))
    _send_request_id(endpoints.action)
    serve_application(
        model_path=str(model_path()),
        interface="127.0.0.1",
        port=settings().rasa_port,
        credentials=str(PROJECT / "credentials.yml"),
        endpoints=endpoints,
        enable_api=False,
    )


def _send_request_id(endpoint: Any) -> None:
    """Let calls to this endpoint carry the id of the request that they are for."""
    send = endpoint.request

    async def request(*arguments: Any, **options: Any) -> Any:
        return await send(*arguments, headers=logs.headers(), **options)

    endpoint.request = request


if __name__ == "__main__":
    main()
