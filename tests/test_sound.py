"""Sound of clips: read exactly, encoded as LTX-2.3 hears it, kept with the pictures of its clip."""

import random
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from tests.test_official_defects import CAPTION, plan_of, small_model
from trainer_core.base_models.registry import Part, load_part, load_pipeline
from trainer_core.dataset.buckets import samples_of
from trainer_core.dataset.manifest import Manifest, add_files, set_captions
from trainer_core.dataset.media import UnusableMedia, probe, write_clip
from trainer_core.dataset.pieces import cut_clip
from trainer_core.dataset.sound import Sound, is_silent, read_sound
from trainer_core.dataset.sound_notes import sound_notes
from trainer_core.generation.generate import GenerateRequest, generate, generate_with_sound
from trainer_core.plan import BaseModelName, TrainingPlan
from trainer_core.training.encode import Encoder, encode_all
from trainer_core.training.encode_audio import audio_tokens, log_mel, token_count
from trainer_core.training.examples import Encoded, Words
from trainer_core.training.inputs import Inputs
from trainer_core.training.model import predict
from trainer_core.training.objective import Noised

PICTURES = np.random.default_rng(0).integers(0, 255, (24, 64, 64, 3), dtype=np.uint8)  # 3 seconds at 8 a second


def tone(hertz: float, rate: int = 48_000, seconds: float = 3.0, loudness: float = 0.5) -> NDArray[np.float32]:
    wave = loudness * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)
    return np.stack([wave, wave]).astype(np.float32)


