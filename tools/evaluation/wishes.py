"""Is a single clip as it was wished? Like the subject where it was called, and not where nobody called it."""

from dataclasses import dataclass

from .scorecard import ClipScore, Scorecard, Threshold


@dataclass(frozen=True)
class Wish:
    """What a clip with the LoRA is held to: two lines, and the likeness of the same clip on the base model."""

    line: Threshold | None  # of likeness
    leak: Threshold | None  # of the likeness that is gained where nobody called
    before: float | None

    def gained(self, clip: ClipScore) -> float | None:
        """Likeness gained by training; None where the base has no such clip."""
        return None if self.before is None else clip.identity - self.before

    def leaks(self, clip: ClipScore) -> bool:
        """Whether a clip that nobody called gained more likeness than the line allows the mean of them."""
        gained = self.gained(clip)
        return self.leak is not None and gained is not None and not self.leak.met_by(gained)

    def met_by(self, clip: ClipScore) -> bool | None:
        """None where there is no line."""
        if self.line is None:
            return None
        alike = self.line.met_by(clip.identity)
        return alike if clip.case.uses_trigger else not alike and not self.leaks(clip)


def wish_of(card: Scorecard, clip: ClipScore) -> Wish:
    """The lines of the scorecard, and the base's clip of the same words and seed where there is one."""
    identity, leak = card.measure("identity"), card.measure("leak")
    before = next((one for one in card.clips if one.model == "base" and one.case.id == clip.case.id), None)
    return Wish(
        line=identity.threshold if identity else None,
        leak=leak.threshold if leak else None,
        before=before.identity if before else None,
    )
