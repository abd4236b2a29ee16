"""How to use an exported LoRA elsewhere: a short page each for diffusers, ComfyUI and fal, true to their loaders.

What was run is said: the code for diffusers is run by Sidekick's own tests, on mini. The others were not run.
"""

import json

from trainer_core.base_models.ltx23.identity import HUB_REPOSITORY
from trainer_core.plan import BaseModelName

from .export_facts import LoraStory
from .text import quoted

FAL_ENDPOINT = "fal-ai/ltx-2.3-22b/text-to-video/lora"
FAL_PAGE = f"https://fal.ai/models/{FAL_ENDPOINT}"


def pages_of(story: LoraStory, file_name: str, prompt: str) -> dict[str, str]:
    """Name -> Markdown of each page. `prompt` is the first test prompt, with the trigger in it."""
    said = json.dumps(quoted(prompt, 400), ensure_ascii=False)
    return {
        "use-with-diffusers.md": _diffusers(story, file_name, said),
        "use-with-comfyui.md": _comfyui(story, file_name, said),
        "use-with-fal.md": _fal(story, file_name, said),
    }


def _diffusers(story: LoraStory, file_name: str, said: str) -> str:
    rules, mini = story.rules, story.base is BaseModelName.MINI
    shown = bool(story.reference)
    kind = "LTX2InContextPipeline" if shown else "LTX2Pipeline"
    needs = "pip install diffusers transformers peft accelerate av" + (" lora-sidekick" if mini else "")
    lines = ["import torch", "from diffusers.utils import encode_video" + (", load_image" if shown else "")]
    if not mini or shown:
        lines.append(f"from diffusers import {kind}")
    if shown:
        lines.append("from diffusers.pipelines.ltx2.pipeline_ltx2_ic_lora import LTX2ReferenceCondition")
    if mini:
        lines += [
            "from trainer_core.base_models.registry import load_pipeline  # mini comes with Sidekick",
            "from trainer_core.plan import BaseModelName",
            "",
            "pipe = load_pipeline(BaseModelName.MINI)",
            *(
                [
                    "parts = {name: part for name, part in pipe.components.items() if part is not None}",
                    "pipe = LTX2InContextPipeline(**parts)",
                ]
                if shown
                else []
            ),
        ]
    else:
        lines += [
            "",
            f'pipe = {kind}.from_pretrained("{HUB_REPOSITORY}", torch_dtype=torch.bfloat16)',
            "pipe.enable_model_cpu_offload()",
        ]
    lines += [
        f'pipe.load_lora_weights(".", weight_name="{file_name}", adapter_name="lora")',
        f'pipe.set_adapters(["lora"], [{story.strength:g}])',
        "",
        "video, audio = pipe(",
        f"    prompt={said},",
        '    negative_prompt="",',
        f"    width={rules.width}, height={rules.height}, num_frames={rules.frames}, frame_rate={rules.fps},",
        f"    num_inference_steps={rules.sampling_steps}, guidance_scale={rules.guidance},",
        *(_reference_lines(story) if shown else ()),
        "    stg_scale=0.0, audio_stg_scale=0.0, modality_scale=1.0, audio_modality_scale=1.0,  # as it was scored",
        *(["    audio_guidance_scale=1.0,"] if mini else []),
        "    max_sequence_length=min(1024, pipe.tokenizer.model_max_length),",
        '    generator=torch.Generator().manual_seed(0), output_type="np", return_dict=False,',
        ")",
        f'encode_video(video[0], fps={round(rules.fps)}, output_path="clip.mp4"' + _sound(mini=mini) + ")",
    ]
    code = "\n".join(lines)
    ran = (
        "Sidekick's tests run this very code with an exported LoRA of mini."
        if mini
        else "The same calls are run by Sidekick's tests on mini, its small model of the same classes; on LTX-2.3 "
        "itself this page was not run. LTX-2.3 needs a GPU."
    )
    return (
        f"# With diffusers\n\nIn a terminal: `{needs}`. Then, in the folder of this file:\n\n```python\n{code}\n```\n\n"
        f"{_several()}\n\n{ran}\n"
    )


def _reference_lines(story: LoraStory) -> list[str]:
    return [
        '    reference_conditions=[LTX2ReferenceCondition(frames=[load_image("reference.png")], strength=1.0)],',
        f"    reference_downscale_factor={story.times_smaller},",
    ]


def _sound(*, mini: bool) -> str:
    if mini:
        return ""  # mini is silent
    return ",\n             audio=audio[0].float().cpu(), audio_sample_rate=pipe.vocoder.config.output_sampling_rate"


def _several() -> str:
    return (
        "For several LoRAs, load each with an `adapter_name` of its own and name all of them in `set_adapters`, with a "
        "strength each."
    )


def _comfyui(story: LoraStory, file_name: str, said: str) -> str:
    if story.base is BaseModelName.MINI:
        return _not_for_mini("ComfyUI")
    reference = (
        "\n4. It is an in-context LoRA: use a workflow with a reference (IC-LoRA) of ComfyUI-LTXVideo, which reads "
        f"from the file how much smaller the reference is ({story.times_smaller} times).\n"
        if story.reference
        else "\n"
    )
    return (
        f"# With ComfyUI\n\n1. Copy `{file_name}` into `ComfyUI/models/loras/` and press R in ComfyUI.\n"
        "2. In a workflow for LTX-2.3, put the node **LoraLoaderModelOnly** between the node that loads the model and "
        f"the one that samples: `lora_name` is this file, `strength_model` {story.strength:g}.\n"
        f"3. Write the trigger in the prompt: {said}{reference}\n"
        "The weights are named `diffusion_model.*` with `lora_A` and `lora_B`, and alpha is multiplied in already, "
        "which is the form that ComfyUI reads for LTX-2.3. Use the *dev* model that it was trained on: a distilled one "
        "can show less of it. This page follows ComfyUI's documented nodes; Sidekick did not run ComfyUI.\n"
    )


def _fal(story: LoraStory, file_name: str, said: str) -> str:
    if story.base is BaseModelName.MINI:
        return _not_for_mini("fal")
    if story.reference:
        return (
            "# With fal\n\nThis is an in-context LoRA: it wants a reference beside the prompt. Which of fal's "
            "addresses takes one with your own LoRA changes; look for “lora” under https://fal.ai/models. Sidekick "
            "did not run any of them with this file.\n"
        )
    code = "\n".join(
        [
            "import fal_client",
            "",
            f'address = fal_client.upload_file("{file_name}")  # whoever has this address can fetch the file',
            "result = fal_client.subscribe(",
            f'    "{FAL_ENDPOINT}",',
            f'    arguments={{"prompt": {said}, "loras": [{{"path": address, "scale": {story.strength:g}}}]}},',
            ")",
            'print(result["video"]["url"])',
        ]
    )
    return (
        "# With fal\n\nIn a terminal: `pip install fal-client`, and set `FAL_KEY` to your own key. Then:\n\n"
        f"```python\n{code}\n```\n\nThis costs money and sends the file and the prompt to fal; see the price at "
        f"{FAL_PAGE}. fal may change its addresses and settings. Sidekick did not run this page.\n"
    )


def _not_for_mini(where: str) -> str:
    return (
        f"# With {where}\n\nThis LoRA cannot be used with {where}: it is for mini, Sidekick's small practice model, "
        f"which {where} does not have. A LoRA that you train for LTX-2.3 has the same form of file, and its package "
        "tells here how to use it.\n"
    )
