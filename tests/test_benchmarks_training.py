"""The benchmarks of training run, in their shortest form, and say what they measured."""

import math
from pathlib import Path

import pytest
import torch

from benchmarks import official_step, real_shape, step_material, training, training_data
from trainer_core.base_models.registry import load_transformer
from trainer_core.plan import BaseModelName, MemoryTier
from trainer_core.projects import Workspace
from trainer_core.training.offload import hold

CPU = torch.device("cpu")


def test_the_configuration_at_a_part_of_its_width_keeps_its_proportions() -> None:
    whole, part = step_material.configuration(1, 48), step_material.configuration(8, 4)
    assert whole["num_attention_heads"] * whole["attention_head_dim"] == 4096
    assert part["num_attention_heads"] * part["attention_head_dim"] == part["cross_attention_dim"] == 512
    assert part["num_layers"] == 4
    assert part["attention_head_dim"] == whole["attention_head_dim"]


def test_ways_are_timed_in_turn() -> None:
    order: list[str] = []
    ways = {name: (lambda name=name: order.append(name)) for name in ("a", "b")}
    found = step_material.alternate(ways, repeats=2, warm_up=1)
    assert order == ["a", "b"] * 3
    assert [len(timing.wall) for timing in found.values()] == [2, 2]
    assert found["a"].record()["repeats"] == 2


def test_both_ways_of_a_step_run_and_are_compared() -> None:
    found = official_step.measure((64, 64, 9), width_divisor=32, layers=1, rank=2, repeats=1)
    assert found["tokens"] == 8
    assert "ours / official, its default" in found["ratios_of_processor_time"]
    assert all(way["seconds"] > 0 for way in found["ways"].values())


def test_the_work_of_a_step_on_the_real_shape_is_the_published_one() -> None:
    """960x544x49 with gradient checkpointing: about 306 TFLOP; without it a third less of the matrix products."""
    with torch.device("meta"):
        whole = step_material.LTX2VideoTransformer3DModel.from_config(step_material.configuration(1, 48))
    transformer = step_material.without_audio(whole)
    plan = step_material.plan_for((960, 544, 49), 32, checkpointing=True)
    assert math.prod(step_material.latent_shape(plan)) == 3570
    assert real_shape.step_work(transformer, plan) == pytest.approx(306e12, rel=0.01)


def test_a_device_of_unknown_peak_has_no_utilisation() -> None:
    assert real_shape.peak_of("NVIDIA H100 80GB HBM3") == 989e12
    assert real_shape.peak_of("NVIDIA H100 PCIe") == 756e12
    assert real_shape.peak_of("NVIDIA A100-SXM4-80GB") == 312e12
    assert real_shape.peak_of("Some GPU 9000") is None


def test_a_step_on_the_real_shape_runs_in_the_full_and_the_8_bit_tier() -> None:
    for tier in (MemoryTier.FULL, MemoryTier.INT8):
        plan = step_material.plan_for((64, 64, 1), 2, checkpointing=True).changed(memory=tier)
        if tier is MemoryTier.INT8:
            pytest.importorskip("bitsandbytes", reason="its 8-bit optimizer")
        transformer = step_material.random_transformer(32, 1, CPU, torch.float32, audio=False)
        step_material.our_step(hold(transformer, tier, CPU), plan)()
        assert all(
            bool(parameter.isfinite().all()) for parameter in transformer.parameters() if parameter.is_floating_point()
        )


def test_at_most_a_twentieth_of_a_step_is_outside_forward_backward_and_optimizer() -> None:
    plan = training.plan_of(4)
    found = training.share_outside(plan, load_transformer(BaseModelName.MINI))
    assert found["outside"] <= 0.05
    assert found["forward"] + found["backward"] + found["optimizer"] + found["outside"] == pytest.approx(1, abs=0.01)


def test_encoding_and_growth_are_measured_through_the_real_encoder_and_cache(tmp_path: Path) -> None:
    workspace = Workspace.open(tmp_path / "home")
    project, manifest = training_data.make_dataset(workspace, tmp_path / "files", images=3, clips=1)
    dataset = workspace.dataset_folder(project)
    figures = training_data.encoding(dataset, manifest, training_data.plan_of(manifest), tmp_path / "cache")
    assert figures["cache_hit_ms"] < 1000 / figures["images_per_second"]
    rows = training_data.growth(dataset, manifest, (10, 20), tmp_path / "growth")
    assert [row["files"] for row in rows] == [10, 20]
