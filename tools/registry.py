"""All tools in one place, by name."""

from . import clip_tools, dataset, knowledge, plans, recipes, results, runs, studio, synthetic
from .context import Card, Tool, ToolContext, ToolRefused, ToolResult

TOOLS: dict[str, Tool] = {
    tool.name: tool
    for group in (recipes, dataset, clip_tools, synthetic, plans, runs, studio, results, knowledge)
    for tool in group.TOOLS
}

__all__ = ["TOOLS", "Card", "Tool", "ToolContext", "ToolRefused", "ToolResult"]
