"""Trains the Rasa model: `python -m bot.components.train NAME` writes NAME.tar.gz in the folder of models."""

import sys
import traceback

from bot.components import speed
from bot.model import REASON
from bot.run import silence_warnings
from bot.settings import PROJECT, settings


def main(name: str) -> int:
    """Train a model with this name. Returns 0, or 1 when Rasa made none; then the output ends with the reason."""
    silence_warnings()
    speed.prepare((PROJECT / "config.yml").read_text(encoding="utf-8"))

    from rasa.model_training import train
    from rasa.utils.common import configure_logging_and_warnings
    from rasa.utils.log_utils import configure_structlog

    from bot.components.known_questions import index_of
    from bot.knowledge import current

    speed.keep_nothing_of_training()
    configure_logging_and_warnings()
    configure_structlog()
    try:
        result = train(
            domain=str(PROJECT / "domain.yml"),
            config=str(PROJECT / "config.yml"),
            training_files=[str(PROJECT / "data")],
            output=str(settings().models_dir),
            fixed_model_name=name,
            force_training=True,  # bot.model has found that something changed
        )
        index_of(current())  # kept on disk, so that the first start does not take twice as long
    except Exception as error:
        traceback.print_exc()
        cause: BaseException = error
        while cause.__cause__ or cause.__context__:
            cause = cause.__cause__ or cause.__context__ or cause
        print(f"{REASON}{cause}", file=sys.stderr)
        return 1
    return 0 if result.model else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
