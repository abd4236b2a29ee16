"""Turns files and captions into latents and text embeddings, once: cached by content and settings."""

import gc
import hashlib
import json
from collections.abc import Callable, Collection
from dataclasses import replace
from functools import cache, partial
from pathlib import Path

import numpy as np
import torch
from diffusers import LTX2Pipeline
from numpy.typing import NDArray
from torch import Tensor

from trainer_core.base_models.registry import LoadParts, Part
from trainer_core.dataset.buckets import Sample
from trainer_core.dataset.clips import first_frame
from trainer_core.dataset.intact import intact_path
from trainer_core.dataset.manifest import Item, Manifest
from trainer_core.dataset.media import UnusableMedia, fit, read_frames, read_image, read_own_frames
from trainer_core.dataset.sound import is_silent, read_sound
from trainer_core.generation.generate import prompt_tokens
from trainer_core.memory_tiers import FULL_BITS
from trainer_core.plan import TrainingPlan

from .cache import EntryDamaged, read_entry, write_entry
from .captions import class_captions
from .encode_audio import audio_tokens
from .examples import Encoded, Words
from .less_to_encode import Busy
from .references import Shown, read_shown, shown_beside

VERSION = 1  # raise when the way of encoding changes


class Encoder:
    """Encodes with a base's VAE, text encoder and connectors; keeps the results in a cache folder.

    `parts` loads what is needed when something is not in the cache; only one part is held at a time.
    `text_encoder_bits`: those of each weight of the text encoder that `parts` loads.
    """

    def __init__(
        self, parts: LoadParts, base_fingerprint: str, cache: Path, text_encoder_bits: int = FULL_BITS
    ) -> None:
        self._load = parts
        self._text_encoder_bits = text_encoder_bits
        self._held: tuple[Part, LTX2Pipeline] | None = None
        self._base = base_fingerprint
        self._cache = cache
        self.notes: dict[str, str] = {}  # by item, for a person: what could not be used as it is
        self.busy: Busy | None = None  # with what was asked for last
        self.damaged = 0  # entries of the cache that were damaged and are made again

    @torch.inference_mode()
    def sample(self, dataset: Path, item: Item, sample: Sample, plan: TrainingPlan) -> Encoded:
        """Latents of one sample, normalised by the VAE's own statistics. Raises UnusableMedia."""
        self.busy = Busy(Part.VIDEO, sample.frames, sample.width * sample.height)
        settings: list[object] = [sample.start, sample.frames, plan.fps, sample.width, sample.height]
        if sample.fps:
            settings.append("own frames")
        tensors = self._cached(
            "latents",
            [item.sha256, *settings],
            lambda: {"latents": self._encode(read_sample(intact_path(dataset, item), item, sample, plan))},
        )
        return Encoded(tensors["latents"], item.caption, None if sample.fps == plan.fps else sample.fps)

    @torch.inference_mode()
    def reference(self, dataset: Path, shown: Shown) -> Tensor:
        """Latents of a reference, normalised like a sample's. Raises UnusableMedia."""
        self.busy = Busy(Part.VIDEO, shown.frames, shown.width * shown.height)
        key = [shown.media.sha256, *shown.settings]
        return self._cached("latents", key, lambda: {"latents": self._encode(read_shown(dataset, shown))})["latents"]

    def release(self) -> None:
        """Let go of the part that is held, so that its memory is free."""
        self._held = None
        gc.collect()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()

    def _pipeline(self, part: Part) -> LTX2Pipeline:
        held = self._held
        if held is None or held[0] is not part:
            held = None  # or what is let go of here would still be in memory while the next is loaded
            self.release()
            held = self._held = (part, self._load(part))
        return held[1]

    @torch.inference_mode()
    def sound(self, dataset: Path, item: Item, sample: Sample, plan: TrainingPlan) -> Tensor | None:
        """Audio latents (tokens, channels) of a sample's window; None where nothing is heard in it.

        Sound that cannot be read counts as none: the pictures are good, and `notes` says so.
        """
        if sample.frames == 1 or not item.info.has_audio:
            return None
        self.busy = Busy(Part.AUDIO, sample.frames)
        seconds = sample.frames / (sample.fps or plan.fps)
        try:
            tokens = self._cached(
                "sound",
                [item.sha256, sample.start, seconds],
                lambda: {"tokens": self._hear(intact_path(dataset, item), sample.start, seconds)},
            )["tokens"]
        except UnusableMedia as error:
            self.notes.setdefault(item.id, f"{item.name}: {error} Its pictures are trained without it.")
            return None
        return tokens if len(tokens) else None

    @torch.inference_mode()
    def words(self, caption: str) -> Words:
        """The caption's embeddings as the transformer reads them: text encoder and connectors have both run."""
        self.busy = Busy(Part.TEXT)
        key: list[object] = [caption]
        if self._text_encoder_bits != FULL_BITS:  # in fewer bits it says something a little different
            key.append(f"text encoder in {self._text_encoder_bits} bits")
        return Words(**self._cached("words", key, lambda: self._words(caption)))

    def _encode(self, frames: NDArray[np.uint8]) -> Tensor:
        vae = self._pipeline(Part.VIDEO).vae
        # float32 up to the model and after it: bfloat16 would round greys to 1/128 and latents twice more
        pixels = (torch.from_numpy(frames).to(vae.device).permute(3, 0, 1, 2)[None].float() / 127.5 - 1).to(vae.dtype)
        latents = vae.encode(pixels).latent_dist.mode().float()
        mean, std = (value.view(1, -1, 1, 1, 1).to(latents) for value in (vae.latents_mean, vae.latents_std))
        return ((latents - mean) * vae.config.scaling_factor / std)[0]

    def _hear(self, path: Path, start: float, seconds: float) -> Tensor:
        autoencoder = self._pipeline(Part.AUDIO).audio_vae
        samples = read_sound(path, start=start, seconds=seconds, rate=autoencoder.config.sample_rate)
        if samples is None or is_silent(samples):
            return torch.empty(0, 0)
        return audio_tokens(autoencoder, samples)

    def _words(self, caption: str) -> dict[str, Tensor]:
        pipeline = self._pipeline(Part.TEXT)
        states, mask, _, _ = pipeline.encode_prompt(
            caption, do_classifier_free_guidance=False, max_sequence_length=prompt_tokens(pipeline)
        )
        video, audio, mask = pipeline.connectors(states, mask)
        return {"video": video[0], "audio": audio[0], "mask": mask[0]}

    def _cached(self, kind: str, key: list[object], make: Callable[[], dict[str, Tensor]]) -> dict[str, Tensor]:
        digest = hashlib.sha256(json.dumps([VERSION, kind, self._base, *key]).encode()).hexdigest()
        path = self._cache / digest[:2] / f"{digest}.safetensors"
        try:
            kept = read_entry(path)
        except (OSError, EntryDamaged):
            kept = None
            self.damaged += 1
        if kept is not None:
            return kept
        # on the CPU, as they come from the cache: what a step sees is prepared there
        tensors = {name: value.to("cpu", copy=True).contiguous() for name, value in make().items()}
        write_entry(path, tensors)
        return tensors


