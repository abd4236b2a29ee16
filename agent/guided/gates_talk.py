"""Approvals, budgets and consent in words. Reading them is free; consent opens a card and takes a plain statement."""

import re

from . import questions
from .patterns import match, search
from .reading import Call, Facts, Reading, about, ask

_APPROVAL = (
    r"\b(?:approvals?|my (?:yes|ok|okay|go-ahead|consent to the (?:run|launch|training))|(?:the )?(?:yes|ok"
    r"|okay|go-ahead) (?:that )?i gave)\b"
)
_LIST = (
    r"\b(?:what|which|anything|everything|how many|did|have|show|list|see)\b.*\b(?:i|i've|we|me)\b.*\b(?:approved?"
    r"|signed off|agreed to|said yes to|given (?:my|a) (?:yes|ok|okay|approval))\b"
    r"|\b(?:what|which|any|show|list|see|my|open|are there|how many|do i have|have i)\b.*\b(?:open |given |past "
    r"|previous |my )?approvals\b|^approvals[?.! ]*$"
)
_REVOKE = (
    rf"\b(?:take|pull|call|get|withdraw|revoke|cancel|undo|retract|rescind|remove|drop|delete|void)\b.*{_APPROVAL}"
    rf"|{_APPROVAL}.*\b(?:back|void|no longer (?:holds|valid|counts)|withdrawn|revoked|cancelled)\b"
    r"|\bi (?:no longer|don't) (?:approve|agree)(?: (?:to|of|with) (?:it|that|this|the (?:run|launch"
    r"|training)))?(?: any ?more| any longer)\b|\bi no longer approve\b"
    r"|\bun-?approve\b|\brevoke (?:it|that|this)\b"
)
_MONEY = r"\b(?:budgets?|spending (?:limits?|caps?)|(?:money|dollar|cost|price) (?:limits?|caps?)|allowance|funds)\b"
_SPENT = (
    r"\bhow much (?:money )?(?:have|did|has|do|can|could|may|am|are) (?:i|we|this project|the project"
    r"|it)\b.*\b(?:sp[ae]n[dt]|used?(?: up)?|paid|left|remaining|over|cost)\b"
    r"|\bhow much (?:money|budget|of (?:my|the|our) (?:budget|money|limit))\b.*\b(?:left|remain\w*|over|spent"
    r"|available|used)\b|\bhow much (?:is|'s) (?:still )?left (?:to spend|in (?:my|the)|of (?:my|the))\b"
    r"|\bwhat (?:have|did) (?:i|we) (?:spent|spend|paid|pay)\b|\b(?:am|are) (?:i|we) (?:over|within|under|out of"
    r"|inside) (?:my |our |the )?(?:budget|money|limit)\b"
    r"|\bwhat(?:'s| is) (?:still )?left to spend\b|\bmoney left\b|\bspent so far\b"
)
_RAISE = (
    r"\b(?:raise|increase|lift|change|set|remove|lower|reset|ignore|double|top up|extend|adjust|give me|drop"
    r"|disable|bypass|forget|skip|make)\b"
)
_BUDGET_ONLY = (
    "I can show a budget but not change it: only a person can, in a terminal, with the command “sidekick budget”. "
    "That way no message "
    "and no file can lift a limit."
)
_AGREES = (
    r"\b(?:(?:has|have|had|'s|'ve) (?:given (?:me |us )?(?:her|his|their|my|written|verbal|full"
    r"|the)? ?(?:permission|consent|okay|ok|approval)|agreed|consented|signed|said (?:yes|ok|it's (?:ok|okay|fine))"
    r"|(?:been )?(?:asked|told) and (?:agreed|agrees|is fine))"
    r"|(?:agrees|agreed|consents|consented|signed|gave (?:me |us )?(?:her|his|their)? ?(?:written |verbal "
    r"|full )*(?:permission|consent|okay|ok))"
    r"|(?:have|got|has|obtained) (?:\w+(?:'s)? )?(?:(?:written|verbal|signed|full|explicit|her|his|their"
    r"|the) )*(?:permission|consent|release|agreement))\b"
    r"|\bi (?:agree|consent) (?:to (?:it|this|that|my|be\w*|the)|that my)\b|\bi consent\b|\bi agree(?=$|[.!,])"
    r"|\bi give (?:my|you my"
    r"|full|written)? ?(?:permission|consent)\b"
    r"|\b(?:is|are) (?:ok|okay|fine|happy|cool) with (?:it|this|that|being|me|us)\b"
)
_CONSENT = r"\b(?:consents?|permissions?|releases?)\b"
_MYSELF = (
    r"\b(?:(?:it's|it is|that's|this is|they're|the person (?:shown |in the \w+ )?is"
    r"|these are (?:all )?(?:pictures |photos )?(?:of )?) ?(?:me|myself)|(?:my|mine) own (?:face|likeness"
    r"|photos?|pictures?)|i'm the (?:one|person)|i am the (?:one|person)|it's my (?:own )?face|(?:pictures"
    r"|photos|face) (?:is|are) (?:of )?(?:me|mine|my own)|myself)\b|\bi (?:agree|consent) (?:to (?:be|my)|that my)\b"
    r"|\bi give (?:my )?consent\b"
)
_NAME = re.compile(
    r"\b(?:[Hh]er|[Hh]is|[Tt]heir|the person's|the) name(?: is|'s|:) (?P<named>[A-Z][\w'’-]+(?: [A-Z][\w'’-]+){0,2})"
    r"|\b(?:called|named) (?P<called>[A-Z][\w'’-]+(?: [A-Z][\w'’-]+){0,2})"
    r"|(?P<subject>\b(?!I\b|She\b|He\b|They\b|Yes\b|The\b|My\b|We\b|You\b|It\b|Ok\b|So\b|And\b|But\b|Of\b|Sure\b"
    r"|Our\b|Her\b|His\b|Both\b|Everyone\b"
    r"|Everybody\b)[A-Z][\w'’-]+(?: [A-Z][\w'’-]+){0,2})(?:,[^,]{1,60},)? (?:has |have |had )?(?:agree[sd]?"
    r"|consent(?:s|ed)|sign(?:s|ed)|gave|given|said|is (?:ok|okay|fine))"
    r"|\b(?:of|from|by) (?P<of>[A-Z][\w'’-]+(?: [A-Z][\w'’-]+){0,2})(?=[\s,.!]|$)"
    r"|\b(?P<possessive>[A-Z][\w-]+(?: [A-Z][\w-]+){0,2})['’]s (?:written |signed |full |verbal "
    r"|explicit )*(?:permission|consent|agreement|release|okay|ok)"
)
_VAGUE = (
    r"\b(?:if|unless|maybe|perhaps|probably|might|would|will|should|think|guess|hope|assume|suppose|later"
    r"|tomorrow|soon|not|never|no|n't|don't|doesn't|didn't|hasn't|haven't|without)\b|[\"?“”]"
)
_ADULT = (
    r"\b(?:adult|grown[- ]?up|over (?:18|eighteen)|(?:1[89]|[2-9]\d)(?: years)?(?: old)?|of (?:full "
    r"|legal )?age)\b"
)
WHO = (
    "Say who is shown and that they agreed, in your own words, for example “Anna Berg, who is over 18, agreed in "
    "writing on 3 May”, "
    "or “it is me and I agree”. I then show you a card with it."
)


