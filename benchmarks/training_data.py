"""The cost around the steps, on mini: encoding, the cache, a job's start, and how cost grows with the number of files.

Part of benchmarks/training.py.
"""

import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from trainer_core.base_models.mini.world.character import random_character
from trainer_core.base_models.mini.world.render import render_clip, render_image
from trainer_core.base_models.mini.world.scene import random_scene
from trainer_core.base_models.registry import base_fingerprint, load_part
from trainer_core.dataset import manifest as manifests
from trainer_core.dataset.buckets import samples_of, split_held_out
from trainer_core.dataset.manifest import Manifest, add_files, set_captions
from trainer_core.dataset.media import write_clip
from trainer_core.jobs import store
from trainer_core.jobs.backends import backend_named
from trainer_core.jobs.events import events_since
from trainer_core.plan import BaseModelName, TrainingPlan, propose
from trainer_core.projects import PlanRow, Run, Workspace, create_project, new_id
from trainer_core.recipes import RECIPES, RecipeName
from trainer_core.training.batches import Batches
from trainer_core.training.encode import Encoder, encode_all
from trainer_core.training.examples import Encoded

from .step_material import table

TRIGGER = "chr_x7kq"
SIZE = 96


def measure(*, short: bool) -> dict[str, Any]:
    """Everything, for the result file."""
    with tempfile.TemporaryDirectory(prefix="training-cost-") as work:
        workspace = Workspace.open(Path(work, "home"))
        project, manifest = make_dataset(
            workspace, Path(work, "files"), images=6 if short else 60, clips=1 if short else 6
        )
        plan = plan_of(manifest)
        dataset = workspace.dataset_folder(project)
        return {
            "encoding": encoding(dataset, manifest, plan, Path(work, "cache")),
            "start": start(workspace, project, plan),
            "growth": growth(dataset, manifest, (10, 100) if short else (10, 100, 1_000, 10_000), Path(work, "growth")),
        }


def encoding(dataset: Path, manifest: Manifest, plan: TrainingPlan, cache: Path) -> dict[str, float]:
    """Files per second through the autoencoder, captions per second through the text encoder, and cache hits."""
    encoder = Encoder(lambda part: load_part(plan.base, part), base_fingerprint(plan.base), cache)
    samples, _ = samples_of(manifest, plan)
    kinds = {item.id: item.info.kind for item in manifest.items}
    images = [sample for sample in samples if kinds[sample.item_id] == "image"]
    windows = [sample for sample in samples if kinds[sample.item_id] == "clip"]
    encoder.sample(dataset, manifest.item(images[0].item_id), images[0], plan)  # loads the autoencoder

    def each(which: list[Any]) -> float:
        began = time.perf_counter()
        for sample in which:
            encoder.sample(dataset, manifest.item(sample.item_id), sample, plan)
        return (time.perf_counter() - began) / len(which)

    per_image, per_window, hit = each(images[1:]), each(windows), each(images + windows)
    encoder.words("nothing")  # loads the text encoder
    captions = [f"{TRIGGER}, a cat, number {number}" for number in range(20)]
    began = time.perf_counter()
    for caption in captions:
        encoder.words(caption)
    return {
        "images_per_second": round(1 / per_image, 1),
        "windows_of_9_frames_per_second": round(1 / per_window, 1),
        "captions_per_second": round(len(captions) / (time.perf_counter() - began), 1),
        "cache_hit_ms": round(hit * 1000, 3),
    }


def start(workspace: Workspace, project: str, plan: TrainingPlan) -> dict[str, float]:
    """Seconds from a job's start to its first step done and stored, with an empty and with a full cache."""
    one = plan.changed(steps=2, warmup_steps=1, checkpoint_every=1)
    return {
        "files": len(samples_of(manifests.load(workspace.dataset_folder(project)), plan)[0]),
        "first_time_seconds": round(_to_first_step(workspace, project, one), 2),
        "again_seconds": round(_to_first_step(workspace, project, one), 2),
    }


