"""The action server: `python -m actions` answers on 127.0.0.1 only."""

import logging

from bot.run import silence_warnings
from bot.settings import settings


def main() -> None:
    """Serve the actions of this package until a signal ends the process."""
    silence_warnings()
    logging.getLogger("sanic.error").setLevel(logging.ERROR)

    from rasa_sdk.endpoint import create_app

    from actions.turn import sources
    from bot.clock import today
    from bot.knowledge.dates import find_period

    # Now, so that the first pupil does not wait for it.
    sources()
    find_period("vandaag", today())
    app = create_app("actions", cors_origins=None)
    app.run(host="127.0.0.1", port=settings().actions_port, workers=1, access_log=False, motd=False)


if __name__ == "__main__":
    main()
