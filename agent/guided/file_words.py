"""Words for files, and for somebody else saying so."""

FILES = (
    r"(?:files?|pictures?|photos?|images?|clips?|videos?|dataset|data|set|folder|them|those|these|everything"
    r"|drawings?|uploads?|it all|what i (?:sent|gave|uploaded))"
)


OTHERS_WORDS = r"\"|\b(?:he|she|they|it|boss|friend|note|text|picture|caption) (?:says?|said|wrote|told|wants)\b"
