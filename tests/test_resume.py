"""Checkpoints that are damaged, of another plan or not numbers: which one a run goes on from, and what it says."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file
from test_official_defects import Noted, material, plan_of, small_model

from trainer_core.training import checkpoints
from trainer_core.training.cache import EntryDamaged, read_entry, write_entry
from trainer_core.training.checkpoints import NotFinite, TrainingState
from trainer_core.training.loop import train
from trainer_core.training.records import OtherPlan, finished, newest, sums_of

PLAN = plan_of()


def state_at(step: int) -> TrainingState:
    return TrainingState(
        step=step,
        weights={"a": torch.full((4,), float(step))},
        moments={"a": {"exp_avg": torch.full((4,), step / 7)}},
        average={"a": torch.full((4,), step / 3)},
        losses=[(step, 0.1)],
        validation=[(step, float("nan"))],
    )


def two_checkpoints(folder: Path) -> Path:
    """Checkpoints of steps 10 and 20; returns the newer one's folder."""
    checkpoints.save(folder, state_at(10), PLAN)
    return checkpoints.save(folder, state_at(20), PLAN)


def same(one: TrainingState, other: TrainingState) -> bool:
    ours, theirs = dict(one.tensors()), dict(other.tensors())
    equal = ours.keys() == theirs.keys() and all(torch.equal(ours[name], theirs[name]) for name in ours)
    return equal and str(one.losses + one.validation) == str(other.losses + other.validation)


def test_a_state_is_read_as_it_was_saved(tmp_path: Path) -> None:
    two_checkpoints(tmp_path)
    state, notes = checkpoints.load_latest(tmp_path, PLAN)
    assert state is not None
    assert same(state, state_at(20))
    assert notes == []
    assert checkpoints.load_latest(tmp_path / "none", PLAN) == (None, [])


def rewrite(path: Path, content: bytes) -> None:
    """Change a file and its checksum, as somebody who edits by hand could."""
    path.write_bytes(content)
    (path.parent / "SHA256SUMS").write_text(sums_of(path.parent))


def edited(path: Path, **changes: object) -> None:
    rewrite(path / "state.json", json.dumps(json.loads((path / "state.json").read_text()) | changes).encode())


def with_nan(path: Path) -> None:
    tensors = load_file(path / "state.safetensors")
    tensors["moments/exp_avg/a"][2] = float("nan")
    save_file(tensors, path / "state.safetensors")
    (path / "SHA256SUMS").write_text(sums_of(path))


DAMAGES: dict[str, Callable[[Path], object]] = {
    "truncated weights": lambda path: (path / "state.safetensors").write_bytes(b"{}"),
    "flipped weight": lambda path: flip(path / "state.safetensors", -1, 1),
    "no weights": lambda path: (path / "state.safetensors").unlink(),
    "no record": lambda path: (path / "state.json").unlink(),
    "no checksums": lambda path: (path / "SHA256SUMS").unlink(),
    "empty record": lambda path: rewrite(path / "state.json", b""),
    "empty dictionary": lambda path: rewrite(path / "state.json", b"{}"),
    "a list": lambda path: rewrite(path / "state.json", b"[1, 2]"),
    "step is words": lambda path: edited(path, step="many"),
    "losses are words": lambda path: edited(path, losses=["low"]),
    "plan is a list": lambda path: edited(path, plan=[]),
    "not numbers": with_nan,
    "no safetensors": lambda path: rewrite(
        path / "state.safetensors", b"x" * (path / "state.safetensors").stat().st_size
    ),
    "empty folder": lambda path: [entry.unlink() for entry in path.iterdir()],
    "a file in its place": lambda path: (shutil.rmtree(path), path.write_text("x")),
}


