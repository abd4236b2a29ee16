"""Control clips: made from the files by tools, beside a person's own pairs, and taken away again."""

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image
from rooms import new_context
from transformers import DepthAnythingConfig, DepthAnythingForDepthEstimation, Dinov2Config, DPTImageProcessor

from tools.context import ToolContext, ToolRefused
from tools.dataset import AddFiles, add_files
from tools.references import MakeControlClips, RemoveReferences, make_control_clips, remove_references
from tools.state import manifest_of
from tools.uploads import register
from tools.vision.eyes.body import Body
from tools.vision.eyes.models import FOLDER_VARIABLE as EYES
from tools.vision.skeleton import draw_skeleton
from trainer_core.dataset.controls import edges
from trainer_core.dataset.depth import FOLDER_VARIABLE as DEPTH
from trainer_core.dataset.manifest import Item, path_of
from trainer_core.dataset.media import iterate_frames, read_frames, read_image, write_clip


def ball(seed: int, frames: int = 12) -> NDArray[np.uint8]:
    """A ball that moves to the right on a plain ground."""
    made = np.full((frames, 96, 128, 3), 60 + 20 * seed, dtype=np.uint8)
    for index, frame in enumerate(made):
        cv2.circle(frame, (20 + 6 * index, 48), 12, (250, 240, 60), -1)
    return made


@pytest.fixture
def context(tmp_path: Path) -> ToolContext:
    source = tmp_path / "source"
    source.mkdir()
    write_clip(source / "a.mp4", ball(1), 8.0)
    write_clip(source / "own_end.mp4", ball(2), 8.0)
    write_clip(source / "own_start.mp4", ball(3), 8.0)
    Image.fromarray(ball(4)[3]).save(source / "still.png")
    made = new_context(tmp_path / "home")
    register(made.workspace, made.project_id, [source])
    add_files(made, AddFiles(uploads=[]))
    return made


def references(context: ToolContext) -> dict[str, str]:
    return {item.name: item.reference.showing for item in manifest_of(context).items if item.reference}


def folder_of(context: ToolContext) -> Path:
    return context.workspace.dataset_folder(context.project_id)


def item(context: ToolContext, name: str) -> Item:
    return next(item for item in manifest_of(context).items if item.name == name)


def test_edges_follow_the_file_frame_for_frame_and_own_pairs_stay(context: ToolContext) -> None:
    before = manifest_of(context).checksum
    told = make_control_clips(context, MakeControlClips())
    assert told.data == {"kind": "edges", "made": 2, "failed": 0}
    assert "1 file keep your own pair" in told.text or "keep your own pair" in told.text
    assert references(context) == {"a.mp4": "edges", "own_end.mp4": "start", "still.png": "edges"}
    assert manifest_of(context).checksum != before
    moving = item(context, "a.mp4")
    assert moving.reference is not None
    there = [seconds for seconds, _ in iterate_frames(path_of(folder_of(context), moving))]
    drawn = list(iterate_frames(path_of(folder_of(context), moving.reference)))
    assert [seconds for seconds, _ in drawn] == pytest.approx(there, abs=1e-3)
    for index in (0, 11):
        columns = np.flatnonzero((drawn[index][1][..., 0] > 128).any(axis=0))
        assert columns.mean() == pytest.approx(20 + 6 * index, abs=2)  # the ball's outline is where the ball is
    with pytest.raises(ToolRefused, match="edges as reference already"):
        make_control_clips(context, MakeControlClips())


def test_the_chat_is_told_what_adding_did_to_pairs(context: ToolContext, tmp_path: Path) -> None:
    source = tmp_path / "more"
    source.mkdir()
    write_clip(source / "b_start.mp4", ball(5), 8.0)
    write_clip(source / "c_end.mp4", ball(6), 8.0)
    register(context.workspace, context.project_id, [source])
    told = add_files(context, AddFiles(uploads=[])).text
    assert "without a start: c_end.mp4" in told
    assert "b_start.mp4: It is named like the start of a pair" in told
    write_clip(source / "b_end.mp4", ball(7), 8.0)
    (source / "a_end.mp4").write_bytes((tmp_path / "source" / "still.png").read_bytes())
    (source / "a_start.mp4").write_bytes((tmp_path / "source" / "a.mp4").read_bytes())
    register(context.workspace, context.project_id, [source])
    told = add_files(context, AddFiles(uploads=[])).text
    assert "2 pairs" in told
    assert "b_end.mp4" in told
    assert "Set aside, because they are such starts: a.mp4" in told


