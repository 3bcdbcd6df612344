"""A model that was trained while Rasa runs takes the place of the old one, between two messages."""

import asyncio
import logging
from typing import Any

from sanic import Sanic

from bot.model import model_path

logger = logging.getLogger(__name__)
LOOK_SECONDS = 1.0


async def follow(app: "Sanic[Any, Any]") -> None:
    """Until the process ends: loads the model again when its file changed. The old one answers until that is done.

    A model that cannot be loaded leaves the old one in its place.
    """
    seen = _state()
    while True:
        await asyncio.sleep(LOOK_SECONDS)
        found = _state()
        if found in (seen, None):
            continue
        seen = found
        try:
            await asyncio.get_running_loop().run_in_executor(None, app.ctx.agent.load_model, str(model_path()))
        except Exception as error:  # Rasa raises anything for a damaged file
            logger.error("The new model could not be loaded, so the old one stays: %s", type(error).__name__)
        else:
            logger.warning("The new model is in use.")


def _state() -> Any:
    try:
        found = model_path().stat()
    except OSError:  # gone for a moment, while a new one comes
        return None
    return found.st_mtime_ns, found.st_ino
