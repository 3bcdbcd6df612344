"""Rasa's modules that no longer copy for a log that is off copy for nothing else."""

import ast
import inspect
from types import ModuleType

import pytest
from rasa.core import processor
from rasa.core.policies import memoization, rule_policy

from bot.components import speed

MODULES = [processor, memoization, rule_policy]


def copies(tree: ast.AST) -> list[ast.AST]:
    """Where the module `copy` is used."""
    return [node for node in ast.walk(tree) if isinstance(node, ast.Name) and node.id == "copy"]


@pytest.mark.parametrize("module", MODULES)
def test_all_copies_are_for_the_debug_log(module: ModuleType) -> None:
    tree = ast.parse(inspect.getsource(module))
    logged = [
        copy
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "structlogger.debug"
        for copy in copies(node)
    ]
    assert copies(tree) and set(copies(tree)) == set(logged)


def test_nothing_is_copied_any_more(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in MODULES:
        monkeypatch.setattr(module, "copy", module.copy)
    speed.copy_nothing_for_silent_logs()
    value: list[int] = []
    assert all(module.copy.deepcopy(value) is value for module in MODULES)
