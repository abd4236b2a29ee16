"""Which field of the plan does a question ask about, and is it a question at all?"""

from .patterns import search

FITS = (
    r"\b(?:does|will|would|can|do) (?:it|this|that|the (?:plan|training|run|model)|they|i|we)\b(?: \w+){0,2} fit\b"
    r"|\bfits? (?:on|in|into) (?:my|the|this|a|\d+)\b.*\b(?:gpu|card|gb|gigabytes|memory|machine|computer)\b"
)
FIELDS = (
    ("learning_rate", r"learning[ -]rate"),
    ("caption_dropout", r"dropout"),
    ("class_preservation", r"(?:class|prior)[ -]preservation"),
    ("ema_decay", r"\bema\b|moving average"),
    ("largest_weight_norm", r"weight[ -]norm|norm limit"),
    ("first_frame_probability", r"first[ -]frame"),
    ("held_out_share", r"held[ -]?out|validation(?: loss| share| set)?|hold(?:ing)? (?:some |files )?(?:out|back)"),
    ("alpha", r"\balpha"),
    ("rank", r"\brank"),
    ("gradient_accumulation", r"\baccumulat"),
    ("gradient_checkpointing", r"\bgradient checkpoint"),
    ("more_resolutions", r"\b(?:several|more|further|multiple|multi)[ -]?resolutions?\b"),
    ("keep_aspect", r"\baspect|\bproportions\b|\bcrop(?:ped|ping)?\b"),
    ("resample_fps", r"\bframe[ -]?rates?\b|\bfps\b|\bresampl"),
    ("reference", r"\breferences?\b|\bin[ -]context\b|\bcontrol clips?\b"),
    ("with_audio", r"\bsounds?\b|\baudio\b"),
    ("memory", rf"{FITS}|\bvram\b|\bmemory\b(?! card)|\bmemory tier|\bint8\b|\b(?:4|8)[ -]bits?\b|\bquanti[sz]"),
    ("batch_size", r"\bbatch"),
    ("frames", r"\bframes?\b"),
    ("seed", r"\bseed"),
    ("precision", r"\bprecision|\bbf16|\bfp16|\bfp32"),
    ("trigger", r"\btrigger"),
    ("resolution", r"\bresolution|\bpixels?\b|\bsize of the (?:video|clip|picture)"),
    ("preset", r"\bpreset"),
    ("steps", r"\bsteps?\b|\biterations?"),
    ("base", r"\bbase(?: model)?\b|\bmini\b"),
    (
        "price",
        r"\bcosts?\b|\bprice|\bexpensive|\bhow much (?:is|does|do|will|would|money)|\bfree\b|\bcharged?\b|\bpay\b"
        r"|\bdollars\b|\bcheap\b|\bbill\b|\bmoney\b|\bcharges?\b|\bpricey\b|\bset me back\b",
    ),
    (
        "time",
        r"\bhow long (?:will|would|does|do|is|are)\b.*\b(?:it|this|that|train\w*|run|take)\b|\btraining time\b"
        r"|\bduration\b|\bhow many (?:minutes|hours|days)\b|\bhow long\b(?!.*\b(?:clips?|captions?|videos?|should"
        r"|lora))"
        r"|\bhow fast\b|\btime estimate\b|\bhow much time\b|\bhow quick\w*\b"
        r"|\bwhen (?:would|will|is|does|can|could|'s)\b.*\b(?:done|finish\w*|ready|over|complete\w*|trained|have it"
        r"|expect)\b"
        r"|\bhow (?:slow|quick) (?:is|will)\b|\btake (?:all (?:day|night)|long|ages|forever|very long|hours)\b"
        r"|\bby (?:tonight|tomorrow|lunch\w*|dinner|\w+day)\b",
    ),
)
_ASKS = (
    r"^(?:and |but |so |ok |okay |hm+ |um |well |wait |sorry |hey |hi |please )*(?:,? )?"
    r"(?:what|why|how|which|who|where|when|whose|is|are|was|were|does|do(?! (?:not|it|that|this|the|an?|so|both|all"
    r"|another|one|as|what|number|some|more|less|\d+|everything|only|just|whatever|your|my|me)\b)|did|should|would"
    r"|explain|tell me"
    r"|describe"
    r"|i wonder|"
    r"i don't (?:understand|get)|i do not understand|remind me|define|meaning of|am i|will)\b"
)
_REQUEST = (
    r"^(?:and |but |so |ok |okay |please |hm+,? )*(?:can|could|would|will|may) (?:you|we|(?<!would )it be|this be"
    r"|that be)(?: please)?\b|\bcan you\b"
    r"|\bcould you\b|\bwould you\b"
)


