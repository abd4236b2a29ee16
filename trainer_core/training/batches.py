"""Which samples a step sees: a function of seed and step, so that a resumed run goes on exactly where it was.

Stills and clips are never mixed in a batch: what a batch shares is the examples' bucket.
"""

from collections import defaultdict
from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from .examples import Bucket, Encoded


class Batches:
    """Batches of one bucket each. Every epoch shuffles; a bucket's last batch is filled up from its beginning."""

    def __init__(self, samples: Sequence[Encoded], batch_size: int, seed: int) -> None:
        buckets: dict[Bucket, list[int]] = defaultdict(list)
        for index, sample in enumerate(samples):
            buckets[sample.bucket].append(index)
        self._buckets = [buckets[bucket] for bucket in sorted(buckets)]
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
