"""The audit's rules about clips: length, transitions, standstill, frame rate."""

from collections.abc import Callable, Sequence

from trainer_core.dataset.manifest import Item

from ..splitting import SHORTEST_IDEAL
from ..vision.shots import Shots
from .evidence import STILL, Evidence
from .findings import MEASURED, PRACTICE, files, finding, plural
from .model import Finding, Level

IDEAL = "custom-LoRA guide for LTX-2, 2026: clips of 5 to 8 seconds are best"
HDR = "ITU-T H.273, transfer characteristics 16 (PQ) and 18 (HLG); ITU-R BT.2100"
DRAWN = "measured on clips of drawn characters with known flaws, benchmarks/audit_clips.py, 2026-11-21"


def _clip_length(evidence: Evidence) -> list[Finding]:
    shortest, longest = evidence.recipe.clip_seconds
    source = evidence.recipe.source
    clips = [item for item in evidence.items if item.info.kind == "clip"]
    found = []
    short = [item for item in clips if item.info.seconds < shortest]
    if short:
        worst = min(item.info.seconds for item in short)
        text = f"{files(short, 'is', 'are')} shorter than {shortest:g} seconds (the shortest has {worst:.1f})."
        found.append(finding("clip_too_short", "warn", text, short, "seconds", worst, shortest, source))
    long = [item for item in clips if item.info.seconds > longest]
    if long:
        worst = max(item.info.seconds for item in long)
        text = (
            f"{files(long, 'is', 'are')} longer than {longest:g} seconds (the longest has {worst:.0f}); "
            f"pieces of such clips are used.{_offer(evidence, long)}"
        )
        found.append(finding("clip_too_long", "note", text, long, "seconds", worst, longest, source))
    if clips and all(shortest <= item.info.seconds < SHORTEST_IDEAL for item in clips):
        most = max(item.info.seconds for item in clips)
        text = (
            f"{'The clip is' if len(clips) == 1 else f'All {len(clips)} clips are'} shorter than {SHORTEST_IDEAL:g} "
            f"seconds (the longest has {most:.1f}), which is enough; {SHORTEST_IDEAL:g} to {longest:g} are better "
            "where the movement goes on that long."
        )
        found.append(finding("clips_short_of_ideal", "note", text, clips, "seconds", most, SHORTEST_IDEAL, IDEAL))
    return found


def _cuts(evidence: Evidence) -> list[Finding]:
    cut = [item for item in evidence.items if _cuts_of(evidence, item)]
    if not cut:
        return []
    where = ", ".join(f"{item.name} at {_cuts_of(evidence, item)[0]:.1f} s" for item in cut[:3])
    most = max(len(_cuts_of(evidence, item)) for item in cut)
    text = f"{plural(len(cut), 'clip has a cut', 'clips have cuts')} ({where}). A clip must be one "
    text += f"uninterrupted shot.{_offer(evidence, cut)}"
    return [finding("cut_in_clip", "warn", text, cut, "cuts in a clip", most, 0, PRACTICE)]


def _cuts_of(evidence: Evidence, item: Item) -> Sequence[float]:
    shots = evidence.measured[item.id].shots
    return shots.cuts if shots else ()


def _still(evidence: Evidence) -> list[Finding]:
    still = [
        item for item in evidence.items if (shots := evidence.measured[item.id].shots) and shots.still_share >= STILL
    ]
    if not still:
        return []
    level: Level = "warn" if evidence.recipe.images is None else "note"
    share = max(shots.still_share for item in still if (shots := evidence.measured[item.id].shots))
    text = f"In {plural(len(still), 'clip', 'clips')} nothing moves; a picture would teach as much."
    return [finding("static_clip", level, text, still, "share of still frames", round(share, 2), STILL, MEASURED)]


def _offer(evidence: Evidence, items: Sequence[Item]) -> str:
    """What splitting would give, in words; empty when nothing comes of it."""
    pieces = [piece for item in items for piece in evidence.pieces.get(item.id, ())]
    if not pieces:
        return ""
    shortest, longest = min(piece.seconds for piece in pieces), max(piece.seconds for piece in pieces)
    lengths = f"{shortest:.1f} s" if longest - shortest < 0.1 else f"{shortest:.1f} to {longest:.1f} s"
    what = "one piece" if len(pieces) == 1 else f"{len(pieces)} pieces"
    return f" Split, {'it gives' if len(items) == 1 else 'they give'} {what} of {lengths}."


