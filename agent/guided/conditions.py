"""Words that make a wish depend on something; each list of such words begins with these."""

IF = r"iff?|unless"
CONDITION = (
    rf"\b(?:{IF}|as long as|provided|assuming|supposing|in case|until|till|depending|(?:when|whenever|once|as soon as)"
    r"(?! (?:more|again|you'?re? (?:are )?ready|you (?:can|want))))\b"
)
