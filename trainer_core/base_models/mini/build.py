"""Builds mini from nothing: draw, train the autoencoder, train the denoiser, assemble the pipeline. Resumable."""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKLLTX2Video, FlowMatchEulerDiscreteScheduler, LTX2Pipeline
from transformers import PreTrainedTokenizerFast

from .autoencoder import measure_latents, polish_decoder, train_autoencoder
from .drawings import draw_shards, open_clips, read_captions
from .sound import new_audio_autoencoder, new_vocoder
from .train import Denoiser, encode_shard, train_denoiser
from .words import new_tokenizer

WEIGHTS = Path(__file__).parent / "weights"
SEEN_SHARDS, UNSEEN_SHARDS = 32, 1
AUTOENCODER_STEPS = (1500, 5000)  # on single frames, on clips
DENOISER_STEPS = (5000, 5000)
POLISH_STEPS = 5000


def build(folder: Path, *, target: Path = WEIGHTS, compiled: bool = False, say: Callable[[str], None] = print) -> Path:
    """Make mini's weights in `target`. What `folder` already holds is not made again. Returns `target`."""
    say(f"Drawing {SEEN_SHARDS + UNSEEN_SHARDS} shards of clips")
    seen, _ = draw_shards(folder / "drawings", seen=SEEN_SHARDS, unseen=UNSEEN_SHARDS, workers=os.cpu_count() or 1)
    clips = open_clips(seen)
    vae = _autoencoder(clips, folder / "vae", say)
    say("Encoding the drawings")
    encoded = folder / "latents"
    encoded.mkdir(exist_ok=True)
    paths = [encode_shard(vae, shard, encoded / path.name) for shard, path in zip(clips, seen, strict=True)]
    latents = np.concatenate([np.load(path) for path in paths])
    captions = read_captions(seen)
    tokenizer = new_tokenizer(caption for variants in captions for caption in variants)
    say("Training the denoiser")
    model = train_denoiser(
        latents,
        captions,
        tokenizer,
        folder / "denoiser",
        still_steps=DENOISER_STEPS[0],
        clip_steps=DENOISER_STEPS[1],
        compiled=compiled,
        say=say,
    )
    say("Polishing the decoder")
    polish_decoder(vae, latents, clips, folder / "polish", steps=POLISH_STEPS, say=say)
    save(assemble(vae, model, tokenizer), target)
    say(f"Mini is ready in {target}")
    return target


def assemble(vae: AutoencoderKLLTX2Video, model: Denoiser, tokenizer: PreTrainedTokenizerFast) -> LTX2Pipeline:
    """The complete pipeline, in bfloat16 on disk's behalf: LTX-2.3 ships so, and it halves the files."""
    torch.manual_seed(0)
    scheduler = FlowMatchEulerDiscreteScheduler(
        use_dynamic_shifting=True,
        base_shift=0.95,
        max_shift=2.05,
        base_image_seq_len=1024,
        max_image_seq_len=4096,
        shift_terminal=0.1,
    )
    pipeline = LTX2Pipeline(
        scheduler=scheduler,
        vae=vae,
        audio_vae=new_audio_autoencoder(),
        text_encoder=model.text_encoder,
        tokenizer=tokenizer,
        connectors=model.connectors,
        transformer=model.transformer,
        vocoder=new_vocoder(),
    )
    return pipeline.to(torch.bfloat16)


def save(pipeline: LTX2Pipeline, target: Path) -> None:
    """Write the pipeline in diffusers' layout, with a fingerprint of its weights beside it."""
    pipeline.save_pretrained(target)
    digest = hashlib.sha256()
    for path in sorted(target.rglob("*.safetensors")):
        digest.update(path.read_bytes())
    (target / "fingerprint.txt").write_text(digest.hexdigest() + "\n")


def _autoencoder(clips: list[np.ndarray], folder: Path, say: Callable[[str], None]) -> AutoencoderKLLTX2Video:
    finished = folder / "model"
    if not finished.exists():
        say("Training the autoencoder")
        vae = train_autoencoder(
            clips, folder, still_steps=AUTOENCODER_STEPS[0], clip_steps=AUTOENCODER_STEPS[1], say=say
        )
        measure_latents(vae, clips[0][:256])
        vae.save_pretrained(finished)
    return AutoencoderKLLTX2Video.from_pretrained(finished).eval()
