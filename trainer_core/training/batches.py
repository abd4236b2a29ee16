"""Which samples a step sees: a function of seed and step, so that a resumed run goes on exactly where it was.

Stills and clips are never mixed in a batch: a batch has one latent shape."""

from collections import defaultdict
from functools import lru_cache

import numpy as np
from torch import Tensor


class Batches:
    """Batches of equal latent shapes. Every epoch shuffles; a bucket's last batch is filled up from its beginning."""

    def __init__(self, latents: list[Tensor], batch_size: int, seed: int) -> None:
        buckets: dict[tuple[int, ...], list[int]] = defaultdict(list)
        for index, sample in enumerate(latents):
            buckets[tuple(sample.shape)].append(index)
        self._buckets = [buckets[shape] for shape in sorted(buckets)]
        self._size = batch_size
        self._seed = seed
        self.per_epoch = sum(-(-len(bucket) // batch_size) for bucket in self._buckets)
        self._epoch = lru_cache(maxsize=2)(self._shuffled)

    def at(self, step: int) -> list[int]:
        """Indices of the samples of a step (0 is the first)."""
        epoch, place = divmod(step, self.per_epoch)
        return self._epoch(epoch)[place]

    def _shuffled(self, epoch: int) -> list[list[int]]:
        rng = np.random.default_rng([self._seed, epoch])
        batches = []
        for bucket in self._buckets:
            order = [bucket[place] for place in rng.permutation(len(bucket))]
            for start in range(0, len(order), self._size):
                batch = order[start : start + self._size]
                while len(batch) < self._size:
                    batch += order[: self._size - len(batch)]
                batches.append(batch)
        return [batches[place] for place in rng.permutation(len(batches))]