def test_own_pairs_are_replaced_and_removed_only_when_told(context: ToolContext) -> None:
    with pytest.raises(ToolRefused, match="which I keep unless"):
        make_control_clips(context, MakeControlClips(items=["own_end.mp4"]))
    with pytest.raises(ToolRefused, match="your own pair"):
        remove_references(context, RemoveReferences())
    own = item(context, "own_end.mp4").reference
    make_control_clips(context, MakeControlClips(items=["own_end.mp4"], replace_pairs=True))
    assert references(context) == {"own_end.mp4": "edges"}
    assert own is not None
    assert path_of(folder_of(context), own).exists()  # nothing was deleted
    assert "Took the references of 1 file away" in remove_references(context, RemoveReferences()).text
    assert references(context) == {}
    with pytest.raises(ToolRefused, match="nothing to take away"):
        remove_references(context, RemoveReferences())


def test_dark_and_bright_pictures_have_edges_and_plain_ones_none() -> None:
    for ground, ink in ((0, 90), (128, 250), (255, 120)):
        picture = np.full((64, 64, 3), ground, dtype=np.uint8)
        assert not edges(picture).any()
        picture[20:40, 20:40] = ink
        assert 40 <= (edges(picture)[..., 0] > 0).sum() <= 160  # about the square's outline


def test_pose_needs_the_eyes_models_and_a_body(
    context: ToolContext, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ToolRefused, match="No pose could be made") as refused:
        make_control_clips(context, MakeControlClips(kind="pose"))  # a ball has no body
    assert "A body was found in only 0 of 12 frames" in str(refused.value)
    assert "a.mp4" not in references(context)
    from tools.vision.eyes import runtime

    runtime.forget()
    monkeypatch.setenv(EYES, str(tmp_path / "nowhere"))
    with pytest.raises(ToolRefused, match="model file for body detection is missing"):
        make_control_clips(context, MakeControlClips(kind="pose"))
    runtime.forget()


def test_a_skeleton_is_drawn_where_its_points_are() -> None:
    points = np.zeros((33, 2), dtype=np.float32)
    seen = np.zeros(33, dtype=np.float32)
    points[11], points[12], points[23] = (80, 40), (40, 40), (80, 90)
    seen[[11, 12]] = 1.0
    body = Body(points=points, seen=seen, world=np.zeros((33, 3), dtype=np.float32), score=1.0)
    drawn = draw_skeleton(body, 100, 120)
    assert drawn[40, 60].any()
    assert not drawn[60:, :].any()  # the hip is not surely seen
    assert not draw_skeleton(None, 100, 120).any()


def test_depth_is_refused_with_what_to_get_and_runs_with_a_model(
    context: ToolContext, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(DEPTH, raising=False)
    with pytest.raises(ToolRefused, match=r"Depth-Anything-V2-Small.*SIDEKICK_DEPTH_MODEL"):
        make_control_clips(context, MakeControlClips(kind="depth"))
    (tmp_path / "empty").mkdir()
    monkeypatch.setenv(DEPTH, str(tmp_path / "empty"))
    with pytest.raises(ToolRefused, match="cannot be loaded"):
        make_control_clips(context, MakeControlClips(kind="depth"))
    monkeypatch.setenv(DEPTH, str(small_depth_model(tmp_path / "depth")))
    make_control_clips(context, MakeControlClips(kind="depth"))
    assert references(context) == {"a.mp4": "depth", "own_end.mp4": "start", "still.png": "depth"}
    still, moving = item(context, "still.png").reference, item(context, "a.mp4").reference
    assert still is not None
    assert moving is not None
    picture = read_image(path_of(folder_of(context), still))
    assert picture.shape == (96, 128, 3)
    assert np.ptp(picture) > 200  # the whole scale is used
    assert (picture[..., 0] == picture[..., 2]).all()
    assert len(read_frames(path_of(folder_of(context), moving), fps=8.0, frames=12)) == 12


def small_depth_model(folder: Path) -> Path:
    """Depth Anything's architecture in small, with random weights: its answers mean nothing, its form is real."""
    backbone = Dinov2Config(
        hidden_size=16,
        num_hidden_layers=4,
        num_attention_heads=2,
        mlp_ratio=2,
        image_size=56,
        patch_size=14,
        out_features=["stage1", "stage2", "stage3", "stage4"],
        reshape_hidden_states=False,
    )
    config = DepthAnythingConfig(
        backbone_config=backbone,
        reassemble_hidden_size=16,
        neck_hidden_sizes=[4, 4, 8, 8],
        fusion_hidden_size=8,
        head_hidden_size=4,
    )
    torch.manual_seed(0)
    model = DepthAnythingForDepthEstimation(config)
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.2)
    torch.nn.init.ones_(model.head.conv3.bias)  # depth is not below zero
    model.save_pretrained(folder)
    processor = DPTImageProcessor(size={"height": 56, "width": 56}, keep_aspect_ratio=True, ensure_multiple_of=14)
    processor.save_pretrained(folder)
    return folder
