"""What can be wrong with a LoRA file, and what a person should know about it. Each check turns contents into words."""

import math
from collections.abc import Iterator, Sequence

from ..plan import BaseModelName
from .base_match import BaseMatch
from .contents import FLOATS, MAX_RANK, Contents, ranks
from .names import CONNECTOR_PREFIXES, PREFIX
from .reference_use import reference_use
from .report import Spread, shown

# Median change per weight seen in LoRAs for LTX-2.3 by their users: four training steps give 1.7e-5, working
# characters 8.8e-4 to 1.6e-3, the weakest that worked 4.9e-4. A healthy size does not prove an effect.
WEAK_DELTA_RMS = 2e-4
MATCH_NEEDED = 0.9  # of the layers
PRIVATE_KEYS = ("ss_dataset_dirs", "ss_tag_frequency", "ss_datasets", "ss_bucket_info")


def problems(contents: Contents, match: BaseMatch, base: BaseModelName | None) -> list[str]:
    """Why the file cannot be used as it is; empty for a sound file."""
    return [*_of_names(contents), *_of_sizes(contents), *_of_match(match, base), *_of_values(contents)]


def _of_names(contents: Contents) -> Iterator[str]:
    names = list(contents.shapes)
    if not names:
        yield "The file holds no tensors."
        return
    if not contents.keys:
        yield (
            f"This is not a LoRA: none of its {len(names)} tensors is named lora_A or lora_B. If it is a whole model, "
            f"choose the LoRA file instead, which is much smaller. {_examples(names)}"
        )
        return
    alphas = [name for name in names if name.endswith(".alpha")]
    others = [name for name in names if name not in contents.keys and not name.endswith(".alpha")]
    if others:
        yield f"{len(others)} tensors are no LoRA factors; players drop them or refuse the file. {_examples(others)}"
    if alphas:
        yield (
            f"The file has {len(alphas)} .alpha keys: diffusers refuses them for LTX-2 and Lightricks' own code "
            "ignores them, so the strength differs between players. Multiply alpha / rank into lora_B and drop them."
        )
    if any(not key.usual for key in contents.keys.values()):
        yield "LTX-2 players do not read names such as lora_down/lora_up: they must be lora_A/lora_B."
    prefixes = _prefixes(contents)
    if len(prefixes) > 1:
        names_of_prefixes = ", ".join(sorted(prefix or "none" for prefix in prefixes))
        yield f"The names mix prefixes ({names_of_prefixes}): diffusers drops some of them."


def _of_sizes(contents: Contents) -> Iterator[str]:
    strange = sorted({dtype for dtype in contents.dtypes.values() if dtype not in FLOATS})
    if strange and contents.keys:
        yield f"Some tensors are not of a usual floating-point type: {shown(', '.join(strange), 100)}."
    if contents.halves:
        yield f"{len(contents.halves)} layers have only one of their two factors. {_examples(contents.halves)}"
    if contents.misshapen:
        yield (
            f"{len(contents.misshapen)} layers have factors whose sizes do not fit together (lora_A is rank x inputs, "
            f"lora_B outputs x rank, rank at most {MAX_RANK}). {_examples(contents.misshapen)}"
        )


def _of_match(match: BaseMatch, base: BaseModelName | None) -> Iterator[str]:
    if match.share is None or match.share >= MATCH_NEEDED:
        return
    wanted = base.value if base else "any base that Sidekick knows (" + ", ".join(BaseModelName) + ")"
    if base and match.base and match.base is not base:
        instead = f"Its layers fit {match.base.value}: use it there, or take a file made for {base.value}."
    else:
        instead = "Use it with the model that it was made for, which whoever made the file knows."
    yield (
        f"The file does not fit {wanted}: {match.share:.0%} of its layers have a place there, at least "
        f"{MATCH_NEEDED:.0%} must. It was made for another model. {instead} {_examples(match.unmatched)}"
    )


