"""Sentences about the plan: propose, change, undo, what-if, and why."""

import re

from . import goals, questions
from .changes import wanted_changes
from .files import file_calls
from .reading import Call, Facts, Reading, about

CONDITION = (
    r"\b(?:if|unless|provided|as long as|only when|in case)\b(?! (?:possible|you can|you could|that's ok|needed))"
)
DOMAIN = (
    r"\b(?:loras?|train\w*|caption\w*|trigger|dataset|images?|pictures?|photos?|clips?|videos?|files?|ltx|mini"
    r"|comfy\w*|fal|diffusers|overfit\w*|underfit\w*|"
    r"recipes?|character|face|style|motion|effect|licen[sc]e\w*|commercial\w*|gpu|checkpoints?|validation|loss"
    r"|backgrounds?|angles?|views?|duplicates?|blurry|"
    r"resolution|steps|rank|alpha|seed|frames|precision|safetensors|consent|credits?|price|leak\w*|noun|sharp\w*"
    r"|prompt\w*|stack\w*|strength|memory|"
    r"base model|generic|dropout|held|batch|learning rate|formats?|jpe?g|png|mp4|mov|cuts?|identity|consisten\w*"
    r"|quality)\b"
)


def plan_talk(text: str, said: str, facts: Facts) -> Reading | None:
    plan = bool(facts.get("plan"))
    undo = re.search(
        r"\bundo\b|\brevert\b|\btake (?:that|it|this|the last \w+|the change) back\b|\btake back\b"
        r"|\broll(?: it)? back\b|"
        r"\bgo back \d+ (?:changes?|steps?)\b|\bgo back(?: to (?:the )?(?:previous|last|old|earlier|before)\b.*)?$"
        r"|\bback to (?:the )?(?:previous|last"
        r"|old) (?:plan|version|one|settings)\b|\bas it was(?: before)?\b",
        text,
    )
    if undo and plan:
        times = re.search(r"\b(?:last |back )?(\d+)(?: (?:changes|steps|times|edits))?\b", text)
        return Reading((Call("undo_plan", {"times": int(times[1])} if times else {}),))
    if undo:
        return Reading(topic="no_plan")
    asked = questions.asks(text)
    wanted = wanted_changes(text)
    if (
        asked
        and wanted.arguments
        and questions.what_if(text)
        and re.search(
            r"\d|\bhal[fv]\w*|\bdoubl\w*|\btripl\w*|\btwice\b|longer|shorter|quality|fast\b|ltx|more|less|fewer"
            r"|higher|lower",
            text,
        )
    ):
        if re.search(r"\b(?:only )?(?:had|have) \d+ (?:images|pictures|photos|clips|files|videos)", text):
            return Reading((about(said),))
        return (
            Reading((Call("change_plan", wanted.arguments | {"only_show": True}),)) if plan else Reading((about(said),))
        )
    if asked:
        return _question(text, said, facts)
    if _proposes(text):
        chosen = wanted.only("preset", "base")
        return Reading((*_before_plan(facts), Call("propose_plan", chosen)))
    if wanted and re.search(CONDITION, text):
        return Reading(topic="launch_conditional")
    if wanted and not _about_files(text):
        if not plan:
            preset = wanted.only("preset", "base")
            if preset and facts.get("verdict") and facts.get("recipe"):
                return Reading((*_before_plan(facts), Call("propose_plan", preset)))
            return Reading(topic="no_plan")
        if wanted.question:
            return Reading(topic="question", words=wanted.question)
        return Reading((Call("change_plan", wanted.arguments),))
    if re.search(
        r"\b(?:show|see|read|print|display|what's in|summari[sz]e|explain|describe)\b(?: \w+){0,3} \bplan\b"
        r"|\bcurrent (?:plan|settings)\b|^(?:the )?plan[.?]?$",
        text,
    ):
        return (
            Reading((Call("explain_plan"),))
            if plan
            else Reading((*_before_plan(facts), Call("propose_plan", {})))
            if facts.get("verdict")
            else Reading(topic="no_plan")
        )
    if re.search(r"\b(?:change|adjust|tweak|edit|modify) (?:the |my )?(?:plan|settings|parameters)\b", text) and plan:
        return Reading(topic="what_change")
    return None


