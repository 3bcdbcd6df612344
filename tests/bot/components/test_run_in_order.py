"""The graph for a message comes to the same without Dask."""

from __future__ import annotations

from typing import Any

import pytest
from rasa.engine.exceptions import GraphRunError
from rasa.engine.graph import ExecutionContext, GraphComponent, GraphSchema, SchemaNode
from rasa.engine.runner.dask import DaskGraphRunner
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage

from bot.components import speed
from tests.bot.components.conftest import Place

BY_RASA = DaskGraphRunner.run


class Sum(GraphComponent):
    """Adds two numbers; a third that is no number is a mistake of the component."""

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> Sum:
        return cls()

    def add(self, a: int, b: int) -> int:
        if a == 13:
            raise RuntimeError("unlucky")
        return a + b


def node(a: str, b: str, is_target: bool = False) -> SchemaNode:
    return SchemaNode({"a": a, "b": b}, Sum, "create", "add", {}, eager=True, is_target=is_target)


SCHEMA = GraphSchema(
    {
        "last": node("middle", "left", is_target=True),
        "middle": node("left", "right"),
        "left": node("one", "two"),
        "right": node("two", "two"),
        "aside": node("one", "one", is_target=True),
    }
)


@pytest.fixture(params=["rasa", "order"])
def runner(request: pytest.FixtureRequest, place: Place, monkeypatch: pytest.MonkeyPatch) -> DaskGraphRunner:
    monkeypatch.setattr(DaskGraphRunner, "run", BY_RASA)
    if request.param == "order":
        speed.run_in_order()
        assert DaskGraphRunner.run is not BY_RASA
    storage, _, context = place
    return DaskGraphRunner(SCHEMA, storage, context)


def test_each_target_gets_its_result_every_time(runner: DaskGraphRunner) -> None:
    for one in (1, 2):
        assert runner.run({"one": one, "two": 2}, ["last"]) == {"last": (one + 2) + 4 + (one + 2)}
    assert runner.run({"one": 1, "two": 2}) == {"last": 10, "aside": 2}


def test_what_is_given_is_not_computed(runner: DaskGraphRunner) -> None:
    assert runner.run({"left": 100, "right": 1}, ["middle"]) == {"middle": 101}


@pytest.mark.parametrize("given", [{"one": 13, "two": 2}, {"one": "left", "two": 2}])
def test_a_mistake_is_told_in_the_same_way(runner: DaskGraphRunner, given: dict[str, Any]) -> None:
    with pytest.raises(Exception) as error:
        runner.run(given, ["last"])
    assert error.type.__name__ in ("GraphComponentException", GraphRunError.__name__)


def test_another_rasa_is_left_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(DaskGraphRunner, "run", BY_RASA)
    monkeypatch.setattr(speed, "knows_this_rasa", lambda: False)
    speed.run_in_order()
    assert DaskGraphRunner.run is BY_RASA
