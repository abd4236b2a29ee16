"""The clips of a scoring as files beside the run, as frames and as figures."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from trainer_core.generation.provenance import Made, UsedLora, write_generated

from . import cannot_tell
from .base_clips import AtStrength, Frames
from .making import ClipMaker
from .prompts import PromptCase
from .reference import Reference
from .scorecard import ClipScore, Scorecard
from .scoring import Model, score_clip
from .sweep import Tried

CLIPS, SWEPT = "test_clips", "sweep"  # folders inside the run's folder


@dataclass
class Takes:
    """What the job gathers. `frames` and `scores` are those of the suite, under (model)/(case id)."""

    maker: ClipMaker
    card: Scorecard
    folder: Path  # the run's
    reference: Reference
    notes: list[str]  # what could not be tried or told
    frames: dict[str, Frames] = field(default_factory=dict)
    scores: dict[str, ClipScore] = field(default_factory=dict)

    def of_suite(self, cases: Sequence[PromptCase], model: Model, lora: AtStrength | None = None) -> None:
        """Make, keep and measure the clips of one side of the suite."""
        made = self.maker.clips(cases, lora)
        for case in cases:
            frames = made[case.id]
            if trouble := cannot_tell.of_clip(case, frames, self.card.frames, model):
                self.notes.append(trouble)
            if not len(frames):
                continue
            key, name = f"{model}/{case.id}", f"{CLIPS}/{model}-{case.id}.mp4"
            self._write(name, case, frames, lora)
            self.frames[key] = frames
            self.scores[key] = score_clip(case, model, name, frames, self.reference, fps=self.card.fps)

    def of_sweep(self, cases: Sequence[PromptCase], tried: Tried) -> list[ClipScore]:
        """Make, keep and measure clips of one point of the sweep; one without frames is left out."""
        scores = []
        for case, frames in zip(cases, self.maker.clips(cases, tried.lora).values(), strict=True):
            if not len(frames):
                continue
            name = f"{SWEPT}/step-{tried.step:06d}-strength-{tried.lora.strength:g}/{case.id}.mp4"
            self._write(name, case, frames, tried.lora)
            scores.append(score_clip(case, "lora", name, frames, self.reference, fps=self.card.fps))
        return scores

    def scores_on_base(self) -> dict[str, ClipScore]:
        """The scores of the clips without the LoRA, by case id."""
        return {score.case.id: score for score in self.scores.values() if score.model == "base"}

    def _write(self, name: str, case: PromptCase, frames: Frames, lora: AtStrength | None) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        card, height, width = self.card, *frames.shape[1:3]
        made = Made(
            base=card.base,
            prompt=case.prompt,
            seed=case.seed,
            loras=(UsedLora(name=lora.path.name, sha256=lora.sha256, strength=lora.strength),) if lora else (),
            steps=card.sampling_steps,
            guidance=card.guidance,
            width=width,
            height=height,
            frames=len(frames),
            fps=card.fps,
        )
        write_generated(path, frames, card.fps, made)
