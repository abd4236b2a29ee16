"""Where each tensor of a component is, in a folder as diffusers and transformers write it."""

import json
from pathlib import Path

from .headers import Stored, UnreadableWeights, read_header

NAMES = ("diffusion_pytorch_model", "model")  # diffusers' and transformers' names for weights


def weights_in_folder(folder: Path, names: tuple[str, ...] = NAMES) -> dict[str, Stored]:
    """Every tensor of the component in `folder`, by name. Raises UnreadableWeights for missing or damaged files.

    `names` are the beginnings of the file's name to look for, in this order.
    """
    for name in names:
        index = folder / f"{name}.safetensors.index.json"
        if index.is_file():
            return _indexed(index)
        if (folder / f"{name}.safetensors").is_file():
            return dict(read_header(folder / f"{name}.safetensors").tensors)
    raise UnreadableWeights(f"There are no safetensors weights in {folder.name}. Fetch them again.")


def _indexed(index: Path) -> dict[str, Stored]:
    try:
        places = {str(name): str(file) for name, file in json.loads(index.read_text())["weight_map"].items()}
    except (OSError, ValueError, KeyError, AttributeError, TypeError, RecursionError) as error:
        raise UnreadableWeights(f"{index.name} is damaged. Fetch it again.") from error
    tensors: dict[str, Stored] = {}
    for file in sorted(set(places.values())):
        if Path(file).name != file:  # an index from a stranger must not lead out of its folder
            raise UnreadableWeights(f"{index.name} names a file outside its folder; it was not read.")
        tensors |= read_header(index.parent / file).tensors
    if absent := sorted(places.keys() - tensors.keys()):
        raise UnreadableWeights(f"{len(absent)} tensors of {index.name} are in none of its files. Fetch them again.")
    return tensors
