"""Sentences about the plan: propose, change, undo, what-if, and why."""

from . import questions
from .asked_files import imagined_files
from .asked_values import values_beside
from .changes import Wanted, wanted_changes
from .files import file_calls
from .patterns import search, sub
from .plan_questions import before_plan, plan_question
from .reading import Call, Facts, Reading, about, ask

CONDITION = (
    r"\b(?:if|unless|provided|as long as|only when|in case)\b(?! (?:possible|i may|you can|you could|that's ok|needed))"
)


WHAT_THEN = "Not that, I understand; what then? Give me the number, for example “rank 64” or “500 steps”."
REJECTED = (  # a value that is not to be: 'not rank 64', 'rank 64 would be too much'
    r"^(?:(?:please|but|and|no|well|hm+),? )*(?:not|never|avoid|(?:don't|do not)(?: ever)? (?:use|take|set|go|make|do"
    r"|want"
    r"|need|train|try))\b(?!.*\b(?:more|less|longer|over|above|exceed|beyond|under|below|fewer|past|than|higher|lower"
    r"|shorter|but|instead|rather)\b)[^,.;:?\d]*\d[\d.]*[^\d,;:?]*$"
    r"|^(?:(?:but|and|well|hm+|i think|i guess),? )*[\w ]*\d\w*(?: \w+)? (?:is|are|was|were|would be|sounds?|seems?)"
    r" (?:way |far |really |just |a bit |quite )?(?:too (?:much|many|high|big|large|low|few|little|small)|a lot|bad"
    r"|overkill"
    r"|nonsense|wrong|stupid|crazy|excessive)\b[^,;:?]*$"
)


_UNDO = (
    r"\btake\b.*\b(?:changes?|edits?)\b.*\bback\b|\bundo\b|\brevert\b|\breverse (?:that|it|this"
    r"|the (?:last )?(?:change|edit))\b|\btake (?:that|it|this"
    r"|the last \w+|the change|those|these|them|my last \w+) back\b"
    r"|\btake back\b"
    r"|\broll(?: it| that)? back\b|\bgo back \d+ (?:changes?|steps?)\b|\bgo back 1\b|\b(?:1|one|a) (?:step"
    r"|change) back\b"
    r"|\bgo back(?: to (?:the )?(?:previous|last|old|earlier|before|first|original)\b.*)?$"
    r"|\bback to (?:the )?(?:previous|last|old|earlier|original|first) (?:plan|version|one|settings|values)\b"
    r"|\bas it was(?: before)?\b"
    r"|\b(?:back|restore|return|reset|change it|put it|make it|leave it|keep it)\b.*\b(?:how|what|the way|like"
    r"|as) (?:it|they|things|we|everything)? ?(?:was|were|had it|before|used to be|been)\b"
    r"|\b(?:change|put|set|switch|turn|move|get) (?:it|that|this|everything|things) back\b(?! (?:in|to (?:\d|rank"
    r"|the (?:standard|fast|quality))))"
    r"|\b(?:scrap|discard|drop|throw away|remove|forget|reverse|cancel|delete|ditch|lose|scratch|void|take out"
    r"|get rid of)\b(?: (?:the|my|that|this|those|these|last|latest|previous|of|all|both|your|\d+))* (?:changes?"
    r"|edits?|adjustments?|modifications?|tweaks?)\b"
    r"|\brestore (?:the )?(?:old|previous|last|former|earlier|original)\b|\b(?:scratch|forget) that$"
    r"|\bthat(?: last (?:one|change))? was (?:wrong|a mistake|an error)\b|\bi (?:liked|preferred) (?:it|the (?:old"
    r"|previous|last) \w+) (?:better|more|before)\b"
    r"|\bi(?:'ve| have)? changed my mind(?: about (?:that|it|the last change))?[.! ]*$"
)
_EFFECT = (  # what a change would do, not the change: 'would it be quicker at rank 16?'
    r"\b(?:how much|would|will|does|do|is|be|gets?|takes?|cost|run|train)\b(?: \w+){0,3}? (?:(?:any|much|a lot"
    r"|a bit|still|even|noticeably) )*"
    r"(?:longer|quicker|faster|cheaper|slower|shorter|better|worse|more expensive|less time|more time)\b"
    r"(?= (?:with|at|on|for|if|when|using|by)\b)"
)
_MEASURED = (
    r"\d|\bhal[fv]\w*|\bdoubl\w*|\btripl\w*|\btwice\b|longer|shorter|quality|fast\b|standard|ltx|more|less|fewer"
    r"|higher|lower|bigger"
    r"|smaller|quicker|sound|audio|crop\w*|\bthird\b|\bquarter\b|offload|reference|checkpointing"
)


