"""Is this LTX-2.3, and the kind of it that can be trained on? Told from names, configurations and headers alone."""

from collections.abc import Mapping
from typing import Any

from .headers import Header, Stored
from .layout import Layout
from .names import TRANSFORMER_PREFIX, Component, by_component

HUB_REPOSITORY = "diffusers/LTX-2.3-Diffusers"
SINGLE_FILE = "ltx-2.3-22b-dev.safetensors"
WHERE = f"{HUB_REPOSITORY} on the Hugging Face Hub, or the file {SINGLE_FILE} of Lightricks/LTX-2.3"
DISTILLED_FILE_BYTES = 46_149_345_038  # ltx-2.3-22b-distilled.safetensors, from its pointer file on the Hub
SHORT = 200  # characters: a title or a version; the long values are configurations of all kinds of models

DISTILLED = (
    "This is a distilled LTX-2.3. A LoRA trained on a distilled model has almost no effect, so Sidekick trains on the "
    f"dev model only. Get {WHERE}."
)
LTX2 = (
    "This is LTX-2, not LTX-2.3. The two look alike, but the video autoencoder was rebuilt and the blocks changed, so "
    f"a LoRA for one does not work on the other. Get {WHERE}."
)
LATER = f"This is a later model of the LTX family, not LTX-2.3, and Sidekick does not know it. Get {WHERE}."
UNKNOWN = f"This is not LTX-2.3 or not all of it. Get {WHERE}."

_TRAITS_OF_23 = {"gated_attn": True, "cross_attn_mod": True, "use_prompt_embeddings": False, "perturbed_attn": True}
_TRAITS_OF_2 = {"gated_attn": False, "cross_attn_mod": False, "use_prompt_embeddings": True}  # and class defaults
_TRAITS_OF_LATER = {"use_prompt_adaln_single": False, "use_keyframes_abs_pos_embedding": True, "ff_bias": False}
_SIZES = ("num_layers", "num_attention_heads", "attention_head_dim", "in_channels", "cross_attention_dim")


class WrongBase(ValueError):
    """The model is there but cannot be used; the message says why and what to get instead."""


def check_name(*names: str) -> None:
    """Raise WrongBase when a file, folder or repository says by its name that it is distilled."""
    if any("distill" in name.lower() for name in names):
        raise WrongBase(DISTILLED)


def check_configs(configs: Mapping[str, Mapping[str, Any]], layout: Layout) -> None:
    """Raise WrongBase unless the configurations of a folder (by component, and of the scheduler) are LTX-2.3's."""
    transformer = configs[Component.TRANSFORMER]
    if transformer.get("_class_name") != "LTX2VideoTransformer3DModel":
        raise WrongBase(UNKNOWN)
    if all(transformer.get(name, value) == value for name, value in _TRAITS_OF_2.items()):
        raise WrongBase(LTX2)
    if any(transformer.get(name) == value for name, value in _TRAITS_OF_LATER.items()):
        raise WrongBase(LATER)
    if any(transformer.get(name) != value for name, value in _TRAITS_OF_23.items()):
        raise WrongBase(UNKNOWN)
    _check_size(transformer, layout.configs[Component.TRANSFORMER])
    widths = configs[Component.VAE].get("block_out_channels")
    if widths != layout.configs[Component.VAE]["block_out_channels"]:
        raise WrongBase(f"The video autoencoder is not LTX-2.3's: its encoder's widths are {capped(widths)}. {UNKNOWN}")
    if not configs[Component.CONNECTORS].get("per_modality_projections"):
        raise WrongBase(f"The text connectors are those of LTX-2. {LTX2}")
    scheduler = configs["scheduler"]
    if scheduler.get("use_dynamic_shifting") is False and scheduler.get("shift_terminal") is None:
        raise WrongBase(DISTILLED)  # the conversion for distilled checkpoints turns both off


def check_file(header: Header, layout: Layout) -> None:
    """Raise WrongBase unless a single file holds all parts of the trainable LTX-2.3."""
    check_name(header.path.name, *(value for value in header.metadata.values() if len(value) < SHORT))
    if header.size == DISTILLED_FILE_BYTES:
        raise WrongBase(DISTILLED)
    parts = by_component(header.tensors)
    transformer = parts[Component.TRANSFORMER]
    if not any(key.startswith(TRANSFORMER_PREFIX) for key in header.tensors):
        raise WrongBase(f"{header.path.name} is no single file of LTX-2.3. {UNKNOWN}")
    if "caption_projection.linear_1.weight" in transformer or not _has(transformer, ".to_gate_logits."):
        raise WrongBase(LTX2)
    if "prompt_adaln.linear.weight" not in transformer or "keyframes_abs_pos_embedding" in transformer:
        raise WrongBase(LATER)
    if any(stored.dtype.startswith("F8") or stored.dtype in ("U8", "I8") for stored in transformer.values()):
        raise WrongBase(
            f"{header.path.name} is quantised (8 bit or less). LoRAs are trained on the full weights: Sidekick makes "
            f"them smaller itself where memory is short. Get {WHERE}."
        )
    _check_size(_sizes(transformer), layout.configs[Component.TRANSFORMER])
    if absent := [name for name, tensors in parts.items() if not tensors]:
        raise WrongBase(f"{header.path.name} holds no {', '.join(absent).replace('_', ' ')}. {UNKNOWN}")
    _check_vae(parts[Component.VAE], layout)


def capped(value: object, limit: int = 60) -> str:
    """A value from a stranger's file, as one short line for a message."""
    text = " ".join("".join(letter if letter.isprintable() else " " for letter in str(value)[: 4 * limit]).split())
    return text if len(text) <= limit else f"{text[:limit]} ..."


def _check_vae(vae: Mapping[str, Stored], layout: Layout) -> None:
    end = vae.get("encoder.conv_out.conv.weight")
    width = layout.configs[Component.VAE]["block_out_channels"][-1]
    if end is None or len(end.shape) < 2 or end.shape[1] != width:
        found = end.shape[1] if end and len(end.shape) > 1 else "unknown"
        raise WrongBase(f"The video autoencoder is not LTX-2.3's: its encoder ends {found} wide, not {width}. {LTX2}")


def _has(tensors: Mapping[str, Stored], part: str) -> bool:
    return any(part in name for name in tensors)


def _sizes(transformer: Mapping[str, Stored]) -> dict[str, Any]:
    """The sizes that a header tells; what it cannot tell is left out."""
    found: dict[str, Any] = {}
    blocks = {name.split(".")[1] for name in transformer if name.startswith("transformer_blocks.")}
    found["num_layers"] = len(blocks)
    if (first := transformer.get("proj_in.weight")) is not None and len(first.shape) == 2:
        found["cross_attention_dim"], found["in_channels"] = first.shape
    if (gates := transformer.get("transformer_blocks.0.attn1.to_gate_logits.weight")) is not None:
        found["num_attention_heads"] = gates.shape[0]
    return found


def _check_size(found: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
    wrong = [name for name in _SIZES if name in found and found[name] != wanted[name]]
    if wrong:
        words = ", ".join(f"{name.replace('_', ' ')} {capped(found[name])} instead of {wanted[name]}" for name in wrong)
        raise WrongBase(
            f"This has LTX-2.3's form but not its size ({words}): a small practice model, such as mini, or a changed "
            f"one. Get {WHERE}."
        )
