"""Does it fit? Two steps of the real loop at the plan's largest bucket before the long run, and no trace of them."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psutil
import torch
from diffusers import LTX2VideoTransformer3DModel

from trainer_core.plan import TrainingPlan

from .checkpoints import NotFinite
from .examples import Encoded, Material
from .listeners import Silent
from .loop import train
from .memory import gigabytes

STEPS = 2  # the first one makes the optimizer's state and warms up, so only the second shows time and peak
SAMPLE_SECONDS = 0.005


@dataclass(frozen=True)
class DryRun:
    """What a step took. peak: bytes of the device's memory (without a GPU, of this process); total: all there is."""

    peak: int
    total: int
    seconds: float
    fits: bool

    @property
    def words(self) -> str:
        """For a person: 'One step took 0.4 s and 31 GB of 79 GB.'"""
        if not self.fits:
            return f"A trial step did not fit into {gigabytes(self.total)} of memory."
        return f"One step took {self.seconds:.2g} s and {gigabytes(self.peak)} of {gigabytes(self.total)}."


def dry_run(transformer: LTX2VideoTransformer3DModel, plan: TrainingPlan, material: Material) -> DryRun:
    """Train two steps on the examples with the most tokens, measure, and take everything back.

    What chance would bring later is there from the start: clean first frames, which need more memory, and gradients
    that wait for those of a second batch. The transformer is on its device and has no LoRA; afterwards it has none
    either, and random generators are as they were, so that the run gives the same bytes as without.
    """
    device = next(transformer.parameters()).device
    short = plan.changed(
        steps=STEPS,
        warmup_steps=0,
        gradient_accumulation=min(2, plan.gradient_accumulation),
        first_frame_probability=1.0 if plan.first_frame_probability else 0.0,
    )
    clock = _Clock(device)
    training = transformer.training
    fits = True
    with torch.random.fork_rng([device] if device.type == "cuda" else []), _peak(device) as peak:
        try:
            train(transformer, Material(largest(material.training), [], material.words), short, None, clock)
        except NotFinite:
            pass  # the run itself finds it too and says what to do
        except torch.OutOfMemoryError:
            fits = False
    transformer.unload_lora()
    transformer.train(training)
    if device.type == "cuda":
        torch.cuda.empty_cache()
    seconds = clock.seconds * plan.gradient_accumulation / short.gradient_accumulation
    return DryRun(peak[0], _total(device), seconds, fits)


def largest(examples: list[Encoded]) -> list[Encoded]:
    """The examples of the bucket with the most tokens of video, references and sound."""
    most = max(examples, key=_tokens)
    return [example for example in examples if example.bucket == most.bucket]


def _tokens(example: Encoded) -> int:
    shown = (example.latents, *example.references[:1])
    return sum(latents[0].numel() for latents in shown) + (0 if example.audio is None else example.audio.shape[0])


class _Clock(Silent):
    """A listener that only looks at the time after each step."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._marks = [time.monotonic()]

    @property
    def seconds(self) -> float:
        """The last step's."""
        return self._marks[-1] - self._marks[-2] if len(self._marks) > 1 else time.monotonic() - self._marks[0]

    def should_stop(self) -> bool:
        if self._device.type == "cuda":
            torch.cuda.synchronize(self._device)
        self._marks.append(time.monotonic())
        return False


@contextmanager
def _peak(device: torch.device) -> Iterator[list[int]]:
    """A list that afterwards holds the most memory there was: what CUDA had reserved, else this process' own."""
    found = [0]
    if device.type == "cuda":
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats(device)
        yield found
        found[0] = torch.cuda.max_memory_reserved(device)
        return
    process, done = psutil.Process(), threading.Event()

    def watch() -> None:
        while not done.wait(SAMPLE_SECONDS):
            found[0] = max(found[0], process.memory_info().rss)

    found[0] = process.memory_info().rss
    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield found
    finally:
        done.set()
        watcher.join()


def _total(device: torch.device) -> int:
    return torch.cuda.mem_get_info(device)[1] if device.type == "cuda" else psutil.virtual_memory().total
