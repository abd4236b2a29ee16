"""What a sentence says outright about a call that is right as such: yes or no, kinds, files, figures, whole or undone.

Each function takes the arguments, the normalised sentence, the sentence as it was written and the facts, and gives the
arguments anew.
"""

import re
from collections.abc import Callable
from typing import Any

from . import spelled_out
from .clip_completed import clip, compared, each, without
from .exceptions import parted, without_which
from .named_ids import runs_of
from .patterns import search
from .reading import Facts
from .subjects import noun_of

Arguments = dict[str, Any]
_BACK = (
    r"\b(?:taken|brought|put|come|go) back\b|\b(?:in|allowed|included) again\b|\bback in\b|\b(?:put|bring|take|get"
    r"|let|want|add|have)\b.*\b(?:back|in again)\b|\bun-?(?:exclude|drop|remove)\w*"
    r"|\brestore\b|\bre-?(?:include|add|admit|enable|instate)\w*|\bafter all\b|\bmay stay\b|\bback please\b"
)
_KEPT = r"\b(?:include|keep|use|stay|again|allow)\b"
_ONLY_SHOWN = (
    r"\bdry[- ]?run\b|\bhypothetical\w*|\bsimulat\w+|\bsuppos\w+\b|\bwhat (?:if|would|about)\b"
    r"|\bhow (?:\w+ ){0,3}would\b|\b(?:don't|do not|without) (?:apply|chang)\w*|\bpreview\b|\bonly show\b|\bjust show\b"
    r"|\bdiff(?:erence)? if\b|\bwould (?:that|it|this) (?:cost|take|fit|be (?:faster|slower|cheaper))\b"
    r"|^does .*\b(?:chang\w+|cost|help|save)\b"
)
_FEWER = (
    r"\b(?:lose|remove|cut|shave|deduct|subtract|knock|chop|drop|minus)\b(?: (?:away|off|out))? (\d+)"
    r" (?:of the )?steps\b(?! \w*(?:to|in)\b)|\btake (?:away|off|out) (\d+) steps\b|\btake (\d+) steps (?:away|off|out)"
)
_AS_BASE = r"\bltx[ -]?(?:2\.3|video)?\S* (?:as (?:the |its )?base|(?:was|were) used)\b|\bbase ltx"
_WORDS_SHOWN = (
    r"\b(?:text|words?|writing|written|letters?|lettering|ocr|subtitles?|watermarks?|logos?|usernames?"
    r"|captions? burned)\b"
)
_NO_MODEL = (
    r"\b(?:without|w/o|no|not|don't|do not|never|skip)\b.*"
    r"\b(?:vision|vlm|models?|ai|second (?:opinion|eye|look|pair)|other)\b"
    r"|\b(?:vision model|vlm) (?:(?:is |turned |switched )?off|must not|should not|may not|can't)\b"
    r"|\b(?:second_eye|by_model) false\b"
)
_WHOLE_AGAIN = (
    r"\bundo\b|\bun-?(?:chop|split|cut)\w*|\bglue\b|\bback together\b|\b(?:whole|original|long|full) (?:clips?|videos?)"
    r"\b.*\b(?:back|again)\b|\b(?:want|back|restore)\b.*\b(?:whole|original|uncut|unsplit)\b|\bbefore the split\w*"
    r"|\b(?:re)?join(?:ed)?\b.*\b(?:again|back)\b|\bback like before\b"
)
_NO_CAPTION = (
    r"^(?:= ?)?(?:described |captioned |captioned as )?(?:(?:wrong|not right|incorrect|false)[,;:.]? "
    r"(?:it should (?:be|say)|make it|write|put|say):? ?)?"
)
_KINDS = {
    "pose": r"\b(?:poses?|skeletons?|stick ?(?:figures?|men)|openpose|dwpose)\b",
    "depth": r"\b(?:depth|near and far|how (?:near|far))\b",
    "edges": r"\b(?:edges?|outlines?|canny|contours?|line ?(?:art|drawings?)|lines)\b",
}
_ORDINALS = tuple(
    rf"\b(?:{word}|{number}|number {number[0]}|no\.? ?{number[0]}|option {number[0]})\b|#{number[0]}\b"
    for word, number in (("first", "1st"), ("second", "2nd"), ("third", "3rd"))
)


def completed(name: str, arguments: Arguments, text: str, said: str, facts: Facts) -> Arguments:
    """The arguments with what the sentence says of them outright."""
    complete = _BY_TOOL.get(name)
    return complete(arguments, text, said, facts) if complete else arguments


