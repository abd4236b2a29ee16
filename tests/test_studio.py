"""The studio through its tools: a LoRA that was really trained on mini for a few steps, and files from elsewhere."""

import json
import shutil
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from lora_files import write_lora
from lora_rooms import best_at, score
from PIL import Image
from safetensors.torch import load_file, save_file
from short_runs import SHORT
from test_training import make_project, submit

from tools.context import NoArguments, ToolContext, ToolRefused
from tools.dataset import AddFiles, add_files
from tools.evaluation.adoption import make_newest
from tools.evaluation.base_clips import AtStrength
from tools.library import LoraStrength, list_loras, newest_lora
from tools.state import facts_of, latest_lora, manifest_of
from tools.studio.add_lora import AddLora, add_lora
from tools.studio.compare_clips import CompareClips, compare_clips
from tools.studio.generate_clip import GenerateClip, generate_clip
from tools.studio.history import clips_made
from tools.studio.interference import MeasureInterference, measure_interference
from tools.studio.merge_loras import MergeLoras, merge_loras
from tools.studio.shown import keep_shown, read_shown
from tools.studio.verify_lora import VerifyLora, verify_lora
from tools.uploads import register
from trainer_core.dataset.media import read_frames
from trainer_core.generation.provenance import MARK, Made, metadata_of, read_provenance, write_generated
from trainer_core.jobs import store
from trainer_core.jobs.worker import work
from trainer_core.plan import BASES, BaseModelName, TrainingPlan
from trainer_core.projects import Lora, PlanRow, Run, Workspace, create_project, get_project, update_project
from trainer_core.training.candidates import path_of
from trainer_core.training.records import sha256_of

