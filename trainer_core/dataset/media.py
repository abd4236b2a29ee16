"""The door for media files: what is in a file, its pixels, and clips out. See stills.py and footage.py for the work."""

from pathlib import Path

from .fitting import fit
from .footage import iterate_frames, probe_clip, read_frames, read_own_frames, write_clip
from .info import SUPPORTED, MediaInfo, UnusableMedia, content_of
from .stills import probe_image, read_image

__all__ = [
    "SUPPORTED",
    "MediaInfo",
    "UnusableMedia",
    "content_of",
    "fit",
    "iterate_frames",
    "probe",
    "read_frames",
    "read_image",
    "read_own_frames",
    "write_clip",
]


def probe(path: Path) -> MediaInfo:
    """Decode the file for a check and describe it; the type is told by its content. Raises UnusableMedia."""
    return probe_clip(path) if content_of(path) == "movie" else probe_image(path)
