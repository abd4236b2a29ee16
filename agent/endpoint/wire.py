"""What is sent: messages that every server's chat template takes, and tools in a form that is short."""

import hashlib
import json
from collections.abc import Sequence
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, SystemMessage, ToolMessage
from langchain_core.utils.function_calling import convert_to_openai_tool


def on_the_wire(messages: Sequence[BaseMessage]) -> list[dict[str, Any]]:
    """Messages of Chat Completions. Many templates want one system message first and then the roles in turn, so
    neighbours of one role become one; results whose call is not shown and empty answers are left out."""
    system = "\n\n".join(message.text for message in messages if isinstance(message, SystemMessage))
    sent: list[dict[str, Any]] = [{"role": "system", "content": system}] if system else []
    open_calls: set[str] = set()
    for message in messages:
        if isinstance(message, SystemMessage):
            continue
        form = _form(message)
        if form["role"] == "tool":
            if form["tool_call_id"] in open_calls:
                sent.append(form)
            continue
        open_calls = {call["id"] for call in form.get("tool_calls", [])}
        last = sent[-1] if sent else {}
        if form["role"] == last.get("role") and "tool_calls" not in last:
            last |= form | {"content": f"{last['content']}\n\n{form['content']}".strip()}
        elif form["content"] or "tool_calls" in form:
            sent.append(form)
    return sent


def _form(message: BaseMessage) -> dict[str, Any]:
    if isinstance(message, ToolMessage):
        return {"role": "tool", "tool_call_id": _short(message.tool_call_id), "content": message.text}
    if not isinstance(message, AIMessage):
        return {"role": "user", "content": message.text}
    form: dict[str, Any] = {"role": "assistant", "content": message.text}
    if message.tool_calls:
        form["tool_calls"] = [
            {
                "id": _short(str(call["id"])),
                "type": "function",
                "function": {"name": call["name"], "arguments": json.dumps(call["args"], ensure_ascii=False)},
            }
            for call in message.tool_calls
        ]
    return form


def _short(id_: str) -> str:
    """Nine letters and digits: the only ids that Mistral's templates take, and good for all others."""
    return hashlib.sha256(id_.encode()).hexdigest()[:9]


def tool_form(tool: Any) -> dict[str, Any]:
    """A tool as Chat Completions wants it, without what tells a model nothing: titles, and null as a possible value of
    what may be left out anyhow. That is a tenth of the characters."""
    function = convert_to_openai_tool(tool)["function"]
    parameters = function.get("parameters") or {"type": "object", "properties": {}}
    return {"type": "function", "function": function | {"parameters": _compact(parameters)}}


def _compact(schema: dict[str, Any]) -> dict[str, Any]:
    kept = {key: value for key, value in schema.items() if key != "title" or isinstance(value, dict)}
    if "anyOf" in kept:
        options = [option for option in kept["anyOf"] if option != {"type": "null"}]
        if len(options) == 1:
            del kept["anyOf"]
            kept = _compact(options[0]) | kept
        else:
            kept["anyOf"] = [_compact(option) for option in options]
        kept = {key: value for key, value in kept.items() if key != "title"}
    if kept.get("default", 0) is None:
        del kept["default"]
    for key in ("properties", "$defs"):
        if isinstance(kept.get(key), dict):
            kept[key] = {name: _compact(part) for name, part in kept[key].items()}
    if isinstance(kept.get("items"), dict):
        kept["items"] = _compact(kept["items"])
    return kept
