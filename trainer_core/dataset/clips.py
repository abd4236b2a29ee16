"""Where a clip is cut into training windows."""

from dataclasses import dataclass

from trainer_core.plan import BASES, TrainingPlan

from .media import MediaInfo

MAX_WINDOWS = 8  # of one clip, spread evenly, so that a long clip does not outweigh the others
LARGEST_RATE = 60.0  # frames a second that a plan can have
LONGEST_WINDOW = 20.0  # seconds: so far reach the positions in time that the models know (pos_embed_max_pos)
STANDARD_RATES = (12.0, 15.0, 23.976, 24.0, 25.0, 29.97, 30.0, 48.0, 50.0, 59.94, 60.0)
RATE_TOLERANCE = 5e-4  # times in milliseconds make 23.976 look like 23.974; such clips shall share a batch


@dataclass(frozen=True)
class Window:
    """`frames` frames from `start` seconds; fps: the clip's own rate where its own frames are taken one by one."""

    start: float
    frames: int
    fps: float | None = None


def windows_of(info: MediaInfo, plan: TrainingPlan) -> tuple[list[Window], list[str]]:
    """The windows of a clip under a plan, at least one, and what a person should know about them.

    A clip too short for the plan's frames gives one window of as many frames as it has and the base can take.
    """
    if plan.frames == 1:
        return [Window(round(info.seconds / 2, 3), 1)], ["only its middle frame is used"]
    rate, notes = _own_rate(info, plan)
    starts = _own_starts(info, plan.frames) if rate else windows(info, frames=plan.frames, fps=plan.fps)
    if not starts:
        frames, why = _too_short(info, plan, rate)
        return [Window(0.0, frames, rate if frames > 1 else None)], [*notes, why]
    chosen = starts
    if len(starts) > MAX_WINDOWS:
        chosen = [starts[index * (len(starts) - 1) // (MAX_WINDOWS - 1)] for index in range(MAX_WINDOWS)]
        notes = [*notes, f"{MAX_WINDOWS} of its {len(starts)} possible windows are used"]
    return [Window(start, plan.frames, rate) for start in chosen], notes


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


def first_frame(info: MediaInfo, start: float) -> int:
    """The number (0 is the first) of the clip's own frame at `start` seconds of a window with its own rate."""
    return round(start * info.frames / info.seconds)


def _own_starts(info: MediaInfo, frames: int) -> list[float]:
    """Start times of the windows of `frames` of the clip's own frames; `first_frame` turns them back to numbers."""
    interval = info.seconds / info.frames
    return [round(first * interval, 6) for first in range(0, info.frames - frames + 1, frames)]


def _own_rate(info: MediaInfo, plan: TrainingPlan) -> tuple[float | None, list[str]]:
    """The rate that the clip keeps; None where it is brought to the plan's, with the reason if that is not the plan."""
    if plan.resample_fps:
        return None, []
    if info.fps is None or info.variable_frame_rate:
        return None, [f"its frame rate varies, so it is brought to {plan.fps:g} frames a second"]
    if info.fps > LARGEST_RATE * (1 + RATE_TOLERANCE):
        return None, [f"its {info.fps:g} frames a second are too many, so it is brought to {plan.fps:g} a second"]
    if plan.frames / info.fps > LONGEST_WINDOW:
        return None, [f"its {info.fps:g} frames a second are too few, so it is brought to {plan.fps:g} a second"]
    standard = min(STANDARD_RATES, key=lambda rate: abs(rate - info.fps))  # type: ignore[operator]
    near = abs(standard - info.fps) <= RATE_TOLERANCE * standard
    return standard if near else round(info.fps, 3), []


def _too_short(info: MediaInfo, plan: TrainingPlan, rate: float | None) -> tuple[int, str]:
    """The largest legal number of frames that the clip can give, at least 1, and the words for it."""
    factor = BASES[plan.base].frame_factor
    if rate:
        frames = min(plan.frames, (info.frames - 1) // factor * factor + 1)
        short = f"its {info.frames} frames are too few for {plan.frames}"
    else:
        frames = largest_frames(info, frames=plan.frames, fps=plan.fps, factor=factor)
        short = f"{info.seconds:.1f} s is too short for {plan.frames} frames at {plan.fps:g} a second"
    return frames, f"{short}; {frames} frame{'s are' if frames > 1 else ' is'} used"
