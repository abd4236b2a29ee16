"""A stack of LoRAs for one generation: which files with which strengths, checked, loaded together, and gone afterwards.

A stack adds up: each layer of the base gives base(x) + sum of strength_i * B_i A_i x. The sum's order would show in the
last bits of a number, so that files are always loaded in the order of their checksums.
"""

import math
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..plan import BaseModelName
from .inspect import verify
from .reference_use import ReferenceUse, reference_use_of
from .report import shown

MOST = 4  # LoRAs in a stack: each takes memory and time, and nobody can tell apart what more of them do
STRONGEST = 2.0


class StackError(ValueError):
    """These LoRAs cannot be stacked like this; the message tells a person why and what to do."""


@dataclass(frozen=True)
class Stacked:
    """One LoRA file of a stack. `name` is for a person, `trigger` calls it where its own header does not say so;
    `sha256` and `reference` are known once it is checked."""

    file: Path
    strength: float = 1.0
    name: str = ""
    trigger: str = ""
    sha256: str = ""
    reference: ReferenceUse | None = None


Stack = tuple[Stacked, ...]


def checked(stack: Sequence[Stacked], base: BaseModelName) -> Stack:
    """The stack as it will be loaded: every file verified for `base`, those of strength 0 left out, ordered.

    Raises StackError when there are too many, when a strength is not a number from 0 to 2, when a file is damaged or
    of another base, when the same file comes twice (that is one with the sum of both strengths), or when two of them
    want a reference: a clip can be shown one.
    """
    if len(stack) > MOST:
        raise StackError(f"At most {MOST} LoRAs can be used together; these are {len(stack)}. Leave some out.")
    for one in stack:
        if not (math.isfinite(one.strength) and 0 <= one.strength <= STRONGEST):
            raise StackError(f"The strength of {_name(one)} is {one.strength:g}; it can be from 0 to {STRONGEST:g}.")
    known = [_verified(one, base) for one in stack]
    for place, one in enumerate(known):
        for other in known[:place]:
            if one.sha256 == other.sha256:
                raise StackError(
                    f"{_name(other)} and {_name(one)} are the same file. Take it once; for more of it, raise its "
                    "strength."
                )
    used = tuple(sorted((one for one in known if one.strength), key=lambda one: one.sha256))
    shown_to = [one for one in used if one.reference]
    if len(shown_to) > 1:
        raise StackError(
            f"{' and '.join(_name(one) for one in shown_to)} were both trained to follow a reference of their own, and "
            "a clip can be shown only one. Use one of them at a time."
        )
    return used


@contextmanager
def with_stack(pipeline: Any, stack: Sequence[Stacked]) -> Iterator[Any]:
    """The pipeline with all LoRAs of a checked stack at their strengths; all are unloaded at the end, whatever happens.

    An empty stack is the base alone.
    """
    names = [f"stacked_{place}" for place in range(len(stack))]
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Already found a `peft_config`")  # several are what we want
            for name, one in zip(names, stack, strict=True):
                pipeline.load_lora_weights(str(one.file), adapter_name=name)
        if names:
            pipeline.set_adapters(names, [one.strength for one in stack])
        yield pipeline
    finally:
        if names:
            pipeline.unload_lora_weights()


def _verified(one: Stacked, base: BaseModelName) -> Stacked:
    report = verify(one.file, base)
    if not report.ok:
        raise StackError(f"{_name(one)} cannot be used with {base.value}. {' '.join(report.problems)}")
    try:
        reference = reference_use_of(one.file)
    except ValueError as error:
        raise StackError(f"{_name(one)} cannot be used. {error}") from error
    return replace(one, sha256=report.sha256 or "", reference=reference)


def _name(one: Stacked) -> str:
    return shown(one.name or one.file.name, 80)