def gates_talk(text: str, said: str, facts: Facts) -> Reading | None:
    """What a sentence wants of approvals, budgets and consent; None when it is about something else."""
    return _approvals(text) or _budget(text, said) or _consent(text, said, facts)


def _approvals(text: str) -> Reading | None:
    if search(_REVOKE, text):
        if questions.asks(text) or search(
            r"\b(?:don't|do not|never) (?:take|revoke|withdraw|cancel)\b|\bif\b"
            r"|\bmaybe\b|\"",
            text,
        ):
            return None
        return Reading((Call("revoke_approval"),))
    if search(_LIST, text) and not search(r"\b(?:who|how do|how can|why|what happens|what is an?)\b", text):
        return Reading((Call("list_approvals"),))
    return None


def _budget(text: str, said: str) -> Reading | None:
    if search(_SPENT, text):
        return Reading((Call("show_budget"),))
    if not search(_MONEY, text) or search(r"\bon a budget\b", text):
        return None
    if search(rf"^(?:\w+ )*?{_RAISE}.*{_MONEY}", text) and not questions.asks(text):
        return ask(_BUDGET_ONLY)
    if search(
        r"\bhow (?:do|can|would|could) (?:i|we)\b|\bwho (?:can|may|sets?)\b|\bcan (?:i|we|you) (?:set"
        r"|change|raise)\b",
        text,
    ):
        return ask(_BUDGET_ONLY)
    if search(r"\bwhat (?:is|does) an? budget\b", text):
        return Reading((about(said),))
    if questions.asks(text) or (
        match(r"(?:show|see|check|list|tell me|my|the|our)\b.*", text) and not search(r"\d", text)
    ):
        return Reading((Call("show_budget"),))
    return None


def _consent(text: str, said: str, facts: Facts) -> Reading | None:
    if search(
        rf"\b(?:withdraw|revoke|take back|cancel|delete|remove|undo)\b.*{_CONSENT}"
        rf"|{_CONSENT}.*\b(?:withdrawn|back|revoked)\b|\bno longer (?:agrees|consents)\b",
        text,
    ):
        return Reading((Call("withdraw_consent"),)) if not questions.asks(text) and _sure(text, no=True) else None
    if search(
        r"\b(?:which|what|list|show|see|whose|who(?:se)? has|any|is there|do (?:i|we|you) have|did (?:i"
        r"|we))\b.*\b(?:consents?\b|permissions? (?:recorded|stored|given)|consented)",
        text,
    ) and not search(r"\bwhat (?:is|does|kind|counts)\b|\bhow\b|\bwhy\b", text):
        return Reading((Call("list_consents"),))
    if not search(_AGREES, text) or questions.asks(text):
        return None
    face = facts.get("recipe") == "face"
    if not face and not search(rf"{_CONSENT}|\bface\b|\blikeness\b", text):
        return None
    if not _sure(text):
        return ask(f"That is not a plain statement, so nothing is recorded. {WHO}") if face else None
    name = _NAME.search(" ".join(said.split()))
    who = next((part for part in name.groupdict().values() if part), "") if name else ""
    if not who and search(_MYSELF, text):
        who = "myself"
    if not who:
        return ask(f"Who is shown in the files? {WHO}")
    adult = {"adult": True} if search(_ADULT, text) else {}
    statement = " ".join(said.split())[:600]
    return Reading((Call("record_consent", {"person_shown": who, "statement": statement} | adult),))


def _sure(text: str, *, no: bool = False) -> bool:
    return not search(_VAGUE.replace("|no|", "|").replace("|not|", "|") if no else _VAGUE, text)
