"""Asking how the training is doing."""

from typing import Any

from .patterns import search

_IT = (
    r"(?:it|she|he|that|this|they|things|everything|(?:the |my |our )?(?:training|run|job|lora|model|cat|process"
    r"|thing))"
)
_HOW_FAR = (
    r"\bhow much (?:of it |of the \w+ )?(?:is|has been|have you) (?:already )?(?:done|finished|trained|through"
    r"|over)\b|\b(?:did|has) (?:it|the (?:training|run)) (?:already )?(?:start\w*|begin|begun)\b"
    r"|\bis the (?:validation |training )?loss (?:going|getting|falling|dropping|rising|sinking|ok|good|fine"
    r"|still)\b|\bwhere did it (?:stop|end|break|fail)\b|"
    r"\bstatus\b|\bprogress\b|\beta\b|\bhow (?:much|far|many \w+) (?:longer|is left|left|along|more|to go)\b"
    r"|\bhow far\b|\bhow long (?:left|until|till|more|to go|is left)\b|\bhow much (?:time"
    r"|more time) (?:is )?(?:left|remain\w*)\b"
    r"|\bare we (?:there|nearly there|done|finished)\b"
    r"|\bis (?:it|(?:the )?training|the run) (?:\w+ )?(?:done|finished|ready|over|still (?:going|running|training))\b"
    r"|\bhow(?:'s| is) (?:it|the training|training|the run|that) (?:\w+ )?(?:going|doing|coming|looking|getting)\b"
    r"|\bhow(?:'s| is) (?:the )?(?:training|run|job)\b|\bwhat(?:'s| is) happening\b|\bdone yet\b|\bfinished yet\b"
    r"|\bwhat step\b|\bwhich step\b|\bhow many steps (?:are |is |have )?(?:been )?(?:done|left|so far|in|to go"
    r"|remain\w*|through|finished)\b|\bstill (?:running|training|at it|going)\b"
    r"|\bany (?:news|update|updates)\b|\bupdate me\b|\bgive me an update\b"
    r"|\bis (?:it|the (?:training|run)) (?:running|training|waiting|stuck|queued|alive|dead|working|moving)\b"
    r"|\bwhy (?:is|does|did|has|was) (?:it|the (?:training|run|job|last run)|my (?:training|run))\b.*"
    r"\b(?:wait\w*|start\w*|fail\w*|stop\w*|end\w*|crash\w*|broke\w*|queued|die[ds]?|slow|stuck|long)\b"
    r"|\bwhat(?:'s| is) it (?:waiting for|doing|up to)\b|\bwhat happened\b"
    r"|\bwhy (?:doesn't|isn't|didn't|won't|hasn't) (?:it|the (?:training|run))\b.*\b(?:start|run|train|go|finish"
    r"|end|mov|progress)\w*\b"
    r"|\bdid it (?:fail|stop|crash|resume|go on|finish|end|break)\b|\bhas it (?:failed|stopped|crashed|finished"
    r"|ended|started)\b"
)
_HOW_IT_IS = (
    rf"\bhow(?:'s| is| are| does| has)? {_IT}(?: \w+)? (?:doing|going|looking|coming (?:along|on)|progressing"
    rf"|getting (?:on|along)|faring|lookin|been (?:doing|going)|look|holding up|goin|run|running|shaping up)\b"
    rf"|\bwhen(?:'s| is| will| does| can| would| do you (?:think|expect))? {_IT}?(?: \w+){{0,3}} (?:done|finish\w*"
    rf"|ready|over|end|ends|complete\w*|through)\b"
    rf"|\bwhen (?:will|would|does|is|do you (?:think|expect)) {_IT}(?: \w+){{0,2}}? (?:stop\w*|going to stop)\b"
    r"|\bwhat(?:'s| is| was) the (?:current |latest |last |validation |training |present )*(?:loss|step|state"
    r"|status|speed)\b|\bhow (?:high |low |good |big )?is the (?:\w+ )?loss\b|\bshow (?:me )?the (?:loss|curve"
    r"|progress)\b"
    rf"|\b(?:is|are|does|has) {_IT}(?: \w+)? (?:learn\w*|work\w*|improv\w*|overfit\w*|converg\w*|ok|okay|alright"
    rf"|fine|well|good|healthy|on track|normal|getting (?:better|worse|there|anywhere)|ready|done|finished|started"
    rf"|nearly|almost|close"
    rf"|frozen|stuck|moving|any further)\b"
    r"|\bshould i (?:stop|cancel|worry|be worried|wait)\b|\bhow long (?:does|will|is|do)\b.*\b(?:still|take|need"
    r"|left|wait|it|this)\b|\bhow much time\b|\bhow (?:many|much) (?:\w+ )?(?:minutes|hours|time|steps|percent)\b"
    r"|\bwhere are we\b|\bhow are we (?:doing|getting on)\b|\beverything (?:ok|okay|alright|fine|good)\b"
    r"|\ball (?:ok|okay|good|well|fine)\b|\bwhat's (?:up|going on|new)\b|\bwhat is going on\b|\banything (?:new"
    r"|wrong|to report)\b|\bhow(?:'s| is) (?:it|she|he)\b|^(?:and|so|well)?\??$|\bnearly (?:there|done)\b"
    r"|\bgetting (?:there|anywhere)\b"
)


def status_asked(text: str, facts: dict[str, Any]) -> bool:
    """True when the person wants to know how the training is doing."""
    if search(_HOW_FAR, text) or (facts.get("stage") == "training" and search(_HOW_IT_IS, text)):
        return (
            bool(facts.get("run"))
            or search(r"\btraining|\bstatus|\bprogress|\brun\b|\bdone\b|\bfinished\b", text) is not None
        )
    return False