def write_lossless(path: Path, samples: NDArray[Any], rate: int, layout: str, late: float = 0.0) -> Path:
    """A MOV with 3 seconds of pictures and PCM sound (channels, n) that begins `late` seconds after them."""
    codec, form = ("pcm_s16le", "s16") if samples.dtype == np.int16 else ("pcm_f32le", "flt")
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=8)
        video.width = video.height = 64
        video.pix_fmt = "yuv420p"
        track = container.add_stream(codec, rate=rate, layout=layout)
        for picture in PICTURES:
            container.mux(video.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(video.encode(None))
        frame = av.AudioFrame.from_ndarray(samples.T.reshape(1, -1).copy(), format=form, layout=layout)
        frame.sample_rate, frame.pts = rate, round(late * rate)
        container.mux(track.encode(frame))
        container.mux(track.encode(None))
    return path


def noise(channels: int, count: int) -> NDArray[np.int16]:
    return np.random.default_rng(1).integers(-20_000, 20_000, (channels, count), dtype=np.int16)


# --- reading


@pytest.mark.parametrize("rate", [16_000, 44_100])
@pytest.mark.parametrize(("start", "seconds"), [(0.0, 1.0), (1.125, 1.125), (2.5, 1.0)])
def test_a_window_of_the_sound_is_exact_to_the_sample(tmp_path: Path, rate: int, start: float, seconds: float) -> None:
    """The last window goes half a second beyond the end: the rest is silence."""
    written = noise(2, 3 * rate)
    path = write_lossless(tmp_path / "a.mov", written, rate, "stereo")
    read = read_sound(path, start=start, seconds=seconds, rate=rate)
    assert read is not None
    assert read.shape == (2, round(seconds * rate))
    first = round(start * rate)
    expected = written[:, first : first + read.shape[1]].astype(np.float32) / 32768
    assert np.array_equal(read[:, : expected.shape[1]], expected)
    assert not read[:, expected.shape[1] :].any()


def test_sound_is_brought_to_the_rate_of_the_model_and_stays_with_its_pictures(tmp_path: Path) -> None:
    wave = tone(440.0)
    wave[:, : 2 * 48_000] = 0
    wave[:, 2 * 48_000] = 0.9
    write_clip(tmp_path / "a.mp4", PICTURES, 8.0, sound=Sound(wave, 48_000))
    read = read_sound(tmp_path / "a.mp4", start=1.25, seconds=1.5, rate=16_000)
    assert read is not None
    expected = wave[:, round(1.25 * 48_000) : round(2.75 * 48_000) : 3]
    assert read.shape == expected.shape
    assert np.abs(read - expected)[:, 14_000:].max() < 0.01  # AAC is not exact; one sample late would be 0.086 off


def test_times_count_from_the_first_picture(tmp_path: Path) -> None:
    written = noise(1, 16_000)
    path = write_lossless(tmp_path / "a.mov", written, 16_000, "mono", late=0.5)
    read = read_sound(path, start=0.25, seconds=1.0, rate=16_000)
    assert read is not None
    assert not read[:, :4000].any()
    assert np.array_equal(read[:, 4000:], np.repeat(written[:, :12_000] / np.float32(32768), 2, axis=0))


def test_one_channel_is_heard_on_both_sides_and_six_are_mixed_without_overdrive(tmp_path: Path) -> None:
    one = write_lossless(tmp_path / "one.mov", noise(1, 48_000), 16_000, "mono")
    read = read_sound(one, start=0.0, seconds=1.0, rate=16_000)
    assert read is not None
    assert np.array_equal(read[0], read[1])
    assert np.array_equal(read[0], noise(1, 48_000)[0, :16_000] / np.float32(32768))
    full = np.full((6, 48_000), 32_000, dtype=np.int16)
    read = read_sound(write_lossless(tmp_path / "six.mov", full, 16_000, "5.1"), start=0.0, seconds=1.0, rate=16_000)
    assert read is not None
    assert read[:, 4000:].min() == pytest.approx(32_000 / 32_768, abs=1e-3)


def test_a_clip_without_a_track_and_one_whose_track_is_silent(tmp_path: Path) -> None:
    write_clip(tmp_path / "none.mp4", PICTURES, 8.0)
    assert read_sound(tmp_path / "none.mp4", start=0.0, seconds=1.0, rate=16_000) is None
    write_clip(tmp_path / "silent.mp4", PICTURES, 8.0, sound=Sound(np.zeros((2, 48_000), np.float32), 48_000))
    read = read_sound(tmp_path / "silent.mp4", start=0.0, seconds=1.0, rate=16_000)
    assert read is not None
    assert is_silent(read)
    assert not is_silent(tone(440.0, loudness=1e-3))


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_sound_that_is_no_number_never_reaches_the_training(tmp_path: Path, value: float) -> None:
    wave = tone(440.0, 16_000)
    wave[0, 5000] = value
    path = write_lossless(tmp_path / "a.mov", wave, 16_000, "stereo")
    with pytest.raises(UnusableMedia, match="sound is damaged"):
        read_sound(path, start=0.0, seconds=1.0, rate=16_000)


@pytest.mark.parametrize("seed", range(12))
def test_damaged_sound_is_told_or_read_and_never_crashes(tmp_path: Path, seed: int) -> None:
    write_clip(tmp_path / "a.mp4", PICTURES[:9], 8.0, sound=Sound(tone(440.0, seconds=1.2), 48_000))
    content = bytearray((tmp_path / "a.mp4").read_bytes())
    chance = random.Random(seed)
    for _ in range(40):
        content[chance.randrange(200, len(content))] = chance.randrange(256)
    (tmp_path / "b.mp4").write_bytes(content)
    told, read = "", None
    try:
        read = read_sound(tmp_path / "b.mp4", start=0.0, seconds=1.0, rate=16_000)
    except UnusableMedia as error:
        told = str(error)
    assert not told or told.endswith(".")
    assert read is None or (read.shape == (2, 16_000) and np.isfinite(read).all())


@pytest.mark.parametrize("late", [0.0, 0.5])
def test_a_piece_of_a_clip_has_its_sound_at_the_right_moments(tmp_path: Path, late: float) -> None:
    """It once began up to a packet too late, and wrongly by as much as the track began after the pictures."""
    clicks = np.zeros((2, 32_000), dtype=np.int16)
    clicks[:, 12_000:12_040] = 30_000
    path = write_lossless(tmp_path / "a.mov", clicks, 16_000, "stereo", late=late)
    cut_clip(path, tmp_path / "piece.mp4", start=0.7, end=2.5)  # the first picture in it is at 0.75
    read = read_sound(tmp_path / "piece.mp4", start=0.0, seconds=1.5, rate=16_000)
    assert read is not None
    assert abs(int(np.argmax(read[0] > 0.5)) - (12_000 + round((late - 0.75) * 16_000))) <= 3


def test_a_piece_of_a_clip_with_damaged_sound_keeps_its_pictures(tmp_path: Path) -> None:
    dataset(tmp_path)
    cut_clip(tmp_path / "source" / "broken.mp4", tmp_path / "piece.mp4", start=0.0, end=1.0)
    assert probe(tmp_path / "piece.mp4").frames == 8


# --- encoding


@pytest.mark.parametrize(("hertz", "bins"), [(440.0, 64), (3000.0, 64), (1000.0, 16)])
def test_the_spectrogram_peaks_where_the_tone_is(hertz: float, bins: int) -> None:
    """The centres of Slaney's filters lie evenly on his scale: linear to 1 kHz, 200 / 3 Hz each, then logarithmic."""

    def slaney(value: float) -> float:
        return value * 3 / 200 if value < 1000 else 15 + 27 * np.log(value / 1000) / np.log(6.4)

    mel = log_mel(tone(hertz, 16_000, 1.0)[0], 16_000, 160, bins)
    assert mel.shape == (101, bins)
    nearest = round(slaney(hertz) / slaney(8000.0) * (bins + 1)) - 1
    assert abs(int(mel[50].argmax()) - nearest) <= 1


def test_the_spectrogram_is_of_magnitudes_and_bounded_below() -> None:
    wave = tone(440.0, 16_000, 1.0)[0]
    loud, soft = log_mel(wave, 16_000, 160, 64)[50], log_mel(wave / 2, 16_000, 160, 64)[50]
    assert loud.max() - soft.max() == pytest.approx(np.log(2), abs=1e-4)
    silence = log_mel(np.zeros(1600, np.float32), 16_000, 160, 64)
    assert silence == pytest.approx(np.log(1e-5))


def test_tokens_are_those_that_the_pipeline_would_pack_and_as_many_as_it_makes() -> None:
    pipeline = load_pipeline(BaseModelName.MINI)
    autoencoder = pipeline.audio_vae
    autoencoder.latents_mean.copy_(torch.arange(8.0))
    autoencoder.latents_std.copy_(torch.arange(1.0, 9.0))
    wave = tone(440.0, 16_000, 9 / 8)
    mel = torch.from_numpy(np.stack([log_mel(side, 16_000, 160, 16) for side in wave]))[None]
    with torch.inference_mode():
        latents = autoencoder.encode(mel).latent_dist.mode()
        packed = pipeline.prepare_audio_latents(latents=latents, dtype=torch.float32, device=torch.device("cpu"))
        tokens = audio_tokens(autoencoder, wave)
    made = pipeline(
        "a cat", width=64, height=64, num_frames=9, frame_rate=8.0, num_inference_steps=2, output_type="latent",
        guidance_scale=1.0, stg_scale=0.0, audio_stg_scale=0.0, modality_scale=1.0, max_sequence_length=32,
    ).audio  # fmt: skip
    assert len(tokens) == token_count(autoencoder, 9 / 8) == made.shape[2] == 28
    assert torch.equal(tokens, packed[0, :28])


def test_the_model_is_asked_as_the_pipeline_asks_it() -> None:
    """Packed sound, its places in time and both sigmas: the answers are the pipeline's, bit for bit."""
    pipeline = load_pipeline(BaseModelName.MINI)
    pipeline.transformer = transformer = small_model().eval()
    calls: list[tuple[dict, tuple[Tensor, Tensor]]] = []
    hook = transformer.register_forward_hook(
        lambda _module, _args, kwargs, output: calls.append((kwargs, output)), with_kwargs=True
    )
    pipeline(
        "a cat", width=64, height=64, num_frames=9, frame_rate=8.0, num_inference_steps=2, output_type="latent",
        guidance_scale=1.0, audio_guidance_scale=1.0, stg_scale=0.0, audio_stg_scale=0.0, modality_scale=1.0,
        audio_modality_scale=1.0, max_sequence_length=32,
    )  # fmt: skip
    hook.remove()
    assert len(calls) == 2
    for given, (video, audio) in calls:
        sigma = given["timestep"] / 1000

        def noised(tokens: Tensor, sigma: Tensor = sigma) -> Noised:
            return Noised(tokens, tokens, sigma, 1000 * sigma.view(-1, 1), None)

        names = ("encoder_hidden_states", "audio_encoder_hidden_states", "encoder_attention_mask")
        shape = given["num_frames"], given["height"], given["width"]
        words = Words(*(given[name] for name in names))
        inputs = Inputs(
            noised(given["hidden_states"]), words, shape, given["fps"], audio=noised(given["audio_hidden_states"])
        )
        with torch.no_grad():
            answer = predict(transformer, inputs)
        assert answer.audio is not None
        assert torch.equal(answer.video, video)
        assert torch.equal(answer.audio, audio)


def dataset(folder: Path) -> Manifest:
    """A clip with sound, one without, one whose sound cannot be decoded."""
    source = folder / "source"
    source.mkdir()
    write_clip(source / "loud.mp4", PICTURES[:10], 8.0, sound=Sound(tone(440.0, seconds=1.25), 48_000))
    write_clip(source / "plain.mp4", PICTURES[6:16], 8.0)
    write_clip(source / "broken.mp4", PICTURES[12:22], 8.0, sound=Sound(tone(880.0, seconds=1.25), 48_000))
    content = bytearray((source / "broken.mp4").read_bytes())
    with av.open(str(source / "broken.mp4")) as container:
        for packet in container.demux(container.streams.audio[0]):
            if packet.size:
                content[packet.pos : packet.pos + packet.size] = bytes(packet.size)
    (source / "broken.mp4").write_bytes(content)
    manifest = add_files(folder / "set", [source])
    return set_captions(folder / "set", {item.id: (CAPTION, "person") for item in manifest.items})


def encode(folder: Path, plan: TrainingPlan, manifest: Manifest) -> tuple[Encoder, list[Part], list[Encoded]]:
    parts: list[Part] = []

    def load(part: Part):  # type: ignore[no-untyped-def]
        parts.append(part)
        return load_part(BaseModelName.MINI, part)

    encoder = Encoder(load, "test", folder / "cache")
    samples, _ = samples_of(manifest, plan)
    return encoder, parts, encode_all(encoder, folder / "set", manifest, samples, plan, lambda *_: None)[0]


def test_nothing_is_dropped_and_what_is_heard_is_kept_in_the_cache(tmp_path: Path) -> None:
    manifest = dataset(tmp_path)
    assert len(manifest.items) == 3
    plan = plan_of(with_audio=True)
    encoder, parts, encoded = encode(tmp_path, plan, manifest)
    assert list(encoder.notes.values()) == [
        "broken.mp4: Its sound is damaged or coded in a way that cannot be read here. Its pictures are trained without "
        "it."
    ]
    assert parts == [Part.VIDEO, Part.AUDIO, Part.TEXT]  # one after the other, once each
    heard = [example for example in encoded if example.audio is not None]
    assert len(encoded) == 3
    assert [tuple(example.audio.shape) for example in heard if example.audio is not None] == [(28, 8)]
    assert len({example.bucket for example in encoded}) == 2  # those with and without never share a batch
    _, parts, again = encode(tmp_path, plan, manifest)
    assert parts == [Part.AUDIO]  # only to try the damaged one once more
    assert all(
        (one.audio is None and two.audio is None) or torch.equal(one.audio, two.audio)  # type: ignore[arg-type]
        for one, two in zip(encoded, again, strict=True)
    )
    _, parts, without = encode(tmp_path, plan_of(), manifest)
    assert parts == []
    assert all(example.audio is None for example in without)


# --- words and generation


def test_the_notes_say_how_many_clips_have_sound(tmp_path: Path) -> None:
    manifest = dataset(tmp_path)
    assert sound_notes(manifest, plan_of()) == []
    told = sound_notes(manifest, plan_of(with_audio=True))
    assert told[0].startswith("2 of 3 clips have sound.")
    assert "no voice" in told[1]
    assert sound_notes(Manifest(), plan_of(with_audio=True)) == ["No clip has sound, so this trains as without."]


def test_mini_is_silent_and_its_clips_can_carry_sound_all_the_same(tmp_path: Path) -> None:
    pipeline = load_pipeline(BaseModelName.MINI)
    request = GenerateRequest("a cat", steps=2)
    frames, sound = generate_with_sound(pipeline, request)
    assert np.array_equal(frames, generate(pipeline, request))
    assert sound.rate == 48_000
    assert 0 <= 9 / 8 - sound.samples.shape[1] / sound.rate < 0.05
    assert not sound.samples.any()
    write_clip(tmp_path / "a.mp4", frames, 8.0, sound=sound)
    assert probe(tmp_path / "a.mp4").has_audio
