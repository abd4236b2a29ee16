"""Trains the learned reader on the labelled sentences: `python -m agent.guided.learned.train`.

Deterministic: the same sentences give the same bytes. Multinomial logistic regression over a learned mean of feature
vectors (Joulin et al., 2016, "Bag of Tricks for Efficient Text Classification", with a tanh), Adam, cross-entropy.
The vectors are kept as bytes with one scale for each hidden value.
"""

import argparse
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save
from torch.nn import functional

from ..rules import by_rules
from .features import BUCKETS, features
from .intents import frame, intent
from .reader import WEIGHTS

SENTENCES = Path(__file__).resolve().parent.parent / "sentences"
HIDDEN = 96
ROUNDS = 12
BATCH = 64
RATE = 0.006
DECAY = 1e-5
DROPPED = 0.4  # share of the hidden values that are left out in a step (Srivastava et al., 2014)
SEEN_BEFORE = 3  # rarer intents and frames are not learned


@dataclass(frozen=True)
class Sentence:
    """A message in a state of the project, and the calls that it should lead to."""

    text: str
    facts: dict[str, Any]
    uploads: tuple[str, ...]
    calls: tuple[tuple[str, dict[str, Any]], ...]
    stated: str  # what the rules read; empty for sentences that the rules were tuned on


def sentences(author: str) -> list[Sentence]:
    """The labelled sentences of one file of `agent/guided/sentences`; its own states add to those of 'tuned'."""
    shared, own = (json.loads((SENTENCES / f"{name}.json").read_text(encoding="utf-8")) for name in ("tuned", author))
    states = shared["states"] | own.get("states", {})
    return [
        Sentence(
            entry["text"],
            states[entry["state"]],
            tuple(entry.get("uploads", ())),
            tuple((name, arguments[0] if arguments else {}) for name, *arguments in entry["calls"]),
            "" if author == "tuned" else _stated(entry["text"], states[entry["state"]], entry.get("uploads", [])),
        )
        for entry in own["utterances"]
    ]


def _stated(said: str, facts: dict[str, Any], uploads: list[str]) -> str:
    return intent([(call.name, call.arguments) for call in by_rules(said, facts, uploads).calls])


def authors() -> list[str]:
    """Who wrote sentences, by the names of the files."""
    return sorted(path.stem for path in SENTENCES.glob("*.json"))


def train(learned: Sequence[Sentence]) -> bytes:
    """The file of a reader that has learned the sentences."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        return _train(learned)
    finally:
        torch.set_num_threads(threads)


def _train(learned: Sequence[Sentence]) -> bytes:
    random = torch.Generator().manual_seed(6)
    intents = [intent(entry.calls) for entry in learned]
    frames = [frame(entry.text, entry.calls) for entry in learned]
    names = _common(intents), _common(frames)
    bags = [torch.tensor(features(entry.text, entry.facts, list(entry.uploads), entry.stated)) for entry in learned]
    wanted = torch.tensor(
        [
            [_place(name, known) for name, known in zip(pair, names, strict=True)]
            for pair in zip(intents, frames, strict=True)
        ]
    )
    vectors = (torch.randn(BUCKETS, HIDDEN, generator=random) * 0.02).requires_grad_()
    weights = torch.zeros(HIDDEN, len(names[0]) + len(names[1]), requires_grad=True)
    offsets = torch.zeros(len(names[0]) + len(names[1]), requires_grad=True)
    with torch.no_grad():
        weights += torch.randn(weights.shape, generator=random) * 0.05
    optimizer = torch.optim.Adam([vectors, weights, offsets], lr=RATE)
    total = ROUNDS * (1 + len(bags) // BATCH)
    scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: max(0.02, 1 - step / total))
    for _ in range(ROUNDS):
        for chosen in torch.randperm(len(bags), generator=random).split(BATCH):
            _step([bags[at] for at in chosen], wanted[chosen], (vectors, weights, offsets), len(names[0]), random)
            optimizer.step()
            optimizer.zero_grad()
            scheduler.step()
    whole, scale = in_bytes(vectors.detach())
    halves = {"weights": weights, "offsets": offsets, "scale": scale}
    tensors = {name: tensor.detach().to(torch.float16).contiguous() for name, tensor in halves.items()}
    # one entry only: the file format keeps no order among several, and the bytes are to be the same each time
    labels = json.dumps({"intents": names[0], "frames": names[1]})
    return save(tensors | {"vectors": whole}, metadata={"labels": labels})


def in_bytes(vectors: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Vectors (buckets, hidden) as int8, and the scale (hidden,) that brings them back."""
    scale = vectors.abs().amax(dim=0).clamp(min=1e-8) / 127
    return (vectors / scale).round().to(torch.int8).contiguous(), scale


def _step(
    bags: list[torch.Tensor],
    wanted: torch.Tensor,
    parameters: tuple[torch.Tensor, torch.Tensor, torch.Tensor],
    split: int,
    random: torch.Generator,
) -> None:
    """Gradients of one batch."""
    vectors, weights, offsets = parameters
    starts = torch.tensor([0, *[len(bag) for bag in bags[:-1]]]).cumsum(0)
    hidden = torch.tanh(functional.embedding_bag(torch.cat(bags), vectors, starts, mode="sum"))
    kept = (torch.rand(hidden.shape, generator=random) > DROPPED) / (1 - DROPPED)
    scores = (hidden * kept) @ weights + offsets
    loss = functional.cross_entropy(scores[:, :split], wanted[:, 0], ignore_index=-1)
    if bool((wanted[:, 1] >= 0).any()):
        loss = loss + functional.cross_entropy(scores[:, split:], wanted[:, 1], ignore_index=-1)
    loss = loss + DECAY * (hidden.square().sum() + weights.square().sum())
    loss.backward()


def _common(names: list[str]) -> list[str]:
    return sorted(name for name, count in Counter(names).items() if count >= SEEN_BEFORE)


def _place(name: str, known: list[str]) -> int:
    return known.index(name) if name in known else -1


def main() -> None:
    """Train on all sentences and write the weights."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=WEIGHTS, help="where the weights go")
    chosen = parser.parse_args()
    learned = [entry for author in authors() for entry in sentences(author)]
    chosen.out.write_bytes(train(learned))
    print(f"{len(learned)} sentences of {', '.join(authors())} -> {chosen.out} ({chosen.out.stat().st_size} bytes)")


if __name__ == "__main__":
    main()