def _to_first_step(workspace: Workspace, project: str, plan: TrainingPlan) -> float:
    row = PlanRow(
        id=new_id("plan"), project_id=project, body=plan.model_dump(mode="json"), fingerprint=plan.fingerprint
    )
    run = Run(id=new_id("run"), project_id=project, plan_id=row.id)
    with workspace.session() as session:
        session.add(row)
        session.flush()
        session.add(run)
    job = store.submit(
        workspace,
        project_id=project,
        task="trainer_core.training.run:train",
        arguments={"plan_id": row.id},
        run_id=run.id,
    )
    began = time.perf_counter()
    backend_named("local").start(workspace, job.id)
    seconds = _wait(lambda: any(event.kind == "checkpoint" for event in events_since(workspace, job.id)), began)
    _wait(lambda: store.get(workspace, job.id).state in ("succeeded", "failed"), began)
    if error := store.get(workspace, job.id).error:
        raise RuntimeError(f"The job failed: {error}")
    return seconds


def _wait(until: Callable[[], bool], began: float) -> float:
    while not until():
        if time.perf_counter() - began > 300:
            raise RuntimeError("The job has not come this far in 300 seconds.")
        time.sleep(0.02)
    return time.perf_counter() - began


def growth(dataset: Path, manifest: Manifest, sizes: tuple[int, ...], folder: Path) -> list[dict[str, Any]]:
    """Milliseconds of everything that looks at all files: tables that name the same files again and again."""
    rows = []
    cache = folder / "cache"
    for size in sizes:
        many = _repeated(manifest, size)
        plan = plan_of(many)
        samples, _ = samples_of(many, plan)
        encoder = Encoder(lambda part: load_part(BaseModelName.MINI, part), "growth", cache)
        tell_nothing = partial(encode_all, encoder, dataset, many, samples, plan, lambda _done, _total: None)
        encoded, _ = tell_nothing()  # the few files that there are come into the cache
        batches = Batches(encoded, plan.batch_size, plan.seed)
        rows.append(
            {
                "files": size,
                "save": _ms(partial(manifests.save, folder / str(size), many)),
                "load": _ms(partial(manifests.load, folder / str(size))),
                "checksum": _ms(partial(getattr, many, "checksum")),
                "samples_of": _ms(partial(samples_of, many, plan)),
                "split_held_out": _ms(partial(split_held_out, samples, 0.1, 42)),
                "encode_all, all cached": _ms(tell_nothing),
                "Batches, first epoch": _ms(partial(_first, encoded, plan)),
                "Batches.at, in an epoch": _ms(partial(batches.at, 1)),
            }
        )
    return rows


def _repeated(manifest: Manifest, size: int) -> Manifest:
    items = []
    for number in range(size):
        like = manifest.items[number % len(manifest.items)]
        items.append(like.model_copy(update={"id": f"itm_{number:012x}", "name": f"{number} {like.name}"}))
    return Manifest(items=tuple(items))


def _first(encoded: list[Encoded], plan: TrainingPlan) -> list[int]:
    return Batches(encoded, plan.batch_size, plan.seed).at(0)


def _ms(what: Callable[[], object]) -> float:
    found = []
    for _ in range(3):
        began = time.process_time()
        what()
        found.append((time.process_time() - began) * 1000)
    return round(min(found), 3)


def make_dataset(workspace: Workspace, source: Path, *, images: int, clips: int) -> tuple[str, Manifest]:
    """A project with drawn pictures and clips, and its manifest: (project id, manifest)."""
    project = create_project(workspace, "training cost", "me")
    source.mkdir()
    rng = np.random.default_rng(3)
    character = random_character(rng, held_out=True)
    for number in range(images):
        Image.fromarray(render_image(character, random_scene(rng), size=SIZE)).save(source / f"{number}.png")
    for number in range(clips):
        clip = render_clip(character, random_scene(rng), size=SIZE, frames=20, fps=8.0)
        write_clip(source / f"walk{number}.mp4", clip, 8.0)
    folder = workspace.dataset_folder(project.id)
    manifest = add_files(folder, [source])
    return project.id, set_captions(folder, {item.id: (f"{TRIGGER}, a cat", "person") for item in manifest.items})


def plan_of(manifest: Manifest) -> TrainingPlan:
    """The recommended plan for these files."""
    return propose(
        RECIPES[RecipeName.CHARACTER],
        BaseModelName.MINI,
        TRIGGER,
        manifest.checksum,
        images=manifest.images,
        clips=manifest.clips,
    )


def tables(record: dict[str, Any]) -> list[str]:
    """Markdown tables of this part's figures."""
    return [
        table([list(record["encoding"].values())], list(record["encoding"])),
        table([list(record["start"].values())], list(record["start"])),
        table([list(row.values()) for row in record["growth"]], [f"{name} (ms)" for name in record["growth"][0]]),
    ]
