"""Pieces of a clip: parts written as new files beside the original, with their sound and their own times."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import av

from .decoding import Frame
from .drafts import draft_in
from .footage import iterate_frames
from .media import UnusableMedia, probe
from .records import MAX_NAME, Item, Manifest, Reference, change, load, one_line, path_of
from .references import copy_reference
from .sound import Samples, read_sound, write_sound
from .timed import write_frames

_MOST = 400  # pieces of one clip
_RATE = 44_100  # samples a second


def add_pieces(
    folder: Path,
    item_id: str,
    spans: Sequence[tuple[float, float]],
    *,
    progress: Callable[[int, int], None] | None = None,
) -> Manifest:
    """Write each (start, end) in seconds of a clip as a new item and set the original aside, all or nothing.

    Captions and references go with the pieces; pieces that are there already are taken back in. Pieces of a synthetic
    clip are synthetic and set aside, because a person's yes was to other bytes. Raises LookupError for an unknown id,
    ValueError in words for spans that do not lie in the clip, and UnusableMedia when it cannot be read.
    """
    manifest = load(folder)
    original = manifest.item(item_id)
    _check(original, spans)
    source = path_of(folder, original)
    made: list[Item] = []
    unfinished: list[tuple[Path, Path]] = []
    try:
        for number, (start, end) in enumerate(spans, start=1):
            target = draft_in(source.parent)
            unfinished.append((target, target))
            cut_clip(source, target, start=start, end=end)
            item = _item(target, original, number, len(spans))
            item = item.model_copy(update={"reference": _reference(folder, original, item, start, end)})
            unfinished[-1] = target, folder / item.file
            made.append(item)
            if progress:
                progress(number, len(spans))
        for target, place in unfinished:
            target.replace(place)
    finally:
        for target, _ in unfinished:
            target.unlink(missing_ok=True)

    def with_pieces(manifest: Manifest) -> Manifest:  # cutting takes long: what was marked or set aside stays so
        fresh = {item.id: item for item in made}
        items = [_changed(item, original, fresh) for item in manifest.items]
        known = {item.id for item in manifest.items}
        items += [item for item in fresh.values() if item.id not in known]
        return manifest.model_copy(update={"items": tuple(items)})

    return change(folder, with_pieces)


def take_pieces_back(folder: Path, item_id: str) -> Manifest:
    """Take the original in again and set its pieces, and pieces of these, aside; no file is deleted.

    A synthetic original stays aside: it only comes in with a person's yes. Raises LookupError for an unknown id.
    """

    def whole(manifest: Manifest) -> Manifest:
        manifest.item(item_id)
        family = {item_id}
        for item in manifest.items:  # pieces come after what they are pieces of
            if item.piece_of in family:
                family.add(item.id)
        items = tuple(
            item.model_copy(update={"excluded": item.synthetic or item.id != item_id}) if item.id in family else item
            for item in manifest.items
        )
        return manifest.model_copy(update={"items": items})

    return change(folder, whole)


def cut_clip(source: Path, target: Path, *, start: float, end: float) -> None:
    """Write what is on screen from `start` up to `end` seconds as H.264 mp4, upright, with sound if there is any.

    Frames keep their distances in time; one frame is in memory at a time. Raises UnusableMedia.
    """
    with av.open(str(target), "w", format="mp4", options={"movflags": "+faststart"}) as container:
        track = container.add_stream("aac", rate=_RATE, layout="stereo") if _sound_of(source) else None
        first = write_frames(container, _between(source, start, end))
        if first is None:
            raise UnusableMedia(f"There are no frames between {start:.2f} and {end:.2f} seconds of the clip.")
        if track is not None:
            write_sound(container, track, _heard(source, first, end))


def _between(source: Path, start: float, end: float) -> Iterator[tuple[float, Frame]]:
    """The frames from `start` up to `end`, with their times in the clip."""
    for seconds, picture in iterate_frames(source, start=max(0.0, start - 0.5)):
        if seconds >= end - 1e-3:
            return
        if seconds >= start - 1e-3:
            yield seconds, picture


def _heard(source: Path, start: float, end: float) -> Iterator[Samples]:
    """What is heard from `start` to `end`, a minute at a time; where the sound is damaged it ends."""
    while start < end:
        seconds = min(60.0, end - start)
        try:
            part = read_sound(source, start=start, seconds=seconds, rate=_RATE)
        except UnusableMedia:  # the pictures are whole
            return
        if part is None:
            return
        yield part
        start += seconds


def _sound_of(source: Path) -> bool:
    try:
        with av.open(str(source), format="mov", metadata_errors="replace") as container:
            return any(stream.codec_context is not None for stream in container.streams.audio)
    except (av.FFmpegError, ValueError) as error:
        raise UnusableMedia("The clip is damaged and cannot be split.") from error


def _check(original: Item, spans: Sequence[tuple[float, float]]) -> None:
    if original.info.kind != "clip":
        raise ValueError(f"{original.name} is a picture; only clips can be split.")
    if not spans or len(spans) > _MOST:
        raise ValueError(f"A clip is split into 1 to {_MOST} pieces, not {len(spans)}.")
    for start, end in spans:
        if not 0 <= start < end <= original.info.seconds + 0.1:
            raise ValueError(
                f"A piece from {start:.2f} to {end:.2f} s does not lie in {original.name}, "
                f"which has {original.info.seconds:.2f} s."
            )


def _item(path: Path, original: Item, number: int, count: int) -> Item:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    item_id = f"itm_{digest.hexdigest()[:12]}"
    stem = one_line(Path(original.name).stem, MAX_NAME - 24)
    info = probe(path)
    info = info.model_copy(update={"notes": (*original.info.hdr_notes, *info.notes)})  # its colours are as pale
    return Item(
        id=item_id,
        name=f"{stem} part {number} of {count}.mp4",
        file=f"{Path(original.file).parent.as_posix()}/{item_id}.mp4",
        sha256=digest.hexdigest(),
        info=info,
        caption=original.caption,
        caption_source=original.caption_source,
        piece_of=original.id,
        synthetic=original.synthetic,
        excluded=original.synthetic,
    )


def _reference(folder: Path, original: Item, piece: Item, start: float, end: float) -> Reference | None:
    """The same part of the clip's reference; a still is shown beside every piece. None where a shorter one is over."""
    whole = original.reference
    if whole is None or whole.info.kind == "image":
        return whole
    if start >= whole.info.seconds:
        return None
    cut = draft_in(folder, ".mp4")
    try:
        cut_clip(path_of(folder, whole), cut, start=start, end=end)
        return copy_reference(folder, cut, whole.showing, piece, name=f"{Path(piece.name).stem} {whole.showing}.mp4")
    except UnusableMedia:  # too little of it is left to be shown
        return None
    finally:
        cut.unlink(missing_ok=True)


def _changed(item: Item, original: Item, fresh: dict[str, Item]) -> Item:
    """The original is set aside; a piece that was made before is taken back in, unless synthetic; all others stay.

    A piece that comes back has the reference that the original has now; its caption may have been improved, and stays.
    """
    if item.id == original.id:
        return item.model_copy(update={"excluded": True})
    if item.id not in fresh:
        return item
    return item.model_copy(
        update={"excluded": item.excluded and item.synthetic, "reference": fresh[item.id].reference or item.reference}
    )