def _of_values(contents: Contents) -> Iterator[str]:
    if contents.nan or contents.inf:
        yield (
            f"{contents.nan} numbers are NaN and {contents.inf} infinite: videos would come out black. "
            "Take an earlier checkpoint, or train again with a lower learning rate."
        )
    elif not all(math.isfinite(delta) for delta in contents.deltas.values()):
        yield "Some numbers are so large that a layer's change is infinite. Train again with a lower learning rate."
    if contents.deltas and not any(contents.deltas.values()):
        yield (
            "Every layer is zero: the file changes nothing. It was saved before training began, or training failed. "
            "Take the file of a later step, or train again."
        )
    stated = contents.metadata.get("modelspec.hash_sha256", "").lower().removeprefix("0x")
    if stated and stated != contents.tensors_sha256:
        yield "The contents differ from the checksum in the file's own header: it was damaged or changed later."


def notes(contents: Contents, match: BaseMatch) -> list[str]:
    """What a person should know about a file that may be sound."""
    return [*_on_names(contents), *_on_match(contents, match), *_on_values(contents, match), *_on_metadata(contents)]


def _on_names(contents: Contents) -> Iterator[str]:
    prefixes = _prefixes(contents)
    if len(prefixes) == 1 and prefixes != {PREFIX}:
        yield f"The names do not begin with {PREFIX}.: ComfyUI does not read them."
    if any(key.prefix in CONNECTOR_PREFIXES for key in contents.keys.values()):
        yield "The file also changes the text connectors. That part is not checked, and only diffusers loads it."
    found = set(ranks(contents).values())
    if len(found) > 1:
        yield f"The layers have {len(found)} different ranks, from {min(found)} to {max(found)}."


def _on_match(contents: Contents, match: BaseMatch) -> Iterator[str]:
    if match.unmatched and match.share is not None and match.share >= MATCH_NEEDED:
        yield f"{len(match.unmatched)} layers have no place in the base and do nothing. {_examples(match.unmatched)}"
    if match.base is not BaseModelName.LTX23:
        return
    stated = contents.metadata.get("modelspec.architecture") or contents.metadata.get("ss_base_model_version", "")
    marks = ("to_gate_logits", "prompt_adaln")  # layers that LTX-2 does not have
    if "2.3" not in stated and not any(mark in module for module in contents.pairs for mark in marks):
        said = f"Its header says {shown(stated, 80)!r}." if stated else "Its header does not say which one it is for."
        yield f"LTX-2 and LTX-2.3 have attention layers of the same sizes, but a LoRA of one fails on the other. {said}"


def _on_values(contents: Contents, match: BaseMatch) -> Iterator[str]:
    zero = sum(delta == 0 for delta in contents.deltas.values())
    if 0 < zero < len(contents.deltas):
        yield f"{zero} of {len(contents.deltas)} layers are zero, as audio layers are after training on silent files."
    spread = delta_spread(contents)
    if spread and match.base is BaseModelName.LTX23 and spread.median < WEAK_DELTA_RMS:
        yield (
            f"The change is small: {spread.median:.1e} per weight. Working LoRAs for LTX-2.3 had 4.9e-4 to 1.6e-3 "
            "(reports of users); more steps or a higher learning rate may be needed."
        )


def _on_metadata(contents: Contents) -> Iterator[str]:
    try:
        use = reference_use(contents.metadata)
    except ValueError as error:
        yield str(error)
    else:
        if use is not None:
            yield use.words()
    private = [key for key in PRIVATE_KEYS if key in contents.metadata]
    if private:
        yield f"The header holds {', '.join(private)}: folder names or captions. Think before sharing it."
    if "lora_adapter_metadata" in contents.metadata:
        yield "Only diffusers reads the scaling in this header (lora_adapter_metadata): strength may differ elsewhere."


def delta_spread(contents: Contents) -> Spread | None:
    """The spread of the layers' changes, leaving out those that are zero or not finite."""
    return Spread.of(delta for delta in contents.deltas.values() if 0 < delta < math.inf)


def _prefixes(contents: Contents) -> set[str]:
    return {key.prefix for key in contents.keys.values()} - set(CONNECTOR_PREFIXES)


def _examples(names: Sequence[str]) -> str:
    return "For example: " + ", ".join(shown(name, 100) for name in names[:3]) + "."