TRIGGER = "chr_x7kq"


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A workspace in which a character was trained for a few steps, and its project."""
    workspace = Workspace.open(tmp_path_factory.mktemp("studio") / "home")
    project_id, plan_id, _ = make_project(workspace, **SHORT | {"steps": 6, "validation_every": 6})
    update_project(workspace, project_id, recipe="character", trigger=TRIGGER, noun="cat")
    job_id, _ = submit(workspace, project_id, plan_id)
    work(workspace, job_id)
    assert store.get(workspace, job_id).state == "succeeded", store.get(workspace, job_id).error
    workspace.engine.dispose()
    return workspace.home, project_id


@pytest.fixture
def context(trained: tuple[Path, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ToolContext:
    """A copy of it; clips take two steps of denoising instead of twelve."""
    shutil.copytree(trained[0], tmp_path / "home")
    rules = BASES[BaseModelName.MINI].model_copy(update={"sampling_steps": 2})
    monkeypatch.setitem(BASES, BaseModelName.MINI, rules)
    return ToolContext(Workspace.open(tmp_path / "home"), trained[1], "me")


def newest(context: ToolContext) -> str:
    lora = latest_lora(context)
    assert lora is not None
    return lora.id


def hand_over(context: ToolContext, path: Path) -> str:
    return register(context.workspace, context.project_id, [path])[0].id


def from_elsewhere(context: ToolContext, folder: Path, seed: int = 1, **settings: Any) -> str:
    """A LoRA file from elsewhere, handed over and added: its id."""
    path = write_lora(folder / f"found-{seed}.safetensors", seed, size=0.15, **{"trigger": "sty_q2ab"} | settings)
    return str(add_lora(context, AddLora(upload=hand_over(context, path))).data["lora"])


def frames_of(context: ToolContext, file: str) -> np.ndarray:
    return read_frames(context.workspace.home / file, fps=8.0, frames=9)


def test_a_stack_makes_a_clip_that_says_how_it_was_made(context: ToolContext, tmp_path: Path) -> None:
    style = from_elsewhere(context, tmp_path)
    stack = [LoraStrength(lora=newest(context), strength=0.9), LoraStrength(lora=style, strength=0.5)]
    made = generate_clip(context, GenerateClip(prompt="waving on a roof", stack=stack, seed=7))
    other_way = generate_clip(context, GenerateClip(prompt="waving on a roof", stack=stack[::-1], seed=7))
    assert made.data["prompt"] == f"{TRIGGER}, a cat, sty_q2ab, waving on a roof"
    assert "at 0.9" in made.text
    assert "not LTX-2.3" in made.text
    with av.open(str(context.workspace.home / made.files[0])) as clip:
        tags = dict(clip.metadata)
    assert tags["comment"] == "AI-generated"
    told = json.loads(tags["description"])
    assert (told["prompt"], told["seed"], told["base"]) == (made.data["prompt"], 7, "mini")
    assert (told["steps"], told["guidance"], told["frames"], told["width"]) == (2, 3.0, 9, 64)
    assert told["program"].startswith("Sidekick ")
    with context.workspace.session() as session:
        sums = {session.get_one(Lora, lora).sha256: strength for lora, strength in ((stack[0].lora, 0.9), (style, 0.5))}
    assert {each["sha256"]: each["strength"] for each in told["loras"]} == sums
    assert str(context.workspace.home) not in tags["description"]
    assert other_way.data["prompt"] != made.data["prompt"]  # the words follow the order in which they were named
    weights = [LoraStrength(lora=newest(context), strength=0.0), LoraStrength(lora=style, strength=0.0)]
    nothing = generate_clip(context, GenerateClip(prompt="waving", stack=weights, with_trigger=False))
    base = generate_clip(context, GenerateClip(prompt="waving", strength=0, with_trigger=False))
    assert np.array_equal(frames_of(context, nothing.files[0]), frames_of(context, base.files[0]))


def test_marks_survive_a_copy_without_coding_again(tmp_path: Path) -> None:
    made = Made(
        **{"base": BaseModelName.MINI, "prompt": "über “x” \n ; = #", "seed": 1, "steps": 2, "guidance": 3.0},
        **{"width": 64, "height": 64, "frames": 2, "fps": 8.0},
    )
    path, copy = tmp_path / "a.mp4", tmp_path / "b.mp4"
    write_generated(path, np.zeros((2, 64, 64, 3), np.uint8), 8.0, made)
    with av.open(str(path)) as source, av.open(str(copy), "w", options={"movflags": "use_metadata_tags"}) as target:
        target.metadata.update(source.metadata)
        stream = target.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(source.streams.video[0]):
            if packet.dts is not None:
                packet.stream = stream
                target.mux(packet)
    for each in (path, copy):
        found = read_provenance(each)
        assert found.marked
        assert found.made == made
    assert MARK.encode() in path.read_bytes()
    assert "über" in metadata_of(made)["description"]


def test_a_clip_can_begin_with_a_picture_or_follow_a_reference(context: ToolContext, tmp_path: Path) -> None:
    Image.fromarray(np.full((80, 96, 3), (200, 40, 40), np.uint8)).save(tmp_path / "red.png")
    red = hand_over(context, tmp_path / "red.png")
    made = generate_clip(context, GenerateClip(prompt="waving", image=red, strength=0, with_sound=True))
    first = frames_of(context, made.files[0])[0].astype(float)
    assert np.abs(first - np.array([200, 40, 40])).mean() < 30
    assert "no voice" in made.text
    found = read_provenance(context.workspace.home / made.files[0]).made
    assert found is not None
    assert list(found.shown) == ["image"]
    shows = {"reference": "pair", "reference_downscale": 1}
    follows = from_elsewhere(context, tmp_path, 5, trigger="fx_q2", **shows)
    item = manifest_of(context).usable[0].id
    without = generate_clip(context, GenerateClip(prompt="waving", lora=follows))
    assert "given no reference" in without.text
    with_item = generate_clip(context, GenerateClip(prompt="waving", lora=follows, reference=item))
    clip = next(item.id for item in manifest_of(context).usable if item.info.kind == "clip")
    with_clip = generate_clip(context, GenerateClip(prompt="waving", lora=follows, reference=clip))
    seen = [frames_of(context, each.files[0]) for each in (without, with_item, with_clip)]
    assert not np.array_equal(seen[0], seen[1])
    assert not np.array_equal(seen[1], seen[2])


def test_wrong_wishes_are_answered_in_words(context: ToolContext, tmp_path: Path) -> None:
    own = newest(context)
    style = from_elsewhere(context, tmp_path)
    item = manifest_of(context).usable[0].id
    (tmp_path / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"x" * 50)
    broken = hand_over(context, tmp_path / "broken.png")
    folder = hand_over(context, tmp_path)
    twice = [LoraStrength(lora=own), LoraStrength(lora=own, strength=0.5)]
    for arguments, words in (
        ({"lora": "lora_none"}, "no LoRA called 'lora_none'"),
        ({"lora": "../../etc/passwd"}, "no LoRA called"),
        ({"stack": twice}, "the same file"),
        ({"lora": own, "stack": twice}, "not both"),
        ({"reference": item}, "no LoRA that is used was trained with references"),
        ({"image": item, "reference": item}, "either a first picture or a reference"),
        ({"image": "itm_000000000000"}, "no file called"),
        ({"image": "/etc/passwd"}, "no file called"),
        ({"image": "upl_none"}, "no upload called"),
        ({"image": broken}, "damaged or cut off"),
        ({"image": folder}, "is a folder"),
    ):
        with pytest.raises(ToolRefused, match=words):
            generate_clip(context, GenerateClip(prompt="waving", **arguments))  # type: ignore[arg-type]
    with context.workspace.session() as session:
        row = session.get_one(Lora, style)
        file = context.workspace.home / row.file
        row.base = "ltx-2.3"
    with pytest.raises(ToolRefused, match="different base models"):
        generate_clip(context, GenerateClip(prompt="x", stack=[LoraStrength(lora=own), LoraStrength(lora=style)]))
    with context.workspace.session() as session:
        session.get_one(Lora, style).base = "mini"
    shutil.copy(write_lora(tmp_path / "another.safetensors", 77), file)
    with pytest.raises(ToolRefused, match="not the one that was registered"):
        generate_clip(context, GenerateClip(prompt="x", lora=style))
    assert "not the file that was registered" in verify_lora(context, VerifyLora(lora=style)).text
    file.unlink()
    with pytest.raises(ToolRefused, match="is gone, or a link"):
        generate_clip(context, GenerateClip(prompt="x", lora=style))
    assert "its file is gone" in list_loras(context, NoArguments()).text


def test_files_from_anywhere_are_checked_and_sound_ones_are_added(context: ToolContext, tmp_path: Path) -> None:
    good = write_lora(tmp_path / "sunset style.safetensors", 1, trigger="sty_q2ab")
    cut, pickle = tmp_path / "cut.safetensors", tmp_path / "old.ckpt"
    cut.write_bytes(good.read_bytes()[:-300])
    pickle.write_bytes(b"PK\x03\x04" + b"x" * 100)
    ids = {path.name: hand_over(context, path) for path in (good, cut, pickle)}
    assert facts_of(context).waiting_loras == list(ids.values())
    assert facts_of(context).waiting_uploads == []
    with pytest.raises(ToolRefused, match="is a LoRA file"):
        add_files(context, AddFiles(uploads=[ids["cut.safetensors"]]))
    looked = verify_lora(context, VerifyLora(upload=ids[good.name]))
    assert looked.data["ok"]
    assert "sunset style.safetensors: the file is sound" in looked.text
    assert "sty_q2ab" in looked.text
    assert "fits mini" in looked.text
    assert "damaged or cut off" in verify_lora(context, VerifyLora(upload=ids["cut.safetensors"])).text
    for name, words in (("cut.safetensors", "damaged or cut off"), ("old.ckpt", "pickle")):
        with pytest.raises(ToolRefused, match=words):
            add_lora(context, AddLora(upload=ids[name]))
    with pytest.raises(ToolRefused, match="can't be a trigger"):
        add_lora(context, AddLora(upload=ids[good.name], trigger="two words"))
    before, bytes_before = newest(context), good.read_bytes()
    added = add_lora(context, AddLora(upload=ids[good.name]))
    assert "trigger word is sty_q2ab" in added.text
    assert good.read_bytes() == bytes_before
    assert newest(context) == before  # what was trained here stays the one that clips are made with
    assert ids[good.name] not in facts_of(context).waiting_loras
    with pytest.raises(ToolRefused, match="here already"):
        add_lora(context, AddLora(upload=ids[good.name]))
    kept = [path.name for path in (context.workspace.home / "projects" / context.project_id / "loras").iterdir()]
    assert kept == [f"added-{added.data['lora']}.safetensors"]
    assert "added from a file" in list_loras(context, NoArguments()).text
    assert verify_lora(context, VerifyLora()).data["ok"]


def test_another_owner_s_loras_are_not_here(context: ToolContext, tmp_path: Path) -> None:
    own = newest(context)
    update_project(context.workspace, context.project_id, owner="somebody")
    from trainer_core.projects import create_project

    other = ToolContext(context.workspace, create_project(context.workspace, "Mine", "me").id, "me")
    with pytest.raises(ToolRefused, match="no LoRA called"):
        generate_clip(other, GenerateClip(prompt="x", lora=own))
    with pytest.raises(ToolRefused, match="no LoRA here yet"):
        list_loras(other, NoArguments())
    update_project(context.workspace, context.project_id, owner="me")
    assert own in list_loras(other, NoArguments()).text
    assert TRIGGER in str(generate_clip(other, GenerateClip(prompt="x", lora=own)).data["prompt"])


def test_interference_is_measured_on_files_and_on_clips(context: ToolContext, tmp_path: Path) -> None:
    own, style = newest(context), from_elsewhere(context, tmp_path)
    found = measure_interference(
        context, MeasureInterference(loras=[LoraStrength(lora=own), LoraStrength(lora=style, strength=1.5)])
    )
    (pair,) = found.data["pairs"]
    assert abs(pair["whole"]["cosine"]) < 0.1
    mine, foreign = found.data["identity"]
    assert len(mine["alone"]) == len(mine["stacked"]) == 6
    assert mine["drop"] == pytest.approx(np.mean(np.subtract(mine["alone"], mine["stacked"])))
    assert mine["drop"] != 0
    assert foreign["drop"] is None
    for words in ("cosine", "resemblance", "not trained here", "For comparison", "Nobody has published a line"):
        assert words in found.text
    with pytest.raises(ToolRefused, match="Only one"):
        measure_interference(
            context, MeasureInterference(loras=[LoraStrength(lora=own), LoraStrength(lora=style, strength=0)])
        )


def test_a_merged_file_is_a_lora_of_the_project_and_equals_the_stack(context: ToolContext, tmp_path: Path) -> None:
    own = newest(context)
    nameless = write_lora(tmp_path / "nameless.safetensors", 1, rank=3, size=0.15)
    save_file(load_file(nameless), nameless)  # without a header
    style = str(add_lora(context, AddLora(upload=hand_over(context, nameless), trigger="sty_q2ab")).data["lora"])
    both = [LoraStrength(lora=own), LoraStrength(lora=style)]
    made = merge_loras(context, MergeLoras(loras=both, title="cat in <b>sunset</b>"))
    assert "it is the stack itself" in made.text
    assert made.data["rank"] == 5
    merged = str(made.data["lora"])
    assert verify_lora(context, VerifyLora(lora=merged)).data["ok"]
    assert f"{merged}: trigger {TRIGGER}, sty_q2ab, for mini, merged here" in list_loras(context, NoArguments()).text
    one = generate_clip(context, GenerateClip(prompt="waving", lora=merged, seed=4))
    stack = generate_clip(context, GenerateClip(prompt="waving", stack=both, seed=4))
    assert sorted(str(one.data["prompt"]).split(", ")) == sorted(str(stack.data["prompt"]).split(", "))
    smaller = merge_loras(context, MergeLoras(loras=both, method="svd", rank=2))  # type: ignore[arg-type]
    assert smaller.data["relative_error"] > 0
    assert "differs from the stack's by" in smaller.text
    with pytest.raises(ToolRefused, match="one rank"):
        merge_loras(context, MergeLoras(loras=both, method="ties"))  # type: ignore[arg-type]
    with pytest.raises(ToolRefused, match="at least two"):
        merge_loras(context, MergeLoras(loras=[both[0], LoraStrength(lora=style, strength=0)]))


def test_a_merged_lora_keeps_every_trigger_word(context: ToolContext, tmp_path: Path) -> None:
    """Of two long trigger words one was once all that the table kept, while the message named both."""
    longest = [letter * 32 for letter in "abcd"]
    parts = [from_elsewhere(context, tmp_path, seed, trigger=word, rank=1) for seed, word in enumerate(longest, 20)]
    made = merge_loras(context, MergeLoras(loras=[LoraStrength(lora=part, strength=1.0) for part in parts]))
    merged, phrase = str(made.data["lora"]), ", ".join(longest)
    for text in (
        made.text,
        list_loras(context, NoArguments()).text,
        str(generate_clip(context, GenerateClip(prompt="waving", lora=merged)).data["prompt"]),
    ):
        assert phrase in text
    checked = verify_lora(context, VerifyLora(lora=merged)).text  # what the file itself says, in an order of its own
    assert all(word in checked for word in longest)
    assert phrase in [each.trigger for each in facts_of(context).loras]
    again = [LoraStrength(lora=merged, strength=0.5), LoraStrength(lora=newest(context))]
    folder = context.workspace.home / "projects" / context.project_id / "loras"
    files = sorted(folder.iterdir())
    with pytest.raises(ToolRefused, match=r"Nothing was merged\. .* 5 trigger words"):
        merge_loras(context, MergeLoras(loras=again))
    assert sorted(folder.iterdir()) == files


def test_a_merged_file_from_elsewhere_keeps_every_trigger_word(context: ToolContext, tmp_path: Path) -> None:
    """Its header was once read for 80 characters, and the word that was cut in two dropped without a word."""
    words = [letter * 32 for letter in "abcd"]

    def added(name: str, phrase: str) -> tuple[str, object]:
        path = write_lora(tmp_path / name, len(phrase), rank=1, size=0.15)
        save_file(load_file(path), path, {"modelspec.trigger_phrase": phrase})
        found = add_lora(context, AddLora(upload=hand_over(context, path)))
        return found.text, found.data["trigger"]

    text, trigger = added("four.safetensors", ", ".join(words))
    assert trigger == ", ".join(words)
    assert f"trigger word is {trigger}." in text
    text, trigger = added("five.safetensors", ", ".join([*words, "eeee"]))
    assert trigger == ", ".join(words[:3])
    assert "Its header names more than one LoRA can be called by" in text


def test_comparing_shows_base_lora_and_earlier_steps_side_by_side(context: ToolContext) -> None:
    found = compare_clips(context, CompareClips(prompt="waving", seed=3, steps=[4]))
    clip = context.workspace.home / found.files[0]
    with av.open(str(clip)) as opened:
        stream = opened.streams.video[0]
        assert (stream.width, stream.frames) == (3 * (256 + 8) + 8, 9)
    with Image.open(context.workspace.home / found.pictures[0]) as sheet:
        assert sheet.format == "PNG"
        assert sheet.width > 5 * 128
    sides = found.data["sides"]
    assert [str(side).split(" ")[0] for side in sides] == ["base", f"{TRIGGER},", TRIGGER]
    told = read_provenance(clip)
    assert told.marked
    assert told.made is not None
    assert [len(side["loras"]) for side in told.made.sides] == [0, 1, 1]
    frames = read_frames(clip, fps=8.0, frames=9)
    cells = [frames[:, 30:286, 8 + place * 264 : 264 + place * 264] for place in range(3)]
    assert np.abs(cells[0].astype(int) - cells[2]).mean() > 0.1
    for arguments, words in (
        ({"steps": [5]}, "step 5 was not kept. Kept steps of .*: 2, 4, 6"),
        ({"with_base": False}, "only one clip"),
        ({"steps": [2, 4], "loras": [LoraStrength(lora=newest(context))] * 3}, "At most 4"),
    ):
        with pytest.raises(ToolRefused, match=words):
            compare_clips(context, CompareClips(prompt="waving", **arguments))  # type: ignore[arg-type]


def test_earlier_steps_are_found_when_scoring_has_chosen_one_of_them(context: ToolContext) -> None:
    """They were once looked for beside the newest file, which is then no longer in the run's own folder."""
    last = latest_lora(context)
    assert last is not None
    with context.workspace.session() as session:
        run, row = (
            session.get_one(Run, last.run_id),
            session.get_one(PlanRow, session.get_one(Run, last.run_id).plan_id),
        )
    file = path_of(context.workspace.run_folder(run.id), 2)
    chosen = AtStrength(file, sha256_of(file))
    make_newest(context.workspace, run, TrainingPlan.model_validate(row.body), chosen)
    found = compare_clips(context, CompareClips(prompt="waving", steps=[4, 6], with_base=False))
    assert [str(side).split(" (")[0] for side in found.data["sides"]] == [
        f"{TRIGGER}, step 4",
        f"{TRIGGER}, step 6",
        TRIGGER,
    ]


