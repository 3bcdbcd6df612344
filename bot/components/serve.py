"""The Rasa process: `python -m bot.components.serve` answers on 127.0.0.1 only."""

import os

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
    from rasa.utils.log_utils import configure_structlog

    configure_logging_and_warnings()
    configure_structlog()
    speed.check_schema_once()
    serve_application(
        model_path=str(model_path()),
        interface="127.0.0.1",
        port=settings().rasa_port,
        credentials=str(PROJECT / "credentials.yml"),
        endpoints=AvailableEndpoints.read_endpoints(str(PROJECT / "endpoints.yml")),
        enable_api=False,
    )


if __name__ == "__main__":
    main()
