"""The tool for questions: finds articles and names their sources."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from knowledge.search import search

from .context import Tool, ToolContext, ToolResult
from .text import quoted


class LookUp(BaseModel):
    """A question in plain words."""

    model_config = ConfigDict(extra="forbid")

    query: Annotated[str, Field(min_length=1, max_length=400, description="what to look up, in plain words")]


def look_up(_context: ToolContext, arguments: LookUp) -> ToolResult:
    """The best articles for a question."""
    hits = search(arguments.query, k=3)
    if not hits:
        return ToolResult(text="I have no article about that, so I don't know.", data={"articles": []})
    lines = [
        f"- {hit.title}: {quoted(hit.excerpt, 600)} (source: {quoted('; '.join(hit.sources), 240)})" for hit in hits
    ]
    articles = [
        {"id": hit.article_id, "title": hit.title, "excerpt": quoted(hit.excerpt, 600), "sources": list(hit.sources)}
        for hit in hits
    ]
    return ToolResult(text="\n".join(lines), data={"articles": articles})


TOOLS = (
    Tool(
        "look_up",
        "Search the knowledge base: recipes, dataset craft, parameters, symptoms, costs, licences, other tools. "
        "Returns sources.",
        LookUp,
        look_up,
    ),
)