def asks(text: str) -> bool:
    """True for a question that wants words; 'can you make it longer?' is a request and no question."""
    if search(r"\bwhat i (?:want|mean|need|am after|'m after)[.! ]*$", text):
        return False
    if search(r"^(?:can|could|will|would) you (?:please )?(?:explain|tell|describe|say)\b", text):
        return True
    if search(
        r"^(?:can|could|may|might|must|shall) (?:i|one|people|they|he|she|it(?! be)|my \w+)\b(?! (?:see"
        r"|have|get|watch|hear|look))|\bget away with\b|^(?:can|could|may) i (?:use|take|train|go|have|try"
        r"|do|set)\b.*\?",
        text,
    ):
        return True
    if search(_REQUEST, text) and not search(r"\bwhat|\bwhy|\bhow\b|\bwhich", text):
        return False
    return search(_ASKS, text) is not None or text.endswith("?") or bool(search(r"\b(?:why|what if|how come)\b", text))


def field_asked(text: str) -> str | None:
    """The plan's field that a question is about."""
    return next((name for name, pattern in FIELDS if search(pattern, text)), None)


def what_if(text: str) -> bool:
    """True when a change is only being considered: 'what happens with 3000 steps?', 'should I use rank 64?'."""
    return bool(
        search(
            r"\bwhat (?:if|happens|would happen|about|changes|does it do if|(?:would|will|does|do|is"
            r"|'s)(?: \w+){0,2} (?:change|mean|different|gain|bring|do|give|cost|be like)(?: if| with"
            r"| to)?)\b(?=.*\b(?:with|if|at|to|for|\d)\b)|\bwhat (?:if|happens|would happen|about|changes)\b"
            r"|\bsuppose\b|\bhow about\b"
            r"|\bwould (?:it|that|\d)|\bshould (?:i|we)\b|"
            r"\bhow (?:long|much).*\b(?:with|at|for|if)\b|\bis it (?:better|worth|worse)\b|\bwhat difference\b"
            r"|\bcompare|\bwould \w+ \w+ be better\b|"
            r"\bdoes it (?:help|hurt) (?:if|to)\b|\bif (?:i|we) (?:used?|had|took|set|trained?|go|went|doubled"
            r"|halved|tripled|raised|lowered)\b"
            r"|\bwould (?:a )?(?:rank|batch|alpha) ?(?:of )?\d+ \w+|\bget away with\b|\bimagine\b"
            r"|^(?:and |so )?would\b|\bwould (?:it|that|this|we|i|you)\b|\bwill it\b|\bdoes it\b|\b(?:can|could"
            r"|may) i (?:use|take|train"
            r"|go|have|try|do|set)\b"
            r"|\b(?:is|would) (?:a )?(?:\w+ )?(?:higher|lower|more|fewer|less|longer|shorter|bigger"
            r"|smaller)\b.*\b(?:better|enough|help|worse|hurt|ok|fine)\b"
            r"|\bdo (?:i|we) (?:need|gain|lose|save)\b|\bwould \w+ (?:\w+ )?(?:help|hurt|be (?:better|worse|enough"
            r"|too \w+|ok|fine|faster|cheaper|slower))\b",
            text,
        )
    )
