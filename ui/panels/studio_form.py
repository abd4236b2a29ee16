"""The studio's form: from what a person set to a call of a tool, and from a clip back to what was set."""

import random
from dataclasses import dataclass
from typing import Any

from trainer_core.generation.provenance import Made

from .. import words_studio as words
from .panel import Call, NotYet
from .studio_data import Studio

ROWS = 4  # LoRAs in a stack
LARGEST_SEED = 2**31 - 1
BEGIN, FOLLOW = "image", "reference"


@dataclass(frozen=True)
class Settings:
    """What is set. `loras` are (id or None, strength); everything may come from a browser and be anything."""

    prompt: str
    loras: tuple[tuple[str | None, float], ...]
    triggered: bool = True
    seed: int = 0
    media: str | None = None
    role: str = BEGIN
    sound: bool = False
    notes: tuple[str, ...] = ()

    @property
    def used(self) -> list[dict[str, Any]]:
        """The LoRAs that were picked, as a tool takes them."""
        return [{"lora": lora, "strength": strength} for lora, strength in self.loras if lora]


def settings_of(*values: Any) -> Settings:
    """The values of the form in its order: prompt, LoRAs, strengths, trigger, seed, media, role, sound."""
    prompt, rest = str(values[0] or "").strip(), values[1:]
    picked = tuple(
        (str(lora) if lora else None, strength)
        for lora, strength in zip(rest[:ROWS], rest[ROWS : 2 * ROWS], strict=True)
    )
    triggered, seed, media, role, sound = rest[2 * ROWS :]
    if not prompt:
        raise NotYet(words.SAY_SOMETHING)
    number = int(seed) if isinstance(seed, int | float) and 0 <= seed <= LARGEST_SEED else 0
    return Settings(prompt, picked, bool(triggered), number, str(media) if media else None, str(role), bool(sound))


def making(*values: Any) -> Call:
    """One clip with everything that is set."""
    wanted = settings_of(*values)
    if not wanted.used:
        raise NotYet(words.PICK_LORA)
    call: dict[str, Any] = {"prompt": wanted.prompt, "with_trigger": wanted.triggered, "seed": wanted.seed}
    call |= wanted.used[0] if len(wanted.used) == 1 else {"stack": wanted.used}
    if wanted.media:
        call[FOLLOW if wanted.role == FOLLOW else BEGIN] = wanted.media
    return "generate_clip", call | ({"with_sound": True} if wanted.sound else {})


def comparing(*values: Any, without_too: bool) -> Call:
    """The LoRA with and without its trigger word, or beside the base model: same seed."""
    wanted = settings_of(*values)
    if not wanted.used:
        raise NotYet(words.PICK_LORA)
    if without_too and len(wanted.used) > 1:
        raise NotYet(words.ONE_AT_A_TIME)
    call: dict[str, Any] = {"prompt": wanted.prompt, "seed": wanted.seed, "loras": wanted.used}
    if without_too:
        return "compare_clips", call | {"without_too": True, "with_base": False}
    return "compare_clips", call | {"with_trigger": wanted.triggered, "loras": wanted.used[: ROWS - 1]}


def measuring(*values: Any) -> Call:
    """Do the picked LoRAs get in each other's way? The last value says whether clips are made for it."""
    *form, with_clips = values
    picked = [
        {"lora": str(lora), "strength": strength}
        for lora, strength in zip(form[:ROWS], form[ROWS : 2 * ROWS], strict=True)
        if lora
    ]
    if len(picked) < 2:
        raise NotYet(words.PICK_TWO)
    return "measure_interference", {"loras": picked, "with_clips": bool(with_clips)}


def settings_again(made: Made, now: Studio) -> Settings:
    """The form as it was for a clip. What is no longer here is left out, and the notes say so."""
    notes: list[str] = []
    used = _used(made)
    here = [(now.by_checksum(sha256), strength) for sha256, strength in used.items()]
    if any(choice is None for choice, _ in here):
        notes.append(words.LORA_GONE)
    rows: list[tuple[str | None, float]] = []
    rows += [(choice.id, min(2.0, max(0.0, strength))) for choice, strength in here if choice][:ROWS]
    if not used and now.loras:
        rows = [(now.loras[0].id, 0.0)]  # the base alone
    triggers = [word for choice, _ in here if choice for word in choice.triggers]
    role = FOLLOW if FOLLOW in made.shown else BEGIN
    wanted = made.shown.get(role)
    media = next((each.id for each in now.media if wanted and each.sha256 == wanted), None)
    if wanted and media is None:
        notes.append(words.PICTURE_GONE)
    rows += [(None, 1.0)] * (ROWS - len(rows))
    said = [made.prompt, *(str(side.get("prompt", "")) for side in made.sides)]
    triggered = not triggers or any(word in prompt for prompt in said for word in triggers)
    seed = min(max(made.seed, 0), LARGEST_SEED)
    return Settings(made.prompt[:500], tuple(rows), triggered, seed, media, role, made.with_sound, tuple(notes))


def _used(made: Made) -> dict[str, float]:
    """The LoRAs of a clip, or of all clips of a comparison, with their strengths. The file may be a stranger's."""
    used = {one.sha256: one.strength for one in made.loras}
    for side in made.sides:
        told = side.get("loras")
        for entry in told if isinstance(told, list) else ():
            if isinstance(entry, dict) and isinstance(strength := entry.get("strength"), int | float):
                used[str(entry.get("sha256"))] = float(strength)
    return used


def another_seed() -> int:
    """Any seed."""
    return random.randrange(LARGEST_SEED)
