"""What only sounds like a wish: what somebody else says and the person does not make their own, what is put off, made
to depend on others, or denied. Such a message changes nothing.
"""

from collections.abc import Sequence

from .conditions import IF
from .patterns import search
from .praise import only_remarks
from .reading import Call

_CHANGING = frozenset(
    (
        *("set_excluded", "change_plan", "propose_plan", "make_candidates", "add_lora", "merge_loras", "split_clips"),
        *("write_captions", "apply_finding", "cancel_training", "undo_plan", "edit_caption", "replace_in_captions"),
        *("remove_references", "make_control_clips", "add_files", "audit_dataset", "download_base", "generate_clip"),
        *("score_again", "choose_recipe", "look_up"),
    )
)
_SOMEBODY = (
    r"(?:(?:my|our|an?|some|this|that|his|her|their|the|one of my) (?!captions?\b|thing\b|file|plan|report|purse"
    r"|wallet)"
    r"[\w'-]+|he|she|they|people|somebody|someone|everybody|everyone|reddit|chat)"
)
_SPEAKS = (
    r"(?:says|said|tells|told|reckons|claims|claimed|insists|swears|wrote|writes|suggests|suggested|recommends"
    r"|recommended|advises|advised|thinks|thought|believes|keeps (?:saying|telling)|would (?:say|have)"
    r"|is (?:convinced|sure))"
)
_REPORT = (
    rf"(?:^|[,.;!?] |\b(?:and|but|so) ){_SOMEBODY}(?: (?!that\b|who\b)[\w'-]+){{0,6}}? {_SPEAKS}\b(?! (?:ok"
    rf"|okay|yes|so)\b)"
)
_ONLY_REPORTED = (
    rf"^(?:(?:hm+|well|ok|so|oh),? )*{_SOMEBODY}(?: (?!that\b|who\b)[\w'-]+){{0,6}}? {_SPEAKS}\b(?! \d)[^,;:.?!]*[.!]*$"
)
_NO_VALUE = (  # 'my house has 64 steps'
    r"^(?:(?:hm+|well|ok|so|oh|and|but),? )*(?:my (?!plan|training|run|lora|rank|budget|limit|gpu|card|machine"
    r"|time)\w+|he"
    r"|she|they|there|his \w+|her \w+|their \w+) (?:is|are|was|were|has|have|had|took|cost)\b"
    r"(?!.*\b(?:limit|budget|max\w*|at most|only|must|should|has to|have to|needs?|left|too)\b)[^,;:?!]*[.!]*$"
)
_ONLY_TOLD = (  # 'I read rank 64 is bad', 'my friend used 2000 steps'
    r"^(?:(?:hm+|well|ok|so|oh|and|but),? )*(?:in (?:the|an?|that|this) [\w ]{2,30}?,? )?(?:(?:i|we)(?:'ve"
    r"| have)? (?:just |also |once |always )?(?:read|heard"
    r"|seen|saw"
    r"|learned|found out|(?:was|were|been) told)\b(?! (?:it|the|your|that|this|about it)[.! ]*$)"
    rf"|{_SOMEBODY}(?: (?!that\b|who\b|wants?\b|needs?\b|should\b|must\b)[\w'-]+){{0,4}}?"
    r" (?:used|uses|trained|trains|ran|runs|took|recommend|say|suggest|use|claim)\b)[^,;:?!]*[.!]*$"
)
_OTHERWISE = (
    r"\b(?:but|though|although|however|yet) (?:i|we|i'm|i'd|i've|he|she|they|it)\b|\b(?:not|isn't|aren't|ain't|never)"
    r" (?:so )?(?:convinced|sure|buying|having it|true|sold|seen)\b"
    r"|\b(?:don't|do not|didn't|can't) (?:believe|agree|trust|buy|think so|know)\b|\bdisagree\w*\b|\bignore\b|\bhm+\b"
    r"|\b(?:i )?doubt\b|\bnonsense\b|\brubbish\b|\bheard that\b|\brather not\b|\bno idea\b|\bnot my (?:view|opinion)\b"
)
_OWN = (  # the person makes it their own wish
    r"\b(?:please|let's|let us|do that|do it|do so|so (?:do|make|set|leave|put|let|take|drop|use|go)|i(?:'d)? (?:agree"
    r"|want|need|would like|like)|(?:he|she|they)(?:'s| is| are|'re) right|can you|could you|would you|could (?:it|we)"
    r"|can (?:it|we)|could the|i'd|we'd|make it|go with)\b|\?"
)
_OTHERS_TIME = (
    rf"\b(?:{IF}|when|once|until|till|as soon as|before|after) (?:he|she|legal|somebody|someone"
    r"|(?:my|our|the) (?:client|vendor|boss|director|producer|artist|lawyer|editor|customer|studio|team|author"
    r"|colleague|friend|wife|husband|son|daughter|nephew|niece|brother|sister|teacher|manager)\b"
    r"|(?:my|our|his|her) \w+ (?:\w+ )?(?:agrees?|arrives?|comes?|says|has|have|gets?|tells?|confirms?|signs?"
    r"|clears?))\b"
    r"|\b(?:when|once|until|till|as soon as|before) (?:they (?:agree|arrive|come|say|have|confirm|sign)|i(?:'ve| have)?"
    r" (?:hear|get|got|fixed|finish\w*|ask\w*|spoke\w*|talk\w*|had|checked|looked|am back|come|return))\b"
)
_PUT_OFF = (
    r"^(?:(?:hm+|well|ok|so),? )?(?:perhaps|maybe|eventually|at some point|one day|some day) (?:i|we|i'll|we'll)\b"
    r"|\b(?:i|we) (?:might|may) (?!i\b)\w+\b(?!.*\b(?:please|can you|could you)\b)|\bmust still think\b|\bstill"
    r" (?:thinking|deciding|considering)\b"
    r"|\b(?:let|give) me (?:think|sleep on)\b|\bnot sure (?:yet|about)\b|\b(?:gonna|going to) ask\b|\bin a (?:sec|bit"
    r"|minute)\b"
    r"|\bi'll (?:get back to you|let you know|think about)\b|\bwait before you\b|\bhold (?:please|on|off)\b|\bhang on\b"
)
_DENIED = (
    r"\b(?:don't|do not|don't you|never|no need to|nobody (?:is|has) (?:to|asked)|nothing (?:is|has) to(?: be)?"
    r"|(?:would|i'd|we'd) rather not|better not|must not|should not|shouldn't|mustn't|not to)\b(?: (?:go|you|please"
    r"|ever"
    r"|any|yet|still|be|it|them|for|the|all|my))* "
)
_DOING = {  # what is not to be done, in the words for it
    "set_excluded": r"(?:exclud|remov|delet|throw|drop|discard|leav\w+ (?:\w+ )?out)",
    "propose_plan": r"(?:plan|prepar|propos|mak|creat|draft)",
    "make_candidates": r"(?:draw|mak|generat|creat|paint|invent)",
    "write_captions": r"(?:caption|writ|touch|describ|chang)",
    "audit_dataset": r"(?:look|check|audit|scan|judg)",
    "add_lora": r"(?:add|import|take|load|use)",
    "merge_loras": r"(?:merg|combin|fus|mix|join)",
    "split_clips": r"(?:split|cut|chop|divid)",
    "generate_clip": r"(?:mak|generat|render|show|creat)",
    "apply_finding": r"(?:appl|fix|chang|do|repair|tak)",
    "cancel_training": r"(?:cancel|stop|kill|end|abort)",
    "undo_plan": r"(?:undo|revert|tak|roll)",
    "score_again": r"(?:scor|measur|rat)",
    "cancel_download": r"(?:download|fetch)",
    "edit_caption": r"(?:chang|edit|touch)",
}
_STATED_NO = (
    r"\bno (?:splitting|merging|captions?|plan|download\w*|launch\w*|clips|audit)\b(?:,? (?:ever|yet|please"
    r"|now))*[.! ]*$"
)


