"""The house has floors, and an import goes down, never up: ui -> agent -> tools -> trainer_core and knowledge."""

import ast
import importlib
import importlib.util
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[1]
MAY_IMPORT = {
    "ui": {"agent", "tools", "trainer_core", "knowledge"},
    "agent": {"tools", "trainer_core", "knowledge"},
    "tools": {"trainer_core", "knowledge"},
    "trainer_core": set(),
    "knowledge": set(),
}
CONVERSATION = ("langchain", "langgraph", "gradio", "slack")  # prefixes: langchain_core, slack_bolt and so on
FORBIDDEN_OUTSIDE = {
    "agent": ("gradio", "slack"),
    "tools": CONVERSATION,
    "trainer_core": CONVERSATION,
    "knowledge": CONVERSATION,
}


def imports_of(source: str, package: str) -> set[str]:
    """Full names of all modules that a file of `package` imports, wherever in the file, relative ones resolved."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = importlib.util.resolve_name("." * node.level + (node.module or ""), package)
            found |= {f"{base}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Call) and ast.unparse(node.func) in (
            "import_module",
            "importlib.import_module",
            "__import__",
        ):
            argument = node.args[0] if node.args else None
            if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                found.add(argument.value)
    return found


def breaches(floor: str, names: set[str]) -> list[str]:
    """Imports that a file on this floor must not have."""
    bad = []
    for name in sorted(names):
        top = name.split(".")[0]
        if top in MAY_IMPORT and top != floor and top not in MAY_IMPORT[floor]:
            bad.append(f"{name} (another floor)")
        if top.startswith(FORBIDDEN_OUTSIDE.get(floor, ())):
            bad.append(f"{name} (a library for a higher floor)")
    return bad


@pytest.mark.parametrize("floor", MAY_IMPORT)
def test_imports_only_go_down(floor: str) -> None:
    files = sorted((CHECKOUT / floor).rglob("*.py"))
    assert files
    found = {}
    for file in files:
        package = ".".join(file.relative_to(CHECKOUT).parent.parts)
        bad = breaches(floor, imports_of(file.read_text(encoding="utf-8"), package))
        if bad:
            found[str(file.relative_to(CHECKOUT))] = bad
    assert found == {}


@pytest.mark.parametrize("floor", MAY_IMPORT)
def test_the_package_is_ours(floor: str) -> None:
    module = importlib.import_module(floor)
    assert module.__file__ is not None, f"{floor} is not a package of this project (another one is installed?)"
    assert Path(module.__file__).resolve() == CHECKOUT / floor / "__init__.py"


@pytest.mark.parametrize(
    ("floor", "source"),
    [
        ("trainer_core", "from tools import audit"),
        ("trainer_core", "def f():\n    import langchain_core.messages"),
        ("tools", "from slack_bolt import App"),
        ("tools", "import importlib\nimportlib.import_module('agent.graph')"),
        ("knowledge", "import trainer_core.plan"),
        ("agent", "from ui import window"),
        ("agent", "import gradio as gr"),
    ],
)
def test_a_breach_is_seen(floor: str, source: str) -> None:
    assert breaches(floor, imports_of(source, f"{floor}.inner"))


@pytest.mark.parametrize(
    ("floor", "source"),
    [
        ("ui", "import gradio\nfrom agent.conversation import Conversation"),
        ("agent", "from langgraph.types import Command\nfrom tools import registry"),
        ("tools", "from trainer_core.plan import diff\nfrom . import audit\nfrom knowledge.search import search"),
        ("trainer_core", "from ..plan import diff\nimport torch"),
    ],
)
def test_the_way_down_is_free(floor: str, source: str) -> None:
    assert breaches(floor, imports_of(source, f"{floor}.inner")) == []
