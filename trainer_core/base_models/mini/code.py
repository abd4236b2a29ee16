"""The linear code that mini's autoencoder is taught: principal components of small blocks of drawn clips.

One latent holds a block of 8x8 pixels in 8 frames. A first frame, or a still, counts as eight equal frames, which is
what a causal encoder sees there. Each channel is divided by the square root of its own spread, so that the channels
that carry colour and shape stay louder than the fine ones: they decide early in denoising and weigh more in its loss.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

BLOCK = 8  # pixels and frames
CHANNELS = 48


@dataclass(frozen=True)
class LinearCode:
    """`latent = (block - mean) @ basis` for flattened blocks in -1..1; mean (1536,), basis (1536, 48)."""

    mean: NDArray[np.float32]
    basis: NDArray[np.float32]

    def encode(self, clips: NDArray[np.uint8]) -> NDArray[np.float32]:
        """uint8 (clips, 1 or 9, height, width, 3) -> latents (clips, 48, 1 or 2, height/8, width/8)."""
        latents = [np.asarray((blocks - self.mean) @ self.basis, np.float32) for blocks in _blocks(clips)]
        return np.stack(latents, axis=1).transpose(0, 4, 1, 2, 3)


def learn_code(shards: list[NDArray[np.uint8]], *, clips_each: int = 150) -> LinearCode:
    """The code of a sample of drawn clips, uint8 (clips, 9, height, width, 3) for each shard."""
    sample = np.concatenate([_blocks(shard[:clips_each])[1].reshape(-1, BLOCK**3 * 3) for shard in shards])
    mean = np.tile(sample.mean(axis=0).reshape(BLOCK, -1).mean(axis=0), BLOCK)  # the same in each frame, for stills
    centred = sample - mean
    variances, directions = np.linalg.eigh(centred.T @ centred / len(centred))
    spread = np.sqrt(variances[::-1][:CHANNELS])
    directions = directions[:, ::-1][:, :CHANNELS]
    directions = directions * np.sign(directions.sum(axis=0))  # eigenvectors have no sign of their own
    scale = np.sqrt(spread * spread.mean())  # the latents' mean square becomes 1
    return LinearCode(mean.astype(np.float32), (directions / scale).astype(np.float32))


def _blocks(clips: NDArray[np.uint8]) -> list[NDArray[np.float32]]:
    """Flattened blocks of each latent frame, (clips, height/8, width/8, 1536) in -1..1."""
    count, frames, height, width, _ = clips.shape
    pixels = clips.astype(np.float32) / 127.5 - 1
    grid = pixels.reshape(count, frames, height // BLOCK, BLOCK, width // BLOCK, BLOCK, 3)
    parts = grid.transpose(0, 2, 4, 1, 3, 5, 6).reshape(count, height // BLOCK, width // BLOCK, frames, -1)
    still = np.tile(parts[..., 0, :], BLOCK)
    return [still] if frames == 1 else [still, parts[..., 1:, :].reshape(*still.shape)]
