"""The tool that makes candidates for missing views with the base model."""

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from trainer_core.dataset.synthetic import Origin, add_made, origins_of
from trainer_core.plan import BaseModelName
from trainer_core.projects import get_project, new_id
from trainer_core.recipes import RecipeName

from ..audit import run as audits
from ..context import ToolContext, ToolRefused, ToolResult
from ..state import base_missing, honesty, plan_of, recipe_of
from ..text import plural, quoted
from .pictures import Order, draw_sheet, make
from .views import FEW, Wanted, lacking, prompt_for, view_and_side
from .words import names_of, refused_words, seen_words

MOST_WORDS = 300  # characters of a description


class MakeCandidates(BaseModel):
    """Pictures to generate with the base model for views that are missing."""

    model_config = ConfigDict(extra="forbid")

    views: Annotated[
        list[Wanted], Field(description="the views wanted; empty takes those that the audit misses", max_length=6)
    ] = []
    count: Annotated[int, Field(ge=1, le=8, description="candidates for each view")] = FEW
    description: Annotated[
        str | None,
        Field(
            max_length=MOST_WORDS,
            description="what the character looks like, in the person's own words: kind, colours, clothes; never "
            "invented. Leave out to use the words of the last candidates",
        ),
    ] = None
    seed: Annotated[int | None, Field(ge=0, lt=2**31 - 1000, description="leave out for fresh pictures")] = None


def make_candidates(context: ToolContext, arguments: MakeCandidates) -> ToolResult:
    """Generate candidates, add them marked and set aside, and look at them as at any file."""
    recipe = recipe_of(context)
    if recipe.name is RecipeName.FACE:
        raise ToolRefused(
            "A base model does not know this person and would draw somebody else. Ask for real photographs instead."
        )
    folder = context.workspace.dataset_folder(context.project_id)
    views = _views(folder, arguments)
    origins = list(origins_of(folder).values())
    description = _description(context, arguments, origins)
    base = base_of_plan(context)
    _refuse_where_it_cannot_be_done(base, views, description)
    orders = _orders(views, arguments, origins)
    context.say(f"Making {plural(len(orders), 'candidate')} with {base} …")
    made = make(base, orders, description, lambda done, total: context.say(f"Made {done} of {total} candidates"))
    added = add_made(folder, made)
    context.say("Looking at the candidates …")
    audit = audits.audit_dataset(folder, recipe, trigger=get_project(context.workspace, context.project_id).trigger)
    sheet = context.workspace.pictures_folder(context.project_id) / f"{new_id('sheet')}.png"
    draw_sheet(sheet, [(each.name, each.picture) for each in made])
    lines = [
        f"Made {plural(len(added.items), 'candidate')} with {base}: {names_of(added.items)}.",
        f"Prompt of the first: {quoted(made[0].origin.prompt, 400)} (seed {made[0].origin.seed}).",
        *_sides(base, views),
        *seen_words(audit, added.items, folder),
        *refused_words(added.rejected),
        "They are marked as synthetic and set aside: nothing trains on them before the person says yes to a card. "
        "Look at the pictures first; then name those to use, or say “use the candidates” for all.",
        honesty(base),
    ]
    return ToolResult(
        text="\n".join(line for line in lines if line),
        data={"made": [item.id for item in added.items], "views": list(views)},
        pictures=[str(sheet.relative_to(context.workspace.home))],
    )


def base_of_plan(context: ToolContext) -> BaseModelName:
    """The plan's base model; mini while there is no plan."""
    try:
        return plan_of(context).base
    except ToolRefused:
        return BaseModelName.MINI


def _views(folder: Path, arguments: MakeCandidates) -> list[Wanted]:
    if arguments.views:
        return list(dict.fromkeys(arguments.views))
    audit = audits.load_audit(folder)
    missing = list(lacking(audit)) if audit else []
    if not missing:
        why = "The audit can name no view that is missing" if audit else "The files have not been looked at yet"
        raise ToolRefused(f"{why}, so I don't know which views to make. Name them, such as “make back views of …”.")
    return missing


def _description(context: ToolContext, arguments: MakeCandidates, origins: list[Origin]) -> str:
    trigger = get_project(context.workspace, context.project_id).trigger or ""
    words = quoted(arguments.description or "", MOST_WORDS)
    words = " ".join(part.strip() for part in words.replace(trigger, "").split(" ")) if trigger else words
    words = words.strip(" ,.;")
    if words:
        return words
    if origins:
        return origins[-1].description
    raise ToolRefused(
        "What does the character look like? The base model has never seen it. Say it in one sentence, for example: "
        "make back views of a cat with orange fur, a blue coat and a green cap."
    )


def _refuse_where_it_cannot_be_done(base: BaseModelName, views: list[Wanted], description: str) -> None:
    if base is not BaseModelName.MINI:
        prompts = "; ".join(f"“{prompt_for(base, view, description, 0)}”" for view in views)
        raise ToolRefused(
            f"Pictures cannot be made with {base} here, and mini's would be too small and too different for it. "
            "Make them where you can run it, keep the good ones, and hand them over with the words “these are "
            f"generated”: I keep them apart until you say yes. As prompts: {prompts}."
        )
    if missing := base_missing(base):
        raise ToolRefused(missing)


def _sides(base: BaseModelName, views: list[Wanted]) -> list[str]:
    turned = base is BaseModelName.MINI and any(view_and_side(view)[1] for view in views)
    return ["mini knows no words for left and right: to which side they face is chance."] if turned else []


def _orders(views: list[Wanted], arguments: MakeCandidates, origins: list[Origin]) -> list[Order]:
    """Numbers and seeds go on from the candidates that were made before, so that a second round brings new ones."""
    seed = arguments.seed if arguments.seed is not None else max((each.seed for each in origins), default=-1) + 1
    before = {view: sum(each.view == view for each in origins) for view in views}
    wanted = [(view, index) for view in views for index in range(arguments.count)]
    return [
        Order(view, f"made-{view}-{before[view] + index + 1}.png", seed + place, len(origins) + place)
        for place, (view, index) in enumerate(wanted)
    ]