def test_clips_take_the_strength_that_scored_best_unless_one_is_said(context: ToolContext) -> None:
    """They were once made at 1 although the score had advised another strength."""
    lora = newest_lora(context).row
    with context.workspace.session() as session:
        score(context, session.get_one(Run, lora.run_id), lora, [0.8, 0.9], sweep=best_at(0.6))
    made = generate_clip(context, GenerateClip(prompt="waving"))
    assert made.data["loras"] == [{"id": lora.id, "strength": 0.6}]
    assert "strength 0.6" in made.text
    named = generate_clip(context, GenerateClip(prompt="waving", lora=lora.id, strength=1))
    assert named.data["loras"] == [{"id": lora.id, "strength": 1.0}]
    sides = compare_clips(context, CompareClips(prompt="waving")).data["sides"]
    assert sides == ["base model", f"{TRIGGER} ({lora.id}) at 0.6"]
    of_steps = compare_clips(context, CompareClips(prompt="waving", steps=[4])).data["sides"]
    assert of_steps[-1] == f"{TRIGGER} ({lora.id}) at 1"  # beside the step, which is at 1


def test_a_busy_gpu_and_a_missing_base_are_said(context: ToolContext, monkeypatch: pytest.MonkeyPatch) -> None:
    with context.workspace.session() as session:
        session.get_one(Lora, newest(context)).base = "ltx-2.3"
    with pytest.raises(ToolRefused, match=r"LTX-2\.3"):
        generate_clip(context, GenerateClip(prompt="x"))
    monkeypatch.setattr("tools.studio.machine.base_missing", lambda _base: None)
    job = store.submit(
        context.workspace, project_id=context.project_id, task="tools.evaluation.run:evaluate", arguments={}
    )
    with context.workspace.session() as session:
        session.merge(job).state = store.State.RUNNING
    with pytest.raises(ToolRefused, match="using the GPU"):
        generate_clip(context, GenerateClip(prompt="x"))


