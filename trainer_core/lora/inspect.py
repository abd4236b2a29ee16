"""Look into a LoRA file: is it whole, does it fit the base, and does it change anything?"""

import math
from collections import Counter
from pathlib import Path

from ..plan import LONGEST_TRIGGERS, BaseModelName
from .base_match import BaseMatch, match_bases
from .checks import delta_spread, notes, problems
from .container import UnreadableFileError
from .contents import ranks, read_contents
from .report import LoraReport, shown, shown_metadata


def verify(path: Path, base: BaseModelName | None = None, *, per_module: bool = False) -> LoraReport:
    """Read a LoRA file and report on it. Whatever is wrong with the file is a line in the report, never an exception.

    With `base`, the file must fit that base; without, it must fit one that Sidekick knows. Nothing in the file is run:
    pickles are refused unopened, sizes are capped, texts are shortened and escaped. Memory: one tensor at a time.
    """
    path = Path(path)
    base = BaseModelName(base) if base else None
    try:
        contents = read_contents(path)
    except UnreadableFileError as error:
        return LoraReport(file=shown(path.name), ok=False, problems=(str(error),), bytes=_size(path), base=base)
    match = match_bases(contents.pairs, contents.shapes, base) if contents.pairs else BaseMatch(None, None)
    found = problems(contents, match, base)
    most_common = Counter(ranks(contents).values()).most_common(1)
    trigger = contents.metadata.get("modelspec.trigger_phrase")
    changes = {shown(name, 200): delta for name, delta in contents.deltas.items() if math.isfinite(delta)}
    return LoraReport(
        file=shown(path.name),
        ok=not found,
        problems=tuple(found),
        notes=tuple(notes(contents, match)),
        bytes=contents.size,
        sha256=contents.sha256,
        keys=len(contents.shapes),
        modules=len(contents.pairs),
        rank=most_common[0][0] if most_common else None,
        dtypes=tuple(shown(dtype, 20) for dtype in sorted(set(contents.dtypes.values()))),
        alpha_keys=sum(name.endswith(".alpha") for name in contents.shapes),
        nan=contents.nan,
        inf=contents.inf,
        zero_modules=sum(delta == 0 for delta in contents.deltas.values()),
        delta_rms=delta_spread(contents),
        per_module=changes if per_module else None,
        metadata=shown_metadata(contents.metadata),
        trigger=shown(trigger, LONGEST_TRIGGERS) if trigger else None,
        base=base,
        base_guess=match.base,
        matched_share=match.share,
    )


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except (OSError, ValueError):
        return 0
