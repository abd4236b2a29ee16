"""The studio: clips with any LoRA or stack, comparisons, and the files themselves measured, merged, checked, added."""

from . import add_lora, compare_clips, interference, merge_loras, verify_lora
from . import generate_clip as _generate_clip
from .generate_clip import GenerateClip, generate_clip
from .machine import one_at_a_time, pipeline_of

TOOLS = (
    *_generate_clip.TOOLS,
    *compare_clips.TOOLS,
    *interference.TOOLS,
    *merge_loras.TOOLS,
    *verify_lora.TOOLS,
    *add_lora.TOOLS,
)

__all__ = ["TOOLS", "GenerateClip", "generate_clip", "one_at_a_time", "pipeline_of"]
