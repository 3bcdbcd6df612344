"""Rasa's components, imported as Lobke imports them: without TensorFlow."""

import os
from pathlib import Path
from unittest.mock import patch

import pytest

from bot.components import speed
from bot.settings import PROJECT

with patch.dict(os.environ):
    speed.prepare((PROJECT / "config.yml").read_text(encoding="utf-8"))

from rasa.engine.graph import ExecutionContext, GraphSchema  # noqa: E402
from rasa.engine.storage.local_model_storage import LocalModelStorage  # noqa: E402
from rasa.engine.storage.resource import Resource  # noqa: E402

Place = tuple[LocalModelStorage, Resource, ExecutionContext]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """Where a component of a model keeps its files, and what Rasa tells it of the graph."""
    return LocalModelStorage(tmp_path), Resource("component"), ExecutionContext(GraphSchema({}))
