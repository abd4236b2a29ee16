"""Questions about the plan: why, how long, what it costs, which recipe."""

from . import goals, questions
from .domain import DOMAIN
from .files import file_calls
from .patterns import search
from .reading import Call, Facts, Reading, about


def before_plan(facts: Facts) -> tuple[Call, ...]:
    """What a plan needs first and can be done without asking."""
    calls: list[Call] = []
    if facts.get("recipe") and (facts.get("images") or facts.get("clips")):
        if not facts.get("verdict"):
            calls.append(Call("audit_dataset"))
        if facts.get("without_caption"):
            calls.append(Call("write_captions"))
    return tuple(calls)


_COULD_IT = (
    r"(?:^|[,.;] (?:so |and |but )?)(?:can|could|would|will|is it|do you think|is there|which|what|are you able)\b"
)


_LOOKS = (
    r"\bwhat (?:would|will|does) (?:the|a|my|your) (?:training|plan|run)(?: \w+)? look like\b|\bhow would (?:you"
    r"|we) train\b"
    r"|\bwhat (?:do|would) you (?:propose|suggest)\b|\bwhat(?:'s| is) (?:the|your) (?:plan|proposal)\b"
)


def plan_question(text: str, said: str, facts: Facts) -> Reading | None:
    """What a question wants to know of the plan or of the craft; None when it is about something else."""
    plan = bool(facts.get("plan"))
    if search(
        r"\b(?:which|what) recipes?\b|\b(?:what|which) (?:kinds?|sorts?|types?) of (?:loras?|things?|stuff"
        r"|subjects?)\b|\bwhat can (?:i|we"
        r"|you|it|one) (?:teach|train|learn)\b",
        text,
    ) and not search(
        r"\bshould\b|\bbest\b|\brecommend|\bright\b|\bfor (?:an?|my|our|the|this)\b|\bis (?:an?"
        r"|the) recipe\b|\bdo i need\b",
        text,
    ):
        return Reading((Call("list_recipes"),))
    if search(
        r"\b(?:character|face|style|motion|effect)\b.*\b(?:or|vs\.?|versus|and)\b.*\b(?:character|face|style|motion"
        r"|effect)\b",
        text,
    ) and search(r"\bor\b|\bdifference\b|\bvs\b|\bversus\b|\bbetter\b", text):
        return Reading((Call("list_recipes"), about(said)))
    if (
        search(
            r"\bwhich (?:one|recipe)\b|\bwhat (?:recipe|would you recommend|do you recommend|should i (?:use|choose"
            r"|pick))\b",
            text,
        )
        and not plan
    ):
        goal = goals.recipe_wanted(text, stated=False)
        return None if goal else Reading(topic="recommend")
    if search(
        r"^what (?:do|must|should|can) (?:i|we) (?:have to |need to )?(?:do )?(?:now|next)\b|^what(?:'s| is| comes"
        r"| now| do (?:i|we) do)? ?(?:next|now)\b|\bwhat now\b|^(?:ok |okay |so )?and now\b"
        r"|\bnext step\b",
        text,
    ):
        return Reading(topic="next")
    if facts.get("stage") == "plan" and search(_LOOKS, text):
        return Reading((*before_plan(facts), Call("propose_plan", {})))
    if search(
        r"\bwhat(?:'s| is) (?:the|my|in the) (?:current )?(?:plan|settings)\b|\bwhich (?:settings|values"
        r"|parameters)\b|\bis (?:the|this|that|my|your) (?:\w+ )?plan (?:ok|okay|good|fine|any good|right"
        r"|reasonable|all right|alright|solid|sensible)\b|\bwhy (?:this|that|the|these|those|all these"
        r"|such) (?:\w+ )?(?:plan|settings|values"
        r"|numbers|parameters|choices)\b",
        text,
    ) or (search(r"\bexplain\b.*\bplan\b", text)):
        return Reading((Call("explain_plan"),)) if plan else Reading(topic="no_plan")
    if file_calls(text, facts):
        return None
    asked = questions.field_asked(text)
    if asked in ("price", "time") or (asked == "memory" and search(questions.FITS, text)):
        return Reading((Call("explain_plan", {"field": asked}),)) if plan else Reading((about(said),))
    if asked and plan:
        return Reading((Call("explain_plan", {"field": asked}), about(said)))
    if facts.get("stage") == "plan" and search(_LOOKS, text):
        return Reading((Call("propose_plan", {}),))
    if not facts.get("recipe") and search(_COULD_IT, text) and goals.recipe_wanted(text):
        return None  # a goal that is put as a question
    if search(DOMAIN, text) or asked:
        return Reading((about(said),))
    return None
