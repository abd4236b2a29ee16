"""Look into a LoRA file: is it whole, does it fit the base, and does it change anything?

Nothing in a file can make this fail or run: whatever is wrong is a line in the report.
"""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from ..plan import BaseModelName
from .base_match import BaseMatch, base_notes, match_bases
from .container import UnreadableFileError, check_start, hashes
from .names import CONNECTOR_PREFIXES, PREFIX, LoraKey, parse_key
from .report import LoraReport, Spread, shown, shown_metadata

MAX_KEYS = 20_000
MAX_RANK = 1024
# Median change per weight seen in LoRAs for LTX-2.3 by their users: four training steps give 1.7e-5, working
# characters 8.8e-4 to 1.6e-3, the weakest that worked 4.9e-4. A healthy size does not prove an effect.
WEAK_DELTA_RMS = 2e-4
MATCH_NEEDED = 0.9  # of the layers
FLOATS = {"F64", "F32", "F16", "BF16", "F8_E4M3", "F8_E5M2"}
_PRIVATE_KEYS = ("ss_dataset_dirs", "ss_tag_frequency", "ss_datasets", "ss_bucket_info")
_BAD_FILE = (OSError, SafetensorError, ValueError, TypeError, RuntimeError, OverflowError, MemoryError)


@dataclass
class _Findings:
    """What is being collected while a file is read."""

    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    nan: int = 0
    inf: int = 0
    alphas: dict[str, float] = field(default_factory=dict)
    deltas: dict[str, float] = field(default_factory=dict)  # by module as the file spells it


def verify(path: Path, base: BaseModelName | None = None, *, per_module: bool = False) -> LoraReport:
    """Read a LoRA file and report on it; never raises for what a file holds.

    With `base`, the file must fit that base; without, it must fit one that Sidekick knows. Memory: one tensor at a
    time. Time: about a second for 500 MB, plus hashing.
    """
    path = Path(path)
    try:
        data_start = check_start(path)
        with safe_open(path, framework="pt") as file:
            return _report(path, data_start, file, base, per_module)
    except UnreadableFileError as error:
        return LoraReport(file=shown(path.name), ok=False, problems=(str(error),), bytes=_size(path), base=base)
    except _BAD_FILE as error:
        text = f"The file is damaged or cut off. Fetch it again. (safetensors: {shown(str(error), 200)})"
        return LoraReport(file=shown(path.name), ok=False, problems=(text,), bytes=_size(path), base=base)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _report(path: Path, data_start: int, file: safe_open, base: BaseModelName | None, per_module: bool) -> LoraReport:
    found = _Findings()
    names = list(file.keys())
    metadata = dict(file.metadata() or {})
    if len(names) > MAX_KEYS:
        raise UnreadableFileError(f"The file has {len(names):,} tensors, far more than a LoRA. They were not read.")
    shapes = {name: tuple(file.get_slice(name).get_shape()) for name in names}
    dtypes = {name: str(file.get_slice(name).get_dtype()) for name in names}
    parsed = {name: key for name in names if (key := parse_key(name))}
    _check_keys(found, names, parsed, dtypes)
    pairs = _pairs(found, parsed, shapes)
    if parsed:
        _scan(found, file, names, pairs, dtypes)
    match = match_bases(pairs, shapes, base) if pairs else BaseMatch(None, None)
    _check_match(found, match, base)
    found.notes += base_notes(pairs, match, metadata)
    _check_values(found, pairs, match)
    whole, tensors = hashes(path, data_start)
    _check_metadata(found, metadata, tensors)
    ranks = Counter(shapes[a][0] for a, _ in pairs.values())
    if len(ranks) > 1:
        found.notes.append(f"The layers have {len(ranks)} different ranks, from {min(ranks)} to {max(ranks)}.")
    return LoraReport(
        file=shown(path.name),
        ok=not found.problems,
        problems=tuple(found.problems),
        notes=tuple(found.notes),
        bytes=path.stat().st_size,
        sha256=whole,
        keys=len(names),
        modules=len(pairs),
        rank=ranks.most_common(1)[0][0] if ranks else None,
        dtypes=tuple(sorted(set(dtypes.values()))),
        alpha_keys=len(found.alphas),
        nan=found.nan,
        inf=found.inf,
        zero_modules=sum(delta == 0 for delta in found.deltas.values()),
        delta_rms=Spread.of(delta for delta in found.deltas.values() if delta > 0),
        per_module={shown(name, 200): delta for name, delta in sorted(found.deltas.items())} if per_module else None,
        metadata=shown_metadata(metadata),
        trigger=shown(trigger, 80) if (trigger := metadata.get("modelspec.trigger_phrase")) else None,
        base=base,
        base_guess=match.base,
        matched_share=match.share,
    )


