"""From sound to the tokens that LTX-2.3's audio branch reads: log-mel spectrogram, audio autoencoder, statistics.

The spectrogram's form was read in the source of Lightricks' ltx-core and is that of `torchaudio`'s MelSpectrogram with
magnitudes: Hann windows of 1,024 samples around every `hop`-th, mirrored at the ends, mel filters after Slaney (both
scale and norm) from 0 to half the sampling rate, natural logarithm of at least 1e-5. Rate, hop and number of mel bins
are the autoencoder's own.
"""

from functools import lru_cache

import numpy as np
import torch
from diffusers import AutoencoderKLLTX2Audio
from numpy.typing import NDArray
from torch import Tensor
from transformers.audio_utils import mel_filter_bank, spectrogram, window_function

from trainer_core.dataset.sound import Samples

FFT_SAMPLES = 1024
QUIETEST = 1e-5


def audio_tokens(autoencoder: AutoencoderKLLTX2Audio, samples: Samples) -> Tensor:
    """Normalised audio latents as tokens (tokens, channels), float32, of samples (2, n) at the autoencoder's rate.

    There are as many as the pipeline makes for the same duration (25 a second), and they are packed as it packs them:
    each token holds all channels and mel bins of its moment.
    """
    config = autoencoder.config
    mel = np.stack([log_mel(side, config.sample_rate, config.mel_hop_length, config.mel_bins) for side in samples])
    spectra = torch.from_numpy(mel)[None].to(autoencoder.device, autoencoder.dtype)
    latents = autoencoder.encode(spectra).latent_dist.mode()
    tokens = latents.transpose(1, 2).flatten(2)[0].float()
    mean, std = autoencoder.latents_mean.to(tokens), autoencoder.latents_std.to(tokens)
    seconds = samples.shape[1] / config.sample_rate
    return ((tokens - mean) / std)[: token_count(autoencoder, seconds)].cpu()


def token_count(autoencoder: AutoencoderKLLTX2Audio, seconds: float) -> int:
    """Audio tokens for a duration."""
    config = autoencoder.config
    a_second = config.sample_rate / config.mel_hop_length / autoencoder.temporal_compression_ratio
    return round(seconds * a_second)


def log_mel(samples: NDArray[np.float32], rate: int, hop: int, bins: int) -> NDArray[np.float32]:
    """The log-mel spectrogram (1 + n // hop, bins) of n samples of one channel at `rate` a second."""
    window, filters = _tools(rate, bins)
    return spectrogram(
        samples,
        window,
        frame_length=FFT_SAMPLES,
        hop_length=hop,
        power=1.0,
        mel_filters=filters,
        mel_floor=QUIETEST,
        log_mel="log",
    ).T


@lru_cache(maxsize=4)
def _tools(rate: int, bins: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The Hann window and the mel filters (frequencies, bins)."""
    filters = mel_filter_bank(
        num_frequency_bins=FFT_SAMPLES // 2 + 1,
        num_mel_filters=bins,
        min_frequency=0.0,
        max_frequency=rate / 2,
        sampling_rate=rate,
        norm="slaney",
        mel_scale="slaney",
    )
    return window_function(FFT_SAMPLES, "hann"), filters