def _about_files(text: str) -> bool:
    return bool(
        re.search(
            r"\bcaptions?\b(?! dropout)|\b(?:drop|remove|exclude|leave out|set aside) (?:the )?(?:blurry|duplicates?"
            r"|small|short)",
            text,
        )
    )


def _proposes(text: str) -> bool:
    return bool(
        re.search(
            r"\b(?:make|propose|create|give|suggest|draw up|write|prepare|build|new|fresh|recommend"
            r"|need)\b(?: \w+){0,4} \bplan\b|^plan(?: it| this| the training)?(?: please)?[.!]?$|"
            r"\b(?:now|next) (?:the )?(?:training )?plan\b|\bplan the training\b|\bre-?plan\b|\brefresh the plan\b"
            r"|\bupdate the plan$"
            r"|\bstart over with the plan\b|\bwith a plan\b",
            text,
        )
    )


def _before_plan(facts: Facts) -> tuple[Call, ...]:
    """What a plan needs first and can be done without asking."""
    calls: list[Call] = []
    if facts.get("recipe") and (facts.get("images") or facts.get("clips")):
        if not facts.get("verdict"):
            calls.append(Call("audit_dataset"))
        if facts.get("without_caption"):
            calls.append(Call("write_captions"))
    return tuple(calls)


def _question(text: str, said: str, facts: Facts) -> Reading | None:
    plan = bool(facts.get("plan"))
    if re.search(
        r"\b(?:which|what) recipes?\b|\bwhat (?:kinds?|sorts?|types?) of (?:loras?|things?)\b|\bwhat can (?:i|we"
        r"|you) (?:teach|train)\b",
        text,
    ) and not re.search(r"\bshould\b|\bbest\b|\brecommend|\bright\b", text):
        return Reading((Call("list_recipes"),))
    if re.search(
        r"\b(?:character|face|style|motion|effect)\b.*\b(?:or|vs\.?|versus|and)\b.*\b(?:character|face|style|motion"
        r"|effect)\b",
        text,
    ) and re.search(r"\bor\b|\bdifference\b|\bvs\b|\bversus\b|\bbetter\b", text):
        return Reading((Call("list_recipes"), about(said)))
    if (
        re.search(
            r"\bwhich (?:one|recipe)\b|\bwhat (?:recipe|would you recommend|do you recommend|should i (?:use|choose"
            r"|pick))\b",
            text,
        )
        and not plan
    ):
        goal = goals.recipe_wanted(text)
        return None if goal else Reading(topic="recommend")
    if re.search(
        r"^what(?:'s| is| comes| now| do (?:i|we) do)? ?(?:next|now)\b|\bwhat now\b|^(?:ok |okay |so )?and now\b"
        r"|\bnext step\b",
        text,
    ):
        return Reading(topic="next")
    if re.search(
        r"\bwhat(?:'s| is) (?:the|my|in the) (?:current )?(?:plan|settings)\b|\bwhich (?:settings|values"
        r"|parameters)\b|\bwhy (?:this|that|the) plan\b",
        text,
    ) or (re.search(r"\bexplain\b.*\bplan\b", text)):
        return Reading((Call("explain_plan"),)) if plan else Reading(topic="no_plan")
    if file_calls(text, facts):
        return None
    asked = questions.field_asked(text)
    if asked in ("price", "time") or (asked == "memory" and re.search(questions.FITS, text)):
        return Reading((Call("explain_plan", {"field": asked}),)) if plan else Reading((about(said),))
    if asked and plan:
        return Reading((Call("explain_plan", {"field": asked}), about(said)))
    if re.search(DOMAIN, text) or asked:
        return Reading((about(said),))
    return None
