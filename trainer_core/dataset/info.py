"""What is known of a media file, the limits that files must keep, and the error for files that cannot be used."""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

SUPPORTED = frozenset({".jpg", ".jpeg", ".png", ".webp", ".mp4", ".mov"})
MAX_PIXELS = 100_000_000  # of one picture or frame; decoded RGB is three bytes each
MAX_IMAGE_BYTES = 200 * 2**20
MAX_CLIP_BYTES = 2**30
MAX_CLIP_SECONDS = 3600.0  # a long recording is taken in and split afterwards
SMALLEST_EDGE = 32  # pixels; below this nothing can be learned on any base

HDR_TRANSFERS = {16: "PQ", 18: "HLG"}  # H.273's transfer characteristics of HDR, by number
HDR_ADVICE = "Export it as SDR (BT.709) and add it again."
_HDR = "HDR video"


class UnusableMedia(ValueError):
    """A file that cannot be used; the message is a full sentence for a person, without the file's name."""


class MediaInfo(BaseModel):
    """What is in a media file. Width and height are pixels as a person sees it, after rotation."""

    model_config = ConfigDict(frozen=True)

    kind: Literal["image", "clip"]
    width: int
    height: int
    frames: int  # 1 for an image
    fps: float | None  # mean frames per second; None for an image
    seconds: float  # 0.0 for an image
    has_audio: bool
    variable_frame_rate: bool
    notes: tuple[str, ...] = ()  # what was done to read it, for a person: "animated: only its first frame is used"

    @property
    def hdr_notes(self) -> tuple[str, ...]:
        """The notes that say that it is HDR, which is read as if it were not; empty for all else."""
        return tuple(note for note in self.notes if note.startswith(_HDR))


def hdr_note(transfer: int | None) -> tuple[str, ...]:
    """What a person should know of a clip with this transfer characteristic; nothing where it is not HDR."""
    if transfer not in HDR_TRANSFERS:
        return ()
    return (f"{_HDR} ({HDR_TRANSFERS[transfer]}): its colours come out pale. {HDR_ADVICE}",)


def content_of(path: Path) -> Literal["jpeg", "png", "webp", "movie"]:
    """The file's true type from its first bytes; the name's ending is not believed. Raises UnusableMedia."""
    try:
        if not path.is_file():
            raise UnusableMedia("It is not a file.")
        with path.open("rb") as file:
            head = file.read(32)
    except OSError as error:
        raise UnusableMedia(f"It cannot be opened ({error.strerror or error}).") from error
    if not head:
        raise UnusableMedia("The file is empty (0 bytes). Copy it again from where it came from.")
    if head.startswith(b"\xff\xd8\xff"):
        return "jpeg"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "webp"
    if head[4:8] == b"ftyp" and head[8:12] in _STILL_BRANDS:
        raise UnusableMedia("It is a HEIC/AVIF photograph, which cannot be read here. Export it as JPEG or PNG.")
    if head[4:8] in (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip"):
        return "movie"
    raise UnusableMedia(f"{_described(head)} Export it as JPEG, PNG, WebP, MP4 or MOV.")


_STILL_BRANDS = {b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1", b"avif", b"avis"}


def _described(head: bytes) -> str:
    for start, words in (
        (b"GIF8", "It is a GIF."),
        (b"BM", "It is a BMP picture."),
        (b"II*\x00", "It is a TIFF picture."),
        (b"MM\x00*", "It is a TIFF picture."),
        (b"\x1aE\xdf\xa3", "It is a WebM or Matroska video."),
        (b"PK\x03\x04", "It is a zip archive; unpack it and add the pictures."),
        (b"%PDF", "It is a PDF document."),
    ):
        if head.startswith(start):
            return words
    if not any(head):
        return "The file holds only zero bytes; it was not copied completely."
    if all(32 <= byte < 127 or byte in b"\r\n\t" for byte in head):
        return "It holds text, not a picture or a video."
    return "It is not a picture or a video that can be read."
