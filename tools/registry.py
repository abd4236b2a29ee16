"""All tools in one place, by name, each behind the rule of who may use it (tools.membership)."""

from . import (
    base_models,
    clip_tools,
    compare_runs,
    consent,
    dataset,
    dataset_history,
    export,
    gates,
    knowledge,
    library,
    plans,
    recipes,
    references,
    repairs,
    results,
    runs,
    scoring_again,
    sharing,
    standing_orders,
    studio,
)
from .audit import tools as audit
from .captioning import tools as captioning
from .context import Card, Tool, ToolContext, ToolRefused, ToolResult
from .membership import held
from .synthetic import tools as synthetic

TOOLS: dict[str, Tool] = {
    tool.name: held(tool)
    for group in (
        *(recipes, dataset, audit, captioning, clip_tools, synthetic, plans, runs, studio, results, repairs, knowledge),
        *(
            dataset_history,
            base_models,
            references,
            library,
            export,
            compare_runs,
            scoring_again,
            standing_orders,
            consent,
            gates,
            sharing,
        ),
    )
    for tool in group.TOOLS
}

__all__ = ["TOOLS", "Card", "Tool", "ToolContext", "ToolRefused", "ToolResult"]