def _with_shots(evidence: Evidence) -> list[tuple[Item, Shots]]:
    return [(item, shots) for item in evidence.items if (shots := evidence.measured[item.id].shots)]


def _soft_transitions(evidence: Evidence) -> list[Finding]:
    found = [
        (item, [each for each in shots.transitions if each.kind != "cut"]) for item, shots in _with_shots(evidence)
    ]
    soft = [(item, each) for item, each in found if each]
    if not soft:
        return []
    where = ", ".join(f"{item.name}: {each[0].kind} at {each[0].start:.1f} s" for item, each in soft[:3])
    items = [item for item, _ in soft]
    text = (
        f"{plural(len(soft), 'clip blends', 'clips blend')} from one shot into another ({where}). "
        f"The blend would be learned.{_offer(evidence, items)}"
    )
    most = max(len(each) for _, each in soft)
    return [finding("transition_in_clip", "warn", text, items, "dissolves and fades in a clip", most, 0, DRAWN)]


def _flashes(evidence: Evidence) -> list[Finding]:
    flashing = [(item, shots.flashes) for item, shots in _with_shots(evidence) if shots.flashes]
    if not flashing:
        return []
    where = ", ".join(f"{item.name} at {flashes[0]:.1f} s" for item, flashes in flashing[:3])
    text = f"{plural(len(flashing), 'clip has a flash', 'clips have flashes')} ({where})."
    most = max(len(flashes) for _, flashes in flashing)
    return [finding("flash_in_clip", "note", text, [item for item, _ in flashing], "flashes", most, 0, DRAWN)]


def _parts(evidence: Evidence) -> list[Finding]:
    """Parts of clips that stand still or show nothing."""
    found = []
    for finding_id, words, spans_of in (
        ("frozen_part", "stand still", lambda shots: shots.frozen if shots.still_share < STILL else ()),
        ("empty_part", "are black or white", lambda shots: (*shots.black, *shots.white)),
    ):
        hit = [(item, spans) for item, shots in _with_shots(evidence) if (spans := spans_of(shots))]
        if not hit:
            continue
        where = ", ".join(f"{item.name} from {spans[0][0]:.1f} to {spans[0][1]:.1f} s" for item, spans in hit[:3])
        text = f"Parts of {plural(len(hit), 'clip', 'clips')} {words} ({where})."
        longest = round(max(end - start for _, spans in hit for start, end in spans), 2)
        found.append(finding(finding_id, "note", text, [item for item, _ in hit], "seconds", longest, 0, DRAWN))
    return found


def _repeated_frames(evidence: Evidence) -> list[Finding]:
    doubled = [(item, shots.repeated_share) for item, shots in _with_shots(evidence) if shots.repeated_share]
    if not doubled:
        return []
    item, share = max(doubled, key=lambda each: each[1])
    fps = item.info.fps or 24.0
    text = (
        f"{files([each for each, _ in doubled], 'repeats', 'repeat')} frames in a regular pattern: {item.name} shows "
        f"{fps * (1 - share):.0f} pictures a second in a file of {fps:.0f}. Movement would be learned as jerky."
    )
    items = [each for each, _ in doubled]
    return [finding("repeated_frames", "note", text, items, "share of repeated frames", share, 0, DRAWN)]


def _hdr(evidence: Evidence) -> list[Finding]:
    """Read as if they were SDR: tone mapping is not always there, and which one was meant only the person knows."""
    pale = [item for item in evidence.items if item.info.hdr_notes]
    if not pale:
        return []
    text = (
        f"{files(pale, 'is', 'are')} HDR video: the colours come out pale, and pale they would be learned. Export as "
        "SDR (BT.709) and add again."
    )
    return [finding("hdr_clip", "warn", text, pale, "HDR clips", len(pale), 0, HDR)]


CLIP_RULES: tuple[Callable[[Evidence], list[Finding]], ...] = (
    _clip_length,
    _cuts,
    _soft_transitions,
    _flashes,
    _still,
    _parts,
    _repeated_frames,
    _hdr,
)
