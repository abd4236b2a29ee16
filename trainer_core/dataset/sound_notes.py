"""Words about the sound of a dataset, for the plan that would train on it."""

from trainer_core.plan import BaseModelName, TrainingPlan

from .manifest import Manifest


def sound_notes(manifest: Manifest, plan: TrainingPlan) -> list[str]:
    """What a person should know of the sound before a plan that learns it is started; nothing where it does not."""
    if not plan.with_audio:
        return []
    clips = [item for item in manifest.usable if item.info.kind == "clip"]
    heard = sum(item.info.has_audio for item in clips)
    if not heard or plan.frames == 1:
        why = "No clip has sound" if not heard else "Single frames have no sound"
        return [f"{why}, so this trains as without."]
    told = f"{heard} of {len(clips)} clips have sound." if heard < len(clips) else "Every clip has sound."
    if heard < len(manifest.usable):
        told += " Files without it are trained on their pictures alone."
    if plan.base is BaseModelName.MINI:
        return [told, "mini has no voice: sound is trained as it would be on LTX-2.3, but nothing can be heard of it."]
    return [told]