def _check_keys(found: _Findings, names: list[str], parsed: dict[str, LoraKey], dtypes: dict[str, str]) -> None:
    alphas = [name for name in names if name.endswith(".alpha")]
    others = [name for name in names if name not in parsed and not name.endswith(".alpha")]
    if not names:
        found.problems.append("The file holds no tensors.")
    elif not parsed:
        found.problems.append(
            f"This is not a LoRA: none of its {len(names)} tensors is named lora_A or lora_B. {_examples(names)}"
        )
    elif others:
        found.problems.append(
            f"{len(others)} tensors are not LoRA factors; players drop them or refuse the file. {_examples(others)}"
        )
    if alphas:
        found.problems.append(
            f"The file has {len(alphas)} .alpha keys: diffusers refuses them for LTX-2 and Lightricks' own code ignores "
            "them, so the strength would differ from player to player. Fold alpha / rank into lora_B and leave them out."
        )
    if any(not key.usual for key in parsed.values()):
        found.problems.append(
            "Names such as lora_down/lora_up are not read by LTX-2 players: they must be lora_A/lora_B."
        )
    prefixes = {key.prefix for key in parsed.values()} - set(CONNECTOR_PREFIXES)
    if len(prefixes) > 1:
        found.problems.append(
            f"The names mix prefixes ({', '.join(sorted(p or 'none' for p in prefixes))}): diffusers drops some of them."
        )
    elif prefixes and prefixes != {PREFIX}:
        found.notes.append(f"The names do not begin with {PREFIX}.: ComfyUI does not read them.")
    if any(key.prefix in CONNECTOR_PREFIXES for key in parsed.values()):
        found.notes.append(
            "The file also changes the text connectors. That part is not checked here, and only diffusers loads it."
        )
    strange = sorted({dtype for dtype in dtypes.values() if dtype not in FLOATS})
    if strange and parsed:
        found.problems.append(
            f"Some tensors are of a type that is not a usual floating-point number: {shown(', '.join(strange), 100)}."
        )


def _pairs(
    found: _Findings, parsed: dict[str, LoraKey], shapes: dict[str, tuple[int, ...]]
) -> dict[str, tuple[str, str]]:
    """Module as the file spells it -> keys of its factors, for layers of the transformer whose factors fit together."""
    factors: dict[str, dict[str, str]] = {}
    for name, key in parsed.items():
        if key.prefix not in CONNECTOR_PREFIXES:
            factors.setdefault(key.module, {})[key.part] = name
    pairs, halves, misshapen = {}, [], []
    for module, parts in factors.items():
        if len(parts) < 2:
            halves.append(module)
        elif _fit(shapes[parts["A"]], shapes[parts["B"]]):
            pairs[module] = (parts["A"], parts["B"])
        else:
            misshapen.append(f"{module} {list(shapes[parts['A']])} and {list(shapes[parts['B']])}")
    if halves:
        found.problems.append(f"{len(halves)} layers have only one of their two factors. {_examples(halves)}")
    if misshapen:
        found.problems.append(
            f"{len(misshapen)} layers have factors whose sizes do not fit together (lora_A is rank x inputs, "
            f"lora_B outputs x rank, rank at most {MAX_RANK}). {_examples(misshapen)}"
        )
    return pairs


def _fit(a: tuple[int, ...], b: tuple[int, ...]) -> bool:
    return len(a) == len(b) == 2 and a[0] == b[1] and 1 <= a[0] <= MAX_RANK and a[1] > 0 and b[0] > 0


