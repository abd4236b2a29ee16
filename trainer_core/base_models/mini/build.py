"""Builds mini from nothing: draw, train the autoencoder, train the denoiser, assemble the pipeline. Resumable."""

import hashlib
import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKLLTX2Video, FlowMatchEulerDiscreteScheduler, LTX2Pipeline
from transformers import PreTrainedTokenizerFast

from .autoencoder import train_autoencoder
from .code import learn_code
from .drawings import SHARD, draw_shards, open_clips, read_captions
from .sound import new_audio_autoencoder, new_vocoder
from .train import Denoiser, train_denoiser
from .words import new_tokenizer

WEIGHTS = Path(__file__).parent / "weights"


@dataclass(frozen=True)
class Effort:
    """How much is drawn and trained. The shipped weights had other numbers for the denoiser: see the model card."""

    shards: int = 32
    clips: int = SHARD  # a shard
    autoencoder: int = 4600  # steps, as the next two
    stills: int = 9000
    motion: int = 6000


def build(
    folder: Path,
    *,
    target: Path = WEIGHTS,
    effort: Effort = Effort(),
    device: str = "cpu",
    say: Callable[[str], None] = print,
) -> Path:
    """Make mini's weights in `target` on `device`. What `folder` already holds is not made again. Returns `target`."""
    say(f"Drawing {effort.shards * effort.clips:,} clips")
    shards = draw_shards(folder / "drawings", effort.shards, clips=effort.clips, workers=os.cpu_count() or 1)
    clips = open_clips(shards)
    code = learn_code(clips[::2])
    say("Training the autoencoder")
    vae = train_autoencoder(clips, code, folder / "vae", steps=effort.autoencoder, device=device, say=say)
    latents = np.concatenate([code.encode(shard).astype(np.float16) for shard in clips])
    captions = read_captions(shards)
    tokenizer = new_tokenizer(caption for variants in captions for caption in variants)
    say("Training the denoiser")
    model = train_denoiser(
        latents,
        captions,
        tokenizer,
        folder / "denoiser",
        still_steps=effort.stills,
        clip_steps=effort.motion,
        device=device,
        say=say,
    )
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
    for path in target.rglob("config.json"):
        config = json.loads(path.read_text())
        if config.pop("_name_or_path", None):  # a folder of the machine that built it
            path.write_text(json.dumps(config, indent=2) + "\n")
    digest = hashlib.sha256()
    for path in sorted(target.rglob("*.safetensors")):
        digest.update(path.read_bytes())
    (target / "fingerprint.txt").write_text(digest.hexdigest() + "\n")
