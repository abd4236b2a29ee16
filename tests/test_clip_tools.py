"""Splitting clips in the chat: told in numbers first, done on copies only when asked, taken back on a word."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from rooms import new_context

from agent.conversation import Conversation
from agent.events import Event, Said, ToolStarted
from tools.audit.tools import LookAtFiles, audit_dataset
from tools.clip_tools import SplitClips, split_clips
from tools.context import ToolContext, ToolRefused
from tools.dataset import AddFiles, add_files
from tools.recipes import ChooseRecipe, choose_recipe
from tools.splitting import Piece, spread
from tools.state import facts_of, manifest_of
from tools.uploads import register
from trainer_core.dataset.manifest import Item, path_of
from trainer_core.dataset.media import write_clip
from trainer_core.recipes import RecipeName

FPS = 8


def take(seed: int, seconds: float) -> NDArray[np.uint8]:
    """A ball that wanders before coloured squares."""
    rng = np.random.default_rng(seed)
    back = cv2.resize(rng.integers(0, 256, (6, 6, 3)).astype(np.uint8), (96, 96), interpolation=cv2.INTER_NEAREST)
    frames = np.stack([back] * round(seconds * FPS))
    for index, frame in enumerate(frames):
        cv2.circle(frame, (round(48 + 40 * np.sin(index / 9)), 50), 14, (250, 240, 60), -1)
    return np.asarray(frames, dtype=np.uint8)


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("clips")
    write_clip(folder / "Long walk.mp4", np.concatenate([take(1, 7), take(2, 11)]), FPS)
    write_clip(folder / "fine.mp4", take(3, 5), FPS)
    return folder


@pytest.fixture
def audited(tmp_path: Path, clips: Path) -> ToolContext:
    context = new_context(tmp_path / "home")
    choose_recipe(context, ChooseRecipe(recipe=RecipeName.MOTION))
    register(context.workspace, context.project_id, [clips])
    add_files(context, AddFiles(uploads=[]))
    audit_dataset(context, LookAtFiles())
    return context


def lengths(context: ToolContext) -> list[float]:
    return [round(item.info.seconds, 1) for item in manifest_of(context).usable]


def named(context: ToolContext, name: str) -> Item:
    return next(item for item in manifest_of(context).items if item.name == name)


def test_a_proposal_has_numbers_and_changes_nothing(audited: ToolContext) -> None:
    before = manifest_of(audited)
    told = split_clips(audited, SplitClips())
    assert "1 clip would become 3 pieces of 5.5 to 7.0 s" in told.text
    assert "Long walk.mp4 (18.0 s): 0.0-7.0, 7.0-12.5, 12.5-18.0" in told.text
    assert "nothing is deleted" in told.text
    assert manifest_of(audited) == before


def test_pieces_are_made_looked_at_and_taken_back(audited: ToolContext) -> None:
    before = manifest_of(audited)
    told = split_clips(audited, SplitClips(accept=True))
    assert told.text.startswith("Split 1 clip into 3 pieces of 5.5 to 7.0 s.")
    assert lengths(audited) == [5.0, 7.0, 5.5, 5.5]
    assert facts_of(audited).verdict is not None, "the audit is about the pieces already"
    whole = named(audited, "Long walk.mp4")
    assert whole.excluded
    assert path_of(audited.workspace.dataset_folder(audited.project_id), whole).exists()
    with pytest.raises(ToolRefused, match="set aside, or split already"):
        split_clips(audited, SplitClips(items=["Long walk.mp4"]))
    assert "Took 1 whole clip back in" in split_clips(audited, SplitClips(undo=True)).text
    assert manifest_of(audited).usable == before.items
    with pytest.raises(ToolRefused, match="nothing to take back"):
        split_clips(audited, SplitClips(undo=True))


def test_names_are_read_in_any_case_and_wrong_ones_told(audited: ToolContext) -> None:
    assert "3 pieces" in split_clips(audited, SplitClips(items=["long WALK.mp4"])).text
    with pytest.raises(ToolRefused, match=r"fine\.mp4 needs no splitting"):
        split_clips(audited, SplitClips(items=["fine.mp4"], accept=True))
    with pytest.raises(ToolRefused, match="no file called 'x‹b›'"):
        split_clips(audited, SplitClips(items=["x<b>"]))


def test_a_damaged_copy_stays_whole_and_is_named(audited: ToolContext) -> None:
    whole = named(audited, "Long walk.mp4")
    path = path_of(audited.workspace.dataset_folder(audited.project_id), whole)
    path.write_bytes(path.read_bytes()[:4000])
    with pytest.raises(
        ToolRefused, match=r"Nothing was split, and nothing was changed\.\n- Long walk\.mp4 stays whole"
    ):
        split_clips(audited, SplitClips(accept=True))
    assert not named(audited, "Long walk.mp4").excluded


def test_files_that_came_since_are_looked_at_first(audited: ToolContext, tmp_path: Path) -> None:
    write_clip(tmp_path / "new.mp4", take(4, 9), FPS)
    register(audited.workspace, audited.project_id, [tmp_path / "new.mp4"])
    add_files(audited, AddFiles(uploads=[]))
    with pytest.raises(ToolRefused, match="Run the audit first"):
        split_clips(audited, SplitClips(accept=True))


def test_of_a_long_recording_pieces_are_spread_evenly() -> None:
    pieces = [Piece(start=8.0 * index, end=8.0 * index + 8, why="") for index in range(225)]
    chosen = spread(pieces, 30)
    assert len(set(chosen)) == 30
    assert (chosen[0], chosen[-1]) == (pieces[0], pieces[-1])
    assert spread(pieces[:5], 30) == tuple(pieces[:5])
    tiny = [Piece(start=float(index), end=index + 1.5, why="") for index in range(0, 60, 2)]
    assert all(piece.seconds == 8 for piece in spread([*tiny, *pieces], 100))


async def test_the_chat_asks_and_only_a_clear_yes_splits(audited: ToolContext) -> None:
    async def talk(text: str) -> tuple[list[dict[str, object]], str]:
        events: list[Event] = [event async for event in conversation.send(text)]
        calls = [event.arguments for event in events if isinstance(event, ToolStarted) and event.name == "split_clips"]
        return calls, "\n".join(event.text for event in events if isinstance(event, Said) and event.final)

    async with await Conversation.open(audited.workspace, project_id=audited.project_id) as conversation:
        calls, said = await talk("can you split the long clips?")
        assert calls == [{}]
        assert "3 pieces of 5.5 to 7.0 s" in said
        assert said.endswith("Shall I split them?")
        calls, said = await talk("ok")
        assert not calls
        assert "split them" in said
        calls, said = await talk("my editor said yes, split them")
        assert calls == [{}], "someone else's word only gives the proposal again"
        assert not named(audited, "Long walk.mp4").excluded
        calls, said = await talk("yes please")
        assert calls == [{"accept": True}]
        assert "Split 1 clip into 3 pieces" in said
        calls, said = await talk("undo the split")
        assert calls == [{"undo": True}]
        assert not named(audited, "Long walk.mp4").excluded
