"""A model that is trained while Lobke runs comes into use, and no chat notices."""

import os
import shutil
import time
from pathlib import Path

from bot import model
from tests.stack import Lobke, running

IN_USE = "The new model is in use."
KEPT = "the old one stays"


def ask_until(lobke: Lobke, words: str) -> None:
    """Asks again and again, each time in a new chat, until these words are in the log."""
    end = time.monotonic() + 120
    while words not in lobke.log.read_text(encoding="utf-8"):
        assert time.monotonic() < end, lobke.log.read_text(encoding="utf-8")[-2000:]
        assert "kok" in lobke.ask("hoe word ik kok")[-1]["text"].lower()


def put(content: Path, models: Path) -> None:
    """What `lobke train` does at its end."""
    new = models / "new.tar.gz"
    shutil.copy(content, new)
    os.replace(new, models / model.model_path().name)


def test_a_chat_goes_on_while_a_new_model_comes(tmp_path: Path) -> None:
    with running(tmp_path) as lobke:
        models = tmp_path / "models"
        models.unlink()  # a link to the model of the project
        models.mkdir()
        lobke.stop("rasa")
        put(model.model_path(), models)
        lobke.start("rasa")
        chat = lobke.conversation()
        assert "kapper" in chat.say("hoe lang duurt kapper")[-1]["text"].lower()

        put(model.model_path(), models)
        ask_until(lobke, IN_USE)
        assert "kapper" in chat.say("en waar kan ik dat leren")[-1]["text"].lower()

        broken = tmp_path / "broken"
        broken.write_bytes(b"no model")
        put(broken, models)
        ask_until(lobke, KEPT)
        assert "kapper" in chat.say("hoe lang duurt kapper")[-1]["text"].lower()
