"""Step 1: what is to be taught. Five cards, what each needs and is good for, and help with choosing."""

import html
from dataclasses import dataclass

import gradio as gr

from tools.context import ToolContext
from trainer_core.projects import get_project
from trainer_core.recipes import RECIPES, Recipe, RecipeName

from .. import words_recipe as words
from ..window_screen import markdown
from .panel import Call, Clicks, Panel, Words
from .recipe_pictures import picture_of


@dataclass(frozen=True)
class Chosen:
    """The project's recipe as it stands."""

    recipe: str | None
    noun: str | None
    trigger: str | None


def build(clicks: Clicks) -> Panel:
    """What is chosen, help, and the cards."""
    chosen = gr.Markdown(words.NOTHING, elem_id="recipe-chosen")
    with gr.Row(elem_id="recipe-head"):
        noun = gr.Textbox(label=words.NOUN, placeholder=words.NOUN_HINT, max_lines=1, elem_id="noun", scale=3)
        with gr.Column(min_width=160, scale=1):
            clicks.say(gr.Button(words.HELP, elem_id="recipe-help", size="sm").click, _help)
            on = gr.Button(words.ON, elem_id="recipe-on", size="sm", variant="primary", visible=False)
    clicks.go(on.click, 1)
    buttons = []
    with gr.Row(elem_id="recipes"):
        for recipe in RECIPES.values():
            with gr.Column(min_width=200, elem_classes="recipe"):
                gr.HTML(card_html(recipe), padding=False, apply_default_css=False)
                teach = words.TEACH.format(recipe=_article(recipe.name))
                button = gr.Button(teach, elem_id=f"recipe-{recipe.name}", size="sm")
                clicks.act(button.click, _choosing(recipe.name), [noun])
                buttons.append(button)

    def draw(state: Chosen) -> tuple[object, ...]:
        return (
            _chosen_words(state),
            gr.Button(visible=state.recipe is not None),
            *(gr.Button(variant="primary" if name == state.recipe else "secondary") for name in RECIPES),
        )

    return Panel("recipe", (chosen, on, *buttons), load, draw)


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
    return words.HELP_ASKED, []


def card_html(recipe: Recipe) -> str:
    """The drawing, what it teaches, what it is good for and what it needs."""
    facts = ((words.GOOD_FOR, recipe.good_for), (words.NEEDS, recipe.needs))
    rows = "".join(f"<dt>{name}</dt><dd>{html.escape(said)}</dd>" for name, said in facts)
    title, teaches = recipe.name.capitalize(), html.escape(recipe.teaches)
    return f"{picture_of(recipe.name)}<h3>{title}</h3><p>Teaches {teaches}.</p><dl>{rows}</dl>"


def _article(name: str) -> str:
    return f"{'an' if name[0] in 'aeiou' else 'a'} {name}"


def _chosen_words(state: Chosen) -> str:
    if state.recipe is None:
        return words.NOTHING
    said = {"recipe": f"**{markdown(_article(state.recipe))}**", "noun": markdown(state.noun or "")}
    return words.CHOSEN.format(**said, trigger=markdown(state.trigger or ""))
