"""Where LTX-2.3 is on this machine: a folder in diffusers' layout, the Hub's cache, or a single file and Gemma.

SIDEKICK_LTX23 names a folder, the single file or a repository of the Hub (default: diffusers/LTX-2.3-Diffusers);
SIDEKICK_GEMMA names the folder of Gemma-3-12B for the single file. Nothing is loaded to find out.
"""

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from trainer_core.jobs.redact import redact

from .headers import Stored, UnreadableWeights, read_header
from .identity import HUB_REPOSITORY, SINGLE_FILE, WrongBase, capped, check_configs, check_file, check_name
from .layout import SCHEDULER, Layout, ltx23
from .names import Component, by_component
from .weights import weights_in_folder

SETTING = "SIDEKICK_LTX23"
GEMMA_SETTING = "SIDEKICK_GEMMA"
GEMMA = "Gemma-3-12B (google/gemma-3-12b-it-qat-q4_0-unquantized)"  # what the converter of the repository takes
AGAIN = "Ask me to download LTX-2.3: what is here already is kept."
_REPOSITORY = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}", re.ASCII)
TEXT_ENCODER, TOKENIZER = "text_encoder", "tokenizer"
_TOKENIZER_FILES = ("tokenizer.json", "tokenizer.model")


class Kind(StrEnum):
    FOLDER = "folder"
    SINGLE_FILE = "single file"


@dataclass(frozen=True)
class Source:
    """Files that are LTX-2.3 as far as names, configurations and headers tell.

    `path` is the folder or the file, `text_encoder` and `tokenizer` the folders of Gemma, `origin` says in words where
    they come from.
    """

    kind: Kind
    path: Path
    text_encoder: Path
    tokenizer: Path
    origin: str
    layout: Layout

    def config(self, component: Component | str) -> dict[str, Any]:
        """The configuration of a component: the folder's own, or LTX-2.3's for the single file, which has none."""
        if self.kind is Kind.SINGLE_FILE:
            return dict(self.layout.configs[component])
        return read_config(self.path, component)

    def weights(self, component: Component) -> dict[str, Stored]:
        """Every tensor of a component, by diffusers' name. Raises UnreadableWeights."""
        if self.kind is Kind.SINGLE_FILE:
            return by_component(read_header(self.path).tensors)[component]
        return weights_in_folder(self.path / component)

    def files(self) -> list[Path]:
        """All files with weights, configurations or words, in a fixed order."""
        own = [self.path] if self.kind is Kind.SINGLE_FILE else _files_in(self.path, *Component, SCHEDULER)
        gemma = [file for folder in (self.text_encoder, self.tokenizer) for file in sorted(folder.glob("*"))]
        return [*own, *dict.fromkeys(file for file in gemma if _counts(file))]


def find(environment: Mapping[str, str] = os.environ, layout: Layout | None = None) -> Source | str:
    """LTX-2.3 if it is here, whole and of the right kind, else the reason in words with what to do next.

    `layout` is what is looked for, LTX-2.3 at its own size by default.
    """
    layout = layout or ltx23()
    try:
        return _find(environment, layout)
    except (WrongBase, UnreadableWeights) as error:
        return str(error)
    except OSError as error:  # a folder that may not be entered, a name too long for any file
        return f"LTX-2.3 cannot be looked for where the settings say ({error.strerror or error}). {how_to_get()}"


def hub_snapshot(repository: str, environment: Mapping[str, str] = os.environ) -> Path | None:
    """The folder of the newest download of a repository in the Hub's cache, whole or not."""
    folder = hub_cache(environment) / f"models--{repository.replace('/', '--')}"
    try:
        commit = (folder / "refs" / "main").read_text().strip()
    except (OSError, ValueError):  # ValueError: no text at all
        return None
    if not re.fullmatch(r"[0-9a-zA-Z]{1,64}", commit):
        return None
    snapshot = folder / "snapshots" / commit
    return snapshot if snapshot.is_dir() else None


def hub_cache(environment: Mapping[str, str] = os.environ) -> Path:
    """The Hub's cache, where its own library has it: HF_HUB_CACHE, else HF_HOME/hub, else ~/.cache/huggingface/hub."""
    if own := environment.get("HF_HUB_CACHE"):
        return _place(own)
    base = environment.get("XDG_CACHE_HOME") or "~/.cache"
    return _place(environment.get("HF_HOME") or f"{base}/huggingface") / "hub"


def chosen_repository(environment: Mapping[str, str] = os.environ) -> str | None:
    """The repository that would be downloaded; None when the setting names a folder or file."""
    setting = environment.get(SETTING, "").strip()
    if not setting:
        return HUB_REPOSITORY
    return setting if _REPOSITORY.fullmatch(setting) and not Path(setting).exists() else None


def gemma_folder(environment: Mapping[str, str] = os.environ) -> Path | None:
    """The folder of Gemma-3-12B that the settings name."""
    named = environment.get(GEMMA_SETTING, "").strip()
    return _place(named) if named else None


