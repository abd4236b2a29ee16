"""Which checks were not made, and why: an audit says what it does not know."""

from ..vision import text_in_picture
from ..vision.eyes.models import HOW_TO_GET
from .coverage import looks
from .evidence import Evidence
from .model import SkippedCheck

NO_EYES = f"the eyes' model files are missing or damaged. {HOW_TO_GET}"
_BY_EYES = (
    "views (front, three-quarter, profile, back)",
    "expressions",
    "shot sizes",
    "light on the subject",
    "how many people are in a picture",
    "backgrounds outside of the subject (told from the edges instead)",
)


def skipped_checks(evidence: Evidence) -> tuple[SkippedCheck, ...]:
    """What was not looked at in this set."""
    skipped = []
    if evidence.items and not looks(evidence):
        skipped += [SkippedCheck(check=check, reason=NO_EYES) for check in _BY_EYES]
    if not any(evidence.measured[item.id].text is not None for item in evidence.items):
        reason = " ".join(text_in_picture.available()) or "it is slow, so only on request"
        skipped.append(SkippedCheck(check="text and watermarks", reason=reason))
    if evidence.recipe.needs_views and not evidence.seconds:
        skipped.append(
            SkippedCheck(
                check="a second opinion on views", reason="no vision model looked; SIDEKICK_VISION_MODEL names one"
            )
        )
    if evidence.items and not any(item.caption.strip() for item in evidence.items):
        skipped.append(SkippedCheck(check="captions", reason="none are written yet"))
    skipped.append(
        SkippedCheck(check="that all files show the same subject", reason="nothing built in can tell reliably")
    )
    return tuple(skipped)
