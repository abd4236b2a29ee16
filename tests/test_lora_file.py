"""LoRA files: one form for every player, the same bytes every time, and a clear answer about any file."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
import torch
from diffusers import LTX2Pipeline
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from peft import LoraConfig, get_peft_model_state_dict
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from trainer_core.base_models.mini.denoiser import new_connectors, new_transformer
from trainer_core.lora.base_shapes import is_target, linear_shapes, lora_parameters, transformer_on_meta
from trainer_core.lora.contents import delta_rms
from trainer_core.lora.export import LoraExportError, export_lora
from trainer_core.lora.inspect import verify
from trainer_core.lora.names import file_keys, to_diffusers, to_original
from trainer_core.lora.report import LoraReport, shown
from trainer_core.plan import ATTENTION_TARGETS, BaseModelName, TrainingPlan, propose
from trainer_core.recipes import RECIPES, RecipeName

RANK, ALPHA = 4, 12.0
TARGETS = (*ATTENTION_TARGETS, "proj_in", "time_embed.linear", "prompt_adaln.linear", "to_gate_logits", "ff.net.2")
STEM = "diffusion_model.transformer_blocks.0.attn1.to_q"


def plan_for(base: BaseModelName = BaseModelName.MINI) -> TrainingPlan:
    return propose(RECIPES[RecipeName.CHARACTER], base, "chr_x7kq", "0" * 64, images=24, clips=4)


def random_transformer() -> nn.Module:
    """Mini's transformer with random weights everywhere; as made, its last layer is zero and it says nothing."""
    torch.manual_seed(3)
    transformer = new_transformer().eval()
    for parameter in transformer.parameters():
        if not parameter.any():
            nn.init.normal_(parameter, std=0.05)
    return transformer.requires_grad_(False)


@torch.no_grad()
def run(transformer: nn.Module) -> Tensor:
    """The video half of one forward pass, (1, 8, channels)."""
    generator = torch.Generator().manual_seed(5)

    def noise(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator)

    time = torch.tensor([[700.0]])
    video, _ = transformer(
        hidden_states=noise(1, 8, transformer.config.in_channels),
        audio_hidden_states=noise(1, 1, transformer.config.audio_in_channels),
        encoder_hidden_states=noise(1, 6, transformer.config.cross_attention_dim),
        audio_encoder_hidden_states=noise(1, 6, transformer.config.audio_cross_attention_dim),
        timestep=time,
        audio_timestep=time,
        sigma=time[0],
        audio_sigma=time[0],
        num_frames=2,
        height=2,
        width=2,
        fps=8.0,
        audio_num_frames=1,
        return_dict=False,
    )
    return video


@pytest.fixture(scope="module")
def trained() -> tuple[nn.Module, dict[str, Tensor]]:
    """A transformer that carries a random LoRA whose alpha is three times its rank, and peft's weights of that LoRA."""
    transformer = random_transformer()
    config = LoraConfig(r=RANK, lora_alpha=ALPHA, target_modules=list(TARGETS), init_lora_weights=False)
    transformer.add_adapter(config)
    return transformer, get_peft_model_state_dict(transformer)


