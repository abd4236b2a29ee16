"""A sentence and the project's facts as hashed features."""

import re
import zlib

from .. import questions
from ..changes import wanted_changes
from ..patterns import search, sub
from ..reading import Facts
from ..spelling import normal

BUCKETS = 1 << 14
_NUMBER = re.compile(r"(?<![\w.])\d+(?:\.\d+)?(?:e-?\d+)?")
_FILE = re.compile(r"\bitm_[0-9a-z]+\b|[\w-]+\.(?:jpe?g|png|webp|gif|heic|mp4|mov|webm|zip)\b|\bmade-[a-z_]+-\d+\b")
_LORA = re.compile(r"\blora_\w+\b|[\w-]+\.safetensors\b")
_WORD = re.compile(r"[a-z']+|[#%?!$:\"x×-]|\d+")


def features(said: str, facts: Facts, uploads: list[str], stated: str) -> list[int]:
    """Bucket numbers, 0 <= number < BUCKETS, without repetition and in rising order.

    `stated` is the intent that the rules read; empty where that is not to be leaned on. Words, pairs and triples of
    words, pieces of 3 to 5 characters, what the project has come to, and what the extractors find. Numbers, file names
    and LoRA names stand as one word for all of their kind, so that no value is learned by heart.
    """
    plain = normal(said)
    text = _placed(plain, facts)
    words = ["<", *_WORD.findall(text), ">"]
    state = _state(facts, uploads)
    named = {f"s {fact}" for fact in (*state, *_found(plain))}
    if stated:
        named |= {f"r {stated}", *(f"r1 {name}" for name in stated.split(" + "))}
    for size in (1, 2, 3):
        named |= {f"{size} " + " ".join(words[at : at + size]) for at in range(len(words) - size + 1)}
    padded = f" {' '.join(words[1:-1])} "
    for size in (3, 4, 5):
        named |= {f"c {padded[at : at + size]}" for at in range(len(padded) - size + 1)}
    named |= {f"{state[0]} {word}" for word in words[1:-1]}
    return sorted({zlib.crc32(name.encode()) % BUCKETS for name in named})


def numbers_in(said: str) -> list[float]:
    """The numbers of a sentence in their order; those inside names are none."""
    text = sub(_LORA, " ", sub(_FILE, " ", normal(said)))
    return [float(found[0]) for found in _NUMBER.finditer(text)]


def _placed(text: str, facts: Facts) -> str:
    """The text with one word for all numbers of a size, all files, all LoRAs."""
    text = sub(_LORA, "loraname", sub(_FILE, "filename", text))
    for word in _triggers(facts):
        text = text.replace(word, "loraname")
    return sub(_NUMBER, lambda found: f" # {_size(found[0])} ", text)


def _found(text: str) -> list[str]:
    """What the extractors find: values of a plan, the field that is asked about, whether it is a question."""
    if len(text) > 600:
        return []
    values = [f"value {key}" for key in wanted_changes(text).arguments]
    return [*values, f"field {questions.field_asked(text)}", f"asks {questions.asks(text)}"]


def _triggers(facts: Facts) -> list[str]:
    listed = [str(entry.get("trigger") or "") for entry in facts.get("loras") or []]
    words = [word.strip().lower() for entry in [*listed, str(facts.get("trigger") or "")] for word in entry.split(",")]
    return [word for word in words if search(r"\w{3}", word)]


def _size(number: str) -> str:
    value = float(number)
    return "small" if value < 1 else "figure" if value < 10 else f"digits{min(5, len(number.split('.')[0]))}"


def _state(facts: Facts, uploads: list[str]) -> list[str]:
    run, plan = facts.get("run") or {}, facts.get("plan") or {}
    return [
        f"stage {facts.get('stage', 'recipe')}",
        f"recipe {bool(facts.get('recipe'))}",
        f"face {facts.get('recipe') == 'face'}",
        f"files {bool(facts.get('images') or facts.get('clips'))}",
        f"audited {bool(facts.get('verdict'))}",
        f"captioned {not facts.get('without_caption')}",
        f"waiting {bool(facts.get('waiting_uploads'))}",
        f"handed {bool(uploads)}",
        f"plan {bool(plan)}",
        f"stale {bool(plan.get('stale'))}",
        f"run {run.get('state')}",
        f"scored {bool(run.get('scorecard'))}",
        f"loras {min(3, len(facts.get('loras') or []))}",
        f"new loras {bool(facts.get('waiting_loras'))}",
        f"split {facts.get('split_proposed') is not None}",
        f"asked {(facts.get('studio_asked') or {}).get('name')}",
        f"clip {bool(facts.get('last_prompt'))}",
        f"found {bool(facts.get('found'))}",
    ]