def flip(path: Path, place: int, bits: int) -> None:
    content = bytearray(path.read_bytes())
    content[place % len(content)] ^= bits
    path.write_bytes(content)


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_checkpoint_falls_back_to_the_one_before_and_says_so(tmp_path: Path, damage: str) -> None:
    DAMAGES[damage](two_checkpoints(tmp_path))
    state, notes = checkpoints.load_latest(tmp_path, PLAN)
    assert state is not None
    assert same(state, state_at(10))
    assert len(notes) == 1
    assert notes[0].startswith("The checkpoint step-000020 cannot be used (")
    assert len(notes[0]) < 160


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.sampled_from(["state.json", "state.safetensors", "SHA256SUMS"]), data=st.data())
def test_no_flipped_bit_and_no_missing_end_goes_unnoticed(
    tmp_path_factory: pytest.TempPathFactory, name: str, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("checkpoints")
    path = two_checkpoints(folder) / name
    place = data.draw(st.integers(0, path.stat().st_size - 1))
    if data.draw(st.booleans()):
        flip(path, place, data.draw(st.integers(1, 255)))
    else:
        path.write_bytes(path.read_bytes()[:place])
    state, notes = checkpoints.load_latest(folder, PLAN)
    assert state is not None
    assert same(state, state_at(10))
    assert len(notes) == 1


def test_when_all_are_damaged_it_starts_anew_and_what_it_saves_then_stays(tmp_path: Path) -> None:
    """New checkpoints have lower numbers than the damaged ones, and were once thrown away as the oldest."""
    for step in (20, 30, 40):
        (checkpoints.save(tmp_path, state_at(step), PLAN) / "state.json").write_text("{")
    state, notes = checkpoints.load_latest(tmp_path, PLAN)
    assert state is None
    assert notes[-1] == "No checkpoint of this run can be used, so it starts from the beginning."
    for step in (5, 10, 20):
        checkpoints.save(tmp_path, state_at(step), PLAN)
        found, _ = checkpoints.load_latest(tmp_path, PLAN)
        assert found is not None
        assert found.step == step


def test_a_checkpoint_of_another_plan_is_refused_with_the_difference(tmp_path: Path) -> None:
    two_checkpoints(tmp_path)
    with pytest.raises(OtherPlan) as refused:
        checkpoints.load_latest(tmp_path, PLAN.changed(rank=4, learning_rate=PLAN.learning_rate / 2))
    assert refused.value.step == 20
    assert [change.field for change in refused.value.changes] == ["learning_rate", "rank"]
    assert "rank 2 -> 4 (100 % more)" in str(refused.value)
    edited(tmp_path / "step-000020", plan=PLAN.model_dump(mode="json") | {"of_the_future": 1})
    with pytest.raises(OtherPlan, match="another version of Sidekick"):
        checkpoints.load_latest(tmp_path, PLAN)
    assert len(finished(tmp_path)) == 2


def test_a_plan_from_before_a_new_setting_is_the_same_plan(tmp_path: Path) -> None:
    """A setting that an update adds has a default: a stopped run must still go on after the update."""
    path = two_checkpoints(tmp_path)
    older = {key: value for key, value in PLAN.model_dump(mode="json").items() if key != "keep_aspect"}
    edited(path, plan=older)
    state, notes = checkpoints.load_latest(tmp_path, PLAN)
    assert state is not None
    assert state.step == 20
    assert not notes


def test_only_the_newest_three_stay_and_nothing_half_written(tmp_path: Path) -> None:
    (tmp_path / ".step-000001.partial").mkdir()
    for step in range(1, 6):
        checkpoints.save(tmp_path, state_at(step), PLAN)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["step-000003", "step-000004", "step-000005"]
    record = newest(tmp_path)
    assert record is not None
    assert record.step == 5


@pytest.mark.parametrize(  # steps 3 and 6 are right before a checkpoint, and 6 is the last
    ("step", "value"), [(2, float("inf")), (3, float("nan")), (6, float("nan"))]
)
def test_a_gradient_that_is_no_number_reaches_no_checkpoint(tmp_path: Path, step: int, value: float) -> None:
    transformer = small_model()
    backward = 0

    def spoil(gradient: torch.Tensor) -> torch.Tensor:
        nonlocal backward
        backward += 1
        return torch.full_like(gradient, value) if backward == step else gradient

    class Saving(Noted):
        def checkpoint(self, state: TrainingState) -> None:
            checkpoints.save(tmp_path, state, PLAN)

    hooked: list[object] = []

    def first(module: torch.nn.Module, *_: object) -> None:
        if not hooked:  # the LoRA's parameters are there from the first forward pass on
            hooked.append(next(p for name, p in module.named_parameters() if "lora_B" in name).register_hook(spoil))

    transformer.register_forward_pre_hook(first)
    with pytest.raises(NotFinite, match=rf"gradient was no longer a number at step {step}\."):
        train(transformer, material(transformer), PLAN, None, Saving())
    assert [path.name for path in finished(tmp_path)] == (["step-000003"] if step > 3 else [])


@pytest.mark.parametrize("wrong", [float("inf"), -float("inf"), float("nan")])
def test_weights_that_are_no_numbers_are_not_captured(wrong: float) -> None:
    parameter = torch.nn.Parameter(torch.tensor([1.0, wrong, 2.0]))
    with pytest.raises(NotFinite, match="LoRA's weights held values that are no numbers at step 7"):
        checkpoints.capture({"a": parameter}, torch.optim.AdamW([parameter]), None, TrainingState(step=7))


@settings(max_examples=40, deadline=None)
@given(place=st.integers(0), bits=st.integers(1, 255), cut=st.booleans())
def test_a_damaged_cache_entry_is_told(
    tmp_path_factory: pytest.TempPathFactory, place: int, bits: int, cut: bool
) -> None:
    path = tmp_path_factory.mktemp("cache") / "ab" / "entry.safetensors"
    tensors = {
        "latents": torch.randn(3, 2, 2).bfloat16(),
        "mask": torch.tensor([True, False]),
        "fps": torch.tensor(8.0),
    }
    assert read_entry(path) is None
    write_entry(path, tensors)
    kept = read_entry(path)
    assert kept is not None
    assert all(torch.equal(kept[name], value) for name, value in tensors.items())
    content = path.read_bytes()
    if cut:
        path.write_bytes(content[: place % len(content)])
    else:
        flip(path, place, bits)
    try:
        found = read_entry(path)
    except EntryDamaged:
        return
    assert found is not None  # a bit in the file's padding or in what is written beside the tensors' content
    assert all(torch.equal(found[name], value) for name, value in tensors.items())
