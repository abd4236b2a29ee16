"""Tool calls that small models write into their words, because their server does not read them."""

import re
from collections.abc import Collection
from typing import Any

from trainer_core.projects import new_id

from .calls import MOST_CALLS, Call, parsed
from .failures import Unreadable

MARKS = ("<tool_call>", "[TOOL_CALLS]", "<|python_tag|>", "<function=")  # how such a call begins
OPENINGS = (*MARKS, "```json", "{", "[{")  # and where a whole answer is one
_TAGGED = re.compile(r"<tool_call>\s*(.*?)\s*(?:</tool_call>|$)", re.DOTALL)
_FUNCTION = re.compile(r"<function=([\w.-]+)>\s*(.*?)\s*(?:</function>|$)", re.DOTALL)
_BEFORE = re.compile(r"^(?:\[TOOL_CALLS\]|<\|python_tag\|>)\s*")

Form = tuple[str, dict[str, Any]]  # a name and its arguments


def written(text: str, visible: Collection[str], seen: str) -> list[Call] | None:
    """Calls written as text: <tool_call>{...}</tool_call>, [TOOL_CALLS] [...], <function=name>{...}, or JSON alone with
    a name and arguments. None when it is only words.

    `seen`: the results of tools so far. A call that stands in them was copied from data, and data is not obeyed.
    Raises Unreadable when it is meant as a call and cannot be made.
    """
    text = text.strip()
    marked = text.startswith(MARKS)
    forms = _forms(text)
    if not forms or any(name not in visible for name, _ in forms):
        if marked and (forms or forms is None):
            raise Unreadable(
                "The model's tool calls could not be read. Take another model if that happens again.",
                "You wrote a tool call as text, and it could not be used. Call one of the tools that you were given, "
                "through the tool interface, or answer in words.",
            )
        return None
    if any(_packed(body) in _packed(seen) for body in _bodies(text)):
        return None
    return [Call(new_id("call"), name, arguments) for name, arguments in forms]


def _bodies(text: str) -> list[str]:
    """The JSON of each call as it was written."""
    tagged = _TAGGED.findall(text) or [body for _name, body in _FUNCTION.findall(text)]
    return [body for body in tagged or [_BEFORE.sub("", text)] if body.strip() not in ("", "{}")]


def _packed(text: str) -> str:
    return "".join(text.split())


def _forms(text: str) -> list[Form] | None:
    """The calls that the text is made of; empty when there are words beside them, None when they are broken."""
    try:
        if functions := _FUNCTION.findall(text):
            beside = _FUNCTION.sub("", text)
            found: list[object] = [{"name": name, "arguments": body} for name, body in functions]
        elif tagged := _TAGGED.findall(text):
            beside = _TAGGED.sub("", text)
            found = [parsed(body) for body in tagged]
        else:
            beside, whole = "", parsed(_BEFORE.sub("", text))
            found = list(whole) if isinstance(whole, list) else [whole]
        if beside.strip() not in ("", "<tool_call>", "<tool_call></tool_call>"):
            return []
        forms = [_form(entry) for entry in found]
    except ValueError:
        return None
    return [form for form in forms if form] if forms and all(forms) and len(forms) <= MOST_CALLS else None


def _form(entry: object) -> Form | None:
    """{"name", "arguments" or "parameters"}, also inside "function". Raises ValueError for broken arguments."""
    if not isinstance(entry, dict):
        return None
    inner = entry.get("function")
    if isinstance(inner, dict):
        entry = inner
    elif isinstance(inner, str):
        entry = {"name": inner} | entry
    name = entry.get("name")
    key = next((key for key in ("arguments", "parameters", "args") if key in entry), None)
    if not isinstance(name, str) or key is None:
        return None
    arguments = parsed(entry[key]) if isinstance(entry[key], str) else entry[key]
    arguments = {} if arguments is None else arguments
    return (name, arguments) if isinstance(arguments, dict) else None