def _find(environment: Mapping[str, str], layout: Layout) -> Source:
    setting = environment.get(SETTING, "").strip()
    gemma = gemma_folder(environment)
    if repository := chosen_repository(environment):
        check_name(repository)
        snapshot = hub_snapshot(repository, environment)
        if snapshot is None:
            raise WrongBase(f"LTX-2.3 is not on this machine yet. {how_to_get()}")
        try:
            return _folder(snapshot, gemma, f"{repository} from the Hub", layout)
        except UnreadableWeights as error:
            raise WrongBase(f"{repository} is not here whole: {error} {AGAIN}") from error
    path = _place(setting)
    if path.is_dir():
        check_name(path.resolve().name)
        return _folder(path, gemma, f"the folder {path}", layout)
    if path.is_file():
        return _single_file(path, gemma, layout)
    raise WrongBase(f"{SETTING} names {redact(setting)[:200]!r}, but there is no such file or folder. {how_to_get()}")


def _place(named: str) -> Path:
    """The path that a setting names; `~` of somebody who is not known here stays as it is."""
    try:
        return Path(named).expanduser()
    except RuntimeError:
        return Path(named)


def how_to_get() -> str:
    """What a person can do to get LTX-2.3, in words."""
    return (
        f"Ask me to download it ({HUB_REPOSITORY}), or set {SETTING} to a folder in diffusers' layout or to "
        f"{SINGLE_FILE} (then also {GEMMA_SETTING} to a folder with {GEMMA})."
    )


def _folder(folder: Path, gemma: Path | None, origin: str, layout: Layout) -> Source:
    if not (folder / "model_index.json").is_file():
        raise WrongBase(f"{folder.name} is not in diffusers' layout: model_index.json is missing. {how_to_get()}")
    configs = {name: read_config(folder, name) for name in (*Component, SCHEDULER)}
    check_configs(configs, layout)
    for component in Component:
        if not weights_in_folder(folder / component):
            raise UnreadableWeights(f"The weights of the {component} are empty. Fetch them again.")
    own = folder / TEXT_ENCODER
    text_encoder = own if own.is_dir() else gemma
    tokenizer = folder / TOKENIZER if (folder / TOKENIZER).is_dir() else text_encoder
    if text_encoder is None or tokenizer is None:
        raise WrongBase(f"{origin} has no text encoder. Set {GEMMA_SETTING} to a folder with {GEMMA}.")
    check_gemma(text_encoder, tokenizer, layout)
    return Source(Kind.FOLDER, folder, text_encoder, tokenizer, origin, layout)


def _single_file(path: Path, gemma: Path | None, layout: Layout) -> Source:
    check_file(read_header(path), layout)
    if gemma is None:
        raise WrongBase(f"{path.name} has no text encoder in it. Set {GEMMA_SETTING} to a folder with {GEMMA}.")
    check_gemma(gemma, gemma, layout)
    return Source(Kind.SINGLE_FILE, path, gemma, gemma, f"the file {path}", layout)


def check_gemma(text_encoder: Path, tokenizer: Path, layout: Layout) -> None:
    """Raise WrongBase unless the folders hold the text encoder that the connectors were made for, and its words."""
    if not text_encoder.is_dir():
        raise WrongBase(f"{GEMMA_SETTING} names {redact(str(text_encoder))[:200]!r}, but there is no such folder.")
    config = read_config(text_encoder.parent, text_encoder.name)
    text = told if isinstance(told := config.get("text_config"), dict) else {}
    found = (config.get("model_type"), text.get("hidden_size"), text.get("num_hidden_layers"))
    if found != ("gemma3", layout.text_width, layout.text_layers):
        raise WrongBase(
            f"The text encoder in {text_encoder.name} is not the one that LTX-2.3 was trained with. It must be "
            f"{GEMMA} (model type gemma3, {layout.text_layers} layers of "
            f"{layout.text_width}); this says {capped(found[0])}, {capped(found[2])} layers of {capped(found[1])}."
        )
    weights_in_folder(text_encoder, names=("model",))
    if not any((tokenizer / name).is_file() for name in _TOKENIZER_FILES):
        raise WrongBase(f"There is no tokenizer in {tokenizer.name}: {' or '.join(_TOKENIZER_FILES)} is missing.")


def read_config(folder: Path, component: str) -> dict[str, Any]:
    """A component's configuration in a folder in diffusers' layout. Raises UnreadableWeights."""
    name = "scheduler_config.json" if component == SCHEDULER else "config.json"
    path = folder / component / name
    try:
        content = json.loads(path.read_text())
    except (OSError, ValueError, RecursionError) as error:
        raise UnreadableWeights(f"{component}/{name} is missing or damaged.") from error
    if not isinstance(content, dict):
        raise UnreadableWeights(f"{component}/{name} is damaged.")
    return content


def _files_in(folder: Path, *components: str) -> list[Path]:
    return [file for name in components for file in sorted((folder / name).glob("*")) if _counts(file)]


def _counts(file: Path) -> bool:
    return file.suffix in (".json", ".safetensors", ".model") and file.is_file()
