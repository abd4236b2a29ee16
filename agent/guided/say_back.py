"""A question in one line where two things may be meant, with words that can be said for each."""

from .learned.reader import Guess
from .reading import Reading, ask

_SAY = {
    "launch_training": "launch",
    "download_base": "download LTX-2.3",
    "take_in_candidates": "use the candidates",
    "mark_synthetic": "these are generated",
    "record_consent": "it is me and I agree",
    "change_plan": "train 30 % longer",
    "propose_plan": "make a plan",
    "explain_plan": "explain the plan",
    "undo_plan": "undo that",
    "audit_dataset": "check my files",
    "make_candidates": "make side views of it",
    "training_status": "how far is it?",
    "cancel_training": "stop",
    "set_standing_order": "tell me at half time",
    "write_captions": "write the captions",
}


def nearest_two(rules: Reading, guess: Guess) -> Reading:
    """Ask which is meant: what the rules read, or what the learned reader did."""
    names = [rules.calls[0].name, guess.intent.split(" + ")[0]]
    said = [f"“{_SAY[name]}”" for name in dict.fromkeys(names) if name in _SAY]
    return ask(f"I'm not sure what you want, so I do nothing yet. Say {' or '.join(said)}, or put it another way.")
