"""What the guided model says: results in plain words, topics without a tool, and the step that comes next."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from . import studio_answers
from .nearest import nearest
from .patterns import sub
from .spelling import normal
from .topics import COMPLETE, LEADS, NOT_YET, TOPICS

Facts = dict[str, Any]
_ASKED = frozenset(  # answers to a question, or a word put aside: no next step is named after them
    (
        *("look_up", "explain_plan", "list_recipes", "make_candidates", "set_standing_order", "list_standing_orders"),
        *("cancel_standing_order", "list_approvals", "revoke_approval", "show_budget", "list_consents", "base_status"),
    )
)
_TWEAKS = ("change_plan", "apply_finding", "undo_plan", "launch_training")
Data = dict[str, Any]


@dataclass(frozen=True)
class Result:
    """A tool's result as the thread has it."""

    name: str
    arguments: dict[str, Any]
    text: str
    failed: bool = False
    data: Data = field(default_factory=dict)


def lead(name: str) -> str:
    """A word before a tool that takes a while."""
    return LEADS.get(name, "")


def not_yet(name: str, facts: Facts) -> str:
    """Why a tool can't be used now, and what comes first."""
    return f"{NOT_YET.get(name, 'That is not possible yet.')} {next_step(facts)}"


def about(topic: str, words: str, facts: Facts, *, card_waits: bool = False) -> str:
    """An answer that needs no tool. While a card waits there is no next step to name: the card is shown again."""
    if topic == "question":
        return words
    if card_waits and topic in ("unclear", "launch_conditional", "next"):
        return (
            "That is not a clear yes or no from you, so nothing is started. Answer the card with yes or no, or tell me "
            "what to change."
        )
    if topic == "unclear" and not card_waits:
        return _unclear(words, facts)
    return TOPICS[topic] if card_waits or topic in COMPLETE else f"{TOPICS[topic]} {next_step(facts)}".strip()


def _unclear(said: str, facts: Facts) -> str:
    """What was not understood, with the nearest things that can be done here and now."""
    near = nearest(normal(said), facts)
    if not near:
        return f"{TOPICS['unclear']} I help you teach a video model something of your own. {next_step(facts)}"
    listed = ", ".join(f"“{words}”" for words in near)
    return f"{TOPICS['unclear']} You could say, for example: {listed}. {next_step(facts)}"


def after(results: Sequence[Result], facts: Facts, *, card_waits: bool, events: Sequence[str]) -> str:
    """The answer to what the tools of this turn found."""
    parts = [*events]
    explained = any(result.name == "explain_plan" and not result.failed for result in results)
    for result in results:
        if result.failed:
            parts.append(sub(r"\bAsk the person to\b", "Please", result.text))  # some words are meant for a model
        elif result.name == "look_up":
            parts.append(_articles(result, short=explained or len(results) > 1))
        else:
            parts.append(_words(result))
    if _proposed(results):
        card_waits = True  # the answer ends with its own question
    asked = all(result.name in _ASKED or result.name in studio_answers.TOOLS for result in results)
    suggested = _suggested(results[-1], facts) if results else ""
    refused = results[-1].failed and results[-1].name == "launch_training"  # its words say what is to be done first
    if suggested and not card_waits:
        parts.append(suggested)
    elif not card_waits and not refused and not (asked and facts.get("stage") != "recipe"):
        parts.append(_briefly(facts) if any(result.name in _TWEAKS for result in results) else next_step(facts))
    return "\n\n".join(part for part in parts if part)


def _suggested(last: Result, facts: Facts) -> str:
    """What the last result itself suggests."""
    if last.failed:
        return ""
    if last.name == "diagnose":
        return studio_answers.after_diagnosis(last.data)
    return studio_answers.next_after(last.name, last.arguments, last.data, facts)


def _proposed(results: Sequence[Result]) -> bool:
    """Did the last tool say what splitting would give, without doing it?"""
    last = results[-1] if results else None
    return last is not None and last.name == "split_clips" and not last.failed and last.data.get("split") is False


def _words(result: Result) -> str:
    if result.name == "split_clips" and _proposed([result]):
        return f"{result.text}\nShall I split them?"
    if result.name == "audit_dataset":
        return f"I have looked at every file.\n{result.text}"
    if result.name == "choose_recipe" and result.data:
        return _recipe(result)
    if result.name in ("take_in_candidates", "mark_synthetic") and not result.data:
        return "All right, nothing was changed: they stay marked and set aside."
    if result.name == "record_consent" and not result.data:
        return "All right, no consent was recorded."
    if result.name == "launch_training" and not result.data:
        return "All right, nothing was started. The plan stays as it is."
    if result.name == "diagnose" and result.data.get("findings"):
        return "This is what I would change, and why:\n" + studio_answers.numbered(result.text)
    if result.name == "diagnose":
        return sub(r" \[finding \w+\]", "", result.text)
    return result.text


def _recipe(result: Result) -> str:
    data = result.data
    consent = " The person shown must have agreed to this." if data["recipe"] == "face" else ""
    return (
        f"That is a job for the {data['recipe']} recipe: it teaches {data['teaches']}. I need "
        f"{data['needs']}.{consent}\n"
        f"Your trigger word is {data['trigger']}, and captions will call it “{data['noun']}”. You will put the "
        f"trigger word into prompts; it is "
        f"rare on purpose, so that nothing else answers to it. (Source: {data['source']}.)"
    )


def _articles(result: Result, *, short: bool) -> str:
    articles = result.data.get("articles")
    if not articles:
        return "" if short else result.text
    shown = articles[:1] if short else articles[:2]
    return "\n".join(f"{entry['title']}: {entry['excerpt']} (source: {'; '.join(entry['sources'])})" for entry in shown)


def _briefly(facts: Facts) -> str:
    """The next step once the long form is known."""
    return (
        "Say “launch” when it suits you, or change it further." if facts.get("stage") == "launch" else next_step(facts)
    )


def next_step(facts: Facts) -> str:
    """One sentence on what comes next."""
    stage = facts.get("stage", "recipe")
    if stage == "recipe":
        return "What would you like to teach: a character, a face, a style, a motion or an effect?"
    if stage == "dataset":
        return _next_for_files(facts)
    if stage == "plan":
        stale = (facts.get("plan") or {}).get("stale")
        return (
            "The files or captions have changed since the plan was made. Shall I make it anew?"
            if stale
            else "Shall I make the training plan?"
        )
    if stage == "launch":
        return (
            "Change anything in plain words, such as “train 30 % longer”, or say “launch”: I then show you a card "
            "with time and price, "
            "and only your yes to it starts anything."
        )
    if stage == "training":
        return "I keep you posted while it runs. Ask me anything meanwhile, or say “stop” to cancel."
    return "Ask “what would you change next?”, or “show me a clip of …” to try it."


def _next_for_files(facts: Facts) -> str:
    if not (facts.get("images") or facts.get("clips")):
        if facts.get("waiting_uploads"):
            return "Shall I take in the files that you handed over?"
        return "Now hand me your pictures, clips or a whole folder."
    if not facts.get("verdict"):
        return "Shall I look at the files?"
    flagged = facts.get("better_left_out")
    aside = "You can say “leave out the ones you flagged” first; nothing is deleted. " if flagged else ""
    return f"{aside}Shall I write the captions?"
