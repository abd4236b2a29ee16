"""Where a clip is cut into training windows."""

from .media import MediaInfo


def windows(info: MediaInfo, *, frames: int, fps: float) -> list[float]:
    """Start times in seconds of the windows of `frames` frames at `fps` that fit one after another into the clip.

    Empty for an image and for a clip that is too short.
    """
    if info.kind != "clip":
        return []
    starts: list[float] = []
    length, last = frames / fps, (frames - 1) / fps
    while len(starts) * length + last < info.seconds - 1e-3:
        starts.append(round(len(starts) * length, 6))
    return starts


def largest_frames(info: MediaInfo, *, frames: int, fps: float, factor: int = 8) -> int:
    """The largest number of frames n <= `frames` with n % factor == 1 that the clip can give at `fps`; at least 1."""
    while frames > 1 and not windows(info, frames=frames, fps=fps):
        frames -= factor
    return max(1, frames)
