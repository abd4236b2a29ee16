"""Sentences about results: scorecard, what to change next, and clips to make."""

from .clip_wanted import prompt_wanted
from .findings_talk import FOUND
from .follow_ups import APPLIED
from .patterns import match, search
from .reading import Call, Facts, Reading, about, ask
from .results_words import ABOUT_RUN, APPLY, IMPROVE, METRIC, RESULT, SYMPTOM


def results_talk(text: str, said: str, facts: Facts) -> Reading | None:
    ran = bool(facts.get("run") or facts.get("lora"))
    run = facts.get("run") or {}
    if (
        search(APPLY, text)
        and ran
        and not match(r"(?:and |so |but )*(?:what|which|how|why|where|when)\b", text)
        and (facts.get("stage") == "results" or run.get("scorecard") or run.get("state") == "failed")
    ):
        return (
            None
            if search(r"\b(?:don't|do not|never|if|unless|maybe)\b|\bshould (?:i|we)\b|\"", text)
            else _applied(facts)
        )
    if search(IMPROVE, text) and not search(r"\b(?:captions?|pictures?|photos?|files|dataset)\b", text):
        return Reading((Call("diagnose"),)) if ran else None
    if run.get("state") == "failed" and search(
        r"\bwhat (?:now|next|to do|can|should|do)\b|\bhow (?:can|do"
        r"|could) (?:i|we) (?:fix|solve|avoid|prevent|get around)\b"
        r"|\bhelp\b",
        text,
    ):
        return Reading((Call("diagnose"),))
    prompt = prompt_wanted(text, said, facts) if ran else None
    if prompt is not None and not search(SYMPTOM, text):
        return Reading((Call("generate_clip", prompt),))
    symptom = search(SYMPTOM, text) and not match(
        r"(?:what|how|which|who|when|where|if|are|is|do|does|can"
        r"|should|will|would)\b",
        text,
    )
    if symptom and ran and facts.get("stage") in ("results", "launch", "plan"):
        return Reading((Call("diagnose"), about(said)))
    if prompt is not None:
        return Reading((Call("generate_clip", prompt),))
    if (
        not ran
        and (facts.get("images") or facts.get("clips"))
        and not search(
            r"\bresults?\b|\bscore\w*|\blora\b"
            r"|\bsafetensors\b",
            text,
        )
    ):
        return None  # 'are they any good?' is about the files
    if not ran and (
        not search(ABOUT_RUN, text)
        or match(
            r"(?:what (?:do|does|is|are|kind)|how (?:do|many|long"
            r"|much)|which|why)\b",
            text,
        )
    ):
        return None
    if search(METRIC, text):
        return Reading((about(said),))
    if search(RESULT, text) and not search(
        r"\bwhat (?:is|are|does) (?:a |an )?(?:safetensors|scorecard"
        r"|lora)\b|\bhow (?:do|can|to|would) (?:i|we)?\b.*\b(?:use|load"
        r"|comfy\w*|install|share|put)\b",
        text,
    ):
        return Reading((Call("show_scorecard"),)) if ran else Reading(topic="nothing_ran")
    return None


def _applied(facts: Facts) -> Reading:
    """A suggestion is acted on once: after that, the next one is named."""
    found, done = facts.get(FOUND) or [], facts.get(APPLIED) or []
    if not done:
        return Reading((Call("apply_finding"),))
    left = [(place, entry) for place, entry in enumerate(found, start=1) if entry["id"] not in done]
    also = "".join(
        f" The next one is number {place}, “{entry['symptom']}”: say “do number {place}”." for place, entry in left[:1]
    )
    return ask(f"That one is done already.{also} Or say “launch”, and I show you what training again would take.")