def test_with_and_without_the_trigger_stand_side_by_side(context: ToolContext) -> None:
    found = compare_clips(context, CompareClips(prompt=f"{TRIGGER}, a cat waving", without_too=True, with_base=False))
    assert found.data["sides"] == ["without the trigger word", "with the trigger word"]
    (clip,) = clips_made(context)
    assert clip.file == found.files[0]
    assert clip.told.made is not None
    assert clip.told.made.prompt == f"{TRIGGER}, a cat waving"
    assert [side["prompt"] for side in clip.told.made.sides] == ["a cat waving", f"{TRIGGER}, a cat waving"]
    assert len({each["sha256"] for side in clip.told.made.sides for each in side["loras"]}) == 1


def second_subject(context: ToolContext, folder: Path, trigger: str, noun: str) -> str:
    """A LoRA of another project of the same person, for a subject of its own: its id."""
    owner = get_project(context.workspace, context.project_id).owner
    project = create_project(context.workspace, "Another", owner)
    update_project(context.workspace, project.id, recipe="character", trigger=trigger, noun=noun)
    return from_elsewhere(ToolContext(context.workspace, project.id, owner), folder, 8, trigger=trigger)


def test_each_lora_that_is_compared_is_asked_for_its_own_subject_only(context: ToolContext, tmp_path: Path) -> None:
    """Every clip, the base's too, was once asked for the subjects of all of them: a cat and a robot in each."""
    robot = second_subject(context, tmp_path, "chr_b2de", "robot")
    both = [LoraStrength(lora=newest(context)), LoraStrength(lora=robot)]
    found = compare_clips(context, CompareClips(prompt="walking on a beach with chr_b2de", loras=both, seed=2))
    cats, robots = (f"{called}, walking on a beach with" for called in (f"{TRIGGER}, a cat", "chr_b2de, a robot"))
    made = read_provenance(context.workspace.home / found.files[0]).made
    assert made is not None
    assert [side["prompt"] for side in made.sides] == found.data["prompts"] == [cats, cats, robots]
    assert made.prompt == found.data["prompt"] == "walking on a beach with"
    assert found.text.startswith("Same scene and seed, ")
    assert f"Their prompts: “{cats}”; “{cats}”; “{robots}” (seed 2)." in found.text
    alone = compare_clips(context, CompareClips(prompt="walking on a beach with", loras=both[1:], seed=2))
    assert alone.data["prompt"] == robots
    assert alone.text.startswith("Same words and seed, ")
    together, by_itself = (frames_of(context, each.files[0]) for each in (found, alone))
    right = [(together, 2), (by_itself, 1)]
    cells = [frames[:, 30:286, 8 + place * 264 : 264 + place * 264].astype(int) for frames, place in right]
    assert np.abs(cells[0] - cells[1]).mean() < 2  # but for the video's compression: it really was made like that