def _excluded(arguments: Arguments, text: str, _said: str, _facts: Facts) -> Arguments:
    if parted(text):
        return arguments  # set aside but for some, or the other way round
    text = without_which(text)
    if search(_BACK, text) and not search(r"\b(?:leave|exclude|remove|drop|(?<!took them )(?<!took it )out)\b", text):
        return arguments | {"excluded": False}
    if arguments.get("excluded") is False and not search(rf"{_BACK}|{_KEPT}", text):
        return without(arguments, "excluded")
    return arguments


def _change(arguments: Arguments, text: str, _said: str, _facts: Facts) -> Arguments:
    if fewer := search(_FEWER, text):
        number = int(next(part for part in fewer.groups() if part))
        if number in (arguments.get("steps"), arguments.get("steps_added")):
            arguments = without(arguments, "steps") | {"steps_added": -number}
    if "base" not in arguments and search(_AS_BASE, text):
        arguments = {"base": "ltx-2.3"} | arguments
    return arguments | ({"only_show": True} if search(_ONLY_SHOWN, text) else {})


def _audit(arguments: Arguments, text: str, _said: str, _facts: Facts) -> Arguments:
    if search(_WORDS_SHOWN, text):
        arguments = arguments | {"text": True}
    return arguments | ({"second_eye": False} if search(_NO_MODEL, text) else {})


def _captions(arguments: Arguments, text: str, _said: str, _facts: Facts) -> Arguments:
    if search(_NO_MODEL, text):
        return arguments | {"by_model": False}
    wanted = search(r"\b(?:let|with|use|ask)\b.*\b(?:vision|vlm)\b", text)
    return without(arguments, "by_model") if wanted else arguments


def _controls(arguments: Arguments, text: str, said: str, _facts: Facts) -> Arguments:
    arguments = spelled_out.own_pairs(arguments, text, "replace_pairs")
    kinds = [kind for kind, pattern in _KINDS.items() if search(pattern, text)]
    return arguments | ({"kind": kinds[0]} if len(kinds) == 1 else {}) | _named_files(said)


def _references(arguments: Arguments, text: str, said: str, _facts: Facts) -> Arguments:
    return spelled_out.own_pairs(arguments, text, "own_pairs") | _named_files(said)


def _split(arguments: Arguments, text: str, _said: str, _facts: Facts) -> Arguments:
    if search(_WHOLE_AGAIN, text):
        return without(arguments, "accept") | {"undo": True}
    return spelled_out.most_pieces(arguments, text)


def _replaced(arguments: Arguments, text: str, said: str, _facts: Facts) -> Arguments:
    asked = search(r"^(?:(?:and|so) )?(?:in )?how (?:many|often)\b|\bcount\b|\bonly (?:tell|say|show)\b", text)
    arguments = spelled_out.replaced(arguments, text, said)
    return without(arguments, "accept") if asked else arguments


def _shown_captions(arguments: Arguments, text: str, _said: str, _facts: Facts) -> Arguments:
    count = search(r"(?<![\w.-])([1-9]\d?)(?![\w.-])", text)
    return arguments | ({"count": int(count[1])} if count else {})


def _planned(arguments: Arguments, text: str, _said: str, _facts: Facts) -> Arguments:
    if search(r"\b(?:ltx\S*|22 ?b|(?:real|big|full|large) (?:base )?(?:model|one|thing))(?!\w)", text):
        arguments = {"base": "ltx-2.3"} | arguments
    if search(r"\b(?:quick\w*|fast\w*|speed\w*|rough|hurry)\b", text):
        return {"preset": "fast"} | arguments
    if search(r"\b(?:best|top|high(?:est)?|finest|max(?:imum)?) (?:possible )?quality\b|\bquality\b", text):
        return {"preset": "quality"} | arguments
    return without(arguments, "preset")


def _merged(arguments: Arguments, text: str, said: str, _facts: Facts) -> Arguments:
    arguments = spelled_out.merged(each(arguments, text), text)
    title = re.search(
        r"\b(?:call(?:ed)? it|name(?:d)? it|(?:it )?(?:the )?name|title|titled)[ :=]+[\"“]?([^\"”.,]{2,60})", said, re.I
    )
    return arguments | ({"title": title[1].strip()} if title else {})