def _scan(
    found: _Findings, file: safe_open, names: list[str], pairs: dict[str, tuple[str, str]], dtypes: dict[str, str]
) -> None:
    """Count NaN and Inf in every tensor, read the alphas and measure the change of every layer."""
    readable = {name for name in names if dtypes[name] in FLOATS}
    paired = {name for keys in pairs.values() for name in keys}
    for name in sorted(readable - paired):
        tensor = _tensor(found, file, name)
        if name.endswith(".alpha") and tensor.numel() == 1:
            found.alphas[name.removesuffix(".alpha")] = float(tensor)
    for module, (key_a, key_b) in pairs.items():
        if key_a in readable and key_b in readable:
            a, b = _tensor(found, file, key_a), _tensor(found, file, key_b)
            alpha = found.alphas.get(key_a.rpartition(".lora_")[0])
            found.deltas[module] = delta_rms(a, b) * (abs(alpha) / a.shape[0] if alpha is not None else 1.0)


def _tensor(found: _Findings, file: safe_open, name: str) -> Tensor:
    tensor = file.get_tensor(name).float()
    found.nan += int(tensor.isnan().sum())
    found.inf += int(tensor.isinf().sum())
    return tensor


def delta_rms(a: Tensor, b: Tensor) -> float:
    """Root mean square of the change B A of a weight: ||B A||_F / sqrt(outputs x inputs).

    a: (rank, inputs), b: (outputs, rank). By way of trace(B^T B . A A^T), so that the product itself, outputs x
    inputs, is never made.
    """
    squared = ((b.T @ b).double() * (a @ a.T).double()).sum().clamp(min=0)
    return float(torch.sqrt(squared / (b.shape[0] * a.shape[1])))


def _check_match(found: _Findings, match: BaseMatch, base: BaseModelName | None) -> None:
    if match.share is None:
        return
    wanted = (
        base.value if base else "any base that Sidekick knows (" + ", ".join(name.value for name in BaseModelName) + ")"
    )
    if match.share < MATCH_NEEDED:
        found.problems.append(
            f"The file does not fit {wanted}: {match.share:.0%} of its layers have a place there, at least "
            f"{MATCH_NEEDED:.0%} must. It was made for another model. {_examples(match.unmatched)}"
        )
    elif match.unmatched:
        found.notes.append(
            f"{len(match.unmatched)} layers have no place in {match.base} and do nothing. {_examples(match.unmatched)}"
        )


def _check_values(found: _Findings, pairs: dict[str, tuple[str, str]], match: BaseMatch) -> None:
    if found.nan or found.inf:
        found.problems.append(
            f"{found.nan} numbers are NaN and {found.inf} infinite: videos would come out black. "
            "Take an earlier checkpoint, or train again with a lower learning rate."
        )
        found.deltas = {module: delta for module, delta in found.deltas.items() if delta < float("inf")}
    spread = Spread.of(delta for delta in found.deltas.values() if delta > 0)
    zero = sum(delta == 0 for delta in found.deltas.values())
    if pairs and zero == len(pairs):
        found.problems.append(
            "Every layer is zero: the file changes nothing. It was saved before any training step, or training failed."
        )
    elif zero:
        found.notes.append(
            f"{zero} of {len(pairs)} layers are zero and change nothing, as audio layers are after silent training."
        )
    if spread and match.base is BaseModelName.LTX23 and spread.median < WEAK_DELTA_RMS:
        found.notes.append(
            f"The change is small: {spread.median:.1e} per weight. Working LoRAs for LTX-2.3 had 4.9e-4 to 1.6e-3 "
            "(reports of users); more steps or a higher learning rate may be needed."
        )


def _check_metadata(found: _Findings, metadata: dict[str, str], tensors_sha256: str) -> None:
    stated = metadata.get("modelspec.hash_sha256", "").lower().removeprefix("0x")
    if stated and stated != tensors_sha256:
        found.problems.append(
            "The contents differ from the checksum in the file's own header: it was damaged or changed later."
        )
    private = [key for key in _PRIVATE_KEYS if key in metadata]
    if private:
        found.notes.append(f"The header holds {', '.join(private)}: folder names or captions. Think before sharing it.")
    if "lora_adapter_metadata" in metadata:
        found.notes.append(
            "Only diffusers reads the scaling in this header (lora_adapter_metadata): strength may differ elsewhere."
        )


def _examples(names: list[str] | tuple[str, ...]) -> str:
    shown_names = ", ".join(shown(name, 100) for name in names[:3])
    return f"For example: {shown_names}." if names else ""
