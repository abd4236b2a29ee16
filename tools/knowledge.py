"""The tool for questions: finds articles and names their sources."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from knowledge.embedding import Source
from knowledge.endpoint import EndpointModel
from knowledge.minilm import find_minilm
from knowledge.search import search
from trainer_core.settings import in_force

from .context import Tool, ToolContext, ToolResult
from .endpoints import NotAnAddress, endpoint_of
from .text import quoted

VARIABLE = "SIDEKICK_EMBEDDING_MODEL"
BUILT_IN = "built-in"


class LookUp(BaseModel):
    """A question in plain words."""

    model_config = ConfigDict(extra="forbid")

    query: Annotated[str, Field(min_length=1, max_length=400, description="what to look up, in plain words")]


def embedding_source(settings: Mapping[str, str] | None = None) -> Source | None:
    """The embedding to look things up with; None for the built-in one. `settings`: those in force by default.

    SIDEKICK_EMBEDDING_MODEL names a model at OPENAI_BASE_URL and is the permission to send it questions; "built-in"
    keeps to the built-in one. Without it MiniLM is taken where its files are on this machine.
    """
    known = in_force() if settings is None else settings
    name = known.get(VARIABLE, "").strip()
    if name == BUILT_IN:
        return None
    if not name:
        return find_minilm(known)
    try:
        server = endpoint_of(known)
    except NotAnAddress:  # the chat says so; articles are found without a server
        server = None
    return EndpointModel(name, server.url, server.key, through_proxy=not server.local) if server else find_minilm(known)


def look_up(context: ToolContext, arguments: LookUp) -> ToolResult:
    """The best articles for a question."""
    home = context.workspace.home
    hits = search(arguments.query, k=3, folder=home / "knowledge", source=embedding_source(in_force(home)))
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