def _interference(arguments: Arguments, text: str, _said: str, _facts: Facts) -> Arguments:
    files = search(r"\b(?:without|no)\b(?: \w+)? (?:clips?|videos?)\b|\b(?:just|only)(?: from| in)? the files\b", text)
    return each(arguments, text) | ({"with_clips": False} if files else {})


def _undone(arguments: Arguments, text: str, _said: str, _facts: Facts) -> Arguments:
    """Another wish's figure ('undo that and use rank 28') is no number of times."""
    counted = search(
        r"\b(?:last|previous|past) \d|\b\d+ (?:\w+ ){0,3}(?:changes?|times|edits?|steps?|of them)\b"
        r"|\bx ?\d|\btwice\b|\bboth\b",
        text,
    )
    other = search(r"\b(?:use|set|put|limit|rank|alpha|seed|batch|learning rate|minutes)\b", text)
    return without(arguments, "times") if other and not counted else arguments


def _finding(arguments: Arguments, text: str, _said: str, facts: Facts) -> Arguments:
    for entry, pattern in zip(facts.get("found") or [], _ORDINALS, strict=False):
        if search(pattern, text):
            return arguments | {"finding": entry["id"]}
    return spelled_out.finding(arguments, text, facts)


def _exported(arguments: Arguments, text: str, _said: str, _facts: Facts) -> Arguments:
    only = search(
        r"\b(?:alone|raw|single|plain)\b.*\bfile\b|\b(?:raw )?safetensors (?:alone|only)\b"
        r"|\bfile\b.*\bonly\b"
        r"|\b(?:just|only)\b.*\b(?:file|safetensors)\b|\bfile only\b|\bno (?:zip|package)\b",
        text,
    )
    return arguments | ({"target": "file"} if only else {})


def _edited(arguments: Arguments, _text: str, said: str, _facts: Facts) -> Arguments:
    caption = re.sub(_NO_CAPTION, "", str(arguments.get("caption") or ""), flags=re.IGNORECASE)
    caption = re.sub(r"\s*\(as (?:the )?caption\)$|\. (?:then|and then|after that)\b.*$", "", caption, flags=re.I)
    arguments = arguments | ({"caption": caption.strip(' "“”')} if caption.strip(' "“”') else {})
    edited = spelled_out.edited(arguments, said)
    caption = str(edited.get("caption") or "").strip()
    return edited | ({"caption": caption[:-1]} if caption.endswith(".") and caption.count(".") == 1 else {})


def _candidates(arguments: Arguments, text: str, said: str, _facts: Facts) -> Arguments:
    return spelled_out.candidates(arguments, text, said)


def _recipe(arguments: Arguments, text: str, said: str, facts: Facts) -> Arguments:
    bare = arguments == {"recipe": "character"} and not facts.get("recipe")
    if bare and (noun := noun_of(text)):
        arguments = arguments | {"noun": noun}
    return spelled_out.recipe(arguments, said)


def _handed(arguments: Arguments, _text: str, said: str, facts: Facts) -> Arguments:
    return spelled_out.handed(arguments, said, facts)


def _added(arguments: Arguments, _text: str, said: str, facts: Facts) -> Arguments:
    return spelled_out.called(spelled_out.handed(arguments, said, facts), said)


def _shared(arguments: Arguments, text: str, _said: str, _facts: Facts) -> Arguments:
    return spelled_out.shared(arguments, text)


def _runs(arguments: Arguments, _text: str, said: str, _facts: Facts) -> Arguments:
    return arguments | runs_of(said)


def _named_files(said: str) -> Arguments:
    names = re.findall(spelled_out.FILE, said)
    return {"items": names} if names else {}


_BY_TOOL: dict[str, Callable[[Arguments, str, str, Facts], Arguments]] = {
    "set_excluded": _excluded,
    "change_plan": _change,
    "audit_dataset": _audit,
    "write_captions": _captions,
    "make_control_clips": _controls,
    "remove_references": _references,
    "split_clips": _split,
    "replace_in_captions": _replaced,
    "show_captions": _shown_captions,
    "edit_caption": _edited,
    "propose_plan": _planned,
    "generate_clip": clip,
    "compare_clips": compared,
    "merge_loras": _merged,
    "measure_interference": _interference,
    "apply_finding": _finding,
    "undo_plan": _undone,
    "export_lora": _exported,
    "make_candidates": _candidates,
    "choose_recipe": _recipe,
    "add_lora": _added,
    "verify_lora": _handed,
    "share_project": _shared,
    "compare_runs": _runs,
}
