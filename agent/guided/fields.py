"""The values of a plan as people call them, and how much 'a bit more' of each is."""

from .patterns import fullmatch, search, sub

FIELDS = {  # in order: the first that is found in a clause is meant
    "learning_rate": r"learning[ -]?rate\b|\blearn rate\b",
    "caption_dropout": r"(?:caption )?drop[ -]?out",
    "class_preservation": r"(?:class|prior)[ -]preservation",
    "ema_decay": r"\bema(?: decay)?\b|moving average(?: decay)?|(?<!weight )\bdecay\b",
    "largest_weight_norm": r"weight[ -]norm(?: limit)?|norm limit",
    "first_frame_probability": r"first[ -]frame(?: conditioning| probability)?",
    "held_out_share": r"h[oe]ld(?:ing)?[ -]?(?:out|back)(?: share)?|validation (?:share|set|part|split)|(?:for|as"
    r"|to) (?:the )?validation\b",
    "rank": r"\brank\w*|\b(?:lora |network )?dim(?:ension)?s?\b",
    "alpha": r"\balpha",
    "gradient_accumulation": r"(?:gradient )?accumulat\w+",
    "batch_size": r"\bbatch(?:es)?(?:[ -]size)?",
    "reference_downscale": r"reference[ -](?:downscal\w+|scale|size)",
    "frames": r"\bframes?\b",
    "seed": r"\bseed",
    "steps": r"\bsteps?\b|\biterations?\b|\btraining\b|\btrain(?:s|ed)?\b|\brun\b",
    "size": r"\bresolution|\bpixels?\b|\bsize\b",
}
LENGTH_WORDS = (
    r"\blonger\b|\bshorter\b|\bshorten\b|\blengthen\b|\bcheaper\b|\bfaster\b|\bquicker\b|\bextend\b|\bas long\b"
    r"|\bspeed (?:it|this|that|things) up\b|\btoo (?:long|slow|expensive|short)\b|\bless (?:time|expensive|money)\b"
    r"|\bmore time\b|\b(?:takes?|cost)s? less\b"
)
WHOLE = ("steps", "rank", "batch_size", "gradient_accumulation", "reference_downscale", "frames", "seed")
SHARES = ("caption_dropout", "class_preservation", "ema_decay", "first_frame_probability", "held_out_share")
BY_FACTOR = ("steps", "rank", "learning_rate")
UP_FACTORS = {  # field: (a little up, up, much up)
    "steps": (1.2, 1.3, 1.6),
    "learning_rate": (1.5, 2.0, 3.0),
    "rank": (2.0, 2.0, 4.0),
}
DOWN_FACTORS = {"steps": (0.85, 0.75, 0.5), "learning_rate": (0.75, 0.5, 0.3), "rank": (0.5, 0.5, 0.25)}


def field_of(clause: str) -> str | None:
    """The value that a clause is about; 'longer' and 'cheaper' are about the steps."""
    for name, pattern in FIELDS.items():
        if search(pattern, clause):
            return name
    return "steps" if search(LENGTH_WORDS, clause) else None


def only_names(clause: str, name: str) -> bool:
    """Does the clause say the field's name and nothing of how much?"""
    rest = sub(FIELDS[name], "", clause)
    return fullmatch(r"(?:the|its|our|my|too|as well|please|\s)*", rest) is not None


def label(name: str) -> str:
    """The field's name in words."""
    return {"size": "resolution", "batch_size": "batch size"}.get(name, name.replace("_", " "))
