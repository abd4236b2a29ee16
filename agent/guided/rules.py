"""The rules: from a sentence and the project's facts to tool calls in their order, or a topic to speak about."""

import re
from dataclasses import replace

from . import questions
from .base_talk import base_talk
from .candidates import candidates_talk
from .clips_talk import clips_talk
from .domain import DOMAIN
from .files import files_but_some
from .fillers import sentences, without_frills
from .findings_talk import findings_talk
from .follow_ups import follow_up
from .gates_talk import gates_talk
from .orders_talk import orders_talk
from .patterns import fullmatch, match, search, sub
from .plain_talk import plain_talk
from .plan_talk import plan_talk
from .plausible import plausible_cards
from .reading import Call, Facts, Reading, about
from .replaced_words import replace_talk
from .results_talk import results_talk
from .run_control import run_control
from .setting_up import setting_up
from .sharing_talk import sharing_talk
from .spelling import normal
from .studio_talk import studio_talk
from .uploads_talk import and_uploads, with_uploads

CARDS = frozenset(("launch_training", "download_base", "take_in_candidates", "mark_synthetic", "record_consent"))
_LINKED = re.compile(
    r"\b(?:if|unless|maybe|when|once|as (?:long|soon) as|until|provided|said|says|wrote|told|wants)\b|\"|:"
)  # what belongs together stays together
_OURS = r"\b(?:it|this|that|they|them|these|those|my|mine|i|we|our)\b"
_ELSEWHERE = (
    r"\b(?:weather|jokes?|what time|president|football|soccer|pizza|sky|capital|poems?|songs?|news|stocks?|bitcoin"
    r"|dinner|lunch|love|married|birthday|homework|essay|politics|god|meaning of life"
    r"|horoscope|lottery|translate|recipe for|cook\w*|holiday|vacation|taxi|train station|flight|hotel)\b"
    r"|\byour (?:name|age|favou?rite|mother|opinion on)\b|\bare you (?:human|real|a (?:robot|person|bot)|alive|gpt"
    r"|chatgpt|an ai)\b|\blaunch\w*\b"
)


def by_rules(said: str, facts: Facts, uploads: list[str]) -> Reading:
    """Understand a message by rules alone. Never launches on anything but a plain request to start the training."""
    text = normal(said)
    if not text:
        return Reading(calls=with_uploads(facts, uploads)) if uploads else Reading(topic="unclear")
    whole = _read_one(text, said, facts, uploads)
    parts = sentences(text)
    if len(parts) > 1 and not uploads and not _LINKED.search(text):
        whole = _joined(whole, [_read_one(part, _as_said(part, said), facts, []) for part in parts])
    return replace(whole, plausible=plausible_cards(text, said, facts, uploads))


def _joined(whole: Reading, parts: list[Reading]) -> Reading:
    """Several wishes in one message, in their order, where each sentence is understood by itself."""
    clear = _wished([part for part in parts if part.calls])
    if not clear or any(part.topic in ("question", "launch_conditional", "launch_denied") for part in parts):
        return whole
    calls = list({(call.name, repr(call.arguments)): call for part in clear for call in part.calls}.values())
    looked_up = [call for call in calls if call.name == "look_up"]
    if len(looked_up) > 1:
        calls = [call for call in calls if call.name != "look_up" or call is looked_up[0]]
    unclear = [part for part in parts if not part.calls and part.topic == "unclear"]
    stated = {call.name for call in whole.calls}
    asked = any({call.name for call in part.calls} <= {"look_up"} for part in parts)
    if asked and any(call.name in CARDS and call.name not in stated for call in calls):
        return whole  # a card opens only where every word around the wish for it is understood
    if whole.calls and (unclear or len(whole.calls) > len(calls)):
        return whole
    return Reading(tuple(calls))


def _wished(clear: list[Reading]) -> list[Reading]:
    """Without parts that are only looked up, where another part wants something done."""
    done = [part for part in clear if {call.name for call in part.calls} != {"look_up"}]
    return done or clear


def _as_said(part: str, said: str) -> str:
    """The words of a sentence as they were written, for names and scenes; the normalised ones where they differ."""
    found = re.search(re.escape(part.rstrip(".!?; ")), " ".join(said.split()), re.IGNORECASE)
    return found[0] if found else part


def _read_one(text: str, said: str, facts: Facts, uploads: list[str]) -> Reading:
    """Understand one sentence, or a message that is one thought."""
    whole, text = text, without_frills(text)
    if not uploads and (again := follow_up(text, said, facts)) is not None:
        return again
    about_candidates = candidates_talk(text, said, facts, uploads)
    if about_candidates is not None:
        return about_candidates
    about_studio = studio_talk(text, said, facts, uploads) or findings_talk(text, facts)
    if about_studio is not None:
        return about_studio
    for rule in (
        sharing_talk,
        replace_talk,
        clips_talk,
        files_but_some,
        plain_talk,
        base_talk,
        _gates,
        _small_talk,
        run_control,
        results_talk,
        plan_talk,
    ):
        if uploads and rule is _small_talk:
            continue
        reading = rule(whole if rule in (_small_talk, run_control) else text, said, facts)
        if reading is not None and not (uploads and not reading.calls):
            return and_uploads(reading, facts, uploads)
    reading = setting_up(text, said, facts, uploads)
    if reading is not None:
        return reading
    return _otherwise(text, said, facts)


