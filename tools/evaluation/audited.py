"""What the audit said of the files that a run was trained on, kept with its scores: files may change afterwards."""

from collections import Counter

from pydantic import BaseModel, ConfigDict

from tools.audit.coverage import MOSTLY_UNKNOWN
from tools.audit.model import Audit

REPEATS = "near_duplicates"
LOOKS = "caption_describes_"


class AuditedSet(BaseModel):
    """Figures of the files that were in the set. None: the audit could not tell.

    `repeats` are files that show the same picture as another one. `views` counts files by the class of view,
    without those whose view is unknown. `looks_in_captions` is the largest share of captions that describe one
    lasting trait, such as the hair, where the audit minds it.
    """

    model_config = ConfigDict(frozen=True)

    files: int
    repeats: int
    largest_background: float | None
    views: dict[str, int] | None
    looks_in_captions: float


def audited(audit: Audit) -> AuditedSet:
    """The figures that a diagnosis needs."""
    items = [item for item in audit.items if item.id is not None and not item.excluded]
    views = Counter({view: count for view, count in audit.set.views.items() if view != "unknown" and count})
    known = views.total() > (1 - MOSTLY_UNKNOWN) * max(1, len(items))
    describing = [finding.value or 0.0 for finding in audit.findings if finding.id.startswith(LOOKS)]
    return AuditedSet(
        files=len(items),
        repeats=sum(REPEATS in item.findings for item in items),
        largest_background=audit.set.backgrounds.largest_share if audit.set.backgrounds else None,
        views=dict(views) if known else None,
        looks_in_captions=max(describing, default=0.0),
    )
