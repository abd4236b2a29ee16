"""What Slack refuses: blocks and streams that break the limits it documents, and two that people measured."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from slack_server import Posted

LONGEST = {"header": 150, "section": 3000, "field": 2000, "markdown": 12_000, "button": 75, "task": 256}
STREAM_BYTES = 10_600  # of a streamed message, texts of tasks counted twice
STATES = ("pending", "in_progress", "complete", "error")


def problem_with_blocks(blocks: list[dict[str, Any]], text: str) -> str:
    """The error code for a message, or nothing."""
    if len(text) > 40_000:
        return "msg_too_long"
    if not text and not blocks:
        return "no_text"
    if len(blocks) > 50 or not all(_sound(block) for block in blocks):
        return "invalid_blocks"
    together = sum(len(block["text"]) for block in blocks if block["type"] == "markdown")
    return "msg_blocks_too_long" if together > LONGEST["markdown"] else ""


def append_chunks(posted: "Posted", values: dict[str, Any]) -> str:
    """Append to a streamed message; the error code, or nothing."""
    chunks = values.get("chunks") or []
    if values.get("markdown_text") and chunks:
        return "cannot_provide_both_markdown_text_and_chunks"
    for chunk in chunks:
        if chunk["type"] == "markdown_text" and chunk["text"]:
            posted.text += chunk["text"]
        elif chunk["type"] == "plan_update" and len(chunk["title"]) <= LONGEST["task"]:
            posted.plan = chunk["title"]
        elif chunk["type"] == "task_update" and _task(chunk):
            posted.tasks[chunk["id"]] = posted.tasks.get(chunk["id"], {}) | chunk
        else:
            return "invalid_chunks"
    texts = sum(
        len(str(task.get(name, "")).encode()) for task in posted.tasks.values() for name in ("details", "output")
    )
    titles = sum(len(task["title"].encode()) for task in posted.tasks.values())
    return "msg_too_long" if len(posted.text.encode()) + titles + 2 * texts > STREAM_BYTES else ""


def _task(chunk: dict[str, Any]) -> bool:
    short = all(len(str(chunk.get(name, ""))) <= LONGEST["task"] for name in ("id", "title", "details", "output"))
    return short and bool(chunk.get("id")) and bool(chunk.get("title")) and chunk.get("status") in STATES


def _sound(block: dict[str, Any]) -> bool:
    kind = block["type"]
    if kind == "header":
        return block["text"]["type"] == "plain_text" and 0 < len(block["text"]["text"]) <= LONGEST["header"]
    if kind == "section":
        fields = block.get("fields", [])
        texts = [block["text"]["text"]] if "text" in block else []
        return (
            bool(texts or fields)
            and len(fields) <= 10
            and all(0 < len(text) <= LONGEST["section"] for text in texts)
            and all(0 < len(each["text"]) <= LONGEST["field"] for each in fields)
        )
    if kind == "actions":
        return all(0 < len(each["text"]["text"]) <= LONGEST["button"] for each in block["elements"])
    if kind == "context":
        return 0 < len(block["elements"]) <= 10
    return kind == "markdown" and len(block["text"]) > 0