def _gates(text: str, said: str, facts: Facts) -> Reading | None:
    return gates_talk(text, said, facts) or orders_talk(text, said, facts)


def _small_talk(text: str, _said: str, facts: Facts) -> Reading | None:
    bare = sub(r"[^\w\s']", "", text).strip()
    if fullmatch(
        r"(?:hi|hello|hey|hiya|howdy|good (?:morning|evening|afternoon)|yo|hallo|greetings)(?: (?:there|sidekick|all"
        r"|again))*",
        bare,
    ):
        return Reading(topic="greet")
    if fullmatch(
        r"(?:(?:many |ok |okay |great |cool |perfect )?(?:thanks|thank you|cheers)(?: (?:a lot|so much|very much"
        r"|sidekick|you))*|great|nice|cool|perfect|wow|awesome|lovely)",
        bare,
    ):
        return Reading(topic="thanks")
    if search(
        r"^(?:help|help me|\?+)$|\bwhat (?:can|do) you do\b|\bwho are you\b|\bwhat are you\b|\bhow does (?:this"
        r"|it all|sidekick) work\b|"
        r"\bwhat is (?:this|sidekick)\b(?! (?:a |the )?(?:plan|rank))|\bwhat's this\b|\bhow do (?:i|we) (?:start"
        r"|begin|get started|use (?:this|you))\b|\bwhere do (?:i|we) (?:start|begin)\b|"
        r"\bwhat can i (?:do|say|ask)\b(?! (?:about|with (?!you)|to|against))|\bnew (?:to this|here)\b"
        r"|\bnever done (?:this|that|it|anything like)\b|\bwhat do you need from me\b",
        text,
    ):
        return Reading(topic="help")
    return None


def _otherwise(text: str, said: str, facts: Facts) -> Reading:
    bare = sub(r"[^\w\s']", "", text).strip()
    if fullmatch(
        r"(?:(?:ok|okay|yes|yep|yeah|sure|fine|alright|right|great|good|perfect|well|please|sounds|looks|thats"
        r"|that's|cool|nice|then|now|and) ?)*"
        r"(?:(?:yes|ok|okay|yeah|yep|sure|fine|good|great|perfect|alright)|go on|go ahead|go|continue|carry on"
        r"|proceed|next|next step|next please|do it|do that|please do|"
        r"let's (?:go|continue|do it|do that|do this|go on|move on)|move on|keep going|onwards?|all of it"
        r"|(?:just )?do (?:the rest|everything|whatever (?:is|comes) (?:next|needed)|what(?:ever)? (?:is"
        r"|you) (?:needed|need|think))"
        r"|whatever you think(?: is best)?|you know best|as you (?:like|think|wish)|finish (?:it|that)|(?:get"
        r"|take) (?:it|us|me) (?:there|to the next step)"
        r"|do all of (?:it"
        r"|that)|you do it)(?: please| then| now)?",
        bare,
    ):
        return _onward(bare, facts)
    asked = questions.asks(text) or match(
        r"(?:can|could|may|might|is|are|does|do|will|would) (?:it|they|i|this"
        r"|that|one)\b",
        text,
    )
    if asked and (search(DOMAIN, text) or _on_topic(text, facts)):
        return Reading((about(said),))
    return Reading(topic="unclear", words=said)


def _on_topic(text: str, facts: Facts) -> bool:
    """A question about what is being done here, by its pronouns; other questions are not looked up."""
    ours = search(_OURS, text) or (facts.get("noun") and str(facts["noun"]) in text.split())
    return len(text.split()) > 3 and bool(ours) and not search(_ELSEWHERE, text)


def _onward(bare: str, facts: Facts) -> Reading:
    """'go on': the next step, as far as it needs no decision."""
    stage, run = facts.get("stage"), facts.get("run") or {}
    stopped = run.get("of_current_plan") and run.get("state") in ("failed", "cancelled")
    if stage == "launch" and stopped and search(r"\b(?:on|continue|proceed|going|ahead|go|onwards?)\b", bare):
        return Reading((Call("launch_training"),))  # the card says from where it would go on
    if stage == "dataset" and (facts.get("images") or facts.get("clips")) and facts.get("recipe"):
        calls = [] if facts.get("verdict") else [Call("audit_dataset")]
        if calls:
            return Reading(tuple(calls))
        return Reading((Call("write_captions"), Call("propose_plan", {})))
    if stage == "dataset" and facts.get("waiting_uploads"):
        return Reading((Call("add_files", {}),))
    if stage == "plan":
        return Reading((Call("propose_plan", {}),))
    if stage == "launch" and not stopped and search(r"\bgo ahead\b|\blet's (?:go|do (?:it|this))\b|^go$", bare):
        return Reading((Call("launch_training"),))
    if stage == "training":
        return Reading((Call("training_status"),))
    return Reading(topic="next")
