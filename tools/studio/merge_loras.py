"""Several LoRAs as one file that every player loads; said with how far it is from the stack it stands for."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from trainer_core.lora.methods import Method
from trainer_core.plan import LONGEST_TRIGGERS
from trainer_core.projects import new_id

from ..context import Tool, ToolContext, ToolRefused, ToolResult
from ..library import LoraStrength, loras_folder, register_lora
from ..text import plural, quoted
from .stacks import chosen, loadable

EXACT = 1e-6  # relative; what double precision leaves of equal numbers is a hundred times less


class MergeLoras(BaseModel):
    """What goes into the file, and how."""

    model_config = ConfigDict(extra="forbid")

    loras: Annotated[
        list[LoraStrength],
        Field(min_length=2, max_length=4, description="two to four LoRAs by id (list_loras), with their strengths"),
    ]
    method: Annotated[
        Method,
        Field(
            description="cat is exact and as large as all together; svd is smaller and close; linear, ties, "
            "dare_linear and dare_ties need equal ranks and give something else than the stack"
        ),
    ] = Method.CAT
    rank: Annotated[int | None, Field(ge=1, le=1024, description="of the merged LoRA; svd only")] = None
    density: Annotated[float, Field(gt=0, le=1, description="share of values kept; ties and dare only")] = 0.5
    title: Annotated[str, Field(max_length=100, description="what to call it")] = ""


def merge_loras(context: ToolContext, arguments: MergeLoras) -> ToolResult:
    """Write, verify and register the merged LoRA."""
    choice = chosen(context, arguments.loras)
    stack = loadable(choice)
    words = list(dict.fromkeys(word for known in choice.used for word in known.triggers))
    trigger = ", ".join(words)
    if len(trigger) > LONGEST_TRIGGERS:
        raise ToolRefused(
            f"Nothing was merged. Together these have {plural(len(words), 'trigger word')}, {len(trigger)} characters; "
            f"one LoRA can be called by {LONGEST_TRIGGERS} at most. Merge fewer of them."
        )
    from trainer_core.lora.container import UnreadableFileError
    from trainer_core.lora.export import LoraExportError
    from trainer_core.lora.merge import merge
    from trainer_core.lora.stack import StackError

    context.say("Merging layer by layer …")
    lora_id = new_id("lora")
    path = loras_folder(context) / f"merged-{lora_id}.safetensors"
    title = quoted(arguments.title, 100) or " + ".join(known.row.trigger or known.row.id for known in choice.used)
    try:
        made = merge(
            path, stack, choice.base, arguments.method, title=title, rank=arguments.rank, density=arguments.density
        )
    except (StackError, LoraExportError, UnreadableFileError) as error:
        raise ToolRefused(f"Nothing was merged. {error}") from error
    register_lora(context, path, lora_id=lora_id, trigger=trigger, base=choice.base, sha256=made.report.sha256 or "")
    file = str(path.relative_to(context.workspace.home))
    called = f" Its trigger words are {quoted(trigger, LONGEST_TRIGGERS)}." if trigger else ""
    text = (
        f"Merged {choice.words()} into one LoRA, {lora_id} ({arguments.method.value}, rank {made.rank}, "
        f"{made.report.bytes / 1e6:.1f} MB). The file is verified.{called} {_error_words(made.relative_error)} "
        f"File: {file}."
    )
    data = {
        "lora": lora_id,
        "method": arguments.method.value,
        "rank": made.rank,
        "relative_error": made.relative_error,
        "sha256": made.report.sha256,
    }
    return ToolResult(text=text, data=data, files=[file])


def _error_words(error: float) -> str:
    if error < EXACT:
        return "At strength 1 it is the stack itself."
    return f"At strength 1 its change of the weights differs from the stack's by {100 * error:.2g} % of its size."


TOOLS = (
    Tool(
        "merge_loras",
        "Merge two to four LoRAs with their strengths into one verified LoRA file; says how far it is from the stack.",
        MergeLoras,
        merge_loras,
    ),
)