def plan_talk(text: str, said: str, facts: Facts) -> Reading | None:
    plan = bool(facts.get("plan"))
    if (
        search(_UNDO, text)
        and not search(r"\.(?:png|jpe?g|webp|mp4|mov)\b|\bitm_", text)
        and not questions.asks(text)
        and not search(
            r"\b(?:don't|do not"
            r"|never(?! ?mind)) \w+",
            text,
        )
    ):
        return _undone(text, facts)
    if beside := values_beside(text):
        return (
            Reading(tuple(Call("change_plan", look | {"only_show": True}) for look in beside))
            if plan
            else Reading((about(said),))
        )
    asked = questions.asks(text)
    files = imagined_files(text, facts) if asked or questions.what_if(text) else {}
    if files and (questions.what_if(text) or search(r"\bif\b|\bhow (?:long|much|many steps)\b", text)):
        return Reading((Call("change_plan", files | {"only_show": True}),)) if plan else Reading((about(said),))
    wanted = wanted_changes(sub(_EFFECT, " ", text) if asked else text)
    if asked and wanted.arguments and questions.what_if(text) and search(_MEASURED, text):
        return (
            Reading((Call("change_plan", wanted.arguments | {"only_show": True}),)) if plan else Reading((about(said),))
        )
    if asked:
        return plan_question(text, said, facts)
    if _proposes(text, facts) and not any(name == "set_excluded" for name, _ in file_calls(text, facts)):
        return _proposed(wanted, facts)
    if wanted and search(CONDITION, text):
        return Reading(topic="launch_conditional")
    if wanted and plan and search(REJECTED, text):
        return ask(WHAT_THEN)
    if wanted and not _about_files(text):
        return _changed(wanted, facts)
    if search(
        r"\b(?:show|see|read|print|display|what's in|summari[sz]e|explain|describe|list|go through|walk me through"
        r"|recap)\b(?: \w+){0,3} "
        r"(?:plan|settings|parameters|values)\b|\bcurrent (?:plan|settings)\b|^(?:the )?plan[.?]?$",
        text,
    ):
        if plan:
            return Reading((Call("explain_plan"),))
        return (
            Reading((*before_plan(facts), Call("propose_plan", {})))
            if facts.get("verdict")
            else Reading(topic="no_plan")
        )
    if (
        search(
            r"\b(?:change|adjust|tweak|edit|modify) (?:the |my |some |a few )*(?:plan|settings|parameters"
            r"|things|values)\b",
            text,
        )
        and plan
    ):
        return Reading(topic="what_change")
    return None


def _undone(text: str, facts: Facts) -> Reading:
    plan = facts.get("plan")
    if not plan:
        return Reading(topic="no_plan")
    if (
        search(
            r"\b(?:everything|all (?:of )?(?:the |my |those |these )?(?:changes|edits|it|them)?"
            r"|the whole lot)\b",
            text,
        )
        and plan.get("changes", 0) > 1
    ):
        return Reading((Call("undo_plan", {"times": min(50, plan["changes"])}),))
    times = search(
        r"\b(?:last |back |past |previous |these |those |latest )?(\d+)(?: (?:changes|steps|times"
        r"|edits|tweaks|of (?:them|those)))?\b",
        text,
    )
    if times is None and (word := search(r"\b(?:(twice)|(both)|(thrice))\b", text)):
        return Reading((Call("undo_plan", {"times": 3 if word[3] else 2}),))
    return Reading((Call("undo_plan", {"times": int(times[1])} if times and 1 < int(times[1]) <= 50 else {}),))


def _proposed(wanted: Wanted, facts: Facts) -> Reading:
    """A fresh plan, and what else was said of it as a change of that."""
    if not facts.get("recipe"):
        return Reading(topic="no_plan")
    further = wanted.without("preset", "base")
    change = (Call("change_plan", further),) if further else ()
    return Reading((*before_plan(facts), Call("propose_plan", wanted.only("preset", "base")), *change))


def _changed(wanted: Wanted, facts: Facts) -> Reading:
    if facts.get("plan"):
        return (
            Reading(topic="question", words=wanted.question)
            if wanted.question
            else Reading((Call("change_plan", wanted.arguments),))
        )
    if wanted.arguments and facts.get("verdict") and facts.get("recipe"):
        return _proposed(wanted, facts)
    return Reading(topic="no_plan")


def _about_files(text: str) -> bool:
    return not search(r"\bdrop-?out\b", text) and bool(
        search(
            r"\bcaptions?\b(?! dropout)|\b(?:drop|remove|exclude|leave out|set aside) (?:the )?(?:blurry|duplicates?"
            r"|small|short)",
            text,
        )
    )


def _proposes(text: str, facts: Facts) -> bool:
    if facts.get("stage") == "plan" and search(
        r"\b(?:give|get|need|want|have|see|show|where(?:'s| is)) (?:me |us )?(?:the|that|your|a) (?:\w+ )?(?:plan"
        r"|proposal)\b|"
        r"\bhow would (?:you|we) train\b|\bwhat (?:do|would) you (?:propose|suggest|recommend)\b|\b(?:quick|short"
        r"|test|trial|fast|first) (?:test |training )?run\b"
        r"|\b(?:prepare|set up|plan|organi[sz]e|configure|arrange) (?:the |my |a |our )?training\b|\bi(?:'m"
        r"| am) ready\b|\bready (?:to|for)\b|\bwork (?:it|something) out\b",
        text,
    ):
        return True
    return bool(
        search(
            r"\b(?:make|propose|create|give|suggest|draw up|write|prepare|build|new|fresh|recommend|work out"
            r"|come up with"
            r"|set up|put together|sketch|draft|design|generate|need|want)\b(?: (?!the plan\b)\w+){0,4} \b(?:plan"
            r"|proposal)\b"
            r"|^(?:a |an )?(?:\w+ )?plan(?= with\b| for\b|,)|^(?:let's |let us |now |ok |then |next |please "
            r"|and )*plan(?: it| this| the training)?(?: please| now)?[.!]?$|"
            r"\b(?:now|next) (?:the )?(?:training )?plan\b|\bplan the training\b|\bre-?plan\b|\brefresh the plan\b"
            r"|\bupdate the plan$"
            r"|\bstart over with the plan\b|\bwith a plan\b",
            text,
        )
    )
