"""Stacks, interference and merges of LoRA files: exact where they claim to be, refused in words where they cannot."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from diffusers import LTX2Pipeline
from lora_files import attention, random_state, write_lora
from peft import LoraConfig, get_peft_model
from safetensors.torch import load_file, save_file

from trainer_core.base_models.registry import load_pipeline
from trainer_core.generation.generate import GenerateRequest, generate
from trainer_core.lora.factors import Factors
from trainer_core.lora.interference import inner, interference
from trainer_core.lora.merge import Method, merge
from trainer_core.lora.merged_header import header_of
from trainer_core.lora.peft_merge import combine
from trainer_core.lora.stack import MOST, Stacked, StackError, checked, with_stack
from trainer_core.plan import BaseModelName

MINI = BaseModelName.MINI
REQUEST = GenerateRequest("chr_x7kq, a cat", seed=3, steps=2)


@pytest.fixture(scope="module")
def pipeline() -> LTX2Pipeline:
    return load_pipeline(MINI)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Path]:
    folder = tmp_path_factory.mktemp("loras")
    return (
        write_lora(folder / "a.safetensors", 1, size=0.15),
        write_lora(folder / "b.safetensors", 2, size=0.15, trigger="sty_q2"),
        write_lora(folder / "c.safetensors", 3, size=0.15, rank=2, only="attn2", trigger="mot_z9"),
    )


def deltas(path: Path) -> dict[str, torch.Tensor]:
    tensors = load_file(path)
    return {
        key.removesuffix(".lora_A.weight"): tensors[key.replace("lora_A", "lora_B")].double() @ tensors[key].double()
        for key in tensors
        if "lora_A" in key
    }


def test_a_stack_changes_the_clip_in_any_order_and_leaves_no_trace(pipeline: LTX2Pipeline, files: Any) -> None:
    a, b, c = files
    base = generate(pipeline, REQUEST)
    one_way = checked([Stacked(a, 0.8), Stacked(b, 0.5), Stacked(c, 0.0)], MINI)
    other_way = checked([Stacked(b, 0.5), Stacked(a, 0.8)], MINI)
    assert one_way == other_way  # and what has strength 0 is not there at all
    with with_stack(pipeline, one_way):
        assert len(pipeline.get_list_adapters()["transformer"]) == 2
        stacked = generate(pipeline, REQUEST)
    with with_stack(pipeline, checked([Stacked(a, 0.8)], MINI)):
        alone = generate(pipeline, REQUEST)
    assert not np.array_equal(base, stacked)
    assert not np.array_equal(alone, stacked)
    assert np.array_equal(base, generate(pipeline, REQUEST))
    assert not [name for name, _ in pipeline.transformer.named_modules() if "lora" in name]


def test_a_stack_is_unloaded_when_something_breaks(pipeline: LTX2Pipeline, files: Any, tmp_path: Path) -> None:
    a, b, _ = files
    with pytest.raises(KeyError), with_stack(pipeline, checked([Stacked(a), Stacked(b)], MINI)):
        raise KeyError("in the middle")
    assert not pipeline.get_list_adapters()
    gone = write_lora(tmp_path / "gone.safetensors", 9)
    stack = checked([Stacked(a), Stacked(gone)], MINI)
    gone.write_bytes(b"not a LoRA any more")
    with pytest.raises(Exception, match=r".+"), with_stack(pipeline, stack):
        pass
    assert not pipeline.get_list_adapters()
    assert not [name for name, _ in pipeline.transformer.named_modules() if "lora" in name]


def test_what_cannot_be_stacked_is_refused_in_words(files: Any, tmp_path: Path) -> None:
    a, b, _ = files
    copy = tmp_path / "renamed.safetensors"
    copy.write_bytes(a.read_bytes())
    broken = tmp_path / "broken.safetensors"
    broken.write_bytes(a.read_bytes()[:-200])
    shown = [
        write_lora(tmp_path / f"{i}.safetensors", i, reference="pair", reference_downscale=1, width=64, height=64)
        for i in (1, 2)
    ]
    for stack, base, words in (
        ([Stacked(a, name="the cat"), Stacked(copy)], MINI, "the cat and renamed.safetensors are the same file"),
        ([Stacked(a, 2.5)], MINI, "from 0 to 2"),
        ([Stacked(a, float("nan"))], MINI, "from 0 to 2"),
        ([Stacked(a, -1.0)], MINI, "from 0 to 2"),
        ([Stacked(broken)], MINI, "damaged or cut off"),
        ([Stacked(tmp_path / "none.safetensors")], MINI, "no such file"),
        ([Stacked(a)], BaseModelName.LTX23, "made for another model"),
        ([Stacked(b)] * (MOST + 1), MINI, "At most"),
        ([Stacked(each) for each in shown], MINI, "only one"),
    ):
        with pytest.raises(StackError, match=words):
            checked(stack, base)


def test_the_cosine_is_that_of_the_changes_themselves(files: Any) -> None:
    a, b, c = files
    one, two = deltas(a), deltas(b)
    product = sum(float((one[name] * two[name]).sum()) for name in one)
    sizes = [sum(float((each[name] ** 2).sum()) for name in one) for each in (one, two)]
    found = interference(a, b, (0.7, 0.4))
    assert found.whole.cosine == pytest.approx(product / (sizes[0] * sizes[1]) ** 0.5, abs=1e-6)
    joint = sum(float(((0.7 * one[name] + 0.4 * two[name]) ** 2).sum()) for name in one)
    assert found.whole.together == pytest.approx((joint / (0.49 * sizes[0] + 0.16 * sizes[1])) ** 0.5, abs=1e-6)
    assert {each.group for each in found.groups} == {"attention within the clip", "attention to the words"}
    assert found.shared == len(attention())
    assert "cosine" in found.words()
    partly = interference(a, c)
    assert (partly.shared, partly.only_first, partly.only_second) == (len(deltas(c)), len(one) - len(deltas(c)), 0)
    assert partly.share_second == 1.0
    assert 0.3 < (partly.share_first or 0) < 0.7


def test_the_same_change_and_its_opposite_are_told_from_unrelated_ones(tmp_path: Path) -> None:
    state = random_state(5)
    opposite = {name: -value if "lora_B" in name else value for name, value in state.items()}
    same = write_lora(tmp_path / "same.safetensors", state=state)
    against = write_lora(tmp_path / "against.safetensors", state=opposite)
    assert interference(same, same).whole.cosine == pytest.approx(1)
    found = interference(same, against)
    assert found.whole.cosine == pytest.approx(-1)
    assert found.whole.together == pytest.approx(0, abs=1e-4)
    assert abs(interference(same, write_lora(tmp_path / "other.safetensors", 6)).whole.cosine or 1) < 0.05
    first, second = (write_lora(tmp_path / f"{part}.safetensors", 7, only=part) for part in ("attn1", "attn2"))
    assert "no layer in common" in interference(first, second).words()


def test_merged_side_by_side_is_the_stack_itself(pipeline: LTX2Pipeline, files: Any, tmp_path: Path) -> None:
    a, b, c = files
    stack = checked([Stacked(a), Stacked(b), Stacked(c)], MINI)
    made = merge(tmp_path / "merged.safetensors", stack, MINI, title="all three")
    assert made.report.ok
    assert made.rank == 10
    assert made.relative_error < 1e-7  # what double precision leaves of a difference of equal numbers
    whole = deltas(tmp_path / "merged.safetensors")
    for name in whole:
        wanted = sum(each[name] for each in map(deltas, files) if name in each)
        assert torch.allclose(whole[name], torch.as_tensor(wanted), atol=1e-12)
    with with_stack(pipeline, stack):
        stacked = generate(pipeline, REQUEST)
    with with_stack(pipeline, checked([Stacked(tmp_path / "merged.safetensors")], MINI)):
        merged = generate(pipeline, REQUEST)
    assert np.abs(stacked.astype(int) - merged.astype(int)).max() <= 1  # sums in another order
    metadata = header_of(tmp_path / "merged.safetensors")
    assert metadata["modelspec.trigger_phrase"].count(",") == 2
    assert {each["sha256"] for each in json.loads(metadata["sidekick.merged_from"])} == {one.sha256 for one in stack}


@pytest.mark.parametrize("method", list(Method))
def test_every_method_says_how_far_it_is_from_the_sum(files: Any, tmp_path: Path, method: Method) -> None:
    a, b, _ = files
    stack = checked([Stacked(a, 0.7), Stacked(b, 0.5)], MINI)
    path = tmp_path / "merged.safetensors"
    made = merge(path, stack, MINI, method, title="two", density=0.6)
    one, two, merged = deltas(a), deltas(b), deltas(path)
    strength = {one.file: one.strength for one in stack}
    wanted = {name: strength[a] * one[name] + strength[b] * two[name] for name in one}
    off = sum(float(((merged[name] - wanted[name]) ** 2).sum()) for name in wanted)
    size = sum(float((each**2).sum()) for each in wanted.values())
    assert made.relative_error == pytest.approx((off / size) ** 0.5, rel=1e-4)
    assert (made.relative_error < 0.005) == (method is Method.CAT)  # what bfloat16 rounds off
    before = path.read_bytes()
    assert merge(path, stack, MINI, method, title="two", density=0.6).relative_error == made.relative_error
    assert path.read_bytes() == before


def test_svd_in_the_directions_that_there_are_is_peft_s_svd(tmp_path: Path) -> None:
    rng = torch.Generator().manual_seed(1)
    parts = [
        (Factors(torch.randn(r, 24, generator=rng), torch.randn(40, r, generator=rng)), weight)
        for r, weight in ((3, 0.8), (5, 1.3))
    ]
    model: Any = None
    for place, (factors, _) in enumerate(parts):
        config = LoraConfig(r=factors.rank, lora_alpha=factors.rank, target_modules=["0"])
        layers = torch.nn.Sequential(torch.nn.Linear(24, 40, bias=False))
        model = get_peft_model(layers, config, adapter_name="p0") if model is None else model  # type: ignore[arg-type]
        if place:
            model.add_adapter(f"p{place}", config)
        model.base_model.model[0].lora_A[f"p{place}"].weight.data = factors.down
        model.base_model.model[0].lora_B[f"p{place}"].weight.data = factors.up
    model.add_weighted_adapter(["p0", "p1"], [0.8, 1.3], "all", combination_type="svd", svd_rank=4)
    whole = model.base_model.model[0].get_delta_weight("all")
    made = combine(parts, "svd", rank=4, density=0.5, seed=0)
    assert made.rank == 4
    assert torch.allclose(made.up @ made.down, whole, atol=1e-4)
    assert inner(made, made) > 0


def test_what_cannot_be_merged_is_refused_in_words(files: Any, tmp_path: Path) -> None:
    a, b, c = files
    out = tmp_path / "merged.safetensors"
    both, mixed = (checked([Stacked(a), Stacked(other)], MINI) for other in (b, c))
    scaled = tmp_path / "scaled.safetensors"
    entry = json.dumps({"transformer.r": 4, "transformer.lora_alpha": 8})
    save_file(load_file(a), scaled, metadata={"lora_adapter_metadata": entry})
    for stack, settings, words in (
        (both[:1], {}, "at least two"),
        (mixed, {"method": Method.TIES}, "one rank"),
        (mixed, {"method": Method.LINEAR}, "one rank"),
        (both, {"method": Method.CAT, "rank": 4}, "Only svd"),
        (both, {"method": Method.SVD, "rank": 9}, "from 1 to 8"),
        (checked([Stacked(scaled), Stacked(b)], MINI), {}, "only diffusers reads"),
    ):
        with pytest.raises(ValueError, match=words):
            merge(out, stack, MINI, **{"title": "x"} | settings)  # type: ignore[arg-type]
    assert not out.exists()
    assert not list(tmp_path.glob(".*.part"))
