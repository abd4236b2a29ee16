"""Why a plan shows its files to the model as it does: sizes, frame rates, references, sound, and how memory is used."""

from trainer_core.memory_tiers import TIERS
from trainer_core.plan import ReferenceKind, TrainingPlan

_REFERENCES = {
    ReferenceKind.NONE: "No references are shown; prompts alone decide.",
    ReferenceKind.PAIR: "Beside each file its partner is shown, clean: the state before an effect, or a control clip "
    "made from it. The LoRA then needs such a partner when it is used.",
    ReferenceKind.SAME_SUBJECT: "Beside each picture another one of the set is shown, clean, so that the LoRA learns "
    "to take a likeness from a reference picture. It then needs one when it is used.",
}


def beyond(plan: TrainingPlan) -> list[str]:
    """What the plan does besides its main figures, as short phrases: further sizes, proportions, references, sound."""
    told = {
        f"also trained at {', '.join(f'{edge}x{edge}' for edge in plan.more_resolutions)}": plan.more_resolutions,
        "each file keeps its proportions": plan.keep_aspect,
        "each clip keeps its frame rate": not plan.resample_fps and plan.clips and plan.frames > 1,
        f"{plan.gradient_accumulation} batches make a step": plan.gradient_accumulation > 1,
        "with reference pairs": plan.reference is ReferenceKind.PAIR,
        "with another picture of the subject as reference": plan.reference is ReferenceKind.SAME_SUBJECT,
        "with sound": plan.with_audio,
    }
    return [words for words, holds in told.items() if holds]


def shown(plan: TrainingPlan) -> dict[str, str]:
    """A paragraph per field."""
    return {
        "gradient_accumulation": (
            f"Gradient accumulation {plan.gradient_accumulation}: the gradients of that many batches make one step, so "
            f"a step sees {plan.gradient_accumulation * plan.batch_size} samples. It calms training like a larger "
            "batch, without needing more memory; each step takes as many times longer."
        ),
        "more_resolutions": (
            (
                f"Further resolutions: {', '.join(map(str, plan.more_resolutions))}. Each file is also trained at "
                "these sizes, which takes longer for the same number of looks at each. "
                if plan.more_resolutions
                else "Each file is trained at one size. "
            )
            + "For LTX-2.3, users found 768 better than 512 for likeness (musubi-tuner issues 78 and 91); it was not "
            "measured here. Files smaller than a size are not enlarged to it."
        ),
        "keep_aspect": (
            "Each file keeps its own proportions, at about the plan's number of pixels."
            if plan.keep_aspect
            else f"Files are cut around the middle to the proportions of {plan.width}x{plan.height}. Say 'keep the "
            "proportions' when something at the edge matters."
        ),
        "resample_fps": (
            f"Clips are brought to {plan.fps:g} frames a second."
            if plan.resample_fps
            else "Each clip keeps its own frame rate, and the model is told it; movement is then as fast as it was."
        ),
        "reference": (
            f"{_REFERENCES[plan.reference]} Source: in-context LoRA in the LTX-2 trainer's documentation (rank 16-32, "
            "2e-4, 3000 steps for structural control)."
        ),
        "with_audio": (
            "Sound is learned together with the pictures, where clips have some; stills and silent clips are trained "
            "with the pictures alone. The LoRA also changes the audio branch, so it has about twice the parameters."
            if plan.with_audio
            else "Sound is not learned, and the model's audio branch, nearly a third of it, stays out of memory."
        ),
        "memory": f"The base is held {TIERS[plan.memory].words}.",
        "gradient_checkpointing": (
            "Gradient checkpointing is on: what the forward pass computes is computed again when it is needed, which "
            "saves much memory and makes a step about 1.4 times as long (measured on a CPU, not yet on a GPU)."
            if plan.gradient_checkpointing
            else "Gradient checkpointing is off: faster, and it needs more memory."
        ),
    }
