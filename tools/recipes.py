"""Tools for choosing what to teach: the recipe, its class noun and the trigger word."""

import re
import secrets
import string
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select
from wordfreq import zipf_frequency

from trainer_core.plan import TRIGGER_PATTERN
from trainer_core.projects import Project, Workspace, get_project, update_project
from trainer_core.recipes import RECIPES, Recipe, RecipeName

from .captioning.templates import subject_words
from .consent import ASK
from .context import NoArguments, Tool, ToolContext, ToolRefused, ToolResult
from .recipe_costs import with_these_files
from .text import plural, quoted
from .triggers import change_trigger, remember, remembered

PREFIXES = {
    RecipeName.CHARACTER: "chr",
    RecipeName.FACE: "fce",
    RecipeName.STYLE: "sty",
    RecipeName.MOTION: "mot",
    RecipeName.EFFECT: "fx",
}


class ChooseRecipe(BaseModel):
    """What is to be taught."""

    model_config = ConfigDict(extra="forbid")

    recipe: Annotated[RecipeName, Field(description="character, face, style, motion or effect")]
    noun: Annotated[
        str | None,
        Field(
            description="what it is, in one or two plain words, such as 'cat' or 'robot'; captions use it beside "
            "the trigger"
        ),
    ] = None
    trigger: Annotated[
        str | None,
        Field(description="only if the person insists on a trigger word of their own: letters, digits, underscore"),
    ] = None


def describe(recipe: Recipe) -> str:
    """The recipe in two sentences."""
    return f"{recipe.name}: teaches {recipe.teaches}. Good for {recipe.good_for}. Needs {recipe.needs}."


def list_recipes(context: ToolContext, _arguments: NoArguments) -> ToolResult:
    """All recipes with what they are for and need, and what each would take with the files that are there."""
    lines = [f"- {describe(recipe)} {with_these_files(context, recipe)}".rstrip() for recipe in RECIPES.values()]
    sources = sorted({recipe.source for recipe in RECIPES.values()})
    return ToolResult(
        text="\n".join([*lines, "Source: " + "; ".join(sources)]),
        data={"recipes": [recipe.model_dump(mode="json") for recipe in RECIPES.values()]},
    )


def choose_recipe(context: ToolContext, arguments: ChooseRecipe) -> ToolResult:
    """Set the project's recipe and noun; make a trigger word when there is none yet."""
    recipe = RECIPES[arguments.recipe]
    project = get_project(context.workspace, context.project_id)
    noun = _noun(arguments.noun) or project.noun or recipe.noun
    trigger = project.trigger
    if arguments.trigger:
        trigger = checked_trigger(context.workspace, context.project_id, arguments.trigger)
    elif trigger is None or project.recipe != recipe.name:
        trigger = _earlier(context, recipe.name) or make_trigger(context.workspace, recipe.name)
    if project.recipe and project.trigger and project.recipe != recipe.name:
        remember(context.workspace, context.project_id, project.recipe, project.trigger)
    update_project(context.workspace, context.project_id, recipe=str(recipe.name), noun=noun)
    changed = 0
    if trigger != project.trigger:
        openings = _openings(project, subject_words(trigger, noun, recipe))
        changed = change_trigger(context, project.trigger, trigger, openings=openings)
    text = (
        f"The recipe is {recipe.name}: it teaches {recipe.teaches}. The trigger word is {trigger}; the class noun "
        f"is {noun!r}. "
        f"It needs {recipe.needs}. Pictures should have at least {recipe.short_edge} pixels on the short edge. "
        f"Source: {recipe.source}."
    )
    if recipe.name is RecipeName.FACE:
        text += f" Before it is trained I record the consent of the person shown. {ASK}"
    if changed:
        text += (
            f" {plural(changed, 'caption')} {'has' if changed == 1 else 'have'} {trigger} in place of "
            f"{project.trigger} now."
        )
        if project.recipe != recipe.name:
            text += " Write the captions again: mine then say what this recipe needs, and yours stay."
    return ToolResult(
        text=text,
        data={
            "recipe": str(recipe.name),
            "trigger": trigger,
            "noun": noun,
            "teaches": recipe.teaches,
            "needs": recipe.needs,
            "source": recipe.source,
        },
    )


def make_trigger(workspace: Workspace, recipe: RecipeName) -> str:
    """A word such as 'chr_x7kq' that is no ordinary word and no other project's trigger."""
    taken = _taken(workspace)
    while True:
        letters = "".join(secrets.choice(string.ascii_lowercase) for _ in range(3))
        trigger = f"{PREFIXES[recipe]}_{letters[0]}{secrets.choice(string.digits)}{letters[1:]}"
        if trigger not in taken and zipf_frequency(letters, "en") < 3:
            return trigger


def _openings(project: Project, now: str) -> tuple[str, str] | None:
    """How the captions that Sidekick wrote begin, and how they are to begin; None before there is a recipe."""
    if project.recipe is None or project.trigger is None:
        return None
    recipe = RECIPES[RecipeName(project.recipe)]
    return subject_words(project.trigger, project.noun or recipe.noun, recipe), now


def _earlier(context: ToolContext, recipe: RecipeName) -> str | None:
    """The word that this project had for the recipe before, where no other project has taken it since."""
    word = remembered(context.workspace, context.project_id).get(recipe)
    return word if word and word.lower() not in _taken(context.workspace, besides=context.project_id) else None


def checked_trigger(workspace: Workspace, project_id: str, word: str) -> str:
    """The person's own trigger, if it can serve as one. Raises ToolRefused with the reason."""
    if not re.fullmatch(TRIGGER_PATTERN, word):
        raise ToolRefused(
            f"{quoted(word, 40)!r} can't be a trigger word: it needs 3 to 32 letters, digits or underscores and "
            f"starts with a letter."
        )
    frequency = zipf_frequency(word.lower(), "en")
    if frequency > 0:
        raise ToolRefused(
            f"{word!r} is an ordinary word (frequency {frequency:.1f} on the Zipf scale, wordfreq), so the model "
            f"already ties it to "
            f"something. Add a few letters or digits, such as {word}_{secrets.choice(string.ascii_lowercase)}7k."
        )
    if word.lower() in _taken(workspace, besides=project_id):
        raise ToolRefused(f"{word!r} is already the trigger of another project; choose another one.")
    return word


def _taken(workspace: Workspace, besides: str | None = None) -> set[str]:
    with workspace.session() as session:
        rows = session.execute(select(Project.id, Project.trigger)).all()
    return {trigger.lower() for project_id, trigger in rows if trigger and project_id != besides}


def _noun(words: str | None) -> str | None:
    """One or two plain lower-case words, or None."""
    if words is None:
        return None
    kept = re.findall(r"[a-z]+", words.lower())[-2:]
    return " ".join(kept)[:40] or None


TOOLS = (
    Tool(
        "list_recipes",
        "List the five recipes: what each teaches, is good for and needs, and what it takes with the present files.",
        NoArguments,
        list_recipes,
    ),
    Tool(
        "choose_recipe",
        "Set what this project teaches. Makes the trigger word. Can be called again to change the recipe or the "
        "class noun.",
        ChooseRecipe,
        choose_recipe,
    ),
)