def read_sample(path: Path, item: Item, sample: Sample, plan: TrainingPlan) -> NDArray[np.uint8]:
    """The sample's frames from the item's file, or from one cut like it; uint8 RGB (frames, height, width, 3).

    Raises UnusableMedia.
    """
    width, height = sample.width, sample.height
    if item.info.kind == "image":
        return fit(read_image(path)[None], width, height)
    if sample.fps:
        first = first_frame(item.info, sample.start)
        return read_own_frames(path, first=first, frames=sample.frames, width=width, height=height)
    return read_frames(path, fps=plan.fps, frames=sample.frames, start=sample.start, width=width, height=height)


def encode_all(
    encoder: Encoder,
    dataset: Path,
    manifest: Manifest,
    samples: list[Sample],
    plan: TrainingPlan,
    progress: Callable[[int, int], None],
    prompts: Collection[str] = (),
    look_up: Callable[[], None] = lambda: None,
) -> tuple[list[Encoded], dict[str, Words]]:
    """All samples in order, and the words of every caption, of what the plan says in its place, and of `prompts`.

    First all pictures, then all sound, then all words, so that each part of the base is loaded once at most.
    `look_up` is called before each of the sounds and words, and may raise to stop.
    """
    encoded = []
    items = {item.id: item for item in manifest.items}  # asking the manifest for each would grow with the square
    shown = shown_beside(manifest, samples, plan)
    shared = cache(partial(encoder.reference, dataset))  # one picture may be shown beside many
    for index, sample in enumerate(samples):
        example = encoder.sample(dataset, items[sample.item_id], sample, plan)
        encoded.append(replace(example, references=tuple(shared(each) for each in shown.get(sample, ()))))
        progress(index + 1, len(samples))
    if plan.with_audio:
        heard = []
        for sample in samples:
            look_up()
            heard.append(encoder.sound(dataset, items[sample.item_id], sample, plan))
        encoded = [replace(example, audio=audio) for example, audio in zip(encoded, heard, strict=True)]
    captions = {example.caption for example in encoded} | ({plan.trigger} if plan.caption_dropout else set())
    if plan.class_preservation:
        captions |= {words for caption in captions for words in class_captions(caption, plan.trigger)}
    words: dict[str, Words] = {}
    for caption in sorted(captions.union(prompts)):
        look_up()
        words[caption] = encoder.words(caption)
    encoder.release()
    return encoded, words
