"""Mini's audio autoencoder and vocoder: there so that LTX-2.3's pipeline runs whole. Mini is silent."""

from diffusers import AutoencoderKLLTX2Audio
from diffusers.pipelines.ltx2.vocoder import LTX2VocoderWithBWE
from torch import nn

MEL_BINS = 16
LATENT_CHANNELS = 2  # times MEL_BINS / 4 gives the transformer's 8 audio channels


def new_audio_autoencoder() -> AutoencoderKLLTX2Audio:
    """Untrained; its latents are random and no video token ever sees them."""
    return AutoencoderKLLTX2Audio(
        base_channels=LATENT_CHANNELS * MEL_BINS // 4,
        ch_mult=(1, 1, 1),
        num_res_blocks=1,
        latent_channels=LATENT_CHANNELS,
        mel_bins=MEL_BINS,
        resolution=64,
    )


def new_vocoder() -> LTX2VocoderWithBWE:
    """Untrained, with its last layers at zero: the sound of mini is exact silence."""
    vocoder = LTX2VocoderWithBWE(
        in_channels=2 * MEL_BINS,
        hidden_channels=64,
        resnet_kernel_sizes=[3],
        resnet_dilations=[[1]],
        bwe_in_channels=2 * MEL_BINS,
        bwe_hidden_channels=32,
        bwe_resnet_kernel_sizes=[3],
        bwe_resnet_dilations=[[1]],
        num_mel_channels=MEL_BINS,
    )
    for part in (vocoder.vocoder, vocoder.bwe_generator):
        nn.init.zeros_(part.conv_out.weight)
    return vocoder
