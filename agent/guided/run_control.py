"""Starting, stopping and asides about a run."""

from .actions import LAUNCH_DENIED, LAUNCH_REFUSED, cancels, from_the_beginning, launches, resumes
from .patterns import search
from .reading import Call, Facts, Reading
from .status_words import status_asked

_ASIDES = (
    ("no_pause", r"^(?:please |can you )?(?:pause|resume|suspend)\b"),
    (
        "close_window",
        r"\b(?:can|may|should|do|must) i (?:have to |need to )?(?:close|quit|leave|shut|turn off|switch off|go away"
        r"|log off|stay|keep)\b(?! out)(?!.*\b(?:blurry|out|pictures|files)\b)"
        r"|\b(?:if|when|while|once) (?:i|my) (?:\w+ )?(?:close|quit|leave|shut|turn|switch|go|log|sleep|laptop"
        r"|computer|browser|window)\w*\b(?=.*\b(?:laptop|computer|browser|window|tab|machine|off|away|down|bed|app"
        r"|home)\b)|\bclose the (?:window"
        r"|browser|laptop)\b",
    ),
    (
        "how_launch",
        r"\bhow (?:do|can|would) (?:i|we) (?:launch|start (?:it|the training)|train it)\b|\bsafe to (?:launch|start)\b",
    ),
    (
        "no_editing",
        r"^(?:\w+ ){0,4}?(?:remove|erase|delete|clean|retouch|blur|paint over|get rid of|take out|cut out|wipe|hide"
        r"|edit out|crop out|crop) (?:out |off |away |up )?"
        r"(?:(?:the|that|this|those|these|my|all|any|her|his) )*(?:water ?marks?|logos?|subtitles?|text|writing"
        r"|stamps?|signatures?|backgrounds?|people|person)"
        r"(?: (?:in|on|from|of) .*| for me| away| out| off)?[.! ]*$"
        r"|\b(?:brighten|sharpen|upscale|denoise|retouch|enhance|rotate|colou?r[- ]correct"
        r"|photoshop)\b(?: \w+){0,3} (?:pictures?|photos?|images?|clips?|files?|ones?|them|it)\b",
    ),
    ("no_card", r"^(?:i )?(?:approved?|confirm(?:ed)?)(?: it| this)?[.!]?$"),
    ("captions_needed", r"\b(?:skip|no|without|don't (?:need|want|write)) (?:the |any )?captions?\b(?! dropout)"),
)


def run_control(text: str, _said: str, facts: Facts) -> Reading | None:
    """Stop, go on, how far, launch; None when it is about something else."""
    if cancels(text, facts):
        return Reading((Call("cancel_training"),)) if facts.get("run") else Reading(topic="nothing_runs")
    if status_asked(text, facts):
        return Reading((Call("training_status"),)) if facts.get("run") else Reading(topic="nothing_ran")
    if from_the_beginning(text, facts):
        return Reading(topic="from_the_beginning")
    if resumes(text, facts):
        return Reading((Call("launch_training"),))
    for topic, pattern in _ASIDES:
        if search(pattern, text):
            return Reading(topic=topic)
    verdict = launches(text, facts)
    if verdict == LAUNCH_REFUSED:
        return Reading(topic="launch_conditional")
    if verdict == LAUNCH_DENIED:
        return Reading(topic="launch_denied")
    if verdict:
        if facts.get("plan"):
            return Reading((Call("launch_training"),))
        return Reading(topic="launch_without_plan")
    return None