def denied(calls: Sequence[Call], text: str) -> bool:
    """Is the one thing that the words name not to be done? Then it is enough to say that it is not."""
    stem = _DOING.get(calls[0].name) if len(calls) == 1 else None
    return stem is not None and not _reported(text) and search(rf"{_DENIED}{stem}\w*", text) is not None


def held_back(calls: Sequence[Call], text: str) -> bool:
    """Is none of these calls wished for, although its words are there?"""
    names = {call.name for call in calls}
    if names and only_remarks(text):
        return True
    proposed = any(call.name == "split_clips" and not call.arguments.get("accept") for call in calls)
    shown = proposed or any(call.arguments.get("only_show") for call in calls)
    if not names or shown or not names <= _CHANGING | _DOING.keys():
        return False
    if _reported(text):
        return not _only_asks(names)
    if names == {"change_plan"} and search(_NO_VALUE, text) and not search(_OWN, text):
        return True
    if names & _CHANGING and not _only_asks(names) and (search(_OTHERS_TIME, text) or search(_PUT_OFF, text)):
        return True
    stem = _DOING.get(calls[0].name)
    if len(calls) == 1 and stem is not None and search(rf"{_DENIED}{stem}\w*", text):
        return search(r"\b(?:further|any ?more|any longer|after all)\b", text) is None
    return search(_STATED_NO, text) is not None


def _reported(text: str) -> bool:
    """Is it what somebody else thinks, and no more; or do the person's own words after it go against it?"""
    report = search(_REPORT, text)
    dissent = report is not None and search(_OTHERWISE, text[report.end() :])
    told = search(_ONLY_REPORTED, text) or search(_ONLY_TOLD, text)
    return bool(dissent) or (told is not None and not search(_OWN, text))


def _only_asks(names: set[str]) -> bool:
    return names <= {"look_up", "choose_recipe", "add_files", "download_base"}
