"""Media in and out: every odd file is read right or refused in clear words, and clips keep their time."""

import io
import os
import struct
import zlib
from contextlib import suppress
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from trainer_core.dataset.clips import largest_frames, windows
from trainer_core.dataset.media import (
    MediaInfo,
    UnusableMedia,
    fit,
    iterate_frames,
    probe,
    read_frames,
    read_image,
    write_clip,
)

Frames = NDArray[np.uint8]


def corner_picture(width: int = 96, height: int = 64) -> Frames:
    """Grey with a red block in the upper left corner, so that turns and mirrors are seen."""
    picture = np.full((height, width, 3), 120, dtype=np.uint8)
    picture[: height // 4, : width // 4] = (230, 20, 20)
    return picture


def counting_frames(count: int, size: int = 64) -> Frames:
    """Frame i is evenly grey with value 10 + 6 i: its number can be read back."""
    return np.stack([np.full((size, size, 3), 10 + 6 * index, dtype=np.uint8) for index in range(count)])


def numbers_of(frames: Frames) -> list[int]:
    return [round((float(frame.mean()) - 10) / 6) for frame in frames]


def is_red(pixel: Frames) -> bool:
    return bool(pixel[0] > 180 and pixel[1] < 80)


@pytest.mark.parametrize(
    ("orientation", "size", "corner"),
    [
        (1, (96, 64), (2, 2)),
        (2, (96, 64), (2, -3)),
        (3, (96, 64), (-3, -3)),
        (6, (64, 96), (2, -3)),
        (8, (64, 96), (-3, 2)),
    ],
)
def test_camera_rotation_counts(
    tmp_path: Path, orientation: int, size: tuple[int, int], corner: tuple[int, int]
) -> None:
    path = tmp_path / "a.jpg"
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(corner_picture()).save(path, exif=exif, quality=95)
    info = probe(path)
    assert (info.width, info.height) == size
    picture = read_image(path)
    assert picture.shape == (size[1], size[0], 3)
    assert is_red(picture[corner])


def test_transparency_becomes_white(tmp_path: Path) -> None:
    layer = np.zeros((40, 40, 4), dtype=np.uint8)
    layer[:20] = (255, 0, 0, 255)
    Image.fromarray(layer).save(tmp_path / "a.png")
    picture = read_image(tmp_path / "a.png")
    assert picture[0, 0].tolist() == [255, 0, 0]
    assert picture[39, 0].tolist() == [255, 255, 255]
    assert "transparent parts are put on white" in probe(tmp_path / "a.png").notes


def test_sixteen_bits_are_scaled_and_not_clipped(tmp_path: Path) -> None:
    ramp = np.linspace(0, 65535, 64).astype(np.uint16)[None].repeat(64, axis=0)
    Image.fromarray(ramp).save(tmp_path / "a.png")
    picture = read_image(tmp_path / "a.png")
    assert picture[0, 0, 0] == 0
    assert picture[0, -1, 0] == 255
    assert abs(int(picture[0, 32, 0]) - 130) < 3
    assert probe(tmp_path / "a.png").notes == ("16 bits per channel reduced to 8",)


def test_print_colours(tmp_path: Path) -> None:
    Image.fromarray(corner_picture()).convert("CMYK").save(tmp_path / "a.jpg", quality=95)
    assert is_red(read_image(tmp_path / "a.jpg")[2, 2])
    assert "CMYK" in probe(tmp_path / "a.jpg").notes[0]


@pytest.mark.parametrize("ending", ["png", "webp"])
def test_animation_gives_its_first_frame(tmp_path: Path, ending: str) -> None:
    pages = [Image.fromarray(np.full((40, 40, 3), shade, dtype=np.uint8)) for shade in (0, 128, 255)]
    path = tmp_path / f"a.{ending}"
    pages[0].save(path, save_all=True, append_images=pages[1:], duration=100)
    assert read_image(path).max() < 10
    assert "animated: only its first frame is used" in probe(path).notes


def test_a_smaller_reading_has_the_same_look(tmp_path: Path) -> None:
    Image.fromarray(corner_picture(1600, 900)).save(tmp_path / "a.jpg")
    small = read_image(tmp_path / "a.jpg", longest_side=160)
    assert small.shape == (90, 160, 3)
    assert is_red(small[2, 2])


def png_claiming(width: int, height: int) -> bytes:
    """A tiny PNG whose header claims a huge size."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b"")
    )


def jpeg_bytes() -> bytes:
    buffer = io.BytesIO()
    noise = np.random.default_rng(0).integers(0, 255, (200, 200, 3), dtype=np.uint8)
    Image.fromarray(noise).save(buffer, "JPEG")
    return buffer.getvalue()


HOSTILE_FILES: dict[str, tuple[str, bytes, str]] = {
    "empty": ("a.jpg", b"", "0 bytes"),
    "truncated": ("a.jpg", jpeg_bytes()[:4000], "damaged or cut off"),
    "only a header": ("a.jpg", jpeg_bytes()[:4], "damaged or cut off"),
    "text": ("a.jpg", b"hello, I am no picture", "holds text"),
    "zeros": ("a.mp4", b"\0" * 5000, "only zero bytes"),
    "bomb": ("a.png", png_claiming(60_000, 60_000), "million pixels"),
    "wide bomb": ("a.png", png_claiming(2_000_000_000, 2), "million pixels"),
    "missing pixels": ("a.png", png_claiming(500, 500), "damaged or cut off"),
    "gif": ("a.png", b"GIF89a" + b"\1" * 40, "GIF"),
    "heic": ("a.jpg", b"\0\0\0\x18ftypheic" + b"\0" * 40, "HEIC"),
    "movie header only": ("a.mp4", b"\0\0\0\x18ftypisom" + b"\0" * 400, "damaged or not copied completely"),
    "playlist": ("a.mp4", b"#EXTM3U\n#EXTINF:1,\n/etc/passwd\n", "holds text"),
    "matroska": ("a.mov", b"\x1aE\xdf\xa3" + b"\1" * 40, "WebM or Matroska"),
    "random": ("a.webp", bytes(range(128, 256)), "not a picture or a video"),
}


@pytest.mark.parametrize("case", HOSTILE_FILES)
def test_hostile_files_are_refused_in_clear_words(tmp_path: Path, case: str) -> None:
    name, content, words = HOSTILE_FILES[case]
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UnusableMedia, match=words) as caught:
        probe(tmp_path / name)
    message = str(caught.value)
    assert message[0].isupper()
    assert message.endswith((".", ")"))
    assert "Traceback" not in message
    assert "Errno" not in message


def test_one_pixel_and_narrow_pictures(tmp_path: Path) -> None:
    Image.new("RGB", (1, 1)).save(tmp_path / "a.png")
    with pytest.raises(UnusableMedia, match="only 1x1 pixels"):
        probe(tmp_path / "a.png")
    Image.new("RGB", (20_000, 64), "red").save(tmp_path / "b.png")
    assert probe(tmp_path / "b.png").width == 20_000
    assert fit(read_image(tmp_path / "b.png"), 64, 64).shape == (64, 64, 3)


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.png")
    for path in (tmp_path, tmp_path / "none.png", tmp_path / "a.png"):
        with pytest.raises(UnusableMedia):
            probe(path)


HEADS = [b"", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF\0\0\0\0WEBP", b"\0\0\0\x18ftypisom"]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(head=st.sampled_from(HEADS), body=st.binary(max_size=400))
def test_random_bytes_never_crash(tmp_path: Path, head: bytes, body: bytes) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(head + body)
    with pytest.raises(UnusableMedia):
        probe(path)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.integers(0, 3999), value=st.integers(0, 255))
def test_a_flipped_byte_never_crashes(tmp_path: Path, place: int, value: int) -> None:
    path = tmp_path / "a.jpg"
    content = bytearray(jpeg_bytes())
    content[place % len(content)] = value
    path.write_bytes(content)
    with suppress(UnusableMedia):
        assert probe(path).kind == "image"


def test_a_clip_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    write_clip(path, counting_frames(24), 24.0, {"title": "a test", "comment": "made by hand"})
    info = probe(path)
    assert info == MediaInfo(
        kind="clip", width=64, height=64, frames=24, fps=24.0, seconds=1.0, has_audio=False, variable_frame_rate=False
    )
    back = list(iterate_frames(path))
    assert numbers_of(np.stack([frame for _, frame in back])) == list(range(24))
    assert [round(seconds * 24) for seconds, _ in back] == list(range(24))
    with av.open(str(path)) as container:
        assert container.metadata["title"] == "a test"
    assert not list(tmp_path.glob(".*part"))


def test_frames_are_resampled_in_time(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    write_clip(path, counting_frames(36), 24.0)
    assert numbers_of(read_frames(path, fps=8, frames=9)) == [0, 3, 6, 9, 12, 15, 18, 21, 24]
    assert numbers_of(read_frames(path, fps=8, frames=4, start=1.0)) == [24, 27, 30, 33]
    assert numbers_of(read_frames(path, fps=48, frames=4)) == [0, 0, 1, 1]
    assert read_frames(path, fps=8, frames=2, width=32, height=16).shape == (2, 16, 32, 3)
    with pytest.raises(UnusableMedia, match=r"too short: 17 frames at 8 a second need 2\.00 s"):
        read_frames(path, fps=8, frames=17)


def test_a_late_start_reads_the_right_frames(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    frames = np.concatenate([counting_frames(40)] * 12)  # 20 s with several keyframes
    write_clip(path, frames, 24.0)
    expected = [(13 * 24 + 3 * index) % 40 for index in range(5)]
    assert numbers_of(read_frames(path, fps=8, frames=5, start=13.0)) == expected


def test_odd_sizes_and_wrong_frames(tmp_path: Path) -> None:
    write_clip(tmp_path / "a.mp4", np.zeros((3, 35, 45, 3), dtype=np.uint8), 8.0)
    assert (probe(tmp_path / "a.mp4").width, probe(tmp_path / "a.mp4").height) == (46, 36)
    with pytest.raises(ValueError, match="uint8"):
        write_clip(tmp_path / "b.mp4", np.zeros((3, 32, 32, 3), dtype=np.float32), 8.0)  # type: ignore[arg-type]
    assert not (tmp_path / "b.mp4").exists()


def test_a_phone_clip_is_turned_upright(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    write_clip(path, np.stack([corner_picture()] * 6), 24.0)
    content = bytearray(path.read_bytes())
    matrix = content.index(b"tkhd") + 44
    clockwise = (0, 1 << 16, 0, -(1 << 16), 0, 0, 64 << 16, 0, 1 << 30)
    content[matrix : matrix + 36] = struct.pack(">9i", *clockwise)
    path.write_bytes(content)
    assert (probe(path).width, probe(path).height) == (64, 96)
    assert is_red(read_frames(path, fps=24, frames=1)[0][4, -5])


def write_uneven(path: Path, moments: list[float]) -> None:
    """A clip whose frames come at the given seconds."""
    with av.open(str(path), "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=1000)
        stream.height = stream.width = 64
        stream.pix_fmt = "yuv420p"
        stream.codec_context.time_base = Fraction(1, 1000)
        for moment, picture in zip(moments, counting_frames(len(moments)), strict=True):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = round(moment * 1000), Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def test_uneven_frame_rates_keep_their_time(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    write_uneven(path, [0.0, 0.05, 0.1, 0.5, 0.6, 1.2, 1.25, 1.3])
    assert probe(path).variable_frame_rate
    assert numbers_of(read_frames(path, fps=4, frames=6)) == [0, 2, 3, 4, 4, 6]


def test_a_clip_that_breaks_off(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    noise = np.random.default_rng(0).integers(0, 255, (48, 64, 64, 3), dtype=np.uint8)
    write_clip(path, noise, 24.0)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 3])
    with pytest.raises(UnusableMedia, match=r"damaged|breaks off"):
        probe(path)


def test_sound_alone_is_no_clip(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    with av.open(str(path), "w", format="mp4") as container:
        stream = container.add_stream("aac", rate=44100)
        stream.layout = "mono"
        for index in range(20):
            frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), dtype=np.float32), format="fltp", layout="mono")
            frame.sample_rate, frame.pts = 44100, index * 1024
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    with pytest.raises(UnusableMedia, match="only sound"):
        probe(path)


def test_a_sparse_giant_is_refused_at_once(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    with path.open("wb") as file:
        file.write(b"\0\0\0\x18ftypisom" + b"\0" * 12)
        file.truncate(2 * 2**30)
    with pytest.raises(UnusableMedia, match="larger than 1 GB"):
        probe(path)


@given(seconds=st.floats(0.05, 60), frames=st.sampled_from([1, 9, 17, 49, 121]), fps=st.sampled_from([8.0, 24.0, 25.0]))
def test_windows_fit_and_do_not_overlap(seconds: float, frames: int, fps: float) -> None:
    info = MediaInfo(
        kind="clip",
        width=64,
        height=64,
        frames=9,
        fps=24.0,
        seconds=seconds,
        has_audio=False,
        variable_frame_rate=False,
    )
    starts = windows(info, frames=frames, fps=fps)
    assert all(start + (frames - 1) / fps < seconds for start in starts)
    assert all(later - earlier >= frames / fps - 1e-4 for earlier, later in pairwise(starts))
    fewer = largest_frames(info, frames=frames, fps=fps)
    assert fewer % 8 == 1
    assert fewer <= frames
    assert bool(starts) == (fewer == frames or frames == 1)


@settings(max_examples=40, deadline=None)
@given(width=st.integers(1, 90), height=st.integers(1, 90), to=st.tuples(st.integers(1, 70), st.integers(1, 70)))
def test_fit_always_gives_the_size(width: int, height: int, to: tuple[int, int]) -> None:
    picture = np.full((height, width, 3), 77, dtype=np.uint8)
    fitted = fit(picture[None], *to)
    assert fitted.shape == (1, to[1], to[0], 3)
    assert fitted.min() == fitted.max() == 77
