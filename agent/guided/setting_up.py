"""The first steps: what to teach, which files, captions and a plan in one sentence."""

from typing import Any

from . import goals, questions
from .files import file_calls
from .named_ids import CODE
from .patterns import search
from .reading import Call, Facts, Reading, about
from .uploads_talk import with_uploads

_GOAL_ASKED = (
    r"^(?:and |but |so )*(?:can|could|would|will|is it possible|is there a way|are you able|do you think"
    r"|which (?:one|recipe)|what about|how about|may i|am i able)\b"
    r"|\bhow (?:can|do|could|would) (?:i|we|you) (?:teach|train|get|make|put|turn|bring)\b|\bwhich (?:one|recipe"
    r"|of them)\b|\b(?:can|could|would|will) (?:you|i|we|it|this)\b"
)


_CRAFT_ONLY = (  # about the craft, not about what is to be taught
    r"\b(?:legal\w*|allowed|licen[sc]e\w*|rank|steps|pictures|photos|images|captions?|how many|how long|how much"
    r"|cost\w*|price|gpu|memory|trigger|copyright|sell|resolution)\b"
)

_SEVERAL = (  # more than one subject in one LoRA: the articles advise against it
    r"\band (?:my|our|the|an?) (?:\w+ )?\w+ (?:in|into) (?:one|1|a single|the same) (?:lora|model|training|file)\b"
    r"|\b(?:both|two|2|three|3|four|4|several|all) (?:\w+ ){0,4}?(?:in|into|with|by) (?:one|1|a single|the same)"
    r" (?:lora|model|training|file)\b"
)


def setting_up(text: str, said: str, facts: Facts, uploads: list[str]) -> Reading | None:
    """A goal, files or captions in a sentence; None when it is about something else."""
    calls: list[Call] = []
    if search(CODE, said):
        return None  # an invitation to somebody's project
    asked = questions.asks(text)
    chosen = None if asked and facts.get("recipe") else goals.named_recipe(text)
    goal = (chosen, (goals.recipe_wanted(text) or (None, None))[1]) if chosen else _goal(text, facts)
    if facts.get("recipe") and not asked:
        if noun := goals.other_noun(text, facts):
            return Reading((Call("choose_recipe", {"recipe": facts["recipe"], "noun": noun}),))
        if (word := goals.own_trigger(text, said)) and not facts.get("waiting_loras"):
            return Reading((Call("choose_recipe", {"recipe": facts["recipe"], "trigger": word}),))
    if (
        goal
        and chosen is None
        and facts.get("recipe")
        and not search(r"\b(?:want|would like|i'd like|teach|train|instead|actually)\b", text)
    ):
        goal = None  # talk about the subject that is already chosen
    from_files = file_calls(text, facts)
    if goal and not (from_files and facts.get("recipe")):
        arguments: dict[str, Any] = {"recipe": goal[0]}
        if goal[1]:
            arguments["noun"] = goal[1]
        calls.append(Call("choose_recipe", arguments))
        if search(_SEVERAL, text) and not uploads and not from_files:
            calls.append(about(said))
    if uploads:
        calls += with_uploads(facts | {"recipe": facts.get("recipe") or goal}, uploads)
    known = {call.name for call in calls}
    calls += [Call(name, arguments) for name, arguments in from_files if name not in known]
    if search(r"\b(?:and|then)\b.*\bplan\b", text) and calls:
        calls.append(Call("propose_plan", {}))
    if calls:
        return Reading(tuple(calls))
    if search(r"\brecipes?\b|\boptions\b|\bwhat can (?:you|i) (?:teach|train)\b", text) and search(
        r"\b(?:list|show|see|which|what|options)\b", text
    ):
        return Reading((Call("list_recipes"),))
    if search(r"\brecommend\b|\byou (?:choose|decide|pick)\b|\bnot sure\b|\bdon't know\b", text) and not facts.get(
        "recipe"
    ):
        return Reading(topic="recommend")
    if search(
        r"\b(?:here (?:are|is)|here's|these are|attached|uploaded|i have|i've got|my (?:files|pictures|photos|images"
        r"|clips|folder))\b",
        text,
    ) and search(r"\b(?:files?|pictures?|photos?|images?|clips?|videos?|folder|drawings?|dataset)\b", text):
        if facts.get("waiting_uploads"):
            return Reading((Call("add_files", {}),))
        return Reading(topic="how_to_add")
    return None


def _goal(text: str, facts: Facts) -> tuple[str, str | None] | None:
    """Before a recipe is chosen, naming a subject is enough; later it takes a word of wish."""
    asked = questions.asks(text)
    if asked and (not search(_GOAL_ASKED, text) or search(_CRAFT_ONLY, text)):
        return None
    return goals.recipe_wanted(
        text, stated=bool(facts.get("recipe")) or (asked and not search(r"\bfor (?:an?|my|our|the|this)\b", text))
    )
