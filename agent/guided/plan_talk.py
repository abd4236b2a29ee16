"""Sentences about the plan: propose, change, undo, what-if, and why."""

from . import goals, questions
from .asked_files import imagined_files
from .asked_values import values_beside
from .changes import Wanted, wanted_changes
from .files import file_calls
from .patterns import search, sub
from .reading import Call, Facts, Reading, about

CONDITION = (
    r"\b(?:if|unless|provided|as long as|only when|in case)\b(?! (?:possible|you can|you could|that's ok|needed))"
)
DOMAIN = (
    r"\b(?:loras?|train\w*|caption\w*|trigger|dataset|data|images?|pictures?|photos?|clips?|videos?|files?|ltx|mini"
    r"|comfy\w*|fal|diffusers|over-?fit\w*|under-?fit\w*|overtrain\w*|recipes?|character|face|style|motion|effect"
    r"|likeness"
    r"|licen[sc]e\w*|commercial\w*|copyright\w*|legal\w*|law|sell\w*|sold|publish\w*|privacy|private|share|gpu"
    r"|graphics|video card|nvidia"
    r"|amd|cuda|vram|laptop|computer|machine|cloud|internet|offline|disk|cpu|checkpoints?|validation|loss|epochs?"
    r"|iterations?"
    r"|optimi[sz]er|adam\w*|scheduler|warm-?up|backgrounds?|angles?|views?|poses?|expressions?|outfits?|clothes"
    r"|hair|glasses|light\w*"
    r"|duplicates?|blurr?\w*|resolution|steps|rank|alpha|seed|frames|fps|precision|bf16|fp16|fp8|int8|safetensors"
    r"|consent|permission"
    r"|credits?|price|pricing|costs?|budget|approv\w*|leak\w*|noun|sharp\w*|prompt\w*|stack\w*|strength|memory"
    r"|base model|models?|generic"
    r"|dropout|held|batch|learning rate|formats?|jpe?g|png|webp|gif|heic|mp4|mov|webm|zip|folder|cuts?|identity"
    r"|consisten\w*|quality"
    r"|originals?|square|portrait|landscape|aspect|crop\w*|pixels?|watermark\w*|logos?|subtitles?|phone|camera"
    r"|screenshots?|drawings?"
    r"|sketch\w*|merge\w*|scores?|scorecard|report|findings?|flicker\w*|artifacts?|sound|audio|voice|music"
    r"|references?|control clips?"
    r"|recordings?|footage|upload\w*|class word|weights?|civitai|hugging ?face|ollama|vision model|children|kids"
    r"|people|person|celebrit\w*"
    r"|cartoons?|mascot|anime|subject|examples?|minimum|maximum|teach\w*|learn\w*|generat\w+|synthetic|preset|plan"
    r"|deleted?|stored?"
    r"|split\w*|normali[sz]\w*|gradient|checkpointing|quanti[sz]\w*|offload\w*|ema|preservation|regulari[sz]\w*"
    r"|conditioning|sampler"
    r"|guidance|inference|workflow|nodes?|trademark\w*|credit|attribution|deep-?fakes?|card|window|browser|slack"
    r"|undo|risks?|danger\w*|safe\w*|exist\w*|offline|mac|windows|linux|apple|result|strengths?|weakness\w*)\b"
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
        return _question(text, said, facts)
    if _proposes(text, facts) and not any(name == "set_excluded" for name, _ in file_calls(text, facts)):
        return _proposed(wanted, facts)
    if wanted and search(CONDITION, text):
        return Reading(topic="launch_conditional")
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
            Reading((*_before_plan(facts), Call("propose_plan", {})))
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
    return Reading((*_before_plan(facts), Call("propose_plan", wanted.only("preset", "base")), *change))


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


def _before_plan(facts: Facts) -> tuple[Call, ...]:
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


def _question(text: str, said: str, facts: Facts) -> Reading | None:
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
        return Reading((*_before_plan(facts), Call("propose_plan", {})))
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