@pytest.fixture(scope="module")
def sound(trained: tuple[nn.Module, dict[str, Tensor]], tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("lora") / "sound.safetensors"
    export_lora(path, trained[1], rank=RANK, alpha=ALPHA, plan=plan_for(), title="A cat")
    return path


def pair(a: tuple[int, ...] = (4, 192), b: tuple[int, ...] = (192, 4), stem: str = STEM) -> dict[str, Tensor]:
    torch.manual_seed(1)
    return {f"{stem}.lora_A.weight": torch.randn(*a), f"{stem}.lora_B.weight": torch.randn(*b)}


def check(folder: Path, tensors: Mapping[str, Tensor], metadata: dict[str, str] | None = None) -> LoraReport:
    path = folder / "some.safetensors"
    save_file(dict(tensors), path, metadata=metadata)
    return verify(path, BaseModelName.MINI)


def only_problem(report: LoraReport) -> str:
    assert not report.ok
    assert len(report.problems) == 1, report.problems
    return report.problems[0]


# --- the way out and back in


def test_a_pipeline_with_the_file_says_what_the_trained_model_says(
    trained: tuple[nn.Module, dict[str, Tensor]], sound: Path
) -> None:
    expected = run(trained[0])
    fresh = random_transformer()
    before = run(fresh)
    parts = dict.fromkeys(("scheduler", "vae", "audio_vae", "text_encoder", "tokenizer", "vocoder"))
    pipeline = LTX2Pipeline(transformer=fresh, connectors=new_connectors(), **parts)
    pipeline.load_lora_weights(str(sound), adapter_name="cat")

    def distance(other: Tensor) -> float:
        return float((other - expected).norm() / (before - expected).norm())

    assert distance(run(fresh)) < 0.02  # of what the LoRA changes: the file rounds to bfloat16. Seen: 0.009
    assert distance(before) == 1.0
    pipeline.unload_lora_weights()
    assert torch.equal(run(fresh), before)


def test_the_file_has_the_form_that_every_player_reads(sound: Path) -> None:
    tensors = load_file(sound)
    assert {tensor.dtype for tensor in tensors.values()} == {torch.bfloat16}
    assert all(
        key.startswith("diffusion_model.") and key.endswith((".lora_A.weight", ".lora_B.weight")) for key in tensors
    )
    assert "diffusion_model.patchify_proj.lora_A.weight" in tensors
    assert "diffusion_model.adaln_single.linear.lora_B.weight" in tensors
    with safe_open(sound, framework="pt") as file:
        metadata = file.metadata()
    assert metadata["modelspec.sai_model_spec"] == "1.0.1"
    assert metadata["modelspec.architecture"].endswith("/lora")
    assert metadata["modelspec.trigger_phrase"] == "chr_x7kq"
    assert metadata["ss_network_dim"] == metadata["ss_network_alpha"] == str(RANK)
    assert TrainingPlan.model_validate_json(metadata["sidekick.plan"]) == plan_for()


def test_alpha_is_folded_into_the_second_factor(trained: tuple[nn.Module, dict[str, Tensor]], sound: Path) -> None:
    name = "transformer_blocks.0.attn1.to_q.lora_B.weight"
    assert torch.equal(load_file(sound)[f"diffusion_model.{name}"], (trained[1][name] * 3).to(torch.bfloat16))


def test_equal_loras_are_equal_bytes(trained: tuple[nn.Module, dict[str, Tensor]], sound: Path, tmp_path: Path) -> None:
    backwards = dict(reversed(trained[1].items()))
    again = tmp_path / "again.safetensors"
    export_lora(again, backwards, rank=RANK, alpha=ALPHA, plan=plan_for(), title="A cat")
    assert again.read_bytes() == sound.read_bytes()
    dated = export_lora(again, backwards, rank=RANK, alpha=ALPHA, plan=plan_for(), title="A cat", date="2026-01-02")
    assert dated.metadata["modelspec.date"] == "2026-01-02"
    assert again.read_bytes() != sound.read_bytes()


def test_the_report_on_a_sound_file(trained: tuple[nn.Module, dict[str, Tensor]], sound: Path) -> None:
    report = verify(sound, per_module=True)
    assert report.ok, report.problems
    assert (report.keys, report.modules, report.rank) == (len(trained[1]), len(trained[1]) // 2, RANK)
    assert (report.base_guess, report.matched_share, report.trigger) == (BaseModelName.MINI, 1.0, "chr_x7kq")
    assert (report.nan, report.inf, report.alpha_keys, report.zero_modules) == (0, 0, 0, 0)
    assert report.bytes == sound.stat().st_size
    assert report.per_module
    assert len(report.per_module) == report.modules
    assert "sound" in report.words()
    wrong = verify(sound, BaseModelName.LTX23)
    assert "does not fit ltx-2.3" in only_problem(wrong)
    assert wrong.base_guess is BaseModelName.MINI


@given(st.integers(1, 8), st.integers(1, 40), st.integers(1, 40))
def test_delta_rms_is_the_root_mean_square_of_the_product(rank: int, inputs: int, outputs: int) -> None:
    torch.manual_seed(rank * 10_000 + inputs * 100 + outputs)
    a, b = torch.randn(rank, inputs), torch.randn(outputs, rank)
    assert delta_rms(a, b) == pytest.approx(float((b @ a).square().mean().sqrt()), rel=1e-4)


# --- what cannot be exported


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda s: {k: v * float("nan") for k, v in s.items()}, "not finite"),
        (lambda s: {k: v for k, v in s.items() if "attn1.to_q.lora_A" not in k}, "only one of its two factors"),
        (lambda s: {k: v.repeat(1, 2) for k, v in s.items()}, "does not have rank 4"),
        (lambda s: {k.replace("attn", "mlp"): v for k, v in s.items()}, "does not fit mini"),
        (lambda s: {k.replace(".weight", ".bias"): v for k, v in s.items()}, "is not a LoRA factor"),
        (lambda s: {}, "no layers"),
    ],
)
def test_export_refuses_and_leaves_nothing(trained, tmp_path: Path, change, words: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(LoraExportError, match=words):
        export_lora(tmp_path / "x.safetensors", change(trained[1]), rank=4, alpha=4, plan=plan_for(), title="x")
    assert list(tmp_path.iterdir()) == []


def test_a_lora_without_effect_is_written_and_said_to_be_so(
    trained: tuple[nn.Module, dict[str, Tensor]], tmp_path: Path
) -> None:
    state = {name: tensor * ("lora_A" in name) for name, tensor in trained[1].items()}
    report = export_lora(tmp_path / "x.safetensors", state, rank=RANK, alpha=4, plan=plan_for(), title="x")
    assert "changes nothing" in only_problem(report)
    assert report.delta_rms is None
    assert report.zero_modules == report.modules


def test_other_endings_are_refused(trained: tuple[nn.Module, dict[str, Tensor]], tmp_path: Path) -> None:
    with pytest.raises(LoraExportError, match="safetensors"):
        export_lora(tmp_path / "x.ckpt", trained[1], rank=RANK, alpha=4, plan=plan_for(), title="x")


# --- LTX-2.3 at its full size, on the meta device


def test_full_size_counts() -> None:
    transformer = transformer_on_meta(BaseModelName.LTX23)
    sizes = {name: parameter.numel() for name, parameter in transformer.named_parameters()}
    assert sum(sizes.values()) == pytest.approx(19.0e9, rel=0.001)
    assert sum(size for name, size in sizes.items() if "audio" in name) == pytest.approx(5.74e9, rel=0.001)
    shapes = linear_shapes(BaseModelName.LTX23)
    attentions = [name for name in shapes if is_target(name, ATTENTION_TARGETS)]
    assert len(attentions) == 48 * 6 * 4
    assert lora_parameters(BaseModelName.LTX23, 32, ATTENTION_TARGETS) == 213_909_504
    video = tuple(f"{a}.{t}" for a in ("attn1", "attn2") for t in ATTENTION_TARGETS)
    assert lora_parameters(BaseModelName.LTX23, 32, video) == 100_663_296


def test_diffusers_reads_back_every_name_of_the_full_model() -> None:
    modules = list(linear_shapes(BaseModelName.LTX23))
    keys = {key: torch.empty(0) for module in modules for key in file_keys(module)}
    read = LTX2Pipeline.lora_state_dict(keys)
    assert set(read) == {f"transformer.{module}.lora_{part}.weight" for module in modules for part in "AB"}


def test_names_go_both_ways() -> None:
    names = [name for name, _ in transformer_on_meta(BaseModelName.LTX23).named_parameters()]
    originals = {to_original(name) for name in names}
    assert len(originals) == len(names)
    assert {to_diffusers(name) for name in originals} == set(names)
    assert {
        "patchify_proj.weight",
        "adaln_single.linear.weight",
        "av_ca_a2v_gate_adaln_single.linear.weight",
        "transformer_blocks.0.attn1.q_norm.weight",
        "transformer_blocks.47.scale_shift_table_a2v_ca_video",
    } <= originals


def test_a_file_for_ltx23_is_known_by_its_layers(tmp_path: Path) -> None:
    tensors = pair((2, 4096), (4096, 2)) | pair((2, 4096), (32, 2), STEM.replace("to_q", "to_gate_logits"))
    save_file(tensors, tmp_path / "big.safetensors")
    report = verify(tmp_path / "big.safetensors")
    assert report.ok, report.problems
    assert report.base_guess is BaseModelName.LTX23
    assert report.notes == ()


def test_ltx2_and_ltx23_attentions_cannot_be_told_apart(tmp_path: Path) -> None:
    tensors = {name: tensor * 1e-3 for name, tensor in pair((2, 4096), (4096, 2)).items()}
    save_file(tensors, tmp_path / "big.safetensors", metadata={"modelspec.architecture": "ltx-2-<b>19b"})
    report = verify(tmp_path / "big.safetensors", BaseModelName.LTX23)
    assert report.ok, report.problems
    assert any("'ltx-2-&lt;b&gt;19b'" in note for note in report.notes)
    assert any("change is small" in note for note in report.notes)


# --- damaged, foreign and hostile files


def test_files_that_are_no_files(tmp_path: Path) -> None:
    assert "no such file" in only_problem(verify(tmp_path / "gone.safetensors"))
    assert "no such file" in only_problem(verify(tmp_path))
    (tmp_path / "empty.safetensors").touch()
    assert "empty" in only_problem(verify(tmp_path / "empty.safetensors"))


@pytest.mark.parametrize("keep", [1, 8, 9, 500, 0.5, 0.999])
def test_a_cut_off_file(sound: Path, tmp_path: Path, keep: float) -> None:
    whole = sound.read_bytes()
    path = tmp_path / "cut.safetensors"
    path.write_bytes(whole[: keep if isinstance(keep, int) else int(len(whole) * keep)])
    problem = only_problem(verify(path))
    assert "cut off" in problem or "not a safetensors file" in problem


def test_a_single_flipped_bit_is_noticed(sound: Path, tmp_path: Path) -> None:
    data = bytearray(sound.read_bytes())
    data[-1001] ^= 4
    (tmp_path / "flipped.safetensors").write_bytes(data)
    assert "checksum" in only_problem(verify(tmp_path / "flipped.safetensors"))


@pytest.mark.parametrize("name", ["x.ckpt", "x.pt", "x.safetensors"])
def test_a_pickle_is_never_opened(tmp_path: Path, name: str) -> None:
    class Trap:
        def __reduce__(self) -> tuple:
            return (Path.touch, (tmp_path / "sprung",))

    torch.save({"lora_A": Trap()}, tmp_path / name)
    assert "which can run programs" in only_problem(verify(tmp_path / name))
    torch.save({"lora_A": Trap()}, tmp_path / name, _use_new_zipfile_serialization=False)
    assert "which can run programs" in only_problem(verify(tmp_path / name))
    assert not (tmp_path / "sprung").exists()


def raw(header: bytes, data: bytes = b"", length: int | None = None) -> bytes:
    return (len(header) if length is None else length).to_bytes(8, "little") + header + data


def entry(begin: int, end: int, shape: list[int], dtype: str = "F32") -> dict:
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


@pytest.mark.parametrize(
    "content",
    [
        raw(b"{" * 10, length=2**62),
        raw(b"{" + b" " * 9_000_000),
        raw(b'{"a":' * 100_000),
        raw(b'{"a":[' + b"[" * 50_000),
        raw(json.dumps({"a": entry(0, 2**60, [2**29, 2**29])}).encode()),
        raw(json.dumps({"a": entry(0, 8, [2]), "b": entry(4, 12, [2])}).encode(), bytes(12)),
        raw(json.dumps({"a": entry(0, 8, [3])}).encode(), bytes(8)),
        raw(json.dumps({"a": entry(0, 8, [2], "FP128")}).encode(), bytes(8)),
        raw(json.dumps({"__metadata__": {"a": 5}}).encode()),
        raw(b'{"\xff\xfe": 1}'),
        raw(json.dumps({f"t{i}": entry(0, 0, [0]) for i in range(21_000)}).encode()),
    ],
    ids=lambda content: f"{len(content)} bytes",
)
def test_hostile_headers(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "hostile.safetensors"
    path.write_bytes(content)
    assert only_problem(verify(path))


def test_files_that_are_not_loras(tmp_path: Path) -> None:
    assert "not a LoRA" in only_problem(check(tmp_path, {"model.weight": torch.zeros(2, 2)}))
    assert "no tensors" in only_problem(check(tmp_path, {}))
    foreign = check(tmp_path, pair((4, 3072), (3072, 4), "diffusion_model.double_blocks.0.img_attn.qkv"))
    assert "does not fit mini" in only_problem(foreign)
    assert foreign.base_guess is None


@pytest.mark.parametrize(
    ("tensors", "words"),
    [
        (pair() | {f"{STEM}.alpha": torch.tensor(8.0)}, "1 .alpha keys"),
        (pair() | pair(stem="transformer.transformer_blocks.0.attn1.to_k"), "mix prefixes"),
        ({name: tensor.fill_(float("inf")) for name, tensor in pair().items()}, "1536 infinite"),
        ({name: tensor * 1e30 for name, tensor in pair().items()}, "so large"),
        ({name: tensor * 0 for name, tensor in pair().items()}, "changes nothing"),
        ({k.replace("lora_A", "lora_down").replace("lora_B", "lora_up"): v for k, v in pair().items()}, "lora_down"),
        ({f"{STEM}.lora_A.weight": torch.ones(4, 192)}, "only one of their two factors"),
        (pair((4, 192), (192, 5)), "do not fit together"),
        (pair((2000, 192), (192, 2000)), "rank at most 1024"),
        (pair((4, 192, 1), (192, 4)), "do not fit together"),
        (pair((0, 192), (192, 0)), "do not fit together"),
        (pair((4, 192), (100, 4)), "does not fit mini"),
        ({name: tensor.to(torch.int32) for name, tensor in pair().items()}, "floating-point type: I32"),
        (pair() | {f"{STEM}.dora_scale": torch.ones(192)}, "no LoRA factors"),
    ],
)
def test_each_flaw_has_its_words(tmp_path: Path, tensors: dict[str, Tensor], words: str) -> None:
    assert words in only_problem(check(tmp_path, tensors))


def test_alpha_keys_count_in_the_measured_change(tmp_path: Path) -> None:
    plain = check(tmp_path, pair()).delta_rms
    scaled = check(tmp_path, pair() | {f"{STEM}.alpha": torch.tensor(8.0)}).delta_rms
    assert plain
    assert scaled
    assert scaled.median == pytest.approx(2 * plain.median)


def test_notes_on_files_that_work(tmp_path: Path) -> None:
    other = pair(stem="transformer.transformer_blocks.1.attn1.to_q")
    unprefixed = {name.replace("diffusion_model.", "transformer."): tensor for name, tensor in pair().items()}
    report = check(
        tmp_path, unprefixed | {name: tensor * 0 for name, tensor in other.items()}, {"ss_dataset_dirs": "{}"}
    )
    assert report.ok, report.problems
    assert len(report.notes) == 3
    assert any("ComfyUI" in note for note in report.notes)
    assert any("1 of 2 layers are zero" in note for note in report.notes)
    assert any("Think before sharing" in note for note in report.notes)


def test_foreign_text_is_shortened_and_escaped(tmp_path: Path) -> None:
    metadata = {f"key{i}": "x" for i in range(100)} | {
        "a": "<script>alert(1)</script>\x1b[31m\u202e",
        "b": "y" * 10_000,
        "modelspec.trigger_phrase": "<b>",
    }
    report = check(tmp_path, pair(), metadata)
    assert report.ok, report.problems
    assert report.metadata["a"] == "&lt;script&gt;alert(1)&lt;/script&gt;\\x1b[31m\\u202e"
    assert len(report.metadata["b"]) == 400
    assert len(report.metadata) == 64
    assert report.trigger == "&lt;b&gt;"


@given(st.text(max_size=600))
def test_shown_text_is_printable_and_short(text: str) -> None:
    safe = shown(text)
    assert safe.isprintable()
    assert "<" not in safe
    assert ">" not in safe


CALM = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@CALM
@given(st.binary(max_size=300))
def test_random_bytes_get_an_answer(tmp_path: Path, content: bytes) -> None:
    for start in (b"", raw(b"{" + content, content)):
        path = tmp_path / "random.safetensors"
        path.write_bytes(start or content)
        assert not verify(path).ok


@CALM
@given(st.data())
def test_a_sound_file_with_changed_bytes_gets_an_answer(tmp_path: Path, sound: Path, data: st.DataObject) -> None:
    content = bytearray(sound.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, 3000))] = data.draw(st.integers(0, 255))
    path = tmp_path / "changed.safetensors"
    path.write_bytes(content)
    report = verify(path, BaseModelName.MINI)
    assert report.ok or report.problems