def test_the_noun_is_said_unless_the_words_say_it(context: ToolContext) -> None:
    """A cat was once left out of "scattered leaves", and an owl was "a owl"."""

    def prompt(words: str) -> object:
        return generate_clip(context, GenerateClip(prompt=words)).data["prompt"]

    assert prompt("scattered leaves") == f"{TRIGGER}, a cat, scattered leaves"
    assert prompt("A Cat among leaves") == f"{TRIGGER}, A Cat among leaves"
    update_project(context.workspace, context.project_id, noun="owl")
    assert prompt("waving") == f"{TRIGGER}, an owl, waving"


def test_clips_made_are_kept_newest_first_with_what_they_say(context: ToolContext, tmp_path: Path) -> None:
    assert clips_made(context) == ()
    first = generate_clip(context, GenerateClip(prompt="waving", seed=4))
    second = generate_clip(context, GenerateClip(prompt="dancing", seed=5, strength=0))
    broken = (context.workspace.home / first.files[0]).with_name("clip_broken.mp4")
    broken.write_bytes(b"no clip")
    found = clips_made(context)
    assert [clip.file for clip in found] == [second.files[0], first.files[0]]
    assert all(clip.told.marked for clip in found)
    assert [clip.told.made.seed for clip in found if clip.told.made] == [5, 4]


def test_a_picture_for_the_studio_is_kept_and_does_not_wait_for_the_set(context: ToolContext, tmp_path: Path) -> None:
    Image.fromarray(np.full((80, 96, 3), (200, 40, 40), np.uint8)).save(tmp_path / "red.png")
    upload = keep_shown(context, tmp_path / "red.png", "../my <b>red</b>.png")
    (tmp_path / "red.png").unlink()
    assert facts_of(context).waiting_uploads == []
    assert read_shown(context, upload.id, frames=1, fps=8.0).frames.shape == (1, 80, 96, 3)
    (tmp_path / "no.png").write_bytes(b"no picture")
    with pytest.raises(ToolRefused, match=r"no\.png cannot be used"):
        keep_shown(context, tmp_path / "no.png", "no.png")
