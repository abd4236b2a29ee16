"""Words for files, for leaving them out, and for somebody else saying so."""

FILES = (
    r"(?:files?|pictures?|photos?|images?|clips?|videos?|dataset|data|set|folder|them|those|these|everything"
    r"|drawings?|uploads?|it all|what i (?:sent|gave|uploaded))"
)


OTHERS_WORDS = r"\"|\b(?:he|she|they|it|boss|friend|note|text|picture|caption) (?:says?|said|wrote|told|wants)\b"


OUT = (
    r"\b(?:yeet|strike|nuke|boot|cull|purge|axe|out they go|can come out|come out|chuck|toss|drop|remove|leave"
    r"|leaving|exclude|skip|delete|throw|set|get rid of|ditch|discard|lose|put"
    r"|take|kick|omit|bin|scrap|eliminate|erase|weed out|sort out|filter out|trash|dump|cut out"
    r"|ignore|(?:can|could|should|must|may|shall|will) (?:all )?(?:go|be (?:left|dropped|removed|deleted|excluded"
    r"|set aside|thrown))|out with|without|away with|don't (?:use|want|need|include|take)|do not (?:use|want"
    r"|include)|not use)\b"
)
