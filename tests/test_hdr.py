"""HDR video is read as if it were SDR: whoever adds it, looks at it or splits it is told that its colours are pale."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from rooms import new_context

from tools.audit.run import audit_dataset
from tools.dataset import AddFiles, add_files
from tools.state import manifest_of
from tools.uploads import register
from trainer_core.dataset.media import probe
from trainer_core.dataset.pieces import add_pieces
from trainer_core.recipes import RECIPES, RecipeName

SAID = "its colours come out pale. Export it as SDR (BT.709) and add it again."


def write(path: Path, transfer: str, frames: int = 48) -> Path:
    """A clip of 10 bits with this transfer characteristic, as telephones make them."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=24)
        stream.width, stream.height, stream.pix_fmt = 128, 96, "yuv420p10le"
        stream.options = {
            "preset": "ultrafast",
            "x264-params": f"colorprim=bt2020:transfer={transfer}:colormatrix=bt2020nc",
        }
        for number in range(frames):
            picture = np.roll(np.full((96, 128, 3), np.arange(128, dtype=np.uint8)[:, None]), number, axis=1)
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(format="yuv420p10le")
            frame.pts, frame.time_base = number, Fraction(1, 24)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


@pytest.mark.parametrize(
    ("transfer", "notes"),
    [
        ("arib-std-b67", (f"HDR video (HLG): {SAID}",)),
        ("smpte2084", (f"HDR video (PQ): {SAID}",)),
        ("bt709", ()),
    ],
)
def test_a_clip_says_that_it_is_hdr(tmp_path: Path, transfer: str, notes: tuple[str, ...]) -> None:
    """Clips of telephones in HLG and PQ were read as SDR and trained washed out, without a word."""
    info = probe(write(tmp_path / "phone.mov", transfer))
    assert info.notes == info.hdr_notes == notes
    assert all(len(note) <= 120 for note in notes)  # so much of it the window shows


def test_whoever_adds_or_audits_hdr_is_told(tmp_path: Path) -> None:
    """In the answer, in the audit, and of the pieces, which are as pale as the clip that they come from."""
    sent = tmp_path / "sent"
    sent.mkdir()
    write(sent / "phone.mov", "arib-std-b67")
    write(sent / "old.mov", "bt709")
    context = new_context(tmp_path / "home")
    register(context.workspace, context.project_id, [sent])
    told = add_files(context, AddFiles()).text
    assert "1 clip is HDR video (phone.mov): the colours come out pale. Export as SDR (BT.709) and add again" in told
    folder = context.workspace.dataset_folder(context.project_id)
    phone = next(item for item in manifest_of(context).items if item.name == "phone.mov")
    found = [each for each in audit_dataset(folder, RECIPES[RecipeName.MOTION]).findings if each.id == "hdr_clip"]
    assert [(each.level, each.files) for each in found] == [("warn", (phone.id,))]
    pieces = [item for item in add_pieces(folder, phone.id, [(0.0, 1.0)]).items if item.piece_of]
    assert [item.info.hdr_notes for item in pieces] == [phone.info.hdr_notes]
