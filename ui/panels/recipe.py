"""Step 1: what is to be taught. Five cards, what each needs and is good for, and help with choosing."""

from dataclasses import dataclass

import gradio as gr

from tools.context import ToolContext
from trainer_core.projects import get_project
from trainer_core.recipes import RECIPES, Recipe, RecipeName

from ..window_screen import markdown
from .panel import Call, Clicks, Panel, Words

HELP = "Help me choose: which recipe fits what I want?"


@dataclass(frozen=True)
class Chosen:
    """The project's recipe as it stands."""

    recipe: str | None
    noun: str | None
    trigger: str | None


def build(clicks: Clicks) -> Panel:
    """The cards, and what is chosen."""
    chosen = gr.Markdown(elem_id="recipe-chosen")
    noun = gr.Textbox(label="What is it? One or two words", placeholder="cat, robot, ...", max_lines=1, elem_id="noun")
    buttons = []
    with gr.Row(elem_id="recipes"):
        for recipe in RECIPES.values():
            with gr.Column(min_width=200, elem_classes="recipe"):
                gr.Markdown(_words(recipe))
                button = gr.Button(f"Teach a {recipe.name}", elem_id=f"recipe-{recipe.name}", size="sm")
                clicks.act(button.click, _choosing(recipe.name), [noun])
                buttons.append(button)
    clicks.say(gr.Button("Help me choose", elem_id="recipe-help", size="sm").click, _help)

    def draw(state: Chosen) -> tuple[object, ...]:
        return (
            _chosen_words(state),
            *(gr.Button(variant="primary" if name == state.recipe else "secondary") for name in RECIPES),
        )

    return Panel("recipe", (chosen, *buttons), load, draw)


def load(context: ToolContext) -> Chosen:
    """What is chosen now."""
    project = get_project(context.workspace, context.project_id)
    return Chosen(project.recipe, project.noun, project.trigger)


def _choosing(name: RecipeName):  # type: ignore[no-untyped-def]
    def make(noun: object) -> Call:
        said = str(noun or "").strip()[:60]
        return "choose_recipe", {"recipe": str(name)} | ({"noun": said} if said else {})

    return make


def _help() -> Words:
    return HELP, []


def _words(recipe: Recipe) -> str:
    return (
        f"**{recipe.name.capitalize()}**  \nTeaches {markdown(recipe.teaches)}.\n\n"
        f"Good for {markdown(recipe.good_for)}.\n\nNeeds {markdown(recipe.needs)}."
    )


def _chosen_words(state: Chosen) -> str:
    if state.recipe is None:
        return "Nothing is chosen yet. Pick a card, or tell the sidekick what you want."
    return (
        f"You teach a **{markdown(state.recipe)}** ({markdown(state.noun or '')}). The trigger word is "
        f"**{markdown(state.trigger or '')}**: the word that will call it in prompts."
    )
