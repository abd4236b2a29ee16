"""Makes the test clips of a scoring that are not in the cache, a few at a time, and says how many are left."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from trainer_core.generation.generate import GenerateRequest
from trainer_core.jobs.context import JobContext
from trainer_core.plan import BaseModelName

from .base_clips import AtStrength, ClipCache, Frames
from .beside import Beside, Together, clips_of
from .prompts import PromptCase
from .scorecard import Scorecard

BATCH = {BaseModelName.MINI: 4, BaseModelName.LTX23: 1}  # clips made at once

Adapt = Callable[[Any, Path, float], AbstractContextManager[Any]]


@dataclass
class ClipMaker:
    """The base's pipeline and what is to be made with it. `left` is how many clips are still to come, at most."""

    context: JobContext
    card: Scorecard
    beside: Beside
    cache: ClipCache
    pipeline: Any
    together: Together
    adapt: Adapt
    left: int
    done: int = 0
    kept: int = 0  # clips of the base alone that an earlier scoring had made
    _with_lora: set[str] = field(default_factory=set)  # keys of clips that only this scoring needs

    def clips(self, cases: Sequence[PromptCase], lora: AtStrength | None = None) -> dict[str, Frames]:
        """The clip of each case by its id, with the LoRA or with the base alone.

        Raises JobCancelled between two batches; what was made by then is in the cache.
        """
        keys = {case.id: self._key(case, lora) for case in cases}
        if lora is not None:
            self._with_lora.update(keys.values())
        found = {name: frames for name, key in keys.items() if (frames := self.cache.read(key)) is not None}
        missing = [case for case in cases if case.id not in found]
        if found:
            self._tell(len(found))
        self.kept += len(found) if lora is None else 0
        batch = BATCH[self.card.base]
        adapted = self.adapt(self.pipeline, lora.path, lora.strength) if lora and missing else nullcontext()
        with adapted:
            for start in range(0, len(missing), batch):
                self.context.stop_if_cancelled()
                part = missing[start : start + batch]
                requests = [self._request(case) for case in part]
                made = clips_of(self.pipeline, part, requests, self.together, self.beside)
                for case, frames in zip(part, made, strict=True):
                    self.cache.write(keys[case.id], frames)
                    found[case.id] = frames
                self._tell(len(part))
        return {case.id: found[case.id] for case in cases}

    def skip(self, clips: int) -> None:
        """So many clips are not made after all."""
        self.left -= clips

    def forget(self) -> None:
        """The scoring has ended: clips with a LoRA are in its folder, and their frames are not needed any more."""
        self.cache.forget(self._with_lora)

    def _tell(self, clips: int) -> None:
        self.done += clips
        self.left = max(0, self.left - clips)
        text = f"test clips: {self.done} made, at most {self.left} left"
        self.context.emit("progress", step=self.done, steps=self.done + self.left, left=self.left, text=text)

    def _key(self, case: PromptCase, lora: AtStrength | None) -> str:
        shown = None if case.reference is None else self.beside.pictures[case.reference]
        return self.cache.key(self._request(case), lora, shown, self.beside.times_smaller)

    def _request(self, case: PromptCase) -> GenerateRequest:
        card = self.card
        return GenerateRequest(
            prompt=case.prompt,
            seed=case.seed,
            width=card.width,
            height=card.height,
            frames=card.frames,
            fps=card.fps,
            steps=card.sampling_steps,
            guidance=card.guidance,
        )
