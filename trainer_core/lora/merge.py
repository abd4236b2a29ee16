"""Several LoRAs merged into one file, layer by layer, through PEFT's `add_weighted_adapter`.

    cat          factors side by side: the sum itself; the rank is the sum of the ranks
    svd          the best approximation of the sum at a smaller rank (singular value decomposition)
    linear       sums A and B by themselves; the cross terms make it rough; equal ranks only
    ties         Yadav et al. 2023: keeps the largest `density` of the values, settles signs; equal ranks only
    dare_linear, dare_ties   Yu et al. 2024: drops values at random and enlarges the others first; equal ranks only

How far the result is from the sum is measured on the file as it was written, bfloat16 included.
"""

import math
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from ..plan import BaseModelName
from .container import hash_tensors
from .contents import MAX_RANK
from .export import write_verified
from .factors import FactorFile, Factors, open_factors
from .interference import inner
from .merged_header import Parent, merged_metadata
from .methods import PRUNING, Method
from .names import file_keys
from .peft_merge import combine
from .report import LoraReport
from .stack import Stack, Stacked, StackError


@dataclass(frozen=True)
class Merged:
    """The written file's report, and |merged - sum| / |sum| over all layers (Frobenius): 0 is exact."""

    report: LoraReport
    relative_error: float
    rank: int


def merge(
    path: Path,
    stack: Stack,
    base: BaseModelName,
    method: Method = Method.CAT,
    *,
    title: str,
    rank: int | None = None,
    density: float = 0.5,
    seed: int = 0,
) -> Merged:
    """Write the sum of a checked stack's changes, at its strengths, as one verified LoRA file.

    rank: of an svd, by default the largest of the parents'. density: share of values that ties and dare keep. seed: of
    dare's choice. Raises StackError in words when these files cannot be merged like this, LoraExportError when the
    result is not sound. Memory: one layer at a time, and the result.
    """
    if len(stack) < 2:
        raise StackError("Merging needs at least two LoRAs with a strength above zero.")
    with _opened(stack) as files:
        target = _rank(files, method, rank)
        tensors: dict[str, Tensor] = {}
        for place, module in enumerate(sorted({name for file in files for name in file.modules})):
            present = [(file.read(module), one.strength) for file, one in _with(files, stack, module)]
            made = combine(present, method.value, rank=target, density=density, seed=seed + place)
            down, up = file_keys(module)
            tensors[down], tensors[up] = made.down.to(torch.bfloat16), made.up.to(torch.bfloat16)
        error = _relative_error(files, stack, tensors)
    parents = [Parent.of(one) for one in stack]
    metadata = merged_metadata(
        base,
        parents,
        method=method.value,
        title=title,
        rank=target,
        tensors_sha256=hash_tensors(tensors),
        settings=_settings(method, density, seed),
    )
    return Merged(write_verified(path, tensors, metadata, base), error, target)


@contextmanager
def _opened(stack: Sequence[Stacked]) -> Iterator[list[FactorFile]]:
    with ExitStack() as opened:
        yield [opened.enter_context(open_factors(one.file)) for one in stack]


def _with(files: Sequence[FactorFile], stack: Stack, module: str) -> Iterator[tuple[FactorFile, Stacked]]:
    """The files that change this layer."""
    for file, one in zip(files, stack, strict=True):
        if module in file.modules:
            yield file, one


def _rank(files: Sequence[FactorFile], method: Method, wanted: int | None) -> int:
    """The result's rank. Raises StackError where the method cannot take these."""
    ranks = [max(file.rank(module) for module in file.modules) for file in files]
    if wanted is not None and method is not Method.SVD:
        raise StackError(f"Only svd can choose a rank; {method.value} gives its own. Leave the rank out, or take svd.")
    if method is Method.SVD:
        target = wanted or max(ranks)
        if not 1 <= target <= sum(ranks):
            raise StackError(f"The rank can be from 1 to {sum(ranks)}, the ranks of these LoRAs together.")
        return target
    if method is Method.CAT:
        if sum(ranks) > MAX_RANK:
            raise StackError(f"Side by side these have rank {sum(ranks)}; players take at most {MAX_RANK}. Take svd.")
        return sum(ranks)
    mixed = any(file.rank(module) != rank for file, rank in zip(files, ranks, strict=True) for module in file.modules)
    if mixed or len(set(ranks)) > 1:
        raise StackError(
            f"{method.value} can merge only LoRAs of one rank; these have {', '.join(map(str, ranks))}. Take cat "
            "(exact) or svd."
        )
    return ranks[0]


def _settings(method: Method, density: float, seed: int) -> dict[str, str]:
    if method not in PRUNING:
        return {}
    return {"density": f"{density:g}"} | ({"seed": str(seed)} if method is not Method.TIES else {})


def _relative_error(files: Sequence[FactorFile], stack: Stack, tensors: dict[str, Tensor]) -> float:
    """|M - S|_F / |S|_F with M the merged changes as written and S the sum. Both by way of the factors' inner products:
    M - S has the factors of all of them side by side, so that neither is ever made. In double precision."""
    off = size = 0.0
    for module in sorted({name for file in files for name in file.modules}):
        down, up = file_keys(module)
        wanted = [(file.read(module), one.strength) for file, one in _with(files, stack, module)]
        total = _side_by_side(wanted)
        written = Factors(tensors[down].double(), tensors[up].double())
        off += max(0.0, inner_of(_side_by_side([(written, 1.0), (total, -1.0)])))
        size += inner_of(total)
    return math.sqrt(off / size) if size > 0 else 0.0


def inner_of(factors: Factors) -> float:
    """The squared Frobenius norm of up @ down."""
    return inner(factors, factors)


def _side_by_side(parts: Sequence[tuple[Factors, float]]) -> Factors:
    return Factors(
        torch.cat([factors.down.double() for factors, _ in parts]),
        torch.cat([factors.up.double() * strength for factors, strength in parts], dim=1),
    )
