"""The action server: `python -m actions` answers on 127.0.0.1 only."""

import logging
import time
from typing import Any

import structlog

from bot import logs
from bot.run import silence_warnings
from bot.settings import settings

KEEP_ALIVE_SECONDS = 60  # longer than Rasa keeps a connection, so that it never asks over one that is closed

log = structlog.get_logger("actions")


def main() -> None:
    """Serve the actions of this package until a signal ends the process."""
    silence_warnings()
    logs.configure("actions")
    logging.getLogger("sanic.error").setLevel(logging.ERROR)

    from rasa_sdk.endpoint import create_app

    from actions.turn import sources
    from bot.clock import today
    from bot.knowledge.dates import find_period

    # Now, so that the first pupil does not wait for it.
    sources()
    find_period("vandaag", today())
    app = create_app("actions", cors_origins=None)
    app.config.KEEP_ALIVE_TIMEOUT = KEEP_ALIVE_SECONDS
    app.register_middleware(_begin, "request")
    app.register_middleware(_end, "response")
    app.run(host="127.0.0.1", port=settings().actions_port, workers=1, access_log=False, motd=False)


async def _begin(request: Any) -> None:
    logs.begin_request(request.headers.get(logs.REQUEST_ID))
    request.ctx.began = time.perf_counter()


async def _end(request: Any, response: Any) -> None:
    if request.method == "POST":
        milliseconds = round(1000 * (time.perf_counter() - request.ctx.began))
        log.info("action", status=response.status, milliseconds=milliseconds)


if __name__ == "__main__":
    main()
